"""Blocks, lines, gradients and ranks, against finite differences and the published table."""

from itertools import combinations
from itertools import product as product_of
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.forcefield import ForceField, tensors_of
from spektron.identifiability.generic import block_rank, smallest_number_of_isotopologues
from spektron.identifiability.identification import identify
from spektron.identifiability.isotopologue import Isotopologue
from spektron.identifiability.lines import solve
from spektron.identifiability.modular import inverse, null_space, product, rank, reduce_rows
from spektron.identifiability.observables import DATA, Observables, respond
from spektron.identifiability.parameters import FullParameters, SymmetricParameters
from spektron.identifiability.space import InternalSpace
from spektron.identifiability.substitution import patterns
from spektron.identifiability.tensors import Tensors
from spektron.identifiability.valence import valence_parameters, valence_ranks
from spektron.pointgroup import InputError, Molecule, example
from spektron.vibration.files.qcschema import read_qcschema
from spektron.vibration.harmonic import HarmonicData

# theory.md section 3: P; frequencies; + IR; + Raman + depolarisation; parent + perdeutero (18O).
RANKS = {
    "water": (4, 3, 4, 4, 4),
    "ammonia": (6, 4, 6, 6, 6),
    "methane": (5, 4, 5, 5, 5),
    "carbon_dioxide": (3, 3, 3, 3, 3),
    "ethylene": (18, 11, 13, 17, 16),
    "benzene": (34, 11, 13, 17, 17),
}
# Force constants of the table in section 1: all, and those of silent irreps.
CONSTANTS = {
    "acetylene": (6, 0), "allene": (23, 0), "F[Xe](F)(F)F": (8, 1), "FP(F)(F)(F)F": (13, 0),
    "FS(F)(F)(F)(F)F": (7, 1),
    "FB(F)F": (5, 0), "N#CC(C#N)(C#N)C#N": (17, 1),
    "ethane": (22, 1), "cyclohexane": (117, 9),
    "neopentane": (55, 11), "adamantane": (131, 29), "cubane": (32, 10), "ferrocene": (102, 25),
    "dodecaborate": (32, 13), "c60": (151, 102),
}  # fmt: skip
P31 = 2**31 - 1
CHECKOUT = Path(__file__).resolve().parents[1]


def molecule(name):
    try:
        return example(name)
    except InputError:
        return Molecule.from_smiles(name)


def heavy(space):
    """The isotopologue with D for H, or 18O for O."""
    isotopes = {"H": 2} if "H" in space.molecule.symbols else {"O": 18}
    return Isotopologue.of(space, space.molecule.with_isotopes(isotopes).masses, "heavy")


