"""Exact character tables: the value, and the algebra of its class functions.

A class function is an integer array (n_class, φ(n)): one cyclotomic integer per class.
`tables` builds the tables and documents the labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import GroupError, NotARepresentation
from .construction import ConjugacyClass
from .cyclotomic import CyclotomicRing, IntArray
from .groups import PointGroup

if TYPE_CHECKING:
    from .representations import Representation


@dataclass(frozen=True, slots=True)
class Irrep:
    """An irreducible representation over the real numbers.

    Attributes
    ----------
    label : str
        Mulliken symbol. A pair of complex-conjugate representations is one E here; its
        halves, in a separated table, are ¹E and ²E.
    dimension : int
    indicator : int
        Frobenius–Schur indicator of the complex representation: 1 real, 0 one of a
        complex-conjugate pair. (−1 does not occur in point groups.)
    """

    label: str
    dimension: int
    indicator: int

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, eq=False)
class CharacterTable:
    """Irreducible characters of a finite point group, one row per irrep, exactly.

    Attributes
    ----------
    group : PointGroup
    ring : CyclotomicRing
        Where the characters live.
    irreps : tuple of Irrep, n_irrep
    characters : (n_irrep, n_class, φ(n)) int
        Coordinates on powers of the root of unity; `values` gives floats.
    norms : (n_irrep,) int
        ⟨χ, χ⟩: 1, or 2 for a merged pair of complex-conjugate representations.

    Examples
    --------
    >>> print(PointGroup("D2d").character_table)
    D2d │ E 2S4 C2 2C2' 2σd │
    ────┼───────────────────┼─...
    A1  │ 1   1  1    1   1 │ x²+y², z²; xyz
    A2  │ 1   1  1   -1  -1 │ Rz; z(x²−y²)
    B1  │ 1  -1  1    1  -1 │ x²−y²
    B2  │ 1  -1  1   -1   1 │ z; xy; z³, z(x²+y²)
    E   │ 2   0 -2    0   0 │ (x, y), (Rx, Ry); (xz, yz); ...
    """

    group: PointGroup
    ring: CyclotomicRing
    irreps: tuple[Irrep, ...]
    characters: IntArray
    norms: IntArray

    @property
    def classes(self) -> tuple[ConjugacyClass, ...]:
        """Conjugacy classes, one per column."""
        return self.group.classes

    @property
    def class_sizes(self) -> IntArray:
        """(n_class,) number of operations in each class."""
        return np.array([c.size for c in self.classes], dtype=np.int64)

    @property
    def order(self) -> int:
        """Number of operations of the group."""
        return int(self.class_sizes.sum())

    @property
    def values(self) -> np.ndarray[Any, Any]:
        """(n_irrep, n_class) characters as floats (complex in a separated table)."""
        out = self.ring.to_complex(self.characters)
        return out if np.abs(out.imag).max() > 1e-9 else out.real

    def __getitem__(self, label: str) -> Irrep:
        """The irrep with this Mulliken label."""
        return self.irreps[self.index(label)]

    def index(self, irrep: Irrep | str) -> int:
        """Row of an irrep.

        Raises
        ------
        GroupError
            If the group has no irrep with this label.
        """
        for row, known in enumerate(self.irreps):
            if known.label == str(irrep):
                return row
        labels = ", ".join(i.label for i in self.irreps)
        raise GroupError(f"{self.group} has no irrep {irrep}: it has {labels}")

    def character(self, representation: Representation) -> IntArray:
        """Character (n_class, φ(n)) of a sum of irreps."""
        chi = np.zeros((len(self.classes), self.ring.degree), dtype=np.int64)
        for irrep, count in representation.terms:
            chi += count * self.characters[self.index(irrep)]
        return chi

    @property
    def trivial(self) -> IntArray:
        """Character of the totally symmetric irrep."""
        return np.asarray(self.characters[0])

    def representation(self, text: str) -> Representation:
        """Read a sum of irreps such as ``"2A1 + B2"``."""
        from .representations import Representation

        return Representation.parse(self, text)

    def add(self, a: IntArray, b: IntArray) -> IntArray:
        """Character of a direct sum."""
        return a + b

    def multiply(self, a: IntArray, b: IntArray) -> IntArray:
        """Character of a direct product from the characters of its factors."""
        return self.ring.multiply(a, b)

    def adams(self, chi: IntArray, k: int) -> IntArray:
        """The class function g ↦ χ(gᵏ)."""
        return np.asarray(chi[power_map(self.group, k)])

    @property
    def vector(self) -> IntArray:
        """(n_class, φ(n)) character of x, y, z."""
        return vector_character(self.group, self.ring)

    @property
    def axial_vector(self) -> IntArray:
        """(n_class, φ(n)) character of the rotations Rx, Ry, Rz."""
        signs = np.array([-1 if c.representative.improper else 1 for c in self.classes])
        return np.asarray(signs[:, None] * self.vector)

    def multiplicities(self, chi: ArrayLike) -> IntArray:
        """(n_irrep,) how often each irrep occurs in the representation with character ``chi``.

        Parameters
        ----------
        chi : (n_class,) ordinary integers or (n_class, φ(n)) ring elements

        Raises
        ------
        NotARepresentation
            If a multiplicity is not a non-negative integer.
        """
        chi = self._class_function(chi)
        sums = self._inner(chi)
        whole, remainder = np.divmod(sums[:, 0], self.order * self.norms)
        if sums[:, 1:].any() or remainder.any() or (whole < 0).any():
            found = np.round(self.ring.to_complex(sums) / (self.order * self.norms), 4)
            raise NotARepresentation(
                f"not a sum of irreps of {self.group}: the multiplicities would be "
                + ", ".join(f"{i}: {m:g}" for i, m in zip(self.irreps, found, strict=True))
            )
        return np.asarray(whole)

    def _class_function(self, values: ArrayLike) -> IntArray:
        """A class function of this group as ring elements, (n_class, φ(n))."""
        given = np.asarray(values)
        shapes = ((len(self.classes),), (len(self.classes), self.ring.degree))
        if given.shape not in shapes or given.dtype.kind not in "iuf":
            raise NotARepresentation(
                f"a class function of {self.group} has {shapes[0][0]} numbers, one for each class; "
                f"this has the shape {given.shape} and type {given.dtype}"
            )
        if not np.array_equal(given, np.rint(given)):
            raise NotARepresentation(
                f"characters of {self.group} are exact: give integers, or ring elements of shape "
                f"{shapes[1]} as made by `ring`"
            )
        chi = np.rint(given).astype(np.int64)
        return self.ring.integer(chi) if chi.ndim == 1 else chi

    def _inner(self, chi: IntArray) -> IntArray:
        """(n_irrep, φ(n)): Σ over g of conj(χ_irrep(g))·χ(g)."""
        rows = self.ring.conjugate(self.characters)
        return np.asarray(np.einsum("c,ick->ik", self.class_sizes, self.ring.multiply(rows, chi)))

    def decompose(self, chi: ArrayLike) -> Representation:
        """The representation with character ``chi`` as a sum of irreps; see `multiplicities`."""
        from .representations import Representation

        counts = self.multiplicities(chi)
        return Representation.of(self, zip(self.irreps, counts, strict=True))

    def separated(self) -> CharacterTable:
        """The table over the complex numbers: each merged E split into ¹E and ²E."""
        from .tables import separated_table

        return separated_table(self.group)

    def to_sympy(self) -> Any:
        """Characters as a sympy Matrix, (n_irrep, n_class), in exact radicals and cosines."""
        import sympy

        cache: dict[tuple[int, ...], Any] = {}
        for element in self.characters.reshape(-1, self.ring.degree):
            key = tuple(int(v) for v in element)
            if key not in cache:
                cache[key] = self.ring.to_sympy(element)
        rows = [[cache[tuple(int(v) for v in e)] for e in row] for row in self.characters]
        return sympy.Matrix(rows)

    def __str__(self) -> str:
        from .display import table_text

        return table_text(self)


def class_index(group: PointGroup) -> IntArray:
    """(order,) class of each operation."""
    return np.array([i for i, c in enumerate(group.classes) for _ in c.members], dtype=np.int64)


@lru_cache(maxsize=256)
def power_map(group: PointGroup, k: int) -> IntArray:
    """(n_class,) class of the k-th power of each class.

    >>> power_map(PointGroup("C3v"), 2)
    array([0, 1, 0])
    """
    table, index = group.multiplication_table, class_index(group)
    members = np.array([c.members[0] for c in group.classes])
    current = np.zeros_like(members)
    for _ in range(k):
        current = table[current, members]
    return np.asarray(index[current])


def vector_character(group: PointGroup, ring: CyclotomicRing) -> IntArray:
    """(n_class, φ(n)) character of x, y, z: 2cos θ ± 1."""
    out = []
    for c in group.classes:
        o = c.representative
        cosine = ring.twice_cosine(o.turn.numerator, o.turn.denominator)
        out.append(cosine + (-1 if o.improper else 1) * ring.powers[0])
    return np.array(out)
