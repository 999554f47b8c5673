"""Ablations: what is compared differs in one thing, cells are kept, tables are right."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from spektron.ml.ablations import (
    HEAD,
    Budget,
    Cell,
    Finished,
    Store,
    cells_of,
    lines,
    read_csv,
    to_csv,
)
from spektron.ml.ablations.cells import LONGER, PARTS, TRANSDUCTIVE
from spektron.ml.ablations.corn import RECIPES
from spektron.ml.ablations.molecules import (
    PARAMETERS,
    _share,
    _split,
    labels_of,
    shape_of,
    taken,
)
from spektron.ml.errors import ProtocolError, SpectraError
from spektron.ml.model.errors import ConfigError
from spektron.ml.table import sticks_table

HEADLINE = ",".join(HEAD) + "\n"
CORN = Cell("corn", "full", "mp5", 1000)


@pytest.fixture
def ablations(example):
    return example("ablations")


def molecules(n=240, with_smiles=lambda i: True):
    """Alcohols and ketones, alternating, each of its own length."""
    rng = np.random.default_rng(0)
    smiles = ["C" * (3 + i // 2 % 20) + ("O" if i % 2 else "C(=O)C") for i in range(n)]
    smiles = [text if with_smiles(i) else "" for i, text in enumerate(smiles)]
    lines_ = [np.sort(rng.uniform(300, 3600, 9)) for _ in range(n)]
    for i, each in enumerate(lines_):
        each[4] = 1050 if i % 2 else 1720
    return sticks_table(
        [f"m{i}" for i in range(n)],
        lines_,
        *([rng.uniform(1, 50, 9) for _ in range(n)] for _ in range(2)),
        smiles=smiles,
        inchikeys=[f"{i:A>14}-UHFFFAOYSA-N" for i in range(n)],
    )


# ---- what is compared ----


def test_each_part_is_taken_away_alone():
    assert set(RECIPES) == set(PARTS)
    full = RECIPES["full"]
    differ = {
        name: {f.name for f in fields(full) if getattr(full, f.name) != getattr(each, f.name)}
        for name, each in RECIPES.items()
    }
    assert differ == {
        "full": set(),
        "no pretraining": {"pretraining", "calibration"},
        "no VIB": {"beta"},
        "no OT": {"sinkhorn", "alignment"},
        "no TTT": {"test_time"},
        "no LoRA": {"moved", "step_rate"},
    }
    bare = RECIPES["no pretraining"]
    assert bare.pretraining + bare.calibration == full.pretraining + full.calibration
    assert min(full.pretraining, full.beta, full.sinkhorn, full.alignment, full.test_time) > 0
    assert full.moved == "lora"


@pytest.mark.parametrize("channels", [1, 2])
def test_tokenizers_have_equal_parameters(channels):
    pytest.importorskip("torch")
    from spektron.ml.model.tokenizers import parameters_of, tokenizer

    sizes = [parameters_of(tokenizer(shape_of(name, channels))) for name in ("cnn", "patch")]
    assert np.allclose(sizes, PARAMETERS, rtol=5e-3)
    assert replace(shape_of("cnn", channels), tokenizer="patch") == shape_of("patch", channels)


def test_cells():
    cells = cells_of(["corn"], range(1000, 1005))
    assert len({cell.name for cell in cells}) == len(cells)
    by_variant = {(c.variant, c.condition) for c in cells}
    assert {(name, t) for name in (*PARTS, TRANSDUCTIVE) for t in ("mp5", "mp6")} <= by_variant
    assert all(sum((c.variant, c.condition) == each for c in cells) == 5 for each in by_variant)
    few = cells_of(["few-shot"], [0])
    assert {c.condition for c in few} == {f"{k} {s}" for k in ("ir", "raman") for s in (1, 10, 100)}
    with pytest.raises(ConfigError, match="unknown study 'oats'"):
        cells_of(["oats"], [0])
    with pytest.raises(ConfigError, match="from 0"):
        cells_of(["corn"], [-1])
    with pytest.raises(ConfigError, match="batch = 1; give 2"):
        Budget(batch=1)


# ---- few labels ----


def test_shares_are_nested_and_leave_the_test_part():
    table = molecules()
    split = _split(table)
    parts = [_share(split, percent, 3) for percent in (1, 10, 100)]
    kept = [set(p["train"].tolist()) for p in parts]
    assert kept[0] < kept[1] < kept[2] == set(split["train"].tolist())
    assert len(kept[1]) == round(len(kept[2]) / 10)
    assert all(p["test"].tolist() == split["test"].tolist() for p in parts)
    assert len({p.sha256 for p in parts}) == 3
    assert set(_share(split, 10, 4)["train"].tolist()) != kept[1]


def test_labels_are_frequent_groups():
    values, names = labels_of(molecules())
    assert names == ("alcohol", "ketone")
    assert values.sum(axis=0).tolist() == [120, 120]


def test_what_is_taken_of_a_table():
    table = molecules()
    some = taken(table, Budget(molecules=210))
    assert len(some) == 210
    assert some.sha256 == taken(table, Budget(molecules=210)).sha256
    assert taken(table, Budget()) is table
    with pytest.raises(SpectraError, match="250 molecules of a table with 240"):
        taken(table, Budget(molecules=250))


def test_molecules_without_smiles_are_left_out():
    table = molecules(with_smiles=lambda i: i != 7)
    assert len(taken(table, Budget())) == 239
    assert "m7" not in taken(table, Budget()).texts["name"]


@pytest.mark.parametrize(("variant", "steps"), [("scratch", 2), (LONGER, 3)])
def test_a_cell_of_few_labels(tmp_path, variant, steps):
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from spektron.ml.ablations.molecules import run
    from spektron.ml.training.records import read_metrics

    budget = Budget(pretraining=1, finetuning=2, batch=4)
    figures = run(Cell("few-shot", variant, "raman 10", 0), molecules(), budget, tmp_path)
    assert 0 <= figures["macro F1"] <= 1
    assert figures["labelled"] == 19
    (labelled,) = tmp_path.glob("*-labels")
    assert read_metrics(labelled / "metrics.jsonl")[-1]["step"] == steps


# ---- finished cells ----


def test_a_cell_comes_back_and_a_damaged_one_does_not(tmp_path):
    store = Store(tmp_path, {"corn": "a"})
    finished = Finished(CORN, {"r2": 0.7, "rmsep": 0.2}, 3.5)
    assert store.load(CORN) is None
    store.save(finished)
    assert store.load(CORN) == finished
    assert [p.name for p in tmp_path.iterdir()] == [store.path(CORN).name]
    other = Store(tmp_path, {"corn": "b"})
    assert other.load(CORN) is None
    assert other.runs(CORN) != store.runs(CORN)
    text = store.path(CORN).read_text()
    for bad in ("", text[:40], "[]", text.replace("1000", "1001"), text.replace("0.7", '"x"')):
        store.path(CORN).write_text(bad)
        assert store.load(CORN) is None


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProtocolError, match="file"):
        Store(tmp_path / "file" / "cells", {})


def test_lines_are_means_and_paired_differences():
    rng = np.random.default_rng(0)
    r2 = {name: rng.normal(size=4) for name in ("full", "no VIB")}
    cells = [
        Finished(Cell("corn", name, "mp5", seed), {"r2": r2[name][seed]}, 1.0)
        for seed in range(4)
        for name in r2
        if not (name == "full" and seed == 3)
    ]
    full, less = lines(cells)
    assert (full.variant, full.n, full.against, full.difference) == ("full", 3, "", 0.0)
    assert full.mean == pytest.approx(r2["full"][:3].mean())
    assert full.spread == pytest.approx(r2["full"][:3].std(ddof=1))
    paired = (r2["no VIB"] - r2["full"])[:3]
    assert (less.n, less.against) == (4, "full")
    assert less.difference == pytest.approx(paired.mean())
    assert less.error == pytest.approx(paired.std(ddof=1) / 3**0.5)


# ---- the script ----


def test_the_script_goes_on_where_it_stopped(ablations, tmp_path, capsys):
    given = ablations.parsed(["run", "--study", "corn", "--seeds", "7", "2", "--only", "no_"])
    cells = ablations.wanted(given)
    assert {c.variant for c in cells} == {p for p in PARTS if p != "full"}
    store, seen = Store(tmp_path, {"corn": ""}), []

    def run(cell):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(cell)
        return {"r2": 0.5}

    with pytest.raises(KeyboardInterrupt):
        ablations.work(cells, store, run, None)
    left = [cell for cell in cells if not store.load(cell)]
    assert len(left) == len(cells) - 3
    assert not set(left) & set(seen)
    ablations.show_plan(cells, store)
    shown = capsys.readouterr().out
    assert f"and {sum(c.variant not in {s.variant for s in seen} for c in cells)} cells" in shown
    assert len(ablations.unmeasured(cells, store)) == 5 - len({s.variant for s in seen})


def test_the_script_stops_at_its_limit(ablations, tmp_path):
    cells = cells_of(["tokenizer"], range(3))
    store = Store(tmp_path, {"tokenizer": ""})
    ablations.work(cells, store, lambda cell: {"recall": 1.0}, 0.0)
    assert sum(store.load(cell) is not None for cell in cells) == 1


def test_the_script_reports(ablations, tmp_path, capsys):
    arguments = ["--study", "corn", "--cells", str(tmp_path), "--seeds", "0", "2"]
    given = ablations.parsed(["report", *arguments])
    store = ablations.store_of(given)
    for cell in ablations.wanted(given)[:6]:
        store.save(Finished(cell, {"r2": 0.25 if cell.variant == "full" else 0.5}, 60.0))
    assert ablations.main(["report", *arguments]) == 0
    assert "| no VIB | 1 | 0.500 ± nan | +0.250 ± nan |" in capsys.readouterr().out
    assert ablations.main(["report", *arguments, "--only", "nowhere"]) == 2
    error = capsys.readouterr().err
    assert "no cell has 'nowhere' in its name" in error
    assert error.count("\n") == 1


def test_a_table_of_cells_comes_back_and_prints_the_same(ablations, tmp_path, capsys):
    arguments = ["--study", "corn", "--cells", str(tmp_path / "cells"), "--seeds", "0", "2"]
    given = ablations.parsed(["report", *arguments])
    store = ablations.store_of(given)
    rng = np.random.default_rng(0)
    for cell in ablations.wanted(given)[:9]:
        store.save(Finished(cell, {"r2": float(rng.normal()), "rmsep": 1e-9}, 2.5))
    table = tmp_path / "cells.csv"
    assert ablations.main(["report", *arguments, "--out", str(table)]) == 0
    direct = capsys.readouterr().out.split("are finished\n\n")[1]
    assert ablations.main(["report", "--from", str(table)]) == 0
    assert capsys.readouterr().out == direct
    assert to_csv(read_csv(table)) == table.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADLINE,
        "a,b\n1,2\n",
        HEADLINE + "corn\n",
        HEADLINE + "corn,full,mp5,one,r2,1,1\n",
        HEADLINE + "maize,full,mp5,1,r2,1,1\n",
    ],
)
def test_what_is_no_table_of_cells(ablations, tmp_path, capsys, text):
    table = tmp_path / "cells.csv"
    table.write_text(text)
    assert ablations.main(["report", "--from", str(table)]) == 2
    assert "no table of cells" in (error := capsys.readouterr().err)
    assert error.count("\n") == 1
    assert ablations.main(["report", "--from", str(tmp_path / "none.csv")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_cells_on_disk_say_what_they_are(tmp_path):
    store = Store(tmp_path, {"corn": ""})
    store.save(Finished(CORN, {"r2": 0.5}, 1.0))
    record = json.loads(store.path(CORN).read_text())
    assert record["cell"] == {
        "study": "corn",
        "variant": "full",
        "condition": "mp5",
        "seed": 1000,
    }
