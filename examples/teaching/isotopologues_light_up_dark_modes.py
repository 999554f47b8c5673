"""Isotopologues light up dark modes: one deuterium shows what benzene hides.

    python examples/teaching/isotopologues_light_up_dark_modes.py [FOLDER]

Electrons do not know isotopes, so an isotopologue has the same potential. But vibrations belong to
masses too, and so does their symmetry. One Hessian of benzene gives the spectra of all its
isotopologues; this script asks which of them show the eleven modes that C6H6 keeps dark.

Data: docs/data/benzene.json, B3LYP/def2-SVP, harmonic. Sources: E. B. Wilson, J. C. Decius,
P. C. Cross, *Molecular Vibrations* (1955), sections 6-4 and 8-5 (product rule).
"""

import re
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import PointGroup, correlate, example, mode_counts
from spektron.vibration import broaden, normal_modes, read_harmonic
from spektron.vibration.plots import BLUE, GREEN, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)
BENZENE = Path(__file__).parents[2] / "docs" / "data" / "benzene.json"

# %% Which isotopologue has which symmetry
# Carbons are atoms 0 to 5, hydrogens 6 to 11, each in the order of the ring.
data = read_harmonic(BENZENE)
ISOTOPES = {
    "C6H6": {},
    "C6D6": {"H": 2},
    "13C6H6": {"C": 13},
    "1,3,5-C6H3D3": {6: 2, 8: 2, 10: 2},
    "1,4-C6H4D2": {6: 2, 9: 2},
    "1,2-C6H4D2": {6: 2, 7: 2},
    "C6H5D": {6: 2},
    "13C-C6H6": {0: 13},
}
modes = {}
print("isotopologue    group   IR  Raman  both  silent      R")
for name, isotopes in ISOTOPES.items():
    molecule = data.molecule.with_isotopes(isotopes)
    modes[name] = normal_modes(data, molecule.masses)
    counts = mode_counts(modes[name].symmetry)
    print(
        f"{name:14s}  {counts.group!s:5s} {counts.n_ir:4d} {counts.n_raman:6d} "
        f"{counts.n_both:5d} {counts.n_silent:7d}  {counts.R!s:>5s}"
    )
# Replacing all atoms of a kind changes every wavenumber and no symmetry: C6D6 hides the same
# eleven. A centre of inversion keeps exclusion (1,4-C6H4D2). One atom is enough to show all.

# %% Where each dark mode goes
# The subgroup decides. C6H5D keeps the axis through the deuterium and two mirrors: C2v.
ways = correlate(PointGroup("D6h"), PointGroup("C2v"))
way = next(w for w in ways if w.axes.startswith("C2 → C2',"))
print(f"\nD6h → C2v ({way.axes})")
lit = mode_counts(modes["C6H5D"].symmetry)
for reason in mode_counts(modes["C6H6"].symmetry).silent_reasons():
    becomes = way.irreps[reason.irrep]
    shown = [
        f"{i} ({'infrared and Raman' if lit.activity(str(i)).ir else 'Raman'})"
        for i in becomes.irreps
    ]
    print(f"  {reason.irrep} → {', '.join(shown)}")


# %% Allowed is not strong
# How much of each mode of the isotopologue is made of dark modes of C6H6? The overlap of the
# mass-weighted vectors says; modes that are dark by more than 9/10 are the ones to look for.
def vectors(found):
    """Orthonormal mass-weighted modes, (n, 3N)."""
    weighted = found.displacements * np.sqrt(found.molecule.masses)[:, None]
    flat = weighted.reshape(len(found), -1)
    return flat / np.linalg.norm(flat, axis=1)[:, None]


