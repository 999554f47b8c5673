"""Electrons and spin of a molecule: what charge and multiplicity allow."""

from __future__ import annotations

from ...pointgroup import Molecule
from ..errors import LevelError


def unpaired_electrons(molecule: Molecule) -> int:
    """Number of unpaired electrons, multiplicity − 1, after a check that it is possible.

    Raises
    ------
    LevelError
        If there is no electron, or the multiplicity does not fit their number.

    Examples
    --------
    >>> unpaired_electrons(Molecule("OH", [[0, 0, 0], [0, 0, 0.97]], multiplicity=2))
    1
    """
    electrons = int(molecule.atomic_numbers.sum()) - molecule.charge
    charge = f" with charge {molecule.charge:+d}" if molecule.charge else ""
    what = f"{molecule.formula}{charge} has {electrons} electrons"
    unpaired = molecule.multiplicity - 1
    if electrons < 1:
        raise LevelError(f"{what}: lower the charge")
    if unpaired > electrons:
        raise LevelError(f"{what}: multiplicity {molecule.multiplicity} needs {unpaired} of them")
    if (electrons - unpaired) % 2:
        wanted = "even, e.g. 2" if electrons % 2 else "odd, e.g. 1"
        raise LevelError(f"{what}: multiplicity must be {wanted}, not {molecule.multiplicity}")
    return unpaired
