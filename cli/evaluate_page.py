"""What ``spektron evaluate stratified`` prints.

With ``--json`` standard output is one object; missing numbers are null::

    metric, molecules, inputs, noises, seeds      what was scored
    strata, scaffolds                             matched ones; {name: number of strata}. If there
                  are none, primary is null, and what follows from it null or empty
    settings      endpoint, noise, interval, level, replicates, seed
    primary       {endpoint, noise, value, low, high, error, p, p_strata, p_scaffolds, p_holm};
                  with an inversion less without, mean over strata; p by the method of the
                  interval, p_strata and p_scaffolds by sign flips
    secondary     [the same], p_holm corrected for their number
    by_scaffold   [{scaffold, n_strata, value, low, high}]
    means         [{input, noise, with_inversion, without}]; each [value, low, high]
    cuts          [{property, value, endpoint, n, n_scaffolds, mean}]; of all molecules, mean is
                  [value, low, high]
    curve         [{input, share, n, value, low, high}]; share is N_visible/N_vib
    slopes        [{endpoint, property, value, error, dof, low, high, p, reason}]
    components    {scaffold, stratum}; standard deviations of the primary contrast, or null
    ceilings      [{input, noise, n_strata, bayes_error, bayes_error_deviation, fano,
                  fano_weak}]; of the baseline only, means over strata
    notes         [text]
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeGuard

from .output import Json, columns, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..ml.stratified import Evaluation
    from ..ml.stratified.bootstrap import Interval
    from ..ml.stratified.results import Contrast, Overview, Slope

SHOWN = ("ir", "raman", "both")
"""What is counted of a molecule."""
Ceilings = Sequence[Mapping[str, Any]] | None

# ---- for people ----


def page(found: Overview, ceilings: Ceilings) -> Iterator[RenderableType | str]:
    """Tables of an evaluation, or of what there is without matched strata."""
    yield facts(_findings(found))
    level = f"{found.settings.level * 100:g} %"
    if _matched(found):
        yield from _contrasts(found, level)
    yield f"Mean {_shown(found)} of all molecules by one property; they differ in others as well"
    yield columns(
        ["property", "", "molecules", "scaffolds", "mean", level],
        [
            (c.property, c.value, f"{c.n:,}", str(c.n_scaffolds), *_interval(c.mean))
            for c in found.cuts
            if c.endpoint == found.settings.endpoint
        ],
        left=2,
    )
    yield f"Slopes{_at(found)}, with random intercepts for scaffolds and strata"
    yield columns(["endpoint", "property", "slope", "95 %", "p"], map(_slope, found.slopes), left=2)
    if ceilings:
        yield "What the spectra hold: mean over strata of the error of the best rule"
        yield columns(
            ["input", "noise", "strata", "Bayes error", "Fano's bound"],
            [
                (
                    str(c["input"]),
                    f"{c['noise']:g}",
                    str(c["n_strata"]),
                    f"{c['bayes_error']:.4f} ± {c['bayes_error_deviation']:.4f}",
                    f"{c['fano']:.4f}",
                )
                for c in ceilings
            ],
        )
    if found.notes:
        yield "\n".join(f"note: {note}" for note in found.notes)


def _contrasts(found: Evaluation, level: str) -> Iterator[RenderableType | str]:
    yield (
        "With an inversion less without, mean over strata: primary endpoint, then secondary ones; "
        '"p flip" turns the signs of whole scaffolds'
    )
    rows = map(_contrast, (found.primary, *found.secondary))
    yield columns(["endpoint", "noise", "contrast", level, "p", "p flip", "p Holm"], rows)
    if found.scaffolds:
        yield "Primary contrast by scaffold"
        yield columns(
            ["scaffold", "strata", "contrast", level],
            [
                (s.scaffold, str(s.n_strata), *estimate(s.value, s.low, s.high))
                for s in found.scaffolds
            ],
        )
    yield f"Mean {found.table.metric}"
    yield columns(
        ["input", "noise", "with inversion", level, "without", level],
        [
            (m.given, f"{m.noise:g}", *_interval(m.centred), *_interval(m.others))
            for m in found.means
        ],
    )


def _matched(found: Overview) -> TypeGuard[Evaluation]:
    from ..ml.stratified import Evaluation

    return isinstance(found, Evaluation)


def _shown(found: Overview) -> str:
    """The primary endpoint in words."""
    table, name = found.table, found.settings.endpoint
    return f"{table.metric}, {name}{_at(found)}" if len(table.inputs) > 1 else table.metric


def _at(found: Overview) -> str:
    return f" at noise {found.settings.noise:g}" if len(found.table.noises) > 1 else ""


def _findings(found: Overview) -> Iterator[tuple[str, str]]:
    from ..ml.stratified.endpoints import MEANINGS

    table, settings = found.table, found.settings
    name = settings.endpoint
    yield "metric", table.metric
    n = len(table.subjects)
    if _matched(found):
        yield "molecules", f"{n:,}, {len(found.matched.molecules):,} of them matched"
        tops = len(found.scaffolds) or 1
        yield "strata", f"{len(found.matched.strata):,} over {tops} scaffold{'s' * (tops > 1)}"
    else:
        yield "molecules", f"{n:,}"
    yield "inputs", ", ".join(table.inputs)
    yield "runs", str(len(table.runs))
    yield "endpoint", f"{name}: {MEANINGS[name]}" if name in MEANINGS else name
    if _matched(found):
        how = f"{settings.replicates:,} replicates, seed {settings.seed}"
        yield "interval", f"{settings.interval}, {how}"


def _contrast(c: Contrast) -> tuple[str, ...]:
    return (
        c.endpoint,
        f"{c.noise:g}",
        *estimate(c.value, c.low, c.high),
        _p(c.p),
        _p(c.p_scaffolds),
        "" if c.p_holm is None else _p(c.p_holm),
    )


def _slope(s: Slope) -> tuple[str, ...]:
    c = s.coefficient
    if c is None:
        return s.endpoint, s.property, "none", s.reason.split(":")[0], ""
    return s.endpoint, s.property, *estimate(c.value, c.low, c.high), _p(c.p)


def _interval(i: Interval) -> tuple[str, str]:
    texts = (f"{x:.4f}".replace("-", "−") for x in (i.value, i.low, i.high))
    value, low, high = texts
    return value, f"{low} to {high}" if math.isfinite(i.low) else "–"


def estimate(value: float, low: float, high: float) -> tuple[str, str]:
    """A difference with its sign, and its interval; a dash if that is unknown.

    Four decimals, and as many more as an interval needs that is narrow.

    >>> estimate(0.05, -0.00012, 0.1)
    ('+0.0500', '−0.0001 to +0.1000')
    >>> estimate(0.00012, 0.00003, 0.00021)
    ('+0.00012', '+0.00003 to +0.00021')
    """
    if not math.isfinite(low):
        return _signed(value, 4), "–"
    wide = high - low
    decimals = max(4, 1 - math.floor(math.log10(wide))) if wide > 0 else 4
    return _signed(value, decimals), f"{_signed(low, decimals)} to {_signed(high, decimals)}"


def _signed(value: float, decimals: int) -> str:
    # No −0.0000.
    return f"{round(value, decimals) + 0.0:+.{decimals}f}".replace("-", "−")


def _p(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


# ---- for programs ----


def molecules(found: Overview) -> str:
    """Each molecule as csv: its symmetry, stratum, side, and its mean score of each input."""
    table, noise = found.table, found.settings.noise
    means = {given: table.of(given, noise).mean(axis=1) for given in table.inputs}
    taken = set(found.matched.molecules.tolist()) if _matched(found) else set()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["molecule", "group", "centrosymmetric", "R", "R_fundamentals", "n_atoms", "n_vib"]
    head += [f"n_{given}" for given in SHOWN] + [f"lines_{given}" for given in SHOWN]
    writer.writerow([*head, "scaffold", "stratum", "matched", *means])
    for row, s in enumerate(table.subjects):
        numbers = (f"{s.R:.6g}", f"{s.R_fundamentals:.6g}", s.n_atoms, s.n_vib)
        shown = (*map(s.n_visible, SHOWN), *map(s.n_lines, SHOWN))
        scores = (f"{values[row]:.6g}" for values in means.values())
        where = (s.scaffold, s.stratum, int(row in taken))
        writer.writerow(
            [s.name, s.group, int(s.centrosymmetric), *numbers, *shown, *where, *scores]
        )
    return out.getvalue()


def record(found: Overview, ceilings: Ceilings) -> Json:
    """The JSON object; see the module."""
    table, settings = found.table, found.settings
    whole = {
        "metric": table.metric,
        "molecules": len(table.subjects),
        "inputs": list(table.inputs),
        "noises": list(table.noises),
        "seeds": list(table.runs),
        "settings": {
            name: getattr(settings, name)
            for name in ("endpoint", "noise", "interval", "level", "replicates", "seed")
        },
        **(_contrasts_json(found) if _matched(found) else _UNMATCHED),
        "cuts": [asdict(c) | {"mean": list(asdict(c.mean).values())} for c in found.cuts],
        "curve": [{"input": p.given} | _without(asdict(p), "given") for p in found.curve],
        "slopes": [_slope_json(s) for s in found.slopes],
        "ceilings": [dict(c) for c in ceilings or ()],
        "notes": list(found.notes),
    }
    out: Json = _finite(whole)
    return out


def _contrasts_json(found: Evaluation) -> Json:
    matched, parts = found.matched, found.components
    sizes = matched.per_scaffold.tolist()
    return {
        "strata": len(matched.strata),
        "scaffolds": dict(zip(matched.scaffolds, sizes, strict=True)) if found.scaffolds else {},
        "primary": asdict(found.primary),
        "secondary": [asdict(c) for c in found.secondary],
        "by_scaffold": [asdict(s) for s in found.scaffolds],
        "means": [
            {
                "input": m.given,
                "noise": m.noise,
                "with_inversion": list(asdict(m.centred).values()),
                "without": list(asdict(m.others).values()),
            }
            for m in found.means
        ],
        "components": parts and {"scaffold": parts.scaffold, "stratum": parts.stratum},
    }


_UNMATCHED: Json = {
    "strata": 0,
    "scaffolds": {},
    "primary": None,
    "secondary": [],
    "by_scaffold": [],
    "means": [],
    "components": None,
}


def _slope_json(s: Slope) -> Json:
    names = ("value", "error", "dof", "low", "high", "p")
    numbers = {name: getattr(s.coefficient, name, None) for name in names}
    return {"endpoint": s.endpoint, "property": s.property} | numbers | {"reason": s.reason}


def _without(values: Json, name: str) -> Json:
    return {k: v for k, v in values.items() if k != name}


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON lacks."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
