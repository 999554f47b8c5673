"""Does the evaluation find what is there, and nothing else? Oracles, shuffles, planted effects."""

import numpy as np
import pytest
from scipy import stats
from spektron.ml.stratified import (
    Components,
    EvaluationError,
    ScoreTable,
    Settings,
    components_of,
    evaluate,
    layout,
    power,
    power_table,
    resample,
    simulated,
)
from spektron.ml.stratified.bootstrap import _by_scaffold, _cluster_mean, cluster_mean
from spektron.ml.stratified.subjects import Subject, subject_of
from spektron.pointgroup import example, mode_counts

STRATA = [96, 78, 94, 58, 77, 63, 27, 88, 112, 95, 27, 54, 82]
"""Matched strata of thirteen scaffolds of the symmetry-rich set."""
DESIGN = 0.366
"""Standard deviation of a stratum's contrast that the figures of the design belong to."""
INPUTS = ("ir", "raman", "both")

# ---- an oracle that sees every allowed line ----


def pairs_of_examples():
    """Strata of a molecule with an inversion beside one without, R from 19/30 to 1."""
    pairs = [
        ("a", "benzene", "water"), ("a", "ethane", "ammonia"), ("b", "cubane", "adamantane"),
        ("b", "sulfur_hexafluoride", "neopentane"), ("c", "xenon_tetrafluoride", "allene"),
        ("c", "naphthalene", "methane"),
    ]  # fmt: skip
    return [
        subject_of(name, example(name), stratum=f"{scaffold} {k}", scaffold=scaffold)
        for k, (scaffold, *names) in enumerate(pairs)
        for name in names
    ]


def oracle(subjects, runs=2):
    values = [[[[s.share(g)] * runs] for g in INPUTS] for s in subjects]
    return ScoreTable("share", tuple(subjects), INPUTS, (0.0,), tuple(range(runs)),
                      np.array(values))  # fmt: skip


def test_an_oracle_tracks_what_is_visible_exactly():
    found = evaluate(oracle(pairs_of_examples()), Settings(replicates=200))
    slopes = {(s.endpoint, s.property): s.coefficient for s in found.slopes}
    for given in INPUTS:
        slope = slopes[given, "N_visible/N_vib"]
        assert (slope.value, slope.error) == (pytest.approx(1, abs=1e-10), 0)
    for point in found.curve:
        assert point.value == pytest.approx(point.share)


def test_an_oracle_gains_what_theory_says():
    """Contrasts from the table of counts: benzene gains 19/30 − 12/30, water nothing, …."""
    found = evaluate(oracle(pairs_of_examples()), Settings(replicates=200))
    gain = {
        "benzene": (19 - 12) / 30, "ethane": (17 - 9) / 18, "cubane": (27 - 18) / 42,
        "sulfur_hexafluoride": (12 - 6) / 15, "xenon_tetrafluoride": (8 - 5) / 9,
        "naphthalene": (44 - 24) / 48,
    }  # fmt: skip
    # Without a centre nothing is gained over Raman: water, ammonia, Td, D2d.
    assert found.primary.endpoint == "gain"
    assert found.primary.value == pytest.approx(np.mean(list(gain.values())))
    assert found.primary.low > 0
    assert found.primary.p_strata == 2 / 2**6
    by = {s.scaffold: s.value for s in found.scaffolds}
    assert by["a"] == pytest.approx((gain["benzene"] + gain["ethane"]) / 2)


# ---- tables at the real structure ----


def studied(sizes, values, others=2):
    """A table whose score is the endpoint, molecules by strata as in `layout`."""
    matched = layout(sizes, others=others)
    names = {True: "benzene", False: "water"}
    counts = {has: mode_counts(example(name)) for has, name in names.items()}
    out = [None] * (matched.molecules.max() + 1)
    for k, name in enumerate(matched.strata):
        scaffold = matched.scaffolds[matched.scaffold_of[k]]
        for side, has in ((matched.centred, True), (matched.others, False)):
            for row in side.members[k]:
                out[row] = Subject(str(row), name, scaffold, 3, counts[has])
    runs = tuple(range(values.shape[1]))
    return matched, ScoreTable("x", tuple(out), ("model",), (0.0,), runs, values[:, None, None])


def test_evaluation_is_that_of_its_parts():
    sizes = [4, 3, 5, 4, 6, 3, 4, 3]
    rng = np.random.default_rng(0)
    values = simulated(layout(sizes), Components(0.1, 0.2, 0.1, 0.0, 0.1), effect=0.3, n_runs=3,
                       rng=rng)  # fmt: skip
    matched, table = studied(sizes, values)
    found = evaluate(table, Settings(replicates=500))
    value, error = cluster_mean(matched, matched.contrasts(values.mean(axis=1)))
    assert (found.primary.value, found.primary.error) == pytest.approx((value, error))
    own = resample(found.matched, values, replicates=500)  # its strata are in alphabetical order
    assert (found.primary.low, found.primary.high) == pytest.approx(
        (own.interval().low, own.interval().high)
    )
    assert found.primary.p == own.p_value()
    assert (found.secondary, found.notes) == ((), ())
    assert [s.n_strata for s in found.scaffolds] == sizes
    with_, without = found.means[0].centred.value, found.means[0].others.value
    assert with_ - without == pytest.approx(value)


