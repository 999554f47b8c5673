"""What an inverse model is given: spectra, shifts and a formula, each of which may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..channels import live
from ..errors import SpectraError
from ..forward.config import Nucleus
from ..table import Float32, Int64
from .config import MODALITIES, NUCLEI, PEAK_RANGE, SAME_PEAK
from .formulas import Formula

Bool: TypeAlias = NDArray[np.bool_]
_PLACE = {name: place for place, name in enumerate(MODALITIES)}


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Samples; what is missing is blank and marked as missing.

    Attributes
    ----------
    spectra : (n, 2, points) float32
        Infrared and Raman on the axis of the model, the strongest point 1.
    carbon, proton : (n, most) float32, ppm
        Peaks, filled up with NaN.
    formula : (n, n_elements) int64
        Numbers of atoms of the elements of a vocabulary.
    present : (n, 5) bool
        For each of `MODALITIES`.
    """

    spectra: Float32
    carbon: Float32
    proton: Float32
    formula: Int64
    present: Bool

    def __post_init__(self) -> None:
        n = len(self.spectra)
        shapes = (self.carbon.shape[0], self.proton.shape[0], len(self.formula), len(self.present))
        if set(shapes) != {n} or self.present.shape[1] != len(MODALITIES):
            raise SpectraError(
                f"{n} spectra with {shapes} shifts, formulas and marks; give one each"
            )

    def __len__(self) -> int:
        return len(self.spectra)

    def keep(self, present: Bool) -> Inputs:
        """The same samples with less; what is missing here stays missing.

        What is left out is blanked, so that nothing of it can be seen.
        """
        there = self.present & present
        seen = {name: there[:, place] for name, place in _PLACE.items()}
        spectra = self.spectra * np.stack([seen["ir"], seen["raman"]], axis=1)[:, :, None]
        return Inputs(
            spectra.astype(np.float32),
            np.where(seen["13C"][:, None], self.carbon, np.float32(np.nan)),
            np.where(seen["1H"][:, None], self.proton, np.float32(np.nan)),
            self.formula * seen["formula"][:, None],
            there,
        )

    def only(self, names: Sequence[str]) -> Inputs:
        """The same samples with some modalities.

        Raises
        ------
        SpectraError
            If a name is unknown.
        """
        return self.keep(np.broadcast_to(marks(names), self.present.shape))

    def take(self, rows: ArrayLike) -> Inputs:
        """Some of the samples."""
        chosen = np.asarray(rows)
        return Inputs(
            self.spectra[chosen],
            self.carbon[chosen],
            self.proton[chosen],
            self.formula[chosen],
            self.present[chosen],
        )


def marks(names: Sequence[str]) -> Bool:
    """Which of `MODALITIES` are named, (5,).

    Raises
    ------
    SpectraError
        If a name is unknown.

    Examples
    --------
    >>> marks(["raman", "formula"]).tolist()
    [False, True, False, False, True]
    """
    for name in names:
        if name not in _PLACE:
            raise SpectraError(f"modality {name!r}; choose of {', '.join(MODALITIES)}")
    return np.isin(MODALITIES, list(names))


def make_inputs(
    spectra: Float32,
    *,
    carbon: Sequence[ArrayLike] | None = None,
    proton: Sequence[ArrayLike] | None = None,
    formulas: Sequence[Formula | None] | None = None,
    elements: Sequence[str] = (),
) -> Inputs:
    """Samples from their parts; blank spectra and empty lists are missing.

    Parameters
    ----------
    spectra : (n, 2, points)
    carbon, proton : n lists of ppm, optional
    formulas : n Formula or None, optional
    elements : sequence of str
        Of the vocabulary.

    Raises
    ------
    SpectraError
        If a shift is outside `PEAK_RANGE`, or a list has more peaks than the formula such atoms.
    """
    n = len(spectra)
    peaks = [
        _padded([merged(values, nucleus) for values in (given if given is not None else [()] * n)])
        for nucleus, given in (("13C", carbon), ("1H", proton))
    ]
    known = list(formulas) if formulas is not None else [None] * n
    for each, *lists in zip(known, *peaks, strict=True):
        _check_peaks(each, lists)
    counts = [f.vector(elements) if f is not None else (0,) * len(elements) for f in known]
    present = np.concatenate(
        [
            live(spectra),
            np.stack([np.isfinite(p).any(axis=1) for p in peaks], axis=1),
            np.array([f is not None for f in known], dtype=bool)[:, None],
        ],
        axis=1,
    )
    formula = np.array(counts, dtype=np.int64).reshape(n, len(elements))
    return Inputs(np.asarray(spectra, dtype=np.float32), peaks[0], peaks[1], formula, present)


