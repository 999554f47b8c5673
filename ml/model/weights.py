"""A model as one safetensors file: numbers, and in its head the configuration. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...pointgroup.writing import whole_file
from .config import ModelConfig
from .errors import CheckpointError
from .settings import from_mapping, to_mapping
from .spektron import Spektron

VERSION = 2
"""Of the format; changes when an old model can no longer be read."""
_HEAD = "spektron"
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
LARGEST_HEAD = 100_000_000


class Card(dict[str, Any]):
    """What a checkpoint says of itself; to need what it does not say is a CheckpointError."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        inner = {k: Card(path, v) if isinstance(v, dict) else v for k, v in values.items()}
        super().__init__(inner)
        self.path = path

    def __missing__(self, key: str) -> Any:
        raise CheckpointError(f"{self.path}: its card says nothing of {key}; train the model anew")


def save_model(path: Path | str, model: Spektron, card: Mapping[str, Any] | None = None) -> None:
    """Write a model with what is to be known of it; the file is there whole or not at all.

    Parameters
    ----------
    path : path
    model : Spektron
    card : mapping, optional
        Data, training, licence … as JSON can hold it.
    """
    note = {"config": to_mapping(model.config), "card": dict(card or {})}
    write_tensors(Path(path), model.state_dict(), "model", note)


def load_model(path: Path | str, *, device: str = "cpu") -> tuple[Spektron, dict[str, Any]]:
    """A model and its card, ready to use.

    Raises
    ------
    CheckpointError
        If the file is missing, a pickle, damaged, of another version or of another shape.
    ConfigError
        If its configuration has no meaning here.
    """
    tensors, config, card = read_model(Path(path), "model")
    model = Spektron(from_mapping(ModelConfig, config, "model"))
    put_weights(model, tensors, Path(path))
    return model.to(device).eval(), card


def without_labels(model: Spektron) -> Spektron:
    """The same model, without a label head."""
    bare = Spektron(replace(model.config, task="none", outputs=0))
    own = bare.state_dict()
    bare.load_state_dict({name: t for name, t in model.state_dict().items() if name in own})
    return bare


def put_weights(model: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Give a model its numbers.

    Raises
    ------
    CheckpointError
        If names or shapes do not fit.
    """
    own = model.state_dict()
    differ = sorted(
        name
        for name in own.keys() | tensors.keys()
        if name not in own or name not in tensors or own[name].shape != tensors[name].shape
    )
    if differ:
        raise CheckpointError(
            f"{path}: {len(differ)} of {len(own)} tensors do not fit the model, the first is "
            f"{differ[0]}; the file and its configuration do not belong together"
        )
    model.load_state_dict(dict(tensors))


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], kind: str, note: Mapping[str, Any]
) -> None:
    """Write tensors and a note, first under another name.

    Raises
    ------
    CheckpointError
        If the file cannot be written.
    """
    from safetensors.torch import save

    text = json.dumps({**note, "version": VERSION, "kind": kind}, sort_keys=True)
    plain = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    with whole_file(path, CheckpointError) as draft:
        draft.write_bytes(save(plain, {_HEAD: text}))


def read_tensors(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and the note of a file of `write_tensors`.

    Raises
    ------
    CheckpointError
        If the file is missing, a pickle, damaged, of another version or kind.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    note = _head(path, data)
    if note.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: a checkpoint of version {note.get('version')}, this program reads {VERSION}; "
            "train again or use the version of Spektron that wrote it"
        )
    if note.get("kind") != kind:
        raise CheckpointError(f"{path}: holds {note.get('kind')}, not {kind}")
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: damaged: {str(error).splitlines()[0]}") from None
    bad = next((n for n, t in tensors.items() if t.is_floating_point() and not _finite(t)), None)
    if bad is not None:
        raise CheckpointError(f"{path}: {bad} holds numbers that are not finite")
    return tensors, note


def read_model(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any], Card]:
    """Tensors, configuration and card of a trained model.

    Raises
    ------
    CheckpointError
        As `read_tensors`, or if configuration or card are missing or no tables.
    """
    tensors, note = read_tensors(path, kind)
    config, card = (_part(path, note, name, dict) for name in ("config", "card"))
    settings = _part(path, card, "settings", dict, {})
    data = _part(path, settings, "data", dict, {})
    _part(path, settings, "training", dict, {})
    _part(path, card, "classes", list, [])
    data.pop("table", None)  # a setting that was never read; older cards have it
    return tensors, config, Card(path, card)


def _part(path: Path, note: Mapping[str, Any], name: str, kind: type, default: Any = None) -> Any:
    found = note.get(name, default)
    if not isinstance(found, kind):
        wrong = f"{name} is {found!r}" if name in note else f"{name} is missing"
        raise CheckpointError(f"{path}: damaged, or not written by Spektron: {wrong}")
    return found


def _finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())


def _head(path: Path, data: bytes) -> dict[str, Any]:
    """The note in the head of a safetensors file, checked before anything else is read."""
    if data.startswith(_PICKLES):
        raise CheckpointError(
            f"{path}: a pickle, which can run any program when read, and is not read; give a "
            ".safetensors file of Spektron"
        )
    length = int.from_bytes(data[:8], "little")
    if len(data) < 10 or not 2 <= length <= min(LARGEST_HEAD, len(data) - 8) or data[8:9] != b"{":
        raise CheckpointError(f"{path}: no safetensors file, or cut off")
    try:
        note = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_HEAD])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path}: a safetensors file, but not of Spektron") from None
    if not isinstance(note, dict):
        raise CheckpointError(f"{path}: a safetensors file, but not of Spektron")
    return note
