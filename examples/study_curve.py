"""How the network of the study does with fewer molecules to learn from, and with longer training.

    python examples/study_curve.py [--sizes 1000 2000 4000] [--longer 4] [--folds 0 1 2 3 4]
                                   [--seed 0] [--work FOLDER] [--out FILE]

The settings are those of ml/studies/fusion.toml, with both spectra. A smaller training part is a
random subset of a larger one; the largest are the cells of the main run, and once more with so many
times the steps as --longer says. Exploratory: it was not registered. Trainings are kept in the
folder of --work; interrupted, the same command goes on.
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


def longer(job: Job, times: int, folder: Path) -> Job:
    """The same study with so many times the steps, of the label head as well."""
    if times < 2:
        raise InputError(f"--longer {times}; give 2 or more")
    config = job.config
    first, second = config.pretrain.training, config.finetune.training
    config = replace(
        config,
        pretrain=replace(config.pretrain, training=replace(first, steps=times * first.steps)),
        finetune=replace(config.finetune, training=replace(second, steps=times * second.steps)),
    )
    return replace(job, config=config, folder=folder / f"{times}-times")


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
    """F1 of the groups that occur in the folds, and identification, by noise level."""
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
    names = [name for name, has in zip(job.design.names, occurs, strict=True) if has]
    return {
        "molecules": float(np.mean(sizes)),
        "steps": job.config.pretrain.training.steps,
        "macro-F1": f1[occurs].mean(axis=0).tolist(),
        "F1": dict(zip(names, f1[occurs].tolist(), strict=True)),
        "identification": hits.astype(float).mean(axis=0).tolist(),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--longer", type=int, default=4)
    parser.add_argument("--folds", nargs="+", type=int, default=range(5))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path("study.curve"))
    parser.add_argument("--out", type=Path, default=STUDY / "curve.json")
    given = parser.parse_args(arguments)
    try:
        config = read_config(CONFIG)
        whole = open_study(config, STUDY, ROOT / config.table)
        jobs = [limited(whole, size, given.seed, given.work) for size in sorted(given.sizes)]
        jobs = [whole, *jobs, longer(whole, given.longer, given.work)]
        found = []
        for job in jobs:
            found.append(figures(job, given.folds, given.seed))
            print(json.dumps(found[-1]), flush=True)
        main_run, *by_size, longest = found
        by_size.append(main_run)
        lowest = [point["macro-F1"][0] for point in by_size]
        fit = power_law([round(point["molecules"]) for point in by_size], lowest)
        asked = [whole.design.groups[whole.design.folds[f].test].any(axis=0) for f in given.folds]
        out = {
            "noises": config.noises,
            "folds": list(given.folds),
            "seed": given.seed,
            "points": [*by_size, longest],
            "folds with the group": dict(
                zip(whole.design.names, np.sum(asked, axis=0).tolist(), strict=True)
            ),
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
