"""A density for the next geometry, from those of the last ones.

Density matrices are compared in the symmetrically orthogonalised basis, P̃ = S^½ P S^½, where
they change little with the geometry (P.-O. Löwdin, J. Chem. Phys. 18 (1950) 365). The next one
is extrapolated linearly: from P̃ at 0 and +d follows 2 P̃(0) − P̃(+d) at −d, which is right to
second order. The occupied orbitals are the eigenvectors with the largest eigenvalues.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LENGTH = 8
"""Points remembered."""
DAMPING = 1e-4
"""Weight of the size of the coefficients against the distance to the point wanted."""
SMALLEST_OVERLAP = 1e-12
"""Eigenvalues of the overlap below this are raised to it."""


class DensityHistory:
    """Densities of the last points, and what they tell of the next."""

    def __init__(self) -> None:
        self._points: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=LENGTH)

    def remember(self, point: FloatArray, density: FloatArray, overlap: FloatArray) -> None:
        """Keep a density.

        Parameters
        ----------
        point : (n,)
            Coordinates (bohr) and field (a.u.).
        density : (n_spin, n_basis, n_basis)
        overlap : (n_basis, n_basis)
        """
        root = _power(overlap, 0.5)
        self._points.append((point.copy(), root @ density @ root))

    def orbitals(
        self, point: FloatArray, overlap: FloatArray, occupied: tuple[int, ...]
    ) -> list[FloatArray] | None:
        """Occupied orbitals expected at a point; None without anything to go by.

        Parameters
        ----------
        occupied : tuple of int
            Number of occupied orbitals of each spin.

        Returns
        -------
        list of (n_basis, n_occupied)
        """
        if not self._points:
            return None
        weights = _weights(np.array([x for x, _ in self._points]), point)
        mixed = sum(w * p for w, (_, p) in zip(weights, self._points, strict=True))
        back = _power(overlap, -0.5)
        orbitals = []
        for n, density in zip(occupied, mixed, strict=True):
            _, vectors = np.linalg.eigh(density)
            orbitals.append(back @ vectors[:, len(density) - n :])
        return orbitals


def _weights(known: FloatArray, wanted: FloatArray) -> FloatArray:
    """Coefficients, summing to 1, that combine known points into the one wanted.

    Parameters
    ----------
    known : (m, n)
    wanted : (n,)
    """
    nearest = int(np.argmin(np.linalg.norm(known - wanted, axis=1)))
    steps = known - known[nearest]
    scale = DAMPING * max(float((steps**2).sum(axis=1).max()), 1e-12)
    gram = steps @ steps.T + scale * np.eye(len(known))
    weights = np.linalg.solve(gram, steps @ (wanted - known[nearest]))
    weights[nearest] += 1 - weights.sum()
    return np.asarray(weights)


def _power(matrix: FloatArray, exponent: float) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, SMALLEST_OVERLAP) ** exponent) @ vectors.T)
