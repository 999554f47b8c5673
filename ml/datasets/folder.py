"""A data set in the making: a folder with its molecules and the results so far.

``molecules.parquet`` lists the calculations, ``store`` holds their records. Everything that is
finished stays when the computation ends at any moment.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...pointgroup import InputError
from ...pointgroup.errors import FileError
from ...pointgroup.parquet import require_pyarrow
from ...vibration.batches import (
    BatchProgress,
    BatchReport,
    JobSettings,
    Record,
    ResultStore,
    run_batch,
)
from ...vibration.batches.batch import ExecutorFactory
from ...vibration.level import Level
from . import columns
from .listing import Listed, listed, load_listing, save_listing
from .recipe import Recipe, RecipeError, read_recipe

_LISTING = "molecules.parquet"
_STORE = "store"


@dataclass(frozen=True, slots=True, eq=False)
class DatasetFolder:
    """A data set on disk.

    Attributes
    ----------
    path : Path
    molecules : tuple of Listed
    note : mapping
        title, level, settings, recipe (SHA-256 of its text), left_out (lines on what gave no
        molecule).
    store : ResultStore
    """

    path: Path
    molecules: tuple[Listed, ...]
    note: Mapping[str, Any]
    store: ResultStore

    def build(
        self,
        *,
        executors: ExecutorFactory | None = None,
        workers: int | None = None,
        time_limit: float | None = None,
        retry_failures: bool = False,
        progress: Callable[[BatchProgress], None] | None = None,
    ) -> BatchReport:
        """Compute what is missing; see `run_batch`."""
        return run_batch(
            [each.molecule for each in self.molecules],
            Level.from_json(self.note["level"]),
            self.store,
            executors=executors,
            workers=workers,
            settings=JobSettings(**self.note["settings"]),
            time_limit=time_limit,
            retry_failures=retry_failures,
            progress=progress,
        )

    def take_over(self, files: Iterable[str | os.PathLike[str]]) -> int:
        """Put the rows of exported files into the store; how many were new.

        Raises
        ------
        FileError
            If a file is no export.
        InputError
            If it was computed at another level, or the data set keeps derivatives, which
            exports lack.
        """
        if self.note["settings"]["derivatives"]:
            raise InputError(
                f"{self.path}: keeps derivatives, which exported files lack; nothing can be "
                "taken over"
            )
        wanted = {each.key for each in self.molecules}
        new = 0
        for file in files:
            rows, note = columns.read_rows(Path(file))
            for name in ("level", "settings"):
                if note[name] != self.note[name]:
                    raise InputError(f"{file}: computed with another {name}: {note[name]}")
            for each, record in rows:
                if each.key in wanted and each.key not in self.store:
                    self.store.save(each.key, record)
                    new += 1
        return new

    def pairs(self) -> list[tuple[Listed, Record]]:
        """Molecules that have a record, with it."""
        found = ((each, self.store.load(each.key)) for each in self.molecules)
        return [(each, record) for each, record in found if record is not None]

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        every: bool = False,
        without: Iterable[str | os.PathLike[str]] = (),
    ) -> int:
        """Write the results so far to one parquet file; see `columns`.

        Parameters
        ----------
        path : path
        every : bool
            Keep also further molecules that lead to the same minimum.
        without : iterable of path
            Exported files; what they hold is left out.

        Returns
        -------
        int
            The number of rows.
        """
        held = {each.key for file in without for each, _ in columns.read_rows(Path(file))[0]}
        pairs = [pair for pair in self.pairs() if pair[0].key not in held]
        chosen = pairs if every else columns.distinct(pairs)
        columns.write_rows(Path(path), chosen, self.note)
        return len(chosen)


def open_folder(path: str | os.PathLike[str]) -> DatasetFolder:
    """A data set that was begun.

    Raises
    ------
    FileError
        If the folder holds none.
    """
    require_pyarrow("a data set")
    folder = Path(path)
    if not (folder / _LISTING).is_file():
        raise FileError(f"{folder}: no data set: there is no {_LISTING} in it")
    molecules, note = load_listing(folder / _LISTING)
    return DatasetFolder(folder, tuple(molecules), note, ResultStore(folder / _STORE))


def begin(
    recipe: str | os.PathLike[str],
    out: str | os.PathLike[str],
    bad: Callable[[str], None] = lambda line: None,
) -> DatasetFolder:
    """The data set of a recipe in a folder: a new one, or what was begun there.

    A recipe that has grown or shrunk continues; what it shares with the former one is not
    computed again.

    Raises
    ------
    FileError
        If the recipe or a file of it cannot be read, or the folder not be written.
    RecipeError
        If the recipe cannot be followed, or lists no molecule.
    InputError
        If the folder holds a data set of another title or level.
    """
    require_pyarrow("a data set")
    read = read_recipe(recipe)
    note = _note(read)
    folder = Path(out)
    if (folder / _LISTING).is_file():
        found = open_folder(folder)
        for name in ("title", "level", "settings"):
            if found.note[name] != note[name]:
                raise InputError(
                    f"{folder}: holds a data set of another {name}, {found.note[name]}; name "
                    "another folder"
                )
        if found.note["recipe"] == note["recipe"]:
            for line in found.note["left_out"]:
                bad(line)
            return found
    left_out: list[str] = []

    def leave_out(line: str) -> None:
        left_out.append(line)
        bad(line)

    molecules = listed(read, leave_out)
    if not molecules:
        reason = f"; the first line left out: {left_out[0]}" if left_out else ""
        raise RecipeError(f"{recipe}: it lists no molecule that can be computed{reason}")
    store = ResultStore(folder / _STORE)
    save_listing(folder / _LISTING, molecules, {**note, "left_out": left_out})
    return DatasetFolder(folder, tuple(molecules), {**note, "left_out": left_out}, store)


def _note(recipe: Recipe) -> dict[str, Any]:
    return {
        "title": recipe.title,
        "level": recipe.level.to_json(),
        "settings": asdict(recipe.settings),
        "recipe": hashlib.sha256(recipe.path.read_bytes()).hexdigest(),
    }
