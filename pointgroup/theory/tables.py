"""How the exact character tables are made, and how their rows get Mulliken labels.

The characters of the axial groups are sums of powers of one root of unity; those of T, O
and I come from the multiplication table (`dixon`); the other groups are direct products
with {E, i} (labels g, u) or {E, σh} (labels ', ''), or share the table of a group that they
are isomorphic to (Td ≅ O, Dnd ≅ D2n for even n, S2n ≅ C2n).

Labels (R. S. Mulliken, *J. Chem. Phys.* 23, 1997 (1955)): A and B are symmetric and
antisymmetric under the generator Cn (Sn in Dnd and S2n); subscripts 1 and 2 under the C2'
that contains x, or under σv(xz); in D2 and D2h B1, B2, B3 are symmetric under C2(z), C2(y),
C2(x); T1 is the one of the rotations Rx, Ry, Rz.
"""

from __future__ import annotations

from functools import lru_cache
from math import lcm

import numpy as np

from .characters import CharacterTable, Irrep, class_index, power_map, vector_character
from .construction import direct_factor
from .continuous import ContinuousTable
from .cyclotomic import CyclotomicRing, IntArray, cyclotomic_ring
from .dixon import irreducible_characters
from .groups import PointGroup


def table_of(group: PointGroup) -> CharacterTable | ContinuousTable:
    """The character table of any point group, finite or continuous."""
    return ContinuousTable(group) if group.is_continuous else character_table(group)


@lru_cache(maxsize=64)
def character_table(group: PointGroup) -> CharacterTable:
    """Exact characters of a finite point group, complex-conjugate pairs merged into one E."""
    table = separated_table(group)
    irreps, rows, norms = [], [], []
    for irrep, chi in zip(table.irreps, table.characters, strict=True):
        if irrep.indicator:
            irreps.append(irrep)
            rows.append(chi)
            norms.append(1)
        elif irrep.label.startswith("¹"):
            irreps.append(Irrep(irrep.label[1:], 2 * irrep.dimension, 0))
            rows.append(chi + table.ring.conjugate(chi))
            norms.append(2)
    return CharacterTable(group, table.ring, tuple(irreps), np.array(rows), np.array(norms))


@lru_cache(maxsize=64)
def separated_table(group: PointGroup) -> CharacterTable:
    """Exact characters over the complex numbers; conjugate pairs are labelled ¹E and ²E."""
    ring = cyclotomic_ring(lcm(*(o.turn.denominator for o in group.operations)))
    labels, rows = _base_rows(group, ring)
    if factor := direct_factor(group):
        signs = ("g", "u") if factor == "i" else ("'", "''")
        labels = [label + sign for sign in signs for label in labels]
        rows = _doubled(rows, group)
    irreps = tuple(
        Irrep(label, int(chi[0, 0]), indicator)
        for label, chi, indicator in zip(labels, rows, _indicators(group, rows), strict=True)
    )
    return CharacterTable(group, ring, irreps, rows, np.ones(len(rows), dtype=np.int64))


def _doubled(rows: IntArray, group: PointGroup) -> IntArray:
    """Characters of the direct product with a two-element group."""
    members = [c.members[0] for c in group.classes]
    half = rows.shape[1]
    factor = members[half]
    partners = class_index(group)[group.multiplication_table[factor, members[half:]]]
    again = rows[:, partners]
    top, bottom = np.concatenate([rows, again], axis=1), np.concatenate([rows, -again], axis=1)
    return np.concatenate([top, bottom])


