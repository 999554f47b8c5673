"""Parametrised force fields and the derivatives of what they predict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, SelectionRules, detect, example
from spektron.vibration.gf import (
    ForceFieldError,
    FullForceField,
    ScaledForceField,
    SymmetryForceField,
    cartesian_hessian,
    cluster_matrix,
    clusters,
    f_matrix,
    force_constant_jacobian,
    geometry_jacobian,
    scale_types,
    strength_jacobian,
    strengths,
    wilson_gf,
)
from spektron.vibration.internal import InternalCoordinates, bend, internal_coordinates, stretch


def boric_acid():
    angle = 2 * np.pi * np.arange(3) / 3
    oxygen = 1.37 * np.c_[np.cos(angle), np.sin(angle), 0 * angle]
    hydrogen = 1.9 * np.c_[np.cos(angle + 0.5), np.sin(angle + 0.5), 0 * angle]
    return Molecule(["B"] + ["O"] * 3 + ["H"] * 3, np.r_[[[0, 0, 0]], oxygen, hydrogen])


def random_field(molecule, seed=0):
    """A parametrisation and random parameters with positive-definite blocks."""
    field = SymmetryForceField.from_coordinates(internal_coordinates(molecule))
    rng = np.random.default_rng(seed)
    blocks = {}
    for block in field.blocks:
        n = block.n_vib
        a = rng.normal(size=(n, n)) + (0 if block.is_real else 1j * rng.normal(size=(n, n)))
        positive = a @ a.conj().T / n + np.diag(rng.uniform(1, 4, n))
        blocks[block.irrep] = positive.real if block.is_real else positive
    return field, field.from_blocks(blocks)


def modes_of(field, parameters, molecule=None):
    chosen = field.coordinates.molecule if molecule is None else molecule
    return wilson_gf(chosen, field.matrix(parameters), field.coordinates)


# ---- numbers of force constants ----


@pytest.mark.parametrize(
    ("name", "total", "silent"),
    [  # the project's sheet of reference numbers, computed there by two programs
        ("water", 4, 0), ("ammonia", 6, 0), ("carbon_dioxide", 3, 0), ("acetylene", 6, 0),
        ("ethylene", 18, 1), ("methane", 5, 0), ("boron_trifluoride", 5, 0),
        ("phosphorus_pentafluoride", 13, 0), ("allene", 23, 0), ("xenon_tetrafluoride", 8, 1),
        ("sulfur_hexafluoride", 7, 1), ("ethane", 22, 1), ("benzene", 34, 13),
        ("cyclohexane", 117, 9), ("tetracyanomethane", 17, 1), ("neopentane", 55, 11),
        ("adamantane", 131, 29), ("cubane", 32, 10), ("ferrocene", 102, 25),
        ("ferrocene_staggered", 102, 25), ("dodecaborate", 32, 13), ("c60", 151, 102),
    ],
)  # fmt: skip
def test_number_of_force_constants(name, total, silent):
    molecule = example(name)
    field = SymmetryForceField.from_coordinates(internal_coordinates(molecule))
    group = detect(molecule).group
    rules, table = SelectionRules.of(group), group.character_table
    dark = [i for i in field.irreps if rules.activity(table[i]).silent]
    assert (len(field), len(dark)) == (total, silent)


def test_complex_pairs_have_n_squared():
    """C3h boric acid: 26 constants, not 20."""
    field = SymmetryForceField.from_coordinates(internal_coordinates(boric_acid()))
    assert len(field) == 26
    assert sum("imaginary" in name for name in field.names) == 6


@pytest.mark.parametrize(
    "molecule", [example("ferrocene"), example("acetylene"), example("methane"), boric_acid()],
    ids=lambda m: m.formula,
)  # fmt: skip
def test_parameters_give_f_and_back(molecule):
    field, theta = random_field(molecule)
    assert np.allclose(field.parameters(field.matrix(theta)), theta, atol=1e-10)
    assert np.allclose(field.from_blocks(field.block_matrices(theta)), theta)
    canonical = f_matrix(
        field.coordinates, cartesian_hessian(field.coordinates, field.matrix(theta))
    )
    assert np.allclose(field.parameters(canonical), theta, atol=1e-9)
    one, other = modes_of(field, theta), wilson_gf(molecule, canonical, field.coordinates)
    assert np.allclose(one.wavenumbers, other.wavenumbers, atol=1e-8)


def test_imaginary_parts_matter():
    """An F with the imaginary constants of a complex pair has the symmetry, and other modes."""
    field, theta = random_field(boric_acid())
    imaginary = np.array(["imaginary" in name for name in field.names])
    modes, without = modes_of(field, theta), modes_of(field, np.where(imaginary, 0.0, theta))
    assert modes.asymmetry < 1e-12
    assert np.abs(modes.wavenumbers - without.wavenumbers).max() > 1
    whole = wilson_gf(boric_acid(), field.matrix(theta), field.coordinates, symmetry="none")
    assert np.allclose(whole.wavenumbers, modes.wavenumbers, atol=1e-8)


# ---- derivatives against differences ----


def differences(function, parameters, step=1e-5):
    """(n, P) central differences of a function of the parameters."""
    columns = []
    for direction in step * np.eye(len(parameters)):
        ahead, behind = function(parameters + direction), function(parameters - direction)
        columns.append((ahead - behind) / (2 * step))
    return np.array(columns).T


DIFFERENTIATED = [*map(example, ["water", "methane", "acetylene", "benzene"]), boric_acid()]


@pytest.mark.parametrize("molecule", DIFFERENTIATED, ids=lambda m: m.formula)
def test_derivatives_by_force_constants(molecule):
    field, theta = random_field(molecule)
    modes = modes_of(field, theta)
    jacobian = force_constant_jacobian(modes, field, theta)

    def wavenumbers(parameters):
        found = modes_of(field, parameters)
        return np.array([found.wavenumbers[c].mean() for c in jacobian.clusters])

    expected = differences(wavenumbers, theta)
    assert np.allclose(jacobian.wavenumbers, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["water", "allene", "carbon_dioxide", "methane", "ferrocene"])
def test_derivatives_by_geometry(name):
    """At constant F, along a displacement without any symmetry."""
    field, theta = random_field(example(name))
    modes = modes_of(field, theta)
    jacobian = geometry_jacobian(modes)
    direction = np.random.default_rng(5).normal(size=modes.molecule.positions.shape)

    def eigenvalues(step):
        moved = modes.molecule.with_positions(modes.molecule.positions + step * direction)
        found = wilson_gf(moved, modes.force_constants, field.coordinates, symmetry="none")
        return np.array([found.eigenvalues[c].mean() for c in jacobian.clusters])

    expected = (eigenvalues(1e-5) - eigenvalues(-1e-5)) / 2e-5
    assert np.allclose(jacobian.eigenvalues @ direction.ravel(), expected, atol=1e-6)


def test_geometry_derivatives_ignore_rigid_motion():
    field, theta = random_field(example("benzene"))
    jacobian = geometry_jacobian(modes_of(field, theta))
    x = field.coordinates.molecule.positions
    for motion in (np.ones_like(x), np.cross([1, 2, 3], x)):
        assert np.abs(jacobian.eigenvalues @ motion.ravel()).max() < 1e-10


@pytest.mark.parametrize("molecule", DIFFERENTIATED, ids=lambda m: m.formula)
def test_derivatives_of_strengths(molecule):
    field, theta = random_field(molecule)
    modes = modes_of(field, theta)
    rng = np.random.default_rng(6)
    derivatives = rng.normal(size=(3 * molecule.n_atoms, 4))
    a = rng.normal(size=(4, 4))
    metric = a + a.T
    of = clusters(modes)
    found = strength_jacobian(modes, derivatives, field, theta, of, metric=metric)
    expected = differences(
        lambda p: strengths(modes_of(field, p), derivatives, of, metric=metric), theta
    )
    assert np.allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_strengths_add_up():
    """Σ_k |t_k|² = tr Tᵀ M^(−1/2) Π M^(−1/2) T: the sum over all modes knows no F."""
    derivatives = np.random.default_rng(7).normal(size=(9, 3))
    sums = []
    for seed in (1, 2):
        field, theta = random_field(example("water"), seed)
        sums.append(strengths(modes_of(field, theta), derivatives).sum())
        jacobian = strength_jacobian(modes_of(field, theta), derivatives, field, theta)
        assert np.abs(jacobian.sum(axis=0)).max() < 1e-12
    assert sums[0] == pytest.approx(sums[1])


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_splitting_of_a_degenerate_set(seed):
    """The matrix within the set gives the slopes of its levels when F loses the symmetry."""
    rng = np.random.default_rng(seed)
    field, theta = random_field(example("ammonia"), seed)
    full = FullForceField(field.coordinates)
    modes = modes_of(field, theta)
    pair = np.nonzero(np.array(modes.irreps) == "E")[0][:2]
    direction = rng.normal(size=len(full.names))
    start = full.parameters(modes.force_constants)
    matrix = np.tensordot(direction, cluster_matrix(modes, pair, full, start), 1)
    h = 1e-6
    moved = wilson_gf(
        modes.molecule, full.matrix(start + h * direction), field.coordinates, symmetry="none"
    )
    slopes = (moved.eigenvalues[pair] - modes.eigenvalues[pair]) / h
    assert np.allclose(np.sort(slopes), np.linalg.eigvalsh(matrix), atol=1e-3)


def test_accidental_degeneracy_is_harmless():
    """Two A1 levels brought together: their mean keeps a finite, correct derivative."""
    water = Molecule(["O", "H", "H"], [[0, 0, 0], [0, 0.76, 0.59], [0, -0.76, 0.59]])
    coordinates = InternalCoordinates(water, [stretch(0, 1), stretch(0, 2), bend(1, 0, 2)])
    field = SymmetryForceField.from_coordinates(coordinates)
    block = field.blocks[0].vectors[:, 0]
    inverse = np.linalg.inv(block @ gram(coordinates) @ block.T)  # F = λ G⁻¹: all levels equal
    theta = field.from_blocks({"A1": 5 * inverse, "B2": [[7.0]]})
    modes = modes_of(field, theta)
    pair = [c for c in clusters(modes) if len(c) == 2]
    assert len(pair) == 1
    jacobian = force_constant_jacobian(modes, field, theta)
    expected = differences(
        lambda p: np.array([modes_of(field, p).eigenvalues[c].mean() for c in jacobian.clusters]),
        theta,
    )
    assert np.allclose(jacobian.eigenvalues, expected, atol=1e-7)
    derivatives = np.random.default_rng(8).normal(size=(9, 3))
    assert np.isfinite(strength_jacobian(modes, derivatives, field, theta)).all()


def gram(coordinates):
    root = np.sqrt(np.repeat(coordinates.molecule.masses, 3))
    b = coordinates.b_matrix() / root
    return b @ b.T


@pytest.mark.parametrize("kind", ["scaled", "full"])
def test_other_parametrisations(kind):
    field, theta = random_field(example("ethylene"))
    coordinates, f = field.coordinates, field.matrix(theta)
    if kind == "scaled":
        other = ScaledForceField.from_types(coordinates, f, scale_types(coordinates, "kind"))
        start = np.linspace(0.8, 1.2, len(other.names))
    else:
        other = FullForceField(coordinates)
        start = other.parameters(f)
    modes = wilson_gf(coordinates.molecule, other.matrix(start), coordinates, symmetry="none")
    jacobian = force_constant_jacobian(modes, other, start)
    chosen = np.random.default_rng(9).choice(len(start), min(len(start), 12), replace=False)
    for p in chosen:
        step = np.zeros(len(start))
        step[p] = 1e-5
        ends = [
            wilson_gf(
                coordinates.molecule, other.matrix(start + s * step), coordinates, symmetry="none"
            ).wavenumbers
            for s in (1, -1)
        ]
        assert np.allclose(jacobian.wavenumbers[:, p], (ends[0] - ends[1]) / 2e-5, atol=1e-2)


# ---- what the theory needs ----


@pytest.mark.parametrize(
    ("name", "isotopes", "expected"),
    [  # P; visible frequencies; + IR; + Raman and depolarisation; parent and heavy, frequencies
        ("water", {"H": 2}, (4, 3, 4, 4, 4)),
        ("ammonia", {"H": 2}, (6, 4, 6, 6, 6)),
        ("methane", {"H": 2}, (5, 4, 5, 5, 5)),
        ("carbon_dioxide", {"O": 18}, (3, 3, 3, 3, 3)),
        ("ethylene", {"H": 2}, (18, 11, 13, 17, 16)),
        ("benzene", {"H": 2}, (34, 11, 13, 17, 17)),
    ],
)
def test_ranks_of_the_identifiability_table(name, isotopes, expected):
    """Ranks at a random symmetric force field, as two other programs found them."""
    molecule = example(name)
    field, theta = random_field(molecule, 1)
    light, heavy = (modes_of(field, theta, m) for m in (molecule, molecule.with_isotopes(isotopes)))
    frequencies = visible_slopes(light, field, theta)
    dipole, alpha = (symmetric_tensor(molecule, rank) for rank in (1, 2))
    trace = np.eye(3).ravel()
    isotropic, anisotropic = np.outer(trace, trace) / 9, np.eye(9) - np.outer(trace, trace) / 3
    ir = strength_jacobian(light, dipole, field, theta)
    raman = [
        strength_jacobian(light, alpha, field, theta, metric=a) for a in (isotropic, anisotropic)
    ]
    found = (
        len(field),
        rank(frequencies),
        rank(frequencies, ir),
        rank(frequencies, ir, *raman),
        rank(frequencies, visible_slopes(heavy, field, theta)),
    )
    assert found == expected


def visible_slopes(modes, field, theta):
    group = modes.symmetry.group
    rules, table = SelectionRules.of(group), group.character_table
    jacobian = force_constant_jacobian(modes, field, theta)
    seen = [
        row
        for row, c in zip(jacobian.eigenvalues, jacobian.clusters, strict=True)
        if not rules.activity(table[modes.irreps[c[0]]]).silent
    ]
    return np.array(seen)


def rank(*parts):
    values = np.linalg.svd(np.concatenate(parts), compute_uv=False)
    return int((values > 1e-8 * values[0]).sum())


def symmetric_tensor(molecule, order):
    """Random derivatives of a vector or tensor that have the symmetry, (3N, 3^order)."""
    symmetry = detect(molecule)
    matrices, permutations = symmetry.matrices, symmetry.permutations
    if symmetry.group.is_linear:  # turn about the axis by quarters, which moves no atom
        axis = symmetry.frame[2]
        cross = np.cross(np.eye(3), axis).T
        quarter = np.outer(axis, axis) + cross
        matrices = np.array([m @ t for m in matrices for t in
                             [np.linalg.matrix_power(quarter, k) for k in range(4)]])  # fmt: skip
        permutations = np.repeat(permutations, 4, axis=0)
    rng = np.random.default_rng(order)
    given_ = rng.normal(size=(molecule.n_atoms, 3) + (3,) * order)
    if order == 2:
        given_ = given_ + given_.swapaxes(2, 3)
    out = np.zeros_like(given_)
    for r, p in zip(matrices, permutations, strict=True):
        turned = np.einsum("xy,nya->nxa" if order == 1 else "xy,nyab->nxab", r, given_)
        turned = np.einsum("ab,nxb->nxa" if order == 1 else "ab,nxbc->nxac", r, turned)
        if order == 2:
            turned = np.einsum("cb,nxab->nxac", r, turned)
        out[p] += turned
    return out.reshape(3 * molecule.n_atoms, -1) / len(matrices)


# ---- bad input ----


def test_wrong_number_of_parameters():
    field, theta = random_field(example("water"))
    with pytest.raises(ForceFieldError, match="C2v H2O has 4 independent ones"):
        field.matrix(theta[:3])
    with pytest.raises(ForceFieldError, match="3 coordinates have 6"):
        FullForceField(field.coordinates).matrix(theta)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"A1": np.eye(2)}, "has vibrations A1, B2"),
        ({"A1": np.eye(2), "B1": [[1.0]]}, "has vibrations A1, B2"),
        ({"A1": np.eye(3), "B2": [[1.0]]}, r"give a symmetric \(2, 2\)"),
        ({"A1": [[1.0, 0.2], [0.1, 1.0]], "B2": [[1.0]]}, r"give a symmetric \(2, 2\)"),
    ],
)
def test_wrong_blocks(blocks, message):
    field, _ = random_field(example("water"))
    with pytest.raises(ForceFieldError, match=message):
        field.from_blocks(blocks)


def test_wrong_scale_factors():
    field, theta = random_field(example("water"))
    scaled = ScaledForceField.from_types(field.coordinates, field.matrix(theta), ["a", "a", "b"])
    with pytest.raises(ForceFieldError, match="give 2 positive numbers, for a, b"):
        scaled.matrix([1.0, -1.0])
    with pytest.raises(ForceFieldError, match="2 types for 3 coordinates"):
        ScaledForceField.from_types(field.coordinates, field.matrix(theta), ["a", "b"])


def test_wrong_property_derivatives():
    field, theta = random_field(example("water"))
    with pytest.raises(ForceFieldError, match=r"give \(9, m\) for H2O"):
        strengths(modes_of(field, theta), np.zeros((3, 9)))
