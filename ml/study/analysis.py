"""The analysis of a finished study: hypotheses, checks, coverage, ceilings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from ..stratified import (
    Evaluation,
    Instrument,
    ScoreTable,
    Settings,
    baseline,
    endpoint,
    evaluate,
    signals,
)
from ..stratified.ceiling import Ceiling, ceilings
from .cell import Job
from .checks import Checks, checks
from .config import NEAREST
from .exploratory import Finding, explore
from .gather import FloatArray, Gathered, gather
from .hypotheses import Verdict, verdicts
from .scoring import CALIBRATIONS, TASKS

IDEAL_DRAWS: Final = 1000
"""Measurements of a molecule in each of the repetitions for a perfect instrument."""


@dataclass(frozen=True, slots=True)
class Covered:
    """How often conformal sets held the truth, over molecules and runs.

    Attributes
    ----------
    task, calibration, given : str
    noise : float
    of : str
        "all", "with inversion", "without", or a scaffold.
    n : int
        Molecules.
    share, size : float
        Mean coverage and mean number of candidates in a set.
    """

    task: str
    calibration: str
    given: str
    noise: float
    of: str
    n: int
    share: float
    size: float


@dataclass(frozen=True, slots=True)
class GroupScore:
    """Functional groups over all folds, mean over runs.

    Attributes
    ----------
    given : str
    noise : float
    macro : float
        Mean F1 over groups.
    each : tuple of (str, float)
        F1 of each group.
    """

    given: str
    noise: float
    macro: float
    each: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class MeanScore:
    """Mean of a score over the main sample and all runs.

    Attributes
    ----------
    task : str
    method : "model", "nearest spectrum" or "perfect instrument"
    given : str
    noise, value : float
    """

    task: str
    method: str
    given: str
    noise: float
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything a study found.

    Attributes
    ----------
    evaluation, nearest, ideal : Evaluation
        Identification by the model, by the nearest spectrum, and by the best rule there is for a
        perfect instrument with the same noise.
    verdicts : tuple of Verdict
    exploratory : tuple of Finding
    checks : Checks
    means : tuple of MeanScore
    groups : tuple of GroupScore
    coverage : tuple of Covered
    ceilings : tuple of Ceiling
    notes : tuple of str
    """

    evaluation: Evaluation
    nearest: Evaluation
    ideal: Evaluation
    verdicts: tuple[Verdict, ...]
    exploratory: tuple[Finding, ...]
    checks: Checks
    means: tuple[MeanScore, ...]
    groups: tuple[GroupScore, ...]
    coverage: tuple[Covered, ...]
    ceilings: tuple[Ceiling, ...]
    notes: tuple[str, ...]


def analyse(job: Job) -> Analysis:
    """Evaluate a finished study.

    Raises
    ------
    Unfinished
        If cells are missing.
    StudyError, EvaluationError
        If shards are damaged, or inputs are too few for any endpoint.
    """
    found, config = gather(job), job.config
    settings = Settings(noise=config.primary_noise, replicates=config.replicates)
    evaluation = evaluate(found.scores("identification"), settings)
    chosen = evaluation.settings
    values = endpoint(evaluation.table, chosen.endpoint, noise=chosen.noise)
    # The checks come first: nothing else is worth reading where they fail.
    checked = checks(
        evaluation.table,
        evaluation.matched,
        values,
        chosen,
        repetitions=config.repetitions,
        draws=config.draws,
    )
    silent = (np.asarray(job.table.column("n_silent"))[found.rows] > 0).tolist()
    perfect, subjects = _perfect(job, found), found.subjects[: found.n_main]
    ideal = baseline(subjects, perfect, noises=found.noises, draws=IDEAL_DRAWS)
    return Analysis(
        evaluation,
        evaluate(found.scores("identification", model=False), settings),
        evaluate(ideal, settings),
        verdicts(found, evaluation, silent),
        explore(found, evaluation, folds=config.folds, draws=config.draws, silent=silent),
        checked,
        tuple(_means(found, ideal)),
        tuple(_groups(found)),
        tuple(_coverage(found, config.primary_noise)),
        tuple(ceilings(subjects, perfect, noises=found.noises)),
        (
            *(f"a check failed, so that no verdict counts: {text}" for text in checked.failed),
            *job.design.notes,
            *_repeated(found),
        ),
    )


