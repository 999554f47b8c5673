"""Two methods, weighted by validation inside the transfer samples.

D. H. Wolpert, Neural Netw. 5 (1992) 241; a convex combination as in L. Breiman, Mach. Learn. 24
(1996) 49.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ProtocolError
from ..spectra import Array
from ..transfer.interface import Calibration, Labelled, Method, Pairs


@dataclass(frozen=True, slots=True)
class Mixture:
    """w · first + (1 − w) · second.

    Attributes
    ----------
    first, second : Calibration
    weight : float
        w.
    """

    first: Calibration
    second: Calibration
    weight: float

    def predict(self, spectra: Array) -> Array:
        """Values of target spectra, shape (n, p) to (n,)."""
        a, b = self.first.predict(spectra), self.second.predict(spectra)
        out: Array = self.weight * a + (1 - self.weight) * b
        return out


@dataclass(frozen=True, slots=True)
class Stacked:
    """Two methods with a weight that is chosen for each problem.

    The transfer samples are left out in groups, on both instruments, and predicted from their
    target spectra by both methods, fitted without them.

    Attributes
    ----------
    first, second : Method
    folds : int
        Groups; 0 gives both the weight one half, and fits nothing more.
    caution : float
        Pulls the weight towards one half: the larger, the more; in units of the mean squared
        difference of the two predictions, times the number of transfer samples.
    """

    first: Method
    second: Method
    folds: int = 3
    caution: float = 1.0

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages that the methods need."""
        found = [getattr(each, "recipe", None) for each in (self.first, self.second)]
        return tuple({p: None for recipe in found if recipe for p in recipe.packages})

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Calibration:
        """A calibration for the target instrument.

        Raises
        ------
        ProtocolError
            If there are fewer transfer samples than groups.
        """
        weight = self.weight(master, transfer, target_unlabelled)
        first = self.first.fit(master, transfer, target_unlabelled)
        second = self.second.fit(master, transfer, target_unlabelled)
        return Mixture(first, second, weight)

    def weight(self, master: Labelled, transfer: Pairs, unlabelled: Array | None = None) -> float:
        """That of the first method."""
        if not self.folds:
            return 0.5
        if transfer.k < max(self.folds, 2):
            raise ProtocolError(
                f"{transfer.k} transfer samples in {self.folds} groups; give more samples, or "
                "folds = 0 for equal weights"
            )
        left = []
        for first in range(self.folds):
            out = np.arange(first, transfer.k, self.folds)
            rest, pairs = without(master, transfer, out)
            left.append(
                [
                    m.fit(rest, pairs, unlabelled).predict(transfer.target[out])
                    - transfer.values[out]
                    for m in (self.first, self.second)
                ]
            )
        return best_weight(*np.concatenate(left, axis=1), caution=self.caution)


def best_weight(first: Array, second: Array, *, caution: float = 0.0) -> float:
    """The weight of the first with the smallest squared error, between 0 and 1.

    Parameters
    ----------
    first, second : (k,) array
        Errors of two methods.
    caution : float
        See `Stacked`.

    Examples
    --------
    >>> best_weight(np.array([1.0, -1.0]), np.array([-1.0, 1.0]))
    0.5
    >>> best_weight(np.array([0.0, 0.0]), np.array([1.0, 2.0]))
    1.0
    """
    difference = second - first
    size = float(difference @ difference)
    if not size > 0:
        return 0.5
    # |w first + (1 − w) second|² + caution · size · (w − ½)² is smallest here.
    weight = (float(second @ difference) + caution * size / 2) / (size * (1 + caution))
    return float(np.clip(weight, 0.0, 1.0))


def without(master: Labelled, transfer: Pairs, left_out: np.ndarray) -> tuple[Labelled, Pairs]:
    """A problem without some transfer samples, on either instrument."""
    keep = np.setdiff1d(np.arange(transfer.k), left_out)
    gone = np.setdiff1d(transfer.members[left_out], [-1])
    rows = np.setdiff1d(np.arange(len(master.values)), gone)
    places = np.full(len(master.values) + 1, -1)
    places[rows] = np.arange(len(rows))
    pairs = Pairs(
        transfer.master[keep],
        transfer.target[keep],
        transfer.values[keep],
        places[transfer.members[keep]],
    )
    return Labelled(master.spectra[rows], master.values[rows]), pairs
