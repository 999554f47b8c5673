"""Does one more measurement help to tell isomers apart? Asked in matched strata.

The decoder gives the string of each isomer of a stratum a probability; the likeliest is its answer.
The same molecules, on the same instruments, are asked with less and with more given. A formula
would tell nothing: isomers share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError
from ..instruments import InstrumentDistribution
from ..stratified import Interval, Matched, match, resample, subjects_of_table
from ..stratified.bootstrap import cluster_interval
from ..table import Int64
from .candidates import log_probabilities
from .corpus import Corpus
from .evaluation import Condition, measured
from .network import InverseModel

FloatArray = NDArray[np.float64]
EQUAL = 1e-9
"""Difference of log-probabilities that is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Identified:
    """Molecules of strata, and whether each was told apart from its isomers.

    Attributes
    ----------
    rows : (n,) int64
        Of the corpus, ascending.
    given : tuple of tuple of str
        What the model was given, one after another.
    hits : (n, len(given)) float64
        1 where the true string is the likeliest; a share where several are, as E and Z isomers
        are for a model that writes no configurations.
    left_out : int
        Molecules of strata in which one lacks something, cannot be written, or has no isomer
        with another string.
    """

    rows: Int64
    given: tuple[tuple[str, ...], ...]
    hits: FloatArray
    left_out: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """More given against less, over matched strata.

    Attributes
    ----------
    less, more : tuple of str
    molecules, strata, scaffolds : int
    hits_less, hits_more : float
        Means over strata.
    gain : Interval
        Their difference; Student's interval with scaffolds as clusters.
    contrast : Interval
        The gain with a centre of inversion less that without; studentised bootstrap.
    """

    less: tuple[str, ...]
    more: tuple[str, ...]
    molecules: int
    strata: int
    scaffolds: int
    hits_less: float
    hits_more: float
    gain: Interval
    contrast: Interval


def identify(
    model: InverseModel,
    made: Corpus,
    rows: Int64,
    given: Sequence[tuple[str, ...]],
    *,
    instruments: InstrumentDistribution | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Identified:
    """Ask for molecules among the isomers of their stratum.

    Parameters
    ----------
    model : InverseModel
    made : Corpus
    rows : (n,) int64
        Whole strata; molecules without one take no part.
    given : sequence of tuple of str
        Of `config.MODALITIES`.
    instruments : InstrumentDistribution, optional
        Simulated ones, one for each molecule; None for spectra as they are.
    seed : int
    progress : callable, optional
        Called with how many molecules of how many are done.

    Raises
    ------
    SpectraError
        If no stratum is left.
    """
    strata, n = _strata(model, made, rows, {name for each in given for name in each})
    chosen = np.array(sorted(row for members in strata for row in members), dtype=np.int64)
    if not len(chosen):
        raise SpectraError(
            f"none of {len(rows)} molecules has an isomer with another string in its stratum and "
            "everything that is to be given"
        )
    hits = np.zeros((len(chosen), len(given)))
    place = {int(row): k for k, row in enumerate(chosen)}
    done = 0
    for members in strata:
        texts = [made.smiles[row] for row in members]
        for k, row in enumerate(members):
            for column, names in enumerate(given):
                condition = Condition(tuple(names), instruments)
                inputs = measured(model, made, np.array([row]), condition, seed)
                hits[place[row], column] = _hit(log_probabilities(model, inputs, texts), k)
            done += 1
            if progress is not None:
                progress(done, len(chosen))
    return Identified(chosen, tuple(map(tuple, given)), hits, n - len(chosen))


def compare(made: Corpus, found: Identified, *, seed: int = 0) -> tuple[Comparison, ...]:
    """Every pair of which one was given all that the other was, and more.

    Raises
    ------
    EvaluationError
        If no stratum has molecules with and without a centre of inversion.
    """
    subjects = subjects_of_table(made.table, found.rows)
    matched = match(subjects)
    if len(matched.scaffolds) == 1:
        matched = matched.flat()
    return tuple(_compared(matched, found, a, b, seed) for a, b in _pairs(found.given))


def _pairs(given: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, int]]:
    for a, less in enumerate(given):
        for b, more in enumerate(given):
            if set(less) < set(more):
                yield a, b


def _compared(matched: Matched, found: Identified, a: int, b: int, seed: int) -> Comparison:
    gains = found.hits[:, b] - found.hits[:, a]
    both = [(matched.centred.means(v) + matched.others.means(v)) / 2 for v in found.hits.T]
    drawn = resample(matched, gains[:, None], seed=seed)
    return Comparison(
        found.given[a],
        found.given[b],
        len(matched.molecules),
        len(matched.strata),
        len(matched.scaffolds),
        float(both[a].mean()),
        float(both[b].mean()),
        cluster_interval(matched, both[b] - both[a]),
        drawn.interval(),
    )


def _strata(
    model: InverseModel, made: Corpus, rows: Int64, needed: set[str]
) -> tuple[list[list[int]], int]:
    """Members of each stratum that can be asked about, and how many there were before."""
    all_: dict[str, list[int]] = {}
    for row in map(int, rows):
        if name := made.table.texts["stratum"][row]:
            all_.setdefault(name, []).append(row)
    kept = []
    for _, members in sorted(all_.items()):
        texts = {made.smiles[row] for row in members}
        writable = all(text and model.vocabulary.knows(text) for text in texts)
        if len(texts) > 1 and writable and _has(model, made, members, needed):
            kept.append(members)
    return kept, sum(map(len, all_.values()))


def _has(model: InverseModel, made: Corpus, members: list[int], needed: set[str]) -> bool:
    inputs = made.inputs(np.array(members), model.vocabulary.elements)
    return bool((inputs.only(tuple(needed)).present.sum(axis=1) == len(needed)).all())


def _hit(logs: FloatArray, own: int) -> float:
    best = logs >= logs.max() - EQUAL
    return float(best[own] / best.sum())
