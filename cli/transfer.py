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

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .drawing import checked_figure
from .options import AsJson, Workers, natural, whole
from .output import complain, interruptible, print_json, show
from .progress import State, progress
from .transfer_page import page, record

if TYPE_CHECKING:
    from ..ml.benchmark import Plan, Results
    from ..ml.spectra import Study, Unit


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
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="Instrument of the calibration; all if not given.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", show_default=False, help="Instrument to predict on; all if not given."
        ),
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="NAME",
            show_default=False,
            help="Reference value; all if not given; can be repeated.",
        ),
    ] = None,
    k: Annotated[
        list[int] | None,
        typer.Option(
            "--k",
            metavar="N",
            show_default="0, 5, 10, 25",
            help="Transfer samples; can be repeated.",
        ),
    ] = None,
    splits: Annotated[
        int, typer.Option(metavar="N", parser=natural, help="Number of random splits.")
    ] = 50,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", parser=whole, help="Of the first split; the others have those that follow."
        ),
    ] = 0,
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
            "--method",
            metavar="NAME",
            show_default=False,
            help="Method; all if not given; can be repeated.",
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
        Path, typer.Option(metavar="DIR", help="Folder in which finished splits are kept.")
    ] = Path("transfer.cells"),
    workers: Workers = None,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="First refit with changed test samples; nothing may change."),
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Draw R² and RMSEP against k: png, pdf, svg."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Methods that move a calibration between instruments.

    A benchmark: k samples are measured on both.

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
        seeds=tuple(range(seed, seed + splits)),
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
    with interruptible(lambda: kept), progress() as report:
        return run_plan(
            study,
            plan,
            out,
            workers=workers,
            progress=lambda done, total: report(_state(done, total)),
        )


def _state(done: int, total: int) -> State:
    first = f"continues: {done} of {total} splits are finished" if 0 < done < total else ""
    return State(done, total, f"{done} of {total} splits", first)
