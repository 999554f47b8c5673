"""The lowest force-field conformer of an RDKit molecule, of a definite stereoisomer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SmilesError
from .conjugation import fitting_variants, refuse_distortion
from .forcefield import force_fields
from .relaxation import Minimum, Surface, relax

__all__ = ["lowest_minimum", "refuse_open_stereo"]

SEED = 61453
"""Seed of the conformer search, so that a SMILES string always gives the same geometry."""

_MOST_ISOMERS = 32
_CANDIDATES = 5  # conformers polished before giving up
_CONFORMER_ATOMS = 4000  # most conformers times atoms, to keep the search within seconds
_FREE_ROTATION = 5e-4  # kcal/mol/Å²; 2-butyne has 2e-4, the bend of C40H82 2.4e-3
_SPREAD = 0.05  # Å, between equivalent bonds; axial and equatorial ones differ by 0.01


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

    enumeration: Any = EnumerateStereoisomers  # has no annotations
    options = enumeration.StereoEnumerationOptions(
        onlyUnassigned=True, unique=True, maxIsomers=_MOST_ISOMERS, rand=SEED
    )
    found: list[str] = []
    seen: set[str] = set()
    for isomer in enumeration.EnumerateStereoisomers(mol, options=options):
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
        If no conformer can be embedded, no force field knows the atoms, none converges, or
        the result lacks a plane that conjugation asks for.
    """
    conformers = _embedded(mol)
    minima = [_lowest(mol, conformers, variant) for variant in fitting_variants(mol)]
    if len({_group(mol, minimum) for minimum in minima}) > 1:
        raise SmilesError(
            "the point group hangs on how flat its nitrogens are; give a geometry file"
        )
    refuse_distortion(mol, minima[-1].positions)
    return minima[-1]


def _group(mol: Any, minimum: Minimum) -> str:
    from ..detection.symmetry import detect
    from ..molecules.molecule import Molecule

    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    return str(detect(Molecule(symbols, minimum.positions), tolerance=0.01).group)


def _lowest(mol: Any, conformers: list[int], variant: str) -> Minimum:
    for make in force_fields(mol, variant):
        for surface in sorted(map(make, conformers), key=_minimised_energy)[:_CANDIDATES]:
            minimum = relax(surface)
            if abs(minimum.softest) < _FREE_ROTATION:
                raise SmilesError(
                    "a rotation is free (across a triple bond?), so that no geometry is "
                    "preferred; give a geometry file"
                )
            if minimum.converged and _bonds_are_sound(mol, minimum.positions):
                return minimum
    raise SmilesError("no force field reaches a sound minimum; give a geometry file")


def _embedded(mol: Any) -> list[int]:
    from rdkit.Chem import rdDistGeom

    n = _number_of_conformers(mol)
    for random_coordinates, knowledge in ((False, True), (True, True), (True, False)):
        settings: Any = rdDistGeom.ETKDGv3()  # its stubs make properties of its fields
        settings.randomSeed = SEED
        settings.useRandomCoords = random_coordinates
        settings.useBasicKnowledge = knowledge
        settings.useExpTorsionAnglePrefs = knowledge
        settings.maxIterations = 20
        if rdDistGeom.EmbedMultipleConfs(mol, n, settings):
            _add_extended(mol)
            return [conformer.GetId() for conformer in mol.GetConformers()]
    raise SmilesError("no conformer can be embedded in space; give a geometry file")


def _add_extended(mol: Any) -> None:
    """Add the conformer whose chains are stretched: the most symmetric, seldom found by chance."""
    from rdkit import Chem
    from rdkit.Chem import rdMolTransforms

    extended = Chem.Conformer(mol.GetConformer())
    for bond in mol.GetBonds():
        j, k = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            first, last = _heaviest_neighbour(j, k), _heaviest_neighbour(k, j)
            if first is not None and last is not None:
                # Across a linear C-C#C there is no torsion; RDKit raises on it.
                with contextlib.suppress(ValueError):
                    rdMolTransforms.SetDihedralDeg(
                        extended, first, j.GetIdx(), k.GetIdx(), last, 180.0
                    )
    if np.isfinite(extended.GetPositions()).all():
        mol.AddConformer(extended, assignId=True)


def _heaviest_neighbour(atom: Any, excluded: Any) -> int | None:
    others = [n for n in atom.GetNeighbors() if n.GetIdx() != excluded.GetIdx()]
    heaviest = max(others, key=lambda n: n.GetAtomicNum(), default=None)
    if heaviest is None:
        return None
    index: int = heaviest.GetIdx()
    return index


def _number_of_conformers(mol: Any) -> int:
    from rdkit.Chem import rdMolDescriptors

    rotatable: int = rdMolDescriptors.CalcNumRotatableBonds(mol)
    wanted: int = 6 + 6 * rotatable + 2 * sum(1 for _ in _flexible_ring_bonds(mol))
    n_atoms: int = mol.GetNumAtoms()
    return min(wanted, 100, max(_CONFORMER_ATOMS // n_atoms, 6))


def _flexible_ring_bonds(mol: Any) -> Iterator[Any]:
    """Single ring bonds between atoms of one ring only; a cage of fused rings has none."""
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        inner = all(sum(b.IsInRing() for b in atom.GetBonds()) == 2 for atom in ends)
        if bond.IsInRing() and inner and bond.GetBondTypeAsDouble() == 1:
            yield bond


def _minimised_energy(surface: Surface) -> float:
    """Energy (kcal/mol) after RDKit's own minimiser, whose end point stays in the conformer."""
    field = surface.field
    field.Initialize()
    for _ in range(10):
        if field.Minimize(maxIts=500, forceTol=1e-6, energyTol=1e-10) == 0:
            break
    return float(field.CalcEnergy())


def _bonds_are_sound(mol: Any, positions: NDArray[np.float64]) -> bool:
    """Whether bonded atoms, and only those, are near, and equivalent bonds nearly equal.

    Force fields fail the last in tetrahedrane, whose faces they tear open.
    """
    from rdkit import Chem

    radius = Chem.GetPeriodicTable().GetRcovalent
    radii = np.array([radius(atom.GetAtomicNum()) for atom in mol.GetAtoms()])
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    relative = distances / (radii[:, None] + radii)
    bonded = Chem.GetAdjacencyMatrix(mol).astype(bool)
    np.fill_diagonal(relative, np.inf)
    near = relative[bonded].min() > 0.6 and relative[bonded].max() < 1.4
    return bool(near and relative[~bonded].min() > 0.95 and _equal_bonds_agree(mol, distances))


def _equal_bonds_agree(mol: Any, distances: NDArray[np.float64]) -> bool:
    from rdkit import Chem

    skeleton = Chem.Mol(mol)
    Chem.RemoveStereochemistry(skeleton)
    for atom in skeleton.GetAtoms():
        atom.SetIsotope(0)
    lengths: dict[str, list[float]] = {}
    for bond in skeleton.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        if any(atom.GetAtomicNum() == 1 for atom in ends):
            continue
        # Two bonds are equivalent if the molecules with their ends labelled are the same.
        for atom in ends:
            atom.SetIsotope(1)
        length = float(distances[ends[0].GetIdx(), ends[1].GetIdx()])
        lengths.setdefault(Chem.MolToSmiles(skeleton), []).append(length)
        for atom in ends:
            atom.SetIsotope(0)
    return all(max(group) - min(group) <= _SPREAD for group in lengths.values())
