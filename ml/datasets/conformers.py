"""Force-field conformers of a molecule, mirror images counted once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...pointgroup import Molecule
from ...pointgroup.errors import SmilesError

SEED = 61453
EMBEDDED = 60
"""Conformers to begin with."""
WINDOW = 12.0
"""kcal/mol above the lowest, beyond which a conformer is left out."""
_SAME = 0.02  # Å; sorted distances of the same conformer agree so well


def conformers(smiles: str, most: int) -> list[Molecule]:
    """Minima of MMFF94 (UFF where that has no parameters), the lowest first.

    Parameters
    ----------
    smiles : str
    most : int
        Largest number of conformers.

    Raises
    ------
    SmilesError
        If the string is no molecule or cannot be embedded.

    Examples
    --------
    The anti and the gauche form of 1,2-difluoroethane:

    >>> from spektron.pointgroup import detect
    >>> sorted(str(detect(m).group) for m in conformers("FCCF", 4))
    ['C2', 'C2h']
    """
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom

    parsed = Chem.MolFromSmiles(smiles)
    if parsed is None:
        raise SmilesError(f"{smiles!r} is no SMILES string")
    mol: Any = Chem.AddHs(parsed)
    settings: Any = rdDistGeom.ETKDGv3()
    settings.randomSeed = SEED
    settings.useExpTorsionAnglePrefs = False  # they know the gauche and the anti form, not all
    found = list(rdDistGeom.EmbedMultipleConfs(mol, EMBEDDED, settings))
    if not found:
        raise SmilesError(f"no conformer of {smiles} can be embedded in space")
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    kept: list[tuple[float, Any, Any]] = []
    for number in found:
        energy = _minimised(mol, number)
        positions = mol.GetConformer(number).GetPositions()
        shape = _shape(symbols, positions)
        if all(np.abs(shape - other).max() > _SAME for _, other, _ in kept):
            kept.append((energy, shape, positions))
    kept.sort(key=lambda item: item[0])
    lowest = kept[0][0]
    near = [positions for energy, _, positions in kept if energy - lowest < WINDOW]
    return [Molecule(symbols, positions, name=smiles) for positions in near[:most]]


def _minimised(mol: Any, number: int) -> float:
    """Energy (kcal/mol) of a conformer after it is minimised in place."""
    from rdkit.Chem import rdForceFieldHelpers

    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
    if properties is None:
        field = rdForceFieldHelpers.UFFGetMoleculeForceField(mol, confId=number)
    else:
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties, confId=number)
    field.Initialize()
    for _ in range(20):
        if field.Minimize(maxIts=500, forceTol=1e-5, energyTol=1e-9) == 0:
            break
    return float(field.CalcEnergy())


def _shape(symbols: list[str], positions: Any) -> Any:
    """Distances (Å) between the atoms, sorted for each pair of elements."""
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    i, j = np.triu_indices(len(symbols), 1)
    pairs = np.array(
        ["-".join(sorted((symbols[a], symbols[b]))) for a, b in zip(i, j, strict=True)]
    )
    order = np.lexsort((distance[i, j], pairs))
    return distance[i, j][order]
