"""The list of single points that a plan needs, and the loop that computes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...pointgroup.units import BOHR
from ..electronic.surface import SinglePoint, Surface
from ..errors import CalculationError, NotConverged
from .checkpoints import Checkpoints
from .displacements import DisplacementPlan
from .fields import FieldPlan
from .operations import FloatArray


class Progress(Protocol):
    """Called before each step and once at the end."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` steps are finished, ``what`` is next ("" at the end)."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A geometry and an electric field at which a gradient is needed.

    Attributes
    ----------
    what : str
        What it is, for people.
    positions : (N, 3), Å
    field : (3,), a.u.
    """

    what: str
    positions: FloatArray
    field: FloatArray


def reference_point(surface: Surface) -> Point:
    """The geometry of the surface's molecule without a field."""
    return Point("reference geometry", surface.molecule.positions, np.zeros(3))


def displaced_points(surface: Surface, plan: DisplacementPlan, step: float) -> list[Point]:
    """The points of a plan in its order; where both signs are needed, + comes first.

    Parameters
    ----------
    step : float, bohr
    """
    molecule, out = surface.molecule, []
    for d in plan.displacements:
        pattern = d.pattern(molecule.n_atoms) * step * BOHR
        for sign in (1, -1)[: d.cost]:
            arrow = ", ".join(f"{x + 0.0:.2f}" for x in sign * d.direction)
            what = f"{molecule.symbols[d.atom]}{d.atom + 1} along ({arrow})"
            out.append(Point(what, molecule.positions + sign * pattern, np.zeros(3)))
    return out


def field_points(surface: Surface, plan: FieldPlan, strength: float) -> list[Point]:
    """The points of a plan in its order; where both signs are needed, + comes first.

    Parameters
    ----------
    strength : float, a.u.
    """
    out = []
    for d in plan.directions:
        for sign in (1, -1)[: d.cost]:
            arrow = ", ".join(f"{x + 0.0:.2f}" for x in sign * d.vector)
            field = sign * strength * d.vector
            out.append(Point(f"field along ({arrow})", surface.molecule.positions, field))
    return out


def compute_points(
    surface: Surface,
    points: Sequence[Point],
    *,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
    first: int = 0,
    total: int | None = None,
) -> list[SinglePoint]:
    """Compute points one after the other, or take them from the checkpoints.

    Parameters
    ----------
    first, total : int
        Steps done before and steps in all, for the progress of a longer calculation.

    Raises
    ------
    NotConverged
        Names the point; the finished ones are kept in the checkpoints.
    CalculationError
        If the surface returns numbers that are not finite.
    """
    out = []
    for k, point in enumerate(points):
        if progress is not None:
            progress(first + k, total or len(points), point.what)
        found = None if checkpoints is None else checkpoints.load(point.positions, point.field)
        if found is None:
            found = _computed(surface, point, checkpoints)
        out.append(found)
    return out


def _computed(surface: Surface, point: Point, checkpoints: Checkpoints | None) -> SinglePoint:
    try:
        result = surface.compute(point.positions, point.field)
    except NotConverged as error:
        kept = (
            "" if checkpoints is None else f"; finished gradients are kept in {checkpoints.folder}"
        )
        raise NotConverged(f"{point.what}: {error}{kept}") from error
    n = len(point.positions)
    sound = result.gradient.shape == (n, 3) and result.dipole.shape == (3,)
    if not (sound and all(np.isfinite(x).all() for x in (result.gradient, result.dipole))):
        raise CalculationError(
            f"{point.what}: {surface.program} gave no finite gradient and dipole"
        )
    if checkpoints is not None:
        checkpoints.save(point.positions, point.field, result)
    return result
