"""C60 has four infrared lines: how a spectrum proved a shape.

    python examples/teaching/c60_has_four_infrared_lines.py [FOLDER]

Sixty atoms make 174 vibrations. When W. Krätschmer, L. D. Lamb, K. Fostiropoulos and D. R. Huffman
first held solid C60, in 1990, its infrared spectrum had four strong lines, and that was the proof:
of the shapes in question only a truncated icosahedron has so few. This script counts the lines,
asks what would have been seen otherwise, and compares a calculation with measurements.

Data: data/c60.csv, GFN2-xTB, harmonic, not scaled (made by make_data.py). Measured: W. Krätschmer
et al., *Nature* 347, 354 (1990); D. S. Bethune et al., *Chem. Phys. Lett.* 179, 181 (1991).
"""

import csv
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import detect, example, mode_counts
from spektron.vibration.plots import BLUE, GREEN, ORANGE, irrep_symbol, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)
TABLE = Path(__file__).parent / "data" / "c60.csv"
MEASURED = {
    "T1u": (527, 577, 1183, 1428),
    "Ag": (496, 1470),
    "Hg": (273, 437, 710, 774, 1099, 1250, 1428, 1575),
}

# %% From 174 to 46 to 4
# Ih has irreps of dimension 1 (A), 3 (T), 4 (G) and 5 (H). Degenerate modes have one wavenumber.
fullerene = example("c60")
symmetry = detect(fullerene)
counts = mode_counts(symmetry)
lines = counts.fundamentals
print(f"C60, {counts.group}, {counts.group.order} operations: Γvib = {counts.representation}")
print(f"  modes:        {counts.n_vib:4d}, infrared {counts.n_ir}, Raman {counts.n_raman}, "
      f"silent {counts.n_silent}")  # fmt: skip
print(f"  fundamentals: {lines.n_vib:4d}, infrared {lines.n_ir}, Raman {lines.n_raman}, "
      f"silent {lines.n_silent}")  # fmt: skip
print(f"  R = {counts.R} of the modes, {counts.R_fundamentals} of the fundamentals")

# %% By hand: no more than four numbers are needed
# Only E and the mirrors leave an atom in place: the identity all 60, each of the fifteen mirrors
# four. So χ(Γ3N) is 180 for E, 4 × 1 for σ and nothing else, and in T1u, whose characters
# are 3 and 1 there:
moved = {c.label: symmetry.n_unmoved(c.members[0]) for c in symmetry.group.classes}
assert {label for label, n in moved.items() if n} == {"E", "15σ"}
n_t1u = (1 * 180 * 3 + 15 * moved["15σ"] * 1 * 1) // 120
print(f"\nT1u in Γ3N: (180 × 3 + 15 × {moved['15σ']} × 1)/120 = {n_t1u}; one is the translation")

# %% What if it were less symmetric?
# Squeeze the ball along a fivefold or a threefold axis, or build it of carbon with one 13C (at
# natural abundance nearly half of all C60 has one or more).
axes = {"fivefold axis": 5, "threefold axis": 3}
print("\nshape                       group   infrared lines   Raman lines")
print(f"truncated icosahedron       Ih    {lines.n_ir:14d} {lines.n_raman:13d}")
shapes = {"Ih": lines}
for name, order in axes.items():
    axis = (
        next(
            o.axis
            for o in symmetry.group.operations
            if o.axis is not None and not o.improper and o.turn.denominator == order
        )
        @ symmetry.frame
    )
    along = np.outer(fullerene.positions @ axis, axis)
    squeezed = mode_counts(fullerene.with_positions(fullerene.positions - 0.1 * along), 1e-3)
    shapes[str(squeezed.group)] = squeezed.fundamentals
    print(
        f"squeezed, {name:17s} {squeezed.group!s:6s} {squeezed.fundamentals.n_ir:13d} "
        f"{squeezed.fundamentals.n_raman:13d}"
    )
