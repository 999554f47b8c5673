"""Direct and piecewise direct standardisation: target spectra as the master would measure them.

Y. Wang, D. J. Veltkamp and B. R. Kowalski, Anal. Chem. 63 (1991) 2750; with the additive
background correction of Z. Wang, T. Dean and B. R. Kowalski, Anal. Chem. 67 (1995) 2379.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..spectra import Array
from .pls import ModelPath
from .view import View


@dataclass(frozen=True, slots=True)
class Direct:
    """Direct standardisation (DS), by principal component regression.

    Attributes
    ----------
    rank : int
        Principal components of the target's transfer spectra that are used.
    """

    rank: int
    least = 3

    def path(self, view: View) -> ModelPath:
        """One model per number of components of the master's PLS."""
        target_mean, master_mean = view.target.mean(axis=0), view.paired.mean(axis=0)
        u, s, vt = np.linalg.svd(view.target - target_mean, full_matrices=False)
        n = max(1, min(self.rank, int(np.sum(s > 1e-10 * s[0])), view.k - 1))
        # F = V S⁻¹ Uᵀ (paired − mean) takes centred target rows to centred master rows.
        coefficients = view.master_path.coefficients
        scores = (view.paired - master_mean) @ coefficients.T
        moved = vt[:n].T @ ((u[:, :n].T @ scores) / s[:n, None])
        intercepts = view.master_path.intercepts + coefficients @ master_mean
        return ModelPath(moved.T, intercepts - target_mean @ moved)

    def __str__(self) -> str:
        return f"rank {self.rank}"


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Piecewise direct standardisation (PDS): each master channel from a window of the target.

    Attributes
    ----------
    half_width : int
        The window of channel j is j − half_width … j + half_width, cut at the ends.
    tolerance : float
        Principal components of a window whose singular value is below this fraction of the
        largest are left out.
    """

    half_width: int
    tolerance: float = 0.01
    least = 3

    def path(self, view: View) -> ModelPath:
        """One model per number of components of the master's PLS."""
        target, paired = view.target @ view.basis.T, view.paired @ view.basis.T
        windows = window_regressions(
            target - target.mean(axis=0),
            paired - paired.mean(axis=0),
            self.half_width,
            tolerance=self.tolerance,
        )
        beta = view.master_path.coefficients @ view.basis.T
        moved = transposed_product(windows, beta)
        intercepts = view.master_path.intercepts + beta @ paired.mean(axis=0)
        return ModelPath(moved, intercepts - moved @ target.mean(axis=0), channels=True)

    def __str__(self) -> str:
        return f"window {2 * self.half_width + 1}"


def padded_windows(rows: Array, half_width: int) -> Array:
    """Windows around each channel, zero beyond the ends, shape (n, p) to (n, p, w)."""
    padded = np.pad(rows, ((0, 0), (half_width, half_width)))
    return sliding_window_view(padded, 2 * half_width + 1, axis=1)


def window_regressions(target: Array, master: Array, half_width: int, *, tolerance: float) -> Array:
    """Coefficients of each channel's window, by principal component regression.

    Parameters
    ----------
    target, master : (k, p) array
        Centred transfer spectra.
    half_width : int
    tolerance : float
        Relative singular value below which components are left out.

    Returns
    -------
    (p, w) array
    """
    windows = padded_windows(target, half_width).transpose(1, 0, 2)
    if len(target) < windows.shape[2]:
        vectors, kept, inverse = _spectrum(windows @ windows.transpose(0, 2, 1), tolerance)
        along = (vectors.transpose(0, 2, 1) @ master.T[..., None])[..., 0]
        dual = vectors @ (kept * inverse * along)[..., None]
        wide: Array = (windows.transpose(0, 2, 1) @ dual)[..., 0]
        return wide
    turned = windows.transpose(0, 2, 1)
    vectors, kept, inverse = _spectrum(turned @ windows, tolerance)
    along = (vectors.transpose(0, 2, 1) @ (turned @ master.T[..., None]))[..., 0]
    out: Array = (vectors @ (kept * inverse * along)[..., None])[..., 0]
    return out


def _spectrum(grams: Array, tolerance: float) -> tuple[Array, NDArray[np.bool_], Array]:
    """Eigenvectors of each matrix, which of them are kept, and inverse eigenvalues."""
    values, vectors = np.linalg.eigh(grams)
    kept = (values > tolerance**2 * values[:, -1:]) & (values > 0)
    return vectors, kept, 1.0 / np.where(kept, values, 1.0)


def transposed_product(windows: Array, beta: Array) -> Array:
    """Coefficients for target channels from those for master channels.

    Parameters
    ----------
    windows : (p, w) array
        Row j takes the target's window around channel j to the master's channel j.
    beta : (m, p) array

    Returns
    -------
    (m, p) array
        β F, with F[i, j] the share of target channel i in master channel j.
    """
    p, width = windows.shape
    half = width // 2
    out = np.zeros((len(beta), p + 2 * half))
    for offset in range(width):
        out[:, offset : offset + p] += beta * windows[:, offset]
    return out[:, half : half + p]
