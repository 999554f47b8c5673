"""Cosines of rational turns modulo a prime: the image of a point group in a finite field.

Matrix elements and characters of point groups are sums of cosines of k/M turns. With
p ≡ 1 (mod M) the integers modulo p hold an M-th root of unity ζ, and cos 2πk/M becomes
(ζᵏ + ζ⁻ᵏ)/2: a ring homomorphism from ℤ[ζ, 1/2].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import PointGroup
from .errors import IdentifiabilityError
from .modular import Integers

FloatArray = NDArray[np.float64]

_LARGEST = 2**31 - 1
_RECOGNISED = 1e-7
"""A number that near to a cosine of the field is that cosine."""


@dataclass(frozen=True, slots=True)
class PrimeField:
    """The integers modulo a prime, with the cosines of k turns of 1/order."""

    prime: int
    order: int

    def cosines(self) -> Integers:
        """(order,) images of cos 2πk/order."""
        return _cosines(self.prime, self.order)

    def image(self, values: FloatArray) -> Integers:
        """Images of numbers that are integers or cosines of the field.

        Raises
        ------
        IdentifiabilityError
            If a number is neither.
        """
        flat = np.asarray(values, dtype=np.float64).ravel()
        known = _real_cosines(self.order)
        by_size = np.argsort(known)
        places = np.searchsorted(known[by_size], flat).clip(1, self.order - 1)
        below, above = by_size[places - 1], by_size[places]
        best = np.where(abs(known[below] - flat) < abs(known[above] - flat), below, above)
        whole = np.abs(flat - np.round(flat)) < _RECOGNISED
        if np.abs(known[best] - flat)[~whole].max(initial=0.0) > _RECOGNISED:
            raise IdentifiabilityError(f"a matrix element is no cosine of k/{self.order} turns")
        out = np.where(whole, np.round(flat).astype(np.int64), self.cosines()[best])
        return np.asarray(out % self.prime).reshape(np.shape(values))

    def characters(self, values: FloatArray) -> Integers:
        """Images of characters: integers, or sums −1, 0, 1 + 2 cos of the field."""
        out = np.round(values).astype(np.int64) % self.prime
        for i, v in np.ndenumerate(values):
            if abs(v - round(v)) > _RECOGNISED:
                out[i] = self._character(float(v))
        return out

    def _character(self, value: float) -> int:
        for shift in (0, 1, -1):
            half = (value - shift) / 2
            if np.abs(_real_cosines(self.order) - half).min() < _RECOGNISED:
                return int(2 * self.image(np.array([half]))[0] + shift) % self.prime
        raise IdentifiabilityError(f"character {value:g} is no cosine of k/{self.order} turns")


@lru_cache(maxsize=64)
def primes_for(order: int, count: int = 2) -> tuple[int, ...]:
    """The largest primes below 2³¹ − 1 that are 1 modulo an order.

    >>> primes_for(4)
    (2147483629, 2147483549)
    """
    out: list[int] = []
    candidate = (_LARGEST - 2) // order * order + 1
    while len(out) < count:
        if candidate < _LARGEST and _is_prime(candidate):
            out.append(candidate)
        candidate -= order
    return tuple(out)


def _is_prime(n: int) -> bool:
    """Miller and Rabin's test, exact below 3.2e9 with the bases 2, 3, 5, 7."""
    if n < 2 or any(n % q == 0 for q in (2, 3, 5, 7)):
        return n in (2, 3, 5, 7)
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def root_order(groups: Sequence[PointGroup]) -> int:
    """M such that all matrix elements and characters are sums of cosines of k/M turns."""
    order = 4
    for group in groups:
        letters = [2 * o.turn.denominator for o in group.operations]
        order = lcm(order, 20 if group.family[0] == "I" else 4, *letters)
        order = lcm(order, 4 * group.order if group.family[0] not in "TOI" else 12)
    return order


@lru_cache(maxsize=64)
def _real_cosines(order: int) -> FloatArray:
    return np.asarray(np.cos(2 * np.pi * np.arange(order) / order))


@lru_cache(maxsize=64)
def _cosines(p: int, order: int) -> Integers:
    factors = _prime_factors(order)
    roots = (pow(g, (p - 1) // order, p) for g in range(2, 1000))
    base = next(z for z in roots if all(pow(z, order // q, p) != 1 for q in factors))
    powers = [1]
    for _ in range(order - 1):
        powers.append(powers[-1] * base % p)
    half = pow(2, -1, p)
    out = np.array([(powers[k] + powers[-k]) * half % p for k in range(order)], dtype=np.int64)
    out.flags.writeable = False
    return out


def _prime_factors(n: int) -> list[int]:
    return [q for q in range(2, n + 1) if n % q == 0 and all(q % r for r in range(2, q))]
