"""How far GFN2-xTB is from B3LYP/def2-SVP on matched pairs, and what that means for comparisons.

    spektron dataset build ml/datasets/dft_pairs.toml --out DIR
    spektron dataset export DIR --out docs/data/dft-pairs/pairs.parquet
    python examples/gfn2_against_dft.py

writes docs/data/symmetry-rich/gfn2_against_dft.json, whose text the card of the data set shows,
and the figure.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from spektron.ml.datasets import read_rows
from spektron.ml.datasets.listing import listed
from spektron.ml.datasets.recipe import read_recipe
from spektron.vibration.batches import Record

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "data"
RECIPE = ROOT / "ml" / "datasets" / "dft_pairs.toml"
OUT = FOLDER / "symmetry-rich" / "gfn2_against_dft.json"
FIGURE = ROOT / "docs" / "figures" / "gfn2-against-dft.png"
FWHM = 20.0
"""cm⁻¹, of the spectra whose likeness is compared."""
GRID = np.arange(0.0, 4200.0, 4.0)
KINDS = {"ir": "ir_intensities", "raman": "raman_activities"}

Floats = NDArray[np.float64]


def records(folder: Path) -> dict[str, list[tuple[str, Record]]]:
    """Stratum and record of each spectrum, by InChIKey."""
    found = defaultdict(list)
    for file in sorted(folder.glob("*.parquet")):
        for each, record in read_rows(file)[0]:
            if record.kind == "result" and each.inchikey:
                found[each.inchikey].append((each.stratum, record))
    return dict(found)


def modes(a: Record, b: Record) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which modes correspond: irrep by irrep, in the order of their wavenumbers."""
    one, two = (np.array(r.facts["irreps"]) for r in (a, b))
    labels = sorted(set(one))
    return tuple(
        np.concatenate([np.flatnonzero(x == label) for label in labels]) for x in (one, two)
    )


def spectrum(record: Record, kind: str, factor: float = 1.0) -> Floats:
    """A Lorentzian spectrum of unit length on `GRID`."""
    w, height = record.arrays["wavenumbers"] * factor, record.arrays[KINDS[kind]]
    lines = 1 / (1 + ((GRID[:, None] - w) / (FWHM / 2)) ** 2)
    out = lines @ np.asarray(height, dtype=float)
    return np.asarray(out / np.linalg.norm(out))


def apart(a: Record, b: Record, factor: float) -> dict[str, float]:
    """Distances of two molecules' spectra: IR, Raman, both (root mean square)."""
    d = {k: np.linalg.norm(spectrum(a, k, factor) - spectrum(b, k, factor)) for k in KINDS}
    return {**d, "both": float(np.hypot(*d.values()) / 2**0.5)}


def main() -> None:
    """Compare, draw, write."""
    cheap, dear = records(FOLDER / "symmetry-rich"), records(FOLDER / "dft-pairs")
    wanted = listed(read_recipe(RECIPE), print)
    pairs, missing = [], []
    for key, found in dear.items():
        for stratum, record in found:
            same = [r for _, r in cheap.get(key, []) if r.facts["group"] == record.facts["group"]]
            if same:
                pairs.append((stratum, same[0], record))
            elif key not in cheap:
                missing.append(key)
    w = [np.concatenate(x) for x in zip(*(_column(p, "wavenumbers") for p in pairs), strict=True)]
    factor = float(w[0] @ w[1] / (w[0] @ w[0]))
    deviation = np.abs(factor * w[0] - w[1])
    numbers = {
        "listed": len(wanted),
        "listed_strata": len({each.stratum for each in wanted}),
        "finished": sum(map(len, dear.values())),
        "compared": len(pairs),
        "missing": len(missing),
        "modes": len(w[0]),
        "factor": round(factor, 4),
        "mad_raw": round(float(np.abs(w[0] - w[1]).mean()), 1),
        "mad": round(float(deviation.mean()), 1),
        "median": round(float(np.median(deviation)), 1),
    }
    for kind, name in KINDS.items():
        ranks = [spearmanr(*_column(p, name)).statistic for p in pairs]
        likeness = [spectrum(a, kind, factor) @ spectrum(b, kind) for _, a, b in pairs]
        numbers[f"{kind}_rank"] = round(float(np.nanmedian(ranks)), 2)
        numbers[f"{kind}_cosine"] = round(float(np.median(likeness)), 2)
    contrasts = _contrasts(pairs, factor)
    for kind in ("ir", "raman", "both"):
        numbers[f"{kind}_contrast"] = round(float(spearmanr(*contrasts[kind]).statistic), 2)
    numbers["strata"] = len(contrasts["both"][0])
    draw(w, factor, contrasts)
    text = TEXT.format(**numbers)
    OUT.write_text(json.dumps({**numbers, "text": text}, indent=1) + "\n", encoding="utf-8")
    print(text)


