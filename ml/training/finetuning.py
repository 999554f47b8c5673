"""Fine-tuning: labels from z_chem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from ..instruments import Instrument, generator
from ..model.spektron import Spektron
from ..table import Float32, Int64
from .config import FinetuneConfig
from .losses import divergence
from .sources import TEST, VIEWS, Source, rows_of_step

BATCH = 256


@dataclass(slots=True, eq=False)
class Finetuning:
    """The objective of fine-tuning; see `loop.Objective`.

    Attributes
    ----------
    model : Spektron
        With a label head.
    config : FinetuneConfig
    source : Source
    labels : (n, outputs) float32, or (n,) int64 for classes
        Of all samples of the source.
    train, valid : (n,) int64
        Samples of the source.
    instruments : sequence of Instrument
        Simulated ones; none to show spectra as they are.
    """

    model: Spektron
    config: FinetuneConfig
    source: Source
    labels: NDArray[Any]
    train: Int64
    valid: Int64
    instruments: Sequence[Instrument]

    @property
    def per_step(self) -> int:
        """One view of each sample."""
        return min(self.config.training.batch, len(self.train))

    def batch(self, step: int) -> tuple[Float32, NDArray[Any]]:
        """Spectra and labels of a step."""
        training = self.config.training
        rows, epoch = rows_of_step(self.train, step, self.per_step, training.seed)
        draws = [generator(training.seed, VIEWS, int(row), epoch) for row in rows]
        return self._seen(rows, draws), self.labels[rows]

    def loss(
        self, batch: tuple[Float32, NDArray[Any]], step: int, device: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Error of the labels, and the width of the bottleneck."""
        spectra, wanted = (torch.from_numpy(a).to(device, non_blocking=True) for a in batch)
        encoded = self.model.encode(spectra)
        found = self.model.labels(encoded).float()
        error = self._error(found, wanted)
        kl = divergence(encoded.chem)
        return error + self.config.beta * kl, {"error": error.detach(), "kl": kl.detach()}

    def finish(self) -> dict[str, float]:
        """Nothing is left to do."""
        return {}

    def validate(self, device: str) -> dict[str, float]:
        """Scores on samples that are not trained on."""
        draws = [generator(0, TEST, 2, int(row)) for row in self.valid]
        found = outputs(self.model, self._seen(self.valid, draws))
        wanted = self.labels[self.valid]
        if self.config.task == "classification":
            return {"valid/accuracy": float((found.argmax(axis=1) == wanted).mean())}
        if self.config.task == "multilabel":
            return {"valid/macro F1": macro_f1(found > 0, wanted > 0.5)}
        residual = ((found - wanted) ** 2).mean(axis=0)
        spread = np.maximum(wanted.var(axis=0), 1e-30)
        return {
            "valid/rmse": float(np.sqrt(residual.mean())),
            "valid/R2": float((1 - residual / spread).mean()),
        }

    def _seen(self, rows: Int64, draws: Sequence[np.random.Generator]) -> Float32:
        if not self.instruments:
            return self.source.clean(rows)
        chosen = [self.instruments[int(d.integers(len(self.instruments)))] for d in draws]
        return self.source.measured(rows, chosen, draws)

    def _error(self, found: Tensor, wanted: Tensor) -> Tensor:
        if self.config.task == "classification":
            return cross_entropy(found, wanted)
        if self.config.task == "multilabel":
            return binary_cross_entropy_with_logits(found, wanted)
        label = self.model.label
        assert label is not None
        return mse_loss(found, (wanted - label.centre) / label.spread)


def outputs(model: Spektron, spectra: Float32) -> Float32:
    """What the label head says: targets in their unit, or logits, (n, outputs)."""
    device = next(model.parameters()).device
    label = model.label
    if label is None:
        raise RuntimeError("this model has no label head")
    out = []
    model.eval()
    with torch.no_grad():
        for k in range(0, len(spectra), BATCH):
            part = torch.from_numpy(np.ascontiguousarray(spectra[k : k + BATCH])).to(device)
            found = model.labels(model.encode(part)).float()
            if model.config.task == "regression":
                found = label.in_units(found)
            out.append(found.cpu().numpy())
    return np.concatenate(out)


def macro_f1(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """Mean over labels of 2·TP/(2·TP + FP + FN); labels that never occur are left out.

    Examples
    --------
    >>> macro_f1(np.array([[True, True], [True, False]]), np.array([[True, False], [False, False]]))
    0.6666666666666666
    """
    hit = (found & wanted).sum(axis=0)
    occurs = wanted.any(axis=0)
    total = found.sum(axis=0) + wanted.sum(axis=0)
    return float((2 * hit[occurs] / total[occurs]).mean()) if occurs.any() else float("nan")


def standardise(model: Spektron, values: Float32) -> None:
    """Give the label head mean and spread of regression targets of the training part."""
    if model.label is not None and model.config.task == "regression":
        model.label.centre.copy_(torch.from_numpy(values.mean(axis=0)))
        model.label.spread.copy_(torch.from_numpy(np.maximum(values.std(axis=0), 1e-12)))
