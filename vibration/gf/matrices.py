"""Wilson's G and F: the inverse kinetic energy and the force constants in internal coordinates.

Units: energies in mdyn·Å (10⁻¹⁸ J), lengths in Å, masses in u. So force constants are in mdyn/Å
between stretches, mdyn/rad between a stretch and an angle, mdyn·Å/rad² between angles; G is in
1/u, 1/(u Å), 1/(u Å²); eigenvalues of GF in mdyn/(Å u).

In a redundant set many F describe one molecule: any that differ by what the redundancies let
pass. `f_matrix` takes the one that carries the load with the least energy. Let f_i be typical
force constants of the kinds of coordinates (`VALENCE`, R. Lindh et al., *Chem. Phys. Lett.* 241
(1995) 423). Of all generalised forces φ that balance a given Cartesian force, the one with the
smallest Σ φ_i²/f_i is taken. That choice knows no unit (Å against rad), shares loads equally
among equivalent coordinates and leaves soft torsions little of what stiff bonds can carry.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), chapter 4;
P. Pulay, G. Fogarasi, *J. Chem. Phys.* 96 (1992) 2856, section II (generalised inverse of G).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from ...pointgroup.units import BOHR, FORCE_CONSTANT, NORMAL_COORDINATE
from ..internal import InternalCoordinate, InternalCoordinates, curvature
from ..internal.complete import SMALLEST_SINGULAR_VALUE, n_vibrations
from ..internal.coordinate import Kind
from .errors import ForceFieldError

FloatArray = NDArray[np.float64]
Metric = Literal["valence", "unit"]

VALENCE: dict[Kind, float] = {
    "stretch": 7.0, "bend": 0.65, "linear bend": 0.65, "torsion": 0.022, "out-of-plane": 0.65,
}  # fmt: skip
"""Typical force constants, mdyn/Å or mdyn·Å/rad²: 0.45 Eh/bohr², 0.15 and 0.005 Eh/rad²."""
CM_PER_ROOT = NORMAL_COORDINATE / FORCE_CONSTANT**0.5
"""cm⁻¹ for an eigenvalue of 1 mdyn/(Å u): ``wavenumber = CM_PER_ROOT * sqrt(eigenvalue)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """The vibrations as the internal coordinates see them: D = P diag(σ) Qᵀ.

    D is B M^(−1/2), its rows multiplied by √f_i if a metric is used.

    Attributes
    ----------
    left : (n, n_vib)
    values : (n_vib,)
    right : (3N, n_vib)
        Orthonormal mass-weighted Cartesian vibrations.
    """

    left: FloatArray
    values: FloatArray
    right: FloatArray


