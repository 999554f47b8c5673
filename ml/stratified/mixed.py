r"""Linear regression with random intercepts for scaffolds and for strata, by REML.

    y = X β + a(scaffold) + b(stratum) + e,   variances σ_a², σ_b², σ²

With φ = (σ_a²/σ², σ_b²/σ²) and V = σ² W(φ) the restricted likelihood has σ² in closed form and
is minimised over φ alone,

    −2 l = (n − p) [1 + log(2π σ̂²)] + log|W| + log|Xᵀ W⁻¹ X|

(D. Bates, M. Mächler, B. Bolker and S. Walker, J. Stat. Softw. 67, 1 (2015)). W is block diagonal
by scaffold and nested, so that its inverse and determinant follow from sums over groups.
Degrees of freedom of a coefficient are Satterthwaite's, ν = 2 v²/(∇vᵀ A ∇v), A the inverse
information of the variances.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import stdtr, stdtrit

from .errors import EvaluationError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A fixed effect.

    Attributes
    ----------
    name : str
    value, error : float
    dof : float
        Satterthwaite's.
    low, high : float
        95 % interval by Student's t; NaN if the fit is exact.
    p : float
        Two-sided; NaN if the fit is exact.
    """

    name: str
    value: float
    error: float
    dof: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted regression.

    Attributes
    ----------
    coefficients : tuple of Coefficient
    scaffold, stratum, residual : float
        Standard deviations.
    criterion : float
        −2 log of the restricted likelihood; −∞ if the fit is exact.
    n : int
        Observations.
    """

    coefficients: tuple[Coefficient, ...]
    scaffold: float
    stratum: float
    residual: float
    criterion: float
    n: int

    def __getitem__(self, name: str) -> Coefficient:
        return next(c for c in self.coefficients if c.name == name)


def mixed_regression(
    y: ArrayLike,
    columns: Sequence[tuple[str, ArrayLike]],
    scaffolds: Sequence[Hashable],
    strata: Sequence[Hashable] | None = None,
) -> MixedFit:
    """Fit by REML, an intercept included.

    Parameters
    ----------
    y : (n,)
    columns : sequence of (name, (n,) values)
        Fixed effects beside the intercept.
    scaffolds : sequence, n
    strata : sequence, n, optional
        Nested in scaffolds: equal names in two scaffolds are two strata. If not given there is
        one random intercept only.

    Raises
    ------
    EvaluationError
        If a column does not vary or follows from the others, or there are too few observations.
    """
    values = np.asarray(y, dtype=np.float64)
    names = ["intercept", *(name for name, _ in columns)]
    X = np.column_stack([np.ones(len(values)), *(np.asarray(c, dtype=float) for _, c in columns)])
    _check(values, X, names)
    plain = np.asarray(np.linalg.lstsq(X, values)[0], dtype=np.float64)
    size = max(1.0, float(np.linalg.norm(values)))
    if float(np.linalg.norm(values - X @ plain)) <= _EXACT * size:
        return _exact(names, plain, len(values))
    groups = _Groups.of(scaffolds, strata)
    fit = _minimise(values, X, groups)
    parts = _parts(fit, values, X, groups)
    variance = parts.residual_variance * np.array([*fit, 1.0])
    beta, covariance = parts.beta, parts.residual_variance * parts.inverse
    dofs = _satterthwaite(variance, values, X, groups)
    out = []
    for name, b, v, dof in zip(names, beta, np.diag(covariance), dofs, strict=True):
        error, half = float(np.sqrt(v)), float(stdtrit(dof, 0.975))
        p = 2 * stdtr(dof, -abs(b) / error) if error > 0 else float(b == 0)
        out.append(
            Coefficient(name, *map(float, (b, error, dof, b - half * error, b + half * error, p)))
        )
    scaffold, stratum, residual = map(float, np.sqrt(variance))
    return MixedFit(tuple(out), scaffold, stratum, residual, parts.criterion, len(values))


_EXACT = 1e-10
"""Share of the values below which a residual is rounding."""


def _exact(names: Sequence[str], beta: FloatArray, n: int) -> MixedFit:
    """A fit without residuals: nothing says how far the coefficients are off."""
    sizes = np.where(np.abs(beta) > _EXACT * max(1.0, float(np.abs(beta).max())), beta, 0.0)
    rows = zip(names, map(float, sizes), strict=True)
    dof, none = float(n - len(names)), float("nan")
    coefficients = tuple(Coefficient(name, b, 0.0, dof, none, none, none) for name, b in rows)
    return MixedFit(coefficients, 0.0, 0.0, 0.0, -np.inf, n)


def _check(y: FloatArray, X: FloatArray, names: Sequence[str]) -> None:
    if not np.isfinite(y).all() or not np.isfinite(X).all():
        raise EvaluationError("a regression needs finite numbers")
    if len(y) <= X.shape[1]:
        raise EvaluationError(f"{len(y)} observations for {X.shape[1]} coefficients: too few")
    scaled = np.asarray(X / np.linalg.norm(X, axis=0).clip(1e-300), dtype=np.float64)
    for k in range(1, len(names)):
        rest = scaled[:, k] - scaled[:, :k] @ np.linalg.lstsq(scaled[:, :k], scaled[:, k])[0]
        if np.linalg.norm(rest) < 1e-8:
            raise EvaluationError(f"{names[k]} does not vary, or only with the others: no slope")


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Place of each observation in a stratum, and of each stratum in a scaffold."""

    stratum_of: IntArray
    scaffold_of: IntArray
    nested: bool

    @classmethod
    def of(cls, scaffolds: Sequence[Hashable], strata: Sequence[Hashable] | None) -> _Groups:
        inner = list(range(len(scaffolds))) if strata is None else list(strata)
        pairs = list(zip(scaffolds, inner, strict=True))
        places = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}
        tops = {top: i for i, top in enumerate(dict.fromkeys(scaffolds))}
        return cls(
            np.array([places[pair] for pair in pairs]),
            np.array([tops[top] for top, _ in places]),
            strata is not None,
        )

    def solve(self, ratios: FloatArray, columns: FloatArray) -> tuple[FloatArray, float]:
        """W⁻¹ times columns (n, q), and log|W|, by Woodbury's formula at each level."""
        a, b = float(ratios[0]), float(ratios[1])
        n_in = np.bincount(self.stratum_of).astype(float)
        shrink = b / (1 + b * n_in)
        out = columns - self._spread(shrink[:, None] * self._sums(columns))
        # 1ᵀ W_b⁻¹ 1 of each scaffold, W_b without the scaffold's own variance.
        weights = np.bincount(self.scaffold_of, n_in / (1 + b * n_in))
        sums = _add(self.scaffold_of, self._sums(out))
        factor = a / (1 + a * weights)
        back = (factor[:, None] * sums)[self.scaffold_of] / (1 + b * n_in)[:, None]
        out = out - self._spread(back)
        return out, float(np.log1p(b * n_in).sum() + np.log1p(a * weights).sum())

    def _sums(self, columns: FloatArray) -> FloatArray:
        return _add(self.stratum_of, columns)

    def _spread(self, rows: FloatArray) -> FloatArray:
        return np.asarray(rows[self.stratum_of])


