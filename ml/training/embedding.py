"""Latent vectors and predictions of a trained model, for spectra from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

from ..channels import Content
from ..model.errors import CheckpointError
from ..model.packages import require
from ..model.settings import from_mapping
from ..table import Float32, SpectraTable
from .config import DataConfig, Device
from .inputs import on_axis

if TYPE_CHECKING:
    from ..model.spektron import Spektron

LOOK: Final = ("content", "fwhm", "shape")
"""Settings of the data on which clean curves depend."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Latent vectors.

    Attributes
    ----------
    chem : (n, z_chem) float32
        Means of z_chem.
    inst : (n, z_inst) float32
    retrieval : (n, z_chem) float32
        Unit vectors; their scalar product compares molecules.
    """

    chem: Float32
    inst: Float32
    retrieval: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the label head says.

    Attributes
    ----------
    values : (n, outputs) float32
        Targets in their unit, or the probability of each class or label.
    classes : tuple of str
        Names of the columns: of the classes, or of the labels where `finetune` was told them.
    """

    values: Float32
    classes: tuple[str, ...] = ()


def embed(
    checkpoint: Path | str,
    spectra: ArrayLike | SpectraTable,
    wavenumbers: ArrayLike | None = None,
    *,
    content: Content | None = None,
    unit: str | None = None,
    device: Device = "auto",
) -> Embedding:
    """Latent vectors of spectra.

    Parameters
    ----------
    checkpoint : path
        A safetensors file of `pretrain` or `finetune`.
    spectra : (n, channels, points), (n, points), or SpectraTable
        A table is broadened as it was for the training of the model.
    wavenumbers : (points,), cm⁻¹
        Of the spectra, ascending and uniform; not for a table.
    content : str, optional
        What the channels hold; "ir" or "raman" for spectra of one kind. Otherwise what the model
        was trained on.
    unit : str, optional
        Of the axis; nothing but "cm-1" is taken. If it is left out, an axis that may be in
        nanometres is refused; see `inputs.on_axis`.
    device : "auto", "cpu" or "cuda"

    Raises
    ------
    MissingPackage, DeviceError, SpectraError, CheckpointError
    """
    model, card = _loaded(checkpoint, device)
    from .evaluation import latents

    data = _spectra(model, _look(model, card, content), spectra, wavenumbers, unit)
    chem, inst = latents(model, data)
    return Embedding(chem, inst, _projected(model, chem))


def predict(
    checkpoint: Path | str,
    spectra: ArrayLike | SpectraTable,
    wavenumbers: ArrayLike | None = None,
    *,
    content: Content | None = None,
    unit: str | None = None,
    device: Device = "auto",
) -> Prediction:
    """Labels of spectra, by a model that was fine-tuned; parameters are those of `embed`.

    Raises
    ------
    CheckpointError
        Also if the model has no label head.
    """
    model, card = _loaded(checkpoint, device)
    from scipy.special import expit, softmax

    from .finetuning import outputs

    if model.label is None:
        raise CheckpointError(f"{checkpoint}: a model without label head; fine-tune it first")
    look = _look(model, card, content)
    found = outputs(model, _spectra(model, look, spectra, wavenumbers, unit))
    if model.config.task == "classification":
        found = softmax(found, axis=1)
    elif model.config.task == "multilabel":
        found = expit(found)
    return Prediction(np.asarray(found, dtype=np.float32), _columns(checkpoint, card))


def _loaded(checkpoint: Path | str, device: Device) -> tuple[Spektron, Mapping[str, Any]]:
    require("torch", "safetensors")
    from ..model.weights import load_model
    from .devices import place

    return load_model(checkpoint, device=place(device).device)


def _columns(checkpoint: Path | str, card: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of what the label head says; none if the card has none."""
    names = card.get("classes") or card.get("labels") or []
    if not isinstance(names, list):
        raise CheckpointError(f"{checkpoint}: labels are {names!r}, not a list; fine-tune it anew")
    return tuple(map(str, names))


def _look(model: Spektron, card: Mapping[str, Any], content: Content | None) -> DataConfig:
    """How clean curves are made: as for the training, the content as it is asked for."""
    known = card.get("settings", {}).get("data", {})
    default = {"content": "both" if model.config.channels == 2 else "ir"}
    given = default | {name: known[name] for name in LOOK if name in known}
    look = from_mapping(DataConfig, given, "data")
    return look if content is None else replace(look, content=content)


def _spectra(
    model: Spektron,
    look: DataConfig,
    spectra: ArrayLike | SpectraTable,
    wavenumbers: ArrayLike | None,
    unit: str | None,
) -> Float32:
    from ..errors import SpectraError
    from .sources import TableSource

    config = model.config
    if isinstance(spectra, SpectraTable):
        source = TableSource(spectra, config.axis, look, config.channels)
        return source.clean(np.arange(len(spectra)))
    if wavenumbers is None:
        raise SpectraError("spectra without wavenumbers; give those of the channels, in cm-1")
    return on_axis(spectra, wavenumbers, config, content=look.content, unit=unit)


def _projected(model: Spektron, chem: Float32) -> Float32:
    import torch

    with torch.no_grad():
        z = torch.from_numpy(chem).to(next(model.parameters()).device)
        return np.asarray(model.retrieval(z).cpu().numpy())
