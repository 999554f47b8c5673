"""Many molecules into a result store, on any executor; interrupted work is continued."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from ...pointgroup import Molecule
from ...pointgroup.parallel import cores, process_pool
from ...pointgroup.progress import Progress
from ..level import Level
from .jobs import JobSettings, job_key, run_job
from .store import Record, ResultStore, StoreError

_LOCK = ".batch"
MANY = 1000
"""Jobs in flight on an executor whose size is not known."""
HOPELESS = 5
"""Jobs lost one after the other, each alone, after which the executor is given up."""

ExecutorFactory = Callable[[], AbstractContextManager[Executor]]
"""Makes an executor that is closed by ``with``; called again when a worker has died."""


@dataclass(frozen=True, slots=True)
class BatchProgress(Progress):
    """How far a batch is, in different molecules.

    Attributes
    ----------
    failed : int
        Among all that are done.
    """

    failed: int


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch leaves in the store.

    Attributes
    ----------
    keys : tuple of str
        Of each molecule in the order given; equal for duplicates.
    failures : tuple of (key, kind, reason)
    computed, kept, duplicates : int
        Computed now, found in the store, given more than once.
    """

    keys: tuple[str, ...]
    failures: tuple[tuple[str, str, str], ...]
    computed: int
    kept: int
    duplicates: int


def run_batch(
    molecules: Iterable[Molecule],
    level: Level,
    store: ResultStore,
    *,
    executors: ExecutorFactory | None = None,
    workers: int | None = None,
    settings: JobSettings | None = None,
    time_limit: float | None = None,
    retry_failures: bool = False,
    progress: Callable[[BatchProgress], None] | None = None,
) -> BatchReport:
    """Compute the spectra that the store does not hold yet.

    Parameters
    ----------
    molecules : iterable of Molecule
    level : Level
    store : ResultStore
    executors : callable, optional
        Makes the executor; by default a pool of spawned processes with one thread each. It is
        used by ``submit`` alone, so those of Parsl and Dask will do.
    workers : int, optional
        Processes of the own pool, the number of cores if not given. Another executor is handed
        so many jobs ahead, `MANY` if not given; its own configuration says how many run.
    settings : JobSettings, optional
    time_limit : float, s, optional
        For each job; not part of its key.
    retry_failures : bool
        Compute anew what has failed before.
    progress : callable, optional
        Called with a `BatchProgress` at the start and after each molecule.

    Raises
    ------
    StoreError
        If another batch writes to the store, or a record cannot be written. Finished records
        stay, and the same call continues.
    """
    settings = settings or JobSettings()
    listed = list(molecules)
    keys = tuple(job_key(m, level, settings) for m in listed)
    todo = dict(zip(keys, listed, strict=True))
    n_workers = workers or (cores() if executors is None else MANY)
    factory = executors or partial(process_pool, n_workers)
    job = partial(_job, level=level, settings=settings, time_limit=time_limit)
    with _alone(store):
        kept, failures = _known(store, list(todo), retry_failures)
        total, begin, computed = len(todo), time.perf_counter(), 0
        report = progress or (lambda now: None)
        report(BatchProgress(len(kept), total, 0, 0.0, len(failures)))
        missing = {key: m for key, m in todo.items() if key not in kept}
        for key, record in _finished(job, missing, factory, n_workers + 2):
            store.save(key, record)
            computed += 1
            if record.kind == "failure":
                failures[key] = (record.facts["failure"], record.facts["reason"])
            seconds = time.perf_counter() - begin
            report(BatchProgress(len(kept) + computed, total, computed, seconds, len(failures)))
    return BatchReport(
        keys,
        tuple((key, *failures[key]) for key in todo if key in failures),
        computed,
        len(kept),
        len(listed) - total,
    )


def _job(
    item: tuple[str, Molecule], level: Level, settings: JobSettings, time_limit: float | None
) -> Record:
    return run_job(item[1], level, settings, time_limit)


def _known(
    store: ResultStore, keys: list[str], retry_failures: bool
) -> tuple[set[str], dict[str, tuple[str, str]]]:
    """Keys that need no work, and the failures among them."""
    kept, failures = set(), {}
    for key in keys:
        record = store.load(key)
        if record is None or (record.kind == "failure" and retry_failures):
            continue
        kept.add(key)
        if record.kind == "failure":
            failures[key] = (record.facts["failure"], record.facts["reason"])
    return kept, failures


