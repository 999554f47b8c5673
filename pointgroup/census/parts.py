"""Rows on disk: finished chunks beside the output, and the output made of them.

``OUT.parts/`` holds ``manifest.json`` and a parquet file per finished chunk. Every file
appears whole or not at all, so that an interruption at any moment costs only the chunks in
work. At the end the parts are merged into OUT, which carries the manifest as metadata, and
removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..errors import FileError
from ..writing import hold
from .manifest import Manifest
from .rows import COLUMNS, Row

METADATA = b"spektron.census"
"""Key of the manifest among the metadata of the output."""
_GROUP_ROWS = 50_000


class Parts:
    """The folder of finished chunks of one census, held by one process at a time."""

    def __init__(self, out: Path, manifest: Manifest) -> None:
        self.out = out
        self.folder = out.with_name(out.name + ".parts")
        self.manifest = manifest

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder, or take up that of an interrupted census.

        Raises
        ------
        FileError
            If it cannot be written, belongs to another census, or is in use.
        """
        new = not self.folder.exists()
        try:
            with self._writing(self.folder):
                self.folder.mkdir(exist_ok=True)
                lock = open(self.folder / "lock", "a")  # noqa: SIM115 (held until the end)
            with lock:
                hold(lock, FileError(f"{self.folder}: another process is at work on this census"))
                self._claim()
                yield
        finally:
            if new and not self.done():
                self.remove()

    def _claim(self) -> None:
        file = self.folder / "manifest.json"
        if file.exists():
            self._compare(file)
        elif self.done():
            raise FileError(f"{self.folder}: parts without a manifest; remove this folder")
        else:
            self._write(file, lambda to: to.write(self.manifest.to_json().encode()))

    def _compare(self, file: Path) -> None:
        try:
            difference = Manifest.from_json(file.read_text("utf-8")).difference(self.manifest)
        except (OSError, ValueError):
            difference = "its manifest cannot be read"
        if difference:
            raise FileError(
                f"{self.folder} holds an unfinished census that is not this one: {difference}. "
                "Repeat its command to finish it, name another --out, or remove that folder"
            )

    def done(self) -> set[int]:
        """Numbers of the finished chunks."""
        return {int(file.stem) for file in self.folder.glob("[0-9]*.parquet")}

    def count(self, chunk: int) -> int:
        """Number of rows of a finished chunk."""
        import pyarrow.parquet as pq

        return int(pq.read_metadata(self._part(chunk)).num_rows)

    def save(self, chunk: int, rows: Sequence[Row]) -> None:
        """Write the rows of a finished chunk.

        Raises
        ------
        FileError
            If that fails, for instance because the disk is full.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pylist(rows, schema=_schema())
        self._write(self._part(chunk), lambda to: pq.write_table(table, to))

    def merge(self) -> None:
        """Put the parts together as OUT, a few at a time, and remove them.

        Raises
        ------
        FileError
            If OUT cannot be written.
        """
        self._write(self.out, self._merge_into, temporary=self.folder / "merged.tmp")
        self.remove()

    def _merge_into(self, file: IO[bytes]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = _schema().with_metadata({METADATA: self.manifest.to_json().encode()})
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            waiting: list[Any] = []
            for chunk in sorted(self.done()):
                waiting.append(pq.read_table(self._part(chunk)).replace_schema_metadata())
                if sum(map(len, waiting)) >= _GROUP_ROWS:
                    writer.write_table(pa.concat_tables(waiting).cast(schema))
                    waiting.clear()
            if waiting:
                writer.write_table(pa.concat_tables(waiting).cast(schema))

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _part(self, chunk: int) -> Path:
        return self.folder / f"{chunk:06d}.parquet"

    def _write(
        self, path: Path, write: Callable[[IO[bytes]], object], temporary: Path | None = None
    ) -> None:
        temporary = temporary or path.with_name(f"{path.name}.tmp")
        with self._writing(path):
            with temporary.open("wb") as file:
                write(file)
            temporary.replace(path)

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{path}: cannot be written: {error.strerror or error}") from None


def finished_manifest(out: Path) -> Manifest | None:
    """The manifest of a finished census; None if the file is none, or is not there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with suppress(OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return Manifest.from_json(pq.read_schema(out).metadata[METADATA].decode())
    return None


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([(name, kind) for name, kind in COLUMNS.items()])
