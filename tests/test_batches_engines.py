"""Batches on Parsl and Dask give what the pool gives; a lost worker is told from a bad job."""

import ast
import subprocess
import sys
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from spektron.pointgroup import Molecule
from spektron.vibration.batches import ResultStore, StoreError, run_batch
from spektron.vibration.batches import batch as batches
from spektron.vibration.level import Level

pytest.importorskip("tblite")
pytest.importorskip("geometric")
XTB = Level("gfn2-xtb")
EXECUTORS = Path(__file__).resolve().parents[1] / "examples" / "executors"

SCRIPT = """
import runpy, sys
from spektron.pointgroup import Molecule, example
from spektron.vibration import Level
from spektron.vibration.batches import ResultStore, run_batch

def molecules(n):
    bent = [[0, 0, 0], [0, 0, 0.9], [0.9, 0, 0]]
    found = [Molecule("OHH", bent, charge=1)]           # an odd electron: a failure
    for i in range(n - 1):
        start = example(("water", "ammonia", "methane", "ethylene", "carbon_dioxide")[i % 5])
        found.append(start.with_positions(start.positions * (1 + 0.002 * (i // 5))))
    return found

if __name__ == "__main__":
    store, n, file = sys.argv[1:]
    make = runpy.run_path(file)["make_executor"] if file != "pool" else None
    done = run_batch(molecules(int(n)), Level("gfn2-xtb"), ResultStore(store), executors=make)
    print(done.computed, len(done.failures))
"""


def facts_of(store):
    return {
        key: {k: v for k, v in store.load(key).facts.items() if k != "seconds"} for key in store
    }


def compare(tmp_path, file, n):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    for folder, executor in (("pool", "pool"), ("engine", EXECUTORS / file)):
        command = [sys.executable, script, tmp_path / folder, str(n), executor]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=500, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.split()[-2:] == [str(n), "1"]
    pool, other = (ResultStore(tmp_path / name) for name in ("pool", "engine"))
    assert facts_of(pool) == facts_of(other)
    for key in pool:
        theirs = other.load(key).arrays
        for name, array in pool.load(key).arrays.items():
            assert np.array_equal(array, theirs[name], equal_nan=True)


@pytest.mark.parametrize(
    ("module", "file"), [("distributed", "dask_here.py"), ("parsl", "parsl_here.py")]
)
def test_engines_equal_the_pool(tmp_path, module, file):
    pytest.importorskip(module)
    compare(tmp_path, file, 6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "file"), [("distributed", "dask_here.py"), ("parsl", "parsl_here.py")]
)
def test_engines_equal_the_pool_on_fifty_molecules(tmp_path, module, file):
    pytest.importorskip(module)
    compare(tmp_path, file, 50)


@pytest.mark.parametrize("file", ["parsl_slurm.py", "dask_slurm.py"])
def test_configurations_for_slurm_name_options_that_exist(file):
    """There is no Slurm here: at least every keyword must be one of the class it goes to."""
    import inspect

    pytest.importorskip("parsl")
    from parsl import Config, HighThroughputExecutor
    from parsl.providers import SlurmProvider

    known = {c.__name__: c for c in (Config, HighThroughputExecutor, SlurmProvider)}
    tree = ast.parse((EXECUTORS / file).read_text(encoding="utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and hasattr(n.func, "id")]
    checked = 0
    for call in calls:
        if call.func.id in known:
            parameters = inspect.signature(known[call.func.id].__init__).parameters
            assert {k.arg for k in call.keywords} <= set(parameters)
            checked += 1
    assert checked == (3 if file == "parsl_slurm.py" else 0)


def stretched(n=12):
    return [
        Molecule(["H", "F"], [[0, 0, 0], [0, 0, 0.9 + 0.002 * i]], name=f"HF{i}") for i in range(n)
    ]


class Lossy(ThreadPoolExecutor):
    """Loses each job of one molecule, as an executor that goes on without a worker does."""

    lost = frozenset({"HF4"})

    def submit(self, fn, /, item):
        if item[1].name in self.lost:
            return super().submit(_raise)
        return super().submit(fn, item)


def _raise():
    raise RuntimeError("worker 7 is gone")


def test_a_job_whose_worker_is_lost_twice_is_a_failure(tmp_path):
    store = ResultStore(tmp_path / "store")
    found = run_batch(stretched(6), XTB, store, executors=partial(Lossy, 1))
    assert [(kind, "worker 7 is gone" in why) for _, kind, why in found.failures] == [
        ("worker died", True)
    ]
    assert found.computed == 6


def test_an_executor_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(Lossy, "lost", frozenset(m.name for m in stretched()))
    store = ResultStore(tmp_path / "store")
    with pytest.raises(StoreError, match=r"no job comes back .*worker 7 is gone"):
        run_batch(stretched(), XTB, store, executors=partial(Lossy, 1))
    assert len(list(store)) < batches.HOPELESS


def test_an_executor_that_cannot_be_made(tmp_path):
    @contextmanager
    def broken():
        raise OSError("no such partition")
        yield

    with pytest.raises(OSError, match="no such partition"):
        run_batch(stretched(1), XTB, ResultStore(tmp_path / "store"), executors=broken)
    assert not (tmp_path / "store" / ".batch").exists()


class Fragile(ThreadPoolExecutor):
    """Breaks for good, with all that is in flight, when it meets one of two molecules."""

    made = 0

    def __init__(self):
        super().__init__(1)
        type(self).made += 1
        self.broken = False

    def submit(self, fn, /, item):
        self.broken |= item[1].name in ("HF3", "HF10")
        return super().submit(_break if self.broken else fn, *(() if self.broken else (item,)))


def _break():
    raise BrokenExecutor("terminated abruptly")


def test_those_that_break_an_executor_are_found_in_halves(tmp_path):
    """Two of forty, all in flight at once: the others are computed, with few executors."""
    store = ResultStore(tmp_path / "store")
    found = run_batch(stretched(40), XTB, store, executors=Fragile)
    assert found.computed == 40
    lost = {found.keys.index(key) for key, kind, _ in found.failures if kind == "worker died"}
    assert lost == {3, 10}
    assert Fragile.made <= 4 * 7


class Idle(ThreadPoolExecutor):
    """Breaks after three jobs, while nothing runs."""

    def __init__(self):
        super().__init__(1)
        self.taken = 0

    def submit(self, fn, /, item):
        self.taken += 1
        if self.taken > 3:
            raise BrokenExecutor("died in its sleep")
        return super().submit(fn, item)


def test_an_executor_that_breaks_between_two_jobs(tmp_path):
    found = run_batch(stretched(8), XTB, ResultStore(tmp_path / "store"), executors=Idle, workers=1)
    assert (found.computed, found.failures) == (8, ())
