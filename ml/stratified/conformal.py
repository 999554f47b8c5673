"""Split-conformal prediction sets, and whether they cover as they should.

With n calibration scores and a new one that are exchangeable, the set of all candidates whose
nonconformity is at most the k-th smallest score, k = ⌈(n + 1)(1 − α)⌉, holds the truth with
probability at least 1 − α; without ties it is k/(n + 1), and given the calibration set it follows
Beta(k, n + 1 − k) (V. Vovk, Mach. Learn. 92, 349 (2013)). Several measurements of one molecule,
or molecules of one scaffold on both sides of the split, are not exchangeable with new ones.

Functional groups, of which a molecule has several, are one problem of two classes each.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, betabinom

from .errors import EvaluationError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often sets held the truth.

    Attributes
    ----------
    n, covered : int
    share : float
    low, high : float
        95 % interval (C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934)).
    mean_size : float
        Of the sets.
    """

    n: int
    covered: int
    share: float
    low: float
    high: float
    mean_size: float


def rank_of(n: int, alpha: float) -> int:
    """Place of the threshold, k = ⌈(n + 1)(1 − α)⌉; n + 1 means that every candidate is in the set.

    >>> rank_of(9, 0.1), rank_of(8, 0.1), rank_of(99, 0.05)
    (9, 9, 95)
    """
    if not 0 < alpha < 1:
        raise EvaluationError(f"α = {alpha:g}: give a number between 0 and 1")
    # (n + 1)(1 − α) that should be whole, such as 10 · 0.9, must not be rounded up.
    return math.ceil(round((n + 1) * (1 - alpha), 9))


def threshold(scores: ArrayLike, alpha: float) -> float:
    """The k-th smallest calibration score; infinite if there are too few of them.

    Parameters
    ----------
    scores : (n,)
        Nonconformity of the true answers.
    alpha : float
        Share of sets that may miss.
    """
    given = np.sort(np.asarray(scores, dtype=np.float64))
    if given.ndim != 1 or np.isnan(given).any():
        raise EvaluationError("calibration scores must be a list of numbers")
    k = rank_of(len(given), alpha)
    return float(given[k - 1]) if k <= len(given) else math.inf


def thresholds_by(
    scores: ArrayLike, labels: Sequence[Hashable], alpha: float
) -> Mapping[Hashable, float]:
    """A threshold for each label, so that each of them is covered by itself.

    Labels are what is known before the answer: a stratum, a scaffold, the noise.
    """
    given = np.asarray(scores, dtype=np.float64)
    places: dict[Hashable, list[int]] = {}
    for i, label in enumerate(labels):
        places.setdefault(label, []).append(i)
    return {label: threshold(given[rows], alpha) for label, rows in places.items()}


def prediction_sets(scores: ArrayLike, limit: ArrayLike) -> BoolArray:
    """(m, K) which candidates are in the set of each measurement.

    Parameters
    ----------
    scores : (m, K)
        Nonconformity of each candidate.
    limit : float or (m,)
    """
    given = np.asarray(scores, dtype=np.float64)
    return np.asarray(given <= np.broadcast_to(limit, (len(given),))[:, None])


def coverage(
    sets: BoolArray, truth: ArrayLike, labels: Sequence[Hashable] | None = None
) -> Mapping[Hashable, Coverage]:
    """Coverage under "all", and under each label.

    Parameters
    ----------
    sets : (m, K)
    truth : (m,) int
        Place of the true candidate.
    labels : sequence, m, optional
    """
    right = np.asarray(truth, dtype=np.intp)
    if len(right) != len(sets) or not len(right):
        raise EvaluationError(f"{len(sets)} sets for {len(right)} answers")
    hit, sizes = sets[np.arange(len(right)), right], sets.sum(axis=1)
    out: dict[Hashable, Coverage] = {"all": _coverage(hit, sizes)}
    given = np.array([] if labels is None else [str(label) for label in labels])
    for label in dict.fromkeys(labels or ()):
        rows = given == str(label)
        out[label] = _coverage(hit[rows], sizes[rows])
    return out


def _coverage(hit: BoolArray, sizes: NDArray[np.intp]) -> Coverage:
    n, k = len(hit), int(hit.sum())
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return Coverage(n, k, k / n, low, high, float(sizes.mean()))


def expected_coverage(
    n_calibration: int, n_test: int, alpha: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean, and limits within which the share of n_test sets lies if all is exchangeable.

    The number of covered ones follows a beta-binomial law.

    >>> expected_coverage(99, 1000, 0.1)
    (0.9, 0.831, 0.953)
    """
    k = rank_of(n_calibration, alpha)
    if k > n_calibration:
        return 1.0, 1.0, 1.0
    law = betabinom(n_test, k, n_calibration + 1 - k)
    low, high = law.ppf([(1 - level) / 2, (1 + level) / 2]) / n_test
    return k / (n_calibration + 1), float(low), float(high)


# ---- nonconformity ----


def improbability(probabilities: ArrayLike) -> FloatArray:
    """1 − p of each class or candidate, (m, K)."""
    p = np.asarray(probabilities, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise EvaluationError("a probability lies outside 0 to 1")
    return 1 - p


def adaptive(probabilities: ArrayLike, uniforms: ArrayLike) -> FloatArray:
    """Probability of all better candidates, and a random part of the own one, (m, K).

    Y. Romano, M. Sesia and E. J. Candès, NeurIPS 33, 3581 (2020): sets are larger where a
    model is less sure.

    Parameters
    ----------
    probabilities : (m, K)
    uniforms : (m,)
        Random numbers from 0 to 1, one for each measurement.
    """
    p = 1 - improbability(probabilities)
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    part = np.asarray(uniforms, dtype=np.float64)[:, None] * ranked
    out = np.empty_like(p)
    np.put_along_axis(out, order, before + part, axis=1)
    return out


def beyond_nearest(distances: ArrayLike) -> FloatArray:
    """Distance of each library member less that of the nearest one, (m, K)."""
    d = np.asarray(distances, dtype=np.float64)
    return np.asarray(d - d.min(axis=1, keepdims=True))
