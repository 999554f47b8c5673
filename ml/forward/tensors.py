"""Derivatives of dipole moment and polarizability by the positions of atoms, from a network.

Tensors are built of what turns with the molecule: unit vectors of edges, the vectors of the
atoms, and the unit matrix; products of polar vectors and δ are the whole of what is needed, a
Levi-Civita symbol would make them pseudotensors.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from .config import NetworkConfig
from .network import Graphs, perceptron, summed

VECTORS: Final = 8
"""Products of vectors in each tensor."""
_EDGE: Final = 4


class IntensityTensors(nn.Module):
    """∂μ/∂x and ∂α/∂x of every atom."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.width
        self.mix = nn.Linear(width, 5 * VECTORS + 2, bias=False)
        self.atom = perceptron(width, width, 1 + 2 * VECTORS)
        self.edge = perceptron(2 * width + config.radial, width, _EDGE)

    def forward(self, scalars: Tensor, vectors: Tensor, graphs: Graphs) -> tuple[Tensor, Tensor]:
        """Dipole (n, 3, 3), e, and polarizability derivatives (n, 3, 3, 3), bohr².

        Their sums over a molecule vanish: a translation changes neither the dipole moment of a
        neutral molecule nor its polarizability.
        """
        eye = torch.eye(3, dtype=scalars.dtype, device=scalars.device)
        own = self.atom(scalars)
        parts = self.mix(vectors).split([VECTORS] * 5 + [1, 1], dim=2)
        a, b, c, d, e, f, g = parts
        bonds = self._bonds(scalars, graphs)
        charge, first, second = own.split([1, VECTORS, VECTORS], dim=1)
        dipole = charge[:, :, None] * eye + torch.einsum("nk,nak,nbk->nab", first, a, b)
        dipole = dipole + bonds[0]
        alpha = torch.einsum("nk,nak,nbk,nck->nabc", second, c, d, e)
        alpha = alpha + torch.einsum("ab,nc->nabc", eye, f[..., 0] + bonds[2])
        alpha = alpha + torch.einsum("ac,nb->nabc", eye, g[..., 0] + bonds[3]) + bonds[1]
        alpha = (alpha + alpha.transpose(1, 2)) / 2
        return _without_mean(dipole, graphs), _without_mean(alpha, graphs)

    def _bonds(self, scalars: Tensor, graphs: Graphs) -> list[Tensor]:
        """Sums over neighbours of r r, r r r and twice r, each with its own weights."""
        sender, receiver = graphs.edges
        inputs = torch.cat([scalars[receiver], scalars[sender], graphs.radial], dim=1)
        weights = self.edge(inputs) * graphs.envelope
        r = graphs.units
        terms = (
            torch.einsum("e,ea,eb->eab", weights[:, 0], r, r),
            torch.einsum("e,ea,eb,ec->eabc", weights[:, 1], r, r, r),
            weights[:, 2, None] * r,
            weights[:, 3, None] * r,
        )
        return [
            term.new_zeros(len(scalars), *term.shape[1:]).index_add(0, receiver, term)
            for term in terms
        ]


def _without_mean(values: Tensor, graphs: Graphs) -> Tensor:
    """Tensors of atoms less their mean over the molecule."""
    counts = torch.bincount(graphs.owner, minlength=graphs.size).to(values.dtype)
    flat = values.flatten(1)
    return (flat - (summed(flat, graphs) / counts[:, None])[graphs.owner]).view_as(values)
