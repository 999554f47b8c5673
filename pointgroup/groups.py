"""Every molecular point group, its operations and its conjugacy classes.

Groups are built, not listed. The axial ones are a cyclic or dihedral group, times
{E, i} or {E, σh} where they contain that factor; the polyhedral ones are the closure of
two rotations. Standard axes (Mulliken 1955, IUPAC 1997):

- the principal axis is z; for D2 and D2h the three twofold axes are x, y, z;
- Cnv: the first σv is the xz plane; the σv (even n) are its images under Cn, the σd lie
  between; C2v has σv(xz) and σv'(yz);
- Dn, Dnh, Dnd: the first C2' is the x axis; for even n the C2'' lie between the C2'. In
  Dnh a vertical plane that contains C2' axes is σv, one that contains C2'' axes is σd;
- T, Td, Th, O, Oh: the C2 of T (the S4 of Td, the C4 of O) are x, y, z; C3 is (1, 1, 1);
- I, Ih: x, y, z are C2 axes and a C5 axis points along (0, 1, φ), φ the golden ratio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import GroupError
from .operations import FloatArray, Operation, exponent, make_operation, operation_label

if TYPE_CHECKING:
    from .characters import CharacterTable
    from .continuous import ContinuousTable

MAX_ORDER_OF_AXIS = 200
"""Largest n accepted in Cn … Dnd; the tables grow as n³."""

Family = Literal[
    "C1", "Cs", "Ci", "Cn", "Cnv", "Cnh", "Dn", "Dnh", "Dnd", "S2n",
    "T", "Td", "Th", "O", "Oh", "I", "Ih", "C∞v", "D∞h", "Kh",
]  # fmt: skip
_FIXED: dict[str, Family] = {
    "c1": "C1", "cs": "Cs", "ci": "Ci", "t": "T", "td": "Td", "th": "Th",
    "o": "O", "oh": "Oh", "i": "I", "ih": "Ih", "kh": "Kh",
}  # fmt: skip
_INFINITY = re.compile(r"∞|\*|inf(inity)?|oo")
_SYMBOL = re.compile(r"([cds])(\d+)([vhd]?)")

X, Y, Z = np.eye(3)


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


@dataclass(frozen=True, slots=True, init=False)
class PointGroup:
    """A molecular point group, named by its Schoenflies symbol.

    ``str(group)`` is the standard symbol and parses back. Accepted besides it: any case,
    ``C*v``, ``Cinfv``, ``D∞h``, and the old names of small groups (``S2`` is Ci, ``C1h``
    is Cs, ``D1d`` is C2h, ``S3`` is C3h).

    Raises
    ------
    GroupError
        If the symbol names no molecular point group, or n exceeds 200.

    Examples
    --------
    >>> group = PointGroup("D6h")
    >>> group.order, [c.label for c in group.classes][:6]
    (24, ['E', '2C6', '2C3', 'C2', "3C2'", "3C2''"])
    """

    symbol: str
    family: Family
    n: int

    def __init__(self, symbol: str | PointGroup) -> None:
        name, family, n = _parse(str(symbol))
        object.__setattr__(self, "symbol", name)
        object.__setattr__(self, "family", family)
        object.__setattr__(self, "n", n)

    def __str__(self) -> str:
        return self.symbol

    def __repr__(self) -> str:
        return f"PointGroup({self.symbol!r})"

    @property
    def is_continuous(self) -> bool:
        """True for C∞v, D∞h (linear molecules) and Kh (atoms)."""
        return self.family in ("C∞v", "D∞h", "Kh")

    @property
    def is_linear(self) -> bool:
        """True for C∞v and D∞h."""
        return self.family in ("C∞v", "D∞h")

    @property
    def has_inversion(self) -> bool:
        """True when the group contains the inversion i (is centrosymmetric)."""
        if self.is_continuous:
            return self.family != "C∞v"
        return any(o.improper and o.turn == Fraction(1, 2) for o in self.operations)

    @property
    def is_chiral(self) -> bool:
        """True when the group has proper rotations only, so that the molecule is chiral."""
        return self.family in ("C1", "Cn", "Dn", "T", "O", "I")

    @property
    def order(self) -> int:
        """Number of operations.

        Raises
        ------
        GroupError
            For C∞v, D∞h and Kh, which have infinitely many.
        """
        return len(self.operations)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, E first, in the order of the classes of the textbook table."""
        self._refuse_continuous("a finite list of operations")
        return _build(self).operations

    @property
    def classes(self) -> tuple[ConjugacyClass, ...]:
        """Conjugacy classes in textbook order."""
        self._refuse_continuous("finite classes")
        return _build(self).classes

    @property
    def multiplication_table(self) -> NDArray[np.intp]:
        """(order, order) indices: entry [g, h] is the operation "h first, then g"."""
        self._refuse_continuous("a multiplication table")
        return multiplication_table(np.array([o.matrix for o in self.operations]))

    @property
    def character_table(self) -> CharacterTable | ContinuousTable:
        """Exact characters with Mulliken labels; complex-conjugate pairs merged into one E."""
        from .tables import table_of

        return table_of(self)

    def _refuse_continuous(self, what: str) -> None:
        if self.is_continuous:
            raise GroupError(f"{self.symbol} is a continuous group and has no {what}")


