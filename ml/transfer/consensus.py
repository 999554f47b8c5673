"""The default method: a local map, ridge regression that distrusts what the map leaves, a mean.

For each of a few derivatives, shrinkages, bands and ridge parameters:

1. *Local map.* The difference master − target at a channel is regressed on the target's window
   around that channel, with a ridge that shrinks the correction, not the spectrum, towards
   zero; PDS is the limit of no shrinkage, the mean difference that of much.
2. *Difference penalty.* What the map leaves of the k pairs, mapped − master, are spectra that
   must not change a prediction. They enter the master's ridge regression as rows with the value
   zero, weighted: generalised least squares with the covariance of the residual differences as
   that of the noise, and Tikhonov regularisation with them as its operator. Of k differences
   that covariance has rank k − 1 and sees correlations between distant channels that are
   accidents, so it is localised: multiplied, element by element, with a Gaussian of the
   distance between channels, as in ensemble Kalman filters.
3. *Average.* The members' predictions are averaged, each band with a weight inverse to its
   leave-one-out error on the master's calibration set, which has samples enough to judge.
   Nothing is chosen by validation on the k transfer samples: that is too noisy to pay
   (docs/ten-samples.md).

The parts are published: H. Martens, M. Høy, B. M. Wise, R. Bro and P. B. Brockhoff, J. Chemom.
17 (2003) 153 (generalised least squares weighting by differences); E. Andries, J. H. Kalivas
and A. Gurung, J. Chemom. 33 (2019), sample and feature augmentation (differences as rows that
steer a model); Wang, Veltkamp
and Kowalski 1991 (PDS); P. L. Houtekamer and H. L. Mitchell, Mon. Weather Rev. 129 (2001) 123
(localisation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from ..spectra import Array
from .interface import Average, Calibration, Labelled, Linear, Pairs
from .localmap import fit_local_map
from .pretreatment import Pretreatment

NEGLECTED = 1e-3
"""Share of the Gaussian's trace that its neglected eigenvectors may hold."""
TINY = 1e-12
"""Smallest error that counts, in units of the variance of the reference values."""


@dataclass(frozen=True, slots=True)
class Consensus:
    """Average of ridge calibrations on locally mapped spectra; see the module.

    Attributes
    ----------
    windows : tuple of int
        Channels of the first derivative's window.
    half_widths : tuple of int
        Of the local map, in channels.
    shrinkages : tuple of float
        Ridge of the local map, in units of the mean variance of a window's channels.
    bands : tuple of (float, float)
        Parts of the axis, as fractions.
    ridges : tuple of float
        Ridge of the regression, in units of n times the mean squared norm of a master spectrum.
    distrust : float
        Weight of a difference against a calibration spectrum.
    reach : float
        Standard deviation of the Gaussian that localises, as a fraction of the axis.
    sharpness : float
        Power of the mean squared leave-one-out error in the weights of the bands; 0 gives
        equal weights.
    """

    windows: tuple[int, ...] = (15, 21)
    half_widths: tuple[int, ...] = (15,)
    shrinkages: tuple[float, ...] = (0.3, 1.0)
    bands: tuple[tuple[float, float], ...] = ((0.0, 1.0), (0.0, 0.5), (0.25, 0.75), (0.5, 1.0))
    ridges: tuple[float, ...] = (3e-5,)
    distrust: float = 10.0
    reach: float = 1.0
    sharpness: float = 1.0

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Calibration:
        """A calibration for the target instrument; unlabelled spectra are not used.

        Without pairs it is the average of the master's ridge calibrations.
        """
        return Average(tuple(self._members(master, transfer)))

    def _members(self, master: Labelled, transfer: Pairs) -> Iterator[Linear]:
        """One calibration per derivative: the mean over all other settings."""
        for window in self.windows:
            treat = Pretreatment(derivative=1, window=window)
            rows, paired, target = (
                treat(part) if len(part) else np.zeros_like(part)
                for part in (master.spectra, transfer.master, transfer.target)
            )
            found = [
                self._calibrations(rows, master.values, paired, target, half_width, shrinkage)
                for half_width, shrinkage in product(self.half_widths, self.shrinkages)
            ]
            coefficients = np.mean([c for c, _ in found], axis=0)
            yield Linear(coefficients, float(np.mean([b for _, b in found])), treat)

    def _calibrations(
        self,
        rows: Array,
        values: Array,
        paired: Array,
        target: Array,
        half_width: int,
        shrinkage: float,
    ) -> tuple[Array, float]:
        """Mean coefficients and intercept over bands and ridges, for target channels."""
        local = fit_local_map(target, paired, half_width, shrinkage)
        differences = localised(local(target) - paired, self.reach) if len(target) else target
        centre, mean = rows.mean(axis=0), values.mean()
        total, weights = np.zeros(rows.shape[1]), 0.0
        for band, ridge in product(self.bands, self.ridges):
            part = Pretreatment(band=band).channels(rows.shape[1])
            found, error = distrustful_ridge(
                rows[:, part] - centre[part],
                values - mean,
                differences[:, part],
                ridge,
                distrust=self.distrust,
            )
            weight = max(error, TINY * float(values.var())) ** -self.sharpness
            total[part] += weight * found
            weights += weight
        total /= weights
        coefficients, offset = local.pulled_back(total)
        return coefficients, float(mean - total @ centre + offset)


