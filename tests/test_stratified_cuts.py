"""Means by property, of all molecules, and what is said without matched strata."""

import csv

import numpy as np
import pytest
from scipy import stats
from spektron.cli import main as entry
from spektron.ml.stratified import EvaluationError, Settings, Unmatched, evaluate, overview
from spektron.ml.stratified.bootstrap import clustered
from spektron.ml.stratified.reading import read_scores

# Groups and R by hand: 19 of 30 modes of benzene are seen, 11 of 12 of ethene, 17 of 18 of ethane,
# 12 of 15 of SF6.
ROWS = {
    "O": ("C2v", 1, 3),
    "O=C=O": ("D∞h", 1, 3),
    "C": ("Td", 1, 5),
    "C=C": ("D2h", 11 / 12, 6),
    "CC": ("D3d", 17 / 18, 8),
    "c1ccccc1": ("D6h", 19 / 30, 12),
    "FS(F)(F)(F)(F)F": ("Oh", 12 / 15, 7),
}


@pytest.fixture
def file(tmp_path):
    lines = [f"{smiles},{k / 10}" for k, smiles in enumerate(ROWS)]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(["smiles,score", *lines]))
    return path


def test_cuts_of_ordinary_molecules(file):
    table = read_scores(file, metric="score")
    with pytest.raises(Unmatched, match="no stratum"):
        evaluate(table)
    found = overview(table)
    by = {(c.property, c.value): c for c in found.cuts}
    for k, (group, _, _) in enumerate(ROWS.values()):
        c = by["group", group]
        assert (c.n, c.mean.value) == (1, pytest.approx(k / 10))
        assert np.isnan(c.mean.low)
    groups = [c.value for c in found.cuts if c.property == "group"]
    assert groups == ["C2v", "D2h", "D3d", "D6h", "Td", "Oh", "D∞h"]
    # Water and methane have no centre.
    assert by["centre", "without"].mean.value == pytest.approx((0 + 0.2) / 2)
    assert by["R", "1"].n == 3
    assert sum(c.n for c in found.cuts if c.property == "R") == len(ROWS)
    for name in ("R", "R_fundamentals", "distinct lines", "atoms"):
        parts = [c for c in found.cuts if c.property == name]
        whole = sum(c.n * c.mean.value for c in parts) / sum(c.n for c in parts)
        assert whole == pytest.approx(0.3)
    with pytest.raises(EvaluationError, match="the scores allow model"):
        overview(table, Settings(endpoint="gain"))


def test_clustered_means_are_those_of_scipy():
    values = np.random.default_rng(0).normal(size=12)
    low, high = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    found = clustered(values, range(12))
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))
    # Clusters of one size: their means are the sample.
    means = values.reshape(4, 3).mean(axis=1)
    low, high = stats.t.interval(0.95, 3, means.mean(), stats.sem(means))
    found = clustered(values, np.repeat(np.arange(4), 3).tolist())
    assert (found.low, found.high) == pytest.approx((low, high))
    assert np.isnan(clustered(values, ["one"] * 12).low)


def test_without_matched_strata_the_rest_is_printed(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert entry.main(["evaluate", "stratified", str(file), "--out", str(out)]) == 0
    text, _ = capsys.readouterr()
    assert "no contrast: no stratum has 1 or more" in text
    assert "D6h" in text
    assert sorted(p.name for p in out.iterdir()) == [
        "evaluation.json", "molecules.csv", "properties.png"
    ]  # fmt: skip
    with (out / "molecules.csv").open(encoding="utf-8") as lines:
        rows = {row["molecule"]: row for row in csv.DictReader(lines)}
    for smiles, (group, share, n_atoms) in ROWS.items():
        row = rows[smiles]
        assert (row["group"], int(row["n_atoms"])) == (group, n_atoms)
        assert float(row["R"]) == pytest.approx(share, abs=1e-5)
        assert row["centrosymmetric"] == ("0" if smiles in ("O", "C") else "1")
    assert (rows["c1ccccc1"]["lines_ir"], rows["c1ccccc1"]["lines_raman"]) == ("4", "7")


def test_files_of_an_earlier_evaluation_go(file, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.png").write_bytes(b"")
    arguments = ["evaluate", "stratified", str(file), "--out", str(out)]
    assert entry.main(arguments) == 0
    (out / "noise.png").write_bytes(b"")
    assert entry.main(arguments) == 0
    assert not (out / "noise.png").exists()
    assert (out / "mine.png").exists()
    # Nothing is written, and nothing goes, if one file cannot be.
    (out / "noise.png").mkdir()
    before = {p: p.stat().st_mtime_ns for p in out.iterdir()}
    assert entry.main(arguments) == 2
    assert {p: p.stat().st_mtime_ns for p in out.iterdir()} == before


def test_an_evaluation_writes_over_its_own_files_only(file, tmp_path, capsys):
    """The table itself may be called molecules.csv."""
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        table = folder / "molecules.csv"
        table.write_bytes(file.read_bytes())
        if folder.name == "b":
            (folder / "evaluation.json").write_text("{}")
        assert entry.main(["evaluate", "stratified", str(table), "--out", str(folder)]) == 2
        assert "choose another folder" in capsys.readouterr().err
        assert table.read_bytes() == file.read_bytes()


def test_a_figure_that_fails_leaves_the_earlier_files(file, tmp_path, monkeypatch):
    out = tmp_path / "out"
    arguments = ["evaluate", "stratified", str(file), "--out", str(out)]
    assert entry.main(arguments) == 0
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("spektron.cli.evaluate_figure.draw_properties", fail)
    assert entry.main(arguments) != 0
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
