"""How far predicted spectra are from computed ones."""

from __future__ import annotations

import torch
from torch import Tensor

from .config import ForwardLoss
from .lines import lorentzian, wavenumbers_of

SMALL = 1e-12


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """Cosine similarity along the last axis; 0 where one of the two vanishes."""
    norms = a.norm(dim=-1) * b.norm(dim=-1)
    return (a * b).sum(-1) / norms.clamp_min(SMALL)


def blurring(points: int, step: float, fwhm: float, like: Tensor) -> Tensor:
    """Matrix (points, points) that convolves curves with a Lorentzian."""
    places = torch.arange(points, dtype=like.dtype, device=like.device) * step
    return lorentzian(places[:, None] - places, fwhm) * step


def spectral_loss(
    curves: Tensor, targets: Tensor, loss: ForwardLoss, blur: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of curves and its parts.

    A molecule whose spectrum vanishes in a channel (no allowed line) is left out there.

    Parameters
    ----------
    curves, targets : (n, 2, points)
    loss : ForwardLoss
    blur : (points, points)
        See `blurring`.
    """
    there = (targets.amax(2) > 0).to(curves.dtype)
    weights = there * curves.new_tensor([loss.ir, loss.raman])
    norm = there.sum(0).clamp_min(1)
    near, far = cosines(curves, targets), cosines(curves @ blur, targets @ blur)
    areas = curves.sum(2).clamp_min(SMALL), targets.sum(2).clamp_min(SMALL)
    ratio = (areas[0].log() - areas[1].log()).abs()
    each = 1 - near + loss.wide * (1 - far) + loss.total * ratio
    means = (near * there).sum(0) / norm
    parts = {"cosine ir": means[0].detach(), "cosine raman": means[1].detach()}
    return (weights * each / norm).sum(), parts


def line_loss(curvatures: Tensor, wavenumbers: Tensor, there: Tensor) -> Tensor:
    """Mean error of sorted wavenumbers over 100 cm⁻¹: the distance of two sets of lines.

    Parameters
    ----------
    curvatures : (n, modes), mdyn/(Å u)
        Ascending.
    wavenumbers : (n, modes), cm⁻¹
        Ascending; anything where there is no mode.
    there : (n, modes) bool
    """
    off = (wavenumbers_of(curvatures) - wavenumbers).abs() / 100
    return torch.where(there, off, 0.0).sum() / there.sum()
