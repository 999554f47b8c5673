"""IR and Raman one above the other on one axis, with silent modes between them, as SVG.

The wavenumber axis falls from left to right in both panels, so that coincidences and
exclusions line up. The script on the page selects the band nearest to a click.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...vibration.placement import spread, strongest_apart
from ..results import spectrum_of
from .contents import Band, Vibrations
from .markup import Markup, joined, tag

if TYPE_CHECKING:
    from ...vibration.spectrum import Spectrum

WIDTH, LEFT, RIGHT = 900, 62, 14
_PANEL, _LABELS, _LANE, _AXIS = 150, 46, 34, 40
_POINTS = 1500
_WEAKEST = 0.01
"""Share of the strongest stick below which a band gets no label."""
_LABEL_GAP = 15.0
_MOST_LABELS = 24


@dataclass(frozen=True, slots=True)
class Axis:
    """Wavenumbers to places: ``high`` at the left, ``low`` at the right, cm⁻¹."""

    low: float
    high: float

    def __call__(self, wavenumber: float) -> float:
        """Abscissa of a wavenumber."""
        share = (self.high - wavenumber) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


@dataclass(frozen=True, slots=True)
class Figure:
    """The picture, and where each band is in it (None where it has no place).

    Attributes
    ----------
    svg : Markup
    places : tuple of float or None
    """

    svg: Markup
    places: tuple[float | None, ...]


def spectra_figure(found: Vibrations) -> Figure:
    """The spectra whose intensities are known; else the positions alone."""
    scale = found.drawing.scale
    bands = [b for b in found.bands if b.wavenumber > 0]
    axis = _axis([b.wavenumber * scale for b in bands])
    kinds: tuple[Literal["ir", "raman"], ...] = ("ir", "raman")
    drawn = [k for k in kinds if _known(found, k) and bands]
    parts: list[Markup] = []
    top = 0.0
    lane = False
    for kind in drawn:
        if kind == "raman" and "ir" in drawn:
            top, lane = _silent_lane(parts, found, axis, top), True
        parts.append(joined(_panel(found, kind, axis, top)))
        top += _LABELS + _PANEL
    if not drawn:
        parts.append(joined(_positions(found, axis, top)))
        top += _LANE + 20
    if drawn and not lane:
        top = _silent_lane(parts, found, axis, top)
    parts.append(joined(_ticks(axis, top)))
    parts.append(tag("g", id="cursor", class_="cursor"))
    places = tuple(axis(b.wavenumber * scale) if b.wavenumber > 0 else None for b in found.bands)
    svg = tag(
        "svg",
        parts,
        viewBox=f"0 0 {WIDTH} {top + _AXIS:g}",
        id="spectra",
        class_="spectra",
        tabindex="0",
        role="group",
        aria_label="Spectra. Left and right arrow keys go from band to band, Enter plays.",
        data_top="0",
        data_bottom=f"{top:g}",
    )
    return Figure(svg, places)


def _known(found: Vibrations, kind: str) -> bool:
    modes = found.modes
    return (modes.ir_intensities if kind == "ir" else modes.raman_activities) is not None


def _axis(wavenumbers: Sequence[float]) -> Axis:
    highest = max(wavenumbers, default=1000.0)
    step = _step(highest)
    return Axis(0.0, step / 2 * math.ceil((highest * 1.04 + 10) / (step / 2)))


def _step(span: float) -> float:
    """Distance of ticks: 1, 2 or 5 times a power of ten, at most ten of them."""
    raw = max(span, 1e-12) / 9
    power: float = 10 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw)


def _curve(found: Vibrations, kind: Literal["ir", "raman"], axis: Axis) -> Spectrum:
    centres = found.drawing.scale * found.modes.wavenumbers
    plain = np.linspace(axis.low, axis.high, _POINTS)
    grid = np.union1d(plain, centres[(centres > axis.low) & (centres < axis.high)])
    return spectrum_of(found.modes, kind, found.drawing, grid)


def _panel(
    found: Vibrations, kind: Literal["ir", "raman"], axis: Axis, top: float
) -> Iterator[Markup]:
    """Curve, sticks and labels of one spectrum."""
    curve = _curve(found, kind, axis)
    bottom = top + _LABELS + _PANEL
    peak = float(curve.intensities.max(initial=0.0)) or 1.0
    name = "Infrared" if kind == "ir" else "Raman"
    yield tag("text", name, x=LEFT + 2, y=top + 14, class_=f"panel-name {kind}")
    yield from _scale(curve.unit, peak, top + _LABELS, bottom, kind)
    points = " ".join(
        f"{axis(x):.1f},{bottom - _PANEL * y / peak:.1f}"
        for x, y in zip(curve.wavenumbers, curve.intensities, strict=True)
    )
    yield tag("polyline", points=points, class_=f"curve {kind}")
    shown = [
        (i, b, (b.ir if kind == "ir" else b.raman) or 0.0)
        for i, b in enumerate(found.bands)
        if b.wavenumber > 0
    ]
    strongest = max((s for _, _, s in shown), default=0.0) or 1.0
    for i, band, strength in shown:
        height = _PANEL * strength / strongest
        if height < 0.2:
            continue
        x = axis(band.wavenumber * found.drawing.scale)
        yield tag(
            "line", x1=x, x2=x, y1=bottom, y2=bottom - height, class_=f"stick {kind}",
            data_band=str(i),
        )  # fmt: skip
    yield from _labels(found, shown, strongest, axis, top, bottom)
    yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=bottom, y2=bottom, class_="base")


def _labels(
    found: Vibrations,
    shown: Sequence[tuple[int, Band, float]],
    strongest: float,
    axis: Axis,
    top: float,
    bottom: float,
) -> Iterator[Markup]:
    """Irreps of the strongest bands, moved apart, each with a line down to its stick."""
    named = [(b, s) for _, b, s in shown if s > _WEAKEST * strongest]
    if not named:
        return
    scale = found.drawing.scale
    targets = [axis(b.wavenumber * scale) for b, _ in named]
    chosen = strongest_apart(targets, [s for _, s in named], _MOST_LABELS)
    wanted = [targets[i] for i in chosen]
    places = spread(wanted, _LABEL_GAP, LEFT + 78, WIDTH - RIGHT - 6)
    for k, x, place in zip(chosen, wanted, places, strict=True):
        band, strength = named[int(k)]
        head = bottom - _PANEL * strength / strongest
        low = top + _LABELS - 6
        yield tag(
            "path", d=f"M{x:.1f} {head:.1f}V{low:.1f}L{place:.1f} {low - 6:.1f}", class_="leader"
        )
        yield tag(
            "text", band.irrep, class_="band-name",
            transform=f"translate({place + 3:.1f} {low - 8:.1f}) rotate(-90)",
        )  # fmt: skip


def _scale(unit: str, peak: float, high: float, low: float, kind: str) -> Iterator[Markup]:
    """Ticks of the ordinate and its title."""
    step = _step(peak * 2.2)
    value = 0.0
    while value <= peak * 1.001:
        y = low - (low - high) * value / peak
        yield tag("line", x1=LEFT - 4, x2=LEFT, y1=y, y2=y, class_="tick")
        yield tag("text", f"{value:g}", x=LEFT - 7, y=y + 4, class_="tick-name end")
        value += step
    yield tag("line", x1=LEFT, x2=LEFT, y1=high, y2=low, class_="base")
    title = f"ε / {unit}" if kind == "ir" else unit
    middle = (high + low) / 2
    yield tag(
        "text", title, transform=f"translate(13 {middle:.1f}) rotate(-90)", class_="axis-name"
    )


def _silent_lane(parts: list[Markup], found: Vibrations, axis: Axis, top: float) -> float:
    """Diamonds where silent modes lie; the new top."""
    silent = [(i, b) for i, b in enumerate(found.bands) if b.seen == "silent" and b.wavenumber > 0]
    if not silent:
        return top
    middle = top + 8 + _LANE / 2
    parts.append(tag("text", "silent", x=LEFT - 7, y=middle + 4, class_="tick-name end silent"))
    for i, band in silent:
        x = axis(band.wavenumber * found.drawing.scale)
        title = tag("title", f"{band.irrep}, {band.wavenumber:.1f} cm⁻¹, silent")
        shape = f"M{x:.1f} {middle - 6:.1f}l5 6l-5 6l-5 -6z"
        parts.append(tag("path", title, d=shape, class_="diamond", data_band=str(i)))
    return top + 8 + _LANE


def _positions(found: Vibrations, axis: Axis, top: float) -> Iterator[Markup]:
    """Lines at the wavenumbers, where no intensities are known."""
    yield tag(
        "text", "Positions; no intensities are known", x=LEFT, y=top + 14, class_="panel-name"
    )
    for i, band in enumerate(found.bands):
        if band.wavenumber <= 0:
            continue
        x = axis(band.wavenumber * found.drawing.scale)
        kind = "silent" if band.seen == "silent" else "plain"
        yield tag(
            "line", x1=x, x2=x, y1=top + 24, y2=top + 50, class_=f"stick {kind}", data_band=str(i)
        )


def _ticks(axis: Axis, top: float) -> Iterator[Markup]:
    yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=top, y2=top, class_="base")
    step = _step(axis.high)
    value = 0.0
    while value <= axis.high:
        x = axis(value)
        yield tag("line", x1=x, x2=x, y1=top, y2=top + 5, class_="tick")
        yield tag("text", f"{value:g}", x=x, y=top + 18, class_="tick-name middle")
        value += step
    title = "wavenumber / cm⁻¹"
    yield tag("text", title, x=(LEFT + WIDTH - RIGHT) / 2, y=top + 34, class_="axis-name")
