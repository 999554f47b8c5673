"""Polarizability derivatives from gradients in electric fields.

Equations in `fields`. Dipole derivatives and the static polarizability come as by-products
of the same points, the latter from the dipoles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..electronic.surface import SinglePoint
from .directions import symmetric_tensors, symmetric_vectors
from .fields import FieldPlan
from .operations import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class FieldDerivatives:
    """What the gradients in fields give.

    Attributes
    ----------
    polarizability_derivatives : (3N, 3, 3), bohr²
        ∂α_kl/∂x_i.
    dipole_derivatives : (3N, 3), e
    polarizability : (3, 3), bohr³
        Static.
    translation : float, bohr²
        Largest polarizability derivative along a translation, which should be 0.
    """

    polarizability_derivatives: FloatArray
    dipole_derivatives: FloatArray
    polarizability: FloatArray
    translation: float


def field_derivatives(
    plan: FieldPlan,
    reference: SinglePoint,
    results: Sequence[SinglePoint],
    *,
    strength: float,
) -> FieldDerivatives:
    """Derivatives from gradients at the points of a plan, in its order.

    Parameters
    ----------
    reference : SinglePoint
        At the same geometry without a field.
    results : sequence of SinglePoint, ``plan.n_gradients``
    strength : float, a.u.
    """
    operations = plan.operations
    n = operations.n_atoms
    rest = iter(results)
    squares, vectors, images, dipoles, moments = [], [], [], [], []
    for d in plan.directions:
        plus = next(rest)
        minus = plus if d.reversal is not None else next(rest)
        back = 0 if d.reversal is None else d.reversal  # operation 0 is the identity
        # Each change is taken before it is turned: an integration grid without the symmetry of
        # the molecule adds a constant to all gradients, which would not cancel afterwards.
        change = plus.gradient - reference.gradient
        opposite = operations.turned(back, minus.gradient - reference.gradient)
        even = -(change + opposite) / strength**2
        odd = -(change - opposite) / (2 * strength)
        turned_dipole = operations.matrices[back] @ (minus.dipole - reference.dipole)
        moment = (plus.dipole - reference.dipole - turned_dipole) / (2 * strength)
        for g, r in enumerate(operations.matrices):
            image = r @ d.vector
            images.append(image)
            squares.append(symmetric_vectors(np.outer(image, image)))
            vectors.append(operations.turned(g, even).ravel())
            dipoles.append(operations.turned(g, odd).ravel())
            moments.append(r @ moment)
    quadratic = np.linalg.pinv(np.array(squares)) @ np.array(vectors)  # (6, 3N)
    linear = np.linalg.pinv(np.array(images))
    alpha = linear @ np.array(moments)
    derivatives = symmetric_tensors(quadratic.T)
    return FieldDerivatives(
        polarizability_derivatives=derivatives,
        dipole_derivatives=(linear @ np.array(dipoles)).T,
        polarizability=(alpha + alpha.T) / 2,
        translation=float(np.abs(derivatives.reshape(n, 3, 3, 3).sum(axis=0)).max()),
    )
