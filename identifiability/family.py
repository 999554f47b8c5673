"""Families of isotopologues: one element with arbitrary masses, every line of every member seen.

The family asks what substitution can tell in principle. With two isotopes and few sites the
rank can be lower (HOCl with H and D: 5 of 6 constants; with a third mass: 6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import detect, finite_subgroup
from ..pointgroup.errors import MoleculeError
from .errors import IdentifiabilityError
from .exact import ExactRank, exact_rank
from .forcefield import ForceField
from .hidden import hidden_symmetry
from .isotopologue import Isotopologue
from .space import InternalSpace

FloatArray = NDArray[np.float64]

MOST_PARAMETERS = 1500
"""Force constants up to which the dense Jacobian of a family is factorised."""
_ZERO = 1e-12
"""Singular values below this, relative to the largest, are rounding errors."""
_SAME = 1e-9
"""Relative distance of curvatures that are one degenerate line."""


@dataclass(frozen=True, slots=True)
class FamilyRank:
    """What the line positions of a family of isotopologues determine.

    Attributes
    ----------
    group : str
        Point group of the geometry.
    element : str
    n_sites : int
        Atoms that are substituted.
    n_parameters : int
        Force constants that the group allows, those of silent irreps included.
    rank : int
    saturated : bool
        Whether four fifths of the isotopologues have the same rank.
    kept, dropped : float
        Smallest singular value counted and largest one not counted, relative to the largest.
    hidden : int
        Dimension of the hidden isotopic symmetry, a lower bound of the deficiency.
    """

    group: str
    element: str
    n_sites: int
    n_parameters: int
    rank: int
    saturated: bool
    kept: float
    dropped: float
    hidden: int

    @property
    def deficiency(self) -> int:
        """Constants that the family leaves open, P − rank."""
        return self.n_parameters - self.rank

    @property
    def is_explained(self) -> bool:
        """Whether the hidden symmetry accounts for the whole deficiency."""
        return self.deficiency == self.hidden


def free_masses(space: InternalSpace, element: str, count: int, *, seed: int = 0) -> FloatArray:
    """(count, N) random masses of the atoms of one element, 0.4 to 2.5 times the natural ones.

    Raises
    ------
    MoleculeError
        If the molecule has no atom of the element.
    IdentifiabilityError
        If no isotopologue is asked for.
    """
    if count < 1:
        raise IdentifiabilityError(f"{count} isotopologues: ask for at least 1")
    sites = [i for i, s in enumerate(space.molecule.symbols) if s == element]
    if not sites:
        raise MoleculeError(
            f"{space.molecule.formula} has no {element}: substitute one of "
            f"{', '.join(sorted(set(space.molecule.symbols)))}"
        )
    out = np.tile(space.molecule.masses, (count, 1))
    out[:, sites] *= np.exp(np.random.default_rng(seed).uniform(-0.92, 0.92, (count, len(sites))))
    return out


def free_isotopologues(
    space: InternalSpace, element: str, count: int, *, seed: int = 0
) -> tuple[Isotopologue, ...]:
    """Isotopologues with the masses of `free_masses`; all have the same symmetry.

    Raises
    ------
    MoleculeError, IdentifiabilityError
        As `free_masses`.
    """
    masses = free_masses(space, element, count, seed=seed)
    shared = finite_subgroup(detect(space.molecule.with_masses(masses[0])))
    return tuple(
        Isotopologue.with_symmetry(
            space, replace(shared, molecule=shared.molecule.with_masses(each)), f"free {number}"
        )
        for number, each in enumerate(masses, 1)
    )


def exact_family_rank(
    space: InternalSpace, element: str, *, count: int | None = None, seed: int = 0
) -> ExactRank:
    """Exact generic rank of a family: `family_rank` without a threshold, at generic positions.

    Parameters
    ----------
    space : InternalSpace
    element : str
    count : int, optional
        Number of isotopologues; enough for all force constants if not given.
    seed : int

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> print(exact_family_rank(InternalSpace.of(example("ethylene")), "C"))
    D2h: exact generic rank 17 of 18 (modulo 2147483489 and 2147483137)
    """
    p = sum(block.n_constants for block in space.blocks)
    if count is None:
        lines = sum(block.n_copies for block in space.blocks)
        count = 5 + p // max(1, lines - len(space.blocks))
    members = free_isotopologues(space, element, count, seed=seed)
    return exact_rank(space, members, silent_too=True, seed=seed)


def family_jacobian(force_field: ForceField, masses: FloatArray) -> FloatArray:
    """(m, P) derivatives of ln λ of all lines of all isotopologues, degenerate ones as means.

    Parameters
    ----------
    force_field : ForceField
    masses : (K, N) u
    """
    space, matrix = force_field.space, force_field.matrix
    rows = []
    for each in masses:
        half = np.linalg.cholesky(space.kinetic(each))
        curvatures, rotation = np.linalg.eigh(half.T @ matrix @ half)
        amplitudes = half @ rotation
        slopes = force_field.parameters.pull_back(amplitudes, amplitudes) / curvatures
        starts = np.flatnonzero(np.diff(curvatures, prepend=-1.0) > _SAME * curvatures)
        sizes = np.diff(np.append(starts, len(curvatures)))
        rows.append((np.add.reduceat(slopes, starts, axis=1) / sizes).T)
    return np.concatenate(rows)


def family_rank(molecule: InternalSpace | ForceField, element: str, *, seed: int = 0) -> FamilyRank:
    """Rank of the line positions of all isotopologues of one element, silent lines included.

    Numerical, at a random force field and random masses, so generic.

    Parameters
    ----------
    molecule : InternalSpace or ForceField
    element : str
    seed : int

    Raises
    ------
    MoleculeError
        If the molecule has no atom of the element.
    IdentifiabilityError
        If there are more than 1,500 force constants.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> found = family_rank(InternalSpace.of(example("benzene")), "H")
    >>> found.n_parameters, found.rank, found.hidden
    (34, 33, 1)
    """
    force_field = (
        molecule if isinstance(molecule, ForceField) else ForceField.random(molecule, seed=seed)
    )
    space = force_field.space
    p, d = force_field.n_parameters, space.dimension
    if p > MOST_PARAMETERS:
        raise IdentifiabilityError(
            f"{p} force constants, the limit is {MOST_PARAMETERS}: take a smaller or more "
            "symmetric molecule"
        )
    lines = sum(block.n_copies for block in space.blocks)
    masses = free_masses(space, element, 6 + (3 * p) // max(1, lines), seed=seed)
    jacobian = family_jacobian(force_field, masses)
    values = np.linalg.svd(jacobian, compute_uv=False) / np.sqrt(d)
    rank = _count(values)
    fewer = family_jacobian(force_field, masses[: (4 * len(masses)) // 5])
    part = np.asarray(np.linalg.svd(fewer, compute_uv=False), dtype=np.float64)
    return FamilyRank(
        str(space.symmetry.group),
        element,
        space.molecule.symbols.count(element),
        p,
        rank,
        _count(part) == rank,
        float(values[rank - 1] / values[0]),
        float(values[rank] / values[0]) if rank < len(values) else 0.0,
        hidden_symmetry(space, element).dimension,
    )


def _count(values: FloatArray) -> int:
    """Singular values that are not rounding errors."""
    return int(np.count_nonzero(values > _ZERO * values[0]))
