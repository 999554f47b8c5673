"""Coulomb and exchange with density fitting: derivatives in closed form.

With the fitted integrals b_P = (P|·) of a product of functions, their metric V_PQ = (P|Q) and
coefficients c = V⁻¹ b, every product contributes ½ b·V⁻¹b to the energy: the density with
weight 1, each product of two occupied orbitals with minus the share of exchange. At fixed
orbitals

    ∂²(½ b·V⁻¹b) = c·∂²b − ½ c·(∂²V)c + r·V⁻¹r′,   r = ∂b − (∂V)c,

so that the second derivatives of three-index integrals are contracted once with one density,
and the rest is products of the vectors r. D. Bykov et al. (Mol. Phys. 113 (2015) 1961) write
the same terms one by one, as matrices in the basis functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from .fitted_slopes import Metric, Slopes, segments
from .state import FloatArray, State

BLOCK = 2.5e7
"""Numbers in the largest temporary array: 200 MB."""
STORE = 1.2e8
"""Numbers among the vectors V⁻¹r that are kept at a time: 1 GB."""


class FittedRepulsion:
    """Coulomb and exchange energy, or the exchange of one range, with density fitting.

    Parameters
    ----------
    state : State
    coulomb : bool
        Whether the Coulomb energy is part of it.
    exchange : float
        Share of the exchange energy.
    omega : float
        0 for 1/r, else PySCF's parameter of long (positive) or short range.
    """

    def __init__(self, state: State, coulomb: bool, exchange: float, omega: float) -> None:
        from pyscf import df

        self.state, self.coulomb, self.exchange, self.omega = state, coulomb, exchange, omega
        fitting = state.mean_field.with_df
        self.auxiliary = fitting.auxmol
        if self.auxiliary is None:
            self.auxiliary = df.addons.make_auxmol(fitting.mol, fitting.auxbasis)

    # ---- what is fitted ----

    @cached_property
    def _metric(self) -> Metric:
        with self._range():
            return Metric.of(self.auxiliary.intor("int2c2e"))

    @cached_property
    def _half(self) -> list[FloatArray]:
        """For each spin the (P, n_basis, n_occupied) integrals (P|m j)."""
        blocks: list[list[FloatArray]] = [[] for _ in self.state.spins]
        for _, _, integrals in self.three("int3c2e", 1):
            for own, spin in zip(blocks, self.state.spins, strict=True):
                own.append(integrals[0] @ spin.occupied)
        return [np.concatenate(own) for own in blocks]

    @cached_property
    def fitted(self) -> list[FloatArray]:
        """For each spin the (P, n_occupied, n_occupied) coefficients c of orbital products."""
        out = []
        for half, spin in zip(self._half, self.state.spins, strict=True):
            out.append(self._metric.solve(spin.occupied.T @ half))
        return out

    @cached_property
    def charges(self) -> FloatArray:
        """(P,) coefficients of the density."""
        return np.asarray(
            self.state.filling * sum(np.einsum("pii->p", fitted) for fitted in self.fitted)
        )

    @cached_property
    def _slopes(self) -> Slopes:
        return Slopes.of(self)

    # ---- second derivatives ----

    def rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """(n_atom, 3, N, 3) second derivatives at fixed orbitals, Eh/bohr²."""
        out = self._three_index_rows(atoms) + self._metric_rows(atoms)
        natm = self.state.mol.natm
        for first, last in self._chunks(atoms):
            mine = [self._products(atom) for atom in atoms[first:last]]
            kept = [
                np.concatenate([self._metric.solve_rows(m[k]) for m in mine])
                for k in range(len(mine[0]))
            ]
            for other in range(natm):
                vectors = self._products(other)
                block = sum(
                    w * (a.reshape(len(a), -1) @ b.reshape(len(b), -1).T)
                    for w, a, b in zip(self._weights, kept, vectors, strict=True)
                )
                out[first:last, :, other] += np.asarray(block).reshape(-1, 3, 3)
        return out

    @property
    def _weights(self) -> list[float]:
        """Weight of the density, then of the orbital products of each spin."""
        share = -self.exchange * self.state.filling
        return [float(self.coulomb)] + [share] * len(self.state.spins)

    def _chunks(self, atoms: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        size = 3 * len(self.charges) * sum(s.n_occupied**2 for s in self.state.spins)
        step = max(1, int(STORE / size))
        for first in range(0, len(atoms), step):
            yield first, min(first + step, len(atoms))

    def _products(self, atom: int) -> list[FloatArray]:
        """The vectors r of the density (3, P), then of the products of each spin (3, P, i, j)."""
        slopes, metric = self._slopes, self._metric_slopes
        i, j = self.state.mol.aoslice_by_atom()[atom][2:]
        p, q = self.auxiliary.aoslice_by_atom()[atom][2:]
        out = []
        for spin, half, total, fitted in zip(
            self.state.spins, slopes.half, slopes.total, self.fitted, strict=True
        ):
            block = spin.occupied[i:j].T @ half[:, :, i:j]
            block = -block - block.transpose(0, 1, 3, 2)
            block[:, p:q] += total[:, p:q] + total[:, p:q].transpose(0, 1, 3, 2)
            shape = block.shape[2:]
            flat = block.reshape(3, block.shape[1], -1)
            coefficients = fitted.reshape(len(fitted), -1)
            flat[:, p:q] += metric[:, p:q] @ coefficients
            flat += metric[:, p:q].transpose(0, 2, 1) @ coefficients[p:q]
            out.append(flat.reshape(3, -1, *shape))
        density = self.state.filling * sum(np.einsum("xpii->xp", block) for block in out)
        return [np.asarray(density), *out]

    @cached_property
    def _metric_slopes(self) -> FloatArray:
        """(3, P, Q) integrals (∇P|Q)."""
        with self._range():
            return np.asarray(self.auxiliary.intor("int2c2e_ip1"))

    def _metric_rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """−½ c·(∂²V)c."""
        natm = self.state.mol.natm
        products = float(self.coulomb) * np.outer(self.charges, self.charges)
        if self.exchange:
            for fitted in self.fitted:
                flat = fitted.reshape(len(fitted), -1)
                products -= self.exchange * self.state.filling * (flat @ flat.T)
        out = np.zeros((len(atoms), 3, natm, 3))
        slices = self.auxiliary.aoslice_by_atom()
        shells = [(int(a), int(b)) for a, b in slices[:, :2]]
        with self._range():
            for row, atom in enumerate(atoms):
                part = (*shells[atom], 0, self.auxiliary.nbas)
                p, q = slices[atom][2:]
                both = self.auxiliary.intor("int2c2e_ipip1", comp=9, shls_slice=part)
                each = self.auxiliary.intor("int2c2e_ip1ip2", comp=9, shls_slice=part)
                out[row, :, atom] -= np.einsum("xpq,pq->x", both, products[p:q]).reshape(3, 3)
                sums = np.einsum("xpq,pq->xq", each, products[p:q])
                for other, (k, last) in enumerate(slices[:, 2:]):
                    out[row, :, other] -= sums[:, k:last].sum(axis=1).reshape(3, 3)
        return out

    def _three_index_rows(self, atoms: tuple[int, ...]) -> FloatArray:
        """c·∂²b: the derivatives of (P|mn), those of P by translation."""
        mol, natm = self.state.mol, self.state.mol.natm
        out = np.zeros((len(atoms), 3, natm, 3))
        shells = [(int(a), int(b)) for a, b in mol.aoslice_by_atom()[:, :2]]
        fits = [(int(a), int(b)) for a, b in self.auxiliary.aoslice_by_atom()[:, :2]]
        everything = ((0, mol.nbas), (0, self.auxiliary.nbas))
        if 2 * len(atoms) >= natm:
            same, pair, fit = self._second(*everything)
            for row, atom in enumerate(atoms):
                out[row, :, atom] += 2 * same[atom]
                out[row] += 2 * (pair[atom] + fit[atom] + fit[:, :, atom].transpose(2, 0, 1))
                out[row, :, atom] -= 2 * fit[:, :, atom].sum(axis=0).T
            return out
        for row, atom in enumerate(atoms):
            same, pair, fit = self._second(shells[atom], everything[1])
            out[row, :, atom] += 2 * same[atom]
            out[row] += 2 * (pair[atom] + fit[atom])
            _, _, fit = self._second(everything[0], fits[atom])
            out[row] += 2 * fit[:, :, atom].transpose(2, 0, 1)
            out[row, :, atom] -= 2 * fit[:, :, atom].sum(axis=0).T
        return out

    def _second(
        self, shells: tuple[int, int], fits: tuple[int, int]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Second derivatives of (P|mn) contracted with the two-particle density, by atom.

        For functions m and P in ranges of shells: both derivatives on m (N, 3, 3); one on m
        and one on n, and one on m and one on P (N, 3, N, 3).
        """
        mol, aux = self.state.mol, self.auxiliary
        natm = mol.natm
        same, pair = np.zeros((natm, 3, 3)), np.zeros((natm, 3, natm, 3))
        fit = np.zeros((natm, 3, natm, 3))
        functions, fitting = segments(mol), segments(aux)
        i, j = mol.ao_loc[list(shells)]
        both = self.three("int3c2e_ipip1", 9, shells, fits)
        each = self.three("int3c2e_ipvip1", 9, shells, fits)
        for (first, last, twice), (_, _, once) in zip(both, each, strict=True):
            weights = self._two_particle(first, last, i, j)
            on_m = np.einsum("xpmn,pmn->xpm", twice, weights)
            on_both = np.einsum("xpmn,pmn->xpm", once, weights)
            on_pair = np.einsum("xpmn,pmn->xmn", once, weights)
            own, fits_here = functions[i:j], fitting[first:last]
            same += _gathered(on_m.sum(axis=1), own, natm).reshape(3, 3, natm).transpose(2, 0, 1)
            by_pair = _gathered(_gathered(on_pair, functions, natm).swapaxes(1, 2), own, natm)
            pair += by_pair.reshape(3, 3, natm, natm).transpose(3, 0, 2, 1)
            moved = -(on_m + on_both).swapaxes(1, 2)
            by_fit = _gathered(_gathered(moved, fits_here, natm).swapaxes(1, 2), own, natm)
            fit += by_fit.reshape(3, 3, natm, natm).transpose(3, 0, 2, 1)
        return same, pair, fit

    def _two_particle(self, first: int, last: int, i: int, j: int) -> FloatArray:
        """(P, m, n) density that (P|mn) is contracted with."""
        shape = (last - first, j - i, self.state.mol.nao)
        weights = np.zeros(shape)
        if self.coulomb:
            weights += self.charges[first:last, None, None] * self.state.density[i:j]
        if self.exchange:
            for spin, fitted in zip(self.state.spins, self.fitted, strict=True):
                c = spin.occupied
                weights -= self.exchange * self.state.filling * (c[i:j] @ fitted[first:last] @ c.T)
        return weights

    # ---- first derivatives ----

    def potentials(self, atoms: tuple[int, ...], directions: list[FloatArray]) -> list[FloatArray]:
        """For each spin the (n, n_orbital, n_occupied) change of the potential of fixed orbitals.

        Parameters
        ----------
        directions : list of (k, 3)
            For each atom those along which it moves.
        """
        spins, slopes = self.state.spins, self._slopes
        slices = self.state.mol.aoslice_by_atom()
        out: list[list[FloatArray]] = [[] for _ in spins]
        for atom, along in zip(atoms, directions, strict=True):
            i, j = slices[atom][2:]
            products = self._products(atom)
            for s, spin in enumerate(spins):
                half = np.zeros((3, *spin.occupied.shape))
                if self.coulomb:
                    half[:, i:j] -= slopes.coulomb[:, i:j] @ spin.occupied
                    half -= slopes.coulomb[:, i:j].transpose(0, 2, 1) @ spin.occupied[i:j]
                    matrix = slopes.coulomb_by_fit[atom]
                    half += (matrix + matrix.transpose(0, 2, 1)) @ spin.occupied
                    charges = self._metric.solve_rows(products[0])
                    half += np.tensordot(charges, self._half[s], axes=1)
                if self.exchange:
                    own = -slopes.exchange_by_function[s][atom] + slopes.exchange_by_fit[s][atom]
                    own[:, i:j] -= slopes.exchange[s][:, i:j]
                    fitted = self._metric.solve_rows(products[1 + s])
                    # Σ_Pj (P|m j) c_Pji, as one product of matrices
                    n, o = spin.occupied.shape
                    left = self._half[s].transpose(1, 0, 2).reshape(n, -1)
                    own += left @ fitted.reshape(3, -1, o)
                    half -= self.exchange * own
                out[s].append(spin.from_half(np.tensordot(along, half, axes=1)))
        return [np.concatenate(blocks) for blocks in out]

    def response(self, responses: list[FloatArray]) -> list[FloatArray]:
        """The potential of orbital responses, in the shape of `potentials`."""
        from pyscf import lib

        state = self.state
        n, filling = len(responses[0]), state.filling
        halves = [
            np.ascontiguousarray((s.coefficients @ u).transpose(1, 0, 2))
            for s, u in zip(state.spins, responses, strict=True)
        ]  # (n_basis, n, n_occupied)
        out = [np.zeros((*h.shape[:1], h.shape[1] * h.shape[2])) for h in halves]
        with self._fit_object() as fitting:
            size = max(8, int(BLOCK / (state.mol.nao * (state.mol.nao + halves[0][0].size))))
            for packed in fitting.loop(min(size, 240)):
                block = lib.unpack_tril(packed)
                occupied = [block @ s.occupied for s in state.spins]  # (P, m, j)
                if self.coulomb:
                    charges = (
                        2
                        * filling
                        * sum(
                            np.tensordot(b, h, axes=((1, 2), (0, 2)))
                            for b, h in zip(occupied, halves, strict=True)
                        )
                    )  # (P, n)
                    for own, b in zip(out, occupied, strict=True):
                        own += (
                            np.tensordot(b, charges, axes=(0, 0))
                            .transpose(0, 2, 1)
                            .reshape(own.shape)
                        )
                if self.exchange:
                    for s, (b, h) in enumerate(zip(occupied, halves, strict=True)):
                        out[s] -= self.exchange * _exchange(block, b, h, state.spins[s].occupied)
        return [
            s.from_half(o.reshape(len(o), n, -1).transpose(1, 0, 2))
            for s, o in zip(state.spins, out, strict=True)
        ]

    # ---- integrals ----

    @contextmanager
    def _fit_object(self) -> Iterator[Any]:
        fitting = self.state.mean_field.with_df
        if not self.omega:
            yield fitting
            return
        with fitting.range_coulomb(self.omega) as ranged:
            yield ranged

    @contextmanager
    def _range(self) -> Iterator[None]:
        with ExitStack() as stack:
            if self.omega:
                stack.enter_context(self.state.mol.with_range_coulomb(self.omega))
                stack.enter_context(self.auxiliary.with_range_coulomb(self.omega))
            yield

    def three(
        self,
        name: str,
        components: int,
        shells: tuple[int, int] | None = None,
        fits: tuple[int, int] | None = None,
        breaks: bool = False,
    ) -> Iterator[tuple[int, int, FloatArray]]:
        """Blocks of fitting functions: first, last, integrals (component, P, m, n)."""
        from pyscf.df.grad.rhf import _int3c_wrapper

        mol, aux = self.state.mol, self.auxiliary
        shells, fits = shells or (0, mol.nbas), fits or (0, aux.nbas)
        with self._range():
            integrals = _int3c_wrapper(mol, aux, name, "s1")
        n = mol.nao * (mol.ao_loc[shells[1]] - mol.ao_loc[shells[0]])
        size = max(BLOCK / (9 * n), 1)
        limits = set(aux.aoslice_by_atom()[:, 1].tolist()) if breaks else set()
        for low, high in _parts(aux.ao_loc, fits, size, limits):
            block = integrals((*shells, 0, mol.nbas, low, high))
            block = block.reshape(components, *block.shape[-3:])
            # PySCF returns the last index slowest, so this is a contiguous view.
            yield int(aux.ao_loc[low]), int(aux.ao_loc[high]), block.transpose(0, 3, 1, 2)


