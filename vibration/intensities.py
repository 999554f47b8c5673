"""Infrared and Raman intensities of normal modes in the double-harmonic approximation.

Sources: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), chapter 7
(infrared); D. A. Long, *The Raman Effect* (2002), equations 5.5.1–5.5.8 and A14 (invariants);
J. Neugebauer, M. Reiher, C. Kind, B. A. Hess, *J. Comput. Chem.* 23, 895 (2002), equations
7–11 (the combination 45a'² + 7γ'² in Å⁴/u).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..pointgroup.units import BOHR, INTENSITY

FloatArray = NDArray[np.float64]

DARK = 1e-9
"""Share of the strongest Raman activity below which a depolarisation ratio is undefined."""


def normal_coordinates(displacements: FloatArray, masses: FloatArray) -> FloatArray:
    """∂x/∂Q of each mode: displacements scaled to Σ m|d|² = 1; (n, 3N), u^(−1/2).

    Parameters
    ----------
    displacements : (n, N, 3), any scale
    masses : (N,), u
    """
    lengths = np.sqrt(np.einsum("nix,i->n", displacements**2, masses))
    scaled = displacements / lengths[:, None, None]
    return np.asarray(scaled.reshape(len(scaled), 3 * len(masses)))


def infrared(dipole_gradients: FloatArray) -> FloatArray:
    """Integrated absorption coefficients, N_A |∂μ/∂Q|² / (12 ε₀ c²).

    Parameters
    ----------
    dipole_gradients : (n, 3), e/√u

    Returns
    -------
    (n,) array, km/mol

    Examples
    --------
    The debye of older tables, 42.2561 km/mol for (1 D/Å)²/u:

    >>> from spektron.pointgroup.units import BOHR, DEBYE
    >>> infrared(np.array([[BOHR / DEBYE, 0, 0]])).round(4)
    array([42.2561])
    """
    return np.asarray(INTENSITY * np.sum(dipole_gradients**2, axis=1))


def invariants(tensors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Square of the mean, a², and of the anisotropy, γ², of symmetric (n, 3, 3) tensors.

    a = tr α / 3 and γ² = (3 Σ α_kl² − (tr α)²)/2, each in the unit of the tensor, squared.
    """
    trace = np.trace(tensors, axis1=1, axis2=2)
    traceless = tensors - trace[:, None, None] / 3 * np.eye(3)
    return trace**2 / 9, 1.5 * np.sum(traceless**2, axis=(1, 2))


def raman(polarizability_gradients: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Raman activities and depolarisation ratios at right angles.

    Parameters
    ----------
    polarizability_gradients : (n, 3, 3), bohr²/√u

    Returns
    -------
    activities : (n,), Å⁴/u
        45a'² + 7γ'².
    plane_polarised : (n,), 0 to 3/4
        3γ'²/(45a'² + 4γ'²); NaN where the activity is below `DARK` of the strongest.
    natural : (n,), 0 to 6/7
        6γ'²/(45a'² + 7γ'²), or NaN.
    """
    symmetric = (polarizability_gradients + polarizability_gradients.swapaxes(1, 2)) / 2
    mean, anisotropy = invariants(symmetric * BOHR**2)
    activities = 45 * mean + 7 * anisotropy
    bright = activities > DARK * activities.max(initial=0.0)
    scale = np.where(bright, 1.0, np.nan)
    plane, natural = 45 * mean + 4 * anisotropy, np.where(bright, activities, 1.0)
    return (
        activities,
        scale * 3 * anisotropy / np.where(bright, plane, 1.0),
        scale * 6 * anisotropy / natural,
    )
