"""Ranking by log-probability and consistency, and how often the first candidate is right.

A candidate's score is its log-probability plus a weight times its consistency. The confidence in
the first one is a logistic function (J. Platt (1999)) of its lead over the second and of its
consistency, with slopes that are not negative; if wanted followed by an isotonic function (B.
Zadrozny and C. Elkan, KDD (2002)); fitted on molecules that were not trained on. It never falls
where one of them grows. Below a threshold the answer is "no candidate fits".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup.writing import whole_file
from ...vibration.errors import MissingPackage
from ..errors import SpectraError
from ..model.errors import CheckpointError

Float64: TypeAlias = NDArray[np.float64]
Bool: TypeAlias = NDArray[np.bool_]
WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Weights of the consistency that are tried."""
LARGEST_LEAD: Final = 10.0
"""A lead beyond this says no more; also that of a single candidate."""
LEAST_CONFIDENCE: Final = 0.5
"""An answer is more likely right than wrong."""
FEWEST: Final = 20
"""Molecules that a calibration needs, with right and wrong answers among them."""
FORMAT: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Candidates of one molecule, as a calibration sees them.

    Attributes
    ----------
    log_probability : (n,)
    consistency : (n,)
        NaN where there is no predicted spectrum.
    right : int
        Place of the true molecule; −1 if it is not among them.
    """

    log_probability: Float64
    consistency: Float64
    right: int = -1


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to rank, and what confidence a first place deserves.

    Attributes
    ----------
    weight : float
        Of the consistency in the score; 0 where none was computed.
    offset : float
    slopes : tuple of float
        Of the lead and of the consistency, 0 or more.
    steps : tuple of (float, float)
        Logistic value and confidence, both ascending; between them straight lines.
    threshold : float
        Below this confidence there is no answer.
    molecules : int
        That it was fitted on.
    predictor : str
        Whose consistency it was; empty for none.

    Raises
    ------
    SpectraError
        If a slope is negative or steps do not ascend.
    """

    weight: float
    offset: float
    slopes: tuple[float, float]
    steps: tuple[tuple[float, float], ...]
    threshold: float
    molecules: int
    predictor: str = ""

    def __post_init__(self) -> None:
        table = np.array(self.steps, dtype=float).reshape(-1, 2)
        if min(self.slopes) < 0 or self.weight < 0 or (np.diff(table, axis=0) < 0).any():
            raise SpectraError("a confidence must not fall where lead or consistency grow")

    def scores(self, log_probability: ArrayLike, consistency: ArrayLike) -> Float64:
        """Score of candidates, (n,); without a predicted spectrum the consistency counts as 0."""
        return scores(log_probability, consistency, self.weight)

    def confidence(self, lead: ArrayLike, consistency: ArrayLike) -> Float64:
        """Probability that the first candidate is right, (n,).

        Parameters
        ----------
        lead : (n,)
            Score of the first candidate less that of the second.
        consistency : (n,)
            Of the first.
        """
        value = _logistic(_features(lead, consistency), self.offset, np.array(self.slopes))
        if not self.steps:
            return value
        x, y = np.array(self.steps).T
        return np.asarray(np.interp(value, x, y))


def scores(log_probability: ArrayLike, consistency: ArrayLike, weight: float) -> Float64:
    """Log-probability plus a weight times the consistency, (n,); NaN counts as 0."""
    known = np.nan_to_num(np.asarray(consistency, dtype=float), nan=0.0)
    return np.asarray(log_probability, dtype=float) + weight * known


def leads(ranked: Sequence[Ranked], weight: float) -> tuple[Float64, Float64, Bool]:
    """Of the first candidate of each molecule: lead, consistency, and whether it is right."""
    lead, consistency, right = np.zeros(len(ranked)), np.zeros(len(ranked)), []
    for k, each in enumerate(ranked):
        if not len(each.log_probability):
            right.append(False)
            continue
        values = scores(each.log_probability, each.consistency, weight)
        order = np.argsort(-values, kind="stable")
        lead[k] = lead_of(values[order])
        consistency[k] = np.nan_to_num(each.consistency[order[0]], nan=0.0)
        right.append(bool(order[0] == each.right))
    return lead, consistency, np.array(right, dtype=bool)


def lead_of(descending: ArrayLike) -> float:
    """How far the first of some scores is ahead, at most `LARGEST_LEAD`.

    >>> lead_of([-1.0, -3.5]), lead_of([-1.0])
    (2.5, 10.0)
    """
    values = np.asarray(descending, dtype=float)
    if len(values) and not np.isfinite(values[0]):
        return 0.0  # a molecule that the decoder cannot write leads nothing
    if len(values) < 2 or not np.isfinite(values[1]):
        return LARGEST_LEAD
    return float(min(values[0] - values[1], LARGEST_LEAD))


