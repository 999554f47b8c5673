"""Second derivatives of internal coordinates, exact to rounding.

B(x + i h d) = B(x) + i h (∂B/∂x)·d + O(h²); with h = 10⁻³⁰ the remainder is below any rounding
error and nothing is subtracted, so Im B / h is the derivative along d to machine precision
(W. Squire, G. Trapp, *SIAM Rev.* 40 (1998) 110).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .coordinates import InternalCoordinates

FloatArray = NDArray[np.float64]
_STEP = 1e-30


def b_derivative(
    coordinates: InternalCoordinates, direction: ArrayLike, positions: ArrayLike | None = None
) -> FloatArray:
    """(n, 3N): change of the B matrix per Å along displacements ``direction`` (N, 3).

    Row i is ∂²q_i/∂x∂x times the direction.
    """
    x = coordinates.molecule.positions if positions is None else np.asarray(positions)
    step = 1j * _STEP * np.asarray(direction).reshape(x.shape)
    return np.asarray(coordinates.b_matrix(x + step).imag / _STEP)


def curvature(coordinates: InternalCoordinates, forces: ArrayLike) -> FloatArray:
    """(3N, 3N): Σ_i forces_i ∂²q_i/∂x∂x, for ``forces`` (n,)."""
    size = 3 * coordinates.molecule.n_atoms
    rows = [np.asarray(forces) @ b_derivative(coordinates, d) for d in np.eye(size)]
    out = np.array(rows).reshape(size, size)
    return np.asarray((out + out.T) / 2)
