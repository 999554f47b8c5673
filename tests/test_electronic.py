"""Electronic structure behind the Surface interface: against finite differences and PySCF."""

import os

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example
from spektron.pointgroup.units import BOHR
from spektron.vibration.electronic import prediction, self_consistency
from spektron.vibration.electronic.becke import BeckeCells
from spektron.vibration.electronic.gradient import gradient
from spektron.vibration.electronic.surfaces import require, surface_for
from spektron.vibration.errors import LevelError, MissingPackage, NotConverged
from spektron.vibration.level import Level

pytest.importorskip("pyscf", reason="the dft extra is not installed")
pytest.importorskip("tblite", reason="the dft extra is not installed")

BENT = Molecule("OHH", [[0.01, 0.02, 0.117], [0, 0.757, -0.469], [0, -0.757, -0.52]], name="bent")
CARBENE = Molecule("CHH", [[0, 0, 0.1], [0.1, 0.98, -0.3], [0, -0.99, -0.2]], multiplicity=3)
HYDROXIDE = Molecule("OH", [[0, 0, 0.01], [0.1, 0.2, 0.95]], charge=-1)
IODIDE = Molecule("IH", [[0, 0, 0.01], [0.1, 0.2, 1.65]])
FIELD = np.array([0.01, 0.02, -0.03])
STEP = 2e-3
"""bohr, and a.u. of field for the dipole."""

CASES = [
    pytest.param(BENT, Level("hf", "sto-3g", density_fit=False), id="RHF"),
    pytest.param(BENT, Level("hf", "6-31g"), id="RHF, density fitting"),
    pytest.param(CARBENE, Level("hf", "sto-3g"), id="UHF"),
    pytest.param(BENT, Level("svwn", "sto-3g", grid=2), id="LDA"),
    pytest.param(BENT, Level("b3lyp", "sto-3g", grid=2), id="hybrid"),
    pytest.param(BENT, Level("b3lyp", "sto-3g", grid=2, density_fit=False), id="hybrid, exact"),
    pytest.param(CARBENE, Level("pbe", "sto-3g", grid=2), id="open-shell GGA"),
    pytest.param(CARBENE, Level("r2scan", "sto-3g", grid=2), id="open-shell meta-GGA"),
    pytest.param(BENT, Level("wb97x", "sto-3g", grid=1), id="range-separated"),
    pytest.param(BENT, Level("b3lyp", "sto-3g", grid=2, dielectric=78.36), id="hybrid in water"),
    pytest.param(HYDROXIDE, Level("hf", "sto-3g", dielectric=5.0), id="ion in a continuum"),
    pytest.param(IODIDE, Level("pbe", "lanl2dz", grid=1), id="core potential"),
    pytest.param(BENT, Level("gfn2-xtb"), id="GFN2"),
    pytest.param(HYDROXIDE, Level("gfn1-xtb"), id="GFN1 ion"),
    pytest.param(CARBENE, Level("gfn2-xtb"), id="GFN2 triplet"),
]


def direction(molecule):
    return np.random.default_rng(3).normal(size=(molecule.n_atoms, 3))


@pytest.mark.parametrize("field", [np.zeros(3), FIELD], ids=["free", "field"])
@pytest.mark.parametrize(("molecule", "level"), CASES)
def test_gradient_is_the_slope_of_the_energy(molecule, level, field):
    surface = surface_for(molecule, level)
    along = direction(molecule)

    def energy(steps):
        return surface.compute(molecule.positions + steps * STEP * BOHR * along, field).energy

    # Five-point formula: the error is of fourth order in the step.
    slope = (8 * (energy(1) - energy(-1)) - energy(2) + energy(-2)) / (12 * STEP)
    point = surface.compute(molecule.positions, field)
    assert (point.gradient * along).sum() == pytest.approx(slope, abs=3e-7)
    # The whole molecule feels only the force of the field on its charge.
    np.testing.assert_allclose(point.gradient.sum(axis=0), -molecule.charge * field, atol=2e-7)


@pytest.mark.parametrize(
    ("molecule", "level"),
    [CASES[i] for i in (1, 4, 6, 10, 12, 13)],
)
def test_dipole_is_the_response_to_a_field(molecule, level):
    surface = surface_for(molecule, level)

    def energy(field):
        return surface.compute(molecule.positions, field).energy

    axes = STEP * np.eye(3)
    response = [-(energy(e) - energy(-e)) / (2 * STEP) for e in axes]
    dipole = surface.compute(molecule.positions).dipole
    np.testing.assert_allclose(dipole, response, atol=3e-5)


