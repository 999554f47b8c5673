"""Symmetry-adapted normal modes: those of a Hessian averaged over the point group.

A Hessian from a calculation has its symmetry only to the noise of grids, and modes of
different irreps that nearly coincide mix in its eigenvectors. The averaged Hessian is block
diagonal in symmetry coordinates: its modes have exact irreps and exact partners, and serve
as the axes along which the eigenvectors of the Hessian itself are laid (`aligned_modes`).

Phase and partners of the adapted modes:

- partners of a degenerate set transform with `irrep_matrices` of the standard frame;
- the largest mass-weighted component of the first partner is positive. Of components within
  1 % of the largest, that of the atom with the largest z, then y, then x counts, and on it z
  before y before x; all in the standard frame;
- of a merged complex pair (E of Cn, Cnh, S2n, T, Th), whose partners can turn into each other
  by any angle, the second partner is zero where the first has that component.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Symmetry, SymmetryCoordinates
from .labels import best_assignment, irrep_shares, irrep_spaces
from .rigid import rigid_motions

FloatArray = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class AdaptedModes:
    """Vibrations with exact symmetry, by irreps.

    Attributes
    ----------
    irreps : tuple of str, length n
    sets : (n,) int
    vectors : (3N, n)
        Mass-weighted, orthonormal, in the frame of the molecule.
    """

    irreps: tuple[str, ...]
    sets: Integers
    vectors: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class AlignedModes:
    """Eigenmodes of a Hessian, turned within near-degenerate clusters to pure symmetry.

    Attributes
    ----------
    curvatures : (n,), Eh/(bohr² u)
    irreps : tuple of str, length n
    purities : (n,)
    sets : (n,) int
    vectors : (3N, n)
    """

    curvatures: FloatArray
    irreps: tuple[str, ...]
    purities: FloatArray
    sets: Integers
    vectors: FloatArray


def adapted_modes(
    symmetry: Symmetry, weighted: FloatArray, spaces: tuple[SymmetryCoordinates, ...]
) -> AdaptedModes:
    """Modes of the (3N, 3N) mass-weighted Hessian averaged over the group.

    Parameters
    ----------
    weighted : (3N, 3N), Eh/(bohr² u)
    spaces : tuple of SymmetryCoordinates
        From `irrep_spaces`.
    """
    rigid = rigid_motions(
        symmetry.symmetrised_positions, symmetry.molecule.masses, linear=symmetry.group.is_linear
    )
    irreps: list[str] = []
    sets: list[int] = []
    vectors: list[FloatArray] = []
    for space in spaces:
        for partners in _modes_of(space, weighted, rigid):
            number = sets[-1] + 1 if sets else 0
            irreps += [space.irrep.label] * len(partners)
            sets += [number] * len(partners)
            vectors += list(_phased(partners, symmetry, is_pair=space.irrep.indicator == 0))
    shape = (len(irreps), 3 * symmetry.molecule.n_atoms)
    return AdaptedModes(tuple(irreps), np.array(sets, dtype=np.int64), np.reshape(vectors, shape).T)


def aligned_modes(
    symmetry: Symmetry,
    weighted: FloatArray,
    curvatures: FloatArray,
    vectors: FloatArray,
    clusters: list[NDArray[np.intp]],
) -> AlignedModes:
    """Label eigenmodes, and turn those of each cluster to the nearest pure symmetry.

    Inside the space of a cluster the turned modes are the orthonormal ones nearest to adapted
    modes (polar decomposition). Curvatures are those of the Hessian in the space of one set,
    so that they are its eigenvalues wherever a cluster is one set; they ascend within a set.

    Parameters
    ----------
    weighted : (3N, 3N), Eh/(bohr² u)
    curvatures : (n,), ascending
    vectors : (3N, n)
        Eigenvectors of ``weighted`` among the vibrations.
    clusters : list of index arrays
        Modes that may be turned among themselves.
    """
    spaces = irrep_spaces(symmetry)
    target = adapted_modes(symmetry, weighted, spaces)
    position = {space.irrep.label: k for k, space in enumerate(spaces)}
    column = np.array([position[label] for label in target.irreps], dtype=np.intp)
    overlap = vectors.T @ target.vectors
    chosen = _matched(irrep_shares(spaces, vectors.T)[:, column], overlap**2, clusters)
    values, turned = curvatures.copy(), vectors.copy()
    for members in clusters:
        chosen[members] = np.sort(chosen[members])
        turned[:, members] = _turned(vectors[:, members], target.vectors[:, chosen[members]])
        numbers = target.sets[chosen[members]]
        for same in (members[numbers == number] for number in np.unique(numbers)):
            if len(members) > 1:
                block = turned[:, same].T @ weighted @ turned[:, same]
                values[same] = np.linalg.eigvalsh((block + block.T) / 2)
    purities = irrep_shares(spaces, turned.T)[np.arange(len(chosen)), column[chosen]]
    irreps = tuple(target.irreps[c] for c in chosen)
    return AlignedModes(values, irreps, purities, target.sets[chosen], turned)


def _matched(
    shares: FloatArray, overlaps: FloatArray, clusters: list[NDArray[np.intp]]
) -> NDArray[np.intp]:
    """The adapted mode that each mode is taken for: by its irrep first, then by overlap.

    What counts is whether a cluster holds the irrep and the adapted mode, not how its modes
    share them out.
    """
    gains = np.empty_like(shares)
    for members in clusters:
        held = np.minimum(shares[members].sum(axis=0), 1)
        gains[members] = 10 * held + overlaps[members].sum(axis=0)
    return best_assignment(gains)


def _turned(vectors: FloatArray, target: FloatArray) -> FloatArray:
    """Orthonormal basis of the space of ``vectors`` nearest to ``target``; both (3N, k)."""
    left, _, right = np.linalg.svd(vectors.T @ target)
    return np.asarray(vectors @ (left @ right))


def _modes_of(
    space: SymmetryCoordinates, weighted: FloatArray, rigid: FloatArray
) -> list[FloatArray]:
    """Vibrations (d, 3N) of one irrep, by ascending curvature."""
    copies = space.vectors.reshape(*space.vectors.shape[:2], -1)
    is_pair = space.irrep.indicator == 0
    moved = copies @ rigid
    occupied, basis = np.linalg.eigh(_reduced(moved, moved, is_pair=is_pair))
    basis = basis[:, occupied < 0.5]
    block = _reduced(copies @ weighted, copies, is_pair=is_pair)
    coefficients = basis @ np.linalg.eigh(basis.conj().T @ block @ basis)[1]
    if not is_pair:
        return [np.einsum("c,cdx->dx", u, copies) for u in coefficients.T]
    return [_pair(u, copies) for u in coefficients.T]


def _reduced(left: FloatArray, right: FloatArray, *, is_pair: bool) -> NDArray[Any]:
    """The (c, c) matrix ⟨left_c | right_c'⟩ that all partners share; both (c, d, m).

    For a merged complex pair an invariant matrix is a·1 + b·J in each 2 × 2 block of
    partners, J their rotation by 90°, and is one Hermitian matrix a − ib.
    """
    blocks = np.einsum("akx,blx->klab", left, right, optimize=True)
    d = len(blocks)
    mean = sum(blocks[k, k] for k in range(d)) / d
    if not is_pair:
        return np.asarray(mean + mean.T) / 2
    turn = (blocks[0, 1] - blocks[1, 0]) / 2
    hermitian = mean - 1j * turn
    return np.asarray(hermitian + hermitian.conj().T) / 2


def _pair(coefficients: NDArray[Any], copies: FloatArray) -> FloatArray:
    """The two real partners of a complex vector over the copies of a merged pair."""
    first = coefficients.real @ copies[:, 0] + coefficients.imag @ copies[:, 1]
    second = coefficients.real @ copies[:, 1] - coefficients.imag @ copies[:, 0]
    return np.array([first, second])


def _phased(partners: FloatArray, symmetry: Symmetry, *, is_pair: bool) -> FloatArray:
    """The partners (d, 3N) with the phase of the module's rule."""
    local = (partners.reshape(len(partners), -1, 3) @ symmetry.frame.T)[:, _order(symmetry), ::-1]
    local = local.reshape(len(partners), -1)
    size = np.hypot(*local) if is_pair else np.abs(local[0])
    leading = int(np.argmax(size > 0.99 * size.max()))
    if not is_pair:
        return np.asarray(partners * np.sign(local[0, leading]))
    cosine, sine = local[:, leading] / size[leading]
    return np.array([[cosine, sine], [-sine, cosine]]) @ partners


def _order(symmetry: Symmetry) -> NDArray[np.intp]:
    """Atoms by descending z, then y, then x of the standard frame, to 0.001 Å."""
    x, y, z = -np.round(symmetry.standard_positions.T, 3)
    return np.lexsort((x, y, z))
