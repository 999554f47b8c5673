"""One measured spectrum with its own axis, and many of them put on one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ...errors import SpectraError
from .table import Float64, Kind, MoleculeSpectra, Source, check_axis

Phase = Literal["gas", "liquid", "solution", "solid", "unknown"]
Quantity = Literal["absorbance", "transmittance", "reflectance", "intensity", "cross section"]


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredSpectrum:
    """A measured spectrum and how it was measured.

    Attributes
    ----------
    id : str
        File, and name within it where a file holds several.
    title : str
    axis : (n_channels,) float64, cm⁻¹
        Strictly increasing.
    values : (n_channels,) float64
        Finite; transmittance and reflectance as fractions of one.
    kind : "ir" or "raman"
    quantity : str
        What ``values`` are; "intensity" where nothing is said.
    phase : "gas", "liquid", "solution", "solid" or "unknown"
    state : str
        What the file says of it, in full.
    cas : str or None
        CAS number, its check digit right.
    resolution : float or None, cm⁻¹
    saturated : int
        Channels without light, whose absorbance is a lower bound.
    source : Source

    Raises
    ------
    SpectraError
        If shapes differ, the axis does not increase, or a value is not finite.
    """

    id: str
    title: str
    axis: Float64
    values: Float64
    kind: Kind
    quantity: Quantity
    source: Source
    phase: Phase = "unknown"
    state: str = ""
    cas: str | None = None
    resolution: float | None = None
    saturated: int = 0

    def __post_init__(self) -> None:
        axis, values = (np.array(a, dtype=np.float64) for a in (self.axis, self.values))
        if axis.ndim != 1 or axis.shape != values.shape:
            raise SpectraError(f"{self.id}: {values.size} values for {axis.size} channels")
        check_axis(axis, self.id)
        if not np.isfinite(values).all():
            place = int(np.argmin(np.isfinite(values)))
            raise SpectraError(f"{self.id}: {values[place]} at {axis[place]:g} cm-1")
        for name, array in (("axis", axis), ("values", values)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)


def on_axis(spectra: Iterable[MeasuredSpectrum], axis: ArrayLike) -> MoleculeSpectra:
    """Measured spectra on one axis, by linear interpolation; nothing is extrapolated.

    A spectrum measured more finely than the axis is sampled, not averaged.

    Parameters
    ----------
    spectra : iterable of MeasuredSpectrum
        Of one kind and one quantity.
    axis : (n_channels,) array, cm⁻¹
        Inside the range of each.

    Returns
    -------
    MoleculeSpectra
        With the notes title, cas, phase, state, resolution and saturated.

    Raises
    ------
    SpectraError
        If a spectrum does not cover the axis, or they differ in kind or quantity.
    """
    wanted = np.array(axis, dtype=np.float64)
    check_axis(wanted, "axis")
    found = list(spectra)
    if not found:
        raise SpectraError("no spectra to put on one axis")
    first = found[0]
    for s in found:
        if (s.kind, s.quantity) != (first.kind, first.quantity):
            raise SpectraError(
                f"{s.id} is {s.kind} {s.quantity}, {first.id} is {first.kind} {first.quantity}; "
                "sort them first"
            )
        if wanted[0] < s.axis[0] or wanted[-1] > s.axis[-1]:
            raise SpectraError(
                f"{s.id} covers {s.axis[0]:g} to {s.axis[-1]:g} cm-1; channels from "
                f"{wanted[0]:g} to {wanted[-1]:g} would be extrapolated"
            )
    notes = {
        "title": tuple(s.title for s in found),
        "cas": tuple(s.cas or "" for s in found),
        "phase": tuple(str(s.phase) for s in found),
        "state": tuple(s.state for s in found),
        "resolution": tuple("" if s.resolution is None else f"{s.resolution:g}" for s in found),
        "saturated": tuple(str(s.saturated) for s in found),
    }
    return MoleculeSpectra(
        tuple(s.id for s in found),
        (None,) * len(found),
        wanted,
        np.array([np.interp(wanted, s.axis, s.values) for s in found], dtype=np.float32),
        first.kind,
        first.quantity,
        tuple(dict.fromkeys(s.source for s in found)),
        notes,
    )
