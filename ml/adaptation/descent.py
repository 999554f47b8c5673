"""A plain loop of training steps, for networks that are trained in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ...vibration.errors import CalculationError
from ..training.schedule import cosine_rate

WARM, FINAL, CLIP, DECAY = 0.1, 0.05, 1.0, 0.02
"""Share of the steps that warm up; last rate over highest; largest gradient; weight decay."""


class NotFinite(CalculationError):
    """The loss of an adaptation is no longer finite."""


def descend(
    parameters: Iterable[nn.Parameter], loss: Callable[[int], Tensor], *, steps: int, rate: float
) -> None:
    """Follow the gradient of a loss with AdamW, a warm-up and half a cosine.

    Parameters
    ----------
    parameters : iterable of Parameter
        What is trained.
    loss : callable
        Of the step, from 0.
    steps : int
    rate : float
        Highest learning rate.

    Raises
    ------
    NotFinite
        If the loss is not finite at the last step.
    """
    trained = list(parameters)
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": DECAY},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    value = torch.zeros(())
    for step in range(steps):
        factor = cosine_rate(step, steps=steps, warmup=max(1, round(WARM * steps)), final=FINAL)
        for group in optimiser.param_groups:
            group["lr"] = rate * factor
        value = loss(step)
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(trained, CLIP)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    if not bool(torch.isfinite(value)):
        raise NotFinite(f"the loss is {float(value)} after {steps} steps; lower the rate {rate:g}")
