"""The analysis on simulated scores: what was planted is found, and nothing in nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from spektron.ml.stratified import EvaluationError, Settings, Subject, counts_of, evaluate, holm
from spektron.ml.study.checks import checks, oracle, shuffled
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
        assert v.answer == "holds"
        assert v.low < 0.1 < v.high
    (v,) = names["H9"]
    assert v.answer == "open"


def test_a_gain_that_is_lost_is_the_reverse():
    _, _, all_verdicts = found(gain=-0.1)
    (v,) = by_name(all_verdicts)["H1"]
    assert (v.answer, v.p_holm) == ("the reverse", None)


def test_nothing_is_of_no_practical_size():
    names = by_name(found()[2])
    (v,) = names["H1"]
    assert v.answer == "no effect of practical size"
    assert v.low <= 0 <= v.high
    assert max(abs(v.low), abs(v.high)) < 0.05
    assert all(v.answer != "holds" for some in names.values() for v in some)


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
    out = checks(table, matched, values, evaluation.settings, repetitions=60)
    # Binomial at 0.95: fewer than 51 of 60 in 0.3 % of cases.
    assert out.shuffled >= 51 / 60
    assert out.planted >= 0.75
    assert out.power is None or 0 <= out.power <= 1
    assert out.oracle == pytest.approx(dict.fromkeys(("ir", "raman", "ir twice"), 1.0))
    assert g.n_main == N_MAIN


def test_oracle_leaves_out_what_does_not_vary():
    table = gathered().scores("identification")
    assert "both" not in oracle(table)
