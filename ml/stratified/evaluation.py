"""A whole stratified evaluation: contrasts, noise sweep, and what accuracy goes with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .bootstrap import METHODS, Resampled, cluster_interval, resample
from .cuts import cuts
from .endpoints import GAINS, available, endpoint
from .errors import EvaluationError
from .matching import Matched, match
from .mixed import mixed_regression
from .permutation import holm, sign_flip
from .power import components_of
from .results import Contrast, Evaluation, Mean, Overview, Point, ScaffoldContrast, Settings, Slope
from .simulation import Components
from .subjects import BOTH, IR, RAMAN, Subject
from .table import ScoreTable

FloatArray = NDArray[np.float64]
N_BINS = 8
"""Points of a curve of accuracy."""


def evaluate(table: ScoreTable, settings: Settings | None = None) -> Evaluation:
    """Evaluate a table of scores by strata.

    Raises
    ------
    Unmatched
        If no stratum has molecules with and without an inversion; `overview` needs none.
    EvaluationError
        If a setting does not fit the table.
    """
    whole = overview(table, settings)
    chosen, notes = whole.settings, list(whole.notes)
    matched = match(table.subjects, small=chosen.small, least=chosen.least)
    notes += matched.notes
    units = "scaffolds"
    if len(matched.scaffolds) == 1:
        notes.append("one scaffold only: strata are the top level, other scaffolds may differ")
        matched, units = replace(matched.flat(), notes=matched.notes), "strata"
    n = len(matched.scaffolds)
    if 1 < n < _FEW:
        notes.append(f"{n} {units}: the interval is rough below {_FEW}")
    primary = contrast(table, matched, chosen, chosen.endpoint, chosen.noise)
    if not np.isfinite(primary.low):
        notes.append(f"no interval for the primary contrast: {_why_open(primary, n, units)}")
    return Evaluation(
        table,
        chosen,
        whole.cuts,
        whole.curve,
        whole.slopes,
        tuple(notes),
        matched,
        primary,
        _corrected([contrast(table, matched, chosen, *which) for which in chosen.secondary]),
        tuple(_by_scaffold(table, matched, chosen)),
        tuple(_means(table, matched, chosen)),
        _components(table, matched, chosen),
    )


def overview(table: ScoreTable, settings: Settings | None = None) -> Overview:
    """What a table of scores says without matched strata.

    Raises
    ------
    EvaluationError
        If a setting does not fit the table.
    """
    chosen = _filled(table, settings or Settings())
    return Overview(
        table,
        chosen,
        tuple(cuts(table, chosen)),
        tuple(_curve(table, chosen)),
        tuple(_slopes(table, chosen)),
        table.notes,
    )


def _why_open(primary: Contrast, n: int, units: str) -> str:
    if n < 2:
        return "there is but one stratum"
    if not primary.error > 1e-12 * max(1.0, abs(primary.value)):  # but for rounding
        return f"nothing varies between {units}"
    return f"{n} {units} are too few for it; --interval t asks for less and assumes more"


_FEW = 8
"""Scaffolds below which no interval is trusted. Under the null, six with one binary run each still
give p < 0.05 in 10 % of cases."""


def _filled(table: ScoreTable, settings: Settings) -> Settings:
    names = available(table)
    first = settings.endpoint or names[0]
    if settings.interval not in METHODS:
        raise EvaluationError(f"interval {settings.interval!r}: choose from {', '.join(METHODS)}")
    least = math.ceil(2 / (1 - settings.level))
    if settings.replicates < least:
        raise EvaluationError(
            f"{settings.replicates} bootstrap replicates do not reach the limits of "
            f"{100 * settings.level:g} %: give {least} or more, 4000 is usual"
        )
    for name, at in ((first, settings.noise), *settings.secondary):
        if name not in names:
            raise EvaluationError(f"endpoint {name!r}: the scores allow {', '.join(names)}")
        table.level(at)
    noise = table.noises[table.level(settings.noise)]
    asked = tuple((name, noise if at is None else at) for name, at in settings.secondary)
    for k, which in enumerate(asked):
        if which in ((first, noise), *asked[:k]):
            raise EvaluationError(
                f"secondary endpoint {which[0]}@{which[1]:g} is the primary one or occurs twice"
            )
    others = asked or (
        *((name, noise) for name in names if name in GAINS and name != first),
        *((first, other) for other in table.noises if other != noise),
    )
    return replace(settings, endpoint=first, noise=noise, secondary=others)


def contrast(
    table: ScoreTable, matched: Matched, settings: Settings, name: str, noise: float | None
) -> Contrast:
    """The matched contrast of one endpoint."""
    values = endpoint(table, name, noise=noise)
    found = _resampled(matched, values, settings)
    interval = found.interval(settings.interval, level=settings.level)
    d = matched.contrasts(values.mean(axis=1))
    sums = np.bincount(matched.scaffold_of, d)
    return Contrast(
        name,
        table.noises[table.level(noise)],
        found.value,
        interval.low,
        interval.high,
        found.error,
        found.p_value(settings.interval) if np.isfinite(interval.low) else np.nan,
        sign_flip(d, seed=settings.seed),
        sign_flip(sums, seed=settings.seed),
    )


def _resampled(matched: Matched, values: FloatArray, settings: Settings) -> Resampled:
    return resample(
        matched, values, replicates=settings.replicates, seed=settings.seed, runs=settings.runs
    )


def _corrected(contrasts: Sequence[Contrast]) -> tuple[Contrast, ...]:
    known = [c for c in contrasts if np.isfinite(c.p)]
    adjusted = dict(zip(map(id, known), holm([c.p for c in known]), strict=True))
    return tuple(replace(c, p_holm=adjusted.get(id(c))) for c in contrasts)


def _by_scaffold(
    table: ScoreTable, matched: Matched, settings: Settings
) -> Iterator[ScaffoldContrast]:
    values = endpoint(table, settings.endpoint, noise=settings.noise)
    if matched.scaffolds == matched.strata:
        return
    for place, name in enumerate(matched.scaffolds):
        here = matched.only(place)
        found = _resampled(here, values, settings)
        interval = found.interval(settings.interval, level=settings.level)
        yield ScaffoldContrast(name, len(here.strata), found.value, interval.low, interval.high)


def _means(table: ScoreTable, matched: Matched, settings: Settings) -> Iterator[Mean]:
    """Intervals by Student's t over scaffolds: these curves are drawn, not tested."""
    for given in table.inputs:
        for noise in table.noises:
            values = table.of(given, noise).mean(axis=1)
            sides = (side.means(values) for side in (matched.centred, matched.others))
            yield Mean(
                given,
                noise,
                *(cluster_interval(matched, means, level=settings.level) for means in sides),
            )


