"""The ladder of a geometry, group against tolerance: in the terminal, as JSON, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING

from .drawing import BLUE, dress, group_symbol, save
from .output import Json, columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import RenderableType

    from ..pointgroup import Rung, Symmetry

Ladder = Sequence["Rung"]
LEAST, MOST = 1e-4, 0.3
"""Å; ends of the logarithmic axis: least deviation that is told from none, largest tolerance."""
MOST_DRAWN = 20
"""Molecules in a figure."""
_WIDTH = 45
_MARKS = (0.0001, 0.001, 0.01, 0.1)


def ladder_json(rungs: Ladder) -> list[Json]:
    """Groups with the RMS displacement (Å) from which the geometry has them."""
    return [
        {
            "group": str(rung.group),
            "order": None if rung.group.is_continuous else rung.group.order,
            "rms": rung.rms,
        }
        for rung in rungs
    ]


def ladder_table(rungs: Ladder) -> RenderableType:
    """A row per group; its bar spans the tolerances at which the geometry has it."""
    ends = [*(rung.rms for rung in rungs[1:]), MOST]
    rows = [
        [str(rung.group), f"{rung.rms:.4f}", bar(rung.rms, end)]
        for rung, end in zip(rungs, ends, strict=True)
    ]
    return columns(["group", "from Å", _axis()], rows, left=3)


def bar(start: float, end: float, width: int = _WIDTH) -> str:
    """A stretch of the logarithmic axis.

    >>> bar(0.001, 0.3, width=7)
    '  ━━━━━'
    """
    first, last = _column(start, width), _column(end, width)
    return " " * first + "━" * max(1, last - first)


def _column(tolerance: float, width: int) -> int:
    return round(width * log10(max(tolerance, LEAST) / LEAST) / log10(MOST / LEAST))


def _axis() -> str:
    """The scale over the bars: each number begins where it stands for."""
    text = ""
    for mark in _MARKS:
        text = text.ljust(_column(mark, _WIDTH)) + f"{mark:g}"
    return f"{text} Å"


def draw(found: Sequence[tuple[str, Symmetry]], path: Path) -> None:
    """A step line per molecule, group against tolerance.

    Raises
    ------
    FileError
        If there are too many molecules, or the file cannot be written.
    """
    from matplotlib.figure import Figure

    from ..pointgroup.errors import FileError

    if len(found) > MOST_DRAWN:
        raise FileError(f"{path}: {len(found)} ladders; a figure has room for {MOST_DRAWN}")
    ladders = [(name, symmetry.ladder) for name, symmetry in found]
    heights = [len(rungs) + 1.0 for _, rungs in ladders]
    figure = Figure(figsize=(5.0, 0.22 * sum(heights) + 0.75), layout="constrained")
    grid = figure.subplots(len(ladders), 1, sharex=True, squeeze=False, height_ratios=heights)
    for axes, (name, rungs) in zip(grid[:, 0], ladders, strict=True):
        _draw_ladder(axes, name, rungs)
    grid[-1, 0].set_xlabel("tolerance / Å", fontsize=8)
    save(figure, path)


def _draw_ladder(axes: Axes, name: str, rungs: Ladder) -> None:
    starts = [max(rung.rms, LEAST) for rung in rungs]
    axes.step([*starts, MOST], [*range(len(rungs)), len(rungs) - 1], where="post", color=BLUE)
    for place, rung in enumerate(rungs[1:], start=1):
        axes.annotate(f"{rung.rms:.4f}", (rung.rms, place), (-3, 3), fontsize=7, ha="right",
                      textcoords="offset points")  # fmt: skip
    axes.set_yticks(range(len(rungs)), [group_symbol(str(rung.group)) for rung in rungs])
    axes.set(xscale="log", xlim=(LEAST, MOST), ylim=(-0.4, len(rungs) - 0.3))
    axes.set_title(name, fontsize=9, loc="left", parse_math=False)
    dress(axes)
