"""Analytic Hessians against PySCF's, against differences, and against published numbers.

PySCF's coupled-perturbed solver treats all atoms together and stops early where the atoms
depend on each other by symmetry (CO2: 6 cm⁻¹ off); the reference therefore solves for one atom
after the other. Of a functional's second derivatives it has those between different atoms; those of
an atom with itself, which lack the motion of the grid, are compared with differences of gradients.
"""

from dataclasses import replace

import numpy as np
import pytest
from spektron.pointgroup import Molecule, PointGroup, detect, example
from spektron.pointgroup.units import BOHR, NORMAL_COORDINATE

pytest.importorskip("pyscf")

from pyscf import dft, gto, scf
from spektron.vibration import Level, harmonic_data
from spektron.vibration.derivatives.analytic import analytic_hessian, hessian
from spektron.vibration.errors import CalculationError, HarmonicDataError, LevelError

# Four atoms without any symmetry, far from any minimum; the geometry need not be one.
BENT = [[0, 0, 0.1], [0, 0.76, 0.68], [1.5, 0.3, 0.2], [-0.3, -0.7, 0.6]]
CATION = Molecule(["O", "H", "F", "H"], BENT, charge=1, name="H2OF+")
RADICAL = Molecule(["O", "H", "F", "H"], BENT, multiplicity=2, name="H2OF")
HYDROXYL = Molecule(["O", "H"], [[0, 0, 0], [0, 0, 0.97]], multiplicity=2)


def symmetric(name):
    molecule = example(name) if isinstance(name, str) else name
    return detect(detect(molecule).symmetrise())


def without_symmetry(symmetry):
    n = symmetry.molecule.n_atoms
    return replace(
        symmetry, group=PointGroup("C1"), matrices=np.eye(3)[None], permutations=np.arange(n)[None]
    )


def mean_field(molecule, method, basis="6-31g", *, fit=True, grid=None, **options):
    mol = gto.M(
        atom=list(zip(molecule.symbols, molecule.positions / BOHR, strict=True)),
        unit="Bohr",
        basis=basis,
        charge=molecule.charge,
        spin=molecule.multiplicity - 1,
        verbose=0,
        **options,
    )
    if method == "hf":
        mf = scf.UHF(mol) if mol.spin else scf.RHF(mol)
    else:
        mf = dft.UKS(mol, xc=method) if mol.spin else dft.RKS(mol, xc=method)
        if grid is not None:
            mf.grids.level = grid
    if fit:
        mf = mf.density_fit()
    return mf.run(conv_tol=1e-12)


def square(blocks):
    n = len(blocks)
    return blocks.transpose(0, 2, 1, 3).reshape(3 * n, 3 * n)


def peer_hessian(mf):
    """PySCF's Hessian, its equations solved for one atom at a time."""
    mf.conv_tol_cpscf = 1e-9
    found, n = mf.Hessian(), mf.mol.natm
    h1 = found.make_h1(mf.mo_coeff, mf.mo_occ)
    each = [
        found.solve_mo1(mf.mo_energy, mf.mo_coeff, mf.mo_occ, h1, atmlst=[atom])
        for atom in range(n)
    ]
    if np.ndim(mf.mo_occ) == 1:
        orbitals, energies = ([e[k][a] for a, e in enumerate(each)] for k in (0, 1))
    else:
        orbitals, energies = (
            tuple([e[k][s][a] for a, e in enumerate(each)] for s in (0, 1)) for k in (0, 1)
        )
    whole = square(found.hess_elec(mo1=orbitals, mo_e1=energies, h1ao=h1) + found.hess_nuc())
    return whole if isinstance(mf, scf.hf.SCF) and not hasattr(mf, "xc") else balanced(whole)


def balanced(matrix):
    """Rows that sum to zero, by the blocks of each atom with itself."""
    n = len(matrix) // 3
    total = matrix.reshape(n, 3, n, 3).sum(axis=2)
    own = [(block + block.T) / 2 for block in total]
    return matrix - np.kron(np.eye(n), np.ones((3, 3))) * np.hstack([np.vstack(own)] * n)