def facts(job: Job, found: Analysis) -> dict[str, Any]:
    """What is committed of a study, as JSON can hold it; numbers that are none are NaN."""
    return {
        "config": job.config.digest,
        "data": job.table.sha256,
        "splits": [fold.split.sha256 for fold in job.design.folds],
        "cells": len(job.config.cells),
        "primary_noise": job.config.primary_noise,
        "verdicts": [asdict(v) for v in found.verdicts],
        "exploratory": [asdict(f) for f in found.exploratory],
        "checks": asdict(found.checks) | {"failed": list(found.checks.failed)},
        "means": [asdict(m) for m in found.means],
        "groups": [asdict(g) | {"each": dict(g.each)} for g in found.groups],
        "coverage": [asdict(c) for c in found.coverage],
        "ceilings": [asdict(c) for c in found.ceilings],
        "notes": list(found.notes),
    }


def _repeated(found: Gathered) -> Iterator[str]:
    for cell, head in found.facts:
        seed = head.get("trained with seed", cell.seed)
        if cell.given != NEAREST and seed != cell.seed:
            yield f"cell {cell} diverged and was repeated with seed {seed}"


def _means(found: Gathered, ideal: ScoreTable) -> Iterator[MeanScore]:
    perfect = {"identification": ideal.values}
    for method, tasks in (
        ("model", found.values),
        ("nearest spectrum", found.nearest),
        ("perfect instrument", perfect),
    ):
        for task, values in tasks.items():
            means = values[: found.n_main].mean(axis=(0, 3))
            for i, given in enumerate(found.inputs):
                for n, noise in enumerate(found.noises):
                    yield MeanScore(task, method, given, noise, float(means[i, n]))


def _groups(found: Gathered) -> Iterator[GroupScore]:
    """F1 = 2·TP/(2·TP + FP + FN); groups that no test molecule has are left out."""
    right, wrong, missed = np.moveaxis(found.counts, -1, 0)
    occurs = (right + missed).sum(axis=(0, 1, 2)) > 0
    f1 = 2 * right / np.maximum(2 * right + wrong + missed, 1)
    names = [name for name, has in zip(found.groups, occurs, strict=True) if has]
    for i, given in enumerate(found.inputs):
        for n, noise in enumerate(found.noises):
            each = f1[i, n].mean(axis=0)[occurs]
            pairs = zip(names, map(float, each), strict=True)
            yield GroupScore(given, noise, float(each.mean()), tuple(pairs))


def _coverage(found: Gathered, primary: float) -> Iterator[Covered]:
    main = found.subjects[: found.n_main]
    centred = np.array([s.centrosymmetric for s in main])
    sides = {"all": np.ones(len(main), bool), "with inversion": centred, "without": ~centred}
    scaffolds = np.array([s.scaffold for s in main])
    each = {str(name): scaffolds == name for name in np.unique(scaffolds)}
    for task in TASKS:
        for calibration in CALIBRATIONS:
            shares, sizes = (
                found.conformal[f"{task}_{calibration}_{what}"][: found.n_main].mean(axis=3)
                for what in ("covered", "size")
            )
            for i, given in enumerate(found.inputs):
                for n, noise in enumerate(found.noises):
                    for of, rows in (sides | (each if noise == primary else {})).items():
                        share, size = (float(v[rows, i, n].mean()) for v in (shares, sizes))
                        yield Covered(
                            task, calibration, given, noise, of, int(rows.sum()), share, size
                        )


def _perfect(job: Job, found: Gathered) -> Mapping[str, FloatArray]:
    """Spectra of the main sample as they are in the library, by input."""
    axis, data = job.config.pretrain.model.axis, job.config.pretrain.data
    instrument = Instrument(axis.low, axis.high, axis.step, data.fwhm, data.shape)
    lines, strengths = job.table.strengths(found.rows[: found.n_main])
    sticks = [
        (lines[i], *strengths[lines.offsets[i] : lines.offsets[i + 1]].T)
        for i in range(found.n_main)
    ]
    spectra = signals(sticks, instrument)
    return {given: spectra[given] for given in found.inputs}
