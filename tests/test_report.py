"""``spektron report``: what the page says, that it is safe, and how it fails."""

import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.cli.main import main
from spektron.cli.page.characters import cells
from spektron.cli.page.contents import contents_of, vibrations_of
from spektron.cli.page.document import document
from spektron.cli.page.elements import elements_of
from spektron.cli.page.markup import data_script, escaped, tag
from spektron.cli.page.scene import packed
from spektron.cli.page.spectra import spectra_figure
from spektron.cli.results import Drawing
from spektron.pointgroup import Molecule, PointGroup, detect, example, molecule_from_input
from spektron.vibration import normal_modes, read_harmonic

DRAWING = Drawing(10.0, "lorentzian", 1.0, None, 298.15)
LIBRARY = "f7cc78921ae72e7623e89cdd111434f58c2efddd2ffda1cd212644b406fb8016"  # 3Dmol.js 2.5.5
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' &amp;"
CHECKOUT = Path(__file__).resolve().parents[1]
HARMONIC = CHECKOUT / "docs" / "data" / "hf-sto-3g"


class Page(HTMLParser):
    """Elements, text by id of the nearest section, scripts and tables of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.scripts, self.rows, self.text = [], [], [], ""
        self._script = self._cell = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._script = ""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._cell = ""

    def handle_endtag(self, tag):
        if tag == "script":
            self.scripts.append(self._script)
            self._script = None
        if tag in ("td", "th"):
            self.rows[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data):
        if self._script is not None:
            self._script += data
            return
        self.text += data
        if self._cell is not None:
            self._cell += data

    def row(self, head, at_least=1):
        return next(r for r in self.rows if r[0] == head and len(r) > at_least)

    def scene(self):
        return json.loads(self.scripts[0])


def page_of(text, **options):
    symmetry = detect(molecule_from_input(text), **options)
    return Page(document(contents_of(text, symmetry), version="0"))


def vibrations(name):
    data = read_harmonic(HARMONIC / f"{name}.json")
    modes = normal_modes(data)
    return contents_of(name, modes.symmetry, vibrations_of(modes, data, DRAWING), data)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(["report", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


# ---- what it says ----


# M. Hargittai, I. Hargittai, Symmetry through the Eyes of a Chemist, and any textbook.
ELEMENTS = {
    "C1": {},
    "Cs": {"σh": 1},
    "Ci": {"i": 1},
    "C2v": {"C2": 1, "σv(xz)": 1, "σv'(yz)": 1},
    "S4": {"C2": 1},
    "D6h": {"C6": 1, "C2'": 3, "C2''": 3, "σh": 1, "σv": 3, "σd": 3, "i": 1},
    "D5d": {"C5": 1, "C2": 5, "σd": 5, "i": 1},
    "Td": {"C3": 4, "C2": 3, "σd": 6},
    "Oh": {"C4": 3, "C3": 4, "C2'": 6, "σh": 3, "σd": 6, "i": 1},
    "Ih": {"C5": 6, "C3": 10, "C2": 15, "σ": 15, "i": 1},
    "D∞h": {"C∞": 1, "∞C2'": 1, "σh": 1, "∞σv": 1, "i": 1},
}


@pytest.mark.parametrize("group", ELEMENTS)
def test_elements(group):
    assert Counter(e.label for e in elements_of(PointGroup(group))) == ELEMENTS[group]


@pytest.mark.parametrize("group", ["S4", "D2d", "Td", "Th", "Oh", "D4h", "Ih", "S8", "C3h"])
def test_elements_make_the_operations(group):
    """Turns about the axes, with and without reflection, and mirrors: all operations but E."""
    total = 1
    for e in elements_of(PointGroup(group)):
        if e.kind == "axis":
            total += e.order - 1 if not e.label.startswith("S") else 0
            normal = [p for p in elements_of(PointGroup(group)) if p.kind == "plane"]
            flat = any(abs(abs(np.dot(p.direction, e.direction)) - 1) < 1e-9 for p in normal)
            finest = int(re.match(r"S(\d+)", e.also)[1]) if e.also else e.order
            improper = e.order if flat else finest // 2 if e.also else 0
            # Of the improper ones a mirror and the inversion are elements of their own.
            inversion = PointGroup(group).has_inversion
            total += improper - flat - (inversion and improper > 0)
        else:
            total += 1
    assert total == PointGroup(group).order


def test_elements_map_a_molecule_onto_itself():
    found = detect(example("benzene"))
    positions = found.standard_positions
    for e in elements_of(found.group):
        n = np.array(e.direction)
        if e.kind == "plane":
            moved = positions - 2 * np.outer(positions @ n, n)
        elif e.kind == "centre":
            moved = -positions
        else:
            angle = 2 * np.pi / e.order
            k = np.array([[0, -n[2], n[1]], [n[2], 0, -n[0]], [-n[1], n[0], 0]])
            turn = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
            moved = positions @ turn.T
        distances = np.linalg.norm(moved[:, None] - positions[None], axis=2)
        assert distances.min(axis=1).max() < 1e-6, e


# F. A. Cotton, Chemical Applications of Group Theory, 3rd edition, chapter 10.
def test_unmoved_atoms_of_water():
    page = page_of("water")
    assert page.row("atoms left in place, N(R)")[1:] == ["3", "1", "1", "3"]
    assert page.row("χ(3N) = N(R) · χ(x, y, z)")[1:] == ["9", "−1", "1", "3"]
    assert page.row("χ(vib)")[1:] == ["3", "1", "1", "3"]


def test_unmoved_atoms_of_benzene():
    page = page_of("benzene")
    heads = page.row("", 5)[1:]
    unmoved = dict(zip(heads, page.row("atoms left in place, N(R)")[1:], strict=True))
    assert unmoved == {
        "E": "12", "2C6": "0", "2C3": "0", "C2": "0", "3C2'": "4", "3C2''": "0", "i": "0",
        "2S3": "0", "2S6": "0", "σh": "12", "3σd": "0", "3σv": "4",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "gamma"),
    [
        ("methane", "A1 + E + 2T2"),
        ("carbon_dioxide", "Σg+ + Σu+ + Πu"),
        ("c60", "2Ag + 3T1g + 4T2g + 6Gg + 8Hg + Au + 4T1u + 5T2u + 6Gu + 7Hu"),
        ("hydrogen_peroxide", "4A + 2B"),
    ],
)
def test_reduction(name, gamma):
    page = page_of(name)
    found = {}
    for row in page.rows:
        ends = re.fullmatch(r"(?:.* / .* = )?(\d+)", row[-1])
        is_sum = " / " in row[-1] or len(row) == 3  # of a finite, of a linear group
        if ends and is_sum and int(ends[1]) and re.match("[ABETGHΣΠΔ]", row[0]):
            found[row[0]] = int(ends[1])
    wanted = {m[2]: int(m[1] or 1) for m in re.finditer(r"(\d*)(\S+)", gamma.replace(" + ", " "))}
    assert found == wanted


def test_sums_of_reduction_are_the_characters():
    """Each term is g χ* χ: along E it is the dimension times 3N − 6."""
    page = page_of("c60")
    row = next(r for r in page.rows if r[0] == "Hu" and " / 120 = " in r[-1])
    assert row[1] == str(5 * 174)
    assert row[-1] == "840 / 120 = 7"


def test_chi_of_c5v_is_exact():
    table = PointGroup("C5v").character_table
    assert cells(table, table.axial_vector) == ["3", "(1+√5)/2", "(1−√5)/2", "−1"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("benzene", {"ir": 7, "both": 0, "raman": 12, "silent": 11}),
        ("c60", {"ir": 12, "both": 0, "raman": 42, "silent": 120}),
        ("water", {"ir": 0, "both": 3, "raman": 0, "silent": 0}),
        ("allene", {"ir": 0, "both": 11, "raman": 4, "silent": 0}),
    ],
)
def test_picture_has_a_square_for_each_mode(name, split):
    text = document(contents_of(name, detect(example(name))), version="0")
    found = dict.fromkeys(split, 0)
    for kind, inner in re.findall(r'<g class="squares (\w+)">(.*?)</g>', text):
        found[kind] += inner.count("<rect")
    assert found == split


def test_silent_modes_are_explained():
    page = page_of("benzene")
    assert "19/30 = 0.6333" in page.text
    assert "mutual exclusion" in page.text
    assert "B2u (2)" in page.text
    assert "2H:7 (C2v): R = 1" in page.text


def test_rank_of_water():
    # Four force constants of C2v, three lines: Wilson, Decius, Cross, section 4-5.
    assert page_of("water").row("line positions")[1:] == ["3", "3 of 4", "1"]


@pytest.mark.parametrize("name", ["water", "benzene", "adamantane", "hydrogen_peroxide"])
def test_ranks_are_those_of_identify(name):
    from spektron.identifiability import ForceField, Isotopologue, Observables, identify
    from spektron.identifiability.identification import local_rank

    field = ForceField.random(example(name), seed=3)
    observables = Observables((Isotopologue.of(field.space),))
    wanted, found = identify(field, observables), local_rank(field, observables)
    assert (found.rank, found.n_parameters) == (wanted.rank, wanted.n_parameters)
    assert found.undetermined == wanted.undetermined
    assert found.deficiency == wanted.deficiency


@pytest.mark.parametrize("text", ["[He]", "[HH]", "C#N", "acetylene", "ferrocene", "OC(F)Cl"])
def test_every_kind_of_molecule(text):
    page = page_of(text)
    assert page.scene()["symbols"]
    assert "vibrations" in page.text


def test_atom_has_no_vibrations():
    page = page_of("[He]")
    assert "R is not defined" in page.text
    assert page.scene()["modes"] is None


# ---- spectra and modes ----


def test_sticks_are_the_intensities():
    contents = vibrations("benzene")
    found = contents.vibrations
    figure = spectra_figure(found)
    for kind in ("ir", "raman"):
        values = [getattr(b, kind) for b in found.bands]
        drawn = {}
        for line in re.findall(rf'<line [^>]*class="stick {kind}"[^>]*>', figure.svg):
            at = dict(re.findall(r'([\w-]+)="([^"]*)"', line))
            drawn[int(at["data-band"])] = float(at["y1"]) - float(at["y2"])
        strongest = max(values)
        for i, value in enumerate(values):
            assert drawn.get(i, 0) == pytest.approx(150 * value / strongest, abs=0.21)


def test_wavenumbers_share_one_axis():
    found = vibrations("benzene").vibrations
    places = spectra_figure(found).places
    slope, offset = np.polyfit([b.wavenumber for b in found.bands], places, 1)
    assert slope < 0  # falls from left to right
    assert np.allclose(slope * np.array([b.wavenumber for b in found.bands]) + offset, places)


def test_silent_modes_lie_between_the_spectra():
    found = vibrations("benzene").vibrations
    drawn = re.findall(r'class="diamond" data-band="(\d+)"', spectra_figure(found).svg)
    silent = [b for b in found.bands if b.seen == "silent"]
    assert [found.bands[int(i)] for i in drawn] == silent
    # A2g + 2B2g + 2B1u + 2B2u + 2E2u: Wilson, Decius, Cross, section 10-7.
    assert Counter(b.irrep for b in silent) == {"A2g": 1, "B2g": 2, "B1u": 2, "B2u": 2, "E2u": 2}


def test_energy_distribution_is_that_of_gf():
    from spektron.vibration.gf import assignments, gf_analysis

    data = read_harmonic(HARMONIC / "water.json")
    wanted = [a.text for a in assignments(gf_analysis(data.molecule, data.hessian))]
    contents = vibrations("water")
    assert [b.shares for b in contents.vibrations.bands] == wanted
    assert "H–O–H bend" in wanted[0]
    page = Page(document(contents, version="0"))
    assert [r[-1] for r in page.rows if r[-1] in wanted] == wanted


def test_displacements_survive_packing():
    modes = vibrations("ethylene").vibrations.modes
    numbers = np.frombuffer(base64.b64decode(packed(modes.displacements)), dtype="<i2") / 32000
    found = numbers.reshape(modes.displacements.shape)
    cosines = np.einsum("nix,nix->n", found, modes.displacements) / np.linalg.norm(
        found, axis=(1, 2)
    )
    assert cosines == pytest.approx(1, abs=1e-8)
    assert np.linalg.norm(found, axis=2).max(axis=1) == pytest.approx(1, abs=1e-4)


def test_scene_is_no_mirror_image():
    molecule = molecule_from_input("[C@](F)(Cl)(Br)I")
    scene = Page(document(contents_of("x", detect(molecule)), version="0")).scene()

    def hand(p):
        p = np.asarray(p)
        return np.linalg.det(p[1:4] - p[0])

    assert hand(scene["positions"]) == pytest.approx(hand(molecule.positions), rel=1e-3)
    assert abs(hand(molecule.positions)) > 0.5


def test_modes_move_in_the_frame_of_the_structure():
    """In the totally symmetric stretch of CO2 the atoms move along the axis that is drawn."""
    scene = Page(document(vibrations("carbon_dioxide"), version="0")).scene()
    band = next(b for b in scene["bands"] if b["irrep"] == "Σg+")
    numbers = np.frombuffer(base64.b64decode(scene["modes"]["data"]), dtype="<i2")
    moved = numbers.reshape(-1, 3, 3)[band["members"][0]] / scene["modes"]["steps"]
    axis = next(e["direction"] for e in scene["elements"] if e["label"] == "C∞")
    assert np.abs(moved @ np.array(axis)).max() == pytest.approx(1, abs=1e-3)
    assert np.linalg.norm(np.cross(moved, axis)) < 1e-3


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("ORCA__ORCA4.0__CO2_freqs.out", "D∞h"),
        ("data__Gaussian__basicGaussian16__dvb_raman.out", "C2h"),
        ("data__FChk__basicGaussian16__dvb_raman.fchk", "C2h"),
        ("data__QChem__basicQChem5.4__dvb_ir.out", "C2h"),
    ],
)
def test_other_programs(run, tmp_path, shared_data, file, group):
    pytest.importorskip("cclib")
    target = tmp_path / "r.html"
    code, out, _ = run(shared_data / "qc_outputs" / file, "--out", target, "--json")
    answer = json.loads(out)
    assert (code, answer["group"], answer["bytes"]) == (0, group, target.stat().st_size)
    page = Page(target.read_text(encoding="utf-8"))
    assert len(page.scene()["bands"]) > 0
    assert answer["n_modes"] == answer["n_vib"]


# ---- safety ----


def test_markup_in_the_name_of_a_file_stays_text(run, tmp_path):
    name = "<img src=x onerror=alert(2)>\"' &amp;"
    file, target = tmp_path / f"{name}.xyz", tmp_path / "evil.html"
    file.write_text(f"3\n{EVIL}\nO 0 0 0.1173\nH 0 0.7572 -0.4692\nH 0 -0.7572 -0.4692\n", "utf-8")
    assert run(file, "--out", target)[0] == 0
    page = Page(target.read_text(encoding="utf-8"))
    assert page.text.count(name) >= 3  # title, head, input
    assert len(page.scripts) == 3
    assert [a for t, a in page.tags if t == "img"] == [
        {"id": "still", "alt": f"{name} with its symmetry elements"}
    ]
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]


def test_markup_in_every_field():
    """Name, input, level, notes of a calculation."""
    from dataclasses import replace

    contents = vibrations("water")
    plain = contents.vibrations.modes.molecule
    named = Molecule(plain.symbols, plain.positions, plain.masses, name=EVIL)
    data = replace(read_harmonic(HARMONIC / "water.json"), molecule=named, level=EVIL)
    modes = normal_modes(data)
    found = vibrations_of(modes, data, DRAWING, (EVIL,))
    page = Page(document(contents_of(EVIL, modes.symmetry, found, data), version=EVIL))
    assert len(page.scripts) == 3
    assert page.text.count("alert(1)") >= 5
    assert sum(t == "script" for t, _ in page.tags) == 3


@given(st.text())
def test_text_comes_back(text):
    page = Page(tag("p", text))
    assert page.tags == [("p", {})]
    shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    assert page.text == shown
    tag("p", text).encode("utf-8")


@given(st.text())
def test_attributes_come_back(text):
    page = Page(tag("p", title=text))
    shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    assert page.tags == [("p", {"title": shown})]


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=8))
def test_data_come_back(value):
    script = data_script(value, name="d")
    script.encode("utf-8")
    assert script.count("<") == 2
    inner = script.split(">", 1)[1].rsplit("<", 1)[0]
    assert json.loads(inner) == value


def test_direction_marks_are_written_out():
    assert escaped("abc\u202edef\x00") == "abc\\u202edef\\x00"


def test_policy_names_the_scripts_and_forbids_the_rest():
    page = page_of("water")
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    for script in page.scripts[1:]:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["img-src"] == "data:"
    assert "unsafe" not in rules["script-src"]
    assert not {"connect-src", "font-src", "frame-src", "worker-src"} & set(rules)


def test_nothing_is_loaded():
    page = page_of("benzene")
    for name, attributes in page.tags:
        assert name not in ("link", "iframe", "object", "embed")
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    style = resources.files("spektron.cli.page").joinpath("assets/page.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_library_is_as_published():
    assets = resources.files("spektron.cli.page").joinpath("assets")
    library = assets.joinpath("3Dmol-min.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() == LIBRARY
    assert b"\r" not in library
    assert b"</script" not in library.lower()
    licence = assets.joinpath("3Dmol-LICENSE.txt").read_bytes()
    readme = assets.joinpath("README.md").read_text("utf-8")
    assert LIBRARY in readme
    assert hashlib.sha256(licence).hexdigest() in readme


def test_size_of_thirty_atoms():
    text = document(contents_of("n", detect(molecule_from_input("CCCCCCCCC"))), version="0")
    assert len(text.encode()) < 5e6


# ---- how it fails ----


def assert_refused(outcome, *names):
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for name in names:
        assert str(name) in err


@pytest.mark.parametrize("text", ["", "no such molecule", "C1CC", "missing.xyz", "a" * 5000])
def test_bad_input(run, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    assert_refused(run(text))
    assert list(tmp_path.iterdir()) == []


def test_bad_file_leaves_what_was_there(run, tmp_path):
    bad, target = tmp_path / "bad.json", tmp_path / "r.html"
    bad.write_text('{"schema_name": "qcschema_output"', "utf-8")
    target.write_text("kept", "utf-8")
    assert_refused(run(bad, "--out", target), bad)
    assert target.read_text("utf-8") == "kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.json", "r.html"]


@pytest.mark.parametrize("name", ["r.txt", "nowhere/r.html", "folder.html"])
def test_bad_target(run, tmp_path, name):
    (tmp_path / "folder.html").mkdir()
    assert_refused(run("water", "--out", tmp_path / name), name)


def test_failed_write_leaves_nothing(run, tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert_refused(run("water", "--out", tmp_path / "r.html"), "No space left")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [("--method", "hf"), ("--charge", "1"), ("--multiplicity", "3")],
)
def test_options_of_structures_are_refused_for_a_hessian(run, tmp_path, options):
    file = HARMONIC / "water.json"
    assert_refused(run(file, *options, "--out", tmp_path / "r.html"), options[0], "structure")


@pytest.mark.parametrize(
    "options",
    [("--tolerance", "9"), ("--tolerance", "x"), ("--fwhm", "-1"), ("--shape", "box"),
     ("--isotopes", "Q=2"), ("--method", "no-such-functional")],
)  # fmt: skip
def test_bad_options(run, tmp_path, options):
    assert_refused(run("water", *options, "--out", tmp_path / "r.html"))
    assert list(tmp_path.iterdir()) == []


def test_default_file_is_named_after_the_molecule(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("C[C@H](F)O")
    assert (code, err) == (0, "")
    (file,) = tmp_path.iterdir()
    assert file.name == "C_C_H__F_O-report.html"
    assert file.name in out


def test_isotopes_lower_the_group(run, tmp_path):
    target = tmp_path / "r.html"
    code, out, _ = run(HARMONIC / "water.json", "--isotopes", "2=D", "--out", target, "--json")
    assert (code, json.loads(out)["group"]) == (0, "Cs")
    assert "O–D stretch" in Page(target.read_text("utf-8")).text


def test_method_computes_a_hessian(run, tmp_path):
    pytest.importorskip("pyscf")
    pytest.importorskip("geometric")
    target = tmp_path / "r.html"
    options = ("--method", "hf", "--basis", "sto-3g", "--out", target, "--json")
    code, out, _ = run("water", *options)
    assert (code, json.loads(out)["n_modes"]) == (0, 3)
    # HF/STO-3G at its minimum, by the analytic Hessian of PySCF, density fitting apart.
    values = [float(b["wavenumber"]) for b in Page(target.read_text("utf-8")).scene()["bands"]]
    assert values == pytest.approx([2170.0, 4140.0, 4391.1], abs=3)


def test_a_large_molecule_says_what_was_left_out():
    # C120, two cages far apart: beyond the size to which isotopologues are gone through.
    cage = example("c60")
    far = Molecule(
        cage.symbols * 2, np.concatenate([cage.positions, cage.positions + np.array([0, 0, 30])])
    )
    contents = contents_of("two", detect(far))
    assert contents.counts.n_silent
    assert contents.proof is None
    text = document(contents, version="0")
    assert "not looked for: 120 atoms" in text
    assert "up to 100" in text
    small = document(contents_of("benzene", detect(example("benzene"))), version="0")
    assert "not looked for" not in small
