"""Spectra and labels from users, checked and brought to the model's axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..broadening import UNIFORM, Axis, uniform_axis
from ..channels import Content, check_content, raman_channels, strongest_is_one
from ..errors import SpectraError
from ..model.config import ModelConfig, Task
from ..table import Float32

LEAST_COVER: Final = 0.5
"""Share of the model's axis that spectra must cover; the rest is filled with 0."""
UNIT: Final = "cm-1"
NANOMETRES: Final = (300.0, 2600.0)
"""Between these lie the axes of visible and near-infrared instruments, nm."""
PER_CENT: Final = (20.0, 150.0)
"""Between these lies the largest transmittance of a spectrum in per cent; no absorbance does."""
NEAR_TOP: Final = 0.8
"""Share of its maximum above which the median of a transmittance lies."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Checked labels.

    Attributes
    ----------
    values : (n, outputs) float32, or (n,) int64 for classes
    outputs : int
    names : tuple of str
        Of classes, empty otherwise.
    """

    values: NDArray[Any]
    outputs: int
    names: tuple[str, ...] = ()


def on_axis(
    spectra: ArrayLike,
    wavenumbers: ArrayLike,
    config: ModelConfig,
    *,
    content: Content = "both",
    unit: str | None = None,
) -> Float32:
    """Spectra as the model takes them.

    Wavelengths and transmittances are refused as far as they can be told:

    - An infrared axis without a unit that starts at 300 or above, ends below 2600 and has a start
      and steps that are multiples of one half may be in nanometres; ``unit="cm-1"`` says that it
      is not. Ordinary mid-infrared spectra reach the C–H stretches, or have the uneven steps of
      an interferometer.
    - An infrared spectrum with a maximum between 20 and 150, no value below −5 % of it, a median
      above 80 % of it and dips from the median that are deeper than its peaks are high is
      transmittance in per cent. Raman spectra are not asked: fluorescence may look like that.

    Parameters
    ----------
    spectra : (n, channels, points), or (n, points) of one kind
        For one kind (``content`` "ir" or "raman") a model with two channels gets the other
        blank, for "ir twice" or "raman twice" the same again.
    wavenumbers : (points,), cm⁻¹
        Ascending and uniform.
    content : str
        What the channels hold; see `channels.select`.
    unit : str, optional
        Of the axis; nothing but "cm-1" is taken.

    Returns
    -------
    (n, config.channels, config.axis.points) float32
        By linear interpolation, the strongest point of each channel 1.

    Raises
    ------
    SpectraError
        If the axis or the spectra cannot be used.
    """
    check_content(content, config.channels)
    if unit not in (None, UNIT):
        raise SpectraError(
            f"axis in {unit}: the model wants wavenumbers in cm-1; convert it (1e7/nm) and "
            "interpolate to equal steps"
        )
    own = uniform_axis(wavenumbers)
    _check_cover(own, config.axis)
    raman = raman_channels(content, config.channels)
    if unit is None and content not in ("raman", "raman twice"):
        _check_nanometres(own)
    data = _checked(spectra, own, config, content)
    for channel in range(config.channels):
        if not raman[channel]:
            _check_transmittance(data[:, channel])
    out = np.zeros((*data.shape[:2], config.axis.points), dtype=np.float32)
    x, source = config.axis.wavenumbers, own.wavenumbers
    for i, sample in enumerate(data):
        for channel, curve in enumerate(sample):
            out[i, channel] = np.interp(x, source, curve, left=0.0, right=0.0)
    return strongest_is_one(out)


def check_labels(labels: ArrayLike, n: int, task: Task) -> Labels:
    """Labels of ``n`` samples, fit for a task.

    Raises
    ------
    SpectraError
        If a label is missing, their number is wrong, or they do not fit the task.
    """
    values = np.asarray(labels)
    if values.shape[:1] != (n,) or values.ndim > 2:
        raise SpectraError(f"labels of shape {values.shape} for {n} samples; give one row each")
    missing = missing_labels(values)
    if missing.any():
        place = int(np.argmax(missing))
        raise SpectraError(
            f"{int(missing.sum())} of {n} samples have no label, the first is sample {place}; "
            "leave them out"
        )
    if task == "classification":
        if values.ndim != 1:
            raise SpectraError(f"classes of shape {values.shape}; give one for each sample")
        names, places = np.unique(values, return_inverse=True)
        if len(names) < 2:
            raise SpectraError(f"all {n} samples are of the class {names[0]}; give two or more")
        return Labels(places.astype(np.int64), len(names), tuple(map(str, names)))
    if values.dtype.kind not in "fiub":
        raise SpectraError(f"labels are {values.dtype}, not numbers; use the task classification")
    numbers = values.reshape(n, -1).astype(np.float32)
    if task == "multilabel" and not np.isin(numbers, (0, 1)).all():
        raise SpectraError("labels of the task multilabel must be 0 or 1")
    if task == "regression" and (numbers.std(axis=0) == 0).any():
        raise SpectraError(f"target {int(np.argmin(numbers.std(axis=0)))} is the same everywhere")
    return Labels(numbers, numbers.shape[1])


