"""Endpoints: one number for each molecule and training run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import EvaluationError
from .subjects import BOTH, IR, RAMAN, TWICE
from .table import ScoreTable

FloatArray = NDArray[np.float64]
Gain = Literal["gain", "gain, cross-fitted", "gain over ir twice"]
GAINS: tuple[Gain, ...] = get_args(Gain)
"""Endpoints that compare both spectra with the better one."""

MEANINGS: Mapping[str, str] = {
    "gain": "both − max(IR, Raman), the better one by its mean over runs",
    "gain, cross-fitted": "both − the one that is better in all other runs",
    "gain over ir twice": "both − IR measured twice",
}


def available(table: ScoreTable) -> tuple[str, ...]:
    """Gains that the inputs of a table allow, then the inputs themselves."""
    have = set(table.inputs)
    gains: list[str] = []
    if {BOTH, IR, RAMAN} <= have:
        gains.append("gain")
        if len(table.runs) > 1:
            gains.append("gain, cross-fitted")
    if {BOTH, TWICE} <= have:
        gains.append("gain over ir twice")
    return (*gains, *table.inputs)


def endpoint(table: ScoreTable, name: str = "gain", *, noise: float | None = None) -> FloatArray:
    """An endpoint at one noise level.

    Parameters
    ----------
    table : ScoreTable
    name : str
        One of `GAINS`, or an input: then its score itself.
    noise : float, optional
        Default: the lowest.

    Returns
    -------
    (M, S)

    Raises
    ------
    EvaluationError
        If the table lacks an input or runs that the endpoint needs.

    Notes
    -----
    The maximum of two noisy scores is too high on average, most where the two are alike, and
    that may differ between molecules with and without a centre. Choosing the better input on the
    other runs and scoring it on this one has no such bias where the two are alike; where they
    differ and the other runs are few, the worse one is chosen at times, and the gain is too high.
    """
    if name == "gain over ir twice":
        return table.of(BOTH, noise) - table.of(TWICE, noise)
    if name not in GAINS:
        return table.of(name, noise)
    both, single = table.of(BOTH, noise), np.stack([table.of(g, noise) for g in (IR, RAMAN)])
    if name == "gain":
        better = np.broadcast_to(single.mean(axis=2, keepdims=True), single.shape).argmax(axis=0)
        return np.asarray(both - np.take_along_axis(single, better[None], axis=0)[0])
    if len(table.runs) < 2:
        raise EvaluationError(f"endpoint {name!r} needs two training runs or more, there is one")
    elsewhere = single.sum(axis=2, keepdims=True) - single
    first = elsewhere[0] - elsewhere[1]
    # Where the other runs do not tell, both are taken half.
    chosen = np.where(first > 0, single[0], np.where(first < 0, single[1], single.mean(axis=0)))
    return np.asarray(both - chosen)
