"""A reference spectrum from a rough geometry: optimise, symmetrise, take second derivatives."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..pointgroup import Molecule, Symmetry, detect
from ..pointgroup.detection.symmetry import check_tolerance
from .derivatives.checkpoints import Checkpoints, open_checkpoints
from .derivatives.points import Progress
from .derivatives.routes import CalculationPlan, Route, plan_calculation, run_calculation
from .electronic.optimisation import OptimisationStep, Optimised, optimise
from .electronic.surface import Surface
from .electronic.surfaces import surface_for
from .harmonic import HarmonicData
from .level import Level

SYMMETRIC = 1e-6
"""Å; a symmetrised geometry has its group within this."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A calculation from the geometry to the derivatives.

    Attributes
    ----------
    optimised : Optimised or None
        None if the geometry was taken as given.
    plan : CalculationPlan
        What was computed.
    data : HarmonicData
    """

    optimised: Optimised | None
    plan: CalculationPlan
    data: HarmonicData


def reference_data(
    molecule: Molecule,
    level: Level | None = None,
    *,
    optimisation: bool = True,
    route: Route = "auto",
    raman: bool = True,
    tolerance: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    on_step: Callable[[OptimisationStep], None] | None = None,
    on_plan: Callable[[CalculationPlan], None] | None = None,
    progress: Progress | None = None,
    allow_nonstationary: bool = False,
) -> Reference:
    """Harmonic data at the minimum that a geometry leads to.

    Parameters
    ----------
    molecule : Molecule
        Its isotopes are kept, and do not matter to the calculation.
    level : Level, optional
        Default: B3LYP/def2-TZVP.
    optimisation : bool
        Whether the geometry is optimised (largest gradient 1e-5 Eh/bohr) and symmetrised.
    route, raman, tolerance, progress, allow_nonstationary
        See `harmonic_data`.
    checkpoint : path, optional
        Folder that keeps the last geometry and all finished gradients; a calculation that was
        interrupted goes on from there.
    on_step, on_plan : callable, optional
        Called with each step of the optimisation, and with the plan of the derivatives.

    Raises
    ------
    InputError
        If the level or an option cannot be used.
    CalculationError
        If a step does not converge; with a checkpoint nothing that was finished is lost.
    """
    check_tolerance(tolerance)
    level = level or Level()
    plain = molecule.with_masses(None)
    surface = surface_for(plain, level)
    optimised = symmetry = None
    geometry = plain
    if optimisation:
        kept = None if checkpoint is None else open_checkpoints(checkpoint, surface)
        optimised = _optimised(surface, kept, tolerance, on_step)
        geometry, symmetry = optimised.molecule, _decided(optimised)
    plan = plan_calculation(
        geometry.with_masses(molecule.masses),
        level,
        route=route,
        raman=raman,
        symmetry=symmetry,
        tolerance=tolerance,
    )
    if on_plan is not None:
        on_plan(plan)
    place = surface_for(plan.symmetry.molecule, level)
    data = run_calculation(
        plan,
        place,
        checkpoints=None if checkpoint is None else open_checkpoints(checkpoint, place),
        progress=progress,
        allow_nonstationary=allow_nonstationary,
    )
    return Reference(optimised, plan, data)


def _decided(optimised: Optimised) -> Symmetry:
    """The symmetry of an optimised geometry, as optimising has decided it.

    To detect it anew with the tolerance of the start would return to a group that costs energy.
    """
    if np.array_equal(optimised.symmetry.molecule.positions, optimised.molecule.positions):
        return optimised.symmetry
    return detect(optimised.molecule.with_masses(None), SYMMETRIC)


def _optimised(
    surface: Surface,
    checkpoints: Checkpoints | None,
    tolerance: float | None,
    on_step: Callable[[OptimisationStep], None] | None,
) -> Optimised:
    """The optimised geometry, from the last one that a checkpoint holds."""
    if checkpoints is None:
        return optimise(surface, tolerance=tolerance, on_step=on_step)
    place = {"start": np.round(surface.molecule.positions, 10).tolist()}
    found = checkpoints.load_arrays("geometry", place)
    if found is not None:
        last = surface.molecule.with_positions(found["positions"])
        surface = surface_for(last, surface.level)

    def keep(step: OptimisationStep) -> None:
        checkpoints.save_arrays("geometry", place, {"positions": step.molecule.positions})
        if on_step is not None:
            on_step(step)

    return optimise(surface, tolerance=tolerance, on_step=keep)
