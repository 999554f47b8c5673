"""Measured spectra as values: one instrument, and the same samples on several instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import SpectraError

Array: TypeAlias = NDArray[np.float64]
Unit = Literal["nm", "cm-1"]
UNITS: tuple[Unit, ...] = ("nm", "cm-1")
NM_PER_CM = 1e7
"""Wavelength in nm times wavenumber in cm⁻¹."""


def frozen(values: ArrayLike) -> Array:
    """A read-only copy as floating-point numbers."""
    out = np.array(values, dtype=float)
    out.flags.writeable = False
    return out


@dataclass(frozen=True, slots=True, eq=False)
class SpectralSet:
    """Spectra of some samples on one instrument.

    Attributes
    ----------
    spectra : (n_samples, n_channels) array
        Read-only; absorbance or whatever the instrument gives.
    axis : (n_channels,) array
        Wavelengths in nm or wavenumbers in cm⁻¹, strictly increasing or decreasing.
    unit : "nm" or "cm-1"
    instrument : str
    samples : tuple of str

    Raises
    ------
    SpectraError
        If shapes do not fit, a value is missing or infinite, a spectrum is constant, the axis
        is not monotonic, or a sample occurs twice.
    """

    spectra: Array
    axis: Array
    unit: Unit
    instrument: str
    samples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        spectra, axis = frozen(self.spectra), frozen(self.axis)
        object.__setattr__(self, "spectra", spectra)
        object.__setattr__(self, "axis", axis)
        if spectra.ndim != 2 or spectra.shape[1:] != axis.shape or not spectra.size:
            raise SpectraError(
                f"{self.instrument}: spectra of shape {spectra.shape} do not fit an axis of "
                f"shape {axis.shape}; one row per sample, one column per channel"
            )
        samples = tuple(map(str, self.samples)) or numbered(len(spectra))
        object.__setattr__(self, "samples", samples)
        _check_axis(axis, self.unit, self.instrument)
        _check_samples(samples, len(spectra), self.instrument)
        _check_spectra(self)

    @property
    def n_samples(self) -> int:
        """Number of spectra."""
        return len(self.spectra)


def numbered(n: int) -> tuple[str, ...]:
    """Names for samples that have none.

    >>> numbered(3)
    ('1', '2', '3')
    """
    return tuple(str(k + 1) for k in range(n))


def _check_axis(axis: Array, unit: str, instrument: str) -> None:
    if unit not in UNITS:
        raise SpectraError(f"{instrument}: unit {unit!r} of the axis; use nm or cm-1")
    steps = np.diff(axis)
    if not np.isfinite(axis).all() or not ((steps > 0).all() or (steps < 0).all()):
        place = int(np.argmax(~np.isfinite(axis))) if not np.isfinite(axis).all() else _turn(steps)
        raise SpectraError(
            f"{instrument}: the axis does not run one way at channel {place + 1} "
            f"({axis[place]:g}); sort the channels and remove doubles"
        )


def _turn(steps: Array) -> int:
    """Where an axis stands still or turns back."""
    return int(np.argmax(np.sign(steps) != np.sign(steps[0] or 1.0))) + 1


def _check_samples(samples: Sequence[str], n: int, instrument: str) -> None:
    if len(samples) != n:
        raise SpectraError(f"{instrument}: {len(samples)} sample names for {n} spectra")
    if len(set(samples)) != n:
        double = next(s for s in samples if samples.count(s) > 1)
        raise SpectraError(f"{instrument}: sample {double} occurs twice; average its spectra")


def _check_spectra(group: SpectralSet) -> None:
    bad = ~np.isfinite(group.spectra)
    if bad.any():
        row, column = map(int, np.argwhere(bad)[0])
        raise SpectraError(
            f"{group.instrument}: {int(bad.sum())} values are missing or not finite, the first in "
            f"sample {group.samples[row]} at {group.axis[column]:g} {group.unit}; "
            "remove the samples or fill the gaps"
        )
    flat = np.flatnonzero(np.ptp(group.spectra, axis=1) == 0)
    if flat.size and group.spectra.shape[1] > 1:
        raise SpectraError(
            f"{group.instrument}: the spectrum of sample {group.samples[flat[0]]} is constant "
            f"({group.spectra[flat[0], 0]:g} at every channel); remove the sample"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """The same samples measured on several instruments, with reference values.

    Attributes
    ----------
    name : str
    instruments : mapping of str to SpectralSet
        All with the same samples in the same order.
    properties : mapping of str to (n_samples,) array
        Reference values; NaN where one is missing.
    groups : tuple of str
        What the source says of each sample ("Train", "Test" …); may be empty. Not used for
        splitting.

    Raises
    ------
    SpectraError
        If there is no instrument, samples differ between instruments, or a property has
        another number of values.
    """

    name: str
    instruments: Mapping[str, SpectralSet]
    properties: Mapping[str, Array]
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        properties = {name: frozen(values) for name, values in self.properties.items()}
        object.__setattr__(self, "instruments", MappingProxyType(dict(self.instruments)))
        object.__setattr__(self, "properties", MappingProxyType(properties))
        if not self.instruments:
            raise SpectraError(f"{self.name}: no spectra")
        _check_same_samples(self)
        for name, values in properties.items():
            if values.shape != (self.n_samples,):
                raise SpectraError(
                    f"{self.name}: {values.size} values of {name} for {self.n_samples} samples"
                )
        if self.groups and len(self.groups) != self.n_samples:
            raise SpectraError(
                f"{self.name}: {len(self.groups)} groups for {self.n_samples} samples"
            )

    def __reduce__(self) -> tuple[type[Study], tuple[object, ...]]:
        # Mapping proxies do not cross to other processes.
        return Study, (self.name, dict(self.instruments), dict(self.properties), self.groups)

    @property
    def samples(self) -> tuple[str, ...]:
        """Names of the samples."""
        return next(iter(self.instruments.values())).samples

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.samples)

    def instrument(self, name: str) -> SpectralSet:
        """Spectra on one instrument.

        Raises
        ------
        SpectraError
            If there is no such instrument.
        """
        if name not in self.instruments:
            known = ", ".join(self.instruments)
            raise SpectraError(f"{self.name} has no instrument {name}; it has {known}")
        return self.instruments[name]

    def values(self, name: str) -> Array:
        """Reference values of a property, shape (n_samples,); NaN where missing.

        Raises
        ------
        SpectraError
            If there is no such property.
        """
        wanted = {known.lower(): known for known in self.properties}.get(name.lower())
        if wanted is None:
            known = ", ".join(self.properties) or "none"
            raise SpectraError(f"{self.name} has no property {name}; it has {known}")
        return self.properties[wanted]


def _check_same_samples(study: Study) -> None:
    first, *others = study.instruments.values()
    for other in others:
        if other.samples == first.samples:
            continue
        same = set(other.samples) == set(first.samples)
        differ = "in another order" if same else f"not the {first.n_samples} of {first.instrument}"
        raise SpectraError(
            f"{study.name}: the {other.n_samples} samples of {other.instrument} are {differ}; "
            "give every instrument the same samples in the same order"
        )
