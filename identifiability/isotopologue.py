"""One isotopologue of a molecule: its masses, its own symmetry, and which lines it can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Activity, SelectionRules, Symmetry, detect, finite_subgroup
from .space import Block, InternalSpace

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LineBlock:
    """The vibrations of one irrep of an isotopologue.

    Attributes
    ----------
    irrep : str
    activity : Activity
    columns : (d, n * dimension)
        Orthonormal vectors in the internal displacements of the parent, partner by partner
        within a copy.
    dimension : int
        Partners, which have the same wavenumber; 2 for a merged complex pair.
    is_complex_pair : bool
    """

    irrep: str
    activity: Activity
    columns: FloatArray
    dimension: int
    is_complex_pair: bool

    @property
    def n_lines(self) -> int:
        """Number of distinct wavenumbers."""
        return int(self.columns.shape[1]) // self.dimension


@dataclass(frozen=True, slots=True, eq=False)
class Isotopologue:
    """Masses, symmetry and blocks of an isotopologue of a parent geometry.

    Attributes
    ----------
    space : InternalSpace
        Of the parent.
    masses : (N,) u
    name : str
    symmetry : Symmetry
        With these masses; the finite subgroup for a linear molecule.
    kinetic : (d, d), 1/u
        G in the internal displacements of the parent.
    cartesian : (3N, d)
        See `InternalSpace.cartesian`.
    blocks : tuple of LineBlock
    """

    space: InternalSpace
    masses: FloatArray
    name: str
    symmetry: Symmetry
    kinetic: FloatArray
    cartesian: FloatArray
    blocks: tuple[LineBlock, ...]

    @classmethod
    def of(
        cls, space: InternalSpace, masses: FloatArray | None = None, name: str = ""
    ) -> Isotopologue:
        """The isotopologue with given masses (N,), u; the parent if none are given."""
        molecule = space.molecule.with_masses(masses)
        return cls.with_symmetry(space, finite_subgroup(detect(molecule)), name)

    @classmethod
    def with_symmetry(
        cls, space: InternalSpace, symmetry: Symmetry, name: str = ""
    ) -> Isotopologue:
        """The isotopologue with the masses of a given finite symmetry of the same geometry."""
        molecule = symmetry.molecule
        own = InternalSpace.with_symmetry(symmetry)
        overlap = space.basis.T @ own.basis
        rules = SelectionRules.of(symmetry.group)
        return cls(
            space,
            molecule.masses,
            name or molecule.name,
            symmetry,
            space.kinetic(molecule.masses),
            space.cartesian(molecule.masses),
            tuple(_line_block(block, overlap, rules) for block in own.blocks),
        )


def _line_block(block: Block, overlap: FloatArray, rules: SelectionRules) -> LineBlock:
    return LineBlock(
        str(block.irrep),
        rules.activity(block.irrep),
        overlap[:, block.start : block.stop],
        block.dimension,
        block.is_complex_pair,
    )
