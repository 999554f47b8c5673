"""Pretrain and fine-tune, each in one call.

Everything that can be wrong is looked for before the first step. Torch is imported here only
when a function is called.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..channels import Content, check_content, raman_channels
from ..errors import SpectraError
from ..instruments import draw_instruments
from ..model.config import ModelConfig
from ..model.errors import ConfigError
from ..model.packages import require
from ..model.settings import to_mapping
from ..splits import Split, check_split, split_table
from ..table import SpectraTable
from .config import DataConfig, FinetuneConfig, PretrainConfig
from .inputs import UNIT, check_labels, on_axis

if TYPE_CHECKING:
    from ..model.spektron import Spektron
    from .devices import Place
    from .loop import Objective
    from .records import Callback
    from .sources import CurveSource, TableSource


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished run.

    Attributes
    ----------
    model : path
        The safetensors file.
    metrics : mapping from name to float
        On the validation part, at the end.
    split : Split
    molecules : int
        That were trained on.
    """

    model: Path
    metrics: Mapping[str, float]
    split: Split
    molecules: int


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Spectra from elsewhere, to fine-tune on.

    Attributes
    ----------
    spectra : (n, channels, points) or (n, points)
    wavenumbers : (points,), cm⁻¹
    content : str
        What they hold.
    groups : tuple of str
        Samples with one label stay in one part of a split; none: each for itself.
    unit : str
        Of the axis; nothing but "cm-1" is taken.
    """

    spectra: NDArray[Any]
    wavenumbers: NDArray[Any]
    content: Content = "ir"
    groups: tuple[str, ...] = ()
    unit: str = UNIT


def pretrain(
    config: PretrainConfig,
    table: SpectraTable,
    folder: Path | str,
    *,
    split: Split | None = None,
    progress: Callback | None = None,
) -> Trained:
    """Train a new model on a table, or go on with the run in the folder.

    Parameters
    ----------
    config : PretrainConfig
    table : SpectraTable
    folder : path
        Of the run; see `runs`.
    split : Split, optional
        Parts "train" and "valid"; otherwise made by the settings ``data``.
    progress : callable, optional

    Raises
    ------
    MissingPackage, DeviceError, ConfigError, SpectraError, LeakError, CheckpointError
        Before training starts.
    Diverged
        If the loss is not finite.
    """
    _require(config.training.tensorboard, sinkhorn=config.loss.sinkhorn > 0)
    from .devices import place
    from .pretraining import Pretraining
    from .sources import TableSource

    training, shape = config.training, config.model
    where = place(training.device, training.precision, training.workers)
    parts = _table_split(table, split, config.data)
    if len(parts["train"]) < training.batch:
        raise ConfigError(
            f"training.batch = {training.batch} for {len(parts['train'])} molecules to train on; "
            "give a smaller batch"
        )
    source = TableSource(table, shape.axis, config.data, shape.channels)
    used = draw_instruments(config.data.instruments, training.seed, shape.instruments)
    job = _Job(
        {"table": table.sha256, "molecules": len(table), "split": parts.sha256},
        parts,
        lambda: _new_model(shape),
        lambda model: Pretraining(model, config, source, parts["train"], parts["valid"], used),
    )
    return _run(config, job, where, folder, progress)


def finetune(
    config: FinetuneConfig,
    checkpoint: Path | str | ModelConfig,
    data: SpectraTable | Curves,
    labels: ArrayLike,
    folder: Path | str,
    *,
    split: Split | None = None,
    progress: Callback | None = None,
) -> Trained:
    """Train a label head, and the model with it unless it is frozen.

    Parameters
    ----------
    config : FinetuneConfig
    checkpoint : path or ModelConfig
        A pretrained model; a configuration trains a new one from scratch.
    data : SpectraTable or Curves
    labels : (n,) or (n, k)
        Of each sample: numbers, classes, or 0 and 1 for the task multilabel.
    folder : path
        Of the run.
    split : Split, optional
        Parts "train" and "valid"; otherwise made by the settings ``data``.
    progress : callable, optional

    Raises
    ------
    MissingPackage, DeviceError, ConfigError, SpectraError, LeakError, CheckpointError
        Before training starts.
    Diverged
        If the loss is not finite.
    """
    _require(config.training.tensorboard)
    from .devices import place
    from .finetuning import Finetuning, standardise

    training = config.training
    where = place(training.device, training.precision, training.workers)
    n = len(data) if isinstance(data, SpectraTable) else len(data.spectra)
    known = check_labels(labels, n, config.task)
    base, origin = _base(checkpoint)
    shape = replace(base.config, task=config.task, outputs=known.outputs)
    source = _source(data, shape, config.data)
    if isinstance(data, SpectraTable):
        parts = _table_split(data, split, config.data)
    else:
        parts = split or _curve_split(data, config.data)
        _check_parts(parts, n)
    simulated = draw_instruments(config.data.instruments, training.seed, shape.instruments)

    def model() -> Spektron:
        new = _new_model(shape)
        new.load_state_dict(base.state_dict(), strict=False)
        if config.task == "regression":
            standardise(new, known.values[parts["train"]])
        if config.frozen and new.label is not None:
            new.requires_grad_(False)
            new.label.requires_grad_(True)
        return new

    job = _Job(
        {"labels": _digest(known.values), "from": origin, "split": parts.sha256},
        parts,
        model,
        lambda new: Finetuning(
            new,
            config,
            source,
            known.values,
            parts["train"],
            parts["valid"],
            simulated if config.simulate else (),
        ),
        {"classes": list(known.names)},
    )
    return _run(config, job, where, folder, progress)


@dataclass(frozen=True, slots=True)
class _Job:
    """A run that is ready to start: what identifies its data, its model, its objective."""

    data: Mapping[str, Any]
    split: Split
    model: Callable[[], Spektron]
    objective: Callable[[Spektron], Objective[Any]]
    card: Mapping[str, Any] = field(default_factory=dict)


def _run(
    config: PretrainConfig | FinetuneConfig,
    job: _Job,
    where: Place,
    folder: Path | str,
    progress: Callback | None,
) -> Trained:
    import torch

    from ..model.weights import VERSION, save_model
    from .loop import train
    from .runs import open_run

    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model = job.model()
        facts = {"data": job.data, "parameters": model.n_parameters, **_versions(where)}
        run = open_run(folder, to_mapping(config), facts)
        metrics = train(job.objective(model), config.training, where, run, progress)
    card = {**facts, **job.card, "metrics": metrics, "steps": config.training.steps}
    save_model(run.model, model, {**card, "format": VERSION, "settings": to_mapping(config)})
    return Trained(run.model, metrics, job.split, len(job.split["train"]))


def _new_model(shape: ModelConfig) -> Spektron:
    from ..model.spektron import Spektron

    return Spektron(shape)


def _base(checkpoint: Path | str | ModelConfig) -> tuple[Spektron, str]:
    """A model to start from, and the hash of its file."""
    if isinstance(checkpoint, ModelConfig):
        return _new_model(replace(checkpoint, task="none", outputs=0)), "scratch"
    from ..model.weights import load_model, without_labels

    model, _ = load_model(checkpoint)
    digest = hashlib.sha256(Path(checkpoint).read_bytes()).hexdigest()
    return without_labels(model), digest


def _source(
    data: SpectraTable | Curves, shape: ModelConfig, settings: DataConfig
) -> TableSource | CurveSource:
    from .sources import CurveSource, TableSource

    if isinstance(data, SpectraTable):
        check_content(settings.content, shape.channels)
        return TableSource(data, shape.axis, settings, shape.channels)
    content = data.content
    spectra = on_axis(data.spectra, data.wavenumbers, shape, content=content, unit=data.unit)
    return CurveSource(spectra, shape.axis, raman_channels(content, shape.channels))


def _table_split(table: SpectraTable, split: Split | None, data: DataConfig) -> Split:
    if split is None:
        fractions = {k: v for k, v in data.fractions.items() if v}
        split = split_table(table, fractions, relations=data.relations, seed=data.split_seed)
    _check_parts(split, len(table))
    check_split(table, split)
    return split


def _curve_split(data: Curves, settings: DataConfig) -> Split:
    """Samples at random, those of one group together."""
    names = data.groups or tuple(str(k) for k in range(len(data.spectra)))
    if len(names) != len(data.spectra):
        raise SpectraError(f"{len(names)} groups for {len(data.spectra)} spectra; give one each")
    _, group = np.unique(names, return_inverse=True)
    order = np.random.default_rng(settings.split_seed).permutation(group.max() + 1)
    place = np.empty(len(order))
    place[order] = (np.arange(len(order)) + 0.5) / len(order)
    edges = np.cumsum(list(settings.fractions.values()))[:-1]
    part = np.searchsorted(edges, place[group])
    rows = {name: np.flatnonzero(part == k) for k, name in enumerate(settings.fractions)}
    return Split(rows, (), settings.split_seed, _digest(part))


def _check_parts(split: Split, n: int) -> None:
    for name in ("train", "valid"):
        rows = split[name]
        if not len(rows):
            raise SpectraError(f"the part {name} of the split is empty; give it samples")
        if rows.min() < 0 or rows.max() >= n:
            raise SpectraError(
                f"the part {name} has sample {rows.max()}, there are {n}; it is of another table"
            )


def _digest(values: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def _versions(where: Place) -> dict[str, Any]:
    import torch

    found = {"python": platform.python_version(), "torch": torch.__version__}
    found |= {"numpy": np.__version__, "spektron": _own_version()}
    return {
        "versions": found,
        "device": where.device,
        "precision": where.precision,
        "threads": torch.get_num_threads(),
    }


def _own_version() -> str:
    try:
        return version("spektron")
    except PackageNotFoundError:  # run from a tree that is not installed
        return "unknown"


def _require(tensorboard: bool, *, sinkhorn: bool = False) -> None:
    names = {"geomloss": sinkhorn, "tensorboard": tensorboard}
    require("torch", "safetensors", *(name for name, wanted in names.items() if wanted))