def dipole_differences(mf, step=2e-3):
    out = []
    for index in range(3 * mf.mol.natm):
        dipoles = []
        for sign in (1, -1):
            positions = mf.mol.atom_coords()
            positions.flat[index] += sign * step
            moved = mf.copy().reset(mf.mol.set_geom_(positions, unit="Bohr", inplace=False))
            moved.run(mf.make_rdm1(), conv_tol_grad=1e-9)
            dipoles.append(moved.dip_moment(unit="AU", verbose=0))
        out.append((dipoles[0] - dipoles[1]) / (2 * step))
    return np.array(out)


def wavenumbers(matrix, molecule):
    scale = np.repeat(molecule.masses, 3) ** -0.5
    values = np.linalg.eigvalsh(matrix * np.outer(scale, scale))
    return np.sign(values) * np.abs(values) ** 0.5 * NORMAL_COORDINATE


@pytest.mark.parametrize("fit", [True, False], ids=["fitted", "exact"])
@pytest.mark.parametrize("molecule", [CATION, RADICAL], ids=lambda m: m.name)
@pytest.mark.parametrize("method", ["hf", "svwn", "b3lyp", "tpss", "wb97x"])
def test_equals_pyscf_without_symmetry(molecule, method, fit):
    mf = mean_field(molecule, method, "sto-3g", fit=fit, grid=0)
    found = analytic_hessian(mf, detect(molecule))
    np.testing.assert_allclose(found.hessian, peer_hessian(mf), atol=2e-6)


@pytest.mark.parametrize("method", ["hse06", "lc_blyp"])
def test_short_and_long_range_exchange(method):
    mf = mean_field(CATION, method, grid=0)
    found = analytic_hessian(mf, detect(CATION))
    np.testing.assert_allclose(found.hessian, peer_hessian(mf), atol=2e-6)


@pytest.mark.parametrize("fit", [True, False])
@pytest.mark.parametrize("name", ["water", "ammonia", "methane", "ethylene", "carbon_dioxide"])
def test_symmetry_changes_nothing_in_hartree_fock(name, fit):
    symmetry = symmetric(name)
    mf = mean_field(symmetry.molecule, "hf", "sto-3g", fit=fit)
    found = analytic_hessian(mf, symmetry)
    reference = peer_hessian(mf)
    np.testing.assert_allclose(found.hessian, reference, atol=1e-6)
    a, b = (wavenumbers(h, symmetry.molecule) for h in (found.hessian, reference))
    np.testing.assert_allclose(a[6:], b[6:], atol=0.01)
    full = analytic_hessian(mf, without_symmetry(symmetry))
    np.testing.assert_allclose(found.dipole_derivatives, full.dipole_derivatives, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "method"),
    [("water", "b3lyp"), ("ammonia", "pbe"), ("carbon_dioxide", "pbe0")],
)
def test_symmetry_with_a_grid(name, method):
    """Grids lack the symmetry of the molecule; at level 4 that is worth less than 0.5 cm⁻¹."""
    symmetry = symmetric(name)
    mf = mean_field(symmetry.molecule, method, "sto-3g", grid=4)
    found = analytic_hessian(mf, symmetry)
    a, b = (wavenumbers(h, symmetry.molecule) for h in (found.hessian, peer_hessian(mf)))
    np.testing.assert_allclose(a[6:], b[6:], atol=0.5)


def test_the_grid_moves_with_a_heavy_atom():
    """Differences of gradients, whose grid moves; without that Br is off by 0.07 Eh/bohr²."""
    bromide = Molecule(["Br", "H"], [[0, 0, 0], [0, 0, 1.42]])
    found = [
        harmonic_data(
            bromide, Level("b3lyp", "def2-svp"), route=route, raman=False, allow_nonstationary=True
        ).hessian
        for route in ("analytic", "differences")
    ]
    np.testing.assert_allclose(*found, atol=2e-4)
    np.testing.assert_allclose(found[0].reshape(6, 2, 3).sum(axis=1), 0, atol=1e-5)


