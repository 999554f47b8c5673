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
from .observables import Observables, Response, respond
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


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A force field that a search arrived at.

    Attributes
    ----------
    force_field : ForceField
    hits : int
        Starts that led to it.
    deviation : float
        Largest relative error of an observable (of λ, of an intensity).
    """

    force_field: ForceField
    hits: int
    deviation: float


@dataclass(frozen=True, slots=True, eq=False)
class TwinSearch:
    """Positive-definite force fields with the same observables, by search from random starts.

    Attributes
    ----------
    found : tuple of Found
        Different solutions, the one nearest to the given force field first.
    n_starts, n_converged : int
    """

    found: tuple[Found, ...]
    n_starts: int
    n_converged: int

    @property
    def missing_mass(self) -> float:
        """Share of converged starts that would lead to a solution not seen yet.

        Good and Turing's estimate: solutions seen once over starts (I. J. Good, *Biometrika*
        40, 237 (1953)). Zero says that a missed solution has a small basin, not that there is
        none.
        """
        once = sum(f.hits == 1 for f in self.found)
        return once / self.n_converged if self.n_converged else float("nan")

    def __str__(self) -> str:
        hits = ", ".join(str(f.hits) for f in self.found)
        return (
            f"{len(self.found)} force fields, found {hits} times in {self.n_starts} starts; "
            f"missing mass {self.missing_mass:.2g}"
        )


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
    block = _block(force_field, irrep)
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
    block = _block(force_field, irrep)
    matrix = force_field.matrix
    span = slice(block.start, block.stop)
    matrix[span, span] = np.kron(np.asarray(inner), np.eye(block.dimension))
    return force_field.with_values(force_field.parameters.read(matrix))


def multistart_twins(
    force_field: ForceField,
    observables: Observables,
    irrep: str,
    *,
    n_starts: int = 100,
    seed: int = 0,
) -> TwinSearch:
    """Force constants of one irrep with the same observables, by Gauss–Newton from many starts.

    Starts have the lines of the first isotopologue: with G = AAᵀ, F = A⁻ᵀ R Λ Rᵀ A⁻¹ and R
    uniform over the rotations. Steps are damped so that F stays positive definite.

    Parameters
    ----------
    force_field : ForceField
    observables : Observables
        If they leave directions open, solutions are not separate and this is refused.
    irrep : str
        Of the parent, a real one.
    n_starts : int
    seed : int

    Raises
    ------
    IdentifiabilityError
        If constants of the irrep are not determined locally, or it is a complex pair.
    """
    block = _block(force_field, irrep)
    if block.is_complex_pair:
        raise IdentifiabilityError(f"{irrep} is a complex pair: only real irreps are searched")
    observables = _within(observables, block)
    names = [n.split(" ")[0] for n in force_field.parameters.names]
    chosen = np.flatnonzero([n == irrep for n in names])
    target = respond(force_field.matrix, force_field.parameters, observables)
    if np.linalg.matrix_rank(target.jacobian[:, chosen], rtol=1e-9) < len(chosen):
        raise IdentifiabilityError(
            f"the force constants of {irrep} are not determined even locally: follow their null "
            "direction with twin, or add data"
        )
    rng = np.random.default_rng(seed)
    solved = [
        _descend(force_field, observables, target, chosen, start)
        for start in _starts(force_field, observables, block, rng, n_starts)
    ]
    ends = [(v, e) for v, e in solved if e < _SOLVED]
    return TwinSearch(_distinct(force_field, ends), n_starts, len(ends))


_SOLVED = 1e-9
"""Largest deviation of a logarithm at a solution."""
_DIFFERENT = 1e-5
"""‖ΔF‖/‖F‖ above which two solutions are different."""


def _block(force_field: ForceField, irrep: str) -> Block:
    if not isinstance(force_field.parameters, SymmetricParameters):
        raise IdentifiabilityError("twins of an irrep need symmetric force constants")
    for block in force_field.space.blocks:
        if str(block.irrep) == irrep:
            return block
    known = ", ".join(str(b.irrep) for b in force_field.space.blocks)
    raise IdentifiabilityError(f"no vibrations of {irrep}: there are {known}")


def _within(observables: Observables, block: Block) -> Observables:
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


def _starts(
    force_field: ForceField,
    observables: Observables,
    block: Block,
    rng: np.random.Generator,
    count: int,
) -> list[FloatArray]:
    columns = np.arange(block.start, block.stop, block.dimension)
    kinetic = observables.isotopologues[0].kinetic[np.ix_(columns, columns)]
    half = np.linalg.cholesky(kinetic)
    inner = force_field.matrix[np.ix_(columns, columns)]
    curvatures = np.linalg.eigvalsh(half.T @ inner @ half)
    back = np.linalg.inv(half)
    out = []
    for _ in range(count):
        q, r = np.linalg.qr(rng.normal(size=inner.shape))
        q = q * np.sign(np.diag(r))
        f = back.T @ (q * curvatures) @ q.T @ back
        out.append(with_block(force_field, str(block.irrep), f).values)
    return out


def _descend(
    force_field: ForceField,
    observables: Observables,
    target: Response,
    chosen: NDArray[np.int64],
    start: FloatArray,
) -> tuple[FloatArray, float]:
    """Damped Gauss–Newton (Levenberg–Marquardt) in the chosen constants; and what is left."""
    x, damping = start, 1e-2
    found = _try(force_field, observables, target, x)
    if found is None:
        return x, float("inf")
    for _ in range(60):
        miss = target.values - found.values
        if np.abs(miss).max() < 1e-13:
            break
        jacobian = found.jacobian[:, chosen]
        normal = jacobian.T @ jacobian
        scaled = normal + damping * np.diag(np.diag(normal) + 1e-12)
        moved = x.copy()
        moved[chosen] += np.linalg.solve(scaled, jacobian.T @ miss)
        trial = _try(force_field, observables, target, moved)
        if trial is not None and np.linalg.norm(target.values - trial.values) < np.linalg.norm(
            miss
        ):
            x, found, damping = moved, trial, max(damping / 10, 1e-14)
        elif damping > 1e6:
            break
        else:
            damping *= 4
    return x, float(np.abs(target.values - found.values).max())


def _try(
    force_field: ForceField, observables: Observables, target: Response, x: FloatArray
) -> Response | None:
    matrix = force_field.parameters.assemble(x)
    if np.linalg.eigvalsh(matrix)[0] <= 0:
        return None
    found = respond(matrix, force_field.parameters, observables)
    return found if found.rows == target.rows else None


def _distinct(force_field: ForceField, ends: list[tuple[FloatArray, float]]) -> tuple[Found, ...]:
    limit = _DIFFERENT * float(np.linalg.norm(force_field.values))
    kept: list[list[tuple[FloatArray, float]]] = []
    for values, error in ends:
        for group in kept:
            if np.linalg.norm(values - group[0][0]) < limit:
                group.append((values, error))
                break
        else:
            kept.append([(values, error)])
    best = [min(group, key=lambda e: e[1]) for group in kept]
    out = [
        Found(force_field.with_values(v), len(group), e)
        for (v, e), group in zip(best, kept, strict=True)
    ]
    return tuple(
        sorted(out, key=lambda f: float(np.linalg.norm(f.force_field.values - force_field.values)))
    )
