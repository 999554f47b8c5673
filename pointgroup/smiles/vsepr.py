"""Ideal geometries of one central atom with monatomic ligands, from electron counting.

Force fields know no SF6, XeF4 or ClF3, but their shapes follow from the number of
electron pairs about the centre (R. J. Gillespie, R. S. Nyholm, Q. Rev. Chem. Soc. 11, 339,
1957). Directions are ideal; bond lengths are sums of covalent radii, good to about 0.1 Å or 5 %:
enough for symmetry, to be optimised before any physics. Where the arrangement of different
ligands does not follow (cis or trans SF4Cl2), the molecule is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SmilesError
from ..molecules.isotopes import ATOMIC_NUMBERS

__all__ = ["Star", "star_positions", "steric_number"]

# Electrons that the centre supplies to a terminal ligand to close its shell.
_DEMAND = {
    "H": 1, "F": 1, "Cl": 1, "Br": 1, "I": 1, "At": 1,
    "O": 2, "S": 2, "Se": 2, "Te": 2, "N": 3, "P": 3,
}  # fmt: skip
# Pauling electronegativities; the less electronegative ligand takes the equatorial place.
_ELECTRONEGATIVITY = {
    "H": 2.20, "F": 3.98, "Cl": 3.16, "Br": 2.96, "I": 2.66, "At": 2.2,
    "O": 3.44, "S": 2.58, "Se": 2.55, "Te": 2.1, "N": 3.04, "P": 2.19,
}  # fmt: skip
# A bond of order 2 or 3 is shorter than the sum of the single-bond radii by about this:
# 0.82 in CO2, 0.85 in H2CO and XeO3, 0.86 in ClO4(-); 0.77 in N2, 0.79 in HCN.
_SHORTENING = {1: 1.0, 2: 0.85, 3: 0.78}
_AXIAL_STRETCH = 1.03  # axial bonds of trigonal bipyramids are longer: PF5 1.577 against 1.534 Å
# Their dihalides are linear or bent without following the electron count.
_HEAVY_ALKALINE_EARTHS = {"Ca", "Sr", "Ba", "Ra"}

_Vectors = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Star:
    """One central atom and its monatomic ligands.

    Attributes
    ----------
    centre : str
    ligands : tuple of str
    charge : int
        Total charge.
    bonds : tuple of float, Å
        Sum of the single-bond covalent radii for each ligand.
    orders : tuple of int, optional
        Bond orders as written, used where the ligand's own valence does not give them: in
        diatomic molecules.
    """

    centre: str
    ligands: tuple[str, ...]
    charge: int
    bonds: tuple[float, ...]
    orders: tuple[int, ...] = ()

    def __str__(self) -> str:
        counts = Counter(self.ligands)
        body = self.centre + "".join(f"{x}{n if n > 1 else ''}" for x, n in counts.items())
        sign = "" if not self.charge else f" ({abs(self.charge)}{'+' if self.charge > 0 else '-'})"
        return body + sign


def star_positions(star: Star) -> _Vectors:
    """Ideal positions of the ligands about the centre at the origin.

    Returns
    -------
    (n_ligand, 3) array, Å

    Raises
    ------
    SmilesError
        If electron counting does not fix the shape.

    Examples
    --------
    >>> square = star_positions(Star("Xe", ("F",) * 4, 0, (1.95,) * 4))
    >>> bool(abs(square[:, 2]).max() < 1e-12)
    True
    """
    if len(star.ligands) == 1:
        directions = np.array([[0.0, 0.0, 1.0]])
    elif _valence(star.centre) is None:
        directions = _metal_directions(star)
    else:
        directions = _main_group_directions(star)
    # Of several equal ligands all bonds are alike, whatever Kekulé structure was written.
    orders = star.orders if len(star.ligands) == 1 else [_DEMAND[x] for x in star.ligands]
    shortening = np.array([_SHORTENING.get(order, 1.0) for order in orders or [1]])
    positions: _Vectors = directions * (np.array(star.bonds) * shortening)[:, None]
    return positions


def steric_number(star: Star) -> int | None:
    """Ligands plus lone pairs of a main-group centre; None where they cannot be counted.

    A single electron counts as a pair.

    Examples
    --------
    >>> steric_number(Star("Xe", ("F",) * 4, 0, (1.95,) * 4))
    6
    """
    spare = _spare_electrons(star)
    return None if spare is None or spare < 0 else len(star.ligands) + (spare + 1) // 2


def _valence(symbol: str) -> int | None:
    """Valence electrons of an s- or p-block element, None for a d- or f-block metal."""
    z = ATOMIC_NUMBERS[symbol]
    if z <= 2:
        return z
    noble = max(core for core in (2, 10, 18, 36, 54, 86) if core < z)
    outer = z - noble
    filled = {2: 0, 10: 0, 18: 10, 36: 10, 54: 24, 86: 24}[noble]
    if outer <= 2:
        return outer
    # Group 12 keeps its d shell closed and counts as a metal with two valence electrons.
    return outer - filled if outer >= filled + 2 else None


def _spare_electrons(star: Star) -> int | None:
    """Electrons left on the centre after all ligands have a closed shell."""
    valence = _valence(star.centre)
    if valence is None or any(x not in _DEMAND for x in star.ligands):
        return None
    return valence - star.charge - sum(_DEMAND[x] for x in star.ligands)


def _refused(star: Star, why: str) -> SmilesError:
    return SmilesError(f"no reliable geometry for {star}: {why}; give a geometry file")


def _main_group_directions(star: Star) -> _Vectors:
    spare = _spare_electrons(star)
    if spare is None or spare < 0:
        raise _refused(star, "its bonds do not follow electron-pair counting")
    n = len(star.ligands)
    pairs = (spare + 1) // 2
    steric = n + pairs
    if n == 2 and star.centre in _HEAVY_ALKALINE_EARTHS:
        raise _refused(star, "such molecules are linear or bent against electron-pair counting")
    if steric <= 4:
        return _small(star, pairs, odd=bool(spare % 2))
    if ATOMIC_NUMBERS[star.centre] <= 10:
        raise _refused(star, f"{star.centre} has no room for {steric} electron pairs")
    if spare % 2:
        raise _refused(star, "an unpaired electron at a hypervalent centre")
    if steric == 5:
        return _bipyramid(star, pairs)
    if steric == 6:
        return _octahedron(star, pairs)
    if steric == 7:
        return _pentagonal_bipyramid(star, pairs)
    raise _refused(star, f"{steric} electron pairs about the centre")


def _small(star: Star, pairs: int, *, odd: bool) -> _Vectors:
    """Up to four electron pairs; different ligands do not change the directions."""
    n = len(star.ligands)
    steric = n + pairs
    if n == 2:
        half = {2: 180.0, 3: 117.0, 4: 104.5}[steric] / 2
        return _on_cone(2, half)
    if n == 4:
        return np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5
    if pairs == 0 or (odd and _planar_radical(star)):
        return _on_cone(3, 90.0)
    # Bond angles near 107 degrees for N and O, near 97 degrees below them (PF3 97.8, AsF3 96).
    tilt = 112.0 if ATOMIC_NUMBERS[star.centre] <= 10 else 120.0
    return _on_cone(3, tilt)


def _planar_radical(star: Star) -> bool:
    """Whether AX3 with one odd electron is planar (CH3) or a pyramid (CF3, SiH3)."""
    second_row = ATOMIC_NUMBERS[star.centre] <= 10
    if second_row and len(set(star.ligands)) > 1:
        raise _refused(star, "this radical may be planar or a pyramid")
    return second_row and set(star.ligands) == {"H"}


def _bipyramid(star: Star, pairs: int) -> _Vectors:
    """Five pairs: lone pairs, oxo-like and less electronegative ligands are equatorial."""

    def axial_tendency(i: int) -> tuple[bool, float]:
        return _DEMAND[star.ligands[i]] == 1, _ELECTRONEGATIVITY[star.ligands[i]]

    order = sorted(range(len(star.ligands)), key=axial_tendency)
    equatorial = _on_cone(3, 90.0)[pairs:]
    axial = np.array([[0, 0, 1.0], [0, 0, -1.0]]) * _AXIAL_STRETCH
    return _placed(order, np.vstack([equatorial, axial]))


def _octahedron(star: Star, pairs: int) -> _Vectors:
    """Six pairs; a single different ligand is on the axis of the lone pair."""
    counts = Counter(star.ligands).most_common()
    odd_ones = sum(n for _, n in counts[1:])
    oxo = odd_ones == 1 and _DEMAND[counts[1][0]] > 1
    n = len(star.ligands)
    # XeOF4 has its oxygen opposite to the lone pair; of other such mixtures little is known.
    if odd_ones > 1 or (pairs == 1 and odd_ones and not oxo) or pairs > 2 or n < 4:
        raise _refused(star, "several arrangements of its ligands are possible")
    order = sorted(range(n), key=lambda i: star.ligands[i] == counts[0][0])
    square = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
    axial = np.array([[0, 0, 1.0], [0, 0, -1.0]])[: 2 - pairs]
    return _placed(order, np.vstack([axial, square]))


def _pentagonal_bipyramid(star: Star, pairs: int) -> _Vectors:
    """Seven pairs: IF7, IOF6(-), XeF5(-)."""
    counts = Counter(star.ligands).most_common()
    n = len(star.ligands)
    oxo = len(counts) == 2 and counts[1][1] == 1 and _DEMAND[counts[1][0]] > 1
    if pairs == 1 or n < 5 or not (len(counts) == 1 or (oxo and pairs == 0)):
        raise _refused(star, "seven electron pairs do not fix its shape")
    order = sorted(range(n), key=lambda i: star.ligands[i] == counts[0][0])
    axial = np.array([[0, 0, 1.0], [0, 0, -1.0]])[: 2 - pairs]
    return _placed(order, np.vstack([axial, _on_cone(5, 90.0)]))


# Oxidation states of the common d8 metals that are square planar with any ligand.
_SQUARE_PLANAR = {"Pd": 2, "Pt": 2, "Au": 3}
_OCTAHEDRAL_D6 = {"Pd", "Pt", "Rh", "Ir"}


def _metal_directions(star: Star) -> _Vectors:
    """d0, d10, square-planar d8 and heavy low-spin d6 centres; all others are refused."""
    if any(x not in _DEMAND for x in star.ligands):
        raise _refused(star, "a metal centre with such ligands")
    n = len(star.ligands)
    alike = len(set(star.ligands)) == 1
    oxidation = star.charge + sum(_DEMAND[x] for x in star.ligands)
    d_count = _group(star.centre) - oxidation
    halides = all(x in ("F", "Cl", "Br", "I") for x in star.ligands)
    if "H" not in star.ligands:  # WH6 is a trigonal prism
        if d_count == 0 and n == 4:
            return _small(star, 0, odd=False)
        if d_count == 0 and n == 5 and alike and halides:
            return _bipyramid(star, 0)
        if n == 6 and (d_count == 0 or (d_count == 6 and star.centre in _OCTAHEDRAL_D6)):
            return _octahedron(star, 0)
        if n == 4 and alike and _SQUARE_PLANAR.get(star.centre) == oxidation:
            return _octahedron(star, 2)
    raise _refused(star, "the shape about this metal does not follow from electron counting")


def _group(symbol: str) -> int:
    """Valence electrons of a d-block metal (its group), and 6 for uranium."""
    z = ATOMIC_NUMBERS[symbol]
    if symbol == "U":
        return 6
    for first, last, core in ((21, 29, 18), (39, 47, 36), (72, 79, 68), (104, 111, 100)):
        if first <= z <= last:
            return z - core
    return 99  # lanthanides and actinides: no electron count fits


def _on_cone(n: int, polar: float) -> _Vectors:
    """``n`` unit vectors evenly about z at the polar angle given in degrees."""
    theta, phi = np.radians(polar), 2 * np.pi * np.arange(n) / n
    flat = np.sin(theta) * np.array([np.cos(phi), np.sin(phi)])
    return np.column_stack([*flat, np.full(n, np.cos(theta))])


def _placed(order: Sequence[int], places: _Vectors) -> _Vectors:
    """Directions by ligand: ligand ``order[k]`` takes place ``k``."""
    directions = np.empty((len(order), 3))
    directions[list(order)] = places
    return directions
