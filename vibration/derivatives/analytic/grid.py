"""The exchange–correlation energy: second derivatives summed on a grid.

At each point the functional depends on the variables u = (ρ, ∇ρ, τ) of each spin. With f its
energy per volume, the second derivatives are

    Σ_g w_g (f_u · ∂²u + ∂u · f_uu · ∂u′),

where ∂u holds the motion of the basis functions and the response of the orbitals. Both sums
are taken point by point; no matrix in the basis functions is made for a pair of nuclei, which
is what takes most of PySCF's time. Grid points and weights do not move.

Arrays of functions are (…, function, point); those of variables (…, spin, variable, point).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .moved_functions import MovedFunctions, MovedPairs
from .patch import SECOND, Patch, owners_of, state_size
from .state import FloatArray, State

POINTS = 1008
"""Grid points treated together; a multiple of PySCF's blocks of 56."""
CACHE = 1.2e8
"""Numbers of tabulated functions that are kept between responses: 1 GB."""
BLOCK = 1.5e7
"""Numbers in the largest temporary array of a response: 120 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class GridDerivatives:
    """What motions and responses do to the exchange–correlation energy.

    Attributes
    ----------
    rows : (n, N, 3), Eh/bohr²
        Second derivatives, of which one is a motion with response, the other the motion of
        an atom at fixed orbitals.
    potentials : list of (n, n_orbital, n_occupied), Eh/bohr
        For each spin the change of the potential by motion and response.
    """

    rows: FloatArray
    potentials: list[FloatArray]


class GridFunctional:
    """Exchange and correlation of a Kohn–Sham state on a grid.

    Parameters
    ----------
    state : State
    grids : pyscf.dft.gen_grid.Grids
    """

    def __init__(self, state: State, grids: Any) -> None:
        if grids.coords is None:
            grids.build(with_non0tab=False)
        self.state, self.grids = state, grids
        self.kind = str(state.mean_field._numint._xc_type(state.mean_field.xc))
        self._kept: list[Patch] = []

    def response(self, responses: list[FloatArray]) -> list[FloatArray]:
        """The potential of orbital responses, (n, n_orbital, n_occupied) for each spin."""
        state = self.state
        halves = [s.coefficients @ u for s, u in zip(state.spins, responses, strict=True)]
        out = [np.zeros_like(h) for h in halves]
        for patch in self._cached_patches():
            for part in _parts(len(halves[0]), patch):
                change = self._induced(patch, [h[part] for h in halves])
                self._add_potential(out, patch, _weights(patch, change), part)
        return [s.from_half(o) for s, o in zip(state.spins, out, strict=True)]

    def potentials(self, motions: FloatArray) -> list[FloatArray]:
        """The change of the potential of fixed orbitals as atoms move along (n, N, 3)."""
        state, n = self.state, state_size(self.state)
        out = [np.zeros((len(motions), n, s.n_occupied)) for s in state.spins]
        first = MovedFunctions(state, self.kind)
        for patch in self._patches(1 if self.kind == "LDA" else 2):
            first.add(patch)
            moved = self._moved(patch, self._contracted(patch))
            for part in _parts(len(motions), patch):
                change = np.tensordot(motions[part], moved, axes=2)
                self._add_potential(out, patch, _weights(patch, change), part)
        return _sum(first.potentials(motions), state, out)

    def derivatives(
        self, atoms: tuple[int, ...], motions: FloatArray, responses: list[FloatArray]
    ) -> GridDerivatives:
        """Rows of the second derivatives, and the full change of the potential.

        Parameters
        ----------
        atoms : tuple of int
            Those that move.
        motions : (n, N, 3)
            Zero for perturbations that move no atom.
        responses : list of (n, n_orbital, n_occupied)
        """
        state, natm = self.state, self.state.mol.natm
        halves = [s.coefficients @ u for s, u in zip(state.spins, responses, strict=True)]
        out = [np.zeros_like(h) for h in halves]
        rows = np.zeros((len(motions), natm * 3))
        first, pairs = MovedFunctions(state, self.kind), MovedPairs(state, self.kind, atoms)
        for patch in self._patches(2 if self.kind == "LDA" else 3):
            contracted = self._contracted(patch)
            moved = self._moved(patch, contracted)
            first.add(patch)
            pairs.add(patch, contracted)
            flat = moved.reshape(natm * 3, -1)
            for part in _parts(len(motions), patch):
                change = np.tensordot(motions[part], moved, axes=2)
                change += self._induced(patch, [h[part] for h in halves])
                weights = _weights(patch, change)
                self._add_potential(out, patch, weights, part)
                rows[part] += weights.reshape(len(weights), -1) @ flat.T
        result = rows.reshape(-1, natm, 3) + first.rows(halves)
        result += np.einsum("nax,axby->nby", motions, pairs.rows())
        return GridDerivatives(result, _sum(first.potentials(motions), state, out))

    # ---- patches ----

    def _cached_patches(self) -> Iterator[Patch]:
        """Patches with the functions that a response needs, kept if there is room."""
        if self._kept:
            yield from self._kept
            return
        kept, size = [], 0.0
        for patch in self._patches(0 if self.kind == "LDA" else 1):
            size += patch.functions.size + sum(o.size for o in patch.orbitals)
            if size < CACHE:
                kept.append(patch)
            yield patch
        if size < CACHE:
            self._kept = kept

    def _patches(self, order: int) -> Iterator[Patch]:
        for first in range(0, len(self.grids.weights), POINTS):
            part = slice(first, first + POINTS)
            weights = self.grids.weights[part]
            active, functions = self._functions(self.grids.coords[part], order)
            if len(active):
                yield self._patch(active, functions, weights)

    def _functions(self, coords: FloatArray, order: int) -> tuple[Any, FloatArray]:
        """Functions that are not negligible, and their values and derivatives."""
        from pyscf.dft.gen_grid import make_mask

        mol = self.state.mol
        mask = make_mask(mol, coords)
        values = self.state.mean_field._numint.eval_ao(
            mol, coords, deriv=order, non0tab=mask, cutoff=self.grids.cutoff
        )
        values = values.reshape(-1, len(coords), mol.nao).transpose(0, 2, 1)
        shells = np.repeat(mask.any(axis=0), np.diff(mol.ao_loc))
        active = np.flatnonzero(shells)
        return active, np.ascontiguousarray(values if shells.all() else values[:, active])

    def _patch(self, active: Any, functions: FloatArray, weights: FloatArray) -> Patch:
        state, integrator = self.state, self.state.mean_field._numint
        n = 1 if self.kind == "LDA" else 4
        orbitals = [s.occupied[active].T @ functions[:n] for s in state.spins]
        density = np.array([_density(o, state.filling, self.kind) for o in orbitals])
        spins = len(orbitals)
        values = integrator.eval_xc_eff(
            state.mean_field.xc,
            density[0] if spins == 1 else density,
            deriv=2,
            xctype=self.kind,
            spin=spins - 1,
        )
        shape = density.shape
        slopes = np.asarray(values[1]).reshape(shape) * weights
        curvatures = np.asarray(values[2]).reshape(*shape[:2], *shape) * weights
        return Patch(active, functions, orbitals, slopes, curvatures)

    # ---- at the points of a patch ----

    def _contracted(self, patch: Patch) -> list[FloatArray]:
        """For each spin the density matrix applied to the functions and their gradients."""
        state = self.state
        return [
            (state.filling * s.occupied[patch.active]) @ o
            for s, o in zip(state.spins, patch.orbitals, strict=True)
        ]

    def _moved(self, patch: Patch, contracted: list[FloatArray]) -> FloatArray:
        """(N, 3, n_spin, n_variable, n_point) change of the variables as atoms move."""
        mol, f = self.state.mol, patch.functions
        owners = owners_of(mol)[patch.active]
        present, starts = np.unique(owners, return_index=True)
        out = np.zeros((mol.natm, 3, *patch.slopes.shape))

        def put(axis: int, spin: int, variable: int, products: FloatArray) -> None:
            out[present, axis, spin, variable] -= np.add.reduceat(products, starts, axis=0)

        for s, d in enumerate(contracted):
            for x in range(3):
                put(x, s, 0, 2 * f[1 + x] * d[0])
                if self.kind == "LDA":
                    continue
                for y in range(3):
                    put(x, s, 1 + y, 2 * (f[SECOND[x][y]] * d[0] + f[1 + x] * d[1 + y]))
                if self.kind == "MGGA":
                    put(x, s, 4, sum(f[SECOND[x][y]] * d[1 + y] for y in range(3)))
        return out

    def _induced(self, patch: Patch, halves: list[FloatArray]) -> FloatArray:
        """(n, n_spin, n_variable, n_point) change of the variables by orbital responses.

        Parameters
        ----------
        halves : list of (n, n_basis, n_occupied)
        """
        n, points = len(halves[0]), patch.functions.shape[-1]
        out = np.zeros((n, *patch.slopes.shape))
        k = 1 if self.kind == "LDA" else 4
        for s, (half, orbitals) in enumerate(zip(halves, patch.orbitals, strict=True)):
            flat = half[:, patch.active].transpose(0, 2, 1).reshape(-1, len(patch.active))
            values = (flat @ patch.functions[:k]).reshape(k, n, -1, points)
            twice = 2 * self.state.filling
            out[:, s, 0] = twice * _along(values[0], orbitals[0])
            for x in range(1, k):
                change = _along(values[0], orbitals[x]) + _along(values[x], orbitals[0])
                out[:, s, x] = twice * change
            if self.kind == "MGGA":
                kinetic = sum(_along(values[x], orbitals[x]) for x in (1, 2, 3))
                out[:, s, 4] = self.state.filling * kinetic
        return out

    def _add_potential(
        self, out: list[FloatArray], patch: Patch, weights: FloatArray, part: slice
    ) -> None:
        """Add Σ_g w v |m⟩⟨i| to (n, n_basis, n_occupied), for each spin."""
        points = patch.functions.shape[-1]
        for s, orbitals in enumerate(patch.orbitals):
            w = weights[:, s, :, None]  # (n, n_variable, 1, n_point)
            value = w[:, 0] * orbitals[0]
            for x in range(1, len(orbitals)):
                value += w[:, x] * orbitals[x]
            total = value.reshape(-1, points) @ patch.functions[0].T
            for x in range(1, len(orbitals)):
                slope = w[:, x] * orbitals[0]
                if self.kind == "MGGA":
                    slope += w[:, 4] / 2 * orbitals[x]
                total += slope.reshape(-1, points) @ patch.functions[x].T
            shape = (len(weights), -1, len(patch.active))
            out[s][part, patch.active] += total.reshape(shape).transpose(0, 2, 1)


def _density(orbitals: FloatArray, filling: int, kind: str) -> FloatArray:
    """(n_variable, n_point) ρ; ∇ρ; τ, as the kind of functional needs them."""
    rows = [np.einsum("ig,ig->g", orbitals[0], orbitals[0])]
    if kind != "LDA":
        rows += [2 * np.einsum("ig,ig->g", orbitals[0], orbitals[x]) for x in (1, 2, 3)]
    if kind == "MGGA":
        rows.append(np.einsum("xig,xig->g", orbitals[1:], orbitals[1:]) / 2)
    return filling * np.array(rows)


def _along(values: FloatArray, orbitals: FloatArray) -> FloatArray:
    """(n, n_point) products summed over the orbitals."""
    return np.asarray(np.einsum("nig,ig->ng", values, orbitals))


def _weights(patch: Patch, change: FloatArray) -> FloatArray:
    """(n, n_spin, n_variable, n_point) f_uu times the change of the variables."""
    shape = change.shape
    n_variable = shape[1] * shape[2]
    kernel = patch.curvatures.reshape(n_variable, n_variable, -1)
    flat = change.reshape(len(change), n_variable, -1)
    out = np.zeros_like(flat)
    for i in range(n_variable):
        for j in range(n_variable):
            out[:, i] += kernel[i, j] * flat[:, j]
    return out.reshape(shape)


def _parts(n: int, patch: Patch) -> Iterator[slice]:
    """Responses that are treated together."""
    orbitals = max(o.shape[1] for o in patch.orbitals)
    size = 4 * patch.functions.shape[-1] * max(orbitals, 1)
    step = max(1, int(BLOCK / size))
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))


def _sum(first: list[FloatArray], state: State, out: list[FloatArray]) -> list[FloatArray]:
    return [s.from_half(a + b) for s, a, b in zip(state.spins, first, out, strict=True)]
