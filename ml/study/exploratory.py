"""What was not registered: the same contrasts by other cuts, and slopes inside strata.

These were decided on while the first study was running, its results unseen, after a review of the
plan: where a registered number depends on a choice, the other choices stand here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..stratified import Evaluation, EvaluationError, Interval, Matched, ScoreTable, resample
from ..stratified.bootstrap import cluster_interval
from ..stratified.endpoints import endpoint
from ..stratified.results import Settings
from ..stratified.within import within_slope
from .gather import FloatArray, Gathered
from .hypotheses import SLOPES, control_scores, silent_strata

LEAST_STRATA: Final = 20
"""Of a kind of stratum that is shown by itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A number that was not registered.

    Attributes
    ----------
    name : str
        The hypothesis that it stands beside.
    about : str
    n : int
        Strata; of slopes, molecules.
    value, low, high : float
        With a 95 % interval.
    """

    name: str
    about: str
    n: int
    value: float
    low: float
    high: float


def explore(
    found: Gathered,
    evaluation: Evaluation,
    *,
    folds: Sequence[Sequence[str]],
    draws: int,
    silent: Sequence[bool],
) -> tuple[Finding, ...]:
    """Everything that was not registered; what scores do not allow is left out.

    Parameters
    ----------
    found : Gathered
    evaluation : Evaluation
        Of identification at the primary noise level.
    folds : sequence of sequence of str
        Scaffolds that one model is asked about.
    draws : int
        Measurements behind a score.
    silent : sequence of bool, n
        Which molecules have silent modes, in the order of ``found.subjects``.
    """
    table, matched, settings = evaluation.table, evaluation.matched, evaluation.settings
    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _sides(table, matched, settings),
        lambda: _by_kind(table, matched, settings),
        lambda: _by_fold(table, matched, settings, folds),
        lambda: _other_gains(table, matched, settings, draws),
        lambda: _other_levels(found, matched, settings),
        lambda: _inside(table, settings),
        lambda: _larger_controls(found, settings, silent),
    )
    out: list[Finding] = []
    for part in parts:
        try:
            out.extend(part())
        except EvaluationError:
            continue
    return tuple(out)


def _contrast(
    name: str, about: str, matched: Matched, values: FloatArray, settings: Settings
) -> Finding:
    drawn = resample(matched, values, replicates=settings.replicates, seed=settings.seed)
    interval = drawn.interval(settings.interval, level=settings.level)
    return _finding(name, about, len(matched.strata), interval)


def _finding(name: str, about: str, n: int, interval: Interval) -> Finding:
    return Finding(name, about, n, interval.value, interval.low, interval.high)


def _sides(table: ScoreTable, matched: Matched, settings: Settings) -> Iterator[Finding]:
    """What the contrast is the difference of."""
    values = endpoint(table, "gain", noise=settings.noise).mean(axis=1)
    for about, side in (("with", matched.centred), ("without", matched.others)):
        interval = cluster_interval(matched, side.means(values), level=settings.level)
        yield _finding("H1", f"the gain itself {about} a centre", len(matched.strata), interval)


def _by_kind(table: ScoreTable, matched: Matched, settings: Settings) -> Iterator[Finding]:
    """Of two candidates each is mistaken for the other alike: 1 + 1 has no contrast at best."""
    values = endpoint(table, "gain", noise=settings.noise)
    kinds = np.stack([matched.centred.sizes, matched.others.sizes], axis=1)
    for a, b in np.unique(kinds, axis=0).tolist():
        keep: NDArray[np.bool_] = (kinds == (a, b)).all(axis=1)
        if keep.sum() >= LEAST_STRATA:
            about = f"strata of {a} with a centre and {b} without"
            yield _contrast("H1", about, matched.part(keep), values, settings)


def _by_fold(
    table: ScoreTable, matched: Matched, settings: Settings, folds: Sequence[Sequence[str]]
) -> Iterator[Finding]:
    """Scaffolds of a fold share their models."""
    values = endpoint(table, "gain", noise=settings.noise)
    fold_of = {name: k for k, fold in enumerate(folds) for name in fold}
    of = np.array([fold_of[matched.scaffolds[g]] for g in matched.scaffold_of], dtype=np.intp)
    kept, places = np.unique(of, return_inverse=True)
    if len(kept) < 2:
        return
    whole = replace(matched, scaffolds=tuple(f"fold {k}" for k in kept), scaffold_of=places)
    interval = cluster_interval(whole, matched.contrasts(values.mean(axis=1)))
    yield _finding("H1", "folds as clusters, Student's t", len(matched.strata), interval)
    for k in kept:
        yield _contrast("H1", f"without fold {k}", matched.part(of != k), values, settings)


def _other_gains(
    table: ScoreTable, matched: Matched, settings: Settings, draws: int
) -> Iterator[Finding]:
    ir, raman, both = (table.of(given, settings.noise) for given in ("ir", "raman", "both"))
    yield _contrast("H1", "both less IR", matched, both - ir, settings)
    yield _contrast("H1", "both less Raman", matched, both - raman, settings)
    by_stratum = np.where(_better_in_strata(table, ir - raman)[:, None], ir, raman)
    about = "the better input chosen for the stratum"
    yield _contrast("H1", about, matched, both - by_stratum, settings)
    # Half a measurement is added to either side, so that 0 and 1 have odds.
    n = draws * both.shape[1]
    odds = [_log_odds(scores.mean(axis=1), n) for scores in (ir, raman, both)]
    gain = odds[2] - np.maximum(odds[0], odds[1])
    yield _contrast("H1", "gain in log odds", matched, gain[:, None], settings)


def _better_in_strata(table: ScoreTable, difference: FloatArray) -> NDArray[np.bool_]:
    """Of each molecule, whether the mean of (M, S) over its stratum is above 0."""
    names = [f"{s.scaffold} {s.stratum}" for s in table.subjects]
    _, places = np.unique(names, return_inverse=True)
    return np.asarray((np.bincount(places, difference.mean(axis=1)) > 0)[places])


def _log_odds(shares: FloatArray, n: int) -> FloatArray:
    hits = shares * n
    return np.asarray(np.log((hits + 0.5) / (n - hits + 0.5)))


def _other_levels(found: Gathered, matched: Matched, settings: Settings) -> Iterator[Finding]:
    for name, task in (("H4", "library"), ("H5", "groups")):
        table = found.scores(task)
        for noise in found.noises:
            if noise != settings.noise:
                values = endpoint(table, "gain", noise=noise)
                about = f"{table.metric}: contrast of the gain at noise {noise:g}"
                yield _contrast(name, about, matched, values, settings)


def _inside(table: ScoreTable, settings: Settings) -> Iterator[Finding]:
    """The slopes of H6 to H8, isomers compared with isomers only."""
    scaffolds = [s.scaffold for s in table.subjects]
    strata = [s.stratum for s in table.subjects]
    for name, given, label, of in SLOPES:
        if given not in table.inputs:
            continue
        y = table.of(given, settings.noise).mean(axis=1)
        x = np.array([of(s, given) for s in table.subjects])
        try:
            interval = within_slope(y, x, scaffolds, strata)
        except EvaluationError:
            continue
        about = f"{given}: slope on {label} inside strata, scaffolds as clusters"
        yield _finding(name, about, len(y), interval)


def _larger_controls(
    found: Gathered, settings: Settings, silent: Sequence[bool]
) -> Iterator[Finding]:
    matched = silent_strata(found.subjects[found.n_main :], silent[found.n_main :])
    keep = matched.centred.sizes + matched.others.sizes > 2
    if keep.sum() >= 2:
        values = control_scores(found, settings)
        yield _contrast("H9", "strata of three or more", matched.part(keep), values, settings)
