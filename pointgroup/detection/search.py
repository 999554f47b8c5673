"""The largest group of permutations that a geometry has within a tolerance.

Generators come first: a few candidates are confirmed at a time, the group is closed, and
what it already contains is never looked at again. Every operation of a group with RMS
deviation t has a residual of at most 2t, so candidates above that are out. If all that
remain generate one group within the tolerance, the order did not matter and it is the
answer. If they contradict each other (a geometry near several symmetries), they are taken
again in the order of their residuals, each kept if the group stays within the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..theory.operations import FloatArray
from .closure import PermutationGroup, element_keys
from .matching import Candidates, Cloud, candidate_operations, confirm, fit_rotations

_FIRST_BATCH = 6


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A group of permutations with the operations fitted to it.

    Attributes
    ----------
    group : PermutationGroup
    matrices : (order, 3, 3)
        Best orthogonal matrix for each permutation.
    rms : float, Å
        RMS displacement per atom to the average over these operations.
    """

    group: PermutationGroup
    matrices: FloatArray
    rms: float


def fitted(cloud: Cloud, group: PermutationGroup) -> Found:
    """Operations of a permutation group and how far the geometry is from having them."""
    matrices, _ = fit_rotations(cloud.positions, group.permutations, group.signs)
    average = np.mean(cloud.positions[group.permutations] @ matrices, axis=0)
    return Found(group, matrices, float(np.sqrt(np.mean((average - cloud.positions) ** 2) * 3)))


def largest_group(cloud: Cloud, tolerance: float) -> list[Found]:
    """Groups of growing order within the tolerance, each containing the one before.

    Parameters
    ----------
    tolerance : float
        RMS displacement per atom, Å.

    Returns
    -------
    list of Found
        From C1 to the largest.
    """
    window = 1.5 * tolerance * min(len(cloud.kinds) ** 0.5, 8.0)
    candidates = candidate_operations(cloud, window)
    return _generators_first(cloud, candidates, tolerance) or chain(cloud, candidates, tolerance)


def _generators_first(cloud: Cloud, candidates: Candidates, tolerance: float) -> list[Found] | None:
    """The group that all candidates generate; None if it is not within the tolerance."""
    found = [_start(cloud, candidates)]
    keys = element_keys(candidates.images, candidates.signs, len(cloud.kinds))
    pending = np.flatnonzero(~np.isin(keys, found[0].group.keys))
    size = _FIRST_BATCH
    while len(pending):
        batch, pending = pending[:size], pending[size:]
        permutations, _, accepted = confirm(
            cloud, candidates.matrices[batch], candidates.signs[batch], 2 * tolerance
        )
        signs = candidates.signs[batch]
        # Refining may have led to another operation than the candidate stood for.
        reached = element_keys(permutations[:, list(candidates.pair)], signs, len(cloud.kinds))
        for i in np.flatnonzero(accepted):
            group = found[-1].group
            if reached[i] in group.keys:
                continue
            larger = group.extended(permutations[i], int(signs[i]))
            if larger is None or (step := fitted(cloud, larger)).rms > tolerance:
                return None
            found.append(step)
        pending = pending[~np.isin(keys[pending], found[-1].group.keys)]
        size *= 2
    return found


def chain(cloud: Cloud, candidates: Candidates, tolerance: float) -> list[Found]:
    """Grow the group by the candidate of least residual, as long as it stays within."""
    found = [_start(cloud, candidates)]
    permutations, residuals, accepted = confirm(
        cloud, candidates.matrices, candidates.signs, 2 * tolerance
    )
    keys = element_keys(permutations[:, list(candidates.pair)], candidates.signs, len(cloud.kinds))
    order = np.argsort(residuals, kind="stable")
    for i in order[accepted[order]]:
        group = found[-1].group
        if keys[i] in group.keys:
            continue
        larger = group.extended(permutations[i], int(candidates.signs[i]))
        if larger is not None and (step := fitted(cloud, larger)).rms <= tolerance:
            found.append(step)
    return found


def _start(cloud: Cloud, candidates: Candidates) -> Found:
    return fitted(cloud, PermutationGroup.trivial(len(cloud.kinds), candidates.pair))
