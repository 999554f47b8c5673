"""How symmetric real molecules are, against tolerance: census, table and figure.

    python examples/census_sweep.py [--data FOLDER] [--out FOLDER]

Takes the census of QM7, DFT8K and Exp5K (``geometries`` in the folder of the data, by default
../shared/data) with seven tolerances; writes census_sweep.csv and census_sweep.png to
docs/figures or to --out, and prints the tables of docs/how-symmetric.md. The parquet files
stay in the current folder, so that an interrupted run continues and a second one is instant.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spektron.pointgroup import InputError, PointGroup, SelectionRules
from spektron.pointgroup.census import Share, run_census

TOLERANCES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, None)
SETS = {  # name: file, colour (Okabe and Ito's, which the colour-blind tell apart)
    "QM7": ("qm7_xyz.tar.xz", "#0072B2"),
    "DFT8K": ("dft8k.sdf.gz", "#D55E00"),
    "Exp5K": ("exp5k.sdf.gz", "#009E73"),
}
CHECKOUT = Path(__file__).resolve().parents[1]
CLAIMED = 99.9  # % with R = 1, as printed
COLUMNS = (
    "set", "tolerance", "molecules", "complete", "group_complete", "C1", "centrosymmetric",
    "groups", "lowest_R",
)  # fmt: skip
Sweep = dict[str, tuple[Share, ...]]

# ---- the numbers ----


def sweep(data: Path) -> Sweep:
    """For each set the distributions of groups and of R, one for each tolerance."""
    found = {}
    for name, (file, _) in SETS.items():
        out = f"{name.lower()}_sweep.parquet"
        census = run_census([data / "geometries" / file], out, tolerances=TOLERANCES)
        found[name] = census.shares
    return found


def has_no_silent_irrep(symbol: str) -> bool:
    """Whether every irrep of a group is active: how the source counts, if it is in Γ_vib or not.

    >>> [g for g in ("C2v", "C3v", "D3", "Td", "D∞h") if has_no_silent_irrep(g)]
    ['C2v', 'D3']
    """
    group = PointGroup(symbol)
    if group.is_continuous:
        return False  # Σ− and Δ are silent
    rules = SelectionRules.of(group)
    return not any(rules.activity(irrep).silent for irrep in group.character_table.irreps)


def row(name: str, share: Share) -> tuple[str | int, ...]:
    """What the CSV says about a set under a tolerance; empty tolerance: estimated."""
    complete_groups = sum(n for g, n in share.groups.items() if has_no_silent_irrep(g))
    return (
        name,
        "" if share.tolerance is None else f"{share.tolerance:g}",
        share.n_molecules,
        share.n_complete,
        complete_groups,
        share.groups.get("C1", 0),
        share.n_centrosymmetric,
        len(share.groups),
        str(min(ratio for ratio in share.ratios if ratio is not None)),
    )


def write_csv(found: Sweep, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row(name, share) for name, shares in found.items() for share in shares)


def print_table(found: Sweep) -> None:
    """The table of the page, in Markdown."""
    print("| set | tolerance / Å | R = 1 | with silent modes | C1 | with inversion | groups |")
    print("|-|-|-|-|-|-|-|")
    for name, shares in found.items():
        for share in shares:
            print("| " + " | ".join(cells(name, share)) + " |")


def print_sizes() -> None:
    """QM7 with the noise estimated, by the number of atoms other than hydrogen."""
    columns = ["formula", "tolerance", "group", "n_silent"]
    rows = pq.read_table("qm7_sweep.parquet", columns=columns).to_pylist()
    rows = [row for row in rows if row["tolerance"] is None]
    every = Counter(heavy_atoms(row["formula"]) for row in rows)
    silent = Counter(heavy_atoms(row["formula"]) for row in rows if row["n_silent"])
    asymmetric = Counter(heavy_atoms(row["formula"]) for row in rows if row["group"] == "C1")
    print("\n| atoms other than H | molecules | with silent modes | C1 |")
    print("|-|-|-|-|")
    for size, n in sorted(every.items()):
        share = f"{silent[size]} ({100 * silent[size] / n:.2f} %)"
        print(f"| {size} | {n:,} | {share} | {100 * asymmetric[size] / n:.1f} % |")


def heavy_atoms(formula: str) -> int:
    """Number of atoms other than hydrogen.

    >>> heavy_atoms("C3H9N")
    4
    """
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    return sum(int(n or 1) for element, n in parts if element != "H")


def cells(name: str, share: Share) -> tuple[str, ...]:
    n = share.n_molecules
    return (
        name,
        "estimated" if share.tolerance is None else f"{share.tolerance:g}",
        f"{100 * share.n_complete / n:.2f} %",
        str(share.n_vibrating - share.n_complete),
        f"{100 * share.groups.get('C1', 0) / n:.1f} %",
        str(share.n_centrosymmetric),
        str(len(share.groups)),
    )


# ---- the figure ----


def draw(found: Sweep, path: Path) -> None:
    """Share of molecules with silent modes, and without any symmetry, against tolerance."""
    figure = Figure(figsize=(7.2, 3.0), dpi=200, layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, (_, colour) in SETS.items():
        shares = found[name]
        silent = [100 * (1 - s.n_complete / s.n_vibrating) for s in shares]
        draw_line(left, name, shares, silent, colour)
        asymmetric = [100 * s.groups.get("C1", 0) / s.n_molecules for s in shares]
        draw_line(right, name, shares, asymmetric, colour)
    left.axhline(100 - CLAIMED, color="0.5", lw=1, ls=(0, (4, 3)), zorder=0)
    left.annotate("claimed for QM9", (0.0008, 100 - CLAIMED), (0, 3), fontsize=7,
                  textcoords="offset points", color="0.35")  # fmt: skip
    left.set_ylim(0, 0.4)
    right.set_ylim(50, 90)
    left.set_title("molecules with silent modes (R < 1)", fontsize=9, loc="left")
    right.set_title("molecules without symmetry (C$_1$)", fontsize=9, loc="left")
    right.legend(fontsize=8, frameon=False, loc="lower left")
    save(figure, path)


def draw_line(
    axes: Axes, name: str, shares: tuple[Share, ...], values: list[float], colour: str
) -> None:
    """A line over the tolerances; behind it, apart, what the estimated noise gives."""
    given = [(s.tolerance, v) for s, v in zip(shares, values, strict=True) if s.tolerance]
    axes.plot(*zip(*given, strict=True), "o-", color=colour, ms=4, lw=1.5, label=name)
    axes.plot([0.9], [v for s, v in zip(shares, values, strict=True) if s.tolerance is None],
              "D", color=colour, ms=5)  # fmt: skip
    ticks = [t for t in TOLERANCES if t is not None]
    axes.set_xscale("log")
    axes.set_xticks([*ticks, 0.9], [*(f"{t:g}" for t in ticks), "auto"])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("tolerance / Å", fontsize=8)
    axes.set_ylabel("%", fontsize=8)
    axes.tick_params(labelsize=8, length=3)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    # In the same folder, because a rename across file systems is not atomic.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        figure.savefig(temporary, format="png", facecolor="white")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "figures")
    arguments = parser.parse_args()
    try:
        found = sweep(arguments.data)
        arguments.out.mkdir(parents=True, exist_ok=True)
        write_csv(found, arguments.out / "census_sweep.csv")
        draw(found, arguments.out / "census_sweep.png")
    except (InputError, OSError) as error:
        print(f"census_sweep: {error}", file=sys.stderr)
        return 2
    print_table(found)
    print_sizes()
    return 0


if __name__ == "__main__":
    sys.exit(main())
