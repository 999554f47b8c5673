"""The lowest force-field conformer of an RDKit molecule, and what no force field can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import SmilesError
from .relaxation import Minimum, Surface, relax

__all__ = ["lowest_minimum", "refuse_open_stereo", "refuse_unfit_atoms"]

SEED = 61453
"""Seed of the conformer search, so that a SMILES string always gives the same geometry."""

# Elements whose usual valences MMFF94 or UFF describe in molecules of several centres.
_COVERED = frozenset("H B C N O F Si P S Cl Ge As Se Br Sn Sb Te I".split())
_OUTER = {
    "H": 1, "B": 3, "C": 4, "Si": 4, "Ge": 4, "Sn": 4, "N": 5, "P": 5, "As": 5, "Sb": 5,
    "O": 6, "S": 6, "Se": 6, "Te": 6, "F": 7, "Cl": 7, "Br": 7, "I": 7,
}  # fmt: skip
_MOST_ISOMERS = 32
_CANDIDATES = 5  # conformers polished before giving up


def refuse_unfit_atoms(mol: Any) -> None:
    """Raise for metals and for atoms with more than four electron pairs.

    Raises
    ------
    SmilesError
        A force field would give them a geometry, and it would be wrong.
    """
    for atom in mol.GetAtoms():
        where = f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()})"
        if atom.GetSymbol() not in _COVERED:
            raise SmilesError(f"no force field is reliable for {where}; give a geometry file")
        if atom.GetDegree() > 1 and _electron_pairs(atom) > 4:
            raise SmilesError(
                f"{where} is hypervalent, which no force field describes in a molecule "
                "of several centres; give a geometry file"
            )


def _electron_pairs(atom: Any) -> int:
    """Neighbours and lone pairs about an atom; a single electron is not counted."""
    bonds = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds())
    spare = _OUTER[atom.GetSymbol()] - atom.GetFormalCharge() - atom.GetNumRadicalElectrons()
    return int(atom.GetDegree()) + max(round(spare - bonds), 0) // 2


def refuse_open_stereo(mol: Any) -> None:
    """Raise where a string stands for several stereoisomers that are no mirror images.

    Raises
    ------
    SmilesError
        With two of the strings that say which is meant.
    """
    from rdkit import Chem

    open_elements = [
        info
        for info in Chem.FindPotentialStereo(mol)
        if info.specified == Chem.StereoSpecified.Unspecified
    ]
    single_centre = len(open_elements) == 1 and _is_tetrahedral(open_elements[0])
    if not open_elements or (single_centre and not _has_stereo(mol)):
        return  # one open centre only chooses between mirror images
    isomers = _distinct_isomers(mol)
    if len(isomers) > 1:
        raise SmilesError(
            f"the stereo is left open; write for example {isomers[0]} or {isomers[1]}"
        )


def _is_tetrahedral(info: Any) -> bool:
    from rdkit import Chem

    return bool(info.type == Chem.StereoType.Atom_Tetrahedral)


def _has_stereo(mol: Any) -> bool:
    from rdkit import Chem

    return any(
        info.specified == Chem.StereoSpecified.Specified and _is_tetrahedral(info)
        for info in Chem.FindPotentialStereo(mol)
    )


def _distinct_isomers(mol: Any) -> list[str]:
    """SMILES of up to two stereoisomers that exist in space and are no mirror images."""
    from rdkit import Chem
    from rdkit.Chem import EnumerateStereoisomers, rdDistGeom

    options = EnumerateStereoisomers.StereoEnumerationOptions(
        onlyUnassigned=True, unique=True, maxIsomers=_MOST_ISOMERS, rand=SEED
    )
    found: list[str] = []
    seen: set[str] = set()
    for isomer in EnumerateStereoisomers.EnumerateStereoisomers(mol, options=options):
        plain = Chem.RemoveHs(isomer)
        name = Chem.MolToSmiles(plain)
        if name in seen:
            continue
        seen |= {name, Chem.MolToSmiles(_mirrored(plain))}
        if rdDistGeom.EmbedMolecule(Chem.Mol(isomer), maxAttempts=20, randomSeed=SEED) == 0:
            found.append(name)
        if len(found) == 2:
            break
    return found


def _mirrored(mol: Any) -> Any:
    from rdkit import Chem

    mirror = Chem.Mol(mol)
    for atom in mirror.GetAtoms():
        atom.InvertChirality()
    return mirror


def lowest_minimum(mol: Any) -> Minimum:
    """Lowest minimum found from several embedded conformers.

    Raises
    ------
    SmilesError
        If no conformer can be embedded, no force field knows the atoms, or none converges.
    """
    force_field = _force_field_factory(mol)
    surfaces = [Surface(force_field(i), mol.GetConformer(i)) for i in _embedded(mol)]
    for surface in sorted(surfaces, key=_minimised_energy)[:_CANDIDATES]:
        minimum = relax(surface)
        if minimum.converged and _bonds_are_sound(mol, minimum.positions):
            return minimum
    raise SmilesError("the force field reaches no sound minimum; give a geometry file")


def _embedded(mol: Any) -> list[int]:
    from rdkit.Chem import rdDistGeom

    n = _number_of_conformers(mol)
    for random_coordinates, knowledge in ((False, True), (True, True), (True, False)):
        settings = rdDistGeom.ETKDGv3()
        settings.randomSeed = SEED
        settings.useRandomCoords = random_coordinates
        settings.useBasicKnowledge = knowledge
        settings.useExpTorsionAnglePrefs = knowledge
        settings.maxIterations = 20
        ids = list(rdDistGeom.EmbedMultipleConfs(mol, n, settings))
        if ids:
            return ids
    raise SmilesError("no conformer can be embedded in space; give a geometry file")


def _number_of_conformers(mol: Any) -> int:
    from rdkit.Chem import rdMolDescriptors

    rotatable = rdMolDescriptors.CalcNumRotatableBonds(mol)
    return min(6 + 6 * rotatable + 2 * sum(1 for _ in _flexible_ring_bonds(mol)), 100)


def _flexible_ring_bonds(mol: Any) -> Iterator[Any]:
    """Single ring bonds between atoms of one ring only; a cage of fused rings has none."""
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        inner = all(sum(b.IsInRing() for b in atom.GetBonds()) == 2 for atom in ends)
        if bond.IsInRing() and inner and bond.GetBondTypeAsDouble() == 1:
            yield bond


def _force_field_factory(mol: Any) -> Callable[[int], Any]:
    """MMFF94, or UFF where MMFF94 lacks parameters or favours one resonance structure.

    Returns
    -------
    function from the number of a conformer to its `rdkit.ForceField`
    """
    from rdkit.Chem import rdForceFieldHelpers as helpers

    # No cut-off: it would make the energy jump, and the minimum unsymmetric.
    choices: list[tuple[Callable[[int], Any], _Parameters]] = []
    if helpers.MMFFHasAllMoleculeParams(mol):
        properties = helpers.MMFFGetMoleculeProperties(mol)
        choices.append(
            (
                lambda i: helpers.MMFFGetMoleculeForceField(
                    mol, properties, nonBondedThresh=1e3, confId=i
                ),
                _Parameters(
                    lambda i, j: properties.GetMMFFBondStretchParams(mol, i, j),
                    lambda i, j, k: properties.GetMMFFAngleBendParams(mol, i, j, k),
                ),
            )
        )
    if helpers.UFFHasAllMoleculeParams(mol):
        choices.append(
            (
                lambda i: helpers.UFFGetMoleculeForceField(mol, vdwThresh=1e3, confId=i),
                _Parameters(
                    lambda i, j: helpers.GetUFFBondStretchParams(mol, i, j),
                    lambda i, j, k: helpers.GetUFFAngleBendParams(mol, i, j, k),
                ),
            )
        )
    if not choices:
        raise SmilesError("no force field has parameters for its atoms; give a geometry file")
    for make, parameters in choices:
        if _equal_atoms_are_alike(mol, parameters):
            return make
    raise SmilesError(
        "the force field follows one of several equivalent resonance structures, "
        "so its geometry would lack symmetry; give a geometry file"
    )


@dataclass(frozen=True, slots=True)
class _Parameters:
    """What a force field assigns to the bonds and angles of a molecule, by atom indices."""

    bond: Callable[[int, int], object]
    angle: Callable[[int, int, int], object]


def _equal_atoms_are_alike(mol: Any, parameters: _Parameters) -> bool:
    """Whether atoms that are equal in the bare graph get equal bonds and angles.

    The bare graph knows elements and neighbours, but no bond orders and charges. A Kekulé
    structure of azulene or of the allyl radical makes a difference where there is none;
    cyclobutadiene keeps its two kinds of bonds, since every atom has one of each.
    """
    classes = _bare_classes(mol)
    seen: dict[int, list[object]] = {}
    for atom in mol.GetAtoms():
        i = atom.GetIdx()
        around = [other.GetIdx() for other in atom.GetNeighbors()]
        bonds = [repr((classes[j], parameters.bond(i, j))) for j in around]
        angles = [
            repr((sorted((classes[j], classes[k])), parameters.angle(j, i, k)))
            for j, k in combinations(around, 2)
        ]
        environment: list[object] = [sorted(bonds), sorted(angles)]
        if seen.setdefault(classes[i], environment) != environment:
            return False
    return True


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


def _minimised_energy(surface: Surface) -> float:
    """Energy (kcal/mol) after RDKit's own minimiser, whose end point stays in the conformer."""
    field = surface.field
    field.Initialize()
    for _ in range(10):
        if field.Minimize(maxIts=500, forceTol=1e-6, energyTol=1e-10) == 0:
            break
    return float(field.CalcEnergy())


def _bonds_are_sound(mol: Any, positions: NDArray[np.float64]) -> bool:
    """Whether bonded atoms, and only those, are at bonding distance."""
    from rdkit import Chem

    radius = Chem.GetPeriodicTable().GetRcovalent
    radii = np.array([radius(atom.GetAtomicNum()) for atom in mol.GetAtoms()])
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    relative = distances / (radii[:, None] + radii)
    bonded = Chem.GetAdjacencyMatrix(mol).astype(bool)
    np.fill_diagonal(relative, np.inf)
    apart = relative[~bonded].min()
    return bool(relative[bonded].max() < 1.4 and relative[bonded].min() > 0.6 and apart > 0.95)
