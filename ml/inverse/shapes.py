"""Quick geometries of candidates: every configuration that a SMILES leaves open.

Candidates are written without configurations, and there are hundreds. `Molecule.from_smiles`
refuses what leaves its configuration open, and searches for a minimum whose symmetry can be
trusted; here a few conformers are enough.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from ...pointgroup import Molecule
from ...pointgroup.errors import SmilesError
from .smiles import is_neutral

SEED: Final = 61453
MOST: Final = 4
"""Configurations of a molecule that are looked at."""
EMBEDDED: Final = 4
"""Conformers of all configurations together, but one of each at least."""
KEPT: Final = 16_384
"""Molecules whose geometries are remembered."""
_ATTEMPTS, _ITERATIONS = 20, 200


@lru_cache(KEPT)
def quick_geometries(smiles: str, *, most: int = MOST) -> tuple[Molecule, ...]:
    """The configurations of a molecule, no two mirror images, each near a force-field minimum.

    The lowest of a few conformers by RDKit (ETKDG, fixed seed) after at most 200 steps of MMFF94,
    or of UFF where that lacks parameters; the first one where both do. What was asked for last is
    remembered.

    Parameters
    ----------
    smiles : str
    most : int
        Largest number of configurations.

    Raises
    ------
    SmilesError
        If the string is no neutral closed-shell molecule, or no configuration can be embedded.

    Examples
    --------
    >>> [len(quick_geometries(text)) for text in ("C(=CF)F", "C(C(O)F)F", "CC(C(C)F)F")]
    [2, 1, 2]
    """
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        parsed: Any = Chem.MolFromSmiles(smiles)
        if parsed is None or not parsed.GetNumAtoms():
            raise SmilesError(f"{smiles!r} is no SMILES string")
        if not is_neutral(smiles):
            raise SmilesError(f"{smiles}: an ion or a radical, of which nothing is predicted")
        isomers = _configurations(parsed, most)
        embedded = max(1, EMBEDDED // len(isomers))
        found = [shape for mol in isomers if (shape := _lowest(mol, smiles, embedded))]
    if not found:
        raise SmilesError(f"no conformer of {smiles} can be embedded in space")
    return tuple(found)


def _configurations(parsed: Any, most: int) -> list[Any]:
    """With their hydrogens; mirror images once."""
    from rdkit import Chem
    from rdkit.Chem import EnumerateStereoisomers

    enumeration: Any = EnumerateStereoisomers  # has no annotations
    options = enumeration.StereoEnumerationOptions(
        onlyUnassigned=True, unique=True, maxIsomers=4 * most, rand=SEED
    )
    out: list[Any] = []
    seen: set[str] = set()
    for isomer in enumeration.EnumerateStereoisomers(parsed, options=options):
        name = Chem.MolToSmiles(isomer)
        if name in seen:
            continue
        mirror = Chem.Mol(isomer)
        for atom in mirror.GetAtoms():
            atom.InvertChirality()
        seen |= {name, Chem.MolToSmiles(mirror)}
        out.append(Chem.AddHs(isomer))
        if len(out) == most:
            break
    return out


def _lowest(mol: Any, smiles: str, embedded: int) -> Molecule | None:
    """None where no conformer is found, as of rings that cannot be closed so."""
    from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

    settings: Any = rdDistGeom.ETKDGv3()
    settings.randomSeed = SEED
    settings.maxIterations = _ATTEMPTS
    found = list(rdDistGeom.EmbedMultipleConfs(mol, embedded, settings))
    if not found:
        return None
    best = 0
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        done = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol, maxIters=_ITERATIONS)
        best = int(np.argmin([energy for _, energy in done]))
    elif rdForceFieldHelpers.UFFHasAllMoleculeParams(mol):
        done = rdForceFieldHelpers.UFFOptimizeMoleculeConfs(mol, maxIters=_ITERATIONS)
        best = int(np.argmin([energy for _, energy in done]))
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    return Molecule(symbols, mol.GetConformer(found[best]).GetPositions(), name=smiles)
