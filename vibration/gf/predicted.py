"""Observed fundamentals as functions of the parameters of force fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .derivatives import force_constant_jacobian
from .errors import RefinementError
from .observed import Observed
from .parametrisations import Parametrisation
from .secular import GFModes, solve
from .symmetry import SymmetrisedCoordinates, symmetrised

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Observed fundamentals of one molecule as functions of its parameters.

    Attributes
    ----------
    field : Parametrisation
    columns : (p,) int
        Its parameters among all.
    isotopologues, observations : one for each isotopologue
    """

    field: Parametrisation
    columns: NDArray[np.intp]
    isotopologues: tuple[SymmetrisedCoordinates, ...]
    observations: tuple[Observed, ...]

    @classmethod
    def of(
        cls, field: Parametrisation, columns: NDArray[np.intp], observations: Sequence[Observed]
    ) -> Part:
        """The molecule of a force field with its isotopologues placed on its geometry.

        Raises
        ------
        RefinementError
            If observations belong to another molecule.
        """
        geometry = field.coordinates.molecule
        placed = []
        for one in observations:
            if one.molecule.symbols != geometry.symbols:
                raise RefinementError(
                    f"observations of {one.molecule!r} do not belong to {geometry.formula}"
                )
            isotopologue = geometry.with_masses(one.molecule.masses)
            placed.append(symmetrised(field.coordinates.on(isotopologue)))
        return cls(field, columns, tuple(placed), tuple(observations))

    def evaluate(self, parameters: FloatArray) -> tuple[list[FloatArray], list[FloatArray]]:
        """Calculated wavenumbers of each isotopologue and their derivatives by all parameters."""
        own = parameters[self.columns]
        f = self.field.matrix(own)
        values, slopes = [], []
        for of, seen in zip(self.isotopologues, self.observations, strict=True):
            modes = solve(of, f)
            rows = [_mode(modes, *key) for key in zip(seen.irreps, seen.places, strict=True)]
            sets = tuple(np.nonzero(modes.sets == modes.sets[r])[0] for r in rows)
            values.append(modes.wavenumbers[rows])
            every = np.zeros((len(rows), len(parameters)))
            every[:, self.columns] = force_constant_jacobian(
                modes, self.field, own, sets
            ).wavenumbers
            slopes.append(every)
        return values, slopes


class Model:
    """All observed fundamentals as functions of the parameters; the last answer is kept.

    The optimiser asks for values and derivatives at the same point one after the other.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        seen = [o for part in parts for o in part.observations]
        if not seen:
            raise RefinementError("no observations: give at least one isotopologue")
        self._parts = parts
        self._at: FloatArray | None = None
        self._answer = (np.zeros(0), np.zeros((0, 0)))
        self.observed = np.concatenate([o.wavenumbers for o in seen])
        self.sigma = np.concatenate([o.uncertainties for o in seen])

    def __call__(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Calculated wavenumbers (n_obs,) and their derivatives (n_obs, P)."""
        if self._at is None or not np.array_equal(self._at, parameters):
            answers = [part.evaluate(parameters) for part in self._parts]
            values = np.concatenate([v for found, _ in answers for v in found])
            slopes = np.concatenate([s for _, found in answers for s in found])
            self._at, self._answer = parameters.copy(), (values, slopes)
        return self._answer


def _mode(modes: GFModes, irrep: str, place: int) -> int:
    """Number of the mode at a place within an irrep, the highest being 0."""
    rows = [i for i, label in enumerate(modes.irreps) if label == irrep]
    firsts = [i for i in rows if i == 0 or modes.sets[i - 1] != modes.sets[i]][::-1]
    if place >= len(firsts):
        have = ", ".join(f"{modes.irreps.count(x)} {x}" for x in dict.fromkeys(modes.irreps))
        raise RefinementError(
            f"{modes.molecule!r} ({modes.symmetry.group}) has {len(firsts)} fundamentals {irrep}, "
            f"number {place + 1} is observed; its modes are {have}"
        )
    return firsts[place]
