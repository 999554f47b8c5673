"""Spectra of optimised geometries on geometries that the force field builds from SMILES.

A user who has SMILES has no optimised geometry. A model that has seen both kinds with the same
spectrum learns not to rely on what only an optimisation gets right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...pointgroup import InputError, Molecule, detect
from ..errors import SpectraError
from ..splits import Split, split_of
from ..table import Float32, Int64, Ragged, SpectraTable

MARK: Final = " built"
"""Behind the keys of molecules whose geometry is built."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """Geometries for some molecules of a table.

    Attributes
    ----------
    rows : (n,) int64
        Of the table, ascending.
    atomic_numbers : Ragged uint8
    positions : (n_atoms of all, 3) float32, Å
        Like ``atomic_numbers.values``.
    """

    rows: Int64
    atomic_numbers: Ragged
    positions: Float32


def build_geometries(
    table: SpectraTable, *, progress: Callable[[int, int], None] | None = None
) -> Built:
    """What the force field makes of each SMILES, symmetrised, as ``spektron predict`` does it.

    Left out are molecules without SMILES and those whose geometry cannot be built.

    Parameters
    ----------
    table : SpectraTable
    progress : callable, optional
        Called with how many molecules of how many are done.

    Raises
    ------
    SpectraError
        If none is left.
    """
    rows, molecules = [], []
    for row, smiles in enumerate(table.texts["smiles"]):
        try:
            molecules.append(detect(Molecule.from_smiles(smiles)).symmetrise())
            rows.append(row)
        except InputError:  # no SMILES, or one that no force field can answer for
            pass
        if progress is not None:
            progress(row + 1, len(table))
    if not rows:
        raise SpectraError(f"none of {len(table)} molecules has SMILES that can be built")
    return Built(
        np.array(rows, dtype=np.int64),
        Ragged.of([molecule.atomic_numbers for molecule in molecules], np.uint8),
        np.concatenate([molecule.positions for molecule in molecules]).astype(np.float32),
    )


def rebuilt(table: SpectraTable, built: Built) -> SpectraTable:
    """The molecules with other geometries and their own spectra, to be joined with the table.

    Raises
    ------
    SpectraError
        If the geometries are of other molecules.
    """
    if built.rows[-1] >= len(table):
        raise SpectraError(f"geometries of molecule {built.rows[-1]}, of {len(table)}")
    own = table.take(built.rows)
    for row in range(len(own)):
        if sorted(own.atomic_numbers[row]) != sorted(built.atomic_numbers[row]):
            name = own.texts["name"][row]
            raise SpectraError(f"{name}: the geometry has other elements; build it again")
    seen = hashlib.sha256(table.sha256.encode())
    seen.update(built.rows.tobytes())
    seen.update(built.positions.tobytes())
    return replace(
        own,
        texts={**own.texts, "key": tuple(key + MARK for key in own.texts["key"])},
        atomic_numbers=built.atomic_numbers,
        positions=built.positions,
        # Shifts name atoms in the order of the geometry that was left.
        shifts={},
        sha256=seen.hexdigest(),
    )


def split_of_both(joined: SpectraTable, split: Split, built: Built) -> Split:
    """The split of a table, for it and its rebuilt molecules behind it.

    Parameters
    ----------
    joined : SpectraTable
        The table and what `rebuilt` makes of it, in this order.
    split : Split
        Of the table alone.
    built : Built
    """
    n = len(joined) - len(built.rows)
    parts = {
        name: np.concatenate([rows, n + np.flatnonzero(np.isin(built.rows, rows))])
        for name, rows in split.parts.items()
    }
    return split_of(joined, parts, split.relations, seed=split.seed)
