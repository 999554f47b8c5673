"""What the commands share: one-line errors, JSON, tables for people."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from ..pointgroup import Activity, PointGroup

Json = dict[str, Any]


def complain(message: str) -> None:
    """Print ``spektron: message`` on standard error, as one line whatever it contains."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
    typer.echo(f"spektron: {line}", err=True)


def is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: Python wraps one that falls into the making of a class."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__
    return False


@contextmanager
def interruptible(message: Callable[[], str]) -> Iterator[None]:
    """Where Ctrl-C ends the work within, print what is kept, and let it end the command."""
    try:
        yield
    except BaseException as error:
        if not is_interrupt(error):
            raise
        if text := message():
            complain(f"interrupted; {text}")
        raise KeyboardInterrupt from None


@contextmanager
def warnings_as_lines() -> Iterator[list[str]]:
    """Warnings of the rooms, each once, as one line on standard error.

    The texts are in the list when the work within is over.
    """
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield notes
        finally:
            ours = (w for w in caught if issubclass(w.category, UserWarning))
            notes += dict.fromkeys(str(w.message) for w in ours)
            for text in notes:
                complain(f"note: {text}")


def print_json(value: Any) -> None:
    """Print a value as JSON, with Greek letters as they are where the terminal has them."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    text = json.dumps(value, indent=2, ensure_ascii=encoding != "utf8", allow_nan=False)
    typer.echo(text)


def fraction_json(name: str, value: Fraction | None) -> Json:
    """An exact fraction as text, and as a float under the name with ``_value``.

    >>> fraction_json("R", Fraction(4, 5))
    {'R': '4/5', 'R_value': 0.8}
    """
    if value is None:
        return {name: None, f"{name}_value": None}
    return {name: str(value), f"{name}_value": float(value)}


def fraction_text(value: Fraction) -> str:
    """An exact fraction with its decimal value, or a whole number as it is.

    >>> fraction_text(Fraction(19, 30)), fraction_text(Fraction(1))
    ('19/30 = 0.6333', '1')
    """
    return str(value) if value.denominator == 1 else f"{value} = {float(value):.4f}"


def activity_json(activity: Activity) -> Json:
    """In which spectra a level is allowed."""
    return {
        "ir": activity.ir,
        "raman": activity.raman,
        "hyper_raman": activity.hyper_raman,
        "vcd": activity.vcd,
        "roa": activity.roa,
        "silent": activity.silent,
    }


def yes(value: bool) -> str:
    """A cell of a table of activities."""
    return "yes" if value else "–"


def group_json(group: PointGroup) -> Json:
    """Symbol and nature of a point group; ``order`` is null for C∞v, D∞h and Kh."""
    return {
        "group": str(group),
        "order": None if group.is_continuous else group.order,
        "has_inversion": group.has_inversion,
        "is_chiral": group.is_chiral,
    }


def group_text(group: PointGroup) -> str:
    """Nature of a point group in words.

    >>> from spektron.pointgroup import PointGroup
    >>> group_text(PointGroup("D6h"))
    'order 24, with inversion, not chiral'
    """
    order = "infinitely many operations" if group.is_continuous else f"order {group.order}"
    inversion = "with inversion" if group.has_inversion else "no inversion"
    return f"{order}, {inversion}, {'chiral' if group.is_chiral else 'not chiral'}"


def console() -> Console:
    """Where text goes: coloured on a terminal, plain and 80 columns wide in a pipe or file."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Labels on the left, texts that wrap on the right."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(label, Text(text))
    return grid


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> Table:
    """A plain table; the first ``left`` columns are flush left, the others flush right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    out = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
    )
    for place, head in enumerate(heads):
        side: Literal["left", "right"] = "left" if place < left else "right"
        out.add_column(Text(head), justify=side, no_wrap=place == 0)
    for row in rows:
        out.add_row(*map(Text, row))
    return out


def show(*parts: RenderableType | str) -> None:
    """Print parts with an empty line between them; text is not wrapped."""
    from rich.text import Text

    out = console()
    with out.capture() as captured:
        for place, part in enumerate(parts):
            if place:
                out.print()
            text = isinstance(part, str)
            out.print(Text(part) if isinstance(part, str) else part, soft_wrap=text)
    typer.echo("\n".join(line.rstrip(" ") for line in captured.get().split("\n")), nl=False)
