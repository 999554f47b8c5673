"""Plain and extended xyz text, to and from molecules.

Our own parser, for two reasons: an error names the line at fault, in one line; and a
thousand small molecules take about a tenth of a second.

Plain xyz is a count, a comment, and one line per atom: symbol or atomic number, x, y, z
in Å; further columns are ignored. Extended xyz puts ``key=value`` pairs in the comment, of
which these are understood: ``Properties`` (columns ``species`` or ``Z``, ``pos``, ``masses``
or ``mass``, found by name), ``charge``, ``multiplicity``, ``name``, ``pbc``, ``Lattice``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import MoleculeError
from .isotopes import SYMBOLS, parse_symbol
from .molecule import Molecule

__all__ = ["XyzError", "format_xyz", "parse_xyz"]

_PAIR = re.compile(r"""([A-Za-z_]\w*)\s*=\s*("[^"]*"|'[^']*'|\{[^}]*\}|[^\s"'{]\S*)""")
_TRUE = {"t", "true", "1"}


class XyzError(MoleculeError):
    """The text is not xyz; ``line`` is the number of the line at fault, from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in an atom line the values stand, by column index."""

    species: int = 0
    positions: int = 1
    mass: int | None = None

    @property
    def needed(self) -> int:
        return max(self.species, self.positions + 2, -1 if self.mass is None else self.mass) + 1


def parse_xyz(text: str, *, name: str = "") -> Iterator[Molecule]:
    r"""Molecules of an xyz text, one after the other.

    Parameters
    ----------
    text : str
    name : str
        Name of the molecules whose comment holds no ``name=``; the second record and those
        after it get ``name:2``, ``name:3``, …

    Raises
    ------
    XyzError
        With the number of the line at fault.

    Examples
    --------
    >>> text = "2\nname=hydrogen\n1 0 0 0\nH 0 0 0.7414\n"
    >>> list(parse_xyz(text))
    [<Molecule hydrogen: H2, 2 atoms>]
    """
    lines = text.rstrip().split("\n")
    start = _next_record(lines, 0)
    record = 1
    while start < len(lines):
        count = _count(lines, start)
        following = _next_record(lines, start + 2 + count)
        if following < len(lines):
            # Before this record goes out: a count that is too small must not cut it short.
            _count(lines, following)
        label = name if record == 1 or not name else f"{name}:{record}"
        yield _molecule(lines, start, count, label)
        start = following
        record += 1


def format_xyz(molecule: Molecule) -> str:
    """Extended xyz text that `parse_xyz` reads back to the last bit.

    Masses are written only where an atom is not the most abundant isotope.

    Examples
    --------
    >>> print(format_xyz(Molecule("HF", [[0, 0, 0], [0, 0, 0.9168]], name="HF")), end="")
    2
    Properties=species:S:1:pos:R:3 name="HF" charge=0 multiplicity=1 pbc="F F F"
    H                      0.0                     0.0                     0.0
    F                      0.0                     0.0                  0.9168
    """
    with_masses = not molecule.has_default_masses
    label = re.sub(r"[\"\s]+", " ", molecule.name)
    comment = (
        f"Properties=species:S:1:pos:R:3{':masses:R:1' if with_masses else ''} "
        f'name="{label}" charge={molecule.charge} multiplicity={molecule.multiplicity} pbc="F F F"'
    )
    rows = []
    for symbol, position, mass in zip(
        molecule.symbols, molecule.positions.tolist(), molecule.masses.tolist(), strict=True
    ):
        numbers = [*position, mass] if with_masses else position
        rows.append(f"{symbol:<2}" + "".join(f" {x!r:>23}" for x in numbers))
    return "\n".join([str(molecule.n_atoms), comment, *rows, ""])


def _next_record(lines: list[str], i: int) -> int:
    while i < len(lines) and not lines[i].strip():
        i += 1
    return i


def _count(lines: list[str], i: int) -> int:
    """Number of atoms announced in line index ``i``, with the lines it needs present."""
    text = lines[i].strip()
    if not text.isdecimal():
        hint = "is this an xyz file?" if i == 0 else "is the count of the record above too small?"
        raise XyzError(i + 1, f"expected the number of atoms, got {_shown(text)}; {hint}")
    count = int(text)
    if count == 0:
        raise XyzError(i + 1, "the number of atoms is 0; a molecule needs at least one")
    present = max(len(lines) - i - 2, 0)
    if present < count:
        raise XyzError(i + 1, f"{count} atoms announced, but the file ends after {present}")
    return count


