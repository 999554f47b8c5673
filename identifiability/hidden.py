"""Hidden isotopic symmetry: rotations of the normal modes that no isotopologue of a family sees.

Let one element be substituted freely. In mass-weighted Cartesian coordinates take the
orthogonal maps A that

- are block diagonal: 3×3 on each atom that is substituted, one block on all the others, so
  that they commute with every pattern of masses;
- commute with the point group;
- carry the span of translations and rotations into itself.

Then W → A W Aᵀ leaves the spectra of *all* those isotopologues unchanged. Let K be the group
of these maps. The orbit of a generic force field has dim K − dim K_W dimensions, K_W being the
maps that leave it as it is, and so many constants the family cannot determine, whatever is
measured of the line positions. K_W contains the maps K₀ that change no symmetric W at all. It
is larger where a complex-conjugate pair of irreps has all its vibrations on the other atoms:
there K holds all of U(n), of which W keeps the n phases of its own eigenvectors, and K₀ only
the common one. (With K₀ in the place of K_W the bound is false: N in a C5 propeller C5H5F5N
has dim K − dim K₀ = 150, and 142 constants are open.)

The Lie algebra is found in closed form. Write a = a_s + a_o for the part on the substituted
atoms and on the others, and T for the orthonormal rigid motions. That a carries T into itself
means a_s T_s = T_s Y and a_o T_o = T_o Y with the same antisymmetric Y. The first equation is
small: a_s has one invariant axial vector per site, Y at most 15 elements. The second then
always has a solution, and its homogeneous part is every antisymmetric a_o on the displacements
of the other atoms that are orthogonal to T_o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..pointgroup.coordinates import symmetry_coordinates
from ..pointgroup.errors import MoleculeError
from .space import InternalSpace, rigid_motions

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

_ZERO = 1e-7
"""Singular values below this, of matrices whose elements are of order one, are zero."""
_HALF = 0.5
"""Between the two eigenvalues, 0 and 1, of a projector."""


@dataclass(frozen=True, slots=True, eq=False)
class HiddenSymmetry:
    """The Lie algebra of the hidden symmetry of a family of isotopologues.

    Attributes
    ----------
    element : str
        What is substituted.
    dimension : int
        dim K − dim K_W, a lower bound of the number of undetermined constants.
    n_trivial : int
        dim K₀: generators that move no symmetric force field.
    n_stabiliser : int
        dim K_W: combinations of generators that do not move a generic force field.
    sample : (3N, 3N)
        A random element of the Lie algebra of K, antisymmetric, mass-weighted, of norm one;
        zero if there is none.
    certificate : float
        Largest violation of the defining equations by the sample. The equations are linear,
        so that one random element stands for all.
    """

    element: str
    dimension: int
    n_trivial: int
    n_stabiliser: int
    sample: FloatArray
    certificate: float

    def __str__(self) -> str:
        return (
            f"hidden isotopic symmetry of {self.element}: {self.dimension} constants stay open "
            f"(dim K = {self.dimension + self.n_stabiliser}, of which {self.n_stabiliser} move "
            "no generic force field)"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Sector:
    """One irrep: what maps that commute with the group do to its copies.

    Such a map is X ⊗ 1, with X real (n, n), or complex for a merged pair.

    Attributes
    ----------
    copies : (n, d, 3N)
    is_pair : bool
    rigid : (n, r) orthonormal copies that are rigid motions, r of them in this irrep
    rest : (n, m) orthonormal copies on the atoms that are not substituted
    """

    copies: FloatArray
    is_pair: bool
    rigid: ComplexArray
    rest: ComplexArray

    @property
    def inert(self) -> ComplexArray:
        """(n, k) copies on the other atoms, orthogonal to the rigid motions there."""
        within = self.rest.conj().T @ self.rigid
        u, s, _ = np.linalg.svd(within, full_matrices=True)
        return np.asarray(self.rest @ u[:, int((s > _ZERO).sum()) :])

    @property
    def vibrations(self) -> ComplexArray:
        """(n, n − r) copies that are vibrations."""
        u = np.linalg.svd(self.rigid, full_matrices=True)[0]
        return np.asarray(u[:, self.rigid.shape[1] :])


def hidden_symmetry(space: InternalSpace, element: str, *, seed: int = 0) -> HiddenSymmetry:
    """The hidden symmetry of the isotopologues that differ in the masses of one element.

    Parameters
    ----------
    space : InternalSpace
    element : str
    seed : int
        Of the sample.

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
    sites = np.array([s == element for s in symbols])
    motions = _weighted_motions(space)
    sectors = _sectors(space, motions, sites)
    turns = _site_turns(space, sites)
    small = _small_solutions(turns, motions, sites, sectors)
    inert = [sector.inert for sector in sectors]
    total = len(small) + sum(
        _antisymmetric_dimension(n.shape[1], s.is_pair) for n, s in zip(inert, sectors, strict=True)
    )
    rng = np.random.default_rng(seed)
    trivial = _n_unmoving(small, sectors, inert)
    kept = _n_unmoving(small, sectors, inert, rng)
    sample = _sample(small, sectors, inert, rng)
    violation = _violation(space, sample, motions, sites)
    return HiddenSymmetry(element, total - kept, trivial, kept, sample, violation)


