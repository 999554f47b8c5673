"""Normal modes of a free molecule, labelled by the irreps of its point group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Activity, Molecule, Symmetry

FloatArray = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NormalModes:
    """Harmonic vibrations of a molecule, n = 3N − 6 (3N − 5 if linear), lowest first.

    Attributes
    ----------
    molecule : Molecule
        Geometry (Å) and masses (u) of this isotopologue.
    symmetry : Symmetry
        Of this isotopologue, with its masses.
    wavenumbers : (n,), cm⁻¹
        Imaginary ones as negative numbers.
    irreps : tuple of str, length n
        Mulliken labels.
    purities : (n,)
        Share (0 to 1) of each mode that has the symmetry of its irrep.
    sets : (n,) int
        Number of the degenerate set that each mode belongs to, counted from 0.
    displacements : (n, N, 3)
        Cartesian displacements, each normalised to Σ|d|² = 1.
    reduced_masses : (n,), u
        1 / Σ (d²/m)⁻¹ … of the normalised displacement: μ = 1/Σ_i (l_i²) as other programs print.
    force_constants : (n,), mdyn/Å
        4π²c²ν̃²μ, negative for imaginary modes.
    ir_intensities : (n,) or None, km/mol
    raman_activities : (n,) or None, Å⁴/u
    depolarisation : (n,) or None
        For plane-polarised light, 0 to 3/4.
    depolarisation_natural : (n,) or None
        For natural light, 0 to 6/7.
    rigid_body : (5 or 6,), cm⁻¹
        Residual wavenumbers (signed) of translations and rotations, which would be 0.
    level : str
    """

    molecule: Molecule
    symmetry: Symmetry
    wavenumbers: FloatArray
    irreps: tuple[str, ...]
    purities: FloatArray
    sets: Integers
    displacements: FloatArray
    reduced_masses: FloatArray
    force_constants: FloatArray
    ir_intensities: FloatArray | None
    raman_activities: FloatArray | None
    depolarisation: FloatArray | None
    depolarisation_natural: FloatArray | None
    rigid_body: FloatArray
    level: str

    def __len__(self) -> int:
        return len(self.wavenumbers)

    def activity(self, mode: int) -> Activity:
        """In which spectra the irrep of a mode allows its fundamental."""
        raise NotImplementedError
