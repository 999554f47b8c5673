"""Forward models learn, go on exactly where they were killed, and are measured honestly."""

import json
import re
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import typer
from spektron.cli.predict import predict
from spektron.ml.errors import LeakError, SpectraError
from spektron.ml.forward import ForwardConfig
from spektron.ml.model.errors import CheckpointError, ConfigError
from spektron.ml.splits import split_of
from spektron.ml.table import read_spectra
from spektron.ml.training.records import read_metrics
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

from spektron.ml.forward.evaluation import evaluate_forward, forbidden_in_modes  # noqa: E402
from spektron.ml.forward.graphs import graph_of_row  # noqa: E402
from spektron.ml.forward.models import load_forward, new_model, save_forward  # noqa: E402
from spektron.ml.forward.prediction import forecast  # noqa: E402
from spektron.ml.forward.training import limited, train_spectra  # noqa: E402
from spektron.ml.forward.valence import molecule_of  # noqa: E402
from spektron.ml.model.packaged import find_checkpoint, shipped  # noqa: E402

CHECKOUT = Path(__file__).resolve().parents[1]
DATA = CHECKOUT / "docs" / "data" / "symmetry-rich" / "spectra.parquet"
KINDS = ("grid", "force field")


@pytest.fixture(scope="module")
def table(symmetry_rich):
    """Small molecules of the symmetry-rich set, a third of them with a centre of inversion."""
    whole = symmetry_rich
    small = np.flatnonzero(whole.numbers["n_atoms"] <= 13)
    centred = small[whole.numbers["centrosymmetric"][small]][:8]
    others = np.setdiff1d(small, centred)[:16]
    return whole.take(np.sort(np.concatenate([centred, others])))


@pytest.fixture(scope="module")
def split(table):
    rows = np.arange(len(table))
    parts = {"train": rows[:16], "valid": rows[16:20], "test": rows[20:]}
    return split_of(table, parts, ())


def config(kind, **training):
    return ForwardConfig.from_mapping(
        {
            "model": {
                "kind": kind, "width": 16, "layers": 2, "radial": 8,
                "axis": {"low": 200.0, "high": 3800.0, "points": 181},
            },
            "training": {
                "steps": 6, "batch": 4, "warmup": 2, "device": "cpu", "precision": "fp32",
                "log_every": 1, "checkpoint_every": 3, **training,
            },
        }
    )  # fmt: skip


# The wavenumbers come first: with the curves it takes thousands of steps.
@pytest.mark.parametrize(
    ("kind", "rate", "weights"),
    [("grid", 1e-2, {}), ("force field", 3e-2, {"ir": 0.0, "raman": 0.0})],
)
def test_a_few_molecules_are_learnt_by_heart(kind, rate, weights, table, tmp_path):
    few = split_of(table, {"train": range(4), "valid": range(4, 8)}, ())
    asked = config(
        kind, steps=100, learning_rate=rate, weight_decay=0.0, log_every=1, clip=10.0,
        checkpoint_every=1000,
    )  # fmt: skip
    asked = replace(asked, loss=replace(asked.loss, total=0.0, **weights))
    done = train_spectra(asked, table, tmp_path / "run", split=few)
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < losses[0] / 3
    assert done.molecules == 4


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_run_goes_on_exactly(kind, table, split, tmp_path):
    asked = config(kind)
    whole = train_spectra(asked, table, tmp_path / "whole", split=split)

    class Killed(Exception):
        pass

    def kill(progress):
        if progress.step == 5:
            raise Killed

    with pytest.raises(Killed):
        train_spectra(asked, table, tmp_path / "cut", split=split, progress=kill)
    again = train_spectra(asked, table, tmp_path / "cut", split=split)
    assert again.metrics == whole.metrics
    a, b = (load_forward(run.model)[0].state_dict() for run in (whole, again))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert read_metrics(tmp_path / "cut" / "metrics.jsonl") == read_metrics(
        tmp_path / "whole" / "metrics.jsonl"
    )
    with pytest.raises(CheckpointError, match=r"training\.seed"):
        train_spectra(config(kind, seed=1), table, tmp_path / "cut", split=split)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_a_compiled_run_is_the_same_run(table, split, tmp_path):
    plain = train_spectra(config("grid"), table, tmp_path / "plain", split=split)
    fast = train_spectra(config("grid"), table, tmp_path / "fast", split=split, compiled=True)
    assert fast.metrics == pytest.approx(plain.metrics, rel=1e-3)
    a, b = (load_forward(run.model)[0].state_dict() for run in (plain, fast))
    assert list(a) == list(b)
    assert all(torch.allclose(a[name], b[name], rtol=1e-3, atol=1e-4) for name in a)


