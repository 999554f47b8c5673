"""Wide CSV files of spectra: a row per molecule, a column per channel, read in blocks.

The files are larger than memory (8 GB for 129,817 × 3,501 numbers), so that they are read once
and forward. The fast reader says little of what is wrong with a file; when it gives up, a slow
look finds the row and the column.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....pointgroup.parquet import require_pyarrow
from ...errors import SpectraError
from ..files import finite
from .table import Float32, Float64

_CHUNK = 1 << 24
"""Bytes that the reader takes at a time; a row of 3,501 numbers has 80 kB."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The first line of a wide file.

    Attributes
    ----------
    id_name : str
        Head of the first column; often empty.
    axis : (n_channels,) float64
        The heads of the others, in the unit and the order of the file.
    """

    id_name: str
    axis: Float64


def read_head(path: Path) -> Head:
    """The axis of a wide file.

    Raises
    ------
    SpectraError
        If the file is no text, or a head is not a number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline(_CHUNK)
    except OSError as error:
        raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise SpectraError(f"{path}: not a text file, so no CSV of spectra") from None
    cells = next(csv.reader([line]), [])
    if len(cells) < 3:
        raise SpectraError(
            f"{path}: row 1 has {len(cells)} columns; it needs an id and a column per channel"
        )
    axis = np.empty(len(cells) - 1)
    for number, cell in enumerate(cells[1:], start=2):
        axis[number - 2] = finite(cell, f"{path}: row 1, column {number}")
    return Head(cells[0], axis)


def iterate_rows(path: Path, block: int) -> Iterator[tuple[tuple[str, ...], Float32]]:
    """Ids and values of ``block`` rows at a time, the last block shorter.

    Parameters
    ----------
    path : Path
    block : int

    Yields
    ------
    ids : tuple of str
    values : (n, n_channels) float32
        In the order of the file; NaN passes, for the caller to name its channel.

    Raises
    ------
    SpectraError
        If a row has too few or too many cells, or one that is no number; if the last line
        does not end, as in a download that was cut.
    """
    require_pyarrow("a data set")
    head = read_head(path)
    _refuse_cut(path)
    import pyarrow as pa

    width = len(head.axis)
    ids: list[str] = []
    values = np.empty((block, width), dtype=np.float32)
    filled = 0
    batches = _batches(path, width)
    while True:
        try:
            batch = next(batches, None)
        except pa.ArrowInvalid as error:
            _name_what_is_wrong(path, width)
            raise SpectraError(f"{path}: {str(error).splitlines()[0][:160]}") from None
        if batch is None:
            break
        names, part = batch
        while len(names):
            n = min(block - filled, len(names))
            ids += names[:n]
            values[filled : filled + n] = part[:n]
            filled, names, part = filled + n, names[n:], part[n:]
            if filled == block:
                yield tuple(ids), values
                ids, filled, values = [], 0, np.empty((block, width), dtype=np.float32)
    if filled:
        yield tuple(ids), values[:filled]


def _batches(path: Path, width: int) -> Iterator[tuple[list[str], Float32]]:
    """What the fast reader delivers."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names = ["id", *(str(k) for k in range(width))]
    types: dict[str, Any] = dict.fromkeys(names[1:], pa.float32())
    # No text counts as null: an empty cell is an error, not a gap.
    with pc.open_csv(
        path,
        read_options=pc.ReadOptions(column_names=names, skip_rows=1, block_size=_CHUNK),
        parse_options=pc.ParseOptions(ignore_empty_lines=True),
        convert_options=pc.ConvertOptions(
            column_types={"id": pa.string(), **types}, null_values=[], strings_can_be_null=False
        ),
    ) as reader:
        for batch in reader:
            values = np.empty((batch.num_rows, width), dtype=np.float32)
            for k in range(width):
                values[:, k] = batch.column(k + 1).to_numpy()
            yield batch.column(0).to_pylist(), values


def _refuse_cut(path: Path) -> None:
    """Refuse a file whose last line has no end: its last number may have lost digits."""
    with path.open("rb") as file:
        file.seek(-1, 2)
        if file.read(1) != b"\n":
            raise SpectraError(
                f"{path}: the last line does not end, so that the file was cut; download it again"
            )


def _name_what_is_wrong(path: Path, width: int) -> None:
    """Look for the first bad cell, slowly.

    Raises
    ------
    SpectraError
        With its row and column.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if number == 1 or not row:
                continue
            if len(row) != width + 1:
                raise SpectraError(
                    f"{path}: row {number} has {len(row)} columns, the head has {width + 1}"
                )
            for column, cell in enumerate(row[1:], start=2):
                finite(cell, f"{path}: row {number}, column {column}")
