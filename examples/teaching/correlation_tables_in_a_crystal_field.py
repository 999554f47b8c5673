"""Correlation tables in a crystal field: what neighbours do to levels and to vibrations.

    python examples/teaching/correlation_tables_in_a_crystal_field.py [FOLDER]

An atom or an ion in a crystal has the symmetry of its site, not its own. Two questions, one
answer: into how many levels does a d shell split, and which vibrations of the carbonate ion does
calcite show, which aragonite? A correlation table answers both, by restricting irreps to a
subgroup. For the d shell a calculation follows, which must agree, whatever its numbers.

Sources: H. Bethe, *Ann. Phys.* 395, 133 (1929); C. J. Ballhausen, *Introduction to Ligand Field
Theory* (1962), chapter 4; W. B. White, "The carbonate minerals", in V. C. Farmer (ed.), *The
Infrared Spectra of Minerals* (1974), chapter 12, for sites and bands; H. H. Adler, P. F. Kerr,
*Am. Mineral.* 47, 700 (1962), for the band that tells the two minerals apart.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.pointgroup import PointGroup, SelectionRules, correlate, example, mode_counts
from spektron.vibration.placement import spread
from spektron.vibration.plots import BLUE, GREEN, ORANGE, irrep_symbol, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)

# %% Part 1: the shells of an atom in fields of falling symmetry
# A free atom has the group Kh of all rotations and reflections. Its irreps are S, P, D, F, … with
# the parity (−1)^l of an orbital: Sg, Pu, Dg, Fu.
ATOM = PointGroup("Kh")
FIELDS = ("Oh", "Td", "D4h")
print("shell   " + "".join(f"{g:<24s}" for g in FIELDS))
for shell, irrep in (("s", "Sg"), ("p", "Pu"), ("d", "Dg"), ("f", "Fu")):
    split = [correlate(ATOM, PointGroup(g))[0].irreps[irrep] for g in FIELDS]
    print(f"{shell} ({irrep})  " + "".join(f"{s!s:<24s}" for s in split))

# %% The d shell from Oh to D4h to D2h, step by step
# D2h lies in D4h in two ways: its axes can pass through the ligands (C2') or between them (C2'').
OCTAHEDRON, SQUARE, BRICK = (PointGroup(g) for g in ("Oh", "D4h", "D2h"))
(to_square,) = correlate(OCTAHEDRON, SQUARE)
to_brick = next(w for w in correlate(SQUARE, BRICK) if "C2''" not in w.axes)
print("\nd shell, Oh → D4h → D2h")
for irrep in ("Eg", "T2g"):
    middle = to_square.irreps[irrep]
    print(f"  {irrep} → {middle} → {to_brick.restrict(middle)}")

# %% The same by a calculation
# Six ligands on ±x, ±y, ±z. Their potential near the metal is a sum of Legendre polynomials of the
# angle to each; for d electrons only the second and the fourth matter. The integrals over the
# sphere are exact with this quadrature: nothing in them is of higher degree than eight.
cosines, weights = np.polynomial.legendre.leggauss(8)
circle = np.arange(16) * np.pi / 8
z, phi = (a.ravel() for a in np.meshgrid(cosines, circle, indexing="ij"))
weight = np.repeat(weights, 16) * np.pi / 8
x, y = np.sqrt(1 - z**2) * np.cos(phi), np.sqrt(1 - z**2) * np.sin(phi)
ORBITALS = {"x²−y²": x**2 - y**2, "z²": 3 * z**2 - 1, "xy": x * y, "xz": x * z, "yz": y * z}
functions = np.array([f / np.sqrt(f**2 @ weight) for f in ORBITALS.values()])


def levels(*strengths, second=2.0):
    """Energies of a d electron in units of Dq of the regular octahedron, and its orbitals.

    ``strengths`` of the ligands on ±x, ±y, ±z; ``second`` weighs the second polynomial against
    the fourth. Its size depends on metal and ligand, the number of levels does not.
    """
    potential = np.zeros(len(z))
    for strength, cosine in zip(strengths, (x, y, z), strict=True):
        p2 = (3 * cosine**2 - 1) / 2
        p4 = (35 * cosine**4 - 30 * cosine**2 + 3) / 8
        potential += strength * (second * p2 + p4)
    # With the factor 12 the regular octahedron splits by 10 Dq: that fixes the unit.
    return np.linalg.eigh(12 * np.einsum("ag,bg,g,g->ab", functions, functions, potential, weight))


print("\na d electron, energy / Dq (and its orbitals)")
STAGES = {"Oh": (1, 1, 1), "D4h": (1, 1, 0.85), "D2h": (1.06, 0.94, 0.85)}
diagram = {}
for name, strengths in STAGES.items():
    energies, orbitals = levels(*strengths)
    distinct = [np.flatnonzero(np.abs(energies - e) < 1e-9) for e in energies]
    groups = sorted({tuple(d.tolist()) for d in distinct})
    diagram[name] = []
    for group in groups:
        shares = (orbitals[:, list(group)] ** 2).sum(axis=1)
        largest = np.argsort(-shares)[: len(group)]
        labels = [list(ORBITALS)[i] for i in sorted(largest)]
        diagram[name].append((float(energies[group[0]]), labels))
    text = ",  ".join(f"{e:+.2f} ({' '.join(labels)})" for e, labels in diagram[name])
    print(f"  {name:4s} {len(groups)} levels: {text}")
    expected = correlate(ATOM, PointGroup(name))[0].irreps["Dg"]
    assert len(groups) == sum(m for _, m in expected.terms)

# %% Part 2: the carbonate ion in two minerals
# The free ion is D3h like BF3, with the same irreps: ν1 A1' (symmetric stretch), ν2 A2'' (out of
# the plane), ν3 and ν4 E' (stretch, bend). In calcite it sits on a site D3, in aragonite on Cs.
# The primitive cell has two carbonates in calcite and four in aragonite; together they have the
# symmetry of the crystal, of the factor groups D3d and D2h.
ION = PointGroup("D3h")
free = mode_counts(example("boron_trifluoride")).representation
MODES = {"ν1": "A1'", "ν2": "A2''", "ν3": "E'", "ν4": "E'"}
print(f"\ncarbonate ion, D3h: Γvib = {free}")


def induced(irrep, site, crystal):
    """Irreps of the crystal that an irrep of the site gives rise to.

    Frobenius: each occurs as often as the irrep of the site occurs in its restriction.
    """
    down = correlate(crystal, site)[0]
    table = crystal.character_table
    counts = {i.label: down.irreps[i.label].multiplicity(irrep) for i in table.irreps}
    return table.representation(
        " + ".join(f"{n if n > 1 else ''}{k}" for k, n in counts.items() if n)
    )


MINERALS = {
    "calcite": (PointGroup("D3"), PointGroup("D3d")),
    "aragonite": (PointGroup("Cs"), PointGroup("D2h")),
}
active = {}
for mineral, (site, crystal) in MINERALS.items():
    # The mirror of aragonite stands upright on the plane of the ion: σv, not σh.
    ways = correlate(ION, site)
    way = next((w for w in ways if "σv" in w.axes), ways[0])
    rules = SelectionRules.of(crystal)
    print(f"{mineral}: D3h → site {site} → crystal {crystal}")
    for mode, irrep in MODES.items():
        at_site = way.irreps[irrep]
        in_crystal = [induced(i.label, site, crystal) for i, m in at_site.terms for _ in range(m)]
        whole = sum(in_crystal[1:], start=in_crystal[0])
        infrared = [f"{m if m > 1 else ''}{i}" for i, m in whole.terms if rules.activity(i).ir]
        raman = [f"{m if m > 1 else ''}{i}" for i, m in whole.terms if rules.activity(i).raman]
        active[mineral, mode] = (
            sum(m for i, m in whole.terms if rules.activity(i).ir),
            sum(m for i, m in whole.terms if rules.activity(i).raman),
        )
        print(f"  {mode} {irrep:4s} → {at_site!s:9s} → {whole}")
        print(f"       infrared: {' + '.join(infrared) or '–'};  Raman: {' + '.join(raman) or '–'}")
# Which of B1, B2, B3 they are called depends on the choice of axes; how many there are does not.
# The tables say what to look for. ν1 is dark in the infrared spectrum of calcite, and a weak band
# at 1083 cm⁻¹ in that of aragonite. ν4 is one infrared band in calcite (712) and two in aragonite
# (713, 700): the site has split it. In both minerals ν1 is the strongest Raman line (about 1085).
# ν2 is allowed in both; where it lies (calcite 876, aragonite 858 cm⁻¹) is a matter of forces,
# and geologists use it to tell shells apart. Group theory counts; it does not weigh.

# %% The figure
figure = Figure(figsize=(8.4, 4.4), layout="constrained")
left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
IRREPS = {
    "Oh": {"x²−y²": "Eg", "z²": "Eg", "xy": "T2g", "xz": "T2g", "yz": "T2g"},
    "D4h": {"x²−y²": "B1g", "z²": "A1g", "xy": "B2g", "xz": "Eg", "yz": "Eg"},
    "D2h": {"x²−y²": "Ag", "z²": "Ag", "xy": "B1g", "xz": "B2g", "yz": "B3g"},
}
ends = {orbital: [(0.4, 0.0)] for orbital in ORBITALS}
left.plot((-0.4, 0.4), (0, 0), color="black", lw=2)
left.text(0, 0.25, irrep_symbol("Dg"), ha="center")
for column, (name, rows) in enumerate(diagram.items(), start=1):
    places = spread([energy for energy, _ in rows], 0.55, -6, 9)
    for (energy, labels), place in zip(rows, places, strict=True):
        left.plot((column - 0.3, column + 0.3), (energy, energy), color=BLUE, lw=2)
        text = irrep_symbol(IRREPS[name][labels[0]])
        if column == 3:
            left.text(3.36, place, f"{text}  {', '.join(labels)}", va="center", fontsize=9)
        else:
            left.text(column, energy + 0.2, text, ha="center", fontsize=10)
        for orbital in labels:
            ends[orbital] += [(column - 0.3, energy), (column + 0.3, energy)]
for points in ends.values():
    for start, stop in zip(points[::2], points[1::2], strict=False):
        left.plot(*zip(start, stop, strict=True), color="0.6", lw=0.8, ls="--")
left.axhline(0, color="0.9", lw=0.8, zorder=0)
left.set(xlim=(-0.5, 4.3), ylabel="energy / Dq", title="A d shell in a falling field")
names = [f"${n[0]}_{{{n[1:]}}}$" for n in ("Kh", "Oh", "D4h", "D2h")]
left.set_xticks(range(4), [f"free\n{names[0]}", *(f"\n{n}" for n in names[1:])])
for row, mode in enumerate(MODES):
    for column, mineral in enumerate(MINERALS):
        for shift, (number, colour) in enumerate(
            zip(active[mineral, mode], (GREEN, ORANGE), strict=True)
        ):
            look = {"color": colour, "weight": "bold"} if number else {"color": "0.6"}
            right.text(3 * column + shift, row, str(number), ha="center", va="center",
                       fontsize=13, **look)  # fmt: skip
right.set(xlim=(-0.8, 4.8), ylim=(3.6, -0.6), title="Allowed bands of carbonate")
right.set_yticks(range(4), [f"$\\nu_{m[1]}$ {irrep_symbol(i)}" for m, i in MODES.items()])
right.set_xticks((0, 1, 3, 4), ("infrared", "Raman", "infrared", "Raman"), fontsize=9)
for column, mineral in enumerate(MINERALS):
    right.text(3 * column + 0.5, -0.5, mineral, ha="center", va="center", style="italic")
right.axvline(2, color="0.8", lw=0.8)
right.tick_params(length=0)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
save_figure(figure, FOLDER / "crystal_field.png")
print(f"\nfigure: {FOLDER / 'crystal_field.png'}")
