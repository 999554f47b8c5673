"""The plain forward model: curves on a grid as a sum over atoms.

Every atom contributes a positive curve that depends on its surroundings within layers × cut-off.
The model does not know what a normal mode is, nor what its symmetry forbids.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..table import Float32
from .config import NetworkConfig
from .network import Encoder, graphs_of, perceptron, summed
from .samples import Batch

CHANNELS = 2
"""Infrared and Raman."""


class GridModel(nn.Module):
    """Infrared and Raman curves of molecules.

    ``scale``, (2,), is the mean of each channel per atom and point in the training data.
    """

    scale: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        points = config.axis.points
        self.head = perceptron(config.width, 2 * config.width, CHANNELS * points)
        self.register_buffer("scale", torch.ones(CHANNELS))

    def forward(self, batch: Batch) -> tuple[Tensor, None]:
        """Curves, (n, 2, points), in the units of `spektron.ml.broadening.curves`."""
        graphs = graphs_of(batch.graphs, self.config, self.scale)
        scalars, _ = self.encoder(graphs)
        parts = nn.functional.softplus(self.head(scalars))
        curves = summed(parts, graphs).view(graphs.size, CHANNELS, -1)
        return curves * self.scale[:, None], None

    def scale_to(self, curves: Float32, atoms: int) -> None:
        """Take the unit from curves of molecules that have so many atoms together."""
        mean = curves.sum(axis=(0, 2)) / (atoms * curves.shape[2])
        self.scale.copy_(torch.as_tensor(mean).clamp_min(1e-6))
