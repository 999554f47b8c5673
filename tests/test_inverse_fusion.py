"""Whether one more measurement helps to tell isomers apart, in matched strata."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from spektron.ml.errors import SpectraError  # noqa: E402
from spektron.ml.inverse import InverseConfig, Vocabulary, corpus, fusion  # noqa: E402
from spektron.ml.inverse.fusion import Identified, compare, identify  # noqa: E402
from spektron.ml.inverse.models import load_inverse, new_model  # noqa: E402
from spektron.ml.inverse.training import train_inverse  # noqa: E402
from spektron.ml.splits import split_of  # noqa: E402
from spektron.ml.stratified import EvaluationError  # noqa: E402
from spektron.ml.table import Ragged  # noqa: E402

STRATA = ("ethylene F2", "ethylene Cl2", "butadiene F2", "butadiene Cl2")
SETTINGS = {
    "model": {
        "encoder": {
            "size": "tiny", "width": 32, "layers": 1, "axis": {"points": 256}, "stride": 16,
        },
        "width": 32, "layers": 1, "dropout": 0.0,
    },
    "data": {"instruments": {"noise_low": 0.0, "noise_high": 0.0}},
    "training": {
        "steps": 300, "batch": 8, "learning_rate": 3e-3, "warmup": 10, "device": "cpu",
        "precision": "fp32",
    },
    "loss": {"simulate": False, "randomised": 0.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def config():
    return InverseConfig.from_mapping(SETTINGS)


@pytest.fixture(scope="module")
def made(symmetry_rich, config):
    """The isomers of four strata, with shifts for none."""
    strata = symmetry_rich.texts["stratum"]
    rows = [row for row, name in enumerate(strata) if name in STRATA]
    few = symmetry_rich.take(rows)
    empty = Ragged(np.zeros(len(few) + 1, dtype=np.int64), np.zeros(0, dtype=np.float32))
    shifts = {
        kind: (replace(atoms, offsets=empty.offsets, values=atoms.values[:0]), empty)
        for kind, (atoms, _) in few.shifts.items()
    }
    return corpus(replace(few, shifts=shifts), config)


def untrained(made, config):
    vocabulary = Vocabulary.of([text for text in made.smiles if text])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return new_model(config.model, vocabulary).eval()


def test_what_is_known_by_heart_is_told_apart(made, config, tmp_path):
    n = len(made)
    rows = np.arange(n)
    twice = made.table.take([*rows, *rows])
    split = split_of(twice, {"train": rows, "valid": n + rows}, ())
    run = train_inverse(config, twice, tmp_path / "run", split=split)
    model, _ = load_inverse(run.model)
    found = identify(model, made, rows, [("ir", "raman")])
    texts = [made.smiles[row] for row in found.rows]
    strata = [made.table.texts["stratum"][row] for row in found.rows]
    # A string that E and Z share is right for either of them.
    same = [
        sum(t == text and s == stratum for t, s in zip(texts, strata, strict=True))
        for text, stratum in zip(texts, strata, strict=True)
    ]
    assert max(same) > 1
    np.testing.assert_allclose(found.hits[:, 0], 1 / np.array(same))


def test_hits_are_of_the_likeliest_string(made, config, monkeypatch):
    model = untrained(made, config)
    monkeypatch.setattr(
        fusion, "log_probabilities", lambda model, inputs, texts: -np.array([len(t) for t in texts])
    )
    found = identify(model, made, np.arange(len(made)), [("ir",), ("raman",)])
    for k, row in enumerate(found.rows):
        name = made.table.texts["stratum"][row]
        members = [r for r in found.rows if made.table.texts["stratum"][r] == name]
        lengths = [len(made.smiles[r]) for r in members]
        expected = (len(made.smiles[row]) == min(lengths)) / lengths.count(min(lengths))
        assert found.hits[k].tolist() == [expected] * 2
    assert found.left_out == len(made) - len(found.rows)


def test_gain_and_contrast_by_hand(made):
    rows = np.arange(len(made))
    groups = made.table.texts["group"]
    strata = np.array(made.table.texts["stratum"])
    centred = np.array([g in ("Ci", "C2h", "D2h", "D∞h") for g in groups])
    rng = np.random.default_rng(1)
    less, more = rng.random((2, len(made)))
    given = (("ir",), ("raman",), ("ir", "raman"))
    found = Identified(rows, given, np.stack([less, less, more], axis=1), 0)
    first, second = compare(made, found)
    assert (first.less, first.more) == (("ir",), ("ir", "raman"))
    assert (second.less, second.more) == (("raman",), ("ir", "raman"))
    sides = [
        [(more - less)[(strata == name) & side].mean() for side in (centred, ~centred)]
        for name in np.unique(strata)
    ]
    assert first.strata == len(sides) == len(STRATA)
    assert first.scaffolds == 2
    assert first.gain.value == pytest.approx(np.mean(sides))
    assert first.contrast.value == pytest.approx(np.mean([a - b for a, b in sides]))
    assert first.hits_more - first.hits_less == pytest.approx(first.gain.value)
    assert first.gain.low < first.gain.value < first.gain.high


def test_what_cannot_be_asked_is_refused(made, config):
    model = untrained(made, config)
    rows = np.arange(len(made))
    with pytest.raises(SpectraError, match=r"none of .* everything that is to be given"):
        identify(model, made, rows, [("ir", "13C")])
    alone = [row for row in rows if made.table.texts["group"][row] in ("C2h", "D2h")]
    found = Identified(np.array(alone), (("ir",), ("ir", "raman")), np.zeros((len(alone), 2)), 0)
    with pytest.raises(EvaluationError, match="with and without an inversion"):
        compare(made, found)
