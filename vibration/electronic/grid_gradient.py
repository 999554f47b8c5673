"""Gradient of the exchange–correlation energy on a grid that moves with the atoms.

The functional is a sum over grid points, E = Σ_g w_g f(ρ_g, ∇ρ_g, τ_g). Three things change
with a nucleus: its basis functions, its grid points, and the weights: B. G. Johnson,
P. M. W. Gill, J. A. Pople, J. Chem. Phys. 98 (1993) 5612. The sum over the atoms vanishes
exactly. Functions are contracted with the density at each point, which costs
n_basis × n_occupied per point; PySCF's potential matrices cost n_basis² and agree to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .becke import BeckeCells

FloatArray = NDArray[np.float64]

POINTS = 1680
"""Grid points treated together; a multiple of PySCF's blocks of 56."""
SMALLEST_WEIGHT = 1e-13
"""bohr³; points of less weight are left out."""
SECOND = ((4, 5, 6), (5, 7, 8), (6, 8, 9))
"""Place of ∂x∂y among PySCF's derivatives of basis functions."""


def grid_gradient(mf: Any, orbitals: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Derivative of the exchange–correlation energy at fixed orbitals, Eh/bohr.

    Parameters
    ----------
    mf : pyscf.dft object
        Its functional, without a non-local part, and its grid.
    orbitals : list of (n_basis, n_occupied)
        Occupied orbitals: one array if they are doubly occupied, else one for each spin.

    Returns
    -------
    functions : (N, 3)
        With the grid at rest.
    grid : (N, 3)
        The response of points and weights.
    """
    mol = mf.mol
    cells = BeckeCells.of(mf.grids)
    functions, grid = np.zeros((2, mol.natm, 3))
    for atom in range(mol.natm):
        coords, volumes, weights = cells.points(atom)
        energies = np.zeros(len(weights))
        by_function = np.zeros((3, mol.nao))
        kept = np.flatnonzero(np.abs(weights) > SMALLEST_WEIGHT)
        for first in range(0, len(kept), POINTS):
            chosen = kept[first : first + POINTS]
            energies[chosen] = _by_function(
                mf, orbitals, coords[chosen], weights[chosen], by_function
            )
        functions += by_atom(mol, by_function)
        # Moving the points is the opposite of moving all functions.
        grid[atom] -= by_function.sum(axis=1)
        grid += cells.weight_response(atom, coords[kept], (energies * volumes)[kept])
    return functions, grid


def by_atom(mol: Any, by_function: FloatArray) -> FloatArray:
    """(N, 3) sums over the functions of each atom of (3, n_functions)."""
    slices = mol.aoslice_by_atom()[:, 2:]
    return np.array([by_function[:, first:last].sum(axis=1) for first, last in slices])


def _by_function(
    mf: Any,
    orbitals: list[FloatArray],
    coords: FloatArray,
    weights: FloatArray,
    by_function: FloatArray,
) -> FloatArray:
    """Energy per volume (n_points,); the change with each function is added to the last."""
    integrator, kind = mf._numint, mf._numint._xc_type(mf.xc)
    functions, active = _functions(mf, coords, 1 if kind == "LDA" else 2)
    filled = 3 - len(orbitals)
    parts = [_contracted(functions, c[active], filled, kind) for c in orbitals]
    density = np.array([_density(functions, part, kind) for part in parts])
    one = len(parts) == 1
    energy, slopes = integrator.eval_xc_eff(
        mf.xc, density[0] if one else density, deriv=1, xctype=kind, spin=0 if one else 1
    )[:2]
    slopes = slopes.reshape(density.shape) * weights
    for part, slope in zip(parts, slopes, strict=True):
        by_function[:, active] -= 2 * _moved(functions, part, slope, kind)
    return np.asarray(energy * density[:, 0].sum(axis=0))


def _functions(mf: Any, coords: FloatArray, order: int) -> tuple[FloatArray, Any]:
    """Basis functions that are not negligible, with derivatives: (n_deriv, n_points, n_active)."""
    from pyscf.dft.gen_grid import make_mask

    mol = mf.mol
    mask = make_mask(mol, coords)
    values = mf._numint.eval_ao(mol, coords, deriv=order, non0tab=mask, cutoff=mf.grids.cutoff)
    offsets = mol.ao_loc
    shells = [range(offsets[i], offsets[i + 1]) for i in np.flatnonzero(mask.any(axis=0))]
    active = np.array([m for shell in shells for m in shell], dtype=np.intp)
    if len(active) == mol.nao:
        return values, slice(None)
    return values[:, :, active], active


def _contracted(
    functions: FloatArray, orbitals: FloatArray, filled: int, kind: str
) -> list[FloatArray]:
    """The density matrix applied to the functions and, beyond LDA, their gradients."""
    n = 1 if kind == "LDA" else 4
    back = filled * orbitals.T
    return [(functions[k] @ orbitals) @ back for k in range(n)]


def _density(functions: FloatArray, part: list[FloatArray], kind: str) -> FloatArray:
    """ρ; ∇ρ; τ, as the kind of functional needs them: (n_rows, n_points)."""
    rows = [_along(functions[0], part[0])]
    if kind != "LDA":
        rows += [2 * _along(functions[k], part[0]) for k in (1, 2, 3)]
    if kind == "MGGA":
        rows.append(_along(functions[1:4], np.array(part[1:])).sum(axis=0) / 2)
    return np.array(rows)


def _moved(
    functions: FloatArray, part: list[FloatArray], slope: FloatArray, kind: str
) -> FloatArray:
    """(3, n_functions) ½ change of the energy as each function moves against its atom."""
    value = slope[0, :, None] * part[0]
    if kind == "LDA":
        return np.array([_down(functions[x], value) for x in (1, 2, 3)])
    first = [slope[k, :, None] * part[0] for k in (1, 2, 3)]
    for k in (1, 2, 3):
        value += slope[k, :, None] * part[k]
        if kind == "MGGA":
            first[k - 1] += slope[4, :, None] / 2 * part[k]
    return np.array(
        [
            _down(functions[x + 1], value)
            + sum(_down(functions[SECOND[x][y]], first[y]) for y in range(3))
            for x in range(3)
        ]
    )


def _along(left: FloatArray, right: FloatArray) -> FloatArray:
    """(…, n_points) products summed over the functions."""
    return np.asarray(np.einsum("...gm,...gm->...g", left, right))


def _down(left: FloatArray, right: FloatArray) -> FloatArray:
    """(n_functions,) products summed over the points."""
    return np.asarray(np.einsum("gm,gm->m", left, right))
