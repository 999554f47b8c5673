"""What the irreps of a group become in a subgroup.

A subgroup can sit in a group in several ways that are not equivalent (C2v in D6h along C2,
C2' or C2''). Each way is found by mapping generators of the subgroup onto operations of the
same kind, and is named by where its classes go: that is the choice of axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ..errors import GroupError
from .characters import CharacterTable, class_index
from .continuous import ContinuousTable
from .cyclotomic import IntArray
from .groups import PointGroup
from .operations import Indices, Operation
from .representations import Representation


@dataclass(frozen=True, slots=True)
class Correlation:
    """One way in which a subgroup sits in a group.

    Attributes
    ----------
    group, subgroup : PointGroup
    axes : str
        Where the classes of the subgroup lie in the group: ``C2 → C2', σv(xz) → σh``.
    places : tuple
        For each class of the subgroup its class in the group; for a continuous group the
        component of its characters and the angle.
    """

    group: PointGroup
    subgroup: PointGroup
    axes: str
    places: tuple[Any, ...]

    @property
    def irreps(self) -> dict[str, Representation]:
        """Irreps of the group (the first ones, if it is continuous) and what they become."""
        table = self.group.character_table
        return {i.label: self.restrict(Representation.of(table, [(i, 1)])) for i in table.irreps}

    def restrict(self, representation: Representation) -> Representation:
        """A representation of the group as one of the subgroup.

        Raises
        ------
        GroupError
            If it is a representation of another group.
        """
        if representation.group != self.group:
            raise GroupError(f"{representation} is of {representation.group}, not {self.group}")
        table, below = self.group.character_table, self.subgroup.character_table
        chi = representation.character
        if isinstance(below, ContinuousTable):
            return below.decompose(_narrowed(chi, self.group, self.subgroup))
        if isinstance(table, CharacterTable):
            return below.decompose(_transferred(chi[list(self.places)], table.ring.n, below))
        return below.decompose(_evaluated(chi, self.places, below))


def correlate(group: PointGroup, subgroup: PointGroup) -> tuple[Correlation, ...]:
    """All inequivalent ways in which ``subgroup`` is contained in ``group``.

    Raises
    ------
    GroupError
        If it is not contained in it.

    Examples
    --------
    The d level of an atom in an octahedral field:

    >>> print(correlate(PointGroup("Kh"), PointGroup("Oh"))[0].irreps["Dg"])
    Eg + T2g
    """
    if subgroup.is_continuous:
        found = _between_continuous(group, subgroup)
    elif group.is_continuous:
        found = _from_continuous(group, subgroup)
    else:
        found = _from_finite(group, subgroup)
    if not found:
        raise GroupError(f"{subgroup} is not a subgroup of {group}")
    return found


def _from_finite(group: PointGroup, subgroup: PointGroup) -> tuple[Correlation, ...]:
    return tuple(
        Correlation(group, subgroup, _axes_text(group, subgroup, fusion), fusion)
        for fusion in _fusions(group, subgroup)
    )


def _transferred(chi: IntArray, n: int, below: CharacterTable) -> IntArray:
    """Class function with values in Z[ζ_n] as one over the ring of the subgroup.

    Real characters of a subgroup lie in the smaller ring; the coordinates are found by
    matching numerical values, and checked.
    """
    roots = np.exp(2j * np.pi * np.arange(chi.shape[1]) / n)
    values = chi @ roots
    sizes = below.class_sizes
    overlaps = (np.conj(below.ring.to_complex(below.characters)) * sizes) @ values
    counts = np.rint((overlaps / (below.order * below.norms)).real).astype(np.int64)
    out = np.tensordot(counts, below.characters, 1)
    if np.abs(below.ring.to_complex(out) - values).max() > 1e-6:
        raise GroupError("the restriction is not a character of the subgroup")
    return np.asarray(out)


def _fusions(group: PointGroup, subgroup: PointGroup) -> list[tuple[int, ...]]:
    """Maps from classes of the subgroup to classes of the group, one for each placing.

    Of the labellings of one placing, that which keeps most names (σv → σv) is taken; for C2v
    the plane that was σh becomes yz, the plane of a planar molecule.
    """
    best: dict[tuple[int, ...], tuple[int, ...]] = {}
    classes, starts = class_index(group), [c.members[0] for c in subgroup.classes]
    names = [c.representative.label for c in subgroup.classes]
    targets = [c.representative.label for c in group.classes]

    def rank(fusion: tuple[int, ...]) -> tuple[int, bool, tuple[int, ...]]:
        pairs = list(zip(names, (targets[c] for c in fusion), strict=True))
        kept = sum(name == target for name, target in pairs)
        return -kept, ("σv'(yz)", "σh") not in pairs, fusion

    for images in _embeddings(group, subgroup):
        fusion = tuple(int(classes[images[s]]) for s in starts)
        key = tuple(sorted(classes[images].tolist()))
        best[key] = min(best.get(key, fusion), fusion, key=rank)
    return sorted(best.values())


def _embeddings(group: PointGroup, subgroup: PointGroup) -> Iterator[Indices]:
    """Injective maps of the subgroup into the group that keep the kind of every operation.

    The first generator is taken from one representative of each class: the other choices
    are the same up to conjugation.
    """
    table, below = group.multiplication_table, subgroup.multiplication_table
    kinds = [_kind(o) for o in group.operations]
    wanted = [_kind(o) for o in subgroup.operations]
    generators = _generators(below)
    if not generators:
        yield np.zeros(1, dtype=np.intp)
        return
    first = [c.members[0] for c in group.classes if kinds[c.members[0]] == wanted[generators[0]]]
    others = [[i for i, k in enumerate(kinds) if k == wanted[g]] for g in generators[1:]]
    for choice in product(first, *others):
        if (images := _extended(choice, generators, below, table)) is None:
            continue
        if all(kinds[image] == kind for image, kind in zip(images, wanted, strict=True)):
            yield images


def _kind(o: Operation) -> tuple[Fraction, bool]:
    return min(o.turn, 1 - o.turn) if o.turn else o.turn, o.improper


def _generators(table: Indices) -> list[int]:
    """A few elements that generate the group, rotations of high order first."""
    chosen: list[int] = []
    reached = {0}
    orders = [_order(table, g) for g in range(len(table))]
    for g in sorted(range(1, len(table)), key=lambda g: (-orders[g], g)):
        if g not in reached:
            chosen.append(g)
            reached = _generated(table, chosen)
    return chosen


def _order(table: Indices, g: int) -> int:
    power, n = g, 1
    while power:
        power, n = int(table[power, g]), n + 1
    return n


def _generated(table: Indices, generators: list[int]) -> set[int]:
    reached, new = {0}, [0]
    while new:
        new = [p for p in {int(table[n, g]) for n in new for g in generators} if p not in reached]
        reached |= set(new)
    return reached


def _extended(
    choice: tuple[int, ...], generators: list[int], below: Indices, table: Indices
) -> Indices | None:
    """The homomorphism with these images of the generators, or None if there is none."""
    images = {0: 0}
    queue = [0]
    while queue:
        element = queue.pop()
        for g, image in zip(generators, choice, strict=True):
            target, value = int(below[element, g]), int(table[images[element], image])
            if target not in images:
                images[target] = value
                queue.append(target)
            elif images[target] != value:
                return None
    if len(set(images.values())) < len(below):
        return None
    return np.array([images[i] for i in range(len(below))])


def _axes_text(group: PointGroup, subgroup: PointGroup, fusion: tuple[int, ...]) -> str:
    parts = [
        f"{c.representative.label} → {group.classes[target].representative.label}"
        for c, target in zip(subgroup.classes[1:], fusion[1:], strict=True)
    ]
    return ", ".join(parts) or "E"


def _from_continuous(group: PointGroup, subgroup: PointGroup) -> tuple[Correlation, ...]:
    """Orientations with z of the group along z, y or x of the subgroup."""
    out: list[Correlation] = []
    for letter in "zyx":
        places = tuple(
            _place(c.representative, "xyz".index(letter), group) for c in subgroup.classes
        )
        if None not in places:
            text = "any orientation" if group.family == "Kh" else f"{letter} along the C∞ axis"
            found = Correlation(group, subgroup, text, places)
            if all(found.irreps != other.irreps for other in out):
                out.append(found)
    return tuple(out)


def _between_continuous(group: PointGroup, subgroup: PointGroup) -> tuple[Correlation, ...]:
    """C∞v in D∞h, both in Kh, and each in itself."""
    chain = ["C∞v", "D∞h", "Kh"]
    if group.symbol not in chain or chain.index(subgroup.symbol) > chain.index(group.symbol):
        return ()
    text = "any axis" if group.family == "Kh" else "C∞ → C∞, σv → σv"
    return (Correlation(group, subgroup, text, ()),)


def _narrowed(chi: IntArray, group: PointGroup, subgroup: PointGroup) -> IntArray:
    """A class function of D∞h or Kh on the components of C∞v or D∞h (see `continuous`)."""
    if group == subgroup:
        return chi
    if group.family == "Kh":
        middle = chi.shape[1] // 2
        half_turn = (-1) ** np.abs(np.arange(-middle, middle + 1))
        fixed = np.zeros((2, chi.shape[1]), dtype=np.int64)
        fixed[:, middle] = chi[1] @ half_turn, chi[0] @ half_turn  # σ = i·C(π), and C2
        chi = np.array([chi[0], fixed[0], chi[1], fixed[1]])
    return chi if subgroup.family == "D∞h" else chi[:2]


def _place(o: Operation, axis: int, group: PointGroup) -> tuple[int, Fraction] | None:
    """Component of the continuous table and angle of an operation, None if not in the group."""
    inverted = o.turn + Fraction(1, 2)
    if group.family == "Kh":
        return (1, inverted) if o.improper else (0, o.turn)
    along = o.axis is None or abs(o.axis[axis]) > 0.999
    across = o.axis is not None and abs(o.axis[axis]) < 1e-3
    if along:
        place = (2, inverted) if o.improper else (0, o.turn)
    elif across and o.improper and o.turn == 0:
        place = (1, Fraction(0))
    elif across and not o.improper and o.turn == Fraction(1, 2):
        place = (3, Fraction(0))
    else:
        return None
    return place if group.family == "D∞h" or place[0] < 2 else None


def _evaluated(chi: IntArray, places: tuple[Any, ...], below: CharacterTable) -> IntArray:
    """Values of a continuous character at the operations of the subgroup."""
    middle = chi.shape[1] // 2
    rows = []
    for component, turn in places:
        orders = np.arange(-middle, middle + 1) * int(turn * below.ring.n)
        rows.append(chi[component] @ below.ring.powers[orders % below.ring.n])
    return np.array(rows)
