"""A study on a small table: folds, queries, shards, and whole runs on a tiny model."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from spektron.ml.errors import LeakError, SpectraError
from spektron.ml.instruments import draw_instruments
from spektron.ml.model.errors import ConfigError
from spektron.ml.splits import check_split, split_of
from spektron.ml.study import (
    Cell,
    Shard,
    StudyError,
    Unfinished,
    analyse,
    config_from,
    gather,
    open_study,
    read_config,
    read_shard,
    run_study,
    write_shard,
)
from spektron.ml.study import cell as cells
from spektron.ml.study import run as running
from spektron.ml.study.scoring import (
    Candidates,
    Sets,
    best_thresholds,
    covered,
    f1_of_sets,
    hits,
    in_halves,
)
from spektron.ml.study.shards import shard_path

pa = pytest.importorskip("pyarrow")

CHECKOUT = Path(__file__).resolve().parents[1]
EXPORT = CHECKOUT / "docs" / "data" / "symmetry-rich"
STRATA = {f"{s} {g}" for s in ("ethylene", "benzene") for g in ("F2", "Cl2", "Br2")}
CONTROLS = {"benzene F3", "ethane F3", "butane F", "ethane Cl3", "triazine F3"}
SETTINGS = {
    "folds": [["ethylene"], ["benzene"]],
    "seeds": [0, 1],
    "noises": [0.01, 0.3],
    "primary_noise": 0.3,
    "draws": 2,
    "valid": 0.3,
    "valid_draws": 1,
    "least_positives": 4,
    "replicates": 100,
    "repetitions": 4,
    "model": {
        "size": "tiny",
        "axis": {"points": 128},
        "stride": 16,
        "width": 16,
        "layers": 1,
        "instruments": 3,
    },
    "data": {"instruments": {"noise_high": 0.3}},
    "training": {"steps": 4, "batch": 8, "warmup": 1, "checkpoint_every": 2, "device": "cpu"},
    "loss": {"sinkhorn": 0.0},
    "finetune": {"training": {"steps": 3}},
}


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Six matched strata, five of controls and some of QM7, out of the exported set."""
    import pyarrow.parquet as pq

    files = sorted(EXPORT.glob("*.parquet"))
    whole = pa.concat_tables([pq.read_table(file) for file in files])
    columns = (whole[name].to_pylist() for name in ("stratum", "part", "failure", "smiles"))
    kept, others = [], []
    for row, (stratum, part, failure, smiles) in enumerate(zip(*columns, strict=True)):
        if failure or not smiles:
            continue
        if stratum in STRATA | CONTROLS:
            kept.append(row)
        elif part == "qm7":
            others.append(row)
    small = whole.take(kept + others[: 24 * 7 : 7])
    path = tmp_path_factory.mktemp("study") / "small.parquet"
    pq.write_table(small.replace_schema_metadata(whole.schema.metadata), path)
    return path


@pytest.fixture(scope="module")
def settings(export):
    return SETTINGS | {"table": str(export)}