def _molecule(lines: list[str], start: int, count: int, name: str) -> Molecule:
    comment = lines[start + 1]
    pairs = _pairs(comment, start + 2) if "=" in comment else {}
    columns = _columns(pairs, start + 2)
    rows = [line.split() for line in lines[start + 2 : start + 2 + count]]
    first = columns.positions
    try:
        symbols = [_symbol(row[columns.species]) for row in rows]
        positions = [[float(x) for x in row[first : first + 3]] for row in rows]
        finite = all(len(p) == 3 and math.isfinite(p[0] + p[1] + p[2]) for p in positions)
        masses = None if columns.mass is None else [float(row[columns.mass]) for row in rows]
    except (ValueError, IndexError):
        finite = False
    if not finite:
        # The fast way failed; go line by line to say where, or to accept odd number formats.
        atoms = [_atom(row, columns, start + 3 + i) for i, row in enumerate(rows)]
        symbols = [symbol for symbol, _, _ in atoms]
        positions = [position for _, position, _ in atoms]
        masses = None if columns.mass is None else [mass for _, _, mass in atoms]
    try:
        return Molecule(
            symbols,
            positions,
            masses,
            charge=_integer(pairs, "charge", 0, start + 2),
            multiplicity=_integer(pairs, "multiplicity", 1, start + 2),
            name=pairs.get("name", name),
        )
    except XyzError:
        raise
    except MoleculeError as error:
        raise XyzError(start + 1, f"in the record that begins here, {error}") from None


def _symbol(text: str) -> str:
    """Element symbol from a symbol (D and T kept) or an atomic number."""
    if text.isdecimal() and 1 <= int(text) <= len(SYMBOLS):
        return SYMBOLS[int(text) - 1]
    parse_symbol(text)
    return text


def _atom(row: list[str], columns: _Columns, line: int) -> tuple[str, list[float], float]:
    """Symbol, position and mass from one atom line, or an error that names the line."""
    if len(row) < columns.needed:
        wanted = "a symbol and three coordinates" if columns == _Columns() else "as in Properties"
        raise XyzError(line, f"expected {columns.needed} columns ({wanted}), got {len(row)}")
    try:
        symbol = _symbol(row[columns.species])
    except MoleculeError as error:
        raise XyzError(line, str(error)) from None
    first = columns.positions
    position = [_number(text, "coordinate", line) for text in row[first : first + 3]]
    mass = 0.0 if columns.mass is None else _number(row[columns.mass], "mass", line)
    return symbol, position, mass


def _number(text: str, what: str, line: int) -> float:
    # Fortran writes 1.0D-05; the QM9 files write 1.0*^-5.
    plain = re.sub(r"[dD]|\*\^", "e", text) if not text.isalpha() else text
    try:
        value = float(plain)
    except ValueError:
        raise XyzError(line, f"the {what} {_shown(text)} is not a number") from None
    if not math.isfinite(value):
        raise XyzError(line, f"the {what} {_shown(text)} is not finite")
    return value


def _pairs(comment: str, line: int) -> dict[str, str]:
    """The ``key=value`` pairs of a comment; a crystal is refused here."""
    pairs = {key.lower(): value.strip("\"'{}") for key, value in _PAIR.findall(comment)}
    periodic = pairs.get("pbc", "T T T" if "lattice" in pairs else "F F F")
    if any(flag.lower() in _TRUE for flag in periodic.replace(",", " ").split()):
        raise XyzError(
            line,
            "periodic boundary conditions; a crystal is not a molecule. "
            'Cut out a molecule and set pbc="F F F"',
        )
    return pairs


def _columns(pairs: dict[str, str], line: int) -> _Columns:
    """Column numbers from ``Properties=name:type:width:…``; the plain layout without it."""
    if "properties" not in pairs:
        return _Columns()
    fields = pairs["properties"].split(":")
    begins: dict[str, tuple[int, int]] = {}
    column = 0
    for label, width in zip(fields[0::3], fields[2::3], strict=False):
        if not width.isdecimal():
            raise XyzError(line, f"the width {_shown(width)} in Properties is not a number")
        begins[label.lower()] = column, int(width)
        column += int(width)
    species = _first(begins, ("species", "z", "numbers"), 1)
    positions = _first(begins, ("pos", "positions"), 3)
    if len(fields) % 3 or species is None or positions is None:
        raise XyzError(line, "Properties must name species:S:1 and pos:R:3")
    return _Columns(species, positions, _first(begins, ("masses", "mass"), 1))


def _first(begins: dict[str, tuple[int, int]], labels: tuple[str, ...], width: int) -> int | None:
    return next((begins[x][0] for x in labels if x in begins and begins[x][1] == width), None)


def _integer(pairs: dict[str, str], key: str, default: int, line: int) -> int:
    if key not in pairs:
        return default
    value = _number(pairs[key], key, line)
    if value != int(value):
        raise XyzError(line, f"{key}={_shown(pairs[key])} is not an integer")
    return int(value)


def _shown(text: str) -> str:
    """The text as an error shows it: quoted, on one line, not longer than a glance."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
