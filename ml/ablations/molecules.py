"""Tokenizers, and few labels, on a table of molecules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import functional_groups
from ..broadening import Axis
from ..errors import SpectraError
from ..model.config import ModelConfig, Tokenizer
from ..splits import Split, split_table
from ..table import SpectraTable
from ..training import FinetuneConfig, PretrainConfig, finetune, pretrain
from ..training.config import DataConfig, LossConfig, TrainingConfig
from .cells import LONGER, Budget, Cell

PARAMETERS = 22_800
"""Of either tokenizer."""
LEAST_MOLECULES = 200
CHOICE = 20
"""Seed of the molecules that are taken."""


def shape_of(tokenizer: Tokenizer, channels: int) -> ModelConfig:
    """A model whose two tokenizers have the same number of parameters."""
    return ModelConfig(
        channels=channels,
        axis=Axis(points=512),
        tokenizer=tokenizer,
        tokenizer_parameters=PARAMETERS,
        stride=16,
        width=64,
        layers=2,
        z_chem=64,
        z_inst=32,
    )


def taken(table: SpectraTable, budget: Budget) -> SpectraTable:
    """The molecules of a budget, in the order of the table; those without SMILES are left out.

    Raises
    ------
    SpectraError
        If there are too few.
    """
    usable = np.flatnonzero([bool(smiles) for smiles in table.texts["smiles"]])
    n = budget.molecules or len(usable)
    if not LEAST_MOLECULES <= n <= len(usable):
        raise SpectraError(
            f"{n} molecules of a table with {len(usable)} that have SMILES; give "
            f"{LEAST_MOLECULES} or more, at most all"
        )
    rows = np.sort(np.random.default_rng(CHOICE).permutation(usable)[:n])
    return table.take(rows) if n < len(table) else table


def run(cell: Cell, table: SpectraTable, budget: Budget, folder: Path) -> dict[str, float]:
    """Figures of one cell; its runs are in the folder and are taken up again.

    Parameters
    ----------
    cell : Cell
    table : SpectraTable
        Of `taken`.
    budget : Budget
    folder : Path
    """
    if cell.study == "tokenizer":
        return _tokenizer(cell, table, budget, folder)
    return _few_shot(cell, table, budget, folder)


def _tokenizer(cell: Cell, table: SpectraTable, budget: Budget, folder: Path) -> dict[str, float]:
    """Reconstruction, retrieval and functional groups after equal training."""
    from ..training.assessment import assess

    tokenizer: Tokenizer = "cnn" if cell.variant == "cnn" else "patch"
    config = _pretraining(shape_of(tokenizer, 2), "both", budget, cell.seed)
    run = pretrain(config, table, folder / cell.name)
    found = assess(run.model, table)
    groups = _finetuned(cell, run.model, table, budget, folder, _split(table), "both")
    return {
        "mean over model": found.measured.mean / found.measured.model,
        "line over model": found.measured.linear / found.measured.model,
        "recall": found.recall,
        "library": float(found.library),
        "probe accuracy": float(np.mean([chem for _, chem, _ in found.chemistry.values()])),
        "macro F1": groups,
        "tokenizer parameters": float(_tokenizer_parameters(tokenizer)),
    }


def _few_shot(cell: Cell, table: SpectraTable, budget: Budget, folder: Path) -> dict[str, float]:
    """Macro F1 of functional groups from a share of the labels."""
    kind, share = cell.condition.split()
    shape = shape_of("cnn", 1)
    split = _split(table)
    start: Path | ModelConfig = shape
    if cell.variant == "pretrained":
        config = _pretraining(shape, "ir", budget, cell.seed)
        home = folder / f"few-shot-pretrained-ir-{cell.seed}"
        start = pretrain(config, table, home, split=split).model
    elif cell.variant == LONGER:
        budget = replace(budget, finetuning=budget.finetuning + budget.pretraining)
    part = _share(split, int(share), cell.seed)
    groups = _finetuned(cell, start, table, budget, folder, part, kind)
    return {"macro F1": groups, "labelled": float(len(part["train"]))}


def _finetuned(
    cell: Cell,
    start: Path | ModelConfig,
    table: SpectraTable,
    budget: Budget,
    folder: Path,
    split: Split,
    content: Any,
) -> float:
    """Macro F1 on the test part after fine-tuning on the labels of the training part."""
    labels, _ = labels_of(table)
    # What `finetune` calls valid it only measures on: here the test part, which nothing chose on.
    parts = {"train": split["train"], "valid": split["test"]}
    config = FinetuneConfig(
        task="multilabel",
        data=DataConfig(content=content),
        training=TrainingConfig(
            seed=cell.seed, steps=budget.finetuning, batch=budget.batch, checkpoint_every=10**6
        ),
    )
    done = finetune(
        config,
        start,
        table,
        labels,
        folder / f"{cell.name}-labels",
        split=replace(split, parts=parts),
    )
    return float(done.metrics["valid/macro F1"])


def labels_of(table: SpectraTable) -> tuple[np.ndarray, tuple[str, ...]]:
    """Functional groups that are neither rare nor everywhere, and their names.

    Raises
    ------
    SpectraError
        If there is none.
    """
    found = functional_groups.labels([str(s) for s in table.texts["smiles"]])
    columns = functional_groups.frequent(found, least=max(20, len(table) // 100))
    if not len(columns):
        raise SpectraError(f"no functional group is frequent among {len(table)} molecules")
    names = tuple(functional_groups.GROUPS)
    return found[:, columns].astype(np.float32), tuple(names[k] for k in columns)


def _pretraining(shape: ModelConfig, content: Any, budget: Budget, seed: int) -> PretrainConfig:
    training = TrainingConfig(
        seed=seed, steps=budget.pretraining, batch=budget.batch, checkpoint_every=200
    )
    return PretrainConfig(shape, DataConfig(content=content), training, LossConfig())


def _split(table: SpectraTable) -> Split:
    """The same for every seed, and that of a run with usual settings."""
    data = DataConfig()
    return split_table(table, data.fractions, relations=data.relations, seed=data.split_seed)


def _share(split: Split, percent: int, seed: int) -> Split:
    """A split whose training part keeps some percent of its molecules, a nested choice."""
    order = np.random.default_rng([seed, CHOICE]).permutation(split["train"])
    kept = np.sort(order[: max(2, round(len(order) * percent / 100))])
    parts: Mapping[str, Any] = {**split.parts, "train": kept}
    digest = hashlib.sha256(f"{split.sha256} {percent} {seed}".encode()).hexdigest()
    return replace(split, parts=parts, sha256=digest)


def _tokenizer_parameters(tokenizer: Tokenizer) -> int:
    from ..model.tokenizers import parameters_of
    from ..model.tokenizers import tokenizer as build

    return parameters_of(build(shape_of(tokenizer, 2)))