@pytest.fixture(scope="module")
def job(settings, tmp_path_factory):
    """A study of which nothing is computed."""
    return open_study(config_from(settings), tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def finished(settings, tmp_path_factory):
    """The whole study, in this process."""
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    made = open_study(config_from(settings), tmp_path_factory.mktemp("whole"))
    run_study(made, workers=1)
    return made


# ---- configuration ----


def test_registered_configuration_is_that_of_the_plan():
    config = read_config(CHECKOUT / "ml" / "studies" / "fusion.toml")
    trainings = [cell for cell in config.cells if cell.given != "nearest"]
    text = (CHECKOUT / "docs" / "preregistration.md").read_text(encoding="utf-8")
    plan = " ".join(text.split())
    for number, scaffolds in enumerate(config.folds):
        assert f"| {number} | {', '.join(scaffolds)} |" in plan
    *levels, last = (f"{noise:g}" for noise in config.noises)
    assert f"Levels {', '.join(levels)} and {last}" in plan
    instruments = config.pretrain.data.instruments
    assert f"between {instruments.noise_low:g} and {instruments.noise_high:g}" in plan
    assert f"measured {config.draws} times per level and run" in plan
    assert f"{len(trainings)} trainings" in plan


def test_inputs_of_a_run_share_all_but_the_content(settings):
    config = config_from(settings)
    for made in (config.pretraining, config.finetuning):
        a, b = made("ir", 1), made("both", 1)
        assert a != b
        assert replace(a, data=replace(a.data, content="both")) == b
        assert made("ir", 0).training == replace(a.training, seed=0)


def test_digest_depends_on_what_matters_alone(settings):
    plain = config_from(settings)
    elsewhere = config_from(settings | {"table": "other.parquet"})
    quieter = config_from(settings | {"training": settings["training"] | {"log_every": 7}})
    finer = config_from(settings | {"draws": 3})
    assert plain.digest == elsewhere.digest == quieter.digest != finer.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fold": []}, "fold: no such setting; did you mean folds"),
        ({"folds": [["ethylene"], ["ethylene"]]}, "scaffold ethylene is in two places"),
        ({"folds": [[]]}, "a fold without scaffolds"),
        ({"seeds": []}, "give one or more, none twice"),
        ({"seeds": [0, 0]}, "give one or more, none twice"),
        ({"seeds": [101]}, "those above repeat runs"),
        ({"inputs": ["uv"]}, "inputs: 'uv'; choose ir, raman, both, ir twice"),
        ({"noises": [0.3, 0.1]}, "positive levels, ascending"),
        ({"primary_noise": 0.2}, "primary_noise = 0.2; choose one of 0.01, 0.3"),
        ({"draws": 0}, "draws = 0; give 1 or more"),
        ({"valid": 1.0}, "valid = 1; give a share"),
        ({"model": {"channels": 1}}, "needs two channels, the model has one"),
        ({"model": {"size": "huge"}}, "model.size = 'huge'"),
        ({"data": {"content": "ir"}}, "data.content: the study sets it"),
        ({"training": {"seed": 3}}, "training.seed: the study sets it"),
        ({"finetune": {"task": "regression"}}, "finetune.task: the study sets it"),
        ({"finetune": {"training": {"steps": 0}}}, "training.steps = 0"),
        ({"pretrain": {}}, "pretrain: no such table"),
    ],
)
def test_bad_settings(settings, change, message):
    with pytest.raises((ConfigError, SpectraError, StudyError), match=message) as caught:
        config_from(settings | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["table", "folds"])
def test_needed_settings(settings, name):
    with pytest.raises(ConfigError, match=f"{name}: missing"):
        config_from({k: v for k, v in settings.items() if k != name})


def test_wrong_data(settings, tmp_path):
    with pytest.raises(StudyError, match="no such data set"):
        open_study(config_from(settings), tmp_path, tmp_path / "none.parquet")
    with pytest.raises(StudyError, match=r"the configuration wants 0{12}"):
        open_study(config_from(settings | {"sha256": "0" * 64}), tmp_path)
    with pytest.raises(StudyError, match="no matched stratum of the scaffold 'cubane'"):
        open_study(config_from(settings | {"folds": [["cubane"]]}), tmp_path)
    with pytest.raises(StudyError, match="no functional group has 1000 positives"):
        open_study(config_from(settings | {"least_positives": 1000}), tmp_path)


# ---- folds ----


def murcko(smiles):
    """By another route than the package's: rings and what links them, without stereo."""
    from rdkit import Chem
    from rdkit.Chem.Scaffolds import MurckoScaffold

    plain = Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)
    return MurckoScaffold.MurckoScaffoldSmiles(plain)


