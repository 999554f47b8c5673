"""Latent vectors and predictions as a file: npz, parquet or csv, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...pointgroup.errors import FileError
from ...pointgroup.writing import whole_file
from .embedding import Embedding, Prediction

TYPES: Final = (".npz", ".parquet", ".csv")


def checked_type(path: Path) -> Path:
    """A path that an embedding can be written to, checked before any work is done.

    Raises
    ------
    FileError
        If the type is unknown or there is no such folder.
    """
    if path.suffix.lower() not in TYPES:
        raise FileError(f"{path}: unknown type of file; known are {', '.join(TYPES)}")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise FileError(f"{path}: cannot be written; choose a file in a folder that can")
    return path


def save_embedding(
    path: Path,
    names: Mapping[str, Sequence[str]],
    found: Embedding,
    prediction: Prediction | None = None,
) -> None:
    """Write latent vectors, a row for each sample.

    Parameters
    ----------
    path : path
        npz: arrays ``z_chem``, ``z_inst``, ``retrieval`` (n × dimensions) and names. parquet: the
        same as columns of lists. csv: a column for each number, ``z_chem 0`` and so on.
    names : mapping from column to n str
    found : Embedding
    prediction : Prediction, optional
        As ``prediction``; its classes as ``classes``.

    Raises
    ------
    FileError
        If it cannot be written; nothing is left of it.
    """
    arrays: dict[str, NDArray[Any]] = {
        "z_chem": found.chem,
        "z_inst": found.inst,
        "retrieval": found.retrieval,
    }
    classes: tuple[str, ...] = ()
    if prediction is not None:
        arrays["prediction"], classes = prediction.values, prediction.classes
    write = _WRITERS[checked_type(path).suffix.lower()]
    with whole_file(path) as draft:
        draft.write_bytes(write(names, arrays, classes))


Names = Mapping[str, Sequence[str]]
Arrays = Mapping[str, NDArray[Any]]


def _npz(names: Names, arrays: Arrays, classes: Sequence[str]) -> bytes:
    out = io.BytesIO()
    whole: dict[str, Any] = {name: np.array(texts, dtype=str) for name, texts in names.items()}
    if classes:
        whole["classes"] = np.array(classes, dtype=str)
    whole.update(arrays)
    np.savez_compressed(out, **whole)
    return out.getvalue()


def _parquet(names: Names, arrays: Arrays, classes: Sequence[str]) -> bytes:
    from ...pointgroup.parquet import require_pyarrow

    require_pyarrow("a data set")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {name: list(values) for name, values in names.items()}
        | {
            name: pa.FixedSizeListArray.from_arrays(
                pa.array(values.astype(np.float32).ravel()), values.shape[1]
            )
            for name, values in arrays.items()
        }
    )
    if classes:
        table = table.replace_schema_metadata({"classes": "\n".join(classes)})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _csv(names: Names, arrays: Arrays, classes: Sequence[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    heads = list(names)
    for name, values in arrays.items():
        ends = classes if name == "prediction" and classes else range(values.shape[1])
        heads += [f"{name} {end}" for end in ends]
    writer.writerow(heads)
    rows = np.concatenate(list(arrays.values()), axis=1)
    for texts, row in zip(zip(*names.values(), strict=True), rows, strict=True):
        writer.writerow([*texts, *(f"{value:.7g}" for value in row)])
    return out.getvalue().encode()


_WRITERS: Final[Mapping[str, Callable[[Names, Arrays, Sequence[str]], bytes]]] = {
    ".npz": _npz,
    ".parquet": _parquet,
    ".csv": _csv,
}
