"""From 23 molecules to their silent modes: a table, and a figure of what spectra can show.

    python examples/demo.py [FIGURE]

Prints the point group, Γvib, the numbers of IR-active, Raman-active and silent modes and the
completeness ratio R of each molecule. Below a row stands what a 2026 essay on the spectral
inverse problem printed for it, marked ✗ where it is wrong. FIGURE is a PNG, PDF or SVG file,
completeness.png in the current folder if not given; it appears whole or not at all.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spektron.pointgroup import InputError, ModeCounts, mode_counts, molecule_from_input

MOLECULES = {  # name: SMILES string, or packaged example
    "water": "O",
    "ammonia": "N",
    "CO2": "O=C=O",
    "acetylene": "C#C",
    "ethylene": "C=C",
    "methane": "C",
    "CF4": "FC(F)(F)F",
    "BF3": "FB(F)F",
    "PF5": "FP(F)(F)(F)F",
    "allene": "C=C=C",
    "XeF4": "F[Xe](F)(F)F",
    "SF6": "FS(F)(F)(F)(F)F",
    "ethane": "CC",
    "benzene": "c1ccccc1",
    "cyclohexane": "C1CCCCC1",
    "C(CN)4": "N#CC(C#N)(C#N)C#N",
    "neopentane": "CC(C)(C)C",
    "adamantane": "C1C2CC3CC1CC(C2)C3",
    "cubane": "C12C3C4C1C5C2C3C45",
    "ferrocene": "ferrocene_staggered",
    "ferrocene*": "ferrocene",
    "B12H12(2−)": "dodecaborate",
    "C60": "c60",
}


@dataclass(frozen=True)
class Printed:
    """What the essay printed about a molecule; None where it printed nothing."""

    where: str
    raman: int | None = None
    silent: int | None = None
    R: float | None = None


PRINTED = {
    "benzene": [Printed("the essay", 13, 10, 0.67), Printed("its QM9 census", R=0.5)],
    "SF6": [Printed("the essay", 3, 6, 0.60)],
    "ferrocene": [Printed("the essay", 24, 17, 0.70)],
    "methane": [Printed("its QM9 census", R=0.6)],
    "ammonia": [Printed("its QM9 census", R=0.75)],
    "cubane": [Printed("its QM9 census", R=0.45)],
}

# ---- the table ----

WIDTHS = (11, 5, 34, 4, 3, 6, 4, 6, 13)
HEADS = ("molecule", "group", "Γvib", "Nvib", "IR", "Raman", "both", "silent", "R")


def print_table(rows: dict[str, ModeCounts]) -> None:
    print(line(HEADS))
    print("─" * len(line(HEADS)))
    for name, counts in rows.items():
        print_row(name, counts)
        for printed in PRINTED.get(name, []):
            print_printed(printed, counts)
    print("\n* the eclipsed conformer; the others are SMILES strings or packaged geometries")
    print("✗ printed so in the essay, and wrong")


def print_row(name: str, counts: ModeCounts) -> None:
    gamma = textwrap.wrap(str(counts.representation), WIDTHS[2])
    assert counts.R is not None
    ratio = f"{counts.R!s:>5}  {float(counts.R):.3f}"
    n = [str(k) for k in (counts.n_vib, counts.n_ir, counts.n_raman, counts.n_both)]
    print(line((name, str(counts.group), gamma[0], *n, str(counts.n_silent), ratio)))
    for more in gamma[1:]:
        print(line(("", "", "  " + more)))


def print_printed(printed: Printed, counts: ModeCounts) -> None:
    """One line under a row, each number in its column."""
    raman = checked(printed.raman, counts.n_raman)
    silent = checked(printed.silent, counts.n_silent)
    ratio = checked(printed.R, counts.R)
    label = f"{printed.where}:".rjust(WIDTHS[2])
    print(line(("", "", label, "", "", raman, "", silent, ratio)))


def checked(printed: float | None, true: Fraction | int | None) -> str:
    """The printed number, with a mark if it does not agree to its two decimals."""
    if printed is None or true is None:
        return ""
    ours, theirs = (f"{float(x):.2f}".removesuffix(".00") for x in (true, printed))
    return theirs if theirs == ours else f"{theirs} ✗"


def line(cells: tuple[str, ...]) -> str:
    """Cells in their columns: text flush left; numbers flush right, with room for a mark."""
    out = []
    for column, (cell, width) in enumerate(zip(cells, WIDTHS, strict=False)):
        if column < 3:
            out.append(cell.ljust(width))
        else:
            marked = cell.endswith("✗")
            out.append(cell.rjust(width) if marked else cell.rjust(width - 2) + "  ")
    return " ".join(out).rstrip()


# ---- the figure ----

SHARES = (  # Okabe and Ito's colours, which the colour-blind tell apart; and that of the number
    ("IR only", "#E69F00", "black", "n_ir_only"),
    ("IR and Raman", "#009E73", "black", "n_both"),
    ("Raman only", "#0072B2", "white", "n_raman_only"),
    ("silent", "#DCDCDC", "black", "n_silent"),
)
CENTRED: dict[str, Any] = {"va": "center_baseline"}
NARROWEST = 0.03  # share that has room for its number


def draw(rows: dict[str, ModeCounts], path: Path) -> None:
    """Stacked bars, one molecule per row, from the largest R to the smallest."""
    height = 0.26 * len(rows) + 1.1  # inches
    figure = Figure(figsize=(7.2, height), dpi=200)
    axes = figure.add_axes((0.205, 0.5 / height, 0.635, 1 - 1.1 / height))
    ordered = sorted(rows.items(), key=lambda row: (-(row[1].R or 0), row[1].n_vib))
    for place, (name, counts) in enumerate(ordered):
        draw_bar(axes, place, counts)
        label_bar(axes, place, name, counts)
    dress(axes, len(rows))
    title = "The vibrations that infrared and Raman spectra show"
    figure.text(0.205, 1 - 0.1 / height, title, va="top", fontsize=11, weight="bold")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[:4], labels[:4], loc="lower left", bbox_to_anchor=(-0.012, 1.0), ncols=4,
        frameon=False, handlelength=1, handleheight=1, columnspacing=1.6, fontsize=9,
        borderaxespad=0.1,
    )  # fmt: skip
    save(figure, path)


def draw_bar(axes: Axes, place: int, counts: ModeCounts) -> None:
    """One bar, with the number of modes in each part that has room for it."""
    left = 0.0
    for label, colour, ink, field in SHARES:
        n = getattr(counts.modes, field)
        share = n / counts.n_vib
        axes.barh(place, share, 0.76, left, color=colour, edgecolor="white", lw=0.6, label=label)
        if share > NARROWEST:
            middle = left + share / 2
            axes.text(middle, place, str(n), color=ink, fontsize=7, ha="center", **CENTRED)
        left += share


def label_bar(axes: Axes, place: int, name: str, counts: ModeCounts) -> None:
    """Molecule and group before a bar, R behind it."""
    assert counts.R is not None
    style = {"fontsize": 9, **CENTRED}
    axes.text(-0.115, place, typeset(name), ha="right", **style)
    axes.text(-0.02, place, group_symbol(str(counts.group)), ha="right", **style)
    axes.text(1.095, place, str(counts.R), ha="right", **style)
    axes.text(1.125, place, f"{float(counts.R):.2f}", ha="left", color="0.45", **style)


def typeset(name: str) -> str:
    """A formula with its subscripts; other names as they are.

    >>> typeset("CO2"), typeset("B12H12(2−)"), typeset("ferrocene*")
    ('CO$_{2}$', 'B$_{12}$H$_{12}^{2−}$', 'ferrocene')
    """
    body = re.sub(r"(?<!\()(\d+)", r"$_{\1}$", name.rstrip("*"))
    return re.sub(r"\$\((\d−)\)", r"^{\1}$", body)


def group_symbol(symbol: str) -> str:
    r"""A Schoenflies symbol with its subscript.

    >>> group_symbol("D∞h")
    '$D_{\\infty\\mathrm{h}}$'
    """
    below = re.sub("([0-9a-z]+)", r"\\mathrm{\1}", symbol[1:]).replace("∞", r"\infty")
    return f"${symbol[0]}_{{{below}}}$"


def dress(axes: Axes, n_rows: int) -> None:
    axes.set(xlim=(0, 1), ylim=(n_rows - 0.45, -0.6), yticks=[])
    axes.set_xlabel("share of the normal modes; R is the coloured part; numbers: modes", fontsize=9)
    axes.tick_params(labelsize=9, length=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.text(1.095, -0.95, "$R$", ha="right", fontsize=10, **CENTRED)


def save(figure: Figure, path: Path) -> None:
    # In the same folder, because a rename across file systems is not atomic.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        figure.savefig(temporary, format=path.suffix[1:] or "png", facecolor="white")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("figure", nargs="?", type=Path, default=Path("completeness.png"))
    path = parser.parse_args().figure
    try:
        rows = {name: mode_counts(molecule_from_input(text)) for name, text in MOLECULES.items()}
        print_table(rows)
        draw(rows, path)
    except (InputError, OSError, ValueError) as error:
        print(f"demo: {path}: {error}", file=sys.stderr)
        return 2
    print(f"\nfigure: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
