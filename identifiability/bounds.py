"""Bounds on telling spectra apart: pair error, Bayes error, Fano's inequality.

R says which vibrations a spectrum can show. It bounds how many force constants can be
determined; it does not bound how well the members of a finite library are told apart, because
a few lines suffice for that. What bounds this is the distance of the spectra in units of the
noise.

All entropies are in nats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp, ndtr, ndtri, xlog1py, xlogy

from .errors import IdentifiabilityError

FloatArray = NDArray[np.float64]

_CHUNK = 20_000
"""Spectra drawn at a time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number by Monte Carlo.

    Attributes
    ----------
    value, deviation : float
        Mean and its standard deviation.
    """

    value: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """How well the members of a library are told apart, with equal priors.

    Attributes
    ----------
    n_members : int
    error : Estimate
        Bayes error: of the best rule there is.
    equivocation : Estimate
        H(M|Y), nats.
    """

    n_members: int
    error: Estimate
    equivocation: Estimate

    @property
    def information(self) -> float:
        """I(M;Y) = log K − H(M|Y), nats."""
        return float(np.log(self.n_members) - self.equivocation.value)

    @property
    def fano(self) -> float:
        """Lower bound of the error by Fano's inequality, inverted exactly."""
        return fano_bound(self.equivocation.value, self.n_members)

    @property
    def fano_weak(self) -> float:
        """1 − (I + log 2)/log K, the loose form in use; not above 0 for K = 2."""
        return float(1 - (self.information + np.log(2)) / np.log(self.n_members))


def pair_error(distance: float) -> float:
    """Error of the best rule between two equally likely spectra, Φ(−d/2).

    Examples
    --------
    >>> pair_error(0.0), round(pair_error(3.29), 3)
    (0.5, 0.05)
    """
    return float(ndtr(-distance / 2))


def confusion_distance(level: float) -> float:
    """Distance −2Φ⁻¹(ε) below which a pair is confused with probability above ε.

    Raises
    ------
    IdentifiabilityError
        If the level is not between 0 and 1/2.
    """
    if not 0 < level < 0.5:
        raise IdentifiabilityError(f"level {level:g}: an error of a pair is between 0 and 0.5")
    return float(-2 * ndtri(level))


def fano_bound(equivocation: float, n_members: int) -> float:
    """Least error P with h(P) + P log(K − 1) ≥ H(M|Y).

    Parameters
    ----------
    equivocation : float, nats
        H(M|Y), from 0 to log K.
    n_members : int
        K.

    Raises
    ------
    IdentifiabilityError
        If K < 2, or the equivocation is not in its range.

    Examples
    --------
    >>> round(fano_bound(np.log(2), 2), 6), fano_bound(0.0, 10)
    (0.5, 0.0)
    """
    if n_members < 2:
        raise IdentifiabilityError(f"a library of {n_members}: give at least two members")
    most = np.log(n_members)
    if not -1e-12 <= equivocation <= most + 1e-9:
        raise IdentifiabilityError(
            f"equivocation {equivocation:g} nats of {n_members} members: between 0 and {most:g}"
        )

    def excess(p: float) -> float:
        entropy = -xlogy(p, p) - xlog1py(1 - p, -p)
        return float(entropy + p * np.log(n_members - 1) - equivocation)

    highest = 1 - 1 / n_members
    if equivocation <= 0:
        return 0.0
    if excess(highest) <= 0:
        return highest
    return float(brentq(excess, 0.0, highest, xtol=1e-14))


def recognition(means: FloatArray, *, samples: int = 100_000, seed: int = 0) -> Recognition:
    """Bayes error and equivocation of a library in white noise of unit variance.

    Parameters
    ----------
    means : (K, n)
        Spectra in units of the noise; see `Library.whitened`.
    samples : int
        Noisy spectra drawn, the same number of each member.
    seed : int

    Raises
    ------
    IdentifiabilityError
        If there are fewer than two members.

    Notes
    -----
    Noise is drawn in the span of the differences of the members, which holds all that tells
    them apart; for each draw the posterior of all members is exact.
    """
    if len(means) < 2:
        raise IdentifiabilityError(f"a library of {len(means)}: give at least two members")
    points = _reduced(means)
    rng = np.random.default_rng(seed)
    each = max(1, samples // len(points))
    wrong, loss = [], []
    for member, centre in enumerate(points):
        for start in range(0, each, _CHUNK):
            drawn = centre + rng.normal(size=(min(_CHUNK, each - start), points.shape[1]))
            log = drawn @ points.T - (points**2).sum(axis=1) / 2
            log -= logsumexp(log, axis=1, keepdims=True)
            # The probability of an error given the draw has less variance than the error.
            wrong.append(1 - np.exp(log.max(axis=1)))
            loss.append(-log[:, member])
    return Recognition(len(points), _estimate(wrong), _estimate(loss))


def _reduced(means: FloatArray) -> FloatArray:
    """The same points (K, ≤ K − 1) in an orthonormal basis of their differences."""
    centred = means - means.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(u[:, : len(means) - 1] * s[: len(means) - 1])


def _estimate(parts: list[FloatArray]) -> Estimate:
    values = np.concatenate(parts)
    return Estimate(float(values.mean()), float(values.std() / np.sqrt(len(values))))
