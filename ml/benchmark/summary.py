"""What a benchmark found: a line per problem, k and method, and who beats whom."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from ...pointgroup.writing import whole_file
from ..spectra import Array, Study
from .catalogue import entries_named
from .checks import usable_rows
from .protocol import split_of
from .runner import Results
from .statistics import Comparison, compare, median_interval

TRIVIAL = 0.99
"""Median R² of the best two channels from which a problem counts as trivial."""


@dataclass(frozen=True, slots=True)
class Line:
    """One method at one k on one problem.

    Attributes
    ----------
    master, target, property, method : str
        The method with ":disjoint" or ":same" for unlabelled target spectra.
    k : int or None
        None for a calibration on the target's own calibration set.
    n_splits : int
    r2, r2_low, r2_high : float
        Median over splits, and its 95 % interval.
    rmsep, rmsep_low, rmsep_high : float
        The same for the root mean squared error.
    """

    master: str
    target: str
    property: str
    k: int | None
    method: str
    n_splits: int
    r2: float
    r2_low: float
    r2_high: float
    rmsep: float
    rmsep_low: float
    rmsep_high: float


def lines(results: Results) -> list[Line]:
    """A line for every problem, k and method, in the order of the plan and the catalogue."""
    found = []
    for master, target in results.plan.pairs:
        for name in results.plan.properties:
            for method, k in _methods(results):
                outcomes = results.series(master, target, name, method, k).values()
                if outcomes:
                    r2 = median_interval([o.merit.r2 for o in outcomes])
                    rmsep = median_interval([o.merit.rmsep for o in outcomes])
                    found.append(Line(master, target, name, k, method, len(outcomes), *r2, *rmsep))
    return found


def _methods(results: Results) -> Iterator[tuple[str, int | None]]:
    entries = entries_named(results.plan.methods)
    for k in results.plan.ks:
        for entry in entries:
            if k:
                yield entry.name, k
            else:
                for way in entry.without:
                    yield entry.name if way == "master" else f"{entry.name}:{way}", 0
    yield from ((entry.name, None) for entry in entries if entry.own)


def is_trivial(found: Iterable[Line], target: str, name: str) -> bool:
    """Whether two channels of the target give a property as good as exactly."""
    return any(
        line.method == "two-channels"
        and (line.target, line.property) == (target, name)
        and line.r2 >= TRIVIAL
        for line in found
    )


def versus(
    study: Study,
    results: Results,
    problem: tuple[str, str, str],
    k: int,
    first: str,
    second: str,
) -> Comparison | None:
    """Compare two methods on a problem; None if one of them has no results.

    Parameters
    ----------
    study : Study
    results : Results
    problem : (str, str, str)
        Master, target and property.
    k : int
    first, second : str
        Names of methods.
    """
    plan = results.plan
    rows = usable_rows(study, problem[2])
    sizes = {"n_test": plan.n_test, "n_calibration": plan.n_calibration}
    series = [results.series(*problem, method, k) for method in (first, second)]
    if not all(series):
        return None
    tested = {seed: split_of(seed, len(rows), **sizes) for seed in plan.seeds}
    predictions: list[dict[int, tuple[np.ndarray, Array]]] = [
        {seed: (tested[seed].test, outcome.predictions) for seed, outcome in each.items()}
        for each in series
    ]
    n_calibration = len(tested[plan.seeds[0]].calibration)
    values = study.values(problem[2])[rows]
    return compare(predictions[0], predictions[1], values, n_calibration=n_calibration)


def best_published(found: Iterable[Line], problem: tuple[str, str, str], k: int) -> str | None:
    """The single published baseline with the highest median R²; None if none was run."""
    from .catalogue import BASELINES

    here = [
        line
        for line in found
        if (line.master, line.target, line.property) == problem
        and line.k == k
        and line.method in BASELINES
    ]
    return max(here, key=lambda line: line.r2).method if here else None


def write_csv(found: Iterable[Line], path: Path) -> None:
    """Write lines to a CSV file, with four decimals.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f.name for f in fields(Line)])
        for line in found:
            writer.writerow(
                [
                    f"{v:.4f}" if isinstance(v, float) else "" if v is None else v
                    for v in asdict(line).values()
                ]
            )
