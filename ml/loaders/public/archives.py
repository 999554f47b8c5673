"""What a zip file raises that is none, was cut, or is packed in an unknown way."""

from __future__ import annotations

import lzma
import zipfile
import zlib

DAMAGED_ZIP: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # encrypted, or a method that this Python lacks
)