def test_one_scaffold_falls_back_to_strata_and_says_so():
    values = np.random.default_rng(0).normal(size=(30, 2))
    _, table = studied([10], values)
    found = evaluate(table, Settings(replicates=200))
    assert np.isfinite(found.primary.low)
    assert any("one scaffold only" in note for note in found.notes)
    assert found.scaffolds == ()


def test_secondary_endpoints_are_corrected_together():
    subjects = pairs_of_examples()
    rng = np.random.default_rng(0)
    values = rng.random((len(subjects), 4, 3, 2))
    inputs = (*INPUTS, "ir twice")
    table = ScoreTable("x", tuple(subjects), inputs, (0.1, 0.2, 0.4), (0, 1), values)
    found = evaluate(table, Settings(replicates=300, noise=0.2))
    names = [(c.endpoint, c.noise) for c in found.secondary]
    assert names == [("gain, cross-fitted", 0.2), ("gain over ir twice", 0.2),
                     ("gain", 0.1), ("gain", 0.4)]  # fmt: skip
    smallest = min(found.secondary, key=lambda c: c.p)
    assert smallest.p_holm == pytest.approx(min(1, 4 * smallest.p))
    assert found.primary.p_holm is None
    asked = Settings(replicates=300, secondary=(("raman", 0.4),))
    (one,) = evaluate(table, asked).secondary
    assert (one.endpoint, one.p_holm) == ("raman", one.p)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(endpoint="gain over ir twice"), "the scores allow gain"),
        (Settings(noise=0.7), "noise level 0.7; there are 0"),
        (Settings(interval="wald"), "choose from studentised"),
        (Settings(secondary=(("gain", 0.5),)), "noise level 0.5"),
        (Settings(replicates=39), "give 40 or more"),
        (Settings(secondary=(("gain", 0.0),)), "gain@0 is the primary one or occurs twice"),
    ],
)
def test_settings_that_are_refused(settings, told):
    with pytest.raises(EvaluationError, match=told):
        evaluate(oracle(pairs_of_examples()), settings)


# ---- false positives, planted effects, coverage ----


def rejections(sizes, components, effect, studies, *, shuffle=False, replicates=199):
    """Share of studies whose studentised interval leaves out 0, and that of stratum flips."""
    matched = layout(sizes)
    rng = np.random.default_rng(0)
    found = 0
    for k in range(studies):
        values = simulated(matched, components, effect=effect, n_runs=3, rng=rng)
        if shuffle:
            values = rng.permutation(values)
        interval = resample(matched, values, replicates=replicates, seed=k).interval()
        found += not interval.low <= 0 <= interval.high
    return found / studies


def test_shuffled_labels_show_no_effect():
    """Scores of a strong effect, dealt out anew to all molecules."""
    share = rejections([20] * 8, Components(0.1, 0.3, 0.1, 0, 0.1), 0.5, 200, shuffle=True)
    assert 0.01 <= share <= 0.105  # 0.05 ± 3.6 standard deviations


@pytest.mark.slow
def test_false_positives_are_near_nominal():
    """At the real strata, and with seven scaffolds."""
    components = Components(0.1, 0.3, 0.1, 0, 0.1)
    for sizes in (STRATA, [60] * 7):
        share = rejections(sizes, components, 0.5, 1000, shuffle=True, replicates=399)
        assert 0.03 <= share <= 0.075


def test_a_planted_effect_of_five_points_is_found():
    """At the real strata; the t test, which is as good as the bootstrap here and quick."""
    found = power(layout(STRATA, others=1), Components(stratum=DESIGN), effect=0.05, n_runs=1,
                  studies=500)  # fmt: skip
    assert found.value >= 0.75
    assert (found.n_strata, found.n_scaffolds) == (951, 13)


@pytest.mark.slow
def test_a_planted_effect_of_five_points_is_found_by_the_bootstrap():
    """At the real strata, and molecules and runs that add to the noise."""
    stratum = (DESIGN**2 - 1.5 * (0.15**2 + 0.1**2 / 3)) ** 0.5
    share = rejections(STRATA, Components(0, stratum, 0.15, 0, 0.1), 0.05, 400, replicates=399)
    assert share >= 0.75


def coverages(sizes, components, studies, *, shape="normal", replicates=199):
    """Shares of intervals that hold the effect, by method; "top" resamples scaffolds only."""
    matched = layout(sizes)
    rng = np.random.default_rng(0)
    hits = {"studentised": 0, "t": 0, "bca": 0, "percentile": 0, "top": 0}
    for k in range(studies):
        values = simulated(matched, components, effect=0.05, n_runs=5, rng=rng, shape=shape)
        found = resample(matched, values, replicates=replicates, seed=k)
        for method in hits:
            if method == "top":
                sums, n = _by_scaffold(matched, matched.contrasts(values.mean(axis=1)))
                picks = rng.integers(len(n), size=(replicates, len(n)))
                low, high = np.quantile(_cluster_mean(sums[picks], n[picks])[0], [0.025, 0.975])
            else:
                interval = found.interval(method)
                low, high = interval.low, interval.high
            hits[method] += low <= 0.05 <= high
    return {method: n / studies for method, n in hits.items()}