def _weighted_motions(space: InternalSpace) -> FloatArray:
    """(r, 3N) orthonormal mass-weighted translations and rotations."""
    roots = np.repeat(np.sqrt(space.molecule.masses), 3)
    return np.asarray(np.linalg.qr((rigid_motions(space.molecule.positions) * roots).T)[0].T)


def _sectors(
    space: InternalSpace, motions: FloatArray, sites: NDArray[np.bool_]
) -> tuple[_Sector, ...]:
    others = np.repeat(~sites, 3).astype(float)
    out = []
    for found in symmetry_coordinates(space.symmetry):
        copies = found.vectors.reshape(*found.vectors.shape[:2], -1)
        pair = found.irrep.indicator == 0
        share = _reduced(copies, copies @ motions.T @ motions, pair)
        rest = _reduced(copies, copies * others, pair)
        out.append(_Sector(copies, pair, _range(share), _range(rest)))
    return tuple(out)


def _reduced(copies: FloatArray, images: FloatArray, pair: bool) -> ComplexArray:
    """X (n, n) of a map that commutes with the group, from the images of the copies.

    A complex pair shows real and imaginary part in the two partners.
    """
    x = np.einsum("akx,bkx->ab", copies, images).astype(complex) / copies.shape[1]
    if pair:
        turned = np.stack([images[:, 1], -images[:, 0]], axis=1)
        x = x + 1j * np.einsum("akx,bkx->ab", copies, turned) / 2
    return np.asarray(x)


def _range(projector: ComplexArray) -> ComplexArray:
    values, vectors = np.linalg.eigh((projector + projector.conj().T) / 2)
    return np.asarray(vectors[:, values > _HALF])


def _site_turns(space: InternalSpace, sites: NDArray[np.bool_]) -> FloatArray:
    """(k, N, 3, 3) rotations of the substituted atoms that commute with the group.

    On each orbit, the axial vectors that the site symmetry leaves as they are, carried round.
    """
    n = space.molecule.n_atoms
    matrices, permutations = space.symmetry.matrices, space.symmetry.permutations
    axial = matrices * np.linalg.det(matrices)[:, None, None]
    out = []
    for orbit in space.symmetry.orbits():
        first = orbit[0]
        if not sites[first]:
            continue
        fixed = np.linalg.eigh(axial[permutations[:, first] == first].mean(axis=0))
        for vector in fixed[1].T[fixed[0] > _HALF]:
            turn = np.zeros((n, 3, 3))
            moved = axial @ vector
            turn[permutations[:, first]] = np.cross(np.eye(3)[None], moved[:, None, :])
            out.append(turn / np.sqrt(2 * len(orbit)))
    return np.array(out).reshape(-1, n, 3, 3)


