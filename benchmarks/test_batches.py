"""Batches: two workers against one, and what the store costs beside the work."""

import statistics
import time

from spektron.ml.datasets import matched_strata
from spektron.vibration.batches import JobSettings, ResultStore, run_batch
from spektron.vibration.level import Level

RUNS = 5
N_MOLECULES = 48
XTB = Level("gfn2-xtb")
SPECTRUM = JobSettings(derivatives=False)


def molecules():
    """Substituted benzenes and pyrazines of 10 to 18 atoms."""
    found = [
        member.molecule
        for stratum in matched_strata(("benzene", "pyrazine"), ("F", "CN", "OH", "CH3"), largest=18)
        for member in stratum.centrosymmetric + stratum.others
    ]
    return found[:: len(found) // N_MOLECULES][:N_MOLECULES]


def test_two_workers_against_one(tmp_path):
    """Goal: 1.8 times as fast in the median of five alternating runs, start of workers included."""
    given, ratios = molecules(), []
    for run in range(RUNS):
        seconds = {}
        for workers in (1, 2) if run % 2 else (2, 1):
            begin = time.perf_counter()
            store = ResultStore(tmp_path / f"{run}-{workers}")
            done = run_batch(given, XTB, store, workers=workers, settings=SPECTRUM)
            seconds[workers] = time.perf_counter() - begin
            assert done.computed == len(given)
        ratios.append(seconds[1] / seconds[2])
    rate = 3600 * len(given) / seconds[1]
    print(f"\none worker {rate:.0f} molecules an hour; two are", end=" ")
    print(", ".join(f"{r:.2f}" for r in sorted(ratios)), "times as fast; median", end=" ")
    print(f"{statistics.median(ratios):.2f}")


def test_resuming_a_finished_batch(tmp_path):
    """What is found in the store costs little beside what is computed."""
    given, store = molecules(), ResultStore(tmp_path / "store")
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        run_batch(given, XTB, store, workers=2, settings=SPECTRUM)
        seconds.append(time.perf_counter() - begin)
    each = 1000 * seconds[1] / len(given)
    print(f"\nfirst run / second run {seconds[0] / seconds[1]:.0f}; {each:.1f} ms a molecule")