def test_radicals():
    """OH with a hole in one π orbital has no axial symmetry; planar CH3 has all of D3h."""
    angles = np.radians([90, 210, 330])
    planar = [[0, 0, 0], *np.stack([1.08 * np.cos(angles), 1.08 * np.sin(angles), 0 * angles], 1)]
    methyl = symmetric(Molecule(["C", "H", "H", "H"], planar, multiplicity=2))
    assert str(methyl.group) == "D3h"
    mf = mean_field(methyl.molecule, "hf")
    found = analytic_hessian(mf, methyl)
    np.testing.assert_allclose(found.hessian, peer_hessian(mf), atol=1e-6)
    hydroxyl = symmetric(HYDROXYL)
    mf = mean_field(hydroxyl.molecule, "hf")
    with pytest.raises(CalculationError, match=r"breaks the symmetry.*use symmetry C1"):
        analytic_hessian(mf, hydroxyl)
    found = analytic_hessian(mf, without_symmetry(hydroxyl))
    np.testing.assert_allclose(found.hessian, peer_hessian(mf), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "method"), [("ammonia", "hf"), ("water", "b3lyp"), ("water", "svwn")]
)
def test_dipole_derivatives_are_differences_of_dipoles(name, method):
    symmetry = symmetric(name)
    mf = mean_field(symmetry.molecule, method, "sto-3g", grid=4)
    found = analytic_hessian(mf, symmetry)
    limit = 1e-5 if method == "hf" else 2e-4  # dipoles at displaced geometries feel the grid
    np.testing.assert_allclose(found.dipole_derivatives, dipole_differences(mf), atol=limit)


def test_charge_sum_rule_of_an_ion():
    ammonium = symmetric(Molecule(["N", "H", "H", "H", "H"], _tetrahedron(1.02), charge=1))
    found = analytic_hessian(mean_field(ammonium.molecule, "hf"), ammonium)
    total = found.dipole_derivatives.reshape(-1, 3, 3).sum(axis=0)
    np.testing.assert_allclose(total, np.eye(3), atol=1e-5)
    total = found.hessian.reshape(15, 5, 3).sum(axis=1)
    np.testing.assert_allclose(total, 0, atol=1e-6)


def _tetrahedron(length):
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    return [[0, 0, 0], *(length * corners / 3**0.5)]


def test_water_at_its_minimum():
    """HF/STO-3G wavenumbers at the minimum, which Newton's steps with this Hessian find."""
    water = symmetric("water").molecule
    for _ in range(6):
        mf = mean_field(water, "hf", "sto-3g", fit=False)
        found = analytic_hessian(mf, detect(water, tolerance=1e-6))
        step = np.linalg.pinv(found.hessian, rcond=1e-4) @ mf.Gradients().kernel().ravel()
        water = water.with_positions(water.positions - step.reshape(3, 3) * BOHR)
    assert np.abs(step).max() < 1e-6
    expected = [2170.046, 4140.002, 4391.067]
    np.testing.assert_allclose(wavenumbers(found.hessian, water)[6:], expected, atol=0.01)


def test_core_potential():
    iodide = symmetric(Molecule(["I", "H"], [[0, 0, 0], [0, 0, 1.61]]))
    mf = mean_field(iodide.molecule, "hf", "def2-svp", ecp="def2-svp")
    found = analytic_hessian(mf, iodide)
    np.testing.assert_allclose(found.hessian, peer_hessian(mf), atol=1e-6)


def test_cartesian_functions():
    symmetry = symmetric("ammonia")
    mf = mean_field(symmetry.molecule, "hf", "6-31g*", cart=True)
    found = analytic_hessian(mf, symmetry)
    np.testing.assert_allclose(found.hessian, peer_hessian(mf), atol=1e-6)


@pytest.mark.parametrize("molecule", [example("water"), HYDROXYL], ids=lambda m: m.formula)
def test_continuum(molecule):
    mf = mean_field(molecule, "hf", "sto-3g").PCM().run(conv_tol=1e-12)
    mf.conv_tol_cpscf = 1e-9
    found = analytic_hessian(mf, without_symmetry(detect(molecule)))
    np.testing.assert_allclose(found.hessian, square(mf.Hessian().kernel()), atol=5e-6)


