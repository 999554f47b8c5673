"""What a census is a census of: by it an unfinished one is recognised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .records import CHUNK_RECORDS, CHUNK_TEXT
from .sources import Source

LAYOUT = 1
"""Number of the layout of parts and columns."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that decides the rows of a census.

    Attributes
    ----------
    sources : tuple of Source
    tolerances : tuple of float or None, Å
        None for an estimated one.
    version : str
        Of Spektron.
    layout : tuple of int
        Number of the layout, and the limits of a chunk.
    """

    sources: tuple[Source, ...]
    tolerances: tuple[float | None, ...]
    version: str
    layout: tuple[int, ...] = (LAYOUT, CHUNK_RECORDS, CHUNK_TEXT)

    @classmethod
    def of(cls, sources: Sequence[Source], tolerances: Sequence[float | None]) -> Manifest:
        """The manifest of a census by this version of Spektron."""
        return cls(tuple(sources), tuple(tolerances), _version())

    def to_json(self) -> str:
        """Text that `from_json` reads back."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest that was written as text.

        Raises
        ------
        ValueError
            If the text is none.
        """
        try:
            values = json.loads(text)
            sources = tuple(Source(**source) for source in values["sources"])
            tolerances, layout = tuple(values["tolerances"]), tuple(values["layout"])
            return cls(sources, tolerances, values["version"], layout)
        except (TypeError, KeyError) as error:
            raise ValueError(f"no manifest: {error!r}") from None

    def difference(self, other: Manifest) -> str:
        """How another census differs from this one, for people; empty if it does not."""
        parts = []
        if self.tolerances != other.tolerances:
            ours, theirs = tolerance_text(self.tolerances), tolerance_text(other.tolerances)
            parts.append(f"tolerance {theirs} instead of {ours}")
        parts += _files_difference(self.sources, other.sources)
        if self.version != other.version:
            parts.append(f"Spektron {other.version} instead of {self.version}")
        if not parts and self != other:
            parts.append("another layout of the parts")
        return ", ".join(parts)


def tolerance_text(tolerances: Sequence[float | None]) -> str:
    """Tolerances as they are typed.

    >>> tolerance_text([None, 0.01])
    'auto, 0.01 Å'
    """
    return ", ".join("auto" if t is None else f"{t:g} Å" for t in tolerances)


def _files_difference(ours: Sequence[Source], theirs: Sequence[Source]) -> list[str]:
    """The first file that differs, and in what."""
    if ours == theirs:
        return []
    known = {source.path: source for source in ours}
    for source in theirs:
        if source.path not in known:
            return [f"{source.path} is new"]
        if known[source.path] != source:
            return [f"{source.path} has changed"]
    gone = known.keys() - {source.path for source in theirs}
    return [f"{min(gone)} is missing"] if gone else ["another order of the files"]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("spektron")
    except PackageNotFoundError:  # run from the sources
        return "unknown"
