"""Spectra in CSV and npz files.

CSV: a row per sample. A column whose head is a number is a channel at that wavelength (nm) or
wavenumber (cm⁻¹); any other column that holds numbers is a property, one of text names the
sample (head "sample", "id", "name" or empty) or its group.

npz: arrays ``axis``, ``spectra/<instrument>`` (samples × channels), optionally
``axis/<instrument>``, ``property/<name>``, ``samples`` and ``unit``. No pickles: object arrays
are refused.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import SpectraError
from ..spectra import Array, SpectralSet, Unit
from .files import is_number, is_text, number, read_rows

NAME_HEADS = ("", "sample", "samples", "id", "name", "index")
HIGHEST_NM = 3333.0
"""Longest wavelength, nm, for which an axis without a unit is taken as one of wavelengths."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What a CSV file holds.

    Attributes
    ----------
    axis : (n_channels,) array
    spectra : (n_samples, n_channels) array
    samples : tuple of str
        Empty if the file names none.
    properties : dict of str to (n_samples,) array
    groups : tuple of str
    """

    axis: Array
    spectra: Array
    samples: tuple[str, ...]
    properties: dict[str, Array]
    groups: tuple[str, ...]


def read_sheet(path: Path) -> Sheet:
    """A CSV file of spectra, properties or both.

    Raises
    ------
    SpectraError
        If a channel holds text, or a column most of whose cells are numbers; if two columns
        have one head, or rows differ in length.
    """
    head, *rows = read_rows(path)
    if not rows:
        raise SpectraError(f"{path}: a head without rows")
    doubles = [name for name in head if name.strip() and head.count(name) > 1]
    if doubles and not is_number(doubles[0]):
        raise SpectraError(f"{path}: two columns are named {doubles[0]}")
    channels = [k for k, name in enumerate(head) if is_number(name)]
    spectra = np.array([[_value(row, k, path, head) for k in channels] for row in rows])
    samples: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    properties: dict[str, Array] = {}
    for k in sorted(set(range(len(head))) - set(channels)):
        name, cells = head[k].strip(), [row[k] for row in rows]
        if name.lower() in NAME_HEADS:
            samples = tuple(cell.strip() for cell in cells)
        elif 2 * sum(map(is_number, cells)) > len(cells) or not any(map(is_text, cells)):
            properties[name] = np.array([_value(row, k, path, head) for row in rows])
        elif not groups:
            groups = tuple(cell.strip() for cell in cells)
    axis = np.array([float(head[k]) for k in channels])
    return Sheet(axis, spectra.reshape(len(rows), len(channels)), samples, properties, groups)


def _value(row: list[str], k: int, path: Path, head: list[str]) -> float:
    try:
        return number(row[k])
    except ValueError:
        raise SpectraError(
            f"{path}: {row[k]!r} at {_place(head[k])} is not a number; leave the cell empty if "
            "there is no value"
        ) from None


def _place(head: str) -> str:
    return f"channel {head}" if is_number(head) else f"column {head}"


def guessed_unit(axis: Array) -> Unit:
    """Wavelengths for an axis that fits near infrared wavelengths, else cm⁻¹.

    >>> guessed_unit(np.array([1100.0, 2498.0])), guessed_unit(np.array([4000.0, 10000.0]))
    ('nm', 'cm-1')
    """
    return "nm" if axis.size and axis.max() <= HIGHEST_NM and axis.min() >= 350 else "cm-1"


def read_npz(path: Path, unit: Unit | None = None) -> tuple[list[SpectralSet], dict[str, Array]]:
    """The instruments and the properties in an npz file.

    Raises
    ------
    SpectraError
        If it is no npz file, holds pickled objects, or lacks an axis.
    """
    arrays = _arrays(path)
    names = [key.partition("/")[2] for key in arrays if key.startswith("spectra/")]
    if not names:
        raise SpectraError(f"{path}: no array spectra/<instrument>; it has {', '.join(arrays)}")
    samples = tuple(map(str, arrays["samples"])) if "samples" in arrays else ()
    for key, value in arrays.items():
        if key.split("/")[0] in ("axis", "spectra", "property") and value.dtype.kind not in "iuf":
            raise SpectraError(f"{path}: {key} holds {value.dtype}, not real numbers")
        if key == "samples" and value.ndim != 1:
            raise SpectraError(f"{path}: samples of shape {value.shape}; give a list of names")
    sets = []
    for name in names:
        axis = arrays.get(f"axis/{name}", arrays.get("axis"))
        if axis is None:
            raise SpectraError(f"{path}: no array axis and no axis/{name}")
        own: Unit = str(arrays["unit"]) if "unit" in arrays else unit or guessed_unit(axis)  # type: ignore[assignment]
        sets.append(SpectralSet(arrays[f"spectra/{name}"], axis, own, name, samples))
    properties = {
        key.partition("/")[2]: np.asarray(value, dtype=float)
        for key, value in arrays.items()
        if key.startswith("property/")
    }
    return sets, properties


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise SpectraError(f"{path}: not an npz file")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except OSError as error:
        raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, zipfile.BadZipFile) as error:
        if "pickle" in str(error).lower():
            raise SpectraError(f"{path}: holds pickled objects, which are not loaded") from None
        raise SpectraError(f"{path}: not an npz file") from None
