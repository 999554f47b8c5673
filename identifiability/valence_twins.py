"""All diagonal valence force fields with the lines of one molecule of three constants.

With F = diag(f1, f2, f3) the invariants of GF are sums over principal minors of G,

    e1 = Σ G_ii f_i,    e2 = Σ_{i<j} G_[ij] f_i f_j,    e3 = det G f1 f2 f3.

In d constants they are d equations of degrees 1 … d, so there are d! complex solutions
(Bézout), counted with multiplicity: never fewer, because none lies at infinity. There GF
would be nilpotent, hence det F = 0 and some f_i = 0; the rest is the same problem for a
principal submatrix of G, down to f = 0. For d = 3 the six are found by elimination: f3 by the
first equation, f2 by a resultant, whose six roots are eigenvalues of a companion matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import IdentifiabilityError

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

_REAL = 1e-7
_NEWTON = 20


@dataclass(frozen=True, slots=True, eq=False)
class ValenceTwins:
    """The d! diagonal force fields with the same lines.

    Attributes
    ----------
    solutions : (d!, d) complex
    residual : float
        Largest relative error of an invariant.
    """

    solutions: ComplexArray
    residual: float

    @property
    def is_real(self) -> NDArray[np.bool_]:
        """Which solutions are real, (d!,)."""
        size = np.abs(self.solutions).max(axis=1)
        return np.asarray(np.abs(self.solutions.imag).max(axis=1) <= _REAL * size)

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """Which solutions are force fields of a minimum, (d!,)."""
        return np.asarray(self.is_real & (self.solutions.real > 0).all(axis=1))


def valence_twins(kinetic: ArrayLike, curvatures: ArrayLike) -> ValenceTwins:
    """All diagonal F whose GF has given eigenvalues, for one to three constants.

    Parameters
    ----------
    kinetic : (d, d)
        G in internal coordinates, positive definite, d ≤ 3.
    curvatures : (d,)
        Eigenvalues of GF.

    Raises
    ------
    IdentifiabilityError
        If there are more than three constants, or G is not positive definite.

    Examples
    --------
    >>> valence_twins([[1.0, 0.1], [0.1, 2.0]], [1.0, 3.0]).is_positive.tolist()
    [True, True]
    """
    g, values = np.asarray(kinetic, dtype=np.float64), np.asarray(curvatures, dtype=np.float64)
    d = len(values)
    if not 1 <= d <= 3:
        raise IdentifiabilityError(
            f"{d} diagonal constants have {factorial(d)} solutions: all are found for up to 3"
        )
    if g.shape != (d, d) or np.linalg.eigvalsh((g + g.T) / 2)[0] <= 0:
        raise IdentifiabilityError(f"G must be a positive-definite ({d}, {d}) matrix")
    # In units x_i = G_ii f_i / e1 the equations are Σx = 1, Σ m_ij x_i x_j = E2, x1x2x3 = E3.
    scaled = g / np.sqrt(np.outer(np.diag(g), np.diag(g)))
    total = values.sum()
    e = np.array([1.0, 1.0, *(np.poly(values / total)[2:] * [1.0, -1.0][: d - 1])])
    found = {1: _one, 2: _two, 3: _three}[d](scaled, e)
    found, residual = _polished(found, scaled, e)
    return ValenceTwins(found * total / np.diag(g), residual)


def _one(scaled: FloatArray, e: FloatArray) -> ComplexArray:
    return np.ones((1, 1), dtype=complex)


def _two(scaled: FloatArray, e: FloatArray) -> ComplexArray:
    x = np.roots([1.0, -1.0, e[2] / (1 - scaled[0, 1] ** 2)]).astype(complex)
    return np.stack([x, 1 - x], axis=1)


def _three(scaled: FloatArray, e: FloatArray) -> ComplexArray:
    """The resultant in x1 of a quadratic and a cubic in x1, x2; x2 is their common root."""
    m = 1 - scaled**2
    a, b, c = m[0, 1], m[0, 2], m[1, 2]
    e3 = e[3] / np.linalg.det(scaled)
    # q(x2) = −c x2² + [(a−b−c) x + c] x2 + b x(1−x) − e2;  k(x2) = −x x2² + x(1−x) x2 − e3
    # Both are quadratic in x2, with coefficients that are polynomials in x (highest first).
    p = [np.array([-c]), np.array([a - b - c, c]), np.array([-b, b, -e[2]])]
    k = [np.array([-1.0, 0.0]), np.array([-1.0, 1.0, 0.0]), np.array([-e3])]
    first = _minus(np.polymul(p[0], k[2]), np.polymul(p[2], k[0]))
    second = _minus(np.polymul(p[0], k[1]), np.polymul(p[1], k[0]))
    third = _minus(np.polymul(p[1], k[2]), np.polymul(p[2], k[1]))
    resultant = _minus(np.polymul(first, first), np.polymul(second, third))
    x = np.roots(resultant[-7:]).astype(complex)
    # Where the quadratics share one root it is −(p0 k2 − p2 k0)/(p0 k1 − p1 k0).
    y = -np.polyval(first, x) / np.polyval(second, x)
    return np.stack([x, y, 1 - x - y], axis=1)


def _minus(a: ArrayLike, b: ArrayLike) -> FloatArray:
    return np.asarray(np.polysub(np.asarray(a), np.asarray(b)))


def _polished(x: ComplexArray, scaled: FloatArray, e: FloatArray) -> tuple[ComplexArray, float]:
    """Newton steps on the invariants themselves, and the largest relative error left."""
    d = x.shape[1]
    for _ in range(_NEWTON):
        step = np.array([_step(row, scaled, e) for row in x])
        x = x - step
        if np.abs(step).max() < 1e-15:
            break
    errors = [np.abs(_invariants(row, scaled)[0] / e[1 : d + 1] - 1).max() for row in x]
    return x, float(max(errors))


def _step(x: ComplexArray, scaled: FloatArray, e: FloatArray) -> ComplexArray:
    values, slopes = _invariants(x, scaled)
    return np.asarray(np.linalg.lstsq(slopes, values - e[1 : len(x) + 1], rcond=1e-14)[0])


def _invariants(x: ComplexArray, scaled: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """e1 … ed of a diagonal F, and their derivatives (d, d)."""
    d = len(x)
    m = 1 - scaled**2
    values, slopes = [x.sum()], [np.ones(d, dtype=complex)]
    if d > 1:
        values.append(sum(m[i, j] * x[i] * x[j] for i in range(d) for j in range(i + 1, d)))
        slopes.append((m - np.diag(np.diag(m))) @ x)
    if d > 2:
        det = np.linalg.det(scaled)
        values.append(det * x.prod())
        slopes.append(det * np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]]))
    return np.array(values), np.array(slopes)


def bent_kinetic(masses: ArrayLike, lengths: ArrayLike, angle: float) -> FloatArray:
    """G of bent XYZ in the two bond lengths and the angle, (3, 3), 1/u.

    Parameters
    ----------
    masses : (3,) u
        Of X, Y (in the middle), Z.
    lengths : (2,)
        Of the bonds XY and YZ; the unit of the angle's coordinate is rad.
    angle : float, rad

    Notes
    -----
    E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), appendix VI.
    """
    x, y, z = 1 / np.asarray(masses, dtype=np.float64)
    r, s = np.asarray(lengths, dtype=np.float64)
    cos, sin = np.cos(angle), np.sin(angle)
    bend = x / r**2 + z / s**2 + y * (1 / r**2 + 1 / s**2 - 2 * cos / (r * s))
    return np.array(
        [
            [x + y, y * cos, -y * sin / s],
            [y * cos, z + y, -y * sin / r],
            [-y * sin / s, -y * sin / r, bend],
        ]
    )
