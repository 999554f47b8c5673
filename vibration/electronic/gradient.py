"""The gradient of a self-consistent energy, with what PySCF does and what is faster here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fitted_gradient import fitted_gradient
from .grid_gradient import grid_gradient

FloatArray = NDArray[np.float64]


def gradient(mf: Any) -> FloatArray:
    """(N, 3) derivative of the energy, Eh/bohr, without the explicit part of a field.

    The response of the integration grid is part of it: the sum over atoms vanishes, and the
    gradient is the derivative of the computed energy.

    Parameters
    ----------
    mf : pyscf.scf object, self-consistent
    """
    gradients = mf.nuc_grad_method()
    if not _is_simple(mf):
        return _by_pyscf(mf, gradients)
    if hasattr(mf, "with_solvent"):
        gradients = gradients.undo_solvent()
    total, orbitals = _occupied(mf)
    result = gradients.grad_nuc() + fitted_gradient(mf, orbitals, _exact_exchange(mf))
    result += _one_electron(mf, gradients, total)
    if hasattr(mf, "grids"):
        result += sum(grid_gradient(mf, orbitals))
    if mf.do_disp():
        result += gradients.get_dispersion()
    if hasattr(mf, "with_solvent"):
        result += mf.with_solvent.grad(total)
    return np.asarray(result)


def _is_simple(mf: Any) -> bool:
    """Whether density fitting is exact and nothing is left to range separation or VV10."""
    if not hasattr(mf, "with_df") or mf.with_df.get_naoaux() != mf.with_df.auxmol.nao:
        return False
    if not hasattr(mf, "grids"):
        return True
    omega, _, _ = mf._numint.rsh_and_hybrid_coeff(mf.xc, spin=mf.mol.spin)
    return omega == 0 and not mf.do_nlc()


def _by_pyscf(mf: Any, gradients: Any) -> FloatArray:
    """The general case: PySCF's gradient and, if there is a grid, its response."""
    if not hasattr(mf, "grids"):
        return np.asarray(gradients.kernel())
    if mf.do_nlc():
        # PySCF's own response takes the wrong cells next to atoms with a core potential.
        gradients.grid_response = not mf.mol.has_ecp()
        return np.asarray(gradients.kernel())
    _, response = grid_gradient(mf, _occupied(mf)[1])
    return np.asarray(gradients.kernel() + response)


def _exact_exchange(mf: Any) -> float:
    if not hasattr(mf, "grids"):
        return 1.0
    return float(mf._numint.rsh_and_hybrid_coeff(mf.xc, spin=mf.mol.spin)[2])


def _occupied(mf: Any) -> tuple[FloatArray, list[FloatArray]]:
    """Density matrix and occupied orbitals of each spin."""
    n = mf.mol.nao
    density = np.asarray(mf.make_rdm1()).reshape(-1, n, n)
    coefficients = np.asarray(mf.mo_coeff).reshape(len(density), n, -1)
    occupations = np.asarray(mf.mo_occ).reshape(len(density), -1)
    return density.sum(axis=0), [
        c[:, o > 0] for c, o in zip(coefficients, occupations, strict=True)
    ]


def _one_electron(mf: Any, gradients: Any, density: FloatArray) -> FloatArray:
    """(N, 3) from kinetic energy, nuclear attraction, core potentials and overlap."""
    mol = mf.mol
    weighted = np.asarray(gradients.make_rdm1e(mf.mo_energy, mf.mo_coeff, mf.mo_occ))
    weighted = weighted.reshape(-1, mol.nao, mol.nao).sum(axis=0)
    overlap = gradients.get_ovlp(mol)
    core = gradients.hcore_generator(mol)
    result = np.zeros((mol.natm, 3))
    for atom, (_, _, first, last) in enumerate(mol.aoslice_by_atom()):
        result[atom] = np.einsum("xmn,mn->x", core(atom), density)
        result[atom] -= 2 * np.einsum("xmn,mn->x", overlap[:, first:last], weighted[first:last])
    return result