def _column(pair: tuple[str, Record, Record], name: str) -> list[Floats]:
    _, a, b = pair
    i, j = modes(a, b)
    return [a.arrays[name][i].astype(float), b.arrays[name][j].astype(float)]


def _contrasts(
    pairs: list[tuple[str, Record, Record]], factor: float
) -> dict[str, tuple[list[float], list[float]]]:
    """Distance of the two molecules of each stratum, at GFN2 and at the functional."""
    strata = defaultdict(list)
    for stratum, a, b in pairs:
        strata[stratum].append((a, b))
    out: dict[str, tuple[list[float], list[float]]] = {k: ([], []) for k in (*KINDS, "both")}
    for members in strata.values():
        if len(members) == 2:
            (a, c), (b, d) = members
            for place, found in enumerate((apart(a, b, factor), apart(c, d, 1.0))):
                for kind, value in found.items():
                    out[kind][place].append(float(value))
    return out


def draw(
    w: list[Floats], factor: float, contrasts: dict[str, tuple[list[float], list[float]]]
) -> None:
    """Deviation of wavenumbers, and distances within strata."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.axhline(0, color="0.7", linewidth=0.8)
    left.plot(w[1], factor * w[0] - w[1], ".", color="#0072B2", markersize=3)
    left.set_xlabel("B3LYP/def2-SVP wavenumber / cm⁻¹")
    left.set_ylabel("scaled GFN2 − B3LYP / cm⁻¹")
    for (kind, values), colour in zip(
        contrasts.items(), ("#0072B2", "#E69F00", "#009E73"), strict=True
    ):
        name = {"ir": "IR", "raman": "Raman"}.get(kind, kind)
        right.plot(*values, "o", color=colour, markersize=4, label=name)
    right.plot([0, 2**0.5], [0, 2**0.5], color="0.7", linewidth=0.8)
    right.set_xlabel("distance of the two isomers, GFN2")
    right.set_ylabel("distance of the two isomers, B3LYP")
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(FIGURE, dpi=160)
    plt.close(figure)


TEXT = """## How far from a density functional?

The recipe [dft_pairs.toml](../ml/datasets/dft_pairs.toml), chosen before anything was computed,
lists {listed} molecules of {listed_strata} matched pairs at B3LYP/def2-SVP. {finished} of them are
finished. {compared} of these have the same point group at both levels and are compared here, modes
irrep by irrep in the order of their wavenumbers; {strata} pairs are complete.

| | |
|-|-|
| modes | {modes:,} |
| scale factor, GFN2 to B3LYP | {factor} |
| mean absolute deviation, unscaled | {mad_raw} cm⁻¹ |
| mean absolute deviation, scaled (median) | {mad} cm⁻¹ ({median}) |
| rank correlation of IR intensities in a molecule, median | {ir_rank} |
| rank correlation of Raman activities in a molecule, median | {raman_rank} |
| cosine of IR spectra at FWHM 20 cm⁻¹, median | {ir_cosine} |
| cosine of Raman spectra at FWHM 20 cm⁻¹, median | {raman_cosine} |
| rank correlation of the isomers' distance over strata, IR | {ir_contrast} |
| the same, Raman | {raman_contrast} |
| the same, both | {both_contrast} |

![Deviation of wavenumbers; distance of isomers](figures/gfn2-against-dft.png)

Selection rules are the same at every level; positions and intensities are not. A model that is
trained on this set knows GFN2's chemistry, not nature's; the question that the strata are made
for, how much is lost when a spectrum is missing, asks for the distances between isomers, and
the last rows say how far these agree between the two levels.
"""


if __name__ == "__main__":
    main()