def wavenumbers(eigenvalues: ArrayLike) -> FloatArray:
    """Signed wavenumbers, cm⁻¹, of eigenvalues of GF in mdyn/(Å u).

    >>> wavenumbers([1.0, -1.0]).round(2)
    array([ 1302.79, -1302.79])
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    return np.asarray(CM_PER_ROOT * np.sign(values) * np.sqrt(np.abs(values)))


def g_matrix(coordinates: InternalCoordinates, masses: ArrayLike | None = None) -> FloatArray:
    """G = B M⁻¹ Bᵀ, (n, n).

    Parameters
    ----------
    coordinates : InternalCoordinates
    masses : (N,) u, optional
        Those of the molecule if not given.
    """
    weighted = mass_weighted_b(coordinates, masses)
    return np.asarray(weighted @ weighted.T)


def f_matrix(
    coordinates: InternalCoordinates,
    hessian: ArrayLike,
    *,
    gradient: ArrayLike | None = None,
    metric: Metric = "valence",
) -> FloatArray:
    """F in internal coordinates, (n, n), from a Cartesian Hessian (3N, 3N) in Eh/bohr².

    Translations and rotations are projected out with the masses of the molecule, as in a
    Cartesian analysis; a Hessian that is exactly invariant gives the same F for all masses.

    Parameters
    ----------
    coordinates : InternalCoordinates
        Must span all vibrations.
    hessian : (3N, 3N), Eh/bohr²
    gradient : (N, 3), Eh/bohr, optional
        Away from a stationary point: Σ_i φ_i ∂²q_i/∂x∂x is taken off the Hessian first, with
        the internal forces φ that belong to the gradient. Frequencies then belong to the
        coordinates, as always away from a stationary point.
    metric : "valence" or "unit"
        How loads are shared among redundant coordinates: by typical force constants (see the
        module), or by the plain pseudo-inverse, which gives 1 Å the weight of 1 rad.

    Raises
    ------
    ForceFieldError
        If a shape is wrong, or the coordinates leave vibrations undescribed.
    """
    size = 3 * coordinates.molecule.n_atoms
    given = np.asarray(hessian, dtype=np.float64)
    if given.shape != (size, size):
        raise ForceFieldError(
            f"the Hessian has the shape {given.shape}; {coordinates.molecule.formula} needs "
            f"({size}, {size})"
        )
    cartesian = FORCE_CONSTANT * (given + given.T) / 2
    root = np.sqrt(metric_weights(coordinates, metric))
    of = vibrational_range(coordinates, root)
    inverse = (root[:, None] * of.left / of.values) @ of.right.T  # (n, 3N)
    masses = _root_masses(coordinates.molecule)
    if gradient is not None:
        slope = np.asarray(gradient, dtype=np.float64).reshape(size) * FORCE_CONSTANT * BOHR
        cartesian = cartesian - curvature(coordinates, inverse @ (slope / masses))
    scaled = inverse / masses
    return np.asarray(scaled @ cartesian @ scaled.T)


def cartesian_hessian(coordinates: InternalCoordinates, force_constants: ArrayLike) -> FloatArray:
    """Bᵀ F B, (3N, 3N) in Eh/bohr²: the Hessian that an F gives at a stationary point."""
    b = coordinates.b_matrix()
    f = checked_force_constants(coordinates, force_constants)
    return np.asarray(b.T @ f @ b / FORCE_CONSTANT)


def metric_weights(coordinates: InternalCoordinates, metric: Metric = "valence") -> FloatArray:
    """(n,) typical force constants f_i, or ones.

    Torsions about one line share the constant of a single one, as do the out-of-plane angles at
    one site: they are springs side by side, and how many of them are listed is a matter of taste.
    """
    if metric not in ("valence", "unit"):
        raise ForceFieldError(f"metric {metric!r}: give 'valence' or 'unit'")
    if metric == "unit":
        return np.ones(len(coordinates))
    places = [_place(c) for c in coordinates]
    counts = Counter(places)
    return np.array([VALENCE[p[0]] / counts[p] for p in places])


def _place(c: InternalCoordinate) -> tuple[Kind, tuple[int, ...], int]:
    """The line of a torsion and the centre of an out-of-plane angle; else the coordinate."""
    match c.kind:
        case "torsion":
            return c.kind, c.sites[1:3], 0
        case "out-of-plane":
            return c.kind, c.sites[1:2], 0
        case _:
            return c.kind, c.sites, c.component


def vibrational_range(coordinates: InternalCoordinates, root: FloatArray | None = None) -> Range:
    """Singular vectors of the mass-weighted B, rows times ``root`` (n,), for all vibrations.

    Raises
    ------
    ForceFieldError
        If the coordinates leave vibrations undescribed.
    """
    d = mass_weighted_b(coordinates)
    if root is not None:
        d = root[:, None] * d
    rank = n_vibrations(coordinates.molecule)
    p, s, qt = np.linalg.svd(d, full_matrices=False)
    smallest = np.sqrt(coordinates.molecule.masses.max()) * (s[rank - 1] if rank <= len(s) else 0)
    if rank and smallest < SMALLEST_SINGULAR_VALUE * (1 if root is None else root.min()):
        seen = int((s > s[0] * 1e-6).sum()) if len(s) else 0
        raise ForceFieldError(
            f"the {len(coordinates)} coordinates describe {seen} of the {rank} vibrations of "
            f"{coordinates.molecule.formula}: add coordinates, or take internal_coordinates()"
        )
    return Range(p[:, :rank], s[:rank], qt[:rank].T)


def mass_weighted_b(
    coordinates: InternalCoordinates, masses: ArrayLike | None = None
) -> FloatArray:
    """B M^(−1/2), (n, 3N)."""
    molecule = coordinates.molecule
    m = molecule.masses if masses is None else np.asarray(masses, dtype=np.float64)
    return np.asarray(coordinates.b_matrix() / np.sqrt(np.repeat(m, 3)))


def checked_force_constants(
    coordinates: InternalCoordinates, force_constants: ArrayLike
) -> FloatArray:
    """F as a symmetric (n, n) matrix; a vector (n,) is its diagonal.

    Raises
    ------
    ForceFieldError
        If the number of force constants is wrong, one is not finite, or F is not symmetric to
        10⁻⁶ of its largest element.
    """
    n = len(coordinates)
    f = np.asarray(force_constants, dtype=np.float64)
    if f.shape not in ((n,), (n, n)):
        raise ForceFieldError(
            f"force constants of shape {f.shape} for {n} coordinates: give ({n}, {n}), or ({n},) "
            "for a diagonal force field"
        )
    if not np.isfinite(f).all():
        raise ForceFieldError("a force constant is not finite; give numbers in mdyn/Å")
    if f.ndim == 1:
        return np.diag(f)
    difference = np.abs(f - f.T)
    if n and difference.max() > 1e-6 * np.abs(f).max():
        i, j = np.unravel_index(int(difference.argmax()), f.shape)
        raise ForceFieldError(
            f"F is not symmetric: F[{i}, {j}] = {f[i, j]:g} but F[{j}, {i}] = {f[j, i]:g}; "
            "give (F + F.T)/2 if that is meant"
        )
    return np.asarray((f + f.T) / 2)


def _root_masses(molecule: Molecule) -> FloatArray:
    return np.asarray(np.sqrt(np.repeat(molecule.masses, 3)))
