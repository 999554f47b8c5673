"""Write docs/symmetry-limit.md from the results of the pre-registered study.

    python examples/fusion_page.py

The text is fusion_page.md beside this file. Numbers come from docs/data/fusion: results.json,
written by ``spektron evaluate study ml/studies/fusion.toml --out docs/data/fusion``, readers.json
and curve.json, by study_readers.py and study_curve.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, groupby
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from spektron.cli.evaluate_page import estimate
from spektron.ml.datasets.scaffolds import SCAFFOLDS
from spektron.ml.functional_groups import GROUPS, labels

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "docs" / "data" / "fusion"
PAGE = ROOT / "docs" / "symmetry-limit.md"
TEXT = Path(__file__).with_suffix(".md")

INPUTS: Final = {"ir": "infrared", "raman": "Raman", "both": "both", "ir twice": "infrared twice"}
TASKS: Final = {
    "identification": "among matched isomers",
    "library": "in the whole library",
    "groups": "functional groups",
}
KINDS: Final = ("of the skeleton", "halides", "other substituents")
READERS: Final = ("cosine", "known instrument")
SIDES: Final = ("all", "with inversion", "without")
CALIBRATIONS: Final = {"valid": "validation molecules", "half": "the other half of the strata"}


def page(found: Mapping[str, Any], readers: Mapping[str, Any], curve: Mapping[str, Any]) -> str:
    """The text of the page."""
    noises = list(dict.fromkeys(m["noise"] for m in found["means"]))
    evaluation, checks = found["evaluation"], found["checks"]
    primary = evaluation["primary"]
    levels = [f"noise {noise:g}" for noise in noises]
    return TEXT.read_text(encoding="utf-8").format(
        molecules=evaluation["molecules"],
        strata=evaluation["strata"],
        scaffolds=len(evaluation["scaffolds"]),
        cells=found["cells"],
        runs=len(evaluation["seeds"]),
        noise=found["primary_noise"],
        **{name: points(primary[name]) for name in ("value", "low", "high")},
        verdicts=table(
            ("", "number", "value", "95 %", "p", "p (Holm)", "p (flips)", "verdict"),
            map(verdict, found["verdicts"]),
        ),
        contrasts=table(("", *levels), contrasts(found, readers, noises)),
        exploratory=table(("beside", "number", "n", "value", "95 %"), exploratory(found)),
        slopes=table(("", "score", "on", "slope", "95 %"), slopes(found)),
        identification=table(("", "input", *levels), identification(found, readers, noises)),
        bounds=table(("input", *levels), bounds(found, noises)),
        library=table(("", "input", *levels), means(found, "library", noises)),
        groups=table(("input", *levels), groups(found, noises)),
        sides=table(
            ("input", "noise", "with a centre", "95 %", "without", "95 %"), sides(evaluation)
        ),
        curve=table(
            (
                "molecules to learn from", "steps", "among matched isomers", "at noise 1",
                "macro-F1", *KINDS,
            ),
            learning(curve),
        ),
        coverage=table(
            (
                "", "calibrated on", "input", "all", "with a centre", "without",
                "lowest and highest scaffold", "mean size",
            ),
            coverage(found),
        ),
        shuffled=100 * checks["shuffled"],
        repetitions=checks["repetitions"],
        between=100 * evaluation["components"]["scaffold"],
        inside=100 * evaluation["components"]["stratum"],
        planted=100 * checks["planted"],
        power="none" if checks["power"] is None else f"{checks['power']:.0%}",
        oracle=", ".join(f"{INPUTS[k]} {v:.6f}" for k, v in checks["oracle"].items()),
        drawn=", ".join(
            f"{INPUTS[k]} {v:.3f} ({low:.3f} to {high:.3f})"
            for k, (v, low, high) in checks["drawn"].items()
        ),
        failed="; ".join(checks["failed"]) or "none",
        notes="\n".join(f"- {note}" for note in dict.fromkeys(found["notes"])) or "- none",
    )  # fmt: skip


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|-" * len(head) + "|", *lines[1:]]).replace("|  |", "| |")


def points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def number(p: float | None) -> str:
    return "–" if p is None else f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


def verdict(v: Mapping[str, Any]) -> Sequence[str]:
    if v["value"] is None:
        reason = v["reason"].split(":")[0]
        return v["name"], v["about"], *["–"] * 5, f"not tested: {reason}"
    numbers = estimate(v["value"], v["low"], v["high"])
    holm = "" if v["p_holm"] is None else number(v["p_holm"])
    flips = [number(v[name]) for name in ("p_strata", "p_scaffolds") if v[name] is not None]
    answer = f"{v['answer']}; {v['size']}" if v["size"] else v["answer"]
    return v["name"], v["about"], *numbers, number(v["p"]), holm, " / ".join(flips), answer


def contrasts(
    found: Mapping[str, Any], readers: Mapping[str, Any], noises: Sequence[float]
) -> Iterator[Sequence[str]]:
    """The contrast of the gain at every level, of the network and of what it is compared with."""

    def of(evaluation: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        return (evaluation["primary"], *evaluation["secondary"])

    rows = {
        "network": of(found["evaluation"]),
        "nearest spectrum": of(found["nearest"]),
        **{name: readers[name]["contrasts"] for name in READERS},
        "perfect instrument": of(found["ideal"]),
    }
    for name, given in rows.items():
        gains = {c["noise"]: c for c in given if c["endpoint"] == "gain"}
        cells = (estimate(*(gains[n][k] for k in ("value", "low", "high"))) for n in noises)
        yield name, *(f"{value} ({interval})" for value, interval in cells)


def exploratory(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for f in found["exploratory"]:
        yield f["name"], f["about"], f"{f['n']:,}", *estimate(f["value"], f["low"], f["high"])


def slopes(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for name, key in (("network", "evaluation"), ("perfect instrument", "ideal")):
        for s in found[key]["slopes"]:
            if s["value"] is not None:
                numbers = estimate(s["value"], s["low"], s["high"])
                yield name, INPUTS.get(s["endpoint"], s["endpoint"]), s["property"], *numbers


def means(found: Mapping[str, Any], task: str, noises: Sequence[float]) -> Iterator[Sequence[str]]:
    """Rows of a task: the network, then the nearest spectrum."""
    rows: dict[tuple[str, str], dict[float, float]] = {}
    for m in found["means"]:
        if m["task"] == task:
            rows.setdefault((m["method"], m["given"]), {})[m["noise"]] = m["value"]
    for (method, given), values in rows.items():
        name = "network" if method == "model" else method
        yield name, INPUTS[given], *(f"{values[noise]:.3f}" for noise in noises)


def identification(
    found: Mapping[str, Any], readers: Mapping[str, Any], noises: Sequence[float]
) -> Iterator[Sequence[str]]:
    """The same with readers that know more or other things, the perfect instrument last."""
    *rows, ideal = (list(of) for _, of in groupby(means(found, "identification", noises), first))
    yield from chain.from_iterable(rows)
    for name in READERS:
        for given, values in readers[name]["means"].items():
            yield name, INPUTS[given], *(f"{value:.3f}" for value in values)
    yield from ideal


def first(row: Sequence[str]) -> str:
    return row[0]


def bounds(found: Mapping[str, Any], noises: Sequence[float]) -> Iterator[Sequence[str]]:
    """Bayes error and Fano's bound, means over strata."""
    for given in dict.fromkeys(c["given"] for c in found["ceilings"]):
        each = {c["noise"]: c for c in found["ceilings"] if c["given"] == given}
        yield INPUTS[given], *(f"{each[n]['error']:.4f} ({each[n]['fano']:.4f})" for n in noises)


