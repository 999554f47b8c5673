"""NMR shifts of the molecules of a file, joined by their names and checked by their elements."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, Molecule
from ...pointgroup.errors import FileError

COLUMNS = ("mol_id", "atom_type", "atom_index", "Shift")


@dataclass(frozen=True, slots=True, eq=False)
class Shifts:
    """Chemical shifts of some atoms of a molecule.

    Attributes
    ----------
    atoms : (n,) int
        Indices from 0.
    shifts : (n,) float, ppm
    """

    atoms: NDArray[np.int16]
    shifts: NDArray[np.float32]


def read_shifts(path: str | os.PathLike[str]) -> dict[str, list[tuple[int, int, float]]]:
    """Shifts by name of the molecule, as (atom, atomic number, ppm), in the order of the atoms.

    The file is CSV, also with ``.gz``, and has the columns ``mol_id``, ``atom_type`` (atomic
    number), ``atom_index`` (from 0) and ``Shift`` in any order.

    Raises
    ------
    FileError
        If it cannot be read, lacks a column, or holds something else than numbers.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: cannot be read as a table of shifts: {error}") from None
    rows = csv.DictReader(io.StringIO(text))
    if missing := set(COLUMNS) - set(rows.fieldnames or ()):
        raise FileError(f"{path}: no column {', '.join(sorted(missing))}")
    out: dict[str, list[tuple[int, int, float]]] = {}
    for row in rows:
        try:
            atom = int(row["atom_index"]), int(row["atom_type"]), float(row["Shift"])
        except (TypeError, ValueError):
            raise FileError(f"{path}: line {rows.line_num}: not the numbers of an atom") from None
        out.setdefault(row["mol_id"], []).append(atom)
    return {name: sorted(atoms) for name, atoms in out.items()}


def joined(molecule: Molecule, table: Mapping[str, list[tuple[int, int, float]]]) -> Shifts | None:
    """The shifts of a molecule by its name; None if the table has none.

    Raises
    ------
    InputError
        If an atom has another element in the table than in the geometry, or two shifts.
    """
    found = table.get(molecule.name)
    if found is None:
        return None
    numbers = molecule.atomic_numbers
    for atom, element, _ in found:
        if not 0 <= atom < len(numbers) or numbers[atom] != element:
            raise InputError(
                f"{molecule.name}: atom {atom} of the table of shifts is not that of the geometry"
            )
    if len({atom for atom, _, _ in found}) < len(found):
        raise InputError(f"{molecule.name}: the table of shifts has an atom twice")
    return Shifts(
        np.array([a for a, _, _ in found], dtype=np.int16),
        np.array([s for _, _, s in found], dtype=np.float32),
    )
