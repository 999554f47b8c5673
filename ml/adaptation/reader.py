"""Spectra as the network sees them, and as simulated instruments would show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..broadening import Axis
from ..errors import SpectraError
from ..instruments import Instrument, measure_curves
from ..spectra import Array
from ..table import Float32, Int64
from ..transfer.localmap import LocalMap
from ..transfer.pretreatment import Pretreatment

SCALE = 0.1
"""Root mean square of what the network sees; its tokenizer multiplies by ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Pretreated, less the master's mean, in one scale, resampled.

    Attributes
    ----------
    pretreatment : Pretreatment
    channels : int
        Of the spectra.
    centre : (p,) array
        Mean of the pretreated master spectra.
    spread : float
        Their root mean square about it.
    axis : Axis
        That of the network: channel numbers, resampled.
    local : LocalMap or None
        From pretreated target spectra to pretreated master spectra.
    """

    pretreatment: Pretreatment
    channels: int
    centre: Array
    spread: float
    axis: Axis
    local: LocalMap | None = None

    @classmethod
    def of(cls, master: Array, pretreatment: Pretreatment, stride: int, most: int) -> Reader:
        """A reader that knows the master's spectra.

        Parameters
        ----------
        master : (n, p) array
        pretreatment : Pretreatment
        stride : int
            Points per token.
        most : int
            Points of the axis, at most as many as there are channels; upwards to a multiple of
            the stride.

        Raises
        ------
        SpectraError
            If there are fewer channels than two tokens, or the spectra do not differ.
        """
        rows, channels = pretreatment(master), master.shape[1]
        if channels < 2 * stride:
            raise SpectraError(
                f"{channels} channels; a network with {stride} points per token needs "
                f"{2 * stride} or more: use a smaller stride"
            )
        centre = rows.mean(axis=0)
        spread = float(np.sqrt(((rows - centre) ** 2).mean()))
        if not spread > 0:
            raise SpectraError(f"{len(master)} master spectra without any difference")
        points = -(-min(most, rows.shape[1]) // stride) * stride
        axis = Axis(0.0, float(rows.shape[1] - 1), points)
        return cls(pretreatment, channels, centre, spread, axis)

    def __call__(self, spectra: Array) -> Float32:
        """Spectra of shape (n, p) as (n, 1, points).

        Raises
        ------
        SpectraError
            If they have another number of channels.
        """
        given = np.atleast_2d(np.asarray(spectra, dtype=float))
        if given.shape[1] != self.channels:
            raise SpectraError(
                f"spectra of {given.shape[1]} channels for a calibration on {self.channels}"
            )
        if not len(given):
            return np.zeros((0, 1, self.axis.points), dtype=np.float32)
        rows = self.pretreatment(given)
        if self.local is not None:
            rows = self.local(rows)
        return self.placed((rows - self.centre) * (SCALE / self.spread))

    def placed(self, rows: Array) -> Float32:
        """Rows on the network's axis, (n, 1, points)."""
        x, own = self.axis.wavenumbers, np.arange(rows.shape[1], dtype=float)
        out = np.array([np.interp(x, own, row) for row in rows], dtype=np.float32)
        return out[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class MasterSource:
    """The master's spectra as a source of training batches; see `training.sources.Source`.

    Instruments act on the measured spectra, before any pretreatment, as real ones do.

    Attributes
    ----------
    spectra : (n, p) array
    reader : Reader
    """

    spectra: Array
    reader: Reader

    def __len__(self) -> int:
        return len(self.spectra)

    def clean(self, rows: Int64) -> Float32:
        """The spectra as they are, (n, 1, points)."""
        return self.reader(self.spectra[rows])

    def measured(
        self, rows: Int64, instruments: Sequence[Instrument], draws: Sequence[np.random.Generator]
    ) -> Float32:
        """The spectra as further instruments would show them, (n, 1, points)."""
        return self.reader(simulated(self.spectra[rows], instruments, draws))


def simulated(
    spectra: Array, instruments: Sequence[Instrument], draws: Sequence[np.random.Generator]
) -> Array:
    """Spectra (n, p) through simulated instruments, in their own unit.

    `measure_curves` makes the strongest point 1, before and after; both are undone, up to the
    gain, which a near infrared spectrum has none of.
    """
    axis = Axis(0.0, float(spectra.shape[1] - 1), spectra.shape[1])
    height = np.abs(spectra).max(axis=1, keepdims=True)
    curves = np.asarray(spectra[:, None], dtype=np.float32)
    shown = measure_curves(curves, axis, instruments, draws, raman=(False,))[:, 0]
    out: Array = shown.astype(float) * height
    return out
