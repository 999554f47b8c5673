"""From a set of approximate operations to a Schoenflies symbol.

Element orders are known exactly from the permutations, so each rotation angle is the
nearest multiple of 2π/order and no angle has to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import NoGroup
from ..theory.groups import PointGroup
from ..theory.operations import FloatArray, Indices
from .closure import PermutationGroup

Integers = NDArray[np.int64]

_BASE = 10_000
_MIRROR, _INVERSION = -1, -(_BASE + 2)
"""A reflection is improper with the angle 0/1, the inversion with 1/2 (see `_kinds`)."""


@dataclass(frozen=True, eq=False)
class Elements:
    """Approximate operations of one molecule, with what is known of them exactly.

    Attributes
    ----------
    group : PermutationGroup
    matrices : (M, 3, 3)
    numerators, denominators : (M,) int
        Rotation angles as fractions of a turn in lowest terms, between 0 and ½, in the
        convention of `operations`.
    """

    group: PermutationGroup
    matrices: FloatArray
    numerators: Integers
    denominators: Integers

    @classmethod
    def of(cls, group: PermutationGroup, matrices: FloatArray) -> Elements:
        """Snap the angles to the multiples that the orders of the elements allow."""
        orders = group.element_orders()
        cosines = (_traces(matrices) - group.signs) / 2
        angles = np.arccos(np.minimum(np.maximum(cosines, -1), 1))
        steps = np.rint(angles * orders / (2 * np.pi)).astype(np.int64)
        common = np.gcd(steps, orders)
        return cls(group, matrices, steps // common, orders // common)

    @property
    def signs(self) -> Integers:
        """(M,) determinants, +1 or −1."""
        return self.group.signs

    @cached_property
    def axes(self) -> FloatArray:
        """(M, 3) rotation axes (normals of mirror planes) up to sign; arbitrary for E and i."""
        return _rotation_axes(self.matrices * self.signs[:, None, None])

    @cached_property
    def unmoved(self) -> Indices:
        """(M,) number of atoms left in place."""
        permutations = self.group.permutations
        return np.asarray((permutations == permutations[0]).sum(axis=1))

    def where(self, *, improper: bool, numerator: int, denominator: int) -> Indices:
        """Indices of the elements with one rotation angle."""
        same = (self.numerators == numerator) & (self.denominators == denominator)
        return np.flatnonzero(same & (self.signs == (-1 if improper else 1)))

    @property
    def half_turns(self) -> Indices:
        """Indices of the C2."""
        return self.where(improper=False, numerator=1, denominator=2)

    @property
    def mirrors(self) -> Indices:
        """Indices of the mirror planes."""
        return self.where(improper=True, numerator=0, denominator=1)


def _traces(matrices: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("gii->g", matrices))  # several times as fast as np.trace


def _rotation_axes(proper: FloatArray) -> FloatArray:
    """(M, 3) axes of rotation matrices; arbitrary for the identity.

    Q + Qᵀ + (1 − tr Q)·1 is 2(1 − cos θ)·a aᵀ; its largest column is along the axis a.
    """
    traces = _traces(proper)
    dyads = proper + proper.swapaxes(1, 2) + (1 - traces)[:, None, None] * np.eye(3)
    largest = np.argmax(np.abs(np.diagonal(dyads, axis1=1, axis2=2)), axis=1)
    columns = dyads[np.arange(len(dyads)), :, largest]
    lengths = np.sqrt(np.einsum("ij,ij->i", columns, columns))
    columns[lengths < 1e-6] = (0.0, 0.0, 1.0)
    return np.asarray(columns / np.where(lengths < 1e-6, 1.0, lengths)[:, None])


def schoenflies(elements: Elements) -> PointGroup:
    """The point group that a closed set of operations forms.

    Raises
    ------
    NoGroup
        If the elements are not those of a point group.
    GroupError
        If the order of an axis is beyond what `PointGroup` supports.
    """
    kinds = _kinds(elements.numerators, elements.denominators, elements.signs)
    kinds.sort()
    return _group_of(tuple(kinds.tolist()))


def _kinds(numerators: Integers, denominators: Integers, signs: Integers) -> Integers:
    """One integer for each rotation angle and determinant."""
    return np.asarray((numerators * _BASE + denominators) * signs)


@lru_cache(maxsize=256)
def _group_of(kinds: tuple[int, ...]) -> PointGroup:
    """The group with these rotation angles and determinants, which no two groups share."""
    orders = [kind % _BASE for kind in kinds if kind > 0]
    symbol = _rotation_kind(len(orders), max(orders))
    if len(orders) < len(kinds):
        symbol = _with_improper(symbol, max(orders), kinds)
    group = PointGroup(symbol)
    if kinds != _expected_kinds(group):
        raise NoGroup(f"{len(kinds)} operations look like {group} but do not form that group")
    return group


def _expected_kinds(group: PointGroup) -> tuple[int, ...]:
    turns = [min(o.turn, 1 - o.turn) for o in group.operations]
    signs = np.array([-1 if o.improper else 1 for o in group.operations])
    numerators = np.array([t.numerator for t in turns])
    kinds = _kinds(numerators, np.array([t.denominator for t in turns]), signs)
    return tuple(sorted(kinds.tolist()))


def _rotation_kind(order: int, highest: int) -> str:
    if order == highest:
        return f"C{highest}"
    if (order, highest) in ((12, 3), (24, 4), (60, 5)):
        return {12: "T", 24: "O", 60: "I"}[order]
    if order == 2 * highest:
        return f"D{highest}"
    raise NoGroup(f"{order} rotations with a highest order of {highest} form no point group")


def _with_improper(rotations: str, n: int, kinds: tuple[int, ...]) -> str:
    """The group with these rotations and as many improper operations."""
    mirrors = kinds.count(_MIRROR)
    if rotations == "C1":
        return "Cs" if mirrors else "Ci"
    if rotations in ("T", "O", "I"):
        return rotations + ("h" if _INVERSION in kinds else "d")
    if rotations[0] == "D":  # n planes hold the axis; with σh there is one more
        return rotations + ("h" if mirrors > n else "d")
    return {0: f"S{2 * n}", 1: rotations + "h"}.get(mirrors, rotations + "v")


def principal_axis(elements: Elements) -> FloatArray:
    """Mean direction of the axis of highest order (of the S4 in D2d, of the plane in Cs)."""
    proper, orders = elements.signs > 0, elements.denominators
    # An S4 counts for more than a C2; a mirror plane only where there is nothing else; E and
    # i have no axis.
    ranks = np.where(proper, orders * 1.0, orders - 0.5)
    ranks[(proper & (orders == 1)) | (~proper & (elements.numerators * 2 == orders))] = 0
    best = int(np.argmax(ranks))
    cosines = elements.axes @ elements.axes[best]
    aligned = (ranks == ranks[best]) & (np.abs(cosines) > 0.99)
    total = np.sign(cosines[aligned]) @ elements.axes[aligned]
    return np.asarray(total / np.sqrt(total @ total))
