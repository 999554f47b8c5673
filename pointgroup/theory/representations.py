"""Representations as values: sums of irreps with the algebra of direct sums and products.

The same code serves finite groups (`CharacterTable`) and C∞v, D∞h, Kh (`ContinuousTable`):
each table knows how to multiply its class functions and how to take χ(gᵏ), and powers of a
representation follow from Newton's identities.

Source: M. Hamermesh, *Group Theory and Its Application to Physical Problems* (1962),
section 5-8 (symmetrised powers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GroupError, NotARepresentation
from .characters import Irrep
from .cyclotomic import IntArray

if TYPE_CHECKING:
    from .characters import CharacterTable
    from .continuous import ContinuousTable
    from .groups import PointGroup

_TERM = re.compile(r"\s*(\d*)\s*([^\s\d].*?)\s*")


@dataclass(frozen=True, slots=True, eq=False)
class Representation:
    """A direct sum of irreps of one group.

    Supports ``+`` (direct sum), ``-`` (removal of a part), ``*`` with an integer or with
    another representation (direct product), ``in``, and the symmetric and antisymmetric
    powers. ``str`` prints it and `parse` reads it back.

    Attributes
    ----------
    table : CharacterTable or ContinuousTable
    terms : tuple of (Irrep, int)
        Irreps that occur, with their multiplicities, in the order of the table.

    Examples
    --------
    >>> from spektron.pointgroup import PointGroup
    >>> e = Representation.parse(PointGroup("C3v").character_table, "E")
    >>> print(e * e, "|", e.symmetric_power(2), "|", e.antisymmetric_power(2))
    A1 + A2 + E | A1 + E | A2
    """

    table: CharacterTable | ContinuousTable
    terms: tuple[tuple[Irrep, int], ...]

    @classmethod
    def of(
        cls, table: CharacterTable | ContinuousTable, terms: Iterable[tuple[Irrep, int]]
    ) -> Representation:
        """Collect (irrep, multiplicity) pairs, dropping those that do not occur.

        Raises
        ------
        NotARepresentation
            If a multiplicity is negative in all.
        """
        counts: dict[Irrep, int] = {}
        for irrep, count in terms:
            counts[irrep] = counts.get(irrep, 0) + int(count)
        if negative := [i.label for i, m in counts.items() if m < 0]:
            raise NotARepresentation(f"negative multiplicity of {', '.join(negative)}")
        kept = [(i, m) for i, m in counts.items() if m]
        return cls(table, tuple(sorted(kept, key=lambda t: table.index(t[0]))))

    @classmethod
    def parse(cls, table: CharacterTable | ContinuousTable, text: str) -> Representation:
        """Read ``"2A1 + B2"``.

        Raises
        ------
        GroupError
            If a term is not a multiple of an irrep of the group.
        """
        terms: list[tuple[Irrep, int]] = []
        if text.strip() == "0":
            return cls(table, ())
        for part in re.split(r"\s\+\s|\+(?=\d*[A-ZΓΔΛΠΣΦ¹²])", text):
            match = _TERM.fullmatch(part)
            if match is None:
                raise GroupError(f"cannot read {part!r} as an irrep of {table.group}")
            terms.append((table[match[2]], int(match[1] or 1)))
        return cls.of(table, terms)

    @property
    def group(self) -> PointGroup:
        """The point group."""
        return self.table.group

    @property
    def dimension(self) -> int:
        """Σ multiplicity × dimension of the irrep."""
        return sum(m * i.dimension for i, m in self.terms)

    @property
    def character(self) -> IntArray:
        """The character, as a class function of the table."""
        return np.asarray(self.table.character(self))

    @property
    def irreps(self) -> tuple[Irrep, ...]:
        """The irreps that occur at least once."""
        return tuple(i for i, _ in self.terms)

    def multiplicity(self, irrep: Irrep | str) -> int:
        """How often an irrep occurs."""
        return dict(self.terms).get(self.table[str(irrep)], 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Representation):
            return NotImplemented
        return self.group == other.group and self.terms == other.terms

    def __hash__(self) -> int:
        return hash((self.group, self.terms))

    def __contains__(self, irrep: Irrep | str) -> bool:
        return self.multiplicity(irrep) > 0

    def __add__(self, other: Representation) -> Representation:
        if not isinstance(other, Representation):
            return NotImplemented
        self._same_group(other)
        return Representation.of(self.table, (*self.terms, *other.terms))

    def __sub__(self, other: Representation) -> Representation:
        if not isinstance(other, Representation):
            return NotImplemented
        self._same_group(other)
        return Representation.of(self.table, (*self.terms, *((i, -m) for i, m in other.terms)))

    def __mul__(self, other: Representation | int) -> Representation:
        if isinstance(other, int | np.integer):
            return Representation.of(self.table, ((i, int(other) * m) for i, m in self.terms))
        if not isinstance(other, Representation):
            return NotImplemented
        self._same_group(other)
        return self._decompose(self.table.multiply(self.character, other.character))

    __rmul__ = __mul__

    def symmetric_power(self, k: int) -> Representation:
        """Symᵏ, the symmetrised k-fold product; the (k−1)th overtone of a degenerate mode."""
        return self._power(k, sign=1)

    def antisymmetric_power(self, k: int) -> Representation:
        """Λᵏ, the antisymmetrised k-fold product."""
        return self._power(k, sign=-1)

    def _power(self, k: int, *, sign: int) -> Representation:
        """Newton: k·h_k = Σ_{j=1..k} (±1)^{j−1} χ(gʲ)·h_{k−j}, and h_0 = 1."""
        if k < 0:
            raise GroupError(f"a power of a representation is 0, 1, 2 …, not {k}")
        table, chi = self.table, self.character
        h = [table.trivial]
        for order in range(1, k + 1):
            total = np.zeros_like(h[0])
            for j in range(1, order + 1):
                term = table.multiply(table.adams(chi, j), h[order - j])
                total = table.add(total, sign ** (j - 1) * term)
            h.append(total // order)
        return self._decompose(h[k])

    def _decompose(self, chi: IntArray) -> Representation:
        out: Representation = self.table.decompose(chi)
        return out

    def _same_group(self, other: Representation) -> None:
        if self.group != other.group:
            raise GroupError(f"{self} is of {self.group} and {other} of {other.group}")

    def __str__(self) -> str:
        return " + ".join((str(m) if m > 1 else "") + i.label for i, m in self.terms) or "0"

    def __repr__(self) -> str:
        return f"Representation({self.group}: {self})"
