"""Pictures of spectra as spectroscopists draw them: sticks and curve, bands with their irreps.

Infrared spectra run from high to low wavenumber, Raman spectra from low to high. A degenerate
set is one stick. Fundamentals that are silent in both spectra are open diamonds on the axis.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..pointgroup.errors import FileError
from ..pointgroup.writing import whole_file
from .errors import SpectrumError
from .placement import spread, strongest_apart
from .spectrum import CURVE_UNITS, Spectrum, transmittance
from .sticks import ACTIVITY_UNIT, CROSS_SECTION_UNIT, IR_UNIT, Sticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]
Ordinate = Literal["absorption", "transmittance"]
Direction = Literal["conventional", "decreasing", "increasing"]

FIGURE_TYPES = (".png", ".pdf", ".svg")
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
"""Okabe and Ito's colours, which the colour-blind tell apart."""
DEEPEST = 0.05
"""Transmittance of the strongest band, unless a column is given."""
WEAKEST = 0.01
"""Share of the strongest stick below which a band gets no label."""

_WIDTH, _PANEL = 7.2, 2.9  # inches
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.68, 0.62, 0.46, 0.3  # margins of a panel, inches
_LABEL_GAP, _LABEL_ROOM = 0.135, 0.34  # inches between labels; share of the height for them
_LONGEST_TITLE = 64
_QUANTITIES = {
    CURVE_UNITS[IR_UNIT]: r"$\varepsilon$ / ",
    CURVE_UNITS[ACTIVITY_UNIT]: "Raman activity / ",
    CURVE_UNITS[
        CROSS_SECTION_UNIT
    ]: r"$\mathrm{d}^2\sigma/\mathrm{d}\Omega\,\mathrm{d}\tilde{\nu}$ / ",
}
_NAMES = {"ir": "Infrared", "raman": "Raman"}


def spectrum_figure(
    *spectra: Spectrum,
    ordinate: Ordinate = "absorption",
    column: float | None = None,
    direction: Direction = "conventional",
    labels: bool = True,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
) -> Figure:
    """A figure with one panel per spectrum, one above the other.

    Parameters
    ----------
    *spectra : Spectrum
        Computed (with sticks) or measured; as a rule infrared, then Raman.
    ordinate : "absorption" or "transmittance"
        Of infrared spectra in L mol⁻¹ cm⁻¹.
    column : float, mol cm/L, optional
        Concentration times path, for transmittance; by default the strongest band transmits
        5 %.
    direction : "conventional", "decreasing" or "increasing"
        Of the wavenumber axis; conventional is decreasing for infrared, increasing for Raman.
        One direction for both lines up their bands.
    labels : bool
        Whether bands carry irrep and wavenumber. Where there is no room, the weakest go
        without.
    limits : (low, high), cm⁻¹, optional
        Range to show; default that of each spectrum.
    title : str, optional
        Default the title of the first spectrum.

    Raises
    ------
    SpectrumError
        If there is no spectrum, or an option has no meaning.
    """
    from matplotlib.figure import Figure

    _check(spectra, ordinate, direction, limits)
    name = _shown(spectra[0].title if title is None else title)
    extra = 0.2 if name else 0.0
    height = _PANEL * len(spectra) + extra
    figure = Figure(figsize=(_WIDTH, height))
    inner = (_WIDTH - _LEFT - _RIGHT) / _WIDTH, (_PANEL - _BOTTOM - _TOP) / height
    for row, spectrum in enumerate(spectra):
        base = (_PANEL * (len(spectra) - 1 - row) + _BOTTOM) / height
        axes = figure.add_axes((_LEFT / _WIDTH, base, *inner))
        panel = _panel(spectrum, ordinate, column, limits)
        _draw(axes, panel, labels=labels)
        low, high = panel.limits
        reverse = direction == "decreasing" or (
            direction == "conventional" and spectrum.kind == "ir"
        )
        axes.set_xlim((high, low) if reverse else (low, high))
    if name:
        figure.text(_LEFT / _WIDTH, 1 - 0.08 / height, name, fontsize=10, weight="bold",
                    ha="left", va="top")  # fmt: skip
    return figure


def _shown(title: str) -> str:
    """A title that fits the width, and in which a dollar sign is one."""
    short = title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"
    return short.replace("$", r"\$")


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG, PDF or SVG; it appears whole or not at all.

    Raises
    ------
    FileError
        If the type is unknown or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FIGURE_TYPES:
        raise FileError(f"{path}: unknown type of figure; known are {', '.join(FIGURE_TYPES)}")
    with whole_file(path) as draft:
        figure.savefig(draft, format=path.suffix[1:].lower(), facecolor="white", dpi=200)


