"""USPTO-IR: IR spectra of 177,461 molecules from patents, by molecular dynamics.

F. Zipoli, M. Alberts, T. Laino, *IR-NMR Multimodal Computational Spectra Dataset for 177K
Patent-Extracted Organic Molecules*, doi:10.5281/zenodo.16417648, licence CDLA-Permissive-2.0.
Spectra are Fourier transforms of the dipole autocorrelation along trajectories: broad, and not
of harmonic fundamentals.

What was found in three public programs that read the files: ``IR_data_chunk001_of_009.parquet``
… ``009``, with the columns ``id``, ``smiles``, ``Frequency(cm^-1)`` and ``ir_spectra``, the latter
two a list of numbers per row (some 12,000 per molecule according to one of them). Nothing says
that all molecules share one axis, so that each row is checked: rows on the axis of the first
are taken as they are; others are refused, or put on a given axis by linear interpolation.
Intensities are in arbitrary units. Not verified on the published files, which were not at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ....pointgroup.parquet import require_pyarrow
from ...errors import SpectraError
from .table import (
    ARBITRARY,
    Float64,
    MoleculeSpectra,
    Source,
    check_axis,
    check_block,
    joined,
    refuse_gaps,
)

AXIS, VALUES, SMILES = "Frequency(cm^-1)", "ir_spectra", "smiles"


def files(path: Path) -> list[Path]:
    """The chunks in a folder, in order, or the file itself.

    Raises
    ------
    SpectraError
        If there are none, or a chunk of the series ``…_of_009`` is missing.
    """
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("IR_data_chunk*.parquet"))
    if not found:
        raise SpectraError(f"{path}: no IR_data_chunk*.parquet in it")
    wanted = found[0].stem.rpartition("_of_")[2]
    if wanted.isdigit() and int(wanted) != len(found):
        raise SpectraError(f"{path}: {len(found)} of {int(wanted)} chunks; pass them one by one")
    return found


def iterate(
    path: Path, *, axis: ArrayLike | None = None, block: int = 256
) -> Iterator[MoleculeSpectra]:
    """Spectra of USPTO-IR, ``block`` molecules at a time.

    Parameters
    ----------
    path : Path
        A chunk, or the folder of all.
    axis : (n_channels,) array, cm⁻¹, optional
        Wanted channels, inside every molecule's own axis. By default those of the first row.
    block : int

    Raises
    ------
    SpectraError
        If a file is no parquet, lacks a column, or a row cannot be used; with its number.
    """
    check_block(block)
    require_pyarrow("a data set")
    wanted = None if axis is None else np.array(axis, dtype=np.float64)
    own: Float64 | None = None
    for file in files(path):
        source = Source.of(file)
        done = 0
        for batch in _batches(file, block):
            parts = [_row(batch, k, f"{file}: row {done + k + 1}") for k in range(batch.num_rows)]
            if own is None:
                own = parts[0][0] if wanted is None else wanted
                check_axis(own, str(file))
            spectra = np.array(
                [_placed(*part, own, wanted is not None, f"{file}: row {done + k + 1}")
                 for k, part in enumerate(parts)], dtype=np.float32,
            )  # fmt: skip
            ids = _texts(batch, "id") or [f"{file.stem}:{done + k + 1}" for k in range(len(parts))]
            refuse_gaps(spectra, ids, own, str(file), done)
            smiles = tuple(_texts(batch, SMILES))
            yield MoleculeSpectra(tuple(ids), smiles, own, spectra, "ir", ARBITRARY, (source,))
            done += batch.num_rows
        if not done:
            raise SpectraError(f"{file}: no rows")


def read(path: Path, *, axis: ArrayLike | None = None) -> MoleculeSpectra:
    """All spectra at once: 8.5 GB for the published ones on their own axis. Errors as `iterate`."""
    return joined(iterate(path, axis=axis), str(path))


def _batches(file: Path, block: int) -> Iterator[Any]:
    """Record batches with the columns of the set."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            missing = [name for name in (AXIS, VALUES, SMILES) if name not in names]
            if missing:
                raise SpectraError(
                    f"{file}: no column {missing[0]}; it has {', '.join(names[:12])}"
                )
            _check_lists(parquet.schema_arrow, file)
            wanted = [name for name in ("id", SMILES, AXIS, VALUES) if name in names]
            yield from parquet.iter_batches(batch_size=block, columns=wanted)
    except (pa.ArrowException, OSError) as error:
        why = " ".join(str(error).split())[:120]
        raise SpectraError(f"{file}: not a sound parquet file: {why}") from None


def _check_lists(schema: Any, file: Path) -> None:
    import pyarrow.types as kinds

    for name in (AXIS, VALUES):
        kind = schema.field(name).type
        lists = kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind)
        number = lists and (kinds.is_floating(kind.value_type) or kinds.is_integer(kind.value_type))
        if not number:
            raise SpectraError(f"{file}: the column {name} holds {kind}, not lists of numbers")


def _row(batch: Any, k: int, label: str) -> tuple[Float64, Float64]:
    """Axis and intensities of one row, the axis increasing."""
    found = []
    for name in (AXIS, VALUES):
        cell = batch.column(name)[k]
        if not cell.is_valid:
            raise SpectraError(f"{label}: {name} is missing")
        found.append(np.asarray(cell.values.to_numpy(zero_copy_only=False), dtype=np.float64))
    x, y = found
    if x.shape != y.shape:
        raise SpectraError(f"{label}: {y.size} values of {VALUES} for {x.size} of {AXIS}")
    if x.size > 1 and x[0] > x[-1]:
        x, y = x[::-1], y[::-1]
    check_axis(x, label)
    return x, y


def _placed(x: Float64, y: Float64, wanted: Float64, interpolate: bool, label: str) -> Float64:
    """Intensities at the wanted channels."""
    if x.shape == wanted.shape and np.allclose(x, wanted, rtol=1e-6, atol=0):
        return y
    if not interpolate:
        raise SpectraError(
            f"{label}: {x.size} channels from {x[0]:g} to {x[-1]:g} cm-1, the first row has "
            f"{wanted.size} from {wanted[0]:g} to {wanted[-1]:g}; pass axis= to put all on one"
        )
    if wanted[0] < x[0] or wanted[-1] > x[-1]:
        raise SpectraError(
            f"{label}: covers {x[0]:g} to {x[-1]:g} cm-1; {wanted[0]:g} to {wanted[-1]:g} would be "
            "extrapolated"
        )
    return np.interp(wanted, x, y)


def _texts(batch: Any, name: str) -> list[Any]:
    if name not in batch.schema.names:
        return []
    values = batch.column(name).to_pylist()
    return values if name == SMILES else [str(value) for value in values]
