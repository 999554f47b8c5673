"""The redundant internal coordinates of a molecule, from its bond graph."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from .action import closed
from .complete import completed, geometric_symmetry
from .coordinate import stretch
from .coordinates import InternalCoordinates
from .graph import bond_graph, fragment_links
from .haptic import site_graph
from .rules import LINEAR_ANGLE, Triple, bond_angles, valence_coordinates

FloatArray = NDArray[np.float64]
MOST_CONTACTS = 6
"""Fragments with more equal contacts (an atom in a cage) get distances, no angles over them."""
EXACT_ANGLE = 179.9
"""Degrees; a larger angle is a line whether or not an atom lies beside it."""


def internal_coordinates(
    molecule: Molecule, bonds: Iterable[tuple[int, int]] | None = None
) -> InternalCoordinates:
    """Redundant coordinates that span all 3N − 6 (3N − 5) vibrations of a molecule.

    They follow from the bond graph by the rules of `rules`. Rings that a metal binds face-on
    enter by their centroids, fragments are joined by their shortest contacts, the set is closed
    under the symmetry of the geometry (masses ignored, so that isotopologues have the same
    coordinates) and completed where the rules leave a vibration undescribed.

    Parameters
    ----------
    molecule : Molecule
    bonds : iterable of pairs of int, optional
        The bonds, if they should not be guessed from the distances.

    Raises
    ------
    BondGraphError
        If the bonds cannot be guessed.
    CoordinateError
        If no complete set is found.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> internal_coordinates(example("ethylene"))
    <InternalCoordinates of C2H4: 5 stretch, 6 bend, 4 torsion, 6 out-of-plane>
    >>> internal_coordinates(example("ferrocene")).centroids
    ((1, 2, 3, 4, 5), (6, 7, 8, 9, 10))
    """
    symmetry = geometric_symmetry(molecule.with_masses(None))
    bonded = bond_graph(molecule, bonds)
    sites = site_graph(molecule, bonded)
    links = fragment_links(molecule, bonded)
    for contacts in links:
        if len(contacts) <= MOST_CONTACTS:
            sites.graph.add_edges_from(contacts, auxiliary=True)
    on_line = symmetry.group.is_linear
    empty = InternalCoordinates(
        molecule,
        (),
        sites.centroids,
        tuple(sorted((min(e), max(e)) for e in sites.graph.edges)),
        symmetry.frame[0] if on_line else None,
    )
    placed = empty.site_positions(symmetry.symmetrised_positions)
    angles = bond_angles(sites, placed)
    references = {
        triple: -1 if on_line else reference
        for triple, angle in angles.items()
        if angle > LINEAR_ANGLE
        for reference, clear in [_reference(triple, placed, molecule.n_atoms)]
        if clear or angle > EXACT_ANGLE
    }
    loose = [stretch(*c, auxiliary=True) for one in links if len(one) > MOST_CONTACTS for c in one]
    chosen = empty.with_coordinates([*valence_coordinates(sites, angles, references), *loose])
    return completed(closed(chosen, symmetry), sites, symmetry)


def _reference(triple: Triple, placed: FloatArray, n_atoms: int) -> tuple[int, bool]:
    """The nearest atom that lies clearly beside a line, the first of equally near ones.

    If there is none, the atom that lies farthest beside it, and False.
    """
    i, j, k = triple
    axis = placed[k] - placed[i]
    axis /= np.linalg.norm(axis)
    arms = placed[:n_atoms] - placed[j]
    lengths = np.linalg.norm(arms, axis=1)
    beside = np.linalg.norm(arms - np.outer(arms @ axis, axis), axis=1)
    clear = (beside > 0.3 * np.maximum(lengths, 1e-9)) & (beside > 0.3)
    if not clear.any():
        return int(np.argmax(np.round(beside, 6))), False
    return int(np.argmin(np.where(clear, np.round(lengths, 6), np.inf))), True
