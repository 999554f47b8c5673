"""JCAMP-DX, the exchange format of infrared and Raman spectra.

A file is a list of records ``##LABEL=value``. The data record ``##XYDATA=(X++(Y..Y))`` holds
equidistant points, a wavenumber and then ordinates on each line, as plain numbers (AFFN,
also packed) or in the compressed forms SQZ, DIF and DUP; ``##XYPOINTS=(XY..XY)`` holds pairs.
Numbers in the file times XFACTOR and YFACTOR are the spectrum.

Source: R. S. McDonald, P. A. Wilks, *Appl. Spectrosc.* 42, 151 (1988) (JCAMP-DX 4.24).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup.errors import FileError
from ..errors import SpectrumError
from ..spectrum import Spectrum
from ..sticks import Kind
from .asdf import decode_line
from .text import PathLike, number, read_text, write_text

FloatArray = NDArray[np.float64]

_LARGEST = 2**31 - 1  # ordinates of the standard are integers of 32 bits
_WIDTH = 80
_RECORD = re.compile(r"^##([^=]*)=(.*)$")
_TYPES: dict[Kind, str] = {"ir": "INFRARED SPECTRUM", "raman": "RAMAN SPECTRUM"}
_X_UNITS = {"1CM": 0.0, "CM1": 0.0, "MICROMETERS": 1e4, "NANOMETERS": 1e7}
_ASCII = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹Å×", "-0123456789Ax")


def write_jcamp(spectrum: Spectrum, path: PathLike, *, origin: str = "", owner: str = "") -> None:
    """Write a spectrum as JCAMP-DX 4.24; ordinates keep nine digits of the largest.

    An even grid is written as packed XYDATA, an uneven one as XYPOINTS.

    Parameters
    ----------
    spectrum : Spectrum
    path : path-like
    origin, owner : str
        Records that the standard demands; default "Spektron" and "unknown".

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    write_text(format_jcamp(spectrum, origin=origin, owner=owner), path)


def read_jcamp(path: PathLike) -> Spectrum:
    """The first infrared or Raman spectrum of a JCAMP-DX file, by ascending wavenumber.

    Wavelengths become wavenumbers. ``unit`` is what the file says, in our writing if the file
    is ours.

    Raises
    ------
    FileError
        If it is no JCAMP-DX file, holds another kind of data, is damaged or cut short; the
        message names the line.
    """
    records = _Records(_records(read_text(path), path), path)
    kind = _kind(records)
    if "XYDATA" in records.found:
        x, y = _equidistant(records)
    elif "XYPOINTS" in records.found:
        x, y = _pairs(records)
    else:
        raise FileError(f"{path}: no XYDATA nor XYPOINTS record; only spectra of points are read")
    order = np.argsort(x, kind="stable")
    unit = records.text("$SPEKTRONUNIT") or records.text("YUNITS")
    try:
        return Spectrum(
            x[order],
            y[order],
            kind,
            unit,
            line_shape=records.text("$SPEKTRONLINES"),
            title=records.text("TITLE"),
        )
    except SpectrumError as error:
        raise FileError(f"{path}: {error}") from None


