"""The group of a geometry when nobody says how exact it is.

Under a group G with n non-totally-symmetric vibrations, the squared distance S(G) to the
symmetrised form is σ²·χ²(n) if the atoms were displaced by Gaussian noise of standard
deviation σ per coordinate. So a group H that the geometry has estimates σ² by S(H)/n(H), and
a larger group G is believed if what it adds, (S(G) − S(H))/(n(G) − n(H)), is no larger than
an F test against that estimate allows. Noise below `FLOOR` is never claimed: coordinates are
printed and optimised no better. The first group has nothing to be compared with and is
believed up to `LARGEST_NOISE`; above `SOFT` only if bond lengths scatter as the noise says,
since a molecule that is merely near a symmetry deviates along soft torsions with its bonds
intact.
"""

from __future__ import annotations

import numpy as np

from ..theory.operations import FloatArray, Indices
from .cloud import Cloud
from .matching import candidate_operations
from .search import Found, fitted, ranked, start

FLOOR = 0.001
"""Å; smallest noise per coordinate that is assumed."""
LARGEST_NOISE = 0.075
"""Å; largest noise per coordinate that is believed."""
SOFT = 0.02
"""Å; up to here the first group needs no proof that the deviations are noise."""
SIGNIFICANCE = 1e-4
"""Probability with which a test refuses a true group."""


def noise(found: Found) -> float:
    """Standard deviation per coordinate (Å) that a group implies; 0 if it implies nothing."""
    n = non_symmetric_modes(found.group.permutations, found.matrices)
    return float(np.sqrt(sum_of_squares(found) / n)) if n else 0.0


def sum_of_squares(found: Found) -> float:
    """Squared distance to the symmetrised form, Å²."""
    return found.rms**2 * len(found.positions)


def non_symmetric_modes(permutations: Indices, matrices: FloatArray) -> int:
    """Number of vibrations that break the group: what noise displaces it by."""
    n_atoms = int(permutations.shape[1])
    unmoved = (permutations == permutations[0]).sum(axis=1)
    traces = np.trace(matrices, axis1=1, axis2=2)
    symmetric = np.mean((unmoved - 1 - np.sign(np.linalg.det(matrices))) * traces)
    return 3 * n_atoms - 6 - round(float(symmetric))


def believed_groups(cloud: Cloud) -> list[Found]:
    """Groups of growing order: the least residual is added while the tests allow it."""
    candidates = candidate_operations(cloud, 4 * LARGEST_NOISE)
    found = [start(cloud, candidates)]
    for permutation, sign in ranked(cloud, candidates, 3 * LARGEST_NOISE):
        larger = found[-1].group.extended(permutation[None], np.array([sign]))
        if larger is None or larger.order == found[-1].group.order:
            continue
        if _is_believed(cloud, found[-1], step := fitted(cloud, larger)):
            found.append(step)
    return found


def _is_believed(cloud: Cloud, smaller: Found, larger: Found) -> bool:
    if noise(larger) > LARGEST_NOISE:
        return False
    if smaller.group.order == 1:
        return noise(larger) <= SOFT or _bonds_scatter(cloud, larger)
    n = non_symmetric_modes(smaller.group.permutations, smaller.matrices)
    gained = non_symmetric_modes(larger.group.permutations, larger.matrices) - n
    if gained == 0 or n == 0:
        return True
    added = (sum_of_squares(larger) - sum_of_squares(smaller)) / gained
    return added <= f_limit(sum_of_squares(smaller) / n, n, gained)


def f_limit(variance: float, n: int, gained: int) -> float:
    """Largest variance (Å²) that ``gained`` new modes may show beside an estimate from n."""
    from scipy.special import fdtri

    if variance < FLOOR**2:
        variance, n = FLOOR**2, 10_000  # the floor is known, not estimated
    return variance * float(fdtri(max(gained, 1), n, 1 - SIGNIFICANCE))


def _bonds_scatter(cloud: Cloud, found: Found) -> bool:
    """Whether distances that the group calls equal differ as much as noise would make them.

    The difference of two independent distances has the variance 4σ². The group is refused
    when the observed variance is below that by more than chance allows for so few bonds.
    """
    from scipy.special import gammaincinv

    first, second = _nearest_pairs(cloud)
    images = found.group.permutations[1:]
    there = np.stack([images[:, first], images[:, second]])
    moved = (np.sort(there, axis=0) != np.sort(np.stack([first, second]), axis=0)[:, None]).any(0)
    if not moved.any():
        return True
    change = _distances(cloud, *there) - _distances(cloud, first, second)
    ratio = float(np.mean(change[moved] ** 2)) / (4 * noise(found) ** 2)
    independent = max(1.0, moved.sum() / len(images) / 2)
    return bool(ratio > min(1 / 3, 2 * gammaincinv(independent / 2, SIGNIFICANCE) / independent))


def _nearest_pairs(cloud: Cloud) -> tuple[np.ndarray, np.ndarray]:
    """Each atom with its nearest neighbour."""
    from scipy.spatial import cKDTree

    neighbours = cKDTree(cloud.positions).query(cloud.positions, k=2)[1][:, 1]
    return np.arange(len(neighbours)), neighbours


def _distances(cloud: Cloud, first: np.ndarray, second: np.ndarray) -> FloatArray:
    return np.asarray(np.linalg.norm(cloud.positions[first] - cloud.positions[second], axis=-1))
