"""Force fields as functions of parameters: what all offer, and two of them.

- `SymmetryForceField` (in `forcefield`): the independent force constants in symmetry coordinates.
- `ScaledForceField`: a given F times a factor for each type of coordinate, √(s_i s_j) F_ij
  (P. Pulay, G. Fogarasi, G. Pongor, J. E. Boggs, A. Vargha, J. Am. Chem. Soc. 105 (1983) 7037).
- `FullForceField`: every element of F in internal coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..internal import InternalCoordinates, coordinate_labels
from .errors import ForceFieldError
from .matrices import checked_force_constants

FloatArray = NDArray[np.float64]
SMALLEST_FACTOR = 1e-3


class Parametrisation(Protocol):
    """What a parametrised force field offers."""

    @property
    def coordinates(self) -> InternalCoordinates:
        """Coordinates of F."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each of the P parameters."""

    def matrix(self, parameters: ArrayLike) -> FloatArray:
        """F, (n, n)."""

    def elements(self, parameters: ArrayLike, internal: FloatArray) -> FloatArray:
        """(P, k, k): Lᵀ (∂F/∂θ_p) L for motions L (n, k)."""

    def prior_scale(self, parameters: ArrayLike) -> FloatArray:
        """(P,) natural size of each parameter, in which prior widths are given."""

    def lowest(self, parameters: ArrayLike) -> FloatArray:
        """(P,) smallest values that make sense."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaledForceField:
    """A given F with one scale factor for each type of coordinate: √(s_i s_j) F_ij.

    Attributes
    ----------
    coordinates : InternalCoordinates
    force_constants : (n, n)
        Unscaled.
    names : tuple of str
        The types, one factor each.
    members : (n,) int
        Type of each coordinate.
    """

    coordinates: InternalCoordinates
    force_constants: FloatArray
    names: tuple[str, ...]
    members: NDArray[np.intp]

    @classmethod
    def from_types(
        cls, coordinates: InternalCoordinates, force_constants: ArrayLike, types: list[str]
    ) -> ScaledForceField:
        """Scale factors for the types (n,) of the coordinates; see `scale_types`."""
        f = checked_force_constants(coordinates, force_constants)
        if len(types) != len(coordinates):
            raise ForceFieldError(f"{len(types)} types for {len(coordinates)} coordinates")
        names = tuple(dict.fromkeys(types))
        return cls(coordinates, f, names, np.array([names.index(t) for t in types], dtype=np.intp))

    def matrix(self, parameters: ArrayLike) -> FloatArray:
        """F scaled, (n, n)."""
        root = np.sqrt(self._checked(parameters))[self.members]
        return np.asarray(root[:, None] * self.force_constants * root)

    def elements(self, parameters: ArrayLike, internal: FloatArray) -> FloatArray:
        """(P, k, k): Lᵀ (∂F/∂s_t) L; on the diagonal λ_k times the share of the type, over s_t."""
        factors = self._checked(parameters)
        forces = self.matrix(factors) @ internal
        of_type = self.members == np.arange(len(self.names))[:, None]
        half = np.einsum("tn,nk,nl->tkl", of_type / factors[:, None], internal, forces)
        return np.asarray((half + half.swapaxes(1, 2)) / 2)

    def prior_scale(self, parameters: ArrayLike) -> FloatArray:
        """(P,) the factors themselves."""
        return np.asarray(self._checked(parameters).copy())

    def lowest(self, parameters: ArrayLike) -> FloatArray:
        """(P,) smallest values that make sense."""
        return np.full(len(self.names), SMALLEST_FACTOR)

    def _checked(self, parameters: ArrayLike) -> FloatArray:
        s = np.asarray(parameters, dtype=np.float64)
        if s.shape != (len(self.names),) or not (s > 0).all():
            raise ForceFieldError(
                f"scale factors {np.array2string(s, precision=3)}: give {len(self.names)} positive "
                f"numbers, for {', '.join(self.names)}"
            )
        return s


@dataclass(frozen=True, slots=True, eq=False)
class FullForceField:
    """Every element of F in internal coordinates, upper triangle row by row.

    Attributes
    ----------
    coordinates : InternalCoordinates
    """

    coordinates: InternalCoordinates

    @property
    def names(self) -> tuple[str, ...]:
        """Pairs of coordinates."""
        labels = coordinate_labels(self.coordinates)
        rows, columns = np.triu_indices(len(labels))
        return tuple(
            labels[i] if i == j else f"{labels[i]}, {labels[j]}"
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        )

    def matrix(self, parameters: ArrayLike) -> FloatArray:
        """F, (n, n)."""
        n = len(self.coordinates)
        theta = np.asarray(parameters, dtype=np.float64)
        if theta.shape != (n * (n + 1) // 2,):
            raise ForceFieldError(
                f"{theta.size} force constants; {n} coordinates have {n * (n + 1) // 2}"
            )
        out = np.zeros((n, n))
        out[np.triu_indices(n)] = theta
        return out + np.triu(out, 1).T

    def parameters(self, force_constants: ArrayLike) -> FloatArray:
        """(P,) the upper triangle of F."""
        f = checked_force_constants(self.coordinates, force_constants)
        return np.asarray(f[np.triu_indices(len(f))])

    def elements(self, parameters: ArrayLike, internal: FloatArray) -> FloatArray:
        """(P, k, k): Lᵀ (∂F/∂F_ij) L."""
        rows, columns = np.triu_indices(len(internal))
        out = np.einsum("pk,pl->pkl", internal[rows], internal[columns])
        off = rows != columns
        out[off] += out[off].swapaxes(1, 2)
        return np.asarray(out)

    def prior_scale(self, parameters: ArrayLike) -> FloatArray:
        """(P,) √(F_ii F_jj)."""
        root = np.sqrt(np.maximum(np.abs(np.diag(self.matrix(parameters))), 1e-6))
        return np.asarray(np.outer(root, root)[np.triu_indices(len(root))])

    def lowest(self, parameters: ArrayLike) -> FloatArray:
        """(P,) smallest values that make sense."""
        return np.full(np.size(parameters), -np.inf)
