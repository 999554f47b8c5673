"""How rates and weights change with the step: warm-up and cosine, and annealing."""

from __future__ import annotations

import math


def cosine_rate(step: int, *, steps: int, warmup: int, final: float) -> float:
    """Factor on the learning rate at a step (from 0).

    It grows linearly over ``warmup`` steps to 1 and falls by half a cosine to ``final`` at the
    last step; I. Loshchilov and F. Hutter, ICLR (2017).

    Examples
    --------
    >>> [round(cosine_rate(k, steps=9, warmup=2, final=0.1), 3) for k in (0, 1, 2, 5, 8)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    if step < warmup:
        return (step + 1) / warmup
    share = (step - warmup) / max(1, steps - 1 - warmup)
    return final + (1 - final) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


def ramp(step: int, *, steps: int, share: float) -> float:
    """From 0 at the first step to 1 after a share of the steps, linearly.

    Examples
    --------
    >>> [ramp(k, steps=100, share=0.5) for k in (0, 25, 50, 99)]
    [0.0, 0.5, 1.0, 1.0]
    """
    length = share * steps
    return min(1.0, step / length) if length else 1.0
