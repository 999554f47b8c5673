"""Linear molecules: the nearest straight line, and the centre of inversion on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..theory.operations import FloatArray, Indices
from .cloud import Cloud
from .noise import FLOOR, LARGEST_NOISE, believed_groups, f_limit, noise, non_symmetric_modes


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A geometry laid on the straight line nearest to it.

    Attributes
    ----------
    axis : (3,) unit vector
    line : (N, 3) Å
        Feet of the atoms on the line: the form with C∞v.
    reverse : (N,) int or None
        Partners under inversion, if the kinds of atoms allow it.
    even : (N, 3) Å
        The line averaged with its inverse: the form with D∞h (or the line itself).
    """

    axis: FloatArray
    line: FloatArray
    reverse: Indices | None
    even: FloatArray


def fit_line(cloud: Cloud) -> LinearFit:
    """The line through the centroid with the least squared distance to the atoms."""
    axis = np.linalg.svd(cloud.positions, full_matrices=False)[2][0]
    along = cloud.positions @ axis
    order = np.lexsort((cloud.kinds, along))
    reverse = np.empty(len(along), dtype=np.intp)
    reverse[order] = order[::-1]
    line = np.outer(along, axis)
    if (cloud.kinds[reverse] != cloud.kinds).any():
        return LinearFit(axis, line, None, line)
    return LinearFit(axis, line, reverse, np.outer((along - along[reverse]) / 2, axis))


def far_from_linear(cloud: Cloud, limit: float) -> bool:
    """Whether the RMS distance to every line through the centroid exceeds ``limit`` Å."""
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = (cloud.positions.T @ cloud.positions).tolist()
    # The two smaller eigenvalues of this matrix are together above the bound where the trace
    # less the bound exceeds the largest: where that multiple of 1 less the matrix is positive.
    most = xx + yy + zz - limit**2 * len(cloud.kinds)
    x, y, z = most - xx, most - yy, most - zz
    minor = x * y - xy * xy
    determinant = minor * z - x * yz * yz - y * xz * xz - 2 * xy * yz * xz
    return bool(x > 0 and minor > 0 and determinant > 0)


def line_deviations(cloud: Cloud, fit: LinearFit) -> dict[str, float]:
    """RMS displacement (Å) that C∞v and, where the atoms allow it, D∞h need."""
    out = {"C∞v": _rms(cloud.positions - fit.line)}
    if fit.reverse is not None:
        out["D∞h"] = _rms(cloud.positions - fit.even)
    return out


def within(cloud: Cloud, fit: LinearFit, tolerance: float) -> str | None:
    """``D∞h`` or ``C∞v`` if an RMS displacement up to the tolerance (Å) allows it."""
    allowed = [s for s, rms in line_deviations(cloud, fit).items() if rms <= tolerance]
    return allowed[-1] if allowed else None


def believed(cloud: Cloud, fit: LinearFit) -> str | None:
    """``D∞h`` or ``C∞v`` if the deviations look like noise (see `noise`).

    Across the line N atoms have 2N − 4 ways to deviate; along it, N − ⌊N/2⌋ − 1 that break
    the inversion.
    """
    n_atoms = len(fit.line)
    across = float(np.sum((cloud.positions - fit.line) ** 2)) / max(2 * n_atoms - 4, 1)
    if across > FLOOR**2 and (across > LARGEST_NOISE**2 or across > _bent_limit(cloud)):
        return None
    odd = n_atoms - n_atoms // 2 - 1
    added = float(np.sum((fit.line - fit.even) ** 2)) / max(odd, 1)
    limit = f_limit(across, 2 * n_atoms - 4, odd) if n_atoms > 2 else LARGEST_NOISE**2
    return "D∞h" if fit.reverse is not None and added <= limit else "C∞v"


def _bent_limit(cloud: Cloud) -> float:
    """Largest variance (Å²) across the line that the noise of the bent form explains."""
    found = believed_groups(cloud)[-1]
    n = non_symmetric_modes(found.group.permutations, found.matrices)
    return f_limit(noise(found) ** 2, n, 2 * len(cloud.kinds) - 4) if n else LARGEST_NOISE**2


def _rms(displacements: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.sum(displacements**2, axis=1))))
