"""The part f_u · ∂²u of a functional: slopes of the functional, functions that moved.

Matrices in the basis functions are summed over the grid once; they serve all atoms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .patch import SECOND, THIRD, Patch, owners_of, state_size
from .state import FloatArray, State


class MovedFunctions:
    """Matrices of f_u with one function moved: the other part of ∂²u, and of a potential."""

    def __init__(self, state: State, kind: str) -> None:
        n = state_size(state)
        self.state, self.kind = state, kind
        self.matrices = [np.zeros((3, n, n)) for _ in state.spins]

    def add(self, patch: Patch) -> None:
        """Add the points of a patch."""
        f, n, points = patch.functions, len(patch.active), patch.functions.shape[-1]
        for matrix, v in zip(self.matrices, patch.slopes, strict=True):
            moved = f[1:4].reshape(-1, points)
            if self.kind == "LDA":
                total = moved @ (v[0] * f[0]).T
            else:
                shifted = v[0] * f[0] + sum(v[1 + y] * f[1 + y] for y in range(3))
                total = moved @ shifted.T
                bent = [sum(v[1 + y] * f[SECOND[x][y]] for y in range(3)) for x in range(3)]
                total += np.concatenate(bent) @ f[0].T
            if self.kind == "MGGA":
                for y in range(3):
                    second = np.concatenate([f[SECOND[x][y]] for x in range(3)])
                    total += second @ (v[4] / 2 * f[1 + y]).T
            matrix[np.ix_(range(3), patch.active, patch.active)] += total.reshape(3, n, n)

    def potentials(self, motions: FloatArray) -> list[FloatArray]:
        """For each spin (n, n_basis, n_occupied) as atoms move along (n, N, 3)."""
        owners, out = owners_of(self.state.mol), []
        for matrix, spin in zip(self.matrices, self.state.spins, strict=True):
            right = matrix @ spin.occupied
            own = []
            for motion in motions:
                scales = motion[owners].T[:, :, None]  # (3, n_basis, 1)
                own.append(-(scales * right).sum(axis=0))
                for x in np.flatnonzero(np.abs(motion).any(axis=0)):
                    own[-1] -= matrix[x].T @ (scales[x] * spin.occupied)
            out.append(np.array(own).reshape(-1, *spin.occupied.shape))
        return out

    def rows(self, halves: list[FloatArray]) -> FloatArray:
        """(n, N, 3) energy of moved functions in the density of responses."""
        state, natm = self.state, self.state.mol.natm
        owners = owners_of(state.mol)
        starts = np.searchsorted(owners, np.arange(natm))
        total = np.zeros((len(halves[0]), natm, 3))
        for matrix, spin, half in zip(self.matrices, state.spins, halves, strict=True):
            right = matrix @ spin.occupied
            by_function = np.einsum("xmi,nmi->nmx", right, half, optimize=True)
            left = np.tensordot(half, matrix, axes=(1, 2))  # (n, i, x, m)
            by_function += np.einsum("nixm,mi->nmx", left, spin.occupied, optimize=True)
            total -= 2 * state.filling * np.add.reduceat(by_function, starts, axis=1)
        return total


class MovedPairs:
    """f_u · ∂²u at fixed orbitals, for some atoms and all others."""

    def __init__(self, state: State, kind: str, atoms: tuple[int, ...]) -> None:
        self.state, self.kind, self.atoms = state, kind, atoms
        self.owners = owners_of(state.mol)
        self.chosen = np.flatnonzero(np.isin(self.owners, atoms))
        n = state_size(state)
        self.each = [np.zeros((3, len(self.chosen), 3, n)) for _ in state.spins]
        self.same = np.zeros((3, 3, n))

    def add(self, patch: Patch, contracted: list[FloatArray]) -> None:
        """Add the points of a patch; the density matrix applied to its functions is given."""
        own = np.flatnonzero(np.isin(patch.active, self.chosen))
        if not len(own):
            return
        places = np.searchsorted(self.chosen, patch.active[own])
        f, points = patch.functions, patch.functions.shape[-1]
        for s, (v, d) in enumerate(zip(patch.slopes, contracted, strict=True)):
            left, right = _sides(f, v, self.kind)
            left = [part[:, own].reshape(-1, points) for part in left]
            total = np.zeros((3 * len(own), 3 * len(patch.active)))
            for a, b in zip(left, right, strict=True):
                total += a @ b.reshape(-1, points).T
            blocks = total.reshape(3, len(own), 3, -1)
            self.each[s][np.ix_(range(3), places, range(3), patch.active)] += blocks
            self._add_same(patch, own, v, d[:, own])

    def _add_same(self, patch: Patch, own: Any, v: FloatArray, d: FloatArray) -> None:
        """Both derivatives on one function."""
        f = patch.functions[:, own]
        value = v[0] * d[0]
        slopes = []
        if self.kind != "LDA":
            value = value + sum(v[1 + y] * d[1 + y] for y in range(3))
            slopes = [v[1 + y] * d[0] for y in range(3)]
        if self.kind == "MGGA":
            slopes = [slope + v[4] / 2 * d[1 + y] for y, slope in enumerate(slopes)]
        functions = patch.active[own]
        for (x, y), third in THIRD.items():
            sums = np.einsum("mg,mg->m", f[SECOND[x][y]], value)
            for slope, z in zip(slopes, third, strict=False):
                sums += np.einsum("mg,mg->m", f[z], slope)
            self.same[x, y, functions] += 2 * sums
            if x != y:
                self.same[y, x, functions] += 2 * sums

    def rows(self) -> FloatArray:
        """(N, 3, N, 3), the rows of the chosen atoms, others zero."""
        state, natm = self.state, self.state.mol.natm
        out = np.zeros((natm, 3, natm, 3))
        mine = self.owners[self.chosen]
        for each, spin in zip(self.each, state.spins, strict=True):
            c = spin.occupied
            density = state.filling * c[self.chosen] @ c.T
            products = 2 * each * density[None, :, None]
            for atom in self.atoms:
                sums = products[:, mine == atom].sum(axis=1)  # (3, 3, n_basis)
                starts = np.searchsorted(self.owners, np.arange(natm))
                by_atom = np.add.reduceat(sums, starts, axis=2)
                out[atom] += by_atom.transpose(0, 2, 1)
        for atom in self.atoms:
            out[atom, :, atom] += self.same[:, :, self.owners == atom].sum(axis=2)
        return out


def _sides(f: FloatArray, v: FloatArray, kind: str) -> tuple[list[FloatArray], list[FloatArray]]:
    """Factors whose products summed over points are f_u ∂²(m n), one derivative on each."""
    if kind == "LDA":
        return [f[1:4]], [v[0] * f[1:4]]
    bent = np.array(
        [v[0] / 2 * f[1 + x] + sum(v[1 + y] * f[SECOND[x][y]] for y in range(3)) for x in range(3)]
    )
    left, right = [bent, f[1:4]], [f[1:4], bent]
    if kind == "MGGA":
        for y in range(3):
            second = f[[SECOND[x][y] for x in range(3)]]
            left.append(second)
            right.append(v[4] / 2 * second)
    return left, right
