"""Density fitting: the metric, and derivatives of three-index integrals contracted early."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .state import FloatArray, State


class Fitted(Protocol):
    """What the slopes need of a fitted repulsion; see `fitted.FittedRepulsion`."""

    state: State
    auxiliary: Any
    coulomb: bool
    exchange: float

    @property
    def charges(self) -> FloatArray:
        """(P,) coefficients of the density."""
        ...

    @property
    def fitted(self) -> list[FloatArray]:
        """For each spin the (P, n_occupied, n_occupied) coefficients of orbital products."""
        ...

    def three(
        self, name: str, components: int, *, breaks: bool
    ) -> Iterator[tuple[int, int, FloatArray]]:
        """Blocks of fitting functions: first, last, integrals (component, P, m, n)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """V⁻¹ by Cholesky's decomposition, or without the directions of V that vanish."""

    factor: FloatArray
    positive: bool

    @classmethod
    def of(cls, matrix: FloatArray) -> Metric:
        """The metric with these elements."""
        from pyscf.df.incore import LINEAR_DEP_THR

        try:
            return cls(np.asarray(np.linalg.cholesky(matrix)), True)
        except np.linalg.LinAlgError:
            values, vectors = np.linalg.eigh(matrix)
            kept = values > LINEAR_DEP_THR
            return cls(vectors[:, kept] * values[kept] ** -0.5, False)

    def solve(self, vectors: FloatArray) -> FloatArray:
        """V⁻¹ on the first index."""
        from scipy.linalg import cho_solve

        flat = vectors.reshape(len(vectors), -1)
        if self.positive:
            found = cho_solve((self.factor, True), flat, check_finite=False)
        else:
            found = self.factor @ (self.factor.T @ flat)
        return np.asarray(found).reshape(vectors.shape)

    def solve_rows(self, vectors: FloatArray) -> FloatArray:
        """V⁻¹ on the second index."""
        return np.array([self.solve(each) for each in vectors])


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Integrals (∇m n|P), contracted with orbitals and with fitted coefficients.

    Attributes
    ----------
    half : list of (3, P, m, j)
        Σ_n (∇m n|P) C_nj.
    total : list of (3, P, i, j)
        Σ_m C_mi of ``half``.
    coulomb : (3, m, n)
        Σ_P (∇m n|P) c_P.
    coulomb_by_fit : (N, 3, m, n)
        The same with P on one atom.
    exchange : list of (3, m, i)
        Σ_Pj half_Pmj c_Pji.
    exchange_by_function : list of (N, 3, m, i)
        Σ_Pn (∇n m|P) (C c_P)_ni with n on one atom.
    exchange_by_fit : list of (N, 3, m, i)
        The sum of both over all functions, with P on one atom.
    """

    half: list[FloatArray]
    total: list[FloatArray]
    coulomb: FloatArray
    coulomb_by_fit: FloatArray
    exchange: list[FloatArray]
    exchange_by_function: list[FloatArray]
    exchange_by_fit: list[FloatArray]

    @classmethod
    def of(cls, repulsion: Fitted) -> Slopes:
        """One pass over the integrals, made atom by atom of the fitting functions."""
        state, mol, aux = repulsion.state, repulsion.state.mol, repulsion.auxiliary
        n, natm = mol.nao, mol.natm
        functions = [(int(i), int(j)) for i, j in mol.aoslice_by_atom()[:, 2:]]
        owners = segments(aux)
        coulomb = np.zeros((natm, 3, n, n))
        shapes = [(natm, 3, n, s.n_occupied) for s in state.spins]
        by_function = [np.zeros(shape) for shape in shapes]
        by_fit = [np.zeros(shape) for shape in shapes]
        own = [np.zeros(shape[1:]) for shape in shapes]
        half: list[list[FloatArray]] = [[] for _ in state.spins]
        for first, last, block in repulsion.three("int3c2e_ip1", 3, breaks=True):
            atom = owners[first]
            if repulsion.coulomb:
                coulomb[atom] += np.einsum("xpmn,p->xmn", block, repulsion.charges[first:last])
            for s, spin in enumerate(state.spins):
                half[s].append(block @ spin.occupied)
                if not repulsion.exchange:
                    continue
                fitted = repulsion.fitted[s][first:last]
                o = spin.n_occupied
                left = half[s][-1].transpose(0, 2, 1, 3).reshape(3, n, -1)
                part = left @ fitted.reshape(-1, o)
                own[s] += part
                by_fit[s][atom] += part
                products = spin.occupied @ fitted  # (P, n, i)
                for other, (i, j) in enumerate(functions):
                    right = block[:, :, i:j].transpose(0, 3, 1, 2).reshape(3, n, -1)
                    part = right @ products[:, i:j].reshape(-1, o)
                    by_function[s][other] += part
                    by_fit[s][atom] += part
        joined = [np.concatenate(blocks, axis=1) for blocks in half]
        total = [s.occupied.T @ h for s, h in zip(state.spins, joined, strict=True)]
        return cls(joined, total, coulomb.sum(axis=0), coulomb, own, by_function, by_fit)


def segments(mol: Any) -> list[int]:
    """For each function the atom that it is on."""
    slices = mol.aoslice_by_atom()[:, 2:]
    return [atom for atom, (i, j) in enumerate(slices) for _ in range(i, j)]
