"""Normal modes: other programs' numbers, exact identities, and what symmetry demands."""

import re
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import (
    Molecule,
    PointGroup,
    detect,
    example,
    irrep_matrices,
    mode_counts,
)
from spektron.pointgroup.coordinates import displacement_matrices
from spektron.pointgroup.errors import MoleculeError
from spektron.pointgroup.molecules.isotopes import SYMBOLS
from spektron.pointgroup.theory.groups import operation_matrices
from spektron.pointgroup.theory.operations import rotation_matrix
from spektron.pointgroup.units import BOHR, INTENSITY, NORMAL_COORDINATE
from spektron.vibration.confirmed import confirmed_symmetry
from spektron.vibration.errors import HarmonicDataError, NotStationary
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.intensities import raman
from spektron.vibration.labels import label_modes
from spektron.vibration.modes import modes_from_displacements, normal_modes
from spektron.vibration.rigid import complement, rigid_motions
from spektron.vibration.soundness import HarmonicWarning

# ---- force fields to work on ----


def force_field(molecule, seed=0):
    """Random data that have exactly the symmetry of a molecule and no rigid-body curvature."""
    symmetry = detect(molecule)
    rng = np.random.default_rng(seed)
    n = 3 * molecule.n_atoms
    root = rng.normal(size=(n, n))
    tensors = rng.normal(size=(n, 3, 3))
    sources = 0.3 * root @ root.T / n, rng.normal(size=(n, 3)), tensors + tensors.swapaxes(1, 2)
    hessian, dipole, polarizability = (0 * s for s in sources)
    operations = list(zip(symmetry.matrices, symmetry.permutations, strict=True))
    if symmetry.group.is_continuous:  # a fivefold axis averages tensors of rank 4 as C∞ does
        turns = [rotation_matrix(symmetry.frame[2], k / 5) for k in range(5)]
        operations = [(turn @ r, p) for turn in turns for r, p in operations]
    for r, permutation in operations:
        moved = np.zeros((molecule.n_atoms, 3, molecule.n_atoms, 3))
        moved[permutation, :, np.arange(molecule.n_atoms), :] = r
        moved = moved.reshape(n, n)
        hessian = hessian + moved @ sources[0] @ moved.T
        dipole = dipole + moved @ sources[1] @ r.T
        polarizability = polarizability + np.einsum(
            "ij,jkl,ak,bl->iab", moved, sources[2], r, r, optimize=True
        )
    place = symmetry.symmetrise()
    # With unit masses the rigid motions are the plain Cartesian ones.
    rigid = rigid_motions(
        place.positions, np.ones(molecule.n_atoms), linear=symmetry.group.is_linear
    )
    inner = np.eye(n) - rigid @ rigid.T
    k = len(operations)
    return HarmonicData(place, inner @ hessian @ inner / k, dipole / k, polarizability / k)


def cluster(symbol):
    """Orbits of carbon and nitrogen about a centre, with a group of any kind."""
    rng = np.random.default_rng(0)
    matrices = operation_matrices(PointGroup(symbol))
    orbits = []
    for radius in (2.0, 3.0):
        point = rng.normal(size=3)
        orbits.append(matrices @ (radius * point / np.linalg.norm(point)))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Molecule("C" * len(matrices) + "N" * len(matrices), np.concatenate(orbits) @ turn.T)


def disturbed(data, *, hessian=0.0, positions=0.0, seed=1):
    """The same data with noise (Eh/bohr², Å), as other programs' files have it."""
    rng = np.random.default_rng(seed)
    noise = hessian * rng.normal(size=data.hessian.shape)
    moved = data.molecule.positions + positions * rng.normal(size=data.molecule.positions.shape)
    return HarmonicData(
        data.molecule.with_positions(moved),
        data.hessian + noise + noise.T,
        data.dipole_derivatives,
        data.polarizability_derivatives,
    )


def mass_weighted_vectors(modes):
    vectors = modes.displacements * np.sqrt(modes.molecule.masses)[:, None]
    vectors = vectors.reshape(len(modes), -1)
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


MOLECULES = [
    "water", "ammonia", "methane", "carbon_dioxide", "acetylene", "ethylene", "allene", "ethane",
    "benzene", "sulfur_hexafluoride", "cubane", "ferrocene_staggered",
]  # fmt: skip
GROUPS = ["C3", "C4", "C6", "C3h", "S4", "S6", "S8", "C5h", "D5", "D4d", "T", "Th", "O"]
EVERY = [*MOLECULES, *GROUPS]


def field_of(name, seed=0):
    return force_field(example(name) if name in MOLECULES else cluster(name), seed)


# ---- other programs ----


