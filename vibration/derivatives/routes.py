"""Harmonic data of a molecule by the cheapest route.

A calculation is planned first (`calculation`), and can be looked at before anything is
computed; then it runs, in the standard frame of the point group.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np

from ...pointgroup import Molecule, Symmetry
from ..electronic.surface import SinglePoint, Surface
from ..errors import CalculationError, LevelError, NotStationary
from ..harmonic import HarmonicData
from ..level import Level
from .calculation import FIELD, STEP, CalculationPlan, Route, plan_calculation
from .checkpoints import Checkpoints, open_checkpoints
from .operations import FloatArray, finite_operations
from .points import Progress, compute_points, displaced_points, field_points, reference_point
from .raman import field_derivatives
from .reconstruction import second_derivatives

__all__ = ["CalculationPlan", "Route", "harmonic_data", "plan_calculation", "run_calculation"]

LARGEST_GRADIENT = 5e-4
"""Eh/bohr; harmonic frequencies mean nothing where a component is larger."""
NOTED_GRADIENT = 1e-4
"""Eh/bohr; above it a warning says so."""
BROKEN_GRADIENT = 5e-4
"""Eh/bohr; gradients of equivalent atoms that differ more are not those of a symmetric state."""
LARGEST_ASYMMETRY = 1e-3
"""Eh/bohr²; above it a warning doubts the gradients."""


def harmonic_data(
    molecule: Molecule,
    level: Level | None = None,
    *,
    route: Route = "auto",
    raman: bool = True,
    symmetry: Symmetry | Literal["C1"] | None = None,
    tolerance: float | None = None,
    step: float = STEP,
    field: float = FIELD,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    allow_nonstationary: bool = False,
    surface_for: Callable[[Molecule, Level], Surface] | None = None,
) -> HarmonicData:
    """Hessian, dipole and polarizability derivatives of a molecule at a stationary point.

    Parameters
    ----------
    molecule : Molecule
        It is symmetrised, and turned into the standard frame of its point group.
    level : Level, optional
        Default: `Level()`, B3LYP/def2-TZVP.
    route : "auto", "differences" or "analytic"
        How the Hessian is computed; "auto" takes the cheaper one (`cost`).
    raman : bool
        Whether polarizability derivatives are wanted.
    symmetry : Symmetry or "C1", optional
        The symmetry to use; "C1" uses none. Default: detected, isotopes being alike.
    tolerance : float, Å, optional
        For the detection, see `detect`.
    step : float, bohr
        Displacement of the differences.
    field : float, a.u.
        Strength of the electric fields.
    checkpoint : path, optional
        Folder that keeps finished steps; a calculation that was interrupted goes on there.
    progress : callable, optional
        Called as ``progress(done, total, what)`` before each step and at the end.
    allow_nonstationary : bool
        Go on where the gradient is large.
    surface_for : callable, optional
        Makes the surface for a molecule and a level; default `electronic.surfaces.surface_for`.

    Returns
    -------
    HarmonicData
        Its ``molecule`` has the geometry of the calculation.

    Raises
    ------
    NotStationary
        If a component of the gradient is above 5e-4 Eh/bohr.
    NotConverged
        If a single point does not converge; names it.
    CalculationError
        If the electronic state has less symmetry than the nuclei.
    InputError
        If an argument makes no sense.
    """
    plan = plan_calculation(
        molecule,
        level or Level(),
        route=route,
        raman=raman,
        symmetry=symmetry,
        tolerance=tolerance,
        step=step,
        field=field,
    )
    make = surface_for or _default_surface
    surface = make(plan.symmetry.molecule, plan.level)
    checkpoints = None if checkpoint is None else open_checkpoints(checkpoint, surface)
    return run_calculation(
        plan,
        surface,
        checkpoints=checkpoints,
        progress=progress,
        allow_nonstationary=allow_nonstationary,
    )


def run_calculation(
    plan: CalculationPlan,
    surface: Surface,
    *,
    checkpoints: Checkpoints | None = None,
    progress: Progress | None = None,
    allow_nonstationary: bool = False,
) -> HarmonicData:
    """Compute what a plan says; ``surface`` is that of ``plan.symmetry.molecule``."""
    compute = partial(
        compute_points,
        surface,
        checkpoints=checkpoints,
        progress=progress,
        total=plan.n_steps,
    )
    (reference,) = compute([reference_point(surface)])
    _check_reference(reference, plan, allow_nonstationary)
    if plan.route == "differences":
        points = displaced_points(surface, plan.displacements, plan.step)
        hessian, dipole = _from_differences(plan, reference, compute(points, first=1))
    else:
        if progress is not None:
            progress(1, plan.n_steps, "analytic Hessian")
        hessian, dipole = _analytic(plan, surface, checkpoints)
    polarizability = None
    if plan.fields is not None:
        points = field_points(surface, plan.fields, plan.field)
        results = compute(points, first=plan.n_steps - len(points))
        found = field_derivatives(plan.fields, reference, results, strength=plan.field)
        polarizability = found.polarizability_derivatives
    if progress is not None:
        progress(plan.n_steps, plan.n_steps, "")
    return HarmonicData(
        molecule=plan.molecule,
        hessian=hessian,
        dipole_derivatives=dipole,
        polarizability_derivatives=polarizability,
        gradient=reference.gradient,
        energy=reference.energy,
        level=str(plan.level),
        program=surface.program,
    )


def _default_surface(molecule: Molecule, level: Level) -> Surface:
    from ..electronic.surfaces import surface_for

    return surface_for(molecule, level)


def _check_reference(
    reference: SinglePoint, plan: CalculationPlan, allow_nonstationary: bool
) -> None:
    operations = finite_operations(plan.symmetry)
    broken = float(np.abs(reference.gradient - operations.averaged(reference.gradient)).max())
    if broken > BROKEN_GRADIENT:
        raise CalculationError(
            f"the electronic state breaks {plan.symmetry.group}: gradients of equivalent atoms "
            f"differ by {broken:.1e} Eh/bohr, the limit is {BROKEN_GRADIENT:g}; use "
            'symmetry="C1" or another state'
        )
    atom, axis = np.unravel_index(np.argmax(np.abs(reference.gradient)), reference.gradient.shape)
    largest = float(abs(reference.gradient[atom, axis]))
    where = (
        f"largest gradient {largest:.1e} Eh/bohr (atom {atom + 1} {plan.molecule.symbols[atom]})"
    )
    if largest > LARGEST_GRADIENT and not allow_nonstationary:
        raise NotStationary(
            f"{where}: harmonic frequencies need at most {LARGEST_GRADIENT:g}; optimise the "
            "geometry at this level, or pass allow_nonstationary=True"
        )
    if largest > NOTED_GRADIENT:
        warnings.warn(f"{where}: optimise the geometry below {NOTED_GRADIENT:g}", stacklevel=4)


def _from_differences(
    plan: CalculationPlan, reference: SinglePoint, results: Sequence[SinglePoint]
) -> tuple[FloatArray, FloatArray]:
    """Hessian and dipole derivatives, with a warning where the gradients contradict each other."""
    found = second_derivatives(
        plan.displacements, plan.molecule, reference, results, step=plan.step
    )
    if found.residuals.asymmetry > LARGEST_ASYMMETRY:
        warnings.warn(
            f"force constants differ from their transposes by {found.residuals.asymmetry:.1e} "
            f"Eh/bohr², above {LARGEST_ASYMMETRY:g}: a denser grid, tighter convergence or "
            'symmetry="C1" may help',
            stacklevel=4,
        )
    return found.hessian, found.dipole_derivatives


def _analytic(
    plan: CalculationPlan, surface: Surface, checkpoints: Checkpoints | None
) -> tuple[FloatArray, FloatArray]:
    """Hessian and dipole derivatives from the mean field of the reference geometry."""
    from .analytic import analytic_hessian

    positions = surface.molecule.positions
    place = {"positions": np.round(positions, 10).tolist()}
    found = None if checkpoints is None else checkpoints.load_arrays("analytic", place)
    if found is None:
        mean_field = getattr(surface, "mean_field", None)
        if mean_field is None:
            raise LevelError(f"{surface.program} gives no mean field: take the route differences")
        derivatives = analytic_hessian(mean_field(positions), plan.symmetry)
        found = {
            "hessian": derivatives.hessian,
            "dipole_derivatives": derivatives.dipole_derivatives,
        }
        if checkpoints is not None:
            checkpoints.save_arrays("analytic", place, found)
    return found["hessian"], found["dipole_derivatives"]
