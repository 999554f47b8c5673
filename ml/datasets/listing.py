"""The molecules of a recipe, each calculation once, with the names of the compound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...pointgroup import Molecule
from ...vibration.batches import job_key
from .identity import identity
from .parquet import read_table, write_table
from .recipe import SHIFTS, Entry, Recipe
from .shifts import Shifts

KIND = "molecules"
_TEXTS = ("key", "name", "part", "also", "stratum", "source", "licence", "smiles", "inchikey")


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """One calculation of a data set, and what is known of its molecule.

    Attributes
    ----------
    key : str
        In the `ResultStore`.
    molecule : Molecule
        The geometry to begin with.
    part, also : str
        Part of the recipe, and the other parts that hold the same geometry, with ";" between.
    stratum, source, licence, smiles, inchikey : str
        Empty where there is none.
    shifts : mapping from a key of `SHIFTS` to Shifts
    """

    key: str
    molecule: Molecule
    part: str
    also: str = ""
    stratum: str = ""
    source: str = ""
    licence: str = ""
    smiles: str = ""
    inchikey: str = ""
    shifts: Mapping[str, Shifts] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the molecule."""
        return self.molecule.name


def listed(recipe: Recipe, bad: Callable[[str], None]) -> list[Listed]:
    """All molecules of a recipe; ``bad`` is told what gives none."""
    found: dict[str, Listed] = {}
    for entry in recipe.entries(bad):
        key = job_key(entry.molecule, recipe.level, recipe.settings)
        found[key] = (
            merged(found[key], entry.part, entry.shifts) if key in found else _new(key, entry)
        )
    return list(found.values())


def _new(key: str, entry: Entry) -> Listed:
    smiles, inchikey = identity(entry.molecule, entry.smiles)
    return Listed(
        key,
        entry.molecule,
        entry.part,
        "",
        entry.stratum or "",
        entry.source,
        entry.licence,
        smiles,
        inchikey,
        entry.shifts,
    )


def merged(first: Listed, part: str, shifts: Mapping[str, Shifts]) -> Listed:
    """With another part that holds the same molecule, and its shifts where there were none."""
    others = dict.fromkeys([*filter(None, first.also.split(";")), part])
    others.pop(first.part, None)
    return replace(first, also=";".join(others), shifts={**shifts, **first.shifts})


def save_listing(path: Path, molecules: Iterable[Listed], note: Mapping[str, Any]) -> None:
    """Write the molecules to a parquet file."""
    import pyarrow as pa

    rows = list(molecules)
    columns: dict[str, Any] = {name: [getattr(r, name) for r in rows] for name in _TEXTS}
    given = [r.molecule for r in rows]
    columns["symbols"] = [" ".join(m.symbols) for m in given]
    columns["positions"] = pa.array([m.positions.ravel() for m in given], pa.list_(pa.float64()))
    columns["masses"] = pa.array([m.masses for m in given], pa.list_(pa.float64()))
    columns["charge"] = pa.array([m.charge for m in given], pa.int16())
    columns["multiplicity"] = pa.array([m.multiplicity for m in given], pa.int16())
    columns |= shift_columns([r.shifts for r in rows])
    write_table(path, pa.table(columns), KIND, note)


def load_listing(path: Path) -> tuple[list[Listed], dict[str, Any]]:
    """The molecules of such a file, and its note."""
    table, note = read_table(path, KIND)
    return list(_rows(table)), note


def _rows(table: Any) -> Iterator[Listed]:
    texts = {name: table[name].to_pylist() for name in _TEXTS}
    symbols = table["symbols"].to_pylist()
    arrays = {name: floats(table[name]) for name in ("positions", "masses")}
    charges, multiplicities = (table[n].to_pylist() for n in ("charge", "multiplicity"))
    shifts = shifts_of(table)
    for i, kinds in enumerate(symbols):
        molecule = Molecule(
            kinds.split(),
            arrays["positions"][i].reshape(-1, 3),
            masses=arrays["masses"][i],
            charge=charges[i],
            multiplicity=multiplicities[i],
            name=texts["name"][i],
        )
        about = {name: texts[name][i] for name in _TEXTS if name not in ("key", "name")}
        yield Listed(texts["key"][i], molecule, shifts=shifts[i], **about)


def floats(column: Any) -> list[Any]:
    """A column of lists as one array for each row."""
    whole = column.combine_chunks()
    ends = whole.offsets.to_numpy()
    flat = whole.values.to_numpy(zero_copy_only=False)
    return [flat[a:b] for a, b in pairwise(ends)]


def shift_columns(rows: list[Mapping[str, Shifts]]) -> dict[str, Any]:
    """Columns of atoms and shifts for each key of `SHIFTS`; empty lists where there are none."""
    import pyarrow as pa

    out = {}
    for key in SHIFTS:
        found = [r.get(key, _NONE) for r in rows]
        out[f"{key}_atoms"] = pa.array([f.atoms for f in found], pa.list_(pa.int16()))
        out[key] = pa.array([f.shifts for f in found], pa.list_(pa.float32()))
    return out


def shifts_of(table: Any) -> list[dict[str, Shifts]]:
    """What `shift_columns` made."""
    out: list[dict[str, Shifts]] = [{} for _ in range(table.num_rows)]
    for key in SHIFTS:
        pairs = zip(floats(table[f"{key}_atoms"]), floats(table[key]), strict=True)
        for row, (atoms, shifts) in zip(out, pairs, strict=True):
            if len(atoms):
                row[key] = Shifts(atoms, shifts)
    return out


_NONE = Shifts(np.array([], dtype=np.int16), np.array([], dtype=np.float32))
