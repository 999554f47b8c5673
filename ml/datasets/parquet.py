"""Parquet files with a note of their own: written whole or not at all, read with a check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...pointgroup.errors import FileError
from ...pointgroup.writing import whole_file

FORMAT = 1
_NOTE = b"spektron.dataset"


def write_table(path: Path, table: Any, kind: str, note: Mapping[str, Any]) -> None:
    """Write an Arrow table with what is to be known of it.

    Raises
    ------
    FileError
        If the file cannot be written; nothing is left of it.
    """
    import pyarrow.parquet as pq

    text = json.dumps({**note, "format": FORMAT, "kind": kind}, sort_keys=True)
    named = table.replace_schema_metadata({_NOTE: text.encode()})
    with whole_file(path) as draft:
        pq.write_table(named, draft, compression="zstd", compression_level=15)


def read_table(path: Path, kind: str) -> tuple[Any, dict[str, Any]]:
    """The table and its note.

    Raises
    ------
    FileError
        If the file is missing, damaged, of another kind, or of a later format.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, pa.ArrowException) as error:
        raise FileError(f"{path}: no readable parquet file: {_first_line(error)}") from None
    try:
        note = json.loads(table.schema.metadata[_NOTE])
    except (KeyError, TypeError, ValueError):
        raise FileError(f"{path}: a parquet file, but no data set of Spektron") from None
    found = note.pop("format", None), note.pop("kind", None)
    if found[0] != FORMAT:
        raise FileError(
            f"{path}: written in format {found[0]}, this version reads {FORMAT}; use a "
            "later version of Spektron"
        )
    if found[1] != kind:
        raise FileError(f"{path}: holds {found[1]}, not {kind}")
    return table, note


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
