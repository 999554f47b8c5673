"""Readers of vibrations: other programs' files against what those programs printed."""

import json
import shutil
import sys
import warnings
from functools import cache

import numpy as np
import pytest
from spektron.pointgroup import example
from spektron.pointgroup.errors import FileError
from spektron.vibration.errors import HarmonicDataError, MissingPackage
from spektron.vibration.files import programs, read_harmonic, read_modes, write_harmonic
from spektron.vibration.files.orca import read_orca_hessian
from spektron.vibration.files.printed import PrintedModes
from spektron.vibration.files.qcschema import to_qcschema
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.modes import HarmonicWarning, normal_modes

BOHR = 0.529177210544
ANTHRACENE = "Gaussian__Gaussian03__anthracene.log"
WATER = "Gaussian__Gaussian16__issue1153.log"
CARBON_DIOXIDE = "ORCA__ORCA4.0__CO2_freqs.out"
FCHK = "data__FChk__basicGaussian16__dvb_raman.fchk"
GAUSSIAN_09 = "data__Gaussian__basicGaussian09__dvb_ir.out"
GAUSSIAN_16 = "data__Gaussian__basicGaussian16__dvb_raman.out"
MOLCAS = "data__Molcas__basicOpenMolcas18.0__dvb_ir.out"
ORCA_5 = "data__ORCA__basicORCA5.0__dvb_raman.out"
QCHEM = "data__QChem__basicQChem5.4__dvb_ir.out"

# Program, point group, lowest wavenumbers, strongest IR intensity and its wavenumber, energy,
# all as they stand in the files.
OUTPUTS = {
    ANTHRACENE: ("Gaussian", "D2h", [102.5463, 136.6878], (123.1025, 844.8829), -535.812440240),
    WATER: ("Gaussian", "C2v", [1750.0670, 4149.9265], (82.7485, 1750.0670), -75.9613384744),
    CARBON_DIOXIDE: ("ORCA", "D∞h", [289.50, 458.10], (32.254570, 458.10), -184.757766164),
    GAUSSIAN_09: ("Gaussian", "C2h", [52.7882, 83.9373], (98.3705, 3397.7981), -382.308266580),
    GAUSSIAN_16: ("Gaussian", "C2h", [53.1117, 84.6059], (98.3195, 3397.0), -382.308266561),
    MOLCAS: ("Molcas", "C2h", [-60.14, -57.39], (64.54, 3379.38), -382.3002322193),
    ORCA_5: ("ORCA", "C2h", [77.70, 121.66], None, -382.055108640),
    QCHEM: ("QChem", "C2h", [47.24, 80.82], None, -382.3082745764),
}


@pytest.fixture(scope="module")
def outputs(shared_data):
    return shared_data / "qc_outputs"


