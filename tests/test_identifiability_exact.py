"""Exact generic ranks of whole molecules, beside numerical ranks at random force fields."""

import numpy as np
import pytest
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.exact import exact_rank
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.identification import identify
from spektron.identifiability.isotopologue import Isotopologue
from spektron.identifiability.modular import product
from spektron.identifiability.observables import DATA, Observables
from spektron.identifiability.prime_field import PrimeField, primes_for, root_order
from spektron.identifiability.space import InternalSpace
from spektron.identifiability.substitution import HEAVY, patterns
from spektron.identifiability.tensors import Tensors
from spektron.pointgroup import InputError, Molecule, PointGroup, example
from spektron.pointgroup.theory.groups import operation_matrices

RANKS = {  # theory.md section 3
    "water": (4, 3, 4, 4, 4),
    "ammonia": (6, 4, 6, 6, 6),
    "methane": (5, 4, 5, 5, 5),
    "carbon_dioxide": (3, 3, 3, 3, 3),
    "ethylene": (18, 11, 13, 17, 16),
    "benzene": (34, 11, 13, 17, 17),
}
OTHERS = ["allene", "OB(O)O", "diborane", "C1CC1", "ethane", "[C@H](F)(Cl)Br", "C#N", "OO"]
GROUPS = ["C3", "C5h", "C7v", "S8", "D5d", "D9h", "T", "Td", "Th", "O", "Oh", "I", "Ih", "D12d"]


def space_of(name):
    try:
        return InternalSpace.of(example(name))
    except InputError:
        return InternalSpace.of(Molecule.from_smiles(name))


@pytest.mark.parametrize("name", RANKS)
def test_rank_table(name):
    space = space_of(name)
    isotopes = {"H": 2} if "H" in space.molecule.symbols else {"O": 18}
    parent = Isotopologue.of(space)
    other = Isotopologue.of(space, space.molecule.with_isotopes(isotopes).masses)
    found = [
        exact_rank(space),
        exact_rank(space, (parent,), data=("freq", "ir")),
        exact_rank(space, (parent,), data=DATA),
        exact_rank(space, (parent, other)),
    ]
    assert (found[0].n_parameters, *(f.rank for f in found)) == RANKS[name]
    assert all(f.ranks[0] == f.ranks[1] for f in found)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("data", [("freq",), ("freq", "ir"), ("freq", "ir", "raman"), DATA])
def test_numerical_ranks_agree(name, data):
    field = ForceField.random(space_of(name))
    parent = (Isotopologue.of(field.space),)
    numerical = identify(field, Observables(parent, data, Tensors.random(field.space)))
    exact = exact_rank(field.space, parent, data=data)
    assert (exact.n_parameters, exact.rank) == (numerical.n_parameters, numerical.rank)


@pytest.mark.parametrize("name", ["ethylene", "allene", "OB(O)O", "methane", "C1CC1"])
def test_numerical_ranks_of_isotopologues_of_lower_symmetry_agree(name):
    field = ForceField.random(space_of(name))
    space = field.space
    elements = {s: HEAVY[s] for s in dict.fromkeys(space.molecule.symbols)}
    chosen = patterns(space, elements, largest=2)[:4]
    members = tuple(p.isotopologue(space) for p in chosen)
    assert len({str(m.symmetry.group) for m in members}) > 1
    numerical = identify(field, Observables(members))
    assert exact_rank(space, members).rank == numerical.rank


def test_silent_lines_can_be_taken_as_known():
    """Benzene: 11 visible positions, 20 distinct ones in all."""
    benzene = space_of("benzene")
    assert exact_rank(benzene).rank == 11
    assert exact_rank(benzene, silent_too=True).rank == 20


def test_c1_with_five_atoms_has_33_of_45():
    assert exact_rank(space_of("[C@H](F)(Cl)Br"), data=DATA).ranks == (33, 33)


@pytest.mark.parametrize("symbol", GROUPS)
def test_images_of_groups_are_homomorphic_and_orthogonal(symbol):
    group = PointGroup(symbol)
    order = root_order([group])
    prime = primes_for(order)[0]
    turns = PrimeField(prime, order).image(operation_matrices(group))
    table = group.multiplication_table
    for g, turn in enumerate(turns):
        assert (product(turn[None], turns, prime) == turns[table[g]]).all()
        assert (product(turn, turn.T, prime) == np.eye(3)).all()
    assert len({turn.tobytes() for turn in turns}) == group.order


@pytest.mark.parametrize("order", [4, 12, 60, 240])
def test_primes(order):
    import sympy

    first, second = primes_for(order)
    assert second < first < 2**31 - 1
    assert sympy.isprime(first)
    assert sympy.isprime(second)
    assert first % order == second % order == 1
    between = range(second + order, first, order)
    assert not any(sympy.isprime(n) for n in between)


def test_cosines_multiply_as_they_should():
    """2 cos a cos b = cos(a + b) + cos(a − b) in the image, for all multiples of 1/60 turn."""
    field = PrimeField(primes_for(60)[0], 60)
    c = field.cosines()
    a, b = np.meshgrid(np.arange(60), np.arange(60))
    assert (
        2 * c[a] * c[b] % field.prime == (c[(a + b) % 60] + c[(a - b) % 60]) % field.prime
    ).all()
    assert c[0] == 1
    assert c[30] == field.prime - 1


def test_text():
    assert str(exact_rank(example("water"), data=("freq", "ir"))) == (
        "C2v: exact generic rank 4 of 4 (proved)"
    )


def test_bad_input_is_one_clear_line():
    water = example("water")
    with pytest.raises(IdentifiabilityError, match="add freq to data"):
        exact_rank(water, data=("ir",))
    with pytest.raises(IdentifiabilityError, match="add raman to data"):
        exact_rank(water, data=("freq", "depolarisation"))
    with pytest.raises(IdentifiabilityError, match="choose from freq, ir, raman, depolarisation"):
        exact_rank(water, data=("freq", "uv"))
    with pytest.raises(IdentifiabilityError, match="give isotopologues of the same space"):
        exact_rank(InternalSpace.of(water), (Isotopologue.of(space_of("methane")),))
    with pytest.raises(IdentifiabilityError, match="take fewer isotopologues"):
        exact_rank(example("c60"), data=DATA, silent_too=True)
    with pytest.raises(InputError, match="a single atom"):
        exact_rank(Molecule("H", np.zeros((1, 3))))
