"""An E(3)-equivariant message-passing network on molecular graphs.

Each atom has scalars, which no rotation or reflection changes, and vectors, which turn with the
molecule. Only sums, products with scalars, and scalar products combine them, so that this
holds exactly for whatever weights; there is no cross product, which would change its sign
under reflection relative to a vector.

Source: K. T. Schütt, O. T. Unke, M. Gastegger, *ICML* (2021), PaiNN: equations 7 to 10 with the
radial functions sin(nπr/r_cut)/r and the cosine cut-off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from ..errors import SpectraError
from .config import NetworkConfig
from .graphs import GraphBatch

SMALL = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Graphs:
    """A batch of graphs as tensors, with what follows from the positions.

    Attributes
    ----------
    elements : (n_atoms,) int64
        Places in the vocabulary.
    edges : (2, n_edges) int64
    owner : (n_atoms,) int64
    size : int
    radial : (n_edges, n_radial)
        Radial functions times the cut-off function.
    units : (n_edges, 3)
        Unit vectors from receiver to sender.
    envelope : (n_edges, 1)
        1 at distance 0, 0 at the cut-off.
    """

    elements: Tensor
    edges: Tensor
    owner: Tensor
    size: int
    radial: Tensor
    units: Tensor
    envelope: Tensor


def graphs_of(batch: GraphBatch, config: NetworkConfig, like: Tensor) -> Graphs:
    """Tensors of a batch, on the device and in the precision of another tensor.

    Raises
    ------
    SpectraError
        If an element is not in the vocabulary.
    """
    elements = vocabulary_places(batch.numbers.tolist(), config)
    positions = torch.as_tensor(batch.positions.copy(), dtype=torch.float64, device=like.device)
    edges = torch.as_tensor(batch.edges.copy(), device=like.device)
    sender, receiver = edges
    # Distances in double precision: single loses digits far from the origin.
    arms = positions[sender] - positions[receiver]
    lengths = arms.norm(dim=1, keepdim=True)
    order = torch.arange(1, config.radial + 1, dtype=torch.float64, device=like.device)
    envelope = 0.5 * (torch.cos(math.pi * lengths / config.cutoff) + 1)
    radial = torch.sin(order * math.pi * lengths / config.cutoff) / lengths * envelope
    return Graphs(
        torch.tensor(elements, device=like.device),
        edges,
        torch.as_tensor(batch.owner, device=like.device),
        batch.size,
        radial.to(like.dtype),
        (arms / lengths).to(like.dtype),
        envelope.to(like.dtype),
    )


def vocabulary_places(numbers: list[int], config: NetworkConfig) -> list[int]:
    """Place of each atom's element in the vocabulary.

    Raises
    ------
    SpectraError
        If an element is not in it.
    """
    places = {number: place for place, number in enumerate(config.numbers)}
    for atom, number in enumerate(numbers):
        if number not in places:
            import periodictable

            raise SpectraError(
                f"atom {atom} is {periodictable.elements[number].symbol}, which this model has "
                f"not learnt; it knows {', '.join(config.elements)}"
            )
    return [places[number] for number in numbers]


class Interaction(MessagePassing):
    """Messages between neighbours, then a mixing of scalars and vectors in each atom."""

    def __init__(self, width: int, radial: int) -> None:
        super().__init__(aggr="add")
        self.width = width
        self.content = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 3 * width)
        )
        self.filter = nn.Linear(radial, 3 * width, bias=False)
        self.mix = nn.Linear(width, 2 * width, bias=False)
        self.gate = nn.Sequential(
            nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, 3 * width)
        )

    def forward(self, scalars: Tensor, vectors: Tensor, graphs: Graphs) -> tuple[Tensor, Tensor]:
        """New scalars (n, width) and vectors (n, 3, width)."""
        own, through, along = self.content(scalars).split(self.width, dim=1)
        sums = self.propagate(
            graphs.edges,
            told=torch.cat([own, (vectors * through[:, None]).flatten(1)], dim=1),
            along=along,
            filters=self.filter(graphs.radial),
            units=graphs.units,
            size=(len(scalars), len(scalars)),
        ).view(-1, 4, self.width)
        return self._mixed(scalars + sums[:, 0], vectors + sums[:, 1:])

    def message(self, told_j: Tensor, along_j: Tensor, filters: Tensor, units: Tensor) -> Tensor:
        """What an atom hears from a neighbour, (n_edges, 4 · width)."""
        own, through, along = filters.split(self.width, dim=1)
        told_j = told_j.view(-1, 4, self.width)
        turned = units[:, :, None] * (along * along_j)[:, None]
        heard = told_j[:, 1:] * through[:, None] + turned
        return torch.cat([told_j[:, 0] * own, heard.flatten(1)], dim=1)

    def aggregate(self, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:
        """Sums of what each atom hears."""
        return inputs.new_zeros(dim_size, inputs.shape[1]).index_add(0, index, inputs)

    def _mixed(self, scalars: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
        left, right = self.mix(vectors).split(self.width, dim=2)
        # The root of the bare square has no derivative where a vector vanishes by symmetry.
        lengths = torch.sqrt((right * right).sum(1) + SMALL)
        own, product, along = self.gate(torch.cat([scalars, lengths], 1)).split(self.width, dim=1)
        scalars = scalars + own + product * (left * right).sum(1)
        return scalars, vectors + left * along[:, None]


class Encoder(nn.Module):
    """Scalars and vectors of each atom in its surroundings."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.width = config.width
        self.embedding = nn.Embedding(len(config.elements), config.width)
        self.interactions = nn.ModuleList(
            Interaction(config.width, config.radial) for _ in range(config.layers)
        )

    def forward(self, graphs: Graphs) -> tuple[Tensor, Tensor]:
        """Scalars (n_atoms, width) and vectors (n_atoms, 3, width)."""
        scalars = self.embedding(graphs.elements)
        vectors = scalars.new_zeros(len(scalars), 3, self.width)
        for interaction in self.interactions:
            scalars, vectors = interaction(scalars, vectors, graphs)
        return scalars, vectors


def summed(values: Tensor, graphs: Graphs) -> Tensor:
    """Sum over the atoms of each molecule, (n_molecules, k) from (n_atoms, k)."""
    return values.new_zeros(graphs.size, *values.shape[1:]).index_add(0, graphs.owner, values)


def perceptron(inside: int, hidden: int, outside: int, *, quiet: bool = False) -> nn.Sequential:
    """Two layers; a quiet one starts with zeros, so that it adds nothing at first."""
    last = nn.Linear(hidden, outside)
    if quiet:
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(inside, hidden), nn.SiLU(), last)
