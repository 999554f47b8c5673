"""SMILES to a geometry whose symmetry can be trusted, or a refusal.

Two ways, chosen by the molecule:

- One central atom with monatomic ligands that MMFF94 does not know, or with more than four
  electron pairs: the ideal geometry (`vsepr`).
- Otherwise several conformers by RDKit (ETKDG, fixed seed), MMFF94 (MMFF94s for amides) or,
  where it lacks parameters, UFF, and the lowest minimum, tight enough to show its symmetry
  (`relaxation`).

What no force field describes is refused: metals, hypervalent atoms in larger molecules,
π systems whose planes it misses, several molecules in one string, and stereo that the string
leaves open.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MoleculeError, SmilesError
from ..molecules.isotopes import default_mass, isotope_mass
from ..molecules.molecule import Molecule
from .conformers import lowest_minimum, refuse_open_stereo
from .conjugation import refuse_conjugation
from .forcefield import refuse_unfit_atoms
from .vsepr import Star, star_positions, steric_number

__all__ = ["MAXIMUM_ATOMS", "InvalidSmilesError", "molecule_from_smiles"]

MAXIMUM_ATOMS = 300
"""Larger molecules (hydrogens counted) are refused: a conformer search would find no minimum."""


class InvalidSmilesError(SmilesError):
    """The text is no SMILES string at all."""


def molecule_from_smiles(smiles: str) -> Molecule:
    """Molecule of a SMILES string at its lowest force-field minimum.

    Hydrogens are added, isotopes and charge kept; unpaired electrons give the multiplicity.
    The number of conformers is 6, plus 6 per rotatable bond and 2 per bond of a flexible
    ring, at most 100 (fewer above 40 atoms), and one with all chains stretched. The lowest
    force-field minimum found need not be the molecule's: above five rotatable bonds, or
    where the point group hangs on a subtle torsion, give a geometry file.

    Raises
    ------
    SmilesError
        If the string is invalid, or no geometry of reliable symmetry can be made from it.

    Examples
    --------
    >>> water = molecule_from_smiles("O")
    >>> bonds = np.linalg.norm(water.positions[1:] - water.positions[0], axis=1)
    >>> [round(float(bond), 3) for bond in bonds]
    [0.969, 0.969]
    """
    from rdkit import rdBase

    text = smiles.strip()
    with rdBase.BlockLogs():
        try:
            mol = _parse(text)
            positions = _positions(mol)
            return _molecule(mol, positions, text)
        except (SmilesError, MoleculeError) as error:
            kind = type(error) if isinstance(error, SmilesError) else SmilesError
            raise kind(f"SMILES {_shown(text)}: {error}") from None


def _parse(text: str) -> Any:
    """RDKit molecule with all hydrogens, sanitised but for the valences of a lone centre."""
    from rdkit import Chem

    if not text:
        raise SmilesError("the string is empty")
    # RDKit takes what follows a blank for a name, and stops at a zero byte.
    plain = all(character.isprintable() and not character.isspace() for character in text)
    mol = Chem.MolFromSmiles(text, sanitize=False) if plain else None
    if mol is None:
        raise InvalidSmilesError("not valid; check brackets, ring closures and element symbols")
    if mol.GetNumAtoms() == 0:
        raise SmilesError("there are no atoms")
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise SmilesError("'*' stands for no element; write the element")
    if len(Chem.GetMolFrags(mol)) > 1:
        raise SmilesError(
            "several molecules (a dot): how they lie to each other is undefined; "
            "give a geometry file"
        )
    mol = Chem.AddHs(_sanitised(mol))
    if mol.GetNumAtoms() > MAXIMUM_ATOMS:
        raise SmilesError(
            f"{mol.GetNumAtoms()} atoms; up to {MAXIMUM_ATOMS} a geometry is searched for. "
            "Give a geometry file"
        )
    return mol


def _sanitised(mol: Any) -> Any:
    """A sanitised copy; of one centre with monatomic ligands any valence is let pass.

    RDKit refuses ClF3 or XeO4, of which the electron count of `vsepr` is a better judge.
    """
    from rdkit import Chem

    everything = Chem.SanitizeFlags.SANITIZE_ALL
    try:
        copy = Chem.Mol(mol)
        Chem.SanitizeMol(copy, everything)
    except Chem.MolSanitizeException as error:
        lone_centre = _centre(Chem.AddHs(_with_valences_unchecked(mol))) is not None
        if not isinstance(error, Chem.AtomValenceException) or not lone_centre:
            raise SmilesError(f"no such molecule: {' '.join(str(error).split())}") from None
        copy = _with_valences_unchecked(mol)
        Chem.SanitizeMol(copy, everything ^ Chem.SanitizeFlags.SANITIZE_PROPERTIES)
    Chem.AssignStereochemistry(copy, cleanIt=True)
    return copy


def _with_valences_unchecked(mol: Any) -> Any:
    from rdkit import Chem

    copy = Chem.Mol(mol)
    copy.UpdatePropertyCache(strict=False)
    return copy


def _positions(mol: Any) -> NDArray[np.float64]:
    if mol.GetNumAtoms() == 1:
        return np.zeros((1, 3))
    centre = _centre(mol)
    if centre is not None:
        star = _star(mol, centre)
        if not _force_field_is_better(mol, star):
            return np.insert(star_positions(star), centre, 0.0, axis=0)
    refuse_unfit_atoms(mol)
    refuse_conjugation(mol)
    refuse_open_stereo(mol)
    return lowest_minimum(mol).positions


def _centre(mol: Any) -> int | None:
    """Index of the only atom with more than one neighbour (of two atoms, the first)."""
    degrees = [atom.GetDegree() for atom in mol.GetAtoms()]
    ligands = len(degrees) - 1
    if ligands < 1 or max(degrees) != ligands or sum(degrees) != 2 * ligands:
        return None
    return degrees.index(ligands)


def _star(mol: Any, centre: int) -> Star:
    from rdkit import Chem

    radius = Chem.GetPeriodicTable().GetRcovalent
    middle = mol.GetAtomWithIdx(centre)
    ligands = [atom for atom in mol.GetAtoms() if atom.GetIdx() != centre]
    orders = [
        mol.GetBondBetweenAtoms(centre, atom.GetIdx()).GetBondTypeAsDouble() for atom in ligands
    ]
    return Star(
        middle.GetSymbol(),
        tuple(atom.GetSymbol() for atom in ligands),
        Chem.GetFormalCharge(mol),
        tuple(radius(middle.GetAtomicNum()) + radius(atom.GetAtomicNum()) for atom in ligands),
        tuple(round(order) for order in orders),
    )


def _force_field_is_better(mol: Any, star: Star) -> bool:
    """Whether MMFF94 knows the atoms and the centre has four electron pairs.

    With more pairs MMFF94 fails; with fewer it guesses: SO3 comes out as a pyramid, CH2
    linear, CO2 with bonds of 1.40 Å. Carbanions (CH3-) come out flat.
    """
    from rdkit.Chem import rdForceFieldHelpers

    unpaired = any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    carbanion = star.centre == "C" and star.charge < 0
    if len(star.ligands) == 1 or unpaired or carbanion:
        return False
    known: bool = rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol)
    return known and steric_number(star) in (None, 4)


def _molecule(mol: Any, positions: NDArray[np.float64], text: str) -> Molecule:
    from rdkit import Chem

    atoms = list(mol.GetAtoms())
    isotopes = [(atom.GetSymbol(), atom.GetIsotope()) for atom in atoms]
    return Molecule(
        [symbol for symbol, _ in isotopes],
        positions,
        [isotope_mass(s, number) if number else default_mass(s) for s, number in isotopes],
        charge=Chem.GetFormalCharge(mol),
        multiplicity=1 + sum(atom.GetNumRadicalElectrons() for atom in atoms),
        name=text,
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
