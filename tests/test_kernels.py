"""The compiled inner loops of detection do what their numpy twins do, and refuse bad arrays."""

import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, detect, example, example_names
from spektron.pointgroup.detection import kernels
from spektron.pointgroup.detection.closure import PermutationGroup
from spektron.pointgroup.detection.cloud import Cloud
from spektron.pointgroup.detection.matching import candidate_operations
from spektron.pointgroup.theory.groups import PointGroup, operation_matrices

CHECKOUT = Path(__file__).resolve().parents[1]
COMPILED = kernels.compiled
needs_compiled = pytest.mark.skipif(COMPILED is None, reason="built without a C compiler")


@pytest.fixture
def in_numpy(monkeypatch):
    """A function that calls another one with numpy alone."""

    def call(function, *arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(kernels, "compiled", None)
            return function(*arguments, **options)

    return call


def noisy(name, sigma, seed=0):
    molecule = example(name)
    rng = np.random.default_rng(seed)
    return molecule.with_positions(molecule.positions + rng.normal(size=(len(molecule), 3)) * sigma)


# ---- twins ---------------------------------------------------------------------------------


@needs_compiled
@pytest.mark.parametrize("sigma", [0, 0.01, 0.1])
@pytest.mark.parametrize("name", ["water", "benzene", "cubane", "ferrocene", "c60", "allene"])
def test_maps_and_matches_are_those_of_numpy(in_numpy, name, sigma):
    cloud = Cloud.of(noisy(name, sigma))
    found = candidate_operations(cloud, max(5 * sigma, 1e-3))
    arguments = (cloud.positions, found.pair, found.images, found.signs)
    expected = in_numpy(kernels.pair_matrices, *arguments)
    assert np.abs(kernels.pair_matrices(*arguments) - expected).max() < 1e-12
    few = expected[:200]
    permutations, residuals = kernels.match_atoms(cloud, few)
    numpy_permutations, numpy_residuals = in_numpy(kernels.match_atoms, cloud, few)
    assert np.array_equal(permutations, numpy_permutations)
    assert np.isfinite(residuals).any()
    assert residuals == pytest.approx(numpy_residuals, abs=1e-12)


@needs_compiled
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_matches_of_random_clouds(count, n_kinds, seed):
    """Against the definition: the nearest atom of the same kind, one by one."""
    rng = np.random.default_rng(seed)
    positions = rng.normal(size=(count, 3)) * 3
    kinds = rng.integers(n_kinds, size=count)
    matrices = np.linalg.qr(rng.normal(size=(5, 3, 3)))[0]
    permutations, residuals = np.empty((5, count), dtype=np.intp), np.empty(5)
    COMPILED.match_atoms(positions, kinds, matrices, permutations, residuals)
    for q, permutation, residual in zip(matrices, permutations, residuals, strict=True):
        distances = np.linalg.norm((positions @ q.T)[:, None] - positions, axis=2)
        distances[kinds[:, None] != kinds] = np.inf
        assert np.array_equal(permutation, distances.argmin(axis=1))
        if len(set(permutation.tolist())) < count:
            assert residual == np.inf
        else:
            assert residual == pytest.approx(np.sqrt(np.mean(distances.min(axis=1) ** 2)))


@needs_compiled
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_maps_send_the_pair_to_its_images(seed):
    """Orthogonal, of the determinant asked for, and right about a, b and their plane."""
    rng = np.random.default_rng(seed)
    positions = rng.normal(size=(6, 3))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    positions[2:4] = positions[:2] @ turn.T  # atoms 2 and 3 are images of 0 and 1
    out = np.empty((2, 3, 3))
    COMPILED.pair_matrices(positions, 0, 1, np.array([[2, 3], [2, 3]]), np.array([1, -1]), out)
    assert out @ out.swapaxes(1, 2) == pytest.approx(np.stack([np.eye(3)] * 2), abs=1e-12)
    assert np.linalg.det(out) == pytest.approx([1, -1])
    for matrix in out:
        assert matrix @ positions[:2].T == pytest.approx(positions[2:4].T, abs=1e-12)
    assert np.abs(out - turn).max(axis=(1, 2)).min() < 1e-9


def orbit(symbol):
    """A general orbit of a group and its permutations: the regular representation."""
    matrices = operation_matrices(PointGroup(symbol))
    points = matrices @ np.array([0.31, 0.57, 1.13])
    images = matrices[:, None] @ points[None, :, :, None]
    distances = np.linalg.norm(images[:, :, None, :, 0] - points, axis=-1)
    return distances.argmin(axis=2), np.rint(np.linalg.det(matrices)).astype(np.int64)


GROUPS = ["C1", "Cs", "C2v", "C7", "D6h", "S8", "Td", "Th", "Oh", "I", "Ih"]


@needs_compiled
@pytest.mark.parametrize("symbol", GROUPS)
def test_generators_are_those_of_numpy(in_numpy, symbol):
    permutations, signs = orbit(symbol)
    permutations = np.hstack([permutations, permutations + len(signs)])  # a second orbit
    pair = (0, len(signs))
    arguments = (pair, permutations[1:], signs[1:])
    group = PermutationGroup.of_closed(*arguments)
    assert group.generators == in_numpy(PermutationGroup.of_closed, *arguments).generators
    trivial = PermutationGroup.trivial(permutations.shape[1], pair)
    chosen = list(group.generators)
    closure = trivial.extended(permutations[chosen], signs[chosen])
    assert {tuple(p) for p in closure.permutations} == {tuple(p) for p in permutations}
    assert len(group.generators) <= np.log2(max(len(signs), 1)) + 1e-9


@pytest.mark.parametrize("symbol", GROUPS)
def test_orders_of_elements_by_repeated_products(in_numpy, symbol):
    permutations, signs = orbit(symbol)
    permutations = np.hstack([permutations, permutations + len(signs)])
    group = PermutationGroup((0, len(signs)), permutations, signs)
    identity = np.arange(2 * len(signs))
    expected = []
    for permutation in permutations:
        power, order = permutation, 1
        while not np.array_equal(power, identity):
            power, order = power[permutation], order + 1
        expected.append(order)
    assert group.element_orders().tolist() == expected
    assert in_numpy(group.element_orders).tolist() == expected


def test_a_plane_that_holds_the_pair_has_order_two(in_numpy):
    """It leaves the pair in place as E does; the determinant tells them apart."""
    signs = np.array([1, -1])
    group = PermutationGroup((0, 1), np.array([[0, 1, 2, 3], [0, 1, 3, 2]]), signs)
    assert group.element_orders().tolist() == [1, 2]
    assert in_numpy(group.element_orders).tolist() == [1, 2]


@pytest.mark.parametrize("route", ["compiled", "numpy"])
@pytest.mark.parametrize("symbol", GROUPS[3:])
def test_what_is_not_closed_is_no_group(in_numpy, route, symbol):
    if route == "compiled" and COMPILED is None:
        pytest.skip("built without a C compiler")
    permutations, signs = orbit(symbol)

    def of(permutations, signs):
        arguments = (PermutationGroup.of_closed, (0, 1), permutations[1:], signs[1:])
        return arguments[0](*arguments[1:]) if route == "compiled" else in_numpy(*arguments)

    assert of(permutations, signs).order == len(signs)
    assert of(permutations[:-1], signs[:-1]) is None  # one missing
    twice = [*range(len(signs)), len(signs) - 1]
    assert of(permutations[twice], signs[twice]) is None  # one given twice
    swapped = permutations.copy()
    swapped[-1, [-2, -1]] = swapped[-1, [-1, -2]]  # right for the pair, wrong elsewhere
    assert of(swapped, signs) is None
    turned = signs.copy()
    turned[-1] *= -1
    assert of(permutations, turned) is None


# ---- the whole way -------------------------------------------------------------------------


@needs_compiled
@pytest.mark.parametrize("name", example_names())
def test_answers_do_not_depend_on_the_compiler(in_numpy, name):
    for molecule, tolerance in [
        (example(name), None),
        (example(name), 1e-6),
        (noisy(name, 0.01), None),
        (noisy(name, 0.01), 0.03),
    ]:
        here, there = detect(molecule, tolerance), in_numpy(detect, molecule, tolerance)
        assert here.group == there.group
        assert np.array_equal(here.permutations, there.permutations)
        assert np.abs(here.matrices - there.matrices).max() < 1e-12
        assert here.symmetrised_positions == pytest.approx(there.symmetrised_positions, abs=1e-12)


def test_detection_works_without_the_compiled_module():
    """As installed where there is no compiler."""
    script = (
        "import sys\n"
        "sys.modules['spektron.pointgroup.detection._kernels'] = None\n"
        "from spektron.pointgroup import detect, example\n"
        "from spektron.pointgroup.detection import kernels\n"
        "print(kernels.compiled, *(detect(example(n)).group for n in ('c60', 'water')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["None", "Ih", "C2v"], done.stderr


@needs_compiled
def test_threads_do_not_disturb_each_other():
    names = ["benzene", "c60", "cubane", "water"] * 8
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: str(detect(example(name)).group), names))
    assert found == ["D6h", "Ih", "Oh", "C2v"] * 8


