"""Force fields: a parametrisation with values, from a Hessian or drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup import Molecule
from ..vibration.errors import HarmonicDataError
from ..vibration.harmonic import HarmonicData
from .parameters import Parameters, SymmetricParameters
from .space import InternalSpace
from .tensors import Tensors

FloatArray = NDArray[np.float64]

_SAME_PLACE = 0.01
"""Å; the atoms of a Hessian may be that far from the symmetrised geometry."""


@dataclass(frozen=True, slots=True, eq=False)
class ForceField:
    """Force constants of a molecule.

    Attributes
    ----------
    parameters : Parameters
    values : (P,)
        Eh/bohr² for symmetric and full parametrisations.
    """

    parameters: Parameters
    values: FloatArray

    @classmethod
    def random(
        cls, molecule: Molecule | InternalSpace, *, seed: int = 0, spread: float = 0.2
    ) -> ForceField:
        """A positive-definite symmetric force field, in the range of chemical ones.

        Parameters
        ----------
        molecule : Molecule or InternalSpace
        seed : int
        spread : float
            Size of the random part, compared with 0.3 Eh/bohr² on the diagonal.
        """
        space = molecule if isinstance(molecule, InternalSpace) else InternalSpace.of(molecule)
        parameters = SymmetricParameters(space)
        rng = np.random.default_rng(seed)
        root = parameters.assemble(
            parameters.read(0.3**0.5 * np.eye(space.dimension))
            + spread * 0.3**0.5 * rng.normal(size=len(parameters.names))
        )
        return cls(parameters, parameters.read(root @ root))

    @classmethod
    def from_hessian(cls, data: HarmonicData, tolerance: float | None = None) -> ForceField:
        """The symmetric force field of a Hessian, which is averaged over the point group.

        Parameters
        ----------
        data : HarmonicData
        tolerance : float, optional
            For the detection of the group, Å.

        Raises
        ------
        HarmonicDataError
            If the geometry is further than 0.01 Å from its symmetrised form.
        """
        space = InternalSpace.of(data.molecule, tolerance)
        moved = np.abs(space.molecule.positions - data.molecule.positions).max()
        if moved > _SAME_PLACE:
            raise HarmonicDataError(
                f"symmetrising moves an atom by {moved:.2g} Å, the limit is {_SAME_PLACE:g} Å: "
                "compute the Hessian at a symmetric geometry, or pass a smaller tolerance"
            )
        parameters = SymmetricParameters(space)
        return cls(parameters, parameters.read(space.basis.T @ data.hessian @ space.basis))

    @property
    def space(self) -> InternalSpace:
        """The internal displacements."""
        return self.parameters.space

    @property
    def matrix(self) -> FloatArray:
        """F, (d, d)."""
        return self.parameters.assemble(self.values)

    @property
    def is_positive(self) -> bool:
        """Whether the geometry is a minimum: no negative or zero curvature."""
        return bool(np.linalg.eigvalsh(self.matrix)[0] > 0)

    @property
    def n_parameters(self) -> int:
        """Number P of force constants."""
        return len(self.values)

    def with_values(self, values: ArrayLike) -> ForceField:
        """The same parametrisation with other values (P,)."""
        return replace(self, values=np.asarray(values, dtype=np.float64))

    def hessian(self) -> FloatArray:
        """Cartesian Hessian (3N, 3N), Eh/bohr²."""
        return np.asarray(self.space.basis @ self.matrix @ self.space.basis.T)


def tensors_of(data: HarmonicData, needed: Sequence[str] = ("dipole", "polarizability")) -> Tensors:
    """The intensity derivatives of a calculation.

    Parameters
    ----------
    data : HarmonicData
    needed : sequence of "dipole", "polarizability"
        What must be there; the other is zero where it is not.

    Raises
    ------
    HarmonicDataError
        If the data lack what is needed.
    """
    dipole, polarizability = data.dipole_derivatives, data.polarizability_derivatives
    for name, found in (("dipole", dipole), ("polarizability", polarizability)):
        if name in needed and found is None:
            raise HarmonicDataError(
                f"no {name} derivatives: compute them, or leave these intensities out"
            )
    n = 3 * data.molecule.n_atoms
    return Tensors(
        np.zeros((n, 3)) if dipole is None else dipole,
        np.zeros((n, 3, 3)) if polarizability is None else polarizability,
    )