def learning(curve: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """Identification and F1 with both spectra, F1 at the lowest level."""
    primary = curve["noises"].index(1.0)
    for point in curve["points"]:
        kinds: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for name, values in point["F1"].items():
            kinds[kind_of(name)].append(values[0])
        shares = (point["identification"][0], point["identification"][primary])
        scores = (*shares, point["macro-F1"][0], *map(fmean, kinds.values()))
        yield f"{point['molecules']:,.0f}", f"{point['steps']:,}", *(f"{s:.3f}" for s in scores)


def kind_of(group: str) -> str:
    """The kind of a class of functional groups, of `KINDS`."""
    skeleton, halides, others = KINDS
    if group in ("fluoride", "chloride", "bromide"):
        return halides
    # The methyl of bare ethane is a substituent of all others.
    return skeleton if group in of_skeletons() - {"methyl"} else others


@cache
def of_skeletons() -> frozenset[str]:
    """Classes that a scaffold without substituents has."""
    found = labels([smiles for smiles, _ in SCAFFOLDS.values()]).any(axis=0)
    return frozenset(name for name, has in zip(GROUPS, found, strict=True) if has)


def groups(found: Mapping[str, Any], noises: Sequence[float]) -> Iterator[Sequence[str]]:
    for given in dict.fromkeys(g["given"] for g in found["groups"]):
        each = {g["noise"]: g["macro"] for g in found["groups"] if g["given"] == given}
        yield INPUTS[given], *(f"{each[noise]:.3f}" for noise in noises)


def sides(evaluation: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    for m in evaluation["means"]:
        pairs = (m["with_inversion"], m["without"])
        cells = (f"{v:.4f} | {low:.4f} to {high:.4f}" for v, low, high in pairs)
        yield INPUTS[m["input"]], f"{m['noise']:g}", *cells


def coverage(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for c in found["coverage"]:
        if c["noise"] == found["primary_noise"]:
            rows.setdefault((c["task"], c["calibration"], c["given"]), {})[c["of"]] = c
    for (task, calibration, given), by in rows.items():
        shares = (f"{by[of]['share']:.3f}" for of in SIDES)
        each = [c["share"] for of, c in by.items() if of not in SIDES]
        name, size = CALIBRATIONS[calibration], f"{by['all']['size']:.2f}"
        yield TASKS[task], name, INPUTS[given], *shares, f"{min(each):.2f} to {max(each):.2f}", size


def main() -> None:
    names = ("results.json", "readers.json", "curve.json")
    found = [json.loads((DATA / name).read_text(encoding="utf-8")) for name in names]
    PAGE.write_text(page(*found), encoding="utf-8")


if __name__ == "__main__":
    main()
