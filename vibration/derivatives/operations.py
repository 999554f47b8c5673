"""Operations of a molecule as finite arrays, and how they move gradients and tensors.

The group of a linear molecule is infinite. Of it the operations that generate C4v (C∞v) or
D4h (D∞h) are kept: a fourfold axis leaves tensors up to rank 3 no more freedom than C∞ does,
because no tensor of such a rank has a component that turns four times as fast as the
molecule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Symmetry

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Operations:
    """A finite group that moves the atoms of a molecule about the origin.

    Attributes
    ----------
    matrices : (order, 3, 3)
        The first is the identity.
    permutations : (order, N) int
        Atom i is sent to the place of atom ``permutations[g, i]``.
    """

    matrices: FloatArray
    permutations: Indices

    @property
    def order(self) -> int:
        """Number of operations."""
        return len(self.matrices)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return int(self.permutations.shape[1])

    def orbits(self) -> tuple[tuple[int, ...], ...]:
        """Sets of equivalent atoms, each in ascending order, by first atom."""
        seen: dict[int, list[int]] = {}
        for atom, first in enumerate(self.permutations.min(axis=0)):
            seen.setdefault(int(first), []).append(atom)
        return tuple(tuple(atoms) for atoms in seen.values())

    def site(self, atom: int) -> Indices:
        """Indices of the operations that leave an atom in place."""
        return np.asarray(np.flatnonzero(self.permutations[:, atom] == atom))

    def sending(self, atom: int, target: int) -> int:
        """Index of the first operation that sends one atom to the place of another."""
        return int(np.flatnonzero(self.permutations[:, atom] == target)[0])

    def turned(self, g: int, vectors: FloatArray) -> FloatArray:
        """Vectors on the atoms (N, 3, …), such as a gradient, moved by operation ``g``."""
        out = np.empty_like(vectors)
        out[self.permutations[g]] = np.einsum("ab,ib...->ia...", self.matrices[g], vectors)
        return out

    def averaged(self, vectors: FloatArray) -> FloatArray:
        """The totally symmetric part of vectors on the atoms (N, 3)."""
        return np.asarray(sum(self.turned(g, vectors) for g in range(self.order)) / self.order)


def finite_operations(symmetry: Symmetry) -> Operations:
    """The operations of a molecule; of a linear one those of the finite subgroup C4v or D4h.

    Examples
    --------
    >>> from spektron.pointgroup import detect, example
    >>> finite_operations(detect(example("carbon_dioxide"))).order
    16
    """
    matrices, permutations = symmetry.matrices, symmetry.permutations
    if symmetry.group.is_continuous:
        along = symmetry.frame[2]
        axial = np.outer(along, along)
        cross = np.cross(np.eye(3), along).T
        turns = [axial + c * (np.eye(3) - axial) + s * cross for c, s in _QUARTERS]
        matrices = np.concatenate([turn @ matrices for turn in turns])
        permutations = np.concatenate([permutations] * len(turns))
    return Operations(np.ascontiguousarray(matrices), np.ascontiguousarray(permutations))


_QUARTERS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def in_standard_frame(symmetry: Symmetry) -> Symmetry:
    """The symmetrised molecule in the standard frame of its group, with its operations.

    The frame suits the integration grids too: their angular points have the symmetry of a
    cube about these axes.
    """
    frame = symmetry.frame
    matrices = frame @ symmetry.matrices @ frame.T
    molecule = symmetry.molecule.with_positions(symmetry.standard_positions)
    return replace(
        symmetry,
        molecule=molecule,
        matrices=matrices,
        frame=np.eye(3),
        origin=np.zeros(3),
        symmetrised_positions=molecule.positions,
    )
