"""Harmonic data of real molecules: published values, other programs, bad input."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from spektron.pointgroup import Molecule, detect, example
from spektron.pointgroup.errors import InputError
from spektron.pointgroup.units import BOHR, NORMAL_COORDINATE
from spektron.vibration.derivatives.calculation import plan_calculation
from spektron.vibration.derivatives.cost import hessian_cost
from spektron.vibration.derivatives.displacements import plan_displacements
from spektron.vibration.derivatives.routes import harmonic_data
from spektron.vibration.electronic.surface import SinglePoint
from spektron.vibration.errors import CalculationError, HarmonicDataError, LevelError, NotStationary
from spektron.vibration.level import Level

HF = Level("hf", "sto-3g", density_fit=False, convergence=1e-13)
# Minimum of HF/STO-3G: r = 0.98941 Å, 100.027° (Hehre, Stewart, Pople 1969: 0.990 Å, 100.0°)
WATER = Molecule(
    "OHH",
    [
        [0, 0, -0.07115572757457],
        [0, -0.75808067088181, 0.56464651661003],
        [0, 0.75808067088181, 0.56464651661003],
    ],
)


def modes(data):
    """Wavenumbers (cm⁻¹) and Cartesian modes over √u, rigid motions left out: a small twin."""
    scale = np.repeat(data.molecule.masses, 3) ** -0.5
    x = data.molecule.positions - data.molecule.centre_of_mass
    rigid = [np.tile(e, (len(x), 1)) for e in np.eye(3)] + [np.cross(e, x) for e in np.eye(3)]
    u, s, _ = np.linalg.svd(np.array([r.ravel() / scale for r in rigid]).T)
    internal = u[:, np.count_nonzero(s > 1e-6 * s[0]) :]
    curvatures, vectors = np.linalg.eigh(
        internal.T @ (data.hessian * np.outer(scale, scale)) @ internal
    )
    wavenumbers = np.sign(curvatures) * np.abs(curvatures) ** 0.5 * NORMAL_COORDINATE
    return wavenumbers, (internal @ vectors) * scale[:, None]


# ---- truth from outside ----


@pytest.fixture(scope="module")
def water():
    pytest.importorskip("pyscf")
    return harmonic_data(WATER, HF, route="differences")


def test_water_hf_sto3g(water):
    """Published to 0.001 cm⁻¹; the differences reach 0.01."""
    assert modes(water)[0] == pytest.approx([2170.046, 4140.002, 4391.067], abs=0.01)
    assert water.energy == pytest.approx(-74.965901, abs=1e-6)  # HF/STO-3G limit of the textbooks
    assert water.program.startswith("PySCF")
    assert water.level == "hf/sto-3g"


def test_frame_and_masses(water):
    """Standard frame: C2 along z, the centre of mass of the default isotopes at the origin."""
    assert water.molecule.centre_of_mass == pytest.approx(np.zeros(3), abs=1e-9)
    assert water.molecule.positions[0, :2] == pytest.approx(np.zeros(2), abs=1e-9)
    turned = WATER.with_positions(WATER.positions[:, [2, 0, 1]] + 3).with_isotopes({1: 2})
    data = harmonic_data(turned, HF, route="differences", raman=False)
    assert data.molecule.mass_numbers == (16, 2, 1)  # HDO, computed with the symmetry of H2O
    assert data.hessian == pytest.approx(water.hessian, abs=2e-6)
    assert data.polarizability_derivatives is None


def test_symmetry_changes_the_count_and_not_the_result(water):
    whole = harmonic_data(water.molecule, HF, route="differences", symmetry="C1", step=0.004)
    assert modes(whole)[0] == pytest.approx(modes(water)[0], abs=0.1)
    assert whole.dipole_derivatives == pytest.approx(water.dipole_derivatives, abs=2e-4)
    scale = np.abs(water.polarizability_derivatives).max()
    difference = whole.polarizability_derivatives - water.polarizability_derivatives
    assert np.abs(difference).max() < 1e-3 * scale


def polarizability(mf):
    """Static polarizability from coupled-perturbed Hartree–Fock by PySCF, bohr³."""
    from pyscf.scf import cphf

    occupied, virtual = mf.mo_coeff[:, mf.mo_occ > 0], mf.mo_coeff[:, mf.mo_occ == 0]
    h1 = np.einsum("pi,xpq,qj->xij", virtual, mf.mol.intor("int1e_r"), occupied)
    response = mf.gen_response(hermi=1)

    def induced(vectors):
        mo1 = vectors.reshape(-1, virtual.shape[1], occupied.shape[1])
        density = 2 * np.einsum("pi,xij,qj->xpq", virtual, mo1, occupied)
        potential = response(density + density.transpose(0, 2, 1))
        return np.einsum("pi,xpq,qj->xij", virtual, potential, occupied).reshape(len(mo1), -1)

    mo1 = cphf.solve(induced, mf.mo_energy, mf.mo_occ, h1, tol=1e-10)[0].reshape(h1.shape)
    return -4 * np.einsum("xij,yij->xy", h1, mo1)


def raman_activities(derivatives, vectors):
    """45 a'² + 7 γ'² in Å⁴/u."""
    tensors = np.einsum("ik,iab->kab", vectors, derivatives) * BOHR**2
    mean = np.einsum("kaa->k", tensors) / 3
    rest = tensors - mean[:, None, None] * np.eye(3)
    return 45 * mean**2 + 10.5 * np.einsum("kab,kab->k", rest, rest)


def test_raman_from_fields_against_coupled_perturbed_polarizabilities(water):
    """Differences of analytic polarizabilities along the modes, within 0.2 % of the strongest."""
    from pyscf import gto, scf

    _, vectors = modes(water)
    steps = 0.02 * vectors.T.reshape(-1, 3, 3)  # bohr √u, where the differences are smooth
    slopes = []
    for pattern in steps:
        both = []
        for sign in (1, -1):
            positions = water.molecule.positions / BOHR + sign * pattern
            mol = gto.M(atom=list(zip("OHH", positions, strict=True)), unit="B", basis="sto-3g")
            both.append(polarizability(scf.RHF(mol).run(conv_tol=1e-12, verbose=0)))
        slopes.append((both[0] - both[1]) / 0.04)
    expected = raman_activities(np.array(slopes), np.eye(3))
    ours = raman_activities(water.polarizability_derivatives, vectors)
    assert np.abs(ours - expected).max() < 2e-3 * expected.max()


def test_dipole_derivatives_against_differences_of_dipoles(water):
    from pyscf import gto, scf

    def dipole(atom, axis, shift):
        positions = water.molecule.positions / BOHR
        positions[atom, axis] += shift
        mol = gto.M(atom=list(zip("OHH", positions, strict=True)), unit="B", basis="sto-3g")
        return scf.RHF(mol).run(conv_tol=1e-12, verbose=0).dip_moment(unit="AU", verbose=0)

    expected = [(dipole(1, k, 0.005) - dipole(1, k, -0.005)) / 0.01 for k in range(3)]
    assert water.dipole_derivatives[3:6] == pytest.approx(np.array(expected), abs=1e-4)


@pytest.mark.filterwarnings("ignore:largest gradient")
@pytest.mark.parametrize(
    ("name", "level", "limit"),
    [
        ("hydrogen_peroxide", Level("hf", "sto-3g", density_fit=False), 0.1),
        ("ammonia", Level("hf", "sto-3g"), 0.1),
        ("carbon_dioxide", Level("hf", "sto-3g"), 0.1),
        ("methane", Level("pbe", "sto-3g", grid=4), 0.5),
        ("ammonia", Level("b3lyp", "sto-3g", grid=5), 0.5),
    ],
)
def test_differences_agree_with_the_analytic_hessian_of_pyscf(name, level, limit):
    pytest.importorskip("pyscf")
    from spektron.vibration.electronic.surfaces import surface_for

    data = harmonic_data(
        example(name), level, route="differences", raman=False, allow_nonstationary=True
    )
    mf = surface_for(data.molecule.with_masses(None), level).mean_field(data.molecule.positions)
    n = data.molecule.n_atoms
    blocks = mf.Hessian().kernel().transpose(0, 2, 1, 3).reshape(3 * n, 3 * n)
    theirs = replace(data, hessian=(blocks + blocks.T) / 2)
    assert modes(data)[0] == pytest.approx(modes(theirs)[0], abs=limit)


@pytest.mark.filterwarnings("ignore:largest gradient")
def test_degenerate_pairs_are_equal():
    pytest.importorskip("pyscf")
    data = harmonic_data(
        example("ammonia"), HF, route="differences", raman=False, allow_nonstationary=True
    )
    wavenumbers = modes(data)[0]
    assert wavenumbers[1] == pytest.approx(wavenumbers[2], abs=1e-6)
    assert wavenumbers[4] == pytest.approx(wavenumbers[5], abs=1e-6)


# ---- the choice ----


def test_route_is_chosen_by_counted_cost():
    level = Level("b3lyp", "def2-svp")
    high = plan_calculation(example("sulfur_hexafluoride"), level)
    assert (high.route, high.n_steps) == ("differences", 1 + 2 + 1)
    none = plan_calculation(example("benzene"), level, symmetry="C1")
    assert (none.route, none.n_steps) == ("analytic", 1 + 1 + 12)
    assert none.displacements.n_gradients == 66
    assert plan_calculation(example("benzene"), level, route="analytic").route == "analytic"


def test_semiempirical_methods_take_differences():
    level = Level("gfn2-xtb")
    plan = plan_calculation(example("benzene"), level, symmetry="C1")
    assert plan.route == "differences"
    assert hessian_cost(plan.displacements, level).analytic is None
    with pytest.raises(LevelError, match="gfn2-xtb has no analytic Hessian"):
        plan_calculation(example("benzene"), level, route="analytic")


def test_plan_is_told_in_words():
    lines = str(plan_calculation(example("methane"), HF, raman=False)).splitlines()
    assert lines[0] == "CH4 in Td at hf/sto-3g"
    assert lines[1].startswith("Hessian by differences: 2 gradients of 2 unique atoms (30 without")
    assert lines[-1] == "3 steps with the reference geometry"


# ---- bad input ----


class Given:
    """A surface with one answer."""

    level, program = HF, "given"

    def __init__(self, molecule, gradient, level=HF):
        self.molecule, self.gradient = molecule, np.asarray(gradient, dtype=float)

    def compute(self, positions, field=(0, 0, 0)):
        return SinglePoint(0.0, self.gradient, np.zeros(3))


def with_gradient(size, **settings):
    stretch = np.array([[0, 0, -2], [0, -1, 1], [0, 1, 1]]) * size / 2  # totally symmetric
    return harmonic_data(
        WATER,
        HF,
        route="differences",
        surface_for=lambda m, _: Given(m, stretch),
        **settings,
    )


def test_geometry_that_is_not_stationary_is_refused():
    with pytest.raises(
        NotStationary, match=r"6.0e-04 Eh/bohr \(atom 1 O\).* at most 0.0005.*optim"
    ):
        with_gradient(6e-4)
    with pytest.warns(UserWarning, match="largest gradient 6.0e-04"):
        with_gradient(6e-4, allow_nonstationary=True)
    with pytest.warns(UserWarning, match="below 0.0001"):
        with_gradient(2e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_gradient(5e-5)


def test_state_with_less_symmetry_than_the_nuclei_is_refused():
    lopsided = [[0, 0, 0], [0, 2e-3, 0], [0, 0, 0]]
    with pytest.raises(CalculationError, match=r'breaks C2v.*1.0e-03.*symmetry="C1"'):
        harmonic_data(WATER, HF, route="differences", surface_for=lambda m, _: Given(m, lopsided))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"route": "numerical"}, "route 'numerical': choose one of auto, differences, analytic"),
        ({"step": 0.0}, "step 0 bohr: give one between"),
        ({"step": float("nan")}, "step nan bohr"),
        ({"field": 1.0}, "field 1 a.u.: give one between"),
        ({"symmetry": "C2v"}, "symmetry 'C2v': give the result of detect"),
        ({"symmetry": detect(example("water"))}, "that of another geometry"),
    ],
)
def test_settings_without_meaning(settings, message):
    with pytest.raises(InputError, match=message):
        plan_calculation(WATER, HF, **settings)


def test_one_atom():
    with pytest.raises(HarmonicDataError, match="Ar: one atom alone has no vibrations"):
        plan_displacements(detect(Molecule(["Ar"], [[0, 0, 0]])))
