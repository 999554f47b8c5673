"""The census: every kind of input, bad records, interruption and resumption, the summary."""

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from spektron.cli.main import main
from spektron.pointgroup import InputError, Molecule, detect, example, mode_counts
from spektron.pointgroup.census import COLUMNS, read_census, run_census, workers
from spektron.pointgroup.census.archives import ARCHIVES
from spektron.pointgroup.census.records import (
    CHUNK_RECORDS,
    Record,
    chunks,
    sdf_blocks,
    xyz_blocks,
)
from spektron.pointgroup.census.rows import rows_of
from spektron.pointgroup.census.sources import find_sources, read_records
from spektron.pointgroup.molecules import readers

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

NAMES = ("water", "ammonia", "methane", "benzene", "ethylene", "carbon_dioxide")
COMMAND = [sys.executable, "-m", "spektron.cli.main", "census"]
WATER, METHANE = example("water").to_xyz(), example("methane").to_xyz()

SDF = """hydrogen
  by hand           3D

  2  1  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 H   0  0
    0.0000    0.0000    0.7414 H   0  0
  1  2  1  0
M  END
$$$$
"""


def rows(path, *columns):
    table = pq.read_table(path).to_pylist()
    return [tuple(row[name] for name in columns) for row in table] if columns else table


def text_of(names=NAMES):
    return "".join(example(name).to_xyz() for name in names)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def archive(path, files):
    """An archive of the type that its name says, with a text for each name."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            for name, text in files.items():
                out.writestr(name, text)
        return path
    kind = {"gz": "gz", "tgz": "gz", "xz": "xz", "txz": "xz", "bz2": "bz2", "tbz2": "bz2"}
    with tarfile.open(path, f"w:{kind.get(path.suffix[1:], '')}") as out:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            data = text if isinstance(text, bytes) else text.encode()
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


def random_text(n, seed=0, atoms=6):
    """Many random molecules; every third has a mirror plane."""
    rng = np.random.default_rng(seed)
    out = []
    for k in range(n):
        positions = np.cumsum(rng.uniform(0.7, 1.2, (atoms, 3)), axis=0)
        if k % 3 == 0:
            positions[:, 2] = 0
        out.append(Molecule("CHNOFH"[:atoms], positions, name=f"random {k}").to_xyz())
    return "".join(out)


@pytest.fixture
def run(capsys, monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "SPEKTRON_DEBUG", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments):
        code = main(["census", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def assert_refused(outcome, *names):
    code, out, err = outcome
    assert (code, out) == (2, "")
    assert re.fullmatch(r"spektron: [^\n]+\n", err), err
    for name in names:
        assert str(name) in err


# ---- rows ----


def test_rows_equal_direct_calls(tmp_path):
    molecules = [example(name) for name in NAMES]
    found = run_census([write(tmp_path / "a.xyz", text_of())], tmp_path / "out.parquet")
    table = rows(found.path)
    assert list(table[0]) == list(COLUMNS)
    for number, (row, molecule) in enumerate(zip(table, molecules, strict=True), start=1):
        symmetry = detect(molecule)
        counts = mode_counts(symmetry)
        expected = {
            "source": str(tmp_path / "a.xyz"), "member": None, "record": number,
            "name": molecule.name, "formula": molecule.formula, "n_atoms": molecule.n_atoms,
            "tolerance": None, "group": str(symmetry.group), "rms": symmetry.rms,
            "n_vib": counts.n_vib, "n_ir": counts.n_ir, "n_raman": counts.n_raman,
            "n_both": counts.n_both, "n_silent": counts.n_silent,
            "n_fundamentals": counts.fundamentals.n_vib,
            "n_silent_fundamentals": counts.fundamentals.n_silent, "R": float(counts.R),
            "R_fundamentals": float(counts.R_fundamentals),
            "centrosymmetric": symmetry.group.has_inversion,
            "linear": symmetry.group.is_linear, "error": None,
        }  # fmt: skip
        assert {name: row[name] for name in expected} == expected
        assert Fraction(row["R_numerator"], row["R_denominator"]) == counts.R
    assert [row["order"] for row in table] == [4, 6, 24, 24, 8, None]


def test_sweep_has_a_row_per_tolerance(tmp_path):
    tolerances = (0.001, 0.02, None)
    positions = example("benzene").positions * [1.01, 1, 1]
    text = example("benzene").with_positions(positions).to_xyz() + WATER
    found = run_census(
        [write(tmp_path / "a.xyz", text)], tmp_path / "a.parquet", tolerances=tolerances
    )
    assert rows(found.path, "record", "tolerance", "group") == [
        (1, 0.001, "D2h"), (1, 0.02, "D6h"), (1, None, "D2h"),
        (2, 0.001, "C2v"), (2, 0.02, "C2v"), (2, None, "C2v"),
    ]  # fmt: skip
    assert tuple(share.tolerance for share in found.shares) == tolerances
    assert found.shares[1].groups == {"C2v": 1, "D6h": 1}
    assert found.shares[1].ratios == {Fraction(1): 1, Fraction(19, 30): 1}


def test_single_atom_has_no_ratio(tmp_path):
    found = run_census([write(tmp_path / "a.xyz", "1\n\nNe 0 0 0\n")], tmp_path / "a.parquet")
    assert rows(found.path, "group", "order", "R", "R_numerator") == [("Kh", None, None, None)]
    (share,) = found.shares
    assert (share.n_molecules, share.n_vibrating, share.n_complete) == (1, 0, 0)
    assert sum(share.r_classes().values()) == 0


def test_a_bug_in_one_record_is_told_in_its_row(monkeypatch):
    def broken(molecule, tolerance):
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr("spektron.pointgroup.census.rows.detect", broken)
    (row,) = rows_of([Record("a.xyz", None, 1, text=WATER)], [None])
    assert row["error"].startswith("ZeroDivisionError: oh no. This is a bug")
    assert row["group"] is None


# ---- cutting text into records ----

XYZ = {
    "one": (WATER, [1]),
    "two": (WATER + METHANE, [1, 6]),
    "blank lines": ("\n\n" + WATER + "\n \n" + METHANE + "\n", [3, 10]),
    "no last newline": ("1\n\nHe 0 0 0", [1]),
    "number in the comment": ("1\n7\nHe 0 0 0\n1\n8\nHe 0 0 0\n", [1, 4]),
    "too many atoms": ("1\n\nH 0 0 0\nH 0 0 1\n" + WATER, [1, 5]),
    "too few atoms": ("3\n\nH 0 0 0\n" + WATER, [1, 4]),
    "rubbish first": ("rubbish\nmore\n" + WATER, [1, 3]),
    "rubbish between": (WATER + "rubbish\nmore\n" + WATER, [1, 8]),
    "absurd count": ("9" * 5000 + "\n\nH 0 0 0\n" + WATER, [1, 4]),
    "empty": ("", []),
}


@pytest.mark.parametrize("name", XYZ)
def test_xyz_is_cut(name):
    text, starts = XYZ[name]
    assert [line for line, _ in xyz_blocks(text.splitlines(keepends=True))] == starts


@pytest.mark.parametrize("name", ["too many atoms", "too few atoms", "rubbish first"])
def test_a_spoilt_record_fails_alone(tmp_path, name):
    found = run_census([write(tmp_path / "a.xyz", XYZ[name][0])], tmp_path / "a.parquet")
    bad, good = rows(found.path)
    assert (bad["group"], good["group"], good["error"]) == (None, "C2v", None)
    assert found.n_bad == 1
    assert re.match(r"line \d+: ", bad["error"])


def test_lines_are_counted_in_the_file(tmp_path):
    file = write(tmp_path / "a.xyz", WATER + "2\n\nH 0 0 0\nQq 0 0 1\n")
    with pytest.raises(InputError) as error:
        readers.read_molecules(file)
    found = run_census([file], tmp_path / "a.parquet")
    assert f"{file}: {found.bad[0].error}" == str(error.value)
    assert "line 9" in found.bad[0].error


def test_cutting_agrees_with_the_reader(tmp_path):
    file = write(tmp_path / "a.xyz", text_of())
    lines = file.read_text("utf-8").splitlines(keepends=True)
    assert "".join(text for _, text in xyz_blocks(lines)) == "".join(lines)
    read = readers.read_molecules(file)
    assert [m.name for m in read] == [
        r["name"] for r in rows(run_census([file], tmp_path / "a.parquet").path)
    ]


def test_records_without_a_name_are_numbered_as_the_reader_does(tmp_path):
    file = write(tmp_path / "gas.xyz", "1\n\nHe 0 0 0\n" * 3)
    found = run_census([file], tmp_path / "a.parquet")
    assert rows(found.path, "name") == [("gas",), ("gas:2",), ("gas:3",)]
    assert [m.name for m in readers.read_molecules(file)] == ["gas", "gas:2", "gas:3"]


def test_footer_of_qm9_is_dropped(tmp_path):
    text = (
        "3\ngdb 3\t799.58812\t437.90386\n"
        "O\t-0.0343604951\t 0.9775395708\t 0.0076015923\t-0.589706\n"
        "H\t 0.0647664923\t 0.0205721989\t 0.0015346341\t 0.294853\n"
        "H\t 0.8717903737\t 1.3007924048\t 6.9*^-4\t 0.294853\n"
        "1671.4222\t3803.6305\t3907.698\nO\tO\nInChI=1S/H2O/h1H2\tInChI=1S/H2O/h1H2\n"
    )
    found = run_census([write(tmp_path / "a.xyz", text * 2)], tmp_path / "a.parquet")
    assert rows(found.path, "formula", "error") == [("H2O", None)] * 2


def test_sdf_is_cut():
    text = SDF * 2 + "\n\n"
    assert [line for line, _ in sdf_blocks(text.splitlines(keepends=True))] == [1, 10]


def test_sdf(tmp_path):
    broken = SDF.replace("M  END\n", "")
    file = write(tmp_path / "a.sdf.gz", SDF + broken + SDF.replace("hydrogen", ""))
    found = run_census([file], tmp_path / "a.parquet")
    assert rows(found.path, "record", "name", "group") == [
        (1, "hydrogen", "D∞h"), (2, None, None), (3, "a:3", "D∞h"),
    ]  # fmt: skip
    assert found.bad[0].error.startswith("line 10: ")


def test_chunks_end_by_number_and_by_size():
    small = [(Record("a", None, k, text="x"), k) for k in range(2 * CHUNK_RECORDS + 1)]
    found = list(chunks(small))
    assert [len(chunk.records) for chunk in found] == [CHUNK_RECORDS, CHUNK_RECORDS, 1]
    assert [chunk.number for chunk in found] == [0, 1, 2]
    assert found[-1].position == 2 * CHUNK_RECORDS
    large = [(Record("a", None, k, text="x" * 400_000), k) for k in range(4)]
    assert [len(chunk.records) for chunk in chunks(large)] == [2, 2]


# ---- files, archives, folders ----


@pytest.mark.parametrize("extension", [*ARCHIVES, ".TAR.GZ"])
def test_archives(tmp_path, extension):
    files = {
        "set/README": "not a molecule",
        "set/1.xyz": WATER,
        "set/._1.xyz": "hidden",
        "set/two.extxyz": METHANE + WATER,
        "set/3.sdf": SDF,
        "set/empty.xyz": "",
    }
    file = archive(tmp_path / f"a{extension.lower()}", files)
    file = file.rename(tmp_path / f"a{extension}")
    found = run_census([file], tmp_path / "out.parquet")
    assert rows(found.path, "member", "record", "group") == [
        ("set/1.xyz", 1, "C2v"), ("set/two.extxyz", 2, "Td"), ("set/two.extxyz", 3, "C2v"),
        ("set/3.sdf", 4, "D∞h"),
    ]  # fmt: skip
    assert found.n_bad == 0


def test_compressed_file_in_an_archive(tmp_path):
    files = {"1.xyz.gz": gzip.compress(WATER.encode()), "2.xyz.gz": b"nothing", "3.xyz": METHANE}
    found = run_census([archive(tmp_path / "a.tar.xz", files)], tmp_path / "out.parquet")
    assert rows(found.path, "record", "group") == [(1, "C2v"), (2, None), (3, "Td")]
    assert "gzip" in found.bad[0].error


def test_folder_is_read_in_order(tmp_path):
    folder = tmp_path / "set"
    write(folder / "b" / "2.xyz.gz", METHANE)
    write(folder / "a.xyz", WATER)
    write(folder / "c.sdf", SDF)
    write(folder / "notes.txt", "nothing")
    write(folder / ".hidden" / "x.xyz", WATER)
    archive(folder / "d.zip", {"w.xyz": WATER})
    found = run_census([folder], tmp_path / "out.parquet")
    sources = [Path(row[0]).relative_to(folder).as_posix() for row in rows(found.path, "source")]
    assert sources == ["a.xyz", "c.sdf", "d.zip", "b/2.xyz.gz"]


def test_a_file_named_twice_is_read_once(tmp_path):
    file = write(tmp_path / "set" / "a.xyz", WATER)
    assert len(find_sources([file, tmp_path / "set", file])) == 1


CUT = [".tar", ".tar.gz", ".tar.xz", ".tar.bz2", ".zip", ".xyz.gz"]


@pytest.mark.parametrize("extension", CUT)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_file_that_is_cut_short(tmp_path, extension, share):
    texts = {f"{k}.xyz": random_text(3, seed=k) for k in range(200)}
    if extension == ".xyz.gz":
        whole = write(tmp_path / "whole.xyz.gz", "".join(texts.values()))
    else:
        whole = archive(tmp_path / f"whole{extension}", texts)
    expected = [record for record, _ in read_records(*find_sources([whole]))]
    assert len(expected) == 600
    data = whole.read_bytes()
    cut = tmp_path / f"cut{extension}"
    cut.write_bytes(data[: int(share * len(data))])
    *read, last = [record for record, _ in read_records(*find_sources([cut]))]
    assert last.error
    assert last.number == len(read) + 1 or share == 0
    good = [record for record in read if record.error is None]
    assert len(good) >= len(read) - 1
    assert len(good) < 600
    assert all(a.text.startswith(b.text) for a, b in zip(expected, good, strict=False))
    if share == 0.95 and extension in (".tar", ".tar.gz", ".xyz.gz"):
        assert len(good) > 400


def test_tar_with_a_broken_header(tmp_path):
    file = archive(tmp_path / "a.tar", {f"{k}.xyz": WATER for k in range(4)})
    data = bytearray(file.read_bytes())
    data[2 * 1024 : 2 * 1024 + 300] = b"x" * 300
    file.write_bytes(data)
    records = [record for record, _ in read_records(*find_sources([file]))]
    assert [record.error is None for record in records] == [True, True, False]
    assert "2 records were read before" in records[-1].error


def test_locked_zip_member(tmp_path):
    file = archive(tmp_path / "a.zip", {"1.xyz": WATER, "2.xyz": METHANE})
    data = bytearray(file.read_bytes())
    for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[start] |= 1  # "encrypted"
    file.write_bytes(data)
    found = run_census([file], tmp_path / "out.parquet")
    assert rows(found.path, "record", "group") == [(1, None), (2, "Td")]
    assert "password" in found.bad[0].error


# ---- the command ----


def test_mixed_good_and_broken_files(tmp_path, run):
    files = [
        write(tmp_path / "good.xyz", WATER),
        write(tmp_path / "empty.xyz", ""),
        write(tmp_path / "rubbish.xyz", "what is this?\nno molecule\n"),
        write(tmp_path / "binary.xyz", "\0\1\2"),
        write(tmp_path / "half.xyz", WATER + "2\n\nH 0 0 0\nH 0 0 nan\n" + METHANE),
        write(tmp_path / "element.sdf", SDF.replace(" H  ", " Qq ") + SDF),
        write(tmp_path / "none.tar", "not a tar file"),
        archive(tmp_path / "nothing.zip", {"README": "no molecule"}),
        write(tmp_path / "end.xyz", METHANE),
    ]
    out = tmp_path / "out.parquet"
    code, text, err = run(*files, "--out", out)
    assert code == 2
    assert re.search(r"^census +5 molecules; 7 records could not be used$", text, re.M)
    assert len(err.splitlines()) == 7
    for line, file in zip(err.splitlines(), [*files[1:4], *files[4:8]], strict=True):
        assert line.startswith(f"spektron: {file}, record ")
    good = [row for row in rows(out) if row["error"] is None]
    assert [row["group"] for row in good] == ["C2v", "C2v", "Td", "D∞h", "Td"]
    assert not Path(f"{out}.parts").exists()


def test_only_the_first_bad_records_are_told(tmp_path, run):
    file = write(tmp_path / "a.xyz", WATER + "1\n\nQq 0 0 0\n" * 30)
    code, _, err = run(file, "--out", tmp_path / "out.parquet")
    assert code == 2
    assert len(err.splitlines()) == 11
    assert "20 more" in err.splitlines()[-1]


def test_summary(tmp_path, run):
    file = write(tmp_path / "a.xyz", text_of() + WATER)
    out = tmp_path / "out.parquet"
    code, text, err = run(file, "--out", out)
    assert (code, err) == (0, "")
    assert re.search(r"^R = 1 +71\.43 %$", text, re.M)
    assert re.search(r"^with inversion +42\.86 %$", text, re.M)
    assert re.search(r"^C2v +2 +28\.57 %$", text, re.M)
    assert re.search(r"^0\.6–0\.7 +1 +14\.29 %$", text, re.M)
    code, text, _ = run(file, "--out", out, "--json")
    (share,) = json.loads(text)["tolerances"]
    assert share["n_molecules"] == 7
    assert share["R"] == {"1": 5, "11/12": 1, "19/30": 1}
    assert share["groups"]["C2v"] == 2
    assert list(share["groups"].values()) == sorted(share["groups"].values(), reverse=True)


def test_summary_of_a_sweep_fits_the_page(tmp_path, run):
    options = [x for t in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, "auto") for x in ("--tolerance", t)]
    file = write(tmp_path / "a.xyz", text_of())
    code, text, _ = run(file, "--out", tmp_path / "out.parquet", *options)
    assert code == 0
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^tolerance +0\.001 Å .* 0\.3 Å +auto$", text, re.M)
    assert re.search(r"^C2v( +1){5} +0 +1$", text, re.M)  # at 0.3 Å water is linear
    assert "…" not in text


@pytest.mark.parametrize("tolerances", [[], ["--tolerance", "0.01", "--tolerance", "auto"]])
@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_figure(tmp_path, run, suffix, tolerances):
    file = write(tmp_path / "a.xyz", text_of())
    figure = tmp_path / f"figure{suffix}"
    code, _, err = run(file, "--out", tmp_path / "o.parquet", "--figure", figure, *tolerances)
    assert (code, err) == (0, "")
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
    assert figure.read_bytes().startswith(start)


def test_finished_census_is_not_computed_again(tmp_path, run, monkeypatch):
    file, out = write(tmp_path / "a.xyz", text_of()), tmp_path / "out.parquet"
    first = run(file, "--out", out)
    monkeypatch.setattr(workers, "rows_of", None)
    code, text, err = run(file, "--out", out)
    assert (code, text) == first[:2]
    assert err == f"spektron: {out} already holds this census; remove it to compute it anew\n"
    monkeypatch.undo()
    code, text, _ = run(file, "--out", out, "--tolerance", "0.1")
    assert code == 0
    assert rows(out, "tolerance") == [(0.1,)] * 6


# ---- refused before any work ----


def test_refused_inputs(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(Path("a.xyz"), WATER)
    Path("void").mkdir()
    assert_refused(run("a.xyz", "gone.xyz"), "gone.xyz", "no such file")
    assert_refused(run("a.xyz", write(Path("a.pdf"), "x")), "a.pdf", "unknown file type", ".xyz")
    assert_refused(run("void"), "void", "no file in this folder")
    assert_refused(run("a\0b.xyz"), r"a\x00b.xyz")
    assert_refused(run(), "--help")
    assert not list(tmp_path.glob("*.parquet*"))


def test_refused_options(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(Path("a.xyz"), WATER)
    for value in ("0", "-1", "nan", "7", "much"):
        assert_refused(run("a.xyz", "--tolerance", "0.1", "--tolerance", value), "tolerance", value)
    assert_refused(run("a.xyz", "--workers", "0"), "workers")
    assert_refused(run("a.xyz", "--figure", "f.gif"), "f.gif", ".png")
    assert_refused(run("a.xyz", "--figure", "nowhere/f.png"), "nowhere")
    assert not list(tmp_path.glob("*.parquet*"))


def test_unwritable_output(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(Path("a.xyz"), WATER)
    Path("folder.parquet").mkdir()
    Path("file").touch()
    assert_refused(run("a.xyz", "--out", "folder.parquet"), "folder.parquet", "is a directory")
    assert_refused(run("a.xyz", "--out", "nowhere/out.parquet"), "nowhere", "cannot be written")
    assert_refused(run("a.xyz", "--out", "file/out.parquet"), "file", "cannot be written")
    assert_refused(run("a.xyz", "--out", "a.xyz"), "a.xyz", ".parquet")
    assert Path("a.xyz").read_text() == WATER


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root writes everywhere")
def test_read_only_folder(tmp_path, run):
    file = write(tmp_path / "a.xyz", WATER)
    tmp_path.chmod(0o500)
    assert_refused(run(file, "--out", tmp_path / "out.parquet"), "Permission denied")


def test_full_disk(tmp_path, run, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    file = write(tmp_path / "a.xyz", WATER)
    monkeypatch.setattr(pq, "write_table", full)
    assert_refused(run(file, "--out", tmp_path / "out.parquet"), "No space left on device")
    assert list(tmp_path.iterdir()) == [file]


def test_without_pyarrow(tmp_path, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    file = write(tmp_path / "a.xyz", WATER)
    assert_refused(run(file, "--out", tmp_path / "o.parquet"), 'pip install "spektron[data]"')


def test_no_molecule_at_all_is_told_in_the_rows(tmp_path, run):
    code, text, err = run(write(tmp_path / "a.xyz", ""), "--out", tmp_path / "o.parquet")
    assert code == 2
    assert "0 molecules; 1 records could not be used" in text
    assert err == f"spektron: {tmp_path / 'a.xyz'}, record 1: the file is empty\n"


def test_not_a_census(tmp_path):
    with pytest.raises(InputError, match="not a finished census"):
        read_census(write(tmp_path / "a.parquet", "x"))


# ---- interruption ----


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """An input of seven chunks and what its census must be."""
    folder = tmp_path_factory.mktemp("large")
    file = write(folder / "large.xyz", random_text(6 * CHUNK_RECORDS + 50))
    whole = run_census([file], folder / "whole.parquet", workers=1)
    return file, pq.read_table(whole.path)


def stop_after(n):
    """A progress callback that interrupts after ``n`` chunks."""
    calls = []

    def progress(_):
        calls.append(None)
        if len(calls) == n:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("n_workers", [1, 2])
def test_interrupted_census_is_continued(tmp_path, large, n_workers):
    file, expected = large
    out = tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt):
        run_census([file], out, workers=n_workers, progress=stop_after(3))
    assert not out.exists()
    assert len(list(Path(f"{out}.parts").glob("*.parquet"))) == 3
    seen = []
    found = run_census([file], out, workers=n_workers, progress=seen.append)
    assert pq.read_table(found.path).equals(expected)
    assert len(seen) == 4
    assert seen[-1].resumed == 3 * CHUNK_RECORDS
    assert (seen[-1].records, seen[-1].share) == (expected.num_rows, 1.0)
    assert not Path(f"{out}.parts").exists()


def test_all_records_in_order_with_workers(tmp_path, large):
    file, expected = large
    found = run_census([file], tmp_path / "out.parquet", workers=3)
    assert rows(found.path, "record") == [(k + 1,) for k in range(expected.num_rows)]
    assert pq.read_table(found.path).equals(expected)


def test_another_census_does_not_take_the_parts(tmp_path, run):
    file = write(tmp_path / "large.xyz", random_text(3 * CHUNK_RECORDS))
    out = tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt):
        run_census([file], out, workers=1, progress=stop_after(2))
    parts = f"{out}.parts"
    assert_refused(
        run(file, "--out", out, "--tolerance", "0.1"), parts, "tolerance 0.1 Å instead of auto"
    )
    other = write(tmp_path / "other.xyz", WATER)
    assert_refused(run(file, other, "--out", out), parts, f"{other} is new", "remove")
    assert_refused(run(other, "--out", out), parts, f"{other} is new")
    write(file, random_text(300, seed=1))
    assert_refused(run(file, "--out", out), parts, f"{file} has changed")
    Path(parts, "manifest.json").write_text("{")
    assert_refused(run(file, "--out", out), parts, "cannot be read")
    Path(parts, "manifest.json").unlink()
    assert_refused(run(file, "--out", out), parts, "without a manifest")


@pytest.mark.skipif(os.name == "nt", reason="locks of Unix")
def test_two_at_once(tmp_path, large, run):
    file, _ = large
    out = tmp_path / "out.parquet"
    outcomes = []

    def meddle(_):
        outcomes.append(run(file, "--out", out))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_census([file], out, workers=1, progress=meddle)
    assert_refused(outcomes[0], f"{out}.parts", "another process")


def start(tmp_path, file, out):
    """A census as a process, stopped at the first finished chunk."""
    running = subprocess.Popen(
        [*COMMAND, str(file), "--out", str(out), "--workers", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(Path(f"{out}.parts").glob("*.parquet")):
        assert running.poll() is None, running.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return running


def workers_of(pid):
    """Spawned children of a process (`ps` would cut long command lines)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_stopped_process(tmp_path, how):
    file = write(tmp_path / "a.xyz", random_text(12 * CHUNK_RECORDS))
    out = tmp_path / "out.parquet"
    running = start(tmp_path, file, out)
    its_workers = workers_of(running.pid)
    assert len(its_workers) == 2
    running.send_signal(how)
    text, err = running.communicate(timeout=60)
    # Python 3.11 ends by the signal itself if Ctrl-C fell into an exec, as imports do.
    assert running.returncode in ((130, -how) if how == signal.SIGINT else (-how,))
    assert text == ""
    if how == signal.SIGINT:
        assert re.fullmatch(r"spektron: interrupted; .*parts.* the same command continues\n", err)
    assert not out.exists()
    kept = len(list(Path(f"{out}.parts").glob("*.parquet")))
    assert 0 < kept < 12
    deadline = time.monotonic() + 20
    while any(map(is_alive, its_workers)):
        assert time.monotonic() < deadline, "workers outlive the census"
        time.sleep(0.05)

    done = subprocess.run(
        [*COMMAND, str(file), "--out", str(out)], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "spektron: continues the interrupted census\n")
    assert rows(out, "record") == [(k + 1,) for k in range(12 * CHUNK_RECORDS)]
    assert not Path(f"{out}.parts").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_killed_worker(tmp_path):
    file = write(tmp_path / "a.xyz", random_text(12 * CHUNK_RECORDS))
    out = tmp_path / "out.parquet"
    running = start(tmp_path, file, out)
    for worker in workers_of(running.pid):
        os.kill(worker, signal.SIGKILL)
    text, err = running.communicate(timeout=60)
    assert (running.returncode, text) == (2, "")
    assert err.count("\n") == 1
    assert "the same command continues" in err
    found = run_census([file], out)
    assert found.shares[0].n_molecules == 12 * CHUNK_RECORDS


