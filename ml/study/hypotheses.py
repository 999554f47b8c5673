"""The registered hypotheses, each as one number with its interval and verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..stratified import (
    Evaluation,
    EvaluationError,
    Matched,
    ScoreTable,
    Settings,
    Subject,
    holm,
    mixed_regression,
    resample,
    sign_flip,
)
from ..stratified.evaluation import contrast
from ..stratified.matching import Side
from .gather import FloatArray, Gathered

PRACTICAL: Final = 0.05
"""Contrast of practical size."""
LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one hypothesis.

    Attributes
    ----------
    name : str
        "H1" …; a hypothesis of several tests has one verdict for each.
    about : str
        What the number is.
    sign : 1 or -1
        That of the hypothesis.
    value, low, high, p : float
        NaN where there is none.
    p_holm : float or None
        Corrected within H2–H9; None for H1.
    p_strata, p_scaffolds : float
        Of contrasts: sign flips of strata, and of whole scaffolds.
    answer : str
        The direction: "holds", "the reverse", "open", or "not tested".
    size : str
        Of differences of scores, by their interval, which is not corrected: "none of practical
        size", "of practical size", or "size open".
    reason : str
        Why there is no test.
    """

    name: str
    about: str
    sign: int
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    p_holm: float | None = None
    p_strata: float = np.nan
    p_scaffolds: float = np.nan
    answer: str = "not tested"
    size: str = ""
    reason: str = ""


def verdicts(
    found: Gathered, evaluation: Evaluation, silent: Sequence[bool]
) -> tuple[Verdict, ...]:
    """All hypotheses.

    Parameters
    ----------
    found : Gathered
    evaluation : Evaluation
        Of identification at the primary noise level.
    silent : sequence of bool, n
        Which molecules have silent modes, in the order of ``found.subjects``.
    """
    out = [
        *_contrasts(found, evaluation),
        *_slopes(evaluation.table, evaluation.settings),
        _silent(found, evaluation.settings, silent),
    ]
    tested = [v for v in out if v.name != "H1" and np.isfinite(v.p)]
    corrected = dict(zip(map(id, tested), holm([v.p for v in tested]), strict=True))
    return tuple(_answered(replace(v, p_holm=corrected.get(id(v)))) for v in out)


def _answered(v: Verdict) -> Verdict:
    """The direction of H1 by its interval, that of the others by the corrected p; then the size."""
    if not np.isfinite(v.p):
        return v
    clear = (v.low > 0 or v.high < 0) if v.p_holm is None else v.p_holm < LEVEL
    answer = ("holds" if v.value * v.sign > 0 else "the reverse") if clear else "open"
    return replace(v, answer=answer, size=_size(v) if v.name in _DIFFERENCES else "")


def _size(v: Verdict) -> str:
    if max(abs(v.low), abs(v.high)) <= PRACTICAL:
        return "none of practical size"
    if v.low >= PRACTICAL or v.high <= -PRACTICAL:
        return "of practical size"
    return "size open"


_DIFFERENCES: Final = ("H1", "H2", "H3", "H4", "H5", "H9")
"""Those whose numbers are differences of scores."""


def _contrasts(found: Gathered, evaluation: Evaluation) -> Iterator[Verdict]:
    asked = (
        ("H1", "identification", "gain"),
        ("H2", "identification", "gain, cross-fitted"),
        ("H3", "identification", "gain over ir twice"),
        ("H4", "library", "gain"),
        ("H5", "groups", "gain"),
    )
    settings, matched = evaluation.settings, evaluation.matched
    for name, task, endpoint in asked:
        table = found.scores(task)
        blank = Verdict(name, f"{table.metric}: contrast of the {endpoint}", 1)

        def test(table: ScoreTable = table, endpoint: str = endpoint) -> dict[str, float]:
            c = contrast(table, matched, settings, endpoint, settings.noise)
            names = ("value", "low", "high", "p", "p_strata", "p_scaffolds")
            return {name: getattr(c, name) for name in names}

        yield _tested(blank, test)


def _tested(blank: Verdict, test: Callable[[], dict[str, float]]) -> Verdict:
    try:
        return replace(blank, **test())  # type: ignore[arg-type]
    except EvaluationError as error:
        return replace(blank, reason=str(error))


Property = Callable[[Subject, str], float]


