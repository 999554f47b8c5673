"""``spektron transfer``: tables, JSON, figures, resumption, and one line for bad input."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from spektron.cli import main as entry

QUICK = ["--method", "default", "--method", "sbc", "--method", "ceiling", "--k", "6"]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DEBUG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process: exit code, standard output, standard error."""

    def call(*arguments, workers=1):
        code = entry.main(["transfer", *map(str, arguments), "--workers", str(workers)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def spectra(n=32, p=48):
    rng = np.random.default_rng(0)
    x = np.linspace(0, 1, p)
    bands = np.array([np.exp(-(((x - c) / 0.12) ** 2)) for c in (0.25, 0.5, 0.7)])
    amounts = rng.uniform(0.2, 1, (n, 3))
    master = amounts @ bands + 1e-3 * rng.normal(size=(n, p))
    target = 1.05 * master + 0.03 * x + 1e-3 * rng.normal(size=(n, p))
    return master, target, amounts[:, 0]


def write(name, rows, axis=None, **columns):
    axis = 1000 + 2 * np.arange(rows.shape[1]) if axis is None else axis
    head = ",".join([*columns, *(f"{x:.10g}" for x in axis)])
    lines = [
        ",".join([*(str(values[i]) for values in columns.values()), *map(str, row)])
        for i, row in enumerate(rows)
    ]
    Path("data", f"{name}.csv").write_text("\n".join([head, *lines]) + "\n")


def toy(**columns):
    master, target, values = spectra()
    write("a", master, Oil=values, **columns)
    write("b", target)


def assert_refused(outcome, *words):
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for word in words:
        assert word in err
    assert not Path("transfer.cells").exists()


# ---- what it prints ----


def test_table(run):
    toy()
    code, out, err = run("data", "--master", "a", "--target", "b", *QUICK, "--splits", 3)
    assert (code, err) == (0, "")
    assert "data    data: 32 samples, a, b" in out
    assert "a → b, Oil" in out
    (row,) = re.findall(r"^default +6 +(\S+) +(\S+) to (\S+) +(\S+) +", out, re.M)
    middle, low, high = map(float, row[:3])
    assert low <= middle <= high <= 1
    assert middle > 0.9
    assert re.search(r"^ceiling +all ", out, re.M)
    assert re.search(r"^k = 6: default against sbc, better in \d of 3 splits", out, re.M)
    assert max(map(len, out.split("k = 6:")[0].splitlines())) <= 80


def test_json_and_all_ordered_pairs(run):
    toy()
    code, out, err = run("data", *QUICK, "--splits", 2, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["samples"], found["instruments"], found["properties"]) == (
        32, ["a", "b"], ["Oil"])  # fmt: skip
    assert {(x["master"], x["target"]) for x in found["lines"]} == {("a", "b"), ("b", "a")}
    assert {(x["method"], x["k"]) for x in found["lines"]} == {
        ("default", 6), ("sbc", 6), ("ceiling", None)}  # fmt: skip
    (first, second) = found["comparisons"]
    assert (first["first"], first["second"], first["n_splits"]) == ("default", "sbc", 2)
    assert second["master"] == "b"
    for line in found["lines"]:
        assert line["r2_low"] <= line["r2"] <= line["r2_high"]


def test_property_is_found_whatever_its_case(run):
    toy()
    code, out, _ = run("data", "--property", "oil", *QUICK, "--splits", 2, "--master", "a")
    assert code == 0
    assert "a → b, Oil" in out


def test_what_is_asked_for_twice_runs_once(run):
    toy()
    twice = ["--method", "sbc", "--property", "Oil", "--property", "oil", "--k", "6"]
    code, out, _ = run("data", "--master", "a", *QUICK, *twice, "--splits", 2)
    assert code == 0
    assert len(re.findall(r"^sbc ", out, re.M)) == 1


def test_audit_is_reported(run):
    toy()
    code, _, err = run("data", "--master", "a", *QUICK, "--splits", 2, "--audit")
    assert code == 0
    assert err == ("spektron: audit: 3 calibrations are the same whatever the test samples are\n")


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_figure(run, kind):
    toy()
    code, *_ = run("data", "--master", "a", *QUICK, "--k", 10, "--splits", 2,
                   "--figure", f"f.{kind}")  # fmt: skip
    assert code == 0
    content = Path(f"f.{kind}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])
    if kind == "svg":
        text = content.decode()
        for label in ("default", "sbc", "all own labels", "a → b, Oil"):
            assert label in text


def test_the_same_command_continues(run):
    toy()
    arguments = ["data", "--master", "a", *QUICK, "--json"]
    _, first, _ = run(*arguments, "--splits", 2)
    before = {f.name: f.stat().st_mtime_ns for f in Path("transfer.cells").iterdir()}
    code, second, err = run(*arguments, "--splits", 3)
    assert code == 0
    assert err == "spektron: continues: 2 of 3 splits are finished\n"
    after = {f.name: f.stat().st_mtime_ns for f in Path("transfer.cells").iterdir()}
    assert {name: after[name] for name in before} == before
    assert len(after) == 3
    assert json.loads(second)["lines"][0]["n_splits"] == 3
    _, again, _ = run(*arguments, "--splits", 2)
    assert json.loads(again) == json.loads(first)


def test_workers_change_nothing(run):
    toy()
    arguments = ["data", "--master", "a", *QUICK, "--splits", 2, "--json"]
    one = run(*arguments, "--out", "one")
    two = run(*arguments, "--out", "two", workers=2)
    assert one == two


def test_interruption(tmp_path):
    toy()
    command = [sys.executable, "-m", "spektron.cli.main", "transfer", "data", *QUICK,
               "--splits", "400", "--workers", "2"]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    cells = tmp_path / "transfer.cells"
    while not (cells.is_dir() and len(list(cells.glob("*.json"))) >= 3):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    # Python 3.11 ends by the signal itself if Ctrl-C fell into an exec, as imports do.
    assert process.returncode in (130, -signal.SIGINT)
    assert b"the same command continues" in err


def test_resampling_is_said(run):
    master, target, values = spectra()
    axis = 1000 + 2.0 * np.arange(48)
    write("a", master, Oil=values)
    write("b", target[:, 1:-1], axis=1e7 / axis[1:-1])
    outcome = run("data", "--master", "a", *QUICK, "--splits", 2)
    assert_refused(outcome, "48 channels, 1000 to 1094 nm", "cm-1", "--resample")
    code, out, err = run("data", "--master", "a", *QUICK, "--splits", 2, "--resample")
    assert code == 0
    assert err == "spektron: resampled onto the channels of a: 46 from 1002 to 1092 nm\n"
    assert re.search(r"^sbc +6 +(0\.9|1\.0)", out, re.M)


# ---- one line for bad input, before anything runs ----


def broken(**change):
    """The toy data with a change in one of the instruments."""
    master, target, values = spectra()
    for name, (row, column, value) in change.items():
        rows = {"a": master, "b": target}[name]
        rows[row, column] = value
    write("a", master, Oil=values)
    write("b", target)


def test_nan(run):
    broken(b=(4, 7, np.nan))
    assert_refused(run("data", *QUICK), "b: 1 values are missing", "sample 5 at 1014 nm")


def test_constant_spectrum(run):
    broken(a=(2, slice(None), 0.5))
    assert_refused(run("data", *QUICK), "a: the spectrum of sample 3 is constant (0.5")


def test_shifted_axis(run):
    master, target, values = spectra()
    write("a", master, Oil=values)
    write("b", target, axis=1001 + 2 * np.arange(48))
    assert_refused(run("data", *QUICK), "different channels", "resample", "--resample")


def test_axes_without_overlap(run):
    master, target, values = spectra()
    write("a", master, Oil=values)
    write("b", target, axis=2001 + 2 * np.arange(48))
    assert_refused(run("data", *QUICK, "--resample"), "no channels in common")


def test_different_samples(run):
    master, target, values = spectra()
    write("a", master, Oil=values)
    write("b", target[:-1])
    assert_refused(run("data", *QUICK), "the 31 samples of b are not the 32 of a")


def test_missing_reference_values(run):
    master, target, values = spectra()
    holes = ["" if k < 14 else v for k, v in enumerate(values)]
    write("a", master, Oil=holes)
    write("b", target)
    outcome = run("data", *QUICK, "--test", 9)
    assert_refused(outcome, "18 samples cannot give 9", "14 without a reference value of Oil")


def test_the_same_spectra_twice(run):
    broken(b=(9, slice(None), spectra()[1][3]))
    assert_refused(run("data", *QUICK), "b: samples 4 and 10 have the same spectrum")
    write("b", spectra()[0])
    assert_refused(run("data", *QUICK), "a and b hold the same numbers")


def test_few_channels(run):
    master, target, values = spectra(p=12)
    write("a", master, Oil=values)
    write("b", target)
    assert_refused(run("data", *QUICK), "a: 12 channels are fewer than the 21")


def test_no_reference_values(run):
    master, target, _ = spectra()
    write("a", master)
    write("b", target)
    assert_refused(run("data", *QUICK), "no reference values")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--k", "30"], ["k = 30 transfer samples", "calibration set has 24", "k ≤ 24"]),
        (["--k", "3"], ["k = 3", "inner validation needs 4 transfer samples"]),
        (["--k", "-5"], ["k = -5"]),
        (["--calibration", "5"], ["32 samples cannot give 5 for calibration", "at least 10"]),
        (["--test", "3"], ["3 for testing", "and 5 are needed"]),
        (["--master", "c"], ["no instrument c; it has a, b"]),
        (["--master", "a", "--target", "a"], ["no two instruments", "both a"]),
        (["--property", "Fat"], ["no property Fat; it has Oil"]),
        (["--method", "magic"], ["unknown method magic"]),
        (["--splits", "0"], ["--splits", "0: give", "at least 1"]),
        (["--seed", "-1"], ["--seed", "-1: give", "at least 0"]),
        (["--method", "sbc", "--k", "0"], ["sbc with k of 0", "nothing runs"]),
        (["--unit", "THz"], ["THz", "nm nor cm-1"]),
        (["--figure", "f.gif"], ["f.gif: unknown type of figure"]),
        (["--figure", "nowhere/f.png"], ["cannot be written"]),
        (["--out", "data/a.csv/cells"], ["data/a.csv/cells"]),
        (["--workers", "0"], ["--workers", "0: give", "at least 1"]),
    ],
)
def test_options_that_cannot_be(capsys, arguments, words):
    toy()
    given = [] if "--k" in arguments else ["--k", "6"]
    code = entry.main(["transfer", "data", *given, *arguments])
    assert_refused((code, *capsys.readouterr()), *words)


@pytest.mark.parametrize("content", ["", "nonsense", "1000,1002\n1,x\n"])
def test_files_that_cannot_be_read(run, content):
    Path("data/a.csv").write_text(content)
    assert_refused(run("data", *QUICK), "data")


def test_no_such_folder(run):
    assert_refused(run("nowhere"), "nowhere: no such file or folder")


def test_help_names_every_option(capsys):
    assert entry.main(["transfer", "--help"]) == 0
    out = capsys.readouterr().out
    for option in ("--master", "--target", "--property", "--k", "--splits", "--method", "--out",
                   "--workers", "--resample", "--audit", "--figure", "--json"):  # fmt: skip
        assert option in out
