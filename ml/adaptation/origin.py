"""The network on the master: pretraining without labels, then calibration with them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ..instruments import draw_instruments
from ..model.spektron import Spektron
from ..table import Int64
from ..training.config import (
    DataConfig,
    FinetuneConfig,
    LossConfig,
    PretrainConfig,
    TrainingConfig,
)
from ..training.finetuning import Finetuning, standardise
from ..training.pretraining import Pretraining
from ..transfer.interface import Labelled
from .descent import descend
from .reader import MasterSource, Reader
from .recipe import Recipe

KEPT = 16
"""Calibrated networks that are remembered: variants of a method start from the same one."""
ORIGINAL: Final = (
    "shape",
    "pretreatment",
    "points",
    "instruments",
    "pretraining",
    "calibration",
    "batch",
    "beta",
    "sinkhorn",
    "rate",
)
"""What of a recipe such a network depends on."""
_known: OrderedDict[str, dict[str, Tensor]] = OrderedDict()


def calibrated(master: Labelled, reader: Reader, recipe: Recipe, seed: int) -> Spektron:
    """A network that predicts the master's reference values.

    It depends on the master's calibration set, the recipe and the seed, on nothing else.

    Parameters
    ----------
    master : Labelled
    reader : Reader
        Of the master's spectra.
    recipe : Recipe
    seed : int
    """
    shape = replace(recipe.shape, axis=reader.axis, task="regression", outputs=1)
    model = Spektron(shape)
    key = _key(master, recipe, seed)
    if key in _known:
        _known.move_to_end(key)
        model.load_state_dict(_known[key])
        return model
    source = MasterSource(master.spectra, reader)
    rows = np.arange(len(master.values))
    if recipe.pretraining:
        _pretrain(model, source, rows, recipe, seed)
    _calibrate(model, source, rows, master.values, recipe, seed)
    _known[key] = {name: t.clone() for name, t in model.state_dict().items()}
    while len(_known) > KEPT:
        _known.popitem(last=False)
    return model


def _pretrain(
    model: Spektron, source: MasterSource, rows: Int64, recipe: Recipe, seed: int
) -> None:
    """Masked reconstruction, contrast, bottleneck and instruments, as for molecules."""
    loss = LossConfig(beta=recipe.beta, sinkhorn=recipe.sinkhorn)
    config = PretrainConfig(
        replace(model.config, task="none", outputs=0),
        DataConfig(content="ir", instruments=recipe.instruments),
        _training(recipe, len(rows), recipe.pretraining, seed),
        loss,
    )
    used = draw_instruments(recipe.instruments, seed, model.config.instruments)
    task = Pretraining(model, config, source, rows, rows, used)
    model.train()
    descend(
        _without_label(model),
        lambda step: task.loss(task.batch(step), step, "cpu")[0],
        steps=recipe.pretraining,
        rate=recipe.rate,
    )


def _calibrate(
    model: Spektron,
    source: MasterSource,
    rows: Int64,
    values: np.ndarray,
    recipe: Recipe,
    seed: int,
) -> None:
    labels = np.asarray(values, dtype=np.float32)[:, None]
    with torch.no_grad():
        standardise(model, labels)
    config = FinetuneConfig(
        beta=recipe.beta,
        data=DataConfig(content="ir", instruments=recipe.instruments),
        training=_training(recipe, len(rows), recipe.calibration, seed),
    )
    used = draw_instruments(recipe.instruments, seed + 1, model.config.instruments)
    task = Finetuning(model, config, source, labels, rows, rows, used)
    model.train()
    descend(
        model.parameters(),
        lambda step: task.loss(task.batch(step), step, "cpu")[0],
        steps=recipe.calibration,
        rate=recipe.rate,
    )


def _training(recipe: Recipe, n: int, steps: int, seed: int) -> TrainingConfig:
    return TrainingConfig(seed=seed, steps=steps, batch=min(recipe.batch, n), device="cpu")


def _without_label(model: Spektron) -> list[torch.nn.Parameter]:
    return [p for name, p in model.named_parameters() if not name.startswith("label.")]


def _key(master: Labelled, recipe: Recipe, seed: int) -> str:
    """Everything that a calibrated network depends on; what adapts it is left out."""
    parts = (*(getattr(recipe, name) for name in ORIGINAL), seed, torch.get_num_threads())
    digest = hashlib.sha256(repr(parts).encode())
    for array in (master.spectra, master.values):
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
