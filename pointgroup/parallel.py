"""Work on all cores: spawned processes with one thread each, few items in flight.

Spawned, because a forked process inherits locks of threads that it does not have. The
processes ignore Ctrl-C, which reaches them too on a terminal, and end when their parent
does, even if it is killed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_end
from threading import Thread
from typing import Any, TypeVar

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Variables that set the number of threads of numerical libraries, read when they load."""

T = TypeVar("T")
U = TypeVar("U")


_DEATH = "a worker process has died, perhaps for want of memory"


class WorkerDied(RuntimeError):
    """A worker process has ended by itself, as a rule killed for want of memory."""


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_parallel(
    function: Callable[[T], U],
    items: Iterable[T],
    workers: int,
    *,
    prepare: Callable[..., None] | None = None,
    arguments: tuple[Any, ...] = (),
) -> Generator[tuple[T, U], None, None]:
    """Items with their results, as they are finished.

    Parameters
    ----------
    function : callable
        Of one item; found by name in each process.
    items : iterable
        Read only a little ahead of the work.
    workers : int
        Processes, 1 or more.
    prepare, arguments : callable and tuple, optional
        Run once in each process before its first item.

    Raises
    ------
    WorkerDied
    Exception
        What `function` raises.
    """
    stream = iter(items)
    running: dict[Future[U], T] = {}
    with process_pool(workers, prepare=prepare, arguments=arguments) as pool:
        more = True
        while more or running:
            while more and len(running) < workers + 2:
                try:
                    item = next(stream)
                except StopIteration:
                    more = False
                else:
                    running[submitted(pool, function, item)] = item
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), _result(future)


def submitted(pool: ProcessPoolExecutor, function: Callable[[T], U], item: T) -> Future[U]:
    """Hand one item to a pool; the process that may start for it never sees Ctrl-C.

    Raises
    ------
    WorkerDied
    """
    try:
        with _signals_held():
            return pool.submit(function, item)
    except BrokenProcessPool:
        raise WorkerDied(_DEATH) from None


def _result(future: Future[U]) -> U:
    try:
        return future.result()
    except BrokenProcessPool:
        raise WorkerDied(_DEATH) from None


@contextmanager
def process_pool(
    workers: int,
    *,
    prepare: Callable[..., None] | None = None,
    arguments: tuple[Any, ...] = (),
) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes are gone afterwards, whatever they were doing."""
    with _one_thread_each():
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _prepare, (prepare, arguments))
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


def _prepare(further: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """Run once in each process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    if further is not None:
        further(*arguments)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)
