"""The exported data set: one parquet file, a row for each molecule, and back into a store.

Plain columns that pandas or pyarrow read without Spektron; see `COLUMNS`. Rows of calculations
that failed have a `failure` and no spectrum. What the records hold of derivatives is not
exported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...pointgroup import InputError, Molecule, PointGroup
from ...pointgroup.molecules.isotopes import atomic_number
from ...pointgroup.selection import SelectionRules
from ...vibration.batches import Record
from .listing import Listed, floats, merged, shift_columns, shifts_of
from .parquet import read_table, write_table
from .recipe import SHIFTS
from .shifts import Shifts

KIND = "spectra"
SAME_ENERGY = 2e-6
"""Eh; geometries of one compound and group whose energies agree so well are the same minimum."""

SAME_DISTANCE = 0.05
"""Å; between corresponding atoms of the same minimum."""

COLUMNS: Mapping[str, str] = {
    "key": "name of the calculation in a result store",
    "name": "of the molecule, may be empty",
    "part": "of the recipe",
    "also": "other parts that hold the same minimum, with ; between",
    "stratum": "isomers to be compared, empty if none",
    "source": "of the first geometry: file and record, force field, or built",
    "licence": "of the source",
    "smiles": "canonical, empty if no bond orders are known",
    "inchikey": "standard InChIKey, or empty",
    "formula": "Hill order",
    "n_atoms": "number of atoms",
    "charge": "total charge",
    "multiplicity": "2S + 1",
    "atomic_numbers": "list",
    "positions": "Å, x y z of each atom in turn, at the minimum",
    "masses": "u, list",
    "level": "of theory",
    "programs": "JSON, name to version",
    "group": "Schoenflies symbol at the minimum",
    "centrosymmetric": "whether the group has an inversion",
    "R": "share of the modes that are visible in IR or Raman",
    "R_fundamentals": "the same with degenerate sets counted once",
    "n_vib": "number of modes",
    "n_ir": "infrared-active modes",
    "n_raman": "Raman-active modes",
    "n_both": "active in both",
    "n_silent": "active in neither",
    "energy": "Eh",
    "wavenumbers": "cm⁻¹, list, a number for each mode",
    "ir_intensities": "km/mol, list",
    "raman_activities": "Å⁴/u, list",
    "depolarisation": "list, NaN where the Raman activity vanishes",
    "irreps": "Mulliken labels, with a space between, one for each mode",
    "activity": "a letter for each mode: I infrared, R Raman, B both, S silent",
    "sets": "list, number of the degenerate set of each mode",
    "descents": "saddle points left on the way to the minimum",
    "largest_violation": "intensity of a forbidden mode over that of the strongest band",
    "largest_gradient": "Eh/bohr, at the geometry",
    "warnings": "of the programs, with newlines between",
    "seconds": "wall-clock time",
    "failure": "kind of failure, empty if there is a spectrum",
    "reason": "of the failure",
    "computed_shifts_atoms": "list, atoms from 0 with a computed NMR shift",
    "computed_shifts": "ppm, list",
    "experimental_shifts_atoms": "list, atoms from 0 with a measured NMR shift",
    "experimental_shifts": "ppm, list",
}
"""Columns and their meaning, in their order."""

_SMALL = ("n_atoms", "charge", "multiplicity", "n_vib", "n_ir", "n_raman", "n_both", "n_silent")
_NUMBERS = ("R", "R_fundamentals", "energy", "largest_violation", "largest_gradient", "seconds")
_STICKS = ("wavenumbers", "ir_intensities", "raman_activities", "depolarisation")
_ABOUT = ("part", "also", "stratum", "source", "licence", "smiles", "inchikey")
_FRACTIONS = ("R", "R_fundamentals")
_EMPTY = np.array([], dtype=np.float32)


def write_rows(path: Path, pairs: Sequence[tuple[Listed, Record]], note: Mapping[str, Any]) -> None:
    """Write molecules with their records, as they are."""
    import pyarrow as pa

    rows = [_row(each, record) for each, record in pairs]
    columns = {}
    for name, kind in _types().items():
        columns[name] = pa.array([row[name] for row in rows], kind)
    columns |= shift_columns([each.shifts for each, _ in pairs])
    write_table(path, pa.table({name: columns[name] for name in COLUMNS}), KIND, note)


def _types() -> dict[str, Any]:
    import pyarrow as pa

    out = {name: pa.string() for name in COLUMNS if not name.startswith(SHIFTS)}
    out |= dict.fromkeys(_SMALL, pa.int16())
    out |= {"descents": pa.int8(), "centrosymmetric": pa.bool_()}
    out |= dict.fromkeys(_NUMBERS, pa.float64())
    out |= dict.fromkeys(("positions", "masses", *_STICKS), pa.list_(pa.float32()))
    out |= {"atomic_numbers": pa.list_(pa.uint8()), "sets": pa.list_(pa.int16())}
    return out


def distinct(pairs: Iterable[tuple[Listed, Record]]) -> list[tuple[Listed, Record]]:
    """Each minimum once: of several molecules that lead to the same one the first is kept."""
    out: list[tuple[Listed, Record]] = []
    places: dict[str, list[int]] = {}
    for each, record in pairs:
        before = places.setdefault(each.inchikey, []) if each.inchikey else []
        twin = next((i for i in before if _same_minimum(out[i][1], record)), None)
        if twin is None:
            before.append(len(out))
            out.append((each, record))
        else:
            first, kept = out[twin]
            shifts = each.shifts if _same_order(kept, record) else {}
            out[twin] = merged(first, each.part, shifts), kept
    return out


def _same_minimum(a: Record, b: Record) -> bool:
    if a.kind == "failure" or b.kind == "failure":
        return False
    if a.facts["group"] != b.facts["group"]:
        return False
    return bool(abs(a.facts["energy"] - b.facts["energy"]) < SAME_ENERGY)


def _same_order(a: Record, b: Record) -> bool:
    """Whether the atoms of two geometries correspond one by one: equal distances."""
    if a.facts["symbols"] != b.facts["symbols"]:
        return False
    distances = [
        np.linalg.norm(x[:, None] - x[None], axis=2)
        for x in (np.asarray(r.arrays["positions"], dtype=float) for r in (a, b))
    ]
    return bool(np.abs(distances[0] - distances[1]).max() < SAME_DISTANCE)


def _row(each: Listed, record: Record) -> dict[str, Any]:
    facts, arrays = record.facts, record.arrays
    symbols = facts["symbols"]
    row: dict[str, Any] = {name: getattr(each, name) for name in ("key", *_ABOUT)}
    row |= {
        "name": facts["name"],
        "formula": each.molecule.formula,
        "n_atoms": len(symbols),
        "charge": facts["charge"],
        "multiplicity": facts["multiplicity"],
        "atomic_numbers": np.array([atomic_number(s) for s in symbols], dtype=np.uint8),
        "level": facts.get("level", ""),
        "programs": json.dumps(facts.get("programs", {}), sort_keys=True),
        "seconds": facts.get("seconds"),
        "failure": facts.get("failure", ""),
        "reason": facts.get("reason", ""),
        "sets": facts.get("sets", []),
        "irreps": " ".join(facts.get("irreps", [])),
        "warnings": "\n".join(facts.get("warnings", [])),
    }
    for name in ("positions", "masses", *_STICKS):
        row[name] = np.asarray(arrays.get(name, _EMPTY), dtype=np.float32).ravel()
    if record.kind == "failure":
        return dict.fromkeys(_types()) | row | {"group": "", "activity": ""}
    for name in _FRACTIONS:  # "None" for a single atom
        row[name] = float(Fraction(facts[name])) if facts["n_vib"] else None
    for name in (*_SMALL[3:], "energy", "largest_violation", "largest_gradient", "descents"):
        row[name] = facts[name]
    group = facts["group"]
    return row | {
        "group": group,
        "centrosymmetric": PointGroup(group).has_inversion,
        "activity": "".join(_letter(group, irrep) for irrep in facts["irreps"]),
    }


@lru_cache(maxsize=4096)
def _letter(group: str, irrep: str) -> str:
    of = PointGroup(group)
    activity = SelectionRules.of(of).activity(of.character_table[irrep])
    return {(True, True): "B", (True, False): "I", (False, True): "R"}.get(
        (activity.ir, activity.raman), "S"
    )


def read_rows(path: Path) -> tuple[list[tuple[Listed, Record]], dict[str, Any]]:
    """Molecules and records of an exported file, and its note.

    The molecules have the geometry of the minimum, or none where the calculation failed.

    Raises
    ------
    FileError
        If the file is no such export.
    """
    table, note = read_table(path, KIND)
    if missing := set(COLUMNS) - set(table.column_names):
        raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
    plain = [n for n in COLUMNS if n not in (*_ARRAYS, *_shift_names())]
    columns: dict[str, list[Any]] = {name: table[name].to_pylist() for name in plain}
    columns |= {name: floats(table[name]) for name in _ARRAYS}
    shifts = shifts_of(table)
    out = []
    for i in range(table.num_rows):
        row = {name: columns[name][i] for name in columns}
        record = _record(row)
        out.append((_listed(row, record, shifts[i]), record))
    return out, note


_ARRAYS = ("positions", "masses", "atomic_numbers", "sets", *_STICKS)


def _shift_names() -> tuple[str, ...]:
    return tuple(name for name in COLUMNS if name.startswith(SHIFTS))


def _listed(row: Mapping[str, Any], record: Record, shifts: Mapping[str, Shifts]) -> Listed:
    facts = record.facts
    n = len(facts["symbols"])
    molecule = Molecule(
        facts["symbols"],
        record.arrays.get("positions", np.arange(3.0 * n).reshape(n, 3)),
        masses=record.arrays.get("masses"),
        charge=facts["charge"],
        multiplicity=facts["multiplicity"],
        name=facts["name"],
    )
    about = {name: row[name] for name in _ABOUT}
    return Listed(row["key"], molecule, shifts=shifts, **about)


def _record(row: Mapping[str, Any]) -> Record:
    symbols = [_symbol(int(z)) for z in row["atomic_numbers"]]
    facts: dict[str, Any] = {
        "symbols": symbols,
        **{name: row[name] for name in ("charge", "multiplicity", "name", "level")},
        "programs": json.loads(row["programs"]),
        "seconds": row["seconds"],
    }
    if row["failure"]:
        facts |= {"failure": row["failure"], "reason": row["reason"]}
        return Record("failure", facts)
    n_vib, irreps, sets = row["n_vib"], row["irreps"].split(), row["sets"].tolist()
    seen = dict(zip(sets, row["activity"], strict=True))
    visible = sum(a != "S" for a in seen.values())
    facts |= {
        "group": row["group"],
        "R": str(Fraction(n_vib - row["n_silent"], n_vib)) if n_vib else "None",
        "R_fundamentals": str(Fraction(visible, len(seen))) if n_vib else "None",
        "irreps": irreps,
        "sets": sets,
        "warnings": row["warnings"].split("\n") if row["warnings"] else [],
    }
    for name in (*_SMALL[3:], "energy", "largest_violation", "largest_gradient", "descents"):
        facts[name] = row[name]
    arrays = {name: row[name] for name in ("positions", "masses", *_STICKS) if len(row[name])}
    arrays["positions"] = arrays["positions"].reshape(-1, 3)
    return Record("result", facts, arrays)


@lru_cache(maxsize=128)
def _symbol(number: int) -> str:
    import periodictable

    return str(periodictable.elements[number].symbol)
