"""Noise of the observables, and the bound that it sets on any unbiased estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pointgroup.units import NORMAL_COORDINATE
from .errors import IdentifiabilityError
from .identification import Identification, without_nuisance
from .observables import Response

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviations, independent and Gaussian.

    Attributes
    ----------
    position : float, cm⁻¹
    intensity : float
        Relative.
    depolarisation : float
        Relative.

    Raises
    ------
    IdentifiabilityError
        If one is not positive and finite.
    """

    position: float = 1.0
    intensity: float = 0.05
    depolarisation: float = 0.05

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise IdentifiabilityError(f"noise of {name} {value:g}: give a positive number")

    def deviations(self, response: Response) -> FloatArray:
        """(m,) standard deviation of each logarithm.

        ln λ = 2 ln ν̃ + const, so that it is twice the relative error of the wavenumber.

        Raises
        ------
        IdentifiabilityError
            If moments take the place of lines that coincide: they have no noise of their own.
        """
        if response.moments:
            raise IdentifiabilityError(
                f"lines of {response.moments[0]} coincide to one part in a million: their rank "
                "comes from moments, a bound needs lines that are apart; leave this "
                "isotopologue out, or change the force field a little"
            )
        relative = {
            "ir": self.intensity,
            "raman": self.intensity,
            "depolarisation": self.depolarisation,
        }
        wavenumbers = NORMAL_COORDINATE * np.exp(response.values / 2)
        return np.array(
            [
                2 * self.position / w if row.quantity == "freq" else relative[row.quantity]
                for row, w in zip(response.rows, wavenumbers, strict=True)
            ]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """The Cramér–Rao bound of the combinations of force constants that data determine.

    Attributes
    ----------
    directions : (rank, P)
        Orthonormal combinations, best determined first.
    deviations : (rank,)
        Least standard deviation of each; of the unit of the parameters.
    parameters : (P,)
        Least standard deviation of each parameter; inf for one that takes part in a null
        direction.
    size : float
        Root mean square of the parameters, ‖θ‖/√P.
    """

    directions: FloatArray
    deviations: FloatArray
    parameters: FloatArray
    size: float

    @property
    def worst(self) -> float:
        """Largest deviation of a direction that is determined, in units of ``size``.

        A relative error that does not depend on the basis of a block, unlike that of single
        constants, and that no small constant can blow up. NaN if nothing is determined.
        """
        return float(self.deviations[-1]) / self.size if len(self.deviations) else float("nan")


def cramer_rao(identification: Identification, noise: Noise | None = None) -> Bound:
    """The bound at a force field (C. R. Rao 1945; H. Cramér 1946), with nuisances fitted.

    Parameters
    ----------
    identification : Identification
    noise : Noise, optional
        Default: 1 cm⁻¹, 5 % of an intensity and of a depolarisation ratio.
    """
    weighted = weighted_jacobian(identification.response, noise or Noise())
    rank, null = identification.rank, identification.null_directions
    _, values, rows = np.linalg.svd(weighted, full_matrices=False)
    directions, deviations = rows[:rank], 1 / values[:rank]
    values_of = identification.force_field.values
    spread = np.sqrt(np.einsum("rp,r->p", directions**2, deviations**2))
    open_ = (null**2).sum(axis=0) > 1e-12 if len(null) else np.zeros(rows.shape[1], dtype=bool)
    size = float(np.linalg.norm(values_of) / np.sqrt(len(values_of)))
    return Bound(directions, deviations, np.where(open_, np.inf, spread), size)


def weighted_jacobian(response: Response, noise: Noise) -> FloatArray:
    """(m, P) derivatives in units of the noise, nuisances projected out."""
    deviations = noise.deviations(response)[:, None]
    scaled = Response(
        response.rows,
        response.values,
        response.jacobian / deviations,
        response.nuisance / deviations,
    )
    return without_nuisance(scaled)
