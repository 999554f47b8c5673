"""Pretreatments that look at one spectrum at a time, so that they cannot carry information over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import SpectraError
from ..spectra import Array


@dataclass(frozen=True, slots=True)
class Pretreatment:
    """Scatter correction, derivative and band, in this order, row by row.

    Attributes
    ----------
    scatter : "none" or "snv"
        Standard normal variate: each spectrum minus its mean, over its standard deviation.
    derivative : 0, 1 or 2
        Savitzky–Golay derivative per channel (quadratic; cubic for the second one).
    window : int
        Channels of the derivative's window, odd.
    band : (float, float)
        Part of the channels that is kept, as fractions of their number.
    """

    scatter: Literal["none", "snv"] = "none"
    derivative: Literal[0, 1, 2] = 0
    window: int = 15
    band: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.derivative and (self.window % 2 == 0 or self.window < 5):
            raise SpectraError(f"a derivative window of {self.window} channels; use 5, 7, 9 …")
        if not 0 <= self.band[0] < self.band[1] <= 1:
            raise SpectraError(f"band {self.band}: two fractions, 0 ≤ first < last ≤ 1")

    def __call__(self, spectra: Array) -> Array:
        """Pretreated spectra, shape (n, p) to (n, p')."""
        out = snv(spectra) if self.scatter == "snv" else np.asarray(spectra, dtype=float)
        if self.derivative:
            out = savitzky_golay(out, self.window, self.derivative)
        part: Array = out[:, self.channels(out.shape[1])]
        return part

    def channels(self, n: int) -> slice:
        """The channels of the band, out of ``n``."""
        return slice(round(self.band[0] * n), round(self.band[1] * n))

    def __str__(self) -> str:
        parts = [self.scatter.upper()] if self.scatter != "none" else []
        if self.derivative:
            parts.append(f"derivative {self.derivative} over {self.window}")
        if self.band != (0.0, 1.0):
            parts.append(f"channels {self.band[0]:.0%} to {self.band[1]:.0%}")
        return ", ".join(parts) or "none"


RAW = Pretreatment()


def snv(spectra: Array) -> Array:
    """Standard normal variate of each row.

    R. J. Barnes, M. S. Dhanoa and S. J. Lister, Appl. Spectrosc. 43 (1989) 772.

    >>> snv(np.array([[1.0, 2.0, 3.0]]))
    array([[-1.,  0.,  1.]])
    """
    centred = spectra - spectra.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, ddof=1, keepdims=True)
    out: Array = centred / np.where(spread > 0, spread, 1.0)
    return out


def savitzky_golay(spectra: Array, window: int, derivative: int) -> Array:
    """Derivative of each row, per channel, by a sliding polynomial; the ends by extrapolation.

    A. Savitzky and M. J. E. Golay, Anal. Chem. 36 (1964) 1627.

    Raises
    ------
    SpectraError
        If the spectra have fewer channels than the window.

    >>> savitzky_golay(np.array([[1.0, 4, 9, 16, 25, 36]]), 5, 1).round(6)
    array([[ 2.,  4.,  6.,  8., 10., 12.]])
    """
    from scipy.signal import savgol_filter

    if spectra.shape[1] < window:
        raise SpectraError(
            f"{spectra.shape[1]} channels are fewer than the derivative window of {window}"
        )
    degree = 2 if derivative == 1 else 3
    out: Array = savgol_filter(spectra, window, degree, deriv=derivative, axis=1)
    return out
