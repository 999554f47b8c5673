"""Finished cells on disk, each a small JSON file that appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ...pointgroup.writing import whole_file
from ..benchmark.store import fingerprint
from ..errors import ProtocolError
from .cells import Cell


@dataclass(frozen=True, slots=True)
class Finished:
    """What a cell gave.

    Attributes
    ----------
    cell : Cell
    figures : mapping from name to float
    seconds : float
        CPU time of the process, s.
    """

    cell: Cell
    figures: Mapping[str, float]
    seconds: float


class Store:
    """A folder of finished cells.

    Parameters
    ----------
    folder : Path
        Made if needed.
    settings : mapping from study to str
        What the cells of a study depend on; results of other settings are not continued.

    Raises
    ------
    ProtocolError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self._marks = {study: fingerprint(text) for study, text in settings.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProtocolError(f"{folder}: {(error.strerror or str(error)).lower()}") from None

    def path(self, cell: Cell) -> Path:
        """The file of a cell."""
        return self.folder / f"{cell.name}-{self._marks[cell.study]}.json"

    def runs(self, cell: Cell) -> Path:
        """A folder for what the cells of a study and its settings leave and take up again."""
        return self.folder / "runs" / self._marks[cell.study]

    def load(self, cell: Cell) -> Finished | None:
        """A finished cell; None if it is not there or its file was damaged."""
        try:
            record = json.loads(self.path(cell).read_text(encoding="utf-8"))
            if record["cell"] != asdict(cell):
                return None
            figures = {str(k): float(v) for k, v in record["figures"].items()}
            return Finished(cell, figures, float(record["seconds"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def save(self, finished: Finished) -> None:
        """Write a cell.

        Raises
        ------
        ProtocolError
            If it cannot be written.
        """
        text = json.dumps(asdict(finished), indent=1, sort_keys=True) + "\n"
        with whole_file(self.path(finished.cell), ProtocolError) as draft:
            draft.write_text(text, encoding="utf-8")
