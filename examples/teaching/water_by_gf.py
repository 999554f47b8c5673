"""Water by GF: three wavenumbers from four force constants, with 2 × 2 matrices.

    python examples/teaching/water_by_gf.py [FOLDER]

E. B. Wilson's method in one page: masses into G, bonds into F, and the eigenvalues of GF are the
squared frequencies. Then heavy water and HDO for nothing, because isotopes change G alone. Last a
question that most courses leave out: do the three wavenumbers determine the four constants?
(docs/gf-method.md goes on from here, examples/water_by_hand.ipynb answers the question.)

Sources: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), chapters 4 and 6;
force field: A. R. Hoy, I. M. Mills, G. Strey, *Mol. Phys.* 24, 1265 (1972); harmonic wavenumbers:
W. S. Benedict, N. Gailar, E. K. Plyler, *J. Chem. Phys.* 24, 1139 (1956).
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq
from spektron.pointgroup import Molecule
from spektron.vibration.gf import wilson_gf
from spektron.vibration.plots import BLUE, GREEN, ORANGE, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)

# Harmonic wavenumbers from measured spectra, cm⁻¹: bend, then the two stretches.
MEASURED = {
    "H2O": (1648.47, 3832.17, 3942.53),
    "D2O": (1206.39, 2763.80, 2888.78),
}

# %% The molecule
r, angle = 0.9572, np.radians(104.52)  # Å
mass = {"O": 15.9949146, "H": 1.00782503, "D": 2.01410178}  # u

# %% F: the springs
# The energy is ½ Σ F_ij q_i q_j in the coordinates r₁, r₂ (Å) and α (radians); units mdyn/Å for
# stretches, mdyn/rad for stretch–bend, mdyn·Å/rad² for the bend; 1 mdyn·Å is 10⁻¹⁸ J.
F = np.array([[8.454, -0.101, 0.219], [-0.101, 8.454, 0.219], [0.219, 0.219, 0.697]])


# %% G: the masses
# For a bent molecule, with μ = 1/m. Each element says how one coordinate accelerates when a force
# acts on another; they couple through oxygen alone.
def g_matrix(first, second):
    mu1, mu2, mu_o = 1 / mass[first], 1 / mass[second], 1 / mass["O"]
    sine, cosine = np.sin(angle), np.cos(angle)
    bend = (mu1 + mu2 + 2 * mu_o * (1 - cosine)) / r**2
    return np.array(
        [
            [mu1 + mu_o, mu_o * cosine, -mu_o * sine / r],
            [mu_o * cosine, mu2 + mu_o, -mu_o * sine / r],
            [-mu_o * sine / r, -mu_o * sine / r, bend],
        ]
    )


# %% Symmetry does half of the work
# S₁ = (r₁ + r₂)/√2 and S₂ = α are A1, S₃ = (r₁ − r₂)/√2 is B2: a matrix of two and a number.
U = np.array([[1, 1, 0], [0, 0, np.sqrt(2)], [1, -1, 0]]) / np.sqrt(2)
f, g = U @ F @ U.T, U @ g_matrix("H", "H") @ U.T
print("F in symmetry coordinates (mdyn/Å, mdyn/rad, mdyn·Å/rad²):")
print(f.round(4) + 0.0)
print("G in symmetry coordinates (1/u, 1/(Å u), 1/(Å² u)):")
print(g.round(5) + 0.0)

# %% Two eigenvalues with a pencil
# λ₁ + λ₂ = tr(GF) and λ₁ λ₂ = det G det F. λ in mdyn/(Å u); wavenumber = √λ/(2πc) = 1302.79 √λ.
UNIT = np.sqrt(1e2 / 1.66053907e-27) / (2 * np.pi * 2.99792458e10)
trace = np.trace(g[:2, :2] @ f[:2, :2])
product = np.linalg.det(g[:2, :2]) * np.linalg.det(f[:2, :2])
root = np.sqrt(trace**2 / 4 - product)
roots = np.array([trace / 2 - root, trace / 2 + root, f[2, 2] * g[2, 2]])
by_hand = UNIT * np.sqrt(roots)
print(f"\ntr = {trace:.4f}, det = {product:.4f}; 1302.79 √λ with {UNIT:.2f}")
print("A1 bend, A1 stretch, B2 stretch: " + ", ".join(f"{x:.1f}" for x in by_hand) + " cm⁻¹")

# %% All isotopologues from the same springs
computed = {}
print("\n       computed                     from measured spectra")
for name, (first, second) in {"H2O": "HH", "HDO": "HD", "D2O": "DD"}.items():
    values = np.linalg.eigvals(g_matrix(first, second) @ F)
    computed[name] = UNIT * np.sqrt(np.sort(values.real))
    observed = "".join(f"{x:9.1f}" for x in MEASURED.get(name, ()))
    print(f"{name}  " + "".join(f"{x:9.1f}" for x in computed[name]) + "  " + observed)

# %% Spektron does the same for any molecule
y, z = r * np.sin(angle / 2), r * np.cos(angle / 2)
water = Molecule("OHH", [[0, 0, 0], [0, y, z], [0, -y, z]], name="water")
modes = wilson_gf(water, F)
print("\nby Spektron: " + ", ".join(f"{irrep} {x:.1f}" for irrep, x in modes.fundamentals()))
assert np.abs(modes.wavenumbers - by_hand).max() < 0.1

# %% Back from three lines?
# tr and det are two equations for the three constants of A1. Turn F by any angle in the basis in
# which G is the unit matrix: the wavenumbers stay.
half = np.linalg.cholesky(g[:2, :2])
core = half.T @ f[:2, :2] @ half


def same_spectrum(turn):
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, -s], [s, c]])
    back = np.linalg.inv(half)
    return back.T @ rotation @ core @ rotation.T @ back


turns = np.linspace(0, np.pi, 361)
family = np.array([same_spectrum(t) for t in turns])
spread = [UNIT * np.sqrt(np.sort(np.linalg.eigvals(g[:2, :2] @ m).real)) for m in family]
print(f"\nforce fields with the same two A1 lines: a closed curve; lines differ by "
      f"{np.ptp(spread, axis=0).max():.1e} cm⁻¹")  # fmt: skip
stretch, bend = family[:, 0, 0], family[:, 1, 1]
print(f"  stretch constant from {stretch.min():.2f} to {stretch.max():.2f} mdyn/Å, "
      f"bend from {bend.min():.2f} to {bend.max():.2f} mdyn·Å/rad²")  # fmt: skip
# One spectrum of water does not determine its springs. D2O adds one equation, its trace (its
# product is no news, because det F is known: the product rule), and leaves two points.
heavy = U @ g_matrix("D", "D") @ U.T
target = (np.array(MEASURED["D2O"][:2]) ** 2).sum() / UNIT**2


def excess(turn):
    return np.trace(heavy[:2, :2] @ same_spectrum(turn)) - target


values = [excess(t) for t in turns]
starts = [k for k in range(len(turns) - 1) if values[k] * values[k + 1] < 0]
twins = [same_spectrum(brentq(excess, turns[k], turns[k + 1])) for k in starts]
print(f"  that also have the A1 lines of D2O: {len(twins)}")

# HDO has no symmetry that could hide the difference. Its bend is measured at 1403.5 cm⁻¹; what
# anharmonicity takes from bends is 54 cm⁻¹ in H2O and 28 in D2O, so the harmonic bend of HDO must
# be near 1445.
for block in twins:
    field = U.T @ np.block([[block, np.zeros((2, 1))], [np.zeros((1, 2)), f[2:, 2:]]]) @ U
    bend = UNIT * np.sqrt(np.linalg.eigvals(g_matrix("H", "D") @ field).real.min())
    print(
        f"    F11 = {block[0, 0]:.3f}, F12 = {block[0, 1]:.3f}, F22 = {block[1, 1]:.3f}: "
        f"bend of HDO {bend:.1f} cm⁻¹"
    )

# %% The figure
figure = Figure(figsize=(8.4, 3.9), layout="constrained")
left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
for row, name in enumerate(computed):
    if name in MEASURED:
        left.plot(MEASURED[name], [row] * 3, "o", mfc="none", mec=ORANGE, ms=11, mew=1.6)
    left.plot(computed[name], [row] * 3, ".", color=BLUE, ms=8)
for pair in (("H2O", "HDO"), ("HDO", "D2O")):
    rows = [list(computed).index(n) for n in pair]
    for k in range(3):
        left.plot([computed[n][k] for n in pair], rows, color="0.85", lw=0.8, zorder=0)
left.plot([], [], "o", mfc="none", mec=ORANGE, ms=9, mew=1.6, label="from measured spectra")
left.plot([], [], ".", color=BLUE, ms=8, label="GF, one force field")
left.set_yticks(range(3), ["H$_2$O", "HDO", "D$_2$O"])
left.set(xlabel="harmonic wavenumber / cm⁻¹", ylim=(3.1, -0.5), xlim=(1000, 4200))
left.legend(frameon=False, loc="lower center", ncols=2, fontsize=9)
left.set_title("Three molecules, one F", fontsize=11)
right.plot(family[:, 0, 0], family[:, 0, 1], color=BLUE, lw=1.8)
right.plot(*np.array(twins)[:, 0].T, "s", color=GREEN, ms=9)
right.plot(f[0, 0], f[0, 1], "*", color=ORANGE, ms=13, zorder=5)
right.annotate("Hoy, Mills, Strey", (f[0, 0], f[0, 1]), (-14, 10), textcoords="offset points",
               ha="right", color=ORANGE, fontsize=9)  # fmt: skip
right.text(*family.mean(axis=0)[0], "all have the lines of H$_2$O;\nsquares: of D$_2$O too",
           ha="center", va="center", fontsize=9)  # fmt: skip
right.set(xlabel="$F_{11}$ (stretch) / mdyn Å$^{-1}$", ylabel="$F_{12}$ / mdyn rad$^{-1}$")
right.set_title("Many F, one spectrum", fontsize=11)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
save_figure(figure, FOLDER / "water_gf.png")
print(f"\nfigure: {FOLDER / 'water_gf.png'}")
