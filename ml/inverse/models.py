"""Inverse models as files, and what else belongs to one: its calibration and its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..model.config import ModelConfig
from ..model.settings import from_mapping, to_mapping
from ..model.weights import put_weights, read_model, write_tensors
from .config import InverseModelConfig
from .network import InverseModel
from .smiles import Vocabulary

KIND = "inverse"
"""What such a file says it holds."""


def new_model(config: InverseModelConfig, vocabulary: Vocabulary) -> InverseModel:
    """A model that is not trained."""
    return InverseModel(replace(config, vocabulary=vocabulary.tokens))


def save_inverse(path: Path | str, model: InverseModel, card: Mapping[str, Any]) -> None:
    """Write a model with what is to be known of it."""
    note = {"config": to_mapping(model.config), "card": dict(card)}
    write_tensors(Path(path), model.state_dict(), KIND, note)


def load_inverse(path: Path | str, *, device: str = "cpu") -> tuple[InverseModel, dict[str, Any]]:
    """A model and its card, ready to use.

    Raises
    ------
    CheckpointError
        If the file is missing, a pickle, damaged, of another version or kind of model.
    ConfigError
        If its configuration has no meaning here.
    """
    tensors, settings, card = read_model(Path(path), KIND)
    encoder = from_mapping(ModelConfig, settings.pop("encoder", {}), "model.encoder")
    config = replace(from_mapping(InverseModelConfig, settings, "model"), encoder=encoder)
    with torch.random.fork_rng():
        model = InverseModel(config)
    put_weights(model, tensors, Path(path))
    return model.to(device).eval(), card
