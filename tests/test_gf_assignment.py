"""Energy distributions, assignments in words, scaling, transfer and refinement."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, example
from spektron.vibration.gf import (
    ForceFieldError,
    RefinementError,
    ScaledForceField,
    SymmetryForceField,
    ValenceForceField,
    assignments,
    cartesian_hessian,
    clusters,
    energy_distribution,
    f_matrix,
    force_constant_jacobian,
    g_matrix,
    observed,
    refine,
    refine_scaling,
    scale,
    scale_types,
    wilson_gf,
)
from spektron.vibration.internal import (
    InternalCoordinates,
    coordinate_types,
    internal_coordinates,
    linear_bends,
    stretch,
    undescribed,
)

WATER_F = np.array([[8.454, -0.101, 0.219], [-0.101, 8.454, 0.219], [0.219, 0.219, 0.697]])
"""A. R. Hoy, I. M. Mills, G. Strey, Mol. Phys. 24 (1972) 1265."""
CONSTANTS = {
    "stretch": 5.0, "bend": 0.7, "linear bend": 0.35, "torsion": 0.02, "out-of-plane": 0.35
}  # fmt: skip


def valence_modes(molecule, **isotopes):
    """Modes of a diagonal force field with typical constants."""
    coordinates = internal_coordinates(molecule)
    heavy = molecule.with_isotopes(isotopes) if isotopes else molecule
    return wilson_gf(heavy, [CONSTANTS[c.kind] for c in coordinates], coordinates)


def water():
    y, z = 0.9572 * np.sin(np.radians(52.26)), 0.9572 * np.cos(np.radians(52.26))
    return Molecule("OHH", [[0, 0, 0], [0, y, z], [0, -y, z]], name="water")


# ---- energy distribution ----


@pytest.mark.parametrize("name", ["water", "benzene", "ferrocene", "acetylene", "cubane"])
def test_shares_add_up(name):
    shares = energy_distribution(valence_modes(example(name)))
    assert np.abs(shares.sum(axis=0) - 1).max() < 1e-10


def test_without_redundancy_it_is_the_classical_one():
    """P_ik = L_ik (L⁻¹)_ki, with the L that solves GF L = L λ by a general eigensolver."""
    modes = wilson_gf(water(), WATER_F)
    lam, vectors = np.linalg.eig(g_matrix(modes.coordinates) @ WATER_F)
    vectors = vectors[:, np.argsort(lam)]
    assert np.allclose(energy_distribution(modes), vectors * np.linalg.inv(vectors).T, atol=1e-9)


def test_shares_of_imaginary_modes():
    modes = wilson_gf(water(), [8.0, 8.0, -0.7])
    assert np.abs(energy_distribution(modes).sum(axis=0) - 1).max() < 1e-12


def test_equivalent_coordinates_have_equal_shares():
    modes = valence_modes(example("benzene"))
    shares = energy_distribution(modes)
    types = np.array(coordinate_types(modes.coordinates))
    for mode in np.nonzero(np.array([irrep[0] in "AB" for irrep in modes.irreps]))[0]:
        for kind in ("C–H stretch", "C–C stretch"):
            assert np.ptp(shares[types == kind, mode]) < 1e-10


def test_shares_do_not_depend_on_the_partners():
    """The same modes from no symmetry, where partners come out at random, after averaging."""
    molecule = example("methane")
    f = [CONSTANTS[c.kind] for c in internal_coordinates(molecule)]
    blocked, whole = wilson_gf(molecule, f), wilson_gf(molecule, f, symmetry="none")
    mean = [
        energy_distribution(whole)[:, blocked.sets == s].mean(axis=1)
        for s in range(max(blocked.sets) + 1)
    ]
    one = energy_distribution(blocked)[:, np.unique(blocked.sets, return_index=True)[1]]
    assert np.allclose(np.array(mean).T, one, atol=1e-9)


def test_the_force_constants_of_redundant_sets_do_not_matter():
    """Two F that give the same Hessian give the same shares."""
    modes = valence_modes(example("methane"))
    b = modes.coordinates.b_matrix()
    u, s, _ = np.linalg.svd(b)
    redundant = u[:, int((s > 1e-8).sum()) :]
    f = modes.force_constants + 3 * redundant @ redundant.T
    other = wilson_gf(modes.molecule, f, modes.coordinates)
    assert np.allclose(other.wavenumbers, modes.wavenumbers)
    assert np.allclose(energy_distribution(other), energy_distribution(modes), atol=1e-9)


@pytest.mark.parametrize("name", ["water", "benzene", "ferrocene", "allene"])
def test_shares_are_the_logarithmic_derivatives_by_scale_factors(name):
    """d ln λ / d ln s = share of the type, for the canonical F: two ways through different code."""
    modes = valence_modes(example(name))
    coordinates = modes.coordinates
    f = f_matrix(coordinates, cartesian_hessian(coordinates, modes.force_constants))
    types = coordinate_types(coordinates)
    field = ScaledForceField.from_types(coordinates, f, types)
    solved = wilson_gf(modes.molecule, f, coordinates)
    of = clusters(solved)
    slopes = force_constant_jacobian(solved, field, np.ones(len(field.names)), of).eigenvalues
    shares = energy_distribution(solved)
    for row, c in zip(slopes, of, strict=True):
        by_type = [shares[np.array(types) == t][:, c].sum(axis=0).mean() for t in field.names]
        assert np.allclose(row / solved.eigenvalues[c].mean(), by_type, atol=1e-9)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_dependence_on_the_redundant_set(seed):
    """Stretches above 2500 cm⁻¹ keep their shares within 2 % when coordinates are left out."""
    modes = valence_modes(example("cyclohexane"))
    rng = np.random.default_rng(seed)
    kept = set(range(len(modes.coordinates)))
    for row in rng.permutation(len(kept))[:12].tolist():
        if not undescribed(modes.coordinates.subset(sorted(kept - {row}))).shape[1]:
            kept -= {row}
    smaller = modes.coordinates.subset(sorted(kept))
    assert len(smaller) < len(modes.coordinates)
    for one, other in zip(assignments(modes), assignments(modes, smaller), strict=True):
        if one.wavenumber > 2500:
            assert dict(other.shares)["C–H stretch"] == pytest.approx(
                dict(one.shares)["C–H stretch"], abs=0.02
            )


def test_assignments_in_words():
    words = [a.text for a in assignments(wilson_gf(water(), WATER_F))]
    assert words == ["H–O–H bend 100 %", "O–H stretch 100 %", "O–H stretch 100 %"]
    benzene = assignments(valence_modes(example("benzene")))
    assert len(benzene) == 20
    assert str(benzene[-1]).split(maxsplit=2)[2].startswith("C–H stretch 9")
    assert benzene[0].shares[0][0].startswith(("torsion", "C–C out-of-plane"))


def test_metal_ring_modes():
    """The A1g metal–ring stretch of ferrocene leaves the metal at rest."""
    modes = valence_modes(example("ferrocene_staggered"))
    found = [a for a in assignments(modes) if a.irrep == "A1g" and "Fe–ring" in a.shares[0][0]]
    assert len(found) == 1
    assert found[0].shares[0][1] > 0.9


def test_deuterium_has_its_own_name():
    heavy = wilson_gf(water().with_isotopes({1: 2}), WATER_F)
    assert [a.shares[0][0] for a in assignments(heavy)] == [
        "D–O–H bend", "O–D stretch", "O–H stretch"
    ]  # fmt: skip


# ---- scaling and transfer ----


def test_scaling_by_hand():
    coordinates = internal_coordinates(water())
    scaled = scale(coordinates, WATER_F, {"O–H stretch": 0.81, "H–O–H bend": 1.21})
    expected = WATER_F * np.outer([0.9, 0.9, 1.1], [0.9, 0.9, 1.1])
    assert np.allclose(scaled, expected)
    assert np.allclose(scale(coordinates, WATER_F, {"O–H stretch": 0.81})[2, 2], WATER_F[2, 2])


def test_one_factor_for_all():
    coordinates = internal_coordinates(water())
    modes = wilson_gf(water(), scale(coordinates, WATER_F, 0.96**2))
    assert np.allclose(modes.wavenumbers, 0.96 * wilson_gf(water(), WATER_F).wavenumbers)


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("ethane", {"C–H stretch", "X–X stretch", "H–C–H bend", "X–X–H bend", "torsion"}),
        ("ammonia", {"N–H stretch", "H–N–H bend"}),
        ("acetylene", {"C–H stretch", "X–X stretch", "linear bend"}),
        ("naphthalene", {"C–H stretch", "X–X stretch", "X–X–X bend", "X–X–H bend", "torsion",
                         "out-of-plane bend"}),
    ],
)  # fmt: skip
def test_types_for_scale_factors(name, types):
    coordinates = internal_coordinates(example(name))
    assert set(scale_types(coordinates)) == types
    assert set(scale_types(coordinates, "kind")) == {c.kind for c in coordinates}


def test_bad_scaling():
    coordinates = internal_coordinates(water())
    with pytest.raises(ForceFieldError, match="no coordinate has the type 'C–H stretch'"):
        scale(coordinates, WATER_F, {"C–H stretch": 0.9})
    with pytest.raises(ForceFieldError, match="positive"):
        scale(coordinates, WATER_F, -1)
    with pytest.raises(ForceFieldError, match="'elements', 'sqm' or 'kind'"):
        scale_types(coordinates, "all")


def hand_made(coordinates):
    """Constants by type and, for stretches that meet, an interaction: written out directly."""
    values = {
        "C–H stretch": 4.8, "C–C stretch": 4.4, "H–C–H bend": 0.55, "C–C–H bend": 0.64,
        "C–C–C bend": 1.1, "torsion about C–C": 0.02,
    }  # fmt: skip
    types = coordinate_types(coordinates)
    out = np.diag([values[t] for t in types])
    for i, a in enumerate(coordinates):
        for j, b in enumerate(coordinates):
            if i != j and a.kind == b.kind == "stretch" and set(a.sites) & set(b.sites):
                out[i, j] = {0: 0.1, 1: 0.05, 2: 0.03}[(types[i] + types[j]).count("H")]
    return out


def test_transfer_reproduces_what_was_put_in():
    sources = [internal_coordinates(example(n)) for n in ("neopentane", "ethane")]
    field = ValenceForceField.from_molecules((c, hand_made(c)) for c in sources)
    target = internal_coordinates(example("cyclohexane"))
    assert np.allclose(field.on(target), hand_made(target))
    assert max(field.spread.values()) < 1e-12


def test_transfer_keeps_unlike_interactions_apart():
    """In ethane two C–C–H bends share the C–C bond only, or one carbon as their middle too."""
    ethane = internal_coordinates(example("ethane"))
    f = np.diag(np.ones(len(ethane)))
    types = coordinate_types(ethane)
    bends = [i for i, t in enumerate(types) if t == "C–C–H bend"]
    for i in bends:
        for j in bends:
            same = ethane.coordinates[i].sites[1] == ethane.coordinates[j].sites[1]
            f[i, j] = 1.0 if i == j else 0.2 if same else 0.1
    assert np.allclose(ValenceForceField.from_molecules([(ethane, f)]).on(ethane), f)


def test_transfer_of_unknown_types():
    ethane = internal_coordinates(example("ethane"))
    field = ValenceForceField.from_molecules([(ethane, np.eye(len(ethane)))])
    with pytest.raises(ForceFieldError, match="no force constant for H–O–H bend, O–H stretch"):
        field.on(internal_coordinates(water()))


# ---- refinement ----


HEAVY = water().with_isotopes({"H": 2})
SEEN = [
    # Harmonic wavenumbers of W. S. Benedict, N. Gailar, E. K. Plyler, J. Chem. Phys. 24 (1956) 1139
    observed(water(), {"A1": [3832.17, 1648.47], "B2": [3942.53]}),
    observed(HEAVY, {"A1": [2763.80, 1206.39], "B2": [2888.78]}),
]


def water_field():
    return SymmetryForceField.from_coordinates(internal_coordinates(water()))


def test_published_constants_of_water_from_two_isotopologues():
    field = water_field()
    fit = refine(field, [8.0, 0.0, 0.8, 8.0], SEEN, prior=1.0)
    assert fit.converged
    assert fit.rank == fit.n_determined == 4
    assert fit.rms < 0.3
    f = field.matrix(fit.parameters)
    assert f[0, 0] == pytest.approx(8.454, abs=0.005)
    assert f[0, 1] == pytest.approx(-0.101, abs=0.005)
    assert f[2, 2] == pytest.approx(0.697, abs=0.005)
    assert f[0, 2] == pytest.approx(0.219, abs=2 * fit.standard_deviations[1])


def test_fewer_data_than_parameters():
    """Three lines, four constants: one combination is the prior's, and the result says so."""
    fit = refine(water_field(), [8.0, 0.0, 0.8, 8.0], SEEN[:1])
    assert fit.rms < 0.1
    assert fit.rank == fit.n_determined == 3
    assert fit.singular_values[3] == 0
    assert fit.decided_by_prior.sum() == pytest.approx(1, abs=0.01)
    assert np.argmax(fit.decided_by_prior) == 1  # the stretch–bend interaction
    assert "3 observations, 4 parameters" in fit.summary()
    assert "numerical rank 3 of 4" in fit.summary()
    assert "A1: O–H stretch, H–O–H bend" in fit.summary()


