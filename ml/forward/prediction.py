"""The spectrum of one molecule by a trained forward model."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch

from ...pointgroup import Molecule
from ...pointgroup.units import FORCE_CONSTANT
from ...vibration.harmonic import HarmonicData
from ...vibration.modes import NormalModes, normal_modes
from ..broadening import Axis
from ..errors import SpectraError
from .config import NUCLEI
from .forcefield import ForceFieldModel
from .graphs import Float64, graph_of
from .grid import GridModel
from .models import ForwardModel, sample_of
from .samples import join_samples
from .shifts import ShiftModel

LEVEL = "predicted by a force-field network"


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A predicted spectrum.

    Attributes
    ----------
    molecule : Molecule
    axis : Axis, cm⁻¹
    curves : (2, points)
        Infrared, L mol⁻¹ cm⁻¹, and Raman, Å⁴ cm/u.
    fwhm : float, cm⁻¹
    modes : NormalModes or None
        Of a force-field model.
    """

    molecule: Molecule
    axis: Axis
    curves: Float64
    fwhm: float
    modes: NormalModes | None


def forecast(model: ForwardModel, molecule: Molecule) -> Forecast:
    """Infrared and Raman spectrum of a molecule.

    Parameters
    ----------
    model : GridModel or ForceFieldModel
    molecule : Molecule
        At the geometry of a minimum of the method that the model was trained on, or near it. A
        symmetric spectrum needs a symmetric geometry.

    Raises
    ------
    SpectraError
        If an element is not in the vocabulary, the molecule is charged or open-shell, or the
        model is one of shifts.
    """
    spectral = model_for_spectra(model)
    _refuse_ions(molecule)
    sample = sample_of(graph_of(molecule, model.config.cutoff), model.config)
    exact = copy.deepcopy(spectral).double().eval()
    with torch.no_grad():
        curves = exact(join_samples([sample]))[0][0].cpu().numpy()
    modes = None
    if isinstance(model, ForceFieldModel):
        modes = normal_modes(harmonic_data(model, molecule))
    return Forecast(molecule, model.config.axis, curves, model.config.fwhm, modes)


def harmonic_data(model: ForceFieldModel, molecule: Molecule) -> HarmonicData:
    """Predicted second derivatives of the energy and derivatives of dipole and polarizability.

    In double precision, so that forbidden intensities vanish to its rounding. Masses are those
    of the most abundant isotopes in the prediction; the derivatives depend on no mass.
    """
    sample = sample_of(graph_of(molecule, model.config.cutoff), model.config)
    exact = copy.deepcopy(model).double().eval()
    batch = join_samples([sample])
    with torch.no_grad():
        found = exact.harmonic(batch)
    described = batch.described
    constants, wilson = found.constants[0].cpu().numpy(), described.wilson[0]
    # V = M^(1/2) (M^(−1/2) V), and H = M^(1/2) V D Vᵀ M^(1/2).
    masses = np.repeat(molecule.with_masses(None).masses, 3)[:, None]
    heavy = masses * described.basis[0]
    hessian = heavy @ (wilson.T @ constants @ wilson) @ heavy.T / FORCE_CONSTANT
    n = molecule.n_atoms
    return HarmonicData(
        molecule,
        (hessian + hessian.T) / 2,
        found.dipole.permute(0, 2, 1).reshape(3 * n, 3).cpu().numpy(),
        found.polarizability.permute(0, 3, 1, 2).reshape(3 * n, 3, 3).cpu().numpy(),
        level=LEVEL,
    )


def shifts_of(model: ShiftModel, molecule: Molecule) -> Float64:
    """NMR shift of each atom, ppm; NaN for elements whose shifts the model has not learnt.

    Raises
    ------
    SpectraError
        If an element is not in the vocabulary.
    """
    _refuse_ions(molecule)
    sample = sample_of(graph_of(molecule, model.config.cutoff), model.config)
    with torch.no_grad():
        shifts = copy.deepcopy(model).double().eval()(join_samples([sample])).cpu().numpy()
    known = [NUCLEI[nucleus] for nucleus in model.config.nuclei]
    return np.where(np.isin(molecule.atomic_numbers, known), shifts, np.nan)


def model_for_spectra(model: ForwardModel) -> GridModel | ForceFieldModel:
    """The model itself, if it is one of spectra.

    Raises
    ------
    SpectraError
        If it is not.
    """
    if isinstance(model, ShiftModel):
        raise SpectraError("this model predicts NMR shifts, not spectra; give another checkpoint")
    return model


def model_for_shifts(model: ForwardModel) -> ShiftModel:
    """The model itself, if it is one of NMR shifts.

    Raises
    ------
    SpectraError
        If it is not.
    """
    if not isinstance(model, ShiftModel):
        raise SpectraError("this model predicts spectra, not NMR shifts; give another checkpoint")
    return model


def _refuse_ions(molecule: Molecule) -> None:
    if molecule.charge or molecule.multiplicity != 1:
        raise SpectraError(
            f"{molecule.name or molecule.formula}: charge {molecule.charge}, multiplicity "
            f"{molecule.multiplicity}; the model has learnt neutral closed-shell molecules"
        )