def test_nothing_related_to_a_test_molecule_is_trained_on(job):
    """By the columns of the table, molecule by molecule; and nothing else is left out."""
    texts = job.table.texts
    facts = [
        {("key", k.split("-")[0]), ("stratum", s), ("scaffold", murcko(m))}
        - {("stratum", ""), ("scaffold", "")}
        for k, s, m in zip(texts["inchikey"], texts["stratum"], texts["smiles"], strict=True)
    ]
    for fold in job.design.folds:
        tested = set().union(*(facts[row] for row in fold.test))
        free = {row for row, each in enumerate(facts) if not each & tested}
        assert free == {*fold.split["train"].tolist(), *fold.split["valid"].tolist()}
        valid = set().union(*(facts[row] for row in fold.split["valid"]))
        assert not any(facts[row] & valid for row in fold.split["train"])
        assert 0 < len(fold.split["valid"]) < len(fold.split["train"])


def test_a_leak_is_refused(job):
    fold = job.design.folds[1]
    moved, *rest = fold.split["test"].tolist()
    parts = {
        "train": [*fold.split["train"].tolist(), moved],
        "valid": fold.split["valid"],
        "test": rest,
    }
    with pytest.raises(LeakError, match="is in the parts"):
        check_split(job.table, split_of(job.table, parts))


def test_strata_are_tested_where_they_belong(job):
    strata = np.array(job.table.texts["stratum"])
    centred = job.table.column("centrosymmetric").astype(bool)
    silent = job.table.column("n_silent") > 0
    for fold, scaffold in zip(job.design.folds, ("ethylene", "benzene"), strict=True):
        names = set(strata[fold.main])
        assert names == {name for name in STRATA if name.startswith(scaffold)}
        for name in names:
            assert 0 < centred[strata == name].sum() < (strata == name).sum()
        for name in set(strata[fold.controls]):
            rows = strata == name
            assert not centred[rows].any()
            assert 0 < silent[rows].sum() < rows.sum()
            assert not np.isin(np.flatnonzero(rows), fold.split["train"]).any()
    tested = np.concatenate([fold.controls for fold in job.design.folds])
    assert len(set(tested)) == len(tested)
    assert set(strata[tested]) == CONTROLS


def test_groups_are_those_of_the_molecules(job):
    column = job.design.names.index("chloride")
    chlorine = np.array(["Cl" in s for s in job.table.texts["smiles"]])
    assert 0 < chlorine.sum() < len(chlorine)
    assert (job.design.groups[:, column] == chlorine).all()


# ---- queries ----


def test_inputs_see_the_same_measurement(job):
    rows = job.design.folds[0].test
    seen = {g: job.bench(1).queries(rows, 1, 1, g) for g in ("ir", "raman", "both", "ir twice")}
    assert (seen["ir"][:, 0] == seen["both"][:, 0]).all()
    assert (seen["raman"][:, 1] == seen["both"][:, 1]).all()
    assert (seen["ir twice"][:, 0] == seen["ir"][:, 0]).all()
    assert not seen["ir"][:, 1].any()
    assert not seen["raman"][:, 0].any()


def test_queries_do_not_depend_on_batch_or_order(job):
    rows = job.design.folds[0].test
    bench = job.bench(0)
    whole = bench.queries(rows, 0, 0, "both")
    for place in (0, 3):
        alone = bench.queries(rows[place : place + 1], 0, 0, "both")
        # The transforms of a batch have one length, so that rounding may differ.
        assert np.abs(alone[0] - whole[place]).max() < 1e-5
    assert (bench.queries(rows[::-1], 0, 0, "both")[::-1] == whole).all()
    for other in (bench.queries(rows, 1, 0, "both"), job.bench(1).queries(rows, 0, 0, "both")):
        assert np.abs(other - whole).max(axis=(1, 2)).min() > 1e-3


def quiet(job, **changes):
    """A bench whose instruments do nothing but what is asked for."""
    names = ("shift", "stretch", "broadening", "resolution", "gain", "tilt", "baseline")
    still = dict.fromkeys((*names, "fluorescence"), 0.0) | changes
    distribution = replace(job.config.pretrain.data.instruments, **still)
    data = replace(job.config.pretrain.data, instruments=distribution)
    return replace(job.bench(0), data=data)