@pytest.fixture(scope="module")
def pyscf_water():
    """HF/STO-3G water at its minimum: data, PySCF's Mole and its own Hessian."""
    gto = pytest.importorskip("pyscf.gto")
    scf = pytest.importorskip("pyscf.scf")
    solver = pytest.importorskip("pyscf.geomopt.geometric_solver")
    mol = gto.M(atom="O 0 0 .1; H 0 .76 -.48; H 0 -.76 -.48", basis="sto-3g", verbose=0)
    tight = {f"convergence_{k}": 1e-6 for k in ("grms", "gmax", "drms", "dmax")}
    start = scf.RHF(mol).set(conv_tol=1e-13)
    mol = solver.optimize(start, convergence_energy=1e-10, verbose=0, **tight)
    field = scf.RHF(mol).set(conv_tol=1e-13).run()
    hessian = field.Hessian().kernel()
    data = HarmonicData(
        Molecule.from_pyscf(mol),
        hessian.transpose(0, 2, 1, 3).reshape(9, 9),
        gradient=field.nuc_grad_method().kernel(),
        energy=field.e_tot,
        level="hf/sto-3g",
    )
    return data, mol, hessian


def test_water_at_its_minimum(pyscf_water):
    modes = normal_modes(pyscf_water[0])
    assert modes.wavenumbers == pytest.approx([2170.046, 4140.002, 4391.067], abs=0.01)
    assert modes.irreps == ("A1", "A1", "B2")
    assert modes.purities == pytest.approx(1, abs=1e-9)
    assert np.abs(modes.rigid_body).max() < 5
    assert (modes.level, modes.ir_intensities, modes.raman_activities) == ("hf/sto-3g", None, None)
    assert modes.largest_gradient < 1e-5


def test_water_against_pyscf(pyscf_water):
    from pyscf.hessian import thermo

    data, mol, hessian = pyscf_water
    theirs = thermo.harmonic_analysis(mol, hessian)
    modes = normal_modes(data, mol.atom_mass_list(isotope_avg=True))
    assert modes.wavenumbers == pytest.approx(theirs["freq_wavenumber"], abs=1e-4)
    assert modes.reduced_masses == pytest.approx(theirs["reduced_mass"], rel=1e-9)
    assert modes.force_constants == pytest.approx(theirs["force_const_dyne"], rel=1e-6)
    vectors = theirs["norm_mode"].reshape(3, -1)
    overlap = np.sum(vectors * modes.displacements.reshape(3, -1), axis=1)
    assert np.abs(overlap) / np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-9)


def read_fchk(path):
    """Named arrays of a formatted checkpoint file."""
    lines = iter(path.read_text(encoding="ascii").splitlines())
    out = {}
    for line in lines:
        if match := re.match(r"(.{40})   [IR]   N= *(\d+)", line):
            numbers = []
            while len(numbers) < int(match[2]):
                numbers += next(lines).split()
            out[match[1].strip()] = np.array(numbers, dtype=float)
    return out


@pytest.fixture(scope="module")
def divinylbenzene(shared_data):
    """Data of a Gaussian 16 checkpoint file, what its log prints, and the dipole moment."""
    cclib = pytest.importorskip("cclib")
    folder = shared_data / "qc_outputs"
    f = read_fchk(folder / "data__FChk__basicGaussian16__dvb_raman.fchk")
    log = cclib.io.ccread(str(folder / "data__Gaussian__basicGaussian16__dvb_raman.out"))
    n = len(f["Atomic numbers"])
    lower = np.zeros((3 * n, 3 * n))
    lower[np.tril_indices(3 * n)] = f["Cartesian Force Constants"]
    polarizability = np.zeros((3 * n, 3, 3))
    triangle = f["Polarizability Derivatives"].reshape(3 * n, 6)
    for column, (k, m) in zip(triangle.T, [(0, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 2)],
                              strict=True):  # fmt: skip
        polarizability[:, k, m] = polarizability[:, m, k] = column
    molecule = Molecule(
        [SYMBOLS[int(z) - 1] for z in f["Atomic numbers"]],
        f["Current cartesian coordinates"].reshape(-1, 3) * BOHR,
        f["Real atomic weights"],
    )
    data = HarmonicData(
        molecule,
        lower + np.tril(lower, -1).T,
        f["Dipole Derivatives"].reshape(3 * n, 3),
        polarizability,
        f["Cartesian Gradient"].reshape(-1, 3),
    )
    return data, log, f["Dipole Moment"]


def test_divinylbenzene_as_gaussian_prints_it(divinylbenzene):
    data, log, _ = divinylbenzene
    modes = normal_modes(data)
    last_digit = 1.01 * 5e-5
    assert str(modes.symmetry.group) == "C2h"
    assert modes.wavenumbers == pytest.approx(log.vibfreqs, abs=last_digit)
    assert modes.reduced_masses == pytest.approx(log.vibrmasses, abs=last_digit)
    assert modes.force_constants == pytest.approx(log.vibfconsts, abs=last_digit)
    assert modes.ir_intensities == pytest.approx(log.vibirs, abs=2 * last_digit)
    assert modes.raman_activities == pytest.approx(log.vibramans, abs=2 * last_digit)
    assert [i.upper() for i in modes.irreps] == list(log.vibsyms)
    overlap = np.sum(modes.displacements * log.vibdisps, axis=(1, 2))
    assert np.abs(overlap) == pytest.approx(1, abs=0.03)  # two decimals are printed


