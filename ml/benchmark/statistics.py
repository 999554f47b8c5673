"""Figures of merit, intervals, and paired comparisons of methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..spectra import Array

RESAMPLES = 4000
"""Bootstrap and permutation samples."""


@dataclass(frozen=True, slots=True)
class Merit:
    """How well test values are predicted.

    Attributes
    ----------
    r2 : float
        1 − Σ(y − ŷ)² / Σ(y − ȳ)², with the mean of the test set.
    rmsep : float
        Root mean squared error, in units of the property.
    bias : float
        Mean of ŷ − y.
    """

    r2: float
    rmsep: float
    bias: float


def merit(values: Array, predictions: Array) -> Merit:
    """R², RMSEP and bias of predictions.

    >>> merit(np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.0, 2.5]))
    Merit(r2=0.75, rmsep=0.408248290463863, bias=0.0)
    """
    residuals = predictions - values
    spread = ((values - values.mean()) ** 2).sum()
    r2 = float(1 - (residuals**2).sum() / spread) if spread > 0 else float("nan")
    return Merit(r2, float(np.sqrt((residuals**2).mean())), float(residuals.mean()))


def median_interval(values: Sequence[float], *, level: float = 0.95) -> tuple[float, float, float]:
    """The median with the bootstrap interval of it, over splits.

    Parameters
    ----------
    values : sequence of float
    level : float, optional

    Returns
    -------
    (median, low, high)
    """
    given = np.asarray(values, dtype=float)
    rng = np.random.default_rng(0)
    draws = np.median(given[rng.integers(0, len(given), (RESAMPLES, len(given)))], axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(np.median(given)), float(low), float(high)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two methods on the same splits.

    Attributes
    ----------
    n_splits : int
    wins : int
        Splits in which the first has the smaller RMSEP.
    gain : float
        Median over splits of the first's R² less the second's.
    p_wilcoxon : float
        Two-sided signed-rank test of the RMSEP over splits. It speaks of other splits of
        these samples: splits share samples, so it overstates what is known of new ones.
    p_corrected : float
        Two-sided t-test of the mean squared errors with the variance corrected for shared
        samples (C. Nadeau and Y. Bengio, Mach. Learn. 52 (2003) 239).
    ratio, ratio_low, ratio_high : float
        RMSEP of the first over that of the second, over all samples, each with its mean squared
        error in the splits that tested it; 95 % bootstrap interval over samples.
    p_samples : float
        Two-sided sign-flip permutation test of those squared errors over samples.
    """

    n_splits: int
    wins: int
    gain: float
    p_wilcoxon: float
    p_corrected: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p_samples: float


def compare(
    first: Mapping[int, tuple[Array, Array]],
    second: Mapping[int, tuple[Array, Array]],
    values: Array,
    *,
    n_calibration: int,
) -> Comparison:
    """Compare two methods on the splits that both have.

    Parameters
    ----------
    first, second : mapping of seed to (rows, predictions)
        Test rows and what was predicted for them.
    values : (n,) array
        Reference values of all samples.
    n_calibration : int
        Size of the calibration sets.
    """
    from scipy.stats import wilcoxon

    seeds = sorted(first.keys() & second.keys())
    errors = [[(each[s][1] - values[each[s][0]]) ** 2 for s in seeds] for each in (first, second)]
    mse = np.array([[e.mean() for e in method] for method in errors])
    spread = np.array([values[first[s][0]].var() for s in seeds])
    difference = mse[0] - mse[1]
    n_test = len(errors[0][0])
    ratio, low, high, p_samples = _over_samples(errors, [first[s][0] for s in seeds], len(values))
    return Comparison(
        n_splits=len(seeds),
        wins=int(np.sum(difference < 0)),
        gain=float(np.median(-difference / spread)),
        p_wilcoxon=float(wilcoxon(np.sqrt(mse[0]), np.sqrt(mse[1])).pvalue)
        if np.any(difference)
        else 1.0,
        p_corrected=corrected_t(difference, n_test / n_calibration),
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        p_samples=p_samples,
    )


def corrected_t(differences: Array, test_over_calibration: float) -> float:
    """Two-sided p of the mean difference over splits that share samples.

    Nadeau and Bengio 2003: the variance of the mean is (1/J + n₂/n₁) S² rather than S²/J.

    Parameters
    ----------
    differences : (J,) array
    test_over_calibration : float
        n₂/n₁; 0 gives the ordinary paired t-test.
    """
    from scipy.stats import t

    n = len(differences)
    variance = differences.var(ddof=1) if n > 1 else 0.0
    if not variance > 0:
        return 1.0
    statistic = differences.mean() / np.sqrt((1 / n + test_over_calibration) * variance)
    return float(2 * t.sf(abs(statistic), n - 1))


def _over_samples(
    errors: list[list[Array]], rows: list[np.ndarray], n: int
) -> tuple[float, float, float, float]:
    """Ratio of RMSEP over samples, its bootstrap interval, and the p of a sign-flip test."""
    counts = np.bincount(np.concatenate(rows), minlength=n)
    tested = counts > 0
    each = [
        np.bincount(np.concatenate(rows), np.concatenate(e), n)[tested] / counts[tested]
        for e in errors
    ]
    rng = np.random.default_rng(0)
    draws = rng.integers(0, tested.sum(), (RESAMPLES, int(tested.sum())))
    ratios = np.sqrt(each[0][draws].mean(axis=1) / each[1][draws].mean(axis=1))
    difference = each[0] - each[1]
    signs = rng.choice([-1.0, 1.0], (RESAMPLES, len(difference)))
    beyond = np.abs(signs @ difference) >= abs(difference.sum()) * (1 - 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    ratio = np.sqrt(each[0].mean() / each[1].mean())
    return float(ratio), float(low), float(high), float((1 + beyond.sum()) / (1 + RESAMPLES))
