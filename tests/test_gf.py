"""The GF method against textbooks, published force fields and Cartesian analysis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, detect, example, example_names, mode_counts
from spektron.pointgroup.units import NORMAL_COORDINATE
from spektron.vibration.gf import (
    ForceFieldError,
    cartesian_hessian,
    f_matrix,
    g_matrix,
    gf_analysis,
    symmetrised,
    wavenumbers,
    wilson_gf,
)
from spektron.vibration.internal import (
    InternalCoordinates,
    bend,
    internal_coordinates,
    linear_bends,
    n_vibrations,
    stretch,
)

ISOTOPE = {"H": 2, "C": 13, "N": 15, "O": 18, "F": 18, "S": 34, "Xe": 129, "P": 32, "B": 10}


def springs(molecule, seed=0):
    """A Hessian that is exactly invariant and symmetric, Eh/bohr²; no symmetry code is used.

    Springs between all pairs, of a strength that depends on distance and elements, and a small
    stiffness against every displacement that is not rigid.
    """
    rng = np.random.default_rng(seed)
    x, n = molecule.positions, molecule.n_atoms
    strength = {s: 0.5 + rng.random() for s in sorted(set(molecule.symbols))}
    out = np.zeros((n, 3, n, 3))
    for i in range(n):
        for j in range(i):
            d = x[i] - x[j]
            r = np.linalg.norm(d)
            k = strength[molecule.symbols[i]] * strength[molecule.symbols[j]] * np.exp(-r)
            part = k * np.outer(d, d) / r**2
            for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
                out[a, :, b] += sign * part
    out = out.reshape(3 * n, 3 * n)
    return out + 0.02 * (np.eye(3 * n) - rigid_projector(x, np.ones(n)))


def rigid_projector(positions, masses):
    """Projector on translations and rotations in mass-weighted coordinates."""
    root = np.sqrt(masses)[:, None]
    centred = positions - masses @ positions / masses.sum()
    shifts = [np.tile(e, (len(masses), 1)) * root for e in np.eye(3)]
    turns = [np.cross(e, centred) * root for e in np.eye(3)]
    u, s, _ = np.linalg.svd(np.array([*shifts, *turns]).reshape(6, -1).T, full_matrices=False)
    kept = u[:, s > 1e-6 * s[0]]
    return kept @ kept.T


def cartesian_wavenumbers(molecule, hessian):
    """Signed wavenumbers of a Cartesian analysis with translations and rotations projected."""
    root = np.sqrt(np.repeat(molecule.masses, 3))
    free = np.eye(len(root)) - rigid_projector(molecule.positions, molecule.masses)
    values = np.linalg.eigvalsh(free @ (hessian / np.outer(root, root)) @ free)
    kept = np.delete(values, np.argsort(np.abs(values))[: len(values) - n_vibrations(molecule)])
    return NORMAL_COORDINATE * np.sign(kept) * np.sqrt(np.abs(kept))


def ring(n, radius, z=0.0, start=0.0):
    angle = start + 2 * np.pi * np.arange(n) / n
    return np.c_[radius * np.cos(angle), radius * np.sin(angle), np.full(n, z)]


def boric_acid():
    positions = np.r_[[[0, 0, 0]], ring(3, 1.37), ring(3, 1.9, 0, 0.5)]
    return Molecule(["B"] + ["O"] * 3 + ["H"] * 3, positions, name="boric acid")


def twisted_ethane():
    """D3: a pair of rings turned by 25°."""
    z = 0.77
    positions = np.r_[
        [[0, 0, z], [0, 0, -z]], ring(3, 1.02, z + 0.38), ring(3, 1.02, -z - 0.38, 0.44)
    ]
    return Molecule(["C"] * 2 + ["H"] * 6, positions, name="twisted ethane")


EXTRA = [
    boric_acid(),
    twisted_ethane(),
    Molecule("HH", [[0, 0, 0], [0, 0, 0.741]], name="H2"),
    Molecule(["H", "Cl"], [[0, 0, 0], [0, 0, 1.275]], name="HCl"),
    Molecule("HCN", [[0, 0, -1.066], [0, 0, 0], [0, 0, 1.153]], name="HCN"),
    Molecule("OCCCO", [[0, 0, z] for z in (-2.443, -1.28, 0, 1.28, 2.443)], name="C3O2"),
    Molecule(
        ["I"] + ["F"] * 7, np.r_[[[0, 0, 0]], ring(5, 1.858), [[0, 0, 1.786], [0, 0, -1.786]]]
    ),
    Molecule(
        "OHHOHH",
        [[0, 0, 0], [0, 0, 0.96], [0, 0.93, -0.24], [0, -0.1, 2.91], [0.76, 0.35, 3.35],
         [-0.76, 0.35, 3.35]],
        name="water dimer",
    ),
    Molecule("HNCO", [[0, 0.95, -0.4], [0, 0, 0], [0, 0.05, 1.21], [0, -0.03, 2.38]]),
    Molecule(["S"] * 8, np.r_[ring(4, 2.35, 0.5), ring(4, 2.35, -0.5, np.pi / 4)], name="S8"),
]  # fmt: skip
MOLECULES = [*(example(name) for name in example_names()), *EXTRA]


# ---- against Cartesian normal modes ----


@pytest.mark.parametrize("molecule", MOLECULES, ids=lambda m: m.name or m.formula)
def test_gf_equals_cartesian(molecule):
    """35 molecules and an isotopologue of each; the goal is 1e-3 cm⁻¹."""
    hessian = springs(molecule)
    last = molecule.n_atoms - 1
    heavy = {last: ISOTOPE.get(molecule.symbols[last], 37)}
    for isotopologue in (molecule, molecule.with_isotopes(heavy)):
        modes = gf_analysis(isotopologue, hessian)
        expected = cartesian_wavenumbers(isotopologue, hessian)
        assert np.abs(modes.wavenumbers - expected).max() < 1e-7


@pytest.mark.parametrize("molecule", MOLECULES, ids=lambda m: m.name or m.formula)
def test_irreps_are_those_of_the_mode_counts(molecule):
    modes = gf_analysis(molecule, springs(molecule))
    counts = mode_counts(molecule).representation
    assert {i.label: m * i.dimension for i, m in counts.terms} == {
        irrep: modes.irreps.count(irrep) for irrep in modes.irreps
    }


@pytest.mark.parametrize("molecule", MOLECULES, ids=lambda m: m.name or m.formula)
def test_blocks_are_exact(molecule):
    """F and G couple neither irreps nor different partners; partners have equal blocks."""
    modes = gf_analysis(molecule, springs(molecule))
    assert modes.asymmetry < 1e-10
    of = symmetrised(modes.coordinates)
    g, f = g_matrix(of.coordinates), modes.force_constants
    for block in of.blocks:
        for other in of.blocks:
            for matrix in (f, g):
                part = np.einsum(
                    "akn,nm,blm->abkl", block.vectors, matrix, other.vectors, optimize=True
                )
                if other is block and block.is_real:
                    part -= np.einsum("abkk->ab", part)[..., None, None] * (
                        np.eye(block.dimension) / block.dimension
                    )
                elif other is block:
                    continue
                assert np.abs(part).max() < 1e-9


@pytest.mark.parametrize("name", ["benzene", "ferrocene", "carbon_dioxide", "hydrogen_peroxide"])
def test_modes_are_those_of_the_cartesian_equation(name):
    """M⁻¹ H l = λ l for each mode, and q = B l."""
    molecule = example(name)
    modes = gf_analysis(molecule, springs(molecule))
    hessian = cartesian_hessian(modes.coordinates, modes.force_constants)
    vectors = modes.cartesian.reshape(len(modes), -1)
    weights = np.repeat(molecule.masses, 3)
    assert np.allclose(vectors * weights @ vectors.T, np.eye(len(modes)), atol=1e-10)
    curvature = np.einsum("ki,ij,kj->k", vectors, hessian, vectors)
    assert np.allclose(np.sqrt(curvature) * NORMAL_COORDINATE, modes.wavenumbers, atol=1e-6)
    assert np.allclose(modes.coordinates.b_matrix() @ vectors.T, modes.internal, atol=1e-10)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_any_geometry(seed):
    """Random positions of six atoms joined at random: whatever the graph, the same wavenumbers."""
    rng = np.random.default_rng(seed)
    positions = 3 * rng.normal(size=(6, 3))
    molecule = Molecule(["C", "N", "O", "F", "S", "H"], positions)
    tree = [(i, int(rng.integers(i))) for i in range(1, 6)]
    hessian = springs(molecule, seed)
    coordinates = internal_coordinates(molecule, bonds=tree)
    modes = gf_analysis(molecule, hessian, coordinates)
    assert np.allclose(
        modes.wavenumbers, cartesian_wavenumbers(molecule, hessian), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("metric", ["valence", "unit"])
def test_both_metrics_give_back_the_hessian(metric):
    molecule = example("adamantane")
    coordinates = internal_coordinates(molecule)
    hessian = springs(molecule)
    f = f_matrix(coordinates, hessian, metric=metric)
    assert np.abs(cartesian_hessian(coordinates, f) - hessian).max() < 1e-12


def test_force_constants_do_not_depend_on_masses():
    molecule = example("benzene")
    hessian = springs(molecule)
    heavy = molecule.with_isotopes({"H": 2, 0: 13})
    light_f = f_matrix(internal_coordinates(molecule), hessian)
    assert np.allclose(light_f, f_matrix(internal_coordinates(heavy), hessian), atol=1e-10)


def test_away_from_a_stationary_point():
    """With its gradient, the Hessian of V(q) gives back F exactly, here at a bent-out water."""
    water = example("water").with_positions([[0, 0, 0.1], [0, 0.8, -0.5], [0.1, -0.7, -0.5]])
    coordinates = internal_coordinates(water)
    f = np.array([[8.0, -0.2, 0.3], [-0.2, 7.5, 0.1], [0.3, 0.1, 0.7]])
    slopes = np.array([0.4, -0.3, 0.2])  # mdyn, mdyn·Å/rad
    x, h = water.positions, 1e-4

    def gradient(shift):
        moved = x + shift.reshape(x.shape)
        change = coordinates.values(moved) - coordinates.values()
        return (slopes + f @ change) @ coordinates.b_matrix(moved)

    steps = h * np.eye(9)
    hessian = np.array([gradient(s) - gradient(-s) for s in steps]) / (2 * h)
    unit = 15.568931049339307  # mdyn/Å per Eh/bohr²
    bohr = 0.529177210544
    found = f_matrix(coordinates, hessian / unit, gradient=gradient(np.zeros(9)) / (unit * bohr))
    assert np.allclose(found, f, atol=1e-6)
    assert not np.allclose(f_matrix(coordinates, hessian / unit), f, atol=1e-2)


# ---- textbooks ----


def test_g_elements_of_water():
    """Wilson, Decius, Cross (1955), table of G elements in appendix VI."""
    r, angle = 0.9572, np.radians(104.52)
    water = bent(r, angle)
    c = InternalCoordinates(water, [stretch(0, 1), stretch(0, 2), bend(1, 0, 2)])
    mh, mo = 1 / water.masses[1], 1 / water.masses[0]
    cos, sin = np.cos(angle), np.sin(angle)
    expected = [
        [mh + mo, mo * cos, -mo * sin / r],
        [mo * cos, mh + mo, -mo * sin / r],
        [-mo * sin / r, -mo * sin / r, 2 * (mh + mo * (1 - cos)) / r**2],
    ]
    assert np.allclose(g_matrix(c), expected, atol=1e-12)


def test_g_blocks_of_methane():
    """Tetrahedral XY4, from the G elements of Wilson, Decius, Cross (1955), appendix VI."""
    r = 1.0858
    methane = scaled(example("methane"), r)
    of = symmetrised(internal_coordinates(methane))
    g = g_matrix(of.coordinates)
    mh, mc = 1 / methane.masses[1], 1 / methane.masses[0]
    found = {b.irrep: b.vectors[:, 0] @ g @ b.vectors[:, 0].T for b in of.blocks}
    assert found["E"] == pytest.approx(3 * mh / r**2)
    assert found["A1"][0, 0] == pytest.approx(mh)
    assert found["A1"][1:] == pytest.approx(0, abs=1e-12)  # six angles cannot all open
    t2 = [[mh + 4 / 3 * mc, 8 / (3 * r) * mc], [8 / (3 * r) * mc, (2 * mh + 16 / 3 * mc) / r**2]]
    assert np.abs(found["T2"]) == pytest.approx(np.array(t2))


def test_g_of_a_linear_molecule():
    """CO2: 1/r² (2/m_O + 4/m_C) of the bend, Herzberg (1945), p. 173."""
    r = 1.16
    co2 = Molecule("COO", [[0, 0, 0], [0, 0, r], [0, 0, -r]])
    g = g_matrix(internal_coordinates(co2))
    assert g[2, 2] == pytest.approx((2 / 15.99491462 + 4 / 12) / r**2, abs=1e-9)
    assert g[3, 3] == pytest.approx(g[2, 2])
    assert np.abs(g[:2, 2:]).max() < 1e-15


def bent(r, angle):
    y, z = r * np.sin(angle / 2), r * np.cos(angle / 2)
    return Molecule("OHH", [[0, 0, 0], [0, y, z], [0, -y, z]])


def scaled(molecule, length):
    x = molecule.positions - molecule.positions[0]
    return molecule.with_positions(x * length / np.linalg.norm(x[1]))


# ---- published force fields ----


@pytest.mark.parametrize(
    ("isotopes", "expected"),
    [
        ({}, {"A1": [1648.47, 3832.17], "B2": [3942.53]}),
        ({"H": 2}, {"A1": [1206.39, 2763.80], "B2": [2888.78]}),
    ],
)
def test_water(isotopes, expected):
    """Field of A. R. Hoy, I. M. Mills, G. Strey, Mol. Phys. 24 (1972) 1265; harmonic wavenumbers
    of W. S. Benedict, N. Gailar, E. K. Plyler, J. Chem. Phys. 24 (1956) 1139.
    """
    f = [[8.454, -0.101, 0.219], [-0.101, 8.454, 0.219], [0.219, 0.219, 0.697]]
    modes = wilson_gf(bent(0.9572, np.radians(104.52)).with_isotopes(isotopes), f)
    for irrep, values in expected.items():
        found = [nu for label, nu in modes.fundamentals() if label == irrep]
        assert found == pytest.approx(values, abs=0.5)


def test_carbon_dioxide():
    """Harmonic constants of I. Suzuki, J. Mol. Spectrosc. 25 (1968) 479."""
    co2 = Molecule("COO", [[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16]])
    f = np.diag([16.02, 16.02, 0.785, 0.785])
    f[0, 1] = f[1, 0] = 1.26
    assert [(i, round(nu)) for i, nu in wilson_gf(co2, f).fundamentals()] == [
        ("Πu", pytest.approx(673, abs=1.5)),
        ("Σg+", pytest.approx(1354, abs=1.5)),
        ("Σu+", pytest.approx(2397, abs=1.5)),
    ]


def test_methane():
    """D. L. Gray, A. G. Robiette, Mol. Phys. 37 (1979) 1901: harmonic field and wavenumbers."""
    from spektron.vibration.gf import SymmetryForceField

    methane = scaled(example("methane"), 1.0858)
    field = SymmetryForceField.from_coordinates(internal_coordinates(methane))
    sign = np.sign(t2_coupling(field))
    blocks = {
        "A1": [[5.4347]],
        "E": [[0.5842]],
        "T2": [[5.3783, -0.2211 * sign], [-0.2211 * sign, 0.5480]],
    }
    modes = wilson_gf(methane, field.matrix(field.from_blocks(blocks)))
    expected = [("T2", 1367.4), ("E", 1582.7), ("A1", 3025.5), ("T2", 3156.8)]
    for (irrep, nu), (label, published) in zip(modes.fundamentals(), expected, strict=True):
        assert irrep == label
        assert nu == pytest.approx(published, abs=0.6)


def t2_coupling(field):
    """G of the two T2 coordinates, whose sign goes with that of F34."""
    block = field.of.block("T2")
    g = g_matrix(field.coordinates)
    return block.vectors[0, 0] @ g @ block.vectors[1, 0]


@pytest.mark.parametrize(
    ("name", "irrep"), [("water", "A1"), ("water", "B2"), ("methane", "A1"), ("methane", "E")]
)
def test_product_rule(name, irrep):
    """Teller–Redlich: ∏ (ω_D/ω_H)² = det G_D / det G_H of the irrep, whatever F is.

    For blocks without translation and rotation ∏ ω_D/ω_H = (m_H/m_D)^(n/2).
    """
    molecule = example(name)
    hessian = springs(molecule)
    light, heavy = (gf_analysis(m, hessian) for m in (molecule, molecule.with_isotopes({"H": 2})))
    chosen = np.array(light.irreps) == irrep
    ratio = np.prod(heavy.wavenumbers[chosen] / light.wavenumbers[chosen])
    dets = []
    for modes in (light, heavy):
        block = symmetrised(modes.coordinates).block(irrep)
        u = block.vectors[: block.n_vib, 0]
        dets.append(np.linalg.det(u @ g_matrix(modes.coordinates) @ u.T))
    assert ratio == pytest.approx(np.sqrt(dets[1] / dets[0]) ** light_dimension(name, irrep))
    if name == "methane":
        exponent = {"A1": 1, "E": 2}[irrep]
        assert ratio == pytest.approx((1.00782503 / 2.01410178) ** (exponent / 2), rel=1e-7)


def light_dimension(name, irrep):
    return 2 if (name, irrep) == ("methane", "E") else 1


# ---- what comes out ----


def test_signed_wavenumbers():
    modes = wilson_gf(example("water"), [8.0, 8.0, -0.7])
    assert modes.wavenumbers[0] < -1000
    assert np.allclose(wavenumbers(modes.eigenvalues), modes.wavenumbers)


def test_partners_are_exactly_equal():
    modes = gf_analysis(example("c60"), springs(example("c60")))
    assert len(np.unique(modes.wavenumbers)) == len(np.unique(modes.sets)) == 46
    assert [np.sum(modes.sets == s) for s in range(46)] == [
        {"A": 1, "T": 3, "G": 4, "H": 5}[irrep[0]] for irrep, _ in modes.fundamentals()
    ]


def test_own_coordinates_and_isotopologues():
    """One F on given coordinates serves all isotopologues."""
    co2 = Molecule("COO", [[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16]])
    own = InternalCoordinates(
        co2,
        [stretch(0, 1), stretch(0, 2), *linear_bends(1, 0, 2)],
        reference=internal_coordinates(co2).reference,
    )
    modes = wilson_gf(co2.with_isotopes({1: 18}), [16, 16, 0.8, 0.8], own)
    assert str(modes.symmetry.group) == "C∞v"
    assert sorted(set(modes.irreps)) == ["Π", "Σ+"]


def test_no_symmetry_gives_the_same_wavenumbers():
    molecule = example("naphthalene")
    hessian = springs(molecule)
    blocked, whole = gf_analysis(molecule, hessian), gf_analysis(molecule, hessian, symmetry="none")
    assert np.allclose(blocked.wavenumbers, whole.wavenumbers, atol=1e-7)
    assert set(whole.irreps) == {"A"}


def test_a_lower_symmetry_can_be_given():
    molecule = example("ammonia")
    heavy = molecule.with_isotopes({1: 2})
    modes = gf_analysis(molecule, springs(molecule), symmetry=detect(heavy))
    assert set(modes.irreps) == {"A'", "A''"}


def test_a_noisy_geometry():
    """Deviations of 1e-5 Å change the wavenumbers of a symmetric F in second order only."""
    molecule = example("acetylene")
    noise = 1e-5 * np.random.default_rng(4).normal(size=(4, 3))
    hessian = springs(molecule)
    modes = gf_analysis(molecule.with_positions(molecule.positions + noise), hessian)
    assert np.allclose(modes.wavenumbers, gf_analysis(molecule, hessian).wavenumbers, atol=1e-4)


def test_inputs_are_not_changed():
    molecule = example("water")
    hessian = springs(molecule)
    before = hessian.copy()
    hessian.flags.writeable = False
    gf_analysis(molecule, hessian)
    assert np.array_equal(hessian, before)


def test_an_atom_has_no_modes():
    assert len(wilson_gf(Molecule(["He"], [[0, 0, 0]]), np.zeros((0, 0)))) == 0


# ---- bad input ----

GOOD = np.array([[8.4, -0.1, 0.2], [-0.1, 8.4, 0.2], [0.2, 0.2, 0.7]])


@pytest.mark.parametrize(
    ("force_constants", "message"),
    [
        (np.eye(4), r"shape \(4, 4\) for 3 coordinates"),
        ([8.0, 8.0], r"give \(3, 3\), or \(3,\)"),
        (GOOD + np.diag([0.1], 2), r"not symmetric: F\[0, 2\] = 0.3 but F\[2, 0\] = 0.2"),
        (GOOD * np.nan, "not finite"),
        (np.diag([8.4, 7.0, 0.7]), "lacks the symmetry C2v"),
    ],
)
def test_bad_force_constants(force_constants, message):
    with pytest.raises(ForceFieldError, match=message):
        wilson_gf(example("water"), force_constants)


def test_force_constants_without_symmetry():
    modes = wilson_gf(example("water"), [8.4, 7.0, 0.7], symmetry="none")
    assert len(modes) == 3


def test_incomplete_coordinates():
    water = example("water")
    part = InternalCoordinates(water, [stretch(0, 1), stretch(0, 2)])
    with pytest.raises(ForceFieldError, match="describe 1 of the 2 vibrations A1"):
        wilson_gf(water, [8.4, 8.4], part)
    with pytest.raises(ForceFieldError, match="describe 2 of the 3 vibrations"):
        f_matrix(part, springs(water))


def test_wrong_hessian_and_choices():
    water = example("water")
    coordinates = internal_coordinates(water)
    with pytest.raises(ForceFieldError, match=r"shape \(3, 3\)"):
        f_matrix(coordinates, np.eye(3))
    with pytest.raises(ForceFieldError, match="'valence' or 'unit'"):
        f_matrix(coordinates, springs(water), metric="mass")
    with pytest.raises(ForceFieldError, match="'detect', 'none'"):
        wilson_gf(water, GOOD, symmetry="C2v")
    with pytest.raises(ForceFieldError, match="not that of H2O"):
        wilson_gf(water, GOOD, symmetry=detect(example("ammonia")))
    with pytest.raises(ForceFieldError, match="no vibration has the irrep 'A2'"):
        symmetrised(coordinates).block("A2")


# ---- another program ----


@pytest.mark.slow
@pytest.mark.parametrize("smiles", ["O", "C=C", "C#C", "O=C=O", "CO"])
def test_pyscf_hessians(smiles):
    """HF/STO-3G at its own minimum: GF against the harmonic analysis of PySCF."""
    pyscf = pytest.importorskip("pyscf")
    geometric = pytest.importorskip("pyscf.geomopt.geometric_solver")
    from pyscf.hessian import thermo

    molecule = Molecule.from_smiles(smiles)
    mf = pyscf.scf.RHF(molecule.to_pyscf("sto-3g")).set(verbose=0, conv_tol=1e-12)
    mol = geometric.optimize(mf, convergence_grms=3e-6, convergence_gmax=1e-5)
    mf = pyscf.scf.RHF(mol).set(verbose=0, conv_tol=1e-12).run()
    hessian = mf.Hessian().kernel()
    masses = molecule.masses
    mol.atom_mass_list = lambda **_: masses  # PySCF rounds the masses of isotopes
    expected = thermo.harmonic_analysis(mol, hessian)["freq_wavenumber"].real
    size = 3 * molecule.n_atoms
    optimised = molecule.with_positions(mol.atom_coords(unit="Ang"))
    found = gf_analysis(optimised, hessian.transpose(0, 2, 1, 3).reshape(size, size))
    assert np.allclose(found.wavenumbers, np.sort(expected)[-len(found) :], atol=0.05)
