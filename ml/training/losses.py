"""Parts of the training loss, each a plain function of tensors."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..model.heads import Latent

SCALING = 0.8
"""Ratio of successive blurs in the Sinkhorn iteration; larger is slower and more exact."""

LEAST_VARIANCE = 1e-3
"""Added to the variance of a latent number, so that one that carries nothing does not count."""


def hidden_error(found: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
    """Squared error at hidden points over that of the mean spectrum of the batch.

    Parameters
    ----------
    found, target : (n, channels, points)
    hidden : (n, points) bool

    Returns
    -------
    scalar
        1 for a model that knows the mean spectrum and nothing else. Blank channels do not
        count.
    """
    counts = (hidden[:, None] & target.ne(0).any(dim=2, keepdim=True)).to(target.dtype)
    usual = ((target - target.mean(dim=0)) ** 2 * counts).sum().clamp_min(1e-12)
    return ((found.to(target.dtype) - target) ** 2 * counts).sum() / usual


def divergence(latent: Latent) -> Tensor:
    """KL divergence to the standard normal, nats, summed over dimensions; mean of the batch."""
    mean, log_variance = latent.mean, latent.log_variance
    each = (mean**2 + log_variance.exp() - 1 - log_variance) / 2
    return each.sum(dim=1).mean()


def info_nce(a: Tensor, b: Tensor, scale: Tensor) -> Tensor:
    """Contrastive loss of pairs of unit vectors, both ways.

    A. van den Oord, Y. Li and O. Vinyals, arXiv:1807.03748 (2018), eq. 4.

    Parameters
    ----------
    a, b : (n, dimensions)
        Row i of both belongs to the same molecule.
    scale : scalar
        Inverse temperature.
    """
    logits = scale * a @ b.T
    same = torch.arange(len(a), device=a.device)
    return (cross_entropy(logits, same) + cross_entropy(logits.T, same)) / 2


def spread_between(a: Tensor, b: Tensor) -> Tensor:
    """Share of the variance of each latent number that lies between two views of one molecule.

    Parameters
    ----------
    a, b : (n, dimensions)
        Row i of both belongs to the same molecule.

    Returns
    -------
    scalar
        Mean over dimensions of ⟨(a − b)²⟩/2 over the variance of both together: 0 where the
        views agree, 1 where they have nothing in common.
    """
    variance = torch.cat([a, b]).var(dim=0, correction=0)
    each = ((a - b) ** 2).mean(dim=0) / 2
    return (each / (variance + LEAST_VARIANCE)).mean()


def sinkhorn_divergence(x: Tensor, y: Tensor, blur: float, *, scaling: float = SCALING) -> Tensor:
    """Debiased entropic transport cost between two clouds of equal weights.

    S(x, y) = OT(x, y) − OT(x, x)/2 − OT(y, y)/2 with cost |x − y|²/2 and ε = blur²;
    J. Feydy et al., AISTATS, PMLR 89, 2681 (2019), eq. 3.

    Parameters
    ----------
    x, y : (n, dimensions), (m, dimensions)
    blur : float
        In the unit of ``x``.
    """
    out: Tensor = _samples_loss(blur, scaling)(x, y)
    return out


def instrument_halves(instruments: Tensor, n: int, step: int) -> Tensor:
    """Which spectra are of the first half of the instruments; halves change with the step.

    Returns
    -------
    (n,) bool
    """
    return ((instruments + step) % n) < n // 2


@lru_cache(maxsize=8)
def _samples_loss(blur: float, scaling: float) -> Any:
    from geomloss import SamplesLoss

    return SamplesLoss("sinkhorn", p=2, blur=blur, scaling=scaling, backend="tensorized")
