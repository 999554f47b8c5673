"""SMILES of a table of predictions: which molecule, of what atoms, in what arrangement."""

from __future__ import annotations

from ..smiles import parsed


def canonical(smiles: str) -> str:
    """The canonical SMILES, with stereochemistry.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed.

    Examples
    --------
    >>> canonical("C1=CC(F)=CC=C1F") == canonical("Fc1ccc(F)cc1")
    True
    """
    from rdkit import Chem

    return str(Chem.MolToSmiles(parsed(smiles)))


def symbols_of(smiles: str) -> list[str]:
    """Element symbols of all atoms, hydrogens included.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed.

    Examples
    --------
    >>> sorted(symbols_of("CO"))
    ['C', 'H', 'H', 'H', 'H', 'O']
    """
    from rdkit import Chem

    return [atom.GetSymbol() for atom in Chem.AddHs(parsed(smiles)).GetAtoms()]


def charge_of(smiles: str) -> int:
    """Sum of the formal charges.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed.
    """
    from rdkit import Chem

    return int(Chem.GetFormalCharge(parsed(smiles)))


def same_stereo(smiles: str, found: str) -> bool:
    r"""Whether a molecule has the stereochemistry that a SMILES names, or is its mirror image.

    True as well where bonds or charges are drawn in another way, so that nothing can be said.

    Parameters
    ----------
    smiles : str
        What it does not name is free.
    found : str
        SMILES of the molecule, with all stereochemistry.

    Raises
    ------
    SpectraError
        If a SMILES cannot be parsed.

    Examples
    --------
    >>> [same_stereo(asked, r"F/C=C\F") for asked in ("FC=CF", r"F/C=C\F", "F/C=C/F")]
    [True, True, False]
    """
    from rdkit import Chem

    wanted, molecule = (Chem.Mol(parsed(text)) for text in (smiles, found))
    for atom in wanted.GetAtoms():
        atom.SetIsotope(0)
    if not molecule.HasSubstructMatch(wanted):
        return True
    mirror = Chem.Mol(wanted)
    for atom in mirror.GetAtoms():
        atom.InvertChirality()
    return any(molecule.HasSubstructMatch(each, useChirality=True) for each in (wanted, mirror))
