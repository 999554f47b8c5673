"""Does a candidate have the spectrum? Predicted beside observed curves and shifts.

The similarity of two curves is the cosine of the angle between them after both have lost their
share in the Legendre polynomials up to the third degree. A baseline of this kind therefore
changes nothing, and neither does the scale. Observed curves are broadened by a Lorentzian first,
so that they are about as wide as the predicted ones (widths of Lorentzians add). Only what was
measured is compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup.errors import InputError
from ...vibration.errors import CalculationError, MissingPackage
from ..broadening import Axis
from ..errors import SpectraError
from ..forward.config import Nucleus
from ..table import Float32
from .config import MODALITIES, NUCLEI, SHIFT_ERROR
from .inputs import Inputs
from .predictors import FWHM, PeakPredictor, Peaks, Predictor

Float64: TypeAlias = NDArray[np.float64]
Bool: TypeAlias = NDArray[np.bool_]
DEGREE: Final = 3
"""Of the baselines that do not count."""
MEASURED: Final = 10.0
"""cm⁻¹; width of an observed line, if nothing else is known."""
LOST: Final = 50.0
"""Distance, in units of `SHIFT_ERROR`, of shifts from a molecule without such a nucleus."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a candidate fits what was observed.

    Attributes
    ----------
    ir, raman : float
        Similarity of the predicted spectrum; NaN where it was not observed or not predicted.
    carbon, proton : float, ppm
        `peak_distance` of the shifts; NaN where they were not observed or not predicted.
    missing : str
        Why there is no prediction.
    """

    ir: float = math.nan
    raman: float = math.nan
    carbon: float = math.nan
    proton: float = math.nan
    missing: str = ""

    @property
    def consistency(self) -> float:
        """Mean of the similarities of the spectra that were observed; NaN if there is none."""
        known = [value for value in (self.ir, self.raman) if math.isfinite(value)]
        return math.fsum(known) / len(known) if known else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was observed of one sample, as predictions are compared with it.

    Attributes
    ----------
    spectra : (2, points)
        Infrared and Raman, as wide as predicted ones; NaN outside the measured range, and
        everywhere in a spectrum that was not observed.
    axis : Axis
    peaks : mapping from nucleus to (n,) float32, ppm
        Of the nuclei whose shifts were observed.
    """

    spectra: Float64
    axis: Axis
    peaks: Peaks

    @property
    def observed(self) -> Bool:
        """Which of infrared and Raman were observed, (2,)."""
        return np.asarray(np.isfinite(self.spectra).any(axis=1))


def evidence_of(inputs: Inputs, axis: Axis, measured: Bool | None = None) -> Evidence:
    """What one sample shows.

    Parameters
    ----------
    inputs : Inputs
        One sample.
    axis : Axis
        Of its spectra.
    measured : (2, points) bool, optional
        Where infrared and Raman were measured; everywhere if not given.

    Raises
    ------
    SpectraError
        If there is not one sample.
    """
    if len(inputs) != 1:
        raise SpectraError(f"{len(inputs)} samples; give one")
    spectra = np.full((2, axis.points), np.nan)
    for channel in np.flatnonzero(inputs.present[0, :2]):
        there = np.ones(axis.points, dtype=bool) if measured is None else measured[channel]
        spectra[channel, there] = widened(inputs.spectra[0, channel, there], axis.step)
    lists = {"13C": inputs.carbon[0], "1H": inputs.proton[0]}
    peaks: dict[Nucleus, Float32] = {
        nucleus: lists[nucleus][np.isfinite(lists[nucleus])]
        for nucleus in NUCLEI
        if inputs.present[0, MODALITIES.index(nucleus)]
    }
    return Evidence(spectra, axis, peaks)


def similarity(a: NDArray[np.floating], b: NDArray[np.floating]) -> Float64:
    """Cosine along the last axis without baselines; 0 where a curve is nothing else.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)
    >>> peak = np.exp(-((x / 0.05) ** 2))
    >>> round(float(similarity(peak, 3 * peak + 0.5 - x + 0.2 * x**3)), 6)
    1.0
    """
    return np.asarray(np.sum(directions(a) * directions(b), axis=-1))


def directions(curves: NDArray[np.floating]) -> Float64:
    """Curves without baselines, of norm 1; 0 where a curve is nothing else."""
    values = np.asarray(curves, dtype=float)
    rest = without_baseline(values)
    # What is left of a baseline alone is rounding.
    before, after = (np.linalg.norm(each, axis=-1, keepdims=True) for each in (values, rest))
    return np.divide(rest, after, out=np.zeros_like(rest), where=after > 1e-9 * before)