def _add(places: IntArray, rows: FloatArray) -> FloatArray:
    out = np.zeros((places.max() + 1, rows.shape[1]))
    np.add.at(out, places, rows)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    beta: FloatArray
    inverse: FloatArray
    residual_variance: float
    criterion: float


def _parts(ratios: FloatArray, y: FloatArray, X: FloatArray, groups: _Groups) -> _Parts:
    solved, log_w = groups.solve(ratios, np.column_stack([X, y]))
    gram = X.T @ solved[:, :-1]
    beta = np.linalg.solve(gram, X.T @ solved[:, -1])
    dof = len(y) - X.shape[1]
    square = float((y - X @ beta) @ (solved[:, -1] - solved[:, :-1] @ beta))
    variance = square / dof
    criterion = dof * (1 + np.log(2 * np.pi * variance)) + log_w + np.linalg.slogdet(gram)[1]
    inverse = np.asarray(np.linalg.inv(gram), dtype=np.float64)
    return _Parts(np.asarray(beta, dtype=np.float64), inverse, variance, float(criterion))


def _minimise(y: FloatArray, X: FloatArray, groups: _Groups) -> FloatArray:
    """φ at the minimum; square roots are varied, so that zero is no edge."""

    def ratios(roots: FloatArray) -> FloatArray:
        return np.array([roots[0] ** 2, roots[1] ** 2 if groups.nested else 0.0])

    best = None
    for start in ((0.5, 0.5), (2.0, 1.0), (0.05, 0.05)):
        found = minimize(
            lambda r: _parts(ratios(r), y, X, groups).criterion,
            np.array(start),
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 2000},
        )
        if best is None or found.fun < best.fun - 1e-9:
            best = found
    assert best is not None
    out = ratios(best.x)
    # A variance that does not improve the fit is zero, not 1e-9.
    for k in range(2):
        without = out.copy()
        without[k] = 0.0
        if _parts(without, y, X, groups).criterion <= best.fun + 1e-8:
            out = without
    return out


def _deviance(variance: FloatArray, y: FloatArray, X: FloatArray, groups: _Groups) -> float:
    """−2 log restricted likelihood at all three variances."""
    solved, log_w = groups.solve(variance[:2] / variance[2], np.column_stack([X, y]))
    gram = X.T @ solved[:, :-1]
    beta = np.linalg.solve(gram, X.T @ solved[:, -1])
    square = float((y - X @ beta) @ (solved[:, -1] - solved[:, :-1] @ beta))
    dof = len(y) - X.shape[1]
    return float(
        dof * np.log(2 * np.pi * variance[2])
        + square / variance[2]
        + log_w
        + np.linalg.slogdet(gram)[1]
    )


def _satterthwaite(
    variance: FloatArray, y: FloatArray, X: FloatArray, groups: _Groups
) -> FloatArray:
    """(p,) degrees of freedom; variances that are zero are taken as known."""
    free = np.flatnonzero(variance > 1e-10 * variance.sum())
    steps = 1e-3 * variance[free]

    def at(shift: FloatArray) -> FloatArray:
        moved = variance.copy()
        moved[free] += shift
        return moved

    def errors(moved: FloatArray) -> FloatArray:
        solved, _ = groups.solve(moved[:2] / moved[2], X)
        return np.asarray(moved[2] * np.diag(np.linalg.inv(X.T @ solved)))

    unit = np.diag(steps)
    m = len(free)
    hessian = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            corners = [
                s * t * _deviance(at(s * unit[i] + t * unit[j]), y, X, groups)
                for s in (1, -1)
                for t in (1, -1)
            ]
            hessian[i, j] = sum(corners) / (4 * steps[i] * steps[j])
    slopes = np.array(
        [(errors(at(u)) - errors(at(-u))) / (2 * s) for u, s in zip(unit, steps, strict=True)]
    )
    spread = 2 * np.linalg.pinv(hessian)
    denominator = np.einsum("ip,ij,jp->p", slopes, spread, slopes)
    with np.errstate(divide="ignore"):
        dof = 2 * errors(variance) ** 2 / denominator
    return np.asarray(np.where(denominator > 0, dof, len(y) - X.shape[1]).clip(1.0, len(y)))
