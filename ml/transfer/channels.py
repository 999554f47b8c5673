"""Regression on the best two channels: how far a property is a trivial one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array
from .pls import ModelPath
from .view import View


@dataclass(frozen=True, slots=True)
class TwoChannels:
    """Least squares on the two channels that together fit the target's labels best.

    A diagnostic. Where it does as well as everything else, the reference values are an
    arithmetic of two channels (corn moisture on m5 is) and no method can show what it is
    worth.
    """

    least = 4

    def path(self, view: View) -> ModelPath:
        """One model."""
        spectra = view.target @ view.basis.T
        first, second = best_pair(spectra, view.labels)
        X = np.column_stack([spectra[:, [first, second]], np.ones(view.k)])
        solution = np.linalg.lstsq(X, view.labels, rcond=None)[0]
        coefficients = np.zeros((1, spectra.shape[1]))
        coefficients[0, [first, second]] = solution[:2]
        return ModelPath(coefficients, np.array(solution[2:], dtype=float), channels=True)

    def __str__(self) -> str:
        return "two channels"


def best_pair(spectra: Array, values: Array) -> tuple[int, int]:
    """The two channels with the largest multiple correlation, of all pairs.

    Parameters
    ----------
    spectra : (n, p) array
    values : (n,) array

    Returns
    -------
    (int, int)
        Channel numbers, the smaller first.

    >>> X = np.array([[1.0, 0, 5], [2, 1, 5], [0, 3, 6], [4, 1, 7]])
    >>> best_pair(X, X[:, 0] - X[:, 1])
    (0, 1)
    """
    centred = spectra - spectra.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(norms > 0, norms, 1.0)
    y = values - values.mean()
    r = unit.T @ (y / max(float(np.linalg.norm(y)), 1e-300))
    between = unit.T @ unit
    # Multiple correlation with two predictors: (r₁² + r₂² − 2 r₁ r₂ ρ) / (1 − ρ²).
    rest = 1.0 - between**2
    allowed = rest > 1e-9
    squares = r[:, None] ** 2 + r**2 - 2 * np.outer(r, r) * between
    share = np.where(allowed, squares / np.where(allowed, rest, 1.0), -1.0)
    place = np.unravel_index(int(np.argmax(share)), share.shape)
    return int(min(place)), int(max(place))
