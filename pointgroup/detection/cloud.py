"""The atoms as symmetry sees them: points about their centroid, of kinds that may permute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..molecules.molecule import Molecule
from ..theory.operations import FloatArray, Indices

SAME_MASS = 0.01
"""Masses of one element closer than this (u) are the same isotope."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """Atoms about their centroid, sorted into kinds that symmetry may permute.

    Attributes
    ----------
    positions : (N, 3), Å, centroid at the origin
    kinds : (N,) int
        Equal for atoms of one element and one isotope.
    radii : (N,) Å
        Distances from the centroid.
    members : tuple of (n,) int
        Atom indices of each kind.
    """

    positions: FloatArray
    kinds: Indices
    radii: FloatArray
    members: tuple[Indices, ...]

    @classmethod
    def of(cls, molecule: Molecule) -> Cloud:
        """The atoms of a molecule."""
        positions = molecule.positions - molecule.positions.sum(axis=0) / molecule.n_atoms
        kinds = atom_kinds(molecule.symbols, molecule.masses)
        members = tuple((kinds == k).nonzero()[0] for k in range(int(kinds.max()) + 1))
        radii = np.sqrt(np.einsum("ij,ij->i", positions, positions))
        return cls(np.ascontiguousarray(positions), kinds, radii, members)


def atom_kinds(symbols: tuple[str, ...], masses: FloatArray) -> Indices:
    """Number the kinds of atoms: same element, masses within 0.01 u of a neighbour."""
    atoms = list(zip(symbols, masses.tolist(), strict=True))
    numbers: dict[tuple[str, float], int] = {}
    kind, last_symbol, last_mass = -1, "", 0.0
    for symbol, mass in sorted(set(atoms)):
        kind += symbol != last_symbol or mass - last_mass > SAME_MASS
        numbers[symbol, mass] = kind
        last_symbol, last_mass = symbol, mass
    return np.array([numbers[atom] for atom in atoms], dtype=np.intp)