def _share(s: Subject, given: str) -> float:
    return s.share(given)


def _lines(s: Subject, given: str) -> float:
    return float(s.n_lines(given))


SLOPES: Final[tuple[tuple[str, str, str, Property], ...]] = (
    ("H6", "ir", "N_IR/N_vib", _share),
    ("H6", "raman", "N_Raman/N_vib", _share),
    ("H7", "both", "R", _share),
    ("H8", "ir", "distinct IR lines", _lines),
    ("H8", "raman", "distinct Raman lines", _lines),
    ("H8", "both", "distinct visible lines", _lines),
)
"""Hypothesis, input, what its score is regressed on, and that of a molecule."""


def _slopes(table: ScoreTable, settings: Settings) -> Iterator[Verdict]:
    """Accuracy on the share of visible modes, and on distinct lines."""
    for name, given, label, of in SLOPES:
        blank = Verdict(name, f"{table.metric} by {given}: slope on {label}", 1)

        def test(
            given: str = given,
            label: str = label,
            of: Property = of,
        ) -> dict[str, float]:
            y = table.of(given, settings.noise).mean(axis=1)
            x = np.array([of(s, given) for s in table.subjects])
            return slope_of(table.subjects, y, label, x)

        yield _tested(blank, test)


def slope_of(
    subjects: Sequence[Subject], y: FloatArray, label: str, x: FloatArray
) -> dict[str, float]:
    """Slope of a mixed regression, scaffold and stratum random, with its interval.

    Raises
    ------
    EvaluationError
        If x does not vary.
    """
    scaffolds = [s.scaffold for s in subjects]
    c = mixed_regression(y, [(label, x)], scaffolds, [s.stratum for s in subjects])[label]
    return {"value": c.value, "low": c.low, "high": c.high, "p": c.p}


def _silent(found: Gathered, settings: Settings, silent: Sequence[bool]) -> Verdict:
    """Members of control strata with silent modes less those without, strata as units."""
    blank = Verdict("H9", "top-1 by both, controls: with silent modes less without", -1)

    def test() -> dict[str, float]:
        matched = silent_strata(found.subjects[found.n_main :], silent[found.n_main :])
        values = control_scores(found, settings)
        drawn = resample(matched, values, replicates=settings.replicates, seed=settings.seed)
        interval = drawn.interval(settings.interval, level=settings.level)
        contrasts = matched.contrasts(values.mean(axis=1))
        # The sign flips need no spread of the replicates.
        p = drawn.p_value() if drawn.error > 0 else sign_flip(contrasts, seed=settings.seed)
        return {"value": drawn.value, "low": interval.low, "high": interval.high, "p": p}

    return _tested(blank, test)


def control_scores(found: Gathered, settings: Settings) -> FloatArray:
    """(n, S) identification of controls with both spectra, at the level of the settings.

    Raises
    ------
    EvaluationError
        If that input is not there.
    """
    if "both" not in found.inputs:
        raise EvaluationError("no scores for the input 'both'")
    noise = found.noises.index(float(settings.noise or found.noises[0]))
    values = found.values["identification"][found.n_main :]
    return np.asarray(values[:, found.inputs.index("both"), noise])


def silent_strata(subjects: Sequence[Subject], silent: Sequence[bool]) -> Matched:
    """Control strata with silent members in the place of centred ones, each stratum a unit.

    Raises
    ------
    EvaluationError
        If there are fewer than two.
    """
    sides: dict[str, tuple[list[int], list[int]]] = {}
    for row, (subject, has) in enumerate(zip(subjects, silent, strict=True)):
        sides.setdefault(subject.stratum, ([], []))[0 if has else 1].append(row)
    both = {name: pair for name, pair in sorted(sides.items()) if all(pair)}
    if len(both) < 2:
        raise EvaluationError(f"{len(both)} control strata; an interval needs two or more")
    names = tuple(both)
    first, second = (_side([pair[k] for pair in both.values()]) for k in (0, 1))
    return Matched(names, names, np.arange(len(names)), first, second)


def _side(rows: Sequence[Sequence[int]]) -> Side:
    most = max(map(len, rows))
    members = np.array([[*r, *[0] * (most - len(r))] for r in rows], dtype=np.intp)
    return Side(members, np.array([len(r) for r in rows], dtype=np.intp))
