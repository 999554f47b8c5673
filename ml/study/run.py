"""A study from its configuration: all cells over worker processes, resumed where they stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ...pointgroup.parallel import WorkerDied, process_pool, submitted
from ...pointgroup.progress import Progress
from ...pointgroup.writing import hold, whole_file
from ..model.settings import to_mapping, to_toml
from ..table import read_spectra
from .cell import Job, run_cell
from .config import NEAREST, Cell, StudyConfig
from .design import design
from .errors import StudyError
from .shards import read_shard, shard_path

WORKERS: Final = 2
_DIED: Final = "a worker process has died, perhaps for want of memory"


@dataclass(frozen=True, slots=True)
class StudyProgress(Progress):
    """How far a study is, in cells.

    Attributes
    ----------
    last : str
        The cell that was finished last; empty at the start.
    """

    last: str = ""


Report = Callable[[StudyProgress], None]


def open_study(config: StudyConfig, folder: Path | str, data: Path | str | None = None) -> Job:
    """Read the data and lay out the folds.

    Parameters
    ----------
    config : StudyConfig
    folder : path
        Of the study.
    data : path, optional
        In place of the path in the configuration.

    Raises
    ------
    StudyError
        If the data are not those of the configuration, or do not carry its folds.
    """
    path = Path(data or config.table)
    if not path.exists():
        raise StudyError(f"{path}: no such data set; give its path with data, or --data")
    table = read_spectra(path)
    if config.sha256 and table.sha256 != config.sha256:
        raise StudyError(
            f"{path}: its SHA-256 is {table.sha256[:12]}…, the configuration wants "
            f"{config.sha256[:12]}…; give the data set that was registered"
        )
    return Job(config, table, design(table, config), Path(folder))


def finished(job: Job) -> set[Cell]:
    """Cells that have a shard.

    Raises
    ------
    StudyError
        If a shard is damaged or belongs to another study.
    """
    origin = job.origin
    return {
        cell
        for cell in job.config.cells
        if read_shard(shard_path(job.folder, cell), cell, origin) is not None
    }


def run_study(
    job: Job,
    *,
    workers: int = WORKERS,
    hours: float | None = None,
    data: Path | str | None = None,
    progress: Report = lambda state: None,
) -> set[Cell]:
    """Compute the cells that are missing.

    Parameters
    ----------
    job : Job
        See `open_study`.
    workers : int
        Processes with one thread each; with 1 everything runs in this one.
    hours : float, optional
        No cell is begun that is not likely to end within this time.
    data : path, optional
        As for `open_study`; processes read it again.
    progress : callable

    Returns
    -------
    set of Cell
        Those that are finished now.

    Raises
    ------
    StudyError
        If the folder is in use or holds another study, or a worker process died.
    Diverged
        If a training diverged twice.
    """
    if workers < 1:
        raise StudyError(f"{workers} workers; give 1 or more")
    if hours is not None and hours < 0:
        raise StudyError(f"{hours:g} hours; give 0 or more")
    with _locked(job.folder):
        _note(job)
        done = finished(job)
        missing = [cell for cell in job.config.cells if cell not in done]
        if any(cell.given != NEAREST for cell in missing) and hours != 0:
            from ..model.packages import require

            require("torch", "safetensors")
        clock = _Clock(len(done), len(job.config.cells), hours, workers, progress)
        clock.told()
        path = str(data or job.config.table)
        for cell in _computed(job, missing, min(workers, len(missing)), path, clock):
            done.add(cell)
            clock.count(cell)
    return done


@dataclass(slots=True)
class _Clock:
    """Counts cells, and says whether there is time for another."""

    done: int
    total: int
    hours: float | None
    workers: int
    report: Report
    computed: int = 0
    begun: float = 0.0

    def __post_init__(self) -> None:
        self.begun = time.monotonic()

    def count(self, cell: Cell) -> None:
        self.done += 1
        self.computed += 1
        self.told(str(cell))

    def told(self, last: str = "") -> None:
        seconds = time.monotonic() - self.begun
        self.report(StudyProgress(self.done, self.total, self.computed, seconds, last))

    def more(self) -> bool:
        if self.hours is None:
            return True
        seconds = time.monotonic() - self.begun
        each = self.workers * seconds / self.computed if self.computed else 0.0
        return self.hours > 0 and seconds + each <= 3600 * self.hours


def _computed(
    job: Job, missing: Sequence[Cell], workers: int, data: str, clock: _Clock
) -> Iterator[Cell]:
    """Cells as they are finished."""
    if workers <= 1:
        for cell in missing:
            if not clock.more():
                return
            run_cell(job, cell)
            yield cell
        return
    waiting, running = list(missing), dict[Future[None], Cell]()
    arguments = (job.config, str(job.folder), data)
    with process_pool(workers, prepare=_start, arguments=arguments) as pool:
        try:
            while True:
                # No more than there are workers: what is handed over must be finished.
                while waiting and len(running) < workers and clock.more():
                    cell = waiting.pop(0)
                    running[submitted(pool, _work, cell)] = cell
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    cell = running.pop(future)
                    future.result()
                    yield cell
        except (WorkerDied, BrokenProcessPool):
            raise StudyError(
                f"{_DIED}; finished cells are kept, the same command continues"
            ) from None


_job: list[Job] = []


def _start(config: StudyConfig, folder: str, data: str) -> None:
    """Run once in each process."""
    _job[:] = [open_study(config, folder, data)]


def _work(cell: Cell) -> None:
    run_cell(_job[0], cell)


# ---- the folder ----


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder; the lock ends with the process, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise StudyError(f"{folder}: {(error.strerror or str(error)).lower()}") from None
    with file:
        hold(file, StudyError(f"{folder}: another process is at work on this study"))
        yield


def _note(job: Job) -> None:
    """Leave the configuration in the folder; refuse one that holds another study."""
    digest = f"# SHA-256 of what results depend on: {job.config.digest}\n"
    path = job.folder / "study.toml"
    try:
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        if known and not known.startswith(digest):
            raise StudyError(
                f"{job.folder}: holds a study of another configuration ({path.name}); give another "
                "folder"
            )
        if not known:
            # The hash of the data is noted even where the configuration leaves it open.
            whole = replace(job.config, sha256=job.table.sha256)
            with whole_file(path, StudyError) as draft:
                draft.write_text(digest + to_toml(to_mapping(whole)), encoding="utf-8")
    except OSError as error:
        raise StudyError(f"{path}: {(error.strerror or str(error)).lower()}") from None
