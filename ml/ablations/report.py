"""Means over seeds, and differences from the first variant on the same seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .cells import Study
from .store import Finished


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


def _mean_spread(values: list[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return float(np.mean(values)), spread
