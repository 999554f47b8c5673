"""Lines of an isotopologue and their derivatives with respect to the force constants.

With LᵀFL = Λ and LLᵀ = G, a line is a degenerate set of columns of L. Its wavenumber and its
intensities are smooth functions of F where the set is degenerate too, because only means and
sums over the set are observed:

    dλ = (1/g) Σ_k L_kᵀ dF L_k,
    dI = 2 Σ_k Σ_l (L_kᵀ dF L_l)(L_lᵀ Q L_k)/(λ_k − λ_l),     l outside the set,

for an intensity I = Σ_k L_kᵀ Q L_k (perturbation theory of first order). Q is invariant under
the group, so l runs within the irrep only, and lines of different irreps may coincide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Activity
from ..pointgroup.units import NORMAL_COORDINATE
from .isotopologue import Isotopologue, LineBlock
from .parameters import Parameters

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The n lines of one irrep of an isotopologue, of rising wavenumber.

    Attributes
    ----------
    irrep : str
    activity : Activity
    degeneracy : int
        Vibrations in each line.
    curvatures : (n,), Eh/(bohr² u)
    columns : tuple of (d, m), u^(-1/2)
        Columns of L, one array for each partner (m = n); both partners of a complex pair are
        in one array (m = 2n).
    numbers : (m,) int
        Line that each column belongs to.
    """

    irrep: str
    activity: Activity
    degeneracy: int
    curvatures: FloatArray
    columns: tuple[FloatArray, ...]
    numbers: NDArray[np.int64]

    @property
    def wavenumbers(self) -> FloatArray:
        """(n,) cm⁻¹, imaginary ones negative."""
        root = np.sqrt(np.abs(self.curvatures))
        return np.asarray(np.sign(self.curvatures) * NORMAL_COORDINATE * root)

    def curvature_gradients(self, parameters: Parameters) -> FloatArray:
        """(n, P) derivatives of the curvatures."""
        share = self.degeneracy**-0.5
        scaled = [share * c for c in self.columns]
        return self._gathered([parameters.pull_back(c, c) for c in scaled])

    def intensities(self, form: FloatArray) -> FloatArray:
        """(n,) intensities for an invariant quadratic form Q (d, d)."""
        return self._gathered([np.einsum("ik,ik->k", c, form @ c)[None] for c in self.columns])[
            :, 0
        ]

    def intensity_gradients(self, form: FloatArray, parameters: Parameters) -> FloatArray:
        """(n, P) derivatives of the intensities."""
        values = self.curvatures[self.numbers]
        same = self.numbers[:, None] == self.numbers
        gaps = np.where(same, np.inf, values - values[:, None])
        mixing = self.columns[0].T @ form @ self.columns[0] * (2 / gaps)
        return self._gathered([parameters.pull_back(c, c @ mixing) for c in self.columns])

    def _gathered(self, parts: list[FloatArray]) -> FloatArray:
        """(n, P) sums over the columns of each line, from (P, m) for each partner."""
        total = reduce(np.add, parts).T
        if len(total) == len(self.curvatures):
            return np.asarray(total)
        return np.asarray(total.reshape(len(self.curvatures), -1, total.shape[1]).sum(axis=1))


def solve(matrix: FloatArray, isotopologue: Isotopologue) -> tuple[Lines, ...]:
    """The lines of an isotopologue with force constants F (d, d), one value for each irrep.

    F must have the symmetry of the isotopologue; what it has not is averaged out.
    """
    return tuple(_lines(block, matrix, isotopologue.kinetic) for block in isotopologue.blocks)


def _lines(block: LineBlock, matrix: FloatArray, kinetic: FloatArray) -> Lines:
    partners = _partners(block)
    force = sum(c.T @ matrix @ c for c in partners) / len(partners)
    half = np.linalg.cholesky(partners[0].T @ kinetic @ partners[0])
    curvatures, rotation = np.linalg.eigh(half.T @ force @ half)
    amplitudes = half @ rotation
    size = 2 if block.is_complex_pair else 1
    return Lines(
        block.irrep,
        block.activity,
        block.dimension,
        curvatures.reshape(-1, size).mean(axis=1),
        tuple(columns @ amplitudes for columns in partners),
        np.arange(len(curvatures)) // size,
    )


def _partners(block: LineBlock) -> list[FloatArray]:
    """Columns of each partner, to which the same eigenvectors belong.

    The two partners of a complex pair are solved for together: each line comes out twice.
    """
    if block.is_complex_pair:
        return [block.columns]
    return [block.columns[:, k :: block.dimension] for k in range(block.dimension)]