def test_posterior_is_that_of_bayes():
    """Covariance (Jᵀ Σ⁻¹ J + T⁻²)⁻¹ at the minimum, where the gradient of the sum vanishes."""
    field = water_field()
    start = np.array([8.0, 0.1, 0.8, 8.0])
    widths = np.array([0.5, 0.05, 0.05, 0.5])
    seen = [observed(water(), {"A1": [3832.17, 1648.47]}, uncertainty=20.0)]
    fit = refine(field, start, seen, prior=widths)
    modes = wilson_gf(water(), field.matrix(fit.parameters), field.coordinates)
    rows = [i for i, irrep in enumerate(modes.irreps) if irrep == "A1"][::-1]
    jacobian = force_constant_jacobian(modes, field, fit.parameters).wavenumbers[rows]
    precision = jacobian.T @ jacobian / 400 + np.diag(widths**-2.0)
    assert np.allclose(fit.covariance, np.linalg.inv(precision), rtol=1e-6, atol=1e-12)
    gradient = jacobian.T @ fit.residuals / 400 + (fit.parameters - start) / widths**2
    assert np.abs(gradient * widths).max() < 1e-5
    assert fit.decided_by_prior[3] == pytest.approx(1)  # no B2 line was seen
    assert fit.parameters[3] == start[3]


