"""Exact generic rank of the spectra of a molecule, modulo primes.

The numerical rank of a Jacobian needs a threshold. Here nothing is rounded: the point group,
a geometry, masses, force constants and derivatives of dipole moment and polarizability are
taken at random among all that the symmetry of the molecule allows, in the field of integers
modulo a prime p. Matrix elements of the operations are cosines of rational turns; with
p ≡ 1 (mod M) the field holds an M-th root of unity ζ, and cos 2πk/M is (ζᵏ + ζ⁻ᵏ)/2. This is a
ring homomorphism from ℚ(ζ), and the multiplication table of the group is checked in the image.

The observables are polynomials that carry the same information as lines and intensities do:
tr P_Γ(GF)ʲ for the lines of each visible irrep Γ of an isotopologue, and tr P_Γ Q(GF)ʲG for
intensities of quadratic form Q. Full rank modulo one prime proves generic full rank over the
reals; a deficiency is wrong with probability of about (degree)/p, and two primes are tried
(J. T. Schwartz, *J. ACM* 27, 701 (1980)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Molecule
from .errors import IdentifiabilityError
from .isotopologue import Isotopologue
from .modular import Integers, product, rank
from .modular_world import World, quantities
from .observables import DATA, Data
from .prime_field import PrimeField, primes_for, root_order
from .space import InternalSpace

FloatArray = NDArray[np.float64]

MOST_ELEMENTS = 60_000_000
"""Elements of the Jacobian before the contraction with the force constants, at the most."""


@dataclass(frozen=True, slots=True)
class ExactRank:
    """Generic rank of a set of spectra.

    Attributes
    ----------
    group : str
        Of the geometry (the finite subgroup that was used, for a linear molecule).
    n_parameters : int
        Force constants that the group allows.
    n_observables : int
    primes : tuple of int
    ranks : tuple of int
        One for each prime.
    """

    group: str
    n_parameters: int
    n_observables: int
    primes: tuple[int, ...]
    ranks: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The generic rank: no prime can show more."""
        return max(self.ranks)

    @property
    def deficiency(self) -> int:
        """Force constants left open."""
        return self.n_parameters - self.rank

    @property
    def is_full(self) -> bool:
        """Whether all force constants are determined, locally and generically: proved."""
        return self.rank == self.n_parameters

    def __str__(self) -> str:
        how = "proved" if self.is_full else f"modulo {' and '.join(map(str, self.primes))}"
        return f"{self.group}: exact generic rank {self.rank} of {self.n_parameters} ({how})"


def exact_rank(
    molecule: Molecule | InternalSpace,
    isotopologues: Sequence[Isotopologue] = (),
    *,
    data: Sequence[Data] = ("freq",),
    silent_too: bool = False,
    seed: int = 0,
) -> ExactRank:
    """Exact generic rank of the spectra of some isotopologues, derivatives known.

    Parameters
    ----------
    molecule : Molecule or InternalSpace
    isotopologues : sequence of Isotopologue
        Of that space; the parent if there is none. Only which atoms weigh the same counts.
    data : sequence of "freq", "ir", "raman", "depolarisation"
        Positions are always among them. Depolarisation ratios come with Raman intensities:
        together they are the isotropic and the anisotropic intensity.
    silent_too : bool
        Take the positions of silent lines as known too.
    seed : int

    Raises
    ------
    IdentifiabilityError
        If the data lack positions, if depolarisation comes without Raman, or if the problem
        is too large.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> print(exact_rank(example("water")))
    C2v: exact generic rank 3 of 4 (modulo 2147483489 and 2147483249)
    """
    _check(data)
    space = molecule if isinstance(molecule, InternalSpace) else InternalSpace.of(molecule)
    family = tuple(isotopologues) or (Isotopologue.of(space),)
    d, p = space.dimension, sum(block.n_constants for block in space.blocks)
    observables = sum(len(_wanted(i, data, silent_too)) for i in family) * d
    if (observables + p) * d * d > MOST_ELEMENTS:
        raise IdentifiabilityError(
            f"{p} force constants and up to {observables} observables of {d} modes exceed "
            f"{MOST_ELEMENTS:,} numbers: take fewer isotopologues or a smaller molecule"
        )
    if any(len(i.masses) != space.molecule.n_atoms for i in family):
        raise IdentifiabilityError(
            f"an isotopologue has not the {space.molecule.n_atoms} atoms of "
            f"{space.molecule.formula}: give isotopologues of the same space"
        )
    order = root_order([space.symmetry.group, *(i.symmetry.group for i in family)])
    primes = primes_for(order)
    found = [
        _rank(PrimeField(prime, order), space, family, data, silent_too, seed) for prime in primes
    ]
    return ExactRank(str(space.symmetry.group), p, found[0][1], primes, tuple(r for r, _ in found))


def _check(data: Sequence[Data]) -> None:
    unknown = set(data) - set(DATA)
    if unknown:
        raise IdentifiabilityError(f"no data {sorted(unknown)}: choose from {', '.join(DATA)}")
    if "freq" not in data:
        raise IdentifiabilityError("intensities alone are not counted exactly: add freq to data")
    if "depolarisation" in data and "raman" not in data:
        raise IdentifiabilityError("depolarisation ratios need the intensities: add raman to data")


def _wanted(isotopologue: Isotopologue, data: Sequence[Data], silent_too: bool) -> list[str]:
    """Quantities for each irrep, as a flat list: it is only counted."""
    out = []
    for block in isotopologue.blocks:
        out += [block.irrep] * len(quantities(block.activity, data, silent_too))
    return out


def _rank(
    field: PrimeField,
    space: InternalSpace,
    family: tuple[Isotopologue, ...],
    data: Sequence[Data],
    silent_too: bool,
    seed: int,
) -> tuple[int, int]:
    """Rank and number of observables of a random molecule of this symmetry."""
    world = World.of(field, space.symmetry, seed)
    weights: dict[tuple[str, float], int] = {}
    rng = np.random.default_rng(seed + 1)
    rows: list[Integers] = []
    for isotopologue in family:
        keys = [
            (s, round(float(m), 6))
            for s, m in zip(space.molecule.symbols, isotopologue.masses, strict=True)
        ]
        for key in keys:
            weights.setdefault(key, int(rng.integers(1, field.prime)))
        inverses = np.array([weights[k] for k in keys], dtype=np.int64)
        rows += world.gradients(isotopologue, inverses, data, silent_too)
    d = len(world.force)
    jacobian = product(
        np.stack(rows).reshape(len(rows), d * d),
        world.constants.reshape(-1, d * d).T,
        field.prime,
    )
    return rank(jacobian, field.prime), len(rows)
