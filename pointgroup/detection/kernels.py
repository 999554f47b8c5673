"""The inner loops of detection: the maps that a pair of atoms allows, the atoms they match.

Each is written in numpy. For small molecules, where calls on short arrays cost more than the
arithmetic in them, a compiled twin (`_kernels.c`) does the same, as it does for the products
in `closure`. Where the package was built without a C compiler, numpy does everything. Both
give the same permutations, and the same matrices and residuals to rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..theory.operations import FloatArray, Indices
from .cloud import Cloud

try:
    from . import _kernels
except ImportError:  # built without a compiler
    _kernels = None  # type: ignore[assignment]

compiled = _kernels
"""The compiled module, or None."""

Integers = NDArray[np.int64]

COMPILED_UP_TO = 1_000_000
"""Distances up to which the compiled twin is called; beyond, numpy is about as fast."""
_TREE_ABOVE = 400
"""Atoms of one kind from which a search tree beats the matrix of all distances."""
_BATCH = 2_000_000
"""Distances held at once when candidates are matched together."""


def pair_matrices(
    positions: FloatArray, pair: tuple[int, int], images: Indices, signs: Integers
) -> FloatArray:
    """(M, 3, 3) maps of given determinant that send the pair to the images (M, 2)."""
    if compiled is not None:
        out = np.empty((len(images), 3, 3))
        images, signs = np.ascontiguousarray(images), np.ascontiguousarray(signs)
        compiled.pair_matrices(positions, *pair, images, signs, out)
        return out
    ends = np.concatenate([[pair], images])
    frames = _frames(positions[ends[:, 0]], positions[ends[:, 1]])
    frames[1:, :, 2] *= signs[:, None]
    return np.asarray(frames[1:] @ frames[0].T)


def _frames(first: FloatArray, second: FloatArray) -> FloatArray:
    """(M, 3, 3) right-handed frames in columns: first vector, their plane, its normal."""
    out = np.empty((len(first), 3, 3))
    out[:, :, 0] = u = first / np.sqrt(squared(first))[:, None]
    normal = cross(u, second)
    out[:, :, 2] = normal = normal / np.sqrt(squared(normal))[:, None]
    out[:, :, 1] = cross(normal, u)
    return out


def match_atoms(cloud: Cloud, matrices: FloatArray) -> tuple[Indices, FloatArray]:
    """Nearest like atom to the image of each atom, for each map.

    Returns
    -------
    permutations : (M, N) int
        The map sends atom i near to atom ``permutations[m, i]``.
    residuals : (M,) Å
        Root mean square of the distances; infinite where the row is no permutation.
    """
    permutations = np.empty((len(matrices), len(cloud.kinds)), dtype=np.intp)
    if compiled is not None and len(matrices) * len(cloud.kinds) ** 2 <= COMPILED_UP_TO:
        residuals = np.empty(len(matrices))
        matrices = np.ascontiguousarray(matrices)
        compiled.match_atoms(cloud.positions, cloud.kinds, matrices, permutations, residuals)
        return permutations, residuals
    valid = np.ones(len(matrices), dtype=bool)
    for members in cloud.members:
        here = cloud.positions[members]
        nearest = _nearest(here, here @ matrices.swapaxes(1, 2))
        permutations[:, members] = members[nearest]
        valid &= (np.sort(nearest, axis=1) == np.arange(len(members))).all(axis=1)
    residuals = residuals_of(cloud.positions, permutations, matrices)
    residuals[~valid] = np.inf
    return permutations, residuals


def _nearest(here: FloatArray, moved: FloatArray) -> Indices:
    """(M, n) index into ``here`` (n, 3) of the point nearest to each of ``moved`` (M, n, 3)."""
    if len(here) == 1:
        return np.zeros(moved.shape[:2], dtype=np.intp)
    if len(here) > _TREE_ABOVE:
        from scipy.spatial import cKDTree

        return np.asarray(cKDTree(here).query(moved)[1], dtype=np.intp)
    # |x − y|² = |x|² − 2x·y + |y|²; the first term is the same for all partners y.
    columns, offset = np.ascontiguousarray(here.T), squared(here) / 2
    flat = moved.reshape(-1, 3)
    step = max(1, _BATCH // len(here))
    if len(flat) <= step:
        return np.asarray((flat @ columns - offset).argmax(axis=1).reshape(moved.shape[:2]))
    parts = [
        (flat[k : k + step] @ columns - offset).argmax(axis=1) for k in range(0, len(flat), step)
    ]
    return np.concatenate(parts).reshape(moved.shape[:2])


def residuals_of(positions: FloatArray, permutations: Indices, matrices: FloatArray) -> FloatArray:
    """(M,) root mean square over the atoms of |Q x_i − x_π(i)|, Å."""
    difference = positions @ matrices.swapaxes(1, 2) - positions[permutations]
    flat = difference.reshape(len(matrices), difference.shape[1] * 3)
    return np.asarray(np.sqrt(squared(flat) / len(positions)))


def squared(vectors: FloatArray) -> FloatArray:
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
