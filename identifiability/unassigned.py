"""Lines that nobody has assigned: how many ways there are to hand them out to the irreps.

A spectrum shows where a line is, not which irrep it belongs to. What a pair of spectra does
show is whether a line is in the infrared, in the Raman spectrum or in both, and, with
depolarisation ratios, whether it is polarised (totally symmetric). Lines that look alike may
be dealt to the irreps that look alike in any way; each deal leads to force fields of its own.
For one isotopologue each deal is realised by a positive-definite force field, because any
positive values are the curvatures of some F of a block; for several the number is an upper
bound, since product and sum rules rule most of them out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import factorial, prod

from .isotopologue import Isotopologue, LineBlock
from .observables import Observables


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """Irreps of an isotopologue whose lines look alike.

    Attributes
    ----------
    isotopologue : str
    appearance : str
        Such as ``IR``, ``Raman, polarised`` or ``IR and Raman``.
    lines : tuple of (str, int)
        Irreps, and the number of lines of each.
    """

    isotopologue: str
    appearance: str
    lines: tuple[tuple[str, int], ...]

    @property
    def n_assignments(self) -> int:
        """Ways to deal the lines to the irreps, a multinomial coefficient."""
        numbers = [n for _, n in self.lines]
        return factorial(sum(numbers)) // prod(factorial(n) for n in numbers)


@dataclass(frozen=True, slots=True)
class Assignments:
    """All assignments that activity allows.

    Attributes
    ----------
    classes : tuple of LookAlikes
    """

    classes: tuple[LookAlikes, ...]

    @property
    def total(self) -> int:
        """Number of assignments of all isotopologues together."""
        return prod(c.n_assignments for c in self.classes)

    @property
    def is_exact(self) -> bool:
        """Whether each assignment has a force field: so for one isotopologue."""
        return len({c.isotopologue for c in self.classes}) == 1

    def __str__(self) -> str:
        bound = "" if self.is_exact else "at most "
        return f"{bound}{self.total} assignment{'s' if self.total > 1 else ''}"


def count_assignments(observables: Observables) -> Assignments:
    """Assignments of the lines of all isotopologues to irreps.

    Examples
    --------
    The three lines of water are two of A1 and one of B1 or B2. Depolarisation ratios tell.

    >>> from spektron.pointgroup import example
    >>> from spektron.identifiability.space import InternalSpace
    >>> water = Isotopologue.of(InternalSpace.of(example("water")))
    >>> print(count_assignments(Observables((water,), assigned=False)))
    3 assignments
    """
    return Assignments(
        tuple(
            found
            for isotopologue in observables.isotopologues
            for found in _classes(isotopologue, observables)
        )
    )


def _classes(isotopologue: Isotopologue, observables: Observables) -> list[LookAlikes]:
    kinds: dict[str, Counter[str]] = {}
    for block in isotopologue.blocks:
        totally = block.irrep == isotopologue.symmetry.group.character_table.irreps[0].label
        text = _appearance(block, observables, totally)
        if text:
            kinds.setdefault(text, Counter())[block.irrep] += block.n_lines
    return [LookAlikes(isotopologue.name, text, tuple(k.items())) for text, k in kinds.items()]


def _appearance(block: LineBlock, observables: Observables, totally: bool) -> str:
    """What the spectra tell about a line: where it shows, and whether it is polarised."""
    active = {"ir": block.activity.ir, "raman": block.activity.raman}
    names = {"ir": "IR", "raman": "Raman"}
    seen = " and ".join(names[s] for s in ("ir", "raman") if s in observables.spectra and active[s])
    if not seen or "depolarisation" not in observables.data or not active["raman"]:
        return seen
    return seen + (", polarised" if totally else ", depolarised")
