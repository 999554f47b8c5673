"""Which force field fits a molecule, and where none does.

MMFF94 (T. A. Halgren, J. Comput. Chem. 17, 490, 1996) first, UFF (A. K. Rappé et al., J. Am.
Chem. Soc. 114, 10024, 1992) where MMFF94 lacks parameters. Both can give a wrong symmetry in
silence; the cases known to do so are refused here (those of π systems in `conjugation`):

- metals, and atoms with more than four electron pairs;
- cumulenes with three or more double bonds (no term keeps C=C=C=C planar);
- bonds between two pyramidal nitrogens (both put hydrazine trans; it is gauche, C2);
- parameters that follow one of several equivalent resonance structures (allyl).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..errors import SmilesError
from .relaxation import Surface

__all__ = ["force_fields", "refuse_unfit_atoms"]

# Valence electrons of the elements whose usual valences MMFF94 or UFF describe in molecules
# of several centres; all other elements are refused.
_OUTER = {
    "H": 1, "B": 3, "C": 4, "Si": 4, "Ge": 4, "Sn": 4, "N": 5, "P": 5, "As": 5, "Sb": 5,
    "O": 6, "S": 6, "Se": 6, "Te": 6, "F": 7, "Cl": 7, "Br": 7, "I": 7,
}  # fmt: skip


def refuse_unfit_atoms(mol: Any) -> None:
    """Raise where a force field would give a geometry, and a wrong one.

    Raises
    ------
    SmilesError
        Naming the first atom at fault.
    """
    for atom in mol.GetAtoms():
        if atom.GetSymbol() not in _OUTER:
            raise _unfit(atom, "is no element whose bonds a force field describes")
        if atom.GetDegree() > 1 and _electron_pairs(atom) > 4:
            raise _unfit(atom, "is hypervalent, which a force field cannot do beside other centres")
        if _is_pyramidal_nitrogen(atom) and any(
            _is_pyramidal_nitrogen(bond.GetOtherAtom(atom)) and not bond.IsInRing()
            for bond in atom.GetBonds()
        ):
            raise _unfit(atom, "has a bond whose rotation force fields get wrong (hydrazine)")
        if atom.GetNumRadicalElectrons() and _double_bonds(atom):
            raise _unfit(atom, "is a radical centre at a double bond, bent or linear")
        if _is_in_long_cumulene(atom):
            raise _unfit(atom, "is in a cumulene, whose ends no force field keeps planar")


def _unfit(atom: Any, why: str) -> SmilesError:
    where = f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()})"
    return SmilesError(f"{where} {why}; give a geometry file")


def _electron_pairs(atom: Any) -> int:
    """Neighbours and lone pairs about an atom; a single electron is not counted."""
    return int(atom.GetDegree()) + max(_spare_electrons(atom), 0) // 2


def _spare_electrons(atom: Any) -> int:
    bonds = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds())
    own = _OUTER[atom.GetSymbol()] - atom.GetFormalCharge() - atom.GetNumRadicalElectrons()
    rounded: int = round(own - bonds)
    return rounded


def _is_pyramidal_nitrogen(atom: Any) -> bool:
    three_single = atom.GetDegree() == 3 and not _double_bonds(atom)
    return atom.GetSymbol() in ("N", "P", "As", "Sb") and three_single and not atom.GetIsAromatic()


def _double_bonds(atom: Any) -> list[Any]:
    return [bond for bond in atom.GetBonds() if bond.GetBondTypeAsDouble() == 2]


def _is_in_long_cumulene(atom: Any) -> bool:
    """Whether the atom is the second of >C=C=C=C<, with something to keep planar at both ends."""
    if atom.GetDegree() != 2 or len(_double_bonds(atom)) != 2:
        return False
    neighbours = list(atom.GetNeighbors())
    inner = [n for n in neighbours if n.GetDegree() == 2 and len(_double_bonds(n)) == 2]
    return bool(inner) and all(_end_of_cumulene(atom, n).GetDegree() > 1 for n in neighbours)


def _end_of_cumulene(previous: Any, atom: Any) -> Any:
    while atom.GetDegree() == 2 and len(_double_bonds(atom)) == 2:
        following = next(n for n in atom.GetNeighbors() if n.GetIdx() != previous.GetIdx())
        previous, atom = atom, following
    return atom


def force_fields(mol: Any, variant: str = "MMFF94") -> list[Callable[[int], Surface]]:
    """The force fields that know all atoms and treat equivalent ones alike, MMFF94 first.

    Parameters
    ----------
    mol : rdkit.Chem.Mol
        With all hydrogens and its conformers. Nitrogen and oxygen beside three-coordinate
        boron are marked sp2, as their lone pair shares in the bond (borazine, boric acid:
        planar).
    variant : {'MMFF94', 'MMFF94s'}
        The second makes delocalised nitrogen flat.

    Returns
    -------
    list of functions from the number of a conformer to its `Surface`

    Raises
    ------
    SmilesError
        If there is none.
    """
    _mark_boron_neighbours(mol)
    choices = list(_choices(mol, variant))
    if not choices:
        raise SmilesError("no force field has parameters for its atoms; give a geometry file")
    fair = [make for make, parameters in choices if _equal_atoms_are_alike(mol, parameters)]
    if not fair:
        raise SmilesError(
            "the force field follows one of several equivalent resonance structures, "
            "so its geometry would lack symmetry; give a geometry file"
        )
    return fair


@dataclass(frozen=True, slots=True)
class _Parameters:
    """What a force field assigns to bonds, angles and torsions, by atom indices."""

    bond: Callable[[int, int], Any]
    angle: Callable[[int, int, int], Any]
    torsion: Callable[[int, int, int, int], Any]


def _choices(mol: Any, variant: str) -> Iterator[tuple[Callable[[int], Surface], _Parameters]]:
    """The force fields that know all atoms, the better one first."""
    from rdkit import Chem
    from rdkit.Chem import rdForceFieldHelpers

    # A copy for each, because MMFF94 writes its Kekulé structure into the molecule.
    # No cut-off in either: it would make the energy jump, and the minimum unsymmetric.
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        kekule = Chem.Mol(mol)
        mmff = rdForceFieldHelpers.MMFFGetMoleculeProperties(kekule, mmffVariant=variant)

        def make_mmff(i: int) -> Surface:
            field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
                kekule, mmff, nonBondedThresh=1e3, confId=i
            )
            return Surface(field, kekule.GetConformer(i))

        yield (
            make_mmff,
            _Parameters(
                lambda i, j: mmff.GetMMFFBondStretchParams(kekule, i, j),
                lambda i, j, k: mmff.GetMMFFAngleBendParams(kekule, i, j, k),
                lambda i, j, k, m: mmff.GetMMFFTorsionParams(kekule, i, j, k, m),
            ),
        )
    if rdForceFieldHelpers.UFFHasAllMoleculeParams(mol):
        copy = Chem.Mol(mol)

        def make_uff(i: int) -> Surface:
            field = rdForceFieldHelpers.UFFGetMoleculeForceField(copy, vdwThresh=1e3, confId=i)
            return Surface(field, copy.GetConformer(i))

        yield (
            make_uff,
            _Parameters(
                lambda i, j: rdForceFieldHelpers.GetUFFBondStretchParams(copy, i, j),
                lambda i, j, k: rdForceFieldHelpers.GetUFFAngleBendParams(copy, i, j, k),
                lambda i, j, k, m: rdForceFieldHelpers.GetUFFTorsionParams(copy, i, j, k, m),
            ),
        )


def _mark_boron_neighbours(mol: Any) -> None:
    from rdkit import Chem

    for boron in mol.GetAtoms():
        if boron.GetSymbol() == "B" and boron.GetDegree() == 3:
            for atom in boron.GetNeighbors():
                if atom.GetSymbol() in ("N", "O") and atom.GetFormalCharge() == 0:
                    atom.SetHybridization(Chem.HybridizationType.SP2)


def _equal_atoms_are_alike(mol: Any, parameters: _Parameters) -> bool:
    """Whether atoms that are equal in the bare graph get equal bonds, angles and torsions.

    The bare graph knows elements and neighbours, but no bond orders and charges. A Kekulé
    structure of azulene or of the allyl radical makes a difference where there is none;
    cyclobutadiene keeps its two kinds of bonds, since every atom has one of each.
    """
    classes = _bare_classes(mol)
    seen: dict[int, list[str]] = {}
    for atom in mol.GetAtoms():
        environment = sorted(_environment(atom, classes, parameters))
        if seen.setdefault(classes[atom.GetIdx()], environment) != environment:
            return False
    return True


def _environment(atom: Any, classes: list[int], parameters: _Parameters) -> Iterator[str]:
    """Parameters about an atom, each with the classes of the other atoms they belong to."""
    i = atom.GetIdx()
    around = sorted((n.GetIdx() for n in atom.GetNeighbors()), key=lambda j: classes[j])
    for j in around:
        yield f"{classes[j]} {_rounded(parameters.bond(i, j))}"
    for j, k in combinations(around, 2):
        yield f"{classes[j]} {classes[k]} {_rounded(parameters.angle(j, i, k))}"
    for middle in atom.GetNeighbors():
        j = middle.GetIdx()
        for first in around:
            for last in (n.GetIdx() for n in middle.GetNeighbors()):
                if first != j and last not in (i, first):
                    value = _rounded(parameters.torsion(first, i, j, last))
                    yield f"{classes[first]} {classes[j]} {classes[last]} {value}"


def _rounded(parameters: Any) -> str:
    """Text that does not depend on the order in which the numbers were added up."""
    values = parameters if isinstance(parameters, tuple) else (parameters,)
    return " ".join(f"{x:.5f}" if isinstance(x, float) else str(x) for x in values)


def _bare_classes(mol: Any) -> list[int]:
    """Symmetry class of each atom in the graph of elements and neighbours alone."""
    from rdkit import Chem

    bare = Chem.RWMol()
    for atom in mol.GetAtoms():
        plain = Chem.Atom(atom.GetAtomicNum())
        plain.SetNoImplicit(True)
        bare.AddAtom(plain)
    for bond in mol.GetBonds():
        bare.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.SINGLE)
    bare.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(bare)
    return list(Chem.CanonicalRankAtoms(bare, breakTies=False))