@given(
    factors=st.lists(st.floats(0.85, 1.1), min_size=4, max_size=4),
)
@settings(max_examples=10)
def test_scale_factors_are_found_again(factors):
    """Ethylene from frequencies made with known factors, parent and C2D4."""
    molecule = example("ethylene")
    modes = valence_modes(molecule)
    types = scale_types(modes.coordinates, "kind")
    field = ScaledForceField.from_types(modes.coordinates, modes.force_constants, types)
    seen = []
    for one in (molecule, molecule.with_isotopes({"H": 2})):
        made = wilson_gf(one, field.matrix(factors), modes.coordinates)
        by_irrep = {}
        for irrep, nu in reversed(made.fundamentals()):
            by_irrep.setdefault(irrep, []).append(nu)
        seen.append(observed(one, by_irrep, uncertainty=0.1))
    fit = refine(field, np.ones(4), seen, prior=1.0)
    assert np.allclose(fit.parameters, factors, atol=1e-3)
    assert fit.rms < 0.01


def test_molecules_share_scale_factors():
    """Ethylene and benzene with common factors; each has types that the other lacks."""
    truth = {
        "C–H stretch": 0.92, "X–X stretch": 0.95, "X–X–H bend": 0.97, "H–C–H bend": 0.9,
        "X–X–X bend": 1.01, "torsion": 0.93, "out-of-plane bend": 0.99,
    }  # fmt: skip
    members = []
    for name in ("ethylene", "benzene"):
        modes = valence_modes(example(name))
        types = scale_types(modes.coordinates)
        field = ScaledForceField.from_types(modes.coordinates, modes.force_constants, types)
        made = wilson_gf(
            example(name), field.matrix([truth[t] for t in field.names]), modes.coordinates
        )
        by_irrep = {}
        for irrep, nu in reversed(made.fundamentals()):
            by_irrep.setdefault(irrep, []).append(nu)
        members.append((field, [observed(example(name), by_irrep, uncertainty=0.1)]))
    fit = refine_scaling(members, prior=1.0)
    assert set(fit.names) == set(truth)
    assert dict(zip(fit.names, fit.parameters, strict=True)) == pytest.approx(truth, abs=1e-3)
    field = members[1][0]
    assert fit.values(field.names) == pytest.approx([truth[t] for t in field.names], abs=1e-3)
    assert fit.rank == len(truth)


