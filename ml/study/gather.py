"""All shards of a finished study as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stratified import INPUTS, ScoreTable, Subject, subjects_of_table
from ..table import Int64
from .cell import Job
from .config import NEAREST, Cell
from .errors import StudyError, Unfinished
from .scoring import CALIBRATIONS, TASKS
from .shards import Shard, read_shard, shard_path

FloatArray = NDArray[np.float64]
METRICS: Mapping[str, str] = {
    "identification": "top-1 among matched isomers",
    "library": "recall@1 in the library",
    "groups": "F1 of functional groups",
}


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Scores of all cells.

    Attributes
    ----------
    rows : (n,) int64
        Of the table: main sample first, then controls.
    n_main : int
    subjects : tuple of Subject, n
    inputs : tuple of str, I
        In the order of `stratified.INPUTS`.
    noises, seeds : tuple
    values : mapping from task to (n, I, N, S)
        Of the model.
    nearest : mapping from "identification" or "library" to (n, I, N, S)
        Of the nearest spectrum.
    conformal : mapping from "TASK_CALIBRATION_covered" or "…_size" to (n, I, N, S)
    counts : (I, N, S, k, 3) int64
        Right, wrongly said, missed, of each functional group over all folds.
    groups : tuple of str, k
    facts : tuple of (Cell, mapping)
        What heads of shards say of trainings.
    """

    rows: Int64
    n_main: int
    subjects: tuple[Subject, ...]
    inputs: tuple[str, ...]
    noises: tuple[float, ...]
    seeds: tuple[int, ...]
    values: Mapping[str, FloatArray]
    nearest: Mapping[str, FloatArray]
    conformal: Mapping[str, FloatArray]
    counts: NDArray[np.int64]
    groups: tuple[str, ...]
    facts: tuple[tuple[Cell, Mapping[str, Any]], ...]

    def scores(self, task: str, *, model: bool = True) -> ScoreTable:
        """The main sample as a table to evaluate."""
        values = (self.values if model else self.nearest)[task][: self.n_main]
        metric = METRICS[task] + ("" if model else ", nearest spectrum")
        return ScoreTable(
            metric, self.subjects[: self.n_main], self.inputs, self.noises, self.seeds, values
        )


def gather(job: Job) -> Gathered:
    """Read every shard of a study.

    Raises
    ------
    Unfinished
        If one is missing: nothing is evaluated on part of a study.
    StudyError
        If one is damaged or belongs to another study.
    """
    config, origin = job.config, job.origin
    shards: dict[Cell, Shard] = {}
    for cell in config.cells:
        shard = read_shard(shard_path(job.folder, cell), cell, origin)
        if shard is not None:
            shards[cell] = shard
    if len(shards) < len(config.cells):
        raise Unfinished(
            f"unfinished: {len(shards)} of {len(config.cells)} cells; the same command continues"
        )
    main = np.concatenate([fold.main for fold in job.design.folds])
    rows = np.concatenate([main, *(fold.controls for fold in job.design.folds)])
    inputs = tuple(name for name in INPUTS if name in config.inputs)
    out = _Filled.of(job, rows, inputs)
    for cell, shard in shards.items():
        out.fill(cell, shard)
    return Gathered(
        rows,
        len(main),
        tuple(subjects_of_table(job.table, rows)),
        inputs,
        config.noises,
        config.seeds,
        out.values,
        out.nearest,
        out.conformal,
        out.counts,
        job.design.names,
        tuple((cell, shard.head) for cell, shard in shards.items()),
    )


@dataclass(slots=True, eq=False)
class _Filled:
    """Arrays that shards are put into."""

    job: Job
    place: dict[int, int]
    inputs: tuple[str, ...]
    values: dict[str, FloatArray]
    nearest: dict[str, FloatArray]
    conformal: dict[str, FloatArray]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, job: Job, rows: Int64, inputs: tuple[str, ...]) -> _Filled:
        config = job.config
        shape = (len(rows), len(inputs), len(config.noises), len(config.seeds))

        def empty() -> FloatArray:
            return np.full(shape, np.nan)

        names = [f"{t}_{c}_{w}" for t in TASKS for c in CALIBRATIONS for w in ("covered", "size")]
        return cls(
            job,
            {int(row): i for i, row in enumerate(rows)},
            inputs,
            {task: empty() for task in TASKS},
            {task: empty() for task in ("identification", "library")},
            {name: empty() for name in names},
            np.zeros((*shape[1:], len(job.design.names), 3), dtype=np.int64),
        )

    def fill(self, cell: Cell, shard: Shard) -> None:
        """Put the arrays of a shard where they belong."""
        try:
            self._fill(cell, shard.arrays)
        except (KeyError, ValueError, IndexError):
            path = shard_path(self.job.folder, cell)
            raise StudyError(
                f"{path}: its arrays are not those of its cell; delete it, and the cell is "
                "computed again"
            ) from None

    def _fill(self, cell: Cell, arrays: Mapping[str, NDArray[Any]]) -> None:
        at = [self.place[int(row)] for row in arrays["rows"]]
        if len(at) != len(self.job.design.folds[cell.fold].test):
            raise ValueError
        seed = self.job.config.seeds.index(cell.seed)
        if cell.given == NEAREST:
            for k, given in enumerate(arrays["inputs"]):
                for task, target in self.nearest.items():
                    target[at, self.inputs.index(str(given)), :, seed] = arrays[task][k]
            return
        place = self.inputs.index(cell.given)
        for name, target in (self.values | self.conformal).items():
            target[at, place, :, seed] = arrays[name]
        self.counts[place, :, seed] += np.moveaxis(arrays["group_counts"], -1, 0)
