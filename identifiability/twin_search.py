"""Force fields with the same spectrum, searched from many random starts.

For irreps of any number of vibrations; with two, `twins.block_twins` misses none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import IdentifiabilityError
from .forcefield import ForceField
from .observables import Observables, Response, respond
from .space import Block
from .twins import lines_of_block, named_block, with_block

FloatArray = NDArray[np.float64]

_SOLVED = 1e-9
"""Largest deviation of a logarithm at a solution."""
_DIFFERENT = 1e-5
"""‖ΔF‖/‖F‖ above which two solutions are different."""


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
    block = named_block(force_field, irrep)
    if block.is_complex_pair:
        raise IdentifiabilityError(f"{irrep} is a complex pair: only real irreps are searched")
    observables = lines_of_block(observables, block)
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
