"""The fewest directions whose images under a group span a space.

A direction d costs two gradients, at +d and −d, unless an operation turns d into −d: then
the second one is the image of the first. So d is sought in the spaces in which an operation
acts as −1, before it is sought anywhere.

For displacements the images of d must span space; for electric fields the images of d⊗d must
span the six components of a polarizability. Among sets of equal cost the one is taken that
spreads the images most evenly (largest determinant of the information matrix, D-optimality:
V. V. Fedorov, *Theory of Optimal Experiments*, 1972).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Power = Literal[1, 2]

_SAME = 1e-6
"""Two directions are the same if their components differ by less."""
_SPANNED = 1e-3
"""Smallest eigenvalue of the information matrix at which the images are said to span."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A direction in space, and whether symmetry gives its opposite.

    Attributes
    ----------
    vector : (3,) unit vector
    reversal : int or None
        Index of an operation that turns the vector into its opposite.
    """

    vector: FloatArray
    reversal: int | None

    @property
    def cost(self) -> int:
        """Gradients needed: 1 if the opposite follows by symmetry, else 2."""
        return 2 if self.reversal is None else 1


def minimal_directions(matrices: FloatArray, *, power: Power) -> tuple[Direction, ...]:
    """Directions that span with their images, at the lowest cost.

    Parameters
    ----------
    matrices : (order, 3, 3)
        The operations of a group.
    power : 1 or 2
        1: the images of d span the three dimensions of space. 2: the images of d⊗d span the
        six of a symmetric tensor.

    Examples
    --------
    Any direction off the symmetry planes spans space with its images in C2v, and is needed
    with both signs:

    >>> from spektron.pointgroup import PointGroup
    >>> from spektron.pointgroup.theory.groups import operation_matrices
    >>> [d.cost for d in minimal_directions(operation_matrices(PointGroup("C2v")), power=1)]
    [2]
    """
    table = np.ascontiguousarray(matrices, dtype=np.float64)
    return _minimal(table.tobytes(), len(table), power)


@lru_cache(maxsize=256)
def _minimal(raw: bytes, order: int, power: Power) -> tuple[Direction, ...]:
    matrices = np.frombuffer(raw).reshape(order, 3, 3)
    spaces = _odd_spaces(matrices)
    for cost in range(1, 13):
        found = [_best(choice, matrices, power) for choice in _choices(spaces, cost, power)]
        spanning = [(score, vectors) for score, least, vectors in found if least > _SPANNED]
        if spanning:
            vectors = max(spanning, key=lambda pair: round(pair[0], 6))[1]
            return tuple(Direction(v, _reversal(matrices, v)) for v in vectors)
    raise AssertionError("three axes, or the six of an icosahedron, span without any symmetry")


# ---- the spaces to look in ----


def _odd_spaces(matrices: FloatArray) -> list[FloatArray]:
    """Spaces in which some operation is −1, one of each kind and none inside another.

    Each is (k, 3), an orthonormal basis.
    """
    spaces: list[FloatArray] = []
    for matrix in matrices:
        projector = _projector_on_odd(matrix)
        if np.trace(projector) > 0.5:
            spaces.append(_basis(projector))
    spaces.sort(key=lambda s: -len(s))
    kept: list[FloatArray] = []
    for space in spaces:
        if not any(_inside(space @ r.T, other) for other in kept for r in matrices):
            kept.append(space)
    return kept


def _projector_on_odd(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix + matrix.T)
    odd = vectors[:, values < -2 + _SAME]  # R v = −v exactly where (R + Rᵀ) v = −2 v
    return np.asarray(odd @ odd.T)


def _basis(projector: FloatArray) -> FloatArray:
    """An orthonormal basis of a projector's range that depends on the range only."""
    out: list[FloatArray] = []
    for column in projector:
        rest = column - sum((column @ v) * v for v in out)
        length = np.linalg.norm(rest)
        if length > 0.1:
            out.append(rest / length)
    return np.array(out)


def _inside(space: FloatArray, other: FloatArray) -> bool:
    return float(np.abs(space - space @ other.T @ other).max()) < _SAME


