"""One split of one problem: every method at every k, under seal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..spectra import Array
from ..transfer.interface import Calibration, Labelled, Method, Pairs
from ..transfer.tuning import Choice, Tuned, assembled
from ..transfer.view import Problem
from .protocol import Split, kennard_stone
from .statistics import Merit, merit
from .vault import Lent, Vault, guarded_predictions

Kind = Literal["default", "published", "ensemble", "plain", "diagnostic", "neural"]
Arrangement = Literal["master", "disjoint", "same"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A method in a benchmark.

    Attributes
    ----------
    name, title : str
    build : callable
        Makes the method for a problem; it is given what the vault lends, sealed.
    kind : str
        "default", "published" (a single published baseline), "ensemble", "plain",
        "diagnostic" or "neural".
    least : int
        Fewest transfer samples with which it runs.
    without : tuple of str
        How it runs at k = 0: "master" on the whole calibration set of the master;
        "disjoint" with half of it on the master and the other half, unlabelled, on the
        target; "same" with all of it on both, unlabelled on the target, which a real transfer
        never has and which is reported apart.
    own : bool
        Whether it is fitted to the target's own calibration set instead, with all labels.
    """

    name: str
    title: str
    build: Callable[[Lent], Method]
    kind: Kind
    least: int = 2
    without: tuple[Arrangement, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What one method reached with one k.

    Attributes
    ----------
    method : str
        Name of the entry; with ":disjoint" or ":same" for unlabelled arrangements.
    k : int or None
        Transfer samples; None for a calibration on the target's own calibration set.
    merit : Merit
    predictions : (m,) array
        For the rows of the test set, in their order.
    """

    method: str
    k: int | None
    merit: Merit
    predictions: Array


def run_cell(
    vault: Vault,
    split: Split,
    ks: Sequence[int],
    entries: Sequence[Entry],
    *,
    seed: int = 0,
) -> list[Outcome]:
    """All methods on one split.

    Parameters
    ----------
    vault : Vault
    split : Split
    ks : sequence of int
    entries : sequence of Entry
    seed : int, optional
        Of the division into halves for the unlabelled arrangement.

    Raises
    ------
    LeakError
        If a method used test samples.
    """
    values = vault.lent.values[split.test].copy()
    found: list[tuple[str, int | None, Array]] = []
    with vault.sealed(split.test) as spectra:
        # All are fitted before the first predicts: none can keep test spectra for a later fit.
        for name, k, calibration in list(calibrations(vault.lent, split, ks, entries, seed)):
            found.append((name, k, guarded_predictions(calibration, spectra, name)))
    return [Outcome(name, k, merit(values, p), p) for name, k, p in found]


def calibrations(
    lent: Lent, split: Split, ks: Sequence[int], entries: Sequence[Entry], seed: int
) -> Iterator[tuple[str, int | None, Calibration]]:
    """Every method fitted at every k, with its name and k."""
    rows = split.calibration
    master = Labelled(lent.master[rows], lent.values[rows])
    target = lent.target[rows]
    for k in ks:
        if k == 0:
            yield from _without_pairs(lent, master, target, entries, seed)
            continue
        chosen = kennard_stone(master.spectra, k)
        problem = Problem(master, Pairs.of(master, chosen, target[chosen]))
        usable = [entry for entry in entries if not entry.own and k >= entry.least]
        for name, calibration in _fitted(lent, problem, usable):
            yield name, k, calibration
    everything = Problem(master, Pairs.of(master, np.arange(len(rows)), target))
    for name, calibration in _fitted(lent, everything, [e for e in entries if e.own]):
        yield name, None, calibration


def _without_pairs(
    lent: Lent, master: Labelled, target: Array, entries: Sequence[Entry], seed: int
) -> Iterator[tuple[str, int, Calibration]]:
    """With k = 0: the master alone, or with unlabelled target spectra."""
    none = Pairs.of(master, [], target[:0])
    order = np.random.default_rng([seed, 1]).permutation(len(target))
    first, second = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    half = Labelled(master.spectra[first], master.values[first])
    problems = {
        "master": Problem(master, none),
        "disjoint": Problem(half, none, target[second]),
        "same": Problem(master, none, target),
    }
    for way, problem in problems.items():
        chosen = [entry for entry in entries if way in entry.without]
        for name, calibration in _fitted(lent, problem, chosen):
            yield name if way == "master" else f"{name}:{way}", 0, calibration


def _fitted(
    lent: Lent, problem: Problem, entries: Sequence[Entry]
) -> Iterator[tuple[str, Calibration]]:
    """Methods fitted to a problem; single settings and ensembles share one validation."""
    known: dict[object, list[Choice]] = {}
    for entry in entries:
        method = entry.build(lent)
        if not isinstance(method, Tuned):
            yield (
                entry.name,
                method.fit(problem.master, problem.transfer, problem.unlabelled),
            )
            continue
        key = (method.estimators, method.pretreatments)
        if key not in known:
            known[key] = method.choices(problem)
        yield entry.name, assembled(problem, known[key], method.n_members)
