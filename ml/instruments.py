"""Simulated instruments: what a spectrometer does to a spectrum, as a value and as a function.

What happens, in this order, on curves whose strongest band is 1:

1. the axis: ν → ν (1 + stretch) + shift;
2. the sample: lines are wider by ``broadening`` (Lorentzian);
3. the optics: convolution with a Gaussian of FWHM ``resolution``;
4. the response: times gain · exp(tilt · t), with t from −1 to 1 along the axis;
5. the background: Legendre polynomials in t, and in Raman spectra a broad hump (fluorescence),
   both times a factor between 0.5 and 1.5 that changes with each measurement;
6. the detector: white noise whose standard deviation is a share of the strongest band.

The instrument is fixed by a seed and its number, a measurement by seed, sample and epoch:
whatever the order or the batch, the same numbers come out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .broadening import Axis, Shape, curves
from .channels import Content, live, raman_channels, select, strongest_is_one
from .errors import SpectraError
from .table import Float32, Ragged, SpectraTable

Int: TypeAlias = NDArray[np.integer]
LARGEST_POLYNOMIAL: Final = 3
"""Degree of the highest Legendre polynomial of a background."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One spectrometer.

    Attributes
    ----------
    shift : float, cm⁻¹
        Error of the axis.
    stretch : float
        Relative error of the axis.
    broadening : float, cm⁻¹
        Lorentzian FWHM that is added to that of the lines.
    resolution : float, cm⁻¹
        FWHM of the Gaussian instrument function; 0 is perfect.
    gain : float
    tilt : float
        Logarithm of the response at the upper end; its negative at the lower.
    baseline : tuple of float
        Legendre coefficients from degree 0, in units of the strongest band.
    fluorescence : float
        Height of the hump in Raman spectra, same unit.
    hump : (float, float)
        Its centre and standard deviation, t units (the axis runs from −1 to 1).
    noise : float
        Standard deviation, as a share of the strongest band.
    """

    shift: float = 0.0
    stretch: float = 0.0
    broadening: float = 0.0
    resolution: float = 0.0
    gain: float = 1.0
    tilt: float = 0.0
    baseline: tuple[float, ...] = (0.0,) * (LARGEST_POLYNOMIAL + 1)
    fluorescence: float = 0.0
    hump: tuple[float, float] = (0.0, 0.5)
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("broadening", "resolution", "fluorescence", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SpectraError(f"{name} {getattr(self, name):g}; give 0 or more")
        if not 0 < self.gain < math.inf:
            raise SpectraError(f"gain {self.gain:g}; give a positive number")
        if len(self.baseline) != LARGEST_POLYNOMIAL + 1:
            raise SpectraError(
                f"{len(self.baseline)} coefficients of a baseline; give {LARGEST_POLYNOMIAL + 1}"
            )


PERFECT: Final = Instrument()


@dataclass(frozen=True, slots=True)
class InstrumentDistribution:
    """Where simulated instruments are drawn from.

    Attributes
    ----------
    shift, stretch : float
        Uniform in ± this; cm⁻¹, relative.
    broadening, resolution : float, cm⁻¹
        Uniform from 0 to this.
    gain, tilt : float
        Standard deviation of ln gain and of the tilt (normal).
    baseline : float
        Standard deviation of each Legendre coefficient (normal).
    fluorescence : float
        Uniform from 0 to this; centre uniform in ±1, standard deviation in 0.3–1.
    noise_low, noise_high : float
        Log-uniform between these.
    """

    shift: float = 4.0
    stretch: float = 5e-4
    broadening: float = 6.0
    resolution: float = 8.0
    gain: float = 0.2
    tilt: float = 0.3
    baseline: float = 0.04
    fluorescence: float = 0.3
    noise_low: float = 0.003
    noise_high: float = 0.02

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value < math.inf:
                raise SpectraError(f"instruments.{each.name} = {value:g}; give 0 or more")
        if self.noise_low > self.noise_high:
            raise SpectraError(
                f"noise from {self.noise_low:g} to {self.noise_high:g}; the first must be the "
                "smaller"
            )


def draw_instrument(distribution: InstrumentDistribution, seed: int, number: int) -> Instrument:
    """The instrument of that number; it does not depend on how many others are drawn.

    Examples
    --------
    >>> one = draw_instrument(InstrumentDistribution(), 7, 2)
    >>> one == draw_instrument(InstrumentDistribution(), 7, 2), abs(one.shift) <= 4
    (True, True)
    """
    draw = generator(seed, 0, number)
    d = distribution
    low = max(d.noise_low, 1e-12)
    noise = low * (max(d.noise_high, low) / low) ** draw.random()
    return Instrument(
        shift=d.shift * draw.uniform(-1, 1),
        stretch=d.stretch * draw.uniform(-1, 1),
        broadening=d.broadening * draw.random(),
        resolution=d.resolution * draw.random(),
        gain=math.exp(d.gain * draw.standard_normal()),
        tilt=d.tilt * draw.standard_normal(),
        baseline=tuple((d.baseline * draw.standard_normal(LARGEST_POLYNOMIAL + 1)).tolist()),
        fluorescence=d.fluorescence * draw.random(),
        hump=(draw.uniform(-1, 1), draw.uniform(0.3, 1)),
        noise=noise if d.noise_high else 0.0,
    )


def draw_instruments(
    distribution: InstrumentDistribution, seed: int, n: int
) -> tuple[Instrument, ...]:
    """The first ``n`` instruments of a seed."""
    return tuple(draw_instrument(distribution, seed, number) for number in range(n))


def generator(*counters: int) -> np.random.Generator:
    """Random numbers that depend on these counters (0 or more) and nothing else."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(counters)))


