"""What the derivatives need to know of an electronic-structure program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from ..level import Level

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SinglePoint:
    """Energy and first derivatives at one geometry, in one electric field.

    Attributes
    ----------
    energy : float, Eh
        Includes the interaction of electrons and nuclei with the field.
    gradient : (N, 3), Eh/bohr
    dipole : (3,), e·bohr
        About the origin of the coordinates.
    """

    energy: float
    gradient: FloatArray
    dipole: FloatArray


class Surface(Protocol):
    """A potential-energy surface on which points can be computed.

    Attributes
    ----------
    molecule : Molecule
        Symbols, charge, multiplicity and the reference geometry.
    level : Level
    program : str
        Name and version, for the record.
    """

    molecule: Molecule
    level: Level
    program: str

    def compute(self, positions: ArrayLike, field: ArrayLike = (0.0, 0.0, 0.0)) -> SinglePoint:
        """Energy, gradient and dipole at ``positions`` (N, 3) Å.

        Parameters
        ----------
        field : (3,), a.u.
            Uniform electric field E; the Hamiltonian gains −μ·E.

        Raises
        ------
        NotConverged
            If self-consistency is not reached.
        """
        ...
