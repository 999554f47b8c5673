"""Where spectra come from, and the batches of a training step.

A batch depends on the seed and the number of the step only, so that a run that was killed goes
on with exactly the batches it would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..broadening import Axis, curves
from ..channels import select, strongest_is_one
from ..instruments import Instrument, generator, measure_curves, measure_table
from ..model.errors import ConfigError
from ..table import Float32, Int64, SpectraTable
from .config import DataConfig

ORDER, VIEWS, TEST, PANEL = 1, 2, 3, 4
"""Counter of random numbers: order of samples, their views, validation, erasure."""


class Source(Protocol):
    """Samples that instruments can be pointed at."""

    def __len__(self) -> int: ...

    def clean(self, rows: Int64) -> Float32:
        """Spectra without any instrument, (n, channels, points), strongest point 1."""

    def measured(
        self,
        rows: Int64,
        instruments: Sequence[Instrument],
        draws: Sequence[np.random.Generator],
    ) -> Float32:
        """Spectra as instruments show them, (n, channels, points), strongest point 1."""


@dataclass(frozen=True, slots=True, eq=False)
class TableSource:
    """Computed lines, broadened when they are needed."""

    table: SpectraTable
    axis: Axis
    data: DataConfig
    channels: int = 2

    def __len__(self) -> int:
        return len(self.table)

    def clean(self, rows: Int64) -> Float32:
        """Broadened lines."""
        lines, strengths = self.table.strengths(rows)
        both = curves(lines, strengths, self.axis, fwhm=self.data.fwhm, shape=self.data.shape)
        return strongest_is_one(select(both, self.data.content, self.channels))

    def measured(
        self,
        rows: Int64,
        instruments: Sequence[Instrument],
        draws: Sequence[np.random.Generator],
    ) -> Float32:
        """Broadened lines through instruments."""
        return measure_table(
            self.table,
            rows,
            self.axis,
            instruments,
            draws,
            content=self.data.content,
            n_channels=self.channels,
            fwhm=self.data.fwhm,
            shape=self.data.shape,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CurveSource:
    """Spectra that exist as curves on the model's axis; see `inputs.on_axis`.

    Attributes
    ----------
    spectra : (n, channels, points) float32
        The strongest point of each channel 1.
    axis : Axis
    raman : tuple of bool
        Which channels are Raman spectra.
    """

    spectra: Float32
    axis: Axis
    raman: tuple[bool, ...] = (False, True)

    def __len__(self) -> int:
        return len(self.spectra)

    def clean(self, rows: Int64) -> Float32:
        """The spectra as they are."""
        return self.spectra[rows]

    def measured(
        self,
        rows: Int64,
        instruments: Sequence[Instrument],
        draws: Sequence[np.random.Generator],
    ) -> Float32:
        """The spectra through further instruments."""
        return measure_curves(self.spectra[rows], self.axis, instruments, draws, raman=self.raman)


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Spectra of one training step.

    Attributes
    ----------
    rows : (n,) int64
        Of the source; the same molecules once per view, view after view.
    spectra : (n, channels, points) float32
    instruments : (n,) int64
    mask : (n, tokens) bool
        Hidden tokens; none in the second view.
    clean : (n, channels, points) float32 or None
    """

    rows: Int64
    spectra: Float32
    instruments: Int64
    mask: NDArray[np.bool_]
    clean: Float32 | None = None


def rows_of_step(rows: Int64, step: int, batch: int, seed: int) -> tuple[Int64, int]:
    """Samples of a step (from 0) and its epoch; each epoch has an order of its own.

    What is left at the end of an epoch, less than a batch, is left out of it.
    """
    per_epoch = len(rows) // batch
    epoch, place = divmod(step, per_epoch)
    order = generator(seed, ORDER, epoch).permutation(len(rows))
    return rows[order[place * batch : (place + 1) * batch]], epoch


def two_views(
    source: Source,
    rows: Int64,
    instruments: Sequence[Instrument],
    *,
    seed: int,
    epoch: int,
    tokens: int,
    mask: float,
    span: int,
    clean: bool = False,
) -> Views:
    """Each sample on two different instruments, with hidden tokens in the first view."""
    draws = [generator(seed, VIEWS, int(row), epoch) for row in rows]
    n = len(instruments)
    first = np.array([draw.integers(n) for draw in draws])
    second = (first + 1 + np.array([draw.integers(n - 1) for draw in draws])) % n
    hidden = np.stack([hidden_tokens(draw, tokens, mask, span) for draw in draws])
    both, which = np.concatenate([rows, rows]), np.concatenate([first, second])
    spectra = source.measured(both, [instruments[i] for i in which], draws + draws)
    known = source.clean(rows) if clean else None
    masks = np.concatenate([hidden, np.zeros_like(hidden)])
    return Views(both, spectra, which, masks, known if known is None else np.tile(known, (2, 1, 1)))


def hidden_tokens(
    draw: np.random.Generator, tokens: int, share: float, span: int
) -> NDArray[np.bool_]:
    """Tokens to hide, (tokens,) bool: whole spans, as many as come nearest to the share.

    Raises
    ------
    ConfigError
        If one span is all there is, so that nothing would be left to be seen.
    """
    if span >= tokens:
        raise ConfigError(
            f"a span of {span} hides all {tokens} tokens; give a shorter span or more tokens"
        )
    blocks = -(-tokens // span)
    count = min(max(1, round(share * blocks)), blocks - 1)
    chosen = np.zeros(blocks, dtype=bool)
    chosen[np.argpartition(draw.random(blocks), count - 1)[:count]] = True
    return np.repeat(chosen, span)[:tokens]
