"""Reading SMILES; the last ones are kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from .errors import SpectraError

LONGEST: Final = 5000
"""Characters of a SMILES that is read."""


@lru_cache(maxsize=4096)
def parsed(smiles: str) -> Any:
    """A molecule of RDKit, which must not be changed: it is handed out again.

    Raises
    ------
    SpectraError
        If the SMILES is empty, too long, followed by a name, or cannot be parsed.

    Examples
    --------
    >>> parsed("CCO").GetNumAtoms()
    3
    """
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        # RDKit takes what follows a space for a name.
        usable = 0 < len(smiles) <= LONGEST and len(smiles.split()) == 1
        molecule = Chem.MolFromSmiles(smiles) if usable else None
    if molecule is None:
        shown = smiles if len(smiles) < 200 else f"{smiles[:200]}…"
        raise SpectraError(
            f"SMILES {shown!r} cannot be parsed; correct it or leave the molecule out"
        )
    return molecule