parent, child = modes["C6H6"], modes["C6H5D"]
dark = np.array([parent.activity(k).silent for k in range(len(parent))])
share = ((vectors(child) @ vectors(parent)[dark].T) ** 2).sum(axis=1)
print(
    "\nC6H5D: modes that were dark in C6H6 "
    f"(strongest infrared band: {child.ir_intensities.max():.0f} km/mol)"
)
print("  cm⁻¹   irrep  dark share   IR km/mol   Raman Å⁴/u")
for k in np.flatnonzero(share > 0.5):
    print(
        f"{child.wavenumbers[k]:7.1f}   {child.irreps[k]:4s} {share[k]:9.2f} "
        f"{child.ir_intensities[k]:13.2f} {child.raman_activities[k]:11.2f}"
    )
print(f"sum of dark shares: {share.sum():.2f}")

# %% A rule without a calculation
# O. Redlich and E. Teller: in each irrep, multiply the ratios of all wavenumbers, and the force
# constants cancel. What is left are masses: √(m_H/m_D) for each time that hydrogen motions occur
# in the irrep (once in A2u, twice in E2u, one for each partner), and the total mass, √(M'/M), for
# a translation in it (A2u holds that along the axis, E2u holds none).
ratios = {}
for irrep in ("A2u", "E2u"):
    values = [
        np.array([f.wavenumbers[k] for k in range(len(f)) if f.irreps[k] == irrep])
        for f in (modes["C6H6"], modes["C6D6"])
    ]
    ratios[irrep] = float(np.prod(values[1] / values[0]))
heavy, light = modes["C6D6"].molecule.masses, modes["C6H6"].molecule.masses
hydrogen = np.sqrt(light[6] / heavy[6])
whole = np.sqrt(heavy.sum() / light.sum())
print("\nproduct rule, C6D6/C6H6   from the modes  from the masses")
print(f"  A2u {ratios['A2u']:31.6f} {hydrogen * whole:15.6f}")
print(f"  E2u {ratios['E2u']:31.6f} {hydrogen**2:15.6f}")

# %% Not every molecule has this way out
# The central atom of SF6 lies on every symmetry element, and fluorine has one stable isotope:
sulfur = mode_counts(example("sulfur_hexafluoride").with_isotopes({"S": 34}))
print(f"\n34SF6: {sulfur.group}, silent {sulfur.n_silent}, as before")


# %% The figure
def subscript(name):
    """A formula with its numbers of atoms below the line."""
    return re.sub(r"(?<=[A-Z])(\d)", r"$_\1$", name)


figure = Figure(figsize=(8, 5), layout="constrained")
panels = figure.subplots(3, 1, sharex=True)
grid = np.arange(350, 1450, 0.5)
for axes, name in zip(panels, ("C6H6", "1,4-C6H4D2", "C6H5D"), strict=True):
    found = modes[name]
    spectrum = broaden(found, "ir", fwhm=6, grid=grid)
    counts = mode_counts(found.symmetry)
    axes.plot(grid, spectrum.intensities, color=BLUE, lw=1.2)
    part = ((vectors(found) @ vectors(parent)[dark].T) ** 2).sum(axis=1)
    for k in np.flatnonzero(part > 0.5):
        if found.activity(k).ir:
            x = found.wavenumbers[k]
            height = float(np.interp(x, grid, spectrum.intensities))
            ends = (
                ((x, height + 1), (x, height + 10)) if height < 29 else ((x + 4, 20), (x + 26, 20))
            )
            axes.annotate("", *ends, arrowprops={"arrowstyle": "-|>", "color": GREEN})
    symbol = f"${str(counts.group)[0]}_{{{str(counts.group)[1:]}}}$"
    axes.text(
        0.99,
        0.8,
        f"{subscript(name)}, {symbol}, {counts.n_silent} silent",
        transform=axes.transAxes,
        ha="right",
    )
    axes.set(ylim=(0, 40), yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
panels[1].set_ylabel("infrared absorption (strong bands cut)")
panels[2].set(xlabel="wavenumber / cm⁻¹ (computed, harmonic)", xlim=(350, 1450))
figure.suptitle("Arrows: infrared-allowed modes that were dark in C$_6$H$_6$", fontsize=11)
save_figure(figure, FOLDER / "isotopologues.png")
print(f"\nfigure: {FOLDER / 'isotopologues.png'}")