def test_divinylbenzene_depolarisation(divinylbenzene, shared_data):
    text = (shared_data / "qc_outputs/data__Gaussian__basicGaussian16__dvb_raman.out").read_text()
    modes = normal_modes(divinylbenzene[0])
    for name, ours in (("P", modes.depolarisation), ("U", modes.depolarisation_natural)):
        rows = re.findall(rf"Depolar \({name}\) --(.*)", text)
        printed = np.array(" ".join(rows).split(), dtype=float)
        active = modes.raman_activities > 1e-2
        assert ours[active] == pytest.approx(printed[active], abs=1e-4)
        assert np.isnan(ours[[not modes.activity(i).raman for i in range(54)]]).all()


def test_rigid_body_curvature_as_gaussian_prints_it(divinylbenzene):
    """Its "low frequencies" are of the whole matrix, ours of the rigid motions alone."""
    modes = normal_modes(divinylbenzene[0])
    assert modes.rigid_body[:3] == pytest.approx([-4.5521, -2.3495, -1.3004], abs=0.02)
    assert np.abs(modes.rigid_body[3:]).max() < 0.1


def test_sum_rule_of_infrared_intensities(divinylbenzene):
    """B. Crawford, J. Chem. Phys. 20, 977 (1952): Σ A_k needs no force field."""
    data, _, moment = divinylbenzene
    assert np.abs(moment).max() < 1e-6  # so the rotations have no intensity
    squares = np.sum(data.dipole_derivatives**2, axis=1).reshape(-1, 3).sum(axis=1)
    rotated = normal_modes(data, data.molecule.masses * np.linspace(1, 2, 20))
    for modes in (normal_modes(data), rotated):
        expected = INTENSITY * np.sum(squares / modes.molecule.masses)
        assert modes.ir_intensities.sum() == pytest.approx(expected, rel=1e-5)


def parsed(shared_data, name):
    cclib = pytest.importorskip("cclib")
    out = cclib.io.ccread(str(shared_data / "qc_outputs" / name))
    symbols = [SYMBOLS[z - 1] for z in out.atomnos]
    return out, Molecule(symbols, out.atomcoords[-1], charge=out.charge, multiplicity=out.mult)


def test_anthracene_irreps_are_gaussians(shared_data):
    log, molecule = parsed(shared_data, "Gaussian__Gaussian03__anthracene.log")
    labels = label_modes(detect(molecule), log.vibdisps)
    assert len(labels.irreps) == 66
    assert [i.upper() for i in labels.irreps] == [s.upper() for s in log.vibsyms]
    assert labels.purities.min() > 0.99


def test_modes_of_a_log(shared_data):
    log, molecule = parsed(shared_data, "Gaussian__Gaussian03__anthracene.log")
    modes = modes_from_displacements(
        molecule,
        log.vibfreqs,
        log.vibdisps,
        ir_intensities=log.vibirs,
        raman_activities=log.vibramans,
        depolarisation=np.where(log.vibramans > 0, 3 / 4, np.nan),
    )
    assert modes.depolarisation_natural[log.vibramans > 0] == pytest.approx(6 / 7)
    assert np.isnan(modes.depolarisation_natural[log.vibramans == 0]).all()
    assert np.count_nonzero(log.vibramans == 0) == 33
    # Displacements of two decimals give reduced masses to a few per cent.
    assert modes.reduced_masses == pytest.approx(log.vibrmasses, rel=0.06)
    assert modes.force_constants == pytest.approx(log.vibfconsts, rel=0.06, abs=2e-3)
    assert modes.n_sets == 66


def test_bend_that_a_broken_hessian_splits(shared_data):
    """CO2+ of ORCA: one open-shell determinant has no C∞, the geometry has."""
    log, molecule = parsed(shared_data, "ORCA__ORCA4.0__CO2_freqs.out")
    modes = modes_from_displacements(molecule, log.vibfreqs, log.vibdisps)
    assert sorted(modes.irreps) == ["Πu", "Πu", "Σg+", "Σu+"]
    bend = [i for i, label in enumerate(modes.irreps) if label == "Πu"]
    assert modes.wavenumbers[bend] == pytest.approx([289.5, 458.1], abs=0.1)
    assert modes.sets[bend[0]] == modes.sets[bend[1]]
    assert modes.largest_splitting == pytest.approx(168.6, abs=0.2)


# ---- symmetry ----


