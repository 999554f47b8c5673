"""Geometry optimisation: known minima, kept symmetry, and what happens when it fails."""

import os

import numpy as np
import pytest
from spektron.pointgroup import InputError, Molecule, detect, example
from spektron.pointgroup.units import BOHR
from spektron.vibration.electronic.descent import Descent
from spektron.vibration.electronic.frame import SymmetricFrame
from spektron.vibration.electronic.optimisation import GeometryNotConverged, optimise
from spektron.vibration.electronic.surface import SinglePoint
from spektron.vibration.electronic.surfaces import surface_for
from spektron.vibration.level import Level

pytest.importorskip("geometric", reason="the dft extra is not installed")
pytest.importorskip("pyscf", reason="the dft extra is not installed")
pytest.importorskip("tblite", reason="the dft extra is not installed")

GFN2 = Level("gfn2-xtb")


def shaken(molecule, size, seed=0):
    noise = np.random.default_rng(seed).normal(scale=size, size=(molecule.n_atoms, 3))
    return molecule.with_positions(molecule.positions + noise)


def distance(molecule, i, j):
    return np.linalg.norm(molecule.positions[i] - molecule.positions[j])


def test_water_reaches_its_published_minimum():
    start = Molecule("OHH", [[0, 0, 0], [0, 0, 0.9], [0.9, 0, 0.2]])
    found = optimise(surface_for(start, Level("hf", "sto-3g", density_fit=False)))
    # Hehre, Radom, Schleyer, Pople, Ab Initio Molecular Orbital Theory (1986): 0.9894 Å,
    # 100.03°, −74.96590 Eh.
    assert found.energy == pytest.approx(-74.965901, abs=1e-6)
    bonds = [distance(found.molecule, 0, i) for i in (1, 2)]
    assert bonds == pytest.approx([0.9894] * 2, abs=5e-5)
    angle = 2 * np.degrees(np.arcsin(distance(found.molecule, 1, 2) / 2 / bonds[0]))
    assert angle == pytest.approx(100.03, abs=0.01)
    assert str(found.symmetry.group) == "C2v"
    assert found.largest_gradient < 1e-5


@pytest.mark.parametrize(
    ("name", "size", "group"),
    [
        ("methane", 0.1, "Td"),
        ("benzene", 0.05, "D6h"),
        ("carbon_dioxide", 0.05, "D∞h"),
        ("neopentane", 0.05, "Td"),
        ("ammonia", 0.05, "C3v"),
    ],
)
def test_shaken_molecules_find_their_group(name, size, group):
    start = shaken(example(name), size)
    found = optimise(surface_for(start, GFN2))
    assert str(found.symmetry.group) == group
    assert found.symmetry.rms < 1e-3
    again = surface_for(found.molecule, GFN2).compute(found.molecule.positions)
    assert np.abs(again.gradient).max() < 1e-5
    assert again.energy == pytest.approx(found.energy, abs=1e-8)
    # The result has the group to rounding.
    assert str(detect(found.molecule, 1e-8).group) == group


@pytest.mark.parametrize("name", ["cubane", "acetylene", "sulfur_hexafluoride", "allene"])
def test_symmetry_of_the_start_is_kept_all_the_way(name):
    start = example(name)
    group = str(detect(start).group)
    seen = []
    found = optimise(surface_for(start, GFN2), on_step=seen.append)
    assert {str(detect(step.molecule, 1e-7).group) for step in seen} == {group}
    assert [step.number for step in seen] == list(range(1, found.n_points + 1))
    assert min(step.energy for step in seen) == pytest.approx(found.energy, abs=1e-7)
    assert found.symmetry.rms < 1e-9


def test_grid_noise_does_not_break_symmetry():
    level = Level("pbe", "sto-3g", grid=1)
    start = example("methane")
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    surface = surface_for(start.with_positions(start.positions @ turn), level)
    found = optimise(surface)
    assert found.largest_gradient < 1e-5
    assert str(detect(found.molecule, 1e-8).group) == "Td"


def test_planar_start_of_ammonia_stays_planar_and_a_shaken_one_does_not():
    flat = [[0, 0, 0], [1, 0, 0], [-0.5, 0.75**0.5, 0], [-0.5, -(0.75**0.5), 0]]
    planar = Molecule("NHHH", flat)
    top = optimise(surface_for(planar, GFN2))
    assert str(top.symmetry.group) == "D3h"
    bottom = optimise(surface_for(shaken(planar, 0.05), GFN2))
    assert str(bottom.symmetry.group) == "C3v"
    assert bottom.energy < top.energy - 1e-3


def test_result_lies_where_the_start_lay():
    start = shaken(example("allene"), 0.02)
    found = optimise(surface_for(start, GFN2)).molecule.positions
    assert np.linalg.norm(found.mean(axis=0) - start.positions.mean(axis=0)) < 1e-9
    centred = start.positions - start.positions.mean(axis=0)
    u, _, vt = np.linalg.svd((found - found.mean(axis=0)).T @ centred)
    np.testing.assert_allclose(u @ vt, np.eye(3), atol=1e-4)


