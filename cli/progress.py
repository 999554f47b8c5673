"""What is told on standard error while a command works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .output import complain

NEWS = 30.0
"""Seconds between lines of progress where there is no terminal."""


@dataclass(frozen=True, slots=True)
class State:
    """How far the work is.

    Attributes
    ----------
    done, total : float
        In any unit.
    text : str
        The same in words.
    first : str
        Told at once where there is no terminal, if this is the first state; empty for nothing.
    """

    done: float
    total: float
    text: str
    first: str = ""


@contextmanager
def progress() -> Iterator[Callable[[State], None]]:
    """A bar on a terminal, else a line now and then, both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    shown = (BarColumn(), TextColumn("{task.fields[text]}", markup=False), TimeRemainingColumn())
    with Progress(*shown, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, text="")
        bar.refresh()
        yield lambda now: bar.update(task, total=now.total, completed=now.done, text=now.text)


def _lines() -> Callable[[State], None]:
    last, told = time.monotonic(), False

    def report(now: State) -> None:
        nonlocal last, told
        if now.first and not told:
            complain(now.first)
        elif time.monotonic() - last > NEWS:
            last = time.monotonic()
            complain(now.text)
        told = True

    return report


@contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """A line that changes, on standard error while a terminal looks on, else nothing."""
    from rich.console import Console

    console = Console(stderr=True, markup=False, highlight=False)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("starts") as shown:
        yield shown.update
