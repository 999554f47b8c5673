"""Becke's partition of space into atomic cells, and how its weights follow the atoms.

A. D. Becke, J. Chem. Phys. 88 (1988) 2547, with the size adjustment of O. Treutler,
R. Ahlrichs, J. Chem. Phys. 102 (1995) 346. The derivative is contracted with the energy at the
points while it is made (reverse accumulation), so that a pair of atoms costs a few operations
per point; and the radii are those of the elements, also where a core potential has changed the
nuclear charge (PySCF 2.14 mixes the two up in its own response).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TINY = 1e-200


@dataclass(frozen=True, slots=True, eq=False)
class BeckeCells:
    """The cells of a molecule's integration grid.

    Attributes
    ----------
    atoms : (N, 3) bohr
    sizes : (N, N)
        Shift of the boundary between two cells by the sizes of the atoms.
    shells : tuple of (points (n, 3) about the atom, volumes (n,))
        Atomic grids, one per atom.
    """

    atoms: FloatArray
    sizes: FloatArray
    shells: tuple[tuple[FloatArray, FloatArray], ...]

    @classmethod
    def of(cls, grids: Any) -> Self:
        """The cells of a PySCF grid, which must be made by Becke's scheme."""
        mol = grids.mol
        table = grids.gen_atomic_grids(
            mol, grids.atom_grid, grids.radi_method, grids.level, grids.prune
        )
        shift = grids.radii_adjust(mol, grids.atomic_radii)
        n = mol.natm
        sizes = np.array([[float(shift(i, j, 0.0)) for j in range(n)] for i in range(n)])
        shells = tuple(table[mol.atom_symbol(i)] for i in range(n))
        return cls(np.asarray(mol.atom_coords()), sizes, shells)

    def points(self, atom: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Points (n, 3), bohr, volumes (n,) and weights (n,), bohr³, of an atom's grid."""
        offsets, volumes = self.shells[atom]
        coords = offsets + self.atoms[atom]
        cells = self._cells(self._distances(coords))
        return coords, volumes, volumes * cells[atom] / cells.sum(axis=0)

    def weight_response(self, atom: int, coords: FloatArray, energies: FloatArray) -> FloatArray:
        """(N, 3) derivative of Σ energies × cell share, with points that move with the atom.

        Parameters
        ----------
        atom : int
            Owner of the points.
        coords : (n, 3) bohr
        energies : (n,)
            Energy per volume times the volume of each point, Eh.
        """
        distances = self._distances(coords)
        cells = self._cells(distances)
        total = cells.sum(axis=0)
        share = cells[atom] / total
        # How the sum changes with the logarithm of each cell function.
        slopes = -energies * share * cells / total
        slopes[atom] += energies * share
        units = (self.atoms[:, None] - coords) / (distances + TINY)[:, :, None]
        result = np.zeros_like(self.atoms)
        for i in range(len(self.atoms)):
            for j in range(i):
                self._add_pair(i, j, distances, slopes, units, result)
        # The points move with their atom: nothing changes when everything moves together.
        result[atom] -= result.sum(axis=0)
        return result

    def _add_pair(
        self,
        i: int,
        j: int,
        distances: FloatArray,
        slopes: FloatArray,
        units: FloatArray,
        result: FloatArray,
    ) -> None:
        """Add the change with atoms i and j of the boundary between their cells."""
        between = self.atoms[i] - self.atoms[j]
        length = float(np.linalg.norm(between))
        place = (distances[i] - distances[j]) / length
        shift = self.sizes[i, j]
        smooth, slope = _step(place + shift * (1 - place**2))
        slope *= 1 - 2 * shift * place
        change = slope * (slopes[j] / (1 + smooth + TINY) - slopes[i] / (1 - smooth + TINY))
        along = float(change @ place) * between / length**2
        result[i] += change @ units[i] / length - along
        result[j] -= change @ units[j] / length - along

    def _distances(self, coords: FloatArray) -> FloatArray:
        """(N, n) distances from each atom to each point."""
        return np.array([np.linalg.norm(coords - centre, axis=1) for centre in self.atoms])

    def _cells(self, distances: FloatArray) -> FloatArray:
        """(N, n) unnormalised cell functions, eq. 13 of Becke's paper."""
        cells = np.ones_like(distances)
        for i in range(len(self.atoms)):
            for j in range(i):
                length = np.linalg.norm(self.atoms[i] - self.atoms[j])
                place = (distances[i] - distances[j]) / length
                smooth, _ = _step(place + self.sizes[i, j] * (1 - place**2))
                cells[i] *= (1 - smooth) / 2
                cells[j] *= (1 + smooth) / 2
        return cells


def _step(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Becke's smooth step from −1 to 1, three times iterated, and its derivative."""
    once = (3 - x**2) * x / 2
    twice = (3 - once**2) * once / 2
    slope = 27 / 8 * (1 - x**2) * (1 - once**2) * (1 - twice**2)
    return (3 - twice**2) * twice / 2, slope
