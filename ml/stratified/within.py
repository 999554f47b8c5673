"""Regression inside strata, with an error that holds where scaffolds differ in their slopes.

Numbers are taken less their mean in the stratum, so that only isomers are compared; then

    β = Σ x y/Σ x²,   se² = G/(G − 1) Σ_g (Σ_{i in g} x_i e_i)²/(Σ x²)²

with scaffolds as clusters and Student's t of G − 1 degrees of freedom (K.-Y. Liang and S. L.
Zeger, Biometrika 73, 13 (1986); A. C. Cameron and D. L. Miller, J. Hum. Resour. 50, 317 (2015)). A
mixed regression with random intercepts alone (`mixed`) takes every molecule for a repetition of
the slope.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from .bootstrap import Interval
from .errors import EvaluationError

FloatArray = NDArray[np.float64]


def within_slope(
    y: ArrayLike,
    x: ArrayLike,
    scaffolds: Sequence[Hashable],
    strata: Sequence[Hashable],
    *,
    level: float = 0.95,
) -> Interval:
    """Slope of y on x inside strata.

    Parameters
    ----------
    y, x : (n,)
    scaffolds, strata : sequence, n
        Equal names of strata in two scaffolds are two strata.
    level : float

    Raises
    ------
    EvaluationError
        If x varies in no stratum, or in those of fewer than two scaffolds.

    Examples
    --------
    >>> found = within_slope([0, 2, 5, 7.5], [0, 1, 0, 1], ["a", "a", "b", "b"], [1, 1, 1, 1])
    >>> round(found.value, 3)
    2.25
    """
    inner = _places(list(zip(scaffolds, strata, strict=True)))
    outer = _places(scaffolds)
    u, v = (_centred(np.asarray(column, dtype=np.float64), inner) for column in (x, y))
    square = float(u @ u)
    if square <= 1e-16 * len(u):
        raise EvaluationError("it varies in no stratum: no slope")
    clusters = len(np.unique(outer[np.abs(u) > 1e-8]))
    if clusters < 2:
        raise EvaluationError("it varies in strata of one scaffold only: no interval")
    slope = float(u @ v) / square
    sums = np.bincount(outer, u * (v - slope * u))
    error = float(np.sqrt(clusters / (clusters - 1) * (sums**2).sum())) / square
    half = error * float(stdtrit(clusters - 1, (1 + level) / 2))
    return Interval(slope, slope - half, slope + half)


def _places(names: Sequence[Hashable]) -> NDArray[np.intp]:
    known = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.intp)


def _centred(values: FloatArray, groups: NDArray[np.intp]) -> FloatArray:
    means = np.bincount(groups, values) / np.bincount(groups)
    return np.asarray(values - means[groups])
