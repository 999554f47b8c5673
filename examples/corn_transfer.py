"""Calibration transfer on corn and tablets: the numbers and figures of docs/ten-samples.md.

    python examples/corn_transfer.py [--data FOLDER] [--cells FOLDER] [--out FOLDER]
                                     [--stage report|curve|tablets|benchmark|draw] [--workers N]

Stages, all of them if none is given:

benchmark   corn: all ordered pairs of instruments, four properties, k = 0, 5, 10, 25, seeds
            0–49. Settings were chosen on these seeds (and moisture up to seed 99).
report      corn moisture, m5 to mp5 and mp6, seeds 1000–1099, which nothing was chosen on.
curve       the default alone on moisture, m5 to mp5 and mp6, seeds 0–99, k from 5 to all 60.
tablets     instrument 1 to 2, three properties, k = 0, 5, 10, 25, seeds 0–19; 155 samples for
            calibration and 460 for testing, as in the published division.
draw        the figures and the tables of the page, from the files of the other stages.

Results go to docs/figures (transfer-*.csv, transfer-*.png, transfer-frozen.json); finished splits
stay in the folder of the cells, so that an interrupted run continues.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spektron.cli.transfer_figure import draw
from spektron.ml.benchmark import (
    BASELINES,
    CATALOGUE,
    NAMES,
    Entry,
    Lent,
    Plan,
    Results,
    Vault,
    entries_named,
    kennard_stone,
    run_cell,
    run_plan,
    split_of,
)
from spektron.ml.benchmark.summary import lines, versus, write_csv
from spektron.ml.loaders import load_study
from spektron.ml.spectra import Array, Study
from spektron.ml.transfer import Calibration, Consensus, Labelled, Pairs, Pretreatment
from spektron.pointgroup import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
STAGES = ("report", "curve", "tablets", "benchmark", "draw")
KS = (0, 5, 10, 25)
CORN = ("m5", "mp5", "mp6")
PUBLISHED = tuple(entry.name for entry in CATALOGUE if entry.kind == "published")
REPORTED = (("m5", "mp5"), ("m5", "mp6"))
TABLES = {
    "report": ("default", *BASELINES, "joint", "tikhonov", "cca", "sinkhorn", "mean-shift",
               "pds-ensemble", "joint-ensemble", "tikhonov-ensemble", "pooled", "none",
               "target-only"),
}  # fmt: skip
Rows = list[dict[str, str]]


def plan_of(stage: str, study: Study) -> Plan:
    """What a stage runs."""
    every = tuple((a, b) for a in study.instruments for b in study.instruments if a != b)
    properties = tuple(study.properties)
    if stage == "benchmark":
        return Plan(every, properties, KS, tuple(range(50)), NAMES)
    if stage == "report":
        return Plan(REPORTED, ("Moisture",), KS, tuple(range(1000, 1100)), NAMES)
    if stage == "curve":
        ks = (5, 7, 10, 15, 20, 25, 40, 60)
        return Plan(REPORTED, ("Moisture",), ks, tuple(range(100)), ("default", "ceiling"))
    pairs = (("instrument1", "instrument2"),)
    return Plan(pairs, properties, KS, tuple(range(20)), NAMES, n_test=460, n_calibration=155)


def study_of(stage: str, data: Path) -> Study:
    """The data of a stage."""
    if stage != "tablets":
        return load_study(data / "nir" / "corn")
    return load_study([data / "nir" / f"tablets_instrument{i}.csv" for i in (1, 2)])


def run(stage: str, data: Path, cells: Path, out: Path, workers: int | None) -> None:
    """Run a stage and write its results."""
    study = study_of(stage, data)
    plan = plan_of(stage, study)
    step = max(1, len(plan.cells()) // 20)

    def report(done: int, total: int) -> None:
        if done % step == 0 or done == total:
            print(f"{stage}: {done} of {total} splits", file=sys.stderr, flush=True)

    results = run_plan(study, plan, cells, workers=workers, progress=report)
    found = lines(results)
    write_csv(found, out / f"transfer-{stage}.csv")
    if stage in ("report", "benchmark"):
        write_comparisons(study, results, out / f"transfer-{stage}-comparisons.csv")
    if stage == "curve":
        write_differences(study, plan, out / "transfer-differences.csv")
        write_divided(study, plan, out / "transfer-divided.csv")
    if stage == "report":
        write_splits(results, out / "transfer-report-splits.csv")
        write_frozen(out / "transfer-frozen.json")
        draw(results, out / "transfer-moisture.png")


def write_differences(study: Study, plan: Plan, path: Path) -> None:
    """How much of the differences of test samples lies in the span of the k pairs' differences."""
    treat = Pretreatment(derivative=1, window=15)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["target", "k", "share"])
        for master, target in plan.pairs:
            spectra = study.instrument(master).spectra
            difference = treat(study.instrument(target).spectra) - treat(spectra)
            for k in plan.ks:
                shares = [spanned(spectra, difference, seed, k) for seed in plan.seeds]
                writer.writerow([target, k, f"{np.median(shares):.4f}"])


