"""The internal coordinates of a molecule as arrays for the force-field model.

The coordinates are those of `spektron.vibration.internal`, closed under the symmetry of the
geometry. A coordinate is described by the atoms in its three roles and by numbers that no
reflection or renumbering changes:

=============  =========  =========  ========  ============================
kind           inner      outer      third     numbers
=============  =========  =========  ========  ============================
stretch        both                            functions of the distance
bend           middle     ends                 cosine
linear bend    middle     ends
torsion        axis       ends                 cosines of once and twice it
out-of-plane   centre     out        plane     square of the sine
=============  =========  =========  ========  ============================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ...vibration.internal import (
    InternalCoordinate,
    InternalCoordinates,
    internal_coordinates,
    n_vibrations,
)
from ...vibration.internal.coordinate import KINDS
from ...vibration.rigid import complement, rigid_motions
from ..errors import SpectraError
from .graphs import Float64, Int64, MolecularGraph

ROLES: Final = 3
N_DISTANCES: Final = 12
FEATURES: Final = N_DISTANCES + 3
"""Numbers that describe the value of a coordinate."""
_ROLES: Final = {
    "stretch": ((0, 1), (), ()),
    "bend": ((1,), (0, 2), ()),
    "linear bend": ((1,), (0, 2), ()),
    "torsion": ((1, 2), (0, 3), ()),
    "out-of-plane": ((1,), (0,), (2, 3)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Valence:
    """A molecule in internal coordinates.

    Attributes
    ----------
    kinds : (m,) int64
        Places in `spektron.vibration.internal.coordinate.KINDS`.
    roles : (m, 3, 2) int64
        Atoms in each role, −1 where there is none.
    features : (m, FEATURES) float64
    pairs : (2, n_pairs) int64
        Coordinates that may interact, the first below the second.
    shared : (n_pairs,) int64
        How many atoms they share.
    wilson : (m, modes) float64
        B M^(−1/2) V: Wilson's matrix, mass-weighted, in a basis V of the vibrations; stretches
        Å, angles rad, per Å √u.
    basis : (3n, modes) float64
        M^(−1/2) V, u^(−1/2).
    """

    kinds: Int64
    roles: Int64
    features: Float64
    pairs: Int64
    shared: Int64
    wilson: Float64
    basis: Float64


def valence(molecule: Molecule) -> Valence:
    """Internal coordinates of a molecule, ready for a batch.

    Raises
    ------
    SpectraError
        If it is a single atom, or has a ring bound face-on to a metal.
    InputError
        If no bonds or no complete set of coordinates can be found.
    """
    if molecule.n_atoms == 1:
        raise SpectraError(f"{molecule.name or molecule.formula}: a single atom has no vibration")
    coordinates = internal_coordinates(molecule)
    if coordinates.centroids:
        raise SpectraError(
            f"{molecule.name or molecule.formula}: a ring is bound face-on to a metal, which the "
            "force-field model does not describe; use a grid model"
        )
    roles = np.array([_roles(c) for c in coordinates], dtype=np.int64)
    kinds = np.array([KINDS.index(c.kind) for c in coordinates], dtype=np.int64)
    pairs, shared = _pairs(coordinates, kinds)
    basis = _vibrations(molecule)
    return Valence(
        kinds,
        roles,
        _features(kinds, coordinates.values()),
        pairs,
        shared,
        coordinates.b_matrix().reshape(len(kinds), -1) @ basis,
        basis,
    )


def molecule_of(graph: MolecularGraph) -> Molecule:
    """The molecule of a graph, with masses of the most abundant isotopes."""
    import periodictable

    symbols = [str(periodictable.elements[int(z)].symbol) for z in graph.numbers]
    return Molecule(symbols, graph.positions)


def _roles(coordinate: InternalCoordinate) -> list[list[int]]:
    places = _ROLES[coordinate.kind]
    atoms = [[coordinate.sites[k] for k in role] for role in places]
    return [role + [-1] * (2 - len(role)) for role in atoms]


def _features(kinds: Int64, values: Float64) -> Float64:
    out = np.zeros((len(kinds), FEATURES))
    is_kind = {kind: kinds == place for place, kind in enumerate(KINDS)}
    bonds, turns = is_kind["stretch"], is_kind["torsion"]
    centres = np.linspace(0.7, 2.9, N_DISTANCES)
    width = centres[1] - centres[0]
    out[bonds, :N_DISTANCES] = np.exp(-(((values[bonds, None] - centres) / width) ** 2) / 2)
    out[is_kind["bend"], -3] = np.cos(values[is_kind["bend"]])
    out[turns, -3], out[turns, -2] = np.cos(values[turns]), np.cos(2 * values[turns])
    out[is_kind["out-of-plane"], -1] = np.sin(values[is_kind["out-of-plane"]]) ** 2
    return out


def _pairs(coordinates: InternalCoordinates, kinds: Int64) -> tuple[Int64, Int64]:
    """Coordinates whose interaction no renumbering of atoms or reflection can reverse.

    Those are stretches and bends that share an atom, and torsions (whose sign a reflection
    reverses, for both at once) that share their axis or three atoms. The sign of a wag depends
    on the order of the atoms, and the directions of linear bends are arbitrary.
    """
    n_sites = coordinates.molecule.n_atoms
    member = np.zeros((len(kinds), n_sites), dtype=np.int64)
    axis = np.full((len(kinds), 2), -1)
    for row, coordinate in enumerate(coordinates):
        member[row, [s for s in coordinate.sites if s >= 0]] = 1
        if coordinate.kind == "torsion":
            axis[row] = sorted(coordinate.sites[1:3])
    shared = member @ member.T
    plain = (kinds == KINDS.index("stretch")) | (kinds == KINDS.index("bend"))
    turns = kinds == KINDS.index("torsion")
    same_axis = (axis[:, None] == axis[None]).all(axis=2)
    allowed = (plain[:, None] & plain & (shared > 0)) | (
        turns[:, None] & turns & (same_axis | (shared >= 3))
    )
    first, second = np.nonzero(np.triu(allowed, 1))
    return np.stack([first, second]).astype(np.int64), shared[first, second]


def _vibrations(molecule: Molecule) -> NDArray[np.float64]:
    """M^(−1/2) V with a basis V of all mass-weighted motions that are no rigid ones."""
    linear = n_vibrations(molecule) == 3 * molecule.n_atoms - 5
    inside = complement(rigid_motions(molecule.positions, molecule.masses, linear=linear))
    return np.asarray(inside / np.sqrt(np.repeat(molecule.masses, 3))[:, None])
