"""Redundant sets from bond graphs: rings, cages, sandwiches, fragments, lines."""

import numpy as np
import pytest
from spektron.pointgroup import Molecule, detect, example, example_names
from spektron.pointgroup.coordinates import displacement_matrices
from spektron.vibration.internal import (
    BondGraphError,
    CoordinateError,
    InternalCoordinates,
    bend,
    bond_graph,
    closed,
    coordinate_action,
    coordinate_types,
    geometric_symmetry,
    internal_coordinates,
    linear_bends,
    n_vibrations,
    stretch,
    undescribed,
    vibrational_basis,
)


def ring(n, radius, z=0.0, start=0.0):
    angle = start + 2 * np.pi * np.arange(n) / n
    return np.c_[radius * np.cos(angle), radius * np.sin(angle), np.full(n, z)]


def octahedron(r):
    return r * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1.0]])


def hexammine():
    hydrogens = []
    for axis in octahedron(1.0):
        first = np.cross(axis, [0.3, 0.5, 0.81])
        first /= np.linalg.norm(first)
        second = np.cross(axis, first)
        for turn in 2 * np.pi * np.arange(3) / 3:
            across = np.cos(turn) * first + np.sin(turn) * second
            hydrogens.append(2.35 * axis + 0.95 * across)
    return np.concatenate([[[0, 0, 0]], octahedron(2.0), hydrogens])


ORIGIN = [[0.0, 0.0, 0.0]]
BENZENE = example("benzene")
CASES = {
    "IF7": (["I"] + ["F"] * 7, np.r_[ORIGIN, ring(5, 1.858), [[0, 0, 1.786], [0, 0, -1.786]]]),
    "XeF5-": (["Xe"] + ["F"] * 5, np.r_[ORIGIN, ring(5, 2.01)]),
    "H2": ("HH", [[0, 0, 0], [0, 0, 0.741]]),
    "HCN": ("HCN", [[0, 0, -1.066], [0, 0, 0], [0, 0, 1.153]]),
    "C3O2": ("OCCCO", [[0, 0, z] for z in (-2.443, -1.28, 0, 1.28, 2.443)]),
    "HNCO": ("HNCO", [[0, 0.95, -0.4], [0, 0, 0], [0, 0.05, 1.21], [0, -0.03, 2.38]]),
    "Cr(CO)6": (["Cr"] + ["C"] * 6 + ["O"] * 6, np.r_[ORIGIN, octahedron(1.918), octahedron(3.06)]),
    "Co(NH3)6": (["Co"] + ["N"] * 6 + ["H"] * 18, hexammine()),
    "Cr(C6H6)2": (
        ["Cr"] + ["C"] * 12 + ["H"] * 12,
        np.r_[
            ORIGIN,
            *(ring(6, r, sign * z) for r, z in ((1.42, 1.61), (2.5, 1.57)) for sign in (1, -1)),
        ],
    ),
    "uranocene": (
        ["U"] + ["C"] * 16 + ["H"] * 16,
        np.r_[
            ORIGIN,
            *(ring(8, r, sign * z) for r, z in ((1.83, 1.92), (2.9, 1.88)) for sign in (1, -1)),
        ],
    ),
    "cyclopropane": (
        ["C"] * 3 + ["H"] * 6,
        np.r_[ring(3, 0.872), ring(3, 1.457, 0.91), ring(3, 1.457, -0.91)],
    ),
    "P4": (["P"] * 4, 0.781 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])),
    "H3+": ("HHH", ring(3, 0.505)),
    "ClF3": (
        ["Cl"] + ["F"] * 3,
        [[0, 0, 0], [0, 0, 1.598], [0, 1.696, 0.072], [0, -1.696, 0.072]],
    ),
    "B(OH)3": (["B"] + ["O"] * 3 + ["H"] * 3, np.r_[ORIGIN, ring(3, 1.37), ring(3, 1.9, 0, 0.5)]),
    "S8": (["S"] * 8, np.r_[ring(4, 2.35, 0.5), ring(4, 2.35, -0.5, np.pi / 4)]),
    "Re2Cl8": (
        ["Re"] * 2 + ["Cl"] * 8,
        np.r_[[[0, 0, 1.12], [0, 0, -1.12]], ring(4, 2.2, 1.6), ring(4, 2.2, -1.6)],
    ),
    "water dimer": (
        "OHHOHH",
        [[0, 0, 0], [0, 0, 0.96], [0, 0.93, -0.24], [0, -0.1, 2.91], [0.76, 0.35, 3.35],
         [-0.76, 0.35, 3.35]],
    ),
    "benzene dimer": (
        BENZENE.symbols * 2, np.r_[BENZENE.positions, BENZENE.positions + np.array([1.6, 0, 3.4])]
    ),
    "ArHCl": (["Ar", "H", "Cl"], [[0, 0, 0], [0, 0, 2.6], [0, 0, 3.9]]),
    "Ar3": (["Ar"] * 3, ring(3, 2.2)),
    "almost straight OCCCO": (  # no atom lies clearly beside any of its lines
        "OCCCO", [[0, 0, 0], [0, 0.06, 1.16], [0, 0.02, 2.44], [0, 0.08, 3.72], [0, 0.0, 4.88]]
    ),
    "zigzag OCCCO": (
        "OCCCO",
        [[0, -0.06, -2.44], [0, 0.0, -1.28], [0, 0, 0], [0, 0.0, 1.28], [0, 0.06, 2.44]],
    ),
    "CO2 dimer": (
        "COOCOO",
        [[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16], [0, 3.1, 1.5], [0, 3.1, 2.66], [0, 3.1, 0.34]],
    ),
    "Pt13": (
        ["Pt"] * 13,
        [[1.96 * x, 1.96 * y, 1.96 * z] for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1)
         if (x + y + z) % 2 == 0],
    ),
}  # fmt: skip


