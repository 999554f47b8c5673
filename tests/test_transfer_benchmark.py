"""The benchmark of calibration transfer: protocol, seal, audit, statistics, resumption."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.benchmark import (
    CATALOGUE,
    NAMES,
    Entry,
    Plan,
    Vault,
    audit,
    check_plan,
    compare,
    entries_named,
    kennard_stone,
    median_interval,
    merit,
    run_cell,
    run_plan,
    split_of,
)
from spektron.ml.benchmark.statistics import corrected_t
from spektron.ml.benchmark.store import Store
from spektron.ml.benchmark.summary import best_published, is_trivial, lines, versus, write_csv
from spektron.ml.errors import LeakError, ProtocolError, SpectraError
from spektron.ml.spectra import SpectralSet, Study
from spektron.ml.transfer import Linear
from spektron.ml.transfer.pretreatment import RAW

QUICK = ("default", "sbc", "joint", "none", "ceiling", "two-channels")


def spectra(n=32, p=48, seed=0):
    """Smooth spectra of two instruments, and the amount of one of three bands."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, p)
    bands = np.array([np.exp(-(((x - c) / 0.12) ** 2)) for c in (0.25, 0.5, 0.7)])
    amounts = rng.uniform(0.2, 1, (n, 3))
    master = amounts @ bands + rng.normal(0, 0.05, (n, 1)) + 1e-3 * rng.normal(size=(n, p))
    target = 1.05 * master + 0.03 * x + 1e-3 * rng.normal(size=(n, p))
    return master, target, amounts[:, 0] + 0.04 * rng.normal(size=n)


def study(n=32, p=48, seed=0, **values):
    master, target, y = spectra(n, p, seed)
    axis = 1000 + 2.0 * np.arange(p)
    sets = {name: SpectralSet(rows, axis, "nm", name)
            for name, rows in (("a", master), ("b", target))}  # fmt: skip
    return Study("toy", sets, {"Oil": y, **values})


def plan(**options):
    given = {"pairs": (("a", "b"),), "properties": ("Oil",), "ks": (0, 6), "seeds": (0, 1, 2),
             "methods": QUICK}  # fmt: skip
    return Plan(**(given | options))


# ---- splits and Kennard–Stone ----


@given(st.integers(20, 200), st.integers(0, 10**6))
def test_splits_are_disjoint_and_whole(n, seed):
    split = split_of(seed, n)
    together = np.concatenate([split.calibration, split.test])
    assert sorted(together) == list(range(n))
    assert len(split.test) == round(n / 4)
    again = split_of(seed, n)
    assert again.test.tolist() == split.test.tolist()


def test_given_sizes():
    split = split_of(3, 100, n_test=30, n_calibration=40)
    assert (len(split.test), len(split.calibration)) == (30, 40)
    assert not set(split.test) & set(split.calibration)


@pytest.mark.parametrize("options", [{"n_test": 2}, {"n_calibration": 5}, {"n_test": 40,
                                     "n_calibration": 50}])  # fmt: skip
def test_too_few_samples(options):
    with pytest.raises(ProtocolError, match="80 samples cannot give"):
        split_of(0, 80, **options)


def slow_kennard_stone(rows, k):
    distance = np.array([[np.linalg.norm(a - b) for b in rows] for a in rows])
    chosen = list(np.unravel_index(distance.argmax(), distance.shape))
    while len(chosen) < k:
        rest = [i for i in range(len(rows)) if i not in chosen]
        chosen.append(max(rest, key=lambda i: min(distance[i, j] for j in chosen)))
    return [int(i) for i in chosen]


@pytest.mark.parametrize("seed", range(5))
def test_kennard_stone_is_its_definition(seed):
    rows = np.random.default_rng(seed).normal(size=(25, 4))
    assert kennard_stone(rows, 9).tolist() == slow_kennard_stone(rows, 9)
    assert kennard_stone(rows, 5).tolist() == kennard_stone(rows, 9)[:5].tolist()


def test_kennard_stone_at_the_edges():
    rows = np.array([[0.0], [4.0], [5.0]])
    assert kennard_stone(rows, 0).size == 0
    assert kennard_stone(rows, 1).tolist() == [1]
    assert sorted(kennard_stone(rows, 3)) == [0, 1, 2]
    with pytest.raises(ProtocolError, match="k = 4 transfer samples of a calibration set of 3"):
        kennard_stone(rows, 4)


# ---- the seal ----


