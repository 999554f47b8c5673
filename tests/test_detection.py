"""Detection: reference geometries, the meaning of the tolerance, invariance, hard cases."""

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, PointGroup, detect, example, example_names, mode_counts
from spektron.pointgroup.detection.cloud import Cloud
from spektron.pointgroup.detection.linear import far_from_linear
from spektron.pointgroup.errors import GroupError, ToleranceError
from spektron.pointgroup.theory.groups import operation_matrices

PHI = (1 + 5**0.5) / 2
KINDS = ("C{}", "C{}v", "C{}h", "D{}", "D{}h", "D{}d")
FINITE = [
    "C1", "Cs", "Ci",
    *[k.format(n) for n in range(2, 13) for k in KINDS], *[f"S{2 * n}" for n in range(2, 9)],
    "T", "Td", "Th", "O", "Oh", "I", "Ih",
]  # fmt: skip
EXACT, ISOTOPES = 98, 3


def group_of(molecule, tolerance=1e-4):
    return str(detect(molecule, tolerance=tolerance).group)


def random_rotation(rng):
    q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return q * np.linalg.det(q)


def check(symmetry):
    """What every answer must fulfil, whatever the molecule."""
    molecule, frame = symmetry.molecule, symmetry.frame
    sites, origin = symmetry.symmetrised_positions, symmetry.origin
    scale = 1 + np.abs(sites - origin).max()
    assert np.abs(frame @ frame.T - np.eye(3)).max() < 1e-10
    assert np.linalg.det(frame) > 0
    assert origin == pytest.approx(molecule.masses @ sites / molecule.masses.sum(), abs=1e-9)
    assert np.abs(symmetry.standard_positions - (sites - origin) @ frame.T).max() < 1e-12 * scale
    assert len(symmetry.operations) == len(symmetry.matrices) == len(symmetry.permutations)
    for operation in symmetry.operations:
        image = (sites - origin) @ operation.matrix.T + origin
        assert np.abs(image - sites[operation.permutation]).max() < 1e-8 * scale
        assert sorted(operation.permutation) == list(range(molecule.n_atoms))
        kinds = [(s, round(m, 2)) for s, m in zip(molecule.symbols, molecule.masses, strict=True)]
        assert all(kinds[i] == kinds[j] for i, j in enumerate(operation.permutation))
    shifts = np.linalg.norm(sites - molecule.positions, axis=1)
    assert symmetry.deviations == pytest.approx(shifts, abs=1e-12)
    assert symmetry.rms == pytest.approx(np.sqrt(np.mean(shifts**2)), abs=1e-12)
    if symmetry.tolerance is not None:
        assert symmetry.rms <= symmetry.tolerance
    if not symmetry.group.is_continuous:
        ideal = operation_matrices(symmetry.group)
        assert np.abs(frame @ symmetry.matrices @ frame.T - ideal).max() < 1e-9
        assert [o.label for o in symmetry.operations] == [
            o.label for o in symmetry.group.operations
        ]
        product = symmetry.group.multiplication_table
        rows = symmetry.permutations
        step = max(1, len(rows) // 12)
        for g in range(0, len(rows), step):
            for h in range(0, len(rows), step):
                assert np.array_equal(rows[g][rows[h]], rows[product[g, h]])
    for array in (symmetry.matrices, symmetry.permutations, frame, sites, origin):
        assert not array.flags.writeable


# ---- the reference set ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference(shared_data):
    return json.loads((shared_data / "pointgroup" / "reference.json").read_text("utf-8"))


def read(case):
    return Molecule(case["symbols"], case["positions_angstrom"], case.get("masses"))


def standard(symbol):
    return str(PointGroup(symbol))


def test_the_reference_set_is_complete(reference):
    assert len(reference["exact"]) == EXACT
    assert len(reference["isotope"]) == ISOTOPES


@pytest.mark.parametrize("index", range(EXACT))
def test_reference_geometries(reference, index):
    case = reference["exact"][index]
    symmetry = detect(read(case), tolerance=0.001)
    assert str(symmetry.group) == standard(case["point_group"]), case["name"]
    check(symmetry)


@pytest.mark.parametrize("index", range(ISOTOPES))
def test_reference_isotopologues(reference, index):
    case = reference["isotope"][index]
    assert group_of(read(case), 0.001) == standard(case["point_group"])
    elements_only = Molecule(case["symbols"], case["positions_angstrom"])
    assert group_of(elements_only, 0.001) == standard(case["pg_elements"])


# ---- what an answer contains ---------------------------------------------------------------


@pytest.mark.parametrize("name", example_names())
def test_answers_for_the_packaged_molecules_hold_together(name):
    rng = np.random.default_rng(len(name))
    molecule = example(name)
    shift = rng.normal(size=3) * 5
    turned = molecule.with_positions(molecule.positions @ random_rotation(rng).T + shift)
    symmetry = detect(turned, tolerance=1e-6)
    check(symmetry)
    assert symmetry.rms < 1e-9
    assert sorted(a for orbit in symmetry.orbits() for a in orbit) == list(range(molecule.n_atoms))
    assert symmetry.n_unmoved(0) == molecule.n_atoms
    assert group_of(molecule, 1e-6) == str(symmetry.group)


@pytest.mark.parametrize("name", ["benzene", "neopentane", "ferrocene", "allene", "c60", "water"])
def test_symmetrising_a_noisy_geometry_is_idempotent(name):
    rng = np.random.default_rng(3)
    exact = example(name)
    noisy = exact.with_positions(exact.positions + rng.normal(scale=0.003, size=(len(exact), 3)))
    symmetry = detect(noisy, tolerance=0.02)
    assert symmetry.group == detect(exact, tolerance=1e-6).group
    check(symmetry)
    assert 0.001 < symmetry.rms < 0.01
    again = detect(symmetry.symmetrise(), tolerance=1e-6)
    assert again.group == symmetry.group
    assert again.rms < 1e-9
    assert again.symmetrise().positions == pytest.approx(symmetry.symmetrise().positions, abs=1e-9)


def test_orbits_of_naphthalene():
    symmetry = detect(example("naphthalene"), tolerance=1e-6)
    assert sorted(len(o) for o in symmetry.orbits()) == [2, 4, 4, 4, 4]


def test_symmetrised_geometry_is_the_nearest_one():
    """No geometry of the same group, scaled or turned a little, is nearer."""
    rng = np.random.default_rng(9)
    exact = example("neopentane")
    noisy = exact.with_positions(exact.positions + rng.normal(scale=0.01, size=(17, 3)))
    symmetry = detect(noisy, tolerance=0.05)
    best = symmetry.symmetrised_positions - symmetry.origin
    target = noisy.positions - symmetry.origin
    distance = np.sum((best - target) ** 2)
    for _ in range(50):
        axis = rng.normal(size=3) * 1e-3
        turn = np.linalg.qr(np.eye(3) + np.cross(np.eye(3), axis))[0]
        turn = turn @ np.diag(np.sign(np.diag(turn)))
        trial = (1 + rng.normal() * 1e-3) * best @ turn.T + rng.normal(size=3) * 1e-4
        assert np.sum((trial - target) ** 2) > distance


# ---- the tolerance is an RMS displacement per atom -----------------------------------------


def square(a, b):
    """Four atoms in a rectangle a × b, and the RMS displacement to the nearest square."""
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * [a / 2, b / 2]
    return Molecule("C4"[:1] * 4, np.pad(corners, ((0, 0), (0, 1)))), abs(a - b) / 2 / 2**0.5


def pyramid(height):
    """BF3 with B above the plane; about the centroid B is 3/4, each F 1/4 of the height off."""
    angles = 2 * np.pi * np.arange(3) / 3
    fluorines = np.stack([1.3 * np.cos(angles), 1.3 * np.sin(angles), 0 * angles], axis=1)
    positions = np.vstack([[0, 0, height], fluorines])
    return Molecule("BFFF", positions), height * (3 / 16) ** 0.5


def bent(height):
    """CO2 with C off the line: C by 2/3, each O by 1/3 of the height."""
    return Molecule("OCO", [[-1.16, 0, 0], [0, height, 0], [1.16, 0, 0]]), height * (2 / 9) ** 0.5


def octahedron(step):
    """SF6 stretched along z by 2·step, compressed across by step: to Oh, √(12/7)·step."""
    directions = np.vstack([np.eye(3), -np.eye(3)])
    lengths = 1.56 + np.where(np.abs(directions[:, 2]) > 0.5, 2 * step, -step)
    positions = np.vstack([np.zeros(3), directions * lengths[:, None]])
    return Molecule("S" + "F" * 6, positions), step * (12 / 7) ** 0.5


def off_centre(step):
    """Linear O C O with C moved along the line: to D∞h as for `bent`."""
    return Molecule("OCO", [[-1.16, 0, 0], [step, 0, 0], [1.16, 0, 0]]), step * (2 / 9) ** 0.5


def tetrahedron(step):
    """CH4 with one longer bond: the mean length is step/4 above, C moves to the centroid."""
    directions = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5
    positions = np.vstack([np.zeros(3), 1.09 * directions])
    positions[1] += step * directions[0]
    # The displacement less its mean and its breathing part (step/4 on each H, outwards).
    displacement = np.zeros((5, 3))
    displacement[1] = step * directions[0]
    displacement -= displacement.mean(axis=0)
    displacement[1:] -= step / 4 * directions
    return Molecule("CHHHH", positions), np.sqrt(np.mean(np.sum(displacement**2, axis=1)))


DISTORTED = [
    (square, (1.5, 1.46), "D4h", "D2h"), (square, (1.5, 1.3), "D4h", "D2h"),
    (pyramid, (0.05,), "D3h", "C3v"), (pyramid, (0.3,), "D3h", "C3v"),
    (bent, (0.03,), "D∞h", "C2v"), (bent, (0.2,), "D∞h", "C2v"),
    (octahedron, (0.03,), "Oh", "D4h"), (octahedron, (0.1,), "Oh", "D4h"),
    (off_centre, (0.02,), "D∞h", "C∞v"), (off_centre, (0.1,), "D∞h", "C∞v"),
    (tetrahedron, (0.05,), "Td", "C3v"), (tetrahedron, (0.2,), "Td", "C3v"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "arguments", "higher", "lower"), DISTORTED)
def test_tolerance_is_the_rms_displacement_per_atom(make, arguments, higher, lower):
    """Computed by hand for each distortion; accepted just above, refused just below."""
    molecule, rms = make(*arguments)
    rng = np.random.default_rng(1)
    molecule = molecule.with_positions(molecule.positions @ random_rotation(rng).T + 3)
    above = detect(molecule, tolerance=1.01 * rms)
    assert str(above.group) == higher
    assert above.rms == pytest.approx(rms, rel=1e-3)
    check(above)
    below = detect(molecule, tolerance=0.99 * rms)
    assert str(below.group) == lower
    assert below.rms < 1e-9
    check(below)


def test_deviations_are_those_of_each_atom():
    symmetry = detect(pyramid(0.04)[0], tolerance=0.05)
    assert symmetry.deviations == pytest.approx([0.03, 0.01, 0.01, 0.01], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("c60", "Ih"), ("adamantane", "Td"), ("cyclohexane", "D3d"), ("benzene", "D6h")],
)
@pytest.mark.parametrize("atom", [0, 5, -1])
def test_one_atom_may_hold_all_of_the_deviation(name, symbol, atom):
    molecule = example(name)
    rng = np.random.default_rng(atom % 7)
    step = rng.normal(size=3)
    positions = molecule.positions.copy()
    positions[atom] += 0.05 * step / np.linalg.norm(step)
    symmetry = detect(molecule.with_positions(positions), tolerance=0.05 / len(molecule) ** 0.5)
    assert str(symmetry.group) == symbol
    assert symmetry.rms <= 0.05 / len(molecule) ** 0.5
    assert symmetry.deviations.argmax() == atom % len(molecule)


