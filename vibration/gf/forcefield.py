"""The independent force constants of a molecule, in symmetry coordinates.

An irrep with n vibrations has n(n + 1)/2 of them, a pair of complex-conjugate irreps n²: its block
is Hermitian, with a real part that couples like partners and an imaginary part that couples the
two partners.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), sections 6-5 and
8-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr

from ..internal import InternalCoordinates
from .errors import ForceFieldError
from .matrices import VALENCE, checked_force_constants, mass_weighted_b, vibrational_range
from .symmetry import SymmetrisedCoordinates, SymmetryBlock, SymmetryChoice, symmetrised

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryForceField:
    """The independent force constants of a molecule, irrep by irrep.

    From redundant symmetry coordinates as many as there are vibrations are chosen, stretches
    before bends before torsions (pivoted QR of their rows of B, each times the root of the typical
    force constant of its kind).

    Attributes
    ----------
    of : SymmetrisedCoordinates
    blocks : tuple of SymmetryBlock
        Non-redundant: as many copies as vibrations.
    names : tuple of str
        "A1: O–H stretch, H–O–H bend" and the like, in the order of the parameters: irrep by
        irrep the upper triangle row by row; for a complex pair the imaginary parts after it.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.internal import internal_coordinates
    >>> field = SymmetryForceField.from_coordinates(internal_coordinates(example("water")))
    >>> field.names[:3]
    ('A1: O–H stretch', 'A1: O–H stretch, H–O–H bend', 'A1: H–O–H bend')
    >>> field.matrix([8.353, 0.310, 0.697, 8.555]).round(3)
    array([[ 8.454, -0.101,  0.219],
           [-0.101,  8.454,  0.219],
           [ 0.219,  0.219,  0.697]])
    """

    of: SymmetrisedCoordinates
    blocks: tuple[SymmetryBlock, ...]
    names: tuple[str, ...]

    @classmethod
    def from_coordinates(
        cls, coordinates: InternalCoordinates, symmetry: SymmetryChoice = "detect"
    ) -> SymmetryForceField:
        """The parametrisation that the symmetry of a molecule allows."""
        of = symmetrised(coordinates, symmetry)
        b = of.coordinates.b_matrix()
        roots = np.sqrt([VALENCE[c.kind] for c in of.coordinates])
        blocks = tuple(_independent(block, b, roots, of) for block in of.blocks)
        return cls(of, blocks, tuple(name for block in blocks for name in _names(block)))

    @property
    def coordinates(self) -> InternalCoordinates:
        """The internal coordinates, on the symmetrised geometry."""
        return self.of.coordinates

    @property
    def irreps(self) -> tuple[str, ...]:
        """Irrep of each parameter."""
        return tuple(block.irrep for block in self.blocks for _ in _names(block))

    def __len__(self) -> int:
        return len(self.names)

    def matrix(self, parameters: ArrayLike) -> FloatArray:
        """F in internal coordinates, (n, n)."""
        n = len(self.coordinates)
        out = np.zeros((n, n))
        for block, f in zip(self.blocks, self._split(parameters), strict=True):
            u = block.vectors
            out += np.einsum("akn,ab,bkm->nm", u, f.real, u, optimize=True)
            if not block.is_real:
                cross = np.einsum("an,ab,bm->nm", u[:, 0], f.imag, u[:, 1], optimize=True)
                out += cross + cross.T
        return out

    def parameters(self, force_constants: ArrayLike) -> FloatArray:
        """(P,) parameters of an F (n, n); the part of F that lacks the symmetry is dropped."""
        f = checked_force_constants(self.coordinates, force_constants)
        rows = np.concatenate([b.vectors.reshape(-1, len(f)) for b in self.blocks])
        within = rows @ mass_weighted_b(self.coordinates)
        # q = T S gives the internal coordinates from the independent symmetry coordinates
        to_internal = mass_weighted_b(self.coordinates) @ np.linalg.pinv(within)
        whole = to_internal.T @ f @ to_internal
        out, start = [], 0
        for block in self.blocks:
            n, d, _ = block.vectors.shape
            part = whole[start : start + n * d, start : start + n * d].reshape(n, d, n, d)
            start += n * d
            real = np.einsum("akbk->ab", part) / d
            out.append(real[np.triu_indices(n)])
            if not block.is_real:
                imaginary = (part[:, 0, :, 1] - part[:, 1, :, 0]) / 2
                out.append(imaginary[np.triu_indices(n, 1)])
        return np.concatenate(out) if out else np.zeros(0)

    def block_matrices(self, parameters: ArrayLike) -> dict[str, NDArray[Any]]:
        """F of each irrep, (n, n); Hermitian for a complex pair."""
        split = self._split(parameters)
        return {
            block.irrep: f.real if block.is_real else f
            for block, f in zip(self.blocks, split, strict=True)
        }

    def from_blocks(self, blocks: Mapping[str, ArrayLike]) -> FloatArray:
        """(P,) parameters from F of each irrep.

        Raises
        ------
        ForceFieldError
            If an irrep is missing or unknown, a block has the wrong size or is not Hermitian.
        """
        known = [b.irrep for b in self.blocks]
        if sorted(blocks) != sorted(known):
            raise ForceFieldError(
                f"force constants of {', '.join(blocks) or 'no irrep'}; this molecule has "
                f"vibrations {', '.join(known)}"
            )
        out = []
        for block in self.blocks:
            f, n = np.asarray(blocks[block.irrep]), block.n_vib
            if f.shape != (n, n) or not np.allclose(f, f.conj().T, rtol=1e-6, atol=1e-9):
                raise ForceFieldError(
                    f"the block {block.irrep} has the shape {f.shape}; give a symmetric ({n}, {n})"
                )
            out.append(f.real[np.triu_indices(n)])
            if not block.is_real:
                out.append(f.imag[np.triu_indices(n, 1)])
        return np.concatenate(out).astype(float)

    def elements(self, parameters: ArrayLike, internal: FloatArray) -> FloatArray:
        """(P, k, k): Lᵀ (∂F/∂θ_p) L for motions L (n, k); the same for all parameters."""
        out = []
        for block in self.blocks:
            t = np.einsum("akn,nm->akm", block.vectors, internal, optimize=True)
            n = block.n_vib
            rows, columns = np.triu_indices(n)
            both = np.einsum("pkl,pkm->plm", t[rows], t[columns], optimize=True)
            both[rows != columns] += both[rows != columns].swapaxes(1, 2)
            out.append(both)
            if not block.is_real:
                a, b = np.triu_indices(n, 1)
                cross = np.einsum("pl,pm->plm", t[a, 0], t[b, 1])
                cross -= np.einsum("pl,pm->plm", t[a, 1], t[b, 0])
                out.append(cross + cross.swapaxes(1, 2))
        k = internal.shape[1]
        return np.concatenate([np.zeros((0, k, k)), *out])

    def prior_scale(self, parameters: ArrayLike) -> FloatArray:
        """(P,) √(F_aa F_bb) of the two symmetry coordinates of each parameter."""
        out = []
        for block, f in zip(self.blocks, self._split(parameters), strict=True):
            root = np.sqrt(np.maximum(np.abs(np.diag(f).real), 1e-6))
            size = np.outer(root, root)
            out.append(size[np.triu_indices(block.n_vib)])
            if not block.is_real:
                out.append(size[np.triu_indices(block.n_vib, 1)])
        return np.concatenate(out)

    def lowest(self, parameters: ArrayLike) -> FloatArray:
        """(P,) smallest values that make sense."""
        return np.full(len(self), -np.inf)

    def _split(self, parameters: ArrayLike) -> list[NDArray[np.complex128]]:
        """Hermitian block of each irrep from the vector of parameters."""
        theta = np.asarray(parameters, dtype=np.float64)
        if theta.shape != (len(self.names),):
            raise ForceFieldError(
                f"{theta.size} force constants of shape {theta.shape}; {self.of.symmetry.group} "
                f"{self.coordinates.molecule.formula} has {len(self.names)} independent ones"
            )
        out, start = [], 0
        for block in self.blocks:
            n = block.n_vib
            f = np.zeros((n, n), dtype=complex)
            upper = np.triu_indices(n)
            f[upper] = theta[start : start + len(upper[0])]
            start += len(upper[0])
            if not block.is_real:
                upper = np.triu_indices(n, 1)
                f[upper] += 1j * theta[start : start + len(upper[0])]
                start += len(upper[0])
            out.append(np.triu(f) + np.triu(f, 1).conj().T)
        return out


def _independent(
    block: SymmetryBlock, b: FloatArray, roots: FloatArray, of: SymmetrisedCoordinates
) -> SymmetryBlock:
    """The block with as many symmetry coordinates as vibrations, in their first order."""
    u = block.vectors[:, 0] + (0 if block.is_real else 1j * block.vectors[:, 1])
    weights = np.sqrt(np.einsum("cn,n->c", block.vectors[:, 0] ** 2, roots**2))
    _, r, pivots = qr((weights[:, None] * (u @ b)).T, mode="economic", pivoting=True)
    if len(pivots) < block.n_vib or abs(r[block.n_vib - 1, block.n_vib - 1]) < 1e-6:
        vibrational_range(of.coordinates)  # says what is missing
        raise ForceFieldError(f"the symmetry coordinates {block.irrep} are too few")
    rows = np.sort(pivots[: block.n_vib])
    types = tuple(block.types[r] for r in rows)
    return SymmetryBlock(
        block.irrep, block.dimension, block.is_real, block.n_vib, block.vectors[rows], types
    )


def _names(block: SymmetryBlock) -> list[str]:
    """Names of the parameters of a block; copies of one type are numbered."""
    seen: dict[str, int] = {}
    copies = []
    for t in block.types:
        seen[t] = seen.get(t, 0) + 1
        copies.append(f"{t} {seen[t]}" if block.types.count(t) > 1 else t)
    n = len(copies)
    out = [
        f"{block.irrep}: {copies[a] if a == b else f'{copies[a]}, {copies[b]}'}"
        for a, b in zip(*np.triu_indices(n), strict=True)
    ]
    if not block.is_real:
        out += [
            f"{block.irrep}: {copies[a]}, {copies[b]} (imaginary)"
            for a, b in zip(*np.triu_indices(n, 1), strict=True)
        ]
    return out
