"""NMR shifts of atoms by the same network.

Equivalent atoms (the hydrogens of a methyl group) are predicted one by one at the geometry; a
caller averages them if the measurement does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .config import NUCLEI, NetworkConfig
from .graphs import Int64
from .network import Encoder, graphs_of, perceptron
from .samples import Batch
from .shift_data import ShiftSet


class ShiftModel(nn.Module):
    """Shift of every atom, ppm; for atoms of other elements a number without meaning.

    ``mean`` and ``spread``, (n_elements,), are those of the training data, ppm.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.head = perceptron(config.width, config.width, 1)
        self.register_buffer("mean", torch.zeros(len(config.elements)))
        self.register_buffer("spread", torch.ones(len(config.elements)))

    def forward(self, batch: Batch) -> Tensor:
        """Shifts, ppm, (n_atoms of all,)."""
        graphs = graphs_of(batch.graphs, self.config, self.mean)
        scalars, _ = self.encoder(graphs)
        standard = self.head(scalars)[:, 0]
        return self.mean[graphs.elements] + self.spread[graphs.elements] * standard

    def standardise(self, numbers: Int64, shifts: Tensor) -> None:
        """Take mean and spread of each element from training data."""
        for place, number in enumerate(self.config.numbers):
            of = shifts[torch.as_tensor(numbers == number)]
            if len(of) > 1:
                self.mean[place], self.spread[place] = of.mean(), of.std().clamp_min(1e-3)


def shift_errors(
    predicted: Sequence[NDArray[np.floating]], truth: ShiftSet, rows: Sequence[int]
) -> dict[str, float]:
    """Mean absolute error by nucleus, ppm, of predictions for some molecules.

    Parameters
    ----------
    predicted : (n_atoms,) arrays, ppm
        Of every atom of the molecules in ``rows``.
    truth : ShiftSet
    rows : sequence of int
    """
    errors: dict[str, list[NDArray[np.floating]]] = {nucleus: [] for nucleus in NUCLEI}
    for values, row in zip(predicted, rows, strict=True):
        known = truth.shifts[row]
        numbers = truth.graphs[row].numbers[known.atoms]
        off = np.abs(values[known.atoms] - known.shifts)
        for nucleus, number in NUCLEI.items():
            errors[nucleus].append(off[numbers == number])
    joint = {nucleus: np.concatenate(parts) for nucleus, parts in errors.items() if parts}
    return {n: float(e.mean()) for n, e in joint.items() if len(e)}
