"""SMILES of a table of predictions: which molecule, and of what atoms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .errors import EvaluationError


def canonical(smiles: str) -> str:
    """The canonical SMILES, with stereochemistry.

    Raises
    ------
    EvaluationError
        If the SMILES cannot be parsed.

    Examples
    --------
    >>> canonical("C1=CC(F)=CC=C1F") == canonical("Fc1ccc(F)cc1")
    True
    """
    from rdkit import Chem

    return str(Chem.MolToSmiles(_parsed(smiles)))


def symbols_of(smiles: str) -> list[str]:
    """Element symbols of all atoms, hydrogens included.

    Raises
    ------
    EvaluationError
        If the SMILES cannot be parsed.

    Examples
    --------
    >>> sorted(symbols_of("CO"))
    ['C', 'H', 'H', 'H', 'H', 'O']
    """
    from rdkit import Chem

    return [atom.GetSymbol() for atom in Chem.AddHs(_parsed(smiles)).GetAtoms()]


@lru_cache(maxsize=100_000)
def _parsed(smiles: str) -> Any:
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        mol = Chem.MolFromSmiles(smiles) if smiles else None
    if mol is None:
        raise EvaluationError(
            f"SMILES {smiles!r} cannot be parsed; correct it or leave the molecule out"
        )
    return mol
