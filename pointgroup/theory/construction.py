"""Operations and classes of a point group, made from its family and n in textbook order.

The axial groups are a cyclic or dihedral group, times {E, i} or {E, σh} where they contain
that factor; the polyhedral ones are the closure of two rotations. `groups` documents the
axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from .operations import FloatArray, Operation, exponent, make_operation, operation_label

if TYPE_CHECKING:
    from .groups import Family, PointGroup

Z = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class ConjugacyClass:
    """A set of mutually conjugate operations.

    Attributes
    ----------
    label : str
        As printed over its column: ``2C3``, ``σh``, ``3C2'``.
    members : tuple of int
        Indices into the operations of the group.
    representative : Operation
    """

    label: str
    members: tuple[int, ...]
    representative: Operation

    @property
    def size(self) -> int:
        """Number of operations in the class."""
        return len(self.members)


@dataclass(frozen=True, slots=True)
class BuiltGroup:
    """Operations and classes of a group, in textbook order."""

    operations: tuple[Operation, ...]
    classes: tuple[ConjugacyClass, ...]


@lru_cache(maxsize=64)
def build(group: PointGroup) -> BuiltGroup:
    """Operations class by class, in textbook order, named as textbooks name them."""
    blocks = _classes_of_base(group)
    if factor := direct_factor(group):
        products = [[_times(factor, o, group) for o in block] for block in blocks]
        if group.family == "Ih":  # textbooks print 12S10 before 12S10³
            products[1], products[2] = products[2], products[1]
        blocks += products
    return _assemble([_named(block, group) for block in blocks])


def direct_factor(group: PointGroup) -> Literal["i", "σh"] | None:
    """The two-element factor that the group is built with: ``i``, ``σh`` or none."""
    odd = group.n % 2 == 1
    match group.family:
        case "Ci" | "Th" | "Oh" | "Ih":
            return "i"
        case "Cs":
            return "σh"
        case "Cnh" | "Dnh":
            return "σh" if odd else "i"
        case "S2n" | "Dnd":
            return "i" if odd else None
        case _:
            return None


def _classes_of_base(group: PointGroup) -> list[list[Operation]]:
    n, bare = group.n, direct_factor(group) is None
    match group.family:
        case "C1" | "Cs" | "Ci" | "Cn" | "Cnh":
            return _cyclic(n)
        case "S2n":
            return _cyclic(2 * n, rotoreflection=True) if bare else _cyclic(n)
        case "Dn" | "Dnh" | "Cnv":
            return _dihedral(n, mirrors=group.family == "Cnv")
        case "Dnd":
            return _dihedral(2 * n, rotoreflection=True) if bare else _dihedral(n)
        case _:
            return _polyhedral(group.family)


def _principal(k: int, n: int, *, rotoreflection: bool) -> Operation:
    """The k-th power of the generator Cn (or Sn) about z."""
    return make_operation(Z, Fraction(k, n), improper=rotoreflection and k % 2 == 1)


def _cyclic(n: int, *, rotoreflection: bool = False) -> list[list[Operation]]:
    return [[_principal(k, n, rotoreflection=rotoreflection)] for k in range(n)]


def _dihedral(
    n: int, *, mirrors: bool = False, rotoreflection: bool = False
) -> list[list[Operation]]:
    """Classes of Dn, of Cnv (``mirrors``) or, with n even, of D(n/2)d (``rotoreflection``)."""
    blocks = [
        [_principal(k, n, rotoreflection=rotoreflection) for k in sorted({j, -j % n})]
        for j in range(n // 2 + 1)
    ]
    step = 2 if n % 2 == 0 else 1
    y_before_x = n == 2 and not mirrors  # D2 and D2h print C2(z) C2(y) C2(x)
    for parity in reversed(range(step)) if y_before_x else range(step):
        mirror = mirrors or (rotoreflection and parity == 1)
        turns = [Fraction(j, 2 * n) for j in range(parity, n, step)]
        blocks.append([_lateral(t, mirror=mirror) for t in turns])
    return blocks


def _lateral(turn: Fraction, *, mirror: bool) -> Operation:
    """C2 about the horizontal axis at angle ``turn`` from x, or the mirror plane through it."""
    angle = 2 * np.pi * float(turn)
    if mirror:
        return make_operation(
            np.array([-np.sin(angle), np.cos(angle), 0.0]), Fraction(0), improper=True
        )
    return make_operation(np.array([np.cos(angle), np.sin(angle), 0.0]), Fraction(1, 2))


def _times(factor: Literal["i", "σh"], operation: Operation, group: PointGroup) -> Operation:
    """Product of a rotation with the inversion, or with σh of an axial group."""
    half = Fraction(1, 2)
    axis = Z if operation.axis is None else operation.axis
    if factor == "i" or abs(axis[2]) > 0.5:
        turn = operation.turn + (half if factor == "i" else 0)
        return make_operation(axis, turn, improper=True)
    return make_operation(np.cross(Z, axis), Fraction(0), improper=True)


_GOLDEN = (1 + 5**0.5) / 2


def _polyhedral(family: Family) -> list[list[Operation]]:
    """Rotations of T, O or I by class; for Td, O with its improper half turned into S4, σd."""
    kind = family[0]
    if kind == "T" and family == "Td":
        kind = "O"
    rotations = [_recognised(m, family) for m in _closure(_generators(kind))]
    if family == "Td":
        rotations = [_td_partner(o) for o in rotations]
    labels = _POLYHEDRAL_ORDER["Td" if family == "Td" else kind]
    return [[o for o in rotations if _class_key(o, kind, family) == key] for key in labels]


_POLYHEDRAL_ORDER = {
    "T": ("E", "C3", "C3²", "C2"),
    "O": ("E", "C3", "C2", "C4", "C2'"),
    "Td": ("E", "C3", "C2", "S4", "σ"),
    "I": ("E", "C5", "C5²", "C3", "C2"),
}


def _generators(kind: str) -> list[FloatArray]:
    threefold = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    second = {
        "T": make_operation(Z, Fraction(1, 2)),
        "O": make_operation(Z, Fraction(1, 4)),
        "I": make_operation(np.array([0.0, 1.0, _GOLDEN]) / np.hypot(1, _GOLDEN), Fraction(1, 5)),
    }[kind]
    return [threefold, second.matrix]


def _closure(generators: list[FloatArray]) -> list[FloatArray]:
    found, new = [np.eye(3)], [np.eye(3)]
    while new:
        candidates = [g @ m for m, g in product(new, generators)]
        new = []
        for c in candidates:
            if min(np.abs(c - f).max() for f in found) > 1e-6:
                found.append(c)
                new.append(c)
    return found


def _recognised(matrix: FloatArray, family: Family) -> Operation:
    """A polyhedral rotation matrix as an operation with its axis and angle."""
    cosine = np.clip((np.trace(matrix) - 1) / 2, -1, 1)
    turn = Fraction(float(np.arccos(cosine) / (2 * np.pi))).limit_denominator(5)
    if turn == 0:
        return make_operation(Z, turn)
    if turn == Fraction(1, 2):
        axis = _first_positive(_eigenaxis(matrix))
        return make_operation(axis, turn)
    axis = np.array(
        [matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]
    )
    axis /= np.linalg.norm(axis)
    # T and Th have two classes of C3: their axes point to the corners of one tetrahedron.
    forward = np.prod(axis) > 0 if family in ("T", "Th") else _first_positive(axis) @ axis > 0
    return make_operation(axis if forward else -axis, turn if forward else 1 - turn)


def _eigenaxis(half_turn: FloatArray) -> FloatArray:
    column = (half_turn + np.eye(3))[:, np.argmax(np.diag(half_turn))]
    return np.asarray(column / np.linalg.norm(column))


def _first_positive(axis: FloatArray) -> FloatArray:
    """±axis with the last component that is not zero positive (z, then y, then x)."""
    leading = next(c for c in axis[::-1] if abs(c) > 1e-9)
    return axis if leading > 0 else -axis


def _td_partner(operation: Operation) -> Operation:
    """Td from O: the C4 and C2' are multiplied by i and become S4 and σd."""
    if operation.turn.denominator == 4 or _is_diagonal_twofold(operation):
        return make_operation(
            operation.axis if operation.axis is not None else Z,
            operation.turn + Fraction(1, 2),
            improper=True,
        )
    return operation