def case(name):
    return Molecule(*CASES[name], name=name) if name in CASES else example(name)


@pytest.mark.parametrize("name", [*example_names(), *CASES])
def test_sets_span_all_vibrations(name):
    """Rank 3N − 6 or 3N − 5, with no singular value of B near zero."""
    molecule = case(name)
    coordinates = internal_coordinates(molecule)
    basis = vibrational_basis(molecule.positions)
    values = np.linalg.svd(coordinates.b_matrix() @ basis, compute_uv=False)
    linear = detect(molecule).group.is_linear
    assert basis.shape[1] == 3 * molecule.n_atoms - (5 if linear else 6) == n_vibrations(molecule)
    assert values[basis.shape[1] - 1] > 0.05
    assert undescribed(coordinates).shape[1] == 0


@pytest.mark.parametrize(
    ("name", "kinds"),
    [  # counted by hand
        ("water", (2, 1, 0, 0, 0)),
        ("carbon_dioxide", (2, 0, 2, 0, 0)),
        ("acetylene", (3, 0, 4, 0, 0)),
        ("methane", (4, 6, 0, 0, 0)),
        ("ethane", (7, 12, 0, 9, 0)),
        ("ethylene", (5, 6, 0, 4, 6)),
        ("benzene", (12, 18, 0, 24, 18)),
        ("boron_trifluoride", (3, 3, 0, 0, 3)),
        ("sulfur_hexafluoride", (6, 12, 6, 0, 0)),
        ("IF7", (7, 20, 2, 0, 0)),
        ("cubane", (20, 48, 0, 108, 0)),
        ("c60", (90, 180, 0, 360, 0)),
        ("dodecaborate", (42, 180, 0, 0, 0)),
    ],
)
def test_numbers_of_coordinates(name, kinds):
    coordinates = internal_coordinates(case(name))
    order = ("stretch", "bend", "linear bend", "torsion", "out-of-plane")
    assert tuple(sum(c.kind == k for c in coordinates) for k in order) == kinds


@pytest.mark.parametrize(
    ("name", "hapticities"), [("ferrocene", (5, 5)), ("Cr(C6H6)2", (6, 6)), ("uranocene", (8, 8))]
)
def test_sandwiches_have_ring_centroids(name, hapticities):
    coordinates = internal_coordinates(case(name))
    assert tuple(map(len, coordinates.centroids)) == hapticities
    types = coordinate_types(coordinates)
    metal = coordinates.molecule.symbols[0]
    assert types.count(f"{metal}–ring stretch") == 2
    assert not any(t == f"{metal}–C stretch" or t == f"C–{metal} stretch" for t in types)


def test_fragments_are_joined_by_the_hydrogen_bond():
    coordinates = internal_coordinates(case("water dimer"))
    joined = [c for c in coordinates if c.auxiliary and c.kind == "stretch"]
    assert [c.sites for c in joined] == [(1, 3)]
    assert "O···H stretch" in coordinate_types(coordinates)


def test_equal_contacts_are_all_taken():
    assert len([c for c in internal_coordinates(case("Ar3")) if c.kind == "stretch"]) == 3


def test_an_atom_in_a_cage_has_distances_only():
    """60 contacts give 60 distances, not 11,000 angles and torsions."""
    cage = example("c60")
    centre = cage.positions.mean(axis=0)
    coordinates = internal_coordinates(
        Molecule([*cage.symbols, "He"], np.r_[cage.positions, [centre]])
    )
    helium = [c for c in coordinates if 60 in c.sites]
    assert len(helium) == 60
    assert {c.kind for c in helium} == {"stretch"}
    assert undescribed(coordinates).shape[1] == 0


def test_straight_chains_turn_as_a_whole():
    """Allene has no torsion about one C=C bond, ferrocene one of ring against ring."""
    for name in ("allene", "ferrocene_staggered"):
        coordinates = internal_coordinates(case(name))
        metal_or_middle = 0
        turning = [c for c in coordinates if c.kind == "torsion"]
        assert not any(metal_or_middle in c.sites[1:3] for c in turning)
        assert turning