@pytest.mark.parametrize("step", [0.05, 0.1, 0.15])
def test_one_atom_of_c240(reference, step):
    """Pushed outwards, where no other atom has its distance from the centre."""
    case = next(c for c in reference["exact"] if c["name"] == "C240")
    molecule = read(case)
    positions = molecule.positions.copy()
    outwards = positions[17] - positions.mean(axis=0)
    positions[17] += step * outwards / np.linalg.norm(outwards)
    moved = molecule.with_positions(positions)
    symmetry = detect(moved, tolerance=0.01)  # the RMS is step/√240, at most 0.0097 Å
    assert str(symmetry.group) == "Ih"
    check(symmetry)
    assert group_of(moved, 0.9 * symmetry.rms) != "Ih"


@given(st.floats(1e-4, 0.3), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_answer_keeps_the_promise_of_its_tolerance(tolerance, seed):
    rng = np.random.default_rng(seed)
    name = ["benzene", "methane", "ethane", "ammonia", "allene", "carbon_dioxide"][seed % 6]
    molecule = example(name)
    noise = rng.normal(scale=rng.uniform(0, 0.1), size=(len(molecule), 3))
    symmetry = detect(molecule.with_positions(molecule.positions + noise), tolerance=tolerance)
    check(symmetry)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_a_larger_tolerance_never_gives_a_smaller_group(seed):
    rng = np.random.default_rng(seed)
    molecule = example(["benzene", "methane", "cubane", "allene"][seed % 4])
    noise = rng.normal(scale=0.01, size=(len(molecule), 3))
    noisy = molecule.with_positions(molecule.positions + noise)
    orders = [detect(noisy, tolerance=t).group.order for t in (1e-4, 1e-3, 0.005, 0.01, 0.05, 0.1)]
    assert orders == sorted(orders)


@pytest.mark.parametrize(
    "tolerance", [0, -1e-3, 0.6, 1.0, 1e9, float("nan"), float("inf"), -float("inf")]
)
def test_absurd_tolerances_are_refused_in_one_line(tolerance):
    with pytest.raises(ToleranceError, match="tolerance") as raised:
        detect(example("water"), tolerance=tolerance)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("tolerance", [1e-9, 1e-6, 1e-3, 0.1, 0.5])
@pytest.mark.parametrize("name", ["water", "carbon_dioxide", "benzene", "methane"])
def test_every_tolerance_in_range_is_answered(name, tolerance):
    check(detect(example(name), tolerance=tolerance))


# ---- isotopes ------------------------------------------------------------------------------


def heavier(name, atoms, extra=1.003):
    """A packaged molecule with some atoms one unit heavier."""
    molecule = example(name)
    masses = molecule.masses.copy()
    masses[list(atoms)] += extra
    return Molecule(molecule.symbols, molecule.positions, masses)


def nth(name, element, count):
    return [i for i, s in enumerate(example(name).symbols) if s == element][:count]


def by_angle(name, element, picks):
    """Atoms of a planar ring by their angle about the centre: 0, 1, 2 … counted around."""
    molecule = example(name)
    symmetry = detect(molecule, tolerance=1e-6)
    places = symmetry.standard_positions
    ring = [i for i, s in enumerate(molecule.symbols) if s == element]
    ring.sort(key=lambda i: np.arctan2(places[i, 1], places[i, 0]))
    return [ring[p] for p in picks]


ISOTOPOLOGUES = [
    ("water", "H", (0,), "Cs"), ("water", "O", (0,), "C2v"), ("water", "H", (0, 1), "C2v"),
    ("methane", "H", (0,), "C3v"), ("methane", "H", (0, 1), "C2v"), ("methane", "C", (0,), "Td"),
    ("methane", "H", (0, 1, 2), "C3v"), ("ammonia", "H", (0,), "Cs"), ("c60", "C", (0,), "Cs"),
    ("carbon_dioxide", "O", (0,), "C∞v"), ("carbon_dioxide", "C", (0,), "D∞h"),
    ("acetylene", "H", (0,), "C∞v"), ("sulfur_hexafluoride", "S", (0,), "Oh"),
    ("sulfur_hexafluoride", "F", (0,), "C4v"), ("boron_trifluoride", "F", (0,), "C2v"),
    ("cubane", "C", (0,), "C3v"), ("dodecaborate", "B", (0,), "C5v"), ("ethane", "H", (0,), "Cs"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "element", "which", "symbol"), ISOTOPOLOGUES)
def test_masses_count(name, element, which, symbol):
    atoms = nth(name, element, 99)
    molecule = heavier(name, [atoms[w] for w in which])
    symmetry = detect(molecule, tolerance=1e-6)
    assert str(symmetry.group) == symbol
    check(symmetry)


@pytest.mark.parametrize(
    ("element", "picks", "symbol"),
    [
        ("H", (0,), "C2v"), ("C", (0,), "C2v"), ("H", (0, 1), "C2v"), ("H", (0, 2), "C2v"),
        ("H", (0, 3), "D2h"), ("H", (0, 2, 4), "D3h"), ("H", (0, 1, 2), "C2v"),
        ("H", (0, 1, 3), "Cs"), ("H", (0, 1, 3, 4), "D2h"), ("H", (0, 1, 2, 3, 4), "C2v"),
        ("C", (0, 1, 2, 3, 4, 5), "D6h"), ("C", (0, 3), "D2h"),
    ],
)  # fmt: skip
def test_isotopologues_of_benzene(element, picks, symbol):
    """The thirteen H/D benzenes and some with 13C."""
    assert group_of(heavier("benzene", by_angle("benzene", element, picks))) == symbol


def test_masses_nearly_equal_are_one_isotope():
    molecule = example("methane")
    masses = molecule.masses + np.array([0, 0.004, -0.004, 0.002, 0])
    assert group_of(Molecule(molecule.symbols, molecule.positions, masses)) == "Td"


def test_centre_of_mass_moves_with_the_isotope_but_stays_on_the_elements():
    symmetry = detect(heavier("benzene", by_angle("benzene", "H", (0,))), tolerance=1e-6)
    check(symmetry)
    centre = symmetry.molecule.positions.mean(axis=0)
    assert 0.001 < np.linalg.norm(symmetry.origin - centre) < 0.1


# ---- few atoms, lines, planes --------------------------------------------------------------


def test_a_single_atom():
    symmetry = detect(Molecule(["Ar"], [[1.0, 2.0, 3.0]]), tolerance=0.01)
    assert str(symmetry.group) == "Kh"
    assert symmetry.rms == 0
    check(symmetry)
    counts = mode_counts(symmetry)
    assert (counts.n_vib, counts.R) == (0, None)


@pytest.mark.parametrize(
    ("symbols", "masses", "symbol"),
    [("HH", None, "D∞h"), ("HCl", None, "C∞v"), ("HH", (1.008, 2.014), "C∞v"), ("NN", None, "D∞h")],
)
@pytest.mark.parametrize("length", [0.5, 1.1, 40.0])
def test_two_atoms(symbols, masses, symbol, length):
    names = ["H", "Cl"] if symbols == "HCl" else list(symbols)
    direction = np.array([1.0, 2, -2]) / 3
    molecule = Molecule(names, [[0, 0, 0], length * direction], masses)
    symmetry = detect(molecule, tolerance=0.01)
    assert str(symmetry.group) == symbol
    assert abs(symmetry.frame[2] @ direction) == pytest.approx(1)
    check(symmetry)


@pytest.mark.parametrize("count", [3, 4, 5, 8, 25, 200])
@pytest.mark.parametrize("kind", ["even", "uneven", "irregular but even"])
def test_atoms_on_a_line(count, kind):
    """Equal atoms on a line are D∞h if their distances read the same from both ends."""
    rng = np.random.default_rng(count)
    steps = rng.uniform(1, 2, size=count - 1)
    if kind != "uneven":
        steps = (steps + steps[::-1]) / 2
    if kind == "even":
        steps[:] = 1.3
    else:
        steps[0] += 0.0 if kind != "uneven" else 0.7
    along = np.concatenate([[0], np.cumsum(steps)])
    axis = random_rotation(rng)[0]
    molecule = Molecule(["C"] * count, np.outer(along, axis) + rng.normal(size=3))
    symmetry = detect(molecule, tolerance=1e-3)
    assert str(symmetry.group) == ("C∞v" if kind == "uneven" else "D∞h")
    assert mode_counts(symmetry).n_vib == 3 * count - 5
    check(symmetry)


@given(st.integers(2, 9), st.floats(1e-3, 3), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_distance_from_all_lines_is_that_of_the_inertia_ellipsoid(count, limit, flat, seed):
    """The least RMS distance to a line through the centroid, from the singular values."""
    rng = np.random.default_rng(seed)
    positions = rng.normal(size=(count, 3)) * [2.0, *(10.0 ** -rng.integers(0, 1 + flat, size=2))]
    cloud = Cloud(positions - positions.mean(axis=0), np.zeros(count, int), np.ones(count), ())
    across = np.linalg.svd(cloud.positions, compute_uv=False)[1:]
    rms = np.sqrt(np.sum(across**2) / count)
    assume(abs(rms - limit) > 1e-6 * limit)
    assert far_from_linear(cloud, limit) == (rms > limit)


@pytest.mark.parametrize("height", [1e-7, 1e-5, 1e-3, 0.01, 0.1])
def test_nearly_collinear_atoms(height):
    """A zigzag of equal atoms: D∞h while it is within the tolerance, C2h beyond."""
    x = 1.3 * np.arange(6)
    y = height * np.array([1, -1, 1, -1, 1, -1])
    molecule = Molecule(["C"] * 6, np.stack([x, y, 0 * x], axis=1))
    # The line may tilt along the zigzag, so the deviation is a little below the height.
    assert group_of(molecule, 1.05 * height) == "D∞h"
    assert group_of(molecule, 0.5 * height) == "C2h"
    check(detect(molecule, tolerance=0.5 * height))


@pytest.mark.parametrize("n", range(3, 41))
@pytest.mark.parametrize("kind", ["ring", "centred ring", "prism", "antiprism", "twisted"])
def test_large_rings_and_prisms_of_equal_atoms(n, kind):
    radius = 1.4 / (2 * np.sin(np.pi / n))
    angles = 2 * np.pi * np.arange(n) / n
    ring = np.stack([radius * np.cos(angles), radius * np.sin(angles), 0 * angles], axis=1)
    height = 1.0
    if kind == "ring":
        positions, symbol = ring, f"D{n}h"
    elif kind == "centred ring":
        positions, symbol = np.vstack([ring, np.zeros(3)]), f"D{n}h"
    else:
        twist = {"prism": 0, "antiprism": np.pi / n, "twisted": 0.4 * np.pi / n}[kind]
        c, s = np.cos(twist), np.sin(twist)
        other = ring @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [0, 0, 2 * height]
        positions = np.vstack([ring, other])
        symbol = {"prism": f"D{n}h", "antiprism": f"D{n}d", "twisted": f"D{n}"}[kind]
    rng = np.random.default_rng(n)
    molecule = Molecule(["C"] * len(positions), positions @ random_rotation(rng).T)
    symmetry = detect(molecule, tolerance=1e-4)
    assert str(symmetry.group) == symbol
    check(symmetry)


# ---- solids of equal atoms -----------------------------------------------------------------


def even_permutations(v):
    x, y, z = v
    return [(x, y, z), (y, z, x), (z, x, y)]


def signs(v):
    return {
        tuple(s * c for s, c in zip(sign, v, strict=True))
        for sign in np.array(np.meshgrid(*[[1, -1]] * 3)).reshape(3, -1).T.tolist()
    }


def orbit(*seeds, odd=False):
    """Corners: all signs and even (or all) permutations of the seeds."""
    out = set()
    for seed in seeds:
        orders = even_permutations(seed)
        orders += even_permutations((seed[1], seed[0], seed[2])) if odd else []
        for order in orders:
            out |= {tuple(float(c) + 0.0 for c in v) for v in signs(order)}
    return np.unique(np.round(np.array(sorted(out)), 9), axis=0)


def lattice(n, kind="simple"):
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3), axis=-1).reshape(-1, 3).astype(float)
    if kind == "body":
        grid = np.vstack([grid, grid[(grid < n - 1).all(axis=1)] + 0.5])
    return grid


