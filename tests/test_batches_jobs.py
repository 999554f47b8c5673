"""Jobs of a batch: records of spectra, and of each kind of failure."""

import time

import numpy as np
import pytest
from spektron.pointgroup import Molecule, example, mode_counts
from spektron.vibration.batches import ResultStore
from spektron.vibration.batches.jobs import JobSettings, job_key, run_job
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.level import Level
from spektron.vibration.modes import normal_modes

pytest.importorskip("tblite")
pytest.importorskip("geometric")
XTB = Level("gfn2-xtb")


@pytest.fixture(scope="module")
def water():
    return run_job(example("water"), XTB)


def test_a_result_holds_the_whole_spectrum(water, tmp_path):
    assert water.kind == "result"
    facts, arrays = water.facts, water.arrays
    counts = mode_counts(example("water"))
    assert (facts["group"], facts["R"], facts["n_vib"]) == ("C2v", str(counts.R), 3)
    assert (facts["irreps"], facts["descents"]) == (["A1", "A1", "B2"], 0)
    assert facts["largest_violation"] < 1e-6
    assert facts["programs"].keys() == {"tblite", "geometric"}
    store = ResultStore(tmp_path)
    key = job_key(example("water"), XTB, JobSettings())
    store.save(key, water)
    kept = store.load(key)
    molecule = Molecule(kept.facts["symbols"], kept.arrays["positions"], kept.arrays["masses"])
    again = normal_modes(
        HarmonicData(
            molecule,
            kept.arrays["hessian"],
            kept.arrays["dipole_derivatives"],
            kept.arrays["polarizability_derivatives"],
        )
    )
    assert again.wavenumbers == pytest.approx(arrays["wavenumbers"], abs=1e-6)
    assert again.ir_intensities == pytest.approx(arrays["ir_intensities"], rel=1e-9)
    assert again.raman_activities == pytest.approx(arrays["raman_activities"], rel=1e-9)


def test_a_symmetry_that_costs_energy_is_not_found_again():
    """The nitrogen is nearly flat: the plane lies within the noise of the geometry that was
    estimated, and 2e-2 Eh/bohr off the minimum."""
    found = run_job(Molecule.from_smiles("N#C/C=C/N"), XTB, JobSettings(derivatives=False))
    assert found.kind == "result", found.facts["reason"]
    assert found.facts["largest_gradient"] < 5e-5
    assert found.arrays["wavenumbers"].min() > 0
    assert found.facts["group"] == "C1"


def test_a_saddle_point_is_left():
    """Flat ammonia has an imaginary A2'' mode; the minimum is the pyramid."""
    angles = np.radians([0, 120, 240])
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(3)], axis=1)
    flat = Molecule(["N", "H", "H", "H"], [[0, 0, 0], *ring])
    found = run_job(flat, XTB)
    assert (found.kind, found.facts["group"], found.facts["descents"]) == ("result", "C3v", 1)
    assert found.arrays["wavenumbers"].min() > 500
    direct = run_job(example("ammonia"), XTB)
    assert found.arrays["wavenumbers"] == pytest.approx(direct.arrays["wavenumbers"], abs=0.5)
    held = run_job(flat, XTB, JobSettings(descents=0))
    assert (held.kind, held.facts["failure"]) == ("failure", "saddle point")
    assert "A2''" in held.facts["reason"]


def test_broken_bonds_are_a_failure():
    """Helium pressed against H2 leaves."""
    made = Molecule(["H", "H", "He"], [[0, 0, 0], [0, 0, 0.74], [0, 0, 1.1]])
    found = run_job(made, XTB)
    assert (found.kind, found.facts["failure"]) == ("failure", "exploded")
    assert found.facts["reason"].endswith("broken: H2-He3")


def test_time_limit_and_bad_input():
    began = time.perf_counter()
    found = run_job(example("naphthalene"), XTB, time_limit=0.2)
    assert (found.kind, found.facts["failure"]) == ("failure", "time limit")
    assert time.perf_counter() - began < 20
    radical = Molecule(["O", "H"], [[0, 0, 0], [0, 0, 0.97]])
    found = run_job(radical, XTB)
    assert (found.kind, found.facts["failure"]) == ("failure", "input")
    assert "multiplicity" in found.facts["reason"]


def test_without_raman():
    found = run_job(example("carbon_dioxide"), XTB, JobSettings(raman=False))
    assert (found.facts["group"], found.facts["R"]) == ("D∞h", "1")
    assert "raman_activities" not in found.arrays
    assert job_key(example("water"), XTB, JobSettings(raman=False)) != job_key(
        example("water"), XTB, JobSettings()
    )
