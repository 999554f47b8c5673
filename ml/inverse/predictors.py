"""Spectra and shifts of candidates, by models and calculations.

A SMILES without configurations stands for several molecules; each predictor gives them all, and the
best of them counts (`shapes`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...pointgroup.errors import InputError
from ...vibration.errors import CalculationError, MissingPackage
from ..broadening import Axis, curves
from ..errors import SpectraError
from ..forward.config import Nucleus
from ..model.packaged import find_checkpoint, name_of
from ..table import Float32, Int64, SpectraTable
from .config import NUCLEI, PEAK_RANGE
from .inputs import merged
from .shapes import KEPT, quick_geometries
from .smiles import canonical

if TYPE_CHECKING:
    from ...pointgroup import Molecule
    from ..forward.forcefield import ForceFieldModel
    from ..forward.grid import GridModel
    from ..forward.samples import Batch
    from ..forward.shifts import ShiftModel

Float64: TypeAlias = NDArray[np.float64]
Peaks: TypeAlias = Mapping[Nucleus, Float32]
"""Shifts of carbon and hydrogen, ppm, ascending."""
FWHM: Final = 20.0
"""cm⁻¹; of curves that are compared."""


class Predictor(Protocol):
    """Spectra of a molecule by a model or a calculation."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman of each configuration, (k, 2, points), at the width `FWHM`.

        NaN where nothing is predicted.

        Raises
        ------
        InputError, CalculationError
            If there is none for this molecule.
        """


class PeakPredictor(Protocol):
    """NMR shifts of a molecule."""

    @property
    def name(self) -> str:
        """What it is, for people."""

    def peaks(self, smiles: str) -> tuple[Peaks, ...]:
        """Shifts of each configuration.

        Raises
        ------
        InputError
            If there are none for this molecule.
        """


@dataclass(frozen=True, slots=True, eq=False)
class ForwardPredictor:
    """A model of `spektron.ml.forward` on quick geometries.

    Attributes
    ----------
    model : GridModel or ForceFieldModel
    name : str
        What it is; a calibration holds for predictions of the same name.
    """

    model: GridModel | ForceFieldModel
    name: str

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman of each configuration."""
        import torch

        batch = _batch(quick_geometries(smiles), self.model)
        with torch.no_grad():
            found = self.model(batch)[0].double().cpu().numpy()
        x = self.model.config.axis.wavenumbers
        flat = [
            np.interp(axis.wavenumbers, x, c, left=np.nan, right=np.nan)
            for each in found
            for c in each
        ]
        return np.reshape(flat, (*found.shape[:2], -1))


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
        If it predicts NMR shifts, or spectra of another width than `FWHM`.
    """
    from ..forward.models import load_forward
    from ..forward.prediction import model_for_spectra

    path = find_checkpoint(place)
    model = model_for_spectra(load_forward(path)[0])
    if model.config.fwhm != FWHM:
        raise SpectraError(
            f"{place}: predicts lines {model.config.fwhm:g} cm⁻¹ wide; candidates are compared at "
            f"{FWHM:g} cm⁻¹"
        )
    return ForwardPredictor(model, name_of(path))


@dataclass(frozen=True, slots=True, eq=False)
class ShiftPredictor:
    """A network of NMR shifts on quick geometries; equivalent atoms have their mean.

    Attributes
    ----------
    model : ShiftModel
    name : str
    """

    model: ShiftModel
    name: str

    def peaks(self, smiles: str) -> tuple[Peaks, ...]:
        """Shifts of each configuration, of the nuclei that the model has learnt."""
        import torch

        from ..forward.graphs import graph_of
        from .equivalence import equivalent_atoms

        shapes = quick_geometries(smiles)
        batch = _batch(shapes, self.model)
        with torch.no_grad():
            found = self.model(batch).double().cpu().numpy()
        ends = np.cumsum([shape.n_atoms for shape in shapes])[:-1]
        known = [nucleus for nucleus in NUCLEI if nucleus in self.model.config.nuclei]
        # Configurations have the same bonds, and their atoms the same order.
        classes = equivalent_atoms(graph_of(shapes[0]))
        numbers = shapes[0].atomic_numbers
        return tuple(
            {nucleus: _peaks(numbers, classes, shifts, nucleus) for nucleus in known}
            for shifts in np.split(found, ends)
        )


def shift_predictor(place: Path | str) -> ShiftPredictor:
    """Shifts of a checkpoint; see `forward_predictor`.

    Raises
    ------
    CheckpointError
        If there is no such model.
    SpectraError
        If it predicts spectra.
    """
    from ..forward.models import load_forward
    from ..forward.prediction import model_for_shifts

    path = find_checkpoint(place)
    return ShiftPredictor(model_for_shifts(load_forward(path)[0]), name_of(path))


@dataclass(frozen=True, slots=True, eq=False)
class XtbPredictor:
    """Harmonic spectra of a conformer by GFN2-xTB, optimised; seconds for each configuration.

    C. Bannwarth, S. Ehlert, S. Grimme, *J. Chem. Theory Comput.* 15, 1652 (2019).
    """

    @property
    def name(self) -> str:
        """What it is."""
        return "GFN2-xTB, harmonic"

    def curves(self, smiles: str, axis: Axis) -> Float64:
        """Infrared and Raman of each configuration, at the width `FWHM`."""
        out, reasons = [], []
        for shape in quick_geometries(smiles):
            try:
                out.append(_harmonic(shape, axis))
            except MissingPackage:
                raise
            except (InputError, CalculationError) as error:
                reasons.append(str(error))
        if not out:
            raise CalculationError("; ".join(dict.fromkeys(reasons)))
        return np.stack(out)


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
        """Infrared and Raman, (1, 2, points), at the width `FWHM`."""
        row = self.rows.get(smiles)
        if row is None:
            raise InputError(f"{smiles} is not in the library")
        lines, strengths = self.table.strengths(np.array([row]))
        return np.asarray(curves(lines, strengths, axis, fwhm=FWHM), dtype=float)


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
        That of the predictor; the latest 16,384 molecules are kept, 16 kB for each configuration.
    """

    name: str
    curves: Callable[[str, Axis], Float64]


