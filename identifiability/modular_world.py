"""A random molecule of a given symmetry over a prime field, and the gradients of its spectra.

What `exact` counts; why this is exact is told there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Activity, PointGroup, SelectionRules, Symmetry, finite_subgroup
from ..pointgroup.detection.symmetry import detect
from ..pointgroup.theory.characters import CharacterTable, class_index
from ..pointgroup.theory.groups import operation_matrices
from .errors import IdentifiabilityError
from .isotopologue import Isotopologue
from .modular import Integers, inverse, null_space, product, rank
from .observables import Data
from .prime_field import PrimeField
from .space import InternalSpace


def quantities(activity: Activity, data: Sequence[Data], silent_too: bool) -> list[str]:
    """What is counted of an irrep: the kinds of its observables."""
    out = [] if activity.silent and not silent_too else ["freq"]
    if activity.ir and "ir" in data:
        out.append("ir")
    if activity.raman and "raman" in data:
        out += ["isotropic", "anisotropic"] if "depolarisation" in data else ["raman"]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A random molecule over a prime field.

    Internal displacements are s = Bᵀx with Bᵀ(rigid motion) = 0, so that V = sᵀFs/2 and
    G = BᵀM⁻¹B. All numbers are integers modulo p.

    Attributes
    ----------
    field : PrimeField
    symmetry : Symmetry
    wilson : (3N, d)
        B.
    action : (order, d, d)
        How each operation turns s.
    constants : (P, d, d)
        A basis of the force constants that the symmetry allows.
    force : (d, d)
        F, a random combination of them.
    dipole : (N, 3, 3)
        Derivatives of the dipole moment along the Cartesian displacements.
    polarizability : (N, 3, 3, 3)
    """

    field: PrimeField
    symmetry: Symmetry
    wilson: Integers
    action: Integers
    constants: Integers
    force: Integers
    dipole: Integers
    polarizability: Integers

    @classmethod
    def of(cls, field: PrimeField, symmetry: Symmetry, seed: int) -> World:
        """Geometry, force constants and derivatives drawn at random among all allowed ones.

        Raises
        ------
        IdentifiabilityError
            If the group has no faithful image modulo p, or the draw was degenerate.
        """
        p, rng = field.prime, np.random.default_rng(seed)
        turns = field.image(operation_matrices(symmetry.group))
        _check_homomorphism(turns, symmetry.group, p)
        positions = _positions(turns, symmetry, rng, p)
        wilson = null_space(_rigid(positions, p), p)
        free = _identity_rows(wilson)
        action = np.stack(
            [
                _moved(wilson, turn.T, np.argsort(moves), p)[free].T
                for turn, moves in zip(turns, symmetry.permutations, strict=True)
            ]
        )
        constants = _invariant_forms(action, symmetry, rng, p)
        weights = rng.integers(1, p, len(constants))
        force = (weights[:, None, None] * constants % p).sum(axis=0) % p
        n = symmetry.molecule.n_atoms
        first = rng.integers(0, p, (n, 3, 3))
        second = rng.integers(0, p, (n, 3, 3, 3))
        dipole, polarizability = _invariant_tensors(turns, symmetry, first, second, p)
        return cls(field, symmetry, wilson, action, constants, force, dipole, polarizability)

    def gradients(
        self, isotopologue: Isotopologue, weights: Integers, data: Sequence[Data], silent_too: bool
    ) -> list[Integers]:
        """Z (d, d) with d(observable) = tr Z dF, for all observables of an isotopologue."""
        p = self.field.prime
        weighted = np.repeat(weights, 3)[:, None] * self.wilson % p
        kinetic = product(self.wilson.T, weighted, p)
        step = product(kinetic, self.force, p)
        symmetry = _within(isotopologue.symmetry, self.symmetry)
        most = max(block.n_lines for block in isotopologue.blocks)
        powers = [kinetic]
        for _ in range(most):
            powers.append(product(step, powers[-1], p))
        forms = self._forms(weighted, kinetic, data)
        places = _places(symmetry, self.symmetry)
        rules = SelectionRules.of(symmetry.group)
        present = {block.irrep: block for block in isotopologue.blocks}
        out: list[Integers] = []
        table = _finite_table(symmetry.group)
        classes = class_index(symmetry.group)
        for row, irrep in enumerate(table.irreps):
            if irrep.label not in present:
                continue
            n = present[irrep.label].n_lines
            wanted = quantities(rules.activity(irrep), data, silent_too)
            if not wanted:
                continue
            # Any multiple of the projector serves.
            chi = self.field.characters(np.asarray(table.values[row]))[classes]
            project = (chi[:, None, None] * self.action[places] % p).sum(axis=0) % p
            if "freq" in wanted:
                out += [product(project, powers[j - 1], p) * j % p for j in range(1, n + 1)]
            for kind in wanted:
                if kind != "freq":
                    out += _moments(product(project.T, forms[kind], p), powers, n, p)
        return out

    def _forms(
        self, weighted: Integers, kinetic: Integers, data: Sequence[Data]
    ) -> dict[str, Integers]:
        """Quadratic forms Q (d, d) of the intensities, as in `Tensors.form`."""
        if set(data) <= {"freq"}:
            return {}
        p, n = self.field.prime, len(self.dipole)
        # A = M⁻¹BG⁻¹; its transpose acts on derivatives along Cartesian displacements.
        back = product(inverse(kinetic, p), weighted.T, p)
        dipole = product(back, self.dipole.reshape(3 * n, 3), p)
        tensor = product(back, self.polarizability.reshape(3 * n, 9), p).reshape(-1, 3, 3)
        third = pow(3, -1, p)
        mean = np.trace(tensor, axis1=1, axis2=2) % p * third % p
        deviator = (tensor - mean[:, None, None] * np.eye(3, dtype=np.int64)) % p
        deviator = deviator.reshape(-1, 9)
        isotropic = 45 * (mean[:, None] * mean % p) % p
        half = pow(2, -1, p)
        anisotropic = 21 * half % p * product(deviator, deviator.T, p) % p
        return {
            "ir": product(dipole, dipole.T, p),
            "isotropic": isotropic,
            "anisotropic": anisotropic,
            "raman": (isotropic + anisotropic) % p,
        }