ROOT = 2**0.5
SOLIDS = {
    "tetrahedron": (np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]]), "Td"),
    "cube": (orbit((1, 1, 1)), "Oh"),
    "octahedron": (orbit((1, 0, 0)), "Oh"),
    "cuboctahedron": (orbit((1, 1, 0)), "Oh"),
    "truncated octahedron": (orbit((0, 1, 2), odd=True), "Oh"),
    "rhombicuboctahedron": (orbit((1, 1, 1 + ROOT)), "Oh"),
    "truncated cuboctahedron": (orbit((1, 1 + ROOT, 1 + 2 * ROOT), odd=True), "Oh"),
    "rhombic dodecahedron": (np.vstack([orbit((1, 1, 1)), orbit((2, 0, 0))]), "Oh"),
    "icosahedron": (orbit((0, 1, PHI)), "Ih"),
    "dodecahedron": (np.vstack([orbit((1, 1, 1)), orbit((0, 1 / PHI, PHI))]), "Ih"),
    "icosidodecahedron": (np.vstack([orbit((0, 0, PHI)), orbit((0.5, PHI / 2, PHI**2 / 2))]), "Ih"),
    "pyritohedron": (np.vstack([orbit((1, 1, 1)), orbit((0, 0.6, 1.4))]), "Th"),
    "pseudoicosahedron": (orbit((0, 1, 1.5)), "Th"),
    "cubic 2": (lattice(2), "Oh"),
    "cubic 3": (lattice(3), "Oh"),
    "cubic 4": (lattice(4), "Oh"),
    "cubic 6": (lattice(6), "Oh"),
    "body-centred 3": (lattice(3, "body"), "Oh"),
    "slab 3×3×2": (lattice(3)[lattice(3)[:, 2] < 2], "D4h"),
    "sheet 3×3": (lattice(3)[lattice(3)[:, 2] < 1], "D4h"),
    "sheet 4×3": (lattice(4)[(lattice(4)[:, 2] < 1) & (lattice(4)[:, 1] < 3)], "D2h"),
    "block 4×3×2": (lattice(4)[(lattice(4)[:, 2] < 2) & (lattice(4)[:, 1] < 3)], "D2h"),
    "cube less a corner": (lattice(3)[1:], "C3v"),
    "cube less two corners": (lattice(3)[1:-1], "D3d"),
    "cube less its centre": (np.delete(lattice(3), 13, axis=0), "Oh"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_of_equal_atoms(name):
    positions, symbol = SOLIDS[name]
    rng = np.random.default_rng(len(positions))
    shuffled = rng.permutation(1.5 * positions) @ random_rotation(rng).T + rng.normal(size=3)
    symmetry = detect(Molecule(["C"] * len(positions), shuffled), tolerance=1e-4)
    assert str(symmetry.group) == symbol
    check(symmetry)


@pytest.mark.parametrize(
    ("name", "count"),
    [("icosidodecahedron", 30), ("dodecahedron", 20), ("truncated cuboctahedron", 48)],
)
def test_the_solids_are_complete(name, count):
    assert len(SOLIDS[name][0]) == count


def test_snub_cube_is_chiral():
    """(1, 1/t, t) with t the tribonacci constant: even permutations with an even number of
    minus signs, odd permutations with an odd number."""
    t = 1.8392867552141612
    corners = []
    for v, parity in (((1, 1 / t, t), 1), ((1 / t, 1, t), -1)):
        for order in even_permutations(v):
            corners += [s for s in signs(order) if np.prod(s) * parity > 0]
    assert len(corners) == 24
    assert group_of(Molecule(["C"] * 24, 2 * np.array(corners))) == "O"


# ---- spherical tops by accident, and molecules near a symmetry ----------------------------


def spherical(symbol):
    """Three orbits of a low group, scaled so that the three moments of inertia are equal."""
    rng = np.random.default_rng(4)
    points = np.concatenate([matrices_of(symbol) @ rng.normal(size=3) for _ in range(3)])
    points -= points.mean(axis=0)
    values, vectors = np.linalg.eigh(points.T @ points)
    scaled = points @ vectors * (len(points) / values) ** 0.5
    return Molecule(["C"] * len(points), 25 * scaled)


@pytest.mark.parametrize("symbol", ["C2", "C3", "C2v", "C3v", "D2", "D3", "D2h", "D4", "S4", "D3d"])
def test_spherical_tops_by_accident(symbol):
    molecule = spherical(symbol)
    moments = np.linalg.eigvalsh(molecule.positions.T @ molecule.positions)
    assert moments == pytest.approx(np.full(3, moments[0]))
    symmetry = detect(molecule, tolerance=1e-4)
    assert str(symmetry.group) == symbol
    check(symmetry)


def twisted_ethane(angle):
    """Ethane with the methyl groups turned against each other; 0 is D3h, 60° is D3d."""
    turns = np.radians([0, 120, 240])
    lower = np.stack([1.02 * np.cos(turns), 1.02 * np.sin(turns), 0 * turns - 1.16], axis=1)
    turns = turns + np.radians(angle)
    upper = np.stack([1.02 * np.cos(turns), 1.02 * np.sin(turns), 0 * turns + 1.16], axis=1)
    return Molecule("CC" + "H" * 6, np.vstack([[0, 0, -0.765], [0, 0, 0.765], lower, upper]))


@pytest.mark.parametrize(
    ("angle", "tolerance", "symbol"),
    [
        (0, 1e-4, "D3h"), (60, 1e-4, "D3d"), (30, 1e-4, "D3"), (59, 1e-3, "D3"), (59, 0.02, "D3d"),
        (1, 1e-3, "D3"), (1, 0.02, "D3h"), (58, 0.01, "D3"), (58, 0.05, "D3d"), (180, 1e-4, "D3d"),
        (120, 1e-4, "D3h"), (30, 0.1, "D3"),
    ],
)  # fmt: skip
def test_ethane_between_staggered_and_eclipsed(angle, tolerance, symbol):
    symmetry = detect(twisted_ethane(angle), tolerance=tolerance)
    assert str(symmetry.group) == symbol
    check(symmetry)


def test_a_molecule_half_way_between_two_groups_gets_one_of_them():
    """At 30° both D3h and D3d are 0.26·√(6/8) Å off: a wide tolerance may choose either."""
    symmetry = detect(twisted_ethane(30), tolerance=0.3)
    assert str(symmetry.group) in ("D3h", "D3d")
    check(symmetry)


# ---- conventions ---------------------------------------------------------------------------


def standard_places(molecule):
    return detect(molecule, tolerance=1e-6).standard_positions


def test_water_lies_in_yz_with_the_axis_along_z():
    places = standard_places(example("water"))
    assert np.abs(places[:, 0]).max() < 1e-9
    assert abs(places[0, 1]) < 1e-9
    assert str(mode_counts(example("water")).representation) == "2A1 + B2"


@pytest.mark.parametrize("name", ["naphthalene", "ethylene", "benzene", "xenon_tetrafluoride"])
def test_planar_molecules_lie_in_their_plane(name):
    places = standard_places(example(name))
    flat = 0 if name in ("naphthalene", "ethylene") else 2
    assert np.abs(places[:, flat]).max() < 1e-9


def test_the_z_axis_of_ethylene_and_the_axes_of_naphthalene():
    carbons = standard_places(example("ethylene"))[np.array(example("ethylene").symbols) == "C"]
    assert np.abs(carbons[:, :2]).max() < 1e-9
    symbols = np.array(example("naphthalene").symbols)
    carbons = standard_places(example("naphthalene"))[symbols == "C"]
    on_z = carbons[np.abs(carbons[:, 1]) < 1e-6]
    assert len(on_z) == 2  # the short axis passes through the two shared carbons
    assert np.ptp(carbons[:, 1]) > np.ptp(carbons[:, 2])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Textbook Γ_vib, with the axes of Mulliken (1955): Herzberg (1945); Wilson, Decius
        # and Cross; Nakamoto for XeF4 (C2' through the bonds, so that the mode is B2u).
        ("benzene", "2A1g + A2g + 2B2g + E1g + 4E2g + A2u + 2B1u + 2B2u + 3E1u + 2E2u"),
        ("xenon_tetrafluoride", "A1g + B1g + B2g + A2u + B2u + 2Eu"),
        ("ethylene", "3Ag + B2g + 2B3g + Au + 2B1u + 2B2u + B3u"),
        ("naphthalene", "9Ag + 3B1g + 4B2g + 8B3g + 4Au + 8B1u + 8B2u + 4B3u"),
        ("allene", "3A1 + B1 + 3B2 + 4E"),
    ],
)  # fmt: skip
def test_labels_follow_the_axis_conventions(name, text):
    counts = mode_counts(example(name))
    assert counts.representation == counts.representation.table.representation(text)


