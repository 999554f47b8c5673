"""Where a checkpoint is: a file, the folder of a run, or the name of one that is shipped."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from .errors import CheckpointError

HOME: Final = Path(__file__).resolve().parents[1] / "checkpoints"
"""A folder for each shipped checkpoint, with its card."""
FILE: Final = "model.safetensors"


def shipped() -> tuple[str, ...]:
    """Names of the checkpoints that come with Spektron."""
    return tuple(sorted(path.parent.name for path in HOME.glob(f"*/{FILE}")))


def find_checkpoint(place: Path | str) -> Path:
    """The safetensors file that is meant.

    Parameters
    ----------
    place : path or str
        A file; a folder with ``model.safetensors``, as a finished run leaves it; or one of
        `shipped`.

    Raises
    ------
    CheckpointError
        If there is no such file.
    """
    path = Path(place)
    if path.is_file():
        return path
    if path.is_dir():
        if (path / FILE).is_file():
            return path / FILE
        raise CheckpointError(
            f"{path}: no {FILE} in this folder; it is there when a run is finished"
        )
    known = shipped()
    if str(place) in known:
        return HOME / str(place) / FILE
    names = f"; shipped checkpoints are {', '.join(known)}" if known else ""
    raise CheckpointError(f"{place}: no such checkpoint{names}")


def name_of(path: Path) -> str:
    """What a model file is called where it must be known again: by its content.

    The start of its SHA-256, behind the name of the checkpoint if it is shipped.
    """
    where = path.resolve().parent
    name = where.name if where.parent == HOME else "model"
    return f"{name} {sha256(path.read_bytes()).hexdigest()[:16]}"


def shipped_as(name: str) -> Path | None:
    """The file of a shipped checkpoint by what `name_of` calls it; None if it is another now."""
    paths = (HOME / each / FILE for each in shipped() if name.startswith(f"{each} "))
    return next((path for path in paths if name_of(path) == name), None)


def same_content(name: str, path: Path) -> bool:
    """Whether a name that `name_of` gave is that of this file, wherever it lay then."""
    return name.split()[-1:] == name_of(path).split()[-1:]