def _moments(form: Integers, powers: list[Integers], n: int, p: int) -> list[Integers]:
    """Gradients of tr Q(GF)ʲG, j = 1 … n − 1; the form carries the projector."""
    out = []
    left = [product(power, form, p) for power in powers[: n - 1]]
    for j in range(1, n):
        total = np.sum([product(left[i], powers[j - 1 - i], p) for i in range(j)], axis=0) % p
        out.append(np.asarray((total + total.T) % p * pow(2, -1, p) % p))
    return out


def _check_homomorphism(turns: Integers, group: PointGroup, p: int) -> None:
    """Whether the images of the operations multiply as the operations do."""
    table = group.multiplication_table
    for g in range(len(turns)):
        if not np.array_equal(product(turns[g][None], turns, p), turns[table[g]]):
            raise IdentifiabilityError(f"{group} has no faithful image modulo {p}")


def _positions(turns: Integers, symmetry: Symmetry, rng: np.random.Generator, p: int) -> Integers:
    """(N, 3) random positions that the group permutes as it does those of the molecule."""
    out = np.zeros((symmetry.molecule.n_atoms, 3), dtype=np.int64)
    for orbit in symmetry.orbits():
        images = symmetry.permutations[:, orbit[0]]
        start = rng.integers(0, p, 3)
        seen = product(turns[images == orbit[0]], start[:, None], p)[:, :, 0]
        place = seen.sum(axis=0) % p
        out[images] = product(turns, place[:, None], p)[:, :, 0]
    return out


def _rigid(positions: Integers, p: int) -> Integers:
    """(6, 3N) translations and rotations."""
    n = len(positions)
    shifts = np.tile(np.eye(3, dtype=np.int64), n)
    turned = np.cross(np.eye(3, dtype=np.int64)[:, None, :], positions[None])
    return np.concatenate([shifts, turned.reshape(3, -1)]) % p


