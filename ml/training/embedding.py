"""Latent vectors and predictions of a trained model, for spectra from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..channels import Content
from ..model.errors import CheckpointError
from ..model.packages import require
from ..table import Float32, SpectraTable
from .config import DataConfig, Device
from .inputs import UNIT, on_axis

if TYPE_CHECKING:
    from ..model.spektron import Spektron


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
        Names of the columns for the task classification.
    """

    values: Float32
    classes: tuple[str, ...] = ()


def embed(
    checkpoint: Path | str,
    spectra: ArrayLike | SpectraTable,
    wavenumbers: ArrayLike | None = None,
    *,
    content: Content = "both",
    unit: str = UNIT,
    device: Device = "auto",
) -> Embedding:
    """Latent vectors of spectra.

    Parameters
    ----------
    checkpoint : path
        A safetensors file of `pretrain` or `finetune`.
    spectra : (n, channels, points), (n, points), or SpectraTable
        A table is broadened with 10 cm⁻¹.
    wavenumbers : (points,), cm⁻¹
        Of the spectra, ascending and uniform; not for a table.
    content : str
        What the channels hold; "ir" or "raman" for spectra of one kind.
    unit : str
        Of the axis; nothing but "cm-1" is taken.
    device : "auto", "cpu" or "cuda"

    Raises
    ------
    MissingPackage, DeviceError, SpectraError, CheckpointError
    """
    model, _ = _loaded(checkpoint, device)
    from .evaluation import latents

    data = _spectra(model, spectra, wavenumbers, content, unit)
    chem, inst = latents(model, data)
    return Embedding(chem, inst, _projected(model, chem))


def predict(
    checkpoint: Path | str,
    spectra: ArrayLike | SpectraTable,
    wavenumbers: ArrayLike | None = None,
    *,
    content: Content = "both",
    unit: str = UNIT,
    device: Device = "auto",
) -> Prediction:
    """Labels of spectra, by a model that was fine-tuned; parameters are those of `embed`.

    Raises
    ------
    CheckpointError
        Also if the model has no label head.
    """
    model, classes = _loaded(checkpoint, device)
    from scipy.special import expit, softmax

    from .finetuning import outputs

    if model.label is None:
        raise CheckpointError(f"{checkpoint}: a model without label head; fine-tune it first")
    found = outputs(model, _spectra(model, spectra, wavenumbers, content, unit))
    if model.config.task == "classification":
        found = softmax(found, axis=1)
    elif model.config.task == "multilabel":
        found = expit(found)
    return Prediction(np.asarray(found, dtype=np.float32), classes)


def _loaded(checkpoint: Path | str, device: Device) -> tuple[Spektron, tuple[str, ...]]:
    require("torch", "safetensors")
    from ..model.weights import load_model
    from .devices import place

    model, card = load_model(checkpoint, device=place(device).device)
    return model, tuple(card.get("classes", ()))


def _spectra(
    model: Spektron,
    spectra: ArrayLike | SpectraTable,
    wavenumbers: ArrayLike | None,
    content: Content,
    unit: str,
) -> Float32:
    from ..errors import SpectraError
    from .sources import TableSource

    config = model.config
    if isinstance(spectra, SpectraTable):
        source = TableSource(spectra, config.axis, DataConfig(content=content), config.channels)
        return source.clean(np.arange(len(spectra)))
    if wavenumbers is None:
        raise SpectraError("spectra without wavenumbers; give those of the channels, in cm-1")
    return on_axis(spectra, wavenumbers, config, content=content, unit=unit)


def _projected(model: Spektron, chem: Float32) -> Float32:
    import torch

    with torch.no_grad():
        z = torch.from_numpy(chem).to(next(model.parameters()).device)
        return np.asarray(model.retrieval(z).cpu().numpy())
