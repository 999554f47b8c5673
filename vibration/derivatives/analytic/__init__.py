"""The analytic Hessian of symmetry-unique motions.

`hessian` puts together what the parts of the energy give: `one_electron`, `fitted` or `exact`
repulsion, the functional on its `grid`, and the `environment`; `response` solves for the
orbitals, `images` carries the results to all atoms.
"""

from .hessian import AnalyticDerivatives, analytic_hessian

__all__ = ["AnalyticDerivatives", "analytic_hessian"]
