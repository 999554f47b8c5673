"""Tests by sign flips, and Holm's correction for several of them.

Flipping strata asks of these scaffolds only: under the null hypothesis each stratum's contrast
is as likely positive as negative. Flipping whole scaffolds asks of scaffolds like these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import EvaluationError

FloatArray = NDArray[np.float64]
FLIPS = 20_000
EXACT = 16
"""Units up to which all 2ⁿ patterns of signs are counted."""
_CHUNK = 4_000_000


def sign_flip(sums: ArrayLike, *, flips: int = FLIPS, seed: int = 0) -> float:
    """Two-sided p of the sum of contrasts whose signs are exchangeable.

    Parameters
    ----------
    sums : (n,)
        Contrasts of strata; or sums of them over scaffolds, to flip these.
    flips : int
        Random patterns where there are more than `EXACT` units.
    seed : int

    Examples
    --------
    Of five differences of one sign the exact p is 2/32:

    >>> sign_flip([1.0, 2.0, 0.5, 1.5, 3.0])
    0.0625
    """
    given = np.asarray(sums, dtype=np.float64)
    if not given.size or not np.isfinite(given).all():
        raise EvaluationError("a sign-flip test needs finite contrasts")
    if not given.any():
        return 1.0
    threshold = abs(given.sum()) - 1e-12 * np.abs(given).sum()
    n = len(given)
    if n <= EXACT:
        patterns = 1 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float((np.abs(patterns @ given) >= threshold).mean())
    rng = np.random.default_rng(seed)
    beyond, left = 0, flips
    while left:
        now = min(left, max(1, _CHUNK // n))
        signs = 1 - 2.0 * rng.integers(2, size=(now, n))
        beyond += int((np.abs(signs @ given) >= threshold).sum())
        left -= now
    return (1 + beyond) / (1 + flips)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values adjusted for their number (S. Holm, Scand. J. Stat. 6, 65 (1979)).

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise EvaluationError("a p-value lies outside 0 to 1")
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    out = np.empty(len(p))
    out[order] = np.minimum(steps, 1.0)
    return tuple(out.tolist())
