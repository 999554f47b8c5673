"""Mean scores of molecules of one group, one size, one R …: all molecules, matched or not.

Such means differ for many reasons: benzenes are other molecules than ethers. What symmetry does is
in the matched contrasts; these say where a model is good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .bootstrap import clustered
from .endpoints import GAINS, endpoint
from .results import Cut, Settings
from .subjects import BOTH, IR, RAMAN, TWICE, Subject
from .table import ScoreTable

FloatArray = NDArray[np.float64]
LEAST: Final = 3
"""Scaffolds of a mean with an interval; with two, Student's is twelve times the spread."""
N_BINS: Final = 4
"""Of a number with more values than that."""
NUMBERS: Final[dict[str, Callable[[Subject, str], float]]] = {
    "R": lambda s, given: s.R,
    "R_fundamentals": lambda s, given: s.R_fundamentals,
    "N_visible/N_vib": lambda s, given: s.share(given),
    "distinct lines": lambda s, given: float(s.n_lines(given)),
    "atoms": lambda s, given: float(s.n_atoms),
}


def cuts(table: ScoreTable, settings: Settings) -> Iterator[Cut]:
    """The primary endpoint and every input, at the primary noise level, by each property.

    Parameters
    ----------
    table : ScoreTable
    settings : Settings
        With the defaults filled in.

    Yields
    ------
    Cut
        Visible modes and lines are those that the input shows; of gains, both.
    """
    scaffolds = [s.scaffold for s in table.subjects]
    for name in dict.fromkeys((settings.endpoint, *table.inputs)):
        values = endpoint(table, name, noise=settings.noise).mean(axis=1)
        for label, parts in _properties(table.subjects, BOTH if name in GAINS else name):
            for value in sorted(set(parts)):
                inside = np.array([part == value for part in parts])
                where = [g for g, keep in zip(scaffolds, inside, strict=True) if keep]
                mean = clustered(values[inside], where, level=settings.level)
                if len(set(where)) < LEAST:
                    mean = replace(mean, low=math.nan, high=math.nan)
                yield Cut(label, value[1], name, int(inside.sum()), len(set(where)), mean)


def _properties(
    subjects: Sequence[Subject], given: str
) -> Iterator[tuple[str, list[tuple[float, str]]]]:
    """Each property with its place in the order and its name, for each molecule."""
    yield "group", [(_order(s), s.group) for s in subjects]
    yield "centre", [(float(s.centrosymmetric), _YES[s.centrosymmetric]) for s in subjects]
    for label, number in NUMBERS.items():
        if label == "N_visible/N_vib" and given not in (IR, RAMAN, TWICE):
            continue  # of both spectra it is R
        yield label, _binned(np.array([number(s, given) for s in subjects]))


def _order(subject: Subject) -> float:
    """Operations of the group; atoms and linear molecules come last."""
    group = subject.counts.group
    return float("inf") if group.is_continuous else float(group.order)


_YES: Final = {True: "with inversion", False: "without"}


def _binned(values: FloatArray) -> list[tuple[float, str]]:
    """Few values as they are, many in bins of as many molecules each."""
    distinct = np.unique(values)
    if len(distinct) <= N_BINS + 1:
        return [(float(v), f"{v:.3g}") for v in values]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, values, side="right")
    names = {}
    for b in np.unique(bins):
        low, high = values[bins == b].min(), values[bins == b].max()
        names[int(b)] = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    return [(float(b), names[int(b)]) for b in bins]