def test_the_second_infrared_is_another_measurement_on_the_same_instrument(job):
    rows = job.design.folds[0].test
    bench = replace(job.bench(0), noises=(1e-7, 30.0))
    silent = bench.queries(rows, 0, 0, "ir twice")
    assert np.abs(silent[:, 0] - silent[:, 1]).max() < 1e-5
    loud = bench.queries(rows, 0, 1, "ir twice")
    pairs = [np.corrcoef(a, b)[0, 1] for a, b in loud]
    assert np.abs(np.mean(pairs)) < 4 / np.sqrt(loud[:, 0].size)


def test_noise_level_is_the_deviation_at_a_point(job):
    """On perfect instruments a query is the clean spectrum and the noise, scaled together."""
    from spektron.ml.training.sources import TableSource

    # Small enough for the scale to be known from the spectrum.
    rows, bench = job.design.folds[0].test, replace(quiet(job), noises=(0.01, 0.05))
    config = job.config.pretrain
    clean = TableSource(job.table, config.model.axis, config.data).clean(rows)
    for level, noise in enumerate(bench.noises):
        seen = bench.queries(rows, 0, level, "both")
        scale = (seen * clean).sum(axis=2) / (clean**2).sum(axis=2)
        left = seen / scale[..., None] - clean
        assert left.std() == pytest.approx(noise, rel=0.1)


def test_no_query_is_on_an_instrument_of_training(job):
    rows, config = job.design.folds[0].test, job.config
    trained = [
        draw_instruments(config.pretrain.data.instruments, seed, 64)
        for seed in (*config.seeds, *map(config.repeated, config.seeds))
    ]
    shifts = {each.shift for some in trained for each in some}
    asked = {
        job.bench(seed).instrument(int(row), draw, level).shift
        for seed in config.seeds
        for row in rows
        for draw in range(2)
        for level in range(2)
    }
    assert len(asked) == 2 * len(rows) * 4
    assert not asked & shifts


# ---- scores ----


def test_candidates_are_the_members_of_the_stratum(job):
    names, rows = job.table.texts["stratum"], job.design.folds[1].test
    found = Candidates.of(rows, job.design.strata, names)
    for k, row in enumerate(rows):
        members = {i for i, name in enumerate(names) if name == names[row]}
        assert set(found.places[k][found.real[k]].tolist()) == members
        assert found.places[k, found.own[k]] == row


def test_hits_share_ties():
    scores = np.array([[3, 1, 2], [1, 1, 0], [0, 5, 5], [1, 1, 1]], dtype=np.float32)
    assert hits(scores, np.array([0, 0, 0, 2])) == pytest.approx([1, 0.5, 0, 1 / 3])


def test_f1_of_sets():
    found = np.array([[True, True, False], [False] * 3, [False] * 3, [True] * 3])
    wanted = np.array([[True, False, False], [False] * 3, [True] * 3, [True] * 3])
    assert f1_of_sets(found, wanted) == pytest.approx([2 / 3, 1, 0, 1])


@for_all(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=30))
def test_no_threshold_has_a_higher_f1(pairs):
    p = np.array([[k / 10] for k, _ in pairs], dtype=np.float32)
    wanted = np.array([[w] for _, w in pairs])
    (cut,) = best_thresholds(p, wanted)

    def f1(at):
        found = p > at
        return 2 * (found & wanted).sum() / max(1, found.sum() + wanted.sum())

    if wanted.any() and not wanted.all():
        assert f1(cut) == pytest.approx(max(f1(at) for at in np.arange(-0.05, 1, 0.1)))
    else:
        assert cut == 0.5


def test_conformal_sets_by_hand():
    own = np.array([0.0, 1.0, 3.0], dtype=np.float32)
    everything = np.array([[0, 2], [1, 0], [3, 0]], dtype=np.float32)
    inside, sizes = covered(Sets(own, everything), np.array(1.0))
    assert (inside.tolist(), sizes.tolist()) == ([1, 1, 0], [1, 2, 1])
    # The others' scores alone decide: of nine, 90 % sets take the largest.
    own = np.array([*range(9), *range(100, 109)], dtype=np.float32)
    half = np.arange(18) < 9
    inside, _ = in_halves(Sets(own, own[:, None]), half, 0.1)
    assert inside.tolist() == [1] * 9 + [0] * 9