def localised(differences: Array, reach: float) -> Array:
    """Rows whose covariance is that of the differences, localised.

    The element-wise product of EᵀE with C = Σ φφᵀ is Σ (Eφ)ᵀ(Eφ), rows modulated by the
    eigenvectors φ of C, of which few count.

    Parameters
    ----------
    differences : (k, p) array
    reach : float
        Standard deviation of the Gaussian, as a fraction of p.

    Returns
    -------
    (m k, p) array
    """
    modes = _modes(differences.shape[1], reach)
    out: Array = (modes[:, None] * differences).reshape(-1, differences.shape[1])
    return out


@lru_cache(maxsize=8)
def _modes(p: int, reach: float) -> Array:
    """Leading eigenvectors of the Gaussian over p channels, times the roots of eigenvalues."""
    places = np.arange(p) / (reach * p)
    values, vectors = np.linalg.eigh(np.exp(-0.5 * (places[:, None] - places) ** 2))
    share = np.cumsum(values[::-1]) / values.sum()
    n = int(np.searchsorted(share, 1 - NEGLECTED)) + 1
    out: Array = (vectors[:, ::-1][:, :n] * np.sqrt(values[::-1][:n])).T
    return out


def distrustful_ridge(
    X: Array, y: Array, differences: Array, ridge: float, *, distrust: float
) -> tuple[Array, float]:
    """Ridge regression that is to give differences the value zero.

    Minimises ‖Xb − y‖² + w‖Eb‖² + λ‖X‖²‖b‖²; solved in the space of rows.

    Parameters
    ----------
    X : (n, p) array
        Centred.
    y : (n,) array
        Centred.
    differences : (k, p) array
        E.
    ridge : float
        λ.
    distrust : float
        w.

    Returns
    -------
    coefficients : (p,) array
    error : float
        Mean squared error of the rows of X, each left out in turn: αᵢ / (K⁻¹)ᵢᵢ with K the
        matrix of scalar products plus the ridge and α = K⁻¹ y (G. C. Cawley and N. L. C. Talbot,
        Neural Netw. 17 (2004) 1467).
    """
    n = len(X)
    stack = np.concatenate([X, np.sqrt(distrust) * differences])
    gram = stack @ stack.T
    gram[np.diag_indices(len(gram))] += ridge * np.trace(gram[:n, :n])
    inverse = np.linalg.inv(gram)
    duals = inverse[:, :n] @ y
    left_out = duals[:n] / np.diag(inverse)[:n]
    coefficients: Array = duals @ stack
    return coefficients, float((left_out**2).mean())
