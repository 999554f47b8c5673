"""Scores against the number of molecules that were learnt from, and what they extrapolate to."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import SpectraError


def power_law(molecules: ArrayLike, scores: ArrayLike) -> tuple[float, float]:
    """Fit 1 − score = a · n^(−b) to a learning curve, by least squares of logarithms.

    Returns
    -------
    a, b : float

    Raises
    ------
    SpectraError
        If there are fewer than two sizes, or a score is not below 1.

    Examples
    --------
    >>> a, b = power_law([100, 400, 1600], [0.6, 0.8, 0.9])
    >>> round(a, 6), round(b, 6)
    (4.0, 0.5)
    """
    n, score = np.asarray(molecules, dtype=float), np.asarray(scores, dtype=float)
    if len(np.unique(n)) < 2 or not (score < 1).all():
        raise SpectraError("a learning curve needs two sizes or more, and scores below 1")
    slope, offset = np.polyfit(np.log(n), np.log(1 - score), 1)
    return float(np.exp(offset)), float(-slope)


def molecules_needed(fit: tuple[float, float], score: float) -> float:
    """Molecules at which a `power_law` reaches a score; infinite if it does not rise.

    Examples
    --------
    >>> round(molecules_needed((4.0, 0.5), 0.9))
    1600
    """
    a, b = fit
    return (a / (1 - score)) ** (1 / b) if b > 0 else float("inf")
