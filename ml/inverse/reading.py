"""Measured spectra for the inverse model: files of users, checked and brought to its axis.

JCAMP-DX says its own kind and units. A table (csv, tsv, txt) has two columns, wavenumber and
intensity, and perhaps a line of heads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ...vibration.files.jcamp import read_jcamp
from ...vibration.sticks import Kind
from ..broadening import Axis
from ..channels import strongest_is_one
from ..errors import SpectraError
from ..loaders.files import is_number, number, read_rows
from ..table import Float32
from ..training.inputs import LEAST_COVER

Float64: TypeAlias = NDArray[np.float64]
Unit: TypeAlias = Literal["cm-1", "nm", "um"]
Signal: TypeAlias = Literal["absorbance", "transmittance", "percent"]
UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
SIGNALS: Final[tuple[Signal, ...]] = get_args(Signal)
TABLES: Final = (".csv", ".tsv", ".txt")
FEWEST_POINTS: Final = 50
COARSEST: Final = 16.0
"""cm⁻¹; the widest step between points that still shows bands."""
VIBRATIONAL: Final = (10.0, 12_000.0)
"""cm⁻¹; within this lie vibrational spectra."""
FLAT: Final = 6
"""Points in a row about the largest value that can show a saturated detector."""
_CREST, _SLOPE, _STEEP = 0.95, 0.6, 0.65
"""A band is 0.3 times as wide at the first height as at the second, a clipped one nearly so."""
DOWNWARD: Final = 0.75
"""Height of the median, between least and largest value, above which bands point downward."""
_FACTORS: Final = {"nm": 1e7, "um": 1e4}
_REFLECTED: Final = ("REFLECT", "KUBELKA", "INTERFEROGRAM", "PHOTOACOUSTIC")


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """A measured spectrum.

    Attributes
    ----------
    kind : "ir" or "raman"
    wavenumbers : (n,), cm⁻¹
        Ascending.
    intensities : (n,)
        Absorbance or Raman intensity, up to a factor.
    name : str
        Of the file.
    """

    kind: Kind
    wavenumbers: Float64
    intensities: Float64
    name: str


def read_observed(
    path: Path, *, kind: str | None = None, unit: str = "cm-1", signal: str = "absorbance"
) -> Observed:
    """A spectrum of a file.

    Parameters
    ----------
    path : path
        JCAMP-DX (``.jdx``, ``.dx``, ``.jcamp``), or a table of two columns.
    kind : "ir" or "raman", optional
        Of a table; ir if not given. JCAMP-DX says it.
    unit : "cm-1", "nm" or "um"
        Of the first column of a table.
    signal : "absorbance", "transmittance" (0 to 1) or "percent"
        Of the second column of an infrared table.

    Raises
    ------
    FileError, SpectraError
        If the file cannot be read, or holds no spectrum that can be used.
    """
    choices = {"kind": (kind or "ir", ("ir", "raman")), "unit": (unit, UNITS)}
    for name, (given, known_values) in (choices | {"signal": (signal, SIGNALS)}).items():
        if given not in known_values:
            raise SpectraError(f"{name} {given!r}: choose {', '.join(known_values)}")
    if path.suffix.lower() in TABLES:
        x, y = _two_columns(path)
        known: Kind = "raman" if kind == "raman" else "ir"
        x, how = _as_wavenumbers(x, unit, path), signal
    else:
        found = read_jcamp(path)
        if kind is not None and kind != found.kind:
            raise SpectraError(f"{path}: holds a spectrum of kind {found.kind}, not {kind}")
        known, x, y = found.kind, found.wavenumbers, found.intensities
        how = _signal_of(found.unit, path) if known == "ir" else "absorbance"
    if known == "ir" and how != "absorbance":
        y = _absorbance(x, y, how, path)
    out = Observed(known, *_sorted(x, y, path), str(path))
    _check(out)
    return out


def on_axis_of(observed: Sequence[Observed], axis: Axis) -> Float32:
    """Spectra as a model takes them: (1, 2, points), infrared and Raman, a missing one blank.

    The smallest value becomes 0 and the largest 1; outside the measured range there is 0.

    Raises
    ------
    SpectraError
        If there is none, two of one kind, or one covers too little of the axis.
    """
    if not observed:
        raise SpectraError("no spectrum; give an infrared or a Raman spectrum")
    out = np.zeros((1, 2, axis.points), dtype=np.float32)
    for each in observed:
        channel = int(each.kind == "raman")
        if out[0, channel].any():
            raise SpectraError(f"{each.name}: a second spectrum of the kind {each.kind}; give one")
        x, y = each.wavenumbers, each.intensities
        share = max(0.0, min(x[-1], axis.high) - max(x[0], axis.low)) / (axis.high - axis.low)
        if share < LEAST_COVER:
            raise SpectraError(
                f"{each.name}: {x[0]:g} to {x[-1]:g} cm⁻¹ covers {share:.0%} of the axis of the "
                f"model, {axis.low:g} to {axis.high:g} cm⁻¹; at least {LEAST_COVER:.0%} are "
                "needed. Is the unit right?"
            )
        inside = (x >= axis.low) & (x <= axis.high)
        base = float(y[inside].min())
        out[0, channel] = np.interp(axis.wavenumbers, x, y - base, left=0.0, right=0.0)
        if not out[0, channel].any():
            raise SpectraError(f"{each.name}: the spectrum is the same everywhere; nothing to read")
    return strongest_is_one(out)


def measured_on(observed: Sequence[Observed], axis: Axis) -> NDArray[np.bool_]:
    """Where infrared and Raman were measured, (2, points)."""
    out = np.zeros((2, axis.points), dtype=bool)
    for each in observed:
        x = axis.wavenumbers
        out[int(each.kind == "raman")] |= (x >= each.wavenumbers[0]) & (x <= each.wavenumbers[-1])
    return out


def read_shifts_text(text: str) -> tuple[float, ...]:
    """Chemical shifts from a text, ppm.

    Raises
    ------
    SpectraError
        If something in it is no number.

    Examples
    --------
    >>> read_shifts_text("128.4, 21.3;")
    (128.4, 21.3)
    """
    words = [word for word in re.split(r"[,;\s]+", text.strip()) if word]
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise SpectraError(f"shifts {text!r}: write numbers in ppm, such as 128.4,21.3") from None


def _two_columns(path: Path) -> tuple[Float64, Float64]:
    rows = read_rows(path)
    if len(rows[0]) == 1 and len(rows[0][0].split()) > 1:
        rows = [row[0].split() for row in rows]
    widths = {len(row) for row in rows}
    if widths != {2}:
        found = " or ".join(map(str, sorted(widths)))
        raise SpectraError(
            f"{path}: rows of width {found}; give two columns, wavenumber and intensity, one point "
            "to a row"
        )
    body = rows if _are_numbers(rows[0]) else rows[1:]
    if not body:
        raise SpectraError(f"{path}: empty: a head and no point")
    for place, row in enumerate(body, start=len(rows) - len(body) + 1):
        if not _are_numbers(row):
            raise SpectraError(f"{path}: row {place}: {', '.join(row)} are not two numbers")
    values = np.array([[number(cell) for cell in row] for row in body])
    return values[:, 0], values[:, 1]


def _are_numbers(row: Sequence[str]) -> bool:
    return len(row) == 2 and all(map(is_number, row))


def _as_wavenumbers(x: Float64, unit: str, path: Path) -> Float64:
    if unit == "cm-1":
        return x
    if (x <= 0).any():
        raise SpectraError(f"{path}: a wavelength of {x.min():g} {unit} is not positive")
    return np.asarray(_FACTORS[unit] / x)


def _signal_of(unit: str, path: Path) -> Signal:
    """What the ordinate of an infrared JCAMP-DX file is."""
    text = unit.upper()
    if any(word in text for word in _REFLECTED):
        raise SpectraError(
            f"{path}: ordinates are {unit}; the model has learnt absorption, convert them to "
            "absorbance first"
        )
    if "TRANSMITTANCE" in text or "TRANSMISSION" in text:
        return "percent" if "%" in text or "PERCENT" in text else "transmittance"
    return "absorbance"


def _absorbance(x: Float64, y: Float64, signal: str, path: Path) -> Float64:
    share = y / 100 if signal == "percent" else y
    if np.nanmax(share) > 1.5:
        raise SpectraError(
            f"{path}: a transmittance of {np.nanmax(y):g}; it is at most "
            f"{100 if signal == 'percent' else 1}. Is it absorbance, or percent?"
        )
    dark = share <= 0
    if dark.any():
        raise SpectraError(
            f"{path}: no light passes at {x[np.argmax(dark)]:g} cm⁻¹ and {int(dark.sum())} points "
            "in all: saturated; measure a thinner sample or leave the range out"
        )
    return np.asarray(-np.log10(share))


def _sorted(x: Float64, y: Float64, path: Path) -> tuple[Float64, Float64]:
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise SpectraError(f"{path}: a point is not finite; fill the gaps or leave them out")
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    doubles = np.flatnonzero(np.diff(x) == 0)
    if doubles.size:
        raise SpectraError(f"{path}: two points at {x[doubles[0]]:g} cm⁻¹; remove one")
    return x, y


def _check(each: Observed) -> None:
    x, y = each.wavenumbers, each.intensities
    if len(x) < FEWEST_POINTS:
        raise SpectraError(f"{each.name}: {len(x)} points; give {FEWEST_POINTS} or more")
    low, high = VIBRATIONAL
    if x[0] < 0 or x[-1] > high or x[-1] < low:
        raise SpectraError(
            f"{each.name}: {x[0]:g} to {x[-1]:g} is no range of a vibrational spectrum in cm⁻¹; "
            f"give the unit of the first column, {', '.join(UNITS)}"
        )
    step = float(np.median(np.diff(x)))
    if step > COARSEST:
        raise SpectraError(
            f"{each.name}: a point each {step:.0f} cm⁻¹; bands need {COARSEST:g} or less"
        )
    if np.ptp(y) == 0:
        raise SpectraError(f"{each.name}: the spectrum is {y[0]:g} everywhere; nothing to read")
    height = float(np.median(y) - y.min()) / float(np.ptp(y))
    if each.kind == "ir" and height > DOWNWARD:
        raise SpectraError(
            f"{each.name}: bands point downward; is it transmittance? Then say so: transmittance "
            "or percent, not absorbance"
        )
    _refuse_flat_tops(each)


def _refuse_flat_tops(each: Observed) -> None:
    """Refuse a spectrum whose highest bands end in a plateau, with noise on it or without."""
    x, y = each.wavenumbers, each.intensities
    base = float(np.median(y))
    crest, slope = (base + share * (y.max() - base) for share in (_CREST, _SLOPE))
    first, last = _longest(y >= crest)
    left, right = first, last
    while left > 0 and y[left - 1] >= slope:
        left -= 1
    while right < len(y) and y[right] >= slope:
        right += 1
    clipped = last - first > _STEEP * (right - left)
    if not clipped:
        first, last = _longest(y >= y.max() - 1e-9 * np.ptp(y))
    if last - first >= FLAT:
        raise SpectraError(
            f"{each.name}: saturated: {last - first} points in a row at the top, "
            f"{x[first]:g} to {x[last - 1]:g} cm⁻¹; measure a thinner sample or leave the range out"
        )


def _longest(marked: NDArray[np.bool_]) -> tuple[int, int]:
    """The longest run of marked points: its first, and the one behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(int), [0]])))
    first, last = max(edges.reshape(-1, 2), key=lambda edge: edge[1] - edge[0])
    return int(first), int(last)
