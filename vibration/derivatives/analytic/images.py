"""Symmetry-unique motions and fields, and the images of their responses.

An operation R sends the functions on an atom to those on its image, each shell turned within
itself. In the orbitals it is a matrix that mixes occupied with occupied ones only, or the
electrons do not have the symmetry of the nuclei.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ....pointgroup import Symmetry
from ....pointgroup.units import BOHR
from ...errors import CalculationError, HarmonicDataError
from ..directions import minimal_directions
from ..operations import FloatArray, Operations, finite_operations
from .state import Orbitals, State

LARGEST_MIXING = 1e-3
"""An operation may mix occupied with virtual orbitals by no more."""
LARGEST_DISPLACEMENT = 1e-4
"""Å; how exactly the geometry must have the symmetry."""


@dataclass(frozen=True, slots=True, eq=False)
class Motions:
    """Motions of single atoms, and electric fields, whose images are all others.

    Attributes
    ----------
    operations : Operations
    atoms : tuple of int
        The first atom of each orbit.
    directions : list of (k, 3)
        For each of these atoms, unit vectors.
    fields : (n_field, 3)
        Unit vectors.
    """

    operations: Operations
    atoms: tuple[int, ...]
    directions: list[FloatArray]
    fields: FloatArray

    @property
    def n_motions(self) -> int:
        """Number of motions."""
        return sum(len(d) for d in self.directions)

    def patterns(self) -> FloatArray:
        """(n_motions, N, 3) displacements of all atoms."""
        out = np.zeros((self.n_motions, self.operations.n_atoms, 3))
        k = 0
        for atom, directions in zip(self.atoms, self.directions, strict=True):
            out[k : k + len(directions), atom] = directions
            k += len(directions)
        return out

    def along(self, rows: FloatArray) -> FloatArray:
        """(n_motions, …) from (n_atom, 3, …), one for each unique atom."""
        parts = [np.tensordot(d, r, axes=1) for d, r in zip(self.directions, rows, strict=True)]
        return np.concatenate(parts)

    def of_atom(self, k: int) -> slice:
        """The motions of the k-th unique atom."""
        first = sum(len(d) for d in self.directions[:k])
        return slice(first, first + len(self.directions[k]))


def unique_motions(mol: Any, symmetry: Symmetry) -> Motions:
    """The fewest motions and fields that have all others as images.

    Raises
    ------
    HarmonicDataError
        For an atom, or if the symmetry is that of another molecule.
    CalculationError
        If the geometry does not have the symmetry to 1e-4 Å.
    """
    operations = finite_operations(symmetry)
    _check_geometry(mol, operations)
    atoms = tuple(orbit[0] for orbit in operations.orbits())
    directions = [_spanning(operations.matrices[operations.site(atom)]) for atom in atoms]
    return Motions(operations, atoms, directions, _spanning(operations.matrices))


def _spanning(matrices: FloatArray) -> FloatArray:
    return np.array([d.vector for d in minimal_directions(matrices, power=1)])


def _check_geometry(mol: Any, operations: Operations) -> None:
    if mol.natm == 1:
        raise HarmonicDataError(f"{mol.atom_pure_symbol(0)}: one atom alone has no vibrations")
    if mol.natm != operations.n_atoms:
        raise HarmonicDataError(
            f"the symmetry is that of {operations.n_atoms} atoms, the mean field has {mol.natm}"
        )
    positions = mol.atom_coords()
    centred = positions - positions.mean(axis=0)
    off = max(
        float(np.abs(operations.turned(g, centred) - centred).max()) * BOHR
        for g in range(operations.order)
    )
    if off > LARGEST_DISPLACEMENT:
        raise CalculationError(
            f"an operation moves an atom {off:.1e} Å beside another, the limit is "
            f"{LARGEST_DISPLACEMENT:g}: symmetrise the geometry, or use symmetry C1"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """The operations as matrices in the orbitals of each spin.

    Attributes
    ----------
    matrices : list of list of (n_orbital, n_orbital)
        By spin and operation; None for operations that are not needed.
    """

    matrices: list[list[FloatArray | None]]

    def turned(self, spin: int, g: int, responses: FloatArray) -> FloatArray:
        """Images of (n, n_orbital, n_occupied) under an operation."""
        matrix = self.matrices[spin][g]
        assert matrix is not None
        o = responses.shape[-1]
        return np.asarray(matrix @ responses @ matrix[:o, :o].T)


def turns(state: State, motions: Motions) -> Turns:
    """The operations that images need, in the orbitals.

    Raises
    ------
    CalculationError
        If the electrons do not have the symmetry.
    """
    operations, mol = motions.operations, state.mol
    needed = {0}
    for orbit in operations.orbits():
        needed |= {int(g) for g in operations.site(orbit[0])}
        needed |= {operations.sending(orbit[0], atom) for atom in orbit}
    overlap = state.mean_field.get_ovlp()
    out: list[list[FloatArray | None]] = [[None] * operations.order for _ in state.spins]
    for g in sorted(needed):
        if g == 0 and np.allclose(operations.matrices[0], np.eye(3)):
            for own, spin in zip(out, state.spins, strict=True):
                own[0] = np.eye(spin.coefficients.shape[1])
            continue
        functions = _turned_functions(mol, operations.matrices[g], operations.permutations[g])
        for own, spin in zip(out, state.spins, strict=True):
            own[g] = _in_orbitals(functions, overlap, spin, operations.matrices[g])
    return Turns(out)


def _in_orbitals(
    functions: FloatArray, overlap: FloatArray, spin: Orbitals, matrix: FloatArray
) -> FloatArray:
    found = spin.coefficients.T @ overlap @ functions @ spin.coefficients
    o = spin.n_occupied
    mixing = float(max(np.abs(found[o:, :o]).max(initial=0), np.abs(found[:o, o:]).max(initial=0)))
    if mixing > LARGEST_MIXING:
        kind = "rotation" if np.linalg.det(matrix) > 0 else "reflection or improper rotation"
        raise CalculationError(
            f"the electronic state breaks the symmetry: a {kind} mixes occupied with virtual "
            f"orbitals by {mixing:.1e}, the limit is {LARGEST_MIXING:g}; use symmetry C1 or "
            "another state"
        )
    return np.asarray(found)


def _turned_functions(mol: Any, matrix: FloatArray, permutation: Any) -> FloatArray:
    """(n_basis, n_basis) each column the image of a function, in all functions."""
    out = np.zeros((mol.nao, mol.nao))
    shells = mol.aoslice_by_atom()[:, :2]
    offsets, within = mol.ao_loc, {}
    for atom, image in enumerate(permutation):
        for own, other in zip(range(*shells[atom]), range(*shells[image]), strict=True):
            momentum = mol.bas_angular(own)
            if momentum not in within:
                within[momentum] = _turned_shell(momentum, matrix, mol.cart)
            block = np.kron(np.eye(mol.bas_nctr(own)), within[momentum])
            rows = slice(offsets[other], offsets[other + 1])
            out[rows, offsets[own] : offsets[own + 1]] = block
    return out


def _turned_shell(momentum: int, matrix: FloatArray, cartesian: bool) -> FloatArray:
    """Images of the functions of a shell in terms of themselves, from values at points.

    So the order, phases and norms are PySCF's, whatever they are.
    """
    from pyscf import gto

    shell = gto.M(
        atom="He", basis={"He": [[momentum, [1.0, 1.0]]]}, cart=cartesian, verbose=0, spin=None
    )
    points = np.random.default_rng(0).normal(size=(60, 3))
    values = shell.eval_gto("GTOval", points)
    images = shell.eval_gto("GTOval", points @ matrix)  # χ(R⁻¹ r)
    return np.asarray(np.linalg.lstsq(values, images, rcond=None)[0])


def all_responses(motions: Motions, turns: Turns, responses: list[FloatArray]) -> list[FloatArray]:
    """(3N, n_orbital, n_occupied) for all motions, from those of the unique ones, by spin."""
    operations = motions.operations
    out = []
    for s, own in enumerate(responses):
        full = np.zeros((operations.n_atoms, 3, *own.shape[1:]))
        for k, orbit in enumerate(operations.orbits()):
            mine, inverse = own[motions.of_atom(k)], _inverse(motions, k)
            site = operations.site(orbit[0])
            images = np.concatenate([turns.turned(s, int(g), mine) for g in site])
            block = np.tensordot(inverse, images, axes=1)
            for atom in orbit:
                g = operations.sending(orbit[0], atom)
                turned = turns.turned(s, g, block)
                full[atom] = np.tensordot(operations.matrices[g], turned, axes=1)
        out.append(full.reshape(-1, *own.shape[1:]))
    return out


def _inverse(motions: Motions, k: int) -> FloatArray:
    """(3, n_image) what makes the three axes of the images of an atom's directions."""
    operations, directions = motions.operations, motions.directions[k]
    site = operations.site(motions.atoms[k])
    images = np.concatenate([directions @ operations.matrices[g].T for g in site])
    return np.asarray(np.linalg.pinv(images))


