"""Groups that replace a hydrogen: their atoms, bonds and geometry along the bond."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, molecule_from_input

SUBSTITUENTS = {
    "F": "F",
    "Cl": "Cl",
    "Br": "Br",
    "OH": "O",
    "SH": "S",
    "NH2": "N",
    "CH3": "C",
    "CN": "C#N",
    "CCH": "C#C",
    "CHO": "C=O",
    "NO2": "[N+](=O)[O-]",
    "CF3": "C(F)(F)F",
    "NC": "[N+]#[C-]",
    "NO": "N=O",
}
"""SMILES that follow the atom of the scaffold."""


@dataclass(frozen=True, slots=True, eq=False)
class Substituent:
    """A group on its bond.

    Attributes
    ----------
    name : str
    graph : rdkit.Chem.Mol
        Without the atom that it replaces; the first atom carries the bond.
    symbols : tuple of str
    positions : (m, 3) Å
        The atom of the scaffold is the origin, the bond is +z, a mirror plane of the group xz.
    """

    name: str
    graph: Any
    symbols: tuple[str, ...]
    positions: NDArray[np.float64]


@cache
def substituent(name: str) -> Substituent:
    """A group of `SUBSTITUENTS` by name, in the geometry that it has on methane.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> substituent("CN").symbols
    ('C', 'N')
    >>> substituent("CN").positions.round(2)[:, :2].tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    from rdkit import Chem

    if name not in SUBSTITUENTS:
        raise InputError(f"no substituent is called {name!r}; there are {', '.join(SUBSTITUENTS)}")
    smiles = "C" + SUBSTITUENTS[name]
    molecule = molecule_from_input(smiles)
    graph = Chem.AddHs(Chem.MolFromSmiles(smiles))
    methyl = {0, *(a.GetIdx() for a in graph.GetAtomWithIdx(0).GetNeighbors() if a.GetIdx() != 1)}
    kept = [i for i in range(molecule.n_atoms) if i not in methyl]
    positions = molecule.positions[kept] - molecule.positions[0]
    edited = Chem.RWMol(graph)
    for atom in sorted(methyl, reverse=True):
        edited.RemoveAtom(atom)
    symbols = tuple(molecule.symbols[i] for i in kept)
    return Substituent(name, edited.GetMol(), symbols, _along_z(positions, symbols))


def _along_z(x: NDArray[np.float64], symbols: tuple[str, ...]) -> NDArray[np.float64]:
    """Turned so that the bond is z and a mirror plane is xz."""
    z = x[0] / np.linalg.norm(x[0])
    off = x - np.outer(x @ z, z)
    size = np.linalg.norm(off, axis=1)
    if size.max() < 0.05:
        return np.outer(x @ z, [0.0, 0.0, 1.0])
    candidates = [off[i] for i in np.flatnonzero(size > 0.05)]
    candidates += [np.cross(z, c) for c in candidates]
    total = off.sum(axis=0)
    if np.linalg.norm(total) > 0.1:
        candidates.insert(0, total)

    def turned(direction: NDArray[np.float64]) -> NDArray[np.float64]:
        ex = direction - (direction @ z) * z
        ex /= np.linalg.norm(ex)
        return np.stack([x @ ex, x @ np.cross(z, ex), x @ z], axis=1)

    frames = [turned(c) for c in candidates]
    return min(frames, key=lambda f: _mirror_error(f, symbols))


def _mirror_error(x: NDArray[np.float64], symbols: tuple[str, ...]) -> float:
    """Largest distance of an atom's mirror image in xz from the nearest atom of its kind."""
    kinds = np.array(symbols)
    distance = np.linalg.norm(x[:, None] * [1, -1, 1] - x[None], axis=2)
    distance[kinds[:, None] != kinds[None]] = np.inf
    return round(float(distance.min(axis=1).max()), 2)
