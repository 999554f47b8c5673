"""The vibrations of a molecule counted by symmetry and activity; the ratio R(G, N).

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), chapter 6
and section 7-3 (overtones and combinations).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from .detection.symmetry import Symmetry, detect
from .molecules.molecule import Molecule
from .selection import Activity, SelectionRules, explain_silence, translations
from .theory.characters import CharacterTable, Irrep
from .theory.groups import PointGroup
from .theory.representations import Representation


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of vibrations by activity, of modes or of distinct fundamentals.

    Attributes
    ----------
    n_vib, n_ir, n_raman, n_both, n_ir_only, n_raman_only, n_silent : int
    n_hyper_raman, n_vcd, n_roa : int
    """

    n_vib: int
    n_ir: int
    n_raman: int
    n_both: int
    n_ir_only: int
    n_raman_only: int
    n_silent: int
    n_hyper_raman: int
    n_vcd: int
    n_roa: int


@dataclass(frozen=True, slots=True)
class Transition:
    """An overtone or a binary combination level.

    Attributes
    ----------
    irreps : tuple of str
        The fundamentals that are excited: ``("E1u", "E1u")`` for a first overtone,
        ``("A2u", "E1u")`` for a combination.
    levels : Representation
        Symmetries of the levels: the symmetric power or the direct product.
    activity : Activity
    """

    irreps: tuple[str, ...]
    levels: Representation
    activity: Activity


@dataclass(frozen=True, slots=True)
class SilentReason:
    """Why the modes of one irrep appear in neither spectrum.

    Attributes
    ----------
    irrep : str
    n_modes : int
    text : str
        One line that names the operations that forbid it.
    """

    irrep: str
    n_modes: int
    text: str


@dataclass(frozen=True, slots=True)
class ModeCounts:
    """The vibrations of a molecule by symmetry and activity.

    Attributes
    ----------
    group : PointGroup
    representation : Representation
        Γ_vib.
    modes, fundamentals : Tally
        Counts with each degenerate set counted with its dimension, and counted once. The
        counts of ``modes`` are also attributes of this object: ``counts.n_silent``.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> counts = mode_counts(example("benzene"))
    >>> print(counts.group, "R =", counts.R, "silent:", counts.n_silent, "of", counts.n_vib)
    D6h R = 19/30 silent: 11 of 30
    """

    group: PointGroup
    representation: Representation
    modes: Tally
    fundamentals: Tally

    @property
    def n_vib(self) -> int:
        """3N − 6, or 3N − 5 for a linear molecule."""
        return self.modes.n_vib

    @property
    def n_ir(self) -> int:
        """Infrared-active modes."""
        return self.modes.n_ir

    @property
    def n_raman(self) -> int:
        """Raman-active modes."""
        return self.modes.n_raman

    @property
    def n_both(self) -> int:
        """Modes active in both spectra."""
        return self.modes.n_both

    @property
    def n_silent(self) -> int:
        """Modes active in neither."""
        return self.modes.n_silent

    @property
    def n_hyper_raman(self) -> int:
        """Modes allowed in hyper-Raman scattering."""
        return self.modes.n_hyper_raman

    @property
    def R(self) -> Fraction | None:
        """Information completeness ratio ``|IR ∪ Raman| / N_vib``; None for a single atom."""
        return _visible_fraction(self.modes)

    @property
    def R_fundamentals(self) -> Fraction | None:
        """The same ratio with each degenerate set counted once."""
        return _visible_fraction(self.fundamentals)

    @property
    def sum_ratio(self) -> Fraction | None:
        """(N_IR + N_Raman) / (3N − 6), as some print R. It is not R.

        It counts modes active in both spectra twice (H2O 2, CH4 5/3) and a linear molecule
        one vibration short (CO2 4/3). None where 3N − 6 is not positive.
        """
        denominator = self.n_vib - self.group.is_linear
        return Fraction(self.n_ir + self.n_raman, denominator) if denominator > 0 else None

    def activity(self, irrep: str) -> Activity:
        """Activity of the fundamentals of one irrep."""
        return SelectionRules.of(self.group).activity(self.representation.table[irrep])

    def overtones(self, quanta: int = 2) -> tuple[Transition, ...]:
        """Levels with ``quanta`` quanta in one fundamental, for each irrep in Γ_vib."""
        rules = SelectionRules.of(self.group)
        return tuple(
            _transition(rules, (i.label,) * quanta, _single(self, i).symmetric_power(quanta))
            for i in self.representation.irreps
        )

    def combinations(self) -> tuple[Transition, ...]:
        """Levels with one quantum in each of two different fundamentals, by irreps.

        A pair of equal irreps is listed where Γ_vib holds that irrep at least twice.
        """
        rules = SelectionRules.of(self.group)
        pairs = list(combinations(self.representation.irreps, 2))
        pairs += [(i, i) for i, m in self.representation.terms if m > 1]
        return tuple(
            _transition(rules, (a.label, b.label), _single(self, a) * _single(self, b))
            for a, b in pairs
        )

    def silent_reasons(self) -> tuple[SilentReason, ...]:
        """For each silent irrep in Γ_vib, the operations that keep it dark."""
        rules = SelectionRules.of(self.group)
        return tuple(
            SilentReason(i.label, m * i.dimension, explain_silence(i, rules))
            for i, m in self.representation.terms
            if rules.activity(i).silent
        )

    def __str__(self) -> str:
        return f"{self.group}: Γvib = {self.representation}, R = {self.R}"


