"""Exact characters of any finite group from its multiplication table.

Used for T, O and I, whose irreducible representations no formula in one angle gives; in
the tests it recomputes the axial groups as well.

Source: J. D. Dixon, *Numer. Math.* 10, 446 (1967): the columns of the class-multiplication
matrices are diagonalised together over the integers modulo a prime, where the eigenvectors
are exact; power sums then lift each value to a sum of roots of unity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .cyclotomic import CyclotomicRing, IntArray


def irreducible_characters(
    table: NDArray[np.intp], class_of: IntArray, ring: CyclotomicRing
) -> IntArray:
    """All irreducible characters, (n_class, n_class, φ(n)), trivial one first, then by degree.

    Parameters
    ----------
    table : (order, order) int
        Multiplication table; element 0 is the identity.
    class_of : (order,) int
        Conjugacy class of each element; class 0 holds the identity alone.
    ring : CyclotomicRing
        Its n must be a multiple of the order of every element.
    """
    order, n_class = len(table), int(class_of.max()) + 1
    prime = _prime(ring.n, order)
    constants = _class_constants(table, class_of, n_class)
    inverse_class = class_of[np.argmin(table, axis=1)][_first_members(class_of, n_class)]
    sizes = np.bincount(class_of)
    modular = [
        _normalise(vector, sizes, inverse_class, order, prime)
        for vector in _common_eigenvectors(constants, prime)
    ]
    powers = _power_classes(table, class_of, n_class, ring.n)
    lifted = [_lift(chi, powers, ring, prime) for chi in modular]
    lifted.sort(key=lambda chi: (chi[0, 0], [-int(v) for v in chi.ravel()]))
    return np.array(lifted)


def _prime(exponent: int, order: int) -> int:
    """Smallest prime ≡ 1 modulo the exponent and larger than twice the root of the order."""
    candidate = exponent + 1
    while candidate <= 2 * order**0.5 or any(
        candidate % d == 0 for d in range(2, int(candidate**0.5) + 1)
    ):
        candidate += exponent
    return candidate


def _first_members(class_of: IntArray, n_class: int) -> NDArray[np.intp]:
    return np.array([int(np.argmax(class_of == c)) for c in range(n_class)])


def _class_constants(table: NDArray[np.intp], class_of: IntArray, n_class: int) -> IntArray:
    """(i, j, k): number of pairs (x in class i, y in class j) with x·y = a given z of class k."""
    out = np.zeros((n_class, n_class, n_class), dtype=np.int64)
    for k, z in enumerate(_first_members(class_of, n_class)):
        x, y = np.nonzero(table == z)
        np.add.at(out[:, :, k], (class_of[x], class_of[y]), 1)
    return out


def _common_eigenvectors(constants: IntArray, prime: int) -> list[IntArray]:
    """Common eigenvectors of all class matrices modulo the prime, one per irrep."""
    spaces = [np.eye(len(constants), dtype=np.int64)]
    for matrix in constants:
        spaces = [part for space in spaces for part in _split(space, matrix, prime)]
    return [space[0] for space in spaces]


def _split(space: IntArray, matrix: IntArray, prime: int) -> list[IntArray]:
    """Eigenspaces of the matrix within the row space ``space``."""
    if len(space) == 1:
        return [space]
    parts, found = [], 0
    for value in range(prime):
        shifted = (space @ matrix.T - value * space) % prime
        kernel = _left_kernel(shifted, prime)
        if len(kernel):
            parts.append(kernel @ space % prime)
            found += len(kernel)
        if found == len(space):
            break
    return parts


def _left_kernel(rows: IntArray, prime: int) -> IntArray:
    """Basis of all c with c @ rows = 0 modulo the prime."""
    work = np.concatenate([rows % prime, np.eye(len(rows), dtype=np.int64)], axis=1)
    width, rank = rows.shape[1], 0
    for column in range(width):
        pivots = np.nonzero(work[rank:, column])[0]
        if not len(pivots):
            continue
        pivot = rank + int(pivots[0])
        work[[rank, pivot]] = work[[pivot, rank]]
        work[rank] = work[rank] * pow(int(work[rank, column]), -1, prime) % prime
        others = np.arange(len(work)) != rank
        work[others] = (work[others] - np.outer(work[others, column], work[rank])) % prime
        rank += 1
        if rank == len(work):
            break
    return np.asarray(work[rank:, width:])


def _normalise(
    vector: IntArray, sizes: IntArray, inverse_class: IntArray, order: int, prime: int
) -> IntArray:
    """Characters modulo the prime from a central character: χ(c) = d·v(c)/|c|."""
    vector = vector * pow(int(vector[0]), -1, prime) % prime
    ratio = [int(v) * pow(int(s), -1, prime) % prime for v, s in zip(vector, sizes, strict=True)]
    norm = sum(int(vector[c]) * ratio[inverse_class[c]] for c in range(len(sizes))) % prime
    square = order * pow(norm, -1, prime) % prime
    degree = next(d for d in range(1, prime) if d * d % prime == square)
    degree = min(degree, prime - degree)
    return np.array([degree * r % prime for r in ratio], dtype=np.int64)


def _power_classes(
    table: NDArray[np.intp], class_of: IntArray, n_class: int, exponent: int
) -> IntArray:
    """(exponent, n_class): the class of the k-th power of each class."""
    members = _first_members(class_of, n_class)
    current = np.zeros(n_class, dtype=np.intp)
    out = []
    for _ in range(exponent):
        out.append(class_of[current])
        current = table[current, members]
    return np.array(out)


def _lift(chi: IntArray, powers: IntArray, ring: CyclotomicRing, prime: int) -> IntArray:
    """From values modulo the prime to multiplicities of each root of unity, exactly."""
    n = ring.n
    generator = next(
        g
        for g in (pow(a, (prime - 1) // n, prime) for a in range(2, prime))
        if all(pow(g, n // q, prime) != 1 for q in range(2, n + 1) if n % q == 0)
    )
    root = [pow(generator, k, prime) for k in range(n)]
    fourier = np.array([[root[-s * k % n] for k in range(n)] for s in range(n)], dtype=np.int64)
    multiplicities = fourier @ chi[powers] % prime * pow(n, -1, prime) % prime
    return np.asarray(multiplicities.T @ ring.powers)
