"""Substituents on a scaffold, turned alike on equivalent sites so that symmetry survives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from .scaffolds import Scaffold
from .substituents import Substituent, substituent

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]

TURNS = np.radians(np.arange(0, 360, 30))
"""Angles about the bond that are tried, from the plane of the scaffold."""
SAME_PLACE = 0.15
"""Å; images of a group that differ by less are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Substituted:
    """A substituted scaffold as it is built.

    Attributes
    ----------
    molecule : Molecule
    smiles : str
        Canonical, with the stereochemistry of the geometry.
    inchikey : str
    nearest : float, Å
        Smallest distance between groups, or of a group to an atom more than two bonds away.
    """

    molecule: Molecule
    smiles: str
    inchikey: str
    nearest: float


def substituted(parent: Scaffold, colouring: Sequence[str]) -> Substituted:
    """The scaffold with a group, or "H", on each of its sites.

    The groups are turned so that as much as possible of the symmetry of the colouring stays,
    the inversion before all, and that they keep their distance.

    Parameters
    ----------
    parent : Scaffold
    colouring : sequence of str, (n_sites,)
        Names of `SUBSTITUENTS`, or "H".

    Examples
    --------
    >>> from spektron.pointgroup import detect
    >>> from .scaffolds import scaffold
    >>> made = substituted(scaffold("benzene"), ["OH", "H", "H", "OH", "H", "H"])
    >>> made.smiles, str(detect(made.molecule).group)
    ('Oc1ccc(O)cc1', 'C2h')
    """
    colours = np.array(colouring)
    fits = [bool((colours[p] == colours).all()) for p in parent.permutations]
    best = None
    for group in _subgroups(parent, np.flatnonzero(fits)):
        best = _placed(parent, colours, group)
        if best is not None:
            break
    assert best is not None  # the identity alone always fits
    return _assembled(parent, colours, best)


def _subgroups(parent: Scaffold, whole: Indices) -> list[Indices]:
    """The group of the colouring, then halves of it with the inversion, without, and none."""
    matrices = parent.symmetry.matrices
    identity = int(np.argmax([np.allclose(m, np.eye(3)) for m in matrices]))
    out = [whole]
    pairs = [parent.inversion] if parent.inversion in whole else []
    twofold = [
        int(g) for g in whole if g != identity and np.allclose(matrices[g] @ matrices[g], np.eye(3))
    ]
    if pairs:
        # {E, i, g, ig}: C2h for every twofold axis or mirror plane.
        for g in twofold:
            if g != parent.inversion:
                product = -matrices[g]
                other = int(np.argmin(np.abs(matrices - product).sum(axis=(1, 2))))
                out.append(np.array(sorted({identity, parent.inversion, g, other})))
        out.append(np.array([identity, parent.inversion]))
    out += [np.array([identity, g]) for g in twofold if g not in pairs]
    return [*out, np.array([identity])]


def _placed(
    parent: Scaffold, colours: NDArray[Any], group: Indices
) -> dict[int, FloatArray] | None:
    """Positions of the group on each substituted site; None if ``group`` cannot be kept."""
    out: dict[int, FloatArray] = {}
    for site in np.flatnonzero(colours != "H"):
        if int(site) in out:
            continue
        part = substituent(str(colours[site]))
        best, farthest = None, -1.0
        for turn in TURNS[: 1 if np.ptp(part.positions[:, :2]) < 1e-6 else None]:
            images = _images(parent, int(site), _on_site(parent, int(site), part, turn), group)
            if images is None or not _consistent(images, part):
                continue
            merged = out | {s: x[0] for s, x in images.items()}
            distance = _clearance(parent, colours, merged)
            if distance > farthest + 1e-6:
                best, farthest = merged, distance
        if best is None:
            return None
        out = best
    return out


