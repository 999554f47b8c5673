"""Reading files with one-line errors."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from ..errors import SpectraError


def read_text(path: Path) -> str:
    """The text of a file; old files in Latin-1 are read as such.

    Raises
    ------
    SpectraError
        If it cannot be read.
    """
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises
    ------
    SpectraError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file, split at commas, semicolons or tabs; empty rows left out.

    Raises
    ------
    SpectraError
        If it cannot be read, holds no rows, or rows differ in length.
    """
    text = read_text(path)
    head = text.split("\n", 1)[0]
    comma = max(",;\t", key=head.count)
    rows = [row for row in csv.reader(text.splitlines(), delimiter=comma) if any(row)]
    if not rows:
        raise SpectraError(f"{path}: empty")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise SpectraError(
                f"{path}: row {number} has {len(row)} fields, the first has {len(rows[0])}"
            )
    return rows


def number(text: str) -> float:
    """A number; NaN for an empty field and for NA, NaN, null.

    Raises
    ------
    ValueError
        If it is none.

    >>> number("1.5"), number(" ")
    (1.5, nan)
    """
    text = text.strip()
    return float("nan") if text.lower() in ("", "na", "nan", "null", "none") else float(text)


def finite(text: str, place: str) -> float:
    """A number that is there and is finite.

    Parameters
    ----------
    text : str
    place : str
        Where it stands, for the message.

    Raises
    ------
    SpectraError
        If it is none.
    """
    try:
        found = number(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise SpectraError(f"{place}: {text[:40]!r} is not a number")
    return found


def is_number(text: str) -> bool:
    """Whether a text is a finite number.

    >>> [is_number(text) for text in ("1.5e3", "inf", "NA", "", "water")]
    [True, False, False, False, False]
    """
    return not is_text(text) and math.isfinite(number(text))


def is_text(text: str) -> bool:
    """Whether a text is neither a number nor a mark for a missing one.

    >>> [is_text(text) for text in ("1.5e3", "inf", "NA", "", "water")]
    [False, False, False, False, True]
    """
    try:
        number(text)
    except ValueError:
        return True
    return False