def _curve(table: ScoreTable, settings: Settings) -> Iterator[Point]:
    """Bins of as many molecules each, unless shares are equal; every input by itself."""
    for given in table.inputs:
        shares = np.array([s.share(given) for s in table.subjects])
        scores = table.of(given, settings.noise).mean(axis=1)
        edges = np.unique(np.quantile(shares, np.linspace(0, 1, N_BINS + 1)))
        bins = np.searchsorted(edges, shares, side="right")
        for b in np.unique(bins):
            inside = bins == b
            values = scores[inside]
            half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
            mean = float(values.mean())
            yield Point(
                given,
                float(shares[inside].mean()),
                len(values),
                mean,
                float(mean - half),
                float(mean + half),
            )


def _slopes(table: ScoreTable, settings: Settings) -> Iterator[Slope]:
    for name in dict.fromkeys((*table.inputs, settings.endpoint)):
        y = endpoint(table, name, noise=settings.noise).mean(axis=1)
        for label, x in _properties(table.subjects, name):
            yield _slope(table.subjects, name, y, label, x)


def _properties(subjects: Sequence[Subject], name: str) -> Iterator[tuple[str, FloatArray]]:
    """What an endpoint is regressed on, each by itself."""
    given = BOTH if name in GAINS else name
    yield "N_visible/N_vib", np.array([s.share(given) for s in subjects])
    yield "distinct lines", np.array([float(s.n_lines(given)) for s in subjects])
    if name in GAINS:
        single = np.array([max(s.share(IR), s.share(RAMAN)) for s in subjects])
        yield "N_visible/N_vib gained", np.array([s.share(BOTH) for s in subjects]) - single
        lines = np.array([max(s.n_lines(IR), s.n_lines(RAMAN)) for s in subjects])
        yield "distinct lines gained", np.array([float(s.n_lines()) for s in subjects]) - lines


def _slope(
    subjects: Sequence[Subject], name: str, y: FloatArray, label: str, x: FloatArray
) -> Slope:
    strata = [s.stratum or f"alone {s.name}" for s in subjects]
    try:
        fit = mixed_regression(y, [(label, x)], [s.scaffold for s in subjects], strata)
    except EvaluationError as error:
        return Slope(name, label, None, str(error))
    return Slope(name, label, fit[label])


def _components(table: ScoreTable, matched: Matched, settings: Settings) -> Components | None:
    try:
        return components_of(matched, endpoint(table, settings.endpoint, noise=settings.noise))
    except EvaluationError:
        return None