Job = Callable[[tuple[str, Molecule]], Record]


def _finished(
    job: Job, items: dict[str, Molecule], factory: ExecutorFactory, ahead: int
) -> Iterator[tuple[str, Record]]:
    """Records as they come.

    When the executor breaks, the jobs in flight are tried again in halves, down to the one that
    breaks it alone.
    """
    groups = [items]
    lost_in_a_row = 0
    while groups:
        waiting = dict(groups.pop())
        alone = len(waiting) == 1
        suspects: dict[str, Exception] = {}
        for key, record in _until_broken(job, waiting, factory, ahead, suspects):
            del waiting[key]
            lost_in_a_row = 0
            yield key, record
        if alone and suspects:
            ((key, error),) = suspects.items()
            lost_in_a_row += 1
            if lost_in_a_row == HOPELESS:
                raise StoreError(
                    f"no job comes back from the executor: {_line(error)}; see to its workers, "
                    "the same call continues"
                )
            yield key, _lost(waiting[key], error)
            continue
        keys = list(suspects)
        middle = (len(keys) + 1) // 2
        rest = [key for key in waiting if key not in suspects]
        for part in (rest, keys[middle:], keys[:middle]):  # the last comes first
            if part:
                groups.append({key: waiting[key] for key in part})


def _until_broken(
    job: Job,
    items: dict[str, Molecule],
    factory: ExecutorFactory,
    ahead: int,
    suspects: dict[str, Exception],
) -> Iterator[tuple[str, Record]]:
    """Records until all are done or the executor breaks.

    Then ``suspects`` has the jobs that were in flight, and those whose worker was lost by an
    executor that goes on, with what the executor says. Jobs themselves raise nothing.
    """
    running: dict[Future[Record], str] = {}
    stream = iter(list(items.items()))  # the caller takes from `items` what is done
    item: tuple[str, Molecule] | None = None
    try:
        with factory() as executor:
            more = True
            while more or running:
                while more and len(running) < ahead:
                    item = next(stream, None)
                    if more := item is not None:
                        running[executor.submit(job, item)] = item[0]
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    try:
                        record = future.result()
                    except BrokenExecutor:
                        raise
                    except Exception as error:  # noqa: BLE001 (each executor has its own)
                        suspects[running.pop(future)] = error
                    else:
                        yield running.pop(future), record
    except BrokenExecutor as error:
        suspects |= dict.fromkeys(running.values(), error)
        if not suspects:  # it broke between two jobs
            if item is None:
                raise
            suspects[item[0]] = error


def _lost(molecule: Molecule, error: Exception) -> Record:
    return Record(
        "failure",
        {
            "symbols": list(molecule.symbols),
            "name": molecule.name,
            "charge": molecule.charge,
            "multiplicity": molecule.multiplicity,
            "failure": "worker died",
            "reason": f"its worker was lost twice, perhaps for want of memory: {_line(error)}",
        },
    )


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


@contextmanager
def _alone(store: ResultStore) -> Iterator[None]:
    """Refuse a second batch in the same store; the lock of a dead process is taken over."""
    lock = store.folder / _LOCK
    own = json.dumps({"host": socket.gethostname(), "process": os.getpid()})
    for _ in range(2):
        try:
            handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            _refuse_living(lock)
            lock.unlink(missing_ok=True)
        else:
            with os.fdopen(handle, "w") as file:
                file.write(own)
            break
    else:
        raise StoreError(f"{store.folder}: another batch has just begun here")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _refuse_living(lock: os.PathLike[str]) -> None:
    try:
        with open(lock, encoding="utf-8") as file:
            owner = json.load(file)
        host, process = str(owner["host"]), int(owner["process"])
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        raise StoreError(
            f"{lock}: another batch is starting here; if none is, remove this file"
        ) from None
    if host == socket.gethostname():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        except PermissionError:
            pass
    raise StoreError(
        f"{os.path.dirname(lock)}: process {process} on {host} runs a batch here; wait for it, or "
        f"remove {os.path.basename(lock)} if that machine is gone"
    )
