"""Irrep matrices, projectors and symmetry-adapted Cartesian coordinates.

The matrices of each irrep are fixed once (real, orthogonal), so that the partners of a
degenerate set transform in the same way in every copy:

- E_m of an axial group: the m-th harmonics (cos mα, sin mα) of the xy plane;
- T, O, I: the polynomials that carry the irrep: (x, y, z) for T1, (2z²−x²−y², √3(x²−y²)) for
  E, (yz, zx, xy) for T2, the five quadratics for H, cubic harmonics for T2 and G of I; in Td
  the same matrices, reached through the isomorphism with O;
- g, u and ', '': the same times the character of i or σh.

Source: J. S. Lomont, *Applications of Finite Groups* (1959), chapter III (projection).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from .detection.symmetry import Symmetry
from .errors import GroupError
from .theory.basis import coefficients, polynomial_action
from .theory.characters import CharacterTable, Irrep, class_index
from .theory.construction import direct_factor
from .theory.groups import PointGroup, operation_matrices
from .theory.operations import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryCoordinates:
    """Orthonormal Cartesian displacements that transform as one irrep.

    Attributes
    ----------
    irrep : Irrep
    vectors : (n_copies, dimension, N, 3)
        ``vectors[c, k]`` is partner k of copy c, in the frame of the molecule; partners
        transform with the matrices of `irrep_matrices`.
    """

    irrep: Irrep
    vectors: FloatArray


def symmetry_coordinates(symmetry: Symmetry) -> tuple[SymmetryCoordinates, ...]:
    """Symmetry-adapted displacements of a molecule, 3N in all, irrep by irrep.

    They span the whole Cartesian space, translations and rotations included, and are
    orthonormal, so a matrix that has the symmetry (a Hessian) becomes block diagonal, with
    equal blocks for the partners of a degenerate irrep.

    Raises
    ------
    GroupError
        For a linear molecule, whose infinite group has no finite projector: use
        `finite_subgroup`.

    Examples
    --------
    >>> from spektron.pointgroup import detect, example
    >>> [(str(s.irrep), s.vectors.shape[0]) for s in symmetry_coordinates(detect(example("water")))]
    [('A1', 3), ('A2', 1), ('B1', 2), ('B2', 3)]
    """
    table = _finite_table(symmetry.group)
    displacement = displacement_matrices(symmetry)
    out = []
    for irrep in table.irreps:
        vectors = _copies(irrep, irrep_matrices(symmetry.group)[irrep.label], displacement)
        if len(vectors):
            shape = (len(vectors), irrep.dimension, symmetry.molecule.n_atoms, 3)
            out.append(SymmetryCoordinates(irrep, vectors.reshape(shape)))
    return tuple(out)


def finite_subgroup(symmetry: Symmetry, order: int = 4) -> Symmetry:
    """The symmetry with Cnv or Dnh in place of C∞v or D∞h; unchanged if already finite.

    A fourfold axis is enough for vectors, polarizabilities and force constants: of the
    motions of a linear molecule, those along the axis are A1 (A1g, A2u) of the subgroup and
    those across it E (Eg, Eu).

    Parameters
    ----------
    order : int
        n of the axis, at least 3.

    Raises
    ------
    GroupError
        For an atom.

    Examples
    --------
    >>> from spektron.pointgroup import detect, example
    >>> symmetry = finite_subgroup(detect(example("carbon_dioxide")))
    >>> [(str(s.irrep), s.vectors.shape[:2]) for s in symmetry_coordinates(symmetry)]
    [('A1g', (1, 1)), ('Eg', (1, 2)), ('A2u', (2, 1)), ('Eu', (2, 2))]
    """
    if not symmetry.group.is_continuous:
        return symmetry
    if not symmetry.group.is_linear:
        raise GroupError("a single atom has no vibrations: no subgroup is taken")
    centred = symmetry.group.has_inversion
    group = PointGroup(f"D{order}h" if centred else f"C{order}v")
    matrices = symmetry.frame.T @ operation_matrices(group) @ symmetry.frame
    flips = np.einsum("gij,i,j->g", matrices, symmetry.frame[2], symmetry.frame[2]) < 0
    return replace(
        symmetry,
        group=group,
        matrices=matrices,
        permutations=symmetry.permutations[np.where(flips, 2, 0)],
    )


def projector(symmetry: Symmetry, irrep: str) -> FloatArray:
    """Orthogonal projector on all Cartesian displacements of one irrep; (3N, 3N).

    ``P = (d/|G|) Σ_g χ(g) D(g)``, with the character of the merged pair for E of Cn and the like.
    """
    table = _finite_table(symmetry.group)
    row = table.index(irrep)
    values, norm = table.values[row], int(table.norms[row])
    weights = values[class_index(symmetry.group)] * table.irreps[row].dimension
    matrices = displacement_matrices(symmetry)
    return np.asarray(np.einsum("g,gij->ij", weights, matrices) / (norm * table.order))


def displacement_matrices(symmetry: Symmetry) -> FloatArray:
    """(order, 3N, 3N): how each operation moves the Cartesian displacements."""
    n = symmetry.molecule.n_atoms
    out = np.zeros((len(symmetry.matrices), n, 3, n, 3))
    atoms = np.arange(n)
    for g, (matrix, permutation) in enumerate(
        zip(symmetry.matrices, symmetry.permutations, strict=True)
    ):
        out[g, permutation, :, atoms, :] = matrix
    return out.reshape(len(out), 3 * n, 3 * n)


def _copies(irrep: Irrep, matrices: FloatArray, displacement: FloatArray) -> FloatArray:
    """(n_copies, d, 3N) orthonormal partners, by the shift operators P_k1 of the irrep.

    For a merged complex pair the real commutant is larger (it contains a rotation of the two
    partners), and P_11 projects on twice as many vectors; half of them are images of the
    others under that rotation and are left out.
    """
    d, order = irrep.dimension, len(matrices)
    scale = d / (order * (1 if irrep.indicator else 2))
    shifts = scale * np.einsum("gk,gij->kij", matrices[:, :, 0], displacement)
    first = shifts[0]
    rank = round(float(np.trace(first)))
    copies: list[FloatArray] = []
    basis = np.linalg.eigh((first + first.T) / 2)[1].T[::-1][:rank]
    for vector in _fixed_basis(basis, first):
        partners = np.array([shift @ vector for shift in shifts])
        for known in copies:
            partners -= np.einsum("kl,lj->kj", partners @ known.T, known)
        length = np.linalg.norm(partners[0])
        if length > 1e-6:
            copies.append(partners / length)
    return np.array(copies).reshape(len(copies), d, displacement.shape[1])


def _fixed_basis(basis: FloatArray, first: FloatArray) -> FloatArray:
    """A basis of the range of a projector that does not depend on the eigensolver.

    Columns of the projector, in the order of the coordinates, orthogonalised one after the
    other; each points along its leading coordinate.
    """
    out: list[FloatArray] = []
    for column in first.T:
        rest = column - sum((column @ v) * v for v in out)
        length = np.linalg.norm(rest)
        if length > 0.05:
            out.append(rest / length)
    missing = len(basis) - len(out)
    for vector in basis if missing else ():
        rest = vector - sum((vector @ v) * v for v in out)
        if np.linalg.norm(rest) > 1e-3 and len(out) < len(basis):
            out.append(rest / np.linalg.norm(rest))
    return np.array(out).reshape(len(out), first.shape[0])


@lru_cache(maxsize=16)
def irrep_matrices(group: PointGroup) -> dict[str, FloatArray]:
    """Real orthogonal matrices (order, d, d) of every irrep, in the order of the operations.

    A merged complex pair is one real two-dimensional irrep.

    Raises
    ------
    GroupError
        For a continuous group.
    """
    table = _finite_table(group)
    half = group.order // 2 if direct_factor(group) else group.order
    out = {}
    for row, irrep in enumerate(table.irreps):
        characters = table.values[row][class_index(group)]
        if irrep.dimension == 1:
            out[irrep.label] = characters[:, None, None]
            continue
        base = _base_matrices(group, characters[:half], half)
        if half < group.order:
            sign = np.sign(characters[half])
            partners = group.multiplication_table[half, half:]
            base = np.concatenate([base, sign * base[partners]])
        out[irrep.label] = base
    return out


def _finite_table(group: PointGroup) -> CharacterTable:
    table = group.character_table
    if not isinstance(table, CharacterTable):
        raise GroupError(f"{group} is continuous: take a finite subgroup with finite_subgroup()")
    return table


def _base_matrices(group: PointGroup, characters: FloatArray, half: int) -> FloatArray:
    """Matrices (half, d, d) on the first ``half`` operations, found by their trace."""
    for candidate in _candidates(group, half):
        traces = np.trace(candidate, axis1=1, axis2=2)
        if len(traces) == half and np.abs(traces - characters).max() < 1e-6:
            return candidate
    raise GroupError(f"{group}: an irrep of dimension {characters[0]:.0f} was not constructed")


@lru_cache(maxsize=16)
def _candidates(group: PointGroup, half: int) -> tuple[FloatArray, ...]:
    matrices = np.array([o.matrix for o in group.operations[:half]])
    if group.family[0] not in "TOI":
        return tuple(_harmonic(matrices, m) for m in range(1, half + 1))
    vector = matrices
    axial = matrices * np.linalg.det(matrices)[:, None, None]
    quadratic = _harmonics(group, half, 2)
    cubic = _harmonics(group, half, 3)
    return (vector, axial, *_split(quadratic, group), *_split(cubic, group))


def _harmonic(matrices: FloatArray, m: int) -> FloatArray:
    """How (cos mα, sin mα) of the xy plane transforms."""
    angle = m * np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])
    flip = np.sign(np.linalg.det(matrices[:, :2, :2]))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -flip * sin], 1), np.stack([sin, flip * cos], 1)], 1)


def _harmonics(group: PointGroup, half: int, degree: int) -> FloatArray:
    """(half, 2l+1, 2l+1) action on the harmonic polynomials of a degree, orthonormal basis."""
    rotations = polynomial_action(group, degree)[:half]
    laplace_free = _harmonic_polynomials(degree)
    return np.asarray(laplace_free @ rotations @ np.linalg.pinv(laplace_free)).swapaxes(1, 2)


# Harmonic polynomials with the factors that make the action on them orthogonal.
_HARMONIC = {
    2: {"2z2-x2-y2": 1, "x2-y2": 3**0.5, "yz": 12**0.5, "xz": 12**0.5, "xy": 12**0.5},
    3: {
        "xyz": 1,
        **dict.fromkeys(("2x3-3xy2-3xz2", "2y3-3x2y-3yz2", "2z3-3x2z-3y2z"), 60**-0.5),
        **dict.fromkeys(("xy2-xz2", "yz2-x2y", "x2z-y2z"), 0.5),
    },
}


def _harmonic_polynomials(degree: int) -> FloatArray:
    """Rows: orthonormal harmonic polynomials, as coefficients of the monomials."""
    return np.array([f * coefficients(name, degree) for name, f in _HARMONIC[degree].items()])


def _split(matrices: FloatArray, group: PointGroup) -> list[FloatArray]:
    """Irreducible blocks of a representation, one of each kind."""
    table = group.character_table
    assert isinstance(table, CharacterTable)
    out = []
    classes = class_index(group)[: len(matrices)]
    for row, irrep in enumerate(table.irreps):
        weights = table.values[row][classes] * irrep.dimension / (len(matrices) * table.norms[row])
        project = np.einsum("g,gij->ij", weights, matrices)
        if round(float(np.trace(project))) == irrep.dimension > 1:
            basis = _fixed_basis(np.linalg.eigh(project)[1].T[::-1][: irrep.dimension], project)
            out.append(basis @ matrices @ basis.T)
    return out