def _is_diagonal_twofold(operation: Operation) -> bool:
    """True for the C2' of O, whose axes bisect two coordinate axes."""
    return (
        operation.turn == Fraction(1, 2)
        and operation.axis is not None
        and np.abs(operation.axis).max() < 0.9
    )


def _class_key(operation: Operation, kind: str, family: Family) -> str:
    t = operation.turn if kind == "T" else min(operation.turn, 1 - operation.turn)
    if kind == "O" and not operation.improper and _is_diagonal_twofold(operation):
        return "C2'"
    if operation.improper and t.denominator == 4:
        return "S4"
    return operation_label(t % 1, improper=operation.improper)


def _named(block: list[Operation], group: PointGroup) -> list[Operation]:
    return [_renamed(o, _textbook_name(o, group)) for o in block]


def _renamed(o: Operation, label: str) -> Operation:
    return o if label == o.label else Operation(label, o.matrix, o.axis, o.turn, o.improper)


def _textbook_name(o: Operation, group: PointGroup) -> str:
    mirror, half_turn = o.label == "σ", o.label == "C2"
    if not (mirror or half_turn) or o.axis is None:
        return o.label
    if group.family[0] in "TOI":
        return _polyhedral_name(o, group)
    vertical = abs(o.axis[2]) > 0.5
    if group.symbol in ("D2", "D2h"):
        return f"{o.label}({_axis_letters(o.axis, mirror)})"
    if vertical:
        return "σh" if mirror else "C2"
    if group.symbol == "C2v":
        return "σv(xz)" if abs(o.axis[1]) > 0.5 else "σv'(yz)"
    return _lateral_name(o.axis, mirror, group)