def test_learning_curves_take_nested_molecules():
    rows = np.arange(100, 160)
    small, large = limited(rows, 10, seed=3), limited(rows, 40, seed=3)
    assert set(small) < set(large) < set(rows)
    assert (np.diff(large) > 0).all()
    np.testing.assert_array_equal(limited(rows, 0, seed=3), rows)
    assert set(limited(rows, 10, seed=4)) != set(small)


def test_what_cannot_be_trained_is_refused(table, split, tmp_path):
    with pytest.raises(ConfigError, match="train_shifts"):
        train_spectra(config("shifts"), table, tmp_path / "a", split=split)
    with pytest.raises(ConfigError, match=r"training\.batch = 64"):
        train_spectra(config("grid", batch=64), table, tmp_path / "b", split=split)
    asked = config("grid")
    asked = replace(asked, data=replace(asked.data, limit=17))
    with pytest.raises(ConfigError, match=r"data\.limit = 17 of 16"):
        train_spectra(asked, table, tmp_path / "c", split=split)
    both = split_of(table, {"train": range(8), "valid": range(7, 12)}, ())
    with pytest.raises(LeakError, match="molecule 7"):
        train_spectra(config("grid"), table, tmp_path / "d", split=both)
    only_h = replace(config("grid"), model=replace(config("grid").model, elements=("H",)))
    with pytest.raises(SpectraError, match="made of H"):
        train_spectra(only_h, table, tmp_path / "e", split=split)
    assert not list(tmp_path.iterdir())


def test_scores_beside_baselines(table):
    rows = np.arange(len(table))
    centred = rows[table.numbers["centrosymmetric"]]
    test = np.union1d(centred[:3], rows[-2:])
    rest = np.setdiff1d(rows, test)
    parts = split_of(table, {"train": rest[4:], "valid": rest[:4], "test": test}, ())
    models = {kind: new_model(config(kind).model).eval() for kind in KINDS}
    scores = {s.name: s for s in evaluate_forward(models, table, parts)}
    assert next(iter(scores)) == "computed"
    np.testing.assert_allclose(scores["computed"].cosines, 1, rtol=1e-6)
    for name in (*KINDS, "fingerprint + ridge", "nearest neighbour", "mean spectrum"):
        found = scores[name].cosines
        assert found.shape == (len(test), 2)
        assert (np.nan_to_num(found) < 0.999).all()
        np.testing.assert_array_equal(scores[name].rows, scores["computed"].rows)
        # An untrained grid, a mean: more where the group forbids it than the tails of the truth.
        assert scores["computed"].forbidden[0] < scores["grid"].forbidden[0] < 1
    few = evaluate_forward(models, table, parts, limit=2)
    assert len(few[0].rows) == 2
    with pytest.raises(SpectraError, match="at least one"):
        evaluate_forward({}, table, parts)


def test_forbidden_modes_of_a_force_field_vanish(table):
    model = new_model(config("force field").model).eval()
    row = int(np.flatnonzero(table.numbers["centrosymmetric"])[0])
    assert (forbidden_in_modes(model, table, row) < 1e-10).all()


# ---- the command ----


@pytest.fixture(scope="module")
def command():
    app = typer.Typer()
    app.command()(predict)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for kind in ("grid", "force field", "shifts"):
        path = folder / f"{kind.replace(' ', '-')}.safetensors"
        with torch.random.fork_rng():
            torch.manual_seed(1)
            save_forward(path, new_model(config(kind).model), {})
    return folder


def test_predict_prints_a_spectrum_as_json(command, checkpoints, tmp_path):
    file = checkpoints / "force-field.safetensors"
    done = command("CO", "--checkpoint", file, "--json", "--out", tmp_path / "s.csv")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["group"], found["kind"], len(found["modes"])) == ("Cs", "force field", 12)
    written = np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(written[:, 1], found["ir"], rtol=1e-6)
    assert found["axis"] == {"low": 200.0, "high": 3800.0, "points": len(found["raman"])}


def test_predict_prints_pages_and_shifts(command, checkpoints):
    page = command("water", "--checkpoint", checkpoints / "grid.safetensors")
    assert page.exit_code == 0, page.output
    assert "C2v" in page.stdout
    done = command("CO", "--checkpoint", checkpoints / "shifts.safetensors", "--json", "--as-given")
    found = json.loads(done.stdout)
    assert found["group"] is None
    assert [a["element"] for a in found["atoms"]] == ["C", "H", "H", "H", "H"]


