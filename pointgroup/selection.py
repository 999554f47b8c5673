"""Selection rules: what carries intensity in a point group, and why the rest is silent.

A fundamental is infrared active if its irrep occurs in the polar vector V, Raman active if
it occurs in Sym²V (first order, non-resonant, non-degenerate ground state), hyper-Raman
active if in Sym³V; silent means neither infrared nor Raman. VCD and ROA need a chiral group,
where they follow infrared and Raman: in an achiral one the pseudoscalars that they measure
vanish.

Sources: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), chapters
6 and 7; S. J. Cyvin, J. E. Rauch, J. C. Decius, *J. Chem. Phys.* 43, 4083 (1965).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .theory.characters import CharacterTable, Irrep
from .theory.groups import PointGroup
from .theory.representations import Representation


@dataclass(frozen=True, slots=True)
class Activity:
    """In which spectra a fundamental (or a combination) is allowed.

    Attributes
    ----------
    ir, raman, hyper_raman, vcd, roa : bool
    """

    ir: bool
    raman: bool
    hyper_raman: bool
    vcd: bool
    roa: bool

    @property
    def both(self) -> bool:
        """Infrared and Raman active."""
        return self.ir and self.raman

    @property
    def silent(self) -> bool:
        """Neither infrared nor Raman active."""
        return not (self.ir or self.raman)


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """What carries intensity in a point group.

    Attributes
    ----------
    dipole, polarizability, hyperpolarizability : Representation
        V, Sym²V and Sym³V.
    """

    dipole: Representation
    polarizability: Representation
    hyperpolarizability: Representation

    @classmethod
    def of(cls, group: PointGroup) -> SelectionRules:
        """The selection rules of a group.

        >>> print(SelectionRules.of(PointGroup("Td")).polarizability)
        A1 + E + T2
        """
        return _selection_rules(group)

    def activity(self, level: Irrep | Representation) -> Activity:
        """Activity of a transition from the ground state to a level of this symmetry."""
        irreps = (level,) if isinstance(level, Irrep) else level.irreps
        ir = any(i in self.dipole.irreps for i in irreps)
        raman = any(i in self.polarizability.irreps for i in irreps)
        hyper = any(i in self.hyperpolarizability.irreps for i in irreps)
        chiral = self.dipole.group.is_chiral
        return Activity(ir, raman, hyper, chiral and ir, chiral and raman)


@lru_cache(maxsize=64)
def _selection_rules(group: PointGroup) -> SelectionRules:
    vector = translations(group)
    return SelectionRules(vector, vector.symmetric_power(2), vector.symmetric_power(3))


@lru_cache(maxsize=64)
def translations(group: PointGroup) -> Representation:
    """The representation of x, y, z."""
    table: Any = group.character_table
    out: Representation = table.decompose(table.vector)
    return out


def explain_silence(irrep: Irrep, rules: SelectionRules) -> str:
    """Why an irrep carries neither a dipole moment nor a polarizability, in one line."""
    dipole = _forbidden(irrep, rules.dipole, "dipole moment")
    polarizability = _forbidden(irrep, rules.polarizability, "polarizability")
    return f"no {dipole}; no {polarizability}"


def _forbidden(irrep: Irrep, allowed: Representation, name: str) -> str:
    """The operations under which ``irrep`` behaves as no component of ``allowed`` does."""
    table = allowed.table
    if not isinstance(table, CharacterTable):
        return f"{name} ({allowed})"
    own = table.values[table.index(irrep)] / irrep.dimension
    others = [table.values[table.index(i)] / i.dimension for i in allowed.irreps]
    for c, label in enumerate(c.representative.label for c in table.classes):
        if abs(own[c]) > 0.999 and all(abs(o[c] + own[c]) < 1e-6 for o in others):
            verb = "reverses the mode but keeps" if own[c] < 0 else "keeps the mode but reverses"
            return f"{name} ({allowed}): {label} {verb} all its components"
    parts = [_distinction(irrep, i, table) for i in allowed.irreps]
    return f"{name} ({allowed}): {', '.join(parts)}"


def _distinction(irrep: Irrep, other: Irrep, table: CharacterTable) -> str:
    """The operation that tells two irreps apart most clearly, and what it does to each."""
    own = table.values[table.index(irrep)] / irrep.dimension
    its = table.values[table.index(other)] / other.dimension
    c = int(np.argmax(np.round(np.abs(own - its), 9)))
    operation = table.classes[c].representative
    first, second = _effect(own[c], irrep), _effect(its[c], other)
    if first.startswith("has") and second.startswith("has"):
        return f"{operation.label} {first}, {second.removeprefix('has character ')}"
    return f"{operation.label} {first} but {second}"


def _effect(mean: float, irrep: Irrep) -> str:
    """What an operation does to functions of an irrep, from its character per dimension."""
    if abs(abs(mean) - 1) < 1e-9:
        return f"{'keeps' if mean > 0 else 'reverses'} {irrep}"
    if irrep.dimension == 2 and abs(mean) > 1e-9:  # a reflection of the pair has trace 0
        return f"turns {irrep} by {np.degrees(np.arccos(mean)):.4g}°"
    return f"has character {mean * irrep.dimension:.4g} in {irrep}"
