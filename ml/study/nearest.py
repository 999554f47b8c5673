"""The nearest library spectrum, without a model: all inputs from the same queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..stratified import INPUTS
from ..table import Float32
from ..training.sources import TableSource
from .config import Cell
from .measure import Bench, parts
from .scoring import Candidates, hits

if TYPE_CHECKING:
    from .cell import Job

_SEEN = {"ir": (0,), "raman": (1,), "both": (0, 1), "ir twice": (0, 2)}
"""Which measurements an input shows: infrared, Raman, infrared again."""


def nearest(job: Job, cell: Cell) -> dict[str, NDArray[Any]]:
    """Scores of the nearest spectrum, (inputs, n, noises) for the inputs of the study."""
    fold, config = job.design.folds[cell.fold], job.config
    names = job.table.texts["stratum"]
    test = Candidates.of(fold.test, job.design.strata, names)
    shape, bench = config.pretrain.model, job.bench(cell.seed)
    source = TableSource(job.table, shape.axis, config.pretrain.data, shape.channels)
    library = source.clean(np.arange(len(job.table)))
    sizes = (library**2).sum(axis=2) / 2
    inputs = [name for name in INPUTS if name in config.inputs]
    found = np.zeros((2, len(inputs), len(test.rows), len(config.noises)))
    for level in range(len(config.noises)):
        for draw in range(config.draws):
            for where in parts(test.rows):
                piece = test.part(where)
                likeness = _likeness(bench, piece, draw, level, library, sizes)
                for k, given in enumerate(inputs):
                    scores = np.asarray(sum(likeness[m] for m in _SEEN[given]), dtype=np.float32)
                    found[0, k, where, level] += hits(piece.scores(scores), piece.own)
                    found[1, k, where, level] += hits(scores, piece.rows)
    shares = (found / config.draws).astype(np.float32)
    return {
        "rows": fold.test.astype(np.int32),
        "inputs": np.array(inputs),
        "identification": shares[0],
        "library": shares[1],
    }


def _likeness(
    bench: Bench,
    piece: Candidates,
    draw: int,
    level: int,
    library: Float32,
    sizes: Float32,
) -> list[Float32]:
    """x·y − |y|²/2 of infrared, Raman and second infrared x with each library spectrum y.

    The nearest spectrum has the largest; sums over channels are those of joint distances.
    """
    both = bench.queries(piece.rows, draw, level, "both")
    again = bench.queries(piece.rows, draw, level, "ir twice")
    pairs = ((both[:, 0], 0), (both[:, 1], 1), (again[:, 1], 0))
    return [x @ library[:, c].T - sizes[:, c] for x, c in pairs]
