"""Chunks to rows on all cores: spawned processes with one thread each, few chunks in flight.

Spawned, because a forked process inherits locks of threads that it does not have. The
processes ignore Ctrl-C, which reaches them too on a terminal, and end when their parent
does, even if it is killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_end
from threading import Thread

from .records import Chunk
from .rows import Row, rows_of

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Variables that set the number of threads of numerical libraries, read when they load."""
Finished = tuple[Chunk, list[Row]]


class WorkerDied(RuntimeError):
    """A worker process has ended by itself, as a rule killed for want of memory."""


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
    if workers == 1 or len(first) < 2:
        for chunk in chain(first, stream):
            yield chunk, rows_of(chunk.records, tolerances)
    else:
        with closing(_pooled(chain(first, stream), tolerances, workers)) as finished:
            yield from finished


def _pooled(
    chunks: Iterator[Chunk], tolerances: Sequence[float | None], workers: int
) -> Generator[Finished, None, None]:
    running: dict[Future[list[Row]], Chunk] = {}
    with _one_thread_each(), _pool(workers) as pool:
        more = True
        while more or running:
            while more and len(running) < workers + 2:
                chunk = next(chunks, None)
                if more := chunk is not None:
                    with _signals_held():
                        future = pool.submit(rows_of, chunk.records, tolerances)
                    running[future] = chunk
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), _rows(future)


def _rows(future: Future[list[Row]]) -> list[Row]:
    try:
        return future.result()
    except BrokenProcessPool:
        raise WorkerDied("a worker process has died, perhaps for want of memory") from None


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes are gone afterwards, whatever they were doing."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _prepare)
    try:
        yield pool
    finally:
        processes = list((pool._processes or {}).values())  # no public name before 3.14
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        pool.shutdown(wait=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start here find one thread per numerical library."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep Ctrl-C waiting; processes that start here never see it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare() -> None:
    """Run once in each worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)