@pytest.mark.parametrize("name", EVERY)
def test_irreps_are_those_of_theory(name):
    modes = normal_modes(field_of(name))
    expected = mode_counts(modes.symmetry).representation
    assert Counter(modes.irreps) == {i.label: m * i.dimension for i, m in expected.terms}
    assert modes.purities == pytest.approx(1, abs=1e-12)
    assert modes.largest_splitting < 1e-3
    assert (np.diff(modes.wavenumbers) > -1e-8).all()
    for number in range(modes.n_sets):
        (label,) = {modes.irreps[i] for i in modes.members(number)}
        assert len(modes.members(number)) == expected.table[label].dimension
    assert set(np.diff(modes.sets).tolist()) <= {0, 1}, "sets are numbered in order"


@pytest.mark.parametrize("name", [n for n in EVERY if n not in ("carbon_dioxide", "acetylene")])
def test_partners_follow_the_irrep_matrices(name):
    modes = normal_modes(disturbed(field_of(name), hessian=1e-7, positions=1e-6))
    matrices = irrep_matrices(modes.symmetry.group)
    operations = displacement_matrices(modes.symmetry)
    vectors = mass_weighted_vectors(modes)
    for number in range(modes.n_sets):
        members = list(modes.members(number))
        v = vectors[members]
        found = np.einsum("kx,gxy,ly->gkl", v, operations, v, optimize=True)
        assert np.abs(found - matrices[modes.irreps[members[0]]]).max() < 1e-3


@pytest.mark.parametrize("name", EVERY)
def test_noise_as_in_files(name):
    """Positions to 1e-5 Å, Hessian to 1e-6 Eh/bohr²: same labels, eigenvalues of the input."""
    exact = normal_modes(field_of(name))
    data = disturbed(field_of(name), hessian=1e-6, positions=1e-5)
    modes = normal_modes(data)
    assert Counter(modes.irreps) == Counter(exact.irreps)
    assert modes.purities.min() > 0.999
    assert modes.purities.max() <= 1 + 1e-12
    roots = np.repeat(np.sqrt(modes.molecule.masses), 3)
    linear = modes.symmetry.group.is_linear
    inner = complement(rigid_motions(modes.molecule.positions, modes.molecule.masses,
                                     linear=linear))  # fmt: skip
    values = np.linalg.eigvalsh(inner.T @ (data.hessian / np.outer(roots, roots)) @ inner)
    given_values = NORMAL_COORDINATE * np.sqrt(values)
    assert np.sort(modes.wavenumbers) == pytest.approx(given_values, abs=5e-3)
    assert modes.wavenumbers == pytest.approx(exact.wavenumbers, abs=0.5)
    for spectrum in ("ir", "raman"):
        values = modes.ir_intensities if spectrum == "ir" else modes.raman_activities
        forbidden = [i for i in range(len(modes)) if not getattr(modes.activity(i), spectrum)]
        assert values[forbidden].max(initial=0) < 1e-3 * max(values.max(), 1e-3)


def test_accidental_degeneracy_is_told_apart():
    """An A1 and a B2 mode at one wavenumber: the eigenvectors are mixed at random."""
    data = field_of("water")
    modes = normal_modes(data)
    bright = modes.irreps.index("B2")
    roots = np.repeat(np.sqrt(data.molecule.masses), 3)
    vectors = mass_weighted_vectors(modes)
    curvatures = np.where(np.arange(3) == modes.irreps.index("A1"), 0.05, 0.2)
    weighted = np.einsum("k,ki,kj->ij", curvatures, vectors, vectors)
    mixed = HarmonicData(data.molecule, weighted * np.outer(roots, roots), data.dipole_derivatives)
    noisy = disturbed(mixed, hessian=3e-6)
    inner = complement(rigid_motions(data.molecule.positions, data.molecule.masses, linear=False))
    raw = inner @ np.linalg.eigh(inner.T @ (noisy.hessian / np.outer(roots, roots)) @ inner)[1]
    assert np.abs(raw.T @ vectors[bright]).max() < 0.98, "the eigenvectors should be mixed"
    again = normal_modes(noisy)
    assert sorted(again.irreps) == ["A1", "A1", "B2"]
    assert again.purities.min() > 0.999999
    found = again.ir_intensities[again.irreps.index("B2")]
    assert found == pytest.approx(modes.ir_intensities[bright], rel=1e-4)
    with pytest.warns(HarmonicWarning, match="only 0"):
        assert normal_modes(noisy, near_degenerate=0).purities.min() < 0.98


def test_many_modes_close_together():
    """120 atoms of symmetry I, 354 modes in 1200 cm⁻¹: clusters hold many irreps."""
    data = force_field(cluster("I"))
    modes = normal_modes(disturbed(data, hessian=1e-6, positions=1e-5))
    assert str(modes.symmetry.group) == "I"
    expected = mode_counts(modes.symmetry).representation
    assert Counter(modes.irreps) == {i.label: m * i.dimension for i, m in expected.terms}
    assert modes.purities.min() > 0.999


