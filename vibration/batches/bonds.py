"""Whether a molecule is still the same compound: bonds before and after an optimisation.

A bond counts as broken beyond 1.45 and as made below 1.2 times the sum of the covalent radii.
Between lie hardly any distances (`internal.graph`), so that a bond near the border of 1.3
that is stretched a little is not taken for another compound.
"""

from __future__ import annotations

import networkx as nx
import numpy as np

from ...pointgroup import Molecule
from ..internal.errors import BondGraphError
from ..internal.graph import bond_graph, covalent_radius, pair_distances

BROKEN = 1.45
MADE = 1.2


def bonds_of(molecule: Molecule) -> tuple[tuple[int, int], ...] | None:
    """The bonds, each with its smaller index first; None where they cannot be guessed."""
    try:
        edges = bond_graph(molecule).edges
    except BondGraphError:
        return None
    return tuple(sorted((min(edge), max(edge)) for edge in edges))


def changed_bonding(start: Molecule, end: Molecule) -> tuple[str, str] | None:
    """What became of the bonds of a molecule whose atoms have moved.

    Parameters
    ----------
    start, end : Molecule
        With the same atoms in the same order.

    Returns
    -------
    (kind, text) or None
        Kind "exploded" if there are more fragments than before, or too many neighbours for a
        compound; "bonding changed" otherwise. None if nothing changed, or the bonds at the
        start cannot be guessed.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> water = example("water")
    >>> changed_bonding(water, water.with_positions(2 * water.positions))
    ('exploded', 'broken: O1-H2, O1-H3')
    """
    before = bonds_of(start)
    if before is None:
        return None
    if bonds_of(end) is None:
        return "exploded", "the atoms lie too near to each other to form a compound"
    radii = np.array([covalent_radius(s) for s in end.symbols])
    ratios = pair_distances(end.positions) / (radii[:, None] + radii)
    old = set(before)
    broken = [b for b in before if ratios[b] > BROKEN]
    made = [
        (int(i), int(j))
        for i, j in zip(*np.nonzero(np.triu(ratios < MADE, 1)), strict=True)
        if (int(i), int(j)) not in old
    ]
    if not broken and not made:
        return None
    after = (old - set(broken)) | set(made)
    more = _fragments(end.n_atoms, after) > _fragments(end.n_atoms, old)
    parts = [
        f"{word}: {_named(end, bonds)}"
        for word, bonds in (("broken", broken), ("made", made))
        if bonds
    ]
    return "exploded" if more else "bonding changed", "; ".join(parts)


def _fragments(n: int, bonds: set[tuple[int, int]]) -> int:
    graph = nx.empty_graph(n)
    graph.add_edges_from(bonds)
    return int(nx.number_connected_components(graph))


def _named(molecule: Molecule, bonds: list[tuple[int, int]]) -> str:
    names = [f"{s}{i + 1}" for i, s in enumerate(molecule.symbols)]
    text = ", ".join(f"{names[i]}-{names[j]}" for i, j in bonds[:4])
    return text + (f" and {len(bonds) - 4} more" if len(bonds) > 4 else "")
