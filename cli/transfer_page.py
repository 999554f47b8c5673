"""What ``spektron transfer`` prints.

With ``--json`` standard output is one object::

    data, samples, instruments, properties       what was read
    lines         [{master, target, property, k, method, n_splits, r2, r2_low, r2_high, rmsep,
                  rmsep_low, rmsep_high}]; medians over splits with their 95 % intervals; k is
                  null for calibrations on the target's own calibration set
    trivial       [{target, property}] that two channels of the target give exactly
    comparisons   [{master, target, property, k, first, second, n_splits, wins, gain,
                  p_wilcoxon, p_corrected, ratio, ratio_low, ratio_high, p_samples}]; the
                  default against every single published baseline; ratio is that of the RMSEP
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from .output import Json, columns, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..ml.benchmark import Comparison, Plan, Results
    from ..ml.benchmark.summary import Line
    from ..ml.spectra import Study

# ---- for people ----


def page(study: Study, results: Results) -> Iterator[RenderableType | str]:
    """The tables of a benchmark, problem by problem."""
    from ..ml.benchmark.summary import lines

    found = lines(results)
    plan = results.plan
    yield facts(_findings(study, plan))
    for master, target in plan.pairs:
        for name in plan.properties:
            problem = (master, target, name)
            here = [x for x in found if (x.master, x.target, x.property) == problem]
            yield f"{master} → {target}, {name}" + _triviality(found, target, name)
            yield columns(["method", "k", "R²", "95 %", "RMSEP", "95 %"], map(_row, here))
            compared = _comparisons(study, results, found, problem)
            if compared:
                yield "\n".join(compared)


def _findings(study: Study, plan: Plan) -> Iterator[tuple[str, str]]:
    yield "data", f"{study.name}: {study.n_samples} samples, {', '.join(study.instruments)}"
    yield "splits", f"{len(plan.seeds)}, seeds {plan.seeds[0]} to {plan.seeds[-1]}"
    yield "shown", "medians over splits with the 95 % intervals of the median"


def _triviality(found: Sequence[Line], target: str, name: str) -> str:
    from ..ml.benchmark.summary import is_trivial

    return " (trivial: two channels of the target give it)" if is_trivial(
        found, target, name
    ) else ""  # fmt: skip


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.method,
        "all" if line.k is None else str(line.k),
        f"{line.r2:.3f}",
        f"{line.r2_low:.3f} to {line.r2_high:.3f}",
        f"{line.rmsep:.4g}",
        f"{line.rmsep_low:.4g} to {line.rmsep_high:.4g}",
    )


def _comparisons(
    study: Study, results: Results, found: Sequence[Line], problem: tuple[str, str, str]
) -> list[str]:
    from ..ml.benchmark.summary import best_published, versus

    out = []
    for k in results.plan.ks:
        best = best_published(found, problem, k)
        compared = best and versus(study, results, problem, k, "default", best)
        if best and compared:
            out.append(f"k = {k}: default against {best}, {comparison_text(compared)}")
    return out


def comparison_text(found: Comparison) -> str:
    """A comparison in words."""
    return (
        f"better in {found.wins} of {found.n_splits} splits, RMSEP × {found.ratio:.2f} "
        f"({found.ratio_low:.2f} to {found.ratio_high:.2f}); p = {found.p_wilcoxon:.1g} over "
        f"splits, {found.p_corrected:.1g} corrected for shared samples, {found.p_samples:.1g} "
        "over samples"
    )


# ---- for programs ----


def record(study: Study, results: Results) -> Json:
    """The JSON object; see the module."""
    from ..ml.benchmark.summary import is_trivial, lines

    found = lines(results)
    problems = {(line.target, line.property) for line in found}
    return {
        "data": study.name,
        "samples": study.n_samples,
        "instruments": list(study.instruments),
        "properties": list(study.properties),
        "lines": [asdict(line) for line in found],
        "trivial": [
            {"target": target, "property": name}
            for target, name in sorted(problems)
            if is_trivial(found, target, name)
        ],
        "comparisons": list(_comparisons_json(study, results)),
    }


def _comparisons_json(study: Study, results: Results) -> Iterator[Json]:
    from ..ml.benchmark import BASELINES
    from ..ml.benchmark.summary import versus

    plan = results.plan
    for pair in plan.pairs:
        for name in plan.properties:
            for k in plan.ks:
                for other in BASELINES:
                    found = versus(study, results, (*pair, name), k, "default", other)
                    if found is not None:
                        where = {"master": pair[0], "target": pair[1], "property": name, "k": k}
                        yield where | {"first": "default", "second": other} | asdict(found)
