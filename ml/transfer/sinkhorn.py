"""Optimal transport between the clouds of spectra, entropy-regularised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array
from .pls import ModelPath, pls_path
from .view import MAX_COMPONENTS, View

MOST_ITERATIONS = 200
TOLERANCE = 1e-4
"""Largest relative error of a marginal at which the iteration stops."""
LARGEST_EXPONENT = 300.0
"""Beyond, scaling factors could leave the range of floating-point numbers."""


@dataclass(frozen=True, slots=True)
class Barycentric:
    """PLS on master spectra carried to the target by a barycentric map.

    N. Courty, R. Flamary, D. Tuia and A. Rakotomamonjy, IEEE Trans. Pattern Anal. Mach. Intell.
    39 (2017) 1853, with the plan of M. Cuturi, NIPS 26 (2013). Uses no pairing.

    Attributes
    ----------
    regularisation : float
        Entropy weight, in units of the median squared distance.
    blend : float
        Share of the carried spectrum; the rest is the master's, moved by the mean difference.
    """

    regularisation: float = 0.1
    blend: float = 0.5

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        target = view.target_spectra
        shift = target.mean(axis=0) - view.master.mean(axis=0)
        moved = view.master + (view.shift if view.k else shift)
        key = ("transport plan", self.regularisation)
        if key not in view.memo:
            view.memo[key] = transport_plan(moved, target, self.regularisation)
        plan = view.memo[key]
        carried = plan @ target / plan.sum(axis=1, keepdims=True)
        return pls_path(
            self.blend * carried + (1 - self.blend) * moved, view.values, MAX_COMPONENTS
        )

    def __str__(self) -> str:
        return f"entropy {self.regularisation:g}, blend {self.blend:g}"


def transport_plan(source: Array, target: Array, regularisation: float) -> Array:
    """Entropic optimal transport plan between two clouds of equal weights.

    By Cuturi's scaling iteration; in the logarithmic domain where that underflows.

    Parameters
    ----------
    source, target : (n, p), (m, p) array
    regularisation : float
        In units of the median squared distance.

    Returns
    -------
    (n, m) array
        Rows sum to 1/n exactly, columns to 1/m within the tolerance.

    >>> transport_plan(np.array([[0.0], [9.0]]), np.array([[1.0], [8.0]]), 0.05).round(3)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    cost = ((source[:, None] - target[None]) ** 2).sum(axis=2)
    scaled = cost / (regularisation * max(float(np.median(cost)), 1e-300))
    # What a row or a column has in common leaves the plan as it is, and keeps exp in range.
    scaled = scaled - scaled.min(axis=1, keepdims=True)
    scaled = scaled - scaled.min(axis=0)
    if scaled.max() < LARGEST_EXPONENT:
        return _scaled_plan(np.exp(-scaled))
    return _logarithmic_plan(-scaled)


def _scaled_plan(kernel: Array) -> Array:
    """The plan u K v by Cuturi's iteration."""
    n, m = kernel.shape
    u = np.ones(n)
    for _ in range(MOST_ITERATIONS):
        v = 1 / (m * (u @ kernel))
        rows = kernel @ v
        # The columns hold by now; stop when the rows do as well.
        done = np.abs(u * rows * n - 1).max() < TOLERANCE
        u = 1 / (n * rows)
        if done:
            break
    out: Array = u[:, None] * kernel * v
    return out


def _logarithmic_plan(exponents: Array) -> Array:
    """The same with logarithms, for clouds so far apart that exp underflows."""
    n, m = exponents.shape
    f = np.zeros((n, 1))
    for _ in range(MOST_ITERATIONS):
        g = -np.log(m) - log_sum_exp(exponents + f, axis=0)
        rows = log_sum_exp(exponents + g, axis=1)
        done = np.abs(np.exp(f[:, 0] + rows) * n - 1).max() < TOLERANCE
        f = (-np.log(n) - rows)[:, None]
        if done:
            break
    out: Array = np.exp(exponents + f + g)
    return out


def log_sum_exp(a: Array, *, axis: int) -> Array:
    """Logarithm of the sum of exponentials, without overflow."""
    top = a.max(axis=axis, keepdims=True)
    out: Array = np.log(np.exp(a - top).sum(axis=axis)) + np.squeeze(top, axis)
    return out