def completed_hessian(motions: Motions, rows: FloatArray) -> FloatArray:
    """(3N, 3N) from the rows (n_motions, N, 3) of the unique motions."""
    operations = motions.operations
    n = operations.n_atoms
    full = np.zeros((n, 3, n, 3))
    for k, orbit in enumerate(operations.orbits()):
        mine = rows[motions.of_atom(k)]
        site = operations.site(orbit[0])
        images = [operations.turned(int(g), row) for g in site for row in mine]
        block = np.tensordot(_inverse(motions, k), np.array(images), axes=1)
        for atom in orbit:
            g = operations.sending(orbit[0], atom)
            turned = np.array([operations.turned(g, row) for row in block])
            full[atom] = np.tensordot(operations.matrices[g], turned, axes=1)
    return full.reshape(3 * n, 3 * n)


def completed_dipoles(motions: Motions, rows: FloatArray) -> FloatArray:
    """(3N, 3) from the derivatives (n_field, N, 3) of dipole components along unique fields."""
    operations = motions.operations
    every = range(operations.order)
    images = np.array([operations.turned(g, row) for g in every for row in rows])
    axes = np.concatenate([motions.fields @ operations.matrices[g].T for g in every])
    full = np.tensordot(np.linalg.pinv(axes), images, axes=1)
    return np.asarray(full.transpose(1, 2, 0).reshape(-1, 3))
