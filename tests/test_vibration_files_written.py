"""Written files, read back by other programs or by parsers of their published formats."""

import csv
import io
import os
from dataclasses import replace

import numpy as np
import pytest
from spektron.pointgroup import example
from spektron.pointgroup.errors import FileError
from spektron.pointgroup.molecules.readers import read_molecules
from spektron.vibration.errors import SpectrumError
from spektron.vibration.files import (
    write_animation,
    write_curve,
    write_displacements,
    write_harmonic,
    write_jcamp,
    write_molden,
    write_peaks,
)
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.modes import modes_from_displacements
from spektron.vibration.spectrum import Spectrum, broaden

BOHR = 0.529177210544
WAVENUMBERS = [-600.25, 1333.5, 2349.125, 667.0]


@pytest.fixture(scope="module")
def modes():
    """Carbon dioxide, with a bend that is made imaginary, in the order bend, stretches, bend."""
    molecule = example("carbon_dioxide")
    carbon = molecule.symbols.index("C")
    first, second = (i for i in range(3) if i != carbon)
    axis = molecule.positions[second] - molecule.positions[first]
    axis = axis / np.linalg.norm(axis)
    across = np.eye(3)[np.argmin(np.abs(axis))]
    moves = np.zeros((4, 3, 3))
    moves[0, carbon], moves[0, [first, second]] = across, -0.375 * across
    moves[1, first], moves[1, second] = axis, -axis
    moves[2, carbon], moves[2, [first, second]] = axis, -0.375 * axis
    third = np.cross(axis, across)
    moves[3, carbon], moves[3, [first, second]] = third, -0.375 * third
    modes = modes_from_displacements(
        molecule,
        WAVENUMBERS,
        moves,
        ir_intensities=[30.0, 0.0, 550.5, 30.0],
        raman_activities=[0.0, 21.25, 0.0, 0.0],
        level="model",
    )
    return replace(modes, depolarisation=np.array([np.nan, 0.1, np.nan, np.nan]))


def sections(text):
    """Lines of each section of a Molden file."""
    out, name = {}, ""
    for line in text.splitlines():
        if line.startswith("["):
            name, _, rest = line[1:].partition("]")
            out[name] = [rest.strip()]
        else:
            out[name].append(line)
    return out


def test_molden_by_its_format(modes, tmp_path):
    path = tmp_path / "modes.molden"
    write_molden(modes, path)
    text = path.read_text()
    assert text.startswith("[Molden Format]\n")
    found = sections(text)
    assert found["Atoms"][0] == "Angs"
    atoms = [line.split() for line in found["Atoms"][1:]]
    assert [a[0] for a in atoms] == list(modes.molecule.symbols)
    assert [int(a[2]) for a in atoms] == modes.molecule.atomic_numbers.tolist()
    positions = np.array([a[3:] for a in atoms], dtype=float)
    assert positions == pytest.approx(modes.molecule.positions, abs=1e-12)
    assert [float(x) for x in found["FREQ"][1:]] == WAVENUMBERS
    bohr = np.array([line.split()[1:] for line in found["FR-COORD"][1:]], dtype=float)
    assert bohr * BOHR == pytest.approx(positions, abs=1e-11)
    lines = found["FR-NORM-COORD"][1:]
    assert [line for line in lines if "vibration" in line] == lines[::4]
    vectors = [line.split() for line in lines if "vibration" not in line]
    assert np.array(vectors, dtype=float).reshape(4, 3, 3) == pytest.approx(
        modes.displacements, abs=1e-11
    )
    intensities = np.array([line.split() for line in found["INT"][1:]], dtype=float)
    assert intensities[:, 0].tolist() == [30.0, 0.0, 550.5, 30.0]
    assert intensities[:, 1].tolist() == [0.0, 21.25, 0.0, 0.0]


def test_displacements_by_ase(modes, tmp_path):
    ase = pytest.importorskip("ase.io")
    path = tmp_path / "modes.xyz"
    write_displacements(modes, path)
    frames = ase.read(path, index=":")
    assert [frame.info["wavenumber"] for frame in frames] == WAVENUMBERS
    assert [frame.info["irrep"] for frame in frames] == list(modes.irreps)
    assert [frame.info["ir_intensity"] for frame in frames] == [30.0, 0.0, 550.5, 30.0]
    assert [frame.info["raman_activity"] for frame in frames] == [0.0, 21.25, 0.0, 0.0]
    for frame, move in zip(frames, modes.displacements, strict=True):
        assert frame.arrays["displacements"] == pytest.approx(move, abs=1e-10)
        assert frame.positions == pytest.approx(modes.molecule.positions, abs=1e-10)


