"""``spektron evaluate study CONFIG.toml --out DIR``: a pre-registered study, from its settings.

Every fold, seed and input is trained and asked in a cell of its own, over worker processes; DIR
keeps a shard of each under ``cells``. A study that was interrupted is continued by the same
command. When no cell is missing, the hypotheses are tested: the table is printed, and DIR gets
``results.json`` and the figures. Until then nothing is evaluated, and the exit code is 2.

The JSON of ``--json`` is described in `study_page`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Workers
from .output import Json, complain, interruptible, print_json, show
from .progress import State, progress
from .study_page import page, record, unfinished
from .targets import checked_folder

if TYPE_CHECKING:
    from ..ml.study import Analysis, Cell, Job, StudyProgress


def study(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="TOML file of the study's settings.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the study.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            show_default=False,
            help="Where the exported data set lies, if not where the settings say.",
        ),
    ] = None,
    workers: Workers = None,
    hours: Annotated[
        float | None,
        typer.Option(
            "--stop-after",
            metavar="HOURS",
            min=0,
            show_default=False,
            help="Begin no cell that is not likely to end in this time; 0 to compute none.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a pre-registered study, or go on with it, and test its hypotheses."""
    from ..ml.study import analyse, open_study, read_config, run_study
    from ..pointgroup.parallel import cores

    settings = read_config(config)
    folder = checked_folder(out)
    with interruptible(lambda: f"{out} keeps finished cells; the same command continues"):
        job = open_study(settings, folder, data)
        with progress() as report:
            done = run_study(
                job,
                workers=workers or cores(),
                hours=hours,
                data=data,
                progress=lambda now: report(_state(now)),
            )
    if len(done) < len(settings.cells):
        _stop(done, job, as_json)
    found = analyse(job)
    whole = record(job, found)
    _write(folder, found, whole)
    if as_json:
        print_json(whole)
    else:
        show(*page(job, found))


def _state(now: StudyProgress) -> State:
    text = f"{now.done} of {now.total} cells"
    if now.seconds_left is not None:
        text += f", {now.rate:.1f} an hour, {now.seconds_left / 3600:.1f} h left"
    if now.last:
        text += f"; last {now.last}"
    return State(now.done, now.total, text, first=text)


def _stop(done: set[Cell], job: Job, as_json: bool) -> None:
    """End before anything is evaluated."""
    from ..ml.study import Unfinished

    if as_json:
        print_json(unfinished(done, job.config.cells))
    raise Unfinished(
        f"unfinished: {len(done)} of {len(job.config.cells)} cells; the same command continues"
    )


def _write(folder: Path, found: Analysis, whole: Json) -> None:
    from ..vibration.files.text import write_text
    from .evaluate_figure import draw

    target = folder / "results.json"
    text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_text(text + "\n", target)
    for path in (target, *draw(found.evaluation, folder)):
        complain(f"wrote {path}")