def test_sixty_atoms():
    modes = normal_modes(force_field(example("c60")))
    expected = mode_counts(modes.symmetry)
    assert (len(modes), modes.n_sets) == (174, 46)
    assert sum(modes.activity(i).silent for i in range(174)) == expected.n_silent == 120
    assert modes.purities.min() > 1 - 1e-12


@pytest.mark.parametrize("name", ["benzene", "C3h", "carbon_dioxide"])
def test_phase_does_not_depend_on_the_eigensolver(name):
    first = normal_modes(field_of(name))
    again = normal_modes(disturbed(field_of(name), hessian=1e-9))
    assert again.displacements == pytest.approx(first.displacements, abs=1e-3)


@pytest.mark.parametrize("name", ["water", "ethylene", "ammonia", "C3h", "S4", "T"])
def test_phase_rule(name):
    """The rule of `adapted`, read literally."""
    modes = normal_modes(field_of(name))
    local = modes.displacements @ modes.symmetry.frame.T * np.sqrt(modes.molecule.masses)[:, None]
    table = modes.symmetry.group.character_table
    for number in range(modes.n_sets):
        first, *others = modes.members(number)
        is_pair = table[modes.irreps[first]].indicator == 0
        size = np.hypot(local[first], local[others[0]]) if is_pair else np.abs(local[first])
        candidates = np.argwhere(size > 0.99 * size.max())
        places = modes.symmetry.standard_positions[candidates[:, 0]].round(3)
        keys = [(*-p[::-1], -axis) for p, axis in zip(places, candidates[:, 1], strict=True)]
        atom, axis = candidates[keys.index(min(keys))]
        assert local[first, atom, axis] > 0
        if is_pair:
            assert abs(local[others[0], atom, axis]) < 1e-9


def test_sets_stay_together():
    """An A1 mode between two partners of E that noise has split by 0.1 cm⁻¹."""
    data = field_of("ammonia")
    modes = normal_modes(data)
    first = modes.irreps.index("E")
    one = modes.irreps.index("A1")
    values = np.array(modes.wavenumbers)
    values[[first, one, first + 1]] = 1500.0, 1500.05, 1500.1
    roots = np.repeat(np.sqrt(data.molecule.masses), 3)
    vectors = mass_weighted_vectors(modes) * roots
    curvatures = (values / NORMAL_COORDINATE) ** 2
    split = HarmonicData(data.molecule, np.einsum("k,ki,kj->ij", curvatures, vectors, vectors))
    again = normal_modes(split)
    place = int(np.argmin(np.abs(again.wavenumbers - 1500)))
    assert sorted(again.irreps[place : place + 3]) == ["A1", "E", "E"]
    assert again.irreps[place + 1] == "E"
    assert again.wavenumbers[place : place + 3] == pytest.approx([1500.05] * 3, abs=0.051)
    pair = again.members(again.sets[place + 1])
    assert pair[1] == pair[0] + 1
    assert np.ptp(again.wavenumbers[list(pair)]) == pytest.approx(0.1, abs=1e-6)


# ---- identities ----


def isotopologues():
    rng = np.random.default_rng(5)
    out = []
    for name, mass_numbers in [
        ("water", {1: 2}),
        ("water", {"H": 2, "O": 18}),
        ("carbon_dioxide", {1: 18}),
        ("carbon_dioxide", {"C": 13}),
        ("methane", {1: 2, 2: 2}),
        ("benzene", {"H": 2}),
        ("ammonia", {1: 3}),
    ]:
        molecule = example(name)
        masses = molecule.with_isotopes(mass_numbers).masses
        out.append(pytest.param(name, masses, id=f"{name}-{mass_numbers}"))
    return [*out, pytest.param("benzene", rng.uniform(1, 30, size=12), id="benzene-any")]


@pytest.mark.parametrize(("name", "masses"), isotopologues())
def test_product_rule(name, masses):
    """E. Teller; O. Redlich, Z. phys. Chem. B 28, 371 (1935): Π ω'/ω from masses alone."""
    data = force_field(example(name))
    parent, other = normal_modes(data), normal_modes(data, masses)

    def rigid(modes):
        molecule = modes.molecule
        arms = molecule.positions - molecule.centre_of_mass
        moments = np.linalg.svd(arms * np.sqrt(molecule.masses)[:, None], compute_uv=False) ** 2
        inertia = moments.sum() - moments  # of the three axes, the line's own first or last
        inertia = inertia[inertia > 1e-6]
        return molecule.masses.sum() ** 1.5 * np.sqrt(inertia.prod())

    product = np.sum(np.log(other.wavenumbers / parent.wavenumbers))
    masses_alone = 1.5 * np.sum(np.log(parent.molecule.masses / other.molecule.masses))
    assert product == pytest.approx(masses_alone + np.log(rigid(other) / rigid(parent)), abs=1e-9)


