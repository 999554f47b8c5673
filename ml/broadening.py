"""Curves from lines, many molecules at a time, on one uniform axis.

A line of integrated strength S and FWHM Γ at ν₀ gives S·(Γ/2π)/((ν − ν₀)² + (Γ/2)²). The
curves are those of `spektron.vibration.broaden`: ε in L mol⁻¹ cm⁻¹ for the infrared, Å⁴ cm/u
for Raman activities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..vibration.spectrum import DECADIC_ABSORPTION
from .errors import SpectraError
from .table import Float32, Ragged

Shape = Literal["lorentzian", "gaussian"]
Bool: TypeAlias = NDArray[np.bool_]
UNIFORM: Final = 1e-3
"""Largest relative deviation of a step of a uniform axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A uniform axis of wavenumbers.

    Attributes
    ----------
    low, high : float, cm⁻¹
        First and last point.
    points : int

    Examples
    --------
    >>> Axis(400, 4000, 1201).step
    3.0
    """

    low: float = 200.0
    high: float = 3800.0
    points: int = 1024

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high < np.inf or self.points < 2:
            raise SpectraError(
                f"axis of {self.points} points from {self.low:g} to {self.high:g} cm⁻¹; the first "
                "must be the smaller and not negative, with two points or more"
            )

    @property
    def step(self) -> float:
        """Distance of two points, cm⁻¹."""
        return (self.high - self.low) / (self.points - 1)

    @property
    def wavenumbers(self) -> NDArray[np.float64]:
        """The points, cm⁻¹, shape (points,)."""
        return np.linspace(self.low, self.high, self.points)


def uniform_axis(wavenumbers: ArrayLike) -> Axis:
    """The axis that has these points.

    Raises
    ------
    SpectraError
        If they are not finite, do not ascend or are not equally spaced.
    """
    x = np.asarray(wavenumbers, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not np.isfinite(x).all():
        raise SpectraError(f"wavenumbers of shape {x.shape}: give two or more finite numbers")
    steps = np.diff(x)
    if (steps <= 0).any():
        place = int(np.argmax(steps <= 0))
        raise SpectraError(
            f"wavenumbers {x[place]:g} and {x[place + 1]:g} do not ascend; sort the channels and "
            "remove doubles"
        )
    mean = (x[-1] - x[0]) / (len(x) - 1)
    off = np.abs(steps / mean - 1)
    if off.max() > UNIFORM:
        place = int(np.argmax(off))
        raise SpectraError(
            f"wavenumbers are not uniform: the step at {x[place]:g} cm⁻¹ is {steps[place]:g}, the "
            f"mean {mean:g}; interpolate the spectra to equal steps"
        )
    return Axis(float(x[0]), float(x[-1]), len(x))


def broaden_lines(
    lines: Ragged,
    strengths: Float32,
    axis: Axis,
    *,
    fwhm: float | NDArray[np.floating] = 10.0,
    shape: Shape = "lorentzian",
) -> Float32:
    """Curves of many molecules.

    Parameters
    ----------
    lines : Ragged, cm⁻¹
        Of n molecules.
    strengths : (n_lines, n_channels)
        Area under each line; for two channels km/mol and Å⁴/u, see `curves`.
    axis : Axis
    fwhm : float or (n,) array, cm⁻¹
        Full width at half maximum, of all molecules or of each.
    shape : "lorentzian" or "gaussian"

    Returns
    -------
    (n, n_channels, points) float32

    Raises
    ------
    SpectraError
        If a width is not positive or the shape is unknown.
    """
    widths = np.broadcast_to(np.asarray(fwhm, dtype=np.float32), (len(lines),))
    if shape not in get_args(Shape):
        raise SpectraError(f"line shape {shape!r}; choose lorentzian or gaussian")
    if not (np.isfinite(widths) & (widths > 0)).all():
        raise SpectraError(f"FWHM {widths.min():g} cm⁻¹; give a positive width, for example 10")
    out = np.zeros((len(lines), strengths.shape[1], axis.points), dtype=np.float32)
    x = axis.wavenumbers.astype(np.float32)
    line = _lorentzian if shape == "lorentzian" else _gaussian
    # One molecule at a time: its (lines, points) block stays in the processor's cache.
    for i, width in enumerate(widths):
        part = slice(lines.offsets[i], lines.offsets[i + 1])
        block = x - lines.values[part, None]
        np.matmul(strengths[part].T, line(block, float(width)), out=out[i])
    return out


def curves(
    lines: Ragged,
    strengths: Float32,
    axis: Axis,
    *,
    fwhm: float | NDArray[np.floating] = 10.0,
    shape: Shape = "lorentzian",
) -> Float32:
    """Infrared (L mol⁻¹ cm⁻¹) and Raman (Å⁴ cm/u) curves, shape (n, 2, points).

    Parameters are those of `broaden_lines`.

    Examples
    --------
    A band of 100 km/mol and FWHM 10 cm⁻¹ has 276 L mol⁻¹ cm⁻¹ at its maximum:

    >>> one = Ragged.of([[1700.0]])
    >>> round(float(curves(one, np.array([[100.0, 0.0]], "f4"), Axis(1600, 1800, 201)).max()), 1)
    276.5
    """
    scaled = strengths * np.array([DECADIC_ABSORPTION, 1.0], dtype=np.float32)
    return broaden_lines(lines, scaled, axis, fwhm=fwhm, shape=shape)


def _lorentzian(block: Float32, width: float) -> Float32:
    """Overwrites offsets with a Lorentzian of unit area."""
    half = np.float32(width / 2)
    np.multiply(block, block, out=block)
    block += half * half
    np.divide(half / np.float32(np.pi), block, out=block)
    return block


def _gaussian(block: Float32, width: float) -> Float32:
    """Overwrites offsets with a Gaussian of unit area."""
    narrowness = np.float32(4 * np.log(2) / width**2)
    np.multiply(block, block, out=block)
    block *= -narrowness
    np.exp(block, out=block)
    block *= np.sqrt(narrowness / np.float32(np.pi))
    return block
