"""Train a forward model: everything that can be wrong is looked for before the first step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..broadening import curves
from ..errors import SpectraError
from ..instruments import generator
from ..model.errors import CheckpointError, ConfigError
from ..model.settings import to_mapping
from ..splits import Split, check_split, split_table
from ..table import SpectraTable
from ..training.api import Trained
from ..training.devices import place
from ..training.loop import Objective, train
from ..training.records import Callback
from ..training.runs import open_run
from .config import ForwardConfig, ForwardData
from .graphs import Int64
from .grid import GridModel
from .models import (
    ForwardModel,
    SampleCache,
    load_forward,
    new_model,
    save_forward,
    usable_rows,
)
from .objectives import ShiftObjective, SpectrumObjective
from .shift_data import ShiftSet
from .shifts import ShiftModel

LIMIT = 5
"""Counter of random numbers: which molecules of the training part a learning curve takes."""


def train_spectra(
    config: ForwardConfig,
    table: SpectraTable,
    folder: Path | str,
    *,
    split: Split | None = None,
    compiled: bool = False,
    progress: Callback | None = None,
) -> Trained:
    """Train a model of the kinds "grid" or "force field", or go on with the run in the folder.

    Parameters
    ----------
    config : ForwardConfig
    table : SpectraTable
        With geometries.
    folder : path
        Of the run; see `spektron.ml.training.runs`.
    split : Split, optional
        Parts "train" and "valid"; otherwise made by the settings ``data``.
    compiled : bool
        Compile the message passing (`torch.compile`): a minute once, then about half the time of
        a step on a CPU, where it needs a C++ compiler. Results differ in the last digits.
    progress : callable, optional

    Raises
    ------
    DeviceError, ConfigError, SpectraError, LeakError, CheckpointError
        Before training starts.
    Diverged
        If the loss is not finite.
    """
    if config.model.kind == "shifts":
        raise ConfigError("model.kind = 'shifts' is trained on shifts, see train_shifts")
    parts = split or split_for(table, config.data)
    check_split(table, parts)
    usable = usable_rows(table, config.model)
    rows, valid = _rows(parts, config, usable)
    samples = SampleCache(table, config.model)

    def objective() -> SpectrumObjective:
        model = new_model(config.model)
        if isinstance(model, ShiftModel):
            raise ConfigError("model.kind: not one of spectra")
        if isinstance(model, GridModel):
            lines, strengths = table.strengths(rows)
            scale = curves(lines, strengths, config.model.axis, fwhm=config.model.fwhm)
            model.scale_to(scale, int(table.numbers["n_atoms"][rows].sum()))
        return SpectrumObjective(model, config, table, rows, valid, samples)

    facts = {"table": table.sha256, "molecules": len(rows), "split": parts.sha256}
    return _run(config, facts, objective, folder, parts, progress, compiled)


def train_shifts(
    config: ForwardConfig,
    data: ShiftSet,
    folder: Path | str,
    *,
    split: Split | None = None,
    start: Path | str | None = None,
    compiled: bool = False,
    progress: Callback | None = None,
) -> Trained:
    """Train a model of the kind "shifts". Parameters and errors are those of `train_spectra`.

    ``start`` is the file of a trained one of the same settings to begin with, such as one of
    computed shifts where measured ones are few (Y. Guan, S. V. Shree Sowndarya, L. C. Gallegos, P.
    C. St. John and R. S. Paton, Chem. Sci. 12, 12012 (2021)). Its training molecules must not be
    related to test molecules of this run, which nothing here can see.
    """
    if config.model.kind != "shifts":
        raise ConfigError(f"model.kind = {config.model.kind!r}: for shifts give 'shifts'")
    index = data.index()
    parts = split or split_for(index, config.data)
    check_split(index, parts)
    known = set(config.model.numbers)
    usable = [k for k, g in enumerate(data.graphs) if known.issuperset(g.numbers.tolist())]
    rows, valid = _rows(parts, config, np.array(usable, dtype=np.int64))
    weights = None if start is None else _weights(start, config)

    def objective() -> ShiftObjective:
        model = ShiftModel(config.model)
        numbers = [data.graphs[row].numbers[data.shifts[row].atoms] for row in rows]
        shifts = np.concatenate([data.shifts[row].shifts for row in rows])
        if weights is None:
            model.standardise(np.concatenate(numbers), torch.as_tensor(shifts))
        else:
            model.load_state_dict(weights)
        return ShiftObjective(model, config, data, rows, valid)

    origin = "scratch" if start is None else sha256(Path(start).read_bytes()).hexdigest()
    facts = {"molecules": len(rows), "split": parts.sha256, "from": origin}
    return _run(config, facts, objective, folder, parts, progress, compiled)


def _weights(start: Path | str, config: ForwardConfig) -> dict[str, torch.Tensor]:
    known, _ = load_forward(start)
    own, other = to_mapping(config.model), to_mapping(known.config)
    # Whose shifts are predicted does not change a weight.
    if differ := [name for name in own if own[name] != other[name] and name != "nuclei"]:
        name = differ[0]
        raise CheckpointError(
            f"{start}: has model.{name} = {other[name]}, the model to train {own[name]}; set them "
            "alike"
        )
    return dict(known.state_dict())


def split_for(table: SpectraTable, data: ForwardData) -> Split:
    """The split that the settings ask for."""
    return split_table(table, data.fractions, relations=data.relations, seed=data.split_seed)


def limited(rows: Int64, limit: int, seed: int) -> Int64:
    """Some rows at random, ascending; fewer ones are a subset of more.

    Raises
    ------
    ConfigError
        If there are not so many.
    """
    if limit > len(rows):
        raise ConfigError(f"data.limit = {limit} of {len(rows)} molecules to train on")
    order = generator(seed, LIMIT).permutation(len(rows))
    return np.sort(rows[order[: limit or len(rows)]])


def _rows(parts: Split, config: ForwardConfig, usable: Int64) -> tuple[Int64, Int64]:
    rows = {name: np.intersect1d(parts[name], usable) for name in ("train", "valid")}
    for name, found in rows.items():
        if not len(found):
            raise SpectraError(f"no molecule of the part {name} has known elements only")
    chosen = limited(rows["train"], config.data.limit, config.training.seed)
    if len(chosen) < config.training.batch:
        raise ConfigError(
            f"training.batch = {config.training.batch} for {len(chosen)} molecules to train on; "
            "give a smaller batch"
        )
    return chosen, rows["valid"]


def _run(
    config: ForwardConfig,
    data: Mapping[str, Any],
    objective: Callable[[], SpectrumObjective | ShiftObjective],
    folder: Path | str,
    split: Split,
    progress: Callback | None,
    compiled: bool,
) -> Trained:
    training = config.training
    where = place(training.device, training.precision, training.workers)
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        made = objective()
        if compiled:
            made.model.encoder.compile(dynamic=True)
        size = sum(p.numel() for p in made.model.parameters())
        facts = {"data": dict(data), "parameters": size, "versions": _versions()}
        run = open_run(folder, to_mapping(config), facts)
        metrics = train(_as_any(made), training, where, run, progress)
    model: ForwardModel = made.model
    card = {**facts, "metrics": metrics, "settings": to_mapping(config)}
    save_forward(run.model, model.cpu(), card)
    return Trained(run.model, metrics, split, int(data["molecules"]))


def _as_any(objective: Any) -> Objective[Any]:
    """An objective of this room for the loop, which names the type of its own model."""
    found: Objective[Any] = objective
    return found


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "torch_geometric", "numpy")}
