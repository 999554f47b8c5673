"""JCAMP-DX spectra: packed, squeezed, difference and plain ordinates, and pairs of values.

R. S. McDonald and P. A. Wilks, Appl. Spectrosc. 42 (1988) 151: JCAMP-DX 4.24. A table of peaks
(``PEAK TABLE``, ``PEAK ASSIGNMENTS``) says nothing of what lies between them, so that it is no
spectrum and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...vibration.files.asdf import decode_line
from ..errors import SpectraError
from ..spectra import SpectralSet, Unit
from .files import is_number, number, read_text

POINTS = ("XYDATA", "XYPOINTS")
PEAKS = ("PEAKTABLE", "PEAKASSIGNMENTS")
FURTHEST = 1.5
"""Largest distance, in channels, between the abscissa of a line and where its points stand."""


@dataclass(frozen=True, slots=True)
class Block:
    """One spectrum of a file: its labels and the lines of its data."""

    labels: dict[str, str]
    form: str
    lines: tuple[str, ...]

    def number(self, label: str, default: float | None = None) -> float:
        """The number under a label."""
        text = self.labels.get(label)
        if text is None and default is not None:
            return default
        plain = (text or "").replace(",", ".")
        if not is_number(plain):
            raise SpectraError(f"##{label}={text or ''} is not a number")
        return number(plain)

    @property
    def peaks(self) -> str:
        """The record that says that the block lists peaks; empty for a spectrum."""
        for label, name in (("DATATYPE", "DATA TYPE"), ("DATACLASS", "DATA CLASS")):
            text = self.labels.get(label, "")
            if re.search("PEAK|ASSIGNMENT", text.upper()):
                return f"##{name}={text}"
        found = next((label for label in PEAKS if label in self.labels), "")
        return f"##{found.replace('PEAK', 'PEAK ')}={self.labels[found]}" if found else ""


def read_jcamp(path: Path) -> SpectralSet:
    """The spectra of a JCAMP-DX file; blocks of a compound file must share their axis.

    Parameters
    ----------
    path : Path

    Returns
    -------
    SpectralSet
        One sample per block, named by its TITLE; nm or cm⁻¹.

    Raises
    ------
    SpectraError
        If the file holds no spectrum or a table of peaks, a line cannot be decoded, the number
        of points is not what NPOINTS says, or blocks have different axes.
    """
    try:
        found = list(blocks(read_text(path)))
        _refuse_peaks(found)
        return _joined([block for block in found if block.form], path)
    except SpectraError as error:
        message = str(error)
        raise SpectraError(message if str(path) in message else f"{path}: {message}") from None


def _refuse_peaks(found: list[Block]) -> None:
    for block in found:
        if block.peaks:
            title = f" {block.labels['TITLE']!r}" if block.labels.get("TITLE") else ""
            raise SpectraError(
                f"the block{title} is a table of peaks ({block.peaks}), not a spectrum; take it "
                "out, or leave out the file"
            )


def _joined(found: list[Block], path: Path) -> SpectralSet:
    if not found:
        raise SpectraError("no ##XYDATA or ##XYPOINTS; not a JCAMP-DX spectrum")
    axes, rows = zip(*map(_points, found), strict=True)
    units = {_unit(block.labels.get("XUNITS", "")) for block in found}
    if len(units) > 1 or any(a.shape != axes[0].shape or (a != axes[0]).any() for a in axes):
        raise SpectraError("the blocks have different axes; split the file")
    unit, factor = units.pop()
    titles = [block.labels.get("TITLE") or str(k + 1) for k, block in enumerate(found)]
    unique = titles if len(set(titles)) == len(titles) else [str(k + 1) for k in range(len(titles))]
    return SpectralSet(np.array(rows), axes[0] * factor, unit, path.stem, tuple(unique))


def _unit(text: str) -> tuple[Unit, float]:
    """Unit of the axis, and what to multiply it with."""
    known: dict[str, tuple[Unit, float]] = {
        "1/CM": ("cm-1", 1.0), "CM-1": ("cm-1", 1.0), "CM^-1": ("cm-1", 1.0),
        "NANOMETERS": ("nm", 1.0), "NM": ("nm", 1.0),
        "MICROMETERS": ("nm", 1000.0), "UM": ("nm", 1000.0),
    }  # fmt: skip
    if text.strip().upper() not in known:
        raise SpectraError(
            f"##XUNITS={text}; known are 1/CM, CM-1, NM, NANOMETERS, UM, MICROMETERS"
        )
    return known[text.strip().upper()]


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a file, those without data included."""
    labels: dict[str, str] = {}
    form, lines, inside = "", [], False
    for raw in text.splitlines():
        line = raw.split("$$")[0].rstrip()
        found = re.match(r"##\s*([^=]*)=\s*(.*)", line)
        if not found:
            if inside and line.strip():
                lines.append(line.strip())
            continue
        label = re.sub(r"[\s_/-]", "", found[1]).upper()
        if label in ("TITLE", "END") and (labels or form):
            yield Block(labels, form, tuple(lines))
            labels, form, lines = {}, "", []
        inside = label in POINTS
        if inside:
            form = found[2].strip()
        elif label != "END":
            labels.setdefault(label, found[2].strip())
    if labels or form:
        yield Block(labels, form, tuple(lines))


def _points(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Axis and ordinates of a block, in its own unit."""
    if "XY..XY" in block.form.replace(" ", ""):
        return _pairs(block)
    y = np.array(list(_ordinates(block))) * block.number("YFACTOR", 1.0)
    n = int(block.number("NPOINTS", len(y)))
    if len(y) != n:
        raise SpectraError(f"{len(y)} points, but ##NPOINTS={n}; the file is cut or damaged")
    if not n:
        raise SpectraError("a block without points")
    return np.linspace(block.number("FIRSTX"), block.number("LASTX"), n), y


def _pairs(block: Block) -> tuple[np.ndarray, np.ndarray]:
    try:
        numbers = [float(t) for line in block.lines for t in re.split(r"[,;\s]+", line) if t]
        x, y = np.array(numbers).reshape(-1, 2).T
    except ValueError:
        raise SpectraError("##XYPOINTS are not pairs of numbers") from None
    if not numbers:
        raise SpectraError("a block without points")
    return x * block.number("XFACTOR", 1.0), y * block.number("YFACTOR", 1.0)


def _ordinates(block: Block) -> Iterator[float]:
    """Ordinates before YFACTOR; the abscissa of each line is checked against its place."""
    n = int(block.number("NPOINTS", 2))
    first = block.number("FIRSTX")
    step = (block.number("LASTX") - first) / max(n - 1, 1)
    count, last, checked = 0, 0.0, False
    for line in block.lines:
        try:
            decoded = decode_line(line)
        except ValueError as error:
            raise SpectraError(f"cannot decode the line {line[:20]!r}: {error}") from None
        values = decoded.ordinates
        if checked:
            # A line after one that ends in a difference repeats the ordinate before it.
            if not values or values[0] != last:
                raise SpectraError(f"the check ordinate of line {line[:20]!r} differs")
            values, count = values[1:], count - 1
        begin = decoded.abscissa * block.number("XFACTOR", 1.0)
        off = abs(begin - first - count * step) / abs(step or 1.0)
        if off > FURTHEST:
            raise SpectraError(f"line {line[:20]!r} is {off:.1f} channels from its place")
        count += len(values) + checked
        last, checked = (values[-1] if values else last), decoded.ends_in_difference
        yield from values
