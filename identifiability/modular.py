"""Linear algebra modulo a prime below 2³¹: exact, so that a rank is a rank.

A matrix of full rank modulo a prime has full rank over the rationals too (a minor that is not
zero modulo p is not zero). A smaller rank can be an accident of the prime, with a probability
of about (degree)/p at random points (J. T. Schwartz, *J. ACM* 27, 701 (1980)).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_HALF = 16


def product(a: Integers, b: Integers, prime: int) -> Integers:
    """Matrix product (…, n, m) of reduced matrices.

    Each factor is split into halves of 16 bits, so that the products add up exactly in
    double precision, at the speed of floating-point products.
    """
    low = (1 << _HALF) - 1
    out = np.int64(0)
    for i, left in ((1, a >> _HALF), (0, a & low)):
        for j, right in ((1, b >> _HALF), (0, b & low)):
            part = (left.astype(float) @ right.astype(float)).astype(np.int64) % prime
            out = out + part * pow(2, _HALF * (i + j), prime) % prime
    return np.asarray(out % prime)


def inverse(matrix: Integers, prime: int) -> Integers:
    """Inverse of a square matrix (n, n).

    Raises
    ------
    ZeroDivisionError
        If it is singular modulo the prime.
    """
    n = len(matrix)
    reduced, pivots = reduce_rows(np.hstack([matrix, np.eye(n, dtype=np.int64)]), prime)
    if pivots[:n] != list(range(n)):
        raise ZeroDivisionError(f"matrix is singular modulo {prime}")
    return reduced[:, n:]


def rank(matrix: Integers, prime: int) -> int:
    """Rank of a matrix (m, n)."""
    return len(reduce_rows(matrix, prime)[1])


def null_space(matrix: Integers, prime: int) -> Integers:
    """(n, n − rank) columns that a matrix (m, n) sends to zero."""
    reduced, pivots = reduce_rows(matrix, prime)
    n = matrix.shape[1]
    free = [c for c in range(n) if c not in set(pivots)]
    out = np.zeros((n, len(free)), dtype=np.int64)
    out[free, np.arange(len(free))] = 1
    out[pivots] = -reduced[: len(pivots)][:, free] % prime
    return out


def reduce_rows(matrix: Integers, prime: int) -> tuple[Integers, list[int]]:
    """Reduced row echelon form and its pivot columns."""
    work = np.array(matrix, dtype=np.int64) % prime
    pivots: list[int] = []
    for column in range(work.shape[1]):
        row = len(pivots)
        if row == len(work):
            break
        candidates = np.flatnonzero(work[row:, column])
        if not len(candidates):
            continue
        swap = row + int(candidates[0])
        work[[row, swap]] = work[[swap, row]]
        work[row] = work[row] * pow(int(work[row, column]), -1, prime) % prime
        others = np.flatnonzero(work[:, column])
        others = others[others != row]
        work[others] = (work[others] - work[others, column][:, None] * work[row]) % prime
        pivots.append(column)
    return work, pivots
