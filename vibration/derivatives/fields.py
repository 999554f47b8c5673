"""The plan of symmetry-unique electric fields whose gradients give polarizability derivatives.

With H' = −μ·F the gradient in a field is

    g(F) = g(0) − F_k ∂μ_k/∂x − ½ F_k F_l ∂α_kl/∂x − …,

so that for a unit vector e (A. Komornicki and J. W. McIver, J. Chem. Phys. 70 (1979) 2014)

    e·(∂α/∂x)·e = −(g(Fe) + g(−Fe) − 2 g(0)) / F² + O(F²)
    e·(∂μ/∂x)   = −(g(Fe) − g(−Fe)) / 2F + O(F²).

The number of fields does not depend on the size of the molecule: six directions, both
signs, without symmetry; fewer where their images under the group span what they must.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...pointgroup import Symmetry
from .directions import Direction, minimal_directions
from .operations import Operations, finite_operations


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """All fields that a molecule needs.

    Attributes
    ----------
    operations : Operations
    directions : tuple of Direction
        Those without a reversal are needed with both signs.
    """

    operations: Operations
    directions: tuple[Direction, ...]

    @property
    def n_gradients(self) -> int:
        """Gradients in a field; the one without is not counted."""
        return sum(d.cost for d in self.directions)


def plan_fields(symmetry: Symmetry) -> FieldPlan:
    """The fewest fields that give the polarizability derivatives of a molecule.

    Examples
    --------
    >>> from spektron.pointgroup import detect, example
    >>> names = ("hydrogen_peroxide", "ethylene", "benzene", "methane")
    >>> [plan_fields(detect(example(name))).n_gradients for name in names]
    [6, 3, 2, 1]
    """
    operations = finite_operations(symmetry)
    return FieldPlan(operations, minimal_directions(operations.matrices, power=2))
