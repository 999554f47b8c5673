"""What is inside tar and zip archives, as streams; damage raises an error instead of an end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, cast

ARCHIVES: tuple[str, ...] = (
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.xz",
    ".txz",
    ".tar.bz2",
    ".tbz2",
    ".zip",
)
"""Extensions of archives."""
DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,  # a zip member with a compression that Python lacks
    RuntimeError,  # a zip member with a password
)
"""What reading a damaged or locked file raises."""
Member = tuple[str, Callable[[], IO[bytes]]]
"""Name of a file in an archive, and how to open it; a member is read before the next."""


def is_archive(path: str) -> bool:
    """Whether the extension is that of an archive.

    >>> is_archive("qm7_xyz.tar.xz"), is_archive("qm7.xyz")
    (True, False)
    """
    return path.lower().endswith(ARCHIVES)


def members(path: str, file: IO[bytes]) -> Iterator[Member]:
    """The files in an archive, in their order."""
    if path.lower().endswith(".zip"):
        yield from _zip_members(file)
    else:
        yield from _tar_members(_unpacked(path.lower(), file))


def _zip_members(file: IO[bytes]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, lambda info=info: archive.open(info)  # type: ignore[misc]


def _tar_members(file: IO[bytes]) -> Iterator[Member]:
    stream = _Forward(file)
    with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:") as archive:
        while (info := archive.next()) is not None:
            if info.isreg():
                yield info.name, lambda info=info: _content(archive, info)  # type: ignore[misc]
            archive.members.clear()  # type: ignore[attr-defined]  # else all are remembered
    # At a damaged header tarfile stops as if all was well; a true end is a block of zeros.
    if len(stream.last) < tarfile.BLOCKSIZE or any(stream.last):
        raise tarfile.ReadError("cut short" if len(stream.last) < 512 else "broken header")


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    assert content is not None, "only directories and the like have no content"
    return content


def _unpacked(name: str, file: IO[bytes]) -> IO[bytes]:
    """The tar stream. That of tarfile itself would end in silence where it is cut short."""
    if name.endswith("gz"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if name.endswith("xz"):
        return cast(IO[bytes], lzma.LZMAFile(file))
    return cast(IO[bytes], bz2.BZ2File(file)) if name.endswith("bz2") else file


class _Forward(io.RawIOBase):
    """A stream that seeks by reading on, and remembers what was read last.

    It stands in for the stream mode of tarfile, whose members are no proper files.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.last = b""
        self.position = 0

    def read(self, size: int = -1) -> bytes:
        self.last = self.file.read(size)
        self.position += len(self.last)
        return self.last

    def tell(self) -> int:
        return self.position

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        while whence == os.SEEK_SET and self.position < offset:
            if not self.read(min(offset - self.position, 1 << 16)):
                break
        if whence != os.SEEK_SET or self.position != offset:
            raise tarfile.ReadError("cut short")
        return offset
