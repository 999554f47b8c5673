"""Exact generic rank of one symmetry block: what n vibrations of one irrep can tell.

The observables are polynomials, smooth everywhere and equivalent to lines and intensities
where these are: tr (GF)^j for the positions of K isotopologues, and tr X(GF)^j GXᵀ for an
intensity whose form has a given rank (1 for infrared of an irrep that occurs once in V).
Their derivatives at random points modulo a prime give the generic rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .modular import Integers, product, rank

PRIMES = (2147483629, 2147483587)
"""The two largest primes below 2³¹ − 1; a deficiency is believed if both show it."""


@dataclass(frozen=True, slots=True)
class GenericRank:
    """Rank at random points modulo two primes.

    Attributes
    ----------
    n_parameters : int
    ranks : tuple of int
        One for each prime.
    """

    n_parameters: int
    ranks: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The generic rank: no prime can show more."""
        return max(self.ranks)

    @property
    def is_full(self) -> bool:
        """Whether all parameters are determined, locally and generically: this is proved."""
        return self.rank == self.n_parameters


def block_rank(
    n: int,
    *,
    forms: Sequence[int] = (),
    isotopologues: int = 1,
    complex_pair: bool = False,
    seed: int = 0,
) -> GenericRank:
    """Generic rank of the observables of a block of n copies of an irrep.

    Parameters
    ----------
    n : int
    forms : sequence of int
        Ranks of the quadratic forms of the intensities that are measured, derivatives known.
        C1: (3, 1, 5) for infrared, isotropic and anisotropic Raman scattering.
    isotopologues : int
        Number K of isotopologues with independent G.
    complex_pair : bool
        Whether F and G are Hermitian: n² parameters.
    seed : int

    Examples
    --------
    >>> block_rank(3), block_rank(9, forms=(3, 1, 5)).rank      # C1 with five atoms: 33 of 45
    (GenericRank(n_parameters=6, ranks=(3, 3)), 33)
    """
    found = [_rank(n, forms, isotopologues, complex_pair, seed, prime) for prime in PRIMES]
    return GenericRank(n * n if complex_pair else n * (n + 1) // 2, tuple(found))


def smallest_number_of_isotopologues(n: int) -> int:
    """Isotopologues whose positions alone determine a real block of n copies.

    From P = n(n+1)/2 ≤ n + (K − 1)(n − 1): 1 for n = 1, else 1 + ⌈n/2⌉.

    Examples
    --------
    >>> [smallest_number_of_isotopologues(n) for n in (1, 2, 3, 4, 5)]
    [1, 2, 3, 3, 4]
    """
    return 1 if n == 1 else 1 + (n + 1) // 2


def _rank(
    n: int, forms: Sequence[int], isotopologues: int, pair: bool, seed: int, prime: int
) -> int:
    rng = np.random.default_rng(seed)
    # A Hermitian matrix S + iA is the real symmetric matrix [[S, −A], [A, S]].
    basis = _hermitian_basis(n) if pair else _symmetric_basis(n)

    def draw() -> Integers:
        weights = rng.integers(1, prime, len(basis))
        return np.asarray((weights[:, None, None] * basis % prime).sum(axis=0) % prime)

    force = draw()
    rows = []
    for _ in range(isotopologues):
        kinetic = draw()
        shapes = [_form(rng, r, n, pair, prime) for r in forms]
        rows += _block_rows(force, kinetic, shapes, n, prime)
    gradients = np.stack(rows).reshape(len(rows), -1)
    # tr(ZE) for each basis matrix E of F.
    jacobian = product(gradients, basis.reshape(len(basis), -1).T % prime, prime)
    return rank(jacobian, prime)


def _block_rows(
    force: Integers, kinetic: Integers, shapes: list[Integers], n: int, prime: int
) -> list[Integers]:
    """Gradients Z of the observables of one isotopologue: d(observable) = tr(Z dF)."""
    # powers[j] = (GF)^j G, so that d tr (GF)^j = j tr((GF)^(j−1) G dF).
    powers = [kinetic]
    for _ in range(n):
        powers.append(product(product(kinetic, force, prime), powers[-1], prime))
    rows = [j * powers[j - 1] % prime for j in range(1, n + 1)]
    for shape in shapes:
        for j in range(1, n):
            terms = [
                product(product(powers[i], shape, prime), powers[j - 1 - i], prime)
                for i in range(j)
            ]
            total = np.sum(terms, axis=0) % prime
            rows.append((total + total.T) % prime * pow(2, -1, prime) % prime)
    return rows


def _form(rng: np.random.Generator, r: int, n: int, pair: bool, prime: int) -> Integers:
    """A random form of given rank, with the structure of the block."""
    x = rng.integers(1, prime, (n, r))
    if not pair:
        return product(x, x.T, prime)
    y = rng.integers(1, prime, (n, r))
    z = np.block([[x, -y], [y, x]]) % prime
    return product(z, z.T, prime)


def _symmetric_basis(n: int) -> Integers:
    i, j = np.triu_indices(n)
    out = np.zeros((len(i), n, n), dtype=np.int64)
    out[np.arange(len(i)), i, j] = 1
    out[np.arange(len(i)), j, i] = 1
    return out


def _hermitian_basis(n: int) -> Integers:
    even = [np.kron(np.eye(2, dtype=np.int64), e) for e in _symmetric_basis(n)]
    odd = []
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        e = np.zeros((n, n), dtype=np.int64)
        e[i, j], e[j, i] = 1, -1
        odd.append(np.kron(np.array([[0, -1], [1, 0]]), e))
    return np.array(even + odd)
