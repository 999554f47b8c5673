"""DataSet structs in MATLAB files, as Eigenvector's ``corn.mat`` holds them.

A DataSet is a struct (or an object saved as one) with the fields ``data`` (samples × variables),
``axisscale`` and ``label``, cell arrays whose second row belongs to the variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SpectraError
from ..spectra import Array, SpectralSet, Unit
from .files import read_bytes
from .tables import guessed_unit


def read_matlab(path: Path, unit: Unit | None = None) -> tuple[list[SpectralSet], dict[str, Array]]:
    """The instruments and the properties of a MATLAB file of DataSet structs.

    Instruments are the variables whose name ends in ``spec``, properties those named
    ``propvals``. Glass standards (``…nbs``) are left out: they are no samples.

    Parameters
    ----------
    path : Path
    unit : "nm" or "cm-1", optional
        Of the axis; guessed from its range if not given.

    Raises
    ------
    SpectraError
        If the file is no MATLAB file up to version 7, or holds no such variables.
    """
    content = _content(path)
    sets: list[SpectralSet] = []
    properties: dict[str, Array] = {}
    for name, value in content.items():
        if name.lower().endswith("spec"):
            data, axis, _ = _dataset(name, value, path)
            if axis is None:
                raise SpectraError(f"{path}: {name} has no axisscale of {data.shape[1]} channels")
            sets.append(SpectralSet(data, axis, unit or guessed_unit(axis), name[:-4]))
        elif name.lower().startswith("prop"):
            data, _, labels = _dataset(name, value, path)
            labels = labels or tuple(f"{name}{k + 1}" for k in range(data.shape[1]))
            properties |= {label: data[:, k] for k, label in enumerate(labels)}
    if not sets:
        raise SpectraError(
            f"{path}: no variable named …spec; it has {', '.join(content) or 'none'}"
        )
    return sets, properties


def _content(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    read_bytes(path)  # for its one-line error
    try:
        content = loadmat(path)
    except NotImplementedError:
        raise SpectraError(
            f"{path}: a version 7.3 file; save it with -v7 in MATLAB, or as csv"
        ) from None
    except (MatReadError, ValueError, TypeError, OSError, EOFError, KeyError) as error:
        raise SpectraError(f"{path}: not a MATLAB file ({error})") from None
    return {name: value for name, value in content.items() if not name.startswith("__")}


def _dataset(name: str, value: Any, path: Path) -> tuple[Array, Array | None, tuple[str, ...]]:
    """Data, axis and labels of the variables of a DataSet; a plain matrix has the data only."""
    fields = getattr(value, "dtype", np.dtype(float)).names
    if fields is None:
        return _matrix(name, value, path), None, ()
    if "data" not in fields:
        raise SpectraError(f"{path}: {name} is a struct without data ({', '.join(fields)})")
    if not value.size:
        raise SpectraError(f"{path}: {name} is an empty struct")
    record = np.ravel(value)[0]
    data = _matrix(name, record["data"], path)
    axis = labels = None
    if "axisscale" in fields:
        found = (np.ravel(cell) for cell in _cells(record["axisscale"]))
        axis = next((a for a in found if a.dtype.kind in "iuf" and a.size == data.shape[1]), None)
    if "label" in fields:
        named = (tuple(str(s).strip() for s in np.ravel(cell)) for cell in _cells(record["label"]))
        labels = next((n for n in named if len(n) == data.shape[1] and all(n)), None)
    return data, None if axis is None else axis.astype(float), labels or ()


def _cells(value: Any) -> Iterator[np.ndarray]:
    """The cells that belong to the variables: the second row of a cell array."""
    cells = np.atleast_2d(value)
    rows = cells[1:2] if len(cells) > 1 else cells
    for cell in rows.ravel():
        yield np.asarray(cell)


def _matrix(name: str, value: Any, path: Path) -> Array:
    data = np.asarray(value)
    while data.dtype == object and data.size == 1:
        data = np.asarray(data.ravel()[0])
    if data.ndim != 2 or data.dtype.kind not in "iuf":
        raise SpectraError(f"{path}: {name} is no matrix of numbers")
    return data.astype(float)
