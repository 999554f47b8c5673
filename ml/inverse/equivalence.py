"""Which nuclei a measured NMR spectrum does not tell apart."""

from __future__ import annotations

import networkx as nx
import numpy as np

from ...vibration.internal.graph import bond_graph
from ..forward.graphs import MolecularGraph
from ..forward.valence import molecule_of
from ..table import Float32, Int64


def methyl_means(graph: MolecularGraph, shifts: Float32) -> Float32:
    """Shifts with the mean over each methyl group, which turns faster than NMR can see.

    Parameters
    ----------
    graph : MolecularGraph
    shifts : (n_atoms,) ppm
        NaN for atoms without a shift.

    Returns
    -------
    (n_atoms,) float32

    Raises
    ------
    BondGraphError
        If the geometry is none of a molecule.
    """
    out = np.array(shifts, dtype=np.float32)
    bonds = bond_graph(molecule_of(graph))
    for carbon in np.flatnonzero(graph.numbers == 6):
        hydrogens = [atom for atom in bonds[int(carbon)] if graph.numbers[atom] == 1]
        if len(hydrogens) == 3:
            out[hydrogens] = out[hydrogens].mean()
    return out


def equivalent_atoms(graph: MolecularGraph) -> Int64:
    """A number for the class of each atom, (n_atoms,): those of one class have the same bonds.

    Configurations are not looked at: two methyl groups at one end of a double bond are of one
    class.
    """
    molecule = molecule_of(graph)
    bonds = bond_graph(molecule)
    nx.set_node_attributes(bonds, dict(enumerate(molecule.symbols)), "element")
    n = len(graph)
    found = nx.weisfeiler_lehman_subgraph_hashes(bonds, node_attr="element", iterations=n)
    classes: Int64 = np.unique([found[atom][-1] for atom in range(n)], return_inverse=True)[1]
    return classes
