"""``spektron symmetry INPUT…``: point group, vibrations by symmetry and activity, and R.

An input is a file (every record of it is analysed), a SMILES string or the name of a packaged
example. An input that cannot be used prints one line on standard error, the others are still
answered, and the exit code is 2 at the end.

The JSON of ``--json`` is described in `symmetry_page`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .drawing import checked_figure
from .inputs import molecules_of
from .ladder import draw
from .options import MOLECULE_HELP, AsJson, Tolerance
from .output import Json, complain, print_json, show
from .symmetry_page import Answer, Extra, page, record, title

if TYPE_CHECKING:
    from ..pointgroup import Symmetry


def symmetry(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help=MOLECULE_HELP,
        ),
    ],
    tolerance: Tolerance = None,
    operations: Annotated[
        bool, typer.Option("--operations", help="List every operation with its axis.")
    ] = False,
    overtones: Annotated[
        bool, typer.Option("--overtones", help="First overtones and binary combinations.")
    ] = False,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Groups against tolerance, up to 0.3 Å.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Draw the ladder: png, pdf, svg."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Point group, vibrations by symmetry and activity, and R.

    Prints the operations, the vibrations by irrep and activity, the completeness ratio R and
    why modes are silent.
    """
    extra = Extra(operations=operations, overtones=overtones, ladder=ladder)
    if figure is not None:
        checked_figure(figure)
    records: list[Json] = []
    drawn: list[tuple[str, Symmetry]] = []
    first, failed = True, False
    for text in inputs:
        for answer in _answers(text, tolerance):
            if answer is None:
                failed = True
                continue
            if figure is not None:
                drawn.append((title(answer), answer.symmetry))
            if as_json:
                records.append(record(answer, extra))
            else:
                parts = page(answer, extra)
                show(*parts if first else ("", *parts))
                first = False
    if records:
        print_json(records)
    if figure is not None and drawn:
        draw(drawn, figure)
    if failed:
        raise typer.Exit(2)


def _answers(text: str, tolerance: float | None) -> Iterator[Answer | None]:
    """An answer for each molecule of an input; None in the place of one that failed.

    Raises
    ------
    ToleranceError
        It is not the input that is wrong, so there is no use in trying the next.
    """
    from ..pointgroup import detect, mode_counts
    from ..pointgroup.errors import InputError, ToleranceError

    try:
        for number, molecule in enumerate(molecules_of(text), start=1):
            found = detect(molecule, tolerance)
            yield Answer(text, number, found, mode_counts(found))
    except ToleranceError:
        raise
    except InputError as error:
        named = any(start in str(error) for start in (text[:50], repr(text)[1:51]))
        complain(str(error) if named else f"{text}: {error}")
        yield None
