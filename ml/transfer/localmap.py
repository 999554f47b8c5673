"""A shrunken local map from one instrument to another, linear in the spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..spectra import Array


@dataclass(frozen=True, slots=True, eq=False)
class LocalMap:
    """x → x + correction of x's window around each channel; see `fit_local_map`.

    Attributes
    ----------
    samples : (k, p) array
        Centred target spectra of the transfer samples.
    duals : (p, k) array
        Coefficients of each channel's correction in terms of the samples.
    target_mean, master_mean : (p,) array
    half_width : int
    """

    samples: Array
    duals: Array
    target_mean: Array
    master_mean: Array
    half_width: int

    def __call__(self, spectra: Array) -> Array:
        """Mapped spectra, shape (n, p) to (n, p)."""
        centred = spectra - self.target_mean
        out: Array = centred + self.master_mean
        for sample, dual in zip(self.samples, self.duals.T, strict=True):
            out = out + sliding_sum(centred * sample, self.half_width) * dual
        return out

    def pulled_back(self, coefficients: Array) -> tuple[Array, float]:
        """Coefficients and offset for spectra that were not mapped.

        Parameters
        ----------
        coefficients : (p,) array
            For mapped spectra.

        Returns
        -------
        coefficients : (p,) array
        offset : float
            map(x) @ old = x @ new + offset.
        """
        new = coefficients.copy()
        for sample, dual in zip(self.samples, self.duals.T, strict=True):
            new += sliding_sum(coefficients * dual, self.half_width) * sample
        return new, float(self.master_mean @ coefficients - self.target_mean @ new)


def sliding_sum(rows: Array, half_width: int) -> Array:
    """Sums over windows of the last axis, cut at the ends.

    >>> sliding_sum(np.array([1.0, 2.0, 3.0, 4.0]), 1)
    array([3., 6., 9., 7.])
    """
    p = rows.shape[-1]
    sums = np.concatenate([np.zeros((*rows.shape[:-1], 1)), np.cumsum(rows, axis=-1)], axis=-1)
    places = np.arange(p)
    upper, lower = np.minimum(places + half_width + 1, p), np.maximum(places - half_width, 0)
    out: Array = sums[..., upper] - sums[..., lower]
    return out


def fit_local_map(target: Array, master: Array, half_width: int, shrinkage: float) -> LocalMap:
    """Regress the difference of instruments at each channel on the target's window around it.

    With T the centred target spectra in the window of channel j, the correction of a centred
    spectrum x is x_w Tᵀ(TTᵀ + μ s I)⁻¹ d_j, where d_j is the centred difference master − target
    at j and s the mean squared norm of a channel: ridge regression in the space of samples.

    Parameters
    ----------
    target, master : (k, p) array
        Spectra of the transfer samples; without any the map is the identity.
    half_width : int
        In channels.
    shrinkage : float
        μ; the larger, the closer the map to a shift by the mean difference.
    """
    k, p = target.shape
    if not k:
        return LocalMap(np.zeros((0, p)), np.zeros((p, 0)), np.zeros(p), np.zeros(p), half_width)
    target_mean, master_mean = target.mean(axis=0), master.mean(axis=0)
    samples = target - target_mean
    missing = (master - master_mean) - samples
    grams = sliding_sum(samples[:, None] * samples[None], half_width).transpose(2, 0, 1)
    size = np.trace(grams, axis1=1, axis2=2)
    ridge = shrinkage * size / (2 * half_width + 1) + 1e-12 * max(float(size.max()), 1e-300)
    duals = np.linalg.solve(grams + ridge[:, None, None] * np.eye(k), missing.T[..., None])[..., 0]
    return LocalMap(samples, duals, target_mean, master_mean, half_width)