def without_baseline(curves: NDArray[np.floating]) -> Float64:
    """Curves less their share in polynomials up to `DEGREE`, (…, points)."""
    values = np.asarray(curves, dtype=float)
    places = np.linspace(-1, 1, values.shape[-1])
    basis, _ = np.linalg.qr(np.polynomial.legendre.legvander(places, DEGREE))
    return np.asarray(values - (values @ basis) @ basis.T)


def widened(curves: NDArray[np.floating], step: float, *, observed: float = MEASURED) -> Float64:
    """Observed curves as wide as predicted ones, less their baselines.

    Convolved with a Lorentzian, after the baseline is gone, so that it makes no step at the ends.

    Parameters
    ----------
    curves : (…, points)
        Of what was measured.
    step : float, cm⁻¹
        From point to point.
    observed : float, cm⁻¹
        Width of their lines; from `FWHM` on they are not made wider.
    """
    from scipy.signal import fftconvolve

    half = (FWHM - observed) / 2
    values = without_baseline(curves)
    points = values.shape[-1]
    if half <= 0 or points < 2:
        return values
    offsets = np.arange(-(points - 1), points) * step
    kernel = half / np.pi / (offsets**2 + half**2)
    kernel /= kernel.sum()
    shape = (1,) * (values.ndim - 1) + (-1,)
    return np.asarray(fftconvolve(values, kernel.reshape(shape), mode="same", axes=-1))


def peak_distance(observed: ArrayLike, predicted: ArrayLike) -> float:
    """Mean distance (ppm) of each peak from the nearest of the other list, both ways.

    Lists need not be of equal length: peaks coincide, and are overlooked. NaN if one is empty.

    Examples
    --------
    >>> peak_distance([10.0, 20.0], [11.0, 20.0]), peak_distance([10.0, 20.0], [10.0])
    (0.5, 2.5)
    """
    a, b = (np.asarray(each, dtype=float) for each in (observed, predicted))
    if not a.size or not b.size:
        return math.nan
    apart = np.abs(a[:, None] - b)
    return float((apart.min(axis=1).mean() + apart.min(axis=0).mean()) / 2)


def match(
    smiles: str,
    evidence: Evidence,
    predictor: Predictor | None = None,
    shifts: PeakPredictor | None = None,
) -> Match:
    """How well the predicted spectra and shifts of a candidate fit.

    Of several configurations the best counts, for spectra and for shifts by itself.

    Parameters
    ----------
    smiles : str
    evidence : Evidence
    predictor : Predictor, optional
        Of the spectra.
    shifts : PeakPredictor, optional

    Raises
    ------
    MissingPackage
        If the predictor needs one that is not installed. What else keeps it from a prediction is
        said in ``missing``.
    """
    reasons = []
    spectral, peaks = Match(), Match()
    try:
        if predictor is not None and evidence.observed.any():
            spectral = _spectral(predictor.curves(smiles, evidence.axis), evidence)
    except MissingPackage:
        raise
    except (InputError, CalculationError) as error:
        reasons.append(str(error))
    try:
        if shifts is not None and evidence.peaks:
            peaks = _of_peaks(shifts.peaks(smiles), evidence.peaks)
    except InputError as error:
        reasons.append(str(error))
    missing = "; ".join(dict.fromkeys(reasons))
    return Match(spectral.ir, spectral.raman, peaks.carbon, peaks.proton, missing)


def _spectral(curves: Float64, evidence: Evidence) -> Match:
    """Where both are known."""
    values = np.full((len(curves), 2), np.nan)
    for channel in np.flatnonzero(evidence.observed):
        for place, predicted in enumerate(curves[:, channel]):
            seen = np.isfinite(evidence.spectra[channel]) & np.isfinite(predicted)
            if seen.sum() > DEGREE + 1:
                observed = evidence.spectra[channel, seen]
                values[place, channel] = similarity(observed, predicted[seen])
    best = np.nan_to_num(values, nan=-1.0).sum(axis=1).argmax()
    ir, raman = values[best]
    return Match(float(ir), float(raman))


def _of_peaks(predicted: Sequence[Peaks], observed: Peaks) -> Match:
    """The configuration that is nearest, in units of `SHIFT_ERROR`."""
    found = [
        {n: _distance(observed[n], each[n], n) for n in observed if n in each} for each in predicted
    ]
    best = min(found, key=lambda each: math.fsum(d / SHIFT_ERROR[n] for n, d in each.items()))
    return Match(carbon=best.get("13C", math.nan), proton=best.get("1H", math.nan))


def _distance(observed: Float32, predicted: Float32, nucleus: Nucleus) -> float:
    if not len(predicted):
        return LOST * SHIFT_ERROR[nucleus]
    return peak_distance(observed, predicted)
