"""Thermodynamic functions: tables of experiment, other programs, and exact relations."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, PointGroup
from spektron.pointgroup.molecules.isotopes import SYMBOLS
from spektron.pointgroup.units import (
    BOLTZMANN_J_PER_K,
    HARTREE_KJ_PER_MOL,
    MOLAR_GAS,
    NORMAL_COORDINATE,
    PLANCK_J_S,
    SPEED_OF_LIGHT_CM_PER_S,
)
from spektron.vibration.errors import ThermochemistryError
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.modes import modes_from_displacements, normal_modes
from spektron.vibration.soundness import HarmonicWarning
from spektron.vibration.thermochemistry import (
    MEAN_MOMENT,
    free_rotor_entropies,
    moments_of_inertia,
    rotational_symmetry_number,
    thermochemistry,
)


def modes_with(molecule, wavenumbers):
    """Modes of a molecule with these wavenumbers, in cm⁻¹."""
    n = 3 * molecule.n_atoms
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        modes = normal_modes(HarmonicData(molecule, np.zeros((n, n)), energy=-1.0))
    assert len(modes) == len(wavenumbers)
    return replace(modes, wavenumbers=np.array(wavenumbers, dtype=float))


def water():
    half = np.radians(104.52 / 2)
    y, z = 0.9572 * np.sin(half), 0.9572 * np.cos(half)
    return modes_with(Molecule("OHH", [[0, 0, 0], [0, y, z], [0, -y, z]]), [3657, 1595, 3756])


def carbon_dioxide():
    molecule = Molecule("OCO", [[0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]])
    return modes_with(molecule, [1333, 667, 667, 2349])


def methane():
    corners = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    molecule = Molecule("CHHHH", 1.087 / 3**0.5 * corners)
    return modes_with(molecule, [2917, 1534, 1534, *[3019] * 3, *[1306] * 3])


def benzene():
    angles = np.pi / 3 * np.arange(6)
    ring = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    single = [3062, 992, 1326, 673, 3068, 1010, 995, 703, 1310, 1150]
    double = [849, 3063, 1486, 1038, 3047, 1596, 1178, 606, 975, 410]
    molecule = Molecule("C" * 6 + "H" * 6, np.vstack([1.397 * ring, 2.481 * ring]))
    return modes_with(molecule, single + 2 * double)


def ethane():
    z, r = 0.7680 + 1.0936 * np.cos(np.radians(68.0)), 1.0936 * np.sin(np.radians(68.0))
    angles = np.pi / 3 * np.arange(6)
    hydrogens = [[r * np.cos(a), r * np.sin(a), z * (-1) ** k] for k, a in enumerate(angles)]
    soft = [2954, 1388, 995, 289, 2896, 1379]
    pairs = [2969, 1468, 1190, 2985, 1469, 822]
    molecule = Molecule("CCHHHHHH", [[0, 0, 0.768], [0, 0, -0.768], *hydrogens])
    return modes_with(molecule, soft + 2 * pairs)


# Standard entropies (J/(mol K), 298.15 K, 1 bar) and H(298.15) − H(0) (kJ/mol): NIST-JANAF
# tables (1998); benzene: Thermodynamics Research Center (1986), as in the NIST WebBook.
# Fundamentals: T. Shimanouchi, NSRDS-NBS 39 (1972). Rigid classical rotors and harmonic
# oscillators at the fundamentals come within 0.2 J/(mol K).
PUBLISHED = [
    (water, 188.834, 9.904, 2),
    (carbon_dioxide, 213.795, 9.364, 2),
    (methane, 186.251, 10.016, 12),
    (benzene, 269.2, 14.23, 12),
]


@pytest.mark.parametrize(("make", "entropy", "enthalpy", "sigma"), PUBLISHED)
def test_standard_entropy(make, entropy, enthalpy, sigma):
    found = thermochemistry(make(), pressure=1e5)
    assert found.symmetry_number == sigma
    assert pytest.approx(entropy, abs=0.2) == found.S
    assert pytest.approx(enthalpy, abs=0.05) == found.H - found.zero_point


def test_argon():
    """Sackur and Tetrode: 154.847 J/(mol K) at 298.15 K and 1 bar (NIST-JANAF); Cp = 5R/2."""
    atom = modes_with(Molecule(["Ar"], [[0, 0, 0]], [39.948]), [])
    found = thermochemistry(atom, pressure=1e5)
    assert pytest.approx(154.847, abs=0.005) == found.S
    assert pytest.approx(2.5 * MOLAR_GAS) == found.Cp
    assert (found.zero_point, found.symmetry_number) == (0, 1)


def test_electronic_multiplicity():
    """O2, ³Σ: 205.147 J/(mol K) (NIST-JANAF), of which R ln 3 are its spin."""
    places = [[0, 0, 0], [0, 0, 1.2075]]
    triplet = thermochemistry(
        modes_with(Molecule("OO", places, multiplicity=3), [1580]), pressure=1e5
    )
    singlet = thermochemistry(modes_with(Molecule("OO", places), [1580]), pressure=1e5)
    assert pytest.approx(205.147, abs=0.1) == triplet.S
    assert pytest.approx(MOLAR_GAS * np.log(3)) == triplet.S - singlet.S


def test_pyscf_agrees():
    gto = pytest.importorskip("pyscf.gto")
    thermo = pytest.importorskip("pyscf.hessian.thermo")
    scf = pytest.importorskip("pyscf.scf")
    modes = water()
    mol = gto.M(
        atom=list(zip(modes.molecule.symbols, modes.molecule.positions, strict=True)),
        basis="sto-3g", verbose=0,
    )  # fmt: skip
    average = mol.atom_mass_list(isotope_avg=True)
    ours = thermochemistry(replace(modes, molecule=modes.molecule.with_masses(average)), 350.0, 2e5)
    field = scf.RHF(mol)
    field.e_tot = -1.0
    curvature_roots = modes.wavenumbers / NORMAL_COORDINATE  # √(Eh/(bohr² u)), PySCF's unit
    theirs = thermo.thermo(field, curvature_roots, 350.0, 2e5)
    assert theirs["sym_number"][0] == ours.symmetry_number
    to_joule = 1000 * HARTREE_KJ_PER_MOL
    assert pytest.approx(theirs["S_tot"][0] * to_joule, abs=2e-3) == ours.S
    assert pytest.approx(theirs["Cv_tot"][0] * to_joule, abs=1e-3) == ours.Cv
    assert ours.total_enthalpy == pytest.approx(theirs["H_tot"][0], abs=1e-7)
    assert ours.total_gibbs_energy == pytest.approx(theirs["G_tot"][0], abs=1e-6)
    assert ours.zero_point / HARTREE_KJ_PER_MOL == pytest.approx(theirs["ZPE"][0], abs=1e-7)


@pytest.mark.parametrize(
    ("name", "group", "sigma"),
    [
        ("Gaussian__Gaussian16__issue1153.log", "C2v", 2),
        ("data__Gaussian__basicGaussian16__dvb_raman.out", "C2h", 2),
        ("data__Gaussian__basicGaussian09__dvb_ir.out", "C2h", 2),
        ("Gaussian__Gaussian03__anthracene.log", "D2h", 4),
    ],
)
def test_gaussian_agrees(shared_data, name, group, sigma):
    cclib = pytest.importorskip("cclib")
    log = cclib.io.ccread(str(shared_data / "qc_outputs" / name))
    molecule = Molecule([SYMBOLS[z - 1] for z in log.atomnos], log.atomcoords[-1])
    modes = modes_from_displacements(molecule, log.vibfreqs, log.vibdisps)
    found = thermochemistry(modes, log.temperature)
    assert (str(modes.symmetry.group), found.symmetry_number) == (group, sigma)
    # Printed with three decimals in cal/(mol K), from older constants.
    assert pytest.approx(log.entropy * 1000 * HARTREE_KJ_PER_MOL, abs=0.01) == found.S
    assert found.zero_point / HARTREE_KJ_PER_MOL == pytest.approx(log.zpve, abs=2e-6)
    correction = log.freeenergy - log.enthalpy  # −TS
    assert -log.temperature * found.S / 1000 / HARTREE_KJ_PER_MOL == pytest.approx(
        correction, abs=3e-6
    )


def test_gaussian_enthalpy_correction(shared_data):
    """dvb: "Thermal correction to Enthalpy= 0.186960", "… Gibbs Free Energy= 0.143348"."""
    cclib = pytest.importorskip("cclib")
    path = shared_data / "qc_outputs" / "data__Gaussian__basicGaussian16__dvb_raman.out"
    log = cclib.io.ccread(str(path))
    molecule = Molecule([SYMBOLS[z - 1] for z in log.atomnos], log.atomcoords[-1])
    found = thermochemistry(modes_from_displacements(molecule, log.vibfreqs, log.vibdisps))
    assert pytest.approx(0.186960, abs=1.5e-6) == found.H / HARTREE_KJ_PER_MOL
    assert pytest.approx(0.143348, abs=1.5e-6) == found.G / HARTREE_KJ_PER_MOL


# ---- exact relations ----

ALL = [water, carbon_dioxide, methane, benzene, ethane]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("temperature", [150.0, 298.15, 1200.0])
def test_thermodynamic_relations(make, temperature):
    """Cv = dU/dT, Cp = T dS/dT at constant pressure, S = −dG/dT."""
    modes, step = make(), 0.01
    here = thermochemistry(modes, temperature)
    above, below = (thermochemistry(modes, temperature + d) for d in (step, -step))
    assert pytest.approx(here.Cv, rel=1e-6) == (above.U - below.U) * 1000 / (2 * step)
    assert pytest.approx(here.Cp, rel=1e-6) == temperature * (above.S - below.S) / (2 * step)
    assert pytest.approx(here.S, rel=1e-6) == -(above.G - below.G) * 1000 / (2 * step)


@pytest.mark.parametrize("make", ALL)
def test_limits(make):
    modes = make()
    hot, cold = thermochemistry(modes, 1e6), thermochemistry(modes, 0.5)
    n, linear = len(modes), modes.symmetry.group.is_linear
    assert pytest.approx((n + 1.5 + (1 if linear else 1.5)) * MOLAR_GAS, rel=1e-5) == hot.Cv
    vibration = cold.contributions[2]
    assert (vibration.heat_capacity, vibration.entropy) == pytest.approx((0, 0), abs=1e-12)
    assert vibration.energy == pytest.approx(cold.zero_point)
    expected = modes.wavenumbers.sum() / 2 * 0.01196265656  # h c N_A, kJ/mol per cm⁻¹
    assert cold.zero_point == pytest.approx(expected, rel=1e-9)


def test_rotation_is_the_sum_over_levels():
    """Σ (2J+1) exp(−B J(J+1)/kT) of a linear rotor, Euler–Maclaurin term 1/3 included."""
    moment = moments_of_inertia(carbon_dioxide())
    constant = 16.857629206 / moment[0]  # cm⁻¹ for u Å²
    t = 2000.0
    j = np.arange(2000)
    levels = constant * j * (j + 1) / 0.6950348004
    q = np.sum((2 * j + 1) * np.exp(-levels / t)) - 1 / 3
    energy = np.sum((2 * j + 1) * levels * np.exp(-levels / t)) / q
    found = thermochemistry(carbon_dioxide(), t).contributions[1]
    assert len(moment) == 2
    exact = MOLAR_GAS * (np.log(q / 2) + energy / t)
    assert found.entropy == pytest.approx(exact, abs=1e-3)
    assert found.energy == pytest.approx(MOLAR_GAS * t / 1000)


def test_pressure_and_symmetry_number():
    base = thermochemistry(benzene(), pressure=1e5)
    assert pytest.approx(MOLAR_GAS * np.log(1.01325)) == base.S - thermochemistry(benzene()).S
    free = thermochemistry(benzene(), pressure=1e5, symmetry_number=1)
    assert pytest.approx(MOLAR_GAS * np.log(12)) == free.S - base.S
    assert pytest.approx(base.H) == free.H


def test_scale():
    scaled = thermochemistry(water(), scale=0.96)
    assert scaled.zero_point == pytest.approx(0.96 * thermochemistry(water()).zero_point)


@pytest.mark.parametrize(
    ("symbol", "sigma"),
    [("C1", 1), ("Cs", 1), ("C3v", 3), ("D3d", 6), ("D5h", 10), ("S4", 2), ("Oh", 24), ("Kh", 1),
     ("C∞v", 1), ("D∞h", 2), ("Th", 12)],
)  # fmt: skip
def test_symmetry_numbers(symbol, sigma):
    assert rotational_symmetry_number(PointGroup(symbol)) == sigma


# ---- soft modes ----


def rotor_entropy(moment, temperature):
    """Of a free rotor in one dimension, by summing over its levels; J/(mol K)."""
    unit = PLANCK_J_S**2 / (8 * np.pi**2 * moment) / (BOLTZMANN_J_PER_K * temperature)
    m = np.arange(-4000, 4001)
    weights = np.exp(-unit * m**2)
    q = weights.sum()
    return MOLAR_GAS * (np.log(q) + np.sum(weights * unit * m**2) / q)


@pytest.mark.parametrize("wavenumber", [0.1, 3.0, 30.0, 100.0])
@pytest.mark.parametrize("temperature", [298.15, 600.0])
def test_free_rotor_is_the_sum_over_its_levels(wavenumber, temperature):
    moment = PLANCK_J_S / (8 * np.pi**2 * SPEED_OF_LIGHT_CM_PER_S * wavenumber)
    moment = 1 / (1 / moment + 1 / MEAN_MOMENT)
    found = free_rotor_entropies(np.array([wavenumber]), temperature)
    assert found == pytest.approx([rotor_entropy(moment, temperature)], abs=1e-6)


def test_interpolation():
    """One soft mode: half of each at 100 cm⁻¹, oscillator far above, rotor far below."""

    def vibrational(wavenumber, treatment):
        modes = modes_with(Molecule("HH", [[0, 0, 0], [0, 0, 1]]), [wavenumber])
        return thermochemistry(modes, treatment=treatment).contributions[2].entropy

    def rotor(wavenumber):
        return free_rotor_entropies(np.array([wavenumber]), 298.15)[0]

    middle = (vibrational(100.0, "rrho") + rotor(100.0)) / 2
    assert vibrational(100.0, "quasi-rrho") == pytest.approx(middle)
    assert vibrational(3000.0, "quasi-rrho") == pytest.approx(vibrational(3000.0, "rrho"), abs=1e-4)
    assert vibrational(1.0, "quasi-rrho") == pytest.approx(rotor(1.0), abs=1e-6)
    # α = 4: at twice ω0 the oscillator has 16/17.
    assert vibrational(200.0, "quasi-rrho") == pytest.approx(
        16 / 17 * vibrational(200.0, "rrho") + rotor(200.0) / 17
    )


def test_quasi_rrho_changes_only_the_entropy():
    rrho, quasi = (thermochemistry(ethane(), treatment=t) for t in ("rrho", "quasi-rrho"))
    assert (quasi.H, quasi.Cv, quasi.zero_point) == (rrho.H, rrho.Cv, rrho.zero_point)
    assert quasi.S != rrho.S
    assert (quasi.treatment, rrho.treatment) == ("quasi-rrho", "rrho")


@given(st.floats(1, 4000), st.floats(50, 3000))
def test_entropies_grow_with_temperature_and_softness(wavenumber, temperature):
    modes = modes_with(Molecule("HH", [[0, 0, 0], [0, 0, 1]]), [wavenumber])
    here = thermochemistry(modes, temperature)
    softer = replace(modes, wavenumbers=modes.wavenumbers * 0.9)
    assert here.S <= thermochemistry(softer, temperature).S
    for treatment in ("rrho", "quasi-rrho"):
        here = thermochemistry(modes, temperature, treatment=treatment)
        assert here.S < thermochemistry(modes, 1.1 * temperature, treatment=treatment).S


# ---- what is refused, and what is warned of ----


def test_imaginary_modes_are_left_out():
    modes = replace(water(), wavenumbers=np.array([-500.0, 1595, 3756]))
    with pytest.warns(HarmonicWarning, match="1 imaginary mode left out"):
        found = thermochemistry(modes)
    assert found.n_excluded == 1
    assert found.zero_point == pytest.approx((1595 + 3756) / 2 * 0.01196265656)
    assert found.H == found.U + MOLAR_GAS * 298.15 / 1000


def test_totals():
    found = thermochemistry(water())
    assert found.total_enthalpy == pytest.approx(-1 + found.H / HARTREE_KJ_PER_MOL)
    assert [c.name for c in found.contributions] == [
        "translation", "rotation", "vibration", "electronic",
    ]  # fmt: skip
    unknown = thermochemistry(replace(water(), energy=None))
    assert (unknown.total_enthalpy, unknown.total_gibbs_energy) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": 0}, "temperature 0"),
        ({"temperature": float("nan")}, "temperature nan"),
        ({"pressure": -1.0}, r"pressure -1\.0"),
        ({"scale": 0.0}, "scale"),
        ({"symmetry_number": 0}, "symmetry number 0"),
        ({"treatment": "grimme"}, "'rrho' or 'quasi-rrho'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ThermochemistryError, match=message):
        thermochemistry(water(), **arguments)
