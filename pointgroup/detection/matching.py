"""From coordinates to permutations: which orthogonal maps send the atoms onto themselves.

An operation of a molecule that is not linear is fixed by where it sends two atoms a and b
that are not in line with the centre, and by its determinant. So one reference pair is
chosen; every pair of like atoms at like distances is a possible image and gives one map of
each determinant. A map is confirmed when the nearest like atoms form a permutation and the
best rotation for that permutation (W. Kabsch, *Acta Cryst.* A32, 922 (1976)) leaves a small
residual. The loops over atoms are in `kernels`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GroupError
from ..theory.operations import FloatArray, Indices
from .cloud import Cloud
from .kernels import Integers, cross, match_atoms, pair_matrices, residuals_of, squared

_MOST_COMPARISONS = 20_000_000
"""Pairs of atoms, or images of atoms, that are compared at the most."""
_PARTNERS_TRIED = 4
"""Near atoms that are tried as the second of the reference pair."""
FEW = 50_000
"""Distances up to which all candidates are matched at once."""


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
    signs: Integers
    matrices: FloatArray


def candidate_operations(cloud: Cloud, window: float, *, rare: bool = True) -> Candidates:
    """All maps that send the reference pair to a pair of like atoms at like distances.

    Parameters
    ----------
    window : float
        Largest accepted difference of two distances that should be equal, Å.
    rare : bool
        Whether the first reference atom is one with the fewest possible images, or the most.
    """
    # Kinds are told apart by shifting each one's radii to a range of its own.
    shifted = cloud.radii + cloud.kinds * (2 * cloud.radii.max() + 4 * window + 1)
    a, shell = _reference_atom(cloud.radii, shifted, window, rare=rare)
    _refuse_too_many(len(shell) * len(cloud.kinds), window, cloud)
    b, images = _reference_partner(cloud, shifted, a, shell, window)
    _refuse_too_many(2 * len(images) * len(cloud.kinds), window, cloud)
    signs = np.ones(2 * len(images), dtype=np.int64)
    signs[len(images) :] = -1
    images = np.concatenate([images, images])
    matrices = pair_matrices(cloud.positions, (a, b), images, signs)
    if len(signs) * len(cloud.kinds) ** 2 > FEW:  # else matching is as cheap as the probe
        kept = _sends_probe_home(cloud, matrices, (a, b), window)
        images, signs, matrices = images[kept], signs[kept], matrices[kept]
    return Candidates((a, b), images, signs, matrices)


def _refuse_too_many(comparisons: int, window: float, cloud: Cloud) -> None:
    """A clear limit in place of an exhausted memory."""
    if comparisons > _MOST_COMPARISONS:
        raise GroupError(
            f"{len(cloud.kinds)} atoms of which too many look alike within {window:.2g} Å: "
            f"{comparisons:.0e} comparisons, the limit is {_MOST_COMPARISONS:.0e}; "
            "give a smaller tolerance or a smaller molecule"
        )


def _reference_atom(
    radii: FloatArray, shifted: FloatArray, window: float, *, rare: bool
) -> tuple[int, Indices]:
    """An atom with few (or many) possible images, not close to the centre, and those images."""
    ordered = np.sort(shifted)
    low = ordered.searchsorted(shifted - window)
    count = ordered.searchsorted(shifted + window, side="right") - low
    near = radii <= 0.4 * float(np.sqrt(radii @ radii / len(radii)))
    atom = int(np.lexsort((-radii, count if rare else -count, near))[0])
    return atom, (np.abs(shifted - shifted[atom]) <= window).nonzero()[0]


def _reference_partner(
    cloud: Cloud, shifted: FloatArray, a: int, shell: Indices, window: float
) -> tuple[int, Indices]:
    """The second atom, off the line of the first, with the fewest image pairs; and those."""
    squares = cloud.radii * cloud.radii
    around = squares[shell]
    products = cloud.positions[shell] @ cloud.positions.T
    distances = np.sqrt(np.maximum(around[:, None] + squares - 2 * products, 0))
    row = int(shell.searchsorted(a))
    from_a = distances[row]
    heights = squares - products[row] ** 2 / squares[a]  # squared, off the line of a
    usable = (heights > 0.25 * heights.max()).nonzero()[0]
    tried = usable[from_a[usable].argsort(kind="stable")][:_PARTNERS_TRIED]
    fitting = np.abs(distances - from_a[tried][:, None, None]) <= window
    fitting &= (np.abs(shifted - shifted[tried][:, None]) <= window)[:, None]
    best = int(fitting.sum(axis=(1, 2)).argmin())
    rows, columns = fitting[best].nonzero()
    across = around[rows] * squares[columns] - products[rows, columns] ** 2
    spread = across > 0.01 * squares[a] * heights[tried[best]]
    return int(tried[best]), np.array([shell[rows], columns]).T[spread]


def _sends_probe_home(
    cloud: Cloud, matrices: FloatArray, pair: tuple[int, int], window: float
) -> NDArray[np.bool_]:
    """Whether each map sends one more atom, far off the plane of the pair, near a like atom."""
    normal = cross(cloud.positions[pair[0]], cloud.positions[pair[1]])
    probe = int(np.argmax(np.abs(cloud.positions @ normal)))
    alike = cloud.positions[cloud.kinds == cloud.kinds[probe]]
    moved = matrices @ cloud.positions[probe]
    squares = squared(alike) - 2 * moved @ alike.T + squared(moved)[:, None]
    # The pair misses by up to the window; the map may miss by as much for every lever arm.
    return np.asarray(squares.min(axis=1) <= (6 * window) ** 2)


def fit_rotations(positions: FloatArray, permutations: Indices, signs: Integers) -> FloatArray:
    """Best orthogonal matrix of given determinant for each permutation; (M, 3, 3).

    It minimises Σ_i |Q x_i − x_π(i)|².
    """
    overlap = positions[permutations].swapaxes(1, 2) @ positions
    u, _, vt = np.linalg.svd(overlap)
    u[:, :, 2] *= (signs * np.sign(np.linalg.det(u @ vt)))[:, None]
    return np.asarray(u @ vt)


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
    permutations, residuals = match_atoms(cloud, matrices)
    accepted = residuals <= limit
    # A map taken from two noisy atoms can misplace distant ones.
    again = (~accepted).nonzero()[0]
    if len(again):
        refined = fit_rotations(cloud.positions, permutations[again], signs[again])
        permutations[again], residuals = match_atoms(cloud, refined)
        refined = fit_rotations(cloud.positions, permutations[again], signs[again])
        fitted = residuals_of(cloud.positions, permutations[again], refined)
        accepted[again] = np.isfinite(residuals) & (fitted <= limit)
    return permutations, accepted