def test_sealed_rows_do_not_exist():
    vault = Vault(*spectra())
    lent, test = vault.lent, np.array([1, 5])
    before = [a.copy() for a in (lent.master, lent.target, lent.values)]
    with vault.sealed(test) as rows:
        for array in (lent.master, lent.target, lent.values):
            assert np.isnan(array[test]).all()
            assert np.isfinite(np.delete(array, test, axis=0)).all()
        assert rows.tobytes() == before[1][test].tobytes()
    for array, old in zip((lent.master, lent.target, lent.values), before, strict=True):
        assert array.tobytes() == old.tobytes()
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_seal_ends_with_an_error():
    vault = Vault(*spectra())
    try:
        with vault.sealed(np.array([0])):
            raise KeyError
    except KeyError:
        assert np.isfinite(vault.lent.master).all()


def test_a_vault_shares_no_memory_with_its_source():
    master, target, values = spectra()
    vault = Vault(master, target, values)
    with vault.sealed(np.array([0])):
        assert np.isfinite(master).all()
        assert np.isfinite(values).all()


# ---- planted leaks: each of them must be caught ----


@dataclass(frozen=True)
class Constant:
    """A calibration that always says the same."""

    value: float

    def predict(self, rows):
        return np.full(len(rows), self.value)


@dataclass(frozen=True)
class MeanOfAll:
    """Preprocessing over all samples, those of the test set included."""

    lent: object
    mean: object = np.mean

    def fit(self, master, transfer, target_unlabelled=None):
        centre = self.mean(self.lent.target, axis=0)
        return Linear(np.ones(master.spectra.shape[1]), -float(centre.sum()), RAW)


@dataclass(frozen=True)
class LooksUp:
    """Finds a test spectrum among all spectra and returns its reference value."""

    lent: object

    def fit(self, master, transfer, target_unlabelled=None):
        return self

    def predict(self, rows):
        distances = ((self.lent.target[None] - rows[:, None]) ** 2).sum(axis=2)
        return self.lent.values[distances.argmin(axis=1)]


@dataclass(frozen=True)
class Transductive:
    """Centres the batch that it is to predict."""

    def fit(self, master, transfer, target_unlabelled=None):
        return self

    def predict(self, rows):
        return (rows - rows.mean(axis=0)).sum(axis=1)


@dataclass(frozen=True)
class Selects:
    """Chooses by the spread of all reference values, deaf to NaN."""

    lent: object

    def fit(self, master, transfer, target_unlabelled=None):
        return Constant(float(np.nanstd(self.lent.values)))


def planted(build):
    return (Entry("planted", "a planted leak", build, "plain"),)


def cell(build, **options):
    data = spectra()
    return run_cell(Vault(*data), split_of(0, 32), (6,), planted(build), **options)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (MeanOfAll, "not finite"),
        (LooksUp, "not finite"),
        (lambda lent: Transductive(), "other company"),
    ],
    ids=["preprocessing over all samples", "look-up of labels", "centring of the test batch"],
)
def test_the_seal_catches(build, words):
    with pytest.raises(LeakError, match=words):
        cell(build)


def test_a_deaf_look_up_finds_no_test_label():
    """Where NaN is skipped, what is left is the calibration set: nearest neighbours, no leak."""
    data, split = spectra(), split_of(0, 32)

    @dataclass(frozen=True)
    class Deaf(LooksUp):
        def predict(self, rows):
            distances = ((self.lent.target[None] - rows[:, None]) ** 2).sum(axis=2)
            return self.lent.values[np.nanargmin(distances, axis=1)]

    (found,) = run_cell(Vault(*data), split, (6,), planted(Deaf))
    assert set(found.predictions) <= set(data[2][split.calibration])
    assert found.merit.r2 < 1


@pytest.mark.parametrize(
    "build",
    [
        lambda lent: MeanOfAll(lent, lambda a, axis: np.nan_to_num(a).mean(axis=axis)),
        Selects,
    ],
    ids=["mean deaf to NaN", "spread deaf to NaN"],
)
def test_the_audit_catches(build):
    """What is deaf to NaN, or reads the test rows in another way, still depends on them."""
    with pytest.raises(LeakError, match="nothing but test samples was changed"):
        audit(*spectra(), split_of(0, 32), (6,), planted(build))


@dataclass(frozen=True)
class TunesOnTest:
    """Chooses between two settings by the error on all samples, deaf to NaN."""

    lent: object

    def fit(self, master, transfer, target_unlabelled=None):
        n = master.spectra.shape[1]
        settings = [np.full(n, w) for w in np.linspace(0, 0.1, 50)]
        errors = [np.nanmean((self.lent.target @ w - self.lent.values) ** 2) for w in settings]
        return Linear(settings[int(np.argmin(errors))], 0.0, RAW)


