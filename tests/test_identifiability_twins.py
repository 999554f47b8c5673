"""Twins: force fields with the same spectrum, found and shown to be so by another route."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from spektron.identifiability.continuation import twin
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.forcefield import ForceField, tensors_of
from spektron.identifiability.identification import identify
from spektron.identifiability.isotopologue import Isotopologue
from spektron.identifiability.lines import solve
from spektron.identifiability.moments import intensity_moments, position_moments
from spektron.identifiability.observables import DATA, Observables, respond
from spektron.identifiability.twin_search import multistart_twins
from spektron.identifiability.twins import block_twins, two_by_two, with_block
from spektron.identifiability.unassigned import count_assignments
from spektron.identifiability.valence_twins import bent_kinetic, valence_twins
from spektron.pointgroup import example
from spektron.vibration import HarmonicData, normal_modes, read_harmonic

HESSIANS = Path(__file__).resolve().parents[1] / "docs" / "data" / "hf-sto-3g"


def harmonic(name):
    return read_harmonic(HESSIANS / f"{name}.json")


def isotopologue(field, isotopes, name=""):
    masses = field.space.molecule.with_isotopes(isotopes).masses if isotopes else None
    return Isotopologue.of(field.space, masses, name)


@pytest.fixture(scope="module")
def water():
    return ForceField.from_hessian(harmonic("water"))


def bend(field, species):
    return min(line.wavenumbers[0] for line in solve(field.matrix, species))


# ---- along null directions ----


@pytest.mark.parametrize("name", ["water", "ammonia", "ethylene", "benzene"])
def test_twins_have_the_same_visible_lines(name):
    """The oracle is the Cartesian normal-mode analysis, which knows no force-field space."""
    data = harmonic(name)
    field = ForceField.from_hessian(data)
    found = identify(field, Observables((isotopologue(field, {}),)))
    other = twin(found, found.deficiency - 1, 0.02)
    moved = HarmonicData(field.space.molecule, other.force_field.hessian())
    same = HarmonicData(field.space.molecule, field.hessian())
    before, after = normal_modes(same), normal_modes(moved)

    def seen(modes):
        active = [modes.activity(i) for i in range(len(modes))]
        return sorted(w for w, a in zip(modes.wavenumbers, active, strict=True) if a.ir or a.raman)

    assert other.distance == pytest.approx(0.02, rel=1e-6)
    assert np.allclose(seen(before), seen(after), atol=1e-4)
    assert min(after.wavenumbers) > 0
    assert np.linalg.norm(other.force_field.values - field.values) > 0.01


def test_silent_block_moves_freely_and_nothing_else_does():
    data = harmonic("ethylene")
    field = ForceField.from_hessian(data)
    whole = Observables((isotopologue(field, {}),), DATA, tensors_of(data))
    found = identify(field, whole)
    assert found.undetermined == ("Au 1,1",)
    change = twin(found, 0, 0.05).force_field.values - field.values
    silent = np.array([n.startswith("Au") for n in field.parameters.names])
    assert np.abs(change[~silent]).max() < 1e-12 < np.abs(change[silent]).max()


def test_unknown_derivatives_move_along():
    data = harmonic("ammonia")
    field = ForceField.from_hessian(data)
    measured = Observables((isotopologue(field, {}),), DATA, tensors_of(data), "unknown")
    other = twin(identify(field, measured), 0, 0.02)
    known = Observables(measured.isotopologues, DATA, other.tensors)
    start = Observables(measured.isotopologues, DATA, tensors_of(data))
    first = respond(field.matrix, field.parameters, start).values
    second = respond(other.force_field.matrix, field.parameters, known).values
    assert np.abs(first - second).max() < 1e-10


def test_twins_that_cannot_be(water):
    parent = isotopologue(water, {})
    found = identify(water, Observables((parent,)))
    with pytest.raises(IdentifiabilityError, match=r"turns back|ends"):
        twin(found, 0, 5.0)
    with pytest.raises(IdentifiabilityError, match="positive number"):
        twin(found, 0, 0.0)
    with pytest.raises(IdentifiabilityError, match="there are 1"):
        twin(found, 1)
    with pytest.raises(IdentifiabilityError, match="no combination"):
        twin(found, found.identifiable[0])
    whole = identify(water, Observables((parent, isotopologue(water, {"H": 2}))))
    with pytest.raises(IdentifiabilityError, match="all 4"):
        twin(whole)


# ---- two vibrations: all solutions ----


def test_h2o_and_d2o_have_two_force_fields_that_hdo_tells_apart(water):
    measured = Observables((isotopologue(water, {}), isotopologue(water, {"H": 2})))
    found = block_twins(water, measured, "A1")
    assert found.positive.tolist() == [True, True]
    assert found.residual < 1e-12
    # One is the other with the sign of the element off the diagonal reversed.
    assert np.allclose(np.abs(found.solutions[0]), np.abs(found.solutions[1]))
    fields = [with_block(water, "A1", f) for f in found.solutions]
    heavy = isotopologue(water, {"O": 18})
    for species in (*measured.isotopologues, heavy):
        lines = [np.concatenate([x.wavenumbers for x in solve(f.matrix, species)]) for f in fields]
        assert np.allclose(*lines, atol=1e-7)
    hdo = isotopologue(water, {2: 2})
    bends = sorted(bend(f, hdo) for f in fields)
    assert bends == pytest.approx([1787.8, 1900.9], abs=0.1)


def test_positions_and_infrared_of_water_have_an_exact_twin(water):
    tensors = tensors_of(harmonic("water"))
    measured = Observables((isotopologue(water, {}),), ("freq", "ir"), tensors)
    assert identify(water, measured).deficiency == 0
    found = block_twins(water, measured, "A1")
    assert found.positive.tolist() == [True, True]
    values = [
        respond(f.matrix, f.parameters, measured).values
        for f in (with_block(water, "A1", x) for x in found.solutions)
    ]
    assert np.abs(values[0] - values[1]).max() < 1e-10
    assert np.linalg.norm(found.solutions[0] - found.solutions[1]) > 0.1


def test_search_finds_what_algebra_finds(water):
    measured = Observables((isotopologue(water, {}), isotopologue(water, {"H": 2})))
    found = multistart_twins(water, measured, "A1", n_starts=20)
    assert len(found.found) == 2
    assert found.missing_mass == 0
    assert sum(f.hits for f in found.found) == found.n_converged
    hdo = isotopologue(water, {2: 2})
    bends = sorted(bend(f.force_field, hdo) for f in found.found)
    assert bends == pytest.approx([1787.8, 1900.9], abs=0.1)


def test_search_in_a_block_of_three():
    data = harmonic("ethylene")
    field = ForceField.from_hessian(data)
    measured = Observables((isotopologue(field, {}),), DATA, tensors_of(data))
    found = multistart_twins(field, measured, "Ag", n_starts=6)
    assert found.n_starts == 6
    assert all(f.deviation < 1e-9 for f in found.found)
    with pytest.raises(IdentifiabilityError, match="not determined"):
        multistart_twins(field, Observables(measured.isotopologues), "Ag")


def test_contradictory_measurements():
    g = np.diag([1.0, 2.0])
    with pytest.raises(IdentifiabilityError, match="contradict"):
        two_by_two(2.0, [g, g], [4.0, 5.0])


def test_refusals_of_blocks(water):
    parent = isotopologue(water, {})
    with pytest.raises(IdentifiabilityError, match="no vibrations of A2"):
        block_twins(water, Observables((parent,)), "A2")
    with pytest.raises(IdentifiabilityError, match="1 copies"):
        block_twins(water, Observables((parent,)), "B2")
    with pytest.raises(IdentifiabilityError, match="symmetry of the parent"):
        block_twins(water, Observables((isotopologue(water, {2: 2}, "HDO"),)), "A1")


# ---- diagonal valence force fields: d! solutions ----


def test_six_diagonal_force_fields_of_bent_molecules():
    rng = np.random.default_rng(0)
    positive = []
    for _ in range(60):
        g = bent_kinetic(rng.uniform(1, 40, 3), rng.uniform(0.9, 2, 2), rng.uniform(1.6, 2.6))
        f = rng.uniform(0.2, 1, 3)
        curvatures = np.linalg.eigvals(g @ np.diag(f)).real
        found = valence_twins(g, curvatures)
        assert found.solutions.shape == (6, 3)
        assert found.residual < 1e-12
        assert np.abs(found.solutions - f).max(axis=1).min() < 1e-7
        for x in found.solutions:
            lines = np.sort_complex(np.linalg.eigvals(g @ np.diag(x)))
            assert np.allclose(lines, np.sort(curvatures), atol=1e-6 * curvatures.max())
        gaps = [
            np.abs(a - b).max() for i, a in enumerate(found.solutions) for b in found.solutions[:i]
        ]
        assert min(gaps) > 1e-9
        positive.append(int(found.is_positive.sum()))
    assert set(positive) <= {2, 4, 6}
    assert {2, 6} <= set(positive)


def test_valence_refusals():
    with pytest.raises(IdentifiabilityError, match="24 solutions"):
        valence_twins(np.eye(4), np.ones(4))
    with pytest.raises(IdentifiabilityError, match="positive-definite"):
        valence_twins(-np.eye(2), np.ones(2))


def test_bent_g_is_that_of_the_displacements():
    """G by Wilson's formulas has the vibrations of the Cartesian analysis."""
    data = harmonic("water")
    r = np.linalg.norm(data.molecule.positions[1:] - data.molecule.positions[0], axis=1)
    a, b = (data.molecule.positions[1:] - data.molecule.positions[0]) / r[:, None]
    m = data.molecule.masses
    g = bent_kinetic([m[1], m[0], m[2]], r, np.arccos(a @ b))
    space = ForceField.from_hessian(data).space
    # det G differs by the Jacobian of the coordinates only, the same for all masses.
    heavy = data.molecule.with_isotopes({"H": 2}).masses
    h = bent_kinetic([heavy[1], heavy[0], heavy[2]], r, np.arccos(a @ b))
    ratio = np.linalg.det(space.kinetic(heavy)) / np.linalg.det(space.kinetic())
    assert np.linalg.det(h) / np.linalg.det(g) == pytest.approx(ratio, rel=1e-9)


