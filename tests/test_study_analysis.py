"""The analysis on simulated scores: what was planted is found, and nothing in nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats
from spektron.ml.stratified import (
    EvaluationError,
    Settings,
    Subject,
    counts_of,
    evaluate,
    holm,
    within_slope,
)
from spektron.ml.study.checks import Checks, checks, oracle, shuffled
from spektron.ml.study.exploratory import explore
from spektron.ml.study.gather import Gathered
from spektron.ml.study.hypotheses import silent_strata, verdicts

INPUTS = ("ir", "raman", "both", "ir twice")
NOISES = (0.01, 0.1)
SEEDS = (0, 1, 2)
SCAFFOLDS, STRATA, CONTROLS = 10, 8, 12


def subjects():
    """One centred molecule beside two without, then controls with and without silent modes."""
    rng = np.random.default_rng(5)
    out = []
    for g in range(SCAFFOLDS):
        for k in range(STRATA):
            for m in range(3):
                # C2h: modes in one spectrum each; Cs and C1 show all of them in both.
                n = int(rng.integers(6, 12))
                irreps = ["Ag", "Bu"] * 3 + ["Ag"] * n if m == 0 else ["A'"] * (n + 6)
                counts = counts_of("C2h" if m == 0 else "Cs", irreps)
                out.append(Subject(f"{g} {k} {m}", f"s{g} k{k}", f"s{g}", 8, counts))
    for k in range(CONTROLS):
        # A1'' of D3h is silent.
        for name, group, irreps in (
            ("silent", "D3h", ["A1'"] * 4 + ["A1''"]),
            ("shown", "C2v", ["A1"] * 5),
        ):
            counts = counts_of(group, irreps)
            out.append(Subject(f"control {k} {name}", f"control {k}", "control", 5, counts))
    return tuple(out)


SUBJECTS = subjects()
N_MAIN = SCAFFOLDS * STRATA * 3
SILENT = [s.counts.n_silent > 0 for s in SUBJECTS]


def gathered(*, gain=0.0, silent=0.0, slope=0.0, seed=0):
    """Scores with noise, and effects as asked for.

    ``gain``: contrast of both; ``silent``: of controls by both; ``slope``: of every input on the
    share that it shows.
    """
    rng = np.random.default_rng(seed)
    n = len(SUBJECTS)
    shape = (n, len(INPUTS), len(NOISES), len(SEEDS))
    strata = {s.stratum: rng.normal(scale=0.05) for s in SUBJECTS}
    base = np.array([strata[s.stratum] for s in SUBJECTS])
    centred = np.array([s.centrosymmetric for s in SUBJECTS])
    values = {}
    for task in ("identification", "library", "groups"):
        v = 0.5 + base[:, None, None, None] + 0.03 * rng.normal(size=shape)
        v[:, 2] += gain * centred[:, None, None]
        v[np.array(SILENT) & (np.arange(n) >= N_MAIN), 2] += silent
        for i, given in enumerate(INPUTS):
            v[:, i] += slope * np.array([s.share(given) for s in SUBJECTS])[:, None, None]
        values[task] = v
    return Gathered(
        np.arange(n),
        N_MAIN,
        SUBJECTS,
        INPUTS,
        NOISES,
        SEEDS,
        values,
        {},
        {},
        np.zeros((*shape[1:], 1, 3), dtype=np.int64),
        ("alcohol",),
        (),
    )


SETTINGS = Settings(noise=0.1, replicates=1000)


@cache
def one_evaluation():
    """Strata and settings, which are those of all simulated studies."""
    return evaluate(gathered().scores("identification"), SETTINGS)


def found(*, replicates=1000, **effects):
    g = gathered(**effects)
    evaluation = replace(
        one_evaluation(),
        table=g.scores("identification"),
        settings=replace(one_evaluation().settings, replicates=replicates),
    )
    return g, evaluation, verdicts(g, evaluation, SILENT)


def by_name(all_verdicts):
    out = {}
    for v in all_verdicts:
        out.setdefault(v.name, []).append(v)
    return out


def test_planted_gain_is_found_everywhere():
    _, _, all_verdicts = found(gain=0.1)
    names = by_name(all_verdicts)
    for name in ("H1", "H2", "H3", "H4", "H5"):
        (v,) = names[name]
        assert (v.answer, v.size) == ("holds", "of practical size")
        assert v.low < 0.1 < v.high
        assert 0 < v.p_strata < 0.01
        assert 0 < v.p_scaffolds < 0.01
    (v,) = names["H9"]
    assert v.answer == "open"


def test_a_gain_that_is_lost_is_the_reverse():
    _, _, all_verdicts = found(gain=-0.1)
    (v,) = by_name(all_verdicts)["H1"]
    assert (v.answer, v.size, v.p_holm) == ("the reverse", "of practical size", None)


def test_nothing_is_of_no_practical_size():
    names = by_name(found()[2])
    (v,) = names["H1"]
    assert (v.answer, v.size) == ("open", "none of practical size")
    assert v.low <= 0 <= v.high
    assert max(abs(v.low), abs(v.high)) < 0.05
    assert all(v.answer != "holds" for some in names.values() for v in some)


def test_a_small_gain_holds_and_is_small():
    """Direction and size are two statements."""
    (v,) = by_name(found(gain=0.02)[2])["H1"]
    assert (v.answer, v.size) == ("holds", "none of practical size")
    (v,) = by_name(found(gain=0.05)[2])["H1"]
    assert (v.answer, v.size) == ("holds", "size open")
    assert all(v.size == "" for v in found(slope=0.3)[2] if v.name in ("H6", "H7", "H8"))


def test_verdicts_of_many_nulls_are_rare():
    """Studies without any effect: one in twenty may hold something, after Holm."""
    wrong = first = 0
    for seed in range(16):
        all_verdicts = found(seed=seed, replicates=200)[2]
        first += all_verdicts[0].answer in ("holds", "the reverse")
        wrong += any(v.answer in ("holds", "the reverse") for v in all_verdicts[1:])
    # Binomial at 0.05: more than 4 of 16 in 0.1 % of cases.
    assert first <= 4
    assert wrong <= 4


def test_planted_slopes_are_recovered():
    names = by_name(found(slope=0.3)[2])
    for v in names["H6"]:
        assert v.answer == "holds"
        assert v.low < 0.3 < v.high
    # Every mode of every molecule shows in both spectra: R does not vary.
    (v,) = names["H7"]
    assert (v.answer, np.isnan(v.p)) == ("not tested", True)
    assert "does not vary" in v.reason
    assert len(names["H8"]) == 3


def test_silent_modes_cost_what_was_planted():
    (v,) = by_name(found(silent=-0.2)[2])["H9"]
    assert v.answer == "holds"
    assert v.low < -0.2 < v.high
    (v,) = by_name(found(silent=0.2)[2])["H9"]
    assert v.answer == "the reverse"


def test_secondary_p_values_are_corrected_together():
    all_verdicts = found(gain=0.02)[2]
    tested = [v for v in all_verdicts if v.name != "H1" and np.isfinite(v.p)]
    assert [v.p_holm for v in tested] == pytest.approx(holm([v.p for v in tested]))
    assert len(tested) == 4 + 2 + 3 + 1  # H7 has no slope


def test_inputs_that_are_missing_are_said():
    g = gathered()
    keep = [0, 2]
    few = Gathered(
        g.rows,
        g.n_main,
        g.subjects,
        ("ir", "both"),
        g.noises,
        g.seeds,
        {k: v[:, keep] for k, v in g.values.items()},
        {},
        {},
        g.counts[keep],
        g.groups,
        (),
    )
    table = few.scores("identification")
    evaluation = evaluate(table, Settings(endpoint="both", noise=0.1, replicates=100))
    names = by_name(verdicts(few, evaluation, SILENT))
    assert names["H1"][0].answer == "not tested"
    assert "no scores for the input 'raman'" in names["H1"][0].reason
    assert names["H6"][0].reason == ""
    assert names["H9"][0].reason == ""


def test_control_strata_by_silent_modes():
    matched = silent_strata(SUBJECTS[N_MAIN:], SILENT[N_MAIN:])
    assert len(matched.strata) == CONTROLS
    values = np.array(SILENT[N_MAIN:], dtype=float)
    assert matched.contrasts(values).tolist() == [1.0] * CONTROLS
    with pytest.raises(EvaluationError, match="0 control strata"):
        silent_strata(SUBJECTS[:N_MAIN], SILENT[:N_MAIN])


def test_shuffling_keeps_strata_and_sizes():
    matched = one_evaluation().matched
    rng = np.random.default_rng(0)
    mixed = [shuffled(matched, rng) for _ in range(30)]
    firsts = np.zeros(len(matched.strata))
    for each in mixed:
        for k, (m, n) in enumerate(zip(matched.centred.sizes, matched.others.sizes, strict=True)):
            before = {
                *matched.centred.members[k, :m].tolist(),
                *matched.others.members[k, :n].tolist(),
            }
            dealt = [*each.centred.members[k, :m], *each.others.members[k, :n]]
            assert before == set(map(int, dealt))
            firsts[k] += dealt[0] == matched.centred.members[k, 0]
    # One in three keeps its place; 2,400 draws.
    assert abs(firsts.sum() / (30 * len(firsts)) - 1 / 3) < 4 * np.sqrt(2 / 9 / 2400)


def test_checks_hold_on_data_with_an_effect():
    """Shuffling removes the effect that is there; 5 points on top are seen."""
    g, evaluation, _ = found(gain=0.1)
    table, matched = evaluation.table, evaluation.matched
    from spektron.ml.stratified import endpoint

    values = endpoint(table, "gain", noise=0.1)
    out = checks(table, matched, values, evaluation.settings, repetitions=60, draws=20)
    # Binomial at 0.95: fewer than 51 of 60 in 0.3 % of cases.
    assert out.shuffled >= 51 / 60
    assert out.planted >= 0.75
    assert out.power is None or 0 <= out.power <= 1
    assert out.oracle == pytest.approx(dict.fromkeys(("ir", "raman", "ir twice"), 1.0))
    for value, low, high in out.drawn.values():
        assert low < value < high
        # Five standard errors.
        assert abs(value - 1) < 1.25 * (high - low)
    assert set(out.drawn) == set(out.oracle)
    assert out.failed == ()
    assert g.n_main == N_MAIN


def test_checks_that_fail_are_named():
    good = Checks(200, 0.95, 1.0, 0.9, {"ir": 1.0}, {"ir": (1.01, 0.98, 1.04)})
    assert good.failed == ()
    # Three standard errors of 200 repetitions are 0.046.
    assert replace(good, shuffled=0.91).failed == ()
    (text,) = replace(good, shuffled=0.9).failed
    assert "holds 0 in 90.0% only" in text
    (text,) = replace(good, planted=0.7).failed
    assert text == "an effect of 0.05 is found in 70.0% only"
    (text,) = replace(good, oracle={"ir": 0.99}).failed
    assert "slope is not 1" in text
    (text,) = replace(good, drawn={"ir": (0.9, 0.88, 0.92)}).failed
    assert "far from 1" in text


# ---- what was not registered ----


def explored(**effects):
    g, evaluation, _ = found(**effects)
    folds = [[f"s{k}", f"s{k + 1}"] for k in range(0, SCAFFOLDS, 2)]
    return explore(g, evaluation, folds=folds, draws=20, silent=SILENT)


def test_other_cuts_find_what_was_planted():
    rows = {f.about: f for f in explored(gain=0.1)}
    assert rows["strata of 1 with a centre and 2 without"].n == SCAFFOLDS * STRATA
    for about in (
        "strata of 1 with a centre and 2 without",
        "folds as clusters, Student's t",
        "without fold 4",
        "both less IR",
        "both less Raman",
        "the better input chosen for the stratum",
    ):
        assert rows[about].low < 0.1 < rows[about].high
    sides = [rows[f"the gain itself {side} a centre"].value for side in ("with", "without")]
    g = gathered(gain=0.1)
    assert sides[0] - sides[1] == pytest.approx(
        evaluate(g.scores("identification"), SETTINGS).primary.value
    )
    assert rows["without fold 0"].n == (SCAFFOLDS - 2) * STRATA
    # log odds change by 4 per unit near one half.
    assert rows["gain in log odds"].value == pytest.approx(0.4, rel=0.2)
    assert rows["gain in log odds"].low > 0
    (library,) = [f for f in rows.values() if f.name == "H4"]
    assert library.about.endswith("at noise 0.01")
    assert library.low < 0.1 < library.high


def test_slopes_inside_strata_find_what_was_planted():
    slopes = [f for f in explored(slope=0.3) if f.name == "H6"]
    assert len(slopes) == 2
    for f in slopes:
        assert f.low < 0.3 < f.high
        assert f.low > 0
    # R is the same for all, and controls have two members.
    assert not [f for f in explored() if f.name in ("H7", "H9")]


def test_slope_inside_strata_against_least_squares():
    """With an intercept for each stratum, by numpy; the error by the sum over scaffolds."""
    rng = np.random.default_rng(1)
    scaffolds, strata = np.repeat(np.arange(6), 20), np.repeat(np.arange(30), 4)
    x, y = rng.normal(size=120), rng.normal(size=120)
    design = np.column_stack([x, (strata[:, None] == np.arange(30)).astype(float)])
    beta = np.linalg.lstsq(design, y, rcond=None)[0]
    inverse = np.linalg.inv(design.T @ design)
    meat = np.zeros((31, 31))
    for g in range(6):
        inside = scaffolds == g
        score = design[inside].T @ (y - design @ beta)[inside]
        meat += np.outer(score, score)
    error = np.sqrt(6 / 5 * (inverse @ meat @ inverse)[0, 0])
    got = within_slope(y, x, scaffolds.tolist(), strata.tolist())
    assert got.value == pytest.approx(beta[0])
    assert (got.high - got.low) / 2 == pytest.approx(stats.t.ppf(0.975, 5) * error)


def test_slopes_that_differ_between_scaffolds():
    """None on average, 0.1 of spread: the interval holds 0 as often as it says."""
    rng = np.random.default_rng(2)
    n = 12
    scaffolds = np.repeat(np.arange(n), 40)
    strata = np.repeat(np.arange(20 * n), 2)
    x = np.tile([0.0, 1.0], 20 * n)
    holds = 0
    for _ in range(300):
        y = rng.normal(scale=0.1, size=n)[scaffolds] * x + 0.1 * rng.normal(size=len(x))
        got = within_slope(y, x, scaffolds.tolist(), strata.tolist())
        holds += got.low <= 0 <= got.high
    # Binomial at 0.95: 270 or fewer in 1 of 10,000 cases.
    assert holds > 270


def test_slopes_that_cannot_be():
    with pytest.raises(EvaluationError, match="varies in no stratum"):
        within_slope([1, 2], [0, 1], ["a", "b"], ["x", "y"])
    with pytest.raises(EvaluationError, match="strata of one scaffold only"):
        within_slope([1, 2, 3, 4], [0, 1, 2, 2], ["a", "a", "b", "b"], ["x", "x", "y", "y"])


def test_oracle_leaves_out_what_does_not_vary():
    table = gathered().scores("identification")
    assert "both" not in oracle(table)
