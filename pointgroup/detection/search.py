"""Groups of permutations that a geometry has within a tolerance.

Generators come first: a few candidates are confirmed at a time, the group is closed, and
what it already contains is never looked at again. Every operation of a group with RMS
deviation t has a residual of at most 2t, so candidates above that are out. If all that
remain generate one group within the tolerance, the order did not matter and it is the
answer (`generated_group`). If they contradict each other (a geometry near several
symmetries), they are taken in the order of their residuals, each kept if the group stays
within the tolerance (`chain`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..theory.operations import FloatArray, Indices
from .closure import PermutationGroup, element_keys
from .cloud import Cloud
from .kernels import Integers, pair_matrices, residuals_of
from .matching import FEW, Candidates, candidate_operations, confirm, fit_rotations
from .recognition import Elements

_FIRST_BATCH = 4
_GOLDEN_RATIO = 0.6180339887498949


@dataclass(frozen=True, eq=False)
class Found:
    """A group of permutations with the operations that stand behind it, approximately.

    Attributes
    ----------
    positions : (N, 3) Å, centroid at the origin
    group : PermutationGroup
    matrices : (order, 3, 3)
    """

    positions: FloatArray
    group: PermutationGroup
    matrices: FloatArray

    @cached_property
    def average(self) -> FloatArray:
        """(N, 3) positions averaged over the operations, nearly symmetric, Å."""
        return average(self.positions, self.group.permutations, self.matrices)

    @cached_property
    def rms(self) -> float:
        """RMS displacement per atom to the average, Å."""
        moved = (self.average - self.positions).ravel()
        return float(np.sqrt(moved @ moved / len(self.positions)))

    @cached_property
    def elements(self) -> Elements:
        """The operations with their rotation angles and axes."""
        return Elements.of(self.group, self.matrices)


def average(positions: FloatArray, permutations: Indices, matrices: FloatArray) -> FloatArray:
    """(N, 3) mean over the operations of the images, each turned back."""
    images = positions[permutations.T].reshape(len(positions), -1)
    return np.asarray(images @ matrices.reshape(-1, 3) / len(matrices))


def fitted(cloud: Cloud, group: PermutationGroup) -> Found:
    """A permutation group with the best orthogonal matrix for each permutation."""
    matrices = fit_rotations(cloud.positions, group.permutations, group.signs)
    return Found(cloud.positions, group, matrices)


def generated_group(cloud: Cloud, tolerance: float, *, outliers: bool = False) -> Found | None:
    """The group that all operations within the tolerance generate; None if they clash.

    Its matrices are those of the reference pair alone, not fitted to all atoms.

    Parameters
    ----------
    tolerance : float
        RMS displacement per atom, Å.
    outliers : bool
        Guard against one atom of a large molecule that is far off: where the tolerance allows
        it to be further off than the window, a second reference atom is tried.
    """
    reach = window(tolerance, len(cloud.kinds))
    found = _from_reference(cloud, tolerance, reach, rare=True)
    if outliers and reach < 1.5 * tolerance * len(cloud.kinds) ** 0.5:
        other = _from_reference(cloud, tolerance, reach, rare=False)
        if found is None or other is None:
            return found or other
        return max(found, other, key=lambda f: f.group.order)
    return found


def _from_reference(cloud: Cloud, tolerance: float, reach: float, *, rare: bool) -> Found | None:
    candidates = candidate_operations(cloud, reach, rare=rare)
    group = _generated(cloud, candidates, 2 * tolerance)
    if group is None:
        return None
    if group.order == 1:
        return start(cloud, candidates)
    images = group.permutations.take(group.pair, axis=1)
    matrices = pair_matrices(cloud.positions, group.pair, images, group.signs)
    return Found(cloud.positions, group, matrices)


def chain(cloud: Cloud, candidates: Candidates, tolerance: float) -> list[Found]:
    """Groups of growing order: the least residual is added while the RMS stays within."""
    found = [start(cloud, candidates)]
    for permutation, sign in ranked(cloud, candidates, 2 * tolerance):
        larger = found[-1].group.extended(permutation[None], np.array([sign]))
        if larger is None or larger.order == found[-1].group.order:
            continue
        if (step := fitted(cloud, larger)).rms <= tolerance:
            found.append(step)
    return found


def ranked(cloud: Cloud, candidates: Candidates, limit: float) -> Iterator[tuple[Indices, int]]:
    """Permutations and determinants of the operations up to a residual (Å), least first."""
    permutations, accepted = confirm(cloud, candidates.matrices, candidates.signs, limit)
    permutations, signs = permutations[accepted], candidates.signs[accepted]
    matrices = fit_rotations(cloud.positions, permutations, signs)
    residuals = residuals_of(cloud.positions, permutations, matrices)
    for i in np.argsort(residuals, kind="stable"):
        yield permutations[i], int(signs[i])


def window(tolerance: float, n_atoms: int) -> float:
    """Largest difference (Å) of two distances that a group within the tolerance makes equal.

    One atom alone may hold all of the deviation, which for N atoms is √N times the RMS; for
    many atoms and for loose tolerances less is allowed for.
    """
    return min(1.5 * tolerance * min(float(np.sqrt(n_atoms)), 8.0), max(3 * tolerance, 0.5))


def _generated(cloud: Cloud, candidates: Candidates, limit: float) -> PermutationGroup | None:
    n_atoms = len(cloud.kinds)
    group = PermutationGroup.trivial(n_atoms, candidates.pair)
    known = set(group.keys.tolist())
    keys = element_keys(candidates.images, candidates.signs, n_atoms)
    pending = _not_in(known, keys, _scattered(len(keys)))
    few = len(pending) * n_atoms**2 <= FEW
    size = len(pending) if few else _FIRST_BATCH
    while len(pending):
        batch, pending = pending[:size], pending[size:]
        signs = candidates.signs[batch]
        permutations, accepted = confirm(cloud, candidates.matrices[batch], signs, limit)
        # Refining may have led to another operation than the candidate stood for.
        reached = element_keys(permutations.take(group.pair, axis=1), signs, n_atoms)
        new = _not_in(known, reached, accepted.nonzero()[0])
        if few and (whole := group.of_closed(group.pair, permutations[new], signs[new])):
            return whole
        while len(new):
            two = list({int(reached[i]): i for i in new[:2]}.values())
            larger = group.extended(permutations[two], signs[two])
            if larger is None:
                return None
            group = larger
            known = set(group.keys.tolist())
            new = _not_in(known, reached, new)
            pending = _not_in(known, keys, pending)
        size *= 2
    return group


@lru_cache(maxsize=16)
def _scattered(count: int) -> Indices:
    """An order for a list whose neighbours are alike: elements from all over it come first.

    They generate a group sooner.
    """
    order = np.argsort(np.arange(count) * _GOLDEN_RATIO % 1)
    order.flags.writeable = False
    return order


def _not_in(known: set[int], keys: Integers, which: Indices) -> Indices:
    """Those of the given elements whose keys are not known yet."""
    return which[[key not in known for key in keys[which].tolist()]]


def start(cloud: Cloud, candidates: Candidates) -> Found:
    """The identity alone."""
    group = PermutationGroup.trivial(len(cloud.kinds), candidates.pair)
    return Found(cloud.positions, group, np.eye(3)[None])
