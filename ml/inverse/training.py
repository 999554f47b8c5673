"""Train an inverse model: everything that can be wrong is looked for before the first step."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import SpectraError
from ..instruments import draw_instruments
from ..model.errors import ConfigError
from ..model.settings import to_mapping
from ..splits import Split, check_split, split_table
from ..table import Int64, SpectraTable
from ..training.api import Trained
from ..training.config import DataConfig
from ..training.devices import place
from ..training.loop import Objective, train
from ..training.records import Callback
from ..training.runs import open_run
from .config import InverseConfig
from .corpus import Corpus, corpus, vocabulary_of
from .models import new_model, save_inverse
from .network import warm_start
from .objective import InverseObjective
from .smiles import Vocabulary


def train_inverse(
    config: InverseConfig,
    table: SpectraTable,
    folder: Path | str,
    *,
    split: Split | None = None,
    start: Path | str | None = None,
    progress: Callback | None = None,
) -> Trained:
    """Train a model, or go on with the run in the folder.

    Parameters
    ----------
    config : InverseConfig
    table : SpectraTable
        With SMILES.
    folder : path
        Of the run; see `spektron.ml.training.runs`.
    split : Split, optional
        Parts "train" and "valid"; otherwise made by the settings ``data``.
    start : path, optional
        Pretrained Spektron whose encoder the model begins with.
    progress : callable, optional

    Raises
    ------
    DeviceError, ConfigError, SpectraError, LeakError, CheckpointError
        Before training starts.
    Diverged
        If the loss is not finite.
    """
    training = config.training
    where = place(training.device, training.precision, training.workers)
    parts = split or split_for(table, config.data)
    check_split(table, parts)
    made = corpus(table, config)
    rows = _rows(parts, made, config)
    vocabulary = _vocabulary(config, made, rows["train"])
    valid = _known(made, rows["valid"], vocabulary)
    simulated = config.data.instruments, training.seed, config.model.encoder.instruments
    shown = draw_instruments(*simulated) if config.loss.simulate else ()
    data = {
        "table": table.sha256,
        "molecules": len(rows["train"]),
        "valid": len(valid),
        "split": parts.sha256,
        "vocabulary": _digest(vocabulary),
        "from": _origin(start),
    }
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        model = new_model(config.model, vocabulary)
        if start is not None:
            warm_start(model, start)
        objective = InverseObjective(model, config, made, rows["train"], valid, shown)
        facts = {"data": data, "parameters": model.n_parameters, "versions": _versions()}
        run = open_run(folder, to_mapping(config), facts)
        metrics = train(_as_any(objective), training, where, run, progress)
    known = sorted({made.smiles[int(row)] for row in rows["train"]})
    card = {
        **facts,
        "metrics": metrics,
        "settings": to_mapping(config),
        "trained on": hashlib.sha256("\n".join(known).encode()).hexdigest(),
    }
    save_inverse(run.model, model.cpu(), card)
    return Trained(run.model, metrics, parts, len(rows["train"]))


def split_for(table: SpectraTable, data: DataConfig) -> Split:
    """The split that the settings ask for."""
    return split_table(table, data.fractions, relations=data.relations, seed=data.split_seed)


def _rows(parts: Split, made: Corpus, config: InverseConfig) -> dict[str, Int64]:
    rows = {name: np.intersect1d(parts[name], made.usable) for name in ("train", "valid")}
    for name, found in rows.items():
        if not len(found):
            raise SpectraError(f"no molecule of the part {name} can be learnt from")
    if len(rows["train"]) < config.training.batch:
        raise ConfigError(
            f"training.batch = {config.training.batch} for {len(rows['train'])} molecules to train "
            "on; give a smaller batch"
        )
    return rows


def _vocabulary(config: InverseConfig, made: Corpus, rows: Int64) -> Vocabulary:
    """The vocabulary that is asked for, or that of the training part.

    Raises
    ------
    SpectraError
        If one that is asked for lacks a token of the training part.
    """
    if not config.model.vocabulary:
        return vocabulary_of(made, rows)
    known = Vocabulary(config.model.vocabulary)
    for row in rows:
        known.encode(made.smiles[int(row)])
    return known


def _known(made: Corpus, rows: Int64, vocabulary: Vocabulary) -> Int64:
    """Molecules that the model can write at all."""
    found = [row for row in rows if vocabulary.knows(made.smiles[int(row)])]
    if not found:
        raise SpectraError("no molecule of the part valid is made of tokens of the part train")
    return np.array(found, dtype=np.int64)


def _digest(vocabulary: Vocabulary) -> str:
    return hashlib.sha256("\n".join(vocabulary.tokens).encode()).hexdigest()


def _origin(start: Path | str | None) -> str:
    return "scratch" if start is None else hashlib.sha256(Path(start).read_bytes()).hexdigest()


def _as_any(objective: Any) -> Objective[Any]:
    """An objective of this room for the loop, which names the type of its own model."""
    found: Objective[Any] = objective
    return found


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "numpy", "rdkit")}
