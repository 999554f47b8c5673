"""The figure of a census: how often each group occurs, and how R is distributed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .drawing import BLUE, dress, group_symbol, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..pointgroup.census import Census, Share

MOST_GROUPS = 24
"""Groups of the figure; the rarer ones are summed up in one more row."""
_OTHERS = "others"
Counts = dict[str, list[int]]
"""Numbers of molecules by name, one for each tolerance."""


def draw(found: Census, path: Path) -> None:
    """Groups on the left, classes of R on the right, both on logarithmic scales.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    from matplotlib.figure import Figure

    groups = _largest(_counts([share.groups for share in found.shares]))
    ratios = _counts([share.r_classes() for share in found.shares])
    height = max(2.7, 0.17 * max(len(groups), 1.7 * len(ratios)) + 0.9)  # inches
    figure = Figure(figsize=(7.2, height))
    box: dict[str, Any] = {"bottom": 0.45 / height, "height": 1 - 0.75 / height}
    for name, counts, left, width in (("group", groups, 0.075, 0.5), ("R", ratios, 0.685, 0.29)):
        axes = figure.add_axes((left, box["bottom"], width, box["height"]))
        _draw_counts(axes, counts, found.shares)
        axes.set_title(_title(name, found), fontsize=9, loc="left", weight="bold")
    if len(found.shares) > 1:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.axes[0].legend(handles, labels, title="tolerance", loc="lower right",
                              fontsize=8, title_fontsize=8, frameon=False)  # fmt: skip
    save(figure, path)


def _title(name: str, found: Census) -> str:
    share = found.shares[0]
    if name == "group":
        return f"Point groups of {share.n_molecules:,} molecules"
    return "Completeness ratio $R$"


def _counts(each: Sequence[dict[str, int]]) -> Counts:
    names = dict.fromkeys(name for counts in each for name in counts)
    return {name: [counts.get(name, 0) for counts in each] for name in names}


def _largest(counts: Counts) -> Counts:
    """The most frequent names, most frequent first."""
    order = sorted(counts, key=lambda name: -max(counts[name]))
    out = {name: counts[name] for name in order[:MOST_GROUPS]}
    rest = [counts[name] for name in order[MOST_GROUPS:]]
    return out | ({_OTHERS: list(map(sum, zip(*rest, strict=True)))} if rest else {})


def _draw_counts(axes: Axes, counts: Counts, shares: Sequence[Share]) -> None:
    """A bar per name; with several tolerances a row of points."""
    if len(shares) == 1:
        _draw_bars(axes, [numbers[0] for numbers in counts.values()], shares[0].n_molecules)
    else:
        _draw_points(axes, list(counts.values()), shares)
    typeset = [group_symbol(name) if _is_group(name) else name for name in counts]
    axes.set_yticks(range(len(counts)), typeset)
    axes.set(ylim=(len(counts) - 0.4, -0.6), xscale="log")
    axes.set_xlim(0.7, 1.6 * max(map(max, counts.values())))
    axes.set_xlabel("molecules", fontsize=8)
    dress(axes)
    axes.yaxis.set_tick_params(length=0)


def _is_group(name: str) -> bool:
    return name[0].isalpha() and name != _OTHERS


def _draw_bars(axes: Axes, numbers: list[int], total: int) -> None:
    axes.barh(range(len(numbers)), [max(n, 0.01) for n in numbers], 0.75, color=BLUE)
    for place, n in enumerate(numbers):
        if n:
            label = f" {n:,}  ({n / total:.1%})" if n / total > 0.001 else f" {n:,}"
            inside = n > 0.05 * max(numbers)
            axes.text(n, place, label.strip() + " " if inside else label,
                      ha="right" if inside else "left", va="center_baseline", fontsize=7,
                      color="white" if inside else "black")  # fmt: skip


def _draw_points(axes: Axes, numbers: list[list[int]], shares: Sequence[Share]) -> None:
    from matplotlib import colormaps

    colours = _colours(colormaps["viridis"], shares)
    for place, row in enumerate(numbers):
        present = [n for n in row if n]
        axes.plot([min(present, default=1), max(present, default=1)], [place] * 2,
                  color="0.85", lw=3, zorder=1, solid_capstyle="round")  # fmt: skip
    for k, share in enumerate(shares):
        places = [place for place, row in enumerate(numbers) if row[k]]
        axes.scatter([numbers[place][k] for place in places], places, s=18, color=[colours[k]],
                     marker="D" if share.tolerance is None else "o",
                     label="auto" if share.tolerance is None else f"{share.tolerance:g} Å",
                     edgecolor="white", linewidth=0.4, zorder=2)  # fmt: skip


def _colours(colormap: Any, shares: Sequence[Share]) -> list[Any]:
    """From dark to light with growing tolerance; an estimated one is orange."""
    given = sorted(share.tolerance for share in shares if share.tolerance is not None)
    place = {tolerance: i / max(len(given) - 1, 1) for i, tolerance in enumerate(given)}
    return [
        "#D55E00" if share.tolerance is None else colormap(0.92 * place[share.tolerance])
        for share in shares
    ]
