"""What will be computed for a molecule, decided by group theory before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...pointgroup import Molecule, PointGroup, Symmetry, detect
from ...pointgroup.errors import InputError
from ..errors import LevelError
from ..level import Level
from .cost import HessianCost, has_analytic_hessian, hessian_cost
from .displacements import DisplacementPlan, plan_displacements
from .fields import FieldPlan, plan_fields
from .operations import in_standard_frame

Route = Literal["auto", "differences", "analytic"]

STEP = 0.0025
"""bohr; the default displacement. Its error in wavenumbers grows as the square (up to 0.05 cm⁻¹
at twice the step), that of imperfect self-consistency falls as the inverse."""
FIELD = 0.004
"""a.u.; the default field strength. Raman activities of NH3 and C2H4 (B3LYP/def2-SVP) are then
right to 0.04 % of the strongest; at half and at twice the field the error is about twice that."""


@dataclass(frozen=True, slots=True, eq=False)
class CalculationPlan:
    """What will be computed for one molecule.

    Attributes
    ----------
    symmetry : Symmetry
        In the standard frame: ``symmetry.molecule`` is the geometry of the calculation, with
        default masses, as the electrons do not see masses.
    molecule : Molecule
        The same geometry with the masses that were given.
    level : Level
    route : "differences" or "analytic"
    chosen : bool
        Whether the route was chosen by cost.
    cost : HessianCost
    displacements : DisplacementPlan
    fields : FieldPlan or None
        None without Raman.
    step : float, bohr
    field : float, a.u.
    """

    symmetry: Symmetry
    molecule: Molecule
    level: Level
    route: str
    chosen: bool
    cost: HessianCost
    displacements: DisplacementPlan
    fields: FieldPlan | None
    step: float
    field: float

    @property
    def n_steps(self) -> int:
        """Gradients in all, the reference included; an analytic Hessian counts as one step."""
        hessian = self.displacements.n_gradients if self.route == "differences" else 1
        return 1 + hessian + (self.fields.n_gradients if self.fields else 0)

    def __str__(self) -> str:
        return "\n".join(_description(self))


def plan_calculation(
    molecule: Molecule,
    level: Level,
    *,
    route: Route = "auto",
    raman: bool = True,
    symmetry: Symmetry | Literal["C1"] | None = None,
    tolerance: float | None = None,
    step: float = STEP,
    field: float = FIELD,
) -> CalculationPlan:
    """Decide what to compute; see `harmonic_data` for the arguments.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> print(plan_calculation(example("benzene"), Level("b3lyp", "def2-svp")))
    C6H6 in D6h at b3lyp/def2-svp
    Hessian analytic, 2 unique of 12 atoms
    Raman from fields: 2 gradients (12 without symmetry)
    4 steps with the reference geometry
    """
    _check_settings(route, symmetry, step, field)
    standard = in_standard_frame(_symmetry_of(molecule, symmetry, tolerance))
    displacements = plan_displacements(standard)
    cost = hessian_cost(displacements, level)
    if route == "analytic" and not has_analytic_hessian(level):
        raise LevelError(f"{level} has no analytic Hessian here: take the route differences")
    return CalculationPlan(
        symmetry=standard,
        molecule=standard.molecule.with_masses(molecule.masses),
        level=level,
        route=cost.cheaper if route == "auto" else route,
        chosen=route == "auto",
        cost=cost,
        displacements=displacements,
        fields=plan_fields(standard) if raman else None,
        step=step,
        field=field,
    )


def _check_settings(route: str, symmetry: object, step: float, field: float) -> None:
    if route not in get_args(Route):
        raise InputError(f"route {route!r}: choose one of {', '.join(get_args(Route))}")
    if not (symmetry is None or symmetry == "C1" or isinstance(symmetry, Symmetry)):
        raise InputError(f'symmetry {symmetry!r}: give the result of detect(), or "C1" for none')
    if not 1e-4 <= step <= 0.1:
        raise InputError(f"step {step:g} bohr: give one between 0.0001 and 0.1; {STEP:g} is good")
    if not 1e-4 <= field <= 0.05:
        raise InputError(
            f"field {field:g} a.u.: give one between 0.0001 and 0.05; {FIELD:g} is good"
        )


def _symmetry_of(
    molecule: Molecule, symmetry: Symmetry | Literal["C1"] | None, tolerance: float | None
) -> Symmetry:
    plain = molecule.with_masses(None)
    if isinstance(symmetry, Symmetry):
        if not np.array_equal(symmetry.molecule.positions, molecule.positions):
            raise InputError("the symmetry given is that of another geometry: detect it again")
        return symmetry
    if symmetry is None:
        return detect(plain, tolerance)
    return Symmetry(
        molecule=plain,
        group=PointGroup("C1"),
        matrices=np.eye(3)[None],
        permutations=np.arange(plain.n_atoms)[None],
        frame=np.eye(3),
        origin=plain.centre_of_mass,
        symmetrised_positions=plain.positions,
        tolerance=None,
    )


def _description(plan: CalculationPlan) -> list[str]:
    n, unique = plan.molecule.n_atoms, len(plan.displacements.unique_atoms)
    lines = [f"{plan.molecule.formula} in {plan.symmetry.group} at {plan.level}"]
    if plan.route == "analytic":
        lines.append(f"Hessian analytic, {unique} unique of {n} atoms")
    else:
        lines.append(
            f"Hessian by differences: {_gradients(plan.displacements.n_gradients)} of {unique} "
            f"unique atoms ({6 * n} without symmetry)"
        )
    if plan.fields is not None:
        lines.append(
            f"Raman from fields: {_gradients(plan.fields.n_gradients)} (12 without symmetry)"
        )
    lines.append(f"{plan.n_steps} steps with the reference geometry")
    return lines


def _gradients(n: int) -> str:
    return f"{n} gradient" if n == 1 else f"{n} gradients"
