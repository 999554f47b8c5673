"""Settings there and back, what is refused, and checkpoints that are not what they seem."""

import io
import json
import pickle
import tomllib
import zipfile
from dataclasses import replace

import pytest
from spektron.ml.broadening import Axis
from spektron.ml.errors import SpectraError
from spektron.ml.model.config import SIZES, ModelConfig
from spektron.ml.model.errors import CheckpointError, ConfigError
from spektron.ml.model.packages import require
from spektron.ml.model.settings import from_mapping, to_mapping, to_toml
from spektron.ml.training.config import FinetuneConfig, PretrainConfig, read_toml
from spektron.pointgroup.errors import InputError
from spektron.vibration.errors import MissingPackage

TINY = ModelConfig(axis=Axis(points=64), stride=8, width=16, layers=1, heads=2, instruments=2)


@pytest.mark.parametrize("settings", [*SIZES.values(), PretrainConfig(), FinetuneConfig()])
def test_settings_come_back_from_toml(settings):
    again = tomllib.loads(to_toml(to_mapping(settings)))
    assert from_mapping(type(settings), again) == settings


def test_a_size_and_what_differs():
    config = ModelConfig.from_mapping({"size": "tiny", "channels": 1, "axis": {"low": 400}})
    assert config == replace(SIZES["tiny"], channels=1, axis=Axis(400, 3800, 1024))
    assert PretrainConfig.from_mapping({"model": {"size": "base"}}).model == SIZES["base"]
    assert FinetuneConfig.from_mapping({"training": {"steps": 7}}).training.learning_rate == 3e-4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"modle": {}}, r"modle: no such setting; did you mean model\?"),
        ({"training": {"stepps": 1}}, r"training\.stepps: no such setting; did you mean steps\?"),
        ({"loss": {"zzz": 1}}, r"loss\.zzz: no such setting; there are reconstruction"),
        ({"data": {"instruments": {"shfit": 1}}}, r"data\.instruments\.shfit: .* shift\?"),
        ({"model": {"axis": {"lo": 1}}}, r"model\.axis\.lo: .* low\?"),
        ({"training": {"steps": "many"}}, r"training\.steps = 'many'; give an integer"),
        ({"training": {"steps": True}}, r"training\.steps = True; give an integer"),
        ({"training": {"steps": 1.5}}, r"training\.steps = 1\.5; give an integer"),
        ({"training": {"learning_rate": float("nan")}}, "give a finite number"),
        ({"training": {"device": "tpu"}}, "device = 'tpu'; choose auto, cpu, cuda"),
        ({"training": {"steps": 0}}, r"training\.steps = 0; give 1 or more"),
        ({"training": {"learning_rate": 0}}, "more than 0"),
        ({"training": 3}, "training is 3; give a table"),
        ({"data": {"relations": "stratum"}}, "give a list"),
        ({"data": {"relations": ["colour"]}}, "choose inchikey, stratum, scaffold"),
        ({"model": {"size": "huge"}}, "model.size = 'huge'; choose tiny, small, base"),
        ({"model": {"channels": 3}}, "a spectrum has 1 or 2"),
        ({"model": {"stride": 12}}, "a power of two"),
        ({"model": {"axis": {"points": 1000}}}, "no multiple of the stride 16; give 992"),
        ({"model": {"layers": -1}}, r"model\.layers = -1; give 0 or more"),
        ({"model": {"heads": 3}}, "no multiple of 3 heads"),
        ({"model": {"task": "regression", "outputs": 1}}, "pretraining has no labels"),
        ({"model": {"outputs": 2}}, "outputs = 2 for the task none"),
        ({"loss": {"mask": 1.0}}, "loss.mask = 1"),
        ({"loss": {"reconstructed": 0}}, r"loss\.reconstructed = 0; give a share above 0"),
        ({"loss": {"beta": -1}}, "loss.beta = -1"),
    ],
)
def test_what_is_refused(values, message):
    with pytest.raises(ConfigError, match=message) as error:
        PretrainConfig.from_mapping(values)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, InputError)


def test_contents_that_do_not_fit_the_channels():
    with pytest.raises(SpectraError, match="'both' needs two channels"):
        PretrainConfig.from_mapping({"model": {"channels": 1}})
    PretrainConfig.from_mapping({"model": {"channels": 1}, "data": {"content": "ir"}})


def test_unreadable_toml(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("steps = = 3")
    with pytest.raises(ConfigError, match=r"bad\.toml: no TOML"):
        read_toml(tmp_path / "bad.toml")


def test_missing_packages_are_named():
    with pytest.raises(MissingPackage, match=r'needs no_such_thing.*pip install "spektron\[ml\]"'):
        require("numpy", "no_such_thing")


# Weights


@pytest.fixture
def model():
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from spektron.ml.model.spektron import Spektron

    torch.manual_seed(3)
    return Spektron(TINY)


def test_a_model_comes_back(model, tmp_path):
    import torch
    from spektron.ml.model.weights import load_model, save_model

    path = tmp_path / "m.safetensors"
    save_model(path, model, {"data": "made up", "n": 3})
    again, card = load_model(path)
    assert card == {"data": "made up", "n": 3}
    assert again.config == TINY
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


class Evil:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (self.trace, "w")


def disguises(trace):
    """Pickles of every protocol, and the archive that torch.save makes of one."""
    evil = Evil(str(trace))
    found = {f"protocol {k}": pickle.dumps(evil, protocol=k) for k in range(6)}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(evil))
    return found | {"archive": archive.getvalue()}


def test_a_pickle_in_disguise_is_not_run(model, tmp_path):
    from spektron.ml.model.weights import load_model

    trace, path = tmp_path / "trace", tmp_path / "m.safetensors"
    for name, data in disguises(trace).items():
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match="pickle" if "0" not in name else "safetensors"):
            load_model(path)
    assert not trace.exists()
    pickle.loads(disguises(trace)["protocol 4"]).close()  # noqa: S301 - the trap does spring
    assert trace.exists()


def spoiled(path, change):
    """The same file with another note in its head."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + length])
    note = json.loads(head["__metadata__"]["spektron"])
    change(note)
    head["__metadata__"]["spektron"] = json.dumps(note)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.update(version=3), "of version 3, this program reads 2; train again"),
        (lambda n: n.update(kind="training"), "holds training, not model"),
        (lambda n: n["config"].update(width=32), "tensors do not fit the model"),
        (lambda n: n["config"].update(colour=1), r"model\.colour: no such setting"),
        (lambda n: n["config"].update(stride=3), "a power of two"),
    ],
)
def test_other_notes(model, tmp_path, change, message):
    from spektron.ml.model.weights import load_model, save_model

    path = tmp_path / "m.safetensors"
    save_model(path, model)
    spoiled(path, change)
    with pytest.raises((CheckpointError, ConfigError), match=message) as error:
        load_model(path)
    assert "\n" not in str(error.value)


def test_damaged_files(model, tmp_path):
    import torch
    from safetensors.torch import save
    from spektron.ml.model.weights import load_model, save_model

    path = tmp_path / "m.safetensors"
    with pytest.raises(CheckpointError, match="no such file"):
        load_model(path)
    save_model(path, model)
    whole = path.read_bytes()
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            load_model(path)
    path.write_bytes(save({"a": torch.zeros(2)}))
    with pytest.raises(CheckpointError, match="but not of Spektron"):
        load_model(path)
    with torch.no_grad():
        model.encoder.mask_token[0] = torch.nan
    save_model(path, model)
    with pytest.raises(CheckpointError, match="mask_token holds numbers that are not finite"):
        load_model(path)
