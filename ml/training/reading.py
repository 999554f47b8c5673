"""Data that users name on a command line: exported parquet files, or spectra in CSV files.

CSV: a row per sample. A column whose head is a number holds the spectra at that wavenumber
(cm⁻¹, ascending, in equal steps); every other column is a name or a label. A second file holds
the Raman spectra of the same samples in the same order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError
from ..loaders.files import is_number, number, read_rows
from ..table import Ragged, SpectraTable, read_spectra

NAMES: Final = ("", "sample", "samples", "id", "name", "index")
"""Heads of the column of a CSV file that names its samples."""
_PER_MODE: Final = ("ir_intensities", "raman_activities", "depolarisation", "activity", "sets")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Spectra of a CSV file.

    Attributes
    ----------
    spectra : (n, channels, points) float64
    wavenumbers : (points,) float64
        As they stand in the head.
    names : tuple of str, n
    columns : mapping from head to (n,) array
        Numbers, NaN where there is none, or texts.
    """

    spectra: NDArray[np.float64]
    wavenumbers: NDArray[np.float64]
    names: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.spectra)

    def column(self, name: str) -> NDArray[Any]:
        """One column, shape (n,).

        Raises
        ------
        SpectraError
            If there is no such column.
        """
        if name not in self.columns:
            known = ", ".join(self.columns) or "none but spectra"
            raise SpectraError(f"no column {name!r} in the table; it has {known}")
        return self.columns[name]

    def take(self, indices: NDArray[np.integer]) -> Sheet:
        """Some of the samples, in that order."""
        return Sheet(
            self.spectra[indices],
            self.wavenumbers,
            tuple(self.names[i] for i in indices),
            {name: values[indices] for name, values in self.columns.items()},
        )


def read_data(paths: Sequence[Path]) -> SpectraTable | Sheet:
    """What is in the files.

    Parameters
    ----------
    paths : paths
        Parquet files of ``spektron dataset export`` or folders of these; or one CSV file, or
        two for infrared and Raman.

    Raises
    ------
    FileError, SpectraError
        If a file cannot be read, or the files do not belong together.
    """
    sheets = [path for path in paths if path.suffix.lower() in (".csv", ".txt", ".tsv")]
    if not paths or (sheets and len(sheets) < len(paths)):
        raise SpectraError(
            f"{len(sheets)} of {len(paths)} files are CSV; give parquet files, or one or two CSV "
            "files"
        )
    if sheets:
        return read_sheets(sheets)
    return joined([read_spectra(path) for path in paths])


def joined(tables: Sequence[SpectraTable]) -> SpectraTable:
    """Tables one after another; the hash is that of their hashes in order.

    Raises
    ------
    SpectraError
        If two hold the same molecule.
    """
    if len(tables) == 1:
        return tables[0]
    keys = [key for table in tables for key in table.texts["key"]]
    if len(set(keys)) < len(keys):
        double = next(key for key in keys if keys.count(key) > 1)
        raise SpectraError(f"the molecule {double} is in the data twice; give each file once")
    modes: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in tables]) for name in _PER_MODE
    }
    kinds = set.intersection(*(set(table.shifts) for table in tables))
    return SpectraTable(
        {name: sum((t.texts[name] for t in tables), ()) for name in tables[0].texts},
        {name: np.concatenate([t.numbers[name] for t in tables]) for name in tables[0].numbers},
        _chained([table.wavenumbers for table in tables]),
        **modes,
        atomic_numbers=_chained([table.atomic_numbers for table in tables]),
        positions=np.concatenate([table.positions for table in tables]),
        shifts={
            kind: (
                _chained([table.shifts[kind][0] for table in tables]),
                _chained([table.shifts[kind][1] for table in tables]),
            )
            for kind in kinds
        },
        sha256=hashlib.sha256("".join(t.sha256 for t in tables).encode()).hexdigest(),
        n_failed=sum(table.n_failed for table in tables),
    )


def read_sheets(paths: Sequence[Path]) -> Sheet:
    """Spectra of a CSV file, or of two as two channels.

    Raises
    ------
    SpectraError
        If a file cannot be read, or two differ in samples or wavenumbers.
    """
    if len(paths) > 2:
        raise SpectraError(f"{len(paths)} CSV files; give one, or infrared and Raman")
    first, *others = [_sheet(path) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        if len(other) != len(first) or other.names != first.names:
            raise SpectraError(
                f"{path}: {len(other)} samples that are not the {len(first)} of {paths[0]} in the "
                "same order; sort both alike"
            )
        if not np.array_equal(other.wavenumbers, first.wavenumbers):
            raise SpectraError(f"{path}: other wavenumbers than {paths[0]}; interpolate one")
        both = np.concatenate([first.spectra, other.spectra], axis=1)
        first = replace(first, spectra=both, columns={**other.columns, **first.columns})
    return first


def _sheet(path: Path) -> Sheet:
    head, *rows = read_rows(path)
    if not rows:
        raise SpectraError(f"{path}: a head without rows")
    head = [name.strip() for name in head]
    doubles = [name for name in head if head.count(name) > 1]
    if doubles:
        raise SpectraError(f"{path}: two columns have the head {doubles[0]!r}; remove one")
    channels = [k for k, name in enumerate(head) if is_number(name)]
    if len(channels) < 2:
        raise SpectraError(
            f"{path}: {len(channels)} columns have a wavenumber as head; give spectra, a column "
            "for each wavenumber"
        )
    spectra = np.array([[_value(row[k], path, head[k]) for k in channels] for row in rows])
    names, columns = tuple(str(k) for k in range(len(rows))), {}
    for k in sorted(set(range(len(head))) - set(channels)):
        cells = [row[k].strip() for row in rows]
        if head[k].lower() in NAMES:
            names = tuple(cells)
        else:
            columns[head[k]] = _column(cells)
    wavenumbers = np.array([float(head[k]) for k in channels])
    return Sheet(spectra[:, None], wavenumbers, names, columns)


def _column(cells: Sequence[str]) -> NDArray[Any]:
    try:
        return np.array([number(cell) for cell in cells])
    except ValueError:
        return np.array(cells)


def _value(cell: str, path: Path, head: str) -> float:
    try:
        return number(cell)
    except ValueError:
        raise SpectraError(f"{path}: {cell!r} at wavenumber {head} is not a number") from None


def _chained(lists: Sequence[Ragged]) -> Ragged:
    lengths = np.concatenate([np.diff(each.offsets) for each in lists])
    values = np.concatenate([each.values for each in lists])
    return Ragged(np.concatenate([[0], np.cumsum(lengths)]), values)
