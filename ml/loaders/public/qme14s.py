"""QMe14S: IR and Raman spectra computed for 186,102 molecules of 14 elements.

*J. Phys. Chem. Lett.* (2025), doi:10.1021/acs.jpclett.5c00839; files at
figshare.com/s/889262a4e999b5c9a5b3.

What was found, in a copy of the authors' readme and in four public programs that read the files:

- The HDF5 files hold **no spectra**. ``OPT_186102.h5`` has one group per molecule, named by a
  number, with the attribute ``smile`` and arrays ``z``, ``pos``, ``edge_index``, ``Hii``, ``Hij``
  (atomic and interatomic parts of the Hessian), ``dipole``, ``dedipole``, ``polar``, ``depolar`` …
  They are read by `qme14s_harmonic` as harmonic data, from which spectra follow.
- The curves are in ``IR_broaden.zip`` and ``Raman_broaden.zip``: one file per molecule,
  ``IR_<number>.csv`` and ``Raman_<number>.csv``. Line 1 is SMILES, then one line per atom of atomic
  number and three coordinates, then the intensities from 500 to 4000 cm⁻¹, after Lorentzian
  broadening with a half width of 15 (IR) and 10 cm⁻¹ (Raman). They are read here.

The readme gives the ends of the axis and not the number of channels; 3,501 (1 cm⁻¹) is assumed
unless ``channels`` says otherwise, and any other number in a file is refused. A public audit found
256 Raman curves that are zero throughout; rows of zeros are refused, or left out on request. Not
verified on the published files, which were not at hand; the unit of the intensities is not stated.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from ...errors import SpectraError
from ..files import finite, is_text, read_bytes
from .archives import DAMAGED_ZIP
from .table import ARBITRARY, Float32, Kind, MoleculeSpectra, Source, check_block, joined

ENDS = (500.0, 4000.0)
CHANNELS = 3501
LARGEST = 1 << 22
"""Bytes of one file, unpacked; a curve and 100 atoms have 80 kB."""
_PREFIX = {"ir": "IR", "raman": "Raman"}


def iterate(
    path: Path,
    *,
    kind: Kind = "ir",
    block: int = 1024,
    channels: int = CHANNELS,
    skipped: list[str] | None = None,
) -> Iterator[MoleculeSpectra]:
    """Broadened spectra in the order of the molecules' numbers, ``block`` at a time.

    Parameters
    ----------
    path : Path
        Folder ``IR_broaden`` or ``Raman_broaden``, or its zip file.
    kind : "ir" or "raman"
    block : int
    channels : int
        From 500 to 4000 cm⁻¹, both included.
    skipped : list of str, optional
        Molecules that cannot be used are left out and their messages appended here; without it
        the first one raises.

    Raises
    ------
    SpectraError
        If there are no such files, or one cannot be used and ``skipped`` is None.
    """
    check_block(block)
    if kind not in _PREFIX or channels < 2:
        raise SpectraError(
            f"{path}: kind {kind!r} of {channels} channels; use ir or raman and 3501"
        )
    axis = np.linspace(*ENDS, channels)
    read_one = _usable(path, kind, channels, skipped)
    while batch := list(islice(read_one, block)):
        numbers, smiles, rows, sources = zip(*batch, strict=True)
        yield MoleculeSpectra(
            numbers, smiles, axis, np.array(rows), kind, ARBITRARY, tuple(dict.fromkeys(sources))
        )


def read(
    path: Path, *, kind: Kind = "ir", channels: int = CHANNELS, skipped: list[str] | None = None
) -> MoleculeSpectra:
    """All spectra of one kind at once: 2.6 GB. Parameters and errors as in `iterate`."""
    return joined(iterate(path, kind=kind, channels=channels, skipped=skipped), str(path))


def _usable(
    path: Path, kind: Kind, channels: int, skipped: list[str] | None
) -> Iterator[tuple[str, str, Float32, Source]]:
    for number, label, data, source in _contents(path, _PREFIX[kind]):
        try:
            smiles, row = parse(data, label, channels)
        except SpectraError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        yield number, smiles, row, source


def _contents(path: Path, prefix: str) -> Iterator[tuple[str, str, bytes, Source]]:
    """Number, label and bytes of each file of a folder or an archive."""
    name = re.compile(rf"(?:.*/)?{prefix}_(\d+)\.csv")
    if path.is_dir():
        files = {m[1]: f for f in path.glob(f"{prefix}_*.csv") if (m := name.fullmatch(f.name))}
        if not files:
            raise SpectraError(f"{path}: no {prefix}_<number>.csv in it")
        for number in sorted(files, key=int):
            file = files[number]
            yield number, str(file), read_bytes(file), Source.of(file)
        return
    source = Source.of(path)
    try:
        with closing(zipfile.ZipFile(path)) as archive:
            members = {m[1]: n for n in archive.namelist() if (m := name.fullmatch(n))}
            if not members:
                raise SpectraError(f"{path}: no {prefix}_<number>.csv in it")
            for number in sorted(members, key=int):
                with archive.open(members[number]) as stream:
                    yield number, f"{path}:{members[number]}", stream.read(LARGEST), source
    except DAMAGED_ZIP:
        raise SpectraError(f"{path}: neither a folder nor a sound zip file") from None


def parse(data: bytes, label: str, channels: int = CHANNELS) -> tuple[str, Float32]:
    """SMILES and intensities of one file.

    Raises
    ------
    SpectraError
        With the row, and the column of a cell that is no number.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise SpectraError(f"{label}: not a text file") from None
    rows = [(k, line.strip()) for k, line in enumerate(lines, start=1) if line.strip(" ,\t")]
    if not rows:
        raise SpectraError(f"{label}: empty")
    smiles = rows[0][1].strip('",')
    if not any(map(is_text, smiles.split(","))):
        raise SpectraError(f"{label}: row {rows[0][0]} should be SMILES, not {smiles[:40]!r}")
    atoms = 0
    values: list[float] = []
    for number, line in rows[1:]:
        cells = line.split(",")
        if not values and len(cells) == 4:
            _floats(cells, label, number)
            atoms += 1
            continue
        values += _floats([c for c in cells if c.strip()], label, number)
    if not atoms:
        raise SpectraError(f"{label}: no rows of atomic number and coordinates")
    if len(values) != channels:
        raise SpectraError(
            f"{label}: {len(values)} intensities, not {channels}; cut, or pass channels="
        )
    row = np.array(values, dtype=np.float32)
    if not row.any():
        raise SpectraError(f"{label}: every intensity is zero")
    return smiles, row


def _floats(cells: list[str], label: str, number: int) -> list[float]:
    return [
        finite(cell, f"{label}: row {number}, column {column}")
        for column, cell in enumerate(cells, start=1)
    ]