def test_water_at_its_published_minimum():
    # HF/STO-3G water: R = 0.9894 Å, 100.03°, E = −74.96590 Eh (Hehre, Radom, Schleyer, Pople,
    # Ab Initio Molecular Orbital Theory, 1986).
    half = np.radians(100.03) / 2
    height, side = 0.9894 * np.cos(half), 0.9894 * np.sin(half)
    water = Molecule("OHH", [[0, 0, 0], [0, side, height], [0, -side, height]])
    level = Level("hf", "sto-3g", density_fit=False)
    point = surface_for(water, level).compute(water.positions)
    assert point.energy == pytest.approx(-74.96590, abs=5e-6)
    assert np.abs(point.gradient).max() < 2e-4
    assert np.linalg.norm(point.dipole) == pytest.approx(1.709 / 2.541746, abs=1e-3)


@pytest.mark.parametrize(
    ("molecule", "level"),
    [(BENT, Level("b3lyp", "sto-3g", grid=2)), (CARBENE, Level("pbe", "sto-3g", grid=2))],
)
def test_energy_is_that_of_a_plain_pyscf_run(molecule, level):
    from pyscf import dft, gto

    atoms = list(zip(molecule.symbols, molecule.positions / BOHR, strict=True))
    spin = molecule.multiplicity - 1
    mol = gto.M(atom=atoms, unit="Bohr", basis=level.basis, spin=spin, verbose=0)
    plain = dft.KS(mol, xc=level.method).density_fit()
    plain.grids.level = level.grid
    plain.conv_tol = 1e-12
    surface = surface_for(molecule, level)
    surface.compute(molecule.positions + 0.01 * direction(molecule))  # so that the next restarts
    point = surface.compute(molecule.positions)
    assert point.energy == pytest.approx(plain.kernel(), abs=1e-9)
    np.testing.assert_allclose(point.dipole, plain.dip_moment(unit="AU", verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("molecule", "level"), [p for p in CASES if "gfn" not in p.values[1].method]
)
def test_gradient_is_that_of_pyscf(molecule, level):
    mf = surface_for(molecule, level).mean_field(molecule.positions)
    theirs = mf.nuc_grad_method()
    theirs.grid_response = True
    if molecule is IODIDE:
        # PySCF 2.14 takes the radii of its cells from the charge that a core potential leaves
        # (grad/rks.py, grids_response_becke); the slope of the energy is the judge above.
        theirs.grid_response = False
        assert np.abs(gradient(mf) - theirs.kernel()).max() < 1e-3
        return
    np.testing.assert_allclose(gradient(mf), theirs.kernel(), atol=2e-9)


def test_weights_are_those_of_pyscf():
    from pyscf.dft import gen_grid

    grids = (
        surface_for(CARBENE, Level("pbe", "sto-3g", grid=1))
        ._prepared(surface_for(CARBENE, Level("pbe", "sto-3g"))._mol)
        .grids
    )
    table = grids.gen_atomic_grids(grids.mol, level=1)
    coords, weights = gen_grid.get_partition(
        grids.mol, table, grids.radii_adjust, grids.atomic_radii, concat=False
    )
    cells = BeckeCells.of(grids)
    for atom in range(3):
        ours = cells.points(atom)
        np.testing.assert_allclose(ours[0], coords[atom], atol=1e-12)
        np.testing.assert_allclose(ours[2], weights[atom], atol=1e-13)


@pytest.mark.slow
def test_vv10_gradient_is_the_slope_of_the_energy():
    stretched = Molecule("HH", [[0, 0, 0.01], [0.1, 0.2, 0.8]])
    surface, along = surface_for(stretched, Level("b97m-v", "sto-3g", grid=2)), direction(stretched)
    positions = [stretched.positions + s * STEP * BOHR * along for s in (-1, 0, 1)]
    down, here, up = (surface.compute(x) for x in positions)
    slope = (up.energy - down.energy) / (2 * STEP)
    assert (here.gradient * along).sum() == pytest.approx(slope, abs=2e-5)


def test_restart_gives_what_a_fresh_start_gives():
    level = Level("b3lyp", "sto-3g", grid=2)
    surface = surface_for(BENT, level)
    along = 0.005 * BOHR * direction(BENT)
    for sign in (0, 1, -1):
        point = surface.compute(BENT.positions + sign * along)
    fresh = surface_for(BENT, level).compute(BENT.positions - along)
    assert point.energy == pytest.approx(fresh.energy, abs=1e-11)
    # 1e-7 Eh/bohr in a gradient is 1e-5 Eh/bohr² in a Hessian, 0.03 cm⁻¹ at 1000 cm⁻¹ for H.
    np.testing.assert_allclose(point.gradient, fresh.gradient, atol=1e-7)


def test_restarts_need_few_evaluations_of_the_full_grid(monkeypatch):
    from pyscf.dft import numint

    counted = []
    original = numint.NumInt.nr_rks

    def counting(self, mol, grids, *arguments, **options):
        counted.append(grids.level)
        return original(self, mol, grids, *arguments, **options)

    monkeypatch.setattr(numint.NumInt, "nr_rks", counting)
    surface = surface_for(BENT, Level("b3lyp", "sto-3g", grid=2))
    along = 0.005 * BOHR * direction(BENT)
    for sign in (0, 1, -1):
        counted.clear()
        surface.compute(BENT.positions + sign * along)
    assert 1 <= counted.count(2) <= 3
    assert counted.count(self_consistency.COARSE_GRID) <= 10


def test_prediction_is_exact_for_a_density_linear_in_the_displacement():
    rng = np.random.default_rng(0)
    a, b = (m + m.T for m in rng.normal(size=(2, 6, 6)))
    spread = np.diag([5.0, 4.0, 3.0, 0.1, 0.0, -0.1])
    history = prediction.DensityHistory()
    x, step = np.array([0.3, 0.0]), np.array([0.01, 0.0])
    for sign in (0, 1):
        history.remember(x + sign * step, (spread + sign * 0.01 * a)[None], np.eye(6))
    (orbitals,) = history.orbitals(x - step, np.eye(6), (3,))
    exact = np.linalg.eigh(spread - 0.01 * a)[1][:, 3:]
    np.testing.assert_allclose(orbitals @ orbitals.T, exact @ exact.T, atol=1e-5)
    overlap = np.eye(6) + 0.01 * b
    (orbitals,) = history.orbitals(x, overlap, (2,))
    np.testing.assert_allclose(orbitals.T @ overlap @ orbitals, np.eye(2), atol=1e-12)


def test_nothing_is_printed_or_left_behind(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for level in (Level("b3lyp", "sto-3g", grid=0), Level("gfn2-xtb")):
        surface_for(BENT, level).compute(BENT.positions, FIELD)
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


def test_positions_are_not_changed():
    for level in (Level("hf", "sto-3g"), Level("gfn2-xtb")):
        positions, field = BENT.positions.copy(), FIELD.copy()
        surface_for(BENT, level).compute(positions, field)
        np.testing.assert_array_equal(positions, BENT.positions)
        np.testing.assert_array_equal(field, FIELD)


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (Level("b3lip", "sto-3g"), "unknown functional b3lip: did you mean b3lyp"),
        (Level("b2plyp", "sto-3g"), "unknown functional b2plyp"),
        (Level("wb97x-d", "sto-3g"), "functional wb97x-d: PySCF has no part of it beyond"),
        (Level("mgga_c_b94", "sto-3g"), "cannot take its derivative"),
        (Level(",", "sto-3g"), "has no density functional in it"),
        (Level("b3lyp", "def2-svpp"), "unknown basis def2-svpp: did you mean def2-svp"),
        (Level("hf", "zzz"), "unknown basis zzz"),
        (Level("gfn2-xtb", dielectric=10), "gfn2-xtb has no dielectric continuum"),
    ],
    ids=lambda value: str(value) if isinstance(value, Level) else "",
)
def test_impossible_levels(level, message):
    with pytest.raises(LevelError, match=message) as caught:
        surface_for(BENT, level)
    assert "\n" not in str(caught.value)