@dataclass(frozen=True)
class AllUnlabelled:
    """Takes all target spectra for unlabelled ones, those of the test set included."""

    lent: object

    def fit(self, master, transfer, target_unlabelled=None):
        rows = np.nan_to_num(self.lent.target)
        axis = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2][0]
        return Linear(axis * np.sign(axis.sum()), 0.0, RAW)


@pytest.mark.parametrize("build", [TunesOnTest, AllUnlabelled])
def test_the_audit_catches_tuning_and_unlabelled_sets(build):
    with pytest.raises(LeakError, match="nothing but test samples was changed"):
        audit(*spectra(), split_of(0, 32), (6,), planted(build))


def test_no_fit_after_a_prediction():
    """What a method keeps of the spectra that it predicts cannot serve a later fit."""
    events = []

    @dataclass(frozen=True)
    class Keeps:
        def fit(self, master, transfer, target_unlabelled=None):
            events.append("fit")
            return self

        def predict(self, rows):
            events.append("predict")
            return np.zeros(len(rows))

    found = run_cell(Vault(*spectra()), split_of(0, 32), (6, 8, 10), planted(lambda lent: Keeps()))
    assert len(found) == 3
    assert events[:4] == ["fit", "fit", "fit", "predict"]
    assert set(events[3:]) == {"predict"}


def test_the_audit_catches_a_selection_among_all_samples(monkeypatch):
    """Kennard–Stone on all samples, deaf to NaN, instead of on the calibration set."""
    from spektron.ml.benchmark import cell as module

    def selection(rows, k):
        everything = sys._getframe(1).f_locals["lent"].master
        return kennard_stone(np.nan_to_num(everything), k) % len(rows)

    monkeypatch.setattr(module, "kennard_stone", selection)
    with pytest.raises(LeakError, match="joint at k = 6"):
        audit(*spectra(), split_of(0, 32), (6,), entries_named(("joint",)))


def test_the_audit_passes_what_is_honest():
    n = audit(*spectra(), split_of(0, 32), (0, 6), CATALOGUE)
    assert n > 20


@pytest.mark.parametrize("name", NAMES)
def test_test_samples_do_not_matter(name):
    """The same predictions, bit for bit, from data in which the test samples differ."""
    master, target, y = spectra()
    split = split_of(1, 32)
    entry = entries_named((name,))
    first = run_cell(Vault(master, target, y), split, (0, 6), entry)
    other = [a.copy() for a in (master, y)]
    for a in other:
        a[split.test] = np.random.default_rng(9).normal(size=a[split.test].shape)
    second = run_cell(Vault(other[0], target, other[1]), split, (0, 6), entry)
    assert len(first) == len(second) > 0
    for one, two in zip(first, second, strict=True):
        assert one.predictions.tobytes() == two.predictions.tobytes()


# ---- what a cell does ----


@dataclass
class Spy:
    """Records what it is given."""

    seen: list = field(default_factory=list)

    def fit(self, master, transfer, target_unlabelled=None):
        self.seen.append((master, transfer, target_unlabelled))
        return Constant(0.0)


def test_what_methods_are_given():
    data = spectra()
    split = split_of(0, 32)
    spy = Spy()
    entry = Entry("spy", "", lambda lent: spy, "plain", without=("master", "disjoint", "same"))
    found = run_cell(Vault(*data), split, (0, 6), (entry,))
    assert [(o.method, o.k) for o in found] == [
        ("spy", 0), ("spy:disjoint", 0), ("spy:same", 0), ("spy", 6)]  # fmt: skip
    rows = split.calibration
    whole, disjoint, same, pairs = spy.seen
    assert whole[0].spectra.tobytes() == data[0][rows].tobytes()
    assert (whole[1].k, whole[2]) == (0, None)

    # Disjoint: half of the calibration set on the master, the other half on the target.
    def numbers(spectra_of, among):
        return [int(np.flatnonzero((among == row).all(axis=1))[0]) for row in spectra_of]

    on_master, on_target = numbers(disjoint[0].spectra, data[0]), numbers(disjoint[2], data[1])
    assert not set(on_master) & set(on_target)
    assert sorted(on_master + on_target) == rows.tolist()
    assert numbers(same[2], data[1]) == rows.tolist()
    master, transfer, unlabelled = pairs
    assert unlabelled is None
    assert numbers(transfer.target, data[1]) == numbers(transfer.master, data[0])
    chosen = numbers(transfer.target, data[1])
    assert chosen == rows[kennard_stone(data[0][rows], 6)].tolist()
    assert transfer.values.tolist() == data[2][chosen].tolist()
    np.testing.assert_array_equal(master.spectra[transfer.members], transfer.master)


