"""Values and B matrix of internal coordinates: known geometries, differences, invariance."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spektron.pointgroup import Molecule, example
from spektron.vibration.internal import (
    CoordinateError,
    InternalCoordinate,
    InternalCoordinates,
    b_derivative,
    bend,
    coordinate_labels,
    coordinate_types,
    curvature,
    internal_coordinates,
    linear_bends,
    out_of_plane,
    stretch,
    torsion,
    undescribed,
    vibrational_basis,
)

FOUR = ["C", "N", "O", "F"]
KINDS = {
    "stretch": [stretch(0, 1)],
    "bend": [bend(0, 1, 2)],
    "linear bend": list(linear_bends(0, 1, 2, 3)),
    "torsion": [torsion(0, 1, 2, 3)],
    "out-of-plane": [out_of_plane(0, 1, 2, 3)],
}


def differences(coordinates, positions, step=1e-5):
    """Central differences of the values, (n, 3N)."""
    columns = []
    for direction in np.eye(positions.size).reshape(-1, *positions.shape):
        ends = [coordinates.values(positions + sign * step * direction) for sign in (1, -1)]
        turn = (ends[0] - ends[1] + np.pi) % (2 * np.pi) - np.pi  # torsions jump at ±π
        columns.append(turn / (2 * step))
    return np.array(columns).T


def four_atoms(positions, kind):
    """Coordinates of one kind on four atoms, or None where they are not defined or nearly so."""
    arms = positions[[0, 2, 3]] - positions[1]
    lengths = [np.linalg.norm(positions[i] - positions[j]) for i in range(4) for j in range(i)]
    if min(lengths) < 0.5:
        return None
    pairs = [(arms[0], arms[1]), (arms[1], positions[3] - positions[2]), (arms[1], arms[2])]
    sines = [
        np.linalg.norm(np.cross(a, b)) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs
    ]
    if min(sines) < 0.2:
        return None
    try:
        return InternalCoordinates(Molecule(FOUR, positions), KINDS[kind])
    except CoordinateError:
        return None


positions_of_four = arrays(np.float64, (4, 3), elements=st.floats(-2, 2, width=32))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "linear bend"])
@given(positions=positions_of_four)
@settings(max_examples=60)
def test_b_is_the_derivative(kind, positions):
    coordinates = four_atoms(positions, kind)
    assume(coordinates is not None)
    if kind == "out-of-plane":
        assume(abs(coordinates.values()[0]) < 1.4)
    found = coordinates.b_matrix(positions)
    assert np.allclose(found, differences(coordinates, positions), atol=2e-6)


@given(
    angle=st.floats(2.5, np.pi), turn=st.floats(-3, 3), side=st.floats(0.5, 2), up=st.floats(-1, 1)
)
@settings(max_examples=60)
def test_b_of_linear_bends_is_the_derivative(angle, turn, side, up):
    end = 1.3 * np.array([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), 0])
    end[2] = -1.3 * np.cos(angle)
    positions = np.array([[0, 0, -1.1], [0, 0, 0], end, [side, 0.1, up]])
    assume(np.linalg.norm(positions[3] - positions[2]) > 0.3)
    coordinates = InternalCoordinates(Molecule(FOUR, positions), linear_bends(0, 1, 2, 3))
    found = coordinates.b_matrix()
    assert np.allclose(found, differences(coordinates, positions), atol=2e-6)


@pytest.mark.parametrize("name", ["water", "acetylene", "allene", "ferrocene", "diborane"])
def test_b_of_molecules_is_the_derivative(name):
    coordinates = internal_coordinates(example(name))
    positions = coordinates.molecule.positions
    assert np.allclose(coordinates.b_matrix(), differences(coordinates, positions), atol=1e-8)


@pytest.mark.parametrize("name", ["benzene", "ferrocene", "tetracyanomethane", "carbon_dioxide"])
def test_translations_and_rotations_change_nothing(name):
    coordinates = internal_coordinates(example(name))
    basis = vibrational_basis(coordinates.molecule.positions)
    b = coordinates.b_matrix()
    assert np.abs(b - b @ basis @ basis.T).max() < 1e-13


def test_values_do_not_depend_on_the_frame():
    coordinates = internal_coordinates(example("ferrocene"))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    moved = coordinates.molecule.positions @ turn.T + [1, 2, 3]
    difference = coordinates.values(moved) - coordinates.values()
    assert np.abs((difference + np.pi) % (2 * np.pi) - np.pi).max() < 1e-7


@pytest.mark.parametrize("name", ["allene", "ferrocene", "hydrogen_peroxide"])
def test_second_derivatives(name):
    coordinates = internal_coordinates(example(name))
    x = coordinates.molecule.positions
    direction = np.random.default_rng(2).normal(size=x.shape)
    h = 1e-5
    expected = coordinates.b_matrix(x + h * direction) - coordinates.b_matrix(x - h * direction)
    assert np.allclose(b_derivative(coordinates, direction), expected / (2 * h), atol=1e-7)


def test_second_derivatives_are_symmetric():
    coordinates = internal_coordinates(example("allene"))
    rng = np.random.default_rng(3)
    u, v = rng.normal(size=(2, *coordinates.molecule.positions.shape))
    one = b_derivative(coordinates, u) @ v.ravel()
    assert np.allclose(one, b_derivative(coordinates, v) @ u.ravel(), atol=1e-12)
    weights = rng.normal(size=len(coordinates))
    whole = curvature(coordinates, weights)
    assert np.isclose(u.ravel() @ whole @ v.ravel(), weights @ one)


def test_known_values():
    h2o2 = internal_coordinates(example("hydrogen_peroxide"))
    named = dict(zip(coordinate_types(h2o2), h2o2.values(), strict=True))
    assert np.degrees(abs(named["torsion about O–O"])) == pytest.approx(111.8, abs=1)
    ammonia = internal_coordinates(example("ammonia"))
    assert np.degrees(ammonia.values()[3:]) == pytest.approx([106.7] * 3, abs=0.6)


def test_torsion_is_positive_clockwise():
    """IUPAC: looking from the front atom along the bond, the rear bond is turned clockwise."""
    rear = [np.sin(np.pi / 3), np.cos(np.pi / 3), 1.0]  # seen along +z: x is on the left
    front = [[0, 1, 0], [0, 0, 0], [0, 0, 1]]
    coordinates = InternalCoordinates(Molecule(FOUR, [*front, rear]), [torsion(0, 1, 2, 3)])
    # along the viewing direction z with y up, right-hand is −x, so +x is anticlockwise
    assert np.degrees(coordinates.values()) == pytest.approx([-60])


def test_constructors_take_either_end():
    assert bend(2, 0, 1) == bend(1, 0, 2)
    assert torsion(0, 1, 2, 3) == torsion(3, 2, 1, 0)
    assert linear_bends(2, 0, 1, 3) == linear_bends(1, 0, 2, 3)


def test_names():
    coordinates = internal_coordinates(example("boron_trifluoride"))
    assert set(coordinate_types(coordinates)) == {
        "B–F stretch",
        "F–B–F bend",
        "B–F out-of-plane bend",
    }
    assert coordinate_labels(coordinates)[0] == "B0–F1 stretch"
    heavy = internal_coordinates(example("water").with_isotopes({1: 2}))
    assert coordinate_types(heavy, isotopes=True) == ["O–D stretch", "O–H stretch", "D–O–H bend"]
    assert coordinate_types(heavy)[0] == "O–H stretch"
    ring = set(coordinate_types(internal_coordinates(example("ferrocene"))))
    assert {"Fe–ring stretch", "ring tilt", "ring–Fe–ring linear bend"} <= ring


@pytest.mark.parametrize(
    ("name", "coordinate", "message"),
    [
        ("carbon_dioxide", bend(1, 0, 2), "use linear_bends"),
        ("water", linear_bends(1, 0, 2)[0], "use bend"),
        ("carbon_dioxide", linear_bends(1, 0, 2, 0)[0], "4 different sites"),
        ("acetylene", torsion(2, 0, 1, 3), "lie on a line"),
        ("allene", linear_bends(1, 0, 2, -1)[0], "choose another site"),
        ("water", stretch(0, 3), "sites, 0 to 2"),
        ("water", stretch(1, 1), "2 different sites"),
        ("water", stretch(-1, 1), "2 different sites"),
        ("water", InternalCoordinate("stretch", (0, 1, 2)), "none of the kinds"),
        ("water", InternalCoordinate("wag", (0, 1)), "none of the kinds"),
        ("water", InternalCoordinate("bend", (1, 0, 2), 1), "one component"),
        ("xenon_tetrafluoride", out_of_plane(1, 0, 2, 3), "is undefined"),
    ],
)
def test_bad_coordinates(name, coordinate, message):
    molecule = example(name)
    if name == "xenon_tetrafluoride":  # two bonds in line cannot span a plane
        opposite = int(np.argmin(molecule.positions[1:] @ molecule.positions[1])) + 1
        others = [i for i in (1, 2, 3, 4) if i not in (1, opposite)]
        coordinate = out_of_plane(others[0], 0, 1, opposite)
    with pytest.raises(CoordinateError, match=message):
        InternalCoordinates(molecule, (coordinate,))


def test_a_coordinate_given_twice():
    with pytest.raises(CoordinateError, match="given twice"):
        InternalCoordinates(example("water"), (stretch(0, 1), stretch(1, 0)))


def test_coordinates_of_another_molecule():
    coordinates = internal_coordinates(example("water"))
    with pytest.raises(CoordinateError, match="coordinates of H2O"):
        coordinates.on(example("ammonia"))


def test_undescribed_counts_what_is_missing():
    water = example("water")
    assert undescribed(InternalCoordinates(water, (stretch(0, 1), stretch(0, 2)))).shape == (9, 1)
    assert undescribed(internal_coordinates(water)).shape == (9, 0)
