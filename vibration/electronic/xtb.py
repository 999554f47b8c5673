"""Semi-empirical tight binding (GFN2-xTB, GFN1-xTB), by tblite.

C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 15 (2019) 1652;
S. Grimme, C. Bannwarth, P. Shushkov, J. Chem. Theory Comput. 13 (2017) 1989.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from ...pointgroup.units import BOHR
from ..errors import LevelError, NotConverged
from ..level import Level
from .spin import unpaired_electrons
from .surface import SinglePoint

FloatArray = NDArray[np.float64]

NAMES = {"gfn2-xtb": "GFN2-xTB", "gfn1-xtb": "GFN1-xTB"}
HEAVIEST = 86
"""Last element of the parametrisation, Rn."""
ENERGY_AT_UNIT_ACCURACY = 1e-6
"""Eh; tblite's threshold of self-consistency is this times its "accuracy"."""


class TightBindingSurface:
    """The `Surface` of a GFN method for one molecule.

    Energies hold tblite's electronic entropy at 300 K, which vanishes with the usual gap; the
    gradient is that of this free energy.

    Parameters
    ----------
    molecule : Molecule
    level : Level
        With a method of `XTB_METHODS`, no dielectric.

    Raises
    ------
    LevelError
        If the spin does not fit, an element is not parametrised, or a continuum is asked for.
    """

    def __init__(self, molecule: Molecule, level: Level) -> None:
        from importlib.metadata import version

        if level.dielectric is not None:
            raise LevelError(f"{level} has no dielectric continuum here: take hf or a functional")
        self._unpaired = unpaired_electrons(molecule)
        heavy = [
            s
            for s, z in zip(molecule.symbols, molecule.atomic_numbers, strict=True)
            if z > HEAVIEST
        ]
        if heavy:
            raise LevelError(
                f"{NAMES[level.method]} has no parameters for {heavy[0]}; it ends at Rn"
            )
        self.molecule = molecule
        self.level = level
        self.program = f"tblite {version('tblite')}"
        self._calculators: dict[tuple[float, ...], tuple[Any, Any]] = {}

    def compute(self, positions: ArrayLike, field: ArrayLike = (0.0, 0.0, 0.0)) -> SinglePoint:
        """Energy, gradient and dipole; see `Surface.compute`."""
        from tblite.exceptions import TBLiteRuntimeError

        coordinates = np.asarray(positions, dtype=np.float64) / BOHR
        strength = tuple(float(f) for f in np.asarray(field, dtype=np.float64))
        calculator, last = self._calculators.pop(strength, (None, None))
        try:
            if calculator is None:
                calculator = self._calculator(coordinates, strength)
            else:
                calculator.update(coordinates)
            result = calculator.singlepoint() if last is None else calculator.singlepoint(last)
        except TBLiteRuntimeError as problem:
            text = " ".join(str(problem).split())
            raise NotConverged(
                f"{self.level} of {self.molecule.formula}: {text}; check the geometry, charge and "
                "multiplicity"
            ) from None
        self._calculators[strength] = calculator, result
        return SinglePoint(
            float(result.get("energy")),
            np.array(result.get("gradient")),
            np.array(result.get("dipole")),
        )

    def _calculator(self, coordinates: FloatArray, field: tuple[float, ...]) -> Any:
        from tblite.interface import Calculator
        from tblite.library import ffi  # type: ignore[attr-defined]  # not re-exported

        molecule = self.molecule
        calculator = Calculator(
            NAMES[self.level.method],
            molecule.atomic_numbers,
            coordinates,
            float(molecule.charge),
            self._unpaired,
            color=False,
            logger=_silent,
        )
        calculator.set("verbosity", 0)
        # tblite cuts its accuracy off at 1e-4.
        accuracy = max(self.level.convergence / ENERGY_AT_UNIT_ACCURACY, 1e-4)
        calculator.set("accuracy", accuracy)
        if any(field):
            # The interface hands its argument on as it is, and the library wants a pointer.
            strength = np.array(field)
            pointer = ffi.cast("double*", strength.ctypes.data)
            calculator.add("electric-field", pointer)
        return calculator


def _silent(message: str) -> None:
    """Receive tblite's messages; errors arrive as exceptions too."""
