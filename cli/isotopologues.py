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

from .identify import subject_of
from .output import columns, facts, print_json, show


def isotopologues(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="A molecule (file, SMILES, example) or a file with a Hessian.",
        ),
    ],
    elements: Annotated[
        str, typer.Option(metavar="X=N,…", help="Isotope of each element substituted.")
    ] = "H=2",
    data: Annotated[
        str, typer.Option(metavar="LIST", help="Of freq, ir, raman, depolarisation.")
    ] = "freq",
    largest: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="Most atoms substituted in one isotopologue."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Sets that are printed.")] = 5,
    noise: Annotated[float, typer.Option(metavar="CM⁻¹", help="Of positions.")] = 1.0,
    method: Annotated[
        str | None,
        typer.Option(show_default=False, help="Compute a Hessian: hf, gfn2-xtb, a functional."),
    ] = None,
    basis: Annotated[str, typer.Option(help="Basis set for --method.")] = "sto-3g",
    seed: Annotated[int, typer.Option(min=0, help="Of the random force field.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """The smallest and the most informative sets of isotopologues."""
    from ..identifiability.design import isotopologue_design
    from ..identifiability.noise import Noise

    wanted = elements_of(elements)
    words = tuple(word.strip() for word in data.split(","))
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
        right = {"D": "2", "T": "3"}.get(right, right) if left == "H" else right
        if not left.isalpha() or not right.isdigit():
            raise InputError(f"elements {text!r}: write H=2,C=13")
        if left in out:
            raise InputError(f"elements {text!r}: {left} is there twice, name one isotope of it")
        out[left] = int(right)
    return out
