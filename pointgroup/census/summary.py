"""What a census found: distributions of groups and of R, for each tolerance."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import FileError
from ..parquet import require_pyarrow
from .parts import finished_manifest

_LIMITS = {"0.9–1": 9, "0.8–0.9": 8, "0.7–0.8": 7, "0.6–0.7": 6, "0.5–0.6": 5, "< 0.5": 0}
R_CLASSES: tuple[str, ...] = ("1", *_LIMITS)
"""Classes of R; the lower limit belongs to a class."""
MOST_KEPT = 1000
"""Bad records that are kept in full; the file has them all."""


@dataclass(frozen=True, slots=True)
class Share:
    """The molecules of a census under one tolerance.

    Attributes
    ----------
    tolerance : float or None, Å
        None where the noise was estimated.
    groups : dict of str to int
        Number of molecules of each group, the most frequent first.
    ratios : dict of Fraction or None to int
        Number of molecules with each R, from 1 downwards; None is a single atom.
    n_centrosymmetric : int
    """

    tolerance: float | None
    groups: dict[str, int]
    ratios: dict[Fraction | None, int]
    n_centrosymmetric: int

    @property
    def n_molecules(self) -> int:
        """Number of molecules; bad records are not among them."""
        return sum(self.groups.values())

    @property
    def n_vibrating(self) -> int:
        """Number of molecules that have an R: all but single atoms."""
        return self.n_molecules - self.ratios.get(None, 0)

    @property
    def n_complete(self) -> int:
        """Number of molecules with R = 1."""
        return self.ratios.get(Fraction(1), 0)

    def r_classes(self) -> dict[str, int]:
        """Number of molecules in each of `R_CLASSES`."""
        out = dict.fromkeys(R_CLASSES, 0)
        for ratio, n in self.ratios.items():
            if ratio is not None:
                out[r_class(ratio)] += n
        return out


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record or file that could not be used, and why.

    Attributes
    ----------
    source, error : str
    member : str or None
    record : int
    """

    source: str
    member: str | None
    record: int
    error: str

    def __str__(self) -> str:
        member = f", {self.member}" if self.member else ""
        return f"{self.source}{member}, record {self.record}: {self.error}"


@dataclass(frozen=True, slots=True)
class Census:
    """A finished census.

    Attributes
    ----------
    path : Path
        The parquet file with a row per molecule and tolerance.
    shares : tuple of Share
        By tolerance, in the order asked for.
    n_bad : int
        Number of records that could not be used.
    bad : tuple of BadRecord
        The first of them.
    """

    path: Path
    shares: tuple[Share, ...]
    n_bad: int
    bad: tuple[BadRecord, ...]


def r_class(ratio: Fraction) -> str:
    """The class of an R.

    >>> r_class(Fraction(1)), r_class(Fraction(9, 10)), r_class(Fraction(9, 29))
    ('1', '0.9–1', '< 0.5')
    """
    if ratio == 1:
        return "1"
    return next(name for name, tenths in _LIMITS.items() if 10 * ratio >= tenths)


def read_census(path: str | os.PathLike[str]) -> Census:
    """The distributions in a finished census; the file is read as a stream.

    Raises
    ------
    FileError
        If the file is not the output of a census.
    """
    require_pyarrow("a census")
    manifest = finished_manifest(Path(path))
    if manifest is None:
        raise FileError(f"{os.fspath(path)}: not a finished census")
    counted: Counter[tuple[Any, ...]] = Counter()
    bad: dict[tuple[str, int], BadRecord] = {}
    n_bad: Counter[float | None] = Counter()
    for table in _tables(Path(path)):
        counted.update(_counted(table))
        for row in _bad_rows(table):
            n_bad[row["tolerance"]] += 1
            if len(bad) < MOST_KEPT:
                found = BadRecord(row["source"], row["member"], row["record"], row["error"])
                bad.setdefault((found.source, found.record), found)
    shares = tuple(_share(tolerance, counted) for tolerance in manifest.tolerances)
    return Census(Path(path), shares, max(n_bad.values(), default=0), tuple(bad.values()))


_KEY = ["tolerance", "group", "R_numerator", "R_denominator", "centrosymmetric"]


def _tables(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        columns = [*_KEY, "source", "member", "record", "error"]
        for batch in file.iter_batches(columns=columns):
            yield pa.Table.from_batches([batch])


def _counted(table: Any) -> dict[tuple[Any, ...], int]:
    """Number of rows for each tuple of `_KEY`."""
    good = table.filter(table["error"].is_null())
    rows = good.group_by(_KEY).aggregate([([], "count_all")]).to_pylist()
    return {tuple(row[name] for name in _KEY): row["count_all"] for row in rows}


def _bad_rows(table: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(table["error"].is_valid()).to_pylist()
    return rows


def _share(tolerance: float | None, counted: Counter[tuple[Any, ...]]) -> Share:
    groups: Counter[str] = Counter()
    ratios: Counter[Fraction | None] = Counter()
    centrosymmetric = 0
    for (its, group, numerator, denominator, has_inversion), n in counted.items():
        if its == tolerance:
            groups[group] += n
            ratios[Fraction(numerator, denominator) if denominator else None] += n
            centrosymmetric += n if has_inversion else 0
    by_number = sorted(groups.items(), key=lambda item: (-item[1], item[0]))
    by_ratio = sorted(ratios.items(), key=lambda item: 2 if item[0] is None else -item[0])
    return Share(tolerance, dict(by_number), dict(by_ratio), centrosymmetric)