def measure_table(
    table: SpectraTable,
    samples: Int,
    axis: Axis,
    instruments: Sequence[Instrument],
    draws: Sequence[np.random.Generator],
    *,
    content: Content = "both",
    n_channels: int = 2,
    fwhm: float = 10.0,
    shape: Shape = "lorentzian",
) -> Float32:
    """Spectra of molecules as instruments show them, the strongest point of each channel 1.

    Parameters
    ----------
    table : SpectraTable
    samples : (n,) int
        Molecules.
    axis : Axis
    instruments : n Instrument
        One for each spectrum.
    draws : n Generator
        Random numbers of each measurement.
    content, n_channels
        See `channels.select`; the two channels of "ir twice" differ in their noise.
    fwhm : float, cm⁻¹
        Of the lines before any broadening.
    shape : "lorentzian" or "gaussian"

    Returns
    -------
    (n, n_channels, points) float32
    """
    lines, strengths = table.strengths(samples)
    per_line = np.repeat(np.arange(len(samples)), np.diff(lines.offsets))
    stretch = _values(instruments, "stretch")[per_line]
    moved = lines.values * (1 + stretch) + _values(instruments, "shift")[per_line]
    widths = fwhm + _values(instruments, "broadening")
    both = curves(Ragged(lines.offsets, moved), strengths, axis, fwhm=widths, shape=shape)
    shown = strongest_is_one(select(both, content, n_channels))
    kinds = raman_channels(content, n_channels)
    return strongest_is_one(_distorted(shown, axis, instruments, draws, kinds, broadened=True))


def measure_curves(
    spectra: Float32,
    axis: Axis,
    instruments: Sequence[Instrument],
    draws: Sequence[np.random.Generator],
    *,
    raman: Sequence[bool] = (False, True),
) -> Float32:
    """Spectra that exist as curves, as further instruments would show them.

    Parameters
    ----------
    spectra : (n, n_channels, points)
        On ``axis``; moved by linear interpolation, the ends continued.
    raman : n_channels bool
        Which channels have fluorescence.

    Returns
    -------
    (n, n_channels, points) float32, the strongest point of each channel 1
    """
    x = axis.wavenumbers
    out = np.empty_like(spectra)
    for i, each in enumerate(instruments):
        source = (x - each.shift) / (1 + each.stretch)
        for channel, curve in enumerate(spectra[i]):
            out[i, channel] = np.interp(source, x, curve)
    shown = strongest_is_one(out)
    return strongest_is_one(_distorted(shown, axis, instruments, draws, raman, broadened=False))


