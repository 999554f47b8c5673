"""``spektron pretrain CONFIG.toml DATA --out DIR``: train a model on spectra without labels.

CONFIG.toml has the tables ``model`` (with ``size``), ``data``, ``training`` and ``loss``; what
is left out has its default. DIR keeps the settings, the metrics, checkpoints and in the end
``model.safetensors``; an interrupted run is continued by the same command and ends with the
same weights. With another torch, device, precision or number of threads these differ in their
last bits, which is said. A second process in the same folder is refused.

With ``--json`` one object::

    folder, model, bytes   where the run is, its model file and the size of that
    metrics                {name: number}, on molecules that are not trained on
    data                   {table: SHA-256, molecules, split: SHA-256}
    parameters, versions, device, precision, threads
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson
from .output import interruptible, warnings_as_lines
from .runs import Data, data, kept, reporting, tell


def pretrain(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="TOML file of settings.")],
    source: Data,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the run.")],
    as_json: AsJson = False,
) -> None:
    """Train a model on spectra without labels, or go on with it."""
    from ..ml.errors import SpectraError
    from ..ml.table import SpectraTable
    from ..ml.training import PretrainConfig, read_toml
    from ..ml.training import pretrain as run

    settings = PretrainConfig.from_mapping(read_toml(config))
    with interruptible(lambda: kept(out)), warnings_as_lines():
        table = data(source)
        if not isinstance(table, SpectraTable):
            raise SpectraError(
                f"{source[0]}: pretraining broadens computed lines; give an exported parquet file"
            )
        with reporting() as progress:
            trained = run(settings, table, out, progress=progress)
    tell(out, trained, as_json)