def spanned(spectra: Array, difference: Array, seed: int, k: int) -> float:
    """The share for one split; differences are taken from the mean of the pairs'."""
    split = split_of(seed, len(spectra))
    chosen = split.calibration[kennard_stone(spectra[split.calibration], k)]
    mean = difference[chosen].mean(axis=0)
    axes = np.linalg.svd(difference[chosen] - mean, full_matrices=False)[2][: k - 1]
    rest = difference[split.test] - mean
    left = rest - (rest @ axes.T) @ axes
    return float(1 - (left**2).sum() / (rest**2).sum())


@dataclass(frozen=True, slots=True)
class Divided:
    """The default with a weight of all differences, not of each: 100/k instead of 10."""

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Calibration:
        """A calibration for the target instrument."""
        return Consensus(distrust=100 / transfer.k).fit(master, transfer, target_unlabelled)


def write_divided(study: Study, plan: Plan, path: Path) -> None:
    """The learning curve with the weight divided by k, on the same splits."""
    entry = Entry("divided", "weight divided by k", lambda lent: Divided(), "plain")
    values = study.values(plan.properties[0])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["target", "k", "r2"])
        for master, target in plan.pairs:
            vault = Vault(*(study.instrument(i).spectra for i in (master, target)), values)
            found: dict[int | None, list[float]] = {}
            for seed in plan.seeds:
                split = split_of(seed, len(values))
                for outcome in run_cell(vault, split, plan.ks, (entry,), seed=seed):
                    found.setdefault(outcome.k, []).append(outcome.merit.r2)
            writer.writerows((target, k, f"{np.median(r2):.4f}") for k, r2 in found.items())


def write_comparisons(study: Study, results: Results, path: Path) -> None:
    """The default against every published baseline at every k, in full."""
    rows = []
    for master, target in results.plan.pairs:
        for name in results.plan.properties:
            for k in results.plan.ks:
                for other in PUBLISHED:
                    found = versus(study, results, (master, target, name), k, "default", other)
                    if found is not None:
                        where = {"master": master, "target": target, "property": name, "k": k}
                        rows.append(where | {"second": other} | asdict(found))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()})


