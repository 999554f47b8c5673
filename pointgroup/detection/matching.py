"""From coordinates to permutations: which orthogonal maps send the atoms onto themselves.

An operation of a molecule that is not linear is fixed by where it sends two atoms a and b
that are not in line with the centre, and by its determinant. So one reference pair is
chosen; every pair of like atoms at like distances is a possible image and gives one map of
each determinant. A map is confirmed when the nearest like atoms form a permutation and the
best rotation for that permutation (W. Kabsch, *Acta Cryst.* A32, 922 (1976)) leaves a small
residual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..theory.operations import FloatArray, Indices

Integers = NDArray[np.int64]

SAME_MASS = 0.01
"""Masses of one element closer than this (u) are the same isotope."""
_TREE_ABOVE = 400
"""Atoms of one kind from which a search tree beats the matrix of all distances."""
_PARTNERS_TRIED = 4
"""Near atoms that are tried as the second of the reference pair."""
_BATCH = 2_000_000
"""Distances held at once when candidates are matched together."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """Atoms about their centroid, sorted into kinds that symmetry may permute.

    Attributes
    ----------
    positions : (N, 3), Å, centroid at the origin
    kinds : (N,) int
        Equal for atoms of one element and one isotope.
    """

    positions: FloatArray
    kinds: Indices

    @property
    def radii(self) -> FloatArray:
        """(N,) distances from the centroid, Å."""
        return np.asarray(np.sqrt(np.sum(self.positions**2, axis=1)))

    @property
    def members(self) -> list[Indices]:
        """Atom indices of each kind."""
        return [np.flatnonzero(self.kinds == k) for k in range(self.kinds.max() + 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Possible operations: where they send the reference pair, and with which determinant.

    Attributes
    ----------
    pair : (int, int)
        The reference atoms a and b.
    images : (M, 2) int
        Where a and b go.
    signs : (M,) int
        Determinants.
    matrices : (M, 3, 3)
        The maps, from the pair alone.
    """

    pair: tuple[int, int]
    images: Indices
    signs: NDArray[np.int64]
    matrices: FloatArray


def atom_kinds(symbols: tuple[str, ...], masses: FloatArray) -> Indices:
    """Number the kinds of atoms: same element, masses within 0.01 u of a neighbour."""
    numbers: dict[tuple[str, float], int] = {}
    for present in sorted(set(zip(symbols, masses.tolist(), strict=True))):
        previous = next(reversed(numbers), None)
        same = (
            previous is not None
            and present[0] == previous[0]
            and present[1] - previous[1] <= SAME_MASS
        )
        numbers[present] = len(set(numbers.values())) - same
    pairs = zip(symbols, masses.tolist(), strict=True)
    return np.array([numbers[pair] for pair in pairs], dtype=np.intp)


def candidate_operations(cloud: Cloud, window: float) -> Candidates:
    """All maps that send the reference pair to a pair of like atoms at like distances.

    Parameters
    ----------
    window : float
        Largest accepted difference of two distances that should be equal, Å.
    """
    a, shell = _reference_atom(cloud, window)
    b, images = _reference_partner(cloud, a, shell, window)
    images = np.repeat(images, 2, axis=0)
    signs = np.tile(np.array([1, -1]), len(images) // 2)
    source = _frames(cloud.positions[[a]], cloud.positions[[b]])[0]
    targets = _frames(cloud.positions[images[:, 0]], cloud.positions[images[:, 1]])
    targets[:, :, 2] *= signs[:, None]
    matrices = targets @ source.T
    kept = _sends_probe_home(cloud, matrices, source, window)
    return Candidates((a, b), images[kept], signs[kept], matrices[kept])


def _sends_probe_home(
    cloud: Cloud, matrices: FloatArray, source: FloatArray, window: float
) -> NDArray[np.bool_]:
    """Whether each map sends one more atom, far off the plane of the pair, near a like atom."""
    heights = np.abs(cloud.positions @ source[:, 2])
    probe = int(np.argmax(heights))
    alike = cloud.positions[cloud.kinds == cloud.kinds[probe]]
    moved = matrices @ cloud.positions[probe]
    squares = np.sum(alike**2, axis=1) - 2 * moved @ alike.T + np.sum(moved**2, axis=1)[:, None]
    # The pair misses by up to the window; the map may miss by as much for every lever arm.
    return np.asarray(squares.min(axis=1) <= (6 * window) ** 2)


def _reference_atom(cloud: Cloud, window: float) -> tuple[int, Indices]:
    """An atom with few possible images, not close to the centre, and those images."""
    radii = cloud.radii
    # Kinds are told apart by shifting each one's radii to a range of its own.
    shifted = radii + cloud.kinds * (2 * radii.max() + 4 * window + 1)
    ordered = np.sort(shifted)
    low = np.searchsorted(ordered, shifted - window)
    count = np.searchsorted(ordered, shifted + window, side="right") - low
    near = radii <= 0.4 * np.sqrt(np.mean(radii**2))
    atom = int(np.lexsort((-radii, count, near))[0])
    return atom, np.flatnonzero(np.abs(shifted - shifted[atom]) <= window)


def _reference_partner(cloud: Cloud, a: int, shell: Indices, window: float) -> tuple[int, Indices]:
    """The second atom, off the line of the first, with the fewest image pairs; and those."""
    positions, radii, kinds = cloud.positions, cloud.radii, cloud.kinds
    distances = _distances(positions[shell], positions)
    from_a = distances[shell == a][0]
    heights = _lengths_of_cross(positions[a] / radii[a], positions)
    usable = np.flatnonzero(heights > 0.5 * heights.max())
    tried = usable[np.argsort(from_a[usable], kind="stable")][:_PARTNERS_TRIED]
    alike = kinds == kinds[tried, None]
    alike &= np.abs(radii - radii[tried, None]) <= window
    fitting = alike[:, None] & (np.abs(distances - from_a[tried, None, None]) <= window)
    best = int(np.argmin(fitting.sum(axis=(1, 2))))
    rows, columns = np.nonzero(fitting[best])
    first = shell[rows]
    across = _lengths_of_cross(positions[first], positions[columns])
    spread = across > 1e-3 * radii[a] * radii[tried[best]]
    return int(tried[best]), np.stack([first, columns], axis=1)[spread]


def _distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """(n, m) distances between two sets of points, Å."""
    squares = np.sum(first**2, axis=1)[:, None] + np.sum(second**2, axis=1)
    return np.asarray(np.sqrt(np.maximum(squares - 2 * (first @ second.T), 0)))


def _cross(u: FloatArray, v: FloatArray) -> FloatArray:
    """Vector products along the last axis; np.cross is several times slower on small arrays."""
    x, y, z = u[..., 0], u[..., 1], u[..., 2]
    p, q, r = v[..., 0], v[..., 1], v[..., 2]
    return np.stack([y * r - z * q, z * p - x * r, x * q - y * p], axis=-1)


def _lengths_of_cross(u: FloatArray, v: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.sum(_cross(u, v) ** 2, axis=-1)))


