"""Checks of the analysis on the data it is for: nothing found in nothing, something in something.

An effect that is added to one side of every stratum moves the contrast and all its replicates
alike, so that one bootstrap of shuffled labels serves both checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..stratified import (
    EvaluationError,
    Matched,
    ScoreTable,
    Settings,
    components_of,
    power,
    resample,
)
from ..stratified.matching import Side
from .gather import FloatArray
from .hypotheses import PRACTICAL, slope_of

REPLICATES: Final = 500
"""Of each repetition."""
STUDIES: Final = 500
PLANTED: Final = 0.75
"""Share of planted effects that is to be found."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks gave.

    Attributes
    ----------
    repetitions : int
    shuffled : float
        Share of repetitions with shuffled sides whose interval holds 0; 0.95 is right.
    planted : float
        Share in which an effect of `PRACTICAL` on top of shuffled sides is found; 0.75 is asked
        for. Shuffling removes what differs between scaffolds; ``power`` keeps it.
    power : float or None
        Of an effect of `PRACTICAL` with the scaffolds and strata as different as they are, by
        simulation; None if they do not vary.
    oracle : mapping from input to float
        Slope of a score that is the visible share on that share; 1 is right. Inputs whose share
        does not vary are left out.
    drawn : mapping from input to (value, low, high)
        Twice the slope of a score that is drawn: each measurement is right with a probability of
        1/4 plus half the share, so that all are about equally uncertain.
    """

    repetitions: int
    shuffled: float
    planted: float
    power: float | None
    oracle: Mapping[str, float]
    drawn: Mapping[str, tuple[float, float, float]]

    @property
    def failed(self) -> tuple[str, ...]:
        """What is not as it should be, by more than chance explains."""
        slack = 3 * (0.95 * 0.05 / self.repetitions) ** 0.5
        out = []
        if self.shuffled < 0.95 - slack:
            out.append(f"shuffled sides: the interval holds 0 in {self.shuffled:.1%} only")
        if self.planted < PLANTED:
            out.append(f"an effect of {PRACTICAL:g} is found in {self.planted:.1%} only")
        if any(abs(slope - 1) > 1e-6 for slope in self.oracle.values()):
            out.append("the oracle's slope is not 1")
        if any(abs(value - 1) > high - low for value, low, high in self.drawn.values()):
            out.append("the slope of the oracle that is drawn is far from 1")
        return tuple(out)


def checks(
    table: ScoreTable,
    matched: Matched,
    values: FloatArray,
    settings: Settings,
    *,
    repetitions: int,
    draws: int,
) -> Checks:
    """All checks.

    Parameters
    ----------
    table : ScoreTable
    matched : Matched
    values : (M, S)
        Primary endpoint.
    settings : Settings
    repetitions : int
    draws : int
        Measurements of a molecule behind a score.
    """
    rng = np.random.default_rng(settings.seed)
    holds = found = 0
    for k in range(repetitions):
        drawn = resample(shuffled(matched, rng), values, replicates=REPLICATES, seed=k)
        interval = drawn.interval(settings.interval, level=settings.level)
        holds += not (interval.low > 0 or interval.high < 0)
        found += interval.low + PRACTICAL > 0
    return Checks(
        repetitions,
        holds / repetitions,
        found / repetitions,
        _power(matched, values, settings),
        oracle(table),
        drawn_oracle(table, draws, settings.seed),
    )


def shuffled(matched: Matched, rng: np.random.Generator) -> Matched:
    """The same strata with their members dealt anew to the two sides."""
    a, b = matched.centred, matched.others
    width = a.members.shape[1] + b.members.shape[1]
    members = np.zeros((len(a.sizes), width), dtype=np.intp)
    for k, (m, n) in enumerate(zip(a.sizes, b.sizes, strict=True)):
        mixed = rng.permutation(np.concatenate([a.members[k, :m], b.members[k, :n]]))
        members[k, :m] = mixed[:m]
        members[k, a.members.shape[1] : a.members.shape[1] + n] = mixed[m:]
    cut = a.members.shape[1]
    return Matched(
        matched.strata,
        matched.scaffolds,
        matched.scaffold_of,
        Side(members[:, :cut], a.sizes),
        Side(members[:, cut:], b.sizes),
    )


def oracle(table: ScoreTable) -> dict[str, float]:
    """Slope of each input's visible share on itself, by the regression that hypotheses use."""
    return {given: c["value"] for given, c in _oracles(table, lambda share: share)}


def drawn_oracle(
    table: ScoreTable, draws: int, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """Twice slope and interval where measurements are right with probability 1/4 + share/2."""
    rng, n = np.random.default_rng(seed), draws * len(table.runs)
    found = _oracles(table, lambda share: rng.binomial(n, 0.25 + share / 2) / n)
    return {given: (2 * c["value"], 2 * c["low"], 2 * c["high"]) for given, c in found}


def _oracles(
    table: ScoreTable, score: Callable[[FloatArray], FloatArray]
) -> Iterator[tuple[str, Mapping[str, float]]]:
    for given in table.inputs:
        x = np.array([s.share(given) for s in table.subjects])
        try:
            yield given, slope_of(table.subjects, score(x), "share", x)
        except EvaluationError:
            continue


def _power(matched: Matched, values: FloatArray, settings: Settings) -> float | None:
    try:
        components = components_of(matched, values)
        found = power(
            matched,
            components,
            effect=PRACTICAL,
            n_runs=values.shape[1],
            studies=STUDIES,
            level=settings.level,
            seed=settings.seed,
        )
    except EvaluationError:
        return None
    return found.value