def test_halves_of_exchangeable_scores_cover_as_they_should():
    rng = np.random.default_rng(0)
    own = rng.random(4000).astype(np.float32)
    inside, _ = in_halves(Sets(own, own[:, None]), rng.random(4000) < 0.5, 0.1)
    # Each half of 2000: deviation of threshold and of test together, 4 of them.
    assert abs(inside.mean() - 0.9) < 4 * np.sqrt(0.09 / 2000)


# ---- shards ----


@pytest.fixture
def shard(job, tmp_path):
    cell = Cell(0, 1, "ir twice")
    path = tmp_path / "cells" / f"{cell}.npz"
    write_shard(path, Shard(job.origin.head(cell), {"x": np.arange(100.0)}))
    return path, cell


def test_shard_comes_back(job, shard):
    path, cell = shard
    found = read_shard(path, cell, job.origin)
    assert (found.arrays["x"] == np.arange(100)).all()
    assert list(path.parent.iterdir()) == [path]
    assert read_shard(path.with_name("none.npz"), cell, job.origin) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_damaged_shard(job, shard, damage):
    path, cell = shard
    data = bytearray(path.read_bytes())
    place = data.find(b"x.npy") + 60
    data[place] ^= 0xFF
    damaged = {"cut": data[: len(data) // 2], "flip": data, "empty": b"", "text": b"{}"}
    path.write_bytes(bytes(damaged[damage]))
    with pytest.raises(StudyError, match="damaged; delete it") as caught:
        read_shard(path, cell, job.origin)
    assert "\n" not in str(caught.value)


def test_pickle_in_a_shard_is_not_run(job, shard):
    path, cell = shard

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "ran"),)

    with path.open("wb") as file:
        np.savez(file, head=np.array("{}"), x=np.array([Bomb()], dtype=object))
    with pytest.raises(StudyError, match="damaged"):
        read_shard(path, cell, job.origin)
    assert not (path.parent / "ran").exists()


@pytest.mark.parametrize("what", ["config", "data", "split"])
def test_shard_of_another_study(job, shard, what):
    path, cell = shard
    other = {
        "config": replace(job.origin, config="0" * 64),
        "data": replace(job.origin, data="0" * 64),
        "split": replace(job.origin, splits=("0" * 64,) * 2),
    }[what]
    with pytest.raises(StudyError, match=f"of another study: its {what} is"):
        read_shard(path, cell, other)
    with pytest.raises(StudyError, match="its input is ir twice, not ir"):
        read_shard(path, replace(cell, given="ir"), job.origin)


# ---- runs ----


def test_nothing_is_evaluated_on_part_of_a_study(job):
    with pytest.raises(Unfinished, match="unfinished: 0 of 20 cells"):
        gather(job)


def test_folder_in_use(job):
    fcntl = pytest.importorskip("fcntl")
    with (job.folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StudyError, match="another process is at work"):
            run_study(job, hours=0)


def test_other_settings_in_a_folder(job, settings, tmp_path):
    run_study(replace(job, folder=tmp_path), hours=0)
    other = open_study(config_from(settings | {"draws": 3}), tmp_path)
    with pytest.raises(StudyError, match="holds a study of another configuration"):
        run_study(other, hours=0)
    assert run_study(replace(job, folder=tmp_path), hours=0) == set()


def test_no_cell_is_begun_that_would_not_end_in_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(running.time, "monotonic", lambda: now[0])
    told = []
    clock = running._Clock(5, 20, 1.0, 2, told.append)
    assert clock.more()
    now[0] = 1200.0
    clock.count(Cell(0, 0, "ir"))
    clock.count(Cell(0, 0, "both"))
    # Two cells in 1200 s by two workers: 1200 s each.
    assert (told[-1].done, told[-1].rate, told[-1].seconds_left) == (7, 6.0, 13 * 600)
    now[0] = 2400.0
    clock.count(Cell(0, 0, "raman"))
    assert not clock.more()  # a cell of 1600 s would end at 4000 s
    assert not running._Clock(0, 20, 0.0, 2, told.append).more()