def _small_solutions(
    turns: FloatArray,
    motions: FloatArray,
    sites: NDArray[np.bool_],
    sectors: tuple[_Sector, ...],
) -> FloatArray:
    """(k, 3N, 3N) solutions of a_s T_s = T_s Y, each completed by one a_o.

    On the other atoms a_o = Q Y Qᵀ with Q = T_o (T_oᵀT_o)^(−1/2): Y commutes with T_oᵀT_o,
    because T_sᵀ a_s T_s = (1 − T_oᵀT_o) Y is antisymmetric. Y must commute with the group too,
    and it does so where T_s has full rank; elsewhere it is averaged by the sectors.
    """
    n3, r = motions.shape[1], len(motions)
    mask = np.repeat(sites, 3)
    on_sites = motions * mask
    on_others = motions * ~mask
    moved = np.einsum("kaij,raj->krai", turns, on_sites.reshape(r, -1, 3)).reshape(-1, r, n3)
    generators = _commuting_turns(motions, sectors)
    carried = np.einsum("kqr,qx->krx", generators, on_sites)
    if not len(turns) + len(generators):
        return np.zeros((0, n3, n3))
    system = np.concatenate([moved, -carried]).reshape(len(turns) + len(generators), -1)
    u, s, _ = np.linalg.svd(system, full_matrices=True)
    found = u[:, int((s > _ZERO).sum()) :].T
    overlap = on_others @ on_others.T
    values, vectors = np.linalg.eigh(overlap)
    kept = values > _ZERO
    frame = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T @ on_others
    out = []
    for coefficients in found:
        y = np.tensordot(coefficients[len(turns) :], generators, axes=1)
        a = frame.T @ y @ frame
        blocks = np.tensordot(coefficients[: len(turns)], turns, axes=1)
        for atom in np.flatnonzero(sites):
            a[3 * atom : 3 * atom + 3, 3 * atom : 3 * atom + 3] = blocks[atom]
        out.append(a)
    return _independent(np.array(out).reshape(-1, n3, n3))


def _commuting_turns(motions: FloatArray, sectors: tuple[_Sector, ...]) -> FloatArray:
    """(m, r, r) antisymmetric matrices on the rigid motions that commute with the group."""
    out = []
    for sector in sectors:
        size = sector.rigid.shape[1]
        for x in _antisymmetric_basis(size, sector.is_pair):
            full = _expanded(sector, sector.rigid @ x @ sector.rigid.conj().T)
            out.append(motions @ full @ motions.T)
    return np.array(out).reshape(-1, len(motions), len(motions))


def _independent(matrices: FloatArray) -> FloatArray:
    """Matrices (k, n, n) without those that depend on others: Y that turns nothing, a = 0."""
    if not len(matrices):
        return matrices
    flat = matrices.reshape(len(matrices), -1)
    u, s, _ = np.linalg.svd(flat @ flat.T)
    return np.asarray(np.tensordot(u[:, s > _ZERO].T, matrices, axes=1))


def _expanded(sector: _Sector, x: ComplexArray) -> FloatArray:
    """X ⊗ 1 as a matrix (3N, 3N)."""
    copies = sector.copies
    out = np.einsum("akx,ab,bky->xy", copies, x.real, copies, optimize=True)
    if sector.is_pair:
        turned = np.stack([copies[:, 1], -copies[:, 0]], axis=1)
        out += np.einsum("akx,ab,bky->xy", turned, -x.imag, copies, optimize=True)
    return np.asarray(out)


def _antisymmetric_dimension(n: int, pair: bool) -> int:
    return n * n if pair else n * (n - 1) // 2


def _antisymmetric_basis(n: int, pair: bool) -> list[ComplexArray]:
    """Real antisymmetric or complex anti-Hermitian matrices (n, n)."""
    out = []
    for i in range(n):
        for j in range(i, n):
            if i < j:
                e = np.zeros((n, n), dtype=complex)
                e[i, j], e[j, i] = 1, -1
                out.append(e)
            if pair:
                e = np.zeros((n, n), dtype=complex)
                e[i, j] = e[j, i] = 1j
                out.append(e)
    return out


