"""Shipped checkpoints, the script that makes them, and the figures in their cards."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("geomloss")
pytest.importorskip("sklearn")
pytest.importorskip("pyarrow")

from spektron.ml.datasets.columns import KIND  # noqa: E402
from spektron.ml.datasets.parquet import read_table, write_table  # noqa: E402
from spektron.ml.functional_groups import GROUPS, labels  # noqa: E402
from spektron.ml.model.config import ModelConfig  # noqa: E402
from spektron.ml.model.packaged import HOME, find_checkpoint, shipped  # noqa: E402
from spektron.ml.model.settings import to_mapping  # noqa: E402
from spektron.ml.model.weights import load_model  # noqa: E402
from spektron.ml.splits import split_table  # noqa: E402
from spektron.ml.table import read_spectra  # noqa: E402
from spektron.ml.training import PretrainConfig, embed, read_toml  # noqa: E402
from spektron.ml.training.assessment import PROBED, assess  # noqa: E402

CHECKOUT = Path(__file__).resolve().parents[1]
COMMITTED = sorted((CHECKOUT / "docs/data/symmetry-rich").glob("*.parquet"))
CONFIG = """
[model]
size = "tiny"
axis = {points = 256}
stride = 16
width = 32
layers = 1
instruments = 8

[data]
fwhm = 30.0
train = 0.6
valid = 0.2
test = 0.2
relations = ["inchikey"]

[training]
steps = 30
batch = 16
device = "cpu"

[loss]
erase = 4
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory, example):
    """Data of 300 molecules, and what the script makes of them."""
    folder = tmp_path_factory.mktemp("checkpoint")
    table, note = read_table(COMMITTED[0], KIND)
    rows = [k for k, failure in enumerate(table["failure"].to_pylist()) if not failure]
    write_table(folder / "data.parquet", table.take(rows[:: len(rows) // 300][:300]), KIND, note)
    (folder / "c.toml").write_text(CONFIG)
    arguments = ["--run", "run", "--out", "out", "--config", "c.toml"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["build_checkpoint.py", "data.parquet", *arguments])
        assert example("build_checkpoint").main() == 0
    return folder


def test_folder_of_a_checkpoint(built):
    names = {p.name for p in (built / "out").iterdir()}
    assert names == {"model.safetensors", "config.json", "config.toml", "metrics.json", "card.md"}
    config = PretrainConfig.from_mapping(read_toml(built / "out" / "config.toml"))
    assert json.loads((built / "out" / "config.json").read_text()) == to_mapping(config)
    card = (built / "out" / "card.md").read_text()
    table = read_spectra(built / "data.parquet")
    assert f"`{table.sha256}`" in card
    assert "| data | 300 molecules" in card
    assert "nan" not in card
    assert "{" not in card
    found = embed(find_checkpoint(built / "out"), table)
    assert found.chem.shape == (300, 128)


def test_figures_are_what_they_say(built):
    """Shares of the commonest answers, the split and the library are counted anew."""
    table = read_spectra(built / "data.parquet")
    found = assess(built / "out" / "model.safetensors", table)
    stored = json.loads((built / "out" / "metrics.json").read_text())
    assert found.recall == stored["recall"]
    assert found.measured.model == pytest.approx(stored["measured"]["model"], rel=1e-4)
    config = PretrainConfig.from_mapping(read_toml(built / "c.toml"))
    split = split_table(table, config.data.fractions, relations=("inchikey",))
    held = np.concatenate([split["valid"], split["test"]])
    assert (found.library, found.held_out) == (300, len(held))
    assert found.gap == pytest.approx(2 * 16 * 3600 / 255)
    smiles = [table.texts["smiles"][i] for i in held if table.texts["smiles"][i]]
    groups = dict(zip(GROUPS, labels(smiles).T, strict=True))
    for name in PROBED:
        present = groups[name]
        assert (name in found.chemistry) == (20 <= present.sum() <= len(smiles) - 20)
        if name in found.chemistry:
            share = max(present.mean(), 1 - present.mean())
            assert found.chemistry[name][2] == pytest.approx(share, abs=0.15)
    for probed in (found.instrument, found.known_instrument):
        assert 1 / 8 <= probed["chance"] < 0.4
        assert probed["z_inst"] > probed["z_chem"] - 0.1
    differences = [whole - chem for whole, chem, _ in found.chemistry.values()]
    assert found.lost == pytest.approx(np.mean(differences))


def test_a_demonstration_can_be_told_its_steps(example, built, monkeypatch, capsys):
    """The settings of the demonstration hold, and its messages are one line each."""
    demo = example("demo_ml")
    assert demo.CONFIG.model.tokens == 128
    monkeypatch.setattr(sys, "argv", ["demo_ml.py", "--data", "none.parquet"])
    assert demo.main() == 2
    assert capsys.readouterr().err == "demo_ml: none.parquet: no such file\n"


@pytest.mark.slow
def test_demonstration(example, tmp_path, monkeypatch, capsys):
    demo = example("demo_ml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["demo_ml.py", "d.png", "--steps", "20", "--run", "r"])
    assert demo.main() == 0
    said = capsys.readouterr().out
    assert "recall@1 among 2,000" in said
    assert "chemistry lost on z_chem" in said
    assert Path("d.png").read_bytes().startswith(b"\x89PNG")


OTHERS = ("spektron-forward-", "spektron-shifts-", "spektron-elucidate-")
"""Checkpoints of other kinds, with tests of their own."""


@pytest.mark.parametrize("name", [name for name in shipped() if not name.startswith(OTHERS)])
def test_shipped_checkpoint(name):
    path = find_checkpoint(name)
    assert path.parent == HOME / name
    assert path.stat().st_size <= 15_000_000
    model, card = load_model(path)
    settings = json.loads((path.parent / "config.json").read_text())
    assert card["settings"] == settings
    assert to_mapping(model.config) == settings["model"]
    assert isinstance(model.config, ModelConfig)
    text = (path.parent / "card.md").read_text()
    assert card["data"]["table"] in text
    assert card["data"]["split"] in text
    metrics = json.loads((path.parent / "metrics.json").read_text())
    assert f"{metrics['recall']:.3f}" in text
    ratio = metrics["measured"]["mean"] / metrics["measured"]["model"]
    assert f"{ratio:.2f}" in text
