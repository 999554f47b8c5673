"""``spektron dataset``: reference spectra of the molecules of a recipe.

``build RECIPE.toml --out DIR`` lists the molecules, computes what DIR does not hold yet and
says what failed; it can be interrupted at any moment, and the same command continues.
``info`` and ``check`` take DIR or an exported file, ``export`` writes DIR as one parquet file.

With ``--json`` ``build`` and ``info`` print one object::

    n_listed, n_results             molecules of the recipe, spectra so far
    failures                        {kind: number}
    parts                           {part: [spectra, failures]}
    groups, R_classes               {symbol or range: number}
    n_centrosymmetric, n_silent_without_centre
    strata                          {scaffold: [strata with both sides, molecules in them]}
    largest_violation               of selection rules, share of the strongest band
    seconds                         {number of atoms: [molecules, median of seconds]}
    export: out, n_rows, n_listed
    build: computed, kept, left_out, failed: [{key, name, failure, reason}]
    check: n_records, damaged: [{key, reason, moved_to}], faults: [{key, fault}]
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, Workers, positive
from .output import Json, columns, complain, facts, interruptible, print_json, show
from .progress import State, progress, status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..ml.datasets import DatasetFolder, Pairs, Summary
    from ..vibration.batches import BatchProgress, BatchReport

SHOWN = 10
"""Failures that are named on standard error."""

dataset = typer.Typer(
    help="Reference spectra of thousands of molecules.",
    rich_markup_mode=None,
)
Place = Annotated[
    Path, typer.Argument(metavar="DIR|FILE", help="Folder of a data set, or an exported file.")
]


@dataset.callback(invoke_without_command=True)
def overview(context: typer.Context) -> None:
    """Reference spectra of thousands of molecules."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@dataset.command()
