"""Text in and out: a file is read whole, and written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from ...pointgroup.errors import FileError
from ...pointgroup.writing import whole_file

PathLike = str | os.PathLike[str]


def read_text(path: PathLike) -> str:
    """The text of a file; bytes that are no UTF-8 are taken as Latin-1.

    Raises
    ------
    FileError
        If there is no such file, it cannot be read, or it is empty or binary.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise FileError(f"{path}: is a directory; name a file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"{path}: cannot be read: {reason}") from None
    if b"\0" in data:
        raise FileError(f"{path}: not a text file (it contains a zero byte)")
    if not data.strip():
        raise FileError(f"{path}: the file is empty")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def write_text(text: str, path: PathLike) -> None:
    """Write a file, replacing one that exists in a single step.

    Raises
    ------
    FileError
        If it cannot be written; what was there before is then untouched.
    """
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")


def number(text: str) -> float:
    """A number as Fortran may print it: 1.0D-05, and 1.0-100 for 1.0E-100.

    >>> number("-0.25D+01"), number("1.5-100")
    (-2.5, 1.5e-100)
    """
    try:
        return float(text)
    except ValueError:
        plain = text.replace("D", "E").replace("d", "e")
        if "E" not in plain.upper():
            at = max(plain.rfind("+"), plain.rfind("-"))
            plain = f"{plain[:at]}E{plain[at:]}" if at > 0 else plain
        return float(plain)
