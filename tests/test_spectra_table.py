"""The table in memory against the file row by row, and curves against spektron.vibration."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.broadening import Axis, broaden_lines, curves, uniform_axis
from spektron.ml.channels import CONTENTS, live, raman_channels, select, strongest_is_one
from spektron.ml.errors import SpectraError
from spektron.ml.table import NUMBERS, TEXTS, Ragged, read_spectra, sticks_table
from spektron.pointgroup import Molecule, PointGroup, example, mode_counts
from spektron.pointgroup.errors import FileError
from spektron.pointgroup.selection import SelectionRules
from spektron.vibration import broaden, modes_from_displacements

NAMES = ("water", "ammonia", "methane", "benzene")


def row_of(name, rng):
    """A row with the group theory of a packaged example and random lines."""
    molecule = example(name)
    counts = mode_counts(molecule)
    group = PointGroup(str(counts.group))
    rules = SelectionRules.of(group)
    irreps, activity = [], ""
    for irrep, count in counts.representation.terms:
        allowed = rules.activity(irrep)
        letter = "SIRB"[allowed.ir + 2 * allowed.raman]
        irreps += [str(irrep)] * int(count * irrep.dimension)
        activity += letter * int(count * irrep.dimension)
    n = len(activity)
    assert n == counts.n_vib
    row = dict.fromkeys(TEXTS, "") | dict.fromkeys(NUMBERS, 0)
    return row | {
        "key": f"key of {name}",
        "name": name,
        "smiles": "C",
        "inchikey": f"{name.upper():A<14}-UHFFFAOYSA-N",
        "formula": molecule.formula,
        "group": str(group),
        "irreps": " ".join(irreps),
        "n_atoms": len(molecule),
        "multiplicity": 1,
        "R": float(counts.R),
        "R_fundamentals": float(counts.R_fundamentals),
        "n_vib": n,
        "n_silent": counts.n_silent,
        "energy": -1.5,
        "centrosymmetric": group.has_inversion,
        "activity": activity,
        "wavenumbers": np.sort(rng.uniform(300, 3500, n)),
        "ir_intensities": rng.exponential(50, n),
        "raman_activities": rng.exponential(50, n),
        "depolarisation": np.full(n, 0.75),
        "sets": np.arange(n),
        "atomic_numbers": np.array([{"H": 1, "C": 6, "N": 7, "O": 8}[s] for s in molecule.symbols]),
        "positions": np.asarray(molecule.positions).ravel(),
        "failure": "",
        "reason": "",
    }


LISTS = ("wavenumbers", "ir_intensities", "raman_activities", "depolarisation", "positions")


def rows():
    rng = np.random.default_rng(5)
    good = [row_of(name, rng) for name in NAMES]
    nothing = {name: [] for name in LISTS}
    atom = good[0] | nothing | {"name": "argon", "activity": "", "sets": [], "n_vib": 0}
    failed = atom | {"name": "bad", "failure": "bonding changed", "reason": "x", "sets": None}
    failed |= {"wavenumbers": None, "R": None, "group": None, "energy": None}
    return [good[0], failed, good[1], atom, *good[2:]]


def write(path, rows, kind="spectra", drop=()):
    pa = pytest.importorskip("pyarrow")
    from spektron.ml.datasets.parquet import write_table

    types = {name: pa.string() for name in TEXTS} | {name: pa.int16() for name in NUMBERS}
    types |= {name: pa.float64() for name in ("R", "R_fundamentals", "energy")}
    types |= {name: pa.list_(pa.float32()) for name in LISTS}
    types |= {"centrosymmetric": pa.bool_(), "sets": pa.list_(pa.int16())}
    types |= {"atomic_numbers": pa.list_(pa.uint8())}
    types |= {"activity": pa.string(), "failure": pa.string(), "reason": pa.string()}
    table = pa.table(
        {n: pa.array([row[n] for row in rows], t) for n, t in types.items() if n not in drop}
    )
    write_table(path, table, kind, {})
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("table") / "t.parquet", rows())


# The table


def test_table_is_the_file_without_failures(file):
    table = read_spectra(file)
    good = [row for row in rows() if row["name"] in NAMES]
    assert len(table) == len(good)
    assert table.n_failed == 1
    assert table.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    for i, row in enumerate(good):
        part = slice(*table.wavenumbers.offsets[i : i + 2])
        assert table.wavenumbers[i].tolist() == np.float32(row["wavenumbers"]).tolist()
        for name in ("ir_intensities", "raman_activities", "depolarisation"):
            assert getattr(table, name)[part].tolist() == np.float32(row[name]).tolist()
        letters = ["SIRB"[bits] for bits in table.activity[part]]
        assert "".join(letters) == row["activity"]
        atoms = slice(*table.atomic_numbers.offsets[i : i + 2])
        assert np.allclose(table.positions[atoms].ravel(), row["positions"], atol=1e-6)
        assert table.texts["name"][i] == row["name"]
        assert table.numbers["R"][i] == row["R"]


def test_a_folder_of_parts_is_one_table(file, tmp_path):
    whole = read_spectra(file)
    write(tmp_path / "part-1.parquet", rows()[:3])
    write(tmp_path / "part-2.parquet", rows()[3:])
    joined = read_spectra(tmp_path)
    assert joined.texts["name"] == whole.texts["name"]
    assert np.array_equal(joined.wavenumbers.values, whole.wavenumbers.values)
    assert np.array_equal(joined.activity, whole.activity)
    assert joined.n_failed == 1
    assert len({joined.sha256, whole.sha256, read_spectra(tmp_path / "part-1.parquet").sha256}) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(SpectraError, match="no parquet file"):
        read_spectra(tmp_path / "empty")


def test_arrays_are_read_only_and_taken_rows_are_the_same(file):
    table = read_spectra(file)
    for values in (table.wavenumbers.values, table.ir_intensities, table.numbers["R"]):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1
    some = table.take([2, 0, 2])
    assert some.column("name").tolist() == [NAMES[2], NAMES[0], NAMES[2]]
    for i, j in enumerate((2, 0, 2)):
        assert np.array_equal(some.wavenumbers[i], table.wavenumbers[j])
        assert np.array_equal(some.atomic_numbers[i], table.atomic_numbers[j])
        for a, b in zip(some.strengths(np.array([i])), table.strengths(np.array([j])), strict=True):
            assert np.array_equal(getattr(a, "values", a), getattr(b, "values", b))


def test_forbidden_and_imaginary_lines_have_no_strength(file):
    table = read_spectra(file)
    benzene = np.array([3])
    _, strengths = table.strengths(benzene)
    shown = table.activity[slice(*table.wavenumbers.offsets[3:5])]
    # Benzene: 4 infrared and 7 Raman fundamentals, mutually exclusive; 8 are silent (30 modes).
    assert ((strengths[:, 0] > 0).sum(), (strengths[:, 1] > 0).sum()) == (7, 12)
    assert not (strengths > 0).all(axis=1).any()
    assert (shown == 0).sum() == 11
    one = sticks_table(["x"], [[-50.0, 900.0]], [[9.0, 1.0]], [[9.0, 1.0]])
    assert one.strengths(np.array([0]))[1].tolist() == [[0, 0], [1, 1]]


@given(st.lists(st.lists(st.integers(-9, 9), max_size=4), min_size=1, max_size=6), st.data())
def test_ragged_is_a_list_of_lists(lists, data):
    ragged = Ragged.of(lists)
    some = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    assert [ragged[i].tolist() for i in range(len(ragged))] == lists
    taken = ragged.take(np.array(some, dtype=int))
    assert [taken[i].tolist() for i in range(len(taken))] == [lists[i] for i in some]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: [r[1]], "none of 1 rows has a spectrum"),
        (lambda r: [r[0] | {"wavenumbers": [np.nan] * 3}], "water.*not finite"),
        (lambda r: [r[0] | {"activity": "IIX"}], "activity 'X'"),
        (lambda r: [r[0] | {"ir_intensities": [1.0]}], "1 values of ir_intensities for 3 modes"),
    ],
)
def test_bad_rows(tmp_path, spoil, message):
    with pytest.raises(SpectraError, match=message):
        read_spectra(write(tmp_path / "t.parquet", spoil(rows())))


def test_bad_files(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_spectra(tmp_path / "none.parquet")
    (tmp_path / "x").write_bytes(b"junk")
    with pytest.raises(FileError, match="no readable parquet"):
        read_spectra(tmp_path / "x")
    with pytest.raises(FileError, match="holds census"):
        read_spectra(write(tmp_path / "c", rows(), kind="census"))
    with pytest.raises(SpectraError, match="no column sets"):
        read_spectra(write(tmp_path / "s", rows(), drop=("sets",)))
    with pytest.raises(SpectraError, match="no column 'taste'"):
        sticks_table(["x"], [[1.0]], [[1.0]], [[1.0]]).column("taste")


# Curves


def modes(seed, n=3):
    """Water with made-up lines; the curves depend on nothing else."""
    rng = np.random.default_rng(seed)
    water = Molecule(["O", "H", "H"], [[0, 0, 0], [0, 0.76, 0.59], [0, -0.76, 0.59]])
    return modes_from_displacements(
        water,
        np.sort(rng.uniform(300, 3700, n)),
        rng.normal(size=(n, 3, 3)),
        ir_intensities=rng.exponential(50, n),
        raman_activities=rng.exponential(50, n),
    )


@pytest.mark.parametrize("shape", ["lorentzian", "gaussian"])
def test_curves_are_those_of_the_vibration_room(shape):
    axis, widths = Axis(200, 3800, 721), np.array([4.0, 10.0, 35.0, 10.0])
    all_modes = [modes(seed) for seed in range(4)]
    table = sticks_table(
        list("abcd"),
        [m.wavenumbers for m in all_modes],
        [m.ir_intensities for m in all_modes],
        [m.raman_activities for m in all_modes],
    )
    lines, strengths = table.strengths(np.arange(4))
    found = curves(lines, strengths, axis, fwhm=widths, shape=shape)
    for i, each in enumerate(all_modes):
        for channel, kind in enumerate(("ir", "raman")):
            wanted = broaden(each, kind, fwhm=widths[i], shape=shape, grid=axis.wavenumbers)
            scale = wanted.intensities.max()
            assert np.abs(found[i, channel] - wanted.intensities).max() < 1e-4 * scale


def test_area_of_a_line_is_its_strength():
    axis = Axis(0, 100_000, 200_001)
    lines = Ragged.of([[50_000.0]])
    found = broaden_lines(lines, np.array([[7.0, 2.0]], "f4"), axis, fwhm=60.0)
    assert found.sum(axis=2)[0] * axis.step == pytest.approx([7.0, 2.0], rel=2e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"fwhm": 0.0}, "FWHM 0"), ({"fwhm": np.nan}, "FWHM nan"), ({"shape": "x"}, "line shape 'x'")],
)
def test_bad_lines(change, message):
    with pytest.raises(SpectraError, match=message):
        broaden_lines(Ragged.of([[1.0]]), np.ones((1, 1), "f4"), Axis(), **change)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([1, 2, np.nan], "finite"),
        ([3, 2, 1], "do not ascend"),
        ([1, 2, 2, 3], "2 and 2 do not ascend"),
        ([1, 2, 4, 5], "not uniform: the step at 2"),
        ([7], "two or more"),
    ],
)
def test_bad_axes(points, message):
    with pytest.raises(SpectraError, match=message):
        uniform_axis(points)


def test_axis_of_its_own_points():
    axis = Axis(399.2, 3801.7, 555)
    assert uniform_axis(axis.wavenumbers) == axis
    with pytest.raises(SpectraError, match="first must be the smaller"):
        Axis(10, 5, 20)


# Channels


def test_contents():
    both = np.array([[[1, 2], [3, 4]]], dtype=np.float32)
    wanted = {
        "both": [[1, 2], [3, 4]],
        "ir": [[1, 2], [0, 0]],
        "raman": [[0, 0], [3, 4]],
        "ir twice": [[1, 2], [1, 2]],
        "raman twice": [[3, 4], [3, 4]],
    }
    assert tuple(wanted) == CONTENTS
    for content, channels in wanted.items():
        assert select(both, content)[0].tolist() == channels
        shows = raman_channels(content)
        assert [r for r, seen in zip(shows, channels, strict=True) if seen == [3, 4]] == [True] * (
            channels.count([3, 4])
        )
    assert select(both, "raman", 1).tolist() == [[[3, 4]]]
    assert select(both, "ir", 1).tolist() == [[[1, 2]]]
    for content in ("both", "ir twice"):
        with pytest.raises(SpectraError, match="needs two channels"):
            select(both, content, 1)
    with pytest.raises(SpectraError, match="choose both"):
        select(both, "uv")


def test_scale_leaves_blank_channels_blank():
    spectra = np.array([[[1, -4], [0, 0]]], dtype=np.float32)
    assert strongest_is_one(spectra).tolist() == [[[0.25, -1.0], [0, 0]]]
    assert live(spectra).tolist() == [[True, False]]