def remembered(predictor: Predictor) -> Remembered:
    """The same predictor, for one that asks again and again."""
    return Remembered(predictor.name, lru_cache(KEPT)(predictor.curves))


@dataclass(frozen=True, slots=True, eq=False)
class RememberedPeaks:
    """As `Remembered`, for shifts."""

    name: str
    peaks: Callable[[str], tuple[Peaks, ...]]


def remembered_peaks(predictor: PeakPredictor) -> RememberedPeaks:
    """The same predictor, for one that asks again and again."""
    return RememberedPeaks(predictor.name, lru_cache(KEPT)(predictor.peaks))


def _harmonic(shape: Molecule, axis: Axis) -> Float64:
    """Spectra at the minimum near a geometry, if that is still the same compound, (2, points)."""
    from ...vibration import broaden, normal_modes, reference_data
    from ...vibration.batches.bonds import changed_bonding
    from ...vibration.level import Level
    from ...vibration.soundness import HarmonicWarning

    found = reference_data(shape, Level("gfn2-xtb")).data
    if changed := changed_bonding(shape, found.molecule):
        raise CalculationError(f"{shape.name} is no minimum of GFN2-xTB: {changed[1]}")
    with warnings.catch_warnings():
        # A soft mode of one candidate among many is no news.
        warnings.simplefilter("ignore", HarmonicWarning)
        modes = normal_modes(found)
    return np.stack(
        [broaden(modes, k, fwhm=FWHM, grid=axis.wavenumbers).intensities for k in ("ir", "raman")]
    )


def _batch(shapes: tuple[Molecule, ...], model: GridModel | ForceFieldModel | ShiftModel) -> Batch:
    from ..forward.graphs import graph_of
    from ..forward.models import sample_of
    from ..forward.samples import join_samples

    config = model.config
    return join_samples([sample_of(graph_of(each, config.cutoff), config) for each in shapes])


def _peaks(
    numbers: NDArray[np.integer], classes: Int64, shifts: Float64, nucleus: Nucleus
) -> Float32:
    own = numbers == NUCLEI[nucleus]
    sums, counts = (np.bincount(classes[own], weights) for weights in (shifts[own], None))
    means = sums[counts > 0] / counts[counts > 0]
    return merged(np.clip(means, *PEAK_RANGE[nucleus]), nucleus)