def test_twofold_axes_of_benzene_pass_through_atoms():
    symmetry = detect(example("benzene"), tolerance=1e-6)
    unmoved = {o.label: int((o.permutation == np.arange(12)).sum()) for o in symmetry.operations}
    assert unmoved["C2'"] == 4
    assert unmoved["C2''"] == 0
    assert unmoved["σv"] == 4
    assert unmoved["σd"] == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "name", ["water", "ethylene", "naphthalene", "benzene", "allene", "diborane"]
)
def test_the_frame_turns_with_the_molecule(name, seed):
    """The labels of a molecule do not depend on how it lies in space or is numbered."""
    rng = np.random.default_rng(seed)
    molecule = example(name)
    order = rng.permutation(len(molecule))
    positions = (molecule.positions @ random_rotation(rng).T + rng.normal(size=3))[order]
    moved = Molecule([molecule.symbols[i] for i in order], positions)
    assert mode_counts(moved).representation == mode_counts(molecule).representation
    before = np.sort(np.abs(standard_places(molecule)), axis=0)
    assert np.sort(np.abs(standard_places(moved)), axis=0) == pytest.approx(before, abs=1e-7)


# ---- random molecules with a known group ---------------------------------------------------


@cache
def matrices_of(symbol):
    return operation_matrices(PointGroup(symbol))