def test_a_file_is_not_taken_for_a_basis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sto-3g").write_text("not a basis")
    with pytest.raises(LevelError, match="basis sto-3g is the name of a file here"):
        surface_for(BENT, Level("hf", "sto-3g"))


def test_basis_without_an_element():
    with pytest.raises(LevelError, match="basis 6-31g\\* has no functions for I"):
        surface_for(IODIDE, Level("hf", "6-31g*"))
    francium = Molecule(["Fr", "H"], [[0, 0, 0], [0, 0, 2.5]])
    with pytest.raises(LevelError, match="GFN2-xTB has no parameters for Fr"):
        surface_for(francium, Level("gfn2-xtb"))


def test_dispersion_names_its_package():
    pytest.importorskip("pyscf")
    try:
        import pyscf.dispersion  # noqa: F401
    except ImportError:
        with pytest.raises(MissingPackage, match="pip install pyscf-dispersion"):
            surface_for(BENT, Level("b3lyp-d3bj", "sto-3g"))


@pytest.mark.parametrize("level", [Level("hf", "sto-3g"), Level("gfn2-xtb")], ids=str)
@pytest.mark.parametrize(
    ("charge", "multiplicity", "message"),
    [
        (0, 1, "CH3 has 9 electrons: multiplicity must be even, e.g. 2, not 1"),
        (1, 2, "CH3 with charge \\+1 has 8 electrons: multiplicity must be odd, e.g. 1, not 2"),
        (0, 12, "CH3 has 9 electrons: multiplicity 12 needs 11 of them"),
        (9, 1, "CH3 with charge \\+9 has 0 electrons: lower the charge"),
    ],
)
def test_impossible_spin(level, charge, multiplicity, message):
    positions = [[0, 0, 0], [0, 1.08, 0], [0.935, -0.54, 0], [-0.935, -0.54, 0]]
    methyl = Molecule("CHHH", positions, charge=charge, multiplicity=multiplicity)
    with pytest.raises(LevelError, match=message):
        surface_for(methyl, level)