def test_planar_five_coordination_is_completed():
    """The rules give no coordinate that sees the out-of-plane motions of XeF5⁻."""
    coordinates = internal_coordinates(case("XeF5-"))
    assert any(c.kind == "out-of-plane" for c in coordinates)


def test_nonsense_bonds_are_completed():
    """A graph with no bond but one: distances of atoms fill the gap."""
    molecule = example("methane")
    coordinates = internal_coordinates(molecule, bonds=[(0, 1)])
    assert undescribed(coordinates).shape[1] == 0


def test_given_bonds_replace_guessed_ones():
    coordinates = internal_coordinates(example("diborane"), bonds=bonds_without_bb())
    assert "B–B stretch" not in coordinate_types(coordinates)
    assert undescribed(coordinates).shape[1] == 0


def bonds_without_bb():
    molecule = example("diborane")
    graph = bond_graph(molecule)
    boron = [i for i, s in enumerate(molecule.symbols) if s == "B"]
    return [e for e in graph.edges if set(e) != set(boron)]


def test_isotopologues_have_the_same_coordinates():
    benzene = example("benzene")
    light, heavy = benzene, benzene.with_isotopes({11: 2, 0: 13})
    assert internal_coordinates(light).coordinates == internal_coordinates(heavy).coordinates


def test_a_single_atom_has_no_coordinates():
    assert len(internal_coordinates(Molecule(["He"], [[0, 0, 0]]))) == 0


@pytest.mark.parametrize(
    "name", ["water", "ammonia", "benzene", "allene", "cubane", "ferrocene", "tetracyanomethane",
             "sulfur_hexafluoride", "IF7", "water dimer", "Co(NH3)6", "B(OH)3", "CO2 dimer",
             "almost straight OCCCO", "zigzag OCCCO", "Pt13"]
)  # fmt: skip
def test_operations_act_as_they_move_the_atoms(name):
    """T(g) B = B D(g) for every operation g: the action is a representation, on the B matrix."""
    molecule = case(name)
    symmetry = geometric_symmetry(molecule)
    coordinates = internal_coordinates(molecule).on(symmetry.symmetrise())
    action = coordinate_action(coordinates, symmetry)
    b = coordinates.b_matrix()
    for g, matrix in enumerate(displacement_matrices(symmetry)):
        turned = np.array([action.apply(g, column) for column in b.T]).T
        assert np.abs(turned - b @ matrix).max() < 1e-9


def test_sets_that_are_not_closed():
    molecule = example("ammonia")
    part = InternalCoordinates(molecule, [stretch(0, 1), bend(1, 0, 2)])
    with pytest.raises(CoordinateError, match="not in the set"):
        coordinate_action(part, detect(molecule))
    assert len(closed(part, detect(molecule))) == 6


def test_half_a_linear_bend():
    molecule = example("carbon_dioxide")
    whole = internal_coordinates(molecule)
    half = InternalCoordinates(
        molecule,
        [stretch(0, 1), stretch(0, 2), linear_bends(1, 0, 2)[0]],
        reference=whole.reference,
    )
    with pytest.raises(CoordinateError, match="second component"):
        coordinate_action(half, detect(molecule))


def test_seven_neighbours_of_fluorine_are_not_believed():
    """A geometry in the wrong unit: the bonds must be given."""
    cloud = np.r_[ORIGIN, octahedron(0.6), 0.5 * np.ones((1, 3))]
    with pytest.raises(BondGraphError, match=r"give them, bonds=\[\(0, 1\), …\]"):
        bond_graph(Molecule(["F"] * 8, cloud))


def test_elements_without_radius():
    with pytest.raises(BondGraphError, match=r"Og has no covalent radius: give the bonds"):
        bond_graph(Molecule(["Og", "H"], [[0, 0, 0], [0, 0, 2]]))
    given = bond_graph(Molecule(["Og", "H"], [[0, 0, 0], [0, 0, 2]]), [(0, 1)])
    assert list(given.edges) == [(0, 1)]


@pytest.mark.parametrize("bond", [(0, 0), (0, 3), (-1, 0), (0, 1, 2), ("O", "H")])
def test_bad_bonds(bond):
    with pytest.raises(BondGraphError, match="two different atoms from 0 to 2"):
        bond_graph(example("water"), [bond])


def test_large_deviations_are_not_symmetrised():
    """An Ar–HCl bent by 0.1 Å is not linear, whatever the noise might be."""
    bent = Molecule(["Ar", "H", "Cl"], [[0, 0, 0], [0, 0.1, 2.6], [0, 0, 3.9]])
    assert str(geometric_symmetry(bent).group) == "Cs"
    assert n_vibrations(bent) == 3