def test_parts_that_were_left_behind(tmp_path, large):
    """Killed between the last step and the removal of the parts."""
    file, expected = large
    out = tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt):
        run_census([file], out, workers=1, progress=stop_after(7))
    found = run_census([file], out, workers=1)
    assert pq.read_table(found.path).equals(expected)


# ---- the example, and real data ----


def test_sweep_example(tmp_path):
    data = tmp_path / "geometries"
    data.mkdir()
    archive(data / "qm7_xyz.tar.xz", {"1.xyz": WATER, "2.xyz": example("benzene").to_xyz()})
    write(data / "dft8k.sdf.gz", SDF)
    write(data / "exp5k.sdf.gz", SDF * 2)
    script = Path(__file__).resolve().parents[1] / "examples" / "census_sweep.py"
    command = [sys.executable, str(script), "--data", str(tmp_path), "--out", "figures"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "| QM7 | estimated | 50.00 % | 1 | 0.0 % | 1 | 2 |\n" in done.stdout
    assert "| 6 | 1 | 1 (100.00 %) | 0.0 % |\n" in done.stdout
    lines = (tmp_path / "figures" / "census_sweep.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * 7
    assert lines[7] == "QM7,,2,1,1,0,1,2,19/30"
    assert (tmp_path / "figures" / "census_sweep.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_qm7(tmp_path, shared_data):
    file = shared_data / "geometries" / "qm7_xyz.tar.xz"
    if not file.is_file():
        pytest.skip(f"no {file}")
    found = run_census([file], tmp_path / "qm7.parquet")
    (share,) = found.shares
    assert (share.n_molecules, found.n_bad) == (7101, 0)
    table = {row["name"]: row for row in rows(found.path)}
    expected = {"0001": ("CH4", "Td", 1), "0003": ("C2H4", "D2h", 11 / 12),
                "0066": ("C5H12", "Td", 32 / 45), "0240": ("C6H6", "D6h", 19 / 30)}  # fmt: skip
    for name, (formula, group, R) in expected.items():
        row = table[name]
        assert (row["formula"], row["group"], row["R"]) == (formula, group, pytest.approx(R))
    assert 0.99 < share.n_complete / share.n_molecules < 1
