"""The point group of a stationary point, with its second derivatives as a witness."""

from __future__ import annotations

import numpy as np

from ..pointgroup import Molecule, Symmetry, detect
from ..pointgroup.units import BOHR
from .harmonic import HarmonicData

LARGEST_RISE = 5e-5
"""Eh (11 cm⁻¹); what symmetrising a geometry may cost or gain, if its deviations are noise."""
EXACT = 1e-8
"""Å; less is rounding."""


def confirmed_symmetry(
    data: HarmonicData, molecule: Molecule, tolerance: float | None = None
) -> Symmetry:
    """The symmetry of a geometry; an estimate of its noise must not cost energy.

    The deviations of a nearly flat amine may look like noise, and the plane is not its minimum.
    Where symmetrising changes the energy ½ΔᵀHΔ by more than `LARGEST_RISE`, the next lower group
    is taken.

    Parameters
    ----------
    data : HarmonicData
        At a stationary point.
    molecule : Molecule
        That of ``data``, or an isotopologue.
    tolerance : float, optional, Å
        As for `detect`; if given, it decides.
    """
    symmetry = detect(molecule, tolerance)
    if tolerance is not None:
        return symmetry
    while symmetry.rms > EXACT and abs(cost_of_symmetrising(data, symmetry)) > LARGEST_RISE:
        symmetry = detect(molecule, max(symmetry.rms * (1 - 1e-6), EXACT / 2))
    return symmetry


def cost_of_symmetrising(data: HarmonicData, symmetry: Symmetry) -> float:
    """Eh; harmonic energy of the symmetrised geometry above the stationary point."""
    moved = (symmetry.symmetrised_positions - symmetry.molecule.positions).ravel() / BOHR
    return float(0.5 * moved @ np.asarray(data.hessian) @ moved)
