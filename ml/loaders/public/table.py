"""Spectra of molecules on one axis, and fundamentals as lines: what every public set is read to.

`MoleculeSpectra` holds a block of spectra or a whole set; `MoleculeSticks` holds one molecule of
a set that publishes computed fundamentals instead of curves. Both name the files they came from
with their SHA-256, so that a result can say exactly which download it rests on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....vibration.lineshapes import Shape, check_shape, profile
from ...errors import SpectraError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Kind = Literal["ir", "raman", "uv"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ARBITRARY = "arbitrary"
"""Unit of intensities whose source states none."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read.

    Attributes
    ----------
    name : str
        Its name without the folder.
    size : int
        Bytes.
    sha256 : str
        Hexadecimal.
    """

    name: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Source:
        """Name, size and hash of a file, read in pieces.

        Raises
        ------
        SpectraError
            If it cannot be read, or is empty.
        """
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except OSError as error:
            raise SpectraError(f"{path}: {(error.strerror or str(error)).lower()}") from None
        if not size:
            raise SpectraError(f"{path}: empty; download it again")
        return cls(path.name, size, digest)


@dataclass(frozen=True, slots=True, eq=False)
class MoleculeSpectra:
    """Spectra of molecules on one axis.

    Attributes
    ----------
    ids : tuple of str, n
        As the source names its molecules.
    smiles : tuple of str or None, n
        None where the source gives none.
    axis : (n_channels,) float64, cm⁻¹
        Strictly increasing.
    spectra : (n, n_channels) float32
        Read-only, finite.
    kind : "ir", "raman" or "uv"
    unit : str
        Of the intensities: ``"arbitrary"`` where the source states none.
    sources : tuple of Source
    notes : mapping of str to tuple of str, n
        What else the source says of each spectrum (CAS number, state …).

    Raises
    ------
    SpectraError
        If shapes do not fit, the axis does not increase, or a value is not finite.
    """

    ids: tuple[str, ...]
    smiles: tuple[str | None, ...]
    axis: Float64
    spectra: Float32
    kind: Kind
    unit: str
    sources: tuple[Source, ...]
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        axis = np.array(self.axis, dtype=np.float64)
        spectra = np.asarray(self.spectra, dtype=np.float32)
        if spectra is self.spectra and spectra.flags.writeable:
            # A view, so that the caller's own array stays as it is; nothing is copied.
            spectra = spectra.view()
        for name, array in (("axis", axis), ("spectra", spectra)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))
        self._check()

    def _check(self) -> None:
        label = self.sources[0].name if self.sources else "spectra"
        n = len(self.ids)
        if self.kind not in KINDS:
            raise SpectraError(f"{label}: kind {self.kind!r}; use one of {', '.join(KINDS)}")
        if self.spectra.shape != (n, *self.axis.shape) or self.axis.ndim != 1:
            raise SpectraError(
                f"{label}: spectra of shape {self.spectra.shape} do not fit {n} ids and an axis of "
                f"shape {self.axis.shape}"
            )
        lengths = {"smiles": len(self.smiles), **{k: len(v) for k, v in self.notes.items()}}
        for name, length in lengths.items():
            if length != n:
                raise SpectraError(f"{label}: {length} values of {name} for {n} ids")
        check_axis(self.axis, label)
        refuse_gaps(self.spectra, self.ids, self.axis, label)

    def __reduce__(self) -> tuple[type[MoleculeSpectra], tuple[object, ...]]:
        # Mapping proxies do not cross to other processes.
        return MoleculeSpectra, (
            self.ids, self.smiles, self.axis, self.spectra, self.kind, self.unit, self.sources,
            dict(self.notes),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class MoleculeSticks:
    """Computed fundamentals of one molecule.

    Attributes
    ----------
    id : str
    smiles : str or None
    wavenumbers : (n_modes,) float64, cm⁻¹
        As the source lists them; imaginary ones negative.
    ir_intensities : (n_modes,) float64 or None, km/mol
    raman_activities : (n_modes,) float64 or None, Å⁴/u
    source : Source

    Raises
    ------
    SpectraError
        If lengths differ, a value is not finite, or an intensity is negative.
    """

    id: str
    smiles: str | None
    wavenumbers: Float64
    ir_intensities: Float64 | None
    raman_activities: Float64 | None
    source: Source

    def __post_init__(self) -> None:
        n = len(self.wavenumbers)
        for name in ("wavenumbers", "ir_intensities", "raman_activities"):
            given = getattr(self, name)
            if given is None:
                continue
            array = np.array(given, dtype=np.float64)
            label = f"{self.source.name}: molecule {self.id}: {name.replace('_', ' ')}"
            if array.shape != (n,) or not n:
                raise SpectraError(f"{label} of shape {array.shape}; {n} modes are listed")
            if not np.isfinite(array).all():
                raise SpectraError(f"{label}: mode {int(np.argmin(np.isfinite(array))) + 1} is NaN")
            if name != "wavenumbers" and (array < 0).any():
                place = int(np.argmax(array < 0))
                raise SpectraError(f"{label}: mode {place + 1} has {array[place]:g}, below zero")
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def broadened(
        self, kind: Kind, axis: ArrayLike, *, fwhm: float = 10.0, shape: Shape = "lorentzian"
    ) -> Float32:
        """A curve from the lines: intensity per cm⁻¹, so that its area is that of the lines.

        Imaginary modes are left out.

        Parameters
        ----------
        kind : "ir" or "raman"
        axis : (n_channels,) array, cm⁻¹
        fwhm : float, cm⁻¹
        shape : "lorentzian" or "gaussian"

        Returns
        -------
        (n_channels,) float32, km/mol per cm⁻¹ or Å⁴/u per cm⁻¹

        Raises
        ------
        SpectraError
            If the source has no intensities of this kind.
        """
        check_shape(shape, fwhm, 0.5)
        heights = self.ir_intensities if kind == "ir" else self.raman_activities
        if heights is None or kind == "uv":
            raise SpectraError(f"{self.source.name}: molecule {self.id} has no {kind} intensities")
        real = self.wavenumbers > 0
        offsets = np.asarray(axis, dtype=np.float64)[:, None] - self.wavenumbers[real]
        return (profile(offsets, fwhm, shape) @ heights[real]).astype(np.float32)


STICK_UNITS: Mapping[str, str] = MappingProxyType(
    {"ir": "km/mol per cm-1", "raman": "Å⁴/u per cm-1"}
)
"""Units of broadened lines."""


def check_axis(axis: Float64, label: str) -> None:
    """Refuse an axis that is not finite and strictly increasing.

    Raises
    ------
    SpectraError
        With the channel, counted from one.
    """
    if not axis.size:
        raise SpectraError(f"{label}: no channels")
    bad = ~np.isfinite(axis)
    bad[1:] |= ~(np.diff(axis) > 0)
    if bad.any():
        place = int(np.argmax(bad))
        before = f" after {axis[place - 1]:g}" if place else ""
        raise SpectraError(
            f"{label}: the axis does not increase at channel {place + 1} ({axis[place]:g}{before})"
        )


def refuse_gaps(
    spectra: Float32, ids: Sequence[str], axis: Float64, label: str, first: int = 0
) -> None:
    """Refuse NaN and infinite values.

    Parameters
    ----------
    spectra : (n, n_channels) array
    ids : sequence of str, n
    axis : (n_channels,) array, cm⁻¹
    label : str
        Named in the message.
    first : int
        Number of the row before the first of these, for the message.

    Raises
    ------
    SpectraError
        With row, id and channel of the first.
    """
    # One pass and no temporary array in the ordinary case: a sum is finite only if all terms
    # are, or overflows, which the second look tells apart.
    with np.errstate(over="ignore", invalid="ignore"):
        quick = float(spectra.sum(dtype=np.float64))
    if np.isfinite(quick):
        return
    bad = np.argwhere(~np.isfinite(spectra))
    if len(bad):
        row, column = map(int, bad[0])
        raise SpectraError(
            f"{label}: row {first + row + 1} (id {ids[row]}) has {spectra[row, column]} at "
            f"{axis[column]:g} cm-1; remove the row or repair the file"
        )


def increasing(axis: ArrayLike, spectra: ArrayLike) -> tuple[Float64, Float32]:
    """Axis and spectra turned round if the axis runs down.

    >>> increasing([3.0, 2.0], [[1.0, 5.0]])[1].tolist()
    [[5.0, 1.0]]
    """
    x = np.asarray(axis, dtype=np.float64)
    y = np.asarray(spectra, dtype=np.float32)
    return (x[::-1], y[:, ::-1]) if x.size > 1 and x[0] > x[-1] else (x, y)


def joined(blocks: Iterable[MoleculeSpectra], label: str) -> MoleculeSpectra:
    """Blocks of one set as one value.

    Raises
    ------
    SpectraError
        If there are none, or their axes differ.
    """
    parts = list(blocks)
    if not parts:
        raise SpectraError(f"{label}: no spectra")
    first = parts[0]
    for part in parts[1:]:
        if part.axis.shape != first.axis.shape or (part.axis != first.axis).any():
            raise SpectraError(f"{label}: {part.ids[0]} has another axis than {first.ids[0]}")
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    return MoleculeSpectra(
        tuple(i for part in parts for i in part.ids),
        tuple(s for part in parts for s in part.smiles),
        first.axis,
        first.spectra if len(parts) == 1 else np.concatenate([part.spectra for part in parts]),
        first.kind,
        first.unit,
        sources,
        {name: tuple(v for part in parts for v in part.notes[name]) for name in first.notes},
    )


def check_block(rows: int) -> None:
    """Refuse a block of no rows.

    Raises
    ------
    SpectraError
        If ``rows`` is not positive.
    """
    if rows < 1:
        raise SpectraError(f"blocks of {rows} rows; give at least 1")
