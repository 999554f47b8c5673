"""Whole runs: they learn, go on after SIGKILL as if nothing had been, and refuse bad input."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("geomloss")

from spektron.ml.errors import LeakError, SpectraError  # noqa: E402
from spektron.ml.model.errors import CheckpointError, ConfigError, DeviceError  # noqa: E402
from spektron.ml.model.weights import load_model  # noqa: E402
from spektron.ml.splits import split_of, split_table  # noqa: E402
from spektron.ml.table import sticks_table  # noqa: E402
from spektron.ml.training import (  # noqa: E402
    Curves,
    FinetuneConfig,
    PretrainConfig,
    embed,
    finetune,
    predict,
    pretrain,
)
from spektron.ml.training.records import read_metrics  # noqa: E402
from spektron.ml.training.schedule import cosine_rate  # noqa: E402

SETTINGS = {
    "model": {
        "size": "tiny",
        "axis": {"points": 256},
        "stride": 16,
        "width": 32,
        "layers": 1,
        "dropout": 0.1,
        "instruments": 3,
    },
    "data": {"fwhm": 30.0},
    "training": {
        "steps": 12,
        "batch": 8,
        "warmup": 2,
        "log_every": 1,
        "checkpoint_every": 4,
        "device": "cpu",
    },
    "loss": {"invariance": 0.3, "erase": 3},
}
CONFIG = PretrainConfig.from_mapping(SETTINGS)


def molecules(n=60, seed=0):
    """C=O molecules (a line near 1700 cm⁻¹) and others, otherwise alike."""
    rng = np.random.default_rng(seed)
    carbonyl = np.arange(n) % 2 == 0
    lines = [np.sort(rng.uniform(400, 1500, 9)) for _ in range(n)]
    extra = np.where(carbonyl, rng.normal(1700, 15, n), rng.normal(2950, 15, n))
    lines = [np.append(a, b) for a, b in zip(lines, extra, strict=True)]
    ir, raman = ([np.append(rng.exponential(20, 9), 150.0) for _ in range(n)] for _ in range(2))
    names = [f"m{k}" for k in range(n)]
    keys = [f"{k:A>14}-UHFFFAOYSA-N" for k in range(n)]
    return sticks_table(names, lines, ir, raman, inchikeys=keys), carbonyl


TABLE, CARBONYL = molecules()


def changed(**tables):
    given = {name: SETTINGS.get(name, {}) | values for name, values in tables.items()}
    return PretrainConfig.from_mapping(SETTINGS | given)


def weights(path):
    return load_model(path)[0].state_dict()


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.values(), b.values(), strict=True))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    seen = []
    trained = pretrain(CONFIG, TABLE, folder, progress=seen.append)
    return folder, trained, seen


def test_a_run_leaves_what_is_promised(run):
    folder, trained, seen = run
    names = {p.name for p in folder.iterdir()}
    assert names == {"config.toml", "run.json", "metrics.jsonl", "checkpoints", "model.safetensors"}
    assert [p.name for p in sorted((folder / "checkpoints").iterdir())] == ["00000008", "00000012"]
    from spektron.ml.training import read_toml

    assert (
        PretrainConfig.from_mapping(
            {k: v for k, v in read_toml(folder / "config.toml").items() if k != "model"}
            | {"model": SETTINGS["model"]}
        )
        == CONFIG
    )
    about = json.loads((folder / "run.json").read_text())
    assert about["data"]["split"] == trained.split.sha256 == split_table(TABLE).sha256
    assert about["data"]["molecules"] == 60
    assert about["versions"]["torch"] == torch.__version__
    _, card = load_model(trained.model)
    assert card["metrics"] == dict(trained.metrics)
    assert [p.step for p in seen] == list(range(1, 13))
    assert seen[-1].seconds_left == 0
    assert seen[0].rate > 0
    logged = [line for line in read_metrics(folder / "metrics.jsonl") if "loss" in line]
    assert [line["step"] for line in logged] == list(range(1, 13))
    rates = [1e-3 * cosine_rate(k, steps=12, warmup=2, final=0.05) for k in range(12)]
    assert [line["rate"] for line in logged] == pytest.approx(rates)
    parts = {"reconstruction", "kl", "contrastive", "invariance", "instrument", "adversary"}
    assert parts | {"sinkhorn"} <= set(logged[0])


def test_a_finished_run_is_not_trained_again(run):
    folder, trained, _ = run
    before = weights(trained.model)
    seen = []
    again = pretrain(CONFIG, TABLE, folder, progress=seen.append)
    assert seen == []
    assert same(before, weights(again.model))
    assert again.metrics == pytest.approx(dict(trained.metrics))


def test_what_tells_instruments_apart_is_erased(run):
    """The means of z_chem on the instruments that were erased are one."""
    from spektron.ml.instruments import draw_instrument, generator
    from spektron.ml.training.evaluation import panel_latents
    from spektron.ml.training.sources import PANEL, TableSource

    model, card = load_model(run[1].model)
    assert card["metrics"]["erased"] == 2
    source = TableSource(TABLE, CONFIG.model.axis, CONFIG.data)
    rows = generator(0, PANEL).permutation(split_table(TABLE)["train"])[:40]
    further = [draw_instrument(CONFIG.data.instruments, 0, 3 + k) for k in range(3)]

    def apart():
        panel = panel_latents(model, source, rows, further)
        return np.abs(panel.mean(axis=0) - panel.mean(axis=(0, 1))).max()

    erased = apart()
    model.bottleneck.erasure.put(np.zeros(128), np.zeros((128, 128)))
    assert erased < 0.1 * apart()


def test_assessment_is_of_what_was_held_out(run):
    from spektron.ml.training.assessment import assess

    with pytest.raises(SpectraError, match=r"another table or split \(60 molecules, given are 59"):
        assess(run[1].model, TABLE.take(np.arange(59)))


def test_the_callers_random_numbers_stay_as_they_were(tmp_path):
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    pretrain(changed(training={"steps": 1}), TABLE, tmp_path / "r")
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_change_nothing(run, tmp_path, workers):
    config = changed(training={"workers": workers})
    assert same(weights(pretrain(config, TABLE, tmp_path / "r").model), weights(run[1].model))


def test_seeds_and_precision_change_something(run, tmp_path):
    other = pretrain(changed(training={"seed": 1}), TABLE, tmp_path / "s")
    assert not same(weights(other.model), weights(run[1].model))
    half = pretrain(changed(training={"precision": "bf16"}), TABLE, tmp_path / "h")
    a, b = weights(half.model), weights(run[1].model)
    assert not same(a, b)
    difference = max(
        float((x - y).abs().max()) for x, y in zip(a.values(), b.values(), strict=True)
    )
    assert difference < 0.05  # 12 steps of 1e-3


# After SIGKILL

SCRIPT = """
import json, sys, time
import torch
torch.set_num_threads(1)
from spektron.ml.training import PretrainConfig, pretrain, runs
from {module} import SETTINGS, TABLE
stop = int(sys.argv[2])
write = runs.write_tensors
def slow(path, tensors, kind, note):
    write(path, tensors, kind, note)
    if kind == "weights" and note["step"] == stop:
        print("inside", flush=True)
        time.sleep(60)
