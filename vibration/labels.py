"""Irreps of displacements: which share of a motion has which symmetry.

The share of irrep Γ in a mass-weighted unit displacement l is |P_Γ l|², with P_Γ the
projector of Γ; masses do not matter to P_Γ because equivalent atoms have equal masses. The
shares of all irreps add up to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup import (
    Symmetry,
    SymmetryCoordinates,
    symmetry_coordinates,
    vibrational_representation,
)
from .errors import HarmonicDataError

FloatArray = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ModeLabels:
    """Irreps of given displacements.

    Attributes
    ----------
    irreps : tuple of str, length n
    purities : (n,)
        Share (0 to 1) of each displacement that has the symmetry of its irrep.
    sets : (n,) int
        Number of the degenerate set of each, from 0, in the order of their first members.
    """

    irreps: tuple[str, ...]
    purities: FloatArray
    sets: Integers


def label_modes(symmetry: Symmetry, displacements: ArrayLike) -> ModeLabels:
    """Irreps of normal modes that were read from elsewhere.

    If the modes are as many as the molecule has vibrations, the irreps are given out as often
    as they occur in Γ_vib, so that the shares add up to the most; else each mode takes the
    irrep of its largest share.

    Parameters
    ----------
    symmetry : Symmetry
    displacements : (n, N, 3)
        Cartesian (not mass-weighted), any scale, in the frame and atom order of
        ``symmetry.molecule``. Partners of a degenerate set follow one another.

    Raises
    ------
    HarmonicDataError
        If the shape does not fit the molecule, a number is not finite or a mode is zero.

    Examples
    --------
    >>> import numpy as np
    >>> from spektron.pointgroup import detect, example
    >>> water = example("water")
    >>> oxygen, first, second = water.positions
    >>> stretch = np.array([oxygen * 0, first - oxygen, oxygen - second])
    >>> label_modes(detect(water), [stretch]).irreps
    ('B2',)
    """
    weighted = _weighted(symmetry, displacements)
    spaces = irrep_spaces(symmetry)
    shares = irrep_shares(spaces, weighted)
    labels = [space.irrep.label for space in spaces]
    counts = _vibrations(symmetry, labels)
    if counts.sum() == len(weighted):
        slots = np.repeat(np.arange(len(labels)), counts)
        chosen = slots[best_assignment(shares[:, slots])]
    else:
        chosen = np.argmax(shares, axis=1)
    irreps = tuple(labels[c] for c in chosen)
    purities = shares[np.arange(len(chosen)), chosen]
    dimensions = {space.irrep.label: space.irrep.dimension for space in spaces}
    return ModeLabels(irreps, purities, number_sets(irreps, dimensions))


def irrep_spaces(symmetry: Symmetry) -> tuple[SymmetryCoordinates, ...]:
    """Symmetry-adapted Cartesian displacements, as `symmetry_coordinates`, of any molecule.

    Of a linear molecule, in which only Σ and Π occur, they are the displacements along the
    axis and the pairs across it, even and odd under inversion in D∞h.
    """
    if symmetry.group.is_continuous:
        return _linear_spaces(symmetry)
    return symmetry_coordinates(symmetry)


def irrep_shares(spaces: tuple[SymmetryCoordinates, ...], vectors: FloatArray) -> FloatArray:
    """(n, n_irrep) share of each irrep in the (n, 3N) mass-weighted unit vectors."""
    columns = [
        np.sum((space.vectors.reshape(-1, vectors.shape[1]) @ vectors.T) ** 2, axis=0)
        for space in spaces
    ]
    return np.array(columns).reshape(len(spaces), len(vectors)).T


def best_assignment(gains: FloatArray) -> NDArray[np.intp]:
    """(n,) columns, all different, that give the n rows the largest sum of gains."""
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(gains, maximize=True)[1])


def number_sets(irreps: tuple[str, ...], dimensions: dict[str, int]) -> Integers:
    """Sets of the modes: of each irrep, as many following ones as its dimension."""
    open_sets: dict[str, tuple[int, int]] = {}  # number, members still to come
    out, next_number = [], 0
    for irrep in irreps:
        number, missing = open_sets.get(irrep, (0, 0))
        if not missing:
            number, missing, next_number = next_number, dimensions[irrep], next_number + 1
        open_sets[irrep] = number, missing - 1
        out.append(number)
    return np.array(out, dtype=np.int64)


def _weighted(symmetry: Symmetry, displacements: ArrayLike) -> FloatArray:
    """Mass-weighted unit vectors (n, 3N)."""
    given = np.asarray(displacements, dtype=np.float64)
    n_atoms = symmetry.molecule.n_atoms
    if given.ndim != 3 or given.shape[1:] != (n_atoms, 3):
        raise HarmonicDataError(
            f"displacements of shape {given.shape}: this molecule needs (n, {n_atoms}, 3)"
        )
    if not np.isfinite(given).all():
        mode = int(np.argwhere(~np.isfinite(given))[0][0])
        raise HarmonicDataError(f"displacement of mode {mode + 1} is not finite: all must be")
    vectors = (given * np.sqrt(symmetry.molecule.masses)[:, None]).reshape(len(given), -1)
    lengths = np.linalg.norm(vectors, axis=1)
    if (lengths == 0).any():
        raise HarmonicDataError(
            f"displacement of mode {int(np.argmin(lengths)) + 1} is zero: no symmetry can be told"
        )
    return np.asarray(vectors / lengths[:, None])


def _vibrations(symmetry: Symmetry, labels: list[str]) -> Integers:
    """How many vibrations, partners counted, each irrep has."""
    gamma = vibrational_representation(symmetry)
    return np.array([gamma.multiplicity(i) * gamma.table[i].dimension for i in labels])


def _linear_spaces(symmetry: Symmetry) -> tuple[SymmetryCoordinates, ...]:
    n = symmetry.molecule.n_atoms
    table = symmetry.group.character_table
    if symmetry.group.family == "Kh":
        return (SymmetryCoordinates(table["Pu"], np.eye(3).reshape(1, 3, 1, 3)),)
    patterns = {"": np.eye(n)}
    if symmetry.group.has_inversion:
        # i sends d to −d on the partner: equal displacements are odd, opposite ones even.
        partner = symmetry.permutations[2]
        pairs = [(a, b) for a, b in enumerate(partner) if a < b]
        units = np.eye(n)
        patterns = {
            "g": np.array([units[a] - units[b] for a, b in pairs]),
            "u": np.array([units[a] + units[b] for a, b in pairs]
                          + [units[a] for a, b in enumerate(partner) if a == b]),
        }  # fmt: skip
    x, y, z = symmetry.frame
    out = []
    for parity, rows in patterns.items():
        rows = rows / np.linalg.norm(rows, axis=1)[:, None]
        for label, axes in ((f"Σ{parity}+", [z]), (f"Π{parity}", [x, y])):
            vectors = np.einsum("ci,dx->cdix", rows, np.array(axes))
            out.append(SymmetryCoordinates(table[label], vectors))
    return tuple(out)
