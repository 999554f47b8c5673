"""A set of internal coordinates on a molecule: values and Wilson's B matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from . import wilson
from .checks import refuse_malformed, refuse_undefined
from .coordinate import KINDS, InternalCoordinate, Kind
from .errors import CoordinateError

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]
_Group = tuple[Kind, Indices, Indices, Indices]


@dataclass(frozen=True, slots=True, eq=False)
class InternalCoordinates:
    """A set of internal coordinates on a molecule, redundant or not.

    Attributes
    ----------
    molecule : Molecule
    coordinates : tuple of InternalCoordinate
    centroids : tuple of tuples of int
        Atoms of each ring whose centroid is a site: site N + r is the centroid of ring r.
    bonds : tuple of pairs of int
        Bonds between sites, those to centroids included; used for names.
    reference : (3,) unit vector
        Direction of the linear bends whose reference is −1.

    Raises
    ------
    CoordinateError
        If a site does not exist or occurs twice, a coordinate occurs twice, or one is undefined
        at this geometry.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.internal import bend, stretch
    >>> water = InternalCoordinates(example("water"), (stretch(0, 1), stretch(0, 2), bend(1, 0, 2)))
    >>> water.values().round(4)
    array([0.9579, 0.9579, 1.8239])
    """

    molecule: Molecule
    coordinates: tuple[InternalCoordinate, ...]
    centroids: tuple[tuple[int, ...], ...] = ()
    bonds: tuple[tuple[int, int], ...] = ()
    reference: FloatArray | None = None
    _groups: tuple[_Group, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "coordinates", tuple(self.coordinates))
        reference = np.zeros(3) if self.reference is None else np.array(self.reference, dtype=float)
        reference.flags.writeable = False
        object.__setattr__(self, "reference", reference)
        refuse_malformed(self.coordinates, self.n_sites)
        object.__setattr__(self, "_groups", _grouped(self.coordinates))
        for kind, _, sites, _ in self._groups:
            refuse_undefined(kind, sites, _points(self.site_positions(), sites, self.reference))

    def __len__(self) -> int:
        return len(self.coordinates)

    def __iter__(self) -> Iterator[InternalCoordinate]:
        return iter(self.coordinates)

    @property
    def n_sites(self) -> int:
        """Number of atoms and centroids."""
        return self.molecule.n_atoms + len(self.centroids)

    def site_positions(self, positions: ArrayLike | None = None) -> NDArray[Any]:
        """(n_sites, 3), Å: the atoms and the centroids."""
        x = self.molecule.positions if positions is None else np.asarray(positions)
        if not self.centroids:
            return x
        return np.concatenate([x, [x[list(ring)].mean(axis=0) for ring in self.centroids]])

    def values(self, positions: ArrayLike | None = None) -> FloatArray:
        """(n,) values in Å and rad, at the geometry of the molecule or at others (N, 3)."""
        x = self.site_positions(positions)
        out = np.empty(len(self))
        for kind, rows, sites, components in self._groups:
            points = _points(x, sites, self.reference)
            if kind == "linear bend":
                out[rows] = wilson.linear_values(points)[components, np.arange(len(rows))]
            else:
                out[rows] = _VALUES[kind](points)
        return out

    def b_matrix(self, positions: ArrayLike | None = None) -> NDArray[Any]:
        """(n, 3N): derivatives of the coordinates with respect to all Cartesian coordinates.

        Columns x1, y1, z1, x2, …; dimensionless for stretches, rad/Å for angles. Complex
        positions give a complex matrix (see `wilson`).
        """
        x = self.site_positions(positions)
        out = np.zeros((len(self), self.n_sites, 3), dtype=x.dtype)
        for kind, rows, sites, components in self._groups:
            points = _points(x, sites, self.reference)
            if kind == "linear bend":
                gradient = wilson.linear_gradients(points)[components, :, np.arange(len(rows))]
                gradient = gradient.swapaxes(0, 1)
                fixed = sites[:, 3] < 0  # a direction fixed in space does not move with site j
                gradient[1, fixed] += gradient[3, fixed]
                gradient[3, fixed] = 0
                for k in range(4):  # a reference −1 writes its zero onto the last site: add
                    np.add.at(out, (rows, sites[:, k]), gradient[k])
            else:
                out[rows[:, None], sites] = _GRADIENTS[kind](points).swapaxes(0, 1)
        n_atoms = self.molecule.n_atoms
        for r, ring in enumerate(self.centroids):
            out[:, list(ring)] += out[:, n_atoms + r, None] / len(ring)
        return out[:, :n_atoms].reshape(len(self), 3 * n_atoms)

    def on(self, molecule: Molecule) -> InternalCoordinates:
        """The same coordinates on another geometry or isotopologue of the molecule."""
        if molecule.symbols != self.molecule.symbols:
            raise CoordinateError(
                f"these are coordinates of {self.molecule.formula} in its own order of atoms; "
                f"{molecule.formula} was given"
            )
        return replace(self, molecule=molecule)

    def subset(self, rows: Sequence[int] | Indices) -> InternalCoordinates:
        """Some of the coordinates, in the order of ``rows``."""
        return replace(self, coordinates=tuple(self.coordinates[int(r)] for r in rows))

    def with_coordinates(self, more: Iterable[InternalCoordinate]) -> InternalCoordinates:
        """The set with others appended, those already in it left out."""
        return replace(self, coordinates=tuple(dict.fromkeys([*self.coordinates, *more])))

    def __repr__(self) -> str:
        counts = [(k, sum(c.kind == k for c in self)) for k in KINDS]
        text = ", ".join(f"{m} {k}" for k, m in counts if m)
        return f"<InternalCoordinates of {self.molecule.formula}: {text or 'none'}>"


def _grouped(coordinates: Sequence[InternalCoordinate]) -> tuple[_Group, ...]:
    """Rows (m,), sites (m, k) and components (m,) of the coordinates of each kind."""
    out = []
    for kind in KINDS:
        chosen = [(r, c) for r, c in enumerate(coordinates) if c.kind == kind]
        if chosen:
            rows = np.array([r for r, _ in chosen], dtype=np.intp)
            sites = np.array([c.sites for _, c in chosen], dtype=np.intp)
            out.append((kind, rows, sites, np.array([c.component for _, c in chosen])))
    return tuple(out)


_VALUES = {
    "stretch": wilson.stretch_value,
    "bend": wilson.bend_value,
    "torsion": wilson.torsion_value,
    "out-of-plane": wilson.wag_value,
}
_GRADIENTS = {
    "stretch": wilson.stretch_gradient,
    "bend": wilson.bend_gradient,
    "torsion": wilson.torsion_gradient,
    "out-of-plane": wilson.wag_gradient,
}


def _points(x: NDArray[Any], sites: Indices, reference: FloatArray | None) -> NDArray[Any]:
    """(k, m, 3): the positions that each coordinate needs, site by site."""
    points = x[sites.T]
    fixed = sites[:, -1] < 0
    if fixed.any():
        points[3, fixed] = points[1, fixed] + reference
    return points
