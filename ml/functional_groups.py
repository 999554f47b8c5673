"""Functional groups of a molecule, found in its SMILES by SMARTS patterns.

The classes are those that a chemist reads off a spectrum. Where one contains another the smaller
is left out of the larger: an acid is no ester, CF3 no fluoride, an epoxide no ether, and the
nitrogen of an amide no amine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .smiles import parsed

Bool: TypeAlias = NDArray[np.bool_]

GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alcohol": "[OX2H][CX4]",
        "phenol or enol": "[OX2H][$(c),$([CX3]=[#6])]",
        "ether": "[OX2;H0;!r3]([#6;!$([#6]=[!#6])])[#6;!$([#6]=[!#6])]",
        "epoxide": "[OX2r3]1[CX4][CX4]1",
        "peroxide": "[OX2][OX2]",
        "aldehyde": "[$([CX3H][#6]),$([CX3H2])]=[OX1]",
        "ketone": "[#6][CX3](=[OX1])[#6]",
        "carboxylic acid": "[CX3](=[OX1])[OX2H]",
        "ester": "[CX3](=[OX1])[OX2;H0][#6;!$([#6]=[OX1])]",
        "amide": "[CX3](=[OX1])[NX3]",
        "acyl halide": "[CX3](=[OX1])[F,Cl,Br,I]",
        "primary amine": "[NX3;H2;!$(N[CX3]=[O,N,S])][#6]",
        "secondary amine": "[NX3;H1;!$(N[CX3]=[O,N,S])]([#6])[#6]",
        "tertiary amine": "[NX3;H0;!$(N[CX3]=[O,N,S])]([#6])([#6])[#6]",
        "N-N bond": "[NX3][NX3]",
        "imine": "[CX3]=[NX2;H1,$(N[#6])]",
        "oxime": "[CX3]=[NX2][OX2]",
        "nitrile": "[CX2]#[NX1]",
        "isonitrile": "[CX1-]#[NX2+]",
        "nitro": "[#6][NX3+](=[OX1])[O-]",
        "nitroso": "[#6][NX2]=[OX1]",
        "alkyne": "[CX2]#[CX2]",
        "alkene": "[CX3]=[CX3]",
        "cumulene": "[#6]=[CX2]=[#6]",
        "benzene ring": "c1ccccc1",
        "pyridine nitrogen": "[nX2]",
        "pyrrole nitrogen": "[nX3]",
        "furan oxygen": "o",
        "thiophene sulfur": "s",
        "thiol": "[#6][SX2H]",
        "thioether": "[#6][SX2;H0][#6]",
        "fluoride": "[#6;!$([CX4](F)(F)F)]F",
        "trifluoromethyl": "[CX4](F)(F)F",
        "chloride": "[#6]Cl",
        "bromide": "[#6]Br",
        "methyl": "[CX4H3][!#1]",
        "cyclopropane": "C1CC1",
        "four-membered ring": "[r4]",
    }
)
"""SMARTS of each class, in the order of the columns of `labels`."""
LEAST: Final = 100
"""Positives of a class that is worth learning."""


def labels(smiles: Sequence[str]) -> Bool:
    """Which groups molecules have.

    Parameters
    ----------
    smiles : n str

    Returns
    -------
    (n, k) bool
        A column for each of `GROUPS`.

    Raises
    ------
    SpectraError
        If a SMILES is empty or cannot be parsed.

    Examples
    --------
    >>> aspirin = labels(["CC(=O)Oc1ccccc1C(=O)O"])[0]
    >>> [name for name, has in zip(GROUPS, aspirin) if has]
    ['carboxylic acid', 'ester', 'benzene ring', 'methyl']
    """
    out = np.zeros((len(smiles), len(GROUPS)), dtype=bool)
    for row, text in enumerate(smiles):
        out[row] = _groups_of(text)
    return out


def frequent(found: Bool, *, least: int = LEAST) -> NDArray[np.intp]:
    """Columns of ``found`` (n, k) with at least that many positives, and negatives.

    >>> frequent(np.array([[True, True], [False, True]]), least=1).tolist()
    [0]
    """
    positives = found.sum(axis=0)
    return np.flatnonzero((positives >= least) & (len(found) - positives >= least))


@lru_cache(maxsize=100_000)
def _groups_of(text: str) -> tuple[bool, ...]:
    molecule = parsed(text)
    return tuple(molecule.HasSubstructMatch(pattern) for pattern in _patterns())


@lru_cache(maxsize=1)
def _patterns() -> tuple[Any, ...]:
    from rdkit import Chem

    return tuple(Chem.MolFromSmarts(pattern) for pattern in GROUPS.values())
