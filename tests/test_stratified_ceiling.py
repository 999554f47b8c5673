"""What spectra hold: closed forms, the bounds of `identifiability`, and conformal coverage."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from spektron.identifiability.bounds import pair_error
from spektron.ml.stratified import (
    EvaluationError,
    Instrument,
    baseline,
    ceiling,
    identified,
    retrieved,
    signals,
)
from spektron.ml.stratified.ceiling import ceilings
from spektron.ml.stratified.conformal import (
    adaptive,
    beyond_nearest,
    coverage,
    expected_coverage,
    improbability,
    prediction_sets,
    rank_of,
    threshold,
    thresholds_by,
)
from spektron.ml.stratified.subjects import Subject, counts_of
from spektron.vibration.errors import SpectrumError

# ---- spectra ----


def test_a_line_is_a_lorentzian_of_height_one():
    instrument = Instrument(low=900, high=1100, step=1, fwhm=10)
    y = instrument.spectrum([1000.0], [37.0])
    offsets = instrument.grid - 1000
    assert y == pytest.approx(1 / (1 + (offsets / 5) ** 2))


def test_lines_that_are_not_there():
    instrument = Instrument(low=900, high=1100, step=1, fwhm=10)
    one = instrument.spectrum([1000.0], [1.0])
    assert np.array_equal(instrument.spectrum([1000.0, 1050, -1000], [1.0, 0, 5]), one)
    assert not instrument.spectrum([1000.0], [0.0]).any()
    assert not instrument.spectrum([], []).any()


def sticks(n, seed=0):
    rng = np.random.default_rng(seed)
    return [tuple(rng.uniform(low, high, 12) for low, high in ((500, 3500), (0, 1), (0, 1)))
            for _ in range(n)]  # fmt: skip


def test_two_channels_side_by_side():
    found = signals(sticks(3), Instrument())
    n = len(Instrument().grid)
    assert np.array_equal(found["both"][:, :n], found["ir"])
    assert np.array_equal(found["both"][:, n:], found["raman"])
    assert np.array_equal(found["ir twice"], np.hstack([found["ir"]] * 2))
    assert found["both"].max(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("wrong", [{"step": 0}, {"low": 5000}, {"high": math.inf}, {"low": -1}])
def test_grids_that_are_refused(wrong):
    with pytest.raises(EvaluationError, match="grid from"):
        Instrument(**wrong)


def test_widths_that_are_refused():
    with pytest.raises(SpectrumError):
        Instrument(fwhm=0)


# ---- identification ----


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0, 4.0])
def test_two_spectra_are_told_apart_as_their_distance_says(distance):
    """Φ(−d/2), T. W. Anderson; spectra of 50 points at noise 0.3."""
    direction = np.random.default_rng(0).normal(size=50)
    spectra = np.outer([0, 0.3 * distance], direction / np.linalg.norm(direction)) + 1.0
    share = identified(spectra, noise=0.3, draws=20_000).mean()
    error = (0.25 / 40_000) ** 0.5
    assert share == pytest.approx(1 - pair_error(distance), abs=4 * error)
    found = ceiling(spectra, noise=0.3, samples=20_000)
    assert found.error.value == pytest.approx(pair_error(distance), abs=4 * error)


def test_equidistant_spectra():
    """K orthogonal signals of d/√2: ∫ φ(x − a) Φ(x)^(K−1) dx is the share of right answers."""
    k, a = 5, 1.7
    x = np.linspace(-8, 10, 20_001)
    right = np.trapezoid(stats.norm.pdf(x - a) * stats.norm.cdf(x) ** (k - 1), x)
    share = identified(a * np.eye(k), noise=1.0, draws=10_000)
    assert share == pytest.approx(np.full(k, right), abs=4 * (0.25 / 10_000) ** 0.5)
    bound = ceiling(a * np.eye(k), noise=1.0, samples=20_000)
    assert bound.error.value == pytest.approx(1 - right, abs=0.01)
    assert bound.fano < bound.error.value


def test_the_slow_way_agrees():
    """Whole noisy spectra against the span of the differences."""
    spectra = signals(sticks(4), Instrument(step=20))["both"]
    rng = np.random.default_rng(1)
    noisy = spectra[:, None] + 1.5 * rng.normal(size=(4, 4000, spectra.shape[1]))
    distance = ((noisy[:, :, None] - spectra) ** 2).sum(axis=3)
    slow = (distance.argmin(axis=2) == np.arange(4)[:, None]).mean(axis=1)
    error = (0.25 / 4000) ** 0.5
    assert identified(spectra, noise=1.5, draws=4000) == pytest.approx(slow, abs=6 * error)
    assert retrieved(spectra, noise=1.5, draws=4000) == pytest.approx(slow, abs=6 * error)


def test_twice_is_half_the_variance():
    found = signals(sticks(4), Instrument(step=20))
    twice = identified(found["ir twice"], noise=1.0, draws=20_000).mean()
    once = identified(found["ir"], noise=1 / 2**0.5, draws=20_000).mean()
    assert twice == pytest.approx(once, abs=0.01)


def test_equal_spectra_share_the_hits():
    row = signals(sticks(1), Instrument(step=20))["ir"]
    same = np.vstack([row] * 3)
    assert identified(same, noise=0.1, draws=10) == pytest.approx([1 / 3] * 3)
    assert retrieved(same, noise=0.1) == pytest.approx([1 / 3] * 3)


# ---- the baseline ----

MODES = {"C2h": ["Ag", "Ag", "Au", "Bu"], "C2v": ["A1", "A1", "A2", "B2"]}


def subjects():
    places = [("s", "C2h"), ("s", "C2v"), ("t", "C2h"), ("t", "C2v"), ("t", "C2v"), ("u", "C2h")]
    return [Subject(str(i), stratum, "x", 4, counts_of(group, MODES[group]))
            for i, (stratum, group) in enumerate(places)]  # fmt: skip


def test_baseline_is_identification_in_each_stratum():
    spectra = signals(sticks(6), Instrument(step=20))
    table = baseline(subjects(), spectra, noises=[2.0, 1e-3], runs=3, draws=2000)
    assert [s.name for s in table.subjects] == ["0", "1", "2", "3", "4"]  # "u" is alone
    assert (table.noises, table.runs) == ((1e-3, 2.0), (0, 1, 2))
    assert (table.values[:, :, 0] == 1).all()
    pair = identified(spectra["raman"][:2], noise=2.0, draws=20_000)
    assert table.of("raman", 2.0)[:2].mean(axis=1) == pytest.approx(pair, abs=0.03)
    assert np.ptp(table.of("raman", 2.0)[0]) > 0  # runs have noise of their own


def test_ceiling_is_met_by_the_baseline_and_bounded_by_fano():
    spectra = signals(sticks(6), Instrument(step=20))
    table = baseline(subjects(), spectra, noises=[1.5], runs=1, draws=8000)
    for bound in ceilings(subjects(), spectra, noises=[1.5], samples=8000):
        shares = table.of(bound.given).mean(axis=1)
        error = 1 - (shares[:2].mean() + shares[2:].mean()) / 2
        assert bound.n_strata == 2
        assert error == pytest.approx(bound.error, abs=0.012)
        assert bound.fano_weak < bound.fano < bound.error


def test_ceilings_stand_noise_that_leaves_nothing():
    spectra = signals(sticks(6), Instrument(step=20))
    for bound in ceilings(subjects(), spectra, noises=[1e4], samples=300):
        # Strata of two and of three: guesses fail in 1/2 and 2/3.
        assert bound.error == pytest.approx((1 / 2 + 2 / 3) / 2, abs=0.01)


def test_library_retrieval_takes_all_molecules():
    spectra = signals(sticks(6), Instrument(step=20))
    table = baseline(subjects(), spectra, noises=[1e-3], library=True, runs=2, draws=1)
    assert len(table.subjects) == 6
    assert (table.values == 1).all()


@pytest.mark.parametrize("noises", [[], [0.0], [-1.0], [math.nan]])
def test_noises_that_are_refused(noises):
    with pytest.raises(EvaluationError, match="noise"):
        baseline(subjects(), signals(sticks(6), Instrument(step=20)), noises=noises)


def test_no_pair_to_tell_apart():
    with pytest.raises(EvaluationError, match="no stratum has two"):
        ceilings(subjects()[-1:], {"ir": np.ones((1, 5))}, noises=[1.0])


# ---- conformal sets ----


@pytest.mark.parametrize(("n", "alpha"), [(4, 0.3), (4, 0.2), (5, 0.5), (3, 0.1)])
def test_marginal_coverage_is_exact(n, alpha):
    """Over all orders of n + 1 exchangeable scores the new one is covered k times of n + 1."""
    orders = list(permutations(range(n + 1)))
    covered = sum(order[-1] <= threshold(order[:-1], alpha) for order in orders)
    k = rank_of(n, alpha)
    assert covered * (n + 1) == min(k, n + 1) * len(orders)
    assert covered / len(orders) >= 1 - alpha


def test_too_few_scores_let_everything_in():
    assert threshold([0.1, 0.2], 0.1) == math.inf
    assert prediction_sets([[0.5, 9.0]], math.inf).all()
    assert expected_coverage(2, 10, 0.1) == (1.0, 1.0, 1.0)


def test_whole_ranks_are_not_rounded_up():
    for n in range(9, 200, 10):
        assert rank_of(n, 0.1) * 10 == (n + 1) * 9


def test_share_of_covered_follows_the_beta_binomial_law():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(2000):
        limit = threshold(rng.random(49), 0.1)
        shares.append((rng.random(100) <= limit).mean())
    mean, low, high = expected_coverage(49, 100, 0.1)
    assert mean == pytest.approx(0.9)
    assert np.mean(shares) == pytest.approx(mean, abs=4 * np.std(shares) / 2000**0.5)
    inside = np.mean([low <= s <= high for s in shares])
    assert 0.94 < inside < 0.99


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("score", ["improbability", "adaptive"])
def test_classification_is_covered_overall_and_in_each_stratum(score):
    """A model that is sharp in one stratum and dull in the other."""
    rng = np.random.default_rng(1)
    labels = rng.integers(2, size=6000)
    p = softmax(rng.normal(size=(6000, 5)) * np.where(labels, 3.0, 0.5)[:, None])
    truth = (p.cumsum(axis=1) > rng.random(6000)[:, None]).argmax(axis=1)
    all_scores = improbability(p) if score == "improbability" else adaptive(p, rng.random(6000))
    own = all_scores[np.arange(6000), truth]
    half = slice(0, 3000), slice(3000, None)
    names = ["sharp" if x else "dull" for x in labels]
    overall = prediction_sets(all_scores[half[1]], threshold(own[half[0]], 0.1))
    found = coverage(overall, truth[half[1]], names[3000:])
    _, low, high = expected_coverage(3000, 3000, 0.1, level=0.9999)
    assert low <= found["all"].share <= high
    limits = thresholds_by(own[half[0]], names[:3000], 0.1)
    each = prediction_sets(all_scores[half[1]], [limits[name] for name in names[3000:]])
    found = coverage(each, truth[half[1]], names[3000:])
    for name in ("sharp", "dull"):
        _, low, high = expected_coverage(names[:3000].count(name), found[name].n, 0.1, level=0.9999)
        assert low <= found[name].share <= high
    assert found["sharp"].mean_size < found["dull"].mean_size


def test_one_threshold_may_miss_a_stratum():
    """Why coverage is checked by stratum: 90 % overall, all of the misses in one of two."""
    rng = np.random.default_rng(2)
    scores = np.concatenate([rng.random(500), 10 + rng.random(500)])
    limit = threshold(scores, 0.1)
    sets = prediction_sets(np.repeat(scores[:, None], 2, axis=1), limit)
    found = coverage(sets, np.zeros(1000, dtype=int), ["a"] * 500 + ["b"] * 500)
    assert found["all"].share == pytest.approx(0.9, abs=0.002)
    assert (found["a"].share, found["b"].share) == (1.0, pytest.approx(0.8, abs=0.004))


def test_retrieval_sets_hold_the_nearest():
    distances = np.array([[3.0, 1.0, 1.5], [0.2, 5.0, 0.3]])
    scores = beyond_nearest(distances)
    assert scores.min(axis=1).tolist() == [0, 0]
    assert prediction_sets(scores, 0.4).tolist() == [[False, True, False], [True, False, True]]


def test_adaptive_scores_by_hand():
    p = np.array([[0.2, 0.5, 0.3]])
    assert adaptive(p, [0.5])[0] == pytest.approx([0.8 + 0.1, 0.25, 0.5 + 0.15])


def test_interval_of_coverage_is_that_of_scipy():
    for hits in (0, 7, 20):
        sets = np.array([[i < hits] for i in range(20)])
        found = coverage(sets, np.zeros(20, dtype=int))["all"]
        low, high = stats.binomtest(hits, 20).proportion_ci(method="exact")
        assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: rank_of(5, 0.0), "α = 0"),
        (lambda: threshold([0.1, math.nan], 0.1), "list of numbers"),
        (lambda: coverage(np.ones((2, 2), dtype=bool), [0]), "2 sets for 1 answers"),
        (lambda: improbability([[1.2]]), "outside 0 to 1"),
    ],
)
def test_conformal_input_that_is_refused(call, told):
    with pytest.raises(EvaluationError, match=told):
        call()
