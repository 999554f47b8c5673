"""A self-consistent state as arrays: orbitals, energies, densities, and who may use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CalculationError, LevelError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Orbitals:
    """The orbitals of one spin, or of both where they are the same.

    Attributes
    ----------
    coefficients : (n_basis, n_orbital)
        Occupied orbitals first.
    energies : (n_orbital,), Eh
    n_occupied : int
    """

    coefficients: FloatArray
    energies: FloatArray
    n_occupied: int

    @property
    def occupied(self) -> FloatArray:
        """(n_basis, n_occupied) coefficients."""
        return self.coefficients[:, : self.n_occupied]

    @property
    def gaps(self) -> FloatArray:
        """(n_virtual, n_occupied) differences of orbital energies, Eh."""
        o = self.n_occupied
        return np.asarray(self.energies[o:, None] - self.energies[:o])

    def transformed(self, matrices: FloatArray) -> FloatArray:
        """(…, n_basis, n_basis) matrices between all orbitals and the occupied ones."""
        return np.asarray(self.coefficients.T @ (matrices @ self.occupied))

    def from_half(self, matrices: FloatArray) -> FloatArray:
        """(…, n_basis, n_occupied) matrices with their basis functions made orbitals."""
        return np.asarray(self.coefficients.T @ matrices)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A converged mean field.

    Attributes
    ----------
    mean_field : PySCF object
    spins : tuple of Orbitals
        One if all orbitals are doubly occupied or empty, else two.
    """

    mean_field: Any
    spins: tuple[Orbitals, ...]

    @property
    def mol(self) -> Any:
        """The PySCF molecule."""
        return self.mean_field.mol

    @property
    def filling(self) -> int:
        """Electrons in an occupied orbital."""
        return 3 - len(self.spins)

    @property
    def density(self) -> FloatArray:
        """(n_basis, n_basis) density matrix of all electrons."""
        return np.asarray(self.filling * sum(s.occupied @ s.occupied.T for s in self.spins))

    @property
    def weighted_density(self) -> FloatArray:
        """(n_basis, n_basis) density matrix weighted with the orbital energies, Eh."""
        parts = [(s.occupied * s.energies[: s.n_occupied]) @ s.occupied.T for s in self.spins]
        return np.asarray(self.filling * sum(parts))

    def induced_density(self, responses: list[FloatArray]) -> list[FloatArray]:
        """For each spin the (n, n_basis, n_basis) first-order density of orbital responses.

        Parameters
        ----------
        responses : list of (n, n_orbital, n_occupied)
        """
        out = []
        for spin, response in zip(self.spins, responses, strict=True):
            half = self.filling * (spin.coefficients @ response) @ spin.occupied.T
            out.append(half + half.transpose(0, 2, 1))
        return out


def state_of(mean_field: Any) -> State:
    """The state of a PySCF object, if second derivatives can be taken of it.

    Raises
    ------
    LevelError
        If the kind of calculation has no analytic Hessian.
    CalculationError
        If self-consistency was not reached or occupations are fractional.
    """
    refuse(mean_field)
    n = mean_field.mol.nao
    occupations = np.asarray(mean_field.mo_occ, dtype=np.float64)
    occupations = occupations.reshape(-1, occupations.shape[-1])
    coefficients = np.asarray(mean_field.mo_coeff).reshape(len(occupations), n, -1)
    energies = np.asarray(mean_field.mo_energy).reshape(len(occupations), -1)
    filling = 3 - len(occupations)
    spins = []
    for occupation, matrix, energy in zip(occupations, coefficients, energies, strict=True):
        filled = np.abs(occupation - filling) < 1e-8
        if not np.all(filled | (np.abs(occupation) < 1e-8)):
            odd = occupation[~filled & (np.abs(occupation) > 1e-8)][0]
            raise CalculationError(
                f"an orbital holds {odd:.3f} electrons: the analytic Hessian needs {filling} or 0;"
                " take the route differences"
            )
        order = np.argsort(~filled, kind="stable")
        spins.append(Orbitals(matrix[:, order], energy[order], int(filled.sum())))
    return State(mean_field, tuple(spins))


def refuse(mean_field: Any) -> None:
    """Refuse what has no analytic Hessian here, with one line that says what to do.

    Raises
    ------
    LevelError, CalculationError
    """
    from pyscf import scf

    if not mean_field.converged:
        raise CalculationError("the mean field is not converged: converge it before its Hessian")
    other = "take the route differences"
    known = isinstance(mean_field, scf.hf.RHF | scf.uhf.UHF)
    if not known or isinstance(mean_field, scf.rohf.ROHF):
        kind = type(mean_field).__name__
        raise LevelError(f"{kind} has no analytic Hessian here, only RHF, UHF, RKS, UKS: {other}")
    if getattr(mean_field, "with_x2c", None):
        raise LevelError(f"relativistic Hamiltonians have no analytic Hessian here: {other}")
    if getattr(mean_field, "only_dfj", None):
        raise LevelError(f"density fitting of Coulomb integrals alone has no Hessian here: {other}")
    if isinstance(mean_field, scf.hf.KohnShamDFT):
        _refuse_functional(mean_field, other)


def _refuse_functional(mean_field: Any, other: str) -> None:
    integrator, name = mean_field._numint, mean_field.xc
    try:
        integrator.libxc.test_deriv_order(name, 2, raise_error=True)
    except NotImplementedError as error:
        raise LevelError(f"{name} has no second derivatives in PySCF: {other}") from error
    if integrator._xc_type(name) not in ("LDA", "GGA", "MGGA", "HF"):
        raise LevelError(f"{name} is of a kind without analytic Hessian: {other}")
    if mean_field.do_nlc() and np.ndim(mean_field.mo_occ) == 2:
        raise LevelError(f"{name} has a non-local part, without open-shell Hessian: {other}")
