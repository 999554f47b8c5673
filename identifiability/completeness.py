"""How much of the vibrations both spectra show, with the proof, and what opens the dark rest.

R counts what infrared and Raman spectra of one isotopologue can show. What is silent there is
not lost for good: an isotopologue of lower symmetry, or a distortion (a crystal site, a
substituent), sorts the same displacements by a smaller group, whose irreps may be active.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from ..pointgroup import (
    Correlation,
    ModeCounts,
    Molecule,
    PointGroup,
    SelectionRules,
    SilentReason,
    correlate,
    mode_counts,
)
from ..pointgroup.errors import GroupError
from .isotopologue import Isotopologue
from .space import InternalSpace
from .substitution import HEAVY, patterns

Share = Literal["infrared only", "Raman only", "both", "silent"]

_OVERLAP = 1e-6
"""Share of an irrep in a visible block that counts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One irrep of the vibrations.

    Attributes
    ----------
    irrep : str
    n_fundamentals, n_modes : int
        Sets of degenerate vibrations counted once, and by dimension.
    seen : "infrared only", "Raman only", "both" or "silent"
    """

    irrep: str
    n_fundamentals: int
    n_modes: int
    seen: Share


@dataclass(frozen=True, slots=True)
class Descent:
    """What becomes visible in a group that is smaller.

    Attributes
    ----------
    name : str
        The isotopologue, or the subgroup and how it lies in the group.
    group : str
    R : Fraction
        Of the same number of vibrations, in the smaller group.
    revealed : tuple of (str, str)
        For each silent irrep that gains activity: its name, and where it is seen.
    """

    name: str
    group: str
    R: Fraction
    revealed: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        text = "; ".join(f"{irrep} in {where}" for irrep, where in self.revealed)
        return f"{self.name} ({self.group}): R = {self.R}, reveals {text or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Completeness:
    """R of a molecule with its proof, and the descents that open silent irreps.

    Attributes
    ----------
    counts : ModeCounts
    parts : tuple of Part
        The four-way split, irrep by irrep.
    reasons : tuple of SilentReason
        For each silent irrep, the operations that keep it dark.
    isotopologues, distortions : tuple of Descent
    """

    counts: ModeCounts
    parts: tuple[Part, ...]
    reasons: tuple[SilentReason, ...]
    isotopologues: tuple[Descent, ...]
    distortions: tuple[Descent, ...]

    @property
    def R(self) -> Fraction | None:
        """Information completeness ratio ``|IR ∪ Raman| / N_vib``."""
        return self.counts.R

    @property
    def split(self) -> dict[Share, int]:
        """Number of modes by where they are seen."""
        out: dict[Share, int] = {"infrared only": 0, "Raman only": 0, "both": 0, "silent": 0}
        for part in self.parts:
            out[part.seen] += part.n_modes
        return out

    @property
    def never_revealed(self) -> tuple[str, ...]:
        """Silent irreps that none of the isotopologues shows."""
        shown = {irrep for descent in self.isotopologues for irrep, _ in descent.revealed}
        return tuple(r.irrep for r in self.reasons if r.irrep not in shown)

    def __str__(self) -> str:
        split = ", ".join(f"{n} {name}" for name, n in self.split.items() if n)
        lines = [f"{self.counts}", f"  {self.counts.n_vib} modes: {split}"]
        lines += [f"  {r.irrep} ({r.n_modes}) is silent: {r.text}" for r in self.reasons]
        lines += [f"  isotopologue {d}" for d in first_to_reveal(self.isotopologues)]
        lines += [f"  distortion {d}" for d in first_to_reveal(self.distortions)]
        return "\n".join(lines)


def first_to_reveal(descents: tuple[Descent, ...]) -> list[Descent]:
    """Descents that show an irrep, or show it in a spectrum, that none before them did."""
    known: set[tuple[str, str]] = set()
    out = []
    for descent in descents:
        new = {(irrep, where.split(" as ")[0]) for irrep, where in descent.revealed}
        if new - known:
            out.append(descent)
        known |= new
    return out


def completeness(
    molecule: Molecule,
    *,
    isotopes: Mapping[str, int] | None = None,
    largest: int = 2,
    tolerance: float | None = None,
) -> Completeness:
    """R with its proof, the four-way split, and what lower symmetry reveals.

    Parameters
    ----------
    molecule : Molecule
    isotopes : mapping, optional
        Mass number for each element that is substituted; the usual heavy isotope of every
        element that has one if not given. Nothing is substituted for an empty mapping.
    largest : int
        Most atoms substituted.
    tolerance : float, optional
        For the detection of the group, Å.

    Raises
    ------
    MoleculeError
        For a single atom, an element that the molecule has not, or an unknown isotope.
    IdentifiabilityError
        For too many patterns.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> found = completeness(example("benzene"), isotopes={"H": 2}, largest=1)
    >>> found.R, found.split["silent"], [p.irrep for p in found.parts if p.seen == "silent"]
    (Fraction(19, 30), 11, ['A2g', 'B2g', 'B1u', 'B2u', 'E2u'])
    >>> print(found.isotopologues[0].group, found.isotopologues[0].R)
    C2v 1
    """
    counts = mode_counts(molecule, tolerance)
    space = InternalSpace.of(molecule, tolerance)
    if isotopes is None:
        # Deuterium first: it is what a laboratory has.
        order = sorted(dict.fromkeys(molecule.symbols), key=lambda s: s != "H")
        isotopes = {s: HEAVY[s] for s in order if s in HEAVY}
    return Completeness(
        counts,
        _parts(counts),
        counts.silent_reasons(),
        tuple(_substituted(space, isotopes, largest)) if isotopes else (),
        tuple(_distorted(counts)),
    )


def subgroups(group: PointGroup) -> tuple[PointGroup, ...]:
    """Proper subgroups of a point group, of falling order; none for a continuous one.

    >>> [str(g) for g in subgroups(PointGroup("C3v"))]
    ['C3', 'Cs', 'C1']
    """
    if group.is_continuous:
        return ()
    found = []
    for candidate in _candidates(group):
        if group.order % candidate.order or candidate.order >= group.order:
            continue
        try:
            correlate(group, candidate)
        except GroupError:
            continue
        found.append(candidate)
    return tuple(sorted(found, key=lambda g: -g.order))


def _candidates(group: PointGroup) -> Iterable[PointGroup]:
    orders = sorted({o.turn.denominator for o in group.operations})
    names = ["C1", "Cs", "Ci", "T", "Td", "Th", "O", "I"]
    for n in (k for k in orders if k > 1):
        names += [f"C{n}", f"C{n}v", f"C{n}h", f"D{n}", f"D{n}h", f"D{n}d"]
        names += [f"S{n}"] if n % 2 == 0 and n > 2 else []
    return dict.fromkeys(PointGroup(name) for name in names)


def _share(*, infrared: bool, raman: bool) -> Share:
    if infrared and raman:
        return "both"
    return "infrared only" if infrared else "Raman only" if raman else "silent"


def _parts(counts: ModeCounts) -> tuple[Part, ...]:
    out = []
    for irrep, number in counts.representation.terms:
        activity = SelectionRules.of(counts.group).activity(irrep)
        seen = _share(infrared=activity.ir, raman=activity.raman)
        out.append(Part(irrep.label, number, number * irrep.dimension, seen))
    return tuple(out)


def _distorted(counts: ModeCounts) -> Iterable[Descent]:
    """One descent for each placing of each subgroup."""
    if not counts.n_silent:
        return
    for subgroup in subgroups(counts.group):
        for way in correlate(counts.group, subgroup):
            yield _along(counts, way)


def _along(counts: ModeCounts, way: Correlation) -> Descent:
    rules = SelectionRules.of(way.subgroup)
    below = way.restrict(counts.representation)
    dark = sum(m * i.dimension for i, m in below.terms if rules.activity(i).silent)
    irreps = way.irreps
    revealed = []
    for reason in counts.silent_reasons():
        activity = rules.activity(irreps[reason.irrep])
        if not activity.silent:
            where = _share(infrared=activity.ir, raman=activity.raman)
            revealed.append((reason.irrep, f"{where} as {irreps[reason.irrep]}"))
    name = f"{way.subgroup} with {way.axes}"
    ratio = Fraction(counts.n_vib - dark, counts.n_vib)
    return Descent(name, str(way.subgroup), ratio, tuple(revealed))


def _substituted(
    space: InternalSpace, isotopes: Mapping[str, int], largest: int
) -> Iterable[Descent]:
    for pattern in patterns(space, isotopes, largest=largest)[1:]:
        yield _of_isotopologue(space, pattern.isotopologue(space))


def _of_isotopologue(space: InternalSpace, isotopologue: Isotopologue) -> Descent:
    """By overlap of the silent blocks of the parent with the visible ones of the isotopologue."""
    rules = SelectionRules.of(space.symmetry.group)
    seen = sum(b.columns.shape[1] for b in isotopologue.blocks if not b.activity.silent)
    revealed = []
    for block in space.blocks:
        if not rules.activity(block.irrep).silent:
            continue
        into = [
            b
            for b in isotopologue.blocks
            if not b.activity.silent
            and float(np.abs(b.columns[block.start : block.stop]).max()) > _OVERLAP
        ]
        if into:
            where = _share(
                infrared=any(b.activity.ir for b in into),
                raman=any(b.activity.raman for b in into),
            )
            revealed.append((str(block.irrep), f"{where} as {' + '.join(b.irrep for b in into)}"))
    ratio = Fraction(seen, space.dimension)
    return Descent(isotopologue.name, str(isotopologue.symmetry.group), ratio, tuple(revealed))
