"""Analytic Hessian and dipole derivatives from the symmetry-unique motions of a molecule.

For two perturbations x and y, responses U of the orbitals and changes F of the Fock operator
and S of the overlap at fixed orbitals, the second derivative of the energy is

    E^xy = ∂²E + 2f [F^x·U^y + U^x·F^y + U^x·K U^y + U^x·Δε U^y − S^x ε·U^y − U^x·S^y ε + S^x ε·S^y]

with f electrons in an orbital; Δε and the products of U with S ε between virtual and occupied
orbitals, the last product between occupied ones, where U = −S/2. The expression is stationary
in U (J. Gerratt, I. M. Mills, J. Chem. Phys. 49 (1968) 1719; the 2n + 1 rule), so that U may be
rough: it is solved for on a coarse grid. x runs over the unique motions, y over all: what
belongs to y follows from the unique ones by rotation.

An electric field is one more perturbation; with a motion it gives a dipole derivative.

A functional is integrated on a grid whose points and weights here stay where they are when an
atom moves. Near a nucleus, where the density is steep, that is an error of the second derivatives
of an atom with itself (B. G. Johnson, M. J. Frisch, Chem. Phys. Lett. 216 (1993) 133): bromine at
grid level 4 has translations of 150i cm⁻¹, and C–Br stretches are 6 cm⁻¹ too low. These blocks
are therefore taken from the others: a molecule that moves as a whole keeps its energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....pointgroup import Symmetry
from ...errors import CalculationError
from .grid import GridFunctional
from .images import (
    Motions,
    all_responses,
    completed_dipoles,
    completed_hessian,
    turns,
    unique_motions,
)
from .one_electron import core_derivatives, core_rows, dipole_derivatives, overlap_derivatives
from .parts import Part, functional_of, parts_of
from .response import (
    ResponseEquations,
    check_gap,
    occupied_responses,
    residuals,
    right_sides,
)
from .state import FloatArray, Orbitals, State, state_of

RESPONSE_GRID = 1
"""PySCF level of the grid on which the responses are solved for."""
LARGEST_ERROR = 5e-5
"""Eh/bohr²; part of a second derivative that rough responses may make wrong before it is
corrected for. What the correction leaves is smaller by the relative error of the coarse grid."""
MAX_ROUNDS = 4
"""Solutions for the responses, if they are too rough."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalyticDerivatives:
    """Analytic derivatives of a molecule, in the frame of its mean field.

    Attributes
    ----------
    hessian : (3N, 3N), Eh/bohr²
        Symmetric, with the symmetry of the molecule.
    dipole_derivatives : (3N, 3), e
        ∂μ_k/∂x_i in row i, column k.
    """

    hessian: FloatArray
    dipole_derivatives: FloatArray


