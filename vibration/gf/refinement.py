"""Force constants refined to observed frequencies, with what the data leave open.

Minimised is

    Σ_i ((ν_i(θ) − ν_i)/σ_i)² + Σ_p ((θ_p − θ⁰_p)/τ_p)²,

the observations with uncertainties σ and the start θ⁰ as a prior with standard deviations τ: the
regularisation of A. N. Tikhonov, read as Bayes' rule. Let J be the Jacobian ∂ν/∂θ at the minimum
and A = diag(1/σ) J diag(τ), without unit. A singular value of A above 1 is a combination of
parameters on which the data say more than the prior; one at rounding level is a combination of
which they say nothing. R = (AᵀA + 1)⁻¹AᵀA is the resolution: 1 − R_pp is the share of the prior in
parameter p, and tr R the number of parameters that the data determine.

Source: C. D. Rodgers, *Inverse Methods for Atmospheric Sounding* (2000), sections 2.3 and 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import RefinementError
from .observed import Observed
from .parametrisations import SMALLEST_FACTOR, Parametrisation, ScaledForceField
from .predicted import Model, Part

FloatArray = NDArray[np.float64]
ZERO = 1e-8
"""Singular values below it, relative to the largest, are rounding errors."""


@dataclass(frozen=True, slots=True, eq=False)
class Refinement:
    """Refined parameters and how far the data determine them.

    Attributes
    ----------
    names : tuple of str, P
    start, parameters : (P,)
    standard_deviations : (P,)
        Of data and prior together.
    covariance : (P, P)
    calculated, observed : (n_obs,), cm⁻¹
    singular_values : (P,)
        Of the Jacobian in units of the uncertainties and of the prior, largest first.
    directions : (P, P)
        Row s: the combination of parameters, in units of the prior, of singular value s.
    rank : int
        Singular values above rounding: combinations on which the data say anything.
    n_determined : int
        Singular values above 1: combinations on which they say more than the prior.
    decided_by_prior : (P,)
        Share of the prior in each parameter, 0 to 1.
    converged : bool
    """

    names: tuple[str, ...]
    start: FloatArray
    parameters: FloatArray
    standard_deviations: FloatArray
    covariance: FloatArray
    calculated: FloatArray
    observed: FloatArray
    singular_values: FloatArray
    directions: FloatArray
    rank: int
    n_determined: int
    decided_by_prior: FloatArray
    converged: bool

    @property
    def residuals(self) -> FloatArray:
        """(n_obs,) calculated minus observed, cm⁻¹."""
        return self.calculated - self.observed

    @property
    def rms(self) -> float:
        """Root mean square of the residuals, cm⁻¹."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    def values(self, names: Sequence[str]) -> FloatArray:
        """The refined parameters of these names, in their order."""
        return np.array([self.parameters[self.names.index(name)] for name in names])

    def summary(self) -> str:
        """Fit, rank and prior in a few lines."""
        n, p = len(self.observed), len(self.parameters)
        lines = [
            f"{n} observations, {p} parameters: rms {self.rms:.2f} cm⁻¹"
            + ("" if self.converged else "; NOT CONVERGED"),
            f"numerical rank {self.rank} of {p}; the data determine {self.n_determined} "
            f"combinations better than the prior ({p - self.decided_by_prior.sum():.1f} "
            "parameters' worth)",
        ]
        rows = zip(
            self.names, self.parameters, self.standard_deviations, self.decided_by_prior,
            strict=True,
        )  # fmt: skip
        lines += [
            f"  {name}: {value:.4f} ± {sd:.4f}, prior {100 * share:.0f} %"
            for name, value, sd, share in rows
        ]
        return "\n".join(lines)


def refine(
    field: Parametrisation,
    start: ArrayLike,
    observations: Sequence[Observed],
    *,
    prior: float | ArrayLike = 0.1,
    max_steps: int = 100,
) -> Refinement:
    """Refine the parameters of a force field to the fundamentals of isotopologues.

    Parameters
    ----------
    field : Parametrisation
        `SymmetryForceField`, `ScaledForceField` or `FullForceField`.
    start : (P,)
        Also the centre of the prior.
    observations : sequence of Observed
        Of one or several isotopologues. Fewer observations than parameters will do; the result
        says what the prior decided.
    prior : float or (P,)
        Standard deviations of the prior. A number is relative: times √(F_aa F_bb) for a force
        constant, times the factor for a scale factor. An array is in units of the parameters.
    max_steps : int

    Raises
    ------
    RefinementError
        If an irrep or a place does not exist in an isotopologue, or the prior is not positive.
    ForceFieldError
        If the start does not fit the field.
    """
    theta = np.array(start, dtype=np.float64)
    tau = _widths(prior, field.prior_scale(theta))
    part = Part.of(field, np.arange(len(theta)), observations)
    return _fit(tuple(field.names), theta, tau, field.lowest(theta), (part,), max_steps)


