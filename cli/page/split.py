"""The split of the vibrations into IR only, both, Raman only and silent, as a picture; and R."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...identifiability.completeness import first_to_reveal
from ...pointgroup import ModeCounts
from ..output import fraction_text
from .contents import Contents
from .markup import Markup, joined, tag

_WIDTH, _PANEL, _GAP = 760, 168, 16
_CELL, _ROW, _NAME = 9, 16, 46  # side of a square, height of a row, room for the irrep
_PLACES = ("IR only", "IR and Raman", "Raman only", "silent")
_CLASSES = ("ir", "both", "raman", "silent")
_SHOWN = 6
"""Descents that are written out for each kind."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Modes of one irrep: how many fundamentals, of which dimension."""

    irrep: str
    number: int
    dimension: int


def _sorted_out(counts: ModeCounts) -> list[list[_Group]]:
    out: list[list[_Group]] = [[], [], [], []]
    for irrep, number in counts.representation.terms:
        a = counts.activity(irrep.label)
        place = 1 if a.both else 0 if a.ir else 2 if a.raman else 3
        out[place].append(_Group(irrep.label, number, irrep.dimension))
    return out


def picture(counts: ModeCounts) -> Markup:
    """Two overlapping fields, IR and Raman, and what lies outside both.

    A square is a mode; the squares of a degenerate set hang together.
    """
    groups = _sorted_out(counts)
    heights = [sum(_lines(g) for g in column) * _ROW for column in groups]
    inner = max([*heights, _ROW])
    top, height = 58, inner + 20
    lefts = [12 + i * (_PANEL + _GAP) + (14 if i == 3 else 0) for i in range(4)]
    total = top + height + 14
    fields = [
        _field(lefts[0] - 8, 26, lefts[1] + _PANEL + 4, total - 6, "ir"),
        _field(lefts[1] - 6, 34, lefts[2] + _PANEL + 4, total - 14, "raman"),
        _field(lefts[3] - 6, 34, lefts[3] + _PANEL + 4, total - 14, "silent"),
    ]
    texts = [
        tag("text", "infrared", x=lefts[0], y=18, class_="field-name ir"),
        tag("text", "Raman", x=lefts[2] + _PANEL, y=24, class_="field-name raman end"),
    ]
    drawn = [joined(_column(*c)) for c in zip(groups, lefts, _PLACES, _CLASSES, strict=True)]
    tally = [sum(g.number * g.dimension for g in column) for column in groups]
    spoken = ", ".join(f"{n} {place}" for n, place in zip(tally, _PLACES, strict=True))
    return tag(
        "svg",
        fields,
        texts,
        drawn,
        viewBox=f"0 0 {_WIDTH} {total}",
        role="img",
        aria_label=f"{counts.n_vib} modes: {spoken}",
        class_="split",
    )


def _field(left: int, top: int, right: int, bottom: int, kind: str) -> Markup:
    return tag(
        "rect",
        x=left,
        y=top,
        width=right - left,
        height=bottom - top,
        rx=12,
        class_=f"field {kind}",
    )


def _per_line(group: _Group) -> int:
    step = group.dimension * _CELL + 4
    return max(1, (_PANEL - _NAME - 8) // step)


def _lines(group: _Group) -> int:
    return -(-group.number // _per_line(group))


def _column(groups: list[_Group], left: int, place: str, kind: str) -> Iterator[Markup]:
    n = sum(g.number * g.dimension for g in groups)
    yield tag("text", f"{place}: {n}", x=left + 4, y=50, class_="place")
    y = 62
    for group in groups:
        title = f"{group.number} × {group.irrep}, dimension {group.dimension}"
        yield tag("text", group.irrep, x=left + 4, y=y + _CELL, class_="irrep")
        squares = []
        for k in range(group.number):
            line, place_in_line = divmod(k, _per_line(group))
            x = left + _NAME + place_in_line * (group.dimension * _CELL + 4)
            for d in range(group.dimension):
                squares.append(
                    tag("rect", x=x + d * _CELL, y=y + line * _ROW, width=_CELL - 1, height=_CELL)
                )
        yield tag("g", tag("title", title), squares, class_=f"squares {kind}")
        y += _lines(group) * _ROW


def completeness_section(contents: Contents) -> Markup:
    """R with its definition, the reason for each silent irrep, and what would open it."""
    counts = contents.counts
    if counts.R is None or counts.R_fundamentals is None:
        return tag("p", "R is not defined: a single atom has no vibrations.")
    seen = counts.n_vib - counts.n_silent
    reduced = "" if f"{seen}/{counts.n_vib}" == str(counts.R) else f"{seen}/{counts.n_vib} = "
    definition = (
        f"R = (modes in the infrared or the Raman spectrum) / (all modes) = {reduced}"
        f"{fraction_text(counts.R)}"
    )
    if counts.R.denominator == 1:
        definition = (
            f"R = {seen}/{counts.n_vib} = 1: every mode is allowed in at least one spectrum."
        )
    return joined(
        tag("p", tag("strong", definition)),
        tag("p", _exclusion(counts)),
        tag(
            "p",
            f"Each degenerate set counted once, R is {fraction_text(counts.R_fundamentals)}; "
            f"hyper-Raman scattering allows {counts.n_hyper_raman} of the {counts.n_vib} modes.",
        ),
        _reasons(counts),
        _descents(contents),
    )


def _exclusion(counts: ModeCounts) -> str:
    if counts.group.has_inversion:
        return (
            "The molecule has a centre of inversion: x, y, z change sign under it, their products "
            "do not. So no mode is in both spectra (mutual exclusion)."
        )
    both = counts.n_both
    if both == 0:
        return "There is no centre of inversion, but no irrep carries both x, y, z and a product."
    return f"There is no centre of inversion; {both} of {counts.n_vib} modes are in both spectra."


def _reasons(counts: ModeCounts) -> Markup | None:
    reasons = counts.silent_reasons()
    if not reasons:
        return None
    rows = [tag("div", tag("dt", f"{r.irrep} ({r.n_modes})"), tag("dd", r.text)) for r in reasons]
    return joined(tag("h3", "Why modes are silent"), tag("dl", rows, class_="reasons"))


def _descents(contents: Contents) -> Markup | None:
    proof = contents.proof
    if proof is None:
        why = contents.why_no_proof
        return (
            joined(tag("h3", "What would show them"), tag("p", f"This was {why}.")) if why else None
        )
    parts: list[Markup] = []
    for title, descents in (
        ("One atom replaced by an isotope", proof.isotopologues),
        ("A distortion that keeps a subgroup", proof.distortions),
    ):
        chosen = first_to_reveal(descents)
        if chosen:
            items = [tag("li", str(d)) for d in chosen[:_SHOWN]]
            if len(chosen) > _SHOWN:
                items.append(tag("li", f"and {len(chosen) - _SHOWN} more"))
            parts.append(joined(tag("h4", title), tag("ul", items)))
    if not parts:
        return None
    return joined(tag("h3", "What would show them"), parts)