def _on_site(parent: Scaffold, site: int, part: Substituent, turn: float) -> FloatArray:
    x = parent.molecule.positions
    atom = parent.parents[site]
    z = x[parent.sites[site]] - x[atom]
    z = z / np.linalg.norm(z)
    near = [b for b in _neighbours(parent, int(atom)) if b != parent.sites[site]]
    plane = x[near[0]] - x[atom]
    ex = plane - (plane @ z) * z
    ex /= np.linalg.norm(ex)
    ey = np.cross(z, ex)
    a = np.cos(turn) * ex + np.sin(turn) * ey
    axes = np.stack([a, np.cross(z, a), z])
    return np.asarray(x[atom] + part.positions @ axes)


def _neighbours(parent: Scaffold, atom: int) -> list[int]:
    """Bound atoms, those of the skeleton first."""
    bound = [a.GetIdx() for a in parent.graph.GetAtomWithIdx(atom).GetNeighbors()]
    return sorted(bound, key=lambda i: (parent.molecule.symbols[i] == "H", i))


def _images(
    parent: Scaffold, site: int, x: FloatArray, group: Indices
) -> dict[int, list[FloatArray]] | None:
    origin = parent.symmetry.origin
    out: dict[int, list[FloatArray]] = {}
    for g in group:
        image = (x - origin) @ parent.symmetry.matrices[g].T + origin
        out.setdefault(int(parent.permutations[g, site]), []).append(image)
    return out


def _consistent(images: dict[int, list[FloatArray]], part: Substituent) -> bool:
    """Whether all images on one site are the same set of atoms."""
    kinds = np.array(part.symbols)
    for first, *others in images.values():
        for other in others:
            distance = np.linalg.norm(first[:, None] - other[None], axis=2)
            distance[kinds[:, None] != kinds[None]] = np.inf
            if distance.min(axis=1).max() > SAME_PLACE:
                return False
    return True


def _clearance(parent: Scaffold, colours: NDArray[Any], groups: dict[int, FloatArray]) -> float:
    """Smallest distance between groups, and of a group to atoms not near its bond."""
    x = parent.molecule.positions
    replaced = {int(parent.sites[s]) for s in np.flatnonzero(colours != "H")}
    least = np.inf
    for site, group in groups.items():
        atom = int(parent.parents[site])
        skip = replaced | {atom, *_neighbours(parent, atom)}
        rest = [i for i in range(len(x)) if i not in skip]
        others = [x[rest], *(g for s, g in groups.items() if s != site)]
        for other in others:
            if len(other):
                gap = np.linalg.norm(group[:, None] - other[None], axis=2)
                least = min(least, float(gap.min()))
    return least


def _assembled(
    parent: Scaffold, colours: NDArray[Any], groups: dict[int, FloatArray]
) -> Substituted:
    from rdkit import Chem

    graph, x = Chem.RWMol(parent.graph), list(parent.molecule.positions)
    for site, positions in groups.items():
        part = substituent(str(colours[site]))
        first = graph.GetNumAtoms()
        graph.InsertMol(part.graph)
        graph.AddBond(int(parent.parents[site]), first, Chem.BondType.SINGLE)
        x.extend(positions)
    gone = sorted((int(parent.sites[s]) for s in groups), reverse=True)
    for atom in gone:
        graph.RemoveAtom(atom)
        del x[atom]
    for atom in graph.GetAtoms():
        atom.SetNumExplicitHs(0)
        atom.SetNoImplicit(True)
    Chem.SanitizeMol(graph)
    places = Chem.Conformer(graph.GetNumAtoms())
    for i, place in enumerate(x):
        places.SetAtomPosition(i, [float(c) for c in place])
    graph.AddConformer(places)
    Chem.AssignStereochemistryFrom3D(graph)
    symbols = [a.GetSymbol() for a in graph.GetAtoms()]
    smiles = Chem.MolToSmiles(Chem.RemoveHs(graph))
    inchikey: Any = Chem.MolToInchiKey  # untyped
    nearest = _clearance(parent, colours, groups) if groups else np.inf
    return Substituted(
        Molecule(symbols, np.array(x), name=smiles), smiles, inchikey(graph), nearest
    )
