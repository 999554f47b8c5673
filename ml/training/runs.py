"""The folder of a run: what was asked for, and checkpoints from which it goes on exactly.

Exactly with the same torch, device, precision and number of threads; with others a warning says
that the result is not bit for bit that of a run in one go.

::

    config.toml            all settings, defaults included
    run.json               data, split, versions, size, device
    metrics.jsonl          a line for each logged step
    checkpoints/00000200/  weights, state of the optimiser and of the random numbers
    model.safetensors      the result

A checkpoint is written under another name and renamed when it is complete: whenever a run is
killed, there is a whole one or none. One process at a time works in a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import torch
from torch import Tensor

from ...pointgroup.writing import hold, whole_file
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
LOCK: Final = ".lock"
PATIENCE: Final = 5.0
"""s; the workers of a study that was killed take a moment to notice."""
_PLACE: Final = ("versions.torch", "device", "precision", "threads")
"""Facts on which the last bits of a result depend."""
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out; the lock ends with the block or the process.

        Raises
        ------
        CheckpointError
            If another process is at work in the folder.
        """
        lock = self.path / LOCK
        busy = CheckpointError(
            f"{self.path}: another process is at work on this run; wait for its end or give "
            "another folder"
        )
        try:
            file = lock.open("a")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CheckpointError(f"{self.path}: {reason}") from None
        with file:
            hold(file, busy, patience=PATIENCE)
            # Who ended a moment ago may have removed the file that was opened.
            if not _is_at(file, lock):
                raise busy
            try:
                yield
            finally:
                with suppress(OSError):
                    lock.unlink(missing_ok=True)


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
        If the folder holds something else, or a run with other settings or data, or if another
        process is at work in it.

    Warns
    -----
    UserWarning
        If the run was begun with another torch, device, precision or number of threads.
    """
    folder = RunFolder(Path(path))
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        with folder.held():
            _claim(folder, config, facts)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CheckpointError(f"{folder.path}: {reason}") from None
    return folder


def _claim(folder: RunFolder, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    known = _known(folder.path)
    if known is not None:
        _same(folder.path, _flat(read_toml(folder.path / SETTINGS)), _flat(config))
        _same(folder.path, _flat(known.get("data", {})), _flat(facts.get("data", {})))
    if known is None or not folder.checkpoints:  # nothing is done yet
        _write(folder.path / SETTINGS, to_toml(config))
        _write(folder.path / FACTS, json.dumps(dict(facts), indent=1, ensure_ascii=False) + "\n")
    elif not folder.model.exists():
        _compare_places(folder.path, _flat(known), _flat(facts))


def _compare_places(path: Path, known: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    differ = [
        f"{key} = {known[key]}, now {here[key]}"
        for key in _PLACE
        if key in known and key in here and known[key] != here[key]
    ]
    if differ:
        warnings.warn(
            f"{path}: begun with {'; '.join(differ)}; the result will not be bit for bit that of a "
            "run in one go",
            stacklevel=4,
        )


def _is_at(file: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _known(path: Path) -> dict[str, Any] | None:
    """What a folder says of its run; None if it is free."""
    if not (path / FACTS).exists():
        # A run that was killed in its first moments left its settings and no more.
        # A run that was stopped before its first step may have left drafts.
        if any(p.name not in (SETTINGS, LOCK) and p.suffix != ".part" for p in path.iterdir()):
            raise CheckpointError(f"{path}: not empty and not of a run; give a new one")
        return None
    try:
        known = json.loads((path / FACTS).read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict) or not isinstance(known.get("data", {}), dict):
        raise CheckpointError(f"{path / FACTS}: damaged; give a new folder")
    return known


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
    step = note.get("step")
    if not isinstance(step, int) or "random.cpu" not in state:
        raise CheckpointError(f"{last}: damaged; remove it to go on from the one before")
    put_weights(model, weights, last / MODEL)
    for name, parameter in _trained(model, optimiser):
        moments = {m: state[f"{m}.{name}"] for m in _MOMENTS if f"{m}.{name}" in state}
        if moments:
            optimiser.state[parameter] = {m: t.to(parameter.device) for m, t in moments.items()}
    torch.set_rng_state(state["random.cpu"])
    if "random.cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["random.cuda"])
    return step


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
