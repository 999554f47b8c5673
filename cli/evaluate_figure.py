"""Figures of a stratified evaluation: contrasts by scaffold, accuracy, noise sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .drawing import BLUE, GREEN, GREY, ORANGE, dress, group_symbol, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..ml.stratified import Contrast, Evaluation
    from ..ml.stratified.results import Mean, Overview, Point

STYLES = {
    "ir": ("IR", BLUE, "o"),
    "raman": ("Raman", ORANGE, "s"),
    "both": ("IR + Raman", GREEN, "D"),
    "ir twice": ("IR twice", GREY, "^"),
}
"""Label, colour and marker of the inputs."""
FALLBACK = ("model", BLUE, "o")
LEAST = 5
"""Molecules of a point that is drawn with an interval."""


def draw(found: Evaluation, folder: Path) -> list[Path]:
    """Write the figures that the scores allow; their paths.

    Raises
    ------
    FileError
        If one cannot be written.
    """
    out = [folder / "contrasts.png", folder / "visible.png"]
    _draw_contrasts(found, out[0])
    _draw_visible(found, out[1])
    if len(found.table.noises) > 1:
        out.append(folder / "noise.png")
        _draw_noise(found, out[2])
    return out


def draw_properties(found: Overview, path: Path) -> None:
    """Write the figure that needs no matched strata: a row for each value of each property.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from matplotlib.figure import Figure

    from ..ml.stratified import GAINS

    rows = [c for c in found.cuts if c.endpoint == found.settings.endpoint]
    figure = Figure(figsize=(6.2, 0.22 * len(rows) + 1.3), layout="constrained")
    axes = figure.subplots()
    names, place, places = [], 0.0, []
    for k, c in enumerate(rows):
        place += 1 if not k or c.property == rows[k - 1].property else 1.6
        _bar(axes, place, c.mean.value, c.mean.low, c.mean.high, colour=BLUE, size=4.5)
        places.append(place)
        value = group_symbol(c.value) if c.property == "group" else c.value
        names.append(f"{c.property}: {value} ({c.n}; {c.n_scaffolds})")
    axes.set_yticks(places, names)
    axes.set_ylim(place + 0.8, 0.2)
    if found.settings.endpoint in GAINS:
        axes.axvline(0, color="0.6", lw=0.8, zorder=0)
    axes.set_xlabel(f"{found.settings.endpoint} in {_short(found)}", fontsize=8)
    level = f"{found.settings.level * 100:g} %"
    axes.set_title(
        f"All molecules (their number; scaffolds), {level} intervals",
        fontsize=9,
        loc="left",
        weight="bold",
    )
    dress(axes)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    save(figure, path)


# ---- forest plot ----


def _draw_contrasts(found: Evaluation, path: Path) -> None:
    """A row per scaffold, and below a line their mean."""
    from matplotlib.figure import Figure

    rows = sorted(found.scaffolds, key=lambda s: -s.value)
    n, whole = len(rows), found.primary
    height = 0.27 * (n + 2) + 1.0
    figure = Figure(figsize=(6.2, height), layout="constrained")
    axes = figure.subplots()
    for place, s in enumerate(rows):
        _bar(
            axes, place, s.value, s.low, s.high, colour=BLUE, size=3 + 5 * _weight(s.n_strata, rows)
        )
    if n:
        axes.axhline(n - 0.35, color="0.8", lw=0.7)
    _bar(axes, n + 0.3, whole.value, whole.low, whole.high, colour="black", size=7, marker="D")
    axes.axvline(0, color="0.6", lw=0.8, zorder=0)
    names = [f"{s.scaffold} ({s.n_strata})" for s in rows]
    axes.set_yticks([*range(n), n + 0.3], [*names, f"all ({len(found.matched.strata)})"])
    axes.set_ylim(n + 0.9, -0.7)
    axes.set_xlabel(
        f"{found.settings.endpoint} in {found.table.metric}:\nwith a centre less without",
        fontsize=8,
    )
    axes.set_title(_title(found), fontsize=9, loc="left", weight="bold")
    dress(axes)
    axes.yaxis.set_tick_params(length=0)
    save(figure, path)


def _title(found: Evaluation) -> str:
    noise = f" at noise {found.settings.noise:g}" if len(found.table.noises) > 1 else ""
    return f"Contrast by scaffold{noise}, {found.settings.level * 100:g} % intervals"


