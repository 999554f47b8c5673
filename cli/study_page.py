"""What ``spektron evaluate study`` prints.

With ``--json`` standard output is one object, that of ``results.json``; missing numbers are null::

    config, data, splits   SHA-256 of settings, data set and the split of each fold
    cells, primary_noise
    verdicts      [{name, about, sign, value, low, high, p, p_holm, p_strata, p_scaffolds,
                  answer, size, reason}]
    exploratory   [{name, about, n, value, low, high}]; not registered
    checks        {repetitions, shuffled, planted, power, oracle: {input: slope},
                  drawn: {input: [value, low, high]}, failed: [text]}
    means         [{task, method, given, noise, value}]; over the main sample and all runs
    groups        [{given, noise, macro, each: {group: F1}}]
    coverage      [{task, calibration, given, noise, of, n, share, size}] of conformal sets
    ceilings      [{given, noise, n_strata, error, deviation, fano, fano_weak}]
    evaluation    identification by the model, as `evaluate_page` describes; its secondary
                  endpoints are not those of the verdicts, and corrected among themselves
    nearest       identification by the nearest spectrum, the same
    ideal         identification by the best rule for a perfect instrument, the same
    notes         [text]

Of an unfinished study it is {finished, cells, missing: [{fold, seed, input}]}.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .evaluate_page import estimate
from .evaluate_page import record as evaluation_record
from .output import Json, columns, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..ml.study import Analysis, Cell, Job, Verdict
    from ..ml.study.analysis import Covered
    from ..ml.study.exploratory import Finding


def unfinished(done: Collection[Cell], cells: Sequence[Cell]) -> Json:
    """Which cells are missing."""
    missing = [cell for cell in cells if cell not in done]
    return {
        "finished": len(done),
        "cells": len(cells),
        "missing": [{"fold": c.fold, "seed": c.seed, "input": c.given} for c in missing],
    }


def record(job: Job, found: Analysis) -> Json:
    """The JSON object; see the module."""
    from ..ml.study import facts as study_facts

    whole = study_facts(job, found)
    whole["evaluation"] = evaluation_record(found.evaluation, None)
    whole["nearest"] = evaluation_record(found.nearest, None)
    whole["ideal"] = evaluation_record(found.ideal, None)
    out: Json = _finite(whole)
    return out


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON lacks."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def page(job: Job, found: Analysis) -> Iterator[RenderableType | str]:
    """Tables of a finished study."""
    yield facts(_findings(job, found))
    yield "Hypotheses; p after Holm within H2 to H9"
    heads = ["", "number", "value", "95 %", "p", "p Holm", "verdict"]
    yield columns(heads, map(_verdict, found.verdicts), left=2)
    yield "Not registered"
    heads = ["beside", "number", "n", "value", "95 %"]
    yield columns(heads, map(_finding, found.exploratory), left=2)
    yield "Means over the main sample and all runs"
    yield columns(["", "method", "input", *_levels(job)], _means(job, found), left=3)
    yield "Macro-F1 of functional groups, all folds"
    yield columns(["input", *_levels(job)], _groups(job, found))
    wanted = f"{100 * (1 - job.config.alpha):g} %"
    yield f"Coverage of {wanted} conformal sets at the primary noise level, and their mean size"
    heads = ["", "calibrated on", "input", "all", "with inversion", "without", "size"]
    yield columns(heads, _coverage(job, found), left=3)
    if found.notes:
        yield "\n".join(f"note: {note}" for note in found.notes)


def _findings(job: Job, found: Analysis) -> Iterator[tuple[str, str]]:
    config, matched, c = job.config, found.evaluation.matched, found.checks
    yield "study", f"{len(config.cells)} cells, settings {job.config.digest[:12]}"
    yield "data", f"{job.table.sha256[:12]}, {len(job.table):,} molecules"
    yield "main sample", f"{len(matched.molecules):,} molecules, {len(matched.strata):,} strata"
    yield "primary noise", f"{config.primary_noise:g}"
    yield (
        "shuffled sides",
        f"interval holds 0 in {c.shuffled:.1%} of {c.repetitions}; 95 % is right",
    )
    power = "" if c.power is None else f"; power with these scaffolds {c.power:.0%}"
    yield "planted 0.05", f"found in {c.planted:.1%}{power}"
    slopes = ", ".join(f"{given} {slope:.6g}" for given, slope in c.oracle.items())
    yield "oracle", f"slopes {slopes or 'none: no share varies'}; 1 is right"
    drawn = ", ".join(
        f"{given} {v[0]:.3f} ({v[1]:.3f} to {v[2]:.3f})" for given, v in c.drawn.items()
    )
    yield "oracle, drawn", f"{drawn or 'none'}; 1 is right"


def _levels(job: Job) -> list[str]:
    return [f"{noise:g}" for noise in job.config.noises]


def _verdict(v: Verdict) -> tuple[str, ...]:
    if v.reason:
        return v.name, v.about, "–", "–", "–", "–", f"not tested: {v.reason.split(':')[0]}"
    holm = "" if v.p_holm is None else _p(v.p_holm)
    answer = f"{v.answer}; {v.size}" if v.size else v.answer
    return v.name, v.about, *estimate(v.value, v.low, v.high), _p(v.p), holm, answer


def _finding(f: Finding) -> tuple[str, ...]:
    return f.name, f.about, f"{f.n:,}", *estimate(f.value, f.low, f.high)


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def _means(job: Job, found: Analysis) -> Iterator[tuple[str, ...]]:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for m in found.means:
        rows.setdefault((m.task, m.method, m.given), []).append(f"{m.value:.4f}")
    return ((*key, *values) for key, values in rows.items())


def _groups(job: Job, found: Analysis) -> Iterator[tuple[str, ...]]:
    for given in dict.fromkeys(g.given for g in found.groups):
        yield given, *(f"{g.macro:.4f}" for g in found.groups if g.given == given)


def _coverage(job: Job, found: Analysis) -> Iterator[tuple[str, ...]]:
    rows: dict[tuple[str, str, str], dict[str, Covered]] = {}
    for c in found.coverage:
        if c.noise == job.config.primary_noise:
            rows.setdefault((c.task, c.calibration, c.given), {})[c.of] = c
    for key, by in rows.items():
        shares = (f"{by[of].share:.3f}" for of in ("all", "with inversion", "without"))
        yield *key, *shares, f"{by['all'].size:.2f}"
