"""Self-consistency: PySCF's own cycles, and fewer of the expensive kind near a known density.

Most of a DFT cycle with density fitting is the exchange–correlation potential on the grid.
Close to the solution it is replaced by that of a coarse grid plus a correction, V(P) ≈
V_coarse(P) + [V(P₀) − V_coarse(P₀)], and the correction is renewed when the error has fallen
far enough. The solution is that of the full grid: convergence is tested with V itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NotConverged

FloatArray = NDArray[np.float64]

COARSE_GRID = 0
"""PySCF level of the coarse grid."""
RENEWAL = 0.01
"""The correction is renewed when the error has fallen to this part of what it was."""
MAX_CYCLES = 25
"""Cycles with the coarse grid before PySCF's own are tried."""
DIIS_SPACE = 8
RESIDUAL = 0.1
"""Largest norm of FDS − SDF, Eh, over the square root of the energy threshold."""
RESIDUAL_WITHOUT_GRID = 0.01
"""The same where no grid limits what gradients are worth. The torsion of H2O2 (HF/STO-3G,
184 cm⁻¹) is then right by differences to 0.07 instead of 0.4 cm⁻¹."""


def converge(mf: Any, orbitals: list[FloatArray] | None, what: str) -> None:
    """Bring a PySCF mean field to self-consistency.

    Parameters
    ----------
    mf : pyscf.scf object
        Changed in place.
    orbitals : list of (n_basis, n_occupied), or None
        Occupied orbitals of each spin, to start from.
    what : str
        Name of the calculation, for messages.

    Raises
    ------
    NotConverged
        If DIIS, damped DIIS and second-order steps all fail.
    """
    start = None if orbitals is None else _density(orbitals)
    residual = RESIDUAL if hasattr(mf, "grids") else RESIDUAL_WITHOUT_GRID
    mf.conv_tol_grad = residual * np.sqrt(mf.conv_tol)
    if start is not None and hasattr(mf, "with_df") and _converge_corrected(mf, start):
        return
    mf.kernel(dm0=start)
    if not mf.converged:
        _try_harder(mf, what)


def _density(orbitals: list[FloatArray]) -> Any:
    """Density matrix of occupied orbitals, which PySCF uses faster if it sees them."""
    from pyscf import lib

    filled = 2.0 if len(orbitals) == 1 else 1.0
    width = max(c.shape[1] for c in orbitals)
    coefficients = np.zeros((len(orbitals), len(orbitals[0]), width))
    occupations = np.zeros((len(orbitals), width))
    for spin, occupied in enumerate(orbitals):
        coefficients[spin, :, : occupied.shape[1]] = occupied
        occupations[spin, : occupied.shape[1]] = filled
    density = filled * coefficients @ coefficients.swapaxes(1, 2)
    if len(orbitals) == 1:
        density, coefficients, occupations = density[0], coefficients[0], occupations[0]
    return lib.tag_array(density, mo_coeff=coefficients, mo_occ=occupations)


def _converge_corrected(mf: Any, density: Any) -> bool:
    """Cycles on a coarse grid with corrections from the full one; whether they converged."""
    coarse = _on_coarse_grid(mf)
    core, overlap = mf.get_hcore(), mf.get_ovlp()
    diis = _Diis(overlap)
    correction: Any = 0.0
    error = renewed_at = np.inf
    for cycle in range(MAX_CYCLES):
        fock = _fock(coarse, core, overlap, density)
        if cycle:
            error = diis.error(fock + correction, density)
        if cycle == 0 or error < max(mf.conv_tol_grad, RENEWAL * renewed_at):
            potential = mf.get_veff(mf.mol, density)
            full = mf.get_fock(core, overlap, potential, density)
            correction = full - fock
            renewed_at = diis.error(full, density)
            if renewed_at < mf.conv_tol_grad:
                _finish(mf, full, overlap, mf.energy_tot(density, core, potential))
                return True
        mixed = diis.extrapolated(fock, correction, density)
        energies, coefficients = mf.eig(mixed, overlap)
        density = mf.make_rdm1(coefficients, mf.get_occ(energies, coefficients))
    return False


