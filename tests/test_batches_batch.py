"""Batches: resumption, duplicates, dead workers, locks, and any executor."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example
from spektron.pointgroup.parallel import process_pool
from spektron.vibration.batches import ResultStore, StoreError, run_batch
from spektron.vibration.batches import batch as batches
from spektron.vibration.level import Level

pytest.importorskip("tblite")
pytest.importorskip("geometric")
XTB = Level("gfn2-xtb")


def diatomics(n=12):
    """HF, CO and others at several starts, so that each is its own job."""
    pairs = [("H", "F", 0.92), ("C", "O", 1.13), ("N", "N", 1.10), ("H", "Cl", 1.28)]
    return [
        Molecule([a, b], [[0, 0, 0], [0, 0, r + 0.01 * (i // 4)]], name=f"{a}{b}{i}")
        for i in range(n)
        for a, b, r in [pairs[i % 4]]
    ]


@pytest.fixture
def store(tmp_path):
    return ResultStore(tmp_path / "store")


threads = partial(ThreadPoolExecutor, 1)
#: One thread of BLAS and OpenMP, so that content repeats to the last bit.
single = partial(process_pool, 1)


def content(store):
    """All records but for the seconds."""
    return {
        key: (
            {k: v for k, v in store.load(key).facts.items() if k != "seconds"},
            {k: v.tobytes() for k, v in store.load(key).arrays.items()},
        )
        for key in store
    }


def test_finished_work_is_not_repeated(store, monkeypatch):
    molecules = diatomics(4)
    seen = []
    first = run_batch(molecules[:2], XTB, store, executors=threads, progress=seen.append)
    assert (first.computed, first.kept, first.duplicates, first.failures) == (2, 0, 0, ())
    assert [(p.done, p.total, p.computed) for p in seen] == [(0, 2, 0), (1, 2, 1), (2, 2, 2)]
    assert seen[0].seconds_left is None
    assert seen[1].seconds_left == pytest.approx(seen[1].seconds)
    assert seen[2].rate == pytest.approx(7200 / seen[2].seconds)
    asked = []
    monkeypatch.setattr(
        batches, "run_job", lambda m, *rest: asked.append(m.name) or _run_job(m, *rest)
    )
    again = run_batch([*molecules, molecules[3]], XTB, store, executors=threads)
    assert (again.computed, again.kept, again.duplicates) == (2, 2, 1)
    assert asked == ["NN2", "HCl3"]
    assert again.keys[3] == again.keys[4]
    assert set(store) == set(again.keys)


_run_job = batches.run_job


def test_failures_are_kept_and_can_be_retried(store):
    radical = Molecule(["O", "H"], [[0, 0, 0], [0, 0, 0.97]])
    found = run_batch([radical, *diatomics(1)], XTB, store, executors=threads)
    ((key, kind, reason),) = found.failures
    assert (key, kind) == (found.keys[0], "input")
    assert "multiplicity" in reason
    again = run_batch([radical], XTB, store, executors=threads)
    assert (again.computed, again.failures) == (0, found.failures)
    assert run_batch([radical], XTB, store, executors=threads, retry_failures=True).computed == 1


def _deadly(item, **_):
    if item[1].name == "HF4":
        os.kill(os.getpid(), signal.SIGKILL)
    return _run_job(item[1], XTB)


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_a_molecule_that_kills_its_worker_fails_alone(store, monkeypatch):
    monkeypatch.setattr(batches, "_job", _deadly)
    molecules = diatomics(7)
    found = run_batch(molecules, XTB, store, executors=partial(process_pool, 2), workers=2)
    assert [(f[0], f[1]) for f in found.failures] == [(found.keys[4], "worker died")]
    assert found.computed == 7
    assert len(list(store)) == 7


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[2])
from test_batches_batch import XTB, diatomics
from spektron.vibration.batches import ResultStore, run_batch
if __name__ == "__main__":
    found = run_batch(diatomics(), XTB, ResultStore(sys.argv[1]), workers=2)
    print(found.computed, found.kept)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_killed_at_any_moment_it_continues(tmp_path, store):
    run_batch(diatomics(), XTB, store, executors=single)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    folder = tmp_path / "killed"
    command = [sys.executable, str(script), str(folder), os.path.dirname(__file__)]
    for wanted in (1, 4, 7):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        while len(list(folder.rglob("*.record"))) < wanted and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    kept = set(ResultStore(folder))
    assert len(kept) >= 7
    last = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert last.stdout.split() == [str(12 - len(kept)), str(len(kept))]
    assert ResultStore(folder).check() == []
    assert content(ResultStore(folder)) == content(store)


MANY = """
import sys
from spektron.pointgroup import example
from spektron.vibration.batches import JobSettings, ResultStore, run_batch
from spektron.vibration.level import Level

