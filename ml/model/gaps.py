"""Straight lines across the hidden points of spectra."""

from __future__ import annotations

import torch
from torch import Tensor


def across_gaps(spectra: Tensor, hidden: Tensor) -> Tensor:
    """Spectra with hidden points replaced by straight lines between the visible ones beside them.

    A gap at an end is filled with its only neighbour. What stood at hidden points has no
    influence.

    Parameters
    ----------
    spectra : (n, channels, points) tensor
    hidden : (n, points) bool tensor
        Each spectrum has a visible point.

    Examples
    --------
    >>> line = torch.tensor([[[0.0, 9.0, 9.0, 3.0, 9.0]]])
    >>> across_gaps(line, line[:, 0] == 9)
    tensor([[[0., 1., 2., 3., 3.]]])
    """
    points = spectra.shape[2]
    place = torch.arange(points, device=spectra.device).expand(hidden.shape)
    before = place.masked_fill(hidden, -1).cummax(dim=1).values
    after = place.masked_fill(hidden, points).flip(1).cummin(dim=1).values.flip(1)
    left = torch.where(before < 0, after, before)
    right = torch.where(after == points, before, after)
    share = (place - left) / (right - left).clamp_min(1)
    low, high = (spectra.gather(2, end[:, None].expand(spectra.shape)) for end in (left, right))
    # Where a point is visible both ends are itself, and the share is 0.
    return low + (high - low) * share[:, None].to(spectra.dtype)