def analytic_hessian(mean_field: Any, symmetry: Symmetry) -> AnalyticDerivatives:
    """Second derivatives of a converged RHF, UHF, RKS or UKS energy.

    Density fitting, continuum, effective core potentials, range separation, meta-GGA and, for
    closed shells, non-local correlation are those of the mean field.

    Parameters
    ----------
    mean_field : PySCF object
        Its molecule in the frame of ``symmetry.molecule``.
    symmetry : Symmetry
        Of that geometry, exactly; its operations save work.

    Raises
    ------
    LevelError
        If the kind of calculation has no analytic Hessian.
    CalculationError
        If the mean field is not converged or breaks the symmetry, or its response fails.
    HarmonicDataError
        If the symmetry is that of another molecule.

    Examples
    --------
    >>> from pyscf import gto, scf
    >>> from spektron.pointgroup import detect, example
    >>> water = example("water")
    >>> mol = gto.M(atom=list(zip(water.symbols, water.positions)), basis="sto-3g", verbose=0)
    >>> found = analytic_hessian(scf.RHF(mol).run(conv_tol=1e-11), detect(water))
    >>> found.hessian.shape, found.dipole_derivatives.shape
    ((9, 9), (9, 3))
    """
    state = state_of(mean_field)
    check_gap(state)
    motions = unique_motions(state.mol, symmetry)
    turned = turns(state, motions)
    parts = parts_of(state)
    moved = _moved_potentials(state, motions, parts)
    overlaps = overlap_derivatives(state)
    here = _perturbations(state, motions, moved, overlaps)
    changes = _converged(state, parts, here, motions.atoms)

    n = motions.n_motions
    rows = changes.rows
    rows[:n] += _at_fixed_orbitals(state, motions, parts)
    rows[n:] -= np.tensordot(motions.fields, dipole_derivatives(state), axes=1)
    every = all_responses(motions, turned, [u[:n] for u in changes.responses])
    every_correction = all_responses(motions, turned, [u[:n] for u in changes.corrections])
    every_moved = all_responses(motions, turned, moved)
    for s, spin in enumerate(state.spins):
        mine = changes.responses[s]
        products = _dot(changes.potentials[s], every[s]) + _dot(mine, every_moved[s])
        products += _with_energies(spin, mine, here.overlaps[s], every[s], overlaps[s])
        products += _dot(changes.residuals[s], every_correction[s])
        rows += 2 * state.filling * products.reshape(rows.shape)
    hessian = completed_hessian(motions, rows[:n])
    hessian = (hessian + hessian.T) / 2
    if functional_of(state) is not None:
        hessian = with_own_blocks(hessian)
    return AnalyticDerivatives(hessian, completed_dipoles(motions, -rows[n:]))


def with_own_blocks(hessian: FloatArray) -> FloatArray:
    """The blocks of each atom with itself from those with all others, H_AA = −Σ_B H_AB.

    Parameters
    ----------
    hessian : (3N, 3N)
        Symmetric.

    Returns
    -------
    (3N, 3N) array
        Symmetric; its rows sum to zero as far as the sums are symmetric themselves.
    """
    n = len(hessian) // 3
    blocks = hessian.reshape(n, 3, n, 3).copy()
    for atom in range(n):
        others = blocks[atom, :, atom] - blocks[atom].sum(axis=1)
        blocks[atom, :, atom] = (others + others.T) / 2
    return blocks.reshape(3 * n, 3 * n)