# ---- moments, assignments ----


def test_moments_are_sums_over_lines_and_so_are_their_slopes():
    data = harmonic("ethylene")
    field, form = ForceField.from_hessian(data), None
    species = isotopologue(field, {})
    form = tensors_of(data).form("isotropic", species)
    step = 1e-5 * np.random.default_rng(2).normal(size=field.n_parameters)
    block = next(x for x in solve(field.matrix, species) if x.irrep == "Ag")
    scale = block.curvatures.mean()

    def moments(values):
        lines = next(
            x for x in solve(field.parameters.assemble(values), species) if x.irrep == "Ag"
        )
        x = lines.curvatures / scale
        return (
            np.array([(x**j).sum() for j in (1, 2, 3)]),
            np.array([x**j @ lines.intensities(form) for j in (0, 1, 2)]),
        )

    up, down = moments(field.values + step), moments(field.values - step)
    for k, made in enumerate(
        (
            position_moments(block, field.parameters),
            intensity_moments(block, form, field.parameters),
        )
    ):
        assert np.allclose(made[0], moments(field.values)[k])
        assert np.allclose(made[1] @ step, (up[k] - down[k]) / 2, rtol=1e-5, atol=1e-12)


def test_lines_that_coincide_are_replaced_by_moments():
    """Curvatures equal in one irrep: F = c G⁻¹, where lines have no derivatives of their own."""
    space = ForceField.random(example("water")).space
    field = ForceField.random(space)
    field = field.with_values(field.parameters.read(np.linalg.inv(space.kinetic()) * 0.5))
    found = identify(field, Observables((Isotopologue.of(space, None, "H2O"),)))
    assert found.response.moments == ("H2O A1",)
    assert np.isfinite(found.response.jacobian).all()
    assert "moments" in str(found)


def test_assignments():
    water = Isotopologue.of(ForceField.random(example("water")).space)
    assert count_assignments(Observables((water,), assigned=False)).total == 3
    tensors = tensors_of(harmonic("water"))
    polarised = Observables((water,), DATA, tensors, assigned=False)
    assert count_assignments(polarised).total == 1
    ethylene = Isotopologue.of(ForceField.random(example("ethylene")).space)
    found = count_assignments(Observables((ethylene,), assigned=False))
    # Raman: 3 Ag, 2 B3g or B1g, 1 of another; infrared: 2 + 2 + 1.
    sizes = {c.appearance: sorted(n for _, n in c.lines) for c in found.classes}
    assert sizes == {"Raman": [1, 2, 3], "IR": [1, 2, 2]}
    assert found.total == 60 * 30
    assert found.is_exact
    assert all(a is not b for a, b in pairwise(found.classes))


# ---- the notebook ----


def test_the_notebook_runs():
    """Its cells hold assertions of their own."""
    path = Path(__file__).resolve().parents[1] / "examples" / "water_by_hand.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    scope: dict[str, object] = {}
    sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    assert sum("assert" in s for s in sources) >= 4
    for source in sources:
        exec(compile(source, path.name, "exec"), scope)
