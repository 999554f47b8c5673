"""Write docs/symmetry-rich.md, the card of the data set, and its figure.

python examples/symmetry_rich_page.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from spektron.ml.datasets import Listed, Summary, matched, read_rows, summary
from spektron.ml.datasets.recipe import SHIFTS
from spektron.pointgroup import PointGroup
from spektron.vibration.batches import Record

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "data" / "symmetry-rich"
PAGE = ROOT / "docs" / "symmetry-rich.md"
FIGURE = ROOT / "docs" / "figures" / "symmetry-rich.png"
RULES = FOLDER / "selection_rules.json"
DFT = FOLDER / "gfn2_against_dft.json"
GOAL = 12_000
SHOWN_GROUPS = 24

TEXT = """# The symmetry-rich set

{n_results:,} molecules with their infrared and Raman spectra at GFN2-xTB, chosen so that symmetry
varies while chemistry does not. Every molecule is a minimum; its point group and R are those of the
optimised geometry.

| | |
|-|-|
{facts}

{state}

![Molecules by point group, by R, and molecules an hour against size](figures/symmetry-rich.png)

## What is in it

| part | spectra | failed | why it is there |
|-|-|-|-|
{parts}

**Matched strata** are isomers of one scaffold and one multiset of substituents, of which some
have a centre of inversion and some have not: the arrangements are enumerated as orbits under
the group of the scaffold (Pólya's counting, tested against the known numbers of isomers),
built, optimised, and counted only by what they became. At most two of each side are kept, those
with the widest gaps between groups, ties broken by a hash; the choice knows no result.

| scaffold | matched strata | molecules |
|-|-|-|
{strata}

Polyynes and bicyclo[2.2.2]octane are no scaffolds: a chain with two ends has but one isomer for
each pair of ends, and bicyclooctane (D3h) has no centre. Its derivatives are among the
**negative controls**: molecules with silent modes but no inversion centre (C3v, D3h, Td, D2d,
…) beside isomers without silent modes. {n_silent_without_centre} molecules of the set are of
that kind.

{groups}

## How it was made

The recipe is [symmetry_rich.toml](../ml/datasets/symmetry_rich.toml); `spektron dataset build
ml/datasets/symmetry_rich.toml --out DIR` computes it, and `--reuse {reuse}` takes over what is
here, with the files of QM7, DFT8K and Exp5K in the folder that `SPEKTRON_DATA` names. First
geometries are force-field ones, or those of the files; they are optimised to 1e-5 Eh/bohr at
GFN2-xTB ({programs}), symmetrised where that costs less than 1e-6 Eh, and differentiated along
symmetry-unique displacements and fields. An imaginary mode beyond 3i cm⁻¹ is followed down, at most
three times. Rates on one core while other work ran beside it (medians):

| atoms | molecules | seconds | molecules an hour and core |
|-|-|-|-|
{seconds}

## What failed

| failure | molecules |
|-|-|
{failures}

Nitroso groups next to each other dimerise, and some hydrogens move from oxygen to nitrogen:
these are other compounds, and are left out. Methyl and trifluoromethyl groups on flat rings
turn almost freely; where three descents do not end at a minimum the molecule is left out as
well.

## Are the selection rules kept?

By construction forbidden intensities vanish: the largest is {largest_violation:.0e} of the
strongest band. So {n_rules} molecules of {n_rule_groups} groups were computed again *without*
use of symmetry, along all displacements and fields (`examples/symmetry_rich_rules.py`): the
largest forbidden intensity is {worst:.0e} of the strongest band ({worst_name}, {worst_group}).
{rule_verdict}

{dft}

## What to keep in mind

- GFN2-xTB is a semi-empirical method. Its frequencies and intensities are no substitute for
  measured ones, nor for those of a good functional; comparisons inside the set are what it is
  for.
- Harmonic, isolated, at rest: no overtones, no Fermi resonance, no rotation, no solvent.
- The strata are synthetic. Some of the molecules are unstable, and nobody may ever have made
  them.
- Flat wells: a few minima hang on whether a barrier of a hundredth of a kcal/mol is there at
  GFN2.
- SMILES and InChIKeys of QM7, DFT8K and Exp5K are perceived from geometries; {n_nameless}
  molecules have none, because bond orders could not be found. DFT8K's shifts are computed,
  Exp5K's measured.
- {n_several} molecules were found by more than one part of the recipe; each minimum is counted once
  (`also` names the other parts).

Licences: QM7, DFT8K and Exp5K are under MIT; all other geometries were made here and are under this
project's MIT licence, as are all spectra.

The columns are those of [the exported file](batches.md#the-exported-file).
"""

WHY = {
    "matched strata": "isomers with and without a centre",
    "negative controls": "silent modes without a centre",
    "conformers": "anti and gauche, syn and anti",
    "classics": "the molecules of the theory pages",
    "qm7": "all of QM7: ordinary small molecules",
    "dft8k": "the smallest of DFT8K, computed NMR shifts joined",
    "exp5k": "the smallest of Exp5K; nearly all are in DFT8K, and have their measured shifts there",
}


def main() -> None:
    """Read what was exported, draw, write."""
    files = sorted(FOLDER.glob("*.parquet"))
    pairs, note = [], {}
    for file in files:
        rows, note = read_rows(file)
        pairs += rows
    from spektron.ml.datasets.columns import distinct

    once = distinct(pairs)
    found = summary(once, len(once))
    draw(found)
    programs = next(r.facts["programs"] for _, r in once if r.kind == "result")
    text = TEXT.format(
        **{name: getattr(found, name) for name in ("n_results", "n_silent_without_centre")},
        facts=lines(facts(found, once)),
        state=state(found),
        parts=lines((p, f"{a:,}", f"{b:,}", WHY[p]) for p, (a, b) in found.parts.items()),
        strata=lines((s, f"{a:,}", f"{b:,}") for s, (a, b) in scaffolds(once).items()),
        groups=groups(found),
        reuse=" --reuse ".join(f.relative_to(ROOT).as_posix() for f in files),
        programs=", ".join(f"{name} {version}" for name, version in programs.items()),
        seconds=lines(rates(found)),
        failures=lines((kind, f"{n:,}") for kind, n in found.failures.items()),
        largest_violation=found.largest_violation,
        **rules(),
        dft=json.loads(DFT.read_text(encoding="utf-8"))["text"] if DFT.exists() else "",
        n_nameless=sum(not e.inchikey for e, r in once if r.kind == "result"),
        n_several=sum(bool(e.also) for e, r in once if r.kind == "result"),
    )
    PAGE.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")
    print(f"{PAGE.name}: {found.n_results:,} molecules of {note['title']}")


def lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows of a Markdown table."""
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def facts(found: Summary, pairs: Sequence[tuple[Listed, Record]]) -> Iterable[tuple[str, str]]:
    """The head of the page."""
    results = [r for _, r in pairs if r.kind == "result"]
    sizes = [len(r.facts["symbols"]) for r in results]
    below = sum(n for name, n in found.R_classes.items() if name != "1")
    strata = scaffolds(pairs)
    yield "atoms", f"{min(sizes)} to {max(sizes)}, median {int(np.median(sizes))}"
    yield "fundamentals", f"{sum(r.facts['n_vib'] for r in results):,}"
    yield "point groups", f"{len(found.groups)}"
    yield "with a centre of inversion", f"{found.n_centrosymmetric:,}"
    yield "R < 1", f"{below:,}"
    yield "silent modes, but no centre", f"{found.n_silent_without_centre:,}"
    n, molecules = (sum(v[i] for v in strata.values()) for i in (0, 1))
    yield "matched strata", f"{n:,} over {len(strata)} scaffolds, {molecules:,} molecules"
    shifts = [e.shifts for e, r in pairs if r.kind == "result"]
    computed, measured = (sum(k in s for s in shifts) for k in SHIFTS)
    yield "with NMR shifts", f"{computed:,} computed, {measured:,} measured"


def scaffolds(pairs: Sequence[tuple[Listed, Record]]) -> dict[str, tuple[int, int]]:
    """Matched strata and their molecules for each scaffold."""
    strata = {e.stratum for e, _ in pairs if e.part == "matched strata"}
    out: dict[str, tuple[int, int]] = {}
    for name, sides in matched(pairs).items():
        if name in strata:
            n, molecules = out.get(name.split()[0], (0, 0))
            out[name.split()[0]] = n + 1, molecules + len(sides[0]) + len(sides[1])
    return out


def state(found: Summary) -> str:
    """Whether it is all there."""
    if found.n_results >= GOAL:
        return ""
    return f"The computation goes on: the set is to have at least {GOAL:,} molecules."


def groups(found: Summary) -> str:
    """All point groups with their numbers, in a line or two."""
    counted = ", ".join(f"{group} {n:,}" for group, n in found.groups.items())
    return f"Point groups: {counted}. R: " + ", ".join(
        f"{name} {n:,}" for name, n in found.R_classes.items()
    )


def rates(found: Summary) -> Iterable[tuple[str, ...]]:
    """Seconds by number of atoms, in bins of four."""
    for low in range(2, 32, 4):
        inside = [v for n, v in found.seconds.items() if low <= n < low + 4]
        total = sum(n for n, _ in inside)
        if total:
            seconds = sum(n * s for n, s in inside) / total
            yield f"{low}–{low + 3}", f"{total:,}", f"{seconds:.2f}", f"{3600 / seconds:,.0f}"


def rules() -> dict[str, Any]:
    """Selection rules checked without symmetry."""
    rows = json.loads(RULES.read_text(encoding="utf-8"))
    worst = max(rows, key=lambda r: max(r["ir"], r["raman"]))
    other = [r for r in rows if r["group"] != r["in_the_set"]]
    verdict = (
        "No rule is violated, and every point group is confirmed."
        if not other
        else f"{len(other)} have another group."
    )
    return {
        "n_rules": len(rows),
        "n_rule_groups": len({r["group"] for r in rows}),
        "worst": max(worst["ir"], worst["raman"]),
        "worst_name": worst["molecule"],
        "worst_group": worst["group"],
        "rule_verdict": verdict,
    }


def draw(found: Summary) -> None:
    """Groups, R, and molecules an hour."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    blue, orange = "#0072B2", "#E69F00"
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(10, 4.4), width_ratios=(1.3, 0.8, 1), layout="constrained"
    )
    names = list(found.groups)[:SHOWN_GROUPS]
    colours = [orange if PointGroup(n).has_inversion else blue for n in names]
    left.barh(names, [found.groups[n] for n in names], color=colours, log=True)
    left.invert_yaxis()
    left.set_xlabel("molecules")
    left.set_title("Point group (orange: with inversion)", fontsize=9)
    left.tick_params(labelsize=7)
    middle.barh(list(found.R_classes), list(found.R_classes.values()), color=blue)
    middle.set_xscale("symlog", linthresh=10)
    middle.set_xlabel("molecules")
    middle.set_title("R", fontsize=9)
    sizes = [n for n, (count, s) in found.seconds.items() if count >= 5 and s > 0]
    right.plot(sizes, [3600 / found.seconds[n][1] for n in sizes], "o", color=blue, markersize=4)
    right.set_yscale("log")
    right.set_xlabel("atoms")
    right.set_title("Molecules an hour and core (median)", fontsize=9)
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="both", labelsize=7)
    figure.savefig(FIGURE, dpi=160)
    plt.close(figure)


if __name__ == "__main__":
    main()
