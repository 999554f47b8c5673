"""Finished cells on disk: each in a file of its own, so that an interrupted run continues."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...pointgroup.writing import whole_file
from ..errors import ProtocolError
from .cell import Outcome
from .statistics import Merit

VERSION = 1
"""Of the protocol. Results of another one are not continued."""
DIGITS = 6
"""Decimals of stored predictions; reference values have three."""


def fingerprint(*parts: object) -> str:
    """A short name for data and settings: arrays by content, the rest by their text."""
    digest = hashlib.sha256(str(VERSION).encode())
    for part in parts:
        is_array = isinstance(part, np.ndarray)
        digest.update(np.ascontiguousarray(part).tobytes() if is_array else repr(part).encode())
        digest.update(b"|")
    return digest.hexdigest()[:16]


class Store:
    """A folder of finished cells.

    Parameters
    ----------
    folder : Path
        Made if needed.

    Raises
    ------
    ProtocolError
        If it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProtocolError(f"{folder}: {(error.strerror or str(error)).lower()}") from None
        if not os.access(folder, os.W_OK):
            raise ProtocolError(f"{folder}: cannot be written; choose another folder")

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def load(self, key: str) -> list[Outcome] | None:
        """The outcomes of a cell; None if it is not finished, or its file was damaged."""
        try:
            record = json.loads(self._path(key).read_text(encoding="utf-8"))
            return [_outcome(row) for row in record["outcomes"]]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, key: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Write a cell; the file appears whole or not at all. What it holds comes back."""
        rows = [_row(outcome) for outcome in outcomes]
        text = json.dumps({"outcomes": rows}, separators=(",", ":"))
        with whole_file(self._path(key), ProtocolError) as draft:
            draft.write_text(text, encoding="utf-8")
        return [_outcome(row) for row in rows]


def _row(outcome: Outcome) -> dict[str, Any]:
    predictions = [round(float(p), DIGITS) for p in outcome.predictions]
    m = outcome.merit
    return {
        "method": outcome.method, "k": outcome.k, "r2": m.r2, "rmsep": m.rmsep, "bias": m.bias,
        "predictions": predictions,
    }  # fmt: skip


def _outcome(row: dict[str, Any]) -> Outcome:
    found = Merit(row["r2"], row["rmsep"], row["bias"])
    return Outcome(row["method"], row["k"], found, np.array(row["predictions"]))
