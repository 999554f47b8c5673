"""Does a candidate have the spectrum? Predicted beside observed curves.

The similarity of two curves is the cosine of the angle between them after both have lost their
share in the Legendre polynomials up to the third degree. A baseline of this kind therefore
changes nothing, and neither does the scale. Observed curves are broadened by a Lorentzian first,
so that they are about as wide as the predicted ones (widths of Lorentzians add).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...pointgroup.errors import InputError
from ...vibration.errors import CalculationError
from ..broadening import Axis, curves
from ..model.packaged import find_checkpoint, name_of
from ..table import SpectraTable
from .smiles import canonical

if TYPE_CHECKING:
    from ...pointgroup import Molecule
    from ..forward.models import ForwardModel

Float64: TypeAlias = NDArray[np.float64]
DEGREE: Final = 3
"""Of the baselines that do not count."""
FWHM: Final = 20.0
"""cm⁻¹; of curves that are compared."""
KEPT: Final = 16_384
"""Predicted molecules, 16 kB each."""
MEASURED: Final = 10.0
"""cm⁻¹; width of an observed line, if nothing else is known."""


class Predictor(Protocol):
    """Spectra of a molecule by a model or a calculation."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman, (2, points), at the width `FWHM`.

        Raises
        ------
        InputError, CalculationError
            If there is none for this molecule.
        """


@dataclass(frozen=True, slots=True)
class Match:
    """How well a candidate fits.

    Attributes
    ----------
    value : float
        Mean of the similarities of the spectra that were observed; NaN if there is no
        prediction, with the reason in ``missing``.
    ir, raman : float
        Similarity of each; NaN where it was not observed.
    missing : str
    """

    value: float
    ir: float = float("nan")
    raman: float = float("nan")
    missing: str = ""


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
    points = values.shape[-1]
    basis, _ = np.linalg.qr(np.polynomial.legendre.legvander(np.linspace(-1, 1, points), DEGREE))
    rest = values - (values @ basis) @ basis.T
    # What is left of a baseline alone is rounding.
    before, after = (np.linalg.norm(each, axis=-1, keepdims=True) for each in (values, rest))
    return np.divide(rest, after, out=np.zeros_like(rest), where=after > 1e-9 * before)


def widened(curves: NDArray[np.floating], axis: Axis, *, observed: float = MEASURED) -> Float64:
    """Observed curves as wide as predicted ones: convolved with a Lorentzian.

    Parameters
    ----------
    curves : (…, points)
    axis : Axis
    observed : float, cm⁻¹
        Width of their lines; from `FWHM` on they stay as they are.
    """
    from scipy.signal import fftconvolve

    half = (FWHM - observed) / 2
    values = np.asarray(curves, dtype=float)
    if half <= 0:
        return values.copy()
    offsets = np.arange(-(axis.points - 1), axis.points) * axis.step
    kernel = half / np.pi / (offsets**2 + half**2)
    kernel /= kernel.sum()
    shape = (1,) * (values.ndim - 1) + (-1,)
    return np.asarray(fftconvolve(values, kernel.reshape(shape), mode="same", axes=-1))


def match(
    predictor: Predictor,
    smiles: str,
    observed: NDArray[np.floating],
    axis: Axis,
    present: Sequence[bool],
) -> Match:
    """How well the predicted spectra of a candidate fit.

    Parameters
    ----------
    predictor : Predictor
    smiles : str
    observed : (2, points)
        Infrared and Raman, already `widened`.
    axis : Axis
    present : (bool, bool)
        Which of them were observed.
    """
    if not any(present):
        return Match(float("nan"), missing="no infrared or Raman spectrum to compare with")
    try:
        predicted = predictor.curves(smiles, axis)
    except (InputError, CalculationError) as error:
        return Match(float("nan"), missing=str(error))
    each = np.where(present, similarity(observed, predicted), np.nan)
    return Match(float(np.nanmean(each)), float(each[0]), float(each[1]))


# ---- predictors ----


@dataclass(frozen=True, slots=True, eq=False)
class ForwardPredictor:
    """A model of `spektron.ml.forward` on a force-field geometry, symmetrised.

    Attributes
    ----------
    model : GridModel or ForceFieldModel
    name : str
        What it is; a calibration holds for predictions of the same name.
    """

    model: ForwardModel
    name: str

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman, (2, points), at the width that the model has learnt."""
        from ...pointgroup import detect
        from ..forward.prediction import forecast

        found = forecast(self.model, detect(_built(smiles)).symmetrise())
        x = found.axis.wavenumbers
        return np.stack([np.interp(axis.wavenumbers, x, c, left=0, right=0) for c in found.curves])