def build(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="TOML file.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the data set.")],
    executor: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py",
            show_default=False,
            help="Python file whose function make_executor() returns a "
            "concurrent.futures.Executor; a pool of processes if not given.",
        ),
    ] = None,
    workers: Workers = None,
    reuse: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Exported file whose results are taken over; can be repeated.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            parser=positive,
            show_default=False,
            help="Most seconds for one molecule; no limit if not given.",
        ),
    ] = None,
    retry_failures: Annotated[
        bool, typer.Option("--retry-failures", help="Compute anew what failed before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compute the molecules of a recipe, or go on with them."""
    from ..ml.datasets import begin

    factory = None if executor is None else executor_factory(executor)
    left_out: list[str] = []
    with interruptible(lambda: f"{out} keeps what is finished; the same command continues"):
        with status() as say:
            say("listing the molecules")
            folder = begin(recipe, out, left_out.append)
        for line in left_out[:SHOWN]:
            complain(f"left out: {line}")
        if len(left_out) > SHOWN:
            complain(f"left out: {len(left_out) - SHOWN} more")
        if reuse:
            complain(f"{folder.take_over(reuse):,} results taken over")
        with progress() as report:
            done = folder.build(
                executors=factory,
                workers=workers,
                time_limit=time_limit,
                retry_failures=retry_failures,
                progress=lambda now: report(_state(now)),
            )
    _tell_failures(folder, done)
    pairs = folder.pairs()
    if as_json:
        print_json(_build_json(folder, pairs, done, left_out))
    else:
        show(*_page(str(folder.note["title"]), _summary(pairs, len(folder.molecules))))


@dataset.command()
def info(place: Place, as_json: AsJson = False) -> None:
    """What a data set holds: parts, groups, R, strata, failures, cost."""
    title, pairs, n_listed = _read(place)
    found = _summary(pairs, n_listed)
    if as_json:
        print_json(asdict(found))
    else:
        show(*_page(title, found))


@dataset.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a data set.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Parquet file to write.")],
    every: Annotated[
        bool, typer.Option("--all", help="Also further molecules that lead to the same minimum.")
    ] = False,
    without: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Exported file whose molecules are left out; can be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a data set as one parquet file, each minimum once."""
    from ..ml.datasets import open_folder

    found = open_folder(folder)
    n = found.export(out, every=every, without=without or ())
    if as_json:
        print_json({"out": str(out), "n_rows": n, "n_listed": len(found.molecules)})
    else:
        typer.echo(f"{n:,} rows of {len(found.molecules):,} molecules in {out}")


@dataset.command()
def check(place: Place, as_json: AsJson = False) -> None:
    """Verify every record of a data set.

    Checksums, geometries against groups, spectra against selection rules. Damaged records of a
    folder are moved aside, so that build computes only them anew.
    """
    from ..ml.datasets import faults, open_folder

    damaged = open_folder(place).store.check() if place.is_dir() else []
    for damage in damaged:
        complain(f"{damage.key}: {damage.reason}; moved to {damage.moved_to}")
    _, pairs, n_listed = _read(place)
    found = list(faults(pairs))
    for key, fault in found[:SHOWN]:
        complain(f"{key}: {fault}")
    if as_json:
        print_json(
            {
                "n_records": len(pairs),
                "damaged": [
                    {"key": d.key, "reason": d.reason, "moved_to": str(d.moved_to)} for d in damaged
                ],
                "faults": [{"key": key, "fault": fault} for key, fault in found],
            }
        )
    else:
        typer.echo(
            f"{len(pairs):,} records of {n_listed:,}: {len(damaged)} damaged, "
            f"{len(found)} at odds with themselves"
        )
    if damaged or found:
        raise typer.Exit(2)


def executor_factory(path: Path) -> Any:
    """The function ``make_executor`` of a Python file.

    Raises
    ------
    InputError
        If the file cannot be run or has no such function.
    """
    from ..pointgroup import InputError
    from ..pointgroup.errors import FileError

    if not path.is_file():
        raise FileError(f"{path}: no such file")
    try:
        found = runpy.run_path(str(path)).get("make_executor")
    except Exception as error:  # noqa: BLE001 (anything can be in a file of the user)
        raise InputError(f"{path}: {type(error).__name__}: {error}") from None
    if not callable(found):
        raise InputError(f"{path}: defines no function make_executor()")
    return found


def _read(place: Path) -> tuple[str, Pairs, int]:
    """Title, molecules with their records, and how many there are to be."""
    from ..ml.datasets import open_folder, read_rows

    if place.is_dir():
        folder = open_folder(place)
        return str(folder.note["title"]), folder.pairs(), len(folder.molecules)
    pairs, note = read_rows(place)
    return str(note["title"]), pairs, len(pairs)


def _summary(pairs: Pairs, n_listed: int) -> Summary:
    from ..ml.datasets import summary

    return summary(pairs, n_listed)


# ---- progress ----


def _state(now: BatchProgress) -> State:
    left = now.seconds_left
    text = (
        f"{now.done:,} of {now.total:,} molecules, {now.failed} failed"
        + (f", {now.rate:,.0f} an hour" if now.computed else "")
        + ("" if left is None else f", {left / 3600:.1f} h left")
    )
    return State(now.done, now.total, text, text if now.done and not now.computed else "")


def _tell_failures(folder: DatasetFolder, done: BatchReport) -> None:
    names = {each.key: each.name or each.source for each in folder.molecules}
    for key, kind, reason in done.failures[:SHOWN]:
        complain(f"{names[key]}: {kind}: {reason}")
    if len(done.failures) > SHOWN:
        complain(f"{len(done.failures) - SHOWN} more failed; --json lists them all")


# ---- pages ----


def _page(title: str, found: Summary) -> Iterator[RenderableType | str]:
    yield facts(_findings(title, found))
    yield columns(["part", "spectra", "failed"], _pairs(found.parts))
    if found.strata:
        yield columns(["strata of", "matched", "molecules"], _pairs(found.strata))
    yield columns(["group", "molecules"], _counts(found.groups))
    yield columns(["R", "molecules"], _counts(found.R_classes))
    if found.failures:
        yield columns(["failure", "molecules"], _counts(found.failures))
    if found.seconds:
        rows = (
            [str(size), f"{n:,}", f"{seconds:.2f}", f"{3600 / seconds:,.0f}"]
            for size, (n, seconds) in found.seconds.items()
            if seconds
        )
        yield columns(["atoms", "molecules", "median s", "an hour"], rows, left=0)


def _findings(title: str, found: Summary) -> Iterator[tuple[str, str]]:
    yield "data set", title
    yield "spectra", f"{found.n_results:,} of {found.n_listed:,} molecules"
    yield "with inversion", f"{found.n_centrosymmetric:,}"
    yield "silent modes, no inversion", f"{found.n_silent_without_centre:,}"
    matched = [sum(n) for n in zip(*found.strata.values(), strict=True)] or [0, 0]
    yield "matched strata", f"{matched[0]:,} with {matched[1]:,} molecules"
    yield "forbidden intensity", f"at most {found.largest_violation:.0e} of the strongest band"


def _pairs(table: Any) -> Iterator[list[str]]:
    return ([name, f"{a:,}", f"{b:,}"] for name, (a, b) in table.items())


def _counts(table: Any) -> Iterator[list[str]]:
    return ([name, f"{n:,}"] for name, n in table.items())


def _build_json(
    folder: DatasetFolder, pairs: Pairs, done: BatchReport, left_out: list[str]
) -> Json:
    names = {each.key: each.name for each in folder.molecules}
    return {
        **asdict(_summary(pairs, len(folder.molecules))),
        "computed": done.computed,
        "kept": done.kept,
        "left_out": left_out,
        "failed": [
            {"key": key, "name": names[key], "failure": kind, "reason": reason}
            for key, kind, reason in done.failures
        ],
    }
