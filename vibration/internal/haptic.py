"""Rings and chains of atoms bound face-on to a metal, replaced by one bond to their centroid.

Ferrocene has ten Fe–C contacts, but chemists speak of two metal–ring bonds, ring tilts and a
ring torsion. The centroid of the bound atoms becomes a site: the metal is bonded to it, and
its atoms are its spokes, which carry angles and torsions but no stretches.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from ...pointgroup import Molecule
from .graph import is_metal

SMALLEST_HAPTICITY = 3


@dataclass(frozen=True, slots=True, eq=False)
class SiteGraph:
    """Bonds between sites, atoms and centroids.

    Attributes
    ----------
    graph : networkx.Graph
        Each edge has the attribute ``auxiliary``.
    centroids : tuple of tuples of int
        Atoms of each centroid; site N + r is centroid r.
    spokes : dict
        Atoms of a centroid, by its site.
    """

    graph: nx.Graph
    centroids: tuple[tuple[int, ...], ...]
    spokes: dict[int, tuple[int, ...]]

    def around(self, site: int) -> list[int]:
        """Neighbours of a site, spokes included."""
        return [*self.graph[site], *self.spokes.get(site, ())]

    def is_auxiliary(self, *pairs: tuple[int, int]) -> bool:
        """Whether a coordinate that runs over these edges uses one that is no bond."""
        edges = self.graph.edges
        return any(edges[p]["auxiliary"] for p in pairs if p in edges)


def site_graph(molecule: Molecule, bonds: nx.Graph) -> SiteGraph:
    """The bond graph with face-on ligands bound through their centroids.

    A ligand is face-on if three or more neighbours of a metal, none of them a metal or a
    hydrogen, are bonded with each other.
    """
    graph = bonds.copy()
    rings: list[tuple[int, ...]] = []
    for metal, ring in _face_on(molecule, bonds):
        graph.remove_edges_from((metal, atom) for atom in ring)
        if ring not in rings:
            rings.append(ring)
        graph.add_edge(metal, molecule.n_atoms + rings.index(ring))
    nx.set_edge_attributes(graph, False, "auxiliary")
    spokes = {molecule.n_atoms + r: ring for r, ring in enumerate(rings)}
    return SiteGraph(graph, tuple(rings), spokes)


def _face_on(molecule: Molecule, bonds: nx.Graph) -> list[tuple[int, tuple[int, ...]]]:
    metals = [i for i, symbol in enumerate(molecule.symbols) if is_metal(symbol)]
    out = []
    for metal in metals:
        bound = [i for i in bonds[metal] if i not in metals and molecule.symbols[i] != "H"]
        parts = nx.connected_components(bonds.subgraph(bound))
        out += [(metal, tuple(sorted(p))) for p in parts if len(p) >= SMALLEST_HAPTICITY]
    return out
