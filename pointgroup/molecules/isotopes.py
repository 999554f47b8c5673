"""Element symbols and isotope masses: which mass an atom has unless told otherwise.

Masses are those of the *most abundant isotope* in natural material, to the full
precision of the table in `periodictable` (atomic mass evaluation and IUPAC
abundances). Elements without natural abundances take the isotope whose mass number
IUPAC prints in brackets in the periodic table (Tc 98, Pm 145, Po 209, …), except
uranium, which takes 238.

`periodictable` costs 40 ms to import, so it is imported on the first mass asked for.
"""

from __future__ import annotations

from functools import cache

from ..errors import MoleculeError

__all__ = [
    "ATOMIC_NUMBERS",
    "SYMBOLS",
    "atomic_number",
    "default_mass",
    "default_mass_number",
    "isotope_mass",
    "mass_number_of",
    "parse_symbol",
]

# fmt: off
SYMBOLS: tuple[str, ...] = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S",
    "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga",
    "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd",
    "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm",
    "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os",
    "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa",
    "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg",
    "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
)
# fmt: on
"""The 118 element symbols, hydrogen first."""

ATOMIC_NUMBERS: dict[str, int] = {symbol: z for z, symbol in enumerate(SYMBOLS, start=1)}

_HYDROGEN_ISOTOPES = {"D": 2, "T": 3}

# Two tables of the same isotope differ by less than this, while the standard (average)
# atomic weight of hydrogen is 1.2e-4 u away from the mass of 1H.
_SAME_ISOTOPE = 5e-5


@cache
def parse_symbol(text: str) -> tuple[str, int | None]:
    """Element symbol and, for deuterium and tritium, the mass number that ``text`` names.

    Upper and lower case do not matter.

    Raises
    ------
    MoleculeError
        If no element has this symbol.

    Examples
    --------
    >>> parse_symbol("cl"), parse_symbol("D")
    (('Cl', None), ('H', 2))
    """
    symbol = text.strip().capitalize()
    if symbol in ATOMIC_NUMBERS:
        return symbol, None
    if symbol in _HYDROGEN_ISOTOPES:
        return "H", _HYDROGEN_ISOTOPES[symbol]
    raise MoleculeError(f"unknown element {text!r}; use a symbol from H to Og, or D or T")


def atomic_number(symbol: str) -> int:
    """Atomic number of an element symbol.

    Examples
    --------
    >>> atomic_number("Fe")
    26
    """
    return ATOMIC_NUMBERS[parse_symbol(symbol)[0]]


@cache
def default_mass_number(symbol: str) -> int:
    """Mass number of the most abundant isotope, or of the conventional one (see the module).

    Examples
    --------
    >>> [default_mass_number(symbol) for symbol in ("C", "Se", "Te", "Tc")]
    [12, 80, 130, 98]
    """
    element = _element(symbol)
    # A tie does not occur among natural abundances; the mass number would decide it.
    abundance, mass_number = max((element[a].abundance, a) for a in element.isotopes)
    return int(mass_number) if abundance > 0 else round(element.mass)


@cache
def default_mass(symbol: str) -> float:
    """Mass in u that an atom has unless told otherwise: that of its most abundant isotope.

    Examples
    --------
    >>> default_mass("C"), round(default_mass("H"), 5), round(default_mass("Br"), 4)
    (12.0, 1.00783, 78.9183)
    """
    return isotope_mass(symbol, default_mass_number(symbol))


@cache
def isotope_mass(symbol: str, mass_number: int) -> float:
    """Mass in u of one isotope.

    Raises
    ------
    MoleculeError
        If the element or the isotope is unknown.

    Examples
    --------
    >>> round(isotope_mass("H", 2), 6), round(isotope_mass("O", 18), 5)
    (2.014102, 17.99916)
    """
    element = _element(symbol)
    known = element.isotopes
    if mass_number not in known:
        raise MoleculeError(
            f"no mass is tabulated for {element.symbol}-{mass_number}; "
            f"known mass numbers of {element.symbol} run from {min(known)} to {max(known)}"
        )
    return float(element[mass_number].mass)


def mass_number_of(symbol: str, mass: float) -> int | None:
    """Mass number of the isotope that weighs ``mass`` u, or None where none does to 5e-5 u.

    An average atomic weight is no isotope:

    >>> mass_number_of("H", 2.0141), mass_number_of("H", 1.008)
    (2, None)
    """
    mass_number = round(mass)
    try:
        tabulated = isotope_mass(symbol, mass_number)
    except MoleculeError:
        return None
    return mass_number if abs(tabulated - mass) <= _SAME_ISOTOPE else None


def _element(symbol: str):  # type: ignore[no-untyped-def]  # periodictable has no annotations
    import periodictable

    return periodictable.elements[atomic_number(symbol)]