def multiplication_table(matrices: FloatArray) -> NDArray[np.intp]:
    """Products of the (order, 3, 3) matrices of a group, as (order, order) indices.

    Raises
    ------
    GroupError
        If the matrices are not closed under multiplication.
    """
    probe_left, probe_right = np.array([0.3819, 0.7653, 0.5177]), np.array([0.5437, 0.2871, 0.7887])
    keys = probe_left @ (matrices @ probe_right).T
    sorting = np.argsort(keys)
    left = probe_left @ matrices
    products = left @ (matrices @ probe_right).T
    place = np.searchsorted(keys[sorting], products.ravel() - 1e-9)
    found = sorting[np.minimum(place, len(keys) - 1)].reshape(products.shape)
    if np.abs(keys[found] - products).max() > 1e-8:
        raise GroupError("these matrices are not closed under multiplication")
    return np.asarray(found)


def _parse(text: str) -> tuple[str, Family, int]:
    compact = _INFINITY.sub("∞", text.strip().lower())
    if compact in _FIXED:
        family = _FIXED[compact]
        return family, family, 1
    if compact in ("c∞v", "d∞h"):
        infinite: Family = "C∞v" if compact[0] == "c" else "D∞h"
        return infinite, infinite, 0
    match = _SYMBOL.fullmatch(compact)
    if match is None or int(match[2]) < 1 or match[1] + match[3] in ("cd", "dv", "sv", "sh", "sd"):
        raise GroupError(
            f"no point group is called {text!r}: give a Schoenflies symbol such as "
            "C2v, D6h, S8, Td, Ih, C∞v (or Cinfv)"
        )
    return _axial(match[1].upper(), int(match[2]), match[3], text)


def _axial(letter: str, n: int, suffix: str, text: str) -> tuple[str, Family, int]:
    if n > MAX_ORDER_OF_AXIS:
        raise GroupError(f"{text}: axes up to n = {MAX_ORDER_OF_AXIS} are supported, not {n}")
    if letter == "S":
        return _rotoreflection(n, text)
    degenerate: dict[str, Family] = {"C": "C1", "Cv": "Cs", "Ch": "Cs"}
    if n == 1 and letter == "C":
        family = degenerate[letter + suffix]
        return family, family, 1
    if n == 1:
        return {"": ("C2", "Cn", 2), "h": ("C2v", "Cnv", 2), "d": ("C2h", "Cnh", 2)}[suffix]  # type: ignore[return-value]
    return f"{letter}{n}{suffix}", f"{letter}n{suffix}", n  # type: ignore[return-value]


def _rotoreflection(n: int, text: str) -> tuple[str, Family, int]:
    if n % 2:
        return _axial("C", n, "h", text)
    if n == 2:
        return "Ci", "Ci", 1
    return f"S{n}", "S2n", n // 2


@dataclass(frozen=True, slots=True)
class _Built:
    operations: tuple[Operation, ...]
    classes: tuple[ConjugacyClass, ...]


@lru_cache(maxsize=64)
def _build(group: PointGroup) -> _Built:
    """Operations class by class, in textbook order, named as textbooks name them."""
    blocks = _classes_of_base(group)
    if factor := direct_factor(group):
        blocks += [[_times(factor, o, group) for o in block] for block in blocks]
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


def _dihedral(n: int, *, mirrors: bool = False, rotoreflection: bool = False) -> list[list[Operation]]:
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
        return make_operation(np.array([-np.sin(angle), np.cos(angle), 0.0]), Fraction(0), improper=True)
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
    axis = np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]])
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
        case ("O" | "Oh"), "C2" if diagonal:
            return "C2'"
        case ("Td" | "Oh"), "σ" if diagonal:
            return "σd"
        case ("Oh" | "Th"), "σ":
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


def _assemble(blocks: list[list[Operation]]) -> _Built:
    operations: list[Operation] = []
    classes = []
    for block in blocks:
        members = tuple(range(len(operations), len(operations) + len(block)))
        operations += block
        first = min(block, key=lambda o: exponent(o.turn, improper=o.improper))
        count = str(len(block)) if len(block) > 1 else ""
        classes.append(ConjugacyClass(count + first.label, members, first))
    return _Built(tuple(operations), tuple(classes))

