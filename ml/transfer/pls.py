"""Partial least squares with one response, for every number of components at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array


@dataclass(frozen=True, slots=True, eq=False)
class ModelPath:
    """Linear models of growing complexity.

    Attributes
    ----------
    coefficients : (m, r) array
        One model per row.
    intercepts : (m,) array
    channels : bool
        Whether the coefficients belong to channels, not to coordinates of the view.
    """

    coefficients: Array
    intercepts: Array
    channels: bool = False

    def predict(self, rows: Array) -> Array:
        """Values, shape (n, r) to (m, n)."""
        return self.coefficients @ rows.T + self.intercepts[:, None]

    def __len__(self) -> int:
        return len(self.intercepts)


def pls_coefficients(X: Array, y: Array, n_components: int) -> Array:
    """Regression vectors with 1, 2 … components.

    Improved kernel algorithm 1: B. S. Dayal and J. F. MacGregor, J. Chemom. 11 (1997) 73.
    Centring is up to the caller.

    Parameters
    ----------
    X : (n, p) array
    y : (n,) array
    n_components : int
        Fewer come back where the covariance with ``y`` is used up before.

    Returns
    -------
    (m, p) array
        At least one row; zero if ``y`` does not vary with ``X``.

    >>> X = np.array([[1.0, 0], [-1, 0], [0, 2], [0, -2]])
    >>> pls_coefficients(X, X @ [3.0, 1.0], 2)[-1].round(9)
    array([3., 1.])
    """
    p = X.shape[1]
    n_components = max(1, min(n_components, p, len(X)))
    rotations, loadings = np.empty((n_components, p)), np.empty((n_components, p))
    weights = np.empty(n_components)
    covariance = X.T @ y
    start = np.sqrt(covariance @ covariance)
    for a in range(n_components):
        size = np.sqrt(covariance @ covariance)
        if not size > 1e-12 * start:
            return _cumulated(rotations[:a], weights[:a], p)
        w = covariance / size
        r = w - (loadings[:a] @ w) @ rotations[:a]
        t = X @ r
        tt = t @ t
        if not tt > 0:
            return _cumulated(rotations[:a], weights[:a], p)
        loadings[a] = t @ X / tt
        weights[a] = r @ covariance / tt
        rotations[a] = r
        covariance = covariance - loadings[a] * (weights[a] * tt)
    return _cumulated(rotations, weights, p)


def _cumulated(rotations: Array, weights: Array, p: int) -> Array:
    if not len(weights):
        return np.zeros((1, p))
    return np.cumsum(rotations * weights[:, None], axis=0)


def pls_path(X: Array, y: Array, n_components: int) -> ModelPath:
    """Centred PLS models with 1, 2 … components.

    Parameters
    ----------
    X : (n, p) array
    y : (n,) array
    n_components : int
    """
    x_mean, y_mean = X.mean(axis=0), y.mean()
    coefficients = pls_coefficients(X - x_mean, y - y_mean, n_components)
    return ModelPath(coefficients, y_mean - coefficients @ x_mean)
