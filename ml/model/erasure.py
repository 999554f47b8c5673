"""Linear erasure: a map after which no linear classifier finds the instrument in z_chem.

N. Belrose et al., "LEACE: Perfect linear concept erasure in closed form", NeurIPS 36 (2023),
arXiv:2306.03819. With the covariance Σ of all latent vectors and W = Σ^(−1/2), what is taken
away is W⁻¹ V Vᵀ W (z − centre), where V spans the means of the classes in the whitened space:
the smallest change, in the metric of Σ, that makes these means equal.

The means are taken over the same molecules on each instrument, so that the molecules cancel.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

RIDGE = 1e-3
"""Share of the mean variance that is added to every direction before whitening."""
LEAST = 0.03
"""Directions stay where instruments make less than this share of the variance."""


class Erasure(nn.Module):
    """z → z − projection (z − centre); the identity until it is fitted.

    Parameters
    ----------
    dimensions : int
    """

    centre: Tensor
    projection: Tensor

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(dimensions))
        self.register_buffer("projection", torch.zeros(dimensions, dimensions))

    def forward(self, z: Tensor) -> Tensor:
        """Latent vectors without what tells instruments apart, (n, dimensions)."""
        return z - (z - self.centre) @ self.projection.T

    def put(self, centre: NDArray[np.floating], projection: NDArray[np.floating]) -> None:
        """Take over a map; see `erasing_map`."""
        with torch.no_grad():
            self.centre.copy_(torch.from_numpy(np.asarray(centre, dtype=np.float32)))
            self.projection.copy_(torch.from_numpy(np.asarray(projection, dtype=np.float32)))


def erasing_map(
    panel: NDArray[np.floating], *, ridge: float = RIDGE, least: float = LEAST
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Centre and projection of an `Erasure`.

    Parameters
    ----------
    panel : (molecules, instruments, dimensions)
        Latent vectors of the same molecules on each instrument.
    ridge : float
        See `RIDGE`.
    least : float
        See `LEAST`.

    Returns
    -------
    centre : (dimensions,)
    projection : (dimensions, dimensions)
    rank : int
        Number of directions that are taken away, less than the number of instruments.
    """
    z = np.asarray(panel, dtype=float)
    flat = z.reshape(-1, z.shape[2])
    centre = flat.mean(axis=0)
    covariance = (flat - centre).T @ (flat - centre) / len(flat)
    size = len(covariance)
    variances, axes = np.linalg.eigh(covariance)
    scale = np.sqrt(np.maximum(variances, 0) + ridge * np.trace(covariance) / size)
    whiten, colour = (axes / scale) @ axes.T, (axes * scale) @ axes.T
    means = (z.mean(axis=0) - centre) @ whiten
    shares, directions = np.linalg.eigh(means.T @ means / len(means))
    kept = directions[:, shares > least]
    return centre, colour @ kept @ kept.T @ whiten, kept.shape[1]