def test_studentised_intervals_cover_where_percentiles_do_not():
    """Seven scaffolds that differ much more than their strata do."""
    found = coverages([8] * 7, Components(0.15, 0.05, 0.0, 0, 0.0), 250)
    assert found["top"] < 0.91
    assert found["percentile"] < 0.91
    assert found["studentised"] > 0.91


@pytest.mark.slow
@pytest.mark.parametrize("scaffold", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("sizes", [STRATA, [40] * 7, [40, 10, 30, 25, 20, 35, 5, 15, 15, 15]])
def test_coverage_with_few_scaffolds(sizes, scaffold):
    """Resampling scaffolds only and taking percentiles gives intervals that are too short."""
    found = coverages(sizes, Components(scaffold, 0.3, 0.1, 0, 0.1), 400, replicates=399)
    assert 0.90 <= found["studentised"] <= 0.985
    assert found["top"] < min(0.945, found["studentised"])


# ---- power ----


@pytest.mark.parametrize(
    ("n", "effect", "stated"), [(200, 0.10, 0.98), (400, 0.05, 0.78), (800, 0.05, 0.97)]
)
def test_power_of_the_design(n, effect, stated):
    """Its three figures are those of independent strata with one standard deviation, 0.366.

    Which one it was is not on record; a simulation of 1,000 has errors of 0.4 to 1.3 points.
    """
    found = power(layout([n], others=1), Components(stratum=DESIGN), effect=effect, n_runs=1,
                  studies=2000, test="z")  # fmt: skip
    error = (stated * (1 - stated) * (1 / 1000 + 1 / 2000)) ** 0.5
    assert found.value == pytest.approx(stated, abs=3 * error)
    exact = stats.norm.sf(1.96 - effect * n**0.5 / DESIGN)
    assert found.value == pytest.approx(exact, abs=4 * found.deviation + 0.003)


@pytest.mark.parametrize("scaffold", [0.0, 0.05])
def test_power_with_scaffolds_is_that_of_noncentral_t(scaffold):
    """Balanced: G means of variance σ_a² + σ_b²/n."""
    n_top, n = 10, 20
    error = ((scaffold**2 + 0.3**2 / n) / n_top) ** 0.5
    limit = stats.t.ppf(0.975, n_top - 1)
    law = stats.nct(n_top - 1, 0.07 / error)
    (found,) = power_table([[n] * n_top], Components(scaffold, 0.3), [0.07], studies=2000)
    assert found.value == pytest.approx(law.sf(limit) + law.cdf(-limit), abs=4 * found.deviation)


def test_more_strata_do_not_help_where_scaffolds_differ():
    found = power_table([[30] * 8, [300] * 8], Components(0.1, 0.3), [0.05], studies=400)
    assert found[1].value < 0.5


def test_size_of_the_test_without_effect():
    found = power(layout(STRATA, others=1), Components(0.05, 0.3), effect=0.0, n_runs=1,
                  studies=1500)  # fmt: skip
    assert found.value == pytest.approx(0.05, abs=0.025)


def test_components_are_found_again():
    matched = layout([25] * 60, others=1)
    values = simulated(matched, Components(0.2, 0.5), effect=0.1, n_runs=1,
                       rng=np.random.default_rng(0))  # fmt: skip
    found = components_of(matched, values)
    assert (found.scaffold, found.stratum) == pytest.approx((0.2, 0.5), rel=0.2)


def test_simulated_values_have_their_components():
    matched = layout([5] * 400, others=1)
    rng = np.random.default_rng(0)
    both = simulated(matched, Components(molecule=0.3, residual=0.2), effect=0.4, n_runs=4, rng=rng)
    d = matched.contrasts(both)
    assert d.mean() == pytest.approx(0.4, abs=0.05)
    assert d.var() == pytest.approx(2 * (0.3**2 + 0.2**2), rel=0.1)
    runs = simulated(matched, Components(run=1.0), effect=0, n_runs=4, rng=rng)
    assert np.ptp(matched.contrasts(runs), axis=0) == pytest.approx(0, abs=1e-12)
    skewed = simulated(matched, Components(scaffold=1.0), effect=0, n_runs=1, rng=rng,
                       shape="skewed")  # fmt: skip
    assert stats.skew(matched.contrasts(skewed).ravel()) == pytest.approx(2, abs=0.8)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Components(stratum=-1), "standard deviation stratum -1"),
        (lambda: power(layout([9]), Components(), effect=0.1), "one scaffold"),
        (lambda: power(layout([9, 9]), Components(), effect=0.1, studies=0), "0 studies"),
    ],
)
def test_designs_that_are_refused(call, told):
    with pytest.raises(EvaluationError, match=told):
        call()