def test_own_methods_get_the_whole_calibration_set():
    (ceiling,) = run_cell(Vault(*spectra()), split_of(0, 32), (), entries_named(("ceiling",)))
    assert ceiling.k is None
    assert ceiling.merit.r2 > 0.9


def test_ensembles_share_the_validation_of_the_single_method():
    data, split = spectra(), split_of(0, 32)
    together = run_cell(Vault(*data), split, (6,), entries_named(("joint", "joint-ensemble")))
    apart = [
        run_cell(Vault(*data), split, (6,), entries_named((name,)))[0]
        for name in ("joint", "joint-ensemble")
    ]
    for one, two in zip(together, apart, strict=True):
        assert one.predictions.tobytes() == two.predictions.tobytes()


# ---- statistics ----


def test_merit():
    found = merit(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 6]))
    assert (found.r2, found.rmsep, found.bias) == (1 - 4 / 5, 1.0, 0.5)


def test_intervals_cover_the_median():
    """95 % intervals of samples of 40 contain the true median about as often as they say."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(150):
        middle, low, high = median_interval(rng.normal(size=40))
        assert low <= middle <= high
        hits += low <= 0 <= high
    assert 0.88 <= hits / 150 <= 0.99


def test_corrected_t_without_overlap_is_the_paired_t_test():
    from scipy.stats import ttest_1samp

    differences = np.random.default_rng(0).normal(0.3, 1, 25)
    assert corrected_t(differences, 0.0) == pytest.approx(ttest_1samp(differences, 0).pvalue)
    # Nadeau and Bengio: t shrinks by √(1 + J n₂/n₁).
    from scipy.stats import t

    plain = differences.mean() / np.sqrt(differences.var(ddof=1) / 25)
    expected = 2 * t.sf(abs(plain) / np.sqrt(1 + 25 / 3), 24)
    assert corrected_t(differences, 1 / 3) == pytest.approx(expected)


def series(values, error, seeds, seed=0):
    rng = np.random.default_rng(seed)
    out = {}
    for s in seeds:
        rows = split_of(s, len(values)).test
        out[s] = (rows, values[rows] + error * rng.normal(size=len(rows)))
    return out


def test_comparison_tells_better_from_equal():
    values = np.random.default_rng(3).normal(size=80)
    seeds = range(30)
    good, bad = series(values, 0.1, seeds), series(values, 0.3, seeds, 1)
    found = compare(good, bad, values, n_calibration=60)
    assert found.wins == found.n_splits == 30
    assert 0.28 < found.ratio < 0.39
    assert found.ratio_low < found.ratio < found.ratio_high < 1
    assert max(found.p_wilcoxon, found.p_corrected, found.p_samples) < 0.002
    equal = compare(good, series(values, 0.1, seeds, 2), values, n_calibration=60)
    assert equal.p_samples > 0.05
    assert equal.p_corrected > 0.05
    assert equal.ratio_low < 1 < equal.ratio_high
    itself = compare(good, good, values, n_calibration=60)
    assert (itself.p_wilcoxon, itself.ratio, itself.gain, itself.wins) == (1.0, 1.0, 0.0, 0)


# ---- plans: refused before anything runs ----


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ks": (0, 25)}, ["k = 25", "calibration set has 24", "k ≤ 24"]),
        ({"ks": (2,)}, ["k = 2", "4 transfer samples or more"]),
        ({"ks": (-1, 6)}, ["k = -1"]),
        ({"pairs": (("a", "a"),)}, ["both a"]),
        ({"pairs": (("a", "c"),)}, ["no instrument c", "a, b"]),
        ({"properties": ("Fat",)}, ["no property Fat", "Oil"]),
        ({"methods": ("magic",)}, ["unknown method magic", "default, pds"]),
        ({"n_test": 30}, ["32 samples cannot give 2"]),
        ({"seeds": (0, -1)}, ["seed -1"]),
        ({"methods": ("sbc", "pds"), "ks": (0,)}, ["pds, sbc with k of 0", "nothing runs"]),
        ({"methods": ("sbc",), "ks": ()}, ["sbc with k of none"]),
    ],
)
def test_refused_plans(options, words, tmp_path):
    with pytest.raises((ProtocolError, SpectraError)) as caught:
        run_plan(study(), plan(**options), tmp_path / "cells", workers=1)
    assert not (tmp_path / "cells").exists()
    for word in words:
        assert word in str(caught.value)


def test_a_method_that_runs_at_some_k_is_enough():
    check_plan(study(), plan(methods=NAMES, ks=(0,)))
    check_plan(study(), plan(methods=("ceiling",), ks=(0,)))


def changed(**sets):
    whole = study()
    instruments = {
        name: SpectralSet(sets.get(name, s.spectra), s.axis, s.unit, name)
        for name, s in whole.instruments.items()
    }
    return Study("toy", instruments, whole.properties)


def test_one_spectrum_under_two_names():
    """The same measurement in calibration and test set would be a leak of the data's own."""
    rows = spectra()[1].copy()
    rows[9] = rows[3]
    with pytest.raises(ProtocolError, match="b: samples 4 and 10 have the same spectrum"):
        check_plan(changed(b=rows), plan())
    rows[9, 0] += 1e-9
    check_plan(changed(b=rows), plan())


