"""``spektron finetune CHECKPOINT DATA --label COLUMN --out DIR``: teach a model labels.

DATA are exported parquet files, shown through simulated instruments, or spectra of your own in
csv files, shown as they are; rows with one name, such as replicates, stay in one part of the
split. A label is a column of either. An interrupted run is continued by the same command.

An option counts before the file of ``--config``, and the file before the settings of the
checkpoint.

The JSON of ``--json`` is that of ``spektron pretrain``, with ``spectra``, ``labels`` and
``from``, the SHA-256 of spectra, labels and checkpoint, in ``data``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson
from .output import Json, complain, interruptible, warnings_as_lines
from .runs import (
    Checkpoint,
    Content,
    Data,
    Unit,
    card,
    checked_unit,
    content_of,
    data,
    kept,
    tell,
)
from .runs import reporting as _reporting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..ml.table import SpectraTable
    from ..ml.training import Curves
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
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            show_default="their names",
            help="Of a csv file; samples with one entry stay in one part of the split.",
        ),
    ] = None,
    content: Content = None,
    unit: Unit = None,
    as_json: AsJson = False,
) -> None:
    """Teach a model labels, or go on with it."""
    from ..ml.model.packaged import find_checkpoint
    from ..ml.table import SpectraTable
    from ..ml.training import FinetuneConfig, read_toml
    from ..ml.training import finetune as run

    with interruptible(lambda: kept(out)), warnings_as_lines():
        samples = data(source)
        path = find_checkpoint(checkpoint)
        about = card(path)
        checked_unit(samples, unit)
        labels = _labels(samples, label)
        if only_labelled:
            samples, labels = _labelled(samples, labels)
        measured = not isinstance(samples, SpectraTable)
        given = read_toml(config) if config else {}
        asked: Json = {"task": task, "frozen": frozen or None}
        settings = FinetuneConfig.from_mapping(
            {"task": _task_of(labels), "simulate": not measured}
            | given
            | {name: value for name, value in asked.items() if value is not None}
            | {"training": _training(given, steps), "data": _data(given, about, content)}
        )
        found = _spectra(samples, settings.data.content, unit, group)
        with _reporting() as progress:
            trained = run(
                settings,
                _architecture(path) if scratch else path,
                found,
                labels,
                out,
                label_names=label,
                progress=progress,
            )
    tell(out, trained, as_json)


def _labels(samples: SpectraTable | Sheet, names: list[str]) -> NDArray[Any]:
    """The columns side by side; one alone stays a vector."""
    import numpy as np

    from ..ml.errors import SpectraError

    doubles = [name for name in names if names.count(name) > 1]
    if doubles:
        raise SpectraError(f"label {doubles[0]!r} is given twice; give it once")
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


def _training(given: Json, steps: int | None) -> Json:
    return _table(given, "training") | ({} if steps is None else {"steps": steps})


def _data(given: Json, about: Json, content: str | None) -> Json:
    """Settings of a file over those of the checkpoint's data; the option over both."""
    from ..ml.model.settings import filled

    own = about.get("settings", {}).get("data", {})
    data = _table(given, "data")
    kind = content_of(content or data.get("content"), about)
    return {**own, **filled(data, own), "content": kind}


def _table(given: Json, name: str) -> Json:
    from ..ml.model.errors import ConfigError

    table = given.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{name} is {table!r}; give a table of settings")
    return table


def _architecture(path: Path) -> Any:
    from ..ml.model.weights import load_model

    return load_model(path)[0].config


def _spectra(
    samples: SpectraTable | Sheet, content: Any, unit: str | None, group: str | None
) -> SpectraTable | Curves:
    """What the model is shown; of a sheet with what belongs together."""
    from ..ml.errors import SpectraError
    from ..ml.table import SpectraTable
    from ..ml.training import Curves

    if isinstance(samples, SpectraTable):
        if group is not None:
            raise SpectraError(
                f"--group {group}: for spectra in csv files; exported data go by data.relations"
            )
        return samples
    groups = samples.names if group is None else _texts(samples.column(group))
    return Curves(samples.spectra, samples.wavenumbers, content, groups, unit)


def _texts(values: NDArray[Any]) -> tuple[str, ...]:
    from ..ml.training.inputs import missing_labels

    missing = missing_labels(values)
    return tuple("" if gap else str(v) for v, gap in zip(values, missing, strict=True))
