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

from ..theory.operations import FloatArray, Indices
from .closure import PermutationGroup, element_keys
from .matching import Candidates, Cloud, Integers, candidate_operations, confirm, fit_rotations

_FIRST_BATCH = 4
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A group of permutations with the operations fitted to it.

    Attributes
    ----------
    group : PermutationGroup
    matrices : (order, 3, 3)
        Best orthogonal matrix for each permutation.
    average : (N, 3) Å
        Positions averaged over these operations, nearly symmetric.
    rms : float, Å
        RMS displacement per atom to the average.
    """

    group: PermutationGroup
    matrices: FloatArray
    average: FloatArray
    rms: float


def fitted(cloud: Cloud, group: PermutationGroup) -> Found:
    """Operations of a permutation group and how far the geometry is from having them."""
    matrices = fit_rotations(cloud.positions, group.permutations, group.signs)
    average = np.mean(cloud.positions[group.permutations] @ matrices, axis=0)
    rms = float(np.sqrt(np.mean((average - cloud.positions) ** 2) * 3))
    return Found(group, matrices, average, rms)


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
    candidates = candidate_operations(cloud, _window(tolerance, len(cloud.kinds)))
    group = _generated(cloud, candidates, tolerance)
    if group is not None and (found := fitted(cloud, group)).rms <= tolerance:
        return [start(cloud, candidates), found]
    return chain(cloud, candidates, tolerance)


def _window(tolerance: float, n_atoms: int) -> float:
    """Largest difference (Å) of two distances that a group within the tolerance makes equal.

    One atom alone may hold all of the deviation, which for N atoms is √N times the RMS; for
    many atoms and for loose tolerances less is allowed for.
    """
    return min(1.5 * tolerance * min(n_atoms**0.5, 8.0), max(3 * tolerance, 0.5))


def _generated(cloud: Cloud, candidates: Candidates, tolerance: float) -> PermutationGroup | None:
    """The group that all candidates with a small residual generate; None if they clash."""
    group = start(cloud, candidates).group
    keys = element_keys(candidates.images, candidates.signs, len(cloud.kinds))
    pending = np.flatnonzero(keys != group.keys[0])
    # Neighbours in the list are alike; elements from all over it generate the group sooner.
    pending = pending[np.argsort(np.arange(len(pending)) * _GOLDEN_RATIO % 1)]
    size = _FIRST_BATCH
    while len(pending):
        batch, pending = pending[:size], pending[size:]
        signs = candidates.signs[batch]
        permutations, _, accepted = confirm(cloud, candidates.matrices[batch], signs, 2 * tolerance)
        # Refining may have led to another operation than the candidate stood for.
        reached = element_keys(permutations[:, list(candidates.pair)], signs, len(cloud.kinds))
        new = _not_in(group, reached, np.flatnonzero(accepted))
        while len(new):
            two = list({int(reached[i]): i for i in new[:2]}.values())
            larger = group.extended(permutations[two], signs[two])
            if larger is None:
                return None
            group = larger
            new = _not_in(group, reached, new)
            pending = _not_in(group, keys, pending)
        size *= 2
    return group


def _not_in(group: PermutationGroup, keys: Integers, which: Indices) -> Indices:
    """Those of the given elements that the group does not contain yet."""
    return which[~np.isin(keys[which], group.keys)]


def chain(cloud: Cloud, candidates: Candidates, tolerance: float) -> list[Found]:
    """Grow the group by the candidate of least residual, as long as it stays within."""
    found = [start(cloud, candidates)]
    permutations, residuals, accepted = confirm(
        cloud, candidates.matrices, candidates.signs, 2 * tolerance
    )
    keys = element_keys(permutations[:, list(candidates.pair)], candidates.signs, len(cloud.kinds))
    order = np.argsort(residuals, kind="stable")
    for i in order[accepted[order]]:
        group = found[-1].group
        if keys[i] in group.keys:
            continue
        larger = group.extended(permutations[[i]], candidates.signs[[i]])
        if larger is not None and (step := fitted(cloud, larger)).rms <= tolerance:
            found.append(step)
    return found


def start(cloud: Cloud, candidates: Candidates) -> Found:
    """The identity alone."""
    group = PermutationGroup.trivial(len(cloud.kinds), candidates.pair)
    return Found(group, np.eye(3)[None], cloud.positions, 0.0)
