"""Trials on development molecules, before the settings of the study are frozen.

    python examples/study_development.py --steps 3000 --label-steps 1000 --inputs ir both

QM7 molecules of the symmetry-rich set alone, divided by skeleton; four isomers of one formula
stand in the place of a stratum. No molecule of a matched stratum or of a control takes part.
Each line of the output is one training with the settings of ml/studies/fusion.toml but for what
the command line says: identification, recall in the library and macro-F1 by noise level.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from spektron.ml.functional_groups import frequent, labels
from spektron.ml.splits import split_table
from spektron.ml.study import Cell, StudyConfig, read_config
from spektron.ml.study.cell import Job, run_cell
from spektron.ml.study.design import Design, Fold, strata_of
from spektron.ml.study.shards import read_shard
from spektron.ml.table import SpectraTable, read_spectra

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "ml" / "studies" / "fusion.toml"
TABLE = ROOT / "docs" / "data" / "symmetry-rich"
ISOMERS = 4


def development(table: SpectraTable) -> SpectraTable:
    """Molecules that are in no stratum, with fours of isomers as strata of the test part."""
    of_qm7 = np.array([part == "qm7" for part in table.column("part")])
    free = np.array([not name for name in table.texts["stratum"]])
    drawn = np.array([bool(smiles) for smiles in table.texts["smiles"]])
    return table.take(np.flatnonzero(of_qm7 & free & drawn))


def with_fours(table: SpectraTable, rows: Sequence[int]) -> SpectraTable:
    """The table with isomers among the rows drawn into strata at random (seed 0)."""
    rng, by_formula = np.random.default_rng(0), defaultdict(list)
    for row in rows:
        by_formula[table.texts["formula"][row]].append(int(row))
    names = [""] * len(table)
    for formula, members in sorted(by_formula.items()):
        order = rng.permutation(members)
        for k in range(0, len(order) - ISOMERS + 1, ISOMERS):
            for row in order[k : k + ISOMERS]:
                names[row] = f"{formula} {k // ISOMERS}"
    return replace(table, texts={**table.texts, "stratum": tuple(names)})


def job(config: StudyConfig, folder: Path) -> Job:
    """The one fold of development molecules."""
    table = development(read_spectra(TABLE))
    shares = {"train": 0.675, "valid": 0.075, "test": 0.25}
    split = split_table(table, shares, relations=("inchikey",), seed=0)
    table = with_fours(table, split["test"])
    main = np.flatnonzero([bool(name) for name in table.texts["stratum"]])
    split = replace(split, parts={**split.parts, "test": main})
    found = labels(list(table.texts["smiles"]))
    columns = frequent(found, least=config.least_positives)
    fold = Fold(0, main, np.empty(0, dtype=np.int64), split)
    return Job(config, table, Design((fold,), strata_of(table), found[:, columns], ()), folder)


def trial(config: StudyConfig, given: str) -> dict[str, object]:
    """Train and ask one input."""
    with tempfile.TemporaryDirectory() as folder:
        work = job(config, Path(folder))
        cell = Cell(0, config.seeds[0], given)
        shard = read_shard(run_cell(work, cell), cell, work.origin)
        assert shard is not None
    right, wrong, missed = np.moveaxis(shard.arrays["group_counts"].astype(float), 1, 0)
    f1 = 2 * right / np.maximum(2 * right + wrong + missed, 1)
    means = {k: shard.arrays[k].astype(float).mean(axis=0) for k in ("identification", "library")}
    return {
        "input": given,
        "molecules": len(work.design.folds[0].test),
        **{name: values.round(3).tolist() for name, values in means.items()},
        "macro-F1": f1.mean(axis=0).round(3).tolist(),
        "seconds": shard.head["seconds"],
    }


def main() -> None:
    """Trials of all inputs with one setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", nargs="*", default=["ir"])
    parser.add_argument("--steps", type=int)
    parser.add_argument("--label-steps", type=int)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--label-rate", type=float)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--reconstructed", type=float)
    parser.add_argument("--contrastive", type=float)
    parser.add_argument("--draws", type=int, default=4)
    asked = parser.parse_args()
    config = read_config(CONFIG)

    def changed(training: object, steps: int | None, rate: float | None) -> object:
        given = {"steps": steps, "learning_rate": rate, "batch": asked.batch}
        return replace(training, **{k: v for k, v in given.items() if v is not None})

    first, second = config.pretrain, config.finetune
    weights = {"reconstructed": asked.reconstructed, "contrastive": asked.contrastive}
    loss = replace(first.loss, **{k: v for k, v in weights.items() if v is not None})
    config = replace(
        config,
        draws=asked.draws,
        pretrain=replace(
            first, loss=loss, training=changed(first.training, asked.steps, asked.rate)
        ),
        finetune=replace(
            second, training=changed(second.training, asked.label_steps, asked.label_rate)
        ),
    )
    print(json.dumps({"noises": config.noises, **vars(asked)}), flush=True)
    for given in asked.inputs:
        print(json.dumps(trial(config, given)), flush=True)


if __name__ == "__main__":
    main()
