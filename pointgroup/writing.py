"""Files that appear whole or not at all, and files that one process holds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from .errors import FileError

_PAUSE: Final = 0.05
"""s; between two attempts to lock."""


@contextmanager
def whole_file(path: str | os.PathLike[str], error: type[Exception] = FileError) -> Iterator[Path]:
    """A draft beside a file, which takes its place when the block ends without an exception.

    Whatever happens, also a stop of the machine, the path holds what was there before or all of
    the new content, and no draft is left by a process that lives.

    Parameters
    ----------
    path : path
    error : exception class
        Raised in place of an OSError, with one line that names the path.

    Yields
    ------
    Path
        The draft, to be written by the block.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as draft:
    ...         _ = draft.write_text("new")
    ...     [(p.name, p.read_text()) for p in Path(folder).iterdir()]
    [('a.txt', 'new')]
    """
    path = Path(path)
    # In the same folder, because a rename across file systems is not atomic.
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as problem:
        raise error(f"{path}: cannot be written: {problem.strerror or problem}") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def hold(file: IO[Any], busy: Exception, *, patience: float = 0.0) -> None:
    """Lock an open file for this process; the lock ends with the process, however it ends.

    Where the system or the file system has no such locks there is none.

    Parameters
    ----------
    file : open file
    busy : exception
        Raised if another process holds it.
    patience : float, s
        How long to wait for a process that may be about to end.
    """
    try:
        import fcntl
    except ImportError:
        return
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise busy from None
            time.sleep(_PAUSE)
        except OSError:
            if os.name != "posix":
                raise
            return
        else:
            return
