"""Ferrocene, staggered or eclipsed: what counting lines can decide, and what not.

    python examples/teaching/ferrocene_staggered_or_eclipsed.py [FOLDER]

Two flat rings with iron between them. Are the rings eclipsed (D5h, no centre of inversion) or
staggered (D5d, with one)? A classic of group theory says: look for coincidences of infrared and
Raman bands. This script shows that the fundamentals cannot tell, and what could.

Sources: A. Haaland, J. E. Nilsson, *Acta Chem. Scand.* 22, 2653 (1968), electron diffraction of
the gas: eclipsed, with a barrier of about 4 kJ/mol; P. Seiler, J. D. Dunitz, *Acta Cryst.* B 38,
1741 (1982): eclipsed in the crystal below 110 K. The geometry is Spektron's, of measured lengths.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import PointGroup, SelectionRules, correlate, detect, example, mode_counts
from spektron.vibration.plots import BLUE, GREEN, ORANGE, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)

# %% Count the fundamentals of both
eclipsed = mode_counts(example("ferrocene"))
staggered = mode_counts(example("ferrocene_staggered"))
for name, counts in (("eclipsed", eclipsed), ("staggered", staggered)):
    centre = "a centre" if counts.group.has_inversion else "no centre"
    print(f"{name} ({counts.group}, {centre}): Γvib = {counts.representation}")
    print(
        f"  modes: infrared {counts.n_ir}, Raman {counts.n_raman}, both {counts.n_both}, "
        f"silent {counts.n_silent} of {counts.n_vib}; R = {counts.R}"
    )
    lines = counts.fundamentals
    print(
        f"  lines: infrared {lines.n_ir}, Raman {lines.n_raman}, of which polarised "
        f"{counts.representation.terms[0][1]}"
    )
# Every number is the same. The rule of mutual exclusion needs care in one direction: a centre
# forbids coincidences, but no coincidences do not prove a centre. In D5h the infrared sees E1' and
# A2'', Raman light A1', E1'' and E2': nothing in common, without a centre.

# %% Why they agree
# Both groups are D5 with one more operation: i gives D5d, σh gives D5h. Turn one ring by any
# angle in between and only D5 is left, and both sets of irreps become those of D5.
print("\nturned by any other angle: D5")
for group in (PointGroup("D5h"), PointGroup("D5d")):
    (way,) = correlate(group, PointGroup("D5"))
    print(f"  {group}: " + ", ".join(f"{k} → {v}" for k, v in way.irreps.items()))
rules = SelectionRules.of(PointGroup("D5"))
print(f"  in D5 the infrared sees {rules.dipole}, Raman light {rules.polarizability}")

# %% Turn the ring
# The upper ring by an angle; 0° is eclipsed, 36° staggered. The tolerance of `detect` says how far
# atoms may be from a symmetric arrangement; 1e-4 Å is a computed geometry, 0.3 Å a warm crystal.
start = example("ferrocene")
upper = start.positions[:, 2] > 0.1


def twisted(degrees):
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    return start.with_positions(np.where(upper[:, None], start.positions @ turn.T, start.positions))


print("\nangle  group   infrared  Raman  both  silent   (tolerance 0.0001 Å)")
for degrees in (0, 1, 9, 18, 27, 35, 36):
    counts = mode_counts(twisted(degrees), tolerance=1e-4)
    print(
        f"{degrees:4d}°  {counts.group!s:6s} {counts.n_ir:8d} {counts.n_raman:6d} "
        f"{counts.n_both:5d} {counts.n_silent:7d}"
    )
# So a coincidence would prove a twisted molecule. But allowed is not strong: near an end the bands
# that D5 adds grow with the square of the angle. And a crystal may mislead: at room temperature
# each molecule sits on a centre of the lattice, and looks staggered, because it is disordered.

# %% What does decide: two quanta
# Overtones and combinations follow the products of irreps. In a molecule with a centre, g × g and
# u × u are g: no overtone and no pair of Raman modes ever absorbs infrared light. Without a centre
# one may: in D5h, E2' × E2' contains E1'.
print("\ntwo quanta:             infrared   Raman   both   (irreps of levels, of all)")
decisive = {}
for name, counts in (("eclipsed", eclipsed), ("staggered", staggered)):
    for kind, levels in (
        ("overtones", counts.overtones()),
        ("combinations", counts.combinations()),
    ):
        numbers = [sum(getattr(x.activity, a) for x in levels) for a in ("ir", "raman", "both")]
        decisive[name, kind] = numbers
        print(
            f"  {name:9s} {kind:12s}" + "".join(f"{n:8d}" for n in numbers) + f"   of {len(levels)}"
        )
bright = [f"2{x.irreps[0]} = {x.levels}" for x in eclipsed.overtones() if x.activity.ir]
print(f"overtones in the infrared, eclipsed: {'; '.join(bright)}; staggered: none")
print(f"hyper-Raman modes: eclipsed {eclipsed.n_hyper_raman}, staggered {staggered.n_hyper_raman}")

# %% The figure
# Left: how far (root mean square per atom) a ring turned by an angle is from the nearer ideal.
figure = Figure(figsize=(8.4, 3.8), layout="constrained")
left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
for group, colour, angles in (
    ("D5h", BLUE, np.linspace(0, 17.9, 13)),
    ("D5d", ORANGE, np.linspace(18.1, 36, 13)),
):
    away = [detect(twisted(x), tolerance=0.3) for x in angles]
    shown = [
        (x, found.rms) for x, found in zip(angles, away, strict=True) if str(found.group) == group
    ]
    left.plot(*zip(*shown, strict=True), color=colour, lw=2)
    left.text(
        *((2, 0.13) if group == "D5h" else (31, 0.13)),
        f"$D_{{{group[1:]}}}$",
        color=colour,
        fontsize=12,
    )
left.set(xlabel="angle between the rings / degrees", ylabel="distance from symmetry / Å",
         xlim=(0, 36), ylim=(0, 0.32), xticks=range(0, 37, 9))  # fmt: skip
left.set_title("How far from either?", fontsize=11)
labels = (
    "infrared modes", "Raman modes", "modes in both", "silent modes",
    "irreps with IR overtones", "pairs of irreps in both", "hyper-Raman modes",
)  # fmt: skip
for k, (counts, name, colour) in enumerate(
    ((eclipsed, "eclipsed", BLUE), (staggered, "staggered", ORANGE))
):
    values = [counts.n_ir, counts.n_raman, counts.n_both, counts.n_silent,
              decisive[name, "overtones"][0], decisive[name, "combinations"][2],
              counts.n_hyper_raman]  # fmt: skip
    places = np.arange(len(values)) + 0.4 * k - 0.2
    symbol = f"$D_{{{str(counts.group)[1:]}}}$"
    right.barh(places, values, height=0.38, color=colour, label=f"{name}, {symbol}")
    for y, value in zip(places, values, strict=True):
        right.text(value + 0.5, y, value, va="center", fontsize=8)
right.axhspan(3.5, 6.5, color=GREEN, alpha=0.12, lw=0, zorder=0)
right.text(29, 4.5, "here they differ", ha="center", va="center", color=GREEN)
right.set_yticks(range(len(labels)), labels, fontsize=9)
right.set(ylim=(6.5, -0.5), xlim=(0, 44), xticks=[])
right.legend(frameon=False, loc="upper right", bbox_to_anchor=(1, 0.62), fontsize=9)
right.set_title("What do spectra count?", fontsize=11)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
save_figure(figure, FOLDER / "ferrocene.png")
print(f"\nfigure: {FOLDER / 'ferrocene.png'}")
