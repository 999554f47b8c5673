"""Pretrain and fine-tune, each in one call.

Everything that can be wrong is looked for before the first step. Torch is imported here only
when a function is called.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
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
from ..splits import Split
from ..table import SpectraTable
from .config import DataConfig, FinetuneConfig, PretrainConfig
from .inputs import Labels, check_labels, on_axis
from .parts import check_scored, digest, parts_of_curves, parts_of_table

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
        Samples with one text stay in one part of a split, such as the replicates of a specimen;
        none, or an empty text: each for itself.
    unit : str, optional
        Of the axis; nothing but "cm-1" is taken. If it is left out, an axis that may be in
        nanometres is refused; see `inputs.on_axis`.
    """

    spectra: NDArray[Any]
    wavenumbers: NDArray[Any]
    content: Content = "ir"
    groups: tuple[str, ...] = ()
    unit: str | None = None


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
    parts = parts_of_table(table, split, config.data)
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
    label_names: Sequence[str] = (),
    progress: Callback | None = None,
) -> Trained:
    """Train a label head, and the model with it unless it is frozen.

    Parameters
    ----------
    config : FinetuneConfig
        For curves their own content counts, not that of ``config.data``.
    checkpoint : path or ModelConfig
        A pretrained model; a configuration trains a new one from scratch.
    data : SpectraTable or Curves
    labels : (n,) or (n, k)
        Of each sample: numbers, classes, or 0 and 1 for the task multilabel.
    folder : path
        Of the run.
    split : Split, optional
        Parts "train" and "valid"; otherwise made by the settings ``data``. For regression the
        part "valid" needs two samples and two values.
    label_names : sequence of str
        Of the columns of ``labels``, for `predict` to name its columns.
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
    _check_names(label_names, known)
    base, origin = _base(checkpoint)
    shape = replace(base.config, task=config.task, outputs=known.outputs)
    source = _source(data, shape, config.data)
    if isinstance(data, SpectraTable):
        parts = parts_of_table(data, split, config.data)
    else:
        # The settings say what was trained on: `embed` goes by them.
        config = replace(config, data=replace(config.data, content=data.content))
        parts = parts_of_curves(n, data.groups, split, config.data)
    check_scored(known, parts["valid"], config.task)
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
        {
            "spectra": _fingerprint(data),
            "labels": digest(known.values),
            "from": origin,
            "split": parts.sha256,
        },
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
        {"classes": list(known.names), "labels": list(label_names)},
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


def _fingerprint(data: SpectraTable | Curves) -> str:
    """Digest of the spectra themselves: a table may be some rows of its file."""
    if isinstance(data, SpectraTable):
        lines = data.wavenumbers
        strengths = (data.ir_intensities, data.raman_activities, data.activity)
        return digest(lines.offsets, lines.values, *strengths)
    return digest(*(np.asarray(a, dtype=np.float64) for a in (data.spectra, data.wavenumbers)))


def _check_names(names: Sequence[str], known: Labels) -> None:
    columns = 1 if known.names else known.outputs
    if names and (len(names) != columns or len(set(names)) < len(names)):
        raise SpectraError(
            f"names {', '.join(names)} for labels of {columns} column(s); give each its own"
        )


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
        return "(working tree)"


def _require(tensorboard: bool, *, sinkhorn: bool = False) -> None:
    names = {"geomloss": sinkhorn, "tensorboard": tensorboard}
    require("torch", "safetensors", *(name for name, wanted in names.items() if wanted))