def format_jcamp(spectrum: Spectrum, *, origin: str = "", owner: str = "") -> str:
    """The text of a JCAMP-DX file."""
    x, y = spectrum.wavenumbers, spectrum.intensities
    step = (x[-1] - x[0]) / max(len(x) - 1, 1)
    even = len(x) > 1 and np.allclose(
        x, np.linspace(x[0], x[-1], len(x)), rtol=0, atol=1e-9 * x[-1]
    )
    factor = float(np.abs(y).max()) / _LARGEST or 1.0
    header = {
        "TITLE": spectrum.title or "spectrum",
        "JCAMP-DX": "4.24",
        "DATA TYPE": _TYPES[spectrum.kind],
        "ORIGIN": origin or "Spektron",
        "OWNER": owner or "unknown",
        "XUNITS": "1/CM",
        "YUNITS": spectrum.unit.translate(_ASCII).upper() or "ARBITRARY UNITS",
        "$SPEKTRON UNIT": spectrum.unit,
        "$SPEKTRON LINES": spectrum.line_shape,
        "XFACTOR": "1",
        "YFACTOR": repr(factor if even else 1.0),
        "FIRSTX": repr(float(x[0])),
        "LASTX": repr(float(x[-1])),
        "MAXX": repr(float(x[-1])),
        "MINX": repr(float(x[0])),
        "MAXY": repr(float(y.max())),
        "MINY": repr(float(y.min())),
        "NPOINTS": str(len(x)),
        "FIRSTY": repr(float(y[0])),
    }
    if even:
        header["DELTAX"] = repr(float(step))
        body = ["##XYDATA=(X++(Y..Y))", *_packed(x, np.rint(y / factor).astype(np.int64))]
    else:
        pairs = zip(x.tolist(), y.tolist(), strict=True)
        body = ["##XYPOINTS=(XY..XY)", *(f"{a!r}, {b!r}" for a, b in pairs)]
    lines = [f"##{label}={' '.join(value.split())}" for label, value in header.items() if value]
    return "\n".join([*lines, *body, "##END=", ""])


def _packed(x: FloatArray, ordinates: NDArray[np.int64]) -> list[str]:
    """Lines of at most 80 characters: a wavenumber, then ordinates whose signs separate them."""
    lines, line, start = [], "", True
    for value, ordinate in zip(x.tolist(), ordinates.tolist(), strict=True):
        word = f"{ordinate:+d}"
        if start or len(line) + len(word) > _WIDTH:
            lines.append(line)
            line, start = f"{value:.6f}", False
        line += word
    return [*lines[1:], line]


@dataclass(frozen=True, slots=True)
class _Records:
    """Value of each record with the line of its label; only those of the first data block."""

    found: dict[str, tuple[int, list[str]]]
    path: PathLike

    def text(self, label: str) -> str:
        """The value of a record, empty if there is none."""
        return self.found[label][1][0].strip() if label in self.found else ""

    def number(self, label: str, default: float | None = None) -> float:
        """The value of a record as a number."""
        words = self.text(label).replace(",", " ").split()
        if not words:
            if default is None:
                raise FileError(f"{self.path}: no record ##{label}=, which the data need")
            return default
        try:
            return number(words[0])
        except ValueError:
            line = self.found[label][0]
            raise FileError(
                f"{self.path}: line {line}: ##{label}={words[0]} is not a number"
            ) from None

    def data(self, label: str, form: str) -> list[tuple[int, str]]:
        """Lines of a data record with their numbers; its form must be the expected one."""
        line, values = self.found[label]
        given = re.sub(r"\s", "", values[0]).upper()
        if given != form:
            raise FileError(f"{self.path}: line {line}: ##{label}={given}: only {form} is read")
        rows = enumerate(values[1:], start=line + 1)
        return [(i, row) for i, row in rows if row.strip()]


PEAKS = ("PEAKTABLE", "PEAKASSIGNMENTS")
"""Data that are no curve."""


def _records(text: str, path: PathLike) -> dict[str, tuple[int, list[str]]]:
    found: dict[str, tuple[int, list[str]]] = {}
    label = ""
    for line, content in enumerate(text.splitlines(), start=1):
        content = content.partition("$$")[0]
        match = _RECORD.match(content.lstrip())
        if match:
            label = re.sub(r"[\s\-/_]", "", match[1]).upper()
            if label in PEAKS and "JCAMPDX" in found:
                raise FileError(
                    f"{path}: line {line}: ##{match[1].strip()}=: a table of peaks, not a "
                    "spectrum; give one with ##XYDATA="
                )
            if label == "END" and {"XYDATA", "XYPOINTS"} & set(found) and "JCAMPDX" in found:
                return found
            found[label] = line, [match[2]]
        elif label:
            found[label][1].append(content)
        elif content.strip():
            break
    if "JCAMPDX" not in found:
        raise FileError(f"{path}: no JCAMP-DX file: it must begin with ##TITLE= and ##JCAMP-DX=")
    raise FileError(f"{path}: no ##END= after the data: the file is cut short")


