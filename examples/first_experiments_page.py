"""Write docs/first-experiments.md from the results of the three experiments.

python examples/first_experiments_page.py

The text is first_experiments_page.md beside this file. ``shift_models.py score`` writes
docs/data/shifts.json, ``functional_groups_ir.py`` docs/data/functional-groups.json; the
``metrics.json`` of ``inverse_models.py score dft8k`` is kept as docs/data/elucidate-dft8k.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "docs" / "data"
PAGE = ROOT / "docs" / "first-experiments.md"
TEXT = Path(__file__).with_suffix(".md")

PUBLISHED: Final = {"dft8k": 1.26, "exp5k": 1.25}
"""Mean absolute errors of ¹³C, ppm; Y. Guan et al., Chem. Sci. 12, 12012 (2021)."""
SETS: Final = {"dft8k": "DFT8K, computed", "exp5k": "Exp5K, measured"}
SHOWN: Final = 5
"""Groups that the polymer is most likely said to have."""


def page(
    shifts: Mapping[str, Any], groups: Mapping[str, Any], structures: Mapping[str, Any]
) -> str:
    """The text of the page."""
    found = structures["figures"]
    most = list(found)[-1]
    return TEXT.read_text(encoding="utf-8").format(
        shifts=table(
            (
                "set",
                "test molecules",
                "¹³C/ppm",
                "constant, ¹³C/ppm",
                "published ¹³C/ppm",
                "¹H/ppm",
            ),
            map(shift_row, SETS, (shifts[name] for name in SETS)),
        ),
        **{key: groups["molecules"][key] for key in ("train", "test")},
        steps=groups["steps"],
        seeds=groups["seeds"],
        macro=table(("", "macro F1", "mean average precision"), macro_rows(groups["scores"])),
        groups=table(
            ("group", "learnt from", "asked about", "F1", "average precision"), group_rows(groups)
        ),
        polymers="\n".join(
            f"- {name}: " + ", ".join(f"{group} {p:.2f}" for group, p in likeliest(chances))
            for name, chances in groups["polymers"].items()
        ),
        structures=table(
            (
                "given",
                "molecules",
                "found 1st",
                "among 10",
                "formula of the 1st",
                "valid strings",
                "sure",
                "of these wrong",
            ),
            (structure_row(given, each["all"]) for given, each in found.items()),
        ),
        most=pretty(most),
        sizes=table(
            ("heavy atoms", "molecules", "found 1st", "among 10"),
            (
                (size, f"{e['molecules']:.0f}", f"{e['top-1']:.3f}", f"{e['top-10']:.3f}")
                for size, e in found[most]["by size"].items()
            ),
        ),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], "|-" * len(head) + "|", *lines[1:]]).replace("|  |", "| |")


def shift_row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    error, median = found["mean absolute error"], found["median of the element"]
    proton = f"{error['1H']:.3f}" if "1H" in error else "–"
    return (
        SETS[name], str(found["molecules"]), f"{error['13C']:.2f}", f"{median['13C']:.1f}",
        f"{PUBLISHED[name]:.2f}", proton,
    )  # fmt: skip


def macro_rows(scores: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, found in scores.items():
        cells = []
        for score in ("F1", "average precision"):
            spread = found[score]["standard deviation"]
            cells.append(f"{found[score]['macro']:.3f}" + (f" ± {spread:.3f}" if spread else ""))
        yield (name, *cells)


def group_rows(groups: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Each group as the CNN finds it, the best first."""
    own = groups["scores"]["CNN"]
    f1, precision = (own[score]["groups"] for score in ("F1", "average precision"))
    train, test = (groups["groups"][part] for part in ("train", "test"))
    rows = zip(test, f1, precision, strict=True)
    return [
        (name, f"{train[name]:,}", str(test[name]), f"{f:.2f}", f"{p:.2f}")
        for name, f, p in sorted(rows, key=lambda row: -row[1])
    ]


def likeliest(chances: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(chances.items(), key=lambda item: -item[1])[:SHOWN]


def pretty(given: str) -> str:
    return given.replace("13C", "¹³C").replace("1H", "¹H").replace(" + ", ", ")


def structure_row(given: str, found: Mapping[str, float]) -> tuple[str, ...]:
    names = (
        "top-1", "top-10", "formula match", "valid strings", "confident", "risk of the confident",
    )  # fmt: skip
    values = (found.get(name) for name in names)
    cells = ("–" if value is None else f"{value:.3f}" for value in values)
    return (pretty(given), f"{found['molecules']:.0f}", *cells)


def main() -> None:
    found = [
        json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("shifts", "functional-groups", "elucidate-dft8k")
    ]
    PAGE.write_text(page(*found), encoding="utf-8")


if __name__ == "__main__":
    main()
