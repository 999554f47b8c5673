"""How the network of the study does with fewer molecules to learn from, and what follows.

    python examples/study_curve.py [--sizes 1000 2000 4000] [--folds 0 1 2 3 4] [--seed 0]
                                   [--work FOLDER] [--out FILE]

The settings are those of ml/studies/fusion.toml, with both spectra. A smaller training part is a
random subset of a larger one; the largest are the cells of the main run. Exploratory: it was not
registered. Trainings are kept in the folder of --work; interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spektron.ml.learning_curves import molecules_needed, power_law
from spektron.ml.splits import split_of
from spektron.ml.study import Cell, open_study, read_config, read_shard
from spektron.ml.study.cell import Job, run_cell
from spektron.ml.study.shards import Shard, shard_path
from spektron.pointgroup import InputError
from spektron.pointgroup.writing import whole_file

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "ml" / "studies" / "fusion.toml"
STUDY = ROOT / "docs" / "data" / "fusion"
SIZES = (1000, 2000, 4000)
GIVEN = "both"
GOAL = 0.9
"""Macro-F1 at the lowest noise."""


def limited(job: Job, size: int, seed: int, folder: Path) -> Job:
    """The same study with so many molecules in the training part of each fold."""

    def fewer(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if size > len(rows):
            raise InputError(f"{size} molecules of {len(rows)} to learn from; give a smaller size")
        return np.sort(np.random.default_rng(seed).permutation(rows)[:size])

    folds = []
    for fold in job.design.folds:
        parts = {**fold.split.parts, "train": fewer(fold.split["train"])}
        split = split_of(job.table, parts, fold.split.relations, seed=fold.split.seed)
        folds.append(replace(fold, split=split))
    return replace(job, design=replace(job.design, folds=tuple(folds)), folder=folder / str(size))


def shard_of(job: Job, cell: Cell) -> Shard:
    """The cell's shard, computed if it is not there; those of the main run must be."""
    found = read_shard(shard_path(job.folder, cell), cell, job.origin)
    if found is None and job.folder == STUDY:
        raise InputError(f"cell {cell} of the main run is missing; finish the study first")
    if found is None:
        found = read_shard(run_cell(job, cell), cell, job.origin)
    assert found is not None
    return found


def figures(job: Job, folds: Sequence[int], seed: int) -> dict[str, Any]:
    """Macro-F1 over the groups that occur in the folds, and identification, by noise level."""
    shards = [shard_of(job, Cell(fold, seed, GIVEN)) for fold in folds]
    counts = sum(shard.arrays["group_counts"].astype(np.int64) for shard in shards)
    right, wrong, missed = np.moveaxis(counts, 1, 0)
    occurs = (right + missed).sum(axis=1) > 0
    f1 = 2 * right / np.maximum(2 * right + wrong + missed, 1)
    hits = np.concatenate(
        [
            shard.arrays["identification"][np.isin(shard.arrays["rows"], job.design.folds[f].main)]
            for f, shard in zip(folds, shards, strict=True)
        ]
    )
    sizes = [len(job.design.folds[f].split["train"]) for f in folds]
    return {
        "molecules": float(np.mean(sizes)),
        "macro-F1": f1[occurs].mean(axis=0).tolist(),
        "identification": hits.astype(float).mean(axis=0).tolist(),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--folds", nargs="+", type=int, default=range(5))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("study.curve"))
    parser.add_argument("--out", type=Path, default=STUDY / "curve.json")
    given = parser.parse_args(arguments)
    try:
        config = read_config(CONFIG)
        whole = open_study(config, STUDY, ROOT / config.table)
        points = []
        for size in (*sorted(given.sizes), None):
            job = whole if size is None else limited(whole, size, given.seed, given.work)
            points.append(figures(job, given.folds, given.seed))
            print(json.dumps(points[-1]), flush=True)
        lowest = [point["macro-F1"][0] for point in points]
        fit = power_law([round(point["molecules"]) for point in points], lowest)
        out = {
            "noises": config.noises,
            "folds": list(given.folds),
            "seed": given.seed,
            "points": points,
            "power law": list(fit),
            "goal": GOAL,
            "molecules for the goal": molecules_needed(fit, GOAL),
        }
        with whole_file(given.out) as draft:
            draft.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    except InputError as error:
        print(f"study_curve: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