def write_splits(results: Results, path: Path) -> None:
    """R² of every method at k = 10 in every split: what the medians and tests are made of."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        entries = [e for e in entries_named(NAMES) if not e.own]
        writer.writerow(["target", "seed", *(e.name for e in entries), "ceiling"])
        for master, target in results.plan.pairs:
            series = [results.series(master, target, "Moisture", e.name, 10) for e in entries]
            series.append(results.series(master, target, "Moisture", "ceiling", None))
            for seed in results.plan.seeds:
                writer.writerow([target, seed, *(f"{s[seed].merit.r2:.4f}" for s in series)])


def frozen() -> dict[str, str]:
    """The settings of all methods, as text."""
    empty = Lent(np.empty((0, 0)), np.empty((0, 0)), np.empty(0))
    return {entry.name: repr(entry.build(empty)) for entry in CATALOGUE}


def write_frozen(path: Path) -> None:
    """Record the settings under which the report was made."""
    path.write_text(json.dumps(frozen(), indent=1) + "\n", encoding="utf-8")


# ---- tables and figures from the files ----


def read(path: Path) -> Rows:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pick(rows: Rows, **wanted: str) -> dict[str, str] | None:
    """The row with these values, if there is one."""
    return next((r for r in rows if all(r[k] == v for k, v in wanted.items())), None)


def report_table(rows: Rows) -> list[str]:
    """Moisture, m5 to mp5 and mp6: median R² with interval and RMSEP at each k."""
    out = ["| | mp5: 5 | 10 | 25 | mp6: 5 | 10 | 25 |", "|-|-|-|-|-|-|-|"]
    for method in TABLES["report"]:
        cells = []
        for _, target in REPORTED:
            for k in ("5", "10", "25"):
                row = pick(rows, target=target, method=method, k=k)
                cells.append("–" if row is None else cell(row, full=k == "10"))
        out.append(f"| {method} | " + " | ".join(cells) + " |")
    for method, label in (("ceiling", "all 60 own labels"), ("two-channels", "best two channels")):
        found = [pick(rows, target=t, method=method, k="") for _, t in REPORTED]
        texts = [cell(r, full=True) for r in found if r]
        out.append(f"| {label} | | {texts[0]} | | | {texts[1]} | |")
    return out


def curve_table(rows: Rows, divided: Rows) -> list[str]:
    """The default against k, up to all pairs; also with the weight divided by k."""
    ks = sorted({int(r["k"]) for r in rows if r["k"]})
    out = ["| k | " + " | ".join(map(str, ks)) + " | all own labels |", "|-" * (len(ks) + 2) + "|"]
    for _, target in REPORTED:
        found = [pick(rows, target=target, method="default", k=str(k)) for k in ks]
        found.append(pick(rows, target=target, method="ceiling", k=""))
        cells = [f"{float(r['r2']):.3f}" for r in found if r]
        out.append(f"| {target}, as frozen | " + " | ".join(cells) + " |")
        found = [pick(divided, target=target, k=str(k)) for k in ks]
        cells = [f"{float(r['r2']):.3f}" for r in found if r]
        out.append(f"| {target}, weight 100/k | " + " | ".join(cells) + " | |")
    return out


def unlabelled_table(rows: Rows) -> list[str]:
    """Without pairs: unlabelled target spectra of other samples, and of the same ones."""
    out = ["| k = 0, moisture | mp5: disjoint | the same | mp6: disjoint | the same |",
           "|-|-|-|-|-|"]  # fmt: skip
    for method in ("dipls", "sinkhorn", "mean-shift"):
        cells = []
        for _, target in REPORTED:
            for way in ("disjoint", "same"):
                row = pick(rows, target=target, method=f"{method}:{way}", k="0")
                cells.append("–" if row is None else f"{float(row['r2']):.3f}")
        out.append(f"| {method} | " + " | ".join(cells) + " |")
    return out


def comparison_table(rows: Rows) -> list[str]:
    """The default against each baseline at k = 10: wins, RMSEP ratio, three p values."""
    heads = ("default against", "target", "wins", "RMSEP ratio")
    heads += ("p, splits", "p, corrected", "p, samples")
    out = ["| " + " | ".join(heads) + " |", "|-" * len(heads) + "|"]
    for other in BASELINES:
        for _, target in REPORTED:
            row = pick(rows, target=target, second=other, k="10")
            if row is None:
                continue
            ratio, low, high = (float(row[k]) for k in ("ratio", "ratio_low", "ratio_high"))
            p = [f"{float(row[k]):.1g}" for k in ("p_wilcoxon", "p_corrected", "p_samples")]
            out.append(
                f"| {other} | {target} | {row['wins']} of {row['n_splits']} | "
                f"{ratio:.2f} ({low:.2f} to {high:.2f}) | " + " | ".join(p) + " |"
            )
    return out


def cell(row: dict[str, str], *, full: bool) -> str:
    """A median, with interval and RMSEP if asked for."""
    r2 = f"{float(row['r2']):.3f}"
    if not full:
        return r2
    low, high = float(row["r2_low"]), float(row["r2_high"])
    return f"**{r2}** ({low:.3f} to {high:.3f}); {float(row['rmsep']):.3f}"


def overview_table(rows: Rows, names: tuple[str, ...]) -> list[str]:
    """Each problem at k = 10: the default, the best single published method, the ceiling."""
    out = ["| | property | default | best published | ceiling |", "|-|-|-|-|-|"]
    problems = dict.fromkeys((r["master"], r["target"], r["property"]) for r in rows)
    for master, target, name in problems:
        where = {"master": master, "target": target, "property": name}
        best = max(
            (r for m in names if (r := pick(rows, method=m, k="10", **where))),
            key=lambda r: float(r["r2"]),
        )
        default = pick(rows, method="default", k="10", **where)
        ceiling = pick(rows, method="ceiling", k="", **where)
        two = pick(rows, method="two-channels", k="", **where)
        if default is None or ceiling is None or two is None:
            continue
        trivial = " (trivial)" if float(two["r2"]) >= 0.99 else ""
        out.append(
            f"| {master} → {target} | {name}{trivial} | {float(default['r2']):.3f} | "
            f"{float(best['r2']):.3f} {best['method']} | {float(ceiling['r2']):.3f} |"
        )
    return out


def draw_overview(rows: Rows, path: Path) -> None:
    """The default, the best published method and the ceiling for each problem at k = 10."""
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    for axes, name in zip(panels.flat, ("Moisture", "Oil", "Protein", "Starch"), strict=True):
        draw_property(axes, [r for r in rows if r["property"] == name])
        axes.set_title(name.lower(), fontsize=9, loc="left", weight="bold")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    save(figure, path)


def draw_property(axes: Axes, rows: Rows) -> None:
    problems = list(dict.fromkeys((r["master"], r["target"]) for r in rows))
    styles = {"default": ("#D55E00", "o", 0.0), "best published": ("#0072B2", "s", 0.15)}
    for place, (master, target) in enumerate(problems):
        here = [r for r in rows if (r["master"], r["target"]) == (master, target)]
        ceiling = pick(here, method="ceiling", k="")
        published = [r for r in here if r["method"] in PUBLISHED and r["k"] == "10"]
        best = max(published, key=lambda r: float(r["r2"]))
        if ceiling is None:
            continue
        axes.plot([float(ceiling["r2"])] * 2, [place - 0.35, place + 0.35], color="0.5", lw=1.4,
                  label="all own labels" if not place else None)  # fmt: skip
        for label, row in (("default", pick(here, method="default", k="10")),
                           ("best published", best)):  # fmt: skip
            if row is None:
                continue
            colour, marker, shift = styles[label]
            middle, low, high = (float(row[k]) for k in ("r2", "r2_low", "r2_high"))
            axes.errorbar(middle, place + shift, xerr=[[middle - low], [high - middle]],
                          color=colour, marker=marker, ms=4.5, lw=1.1,
                          label=label if not place else None)  # fmt: skip
    axes.set_yticks(range(len(problems)), [f"{a} → {b}" for a, b in problems], fontsize=8)
    axes.set_ylim(len(problems) - 0.5, -0.5)
    axes.set_xlim(0.4, 1.01)
    axes.set_xlabel("R², k = 10", fontsize=8)
    axes.tick_params(labelsize=8, length=3)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    # In the same folder, because a rename across file systems is not atomic.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        figure.savefig(temporary, format="png", facecolor="white", dpi=200)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def show(out: Path) -> None:
    """Draw the overview and print the tables of the page, of what is there."""
    if (out / "transfer-report.csv").exists():
        report = read(out / "transfer-report.csv")
        print("\n".join(report_table(report)), end="\n\n")
        print("\n".join(unlabelled_table(report)), end="\n\n")
        compared = read(out / "transfer-report-comparisons.csv")
        print("\n".join(comparison_table(compared)), end="\n\n")
    if (out / "transfer-curve.csv").exists():
        curves = (read(out / f"transfer-{name}.csv") for name in ("curve", "divided"))
        print("\n".join(curve_table(*curves)), end="\n\n")
    if (out / "transfer-benchmark.csv").exists():
        rows = read(out / "transfer-benchmark.csv")
        draw_overview(rows, out / "transfer-overview.png")
        print("\n".join(overview_table(rows, PUBLISHED)), end="\n\n")
    if (out / "transfer-tablets.csv").exists():
        print("\n".join(overview_table(read(out / "transfer-tablets.csv"), PUBLISHED)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--cells", type=Path, default=Path("transfer.cells"))
    parser.add_argument("--out", type=Path, default=CHECKOUT / "docs" / "figures")
    parser.add_argument("--stage", action="append", choices=STAGES)
    parser.add_argument("--workers", type=int, default=None)
    arguments = parser.parse_args()
    stages = arguments.stage or STAGES
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        for stage in stages:
            if stage != "draw":
                run(stage, arguments.data, arguments.cells, arguments.out, arguments.workers)
    except (InputError, OSError) as error:
        print(f"corn_transfer: {error}", file=sys.stderr)
        return 2
    if "draw" in stages:
        show(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
