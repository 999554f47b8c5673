"""Twins: different force fields with the same spectrum.

A block of two copies has three constants. The sum of the curvatures of an isotopologue,
tr GF, and the sum Σ λ_k I_k = p^T G F G p of an intensity of rank one are linear in them; the
product of the curvatures, det G det F, is quadratic and the same for all isotopologues (the
product rule of Teller and Redlich). So all solutions are found by hand, none is missed: one,
two, a curve, or all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import IdentifiabilityError
from .forcefield import ForceField
from .observables import Observables
from .parameters import SymmetricParameters
from .space import Block

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
    steps = np.sort(roots[real].real)
    # A double root comes out as two that differ by the square root of the rounding error.
    if len(steps) == 2 and steps[1] - steps[0] <= 1e-7 * (1 + np.abs(steps).max()):
        return np.array([steps.mean()])
    return steps


def block_twins(force_field: ForceField, observables: Observables, irrep: str) -> TwoByTwo:
    """All force constants of one irrep with two vibrations, complete.

    From the positions of all isotopologues and, with ``ir`` among the data, the infrared
    intensities, where these have rank one (an irrep that occurs once in V, per partner).

    Parameters
    ----------
    force_field : ForceField
        Of `SymmetricParameters`.
    observables : Observables
        Isotopologues that keep the symmetry of the parent.
    irrep : str
        Of the parent, with two copies.

    Raises
    ------
    IdentifiabilityError
        If the irrep has not two copies, is a complex pair, or an isotopologue is less
        symmetric than the parent.
    """
    space = force_field.space
    block = named_block(force_field, irrep)
    if block.n_copies != 2 or block.is_complex_pair:
        raise IdentifiabilityError(
            f"{irrep} has {block.n_copies} copies: all solutions are found for two, of a real "
            "irrep; search others with multistart_twins"
        )
    columns = np.arange(block.start, block.stop, block.dimension)
    inner = force_field.matrix[np.ix_(columns, columns)]
    forms: list[FloatArray] = []
    for isotopologue in observables.isotopologues:
        if len(isotopologue.symmetry.matrices) != len(space.symmetry.matrices):
            raise IdentifiabilityError(
                f"{isotopologue.name} has not the symmetry of the parent: its lines mix irreps"
            )
        kinetic = isotopologue.kinetic[np.ix_(columns, columns)]
        forms.append(kinetic)
        if "ir" in observables.data and observables.tensors is not None:
            quadratic = observables.tensors.form("ir", isotopologue)[np.ix_(columns, columns)]
            values, vectors = np.linalg.eigh(quadratic)
            if values[1] > 0 and values[0] < 1e-9 * values[1]:
                # I_k = (l_kᵀp)², so Σ λ_k I_k = pᵀ G F G p.
                p = kinetic @ vectors[:, 1]
                forms.append(np.outer(p, p) * values[1])
    traces = [float(np.trace(z @ inner)) for z in forms]
    return two_by_two(float(np.linalg.det(inner)), forms, traces)


def with_block(force_field: ForceField, irrep: str, inner: ArrayLike) -> ForceField:
    """The force field with another (n, n) block for one irrep."""
    block = named_block(force_field, irrep)
    matrix = force_field.matrix
    span = slice(block.start, block.stop)
    matrix[span, span] = np.kron(np.asarray(inner), np.eye(block.dimension))
    return force_field.with_values(force_field.parameters.read(matrix))


def named_block(force_field: ForceField, irrep: str) -> Block:
    """The block of an irrep of the parent.

    Raises
    ------
    IdentifiabilityError
        If the force constants are not symmetric ones, or no vibration has the irrep.
    """
    if not isinstance(force_field.parameters, SymmetricParameters):
        raise IdentifiabilityError("twins of an irrep need symmetric force constants")
    for block in force_field.space.blocks:
        if str(block.irrep) == irrep:
            return block
    known = ", ".join(str(b.irrep) for b in force_field.space.blocks)
    raise IdentifiabilityError(f"no vibrations of {irrep}: there are {known}")


def lines_of_block(observables: Observables, block: Block) -> Observables:
    """The lines alone that the constants of a block of the parent have a part in."""
    kept = []
    for isotopologue in observables.isotopologues:
        blocks = tuple(
            b
            for b in isotopologue.blocks
            if np.abs(b.columns[block.start : block.stop]).max() > 1e-9
        )
        kept.append(replace(isotopologue, blocks=blocks))
    return replace(observables, isotopologues=tuple(kept))