def _frames(first: FloatArray, second: FloatArray) -> FloatArray:
    """(M, 3, 3) right-handed frames in columns: first vector, their plane, its normal."""
    u = first / np.sqrt(np.sum(first**2, axis=1, keepdims=True))
    normal = _cross(u, second)
    normal /= np.sqrt(np.sum(normal**2, axis=1, keepdims=True))
    return np.stack([u, _cross(normal, u), normal], axis=2)


def match_atoms(cloud: Cloud, matrices: FloatArray) -> tuple[Indices, NDArray[np.bool_]]:
    """Nearest like atom to the image of each atom, for each map.

    Returns
    -------
    permutations : (M, N) int
        The map sends atom i near to atom ``permutations[m, i]``.
    valid : (M,) bool
        Whether the row is a permutation.
    """
    n_atoms = len(cloud.positions)
    permutations = np.empty((len(matrices), n_atoms), dtype=np.intp)
    valid = np.ones(len(matrices), dtype=bool)
    for members in cloud.members:
        here = cloud.positions[members]
        moved = here @ matrices.swapaxes(1, 2)
        nearest = _nearest(here, moved)
        permutations[:, members] = members[nearest]
        valid &= (np.sort(nearest, axis=1) == np.arange(len(members))).all(axis=1)
    return permutations, valid


def _nearest(here: FloatArray, moved: FloatArray) -> Indices:
    """(M, n) index into ``here`` (n, 3) of the point nearest to each of ``moved`` (M, n, 3)."""
    if len(here) == 1:
        return np.zeros(moved.shape[:2], dtype=np.intp)
    if len(here) > _TREE_ABOVE:
        from scipy.spatial import cKDTree

        return np.asarray(cKDTree(here).query(moved)[1], dtype=np.intp)
    step = max(1, _BATCH // len(here) ** 2)
    # |x − y|² = |x|² − 2x·y + |y|²; the first term is the same for all partners y.
    offset = np.sum(here**2, axis=1) / 2
    parts = [
        np.argmax(moved[k : k + step] @ here.T - offset, axis=2) for k in range(0, len(moved), step)
    ]
    return np.concatenate(parts) if parts else np.zeros(moved.shape[:2], dtype=np.intp)


def fit_rotations(positions: FloatArray, permutations: Indices, signs: Integers) -> FloatArray:
    """Best orthogonal matrix of given determinant for each permutation; (M, 3, 3).

    It minimises Σ_i |Q x_i − x_π(i)|².
    """
    overlap = positions[permutations].swapaxes(1, 2) @ positions
    u, _, vt = np.linalg.svd(overlap)
    u[:, :, 2] *= (signs * np.sign(np.linalg.det(u @ vt)))[:, None]
    return np.asarray(u @ vt)


def residuals_of(positions: FloatArray, permutations: Indices, matrices: FloatArray) -> FloatArray:
    """(M,) root mean square over the atoms of |Q x_i − x_π(i)|, Å."""
    difference = positions @ matrices.swapaxes(1, 2) - positions[permutations]
    return np.asarray(np.sqrt(np.sum(difference**2, axis=(1, 2)) / len(positions)))


def confirm(
    cloud: Cloud, matrices: FloatArray, signs: Integers, limit: float
) -> tuple[Indices, FloatArray, NDArray[np.bool_]]:
    """Match, refine and match again; keep maps with a residual of at most ``limit`` Å.

    Returns
    -------
    permutations : (M, N) int
    residuals : (M,) Å
    accepted : (M,) bool
    """
    permutations, valid = match_atoms(cloud, matrices)
    refined = fit_rotations(cloud.positions, permutations, signs)
    residuals = residuals_of(cloud.positions, permutations, refined)
    # A map taken from two noisy atoms can misplace distant ones: refit and match once more.
    again = np.flatnonzero(~valid | (residuals > limit))
    if len(again):
        permutations[again], valid[again] = match_atoms(cloud, refined[again])
        refined = fit_rotations(cloud.positions, permutations[again], signs[again])
        residuals[again] = residuals_of(cloud.positions, permutations[again], refined)
    return permutations, residuals, valid & (residuals <= limit)
