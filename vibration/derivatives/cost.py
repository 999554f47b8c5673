"""What a Hessian costs by each route, in gradients.

The unit is one gradient with its self-consistent field, restarted from densities nearby.
Differences cost what the plan counts. An analytic Hessian costs mainly its coupled-perturbed
equations and second integrals, in proportion to the symmetry-unique atoms. Processor times of
PySCF 2.14's Hessian, over all atoms and in gradients per atom: SF6 4.2, benzene 3.7, NH3 2.8,
C2H4 2.7 (DFT, def2-SVP) and 3.6 (HF), neopentane 1.0 (DFT, STO-3G). The coefficients lie in the
middle; between them only routes of similar cost change places.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..level import Level
from .displacements import DisplacementPlan

ANALYTIC_FIXED = 1.0
"""Gradients that an analytic Hessian costs before any atom."""
ANALYTIC_PER_ATOM = 2.5
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
    'differences'
    """
    analytic = None
    if has_analytic_hessian(level):
        analytic = ANALYTIC_FIXED + ANALYTIC_PER_ATOM * len(plan.unique_atoms)
    return HessianCost(plan.n_gradients, analytic)


def has_analytic_hessian(level: Level) -> bool:
    """Whether there is an analytic Hessian; the semi-empirical methods have none."""
    return not level.is_semiempirical
