"""Files to molecules: every failure is one line that names the file and the line in it.

=============================  ==========================================================
extension                      content
=============================  ==========================================================
``.xyz``, ``.extxyz``          plain or extended xyz, one or more records (`xyz`)
``.mol``, ``.sdf``, ``.sd``    MDL V2000 or V3000 with 3D coordinates and all hydrogens
any of them with ``.gz``       the same, compressed
=============================  ==========================================================
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator

from ..errors import FileError, MoleculeError
from ..writing import whole_file
from .molecule import Molecule
from .xyz import format_xyz, parse_xyz

__all__ = [
    "EXTENSIONS",
    "format_xyz",
    "iter_molecules",
    "read_molecule",
    "read_molecules",
    "write_xyz",
]

EXTENSIONS: tuple[str, ...] = (".xyz", ".extxyz", ".mol", ".sdf", ".sd")
"""Extensions that can be read, each also with ``.gz``."""


def read_molecule(path: str | os.PathLike[str]) -> Molecule:
    """The first molecule of a file.

    Raises
    ------
    FileError
        One line with the path, the line number where there is one, and what to do.
    """
    return next(iter_molecules(path))


def read_molecules(path: str | os.PathLike[str]) -> list[Molecule]:
    """All molecules of a file, at least one.

    Raises
    ------
    FileError
        One line with the path, the line number where there is one, and what to do.
    """
    return list(iter_molecules(path))


def iter_molecules(path: str | os.PathLike[str]) -> Iterator[Molecule]:
    """The molecules of a file one by one, at least one.

    Raises
    ------
    FileError
        One line with the path, the line number where there is one, and what to do. Records
        before the one at fault have been yielded by then.
    """
    path = os.fspath(path)
    text = _text(path)
    empty = True
    try:
        for molecule in _parser(path)(text, name=_stem(path)):
            empty = False
            yield molecule
    except MoleculeError as error:
        line = getattr(error, "line", None)
        where = f"{path}: line {line}" if line else f"{path}"
        raise FileError(f"{where}: {error}") from None
    if empty:
        raise FileError(f"{path}: the file holds no molecule")


def write_xyz(molecule: Molecule, path: str | os.PathLike[str]) -> None:
    """Write one molecule as extended xyz; the file appears whole or not at all.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    with whole_file(path) as draft:
        draft.write_text(format_xyz(molecule), encoding="utf-8")


def _parser(path: str) -> Callable[..., Iterator[Molecule]]:
    if _format(path) in (".xyz", ".extxyz"):
        return parse_xyz
    from .molfile import parse_sdf

    return parse_sdf


def _without_gz(path: str) -> str:
    return path[: -len(".gz")] if path.lower().endswith(".gz") else path


def _format(path: str) -> str:
    """The extension that decides the format, in lower case and without ``.gz``."""
    return os.path.splitext(_without_gz(path))[1].lower()


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(_without_gz(path)))[0]


def _text(path: str) -> str:
    """The text of a readable molecule file, or a `FileError` that says why there is none."""
    data = _bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"{path}: line {line}: not UTF-8 text; is it a binary file? Else convert it to UTF-8"
        ) from None
    if "\0" in text:
        raise FileError(f"{path}: not a text file (it contains a zero byte)")
    if not text or text.isspace():
        raise FileError(f"{path}: the file is empty")
    return text


def _other_reader(path: str) -> str:
    known = _format(path) in (".out", ".log", ".fchk", ".fch", ".hess", ".json")
    return "; outputs of other programs are for spektron modes and report" if known else ""


def _bytes(path: str) -> bytes:
    known = _format(path) in EXTENSIONS
    try:
        if not known and os.path.isfile(path):
            raise FileError(
                f"{path}: unknown file type {_format(path)!r}; known are "
                f"{', '.join(EXTENSIONS)}, each also with .gz{_other_reader(path)}"
            )
        with open(path, "rb") as file:
            data = file.read()
        return gzip.decompress(data) if path.lower().endswith(".gz") else data
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise FileError(f"{path}: is a directory; name a file in it") from None
    except PermissionError:
        raise FileError(f"{path}: permission denied") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileError(f"{path}: not a valid gzip file: {error}") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path itself
        raise FileError(f"{path!r}: cannot be read: {error}") from None