def test_one_file_for_two_instruments():
    with pytest.raises(ProtocolError, match="a and b hold the same numbers"):
        check_plan(changed(b=spectra()[0]), plan())


def test_too_few_channels_for_the_derivative():
    with pytest.raises(ProtocolError, match=r"a: 20 channels are fewer than the 21 .* of default"):
        check_plan(study(p=20), plan())
    check_plan(study(p=21), plan(methods=("default",)))
    with pytest.raises(ProtocolError, match="the 31 of the widest derivative of sbc"):
        check_plan(study(p=30), plan())


def test_splits_without_spread():
    lonely = np.zeros(32)
    lonely[split_of(0, 32).test[0]] = 1.0
    with pytest.raises(ProtocolError, match="all 24 calibration samples of seed 0"):
        check_plan(study(Fat=lonely), plan(properties=("Fat",), seeds=(0,)))
    lonely = np.zeros(32)
    lonely[split_of(2, 32).calibration[0]] = 1.0
    with pytest.raises(ProtocolError, match="all 8 test samples of seed 2 have the value 0"):
        check_plan(study(Fat=lonely), plan(properties=("Fat",), seeds=(2,)))


def test_missing_reference_values_are_left_out_and_said():
    holes = np.where(np.arange(32) < 20, np.nan, np.linspace(0, 1, 32))
    check_plan(study(Fat=np.where(np.arange(32) < 4, np.nan, np.linspace(0, 1, 32))),
               plan(properties=("Fat",)))  # fmt: skip
    with pytest.raises(ProtocolError, match="20 without a reference value of Fat left out"):
        check_plan(study(Fat=holes), plan(properties=("Fat",)))
    with pytest.raises(ProtocolError, match="without spread"):
        check_plan(study(Fat=np.ones(32)), plan(properties=("Fat",)))
    with pytest.raises(ProtocolError, match="0 reference values"):
        check_plan(study(Fat=np.full(32, np.nan)), plan(properties=("Fat",)))


def test_samples_without_reference_values_are_in_no_set(tmp_path):
    y = spectra()[2]
    holes = y.copy()
    holes[[3, 7]] = np.nan
    whole = study(Fat=holes)
    found = run_plan(whole, plan(properties=("Fat",)), tmp_path / "cells", workers=1)
    series_found = found.series("a", "b", "Fat", "joint", 6)
    assert [len(o.predictions) for o in series_found.values()] == [8, 8, 8]  # a quarter of 30


# ---- running and resuming ----


def table(results):
    return {
        (c, o.method, o.k): o.predictions.round(6).tolist()
        for c, outcomes in results.outcomes.items()
        for o in outcomes
    }


def test_parallel_is_serial(tmp_path):
    one = run_plan(study(), plan(), tmp_path / "one", workers=1)
    two = run_plan(study(), plan(), tmp_path / "two", workers=2)
    assert table(one) == table(two)
    assert len(one.outcomes) == 3


