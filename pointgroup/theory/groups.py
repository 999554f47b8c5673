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
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import GroupError
from .construction import ConjugacyClass, build
from .operations import FloatArray, Operation

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
_SYMBOL = re.compile(r"([cds])([0-9]{1,9})([vhd]?)")


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
        self._refuse_continuous("finite list of operations")
        return build(self).operations

    @property
    def classes(self) -> tuple[ConjugacyClass, ...]:
        """Conjugacy classes in textbook order."""
        self._refuse_continuous("finite classes")
        return build(self).classes

    @property
    def multiplication_table(self) -> NDArray[np.intp]:
        """(order, order) indices: entry [g, h] is the operation "h first, then g"."""
        self._refuse_continuous("multiplication table")
        return multiplication_table(operation_matrices(self))

    @property
    def character_table(self) -> CharacterTable | ContinuousTable:
        """Exact characters with Mulliken labels; complex-conjugate pairs merged into one E."""
        from .tables import table_of

        return table_of(self)

    def _refuse_continuous(self, what: str) -> None:
        if self.is_continuous:
            raise GroupError(f"{self.symbol} is a continuous group and has no {what}")


@lru_cache(maxsize=64)
def operation_matrices(group: PointGroup) -> FloatArray:
    """(order, 3, 3) matrices of all operations in the standard frame, read-only."""
    matrices = np.array([o.matrix for o in group.operations])
    matrices.flags.writeable = False
    return matrices


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
            f"no point group is called {_shortened(text)!r}: give a Schoenflies symbol such as "
            "C2v, D6h, S8, Td, Ih, C∞v (or Cinfv)"
        )
    return _axial(match[1].upper(), int(match[2]), match[3], text)


def _axial(letter: str, n: int, suffix: str, text: str) -> tuple[str, Family, int]:
    if n > MAX_ORDER_OF_AXIS:
        raise GroupError(f"{_shortened(text)}: axes up to n = {MAX_ORDER_OF_AXIS} are supported")
    if letter == "S":
        return _rotoreflection(n, text)
    degenerate: dict[str, Family] = {"C": "C1", "Cv": "Cs", "Ch": "Cs"}
    if n == 1 and letter == "C":
        family = degenerate[letter + suffix]
        return family, family, 1
    if n == 1:
        return {"": ("C2", "Cn", 2), "h": ("C2v", "Cnv", 2), "d": ("C2h", "Cnh", 2)}[suffix]  # type: ignore[return-value]
    return f"{letter}{n}{suffix}", f"{letter}n{suffix}", n  # type: ignore[return-value]


def _shortened(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else text[:39] + "…"


def _rotoreflection(n: int, text: str) -> tuple[str, Family, int]:
    if n % 2:
        return _axial("C", n, "h", text)
    if n == 2:
        return "Ci", "Ci", 1
    return f"S{n}", "S2n", n // 2
