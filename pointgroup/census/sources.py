"""Files, archives and folders to records.

==========================================  =================================================
named                                       read
==========================================  =================================================
``.xyz`` ``.extxyz`` ``.mol`` ``.sdf``      every record; each also with ``.gz``
``.tar`` ``.tar.gz`` ``.tar.xz``            such files in it; others are passed over
``.tar.bz2`` (``.tgz`` …) ``.zip``
a folder                                    all of these below it, in alphabetical order
==========================================  =================================================

Hidden files of archives and folders are passed over. Everything is read as a stream; of an
archive that is damaged, what comes before the damage.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from ..errors import FileError
from .archives import ARCHIVES, DAMAGE, is_archive, members
from .records import Record, blocks, kind_of, stem_of


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    Attributes
    ----------
    path : str
    size : int, bytes
    modified : int, ns
        Time of the last change.
    """

    path: str
    size: int
    modified: int


def find_sources(inputs: Iterable[str | os.PathLike[str]]) -> tuple[Source, ...]:
    """The files that inputs stand for, each once, in the order given.

    Raises
    ------
    FileError
        If one of them does not exist, is of an unknown type, or is a folder without any file
        that can be read.
    """
    found: dict[str, Source] = {}
    for given in inputs:
        path = os.fspath(given)
        for file in _files_in(path) if os.path.isdir(path) else [path]:
            source = _source(file)
            found.setdefault(os.path.realpath(file), source)
    return tuple(found.values())


def _files_in(folder: str) -> list[str]:
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files += [os.path.join(place, name) for name in sorted(names) if _is_wanted(name)]
    if not files:
        raise FileError(f"{folder}: no file in this folder can be read; {_KNOWN}")
    return files


_KNOWN = f"known are .xyz, .extxyz, .mol, .sdf, each also with .gz, and {', '.join(ARCHIVES)}"


def _is_wanted(path: str) -> bool:
    known = kind_of(path) is not None or is_archive(path)
    return known and not os.path.basename(path).startswith(".")


def _source(path: str) -> Source:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path itself
        raise FileError(f"{path!r}: cannot be read: {error}") from None
    if kind_of(path) is None and not is_archive(path):
        raise FileError(f"{path}: unknown file type; {_KNOWN}")
    return Source(path, status.st_size, status.st_mtime_ns)


def read_records(source: Source) -> Iterator[tuple[Record, int]]:
    """The records of a file, at least one, each with the number of bytes read by then.

    What cannot be read is a record with an ``error``.
    """
    number = 0
    try:
        with open(source.path, "rb") as file:
            for record in _records(source.path, file):
                number = record.number
                yield record, file.tell()
    except DAMAGE as error:
        why = f"the file is damaged: {_reason(error)}; {_were_read(number)} before that"
        yield Record(source.path, None, number + 1, error=why), source.size
    else:
        if number == 0:
            why = "the file holds no molecule" if source.size else "the file is empty"
            yield Record(source.path, None, 1, error=why), source.size


def _were_read(number: int) -> str:
    return "1 record was read" if number == 1 else f"{number} records were read"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or repr(error)


def _records(path: str, file: IO[bytes]) -> Iterator[Record]:
    if is_archive(path):
        yield from _archived(path, file)
    else:
        yield from _of_file(path, None, 0, file)


def _archived(path: str, file: IO[bytes]) -> Iterator[Record]:
    number = 0
    for member, opened in members(path, file):
        if kind_of(member) is None or not _is_wanted(member):
            continue
        try:
            for record in _of_file(path, member, number, opened()):
                number = record.number
                yield record
        except DAMAGE as error:
            number += 1  # the next member may be whole; if it is not, the archive says so
            yield Record(path, member, number, error=f"the file is damaged: {_reason(error)}")


def _of_file(path: str, member: str | None, before: int, content: IO[bytes]) -> Iterator[Record]:
    """Records of one molecule file, numbered after those ``before`` it."""
    inside = member or path
    kind = kind_of(inside) or "xyz"
    if inside.lower().endswith(".gz"):
        content = cast(IO[bytes], gzip.GzipFile(fileobj=content))
    lines = io.TextIOWrapper(content, encoding="utf-8-sig", errors="replace")
    try:
        for place, (line, text) in enumerate(blocks(lines, kind), start=1):
            name = stem_of(inside) + (f":{place}" if place > 1 else "")
            yield Record(path, member, before + place, name, kind, line, text)
    finally:
        lines.detach()  # the file itself is closed by who opened it, after its tell()
