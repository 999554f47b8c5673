"""Which isotopologues to measure: the smallest sets that determine all that can be, the best.

Sets are compared by rank first, then by the volume of the confidence region (D-optimality:
V. V. Fedorov, *Theory of Optimal Experiments*, 1972) in the space that the whole family of
isotopologues determines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from .errors import IdentifiabilityError
from .forcefield import ForceField
from .hidden import HiddenSymmetry, hidden_symmetry
from .identification import refuse_too_many
from .noise import Noise, weighted_jacobian
from .observables import Data, Observables, respond
from .substitution import Pattern, patterns
from .tensors import Tensors

FloatArray = NDArray[np.float64]

MOST_SETS = 200_000
"""Sets of one size that are all looked at; above, sets are grown one member at a time."""
_ZERO = 1e-9
_SURE = 1e-9
"""Least share of the information of the family, in any direction, that proves full rank."""
_CHUNK = 4096
"""Sets of which the information is looked at together."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A set of isotopologues.

    Attributes
    ----------
    members : tuple of str
        Names of the substitution patterns.
    rank : int
        Force constants determined by all of them together.
    information : float
        Half the logarithm of the determinant of the Fisher information, on the space that the
        family determines; −inf where the rank is too small.
    cost : float
    """

    members: tuple[str, ...]
    rank: int
    information: float
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The answer to which isotopologues to measure.

    Attributes
    ----------
    n_parameters : int
        Force constants.
    reachable : int
        Rank of the whole family of isotopologues.
    family : tuple of str
        Names of the isotopologues looked at.
    smallest : tuple of Choice
        Sets of the smallest size that reach it, the most informative first.
    best : tuple of Choice
        The most informative set of each larger size asked for.
    exhaustive : bool
        Whether all sets of these sizes were looked at.
    hidden : tuple of HiddenSymmetry
        One for each element if only one is substituted: why the rest is out of reach.
    """

    n_parameters: int
    reachable: int
    family: tuple[str, ...]
    smallest: tuple[Choice, ...]
    best: tuple[Choice, ...]
    exhaustive: bool
    hidden: tuple[HiddenSymmetry, ...]

    def __str__(self) -> str:
        """A few lines for people."""
        first = self.smallest[0]
        some = "" if self.exhaustive else ", found by growing and swapping, not all looked at"
        lines = [
            f"{self.reachable} of {self.n_parameters} force constants within reach of "
            f"{len(self.family)} isotopologues",
            f"smallest sets: {len(first.members)} of them, {len(self.smallest)} such sets{some}",
            f"most informative: {' + '.join(first.members)}",
        ]
        for h in self.hidden:
            if h.dimension:
                lines.append(
                    f"hidden isotopic symmetry of {h.element}: {h.dimension} constants out of reach"
                )
        return "\n".join(lines)


def isotopologue_design(
    force_field: ForceField,
    isotopes: Mapping[str, int],
    *,
    data: tuple[Data, ...] = ("freq",),
    tensors: Tensors | None = None,
    largest: int | None = None,
    noise: Noise | None = None,
    costs: Mapping[str, float] | None = None,
    extra: int = 1,
) -> Design:
    """The smallest and the most informative sets of isotopologues.

    Parameters
    ----------
    force_field : ForceField
        A guess is enough: ranks hold for almost all force fields.
    isotopes : mapping
        Mass number for each element that may be substituted, such as ``{"H": 2, "C": 13}``.
    data, tensors
        See `Observables`.
    largest : int, optional
        Most atoms substituted in one isotopologue.
    noise : Noise, optional
    costs : mapping, optional
        Cost of an isotopologue by name; 1 each if not given, the parent 1. Among sets of
        equal size and information the cheaper one is taken.
    extra : int
        How many sizes above the smallest the best set is given for.

    Raises
    ------
    MoleculeError
        If the molecule has no atom of an element, or an isotope does not exist.
    IdentifiabilityError
        If there are too many substitution patterns, or parameters for the memory.
    """
    space = force_field.space
    found = patterns(space, isotopes, largest=largest)
    _refuse_too_large(force_field, len(found), len(data))
    rows = _rows(force_field, found, data, tensors, noise or Noise())
    names = tuple(p.name(space) for p in found)
    unknown = set(costs or {}) - set(names)
    if unknown:
        raise IdentifiabilityError(
            f"cost of {sorted(unknown)[0]!r}, which is no isotopologue here: names are such as "
            f"{names[-1]!r}"
        )
    prices = np.array([(costs or {}).get(name, 1.0) for name in names])
    _, values, basis = np.linalg.svd(np.concatenate(rows), full_matrices=False)
    reachable = int(np.count_nonzero(values > _ZERO * values[0]))
    projected = [r @ basis[:reachable].T for r in rows]
    grams = np.array([r.T @ r for r in projected])
    smallest, size, complete = _smallest(grams, projected, names, prices, reachable)
    best = []
    for more in range(1, extra + 1):
        if size + more <= len(names):
            sets, whole = _sets(grams, size + more, reachable)
            complete &= whole
            best.append(_ranked(grams, projected, sets, names, prices, reachable)[0])
    hidden = tuple(hidden_symmetry(space, e) for e in isotopes) if len(isotopes) == 1 else ()
    return Design(
        force_field.n_parameters, reachable, names, smallest, tuple(best), complete, hidden
    )


