"""The mean contrast over matched strata, and its intervals by resampling from the top down.

A replicate draws scaffolds with replacement; for each drawn scaffold strata; for each drawn
stratum molecules of each side; and training runs. Runs are crossed with molecules, for one run
scores them all: by default a replicate draws its runs once, for all molecules.

Strata weigh alike, whatever their scaffold. The standard error treats scaffolds as clusters,

    se² = G/(G − 1) Σ_g (Σ_{k in g} (d_k − θ))² / K²

(K.-Y. Liang and S. L. Zeger, Biometrika 73, 13 (1986)), and the studentised interval takes the
quantiles of (θ* − θ)/se* in place of normal ones (A. C. Cameron, J. B. Gelbach and D. L. Miller,
Rev. Econ. Stat. 90, 414 (2008)).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from .errors import EvaluationError
from .matching import Matched, Side

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Method = Literal["studentised", "t", "bca", "percentile"]
METHODS: tuple[Method, ...] = get_args(Method)
Runs = Literal["crossed", "nested"]
REPLICATES = 4000
_CHUNK = 2_000_000
"""Drawn molecules held at a time."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with an interval.

    Attributes
    ----------
    value, low, high : float
        ``low`` and ``high`` are NaN if the data do not bound the number: one unit at the top, no
        differences between units, or too few of them for the method.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A mean contrast and its bootstrap replicates.

    Attributes
    ----------
    value, error : float
        Mean over strata, and its standard error with scaffolds as clusters.
    n_top : int
        Scaffolds.
    replicates, errors : (B,)
        The same of each replicate.
    jackknife : (G,)
        The mean without each scaffold in turn.
    """

    value: float
    error: float
    n_top: int
    replicates: FloatArray
    errors: FloatArray
    jackknife: FloatArray

    def interval(self, method: Method = "studentised", *, level: float = 0.95) -> Interval:
        """Two-sided interval; see the module and `METHODS`.

        Raises
        ------
        EvaluationError
            If the method is unknown or the level is not between 0 and 1.
        """
        if method not in METHODS:
            raise EvaluationError(f"interval {method!r}: choose from {', '.join(METHODS)}")
        if not 0 < level < 1:
            raise EvaluationError(f"level {level:g}: give a number between 0 and 1")
        if not self._varies:
            return Interval(self.value, np.nan, np.nan)
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        low, high = _LIMITS[method](self, tails)
        if not max(abs(low), abs(high)) < _BOUND:
            return Interval(self.value, np.nan, np.nan)
        return Interval(self.value, float(low), float(high))

    def p_value(self, method: Method = "studentised") -> float:
        """Two-sided p of no difference, by the same distribution as the interval.

        At the bootstrap's resolution it is below 1 − level where the interval leaves out 0. NaN
        if there is one unit at the top, or no difference between units.
        """
        if not self._varies:
            return float("nan")
        return _P_VALUES[method](self)

    @property
    def _varies(self) -> bool:
        return self.n_top > 1 and self.error > _TINY * max(1.0, abs(self.value))


_TINY = 1e-12
"""A standard error that is rounding."""
_UNBOUNDED, _BOUND = 1e100, 1e50
"""What stands for a quotient without bound, and what no limit reaches that has one."""


def resample(
    matched: Matched,
    values: FloatArray,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    runs: Runs = "crossed",
) -> Resampled:
    """Bootstrap of the mean contrast.

    Parameters
    ----------
    matched : Matched
    values : (M, S)
        Endpoint of each molecule in each run.
    replicates : int
    seed : int
        Of the random numbers; equal seeds give equal replicates.
    runs : "crossed" or "nested"
        Draw runs once for a replicate, or anew for each drawn molecule.

    Raises
    ------
    EvaluationError
        If a value of a molecule that takes part is missing.
    """
    _check(matched, values, replicates)
    d = matched.contrasts(values.mean(axis=1))
    sums, sizes = _by_scaffold(matched, d)
    rng = np.random.default_rng(seed)
    drawn = [_draw(matched, values, n, rng, runs) for n in _chunks(matched, values, replicates)]
    means, errors = _cluster_mean(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
    value, error = _cluster_mean(sums[None], sizes[None])
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = (sums.sum() - sums) / (sizes.sum() - sizes)
    return Resampled(float(value[0]), float(error[0]), len(sums), means, errors, left_out)


def cluster_mean(matched: Matched, contrasts: FloatArray) -> tuple[float, float]:
    """Mean over strata of their contrasts (K,), and its standard error by scaffolds."""
    sums, sizes = _by_scaffold(matched, contrasts)
    value, error = _cluster_mean(sums[None], sizes[None])
    return float(value[0]), float(error[0])


def cluster_interval(matched: Matched, contrasts: FloatArray, *, level: float = 0.95) -> Interval:
    """Mean over strata of (K,) numbers with Student's interval, scaffolds as clusters.

    NaN limits if there is one scaffold, or all are alike.
    """
    return _student(*cluster_mean(matched, contrasts), len(matched.scaffolds), level)


def clustered(values: FloatArray, clusters: Sequence[Hashable], *, level: float = 0.95) -> Interval:
    """Mean of (n,) numbers with Student's interval, clusters of them independent.

    NaN limits if there is one cluster, or all are alike.
    """
    place = {name: k for k, name in enumerate(dict.fromkeys(clusters))}
    of = np.array([place[name] for name in clusters], dtype=np.intp)
    sums, sizes = (
        np.asarray(np.bincount(of, weights), dtype=np.float64) for weights in (values, None)
    )
    value, error = (float(x[0]) for x in _cluster_mean(sums[None], sizes[None]))
    return _student(value, error, len(place), level)


def _student(value: float, error: float, clusters: int, level: float) -> Interval:
    if not error > _TINY * max(1.0, abs(value)):
        return Interval(value, np.nan, np.nan)
    half = error * float(stdtrit(clusters - 1, (1 + level) / 2))
    return Interval(value, value - half, value + half)


def _check(matched: Matched, values: FloatArray, replicates: int) -> None:
    if replicates < 1:
        raise EvaluationError(f"{replicates} bootstrap replicates: give 1 or more")
    bad = ~np.isfinite(values[matched.molecules]).all(axis=1)
    if bad.any():
        raise EvaluationError(f"molecules of matched strata without a value: {int(bad.sum())}")


def _by_scaffold(matched: Matched, contrasts: FloatArray) -> tuple[FloatArray, FloatArray]:
    sizes = matched.per_scaffold
    sums = np.bincount(matched.scaffold_of, contrasts, len(sizes))
    return np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)


def _cluster_mean(sums: FloatArray, sizes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means and standard errors (B,) from sums and numbers of strata (B, G) of scaffolds."""
    n, n_top = sizes.sum(axis=1), sizes.shape[1]
    means = sums.sum(axis=1) / n
    residuals = sums - means[:, None] * sizes
    if n_top < 2:
        return means, np.full(len(means), np.nan)
    return means, np.sqrt(n_top / (n_top - 1) * (residuals**2).sum(axis=1)) / n