@pytest.fixture
def quiet():
    """For Hessians that are rebuilt, and geometries that are not quite stationary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HarmonicWarning)
        yield


def springs(name):
    """Harmonic data of a packaged molecule: springs, charges and polarizable bonds."""
    molecule = example(name)
    x, n = molecule.positions, molecule.n_atoms
    hessian = np.zeros((n, 3, n, 3))
    dipole, polarizability = np.zeros((n, 3, 3)), np.zeros((n, 3, 3, 3))
    for i in range(n):
        for j in set(range(n)) - {i}:
            r = np.linalg.norm(x[i] - x[j])
            e = (x[i] - x[j]) / r
            bond = np.exp(-r) * (np.outer(e, e) + 0.06 * np.eye(3))
            hessian[i, :, i] += bond
            hessian[i, :, j] -= bond
            dipole[i] += 0.1 * (i < j) * np.exp(-r) * np.outer(e, e)
            polarizability[i] += np.exp(-r) * np.einsum("a,k,l->akl", e, e, e)
    return HarmonicData(
        molecule,
        hessian.reshape(3 * n, 3 * n),
        dipole.reshape(3 * n, 3),
        polarizability.reshape(3 * n, 3, 3),
        1e-5 * np.sin(np.arange(3.0 * n)).reshape(n, 3),
        -1 / 3,
        "b3lyp/def2-svp",
        "PySCF 2.14",
    )


def attempt(read, path):
    """What a reader returns, or the `FileError` that it raises; any other error escapes."""
    try:
        return read(path)
    except FileError as error:
        return error


@cache
def modes_of(path):
    """`read_modes`, once for each file of the reference data."""
    return read_modes(path)


# ---- outputs of other programs ----


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_is_read_as_printed(outputs, name):
    program, group, lowest, strongest, energy = OUTPUTS[name]
    printed = modes_of(outputs / name)
    assert printed.program.startswith(program)
    assert printed.wavenumbers[:2].tolist() == lowest
    assert printed.energy == pytest.approx(energy, abs=1e-8)
    if strongest:
        k = int(np.argmax(printed.ir_intensities))
        assert printed.ir_intensities[k] == strongest[0]
        assert printed.wavenumbers[k] == pytest.approx(strongest[1], abs=0.5)
    modes = printed.labelled()
    assert str(modes.symmetry.group) == group
    assert modes.purities.min() > 0.999
    assert modes.wavenumbers.tolist() == printed.wavenumbers.tolist()
    assert len(printed) == 3 * printed.molecule.n_atoms - (5 if group == "D∞h" else 6)


@pytest.mark.parametrize("name", [ANTHRACENE, WATER, GAUSSIAN_09, GAUSSIAN_16])
def test_all_irreps_equal_gaussians(outputs, name):
    printed = modes_of(outputs / name)
    assert len(printed.irreps) == len(printed)
    ours = [label.upper() for label in printed.labelled().irreps]
    assert ours == [label.upper() for label in printed.irreps]


@pytest.mark.parametrize("name", [ANTHRACENE, WATER, GAUSSIAN_09, GAUSSIAN_16, FCHK])
def test_hessian_gives_what_gaussian_printed(outputs, quiet, name):
    printed = modes_of(outputs / name)
    modes = normal_modes(read_harmonic(outputs / name))
    order = np.argsort(printed.wavenumbers)
    assert modes.wavenumbers == pytest.approx(printed.wavenumbers[order], abs=1e-3)
    assert modes.ir_intensities == pytest.approx(printed.ir_intensities[order], abs=2e-4)
    if printed.raman_activities is not None:
        activities = printed.raman_activities[order]
        assert modes.raman_activities == pytest.approx(activities, abs=3e-4)
    if printed.depolarisation is not None and modes.depolarisation is not None:
        known = np.isfinite(modes.depolarisation)
        ratios = printed.depolarisation[order]
        assert modes.depolarisation[known] == pytest.approx(ratios[known], abs=2e-4)
        assert known.sum() > 0


def test_checkpoint_and_log_of_one_calculation_agree(outputs):
    # The log holds a Z-matrix, and its Hessian another frame than the checkpoint.
    checkpoint, log = read_harmonic(outputs / FCHK), read_harmonic(outputs / GAUSSIAN_16)
    assert log.level.lower() == checkpoint.level.lower() == "rb3lyp/sto-3g"
    assert log.energy == pytest.approx(checkpoint.energy, abs=1e-7)
    one, two = normal_modes(checkpoint), normal_modes(log)
    assert one.wavenumbers == pytest.approx(two.wavenumbers, abs=2e-3)
    assert one.irreps == two.irreps
    assert one.raman_activities == pytest.approx(two.raman_activities, abs=2e-3)
    heavy = np.where(checkpoint.molecule.atomic_numbers == 1, 2.01410177784, 12.0)
    one, two = (normal_modes(d, heavy) for d in (checkpoint, log))
    assert one.wavenumbers == pytest.approx(two.wavenumbers, abs=2e-3)


def test_split_bend_of_the_carbon_dioxide_cation(outputs):
    printed = modes_of(outputs / CARBON_DIOXIDE)
    assert (printed.molecule.charge, printed.molecule.multiplicity) == (1, 2)
    modes = printed.labelled()
    assert modes.irreps == ("Πu", "Πu", "Σg+", "Σu+")
    assert modes.largest_splitting == pytest.approx(458.10 - 289.50)
    assert modes.sets.tolist() == [0, 0, 1, 2]


def test_two_imaginary_modes_of_molcas(outputs, quiet):
    modes = modes_of(outputs / MOLCAS).labelled()
    assert modes.imaginary == (0, 1)
    assert modes.irreps[:2] == ("Au", "Bg")
    rebuilt = normal_modes(read_harmonic(outputs / MOLCAS))
    assert rebuilt.wavenumbers[:2] == pytest.approx([-60.14, -57.39], abs=1e-6)


def test_depolarisation_ratios_of_orca(outputs):
    printed = modes_of(outputs / ORCA_5)
    assert printed.depolarisation[:3].tolist() == [0.716534, 0.75, 0.747112]
    assert printed.raman_activities[1] == 2.498442


# ---- Hessians rebuilt from modes ----


@pytest.mark.parametrize("name", [CARBON_DIOXIDE, MOLCAS, ORCA_5, QCHEM])
def test_rebuilt_hessian_gives_the_printed_wavenumbers(outputs, name):
    printed = modes_of(outputs / name)
    with pytest.warns(HarmonicWarning, match="rebuilt from printed modes"):
        data = read_harmonic(outputs / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HarmonicWarning)
        modes = normal_modes(data)
    assert modes.wavenumbers == pytest.approx(np.sort(printed.wavenumbers), abs=1e-5)
    assert np.abs(modes.rigid_body).max() < 1e-3


@pytest.mark.parametrize(("name", "limit"), [(GAUSSIAN_09, 0.2), (GAUSSIAN_16, 8.0)])
def test_isotopologues_of_a_rebuilt_hessian(outputs, quiet, name, limit):
    # Displacements of five digits and of two: what is lost against the Hessian itself.
    exact, rebuilt = read_harmonic(outputs / name), modes_of(outputs / name).harmonic_data()
    masses = np.where(exact.molecule.atomic_numbers == 1, 2.01410177784, 12.0)
    one, two = (normal_modes(data, masses).wavenumbers for data in (exact, rebuilt))
    assert np.abs(one - two).max() < limit
    plain = normal_modes(exact).wavenumbers
    assert np.abs(one - plain).max() > 900  # C–H to C–D


def test_modes_of_other_masses_give_no_hessian(outputs):
    printed = modes_of(outputs / GAUSSIAN_09)
    masses = np.where(printed.molecule.atomic_numbers == 1, 3.0, 12.0)
    wrong = PrintedModes(
        printed.molecule.with_masses(masses), printed.wavenumbers, printed.displacements
    )
    with pytest.raises(HarmonicDataError, match="were other masses used"):
        wrong.harmonic_data()


def test_some_modes_give_no_hessian(outputs):
    printed = modes_of(outputs / GAUSSIAN_09)
    some = PrintedModes(printed.molecule, printed.wavenumbers[3:], printed.displacements[3:])
    with pytest.raises(HarmonicDataError, match="51 printed modes: this molecule has 54"):
        some.harmonic_data()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wavenumbers": [1.0, np.nan]}, "mode 2 is not finite"),
        ({"displacements": np.ones((2, 3, 3))}, "displacements of shape"),
        ({"ir_intensities": [1.0]}, "ir intensities of shape"),
        ({"irreps": ("A1",)}, "1 symmetry labels for 2 modes"),
    ],
)
def test_refused_modes(change, message):
    molecule = example("carbon_dioxide")
    good = {"wavenumbers": [1.0, 2.0], "displacements": np.ones((2, molecule.n_atoms, 3))}
    if message.startswith("disp"):
        change = {"displacements": np.ones((2, 4, 3))}
    with pytest.raises(HarmonicDataError, match=message):
        PrintedModes(molecule, **(good | change))


# ---- formatted checkpoint files ----


def packed(symmetric):
    return symmetric[np.tril_indices(len(symmetric))]


def checkpoint(data, **changes):
    """A formatted checkpoint file, written from its published format."""
    molecule = data.molecule
    tensors = data.polarizability_derivatives
    sections = {
        "Number of atoms": molecule.n_atoms,
        "Charge": molecule.charge,
        "Multiplicity": molecule.multiplicity,
        "Atomic numbers": molecule.atomic_numbers,
        "Current cartesian coordinates": (molecule.positions / BOHR).ravel(),
        "Real atomic weights": molecule.masses,
        "Total Energy": float(data.energy),
        "Cartesian Gradient": data.gradient.ravel(),
        "Cartesian Force Constants": packed(data.hessian),
        "Dipole Derivatives": data.dipole_derivatives.ravel(),
        "Polarizability Derivatives": np.array([packed(t) for t in tensors]).ravel(),
    } | changes
    lines = ["a title", f"{'Freq':<10}{'RB3LYP':<30}{'def2SVP':<30}"]
    for label, value in sections.items():
        if value is None:
            continue
        if np.ndim(value) == 0:
            text = f"R     {value:22.15E}" if isinstance(value, float) else f"I     {value:12d}"
            lines.append(f"{label:<40}   {text}")
            continue
        real = value.dtype.kind == "f"
        width = 5 if real else 6
        lines.append(f"{label:<40}   {'R' if real else 'I'}   N={len(value):12d}")
        words = [f"{x:16.8E}" if real else f"{x:12d}" for x in value]
        lines += ["".join(words[k : k + width]) for k in range(0, len(words), width)]
    return "\n".join([*lines, ""])


def test_checkpoint_as_published(tmp_path):
    data = springs("ammonia")
    path = tmp_path / "ammonia.fchk"
    path.write_text(checkpoint(data))
    found = read_harmonic(path)
    assert found.hessian == pytest.approx(data.hessian, abs=1e-8)
    assert found.dipole_derivatives == pytest.approx(data.dipole_derivatives, abs=1e-8)
    assert found.polarizability_derivatives == pytest.approx(
        data.polarizability_derivatives, abs=1e-8
    )
    assert found.gradient == pytest.approx(data.gradient, abs=1e-12)
    assert found.molecule.positions == pytest.approx(data.molecule.positions, abs=1e-7)
    assert found.molecule.has_default_masses
    assert (found.molecule.name, found.level) == ("a title", "RB3LYP/def2SVP")
    assert found.energy == pytest.approx(-1 / 3, rel=1e-15)


def test_isotopes_of_a_checkpoint(tmp_path):
    data = springs("water").with_masses([15.99491462, 2.01410178, 1.00782503])
    path = tmp_path / "hdo.fchk"
    path.write_text(checkpoint(data))
    assert read_harmonic(path).molecule.mass_numbers == (16, 2, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Cartesian Force Constants": None}, "no section 'Cartesian Force Constants'; run a freq"),
        ({"Atomic numbers": None}, "no section 'Atomic numbers'; is the file cut short"),
        ({"Atomic numbers": np.array([8, 1, 0])}, "atomic numbers must lie between 1 and 118"),
        ({"Current cartesian coordinates": np.zeros(9)}, "atoms 1 .* and 2"),
        ({"Dipole Derivatives": np.zeros(8)}, "line .*'Dipole Derivatives' announces 8 numbers"),
    ],
)
def test_damaged_checkpoints(tmp_path, changes, message):
    path = tmp_path / "water.fchk"
    path.write_text(checkpoint(springs("water"), **changes))
    with pytest.raises(FileError, match=message) as error:
        read_harmonic(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_checkpoint_that_is_no_number(tmp_path):
    path = tmp_path / "water.fchk"
    text = checkpoint(springs("water"))
    line = text[: text.index("Cartesian Force Constants")].count("\n") + 2
    head, tail = text.split("\n", line - 1)[:-1], text.split("\n", line)[-1]
    path.write_text("\n".join([*head, "  0.1 ******** 0.2", tail]))
    with pytest.raises(FileError, match=rf"line {line}: '\*+' in section 'Cartesian Force"):
        read_harmonic(path)


def test_checkpoint_cut_short_anywhere(tmp_path):
    path = tmp_path / "water.fchk"
    whole = checkpoint(springs("water")).splitlines()
    last = next(i for i, line in enumerate(whole) if line.startswith("Cartesian Force"))
    for count in range(1, last + 9):
        path.write_text("\n".join(whole[:count]))
        with pytest.raises(FileError) as error:
            read_harmonic(path)
        assert str(error.value).startswith(str(path))
        assert "\n" not in str(error.value)


# ---- ORCA .hess ----


def orca_hess(data, *, columns=5):
    """A .hess file of ORCA, by the layout in its manual."""

    def blocks(matrix):
        for first in range(0, matrix.shape[1], columns):
            part = matrix[:, first : first + columns]
            yield " " * 10 + "".join(f"{first + k:19d}" for k in range(part.shape[1]))
            for i, row in enumerate(part):
                yield f"{i:5d}" + "".join(f"{x:19.10E}" for x in row)

    def rows(matrix):
        return ["".join(f"{x:20.10E}" for x in row) for row in matrix]

    molecule, n = data.molecule, 3 * data.molecule.n_atoms
    tensors = data.polarizability_derivatives
    six = np.array([[t[0, 0], t[1, 1], t[2, 2], t[0, 1], t[0, 2], t[1, 2]] for t in tensors])
    atoms = [
        f" {s:<3}{m:12.5f}" + "".join(f"{x:19.12f}" for x in p / BOHR)
        for s, m, p in zip(molecule.symbols, molecule.masses, molecule.positions, strict=True)
    ]
    modes = normal_modes(data, allow_nonstationary=True)
    rigid = n - len(modes)
    vectors = np.zeros((n, n))
    vectors[:, rigid:] = modes.displacements.reshape(-1, n).T
    values = np.concatenate([np.zeros(rigid), modes.wavenumbers])
    spectra = np.zeros((n, 3))
    spectra[rigid:] = np.stack(
        [modes.wavenumbers, modes.raman_activities, np.nan_to_num(modes.depolarisation)], axis=1
    )
    infrared = np.zeros((n, 5))
    infrared[rigid:, :2] = np.stack([modes.wavenumbers, modes.ir_intensities], axis=1)
    text = [
        *("", "$orca_hessian_file", "", "$act_atom", "  2", "", "$act_coord", "  2", ""),
        *("$act_energy", f"  {data.energy:20.12f}", "", "$multiplicity", "  1", ""),
        *("$hessian", str(n), *blocks(data.hessian), "", "$vibrational_frequencies", str(n)),
        *(f"{k:5d}{x:16.6f}" for k, x in enumerate(values)),
        *("", "$normal_modes", f"{n} {n}", *blocks(vectors), ""),
        *("#", "# The atoms: label  mass x y z (in bohrs)", "#"),
        *("$atoms", str(len(atoms)), *atoms, "", "$actual_temperature", "  0.000000", ""),
        *("$dipole_derivatives", str(n), *rows(data.dipole_derivatives), ""),
        *("#", "# The IR spectrum", "#  wavenumber T**2 TX TY TZ", "#"),
        *("$ir_spectrum", str(n), *rows(infrared), ""),
        *("$polarizability_derivatives", str(n), *rows(six), ""),
        *("$raman_spectrum", str(n), *rows(spectra), "", "$end", ""),
    ]
    return "\n".join(text)


@pytest.mark.parametrize("columns", [5, 6])
def test_orca_hessian(tmp_path, columns):
    data = springs("ammonia")
    path = tmp_path / "ammonia.hess"
    path.write_text(orca_hess(data, columns=columns))
    found = read_harmonic(path)
    for name in ("hessian", "dipole_derivatives", "polarizability_derivatives"):
        assert getattr(found, name) == pytest.approx(getattr(data, name), abs=1e-9), name
    assert found.molecule.positions == pytest.approx(data.molecule.positions, abs=1e-11)
    assert found.molecule.has_default_masses
    assert found.energy == pytest.approx(-1 / 3, abs=1e-11)
    ours = normal_modes(found)
    printed = read_modes(path)
    assert printed.wavenumbers == pytest.approx(ours.wavenumbers, abs=1e-5)
    assert printed.labelled().irreps == ours.irreps
    assert printed.raman_activities == pytest.approx(ours.raman_activities, abs=1e-7)
    assert printed.ir_intensities == pytest.approx(ours.ir_intensities, abs=1e-6)


def test_orca_keeps_average_masses(tmp_path):
    data = springs("water").with_masses([15.999, 1.008, 1.008])
    path = tmp_path / "water.hess"
    path.write_text(orca_hess(data))
    assert read_harmonic(path).molecule.masses.tolist() == [15.999, 1.008, 1.008]


def test_numerical_hessian_of_orca_is_symmetrised(tmp_path):
    data = springs("water")
    path = tmp_path / "water.hess"
    lines = orca_hess(data).split("\n")
    row = next(i for i, line in enumerate(lines) if line == "$hessian") + 4
    words = lines[row].split()
    changed = float(words[1]) + 2e-3
    lines[row] = "  ".join([words[0], f"{changed:.10E}", *words[2:]])
    path.write_text("\n".join(lines))
    assert read_orca_hessian(path).hessian[1, 0] == pytest.approx(data.hessian[1, 0] + 1e-3)
    lines[row] = "  ".join([words[0], f"{changed + 0.1:.10E}", *words[2:]])
    path.write_text("\n".join(lines))
    with pytest.raises(FileError, match=r"not symmetric: .* by 0\.1"):
        read_orca_hessian(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("$orca_hessian_file", "$something", "no output of a quantum-chemistry program"),
        ("$atoms", "$others", r"no section \$atoms; is the file cut short"),
        ("$hessian\n9", "$hessian\n12", r"\$hessian lacks row 0 of column 9"),
        ("$hessian\n9", "$hessian\n6", r"line \d+: row '6' in \$hessian"),
        ("$hessian\n9", "$hessian\nnine", r"line \d+: \$hessian must begin with its size"),
        ("$atoms\n3", "$atoms\n4", r"\$atoms has 3 of 4 rows; the file is cut short"),
        ("\n O  ", "\n Qq ", r"line \d+: in \$atoms, atom 1: unknown element 'Qq'"),
        ("$dipole_derivatives\n9", "$dipole_derivatives\n12", r"9 of 12 rows"),
    ],
)
def test_damaged_orca_hessians(tmp_path, old, new, message):
    text = orca_hess(springs("water"))
    assert old in text
    path = tmp_path / "water.hess"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FileError, match=message) as error:
        read_harmonic(path)
    assert str(error.value).startswith(str(path))


def test_orca_hessian_cut_short_anywhere(tmp_path):
    path = tmp_path / "water.hess"
    whole = orca_hess(springs("water")).splitlines()
    last = whole.index("$atoms") + 4
    for count in range(2, last):
        path.write_text("\n".join(whole[:count]))
        with pytest.raises(FileError) as error:
            read_harmonic(path)
        assert "\n" not in str(error.value)


# ---- our own file: QCSchema ----


def same(one, two):
    arrays = ("hessian", "dipole_derivatives", "polarizability_derivatives", "gradient")
    for name in arrays:
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None and b is None) or a.tobytes() == b.tobytes(), name
    assert one.molecule == two.molecule
    assert (one.energy, one.level, one.program) == (two.energy, two.level, two.program)
    return True


@pytest.mark.parametrize("name", ["water", "benzene"])
def test_round_trip_keeps_every_bit(tmp_path, name):
    data = springs(name).rotated(np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0])
    path = tmp_path / "data.json"
    write_harmonic(data, path)
    assert same(read_harmonic(path), data)


def test_round_trip_of_an_isotopologue_and_of_a_bare_hessian(tmp_path):
    path = tmp_path / "data.json"
    heavy = springs("water").with_masses([17.99915961, 2.01410178, 1.00782503])
    write_harmonic(heavy, path)
    assert same(read_harmonic(path), heavy)
    bare = HarmonicData(heavy.molecule, heavy.hessian)
    write_harmonic(bare, path)
    assert same(read_harmonic(path), bare)


def test_document_is_valid_qcschema():
    models = pytest.importorskip("qcelemental").models
    data = springs("ammonia")
    result = models.AtomicResult(**to_qcschema(data))
    assert result.return_result == pytest.approx(data.hessian)
    assert result.properties.return_energy == data.energy
    assert result.properties.return_gradient == pytest.approx(data.gradient)
    assert result.molecule.geometry * BOHR == pytest.approx(data.molecule.positions)
    assert (result.model.method, result.model.basis) == ("b3lyp", "def2-svp")


def test_document_of_another_program(tmp_path):
    data = springs("ammonia")
    document = to_qcschema(data)
    del document["extras"]
    document["return_result"] = data.hessian.tolist()
    path = tmp_path / "psi4.json"
    path.write_text(json.dumps(document))
    found = read_harmonic(path)
    assert found.hessian.tobytes() == data.hessian.tobytes()
    assert found.dipole_derivatives is None
    assert found.gradient == pytest.approx(data.gradient)
    assert (found.level, found.program) == (data.level, data.program)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"driver": "energy"}, "no QCSchema result with driver 'hessian' .driver: 'energy'"),
        ({"return_result": [0.0] * 80}, "80 numbers; a Hessian of 3 atoms has 81"),
        ({"return_result": None}, "numbers; a Hessian"),
        ({"molecule": {}}, "symbols"),
        ({"molecule": None}, "data.json: "),
    ],
)
def test_damaged_documents(tmp_path, change, message):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(to_qcschema(springs("water")) | change))
    with pytest.raises(FileError, match=message) as error:
        read_harmonic(path)
    assert str(error.value).startswith(str(path))


def test_document_cut_short(tmp_path):
    path = tmp_path / "data.json"
    write_harmonic(springs("water"), path)
    text = path.read_text()
    for share in (0.1, 0.5, 0.99):
        path.write_text(text[: int(share * len(text))])
        with pytest.raises(FileError, match=r"line \d+: no JSON .*; is the file cut short"):
            read_harmonic(path)


def test_document_has_no_modes(tmp_path):
    path = tmp_path / "data.json"
    write_harmonic(springs("water"), path)
    with pytest.raises(FileError, match="use read_harmonic"):
        read_modes(path)


# ---- files that are something else ----


@pytest.mark.parametrize("read", [read_harmonic, read_modes])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n \n", "the file is empty"),
        (b"\x89PNG\0\0", "not a text file"),
        (b"3\n\nO 0 0 0\nH 0 0 1\nH 0 1 0\n", "cclib"),
        (b"Dear reader,\nthis is a letter.\n", "no output of a quantum-chemistry program"),
    ],
)
def test_wrong_kind_of_file(tmp_path, read, content, message):
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message) as error:
        read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("read", [read_harmonic, read_modes])
def test_no_file(tmp_path, read):
    with pytest.raises(FileError, match="no such file"):
        read(tmp_path / "nothing.log")
    with pytest.raises(FileError, match="is a directory"):
        read(tmp_path)


@pytest.mark.parametrize("name", [ANTHRACENE, CARBON_DIOXIDE, MOLCAS, ORCA_5, QCHEM])
@pytest.mark.parametrize("share", [0.02, 0.6, 0.9])
def test_output_cut_short(outputs, tmp_path, name, share):
    # Each is cut before the last normal mode, or where less than all was printed.
    text = (outputs / name).read_text(errors="replace")
    whole = modes_of(outputs / name)
    path = tmp_path / name
    path.write_text(text[: int(share * len(text))])
    found = attempt(read_modes, path)
    if isinstance(found, FileError):
        assert str(path) in str(found)
        assert "\n" not in str(found)
    else:  # the modes were complete by then
        assert found.wavenumbers.tolist() == whole.wavenumbers.tolist()
        assert found.displacements.tolist() == whole.displacements.tolist()


def test_output_without_frequencies(outputs, tmp_path):
    text = (outputs / ANTHRACENE).read_text()
    path = tmp_path / "optimisation.log"
    path.write_text(text[: text.index("Harmonic frequencies")])
    with pytest.raises(FileError, match="lists no vibrations; run a frequency calculation"):
        read_harmonic(path)


def test_damaged_archive_entry(outputs, tmp_path):
    path = tmp_path / "water.log"
    shutil.copy(outputs / WATER, path)
    text = path.read_text()
    path.write_text(text.replace(r"\NImag=0\\0.40167788,", r"\NImag=0\\", 1))
    with pytest.raises(FileError, match="in the archive entry at the end: Hessian has 44 numbers"):
        read_harmonic(path)


def test_archive_entry_as_windows_writes_it(outputs, tmp_path):
    text = (outputs / WATER).read_text()
    start = text.rindex(" 1\\1\\")
    path = tmp_path / "water.log"
    path.write_text(text[:start] + text[start:].replace("\\", "|"))
    found, known = read_harmonic(path), read_harmonic(outputs / WATER)
    assert found.hessian.tobytes() == known.hessian.tobytes()


def test_ghost_atoms_are_refused(outputs, monkeypatch):
    data = programs._parsed(outputs / WATER)
    data.atomnos = np.array([8, 1, 0])
    monkeypatch.setattr(programs, "_parsed", lambda path: data)
    with pytest.raises(FileError, match="atom 3 is a ghost atom"):
        read_modes(outputs / WATER)


def test_without_archive_entry_the_hessian_is_rebuilt(outputs, tmp_path):
    path = tmp_path / "water.log"
    text = (outputs / WATER).read_text()
    path.write_text(text[: text.rindex(" 1\\1\\")])
    with pytest.warns(HarmonicWarning, match="rebuilt"):
        data = read_harmonic(path)
    assert normal_modes(data).wavenumbers == pytest.approx([1750.0670, 4149.9265, 4246.2477])


def test_cclib_is_named_where_it_is_missing(outputs, monkeypatch):
    monkeypatch.setitem(sys.modules, "cclib.io.ccio", None)
    with pytest.raises(MissingPackage, match=r'pip install "spektron\[dft\]"'):
        read_modes(outputs / WATER)
