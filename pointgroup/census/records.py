"""Molecule files as a stream of records: blocks of text, one per molecule, not yet parsed.

Cutting is cheap and needs no chemistry, so that one process reads while the others compute.
A block that is no molecule fails alone when it is parsed; the next one begins at the next
line that holds nothing but a number of atoms (xyz), or after ``$$$$`` (sdf).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["xyz", "sdf"]
Block = tuple[int, str]
"""Number of the first line, from 1, and text."""

CHUNK_RECORDS = 200
"""Records of a chunk: about half a second of work."""
CHUNK_TEXT = 500_000
"""Characters after which a chunk of large molecules ends."""
_MOST_LINES = 200_000
"""Lines kept of an sdf record; the largest molecule accepted needs far fewer."""


@dataclass(frozen=True, slots=True)
class Record:
    """One molecule as text, or in its place what is wrong with a file.

    Attributes
    ----------
    source : str
        File that was named, or that was found in a folder.
    member : str or None
        File inside it, if it is an archive.
    number : int
        Place in the source, from 1.
    name : str
        Of the molecule if the text gives none.
    kind : {"xyz", "sdf"}
    line : int
        Number of the first line of the text.
    text : str
    error : str or None
        Why there is no text.
    """

    source: str
    member: str | None
    number: int
    name: str = ""
    kind: Kind = "xyz"
    line: int = 1
    text: str = ""
    error: str | None = None


def kind_of(path: str) -> Kind | None:
    """Which format the extension of a molecule file stands for, ``.gz`` aside; None if none.

    >>> kind_of("a/benzene.XYZ"), kind_of("set.sdf.gz"), kind_of("LICENSE")
    ('xyz', 'sdf', None)
    """
    extension = os.path.splitext(path.lower().removesuffix(".gz"))[1]
    if extension in (".xyz", ".extxyz"):
        return "xyz"
    return "sdf" if extension in (".mol", ".sdf", ".sd") else None


def stem_of(path: str) -> str:
    """Name of a file without folder and extensions.

    >>> stem_of("qm7/0001.xyz.gz")
    '0001'
    """
    name = os.path.basename(path)
    name = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    return os.path.splitext(name)[0]


def blocks(lines: Iterable[str], kind: Kind) -> Iterator[Block]:
    """The records of a text, in order, none of them parsed."""
    return xyz_blocks(lines) if kind == "xyz" else sdf_blocks(lines)


def xyz_blocks(lines: Iterable[str]) -> Iterator[Block]:
    r"""Cut xyz text by the announced numbers of atoms.

    A line that holds one whole number and is not a comment begins a record wherever it
    stands, because no line of an atom looks so. Lines beyond the announced ones spoil a
    record: the first of them is kept, for the parser to refuse. Only the three that the
    files of QM9 add (comment ``gdb …``) are dropped.

    >>> [text for _, text in xyz_blocks(["2\n", "\n", "H 0 0 0\n", "1\n", "\n", "He 0 0 0\n"])]
    ['2\n\nH 0 0 0\n', '1\n\nHe 0 0 0\n']
    """
    start, block, wanted = 0, list[str](), 0
    for number, line in enumerate(lines, start=1):
        count = line.strip()
        comes_comment = wanted > 0 and len(block) == 1
        if count.isdecimal() and not comes_comment:
            if block:
                yield start, "".join(block)
            start, block, wanted = number, [line], _lines_of(count)
        elif len(block) < wanted or (count and len(block) == wanted and not _is_qm9(block)):
            start = start if block else number
            block.append(line)
    if block:
        yield start, "".join(block)


def _lines_of(count: str) -> int:
    return 2 + int(count) if len(count) < 10 else 2


def _is_qm9(block: list[str]) -> bool:
    return len(block) > 1 and block[1].startswith("gdb ")


def sdf_blocks(lines: Iterable[str]) -> Iterator[Block]:
    r"""Cut mol or sdf text at the lines ``$$$$``.

    >>> list(sdf_blocks(["a\n", "$$$$\n", "b\n"]))
    [(1, 'a\n'), (3, 'b\n')]
    """
    start, block = 1, list[str]()
    for number, line in enumerate(lines, start=1):
        if line.startswith("$$$$"):
            if any(map(str.strip, block)):
                yield start, "".join(block)
            start, block = number + 1, []
        elif len(block) < _MOST_LINES:
            block.append(line)
    if any(map(str.strip, block)):
        yield start, "".join(block)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records that one worker analyses in one go.

    Attributes
    ----------
    number : int
        From 0.
    records : tuple of Record
    position : int, bytes
        How much of all files has been read at its end.
    """

    number: int
    records: tuple[Record, ...]
    position: int


def chunks(positioned: Iterable[tuple[Record, int]]) -> Iterator[Chunk]:
    """Cut a stream of records, each with the bytes read by then, always in the same way."""
    number, kept, text, position = 0, list[Record](), 0, 0
    for record, position in positioned:
        kept.append(record)
        text += len(record.text)
        if len(kept) == CHUNK_RECORDS or text >= CHUNK_TEXT:
            yield Chunk(number, tuple(kept), position)
            number, kept, text = number + 1, [], 0
    if kept:
        yield Chunk(number, tuple(kept), position)