def _chunks(matched: Matched, values: FloatArray, replicates: int) -> list[int]:
    most = matched.centred.members.shape[1] + matched.others.members.shape[1]
    each = max(1, _CHUNK // max(len(matched.strata) * most, len(values)))
    full, rest = divmod(replicates, each)
    return [each] * full + [rest] * (rest > 0)


def _draw(
    matched: Matched, values: FloatArray, n: int, rng: np.random.Generator, runs: Runs
) -> tuple[FloatArray, FloatArray]:
    """Sums and numbers of strata (n, G) of the scaffolds drawn in n replicates."""
    sizes = matched.per_scaffold
    starts = np.cumsum(sizes) - sizes
    n_top, n_runs = len(sizes), values.shape[1]
    tops = rng.integers(n_top, size=(n, n_top)).ravel()
    copies = np.repeat(np.arange(n * n_top), sizes[tops])
    # One entry per drawn stratum from here on.
    top = tops[copies]
    strata = starts[top] + (rng.random(len(top)) * sizes[top]).astype(np.intp)
    of = copies // n_top
    drawn = rng.integers(n_runs, size=(n, n_runs))
    weights = np.zeros((n, n_runs))
    np.add.at(weights, (np.arange(n)[:, None], drawn), 1 / n_runs)
    by_replicate = values @ weights.T

    def mean_of(side: Side) -> FloatArray:
        sizes_of = side.sizes[strata][:, None]
        picks = (rng.random((len(strata), side.members.shape[1])) * sizes_of).astype(np.intp)
        rows = side.members[strata[:, None], picks]
        inside = np.arange(side.members.shape[1]) < sizes_of
        found = (
            by_replicate[rows, of[:, None]]
            if runs == "crossed"
            else values[rows[..., None], rng.integers(n_runs, size=(*rows.shape, n_runs))].mean(-1)
        )
        return np.asarray((found * inside).sum(axis=1) / sizes_of[:, 0])

    contrasts = mean_of(matched.centred) - mean_of(matched.others)
    sums = np.bincount(copies, contrasts, n * n_top).reshape(n, n_top)
    counts = sizes[tops].reshape(n, n_top)
    return np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)


