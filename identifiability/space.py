"""The space in which force constants live: internal displacements sorted by symmetry.

A force field of a molecule at rest is a symmetric matrix on the displacements that are
neither translation nor rotation. In an orthonormal basis of them, adapted to the point group,
a symmetric force field is F = ⊕ F_Γ ⊗ 1, and what the spectrum of an isotopologue depends on
is F together with the inverse masses (E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular
Vibrations* (1955), chapters 4 and 6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup import (
    Irrep,
    Molecule,
    Symmetry,
    detect,
    finite_subgroup,
    symmetry_coordinates,
)
from ..pointgroup.errors import MoleculeError

FloatArray = NDArray[np.float64]

_INDEPENDENT = 1e-6
"""A direction (of unit length, Å) that motions leave less of than this is one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The copies of one irrep among the internal displacements.

    Attributes
    ----------
    irrep : Irrep
        Of the point group, or of its finite subgroup (`finite_subgroup`) if that is infinite.
    start : int
        First column of the block in ``InternalSpace.basis``.
    n_copies : int
    dimension : int
        Number of partners, 2 for a merged complex pair. Column of partner k of copy c:
        ``start + c * dimension + k``.
    """

    irrep: Irrep
    start: int
    n_copies: int
    dimension: int

    @property
    def is_complex_pair(self) -> bool:
        """Whether the irrep is two complex-conjugate ones, merged (E of Cn, T …)."""
        return self.irrep.indicator == 0

    @property
    def n_constants(self) -> int:
        """Number of force constants: n(n+1)/2, or n² for a complex pair."""
        n = self.n_copies
        return n * n if self.is_complex_pair else n * (n + 1) // 2

    @property
    def stop(self) -> int:
        """Column after the last one."""
        return self.start + self.n_copies * self.dimension


@dataclass(frozen=True, slots=True, eq=False)
class InternalSpace:
    """Orthonormal internal displacements of a geometry, adapted to its symmetry.

    Attributes
    ----------
    molecule : Molecule
        Symmetrised geometry (Å).
    symmetry : Symmetry
        Of the geometry with one mass per element; a finite group.
    basis : (3N, d)
        Columns are orthonormal, orthogonal to translations and rotations, sorted by block;
        d = 3N − 6, or 3N − 5 if linear. The frame is that of ``molecule``.
    blocks : tuple of Block
    """

    molecule: Molecule
    symmetry: Symmetry
    basis: FloatArray
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, molecule: Molecule | Symmetry, tolerance: float | None = None) -> InternalSpace:
        """The internal displacements of a molecule, whose own masses do not matter.

        Parameters
        ----------
        molecule : Molecule or Symmetry
        tolerance : float, optional
            For the detection of the group, Å.

        Raises
        ------
        MoleculeError
            For a single atom.
        """
        return cls.with_symmetry(_of_elements(molecule, tolerance))

    @classmethod
    def with_symmetry(cls, symmetry: Symmetry) -> InternalSpace:
        """The internal displacements adapted to a given finite symmetry, of masses or not."""
        motions = rigid_motions(symmetry.symmetrised_positions)
        columns: list[FloatArray] = []
        blocks: list[Block] = []
        start = 0
        for found in symmetry_coordinates(symmetry):
            vectors = found.vectors.reshape(*found.vectors.shape[:2], -1)
            internal = _without(vectors, motions, pair=found.irrep.indicator == 0)
            if len(internal):
                blocks.append(Block(found.irrep, start, *internal.shape[:2]))
                start = blocks[-1].stop
                columns.append(internal.reshape(-1, internal.shape[2]).T)
        basis = np.concatenate(columns, axis=1)
        basis.flags.writeable = False
        return cls(symmetry.symmetrise(), symmetry, basis, tuple(blocks))

    @property
    def dimension(self) -> int:
        """Number d of internal displacements, 3N − 6 or 3N − 5."""
        return int(self.basis.shape[1])

    def kinetic(self, masses: ArrayLike | None = None) -> FloatArray:
        """G of an isotopologue, basisᵀ M⁻¹ basis; (d, d), 1/u.

        Parameters
        ----------
        masses : (N,) u, optional
            Those of ``molecule`` if not given.
        """
        inverse = 1 / np.repeat(self._masses(masses), 3)
        return np.asarray(self.basis.T @ (inverse[:, None] * self.basis))

    def cartesian(self, masses: ArrayLike | None = None) -> FloatArray:
        """(3N, d) displacements of the atoms for unit internal displacements.

        A = M⁻¹ B G⁻¹, which leaves centre of mass and angular momentum at rest (the Eckart
        conditions), so that derivatives of dipole and polarizability may keep their
        rotational part.
        """
        weighted = self.basis / np.repeat(self._masses(masses), 3)[:, None]
        return np.asarray(np.linalg.solve(self.kinetic(masses), weighted.T).T)

    def _masses(self, masses: ArrayLike | None) -> FloatArray:
        return self.molecule.masses if masses is None else np.asarray(masses, dtype=np.float64)


def rigid_motions(positions: FloatArray) -> FloatArray:
    """(r, 3N) orthonormal translations and rotations of a geometry; r = 6, 5 or 3."""
    n = len(positions)
    centred = positions - positions.mean(axis=0)
    shifts = np.tile(np.eye(3), n)
    turns = np.cross(np.eye(3)[:, None, :], centred[None]).reshape(3, -1)
    _, s, vt = np.linalg.svd(turns, full_matrices=False)
    turns = vt[s > _INDEPENDENT * max(1.0, float(s.max(initial=0.0)))]
    return np.concatenate([shifts / np.sqrt(n), turns])


def _of_elements(molecule: Molecule | Symmetry, tolerance: float | None) -> Symmetry:
    """The finite symmetry of a geometry when all atoms of an element weigh the same."""
    plain = (molecule.molecule if isinstance(molecule, Symmetry) else molecule).with_masses(None)
    if plain.n_atoms == 1:
        raise MoleculeError("a single atom has no vibrations and no force constants")
    if isinstance(molecule, Symmetry) and molecule.molecule.has_default_masses:
        return finite_subgroup(molecule)
    return finite_subgroup(detect(plain, tolerance))


def _without(vectors: FloatArray, motions: FloatArray, *, pair: bool) -> FloatArray:
    """Orthonormal copies (m, d, 3N) of an irrep that contain none of the rigid motions.

    The overlaps of two copies are the same for all partners; for a complex pair they are
    complex numbers a + ib, of which the partners show a and b.
    """
    d = vectors.shape[1]
    rest = vectors - (vectors @ motions.T) @ motions
    overlap = np.einsum("akx,bkx->ab", rest, rest) / d
    if not pair:
        share, mix = np.linalg.eigh(overlap)
        return np.asarray(np.einsum("akx,ab->bkx", vectors, mix[:, share > 0.5]))
    turned = np.stack([rest[:, 1], -rest[:, 0]], axis=1)
    twisted = np.einsum("akx,bkx->ab", rest, turned) / d
    share, mix = np.linalg.eigh(overlap + 1j * twisted)
    kept = mix[:, share > 0.5]
    out = np.einsum("akx,ab->bkx", vectors, kept.real)
    out += np.einsum("akx,ab->bkx", np.stack([-vectors[:, 1], vectors[:, 0]], axis=1), kept.imag)
    return np.asarray(out)
