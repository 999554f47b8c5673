"""Γ_3N reduced by hand: from atoms that stay put to the symmetries of the vibrations.

    python examples/teaching/reduce_gamma_3n_by_hand.py [FOLDER]

The exercise of every course on group theory, for ammonia (C3v), with all its arithmetic: the
character table typed in, the unmoved atoms counted, the reduction formula applied, translations
and rotations taken away. Then the same for xenon tetrafluoride (D4h), where one vibration turns
out to be silent. At the end Spektron, which generates its tables, checks both.

Source: F. A. Cotton, *Chemical Applications of Group Theory* (3rd ed., 1990), chapter 10.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import Molecule, PointGroup, detect, mode_counts
from spektron.vibration.plots import BLUE, GREEN, ORANGE, irrep_symbol, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)


def formula(multiplicities):
    """Multiplicities by irrep as a chemist writes them: {"A1": 3, "E": 1} is 3A1 + E."""
    return " + ".join(f"{n if n > 1 else ''}{k}" for k, n in multiplicities.items() if n)


# %% Step 1: the table of C3v, as printed in every book
# Columns are classes. A class of two operations (C3 and C3²) counts twice in every sum.
CLASSES = ("E", "C3", "σv")
SIZES = np.array([1, 2, 3])
C3V = {"A1": np.array([1, 1, 1]), "A2": np.array([1, 1, -1]), "E": np.array([2, -1, 0])}

# %% Step 2: which atoms stay where they are
# E moves nothing. C3 leaves nitrogen on the axis and turns the hydrogens in a ring. Each mirror
# contains nitrogen and one hydrogen.
UNMOVED = np.array([4, 1, 2])

# %% Step 3: what an unmoved atom contributes
# Its x, y, z are mapped by the matrix of the operation; only the trace counts. A rotation by θ
# has the trace 1 + 2 cos θ; a reflection is a rotation by 180° times the inversion: −1 + 2 = 1.
# An atom that moves contributes nothing: its block is off the diagonal.
TRACES = np.array([3, 1 + 2 * np.cos(2 * np.pi / 3), 1]).round(12).astype(int)
GAMMA = UNMOVED * TRACES

print("ammonia, C3v        " + "".join(f"{c:>6}" for c in CLASSES))
for name, row in (("operations", SIZES), ("unmoved atoms", UNMOVED), ("trace per atom", TRACES),
                  ("χ(Γ3N)", GAMMA)):  # fmt: skip
    print(f"  {name:18s}" + "".join(f"{value:6d}" for value in row))


# %% Step 4: the reduction formula, n(Γ) = (1/h) Σ g(C) χ(C) χ_Γ(C)
# (All characters of C3v and D4h are real; else one of the two is complex-conjugated.)
def reduced(chi, table, sizes, show=False):
    order = int(sizes.sum())
    out = {}
    for irrep, characters in table.items():
        terms = sizes * chi * characters
        if show:
            text = " + ".join(f"({t})" if t < 0 else str(t) for t in terms)
            print(f"  n({irrep}) = ({text})/{order} = {terms.sum() // order}")
        assert terms.sum() % order == 0
        out[irrep] = int(terms.sum()) // order
    return out


print()
cartesian = reduced(GAMMA, C3V, SIZES, show=True)
print(f"  Γ3N  = {formula(cartesian)}")

# %% Step 5: six of them are no vibrations
# Translations transform like x, y, z: one unmoved "atom". Rotations are axial vectors: they keep
# their sign where a vector changes it, so an improper operation gets the opposite trace.
IMPROPER = np.array([1, 1, -1])
translations = reduced(TRACES, C3V, SIZES)
rotations = reduced(TRACES * IMPROPER, C3V, SIZES)
vibrations = {k: cartesian[k] - translations[k] - rotations[k] for k in C3V}
print(f"  Γtr  = {formula(translations)}")
print(f"  Γrot = {formula(rotations)}")
print(f"  Γvib = {formula(vibrations)}")
# Two A1 (symmetric stretch, umbrella) and two E (stretch, bend): four lines, six modes. Both
# irreps hold x, y or z and squares of them: all four lines are in both spectra.

# %% Step 6: a harder one, XeF4
# D4h has ten classes. C2' passes through the atoms, C2'' between them, and so do σv and σd; the
# labels B1 and B2 would trade places if that choice were made the other way.
D4H = PointGroup("D4h").character_table
SIZES_D4H = np.array([c.size for c in D4H.classes])
TABLE_D4H = dict(
    zip([i.label for i in D4H.irreps], D4H.values.real.round().astype(int), strict=True)
)
bond = 1.94  # Å; any length has the same symmetry
square = [[0, 0, 0], [bond, 0, 0], [-bond, 0, 0], [0, bond, 0], [0, -bond, 0]]
tetrafluoride = detect(Molecule(["Xe", "F", "F", "F", "F"], square, name="XeF4"))
unmoved = np.array([tetrafluoride.n_unmoved(c.members[0]) for c in D4H.classes])
traces = np.array(
    [round(np.trace(tetrafluoride.matrices[c.members[0]])) for c in D4H.classes], dtype=int
)
signs = np.array([round(np.linalg.det(tetrafluoride.matrices[c.members[0]])) for c in D4H.classes])
print("\nxenon tetrafluoride, D4h" + "".join(f"{c.label:>6}" for c in D4H.classes))
for name, row in (("unmoved atoms", unmoved), ("trace per atom", traces),
                  ("χ(Γ3N)", unmoved * traces)):  # fmt: skip
    print(f"  {name:22s}" + "".join(f"{value:6d}" for value in row))
whole = reduced(unmoved * traces, TABLE_D4H, SIZES_D4H)
moving = reduced(traces, TABLE_D4H, SIZES_D4H)
turning = reduced(traces * signs, TABLE_D4H, SIZES_D4H)
rest = {k: whole[k] - moving[k] - turning[k] for k in whole}
print(f"  Γ3N  = {formula(whole)}")
print(f"  Γvib = {formula(rest)}")

# %% Step 7: what the spectra show
# Infrared: what x, y, z are (that is Γtr). Raman: what their products are, the symmetric square,
# with the characters (χ(C)² + χ(C²))/2.
matrices = [tetrafluoride.matrices[c.members[0]] for c in D4H.classes]
squares = np.array([round((np.trace(m) ** 2 + np.trace(m @ m)) / 2) for m in matrices])
products = reduced(squares, TABLE_D4H, SIZES_D4H)
infrared = {k: n for k, n in rest.items() if n and moving[k]}
raman = {k: n for k, n in rest.items() if n and products[k]}
silent = {k: n for k, n in rest.items() if n and not moving[k] and not products[k]}
print(f"  infrared {formula(infrared)};  Raman {formula(raman)};  silent {formula(silent)}")
# The silent one moves two opposite fluorines up and the other two down.

# %% The check
ammonia = mode_counts(Molecule.from_smiles("N"))
fluoride = mode_counts(tetrafluoride)
print(f"\nby Spektron: {ammonia}\n             {fluoride}")
assert formula(vibrations) == str(ammonia.representation)
assert formula(rest) == str(fluoride.representation)

# %% The figure
figure = Figure(figsize=(8, 4.2), layout="constrained")
panels = figure.subplots(1, 2, width_ratios=(1, 2.2))
cases = (
    (panels[0], "NH₃, $C_{3v}$", 4, cartesian, translations, rotations),
    (panels[1], "XeF₄, $D_{4h}$", 5, whole, moving, turning),
)
for axes, title, atoms, total, shift, turn in cases:
    shown = [k for k in total if total[k]]
    bottom = np.zeros(len(shown))
    vibrating = {k: total[k] - shift[k] - turn[k] for k in shown}
    for part, name, colour in ((vibrating, "vibrations", BLUE), (turn, "rotations", ORANGE),
                               (shift, "translations", GREEN)):  # fmt: skip
        heights = np.array([part[k] for k in shown])
        axes.bar(range(len(shown)), heights, bottom=bottom, color=colour, label=name, width=0.6)
        bottom += heights
    axes.set_xticks(range(len(shown)), [irrep_symbol(k) for k in shown])
    axes.set_yticks(range(int(bottom.max()) + 1))
    axes.set_title(f"{title}, 3N = {3 * atoms}")
    axes.spines[["top", "right"]].set_visible(False)
for irrep, n in silent.items():  # none in PF5, if you try that
    dark = [k for k in whole if whole[k]].index(irrep)
    panels[1].annotate("silent", (dark, n + 0.05), (dark, n + 0.6), ha="center",
                       arrowprops={"arrowstyle": "->"})  # fmt: skip
panels[0].set_ylabel("how often the irrep occurs")
panels[1].legend(frameon=False, loc="upper center")
save_figure(figure, FOLDER / "gamma_3n.png")
print(f"\nfigure: {FOLDER / 'gamma_3n.png'}")
