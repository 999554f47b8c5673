"""Labels in a row that do not overlap: where along an axis to put them.

Minimising Σ (xᵢ − tᵢ)² with xᵢ₊₁ − xᵢ ≥ gap is an isotonic regression of tᵢ − i·gap, which
the pool-adjacent-violators algorithm solves exactly.

Source: M. J. Best, N. Chakravarti, *Math. Program.* 47, 425 (1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def spread(targets: ArrayLike, gap: float, low: float, high: float) -> FloatArray:
    """Places as near to their targets as a least distance between neighbours allows.

    Parameters
    ----------
    targets : (n,), ascending
    gap : float
        Least distance of neighbours.
    low, high : float
        Ends of the axis; all places lie between them, if there is room for all.

    Returns
    -------
    (n,) array, ascending

    Examples
    --------
    >>> spread([1.0, 5.0, 5.0], 2.0, 0.0, 10.0)
    array([1., 4., 6.])
    """
    wanted = np.asarray(targets, dtype=np.float64)
    if not wanted.size:
        return wanted
    offsets = gap * np.arange(len(wanted))
    level = _isotonic(wanted - offsets)
    # Bounds on the ends carry over to the levels, because offsets ascend by exactly one gap.
    return np.asarray(np.clip(level, low, max(low, high - offsets[-1])) + offsets)


def strongest_apart(targets: ArrayLike, strengths: ArrayLike, most: int) -> NDArray[np.intp]:
    """Indices, ascending, of at most ``most`` targets: those with the largest strengths."""
    order = np.argsort(-np.asarray(strengths, dtype=np.float64), kind="stable")[:most]
    return order[np.argsort(np.asarray(targets, dtype=np.float64)[order], kind="stable")]


def _isotonic(values: FloatArray) -> FloatArray:
    """The non-decreasing sequence nearest to ``values`` in the sum of squares."""
    means: list[float] = []
    counts: list[int] = []
    for value in values.tolist():
        means.append(value)
        counts.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            count = counts[-2] + counts[-1]
            means[-2:] = [(means[-2] * counts[-2] + means[-1] * counts[-1]) / count]
            counts[-2:] = [count]
    return np.repeat(means, counts)
