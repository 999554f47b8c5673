"""Means over seeds, and differences from the first variant on the same seeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np

from ...pointgroup.errors import FileError
from .cells import Cell, Study
from .store import Finished

HEAD: Final = ("study", "variant", "condition", "seed", "figure", "value", "seconds")
"""Columns of a table of cells: a row for each figure."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one variant under one condition.

    Attributes
    ----------
    study, condition, variant, figure : str
    n : int
        Seeds.
    mean, spread : float
        Over seeds; the standard deviation with n − 1, nan for one seed.
    against : str
        The variant it is compared with; empty for that one itself.
    difference, error : float
        Mean over common seeds of the figure less that of ``against``, and its standard error.
    """

    study: Study
    condition: str
    variant: str
    figure: str
    n: int
    mean: float
    spread: float
    against: str
    difference: float
    error: float


def lines(finished: Iterable[Finished]) -> list[Line]:
    """A line for each figure, in the order in which the cells come."""
    values: dict[tuple[Study, str, str], dict[str, dict[int, float]]] = {}
    for each in finished:
        cell = each.cell
        for figure, value in each.figures.items():
            by_variant = values.setdefault((cell.study, cell.condition, figure), {})
            by_variant.setdefault(cell.variant, {})[cell.seed] = value
    out = []
    for (study, condition, figure), variants in values.items():
        first = next(iter(variants))
        for variant, seeds in variants.items():
            mean, spread = _mean_spread(list(seeds.values()))
            common = [seeds[s] - variants[first][s] for s in seeds if s in variants[first]]
            difference, deviation = _mean_spread(common)
            own = variant == first
            out.append(
                Line(
                    study,
                    condition,
                    variant,
                    figure,
                    len(seeds),
                    mean,
                    spread,
                    "" if own else first,
                    0.0 if own else difference,
                    0.0 if own else deviation / max(len(common), 1) ** 0.5,
                )
            )
    return out


def to_csv(finished: Iterable[Finished]) -> str:
    """Finished cells as a table with the columns `HEAD`."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(HEAD)
    for each in finished:
        cell = each.cell
        for figure, value in each.figures.items():
            where = (cell.study, cell.variant, cell.condition, cell.seed)
            rows.writerow((*where, figure, f"{value:.6g}", f"{each.seconds:.1f}"))
    return out.getvalue()


def read_csv(path: Path) -> list[Finished]:
    """Finished cells of a table that `to_csv` made.

    Raises
    ------
    FileError
        If it cannot be read, or is no such table.
    """
    figures: dict[Cell, dict[str, float]] = {}
    seconds: dict[Cell, float] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                (study,) = (each for each in get_args(Study) if each == row["study"])
                cell = Cell(study, row["variant"], row["condition"], int(row["seed"]))
                figures.setdefault(cell, {})[row["figure"]] = float(row["value"])
                seconds[cell] = float(row["seconds"])
    except OSError as error:
        raise FileError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (KeyError, TypeError, ValueError, csv.Error):
        figures.clear()
    if not figures:
        raise FileError(f"{path}: no table of cells; its columns are {', '.join(HEAD)}")
    return [Finished(cell, found, seconds[cell]) for cell, found in figures.items()]


def _mean_spread(values: list[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return float(np.mean(values)), spread
