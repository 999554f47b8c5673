"""Chunks to rows, on several cores where there are several chunks."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, islice

from ..parallel import in_parallel
from .records import Chunk
from .rows import Row, rows_of

Finished = tuple[Chunk, list[Row]]


def analysed(
    chunks: Iterable[Chunk], tolerances: Sequence[float | None], workers: int
) -> Generator[Finished, None, None]:
    """Chunks with their rows, as they are finished; a single chunk or worker stays here.

    Raises
    ------
    WorkerDied
    """
    stream = iter(chunks)
    first = list(islice(stream, 2))
    rows = partial(_rows, tolerances=tolerances)
    if workers == 1 or len(first) < 2:
        for chunk in chain(first, stream):
            yield chunk, rows(chunk)
    else:
        with closing(in_parallel(rows, chain(first, stream), workers)) as finished:
            yield from finished


def _rows(chunk: Chunk, tolerances: Sequence[float | None]) -> list[Row]:
    return rows_of(chunk.records, tolerances)