def _kind(records: _Records) -> Kind:
    for label in ("DATATYPE", "DATACLASS"):
        if any(word in records.text(label).upper() for word in ("PEAK", "ASSIGNMENT")):
            raise FileError(
                f"{records.path}: line {records.found[label][0]}: a table of peaks "
                f"({records.text(label)}), not a spectrum; give one with ##XYDATA="
            )
    given = records.text("DATATYPE").upper()
    for kind, name in _TYPES.items():
        if name.split()[0] in given:
            return kind
    line = records.found.get("DATATYPE", (1, []))[0]
    raise FileError(
        f"{records.path}: line {line}: ##DATA TYPE={given or 'missing'}: only infrared and Raman "
        "spectra are read"
    )


def _equidistant(records: _Records) -> tuple[FloatArray, FloatArray]:
    """Points of XYDATA; the wavenumber on each line must be where counting puts it."""
    rows = records.data("XYDATA", "(X++(Y..Y))")
    n = int(records.number("NPOINTS"))
    if n < 1:
        raise FileError(f"{records.path}: ##NPOINTS={n}: a spectrum has at least one point")
    x = np.linspace(records.number("FIRSTX"), records.number("LASTX"), n)
    x_factor, spacing = records.number("XFACTOR", 1.0), abs(x[-1] - x[0]) / max(n - 1, 1)
    y: list[float] = []
    checked = False
    for line, row in rows:
        try:
            decoded = decode_line(row)
        except ValueError as error:
            raise FileError(f"{records.path}: line {line}: {error}") from None
        place = len(y) - checked
        if place >= n:
            raise FileError(f"{records.path}: line {line}: more than the {n} points of ##NPOINTS=")
        begin = decoded.abscissa * x_factor
        if abs(begin - x[place]) > max(spacing, 1e-6 * abs(x[place])):
            raise FileError(
                f"{records.path}: line {line}: it begins at {begin:g}, where {x[place]:g} is due; "
                "a line is missing or damaged"
            )
        if checked and decoded.ordinates[:1] != (y[-1],):
            raise FileError(
                f"{records.path}: line {line}: its first ordinate must repeat the last one, "
                f"{y[-1]:g}; the line before is damaged"
            )
        y += decoded.ordinates[checked:]
        checked = decoded.ends_in_difference
    if len(y) != n:
        raise FileError(
            f"{records.path}: {len(y)} points of the {n} announced in ##NPOINTS=; the file is "
            "damaged or cut short"
        )
    return _wavenumbers(records, x), np.array(y) * records.number("YFACTOR", 1.0)


def _pairs(records: _Records) -> tuple[FloatArray, FloatArray]:
    numbers: list[float] = []
    for line, row in records.data("XYPOINTS", "(XY..XY)"):
        words = re.split(r"[,;\s]+", row.strip(" ;,\t"))
        try:
            numbers += [number(word) for word in words]
        except ValueError as error:
            raise FileError(f"{records.path}: line {line}: {error}") from None
    n = int(records.number("NPOINTS", len(numbers) // 2))
    if len(numbers) != 2 * n:
        raise FileError(
            f"{records.path}: {len(numbers)} numbers for the {n} points announced in ##NPOINTS=; "
            "the file is damaged or cut short"
        )
    x, y = np.array(numbers).reshape(n, 2).T
    x = x * records.number("XFACTOR", 1.0)
    return _wavenumbers(records, x), y * records.number("YFACTOR", 1.0)


def _wavenumbers(records: _Records, x: FloatArray) -> FloatArray:
    given = records.text("XUNITS")
    unit = re.sub(r"[^A-Z0-9]", "", given.upper())
    if unit not in _X_UNITS:
        raise FileError(
            f"{records.path}: ##XUNITS={given or 'missing'}: give 1/CM, MICROMETERS or NANOMETERS"
        )
    if not _X_UNITS[unit]:
        return x
    if (x <= 0).any():
        raise FileError(f"{records.path}: a wavelength of {x.min():g} is not positive")
    return np.asarray(_X_UNITS[unit] / x)