def irrep_symbol(label: str) -> str:
    r"""A Mulliken label with its subscript, as matplotlib typesets it.

    >>> irrep_symbol("E2u"), irrep_symbol("A1''"), irrep_symbol("Σg+")
    ('$E_{2u}$', "$A''_{1}$", '$\\Sigma^{+}_{g}$')
    """
    match = re.fullmatch(r"([A-ZΣΠΔΦΓ])([0-9a-z]*)([+-]?)('*|″|′)", label)
    if match is None:
        return label
    letter, below, sign, primes = match.groups()
    greek = {"Σ": r"\Sigma", "Π": r"\Pi", "Δ": r"\Delta", "Φ": r"\Phi", "Γ": r"\Gamma"}
    primes = primes.replace("″", "''").replace("′", "'")
    above = primes or (f"^{{{sign}}}" if sign else "")
    return f"${greek.get(letter, letter)}{above}{f'_{{{below}}}' if below else ''}$"


@dataclass(frozen=True, slots=True)
class _Panel:
    """A spectrum with its ordinates as they are drawn.

    ``floor`` is where there is no absorption and ``peak`` the strongest, so that bands point
    from floor to peak, down in transmittance.
    """

    spectrum: Spectrum
    values: FloatArray
    floor: float
    peak: float
    label: str
    limits: tuple[float, float]
    note: str = ""


def _check(
    spectra: tuple[Spectrum, ...],
    ordinate: str,
    direction: str,
    limits: tuple[float, float] | None,
) -> None:
    if not spectra:
        raise SpectrumError("no spectrum to draw: give one or more")
    if ordinate not in get_args(Ordinate):
        raise SpectrumError(f"ordinate {ordinate!r}: choose absorption or transmittance")
    if direction not in get_args(Direction):
        raise SpectrumError(f"direction {direction!r}: choose one of {get_args(Direction)}")
    if limits is not None and not -math.inf < limits[0] < limits[1] < math.inf:
        raise SpectrumError(f"limits {limits}: the first must be the smaller")


def _panel(
    spectrum: Spectrum,
    ordinate: Ordinate,
    column: float | None,
    limits: tuple[float, float] | None,
) -> _Panel:
    x = spectrum.wavenumbers
    span = limits or (float(x[0]), float(x[-1]))
    shown = (x >= span[0]) & (x <= span[1])
    if not shown.any():
        raise SpectrumError(f"limits {span[0]:g} to {span[1]:g} cm⁻¹ show nothing of the spectrum")
    y = spectrum.intensities
    lowest = min(0.0, float(y[shown].min()))
    highest = float(y[shown].max())
    highest = highest if highest > lowest else lowest + 1.0
    if spectrum.kind == "ir" and ordinate == "transmittance":
        if column is None:
            column = -math.log10(DEEPEST) / highest
        percent = 100 * transmittance(spectrum, column)
        note = f"$cl$ = {column:.2g} mol cm L⁻¹"
        return _Panel(spectrum, percent, 100.0, 0.0, "transmittance / %", span, note)
    text = _QUANTITIES.get(spectrum.unit, "") + spectrum.unit
    return _Panel(spectrum, y, lowest, highest, text, span)


