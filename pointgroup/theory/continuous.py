"""Irreps of the continuous groups C∞v, D∞h (linear molecules) and Kh (atoms).

A class function is an integer array (n_component, 2L+1). Each component belongs to one
family of operations; a component that depends on the angle φ is a Laurent polynomial in
e^{iφ} (coefficient of e^{imφ} at column L+m), one that does not is its constant:

- C∞v: rotations C(φ); reflections σv
- D∞h: C(φ); σv; i·C(φ); C2' = i·σv
- Kh: rotations by φ about any axis; the same times i

Labels: Σ+, Σ−, Π, Δ, Φ, Γ, then Λ5, Λ6 … for C∞v, with g or u for D∞h (written Σg+, Πu);
S, P, D, F, G, H, I, then L7 … with g or u for Kh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..errors import GroupError, NotARepresentation
from .characters import Irrep
from .cyclotomic import IntArray
from .groups import PointGroup

if TYPE_CHECKING:
    from .representations import Representation

_GREEK = ("Π", "Δ", "Φ", "Γ")
_ATOMIC = "SPDFGHI"
_LABEL = re.compile(r"(Σ|Π|Δ|Φ|Γ|Λ(?P<m>[1-9]\d{0,5}))(?P<parity>[gu]?)(?P<sign>[+-]?)")
_SHELL = re.compile(r"([SPDFGHI]|L(?P<l>\d{1,6}))(?P<parity>[gu])")


@dataclass(frozen=True, slots=True)
class ContinuousTable:
    """The irreps of C∞v, D∞h or Kh, and the algebra of their characters.

    Attributes
    ----------
    group : PointGroup

    Examples
    --------
    >>> pi = PointGroup("C∞v").character_table.representation("Π")
    >>> print(pi * pi, "|", pi.symmetric_power(2), "|", pi.antisymmetric_power(2))
    Σ+ + Σ- + Δ | Σ+ + Δ | Σ-
    """

    group: PointGroup

    @property
    def irreps(self) -> tuple[Irrep, ...]:
        """The first irreps: up to Φ (C∞v, D∞h) or F (Kh); `table[label]` has the others."""
        parities = ("g", "u") if self.group.has_inversion else ("",)
        if self.group.family == "Kh":
            return tuple(self[f"{shell}{p}"] for p in parities for shell in _ATOMIC[:4])
        return tuple(
            self[label]
            for p in parities
            for label in (f"Σ{p}+", f"Σ{p}-", *(f"{letter}{p}" for letter in _GREEK[:3]))
        )

    def __getitem__(self, label: str) -> Irrep:
        """The irrep with this label.

        Raises
        ------
        GroupError
            If the group has no such irrep.
        """
        angular, parity, sign = self._parsed(label)
        if self.group.family == "Kh":
            return Irrep(_shell(angular, parity), 2 * angular + 1, 1)
        if angular == 0:
            return Irrep(f"Σ{parity}{sign}", 1, 1)
        return Irrep(_letter(angular, parity), 2, 1)

    def representation(self, text: str) -> Representation:
        """Read a sum of irreps such as ``"2Σ+ + Π"``."""
        from .representations import Representation

        return Representation.parse(self, text)

    def index(self, irrep: Irrep | str) -> int:
        """Sort key: g before u, then Σ+, Σ−, Π, Δ … (or S, P, D …)."""
        angular, parity, sign = self._parsed(str(irrep))
        rank = 2 * angular + (sign == "-")
        return rank + (10**6 if parity == "u" else 0)

    def character(self, representation: Representation) -> IntArray:
        """Character (n_component, 2L+1) of a sum of irreps."""
        total = self.trivial * 0
        for irrep, count in representation.terms:
            total = self.add(total, count * self._irreducible(irrep.label))
        return total

    @property
    def trivial(self) -> IntArray:
        """Character of the totally symmetric irrep."""
        return np.ones((self._n_component, 1), dtype=np.int64)

    @property
    def vector(self) -> IntArray:
        """Character of x, y, z."""
        rows = {"C∞v": [1, 1], "D∞h": [1, 1, -1, -1], "Kh": [1, -1]}[self.group.family]
        return self._spread(rows)

    @property
    def axial_vector(self) -> IntArray:
        """Character of the rotations Rx, Ry, Rz."""
        rows = {"C∞v": [1, -1], "D∞h": [1, -1, 1, -1], "Kh": [1, 1]}[self.group.family]
        return self._spread(rows)

    def _spread(self, signs: list[int]) -> IntArray:
        """±(e^{−iφ} + 1 + e^{iφ}) on components with an angle, ±1 on the others."""
        out = np.zeros((self._n_component, 3), dtype=np.int64)
        for row, sign in enumerate(signs):
            out[row] = [sign, sign, sign] if row in self._angular_rows else [0, sign, 0]
        return out

    @property
    def _n_component(self) -> int:
        return {"C∞v": 2, "D∞h": 4, "Kh": 2}[self.group.family]

    @property
    def _angular_rows(self) -> tuple[int, ...]:
        return {"C∞v": (0,), "D∞h": (0, 2), "Kh": (0, 1)}[self.group.family]

    def add(self, a: IntArray, b: IntArray) -> IntArray:
        """Sum of two class functions of any lengths."""
        width = max(a.shape[1], b.shape[1])
        return _padded(a, width) + _padded(b, width)

    def multiply(self, a: IntArray, b: IntArray) -> IntArray:
        """Product of two class functions."""
        return np.array([np.convolve(x, y) for x, y in zip(a, b, strict=True)])

    def adams(self, chi: IntArray, k: int) -> IntArray:
        """The class function g ↦ χ(gᵏ): reflections and C2' have order two, (iC)² = C²."""
        middle = chi.shape[1] // 2
        out = np.zeros((len(chi), 2 * k * middle + 1), dtype=np.int64)
        for row in range(len(chi)):
            if row in self._angular_rows:
                out[row, ::k] = chi[row if k % 2 else 0]
            else:
                out[row, k * middle] = chi[row, middle] if k % 2 else chi[0].sum()
        return out

    def decompose(self, chi: ArrayLike) -> Representation:
        """The representation with this character.

        Raises
        ------
        NotARepresentation
            If a multiplicity is not a non-negative integer.
        """
        from .representations import Representation

        chi = self._class_function(chi)
        terms = []
        for parity, half in self._by_parity(chi):
            for label, count in self._proper_terms(half, parity):
                if count.denominator != 1 or count < 0:
                    raise NotARepresentation(
                        f"not a sum of irreps of {self.group}: {label} would occur {count} times"
                    )
                terms.append((self[label], int(count)))
        return Representation.of(self, terms)

    def _class_function(self, values: ArrayLike) -> IntArray:
        """A class function as integers; an angle and its negative are in one class."""
        chi = np.asarray(values)
        fixed = [row for row in range(self._n_component) if row not in self._angular_rows]
        right_shape = chi.ndim == 2 and len(chi) == self._n_component and chi.shape[1] % 2 == 1
        if not right_shape or not np.isfinite(chi).all() or (chi != np.rint(chi)).any():
            raise NotARepresentation(
                f"a class function of {self.group} is an integer array of "
                f"{self._n_component} rows of odd length, not of shape {chi.shape}"
            )
        chi = np.asarray(np.rint(chi), dtype=np.int64)
        sides = np.delete(chi[fixed], chi.shape[1] // 2, axis=1)
        if (chi != chi[:, ::-1]).any() or sides.any():
            raise NotARepresentation(
                f"not a class function of {self.group}: rotations by φ and −φ are in one class, "
                "and reflections have no angle"
            )
        return chi

    def _by_parity(self, chi: IntArray) -> list[tuple[str, np.ndarray]]:
        """Halves that are even and odd under i, as multiples of one half."""
        if not self.group.has_inversion:
            return [("", 2 * chi)]
        rows = len(chi) // 2
        return [("g", chi[:rows] + chi[rows:]), ("u", chi[:rows] - chi[rows:])]

    def _proper_terms(self, twice: np.ndarray, parity: str) -> list[tuple[str, Fraction]]:
        middle = twice.shape[1] // 2
        weights = [Fraction(int(w), 2) for w in twice[0, middle:]]
        if self.group.family == "Kh":
            above = [*weights[1:], Fraction(0)]
            pairs = enumerate(zip(weights, above, strict=True))
            return [(_shell(angular, parity), w - a) for angular, (w, a) in pairs]
        mirror = Fraction(int(twice[1, middle]), 2)
        terms = [
            (f"Σ{parity}+", (weights[0] + mirror) / 2),
            (f"Σ{parity}-", (weights[0] - mirror) / 2),
        ]
        return terms + [(_letter(m, parity), w) for m, w in enumerate(weights) if m]

    def _irreducible(self, label: str) -> IntArray:
        angular, parity, sign = self._parsed(label)
        row = np.zeros(2 * angular + 1, dtype=np.int64)
        if self.group.family == "Kh":
            proper = row[None] + 1
        else:
            row[[0, -1]] = 1
            mirror = np.zeros_like(row)
            mirror[angular] = {"+": 1, "-": -1, "": 0}[sign]
            proper = np.array([row, mirror])
        if not parity:
            return proper
        return np.concatenate([proper, proper if parity == "g" else -proper])

    def _parsed(self, label: str) -> tuple[int, str, str]:
        """Angular momentum, parity and sign of a label."""
        atom = self.group.family == "Kh"
        match = (_SHELL if atom else _LABEL).fullmatch(str(label))
        if match is None or bool(match["parity"]) != self.group.has_inversion:
            raise GroupError(f"{self.group} has no irrep {label}")
        if atom:
            angular = int(match["l"]) if match["l"] else _ATOMIC.index(match[1])
            return angular, match["parity"], ""
        angular = int(match["m"]) if match["m"] else "ΣΠΔΦΓ".index(match[1])
        if bool(match["sign"]) != (angular == 0):
            raise GroupError(f"{self.group} has no irrep {label}: Σ has a sign, the others none")
        return angular, match["parity"], match["sign"]

    def __str__(self) -> str:
        from .display import continuous_table_text

        return continuous_table_text(self)


def _letter(m: int, parity: str) -> str:
    return (_GREEK[m - 1] if m <= len(_GREEK) else f"Λ{m}") + parity


def _shell(angular: int, parity: str) -> str:
    return (_ATOMIC[angular] if angular < len(_ATOMIC) else f"L{angular}") + parity


def _padded(chi: IntArray, width: int) -> IntArray:
    side = (width - chi.shape[1]) // 2
    return np.pad(chi, ((0, 0), (side, side)))
