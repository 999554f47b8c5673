"""Hidden isotopic symmetry against ranks of whole families, and the cases of theory.md."""

import numpy as np
import pytest
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.family import (
    exact_family_rank,
    family_jacobian,
    family_rank,
    free_isotopologues,
    free_masses,
)
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.hidden import hidden_symmetry
from spektron.identifiability.identification import identify
from spektron.identifiability.observables import Observables
from spektron.identifiability.space import InternalSpace
from spektron.identifiability.substitution import patterns
from spektron.pointgroup import InputError, Molecule, example

# theory.md section 4: molecule, element, P, identifiable, dim K0.
CASES = [
    ("ammonia", "H", 6, 6, 0), ("methane", "H", 5, 5, 0), ("ethylene", "H", 18, 18, 0),
    ("ethylene", "C", 18, 17, 0), ("benzene", "H", 34, 33, 0), ("benzene", "C", 34, 33, 0),
    ("C1CC1", "H", 27, 27, 0), ("C1CC1", "C", 27, 24, 0), ("ethane", "H", 22, 22, 0),
    ("allene", "H", 23, 23, 0), ("allene", "C", 23, 22, 0), ("CC#N", "H", 20, 19, 0),
    ("diborane", "H", 33, 33, 0), ("diborane", "B", 33, 28, 0), ("n1cncnc1", "H", 30, 26, 0),
    ("n1cncnc1", "C", 30, 26, 0), ("n1cncnc1", "N", 30, 26, 0), ("cubane", "H", 32, 31, 0),
    ("OCl", "H", 6, 6, 1), ("OCl", "O", 6, 6, 1), ("OCl", "Cl", 6, 6, 1),
    ("CO", "C", 46, 28, 1), ("OB(O)O", "B", 26, 14, 3),
]  # fmt: skip


def space_of(name):
    try:
        return InternalSpace.of(example(name))
    except InputError:
        return InternalSpace.of(Molecule.from_smiles(name))


def c5_propeller():
    """N at the centre of five CHF groups that are all turned alike: C5."""
    symbols, places = ["N"], [np.zeros(3)]
    for symbol, r, angle, z in (("C", 1.9, 0.0, 0.1), ("H", 2.6, 0.3, 0.9), ("F", 2.9, -0.2, -0.7)):
        for k in range(5):
            phi = angle + 2 * np.pi * k / 5
            symbols.append(symbol)
            places.append(np.array([r * np.cos(phi), r * np.sin(phi), z]))
    return Molecule(symbols, np.array(places), name="propeller")


@pytest.mark.parametrize(("name", "element", "p", "identifiable", "trivial"), CASES)
def test_cases_of_the_theory(name, element, p, identifiable, trivial):
    space = space_of(name)
    hidden = hidden_symmetry(space, element)
    found = family_rank(space, element)
    assert (found.n_parameters, found.rank) == (p, identifiable)
    assert hidden.dimension == p - identifiable
    assert hidden.n_trivial == trivial
    assert hidden.certificate < 1e-10
    assert found.saturated
    assert found.kept > 1e4 * found.dropped


@pytest.mark.parametrize(("name", "element", "p", "identifiable", "trivial"), CASES[::3])
def test_exact_ranks_of_families(name, element, p, identifiable, trivial):
    found = exact_family_rank(space_of(name), element)
    assert (found.n_parameters, found.ranks) == (p, (identifiable, identifiable))
    del trivial


def test_dividing_by_the_trivial_maps_alone_is_not_enough():
    """dim K − dim K0 = 150 for N of a C5 propeller, and only 142 constants are open."""
    space = InternalSpace.of(c5_propeller())
    assert str(space.symmetry.group) == "C5"
    hidden = hidden_symmetry(space, "N")
    found = exact_family_rank(space, "N")
    assert hidden.dimension == found.deficiency == 142
    assert hidden.dimension + hidden.n_stabiliser - hidden.n_trivial == 150


def test_two_isotopes_on_few_sites_can_tell_less():
    """HOCl with H and D: 5 of 6 constants; with a third mass 6."""
    field = ForceField.random(Molecule.from_smiles("OCl"))
    space = field.space
    two = tuple(p.isotopologue(space) for p in patterns(space, {"H": 2}))
    assert identify(field, Observables(two)).rank == 5
    three = free_isotopologues(space, "H", 3)
    assert identify(field, Observables(three)).rank == 6


@pytest.mark.parametrize(("name", "element"), [("benzene", "H"), ("diborane", "B"), ("CO", "C"),
                                               ("OB(O)O", "B")])  # fmt: skip
def test_the_hidden_rotation_leaves_all_spectra_and_moves_the_force_field(name, element):
    """Finite, not only to first order: exp(a) W exp(−a) for a random element of the algebra."""
    from scipy.linalg import expm

    space = space_of(name)
    field = ForceField.random(space)
    turn = expm(hidden_symmetry(space, element).sample)
    roots = np.repeat(np.sqrt(space.molecule.masses), 3)
    weighted = field.hessian() / np.outer(roots, roots)
    other = turn @ weighted @ turn.T
    assert np.abs(other - weighted).max() > 1e-4 * np.abs(weighted).max()
    for masses in free_masses(space, element, 4, seed=3):
        scale = np.sqrt(np.repeat(space.molecule.masses / masses, 3))
        here, there = (np.linalg.eigvalsh(w * np.outer(scale, scale)) for w in (weighted, other))
        assert here == pytest.approx(there, abs=1e-10 * np.abs(here).max())


def test_family_jacobian_is_that_of_finite_differences():
    field = ForceField.random(Molecule.from_smiles("OB(O)O"))
    masses = free_masses(field.space, "O", 3)
    along = np.random.default_rng(0).normal(size=field.n_parameters)

    def logarithms(h):
        matrix = field.parameters.assemble(field.values + h * along)
        return np.concatenate(
            [np.log(np.sort(np.linalg.eigvals(field.space.kinetic(m) @ matrix).real))
             for m in masses]
        )  # fmt: skip

    slopes = (logarithms(1e-6) - logarithms(-1e-6)) / 2e-6
    assert family_jacobian(field, masses) @ along == pytest.approx(slopes, abs=1e-5)


def test_members_of_a_family_have_the_symmetry_that_the_sites_leave():
    found = free_isotopologues(space_of("OB(O)O"), "B", 3)
    assert {str(i.symmetry.group) for i in found} == {"C3h"}
    found = free_isotopologues(space_of("OB(O)O"), "O", 3)
    assert {str(i.symmetry.group) for i in found} == {"Cs"}


def test_bad_input_is_one_clear_line():
    water = InternalSpace.of(example("water"))
    for call in (hidden_symmetry, family_rank, exact_family_rank):
        with pytest.raises(InputError, match="H2O has no C: substitute one of H, O"):
            call(water, "C")
    with pytest.raises(IdentifiabilityError, match="ask for at least 1"):
        free_masses(water, "H", 0)
    hexane = InternalSpace.of(Molecule.from_smiles("CC(C)Cc1ccc(cc1)C"))
    with pytest.raises(IdentifiabilityError, match="the limit is 1500"):
        family_rank(hexane, "H")
