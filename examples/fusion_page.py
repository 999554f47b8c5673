"""Write docs/symmetry-limit.md from the results of the pre-registered study.

python examples/fusion_page.py

The text is fusion_page.md beside this file; ``spektron evaluate study ml/studies/fusion.toml --out
docs/data/fusion`` writes the results and the figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from spektron.cli.evaluate_page import estimate

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "data" / "fusion" / "results.json"
PAGE = ROOT / "docs" / "symmetry-limit.md"
TEXT = Path(__file__).with_suffix(".md")

INPUTS: Final = {"ir": "infrared", "raman": "Raman", "both": "both", "ir twice": "infrared twice"}
TASKS: Final = {
    "identification": "among matched isomers",
    "library": "in the whole library",
    "groups": "functional groups",
}
CALIBRATIONS: Final = {"valid": "validation molecules", "half": "the other half of the strata"}


def page(found: Mapping[str, Any]) -> str:
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
        **{name: 100 * primary[name] for name in ("value", "low", "high")},
        p=number(primary["p"]),
        nearest=100 * found["nearest"]["primary"]["value"],
        nearest_low=100 * found["nearest"]["primary"]["low"],
        nearest_high=100 * found["nearest"]["primary"]["high"],
        contrasts=table(("", *levels), contrasts(found, noises)),
        verdicts=table(
            ("", "number", "value", "95 %", "p", "p (Holm)", "verdict"),
            map(verdict, found["verdicts"]),
        ),
        identification=table(("", "input", *levels), identification(found, noises)),
        library=table(("", "input", *levels), means(found, "library", noises)),
        groups=table(("input", *levels), groups(found, noises)),
        sides=table(
            ("input", "noise", "with a centre", "95 %", "without", "95 %"), sides(evaluation)
        ),
        coverage=table(
            ("", "calibrated on", "input", "all", "with a centre", "without", "mean size"),
            coverage(found),
        ),
        shuffled=100 * checks["shuffled"],
        repetitions=checks["repetitions"],
        planted=100 * checks["planted"],
        power="" if checks["power"] is None else f"{checks['power']:.0%}",
        oracle=", ".join(f"{INPUTS[k]} {v:.6f}" for k, v in checks["oracle"].items()),
        notes="\n".join(f"- {note}" for note in dict.fromkeys(found["notes"])) or "- none",
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|-" * len(head) + "|", *lines[1:]]).replace("|  |", "| |")


def number(p: float | None) -> str:
    return "–" if p is None else f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


def verdict(v: Mapping[str, Any]) -> Sequence[str]:
    if v["value"] is None:
        reason = v["reason"].split(":")[0]
        return v["name"], v["about"], "–", "–", "–", "–", f"not tested: {reason}"
    holm = "" if v["p_holm"] is None else number(v["p_holm"])
    numbers = estimate(v["value"], v["low"], v["high"])
    return v["name"], v["about"], *numbers, number(v["p"]), holm, v["answer"]


def contrasts(found: Mapping[str, Any], noises: Sequence[float]) -> Iterator[Sequence[str]]:
    """The contrast of the gain at every level, of the network and of what it is compared with."""
    for name, key in (
        ("network", "evaluation"),
        ("nearest spectrum", "nearest"),
        ("ceiling", "ideal"),
    ):
        given = (found[key]["primary"], *found[key]["secondary"])
        gains = {c["noise"]: c for c in given if c["endpoint"] == "gain"}
        cells = (estimate(*(gains[n][k] for k in ("value", "low", "high"))) for n in noises)
        yield name, *(f"{value} ({interval})" for value, interval in cells)


def means(found: Mapping[str, Any], task: str, noises: Sequence[float]) -> Iterator[Sequence[str]]:
    """Rows of a task: the network, then the nearest spectrum."""
    rows: dict[tuple[str, str], dict[float, float]] = {}
    for m in found["means"]:
        if m["task"] == task:
            rows.setdefault((m["method"], m["given"]), {})[m["noise"]] = m["value"]
    for (method, given), values in rows.items():
        name = "network" if method == "model" else method
        yield name, INPUTS[given], *(f"{values[noise]:.3f}" for noise in noises)


def identification(found: Mapping[str, Any], noises: Sequence[float]) -> Iterator[Sequence[str]]:
    """The same, and what an instrument that is known would allow."""
    yield from means(found, "identification", noises)
    ceilings: dict[str, dict[float, float]] = {}
    for c in found["ceilings"]:
        ceilings.setdefault(c["given"], {})[c["noise"]] = 1 - c["error"]
    for given, values in ceilings.items():
        yield "ceiling", INPUTS[given], *(f"{values[noise]:.3f}" for noise in noises)


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
        shares = (f"{by[of]['share']:.3f}" for of in ("all", "with inversion", "without"))
        name = CALIBRATIONS[calibration]
        yield TASKS[task], name, INPUTS[given], *shares, f"{by['all']['size']:.2f}"


def main() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