def test_a_run_that_diverges_is_repeated_once(job, tmp_path, monkeypatch):
    loop = pytest.importorskip("spektron.ml.training.loop")
    pytest.importorskip("safetensors")
    bad = {1}
    real = cells.pretrain

    def pretrain(config, *args, **named):
        if config.training.seed in bad:
            raise loop.Diverged("loss is nan at step 1")
        return real(config, *args, **named)

    monkeypatch.setattr(cells, "pretrain", pretrain)
    here, cell = replace(job, folder=tmp_path), Cell(0, 1, "ir")
    path = cells.run_cell(here, cell)
    assert read_shard(path, cell, here.origin).head["trained with seed"] == 102
    bad.add(102)
    path.unlink()
    with pytest.raises(loop.Diverged, match="0-1-ir diverged twice"):
        cells.run_cell(here, cell)
    assert not path.exists()


def test_whole_study(finished):
    found = gather(finished)
    n = sum(len(fold.test) for fold in finished.design.folds)
    assert found.values["identification"].shape == (n, 4, 2, 2)
    for values in (*found.values.values(), *found.nearest.values(), *found.conformal.values()):
        assert np.isfinite(values).all()
    for task in ("identification", "library", "groups"):
        assert 0 <= found.values[task].min() <= found.values[task].max() <= 1
        for calibration in ("valid", "half"):
            share = found.conformal[f"{task}_{calibration}_covered"]
            assert 0 <= share.min() <= share.max() <= 1
    # Who is found in the whole library is found among its isomers, tie or no tie.
    assert (found.nearest["library"] <= found.nearest["identification"] + 1e-6).all()
    assert (found.values["library"] <= found.values["identification"] + 1e-6).all()
    # Each group of each test molecule is there or not, in every draw of every run.
    wanted = finished.design.groups[found.rows].sum(axis=0) * finished.config.draws
    assert (found.counts[..., 0] + found.counts[..., 2] == wanted).all()
    assert not list((finished.folder / "work").iterdir())
    trained = {head["trained with seed"] for cell, head in found.facts if cell.given != "nearest"}
    assert trained == {0, 1}


def test_nearest_spectrum_against_distances(finished):
    """The same by plain distances, for one molecule."""
    from spektron.ml.training.sources import TableSource

    found, config = gather(finished), finished.config
    fold, seed, level = finished.design.folds[0], 1, 1
    row = int(fold.main[0])
    strata = np.array(finished.table.texts["stratum"])
    mates = np.flatnonzero(strata == strata[row])
    clean = TableSource(finished.table, config.pretrain.model.axis, config.pretrain.data)
    library = clean.clean(np.arange(len(finished.table)))
    for given, channels in (("both", (0, 1)), ("raman", (1,))):
        right = []
        for draw in range(config.draws):
            (query,) = finished.bench(seed).queries([row], draw, level, given)
            d = sum(((library[:, c] - query[c]) ** 2).sum(axis=1) for c in channels)
            right.append([mates[d[mates].argmin()] == row, d.argmin() == row])
        place = found.rows.tolist().index(row)
        at = (place, found.inputs.index(given), level, seed)
        got = [found.nearest[task][at] for task in ("identification", "library")]
        assert got == pytest.approx(np.mean(right, axis=0))


def test_analysis_of_a_whole_study(finished):
    found = analyse(finished)
    assert [v.name for v in found.verdicts] == (
        ["H1", "H2", "H3", "H4", "H5"] + ["H6"] * 2 + ["H7"] + ["H8"] * 3 + ["H9"]
    )
    assert found.checks.oracle == pytest.approx(dict.fromkeys(found.evaluation.table.inputs, 1.0))
    by_hand = gather(finished).values["identification"][: len(found.evaluation.table.subjects)]
    mean = next(
        m.value
        for m in found.means
        if (m.task, m.method, m.given, m.noise) == ("identification", "model", "both", 0.3)
    )
    assert mean == pytest.approx(by_hand[:, 2, 1].mean())
    assert {c.given for c in found.ceilings} == {"ir", "raman", "both", "ir twice"}
    assert found.ideal.primary.noise == found.evaluation.primary.noise