@pytest.mark.parametrize("name", RANKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_rank_table(name, seed):
    field = ForceField.random(example(name), seed=seed)
    space, tensors = field.space, Tensors.random(field.space, seed)
    parent = Isotopologue.of(space)
    found = [
        identify(field, Observables((parent,), ("freq",))),
        identify(field, Observables((parent,), ("freq", "ir"), tensors)),
        identify(field, Observables((parent,), DATA, tensors)),
        identify(field, Observables((parent, heavy(space)))),
    ]
    assert (field.n_parameters, *(f.rank for f in found)) == RANKS[name]
    assert all(f.gap > 1e5 for f in found)


@pytest.mark.parametrize("name", RANKS)
def test_rank_table_at_a_computed_hessian(name):
    """The same numbers at HF/STO-3G, with its dipole and polarizability derivatives."""
    path = CHECKOUT / "docs" / "data" / "hf-sto-3g" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no {path.name}: run examples/hf_sto_3g.py")
    data = read_qcschema(path)
    field, tensors = ForceField.from_hessian(data), tensors_of(data)
    parent = Isotopologue.of(field.space)
    both = (parent, heavy(field.space))
    found = [
        identify(field, Observables((parent,), ("freq",))),
        identify(field, Observables((parent,), ("freq", "ir"), tensors)),
        identify(field, Observables((parent,), DATA, tensors)),
        identify(field, Observables(both)),
    ]
    assert (field.n_parameters, *(f.rank for f in found)) == RANKS[name]


@pytest.mark.parametrize("name", ["water", "ammonia", "methane", "ethylene"])
def test_unknown_derivatives_add_nothing_for_one_isotopologue(name):
    field = ForceField.random(example(name))
    parent, tensors = Isotopologue.of(field.space), Tensors.random(field.space)
    assert identify(field, Observables((parent,), DATA, tensors, "unknown")).rank == RANKS[name][1]


@pytest.mark.parametrize(
    ("name", "most"), [("water", 4), ("ammonia", 6), ("methane", 5), ("carbon_dioxide", 3),
                       ("ethylene", 17), ("benzene", 17)]
)  # fmt: skip
def test_the_whole_matrix_has_no_more_rank_than_the_symmetric_one(name, most):
    """Offered all elements of F, whole-orbit substitution and intensities see P at the most."""
    field = ForceField.random(example(name))
    space = field.space
    parameters = FullParameters(space)
    whole = ForceField(parameters, parameters.read(field.matrix))
    both = (Isotopologue.of(space), heavy(space))
    data = Observables((both[0],), DATA, Tensors.random(space))
    assert identify(whole, data).rank == RANKS[name][3]
    two = identify(whole, Observables(both, ("freq",)))
    assert two.rank == RANKS[name][4]
    assert max(two.rank, RANKS[name][3]) == most


@pytest.mark.parametrize("name", ["water", "ammonia", "benzene", "OB(O)O", "carbon_dioxide"])
def test_gradients_are_those_of_finite_differences(name):
    field = ForceField.random(molecule(name))
    space, parameters = field.space, field.parameters
    observables = Observables((Isotopologue.of(space), heavy(space)), DATA, Tensors.random(space))
    along = 0.01 * np.random.default_rng(1).normal(size=field.n_parameters)
    step = 1e-4

    def values(h):
        return respond(parameters.assemble(field.values + h * along), parameters, observables)

    slope = (values(step).values - values(-step).values) / (2 * step)
    exact = respond(field.matrix, parameters, observables).jacobian @ along
    assert slope == pytest.approx(exact, abs=2e-7 * max(1.0, np.abs(exact).max()))


def test_curvatures_are_those_of_the_mass_weighted_hessian():
    field = ForceField.random(example("ammonia"))
    masses = field.space.molecule.masses
    weighted = field.hessian() / np.sqrt(np.outer(masses.repeat(3), masses.repeat(3)))
    expected = np.linalg.eigvalsh(weighted)[6:]
    lines = solve(field.matrix, Isotopologue.of(field.space))
    found = np.sort(np.concatenate([np.repeat(b.curvatures, b.degeneracy) for b in lines]))
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", CONSTANTS)
def test_numbers_of_force_constants(name):
    space = InternalSpace.of(molecule(name))
    silent = {b.irrep for b in Isotopologue.of(space).blocks if b.activity.silent}
    hidden = sum(b.n_constants for b in space.blocks if str(b.irrep) in silent)
    assert (sum(b.n_constants for b in space.blocks), hidden) == CONSTANTS[name]


def test_complex_pairs_have_a_square_of_constants():
    assert ForceField.random(Molecule.from_smiles("OB(O)O")).n_parameters == 26


@pytest.mark.parametrize("name", ["benzene", "OB(O)O", "methane"])
def test_a_symmetric_force_field_survives_assembling_and_reading(name):
    space = InternalSpace.of(molecule(name))
    parameters = SymmetricParameters(space)
    values = np.random.default_rng(0).normal(size=len(parameters.names))
    matrix = parameters.assemble(values)
    assert parameters.read(matrix) == pytest.approx(values, abs=1e-12)
    for turn, moves in zip(space.symmetry.matrices, space.symmetry.permutations, strict=True):
        moved = np.empty_like(space.basis).reshape(-1, 3, space.dimension)
        moved[moves] = turn @ space.basis.reshape(-1, 3, space.dimension)
        acts = space.basis.T @ moved.reshape(space.basis.shape)
        assert acts @ matrix @ acts.T == pytest.approx(matrix, abs=1e-9)


def test_a_hessian_gives_the_ranks_of_a_random_force_field():
    """The Hessian of a harmonic molecule made by hand: springs between all atoms."""
    water = example("water")
    hessian = np.zeros((9, 9))
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        unit = water.positions[j] - water.positions[i]
        row = np.zeros((3, 3))
        row[i], row[j] = -unit / np.linalg.norm(unit), unit / np.linalg.norm(unit)
        hessian += (0.5 if i == 0 else 0.1) * np.outer(row, row)
    field = ForceField.from_hessian(HarmonicData(water, hessian, level="springs"))
    assert identify(field, Observables((Isotopologue.of(field.space),))).rank == 3
    assert field.hessian() == pytest.approx(hessian, abs=1e-5)


def test_13_deuterobenzenes_leave_one_constant():
    """theory.md section 4: one E2g constant stays open with all H/D, and a 13C closes it."""
    field = ForceField.random(example("benzene"))
    space = field.space
    family = patterns(space, {"H": 2})
    assert len(family) == 13
    members = tuple(p.isotopologue(space) for p in family)
    found = identify(field, Observables(members))
    assert (found.rank, found.n_parameters) == (33, 34)
    assert {name.split()[0] for name in found.undetermined} == {"E2g"}
    labelled = Isotopologue.of(space, space.molecule.with_isotopes({0: 13}).masses, "13C")
    assert identify(field, Observables((*members, labelled))).rank == 34


@pytest.mark.slow
def test_all_225_pairs_of_dideuterated_and_labelled_benzene():
    """theory.md section 4: every C6H2D4 with every 13C4C2H6, all atoms labelled, reaches 34."""
    field = ForceField.random(example("benzene"))
    space = field.space
    carbon, hydrogen = (
        [i for i, s in enumerate(space.molecule.symbols) if s == element] for element in "CH"
    )

    def four_of(atoms, number):
        return [
            Isotopologue.of(space, space.molecule.with_isotopes(dict.fromkeys(c, number)).masses)
            for c in combinations(atoms, 4)
        ]

    pairs = list(product_of(four_of(hydrogen, 2), four_of(carbon, 13)))
    assert len(pairs) == 225
    assert {identify(field, Observables(pair)).rank for pair in pairs} == {34}


@pytest.mark.parametrize("seed", range(3))
def test_valence_force_field_has_full_rank_from_positions_alone(seed):
    """Claim 5: the ratio 4:1 and the full rank are properties of the model."""
    space = InternalSpace.of(Molecule.from_smiles("CC(N)C=O"))
    found = valence_ranks(space, seed=seed)
    assert found["group"] == "C1"
    assert found["one_per_mode_freq_rank"] == found["one_per_mode_constants"] == found["modes"]
    d = found["modes"]
    assert found["symmetric_constants"] == d * (d + 1) // 2
    assert found["symmetric_freq_rank"] == d
    assert found["symmetric_all_rank"] == d + 3 * (d - 1)


def test_equivalent_coordinates_share_a_constant():
    parameters, values = valence_parameters(InternalSpace.of(example("methane")))
    assert len(parameters.names) == len(values) == 2
    assert np.linalg.eigvalsh(parameters.assemble(values))[0] > 0


# ---- blocks and arithmetic modulo a prime ----


@pytest.mark.parametrize(
    ("n", "forms", "expected"),
    [(4, (3, 1, 5), 10), (6, (3, 1, 5), 21), (7, (3, 1, 5), 25), (9, (3, 1, 5), 33),
     (5, (1, 1, 2), 15), (6, (1, 1, 2), 20), (3, (1, 1), 6), (4, (1, 1), 9), (2, (1,), 3),
     (3, (1,), 5)],
)  # fmt: skip
def test_modular_ranks_of_blocks(n, forms, expected):
    assert block_rank(n, forms=forms).ranks == (expected, expected)


@pytest.mark.parametrize("n", range(1, 11))
def test_smallest_number_of_isotopologues(n):
    k = smallest_number_of_isotopologues(n)
    assert block_rank(n, isotopologues=k).is_full
    assert k == 1 or not block_rank(n, isotopologues=k - 1).is_full


integers = st.integers(0, P31 - 1)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_products_and_inverses_are_exact(n, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, P31, (n, n)), rng.integers(0, P31, (n, n))
    expected = (a.astype(object) @ b.astype(object)) % P31
    assert (product(a, b, P31) == expected.astype(np.int64)).all()
    if rank(a, P31) == n:
        assert (product(a, inverse(a, P31), P31) == np.eye(n)).all()


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_null_space(m, n, r, seed):
    rng = np.random.default_rng(seed)
    matrix = product(rng.integers(0, P31, (m, r)), rng.integers(0, P31, (r, n)), P31)
    kernel = null_space(matrix, P31)
    assert kernel.shape == (n, n - rank(matrix, P31))
    assert rank(matrix, P31) <= min(m, n, r)
    assert not product(matrix, kernel, P31).any()
    reduced, pivots = reduce_rows(matrix, P31)
    assert (reduced[: len(pivots), pivots] == np.eye(len(pivots))).all()


def test_inverse_of_a_singular_matrix():
    with pytest.raises(ZeroDivisionError, match="singular modulo 7"):
        inverse(np.array([[1, 2], [3, 6]]), 7)


# ---- bad input ----


def test_bad_input_is_one_clear_line():
    field = ForceField.random(example("water"))
    parent = Isotopologue.of(field.space)
    with pytest.raises(IdentifiabilityError, match="pass tensors, or ask for freq alone"):
        identify(field, Observables((parent,), ("freq", "ir")))
    with pytest.raises(IdentifiabilityError, match="give the force field of a minimum"):
        identify(field.with_values(-field.values), Observables((parent,)))
    with pytest.raises(InputError, match="has no C: substitute one of H, O"):
        patterns(field.space, {"C": 13})
    with pytest.raises(InputError, match="H"):
        patterns(field.space, {"H": 9})
    with pytest.raises(IdentifiabilityError, match="the limit is 20000"):
        patterns(InternalSpace.of(example("c60")), {"C": 13})
    with pytest.raises(InputError, match="a single atom has no vibrations"):
        InternalSpace.of(Molecule("H", np.zeros((1, 3))))


@pytest.mark.parametrize("given", [("freq", "freq"), ("ir", "freq", "ir")])
def test_data_named_twice_would_count_as_two_measurements(given):
    parent = Isotopologue.of(ForceField.random(example("water")).space)
    with pytest.raises(IdentifiabilityError, match=f"{given[0]!r} is there twice"):
        Observables((parent,), given)


def test_substitutions_that_are_none():
    space = InternalSpace.of(example("water"))
    with pytest.raises(IdentifiabilityError, match="H=1 is what the molecule has"):
        patterns(space, {"H": 1})
    with pytest.raises(IdentifiabilityError, match="largest 0: substitute at least one atom"):
        patterns(space, {"H": 2}, largest=0)


def test_full_jacobian_against_fifty_digits():
    """All of F, no symmetry, two lines 0.1 % apart: a derivative along a random direction.

    Central differences with 50 digits and a step of 1e-20 have no error that shows.
    """
    rng = np.random.default_rng(5)
    space = InternalSpace.of(Molecule("C" * 6, rng.normal(size=(6, 3)) * 2))
    parameters, species = FullParameters(space), Isotopologue.of(space)
    target = np.linspace(0.01, 0.06, space.dimension)
    target[5] = target[4] * 1.001
    turn = np.linalg.qr(rng.normal(size=(space.dimension,) * 2))[0]
    back = np.linalg.inv(np.linalg.cholesky(species.kinetic))
    matrix = back.T @ (turn * target) @ turn.T @ back
    matrix = (matrix + matrix.T) / 2
    form = Tensors.random(space).form("anisotropic", species)
    (lines,) = solve(matrix, species)
    assert lines.curvatures == pytest.approx(target, rel=1e-12)
    direction = rng.normal(size=len(parameters.names))
    found = np.concatenate(
        [lines.curvature_gradients(parameters), lines.intensity_gradients(form, parameters)]
    )
    with mpmath.workdps(50):
        half = mpmath.cholesky(mpmath.matrix(species.kinetic.tolist()))
        force = mpmath.matrix(matrix.tolist())
        along = mpmath.matrix(parameters.assemble(direction).tolist())
        weight = half.T * mpmath.matrix(form.tolist()) * half

        def values(step):
            squares, vectors = mpmath.eigsy(half.T * (force + step * along) * half)
            amounts = vectors.T * weight * vectors
            return [*squares, *(amounts[k, k] for k in range(len(squares)))]

        step = mpmath.mpf(10) ** -20
        pairs = zip(values(step), values(-step), strict=True)
        exact = np.array([float((up - down) / (2 * step)) for up, down in pairs])
    error = np.abs(found @ direction - exact) / np.linalg.norm(found, axis=1)
    # Rounding moves eigenvectors by eps ‖GF‖ over the distance to the next line.
    distance = np.abs(target[:, None] - target) + np.diag([np.inf] * len(target))
    floor = np.finfo(float).eps * target[-1] / distance.min(axis=1)
    assert (error < 200 * np.tile(floor, 2)).all()
    assert np.median(error) < 1e-12