def assembled(symbol, seed, orbits=3):
    """Orbits of random points, one element each, in a random pose; the pose is returned too.

    Points are drawn again while two atoms of an orbit would nearly meet.
    """
    rng = np.random.default_rng(seed)
    matrices = matrices_of(symbol)
    symbols, places = [], []
    for element, radius in list(zip("CNOFS", (2.0, 3.1, 4.3, 5.2, 6.0), strict=True))[:orbits]:
        for _ in range(500):
            point = rng.normal(size=3)
            orbit = matrices @ (radius * point / np.linalg.norm(point))
            gaps = np.linalg.norm(orbit[1:] - orbit[0], axis=1)
            if gaps.min(initial=9) > 0.15:
                break
        else:
            raise AssertionError(f"{symbol}: no seed found")
        places.append(orbit)
        symbols += [element] * len(orbit)
    order = rng.permutation(len(symbols))
    turn = random_rotation(rng)
    positions = np.concatenate(places) @ turn.T + rng.normal(size=3)
    return Molecule([symbols[i] for i in order], positions[order]), turn


def contains(symmetry, matrices, turn):
    """Whether all the operations that the molecule was made with were found."""
    wanted = (turn @ matrices @ turn.T).reshape(-1, 9)
    found = symmetry.matrices.reshape(-1, 9)
    return bool((np.max(wanted @ found.T, axis=1) > 3 - 1e-6).all())