def missing_labels(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Samples that lack a label: not finite, None, or an empty text; shape (n,)."""
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values)
    elif values.dtype.kind == "O":
        bad = np.vectorize(lambda v: v is None or v == "" or v != v, otypes=[bool])(values)
    elif values.dtype.kind in "US":
        bad = np.char.str_len(values) == 0
    else:
        bad = np.zeros(values.shape, dtype=bool)
    out: NDArray[np.bool_] = bad.reshape(len(values), -1).any(axis=1)
    return out


def _check_cover(own: Axis, wanted: Axis) -> None:
    overlap = min(own.high, wanted.high) - max(own.low, wanted.low)
    share = max(0.0, overlap) / (wanted.high - wanted.low)
    if share < LEAST_COVER:
        raise SpectraError(
            f"spectra from {own.low:g} to {own.high:g} cover {share:.0%} of the model's axis, "
            f"{wanted.low:g} to {wanted.high:g} cm-1, at least {LEAST_COVER:.0%} are needed; is "
            "the axis in cm-1?"
        )


def _check_nanometres(own: Axis) -> None:
    low, high = NANOMETRES
    halves = 2 * np.array([own.low, own.step])
    even = (np.abs(halves - np.round(halves)) < UNIFORM).all()
    if low <= own.low and own.high < high and even:
        raise SpectraError(
            f"an axis from {own.low:g} to {own.high:g} in steps of {own.step:g} may be in nm; "
            "convert it (1e7/nm) and interpolate to equal steps, or say unit cm-1 if it is in cm-1"
        )


def _check_transmittance(curves: Float32) -> None:
    """Refuse infrared spectra (n, points) that look like transmittance in per cent."""
    top, deepest, middle = curves.max(axis=1), curves.min(axis=1), np.median(curves, axis=1)
    scale = (PER_CENT[0] < top) & (top < PER_CENT[1]) & (deepest >= -0.05 * top)
    found = scale & (middle > NEAR_TOP * top) & (middle - deepest > top - middle)
    if found.any():
        k = int(np.argmax(found))
        raise SpectraError(
            f"{int(found.sum())} of {len(curves)} infrared spectra look like transmittance in per "
            f"cent, the first is sample {k} (baseline near {middle[k]:.3g}, dips to "
            f"{deepest[k]:.3g}); convert to absorbance, 2 - log10(T)"
        )


def _checked(spectra: ArrayLike, own: Axis, config: ModelConfig, content: Content) -> Float32:
    data = np.asarray(spectra, dtype=np.float32)
    if data.ndim == 2:
        data = data[:, None]
    if data.ndim != 3 or not len(data) or data.shape[2] != own.points:
        raise SpectraError(
            f"spectra of shape {np.shape(spectra)} for {own.points} wavenumbers; give (samples, "
            "channels, wavenumbers)"
        )
    bad = ~np.isfinite(data)
    if bad.any():
        row, channel, point = (int(k) for k in np.argwhere(bad)[0])
        raise SpectraError(
            f"{int(bad.sum())} values are not finite, the first in sample {row}, channel "
            f"{channel}, at {own.wavenumbers[point]:g} cm-1; fill the gaps or leave it out"
        )
    data = _placed(data, config.channels, content)
    flat = np.flatnonzero(~data.any(axis=(1, 2)))
    if flat.size:
        raise SpectraError(f"the spectrum of sample {flat[0]} is zero everywhere; leave it out")
    return data


def _placed(data: Float32, channels: int, content: Content) -> Float32:
    """Spectra (n, given, points) in the channels of the model; none is left out in silence."""
    given = data.shape[1]
    if given == 1 and channels == 2 and content != "both":
        both = np.repeat(data, 2, axis=1)
        if content in ("ir", "raman"):
            both[:, int(content == "ir")] = 0
        return both
    if given != channels:
        raise SpectraError(
            f"spectra with {given} channel(s) for a model with {channels}; give "
            + ("infrared and Raman, or say content ir or raman" if channels == 2 else "one")
        )
    if channels == 2 and content != "both":
        kind = "infrared" if content in ("ir", "ir twice") else "Raman"
        spare = data[:, int(content == "ir")]
        twice = content in ("ir twice", "raman twice")
        if (data[:, 0] != data[:, 1]).any() if twice else spare.any():
            raise SpectraError(
                f"two channels for the content {content!r}; give {kind} alone, or say content both"
            )
    return data