runs.write_tensors = slow
pretrain(PretrainConfig.from_mapping(SETTINGS), TABLE, sys.argv[1],
         progress=lambda p: print("step", p.step, flush=True))
"""


def start(folder, script, stop=0):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, script, str(folder), str(stop)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def kill_at(process, line):
    """SIGKILL when that line is printed; the lines until then."""
    seen = []
    for text in process.stdout:
        seen.append(text.strip())
        if seen[-1] == line:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return seen


def test_killed_runs_end_with_the_same_weights(run, tmp_path):
    """Killed between checkpoints, killed inside one, then left alone: bit for bit the same."""
    script = tmp_path / "train.py"
    here = os.path.dirname(os.path.abspath(__file__))
    text = (
        textwrap.dedent(SCRIPT)
        .replace(
            "from {module} import", "sys.path.insert(0, {here!r})\nfrom test_training_runs import"
        )
        .replace("{here!r}", repr(here))
    )
    script.write_text(text)
    folder = tmp_path / "run"
    assert kill_at(start(folder, script), "step 6")[0] == "step 1"
    assert kill_at(start(folder, script, stop=8), "inside") == [
        "step 5",
        "step 6",
        "step 7",
        "step 8",
        "inside",
    ]
    left = sorted(p.name for p in (folder / "checkpoints").iterdir())
    assert left == ["00000004", "00000008.part"]
    last = start(folder, script)
    lines = last.communicate()[0].split("\n")
    assert last.returncode == 0
    assert lines[0] == "step 5"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = pretrain(CONFIG, TABLE, tmp_path / "whole")
    finally:
        torch.set_num_threads(threads)
    assert same(weights(folder / "model.safetensors"), weights(whole.model))
    logged = read_metrics(folder / "metrics.jsonl")
    assert logged == read_metrics(tmp_path / "whole" / "metrics.jsonl")
    assert not list((folder / "checkpoints").glob("*.part"))


# Another run's folder


def test_other_settings_or_data_are_refused(run, tmp_path):
    folder = run[0]
    with pytest.raises(CheckpointError, match=r"holds a run with training\.seed = 0, asked .* 1"):
        pretrain(changed(training={"seed": 1}), TABLE, folder)
    with pytest.raises(CheckpointError, match=r"holds a run with molecules = 60"):
        pretrain(CONFIG, TABLE.take(np.arange(59)), folder)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(CheckpointError, match="not empty and not of a run"):
        pretrain(CONFIG, TABLE, tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "run.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"run\.json: damaged"):
        pretrain(CONFIG, TABLE, tmp_path / "d")
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="file"):
        pretrain(CONFIG, TABLE, tmp_path / "file")


def test_a_damaged_checkpoint_is_refused(tmp_path):
    pretrain(changed(training={"steps": 4}), TABLE, tmp_path / "r")
    state = tmp_path / "r" / "checkpoints" / "00000004" / "training.safetensors"
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match=r"training\.safetensors: damaged"):
        pretrain(changed(training={"steps": 4}), TABLE, tmp_path / "r")


# Bad input, before anything is trained or written


def test_bad_input_of_pretraining(tmp_path):
    folder = tmp_path / "r"
    two = split_of(TABLE, {"train": np.arange(50), "valid": np.arange(49, 60)})
    empty = split_of(TABLE, {"train": np.arange(60), "valid": []})
    beyond = split_of(TABLE, {"train": np.arange(50), "valid": [51]})
    cases = [
        (LeakError, "molecule 49 is in the parts", CONFIG, TABLE, two),
        (SpectraError, "part valid of the split is empty", CONFIG, TABLE, empty),
        (SpectraError, "no part 'valid'", CONFIG, TABLE, split_of(TABLE, {"train": [0]})),
        (SpectraError, "has sample 49, there are 20", CONFIG, TABLE.take(range(20)), beyond),
        (
            ConfigError,
            "batch = 100 for 48 molecules",
            changed(training={"batch": 100}),
            TABLE,
            None,
        ),
    ]
    if not torch.cuda.is_available():
        gpu = changed(training={"device": "cuda"})
        cases.append((DeviceError, "device cuda: no GPU to be seen", gpu, TABLE, None))
    for error, message, config, table, split in cases:
        with pytest.raises(error, match=message) as caught:
            pretrain(config, table, folder, split=split)
        assert "\n" not in str(caught.value)
    assert not folder.exists()


def test_divergence_is_said(tmp_path):
    from spektron.ml.training.loop import Diverged

    config = changed(training={"learning_rate": 1e30, "clip": 1e30, "warmup": 0})
    with pytest.raises(Diverged, match=r"at step .*; lower training\.learning_rate"):
        pretrain(config, TABLE, tmp_path / "r")


# Use


def gaussians(axis, lines):
    return sum(np.exp(-(((axis - line) / 20) ** 2)) for line in lines)


AXIS = np.linspace(300, 3700, 851)


def test_embedding_of_spectra_from_anywhere(run):
    path = run[1].model
    whole = embed(path, TABLE)
    assert (whole.chem.shape, whole.inst.shape) == ((60, 128), (60, 64))
    assert np.allclose(np.linalg.norm(whole.retrieval, axis=1), 1, atol=1e-5)
    ir = np.array([gaussians(AXIS, [1000, 1700]), gaussians(AXIS, [900, 2950])])
    alone = embed(path, ir, AXIS, content="ir")
    both = embed(path, np.stack([ir, np.zeros_like(ir)], axis=1), AXIS)
    assert np.allclose(alone.chem, both.chem, atol=1e-6)
    # Scale of a channel carries nothing.
    assert np.allclose(embed(path, 1e4 * ir, AXIS, content="ir").chem, alone.chem, atol=1e-4)


@pytest.mark.parametrize(
    ("spectra", "axis", "options", "message"),
    [
        (np.ones((2, 3, 851)), AXIS, {}, r"3 channel\(s\) for a model with 2"),
        (np.ones((2, 851)), AXIS, {}, r"1 channel\(s\) for a model with 2; give infrared and"),
        (np.ones((2, 2, 850)), AXIS, {}, "for 851 wavenumbers"),
        (np.ones((0, 2, 851)), AXIS, {}, "spectra of shape"),
        (np.ones((2, 2, 851)), AXIS[::-1], {}, "do not ascend; sort"),
        (np.ones((2, 2, 851)), AXIS**1.01, {}, "not uniform"),
        (np.ones((2, 2, 851)), AXIS, {"unit": "nm"}, "axis in nm"),
        (np.ones((2, 2, 700)), np.linspace(0.4, 2.5, 700), {}, "is the axis in cm-1"),
        (np.ones((2, 2, 700)), np.linspace(4000, 9000, 700), {}, "cover 0% of the model's axis"),
        (np.full((2, 2, 851), np.nan), AXIS, {}, "3404 values are not finite, .* sample 0"),
        (np.zeros((2, 2, 851)), AXIS, {}, "sample 0 is zero everywhere"),
        (np.ones((2, 2, 851)), None, {}, "without wavenumbers"),
    ],
)
def test_bad_spectra(run, spectra, axis, options, message):
    with pytest.raises(SpectraError, match=message) as error:
        embed(run[1].model, spectra, axis, **options)
    assert "\n" not in str(error.value)


def test_model_without_labels_predicts_nothing(run):
    with pytest.raises(CheckpointError, match="without label head"):
        predict(run[1].model, TABLE)


# Fine-tuning

TUNE = FinetuneConfig.from_mapping(
    {
        "task": "classification",
        "data": SETTINGS["data"],
        "training": SETTINGS["training"] | {"steps": 60, "learning_rate": 3e-3},
    }
)


def test_classes_are_learnt(run, tmp_path):
    names = np.where(CARBONYL, "C=O", "none")
    trained = finetune(TUNE, run[1].model, TABLE, names, tmp_path / "f")
    fresh, truth = molecules(40, seed=9)
    found = predict(trained.model, fresh)
    assert found.classes == ("C=O", "none")
    assert np.allclose(found.values.sum(axis=1), 1, atol=1e-5)
    assert ((found.values[:, 0] > 0.5) == truth).mean() > 0.9
    again = finetune(TUNE, trained.model, TABLE, names, tmp_path / "g")  # from a tuned model
    assert again.metrics["valid/accuracy"] > 0.8


def test_a_number_is_learnt_from_curves(tmp_path):
    rng = np.random.default_rng(0)
    places = rng.uniform(800, 2800, 80)
    spectra = np.array([gaussians(AXIS, [place]) for place in places])
    config = replace(TUNE, task="regression", simulate=False)
    shape = CONFIG.model
    trained = finetune(config, shape, Curves(spectra, AXIS), places, tmp_path / "f")
    assert trained.metrics["valid/R2"] > 0.8
    found = predict(trained.model, spectra[:5], AXIS, content="ir").values[:, 0]
    assert found == pytest.approx(places[:5], abs=400)  # in cm⁻¹, not standardised


def test_a_frozen_model_keeps_its_weights(run, tmp_path):
    labels = np.stack([CARBONYL, ~CARBONYL], axis=1)
    config = replace(TUNE, task="multilabel", frozen=True)
    trained = finetune(config, run[1].model, TABLE, labels, tmp_path / "f")
    before, after = weights(run[1].model), weights(trained.model)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert {"label.out.weight"} < after.keys() - before.keys()
    assert "valid/macro F1" in trained.metrics
    again = finetune(config, run[1].model, TABLE, labels, tmp_path / "f")
    assert same(weights(again.model), after)


def test_groups_stay_together():
    from spektron.ml.training.parts import parts_of_curves

    groups = tuple("abcdefghij" * 4)
    split = parts_of_curves(40, groups, None, TUNE.data)
    parts = [{groups[i] for i in rows} for rows in split.parts.values()]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 10
    assert [len(p) for p in parts] == [8, 1, 1]


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        (
            "regression",
            np.r_[np.nan, np.arange(59.0)],
            "1 of 60 samples have no label, .* sample 0",
        ),
        ("classification", ["a", ""] * 30, "30 of 60 samples have no label, .* sample 1"),
        ("classification", np.array([None, "a"] * 30, dtype=object), "30 of 60 samples"),
        ("regression", np.arange(59.0), r"labels of shape \(59,\) for 60 samples"),
        ("classification", ["a"] * 60, "all 60 samples are of the class a"),
        ("multilabel", np.full(60, 2.0), "must be 0 or 1"),
        ("regression", ["a"] * 60, "not numbers"),
        ("regression", np.ones(60), "target 0 is the same everywhere"),
    ],
)
def test_bad_labels(run, tmp_path, task, labels, message):
    with pytest.raises(SpectraError, match=message):
        finetune(replace(TUNE, task=task), run[1].model, TABLE, labels, tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_missing_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        finetune(TUNE, tmp_path / "none", TABLE, CARBONYL, tmp_path / "f")


def test_tensorboard_reads_the_same_numbers(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pretrain(changed(training={"steps": 3, "tensorboard": True}), TABLE, tmp_path / "r")
    events = EventAccumulator(str(tmp_path / "r" / "tensorboard")).Reload()
    lines = [e for e in read_metrics(tmp_path / "r" / "metrics.jsonl") if "loss" in e]
    assert [e.value for e in events.Scalars("loss")] == pytest.approx([e["loss"] for e in lines])
