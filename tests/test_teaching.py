"""The teaching examples run, draw, and print what textbooks and measurements say."""

import contextlib
import csv
import dataclasses
import io
import json
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from spektron.vibration import read_harmonic
from spektron.vibration.files.qcschema import write_harmonic

TEACHING = Path(__file__).resolve().parents[1] / "examples" / "teaching"
SCRIPTS = sorted(p.stem for p in TEACHING.glob("*.py") if p.stem != "make_data")


class Told:
    """What a script printed, its variables, and the folder of its figure."""

    def __init__(self, text, variables, folder):
        self.text, self.variables, self.folder = text, variables, folder

    def numbers(self, start):
        """The numbers of the only line that starts with a text."""
        (line,) = [x for x in self.text.splitlines() if x.strip().startswith(start)]
        return [float(x) for x in re.findall(r"[+-]?\d+\.?\d*(?:e[+-]?\d+)?", line)]

    def rows(self, start):
        """Cells of the lines that start with a text."""
        lines = [x.strip() for x in self.text.splitlines()]
        return [x.split() for x in lines if x.startswith(start)]


def run(name, folder, *arguments):
    """A script in this process, from another folder, so that nothing is written in the tree."""
    said, before = io.StringIO(), sys.argv
    sys.argv = [str(TEACHING / f"{name}.py"), str(folder), *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(said), contextlib.chdir(folder):
            variables = runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        sys.argv = before
    return Told(said.getvalue(), variables, folder)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Each script run once, without the reference data."""
    kept = {}

    def once(name):
        if name not in kept:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("SPEKTRON_DATA", raising=False)
                kept[name] = run(name, tmp_path_factory.mktemp(name))
        return kept[name]

    return once


# ---- all of them ----


def test_there_are_ten_and_the_index_has_them():
    page = (TEACHING / "README.md").read_text(encoding="utf-8")
    assert len(SCRIPTS) == 10
    assert sorted(re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\)", page, re.MULTILINE)) == SCRIPTS


@pytest.mark.parametrize("name", SCRIPTS)
def test_figure(told, name):
    from matplotlib.image import imread

    outcome = told(name)
    (figure,) = outcome.folder.iterdir()
    assert outcome.text.splitlines()[-1] == f"figure: {figure}"
    picture = imread(figure)[..., :3]
    assert min(picture.shape[:2]) > 500
    assert 0.005 < (picture.min(axis=2) < 0.9).mean() < 0.5  # neither empty nor a blot
    assert figure.stat().st_size < 300_000


@pytest.mark.parametrize("name", SCRIPTS)
def test_lines_fit_a_slide(told, name):
    assert max(map(len, told(name).text.replace(str(told(name).folder), "").splitlines())) <= 100


def test_by_itself_it_draws_where_it_is(tmp_path):
    command = [sys.executable, str(TEACHING / "reduce_gamma_3n_by_hand.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert [p.name for p in tmp_path.iterdir()] == ["gamma_3n.png"]


# ---- CO2 and N2O ----


def test_co2(told):
    text = told("why_co2_needs_two_spectrometers").text
    oxide, nitrous = text.split("\n\n")[:2]
    rows = {
        (head, *re.findall(r"\S+", line)[:1], k): [float(x) for x in line.split()[1:]]
        for head, part in (("CO2", oxide), ("N2O", nitrous))
        for k, line in enumerate(re.findall(r"^  [ΣΠ].*$", part, re.MULTILINE))
    }
    bands = {
        (head, irrep, measured): (computed, infrared, raman, dipole)
        for (head, irrep, _), (computed, measured, dipole, _, infrared, raman) in rows.items()
    }
    # T. Shimanouchi, NSRDS-NBS 39 (1972): the fundamentals, and where they are active.
    active = {
        ("CO2", "Σg+", 1333): (False, True),
        ("CO2", "Πu", 667): (True, False),
        ("CO2", "Σu+", 2349): (True, False),
        ("N2O", "Σ+", 2224): (True, True),
        ("N2O", "Π", 589): (True, True),
        ("N2O", "Σ+", 1285): (True, True),
    }
    assert set(bands) == set(active)
    for key, (computed, infrared, raman, dipole) in bands.items():
        assert (infrared > 0, raman > 0) == active[key]
        assert 1.0 < computed / key[2] < 1.06  # harmonic B3LYP lies above fundamentals
        # A = 974.88 km/mol × |∂μ/∂Q|² in e²/u (Wilson, Decius, Cross, appendix III), per mode.
        degeneracy = 2 if key[1].startswith("Π") else 1
        assert infrared == pytest.approx(974.88 * degeneracy * dipole**2, abs=0.05, rel=1e-3)
    assert "infrared: 3 modes, Raman: 1, both: 0" in oxide
    assert "infrared: 4 modes, Raman: 4, both: 4" in nitrous


# ---- benzene ----


def test_benzene_counts(told):
    text = told("benzenes_silent_third").text
    # E. B. Wilson, Phys. Rev. 45, 706 (1934).
    assert "Γvib = 2A1g + A2g + 2B2g + E1g + 4E2g + A2u + 2B1u + 2B2u + 3E1u + 2E2u" in text
    assert "30 modes: infrared 7, Raman 12, both 0, silent 11" in text
    assert "R = 19/30" in text
    assert "849 + E2u 975 = 1824 cm⁻¹: B1u + B2u + E1u, infrared allowed" in text
    assert "995 + E2u 975 = 1970 cm⁻¹: E1u, infrared allowed" in text
    assert "hyper-Raman scattering sees: B1u, B2u, E2u" in text


def test_benzene_bands(told):
    outcome = told("benzenes_silent_third")
    rows = re.findall(
        r"^([ABE]\d[gu]) +([\d.]+) +(\d+) +([\d.]+) +([\d.]+) ", outcome.text, re.MULTILINE
    )
    assert len(rows) == 20
    for irrep, computed, measured, infrared, raman in rows:
        assert float(computed) / float(measured) == pytest.approx(1.025, abs=0.035)
        assert (float(infrared) > 0) == (irrep in ("A2u", "E1u"))
        assert (float(raman) > 0) == (irrep in ("A1g", "E1g", "E2g"))


def test_benzene_measured(told, shared_data):
    records = json.loads((shared_data / "spectra" / "shimanouchi_half.json").read_text("utf-8"))
    (benzene,) = [r for r in records if r["name"] == "Benzene"]
    table = defaultdict(set)
    for line in benzene["vibrations"]:
        table[line["sym_species"].capitalize()].add(int(line["selected_value"]))
    ours = told("benzenes_silent_third").variables["MEASURED"]
    assert {k: sorted(v, reverse=True) for k, v in table.items()} == {
        k: list(v) for k, v in ours.items()
    }


# ---- Γ3N ----


def test_gamma(told):
    text = told("reduce_gamma_3n_by_hand").text
    # F. A. Cotton, Chemical Applications of Group Theory (1990), chapter 10.
    for line in (
        "χ(Γ3N)                12     0     2",
        "n(A1) = (12 + 0 + 6)/6 = 3",
        "n(A2) = (12 + 0 + (-6))/6 = 1",
        "n(E) = (24 + 0 + 0)/6 = 4",
        "Γ3N  = 3A1 + A2 + 4E",
        "Γtr  = A1 + E",
        "Γrot = A2 + E",
        "Γvib = 2A1 + 2E",
        "Γ3N  = A1g + A2g + B1g + B2g + Eg + 2A2u + B2u + 3Eu",
        "Γvib = A1g + B1g + B2g + A2u + B2u + 2Eu",
        "infrared A2u + 2Eu;  Raman A1g + B1g + B2g;  silent B2u",
    ):
        assert line in text


# ---- ferrocene ----


def multiplicities(text, start):
    """{irrep: multiplicity} of a decomposition behind a text."""
    (found,) = re.findall(rf"{re.escape(start)}.*?Γvib = (.*)", text)
    return {k: int(n or 1) for n, k in re.findall(r"(\d*)([AE]\d(?:[gu]|'+))", found)}


def test_ferrocene(told):
    outcome = told("ferrocene_staggered_or_eclipsed")
    text = outcome.text
    assert text.count("infrared 16, Raman 26, both 0, silent 15 of 57; R = 14/19") == 2
    h, d = multiplicities(text, "eclipsed"), multiplicities(text, "staggered")
    # The irreps of x, y, z, of their products of two and of three, from published tables.
    assert h["A2''"] + 2 * h["E1'"] == d["A2u"] + 2 * d["E1u"] == 16
    assert h["A1'"] + 2 * h["E1''"] + 2 * h["E2'"] == d["A1g"] + 2 * d["E1g"] + 2 * d["E2g"] == 26
    hyper = (
        h["A2''"] + 2 * h["E1'"] + 2 * h["E2''"] + 2 * h["E2'"],
        d["A2u"] + 2 * d["E1u"] + 2 * d["E2u"],
    )
    assert tuple(outcome.numbers("hyper-Raman modes")) == hyper
    # D5: A2 and E1 absorb, A1, E1 and E2 scatter.
    one, two = h["E1'"] + h["E1''"], h["E2'"] + h["E2''"]
    first, second = h["A1'"] + h["A1''"], h["A2'"] + h["A2''"]
    between = (second + 2 * one, first + 2 * one + 2 * two, 2 * one, 0)
    rows = {
        row[0]: (row[1], *map(int, row[2:])) for row in outcome.rows("") if "°" in "".join(row[:1])
    }
    assert rows["0°"] == ("D5h", 16, 26, 0, 15)
    assert rows["36°"] == ("D5d", 16, 26, 0, 15)
    assert {rows[k] for k in ("1°", "9°", "18°", "27°", "35°")} == {("D5", *between)}


def test_ferrocene_overtones(told):
    # E2 × E2 of D5, symmetric part: A1 + E1 (2 × 2 = 4 = −1 mod 5), with the prime or the g of
    # a square. E1' absorbs in D5h; E1g does not in D5d.
    text = told("ferrocene_staggered_or_eclipsed").text
    assert "2E2' = A1' + E1'; 2E2'' = A1' + E1'; staggered: none" in text
    rows = re.findall(
        r"^  (\w+) +(overtones|combinations) +(\d+) +(\d+) +(\d+)", text, re.MULTILINE
    )
    counts = {(a, b): tuple(map(int, n)) for a, b, *n in rows}
    # Sym²Γ is Raman-active for every Γ, since it holds the totally symmetric irrep.
    assert counts["eclipsed", "overtones"] == (2, 8, 2)
    assert counts["staggered", "overtones"] == (0, 8, 0)
    assert counts["staggered", "combinations"][2] == 0 < counts["eclipsed", "combinations"][2]


# ---- isotopologues ----


def test_isotopologues(told):
    outcome = told("isotopologues_light_up_dark_modes")
    # Γvib of the substituted benzenes, as for C6H5X, C6H4X2 and C6H3X3 (G. Varsányi, Vibrational
    # Spectra of Benzene Derivatives, 1969): C6H5X 11A1 + 3A2 + 6B1 + 10B2, ortho 11A1 + 5A2 + 4B1
    # + 10B2, para 6Ag + B1g + 3B2g + 5B3g + 2Au + 5B1u + 5B2u + 3B3u, sym-tri 4A1' + 3A2' + 7E'
    # + 3A2'' + 3E''.
    expected = {
        "C6H6": ("D6h", 7, 12, 0, 11, "19/30"),
        "C6D6": ("D6h", 7, 12, 0, 11, "19/30"),
        "13C6H6": ("D6h", 7, 12, 0, 11, "19/30"),
        "1,3,5-C6H3D3": ("D3h", 2 * 7 + 3, 4 + 2 * 7 + 2 * 3, 2 * 7, 3, "9/10"),
        "1,4-C6H4D2": ("D2h", 13, 15, 0, 2, "14/15"),
        "1,2-C6H4D2": ("C2v", 11 + 4 + 10, 30, 25, 0, "1"),
        "C6H5D": ("C2v", 11 + 6 + 10, 30, 27, 0, "1"),
        "13C-C6H6": ("C2v", 27, 30, 27, 0, "1"),
    }
    for name, (group, *counts, share) in expected.items():
        row = next(r for r in outcome.rows(name) if r[0] == name)
        assert row[1:] == [group, *map(str, counts), share]


def test_isotopologue_rules(told):
    outcome = told("isotopologues_light_up_dark_modes")
    carbon, light, heavy = 12.0, 1.00782503, 2.01410178
    whole = np.sqrt((carbon + heavy) / (carbon + light))
    products = {"A2u": np.sqrt(light / heavy) * whole, "E2u": light / heavy}
    for irrep, product in products.items():
        (row,) = [r for r in outcome.rows(irrep) if len(r) == 3 and r[1] != "→"]
        assert [float(x) for x in row[1:]] == pytest.approx([product] * 2, abs=2e-6)
    # Only what turns into rotation and translation is lost from the eleven.
    assert 10.9 < outcome.numbers("sum of dark shares")[0] <= 11
    assert "34SF6: Oh, silent 3" in outcome.text
    for line in ("A2g → B2 (infrared and Raman)", "E2u → A2 (Raman), B1 (infrared and Raman)"):
        assert line in outcome.text


# ---- crystal field ----


def test_shells(told):
    text = told("correlation_tables_in_a_crystal_field").text
    # H. Bethe, Ann. Phys. 395, 133 (1929), tables of Oh and D4h; Td by u ↔ pseudoscalar.
    for line in (
        "p (Pu) T1u T2 A2u + Eu",
        "d (Dg) Eg + T2g E + T2 A1g + B1g + B2g + Eg",
        "f (Fu) A2u + T1u + T2u A1 + T1 + T2 A2u + B1u + B2u + 2Eu",
        "Eg → A1g + B1g → 2Ag",
        "T2g → B2g + Eg → B1g + B2g + B3g",
    ):
        assert line in re.sub(" +", " ", text)


def test_levels(told):
    outcome = told("correlation_tables_in_a_crystal_field")
    for name, n in (("Oh", 2), ("D4h", 4), ("D2h", 5)):
        (line,) = [
            x for x in outcome.text.splitlines() if x.startswith(f"  {name}") and "levels" in x
        ]
        levels = re.findall(r"([+-][\d.]+) \(([^)]*)\)", line)
        assert len(levels) == n
        energies = {orbital: float(e) for e, names in levels for orbital in names.split()}
        # The barycentre of a shell does not move in a field without a constant part.
        assert sum(energies.values()) == pytest.approx(0, abs=0.03)
        assert len(energies) == 5
        if name == "Oh":
            assert [float(e) for e, _ in levels] == [-4.0, 6.0]
        else:  # long bonds along z: what points there is lowered (Ballhausen, chapter 5)
            assert energies["z²"] < energies["x²−y²"]
            assert max(energies["xz"], energies["yz"]) < energies["xy"]


def test_levels_against_parameters(told):
    """Dq, Ds and Dt of D4h (Ballhausen, section 5-1) fit all four levels: three for four."""
    levels = told("correlation_tables_in_a_crystal_field").variables["levels"]
    energies, orbitals = levels(1, 1, 0.7, second=1.3)
    e = {int(np.argmax(orbitals[:, k] ** 2)): energies[k] for k in range(5)}
    x2y2, z2, xy, xz, _ = (e[k] for k in range(5))
    matrix = np.array([[6, 2, -1], [6, -2, -6], [-4, 2, -1], [-4, -1, 4]])
    parameters = np.linalg.lstsq(matrix, [x2y2, z2, xy, xz], rcond=None)[0]
    assert matrix @ parameters == pytest.approx([x2y2, z2, xy, xz], abs=1e-12)


def test_carbonates(told):
    active = told("correlation_tables_in_a_crystal_field").variables["active"]
    # W. B. White in V. C. Farmer, The Infrared Spectra of Minerals (1974), chapter 12.
    calcite = {"ν1": (0, 1), "ν2": (1, 0), "ν3": (1, 1), "ν4": (1, 1)}
    aragonite = {"ν1": (2, 2), "ν2": (2, 2), "ν3": (3, 4), "ν4": (3, 4)}
    assert {m: active["calcite", m] for m in calcite} == calcite
    assert {m: active["aragonite", m] for m in aragonite} == aragonite


# ---- C60 ----


def test_c60_counts(told):
    outcome = told("c60_has_four_infrared_lines")
    text = outcome.text
    # M. S. Dresselhaus, G. Dresselhaus, P. C. Eklund, Science of Fullerenes (1996), chapter 11.
    assert "2Ag + 3T1g + 4T2g + 6Gg + 8Hg + Au + 4T1u + 5T2u + 6Gu + 7Hu" in text
    assert outcome.numbers("modes:") == [174, 12, 42, 120]
    assert outcome.numbers("fundamentals:") == [46, 4, 10, 32]
    assert "R = 9/29 of the modes, 7/23 of the fundamentals" in text
    # By subduction of Ih (tables of S. L. Altmann and P. Herzig): how many infrared and Raman
    # irreps each irrep of Ih holds.
    g, u = {"A": 2, "T1": 3, "T2": 4, "G": 6, "H": 8}, {"A": 1, "T1": 4, "T2": 5, "G": 6, "H": 7}
    five = ({"A": 0, "T1": 2, "T2": 1, "G": 1, "H": 1}, {"A": 1, "T1": 1, "T2": 1, "G": 2, "H": 3})
    three = ({"A": 0, "T1": 2, "T2": 2, "G": 2, "H": 2}, {"A": 1, "T1": 1, "T2": 1, "G": 2, "H": 3})
    for start, (ir, raman) in (("squeezed, five", five), ("squeezed, three", three)):
        assert outcome.numbers(start)[-2:] == [
            sum(u[k] * ir[k] for k in u),
            sum(g[k] * raman[k] for k in g),
        ]
    assert outcome.numbers("13C12C59")[-2:] == [174, 174]


def test_c60_bands(told):
    rows = told("c60_has_four_infrared_lines").text
    found = re.findall(r"^(T1u|Ag|Hg) +(\d+) +(\d+) +([\d.]+) +([\d.]+)$", rows, re.MULTILINE)
    # D. S. Bethune et al., Chem. Phys. Lett. 179, 181 (1991).
    measured = defaultdict(list)
    for irrep, computed, value, infrared, raman in found:
        measured[irrep].append(int(value))
        assert abs(int(computed) / int(value) - 1) < 0.09
        assert (float(infrared) > 0, float(raman) > 0) == (irrep == "T1u", irrep != "T1u")
    assert measured == {
        "T1u": [527, 577, 1183, 1428],
        "Ag": [496, 1470],
        "Hg": [273, 437, 710, 774, 1099, 1250, 1428, 1575],
    }


# ---- water ----


def test_water(told):
    outcome = told("water_by_gf")
    computed = {r[0]: [float(x) for x in r[1:4]] for r in outcome.rows("") if r and r[0] in
                ("H2O", "HDO", "D2O") and len(r) in (4, 7)}  # fmt: skip
    # W. S. Benedict, N. Gailar, E. K. Plyler, J. Chem. Phys. 24, 1139 (1956).
    assert computed["H2O"] == pytest.approx([1648.47, 3832.17, 3942.53], abs=0.6)
    assert computed["D2O"] == pytest.approx([1206.39, 2763.80, 2888.78], abs=0.6)
    # Redlich and Teller, planar triatomic: (Πω'/Πω)² = det G'/det G, here by moments of inertia.
    positions = np.array(
        [[0, 0], [0.9572, 0], 0.9572 * np.array([np.cos(1.824218), np.sin(1.824218)])]
    )
    factors = {}
    for name, masses in (("H2O", (1.00782503, 1.00782503)), ("HDO", (1.00782503, 2.01410178)),
                         ("D2O", (2.01410178, 2.01410178))):  # fmt: skip
        m = np.array([15.9949146, *masses])
        x = positions - m @ positions / m.sum()
        inertia = (m * (x**2).sum(axis=1)).sum()
        factors[name] = np.sqrt(m.sum() ** 2 * inertia / np.prod(m) ** 2)
    for name in ("HDO", "D2O"):
        ratio = np.prod(computed[name]) / np.prod(computed["H2O"])
        assert ratio == pytest.approx(factors[name] / factors["H2O"], rel=1e-4)


def test_water_twins(told):
    outcome = told("water_by_gf")
    assert outcome.numbers("that also have the A1 lines of D2O")[-1] == 2
    rows = re.findall(
        r"F11 = ([\d.]+), F12 = ([\d.-]+), F22 = ([\d.]+): bend of HDO ([\d.]+)", outcome.text
    )
    (other, true) = [[float(x) for x in row] for row in rows]
    # A. R. Hoy, I. M. Mills, G. Strey, Mol. Phys. 24, 1265 (1972), in symmetry coordinates.
    assert true[:3] == pytest.approx([8.353, np.sqrt(2) * 0.219, 0.697], abs=0.01)
    # The measured fundamental is 1403.5 cm⁻¹; harmonic bends lie above.
    assert other[3] < 1403.5 < true[3]
    assert other[0] * other[2] - other[1] ** 2 == pytest.approx(
        true[0] * true[2] - true[1] ** 2, abs=0.01
    )


# ---- another program's output ----


def test_own_output(told):
    outcome = told("read_your_orca_job")
    text = outcome.text
    assert text.startswith("ethylene.json: C2H4, hf/sto-3g, 12 modes")
    assert "infrared 5, Raman 6, both 0, silent 1; R = 11/12" in text
    assert "selection rules of D2h hold" in text
    first, second = outcome.numbers("product rule")
    assert first == pytest.approx(second, rel=2e-4)


def test_orca_output(shared_data, tmp_path, monkeypatch):
    pytest.importorskip("cclib")
    monkeypatch.setenv("SPEKTRON_DATA", str(shared_data))
    outcome = run("read_your_orca_job", tmp_path)
    # Planar C2h with no atom on the axis: 37 modes in the plane, 17 out of it.
    assert "C10H10, DFT/STO-3G, 54 modes" in outcome.text
    assert "Γvib = 19Ag + 8Bg + 9Au + 18Bu" in outcome.text
    assert "infrared 27, Raman 27, both 0, silent 0; R = 1" in outcome.text
    first, second = outcome.numbers("product rule")
    assert first == pytest.approx(second, rel=1e-4)
    assert "the Πu bend at 289.5 and 458.1 cm⁻¹" in outcome.text


@pytest.mark.parametrize("name", ["carbon_dioxide", "nitrous_oxide"])
def test_linear_molecules_without_hydrogen(name, tmp_path):
    outcome = run("read_your_orca_job", tmp_path, TEACHING / "data" / f"{name}.json")
    first, second = outcome.numbers("product rule")
    assert first == pytest.approx(second, rel=1e-4)
    assert "deuterated" not in outcome.text


def test_output_without_intensities(tmp_path):
    data = read_harmonic(TEACHING / "data" / "carbon_dioxide.json")
    write_harmonic(dataclasses.replace(data, dipole_derivatives=None), tmp_path / "bare.json")
    with pytest.raises(SystemExit, match=r"bare\.json: no infrared intensities"):
        run("read_your_orca_job", tmp_path, tmp_path / "bare.json")


# ---- strata ----


def test_strata(told):
    outcome = told("your_model_by_strata")
    with (TEACHING / "data" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    hits, stratum = defaultdict(lambda: defaultdict(list)), {}
    for row in rows:
        hits[row["smiles"]][row["input"]].append(row["prediction"] == row["truth"])
        stratum[row["smiles"]] = row["stratum"]
    groups = {s.name: s.group for s in outcome.variables["subjects"]}
    assert groups["Brc1ccc(Br)cc1"] == "D2h"
    assert groups["Brc1cccc(Br)c1"] == "C2v"
    means = {
        given: np.mean([np.mean(h[given]) for h in hits.values()])
        for given in ("ir", "raman", "both")
    }
    for given, value in means.items():
        assert f"{given} {value:.3f}" in outcome.text
    # The contrast again, with a centre read off the symbol.
    centred = {name for name, g in groups.items() if g in ("Ci", "C2h", "D2h", "D3d", "D4h", "Oh")}
    assert set(groups.values()) - {"C1", "Cs", "C2", "C2v", "C3v", "D2", "D2d", "Td"} <= {
        "Ci", "C2h", "D2h", "D3d", "D4h", "Oh"
    }  # fmt: skip
    gain = {
        name: np.mean(h["both"]) - max(np.mean(h["ir"]), np.mean(h["raman"]))
        for name, h in hits.items()
    }
    differences = []
    for each in dict.fromkeys(stratum.values()):
        members = [name for name in stratum if stratum[name] == each]
        inside = [gain[n] for n in members if n in centred]
        outside = [gain[n] for n in members if n not in centred]
        differences.append(np.mean(inside) - np.mean(outside))
    first = outcome.variables["first"]
    value, low, high = first.value, first.low, first.high
    assert value == pytest.approx(np.mean(differences), abs=1e-12)
    assert f"less without: {value:+.3f}" in outcome.text
    assert low < value < high
    assert ("no effect can be claimed" in outcome.text) == (low <= 0 <= high)
    assert f"matched: {len(differences)} strata of 8 scaffolds" in outcome.text


def test_predictions_are_of_matched_isomers():
    with (TEACHING / "data" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    members = defaultdict(set)
    for row in rows:
        assert row["truth"] == row["smiles"]
        members[row["stratum"]].add(row["smiles"])
    for row in rows:
        assert row["prediction"] in members[row["stratum"]]
    from rdkit import Chem
    from rdkit.Chem.rdMolDescriptors import CalcMolFormula

    for names in members.values():
        assert len({CalcMolFormula(Chem.MolFromSmiles(name)) for name in names}) == 1
