"""From a set of approximate operations to a Schoenflies symbol.

Element orders are known exactly from the permutations, so each rotation angle is the
nearest multiple of 2π/order and no angle has to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import NoGroup
from ..theory.groups import PointGroup
from ..theory.operations import FloatArray, Indices
from .closure import PermutationGroup

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Elements:
    """Approximate operations of one molecule, with what is known of them exactly.

    Attributes
    ----------
    matrices : (M, 3, 3)
    signs : (M,) int, determinants
    numerators, denominators : (M,) int
        Rotation angles as fractions of a turn in lowest terms, between 0 and ½, in the
        convention of `operations`.
    axes : (M, 3)
        Rotation axes (normals of mirror planes) up to sign; arbitrary for E and i.
    unmoved : (M,) int
        Number of atoms left in place.
    """

    matrices: FloatArray
    signs: Integers
    numerators: Integers
    denominators: Integers
    axes: FloatArray
    unmoved: Indices

    @classmethod
    def of(cls, group: PermutationGroup, matrices: FloatArray) -> Elements:
        """Snap the angles to the multiples that the orders of the elements allow."""
        signs, orders = group.signs, group.element_orders()
        unmoved = (group.permutations == group.permutations[0]).sum(axis=1)
        cosines = (np.trace(matrices, axis1=1, axis2=2) - signs) / 2
        angles = np.arccos(np.clip(cosines, -1, 1))
        steps = np.rint(angles * orders / (2 * np.pi)).astype(np.int64)
        common = np.gcd(steps, orders)
        axes = _rotation_axes(matrices * signs[:, None, None])
        return cls(matrices, signs, steps // common, orders // common, axes, unmoved)

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

    @property
    def has_inversion(self) -> bool:
        """Whether i is among them."""
        return bool(len(self.where(improper=True, numerator=1, denominator=2)))


def _rotation_axes(proper: FloatArray) -> FloatArray:
    """(M, 3) axes of rotation matrices; arbitrary for the identity.

    Q + Qᵀ + (1 − tr Q)·1 is 2(1 − cos θ)·a aᵀ; its largest column is along the axis a.
    """
    traces = np.trace(proper, axis1=1, axis2=2)
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
    order, proper = len(elements.signs), elements.signs > 0
    n_rotations, highest = int(proper.sum()), int(elements.denominators[proper].max())
    kind = _rotation_kind(n_rotations, highest)
    group = PointGroup(kind if order == n_rotations else _with_improper(kind, highest, elements))
    found = np.sort(_kinds(elements.numerators, elements.denominators, elements.signs))
    if not np.array_equal(found, _expected_kinds(group)):
        raise NoGroup(f"{order} operations look like {group} but do not form that group")
    return group


def _kinds(numerators: Integers, denominators: Integers, signs: Integers) -> Integers:
    """One integer for each rotation angle and determinant."""
    return np.asarray((numerators * 10_000 + denominators) * signs)


@lru_cache(maxsize=64)
def _expected_kinds(group: PointGroup) -> Integers:
    turns = [min(o.turn, 1 - o.turn) for o in group.operations]
    signs = np.array([-1 if o.improper else 1 for o in group.operations])
    numerators = np.array([t.numerator for t in turns])
    return np.sort(_kinds(numerators, np.array([t.denominator for t in turns]), signs))


def _rotation_kind(order: int, highest: int) -> str:
    if order == highest:
        return f"C{highest}"
    if (order, highest) in ((12, 3), (24, 4), (60, 5)):
        return {12: "T", 24: "O", 60: "I"}[order]
    if order == 2 * highest:
        return f"D{highest}"
    raise NoGroup(f"{order} rotations with a highest order of {highest} form no point group")


def _with_improper(kind: str, n: int, elements: Elements) -> str:
    """The group with the rotations ``kind`` and as many improper operations."""
    inversion, mirrors = elements.has_inversion, elements.mirrors
    if kind == "C1":
        return "Ci" if inversion else "Cs"
    if kind in ("T", "O", "I"):
        return kind + ("h" if inversion else "d")
    if kind == "D2":
        return "D2h" if inversion else "D2d"
    z = principal_axis(elements)
    horizontal = any(abs(elements.axes[m] @ z) > 0.7 for m in mirrors)
    if kind[0] == "D":
        return kind + ("h" if horizontal else "d")
    if not len(mirrors):
        return f"S{2 * n}"
    return kind + ("h" if horizontal else "v")


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
