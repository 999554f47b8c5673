"""Settings without a meaning are refused by their own name; a folder belongs to one process."""

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.model.config import ModelConfig
from spektron.ml.model.errors import CheckpointError, ConfigError
from spektron.ml.model.settings import to_mapping
from spektron.ml.table import sticks_table
from spektron.ml.training.config import (
    PARTS,
    DataConfig,
    FinetuneConfig,
    LossConfig,
    PretrainConfig,
    TrainingConfig,
)

SETTINGS = {
    "model": {
        "size": "tiny",
        "axis": {"points": 256},
        "stride": 16,
        "width": 16,
        "layers": 1,
        "heads": 2,
        "instruments": 3,
    },
    "data": {"fwhm": 30.0, "relations": ["inchikey"]},
    "training": {
        "steps": 4,
        "batch": 8,
        "warmup": 1,
        "log_every": 1,
        "checkpoint_every": 2,
        "device": "cpu",
    },
    "loss": {"sinkhorn": 0.0},
}
HERE = Path(__file__).resolve().parent


def changed(**tables):
    given = {name: SETTINGS[name] | values for name, values in tables.items()}
    return PretrainConfig.from_mapping(SETTINGS | given)


def molecules(n=40):
    rng = np.random.default_rng(0)
    lines = [np.sort(rng.uniform(400, 3500, 8)) for _ in range(n)]
    ir, raman = ([rng.exponential(20, 8) for _ in range(n)] for _ in range(2))
    keys = [f"{k:A>14}-UHFFFAOYSA-N" for k in range(n)]
    return sticks_table([f"m{k}" for k in range(n)], lines, ir, raman, inchikeys=keys)


# Settings


@pytest.mark.parametrize("kind", [PretrainConfig, FinetuneConfig])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data": {"split_seed": -1}}, "data.split_seed = -1; give 0 or more"),
        ({"data": {"fwhm": -5.0}}, "data.fwhm = -5; give more than 0, for example 10"),
        ({"data": {"fwhm": 0}}, "data.fwhm = 0; give more than 0, for example 10"),
        ({"data": {"train": 1.2, "valid": 0.0}}, "data.train = 1.2; give a share, 0 to 1"),
        ({"data": {"valid": -0.1}}, "data.valid = -0.1; give a share, 0 to 1"),
        (
            {"data": {"train": 0.5}},
            "data.train + data.valid + data.test = 0.7; give shares that add up to 1",
        ),
        (
            {"data": {"table": "spectra.parquet"}},
            "data.table: no such setting; there are content, fwhm, shape, train, valid, test, "
            "relations, split_seed, instruments",
        ),
        ({"training": {"workers": -2}}, "training.workers = -2; give 0 or more, or -1"),
        ({"training": {"final": 1.5}}, "training.final = 1.5; give 0 or more, at most 1"),
        ({"training": {"seed": -1}}, "training.seed = -1; give 0 or more"),
        ({"training": {"clip": 0}}, "training.clip = 0; give more than 0"),
    ],
)
def test_the_wrong_setting_is_named(kind, values, message):
    with pytest.raises(ConfigError) as error:
        kind.from_mapping(values)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"model": {"tokenizer_parameters": -1}},
            "model.tokenizer_parameters = -1; give 0 or more",
        ),
        ({"model": {"instruments": 1}}, "model.instruments = 1; give 2 or more"),
        ({"loss": {"anneal": 1.5}}, "loss.anneal = 1.5; give a share, 0 to 1"),
        ({"loss": {"mask": 0.0}}, "loss.mask = 0; give a share above 0, below 1"),
        ({"loss": {"span": 0}}, "loss.span = 0; give 1 or more"),
        ({"loss": {"sinkhorn": -1.0}}, "loss.sinkhorn = -1; give 0 or more"),
        ({"loss": {"blur": 0.0}}, "loss.blur = 0; give more than 0"),
        ({"loss": {"reversal": -1.0}}, "loss.reversal = -1; give 0 or more"),
        ({"loss": {"erase": 1}}, "loss.erase = 1; give 2 instruments or more, or 0"),
        (
            {"loss": dict.fromkeys(PARTS, 0.0)},
            "loss: nothing is left to learn from; give one of reconstruction, beta, contrastive, "
            "invariance, instrument, adversary, sinkhorn more than 0",
        ),
    ],
)
def test_the_wrong_setting_of_pretraining_is_named(values, message):
    with pytest.raises(ConfigError) as error:
        PretrainConfig.from_mapping(values)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"beta": -1.0}, "beta = -1; give 0 or more"),
        ({"beta": float("nan")}, "beta = nan; give 0 or more"),
        (
            {"task": "ranking"},
            "task = 'ranking'; give one of regression, classification, multilabel",
        ),
    ],
)
def test_the_wrong_setting_of_fine_tuning_is_named(values, message):
    """Also where no TOML file is read."""
    with pytest.raises(ConfigError) as error:
        FinetuneConfig(**values)
    assert str(error.value) == message


