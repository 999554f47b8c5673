"""Force-field minima, tight enough to show their symmetry.

RDKit's minimiser stops up to 1e-2 Å away from the minimum, and now and then on a saddle
point. Here its result is polished by Newton steps with the Hessian of the force field,
which also tells a minimum from a saddle point; a saddle is left along its downhill mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRADIENT_LIMIT", "Minimum", "Surface", "relax"]

GRADIENT_LIMIT = 1e-5
"""Largest gradient component (kcal/mol/Å) of an accepted minimum."""

_STEP = 1e-3  # Å, for differences of gradients
_TRUST = 0.15  # Å, longest move of a coordinate in one step
_SADDLE = -1e-3  # kcal/mol/Å²; a lower curvature is a way down
_FLAT = 1e-7  # kcal/mol/Å²; directions as flat as this are left alone

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where a relaxation ended.

    Attributes
    ----------
    positions : (N, 3) array, Å
    energy : float, kcal/mol
    gradient : float, kcal/mol/Å
        Largest component.
    softest : float, kcal/mol/Å²
        Lowest curvature, rigid motions excepted; negative at a saddle point.
    """

    positions: _Array
    energy: float
    gradient: float
    softest: float

    @property
    def converged(self) -> bool:
        """Whether this is a minimum to within `GRADIENT_LIMIT`."""
        return self.gradient <= GRADIENT_LIMIT and self.softest > _SADDLE


@dataclass(frozen=True, slots=True)
class Surface:
    """Energy and gradient of an RDKit force field as functions of the positions.

    The positions go in through the conformer that the force field was made for, and
    ``Initialize`` must follow: without it RDKit (2026.09) goes on with the distances of an
    earlier geometry, in ``CalcGrad`` and ``CalcGrad(positions)`` alike.

    Attributes
    ----------
    field : rdkit.ForceField.rdForceField.ForceField
    conformer : rdkit.Chem.Conformer
    """

    field: Any
    conformer: Any

    def start(self) -> _Array:
        """Return the present positions: (3N,), Å."""
        return np.array(self.conformer.GetPositions()).ravel()

    def energy(self, x: _Array) -> float:
        """Energy (kcal/mol) at the positions x: (3N,), Å."""
        self._move(x)
        return float(self.field.CalcEnergy())

    def gradient(self, x: _Array) -> _Array:
        """Gradient (kcal/mol/Å) at the positions x: (3N,), Å."""
        self._move(x)
        return np.array(self.field.CalcGrad())

    def _move(self, x: _Array) -> None:
        self.conformer.SetPositions(x.reshape(-1, 3).copy())
        self.field.Initialize()


def relax(surface: Surface, *, max_steps: int = 60) -> Minimum:
    """Minimise from the surface's present positions, tightly, off saddle points.

    Parameters
    ----------
    surface : Surface
        RDKit's own minimiser should have brought it near a minimum.
    max_steps : int

    Returns
    -------
    Minimum
        Not converged, if it says so.
    """
    x = surface.start()
    gradient = surface.gradient(x)
    curvatures, modes = _internal_modes(surface, x)
    largest = float(np.abs(gradient).max())
    for _ in range(max_steps):
        if largest <= GRADIENT_LIMIT and curvatures[0] < _SADDLE:
            x = _off_saddle(surface, x, modes[:, 0])
        elif largest <= GRADIENT_LIMIT / 100:
            break
        else:
            x = _downhill(surface, x, _newton_step(gradient, curvatures, modes))
        gradient, before = surface.gradient(x), largest
        largest = float(np.abs(gradient).max())
        if largest >= before and before <= GRADIENT_LIMIT and curvatures[0] >= _SADDLE:
            break  # as far as the arithmetic of the force field goes
        if largest > before / 20:  # else the old Hessian serves well
            curvatures, modes = _internal_modes(surface, x)
    return Minimum(x.reshape(-1, 3), surface.energy(x), largest, float(curvatures[0]))


def _internal_modes(surface: Surface, x: _Array) -> tuple[_Array, _Array]:
    """Curvatures (ascending) and directions of the Hessian, rigid motions projected out."""
    n = len(x)
    hessian = np.empty((n, n))
    for i in range(n):
        shifted = x.copy()
        shifted[i] += _STEP
        forward = surface.gradient(shifted)
        shifted[i] -= 2 * _STEP
        hessian[i] = (forward - surface.gradient(shifted)) / (2 * _STEP)
    internal = _internal_space(x)
    curvatures, vectors = np.linalg.eigh(internal.T @ (hessian + hessian.T) @ internal / 2)
    return curvatures, internal @ vectors


def _internal_space(x: _Array) -> _Array:
    """Orthonormal displacements without translation and rotation: 3N-6 columns, or 3N-5."""
    positions = x.reshape(-1, 3) - x.reshape(-1, 3).mean(axis=0)
    axes = np.eye(3)
    rigid = [np.tile(axis, len(positions)) for axis in axes]
    rigid += [np.cross(axis, positions).ravel() for axis in axes]
    vectors, sizes, _ = np.linalg.svd(np.array(rigid).T, full_matrices=True)
    # A collinear molecule has only two rotations; near-collinear ones are rounded to it.
    rank = int((sizes > 1e-3 * sizes[0]).sum())
    return np.asarray(vectors[:, rank:])


def _newton_step(gradient: _Array, curvatures: _Array, modes: _Array) -> _Array:
    """Newton step that goes downhill along every mode, no coordinate by more than `_TRUST`."""
    bent = np.abs(curvatures) > _FLAT
    along = -(modes.T @ gradient)[bent] / np.abs(curvatures[bent])
    step: _Array = modes[:, bent] @ along
    return step * min(1.0, _TRUST / max(float(np.abs(step).max()), 1e-300))


def _downhill(surface: Surface, x: _Array, step: _Array) -> _Array:
    """The end of the step, shortened until neither energy nor gradient grows."""
    energy, slope = surface.energy(x), float(np.abs(surface.gradient(x)).max())
    for _ in range(12):
        new = x + step
        if surface.energy(new) < energy or np.abs(surface.gradient(new)).max() < slope:
            return new
        step = step / 2
    return new


def _off_saddle(surface: Surface, x: _Array, mode: _Array) -> _Array:
    """The lower of the two points beside a saddle, along its way down."""
    push = mode * (_TRUST / np.abs(mode).max())
    return min((x + push, x - push), key=surface.energy)
