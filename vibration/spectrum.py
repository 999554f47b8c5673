"""Spectra: intensity against wavenumber, from normal modes by a line shape, or measured.

The area of an infrared band is its integrated absorption coefficient A (km/mol), which counts
napierian absorption. A spectrum shows the decadic molar absorption coefficient ε, so that

    ∫ ε dν̃ = 100/ln 10 · A,    ε in L mol⁻¹ cm⁻¹, A in km/mol

because 1 km/mol is 100 L mol⁻¹ cm⁻². A band of 100 km/mol with a Lorentzian FWHM of 10 cm⁻¹
has 276 L mol⁻¹ cm⁻¹ at its maximum.

Source: I. M. Mills et al., *Quantities, Units and Symbols in Physical Chemistry* (IUPAC Green
Book, 3rd edition, 2007), section 2.7.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import SpectrumError
from .lineshapes import Shape, check_shape, profile
from .modes import NormalModes
from .sticks import ACTIVITY_UNIT, CROSS_SECTION_UNIT, IR_UNIT, KINDS, Kind, Sticks, sticks

__all__ = [
    "ABSORPTION_UNIT",
    "DECADIC_ABSORPTION",
    "Shape",
    "Spectrum",
    "Sticks",
    "broaden",
    "sticks",
    "transmittance",
]

FloatArray = NDArray[np.float64]

DECADIC_ABSORPTION: Final = 100 / math.log(10)
"""∫ε dν̃ (L mol⁻¹ cm⁻²) of a band of 1 km/mol."""
ABSORPTION_UNIT: Final = "L mol⁻¹ cm⁻¹"
CURVE_UNITS: Final = {
    IR_UNIT: ABSORPTION_UNIT,
    ACTIVITY_UNIT: "Å⁴ cm/u",
    CROSS_SECTION_UNIT: "10⁻³⁰ cm³ sr⁻¹",
}
"""Unit of a curve, by that of its sticks: per cm⁻¹, and decadic if infrared."""
MOST_POINTS: Final = 5_000_000
"""Longest grid; a step that needs more is a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Intensity against wavenumber.

    Attributes
    ----------
    wavenumbers : (n,), cm⁻¹
        Strictly ascending; for Raman the shift.
    intensities : (n,)
        In ``unit``.
    kind : "ir" or "raman"
    unit : str
        Of computed ones "L mol⁻¹ cm⁻¹" (infrared), "Å⁴ cm/u" (Raman activity) or
        "10⁻³⁰ cm³ sr⁻¹" (cross-section).
    sticks : Sticks or None
        The lines under the curve.
    line_shape : str
        How the lines were broadened, as a text.
    title : str

    Raises
    ------
    SpectrumError
        If shapes do not fit, a number is not finite, wavenumbers do not ascend or the kind is
        unknown.
    """

    wavenumbers: FloatArray
    intensities: FloatArray
    kind: Kind
    unit: str
    sticks: Sticks | None = None
    line_shape: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SpectrumError(f"kind of spectrum {self.kind!r}: choose ir or raman")
        x, y = _frozen(self.wavenumbers), _frozen(self.intensities)
        object.__setattr__(self, "wavenumbers", x)
        object.__setattr__(self, "intensities", y)
        _check_axis(x)
        if y.shape != x.shape:
            raise SpectrumError(
                f"intensities of shape {y.shape} for {len(x)} wavenumbers: give one for each"
            )
        if not np.isfinite(y).all():
            place = int(np.argmin(np.isfinite(y)))
            raise SpectrumError(f"intensity at {x[place]:g} cm⁻¹ is {y[place]}: must be finite")

    def __len__(self) -> int:
        return len(self.wavenumbers)


def broaden(
    modes: NormalModes,
    kind: Kind = "ir",
    *,
    fwhm: float = 10.0,
    shape: Shape = "lorentzian",
    mixing: float = 0.5,
    scale: float = 1.0,
    laser: float | None = None,
    temperature: float = 298.15,
    limits: tuple[float, float] | None = None,
    step: float | None = None,
    grid: ArrayLike | None = None,
) -> Spectrum:
    """Spectrum of the fundamentals, each a line whose area is its intensity.

    Imaginary modes have no place in it; they are listed in ``spectrum.sticks.left_out``.

    Parameters
    ----------
    modes : NormalModes
    kind : "ir" or "raman"
    fwhm : float, cm⁻¹
        Full width at half maximum.
    shape : "lorentzian", "gaussian" or "pseudo-voigt"
    mixing : float
        Share of the Lorentzian in a pseudo-Voigt line.
    scale : float
        Factor on all wavenumbers, as published for the level of theory.
    laser : float, nm, optional
        Raman cross-sections at this wavelength instead of activities.
    temperature : float, K
        Of the sample, for cross-sections.
    limits : (low, high), cm⁻¹, optional
        Ends of the grid; default 0 to the highest fundamental and some 100 cm⁻¹ beyond.
    step : float, cm⁻¹, optional
        Of the grid; default a tenth of the FWHM, at most 1.
    grid : (n,), cm⁻¹, optional
        Ascending wavenumbers to use instead of ``limits`` and ``step``.

    Raises
    ------
    SpectrumError
        If the modes carry no such intensities, or an argument has no meaning.

    Examples
    --------
    >>> from spektron.pointgroup import Molecule
    >>> from spektron.vibration.modes import modes_from_displacements
    >>> hcl = Molecule(["H", "Cl"], [[0, 0, 0], [0, 0, 1.2746]])
    >>> stretch = [[[0, 0, 1.0], [0, 0, -0.0288]]]
    >>> modes = modes_from_displacements(hcl, [2990.9], stretch, ir_intensities=[33.0])
    >>> spectrum = broaden(modes, fwhm=20.0)
    >>> round(float(spectrum.intensities.max()), 1), spectrum.unit
    (45.6, 'L mol⁻¹ cm⁻¹')
    """
    check_shape(shape, fwhm, mixing)
    if grid is not None and not (limits is None and step is None):
        raise SpectrumError("both a grid and its limits or step: give the one or the other")
    lines = sticks(modes, kind, scale=scale, laser=laser, temperature=temperature)
    x = _grid(lines, fwhm, limits, step) if grid is None else _frozen(grid)
    _check_axis(x)
    y = np.zeros_like(x)
    factor = DECADIC_ABSORPTION if kind == "ir" else 1.0
    for centre, strength in zip(lines.wavenumbers, lines.intensities, strict=True):
        if strength != 0:
            y += factor * strength * profile(x - centre, fwhm, shape, mixing)
    return Spectrum(
        x,
        y,
        kind,
        CURVE_UNITS[lines.unit],
        lines,
        _described(shape, fwhm, mixing, scale)
        + ("" if laser is None else f", {laser:g} nm, {temperature:g} K"),
        modes.molecule.name,
    )


def transmittance(spectrum: Spectrum, column: float) -> FloatArray:
    """Share of light (0 to 1) that a sample transmits, 10^(−ε c l).

    Parameters
    ----------
    spectrum : Spectrum
        Infrared, in L mol⁻¹ cm⁻¹.
    column : float, mol cm/L
        Concentration times path, c·l.

    Raises
    ------
    SpectrumError
        If the spectrum is no molar absorption or the column is negative.
    """
    if spectrum.unit != ABSORPTION_UNIT:
        raise SpectrumError(
            f"transmittance of a spectrum in {spectrum.unit}: it must be in {ABSORPTION_UNIT}"
        )
    if not 0 <= column < math.inf:
        raise SpectrumError(f"column {column:g} mol cm/L: give 0 or more")
    return np.asarray(10.0 ** (-spectrum.intensities * column))


def _frozen(values: ArrayLike) -> FloatArray:
    out = np.array(values, dtype=np.float64)
    out.flags.writeable = False
    return out


def _check_axis(x: FloatArray) -> None:
    if x.ndim != 1 or not x.size:
        raise SpectrumError(f"wavenumbers of shape {x.shape}: give a list of one or more")
    if not np.isfinite(x).all():
        raise SpectrumError(f"wavenumber {int(np.argmin(np.isfinite(x))) + 1} is not finite")
    steps = np.diff(x)
    if (steps <= 0).any():
        place = int(np.argmax(steps <= 0))
        raise SpectrumError(
            f"wavenumbers {x[place]:g} and {x[place + 1]:g} do not ascend; sort them and remove "
            "doubles"
        )


def _grid(
    lines: Sticks, fwhm: float, limits: tuple[float, float] | None, step: float | None
) -> FloatArray:
    if limits is None:
        highest = lines.wavenumbers[-1] if len(lines) else 0.0
        limits = 0.0, 100 * math.ceil((highest + max(100.0, 10 * fwhm)) / 100)
    low, high = limits
    if not -math.inf < low < high < math.inf:
        raise SpectrumError(f"limits {low:g} to {high:g} cm⁻¹: the first must be the smaller")
    if step is None:
        step = min(1.0, fwhm / 10)
    if not 0 < step <= high - low:
        raise SpectrumError(
            f"step {step:g} cm⁻¹: give one between 0 and the range, {high - low:g} cm⁻¹"
        )
    if (high - low) / step > MOST_POINTS:
        raise SpectrumError(
            f"{(high - low) / step:.3g} points: at most {MOST_POINTS:,}; give a larger step or "
            "nearer limits"
        )
    return np.linspace(low, high, math.ceil((high - low) / step - 1e-9) + 1)


def _described(shape: Shape, fwhm: float, mixing: float, scale: float) -> str:
    name = {"lorentzian": "Lorentzian", "gaussian": "Gaussian"}.get(
        shape, f"pseudo-Voigt ({mixing:g} Lorentzian)"
    )
    scaled = "" if scale == 1 else f", wavenumbers × {scale:g}"
    return f"{name}, FWHM {fwhm:g} cm⁻¹{scaled}"