def _draw(axes: Axes, panel: _Panel, *, labels: bool) -> None:
    spectrum, lines = panel.spectrum, panel.spectrum.sticks
    room = _LABEL_ROOM if labels and lines is not None else 0.06
    top = panel.floor + (panel.peak - panel.floor) / (1 - room)
    axes.plot(spectrum.wavenumbers, panel.values, color=BLUE, lw=1.1, zorder=3,
              label=", ".join(filter(None, (spectrum.line_shape, panel.note))) or None)  # fmt: skip
    axes.set_ylim(min(panel.floor, top), max(panel.floor, top))
    axes.set_yticks(_ticks(panel.floor, panel.peak))
    middle = (1 - room) / 2 if panel.peak > panel.floor else (1 + room) / 2
    axes.set_ylabel(panel.label, fontsize=8, color=BLUE, y=middle)
    name = "wavenumber / cm⁻¹" if spectrum.kind == "ir" else "Raman shift / cm⁻¹"
    axes.set_xlabel(name, fontsize=8)
    axes.set_title(_NAMES[spectrum.kind], fontsize=9, loc="left", weight="bold")
    axes.tick_params(labelsize=8, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    if lines is not None:
        _draw_sticks(axes, panel, lines, room, middle)
        _mark_silent(axes, panel, lines)
        if labels:
            _draw_labels(axes, panel, lines, top)
    if axes.get_legend_handles_labels()[0]:
        _add_legend(axes)


def _add_legend(axes: Axes) -> None:
    """What is drawn, above the axes."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.99), ncols=3, fontsize=7,
                frameon=False, borderpad=0.2, handlelength=1.2, columnspacing=1.2)  # fmt: skip


def _draw_sticks(axes: Axes, panel: _Panel, lines: Sticks, room: float, middle: float) -> None:
    """Sticks against an axis of their own on the right, as high as the curve."""
    inside = _inside(lines.wavenumbers, panel.limits)
    highest = float(lines.intensities[inside].max(initial=0.0)) or 1.0
    right: Any = axes.twinx()
    right.vlines(lines.wavenumbers[inside], 0, lines.intensities[inside], color=ORANGE, lw=1.0)
    limit = highest / (1 - room)
    right.set_ylim((0, limit) if panel.peak > panel.floor else (limit, 0))
    right.set_yticks(_ticks(0.0, highest))
    right.set_ylabel(f"sticks / {lines.unit}", fontsize=8, color=ORANGE, y=middle)
    right.tick_params(labelsize=8, length=3)
    right.spines[["top", "left"]].set_visible(False)
    # The curve is drawn over the sticks.
    axes.set_zorder(right.get_zorder() + 1)
    axes.patch.set_visible(False)


def _ticks(first: float, last: float) -> FloatArray:
    """Round numbers between two values, in either order."""
    from matplotlib.ticker import MaxNLocator

    low, high = sorted((first, last))
    values = np.asarray(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    slack = 1e-9 * (high - low)
    return values[(values >= low - slack) & (values <= high + slack)]


def _mark_silent(axes: Axes, panel: _Panel, lines: Sticks) -> None:
    """Diamonds on the axis, and how many modes have no place in the picture."""
    if lines.left_out:
        count = len(lines.left_out)
        axes.plot([], [], " ", label=f"{count} imaginary mode{'s' if count > 1 else ''} left out")
    silent = lines.silent & _inside(lines.wavenumbers, panel.limits)
    if silent.any():
        n = lines.degeneracies[silent].sum()
        axes.plot(lines.wavenumbers[silent], np.zeros(silent.sum()), "D", mfc="white", mec=GREEN,
                  mew=0.9, ms=4, clip_on=False, zorder=6, ls="none",
                  transform=axes.get_xaxis_transform(),
                  label=f"silent ({n} mode{'s' if n > 1 else ''})")  # fmt: skip


def _draw_labels(axes: Axes, panel: _Panel, lines: Sticks, top: float) -> None:
    """Irrep and wavenumber of the bands, upright in a row, each with a line to its band."""
    low, high = panel.limits
    x, strength = lines.wavenumbers, lines.intensities
    gap = _LABEL_GAP * (high - low) / (_WIDTH - _LEFT - _RIGHT)
    shown = _inside(x, panel.limits) & (strength > 0)
    chosen = np.flatnonzero(shown & (strength >= WEAKEST * strength[shown].max(initial=0.0)))
    most = max(1, int((high - low) / gap))
    chosen = chosen[strongest_apart(x[chosen], strength[chosen], most)]
    places = spread(x[chosen], gap, low + gap / 2, high - gap / 2)
    heights = np.interp(x[chosen], panel.spectrum.wavenumbers, panel.values)
    room, edge = top - panel.peak, "bottom" if top > panel.peak else "top"
    for k, place, height in zip(chosen, places, heights, strict=True):
        text = f"{irrep_symbol(lines.irreps[k])} {x[k]:.0f}"
        axes.text(place, panel.peak + 0.27 * room, text, fontsize=6.5, rotation=90, ha="center",
                  va=edge)  # fmt: skip
        ends = height + 0.03 * room, panel.peak + 0.06 * room, panel.peak + 0.24 * room
        axes.plot([x[k], x[k], place], ends, color="0.65", lw=0.4, zorder=2)


def _inside(x: FloatArray, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((x >= limits[0]) & (x <= limits[1]))
