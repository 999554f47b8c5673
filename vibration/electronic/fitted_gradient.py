"""Gradient of the Coulomb and exchange energy with density fitting.

E = ½ Γ_Pmn (P|mn) over the fitting functions P, with Γ = d D − x C c C^T, where d and c are
the fitted densities and orbital products, x the share of exact exchange. Its derivative is one
contraction of Γ with (∇m n|P) — the derivative with respect to the place of P follows from
translation — and one of γ_PQ with (∇P|Q): F. Weigend, M. Häser, Theor. Chem. Acc. 97 (1997)
331, eq. 14. PySCF builds potential matrices instead, which serve other ends too and cost more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .grid_gradient import by_atom

FloatArray = NDArray[np.float64]

BLOCK = 4e7
"""Numbers in the largest temporary array: 320 MB."""


def fitted_gradient(mf: Any, orbitals: list[FloatArray], exchange: float) -> FloatArray:
    """(N, 3) derivative of the two-electron energy at fixed orbitals, Eh/bohr.

    Parameters
    ----------
    mf : pyscf.scf object with density fitting, self-consistent
    orbitals : list of (n_basis, n_occupied)
        Occupied orbitals: one array if they are doubly occupied, else one for each spin.
    exchange : float
        Share of exact exchange.
    """
    mol, auxiliary = mf.mol, mf.with_df.auxmol
    metric = np.linalg.cholesky(auxiliary.intor("int2c2e"))
    fitted = [_fitted(mf, metric, c) for c in orbitals]
    filled = 3 - len(orbitals)
    density = filled * sum(c @ c.T for c in orbitals)
    charges = filled * sum(np.einsum("pii->p", products) for products in fitted)
    by_function = np.zeros((3, mol.nao))
    by_fit = _metric_part(auxiliary, charges, fitted, exchange * filled)
    for first, last, integrals in _integrals(mol, auxiliary):
        weights = charges[first:last, None, None] * density
        if exchange:
            for c, products in zip(orbitals, fitted, strict=True):
                weights -= exchange * filled * (c @ products[first:last] @ c.T)
        for x in range(3):
            contracted = np.einsum("pnm,pnm->pm", integrals[x], weights)
            by_function[x] -= 2 * contracted.sum(axis=0)
            by_fit[x, first:last] += 2 * contracted.sum(axis=1)
    return by_atom(mol, by_function) + by_atom(auxiliary, by_fit)


def _fitted(mf: Any, metric: FloatArray, orbitals: FloatArray) -> FloatArray:
    """(n_fit, n_occupied, n_occupied) coefficients of orbital products in the fitting basis."""
    from pyscf import lib
    from scipy.linalg import solve_triangular

    blocks = []
    for packed in mf.with_df.loop():
        half = lib.unpack_tril(packed) @ orbitals
        blocks.append(orbitals.T @ half)
    products = np.concatenate(blocks)
    # PySCF keeps L⁻¹(P|mn) for the metric L L^T.
    flat = solve_triangular(metric, products.reshape(len(products), -1), lower=True, trans=1)
    return np.asarray(flat.reshape(products.shape))


def _metric_part(
    auxiliary: Any, charges: FloatArray, fitted: list[FloatArray], exchange: float
) -> FloatArray:
    """(3, n_fit) contribution of the derivative of the metric."""
    weights = np.outer(charges, charges)
    if exchange:
        for products in fitted:
            flat = products.reshape(len(products), -1)
            weights -= exchange * (flat @ flat.T)
    return np.asarray(np.einsum("xpq,pq->xp", auxiliary.intor("int2c2e_ip1"), weights))


def _integrals(mol: Any, auxiliary: Any) -> Any:
    """Blocks of fitting functions: first, last, and (∇m n|P) as (3, P, n, m)."""
    from pyscf.df.grad.rhf import _int3c_wrapper, balance_partition

    integrals = _int3c_wrapper(mol, auxiliary, "int3c2e_ip1", "s1")
    offsets = auxiliary.ao_loc
    size = int(min(max(BLOCK / (4 * mol.nao**2), 20), auxiliary.nao, 240))
    for first, last, _ in balance_partition(offsets, size):
        block = integrals((0, mol.nbas, 0, mol.nbas, first, last)).transpose(0, 3, 2, 1)
        yield offsets[first], offsets[last], block
