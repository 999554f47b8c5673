"""The result of one cell as a file: arrays, and a head that says what they belong to."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...pointgroup.writing import whole_file
from .config import Cell
from .errors import StudyError

FORMAT: Final = 1
_HEAD: Final = "head"


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """What a cell found.

    Attributes
    ----------
    head : mapping
        Cell, hashes of configuration, data and split, metrics of the model.
    arrays : mapping from name to array
    """

    head: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Origin:
    """What shards of one study have in common.

    Attributes
    ----------
    config, data : str
        SHA-256.
    splits : tuple of str
        SHA-256 of each fold's split.
    """

    config: str
    data: str
    splits: tuple[str, ...]

    def head(self, cell: Cell) -> dict[str, Any]:
        """What the head of a cell's shard must say."""
        return {
            "format": FORMAT,
            "config": self.config,
            "data": self.data,
            "split": self.splits[cell.fold],
            "fold": cell.fold,
            "seed": cell.seed,
            "input": cell.given,
        }


def shard_path(folder: Path, cell: Cell) -> Path:
    """Where the shard of a cell lies."""
    return folder / "cells" / f"{cell}.npz"


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard; the file is there whole or not at all.

    Raises
    ------
    StudyError
        If it cannot be written.
    """
    text = json.dumps(dict(shard.head), sort_keys=True)
    arrays: dict[str, Any] = {_HEAD: np.array(text)} | dict(shard.arrays)
    with whole_file(path, StudyError) as draft:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez_compressed(file, **arrays)


def read_shard(path: Path, cell: Cell, origin: Origin) -> Shard | None:
    """The shard of a cell; None if there is none.

    Raises
    ------
    StudyError
        If it is damaged, or belongs to another configuration, data set or split.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(str(arrays.pop(_HEAD)))
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error):
        raise StudyError(f"{path}: damaged; delete it, and its cell is computed again") from None
    if not isinstance(head, dict):
        raise StudyError(f"{path}: damaged; delete it, and its cell is computed again")
    for name, wanted in origin.head(cell).items():
        if head.get(name) != wanted:
            raise StudyError(
                f"{path}: of another study: its {name} is {_short(head.get(name))}, not "
                f"{_short(wanted)}; give another folder, or delete it"
            )
    return Shard(head, arrays)


def _short(value: object) -> str:
    return str(value)[:12]
