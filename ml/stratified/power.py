"""How often an effect is found, with the scaffold as the top level.

Endpoints are drawn from variance components on the strata that there are, and tested as they
will be. Scaffolds that differ set a floor that more strata do not lower: with G scaffolds the
variance of the mean contrast is at least σ_scaffold²/G.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from .bootstrap import cluster_mean, resample
from .errors import EvaluationError
from .matching import Matched, layout
from .mixed import mixed_regression
from .simulation import Components, Shape, simulated

FloatArray = NDArray[np.float64]
Test = Literal["t", "z", "studentised"]


@dataclass(frozen=True, slots=True)
class Power:
    """Share of simulated studies that find an effect.

    Attributes
    ----------
    effect : float
    n_strata, n_scaffolds : int
    value : float
    deviation : float
        Of the Monte Carlo.
    """

    effect: float
    n_strata: int
    n_scaffolds: int
    value: float
    deviation: float


def power(
    matched: Matched,
    components: Components,
    *,
    effect: float,
    n_runs: int = 5,
    studies: int = 2000,
    test: Test = "t",
    level: float = 0.95,
    seed: int = 0,
    replicates: int = 1000,
    shape: Shape = "normal",
) -> Power:
    """Power of the matched contrast.

    Parameters
    ----------
    matched : Matched
        See `matching.layout` for strata of which nothing but numbers is known.
    components : Components
    effect : float
    n_runs : int
        Training runs.
    studies : int
        Simulated.
    test : "t", "z" or "studentised"
        Scaffolds as clusters with Student's t of G − 1 degrees of freedom; strata as
        independent, normal; or the bootstrap interval of `bootstrap`, which is slow.
    level : float
    seed : int
    replicates : int
        Of the bootstrap.
    shape : "normal" or "skewed"
        Of the differences between scaffolds.

    Raises
    ------
    EvaluationError
        If there is one scaffold only and the test is not "z".
    """
    if test != "z" and len(matched.scaffolds) < 2:
        raise EvaluationError("one scaffold: nothing can be said of scaffolds; use the z test")
    if studies < 1 or n_runs < 1:
        raise EvaluationError(f"{studies} studies of {n_runs} runs: give 1 or more of each")
    rng = np.random.default_rng(seed)
    found = 0
    for k in range(studies):
        values = simulated(matched, components, effect=effect, n_runs=n_runs, rng=rng, shape=shape)
        if test == "studentised":
            interval = resample(matched, values, seed=k, replicates=replicates).interval(
                "studentised", level=level
            )
            found += interval.low > 0 or interval.high < 0
        else:
            found += _rejects(matched, matched.contrasts(values.mean(axis=1)), test, level)
    share = found / studies
    deviation = float(np.sqrt(share * (1 - share) / studies))
    return Power(effect, len(matched.strata), len(matched.scaffolds), share, deviation)


def _rejects(matched: Matched, contrasts: FloatArray, test: Test, level: float) -> bool:
    upper = (1 + level) / 2
    if test == "z":
        n = len(contrasts)
        return bool(abs(contrasts.mean()) > ndtri(upper) * contrasts.std(ddof=1) / np.sqrt(n))
    value, error = cluster_mean(matched, contrasts)
    return bool(abs(value) > stdtrit(len(matched.scaffolds) - 1, upper) * error)


def components_of(matched: Matched, values: FloatArray) -> Components:
    """Variance components of the contrast, estimated from endpoints (M, S) by REML.

    What molecules and runs add to a stratum's contrast is part of ``stratum``.
    """
    contrasts = matched.contrasts(values.mean(axis=1))
    fit = mixed_regression(contrasts, [], matched.scaffold_of.tolist())
    return Components(scaffold=fit.scaffold, stratum=fit.residual)


def power_table(
    strata_per_scaffold: Sequence[Sequence[int]],
    components: Components,
    effects: Sequence[float],
    *,
    studies: int = 2000,
    test: Test = "t",
    seed: int = 0,
) -> list[Power]:
    """Power for several layouts and effects, one molecule on each side and one run.

    Components are then those of `components_of`: all that is below the scaffold is ``stratum``.
    """
    return [
        power(
            layout(sizes, centred=1, others=1),
            components,
            effect=effect,
            n_runs=1,
            studies=studies,
            test=test,
            seed=seed,
        )
        for sizes in strata_per_scaffold
        for effect in effects
    ]