def refine_scaling(
    members: Sequence[tuple[ScaledForceField, Sequence[Observed]]],
    *,
    start: float = 1.0,
    prior: float = 0.1,
    max_steps: int = 100,
) -> Refinement:
    """Refine scale factors that several molecules share, type by type.

    Parameters
    ----------
    members : sequence of (ScaledForceField, sequence of Observed)
        One for each molecule, with its isotopologues. Types of the same name share a factor.
    start : float
        Of all factors, and the centre of the prior.
    prior : float
        Relative standard deviation of the prior of each factor.
    max_steps : int

    Returns
    -------
    Refinement
        ``values(field.names)`` gives the factors of one of the molecules.

    Raises
    ------
    RefinementError
        As in `refine`.
    """
    names = tuple(dict.fromkeys(name for field, _ in members for name in field.names))
    parts = tuple(
        Part.of(field, np.array([names.index(n) for n in field.names], dtype=np.intp), seen)
        for field, seen in members
    )
    theta = np.full(len(names), float(start))
    tau = _widths(prior, theta.copy())
    return _fit(names, theta, tau, np.full(len(names), SMALLEST_FACTOR), parts, max_steps)


def _fit(
    names: tuple[str, ...],
    start: FloatArray,
    tau: FloatArray,
    lowest: FloatArray,
    parts: Sequence[Part],
    max_steps: int,
) -> Refinement:
    """The minimum over steps in units of the prior."""
    from scipy.optimize import least_squares

    model = Model(parts)
    model(start)  # says at once if an observation has no mode

    def residuals(step: FloatArray) -> FloatArray:
        calculated, _ = model(start + tau * step)
        return np.concatenate([(calculated - model.observed) / model.sigma, step])

    def jacobian(step: FloatArray) -> FloatArray:
        _, slopes = model(start + tau * step)
        return np.concatenate([slopes * tau / model.sigma[:, None], np.eye(len(step))])

    fit = least_squares(
        residuals,
        np.zeros_like(tau),
        jacobian,
        bounds=((lowest - start) / tau, np.inf),
        xtol=1e-12,
        ftol=1e-14,
        gtol=1e-10,
        max_nfev=max_steps,
    )
    return _result(names, start, tau, fit.x, model, converged=bool(fit.status > 0))


def _widths(prior: float | ArrayLike, scale: FloatArray) -> FloatArray:
    """Standard deviations of the prior, in units of the parameters."""
    tau = np.asarray(prior, dtype=np.float64)
    tau = tau * scale if tau.ndim == 0 else tau
    if tau.shape != scale.shape or not (tau > 0).all():
        raise RefinementError(f"prior of shape {tau.shape}: give positive numbers, {scale.shape}")
    return np.asarray(tau)


def _result(
    names: tuple[str, ...],
    start: FloatArray,
    tau: FloatArray,
    step: FloatArray,
    model: Model,
    *,
    converged: bool,
) -> Refinement:
    theta = start + tau * step
    calculated, slopes = model(theta)
    a = slopes * tau / model.sigma[:, None]
    _, s, vt = np.linalg.svd(a, full_matrices=True)
    s = np.concatenate([s, np.zeros(len(tau) - len(s))])
    resolution = (vt.T * (s**2 / (1 + s**2))) @ vt
    covariance = tau[:, None] * ((vt.T / (1 + s**2)) @ vt) * tau
    return Refinement(
        names=names,
        start=start,
        parameters=theta,
        standard_deviations=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        calculated=calculated,
        observed=model.observed,
        singular_values=s,
        directions=vt,
        rank=int((s > ZERO * s[0]).sum()) if len(s) and s[0] > 0 else 0,
        n_determined=int((s > 1).sum()),
        decided_by_prior=1 - np.diag(resolution),
        converged=converged,
    )