def test_the_layout_of_the_positions_does_not_matter():
    molecule = example("methane")
    columns = np.asfortranarray(molecule.positions)
    assert str(detect(Molecule(molecule.symbols, columns)).group) == "Td"
    assert str(detect(Molecule(molecule.symbols, columns[::-1][::-1])).group) == "Td"


# ---- arrays that the compiled module refuses -----------------------------------------------

POSITIONS, KINDS, SIGNS = np.eye(4, 3), np.zeros(4, dtype=np.intp), np.ones(2, dtype=np.int64)
IMAGES, MATRICES = np.array([[0, 1], [1, 0]]), np.stack([np.eye(3)] * 2)
ROWS, RESIDUALS = np.zeros((2, 4), dtype=np.intp), np.zeros(2)
RIGHT = {
    "pair_matrices": (POSITIONS, 0, 1, IMAGES, SIGNS, MATRICES.copy()),
    "match_atoms": (POSITIONS, KINDS, MATRICES, ROWS.copy(), RESIDUALS.copy()),
    "generators": (np.array([[0, 1, 2, 3], [1, 0, 2, 3]]), SIGNS, 0, 1),
    "element_orders": (np.array([[0, 1, 2, 3], [1, 0, 2, 3]]), SIGNS, 0, 1, SIGNS.copy()),
}


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