def _short(found: Overview) -> str:
    """The metric on two lines where it has a comma."""
    return found.table.metric.replace(", ", ",\n")


def _weight(n: int, rows: Sequence[object]) -> float:
    return math.sqrt(n / max(getattr(r, "n_strata", 1) for r in rows))


def _bar(
    axes: Axes,
    place: float,
    value: float,
    low: float,
    high: float,
    *,
    colour: str,
    size: float,
    marker: str = "s",
) -> None:
    if math.isfinite(low):
        axes.plot([low, high], [place, place], color=colour, lw=1.1, solid_capstyle="butt")
    axes.plot([value], [place], marker, color=colour, ms=size, mec="white", mew=0.4)


# ---- accuracy against what is visible ----


def _draw_visible(found: Evaluation, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.subplots()
    for given in found.table.inputs:
        _draw_curve(axes, given, [p for p in found.curve if p.given == given])
    axes.set_xlabel("$N_{\\mathrm{visible}}/N_{\\mathrm{vib}}$ in the input", fontsize=8)
    axes.set_ylabel(_short(found), fontsize=8)
    axes.set_title(
        "Numbers of molecules; 95 % as if they were independent",
        fontsize=9,
        loc="left",
        weight="bold",
    )
    _legend(axes)
    dress(axes)
    save(figure, path)


def _draw_curve(axes: Axes, given: str, points: Sequence[Point]) -> None:
    """Points that are not joined: bins hold other strata each."""
    label, colour, marker = STYLES.get(given, FALLBACK)
    for p in points:
        if p.n >= LEAST:
            axes.plot([p.share] * 2, [p.low, p.high], color=colour, lw=1)
        axes.annotate(f"{p.n}", (p.share, p.value), (4, 3), textcoords="offset points",
                      fontsize=6.5, color=colour)  # fmt: skip
    axes.plot([p.share for p in points], [p.value for p in points], ls="", marker=marker,
              color=colour, ms=4.5, mec="white", mew=0.4, label=label)  # fmt: skip


def _legend(axes: Axes) -> None:
    if len(axes.get_legend_handles_labels()[0]) > 1:
        axes.legend(fontsize=7.5, frameon=False, loc="best")


# ---- noise ----


def _draw_noise(found: Evaluation, path: Path) -> None:
    """Scores with and without an inversion on the left, the contrast on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for given in found.table.inputs:
        _draw_sides(left, given, [m for m in found.means if m.given == given])
    left.set_ylabel(_short(found), fontsize=8)
    left.set_title(
        "Filled: with a centre of inversion, open: without", fontsize=9, loc="left", weight="bold"
    )
    _legend(left)
    _draw_sweep(right, found)
    for axes in (left, right):
        if min(found.table.noises) > 0:
            axes.set_xscale("log")
            axes.set_xticks(found.table.noises, [f"{x:g}" for x in found.table.noises])
            axes.minorticks_off()
        axes.set_xlabel("noise", fontsize=8)
        dress(axes)
    save(figure, path)


def _draw_sides(axes: Axes, given: str, means: Sequence[Mean]) -> None:
    label, colour, marker = STYLES.get(given, FALLBACK)
    noises = [m.noise for m in means]
    axes.plot(noises, [m.centred.value for m in means], marker=marker, color=colour, lw=1, ms=4,
              label=label)  # fmt: skip
    axes.plot(noises, [m.others.value for m in means], marker=marker, color=colour, lw=1, ms=4,
              ls=(0, (3, 2)), mfc="white")  # fmt: skip


def _draw_sweep(axes: Axes, found: Evaluation) -> None:
    """The primary endpoint at the levels that were tested."""
    name = found.settings.endpoint
    tested: list[Contrast] = [c for c in (found.primary, *found.secondary) if c.endpoint == name]
    for c in sorted(tested, key=lambda c: c.noise):
        first = c is found.primary
        if math.isfinite(c.low):
            axes.plot([c.noise] * 2, [c.low, c.high], color="black" if first else GREY, lw=1.1)
        axes.plot([c.noise], [c.value], "D" if first else "o", color="black" if first else GREY,
                  ms=5, label="primary" if first else "_")  # fmt: skip
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes.set_ylabel(f"{name}: contrast", fontsize=8)
    title = "With a centre less without; black: primary"
    axes.set_title(title, fontsize=9, loc="left", weight="bold")
