"""Isotopic substitution patterns of a molecule, one for each class under its point group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from ..pointgroup.errors import MoleculeError
from .errors import IdentifiabilityError
from .isotopologue import Isotopologue
from .space import InternalSpace

MOST_PATTERNS = 20_000
"""Labelled patterns that are sorted into classes at the most."""
HEAVY: Mapping[str, int] = {
    "H": 2,
    "Li": 6,
    "B": 10,
    "C": 13,
    "N": 15,
    "O": 18,
    "Si": 30,
    "S": 34,
    "Cl": 37,
    "Br": 81,
}
"""The isotope that is usually put in place of the most abundant one."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Atoms that carry another isotope.

    Attributes
    ----------
    isotopes : tuple of (int, int)
        Atom and mass number, by atom.
    """

    isotopes: tuple[tuple[int, int], ...]

    def name(self, space: InternalSpace) -> str:
        """Such as ``2H:1,4 13C:2``, atoms numbered from 1; ``parent`` for none.

        Example: para-dideuterobenzene.
        """
        kinds: dict[str, list[str]] = {}
        for atom, number in self.isotopes:
            key = f"{number}{space.molecule.symbols[atom]}"
            kinds.setdefault(key, []).append(str(atom + 1))
        return " ".join(f"{k}:{','.join(v)}" for k, v in kinds.items()) or "parent"

    def isotopologue(self, space: InternalSpace) -> Isotopologue:
        """The isotopologue of this pattern."""
        chosen: dict[int | str, int] = dict(self.isotopes)
        molecule = space.molecule.with_isotopes(chosen)
        return Isotopologue.of(space, molecule.masses, self.name(space))


def patterns(
    space: InternalSpace,
    isotopes: Mapping[str, int],
    *,
    largest: int | None = None,
) -> tuple[Pattern, ...]:
    """All substitution patterns of some elements, one for each class; the parent is first.

    Patterns that an operation of the point group turns into each other have equal spectra.

    Parameters
    ----------
    isotopes : mapping
        Mass number for each element that is substituted, such as ``{"H": 2}``.
    largest : int, optional
        Most atoms substituted.

    Raises
    ------
    MoleculeError
        If the molecule has no atom of an element, or the isotope is unknown.
    IdentifiabilityError
        If there are more than 20,000 patterns, none, or an isotope is that of the molecule.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> benzene = InternalSpace.of(example("benzene"))
    >>> len(patterns(benzene, {"H": 2}))
    13
    """
    symbols = space.molecule.symbols
    for element in isotopes:
        if element not in symbols:
            raise MoleculeError(
                f"{space.molecule.formula} has no {element}: substitute one of "
                f"{', '.join(sorted(set(symbols)))}"
            )
    for element, number in isotopes.items():
        heavier = space.molecule.with_isotopes({element: number})  # refuses what does not exist
        if np.array_equal(heavier.masses, space.molecule.masses):
            raise IdentifiabilityError(
                f"{element}={number} is what the molecule has: name another isotope of {element}"
            )
    if largest is not None and largest < 1:
        raise IdentifiabilityError(f"largest {largest}: substitute at least one atom")
    sites = [[i for i, s in enumerate(symbols) if s == element] for element in isotopes]
    everything = [atom for atoms in sites for atom in atoms]
    most = len(everything) if largest is None else min(largest, len(everything))
    count = sum(comb(len(everything), k) for k in range(most + 1))
    if count > MOST_PATTERNS:
        raise IdentifiabilityError(
            f"{count} substitution patterns of {len(everything)} atoms, the limit is "
            f"{MOST_PATTERNS}: substitute fewer elements, or at most a few atoms (largest=2)"
        )
    numbers = {atom: isotopes[symbols[atom]] for atom in everything}
    found: dict[tuple[int, ...], Pattern] = {}
    for size in range(most + 1):
        for atoms in combinations(everything, size):
            first = _first_image(space, atoms)
            found.setdefault(first, Pattern(tuple((a, numbers[a]) for a in first)))
    return tuple(found.values())


def _first_image(space: InternalSpace, atoms: tuple[int, ...]) -> tuple[int, ...]:
    """The image of a set of atoms under the group that comes first."""
    if not atoms:
        return ()
    images = np.sort(space.symmetry.permutations[:, list(atoms)], axis=1)
    return tuple(int(a) for a in min(map(tuple, images)))
