"""Domain-invariant PLS: components along which both instruments vary alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array
from .pls import ModelPath
from .view import View

MOST_COMPONENTS = 10
"""Most components that are tried: each needs an eigenvalue decomposition."""
FEW_AXES = 30
"""Principal axes of all spectra in which that is done; they hold all but 1e-7 of the variance."""


@dataclass(frozen=True, slots=True)
class DomainInvariant:
    """di-PLS with the transfer samples as unlabelled, and optionally labelled, target samples.

    R. Nikzad-Langerodi, W. Zellinger, E. Lughofer and S. Saminger-Platz, Anal. Chem. 90 (2018)
    6693; with the convex relaxation of R. Nikzad-Langerodi et al., Knowl.-Based Syst. 210 (2020)
    106447: each weight vector minimises ‖X − y wᵀ‖² + λ wᵀ|Δ|w, with |Δ| the difference of the two
    covariances, its eigenvalues made positive.

    Attributes
    ----------
    strength : float
        λ, in units of yᵀy over the mean eigenvalue of |Δ|.
    labelled : bool
        Whether the target rows with their reference values join the regression.
    """

    strength: float
    labelled: bool = False

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        source, target = view.master, view.target_spectra
        X, y, centre = source, view.values, source.mean(axis=0)
        target_centre = target.mean(axis=0) if not view.k else centre + view.shift
        X = X - centre
        if self.labelled and view.k:
            X = np.concatenate([X, view.target - target_centre])
            y = np.concatenate([y, view.labels])
        y_mean = view.values.mean()
        rows = source - centre, target - target_centre
        # An eigenvalue decomposition per component: only what the spectra fill is kept.
        axes = leading_axes(np.concatenate([X, *rows]), FEW_AXES)
        reduced = dipls_coefficients(
            X @ axes, y - y_mean, rows[0] @ axes, rows[1] @ axes, self.strength
        )
        coefficients = reduced @ axes.T
        return ModelPath(coefficients, y_mean - coefficients @ target_centre)

    def __str__(self) -> str:
        return f"λ {self.strength:g}" + (", labelled" if self.labelled else "")


def leading_axes(rows: Array, n: int) -> Array:
    """Orthonormal directions of the largest sums of squares, shape (r, n)."""
    values, vectors = np.linalg.eigh(rows.T @ rows)
    out: Array = vectors[:, ::-1][:, : min(n, int(np.sum(values > 1e-14 * values[-1])))]
    return out


def absolute_difference(source: Array, target: Array) -> Array:
    """|Cov(source) − Cov(target)| of centred rows: the relaxed domain difference, (r, r)."""
    values, vectors = _difference(source, target)
    out: Array = (vectors * values) @ vectors.T
    return out


def _difference(source: Array, target: Array) -> tuple[Array, Array]:
    """Eigenvalues, made positive, and eigenvectors of the difference of the covariances."""
    first = source.T @ source / max(len(source) - 1, 1)
    delta = first - target.T @ target / max(len(target) - 1, 1)
    values, vectors = np.linalg.eigh(delta)
    return np.abs(values), vectors


def dipls_coefficients(X: Array, y: Array, source: Array, target: Array, strength: float) -> Array:
    """Regression vectors with 1, 2 … domain-invariant components.

    Parameters
    ----------
    X : (n, p) array
        Centred rows with reference values.
    y : (n,) array
        Centred reference values.
    source, target : (·, p) array
        Centred rows of the two domains.
    strength : float
        See `DomainInvariant`; 0 gives PLS.

    Returns
    -------
    (m, p) array
    """
    p = X.shape[1]
    weights: list[Array] = []
    x_loadings: list[Array] = []
    y_loadings: list[float] = []
    start = np.linalg.norm(X.T @ y)
    for _ in range(min(MOST_COMPONENTS, len(X) - 1)):
        plain = X.T @ y
        if not np.linalg.norm(plain) > 1e-9 * start:
            break
        values, vectors = _difference(source, target)
        scale = strength * p / max(float(values.sum()), 1e-300)
        w = vectors @ ((plain @ vectors) / (1 + scale * values))  # (1 + scale |Δ|)⁻¹ Xᵀy
        w /= np.linalg.norm(w)
        t = X @ w
        x_loadings.append(t @ X / (t @ t))
        y_loadings.append(float(y @ t / (t @ t)))
        weights.append(w)
        X = X - np.outer(t, x_loadings[-1])
        y = y - t * y_loadings[-1]
        source, target = _deflated(source, w), _deflated(target, w)
    return _regression(weights, x_loadings, y_loadings, p)


def _deflated(rows: Array, w: Array) -> Array:
    """Rows without what their scores along ``w`` explain; the few of a target run out."""
    scores = rows @ w
    size = scores @ scores
    if not size > 1e-12 * (rows * rows).sum():
        return rows
    out: Array = rows - np.outer(scores, scores @ rows / size)
    return out


def _regression(
    weights: list[Array], x_loadings: list[Array], y_loadings: list[float], p: int
) -> Array:
    """β = W (PᵀW)⁻¹ q for each number of components."""
    if not weights:
        return np.zeros((1, p))
    W, P, q = np.array(weights), np.array(x_loadings), np.array(y_loadings)
    inner = P @ W.T
    return np.array([np.linalg.solve(inner[:a, :a], q[:a]) @ W[:a] for a in range(1, len(q) + 1)])
