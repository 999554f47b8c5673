"""The frame of a geometry: turning others onto it, and keeping its symmetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule, detect

FloatArray = NDArray[np.float64]

TOLERANCE = 1e-3
"""Å; a geometry within this of a group is taken to be meant to have it."""


@dataclass(frozen=True, slots=True, eq=False)
class SymmetricFrame:
    """A reference geometry with its operations.

    Attributes
    ----------
    reference : (N, 3) Å
        Exactly symmetric.
    matrices : (order, 3, 3)
        The operations, about the mean of ``reference``. Of a linear molecule enough of them
        to leave nothing but displacements along its axis.
    permutations : (order, N) int
        Atom i is sent to the place of atom ``permutations[g, i]``.
    """

    reference: FloatArray
    matrices: FloatArray
    permutations: NDArray[np.int64]

    @classmethod
    def of(cls, molecule: Molecule) -> Self:
        """The frame of a molecule, masses left aside."""
        symmetry = detect(molecule.with_masses(None), TOLERANCE)
        matrices, permutations = symmetry.matrices, symmetry.permutations
        if symmetry.group.is_continuous and molecule.n_atoms > 1:
            turn = _third_turn(symmetry.frame[2])
            matrices = np.concatenate([matrices, turn @ matrices, turn.T @ matrices])
            permutations = np.tile(permutations, (3, 1))
        return cls(symmetry.symmetrised_positions, matrices, permutations)

    def placed(self, positions: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Positions turned onto the reference and symmetrised, and the rotation of that.

        Parameters
        ----------
        positions : (N, 3)

        Returns
        -------
        placed : (N, 3)
        rotation : (3, 3)
            A vector v at ``positions`` is ``v @ rotation`` in this frame.
        """
        centre = self.reference.mean(axis=0)
        centred = positions - positions.mean(axis=0)
        u, _, vt = np.linalg.svd(centred.T @ (self.reference - centre))
        u[:, 2] *= np.linalg.det(u) * np.linalg.det(vt)
        rotation = u @ vt
        return centre + self._averaged(centred @ rotation), rotation

    def internal(self, gradient: FloatArray, positions: FloatArray) -> FloatArray:
        """The symmetric part of a gradient at ``positions``, without net force and torque.

        Parameters
        ----------
        gradient, positions : (N, 3)
        """
        symmetric = self._averaged(gradient).ravel()
        rigid = _rigid_motions(positions)
        return np.asarray((symmetric - rigid @ (rigid.T @ symmetric)).reshape(-1, 3))

    def _averaged(self, vectors: FloatArray) -> FloatArray:
        """(N, 3) mean of the images of vectors that sit on the atoms."""
        total = np.zeros_like(vectors)
        for matrix, permutation in zip(self.matrices, self.permutations, strict=True):
            total[permutation] += vectors @ matrix.T
        return total / len(self.matrices)


def _third_turn(axis: FloatArray) -> FloatArray:
    """(3, 3) rotation by 120° about a unit vector."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sqrt(0.75) * cross + 1.5 * cross @ cross)


def _rigid_motions(positions: FloatArray) -> FloatArray:
    """(3N, 5 or 6) orthonormal translations and rotations."""
    n = len(positions)
    centred = positions - positions.mean(axis=0)
    motions = [np.tile(axis, (n, 1)).ravel() for axis in np.eye(3)]
    motions += [np.cross(axis, centred).ravel() for axis in np.eye(3)]
    u, sizes, _ = np.linalg.svd(np.array(motions).T, full_matrices=False)
    return np.asarray(u[:, sizes > 1e-6 * sizes[0]])