def _polyhedral_name(o: Operation, group: PointGroup) -> str:
    diagonal = o.axis is not None and 0.6 < np.abs(o.axis).max() < 0.9
    match group.family, o.label:
        case (("O" | "Oh"), "C2") if diagonal:
            return "C2'"
        case (("Td" | "Oh"), "σ") if diagonal:
            return "σd"
        case (("Oh" | "Th"), "σ"):
            return "σh"
        case _:
            return o.label


def _axis_letters(axis: FloatArray, mirror: bool) -> str:
    letter = "xyz"[int(np.argmax(np.abs(axis)))]
    return "xyz".replace(letter, "") if mirror else letter


def _lateral_name(axis: FloatArray, mirror: bool, group: PointGroup) -> str:
    """σv or σd, C2' or C2'': by the angle from x in units of π/n (π/2n for Dnd)."""
    if group.family == "Dnd":
        return "σd" if mirror else ("C2'" if group.n % 2 == 0 else "C2")
    if group.n % 2:
        return "σv" if mirror else "C2"
    angle = np.arctan2(axis[1], axis[0]) + (np.pi / 2 if mirror else 0)
    between = round(angle * group.n / np.pi) % 2 == 1
    return ("σd" if between else "σv") if mirror else ("C2''" if between else "C2'")


def _assemble(blocks: list[list[Operation]]) -> BuiltGroup:
    operations: list[Operation] = []
    classes = []
    for block in blocks:
        members = tuple(range(len(operations), len(operations) + len(block)))
        operations += block
        first = min(block, key=lambda o: exponent(o.turn, improper=o.improper))
        count = str(len(block)) if len(block) > 1 else ""
        classes.append(ConjugacyClass(count + first.label, members, first))
    return BuiltGroup(tuple(operations), tuple(classes))
