"""A polarizable continuum and non-local correlation: PySCF's own derivatives, as one of the parts.

Both act on the density as a whole and are small; their cost does not matter.
"""

from __future__ import annotations

import numpy as np

from .state import FloatArray, State


class Continuum:
    """The reaction field of a polarizable continuum in equilibrium with the electrons."""

    def __init__(self, state: State) -> None:
        self.state, self.solvent = state, state.mean_field.with_solvent

    def rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """(n_atom, 3, N, 3) second derivatives at fixed orbitals, Eh/bohr²."""
        found = np.asarray(self.solvent.hess(self.state.density))
        return found[list(atoms)].transpose(0, 2, 1, 3)

    def potentials(self, atoms: tuple[int, ...], directions: list[FloatArray]) -> list[FloatArray]:
        """For each spin the (n, n_orbital, n_occupied) change of the potential."""
        from pyscf.solvent.hessian.pcm import analytical_grad_vmat

        # PySCF's choice of atoms is wrong for a part of them: all are computed.
        found = np.asarray(analytical_grad_vmat(self.solvent, self.state.density))
        return _directed(self.state, found, atoms, directions)

    def response(self, responses: list[FloatArray]) -> list[FloatArray]:
        """The potential of orbital responses."""
        density = sum(self.state.induced_density(responses))
        potential = self.solvent._B_dot_x(density)
        return [s.transformed(potential) for s in self.state.spins]


class NonLocalCorrelation:
    """The correlation energy of Vydrov and Van Voorhis; closed shells only."""

    def __init__(self, state: State) -> None:
        self.state = state
        field = state.mean_field
        base = field.undo_solvent() if hasattr(field, "with_solvent") else field
        self.hessian = base.Hessian()

    def rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """(n_atom, 3, N, 3) second derivatives at fixed orbitals, Eh/bohr²."""
        from pyscf.hessian.rks import _get_enlc_deriv2

        found = _get_enlc_deriv2(self.hessian, *self._orbitals, self._memory)
        return np.asarray(found)[list(atoms)].transpose(0, 2, 1, 3)

    def potentials(self, atoms: tuple[int, ...], directions: list[FloatArray]) -> list[FloatArray]:
        """For each spin the (n, n_orbital, n_occupied) change of the potential."""
        from pyscf.hessian.rks import _get_vnlc_deriv1

        found = np.asarray(_get_vnlc_deriv1(self.hessian, *self._orbitals, self._memory))
        return _directed(self.state, found, atoms, directions)

    def response(self, responses: list[FloatArray]) -> list[FloatArray]:
        """The potential of orbital responses."""
        from pyscf.hessian.rks import get_vnlc_resp

        field = self.state.mean_field
        (density,) = self.state.induced_density(responses)
        found = get_vnlc_resp(field, self.state.mol, *self._orbitals, density, self._memory)
        return [s.transformed(found) for s in self.state.spins]

    @property
    def _orbitals(self) -> tuple[FloatArray, FloatArray]:
        return self.state.mean_field.mo_coeff, self.state.mean_field.mo_occ

    @property
    def _memory(self) -> float:
        return float(self.state.mean_field.max_memory)


def _directed(
    state: State, found: FloatArray, atoms: tuple[int, ...], directions: list[FloatArray]
) -> list[FloatArray]:
    """Along the directions of each atom, from (N, 3, n_basis, n_basis)."""
    matrices = np.concatenate(
        [
            np.tensordot(along, found[atom], axes=1)
            for atom, along in zip(atoms, directions, strict=True)
        ]
    )
    return [s.transformed(matrices) for s in state.spins]
