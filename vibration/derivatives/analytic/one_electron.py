"""One-electron parts of the first and second derivatives.

The place of a nucleus enters through its basis functions and its attraction. The derivative
of an integral with respect to the nucleus follows from those with respect to both functions,
because moving all three together changes nothing. The second derivatives are contracted with
the density atom by atom; matrices of second derivatives between pairs of nuclei are not kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .state import FloatArray, State


def core_derivatives(state: State, atoms: tuple[int, ...]) -> FloatArray:
    """(n_atom, 3, n_basis, n_basis) derivatives of the one-electron Hamiltonian, Eh/bohr."""
    generate = state.mean_field.nuc_grad_method().hcore_generator(state.mol)
    return np.array([generate(atom) for atom in atoms])


def overlap_derivatives(state: State) -> list[FloatArray]:
    """For each spin the (3N, n_orbital, n_occupied) derivatives of the overlap, 1/bohr."""
    mol = state.mol
    moved = -mol.intor("int1e_ipovlp", comp=3)
    out = []
    for spin in state.spins:
        blocks = []
        for first, last in _functions(mol):
            rows = moved[:, first:last]
            block = spin.coefficients[first:last].T @ (rows @ spin.occupied)
            block += (rows @ spin.coefficients).transpose(0, 2, 1) @ spin.occupied[first:last]
            blocks.append(block)
        out.append(np.concatenate(blocks))
    return out


def dipole_derivatives(state: State) -> FloatArray:
    """(3, N, 3) derivatives of the dipole of fixed orbitals' electrons and the nuclei, e.

    The first index is the component of the dipole.
    """
    mol, density = state.mol, state.density
    n = mol.nao
    # Component 3a + b of int1e_irp is ⟨m|r_a ∂_b n⟩.
    moments = mol.intor("int1e_irp", comp=9).reshape(3, 3, n, n)
    by_function = 2 * np.einsum("abmn,mn->abn", moments, density)
    sums = np.array([by_function[:, :, i:j].sum(axis=2) for i, j in _functions(mol)])
    nuclei = mol.atom_charges()[:, None, None] * np.eye(3)
    return np.ascontiguousarray((sums + nuclei).transpose(1, 0, 2))


def core_rows(state: State, atoms: tuple[int, ...]) -> FloatArray:
    """(n_atom, 3, N, 3) second derivatives of core Hamiltonian and overlap, Eh/bohr².

    Fixed density matrices; the rows of the named atoms.
    """
    mol = state.mol
    rows = np.zeros((len(atoms), 3, mol.natm, 3))
    density, weighted = state.density, state.weighted_density
    names = [("int1e_ipipkin", "int1e_ipkinip"), ("int1e_ipipnuc", "int1e_ipnucip")]
    if mol.has_ecp():
        names.append(("ECPscalar_ipipnuc", "ECPscalar_ipnucip"))
    terms = [(name, density) for name in names]
    terms.append((("int1e_ipipovlp", "int1e_ipovlpip"), -weighted))
    for (both, each), matrix in terms:
        integrals = mol.intor(both, comp=9), mol.intor(each, comp=9)
        _add_functions(rows, atoms, mol, *integrals, matrix)
    for nucleus in range(mol.natm):
        _add_nucleus(rows, atoms, mol, nucleus, density)
    return rows


def _add_functions(
    rows: FloatArray,
    atoms: tuple[int, ...],
    mol: Any,
    both: FloatArray,
    each: FloatArray,
    density: FloatArray,
) -> None:
    """Both derivatives act on basis functions: on the same one, or on one each."""
    slices = _functions(mol)
    for row, atom in enumerate(atoms):
        i, j = slices[atom]
        rows[row, :, atom] += 2 * np.einsum("xmn,mn->x", both[:, i:j], density[i:j]).reshape(3, 3)
        products = np.einsum("xmn,mn->xn", each[:, i:j], density[i:j])
        for other, (k, last) in enumerate(slices):
            rows[row, :, other] += 2 * products[:, k:last].sum(axis=1).reshape(3, 3)


def _add_nucleus(
    rows: FloatArray, atoms: tuple[int, ...], mol: Any, nucleus: int, density: FloatArray
) -> None:
    """At least one derivative acts on the attraction by one nucleus."""
    slices = _functions(mol)
    everything = nucleus in atoms
    needed = range(mol.natm) if everything else atoms
    mixed = {}
    with mol.with_rinv_at_nucleus(nucleus):
        for atom in needed:
            i, j = slices[atom]
            integrals = _attraction(mol, nucleus, atom)
            # The function moves along the first axis, the nucleus along the second.
            mixed[atom] = 2 * np.einsum("xmn,mn->x", integrals, density[i:j]).reshape(3, 3)
    for row, atom in enumerate(atoms):
        rows[row, :, nucleus] += mixed[atom]
        if atom == nucleus:
            for other, block in mixed.items():
                rows[row, :, other] += block.T
            rows[row, :, nucleus] -= sum(mixed.values()).T


def _attraction(mol: Any, nucleus: int, atom: int) -> FloatArray:
    """(9, n, n_basis) ⟨∂∂m|V|n⟩ + ⟨∂m|V|∂n⟩ for functions m of an atom; V < 0 is left out."""
    shells = mol.aoslice_by_atom()[atom]
    part = (int(shells[0]), int(shells[1]), 0, mol.nbas)

    def integrals(name: str) -> FloatArray:
        return np.asarray(mol.intor(name, comp=9, shls_slice=part))

    total = np.asarray(integrals("int1e_ipiprinv") + integrals("int1e_iprinvip"))
    total *= mol.atom_charge(nucleus)
    if mol.has_ecp() and nucleus in mol._ecpbas[:, 0]:
        total -= integrals("ECPscalar_ipiprinv") + integrals("ECPscalar_iprinvip")
    return total


def _functions(mol: Any) -> list[tuple[int, int]]:
    return [(int(first), int(last)) for first, last in mol.aoslice_by_atom()[:, 2:]]
