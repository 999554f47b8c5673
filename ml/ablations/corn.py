"""Parts of a neural method on corn moisture, k = 10, under the frozen protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from ..adaptation.catalogue import FULL, RETRAINED
from ..adaptation.neural import Neural
from ..adaptation.recipe import Recipe
from ..benchmark import Entry, Merit, Vault, entries_named, kennard_stone, merit, run_cell, split_of
from ..spectra import Study
from ..transfer.interface import Labelled, Method, Pairs
from .cells import TRANSDUCTIVE, Cell

MASTER, PROPERTY, K = "m5", "Moisture", 10

RECIPES: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "full": FULL,
        # The steps of pretraining go to the calibration: the same number in all.
        "no pretraining": replace(
            FULL, pretraining=0, calibration=FULL.calibration + FULL.pretraining
        ),
        "no VIB": replace(FULL, beta=0.0),
        "no OT": replace(FULL, sinkhorn=0.0, alignment=0.0),
        "no TTT": replace(FULL, test_time=0),
        # Adapters bear a higher rate than all weights.
        "no LoRA": replace(FULL, moved="all", step_rate=RETRAINED.step_rate),
    }
)
"""The settings of `cells.PARTS`."""


def run(cell: Cell, study: Study) -> dict[str, float]:
    """R², RMSEP (%) and bias of one variant on one split.

    The seed is that of the split and of the network. Test samples are sealed while the method is
    fitted, but for the transductive variant, which is given their spectra, without values.

    Raises
    ------
    SpectraError
        If the study has no such instrument or property.
    """
    values = study.values(PROPERTY)
    rows = np.flatnonzero(np.isfinite(values))
    master, target = (study.instrument(name).spectra[rows] for name in (MASTER, cell.condition))
    values = values[rows]
    split = split_of(cell.seed, len(rows))
    if cell.variant == TRANSDUCTIVE:
        method = Neural(replace(FULL, seed=cell.seed))
        found = transductive(method, master, target, values, cell.seed)
        return {"r2": found.r2, "rmsep": found.rmsep, "bias": found.bias}
    (outcome,) = run_cell(Vault(master, target, values), split, (K,), (_entry(cell),))
    found = outcome.merit
    return {"r2": found.r2, "rmsep": found.rmsep, "bias": found.bias}


def transductive(
    method: Method, master: np.ndarray, target: np.ndarray, values: np.ndarray, seed: int
) -> Merit:
    """A method that is given the test spectra, unlabelled, when it is fitted."""
    split = split_of(seed, len(values))
    rows = split.calibration
    known = Labelled(master[rows], values[rows])
    chosen = kennard_stone(known.spectra, K)
    pairs = Pairs.of(known, chosen, target[rows][chosen])
    fitted = method.fit(known, pairs, target[split.test])
    return merit(values[split.test], fitted.predict(target[split.test]))


def _entry(cell: Cell) -> Entry:
    if cell.variant in RECIPES:
        method = Neural(replace(RECIPES[cell.variant], seed=cell.seed))
        return Entry(cell.variant, cell.variant, lambda lent: method, "neural", least=4)
    (entry,) = entries_named((cell.variant,))
    return entry
