"""The plan of symmetry-unique displacements whose gradients give the whole Hessian.

One atom of each orbit is displaced, along the fewest directions whose images under the
operations of its site span space (`directions`). Where an atom is alone in its orbit, the
translational sum rule Σ_b ∂²E/∂x_a∂x_b = 0 gives its columns from all others, and the
costliest such atom is left out.

Along a totally symmetric displacement no operation turns +d into −d, so that no set of central
differences can do with fewer gradients than twice the number of totally symmetric vibrations.
The plan needs exactly so many for benzene, CH4, SF6, C2H4 and most molecules of high symmetry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...pointgroup import Symmetry
from ..errors import HarmonicDataError
from .directions import minimal_directions
from .operations import FloatArray, Operations, finite_operations


@dataclass(frozen=True, slots=True, eq=False)
class Displacement:
    """One atom moved along one direction.

    Attributes
    ----------
    atom : int
    direction : (3,) unit vector
    reversal : int or None
        Operation of the site that turns the direction into its opposite, so that the
        gradient there need not be computed.
    """

    atom: int
    direction: FloatArray
    reversal: int | None

    @property
    def cost(self) -> int:
        """Gradients needed, 1 or 2."""
        return 2 if self.reversal is None else 1

    def pattern(self, n_atoms: int) -> FloatArray:
        """(N, 3) displacement of all atoms, of length 1."""
        out = np.zeros((n_atoms, 3))
        out[self.atom] = self.direction
        return out


@dataclass(frozen=True, slots=True, eq=False)
class DisplacementPlan:
    """All displacements that a molecule needs.

    Attributes
    ----------
    operations : Operations
    displacements : tuple of Displacement
        Sorted by atom.
    dropped : int or None
        The atom whose columns follow from the translational sum rule.
    """

    operations: Operations
    displacements: tuple[Displacement, ...]
    dropped: int | None

    @property
    def n_gradients(self) -> int:
        """Gradients at displaced geometries; the one at the reference is not counted."""
        return sum(d.cost for d in self.displacements)

    @property
    def unique_atoms(self) -> tuple[int, ...]:
        """One atom of each orbit, the first."""
        return tuple(orbit[0] for orbit in self.operations.orbits())


def plan_displacements(symmetry: Symmetry) -> DisplacementPlan:
    """The fewest displacements of single atoms that give the Hessian of a molecule.

    Parameters
    ----------
    symmetry : Symmetry
        The operations are taken about the origin of the coordinates, in the frame of
        ``symmetry.molecule``.

    Raises
    ------
    HarmonicDataError
        For a single atom, which has no vibrations.

    Examples
    --------
    >>> from spektron.pointgroup import detect, example
    >>> [plan_displacements(detect(example(name))).n_gradients for name in ("benzene", "methane")]
    [4, 2]
    """
    molecule = symmetry.molecule
    if molecule.n_atoms == 1:
        raise HarmonicDataError(f"{molecule.symbols[0]}: one atom alone has no vibrations")
    operations = finite_operations(symmetry)
    orbits = operations.orbits()
    by_atom = {orbit[0]: _displacements_of(orbit[0], operations) for orbit in orbits}
    lone = [orbit[0] for orbit in orbits if len(orbit) == 1]
    numbers = molecule.atomic_numbers
    # Of equally costly atoms the heaviest, whose motion a rounding error disturbs least.
    dropped = max(lone, key=lambda a: (_cost(by_atom[a]), numbers[a], -a), default=None)
    kept = [d for atom, each in by_atom.items() if atom != dropped for d in each]
    return DisplacementPlan(operations, tuple(kept), dropped)


def _displacements_of(atom: int, operations: Operations) -> tuple[Displacement, ...]:
    site = operations.site(atom)
    out = []
    for direction in minimal_directions(operations.matrices[site], power=1):
        back = direction.reversal
        out.append(Displacement(atom, direction.vector, None if back is None else int(site[back])))
    return tuple(out)


def _cost(displacements: tuple[Displacement, ...]) -> int:
    return sum(d.cost for d in displacements)
