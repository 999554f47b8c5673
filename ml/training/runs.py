"""The folder of a run: what was asked for, and checkpoints from which it goes on exactly.

::

    config.toml            all settings, defaults included
    run.json               data, split, versions, size, device
    metrics.jsonl          a line for each logged step
    checkpoints/00000200/  weights, state of the optimiser and of the random numbers
    model.safetensors      the result

A checkpoint is written under another name and renamed when it is complete: whenever a run is
killed, there is a whole one or none.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from ...pointgroup.writing import whole_file
from ..model.errors import CheckpointError
from ..model.settings import to_toml
from ..model.spektron import Spektron
from ..model.weights import put_weights, read_tensors, write_tensors
from .config import FREE, read_toml

KEPT: Final = 2
"""Checkpoints that stay."""
MODEL: Final = "model.safetensors"
SETTINGS: Final = "config.toml"
FACTS: Final = "run.json"
_MOMENTS: Final = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that belongs to one run."""

    path: Path

    @property
    def model(self) -> Path:
        """The trained model; there when the run is finished."""
        return self.path / MODEL

    @property
    def metrics(self) -> Path:
        """Lines of JSON."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> list[Path]:
        """Complete checkpoints, the oldest first."""
        inside = self.path / "checkpoints"
        names = sorted(p for p in inside.glob("*") if p.name.isdigit()) if inside.is_dir() else []
        return names


def open_run(path: Path | str, config: Mapping[str, Any], facts: Mapping[str, Any]) -> RunFolder:
    """Begin a run, or take up one with the same settings and data.

    Parameters
    ----------
    path : path
        New, empty, or the folder of this very run.
    config : mapping
        All settings.
    facts : mapping
        What identifies the data (``"data"``), and anything worth knowing.

    Raises
    ------
    CheckpointError
        If the folder holds something else, or a run with other settings or data.
    """
    folder = RunFolder(Path(path))
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        known = _known(folder.path)
        if known is None:
            _write(folder.path / SETTINGS, to_toml(config))
            _write(
                folder.path / FACTS, json.dumps(dict(facts), indent=1, ensure_ascii=False) + "\n"
            )
            return folder
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CheckpointError(f"{folder.path}: {reason}") from None
    _same(folder.path, _flat(read_toml(folder.path / SETTINGS)), _flat(config))
    _same(folder.path, _flat(known.get("data", {})), _flat(facts.get("data", {})))
    return folder


def _known(path: Path) -> dict[str, Any] | None:
    """What a folder says of its run; None if it is free."""
    if not (path / FACTS).exists():
        # A run that was killed in its first moments left its settings and no more.
        # A run that was stopped before its first step may have left drafts.
        if any(p.name != SETTINGS and p.suffix != ".part" for p in path.iterdir()):
            raise CheckpointError(f"{path}: not empty and not of a run; give a new one")
        return None
    try:
        return dict(json.loads((path / FACTS).read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise CheckpointError(f"{path / FACTS}: damaged; give a new folder") from None


def save_checkpoint(
    folder: RunFolder, step: int, model: Spektron, optimiser: torch.optim.Optimizer
) -> Path:
    """Write a checkpoint after ``step`` steps; older ones than the last `KEPT` go."""
    home = folder.path / "checkpoints"
    whole, part = home / f"{step:08d}", home / f"{step:08d}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    except OSError as error:
        raise CheckpointError(f"{part}: cannot be written: {error.strerror or error}") from None
    write_tensors(part / MODEL, model.state_dict(), "weights", {"step": step})
    state = {**_moments(model, optimiser), **_random_states()}
    write_tensors(part / "training.safetensors", state, "training", {"step": step})
    if whole.exists():
        shutil.rmtree(whole)
    os.replace(part, whole)
    for old in folder.checkpoints[:-KEPT]:
        shutil.rmtree(old)
    return whole


def load_checkpoint(folder: RunFolder, model: Spektron, optimiser: torch.optim.Optimizer) -> int:
    """Put model, optimiser and random numbers where the last checkpoint left them.

    Returns
    -------
    int
        Steps done; 0 if there is no checkpoint.

    Raises
    ------
    CheckpointError
        If the checkpoint is damaged, of another version or of another model.
    """
    if not folder.checkpoints:
        return 0
    last = folder.checkpoints[-1]
    weights, note = read_tensors(last / MODEL, "weights")
    state, _ = read_tensors(last / "training.safetensors", "training")
    put_weights(model, weights, last / MODEL)
    for name, parameter in _trained(model, optimiser):
        moments = {m: state[f"{m}.{name}"] for m in _MOMENTS if f"{m}.{name}" in state}
        if moments:
            optimiser.state[parameter] = {m: t.to(parameter.device) for m, t in moments.items()}
    torch.set_rng_state(state["random.cpu"])
    if "random.cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["random.cuda"])
    return int(note["step"])


def _moments(model: Spektron, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{m}.{name}": optimiser.state[parameter][m]
        for name, parameter in _trained(model, optimiser)
        for m in _MOMENTS
        if optimiser.state[parameter]  # empty for what no part of the loss depends on
    }


def _trained(
    model: Spektron, optimiser: torch.optim.Optimizer
) -> list[tuple[str, torch.nn.Parameter]]:
    inside = {id(p) for group in optimiser.param_groups for p in group["params"]}
    return [(name, p) for name, p in model.named_parameters() if id(p) in inside]


def _random_states() -> dict[str, Tensor]:
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def _same(path: Path, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for key in sorted(known.keys() | given.keys()):
        if key not in FREE and known.get(key) != given.get(key):
            raise CheckpointError(
                f"{path}: holds a run with {key} = {known.get(key)!r}, asked for is "
                f"{given.get(key)!r}; give another folder"
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = list(value) if isinstance(value, tuple) else value
    return out


def _write(path: Path, text: str) -> None:
    with whole_file(path, CheckpointError) as draft:
        draft.write_text(text, encoding="utf-8")
