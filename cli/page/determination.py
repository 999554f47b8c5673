"""What the spectra determine of the force field, in a few lines."""

from __future__ import annotations

from .contents import Contents
from .markup import Markup, joined, table, tag

_WORDS = {"freq": "line positions", "ir": "IR intensities", "raman": "Raman intensities"}
_SHOWN = 8
"""Names of open force constants that are written out."""


def determination_section(contents: Contents) -> Markup:
    """Ranks for line positions alone and with intensities, and what they leave open."""
    found = contents.determination
    if not found.steps:
        return tag("p", f"Not determined here: {found.why_none}.")
    n = found.steps[0].n_parameters
    rows = []
    for step in found.steps:
        data = ", ".join(_WORDS[word] for word in step.data)
        rest = "nothing" if step.deficiency == 0 else f"{step.deficiency}"
        rows.append([data, str(step.n_observables), f"{step.rank} of {n}", rest])
    source = (
        "No Hessian is known, so the ranks are those of a random force field of this symmetry; "
        "they hold for almost all."
        if found.is_random
        else "The ranks are local: they hold at the force field of this Hessian."
    )
    return joined(
        tag(
            "p",
            f"The harmonic force field has {n} independent force constants in this symmetry. "
            "A combination of them is determined if changing it changes what is measured.",
        ),
        table(
            ["data of this isotopologue", "observables", "determined", "open"],
            rows,
            caption="Force constants that the spectra determine",
        ),
        _open(contents),
        tag("p", source, class_="remark"),
    )


def _open(contents: Contents) -> Markup | None:
    last = contents.determination.steps[-1]
    if not last.deficiency:
        return tag("p", "With these data, every force constant is determined.")
    names = last.undetermined
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    shown = ", ".join(names[:_SHOWN]) + rest
    return joined(
        tag(
            "p",
            f"These force constants take part in what stays open: {shown}. The command spektron "
            "isotopologues tells which isotopologue to measure next.",
        ),
    )
