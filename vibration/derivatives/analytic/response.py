"""The coupled-perturbed equations, solved roughly.

The energy's second derivative is stationary in the responses, so an error δ in them enters as
δ·A·δ: responses that hold to 1e-5 give force constants that hold to 1e-10. Therefore the
equations may also be solved on a coarser grid than the energy's. What is left of them on the
energy's own grid says how large the error is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import CalculationError
from .state import FloatArray, State

Kernel = Callable[[list[FloatArray]], list[FloatArray]]
"""From orbital responses to the potential that they make, for each spin."""

TOLERANCE = 3e-5
"""Norm of what is left of the equations, divided by the gaps."""
MAX_CYCLES = 40
_DEPENDENT = 1e-6
"""Directions are dropped that differ from those before by less, relative to their length."""


@dataclass(frozen=True, slots=True, eq=False)
class ResponseEquations:
    """A t = −q between virtual and occupied orbitals (J. A. Pople et al., IJQC S13 (1979) 225).

    All arrays are lists over the spins of (n, n_orbital, n_occupied).

    Attributes
    ----------
    state : State
    kernel : callable
        Its potential and the gaps between orbital energies make A.
    """

    state: State
    kernel: Kernel

    def solve(self, right: list[FloatArray]) -> list[FloatArray]:
        """The responses t for right-hand sides q, whose occupied part does not matter.

        Raises
        ------
        CalculationError
            If the equations do not converge.
        """
        start = -self._flat(right)
        found = _solved(
            lambda x: self._flat(self.kernel(self._full(x))), start, TOLERANCE, MAX_CYCLES
        )
        return self._full(found)

    def _flat(self, blocks: list[FloatArray]) -> FloatArray:
        """(n, …) virtual–occupied parts of all spins, divided by the gaps."""
        parts = [
            (block[:, s.n_occupied :] / s.gaps).reshape(len(block), -1)
            for block, s in zip(blocks, self.state.spins, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    def _full(self, vectors: FloatArray) -> list[FloatArray]:
        out, first = [], 0
        for spin in self.state.spins:
            shape = spin.gaps.shape
            block = np.zeros((len(vectors), len(spin.energies), spin.n_occupied))
            part = vectors[:, first : first + spin.gaps.size]
            block[:, spin.n_occupied :] = part.reshape(-1, *shape)
            out.append(block)
            first += spin.gaps.size
        return out


def occupied_responses(state: State, overlaps: list[FloatArray]) -> list[FloatArray]:
    """Responses −S/2 between occupied orbitals, which keep them orthonormal."""
    out = []
    for spin, overlap in zip(state.spins, overlaps, strict=True):
        response = np.zeros_like(overlap)
        response[:, : spin.n_occupied] = -overlap[:, : spin.n_occupied] / 2
        out.append(response)
    return out


def right_sides(
    state: State, potentials: list[FloatArray], overlaps: list[FloatArray]
) -> list[FloatArray]:
    """F − S ε, from the changes of Fock operator and overlap."""
    return [
        f - s * spin.energies[: spin.n_occupied]
        for f, s, spin in zip(potentials, overlaps, state.spins, strict=True)
    ]


def residuals(
    state: State, right: list[FloatArray], responses: list[FloatArray]
) -> tuple[list[FloatArray], float]:
    """What is left of the equations, and the error that it makes in a second derivative.

    Parameters
    ----------
    right : list of (n, n_orbital, n_occupied)
        As `right_sides`, the potential of the responses included.

    Returns
    -------
    list of (n, n_orbital, n_occupied)
    float
        Largest 2f R·Δε⁻¹R, an estimate of 2f δ·A·δ.
    """
    out, error = [], np.zeros(len(right[0]))
    for spin, block, response in zip(state.spins, right, responses, strict=True):
        o, rest = spin.n_occupied, np.zeros_like(block)
        rest[:, o:] = block[:, o:] + spin.gaps * response[:, o:]
        error += 2 * state.filling * (rest[:, o:] ** 2 / spin.gaps).sum(axis=(1, 2))
        out.append(rest)
    return out, float(error.max(initial=0))


def check_gap(state: State) -> None:
    """Refuse a state whose orbitals are not filled from below.

    Raises
    ------
    CalculationError
    """
    smallest = min((float(s.gaps.min()) for s in state.spins if s.gaps.size), default=np.inf)
    if smallest <= 0:
        raise CalculationError(
            f"the highest occupied orbital lies {-smallest:.4f} Eh above the lowest virtual one: "
            "this state has no harmonic response; converge the ground state"
        )


def _solved(
    potential: Callable[[FloatArray], FloatArray],
    right: FloatArray,
    tolerance: float,
    max_cycles: int,
) -> FloatArray:
    """Rows x with x + potential(x) = right: those of the smallest residual.

    All right-hand sides share one space of trial vectors, which grows by the residuals.
    PySCF's solver stops early where right-hand sides depend on each other, as those of a
    symmetric molecule do; the force constants of CO2 are then off by 1 %.
    """
    size = right.shape[1]
    trial, image = np.zeros((0, size)), np.zeros((0, size))
    found, rest = np.zeros_like(right), right
    for _ in range(max_cycles):
        left = rest[np.linalg.norm(rest, axis=1) > tolerance]
        new = _independent(left, trial)
        if not len(new):
            return found
        trial = np.concatenate([trial, new])
        image = np.concatenate([image, new + potential(new)])
        weights = np.linalg.solve(image @ image.T, image @ right.T).T
        found, rest = weights @ trial, right - weights @ image
    largest = float(np.linalg.norm(rest, axis=1).max())
    raise CalculationError(
        f"the coupled-perturbed equations did not converge in {max_cycles} cycles: {largest:.1e} "
        f"is left, the limit is {tolerance:g}; the state may be unstable: take the route "
        "differences"
    )


def _independent(vectors: FloatArray, before: FloatArray) -> FloatArray:
    """Orthonormal rows that add to those before what the vectors need."""
    rows = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    for _ in range(2):
        rows = rows - (rows @ before.T) @ before
    if not len(rows):
        return rows
    values, mixing = np.linalg.eigh(rows @ rows.T)
    kept = values > _DEPENDENT**2
    rows = (mixing[:, kept] / np.sqrt(values[kept])).T @ rows
    rows = rows - (rows @ before.T) @ before
    return np.asarray(np.linalg.qr(rows.T)[0].T)
