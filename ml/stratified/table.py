"""Scored predictions: a number for each molecule, input, noise level and training run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import EvaluationError
from .subjects import INPUTS, MODEL, Subject

FloatArray = NDArray[np.float64]
Missing = Literal["refuse", "drop"]
_SHOWN = 3
"""Names in a message."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good one prediction is.

    Attributes
    ----------
    molecule : str
    value : float
        Larger is better.
    given : str
        Input: one of `INPUTS`, or "model".
    noise : float
        Level, 0 if there is but one.
    run : int
        Seed of the training run.
    split : str
        Name or hash of the split into training and test set, empty if unknown.
    draw : str
        Tells several predictions of one molecule in one run apart; they are averaged.
    """

    molecule: str
    value: float
    given: str = MODEL
    noise: float = 0.0
    run: int = 0
    split: str = ""
    draw: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """All scores of one metric, without gaps.

    Attributes
    ----------
    metric : str
    subjects : tuple of Subject, M
    inputs : tuple of str, I
    noises : tuple of float, N
        Ascending.
    runs : tuple of int, S
        Seeds, ascending.
    values : (M, I, N, S)
        Larger is better.
    notes : tuple of str
        What was left out or averaged.

    Raises
    ------
    EvaluationError
        If shapes do not fit or a number is not finite.
    """

    metric: str
    subjects: tuple[Subject, ...]
    inputs: tuple[str, ...]
    noises: tuple[float, ...]
    runs: tuple[int, ...]
    values: FloatArray
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        shape = (len(self.subjects), len(self.inputs), len(self.noises), len(self.runs))
        if values.shape != shape:
            raise EvaluationError(f"scores of shape {values.shape}, expected {shape}")
        if not np.isfinite(values).all():
            raise EvaluationError("a score is missing or not finite")
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def of(self, given: str, noise: float | None = None) -> FloatArray:
        """(M, S) scores of one input at one noise level, the lowest if none is named.

        Raises
        ------
        EvaluationError
            If there are none.
        """
        if given not in self.inputs:
            raise EvaluationError(
                f"no scores for the input {given!r}; there are {', '.join(self.inputs)}"
            )
        return np.asarray(self.values[:, self.inputs.index(given), self.level(noise)])

    def level(self, noise: float | None) -> int:
        """Place of a noise level."""
        if noise is None:
            return 0
        if noise not in self.noises:
            levels = ", ".join(f"{n:g}" for n in self.noises)
            raise EvaluationError(f"no scores at the noise level {noise:g}; there are {levels}")
        return self.noises.index(noise)


def score_table(
    scores: Iterable[Score],
    subjects: Mapping[str, Subject],
    *,
    metric: str,
    missing: Missing = "refuse",
    notes: Sequence[str] = (),
) -> ScoreTable:
    """A table from single scores.

    Parameters
    ----------
    scores : iterable of Score
    subjects : mapping from the name in a score to Subject
        Names of one subject lead to one row.
    metric : str
    missing : "refuse" or "drop"
        What happens to a molecule that lacks a score for some input, noise level or run, and to
        a run that lacks scores of most molecules.
    notes : sequence of str

    Raises
    ------
    EvaluationError
        If a molecule is unknown, a score occurs twice, inputs were scored on different splits,
        or scores are missing.
    """
    cells = _cells(list(scores), subjects)
    rows = list(dict.fromkeys(key[0] for key in cells))
    inputs = sorted({key[1] for key in cells}, key=lambda g: (*INPUTS, g).index(g))
    noises, runs = sorted({key[2] for key in cells}), sorted({key[3] for key in cells})
    places = [{v: i for i, v in enumerate(axis)} for axis in (rows, inputs, noises, runs)]
    values = np.full([len(axis) for axis in places], np.nan)
    several = 0
    for key, found in cells.items():
        values[tuple(place[k] for place, k in zip(places, key, strict=True))] = np.mean(
            [s.value for s in found]
        )
        several = max(several, len(found))
    told = list(notes)
    if several > 1:
        told.append(f"up to {several} draws of one prediction are averaged")
    if missing == "drop":
        # A run that lacks an input would cost every molecule.
        whole = (~np.isnan(values).any(axis=(1, 2))).mean(axis=0) >= 0.5
        if whole.any() and not whole.all():
            gone = [str(run) for run, keep in zip(runs, whole, strict=True) if not keep]
            told.append(f"seeds that lack scores of most molecules are left out: {_few(gone)}")
            values = values[..., whole]
            runs = [run for run, keep in zip(runs, whole, strict=True) if keep]
    kept, lost = _complete(values, rows, inputs, noises, runs, missing)
    if lost:
        told.append(lost)
    by_name = {s.name: s for s in subjects.values()}
    chosen = tuple(by_name[name] for name, keep in zip(rows, kept, strict=True) if keep)
    return ScoreTable(
        metric, chosen, tuple(inputs), tuple(noises), tuple(runs), values[kept], tuple(told)
    )


Key = tuple[str, str, float, int]


def _cells(scores: list[Score], subjects: Mapping[str, Subject]) -> dict[Key, list[Score]]:
    if not scores:
        raise EvaluationError("there are no scores")
    unknown = list(dict.fromkeys(s.molecule for s in scores if s.molecule not in subjects))
    if unknown:
        raise EvaluationError(
            f"unknown molecules: {len(unknown)} ({_few(unknown)}); name the data set that holds "
            "them, or give structures instead of a data set"
        )
    cells: dict[Key, list[Score]] = defaultdict(list)
    for s in scores:
        if not np.isfinite(s.value):
            raise EvaluationError(f"{s.molecule}: the score {s.value} is no finite number")
        cells[subjects[s.molecule].name, s.given, s.noise, s.run].append(s)
    for (name, given, noise, run), found in cells.items():
        if len({s.draw for s in found}) < len(found):
            raise EvaluationError(
                f"{name} has {len(found)} scores for input {given}, noise {noise:g}, seed {run}; "
                "give one, or number them in a column draw"
            )
    _check_splits(cells)
    return cells


def _check_splits(cells: Mapping[Key, list[Score]]) -> None:
    """One molecule in one run must have met the same split whatever the input."""
    seen: dict[tuple[str, int], tuple[str, str]] = {}
    for (name, given, _, run), found in cells.items():
        for s in found:
            other, split = seen.setdefault((name, run), (given, s.split))
            if split != s.split:
                raise EvaluationError(
                    f"different splits are compared: seed {run} scored {name} as {other} on "
                    f"split {split or 'without a name'}, as {given} on "
                    f"{s.split or 'one without a name'}; train all inputs on one split"
                )


def _complete(
    values: FloatArray,
    rows: Sequence[str],
    inputs: Sequence[str],
    noises: Sequence[float],
    runs: Sequence[int],
    missing: Missing,
) -> tuple[NDArray[np.bool_], str]:
    """Molecules with all scores, and what is to be said of the others."""
    gaps = np.isnan(values)
    kept = np.asarray(~gaps.any(axis=(1, 2, 3)))
    if kept.all():
        return kept, ""
    lost = [name for name, keep in zip(rows, kept, strict=True) if not keep]
    i, g, n, s = np.argwhere(gaps)[0]
    example = f"{rows[i]} for input {inputs[g]}, noise {noises[n]:g}, seed {runs[s]}"
    if missing == "refuse":
        raise EvaluationError(
            f"missing scores: {int(gaps.sum())}, in {len(lost)} of {len(rows)} molecules, such as "
            f"that of {example}; add them, or leave such molecules out by --missing drop"
        )
    if not kept.any():
        raise EvaluationError(f"every molecule lacks a score, such as that of {example}")
    return kept, f"molecules without all scores are left out: {len(lost)} ({_few(lost)})"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
