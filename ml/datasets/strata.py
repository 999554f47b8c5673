"""Matched strata: isomers of one scaffold and one multiset of groups, with and without a centre.

The isomers of a multiset are the orbits of its arrangements under the point group of the
scaffold (Pólya's counting); one is centrosymmetric if the inversion leaves its arrangement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations

from .attachment import Substituted, substituted
from .scaffolds import SCAFFOLDS, Scaffold, scaffold
from .substituents import SUBSTITUENTS, substituent

LEAST_DISTANCE = 1.6
"""Å; arrangements whose groups come nearer are left out."""
LOOKED_AT = 12
"""Arrangements with and without a centre that are built to choose from."""


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """Isomers that differ in where the groups are.

    Attributes
    ----------
    name : str
        Scaffold and groups, as "benzene F2 Cl2".
    centrosymmetric, others : tuple of Substituted
        As built; optimisation may change the point group.
    """

    name: str
    centrosymmetric: tuple[Substituted, ...]
    others: tuple[Substituted, ...]


def colourings(parent: Scaffold, groups: Sequence[str]) -> list[tuple[tuple[str, ...], bool]]:
    """Arrangements of ``groups`` on the sites, one for each isomer, and whether it has a centre.

    Mirror images count once.

    Examples
    --------
    C6H4F2 has three isomers and C6H2F2Cl2 eleven, one of each with a centre:

    >>> benzene = scaffold("benzene")
    >>> [sum(c for _, c in colourings(benzene, g)) for g in (["F"] * 2, ["F"] * 2 + ["Cl"] * 2)]
    [1, 1]
    >>> [len(colourings(benzene, g)) for g in (["F"] * 2, ["F"] * 2 + ["Cl"] * 2)]
    [3, 11]
    """
    n = len(parent.sites)
    seen: set[tuple[str, ...]] = set()
    out = []
    for colouring in _arrangements(n, sorted(groups)):
        if colouring in seen:
            continue
        images = [tuple(colouring[j] for j in p) for p in parent.permutations.tolist()]
        seen.update(images)
        inverted = tuple(colouring[j] for j in parent.permutations[parent.inversion])
        out.append((colouring, inverted == colouring))
    return out


def _arrangements(n: int, groups: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All distinct arrangements of the groups on n sites, "H" elsewhere."""
    kinds = sorted(set(groups))

    def fill(free: tuple[int, ...], rest: Sequence[str]) -> Iterator[dict[int, str]]:
        if not rest:
            yield {}
            return
        for chosen in combinations(free, groups.count(rest[0])):
            left = tuple(i for i in free if i not in chosen)
            for more in fill(left, rest[1:]):
                yield dict.fromkeys(chosen, rest[0]) | more

    for filled in fill(tuple(range(n)), kinds):
        yield tuple(filled.get(i, "H") for i in range(n))


def matched_strata(
    scaffolds: Sequence[str] = tuple(SCAFFOLDS),
    groups: Sequence[str] = tuple(SUBSTITUENTS),
    *,
    largest: int = 20,
    members: int = 3,
) -> Iterator[Stratum]:
    """Matched strata of two equal groups, of two pairs, and of four equal groups.

    Parameters
    ----------
    scaffolds, groups : sequence of str
        Names.
    largest : int
        Most atoms of a molecule.
    members : int
        Most isomers with, and most without a centre; chosen by distance between the groups and
        then by a hash, so the choice is fixed and owes nothing to results.
    """
    for name in scaffolds:
        parent = scaffold(name)
        for multiset in _multisets(groups):
            if len(multiset) > len(parent.sites):
                continue
            found = _stratum(parent, multiset, largest, members)
            if found is not None:
                yield found


def _multisets(groups: Sequence[str]) -> Iterator[tuple[str, ...]]:
    yield from ((g, g) for g in groups)
    yield from ((a, a, b, b) for a, b in combinations(groups, 2))
    yield from ((g,) * 4 for g in groups)


def _stratum(
    parent: Scaffold, multiset: Sequence[str], largest: int, members: int
) -> Stratum | None:
    counts = {g: multiset.count(g) for g in multiset}
    name = " ".join([parent.name, *(f"{g}{n}" for g, n in counts.items())])
    size = parent.molecule.n_atoms + sum(len(substituent(g).symbols) - 1 for g in multiset)
    if size > largest:
        return None
    isomers = colourings(parent, multiset)
    chosen = [
        _chosen(parent, [c for c, has in isomers if has == centre], name, members)
        for centre in (True, False)
    ]
    if not all(chosen):
        return None
    return Stratum(name, *chosen)


def _chosen(
    parent: Scaffold, isomers: Sequence[tuple[str, ...]], name: str, members: int
) -> tuple[Substituted, ...]:
    ranked = sorted(isomers, key=lambda c: sha256(f"{name} {c}".encode()).hexdigest())
    built = [substituted(parent, colouring) for colouring in ranked[:LOOKED_AT]]
    apart = sorted(
        (b for b in built if b.nearest >= LEAST_DISTANCE), key=lambda b: -round(b.nearest, 1)
    )
    distinct = {b.inchikey: b for b in reversed(apart)}
    return tuple(b for b in apart if distinct[b.inchikey] is b)[:members]
