"""`spektron dataset`: from a recipe to a file, resumed, taken over, checked; one line if not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from spektron.cli import main as entry
from spektron.ml.datasets import begin, read_rows
from spektron.pointgroup import InputError
from spektron.vibration.batches import ResultStore

pytest.importorskip("pyarrow")
pytest.importorskip("tblite")
pytest.importorskip("geometric")
RECIPE = """
title = "small"
[level]
method = "gfn2-xtb"
[job]
derivatives = false
[[strata]]
scaffolds = ["ethylene"]
substituents = ["F"]
[[smiles]]
part = "rings"
smiles = ["C1CC1", "Q"]
[[conformers]]
smiles = ["C({})C{}"]
substituents = ["F"]
[[files]]
part = "file"
paths = ["a.xyz"]
licence = "CC0"
experimental_shifts = "s.csv"
"""
XYZ = "3\nw1\nO 0 0 0\nH 0 0 0.96\nH 0.93 0 -0.24\n"
RADICAL = "2\nr\nO 0 0 0\nH 0 0 0.97\n"


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DEBUG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("a.xyz").write_text(XYZ + RADICAL)
    Path("s.csv").write_text("mol_id,atom_type,atom_index,Shift\na:1,1,1,4.8\na,1,1,4.8\n")
    Path("r.toml").write_text(RECIPE)
    Path("threads.py").write_text(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def make_executor():\n    return ThreadPoolExecutor(1)\n"
    )


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = entry.main(["dataset", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


BUILD = ("build", "r.toml", "--out", "set", "--executor", "threads.py")


def test_from_recipe_to_file_and_back(run):
    code, out, err = run(*BUILD, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["n_listed"], found["n_results"], found["computed"]) == (8, 7, 8)
    assert found["failures"] == {"input": 1}
    assert [f["name"] for f in found["failed"]] == ["a:2"]
    assert found["parts"] == {
        "matched strata": [3, 0],
        "rings": [1, 0],
        "conformers": [2, 0],
        "file": [1, 1],
    }
    assert found["strata"] == {"ethylene": [1, 3], "conformers": [1, 2]}
    assert (found["groups"]["D3h"], found["n_silent_without_centre"]) == (1, 1)
    assert len(found["left_out"]) == 1
    assert "left out: 'Q'" in err
    assert "a:2: input:" in err

    code, out, _ = run("export", "set", "--out", "t.parquet")
    assert (code, out) == (0, "8 rows of 8 molecules in t.parquet\n")
    rows, note = read_rows(Path("t.parquet"))
    assert note["title"] == "small"
    water = next(each for each, _ in rows if each.part == "file")
    assert (water.source, water.licence) == ("a.xyz 1", "CC0")
    assert (water.smiles, water.inchikey) == ("O", "XLYOFNOQVPJJNP-UHFFFAOYSA-N")
    assert water.shifts["experimental_shifts"].atoms.tolist() == [1]

    code, out, _ = run("export", "set", "--out", "u.parquet", "--all", "--without", "t.parquet")
    assert (code, out) == (0, "0 rows of 8 molecules in u.parquet\n")

    # Into another folder: everything is taken over, nothing is computed.
    code, out, err = run("build", "r.toml", "--out", "two", "--reuse", "t.parquet", "--json")
    again = json.loads(out)
    assert (again["computed"], again["kept"], "8 results taken over" in err) == (0, 8, True)
    one, two = ResultStore("set/store"), ResultStore("two/store")
    assert set(one) == set(two)
    for key in one:
        assert dict(one.load(key).facts) == dict(two.load(key).facts)
        for name, array in one.load(key).arrays.items():
            assert np.array_equal(array, two.load(key).arrays[name], equal_nan=True)


def test_info_and_check(run):
    run(*BUILD)
    code, out, _ = run("info", "set")
    assert code == 0
    for words in ("small", "7 of 8 molecules", "2 with 5 molecules", "D3h", "input"):
        assert words in out
    assert run("check", "set")[:2] == (0, "8 records of 8: 0 damaged, 0 at odds with themselves\n")
    store = ResultStore("set/store")
    spoilt = sorted(store)[2]
    store.path(spoilt).write_bytes(store.path(spoilt).read_bytes()[:-9])
    code, out, err = run("check", "set")
    assert (code, out) == (2, "7 records of 8: 1 damaged, 0 at odds with themselves\n")
    assert spoilt in err
    code, out, err = run(*BUILD, "--json")
    assert (json.loads(out)["computed"], json.loads(out)["kept"]) == (1, 7)


def test_a_recipe_that_grows_continues(run):
    run(*BUILD)
    Path("r.toml").write_text(RECIPE.replace('"Q"', '"C"'))
    code, out, _ = run(*BUILD, "--json")
    assert (code, json.loads(out)["computed"], json.loads(out)["n_listed"]) == (0, 1, 9)
    Path("r.toml").write_text(RECIPE.replace('"small"', '"other"'))
    code, _, err = run(*BUILD)
    assert code == 2
    assert "another title, small; name another folder" in err


def test_failures_are_tried_again_when_asked(run):
    run(*BUILD)
    assert json.loads(run(*BUILD, "--json")[1])["computed"] == 0
    assert json.loads(run(*BUILD, "--retry-failures", "--json")[1])["computed"] == 1
    slow = json.loads(run(*BUILD, "--retry-failures", "--time-limit", "100", "--json")[1])
    assert slow["failures"] == {"input": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "none.toml", "--out", "set"), "none.toml: no such file; name a recipe"),
        (("build", "r.toml"), "Missing option '--out'"),
        (("build", "r.toml", "--out", "a.xyz"), "a.xyz"),
        ((*BUILD[:4], "--executor", "none.py"), "none.py: no such file"),
        ((*BUILD[:4], "--executor", "s.csv"), "s.csv: "),
        ((*BUILD, "--reuse", "none.parquet"), "none.parquet: no such file"),
        ((*BUILD, "--workers", "0"), "workers"),
        (("info", "set"), "no such file"),
        (("info", "."), "no data set"),
        (("check", "a.xyz"), "no readable parquet"),
        (("export", "set", "--out", "t.parquet"), "no data set"),
    ],
)
def test_bad_input_is_one_line(run, arguments, words):
    code, out, err = run(*arguments)
    last = err.strip().splitlines()[-1]
    assert (code, out) == (2, "")
    assert words in last
    assert "Traceback" not in err


def test_a_recipe_that_lists_nothing_is_refused(run):
    head, _, _ = RECIPE.partition("[[strata]]")
    Path("q.toml").write_text(head + '[[smiles]]\npart = "none"\nsmiles = ["Q"]\n')
    code, out, err = run("build", "q.toml", "--out", "q")
    assert (code, out) == (2, "")
    assert "q.toml: it lists no molecule that can be computed; the first line left out: 'Q'" in err
    assert not Path("q").exists()


def test_what_cannot_be_taken_over(run):
    run(*BUILD)
    run("export", "set", "--out", "t.parquet")
    Path("d.toml").write_text(RECIPE.replace("derivatives = false", "derivatives = true"))
    with pytest.raises(InputError, match="keeps derivatives"):
        begin("d.toml", "d").take_over(["t.parquet"])
    Path("n.toml").write_text(RECIPE.replace("[job]", "[job]\nraman = false"))
    with pytest.raises(InputError, match="another settings"):
        begin("n.toml", "n").take_over(["t.parquet"])


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_says_what_is_kept():
    command = [sys.executable, "-m", "spektron.cli.main", "dataset", *BUILD]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not list(Path().glob("set/store/*/*.record")) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    kept = len(list(Path().glob("set/store/*/*.record")))
    assert kept
    if process.returncode:  # it may just have finished
        assert process.returncode in (130, -signal.SIGINT)
        assert "the same command continues" in err
        assert "Traceback" not in err
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["kept"] >= kept
