"""Tight geometry optimisation that keeps the symmetry of the start, then symmetrises.

The steps are geomeTRIC's: L.-P. Wang, C. Song, J. Chem. Phys. 144 (2016) 214108.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...pointgroup import InputError, Molecule, Symmetry, detect
from . import frame
from .descent import Descent, GeometryNotConverged, OptimisationStep
from .frame import SymmetricFrame
from .surface import Surface
from .surfaces import require

__all__ = ["GeometryNotConverged", "OptimisationStep", "Optimised", "optimise"]

ROUNDS = 3
"""Descents at most: each geometry that symmetrising moves off the limit starts another."""
LARGEST_RISE = 1e-6
"""Eh; if symmetrising costs more energy, the symmetry is not that of the minimum."""
NEGLIGIBLE = 1e-9
"""Å; symmetrising by less than this moves nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Optimised:
    """A stationary point of a surface.

    Attributes
    ----------
    molecule : Molecule
        In the orientation of the start; symmetric to rounding.
    symmetry : Symmetry
        Of the geometry before it was symmetrised, with equal masses for equal elements.
        ``symmetry.group`` is the group, ``symmetry.rms`` the displacement per atom (Å).
    energy : float, Eh
    largest_gradient : float, Eh/bohr
        Largest component at ``molecule``, net force, torque and what breaks the symmetry
        (noise of an integration grid) left aside.
    n_points : int
        Energies and gradients computed.
    """

    molecule: Molecule
    symmetry: Symmetry
    energy: float
    largest_gradient: float
    n_points: int


def optimise(
    surface: Surface,
    *,
    largest_gradient: float = 1e-5,
    max_points: int = 150,
    on_step: Callable[[OptimisationStep], None] | None = None,
    tolerance: float | None = None,
) -> Optimised:
    """Optimise the geometry of a surface's molecule, then symmetrise it.

    Parameters
    ----------
    surface : Surface
        Its molecule is the start. A group that the start has within 0.001 Å is kept.
    largest_gradient : float, Eh/bohr
        Limit of each component of the gradient, before and after symmetrising.
    max_points : int
        Most points to compute.
    on_step : function, optional
        Called with each `OptimisationStep`: shows progress, or keeps the geometry.
    tolerance : float, optional, Å
        Tolerance of the symmetry of the optimised geometry; see `detect`.

    Raises
    ------
    GeometryNotConverged
        If the limit is not reached; the exception holds the last geometry.
    NotConverged
        If self-consistency is not reached at a point.
    InputError
        If a limit makes no sense, or geomeTRIC is not installed.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.level import Level
    >>> from spektron.vibration.electronic.surfaces import surface_for
    >>> optimised = optimise(surface_for(example("methane"), Level("gfn2-xtb")))
    >>> print(optimised.symmetry.group, optimised.largest_gradient < 1e-5)
    Td True
    """
    require("geometric", "geometry optimisation")
    if not 1e-7 <= largest_gradient <= 1e-2:
        raise InputError(f"largest gradient {largest_gradient:g}: give 1e-7 to 1e-2 Eh/bohr")
    if max_points < 1:
        raise InputError(f"{max_points} points: an optimisation computes at least 1")
    descent = Descent(surface, largest_gradient, max_points, on_step)
    molecule = surface.molecule
    for _ in range(ROUNDS):
        descent.follow(molecule)
        found = descent.last
        symmetry = detect(found.molecule.with_masses(None), tolerance)
        molecule = found.molecule.with_positions(symmetry.symmetrised_positions)
        if symmetry.rms > NEGLIGIBLE:
            descent.visit(molecule.positions, SymmetricFrame.of(molecule))
        if descent.last.energy > found.energy + LARGEST_RISE:
            lower = detect(found.molecule.with_masses(None), frame.TOLERANCE)
            return _result(found, lower, descent.n_points)
        if descent.arrived:
            return _result(descent.last, symmetry, descent.n_points)
    raise descent.failure("symmetrising raises the gradient again each time")


def _result(last: OptimisationStep, symmetry: Symmetry, n_points: int) -> Optimised:
    return Optimised(last.molecule, symmetry, last.energy, last.largest_gradient, n_points)