def test_a_run_continues(tmp_path):
    told = []
    run_plan(study(), plan(seeds=(0, 1)), tmp_path, workers=1)
    before = {f.name: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    found = run_plan(study(), plan(), tmp_path, workers=1,
                     progress=lambda done, total: told.append((done, total)))  # fmt: skip
    assert told == [(2, 3), (3, 3)]
    after = {f.name: f.stat().st_mtime_ns for f in tmp_path.iterdir()}
    assert {name: after[name] for name in before} == before
    fresh = run_plan(study(), plan(), tmp_path / "fresh", workers=1)
    assert table(found) == table(fresh)


def test_other_data_are_not_continued(tmp_path):
    run_plan(study(), plan(), tmp_path, workers=1)
    told = []
    run_plan(study(seed=5), plan(), tmp_path, workers=1,
             progress=lambda done, total: told.append(done))  # fmt: skip
    assert told[0] == 0
    told.clear()
    run_plan(study(), plan(ks=(0, 7)), tmp_path, workers=1,
             progress=lambda done, total: told.append(done))  # fmt: skip
    assert told[0] == 0


def test_damaged_cells_are_run_again(tmp_path):
    first = run_plan(study(), plan(), tmp_path, workers=1)
    for number, file in enumerate(sorted(tmp_path.iterdir())):
        file.write_text(["", "{", '{"outcomes": [{"k": 1}]}'][number])
    assert table(run_plan(study(), plan(), tmp_path, workers=1)) == table(first)


def test_a_leak_ends_the_run(tmp_path, monkeypatch):
    from spektron.ml.benchmark import runner

    monkeypatch.setattr(runner, "entries_named", lambda names: planted(MeanOfAll))
    monkeypatch.setattr(runner, "_keys", lambda study, plan: {c: str(c.seed) for c in plan.cells()})
    with pytest.raises(LeakError):
        run_plan(study(), plan(), tmp_path, workers=1)
    assert not list(tmp_path.iterdir())


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_transfer_benchmark import plan, run_plan, study

def main():
    run_plan(study(), plan(seeds=tuple(range(40))), Path({folder!r}), workers=2,
             progress=lambda done, total: print(done, flush=True))

if __name__ == "__main__":
    main()
"""


def test_killed_at_any_moment_and_continued(tmp_path):
    folder = tmp_path / "cells"
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.format(tests=os.path.dirname(__file__), folder=str(folder)))
    command = [sys.executable, str(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    for line in process.stdout:
        if int(line) >= 3:
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    time.sleep(0.05)
    kept = [f for f in folder.iterdir() if f.suffix == ".json"]
    assert 3 <= len(kept) < 40
    for file in kept:
        json.loads(file.read_text())
    told = []
    found = run_plan(study(), plan(seeds=tuple(range(40))), folder, workers=1,
                     progress=lambda done, total: told.append(done))  # fmt: skip
    assert told[0] == len(kept)
    assert len(found.outcomes) == 40


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProtocolError, match="file"):
        Store(tmp_path / "file" / "cells")


def test_workers(tmp_path):
    with pytest.raises(ProtocolError, match="0 workers"):
        run_plan(study(), plan(), tmp_path, workers=0)


# ---- the summary ----


def test_summary(tmp_path):
    toy = study()
    results = run_plan(toy, plan(), tmp_path, workers=1)
    found = lines(results)
    assert [(x.method, x.k) for x in found] == [
        ("default", 0), ("none", 0), ("default", 6), ("sbc", 6), ("joint", 6), ("none", 6),
        ("ceiling", None), ("two-channels", None)]  # fmt: skip
    joint = next(x for x in found if x.method == "joint")
    merits = [o.merit for o in results.series("a", "b", "Oil", "joint", 6).values()]
    assert joint.r2 == np.median([m.r2 for m in merits])
    assert joint.rmsep == np.median([m.rmsep for m in merits])
    assert joint.n_splits == 3
    assert best_published(found, ("a", "b", "Oil"), 6) == "sbc"
    compared = versus(toy, results, ("a", "b", "Oil"), 6, "joint", "none")
    assert compared.n_splits == 3
    assert compared.ratio_low < compared.ratio < compared.ratio_high
    assert versus(toy, results, ("a", "b", "Oil"), 6, "joint", "pds") is None
    write_csv(found, tmp_path / "lines.csv")
    rows = (tmp_path / "lines.csv").read_text().splitlines()
    assert rows[0].startswith("master,target,property,k,method,n_splits,r2")
    assert len(rows) == len(found) + 1


def test_trivial_problems_are_told(tmp_path):
    """Reference values that are an arithmetic of two channels of the target."""
    _, target, _ = spectra()
    toy = study(Water=2 * target[:, 10] - target[:, 30])
    results = run_plan(toy, plan(properties=("Oil", "Water")), tmp_path, workers=1)
    found = lines(results)
    assert is_trivial(found, "b", "Water")
    assert not is_trivial(found, "b", "Oil")
