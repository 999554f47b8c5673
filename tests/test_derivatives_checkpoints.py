"""Interrupted calculations go on at the last finished gradient, and trust no spoilt file."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example
from spektron.pointgroup.errors import FileError
from spektron.pointgroup.units import BOHR
from spektron.vibration.derivatives.calculation import plan_calculation
from spektron.vibration.derivatives.checkpoints import open_checkpoints
from spektron.vibration.derivatives.routes import harmonic_data
from spektron.vibration.electronic.surface import SinglePoint
from spektron.vibration.errors import NotConverged
from spektron.vibration.level import Level

LEVEL = Level("gfn2-xtb")  # always by differences


class Springs:
    """Springs between all atoms at their lengths, in a field that the charges of the atoms feel."""

    level, program = LEVEL, "springs 1"

    def __init__(self, molecule, level=LEVEL, stop_after=None):
        self.molecule, self.calls, self.stop_after = molecule, 0, stop_after
        self.lengths = self._bonds(molecule.positions)[1]
        self.charges = molecule.atomic_numbers - molecule.atomic_numbers.mean()

    def _bonds(self, positions):
        x = np.asarray(positions) / BOHR
        vectors = x[:, None] - x[None]
        return vectors, np.linalg.norm(vectors, axis=2) + np.eye(len(x))

    def compute(self, positions, field=(0.0, 0.0, 0.0)):
        if self.calls == self.stop_after:
            raise KeyboardInterrupt
        self.calls += 1
        vectors, lengths = self._bonds(positions)
        pull = (lengths - self.lengths) * 0.3
        gradient = np.einsum("ij,ijc->ic", pull / lengths, vectors)
        gradient -= np.outer(self.charges, field)
        dipole = self.charges @ np.asarray(positions) / BOHR
        return SinglePoint(float((pull**2).sum()) - float(dipole @ field), gradient, dipole)


def run(molecule, folder, stop_after=None, level=LEVEL, **settings):
    """Harmonic data and the number of gradients that were computed for them."""
    made = []

    def make(m, given):
        made.append(Springs(m, given, stop_after))
        return made[0]

    try:
        data = harmonic_data(molecule, level, checkpoint=folder, surface_for=make, **settings)
    except KeyboardInterrupt:
        data = None
    return data, made[0].calls


@pytest.mark.parametrize("finished", [0, 1, 5, 8])
def test_interrupted_calculation_computes_only_the_rest(tmp_path, finished):
    water = example("water")
    total = plan_calculation(water, LEVEL).n_steps
    assert total == 9
    whole, _ = run(water, None)
    assert run(water, tmp_path, stop_after=finished) == (None, finished)
    assert len(list(tmp_path.iterdir())) == finished
    data, calls = run(water, tmp_path)
    assert calls == total - finished
    assert np.array_equal(data.hessian, whole.hessian)
    assert np.array_equal(data.dipole_derivatives, whole.dipole_derivatives)
    assert np.array_equal(data.polarizability_derivatives, whole.polarizability_derivatives)
    assert run(water, tmp_path)[1] == 0


def test_progress_counts_resumed_steps(tmp_path):
    run(example("water"), tmp_path, stop_after=4)
    seen = []
    run(example("water"), tmp_path, progress=lambda *step: seen.append(step))
    assert [s[:2] for s in seen] == [(k, 9) for k in range(10)]
    assert seen[0][2] == "reference geometry"
    assert seen[-1][2] == ""


def test_other_calculations_are_not_taken(tmp_path):
    water = example("water")
    run(water, tmp_path)
    assert run(water, tmp_path, step=0.006)[1] == 4
    assert run(water, tmp_path, field=0.006)[1] == 4
    charged = Molecule(water.symbols, water.positions, charge=1, multiplicity=2)
    assert run(charged, tmp_path)[1] == 9
    shifted = water.with_positions(water.positions * [[1, 1, 1.001]])
    assert run(shifted, tmp_path)[1] == 9


@pytest.mark.parametrize("what", ["level", "program"])
def test_level_and_program_are_part_of_the_key(tmp_path, what):
    surface = Springs(example("water"))
    result = surface.compute(surface.molecule.positions)
    field = np.zeros(3)
    open_checkpoints(tmp_path, surface).save(surface.molecule.positions, field, result)
    setattr(surface, what, {"level": Level("gfn1-xtb"), "program": "springs 2"}[what])
    assert open_checkpoints(tmp_path, surface).load(surface.molecule.positions, field) is None


def test_isotopologues_share_checkpoints(tmp_path):
    """Electrons do not see masses; the symmetry used is that of the electrons."""
    water = example("water")
    run(water, tmp_path)
    data, calls = run(water.with_isotopes({1: 2}), tmp_path)
    assert calls == 0
    assert data.molecule.mass_numbers == (16, 2, 1)


def test_numbers_return_to_the_last_bit(tmp_path):
    surface = Springs(example("water"))
    store = open_checkpoints(tmp_path, surface)
    rng = np.random.default_rng(0)
    result = SinglePoint(rng.normal(), rng.normal(size=(3, 3)) * 1e-9, rng.normal(size=3))
    place = surface.molecule.positions, np.array([0, 0, -0.005])
    assert store.load(*place) is None
    store.save(*place, result)
    found = store.load(*place)
    assert found.energy == result.energy
    assert np.array_equal(found.gradient, result.gradient)
    assert np.array_equal(found.dipole, result.dipole)


def spoil_cut(text):
    return text[: len(text) // 2]


def spoil_digit(text):
    content = json.loads(text)
    content["numbers"]["gradient"][0][0] += 1e-8
    return json.dumps(content)


def spoil_key(text):
    return text.replace(json.loads(text)["key"], "0" * 64)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_cut, "cut short"),
        (spoil_digit, "changed"),
        (spoil_key, "another calculation"),
        (lambda _: "", "cut short"),
        (lambda _: "[]", "cut short"),
        (lambda _: "\x00\x01", "cut short"),
    ],
)
def test_spoilt_file_is_reported_and_computed_again(tmp_path, spoil, reason):
    water = example("water")
    whole, _ = run(water, tmp_path)
    victim = sorted(tmp_path.iterdir())[2]
    sound = victim.read_text()
    victim.write_text(spoil(sound))
    with pytest.warns(UserWarning, match=f"{victim.name}: not used and computed again.*{reason}"):
        data, calls = run(water, tmp_path)
    assert calls == 1
    assert np.array_equal(data.hessian, whole.hessian)
    assert victim.read_text() == sound


def test_folder_in_the_way_of_a_file(tmp_path):
    blocked = tmp_path / "notes"
    blocked.write_text("mine")
    with pytest.raises(FileError, match="no folder for checkpoints"):
        run(example("water"), blocked)
    assert blocked.read_text() == "mine"


def test_foreign_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(example("water"), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_point_that_does_not_converge_is_named(tmp_path):
    class Failing(Springs):
        def compute(self, positions, field=(0, 0, 0)):
            if self.calls == 2:
                raise NotConverged("SCF not converged after 50 cycles")
            return super().compute(positions, field)

    with pytest.raises(NotConverged, match=r"H2 along \(.*50 cycles; finished.* kept in") as caught:
        harmonic_data(example("water"), LEVEL, checkpoint=tmp_path, surface_for=Failing)
    assert str(tmp_path) in str(caught.value)
    assert len(list(tmp_path.iterdir())) == 2


CHILD = """
import sys, time
sys.path.insert(0, {tests!r})
from test_derivatives_checkpoints import LEVEL, Springs
from spektron.pointgroup import example
from spektron.vibration.derivatives.routes import harmonic_data

class Slow(Springs):
    def compute(self, positions, field=(0, 0, 0)):
        time.sleep(0.1)
        return super().compute(positions, field)

harmonic_data(example("water"), LEVEL, checkpoint={folder!r}, surface_for=Slow)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_process_loses_only_the_gradient_in_work(tmp_path):
    code = CHILD.format(tests=os.path.dirname(__file__), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*.json"))) < 3 and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    finished = len(list(tmp_path.glob("*.json")))
    assert 3 <= finished < 9
    assert run(example("water"), tmp_path)[1] == 9 - finished
