"""A study from a path, whatever layout it has.

======================  ===================================================================
path                    read as
======================  ===================================================================
``*.npz``, ``*.mat``    see `tables` and `matlab`
folder with             the corn study: one instrument per file; reference values in
``*_<name>spec.csv``    ``*propvals.csv``; glass standards (``nbs``) are left out
folder with other csv   one instrument per file with channels, named by the file; a file
                        without channels holds properties, as may those with channels
several files           the same, or JCAMP-DX files, one per instrument
======================  ===================================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import SpectraError
from ..spectra import Array, SpectralSet, Study, Unit, numbered
from .jcampdx import read_jcamp
from .matlab import read_matlab
from .tables import Sheet, guessed_unit, read_npz, read_sheet

JCAMP = (".jdx", ".dx", ".jcm", ".jcamp")
SHEETS = (".csv", ".tsv", ".txt")


def load_study(paths: Path | Sequence[Path], *, unit: Unit | None = None) -> Study:
    """The samples of a study on all its instruments.

    Parameters
    ----------
    paths : Path or sequence of Path
        A folder, a file, or one file per instrument.
    unit : "nm" or "cm-1", optional
        Unit of axes that state none; guessed from their range if not given.

    Raises
    ------
    SpectraError
        If nothing can be read there, or what is read does not fit together.
    """
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(p) for p in paths]
    missing = [path for path in given if not path.exists()]
    if missing or not given:
        raise SpectraError(f"{missing[0] if missing else 'no input'}: no such file or folder")
    files = sorted(f for path in given for f in _files(path))
    name = given[0].stem if len(given) == 1 else " + ".join(p.stem for p in given)
    if len(files) == 1 and files[0].suffix.lower() in (".npz", ".mat"):
        reader = read_npz if files[0].suffix.lower() == ".npz" else read_matlab
        sets, properties = reader(files[0], unit)
        return _study(name, sets, properties, ())
    return _from_files(name, files, unit)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    known = (*SHEETS, *JCAMP)
    found = [f for f in path.iterdir() if f.suffix.lower() in known and f.is_file()]
    if not found:
        single = [f for f in path.iterdir() if f.suffix.lower() in (".npz", ".mat")]
        if len(single) == 1:
            return single
        raise SpectraError(f"{path}: no files of type {', '.join(known)}, nor one npz or mat file")
    return found


def _from_files(name: str, files: list[Path], unit: Unit | None) -> Study:
    sets: list[SpectralSet] = []
    sheets: list[tuple[Path, Sheet]] = []
    groups: tuple[str, ...] = ()
    if any(re.search(r"spec\.csv$", f.name, re.I) for f in files):
        files = [f for f in files if not re.search(r"nbs\.csv$", f.name, re.I)]
    for file in files:
        if file.suffix.lower() in JCAMP:
            sets.append(read_jcamp(file))
            continue
        if file.suffix.lower() not in SHEETS:
            known = ", ".join((*SHEETS, *JCAMP, ".npz", ".mat"))
            raise SpectraError(
                f"{file}: type {file.suffix or 'unknown'} is not read here; known are {known}"
            )
        sheet = read_sheet(file)
        if sheet.axis.size:
            sets.append(_instrument(file, sheet, unit))
        sheets.append((file, sheet))
        groups = groups or sheet.groups
    properties: dict[str, Array] = {}
    for file, sheet in sheets:
        properties = _merged(properties, _in_order(sheet, sets, file), file)
    return _study(name, sets, properties, groups)


def _instrument(file: Path, sheet: Sheet, unit: Unit | None) -> SpectralSet:
    found = re.fullmatch(r"(?:.*_)?(\w+?)spec", file.stem, re.I)
    name = found[1] if found else re.sub(r"^.*_(?=instrument)", "", file.stem)
    return SpectralSet(
        sheet.spectra, sheet.axis, unit or guessed_unit(sheet.axis), name, sheet.samples
    )


def _in_order(sheet: Sheet, sets: list[SpectralSet], file: Path) -> dict[str, Array]:
    """Properties in the order of the spectra, by the names of the samples where both have them."""
    if not sheet.properties or not sheet.samples or not sets:
        return sheet.properties
    wanted = sets[0].samples
    if sheet.samples == wanted or (not sheet.axis.size and wanted == numbered(len(wanted))
                                   and set(sheet.samples) != set(wanted)):  # fmt: skip
        return sheet.properties
    if len(set(sheet.samples)) != len(sheet.samples):
        double = next(s for s in sheet.samples if sheet.samples.count(s) > 1)
        raise SpectraError(f"{file}: sample {double} occurs twice")
    unknown = [s for s in wanted if s not in sheet.samples]
    if unknown:
        raise SpectraError(
            f"{file}: no reference values of sample {unknown[0]} of {sets[0].instrument}; "
            "name the samples alike, and leave cells empty where there is no value"
        )
    places = [sheet.samples.index(s) for s in wanted]
    return {name: values[places] for name, values in sheet.properties.items()}


def _merged(known: dict[str, Array], new: dict[str, Array], file: Path) -> dict[str, Array]:
    """Properties of all files; the same one twice must have the same values."""
    for name in known.keys() & new.keys():
        same = known[name].shape == new[name].shape
        if not (same and np.allclose(known[name], new[name], equal_nan=True)):
            raise SpectraError(f"{file}: {name} differs from that of another file")
    return {**known, **new}


def _study(
    name: str, sets: list[SpectralSet], properties: dict[str, Array], groups: tuple[str, ...]
) -> Study:
    if not sets:
        raise SpectraError(f"{name}: no spectra; a column of them has its wavelength as head")
    doubles = {s.instrument for s in sets if [o.instrument for o in sets].count(s.instrument) > 1}
    if doubles:
        raise SpectraError(f"{name}: instrument {doubles.pop()} occurs twice")
    return Study(name, {s.instrument: s for s in sets}, properties, groups)
