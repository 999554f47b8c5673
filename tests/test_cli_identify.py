"""``spektron identify`` and ``spektron isotopologues``: numbers, JSON, one-line errors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from spektron.cli.main import main
from spektron.pointgroup import example
from spektron.vibration import HarmonicData, read_harmonic
from spektron.vibration.files.qcschema import write_harmonic

WATER = Path(__file__).resolve().parents[1] / "docs" / "data" / "hf-sto-3g" / "water.json"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def answered(outcome):
    code, out, err = outcome
    assert (code, err) == (0, "")
    return json.loads(out)


def assert_refused(outcome, *names):
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for name in names:
        assert str(name) in err


def test_benzene_and_its_perdeutero_form(run):
    found = answered(run("identify", "benzene", "--isotopes", "D6", "--json"))
    assert (found["n_parameters"], found["rank"]) == (34, 17)
    assert found["isotopologues"] == ["parent", "D6"]
    code, out, _ = run("identify", "benzene", "--data", "freq,ir,raman,depolarisation")
    assert code == 0
    assert "17 of 34 force constants" in out


def test_a_hessian_of_a_file(run):
    found = answered(run("identify", WATER, "--isotopes", "D2", "--json"))
    assert found["rank"] == 4
    assert found["force_field"] == "hf/sto-3g"
    assert found["bound"]["worst"] == pytest.approx(1.0e-2, abs=0.05e-2)


def test_twin_and_assignments(run):
    found = answered(run("identify", "water", "--twin", "0.05", "--unassigned", "--json"))
    assert found["twin"]["deviation"] < 1e-10
    assert found["twin"]["distance"] == pytest.approx(0.05)
    assert found["assignments"] == 3


def test_isotopologues(run):
    found = answered(run("isotopologues", "ethylene", "--elements", "H=D", "--json"))
    assert (found["n_parameters"], found["reachable"]) == (18, 18)
    assert len(found["smallest"][0]["members"]) == 2
    assert found["hidden"] == {"H": 0}
    code, out, _ = run("isotopologues", "water")
    assert code == 0
    assert "4 of 4" in out


@pytest.mark.parametrize(("name", "rank", "isotopes"), [("water", 4, "D2"), ("ammonia", 6, "D3")])
def test_a_computed_hessian(run, name, rank, isotopes):
    """GFN2-xTB; the ranks of theory.md hold at any force field of the symmetry."""
    pytest.importorskip("tblite")
    arguments = ("identify", name, "--method", "gfn2-xtb", "--isotopes", isotopes, "--json")
    found = answered(run(*arguments, "--data", "freq,ir,raman"))
    assert (found["n_parameters"], found["rank"]) == (rank, rank)
    assert found["force_field"] == "gfn2-xtb"
    assert found["bound"]["worst"] < 0.05


def test_a_linear_molecule_has_its_whole_group(run):
    assert answered(run("identify", "acetylene", "--json"))["group"] == "D∞h"


def test_more_parameters_than_memory(run, tmp_path):
    """75 atoms without symmetry: 219·220/2 constants, refused before anything is computed."""
    places = np.random.default_rng(1).normal(size=(75, 3)) * 9
    path = tmp_path / "cloud.xyz"
    rows = "".join(f"C {x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in places)
    path.write_text(f"75\n\n{rows}")
    assert_refused(run("identify", path), "24090 force constants", "GB", "the limit is 3.7 GB")
    assert_refused(run("isotopologues", path, "--elements", "C=13", "--largest", "1"), "GB")


def test_saddle_point(run, tmp_path):
    data = read_harmonic(WATER)
    field = HarmonicData(data.molecule, -np.asarray(data.hessian))
    write_harmonic(field, tmp_path / "saddle.json")
    assert_refused(run("identify", tmp_path / "saddle.json"), "saddle")


def test_no_hessian(run, tmp_path):
    path = tmp_path / "nothing.json"
    path.write_text("{}")
    assert_refused(run("identify", path), "nothing.json")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("identify", "water", "--isotopes", "99O"), ["O-99"]),
        (("identify", "water", "--isotopes", "13C"), ["has no C"]),
        (("identify", "water", "--isotopes", "D6"), ["has 2 H"]),
        (("identify", "water", "--noise", "0"), ["noise", "positive"]),
        (("identify", "C" * 300 + "X("), ["no such file"]),  # too long for the name of a file
        (("identify", "water", "--data", "smell"), ["smell", "freq, ir"]),
        (("identify", "water", "--isotopes", "1=D"), ["D and T"]),
        (("identify", WATER, "--twin", "9"), ["smaller size"]),
        (("identify", "water", "--data", "freq,ir,freq"), ["'freq'", "twice"]),
        (("identify", "water", "--isotopes", "D2", "--isotopes", "H=2"), ["same masses as D2"]),
        (("identify", "water", "--isotopes", "16O"), ["same masses as parent"]),
        (("identify", "water", "--seed", "-1"), ["seed"]),
        (("identify", WATER, "--method", "hf"), ["leave --method hf out"]),
        (("identify", "water", "--method", "no-such-functional"), ["no-such-functional"]),
        (("isotopologues", "water", "--elements", "H=2,H=3"), ["H is there twice"]),
        (("isotopologues", "water", "--elements", "H=1"), ["H=1", "another isotope"]),
        (("isotopologues", "water", "--elements", "H=99"), ["H-99"]),
        (("isotopologues", "water", "--largest", "0"), ["largest", "0: give", "at least 1"]),
        (("isotopologues", "water", "--rows", "-1"), ["rows"]),
        (("isotopologues", "water", "--seed", "-1"), ["seed"]),
        (("isotopologues", WATER, "--method", "gfn2-xtb"), ["leave --method gfn2-xtb out"]),
        (("isotopologues", "c60", "--elements", "C=13"), ["20000", "largest=2"]),
        (("isotopologues", "water", "--elements", "H"), ["H=2,C=13"]),
        (("isotopologues", "water", "--elements", "C=13"), ["has no C"]),
        (("isotopologues", "water", "--noise", "-1"), ["noise"]),
    ],
)
def test_one_line_errors(run, arguments, names):
    assert_refused(run(*arguments), *names)


def test_an_atom(run, tmp_path):
    path = tmp_path / "atom.xyz"
    path.write_text("1\n\nHe 0 0 0\n")
    assert_refused(run("identify", path), "single atom")
    assert example("water").n_atoms == 3