def test_settings_that_are_not_numbers_are_refused_without_a_file():
    nan = float("nan")
    for kind, name in ((DataConfig, "fwhm"), (TrainingConfig, "clip"), (LossConfig, "beta")):
        with pytest.raises(ConfigError, match=f"{name} = nan"):
            kind(**{name: nan})
    with pytest.raises(ConfigError, match="fwhm = inf"):
        DataConfig(fwhm=float("inf"))
    with pytest.raises(ConfigError, match="'voigt'; give lorentzian or gaussian"):
        DataConfig(shape="voigt")


def test_any_one_part_of_the_loss_is_enough():
    for name in PARTS:
        LossConfig(**(dict.fromkeys(PARTS, 0.0) | {name: 1.0}))


# Hidden tokens


@pytest.mark.parametrize(("stride", "span"), [(128, 2), (256, 2), (256, 1), (16, 16), (16, 99)])
def test_a_span_that_hides_everything_is_refused(stride, span):
    with pytest.raises(ConfigError) as error:
        changed(model={"stride": stride}, loss={"span": span})
    assert str(error.value) == (
        f"loss.span = {span} hides all {256 // stride} tokens of a spectrum (model.axis.points = "
        f"256, model.stride = {stride}); give a shorter span or a smaller stride"
    )


@given(st.data())
def test_something_is_hidden_and_something_is_seen(data):
    pytest.importorskip("torch")
    from spektron.ml.training.sources import hidden_tokens

    tokens = data.draw(st.integers(2, 60))
    span = data.draw(st.integers(1, tokens - 1))
    share = data.draw(st.floats(0.01, 0.99))
    hidden = hidden_tokens(np.random.default_rng(data.draw(st.integers(0, 9))), tokens, share, span)
    assert hidden.any()
    assert not hidden.all()


def test_a_mask_of_everything_is_refused():
    pytest.importorskip("torch")
    from spektron.ml.training.sources import hidden_tokens

    with pytest.raises(ConfigError, match="a span of 2 hides all 2 tokens; give a shorter span"):
        hidden_tokens(np.random.default_rng(0), 2, 0.25, 2)


def test_two_tokens_are_enough(tmp_path):
    trained = run(changed(model={"stride": 128}, loss={"span": 1}), tmp_path / "r")
    assert 0 < trained.metrics["valid/error"] < 100


# Checkpoints of others


def empty(path, kind, note):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from spektron.ml.model.weights import write_tensors

    write_tensors(path, {"a": torch.zeros(1)}, kind, note)


LOADERS = {
    "model": ("spektron.ml.model.weights", "load_model", ()),
    "forward": ("spektron.ml.forward.models", "load_forward", ("torch_geometric",)),
    "inverse": ("spektron.ml.inverse.models", "load_inverse", ("rdkit",)),
}


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize(
    ("note", "wrong"),
    [
        ({}, "config is missing"),
        ({"config": 3, "card": {}}, "config is 3"),
        ({"config": {}}, "card is missing"),
        ({"config": {}, "card": [1]}, r"card is \[1\]"),
        ({"config": {}, "card": {"settings": 3}}, "settings is 3"),
        ({"config": {}, "card": {"settings": {"data": "x"}}}, "data is 'x'"),
        ({"config": {}, "card": {"settings": {"training": None}}}, "training is None"),
        ({"config": {}, "card": {"classes": 3}}, "classes is 3"),
    ],
)
def test_notes_that_cannot_be_used(tmp_path, kind, note, wrong):
    module, name, packages = LOADERS[kind]
    path = tmp_path / "m.safetensors"
    empty(path, kind, note)
    for package in packages:
        pytest.importorskip(package)
    load = getattr(pytest.importorskip(module), name)
    with pytest.raises(CheckpointError, match=f"m.safetensors: damaged, .*: {wrong}$"):
        load(path)


