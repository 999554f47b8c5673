"""`examples/functional_groups_ir.py` at tiny size, and the page of the three experiments."""

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")


@pytest.fixture
def script(example, monkeypatch, tmp_path, symmetry_rich):
    module = example("functional_groups_ir")
    few = symmetry_rich.take(np.arange(0, len(symmetry_rich), 40))
    monkeypatch.setattr(module, "read_spectra", lambda path: few)
    monkeypatch.setattr(module, "DATA", tmp_path)
    return module


def polymer(folder):
    """An acetate, as a table of two columns."""
    x = np.arange(600, 4001, 4.0)
    y = np.exp(-(((x - 1737) / 20) ** 2)) + np.exp(-(((x - 1240) / 30) ** 2))
    (folder / "spectra").mkdir()
    file = folder / "spectra" / "openspecy_ftir_pva_without_header.csv"
    file.write_text("".join(f"{a},{b:.6f}\n" for a, b in zip(x, y, strict=True)))


def test_the_script_trains_and_asks(script, tmp_path):
    polymer(tmp_path)
    given = ["--seeds", "2", "--steps", "3", "--runs", str(tmp_path / "runs")]
    assert script.main([*given, "--out", str(tmp_path / "out.json")]) == 0
    found = json.loads((tmp_path / "out.json").read_text())
    n = len(found["groups"]["test"])
    assert set(found["groups"]["train"]) == set(found["groups"]["test"])
    assert set(found["scores"]) == {"CNN", "CNN and Transformer", "logistic regression"}
    for each in found["scores"].values():
        for score in each.values():
            assert len(score["groups"]) == n
            assert score["macro"] == pytest.approx(np.mean(score["groups"]), abs=1e-3)
            assert all(0 <= value <= 1 for value in score["groups"])
    assert found["scores"]["logistic regression"]["F1"]["standard deviation"] is None
    assert set(found["polymers"]["poly(vinyl acetate)"]) == set(found["groups"]["test"])
    # A network that has hardly begun knows less than a regression that is finished.
    macro = {name: each["average precision"]["macro"] for name, each in found["scores"].items()}
    assert macro["logistic regression"] > macro["CNN"]


def test_without_measured_spectra_the_rest_is_done(script, tmp_path):
    given = ["--seeds", "1", "--steps", "1", "--runs", str(tmp_path / "runs")]
    assert script.main([*given, "--out", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text())["polymers"] == {}


def test_the_instruments_of_the_test_are_others(script):
    table = script.read_spectra(None)
    rows = np.arange(5)
    first = script.simulated(table, rows, script.UNSEEN, 0)
    assert first.shape == (5, 1, 512)
    assert np.array_equal(first, script.simulated(table, rows, script.UNSEEN, 0))
    data = script.DataConfig(content="ir").instruments
    unseen = script.draw_instruments(data, script.UNSEEN, script.INSTRUMENTS)
    for seed in range(100):
        assert not set(unseen) & set(script.draw_instruments(data, seed, script.INSTRUMENTS))


def test_scores_are_those_of_the_textbook(example):
    wanted = np.array([[True], [True], [False], [False]])
    found = example("functional_groups_ir").scores(np.array([[2.0], [-1.0], [1.0], [-3.0]]), wanted)
    # One hit, one false alarm, one miss; ranked hit, alarm, miss: (1/1 + 2/3)/2.
    assert found == {"F1": [pytest.approx(0.5)], "average precision": [pytest.approx(5 / 6)]}


def test_the_page_is_written_from_the_results(example, tmp_path, monkeypatch):
    module = example("first_experiments_page")
    kept = module.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
    module.main()
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == kept
    assert "{" not in kept