def test_missing_lines_are_left_out():
    seen = observed(water(), {"A1": [None, 1648.47]}, {"A1": 2.0})
    assert (seen.places, seen.uncertainties.tolist()) == ((1,), [2.0])


def test_linear_isotopologues():
    """CO2 and 16O12C18O, whose group is C∞v."""
    co2 = Molecule("COO", [[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16]])
    coordinates = internal_coordinates(co2)
    field = SymmetryForceField.from_coordinates(coordinates)
    truth = np.array([17.28, 14.76, 0.785])
    half = co2.with_isotopes({1: 18})
    made = wilson_gf(half, field.matrix(truth), coordinates).fundamentals()
    seen = observed(half, {"Σ+": [made[2][1], made[1][1]], "Π": [made[0][1]]}, 0.1)
    fit = refine(field, truth * [0.95, 1.05, 0.9], [seen], prior=1.0)
    assert fit.parameters == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize(
    ("fundamentals", "uncertainty", "message"),
    [
        ({}, 1.0, "no observed wavenumber"),
        ({"A1": [None]}, 1.0, "no observed wavenumber"),
        ({"A1": [3832.0]}, 0.0, "uncertainty 0 cm⁻¹"),
        ({"A1": [np.inf]}, 1.0, "not finite"),
    ],
)
def test_bad_observations(fundamentals, uncertainty, message):
    with pytest.raises(RefinementError, match=message):
        observed(water(), fundamentals, uncertainty)


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        ([observed(water(), {"A2": [1000.0]})], "has 0 fundamentals A2"),
        ([observed(water(), {"B2": [3900.0, 1000.0]})], "has 1 fundamentals B2, number 2"),
        ([observed(example("ammonia"), {"A1": [1000.0]})], "do not belong to H2O"),
        ([], "no observations"),
    ],
)
def test_observations_of_what_is_not_there(seen, message):
    with pytest.raises(RefinementError, match=message):
        refine(water_field(), [8.0, 0.0, 0.8, 8.0], seen)


def test_bad_priors():
    with pytest.raises(RefinementError, match="prior"):
        refine(water_field(), [8.0, 0.0, 0.8, 8.0], SEEN, prior=[1.0, 1.0])
    with pytest.raises(RefinementError, match="prior"):
        refine(water_field(), [8.0, 0.0, 0.8, 8.0], SEEN, prior=-0.1)


def test_own_coordinates_have_assignments():
    co2 = Molecule("COO", [[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16]])
    own = InternalCoordinates(
        co2,
        [stretch(0, 1), stretch(0, 2), *linear_bends(1, 0, 2)],
        reference=internal_coordinates(co2).reference,
    )
    found = assignments(wilson_gf(co2, [16, 16, 0.8, 0.8], own))
    assert [a.text for a in found] == [
        "O–C–O linear bend 100 %", "C–O stretch 100 %", "C–O stretch 100 %"
    ]  # fmt: skip
