"""Ways to count force constants: symmetric, full, or diagonal valence.

Each is a linear map from P numbers to a symmetric matrix F on the internal displacements.
Its adjoint, applied to products of vectors, is all that derivatives of observables need: no
derivative matrix of F is ever formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .space import Block, InternalSpace

FloatArray = NDArray[np.float64]

_ROOT2 = 2**0.5


class Parameters(Protocol):
    """A linear parametrisation of the symmetric (d, d) matrices F."""

    @property
    def space(self) -> InternalSpace:
        """The displacements that F acts on."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """What each parameter is, length P."""
        ...

    def assemble(self, values: ArrayLike) -> FloatArray:
        """F (d, d) of the parameters (P,)."""
        ...

    def read(self, matrix: FloatArray) -> FloatArray:
        """Parameters (P,) whose F is nearest to a symmetric matrix (d, d)."""
        ...

    def pull_back(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """(P, m) derivatives of leftᵀ F right, column by column, for (d, m) vectors."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SymmetricParameters:
    """All force constants that the point group allows, one orthonormal matrix each.

    A block of n copies of a real irrep has n(n+1)/2 of them, of a complex pair n².
    """

    space: InternalSpace

    @property
    def names(self) -> tuple[str, ...]:
        """Irrep and the two copies, such as ``A1 1,2``; ``E 1,2*`` for an imaginary part."""
        return tuple(name for block in self.space.blocks for name in _names(block))

    @property
    def irreps(self) -> tuple[str, ...]:
        """Irrep of each parameter."""
        return tuple(str(b.irrep) for b in self.space.blocks for _ in range(b.n_constants))

    def assemble(self, values: ArrayLike) -> FloatArray:
        """F (d, d) of the parameters (P,)."""
        out = np.zeros((self.space.dimension, self.space.dimension))
        for block, given in self._parts(np.asarray(values, dtype=np.float64)):
            d, n = block.dimension, block.n_copies
            scale = np.sqrt(d)
            kernel = np.kron(_symmetric(given[: n * (n + 1) // 2], n) / scale, np.eye(d))
            if block.is_complex_pair:
                odd = _antisymmetric(given[n * (n + 1) // 2 :], n) / scale
                kernel += np.kron(odd, [[0.0, 1.0], [-1.0, 0.0]])
            out[block.start : block.stop, block.start : block.stop] = kernel
        return out

    def read(self, matrix: FloatArray) -> FloatArray:
        """Parameters (P,) of the symmetric part of a matrix (d, d), a projection."""
        return np.concatenate([_read_block(block, matrix) for block in self.space.blocks])

    def pull_back(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """(P, m) derivatives of leftᵀ F right, column by column, for (d, m) vectors."""
        parts = []
        for block in self.space.blocks:
            shape = (block.n_copies, block.dimension, -1)
            a = left[block.start : block.stop].reshape(shape)
            b = right[block.start : block.stop].reshape(shape)
            parts += _pulled(block, a, b)
        return np.concatenate(parts)

    def _parts(self, values: FloatArray) -> list[tuple[Block, FloatArray]]:
        ends = np.cumsum([b.n_constants for b in self.space.blocks])
        return list(zip(self.space.blocks, np.split(values, ends[:-1]), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class FullParameters:
    """Every element of F on and above the diagonal, symmetry or not; d(d+1)/2."""

    space: InternalSpace

    @property
    def names(self) -> tuple[str, ...]:
        """The two internal displacements of each element."""
        i, j = np.triu_indices(self.space.dimension)
        return tuple(f"{a + 1},{b + 1}" for a, b in zip(i, j, strict=True))

    def assemble(self, values: ArrayLike) -> FloatArray:
        """F (d, d) of the parameters (P,)."""
        return _symmetric(np.asarray(values, dtype=np.float64), self.space.dimension)

    def read(self, matrix: FloatArray) -> FloatArray:
        """Parameters (P,) of the symmetric part of a matrix (d, d)."""
        return _upper((matrix + matrix.T)[:, :, None] / 2)[:, 0]

    def pull_back(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """(P, m) derivatives of leftᵀ F right, column by column, for (d, m) vectors."""
        # Row by row of F: nothing larger than the result is made, for memory is what takes time.
        n, same = len(left), left is right
        scaled = left * (_ROOT2 if same else 1 / _ROOT2)
        ends = np.cumsum(np.arange(n, 0, -1))
        out = np.empty((int(ends[-1]), left.shape[1]))
        for row, part in enumerate(np.split(out, ends[:-1])):
            np.multiply(scaled[row], right[row:], out=part)
            if not same:
                part[1:] += right[row] * scaled[row + 1 :]
            part[0] = left[row] * right[row]
        return out


@dataclass(frozen=True, slots=True, eq=False)
class DiagonalParameters:
    """One force constant for each set of equivalent internal coordinates, none between them.

    F = Σ_c f_c Σ_{i in c} b_i b_iᵀ: the simple valence force field when the coordinates are
    bond lengths and angles.

    Attributes
    ----------
    space : InternalSpace
    rows : (m, d)
        Derivatives of the coordinates along the internal displacements.
    classes : (m,) int
        Set that each coordinate belongs to, 0 … P − 1.
    names : tuple of str, length P
    """

    space: InternalSpace
    rows: FloatArray
    classes: NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        space: InternalSpace,
        wilson_b: ArrayLike,
        classes: Sequence[int],
        names: Sequence[str],
    ) -> DiagonalParameters:
        """From the Cartesian B matrix (m, 3N) of the coordinates."""
        rows = np.asarray(wilson_b, dtype=np.float64) @ space.basis
        return cls(space, rows, np.asarray(classes, dtype=np.int64), tuple(names))

    def assemble(self, values: ArrayLike) -> FloatArray:
        """F (d, d) of the parameters (P,)."""
        weights = np.asarray(values, dtype=np.float64)[self.classes]
        return np.asarray(self.rows.T @ (weights[:, None] * self.rows))

    def read(self, matrix: FloatArray) -> FloatArray:
        """Parameters (P,) whose F is nearest to a symmetric matrix (d, d)."""
        design = np.stack([self.assemble(e).ravel() for e in np.eye(len(self.names))], axis=1)
        return np.asarray(np.linalg.lstsq(design, matrix.ravel(), rcond=None)[0])

    def pull_back(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """(P, m) derivatives of leftᵀ F right, column by column, for (d, m) vectors."""
        out = np.zeros((len(self.names), left.shape[1]))
        np.add.at(out, self.classes, (self.rows @ left) * (self.rows @ right))
        return out


def _names(block: Block) -> list[str]:
    i, j = np.triu_indices(block.n_copies)
    names = [f"{block.irrep} {a + 1},{b + 1}" for a, b in zip(i, j, strict=True)]
    if block.is_complex_pair:
        i, j = np.triu_indices(block.n_copies, 1)
        names += [f"{block.irrep} {a + 1},{b + 1}*" for a, b in zip(i, j, strict=True)]
    return names


def _pulled(block: Block, a: FloatArray, b: FloatArray) -> list[FloatArray]:
    """Derivatives of Σ a F b for one block of vectors (n, d, m)."""
    scale = np.sqrt(block.dimension)
    products = np.einsum("akm,bkm->abm", a, b) / scale
    parts = [_upper((products + products.swapaxes(0, 1)) / 2)]
    if block.is_complex_pair:
        crossed = (a[:, None, 0] * b[None, :, 1] - a[:, None, 1] * b[None, :, 0]) / scale
        i, j = np.triu_indices(block.n_copies, 1)
        parts.append((crossed[i, j] - crossed[j, i]) / _ROOT2)
    return parts


def _read_block(block: Block, matrix: FloatArray) -> FloatArray:
    """Constants of one block of F (d, d): means over its partners."""
    inside = slice(block.start, block.stop)
    parts = matrix[inside, inside].reshape((block.n_copies, block.dimension) * 2)
    products = np.einsum("akbk->ab", parts) / np.sqrt(block.dimension)
    out = _upper((products + products.T)[:, :, None] / 2)[:, 0]
    if not block.is_complex_pair:
        return out
    crossed = (parts[:, 0, :, 1] - parts[:, 1, :, 0]) / np.sqrt(block.dimension)
    i, j = np.triu_indices(block.n_copies, 1)
    return np.concatenate([out, (crossed[i, j] - crossed[j, i]) / _ROOT2])


def _upper(matrices: FloatArray) -> FloatArray:
    """(n(n+1)/2, m) upper triangles of symmetric (n, n, m), orthonormal."""
    i, j = np.triu_indices(len(matrices))
    return np.asarray(matrices[i, j] * np.where(i == j, 1.0, _ROOT2)[:, None])


def _symmetric(values: FloatArray, n: int) -> FloatArray:
    out = np.zeros((n, n))
    i, j = np.triu_indices(n)
    out[i, j] = values / np.where(i == j, 1.0, _ROOT2)
    out[j, i] = out[i, j]
    return out


def _antisymmetric(values: FloatArray, n: int) -> FloatArray:
    out = np.zeros((n, n))
    i, j = np.triu_indices(n, 1)
    out[i, j] = values / _ROOT2
    out[j, i] = -out[i, j]
    return out