labelled = mode_counts(fullerene.with_isotopes({0: 13}))
shapes[str(labelled.group)] = labelled.fundamentals
print(
    f"13C12C59                    {labelled.group!s:6s} {labelled.fundamentals.n_ir:13d} "
    f"{labelled.fundamentals.n_raman:13d}"
)
# One 13C allows everything, and shows nothing: 13 u instead of 12 u on one of sixty atoms gives
# the new lines next to no intensity. Symmetry of the forces is what the eye sees.

# %% Calculated and measured
# GFN2-xTB is a tight-binding method, fast and rough: wavenumbers within ten per cent.
with TABLE.open(encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
found = {}
for irrep, observed in MEASURED.items():
    sets = {}
    for row in rows:
        if row["irrep"] == irrep:
            sets.setdefault(row["set"], []).append(row)
    found[irrep] = [
        (
            np.mean([float(r["wavenumber_cm-1"]) for r in members]),
            sum(float(r["ir_intensity_km/mol"]) for r in members),
            sum(float(r["raman_activity_A4/u"]) for r in members),
        )
        for members in sets.values()
    ]
    assert len(found[irrep]) == len(observed)
print("\nirrep   computed   measured      IR km/mol   Raman Å⁴/u")
for irrep, observed in MEASURED.items():
    for (x, infrared, raman), value in zip(found[irrep], observed, strict=True):
        print(f"{irrep:5s} {x:10.0f} {value:10d} {infrared:14.1f} {raman:12.1f}")
deviations = [
    100 * (x / value - 1)
    for irrep, observed in MEASURED.items()
    for (x, _, _), value in zip(found[irrep], observed, strict=True)
]
print(f"deviations: {min(deviations):+.1f} % to {max(deviations):+.1f} %")

# %% The figure
figure = Figure(figsize=(8.2, 4.8), layout="constrained")
upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
grid = np.arange(200, 1700, 0.5)
for sign, irreps, column, colour in ((1, ("T1u",), 1, BLUE), (-1, ("Ag", "Hg"), 2, ORANGE)):
    curve = sum(
        band[column] / (1 + ((grid - band[0]) / 4) ** 2)
        for irrep in irreps
        for band in found[irrep]
    )
    upper.plot(grid, sign * curve / curve.max(), color=colour, lw=1.2)
    for irrep in irreps:
        for band in found[irrep]:
            height = float(np.interp(band[0], grid, curve / curve.max()))
            upper.text(band[0], sign * (height + 0.06), irrep_symbol(irrep), ha="center",
                       va="bottom" if sign > 0 else "top", fontsize=8, color=colour)  # fmt: skip
        upper.plot(
            MEASURED[irrep], np.full(len(MEASURED[irrep]), sign * 1.32), "|", color=colour, ms=9
        )
upper.axhline(0, color="black", lw=0.8)
upper.text(205, 1.08, "infrared: 4 lines", color=BLUE)
upper.text(205, -1.16, "Raman: 10 lines", color=ORANGE)
upper.text(1690, 1.28, "ticks: measured", ha="right", fontsize=9, color="0.35")
upper.set(ylim=(-1.45, 1.45), yticks=[], ylabel="computed (GFN2-xTB)")
silent = {r["set"]: r for r in rows if r["irrep"] not in MEASURED}.values()
places = [float(r["wavenumber_cm-1"]) for r in silent]
lower.plot(places, np.zeros(len(places)), "D", mfc="none", mec=GREEN, mew=1.2, ms=6)
lower.text(205, 0.45, f"silent: {len(places)} fundamentals, {counts.n_silent} modes", color=GREEN)
lower.set(xlim=(200, 1700), ylim=(-0.5, 0.9), yticks=[], xlabel="wavenumber / cm⁻¹")
for axes in (upper, lower):
    axes.spines[["top", "right", "left"]].set_visible(False)
upper.spines["bottom"].set_visible(False)
upper.tick_params(bottom=False)
save_figure(figure, FOLDER / "c60.png")
print(f"\nfigure: {FOLDER / 'c60.png'}")