@pytest.mark.slow
def test_non_local_correlation():
    symmetry = symmetric("water")
    mf = mean_field(symmetry.molecule, "wb97x-v", "sto-3g", grid=2)
    mf.nlcgrids.level = 0
    mf.run(conv_tol=1e-12)
    found = analytic_hessian(mf, without_symmetry(symmetry))
    reference = balanced(square(mf.Hessian().kernel()))
    np.testing.assert_allclose(found.hessian, reference, atol=5e-5)


def test_rough_responses_are_corrected(monkeypatch):
    """The error of a response enters in third order: the coarsest grid does hardly any harm."""
    mf = mean_field(CATION, "b3lyp", grid=3)
    fine = analytic_hessian(mf, detect(CATION)).hessian
    monkeypatch.setattr(hessian, "RESPONSE_GRID", 0)
    rough = analytic_hessian(mf, detect(CATION)).hessian
    np.testing.assert_allclose(rough, fine, atol=5e-6)


def test_arguments_stay_as_they_are():
    symmetry = symmetric("water")
    mf = mean_field(symmetry.molecule, "b3lyp", grid=1)
    before = mf.mo_coeff.copy(), mf.grids.level, mf.mol.atom_coords()
    analytic_hessian(mf, symmetry)
    np.testing.assert_array_equal(mf.mo_coeff, before[0])
    assert mf.grids.level == before[1]
    np.testing.assert_array_equal(mf.mol.atom_coords(), before[2])
    assert mf.mol.omega == 0


# ---- bad input ----


def test_not_converged():
    symmetry = symmetric("water")
    mf = mean_field(symmetry.molecule, "hf")
    mf.converged = False
    with pytest.raises(CalculationError, match="not converged"):
        analytic_hessian(mf, symmetry)


def test_restricted_open_shell():
    mol = gto.M(atom="O 0 0 0; H 0 0 0.97", spin=1, basis="sto-3g", verbose=0)
    with pytest.raises(LevelError, match=r"ROHF has no analytic Hessian.*differences"):
        analytic_hessian(scf.ROHF(mol).run(), detect(HYDROXYL))


def test_open_shell_with_non_local_correlation():
    mf = mean_field(RADICAL, "b3lyp", "sto-3g", grid=0)
    mf.nlc = "vv10"
    with pytest.raises(LevelError, match="non-local"):
        analytic_hessian(mf, detect(RADICAL))


def test_fractional_occupations():
    symmetry = symmetric("water")
    mf = mean_field(symmetry.molecule, "hf", "sto-3g")
    mf.mo_occ = mf.mo_occ.copy()
    mf.mo_occ[4:6] = 1.5, 0.5
    with pytest.raises(CalculationError, match=r"1\.500 electrons"):
        analytic_hessian(mf, symmetry)


def test_excited_state():
    symmetry = symmetric("water")
    mf = mean_field(symmetry.molecule, "hf", "sto-3g")
    mf.mo_occ = mf.mo_occ[[0, 1, 2, 3, 5, 4, 6]]
    with pytest.raises(CalculationError, match="above the lowest virtual"):
        analytic_hessian(mf, symmetry)


def test_symmetry_of_another_molecule_or_geometry():
    symmetry = symmetric("water")
    mf = mean_field(symmetry.molecule, "hf", "sto-3g")
    with pytest.raises(HarmonicDataError, match="5 atoms, the mean field has 3"):
        analytic_hessian(mf, symmetric("methane"))
    moved = symmetry.molecule.positions.copy()
    moved[1, 0] += 0.01
    off = mean_field(symmetry.molecule.with_positions(moved), "hf", "sto-3g")
    with pytest.raises(CalculationError, match="symmetrise the geometry"):
        analytic_hessian(off, symmetry)
    helium = Molecule(["He"], [[0, 0, 0]])
    with pytest.raises(HarmonicDataError, match="no vibrations"):
        analytic_hessian(mean_field(helium, "hf", fit=False), detect(helium))
