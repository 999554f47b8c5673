"""``spektron isotopologues INPUT``: which isotopologues to measure next.

All substitution patterns of the elements named are looked at, one for each class under the
point group. INPUT and ``--method`` are those of ``spektron identify``.

With ``--json`` standard output is one object::

    input, name, formula, group, force_field, elements, n_family
    n_parameters, reachable    force constants in all; determined by the whole family
    smallest          [{members, information, cost}], the most informative first
    n_smallest        number of sets of that size that reach as much
    best              the most informative set of the next size up, or null
    exhaustive        whether all sets of these sizes were looked at
    hidden            {element: dimension of the hidden isotopic symmetry}, of one element
"""

from __future__ import annotations

from typing import Annotated

import typer

from .identify import subject_of, words_of
from .inputs import HEAVY_HYDROGEN
from .options import (
    SUBJECT_HELP,
    AsJson,
    Basis,
    FieldSeed,
    HessianMethod,
    LineNoise,
    Words,
    natural,
)
from .output import columns, facts, print_json, show


def isotopologues(
    subject: Annotated[str, typer.Argument(metavar="INPUT", show_default=False, help=SUBJECT_HELP)],
    elements: Annotated[
        str, typer.Option(metavar="X=N,…", help="Isotope of each element substituted.")
    ] = "H=2",
    data: Words = "freq",
    largest: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=natural,
            show_default=False,
            help="Most atoms substituted in one isotopologue; no limit if not given.",
        ),
    ] = None,
    rows: Annotated[
        int, typer.Option(metavar="N", parser=natural, help="Sets that are printed.")
    ] = 5,
    method: HessianMethod = None,
    basis: Basis = "sto-3g",
    noise: LineNoise = 1.0,
    seed: FieldSeed = 0,
    as_json: AsJson = False,
) -> None:
    """Which isotopologues to measure next.

    The smallest sets that reach all that can be reached, the most informative first.
    """
    from ..identifiability.design import isotopologue_design
    from ..identifiability.noise import Noise

    wanted = elements_of(elements)
    words = words_of(data)
    given = subject_of(subject, method, basis, seed, words)
    found = isotopologue_design(
        given.force_field,
        wanted,
        data=words,  # type: ignore[arg-type]
        tensors=given.tensors,
        largest=largest,
        noise=Noise(position=noise),
    )
    if as_json:
        sets = [
            {"members": list(c.members), "information": c.information, "cost": c.cost}
            for c in found.smallest[:rows]
        ]
        best = list(found.best[0].members) if found.best else None
        print_json(
            {
                "input": subject,
                **given.about,
                "elements": wanted,
                "n_family": len(found.family),
                "n_parameters": found.n_parameters,
                "reachable": found.reachable,
                "smallest": sets,
                "n_smallest": len(found.smallest),
                "best": best,
                "exhaustive": found.exhaustive,
                "hidden": {h.element: h.dimension for h in found.hidden},
            }
        )
        return
    about = [("molecule", given.title), ("force field", given.about["force_field"])]
    table = columns(
        ("isotopologues", "information"),
        [(" + ".join(c.members), f"{c.information:.2f}") for c in found.smallest[:rows]],
    )
    show(facts(about), str(found), table)


def elements_of(text: str) -> dict[str, int]:
    """Mass numbers by element, from ``H=2,C=13``; D and T are isotopes of H.

    Raises
    ------
    InputError
        If the text is no such list.

    Examples
    --------
    >>> elements_of("H=D,C=13")
    {'H': 2, 'C': 13}
    """
    from ..pointgroup.errors import InputError

    out = {}
    for part in text.split(","):
        left, _, right = (p.strip() for p in part.partition("="))
        right = str(HEAVY_HYDROGEN.get(right, right)) if left == "H" else right
        if not left.isalpha() or not right.isdigit():
            raise InputError(f"elements {text!r}: write H=2,C=13")
        if left in out:
            raise InputError(f"elements {text!r}: {left} is there twice, name one isotope of it")
        out[left] = int(right)
    return out
