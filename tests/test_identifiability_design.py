"""Which isotopologues to measure: smallest sets, order by information, certificates, cost."""

from itertools import combinations

import numpy as np
import pytest
from spektron.identifiability.design import isotopologue_design, redundant_members
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.identification import identify
from spektron.identifiability.noise import Noise, weighted_jacobian
from spektron.identifiability.observables import Observables, respond
from spektron.identifiability.substitution import patterns
from spektron.pointgroup import example
from spektron.pointgroup.errors import MoleculeError


@pytest.mark.parametrize(
    ("name", "isotopes", "reachable", "size"),
    [
        ("water", {"H": 2}, 4, 2),
        ("ammonia", {"H": 2}, 6, 1),
        ("methane", {"H": 2}, 5, 1),
        ("ethylene", {"H": 2}, 18, 2),
        ("ethylene", {"C": 13}, 17, None),
        ("benzene", {"H": 2}, 33, 2),
    ],
)
def test_reference_sets(name, isotopes, reachable, size):
    found = isotopologue_design(ForceField.random(example(name)), isotopes, extra=0)
    assert found.reachable == reachable
    assert found.exhaustive
    assert found.n_parameters - reachable == found.hidden[0].dimension
    if size:
        assert len(found.smallest[0].members) == size
    assert str(reachable) in str(found)


def test_exhaustive_means_all_sets_by_brute_force():
    """Rank and determinant of each pair recomputed from the joint Jacobian."""
    field = ForceField.random(example("ethylene"))
    found = isotopologue_design(field, {"H": 2}, extra=0)
    kinds = patterns(field.space, {"H": 2})
    best: dict[tuple[str, ...], float] = {}
    for pair in combinations(kinds, 2):
        species = tuple(p.isotopologue(field.space) for p in pair)
        if identify(field, Observables(species)).rank == 18:
            jacobian = weighted_jacobian(
                respond(field.matrix, field.parameters, Observables(species)), Noise()
            )
            log = np.linalg.slogdet(jacobian.T @ jacobian)[1] / 2
            best[tuple(p.name(field.space) for p in pair)] = log
    # The basis of the reachable space is orthonormal, so that determinants agree.
    assert {c.members for c in found.smallest} == set(best)
    for choice in found.smallest:
        assert choice.information == pytest.approx(best[choice.members], abs=1e-6)
    values = [c.information for c in found.smallest]
    assert values == sorted(values, reverse=True)


def test_one_carbon_closes_what_deuterium_leaves_open():
    field = ForceField.random(example("benzene"))
    deuterated = patterns(field.space, {"H": 2})
    heavy = patterns(field.space, {"C": 13}, largest=1)[1]
    species = [p.isotopologue(field.space) for p in deuterated]
    assert identify(field, Observables(tuple(species))).rank == 33
    species.append(heavy.isotopologue(field.space))
    assert identify(field, Observables(tuple(species))).rank == 34


def test_redundant_members_are_named():
    field = ForceField.random(example("water"))
    members = patterns(field.space, {"H": 2})
    assert redundant_members(field, members) == tuple(p.name(field.space) for p in members)
    assert redundant_members(field, members[:2]) == ()


def test_costs_decide_between_equals_and_must_name_members():
    field = ForceField.random(example("water"))
    found = isotopologue_design(field, {"H": 2}, costs={"parent": 0.1})
    assert {c.cost for c in found.smallest} == {1.1, 2.0}
    with pytest.raises(IdentifiabilityError, match="no isotopologue here"):
        isotopologue_design(field, {"H": 2}, costs={"T2O": 1.0})


def test_refusals():
    field = ForceField.random(example("water"))
    with pytest.raises(MoleculeError, match="has no C"):
        isotopologue_design(field, {"C": 13})
    with pytest.raises(MoleculeError, match="H-9"):
        isotopologue_design(field, {"H": 9})