def molecules():
    names = "water", "ammonia", "methane", "ethylene", "carbon_dioxide", "acetylene", "ethane"
    for i in range(200):
        start = example(names[i % 7])
        yield start.with_positions(start.positions * (1 + 0.001 * (i // 7)))

if __name__ == "__main__":
    found = run_batch(molecules(), Level("gfn2-xtb"), ResultStore(sys.argv[1]), workers=2)
    print(found.computed, found.kept, len(found.failures))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ten_kills_in_a_batch_of_two_hundred(tmp_path):
    """The same content as without interruption, and no record is written twice."""
    script = tmp_path / "script.py"
    script.write_text(MANY, encoding="utf-8")
    command = [sys.executable, str(script)]
    whole = subprocess.run([*command, tmp_path / "whole"], capture_output=True, check=True)
    assert whole.stdout.split() == [b"200", b"0", b"0"]
    folder, rng = tmp_path / "killed", np.random.default_rng(7)
    written: dict[str, int] = {}
    killed = 0
    while killed < 10:
        process = subprocess.Popen([*command, folder], stdout=subprocess.PIPE)
        before = len(written)
        while process.poll() is None and len(list(folder.rglob("*.record"))) <= before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        killed += process.wait(60) == -signal.SIGKILL
        process.communicate()
        now = {p.name: p.stat().st_mtime_ns for p in folder.rglob("*.record")}
        assert {name: now[name] for name in written} == written
        written = now
    assert 0 < len(written) < 200
    last = subprocess.run([*command, folder], capture_output=True, check=True)
    assert last.stdout.split() == [b"%d" % (200 - len(written)), b"%d" % len(written), b"0"]
    now = {p.name: p.stat().st_mtime_ns for p in folder.rglob("*.record")}
    assert {name: now[name] for name in written} == written
    assert ResultStore(folder).check() == []
    assert content(ResultStore(folder)) == content(ResultStore(tmp_path / "whole"))


def test_damaged_records_alone_are_computed_anew(store):
    run_batch(diatomics(4), XTB, store, executors=single)
    before = content(store)
    spoilt = sorted(store)[1]
    store.path(spoilt).write_bytes(b"spoilt")
    with pytest.raises(StoreError, match="check the store"):
        run_batch(diatomics(4), XTB, store, executors=single)
    assert [d.key for d in store.check()] == [spoilt]
    assert run_batch(diatomics(4), XTB, store, executors=single).computed == 1
    assert content(store) == before


def test_two_batches_in_one_store(store):
    lock = store.folder / ".batch"
    lock.write_text(json.dumps({"host": socket.gethostname(), "process": os.getpid()}))
    with pytest.raises(StoreError, match=f"process {os.getpid()} on .* runs a batch here"):
        run_batch(diatomics(1), XTB, store, executors=threads)
    lock.write_text(json.dumps({"host": "elsewhere", "process": 1}))
    with pytest.raises(StoreError, match="process 1 on elsewhere"):
        run_batch(diatomics(1), XTB, store, executors=threads)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    lock.write_text(json.dumps({"host": socket.gethostname(), "process": gone.pid}))
    assert run_batch(diatomics(1), XTB, store, executors=threads).computed == 1
    assert not lock.exists()


def test_a_full_disk_loses_nothing_that_is_finished(store, monkeypatch):
    save = ResultStore.save

    def full(self, key, record):
        if len(list(self)) == 2:
            raise StoreError("the disk is full; make room, the same command continues")
        save(self, key, record)

    monkeypatch.setattr(ResultStore, "save", full)
    with pytest.raises(StoreError, match="disk is full"):
        run_batch(diatomics(4), XTB, store, executors=threads)
    monkeypatch.undo()
    assert not (store.folder / ".batch").exists()
    found = run_batch(diatomics(4), XTB, store, executors=threads)
    assert (found.computed, found.kept) == (2, 2)


def test_a_time_limit_that_suffices_changes_nothing(store):
    found = run_batch([example("water")], XTB, store, executors=threads, time_limit=60)
    assert store.load(found.keys[0]).facts["group"] == "C2v"