def test_the_shipped_model_knows_an_ester(command):
    """Textbooks: the C=O stretch of a saturated ester, near 1740 cm⁻¹, and C–H above 2900."""
    done = command("CC(=O)OC", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    x = np.linspace(found["axis"]["low"], found["axis"]["high"], found["axis"]["points"])
    assert 1700 < x[np.argmax(found["ir"])] < 1800
    assert 2900 < x[np.argmax(found["raman"])] < 3100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("CI", "--checkpoint", "grid.safetensors"), "atom 1 is I"),
        (("C[NH3+]", "--checkpoint", "grid.safetensors"), "charge 1"),
        (("C", "--checkpoint", "none.safetensors"), "no such checkpoint"),
        (("C", "--checkpoint", "grid.safetensors", "--out", "no/x.csv"), "there is no folder"),
        (("C((", "--checkpoint", "grid.safetensors"), r"C\(\("),
    ],
)
def test_predict_says_in_one_line_what_is_wrong(command, checkpoints, monkeypatch, words, message):
    monkeypatch.chdir(checkpoints)
    done = command(*words)
    assert done.exit_code == 1  # the entry point of the program makes it 2 and one line
    assert isinstance(done.exception, ValueError)
    assert len(str(done.exception).splitlines()) == 1
    with pytest.raises(ValueError, match=message):
        raise done.exception


# ---- the page and the script ----


