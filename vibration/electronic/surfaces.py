"""The program that a level of theory needs, chosen by its method."""

from __future__ import annotations

from importlib.util import find_spec

from ...pointgroup import Molecule
from ..errors import MissingPackage
from ..level import Level
from .surface import Surface


def surface_for(molecule: Molecule, level: Level) -> Surface:
    """The potential-energy surface of a molecule at a level of theory.

    Raises
    ------
    LevelError
        If the program does not know the method or basis, or the spin does not fit.
    MissingPackage
        If the program is not installed.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> surface_for(example("water"), Level("hf", "sto-3g")).program.split()[0]
    'PySCF'
    """
    if level.is_semiempirical:
        require("tblite", level.method)
        from .xtb import TightBindingSurface

        return TightBindingSurface(molecule, level)
    require("pyscf", level.method)
    from .gaussian_basis import GaussianBasisSurface

    return GaussianBasisSurface(molecule, level)


def require(package: str, purpose: str) -> None:
    """Refuse to go on without an optional package.

    Raises
    ------
    MissingPackage
    """
    if find_spec(package) is None:
        raise MissingPackage(f'{purpose} needs the package {package}: pip install "spektron[dft]"')