def _check_peaks(formula: Formula | None, lists: Sequence[Float32]) -> None:
    """Refuse more peaks than there are nuclei."""
    if formula is None:
        return
    for nucleus, values in zip(NUCLEI, lists, strict=True):
        atoms = formula[nucleus.lstrip("0123456789")]
        if (found := int(np.isfinite(values).sum())) > atoms:
            raise SpectraError(
                f"{found} {nucleus} shifts for {formula}, which has {atoms} such atoms; correct "
                "one of them"
            )


def merged(shifts: ArrayLike, nucleus: str) -> Float32:
    """Peaks of a list of shifts, ascending; those nearer than `SAME_PEAK` are one.

    Raises
    ------
    SpectraError
        If a shift is not finite or outside `PEAK_RANGE`.

    Examples
    --------
    >>> merged([128.4, 20.5, 128.45], "13C").tolist()
    [20.5, 128.4...]
    """
    name: Nucleus = "13C" if nucleus == "13C" else "1H"
    low, high = PEAK_RANGE[name]
    values = np.sort(np.asarray(shifts, dtype=float))
    bad = values[~((values >= low) & (values <= high))]
    if bad.size:
        raise SpectraError(
            f"{name} shift {bad[0]:g} ppm; shifts are ppm from tetramethylsilane, {low:g} to "
            f"{high:g}"
        )
    if not values.size:
        return np.empty(0, dtype=np.float32)
    group = np.concatenate([[0], np.cumsum(np.diff(values) > SAME_PEAK[name])])
    sums = np.bincount(group, values)
    return np.asarray(sums / np.bincount(group), dtype=np.float32)


def drop(available: Bool, draw: np.random.Generator, *, missing: float, no_formula: float) -> Bool:
    """Which modalities a training sample keeps, (5,); a spectrum or shifts always stay.

    Parameters
    ----------
    available : (5,) bool
    draw : Generator
    missing, no_formula : float
        Probabilities of leaving out each of the spectral ones, and the formula.
    """
    left_out = np.where(np.arange(len(MODALITIES)) < 4, missing, no_formula)
    kept = available & (draw.random(len(MODALITIES)) >= left_out)
    spare = int(draw.integers(4))
    there = np.flatnonzero(available[:4])
    if there.size and not kept[:4].any():
        kept[there[spare % there.size]] = True
    return np.asarray(kept)


def joined_inputs(parts: Sequence[Inputs]) -> Inputs:
    """Samples one after another."""
    most = [
        max(p.shape[1] for p in each)
        for each in zip(*((i.carbon, i.proton) for i in parts), strict=True)
    ]
    return Inputs(
        np.concatenate([each.spectra for each in parts]),
        np.concatenate([_widened(each.carbon, most[0]) for each in parts]),
        np.concatenate([_widened(each.proton, most[1]) for each in parts]),
        np.concatenate([each.formula for each in parts]),
        np.concatenate([each.present for each in parts]),
    )


def with_formula(inputs: Inputs, formulas: Sequence[Formula], elements: Sequence[str]) -> Inputs:
    """The same samples with their formulas."""
    vectors = np.array([f.vector(elements) for f in formulas], dtype=np.int64)
    present = inputs.present.copy()
    present[:, _PLACE["formula"]] = True
    return replace(inputs, formula=vectors, present=present)


def _padded(lists: Sequence[Float32]) -> Float32:
    out = np.full((len(lists), max([1, *map(len, lists)])), np.nan, dtype=np.float32)
    for row, values in enumerate(lists):
        out[row, : len(values)] = values
    return out


def _widened(peaks: Float32, most: int) -> Float32:
    return np.pad(peaks, ((0, 0), (0, most - peaks.shape[1])), constant_values=np.nan)
