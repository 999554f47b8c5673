"""Scale factors by type of coordinate, and force constants carried from molecule to molecule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..internal import InternalCoordinate, InternalCoordinates, coordinate_types
from .errors import ForceFieldError
from .matrices import checked_force_constants
from .parametrisations import ScaledForceField

FloatArray = NDArray[np.float64]
TypeLevel = Literal["elements", "sqm", "kind"]


def scale_types(coordinates: InternalCoordinates, level: TypeLevel = "sqm") -> list[str]:
    """Type of each coordinate (n,), for scale factors.

    Parameters
    ----------
    coordinates : InternalCoordinates
    level : "elements", "sqm" or "kind"
        "elements": as in `coordinate_types`. "kind": stretch, bend, … "sqm": in the manner of
        J. Baker, A. A. Jarzecki, P. Pulay, J. Phys. Chem. A 102 (1998) 1412: stretches with
        hydrogen by element and X–X; bends by the number of hydrogens, H–A–H by the middle
        element; one type each of linear bends, torsions and out-of-plane bends.

    Raises
    ------
    ForceFieldError
        If there is no such level.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.internal import internal_coordinates
    >>> sorted(set(scale_types(internal_coordinates(example("ethane")))))
    ['C–H stretch', 'H–C–H bend', 'X–X stretch', 'X–X–H bend', 'torsion']
    """
    if level == "elements":
        return coordinate_types(coordinates)
    if level == "kind":
        return [c.kind for c in coordinates]
    if level != "sqm":
        raise ForceFieldError(f"level {level!r}: give 'elements', 'sqm' or 'kind'")
    named = coordinate_types(coordinates)
    symbols = [*coordinates.molecule.symbols, *["ring"] * len(coordinates.centroids)]
    return [_sqm_type(c, t, symbols) for c, t in zip(coordinates, named, strict=True)]


def scale(
    coordinates: InternalCoordinates,
    force_constants: ArrayLike,
    factors: Mapping[str, float] | float,
    level: TypeLevel = "sqm",
) -> FloatArray:
    """√(s_i s_j) F_ij, (n, n).

    Parameters
    ----------
    coordinates : InternalCoordinates
    force_constants : (n, n)
    factors : mapping from type to factor, or one number for all
        Types that are left out keep their force constants.
    level : see `scale_types`

    Raises
    ------
    ForceFieldError
        If a type does not occur in the molecule or a factor is not positive.
    """
    field = ScaledForceField.from_types(
        coordinates, force_constants, scale_types(coordinates, level)
    )
    if not isinstance(factors, Mapping):
        return field.matrix(np.full(len(field.names), float(factors)))
    if unknown := [t for t in factors if t not in field.names]:
        raise ForceFieldError(
            f"no coordinate has the type {unknown[0]!r}; there are {', '.join(field.names)}"
        )
    return field.matrix([factors.get(t, 1.0) for t in field.names])


Interaction = tuple[str, str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True, eq=False)
class ValenceForceField:
    """Force constants by type, to be carried to other molecules.

    Interactions are kept where their sign has a meaning in other molecules: of stretches and
    bends that share a site, and of torsions about the same bond. They are told apart by which
    sites are shared (two C–C–H bends with a common C–H bond, or with a common C–C bond).

    Attributes
    ----------
    diagonal : dict
        Mean force constant of each type, mdyn/Å or mdyn·Å/rad².
    interactions : dict
        Mean interaction constant by types and shared sites.
    spread : dict
        Standard deviation of each diagonal constant over the molecules it was taken from.
    """

    diagonal: dict[str, float]
    interactions: dict[Interaction, float]
    spread: dict[str, float]

    @classmethod
    def from_molecules(
        cls, sources: Iterable[tuple[InternalCoordinates, ArrayLike]]
    ) -> ValenceForceField:
        """Means over molecules given as pairs of coordinates and F (n, n)."""
        diagonal: dict[str, list[float]] = {}
        interactions: dict[Interaction, list[float]] = {}
        for coordinates, force_constants in sources:
            f = checked_force_constants(coordinates, force_constants)
            types = coordinate_types(coordinates)
            for i, t in enumerate(types):
                diagonal.setdefault(t, []).append(float(f[i, i]))
            for i, j, key in _interactions(coordinates, types):
                interactions.setdefault(key, []).append(float(f[i, j]))
        return cls(
            {t: float(np.mean(v)) for t, v in diagonal.items()},
            {k: float(np.mean(v)) for k, v in interactions.items()},
            {t: float(np.std(v)) for t, v in diagonal.items()},
        )

    def on(self, coordinates: InternalCoordinates) -> FloatArray:
        """F, (n, n), of another molecule; unknown interactions are zero.

        Raises
        ------
        ForceFieldError
            If the molecule has a coordinate of a type that was not in the sources.
        """
        types = coordinate_types(coordinates)
        if missing := sorted(set(types) - set(self.diagonal)):
            raise ForceFieldError(
                f"no force constant for {', '.join(missing)}: add a molecule that has it"
            )
        out = np.diag([self.diagonal[t] for t in types])
        for i, j, key in _interactions(coordinates, types):
            out[i, j] = out[j, i] = self.interactions.get(key, 0.0)
        return out


def _sqm_type(c: InternalCoordinate, named: str, symbols: list[str]) -> str:
    of = [symbols[s] for s in c.sites if s >= 0]
    prefix = "auxiliary " if c.auxiliary else ""
    match c.kind:
        case "stretch":
            return named if "H" in of else f"{prefix}X–X stretch"
        case "bend":
            n_hydrogen = [of[0], of[2]].count("H")
            ends = {0: "X–X–X", 1: "X–X–H", 2: f"H–{of[1]}–H"}
            return f"{prefix}{ends[n_hydrogen]} bend"
        case "out-of-plane":
            return f"{prefix}out-of-plane bend"
        case _:
            return f"{prefix}{c.kind}"


def _interactions(
    coordinates: InternalCoordinates, types: list[str]
) -> Iterable[tuple[int, int, Interaction]]:
    """Pairs of rows with interactions that can be transferred, and their keys."""
    at: dict[int, list[int]] = {}
    for r, c in enumerate(coordinates):
        for s in _own(c):
            at.setdefault(s, []).append(r)
    seen = set()
    for rows in at.values():
        for i, j in product(rows, rows):
            if i < j and (i, j) not in seen and _transferable(*_pair(coordinates, i, j)):
                seen.add((i, j))
                a, b = (i, j) if types[i] <= types[j] else (j, i)
                shared = _shared(*_pair(coordinates, a, b), same=types[i] == types[j])
                yield i, j, (types[a], types[b], shared)


def _pair(
    coordinates: InternalCoordinates, i: int, j: int
) -> tuple[InternalCoordinate, InternalCoordinate]:
    return coordinates.coordinates[i], coordinates.coordinates[j]


def _own(c: InternalCoordinate) -> tuple[int, ...]:
    """Sites of a coordinate without the reference of a linear bend."""
    return c.sites[:3] if c.kind == "linear bend" else c.sites


def _transferable(a: InternalCoordinate, b: InternalCoordinate) -> bool:
    """Whether the sign of an interaction constant has a meaning in other molecules."""
    kinds = {a.kind, b.kind}
    if kinds <= {"stretch", "bend"}:
        return True
    return kinds == {"torsion"} and a.sites[1:3] == b.sites[1:3]


def _shared(
    a: InternalCoordinate, b: InternalCoordinate, *, same: bool
) -> tuple[tuple[int, int], ...]:
    """Places of the common sites, whichever end each coordinate is read from."""
    ways = []
    for p, q in product((_own(a), _own(a)[::-1]), (_own(b), _own(b)[::-1])):
        pairs = tuple((p.index(s), q.index(s)) for s in p if s in q)
        ways.append(tuple(sorted(pairs)))
        if same:
            ways.append(tuple(sorted((y, x) for x, y in pairs)))
    return min(ways)
