"""Theorem 2, repaired: when infrared and Raman spectra exclude each other, and what both add.

All from exact characters, with no geometry: an irrep is both-active if it occurs in V and in
Sym²V.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...pointgroup import (
    ModeCounts,
    Molecule,
    PointGroup,
    SelectionRules,
    example,
    example_names,
    mode_counts,
)
from .statement import Statement

_LARGEST = 48


def groups_up_to(n: int) -> tuple[PointGroup, ...]:
    """All point groups with a main axis of order up to n (2n for S2n), and T … Ih, C∞v, D∞h.

    Raises
    ------
    ValueError
        If n is not between 1 and 48.
    """
    if not 1 <= n <= _LARGEST:
        raise ValueError(f"axis of order {n}: choose from 1 to {_LARGEST}")
    names = ["C1", "Cs", "Ci"]
    for k in range(2, n + 1):
        names += [f"C{k}", f"C{k}v", f"C{k}h", f"D{k}", f"D{k}h", f"D{k}d", f"S{2 * k}"]
    names += ["T", "Td", "Th", "O", "Oh", "I", "Ih", "C∞v", "D∞h"]
    return tuple(dict.fromkeys(PointGroup(name) for name in names))


def both_active(group: PointGroup) -> tuple[str, ...]:
    """Irreps that are infrared and Raman active."""
    rules = SelectionRules.of(group)
    return tuple(str(i) for i in rules.dipole.irreps if i in rules.polarizability.irreps)


def exclusion(n: int = 24) -> Statement:
    """Exclusion for every group with a centre, and the groups that exclude without one.

    Parameters
    ----------
    n : int
        Largest order of the main axis (of S2n: 2n).

    Examples
    --------
    >>> found = exclusion(6)
    >>> found.counterexamples
    ('D4d', 'S8', 'C5h', 'D5h', 'D6d', 'S12', 'O', 'I')
    """
    groups = groups_up_to(n)
    centred = [g for g in groups if g.has_inversion]
    broken = [g.symbol for g in centred if both_active(g)]
    without = [g.symbol for g in groups if not g.has_inversion and not both_active(g)]
    unexpected = [g.symbol for g in groups if _excludes_by_rule(g) == bool(both_active(g))]
    return Statement(
        "Mutual exclusion",
        "no irrep is infrared and Raman active if and only if the group has a centre",
        "fails" if broken else "holds with exceptions" if without else "holds",
        (
            ("groups", len(groups)),
            ("groups with a centre", len(centred)),
            ("of these with a both-active irrep", len(broken)),
            ("groups without a centre that exclude", len(without)),
            ("groups against the rule of step 4", len(unexpected)),
        ),
        (*broken, *without, *unexpected),
        (
            "If: i reverses every vector and keeps every product of two, so V is all u and Sym²V "
            "all g; they share no irrep. True for every group with i, of any order.",
            "Only if is wrong: what must differ is V and Sym²V, and other operations do that too.",
            "Under a rotation by φ, V has the angular parts 0 and ±1 and Sym²V 0, ±1 and ±2, "
            "each with a sign for the improper operations.",
            "Counting the cases: Cnh and Dnh with odd n ≥ 5, S4k with k ≥ 2, Dnd with even "
            "n ≥ 4, O and I exclude without a centre, and no other group does.",
        ),
    )


def _excludes_by_rule(group: PointGroup) -> bool:
    """The list of theory, as a rule on the symbol."""
    if group.has_inversion:
        return True
    symbol = group.symbol
    if symbol in ("O", "I"):
        return True
    if not symbol[1:2].isdigit():
        return False
    n, suffix = int("".join(c for c in symbol if c.isdigit())), symbol[-1]
    if symbol[0] == "S":
        return n % 4 == 0 and n >= 8
    if suffix == "h":
        return n % 2 == 1 and n >= 5
    return symbol[0] == "D" and suffix == "d" and n % 2 == 0 and n >= 4


def strict_gain(molecules: Iterable[Molecule] | None = None) -> Statement:
    """What both spectra add where they exclude each other, and the only exception.

    Parameters
    ----------
    molecules : iterable of Molecule, optional
        The packaged examples if none are given. Single atoms are passed over.

    Examples
    --------
    >>> strict_gain([example("benzene"), example("water")]).verdict
    'holds'
    """
    given = [example(n) for n in example_names()] if molecules is None else list(molecules)
    checked = [(m, mode_counts(m)) for m in given if m.n_atoms > 1]
    excluding = [(m, c) for m, c in checked if not both_active(c.group)]
    dull = [m for m, c in excluding if not _gains(c)]
    diatomic = [m for m in dull if m.n_atoms == 2 and len(set(m.symbols)) == 1]
    violated = [m for m in dull if m not in diatomic]
    no_raman = [m for m, c in checked if not c.n_raman]
    no_infrared = [m for m, c in checked if m.n_atoms >= 3 and not c.n_ir]
    bad = [*violated, *no_raman, *no_infrared]
    no_gain = sum(not _gains(c) for _, c in checked if both_active(c.group))
    return Statement(
        "Strict gain",
        "where no irrep is both active, infrared and Raman together show more fundamentals than "
        "either, except for a homonuclear diatomic molecule",
        "fails" if bad else "holds",
        (
            ("molecules", len(checked)),
            ("in groups that exclude", len(excluding)),
            ("of these without gain", len(dull)),
            ("homonuclear diatomics among them", len(diatomic)),
            ("molecules without a Raman fundamental", len(no_raman)),
            ("with three atoms or more and no infrared one", len(no_infrared)),
            ("in other groups, without gain over one of the two", no_gain),
        ),
        tuple(dict.fromkeys(m.name or m.formula for m in bad)),
        (
            "N ≥ 2: the breathing displacement r of all atoms from their centre is totally "
            "symmetric and is no rigid motion, so there is a totally symmetric vibration; "
            "x² + y² + z² makes it Raman active.",
            "N ≥ 3: with the atoms at r_a from their centroid and Q the mean of r_a r_aᵀ, the "
            "dipole moment Σ_a (r_a r_aᵀ − Q) x_a commutes with the group and is zero for "
            "translations and rotations. It is zero for all displacements only if all r_a r_aᵀ "
            "are equal, r_a = ±r, so N ≤ 2. Otherwise some vibration carries it.",
            "If no irrep is both active, each of the two fundamentals is missing in the other "
            "spectrum: the union is strictly larger than both.",
            "A homonuclear diatomic has one vibration, Σg+, Raman active: nothing to add. With "
            "both-active irreps infrared may add nothing (H2O, CH4).",
        ),
    )


def _gains(counts: ModeCounts) -> bool:
    union = counts.n_vib - counts.n_silent
    return union > counts.n_ir and union > counts.n_raman
