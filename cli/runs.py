"""What the commands that use a model share: data, checkpoints, progress, the end of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import Json, facts, print_json, show

if TYPE_CHECKING:
    from ..ml.table import SpectraTable
    from ..ml.training import Trained
    from ..ml.training.reading import Sheet
    from ..ml.training.records import Progress

Data = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="Exported parquet files or a folder of them; or spectra as csv, a column for each "
        "wavenumber (a second csv: Raman).",
    ),
]
Checkpoint = Annotated[
    str,
    typer.Argument(
        metavar="CHECKPOINT", help="A .safetensors file, the folder of a run, or a shipped name."
    ),
]
Content = Annotated[
    str | None,
    typer.Option(
        metavar="both|ir|raman", show_default="as the model was trained", help="Spectra to use."
    ),
]
Unit = Annotated[
    str | None,
    typer.Option(
        metavar="cm-1",
        show_default="cm-1, unless the axis may be in nm",
        help="Of the axis of a csv file.",
    ),
]
_SHOWN = ("loss", "error", "reconstruction", "contrastive")


def data(paths: Sequence[Path]) -> SpectraTable | Sheet:
    """What the files hold; torch is asked for first.

    Raises
    ------
    MissingPackage, FileError, SpectraError
    """
    from ..ml.model.packages import require

    require("torch", "safetensors")
    from ..ml.training.reading import read_data

    return read_data(paths)


def checked_unit(samples: SpectraTable | Sheet, unit: str | None) -> None:
    """Refuse a unit for exported data, which bring their own.

    Raises
    ------
    SpectraError
    """
    from ..ml.errors import SpectraError
    from ..ml.table import SpectraTable
    from ..ml.training.inputs import UNIT

    if isinstance(samples, SpectraTable) and unit not in (None, UNIT):
        raise SpectraError(f"unit {unit}: exported data are in {UNIT}; leave it out")


def card(checkpoint: Path) -> Json:
    """What a checkpoint says of itself.

    Raises
    ------
    CheckpointError
        If it cannot be used.
    """
    from ..ml.model.weights import load_model

    return dict(load_model(checkpoint)[1])


def content_of(asked: str | None, about: Mapping[str, Any]) -> Any:
    """The content that is asked for, or that a model was trained on.

    Raises
    ------
    SpectraError
        If it is unknown.

    >>> content_of(None, {"settings": {"data": {"content": "raman"}}}), content_of("ir", {})
    ('raman', 'ir')
    """
    from ..ml.channels import check_content

    if asked:
        check_content(asked, 2)
    return asked or about.get("settings", {}).get("data", {}).get("content", "both")


@contextmanager
def reporting() -> Iterator[Callable[[Progress], None]]:
    """How far a run is, on standard error."""
    from .progress import State, progress

    with progress() as report:
        yield lambda now: report(State(now.step, now.steps, _state(now)))


def _state(now: Progress) -> str:
    numbers = (f"{name} {now.metrics[name]:.3f}" for name in _SHOWN if name in now.metrics)
    return (
        f"step {now.step:,} of {now.steps:,}, {', '.join(numbers)}, {now.rate:,.0f} spectra/s, "
        f"{now.seconds_left / 60:.1f} min left"
    )


def kept(folder: Path) -> str:
    """What an interrupted run leaves, and how it goes on."""
    inside = folder / "checkpoints"
    done = sorted(p.name for p in inside.glob("*") if p.name.isdigit()) if inside.is_dir() else []
    if not done:
        return f"{folder} holds no checkpoint yet; the same command begins anew"
    return f"{folder} keeps step {int(done[-1]):,}; the same command continues"


def tell(folder: Path, trained: Trained, as_json: bool) -> None:
    """Print the end of a run, for people or as JSON."""
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    found: Json = {
        "folder": str(folder),
        "model": str(trained.model),
        "bytes": trained.model.stat().st_size,
        "metrics": {k: v if abs(v) < float("inf") else None for k, v in trained.metrics.items()},
        **about,
    }
    if as_json:
        print_json(found)
        return
    rows = [
        ("model", f"{trained.model}, {found['bytes'] / 1e6:.1f} MB"),
        ("parameters", f"{about['parameters']:,}"),
        ("computed on", f"{about['device']}, {about['precision']}"),
        *((name, f"{value:.4g}") for name, value in trained.metrics.items()),
    ]
    show(facts(rows))