def test_isotopes_do_not_matter_and_are_kept():
    start = example("methane").with_isotopes({1: 2})
    found = optimise(surface_for(start, GFN2))
    assert found.molecule.mass_numbers == start.mass_numbers
    assert str(found.symmetry.group) == "Td"


def test_single_atom_is_at_rest():
    found = optimise(surface_for(Molecule(["Ne"], [[1, 2, 3]]), GFN2))
    assert found.n_points == 1
    assert found.largest_gradient == 0


def test_running_out_of_points_keeps_the_last_geometry():
    start = shaken(example("benzene"), 0.1)
    with pytest.raises(GeometryNotConverged, match="C6H6 did not converge: 3 points") as caught:
        optimise(surface_for(start, GFN2), max_points=3)
    last = caught.value.last
    assert last.number == 3
    assert "\n" not in str(caught.value)
    found = optimise(surface_for(last.molecule, GFN2))
    assert str(found.symmetry.group) == "D6h"


class UnequalBonds:
    """Water with bond lengths of 1.80 and 1.81 bohr, nearly but not quite C2v."""

    molecule = Molecule("OHH", [[0, 0, 0.01], [0, 0.95, 0.3], [0, -1.00, 0.3]])
    level, program = GFN2, "model"

    def compute(self, positions, field=(0, 0, 0)):
        x = np.asarray(positions) / BOHR
        arms = x[1:] - x[0]
        lengths = np.linalg.norm(arms, axis=1)
        stretches = lengths - [1.80, 1.81]
        pulls = 0.4 * stretches[:, None] * arms / lengths[:, None]
        gradient = np.vstack([-pulls.sum(axis=0), pulls])
        return SinglePoint(0.2 * (stretches**2).sum(), gradient, np.zeros(3))


def test_symmetrising_is_refused_where_it_costs_energy():
    # Equal bonds cost 0.4 × 0.005² Eh = 1e-5 Eh.
    found = optimise(UnequalBonds(), tolerance=0.05)
    assert str(found.symmetry.group) == "Cs"
    lengths = [distance(found.molecule, 0, i) / BOHR for i in (1, 2)]
    assert lengths == pytest.approx([1.80, 1.81], abs=1e-4)


def test_interrupt_passes_and_leaves_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def stop(step):
        if step.number == 3:
            raise KeyboardInterrupt

    start = shaken(example("methane"), 0.1)
    with pytest.raises(KeyboardInterrupt):
        optimise(surface_for(start, GFN2), on_step=stop)
    optimise(surface_for(start, GFN2))
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"largest_gradient": 0.0}, "largest gradient 0: give 1e-7 to 1e-2"),
        ({"largest_gradient": float("nan")}, "largest gradient nan"),
        ({"max_points": 0}, "0 points"),
    ],
)
def test_impossible_limits(options, message):
    with pytest.raises(InputError, match=message):
        optimise(surface_for(example("methane"), GFN2), **options)


@pytest.mark.parametrize(
    "name", ["benzene", "acetylene", "ammonia", "methane", "hydrogen_peroxide"]
)
def test_frame_undoes_any_motion(name):
    rng = np.random.default_rng(5)
    frame = SymmetricFrame.of(example(name))
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    moved = frame.reference @ turn.T + rng.normal(size=3)
    placed, rotation = frame.placed(moved)
    np.testing.assert_allclose(placed, frame.reference, atol=1e-12)
    np.testing.assert_allclose(
        (moved - moved.mean(0)) @ rotation, placed - placed.mean(0), atol=1e-12
    )


@pytest.mark.parametrize("name", ["benzene", "acetylene", "ammonia", "methane"])
def test_internal_gradient_is_a_projection_without_rigid_part(name):
    frame = SymmetricFrame.of(example(name))
    gradient = np.random.default_rng(6).normal(size=frame.reference.shape)
    once = frame.internal(gradient, frame.reference)
    np.testing.assert_allclose(frame.internal(once, frame.reference), once, atol=1e-12)
    np.testing.assert_allclose(once.sum(axis=0), 0, atol=1e-12)
    torque = np.cross(frame.reference, once).sum(axis=0)
    np.testing.assert_allclose(torque, 0, atol=1e-11)
    for matrix, permutation in zip(frame.matrices, frame.permutations, strict=True):
        np.testing.assert_allclose(once[permutation], once @ matrix.T, atol=1e-12)


@pytest.mark.parametrize("size", [0.0, 0.05], ids=["symmetric", "C1"])
def test_gradient_seen_by_the_optimiser_is_the_slope_of_the_placed_energy(size):
    start = shaken(example("ammonia"), size)
    frame = SymmetricFrame.of(start)
    descent = Descent(surface_for(start, GFN2), 1e-5, 100, None)
    rng = np.random.default_rng(7)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    placed, _ = frame.placed(frame.reference + 0.02 * rng.normal(size=(4, 3)))
    positions, along = placed @ turn + 0.3, rng.normal(size=(4, 3))
    step = 1e-3 * BOHR
    e = {k: descent.visit(positions + k * step * along, frame)[0] for k in (-2, -1, 1, 2)}
    _, gradient = descent.visit(positions, frame)
    slope = (8 * (e[1] - e[-1]) - e[2] + e[-2]) / 12e-3
    assert (gradient * along).sum() == pytest.approx(slope, abs=1e-7)
