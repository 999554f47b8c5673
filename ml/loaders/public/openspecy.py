"""OpenSpecy: measured FTIR and Raman spectra of plastics.

W. Cowger *et al.*, *Anal. Chem.* 93, 7543 (2021). Two layouts are read:

- One spectrum in a CSV file: a column of wavenumbers and one of intensities, with the head
  ``wavenumber,intensity`` (``raman_hdpe.csv`` of the R package) or without one (its
  ``ftir_pva_without_header.csv``); commas, semicolons or tabs. Seen in the real files.
- The library as one long table ``wavenumber, intensity, sample_name[, group]``, rows of one sample
  together. So a public program describes ``ftir_library.rds`` and ``raman_library.rds``; it was
  not verified on them. R's own format is not read: write a CSV from R,
  ``data.table::fwrite(readRDS("raman_library.rds"), "raman_library.csv")``.

Neither layout says whether it holds FTIR or Raman, what the intensities are, or who measured what
(that is in a table of metadata apart): ``kind`` is given by the caller.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ...errors import SpectraError
from ..files import finite, is_text
from .measured import MeasuredSpectrum, on_axis
from .table import Kind, MoleculeSpectra, Source

WAVENUMBER = ("wavenumber", "wavenumbers", "wave number", "raman shift", "cm-1", "x")
INTENSITY = ("intensity", "intensities", "absorbance", "counts", "y")
SAMPLE = ("sample_name", "sample name", "sample_id", "sample")
_Row = tuple[int, str, float, float]


def iterate(path: Path, *, kind: Kind) -> Iterator[MeasuredSpectrum]:
    """The spectra of a file, one sample in memory at a time.

    Parameters
    ----------
    path : Path
        CSV of one spectrum, or of the library.
    kind : "ir" or "raman"

    Raises
    ------
    SpectraError
        If the file has not one of the two layouts, a cell is not a number, or the rows of a
        sample are apart; with row and column.
    """
    source = Source.of(path)
    seen: set[str] = set()
    for name, group in groupby(_rows(path), key=lambda row: row[1]):
        rows = list(group)
        if name in seen:
            number = rows[0][0]
            raise SpectraError(
                f"{path}: row {number}: sample {name} comes again; sort the table by sample_name"
            )
        seen.add(name)
        yield _spectrum(name, rows, path, kind, source)
    if not seen:
        raise SpectraError(f"{path}: no rows of numbers")


def read(path: Path, axis: ArrayLike, *, kind: Kind) -> MoleculeSpectra:
    """The spectra of a file on one axis (cm⁻¹), which each must cover. Errors as `iterate`."""
    return on_axis(iterate(path, kind=kind), axis)


def _spectrum(
    name: str, rows: list[_Row], path: Path, kind: Kind, source: Source
) -> MeasuredSpectrum:
    x, y = np.array([row[2:] for row in rows]).T
    label = f"{path.name}:{name}" if name else path.name
    steps = np.diff(x)
    sign = -1.0 if steps.size and steps[0] < 0 else 1.0
    if (sign * steps <= 0).any():
        place = int(np.argmax(sign * steps <= 0)) + 1
        raise SpectraError(
            f"{path}: row {rows[place][0]}: wavenumber {x[place]:g} after {x[place - 1]:g} does "
            "not run one way"
        )
    if sign < 0:
        x, y = x[::-1], y[::-1]
    return MeasuredSpectrum(label, name or path.stem, x, y, kind, "intensity", source)


def _rows(path: Path) -> Iterator[_Row]:
    """Row number, sample, wavenumber and intensity of each row."""
    if path.suffix.lower() == ".rds":
        raise SpectraError(
            f"{path}: R's own format; write a CSV in R: "
            f'data.table::fwrite(readRDS("{path.name}"), "{path.stem}.csv")'
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline(1 << 16)
            comma = max(",;\t", key=first.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=comma)
            yield from _parsed(reader, path)
    except OSError as error:
        raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (UnicodeDecodeError, csv.Error):
        raise SpectraError(f"{path}: not a text file, so no CSV of spectra") from None


def _parsed(reader: Iterator[list[str]], path: Path) -> Iterator[_Row]:
    places: tuple[int, int, int | None] | None = None
    width = 0
    for number, row in enumerate(reader, start=1):
        if not any(cell.strip() for cell in row):
            continue
        if places is None:
            places, headed = _columns(row, path)
            width = len(row)
            if headed:
                continue
        if len(row) != width:
            raise SpectraError(f"{path}: row {number} has {len(row)} columns, the first {width}")
        x, y, sample = places
        values = [finite(row[k], f"{path}: row {number}, column {k + 1}") for k in (x, y)]
        yield number, "" if sample is None else row[sample].strip(), values[0], values[1]


def _columns(row: list[str], path: Path) -> tuple[tuple[int, int, int | None], bool]:
    """Where wavenumber, intensity and sample stand; whether the row is a head."""
    names = [cell.strip().lower() for cell in row]
    found = [next((k for k, n in enumerate(names) if n in known), None)
             for known in (WAVENUMBER, INTENSITY, SAMPLE)]  # fmt: skip
    x, y, sample = found
    if x is not None and y is not None:
        return (x, y, sample), True
    if len(row) == 2 and x is y is None and not any(map(is_text, row)):
        return (0, 1, None), False
    missing = "wavenumber" if x is None else "intensity"
    raise SpectraError(f"{path}: no column {missing}; row 1 holds {', '.join(row)[:80]!r}")
