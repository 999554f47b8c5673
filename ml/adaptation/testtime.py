"""Test-time training: masked reconstruction on spectra whose values nobody knows.

Y. Sun et al., "Test-Time Training with Self-Supervision for Generalization under Distribution
Shifts", ICML, PMLR 119, 9229 (2020). What is trained is what both tasks share, tokenizer and
encoder; the label head, the bottleneck and the reconstruction head stay as they are.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..instruments import generator
from ..model.spektron import Spektron
from ..table import Float32
from ..training.losses import hidden_error
from ..training.sources import hidden_tokens
from .descent import descend

MASK, SPAN = 0.25, 2
"""Share of hidden tokens; neighbours hidden together. Those of pretraining."""
COPIES = 4
"""Views of a spectrum that is alone."""
TASK = 8
"""Counter of random numbers."""


def train_on_spectra(
    model: Spektron, spectra: Float32, *, steps: int, rate: float, seed: int
) -> None:
    """Train the shared part of a model to fill gaps in spectra.

    Parameters
    ----------
    model : Spektron
        Changed.
    spectra : (n, 1, points) float32
        Without reference values.
    steps : int
    rate : float
        Highest learning rate.
    seed : int
    """
    if not steps or not len(spectra):
        return
    config = model.config
    seen = torch.from_numpy(np.repeat(spectra, -(-COPIES // len(spectra)), axis=0))
    usual = _usual(model, seen)

    def loss(step: int) -> Tensor:
        draw = generator(seed, TASK, step)
        masks = [hidden_tokens(draw, config.tokens, MASK, SPAN) for _ in range(len(seen))]
        mask = torch.from_numpy(np.stack(masks))
        found = model.reconstruct(model.encode(seen, mask))
        hidden = mask.repeat_interleave(config.stride, dim=1)
        if usual is None:
            return hidden_error(found, seen, hidden)
        return ((found - seen) ** 2 * hidden[:, None]).mean() / usual

    shared = [*model.tokenizer.parameters(), *model.encoder.parameters()]
    # Without noise in the bottleneck: the same numbers as in a prediction.
    model.eval()
    descend(shared, loss, steps=steps, rate=rate)


def _usual(model: Spektron, seen: Tensor) -> Tensor | None:
    """Scale of the error where a mean spectrum says nothing, since there is one spectrum."""
    alone = bool((seen == seen[:1]).all())
    return (seen**2).mean().clamp_min(1e-12) if alone else None
