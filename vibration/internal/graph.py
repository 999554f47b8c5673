"""The bond graph of a molecule, guessed from its distances.

Two atoms are bonded if they are nearer than 1.3 times the sum of their covalent radii
(B. Cordero et al., *Dalton Trans.* 2008, 2832, as tabulated in `periodictable`). The factor is
that of J. Hermann's pyberny and lies in the empty range between bonds (below 1.2) and
contacts (above 1.45) of ordinary molecules.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from .errors import BondGraphError

BOND_FACTOR = 1.3
"""Largest distance of bonded atoms, in units of the sum of their covalent radii."""
CONTACT_RANGE = 1.02
"""Contacts up to this factor longer than the shortest one also join two fragments."""
MOST_NEIGHBOURS = {"H": 6, "C": 8, "N": 8, "O": 8, "F": 4}
"""Above it a geometry is not believed: H and C occur in the middle of metal clusters."""
MOST_NEIGHBOURS_OTHERWISE = 16
"""The largest coordination number known (uranocene, CoB16⁻)."""

# fmt: off
METALLOIDS_AND_NONMETALS = frozenset((
    "H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se", "Br",
    "Kr", "Sb", "Te", "I", "Xe", "At", "Rn",
))
# fmt: on


def bond_graph(molecule: Molecule, bonds: Iterable[tuple[int, int]] | None = None) -> nx.Graph:
    """Atoms as nodes 0 … N−1, bonds as edges.

    Parameters
    ----------
    molecule : Molecule
    bonds : iterable of pairs of int, optional
        The bonds, where they are known; distances are not looked at then.

    Raises
    ------
    BondGraphError
        If an element has no covalent radius, an atom has more neighbours than any known
        compound (a compressed or scrambled geometry), or a given bond is no pair of atoms.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> bond_graph(example("cubane")).number_of_edges()     # 12 C–C and 8 C–H
    20
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(molecule.n_atoms))
    graph.add_edges_from(_guessed(molecule) if bonds is None else _checked(molecule, bonds))
    return graph


def fragment_links(molecule: Molecule, graph: nx.Graph) -> list[list[tuple[int, int]]]:
    """Shortest contacts between fragments, pair by pair, that join a graph; none if connected.

    Fragments are joined in the order of their distances (a minimum spanning tree); of each
    pair that is joined, all contacts within 2 % of the shortest one are taken, so that
    equivalent contacts come together.
    """
    parts = [sorted(part) for part in nx.connected_components(graph)]
    if len(parts) == 1:
        return []
    distances = pair_distances(molecule.positions)
    between = nx.Graph()
    for a, b in combinations(range(len(parts)), 2):
        between.add_edge(a, b, weight=distances[np.ix_(parts[a], parts[b])].min())
    joined = nx.empty_graph(len(parts))
    out = []
    for a, b, data in sorted(between.edges(data=True), key=lambda e: e[2]["weight"]):
        weight = data["weight"]
        if nx.has_path(joined, a, b) and weight > CONTACT_RANGE * _longest(joined, a, b):
            continue
        joined.add_edge(a, b, weight=weight)
        limit = CONTACT_RANGE * weight
        out.append([(i, j) for i in parts[a] for j in parts[b] if distances[i, j] <= limit])
    return out


def _longest(joined: nx.Graph, a: int, b: int) -> float:
    """The longest link on the path between two joined fragments."""
    path = nx.shortest_path(joined, a, b)
    return max(float(joined.edges[p]["weight"]) for p in pairwise(path))


@cache
def covalent_radius(symbol: str) -> float:
    """Covalent radius in Å (Cordero 2008).

    Raises
    ------
    BondGraphError
        If the element has none (beyond curium).

    Examples
    --------
    >>> covalent_radius("C")
    0.76
    """
    import periodictable

    radius = periodictable.elements.symbol(symbol).covalent_radius
    if radius is None:
        raise BondGraphError(f"{symbol} has no covalent radius: give the bonds, bonds=[(0, 1), …]")
    return float(radius)


def pair_distances(positions: NDArray[Any]) -> NDArray[np.float64]:
    """(N, N) distances, Å."""
    differences = positions[:, None] - positions
    return np.asarray(np.sqrt(np.einsum("ijk,ijk->ij", differences, differences)))


def is_metal(symbol: str) -> bool:
    """Whether an element binds rings face-on as a metal does."""
    return symbol not in METALLOIDS_AND_NONMETALS


def _guessed(molecule: Molecule) -> list[tuple[int, int]]:
    radii = np.array([covalent_radius(s) for s in molecule.symbols])
    distances = pair_distances(molecule.positions)
    near = np.triu(distances < BOND_FACTOR * (radii[:, None] + radii), 1)
    counts = (near | near.T).sum(axis=1)
    for atom, (symbol, count) in enumerate(zip(molecule.symbols, counts, strict=True)):
        most = MOST_NEIGHBOURS.get(symbol, MOST_NEIGHBOURS_OTHERWISE)
        if count > most:
            raise BondGraphError(
                f"the bonds cannot be guessed: atom {atom} ({symbol}) would have {count} "
                f"neighbours, at most {most} are believed; give them, bonds=[(0, 1), …]"
            )
    return [(int(i), int(j)) for i, j in zip(*np.nonzero(near), strict=True)]


def _checked(molecule: Molecule, bonds: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    out = []
    for bond in bonds:
        pair = tuple(bond)
        known = len(pair) == 2 and all(
            isinstance(i, int | np.integer) and 0 <= i < molecule.n_atoms for i in pair
        )
        if not known or pair[0] == pair[1]:
            raise BondGraphError(
                f"bond {bond}: give two different atoms from 0 to {molecule.n_atoms - 1}"
            )
        out.append((int(min(pair)), int(max(pair))))
    return out
