"""Parent molecules whose hydrogens are replaced, in geometries with a centre of inversion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, Molecule, PointGroup, Symmetry, detect, molecule_from_input

SCAFFOLDS = {
    "ethylene": ("C=C", "D2h"),
    "ethane": ("CC", "D3d"),
    "butadiene": ("C=CC=C", "C2h"),
    "cyclobutane": ("C1CCC1", "D4h"),
    "benzene": ("c1ccccc1", "D6h"),
    "pyrazine": ("c1cnccn1", "D2h"),
    "benzoquinone": ("O=C1C=CC(=O)C=C1", "D2h"),
    "dioxane": ("C1COCCO1", "C2h"),
    "cyclohexane": ("C1CCCCC1", "D3d"),
    "cubane": ("C12C3C4C1C5C2C3C45", "Oh"),
    "naphthalene": ("c1ccc2ccccc2c1", "D2h"),
    "naphthyridine": ("c1cnc2cccnc2c1", "C2h"),
    "cyclohexadiene": ("C1C=CCC=C1", "D2h"),
    "thienothiophene": ("c1cc2sccc2s1", "C2h"),
    "hexatriene": ("C=C/C=C/C=C", "C2h"),
}
"""SMILES and point group. Cyclobutane is flat here: the puckered ring (D2d) has no centre."""

TOLERANCES = (0.02, 0.1, 0.3)
"""Å; how far force-field geometries may be from their groups, tried in this order."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaffold:
    """A parent molecule and its places for substituents.

    Attributes
    ----------
    name : str
    symmetry : Symmetry
        Of the parent, symmetrised.
    graph : rdkit.Chem.Mol
        With the hydrogens, atoms in the order of the molecule.
    sites : (n,) int
        The hydrogens.
    parents : (n,) int
        The atoms they are bound to.
    permutations : (order, n) int
        What each operation does with the sites: site i goes to site ``permutations[g, i]``.
    inversion : int
        Which operation is the inversion.
    """

    name: str
    symmetry: Symmetry
    graph: Any
    sites: NDArray[np.intp]
    parents: NDArray[np.intp]
    permutations: NDArray[np.intp]
    inversion: int

    @property
    def molecule(self) -> Molecule:
        """The parent."""
        return self.symmetry.molecule


@cache
def scaffold(name: str) -> Scaffold:
    """A scaffold of `SCAFFOLDS` by name.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> benzene = scaffold("benzene")
    >>> print(benzene.symmetry.group, len(benzene.sites))
    D6h 6
    """
    if name not in SCAFFOLDS:
        raise InputError(f"no scaffold is called {name!r}; there are {', '.join(SCAFFOLDS)}")
    smiles, group = SCAFFOLDS[name]
    molecule = _flat_cyclobutane() if name == "cyclobutane" else molecule_from_input(smiles)
    symmetry = _in_group(molecule, PointGroup(group))
    graph = _graph(smiles, symmetry.molecule)
    sites = [a.GetIdx() for a in graph.GetAtoms() if a.GetAtomicNum() == 1]
    parents = [graph.GetAtomWithIdx(i).GetNeighbors()[0].GetIdx() for i in sites]
    place = {atom: i for i, atom in enumerate(sites)}
    permutations = [[place[int(p[i])] for i in sites] for p in symmetry.permutations]
    inversion = [i for i, m in enumerate(symmetry.matrices) if np.allclose(m, -np.eye(3))]
    return Scaffold(
        name,
        symmetry,
        graph,
        np.array(sites),
        np.array(parents),
        np.array(permutations),
        inversion[0],
    )


def _in_group(molecule: Molecule, group: PointGroup) -> Symmetry:
    for tolerance in TOLERANCES:
        found = detect(molecule, tolerance)
        if found.group == group:
            return detect(found.symmetrise())
    raise InputError(f"the geometry of {molecule.name} has {found.group}, not {group}")


def _graph(smiles: str, molecule: Molecule) -> Any:
    from rdkit import Chem

    graph = Chem.AddHs(Chem.MolFromSmiles(smiles))
    symbols = [a.GetSymbol() for a in graph.GetAtoms()]
    if symbols != list(molecule.symbols):
        raise InputError(f"SMILES {smiles} and its geometry list their atoms differently")
    return graph


def _flat_cyclobutane() -> Molecule:
    """D4h, C–C 1.55 and C–H 1.09 Å, H–C–H 109°."""
    ring = 1.55 / 2**0.5 * np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
    half = np.radians(54.5)
    unit = ring / np.linalg.norm(ring, axis=1)[:, None]
    up = np.array([0, 0, np.sin(half)])
    hydrogens = [
        carbon + 1.09 * (np.cos(half) * out + sign * up)
        for carbon, out in zip(ring, unit, strict=True)
        for sign in (1, -1)
    ]
    return Molecule(["C"] * 4 + ["H"] * 8, [*ring, *hydrogens])
