"""Matched strata: molecules with an inversion beside isomers without one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import EvaluationError, Unmatched
from .subjects import Subject

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Small = Literal["drop", "merge"]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The molecules of one side of each stratum.

    Attributes
    ----------
    members : (K, m) int
        Rows of the molecules; the first ``sizes[k]`` of row k count.
    sizes : (K,) int
        At least 1.
    """

    members: IntArray
    sizes: IntArray

    def means(self, values: FloatArray) -> FloatArray:
        """(K, …) means of values (M, …) over the molecules of each stratum."""
        inside = np.arange(self.members.shape[1]) < self.sizes[:, None]
        taken = values[self.members] * inside.reshape(inside.shape + (1,) * (values.ndim - 1))
        return np.asarray(taken.sum(axis=1) / self.sizes.reshape((-1,) + (1,) * (values.ndim - 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Strata with both sides, in the order of their scaffolds.

    Attributes
    ----------
    strata : tuple of str, K
    scaffolds : tuple of str, G
    scaffold_of : (K,) int
        Ascending.
    centred, others : Side
        With and without an inversion.
    notes : tuple of str
        What was dropped or merged.
    """

    strata: tuple[str, ...]
    scaffolds: tuple[str, ...]
    scaffold_of: IntArray
    centred: Side
    others: Side
    notes: tuple[str, ...] = ()

    @property
    def per_scaffold(self) -> IntArray:
        """(G,) numbers of strata."""
        return np.bincount(self.scaffold_of, minlength=len(self.scaffolds))

    @property
    def molecules(self) -> IntArray:
        """Rows of all molecules that take part, ascending."""
        rows = [
            s.members[k, :n] for s in (self.centred, self.others) for k, n in enumerate(s.sizes)
        ]
        return np.sort(np.concatenate(rows))

    def contrasts(self, values: FloatArray) -> FloatArray:
        """Mean with an inversion less mean without, in each stratum.

        Parameters
        ----------
        values : (M, …)
            A value for each molecule.

        Returns
        -------
        (K, …)
        """
        return self.centred.means(values) - self.others.means(values)

    def only(self, scaffold: int) -> Matched:
        """The strata of one scaffold, each now a unit of its own: nothing above the stratum."""
        return self.part(self.scaffold_of == scaffold).flat()

    def part(self, keep: NDArray[np.bool_]) -> Matched:
        """The strata where ``keep`` (K,) is true, in their scaffolds; no notes."""
        rows = np.flatnonzero(keep)
        old, scaffold_of = np.unique(self.scaffold_of[rows], return_inverse=True)
        centred, others = (
            Side(s.members[rows], s.sizes[rows]) for s in (self.centred, self.others)
        )
        names = tuple(self.scaffolds[g] for g in old)
        return Matched(tuple(self.strata[k] for k in rows), names, scaffold_of, centred, others)

    def flat(self) -> Matched:
        """The same strata, each as its own unit, as if there were no scaffolds."""
        n = len(self.strata)
        return Matched(self.strata, self.strata, np.arange(n), self.centred, self.others)


def match(subjects: Sequence[Subject], *, small: Small = "drop", least: int = 1) -> Matched:
    """The matched strata of some molecules.

    Parameters
    ----------
    subjects : sequence of Subject
        Those with an empty stratum take no part.
    small : "drop" or "merge"
        What becomes of a stratum with fewer than ``least`` molecules on a side: it is left out,
        or all such strata of one scaffold become one, which then compares molecules that are
        no isomers.
    least : int

    Raises
    ------
    Unmatched
        If no stratum has both sides.
    EvaluationError
        If ``least`` is not positive.
    """
    if least < 1:
        raise EvaluationError(f"at least {least} molecules on a side: give 1 or more")
    found = _sides(subjects)
    few = {key for key, sides in found.items() if min(map(len, sides)) < least}
    notes: list[str] = []
    if few and small == "merge":
        merged, notes = _merge(found, few, least)
        found = {k: v for k, v in found.items() if k not in few} | merged
    elif few:
        found = {k: v for k, v in found.items() if k not in few}
        notes = [_told(few, least, "are left out of contrasts")]
    if not found:
        raise Unmatched(
            f"no stratum has {least} or more molecules with and without an inversion; matched "
            "contrasts need isomers of both kinds in one stratum"
        )
    return _matched(found, notes)


Sides = dict[tuple[str, str], tuple[list[int], list[int]]]


def _sides(subjects: Sequence[Subject]) -> Sides:
    found: Sides = defaultdict(lambda: ([], []))
    for row, s in enumerate(subjects):
        if s.stratum:
            found[s.scaffold, s.stratum][0 if s.centrosymmetric else 1].append(row)
    return dict(found)


def _merge(found: Sides, few: set[tuple[str, str]], least: int) -> tuple[Sides, list[str]]:
    merged: Sides = defaultdict(lambda: ([], []))
    for key in few:
        for side, rows in zip(merged[key[0], f"{key[0]} (merged)"], found[key], strict=True):
            side.extend(rows)
    usable = {key: sides for key, sides in merged.items() if min(map(len, sides)) >= least}
    gone = {key for key in few if not any(key[0] == u[0] for u in usable)}
    notes = (
        [_told(few - gone, least, f"are merged into {len(usable)}, by scaffold")] if usable else []
    )
    if gone:
        notes.append(_told(gone, least, "are left out of contrasts"))
    return usable, notes


def _told(keys: set[tuple[str, str]], least: int, fate: str) -> str:
    names = sorted(stratum for _, stratum in keys)
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    what = "lack one side or the other" if least == 1 else f"have a side of fewer than {least}"
    return f"strata that {what} {fate}: {len(names)} ({shown})"


def _matched(found: Sides, notes: Sequence[str]) -> Matched:
    keys = sorted(found)
    scaffolds = tuple(dict.fromkeys(scaffold for scaffold, _ in keys))
    place = {name: i for i, name in enumerate(scaffolds)}
    return Matched(
        tuple(stratum for _, stratum in keys),
        scaffolds,
        np.array([place[scaffold] for scaffold, _ in keys]),
        _side([found[key][0] for key in keys]),
        _side([found[key][1] for key in keys]),
        tuple(notes),
    )


def _side(rows: Sequence[Sequence[int]]) -> Side:
    sizes = np.array([len(r) for r in rows], dtype=np.intp)
    members = np.zeros((len(rows), sizes.max()), dtype=np.intp)
    for k, r in enumerate(rows):
        members[k, : len(r)] = r
    return Side(members, sizes)


def layout(strata_per_scaffold: Sequence[int], *, centred: int = 1, others: int = 2) -> Matched:
    """Matched strata with nothing known but their numbers, to simulate with.

    Parameters
    ----------
    strata_per_scaffold : sequence of int
    centred, others : int
        Molecules of each stratum with and without an inversion.
    """
    n, each = sum(strata_per_scaffold), centred + others
    rows = np.arange(n * each).reshape(n, each)
    return Matched(
        tuple(f"stratum {k}" for k in range(n)),
        tuple(f"scaffold {g}" for g in range(len(strata_per_scaffold))),
        np.repeat(np.arange(len(strata_per_scaffold)), strata_per_scaffold),
        Side(rows[:, :centred], np.full(n, centred)),
        Side(rows[:, centred:], np.full(n, others)),
    )
