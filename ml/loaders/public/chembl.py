"""Raman-ChEMBL: fundamentals of some 220,000 molecules of ChEMBL, computed with Gaussian 09.

J. Liang, J. Ling, L. Xu, X. Zhu, *Sci. Data* 12, 939 (2025); ``Raman-ChEMBL-part1.db`` and
``-part2.db`` (doi:10.6084/m9.figshare.28594295), licence CC BY-NC-ND 4.0. All of it is
**computed**, none measured.

What was found in four public programs that read the files: a SQLite table ``molecule`` with
``id``, ``SMILES``, scalar columns (``Eg``, ``Homo`` …) and ``blob_data``, a zlib stream. Three of
the programs decode it as **JSON** with the keys ``freq`` (cm⁻¹), ``IR Inten`` (km/mol),
``Raman Activ`` (Å⁴/u) and ``atoms``; one tries pickle. Both are read here, the pickle by a reader
that runs nothing (`pickles`). The units are those that Gaussian prints under these names; the
file states none. Not verified on the published files, which were not at hand.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import SpectraError
from .pickles import load_plain
from .table import (
    STICK_UNITS,
    Kind,
    MoleculeSpectra,
    MoleculeSticks,
    Source,
    check_axis,
    check_block,
    joined,
)

TABLE = "molecule"
COLUMNS = ("id", "SMILES", "blob_data")
KEYS = ("freq", "IR Inten", "Raman Activ")
LARGEST_BLOB = 1 << 26
"""Bytes of an unpacked blob; those of 100 atoms have some 100 kB."""


def iterate_sticks(path: Path) -> Iterator[MoleculeSticks]:
    """The molecules of one file in the order of their ids, one at a time.

    Parameters
    ----------
    path : Path
        ``Raman-ChEMBL-part1.db`` or ``-part2.db``.

    Raises
    ------
    SpectraError
        If it is no SQLite file, lacks the table or a column, or a blob cannot be used; with
        the id of its molecule.
    """
    source = Source.of(path)
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise SpectraError(f"{path}: not a SQLite file")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            # A hostile file could otherwise run functions from its schema.
            database.execute("PRAGMA trusted_schema=OFF")
            _check_columns(database, path)
            query = f"SELECT id, SMILES, blob_data FROM {TABLE} ORDER BY id"
            empty = True
            for name, smiles, blob in database.execute(query):
                empty = False
                yield _sticks(name, smiles, blob, path, source)
    except sqlite3.Error as error:
        raise SpectraError(f"{path}: damaged or cut SQLite file: {error}") from None
    if empty:
        raise SpectraError(f"{path}: the table {TABLE} is empty")


def _check_columns(database: sqlite3.Connection, path: Path) -> None:
    kinds = dict(database.execute("SELECT name, type FROM sqlite_master"))
    if kinds.get(TABLE) != "table":
        known = ", ".join(sorted(map(str, kinds))[:8]) or "none"
        raise SpectraError(f"{path}: no table {TABLE}; it has {known}")
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({TABLE})")]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise SpectraError(
            f"{path}: the table {TABLE} has no column {missing[0]}; "
            f"it has {', '.join(columns[:12])}"
        )


def _sticks(name: Any, smiles: Any, blob: Any, path: Path, source: Source) -> MoleculeSticks:
    label = f"{path}: molecule {name}"
    record = unpacked(blob, label)
    columns = []
    for key in KEYS:
        if key not in record:
            raise SpectraError(f"{label}: blob_data has no {key!r}")
        try:
            columns.append(np.asarray(record[key], dtype=np.float64))
        except (TypeError, ValueError):
            raise SpectraError(f"{label}: {key!r} holds something that is no number") from None
        if columns[-1].ndim != 1:
            raise SpectraError(f"{label}: {key!r} is no list of numbers")
    wavenumbers, ir, raman = columns
    text = smiles.strip() if isinstance(smiles, str) and smiles.strip() else None
    return MoleculeSticks(str(name), text, wavenumbers, ir, raman, source)


def unpacked(blob: object, label: str) -> dict[str, Any]:
    """What a blob holds: JSON, or a pickle of plain values, packed by zlib.

    Raises
    ------
    SpectraError
        If it is neither, unpacks to more than 64 MB, or is a pickle that names anything but
        arrays of numbers; nothing of it is run.
    """
    if not isinstance(blob, bytes):
        raise SpectraError(f"{label}: blob_data is {type(blob).__name__}, not bytes")
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(blob, LARGEST_BLOB)
    except zlib.error:
        raise SpectraError(f"{label}: blob_data is no zlib stream") from None
    if not stream.eof:
        why = "is cut" if not stream.unconsumed_tail else f"has over {LARGEST_BLOB >> 20} MB"
        raise SpectraError(f"{label}: blob_data {why}")
    if data[:1] in b"{[ \n" and data:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise SpectraError(f"{label}: blob_data is damaged JSON") from None
    else:
        found = load_plain(data, label)
    if not isinstance(found, dict):
        raise SpectraError(f"{label}: blob_data holds {type(found).__name__}, not named lists")
    return found


def iterate(
    path: Path,
    axis: ArrayLike,
    *,
    kind: Kind = "ir",
    fwhm: float = 10.0,
    block: int = 1024,
) -> Iterator[MoleculeSpectra]:
    """Spectra drawn from the lines, ``block`` molecules at a time.

    Parameters
    ----------
    path : Path
    axis : (n_channels,) array, cm⁻¹
        Strictly increasing.
    kind : "ir" or "raman"
    fwhm : float, cm⁻¹
        Of the Lorentzian.
    block : int

    Raises
    ------
    SpectraError
        As `iterate_sticks`; if ``kind`` is "uv".
    """
    check_block(block)
    if kind not in STICK_UNITS:
        raise SpectraError(f"{path}: has ir and raman, not {kind}")
    grid = np.array(axis, dtype=np.float64)
    check_axis(grid, "axis")
    molecules = iterate_sticks(path)
    while batch := list(islice(molecules, block)):
        yield MoleculeSpectra(
            tuple(m.id for m in batch),
            tuple(m.smiles for m in batch),
            grid,
            np.array([m.broadened(kind, grid, fwhm=fwhm) for m in batch]),
            kind,
            STICK_UNITS[kind],
            (batch[0].source,),
        )


def read(path: Path, axis: ArrayLike, *, kind: Kind = "ir", fwhm: float = 10.0) -> MoleculeSpectra:
    """All spectra of a file at once. Parameters and errors as in `iterate`."""
    return joined(iterate(path, axis, kind=kind, fwhm=fwhm), str(path))
