"""What is asked of a model: which isomer, which molecule of the library, which groups.

A score is the share of a molecule's measurements that are answered rightly; equal candidates
share what they get. For conformal sets the first draw of each molecule counts alone, since
several measurements of one molecule are not exchangeable with those of a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..functional_groups import Bool
from ..stratified.conformal import threshold
from ..table import Float32, Int64

FloatArray = NDArray[np.float64]
TASKS = ("identification", "library", "groups")
CALIBRATIONS = ("valid", "half")
"""Where thresholds of conformal sets come from: validation molecules, the other half."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The candidates of each of some molecules inside its stratum.

    Attributes
    ----------
    rows : (n,) int64
        The molecules, rows of the table.
    places : (n, K) int64
        Rows of the candidates, filled up with the first.
    real : (n, K) bool
    own : (n,) int64
        Place of the molecule itself among them.
    """

    rows: Int64
    places: Int64
    real: Bool
    own: Int64

    @classmethod
    def of(cls, rows: Int64, strata: Mapping[str, Int64], names: Sequence[str]) -> Candidates:
        """Those of molecules whose strata, ``names[row]``, have two members or more."""
        members = [strata.get(names[row], np.array([row])) for row in rows]
        most = max((len(m) for m in members), default=1)
        places = np.array([[*m, *[m[0]] * (most - len(m))] for m in members])
        places = places.reshape(len(rows), most).astype(np.int64)
        sizes = np.array([len(m) for m in members], dtype=np.int64)
        real = np.arange(most) < sizes[:, None]
        own = (places == np.asarray(rows)[:, None]).argmax(axis=1)
        return cls(np.asarray(rows), places, real, own)

    def part(self, where: slice) -> Candidates:
        """Some of the molecules."""
        return Candidates(self.rows[where], self.places[where], self.real[where], self.own[where])

    def scores(self, library: Float32) -> Float32:
        """(n, K) scores of the candidates from those of all molecules (n, M); −∞ beyond them."""
        found = np.take_along_axis(library, self.places, axis=1)
        return np.where(self.real, found, -np.inf).astype(np.float32)


def hits(scores: Float32, own: Int64) -> FloatArray:
    """(n,) 1 where the true candidate has the highest score, a share where several have it.

    Parameters
    ----------
    scores : (n, K)
    own : (n,) int
        Place of the true candidate.

    Examples
    --------
    >>> hits(np.array([[2.0, 1.0], [1.0, 1.0], [0.0, 1.0]], dtype="f4"), np.array([0, 0, 0]))
    array([1. , 0.5, 0. ])
    """
    best = scores.max(axis=1)
    # Equal spectra have scores that agree but for rounding.
    slack = 16 * np.finfo(np.float32).eps * np.maximum(np.abs(best), 1e-6)
    ties = (scores >= (best - slack)[:, None]).sum(axis=1)
    return np.where(scores[np.arange(len(own)), own] >= best - slack, 1 / ties, 0.0)


def margins(scores: Float32) -> Float32:
    """Highest score less that of each candidate, (n, K): how far it is from being the answer."""
    out: Float32 = scores.max(axis=1, keepdims=True) - scores
    return out


def f1_of_sets(found: Bool, wanted: Bool) -> FloatArray:
    """F1 of two sets of groups in each row, (n,); 1 if both are empty."""
    total = found.sum(axis=1) + wanted.sum(axis=1)
    both = (found & wanted).sum(axis=1)
    return np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)


def best_thresholds(probabilities: Float32, wanted: Bool) -> FloatArray:
    """(k,) probability above which a group is said to be there, of highest F1; 0.5 if unknown.

    Parameters
    ----------
    probabilities : (n, k)
    wanted : (n, k) bool
    """
    return np.array([_best_threshold(p, w) for p, w in zip(probabilities.T, wanted.T, strict=True)])


def _best_threshold(p: Float32, wanted: Bool) -> float:
    if not wanted.any() or wanted.all():
        return 0.5
    order = np.argsort(-p, kind="stable")
    ranked = p[order].astype(np.float64)
    right = np.cumsum(wanted[order])
    f1 = 2 * right / (np.arange(1, len(p) + 1) + wanted.sum())
    # Cuts lie between two different probabilities.
    ends = np.append(ranked[1:] < ranked[:-1], True)
    place = int(np.argmax(np.where(ends, f1, -1.0)))
    lowest = 0.0 if ranked[-1] > 0 else -1.0
    following = ranked[place + 1] if place + 1 < len(ranked) else lowest
    return float((ranked[place] + following) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """What conformal sets are made from, at one noise level.

    Attributes
    ----------
    own : (n,) or (n, k)
        Nonconformity of the true answers; k problems of two classes each.
    all : (n, K) or (n, k, 2)
        Of all candidates.
    """

    own: Float32
    all: Float32


def covered(sets: Sets, limit: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Whether sets hold the truth, and their sizes, (n,); shares and means over k problems.

    Parameters
    ----------
    sets : Sets
    limit : () or (k,)
    """
    inside = sets.own <= limit
    sizes = (sets.all <= np.asarray(limit)[..., None]).sum(axis=-1)
    if sets.own.ndim == 1:
        return inside.astype(np.float64), sizes.astype(np.float64)
    return inside.mean(axis=1), sizes.mean(axis=1)


def limits(own: Float32, alpha: float) -> FloatArray:
    """Threshold () of true nonconformities (n,), or (k,) of (n, k)."""
    if own.ndim == 1:
        return np.array(threshold(own, alpha))
    return np.array([threshold(column, alpha) for column in own.T])


def in_halves(sets: Sets, half: Bool, alpha: float) -> tuple[FloatArray, FloatArray]:
    """`covered`, each half calibrated on the other."""
    inside, sizes = np.zeros(len(half)), np.zeros(len(half))
    for here in (half, ~half):
        limit = limits(sets.own[~here], alpha)
        inside[here], sizes[here] = covered(Sets(sets.own[here], sets.all[here]), limit)
    return inside, sizes
