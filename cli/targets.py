"""Where results go: files and folders, looked at before any work is done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def file_name(name: str) -> str:
    """A name that is safe as the name of a file or folder.

    >>> file_name("H2O / liquid"), file_name("...")
    ('H2O___liquid', 'molecule')
    """
    plain = "".join(c if c.isalnum() or c in "-_+." else "_" for c in name).strip("._")
    return plain[:80] or "molecule"


def checked_file(path: Path) -> Path:
    """A path that a file can be written to.

    Raises
    ------
    FileError
        If it is a folder, or lies in one that is not there or cannot be written to.
    """
    from ..pointgroup.errors import FileError

    if not path.parent.is_dir():
        raise FileError(
            f"{path}: cannot be written: there is no folder {path.parent}; make it first"
        )
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise FileError(f"{path}: cannot be written; choose a file in a folder that can")
    return path


def checked_folder(path: Path) -> Path:
    """A folder for results, made if it is not there.

    Raises
    ------
    FileError
        If it cannot be made, or not be written to.
    """
    from ..pointgroup.errors import FileError

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{path}: cannot be made a folder: {error.strerror or error}; choose another"
        ) from None
    if not os.access(path, os.W_OK):
        raise FileError(f"{path}: cannot be written to; choose another folder")
    return path


@contextmanager
def empty_folder_removed(folder: Path) -> Iterator[None]:
    """Where the work within fails before anything is kept, leave no empty folder."""
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it is not empty
            folder.rmdir()
        raise
