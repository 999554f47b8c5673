"""Molecules with NMR shifts: an SD file of geometries joined with a table of shifts.

The geometry, hydrogens included, is what the model sees. SMILES serve to split by scaffold.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ...pointgroup import Molecule
from ...pointgroup.errors import FileError, InputError, MoleculeError
from ...pointgroup.molecules.molfile import read_record, sdf_records
from ..datasets.identity import inchikey_of
from ..datasets.shifts import Shifts, joined, read_shifts
from ..errors import SpectraError
from ..splits import Split, split_of, split_table
from ..table import SpectraTable, sticks_table
from .config import NUCLEI, ForwardData
from .graphs import CUTOFF, MolecularGraph, graph_of


@dataclass(frozen=True, slots=True, eq=False)
class ShiftSet:
    """Molecules with shifts of some atoms.

    Attributes
    ----------
    names, smiles, formulas : n str
        SMILES are empty where no bond orders are known.
    graphs : n MolecularGraph
    shifts : n Shifts
    left_out : tuple of str
        A line for each molecule whose shifts contradict its geometry.
    """

    names: tuple[str, ...]
    smiles: tuple[str, ...]
    formulas: tuple[str, ...]
    graphs: tuple[MolecularGraph, ...]
    shifts: tuple[Shifts, ...]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def index(self) -> SpectraTable:
        """A table of names and SMILES without lines, to split by scaffold.

        Molecules of one connectivity stay together by their InChIKeys, those without SMILES by
        their formulas; also with molecules of other tables.
        """
        empty: list[list[float]] = [[0.0]] * len(self)
        table = sticks_table(
            [f"{k}:{name}" for k, name in enumerate(self.names)],
            empty,
            empty,
            empty,
            smiles=self.smiles,
            inchikeys=[inchikey_of(*pair) for pair in zip(self.smiles, self.names, strict=True)],
        )
        return replace(table, texts={**table.texts, "formula": self.formulas})


def read_shift_set(
    geometries: str | os.PathLike[str],
    table: str | os.PathLike[str],
    *,
    cutoff: float = CUTOFF,
    nuclei: Sequence[str] = (),
) -> ShiftSet:
    """Molecules of an SD file with the shifts of a table, joined by name.

    Molecules without a shift of the wanted nuclei are left out, and those that have another element
    in the table than in the geometry: DFT8K has five, where two molecules share a number.

    Parameters
    ----------
    geometries : path
        SD file, also with ``.gz``; the first line of each record is the name.
    table : path
        CSV, see `spektron.ml.datasets.shifts.read_shifts`.
    cutoff : float, Å
    nuclei : of "13C", "1H"
        All if empty.

    Raises
    ------
    FileError
        If a file cannot be read.
    SpectraError
        If no molecule has a shift.
    """
    known = read_shifts(table)
    wanted = {NUCLEI[nucleus] for nucleus in nuclei or NUCLEI}
    rows, wrong = [], []
    for molecule, smiles in described_molecules(geometries):
        try:
            shifts = joined(molecule, known)
        except InputError as error:
            wrong.append(str(error))
            continue
        kept = None if shifts is None else _of_nuclei(molecule, shifts, wanted)
        if kept is not None and len(kept.atoms):
            rows.append((molecule, smiles, kept))
    if wrong and not rows:
        raise SpectraError(f"{geometries}: no molecule with a shift; the first: {wrong[0]}")
    found = shift_set(rows, cutoff=cutoff, source=str(geometries))
    return replace(found, left_out=tuple(wrong))


def shift_set(
    rows: Sequence[tuple[Molecule, str, Shifts]], *, cutoff: float = CUTOFF, source: str = "input"
) -> ShiftSet:
    """Molecules with their SMILES and shifts as a set.

    Raises
    ------
    SpectraError
        If there is none.
    """
    if not rows:
        raise SpectraError(f"{source}: no molecule with a shift; the names may not correspond")
    return ShiftSet(
        tuple(molecule.name for molecule, _, _ in rows),
        tuple(smiles for _, smiles, _ in rows),
        tuple(molecule.formula for molecule, _, _ in rows),
        tuple(graph_of(molecule, cutoff) for molecule, _, _ in rows),
        tuple(shifts for _, _, shifts in rows),
    )


def divided_together(sets: Sequence[ShiftSet], data: ForwardData) -> tuple[Split, ...]:
    """Parts of each of several sets; related molecules of all of them are in the same part.

    So a network that has seen the training part of one set has seen no test molecule of another.

    Parameters
    ----------
    sets : sequence of ShiftSet
    data : ForwardData
        Fractions, relations and seed.
    """
    both = ShiftSet(
        *(
            sum((getattr(each, field.name) for each in sets), ())
            for field in fields(ShiftSet)
            if field.name != "left_out"
        )
    )
    whole = split_table(
        both.index(), data.fractions, relations=data.relations, seed=data.split_seed
    )
    out, first = [], 0
    for each in sets:
        ours = {
            part: rows[(rows >= first) & (rows < first + len(each))] - first
            for part, rows in whole.parts.items()
        }
        out.append(split_of(each.index(), ours, whole.relations, seed=whole.seed))
        first += len(each)
    return tuple(out)


def described_molecules(path: str | os.PathLike[str]) -> Iterator[tuple[Molecule, str]]:
    """Molecules of an SD file with their canonical SMILES, empty where valences are impossible.

    Raises
    ------
    FileError
        If the file cannot be read, or a record is no molecule; with its number.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
        text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError) as error:
        raise FileError(f"{path}: cannot be read as an SD file: {error}") from None
    for record, lines in enumerate(sdf_records(text.decode(errors="replace")), start=1):
        if not any(map(str.strip, lines)):
            continue
        try:
            mol = read_record(lines)
            yield Molecule.from_rdkit(mol), _smiles(mol)
        except MoleculeError as error:
            raise FileError(f"{path}: record {record}: {error}") from None


def _smiles(mol: Any) -> str:
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    try:
        with BlockLogs():
            Chem.SanitizeMol(mol)
        return str(Chem.MolToSmiles(Chem.RemoveHs(mol)))
    except ValueError:  # a valence that RDKit does not know
        return ""


def _of_nuclei(molecule: Molecule, shifts: Shifts, wanted: set[int]) -> Shifts:
    kept = np.isin(molecule.atomic_numbers[shifts.atoms], list(wanted))
    return Shifts(shifts.atoms[kept], shifts.shifts[kept])
