"""Scripts that stand beside the study: its learning curve, and readers that learn nothing."""

import json

import numpy as np
import pytest
from spektron.ml.learning_curves import power_law
from spektron.ml.splits import check_split
from spektron.ml.study import Cell, config_from, open_study, run_study
from spektron.ml.study.scoring import Candidates

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


@pytest.fixture
def beside(example, monkeypatch, symmetry_rich, tmp_path):
    """A script of `examples` beside a study of four strata with some of QM7, by its name."""
    pytest.importorskip("torch", reason="torch is not installed")
    strata = symmetry_rich.texts["stratum"]
    of_qm7 = np.flatnonzero([p == "qm7" for p in symmetry_rich.column("part")])[:280:5]
    rows = [row for row, name in enumerate(strata) if name in STRATA]
    few = symmetry_rich.take(np.sort(np.concatenate([rows, of_qm7])))
    monkeypatch.setattr("spektron.ml.study.run.read_spectra", lambda path: few)
    config = config_from({**SETTINGS, "table": str(tmp_path)})

    def script(name):
        module = example(name)
        monkeypatch.setattr(module, "read_config", lambda path: config)
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "STUDY", tmp_path / "study")
        return module

    return script


# ---- study_curve ----


def test_the_curve_of_the_study(beside, tmp_path, capsys):
    script = beside("study_curve")
    asked = ["--sizes", "16", "24", "--longer", "3", "--folds", "0", "1"]
    asked += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "curve.json")]
    assert script.main(asked) == 2
    assert "cell 0-0-both of the main run is missing" in capsys.readouterr().err
    job = open_study(script.read_config(None), tmp_path / "study", tmp_path)
    run_study(job, workers=1, data=tmp_path)
    assert script.main(asked) == 0
    # What was trained before is kept.
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*.npz")}
    assert len(kept) == 6
    assert script.main(asked) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    found = json.loads((tmp_path / "curve.json").read_text())
    *sizes, again = (point["molecules"] for point in found["points"])
    whole = np.mean([len(fold.split["train"]) for fold in job.design.folds])
    assert (sizes, again) == ([16, 24, whole], whole)
    assert [point["steps"] for point in found["points"]] == [2, 2, 2, 6]
    assert all(0 <= value <= 1 for p in found["points"] for value in p["identification"])
    for point in found["points"]:
        assert np.mean(list(point["F1"].values()), axis=0).tolist() == pytest.approx(
            point["macro-F1"]
        )
        assert {name for name, n in found["folds with the group"].items() if n} == set(point["F1"])
    expected = power_law(np.round(sizes), [p["macro-F1"][0] for p in found["points"][:-1]])
    assert found["power law"] == pytest.approx(expected)
    assert script.main([*asked, "--sizes", "1000"]) == 2
    assert "give a smaller size" in capsys.readouterr().err
    assert script.main([*asked, "--longer", "1"]) == 2
    assert "give 2 or more" in capsys.readouterr().err


def test_fewer_molecules_are_nested_and_do_not_leak(beside, tmp_path):
    script = beside("study_curve")
    job = open_study(script.read_config(None), tmp_path / "study", tmp_path)
    small, large = (script.limited(job, size, 0, tmp_path) for size in (10, 20))
    for a, b, whole in zip(small.design.folds, large.design.folds, job.design.folds, strict=True):
        assert set(a.split["train"]) < set(b.split["train"]) < set(whole.split["train"])
        assert a.split["valid"].tolist() == whole.split["valid"].tolist()
        check_split(job.table, a.split)
    assert small.origin != job.origin
    assert Cell(0, 0, "both") in job.config.cells


# ---- study_readers ----


def test_readers_beside_the_study(beside, tmp_path):
    script = beside("study_readers")
    asked = ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "readers.json")]
    assert script.main(asked) == 0
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}
    assert len(kept) == 2
    assert script.main(asked) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    found = json.loads((tmp_path / "readers.json").read_text())
    assert (found["seeds"], found["draws"], found["noises"]) == ([0], 1, [0.01, 0.3])
    for name in script.READERS:
        assert [c["noise"] for c in found[name]["contrasts"]] == [0.01, 0.3]
        for means in found[name]["means"].values():
            assert all(0 <= share <= 1 for share in means)
    # Nothing but the noise is unknown then, and that is small.
    means = found["known instrument"]["means"]
    assert [means[given][0] for given in ("ir", "both", "ir twice")] == [1, 1, 1]


def test_a_known_instrument_leaves_noise_alone(beside, tmp_path):
    """What a query has beyond its own molecule on its instrument is white."""
    script = beside("study_readers")
    job = open_study(script.read_config(None), tmp_path / "study", tmp_path)
    fold, level = job.design.folds[0], 1
    who = Candidates.of(fold.main, job.design.strata, job.table.texts["stratum"])
    bench = job.bench(0)
    seen = script.queries(bench, who.rows, 0, level)
    templates = script.as_measured(bench, who, 0, level)
    own = templates[np.arange(len(who.rows)), who.own]
    for channel in range(2):
        for query, template in zip(seen[:, channel], own[:, channel], strict=True):
            height = (query @ template) / (template @ template)
            rest = query - height * template
            # The query was divided by its strongest point, noise included; 128 points.
            scale = height * np.abs(template).max()
            assert 0.2 < rest.std() / scale / 0.3 < 1.6
            assert abs(np.corrcoef(rest[1:], rest[:-1])[0, 1]) < 0.4


def test_likelihoods_of_readers(beside):
    """By the definition, for heights above 0."""
    script = beside("study_readers")
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(3, 40)).astype("f4")
    templates = (seen[:, None] + rng.normal(size=(3, 4, 40))).astype("f4")
    templates[0, 0] = -seen[0]
    got = script.likelihoods(seen, templates)
    for n in range(3):
        for k in range(4):
            height = max(0.0, seen[n] @ templates[n, k] / (templates[n, k] @ templates[n, k]))
            rest = seen[n] - height * templates[n, k]
            expected = -np.log((rest @ rest) / (seen[n] @ seen[n]))
            assert got[n, k] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert script.likelihoods(seen, 7 * templates) == pytest.approx(got, rel=1e-5)
