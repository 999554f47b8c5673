"""Benzene's silent third: eleven of thirty vibrations that neither spectrum shows.

    python examples/teaching/benzenes_silent_third.py [FOLDER]

Benzene, the textbook molecule of both spectroscopies, hides more than a third of its vibrations
from both. This script counts them, computes them, compares them with what is known of them, and
shows three ways in which people saw them all the same.

Data: docs/data/benzene.json, B3LYP/def2-SVP (harmonic, not scaled); measured fundamentals from
T. Shimanouchi, *Tables of Molecular Vibrational Frequencies*, vol. I, NSRDS-NBS 39 (1972), in
the numbering of G. Herzberg, *Infrared and Raman Spectra* (1945).
"""

import sys
import textwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import mode_counts
from spektron.vibration import broaden, normal_modes, read_harmonic
from spektron.vibration.placement import spread
from spektron.vibration.plots import BLUE, GREEN, ORANGE, irrep_symbol, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)
BENZENE = Path(__file__).parents[2] / "docs" / "data" / "benzene.json"

# The twenty fundamentals, cm⁻¹, highest first in each irrep. Shimanouchi grades them from A
# (±1 cm⁻¹) to E (±30 cm⁻¹). The silent ones come from the liquid, the crystal, combination bands
# and deuterated benzenes.
MEASURED = {
    "A1g": (3062, 992), "A2g": (1326,), "A2u": (673,), "B1u": (3068, 1010), "B2g": (995, 703),
    "B2u": (1310, 1150), "E1g": (849,), "E1u": (3063, 1486, 1038),
    "E2g": (3047, 1596, 1178, 606), "E2u": (975, 410),
}  # fmt: skip

# %% Count
modes = normal_modes(read_harmonic(BENZENE))
counts = mode_counts(modes.symmetry)
print(f"benzene, {counts.group}: Γvib = {counts.representation}")
print(
    f"{counts.n_vib} modes: infrared {counts.n_ir}, Raman {counts.n_raman}, "
    f"both {counts.n_both}, silent {counts.n_silent}"
)
print(f"visible share R = {counts.R} = {float(counts.R):.3f}\n")

# %% Compute, and compare
# A degenerate pair (E) is two modes and one fundamental: thirty modes are twenty fundamentals.
print("irrep   computed  measured    IR km/mol   Raman Å⁴/u   seen in")
for irrep, observed in MEASURED.items():
    activity = counts.activity(irrep)
    seen = "infrared" if activity.ir else "Raman" if activity.raman else "–"
    if activity.silent and activity.hyper_raman:
        seen = "–        (hyper-Raman)"
    numbers = sorted({int(s) for s, i in zip(modes.sets, modes.irreps, strict=True) if i == irrep})
    for number, value in zip(numbers[::-1], observed, strict=True):
        members = list(modes.members(number))
        print(
            f"{irrep:6s} {modes.wavenumbers[members].mean():9.1f} {value:9d} "
            f"{modes.ir_intensities[members].sum():12.2f} "
            f"{modes.raman_activities[members].sum():12.2f}   {seen}"
        )
# Computed stretches are some 4 % too high, as harmonic DFT is. One line stands out: the Kekulé
# mode, highest of B2u. In it the bonds become long and short in turn, the π electrons favour it,
# and electronic-structure methods disagree about it more than about any other mode.

# %% Why they are silent
print("\nWhy:")
for reason in counts.silent_reasons():
    text = f"  {reason.irrep} ({reason.n_modes}): {reason.text}"
    print(textwrap.fill(text, 98, subsequent_indent="      "))

# %% Way one: two quanta at once
# A level with one quantum in each of two modes has the product of their symmetries. Two dark
# modes, or a dark one and a visible one, can make a bright pair. The infrared spectrum of
# benzene has two such bands, known to every organic chemist from the "benzene fingers" between
# 1700 and 2000 cm⁻¹: out-of-plane C–H bends, two at a time.
print("\nCombinations of out-of-plane bends that absorb in the infrared:")
pairs = {transition.irreps: transition for transition in counts.combinations()}
for first, second in (("E1g", "E2u"), ("B2g", "E2u")):
    level = pairs.get((first, second)) or pairs[(second, first)]
    total = MEASURED[first][0] + MEASURED[second][0]
    print(
        f"  {first} {MEASURED[first][0]} + {second} {MEASURED[second][0]} = {total} cm⁻¹: "
        f"{level.levels}, infrared {'allowed' if level.activity.ir else 'forbidden'}"
    )
