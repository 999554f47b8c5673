"""``spektron finetune CHECKPOINT DATA --label COLUMN --out DIR``: teach a model labels.

DATA are exported parquet files, shown through simulated instruments, or spectra of your own in
csv files, shown as they are. A label is a column of either. An interrupted run is continued by
the same command.

The JSON of ``--json`` is that of ``spektron pretrain``, with ``labels`` and ``from``, the
SHA-256 of labels and checkpoint, in ``data``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson
from .output import Json, complain, interruptible
from .runs import Checkpoint, Content, Data, Unit, card, content_of, data, kept, tell
from .runs import reporting as _reporting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..ml.table import SpectraTable
    from ..ml.training import Curves, FinetuneConfig
    from ..ml.training.reading import Sheet

TASKS = ("regression", "classification", "multilabel")


def finetune(
    checkpoint: Checkpoint,
    source: Data,
    label: Annotated[
        list[str],
        typer.Option(metavar="COLUMN", help="Of the data; several for several targets."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the run.")],
    task: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(TASKS), show_default="by the labels", help="What the labels are."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE.toml", show_default=False, help="Tables data, training."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", show_default=False, help="Of the training.")
    ] = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Train the label head alone, not the model.")
    ] = False,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="Same architecture, new weights: for comparison.")
    ] = False,
    only_labelled: Annotated[
        bool, typer.Option("--only-labelled", help="Leave out samples that lack a label.")
    ] = False,
    content: Content = None,
    unit: Unit = "cm-1",
    as_json: AsJson = False,
) -> None:
    """Teach a model labels, or go on with it."""
    from ..ml.model.packaged import find_checkpoint
    from ..ml.table import SpectraTable
    from ..ml.training import finetune as run
    from ..ml.training import read_toml

    with interruptible(lambda: kept(out)):
        samples = data(source)
        path = find_checkpoint(checkpoint)
        about = card(path)
        labels = _labels(samples, label)
        if only_labelled:
            samples, labels = _labelled(samples, labels)
        given = read_toml(config) if config else {}
        if steps is not None:
            given["training"] = {**given.get("training", {}), "steps": steps}
        measured = not isinstance(samples, SpectraTable)
        settings = _settings(given, about, task or _task_of(labels), measured=measured)
        kind = content_of(content, about)
        settings = replace(
            settings,
            frozen=frozen or settings.frozen,
            data=replace(settings.data, content=kind),
        )
        with _reporting() as progress:
            trained = run(
                settings,
                _architecture(path) if scratch else path,
                samples if isinstance(samples, SpectraTable) else _curves(samples, kind, unit),
                labels,
                out,
                progress=progress,
            )
    tell(out, trained, as_json)


def _labels(samples: SpectraTable | Sheet, names: list[str]) -> NDArray[Any]:
    """The columns side by side; one alone stays a vector."""
    import numpy as np

    from ..ml.errors import SpectraError

    columns = [np.asarray(samples.column(name)) for name in names]
    if len(columns) == 1:
        return columns[0]
    texts = [n for n, column in zip(names, columns, strict=True) if column.dtype.kind not in "fiub"]
    if texts:
        raise SpectraError(f"label {texts[0]!r} is text; give it alone, or labels of numbers")
    return np.stack([column.astype(float) for column in columns], axis=1)


def _labelled(
    samples: SpectraTable | Sheet, labels: NDArray[Any]
) -> tuple[SpectraTable | Sheet, NDArray[Any]]:
    """Samples that have all labels; how many there are is said."""
    import numpy as np

    from ..ml.errors import SpectraError
    from ..ml.training.inputs import missing_labels

    rows = np.flatnonzero(~missing_labels(labels))
    if not len(rows):
        raise SpectraError(f"none of {len(labels)} samples has a label; give another column")
    complain(f"{len(rows):,} of {len(labels):,} samples have a label")
    return samples.take(rows), labels[rows]


def _task_of(labels: NDArray[Any]) -> str:
    return "regression" if labels.dtype.kind in "fiu" else "classification"


def _settings(given: Json, about: Json, task: str, *, measured: bool) -> FinetuneConfig:
    """Settings of a file over those of the checkpoint's data, and what the data ask for."""
    from ..ml.training import FinetuneConfig

    own = about.get("settings", {}).get("data", {})
    defaults = {"task": task, "simulate": not measured}
    return FinetuneConfig.from_mapping(
        {**defaults, **given, "data": {**own, **given.get("data", {})}}
    )


def _architecture(path: Path) -> Any:
    from ..ml.model.weights import load_model

    return load_model(path)[0].config


def _curves(sheet: Sheet, content: Any, unit: str) -> Curves:
    from ..ml.training import Curves

    return Curves(sheet.spectra, sheet.wavenumbers, content, (), unit)
