"""A folder of results, each found by a key that says all it depends on.

A record is one small file: a line with the format and the SHA-256 of the rest, then compressed
JSON in which arrays stand as the bytes of little-endian numbers. It is written under another name
and renamed, so that a reader, another process or the next session sees it whole or not at all;
processes that write the same key write the same result, and the last one stays.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ...pointgroup.errors import FileError
from ..level import Level

FORMAT = 1
"""Of the records; a store of a later one is refused."""
DECIMALS = 5
"""Å; geometries that agree to so many decimals are the same."""
_HEAD = "store.json"
_DAMAGED = "damaged"
_SUFFIX = ".record"

Array = NDArray[Any]


class StoreError(FileError):
    """A store, or a record of it, that cannot be read or written."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What is kept of one molecule.

    Attributes
    ----------
    kind : "result" or "failure"
    facts : mapping
        Plain JSON values.
    arrays : mapping from name to array
        Numbers of any shape; empty for failures.
    """

    kind: Literal["result", "failure"]
    facts: Mapping[str, Any]
    arrays: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Damage:
    """A record that cannot be used.

    Attributes
    ----------
    key : str
    reason : str
        In one line.
    moved_to : Path
        Where it lies now.
    """

    key: str
    reason: str
    moved_to: Path


def key_of(
    molecule: Molecule,
    level: Level,
    settings: Mapping[str, Any],
    programs: Mapping[str, str],
) -> str:
    """The key of a calculation, 40 hexadecimal digits.

    Parameters
    ----------
    molecule : Molecule
        Atoms in their order, isotopes, charge, multiplicity, and positions about their centroid
        to 1e-5 Å. Turned or renumbered geometries are other calculations.
    level : Level
    settings : mapping
        What else decides the result, as plain JSON values.
    programs : mapping from name to version
        Programs that compute.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> water, level = example("water"), Level("gfn2-xtb")
    >>> moved = water.with_positions(water.positions + 1.5)
    >>> key_of(water, level, {}, {"tblite": "0.4"}) == key_of(moved, level, {}, {"tblite": "0.4"})
    True
    >>> key_of(water, level, {}, {"tblite": "0.4"}) == key_of(water, level, {}, {"tblite": "0.5"})
    False
    """
    centred = molecule.positions - molecule.positions.mean(axis=0)
    rounded = (np.round(centred * 10**DECIMALS)).astype(np.int64)
    said = {
        "format": FORMAT,
        "symbols": list(molecule.symbols),
        "positions": rounded.tolist(),
        "masses": [round(float(m), 6) for m in molecule.masses],
        "charge": molecule.charge,
        "multiplicity": molecule.multiplicity,
        "level": level.to_json(),
        "settings": dict(settings),
        "programs": dict(programs),
    }
    text = json.dumps(said, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


class ResultStore:
    """Records on disk, safe for many processes at once.

    Parameters
    ----------
    folder : path
        Made if it is not there.

    Raises
    ------
    StoreError
        If the folder cannot be made, holds something else, or was written by a later version.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        head = self.folder / _HEAD
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            others = [p for p in self.folder.iterdir() if not p.name.startswith(".")]
            if not others:
                _write(head, json.dumps({"format": FORMAT}).encode() + b"\n")
            text = head.read_text(encoding="utf-8") if head.exists() else None
        except OSError as error:
            raise StoreError(f"{self.folder}: cannot be a result store: {_why(error)}") from None
        if text is None:
            raise StoreError(
                f"{self.folder}: no result store (no {_HEAD}) and not empty; name a new folder"
            )
        try:
            found = json.loads(text)["format"]
        except (ValueError, KeyError, TypeError):
            raise StoreError(
                f'{head}: damaged; restore its one line, {{"format": {FORMAT}}}'
            ) from None
        if found != FORMAT:
            raise StoreError(
                f"{self.folder}: written in format {found}, this version reads {FORMAT}; "
                "use a later version of Spektron"
            )

    def path(self, key: str) -> Path:
        """Where the record of a key lies."""
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    def __contains__(self, key: str) -> bool:
        return self.path(key).exists()

    def __iter__(self) -> Iterator[str]:
        """Keys of all records, sorted."""
        for path in sorted(self.folder.glob(f"[0-9a-f][0-9a-f]/*{_SUFFIX}")):
            yield path.name.removesuffix(_SUFFIX)

    def load(self, key: str) -> Record | None:
        """The record of a key; None if there is none.

        Raises
        ------
        StoreError
            If it is damaged; see `check`.
        """
        path = self.path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {_why(error)}") from None
        try:
            return _decoded(key, content)
        except _Broken as broken:
            raise StoreError(f"{path}: {broken}; check the store to set it aside") from None

    def save(self, key: str, record: Record) -> None:
        """Keep a record, whole or not at all.

        Raises
        ------
        StoreError
            If the disk is full or the folder cannot be written.
        """
        path = self.path(key)
        try:
            path.parent.mkdir(exist_ok=True)
            _write(path, _encoded(key, record))
        except OSError as error:
            raise StoreError(f"{path}: cannot be written: {_why(error)}") from None

    def check(self) -> list[Damage]:
        """Read every record; move those that are damaged out of the way.

        Their keys count as missing afterwards, so that the same batch computes only them anew.
        """
        out = []
        for key in list(self):
            path = self.path(key)
            try:
                _decoded(key, path.read_bytes())
            except (_Broken, OSError) as broken:
                aside = self.folder / _DAMAGED / path.name
                aside.parent.mkdir(exist_ok=True)
                os.replace(path, aside)
                reason = _why(broken) if isinstance(broken, OSError) else str(broken)
                out.append(Damage(key, reason, aside))
        return out


class _Broken(ValueError):
    """What is wrong with the bytes of a record."""


def _encoded(key: str, record: Record) -> bytes:
    said = {
        "key": key,
        "kind": record.kind,
        "facts": dict(record.facts),
        "arrays": {name: _array_json(np.asarray(a)) for name, a in record.arrays.items()},
    }
    body = zlib.compress(json.dumps(said, sort_keys=True, allow_nan=False).encode(), 9)
    return f"spektron-record {FORMAT} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def _array_json(array: Array) -> dict[str, Any]:
    plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    if plain.dtype.kind not in "fiub":
        raise TypeError(f"array of {array.dtype}: only numbers can be kept")
    data = base64.b64encode(plain.tobytes()).decode()
    return {"dtype": plain.dtype.str, "shape": list(array.shape), "data": data}


def _decoded(key: str, content: bytes) -> Record:
    head, _, body = content.partition(b"\n")
    words = head.split()
    if len(words) != 3 or words[0] != b"spektron-record":
        raise _Broken("no record of a result store")
    if words[1] != str(FORMAT).encode():
        raise _Broken(f"record of format {words[1].decode(errors='replace')}, not {FORMAT}")
    if hashlib.sha256(body).hexdigest().encode() != words[2]:
        raise _Broken(f"damaged: {len(body)} bytes do not match their checksum")
    said = json.loads(zlib.decompress(body))
    if said["key"] != key:
        raise _Broken(f"record of {said['key']} under another name")
    arrays = {
        name: np.frombuffer(base64.b64decode(a["data"]), dtype=a["dtype"]).reshape(a["shape"])
        for name, a in said["arrays"].items()
    }
    return Record(said["kind"], said["facts"], arrays)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, also if the machine stops."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; make room, the same command continues"
    return error.strerror or str(error)
