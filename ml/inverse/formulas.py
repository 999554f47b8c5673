"""Molecular formulas: read, compared, refused where no molecule can have them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ...pointgroup.errors import MoleculeError
from ...pointgroup.molecules.isotopes import atomic_number
from ..errors import SpectraError
from ..smiles import parsed

_TERM: Final = re.compile(r"([A-Z][a-z]?)(\d*)")
_PLAIN: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
MOST_ATOMS: Final = 1000
HIGHEST_VALENCE: Final[Mapping[str, int]] = {
    "H": 1, "F": 1, "O": 2, "B": 4, "C": 4, "Si": 6, "Ge": 6, "N": 5, "P": 6, "As": 6,
    "S": 6, "Se": 6, "Cl": 7, "Br": 7, "I": 7,
}  # fmt: skip
"""Most electron pairs that an atom shares; generous, so that nothing possible is refused."""
_ODD: Final = ("H", "B", "N", "P", "As", "F", "Cl", "Br", "I")
"""Elements with an odd number of valence electrons."""


@dataclass(frozen=True, slots=True)
class Formula:
    """How many atoms of each element.

    Attributes
    ----------
    counts : tuple of (symbol, int)
        In Hill order: C and H first, then by symbol; without C all by symbol.

    Examples
    --------
    >>> Formula.parse("CH3CH2OH"), Formula.parse("C6H6")["C"], Formula.parse("C6H6")["N"]
    (Formula('C2H6O'), 6, 0)
    """

    counts: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Formula:
        """From numbers of atoms."""
        there = {symbol: n for symbol, n in counts.items() if n}
        first = ("C", "H") if "C" in there else ()
        order = sorted(there, key=lambda s: (s not in first, s))
        return cls(tuple((symbol, there[symbol]) for symbol in order))

    @classmethod
    def parse(cls, text: str) -> Formula:
        """From a text such as C6H6 or CH3OH.

        Raises
        ------
        SpectraError
            If it is no formula, names an unknown element or no atom.
        """
        plain = re.sub(r"\s", "", text.translate(_PLAIN))
        terms = _TERM.findall(plain)
        if not plain or "".join(a + b for a, b in terms) != plain:
            raise SpectraError(
                f"formula {text!r} cannot be read; write symbols and numbers such as C6H6, "
                "without brackets or charge"
            )
        counts: Counter[str] = Counter()
        for symbol, number in terms:
            try:
                atomic_number(symbol)
            except MoleculeError:
                raise SpectraError(f"formula {text!r}: there is no element {symbol}") from None
            counts[symbol] += int(number[:6] or 1)
        n = counts.total()
        if not 0 < n <= MOST_ATOMS or 0 in counts.values():
            raise SpectraError(
                f"formula {text!r} has {n} atoms; give 1 to {MOST_ATOMS}, at least one of each "
                "element"
            )
        return cls.of(counts)

    def __getitem__(self, symbol: str) -> int:
        return dict(self.counts).get(symbol, 0)

    def __str__(self) -> str:
        return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in self.counts)

    def __repr__(self) -> str:
        return f"Formula({str(self)!r})"

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols that occur."""
        return tuple(symbol for symbol, _ in self.counts)

    def vector(self, elements: Iterable[str]) -> tuple[int, ...]:
        """Numbers of atoms of some elements, in their order."""
        return tuple(self[symbol] for symbol in elements)


@lru_cache(maxsize=200_000)
def formula_of(smiles: str) -> Formula:
    """The formula of a molecule, hydrogens included.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed.

    Examples
    --------
    >>> str(formula_of("c1ccccc1Cl"))
    'C6H5Cl'
    """
    counts: Counter[str] = Counter()
    for atom in parsed(smiles).GetAtoms():
        counts[atom.GetSymbol()] += 1
        counts["H"] += atom.GetTotalNumHs()
    return Formula.of(counts)


def check_formula(formula: Formula, elements: Iterable[str]) -> None:
    """Refuse a formula that a model cannot answer, or that no neutral closed shell has.

    Parameters
    ----------
    formula : Formula
    elements : of str
        That the model has learnt.

    Raises
    ------
    SpectraError
        If an element is not among them, the number of electrons is odd, or the atoms cannot be
        bound to one molecule.

    Examples
    --------
    >>> check_formula(Formula.parse("C6H7"), ["C", "H"])
    Traceback (most recent call last):
        ...
    spektron.ml.errors.SpectraError: formula C6H7 has an odd number of electrons; ...
    """
    known = tuple(elements)
    strange = [symbol for symbol in formula.elements if symbol not in known]
    if strange:
        raise SpectraError(
            f"formula {formula} has {', '.join(strange)}, which this model has not learnt; it "
            f"knows {', '.join(known)}"
        )
    if sum(formula[symbol] for symbol in _ODD) % 2:
        raise SpectraError(
            f"formula {formula} has an odd number of electrons; the model has learnt closed-shell "
            "molecules without charge, check the number of hydrogens"
        )
    pairs = sum(HIGHEST_VALENCE.get(symbol, 8) * n for symbol, n in formula.counts)
    atoms = sum(n for _, n in formula.counts)
    if pairs < 2 * (atoms - 1):
        raise SpectraError(
            f"formula {formula}: its {atoms} atoms cannot be bound to one molecule; check the "
            "number of hydrogens"
        )
