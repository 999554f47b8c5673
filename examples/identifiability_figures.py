"""Draw docs/figures/identifiability-*.png.

python examples/identifiability_figures.py [folder]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from spektron.identifiability.forcefield import ForceField
from spektron.identifiability.isotopologue import Isotopologue
from spektron.identifiability.lines import solve
from spektron.identifiability.observables import Observables
from spektron.identifiability.twins import block_twins, curve_two_by_two, with_block
from spektron.vibration import normal_modes, read_harmonic

HESSIANS = Path(__file__).resolve().parents[1] / "docs" / "data" / "hf-sto-3g"


def main(folder: str = "docs/figures") -> None:
    for name, draw in {"water": fibre, "benzene": silent, "isotopologues": opening}.items():
        figure = draw()
        figure.savefig(Path(folder) / f"identifiability-{name}.png", dpi=150)
        plt.close(figure)


def fibre() -> plt.Figure:
    """All A1 blocks with the two lines of water, and the bend of HDO along them."""
    field = ForceField.from_hessian(read_harmonic(HESSIANS / "water.json"))
    molecule = field.space.molecule
    parent = Isotopologue.of(field.space)
    heavy = Isotopologue.of(field.space, molecule.with_isotopes({"H": 2}).masses)
    mixed = Isotopologue.of(field.space, molecule.with_isotopes({2: 2}).masses)
    curves = {}
    for species, name in ((parent, "H2O"), (heavy, "D2O")):
        inner, kinetic = field.matrix[:2, :2], species.kinetic[:2, :2]
        total = float(np.trace(kinetic @ inner))
        curves[name] = curve_two_by_two(float(np.linalg.det(inner)), kinetic, total)
    twins = block_twins(field, Observables((parent, heavy)), "A1").solutions
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for (name, curve), style in zip(curves.items(), ("C0-", "C1--"), strict=True):
        left.plot(curve[:, 0, 0], curve[:, 0, 1], style, label=f"the two A1 lines of {name}")
    left.plot(twins[:, 0, 0], twins[:, 0, 1], "ko", label="both")
    left.set(xlabel="$F_{11}$, Eh/bohr²", ylabel="$F_{12}$, Eh/bohr²")
    left.legend(loc="center", frameon=False, fontsize=9)
    fields = [with_block(field, "A1", f) for f in curves["H2O"]]
    bends = np.array([solve(f.matrix, mixed)[0].wavenumbers[0] for f in fields])
    angle = np.linspace(0, 180, len(bends))
    right.plot(angle, bends, "C0")
    for f in twins:
        place = int(np.argmin(np.abs(curves["H2O"] - f).sum(axis=(1, 2))))
        right.plot(angle[place], bends[place], "ko")
        exact = solve(with_block(field, "A1", f).matrix, mixed)[0].wavenumbers[0]
        spot = (angle[place], bends[place])
        right.annotate(f"{exact:.1f}", spot, (9, -4), textcoords="offset points")
    right.set(
        xlabel="turn of F, once around the curve of H2O, degrees",
        ylabel="bend of HDO, cm⁻¹",
        xlim=(0, 180),
        xticks=range(0, 181, 30),
    )
    return figure


def silent() -> plt.Figure:
    """The 20 fundamentals of benzene by where they show."""
    modes = normal_modes(read_harmonic(HESSIANS / "benzene.json"))
    figure, axis = plt.subplots(figsize=(9, 3), layout="constrained")
    rows = {"infrared": 2, "Raman": 1, "silent": 0}
    colours = {"infrared": "C3", "Raman": "C0", "silent": "0.6"}
    for i, wavenumber in enumerate(modes.wavenumbers):
        row = _row(modes, i)
        ends = [rows[row] - 0.35, rows[row] + 0.35]
        axis.plot([wavenumber] * 2, ends, color=colours[row], lw=2)
    counts = [sum(_row(modes, i) == r for i in range(len(modes))) for r in rows]
    labels = [f"{r} ({n} modes)" for r, n in zip(rows, counts, strict=True)]
    axis.set_yticks(list(rows.values()), labels)
    axis.set(xlabel="wavenumber (HF/STO-3G), cm⁻¹")
    return figure


def _row(modes, i) -> str:
    active = modes.activity(i)
    return "infrared" if active.ir else "Raman" if active.raman else "silent"


def opening() -> plt.Figure:
    """Visible modes of the parent and of less symmetric benzenes, infrared and Raman."""
    data = read_harmonic(HESSIANS / "benzene.json")
    hydrogens = [i for i, s in enumerate(data.molecule.symbols) if s == "H"]
    centre = data.molecule.positions[hydrogens[0]]
    order = sorted(hydrogens, key=lambda i: np.linalg.norm(data.molecule.positions[i] - centre))
    one, ortho, _, meta, _, para = order
    patterns = {
        "C6H6": [],
        "C6D6": hydrogens,
        "1,3,5-C6H3D3": [one, meta, order[4]],
        "1,4-C6H4D2": [one, para],
        "1,2-C6H4D2": [one, ortho],
        "C6H5D": [one],
    }
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for row, atoms in enumerate(patterns.values()):
        masses = data.molecule.with_isotopes(dict.fromkeys(atoms, 2)).masses
        modes = normal_modes(data.with_masses(masses))
        labels = [_row(modes, i) for i in range(len(modes))]
        seen = sum(x != "silent" for x in labels)
        axes[0].barh(row, seen, color="C2")
        axes[0].barh(row, len(modes) - seen, left=seen, color="0.8")
        axes[0].text(seen - 0.5, row, str(seen), ha="right", va="center", color="w")
        for i, wavenumber in enumerate(modes.wavenumbers):
            dark = labels[i] == "silent"
            axes[1].plot(
                [wavenumber] * 2, [row - 0.35, row + 0.35], color="0.8" if dark else "C2", lw=1.2
            )
    axes[0].set_yticks(range(len(patterns)), list(patterns))
    axes[0].invert_yaxis()
    axes[0].set(xlabel="modes that symmetry lets show (of 30)")
    axes[1].set(xlabel="wavenumber (HF/STO-3G), cm⁻¹; silent ones grey")
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:])
