"""Pretraining: hidden points, bottleneck, contrast and instruments in one loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..instruments import Instrument, draw_instrument, generator
from ..model.erasure import erasing_map
from ..model.spektron import Encoded, Spektron
from ..table import Int64
from .config import PretrainConfig
from .evaluation import panel_latents, recall_across, reconstruction, some
from .losses import (
    divergence,
    hidden_error,
    info_nce,
    instrument_halves,
    sinkhorn_divergence,
    spread_between,
)
from .schedule import ramp
from .sources import PANEL, Source, Views, rows_of_step, two_views

MOST_VALID = 512
"""Samples of the validation part that are looked at."""
MOST_ERASED = 40
"""Molecules that are measured on each instrument to be erased."""


@dataclass(slots=True, eq=False)
class Pretraining:
    """The objective of pretraining; see `loop.Objective`.

    Attributes
    ----------
    model : Spektron
    config : PretrainConfig
    source : Source
    train, valid : (n,) int64
        Samples of the source.
    instruments : sequence of Instrument
    """

    model: Spektron
    config: PretrainConfig
    source: Source
    train: Int64
    valid: Int64
    instruments: Sequence[Instrument]

    @property
    def per_step(self) -> int:
        """Two views of each sample."""
        return 2 * self.config.training.batch

    def batch(self, step: int) -> Views:
        """Two views of the samples of a step."""
        training, loss = self.config.training, self.config.loss
        rows, epoch = rows_of_step(self.train, step, training.batch, training.seed)
        return two_views(
            self.source,
            rows,
            self.instruments,
            seed=training.seed,
            epoch=epoch,
            tokens=self.config.model.tokens,
            mask=loss.mask,
            span=loss.span,
            clean=loss.target == "clean",
        )

    def loss(self, batch: Views, step: int, device: str) -> tuple[Tensor, dict[str, Tensor]]:
        """Weighted sum of the parts; those of weight 0 are not computed."""
        weights = self.config.loss
        grown = ramp(step, steps=self.config.training.steps, share=weights.anneal)
        spectra, instruments, mask = (
            torch.from_numpy(a).to(device, non_blocking=True)
            for a in (batch.spectra, batch.instruments, batch.mask)
        )
        encoded = self.model.encode(spectra, mask)
        parts: dict[str, Tensor] = {}
        total = spectra.new_zeros(())
        if weights.reconstruction:
            target = spectra
            if batch.clean is not None:
                target = torch.from_numpy(batch.clean).to(device, non_blocking=True)
            parts["reconstruction"] = self._reconstruction(encoded, target, mask)
            total = total + weights.reconstruction * parts["reconstruction"]
        if weights.beta:
            parts["kl"] = divergence(encoded.chem) + divergence(encoded.inst)
            total = total + weights.beta * grown * parts["kl"]
        if weights.contrastive:
            parts["contrastive"] = self._contrast(encoded)
            total = total + weights.contrastive * parts["contrastive"]
        if weights.invariance:
            parts["invariance"] = spread_between(*encoded.chem.mean.chunk(2))
            total = total + weights.invariance * parts["invariance"]
        if weights.instrument or weights.adversary:
            logits = self.model.tell_instruments(encoded, weights.reversal * grown)
            names = ("instrument", "adversary")
            for name, each in zip(names, logits, strict=True):
                parts[name] = cross_entropy(each.float(), instruments)
                total = total + getattr(weights, name) * parts[name]
        if weights.sinkhorn:
            parts["sinkhorn"] = self._alignment(encoded, instruments, step)
            total = total + weights.sinkhorn * parts["sinkhorn"]
        return total, {name: value.detach() for name, value in parts.items()}

    def finish(self) -> dict[str, float]:
        """Take from z_chem what tells instruments apart; how many directions that were."""
        n, seed = self.config.loss.erase, self.config.training.seed
        if not n:
            return {}
        erasure = self.model.bottleneck.erasure
        size = self.config.model.z_chem
        erasure.put(np.zeros(size), np.zeros((size, size)))
        rows = generator(seed, PANEL).permutation(self.train)[:MOST_ERASED]
        first = len(self.instruments)
        distribution = self.config.data.instruments
        further = [draw_instrument(distribution, seed, first + k) for k in range(n)]
        panel = panel_latents(self.model, self.source, rows, further, seed=seed)
        centre, projection, rank = erasing_map(panel)
        erasure.put(centre, projection)
        return {"erased": float(rank)}

    def validate(self, device: str) -> dict[str, float]:
        """Errors against simple guesses, and retrieval across the first two instruments."""
        rows = some(self.valid, MOST_VALID)
        weights = self.config.loss
        errors = reconstruction(
            self.model,
            self.source,
            rows,
            self.train,
            mask=weights.mask,
            span=weights.span,
            instruments=self.instruments,
        )
        found = recall_across(self.model, self.source, rows, *self.instruments[:2])
        return {
            "valid/error": errors.model,
            "valid/error of the mean": errors.mean,
            "valid/error of a line": errors.linear,
            "valid/recall": found,
        }

    def _reconstruction(self, encoded: Encoded, target: Tensor, mask: Tensor) -> Tensor:
        n = max(1, round(self.config.loss.reconstructed * len(mask) / 2))
        found = self.model.reconstruct(encoded.first(n))
        hidden = mask[:n].repeat_interleave(self.config.model.stride, dim=1)
        return hidden_error(found, target[:n], hidden)

    def _contrast(self, encoded: Encoded) -> Tensor:
        first, second = self.model.retrieval(encoded.chem.sample).chunk(2)
        return info_nce(first.float(), second.float(), self.model.retrieval.scale())

    def _alignment(self, encoded: Encoded, instruments: Tensor, step: int) -> Tensor:
        z = encoded.chem.sample.float()
        z = z / z.shape[1] ** 0.5
        half = instrument_halves(instruments, len(self.instruments), step)
        if half.all() or not half.any():
            nothing: Tensor = 0 * z.sum()  # with a gradient, should this be the only part
            return nothing
        if not z.isfinite().all():  # the loop says so at the next logged step
            total: Tensor = z.sum()
            return total
        with torch.autocast(z.device.type, enabled=False):
            return sinkhorn_divergence(z[half], z[~half], self.config.loss.blur)