def _choices(spaces: list[FloatArray], cost: int, power: Power) -> Iterator[list[FloatArray]]:
    """Lists of spaces to take one direction from each, at a total cost."""
    most = 3 if power == 1 else 6
    for n_pairs in range(cost // 2, -1, -1):
        n_single = cost - 2 * n_pairs
        if n_single + n_pairs <= most:
            for odd in combinations_with_replacement(spaces, n_single):
                yield [*odd, *[np.eye(3)] * n_pairs]


# ---- the best directions in them ----


def _best(
    choice: list[FloatArray], matrices: FloatArray, power: Power
) -> tuple[float, float, list[FloatArray]]:
    """Score, smallest eigenvalue and directions, by exchanging one direction at a time."""
    candidates = [_candidates(space) for space in choice]
    information = [_information(c, matrices, power) for c in candidates]
    size = 3 if power == 1 else 6
    total = np.zeros((size, size))
    chosen: list[int] = []
    for own in information:
        chosen.append(int(np.argmax(_scores(total + own))))
        total = total + own[chosen[-1]]
    for _ in range(10):
        before = list(chosen)
        for slot, own in enumerate(information):
            rest = total - own[chosen[slot]]
            scores = _scores(rest + own)
            if scores.max() > scores[chosen[slot]] + 1e-9:
                chosen[slot] = int(np.argmax(scores))
            total = rest + own[chosen[slot]]
        if chosen == before:
            break
    vectors = [c[i] for c, i in zip(candidates, chosen, strict=True)]
    return float(_scores(total[None])[0]), float(np.linalg.eigvalsh(total)[0]), vectors


def _scores(information: FloatArray) -> FloatArray:
    """Logarithm of the determinant, finite while the images do not span yet."""
    size = information.shape[-1]
    values = np.linalg.eigvalsh(information + 1e-6 * np.eye(size))
    # Rounded, so that equal candidates are decided by their order on every machine.
    return np.asarray(np.log(np.maximum(values, 1e-9)).sum(axis=-1).round(9))


def _information(candidates: FloatArray, matrices: FloatArray, power: Power) -> FloatArray:
    """(n, k, k) mean over the images of each candidate of its outer product with itself."""
    images = np.einsum("gab,nb->nga", matrices, candidates)
    features = (
        images if power == 1 else symmetric_vectors(np.einsum("nga,ngb->ngab", images, images))
    )
    return np.asarray(np.einsum("ngk,ngl->nkl", features, features) / len(matrices))


def symmetric_vectors(tensors: FloatArray) -> FloatArray:
    """Symmetric (…, 3, 3) tensors as (…, 6) vectors xx, yy, zz, √2 yz, √2 xz, √2 xy."""
    diagonal = np.einsum("...aa->...a", tensors)
    mixed = 2**0.5 * np.stack([tensors[..., 1, 2], tensors[..., 0, 2], tensors[..., 0, 1]], -1)
    return np.concatenate([diagonal, mixed], axis=-1)


def symmetric_tensors(vectors: FloatArray) -> FloatArray:
    """The inverse of `symmetric_vectors`: (…, 6) to (…, 3, 3)."""
    xx, yy, zz, yz, xz, xy = np.moveaxis(vectors / [1, 1, 1, 2**0.5, 2**0.5, 2**0.5], -1, 0)
    rows = [np.stack(row, -1) for row in ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))]
    return np.stack(rows, -2)


def _candidates(space: FloatArray) -> FloatArray:
    """(n, 3) unit vectors, simple ones first, that cover a space and their opposites."""
    if len(space) == 1:
        return space
    if len(space) == 2:
        angles = np.arange(48) * np.pi / 48
        return np.stack([np.cos(angles), np.sin(angles)], 1) @ space
    return _SPHERE


def _sphere() -> FloatArray:
    golden = (1 + 5**0.5) / 2
    simple = [
        *np.eye(3),
        *[(0, 1, s) for s in (1, -1)],
        *[(s, 0, 1) for s in (1, -1)],
        *[(1, s, 0) for s in (1, -1)],
        *[(1, s, t) for s in (1, -1) for t in (1, -1)],
        *[(0, 1, s * golden) for s in (1, -1)],
        *[(1, s * golden, 0) for s in (1, -1)],
        *[(s * golden, 0, 1) for s in (1, -1)],
    ]
    step = np.arange(200)
    z = (step + 0.5) / 200
    angle = 2 * np.pi * step / golden
    spiral = np.stack([np.cos(angle), np.sin(angle), z / np.sqrt(1 - z**2)], 1)
    vectors = np.concatenate([np.array(simple, dtype=np.float64), spiral])
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1)[:, None])


_SPHERE = _sphere()


def _reversal(matrices: FloatArray, vector: FloatArray) -> int | None:
    """The first operation that turns a vector into its opposite."""
    found = np.flatnonzero(np.abs(matrices @ vector + vector).max(axis=1) < _SAME)
    return int(found[0]) if len(found) else None
