"""The figure of a transfer benchmark: R² and RMSEP against the number of transfer samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .drawing import dress, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..ml.benchmark import Results
    from ..ml.benchmark.summary import Line

STYLES = {
    "default": ("#D55E00", "o"),
    "pds": ("#0072B2", "s"),
    "sbc": ("#009E73", "^"),
    "epo": ("#CC79A7", "v"),
    "ds": ("#56B4E9", "D"),
    "dipls": ("#E69F00", "P"),
    "joint-ensemble": ("#000000", "X"),
    "tikhonov-ensemble": ("#767676", "d"),
    "target-only": ("#B0A000", "<"),
}
"""Colour (Okabe and Ito's) and marker of the methods that are drawn."""
FALLBACK = ("0.6", ".")
LOWEST_R2 = -0.2
"""Medians of R² below are not drawn, in neither panel: calibrations without any transfer."""
_SPREAD = 0.009
"""Shift between methods, as a share of the axis, so that intervals do not hide each other."""


def draw(results: Results, path: Path) -> None:
    """Two panels per problem: medians over splits with their 95 % intervals.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from matplotlib.figure import Figure

    from ..ml.benchmark.summary import lines

    found = lines(results)
    plan = results.plan
    problems = [(a, b, name) for a, b in plan.pairs for name in plan.properties]
    n = len(problems)
    figure = Figure(figsize=(7.2, 2.9 * n + 0.5), layout="constrained")
    panels = figure.subplots(n, 2, squeeze=False)
    for row, (master, target, name) in zip(panels, problems, strict=True):
        here = [x for x in found if (x.master, x.target, x.property) == (master, target, name)]
        draw_merit(row[0], here, plan.ks, "r2")
        draw_merit(row[1], here, plan.ks, "rmsep")
        row[0].set_title(f"{master} → {target}, {name}", fontsize=9, loc="left", weight="bold")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=7.5, frameon=False)
    save(figure, path)


def draw_merit(axes: Axes, here: Sequence[Line], ks: Sequence[int], merit: str) -> None:
    """One figure of merit against k, with the target's own ceiling as a line."""
    shown = {x.k for x in here if x.k is not None and x.r2 > LOWEST_R2 and ":" not in x.method}
    place = {k: i for i, k in enumerate(sorted(shown & set(ks)))}
    drawn = [m for m in dict.fromkeys(x.method for x in here if x.k) if m in STYLES]
    drawn = drawn or list(dict.fromkeys(x.method for x in here if x.k is not None))
    for number, method in enumerate(drawn):
        points = [x for x in here if x.method == method and x.k in place and x.r2 > LOWEST_R2]
        shift = _SPREAD * len(ks) * (number - (len(drawn) - 1) / 2)
        where = [place[x.k] + shift for x in points if x.k is not None]
        middle = [getattr(x, merit) for x in points]
        low = [m - getattr(x, f"{merit}_low") for m, x in zip(middle, points, strict=True)]
        high = [getattr(x, f"{merit}_high") - m for m, x in zip(middle, points, strict=True)]
        colour, marker = STYLES.get(method, FALLBACK)
        first = method == "default"
        axes.errorbar(where, middle, [low, high], color=colour, marker=marker, label=method,
                      ms=5 if first else 3.5, lw=1.8 if first else 0.9, elinewidth=0.9,
                      zorder=3 if first else 2)  # fmt: skip
    for ceiling in (x for x in here if x.method == "ceiling"):
        middle_line = getattr(ceiling, merit)
        axes.axhspan(getattr(ceiling, f"{merit}_low"), getattr(ceiling, f"{merit}_high"),
                     color="0.92", zorder=0)  # fmt: skip
        axes.axhline(middle_line, color="0.5", lw=0.9, ls=(0, (4, 3)), zorder=1,
                     label="all own labels")  # fmt: skip
    axes.set_xticks(range(len(place)), [str(k) for k in place])
    axes.set_xlabel("transfer samples k", fontsize=8)
    axes.set_ylabel("R²" if merit == "r2" else "RMSEP", fontsize=8)
    _limit(axes, here, merit)
    dress(axes)


def _limit(axes: Axes, here: Sequence[Line], merit: str) -> None:
    """Axes that show every drawn median, and intervals as far as they matter."""
    drawn = [x for x in here if x.r2 > LOWEST_R2]
    if merit == "r2":
        lowest = min((x.r2_low for x in drawn), default=0.0)
        axes.set_ylim(max(LOWEST_R2, lowest - 0.05), 1.0)
    elif drawn:
        axes.set_ylim(0, 1.2 * max(x.rmsep for x in drawn))
