"""Bootstrap, sign flips, Holm, mixed regression: against other programs, tables and exact laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from spektron.ml.stratified import (
    EvaluationError,
    holm,
    layout,
    mixed_regression,
    resample,
    sign_flip,
)
from spektron.ml.stratified.bootstrap import METHODS, cluster_interval, cluster_mean
from spektron.ml.stratified.mixed import _Groups
from spektron.ml.stratified.permutation import EXACT

# ---- bootstrap ----


def values_with(matched, contrasts, runs=1):
    """Endpoints (M, runs) whose contrasts are as given: all of it on the centred side."""
    values = np.zeros((matched.molecules.max() + 1, runs))
    for k, d in enumerate(contrasts):
        values[matched.centred.members[k, : matched.centred.sizes[k]]] = d
    return values


def test_error_is_that_of_statsmodels():
    """statsmodels 0.15.0, OLS on a constant with cov_type="cluster": 0.0749604."""
    matched = layout([3, 2, 3, 1], centred=1, others=1)
    d = np.array([0.1, 0.3, -0.2, 0.4, 0.05, 0.15, -0.1, 0.25, 0.6])
    value, error = cluster_mean(matched, d)
    assert value == pytest.approx(d.mean())
    assert error == pytest.approx(0.0749604, abs=5e-8)


def test_lone_strata_give_the_textbook_error_and_interval():
    d = np.random.default_rng(0).normal(size=12)
    matched = layout([1] * 12, centred=1, others=1)
    value, error = cluster_mean(matched, d)
    assert error == pytest.approx(stats.sem(d))
    low, high = stats.t.interval(0.9, 11, d.mean(), stats.sem(d))
    found = cluster_interval(matched, d, level=0.9)
    assert (found.value, found.low, found.high) == pytest.approx((value, low, high))
    again = resample(matched, values_with(matched, d), replicates=10).interval("t", level=0.9)
    assert (again.low, again.high) == pytest.approx((low, high))


def test_two_scaffolds_have_three_replicates():
    """Each scaffold twice with probability 1/4, one of each with 1/2."""
    matched = layout([1, 1], centred=1, others=1)
    found = resample(matched, values_with(matched, [1.0, 3.0]), replicates=8000)
    counts = [np.isclose(found.replicates, x).sum() for x in (1.0, 2.0, 3.0)]
    assert sum(counts) == 8000
    assert stats.chisquare(counts, [2000, 4000, 2000]).pvalue > 1e-4


def test_variance_of_the_replicates_has_every_level():
    """Σ over levels of the population variance over the numbers drawn, for balanced levels."""
    rng = np.random.default_rng(1)
    n_top, n_in, m, runs = 4, 5, 3, 6
    matched = layout([n_in] * n_top, centred=m, others=1)
    centred = rng.normal(size=(n_top, n_in, m, 1)) + rng.normal(size=(n_top, n_in, 1, 1))
    centred = centred + rng.normal(size=(n_top, 1, 1, 1)) + 2 * rng.normal(size=(1, 1, 1, runs))
    values = np.zeros((n_top * n_in * (m + 1), runs))
    values[matched.centred.members.ravel()] = centred.reshape(-1, runs)
    mean = centred.mean(axis=3)
    expected = (
        mean.mean(axis=(1, 2)).var() / n_top
        + mean.mean(axis=2).var(axis=1).mean() / (n_top * n_in)
        + mean.var(axis=2).mean() / (n_top * n_in * m)
    )
    run_part = centred.mean(axis=(0, 1, 2)).var() / runs
    found = resample(matched, values, replicates=20_000)
    assert found.replicates.var() == pytest.approx(expected + run_part, rel=0.06)
    nested = resample(matched, values, replicates=5000, runs="nested")
    each = centred.var(axis=3).mean() / (n_top * n_in * m * runs)
    assert nested.replicates.var() == pytest.approx(expected + each, rel=0.1)


@pytest.mark.parametrize(("method", "theirs"), [("bca", "BCa"), ("percentile", "percentile")])
def test_intervals_are_those_of_scipy(method, theirs):
    """scipy.stats.bootstrap where each scaffold holds one stratum; skewed values."""
    d = np.random.default_rng(3).exponential(size=25)
    matched = layout([1] * 25, centred=1, others=1)
    mine = resample(matched, values_with(matched, d), replicates=40_000).interval(method)
    other = stats.bootstrap((d,), np.mean, n_resamples=40_000, method=theirs, rng=0)
    low, high = other.confidence_interval
    assert (mine.low, mine.high) == pytest.approx((low, high), abs=0.015)


def test_studentised_interval_is_its_definition():
    """A slow twin that draws samples itself."""
    d = np.random.default_rng(4).exponential(size=15)
    rng = np.random.default_rng(5)
    draws = d[rng.integers(15, size=(40_000, 15))]
    t = (draws.mean(axis=1) - d.mean()) / stats.sem(draws, axis=1)
    low, high = d.mean() - stats.sem(d) * np.quantile(t, [0.975, 0.025])
    matched = layout([1] * 15, centred=1, others=1)
    found = resample(matched, values_with(matched, d), replicates=40_000).interval()
    # The other way round it would be from 0.4 to 2.5.
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1)


@given(st.floats(-3, 3), st.floats(0.1, 10), st.sampled_from(METHODS))
def test_intervals_move_and_stretch_with_the_values(shift, scale, method):
    matched = layout([2, 3, 1, 2], centred=1, others=1)
    d = np.array([0.1, 0.3, -0.2, 0.4, 0.05, 0.15, -0.1, 0.25])
    one = resample(matched, values_with(matched, d), replicates=200).interval(method)
    moved = resample(matched, values_with(matched, shift + scale * d), replicates=200)
    other = moved.interval(method)
    assert other.low == pytest.approx(shift + scale * one.low, abs=1e-6)
    assert other.high == pytest.approx(shift + scale * one.high, abs=1e-6)


def test_interval_leaves_out_zero_where_p_is_small():
    rng = np.random.default_rng(6)
    matched = layout([3] * 10, centred=1, others=1)
    for shift in np.linspace(0, 1, 21):
        values = values_with(matched, shift + rng.normal(size=30))
        found = resample(matched, values, replicates=999)
        interval, p = found.interval(), found.p_value()
        if abs(p - 0.05) > 0.005:
            assert (p < 0.05) == (not interval.low <= 0 <= interval.high)


def test_equal_seeds_give_equal_replicates():
    matched = layout([3, 4])
    values = np.random.default_rng(0).normal(size=(21, 2))
    before = values.copy()
    one, same, other = (resample(matched, values, replicates=500, seed=s) for s in (7, 7, 8))
    assert np.array_equal(one.replicates, same.replicates)
    assert not np.array_equal(one.replicates, other.replicates)
    assert np.array_equal(values, before)


def test_values_that_do_not_vary_have_no_interval():
    """Contrasts that are all alike do not say how far their mean is off."""
    matched = layout([3, 4])
    found = resample(matched, np.zeros((21, 2)), replicates=50)
    constant = resample(matched, values_with(matched, [0.5] * 7), replicates=50)
    for each in (found, constant):
        for method in METHODS:
            interval = each.interval(method)
            assert np.isnan([interval.low, interval.high, each.p_value(method)]).all()
    assert constant.value == 0.5
    assert np.isnan(cluster_interval(matched, np.full(7, 0.5)).low)


@pytest.mark.parametrize("method", METHODS)
def test_p_and_interval_agree_for_each_method(method):
    rng = np.random.default_rng(3)
    matched = layout([2] * 9, centred=1, others=1)
    for shift in np.linspace(0, 1, 11):
        found = resample(matched, values_with(matched, shift + rng.gamma(1, size=18) - 1))
        interval, p = found.interval(method), found.p_value(method)
        if abs(p - 0.05) > 0.005:
            assert (p < 0.05) == (not interval.low <= 0 <= interval.high)


def test_no_p_is_below_what_replicates_resolve():
    matched, rng = layout([1] * 40, centred=1, others=1), np.random.default_rng(0)
    found = resample(matched, values_with(matched, rng.lognormal(size=40)), replicates=999)
    floor = [found.p_value(method) for method in ("studentised", "bca", "percentile")]
    assert min(floor) >= 2 / 1000


@pytest.mark.parametrize("sizes", [[1, 1], [2, 2], [1, 1, 1]])
def test_few_scaffolds_do_not_make_noise_certain(sizes):
    """Replicates that draw one scaffold only have no spread; they are no reason for a small p."""
    matched, rng = layout(sizes, centred=1, others=1), np.random.default_rng(0)
    found = [
        resample(matched, rng.normal(size=(2 * sum(sizes), 1)), replicates=200, seed=k)
        for k in range(100)
    ]
    assert np.mean([r.p_value() < 0.05 for r in found]) <= 0.08
    limits = np.array([[r.interval().low, r.interval().high] for r in found])
    assert np.mean((limits[:, 0] > 0) | (limits[:, 1] < 0)) <= 0.08
    known = limits[np.isfinite(limits).all(axis=1)]
    assert len(known) < len(limits)
    assert (abs(known) < 1e6).all()


def test_one_scaffold_has_no_interval():
    found = resample(layout([5]), np.random.default_rng(0).normal(size=(15, 1)), replicates=50)
    assert np.isnan([found.interval().low, found.p_value()]).all()


def test_bootstraps_that_are_refused():
    matched, values = layout([2, 2]), np.zeros((12, 1))
    with pytest.raises(EvaluationError, match="0 bootstrap replicates"):
        resample(matched, values, replicates=0)
    with pytest.raises(EvaluationError, match="interval 'wald': choose from studentised"):
        resample(matched, values, replicates=5).interval("wald")
    with pytest.raises(EvaluationError, match="level 95"):
        resample(matched, values, replicates=5).interval(level=95)
    values[3] = np.nan
    with pytest.raises(EvaluationError, match="molecules of matched strata without a value: 1"):
        resample(matched, values)


# ---- permutation ----


def test_exact_sign_flips_are_those_of_scipy():
    d = np.array([0.8, -0.1, 0.5, 1.2, 0.3, -0.4, 0.9])
    theirs = stats.permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(d) == pytest.approx(theirs.pvalue)


def test_random_sign_flips_approach_the_exact_ones():
    d = np.random.default_rng(0).normal(0.5, 1, EXACT)
    zeros = np.zeros(4)  # more units, the same law
    exact = sign_flip(d)
    assert sign_flip([*d, *zeros]) == pytest.approx(exact, abs=5 * (exact / 20_000) ** 0.5)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=10))
def test_sign_flips_do_not_see_the_sign_or_the_scale(d):
    p = sign_flip(d)
    assert 0 < p <= 1
    assert sign_flip([-4 * x for x in d]) == p


def test_no_contrast_and_no_number():
    assert sign_flip([0.0, 0.0]) == 1.0
    for bad in ([], [np.nan]):
        with pytest.raises(EvaluationError, match="finite"):
            sign_flip(bad)


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        # R: p.adjust(p, "holm")
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.6, 0.7], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holm(p, adjusted):
    assert holm(p) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_the_raw_value_and_bonferroni(p):
    found = holm(p)
    for raw, corrected in zip(p, found, strict=True):
        assert raw <= corrected + 1e-15
        assert corrected <= min(1.0, len(p) * raw) or corrected in found


def test_holm_refuses_what_is_no_probability():
    with pytest.raises(EvaluationError, match="0 to 1"):
        holm([0.5, 1.5])


# ---- mixed regression ----

DYESTUFF = [1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495,
            1595, 1550, 1605, 1510, 1560, 1445, 1440, 1595, 1465, 1545,
            1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445]  # fmt: skip
PASTES = [62.8, 62.6, 60.1, 62.3, 62.7, 63.1, 60.0, 61.4, 57.5, 56.9, 61.1, 58.9,
          58.7, 57.5, 63.9, 63.1, 65.4, 63.7, 57.1, 56.4, 56.9, 58.6, 64.7, 64.5,
          55.1, 55.1, 54.7, 54.2, 58.8, 57.5, 63.4, 64.9, 59.3, 58.1, 60.5, 60.0,
          62.5, 62.6, 61.0, 58.7, 56.9, 57.7, 59.2, 59.4, 65.2, 66.0, 64.8, 64.1,
          54.8, 54.8, 64.0, 64.0, 57.7, 56.8, 58.3, 59.3, 59.2, 59.2, 58.9, 56.6]  # fmt: skip


def test_dyestuff_as_lme4_has_it():
    """O. L. Davies (1947); lme4: lmer(Yield ~ 1 + (1|Batch), Dyestuff), REML 319.6543."""
    fit = mixed_regression(DYESTUFF, [], np.repeat(range(6), 5).tolist())
    (mean,) = fit.coefficients
    assert fit.criterion == pytest.approx(319.6543, abs=1e-4)
    assert (fit.scaffold, fit.residual) == pytest.approx((42.00, 49.51), abs=0.005)
    assert (mean.value, mean.error) == pytest.approx((1527.5, 19.38), abs=0.005)
    assert mean.dof == pytest.approx(5, abs=1e-3)  # balanced: batches less one


def test_pastes_as_lme4_has_it():
    """O. L. Davies and P. L. Goldsmith (1972); lme4: strength ~ 1 + (1|batch/cask), REML."""
    batches = np.repeat(range(10), 6).tolist()
    casks = np.tile(np.repeat(range(3), 2), 10).tolist()  # named alike in each batch
    fit = mixed_regression(PASTES, [], batches, casks)
    assert fit.criterion == pytest.approx(246.99, abs=0.005)
    squares = (fit.stratum**2, fit.scaffold**2, fit.residual**2)
    assert squares == pytest.approx((8.434, 1.657, 0.678), abs=5e-4)
    assert fit["intercept"].error == pytest.approx(0.6769, abs=5e-5)
    assert fit["intercept"].dof == pytest.approx(9, abs=1e-3)


def unbalanced():
    rows = [
        (g, s, x := ((7 * g + 3 * s + 5 * m) % 11) / 10,
         0.4 + 0.5 * x + 0.3 * np.sin(3 * g + 1) + 0.2 * np.cos(5 * g + 7 * s)
         + 0.15 * np.sin(11 * g + 13 * s + 17 * m))
        for g in range(6) for s in range(2 + g % 3) for m in range(2 + (g + s) % 4)
    ]  # fmt: skip
    return map(list, zip(*rows, strict=True))


def test_unbalanced_slope_as_statsmodels_has_it():
    """statsmodels 0.15.0, mixedlm("y ~ x", groups=g, vc_formula={"s": "0 + C(s)"}), REML."""
    g, s, x, y = unbalanced()
    fit = mixed_regression(y, [("x", x)], g, s)
    assert len(y) == fit.n == 61
    assert fit.criterion == pytest.approx(-46.09974, abs=2e-5)
    assert fit["x"].value == pytest.approx(0.442254, abs=5e-6)
    # Theirs are of the joint information, which moves them in the third figure.
    assert fit["x"].error == pytest.approx(0.053718, rel=5e-3)
    squares = (fit.scaffold**2, fit.stratum**2, fit.residual**2)
    assert squares == pytest.approx((0.043931, 0.009746, 0.014339), rel=5e-3)
    alone = mixed_regression(y, [("x", x)], g)
    assert alone.criterion == pytest.approx(-39.628711590, abs=1e-7)
    assert alone["x"].value == pytest.approx(0.44418132, abs=1e-7)
    assert (alone.scaffold**2, alone.residual**2) == pytest.approx((0.0462647, 0.0208457), rel=1e-4)


def test_without_differences_between_groups_it_is_least_squares():
    x = np.tile([0.0, 1, 2, 3, 4], 6)
    y = 0.5 + 0.2 * x + np.tile([0.1, -0.1, 0.05, 0.0, -0.05], 6)  # group means are all alike
    fit = mixed_regression(y, [("x", x)], np.repeat(range(6), 5).tolist())
    plain = stats.linregress(x, y)
    assert fit.scaffold == 0
    assert (fit["x"].value, fit["x"].error) == pytest.approx((plain.slope, plain.stderr))
    assert fit["x"].p == pytest.approx(plain.pvalue, rel=0.02)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=3, max_size=14),
    st.floats(0, 5),
    st.floats(0, 5),
)
def test_nested_solution_is_the_dense_one(places, a, b):
    scaffolds, strata = (list(column) for column in zip(*places, strict=True))
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(len(places), 2))
    same_top = np.equal.outer(scaffolds, scaffolds)
    same = same_top & np.equal.outer(strata, strata)
    dense = np.eye(len(places)) + a * same_top + b * same
    solved, log = _Groups.of(scaffolds, strata).solve(np.array([a, b]), columns)
    assert solved == pytest.approx(np.linalg.solve(dense, columns), abs=1e-9)
    assert log == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-9)


def test_an_exact_relation_has_no_error():
    fit = mixed_regression([1.0, 3, 5, 7], [("x", [0, 1, 2, 3])], ["a", "a", "b", "b"])
    assert (fit["x"].value, fit["x"].error) == (pytest.approx(2), 0)
    assert np.isnan([fit["x"].p, fit["x"].low, fit["x"].high]).all()
    flat = mixed_regression([1.0] * 4, [("x", [0, 1, 2, 3])], ["a", "a", "b", "b"])
    assert flat["x"].value == 0
    assert np.isnan(flat["x"].p)


@pytest.mark.parametrize(
    ("y", "columns", "told"),
    [
        ([1.0, 2, 4], [("x", [1, 1, 1])], "x does not vary"),
        ([1.0, 2, 4, 3], [("x", [0, 1, 2, 4]), ("z", [1, 3, 5, 9])], "z does not vary"),
        ([1.0, 2], [("x", [0, 1])], "2 observations for 2 coefficients"),
        ([1.0, np.nan, 3], [], "finite"),
    ],
)
def test_regressions_that_are_refused(y, columns, told):
    with pytest.raises(EvaluationError, match=told):
        mixed_regression(y, columns, list(range(len(y))))
