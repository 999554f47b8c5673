"""``spektron evaluate stratified``: a plain csv, a data set, figures, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from spektron.cli import main as entry
from spektron.pointgroup import mode_counts, molecule_from_input

PAIRS = {
    "alkene": [("F/C=C/F", "F/C=C\\F"), ("Cl/C=C/Cl", "Cl/C=C\\Cl"), ("Br/C=C/Br", "Br/C=C\\Br")],
    "benzene": [("Fc1ccc(F)cc1", "Fc1cccc(F)c1"), ("Clc1ccc(Cl)cc1", "Clc1cccc(Cl)c1")],
    "pyrazine": [("Fc1cnc(F)cn1", "Fc1cncc(F)n1")],
}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DEBUG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """Run the command in this process: exit code, standard output, standard error."""

    def call(*arguments):
        code = entry.main(["evaluate", "stratified", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def predictions(path=Path("p.csv"), *, effect=0.3, skip="", split=""):
    """Scores whose gain is ``effect`` with an inversion and nothing without."""
    lines = ["smiles,stratum,scaffold,input,seed,noise,split,score"]
    for scaffold, pairs in PAIRS.items():
        for k, pair in enumerate(pairs):
            for smiles, gain in zip(pair, (effect + 0.02 * k, 0.01 * k), strict=True):
                for given in ("ir", "raman", "both"):
                    for seed in (0, 1):
                        for noise in (0.1, 0.2):
                            if f"{smiles} {given} {seed}" == skip:
                                continue
                            value = 0.4 + 0.01 * seed + gain * (given == "both")
                            named = split if given == "both" else ""
                            lines.append(f"{smiles},{scaffold} {k},{scaffold},{given},{seed},"
                                         f"{noise},{named},{value}")  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


def test_somebody_elses_model_in_one_command(run):
    code, out, err = run(predictions(), "--out", "figures", "--replicates", "300")
    assert code == 0
    assert "6 over 3 scaffolds" in out
    assert "note: 3 scaffolds: the interval is rough below 8" in out
    row = next(line for line in out.splitlines() if line.startswith("gain  ") and " 0.1 " in line)
    assert "+0.3067" in row  # 0.3 + 0.01 k with k = 0, 1, 2, 0, 1, 0
    assert sorted(p.name for p in Path("figures").iterdir()) == [
        "contrasts.png", "evaluation.json", "molecules.csv", "noise.png", "properties.png",
        "visible.png",
    ]  # fmt: skip
    assert err.count("wrote") == 6
    for path in Path("figures").glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_json_is_the_file_that_is_written(run):
    code, out, _ = run(predictions(), "--out", "f", "--json", "--replicates", "300")
    found = json.loads(out)
    assert code == 0
    assert found == json.loads(Path("f/evaluation.json").read_text())
    assert found["primary"]["value"] == pytest.approx(0.3 + 0.04 / 6)
    assert found["scaffolds"] == {"alkene": 3, "benzene": 2, "pyrazine": 1}
    assert [c["noise"] for c in found["secondary"] if c["endpoint"] == "gain"] == [0.2]
    by = {s["scaffold"]: s for s in found["by_scaffold"]}
    assert by["pyrazine"]["low"] is None
    reasons = [s["reason"] for s in found["slopes"] if s["endpoint"] == "gain"]
    assert len(reasons) == 4


def test_a_csv_without_strata_and_inputs(run):
    """Strata from skeleton and formula: ortho, meta and para of two dihalobenzenes."""
    rows = ["smiles,prediction,truth"]
    for x in ("F", "Cl"):
        rows += [f"{x}c1ccc({x})cc1,a,a", f"{x}c1cccc({x})c1,a,b", f"{x}c1ccccc1{x},a,a"]
    Path("p.csv").write_text("\n".join(rows))
    code, out, _ = run("p.csv", "--metric", "accuracy", "--json", "--replicates", "100")
    found = json.loads(out)
    assert (code, found["strata"], found["inputs"]) == (0, 2, ["model"])
    assert found["primary"]["endpoint"] == "model"
    assert found["primary"]["value"] == 0.5
    assert any("one scaffold only" in note for note in found["notes"])
    code, _, err = run("p.csv")
    assert code == 2
    assert "needs the column score; with prediction and truth choose --metric accuracy" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.csv"], "no such file"),
        (["p.csv", "--metric", "auc"], "metric 'auc': choose from"),
        (["p.csv", "--metric", "recall@1"], "line 2: this metric needs the column rank"),
        (["p.csv", "--endpoint", "gain over ir twice"], "the scores allow gain"),
        (["p.csv", "--at-noise", "3"], "noise level 3; there are 0.1, 0.2"),
        (["p.csv", "--secondary", "gain@high"], "write it as NAME@NOISE"),
        (["p.csv", "--small", "keep"], "choose one of drop, merge"),
        (["p.csv", "--missing", "zero"], "choose one of refuse, drop"),
        (["p.csv", "--interval", "wald"], "choose from studentised"),
        (["p.csv", "--replicates", "0"], "0: give a whole number of at least 1"),
        (["p.csv", "--replicates", "20"], "give 40 or more"),
        (
            ["p.csv", "--secondary", "ir", "--secondary", "ir"],
            "ir@0.1 is the primary one or occurs",
        ),
        (["p.csv", "--noise", "3"], "--noise is for the baseline of a data set"),
        (["p.csv", "--out", "p.csv/x"], "cannot be made a folder"),
    ],
)
def test_bad_input_is_one_line(run, arguments, told):
    predictions()
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_missing_seeds_and_other_splits_are_one_line(run):
    code, _, err = run(predictions(skip="F/C=C/F both 1"))
    assert (code, err.count("\n")) == (2, 1)
    assert "missing scores: 2, in 1 of 12 molecules" in err
    code, out, _ = run(
        predictions(skip="F/C=C/F both 1"), "--missing", "drop", "--replicates", "50"
    )
    assert code == 0
    assert "molecules without all scores are left out: 1 (F/C=C/F)" in out
    assert "strata that lack one side or the other are left out of contrasts: 1 (alkene 0)" in out
    code, _, err = run(predictions(split="other"))
    assert (code, err.count("\n")) == (2, 1)
    assert "different splits are compared" in err


# ---- data sets ----


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """An exported data set with spectra made up, groups and irreps of force-field geometries."""
    pytest.importorskip("pyarrow")
    from spektron.ml.datasets import Listed, write_rows
    from spektron.vibration.batches import Record

    rng = np.random.default_rng(0)
    pairs = []
    for scaffold, strata in PAIRS.items():
        for k, smiles in enumerate(x for x in strata):
            for text in smiles:
                molecule = molecule_from_input(text)
                counts = mode_counts(molecule)
                terms = counts.representation.terms
                names = [i.label for i, m in terms for _ in range(m * i.dimension)]
                labels = [(name, counts.activity(name)) for name in names]
                n = counts.n_vib
                arrays = {
                    "positions": molecule.positions,
                    "masses": molecule.masses,
                    "wavenumbers": np.sort(rng.uniform(450, 3300, n)),
                    "ir_intensities": rng.uniform(0.1, 1, n) * [a.ir for _, a in labels],
                    "raman_activities": rng.uniform(0.1, 1, n) * [a.raman for _, a in labels],
                    "depolarisation": np.full(n, 0.75),
                }
                facts = {
                    "symbols": list(molecule.symbols), "charge": 0, "multiplicity": 1,
                    "name": text, "group": str(counts.group), "R": str(counts.R),
                    "R_fundamentals": str(counts.R_fundamentals),
                    "irreps": [label for label, _ in labels], "sets": list(range(n)),
                    "n_vib": n, "n_ir": counts.n_ir, "n_raman": counts.n_raman,
                    "n_both": counts.n_both, "n_silent": counts.n_silent, "energy": -1.0,
                    "largest_violation": 0.0, "largest_gradient": 0.0, "descents": 0,
                    "level": "none", "programs": {}, "seconds": 0.0, "warnings": [],
                }  # fmt: skip
                listed = Listed(f"key{len(pairs)}", molecule, "a", stratum=f"{scaffold} {k}",
                                smiles=text)  # fmt: skip
                pairs.append((listed, Record("result", facts, arrays)))
    path = tmp_path_factory.mktemp("export") / "set.parquet"
    write_rows(path, pairs, {"title": "t"})
    return path


def test_a_data_set_is_evaluated_by_its_nearest_spectra(run, export):
    code, out, _ = run(export, "--noise", "2", "--noise", "5", "--replicates", "200", "--json")
    found = json.loads(out)
    assert (code, found["strata"], found["noises"]) == (0, 6, [2.0, 5.0])
    assert found["inputs"] == ["ir", "raman", "both", "ir twice"]
    means = {(m["input"], m["noise"]): (m["with_inversion"][0] + m["without"][0]) / 2
             for m in found["means"]}  # fmt: skip
    for bound in found["ceilings"]:
        # The nearest spectrum is the best rule.
        error = 1 - means[bound["input"], bound["noise"]]
        assert error == pytest.approx(bound["bayes_error"], abs=0.06)
        assert bound["fano"] <= bound["bayes_error"] + 0.01
    code, out, _ = run(export, "--noise", "2", "--library", "--replicates", "100")
    assert code == 0
    assert "recall@1 in the library" in out


def test_predictions_for_molecules_of_a_data_set(run, export):
    text = predictions().read_text()
    Path("q.csv").write_text(text.replace("smiles,", "molecule,", 1))
    code, out, _ = run("q.csv", "--data", export, "--json", "--replicates", "100")
    assert code == 0
    assert json.loads(out)["primary"]["value"] == pytest.approx(0.3 + 0.04 / 6)
    Path("q.csv").write_text("molecule,score\nkey0,1\nnobody,1\nnothing,0\n")
    code, _, err = run("q.csv", "--data", export)
    assert (code, err.count("\n")) == (2, 1)
    assert "unknown molecules: 2 (nobody, nothing)" in err


def test_help_and_no_subcommand(capsys):
    assert entry.main(["evaluate"]) == 0
    assert "stratified" in capsys.readouterr().out
