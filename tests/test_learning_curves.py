"""Scores against the number of molecules: the power law, and the curve of the study."""

import json

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.learning_curves import molecules_needed, power_law
from spektron.ml.splits import check_split
from spektron.ml.study import Cell, config_from, open_study, run_study

SETTINGS = {
    "folds": [["ethylene"], ["butadiene"]],
    "seeds": [0],
    "inputs": ["ir", "raman", "both", "ir twice"],
    "noises": [0.01, 0.3],
    "primary_noise": 0.3,
    "draws": 1,
    "valid": 0.3,
    "valid_draws": 1,
    "least_positives": 4,
    "model": {
        "size": "tiny", "axis": {"points": 128}, "stride": 16, "width": 16, "layers": 1,
        "instruments": 3,
    },
    "data": {"instruments": {"noise_high": 0.3}},
    "training": {"steps": 2, "batch": 8, "warmup": 1, "checkpoint_every": 2, "device": "cpu"},
    "loss": {"sinkhorn": 0.0},
    "finetune": {"training": {"steps": 2}},
}  # fmt: skip
STRATA = ("ethylene F2", "ethylene Cl2", "butadiene F2", "butadiene Cl2")


def test_a_power_law_is_found_and_extrapolated():
    n = np.array([50, 200, 800])
    fit = power_law(n, 1 - 2.0 * n**-0.3)
    assert fit == pytest.approx((2.0, 0.3))
    assert molecules_needed(fit, 0.9) == pytest.approx((2 / 0.1) ** (1 / 0.3))
    assert molecules_needed((2.0, -0.1), 0.9) == np.inf
    with pytest.raises(SpectraError, match="two sizes"):
        power_law([50, 50], [0.3, 0.4])


@pytest.fixture
def script(example, monkeypatch, symmetry_rich, tmp_path):
    """`examples/study_curve.py` beside a study of four strata with some of QM7."""
    pytest.importorskip("torch", reason="torch is not installed")
    module = example("study_curve")
    strata = symmetry_rich.texts["stratum"]
    of_qm7 = np.flatnonzero([p == "qm7" for p in symmetry_rich.column("part")])[:280:5]
    rows = [row for row, name in enumerate(strata) if name in STRATA]
    few = symmetry_rich.take(np.sort(np.concatenate([rows, of_qm7])))
    monkeypatch.setattr("spektron.ml.study.run.read_spectra", lambda path: few)
    config = config_from({**SETTINGS, "table": str(tmp_path)})
    monkeypatch.setattr(module, "read_config", lambda path: config)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "STUDY", tmp_path / "study")
    return module


def test_the_curve_of_the_study(script, tmp_path, capsys):
    asked = ["--sizes", "16", "24", "--folds", "0", "1", "--work", str(tmp_path / "work")]
    asked += ["--out", str(tmp_path / "curve.json")]
    assert script.main(asked) == 2
    assert "cell 0-0-both of the main run is missing" in capsys.readouterr().err
    job = open_study(script.read_config(None), tmp_path / "study", tmp_path)
    run_study(job, workers=1, data=tmp_path)
    # What was trained before is kept.
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*.npz")}
    assert len(kept) == 4
    assert script.main(asked) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    found = json.loads((tmp_path / "curve.json").read_text())
    sizes = [point["molecules"] for point in found["points"]]
    whole = np.mean([len(fold.split["train"]) for fold in job.design.folds])
    assert sizes == [16, 24, whole]
    assert all(0 <= value <= 1 for p in found["points"] for value in p["identification"])
    expected = power_law(np.round(sizes), [point["macro-F1"][0] for point in found["points"]])
    assert found["power law"] == pytest.approx(expected)
    assert script.main([*asked, "--sizes", "1000"]) == 2
    assert "give a smaller size" in capsys.readouterr().err


def test_fewer_molecules_are_nested_and_do_not_leak(script, tmp_path):
    job = open_study(script.read_config(None), tmp_path / "study", tmp_path)
    small, large = (script.limited(job, size, 0, tmp_path) for size in (10, 20))
    for a, b, whole in zip(small.design.folds, large.design.folds, job.design.folds, strict=True):
        assert set(a.split["train"]) < set(b.split["train"]) < set(whole.split["train"])
        assert a.split["valid"].tolist() == whole.split["valid"].tolist()
        check_split(job.table, a.split)
    assert small.origin != job.origin
    assert Cell(0, 0, "both") in job.config.cells
