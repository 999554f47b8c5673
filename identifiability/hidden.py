"""Hidden isotopic symmetry: rotations of the normal modes that no isotopologue of a family sees.

Let one element be substituted freely. In mass-weighted Cartesian coordinates take the
orthogonal maps A that

- are block diagonal: 3×3 on each atom that is substituted, one block on all the others, so
  that they commute with every pattern of masses;
- commute with the point group;
- carry the span of translations and rotations into itself.

Then W → A W Aᵀ leaves the spectra of *all* those isotopologues unchanged. Let K be the group
of these maps and K₀ the part that changes no symmetric W at all. The orbit of a force field
has up to dim K − dim K₀ dimensions that the family cannot determine, whatever is measured of
the line positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pointgroup.errors import MoleculeError
from .parameters import SymmetricParameters
from .space import InternalSpace, rigid_motions

FloatArray = NDArray[np.float64]

_ZERO = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class HiddenSymmetry:
    """The Lie algebra of the hidden symmetry of a family of isotopologues.

    Attributes
    ----------
    element : str
        What is substituted.
    generators : (k, 3N, 3N)
        Antisymmetric, mass-weighted, orthonormal: they move some symmetric force field.
    n_trivial : int
        dim K₀: generators that move none.
    certificate : float
        Largest violation of the defining equations by the generators.
    """

    element: str
    generators: FloatArray
    n_trivial: int
    certificate: float

    @property
    def dimension(self) -> int:
        """Lower bound of the number of undetermined constants, dim K − dim K₀."""
        return len(self.generators)


def hidden_symmetry(space: InternalSpace, element: str) -> HiddenSymmetry:
    """The hidden symmetry of the isotopologues that differ in one element.

    Raises
    ------
    MoleculeError
        If the molecule has no atom of the element.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> hidden_symmetry(InternalSpace.of(example("benzene")), "H").dimension
    1
    """
    symbols = space.molecule.symbols
    if element not in symbols:
        raise MoleculeError(
            f"{space.molecule.formula} has no {element}: substitute one of "
            f"{', '.join(sorted(set(symbols)))}"
        )
    candidates = _invariant(space, _block_basis(symbols, element))
    motions = _weighted_motions(space)
    rigid = motions.T @ motions
    algebra = _solutions(candidates, candidates @ rigid - rigid @ candidates)
    moved = _moved(space, algebra, motions)
    acting, trivial = _split(algebra, moved)
    return HiddenSymmetry(element, acting, trivial, _violation(space, acting, rigid, element))


def _block_basis(symbols: tuple[str, ...], element: str) -> FloatArray:
    """Antisymmetric matrices of the allowed blocks, orthonormal; (m, 3N, 3N)."""
    n = 3 * len(symbols)
    free = [np.arange(3 * a, 3 * a + 3) for a, s in enumerate(symbols) if s == element]
    rest = [3 * a + k for a, s in enumerate(symbols) if s != element for k in range(3)]
    pairs = [
        (block[i], block[j])
        for block in [*free, np.array(rest, dtype=int)]
        for i, j in zip(*np.triu_indices(len(block), 1), strict=True)
    ]
    out = np.zeros((len(pairs), n, n))
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    out[np.arange(len(pairs)), rows, columns] = 0.5**0.5
    out[np.arange(len(pairs)), columns, rows] = -(0.5**0.5)
    return out


def _invariant(space: InternalSpace, basis: FloatArray) -> FloatArray:
    """Orthonormal matrices in the span of the basis that commute with the point group."""
    n = space.molecule.n_atoms
    total = np.zeros_like(basis).reshape(-1, n, 3, n, 3)
    blocks = basis.reshape(-1, n, 3, n, 3)
    for r, p in zip(space.symmetry.matrices, space.symmetry.permutations, strict=True):
        moved = np.einsum("ab,mibjd,cd->miajc", r, blocks, r, optimize=True)
        total[:, p[:, None], :, p[None, :], :] += moved.transpose(1, 3, 0, 2, 4)
    averaged = total.reshape(len(basis), -1) / len(space.symmetry.matrices)
    overlap = averaged @ basis.reshape(len(basis), -1).T
    values, vectors = np.linalg.eigh((overlap + overlap.T) / 2)
    return np.asarray(np.tensordot(vectors[:, values > 0.5].T, basis, axes=1))


def _weighted_motions(space: InternalSpace) -> FloatArray:
    """(r, 3N) orthonormal mass-weighted translations and rotations."""
    roots = np.repeat(np.sqrt(space.molecule.masses), 3)
    return np.asarray(np.linalg.qr((rigid_motions(space.molecule.positions) * roots).T)[0].T)


def _solutions(candidates: FloatArray, residuals: FloatArray) -> FloatArray:
    """Orthonormal combinations of the candidates whose residuals vanish."""
    if not len(candidates):
        return candidates
    gram = residuals.reshape(len(candidates), -1)
    values, vectors = np.linalg.eigh(gram @ gram.T)
    return np.asarray(np.tensordot(vectors[:, values < _ZERO].T, candidates, axes=1))


def _moved(space: InternalSpace, algebra: FloatArray, motions: FloatArray) -> FloatArray:
    """(k, P, d²) change [a, W] of each symmetric W by each element of the algebra."""
    roots = np.repeat(np.sqrt(space.molecule.masses), 3)
    # Mass-weighted force constants live on M^(-1/2) B; an orthonormal basis of its span.
    weighted = space.basis / roots[:, None]
    inner = np.linalg.qr(np.eye(len(roots)) - motions.T @ motions)[0]
    values, vectors = np.linalg.eigh(np.eye(len(roots)) - motions.T @ motions)
    inner = vectors[:, values > 0.5]
    to_inner = inner.T @ weighted
    parameters = SymmetricParameters(space)
    forces = [parameters.assemble(e) for e in np.eye(len(parameters.names))]
    within = [to_inner @ f @ to_inner.T for f in forces]
    small = np.einsum("xi,kxy,yj->kij", inner, algebra, inner, optimize=True)
    return np.array([[(a @ w - w @ a).ravel() for w in within] for a in small])


def _split(algebra: FloatArray, moved: FloatArray) -> tuple[FloatArray, int]:
    """The part of the algebra that moves a force field, and the dimension of the rest."""
    if not len(algebra):
        return algebra, 0
    flat = moved.reshape(len(algebra), -1)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    acting = vectors[:, values > _ZERO * max(1.0, float(values[-1]))]
    return np.tensordot(acting.T, algebra, axes=1), len(algebra) - acting.shape[1]


def _violation(
    space: InternalSpace, generators: FloatArray, rigid: FloatArray, element: str
) -> float:
    """Largest element by which generators miss what defines them."""
    if not len(generators):
        return 0.0
    numbers = np.array([s == element for s in space.molecule.symbols])
    worst = float(np.abs(generators @ rigid - rigid @ generators).max())
    for atom in np.flatnonzero(numbers):
        mass = np.zeros(3 * len(numbers))
        mass[3 * atom : 3 * atom + 3] = 1
        worst = max(worst, float(np.abs(generators * (mass[:, None] - mass)).max()))
    n = len(numbers)
    for r, p in zip(space.symmetry.matrices, space.symmetry.permutations, strict=True):
        moved = np.einsum("ab,mibjd,cd->miajc", r, generators.reshape(-1, n, 3, n, 3), r)
        turned = generators.reshape(-1, n, 3, n, 3)[:, p][:, :, :, p]
        worst = max(worst, float(np.abs(turned - moved).max()))
    return worst