def forward_predictor(place: Path | str) -> ForwardPredictor:
    """Predictions of a checkpoint; see `packaged.name_of` for how they are called.

    Parameters
    ----------
    place : path or str
        Folder of a run, model file, or shipped name.

    Raises
    ------
    CheckpointError
        If there is no such model.
    SpectraError
        If it predicts NMR shifts.
    """
    from ..forward.models import load_forward
    from ..forward.prediction import model_for_spectra

    path = find_checkpoint(place)
    return ForwardPredictor(model_for_spectra(load_forward(path)[0]), name_of(path))


@dataclass(frozen=True, slots=True, eq=False)
class XtbPredictor:
    """Harmonic spectra of a conformer by GFN2-xTB, optimised; seconds for each molecule.

    C. Bannwarth, S. Ehlert, S. Grimme, *J. Chem. Theory Comput.* 15, 1652 (2019).
    """

    @property
    def name(self) -> str:
        """What it is."""
        return "GFN2-xTB, harmonic"

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman, (2, points), at the width `FWHM`."""
        from ...vibration import broaden, normal_modes, reference_data
        from ...vibration.level import Level

        modes = normal_modes(reference_data(_built(smiles), Level("gfn2-xtb")).data)
        pair = [
            broaden(modes, kind, fwhm=FWHM, grid=axis.wavenumbers).intensities
            for kind in ("ir", "raman")
        ]
        return np.stack(pair)


@dataclass(frozen=True, slots=True, eq=False)
class TablePredictor:
    """The spectra that a table holds of a molecule: a look-up, no prediction.

    Attributes
    ----------
    table : SpectraTable
    rows : mapping from canonical SMILES to a row
    """

    table: SpectraTable
    rows: Mapping[str, int]

    @property
    def name(self) -> str:
        """What it is."""
        return "spectra of the library"

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman, (2, points), at the width `FWHM`."""
        row = self.rows.get(smiles)
        if row is None:
            raise InputError(f"{smiles} is not in the library")
        lines, strengths = self.table.strengths(np.array([row]))
        return np.asarray(curves(lines, strengths, axis, fwhm=FWHM)[0], dtype=float)


def table_predictor(table: SpectraTable, *, stereo: bool = False) -> TablePredictor:
    """A look-up in a table; of several rows of one molecule the first counts."""
    rows: dict[str, int] = {}
    for row, text in enumerate(table.texts["smiles"]):
        found = canonical(text, stereo=stereo) if text else ""
        if found:
            rows.setdefault(found, row)
    return TablePredictor(table, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """A predictor that is asked once for each molecule.

    Attributes
    ----------
    name : str
    curves : callable
        That of the predictor; the latest 16,384 molecules are kept.
    """

    name: str
    curves: Callable[[str, Axis], Float64]


def remembered(predictor: Predictor) -> Remembered:
    """The same predictor, for one that asks again and again."""
    return Remembered(predictor.name, lru_cache(KEPT)(predictor.curves))


def first_of(*predictors: Predictor) -> Predictor:
    """The first predictor that has a spectrum of a molecule."""
    return _FirstOf(predictors)


@dataclass(frozen=True, slots=True, eq=False)
class _FirstOf:
    predictors: tuple[Predictor, ...]

    @property
    def name(self) -> str:
        return ", else ".join(each.name for each in self.predictors)

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Of the first that has one; else the error of the last."""
        *early, last = self.predictors
        for each in early:
            try:
                return each.curves(smiles, axis)
            except (InputError, CalculationError):
                continue
        return last.curves(smiles, axis)


def _built(smiles: str) -> Molecule:
    from ...pointgroup import Molecule

    return Molecule.from_smiles(smiles)
