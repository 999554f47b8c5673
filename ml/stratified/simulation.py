"""Endpoints drawn from known variance components, with an effect planted."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import EvaluationError
from .matching import Matched

FloatArray = NDArray[np.float64]
Shape = Literal["normal", "skewed"]


@dataclass(frozen=True, slots=True)
class Components:
    """Standard deviations of what makes endpoints differ.

    Attributes
    ----------
    scaffold, stratum : float
        Of the contrast, between scaffolds and between strata of one scaffold.
    molecule : float
        Of the endpoint, between molecules of one side.
    run : float
        Of the contrast, between training runs; shared by all molecules.
    residual : float
        Of the endpoint of one molecule, between runs.

    Raises
    ------
    EvaluationError
        If one is negative or not finite.
    """

    scaffold: float = 0.0
    stratum: float = 0.0
    molecule: float = 0.0
    run: float = 0.0
    residual: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < np.inf:
                raise EvaluationError(f"standard deviation {field.name} {value:g}: give 0 or more")


def simulated(
    matched: Matched,
    components: Components,
    *,
    effect: float,
    n_runs: int,
    rng: np.random.Generator,
    shape: Shape = "normal",
) -> FloatArray:
    """Endpoints (M, n_runs) of the molecules of matched strata.

    Parameters
    ----------
    matched : Matched
    components : Components
    effect : float
        Mean of the contrast.
    n_runs : int
    rng : numpy.random.Generator
    shape : "normal" or "skewed"
        Of the differences between scaffolds: normal, or exponential less its mean.
    """
    n, n_top = len(matched.strata), len(matched.scaffolds)
    molecules = matched.molecules
    between = rng.normal(size=n_top) if shape == "normal" else rng.exponential(size=n_top) - 1
    contrast = effect + components.scaffold * between[matched.scaffold_of]
    contrast = contrast + components.stratum * rng.normal(size=n)
    runs = components.run * rng.normal(size=n_runs)
    values = components.molecule * rng.normal(size=(molecules.max() + 1, 1))
    values = values + components.residual * rng.normal(size=(len(values), n_runs))
    for sign, side in ((0.5, matched.centred), (-0.5, matched.others)):
        inside = np.arange(side.members.shape[1]) < side.sizes[:, None]
        shift = np.broadcast_to(
            (sign * (contrast[:, None] + runs))[:, None], (*inside.shape, n_runs)
        )
        values[side.members[inside]] += shift[inside]
    return values
