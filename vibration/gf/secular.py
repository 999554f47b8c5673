"""The secular equation |GF − λ| = 0, irrep by irrep.

In an irrep with symmetry coordinates S = U q the block D = U B M^(−1/2) has the singular value
decomposition P σ Qᵀ, so G = P σ² Pᵀ even where the coordinates are redundant and G is singular.
GF L = L λ then is the symmetric eigenproblem of σ Pᵀ F P σ, and Q carries its vectors back to
the atoms. A degenerate irrep is solved once; the other partners follow from theirs.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), sections 4-3, 6-5
and appendix VIII.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule, Symmetry
from ..internal import InternalCoordinates, internal_coordinates
from ..internal.complete import SMALLEST_SINGULAR_VALUE
from .errors import ForceFieldError
from .matrices import (
    checked_force_constants,
    f_matrix,
    mass_weighted_b,
    wavenumbers,
)
from .symmetry import SymmetrisedCoordinates, SymmetryBlock, SymmetryChoice, symmetrised

FloatArray = NDArray[np.float64]
LARGEST_ASYMMETRY = 1e-3
"""Largest part of F, relative to the largest eigenvalue, that may lack the symmetry."""


@dataclass(frozen=True, slots=True, eq=False)
class GFModes:
    """Normal modes from G and F, lowest first; n_vib = 3N − 6, 3N − 5 on a line.

    Attributes
    ----------
    coordinates : InternalCoordinates
        On the symmetrised geometry of this isotopologue.
    symmetry : Symmetry
    force_constants : (n, n), mdyn/Å, mdyn/rad, mdyn·Å/rad²
        As given.
    eigenvalues : (n_vib,), mdyn/(Å u)
    wavenumbers : (n_vib,), cm⁻¹
        Imaginary ones as negative numbers; partners of a degenerate set are exactly equal.
    irreps : tuple of str, n_vib
    sets : (n_vib,) int
        Number of the degenerate set of each mode, counted from 0.
    internal : (n, n_vib), Å or rad per Å u^(1/2)
        L: the change of each internal coordinate with each normal coordinate, q = L Q.
    cartesian : (n_vib, N, 3), u^(−1/2)
        Displacements of the atoms with each normal coordinate.
    asymmetry : float
        Largest part of F between modes that symmetry forbids, relative to the largest
        eigenvalue; left out of the modes.
    """

    coordinates: InternalCoordinates
    symmetry: Symmetry
    force_constants: FloatArray
    eigenvalues: FloatArray
    wavenumbers: FloatArray
    irreps: tuple[str, ...]
    sets: NDArray[np.int64]
    internal: FloatArray
    cartesian: FloatArray
    asymmetry: float

    def __len__(self) -> int:
        return len(self.wavenumbers)

    @property
    def molecule(self) -> Molecule:
        """The isotopologue, on the symmetrised geometry."""
        return self.coordinates.molecule

    def fundamentals(self) -> list[tuple[str, float]]:
        """Irrep and wavenumber of each degenerate set, in the order of the modes."""
        first = np.unique(self.sets, return_index=True)[1]
        return [(self.irreps[i], float(self.wavenumbers[i])) for i in first]


def wilson_gf(
    molecule: Molecule,
    force_constants: ArrayLike,
    coordinates: InternalCoordinates | None = None,
    *,
    symmetry: SymmetryChoice = "detect",
) -> GFModes:
    """Harmonic wavenumbers and modes of a molecule with given force constants.

    Parameters
    ----------
    molecule : Molecule
        Equilibrium geometry and masses.
    force_constants : (n, n) or (n,), mdyn/Å, mdyn/rad, mdyn·Å/rad²
        In the order of the coordinates; a vector is a diagonal force field.
    coordinates : InternalCoordinates, optional
        Default: ``internal_coordinates(molecule)``. Those of another isotopologue will do.
    symmetry : Symmetry, "detect" or "none"
        "none" solves one block, for force constants without the symmetry of the geometry.

    Raises
    ------
    ForceFieldError
        If the number of force constants is wrong, F is not symmetric or lacks the symmetry of
        the molecule, or the coordinates do not describe all vibrations.
    CoordinateError
        If a coordinate is undefined at this geometry.

    Examples
    --------
    Harmonic force field of water (A. R. Hoy, I. M. Mills, G. Strey, Mol. Phys. 24 (1972) 1265):

    >>> from spektron.pointgroup import example
    >>> F = [[8.454, -0.101, 0.219], [-0.101, 8.454, 0.219], [0.219, 0.219, 0.697]]
    >>> modes = wilson_gf(example("water"), F)
    >>> [(irrep, round(nu)) for irrep, nu in modes.fundamentals()]
    [('A1', 1648), ('A1', 3832), ('B2', 3942)]
    """
    chosen = internal_coordinates(molecule) if coordinates is None else coordinates.on(molecule)
    f = checked_force_constants(chosen, force_constants)
    return solve(symmetrised(chosen, symmetry), f)


def gf_analysis(
    molecule: Molecule,
    hessian: ArrayLike,
    coordinates: InternalCoordinates | None = None,
    *,
    gradient: ArrayLike | None = None,
    symmetry: SymmetryChoice = "detect",
) -> GFModes:
    """Normal modes in internal coordinates from a Cartesian Hessian.

    Parameters
    ----------
    molecule : Molecule
        Geometry of the Hessian, with the masses of the isotopologue.
    hessian : (3N, 3N), Eh/bohr²
    coordinates : InternalCoordinates, optional
        Default: ``internal_coordinates(molecule)``.
    gradient : (N, 3), Eh/bohr, optional
        See `f_matrix`.
    symmetry : Symmetry, "detect" or "none"

    Raises
    ------
    ForceFieldError, CoordinateError
        As in `wilson_gf` and `f_matrix`.
    """
    chosen = internal_coordinates(molecule) if coordinates is None else coordinates.on(molecule)
    of = symmetrised(chosen, symmetry)
    return solve(of, f_matrix(of.coordinates, hessian, gradient=gradient))


def solve(of: SymmetrisedCoordinates, force_constants: FloatArray) -> GFModes:
    """Modes of checked force constants (n, n), block by block.

    Raises
    ------
    ForceFieldError
        If F lacks the symmetry by more than `LARGEST_ASYMMETRY`.
    """
    b = mass_weighted_b(of.coordinates)
    found: list[tuple[float, str, FloatArray]] = []
    for block in of.blocks:
        solve_block = _solve_real if block.is_real else _solve_pair
        found += [(x, block.irrep, v) for x, v in solve_block(block, b, force_constants, of)]
    found.sort(key=lambda one: one[0])
    sizes = [len(v) for _, _, v in found]
    eigenvalues = np.repeat([x for x, _, _ in found], sizes).astype(float)
    vectors = np.concatenate([np.zeros((0, b.shape[1])), *(v for _, _, v in found)])
    asymmetry = _asymmetry(b, force_constants, eigenvalues, vectors)
    if asymmetry > LARGEST_ASYMMETRY:
        raise ForceFieldError(
            f"F lacks the symmetry {of.symmetry.group} of the geometry by {asymmetry:.1e} of its "
            f"largest eigenvalue (limit {LARGEST_ASYMMETRY:g}): make equivalent force constants "
            "equal, or pass symmetry='none'"
        )
    molecule = of.coordinates.molecule
    return GFModes(
        coordinates=of.coordinates,
        symmetry=of.symmetry,
        force_constants=force_constants,
        eigenvalues=eigenvalues,
        wavenumbers=wavenumbers(eigenvalues),
        irreps=tuple(irrep for _, irrep, v in found for _ in v),
        sets=np.repeat(np.arange(len(found)), sizes),
        internal=b @ vectors.T,
        cartesian=vectors.reshape(-1, molecule.n_atoms, 3) / np.sqrt(molecule.masses)[:, None],
        asymmetry=asymmetry,
    )


def _solve_real(
    block: SymmetryBlock, b: FloatArray, f: FloatArray, of: SymmetrisedCoordinates
) -> list[tuple[float, FloatArray]]:
    """Eigenvalue and mass-weighted partners (d, 3N) of each set of a real irrep."""
    d = np.einsum("ckn,nx->kcx", block.vectors, b, optimize=True)
    left, values, _ = _ranged(d[0], block.n_vib, block.irrep, of)
    scaled = left * values
    mean_f = sum(u @ f @ u.T for u in block.vectors.swapaxes(0, 1)) / block.dimension
    eigenvalues, c = np.linalg.eigh(scaled.T @ mean_f @ scaled)
    partners = np.einsum("kcx,cm->mkx", d, left / values @ c)
    return list(zip(eigenvalues.tolist(), partners, strict=True))


def _solve_pair(
    block: SymmetryBlock, b: FloatArray, f: FloatArray, of: SymmetrisedCoordinates
) -> list[tuple[float, FloatArray]]:
    """The same for a pair of complex-conjugate irreps, whose partners F may couple."""
    u = block.vectors.reshape(-1, len(f))
    left, values, right = _ranged(u @ b, 2 * block.n_vib, block.irrep, of)
    scaled = left * values
    eigenvalues, c = np.linalg.eigh(scaled.T @ u @ f @ u.T @ scaled)
    partners = (right @ c).T.reshape(block.n_vib, 2, -1)
    return list(zip(eigenvalues.reshape(-1, 2).mean(axis=1).tolist(), partners, strict=True))


def _ranged(
    d: FloatArray, rank: int, irrep: str, of: SymmetrisedCoordinates
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The ``rank`` leading singular triples of a block of B M^(−1/2)."""
    p, s, qt = np.linalg.svd(d, full_matrices=False)
    molecule = of.coordinates.molecule
    limit = SMALLEST_SINGULAR_VALUE / np.sqrt(molecule.masses.max())
    if len(s) < rank or s[rank - 1] < limit:
        raise ForceFieldError(
            f"the coordinates describe {int((s > limit).sum())} of the {rank} vibrations {irrep} "
            f"of {molecule.formula}: add coordinates, or take internal_coordinates()"
        )
    return p[:, :rank], s[:rank], qt[:rank].T


def _asymmetry(b: FloatArray, f: FloatArray, eigenvalues: FloatArray, v: FloatArray) -> float:
    """Largest element of F between different modes, and of its deviation from λ, over max |λ|."""
    if not len(v):
        return 0.0
    q = v @ b.T
    rest = q @ f @ q.T - np.diag(eigenvalues)
    return float(np.abs(rest).max() / max(np.abs(eigenvalues).max(), 1e-12))