@pytest.mark.parametrize("symbol", FINITE)
def test_the_group_of_random_orbits_is_found(symbol):
    """Three orbits in general position have no more symmetry than was put in."""
    orbits = 5 if symbol in ("C1", "Ci", "Cs", "C2") else 3
    molecule, turn = assembled(symbol, FINITE.index(symbol), orbits)
    symmetry = detect(molecule, tolerance=1e-4)
    assert str(symmetry.group) == symbol
    assert contains(symmetry, matrices_of(symbol), turn)
    check(symmetry)


@pytest.mark.parametrize("symbol", FINITE)
def test_exact_geometries_need_no_tolerance(symbol):
    orbits = 5 if symbol in ("C1", "Ci", "Cs", "C2") else 3
    molecule, _ = assembled(symbol, 7 + FINITE.index(symbol), orbits)
    assert str(detect(molecule).group) == symbol


@given(st.sampled_from(FINITE), st.integers(0, 2**32 - 1), st.integers(1, 3))
@settings(max_examples=80)
def test_at_least_the_operations_put_in_are_found(symbol, seed, orbits):
    """One or two orbits may have more symmetry than they were made with, never less."""
    molecule, turn = assembled(symbol, seed, orbits)
    symmetry = detect(molecule, tolerance=1e-4)
    check(symmetry)
    if symmetry.group.is_continuous:
        assert molecule.n_atoms <= 2 or np.linalg.matrix_rank(
            molecule.positions - molecule.positions.mean(axis=0), 1e-3) == 1  # fmt: skip
    else:
        assert symmetry.group.order % len(matrices_of(symbol)) == 0
        assert contains(symmetry, matrices_of(symbol), turn)