def mode_counts(molecule: Molecule | Symmetry, tolerance: float | None = None) -> ModeCounts:
    """Count the vibrations of a molecule by irrep and activity.

    Parameters
    ----------
    molecule : Molecule or Symmetry
    tolerance : float, optional
        RMS displacement in Å passed to `detect` when a molecule is given.
    """
    symmetry = molecule if isinstance(molecule, Symmetry) else detect(molecule, tolerance)
    return count_modes(vibrational_representation(symmetry))


@lru_cache(maxsize=4096)
def count_modes(representation: Representation) -> ModeCounts:
    """Mode counts from Γ_vib itself."""
    group = representation.group
    rules = SelectionRules.of(group)
    terms = [(rules.activity(i), m, i.dimension) for i, m in representation.terms]
    return ModeCounts(
        group,
        representation,
        _tally([(a, m * d) for a, m, d in terms]),
        _tally([(a, m) for a, m, _ in terms]),
    )


def vibrational_representation(symmetry: Symmetry) -> Representation:
    """Γ_vib = Γ(atoms) × V − translations − rotations.

    The character of Γ(atoms) at an operation is the number of atoms that it leaves in
    place; a linear molecule has no rotation about its axis, an atom has none at all.
    """
    group = symmetry.group
    table: Any = group.character_table
    cartesian: Representation = table.decompose(
        table.multiply(atom_character(symmetry), table.vector)
    )
    return cartesian - translations(group) - rotations(group)


@lru_cache(maxsize=64)
def rotations(group: PointGroup) -> Representation:
    """The representation of the rotations that a molecule of this group can make."""
    table: Any = group.character_table
    if group.family == "Kh":
        return Representation.of(table, ())
    out: Representation = table.decompose(table.axial_vector)
    if group.is_linear:
        return Representation.of(table, [(i, m) for i, m in out.terms if i.dimension == 2])
    return out


def atom_character(symmetry: Symmetry) -> Any:
    """Number of atoms left in place by each class, as a class function of the table."""
    table: Any = symmetry.group.character_table
    if isinstance(table, CharacterTable):
        fixed = [symmetry.n_unmoved(c.members[0]) for c in table.classes]
        return table.ring.integer(fixed)
    n_atoms = symmetry.molecule.n_atoms
    swapped = n_atoms % 2  # i and C2' leave only an atom at the centre in place
    counts = {"C∞v": [n_atoms] * 2, "D∞h": [n_atoms] * 2 + [swapped] * 2, "Kh": [1, 1]}
    return np.array(counts[symmetry.group.family], dtype=np.int64)[:, None]


def _tally(counted: list[tuple[Activity, int]]) -> Tally:
    def total(chosen: Callable[[Activity], bool]) -> int:
        return sum(m for a, m in counted if chosen(a))

    return Tally(
        n_vib=total(lambda a: True),
        n_ir=total(lambda a: a.ir),
        n_raman=total(lambda a: a.raman),
        n_both=total(lambda a: a.both),
        n_ir_only=total(lambda a: a.ir and not a.raman),
        n_raman_only=total(lambda a: a.raman and not a.ir),
        n_silent=total(lambda a: a.silent),
        n_hyper_raman=total(lambda a: a.hyper_raman),
        n_vcd=total(lambda a: a.vcd),
        n_roa=total(lambda a: a.roa),
    )


def _visible_fraction(tally: Tally) -> Fraction | None:
    return Fraction(tally.n_vib - tally.n_silent, tally.n_vib) if tally.n_vib else None


def _single(counts: ModeCounts, irrep: Irrep) -> Representation:
    return Representation.of(counts.representation.table, [(irrep, 1)])


def _transition(
    rules: SelectionRules, irreps: tuple[str, ...], levels: Representation
) -> Transition:
    return Transition(irreps, levels, rules.activity(levels))
