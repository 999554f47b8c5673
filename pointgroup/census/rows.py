"""What the census says about a record: one row per tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from ..counts import ModeCounts, mode_counts
from ..detection.symmetry import Symmetry, detect
from ..errors import FileError, InputError
from ..molecules.molecule import Molecule
from ..molecules.xyz import parse_xyz
from .records import Record

Row = dict[str, str | int | float | bool | None]

COLUMNS: dict[str, str] = {
    "source": "string",
    "member": "string",
    "record": "int64",
    "name": "string",
    "formula": "string",
    "n_atoms": "int32",
    "tolerance": "float64",
    "group": "string",
    "order": "int32",
    "rms": "float64",
    "n_vib": "int32",
    "n_ir": "int32",
    "n_raman": "int32",
    "n_both": "int32",
    "n_silent": "int32",
    "n_fundamentals": "int32",
    "n_silent_fundamentals": "int32",
    "R": "float64",
    "R_numerator": "int32",
    "R_denominator": "int32",
    "R_fundamentals": "float64",
    "centrosymmetric": "bool",
    "linear": "bool",
    "error": "string",
}
"""Columns and Arrow types of a census.

``source`` and ``record`` (from 1) identify a molecule; ``member`` is the file in an archive.
``tolerance`` (Å) is null where the noise was estimated, ``order`` for C∞v, D∞h and Kh, ``R``
for a single atom, everything behind ``record`` but ``tolerance`` and ``error`` for a record
that could not be used. ``rms`` is in Å. ``R`` is ``R_numerator / R_denominator`` exactly.
"""


def rows_of(records: Iterable[Record], tolerances: Sequence[float | None]) -> list[Row]:
    """Rows of several records, in their order, those of the tolerances of a record together.

    Parameters
    ----------
    records : iterable of Record
    tolerances : sequence of float or None, Å
        As `detect` takes them.
    """
    return [row for record in records for row in _rows(record, tolerances)]


def _rows(record: Record, tolerances: Sequence[float | None]) -> Iterator[Row]:
    molecule = error = None
    try:
        molecule = molecule_of(record)
    except Exception as problem:  # noqa: BLE001 (a census survives whatever one record does)
        error = explained(problem)
    for tolerance in tolerances:
        row = _key(record, tolerance)
        try:
            row |= {"error": error} if molecule is None else _answer(molecule, tolerance)
        except Exception as problem:  # noqa: BLE001
            row["error"] = explained(problem)
        yield row


def molecule_of(record: Record) -> Molecule:
    """The molecule of a record.

    Raises
    ------
    InputError
        If the text is not one molecule; the message counts lines as the file does.
    """
    if record.error is not None:
        raise FileError(record.error)
    parse = parse_xyz
    if record.kind == "sdf":
        from ..molecules.molfile import parse_sdf as parse
    try:
        return next(parse(record.text, name=record.name))
    except InputError as error:
        line = record.line + getattr(error, "line", 1) - 1
        raise FileError(f"line {line}: {error}") from None


def explained(problem: Exception) -> str:
    """The text of an error in a record; one that nobody foresaw is called a bug."""
    if isinstance(problem, InputError):
        return str(problem)
    return f"{type(problem).__name__}: {problem}. This is a bug in Spektron; report it"


def _key(record: Record, tolerance: float | None) -> Row:
    row: Row = dict.fromkeys(COLUMNS)
    row |= {"source": record.source, "member": record.member, "record": record.number}
    row["tolerance"] = tolerance
    return row


def _answer(molecule: Molecule, tolerance: float | None) -> Row:
    found = detect(molecule, tolerance)
    return _geometry(found) | _counts(mode_counts(found))


def _geometry(found: Symmetry) -> Row:
    group = found.group
    return {
        "name": found.molecule.name,
        "formula": found.molecule.formula,
        "n_atoms": found.molecule.n_atoms,
        "group": str(group),
        "order": None if group.is_continuous else group.order,
        "rms": found.rms,
        "centrosymmetric": group.has_inversion,
        "linear": group.is_linear,
    }


def _counts(counts: ModeCounts) -> Row:
    R = counts.R
    return {
        "n_vib": counts.n_vib,
        "n_ir": counts.n_ir,
        "n_raman": counts.n_raman,
        "n_both": counts.n_both,
        "n_silent": counts.n_silent,
        "n_fundamentals": counts.fundamentals.n_vib,
        "n_silent_fundamentals": counts.fundamentals.n_silent,
        "R": _decimal(R),
        "R_numerator": None if R is None else R.numerator,
        "R_denominator": None if R is None else R.denominator,
        "R_fundamentals": _decimal(counts.R_fundamentals),
    }


def _decimal(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
