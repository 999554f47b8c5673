"""What figures share: file types, colours, symbols of groups, and saving whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from .targets import checked_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#767676"
"""Okabe and Ito's colours, which the colour-blind tell apart; and a grey."""


def checked_figure(path: Path) -> Path:
    """A path that a figure can be written to, checked before any work is done.

    Raises
    ------
    FileError
        If the type is unknown or there is no such folder.
    """
    from ..pointgroup.errors import FileError
    from ..vibration.plots import FIGURE_TYPES

    if path.suffix.lower() not in FIGURE_TYPES:
        raise FileError(f"{path}: unknown type of figure; known are {', '.join(FIGURE_TYPES)}")
    return checked_file(path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure; it appears whole or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    from ..vibration.plots import save_figure

    save_figure(figure, path)


def group_symbol(symbol: str) -> str:
    r"""A Schoenflies symbol with its subscript, as matplotlib typesets it.

    >>> group_symbol("D∞h")
    '$D_{\\infty\\mathrm{h}}$'
    """
    below = re.sub("([0-9a-z]+)", r"\\mathrm{\1}", symbol[1:]).replace("∞", r"\infty")
    return f"${symbol[0]}_{{{below}}}$"


def dress(axes: Axes) -> None:
    """Small ticks, and no frame where there is no axis."""
    axes.tick_params(labelsize=8, length=3)
    axes.spines[["top", "right"]].set_visible(False)
