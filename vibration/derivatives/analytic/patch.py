"""A patch of an integration grid, and the order of its functions' derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .state import FloatArray, State

SECOND = ((4, 5, 6), (5, 7, 8), (6, 8, 9))
"""Place of ∂x∂y among PySCF's derivatives of basis functions."""
THIRD = {
    (0, 0): (10, 11, 12), (0, 1): (11, 13, 14), (0, 2): (12, 14, 15),
    (1, 1): (13, 16, 17), (1, 2): (14, 17, 18), (2, 2): (15, 18, 19),
}  # fmt: skip
"""Place of ∂x∂y∂z for each pair x ≤ y, by z."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Some points of a grid, with what the functional needs there.

    Attributes
    ----------
    active : (n,) int
        Functions that are not negligible.
    functions : (n_derivative, n, n_point)
    orbitals : list of (1 or 4, n_occupied, n_point)
        Occupied orbitals of each spin; with their gradients unless the functional is local.
    slopes : (n_spin, n_variable, n_point)
        f_u times the weights.
    curvatures : (n_spin, n_variable, n_spin, n_variable, n_point)
        f_uu times the weights.
    """

    active: Any
    functions: FloatArray
    orbitals: list[FloatArray]
    slopes: FloatArray
    curvatures: FloatArray


def owners_of(mol: Any) -> Any:
    """(n_basis,) the atom that each function is on."""
    slices = mol.aoslice_by_atom()[:, 2:]
    return np.repeat(np.arange(mol.natm), slices[:, 1] - slices[:, 0])


def state_size(state: State) -> int:
    """Number of basis functions."""
    return int(state.mol.nao)
