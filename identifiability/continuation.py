"""Twins along a null direction: other force fields with the same spectrum, by continuation.

A null direction says that the spectrum does not change to first order. Here it is followed: a
step along it (predictor), then Gauss–Newton back to the observables (corrector), with the
tangent of the fibre recomputed at each point (E. L. Allgower, K. Georg, *Introduction to
Numerical Continuation Methods* (2003), chapters 2 and 10). Constants of silent blocks have
null columns, so that they move freely and exactly. Derivatives of dipole moment and
polarizability that are unknown move along.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import IdentifiabilityError
from .forcefield import ForceField
from .identification import Identification, without_nuisance
from .observables import Response, respond, tensor_basis
from .tensors import Tensors

FloatArray = NDArray[np.float64]

_CLOSE = 1e-12
"""Largest deviation of a logarithm at which the corrector is content."""
_CERTIFIED = 1e-10
"""Largest deviation of a logarithm that a twin may have."""
_STEPS = 400
_CORRECTIONS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """A force field with the same observables as another one.

    Attributes
    ----------
    force_field : ForceField
    tensors : Tensors or None
        Derivatives that go with it; those given, unless they are unknown.
    distance : float
        ‖ΔF‖/‖F‖, Frobenius norms.
    deviation : float
        Largest change of the logarithm of an observable, recomputed at the end.
    lowest : float, Eh/bohr²
        Smallest eigenvalue of F: the twin is a minimum as well.
    n_steps : int
    """

    force_field: ForceField
    tensors: Tensors | None
    distance: float
    deviation: float
    lowest: float
    n_steps: int

    def __str__(self) -> str:
        return (
            f"twin at ‖ΔF‖/‖F‖ = {self.distance:.3g}: observables equal to "
            f"{self.deviation:.0e}, lowest curvature {self.lowest:.3g} Eh/bohr²"
        )


def twin(identification: Identification, direction: int | ArrayLike = 0, size: float = 0.1) -> Twin:
    """Follow a null direction to a force field that is some distance away.

    Parameters
    ----------
    identification : Identification
    direction : int or (P,)
        Number of a null direction, taken with the sign that raises the trace of F; or any
        combination of null directions, whose own sign counts.
    size : float
        ‖ΔF‖/‖F‖ of the twin.

    Raises
    ------
    IdentifiabilityError
        If there is no such direction, it leads nowhere beyond first order, or the fibre turns
        back or meets a force field that is no minimum before the distance is reached.

    Examples
    --------
    Water from its own three lines: one direction is open.

    >>> from spektron.pointgroup import example
    >>> from spektron.identifiability.identification import identify
    >>> from spektron.identifiability.isotopologue import Isotopologue
    >>> from spektron.identifiability.observables import Observables
    >>> water = ForceField.random(example("water"))
    >>> found = identify(water, Observables((Isotopologue.of(water.space),)))
    >>> other = twin(found, size=0.05)
    >>> round(other.distance, 6), other.deviation < 1e-10
    (0.05, True)
    """
    if not 0 < size < np.inf:
        raise IdentifiabilityError(f"size of a twin {size:g}: give a positive number such as 0.1")
    path = _Path.of(identification)
    tangent = path.lift(_direction(identification, direction), identification.response)
    x, goal = path.start, size * path.norm
    step, count = goal / 8, 0
    while True:
        count += 1
        reached = path.distance(x)
        if abs(reached - goal) <= 1e-9 * goal:
            return path.finished(x, count)
        tangent = path.tangent(x, tangent)
        outward = _outward(path, x - path.start, tangent, goal)
        length = min(step, outward)
        moved = path.corrected(x + length * tangent)
        if moved is None or path.lowest(moved) <= 0:
            step /= 2
            if step < 1e-7 * goal:
                raise IdentifiabilityError(_stopped(path, x, moved))
            continue
        back = reached < goal and path.distance(moved) <= reached
        if count > _STEPS or back:
            raise IdentifiabilityError(
                f"the fibre turns back at ‖ΔF‖/‖F‖ = {reached / path.norm:.3g}: ask for a "
                "smaller size"
            )
        x, step = moved, min(step * 1.5, goal / 8)


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """The fibre through a point: force constants and, if unknown, tensor components.

    Attributes
    ----------
    start : (P + T,)
    target : (m,) logarithms to keep
    rank : int
        Of the joint Jacobian at the start.
    """

    identification: Identification
    basis: tuple[Tensors, ...]
    start: FloatArray
    target: FloatArray
    rank: int

    @classmethod
    def of(cls, found: Identification) -> _Path:
        basis = tensor_basis(found.force_field.space, found.observables)
        response = found.response
        joint = np.hstack([response.jacobian, response.nuisance])
        rank = int(np.linalg.matrix_rank(joint, tol=1e-9 * np.linalg.norm(joint, 2)))
        start = np.concatenate([found.force_field.values, np.zeros(len(basis))])
        return cls(found, basis, start, response.values, rank)

    @property
    def n(self) -> int:
        return self.identification.n_parameters

    @property
    def norm(self) -> float:
        return float(np.linalg.norm(self.identification.force_field.matrix))

    def distance(self, x: FloatArray) -> float:
        field = self.identification.force_field
        return float(np.linalg.norm(field.parameters.assemble((x - self.start)[: self.n])))

    def lowest(self, x: FloatArray) -> float:
        matrix = self.identification.force_field.parameters.assemble(x[: self.n])
        return float(np.linalg.eigvalsh(matrix)[0])

    def tensors(self, x: FloatArray) -> Tensors | None:
        given = self.identification.observables.tensors
        if given is None or not self.basis:
            return given
        amounts = x[self.n :]
        return Tensors(
            given.dipole + np.tensordot(amounts, [b.dipole for b in self.basis], 1),
            given.polarizability + np.tensordot(amounts, [b.polarizability for b in self.basis], 1),
        )

    def respond(self, x: FloatArray) -> Response:
        field = self.identification.force_field
        observables = replace(self.identification.observables, tensors=self.tensors(x))
        return respond(field.parameters.assemble(x[: self.n]), field.parameters, observables)

    def lift(self, direction: FloatArray, response: Response) -> FloatArray:
        """A null direction (P,) with the tensor components that make up for it."""
        change = response.jacobian @ direction
        if not self.basis:
            return direction
        follow = np.linalg.lstsq(response.nuisance, -change, rcond=1e-9)[0]
        return np.concatenate([direction, follow])

    def tangent(self, x: FloatArray, last: FloatArray) -> FloatArray:
        """The last direction, projected on the force constants that the fibre goes along."""
        response = self.respond(x)
        null = np.linalg.svd(without_nuisance(response))[2][self.identification.rank :]
        out = null.T @ (null @ last[: self.n])
        return self.lift(out / np.linalg.norm(out), response)

    def corrected(self, x: FloatArray) -> FloatArray | None:
        """Gauss–Newton steps of least length back to the observables; None if they fail."""
        for _ in range(_CORRECTIONS):
            try:
                response = self.respond(x)
            except IdentifiabilityError:  # a line has no positive curvature any more
                return None
            if response.values.shape != self.target.shape:
                return None
            miss = self.target - response.values
            if np.abs(miss).max() <= _CLOSE:
                return x
            joint = np.hstack([response.jacobian, response.nuisance])
            u, s, vt = np.linalg.svd(joint, full_matrices=False)
            keep = slice(0, self.rank)
            x = x + vt[keep].T @ ((u[:, keep].T @ miss) / s[keep])
        return x if np.abs(self._miss(x)).max() <= _CERTIFIED else None

    def _miss(self, x: FloatArray) -> FloatArray:
        try:
            return self.respond(x).values - self.target
        except IdentifiabilityError:
            return np.full_like(self.target, np.inf)

    def finished(self, x: FloatArray, count: int) -> Twin:
        field = self.identification.force_field.with_values(x[: self.n])
        deviation = float(np.abs(self._miss(x)).max())
        distance = self.distance(x) / self.norm
        return Twin(field, self.tensors(x), distance, deviation, self.lowest(x), count)


def _direction(found: Identification, direction: int | ArrayLike) -> FloatArray:
    """A unit vector (P,) in the span of the null directions."""
    if not found.deficiency:
        raise IdentifiabilityError(
            f"all {found.n_parameters} force constants are determined: there is no null direction"
        )
    if isinstance(direction, int | np.integer):
        if not 0 <= direction < found.deficiency:
            raise IdentifiabilityError(
                f"null direction {direction}: there are {found.deficiency}, counted from 0"
            )
        chosen = found.null_directions[direction]
        trace = float(np.trace(found.force_field.parameters.assemble(chosen)))
        return np.asarray(-chosen if trace < 0 else chosen)
    given = np.asarray(direction, dtype=np.float64)
    if given.shape != (found.n_parameters,):
        raise IdentifiabilityError(
            f"direction of shape {given.shape} for {found.n_parameters} force constants"
        )
    inside = found.null_directions.T @ (found.null_directions @ given)
    if np.linalg.norm(inside) < (1 - 1e-6) * np.linalg.norm(given) or not given.any():
        raise IdentifiabilityError("the direction is no combination of null directions")
    return np.asarray(inside / np.linalg.norm(inside))


def _outward(path: _Path, offset: FloatArray, tangent: FloatArray, goal: float) -> float:
    """Length of a step along the tangent that would end at the distance wanted."""
    assemble = path.identification.force_field.parameters.assemble
    a, b = assemble(offset[: path.n]).ravel(), assemble(tangent[: path.n]).ravel()
    along, square = float(a @ b), float(b @ b)
    if square == 0.0:
        return goal
    return float((-along + max(along**2 + square * float(goal**2 - a @ a), 0.0) ** 0.5) / square)


def _stopped(path: _Path, x: FloatArray, moved: FloatArray | None) -> str:
    reached = path.distance(x) / path.norm
    if reached == 0.0 and moved is None:
        return (
            "the null direction holds to first order only: no force field near by has the same "
            "observables"
        )
    what = "it meets one that is no minimum" if moved is not None else "it cannot be followed"
    return f"the fibre ends at ‖ΔF‖/‖F‖ = {reached:.3g}, where {what}: ask for a smaller size"
