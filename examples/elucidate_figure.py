"""Draw docs/figures/elucidate.png from the figures of a shipped inverse model.

python examples/elucidate_figure.py [metrics.json [figure.png]]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
METRICS = ROOT / "ml" / "checkpoints" / "spektron-elucidate-small" / "metrics.json"
FIGURE = ROOT / "docs" / "figures" / "elucidate.png"
DRAWN: Final = {
    "ir": "#E69F00",
    "ir + raman": "#0072B2",
    "ir + raman + formula": "#009E73",
    "ir + raman + 13C + 1H + formula": "#CC79A7",
}
"""Conditions whose abstention is drawn, in Okabe and Ito's colours."""


def pretty(condition: str) -> str:
    """A condition as an axis has it.

    >>> pretty("ir + raman + 13C + 1H + formula")
    'IR, Raman, NMR, formula'
    """
    text = condition.replace("13C + 1H", "NMR").replace("ir", "IR").replace("raman", "Raman")
    return text.replace(" + ", ", ")


def draw(found: Mapping[str, Any]) -> Figure:
    """Exact match by what is given; what silence buys; drift."""
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.35, 1, 1))
    matches(left, found)
    silence(middle, found)
    drift(right, found)
    for axes in (left, middle, right):
        axes.tick_params(labelsize=8, length=3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def matches(axes: Axes, found: Mapping[str, Any]) -> None:
    """Bars of the first and the first ten candidates, and the look-up."""
    names = [name for name in found if "×" not in name]
    places = np.arange(len(names))[::-1]
    ten, one = ([found[name]["all"][top] for name in names] for top in ("top-10", "top-1"))
    axes.barh(places, ten, color="#CFE0EE", label="among ten")
    axes.barh(places, one, height=0.45, color="#0072B2", label="first")
    known = [(p, found[n]["look-up"]["top-1"]) for p, n in zip(places, names, strict=True)
             if found[n]["look-up"]]  # fmt: skip
    if known:
        at, values = zip(*known, strict=True)
        axes.plot(values, at, "|", color="black", ms=9, label="look-up, first")
    axes.set_yticks(places, [pretty(name) for name in names])
    axes.set_xlim(0, 1)
    axes.set_xlabel("exact match", fontsize=8)
    axes.legend(
        fontsize=7.5, frameon=False, loc="upper center", bbox_to_anchor=(0.4, 1.14), ncols=3
    )


def silence(axes: Axes, found: Mapping[str, Any]) -> None:
    """Wrong answers against the share that is answered."""
    for name, colour in DRAWN.items():
        points = found.get(name, {}).get("silences", [])
        if points:
            x, y = ([p[key] for p in points] for key in ("coverage", "hallucination"))
            axes.plot(x, y, "o-", color=colour, ms=3.5, lw=1.2, label=pretty(name))
    axes.set(xlim=(0, 1.02), ylim=(0, None))
    axes.set_xlabel("share that is answered", fontsize=8)
    axes.set_ylabel("wrong, of all that are asked", fontsize=8)
    if axes.lines:
        axes.legend(fontsize=7, frameon=False, loc="upper left")


def drift(axes: Axes, found: Mapping[str, Any]) -> None:
    """First candidates right with more baseline and more noise."""
    for kind, colour, marker in (("baseline", "#0072B2", "o"), ("noise", "#D55E00", "s")):
        named = [name.split(" × ") for name in found if name.startswith(f"{kind} × ")]
        points = sorted((float(f), found[f"{kind} × {f}"]["all"]["top-1"]) for _, f in named)
        if points:
            axes.plot(
                *zip(*points, strict=True), marker + "-", color=colour, ms=4, lw=1.2, label=kind
            )
    axes.set_ylim(0, 1)
    axes.set_xlabel("times that of the training", fontsize=8)
    axes.set_ylabel("exact match, first", fontsize=8)
    if axes.lines:
        axes.legend(fontsize=7.5, frameon=False)


def main(metrics: Path | str = METRICS, figure: Path | str = FIGURE) -> None:
    found = json.loads(Path(metrics).read_text(encoding="utf-8"))["figures"]
    draw(found).savefig(figure, dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