@given(st.sampled_from(FINITE), st.integers(0, 2**32 - 1), st.floats(0.7, 30), st.booleans())
@settings(max_examples=60)
def test_answers_do_not_depend_on_pose_order_hand_or_scale(symbol, seed, scale, mirrored):
    molecule, _ = assembled(symbol, seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(molecule))
    turn = random_rotation(rng) * (-1 if mirrored else 1)
    positions = scale * (molecule.positions @ turn.T + rng.normal(size=3))
    moved = Molecule([molecule.symbols[i] for i in order], positions[order])
    symmetry = detect(moved, tolerance=min(1e-4 * scale, 0.5))
    assert symmetry.group == detect(molecule, tolerance=1e-4).group


# ---- clouds without any plan ---------------------------------------------------------------


@st.composite
def clouds(draw):
    """Any atoms anywhere: flat, in line, nearly so, on a grid, of one element or of many."""
    count = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from(["ball", "plane", "line", "near plane", "near line", "grid"]))
    if shape == "grid":
        cells = rng.choice(4**3, size=count, replace=False)
        positions = np.stack(np.unravel_index(cells, (4, 4, 4)), axis=1).astype(float)
    else:
        positions = rng.normal(size=(count, 3)) * 3
        flatness = {"ball": 1, "plane": 0, "line": 0, "near plane": 1e-4, "near line": 1e-4}[shape]
        positions[:, 2] *= flatness
        positions[:, 1] *= flatness if "line" in shape else 1
    elements = draw(st.sampled_from(["C", "CN", "CNOFS"]))
    symbols = [elements[i] for i in rng.integers(0, len(elements), count)]
    apart = np.linalg.norm(positions[:, None] - positions, axis=2) + np.eye(count)
    assume(apart.min() > 0.11)
    return Molecule(symbols, positions @ random_rotation(rng).T)


@given(clouds(), st.sampled_from([1e-6, 1e-3, 0.01, 0.1, 0.5]))
@settings(max_examples=150)
def test_every_cloud_has_an_answer(molecule, tolerance):
    check(detect(molecule, tolerance=tolerance))


@given(clouds())
@settings(max_examples=60)
def test_every_cloud_has_an_answer_without_a_tolerance(molecule):
    check(detect(molecule))