def test_ideal_rule_reaches_the_ceiling(finished):
    """What it identifies of simulated measurements is 1 less the Bayes error of posteriors."""
    found = analyse(finished)
    ideal = found.ideal.table
    strata = np.array([s.stratum for s in ideal.subjects])
    for c in found.ceilings:
        scores = ideal.of(c.given, c.noise).mean(axis=1)
        mean = np.mean([scores[strata == name].mean() for name in np.unique(strata)])
        # 500 draws of each molecule against 400 of each stratum; 0.002 where hardly one is wrong.
        assert mean == pytest.approx(1 - c.error, abs=6 * c.deviation + 0.002)


def test_killed_and_continued(finished, settings, tmp_path):
    """SIGKILL while two workers compute; what is continued ends as if nothing had been."""
    code = (
        "import json, sys\n"
        "from spektron.ml.study import config_from, open_study, run_study\n"
        "if __name__ == '__main__':\n"
        "    job = open_study(config_from(json.loads(sys.argv[1])), sys.argv[2])\n"
        "    run_study(job, workers=2)\n"
    )
    script = tmp_path / "run.py"
    script.write_text(code, encoding="utf-8")
    folder = tmp_path / "study"
    child = subprocess.Popen([sys.executable, str(script), json.dumps(settings), str(folder)])
    wanted = len(finished.config.cells)
    limit = time.monotonic() + 240
    while not list(folder.glob("cells/*.npz")) and child.poll() is None:
        assert time.monotonic() < limit, "no shard in four minutes"
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert 0 < len(list(folder.glob("cells/*.npz"))) < wanted
    again = replace(finished, folder=folder)
    # The workers end when they notice; the folder is free at once.
    assert len(run_study(again, workers=1)) == wanted
    for cell in finished.config.cells:
        a, b = (
            read_shard(shard_path(each.folder, cell), cell, each.origin).arrays
            for each in (finished, again)
        )
        assert a.keys() == b.keys()
        assert all((a[name] == b[name]).all() for name in a)


# ---- command line ----


def spektron(*arguments):
    from spektron.cli.main import main

    return main([str(a) for a in arguments])


def written(settings, path):
    from spektron.ml.model.settings import to_toml

    # A list of lists is the same in TOML and in JSON.
    path.write_text(to_toml(settings), encoding="utf-8")
    return path


def test_command_of_a_finished_study(finished, settings, tmp_path, capsys):
    config = written(settings, tmp_path / "study.toml")
    command = ("evaluate", "study", config, "--out", finished.folder, "--stop-after", 0)
    assert spektron(*command, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    stored = json.loads((finished.folder / "results.json").read_text(encoding="utf-8"))
    assert shown == stored
    assert shown["config"] == finished.config.digest
    assert (finished.folder / "contrasts.png").stat().st_size > 10_000
    assert spektron(*command) == 0
    out = capsys.readouterr().out
    assert "H1" in out
    assert "nearest spectrum" in out


def test_command_of_an_unfinished_study(settings, tmp_path, capsys):
    config = written(settings, tmp_path / "study.toml")
    command = ("evaluate", "study", config, "--out", tmp_path / "o", "--stop-after", 0, "--json")
    assert spektron(*command) == 2
    out, err = capsys.readouterr()
    assert err.splitlines()[-1].startswith("spektron: unfinished: 0 of 20 cells")
    assert len(json.loads(out)["missing"]) == 20
    assert not (tmp_path / "o" / "results.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "none.parquet"}, "none.parquet: no such data set"),
        ({"seed": [1]}, "seed: no such setting; did you mean seeds"),
    ],
)
def test_command_says_what_is_wrong(settings, tmp_path, capsys, change, message):
    config = written(settings | change, tmp_path / "study.toml")
    assert spektron("evaluate", "study", config, "--out", tmp_path / "o") == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
