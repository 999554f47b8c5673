"""One axis for two instruments: refuse to compare different channels, or resample, on request."""

from __future__ import annotations

import numpy as np

from .errors import SpectraError
from .spectra import NM_PER_CM, Array, SpectralSet, Study, Unit

SAME_AXIS = 1e-6
"""Largest relative difference between channels that count as the same."""


def same_axis(a: SpectralSet, b: SpectralSet) -> bool:
    """Whether two instruments measure at the same channels in the same unit."""
    return (
        a.unit == b.unit and a.axis.shape == b.axis.shape and np.allclose(a.axis, b.axis, SAME_AXIS)
    )


def converted(axis: Array, unit: Unit, wanted: Unit) -> Array:
    """An axis in another unit; λ/nm = 10⁷/(ν̃/cm⁻¹).

    >>> converted(np.array([2000.0, 1000.0]), "nm", "cm-1")
    array([ 5000., 10000.])

    Raises
    ------
    SpectraError
        If a channel that is to be converted is not positive.
    """
    if unit != wanted and not (axis > 0).all():
        raise SpectraError(
            f"an axis with the channel {axis.min():g} {unit} cannot be converted to {wanted}; "
            "its channels must be positive"
        )
    return axis if unit == wanted else NM_PER_CM / axis


def resampled(spectra: SpectralSet, axis: Array, unit: Unit) -> SpectralSet:
    """The spectra on another axis, by cubic splines.

    Parameters
    ----------
    spectra : SpectralSet
    axis : (n,) array
        Wanted channels, inside the range that was measured.
    unit : "nm" or "cm-1"
        Unit of ``axis``.

    Raises
    ------
    SpectraError
        If a wanted channel lies outside the measured range: nothing is extrapolated.
    """
    from scipy.interpolate import CubicSpline

    own = converted(spectra.axis, spectra.unit, unit)
    order = np.argsort(own)
    low, high = own[order[0]], own[order[-1]]
    slack = SAME_AXIS * abs(high)
    if axis.min() < low - slack or axis.max() > high + slack:
        raise SpectraError(
            f"{spectra.instrument} measures {low:g} to {high:g} {unit}; channels from "
            f"{axis.min():g} to {axis.max():g} {unit} would be extrapolated"
        )
    values = CubicSpline(own[order], spectra.spectra[:, order], axis=1)(axis)
    return SpectralSet(values, axis, unit, spectra.instrument, spectra.samples)


def on_one_axis(study: Study, names: tuple[str, ...], *, resample: bool = False) -> Study:
    """The study with these instruments only, all at the channels of the first.

    Parameters
    ----------
    study : Study
    names : tuple of str
        Instruments; the first gives the axis.
    resample : bool, optional
        Interpolate the others onto the part of that axis which all of them cover. Without
        it, different axes are refused.

    Raises
    ------
    SpectraError
        If axes differ and ``resample`` is not set, or do not overlap.
    """
    sets = [study.instrument(name) for name in names]
    first = sets[0]
    if any(not same_axis(first, other) for other in sets[1:]):
        if not resample:
            raise SpectraError(_difference(study, sets))
        sets = _on_common_part(sets)
    instruments = {s.instrument: s for s in sets}
    return Study(study.name, instruments, study.properties, study.groups)


def _difference(study: Study, sets: list[SpectralSet]) -> str:
    other = next(s for s in sets[1:] if not same_axis(sets[0], s))
    return (
        f"{study.name}: {_extent(sets[0])} and {_extent(other)} measure at different channels; "
        "resample onto the first (resample=True, or --resample) or choose others"
    )


def _extent(s: SpectralSet) -> str:
    return f"{s.instrument} ({s.axis.size} channels, {s.axis[0]:g} to {s.axis[-1]:g} {s.unit})"


def _on_common_part(sets: list[SpectralSet]) -> list[SpectralSet]:
    first = sets[0]
    own = [converted(s.axis, s.unit, first.unit) for s in sets]
    low, high = max(a.min() for a in own), min(a.max() for a in own)
    slack = SAME_AXIS * abs(high)
    inside = (first.axis >= low - slack) & (first.axis <= high + slack)
    if np.count_nonzero(inside) < 2:
        raise SpectraError(
            f"{' and '.join(_extent(s) for s in sets)} have no channels in common; "
            "nothing is extrapolated"
        )
    return [resampled(s, first.axis[inside], first.unit) for s in sets]
