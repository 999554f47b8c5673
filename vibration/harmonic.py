"""Harmonic data of a molecule: the second derivatives that its vibrations follow from.

They come from `derivatives`, or from another program's output through `files`; everything
else (`modes`, `gf`, spectra) starts from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup import Molecule
from .errors import HarmonicDataError

FloatArray = NDArray[np.float64]

LARGEST_ASYMMETRY = 1e-4
"""Eh/bohr²; a Hessian is refused if an element and its mirror image differ by more."""


@dataclass(frozen=True, slots=True, eq=False)
class HarmonicData:
    """Second derivatives of the energy and first derivatives of dipole and polarizability.

    Coordinates are numbered x1, y1, z1, x2, … in the frame of ``molecule``.

    Attributes
    ----------
    molecule : Molecule
        The geometry (Å) at which the derivatives were taken.
    hessian : (3N, 3N), Eh/bohr²
        Stored symmetric.
    dipole_derivatives : (3N, 3) or None, e
        ∂μ_k/∂x_i in row i, column k.
    polarizability_derivatives : (3N, 3, 3) or None, bohr²
        ∂α_kl/∂x_i.
    gradient : (N, 3) or None, Eh/bohr
    energy : float or None, Eh
    level : str
        Level of theory, as a text.
    program : str
        Program and version.

    Raises
    ------
    HarmonicDataError
        If a shape does not fit the molecule, a number is not finite, or the Hessian is not
        symmetric to 1e-4 Eh/bohr².
    """

    molecule: Molecule
    hessian: FloatArray
    dipole_derivatives: FloatArray | None = None
    polarizability_derivatives: FloatArray | None = None
    gradient: FloatArray | None = None
    energy: float | None = None
    level: str = ""
    program: str = ""

    def __post_init__(self) -> None:
        n = self.molecule.n_atoms
        hessian = _checked("Hessian", self.hessian, (3 * n, 3 * n))
        _refuse_asymmetric(hessian, self.molecule)
        hessian = (hessian + hessian.T) / 2
        hessian.flags.writeable = False
        object.__setattr__(self, "hessian", hessian)
        shapes = {
            "dipole_derivatives": (3 * n, 3),
            "polarizability_derivatives": (3 * n, 3, 3),
            "gradient": (n, 3),
        }
        for name, shape in shapes.items():
            if getattr(self, name) is not None:
                array = _checked(name.replace("_", " "), getattr(self, name), shape)
                object.__setattr__(self, name, array)

    @property
    def largest_gradient(self) -> float | None:
        """Largest component of the gradient, Eh/bohr; None if there is no gradient."""
        return None if self.gradient is None else float(np.abs(self.gradient).max())

    def rotated(self, rotation: ArrayLike) -> HarmonicData:
        """The same data with the molecule turned, ``x → rotation @ x`` about the origin.

        Parameters
        ----------
        rotation : (3, 3) orthogonal matrix, proper or improper
        """
        r = np.asarray(rotation, dtype=np.float64)
        n = self.molecule.n_atoms
        hessian = np.einsum("ab,ibjd,cd->iajc", r, self.hessian.reshape(n, 3, n, 3), r)
        dipole, polarizability = self.dipole_derivatives, self.polarizability_derivatives
        if dipole is not None:
            dipole = np.einsum("ab,ibd,cd->iac", r, dipole.reshape(n, 3, 3), r)
        if polarizability is not None:
            turned = polarizability.reshape(n, 3, 3, 3)
            polarizability = np.einsum("ab,ibde,cd,fe->iacf", r, turned, r, r, optimize=True)
        return self._changed(
            molecule=self.molecule.with_positions(self.molecule.positions @ r.T),
            hessian=hessian.reshape(3 * n, 3 * n),
            dipole_derivatives=None if dipole is None else dipole.reshape(3 * n, 3),
            polarizability_derivatives=(
                None if polarizability is None else polarizability.reshape(3 * n, 3, 3)
            ),
            gradient=None if self.gradient is None else self.gradient @ r.T,
        )

    def with_masses(self, masses: ArrayLike | None) -> HarmonicData:
        """The same surface for an isotopologue, with masses in u; None restores the defaults."""
        return self._changed(molecule=self.molecule.with_masses(masses))

    def _changed(self, **fields: Any) -> HarmonicData:
        return replace(self, **fields)


def _checked(what: str, values: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise HarmonicDataError(
            f"{what} of shape {array.shape}: a molecule of {shape[0] // 3 or 1} atoms needs {shape}"
            if what != "gradient"
            else f"gradient of shape {array.shape}: this molecule needs {shape}"
        )
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise HarmonicDataError(f"{what}: element {place} is {array[place]}; all must be finite")
    array.flags.writeable = False
    return array


def _refuse_asymmetric(hessian: FloatArray, molecule: Molecule) -> None:
    difference = np.abs(hessian - hessian.T)
    i, j = np.unravel_index(int(np.argmax(difference)), difference.shape)
    if difference[i, j] > LARGEST_ASYMMETRY:
        raise HarmonicDataError(
            f"Hessian is not symmetric: elements ({i}, {j}) and ({j}, {i}) (atoms {i // 3 + 1} "
            f"{molecule.symbols[i // 3]} and {j // 3 + 1} {molecule.symbols[j // 3]}) differ by "
            f"{difference[i, j]:.1e} Eh/bohr², the limit is {LARGEST_ASYMMETRY:g}; symmetrise it "
            "if that is meant"
        )
