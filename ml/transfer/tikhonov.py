"""Tikhonov updating: ridge regression on the master with a few weighted target samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array
from .pls import ModelPath
from .view import View

RIDGES: tuple[float, ...] = tuple(10.0 ** np.arange(-7, -0.9, 0.5))
"""Ridge parameters, in units of the sum of squares of the centred master spectra."""


@dataclass(frozen=True, slots=True)
class Tikhonov:
    """Tikhonov regularised updating.

    J. H. Kalivas, G. G. Siano, E. Andries and H. C. Goicoechea, Appl. Spectrosc. 63 (2009) 800,
    TR2: minimise ‖Xb − y‖² + η²‖b‖² + λ²‖Lb − y_L‖², with L the target spectra of the transfer
    samples; each instrument centred on its own mean.

    Attributes
    ----------
    weight : float
        λ².
    """

    weight: float = 1.0
    least = 2

    def path(self, view: View) -> ModelPath:
        """One model per ridge parameter."""
        x_mean, y_mean = view.master.mean(axis=0), view.values.mean()
        centre = x_mean + view.shift
        root = np.sqrt(self.weight)
        X = np.concatenate([view.master - x_mean, root * (view.target - centre)])
        y = np.concatenate([view.values - y_mean, root * (view.labels - y_mean)])
        size = ((view.master - x_mean) ** 2).sum()
        coefficients = ridge_path(X, y, size * np.array(RIDGES))
        return ModelPath(coefficients, y_mean - coefficients @ centre)

    def __str__(self) -> str:
        return f"target weight {self.weight:g}"


def ridge_path(X: Array, y: Array, ridges: Array) -> Array:
    """Ridge regression for several parameters from one decomposition.

    Parameters
    ----------
    X : (n, p) array
    y : (n,) array
    ridges : (m,) array
        Added to the squared singular values.

    Returns
    -------
    (m, p) array
    """
    values, vectors = np.linalg.eigh(X @ X.T)
    along = vectors.T @ y
    scaled = along / (np.maximum(values, 0.0) + np.asarray(ridges)[:, None])
    out: Array = (scaled @ vectors.T) @ X
    return out
