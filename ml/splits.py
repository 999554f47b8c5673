"""Splits of a table that keep related molecules together.

Two molecules are related if they share the first block of their InChIKey (one connectivity,
whatever isotopes or stereochemistry), their stratum, or their Bemis–Murcko scaffold. Molecules
that are related through others stay together too: the parts are made of whole connected
components.

Scaffold: G. W. Bemis and M. A. Murcko, *J. Med. Chem.* 39, 2887 (1996), with atom types. A
molecule without a ring has none, and one without an InChIKey counts as its formula.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import LeakError, SpectraError
from .table import Int64, SpectraTable

Relation: TypeAlias = Literal["inchikey", "stratum", "scaffold"]
RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)
FRACTIONS: Final = MappingProxyType({"train": 0.8, "valid": 0.1, "test": 0.1})


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Molecules of a table in parts.

    Attributes
    ----------
    parts : mapping from name to (n,) int64
        Rows of the table, ascending; no row in two parts.
    relations : tuple of str
        What keeps molecules together.
    seed : int
    sha256 : str
        Of the keys in each part and the relations: two runs with one hash saw the same split.
    """

    parts: Mapping[str, Int64]
    relations: tuple[Relation, ...]
    seed: int
    sha256: str

    def __getitem__(self, name: str) -> Int64:
        if name not in self.parts:
            raise SpectraError(f"no part {name!r} in the split; it has {', '.join(self.parts)}")
        return self.parts[name]


def split_table(
    table: SpectraTable,
    fractions: Mapping[str, float] = FRACTIONS,
    *,
    relations: Iterable[Relation] = RELATIONS,
    seed: int = 0,
) -> Split:
    """Divide a table so that no related molecules are in two parts.

    Components are dealt in random order, each to the part that lacks most of its share; those
    larger than the smallest part go first, to the largest part.

    Parameters
    ----------
    table : SpectraTable
    fractions : mapping from part to share
        Adding up to 1.
    relations : of "inchikey", "stratum", "scaffold"
    seed : int

    Raises
    ------
    SpectraError
        If shares do not add up to 1, a relation is unknown, or a part would be empty.
    """
    wanted, names = _checked(fractions), tuple(relations)
    component = components(table, names)
    order = np.random.default_rng(seed).permutation(component.max() + 1)
    sizes = np.bincount(component)
    room = {name: share * len(table) for name, share in wanted.items()}
    limit, largest = min(room.values()), max(wanted, key=lambda name: wanted[name])
    place: dict[int, str] = {}
    for each in sorted(order, key=lambda c: sizes[c] <= limit):
        part = largest if sizes[each] > limit else max(room, key=lambda name: room[name])
        place[int(each)] = part
        room[part] -= sizes[each]
    owner = np.array([place[int(c)] for c in component])
    split = split_of(table, {n: np.flatnonzero(owner == n) for n in wanted}, names, seed=seed)
    check_split(table, split)
    return split


def split_of(
    table: SpectraTable,
    parts: Mapping[str, ArrayLike],
    relations: tuple[Relation, ...] = RELATIONS,
    *,
    seed: int = 0,
) -> Split:
    """A split made elsewhere, with its hash; `check_split` says whether it leaks."""
    rows = {name: np.sort(np.asarray(part, dtype=np.int64)) for name, part in parts.items()}
    for part in rows.values():
        part.flags.writeable = False
    keys = table.texts["key"]
    listed = {name: sorted(keys[i] for i in part) for name, part in rows.items()}
    text = json.dumps([sorted(relations), listed], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Split(MappingProxyType(rows), tuple(relations), seed, digest)


def check_split(table: SpectraTable, split: Split) -> None:
    """Refuse a split that leaks or has an empty part.

    Raises
    ------
    LeakError
        If two parts share a molecule or related molecules; the message names the first.
    SpectraError
        If a part is empty.
    """
    for name, rows in split.parts.items():
        if not len(rows):
            raise SpectraError(
                f"the part {name} is empty; give more molecules, or fewer relations than "
                f"{', '.join(split.relations)}"
            )
    owner: dict[int, str] = {}
    for name, rows in split.parts.items():
        for row in rows.tolist():
            if row in owner:
                raise LeakError(f"molecule {row} is in the parts {owner[row]} and {name}")
            owner[row] = name
    for relation in split.relations:
        seen: dict[str, str] = {}
        labels = related(table, relation)
        for row, part in owner.items():
            label = labels[row]
            if label and seen.setdefault(label, part) != part:
                raise LeakError(
                    f"{relation} {label} is in the parts {seen[label]} and {part}; make the split "
                    "with split_table"
                )


def components(table: SpectraTable, relations: Iterable[Relation] = RELATIONS) -> NDArray[np.int64]:
    """Number of the connected component of each molecule, shape (n,), from 0."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(table)
    ends: list[tuple[int, int]] = []
    for relation in relations:
        first: dict[str, int] = {}
        for row, label in enumerate(related(table, relation)):
            if label:
                ends.append((first.setdefault(label, row), row))
    a, b = np.array(ends or [(0, 0)]).T
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def related(table: SpectraTable, relation: Relation) -> tuple[str, ...]:
    """What molecules share with related ones, n labels; "" where there is nothing to share.

    Raises
    ------
    SpectraError
        If the relation is unknown.
    """
    if relation == "stratum":
        return table.texts["stratum"]
    if relation == "scaffold":
        return tuple(scaffold_of(smiles) for smiles in table.texts["smiles"])
    if relation == "inchikey":
        pairs = zip(table.texts["inchikey"], table.texts["formula"], strict=True)
        return tuple(key.split("-")[0] or formula for key, formula in pairs)
    raise SpectraError(f"relation {relation!r}; choose of {', '.join(RELATIONS)}")


@lru_cache(maxsize=100_000)
def scaffold_of(smiles: str) -> str:
    """Bemis–Murcko scaffold as canonical SMILES; "" without a ring or without SMILES.

    Raises
    ------
    SpectraError
        If the SMILES cannot be parsed.

    Examples
    --------
    >>> scaffold_of("CC(=O)Oc1ccccc1C(=O)O"), scaffold_of("CCO")
    ('c1ccccc1', '')
    """
    if not smiles:
        return ""
    from rdkit import Chem
    from rdkit.Chem.Scaffolds import MurckoScaffold
    from rdkit.rdBase import BlockLogs

    murcko: Any = MurckoScaffold  # its functions have no types
    with BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None:
            raise SpectraError(f"SMILES {smiles!r} cannot be parsed; correct it or leave it empty")
        Chem.RemoveStereochemistry(molecule)
        core = murcko.GetScaffoldForMol(molecule)
    return str(Chem.MolToSmiles(core))


def _checked(fractions: Mapping[str, float]) -> dict[str, float]:
    shares = dict(fractions)
    if not shares or min(shares.values()) <= 0 or not math.isclose(sum(shares.values()), 1):
        raise SpectraError(
            f"shares {', '.join(f'{n} {s:g}' for n, s in shares.items())} of a split; give "
            "positive ones that add up to 1"
        )
    return shares
