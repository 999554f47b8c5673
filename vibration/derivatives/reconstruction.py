"""From the gradients of a plan to the Hessian and the dipole derivatives of the molecule.

Every measured column is rotated by all operations of its site; the block of the atom follows
by least squares over the images, the blocks of equivalent atoms by rotation. The result has
the symmetry of the molecule to rounding errors, so degenerate modes come out degenerate. Sum
rules that were not used are left as they are and reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...pointgroup import Molecule
from ...pointgroup.units import BOHR
from ..electronic.surface import SinglePoint
from .displacements import Displacement, DisplacementPlan
from .operations import FloatArray, Operations


@dataclass(frozen=True, slots=True)
class Residuals:
    """By how much a Hessian misses identities that hold for the exact one.

    Attributes
    ----------
    asymmetry : float, Eh/bohr²
        Largest |H_ij − H_ji| before the two were averaged.
    translation : float, Eh/bohr²
        Largest force constant of a translation.
    rotation : float, Eh/bohr
        Largest component of H·(ω × x) − ω × g, the gradient having to turn with the molecule.
    charge : float, e
        Largest deviation of the summed dipole derivatives from the charge.
    """

    asymmetry: float
    translation: float
    rotation: float
    charge: float


@dataclass(frozen=True, slots=True, eq=False)
class SecondDerivatives:
    """What the gradients at displaced geometries give.

    Attributes
    ----------
    hessian : (3N, 3N), Eh/bohr²
    dipole_derivatives : (3N, 3), e
    residuals : Residuals
    """

    hessian: FloatArray
    dipole_derivatives: FloatArray
    residuals: Residuals


def second_derivatives(
    plan: DisplacementPlan,
    molecule: Molecule,
    reference: SinglePoint,
    results: Sequence[SinglePoint],
    *,
    step: float,
) -> SecondDerivatives:
    """Hessian and dipole derivatives from gradients at the points of a plan, in its order.

    Parameters
    ----------
    molecule : Molecule
        At the reference geometry.
    reference : SinglePoint
        There, computed like the others.
    results : sequence of SinglePoint, ``plan.n_gradients``
    step : float, bohr
    """
    operations = plan.operations
    n = operations.n_atoms
    columns = np.zeros((n, 3, n, 3))  # [row atom, row axis, column atom, column axis]
    dipoles = np.zeros((n, 3, 3))  # [atom, axis, component of the dipole]
    pairs = _paired(plan.displacements, reference, results, operations, step)
    for orbit in operations.orbits():
        if orbit[0] != plan.dropped:
            own = [pair for pair in pairs if pair[0].atom == orbit[0]]
            _fill(columns, dipoles, orbit, own, operations)
    if plan.dropped is not None:
        columns[:, :, plan.dropped] = -columns.sum(axis=2)
        dipoles[plan.dropped] = molecule.charge * np.eye(3) - dipoles.sum(axis=0)
    hessian = columns.reshape(3 * n, 3 * n)
    asymmetry = float(np.abs(hessian - hessian.T).max())
    hessian = (hessian + hessian.T) / 2
    dipole_derivatives = dipoles.reshape(3 * n, 3)
    found = residuals(hessian, dipole_derivatives, molecule, reference.gradient, asymmetry)
    return SecondDerivatives(hessian, dipole_derivatives, found)


def residuals(
    hessian: FloatArray,
    dipole_derivatives: FloatArray,
    molecule: Molecule,
    gradient: FloatArray,
    asymmetry: float,
) -> Residuals:
    """The residuals of a Hessian (3N, 3N) and dipole derivatives (3N, 3), by any route."""
    n = molecule.n_atoms
    turned = np.cross(np.eye(3)[:, None], molecule.positions / BOHR)  # [axis, atom, component]
    expected = np.cross(np.eye(3)[:, None], gradient)
    rotation = (turned.reshape(3, -1) @ hessian).reshape(3, n, 3) - expected
    charges = dipole_derivatives.reshape(n, 3, 3).sum(axis=0) - molecule.charge * np.eye(3)
    return Residuals(
        asymmetry=asymmetry,
        translation=float(np.abs(hessian.reshape(3 * n, n, 3).sum(axis=1)).max()),
        rotation=float(np.abs(rotation).max()),
        charge=float(np.abs(charges).max()),
    )


_Pair = tuple[Displacement, FloatArray, FloatArray]
"""A displacement with the derivatives of gradient (N, 3) and dipole (3,) along it."""


def _paired(
    displacements: Sequence[Displacement],
    reference: SinglePoint,
    results: Sequence[SinglePoint],
    operations: Operations,
    step: float,
) -> list[_Pair]:
    """Central differences; a missing second point is the image of the first.

    Changes from the reference are turned, not the gradients themselves: an integration grid
    without the symmetry of the molecule adds a constant to all gradients, which then cancels.
    """
    rest, out = iter(results), []
    for d in displacements:
        plus = next(rest)
        minus = plus if d.reversal is not None else next(rest)
        back = 0 if d.reversal is None else d.reversal  # operation 0 is the identity
        turned = operations.turned(back, minus.gradient - reference.gradient)
        turned_dipole = operations.matrices[back] @ (minus.dipole - reference.dipole)
        gradient = (plus.gradient - reference.gradient - turned) / (2 * step)
        dipole = (plus.dipole - reference.dipole - turned_dipole) / (2 * step)
        out.append((d, gradient, dipole))
    return out


def _fill(
    columns: FloatArray,
    dipoles: FloatArray,
    orbit: tuple[int, ...],
    pairs: Sequence[_Pair],
    operations: Operations,
) -> None:
    """The columns of one orbit, from the differences along directions of its first atom."""
    n = operations.n_atoms
    targets, images, moments = [], [], []
    for d, gradient, dipole in pairs:
        for g in operations.site(orbit[0]):
            targets.append(operations.turned(int(g), gradient))
            images.append(operations.matrices[g] @ d.direction)
            moments.append(operations.matrices[g] @ dipole)
    inverse = np.linalg.pinv(np.array(images)).T  # (n_image, 3)
    block = np.einsum("gic,gk->ick", np.array(targets), inverse)
    moment = np.einsum("gk,gc->kc", inverse, np.array(moments))
    for atom in orbit:
        g = operations.sending(orbit[0], atom)
        r = operations.matrices[g]
        turned = operations.turned(g, block.reshape(n, 3, 3))
        columns[:, :, atom] = turned @ r.T
        dipoles[atom] = r @ moment @ r.T
