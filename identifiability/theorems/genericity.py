"""Conjecture 3, split into statements that can be decided, each with its exact ranks.

A symmetry block has n copies of an irrep; a form is the quadratic form of an intensity, of
some rank: 1 for an irrep that occurs once in V, 3 for infrared in C1, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ..errors import IdentifiabilityError
from ..exact import exact_rank
from ..forcefield import ForceField
from ..generic import block_rank, smallest_number_of_isotopologues
from ..identification import identify
from ..isotopologue import Isotopologue
from ..observables import DATA, Observables
from ..space import InternalSpace
from ..tensors import Tensors
from ..valence import valence_ranks
from .statement import Statement

FloatArray = NDArray[np.float64]

_C1_FORMS = (3, 1, 5)
"""Ranks of the forms of infrared, isotropic and anisotropic Raman intensity without symmetry."""


def frequencies_only(most: int = 7) -> Statement:
    """A block of n copies shows n combinations of its n(n+1)/2 constants.

    Examples
    --------
    >>> frequencies_only(4).number("rank of n = 4")
    4
    """
    _check_size(most)
    ranks = {n: block_rank(n).rank for n in range(1, most + 1)}
    pairs = {n: block_rank(n, complex_pair=True).rank for n in range(1, most)}
    bad = [f"n = {n}" for n, r in ranks.items() if r != n]
    bad += [f"complex pair, n = {n}" for n, r in pairs.items() if r != n]
    return Statement(
        "Frequencies only",
        "n positions determine n of the n(n+1)/2 constants of a block (n² of a complex pair)",
        "fails" if bad else "holds",
        tuple((f"rank of n = {n}", r) for n, r in ranks.items()),
        tuple(bad),
        (
            "The positions are functions of tr (GF)ʲ, j = 1 … n, so the rank is at most n.",
            "Their gradients (GF)ʲ⁻¹G are independent where GF has n different eigenvalues.",
            "So R = 1 is not enough: water has 4 constants and 3 lines.",
        ),
    )


def known_derivatives_bound(n: int, forms: Sequence[int]) -> int:
    """min(P, n + q(n − 1) − pairs of forms of rank one) for a real block.

    >>> known_derivatives_bound(4, (1, 1))
    9
    """
    single = sum(rank == 1 for rank in forms)
    # More types never tell less: of those of rank one, as many as help are counted.
    most = max(
        n + (len(forms) - single + used) * (n - 1) - used * (used - 1) // 2
        for used in range(single + 1)
    )
    return min(n * (n + 1) // 2, most)


def known_derivatives(n: int, forms: Sequence[int] = _C1_FORMS) -> Statement:
    """What positions and intensities of one isotopologue determine, derivatives known.

    Parameters
    ----------
    n : int
        Copies of the irrep.
    forms : sequence of int
        Rank of the form of each intensity type; C1 with three types if not given.

    Examples
    --------
    >>> known_derivatives(9).number("exact rank")
    33
    """
    _check_size(n)
    found = block_rank(n, forms=forms)
    bound = known_derivatives_bound(n, forms)
    return Statement(
        "Derivatives known",
        f"positions and {len(forms)} intensity types determine a block of {n} copies",
        "holds" if found.is_full else "fails",
        (
            ("constants", found.n_parameters),
            ("exact rank", found.rank),
            ("n + q(n − 1) less one for each pair of forms of rank one", bound),
        ),
        () if found.is_full else (f"n = {n}: {found.n_parameters - found.rank} left open",),
        (
            "Each type adds n intensities, of which Σ I = tr QG does not contain F: n − 1 each.",
            "Two forms of rank one, p and q, have in common that (Σ ± √(I I′)) = pᵀGq is fixed: "
            "one less for each pair.",
            "q(n − 1) grows like n, the number of constants like n²/2: with three types and no "
            "symmetry the count fails from N = 5 atoms (33 of 45) on.",
        ),
    )


def unknown_derivatives(molecule: Molecule, *, seed: int = 0) -> Statement:
    """Intensities of one isotopologue say nothing about F when the derivatives are unknown.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> unknown_derivatives(example("ammonia")).verdict
    'holds'
    """
    field = ForceField.random(molecule, seed=seed)
    parent = (Isotopologue.of(field.space),)
    tensors = Tensors.random(field.space, seed)
    bare = identify(field, Observables(parent)).rank
    with_them = identify(field, Observables(parent, DATA, tensors, "unknown")).rank
    return Statement(
        "Derivatives unknown",
        "intensities of one isotopologue add nothing to its positions",
        "holds" if bare == with_them else "fails",
        (("rank with positions", bare), ("rank with intensities too", with_them)),
        () if bare == with_them else (molecule.name or molecule.formula,),
        (
            "The n normal coordinates of a block are independent, so for every F any "
            "intensities are reached by some derivatives ∂μ/∂Q.",
            "Going along a fibre of F the derivatives along internal coordinates are turned "
            "by L: the spectrum stays as it is.",
        ),
    )


def several_isotopologues(most: int = 6) -> Statement:
    """K independent isotopologues: min(P, n + (K − 1)(n − 1)), and the smallest K that is enough.

    Examples
    --------
    >>> several_isotopologues(4).holds
    True
    """
    _check_size(most)
    bad, least = [], []
    for n in range(1, most + 1):
        enough = smallest_number_of_isotopologues(n)
        for k in range(1, enough + 1):
            rank = block_rank(n, isotopologues=k).rank
            if rank != min(n * (n + 1) // 2, n + (k - 1) * (n - 1)):
                bad.append(f"n = {n}, K = {k}: {rank}")
        least.append((f"smallest K for n = {n}", enough))
    return Statement(
        "Several isotopologues",
        "K independent isotopologues determine min(P, n + (K − 1)(n − 1)) constants of a block",
        "fails" if bad else "holds",
        tuple(least),
        tuple(bad),
        (
            "Each further isotopologue adds n positions; det GF = det G det F is known "
            "(the product rule), so n − 1 of them are new at most.",
            "Exact ranks modulo two primes show that no more is lost, up to P.",
            "Setting n + (K − 1)(n − 1) ≥ n(n + 1)/2 gives K = 1 + ⌈n/2⌉ for n ≥ 2.",
        ),
    )


def parameter_count(molecule: Molecule) -> Statement:
    """Force constants block by block: n(n+1)/2 of a real irrep, n² of a complex pair.

    Compared with the dimension of the symmetric matrices that all operations leave as they are.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> parameter_count(example("benzene")).number("force constants")
    34
    """
    space = InternalSpace.of(molecule)
    counted = sum(block.n_constants for block in space.blocks)
    characters = _vibrational_characters(space)
    squares = _vibrational_characters(space, squared=True)
    expected = round(float(np.mean(characters**2 + squares)) / 2)
    naive = sum(block.n_copies * (block.n_copies + 1) // 2 for block in space.blocks)
    return Statement(
        "Number of force constants",
        "a symmetric force field has Σ n(n+1)/2 constants, and n² for a complex pair",
        "holds" if counted == expected else "fails",
        (
            ("force constants", counted),
            ("by characters, mean of (χ(g)² + χ(g²))/2", expected),
            ("with n(n+1)/2 for complex pairs too", naive),
        ),
        () if counted == expected else (molecule.name or molecule.formula,),
        (
            "F commutes with the group. By Schur's lemma it is ⊕ F_Γ ⊗ 1, with F_Γ symmetric "
            "over the reals for a real irrep, and Hermitian for a complex-conjugate pair.",
            "The number of copies of A1 in Sym²(Γ_vib) is the same number, by characters.",
        ),
    )


def valence_is_no_evidence(molecule: Molecule, *, seed: int = 0) -> Statement:
    """Full rank for a diagonal valence force field, and what is left with the real one.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> found = valence_is_no_evidence(example("water"))
    >>> found.number("one per mode: positions"), found.number("all constants: positions")
    ('3 of 3', '3 of 4')
    """
    found = valence_ranks(InternalSpace.of(molecule), seed=seed)

    def share(model: str, data: str) -> str:
        return f"{found[f'{model}_{data}_rank']} of {found[f'{model}_constants']}"

    complete = found["symmetric_all_rank"] == found["symmetric_constants"]
    return Statement(
        "4:1 observables, full rank",
        "positions and intensities of one isotopologue determine the force field",
        "holds" if complete else "fails",
        (
            ("one per mode: positions", share("one_per_mode", "freq")),
            ("one per mode: all data", share("one_per_mode", "all")),
            ("all constants: positions", share("symmetric", "freq")),
            ("all constants: all data", share("symmetric", "all")),
        ),
        () if complete else (molecule.name or molecule.formula,),
        (
            "With one diagonal constant for each mode the positions alone have full rank: "
            "four observables for each parameter are no evidence.",
            "The force field of the molecule has a constant for each pair of coordinates of "
            "one symmetry; of these the same data determine only a part.",
        ),
    )


def molecule_statement(molecule: Molecule, *, seed: int = 0) -> Statement:
    """Conjecture 3 for one molecule: infrared and Raman determine all its force constants, or not.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> [molecule_statement(example(name)).verdict for name in ("methane", "benzene")]
    ['holds', 'fails']
    """
    found = exact_rank(molecule, data=DATA, seed=seed)
    return Statement(
        "Conjecture 3",
        "infrared and Raman determine the force constants up to symmetry, locally",
        "holds" if found.is_full else "fails",
        (("force constants", found.n_parameters), ("exact generic rank", found.rank)),
        () if found.is_full else (molecule.name or molecule.formula,),
        ("Exact rank of positions, intensities and depolarisation ratios, derivatives known.",),
    )


def _vibrational_characters(space: InternalSpace, *, squared: bool = False) -> FloatArray:
    """Traces of all operations (or of their squares) on the internal displacements."""
    out = []
    n = space.molecule.n_atoms
    for turn, moves in zip(space.symmetry.matrices, space.symmetry.permutations, strict=True):
        matrix, order = (turn @ turn, moves[moves]) if squared else (turn, moves)
        moved = np.empty((n, 3, space.dimension))
        moved[order] = matrix @ space.basis.reshape(n, 3, -1)
        out.append(float((space.basis * moved.reshape(3 * n, -1)).sum()))
    return np.array(out)


def _check_size(n: int) -> None:
    if not 1 <= n <= 16:
        raise IdentifiabilityError(f"a block of {n} copies: choose from 1 to 16")
