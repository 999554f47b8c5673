"""Files to molecules: formats against other programs' readers, and every way to fail."""

import gzip
import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import InputError, Molecule
from spektron.pointgroup.errors import FileError
from spektron.pointgroup.molecules.readers import (
    iter_molecules,
    read_molecule,
    read_molecules,
    write_xyz,
)
from spektron.pointgroup.molecules.validation import MINIMUM_SEPARATION
from spektron.pointgroup.molecules.xyz import format_xyz, parse_xyz

XYZ = "3\nwater\nO 0.0 0.0 0.117\nH 0.0 0.757 -0.469\nH 0.0 -0.757 -0.469\n"

MOL = """water
     RDKit          3D

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.1170 O   0  0
    0.0000    0.7570   -0.4690 H   0  0
    0.0000   -0.7570   -0.4690 H   0  0
  1  2  1  0
  1  3  1  0
M  END
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="molecule.xyz"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_plain_xyz(file):
    molecule = read_molecule(file(XYZ))
    assert molecule.symbols == ("O", "H", "H")
    assert molecule.positions[1] == pytest.approx([0, 0.757, -0.469])
    assert molecule.name == "molecule"
    assert molecule.has_default_masses


@pytest.mark.parametrize(
    "text",
    [
        XYZ.replace("\n", "\r\n"),
        "\ufeff" + XYZ,
        "\n" + XYZ + "\n\n",
        XYZ.rstrip("\n"),
        XYZ.replace("O ", "8 ").replace("H ", "1 "),
        XYZ.replace("0.117", "0.117 0.5 -0.5 more"),
        XYZ.replace("0.117", "1.17D-01"),
        XYZ.replace("0.117", "1.17*^-1"),
        XYZ.replace("H ", "\th "),
    ],
)
def test_dialects_of_xyz(file, text):
    assert read_molecule(file(text)) == next(parse_xyz(XYZ))


def test_several_records(file):
    path = file(XYZ + XYZ.replace("O 0", "S 0") + "\n" + XYZ)
    molecules = read_molecules(path)
    assert [m.formula for m in molecules] == ["H2O", "H2S", "H2O"]
    assert [m.name for m in molecules] == ["molecule", "molecule:2", "molecule:3"]
    assert read_molecule(path) == molecules[0]


def test_extended_xyz_columns_are_found_by_name(file):
    text = (
        "2\nProperties=forces:R:3:masses:R:1:Z:I:1:pos:R:3 charge=-1 multiplicity=2 "
        'name="some ion" pbc="F F F" Lattice="9 0 0 0 9 0 0 0 9"\n'
        "1 2 3 18 8 0 0 0\n1 2 3 2.5 1 0 0 0.96\n"
    )
    molecule = read_molecule(file(text, "a.extxyz"))
    assert molecule.symbols == ("O", "H")
    assert molecule.masses.tolist() == [18, 2.5]
    assert (molecule.charge, molecule.multiplicity, molecule.name) == (-1, 2, "some ion")


def test_reads_what_ase_writes(file):
    ase = pytest.importorskip("ase")
    io = pytest.importorskip("ase.io")
    path = file("")
    atoms = ase.Atoms("CHFClBr", positions=np.random.default_rng(1).normal(size=(5, 3)) * 2)
    atoms.set_masses([13.0, 2.0, 19.0, 37.0, 81.0])
    atoms.info["charge"] = -1
    io.write(path, atoms, format="extxyz", columns=["symbols", "positions", "masses"])
    molecule = read_molecule(path)
    again = io.read(path, format="extxyz")
    assert molecule.symbols == tuple(again.get_chemical_symbols())
    assert molecule.positions == pytest.approx(again.get_positions(), abs=1e-12)
    assert molecule.masses == pytest.approx(atoms.get_masses())
    assert molecule.charge == -1


def test_ase_and_pymatgen_read_what_we_write(tmp_path):
    io = pytest.importorskip("ase.io")
    core = pytest.importorskip("pymatgen.core")
    molecule = next(parse_xyz(XYZ)).with_isotopes({1: 2})
    molecule.write(tmp_path / "a.xyz")
    atoms = io.read(tmp_path / "a.xyz", format="extxyz")
    assert atoms.get_positions() == pytest.approx(molecule.positions, abs=1e-12)
    assert atoms.get_masses() == pytest.approx(molecule.masses)
    assert not atoms.pbc.any()
    peer = core.Molecule.from_file(str(tmp_path / "a.xyz"))
    assert peer.cart_coords == pytest.approx(molecule.positions, abs=1e-12)


@st.composite
def molecules(draw):
    n = draw(st.integers(1, 6))
    coordinate = st.floats(-50, 50, allow_nan=False)
    positions = np.array(draw(st.lists(st.tuples(*[coordinate] * 3), min_size=n, max_size=n)))
    positions += np.arange(n)[:, None] * 200.0  # keeps the atoms apart
    symbols = draw(st.lists(st.sampled_from(["H", "C", "Cl", "Og", "D"]), min_size=n, max_size=n))
    masses = draw(st.none() | st.lists(st.floats(0.1, 300), min_size=n, max_size=n))
    return Molecule(
        symbols,
        positions,
        masses,
        charge=draw(st.integers(-4, 4)),
        multiplicity=draw(st.integers(1, 5)),
        name=draw(st.sampled_from(["", "water", "a name", "β-C12"])),
    )


@given(molecules())
def test_xyz_round_trip_is_exact(molecule):
    again = next(parse_xyz(format_xyz(molecule)))
    assert again == molecule
    assert again.name == molecule.name


def test_writing_replaces_the_file_whole(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text("old")
    write_xyz(next(parse_xyz(XYZ)), path)
    assert read_molecule(path) == next(parse_xyz(XYZ))
    assert [p.name for p in tmp_path.iterdir()] == ["a.xyz"]
    with pytest.raises(FileError, match="cannot be written"):
        write_xyz(next(parse_xyz(XYZ)), tmp_path / "no" / "a.xyz")


def test_mol_and_sdf(file):
    water = next(parse_xyz(XYZ))
    assert read_molecule(file(MOL, "a.mol")) == water
    assert read_molecule(file(MOL, "a.mol")).name == "water"
    isotope = MOL.replace("M  END", "M  CHG  1   1  -1\nM  ISO  1   2   2\nM  END")
    two = MOL + "> <energy>\n-76.4\n\n$$$$\n" + isotope + "$$$$\n"
    compressed = file(gzip.compress(two.encode()), "b.sdf.gz")
    for path in (file(two, "a.sdf"), compressed):
        first, second = read_molecules(path)
        assert first == water
        assert second.mass_numbers == (16, 2, 1)
        assert second.charge == -1


def test_v3000_and_planar_without_dimension(file):
    chem = pytest.importorskip("rdkit.Chem")
    flat = MOL.replace("          3D", "").replace("0.1170", "0.0000").replace("-0.4690", " 0.0000")
    flat = flat.replace("0.0000    0.0000    0.0000 O", "0.5000    0.0000    0.0000 O")
    assert read_molecule(file(flat, "flat.mol")).formula == "H2O"
    block = chem.MolToV3KMolBlock(chem.MolFromMolBlock(MOL, removeHs=False))
    assert read_molecule(file(block, "v3.mol")).positions == pytest.approx(
        next(parse_xyz(XYZ)).positions
    )


def flat_mol(dimension):
    rows = "".join(
        f"{x:10.4f}{y:10.4f}    0.0000 {s}   0  0\n"
        for s, x, y in (("C", 0, 0), ("H", 1, 0), ("H", -1, 0), ("H", 0, 1), ("H", 0, -1))
    )
    bonds = "".join(f"  1  {k}  1  0\n" for k in range(2, 6))
    counts = "  5  4  0  0  0  0  0  0  0  0999 V2000"
    return f"methane\n     RDKit          {dimension}\n\n{counts}\n{rows}{bonds}M  END\n"


ONE_HYDROGEN = (
    MOL.replace("3  2  0", "2  1  0", 1)
    .replace("    0.0000   -0.7570   -0.4690 H   0  0\n", "")
    .replace("  1  3  1  0\n", "")
)

BAD_FILES = [
    ("a.xyz", "", "the file is empty"),
    ("a.xyz", " \n\n", "the file is empty"),
    ("a.xyz", b"\x89PNG\r\n\x1a\n\xff\xfe", "line 1: not UTF-8 text"),
    ("a.xyz", "3\n\xe9t\xe9\n".encode("latin-1"), "line 2: not UTF-8 text"),
    ("a.xyz", b"3\n\0\0", "zero byte"),
    ("a.xyz", "hello\n", "line 1: expected the number of atoms, got 'hello'"),
    ("a.xyz", "O 0 0 0\nH 0 0 1\n", "line 1: expected the number of atoms"),
    ("a.xyz", "-3\n\n", "line 1: expected the number of atoms"),
    ("a.xyz", "0\n\n", "line 1: the number of atoms is 0"),
    ("a.xyz", XYZ.replace("3\n", "4\n", 1), "line 1: 4 atoms announced, but the file ends after 3"),
    ("a.xyz", "3\n", "line 1: 3 atoms announced, but the file ends after 0"),
    ("a.xyz", XYZ.replace("3\n", "2\n", 1), "line 5: expected the number of atoms"),
    ("a.xyz", XYZ + "4\n\nH 0 0 0\n", "line 6: 4 atoms announced"),
    ("a.xyz", XYZ.replace("0.757 ", "abc ", 1), "line 4: the coordinate 'abc' is not a number"),
    ("a.xyz", XYZ.replace("0.117", "nan"), "line 3: the coordinate 'nan' is not finite"),
    ("a.xyz", XYZ.replace("0.117", "-inf"), "line 3: the coordinate '-inf' is not finite"),
    ("a.xyz", XYZ.replace("0.0 0.117", "0.117"), "line 3: expected 4 columns"),
    ("a.xyz", XYZ.replace("O ", "Qq "), "line 3: unknown element 'Qq'"),
    ("a.xyz", XYZ.replace("O ", "119 "), "line 3: unknown element '119'"),
    ("a.xyz", XYZ.replace("H 0.0 -0.757", "H 0.0 0.757"), r"line 1: .* atoms 2 \(H\) and 3 \(H\)"),
    ("a.xyz", XYZ.replace("water", 'pbc="T T F"'), "line 2: .*crystal"),
    ("a.xyz", XYZ.replace("water", 'Lattice="5 0 0 0 5 0 0 0 5"'), "line 2: .*crystal"),
    ("a.xyz", XYZ.replace("water", "charge=0.5"), "line 2: charge='0.5' is not an integer"),
    ("a.xyz", XYZ.replace("water", "multiplicity=0"), "line 1: .*multiplicity"),
    ("a.xyz", XYZ.replace("water", "Properties=pos:R:3"), "line 2: Properties must name"),
    ("a.xyz", XYZ.replace("water", "Properties=species:S:x:pos:R:3"), "line 2: the width 'x'"),
    ("a.xyz", XYZ.replace("water", "Properties=species:S:1:pos:R:3:mass:R:1"), "expected 5"),
    ("a.pdb", XYZ, "unknown file type '.pdb'; known are .xyz"),
    ("molecule", XYZ, "unknown file type ''"),
    ("a.xyz.gz", XYZ, "not a valid gzip file"),
    ("a.sdf.gz", gzip.compress(b"x" * 99, mtime=0)[:-9], "not a valid gzip file"),
    ("a.mol", "garbage\n", "line 1: .*M  END"),
    ("a.mol", MOL.replace("V2000", ""), "line 4 is no counts line"),
    ("a.mol", MOL[:-20] + "\n", "truncated"),
    ("a.mol", MOL.replace("  3  2  0", "  4  2  0"), "line 1: .*RDKit cannot parse"),
    ("a.mol", MOL.replace("0.1170", "0.x170"), "line 1: .*RDKit cannot parse"),
    ("a.sdf", MOL + "$$$$\n" + MOL.replace("O   0", "Qq  0") + "$$$$\n", "line 12: "),
    ("a.sdf", flat_mol("2D") + "$$$$\n", "2D drawing"),
    ("a.mol", flat_mol("  "), "2D drawing"),
    ("a.mol", flat_mol("3D"), "2D drawing"),
    ("a.mol", ONE_HYDROGEN, r"atom 1 \(O\) lacks 1 hydrogen"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES)
def test_bad_files_are_refused_in_one_line(file, capfd, name, content, message):
    path = file(content, name)
    with pytest.raises(FileError, match=message) as raised:
        read_molecules(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)
    assert capfd.readouterr().err == ""  # RDKit is silent


def test_no_such_file_directory_permission(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_molecule(tmp_path / "a.xyz")
    with pytest.raises(FileError, match="is a directory"):
        read_molecule(tmp_path)
    (tmp_path / "b.xyz").mkdir()
    with pytest.raises(FileError, match="is a directory"):
        read_molecule(tmp_path / "b.xyz")
    with pytest.raises(FileError, match="cannot be read"):
        read_molecule("a\0b.xyz")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_permission_denied(file):
    path = file(XYZ)
    path.chmod(0)
    with pytest.raises(FileError, match="permission denied"):
        read_molecule(path)


def test_records_before_a_bad_one_are_read(file):
    molecules = iter_molecules(file(XYZ + XYZ + XYZ.replace("O ", "Qq ")))
    assert next(molecules) == next(molecules)
    with pytest.raises(FileError, match="line 13: unknown element 'Qq'"):
        next(molecules)


@given(st.text(alphabet="3 0.1-eHO\n\t=:\"'{}pbcZ", max_size=60))
def test_any_text_is_read_or_refused(text):
    molecules, message = [], ""
    try:
        molecules += parse_xyz(text)
    except InputError as error:
        message = str(error)
    assert "\n" not in message
    for molecule in molecules:
        gaps = molecule.positions[:, None] - molecule.positions
        distances = np.linalg.norm(gaps, axis=2)[np.triu_indices(molecule.n_atoms, 1)]
        assert (distances >= MINIMUM_SEPARATION).all()


def test_xyz_does_not_import_rdkit(tmp_path):
    import subprocess

    write_xyz(next(parse_xyz(XYZ)), tmp_path / "a.xyz")
    code = (
        "import sys; from spektron.pointgroup import Molecule; "
        f"Molecule.from_file({str(tmp_path / 'a.xyz')!r}); "
        "sys.exit('rdkit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_qm7_is_read_within_seconds(shared_data, tmp_path):
    import tarfile
    import time

    with tarfile.open(shared_data / "geometries" / "qm7_xyz.tar.xz") as archive:
        records = [
            archive.extractfile(member).read().decode().rstrip("\n")
            for member in archive
            if member.name.endswith(".xyz")
        ]
    path = tmp_path / "qm7.xyz"
    path.write_text("\n".join(records) + "\n")
    start = time.perf_counter()
    molecules = read_molecules(path)
    elapsed = time.perf_counter() - start
    assert len(molecules) == 7101
    assert elapsed < 5  # about 0.5 s on an idle core
