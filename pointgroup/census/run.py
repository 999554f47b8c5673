"""A census from beginning to end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..detection.symmetry import MAX_TOLERANCE
from ..errors import FileError, InputError, ToleranceError
from ..parallel import cores
from ..parquet import require_pyarrow
from .manifest import Manifest
from .parts import Parts, finished_manifest
from .records import Chunk, Record, chunks
from .sources import Source, find_sources, read_records
from .summary import Census, read_census
from .workers import analysed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a census has come.

    Attributes
    ----------
    records : int
        Read and finished.
    resumed : int
        Of these, finished by an interrupted census before.
    share : float
        Of the bytes of all files.
    """

    records: int
    resumed: int
    share: float


def run_census(
    inputs: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str] = "census.parquet",
    *,
    tolerances: Sequence[float | None] = (None,),
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Census:
    """Point group, mode counts and R of every molecule of files, archives and folders.

    The rows go to ``out`` (`COLUMNS` says which), in the order of the input. An interrupted
    census is continued by the same call; a finished one is not computed again. Where Python
    scripts call this with several workers, they need the usual
    ``if __name__ == "__main__":``.

    Parameters
    ----------
    inputs : iterable of path
        See `sources`.
    out : path
        A file that ends in ``.parquet``; replaced if it exists. Until the end finished parts
        are kept in a folder beside it.
    tolerances : sequence of float or None, Å
        As `detect` takes them; each molecule is analysed with every one.
    workers : int, optional
        Number of processes; all cores if not given.
    progress : callable, optional
        Called after each chunk.

    Raises
    ------
    FileError
        If an input does not exist or is of an unknown type, nothing at all can be read, or
        ``out`` cannot be written. What is wrong with single records and damaged files is
        told in their rows.
    ToleranceError
        If a tolerance is not between 0 and 0.5 Å.
    WorkerDied
        If a worker process was killed. The same call continues.
    """
    require_pyarrow("a census")
    path = _checked_out(Path(out))
    manifest = _manifest(inputs, tolerances)
    if finished_manifest(path) != manifest:
        parts = Parts(path, manifest)
        with parts.held():
            _fill(parts, _checked_workers(workers), progress or (lambda _: None))
            if not parts.done():
                raise FileError("no input was given")
            parts.merge()
    return read_census(path)


def is_finished(
    inputs: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    tolerances: Sequence[float | None],
) -> bool:
    """Whether ``out`` already holds the whole of this census, so that nothing is computed."""
    require_pyarrow("a census")
    return finished_manifest(Path(out)) == _manifest(inputs, tolerances)


def _manifest(
    inputs: Iterable[str | os.PathLike[str]], tolerances: Sequence[float | None]
) -> Manifest:
    return Manifest.of(find_sources(inputs), _checked_tolerances(tolerances))


def _fill(parts: Parts, workers: int, progress: Callable[[Progress], None]) -> None:
    """Compute and save the chunks that are not there yet."""
    sources = parts.manifest.sources
    total = max(sum(source.size for source in sources), 1)
    done = parts.done()
    records = resumed = position = 0

    def missing() -> Iterator[Chunk]:
        nonlocal records, resumed
        for chunk in chunks(_positioned(sources)):
            if chunk.number not in done:
                yield chunk
            else:
                records += len(chunk.records)
                resumed += len(chunk.records)

    for chunk, rows in analysed(missing(), parts.manifest.tolerances, workers):
        parts.save(chunk.number, rows)
        records += len(chunk.records)
        position = max(position, chunk.position)
        progress(Progress(records, resumed, min(position / total, 1.0)))


def _positioned(sources: Sequence[Source]) -> Iterator[tuple[Record, int]]:
    """The records of all files, with the bytes of all files read by then."""
    before = 0
    for source in sources:
        for record, position in read_records(source):
            yield record, before + position
        before += source.size


def _checked_out(out: Path) -> Path:
    if out.suffix != ".parquet":
        raise FileError(f"{out}: the output is a parquet file; end its name in .parquet")
    if out.is_dir():
        raise FileError(f"{out}: cannot be written: is a directory")
    return out


def _checked_tolerances(tolerances: Sequence[float | None]) -> tuple[float | None, ...]:
    for tolerance in tolerances:
        if tolerance is not None and not 0 < tolerance <= MAX_TOLERANCE:
            raise ToleranceError(
                f"tolerance {tolerance:g} Å: give an RMS displacement above 0, "
                f"up to {MAX_TOLERANCE} Å"
            )
    return tuple(dict.fromkeys(tolerances)) or (None,)


def _checked_workers(workers: int | None) -> int:
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers: give at least 1, or nothing for all cores")
    return workers or cores()
