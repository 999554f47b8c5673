"""``spektron transfer DATA…``: how well a calibration moves from one instrument to another.

DATA is a folder or files with the same samples on several instruments and reference values:
CSV, npz, MATLAB DataSets or JCAMP-DX. In each of many random splits a calibration set is
measured on the master; k of its samples, chosen by Kennard and Stone, are measured on the
target too; the test samples are predicted from their target spectra alone. Test samples are
overwritten in memory while methods are fitted. An interrupted run is continued by the same
command.

The JSON of ``--json`` is described in `transfer_page`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .drawing import checked_figure
from .output import complain, interruptible, print_json, show
from .transfer_page import page, record

if TYPE_CHECKING:
    from ..ml.benchmark import Plan, Results
    from ..ml.spectra import Study, Unit

_NEWS = 30.0
"""Seconds between lines of progress where there is no terminal."""


def transfer(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="A folder or files of spectra: csv, npz, mat, JCAMP-DX.",
        ),
    ],
    master: Annotated[
        str | None,
        typer.Option(show_default=False, help="Instrument of the calibration; all if not given."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(show_default=False, help="Instrument to predict on; all if not given."),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            show_default=False,
            help="Reference value; can be given several times, all if not given.",
        ),
    ] = None,
    k: Annotated[
        list[int] | None,
        typer.Option(
            "--k",
            metavar="N",
            show_default="0, 5, 10, 25",
            help="Transfer samples; can be given several times.",
        ),
    ] = None,
    splits: Annotated[int, typer.Option(metavar="N", help="Number of random splits.")] = 50,
    first_seed: Annotated[int, typer.Option(metavar="N", help="Seed of the first split.")] = 0,
    test: Annotated[
        int | None,
        typer.Option(metavar="N", show_default="a quarter", help="Samples of the test set."),
    ] = None,
    calibration: Annotated[
        int | None,
        typer.Option(metavar="N", show_default="the rest", help="Samples of the calibration set."),
    ] = None,
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method", show_default=False, help="Method; can be given several times, else all."
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(metavar="nm|cm-1", show_default=False, help="Of axes that state none."),
    ] = None,
    resample: Annotated[
        bool, typer.Option("--resample", help="Interpolate instruments onto the master's axis.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where finished splits are kept.")
    ] = Path("transfer.cells"),
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", show_default=False, help="Processes; all cores if not given."),
    ] = None,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="First refit with changed test samples; nothing may change."),
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="R² and RMSEP against k."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Move a calibration between instruments with k samples: a benchmark of methods.

    Interrupted, it continues when the same command is given again.
    """
    from ..ml.benchmark import NAMES, Plan, check_plan
    from ..ml.loaders import load_study

    if figure is not None:
        checked_figure(figure)
    study = load_study(data, unit=_unit(unit))
    pairs = _pairs(study, master, target)
    if resample:
        study = _resampled(study, pairs)
    plan = Plan(
        pairs=pairs,
        properties=_properties(study, properties),
        ks=tuple(sorted(set(k if k else (0, 5, 10, 25)))),
        seeds=tuple(range(first_seed, first_seed + _at_least_one(splits))),
        methods=tuple(dict.fromkeys(methods or NAMES)),
        n_test=test,
        n_calibration=calibration,
    )
    check_plan(study, plan)
    if audit:
        _audit(study, plan)
    results = _run(study, plan, out, workers)
    if figure is not None:
        from .transfer_figure import draw

        draw(results, figure)
    if as_json:
        print_json(record(study, results))
    else:
        show(*page(study, results))


# ---- what is asked for ----


def _unit(text: str | None) -> Unit | None:
    if text is None or text == "nm":
        return "nm" if text else None
    if text in ("cm-1", "cm⁻¹", "1/cm"):
        return "cm-1"
    raise typer.BadParameter(f"unit {text!r} is neither nm nor cm-1")


def _at_least_one(splits: int) -> int:
    if splits < 1:
        raise typer.BadParameter(f"{splits} splits; give 1 or more")
    return splits


def _pairs(study: Study, master: str | None, target: str | None) -> tuple[tuple[str, str], ...]:
    """Master and target; all ordered pairs of what was not given."""
    from ..ml.errors import ProtocolError

    for name in (master, target):
        if name is not None:
            study.instrument(name)
    names = list(study.instruments)
    pairs = [
        (a, b)
        for a in ([master] if master else names)
        for b in ([target] if target else names)
        if a != b
    ]
    if not pairs:
        have = ", ".join(names)
        raise ProtocolError(
            f"{study.name}: no two instruments to transfer between; it has {have}"
            + (f", and master and target are both {master}" if master and target else "")
        )
    return tuple(pairs)


def _properties(study: Study, wanted: Sequence[str] | None) -> tuple[str, ...]:
    from ..ml.errors import ProtocolError

    known = {name.lower(): name for name in study.properties}
    for name in wanted or ():
        study.values(name)
    if not known:
        raise ProtocolError(f"{study.name}: no reference values; add a column or a file of them")
    return tuple(dict.fromkeys(known[name.lower()] for name in wanted or known))


def _resampled(study: Study, pairs: Sequence[tuple[str, str]]) -> Study:
    from ..ml.resampling import on_one_axis, same_axis

    names = tuple(dict.fromkeys(name for pair in pairs for name in pair))
    first, *others = (study.instrument(name) for name in names)
    one = on_one_axis(study, names, resample=True)
    if not all(same_axis(first, other) for other in others):
        axis = one.instrument(names[0]).axis
        complain(
            f"resampled onto the channels of {names[0]}: {axis.size} from {axis[0]:g} to "
            f"{axis[-1]:g} {first.unit}"
        )
    return one


# ---- the run ----


def _audit(study: Study, plan: Plan) -> None:
    """The audit of one split of every problem; a leak ends the run."""
    from ..ml.benchmark import audit, entries_named, split_of, usable_rows

    compared = 0
    for master, target in plan.pairs:
        for name in plan.properties:
            rows = usable_rows(study, name)
            split = split_of(
                plan.seeds[0], len(rows), n_test=plan.n_test, n_calibration=plan.n_calibration
            )
            compared += audit(
                study.instrument(master).spectra[rows],
                study.instrument(target).spectra[rows],
                study.values(name)[rows],
                split,
                plan.ks,
                entries_named(plan.methods),
            )
    complain(f"audit: {compared} calibrations are the same whatever the test samples are")


def _run(study: Study, plan: Plan, out: Path, workers: int | None) -> Results:
    from ..ml.benchmark import run_plan

    kept = f"{out} keeps what is finished, the same command continues"
    with interruptible(lambda: kept), _reporting() as report:
        return run_plan(study, plan, out, workers=workers, progress=report)


@contextmanager
def _reporting() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, else a line now and then, both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines_of_progress()
        return
    shown = (BarColumn(), TextColumn("{task.completed} of {task.total}"), TimeRemainingColumn())
    with Progress(*shown, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines_of_progress() -> Callable[[int, int], None]:
    last, told = time.monotonic(), False

    def report(done: int, total: int) -> None:
        nonlocal last, told
        if done and not told and done < total and time.monotonic() - last < 1:
            complain(f"continues: {done} of {total} splits are finished")
        told = True
        if time.monotonic() - last > _NEWS:
            last = time.monotonic()
            complain(f"{done} of {total} splits")

    return report
