"""QM9S: IR, Raman and UV spectra computed for 129,817 molecules of QM9.

Z. Zou, Y. Zhang, L. Liang, M. Wei, J. Leng, J. Jiang, Y. Luo, W. Hu, *Nat. Comput. Sci.* 3, 957
(2023); files at doi:10.6084/m9.figshare.24235333.

What was found, in the authors' readme and in five public programs that read the files:

- ``ir_boraden.csv``, ``raman_boraden.csv`` [sic]: 129,817 rows of a row number from 0 and 3,501
  channels, the head of the first column empty, the others 500.0 … 4000.0 cm⁻¹. One program
  reports 103,991 rows of IR: a download cut at a line end, which only the count shows. Some
  copies are spelt ``broaden``.
- ``uv_boraden.csv`` has 701 channels, not 3,501: 1.0 … 15.0 in steps of 0.02, which is **eV**;
  it is turned to cm⁻¹ here.
- ``qm9s_csv/000001.csv`` …: one file per molecule, written with a line and a column of numbers
  around it: in the second line stand 0, the number in QM9S (from 1), the number in QM9, SMILES
  and the number of atoms. (The readme counts without that frame; both are read.)
- ``qm9s.pt``: a list of torch_geometric graphs (one program counts 129,818): see `graphs`.

Row *r* of the curves belongs to molecule *r* + 1: so say three programs, the readme says nothing,
and the counts differ by one. `check_join` therefore asks the spectra themselves.

Not verified, for want of the files: the numbers above; the broadening (the paper's figures fit a
Lorentzian); the unit of the intensities, which no source states.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ....pointgroup.units import PLANCK_J_S, SPEED_OF_LIGHT_CM_PER_S
from ...errors import SpectraError
from ..files import is_number, is_text
from .archives import DAMAGED_ZIP
from .graphs import read_graph_molecules
from .markers import JoinReport, marker_report
from .table import (
    ARBITRARY,
    Kind,
    MoleculeSpectra,
    Source,
    check_axis,
    check_block,
    increasing,
    joined,
    refuse_gaps,
)
from .wide import iterate_rows, read_head

ROWS = 129_817
"""Molecules of the published files."""
ELECTRONVOLT = 1.602176634e-19 / (PLANCK_J_S * SPEED_OF_LIGHT_CM_PER_S)
"""cm⁻¹ in 1 eV; 8065.54."""
HIGHEST_EV = 50.0
"""An axis of UV that ends below this is one of eV."""
SPELLINGS = ("boraden", "broaden")


def find(folder: Path, kind: Kind) -> Path:
    """The file of one kind of spectrum in a folder, in either spelling.

    Raises
    ------
    SpectraError
        If there is none, or both.
    """
    names = [f"{kind}_{spelling}.csv" for spelling in SPELLINGS]
    found = [folder / name for name in names if (folder / name).is_file()]
    if len(found) != 1:
        what = "both" if found else "neither"
        raise SpectraError(f"{folder}: {what} of {' and '.join(names)}; keep one of them there")
    return found[0]


def iterate(
    path: Path,
    *,
    kind: Kind | None = None,
    molecules: Mapping[str, str] | None = None,
    block: int = 1024,
    rows: int | None = None,
) -> Iterator[MoleculeSpectra]:
    """Spectra of QM9S, ``block`` molecules at a time.

    Parameters
    ----------
    path : Path
        A file, or with ``kind`` the folder that holds it.
    kind : "ir", "raman" or "uv", optional
        By default told by the name of the file.
    molecules : mapping of str to str, optional
        SMILES by id, from `read_molecules`. Without it ``smiles`` are None.
    block : int
    rows : int, optional
        How many rows there must be (`ROWS` for the published files); a file cut at the end of a
        line shows in nothing else.

    Raises
    ------
    SpectraError
        If the file cannot be used; with row and column.
    """
    check_block(block)
    file = find(path, kind) if path.is_dir() and kind else path
    own = kind or _kind(file)
    source = Source.of(file)
    raw = _axis(read_head(file).axis, own)
    axis = raw[::-1] if raw[0] > raw[-1] else raw
    check_axis(axis, str(file))
    done, seen = 0, set[str]()
    for ids, values in iterate_rows(file, block):
        _refuse_doubles(ids, seen, file, done)
        spectra = increasing(raw, values)[1]
        refuse_gaps(spectra, ids, axis, str(file), done + 1)
        smiles = tuple(None if molecules is None else molecules.get(i) for i in ids)
        yield MoleculeSpectra(ids, smiles, axis, spectra, own, ARBITRARY, (source,))
        done += len(ids)
    if not done or (rows is not None and done != rows):
        wanted = "" if rows is None else f", not {rows}: a part of a file, or another version"
        raise SpectraError(f"{file}: {done} rows of spectra{wanted}")


def read(
    path: Path,
    *,
    kind: Kind | None = None,
    molecules: Mapping[str, str] | None = None,
    rows: int | None = None,
) -> MoleculeSpectra:
    """All spectra of a file of QM9S at once.

    The published ones take 1.8 GB of memory, and twice that while they are put together.
    Parameters and errors as in `iterate`.
    """
    return joined(iterate(path, kind=kind, molecules=molecules, rows=rows, block=4096), str(path))


def _kind(path: Path) -> Kind:
    kinds: tuple[Kind, ...] = ("ir", "raman", "uv")
    for kind in kinds:
        if path.name.lower().startswith(f"{kind}_"):
            return kind
    raise SpectraError(f"{path}: the name does not say ir, raman or uv; pass kind=")


def _axis(axis: np.ndarray, kind: Kind) -> np.ndarray:
    return axis * ELECTRONVOLT if kind == "uv" and axis.max() < HIGHEST_EV else axis


def _refuse_doubles(ids: tuple[str, ...], seen: set[str], path: Path, done: int) -> None:
    for row, name in enumerate(ids, start=done + 2):
        if name in seen:
            raise SpectraError(f"{path}: row {row}: id {name} occurs twice")
        seen.add(name)


# ---- molecules ----


def read_molecules(path: Path) -> dict[str, str]:
    """SMILES of QM9S by the id that the spectra carry, which is the number in QM9S less one.

    Parameters
    ----------
    path : Path
        The folder ``qm9s_csv``, its zip file, or ``qm9s.pt``.

    Returns
    -------
    dict of str to str

    Raises
    ------
    SpectraError
        If a file is not of this layout, or a number occurs twice.
    """
    if path.suffix == ".pt":
        return _by_id(enumerate(read_graph_molecules(path), start=1), path)
    return _by_id(_listed(path), path)


def _by_id(listed: Iterator[tuple[int, str]] | enumerate[str], path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, smiles in listed:
        if str(number - 1) in found:
            raise SpectraError(f"{path}: molecule {number} occurs twice")
        found[str(number - 1)] = smiles
    if not found:
        raise SpectraError(f"{path}: no molecules; give qm9s_csv, qm9s_csv.zip or qm9s.pt")
    return found


def _listed(path: Path) -> Iterator[tuple[int, str]]:
    """Number and SMILES in each file of a folder or an archive."""
    if path.is_dir():
        for file in sorted(path.glob("*.csv")):
            with file.open(encoding="utf-8-sig", errors="replace") as lines:
                yield _head([next(lines, ""), next(lines, "")], str(file))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(n for n in archive.namelist() if n.endswith(".csv")):
                with archive.open(name) as stream:
                    # Only two lines are unpacked, whatever the file claims to hold.
                    raw = [stream.readline(4096), stream.readline(4096)]
                yield _head([line.decode("utf-8-sig", "replace") for line in raw], f"{path}:{name}")
    except OSError as error:
        raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except DAMAGED_ZIP:
        raise SpectraError(f"{path}: neither a folder nor a sound zip file") from None


def _head(lines: list[str], label: str) -> tuple[int, str]:
    """Number in QM9S and SMILES, with the frame of line and column numbers or without."""
    first, second = (next(csv.reader([line]), []) for line in lines)
    for cells, at in ((second, 1), (first, 0)):
        if len(cells) >= at + 4 and _whole(cells[at]) and _whole(cells[at + 1]):
            smiles = cells[at + 2].strip()
            if is_text(smiles) and _whole(cells[at + 3]):
                return int(float(cells[at])), smiles
    raise SpectraError(
        f"{label}: rows 1 and 2 hold no number in QM9S, number in QM9, SMILES and count of atoms"
    )


def _whole(text: str) -> bool:
    return is_number(text) and float(text).is_integer()


def check_join(spectra: MoleculeSpectra, *, shift: int = 0) -> JoinReport:
    """How far the SMILES of a block of IR spectra agree with what its bands say.

    Parameters
    ----------
    spectra : MoleculeSpectra
        IR, with SMILES.
    shift : int
        Compare each spectrum with the SMILES this many rows further on. At the right join the
        share that agrees is highest at 0.

    Returns
    -------
    JoinReport

    Raises
    ------
    SpectraError
        If these are no IR spectra, no SMILES are there, or the shift leaves none.
    """
    if spectra.kind != "ir":
        raise SpectraError(f"the join is checked with IR spectra, not {spectra.kind}")
    n = len(spectra)
    if not -n < shift < n:
        raise SpectraError(f"a shift of {shift} leaves none of {n} molecules")
    rows = slice(max(0, -shift), n - max(0, shift))
    smiles = spectra.smiles[max(0, shift) : n - max(0, -shift)]
    return marker_report(spectra.axis, spectra.spectra[rows], smiles)
