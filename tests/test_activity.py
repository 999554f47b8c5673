"""Selection rules against computed intensities, and R as an instrument sees it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from spektron.pointgroup import Molecule, PointGroup, detect, example, mode_counts
from spektron.pointgroup.theory.groups import operation_matrices
from spektron.pointgroup.theory.operations import rotation_matrix
from spektron.vibration.activity import check_selection_rules, observed_completeness
from spektron.vibration.errors import SpectrumError
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.modes import normal_modes


def random_modes(molecule, seed=0):
    """Modes of random force constants and derivatives that are covariant under the group."""
    symmetry = detect(molecule)
    rng = np.random.default_rng(seed)
    n = molecule.n_atoms
    root = rng.normal(size=(3 * n, 3 * n))
    hessian = (0.3 * root @ root.T / (3 * n)).reshape(n, 3, n, 3)
    dipole, tensors = rng.normal(size=(n, 3, 3)), rng.normal(size=(n, 3, 3, 3))
    tensors = tensors + tensors.swapaxes(2, 3)
    turns = [np.eye(3)]
    if symmetry.group.is_continuous:
        turns = [rotation_matrix(symmetry.frame[2], k / 5) for k in range(5)]
    parts = []
    for r, permutation in zip(symmetry.matrices, symmetry.permutations, strict=True):
        back = np.argsort(permutation)  # the atom that comes to each place
        for s in (turn @ r for turn in turns):
            h = np.einsum("ab,ibjd,cd->iajc", s, hessian[back][:, :, back], s)
            p = np.einsum("ab,ibd,cd->iac", s, dipole[back], s)
            t = np.einsum("ab,ibde,cd,fe->iacf", s, tensors[back], s, s, optimize=True)
            parts.append((h.reshape(3 * n, -1), p.reshape(-1, 3), t.reshape(-1, 3, 3)))
    means = [np.mean(kind, axis=0) for kind in zip(*parts, strict=True)]
    return normal_modes(HarmonicData(symmetry.symmetrise(), *means))


MOLECULES = [
    "water", "methane", "carbon_dioxide", "ethylene", "ethane", "benzene", "sulfur_hexafluoride",
    "xenon_tetrafluoride", "neopentane", "cubane", "ferrocene_staggered",
]  # fmt: skip


@pytest.mark.parametrize("name", MOLECULES)
def test_rules_hold_and_everything_allowed_is_seen(name):
    """Generic derivatives light every allowed mode, so what is seen is what R counts."""
    modes = random_modes(example(name))
    counts = mode_counts(example(name))
    check = check_selection_rules(modes)
    assert check.holds
    assert check.largest_violation < 1e-15
    assert check.n_silent == counts.n_silent
    assert [s.kind for s in check.spectra] == ["ir", "raman"]
    seen = observed_completeness(modes, 1e-9)
    assert seen.R == seen.value == counts.R
    assert len(seen.seen_ir) == counts.n_ir
    assert len(seen.seen_raman) == counts.n_raman
    assert len(seen.unseen) == counts.n_silent


def test_benzene_as_less_sensitive_instruments_see_it():
    modes = random_modes(example("benzene"))
    values = [observed_completeness(modes, t).value for t in (1e-9, 0.01, 0.1, 0.5, 1.0)]
    assert values[0] == Fraction(19, 30)
    assert values == sorted(values, reverse=True)
    brightest = observed_completeness(modes, 1.0)
    (number,) = {int(modes.sets[i]) for i in brightest.seen_ir}
    assert brightest.seen_ir == modes.members(number)
    assert set(brightest.seen) | set(brightest.unseen) == set(range(30))
    assert str(brightest) == f"R = 19/30; seen from 1 of the strongest band: {brightest.value}"


def test_threshold_is_of_the_set_not_of_the_partner():
    """Two partners of 0.6 are one band of 1.2."""
    modes = random_modes(example("methane"))
    values = np.zeros(9)
    triplet, pair = (
        next(i for i, label in enumerate(modes.irreps) if label == wanted) for wanted in ("T2", "E")
    )
    values[list(modes.members(modes.sets[triplet]))] = 100 / 3
    values[list(modes.members(modes.sets[pair]))] = 0.6
    modes = replace(modes, ir_intensities=None, raman_activities=values)
    seen = observed_completeness(modes, 0.0119)
    assert (len(seen.seen_raman), seen.seen_ir, seen.spectra) == (5, (), ("raman",))
    assert seen.value == Fraction(5, 9)
    assert len(observed_completeness(modes, 0.0121).seen_raman) == 3


def test_a_violation_is_found_and_named():
    modes = random_modes(example("benzene"))
    silent = modes.irreps.index("B1u")
    strongest = max(sum(modes.ir_intensities[list(modes.members(s))]) for s in range(modes.n_sets))
    changed = np.array(modes.ir_intensities)
    changed[silent] = 0.02 * strongest
    check = check_selection_rules(replace(modes, ir_intensities=changed))
    infrared, raman = check.spectra
    assert not check.holds
    assert (infrared.mode, infrared.irrep) == (silent, "B1u")
    assert infrared.violation == check.largest_violation == pytest.approx(0.02)
    assert raman.violation < 1e-15
    assert check_selection_rules(replace(modes, ir_intensities=changed), limit=0.03).holds
    assert f"D6h are violated; largest forbidden: IR 2.0e-02 (mode {silent + 1}, B1u)" in str(check)


def test_allowed_but_dark_is_weak_not_silent():
    modes = random_modes(example("ethylene"))
    active = modes.irreps.index("B1u")
    changed = np.array(modes.ir_intensities)
    changed[active] = 0
    modes = replace(modes, ir_intensities=changed, raman_activities=None)
    check = check_selection_rules(modes)
    assert check.holds
    assert check.spectra[0].weak == (active,)
    assert check.n_silent == 1  # Au
    seen = observed_completeness(modes, 1e-9)
    assert active in seen.unseen
    assert Fraction(11, 12) == seen.R


def test_nothing_is_forbidden_without_symmetry():
    molecule = Molecule("CHFNO", 1.5 * np.random.default_rng(0).normal(size=(5, 3)))
    check = check_selection_rules(random_modes(molecule))
    assert [(s.violation, s.mode, s.irrep) for s in check.spectra] == [(0.0, None, "")] * 2
    assert str(check) == "selection rules of C1 hold; largest forbidden: IR 0.0e+00, Raman 0.0e+00"


def test_spectrum_that_holds_nothing():
    """N2 has no infrared band: rounding must not become the strongest one."""
    nitrogen = Molecule("NN", [[0, 0, 0], [0, 0, 1.098]])
    spring = np.kron([[1, -1], [-1, 1]], np.diag([0, 0, 1.5]))
    dipole = 1e-9 * np.random.default_rng(0).normal(size=(6, 3))
    polarizability = np.zeros((6, 3, 3))
    polarizability[[2, 5], 2, 2] = 5.0, -5.0
    modes = normal_modes(HarmonicData(nitrogen, spring, dipole, polarizability))
    check = check_selection_rules(modes)
    assert check.holds
    seen = observed_completeness(modes)
    assert (seen.seen_ir, seen.seen_raman, seen.value) == ((), (0,), 1)


def test_atom():
    atom = HarmonicData(Molecule(["Ar"], [[0, 0, 0]]), np.zeros((3, 3)), np.zeros((3, 3)))
    seen = observed_completeness(normal_modes(atom))
    assert (seen.value, seen.R, seen.seen) == (None, None, ())
    assert check_selection_rules(normal_modes(atom)).holds


@pytest.mark.parametrize("value", [0, -0.1, 1.5, float("nan")])
def test_bad_threshold(value):
    modes = random_modes(example("water"))
    with pytest.raises(SpectrumError, match="threshold"):
        observed_completeness(modes, value)
    with pytest.raises(SpectrumError, match="limit"):
        check_selection_rules(modes, limit=value)


def test_modes_without_intensities():
    modes = replace(random_modes(example("water")), ir_intensities=None, raman_activities=None)
    for function in (check_selection_rules, observed_completeness):
        with pytest.raises(SpectrumError, match="neither IR intensities nor Raman activities"):
            function(modes)


@pytest.mark.parametrize("symbol", ["D5h", "D4d", "S8", "Th", "O"])
def test_groups_without_inversion_that_exclude_as_well(symbol):
    """Exclusion also holds in D5h, S8, D4d and O; Th has i. No mode lights both spectra."""
    rng = np.random.default_rng(0)
    matrices = operation_matrices(PointGroup(symbol))
    points = rng.normal(size=(2, 3))
    points *= np.array([[2.0], [3.0]]) / np.linalg.norm(points, axis=1, keepdims=True)
    atoms = np.concatenate([matrices @ p for p in points])
    modes = random_modes(Molecule("C" * len(matrices) + "N" * len(matrices), atoms))
    assert str(modes.symmetry.group) == symbol
    seen = observed_completeness(modes, 1e-9)
    assert not set(seen.seen_ir) & set(seen.seen_raman)