def test_the_page_trains_and_keeps_the_selection_rules(tmp_path, monkeypatch, capsys):
    """The block of the page that needs torch; the others are run with all pages."""
    if not DATA.is_file():
        pytest.skip(f"no {DATA.name} in the checkout")
    text = (CHECKOUT / "docs" / "predict.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python3\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "docs").symlink_to(CHECKOUT / "docs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/predict.md", "exec"), {})
    modes, kept = capsys.readouterr().out.splitlines()
    assert f"It prints `{modes}` and `{kept}`" in text
    assert kept == "True"


def test_the_runs_of_the_script(example):
    runs = example("forward_models").runs()
    seen = {name: (run.data.limit, run.training.steps) for name, run in runs.items()}
    few = {500: 4000, 2000: 8000}
    assert seen == {
        "grid built": (0, 24000),
        **dict.fromkeys(KINDS, (0, 16000)),
        **{f"{kind} {n}": (n, steps) for kind in KINDS for n, steps in few.items()},
    }
    assert {name: run.model.kind for name, run in runs.items()} == {
        name: "grid" if name.startswith("grid") else "force field" for name in runs
    }


@pytest.fixture
def script(example, monkeypatch, table, split):
    """`examples/forward_models.py` on few molecules, with small models."""
    module = example("forward_models")

    def small(kind, limit=0):
        found = config(kind, steps=2)
        return replace(found, data=replace(found.data, limit=limit))

    names = {f"{kind} {n}".strip(): (kind, n or 0) for kind in KINDS for n in ("", 6, 10)}
    names["grid built"] = ("grid", 0)
    monkeypatch.setattr(module, "SIZES", {6: 10, 10: 10})
    monkeypatch.setattr(module, "runs", lambda: {k: small(*v) for k, v in names.items()})
    monkeypatch.setattr(module, "read_spectra", lambda path: table)
    monkeypatch.setattr("spektron.ml.forward.training.split_for", lambda *_: split)
    return module


def test_the_script_trains_scores_and_ships(script, tmp_path, capsys):
    runs, out = ["--runs", str(tmp_path / "runs")], tmp_path / "scores.json"
    assert script.main(["score", "--out", str(out), *runs]) == 2
    assert "no finished run" in capsys.readouterr().err
    for name in script.runs():
        assert script.main(["train", name, *runs]) == 0
    assert script.main(["score", "--out", str(out), *runs]) == 0
    found = json.loads(out.read_text())
    assert found["predictors"]["computed"]["cosine"]["ir"] == pytest.approx(1)
    assert {"grid", "force field", "mean spectrum"} <= set(found["predictors"])
    assert found["learning curves"]["grid"]["molecules"] == [6, 10, 16]
    modes = found["forbidden modes"]
    assert modes["molecules"] > 0
    assert max(modes["largest ir"], modes["largest raman"]) < 1e-8
    shipping = ["--out", str(tmp_path / "shipped"), *runs, "--scores", str(out)]
    assert script.main(["ship", "grid 6", *shipping]) == 2
    assert "a card is written for grid, force field" in capsys.readouterr().err
    # Geometries are built once. The molecules are in the set twice.
    assert np.load(tmp_path / "runs" / "built.npz")["rows"].size > 12
    trained = found["trained on"]
    assert trained["grid built"]["molecules"] > 1.5 * trained["grid"]["molecules"]
    assert set(found["from SMILES"]) == {"grid", "force field", "grid built"}
    assert script.main(["ship", "grid built", *shipping]) == 0
    assert "seen geometries of a force field" in (tmp_path / "shipped" / "card.md").read_text()
    assert script.main(["ship", "grid", *shipping]) == 0
    model, _ = load_forward(tmp_path / "shipped" / "model.safetensors")
    assert model.config.kind == "grid"
    card = (tmp_path / "shipped" / "card.md").read_text()
    for channel in ("ir", "raman"):
        assert f"{found['predictors']['grid']['cosine'][channel]:.3f}" in card
        assert f"{found['predictors']['mean spectrum']['cosine'][channel]:.3f}" in card
    assert "{" not in card
    assert "nan" not in card


@pytest.mark.parametrize("name", [n for n in shipped() if n.startswith("spektron-forward-")])
def test_shipped_models_have_the_figures_of_their_cards(name):
    """The lowest cosines of the card once more, from the lines and the shipped weights alone."""
    path = find_checkpoint(name)
    assert path.stat().st_size <= 15_000_000
    model, card = load_forward(path)
    text = path.with_name("card.md").read_text(encoding="utf-8")
    scores = json.loads((CHECKOUT / "docs/data/forward.json").read_text())
    whole = read_spectra(DATA)
    run = name.removeprefix("spektron-forward-").replace("-", " ")
    assert scores["table"] == whole.sha256
    assert scores["files"][run] == sha256(path.read_bytes()).hexdigest()
    assert "built" in run or card["data"]["table"] == whole.sha256
    own = scores["predictors"][run]["cosine"]
    assert f"| this model | {own['ir']:.3f} | {own['raman']:.3f} |" in text
    worst = scores["worst"][run]
    for each in worst:
        assert f"| `{each['smiles']}` | {each['ir']:.2f} | {each['raman']:.2f} |" in text
    for each in worst[:3]:
        row = whole.texts["smiles"].index(each["smiles"])
        curves = forecast(model, molecule_of(graph_of_row(whole, row))).curves
        lines, strengths = whole.strengths(np.array([row]))
        x = model.config.axis.wavenumbers[:, None]
        half = model.config.fwhm / 2
        shape = half / np.pi / ((x - lines.values) ** 2 + half**2)
        truth = (shape @ strengths).T
        cosines = (curves * truth).sum(1) / np.linalg.norm(curves, axis=1)
        cosines /= np.linalg.norm(truth, axis=1)
        assert cosines == pytest.approx([each["ir"], each["raman"]], abs=2e-3)


def test_the_page_has_the_measured_cosines():
    scores = json.loads((CHECKOUT / "docs" / "data" / "forward.json").read_text(encoding="utf-8"))
    page = (CHECKOUT / "docs" / "predict.md").read_text(encoding="utf-8")

    def label(name):
        own = f"spektron-forward-{name.replace(' ', '-')}"
        return f"`{own}`" if own in shipped() else f"`{name}`" if name in scores["files"] else name

    for name, each in scores["predictors"].items():
        cosines = f"| {each['cosine']['ir']:.3f} | {each['cosine']['raman']:.3f} |"
        begin = f"{int(name.split()[-1]):,} |" if name[-1].isdigit() else label(name)
        lines = [x for x in page.splitlines() if x.startswith(f"| {begin}")]
        assert name == "computed" or lines[0].endswith(cosines)
    for name, each in scores["from SMILES"].items():
        cosines = " | ".join(f"{x:.3f}" for x in (*each["optimised"], *each["built"]))
        assert f"| {label(name)} | {cosines} |" in page
    for name in ("computed", "force field", "grid", "grid built", "mean spectrum"):
        shares = " | ".join(
            f"{100 * x:.1f} %" for x in scores["predictors"][name]["forbidden share"]
        )
        lines = [x for x in page.splitlines() if x.startswith(f"| {label(name)}")]
        assert any(line.endswith(f"| {shares} |") for line in lines)
    curve = scores["learning curves"]["grid"]
    for n, ir, raman in zip(curve["molecules"], *curve["cosines"].values(), strict=True):
        assert f"| {n:,} | {ir:.3f} | {raman:.3f} |" in page
    assert f"about {round(curve['molecules for the goal']['ir'], -3):,.0f} molecules" in page
