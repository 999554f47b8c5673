"""Bounds: Cramér–Rao of the reference molecules, confusable sets, Bayes and Fano."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from spektron.identifiability.bounds import (
    confusion_distance,
    fano_bound,
    pair_error,
    recognition,
)
from spektron.identifiability.confusable import Library, mahalanobis, same_grid
from spektron.identifiability.errors import IdentifiabilityError
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.identification import identify
from spektron.identifiability.isotopologue import Isotopologue
from spektron.identifiability.noise import Noise, cramer_rao
from spektron.identifiability.observables import Observables
from spektron.identifiability.substitution import patterns
from spektron.vibration import Spectrum, broaden, normal_modes, read_harmonic

HESSIANS = Path(__file__).resolve().parents[1] / "docs" / "data" / "hf-sto-3g"


# ---- Cramér–Rao ----


@pytest.mark.parametrize(
    ("name", "family", "rank", "worst"),
    [
        ("water", "heavy", 4, 1.0e-2),
        ("ammonia", "heavy", 6, 1.4e-2),
        ("methane", "heavy", 5, 1.0e-2),
        ("ethylene", "all", 18, 1.0e-2),
        ("benzene", "all", 33, 1.8e-2),
    ],
)
def test_reference_bounds(name, family, rank, worst):
    """1 cm⁻¹, positions alone, in units of the root-mean-square force constant."""
    field = ForceField.from_hessian(read_harmonic(HESSIANS / f"{name}.json"))
    found = patterns(field.space, {"H": 2})
    chosen = found if family == "all" else (found[0], found[-1])
    species = tuple(p.isotopologue(field.space) for p in chosen)
    identified = identify(field, Observables(species))
    assert identified.rank == rank
    assert cramer_rao(identified).worst == pytest.approx(worst, abs=0.06e-2)


def test_bound_is_the_scatter_of_fitted_force_constants():
    """Least squares on noisy lines, linearised once: covariance = inverse information."""
    field = ForceField.from_hessian(read_harmonic(HESSIANS / "water.json"))
    heavy = field.space.molecule.with_isotopes({"H": 2}).masses
    species = (Isotopologue.of(field.space), Isotopologue.of(field.space, heavy, "D2O"))
    found = identify(field, Observables(species))
    noise = Noise(position=2.0)
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(20_000, 6)) * noise.deviations(found.response)
    weights = 1 / noise.deviations(found.response)
    jacobian = found.response.jacobian * weights[:, None]
    fitted = np.linalg.lstsq(jacobian, (errors * weights).T, rcond=None)[0]
    assert np.allclose(fitted.std(axis=1), cramer_rao(found, noise).parameters, rtol=0.03)


def test_bound_is_infinite_where_nothing_is_determined():
    field = ForceField.from_hessian(read_harmonic(HESSIANS / "water.json"))
    bound = cramer_rao(identify(field, Observables((Isotopologue.of(field.space),))))
    assert np.isinf(bound.parameters).tolist() == [True, True, True, False]


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_noise_must_be_positive(value):
    with pytest.raises(IdentifiabilityError, match="noise of position"):
        Noise(position=value)


# ---- Fano, pairs ----


@given(st.integers(2, 200), st.floats(0, 1))
def test_fano_is_the_inverse_of_its_inequality(n, share):
    entropy = share * np.log(n)
    p = fano_bound(entropy, n)
    assert 0 <= p <= 1 - 1 / n
    h = -(p * np.log(p) if p else 0) - ((1 - p) * np.log1p(-p) if p < 1 else 0)
    assert h + p * np.log(n - 1) == pytest.approx(entropy, abs=1e-8)


def test_pair_error_and_its_inverse():
    assert pair_error(confusion_distance(0.1)) == pytest.approx(0.1)
    assert pair_error(2.0) == pytest.approx(norm.cdf(-1.0))
    with pytest.raises(IdentifiabilityError, match="between 0 and"):
        confusion_distance(0.6)


def test_two_members_have_the_error_of_a_pair():
    means = np.array([[0.0, 0, 0], [1.2, 0.5, 0]])
    found = recognition(means, samples=200_000)
    exact = norm.cdf(-1.3 / 2)
    assert abs(found.error.value - exact) < 5 * found.error.deviation
    assert found.error.deviation < 1e-3
    assert found.fano <= found.error.value
    assert found.fano_weak <= 0


def test_identical_members_cannot_be_told_apart():
    found = recognition(np.ones((5, 4)), samples=1000)
    assert found.error.value == pytest.approx(0.8)
    assert found.fano == pytest.approx(0.8, abs=1e-6)


# ---- libraries ----


@pytest.fixture(scope="module")
def benzenes():
    """Normal modes of the 13 H/D benzenes."""
    data = read_harmonic(HESSIANS / "benzene.json")
    space = ForceField.from_hessian(data).space
    found = patterns(space, {"H": 2})
    return {
        p.name(space): normal_modes(data.with_masses(p.isotopologue(space).masses)) for p in found
    }


def library(modes, shape="lorentzian", **options):
    grid = same_grid(0, 4200, 2)
    spectra = [broaden(m, "raman", fwhm=10, shape=shape, grid=grid) for m in modes.values()]
    return Library.of(spectra, noise=0.2, names=list(modes), **options)


@pytest.mark.parametrize(
    ("shape", "bayes", "weak", "tight"),
    [("lorentzian", 0.305, 0.056, 0.160), ("gaussian", 0.19, -0.07, 0.09)],
)
def test_thirteen_benzenes(benzenes, shape, bayes, weak, tight):
    found = library(benzenes, shape).recognition()
    assert found.n_members == 13
    assert found.error.value == pytest.approx(bayes, abs=0.01)
    assert found.fano_weak == pytest.approx(weak, abs=0.006)
    assert found.fano == pytest.approx(tight, abs=0.006)


def test_what_calibration_leaves_open_costs_distance(benzenes):
    plain = library(benzenes).distances()
    last = plain
    for count in range(1, 6):
        names = ("shift", "stretch", "gain", "baseline", "width")[:count]
        less = library(benzenes, nuisances=names).distances()
        assert (less <= last + 1e-9).all()
        last = less
    assert (last < plain - 1e-3).any()
    blurred = library(benzenes, shift_error=10.0).distances()
    assert (blurred <= plain + 1e-9).all()


def test_model_error_is_a_second_covariance(benzenes):
    made = library(benzenes, shift_error=10.0)
    covariance = made.noise**2 * np.eye(made.spectra.shape[1]) + made.model @ made.model.T
    expected = mahalanobis(made.spectra[0], made.spectra[5], covariance)
    assert made.distances()[0, 5] == pytest.approx(expected, rel=1e-8)


def test_projection_is_the_least_distance_over_the_nuisance(benzenes):
    made = library(benzenes, nuisances=("shift", "baseline"))
    difference = (made.spectra[2] - made.spectra[7]) / made.noise
    left = np.linalg.lstsq(made.nuisances, difference, rcond=None)
    rest = difference - made.nuisances @ left[0]
    assert made.distances()[2, 7] == pytest.approx(np.linalg.norm(rest), rel=1e-8)


def test_confusable_sets_are_cliques(benzenes):
    made = library(benzenes)
    distance, limit = made.distances(), confusion_distance(0.05)
    place = {name: i for i, name in enumerate(made.names)}
    sets = made.confusable_sets(0.05)
    assert sets
    assert len(sets[0]) == max(map(len, sets))
    for members in sets:
        inner = [place[m] for m in members]
        assert all(distance[i, j] < limit for i in inner for j in inner if i != j)
        others = set(place.values()) - set(inner)
        assert all(max(distance[k, i] for i in inner) >= limit for k in others)


def test_libraries_that_cannot_be():
    x = same_grid(0, 100, 1)
    one = Spectrum(x, np.exp(-((x - 50) ** 2)), "ir", "")
    other = Spectrum(x + 1, np.ones_like(x), "ir", "")
    with pytest.raises(IdentifiabilityError, match="noise 0"):
        Library.of([one, one], noise=0.0)
    with pytest.raises(IdentifiabilityError, match="different grids"):
        Library.of([one, other], noise=0.1)
    with pytest.raises(IdentifiabilityError, match="at least two"):
        Library.of([one], noise=0.1)
    with pytest.raises(IdentifiabilityError, match="choose from"):
        Library.of([one, one], noise=0.1, nuisances=("drift",))
    with pytest.raises(IdentifiabilityError, match="is empty"):
        Library.of([one, Spectrum(x, 0 * x, "ir", "")], noise=0.1)