WRONG = [
    # another shape
    ("pair_matrices", 0, POSITIONS.T.copy()), ("pair_matrices", 3, IMAGES[:, :1].copy()),
    ("pair_matrices", 4, SIGNS[:1]), ("pair_matrices", 5, MATRICES[:1].copy()),
    ("match_atoms", 1, KINDS[:3]), ("match_atoms", 2, MATRICES[0]),
    ("match_atoms", 3, ROWS[:1].copy()), ("match_atoms", 4, np.zeros(3)),
    ("generators", 0, np.arange(4)), ("generators", 1, np.ones(3, dtype=np.int64)),
    ("generators", 0, np.zeros((0, 4), dtype=np.intp)), ("element_orders", 0, KINDS),
    ("element_orders", 1, SIGNS[:1]), ("element_orders", 4, np.ones(3, dtype=np.int64)),
    # another type of number
    ("pair_matrices", 0, POSITIONS.astype(np.float32)), ("pair_matrices", 0, POSITIONS.astype(int)),
    ("pair_matrices", 3, IMAGES.astype(float)), ("pair_matrices", 3, IMAGES.astype(np.int32)),
    ("match_atoms", 2, MATRICES.astype(complex)), ("match_atoms", 0, POSITIONS.astype(">f8")),
    ("match_atoms", 3, ROWS.astype(np.uint64)), ("generators", 1, np.ones(2)),
    # another layout, or nothing that can be written to
    ("pair_matrices", 0, np.eye(8, 6)[::2, ::2]), ("match_atoms", 2, MATRICES[::-1]),
    ("match_atoms", 3, read_only(ROWS)), ("match_atoms", 4, read_only(RESIDUALS)),
    ("pair_matrices", 5, read_only(MATRICES)), ("generators", 0, np.asfortranarray(ROWS + 1)),
    ("element_orders", 4, read_only(SIGNS)),
    # atoms that are not there, and what never comes home
    ("element_orders", 0, np.array([[0, 1, 2, 3], [1, 2, 3, 4]])),
    ("element_orders", 0, np.array([[0, 1, 2, 3], [1, 1, 2, 3]])),
    ("element_orders", 2, 4), ("element_orders", 3, -1),
    ("pair_matrices", 1, 4), ("pair_matrices", 2, -1), ("pair_matrices", 3, IMAGES * 4),
    ("pair_matrices", 3, IMAGES - 1), ("generators", 0, np.array([[0, 1, 2, 3], [1, 0, 2, 4]])),
    ("generators", 0, np.array([[0, 1, 2, 3], [-1, 0, 2, 3]])),
    ("generators", 2, 4), ("generators", 3, -1), ("generators", 3, 2**70),
    # no arrays at all
    ("pair_matrices", 0, None), ("match_atoms", 0, [[0.0, 0.0, 0.0]]), ("generators", 0, "abc"),
]  # fmt: skip


