"""Molecules as graphs: atoms, and every pair of atoms within a cut-off.

No bond orders: what a bond is follows from the distance. Arrays only, no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from ..errors import SpectraError
from ..table import SpectraTable

Float64: TypeAlias = NDArray[np.float64]
Int64: TypeAlias = NDArray[np.int64]

CUTOFF: Final = 5.0
"""Å, unless a configuration says otherwise."""
CLOSEST: Final = 0.3
"""Å; nearer atoms are taken for an error of the geometry."""


@dataclass(frozen=True, slots=True, eq=False)
class MolecularGraph:
    """Atoms and directed edges of one molecule.

    Attributes
    ----------
    numbers : (n,) int64
        Atomic numbers.
    positions : (n, 3) float64, Å
    edges : (2, n_edges) int64
        Row 0 sends, row 1 receives; both directions, ordered by receiver and sender.
    """

    numbers: Int64
    positions: Float64
    edges: Int64

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True, eq=False)
class GraphBatch:
    """Some molecules as one graph without edges between them.

    Attributes
    ----------
    numbers : (n_atoms of all,) int64
    positions : (n_atoms of all, 3) float64, Å
    edges : (2, n_edges of all) int64
    owner : (n_atoms of all,) int64
        Molecule of each atom.
    size : int
        Number of molecules.
    """

    numbers: Int64
    positions: Float64
    edges: Int64
    owner: Int64
    size: int


def molecular_graph(numbers: ArrayLike, positions: ArrayLike, cutoff: float) -> MolecularGraph:
    """The graph of a geometry.

    Parameters
    ----------
    numbers : (n,)
        Atomic numbers.
    positions : (n, 3), Å
    cutoff : float, Å
        Atoms at this distance or farther are no neighbours.

    Raises
    ------
    SpectraError
        If there is no atom, shapes do not fit, a coordinate is not finite, or two atoms are
        nearer than `CLOSEST`.

    Examples
    --------
    >>> graph = molecular_graph([8, 1, 1], [[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]], 1.2)
    >>> graph.edges.tolist()
    [[1, 2, 0, 0], [0, 0, 1, 2]]
    """
    z, x = np.array(numbers, dtype=np.int64), np.array(positions, dtype=np.float64)
    if z.ndim != 1 or not len(z) or x.shape != (len(z), 3):
        raise SpectraError(
            f"{z.shape} atomic numbers and positions of shape {x.shape}; give n and (n, 3), n ≥ 1"
        )
    if not np.isfinite(x).all():
        raise SpectraError("a coordinate is not finite; correct the geometry")
    apart = np.linalg.norm(x[:, None] - x[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    if apart.min(initial=np.inf) < CLOSEST:
        i, j = map(int, np.unravel_index(np.argmin(apart), apart.shape))
        raise SpectraError(
            f"atoms {i} and {j} are {apart[i, j]:.2f} Å apart, at least {CLOSEST:g} Å are "
            "believed; correct the geometry"
        )
    receiver, sender = np.nonzero(apart < cutoff)
    edges = np.stack([sender, receiver]).astype(np.int64)
    for array in (z, x, edges):
        array.flags.writeable = False
    return MolecularGraph(z, x, edges)


def graph_of(molecule: Molecule, cutoff: float = CUTOFF) -> MolecularGraph:
    """The graph of a molecule."""
    return molecular_graph(molecule.atomic_numbers, molecule.positions, cutoff)


def graph_of_row(table: SpectraTable, row: int, cutoff: float = CUTOFF) -> MolecularGraph:
    """The graph of a molecule of a table.

    Raises
    ------
    SpectraError
        If the table has no geometry of it.
    """
    atoms = slice(table.atomic_numbers.offsets[row], table.atomic_numbers.offsets[row + 1])
    if atoms.start == atoms.stop:
        raise SpectraError(
            f"molecule {row} ({table.texts['name'][row]}) has no geometry in the table; export "
            "the data set again"
        )
    return molecular_graph(table.atomic_numbers[row], table.positions[atoms], cutoff)


def join_graphs(graphs: Sequence[MolecularGraph]) -> GraphBatch:
    """Molecules one after another as one graph.

    Examples
    --------
    >>> one = molecular_graph([1, 1], [[0, 0, 0], [0, 0, 0.74]], 2.0)
    >>> join_graphs([one, one]).edges.tolist()
    [[1, 0, 3, 2], [0, 1, 2, 3]]
    """
    if not graphs:
        raise SpectraError("no molecule to compute; give at least one")
    sizes = np.array([len(graph) for graph in graphs])
    starts = np.cumsum(sizes) - sizes
    return GraphBatch(
        np.concatenate([graph.numbers for graph in graphs]),
        np.concatenate([graph.positions for graph in graphs]),
        np.concatenate([g.edges + s for g, s in zip(graphs, starts, strict=True)], axis=1),
        np.repeat(np.arange(len(graphs)), sizes),
        len(graphs),
    )
