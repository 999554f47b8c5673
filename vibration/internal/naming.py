"""Names of internal coordinates and of their types: "C–H stretch", "H–O–H bend".

In a name the more electropositive element comes first (by group of the periodic table, as in
IUPAC's Red Book, table VI) and hydrogen last.
"""

from __future__ import annotations

from functools import cache

from ...pointgroup import Molecule
from .coordinate import InternalCoordinate
from .coordinates import InternalCoordinates

_PERIOD_ENDS = (2, 10, 18, 36, 54, 86, 118)
_HYDROGENS = {1: "H", 2: "D", 3: "T"}


def coordinate_types(coordinates: InternalCoordinates, *, isotopes: bool = False) -> list[str]:
    """Type of each coordinate by its elements.

    Parameters
    ----------
    coordinates : InternalCoordinates
    isotopes : bool
        Whether deuterium and tritium are told from hydrogen.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.internal import internal_coordinates
    >>> coordinate_types(internal_coordinates(example("water")))
    ['O–H stretch', 'O–H stretch', 'H–O–H bend']
    """
    names = site_names(coordinates, isotopes=isotopes)
    return [_type(c, names) for c in coordinates]


def coordinate_labels(coordinates: InternalCoordinates) -> list[str]:
    """Each coordinate by its atoms, numbered from 0: "O0–H1 stretch"."""
    molecule = coordinates.molecule
    names = [f"{s}{i}" for i, s in enumerate(molecule.symbols)]
    names += [f"ring{r}" for r in range(len(coordinates.centroids))] + ["axis"]
    out = []
    for c in coordinates:
        sites = c.sites[:3] if c.kind == "linear bend" else c.sites
        part = f" {c.component + 1}" if c.kind == "linear bend" else ""
        out.append(f"{'–'.join(names[s] for s in sites)} {c.kind}{part}")
    return out


def site_names(coordinates: InternalCoordinates, *, isotopes: bool) -> list[str]:
    """Element symbol of each atom, then "ring" for each centroid."""
    molecule = coordinates.molecule
    symbols = list(molecule.symbols)
    if isotopes:
        symbols = [_isotope(molecule, i) for i in range(molecule.n_atoms)]
    return symbols + ["ring"] * len(coordinates.centroids)


def _isotope(molecule: Molecule, atom: int) -> str:
    symbol = molecule.symbols[atom]
    if symbol != "H":
        return symbol
    return _HYDROGENS.get(molecule.mass_numbers[atom] or 1, "H")


def _type(c: InternalCoordinate, names: list[str]) -> str:
    of = [names[s] for s in c.sites if s >= 0]
    prefix = "auxiliary " if c.auxiliary and c.kind != "stretch" else ""
    match c.kind:
        case "stretch":
            return f"{('···' if c.auxiliary else '–').join(_ordered(of))} stretch"
        case "bend" if of[1] == "ring":
            return f"{prefix}ring tilt"
        case "bend" | "linear bend":
            first, last = _ordered([of[0], of[2]])
            return f"{prefix}{first}–{of[1]}–{last} {c.kind}"
        case "torsion":
            return f"{prefix}torsion about {'–'.join(_ordered(of[1:3]))}"
        case _:
            return f"{prefix}{'–'.join(_ordered(of[:2]))} out-of-plane bend"


def _ordered(symbols: list[str]) -> list[str]:
    return sorted(symbols, key=_rank)


@cache
def _rank(symbol: str) -> tuple[int, int]:
    """Group, then period from below; hydrogen after all, a ring after the metals."""
    from ...pointgroup.molecules.isotopes import ATOMIC_NUMBERS

    if symbol in _HYDROGENS.values():
        return (99, 0)
    if symbol == "ring":
        return (13, 9)
    number = ATOMIC_NUMBERS[symbol]
    period = next(p for p, last in enumerate(_PERIOD_ENDS, start=1) if number <= last)
    from_end = _PERIOD_ENDS[period - 1] - number
    first = number - (0, *_PERIOD_ENDS)[period - 1]  # place in the period, from 1
    group = first if first <= 2 else max(3, 18 - from_end)
    return (0 if group == 18 else group, -period)