def _identity_rows(wilson: Integers) -> list[int]:
    """Rows of a null-space basis that form the identity."""
    single = (wilson != 0).sum(axis=1) == 1
    rows = []
    for column in range(wilson.shape[1]):
        rows.append(int(np.flatnonzero(single & (wilson[:, column] == 1))[0]))
    return rows


def _moved(vectors: Integers, turn: Integers, moves: NDArray[np.intp], p: int) -> Integers:
    """D vectors for 3N-displacements (3N, k): atom a goes to moves[a], turned."""
    n = len(moves)
    out = np.empty((n, 3, vectors.shape[1]), dtype=np.int64)
    out[moves] = product(turn[None], vectors.reshape(n, 3, -1), p)
    return out.reshape(3 * n, -1)


def _invariant_forms(
    action: Integers, symmetry: Symmetry, rng: np.random.Generator, p: int
) -> Integers:
    """(P, d, d) random symmetric forms on s that the group leaves as they are."""
    space = InternalSpace.with_symmetry(symmetry)
    count = sum(block.n_constants for block in space.blocks)
    d = action.shape[1]
    if len(action) == 1:
        i, j = np.triu_indices(d)
        out = np.zeros((count, d, d), dtype=np.int64)
        out[np.arange(count), i, j] = out[np.arange(count), j, i] = 1
        return out
    out = np.empty((count, d, d), dtype=np.int64)
    for number in range(count):
        drawn = rng.integers(0, p, (d, d))
        drawn = (drawn + drawn.T) % p
        total = np.zeros((d, d), dtype=np.int64)
        for g in action:
            total += product(product(g.T, drawn, p), g, p)
        out[number] = total % p
    if rank(out.reshape(count, -1), p) != count:
        raise IdentifiabilityError("the random force constants are dependent: change the seed")
    return out


def _invariant_tensors(
    turns: Integers, symmetry: Symmetry, first: Integers, second: Integers, p: int
) -> tuple[Integers, Integers]:
    """Derivatives of dipole (N, 3, 3) and polarizability (N, 3, 3, 3), without translations."""
    second = (second + second.swapaxes(2, 3)) % p
    n = len(first)
    dipole, tensor = np.zeros_like(first), np.zeros_like(second)
    for r, moves in zip(turns, symmetry.permutations, strict=True):
        dipole[moves] += product(product(r[None], first, p), r.T[None], p)
        pair = np.einsum("ab,cd->acbd", r, r).reshape(9, 9) % p
        turned = product(product(r[None], second.reshape(n, 3, 9), p), pair.T[None], p)
        tensor[moves] += turned.reshape(n, 3, 3, 3)
    share = pow(n, -1, p)
    dipole, tensor = dipole % p, tensor % p
    dipole = (dipole - dipole.sum(axis=0) % p * share % p) % p
    tensor = (tensor - tensor.sum(axis=0) % p * share % p) % p
    return dipole, tensor


def _within(symmetry: Symmetry, parent: Symmetry) -> Symmetry:
    """The symmetry of an isotopologue with the operations of the parent's.

    The axes across a linear molecule are arbitrary, so they are taken from the parent.
    """
    whole = detect(symmetry.molecule)
    if not whole.group.is_linear:
        return symmetry
    return finite_subgroup(replace(whole, frame=parent.frame))


def _places(symmetry: Symmetry, parent: Symmetry) -> NDArray[np.intp]:
    """Which operation of the parent each operation of an isotopologue is."""
    distance = np.abs(symmetry.matrices[:, None] - parent.matrices[None]).max(axis=(2, 3))
    places = distance.argmin(axis=1)
    far = float(distance.min(axis=1).max())
    if far > 1e-3 or len(set(places.tolist())) < len(places):
        raise IdentifiabilityError(
            "an operation of an isotopologue is none of the parent's: give isotopologues of "
            "the same space"
        )
    return np.asarray(places)


def _finite_table(group: PointGroup) -> CharacterTable:
    table = group.character_table
    assert isinstance(table, CharacterTable)
    return table
