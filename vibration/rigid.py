"""Translations and rotations of a rigid molecule, and the space that they leave to vibrations.

Everything is in mass-weighted Cartesian coordinates √m·x, where the two spaces are
orthogonal and the condition that separates them is Eckart's.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), chapter 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def rigid_motions(positions: FloatArray, masses: FloatArray, *, linear: bool) -> FloatArray:
    """Orthonormal mass-weighted translations and rotations of a molecule.

    Parameters
    ----------
    positions : (N, 3), any unit
    masses : (N,), u
    linear : bool
        Whether the atoms lie on a line, so that the turn about it (the one with the least
        moment of inertia) is no motion.

    Returns
    -------
    (3N, 6) array; (3N, 5) of a linear molecule, (3, 3) of an atom

    Examples
    --------
    >>> rigid_motions(np.array([[0.0, 0, 0], [0, 0, 1.1]]), np.array([1.0, 35]), linear=True).shape
    (6, 5)
    """
    n = len(masses)
    roots = np.sqrt(masses)
    translations = np.kron(roots[:, None] / np.sqrt(masses.sum()), np.eye(3))
    if n == 1:
        return np.asarray(translations)
    arms = positions - masses @ positions / masses.sum()
    turns = np.cross(np.eye(3)[None, :, :], arms[:, None, :]) * roots[:, None, None]
    turns = turns.swapaxes(1, 2).reshape(3 * n, 3)
    rotations = np.linalg.svd(turns, full_matrices=False)[0][:, : 2 if linear else 3]
    # The arms start at the centre of mass up to rounding; what is left is removed.
    both = np.linalg.qr(np.hstack([translations, rotations]))[0]
    return np.asarray(both)


def complement(motions: FloatArray) -> FloatArray:
    """Orthonormal basis (3N, 3N − k) of what is orthogonal to the (3N, k) motions."""
    return np.asarray(np.linalg.qr(motions, mode="complete")[0][:, motions.shape[1] :])


def mass_weighted(hessian: FloatArray, masses: FloatArray) -> FloatArray:
    """M^(−1/2) H M^(−1/2): Eh/bohr² to Eh/(bohr² u)."""
    roots = np.repeat(np.sqrt(masses), 3)
    return np.asarray(hessian / np.outer(roots, roots))