@pytest.mark.parametrize(("name", "masses"), isotopologues())
def test_sum_rule(name, masses):
    """Σ ω² is the trace of the mass-weighted Hessian (J. C. Decius, E. B. Wilson, 1951)."""
    data = force_field(example(name))
    modes = normal_modes(data, masses)
    trace = np.sum(np.diag(data.hessian).reshape(-1, 3).sum(axis=1) / np.asarray(masses))
    assert np.sum(modes.wavenumbers**2) == pytest.approx(NORMAL_COORDINATE**2 * trace, rel=1e-12)


def test_isotopologues_have_their_own_group():
    for name, mass_numbers, group in [
        ("water", {1: 2}, "Cs"),
        ("methane", {1: 2, 2: 2}, "C2v"),
        ("carbon_dioxide", {1: 18}, "C∞v"),
        ("benzene", {6: 2}, "C2v"),
        ("sulfur_hexafluoride", {1: 18}, "C4v"),
    ]:
        data = force_field(example(name))
        heavy = data.molecule.with_isotopes(mass_numbers)
        modes = normal_modes(data, heavy.masses)
        assert str(modes.symmetry.group) == group
        expected = mode_counts(heavy).representation
        assert Counter(modes.irreps) == {i.label: m * i.dimension for i, m in expected.terms}
        assert modes.purities.min() > 1 - 1e-9
        assert modes.molecule.mass_numbers == heavy.mass_numbers


@settings(max_examples=15)
@given(
    st.sampled_from(["water", "ammonia", "ethylene", "benzene", "carbon_dioxide", "C3h", "S4"]),
    st.integers(0, 10**6),
    st.booleans(),
)
def test_frame_and_order_of_atoms_do_not_matter(name, seed, improper):
    data = field_of(name)
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn) * (-1 if improper else 1)
    order = rng.permutation(data.molecule.n_atoms)
    rows = (3 * order[:, None] + np.arange(3)).ravel()
    rotated = data.rotated(turn)
    moved = HarmonicData(
        rotated.molecule.permuted(order.tolist()),
        rotated.hessian[np.ix_(rows, rows)],
        rotated.dipole_derivatives[rows],
        rotated.polarizability_derivatives[rows],
    )
    first, second = normal_modes(data), normal_modes(moved)
    assert second.irreps == first.irreps
    assert second.sets.tolist() == first.sets.tolist()
    for field in ("wavenumbers", "reduced_masses", "force_constants", "ir_intensities",
                  "raman_activities", "purities"):  # fmt: skip
        ours, theirs = getattr(first, field), getattr(second, field)
        # What one partner of a set has can depend on the axes; the sum over the set does not.
        assert np.bincount(first.sets, theirs) == pytest.approx(
            np.bincount(first.sets, ours), rel=1e-7, abs=1e-7
        )
    bright = first.raman_activities > 1e-3
    assert second.depolarisation[bright] == pytest.approx(first.depolarisation[bright], abs=1e-6)


def test_displacements_are_normalised_and_orthogonal():
    modes = normal_modes(field_of("ethylene"))
    assert np.sum(modes.displacements**2, axis=(1, 2)) == pytest.approx(1)
    overlaps = np.einsum("aix,bix,i->ab", modes.displacements, modes.displacements,
                         modes.molecule.masses)  # fmt: skip
    assert np.diag(overlaps) == pytest.approx(modes.reduced_masses)
    assert np.abs(overlaps - np.diag(np.diag(overlaps))).max() < 1e-10
    momentum = np.einsum("aix,i->ax", modes.displacements, modes.molecule.masses)
    assert np.abs(momentum).max() < 1e-10
    with pytest.raises(ValueError, match="read-only"):
        modes.wavenumbers[0] = 0


def test_wavenumber_from_reduced_mass_and_force_constant():
    """ν̃ = √(k/μ)/(2πc): 1302.79 cm⁻¹ for 1 mdyn/Å and 1 u."""
    modes = normal_modes(field_of("benzene"))
    expected = 1302.79 * np.sqrt(modes.force_constants / modes.reduced_masses)
    assert modes.wavenumbers == pytest.approx(expected, rel=1e-5)


# ---- Raman invariants ----


def test_raman_invariants_by_averaging():
    """I∥ ∝ ⟨α_zz²⟩ and I⊥ ∝ ⟨α_yz²⟩; the 60 rotations of I average rank 4 exactly."""
    rng = np.random.default_rng(2)
    tensors = rng.normal(size=(5, 3, 3))
    tensors = tensors + tensors.swapaxes(1, 2)
    rotations = operation_matrices(PointGroup("I"))
    turned = np.einsum("gab,nbc,gdc->ngad", rotations, tensors, rotations) * BOHR**2
    parallel, crossed = (turned[..., 2, 2] ** 2).mean(1), (turned[..., 1, 2] ** 2).mean(1)
    activities, plane, natural = raman(tensors)
    assert activities == pytest.approx(45 * (parallel + crossed))
    assert plane == pytest.approx(crossed / parallel)
    assert natural == pytest.approx(2 * crossed / (parallel + crossed))