def _n_unmoving(
    small: FloatArray,
    sectors: tuple[_Sector, ...],
    inert: list[ComplexArray],
    rng: np.random.Generator | None = None,
) -> int:
    """Dim K₀, or with ``rng`` dim K_W at a random W.

    An antisymmetric map that commutes with a generic symmetric W is zero. In a complex pair
    the inert copies offer, if they are all the vibrations, the phases of the eigenvectors of W
    (of K₀ the common phase), and otherwise at most their common phase, with the small part.
    """
    images: list[list[ComplexArray]] = [[] for _ in small]
    phases: list[list[ComplexArray]] = []
    unmoving = 0
    for place, (sector, quiet) in enumerate(zip(sectors, inert, strict=True)):
        basis = sector.vibrations
        size = basis.shape[1]
        force = None if rng is None else _random_force(size, sector.is_pair, rng)
        for image, a in zip(images, small, strict=True):
            x = _reduced(sector.copies, sector.copies @ a.T, sector.is_pair)
            image.append(_change(basis.conj().T @ x @ basis, sector.is_pair, force))
        if sector.is_pair and quiet.shape[1] == size:
            unmoving += size if rng is not None else min(size, 1)
        elif sector.is_pair and quiet.shape[1]:
            row = [np.zeros((s.vibrations.shape[1],) * 2, dtype=complex) for s in sectors]
            turned = 1j * basis.conj().T @ quiet @ quiet.conj().T @ basis
            row[place] = _change(turned, True, force)
            phases.append(row)
    rows = [np.concatenate([x.ravel() for x in image]) for image in [*images, *phases]]
    if not rows:
        return unmoving
    flat = np.array(rows)
    flat = np.concatenate([flat.real, flat.imag], axis=1)
    values = np.linalg.svd(flat, compute_uv=False)
    return unmoving + len(rows) - int((values > _ZERO).sum())


def _random_force(n: int, pair: bool, rng: np.random.Generator) -> ComplexArray:
    x = rng.normal(size=(n, n)) + 1j * pair * rng.normal(size=(n, n))
    return np.asarray((x + x.conj().T) / 2)


def _change(x: ComplexArray, pair: bool, force: ComplexArray | None) -> ComplexArray:
    """[x, W]; without a W, x less what commutes with every W."""
    if force is not None:
        return x @ force - force @ x
    return x - np.trace(x) / len(x) * np.eye(len(x)) if pair and len(x) else x


def _sample(
    small: FloatArray,
    sectors: tuple[_Sector, ...],
    inert: list[ComplexArray],
    rng: np.random.Generator,
) -> FloatArray:
    """A random element of the algebra, of norm one."""
    n3 = sectors[0].copies.shape[2]
    out = np.tensordot(rng.normal(size=len(small)), small, axes=1) + np.zeros((n3, n3))
    for sector, quiet in zip(sectors, inert, strict=True):
        size = quiet.shape[1]
        x = rng.normal(size=(size, size)) + 1j * sector.is_pair * rng.normal(size=(size, size))
        out += _expanded(sector, quiet @ (x - x.conj().T) @ quiet.conj().T)
    norm = float(np.linalg.norm(out))
    return np.asarray(out / norm if norm > _ZERO else 0 * out)


def _violation(
    space: InternalSpace, a: FloatArray, motions: FloatArray, sites: NDArray[np.bool_]
) -> float:
    """Largest element by which an element of the algebra misses what defines it."""
    n = len(sites)
    rigid = motions.T @ motions
    worst = max(float(np.abs(a + a.T).max()), float(np.abs(a @ rigid - rigid @ a).max()))
    own = np.where(sites, np.arange(n), -1).repeat(3)
    worst = max(worst, float(np.abs(a[own[:, None] != own]).max(initial=0.0)))
    blocks = a.reshape(n, 3, n, 3)
    for r, p in zip(space.symmetry.matrices, space.symmetry.permutations, strict=True):
        moved = (r @ blocks.transpose(0, 2, 1, 3) @ r.T).transpose(0, 2, 1, 3)
        worst = max(worst, float(np.abs(blocks[p][:, :, p] - moved).max()))
    return worst