def _distorted(
    spectra: Float32,
    axis: Axis,
    instruments: Sequence[Instrument],
    draws: Sequence[np.random.Generator],
    raman: Sequence[bool],
    *,
    broadened: bool,
) -> Float32:
    """Steps 2 (if not done) to 6; blank channels stay blank."""
    shows = live(spectra)
    widths = (
        np.zeros(len(spectra), dtype=np.float32)
        if broadened
        else _values(instruments, "broadening")
    )
    out = _smooth(spectra, axis.step, _values(instruments, "resolution"), widths)
    effects = [_effects(each, axis.points) for each in instruments]
    response, background, hump = (np.stack(each) for each in zip(*effects, strict=True))
    factors = np.array([0.5 + draw.random() for draw in draws], dtype=np.float32)[:, None]
    out *= response[:, None]
    background *= factors
    out += background[:, None]
    hump *= factors
    for channel, is_raman in enumerate(raman):
        if is_raman:
            out[:, channel] += hump
    noise = np.empty_like(out)
    for draw, each, strength in zip(draws, noise, _values(instruments, "noise"), strict=True):
        draw.standard_normal(out=each, dtype=np.float32)
        each *= strength
    out += noise
    out *= shows[:, :, None]
    return out


@lru_cache(maxsize=1024)
def _effects(instrument: Instrument, points: int) -> tuple[Float32, Float32, Float32]:
    """Response, background and hump of an instrument along the axis."""
    t = np.linspace(-1, 1, points)
    centre, width = instrument.hump
    effects = (
        instrument.gain * np.exp(instrument.tilt * t),
        np.polynomial.legendre.legval(t, instrument.baseline),
        instrument.fluorescence * np.exp(-(((t - centre) / width) ** 2) / 2),
    )
    response, background, hump = (np.asarray(each, dtype=np.float32) for each in effects)
    return response, background, hump


@lru_cache(maxsize=1024)
def _transfer(gaussian: float, lorentzian: float, size: int, step: float) -> Float32:
    """Fourier transform of the line shapes of given FWHM, (size // 2 + 1,)."""
    frequency = np.fft.rfftfreq(size, step)
    exponent = (np.pi * frequency * gaussian) ** 2 / (4 * math.log(2))
    return np.asarray(np.exp(-exponent - np.pi * frequency * lorentzian), dtype=np.float32)


def _smooth(spectra: Float32, step: float, gaussian: Float32, lorentzian: Float32) -> Float32:
    """Convolution with a Gaussian and a Lorentzian of given FWHM; the ends are mirrored."""
    from scipy.fft import irfft, next_fast_len, rfft

    widest = float(gaussian.max(initial=0) + lorentzian.max(initial=0))
    if not widest:
        return spectra.copy()
    points = spectra.shape[-1]
    margin = min(points - 1, math.ceil(4 * widest / step))
    size = next_fast_len(points + 2 * margin, real=True)
    # The spectrum with its mirrored ends; what is left of the length stays 0, out of reach.
    padded = np.zeros((*spectra.shape[:2], size), dtype=np.float32)
    padded[..., margin : margin + points] = spectra
    padded[..., :margin] = spectra[..., margin:0:-1]
    padded[..., margin + points : points + 2 * margin] = spectra[..., -2 : -2 - margin : -1]
    pairs = zip(gaussian.tolist(), lorentzian.tolist(), strict=True)
    transfer = np.stack([_transfer(g, w, size, step) for g, w in pairs])
    spectrum = rfft(padded, overwrite_x=True)
    spectrum *= transfer[:, None]
    smooth = irfft(spectrum, size, overwrite_x=True)[..., margin : margin + points]
    return np.ascontiguousarray(smooth, dtype=np.float32)


def _values(instruments: Sequence[Instrument], name: str) -> Float32:
    return np.array([getattr(each, name) for each in instruments], dtype=np.float32)