def test_raman_limits():
    breathing, shear = np.eye(3), np.diag([1.0, -1, 0])
    activities, plane, natural = raman(np.array([breathing, shear, 0 * shear]))
    assert activities[0] == pytest.approx(45 * BOHR**4)
    assert plane[:2] == pytest.approx([0, 3 / 4])
    assert natural[:2] == pytest.approx([0, 6 / 7])
    assert np.isnan([plane[2], natural[2]]).all()


# ---- small and linear molecules ----


def test_linear_molecules():
    assert normal_modes(field_of("carbon_dioxide")).irreps.count("Πu") == 2
    assert Counter(normal_modes(field_of("acetylene")).irreps) == {
        "Σg+": 2, "Σu+": 1, "Πg": 2, "Πu": 2,
    }  # fmt: skip
    hydrogen_cyanide = Molecule("HCN", [[0, 0, -1.066], [0, 0, 0], [0, 0, 1.153]])
    modes = normal_modes(force_field(hydrogen_cyanide))
    assert Counter(modes.irreps) == {"Σ+": 2, "Π": 2}
    assert len(modes.rigid_body) == 5


def test_nearly_linear_file():
    """Atoms off the line by 1e-5 Å: still 3N − 5, and no seventh rigid motion."""
    data = disturbed(field_of("carbon_dioxide"), positions=1e-5)
    modes = normal_modes(data)
    assert (str(modes.symmetry.group), len(modes), len(modes.rigid_body)) == ("D∞h", 4, 5)


def test_atom_has_no_modes():
    data = HarmonicData(Molecule(["He"], [[1, 2, 3]]), np.zeros((3, 3)), np.zeros((3, 3)))
    modes = normal_modes(data)
    assert (len(modes), modes.irreps, modes.displacements.shape) == (0, (), (0, 1, 3))
    assert (len(modes.rigid_body), modes.n_sets, modes.largest_splitting) == (3, 0, 0.0)
    assert modes.ir_intensities.shape == (0,)


def test_diatomic():
    """H35Cl: k = 5.1631 mdyn/Å gives ωe = 2990.9 cm⁻¹ (Huber and Herzberg, 1979)."""
    spring = 5.1631 / 15.568931049 * np.kron([[1, -1], [-1, 1]], np.diag([0, 0, 1.0]))
    modes = normal_modes(HarmonicData(Molecule(["H", "Cl"], [[0, 0, 0], [0, 0, 1.2746]]), spring))
    assert modes.irreps == ("Σ+",)
    assert modes.wavenumbers == pytest.approx([2990.9], abs=0.1)


def test_molecule_without_symmetry():
    rng = np.random.default_rng(0)
    molecule = Molecule("CHFNO", 1.5 * rng.normal(size=(5, 3)))
    modes = normal_modes(force_field(molecule))
    assert str(modes.symmetry.group) == "C1"
    assert set(modes.irreps) == {"A"}
    assert modes.purities == pytest.approx(1)


# ---- what is refused, and what is warned of ----


def with_gradient(largest):
    data = field_of("water")
    gradient = np.zeros((3, 3))
    gradient[1, 2] = -largest
    return HarmonicData(data.molecule, data.hessian, gradient=gradient)


def test_gradient():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        normal_modes(with_gradient(7e-5))
    with pytest.warns(HarmonicWarning, match=r"2\.0e-04 Eh/bohr"):
        normal_modes(with_gradient(2e-4))
    with pytest.raises(NotStationary, match=r"6\.0e-04.*0\.0005.*allow_nonstationary") as raised:
        normal_modes(with_gradient(6e-4))
    assert "\n" not in str(raised.value)
    with pytest.warns(HarmonicWarning, match="gradient"):
        modes = normal_modes(with_gradient(6e-4), allow_nonstationary=True)
    assert modes.largest_gradient == 6e-4


def flat_ammonia():
    """Planar NH3 whose out-of-plane mode has a negative curvature."""
    angles = 2 * np.pi * np.arange(3) / 3
    ring = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    data = force_field(Molecule("NHHH", np.vstack([np.zeros((1, 3)), ring])))
    modes = normal_modes(data)
    umbrella = modes.irreps.index("A2''")
    curvature = (modes.wavenumbers[umbrella] ** 2 + 600**2) / NORMAL_COORDINATE**2
    pull = np.repeat(np.sqrt(data.molecule.masses), 3) * mass_weighted_vectors(modes)[umbrella]
    return HarmonicData(data.molecule, data.hessian - curvature * np.outer(pull, pull))