def test_missing_package():
    with pytest.raises(MissingPackage, match=r'pip install "spektron\[dft\]"'):
        require("no_such_package", "this")


def test_self_consistency_out_of_reach(monkeypatch):
    surface = surface_for(BENT, Level("hf", "sto-3g"))
    prepared = surface._prepared

    def one_cycle(mol):
        mf = prepared(mol)
        mf.max_cycle = 1
        return mf

    monkeypatch.setattr(surface, "_prepared", one_cycle)
    monkeypatch.setattr(self_consistency, "_second_order", lambda mf: None)
    with pytest.raises(NotConverged, match=r"hf/sto-3g of H2O.*energy -7\d\.\d+ Eh") as caught:
        surface.compute(BENT.positions)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(surface, "_prepared", prepared)
    fresh = surface_for(BENT, Level("hf", "sto-3g")).compute(BENT.positions)
    assert surface.compute(BENT.positions).energy == pytest.approx(fresh.energy, abs=1e-9)


def test_second_order_steps_rescue_a_stalled_run(monkeypatch):
    surface = surface_for(BENT, Level("hf", "sto-3g"))
    prepared = surface._prepared

    def two_cycles(mol):
        mf = prepared(mol)
        mf.max_cycle = 4
        return mf

    monkeypatch.setattr(surface, "_prepared", two_cycles)
    point = surface.compute(BENT.positions)
    fresh = surface_for(BENT, Level("hf", "sto-3g")).compute(BENT.positions)
    assert point.energy == pytest.approx(fresh.energy, abs=1e-9)


def test_interrupt_leaves_a_usable_surface(monkeypatch):
    from pyscf.scf import hf

    surface = surface_for(BENT, Level("hf", "sto-3g"))
    first = surface.compute(BENT.positions)
    original = hf.SCF.get_fock

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(hf.SCF, "get_fock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        surface.compute(BENT.positions + 0.01)
    monkeypatch.setattr(hf.SCF, "get_fock", original)
    assert surface.compute(BENT.positions).energy == pytest.approx(first.energy, abs=1e-10)


def test_charges_agree_between_programs():
    # The sign of the field must be one in both: the dipoles point the same way.
    molecule = example("ammonia")
    ours = [
        surface_for(molecule, level).compute(molecule.positions).dipole
        for level in (Level("hf", "6-31g"), Level("gfn2-xtb"))
    ]
    cosine = ours[0] @ ours[1] / np.linalg.norm(ours[0]) / np.linalg.norm(ours[1])
    assert cosine == pytest.approx(1, abs=1e-6)
