"""Choosing settings by inner validation, and averaging the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..errors import ProtocolError
from ..spectra import Array
from .interface import Average, Calibration, Labelled, Pairs
from .pls import ModelPath
from .pretreatment import Pretreatment
from .view import Problem, View


class Estimator(Protocol):
    """One family of models with its settings fixed, except for the complexity."""

    def path(self, view: View) -> ModelPath:
        """One model per complexity."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting and what the inner validation says of it.

    Attributes
    ----------
    pretreatment : Pretreatment
    estimator : Estimator
    complexity : int
        Place on the path; with PLS, components less one.
    error : float
        Root mean squared error of the samples left out, in units of the property.
    """

    pretreatment: Pretreatment
    estimator: Estimator
    complexity: int
    error: float

    def __str__(self) -> str:
        return f"{self.estimator}; {self.pretreatment}; complexity {self.complexity + 1}"


@dataclass(frozen=True, slots=True)
class Tuned:
    """A method whose settings are chosen for each problem by validation inside it.

    The transfer samples are left out in five groups, on both instruments, and predicted from
    their target spectra; without transfer samples those of the master's calibration set are.

    Attributes
    ----------
    estimators : tuple of Estimator
    pretreatments : tuple of Pretreatment
    n_members : int
        How many of the best settings are averaged, each with its best complexity.
    """

    estimators: tuple[Estimator, ...]
    pretreatments: tuple[Pretreatment, ...]
    n_members: int = 1

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Calibration:
        """A calibration for the target instrument.

        Raises
        ------
        ProtocolError
            If there are too few transfer samples for every setting.
        """
        problem = Problem(master, transfer, target_unlabelled)
        return assembled(problem, self.choices(problem), self.n_members)

    def choices(self, problem: Problem) -> list[Choice]:
        """All settings, those with the smallest error of validation first."""
        usable = [e for e in self.estimators if problem.transfer.k >= getattr(e, "least", 0)]
        if not usable:
            least = min(getattr(e, "least", 0) for e in self.estimators)
            raise ProtocolError(
                f"{type(self.estimators[0]).__name__} needs {least} transfer samples or more; "
                f"there are {problem.transfer.k}"
            )
        found = [c for p in self.pretreatments for e in usable for c in _scored(problem, p, e)]
        return sorted(found, key=lambda choice: choice.error)


def _scored(problem: Problem, pretreatment: Pretreatment, estimator: Estimator) -> list[Choice]:
    """A choice for every complexity that all folds reach."""
    least = getattr(estimator, "least", 0)
    errors: list[Array] = []
    for view, rows, values in problem.folds(pretreatment):
        # A fold can fall below what the estimator needs; the whole problem then decides alone.
        if view.k < least:
            return [Choice(pretreatment, estimator, 0, np.inf)]
        errors.append(view.predict(estimator.path(view), rows) - values)
    n = min(len(e) for e in errors)
    squared = np.concatenate([e[:n] for e in errors], axis=1) ** 2
    return [
        Choice(pretreatment, estimator, place, float(error))
        for place, error in enumerate(np.sqrt(squared.mean(axis=1)))
    ]


def distinct(choices: Sequence[Choice]) -> list[Choice]:
    """The first choice of every pretreatment and estimator: those of the best complexity."""
    first: dict[tuple[Pretreatment, Estimator], Choice] = {}
    for choice in choices:
        first.setdefault((choice.pretreatment, choice.estimator), choice)
    return list(first.values())


def assembled(problem: Problem, choices: Sequence[Choice], n_members: int) -> Calibration:
    """The best setting, or the average of the best, fitted to the whole problem."""
    members = []
    for choice in distinct(choices)[:n_members]:
        view = problem.view(choice.pretreatment)
        path = choice.estimator.path(view)
        members.append(
            view.linear(path, min(choice.complexity, len(path) - 1), choice.pretreatment)
        )
    return members[0] if len(members) == 1 else Average(tuple(members))