def _exchange(
    block: FloatArray, occupied: FloatArray, half: FloatArray, coefficients: FloatArray
) -> FloatArray:
    """(m, n·i) Σ_Pj (m y_j|P)(P|j i) + (m j|P)(P|y_j i), for densities y_j j + j y_j."""
    fits, n, o = occupied.shape
    count = half.shape[1]
    flat = half.reshape(n, -1)
    left = (block.reshape(-1, n) @ flat).reshape(fits, n, count, o)  # (P, m, n, j)
    products = coefficients.T @ occupied  # (P, j, i)
    crossed = np.tensordot(occupied, half, axes=(1, 0))  # (P, i, n, j)
    out = left.transpose(1, 2, 0, 3).reshape(n * count, -1) @ products.reshape(-1, o)
    right = crossed.transpose(0, 3, 2, 1).reshape(fits * o, -1)  # (P j, n i)
    out = out.reshape(n, -1) + occupied.transpose(1, 0, 2).reshape(n, -1) @ right
    return np.asarray(out)


def _gathered(values: FloatArray, owners: list[int], natm: int) -> FloatArray:
    """Sums over the functions (last axis) of each atom."""
    picks = np.zeros((len(owners), natm))
    picks[np.arange(len(owners)), owners] = 1
    return values @ picks


def _parts(
    offsets: Any, shells: tuple[int, int], size: float, limits: set[int]
) -> Iterator[tuple[int, int]]:
    """Ranges of shells of at most ``size`` functions, which end at all limits."""
    low = shells[0]
    for high in range(shells[0] + 1, shells[1] + 1):
        full = high < shells[1] and offsets[high + 1] - offsets[low] > size
        if high == shells[1] or full or high in limits:
            yield low, high
            low = high