# ---- intervals ----


def _percentile(found: Resampled, tails: FloatArray) -> FloatArray:
    return np.asarray(np.quantile(found.replicates, tails))


def _t(found: Resampled, tails: FloatArray) -> FloatArray:
    """Student's t with G − 1 degrees of freedom."""
    return np.asarray(found.value + found.error * stdtrit(found.n_top - 1, tails))


def _studentised(found: Resampled, tails: FloatArray) -> FloatArray:
    return np.asarray(found.value - found.error * np.quantile(_quotients(found), tails[::-1]))


def _quotients(found: Resampled) -> FloatArray:
    """(θ* − θ)/se*, without bound where a replicate drew units that are all alike.

    With few units these are many, and to leave them out would make the interval too narrow.
    """
    away = found.replicates - found.value
    slack = _TINY * max(1.0, abs(found.value))
    flat = found.errors <= slack
    t = away / np.where(flat, 1.0, found.errors)
    return np.asarray(np.where(flat & (np.abs(away) > slack), np.sign(away) * _UNBOUNDED, t))


def _tails(below: float, above: float) -> float:
    return min(1.0, 2 * min(below, above))


def _p_studentised(found: Resampled) -> float:
    t, own = _quotients(found), found.value / found.error
    return _tails(*((1 + (t * s >= own * s).sum()) / (1 + len(t)) for s in (-1, 1)))


def _p_t(found: Resampled) -> float:
    return float(2 * stdtr(found.n_top - 1, -abs(found.value) / found.error))


def _p_percentile(found: Resampled) -> float:
    drawn = found.replicates
    return _tails(*((1 + (drawn * s >= 0).sum()) / (1 + len(drawn)) for s in (-1, 1)))


def _p_bca(found: Resampled) -> float:
    """The level at which 0 becomes a limit: `_bca` the other way round."""
    z0, acceleration = _correction(found)
    n = len(found.replicates)
    below = (found.replicates < 0).mean() + (found.replicates == 0).mean() / 2
    w = ndtri(np.clip(below, 0.5 / n, 1 - 0.5 / n)) - z0
    z = w / (1 + acceleration * w) - z0
    # No p is below what the replicates resolve.
    return max(_tails(float(ndtr(z)), float(ndtr(-z))), 2 / (n + 1))


def _bca(found: Resampled, tails: FloatArray) -> FloatArray:
    """Bias-corrected and accelerated (B. Efron, J. Am. Stat. Assoc. 82, 171 (1987))."""
    z0, acceleration = _correction(found)
    z = z0 + ndtri(tails)
    return np.asarray(np.quantile(found.replicates, ndtr(z0 + z / (1 - acceleration * z))))


def _correction(found: Resampled) -> tuple[float, float]:
    """z0 and the acceleration of `_bca`."""
    away = found.replicates - found.value
    # Replicates that equal the value but for rounding count half.
    slack = _TINY * max(1.0, abs(found.value))
    below = (away < -slack).mean() + (np.abs(away) <= slack).mean() / 2
    n = len(found.replicates)
    z0 = float(ndtri(np.clip(below, 0.5 / n, 1 - 0.5 / n)))
    pull = found.jackknife.mean() - found.jackknife
    spread = (pull**2).sum()
    return z0, float((pull**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0


_LIMITS = {"studentised": _studentised, "t": _t, "bca": _bca, "percentile": _percentile}
_P_VALUES = {"studentised": _p_studentised, "t": _p_t, "bca": _p_bca, "percentile": _p_percentile}