def references(arguments):
    return [sys.getrefcount(a) for a in arguments if isinstance(a, np.ndarray)]


@needs_compiled
@pytest.mark.parametrize("name", sorted(RIGHT))
def test_the_right_arrays_are_taken(name):
    held = references(RIGHT[name])
    getattr(COMPILED, name)(*RIGHT[name])
    assert references(RIGHT[name]) == held


@needs_compiled
@pytest.mark.parametrize(("name", "position", "value"), WRONG)
def test_wrong_arrays_are_refused(name, position, value):
    arguments = list(RIGHT[name])
    arguments[position] = value
    held = references(arguments)
    with pytest.raises((ValueError, TypeError, BufferError, IndexError, OverflowError)):
        getattr(COMPILED, name)(*arguments)
    assert references(arguments) == held  # no buffer is kept


@needs_compiled
@pytest.mark.parametrize("name", sorted(RIGHT))
def test_arguments_are_counted(name):
    with pytest.raises(TypeError):
        getattr(COMPILED, name)(*RIGHT[name][:-1])
    with pytest.raises(TypeError):
        getattr(COMPILED, name)(*RIGHT[name], 0)


@needs_compiled
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e308])
def test_numbers_that_are_none_do_no_harm(bad):
    positions = POSITIONS.copy()
    positions[2] = bad
    rows, residuals = ROWS.copy(), RESIDUALS.copy()
    COMPILED.match_atoms(positions, KINDS, MATRICES, rows, residuals)
    assert rows.min() >= 0
    assert rows.max() < 4
    COMPILED.pair_matrices(positions, 2, 1, IMAGES, SIGNS, MATRICES.copy())


@needs_compiled
def test_no_atoms_and_no_maps():
    nothing = np.zeros((0, 3)), np.zeros(0, dtype=np.intp)
    COMPILED.match_atoms(*nothing, MATRICES, np.zeros((2, 0), dtype=np.intp), RESIDUALS.copy())
    COMPILED.match_atoms(POSITIONS, KINDS, MATRICES[:0], ROWS[:0].copy(), np.zeros(0))
    COMPILED.pair_matrices(POSITIONS, 0, 1, IMAGES[:0], SIGNS[:0], np.zeros((0, 3, 3)))


# ---- building ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["present", "absent"])
def test_a_wheel_is_built_with_and_without_a_compiler(tmp_path, compiler):
    pytest.importorskip("setuptools", minversion="77")
    if compiler == "present" and not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler here")
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(CHECKOUT / name, tmp_path)
    for room in ("pointgroup", "vibration", "identifiability", "ml", "cli"):
        shutil.copytree(CHECKOUT / room, tmp_path / room)
    environment = dict(os.environ) | ({"CC": "no-such-compiler"} if compiler == "absent" else {})
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path / "dist")]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(tmp_path)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    names = zipfile.ZipFile(wheel).namelist()
    built = [n for n in names if "/_kernels." in n and not n.endswith(".pyi")]
    assert len(built) == (compiler == "present")
    assert "spektron/pointgroup/detection/kernels.py" in names
    assert not any(n.endswith(".c") for n in names)
