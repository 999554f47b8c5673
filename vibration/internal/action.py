"""How symmetry operations act on internal coordinates.

An operation sends a coordinate to plus or minus another one; only the two components of a
linear bend mix. So each image is a sum of at most two coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Symmetry
from . import wilson
from .coordinate import KINDS, InternalCoordinate
from .coordinates import InternalCoordinates
from .errors import CoordinateError

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]
EXACT_LINE = 1e-6
"""A straight triple with |e_ji + e_jk| below it is a line by symmetry: its reference is free."""


@dataclass(frozen=True, slots=True, eq=False)
class CoordinateAction:
    """Images of n coordinates under the operations of a group.

    Attributes
    ----------
    images : (order, n, 2) int
        The coordinates that appear in the image of each coordinate.
    weights : (order, n, 2)
        Their factors.
    """

    images: Indices
    weights: FloatArray

    def apply(self, operation: int, vector: FloatArray) -> FloatArray:
        """The image (n,) of a combination of coordinates (n,)."""
        out = np.zeros_like(vector)
        np.add.at(out, self.images[operation], self.weights[operation] * vector[:, None])
        return out

    def orbits(self) -> list[Indices]:
        """Sets of coordinates that the operations send onto each other, by first member."""
        reached = np.where(np.abs(self.weights) > 1e-9, self.images, self.images[..., :1])
        small = np.abs(self.weights[..., :1]) <= 1e-9
        reached[..., :1] = np.where(small, reached[..., 1:], reached[..., :1])
        label = np.arange(reached.shape[1])
        while True:  # the group has inverses, so labels run both ways
            lower = np.minimum(label, label[reached].min(axis=(0, 2)))
            if np.array_equal(lower, label):
                return [np.nonzero(label == first)[0] for first in np.unique(label)]
            label = lower


def coordinate_action(coordinates: InternalCoordinates, symmetry: Symmetry) -> CoordinateAction:
    """Images of all coordinates under the operations of a finite group.

    Raises
    ------
    CoordinateError
        If the image of a coordinate is not in the set; `closed` adds what is missing.
    """
    order, n = len(symmetry.permutations), len(coordinates)
    images = np.zeros((order, n, 2), dtype=np.intp)
    weights = np.zeros((order, n, 2))
    placed = coordinates.site_positions(symmetry.symmetrised_positions)
    maps = site_permutations(coordinates, symmetry)
    signs = np.sign(np.linalg.det(symmetry.matrices))
    for kind in KINDS:
        rows, sites = _of_kind(coordinates, kind)
        if not len(rows):
            continue
        if kind == "linear bend":
            _linear_action(
                coordinates, rows, sites, maps, symmetry.matrices, placed, images, weights
            )
            continue
        image, flip = canonical(kind, maps[:, sites])
        found = _look_up(image, sites, coordinates, kind)
        images[:, rows, 0] = images[:, rows, 1] = rows[found]
        odd = kind in ("torsion", "out-of-plane")
        weights[:, rows, 0] = np.where(flip, -1.0, 1.0) * (signs[:, None] if odd else 1.0)
    return CoordinateAction(images, weights)


def closed(coordinates: InternalCoordinates, symmetry: Symmetry) -> InternalCoordinates:
    """The set with the images of its coordinates under all operations appended."""
    maps = site_permutations(coordinates, symmetry)
    placed = coordinates.site_positions(symmetry.symmetrised_positions)
    more: list[InternalCoordinate] = []
    for kind in KINDS:
        rows, sites = _of_kind(coordinates, kind)
        if not len(rows):
            continue
        image, _ = canonical(kind, maps[:, sites])
        free = _free_reference(kind, sites, placed)
        have = _codes(np.where(free, -1, sites), coordinates.n_sites)
        codes = _codes(np.where(free, -1, image), coordinates.n_sites)
        new, first = np.unique(codes, return_index=True)
        for at in first[~np.isin(new, have)]:
            g, m = divmod(int(at), len(rows))
            auxiliary = coordinates.coordinates[rows[m]].auxiliary
            more += _made(kind, tuple(image[g, m].tolist()), auxiliary)
    return coordinates.with_coordinates(more) if more else coordinates


def site_permutations(coordinates: InternalCoordinates, symmetry: Symmetry) -> Indices:
    """(order, n_sites + 1): where each operation sends the sites; the last column is −1.

    The last column makes the index −1 of a fixed reference map onto itself.

    Raises
    ------
    CoordinateError
        If the image of a centroid is no centroid.
    """
    permutations = symmetry.permutations
    n_atoms = permutations.shape[1]
    columns = [permutations]
    names = {frozenset(ring): n_atoms + r for r, ring in enumerate(coordinates.centroids)}
    for ring in coordinates.centroids:
        images = [names.get(frozenset(row.tolist())) for row in permutations[:, list(ring)]]
        if None in images:
            raise CoordinateError(
                f"the image of ring {ring} is not bound face-on: the centroids lack the symmetry "
                f"{symmetry.group}; give the bonds, or symmetry='none'"
            )
        columns.append(np.array(images, dtype=np.intp)[:, None])
    columns.append(np.full((len(permutations), 1), -1))
    return np.concatenate(columns, axis=1)


def canonical(kind: str, sites: Indices) -> tuple[Indices, NDArray[np.bool_]]:
    """Sites (…, k) in the order that the constructors give them, and where the sign flips."""
    out = sites.copy()
    if kind == "stretch":
        return np.sort(out, axis=-1), np.zeros(out.shape[:-1], dtype=bool)
    if kind == "torsion":
        turned = out[..., 1] > out[..., 2]
        out[turned] = out[turned][..., ::-1]
        return out, np.zeros_like(turned)
    a, b = (2, 3) if kind == "out-of-plane" else (0, 2)
    turned = out[..., a] > out[..., b]
    out[..., a] = np.minimum(sites[..., a], sites[..., b])
    out[..., b] = np.maximum(sites[..., a], sites[..., b])
    return out, turned if kind == "out-of-plane" else np.zeros_like(turned)


def _of_kind(coordinates: InternalCoordinates, kind: str) -> tuple[Indices, Indices]:
    """Rows and sites of one kind; of a linear bend the rows of component 0."""
    chosen = [
        (r, c.sites)
        for r, c in enumerate(coordinates)
        if c.kind == kind and not (kind == "linear bend" and c.component)
    ]
    rows = np.array([r for r, _ in chosen], dtype=np.intp)
    return rows, np.array([s for _, s in chosen], dtype=np.intp)


def _free_reference(kind: str, sites: Indices, placed: FloatArray) -> NDArray[np.bool_]:
    """(m, k): where a site does not identify a coordinate, the reference of an exact line."""
    out = np.zeros(sites.shape, dtype=bool)
    if kind == "linear bend":
        out[:, 3] = _is_exact(sites, placed)
    return out


def _codes(sites: Indices, n_sites: int) -> Indices:
    """One number for each row of sites (…, k), which may be −1."""
    powers = (n_sites + 1) ** np.arange(sites.shape[-1], dtype=np.int64)
    return np.asarray((sites + 1) @ powers)


def _is_exact(sites: Indices, placed: FloatArray) -> NDArray[np.bool_]:
    ends = [placed[sites[:, k]] - placed[sites[:, 1]] for k in (0, 2)]
    units = [e / np.linalg.norm(e, axis=1)[:, None] for e in ends]
    return np.asarray(np.linalg.norm(units[0] + units[1], axis=1) < EXACT_LINE)


def _made(kind: str, sites: tuple[int, ...], auxiliary: bool) -> list[InternalCoordinate]:
    if kind == "linear bend":
        return [InternalCoordinate("linear bend", sites, c, auxiliary) for c in (0, 1)]
    return [InternalCoordinate(kind, sites, 0, auxiliary)]  # type: ignore[arg-type]


def _look_up(
    image: Indices, sites: Indices, coordinates: InternalCoordinates, kind: str
) -> Indices:
    """(order, m): position in ``sites`` (m, k) of each image (order, m, k)."""
    have, wanted = (_codes(one, coordinates.n_sites) for one in (sites, image))
    order = np.argsort(have)
    at = np.minimum(np.searchsorted(have[order], wanted), len(have) - 1)
    found = order[at]
    missing = have[found] != wanted
    if missing.any():
        g, m = (int(v[0]) for v in np.nonzero(missing))
        raise CoordinateError(
            f"{kind} {'–'.join(map(str, sites[m]))} has the image "
            f"{'–'.join(map(str, image[g, m]))}, which is not in the set: add it (closed() does) "
            "or pass symmetry='none'"
        )
    return np.asarray(found)


def _linear_action(
    coordinates: InternalCoordinates,
    rows: Indices,
    sites: Indices,
    maps: Indices,
    matrices: FloatArray,
    placed: FloatArray,
    images: Indices,
    weights: FloatArray,
) -> None:
    """Fill in the images of linear bends: components of a vector, turned by the operation."""
    image, _ = canonical("linear bend", maps[:, sites])
    free = _free_reference("linear bend", sites, placed)
    keys, wanted = (np.where(free, -1, one) for one in (sites, image))
    found = _look_up(wanted, keys, coordinates, "linear bend")
    second = {
        c.sites: r for r, c in enumerate(coordinates) if c.kind == "linear bend" and c.component
    }
    if unpaired := [s for s in map(tuple, sites.tolist()) if s not in second]:
        raise CoordinateError(
            f"linear bend {'–'.join(map(str, unpaired[0]))} lacks its second component: add it "
            "or pass symmetry='none'"
        )
    partner = np.array([second[tuple(s)] for s in sites.tolist()], dtype=np.intp)
    points = placed[sites.T]
    fixed = sites[:, 3] < 0
    points[3, fixed] = points[1, fixed] + coordinates.reference
    frames = wilson.linear_frame(points).real
    # component a becomes Σ_b (u'_b · R u_a) of the image
    turned = np.einsum("gij,maj->gmai", matrices, frames)
    mixing = np.einsum("gmbi,gmai->gmab", frames[found], turned)
    for a, own in enumerate((rows, partner)):
        images[:, own, 0], images[:, own, 1] = rows[found], partner[found]
        weights[:, own] = mixing[:, :, a]
