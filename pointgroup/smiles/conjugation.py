"""Where conjugation decides the symmetry and a force field decides it wrongly.

MMFF94 makes the nitrogen of amides a shallow pyramid, its static variant MMFF94s (T. A.
Halgren, J. Comput. Chem. 20, 720, 1999) makes it flat, and that of aniline and urea too,
which are pyramids in the gas phase. Each nitrogen gets the variant that fits it; where
none is known to fit, or the planes of π systems follow no force field, the molecule is
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SmilesError

__all__ = ["fitting_variants", "refuse_conjugation", "refuse_distortion"]

_FLAT_SUM = 357.0  # degrees about a nitrogen that counts as flat
_PYRAMID_SUM = 359.9  # degrees about one that stands out of its plane
_IN_PLANE = 0.1  # Å from the mean plane, for atoms that ought to share it
_MIRRORED = 0.02  # Å between an atom and the image of its mirror partner

_Array = NDArray[np.float64]


def refuse_conjugation(mol: Any) -> None:
    """Raise where force fields are known to misplace a π system or its lone pairs.

    Raises
    ------
    SmilesError
        Naming the atom or the ring at fault.
    """
    for atom in mol.GetAtoms():
        where = f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()})"
        if _is_open_carbanion(atom):
            raise _refused(f"{where} is a carbanion, flat or a pyramid against the force field")
        if _is_carbodiimide(atom):
            raise _refused(f"{where} joins two cumulated N=, whose ends force fields put wrongly")
        if _is_multiply_bonded_in_ring(atom):
            raise _refused(f"{where} is hypervalent at a ring double bond, unknown to force fields")
    if any(_joins_planes(mol, bond) for bond in mol.GetBonds()):
        raise _refused("a triple bond joins two π systems, whose turn no force field knows")
    if any(_is_enediol(bond) for bond in mol.GetBonds()):
        raise _refused("how the two OH of HO-C=C-OH point, force fields get wrong")
    if _has_chalcogen_chain(mol):
        raise _refused("four chalcogen atoms in a row, whose torsions force fields get wrong")
    if any(not _all_aromatic(mol, ring) for ring in _annulenes(mol)):
        raise _refused("a conjugated ring of nine or more atoms, flat or not")
    if _has_curved_sheet(mol):
        raise _refused("a five- or seven-membered ring bends the fused rings to a bowl or saddle")


def _refused(why: str) -> SmilesError:
    return SmilesError(f"{why}; give a geometry file")


def _is_open_carbanion(atom: Any) -> bool:
    open_carbon = atom.GetSymbol() == "C" and not atom.GetIsAromatic()
    return bool(open_carbon and atom.GetFormalCharge() < 0 and atom.GetDegree() > 1)


def _is_carbodiimide(atom: Any) -> bool:
    ends = [bond.GetOtherAtom(atom) for bond in atom.GetBonds() if _order(bond) == 2]
    cumulated = len(ends) == 2 and atom.GetDegree() == 2
    return cumulated and all(end.GetSymbol() == "N" and end.GetDegree() > 1 for end in ends)


def _is_multiply_bonded_in_ring(atom: Any) -> bool:
    usual = {"P": 3, "As": 3, "S": 2, "Se": 2, "Te": 2}.get(atom.GetSymbol(), 8)
    valence = sum(_order(bond) for bond in atom.GetBonds()) - atom.GetFormalCharge()
    in_ring = any(_order(bond) == 2 and bond.IsInRing() for bond in atom.GetBonds())
    return bool(in_ring and valence > usual)


def _order(bond: Any) -> float:
    order: float = bond.GetBondTypeAsDouble()
    return order


def _joins_planes(mol: Any, bond: Any) -> bool:
    """Whether the triple bond, alone or with others in a row, has sp2 atoms at both ends."""
    if _order(bond) != 3 or bond.IsInRing():
        return False
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    return all(_leads_to_plane(mol, a, b) for a, b in (ends, ends[::-1]))


def _leads_to_plane(mol: Any, previous: Any, atom: Any) -> bool:
    from rdkit import Chem

    while atom.GetHybridization() == Chem.HybridizationType.SP:
        following = [n for n in atom.GetNeighbors() if n.GetIdx() != previous.GetIdx()]
        if len(following) != 1:
            return False
        previous, atom = atom, following[0]
    return bool(atom.GetHybridization() == Chem.HybridizationType.SP2 and atom.GetDegree() > 1)


def _is_enediol(bond: Any) -> bool:
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    # The squares of squaric acid count as aromatic.
    double = _order(bond) == 2 or (_order(bond) == 1.5 and not _in_wide_ring(bond))
    return double and all(
        any(
            n.GetSymbol() == "O" and n.GetTotalNumHs(includeNeighbors=True)
            for n in end.GetNeighbors()
        )
        for end in ends
    )


def _in_wide_ring(bond: Any) -> bool:
    info = bond.GetOwningMol().GetRingInfo()
    return bool(info.MinBondRingSize(bond.GetIdx()) > 4)


def _has_chalcogen_chain(mol: Any) -> bool:
    """Whether there is a chain of four; the rings S6 and S8 are known to come out right."""
    from rdkit import Chem

    # To RDKit some rings of sulfur are aromatic.
    end, inner = "[#8,#16,#34,#52;X2]", "[#16,#34,#52;X2]"
    chain = Chem.MolFromSmarts("-,:".join((end, inner, inner, end)))
    rings = [set(ring) for ring in mol.GetRingInfo().AtomRings() if len(ring) in (6, 8)]
    known = [ring for ring in rings if {mol.GetAtomWithIdx(i).GetSymbol() for i in ring} == {"S"}]
    return any(
        not any(ring.issuperset(m) for ring in known) for m in mol.GetSubstructMatches(chain)
    )


def _annulenes(mol: Any) -> Iterator[tuple[int, ...]]:
    """Conjugated rings of nine or more atoms, most of whose bonds are in no smaller ring.

    The inner rings of kekulene and porphyrin are held flat by the small rings about them.
    """
    from rdkit import Chem

    conjugated = (Chem.HybridizationType.SP, Chem.HybridizationType.SP2)
    info = mol.GetRingInfo()
    for atoms, bonds in zip(info.AtomRings(), info.BondRings(), strict=True):
        own = sum(info.MinBondRingSize(b) == len(atoms) for b in bonds)
        if len(atoms) < 9 or 2 * own <= len(bonds):
            continue
        if all(mol.GetAtomWithIdx(i).GetHybridization() in conjugated for i in atoms):
            yield tuple(atoms)


def _all_aromatic(mol: Any, ring: tuple[int, ...]) -> bool:
    return all(mol.GetAtomWithIdx(i).GetIsAromatic() for i in ring)


def _has_curved_sheet(mol: Any) -> bool:
    """Whether an sp2 ring fused on every side has, with its neighbours, not only six members.

    Five-membered rings (corannulene, sumanene) bend the sheet to a bowl, seven-membered
    ones to a saddle; a five- and a seven-membered ring make up for each other.
    """
    info = mol.GetRingInfo()
    rings = [set(ring) for ring in info.BondRings()]
    for atoms, bonds in zip(info.AtomRings(), rings, strict=True):
        inner = all(info.NumBondRings(b) > 1 for b in bonds)
        curvature = sum(6 - len(other) for other in rings if other & bonds)
        if inner and curvature and all(_is_flat_carbon(mol.GetAtomWithIdx(i)) for i in atoms):
            return True
    return False


def _is_flat_carbon(atom: Any) -> bool:
    from rdkit import Chem

    flat: bool = atom.GetHybridization() == Chem.HybridizationType.SP2
    return flat and atom.GetSymbol() in ("B", "C", "N")


def _boats(mol: Any) -> Iterator[tuple[int, ...]]:
    """Rings with eight π electrons, two or more from heteroatoms: boats like azepine.

    1,4-Dioxin, with oxygen alone in a ring of six, is flat indeed.
    """
    for ring in mol.GetRingInfo().AtomRings():
        atoms = [mol.GetAtomWithIdx(i) for i in ring]
        lone = [a for a in atoms if a.GetSymbol() != "C" and not _has_multiple_bond(a)]
        others = [a for a in atoms if _has_multiple_bond(a)]
        dioxin = len(ring) == 6 and all(a.GetSymbol() == "O" for a in lone)
        closed = len(lone) + len(others) == len(ring) and len(others) + 2 * len(lone) == 8
        if lone and closed and not dioxin:
            yield tuple(ring)


def _has_multiple_bond(atom: Any) -> bool:
    """Whether the atom has a double or aromatic bond within a ring."""
    return any(_order(b) > 1 and b.IsInRing() for b in atom.GetBonds())


class _Shape(Enum):
    """What is known of a nitrogen with three neighbours and a delocalised lone pair."""

    FLAT = "flat"
    PYRAMID = "pyramid"
    UNCLEAR = "unclear"


def _nitrogen_shapes(mol: Any) -> dict[int, _Shape]:
    """Shape by atom index of each nitrogen whose lone pair is delocalised.

    Flat: amides, imides, nitrosamines, enamines of an acceptor (C=O, C≡N, NO2), and melamine.
    Pyramids: ureas, other enamines and anilines. Amidines and rings through an aniline's
    nitrogen are unclear.
    """
    shapes = {}
    for atom in mol.GetAtoms():
        if atom.GetSymbol() != "N" or atom.GetDegree() != 3 or atom.GetFormalCharge():
            continue
        # RDKit counts cyanuric acid as aromatic, MMFF94 does not.
        if not atom.GetIsAromatic() or any(map(_is_carbonyl, atom.GetNeighbors())):
            found = [shape for n in atom.GetNeighbors() if (shape := _imposed(atom, n)) is not None]
            if found:
                shapes[atom.GetIdx()] = _joint_shape(atom, found)
    return shapes


def _joint_shape(nitrogen: Any, found: list[_Shape]) -> _Shape:
    if _Shape.FLAT in found or len(found) == 3:
        return _Shape.FLAT
    if nitrogen.IsInRing() or set(found) != {_Shape.PYRAMID}:
        return _Shape.UNCLEAR
    return _Shape.PYRAMID


def _imposed(nitrogen: Any, atom: Any) -> _Shape | None:
    """Shape that a neighbour with a π system gives the nitrogen, None if it has none."""
    bonds = [b for b in atom.GetBonds() if b.GetOtherAtom(atom).GetIdx() != nitrogen.GetIdx()]
    partners = [b.GetOtherAtom(atom) for b in bonds if _order(b) in (1.5, 2)]
    symbols = [partner.GetSymbol() for partner in partners]
    if not partners or atom.GetSymbol() not in ("C", "N"):
        return None
    if _is_carbonyl(atom):
        amines = [n for n in atom.GetNeighbors() if n.GetSymbol() == "N" and n.GetDegree() == 3]
        return _Shape.PYRAMID if len(amines) > 1 and not nitrogen.IsInRing() else _Shape.FLAT
    if atom.GetIsAromatic():
        if symbols == ["C", "C"]:
            return _Shape.FLAT if any(map(_has_acceptor, partners)) else _Shape.PYRAMID
        return _Shape.FLAT if _is_in_triazine(atom) else _Shape.UNCLEAR
    if symbols == ["C"]:
        return _Shape.FLAT if _has_acceptor(partners[0]) else _Shape.PYRAMID
    return _Shape.UNCLEAR


def _is_in_triazine(atom: Any) -> bool:
    mol = atom.GetOwningMol()
    rings = [ring for ring in mol.GetRingInfo().AtomRings() if atom.GetIdx() in ring]
    elements = [sorted(mol.GetAtomWithIdx(i).GetSymbol() for i in ring) for ring in rings]
    partners = sum(n.GetSymbol() == "N" and n.GetIsAromatic() for n in atom.GetNeighbors())
    return partners == 2 and ["C", "C", "C", "N", "N", "N"] in elements


def _has_acceptor(atom: Any) -> bool:
    """Whether a neighbour outside the ring is a carbonyl, a nitrile or a nitro group."""
    for bond in atom.GetBonds():
        group = bond.GetOtherAtom(atom)
        if _order(bond) == 1 and not group.GetIsAromatic():
            for other in group.GetBonds():
                hetero = other.GetOtherAtom(group).GetSymbol() in ("N", "O", "S")
                if _order(other) >= 2 and hetero:
                    return True
    return False


def fitting_variants(mol: Any) -> list[str]:
    """Variants of MMFF94 that fit the nitrogens; where two do, they must agree."""
    shapes = set(_nitrogen_shapes(mol).values())
    if shapes == {_Shape.FLAT}:
        return ["MMFF94s"]
    return ["MMFF94"] if shapes <= {_Shape.PYRAMID} else ["MMFF94", "MMFF94s"]


def refuse_distortion(mol: Any, positions: _Array) -> None:
    """Raise where a geometry lacks the planes that its π systems should have.

    Raises
    ------
    SmilesError
    """
    for ring in _annulenes(mol):
        if np.abs(_heights(positions[list(ring)])).max() > _IN_PLANE:
            raise _refused("a conjugated ring of nine or more atoms, flat or not")
    for ring in _boats(mol):
        if np.abs(_heights(positions[list(ring)])).max() < _IN_PLANE:
            raise _refused("a ring with eight π electrons, flat in the force field but a boat")
    shapes = _nitrogen_shapes(mol)
    if len(list(_pyramids(mol, positions, shapes))) > 1:
        raise _refused("to which sides its pyramidal nitrogens point is subtle")
    flat = [i for i, shape in shapes.items() if shape is _Shape.FLAT]
    for i in flat:
        atom = mol.GetAtomWithIdx(i)
        around = [n.GetIdx() for n in atom.GetNeighbors()]
        if not atom.IsInRing() and _sum_of_angles(positions[around] - positions[i]) < _FLAT_SUM:
            raise _refused(f"atom {i + 1} (N) ought to be flat and is not in the force field")
    if flat and _misses_mirror(mol, positions):
        raise _refused("the methyl or amino groups of a flat molecule are turned out of its plane")


def _pyramids(mol: Any, positions: _Array, shapes: dict[int, _Shape]) -> Iterator[int]:
    """Nitrogens that are pyramids, except those of a urea, of which force fields know."""
    for i, shape in shapes.items():
        neighbours = mol.GetAtomWithIdx(i).GetNeighbors()
        around = [n.GetIdx() for n in neighbours]
        urea = any(_is_carbonyl(n) for n in neighbours)
        total = _sum_of_angles(positions[around] - positions[i])
        if shape is _Shape.PYRAMID and not urea and total < _PYRAMID_SUM:
            yield i


def _is_carbonyl(atom: Any) -> bool:
    chalcogens = ("O", "S", "Se")
    return any(
        _order(b) == 2 and b.GetOtherAtom(atom).GetSymbol() in chalcogens for b in atom.GetBonds()
    )


def _misses_mirror(mol: Any, positions: _Array) -> bool:
    """Whether all heavy atoms lie in a plane that the hydrogens are not symmetric about."""
    numbers = np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()])
    heights = _heights(positions, numbers > 1)
    if np.abs(heights[numbers > 1]).max() > _IN_PLANE:
        return False
    normal = _normal(positions[numbers > 1])
    images = positions - 2 * heights[:, None] * normal
    distances = np.linalg.norm(images[:, None] - positions, axis=2)
    distances[numbers[:, None] != numbers] = np.inf
    return bool(distances.min(axis=1).max() > _MIRRORED)


def _heights(positions: _Array, members: NDArray[np.bool_] | None = None) -> _Array:
    """Distances of all positions from the mean plane of the members."""
    chosen = positions if members is None else positions[members]
    heights: _Array = (positions - chosen.mean(axis=0)) @ _normal(chosen)
    return heights


def _normal(positions: _Array) -> _Array:
    vectors = np.linalg.svd(positions - positions.mean(axis=0))[2]
    normal: _Array = vectors[-1]
    return normal


def _sum_of_angles(vectors: _Array) -> float:
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    cosines = np.clip(np.sum(unit * np.roll(unit, 1, axis=0), axis=1), -1, 1)
    return float(np.degrees(np.arccos(cosines)).sum())
