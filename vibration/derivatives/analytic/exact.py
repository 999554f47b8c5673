"""Coulomb and exchange without density fitting: derivatives from four-index integrals.

Integrals are made and contracted by PySCF, for the symmetry-unique atoms only.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from .state import FloatArray, State


@dataclass(frozen=True, slots=True, eq=False)
class ExactRepulsion:
    """Coulomb and exchange energy, or the exchange of one range.

    Attributes
    ----------
    state : State
    coulomb : bool
        Whether the Coulomb energy is part of it.
    exchange : float
        Share of the exchange energy.
    omega : float
        0 for 1/r, else PySCF's parameter of long (positive) or short range.
    """

    state: State
    coulomb: bool
    exchange: float
    omega: float

    def rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """(n_atom, 3, N, 3) second derivatives at fixed orbitals, Eh/bohr²."""
        from pyscf.hessian.rhf import _get_jk, _make_vhfopt

        mol, total = self.state.mol, self.state.density
        densities = [s.occupied @ s.occupied.T for s in self.state.spins]
        weight = 2 * self.state.filling * self.exchange
        slices = mol.aoslice_by_atom()
        out = np.zeros((len(atoms), 3, mol.natm, 3))
        n = mol.nao
        with self._range():
            same = _get_jk(
                mol, "int2e_ipip1", 9, "s2kl",
                ["lk->s1ij", total, *_scripts("jk->s1il", densities)],
                vhfopt=_make_vhfopt(mol, total, "ipip1", "int2e_ipip1ipip2"),
            )  # fmt: skip
            screens = [
                _make_vhfopt(mol, total, "ip1ip2", "int2e_ip1ip2"),
                _make_vhfopt(mol, total, "ipvip1", "int2e_ipvip1ipvip2"),
            ]
            for row, atom in enumerate(atoms):
                first, last, p, q = (int(k) for k in slices[atom])
                part = (first, last) + (0, mol.nbas) * 3
                left = [d[:, p:q] for d in densities]
                pairs = _get_jk(
                    mol, "int2e_ip1ip2", 9, "s1",
                    ["ji->s1kl", total[:, p:q], *_scripts("li->s1kj", left),
                     *_scripts("lj->s1ki", densities)],
                    shls_slice=part, vhfopt=screens[0],
                )  # fmt: skip
                bra = _get_jk(
                    mol, "int2e_ipvip1", 9, "s2kl",
                    ["lk->s1ij", total, *_scripts("li->s1kj", left)],
                    shls_slice=part, vhfopt=screens[1],
                )  # fmt: skip
                matrices = []
                if self.coulomb:
                    matrix = pairs[0]
                    matrix[:, :, p:q] += bra[0].transpose(0, 2, 1) / 2
                    matrices.append((4.0, matrix, total))
                    out[row, :, atom] += 2 * _product(same[0][:, p:q], total[p:q])
                if self.exchange:
                    k = len(densities)
                    for s, density in enumerate(densities):
                        matrix = pairs[1 + s]
                        matrix[:, :, p:q] += pairs[1 + k + s]
                        matrix += bra[1 + s].transpose(0, 2, 1)
                        matrices.append((-weight, matrix, density))
                        out[row, :, atom] -= weight * _product(same[1 + s][:, p:q], density[p:q])
                for factor, matrix, density in matrices:
                    products = np.einsum("xpq,pq->xp", matrix.reshape(9, n, n), density)
                    for other, (_, _, i, j) in enumerate(slices):
                        out[row, :, other] += factor * products[:, i:j].sum(axis=1).reshape(3, 3)
        return out

    def potentials(self, atoms: tuple[int, ...], directions: list[FloatArray]) -> list[FloatArray]:
        """For each spin the (n, n_orbital, n_occupied) change of the potential of fixed orbitals.

        Parameters
        ----------
        directions : list of (k, 3)
            For each atom those along which it moves.
        """
        from pyscf.hessian.rhf import _get_jk

        mol, total = self.state.mol, self.state.density
        densities = [s.occupied @ s.occupied.T for s in self.state.spins]
        slices = mol.aoslice_by_atom()
        out: list[list[FloatArray]] = [[] for _ in densities]
        for atom, along in zip(atoms, directions, strict=True):
            first, last, p, q = (int(k) for k in slices[atom])
            left = [-d[:, p:q] for d in densities]
            with self._range():
                found = _get_jk(
                    mol, "int2e_ip1", 3, "s2kl",
                    ["ji->s2kl", -total[:, p:q], "lk->s1ij", -total,
                     *_scripts("li->s1kj", left), *_scripts("jk->s1il", [-d for d in densities])],
                    shls_slice=(first, last) + (0, mol.nbas) * 3,
                )  # fmt: skip
            k = len(densities)
            for s, spin in enumerate(self.state.spins):
                matrix = np.zeros((3, mol.nao, mol.nao))
                if self.coulomb:
                    matrix += found[0]
                    matrix[:, p:q] += found[1]
                if self.exchange:
                    matrix -= self.exchange * found[2 + s]
                    matrix[:, p:q] -= self.exchange * found[2 + k + s]
                matrix += matrix.transpose(0, 2, 1)
                out[s].append(spin.transformed(np.tensordot(along, matrix, axes=1)))
        return [np.concatenate(blocks) for blocks in out]

    def response(self, responses: list[FloatArray]) -> list[FloatArray]:
        """The potential of orbital responses, in the shape of `potentials`."""
        mean_field, state = self.state.mean_field, self.state
        densities = np.array(state.induced_density(responses))
        omega = self.omega or None
        want = {"with_j": self.coulomb, "with_k": bool(self.exchange)}
        coulomb, exchange = mean_field.get_jk(state.mol, densities, hermi=1, omega=omega, **want)
        out = []
        for s, spin in enumerate(state.spins):
            matrix = np.zeros_like(densities[0])
            if self.coulomb:
                matrix += np.asarray(coulomb).sum(axis=0)
            if self.exchange:
                matrix -= self.exchange / state.filling * exchange[s]
            out.append(spin.transformed(matrix))
        return out

    def _range(self) -> Any:
        return self.state.mol.with_range_coulomb(self.omega) if self.omega else nullcontext()


def _scripts(script: str, densities: list[FloatArray]) -> list[Any]:
    return [item for density in densities for item in (script, density)]


def _product(matrix: FloatArray, density: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("xpq,pq->x", matrix, density).reshape(3, 3))
