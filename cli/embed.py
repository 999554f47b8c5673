"""``spektron embed CHECKPOINT DATA --out FILE``: latent vectors of spectra.

FILE is npz, parquet or csv, a row for each sample: its name (and, for an exported data set, its
key and SMILES), ``z_chem``, ``z_inst``, the unit vectors ``retrieval`` whose scalar product
compares molecules, and for a fine-tuned model ``prediction``, in a csv file a column for each
class or label. Computed lines are broadened as for the training of the model. Nothing is
downloaded.

With ``--json`` one object: file, samples, z_chem, z_inst, predictions (numbers per sample),
checkpoint, card.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson
from .output import Json, print_json
from .runs import Checkpoint, Content, Data, Unit, card, checked_unit, content_of, data

if TYPE_CHECKING:
    from ..ml.table import SpectraTable
    from ..ml.training.reading import Sheet


def embed(
    checkpoint: Checkpoint,
    source: Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="npz, parquet or csv file to write.")
    ],
    content: Content = None,
    unit: Unit = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Write latent vectors of spectra, and predictions of a fine-tuned model."""
    from ..ml.model.packaged import find_checkpoint
    from ..ml.training.saving import checked_type, save_embedding

    checked_type(out)
    samples = data(source)
    path = find_checkpoint(checkpoint)
    about = card(path)
    checked_unit(samples, unit)
    found, predicted = _found(path, about, samples, content_of(content, about), unit, device)
    save_embedding(out, _names(samples), found, predicted)
    record: Json = {
        "file": str(out),
        "samples": len(found.chem),
        "z_chem": found.chem.shape[1],
        "z_inst": found.inst.shape[1],
        "predictions": 0 if predicted is None else predicted.values.shape[1],
        "checkpoint": str(path),
        "card": about,
    }
    if as_json:
        print_json(record)
    else:
        also = f", {record['predictions']} predictions" if predicted is not None else ""
        typer.echo(
            f"{record['samples']:,} samples, z_chem {record['z_chem']}, z_inst "
            f"{record['z_inst']}{also} in {out}"
        )


def _found(
    path: Path,
    about: Json,
    samples: SpectraTable | Sheet,
    content: Any,
    unit: str | None,
    device: str,
) -> tuple[Any, Any]:
    """Embedding, and prediction or None."""
    from ..ml.model.errors import DeviceError
    from ..ml.table import SpectraTable
    from ..ml.training import embed as run
    from ..ml.training import predict

    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device {device!r}: choose auto, cpu or cuda")
    options: Any = {"content": content, "unit": unit, "device": device}
    given: tuple[Any, ...] = (
        (samples,) if isinstance(samples, SpectraTable) else (samples.spectra, samples.wavenumbers)
    )
    found = run(path, *given, **options)
    tuned = "task" in about.get("settings", {})
    return found, predict(path, *given, **options) if tuned else None


def _names(samples: SpectraTable | Sheet) -> dict[str, tuple[str, ...]]:
    from ..ml.table import SpectraTable

    if isinstance(samples, SpectraTable):
        return {name: samples.texts[name] for name in ("key", "name", "smiles")}
    return {"name": samples.names}
