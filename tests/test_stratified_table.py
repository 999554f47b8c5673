"""Subjects, metrics, tables of scores, matched strata: what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from spektron.ml.stratified import (
    EvaluationError,
    Score,
    ScoreTable,
    available,
    counts_of,
    endpoint,
    layout,
    match,
    read_scores,
    score_table,
    subject_of,
)
from spektron.ml.stratified.metrics import metric_named
from spektron.ml.stratified.subjects import Subject
from spektron.pointgroup import InputError, Molecule, example, example_names, mode_counts

# ---- subjects ----


def irreps_of(counts):
    """The irrep of each mode."""
    return [i.label for i, m in counts.representation.terms for _ in range(m * i.dimension)]


@pytest.mark.parametrize("name", example_names())
def test_counts_from_irreps_are_those_of_the_geometry(name):
    counts = mode_counts(example(name))
    assert counts_of(str(counts.group), irreps_of(counts)) == counts


@pytest.mark.parametrize(
    ("name", "visible", "lines", "shares"),
    [
        # Modes from the sheet of R; lines are A2u + 3 E1u and 2 A1g + E1g + 4 E2g of benzene.
        ("benzene", (7, 12, 19), (4, 7, 11), (7 / 30, 12 / 30, 19 / 30)),
        ("carbon_dioxide", (3, 1, 4), (2, 1, 3), (3 / 4, 1 / 4, 1)),
        ("methane", (6, 9, 9), (2, 4, 4), (6 / 9, 1, 1)),
        ("water", (3, 3, 3), (3, 3, 3), (1, 1, 1)),
    ],
)
def test_what_an_input_shows(name, visible, lines, shares):
    s = subject_of(name, example(name), stratum="s", scaffold="x")
    inputs = ("ir", "raman", "both")
    assert tuple(s.n_visible(g) for g in inputs) == visible
    assert tuple(s.n_lines(g) for g in inputs) == lines
    assert [s.share(g) for g in inputs] == pytest.approx(shares)
    assert s.n_visible("ir twice") == s.n_visible("ir")
    assert s.R == s.share() == s.share("model")


def test_irreps_that_are_no_whole_sets():
    with pytest.raises(EvaluationError, match="no whole number"):
        counts_of("D6h", ["E1u"])


# ---- metrics ----


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("score", {"score": "0.25"}, 0.25),
        ("accuracy", {"prediction": "1.0", "truth": "1"}, 1.0),
        ("accuracy", {"prediction": "C2h", "truth": "C2v"}, 0.0),
        ("error", {"prediction": "1.5", "truth": "2"}, -0.5),
        ("mrr", {"rank": "4"}, 0.25),
        ("recall@1", {"rank": "1"}, 1.0),
        ("recall@3", {"rank": "4"}, 0.0),
        ("f1", {"prediction": "a;b;c", "truth": "b; c; d; e"}, 4 / 7),
        ("f1", {"prediction": "", "truth": ""}, 1.0),
    ],
)
def test_metrics(name, row, value):
    assert metric_named(name)(row) == pytest.approx(value)


def test_f1_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(20):
        truth, guess = rng.integers(2, size=(2, 6))
        row = {
            "truth": ";".join(str(i) for i in np.flatnonzero(truth)),
            "prediction": ";".join(str(i) for i in np.flatnonzero(guess)),
        }
        theirs = metrics.f1_score(truth, guess, zero_division=1.0)
        assert metric_named("f1")(row) == pytest.approx(theirs)


@pytest.mark.parametrize("name", ["recall@0", "recall@x", "recall", "auc"])
def test_unknown_metric(name):
    with pytest.raises(EvaluationError, match="choose from"):
        metric_named(name)


# ---- the table ----


def subject(name, stratum="s", group="C2h", scaffold="x"):
    irreps = {"C2h": ["Ag", "Ag", "Au", "Bu"], "C2v": ["A1", "A1", "A2", "B2"]}[group]
    return Subject(name, stratum, scaffold, 4, counts_of(group, irreps))


KNOWN = {n: subject(n, group=g) for n, g in (("a", "C2h"), ("b", "C2v"), ("c", "C2v"))}


def test_scores_find_their_places():
    scores = [
        Score(m, 10 * i + run, given, noise, run)
        for i, m in enumerate("ab")
        for given in ("both", "ir")
        for noise in (0.5, 0.1)
        for run in (3, 1)
    ]
    table = score_table(scores, KNOWN, metric="x")
    assert (table.inputs, table.noises, table.runs) == (("ir", "both"), (0.1, 0.5), (1, 3))
    assert table.of("ir", 0.5).tolist() == [[1, 3], [11, 13]]
    assert [s.name for s in table.subjects] == ["a", "b"]
    with pytest.raises(ValueError, match="read-only"):
        table.values[0] = 1


def test_draws_are_averaged_and_said():
    scores = [Score("a", v, draw=str(v)) for v in (0.0, 1.0, 1.0 + 1e-9)]
    table = score_table(scores, KNOWN, metric="x")
    assert table.values.ravel()[0] == pytest.approx(2 / 3)
    assert "3 draws" in table.notes[0]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([], "no scores"),
        ([Score("z", 1.0)], r"unknown molecules: 1 \(z\)"),
        ([Score("a", 1.0), Score("a", 0.0)], "2 scores for input model"),
        ([Score("a", float("nan"))], "no finite number"),
        (
            [Score("a", 1, "ir", split="p"), Score("a", 1, "both", split="q")],
            "different splits are compared: seed 0 scored a as ir on split p, as both on q",
        ),
        (
            [Score("a", 1, "ir", split="p"), Score("a", 1, "both")],
            "different splits are compared",
        ),
        ([Score("a", 1, run=0), Score("a", 1, run=1), Score("b", 1, run=0)], "seed 1"),
        (
            [Score("a", 1, "ir"), Score("b", 1, "both")],
            "missing scores: 2, in 2 of 2 molecules, such as that of a for input both",
        ),
    ],
)
def test_scores_that_are_refused(scores, told):
    with pytest.raises(EvaluationError, match=told) as caught:
        score_table(scores, KNOWN, metric="x")
    assert "\n" not in str(caught.value)


def test_other_splits_in_other_runs_are_no_fault():
    scores = [Score(m, 1.0, g, run=r, split=f"{m}{r}") for m in "ab" for g in ("ir", "both")
              for r in (0, 1)]  # fmt: skip
    assert score_table(scores, KNOWN, metric="x").values.shape == (2, 2, 1, 2)


def test_molecules_without_a_score_can_be_left_out():
    scores = [Score("a", 1, run=0), Score("a", 1, run=1), Score("b", 1, run=0)]
    table = score_table(scores, KNOWN, metric="x", missing="drop")
    assert [s.name for s in table.subjects] == ["a"]
    assert table.notes == ("molecules without all scores are left out: 1 (b)",)
    with pytest.raises(EvaluationError, match="every molecule"):
        score_table(scores[1:], KNOWN, metric="x", missing="drop")


# ---- matched strata ----


def test_sides_and_contrasts_by_hand():
    subjects = [
        subject("a", "s", "C2h"), subject("b", "s", "C2v"), subject("c", "s", "C2v"),
        subject("d", "t", "C2h", "y"), subject("e", "t", "C2h", "y"), subject("f", "t", "C2v", "y"),
        subject("g", "", "C2h"),
    ]  # fmt: skip
    found = match(subjects)
    assert (found.strata, found.scaffolds) == (("s", "t"), ("x", "y"))
    values = np.array([5.0, 1, 2, 10, 20, 3, 99])
    assert found.contrasts(values).tolist() == [5 - 1.5, 15 - 3]
    both = found.contrasts(np.stack([values, 2 * values], axis=1))
    assert both.tolist() == [[3.5, 7], [12, 24]]
    assert found.molecules.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.notes == ()


def few():
    return [subject("a", "s", "C2h"), subject("b", "s", "C2v"), subject("c", "t", "C2h"),
            subject("d", "u", "C2v"), subject("e", "v", "C2v", "y")]  # fmt: skip


def test_strata_with_too_few_are_dropped_and_said():
    found = match(few())
    assert found.strata == ("s",)
    assert found.notes == ("strata that lack one side or the other are left out of contrasts: "
                           "3 (t, u, v)",)  # fmt: skip


def test_strata_with_too_few_are_merged_and_said():
    found = match(few(), small="merge")
    assert found.strata == ("s", "x (merged)")
    assert found.contrasts(np.arange(5.0)).tolist() == [-1, -1]
    assert found.notes[0].startswith("strata that lack one side or the other are merged into 1")
    assert found.notes[1].endswith("left out of contrasts: 1 (v)")


def test_least_members():
    with pytest.raises(EvaluationError, match="no stratum has 2 or more"):
        match(few(), least=2)
    with pytest.raises(EvaluationError, match="give 1 or more"):
        match(few(), least=0)


def test_layout_has_the_numbers_asked_for():
    found = layout([2, 3], centred=1, others=2)
    assert found.per_scaffold.tolist() == [2, 3]
    assert len(found.molecules) == len(set(found.molecules.tolist())) == 15


# ---- endpoints ----


def table_of(values, inputs=("ir", "raman", "both", "ir twice")):
    n = len(values)
    subjects = tuple(subject(str(i)) for i in range(n))
    runs = tuple(range(np.shape(values)[-1]))
    return ScoreTable("x", subjects, inputs[: np.shape(values)[1]], (0.0,), runs,
                      np.array(values, dtype=float)[:, :, None])  # fmt: skip


def test_gains_by_hand():
    table = table_of([[[0.5, 0.7], [0.9, 0.1], [1.0, 0.8], [0.6, 0.6]]])
    # Means 0.6 and 0.5: infrared is better, though not in the first run.
    assert endpoint(table, "gain")[0] == pytest.approx([0.5, 0.1])
    # The other run says Raman for the second and infrared for the first.
    assert endpoint(table, "gain, cross-fitted")[0] == pytest.approx([0.5, 0.7])
    assert endpoint(table, "gain over ir twice")[0] == pytest.approx([0.4, 0.2])
    assert endpoint(table, "raman").tolist() == [[0.9, 0.1]]
    assert available(table)[:3] == ("gain", "gain, cross-fitted", "gain over ir twice")


def test_mean_gain_is_both_less_the_better_mean():
    rng = np.random.default_rng(0)
    values = rng.random((50, 3, 5))
    table = table_of(values)
    ir, raman, both = values.mean(axis=2).T
    assert endpoint(table, "gain").mean(axis=1) == pytest.approx(both - np.maximum(ir, raman))


def test_only_the_cross_fitted_gain_is_without_bias():
    rng = np.random.default_rng(0)
    table = table_of(rng.normal(size=(4000, 3, 5)))  # three inputs that are alike
    error = (1.5 / 5 / 4000) ** 0.5
    assert abs(endpoint(table, "gain, cross-fitted").mean()) < 4 * error
    # The maximum of two normal means is too high by σ/√(πS).
    assert endpoint(table, "gain").mean() == pytest.approx(-1 / (5 * np.pi) ** 0.5, abs=4 * error)


def test_endpoints_that_the_scores_do_not_allow():
    one = table_of([[[0.5], [0.9], [1.0]]])
    assert available(one) == ("gain", "ir", "raman", "both")
    with pytest.raises(EvaluationError, match="two training runs"):
        endpoint(one, "gain, cross-fitted")
    with pytest.raises(EvaluationError, match="no scores for the input 'ir twice'"):
        endpoint(one, "gain over ir twice")
    with pytest.raises(EvaluationError, match="noise level 3"):
        endpoint(one, "gain", noise=3)


# ---- plain files ----

PLAIN = """molecule,smiles,input,seed,score
trans,F/C=C/F,IR,0,0.5
trans,F/C=C/F,IR + Raman,0,0.9
cis,F/C=C\\F,IR,0,0.6
cis,F/C=C\\F,IR + Raman,0,0.7
"""


def write(tmp_path, text, name="p.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_groups_and_strata_come_from_smiles(tmp_path):
    table = read_scores(write(tmp_path, PLAIN), metric="score")
    assert [s.group for s in table.subjects] == ["C2h", "C2v"]
    assert {s.stratum for s in table.subjects} == {"acyclic C2H2F2"}
    assert table.inputs == ("ir", "both")
    assert table.of("both").ravel().tolist() == [0.9, 0.7]


def test_groups_come_from_geometries_beside_the_table(tmp_path):
    from spektron.pointgroup.molecules import library

    folder = Path(library.__file__).parent / "geometries"
    for name in ("benzene", "naphthalene"):
        (tmp_path / f"{name}.xyz").write_text((folder / f"{name}.xyz").read_text())
    text = "xyz,prediction,truth\nbenzene.xyz,a,a\nnaphthalene.xyz,a,b\n"
    table = read_scores(write(tmp_path, text), metric="accuracy")
    assert [(s.group, s.scaffold) for s in table.subjects] == [
        ("D6h", "c1ccccc1"), ("D2h", "c1ccc2ccccc2c1")
    ]  # fmt: skip
    assert table.values.ravel().tolist() == [1, 0]


def test_columns_go_before_what_is_derived(tmp_path):
    text = "smiles,stratum,scaffold,score\nF/C=C/F,S,T,1\n"
    (s,) = read_scores(write(tmp_path, text), metric="score").subjects
    assert (s.name, s.stratum, s.scaffold) == ("F/C=C/F", "S", "T")


def test_parquet_is_read_like_csv(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    rows = [line.split(",") for line in PLAIN.split()[0:1]]
    heads = rows[0]
    cells = [line.split(",") for line in PLAIN.splitlines()[1:]]
    columns = dict(zip(heads, map(list, zip(*cells, strict=True)), strict=True))
    columns["score"] = [float(x) for x in columns["score"]]
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    one = read_scores(tmp_path / "p.parquet", metric="score")
    other = read_scores(write(tmp_path, PLAIN), metric="score")
    assert np.array_equal(one.values, other.values)
    assert one.subjects == other.subjects


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no rows"),
        ("molecule,score\n", "no rows"),
        ("name,score\na,1\n", "no column molecule, smiles or xyz"),
        ("smiles,score,score\nC,1,1\n", "'score' occurs twice"),
        ("smiles,score\nC,1,2\n", "line 2 does not have 2 cells"),
        ("smiles,score\nC,high\n", "line 2: score 'high' is no number"),
        ("smiles,truth\nC,1\n", "needs the column score"),
        ("smiles,score\nC,1\nC1CC,1\nxx,1\n", r"line 3: .*C1CC.* \(and 1 more molecules\)"),
        ("molecule,score\na,1\n", "a: no structure"),
        ("xyz,score\nnone.xyz,1\n", "line 2: .*none.xyz"),
        ("smiles,input,score\nC,uv,1\n", "line 2: input 'uv': choose from ir, raman"),
        ("smiles,seed,score\nC,0.5,1\n", "line 2: seed '0.5' is no whole number"),
        ("smiles,noise,score\nC,low,1\n", "line 2: noise 'low' is no number"),
        ("molecule,smiles,score\na,C,1\na,CC,1\n", "line 3: a has smiles 'CC', but 'C' before"),
        ("molecule,smiles,score\n,,1\n", "names no molecule"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, told):
    with pytest.raises(InputError, match=told) as caught:
        read_scores(write(tmp_path, text), metric="score")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"), [("p.txt", "a .csv or a .parquet"), ("q.csv", "no such")]
)
def test_files_that_are_refused(tmp_path, name, told):
    with pytest.raises(InputError, match=told):
        read_scores(tmp_path / name, metric="score")


def test_a_damaged_parquet_file(tmp_path):
    pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match="no readable parquet"):
        read_scores(write(tmp_path, "PAR1 nothing", "p.parquet"), metric="score")


# ---- what other people's tables hold ----


def read(tmp_path, text, metric="score", **options):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return read_scores(path, metric=metric, **options)


@pytest.mark.parametrize(
    ("metric", "text", "told"),
    [
        ("accuracy", "smiles,prediction,truth\nC,,\n", "line 2: prediction '' is missing"),
        ("accuracy", "smiles,prediction,truth\nC,a,nan\n", "line 2: truth 'nan' is missing"),
        ("score", "smiles,score\n\n\nC,inf\n", "line 4: score 'inf' is not finite"),
        ("score", "smiles,score\nC,1e308\n", "too large"),
        ("score", "smiles,seed,score\nC,nan,1\n", "line 2: seed 'nan' is no finite number"),
        ("score", "smiles,seed,score\nC,inf,1\n", "line 2: seed 'inf' is no finite number"),
        ("score", "smiles,noise,score\nC,nan,1\n", "line 2: noise 'nan' is no finite number"),
        ("score", "smiles,score\nbenzene,1\n", "line 2: .*benzene"),
        ("f1", "smiles,prediction,truth\nC,nan,nan\n", "prediction 'nan' is missing"),
        ("structure", f"smiles,prediction,truth\nC,C,{'C' * 6000}\n", "cannot be parsed"),
        ("score", "smiles;score\nC;1\n", "'smiles;score'; separate columns by commas"),
        ("score", "SMILES code,score\nC,1\n", "but 'smiles code', 'score'$"),
        ("score", f"smiles,score\n{'C' * 60},1\n", "182 atoms are too many"),
        ("score", "smiles,score\nCCO,1\nOCC,2\n", "line 3: OCC and CCO are one molecule"),
    ],
)
def test_cells_that_mean_nothing_are_refused(tmp_path, metric, text, told):
    with pytest.raises(InputError, match=told) as caught:
        read(tmp_path, text, metric)
    assert "\n" not in str(caught.value)


def test_structures_are_compared_as_molecules(tmp_path):
    text = "smiles,prediction,truth\nC,C1=CC(F)=CC=C1F,Fc1ccc(F)cc1\nCC,not one,CC\n"
    assert read(tmp_path, text, "structure").values.ravel().tolist() == [1, 0]
    assert read(tmp_path, text, "accuracy").values.ravel().tolist() == [0, 0]
    # A model that answers nothing is wrong; so is one that adds words.
    text = f"smiles,prediction,truth\nC,,C\nCC,CC ethane,CC\nCCC,{'C' * 20_000},CCC\n"
    assert read(tmp_path, text, "structure").values.ravel().tolist() == [0, 0, 0]
    text = "smiles,prediction,truth\nC,none,none\n"
    assert read(tmp_path, text, "accuracy").values.ravel().tolist() == [1]


def test_geometry_and_smiles_are_of_one_molecule(tmp_path):
    names = {"para": "Fc1ccc(F)cc1", "meta": "Fc1cccc(F)c1", "cis": "F/C=C\\F", "ion": "[NH4+]"}
    for name, smiles in names.items():
        molecule = Molecule.from_smiles(smiles)
        lines = [
            f"{symbol} {x:.6f} {y:.6f} {z:.6f}"
            for symbol, (x, y, z) in zip(molecule.symbols, molecule.positions, strict=True)
        ]
        (tmp_path / f"{name}.xyz").write_text(
            "\n".join([str(molecule.n_atoms), name, *lines]) + "\n"
        )
    head = "smiles,xyz,score\n"
    (subject,) = read(tmp_path, head + "Fc1ccc(F)cc1,para.xyz,1\n").subjects
    assert subject.centrosymmetric
    with pytest.raises(InputError, match="is that of an isomer of"):
        read(tmp_path, head + "Fc1ccc(F)cc1,meta.xyz,1\n")
    with pytest.raises(InputError, match="is not that of Fc1ccccc1"):
        read(tmp_path, head + "Fc1ccccc1,meta.xyz,1\n")
    # What a SMILES leaves open is free.
    assert len(read(tmp_path, head + "F/C=C\\F,cis.xyz,1\n").subjects) == 1
    assert len(read(tmp_path, head + "FC=CF,cis.xyz,1\n").subjects) == 1
    with pytest.raises(InputError, match="that of a stereoisomer of F/C=C/F"):
        read(tmp_path, head + "F/C=C/F,cis.xyz,1\n")
    # Plain xyz names no charge.
    (subject,) = read(tmp_path, head + "[NH4+],ion.xyz,1\n").subjects
    assert subject.stratum == "acyclic H4N +1"


def test_isotopes_and_charges_make_other_strata(tmp_path):
    text = "smiles,score\nC,1\n[2H]C([2H])([2H])[2H],1\n[CH3+],1\n[CH3-],1\n"
    strata = [s.stratum for s in read(tmp_path, text).subjects]
    assert strata == ["acyclic CH4", "acyclic CH4 2H4", "acyclic CH3 +1", "acyclic CH3 -1"]


def test_structures_that_cannot_be_used_can_be_left_out(tmp_path):
    text = "smiles,score\nC,1\nC1CC,0\nCC(,0\n"
    with pytest.raises(InputError, match=r"line 3.*\(and 1 more molecules\); --missing drop"):
        read(tmp_path, text)
    table = read(tmp_path, text, missing="drop")
    assert [s.name for s in table.subjects] == ["C"]
    assert "without a usable structure are left out: 2" in table.notes[0]


def test_seeds_that_lack_an_input_can_be_left_out(tmp_path):
    rows = ["smiles,input,seed,score"]
    molecules = ("C", "CC", "CCC")
    rows += [f"{m},{g},{s},1" for m in molecules for g in ("ir", "raman") for s in (0, 1)]
    # One molecule has all inputs of seed 2.
    text = "\n".join([*rows, "C,ir,2,1", "CC,ir,2,1", "C,raman,2,1"])
    table = read(tmp_path, text, missing="drop")
    assert (table.runs, len(table.subjects)) == ((0, 1), 3)
    assert "seeds that lack scores of most molecules are left out: 2" in table.notes