@given(clouds(), st.integers(0, 2**32 - 1))
@settings(max_examples=80)
def test_clouds_keep_their_group_when_moved(molecule, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(molecule))
    sign = rng.choice([-1, 1])
    positions = sign * (molecule.positions @ random_rotation(rng).T) + rng.normal(size=3)
    moved = Molecule([molecule.symbols[i] for i in order], positions[order])
    first, second = detect(molecule, tolerance=1e-5), detect(moved, tolerance=1e-5)
    assert first.group == second.group
    assert first.rms == pytest.approx(second.rms, abs=1e-7)


@given(st.integers(5, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_random_clouds_of_equal_atoms_have_no_symmetry(count, seed):
    rng = np.random.default_rng(seed)
    positions = rng.normal(size=(count, 3)) * 3
    apart = np.linalg.norm(positions[:, None] - positions, axis=2) + 9 * np.eye(count)
    assume(apart.min() > 0.1)
    assert group_of(Molecule(["C"] * count, positions), 1e-5) == "C1"


def test_planar_random_clouds_have_their_plane():
    rng = np.random.default_rng(2)
    positions = np.pad(rng.normal(size=(12, 2)) * 4, ((0, 0), (0, 1)))
    symmetry = detect(Molecule(["C"] * 12, positions @ random_rotation(rng).T), tolerance=1e-4)
    assert str(symmetry.group) == "Cs"
    assert np.abs(symmetry.standard_positions[:, 2]).max() < 1e-9


def test_input_is_not_changed():
    molecule = example("benzene")
    before = molecule.positions.copy()
    detect(molecule, tolerance=0.3)
    detect(molecule)
    assert np.array_equal(molecule.positions, before)


# ---- ten thousand atoms --------------------------------------------------------------------


def test_a_random_cloud_of_ten_thousand_atoms():
    rng = np.random.default_rng(1)
    grid = lattice(22)[rng.permutation(22**3)[:10_000]]
    positions = 2 * grid + rng.uniform(-0.6, 0.6, size=grid.shape)
    assert group_of(Molecule(["C"] * 10_000, positions), 0.01) == "C1"


def test_ten_thousand_atoms_on_a_lattice():
    positions = 1.5 * lattice(21)
    rng = np.random.default_rng(0)
    symmetry = detect(Molecule(["C"] * 9261, positions @ random_rotation(rng).T), tolerance=0.001)
    assert str(symmetry.group) == "Oh"
    assert symmetry.rms < 1e-9


def test_ten_thousand_atoms_in_icosahedral_shells():
    rng = np.random.default_rng(6)
    matrices = matrices_of("Ih")
    seeds = rng.normal(size=(83, 3))
    radii = np.linspace(20, 60, 83)
    seeds *= (radii / np.linalg.norm(seeds, axis=1))[:, None]
    positions = np.einsum("gij,sj->sgi", matrices, seeds).reshape(-1, 3)
    apart = _nearest_gap(positions)
    kept = np.repeat(apart.reshape(83, -1).min(axis=1) > 0.3, 120)
    molecule = Molecule(["C"] * int(kept.sum()), positions[kept] @ random_rotation(rng).T)
    assert len(molecule) > 8000
    assert group_of(molecule, 0.001) == "Ih"


def _nearest_gap(positions):
    from scipy.spatial import cKDTree

    return cKDTree(positions).query(positions, k=2)[0][:, 1]


def fibonacci_sphere(count):
    """Points spread evenly over a sphere: all at one distance from the centre; C2."""
    i = np.arange(count)
    turn, z = np.pi * (1 + 5**0.5) * i, 1 - (2 * i + 1) / count
    rho = np.sqrt(1 - z * z)
    return 0.8 * count**0.5 * np.stack([rho * np.cos(turn), rho * np.sin(turn), z], axis=1)


@pytest.mark.parametrize("count", [500, 2000])
def test_atoms_spread_over_a_sphere(count):
    molecule = Molecule(["C"] * count, fibonacci_sphere(count))
    assert group_of(molecule, 0.001) == "C2"


@pytest.mark.parametrize(
    ("positions", "tolerance"),
    [
        (fibonacci_sphere(10_000), 0.001), (fibonacci_sphere(10_000), None),
        (1.5 * lattice(21), 0.1),
    ],
)  # fmt: skip
def test_more_comparisons_than_memory_are_refused_with_the_limit(positions, tolerance):
    molecule = Molecule(["C"] * len(positions), positions)
    with pytest.raises(GroupError, match=r"comparisons, the limit is .* smaller tolerance"):
        detect(molecule, tolerance)


@pytest.mark.parametrize("tolerance", [None, 0.001, 0.01])
def test_nine_thousand_atoms_of_a_cube(tolerance):
    assert group_of(Molecule(["C"] * 9261, 1.5 * lattice(21)), tolerance) == "Oh"


def large_ring(count):
    angles = 2 * np.pi * np.arange(count) / count
    radius = 1.4 / (2 * np.sin(np.pi / count))
    ring = radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return Molecule(["C"] * count, ring)


def test_a_ring_at_the_limit_of_the_axis():
    assert group_of(large_ring(200)) == "D200h"


@pytest.mark.parametrize("count", [201, 202, 1000])
def test_rings_beyond_the_limit_of_the_axis_are_refused(count):
    with pytest.raises(GroupError, match=f"D{count}h: axes up to n = 200"):
        detect(large_ring(count), tolerance=1e-4)


def test_too_many_atoms_are_refused_with_the_limit():
    positions = lattice(28)[:20_001] * 2
    with pytest.raises(GroupError, match=r"20001 atoms.*20000"):
        detect(Molecule(["C"] * 20_001, positions), tolerance=0.01)
