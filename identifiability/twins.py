"""Twins: different force fields with the same spectrum.

A block of two copies has three constants. The sum of the curvatures of an isotopologue,
tr GF, and the sum Σ λ_k I_k = p^T G F G p of an intensity of rank one are linear in them; the
product of the curvatures, det G det F, is quadratic and the same for all isotopologues (the
product rule of Teller and Redlich). So all solutions are found by hand, none is missed: one,
two, a curve, or all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import IdentifiabilityError

FloatArray = NDArray[np.float64]

_DEPENDENT = 1e-7
"""Relative size at which a linear condition adds nothing to the others."""


@dataclass(frozen=True, slots=True, eq=False)
class TwoByTwo:
    """All symmetric 2×2 blocks F that satisfy a set of measurements.

    Attributes
    ----------
    kind : "points" or "curve"
        Finitely many solutions, or a conic of them.
    solutions : (k, 2, 2)
        Real ones, k ≤ 2; of a curve, none.
    positive : (k,) bool
        Which of them are positive definite.
    line : ((2, 2), (2, 2)) or None
        Point and direction of the line that the linear conditions leave, on which the
        solutions lie; None if they leave a plane.
    residual : float
        Largest relative error of the conditions at the solutions.
    """

    kind: Literal["points", "curve"]
    solutions: FloatArray
    positive: NDArray[np.bool_]
    line: tuple[FloatArray, FloatArray] | None
    residual: float


def two_by_two(determinant: float, forms: Sequence[ArrayLike], values: Sequence[float]) -> TwoByTwo:
    """All F with det F and tr(Z F) given.

    Parameters
    ----------
    determinant : float
        det F, from λ1 λ2 / det G of any isotopologue.
    forms : sequence of (2, 2)
        Z of each linear condition: G for the sum of the curvatures of an isotopologue,
        (Gp)(Gp)ᵀ for an intensity.
    values : sequence of float
        tr(Z F) of each.

    Raises
    ------
    IdentifiabilityError
        If there is no linear condition, or the conditions contradict each other.

    Examples
    --------
    >>> g = np.diag([1.0, 2.0])
    >>> two_by_two(2.0, [g], [4.0]).kind
    'curve'
    >>> two_by_two(2.0, [g, np.diag([1.0, 3.0])], [4.0, 5.0]).solutions.round(6).tolist()
    [[[2.0, 0.0], [0.0, 1.0]]]
    """
    if not forms:
        raise IdentifiabilityError("no linear condition: give the lines of an isotopologue")
    matrix = np.array([_row(np.asarray(z, dtype=np.float64)) for z in forms])
    scale = np.linalg.norm(matrix, axis=1)
    matrix, target = matrix / scale[:, None], np.asarray(values) / scale
    u, s, vt = np.linalg.svd(matrix)
    rank = int(np.count_nonzero(s > _DEPENDENT * s[0]))
    point = vt[:rank].T @ ((u[:, :rank].T @ target) / s[:rank])
    mismatch = float(np.abs(matrix @ point - target).max() / np.abs(target).max())
    if mismatch > 1e-6:
        raise IdentifiabilityError(
            f"the measurements contradict each other: relative mismatch {mismatch:.1e}"
        )
    if rank == 1:
        return TwoByTwo("curve", np.empty((0, 2, 2)), np.empty(0, bool), None, mismatch)
    if rank == 3:
        steps = np.zeros(1)
        direction = np.zeros(3)
    else:
        direction = vt[2]
        steps = _roots(point, direction, determinant)
    found = np.array([_matrix(point + t * direction) for t in steps]).reshape(-1, 2, 2)
    residual = max(
        (abs(float(np.linalg.det(f)) / determinant - 1) for f in found), default=mismatch
    )
    positive = np.array([bool(np.linalg.eigvalsh(f)[0] > 0) for f in found], dtype=bool)
    line = None if rank == 3 else (_matrix(point), _matrix(direction))
    return TwoByTwo("points", found, positive, line, max(residual, mismatch))


def curve_two_by_two(
    determinant: float, kinetic: ArrayLike, curvature_sum: float, n_points: int = 400
) -> FloatArray:
    """The positive-definite F with the two lines of one isotopologue: a closed curve.

    In the basis in which G is the unit matrix F turns about, F = R diag(λ) Rᵀ.

    Parameters
    ----------
    determinant : float
    kinetic : (2, 2)
        G.
    curvature_sum : float
        tr GF.

    Returns
    -------
    (n_points, 2, 2), the last equal to the first
    """
    half = np.linalg.cholesky(np.asarray(kinetic, dtype=np.float64))
    product = determinant * float(np.linalg.det(half)) ** 2
    root = np.sqrt(max(curvature_sum**2 / 4 - product, 0.0))
    angles = np.linspace(0, np.pi, n_points)
    c, s = np.cos(angles), np.sin(angles)
    turn = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
    diagonal = np.diag([curvature_sum / 2 + root, curvature_sum / 2 - root])
    back = np.linalg.inv(half)
    return np.asarray(back.T @ (turn @ diagonal @ turn.swapaxes(1, 2)) @ back)


def _row(form: FloatArray) -> FloatArray:
    return np.array([form[0, 0], form[0, 1] + form[1, 0], form[1, 1]])


def _matrix(constants: FloatArray) -> FloatArray:
    a, b, c = constants
    return np.array([[a, b], [b, c]])


def _roots(point: FloatArray, direction: FloatArray, determinant: float) -> FloatArray:
    """Real steps along a line at which ac − b² has the value asked for."""
    (a, b, c), (p, q, r) = point, direction
    quadratic = [p * r - q * q, a * r + c * p - 2 * b * q, a * c - b * b - determinant]
    roots = np.roots(quadratic)
    real = np.abs(roots.imag) <= 1e-7 * (1 + np.abs(roots))
    return np.sort(np.unique(np.round(roots[real].real, 14)))