def test_saddle_point_names_mode_and_remedy():
    with pytest.warns(HarmonicWarning) as caught:
        modes = normal_modes(flat_ammonia())
    assert modes.wavenumbers[0] == pytest.approx(-600)
    assert modes.imaginary == (0,)
    assert modes.force_constants[0] < 0
    (text,) = [str(w.message) for w in caught]
    assert "1 imaginary mode: 600.0i cm⁻¹ (A2'')" in text
    assert "in C3v" in text
    assert "\n" not in text


def test_hessian_without_the_symmetry_of_the_geometry():
    """One bend of CO2 stiffened: still Πu and Πu, but split, and not turned to the axes."""
    data = field_of("carbon_dioxide")
    assert data.molecule.symbols == ("C", "O", "O")
    across = np.cross(data.molecule.positions[2], [0.3, 0.5, 0.7])
    across /= np.linalg.norm(across)
    bend = np.concatenate([-across, across / 2, across / 2])
    stiff = HarmonicData(data.molecule, data.hessian + 0.05 * np.outer(bend, bend))
    with pytest.warns(HarmonicWarning, match=r"Πu set .* split by .* lacks the symmetry D∞h"):
        modes = normal_modes(stiff)
    soft, hard = (i for i, label in enumerate(modes.irreps) if label == "Πu")
    assert modes.sets[soft] == modes.sets[hard]
    carbon = modes.displacements[:, 0]
    assert abs(carbon[soft] @ across) < 1e-9
    assert abs(carbon[hard] @ across) == pytest.approx(np.linalg.norm(carbon[hard]))


def test_mixed_symmetry_is_reported():
    data = field_of("ethylene")
    rng = np.random.default_rng(0)
    noise = 0.05 * rng.normal(size=data.hessian.shape)
    with pytest.warns(HarmonicWarning) as caught:
        modes = normal_modes(HarmonicData(data.molecule, data.hessian + noise + noise.T))
    texts = [str(w.message) for w in caught]
    pattern = r"only 0\.\d\d of mode \d+ .*smaller tolerance"
    assert len([t for t in texts if re.match(pattern, t)]) == 1
    assert modes.purities.min() < 0.9
    assert Counter(modes.irreps) == Counter(normal_modes(data).irreps)


@pytest.mark.parametrize("width", [-1.0, float("nan"), float("inf")])
def test_bad_near_degeneracy(width):
    with pytest.raises(HarmonicDataError, match="near_degenerate"):
        normal_modes(field_of("water"), near_degenerate=width)


def test_bad_masses():
    with pytest.raises(MoleculeError):
        normal_modes(field_of("water"), [16, 1])
    with pytest.raises(MoleculeError):
        normal_modes(field_of("water"), [16, 1, -1])


def test_bad_displacements():
    symmetry = detect(example("water"))
    good = normal_modes(field_of("water")).displacements
    with pytest.raises(HarmonicDataError, match=r"needs \(n, 3, 3\)"):
        label_modes(symmetry, good[:, :2])
    with pytest.raises(HarmonicDataError, match="mode 2 is not finite"):
        label_modes(symmetry, np.where(np.arange(3)[:, None, None] == 1, np.nan, good))
    with pytest.raises(HarmonicDataError, match="mode 3 is zero"):
        label_modes(symmetry, good * np.array([1, 1, 0])[:, None, None])
    with pytest.raises(HarmonicDataError, match=r"IR intensities of shape \(2,\)"):
        modes_from_displacements(example("water"), [1, 2, 3], good, ir_intensities=[1, 2])
    with pytest.raises(HarmonicDataError, match="wavenumbers: number 2"):
        modes_from_displacements(example("water"), [1, np.inf, 3], good)


def test_labels_of_some_modes():
    """Fewer modes than vibrations: each by its largest share."""
    modes = normal_modes(field_of("benzene"))
    chosen = [modes.members(n) for n in (0, 3, 5)]
    flat = [i for members in chosen for i in members]
    labels = label_modes(modes.symmetry, 7 * modes.displacements[flat])
    assert list(labels.irreps) == [modes.irreps[i] for i in flat]
    assert labels.sets.tolist() == [k for k, members in enumerate(chosen) for _ in members]


def test_a_group_that_costs_energy_is_not_the_group():
    """Noise along soft springs is noise; the same deviations against stiff ones are not."""
    exact = field_of("methane")
    noise = 2e-3 * np.random.default_rng(1).normal(size=(5, 3))
    noisy = exact.molecule.with_positions(exact.molecule.positions + noise)
    assert str(detect(noisy).group) == "Td"
    for stiffness, group in ((1.0, "Td"), (1e4, "C1")):
        data = replace(exact, molecule=noisy, hessian=stiffness * exact.hessian, gradient=None)
        found = confirmed_symmetry(data, noisy)
        moved = (found.symmetrised_positions - noisy.positions).ravel() / BOHR
        assert str(found.group) == group
        assert abs(moved @ data.hessian @ moved) / 2 <= 5e-5
        assert str(confirmed_symmetry(data, noisy, 0.05).group) == "Td"