def test_displacements_by_our_own_reader(modes, tmp_path):
    path = tmp_path / "modes.xyz"
    write_displacements(modes, path)
    molecules = read_molecules(path)
    assert len(molecules) == 4
    assert molecules[0].positions == pytest.approx(modes.molecule.positions, abs=1e-10)


@pytest.mark.parametrize("frames", [2, 5, 24])
def test_film_by_ase(modes, tmp_path, frames):
    ase = pytest.importorskip("ase.io")
    path = tmp_path / "film.xyz"
    write_animation(modes, 2, path, frames=frames, amplitude=0.25)
    film = np.array([frame.positions for frame in ase.read(path, index=":")])
    moves = film - modes.molecule.positions
    largest = np.linalg.norm(modes.displacements[2], axis=1).max()
    for k, move in enumerate(moves):
        phase = np.sin(2 * np.pi * k / frames)
        expected = 0.25 * phase * modes.displacements[2] / largest
        assert move == pytest.approx(expected, abs=1e-9)
    assert len(film) == frames


@pytest.mark.parametrize(
    ("mode", "options", "message"),
    [
        (4, {}, "mode 4: the modes are numbered 0 to 3"),
        (-1, {}, "mode -1"),
        (0, {"frames": 1}, "1 frames"),
        (0, {"amplitude": 0.0}, "amplitude 0"),
        (0, {"amplitude": np.nan}, "amplitude nan"),
    ],
)
def test_refused_films(modes, tmp_path, mode, options, message):
    with pytest.raises(SpectrumError, match=message):
        write_animation(modes, mode, tmp_path / "film.xyz", **options)
    assert os.listdir(tmp_path) == []


def test_table_of_peaks(modes, tmp_path):
    path = tmp_path / "peaks.csv"
    write_peaks(modes, path)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [float(row["wavenumber_cm-1"]) for row in rows] == WAVENUMBERS
    assert [row["irrep"] for row in rows] == list(modes.irreps) == ["Πu", "Σg+", "Σu+", "Πu"]
    assert [(row["ir_active"], row["raman_active"]) for row in rows] == [
        ("1", "0"),
        ("0", "1"),
        ("1", "0"),
        ("1", "0"),
    ]
    assert [row["depolarisation_plane"] for row in rows] == ["", "0.1", "", ""]
    assert float(rows[2]["reduced_mass_u"]) == modes.reduced_masses[2]
    assert [int(row["set"]) for row in rows] == [1, 2, 3, 1]


def test_unknown_intensities_are_empty(modes, tmp_path):
    bare = modes_from_displacements(modes.molecule, WAVENUMBERS, modes.displacements)
    write_peaks(bare, tmp_path / "peaks.csv")
    row = next(csv.DictReader(io.StringIO((tmp_path / "peaks.csv").read_text())))
    assert row["ir_intensity_km/mol"] == row["raman_activity_A4/u"] == ""
    write_molden(bare, tmp_path / "modes.molden")
    intensities = sections((tmp_path / "modes.molden").read_text())["INT"][1:]
    assert [float(x) for x in intensities] == [0.0] * 4


def test_curve_keeps_every_digit(modes, tmp_path):
    spectrum = broaden(modes)
    path = tmp_path / "curve.csv"
    write_curve(spectrum, path)
    assert path.read_text().startswith("wavenumber (cm⁻¹),intensity (L mol⁻¹ cm⁻¹)\n")
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    assert table[:, 0].tobytes() == spectrum.wavenumbers.tobytes()
    assert table[:, 1].tobytes() == spectrum.intensities.tobytes()


# ---- nothing is half written ----

SPECTRUM = Spectrum([1.0, 2.0], [0.0, 1.0], "ir", "x")


def writers(modes):
    data = HarmonicData(modes.molecule, np.zeros((9, 9)))
    return {
        "molden": lambda path: write_molden(modes, path),
        "xyz": lambda path: write_displacements(modes, path),
        "film": lambda path: write_animation(modes, 0, path),
        "peaks": lambda path: write_peaks(modes, path),
        "curve": lambda path: write_curve(SPECTRUM, path),
        "json": lambda path: write_harmonic(data, path),
        "jcamp": lambda path: write_jcamp(SPECTRUM, path),
    }


@pytest.mark.parametrize("name", ["molden", "xyz", "film", "peaks", "curve", "json", "jcamp"])
def test_what_cannot_be_written(modes, tmp_path, name):
    write = writers(modes)[name]
    with pytest.raises(FileError, match=r"nowhere.*: cannot be written: No such file"):
        write(tmp_path / "nowhere" / "file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        write(tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["folder"]
    write(tmp_path / "file")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_a_failing_disk_keeps_the_old_file(modes, tmp_path, monkeypatch):
    path = tmp_path / "peaks.csv"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(FileError, match=r"peaks.csv: cannot be written: No space left"):
        write_peaks(modes, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["peaks.csv"]