def test_a_card_is_a_mapping_that_says_what_it_lacks(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from spektron.ml.model.spektron import Spektron
    from spektron.ml.model.weights import load_model, save_model

    path = tmp_path / "m.safetensors"
    torch.manual_seed(0)
    model = Spektron(changed().model)
    told = {"settings": {"data": {"fwhm": 8.0}}, "n": 3, "classes": ["a", "b"]}
    # Older cards hold a setting that was never read.
    save_model(path, model, told | {"settings": {"data": {"fwhm": 8.0, "table": "x"}}})
    _, card = load_model(path)
    assert card == told
    assert json.loads(json.dumps(card)) == told
    assert card.get("data", "none") == "none"
    with pytest.raises(CheckpointError, match=r"m\.safetensors: its card says nothing of data"):
        card["data"]
    with pytest.raises(CheckpointError, match="its card says nothing of shape"):
        card["settings"]["data"]["shape"]


def test_a_model_without_a_card_is_not_assessed(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    from spektron.ml.model.spektron import Spektron
    from spektron.ml.model.weights import save_model
    from spektron.ml.training.assessment import assess

    save_model(tmp_path / "m.safetensors", Spektron(changed().model))
    with pytest.raises(CheckpointError, match="its card says nothing of settings"):
        assess(tmp_path / "m.safetensors", molecules())


def test_the_shipped_model_is_read():
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from spektron.ml.model.packaged import find_checkpoint
    from spektron.ml.model.settings import from_mapping
    from spektron.ml.model.weights import load_model

    model, card = load_model(find_checkpoint("spektron-small"))
    assert isinstance(model.config, ModelConfig)
    assert from_mapping(DataConfig, card["settings"]["data"]).fwhm == 10


# Folders of runs


def run(config, folder, **options):
    for name in ("torch", "safetensors"):
        pytest.importorskip(name)
    from spektron.ml.training import pretrain

    return pretrain(config, molecules(), folder, **options)


class Stop(Exception):
    """What interrupts a run."""


def interrupted(config, folder, step):
    def stop(now):
        if now.step == step:
            raise Stop

    with pytest.raises(Stop):
        run(config, folder, progress=stop)


OTHER = """
import sys
sys.path.insert(0, sys.argv[2])
from test_run_settings import changed, run
def tell(now):
    print(now.step, flush=True)
    if now.step == 3:
        sys.stdin.read()
run(changed(), sys.argv[1], progress=tell)
"""


@pytest.fixture
def other(tmp_path):
    """A process that waits in the third step of a run, and the folder."""
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    pytest.importorskip("fcntl")
    folder = tmp_path / "r"
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(folder), str(HERE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert [process.stdout.readline() for _ in range(3)] == ["1\n", "2\n", "3\n"]
    yield process, folder
    process.kill()
    process.communicate()


def lines(folder):
    return (folder / "metrics.jsonl").read_text().splitlines()


def test_a_second_process_is_refused(other):
    process, folder = other
    before = lines(folder)
    message = r"r: another process is at work on this run; wait for its end or give another folder$"
    with pytest.raises(CheckpointError, match=message):
        run(changed(), folder)
    assert lines(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == [
        ".lock", "checkpoints", "config.toml", "metrics.jsonl", "run.json",
    ]  # fmt: skip
    process.communicate("")
    assert process.returncode == 0
    assert not (folder / ".lock").exists()
    logged = [json.loads(line)["step"] for line in lines(folder) if '"loss"' in line]
    assert logged == [1, 2, 3, 4]
    seen = []
    run(changed(), folder, progress=seen.append)
    run(changed(), folder, progress=seen.append)
    assert seen == []


def test_a_killed_process_holds_nothing(other):
    process, folder = other
    process.kill()
    process.communicate()
    assert (folder / ".lock").exists()
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the other process may have another number of threads
        run(changed(), folder, progress=seen.append)
    assert [now.step for now in seen] == [3, 4]
    assert not (folder / ".lock").exists()


def test_an_interrupted_run_lets_its_folder_go(tmp_path):
    interrupted(changed(), tmp_path / "r", 3)
    assert not (tmp_path / "r" / ".lock").exists()
    seen = []
    run(changed(), tmp_path / "r", progress=seen.append)
    assert [now.step for now in seen] == [3, 4]


def test_a_lock_that_was_removed_in_the_meantime_is_none(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from spektron.ml.training import runs

    folder = runs.RunFolder(tmp_path)
    monkeypatch.setattr(runs, "hold", lambda file, busy, patience: (tmp_path / ".lock").unlink())
    with pytest.raises(CheckpointError, match="another process"), folder.held():
        raise AssertionError
    with (
        pytest.raises(CheckpointError, match="no such file"),
        runs.RunFolder(tmp_path / "x").held(),
    ):
        raise AssertionError


def test_folders_that_were_begun_and_no_more(tmp_path):
    """Killed before anything was computed: what is there now says how it is computed."""
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / ".lock").touch()
    run(changed(), folder)
    about = json.loads((folder / "run.json").read_text())
    begun = tmp_path / "s"
    begun.mkdir()
    (begun / "config.toml").write_text((folder / "config.toml").read_text())
    (begun / "run.json").write_text(json.dumps(about | {"threads": 99}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(changed(), begun)
    assert json.loads((begun / "run.json").read_text()) == about


def test_a_run_of_an_older_version_goes_on(tmp_path):
    folder = tmp_path / "r"
    interrupted(changed(), folder, 3)
    path = folder / "config.toml"
    text = path.read_text()
    path.write_text(text.replace("[data]\n", '[data]\ntable = "spectra.parquet"\n'))
    assert path.read_text() != text
    run(changed(), folder)


@pytest.mark.parametrize("text", ["[1]", '{"data": 3}', "{"])
def test_damaged_facts(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"run\.json: damaged; give a new folder"):
        run(changed(), tmp_path)


def test_a_checkpoint_without_its_step(tmp_path):
    folder = tmp_path / "r"
    interrupted(changed(), folder, 3)
    empty(folder / "checkpoints" / "00000002" / "training.safetensors", "training", {})
    with pytest.raises(CheckpointError, match="00000002: damaged; remove it"):
        run(changed(), folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"versions": {"torch": "0.1"}}, r"versions\.torch = 0\.1, now \d"),
        ({"device": "cuda"}, "device = cuda, now cpu"),
        ({"precision": "bf16"}, "precision = bf16, now fp32"),
        ({"threads": 99}, r"threads = 99, now \d+"),
    ],
)
def test_another_place_is_said_of_a_run_that_goes_on(tmp_path, change, said):
    folder = tmp_path / "r"
    interrupted(changed(), folder, 3)
    about = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(about | change))
    with pytest.warns(UserWarning, match=said) as caught:
        run(changed(), folder)
    texts = [str(w.message) for w in caught if "bit for bit" in str(w.message)]
    assert len(texts) == 1
    assert "\n" not in texts[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(changed(), folder)  # is finished


def test_the_same_place_is_nothing_to_say(tmp_path):
    folder = tmp_path / "r"
    interrupted(changed(), folder, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(changed(), folder)


def test_refused_settings_leave_no_folder(tmp_path):
    """A corrected command is not stopped by the folder of the wrong one."""
    with pytest.raises(ConfigError):
        run(changed(data={"fwhm": -5.0}), tmp_path / "r")
    assert not (tmp_path / "r").exists()
    assert to_mapping(replace(changed().data, fwhm=5.0))["fwhm"] == 5.0