def calibrate(
    ranked: Sequence[Ranked], *, predictor: str = "", isotonic: bool = False
) -> Calibration:
    """Fit a calibration on molecules that the model was not trained on.

    Parameters
    ----------
    ranked : sequence of Ranked
        Also those without candidates.
    predictor : str
        Whose consistency it is.
    isotonic : bool
        Whether the step function is fitted too. It needs many molecules, and makes confidences
        equal, so that a threshold cuts less finely.

    Raises
    ------
    SpectraError
        If there are fewer than `FEWEST` molecules, or all answers are right, or all wrong.
    MissingPackage
        Without scikit-learn.
    """
    used = [w for w in WEIGHTS if w == 0 or _any_consistency(ranked)]
    right_at = [float(leads(ranked, w)[2].mean()) for w in used] if ranked else [0.0]
    weight = used[int(np.argmax(right_at))]
    lead, consistency, right = leads(ranked, weight)
    if len(ranked) < FEWEST or right.all() or not right.any():
        raise SpectraError(
            f"{int(right.sum())} of {len(ranked)} first candidates are right; a calibration needs "
            f"{FEWEST} molecules or more, with right and wrong answers"
        )
    features = _features(lead, consistency)
    offset, slopes = _platt(features, right)
    value = _logistic(features, offset, slopes)
    steps = _isotonic(value, right) if isotonic else ()
    return Calibration(
        weight, offset, (slopes[0], slopes[1]), steps, LEAST_CONFIDENCE, len(ranked), predictor
    )


# ---- coverage ----


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What abstention buys.

    Attributes
    ----------
    coverage : (n,)
        Share of the molecules that are answered, ascending.
    risk : (n,)
        Share of the answers that are wrong.
    hallucination : (n,)
        Wrong answers over all molecules: confident and wrong.
    threshold : (n,)
        Least confidence of an answer.
    """

    coverage: Float64
    risk: Float64
    hallucination: Float64
    threshold: Float64

    def at(self, coverage: float) -> tuple[float, float]:
        """Risk and hallucination rate at the smallest coverage that is at least this."""
        k = min(int(np.searchsorted(self.coverage, coverage - 1e-12)), len(self.coverage) - 1)
        return float(self.risk[k]), float(self.hallucination[k])


def coverage_curve(confidence: ArrayLike, right: ArrayLike) -> Coverage:
    """Risk and hallucination rate against coverage; equal confidences are answered together.

    Parameters
    ----------
    confidence : (n,)
    right : (n,) bool

    Raises
    ------
    SpectraError
        If there is no molecule.

    Examples
    --------
    >>> curve = coverage_curve([0.9, 0.8, 0.3, 0.2], [True, True, True, False])
    >>> curve.coverage.tolist(), curve.at(0.75), curve.at(1.0)
    ([0.25, 0.5, 0.75, 1.0], (0.0, 0.0), (0.25, 0.25))
    """
    sure, true = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
    if not len(sure) or sure.shape != true.shape:
        raise SpectraError(f"{sure.shape} confidences for {true.shape} answers; give one each")
    order = np.argsort(-sure, kind="stable")
    ordered, wrong = sure[order], np.cumsum(~true[order])
    ends = np.flatnonzero(np.append(np.diff(ordered) < 0, True))
    answered = ends + 1
    return Coverage(
        answered / len(sure), wrong[ends] / answered, wrong[ends] / len(sure), ordered[ends]
    )


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> dict[str, float]:
    """Brier score, and the expected calibration error over equally filled bins."""
    sure, true = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    order = np.argsort(sure, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    gaps = [abs(sure[p].mean() - true[p].mean()) * len(p) for p in parts]
    brier = float(((sure - true) ** 2).mean())
    return {"brier": brier, "calibration error": float(sum(gaps) / len(sure))}


# ---- files ----


def save_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON; the file is there whole or not at all."""
    text = json.dumps({"format": FORMAT, **asdict(calibration)}, indent=1)
    with whole_file(path, CheckpointError) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def load_calibration(path: Path) -> Calibration:
    """A calibration.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another format.
    """
    try:
        fields: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        fields["slopes"] = tuple(fields["slopes"])
        fields["steps"] = tuple((float(x), float(y)) for x, y in fields["steps"])
        return Calibration(**fields)
    except OSError as error:
        raise CheckpointError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path}: no calibration of this version; calibrate again") from None


def _any_consistency(ranked: Sequence[Ranked]) -> bool:
    return any(np.isfinite(each.consistency).any() for each in ranked)


def _features(lead: ArrayLike, consistency: ArrayLike) -> Float64:
    known = np.nan_to_num(np.asarray(consistency, dtype=float), nan=0.0)
    return np.stack(np.broadcast_arrays(np.asarray(lead, dtype=float), known), axis=-1)


def _logistic(features: Float64, offset: float, slopes: Float64) -> Float64:
    from scipy.special import expit

    return np.asarray(expit(features @ slopes + offset))


def _platt(features: Float64, right: Bool) -> tuple[float, Float64]:
    """Offset and slopes; a slope that comes out negative is left out, and the rest fitted anew."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise MissingPackage(
            'a calibration needs scikit-learn, not installed here: pip install "spektron[ml]"'
        ) from None
    used = [k for k in range(features.shape[1]) if np.ptp(features[:, k]) > 0]
    while used:
        fit = LogisticRegression(C=10.0).fit(features[:, used], right)
        found = fit.coef_[0]
        if (found >= 0).all():
            slopes = np.zeros(features.shape[1])
            slopes[used] = found
            return float(fit.intercept_[0]), slopes
        used.pop(int(np.argmin(found)))
    share = np.clip(right.mean(), 1e-6, 1 - 1e-6)
    return float(np.log(share / (1 - share))), np.zeros(features.shape[1])


def _isotonic(value: Float64, right: Bool) -> tuple[tuple[float, float], ...]:
    from sklearn.isotonic import IsotonicRegression

    if np.ptp(value) == 0:
        return ()
    # By the rule of succession n answers that are all right do not make the next one certain.
    least = 1 / (len(right) + 2)
    fit = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(value, right)
    return tuple(zip(fit.X_thresholds_.tolist(), fit.y_thresholds_.tolist(), strict=True))
