"""Names of a compound: canonical SMILES and InChIKey, from a string or from a geometry."""

from __future__ import annotations

from typing import Any

from ...pointgroup import Molecule
from ..errors import SpectraError

ORGANIC = frozenset({"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I"})
"""Elements whose bond orders follow from distances."""
LARGEST = 40
"""Atoms; the search for bond orders grows steeply."""
_TRIES = 200_000


def identity(molecule: Molecule, smiles: str = "") -> tuple[str, str]:
    """Canonical SMILES with stereochemistry, and the standard InChIKey.

    Parameters
    ----------
    molecule : Molecule
    smiles : str
        If it is known. Otherwise bonds and their orders are perceived from the geometry, by
        RDKit.

    Returns
    -------
    smiles, inchikey : str
        Both empty if no bond orders can be found, as for ferrocene.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> identity(example("benzene"))
    ('c1ccccc1', 'UHOVQNZJYSORNB-UHFFFAOYSA-N')
    >>> identity(example("ferrocene"))
    ('', '')
    """
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    mol = Chem.MolFromSmiles(smiles) if smiles else _perceived(molecule)
    if mol is None:
        return "", ""
    key: str = Chem.MolToInchiKey(mol)  # type: ignore[no-untyped-call]
    return Chem.MolToSmiles(mol), key


def inchikey_of(smiles: str, label: str = "molecule") -> str:
    """The standard InChIKey of a SMILES; empty for an empty one.

    Parameters
    ----------
    smiles : str
    label : str
        Whose it is, for the message.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed or has no InChIKey.

    Examples
    --------
    >>> inchikey_of("OCC")
    'LFQSCWFLJHTTHZ-UHFFFAOYSA-N'
    """
    if not smiles:
        return ""
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        key = "" if mol is None else str(Chem.MolToInchiKey(mol))  # type: ignore[no-untyped-call]
    if not key:
        raise SpectraError(
            f"{label}: SMILES {smiles!r} gives no InChIKey; correct it, or leave the molecule out"
        )
    return key


def _perceived(molecule: Molecule) -> Any:
    from rdkit import Chem
    from rdkit.Chem import rdDetermineBonds

    if molecule.n_atoms > LARGEST or not set(molecule.symbols) <= ORGANIC:
        return None
    editable = Chem.RWMol()
    for symbol in molecule.symbols:
        editable.AddAtom(Chem.Atom(symbol))
    conformer = Chem.Conformer(molecule.n_atoms)
    conformer.SetPositions(molecule.positions.copy())
    editable.AddConformer(conformer)
    mol = editable.GetMol()
    try:
        rdDetermineBonds.DetermineBonds(
            mol, charge=molecule.charge, allowChargedFragments=True, maxIterations=_TRIES
        )
        Chem.SanitizeMol(mol)
        Chem.AssignStereochemistryFrom3D(mol)
        return Chem.RemoveHs(mol)
    except (ValueError, RuntimeError):
        return None
