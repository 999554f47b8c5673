"""What a Hessian costs by each route, in gradients.

The unit is one gradient with its self-consistent field, restarted from densities nearby.
Differences cost what the plan counts. The analytic Hessian costs mainly its coupled-perturbed
equations, in proportion to the symmetry-unique atoms. Processor times in gradients (unique
atoms): B3LYP/def2-SVP H2O 1.7 (2), NH3 1.6 (2), C2H4 1.8 (2), benzene 1.7 (2), SF6 2.5 (2), CH3OH
2.8 (5), CHFClBr 5.9 (5); B3LYP/STO-3G neopentane 1.7 (3); HF/def2-SVP benzene 2.3 (2), C2H4 3.1
(2), without density fitting 4.4. The coefficients lie in the middle of the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..level import Level
from .displacements import DisplacementPlan

ANALYTIC_FIXED = 0.5
"""Gradients that an analytic Hessian costs before any atom."""
ANALYTIC_PER_ATOM = 0.8
"""Gradients that it costs for each unique atom."""


@dataclass(frozen=True, slots=True)
class HessianCost:
    """Cost of the Hessian by each route, in gradients.

    Attributes
    ----------
    differences : int
        Counted.
    analytic : float or None
        Estimated; None if the program has no analytic Hessian at this level.
    """

    differences: int
    analytic: float | None

    @property
    def cheaper(self) -> str:
        """The route that costs less, "differences" or "analytic"."""
        if self.analytic is None or self.differences <= self.analytic:
            return "differences"
        return "analytic"


def hessian_cost(plan: DisplacementPlan, level: Level) -> HessianCost:
    """Count the gradients of a plan, and estimate the analytic Hessian.

    Examples
    --------
    >>> from spektron.pointgroup import detect, example
    >>> from .displacements import plan_displacements
    >>> plan = plan_displacements(detect(example("benzene")))
    >>> hessian_cost(plan, Level("b3lyp", "def2-svp")).cheaper
    'analytic'
    """
    analytic = None
    if has_analytic_hessian(level):
        analytic = ANALYTIC_FIXED + ANALYTIC_PER_ATOM * len(plan.unique_atoms)
    return HessianCost(plan.n_gradients, analytic)


def has_analytic_hessian(level: Level) -> bool:
    """Whether there is an analytic Hessian; the semi-empirical methods have none."""
    return not level.is_semiempirical
