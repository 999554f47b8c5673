"""Canonical correlation: what both instruments see of the transfer samples, and only that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array
from .pls import ModelPath
from .view import View


@dataclass(frozen=True, slots=True)
class Canonical:
    """Calibration transfer by canonical correlation analysis (CTCCA).

    W. Fan, Y. Liang, D. Yuan and J. Wang, Anal. Chim. Acta 623 (2008) 22: target spectra go to
    canonical variates, these to the master's by regression, and back to master spectra. With
    fewer samples than channels the variates are those of the leading principal components.

    Attributes
    ----------
    n_variates : int
    """

    n_variates: int
    least = 4

    def path(self, view: View) -> ModelPath:
        """One model per number of components of the master's PLS."""
        target_mean, master_mean = view.target.mean(axis=0), view.paired.mean(axis=0)
        F = canonical_map(view.target - target_mean, view.paired - master_mean, self.n_variates)
        beta = view.master_path.coefficients
        moved = beta @ F.T
        intercepts = view.master_path.intercepts + beta @ master_mean - moved @ target_mean
        return ModelPath(moved, intercepts)

    def __str__(self) -> str:
        return f"{self.n_variates} variates"


def canonical_map(target: Array, master: Array, n: int) -> Array:
    """F such that target @ F resembles master in their canonical variates.

    Parameters
    ----------
    target, master : (k, r) array
        Centred rows.
    n : int
        Principal components per instrument, and variates.

    Returns
    -------
    (r, r) array
    """
    ut, st, vt = np.linalg.svd(target, full_matrices=False)
    um, sm, vm = np.linalg.svd(master, full_matrices=False)
    n = max(1, min(n, int(np.sum(st > 1e-10 * st[0])), int(np.sum(sm > 1e-10 * sm[0]))))
    # Of orthonormal scores, the canonical directions are the singular vectors of their product.
    a, correlations, bt = np.linalg.svd(ut[:, :n].T @ um[:, :n])
    forward = vt[:n].T / st[:n] @ a
    backward = bt @ (sm[:n, None] * vm[:n])
    out: Array = (forward * correlations) @ backward
    return out
