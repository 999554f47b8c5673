"""Derivatives of dipole moment and polarizability, and the quadratic forms they make.

An intensity is a quadratic form in the normal displacement: infrared |∂μ/∂Q|², and of the
polarizability the invariants 45 a′² and 7 γ′² (D. A. Long, *The Raman Effect* (2002), A14).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .isotopologue import Isotopologue
from .space import InternalSpace

FloatArray = NDArray[np.float64]
Kind = Literal["ir", "isotropic", "anisotropic"]


@dataclass(frozen=True, slots=True, eq=False)
class Tensors:
    """Derivatives along the Cartesian displacements of the parent.

    Their rotational part is kept: the Eckart frame moves with the masses.

    Attributes
    ----------
    dipole : (3N, 3), e
    polarizability : (3N, 3, 3), bohr²
    """

    dipole: FloatArray
    polarizability: FloatArray

    @classmethod
    def random(cls, space: InternalSpace, seed: int = 0) -> Tensors:
        """Random derivatives with the symmetry of the parent, free of translations."""
        rng = np.random.default_rng(seed)
        n = space.molecule.n_atoms
        dipole = rng.normal(size=(n, 3, 3))
        polarizability = rng.normal(size=(n, 3, 3, 3))
        polarizability += polarizability.swapaxes(2, 3)
        dipole, polarizability = _averaged(space, dipole, polarizability)
        return cls(
            (dipole - dipole.mean(axis=0)).reshape(-1, 3),
            (polarizability - polarizability.mean(axis=0)).reshape(-1, 3, 3),
        )

    def components(self, kind: Kind) -> FloatArray:
        """(3N, c) derivatives whose squares sum to the intensity.

        ``ir``: dipole; ``isotropic``: √45 a′; ``anisotropic``: √7 γ′.
        """
        if kind == "ir":
            return self.dipole
        mean = np.trace(self.polarizability, axis1=1, axis2=2) / 3
        if kind == "isotropic":
            return np.asarray(np.sqrt(45) * mean[:, None])
        deviator = self.polarizability - mean[:, None, None] * np.eye(3)
        return np.asarray(np.sqrt(7 * 1.5) * deviator.reshape(-1, 9))

    def form(self, kind: Kind, isotopologue: Isotopologue) -> FloatArray:
        """Quadratic form Q (d, d) of an intensity of an isotopologue."""
        along = isotopologue.cartesian.T @ self.components(kind)
        return np.asarray(along @ along.T)


def invariant_tensors(space: InternalSpace, *, rank: Literal[1, 2]) -> tuple[FloatArray, ...]:
    """Orthonormal derivatives that the group of the parent leaves as they are.

    Parameters
    ----------
    rank : 1 or 2
        Of a dipole moment, (3N, 3) each, or of a polarizability, (3N, 3, 3) each; without
        translations.
    """
    traces = np.trace(space.symmetry.matrices, axis1=1, axis2=2)
    squares = np.trace(space.symmetry.matrices @ space.symmetry.matrices, axis1=1, axis2=2)
    unmoved = (space.symmetry.permutations == np.arange(space.molecule.n_atoms)).sum(axis=1)
    tensor = traces if rank == 1 else (traces**2 + squares) / 2
    count = round(float(np.mean((unmoved - 1) * traces * tensor)))
    drawn = [Tensors.random(space, seed) for seed in range(count)]
    rows = [t.dipole if rank == 1 else t.polarizability for t in drawn]
    if not rows:
        return ()
    basis = np.linalg.qr(np.stack([row.ravel() for row in rows], axis=1))[0].T
    return tuple(basis.reshape(count, *rows[0].shape))


def _averaged(
    space: InternalSpace, dipole: FloatArray, polarizability: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The part of both that the group of the parent leaves as it is."""
    total, tensor = np.zeros_like(dipole), np.zeros_like(polarizability)
    operations = space.symmetry.matrices
    for r, p in zip(operations, space.symmetry.permutations, strict=True):
        total[p] += r @ dipole @ r.T
        tensor[p] += np.einsum("ab,ibde,cd,fe->iacf", r, polarizability, r, r, optimize=True)
    return total / len(operations), tensor / len(operations)