def _on_coarse_grid(mf: Any) -> Any:
    """The same mean field with a coarse grid; itself where there is no grid."""
    if not hasattr(mf, "grids") or mf.grids.level <= COARSE_GRID:
        return mf
    coarse = mf.copy()
    coarse.grids = mf.grids.copy()
    coarse.grids.level = COARSE_GRID
    if mf.do_nlc():
        coarse.nlcgrids = mf.nlcgrids.copy()
        coarse.nlcgrids.level = COARSE_GRID
    return coarse


def _fock(mf: Any, core: FloatArray, overlap: FloatArray, density: Any) -> FloatArray:
    return np.asarray(mf.get_fock(core, overlap, mf.get_veff(mf.mol, density), density))


def _finish(mf: Any, fock: FloatArray, overlap: FloatArray, energy: float) -> None:
    """Store the result; diagonalising once more improves the orbitals at no cost."""
    mf.mo_energy, mf.mo_coeff = mf.eig(fock, overlap)
    mf.mo_occ = mf.get_occ(mf.mo_energy, mf.mo_coeff)
    mf.e_tot = energy
    mf.converged = True


class _Diis:
    """P. Pulay, J. Comput. Chem. 3 (1982) 556, for Fock matrices that gain a correction."""

    def __init__(self, overlap: FloatArray) -> None:
        values, vectors = np.linalg.eigh(overlap)
        kept = values > 1e-8
        self._overlap = overlap
        self._orthonormal = vectors[:, kept] / np.sqrt(values[kept])
        self._focks: list[FloatArray] = []
        self._densities: list[FloatArray] = []

    def residual(self, fock: FloatArray, density: FloatArray) -> FloatArray:
        """FDS − SDF in an orthonormal basis, (…, n, n)."""
        product = self._orthonormal.T @ (fock @ density @ self._overlap) @ self._orthonormal
        return np.asarray(product - np.swapaxes(product, -1, -2))

    def error(self, fock: FloatArray, density: FloatArray) -> float:
        """Norm of the residual, Eh."""
        return float(np.linalg.norm(self.residual(fock, np.asarray(density))))

    def extrapolated(
        self, fock: FloatArray, correction: FloatArray, density: FloatArray
    ) -> FloatArray:
        """The combination of all Fock matrices with the smallest residual, corrected."""
        self._focks = [*self._focks[1 - DIIS_SPACE :], fock]
        self._densities = [*self._densities[1 - DIIS_SPACE :], np.asarray(density)]
        residuals = np.array(
            [
                self.residual(f + correction, d).ravel()
                for f, d in zip(self._focks, self._densities, strict=True)
            ]
        )
        n = len(residuals)
        system = np.ones((n + 1, n + 1))
        system[n, n] = 0
        system[:n, :n] = residuals @ residuals.T
        scale = system[:n, :n].max()
        system[:n, :n] /= scale if scale > 0 else 1.0
        target = np.zeros(n + 1)
        target[n] = 1
        weights = np.linalg.lstsq(system, target, rcond=1e-14)[0][:n]
        mixed = sum(w * f for w, f in zip(weights, self._focks, strict=True))
        return np.asarray(mixed + correction)


def _try_harder(mf: Any, what: str) -> None:
    """Damped cycles, then second-order steps."""
    before = float(mf.e_tot)
    density = mf.make_rdm1()
    mf.damp, mf.level_shift = 0.3, 0.3
    mf.kernel(dm0=density)
    mf.damp, mf.level_shift = 0.0, 0.0
    if not mf.converged:
        _second_order(mf)
    if not mf.converged:
        raise NotConverged(
            f"{what}: self-consistency not reached by DIIS ({mf.max_cycle} cycles), damping and "
            f"second-order steps; energy {mf.e_tot:.8f} Eh, changed by {mf.e_tot - before:.1e} "
            "since DIIS. Check geometry, charge and multiplicity"
        )


def _second_order(mf: Any) -> None:
    """Q. Sun, arXiv:1610.08423: second-order optimisation of the orbitals."""
    solver = mf.newton()
    solver.max_cycle = max(mf.max_cycle, 50)
    solver.conv_tol_grad = RESIDUAL * np.sqrt(mf.conv_tol)  # the tighter one can stall it
    solver.kernel(mf.mo_coeff, mf.mo_occ)
    for name in ("mo_energy", "mo_coeff", "mo_occ", "e_tot", "converged"):
        setattr(mf, name, getattr(solver, name))
