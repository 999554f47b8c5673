"""What spectra determine of a force field, and what they leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import IdentifiabilityError
from .forcefield import ForceField
from .observables import Observables, Response, respond
from .unassigned import count_assignments

FloatArray = NDArray[np.float64]

MOST_NUMBERS = 500_000_000
"""Numbers in Jacobian and null directions at the most, 3.7 GB."""
_NAMES = 6
"""Names that are printed one by one."""
_ZERO = 1e-9
"""Singular values below this, relative to the largest, are rounding errors."""
_PARTICIPATES = 1e-6
"""Smallest share of a parameter in a null direction that counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """Local identifiability of the force constants at a force field.

    Attributes
    ----------
    force_field : ForceField
    observables : Observables
    response : Response
    singular_values : (min(m, P),)
        Of the Jacobian of the logarithms, nuisance parameters projected out; falling.
    rank : int
    identifiable : (rank, P)
        Orthonormal combinations of force constants that the data determine, best first.
    null_directions : (P − rank, P)
        Orthonormal combinations that they leave open, to first order.
    """

    force_field: ForceField
    observables: Observables
    response: Response
    singular_values: FloatArray
    rank: int
    identifiable: FloatArray
    null_directions: FloatArray

    @property
    def n_parameters(self) -> int:
        """Number of force constants P."""
        return self.force_field.n_parameters

    @property
    def deficiency(self) -> int:
        """Number of directions left open, P − rank."""
        return self.n_parameters - self.rank

    @property
    def gap(self) -> float:
        """Smallest singular value kept, over the largest one dropped; inf if none is dropped.

        A small gap means that the rank is a matter of taste.
        """
        if self.rank == 0 or self.rank == len(self.singular_values):
            return float("inf")
        dropped = float(self.singular_values[self.rank])
        return (
            float("inf") if dropped == 0 else float(self.singular_values[self.rank - 1]) / dropped
        )

    @property
    def condition(self) -> float:
        """Largest over smallest singular value kept; inf if none is."""
        if self.rank == 0:
            return float("inf")
        return float(self.singular_values[0] / self.singular_values[self.rank - 1])

    @property
    def undetermined(self) -> tuple[str, ...]:
        """Names of the force constants that take part in a null direction."""
        shares = (self.null_directions**2).sum(axis=0)
        names = self.force_field.parameters.names
        return tuple(n for n, s in zip(names, shares, strict=True) if s > _PARTICIPATES)

    def __str__(self) -> str:
        """A few lines for people: what was measured, what that leaves open."""
        names = [i.name or "parent" for i in self.observables.isotopologues]
        shown = ", ".join(names if len(names) <= _NAMES else [*names[:_NAMES], "…"])
        lines = [
            f"{self.rank} of {self.n_parameters} force constants determined by "
            f"{len(self.response.values)} observables",
            f"data: {', '.join(self.observables.data)} of {shown}",
        ]
        if self.rank:
            lines.append(f"condition number {self.condition:.2g}, gap {self.gap:.1e}")
        if self.deficiency:
            open_ = self.undetermined
            some = open_ if len(open_) <= _NAMES else (*open_[:_NAMES], f"… ({len(open_)} in all)")
            lines.append(f"open: {self.deficiency}, among {'; '.join(some)}")
        if self.response.moments:
            lines.append(
                f"moments instead of lines that coincide: {', '.join(self.response.moments)}"
            )
        if not self.observables.assigned:
            lines.append(f"lines unassigned: {count_assignments(self.observables)}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Rank:
    """What one set of data determines of the force constants.

    Attributes
    ----------
    data : tuple of "freq", "ir", "raman", "depolarisation"
    n_observables, n_parameters, rank : int
    undetermined : tuple of str
        Names of the force constants that take part in a direction left open.
    """

    data: tuple[str, ...]
    n_observables: int
    n_parameters: int
    rank: int
    undetermined: tuple[str, ...]

    @property
    def deficiency(self) -> int:
        """Number of directions left open."""
        return self.n_parameters - self.rank


def identify(force_field: ForceField, observables: Observables) -> Identification:
    """Rank of a set of spectra at a force field.

    The rank is local and holds for almost all force fields of the same symmetry if it holds
    at one; `exact_rank` certifies it.

    Parameters
    ----------
    force_field : ForceField
    observables : Observables

    Raises
    ------
    IdentifiabilityError
        If intensities are asked for without tensors, the force field is not that of a
        minimum, or there are too many parameters for the memory.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.identifiability.isotopologue import Isotopologue
    >>> water = ForceField.random(example("water"))
    >>> print(identify(water, Observables((Isotopologue.of(water.space),))).rank)
    3
    """
    _refuse_too_large(force_field, observables)
    response, values, rows, rank = _decomposed(force_field, observables, full=True)
    return Identification(
        force_field, observables, response, values, rank, rows[:rank], rows[rank:]
    )


def local_rank(force_field: ForceField, observables: Observables) -> Rank:
    """The rank that `identify` gives, without the null directions, which take most of its time.

    What a force constant has of them is what it lacks of the directions that are determined.

    Parameters
    ----------
    force_field : ForceField
    observables : Observables

    Raises
    ------
    IdentifiabilityError
        As `identify`, but it does not look at the memory.
    """
    response, _, rows, rank = _decomposed(force_field, observables, full=False)
    lacking = 1 - (rows[:rank] ** 2).sum(axis=0)
    names = force_field.parameters.names
    undetermined = tuple(n for n, s in zip(names, lacking, strict=True) if s > _PARTICIPATES)
    if rank == len(names):
        undetermined = ()
    return Rank(observables.data, len(response.values), len(names), rank, undetermined)


def _decomposed(
    force_field: ForceField, observables: Observables, *, full: bool
) -> tuple[Response, FloatArray, FloatArray, int]:
    """Response, singular values, right singular vectors (all P of them if ``full``), rank."""
    response = respond(force_field.matrix, force_field.parameters, observables)
    _, values, rows = np.linalg.svd(without_nuisance(response), full_matrices=full)
    largest = float(np.linalg.norm(response.jacobian, 2)) if len(values) else 0.0
    return response, values, rows, int(np.count_nonzero(values > _ZERO * largest))


def _refuse_too_large(force_field: ForceField, observables: Observables) -> None:
    """Null directions need P² numbers, and a Jacobian m P; nothing is started in vain."""
    n = force_field.n_parameters
    lines = sum(block.n_lines for i in observables.isotopologues for block in i.blocks)
    rows = lines * len(observables.data)
    refuse_too_many(n, rows, n * (n + 3 * rows))


def refuse_too_many(n_parameters: int, n_rows: int, numbers: int) -> None:
    """Refuse what would not fit into memory.

    Raises
    ------
    IdentifiabilityError
        If more than `MOST_NUMBERS` numbers would have to be kept.
    """
    if numbers > MOST_NUMBERS:
        raise IdentifiabilityError(
            f"{n_parameters} force constants and up to {n_rows} observables need "
            f"{numbers * 8 / 2**30:.1f} GB, the limit is {MOST_NUMBERS * 8 / 2**30:.1f} GB: take "
            "symmetric or valence force constants, or fewer isotopologues"
        )


def without_nuisance(response: Response) -> FloatArray:
    """(m, P) Jacobian with what the nuisance parameters can imitate projected out."""
    if not response.nuisance.shape[1]:
        return response.jacobian
    u, s, _ = np.linalg.svd(response.nuisance, full_matrices=False)
    imitated = u[:, s > _ZERO * s[0]] if len(s) and s[0] > 0 else u[:, :0]
    return np.asarray(response.jacobian - imitated @ (imitated.T @ response.jacobian))
