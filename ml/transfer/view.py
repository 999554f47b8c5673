"""What a method sees, pretreated and in few coordinates.

All methods here except PDS depend on spectra only through their scalar products, and their
coefficients lie in the span of the spectra they are fitted to. So the 60 to 85 spectra of a
problem are turned, once, into as many coordinates; a fit then works on small square matrices
and gives exactly what it would give on 700 channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from ..spectra import Array
from .interface import Labelled, Linear, Pairs
from .pls import ModelPath, pls_path
from .pretreatment import Pretreatment

MAX_COMPONENTS = 15
"""Most PLS components that are tried."""


@dataclass(frozen=True, eq=False)  # no slots: the master's models are kept
class View:
    """A transfer problem under one pretreatment.

    Attributes
    ----------
    master : (n, r) array
        Master spectra of the calibration set.
    values : (n,) array
        Their reference values.
    paired, target : (k, r) array
        The transfer samples on master and target.
    labels : (k,) array
        Their reference values.
    members : (k,) array of int
        Their rows in ``master``; -1 for none.
    unlabelled : (u, r) array
        Target spectra without reference values.
    basis : (p, r) array
        Orthonormal columns: channels = basis @ coordinates.
    """

    master: Array
    values: Array
    paired: Array
    target: Array
    labels: Array
    members: np.ndarray
    unlabelled: Array
    basis: Array

    @property
    def k(self) -> int:
        """Number of transfer samples."""
        return len(self.labels)

    @cached_property
    def master_path(self) -> ModelPath:
        """PLS on the master alone."""
        return pls_path(self.master, self.values, MAX_COMPONENTS)

    @cached_property
    def memo(self) -> dict[object, Array]:
        """What several estimators share; a view with other rows starts with an empty one."""
        return {}

    @property
    def target_spectra(self) -> Array:
        """All target spectra: the unlabelled ones, or else those of the pairs."""
        return self.unlabelled if len(self.unlabelled) else self.target

    @property
    def shift(self) -> Array:
        """Mean difference target − master of the pairs, shape (r,); zero without pairs."""
        if not self.k:
            return np.zeros(self.master.shape[1])
        out: Array = (self.target - self.paired).mean(axis=0)
        return out

    def without_pairs(self, left_out: np.ndarray) -> View:
        """The view without some transfer samples, on either instrument."""
        keep = np.setdiff1d(np.arange(self.k), left_out)
        gone = np.setdiff1d(self.members[left_out], [-1])
        rows = np.setdiff1d(np.arange(len(self.values)), gone)
        places = np.full(len(self.values) + 1, -1)
        places[rows] = np.arange(len(rows))
        return replace(
            self,
            master=self.master[rows],
            values=self.values[rows],
            paired=self.paired[keep],
            target=self.target[keep],
            labels=self.labels[keep],
            members=places[self.members[keep]],
        )

    def without_master(self, left_out: np.ndarray) -> View:
        """The view without some samples of the calibration set, on either instrument."""
        pairs = np.flatnonzero(np.isin(self.members, left_out))
        places = np.cumsum(~np.isin(np.arange(len(self.values)), left_out)) - 1
        rows = np.setdiff1d(np.arange(len(self.values)), left_out)
        keep = np.setdiff1d(np.arange(self.k), pairs)
        members = np.where(self.members[keep] < 0, -1, places[self.members[keep]])
        return replace(
            self,
            master=self.master[rows],
            values=self.values[rows],
            paired=self.paired[keep],
            target=self.target[keep],
            labels=self.labels[keep],
            members=members,
        )

    def linear(self, path: ModelPath, place: int, pretreatment: Pretreatment) -> Linear:
        """One model of a path, for channels."""
        row = path.coefficients[place]
        coefficients = row if path.channels else self.basis @ row
        return Linear(coefficients, float(path.intercepts[place]), pretreatment)

    def predict(self, path: ModelPath, rows: Array) -> Array:
        """Values that every model of a path gives to coordinates, shape (m, n)."""
        if path.channels:
            return path.predict(rows @ self.basis.T)
        return path.predict(rows)


def view_of(
    master: Labelled, transfer: Pairs, unlabelled: Array | None, pretreatment: Pretreatment
) -> View:
    """Pretreat the spectra of a problem and turn them into coordinates."""
    parts = [master.spectra, transfer.master, transfer.target]
    parts.append(np.empty((0, master.spectra.shape[1])) if unlabelled is None else unlabelled)
    treated = [pretreatment(part) if len(part) else None for part in parts]
    stack = np.concatenate([part for part in treated if part is not None])
    basis = np.linalg.qr(stack.T)[0]
    coordinates = stack @ basis
    ends = np.cumsum([0, *map(len, parts)])
    rows = [coordinates[a:b] for a, b in pairwise(ends)]
    return View(
        rows[0], master.values, rows[1], rows[2], transfer.values, transfer.members, rows[3], basis
    )


Fold: TypeAlias = tuple[View, Array, Array]
"""What is fitted, and the spectra and values left out."""


class Problem:
    """A transfer problem: its views under all pretreatments, made when asked for and kept.

    Parameters
    ----------
    master : Labelled
    transfer : Pairs
    unlabelled : (u, p) array, optional
    n_folds : int, optional
        Most folds of the inner validation.
    """

    def __init__(
        self,
        master: Labelled,
        transfer: Pairs,
        unlabelled: Array | None = None,
        *,
        n_folds: int = 5,
    ) -> None:
        self.master, self.transfer, self.unlabelled = master, transfer, unlabelled
        self.n_folds = n_folds
        self._views: dict[Pretreatment, View] = {}
        self._folds: dict[Pretreatment, list[Fold]] = {}

    def view(self, pretreatment: Pretreatment) -> View:
        """The whole problem under a pretreatment."""
        if pretreatment not in self._views:
            self._views[pretreatment] = view_of(
                self.master, self.transfer, self.unlabelled, pretreatment
            )
        return self._views[pretreatment]

    def folds(self, pretreatment: Pretreatment) -> list[Fold]:
        """Inner validation: the problem without a fold, and the spectra and values left out.

        Folds are of the transfer samples, on the target; where there are none, of the
        calibration set, on the master. A sample left out is out on both instruments.
        """
        if pretreatment not in self._folds:
            self._folds[pretreatment] = list(_folds(self.view(pretreatment), self.n_folds))
        return self._folds[pretreatment]


def _folds(view: View, n_folds: int) -> Iterator[Fold]:
    n = view.k or len(view.values)
    for first in range(min(n, n_folds)):
        out = np.arange(first, n, min(n, n_folds))
        if view.k:
            yield view.without_pairs(out), view.target[out], view.labels[out]
        else:
            yield view.without_master(out), view.master[out], view.values[out]
