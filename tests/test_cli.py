"""The commands: what they print, their JSON, and one line with exit code 2 for bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from spektron.cli import symmetry as symmetry_command
from spektron.cli.grid import Grid
from spektron.cli.main import main
from spektron.pointgroup import PointGroup, example

COMMAND = [sys.executable, "-m", "spektron.cli.main"]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DEBUG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def answers(run):
    """The JSON of a command that must succeed."""

    def call(*arguments):
        code, out, err = run(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return call


def xyz(path, symbols, positions):
    rows = (f"{s} {' '.join(map(str, p))}\n" for s, p in zip(symbols, positions, strict=True))
    path.write_text(f"{len(symbols)}\n\n" + "".join(rows))
    return path


def assert_refused(outcome, *names):
    """One line on standard error that names the input, nothing else, exit code 2."""
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for name in names:
        assert str(name) in err


# ---- spektron symmetry ----

# Theory sheet, section 1: group, N_vib, IR, Raman, both, silent, R.
THEORY = {
    "O": ("C2v", 3, 3, 3, 3, 0, "1"),
    "N": ("C3v", 6, 6, 6, 6, 0, "1"),
    "O=C=O": ("D∞h", 4, 3, 1, 0, 0, "1"),
    "acetylene": ("D∞h", 7, 3, 4, 0, 0, "1"),
    "ethylene": ("D2h", 12, 5, 6, 0, 1, "11/12"),
    "FC(F)(F)F": ("Td", 9, 6, 9, 6, 0, "1"),
    "boron_trifluoride": ("D3h", 6, 5, 5, 4, 0, "1"),
    "allene": ("D2d", 15, 11, 15, 11, 0, "1"),
    "F[Xe](F)(F)F": ("D4h", 9, 5, 3, 0, 1, "8/9"),
    "FS(F)(F)(F)(F)F": ("Oh", 15, 6, 6, 0, 3, "4/5"),
    "benzene": ("D6h", 30, 7, 12, 0, 11, "19/30"),
    "c1ccccc1": ("D6h", 30, 7, 12, 0, 11, "19/30"),
    "cubane": ("Oh", 42, 9, 18, 0, 15, "9/14"),
    "ferrocene_staggered": ("D5d", 57, 16, 26, 0, 15, "14/19"),
    "dodecaborate": ("Ih", 66, 9, 22, 0, 35, "31/66"),
    "c60": ("Ih", 174, 12, 42, 0, 120, "9/29"),
}


def test_json_agrees_with_theory(answers):
    found = answers("symmetry", *THEORY)
    assert [record["input"] for record in found] == list(THEORY)
    fields = ("n_vib", "n_ir", "n_raman", "n_both", "n_silent")
    for record, expected in zip(found, THEORY.values(), strict=True):
        assert (record["group"], *(record["modes"][f] for f in fields), record["R"]) == expected


def test_json_of_benzene(answers):
    (record,) = answers("symmetry", "benzene")
    assert record["gamma_vib"] == (
        "2A1g + A2g + 2B2g + E1g + 4E2g + A2u + 2B1u + 2B2u + 3E1u + 2E2u"
    )
    assert record["formula"] == "C6H6"
    assert record["order"] == 24
    assert record["has_inversion"] is True
    assert record["classes"][:3] == ["E", "2C6", "2C3"]
    assert record["R_value"] == pytest.approx(19 / 30)
    assert record["R_fundamentals"] == "11/20"
    assert record["sum_ratio"] == "19/30"
    assert record["fundamentals"]["n_vib"] == 20
    assert record["largest_deviation"]["distance"] < 1e-6
    assert [s["irrep"] for s in record["silent"]] == ["A2g", "B2g", "B1u", "B2u", "E2u"]
    assert sum(s["modes"] for s in record["silent"]) == 11
    e1u = next(i for i in record["irreps"] if i["irrep"] == "E1u")
    assert (e1u["multiplicity"], e1u["dimension"], e1u["modes"]) == (3, 2, 6)
    assert (e1u["ir"], e1u["raman"], e1u["hyper_raman"], e1u["silent"]) == (1, 0, 1, 0)


def test_json_operations(answers):
    (record,) = answers("symmetry", "ammonia", "--operations")
    positions = example("ammonia").positions - record["origin"]
    assert [o["label"] for o in record["operations"]] == ["E", "C3", "C3²", "σv", "σv", "σv"]
    for operation in record["operations"]:
        moved = positions @ np.array(operation["matrix"]).T
        target = positions[np.array(operation["permutation"]) - 1]
        assert np.abs(moved - target).max() < 1e-6
        if operation["axis"] is not None:
            image = np.array(operation["matrix"]) @ operation["axis"]
            sign = -1 if operation["label"] == "σv" else 1
            assert np.abs(image - sign * np.array(operation["axis"])).max() < 1e-6
    assert [o["n_unmoved"] for o in record["operations"]] == [4, 1, 1, 2, 2, 2]


def test_json_overtones(answers):
    (record,) = answers("symmetry", "c1ccccc1", "--overtones")
    levels = {tuple(t["irreps"]): t for t in record["overtones"] + record["combinations"]}
    assert levels["A2u", "E1u"]["levels"] == "E1g"
    assert levels["A2u", "E1u"]["raman"] is True
    assert all(t["raman"] and not t["ir"] for t in record["overtones"])


def test_text_of_benzene(run):
    code, out, err = run("symmetry", "benzene")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert not re.search(r"[ \t]$", out, re.MULTILINE)
    assert re.search(r"^point group +D6h \(order 24, with inversion, not chiral\)$", out, re.M)
    assert re.search(
        r"^deviation +RMS 0\.0000 Å, largest 0\.0000 Å at atom \d+ \([CH]\);", out, re.M
    )
    assert "2A1g + A2g + 2B2g + E1g + 4E2g + A2u + 2B1u + 2B2u + 3E1u + 2E2u" in out
    assert re.search(r"^E2u +2 +2 +4 +– +– +yes +silent$", out, re.M)
    assert re.search(r"^modes +30 +7 +12 +7 +12 +0 +11$", out, re.M)
    assert re.search(r"^fundamentals +20 +4 +7 +4 +7 +0 +9$", out, re.M)
    assert re.search(r"^R +19/30 = 0\.6333", out, re.M)
    assert re.search(r"^R fundamentals +11/20 = 0\.5500", out, re.M)
    assert "(N_IR + N_Raman)/(3N − 6), not R" in out
    for irrep in ("A2g (1 mode)", "B2g (2 modes)", "B1u", "B2u", "E2u (4 modes)"):
        assert re.search(rf"^{re.escape(irrep)} .*no dipole moment", out, re.M)


def test_text_with_every_option(run):
    code, out, err = run("symmetry", "methane", "--operations", "--overtones", "--tolerance", "0.1")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"^S4 +-?\d\.\d{4} +-?\d\.\d{4} +-?\d\.\d{4} +1$", out, re.M)
    assert re.search(r"^T2² +A1 \+ E \+ T2 +yes +yes$", out, re.M)
    assert re.search(r"^E × T2 +T1 \+ T2 +yes +yes$", out, re.M)
    assert "tolerance 0.1 Å" in out


def test_deviation_names_the_atom(tmp_path, run):
    positions = np.array(example("benzene").positions)
    positions[3] *= 1 + 0.05 / np.linalg.norm(positions[3])
    file = xyz(tmp_path / "dented.xyz", example("benzene").symbols, positions)
    _, out, _ = run("symmetry", file, "--tolerance", 0.05)
    assert "point group  D6h" in out
    assert "at atom 4 (C); tolerance 0.05 Å" in out
    _, out, _ = run("symmetry", file, "--tolerance", 0.001)
    assert "point group  C2v" in out


def test_ladder_text(run):
    code, out, err = run("symmetry", "water", "--ladder")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    bars = dict(re.findall(r"^(C2v|D∞h) +\d\.\d{4}  ( *━+)$", out, re.M))
    assert re.search(r"^D∞h +0\.2764 ", out, re.M)
    assert bars["C2v"] == "━" * bars["C2v"].count("━")
    assert bars["D∞h"].index("━") == len(bars["C2v"])
    assert "against tolerance" not in run("symmetry", "water")[1]


def test_ladder_json(answers):
    (record,) = answers("symmetry", "water", "--ladder")
    first, second = record["ladder"]
    assert (first["group"], first["order"], round(first["rms"], 6)) == ("C2v", 4, 0)
    assert (second["group"], second["order"]) == ("D∞h", None)
    assert second["rms"] == pytest.approx(0.2764, abs=1e-4)
    (record,) = answers("symmetry", "[Ne]", "--ladder")
    assert record["ladder"] == [{"group": "Kh", "order": None, "rms": 0.0}]
    assert "ladder" not in answers("symmetry", "water")[0]


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_ladder_figure(tmp_path, run, suffix):
    file = xyz(tmp_path / "a $b$ {c.xyz", ["H"] * 2, [(0, 0, 0), (0, 0, 1)])
    figure = tmp_path / f"ladder{suffix}"
    code, _, err = run("symmetry", "water", "[Ne]", file, "--figure", figure)
    assert (code, err) == (0, "")
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
    assert figure.read_bytes().startswith(start)
    assert sorted(tmp_path.iterdir()) == [file, figure]


def test_ladder_figure_refused(tmp_path, run):
    assert_refused(run("symmetry", "O", "--figure", tmp_path / "a.gif"), "a.gif", ".png")
    assert_refused(run("symmetry", "O", "--figure", tmp_path / "no" / "a.png"), "cannot be written")
    code, _, err = run("symmetry", *["O"] * 21, "--figure", tmp_path / "a.png")
    assert (code, err.count("\n")) == (2, 1)
    assert "room for 20" in err


def test_chiral_molecule(run, answers):
    _, out, _ = run("symmetry", "OO")
    assert "chiral: VCD shows 6 modes, ROA 6" in out
    (record,) = answers("symmetry", "hydrogen_peroxide")
    assert (record["group"], record["is_chiral"], record["modes"]["n_vcd"]) == ("C2", True, 6)


def test_single_atom(run, answers):
    code, out, err = run("symmetry", "[Ne]")
    assert (code, err) == (0, "")
    assert "point group  Kh" in out
    assert "R is not defined: a single atom has no vibrations." in out
    (record,) = answers("symmetry", "[Ne]", "--operations")
    assert (record["R"], record["R_value"], record["modes"]["n_vib"]) == (None, None, 0)
    assert record["gamma_vib"] == "0"
    assert record["order"] is None


@pytest.mark.parametrize("name", ["O=C=O", "C#N"])
def test_linear_operations(answers, name):
    (record,) = answers("symmetry", name, "--operations")
    line = np.array(record["frame"][2])
    axes = [o["axis"] for o in record["operations"] if o["axis"] is not None]
    assert len(axes) == (2 if name == "O=C=O" else 1)
    assert np.abs(np.array(axes) @ line).max() < 1e-9


def test_every_record_of_a_file(tmp_path, run, answers, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = Path("two.xyz")
    file.write_text(example("water").to_xyz() + example("methane").to_xyz())
    found = answers("symmetry", file)
    assert [(r["record"], r["group"]) for r in found] == [(1, "C2v"), (2, "Td")]
    _, out, _ = run("symmetry", file)
    assert "molecule     two.xyz, record 2: CH4, 5 atoms\n" in out


def test_one_bad_input_among_good_ones(run):
    code, out, err = run("symmetry", "O", "nothere.xyz", "N")
    assert code == 2
    assert err == "spektron: nothere.xyz: no such file\n"
    assert "C2v" in out
    assert "C3v" in out
    code, out, err = run("symmetry", "O", "nothere.xyz", "N", "--json")
    assert (code, [r["group"] for r in json.loads(out)]) == (2, ["C2v", "C3v"])
    assert err.count("\n") == 1


def test_record_after_which_the_file_breaks(tmp_path, run):
    file = tmp_path / "broken.xyz"
    file.write_text(example("water").to_xyz() + "2\n\nH 0 0 0\nQq 0 0 1\n")
    code, out, err = run("symmetry", file, "N", "--json")
    assert [r["group"] for r in json.loads(out)] == ["C2v", "C3v"]
    assert code == 2
    assert str(file) in err
    assert err.count("\n") == 1


# ---- spektron table ----


def test_table_text(run):
    code, out, err = run("table", "C3v")
    assert (code, err) == (0, "")
    assert out.startswith("C3v: order 6, no inversion, not chiral\n")
    assert "E   │ 2  -1   0" in out
    assert re.search(r"^IR +A1, E$", out, re.M)
    assert re.search(r"^hyper-Raman +A1, A2, E$", out, re.M)
    assert re.search(r"^silent +A2$", out, re.M)


def test_wide_page_prints_the_table_as_it_is(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    _, out, _ = run("table", "Ih")
    assert str(PointGroup("Ih").character_table) in out


@pytest.mark.parametrize("symbol", ["C1", "D6h", "Th", "Ih", "S8", "D20h", "Kh", "D∞h", "C7"])
@pytest.mark.parametrize("separated", [[], ["--separated"]])
def test_narrow_page_keeps_every_character(run, symbol, separated):
    code, out, err = run("table", symbol, *separated)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    table = PointGroup(symbol).character_table
    if separated and not table.group.is_continuous:
        table = table.separated()
    grid = Grid.of(str(table))
    blocks = re.findall(r"^\S+ +│.*$", out, re.M)
    printed = {}
    for line in blocks:
        name, cells = line.split("│")[:2]
        printed.setdefault(name.strip(), []).extend(cells.split())
    for name, row in zip(grid.names, [grid.heads, *grid.cells], strict=True):
        assert printed[name.strip()] == " ".join(row).split()
    for function in grid.functions:
        assert "".join(function.split()) in "".join(out.split())


def test_products(run):
    _, out, _ = run("table", "C3v", "--products")
    assert re.search(r"^E +A1 \+ \[A2\] \+ E$", out, re.M)
    _, out, _ = run("table", "Ih", "--products")
    assert re.search(r"^Gg × Hg +T1g \+ T2g \+ Gg \+ 2Hg$", out, re.M)
    assert "with u for g in one factor the product gets u" in out


@pytest.mark.parametrize("symbol", ["Oh", "D5h", "C3", "D∞h", "C7h"])
def test_products_json(answers, symbol):
    found = answers("table", symbol, "--products")["products"]
    table = PointGroup(symbol).character_table
    assert len(found) == len(table.irreps) * (len(table.irreps) + 1) // 2
    for row in found:
        product = table.representation(row["left"]) * table.representation(row["right"])
        assert table.representation(row["product"]) == product


def test_correlation_states_the_axes(run, answers):
    _, out, _ = run("table", "D6h", "--correlate", "C2v")
    assert "C2 → C2', σv(xz) → σv, σv'(yz) → σh" in out
    assert re.search(r"^A2u +A1 +B1 +B1$", out, re.M)
    found = answers("table", "Td", "--correlate", "C3v")["correlations"]
    assert found[0]["irreps"]["T2"] == "A1 + E"
    assert found[0]["axes"] == "C3 → C3, σv → σd"


def test_table_json(answers):
    found = answers("table", "Ih", "--operations")
    assert (found["group"], found["order"], found["has_inversion"]) == ("Ih", 120, True)
    assert sum(c["size"] for c in found["classes"]) == 120
    assert sum(i["dimension"] ** 2 for i in found["irreps"]) == 120
    assert len(found["operations"]) == 120
    t1u = next(i for i in found["irreps"] if i["label"] == "T1u")
    assert (t1u["ir"], t1u["raman"], t1u["silent"]) == (True, False, False)
    assert t1u["basis"][0] == "(x, y, z)"
    assert t1u["values"][1] == pytest.approx((1 + 5**0.5) / 2)
    assert t1u["characters"][1] == "(1+√5)/2"


def test_table_json_separated(answers):
    found = answers("table", "C3", "--separated")
    assert found["root"] == "exp(2πi/3)"
    assert [i["label"] for i in found["irreps"]] == ["A", "¹E", "²E"]
    values = np.array([i["values"] for i in found["irreps"]]) @ [1, 1j]
    assert np.abs(values @ values.conj().T - 3 * np.eye(3)).max() < 1e-12


def test_table_json_continuous(answers):
    found = answers("table", "C*v")
    assert (found["group"], found["order"]) == ("C∞v", None)
    assert found["irreps"][2]["characters"] == ["2", "2cos φ", "0"]
    assert found["irreps"][2]["values"] is None


# ---- bad input ----

BAD_FILES = {
    "empty.xyz": "",
    "blank.xyz": " \n\n",
    "binary.xyz": "\0\1\2",
    "zero_atoms.xyz": "0\n\n",
    "element.xyz": "2\n\nH 0 0 0\nXx 0 0 1\n",
    "nan.xyz": "2\n\nH 0 0 0\nH 0 nan 1\n",
    "inf.xyz": "2\n\nH 0 0 0\nH 0 inf 1\n",
    "coincide.xyz": "2\n\nH 0 0 0\nH 0 0 0\n",
    "words.xyz": "two\n\nH 0 0 0\nH a b c\n",
    "short.xyz": "3\n\nH 0 0 0\nH 0 0 1\n",
    "unknown.pdf": "2\n\nH 0 0 0\nH 0 0 1\n",
    "empty.sdf": "",
    "rubbish.mol": "not a molecule\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_bad_file(tmp_path, run, name, options):
    file = tmp_path / name
    file.write_text(BAD_FILES[name])
    assert_refused(run("symmetry", file, *options), file)


def test_bad_paths(tmp_path, run):
    assert_refused(run("symmetry", tmp_path), tmp_path, "directory")
    assert_refused(run("symmetry", tmp_path / "no.xyz"), tmp_path / "no.xyz", "no such file")
    os.symlink(tmp_path / "gone.xyz", tmp_path / "link.xyz")
    assert_refused(run("symmetry", tmp_path / "link.xyz"), tmp_path / "link.xyz")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root reads every file")
def test_unreadable_file(tmp_path, run):
    file = xyz(tmp_path / "secret.xyz", "H", [(0, 0, 0)])
    file.chmod(0)
    assert_refused(run("symmetry", file), file)


@pytest.mark.parametrize(
    "text",
    [
        "c1ccccq",  # no such letter
        "C1CC",  # ring left open
        "C(C)(C)(C)(C)C",  # five bonds
        "[H]C([H])([H])[C@]12C[C@@]1(C)C2",  # cannot be embedded
        "C.C",  # two molecules
        "*",
        "-",
        "benzen",
    ],
)
def test_bad_smiles(run, text):
    assert_refused(run("symmetry", text), text)
    assert_refused(run("symmetry", text, "--json"), text)


def test_odd_inputs_stay_on_one_line(run):
    assert_refused(run("symmetry", "C\nC"), r"C\nC")
    assert_refused(run("symmetry", ""), "empty")
    assert_refused(run("symmetry", "\x1b[31m"), r"\x1b[31m")
    assert_refused(run("symmetry", "Q" * 5000), "Q" * 40)


@pytest.mark.parametrize("value", ["-1", "0", "nan", "inf", "100", "abc", ""])
def test_absurd_tolerance(run, value):
    assert_refused(run("symmetry", "O", "N", "--tolerance", value), "tolerance", value)


@pytest.mark.parametrize("symbol", ["D7x", "C0v", "", "D", "C-3", "C1000000", "6/mmm", "Ōh"])
def test_no_such_group(run, symbol):
    assert_refused(run("table", symbol), symbol)
    assert_refused(run("table", symbol, "--json"), symbol)


def test_no_such_subgroup(run):
    assert_refused(run("table", "C3v", "--correlate", "D6h"), "D6h", "C3v")
    assert_refused(run("table", "C3v", "--correlate", "D7x"), "D7x")
    assert_refused(run("table", "Kh", "--operations"), "Kh")


@pytest.mark.parametrize(
    "arguments",
    [["symmetry"], ["table"], ["symetry", "O"], ["table", "C2v", "C3v"], ["table", "C2v", "--foo"]],
)
def test_wrong_usage(run, arguments):
    assert_refused(run(*arguments), "--help")


@pytest.mark.parametrize("regular", [True, False])
def test_ten_thousand_atoms(tmp_path, run, regular):
    corners = 1.5 * np.stack(np.meshgrid(*[np.arange(22.0)] * 3), axis=-1).reshape(-1, 3)
    if not regular:
        corners += np.random.default_rng(1).normal(0, 0.1, corners.shape)
    file = xyz(tmp_path / "large.xyz", ["C"] * len(corners), corners)
    start = time.perf_counter()
    code, out, err = run("symmetry", file)
    assert (code, err) == (0, "")
    assert f"point group  {'Oh' if regular else 'C1'} " in out
    assert max(map(len, out.splitlines())) <= 80
    assert time.perf_counter() - start < 30


def test_too_many_atoms(tmp_path, run):
    corners = 1.5 * np.stack(np.meshgrid(*[np.arange(28.0)] * 3), axis=-1).reshape(-1, 3)
    file = xyz(tmp_path / "huge.xyz", ["C"] * len(corners), corners)
    assert_refused(run("symmetry", file), file, "21952")


# ---- failures that are no one's input ----


def test_a_bug_is_one_line_or_a_traceback(run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr(symmetry_command, "_answers", broken)
    code, out, err = run("symmetry", "O")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "bug" in err
    assert "SPEKTRON_DEBUG" in err
    monkeypatch.setenv("SPEKTRON_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["symmetry", "O"])


@pytest.mark.parametrize("wrapped", [False, True])
def test_interrupt_is_quiet(run, monkeypatch, wrapped):
    """Also where Python wraps it, as it does while it makes a class."""

    def interrupted(*_):
        if wrapped:
            raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()
        raise KeyboardInterrupt

    monkeypatch.setattr(symmetry_command, "_answers", interrupted)
    assert run("symmetry", "O") == (130, "", "")


# ---- as a process ----


def process(*arguments, **options):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, timeout=60, **options)


def test_process_answers(tmp_path):
    done = process("symmetry", "benzene", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)[0]["R"] == "19/30"
    done = process("symmetry", "c1ccccq", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().count("\n") == 1


def test_process_help_and_version(tmp_path):
    done = process("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert process(cwd=tmp_path).stdout == done.stdout
    assert b"symmetry" in done.stdout
    assert b"table" in done.stdout
    assert b"census" in done.stdout
    assert re.fullmatch(rb"spektron \d+\.\d+\.\S*\n", process("--version", cwd=tmp_path).stdout)


def test_help_fits_one_screen(run):
    from spektron.cli.main import ORDER, app

    code, out, err = run("--help")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) < 24  # the prompt needs one
    assert max(map(len, lines)) <= 80
    assert "..." not in out.replace("[ARGS]...", "")
    names = re.findall(r"^  ([a-z]+) {2,}[A-Z]", out, flags=re.MULTILINE)
    assert names == [name for name in ORDER if name in names]  # none that ORDER forgets
    assert len(names) == len(app.registered_commands) + len(app.registered_groups)


def commands(group=None, path=()):
    """Every command with its words, groups opened."""
    import typer.main
    from spektron.cli.main import app

    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_options_are_consistent():
    found = {}
    for path, command in commands():
        options = {max(p.opts, key=len): p for p in command.params if p.opts[0].startswith("-")}
        assert "--json" in options, path
        for name, option in options.items():
            if not option.is_flag:
                assert option.metavar, (path, name)  # never <float>: the unit, or N, X, NAME
            if name != "--help":
                assert option.help, (path, name)
                assert option.help.endswith("."), (path, name)
            found.setdefault(name, set()).add(option.metavar)
    for name in (
        "--tolerance",
        "--workers",
        "--figure",
        "--fwhm",
        "--seed",
        "--method",
        "--basis",
        "--charge",
        "--multiplicity",
        "--temperature",
        "--scale",
        "--laser",
    ):
        assert len(found[name]) == 1, (name, found[name])
    assert found["--out"] <= {"FILE", "DIR"}


def test_help_imports_no_room(tmp_path):
    code = (
        "import sys; from spektron.cli.main import main; main(['--help']); "
        "loaded = sys.modules.keys() & {'numpy', 'rich', 'spektron.pointgroup'}; "
        "sys.exit(', '.join(loaded))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert done.stderr.strip() == b""


def test_terminal_without_greek(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    done = process("symmetry", "O=C=O", cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert b"D?h" in done.stdout
    done = process("symmetry", "O=C=O", "--json", cwd=tmp_path, env=environment)
    assert json.loads(done.stdout)[0]["group"] == "D∞h"


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
def test_reader_that_goes_away(tmp_path):
    command = [*COMMAND, "symmetry", *["O"] * 100]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 141


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c(tmp_path):
    command = [*COMMAND, "symmetry", *["O"] * 2000]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, b"")