@dataclass(frozen=True, slots=True, eq=False)
class _Perturbations:
    """The unique motions, then the unique fields.

    Attributes
    ----------
    patterns : (n, N, 3)
        Displacements, zero for fields.
    potentials, overlaps : list of (n, n_orbital, n_occupied)
        For each spin what they do to Fock operator (without a functional's grid) and overlap.
    """

    patterns: FloatArray
    potentials: list[FloatArray]
    overlaps: list[FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """What the perturbations do once the orbitals respond.

    Attributes
    ----------
    responses, potentials : list of (n, n_orbital, n_occupied)
    residuals, corrections : list of (n, n_orbital, n_occupied)
        What is left of the equations for the responses, and what it would change in them. To
        third order R^x·δ^y is what it changes in E^xy.
    rows : (n, N, 3)
        The functional's part of the second derivatives.
    """

    responses: list[FloatArray]
    potentials: list[FloatArray]
    residuals: list[FloatArray]
    corrections: list[FloatArray]
    rows: FloatArray


def _moved_potentials(state: State, motions: Motions, parts: list[Part]) -> list[FloatArray]:
    matrices = motions.along(core_derivatives(state, motions.atoms))
    total = [s.transformed(matrices) for s in state.spins]
    for part in parts:
        total = _added(total, part.potentials(motions.atoms, motions.directions))
    return total


def _perturbations(
    state: State, motions: Motions, moved: list[FloatArray], overlaps: list[FloatArray]
) -> _Perturbations:
    matrices = np.tensordot(motions.fields, state.mol.intor("int1e_r", comp=3), axes=1)
    potentials, padded = [], []
    for spin, own, overlap in zip(state.spins, moved, overlaps, strict=True):
        fields = spin.transformed(matrices)
        blocks = overlap.reshape(-1, 3, *overlap.shape[1:])[list(motions.atoms)]
        potentials.append(np.concatenate([own, fields]))
        padded.append(np.concatenate([motions.along(blocks), np.zeros_like(fields)]))
    still = np.zeros((len(motions.fields), state.mol.natm, 3))
    patterns = np.concatenate([motions.patterns(), still])
    return _Perturbations(patterns, potentials, padded)


def _converged(
    state: State, parts: list[Part], here: _Perturbations, atoms: tuple[int, ...]
) -> _Changes:
    """Responses that are good enough, and what they bring about on the energy's grid."""
    coarse = functional_of(state, RESPONSE_GRID)

    def kernel(responses: list[FloatArray]) -> list[FloatArray]:
        total = [np.zeros_like(u) for u in responses]
        for part in parts:
            total = _added(total, part.response(responses))
        return total if coarse is None else _added(total, coarse.response(responses))

    equations = ResponseEquations(state, kernel)
    start = occupied_responses(state, here.overlaps)
    potentials = _added(here.potentials, kernel(start))
    if coarse is not None:
        potentials = _added(potentials, coarse.potentials(here.patterns))
    corrections = equations.solve(right_sides(state, potentials, here.overlaps))
    responses, error = start, np.inf
    for _ in range(MAX_ROUNDS):
        responses = _added(responses, corrections)
        changed, rows = _changed(state, parts, here, atoms, responses)
        right = right_sides(state, changed, here.overlaps)
        rest, error = residuals(state, right, responses)
        corrections = equations.solve(rest)
        if error < LARGEST_ERROR:
            return _Changes(responses, changed, rest, corrections, rows)
    raise CalculationError(
        f"second derivatives are uncertain by {error:.1e} Eh/bohr² after {MAX_ROUNDS} corrections "
        f"of the orbital responses, the limit is {LARGEST_ERROR:g}: take the route differences"
    )


def _changed(
    state: State,
    parts: list[Part],
    here: _Perturbations,
    atoms: tuple[int, ...],
    responses: list[FloatArray],
) -> tuple[list[FloatArray], FloatArray]:
    """Changes of the Fock operator on the energy's grid, and the functional's rows."""
    potentials, rows = here.potentials, np.zeros_like(here.patterns)
    for part in parts:
        potentials = _added(potentials, part.response(responses))
    functional: GridFunctional | None = functional_of(state)
    if functional is not None:
        found = functional.derivatives(atoms, here.patterns, responses)
        potentials, rows = _added(potentials, found.potentials), found.rows
    return potentials, rows


def _at_fixed_orbitals(state: State, motions: Motions, parts: list[Part]) -> FloatArray:
    """(n_motions, N, 3) second derivatives without a functional's grid."""
    from pyscf.hessian.rhf import hess_nuc

    nuclei = hess_nuc(state.mol)
    if state.mean_field.do_disp():
        nuclei = nuclei + state.mean_field.Hessian().get_dispersion()
    rows = nuclei[list(motions.atoms)].transpose(0, 2, 1, 3) + core_rows(state, motions.atoms)
    for part in parts:
        rows = rows + part.rows(motions.atoms)
    return motions.along(rows)


def _with_energies(
    spin: Orbitals,
    responses: FloatArray,
    overlaps: FloatArray,
    every: FloatArray,
    every_overlap: FloatArray,
) -> FloatArray:
    """The terms of E^xy with orbital energies, over 2f: (n, 3N)."""
    o = spin.n_occupied
    energies = spin.energies[:o]
    mine, others = responses[:, o:], every[:, o:]
    out = _dot(mine * spin.gaps - overlaps[:, o:] * energies, others)
    out -= _dot(mine, every_overlap[:, o:] * energies)
    mean = (energies[:, None] + energies) / 2
    return out + _dot(overlaps[:, :o] * mean, every_overlap[:, :o])


def _dot(left: FloatArray, right: FloatArray) -> FloatArray:
    """(n, m) scalar products of blocks (n, …) and (m, …)."""
    return np.asarray(left.reshape(len(left), -1) @ right.reshape(len(right), -1).T)


def _added(left: list[FloatArray], right: list[FloatArray]) -> list[FloatArray]:
    return [a + b for a, b in zip(left, right, strict=True)]
