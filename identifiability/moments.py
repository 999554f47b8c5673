"""Moments of the lines of an irrep, for lines that all but coincide.

A single line is a smooth function of F only while it is apart from the others of its irrep.
The sums

    M_j = Σ_k λ_k^j = tr (GF)^j,   j = 1 … n,
    S_j = Σ_k λ_k^j I_k,           j = 0 … n − 1,

are polynomials in F, hold the same information where lines are apart, and stay smooth where
they meet:

    dM_j = j Σ_k λ_k^(j−1) L_kᵀ dF L_k,
    dS_j = Σ_kl (L_kᵀ dF L_l)(L_lᵀ Q L_k) Σ_a λ_k^a λ_l^(j−1−a),   a = 0 … j − 1,

which has no differences of curvatures in a denominator (the rule of Daletskii and Krein; R.
Bhatia, *Matrix Analysis* (1997), theorem V.3.3). S_0 = tr QG contains no F at all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .lines import Lines
from .parameters import Parameters

FloatArray = NDArray[np.float64]

NEARLY = 1e-6
"""Relative distance of two curvatures of an irrep below which moments take their place."""


def nearly_degenerate(lines: Lines) -> bool:
    """Whether two lines of an irrep are closer than rounding lets intensities be derived."""
    gaps = np.diff(lines.curvatures)
    return bool((gaps < NEARLY * np.abs(lines.curvatures[1:])).any())


def position_moments(lines: Lines, parameters: Parameters) -> tuple[FloatArray, FloatArray]:
    """M_j in units of the mean curvature, j = 1 … n; (n,), and derivatives (n, P)."""
    scale = float(lines.curvatures.mean())
    x = lines.curvatures / scale
    slopes = lines.curvature_gradients(parameters) / scale
    powers = np.arange(1, len(x) + 1)[:, None]
    return (x**powers).sum(axis=1), (powers * x ** (powers - 1)) @ slopes


def intensity_moments(
    lines: Lines, form: FloatArray, parameters: Parameters
) -> tuple[FloatArray, FloatArray]:
    """S_j in units of the mean curvature, j = 0 … n − 1; (n,), and derivatives (n, P)."""
    scale = float(lines.curvatures.mean())
    x = lines.curvatures[lines.numbers] / scale
    values, slopes = [], []
    amounts = lines.intensities(form)
    for j in range(len(lines.curvatures)):
        values.append(float((lines.curvatures / scale) ** j @ amounts))
        divided = sum(
            (np.outer(x**a, x ** (j - 1 - a)) for a in range(j)), np.zeros((len(x), len(x)))
        )
        mixing = (lines.columns[0].T @ form @ lines.columns[0]) * divided / scale
        slopes.append(sum(parameters.pull_back(c, c @ mixing).sum(axis=1) for c in lines.columns))
    return np.array(values), np.array(slopes)
