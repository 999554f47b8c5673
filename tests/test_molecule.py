"""The molecule as a value: what it accepts, refuses, and how copies differ."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import InputError, Molecule
from spektron.pointgroup.molecules.isotopes import (
    SYMBOLS,
    default_mass,
    default_mass_number,
    isotope_mass,
    mass_number_of,
)

WATER = [[0, 0, 0.117], [0, 0.757, -0.469], [0, -0.757, -0.469]]


@pytest.fixture
def water() -> Molecule:
    return Molecule("OHH", WATER, name="water")


# AME2020 (Wang et al., Chin. Phys. C 45, 030003, 2021), u. The table in use is older.
@pytest.mark.parametrize(
    ("symbol", "number", "mass"),
    [
        ("H", 1, 1.007825032),
        ("H", 2, 2.014101778),
        ("H", 3, 3.016049281),
        ("B", 11, 11.009305166),
        ("C", 12, 12.0),
        ("C", 13, 13.003354835),
        ("N", 14, 14.003074004),
        ("O", 16, 15.994914619),
        ("O", 18, 17.999159613),
        ("F", 19, 18.998403162),
        ("S", 32, 31.972071174),
        ("Cl", 35, 34.968852694),
        ("Fe", 56, 55.934935537),
        ("Br", 79, 78.918337601),
        ("Xe", 132, 131.904155085),
        ("U", 238, 238.050786936),
    ],
)
def test_isotope_masses(symbol, number, mass):
    assert isotope_mass(symbol, number) == pytest.approx(mass, abs=5e-6)


# IUPAC: the most abundant isotope, where it is not the one nearest to the atomic weight, and
# the mass number in brackets of elements without natural abundances.
@pytest.mark.parametrize(
    ("symbol", "number"),
    [
        ("H", 1), ("B", 11), ("Cl", 35), ("Ni", 58), ("Br", 79), ("Ag", 107), ("Se", 80),
        ("Sn", 120), ("Te", 130), ("Xe", 132), ("Pb", 208), ("Bi", 209), ("Th", 232),
        ("Tc", 98), ("Pm", 145), ("Po", 209), ("At", 210), ("Rn", 222), ("Ra", 226), ("U", 238),
    ],
)  # fmt: skip
def test_default_isotope(symbol, number):
    assert default_mass_number(symbol) == number
    assert default_mass(symbol) == isotope_mass(symbol, number)


def test_all_elements_have_a_mass_that_names_its_isotope():
    assert len(SYMBOLS) == 118
    for z, symbol in enumerate(SYMBOLS, start=1):
        mass = default_mass(symbol)
        assert mass_number_of(symbol, mass) == default_mass_number(symbol)
        assert z <= mass < 3.5 * z


def test_average_weights_are_no_isotopes():
    for symbol, weight in (("H", 1.008), ("C", 12.011), ("Cl", 35.45), ("O", 15.999)):
        assert mass_number_of(symbol, weight) is None


def test_fields(water):
    assert water.symbols == ("O", "H", "H")
    assert water.positions.shape == (3, 3)
    assert water.masses == pytest.approx([15.9949146, 1.0078250, 1.0078250], abs=1e-6)
    assert (water.charge, water.multiplicity, water.name) == (0, 1, "water")
    assert water.atomic_numbers.tolist() == [8, 1, 1]
    assert len(water) == water.n_atoms == 3
    assert repr(water) == "<Molecule water: H2O, 3 atoms>"


def test_arrays_are_read_only_copies():
    positions = np.array(WATER)
    molecule = Molecule("OHH", positions)
    positions[0, 0] = 9
    assert molecule.positions[0, 0] == 0
    for array in (molecule.positions, molecule.masses):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        molecule.charge = 1


def test_symbols_in_any_case_and_heavy_hydrogen():
    molecule = Molecule(["cl", "D", " t "], [[0, 0, 0], [0, 0, 1], [0, 1, 0]])
    assert molecule.symbols == ("Cl", "H", "H")
    assert molecule.mass_numbers == (35, 2, 3)
    assert Molecule(["D"], [[0, 0, 0]], [1.5]).masses[0] == 1.5


@pytest.mark.parametrize(
    ("symbols", "formula"),
    [
        (["O", "H", "H"], "H2O"),
        (["H", "C", "N"], "CHN"),
        (["Br", "C", "H", "F", "Cl"], "CHBrClF"),
        (["Na", "Cl"], "ClNa"),
        (["H", "Cl"], "ClH"),
    ],
)
def test_hill_formula(symbols, formula):
    assert Molecule(symbols, np.arange(3 * len(symbols)).reshape(-1, 3)).formula == formula


def test_centre_of_mass(water):
    expected = (np.array(WATER) * water.masses[:, None]).sum(axis=0) / water.masses.sum()
    assert water.centre_of_mass == pytest.approx(expected)


def test_isotopologues(water):
    assert water.with_isotopes({"H": 2}).mass_numbers == (16, 2, 2)
    assert water.with_isotopes({0: 18}).mass_numbers == (18, 1, 1)
    # An index wins over a symbol, in whatever order they come.
    assert water.with_isotopes({2: 1, "H": 2}).mass_numbers == (16, 2, 1)
    assert water.with_isotopes({"H": 2}).with_masses(None) == water
    assert not water.with_isotopes({"H": 2}).has_default_masses
    assert water.with_isotopes({"H": 2}).name == "water"


@pytest.mark.parametrize(
    ("isotopes", "message"),
    [({"H": 9}, "H-9"), ({"C": 13}, "no C atom"), ({3: 2}, "index 3"), ({-1: 2}, "index -1")],
)
def test_isotopologues_refused(water, isotopes, message):
    with pytest.raises(InputError, match=message):
        water.with_isotopes(isotopes)


def test_value_semantics(water):
    same = Molecule("ohh", WATER, name="another name")
    assert water == same
    assert hash(water) == hash(same)
    assert water != water.with_isotopes({1: 2})
    assert water != Molecule("OHH", WATER, charge=1)
    assert water != "water"
    assert Molecule("H", [[0.0, 0, 0]]) == Molecule("H", [[-0.0, 0, 0]])
    assert hash(Molecule("H", [[0.0, 0, 0]])) == hash(Molecule("H", [[-0.0, 0, 0]]))


def test_pickle_keeps_everything(water):
    ion = Molecule("OHH", WATER, [16, 1, 2], charge=1, multiplicity=2, name="ion")
    copy = pickle.loads(pickle.dumps(ion))  # noqa: S301  # our own bytes
    assert copy == ion
    assert copy.name == "ion"
    assert not copy.positions.flags.writeable


@given(st.permutations(range(3)))
def test_permutation_and_back(order):
    water = Molecule("OHH", WATER).with_isotopes({1: 2})
    there = water.permuted(order)
    assert there.permuted(list(np.argsort(order))) == water
    assert there.symbols[0] == water.symbols[order[0]]
    assert there.masses[0] == water.masses[order[0]]


BAD = [
    ({"symbols": [], "positions": []}, "at least one atom"),
    ({"symbols": ["Xx"], "positions": [[0, 0, 0]]}, "atom 1: unknown element 'Xx'"),
    ({"symbols": [6], "positions": [[0, 0, 0]]}, "atom 1: a symbol such as 'C' is needed, got 6"),
    ({"symbols": ["C"], "positions": [0, 0, 0]}, r"shape \(1, 3\)"),
    ({"symbols": ["C"], "positions": 1.0}, r"shape \(1, 3\)"),
    ({"symbols": ["C"], "positions": "abc"}, "real numbers"),
    ({"symbols": ["C"], "positions": [[0, 0, 1j]]}, "real numbers"),
    ({"symbols": ["C"], "positions": [[0, 0]]}, r"got \(1, 2\)"),
    ({"symbols": ["C", "H"], "positions": [[0, 0, 0], [0, float("nan"), 1]]}, r"atom 2 \(H\)"),
    ({"symbols": ["C"], "positions": [[0, 0, float("inf")]]}, "must be finite"),
    ({"symbols": ["C"], "positions": [[0, 0, 1e7]]}, "is the unit right"),
    ({"symbols": ["C"], "positions": [[0, 0, 0]], "masses": [-1]}, "finite and positive"),
    ({"symbols": ["C"], "positions": [[0, 0, 0]], "masses": [float("nan")]}, "finite and positive"),
    ({"symbols": ["C"], "positions": [[0, 0, 0]], "masses": [1, 2]}, r"shape \(1,\)"),
    ({"symbols": ["C"], "positions": [[0, 0, 0]], "charge": 0.5}, "charge must be an integer"),
    ({"symbols": ["C"], "positions": [[0, 0, 0]], "charge": None}, "charge must be an integer"),
    ({"symbols": ["C"], "positions": [[0, 0, 0]], "multiplicity": 0}, "at least 1"),
    (
        {"symbols": ["C", "H"], "positions": [[0, 0, 0], [0, 0, 0.05]]},
        r"atoms 1 \(C\) and 2 \(H\) are 0.05 Å apart",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_refused_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as raised:
        Molecule(**arguments)
    assert "\n" not in str(raised.value)


def test_ten_thousand_atoms():
    grid = np.indices((25, 20, 20)).reshape(3, -1).T * 1.5
    assert Molecule(["C"] * 10_000, grid).n_atoms == 10_000
    grid[-1] = grid[7]
    with pytest.raises(InputError, match=r"atoms 8 \(C\) and 10000 \(C\) are 0 Å apart"):
        Molecule(["C"] * 10_000, grid)


@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_closest_pair_is_found_by_either_method(n, seed):
    from spektron.pointgroup.molecules import validation

    positions = np.random.default_rng(seed).normal(size=(n, 3))
    dense = validation.closest_pair(positions)
    limit, validation._DENSE_LIMIT = validation._DENSE_LIMIT, 0
    try:
        tree = validation.closest_pair(positions)
    finally:
        validation._DENSE_LIMIT = limit
    assert dense[:2] == tree[:2]
    assert dense[2] == pytest.approx(tree[2])