# Both bands are there, near 1815 and 1960 cm⁻¹ (Herzberg, table 105). This is how E2u and B2g
# modes were placed.

# %% Way two: another law of light
# Hyper-Raman scattering takes two photons to make one; its tensor is cubic in x, y, z.
bright = [r.irrep for r in counts.silent_reasons() if counts.activity(r.irrep).hyper_raman]
print(f"\nSilent irreps that hyper-Raman scattering sees: {', '.join(bright)}")

# %% Way three: spoil the symmetry
# A heavier atom in the ring will do (isotopologues_light_up_dark_modes.py), and so will a
# neighbour. The B1u stretch, 3068 cm⁻¹ in the tables, was first read from a spectrum in 2006, at
# 3015 cm⁻¹, in a dimer of benzene, one half of which sits in a place of low symmetry (U. Erlekam
# et al., J. Chem. Phys. 124, 171101 (2006)). Neutrons, which push the nuclei and not the charges,
# know no selection rule of this kind at all.

# %% The figure
# Two ranges side by side, because nothing happens between them; the Raman spectrum of the lower
# one is enlarged.
LOW, HIGH = (300, 1800), (2900, 3400)
figure = Figure(figsize=(8, 5.4), layout="constrained")
panels = figure.subplots(3, 2, sharex="col", height_ratios=(1, 1, 0.7), width_ratios=(3, 1.2))
for column, (low, high) in enumerate((LOW, HIGH)):
    grid = np.arange(low, high, 0.5)
    for row, (kind, colour) in enumerate((("ir", BLUE), ("raman", ORANGE))):
        axes = panels[row, column]
        spectrum = broaden(modes, kind, fwhm=12, grid=grid)
        larger = 8 if (kind, column) == ("raman", 0) else 1
        axes.plot(grid, larger * spectrum.intensities, color=colour, lw=1.2)
        if larger > 1:
            axes.text(0.99, 0.85, f"× {larger}", ha="right", transform=axes.transAxes, color=colour)
    lines, axes = spectrum.sticks, panels[2, column]
    dark = lines.silent & (lines.wavenumbers > low) & (lines.wavenumbers < high)
    places = lines.wavenumbers[dark]
    axes.plot(places, 0 * places, "D", mfc="white", mec=GREEN, mew=1.4, clip_on=False, zorder=5)
    labels = spread(places, 0.035 * (HIGH[1] - HIGH[0] if column else LOW[1] - LOW[0]), low, high)
    for x, label, irrep in zip(places, labels, np.array(lines.irreps)[dark], strict=True):
        axes.plot([x, x, label], [0, 0.12, 0.24], color="0.6", lw=0.6)
        axes.text(label, 0.28, f"{irrep_symbol(irrep)} {x:.0f}", rotation=90, ha="center",
                  va="bottom", fontsize=8)  # fmt: skip
    axes.set(xlim=(low, high), ylim=(0, 1.1), xlabel="wavenumber / cm⁻¹")
for row, name in enumerate(("infrared", "Raman", "silent")):
    number = (counts.n_ir, counts.n_raman, counts.n_silent)[row]
    panels[row, 0].set_ylabel(f"{name}\n{number} modes")
    top = max(axes.get_ylim()[1] for axes in panels[row])
    for axes in panels[row]:
        axes.set(ylim=(0, top), yticks=[])
        axes.spines[["top", "right", "left"]].set_visible(False)
figure.suptitle(
    f"Benzene: {counts.n_silent} of {counts.n_vib} vibrations are in neither spectrum "
    "(computed, harmonic)",
    fontsize=11,
)
save_figure(figure, FOLDER / "benzene_silent.png")
print(f"\nfigure: {FOLDER / 'benzene_silent.png'}")