def redundant_members(
    force_field: ForceField,
    members: Sequence[Pattern],
    *,
    data: tuple[Data, ...] = ("freq",),
    tensors: Tensors | None = None,
) -> tuple[str, ...]:
    """Isotopologues of a set whose removal alone leaves the rank as it is."""
    rows = _rows(force_field, members, data, tensors, Noise())
    whole = np.linalg.matrix_rank(np.concatenate(rows), rtol=_ZERO)
    out = []
    for k, member in enumerate(members):
        rest = [r for i, r in enumerate(rows) if i != k]
        if rest and np.linalg.matrix_rank(np.concatenate(rest), rtol=_ZERO) == whole:
            out.append(member.name(force_field.space))
    return tuple(out)


def _refuse_too_large(force_field: ForceField, n_members: int, n_data: int) -> None:
    """All Jacobians, and the square of each, are kept."""
    n, rows = force_field.n_parameters, n_members * n_data * force_field.space.dimension
    refuse_too_many(n, rows, 3 * n * rows + n_members * min(n, rows) ** 2)


def _rows(
    force_field: ForceField,
    found: Sequence[Pattern],
    data: tuple[Data, ...],
    tensors: Tensors | None,
    noise: Noise,
) -> list[FloatArray]:
    """Weighted Jacobian of each isotopologue alone."""
    matrix, out = force_field.matrix, []
    for pattern in found:
        isotopologue = pattern.isotopologue(force_field.space)
        observables = Observables((isotopologue,), data, tensors)
        out.append(weighted_jacobian(respond(matrix, force_field.parameters, observables), noise))
    return out


def _smallest(
    grams: FloatArray,
    rows: list[FloatArray],
    names: tuple[str, ...],
    prices: FloatArray,
    reachable: int,
) -> tuple[tuple[Choice, ...], int, bool]:
    most = np.sort([len(r) for r in rows])[::-1]
    complete = True
    for size in range(1, len(rows) + 1):
        if most[:size].sum() < reachable:
            continue
        sets, whole = _sets(grams, size, reachable)
        complete &= whole
        choices = _ranked(grams, rows, sets, names, prices, reachable)
        good = tuple(c for c in choices if c.rank == reachable)
        if good:
            return good, size, complete
    raise AssertionError("the whole family reaches what it reaches")


def _sets(grams: FloatArray, size: int, reachable: int) -> tuple[list[tuple[int, ...]], bool]:
    """Sets of a size to look at, and whether these are all."""
    n = len(grams)
    if comb(n, size) <= MOST_SETS:
        return list(combinations(range(n), size)), True
    ridge = 1e-6 * np.trace(grams.mean(axis=0)) / reachable * np.eye(reachable)
    chosen: list[int] = []
    while len(chosen) < size:
        total = ridge + grams[chosen].sum(axis=0)
        gains = [
            -np.inf if k in chosen else np.linalg.slogdet(total + grams[k])[1] for k in range(n)
        ]
        chosen.append(int(np.argmax(gains)))
    swaps = [
        tuple(sorted({*chosen[:i], *chosen[i + 1 :], k}))
        for i in range(size)
        for k in range(n)
        if k not in chosen
    ]
    return [tuple(sorted(chosen)), *swaps], False


def _ranked(
    grams: FloatArray,
    rows: list[FloatArray],
    sets: list[tuple[int, ...]],
    names: tuple[str, ...],
    prices: FloatArray,
    reachable: int,
) -> list[Choice]:
    """Sets with rank and information, the most informative first, then the cheapest."""
    index = np.array(sets)
    # In units of the whole family no direction is large or small but by what a set lacks.
    values, vectors = np.linalg.eigh(grams.sum(axis=0))
    white = vectors / np.sqrt(values)
    units = white.T @ grams @ white
    logs = float(np.log(values).sum())
    out = []
    for start in range(0, len(index), _CHUNK):
        part = index[start : start + _CHUNK]
        shares = np.linalg.eigvalsh(units[part].sum(axis=1))
        for members, share in zip(part.tolist(), shares, strict=True):
            rank = reachable
            if share[0] < _SURE:  # squares hide small singular values: look at the rows
                kept = np.linalg.svd(np.concatenate([rows[k] for k in members]), compute_uv=False)
                rank = int(np.count_nonzero(kept > _ZERO * kept[0]))
            full = rank == reachable
            information = (logs + float(np.log(share[share > 0]).sum())) / 2 if full else -np.inf
            out.append(
                Choice(
                    tuple(names[k] for k in members),
                    rank,
                    information,
                    float(prices[members].sum()),
                )
            )
    return sorted(out, key=lambda c: (-c.rank, -round(c.information, 9), c.cost))
