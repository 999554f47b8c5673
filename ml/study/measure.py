"""Queries: measurements of test molecules on instruments that no training has seen.

A query is fixed by the run's seed, the molecule's key, the number of the draw and the noise
level: whatever the input, the batch or the order, instrument and noise are the same. The two
channels have noise of their own; "ir twice" shows the infrared in both, so that its first
channel is that of "ir", and the noise of its second is that of the Raman channel of "both".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..broadening import Axis
from ..channels import Content
from ..instruments import Instrument, draw_instrument, generator, measure_table
from ..table import Float32, Int64, SpectraTable
from ..training import DataConfig
from .config import LARGEST_SEED

NOISE = 11
"""First counter of the random numbers of a query's noise."""
BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Where queries are measured.

    Attributes
    ----------
    table : SpectraTable
    axis : Axis
    data : DataConfig
        Line shape and the distribution of instruments.
    seed : int
        Of the run.
    noises : tuple of float
    """

    table: SpectraTable
    axis: Axis
    data: DataConfig
    seed: int
    noises: tuple[float, ...]

    def instrument(self, row: int, draw: int, level: int) -> Instrument:
        """The instrument of a query; its noise is that of the level."""
        seed = LARGEST_SEED + self.seed
        number = counter(self.table.texts["key"][row], draw, level)
        return replace(
            draw_instrument(self.data.instruments, seed, number), noise=self.noises[level]
        )

    def queries(self, rows: Sequence[int] | Int64, draw: int, level: int, given: str) -> Float32:
        """Measurements of molecules, (n, 2, points)."""
        content: Content = given  # type: ignore[assignment]  # names of inputs are contents
        keys = [counter(self.table.texts["key"][row], draw, level) for row in rows]
        return measure_table(
            self.table,
            np.asarray(rows, dtype=np.int64),
            self.axis,
            [self.instrument(int(row), draw, level) for row in rows],
            [generator(LARGEST_SEED + self.seed, NOISE, key) for key in keys],
            content=content,
            fwhm=self.data.fwhm,
            shape=self.data.shape,
        )


def counter(key: str, draw: int, level: int) -> int:
    """A number for a molecule, a draw and a level, below 2⁶⁴."""
    text = f"{key} {draw} {level}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def parts(rows: Int64, size: int = BATCH) -> Iterator[slice]:
    """Places of the rows, so many at a time."""
    return (slice(k, min(k + size, len(rows))) for k in range(0, len(rows), size))