def _indicators(group: PointGroup, rows: IntArray) -> list[int]:
    """Frobenius–Schur indicators (1/|G|) Σ χ(g²): 1 or 0, an integer by theorem."""
    sizes = np.array([c.size for c in group.classes])
    sums = np.einsum("c,ick->ik", sizes, rows[:, power_map(group, 2)])
    return [int(s[0]) // int(sizes.sum()) for s in sums]


def _base_rows(group: PointGroup, ring: CyclotomicRing) -> tuple[list[str], IntArray]:
    """Labels and characters of the group without its factor {E, i} or {E, σh}."""
    doubled = 2 * group.n if direct_factor(group) is None else group.n
    match group.family:
        case "C1" | "Cs" | "Ci" | "Cn" | "Cnh":
            return _cyclic_rows(group.n, ring)
        case "S2n":
            return _cyclic_rows(doubled, ring)
        case "Dn" | "Dnh" | "Cnv":
            return _dihedral_rows(group, group.n, ring)
        case "Dnd":
            return _dihedral_rows(group, doubled, ring)
        case _:
            return _polyhedral_rows(group, ring)


def _cyclic_rows(n: int, ring: CyclotomicRing) -> tuple[list[str], IntArray]:
    """χ_m(gᵏ) = exp(2πi·mk/n): A, B, then the pairs m and n − m."""
    k = np.arange(n) * (ring.n // n)
    labels, orders = ["A"], [0]
    if n % 2 == 0:
        labels.append("B")
        orders.append(n // 2)
    for m, name in _doublets(n):
        labels += [f"¹{name}", f"²{name}"]
        orders += [m, -m]
    return labels, np.array([ring.powers[m * k % ring.n] for m in orders])


def _dihedral_rows(group: PointGroup, n: int, ring: CyclotomicRing) -> tuple[list[str], IntArray]:
    """Dn, or a group isomorphic to it: E_m has 2cos(2πmk/n) on gᵏ and 0 on the other half."""
    k = np.arange(n // 2 + 1)
    one, sign = np.ones_like(k), 1 - 2 * (k % 2)
    if n % 2:
        linear = {"A1": [*one, 1], "A2": [*one, -1]}
    elif group.symbol in ("D2", "D2h"):
        linear = {
            "A": [1, 1, 1, 1],
            "B1": [1, 1, -1, -1],
            "B2": [1, -1, 1, -1],
            "B3": [1, -1, -1, 1],
        }
    else:
        linear = {
            "A1": [*one, 1, 1],
            "A2": [*one, -1, -1],
            "B1": [*sign, 1, -1],
            "B2": [*sign, -1, 1],
        }
    tail = ring.integer([0] * (1 if n % 2 else 2))
    rows = list(ring.integer(list(linear.values())))
    rows += [np.concatenate([ring.twice_cosine(m * k, n), tail]) for m, _ in _doublets(n)]
    return [*linear, *(name for _, name in _doublets(n))], np.array(rows)


def _doublets(n: int) -> list[tuple[int, str]]:
    """The two-dimensional irreps of Cn or Dn: angular index m and label."""
    count = (n - 1) // 2
    return [(m, "E" if count == 1 else f"E{m}") for m in range(1, count + 1)]


def _polyhedral_rows(group: PointGroup, ring: CyclotomicRing) -> tuple[list[str], IntArray]:
    """T, O, I or Td (which has the table of O), by Dixon's algorithm."""
    base = group if group.family == "Td" else PointGroup(group.family[0])
    rows = irreducible_characters(base.multiplication_table, class_index(base), ring)
    rotations = _axial_signs(base)[:, None] * vector_character(base, ring)
    names, keys = [], []
    for chi, approximate in zip(rows, ring.to_complex(rows), strict=True):
        name = {1: "A", 2: "E", 3: "T", 4: "G", 5: "H"}[int(chi[0, 0])]
        conjugate_pair = np.abs(approximate.imag).max() > 0.1
        # ¹E of T is the one with exp(+2πi/3) on C3, which is column 1.
        second = (
            approximate[1].imag < 0
            if conjugate_pair
            else not (np.array_equal(chi, rows[0]) or np.array_equal(chi, rotations))
        )
        name = "E" if conjugate_pair else name
        names.append(name)
        keys.append(("AETGH".index(name), second, conjugate_pair))
    order = sorted(range(len(rows)), key=lambda i: keys[i])
    return [_subscripted(names[i], keys[i], names) for i in order], rows[order]


def _subscripted(name: str, key: tuple[int, bool, bool], names: list[str]) -> str:
    _, second, conjugate_pair = key
    if conjugate_pair:
        return ("²" if second else "¹") + name
    if names.count(name) == 1:
        return name
    return name + ("2" if second else "1")


def _axial_signs(group: PointGroup) -> IntArray:
    """(n_class,) determinant of each class: 1 for rotations, −1 for improper operations."""
    return np.array([-1 if c.representative.improper else 1 for c in group.classes])
