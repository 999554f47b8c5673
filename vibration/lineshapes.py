"""Line shapes of unit area, by their full width at half maximum.

Source: R. J. Meier, *Vib. Spectrosc.* 39, 266 (2005), for Lorentzian, Gaussian and the
pseudo-Voigt sum of the two at one width.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import SpectrumError

FloatArray = NDArray[np.float64]
Shape = Literal["lorentzian", "gaussian", "pseudo-voigt"]
SHAPES: tuple[Shape, ...] = get_args(Shape)


def lorentzian(offsets: FloatArray, fwhm: float) -> FloatArray:
    """Lorentzian of unit area at distances ``offsets`` from its centre; unit 1/``fwhm``.

    Examples
    --------
    The maximum is 2/(π FWHM):

    >>> round(float(lorentzian(np.array(0.0), 10.0)), 6)
    0.063662
    """
    half = fwhm / 2
    return np.asarray(half / np.pi / (offsets**2 + half**2))


def gaussian(offsets: FloatArray, fwhm: float) -> FloatArray:
    """Gaussian of unit area at distances ``offsets`` from its centre; unit 1/``fwhm``.

    Examples
    --------
    The maximum is 2 √(ln 2/π) / FWHM:

    >>> round(float(gaussian(np.array(0.0), 10.0)), 6)
    0.093944
    """
    narrowness = 4 * math.log(2) / fwhm**2
    return np.asarray(math.sqrt(narrowness / np.pi) * np.exp(-narrowness * offsets**2))


def profile(offsets: FloatArray, fwhm: float, shape: Shape, mixing: float = 0.5) -> FloatArray:
    """A line of unit area.

    Parameters
    ----------
    offsets : array, cm⁻¹
        Distances from the centre.
    fwhm : float, cm⁻¹
    shape : "lorentzian", "gaussian" or "pseudo-voigt"
    mixing : float
        Share (0 to 1) of the Lorentzian in a pseudo-Voigt line, by area.

    Returns
    -------
    array like ``offsets``, cm
    """
    if shape == "lorentzian":
        return lorentzian(offsets, fwhm)
    if shape == "gaussian":
        return gaussian(offsets, fwhm)
    return mixing * lorentzian(offsets, fwhm) + (1 - mixing) * gaussian(offsets, fwhm)


def check_shape(shape: str, fwhm: float, mixing: float) -> None:
    """Refuse a line that has no meaning.

    Raises
    ------
    SpectrumError
        If the shape is unknown, the width is not positive or the share is not one.
    """
    if shape not in SHAPES:
        raise SpectrumError(f"line shape {shape!r}: choose one of {', '.join(SHAPES)}")
    if not 0 < fwhm < math.inf:
        raise SpectrumError(f"FWHM {fwhm:g} cm⁻¹: give a positive width, for example 10")
    if not 0 <= mixing <= 1:
        raise SpectrumError(f"mixing {mixing:g}: the Lorentzian share lies between 0 and 1")
