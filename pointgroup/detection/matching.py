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

from ..errors import GroupError
from ..molecules.molecule import Molecule
from ..theory.operations import FloatArray, Indices

Integers = NDArray[np.int64]

SAME_MASS = 0.01
"""Masses of one element closer than this (u) are the same isotope."""
_TREE_ABOVE = 400
"""Atoms of one kind from which a search tree beats the matrix of all distances."""
_MOST_COMPARISONS = 20_000_000
"""Pairs of atoms, or images of atoms, that are compared at the most."""
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
    radii : (N,) Å
        Distances from the centroid.
    members : tuple of (n,) int
        Atom indices of each kind.
    """

    positions: FloatArray
    kinds: Indices
    radii: FloatArray
    members: tuple[Indices, ...]

    @classmethod
    def of(cls, molecule: Molecule) -> Cloud:
        """The atoms of a molecule."""
        positions = molecule.positions - molecule.positions.mean(axis=0)
        kinds = atom_kinds(molecule.symbols, molecule.masses)
        members = tuple(np.flatnonzero(kinds == k) for k in range(int(kinds.max()) + 1))
        return cls(positions, kinds, np.sqrt(_squares(positions)), members)


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


def candidate_operations(cloud: Cloud, window: float, *, rare: bool = True) -> Candidates:
    """All maps that send the reference pair to a pair of like atoms at like distances.

    Parameters
    ----------
    window : float
        Largest accepted difference of two distances that should be equal, Å.
    rare : bool
        Whether the first reference atom is one with the fewest possible images, or the most.
    """
    a, shell = _reference_atom(cloud, window, rare=rare)
    _refuse_too_many(len(shell) * len(cloud.kinds), window, cloud)
    b, images = _reference_partner(cloud, a, shell, window)
    _refuse_too_many(2 * len(images) * len(cloud.kinds), window, cloud)
    signs = np.repeat(np.array([1, -1]), len(images))
    images = np.concatenate([images, images])
    matrices = pair_matrices(cloud, (a, b), images, signs)
    kept = _sends_probe_home(cloud, matrices, (a, b), window)
    return Candidates((a, b), images[kept], signs[kept], matrices[kept])


def _refuse_too_many(comparisons: int, window: float, cloud: Cloud) -> None:
    """A clear limit in place of an exhausted memory."""
    if comparisons > _MOST_COMPARISONS:
        raise GroupError(
            f"{len(cloud.kinds)} atoms of which too many look alike within {window:.2g} Å: "
            f"{comparisons:.0e} comparisons, the limit is {_MOST_COMPARISONS:.0e}; "
            "give a smaller tolerance or a smaller molecule"
        )


def pair_matrices(
    cloud: Cloud, pair: tuple[int, int], images: Indices, signs: Integers
) -> FloatArray:
    """(M, 3, 3) maps of given determinant that send the pair to the images (M, 2)."""
    ends = np.concatenate([[pair], images])
    frames = _frames(cloud.positions[ends[:, 0]], cloud.positions[ends[:, 1]])
    frames[1:, :, 2] *= signs[:, None]
    return np.asarray(frames[1:] @ frames[0].T)


def _sends_probe_home(
    cloud: Cloud, matrices: FloatArray, pair: tuple[int, int], window: float
) -> NDArray[np.bool_]:
    """Whether each map sends one more atom, far off the plane of the pair, near a like atom."""
    normal = cross(cloud.positions[pair[0]], cloud.positions[pair[1]])
    probe = int(np.argmax(np.abs(cloud.positions @ normal)))
    alike = cloud.positions[cloud.kinds == cloud.kinds[probe]]
    moved = matrices @ cloud.positions[probe]
    squares = _squares(alike) - 2 * moved @ alike.T + _squares(moved)[:, None]
    # The pair misses by up to the window; the map may miss by as much for every lever arm.
    return np.asarray(squares.min(axis=1) <= (6 * window) ** 2)


def _reference_atom(cloud: Cloud, window: float, *, rare: bool) -> tuple[int, Indices]:
    """An atom with few (or many) possible images, not close to the centre, and those images."""
    radii = cloud.radii
    # Kinds are told apart by shifting each one's radii to a range of its own.
    shifted = radii + cloud.kinds * (2 * radii.max() + 4 * window + 1)
    ordered = np.sort(shifted)
    low = np.searchsorted(ordered, shifted - window)
    count = np.searchsorted(ordered, shifted + window, side="right") - low
    near = radii <= 0.4 * float(np.sqrt(radii @ radii / len(radii)))
    atom = int(np.lexsort((-radii, count if rare else -count, near))[0])
    return atom, np.flatnonzero(np.abs(shifted - shifted[atom]) <= window)


def _reference_partner(cloud: Cloud, a: int, shell: Indices, window: float) -> tuple[int, Indices]:
    """The second atom, off the line of the first, with the fewest image pairs; and those."""
    radii, kinds = cloud.radii, cloud.kinds
    squares = radii * radii
    products = cloud.positions[shell] @ cloud.positions.T
    distances = np.sqrt(np.maximum(squares[shell, None] + squares - 2 * products, 0))
    row = int(np.flatnonzero(shell == a)[0])
    from_a = distances[row]
    heights = squares - products[row] ** 2 / squares[a]  # squared, off the line of a
    usable = np.flatnonzero(heights > 0.25 * heights.max())
    tried = usable[np.argsort(from_a[usable], kind="stable")][:_PARTNERS_TRIED]
    fitting = np.abs(distances - from_a[tried, None, None]) <= window
    fitting &= ((kinds == kinds[tried, None]) & (np.abs(radii - radii[tried, None]) <= window))[
        :, None
    ]
    best = int(np.argmin(fitting.sum(axis=(1, 2))))
    rows, columns = np.nonzero(fitting[best])
    across = squares[shell[rows]] * squares[columns] - products[rows, columns] ** 2
    spread = across > 0.01 * squares[a] * heights[tried[best]]
    return int(tried[best]), np.stack([shell[rows], columns], axis=1)[spread]


def _squares(vectors: FloatArray) -> FloatArray:
    """Squared lengths along the last axis."""
    return np.asarray(np.einsum("...i,...i->...", vectors, vectors))


def cross(u: FloatArray, v: FloatArray) -> FloatArray:
    """Vector products along the last axis; np.cross is several times slower on small arrays."""
    x, y, z = u[..., 0], u[..., 1], u[..., 2]
    p, q, r = v[..., 0], v[..., 1], v[..., 2]
    out = np.empty(np.broadcast_shapes(u.shape, v.shape))
    out[..., 0] = y * r - z * q
    out[..., 1] = z * p - x * r
    out[..., 2] = x * q - y * p
    return out


def _frames(first: FloatArray, second: FloatArray) -> FloatArray:
    """(M, 3, 3) right-handed frames in columns: first vector, their plane, its normal."""
    out = np.empty((len(first), 3, 3))
    out[:, :, 0] = u = first / np.sqrt(_squares(first))[:, None]
    normal = cross(u, second)
    out[:, :, 2] = normal = normal / np.sqrt(_squares(normal))[:, None]
    out[:, :, 1] = cross(normal, u)
    return out


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
    # |x − y|² = |x|² − 2x·y + |y|²; the first term is the same for all partners y.
    columns, offset = np.ascontiguousarray(here.T), _squares(here) / 2
    flat = moved.reshape(-1, 3)
    step = max(1, _BATCH // len(here))
    if len(flat) <= step:
        return np.asarray((flat @ columns - offset).argmax(axis=1).reshape(moved.shape[:2]))
    parts = [
        (flat[k : k + step] @ columns - offset).argmax(axis=1) for k in range(0, len(flat), step)
    ]
    return np.concatenate(parts).reshape(moved.shape[:2])


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
    return np.asarray(
        np.sqrt(
            _squares(difference.reshape(len(matrices), difference.shape[1] * 3)) / len(positions)
        )
    )


def confirm(
    cloud: Cloud, matrices: FloatArray, signs: Integers, limit: float
) -> tuple[Indices, NDArray[np.bool_]]:
    """Match the atoms; where that leaves too much, refine the map and match again.

    Returns
    -------
    permutations : (M, N) int
    accepted : (M,) bool
        Whether a map with this permutation has a residual of at most ``limit`` Å.
    """
    permutations, valid = match_atoms(cloud, matrices)
    residuals = residuals_of(cloud.positions, permutations, matrices)
    # A map taken from two noisy atoms can misplace distant ones.
    again = np.flatnonzero(~valid | (residuals > limit))
    if len(again):
        refined = fit_rotations(cloud.positions, permutations[again], signs[again])
        permutations[again], valid[again] = match_atoms(cloud, refined)
        refined = fit_rotations(cloud.positions, permutations[again], signs[again])
        residuals[again] = residuals_of(cloud.positions, permutations[again], refined)
    return permutations, valid & (residuals <= limit)
