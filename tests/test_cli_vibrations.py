"""``spektron spectrum`` and ``spektron modes``: results, files, resumption, one-line errors."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from spektron.cli.inputs import isotopes_of
from spektron.cli.main import main
from spektron.pointgroup import InputError, example
from spektron.vibration import normal_modes, read_harmonic
from spektron.vibration.files import read_jcamp

pytest.importorskip("pyscf")
pytest.importorskip("geometric")

WATER = ("spectrum", "water", "--method", "hf", "--basis", "sto-3g", "--no-density-fit")
FILES = {
    "harmonic.json", "geometry.xyz", "modes.csv", "modes.molden", "modes.xyz",
    "ir.csv", "ir.jdx", "raman.csv", "raman.jdx", "spectrum.png",
}  # fmt: skip


@pytest.fixture
def run(capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def water(tmp_path_factory):
    """Folder and JSON of a finished calculation."""
    folder = tmp_path_factory.mktemp("water") / "out"
    command = [sys.executable, "-m", "spektron.cli.main", *WATER, "--out", folder, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, json.loads(done.stdout)


def assert_refused(outcome, *names):
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for name in names:
        assert str(name) in err


# ---- spektron spectrum ----


def test_water(water):
    folder, answer = water
    # HF/STO-3G at its minimum, by the analytic Hessian of PySCF.
    found = [m["wavenumber"] for m in answer["modes"]]
    assert found == pytest.approx([2170.046, 4140.002, 4391.067], abs=0.1)
    assert [m["irrep"] for m in answer["modes"]] == ["A1", "A1", "B2"]
    assert answer["group"] == answer["optimisation"]["group"] == "C2v"
    assert answer["optimisation"]["largest_gradient"] < 1e-5
    assert (answer["R"], answer["R_observed"], answer["n_imaginary"]) == ("1", "1", 0)
    assert answer["thermochemistry"]["symmetry_number"] == 2
    assert all(m["ir_intensity"] > 1 and m["raman_activity"] > 1 for m in answer["modes"])
    assert set(answer["files"]) == FILES
    assert {p.name for p in folder.iterdir()} == FILES | {"checkpoint"}


def test_files_tell_the_same(water):
    folder, answer = water
    modes = normal_modes(read_harmonic(folder / "harmonic.json"))
    assert modes.wavenumbers == pytest.approx([m["wavenumber"] for m in answer["modes"]])
    spectrum = read_jcamp(folder / "ir.jdx")
    assert spectrum.title == "water, hf/sto-3g"
    # ε of Lorentzian lines of 10 cm⁻¹ integrates to 100/ln 10 times the intensities, but for
    # the wings beyond the grid.
    area = np.trapezoid(spectrum.intensities, spectrum.wavenumbers)
    total = sum(m["ir_intensity"] for m in answer["modes"])
    assert area == pytest.approx(100 / np.log(10) * total, rel=0.02)


def test_a_finished_calculation_is_not_repeated(water, run, monkeypatch):
    """All gradients come from the checkpoint: the surface is only asked for the geometry."""
    from spektron.vibration.electronic.gaussian_basis import GaussianBasisSurface

    asked = []
    compute = GaussianBasisSurface.compute

    def counted(self, positions, field=(0.0, 0.0, 0.0)):
        asked.append(tuple(field))
        return compute(self, positions, field)

    monkeypatch.setattr(GaussianBasisSurface, "compute", counted)
    folder, answer = water
    code, out, err = run(*WATER, "--out", folder, "--json")
    assert (code, err) == (0, "")
    again = json.loads(out)
    assert [m["wavenumber"] for m in again["modes"]] == [m["wavenumber"] for m in answer["modes"]]
    assert len(asked) <= 2  # the last geometry, to see that it is the minimum


def test_a_failed_calculation_leaves_no_empty_folder(tmp_path, run):
    assert run(*WATER, "--charge", "1", "--out", tmp_path / "out")[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_interrupted_by_ctrl_c(tmp_path):
    """Ctrl-C leaves a checkpoint and no result; the same command then finishes."""
    folder = tmp_path / "out"
    command = [
        sys.executable, "-m", "spektron.cli.main", "spectrum", "ammonia", "--method", "b3lyp",
        "--basis", "def2-svp", "--out", folder,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list((folder / "checkpoint").glob("geometry-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    # Python 3.11 ends by the signal itself if Ctrl-C fell into an exec, as imports do.
    assert process.returncode in (130, -signal.SIGINT)
    assert out == ""
    assert err.count("\n") == 1
    assert "interrupted" in err
    assert {p.name for p in folder.iterdir()} == {"checkpoint"}
    assert not [p for p in (folder / "checkpoint").iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("spectrum", "water", "--method", "b4lyp", "--basis", "sto-3g"), ["b4lyp", "b3lyp"]),
        (("spectrum", "water", "--method", "hf", "--basis", "sto-4gg"), ["sto-4gg", "sto-4g"]),
        (("spectrum", "water", "--method", "hf", "--charge", "1"), ["multiplicity"]),
        (("spectrum", "water", "--method", "hf", "--fwhm", "-1"), ["-1", "positive"]),
        (("spectrum", "water", "--method", "hf", "--shape", "round"), ["round", "gaussian"]),
        (("spectrum", "water", "--method", "hf", "--route", "quick"), ["quick", "analytic"]),
        (("spectrum", "water", "--method", "hf", "--grid", "11"), ["11", "0 to 9"]),
        (("spectrum", "water", "--method", "hf", "--dielectric", "0.5"), ["0.5", "78"]),
        (("spectrum", "nowhere.xyz"), ["nowhere.xyz"]),
        (("spectrum", "water", "--isotopes", "H=9"), ["9"]),
        (("spectrum", "water", "--isotopes", "C=D"), ["C=D"]),
        (("spectrum", "water", "--temperature", "-1"), ["--temperature", "-1", "positive"]),
        (("spectrum", "water", "--scale", "nan"), ["--scale", "nan"]),
        (("spectrum", "water", "--laser", "0"), ["--laser", "0"]),
        (("spectrum", "water", "--method", "hf", "--tolerance", "9"), ["tolerance 9 Å", "0.5 Å"]),
        (("modes", "nowhere.log"), ["nowhere.log"]),
        (("modes", "water"), ["water: no such file", "harmonic.json"]),
    ],
)
def test_bad_input(run, tmp_path, monkeypatch, arguments, names):
    monkeypatch.chdir(tmp_path)
    assert_refused(run(*arguments), *names)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_another_level_in_the_same_folder_is_said(run, tmp_path):
    water = ("spectrum", "water", "--no-raman", "--out", tmp_path / "w", "--method")
    said = [run(*water, method)[2] for method in ("gfn2-xtb", "gfn1-xtb", "gfn1-xtb")]
    assert ["holds a result at gfn2-xtb" in err for err in said] == [False, True, False]


def test_output_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "taken").write_text("here")
    assert_refused(run(*WATER, "--out", tmp_path / "taken"), "taken")


def test_a_geometry_that_is_not_stationary(run, tmp_path):
    bent = example("water")
    (tmp_path / "w.xyz").write_text(bent.with_positions(bent.positions * 1.1).to_xyz())
    outcome = run(
        "spectrum", tmp_path / "w.xyz", *WATER[2:], "--no-optimise", "--out", tmp_path / "out"
    )
    assert_refused(outcome, "gradient", "optimise")


# ---- spektron modes ----


def test_modes_of_an_isotopologue(water, run):
    folder, _ = water
    code, out, err = run("modes", folder / "harmonic.json", "--isotopes", "2=D", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    # theory sheet, section 3 (f): the bend of HDO at HF/STO-3G is 1900.9 cm⁻¹.
    assert answer["modes"][0]["wavenumber"] == pytest.approx(1900.87, abs=0.05)
    assert answer["group"] == "Cs"
    assert answer["mass_numbers"] == [16, 2, 1]


@pytest.mark.parametrize(
    ("name", "group", "n", "first"),
    [
        ("Gaussian__Gaussian03__anthracene.log", "D2h", 66, "B3u"),
        ("Gaussian__Gaussian16__issue1153.log", "C2v", 3, "A1"),
        ("ORCA__ORCA4.0__CO2_freqs.out", "D∞h", 4, "Πu"),
        ("data__FChk__basicGaussian16__dvb_raman.fchk", "C2h", 54, "Au"),
        ("data__Gaussian__basicGaussian09__dvb_ir.out", "C2h", 54, "Au"),
        ("data__Gaussian__basicGaussian16__dvb_raman.out", "C2h", 54, "Au"),
        ("data__Molcas__basicOpenMolcas18.0__dvb_ir.out", "C2h", 54, "Au"),
        ("data__ORCA__basicORCA5.0__dvb_raman.out", "C2h", 54, "Au"),
        ("data__QChem__basicQChem5.4__dvb_ir.out", "C2h", 54, "Au"),
    ],
)
def test_modes_of_other_programs(run, shared_data, tmp_path, name, group, n, first):
    code, out, err = run(
        "modes", shared_data / "qc_outputs" / name, "--out", tmp_path / "out", "--json"
    )
    assert code == 0
    assert all(line.startswith("spektron: note: ") for line in err.splitlines())
    answer = json.loads(out)
    assert (answer["group"], len(answer["modes"])) == (group, n)
    assert answer["modes"][0]["irrep"] == first
    assert all(m["ir_intensity"] is not None for m in answer["modes"])
    assert (tmp_path / "out" / "spectrum.png").stat().st_size > 10_000


def test_a_split_set_is_shown_mode_by_mode(run, shared_data):
    code, out, _ = run("modes", shared_data / "qc_outputs" / "ORCA__ORCA4.0__CO2_freqs.out")
    assert code == 0
    assert "289.50" in out
    assert "458.10" in out


def test_modes_page(water, run):
    folder, _ = water
    code, out, err = run("modes", folder / "harmonic.json", "--quasi-rrho", "--isotopes", "O=18")
    assert (code, err) == (0, "")
    assert "with 18O1" in out
    assert "quasi-RRHO" in out
    assert max(map(len, out.splitlines())) <= 100


def test_cut_short(water, run, tmp_path):
    text = (water[0] / "harmonic.json").read_text(encoding="utf-8")
    (tmp_path / "cut.json").write_text(text[: len(text) // 2], encoding="utf-8")
    assert_refused(run("modes", tmp_path / "cut.json"), "cut.json")
    (tmp_path / "empty.log").write_text("")
    assert_refused(run("modes", tmp_path / "empty.log"), "empty.log", "empty")
    (tmp_path / "poem.log").write_text("Shine light\non a molecule\n")
    assert_refused(run("modes", tmp_path / "poem.log"), "poem.log", "cclib")


def test_isotopes():
    water = example("water")
    assert isotopes_of(["H=D"], water).mass_numbers == (16, 2, 2)
    assert isotopes_of(["H=D,2=1", "O=18"], water).mass_numbers == (18, 1, 2)
    assert isotopes_of([], water) is water
    for wrong in ("H", "4=2", "O=D", "H=D=T", "=2"):
        with pytest.raises(InputError, match=re.escape(wrong)):
            isotopes_of([wrong], water)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_and_resumed(tmp_path):
    """SIGKILL in the middle of the gradients: only what was in work is computed again."""
    folder = tmp_path / "out"
    command = [
        sys.executable, "-m", "spektron.cli.main", "spectrum", "methane", "--method", "hf",
        "--basis", "6-31g", "--out", folder, "--json",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((folder / "checkpoint").glob("gradient-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    kept = {p.name: p.stat().st_mtime_ns for p in (folder / "checkpoint").glob("gradient-*")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    after = {p.name: p.stat().st_mtime_ns for p in (folder / "checkpoint").glob("gradient-*")}
    assert kept.items() <= after.items()
    assert json.loads(done.stdout)["group"] == "Td"
