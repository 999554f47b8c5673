"""What ``spektron evaluate stratified`` prints.

With ``--json`` standard output is one object; missing numbers are null::

    metric, molecules, inputs, noises, seeds      what was scored
    strata, scaffolds                             matched ones; {name: number of strata}
    settings      endpoint, noise, interval, level, replicates, seed
    primary       {endpoint, noise, value, low, high, error, p, p_strata, p_scaffolds, p_holm};
                  with an inversion less without, mean over strata; p by the studentised
                  bootstrap, p_strata and p_scaffolds by sign flips
    secondary     [the same], p_holm corrected for their number
    by_scaffold   [{scaffold, n_strata, value, low, high}]
    means         [{input, noise, with_inversion, without}]; each [value, low, high]
    curve         [{input, share, n, value, low, high}]; share is N_visible/N_vib
    slopes        [{endpoint, property, value, error, dof, low, high, p, reason}]
    components    {scaffold, stratum}; standard deviations of the primary contrast, or null
    ceilings      [{input, noise, n_strata, bayes_error, bayes_error_deviation, fano,
                  fano_weak}]; of the baseline only, means over strata
    notes         [text]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .output import Json, columns, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..ml.stratified import Evaluation
    from ..ml.stratified.bootstrap import Interval
    from ..ml.stratified.results import Contrast, Slope

Ceilings = Sequence[Mapping[str, Any]] | None

# ---- for people ----


def page(found: Evaluation, ceilings: Ceilings) -> Iterator[RenderableType | str]:
    """Tables of an evaluation."""
    yield facts(_findings(found))
    yield "With an inversion less without, mean over strata: primary endpoint, then secondary ones"
    level = f"{found.settings.level * 100:g} %"
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
    yield "Slopes, with random intercepts for scaffolds and strata"
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


def _findings(found: Evaluation) -> Iterator[tuple[str, str]]:
    from ..ml.stratified.endpoints import MEANINGS

    table, matched = found.table, found.matched
    name = found.settings.endpoint
    yield "metric", table.metric
    yield "molecules", f"{len(table.subjects):,}, {len(matched.molecules):,} of them matched"
    n = len(found.scaffolds) or 1
    yield "strata", f"{len(matched.strata):,} over {n} scaffold{'s' * (n > 1)}"
    yield "inputs", ", ".join(table.inputs)
    yield "runs", str(len(table.runs))
    yield "endpoint", f"{name}: {MEANINGS[name]}" if name in MEANINGS else name
    yield (
        "interval",
        (
            f"{found.settings.interval}, {found.settings.replicates:,} replicates, seed "
            f"{found.settings.seed}"
        ),
    )


def _contrast(c: Contrast) -> tuple[str, ...]:
    return (
        c.endpoint,
        f"{c.noise:g}",
        *estimate(c.value, c.low, c.high),
        _p(c.p),
        _p(c.p_strata),
        "" if c.p_holm is None else _p(c.p_holm),
    )


def _slope(s: Slope) -> tuple[str, ...]:
    c = s.coefficient
    if c is None:
        return s.endpoint, s.property, "none", s.reason.split(":")[0], ""
    return s.endpoint, s.property, *estimate(c.value, c.low, c.high), _p(c.p)


def _interval(i: Interval) -> tuple[str, str]:
    return f"{i.value:.4f}", f"{i.low:.4f} to {i.high:.4f}" if math.isfinite(i.low) else "–"


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


def record(found: Evaluation, ceilings: Ceilings) -> Json:
    """The JSON object; see the module."""
    table, settings = found.table, found.settings
    sizes = found.matched.per_scaffold.tolist()
    whole = {
        "metric": table.metric,
        "molecules": len(table.subjects),
        "inputs": list(table.inputs),
        "noises": list(table.noises),
        "seeds": list(table.runs),
        "strata": len(found.matched.strata),
        "scaffolds": dict(zip(found.matched.scaffolds, sizes, strict=True))
        if found.scaffolds
        else {},
        "settings": {
            name: getattr(settings, name)
            for name in ("endpoint", "noise", "interval", "level", "replicates", "seed")
        },
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
        "curve": [{"input": p.given} | _without(asdict(p), "given") for p in found.curve],
        "slopes": [_slope_json(s) for s in found.slopes],
        "components": found.components
        and {"scaffold": found.components.scaffold, "stratum": found.components.stratum},
        "ceilings": [dict(c) for c in ceilings or ()],
        "notes": list(found.notes),
    }
    out: Json = _finite(whole)
    return out


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
