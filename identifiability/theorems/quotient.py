"""Theorem 1, repaired: the spectra do not change under E(3) and relabelling; what a fibre is.

The point group fixes its own molecule, so that dividing by it says nothing. What the forward
map factors through are all motions of space, reflections included, and the permutations of
identical isotopes. Within that quotient a fibre still has a dimension: the force constants of
silent irreps, and those of visible ones that the data do not determine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ..exact import ExactRank, exact_rank
from ..forcefield import ForceField
from ..isotopologue import Isotopologue
from ..observables import DATA, Data
from ..space import InternalSpace, rigid_motions
from ..tensors import Tensors
from .statement import Statement

FloatArray = NDArray[np.float64]

_EQUAL = 1e-8
"""Relative change of a spectrum that is rounding."""
_SAME_LINE = 1e-7
"""Relative distance of curvatures that are one line."""


@dataclass(frozen=True, slots=True)
class Fibre:
    """The force fields that have the spectra of a molecule, near a generic one.

    Attributes
    ----------
    exact : ExactRank
    silent_constants : int
        In irreps that no spectrum shows.
    visible_deficiency : int
        In visible irreps, left open by the data.
    """

    exact: ExactRank
    silent_constants: int
    visible_deficiency: int

    @property
    def dimension(self) -> int:
        """Number of directions in which the force field can move."""
        return self.silent_constants + self.visible_deficiency

    def __str__(self) -> str:
        return (
            f"{self.exact.group}: fibre of dimension {self.dimension} in "
            f"{self.exact.n_parameters} force constants ({self.silent_constants} silent, "
            f"{self.visible_deficiency} in visible irreps)"
        )


def fibre(
    molecule: Molecule | InternalSpace, data: tuple[Data, ...] = DATA, *, seed: int = 0
) -> Fibre:
    """Dimension of the fibre of the spectra of one isotopologue, derivatives known.

    Exact: see `exact_rank`.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> print(fibre(example("benzene"), ("freq",)))
    D6h: fibre of dimension 23 in 34 force constants (13 silent, 10 in visible irreps)
    """
    space = molecule if isinstance(molecule, InternalSpace) else InternalSpace.of(molecule)
    parent = Isotopologue.of(space)
    found = exact_rank(space, (parent,), data=data, seed=seed)
    silent = {block.irrep for block in parent.blocks if block.activity.silent}
    hidden = sum(block.n_constants for block in space.blocks if str(block.irrep) in silent)
    return Fibre(found, hidden, found.deficiency - hidden)


def symmetry_quotient(
    molecule: Molecule | ForceField, tensors: Tensors | None = None, *, seed: int = 0
) -> Statement:
    """Whether the spectra are the same for all images of a molecule under E(3) and relabelling.

    Computed in Cartesian coordinates from the whole Hessian, apart from the machinery that uses
    symmetry. As a control, the labels of two different isotopes are exchanged too, which must
    change the spectrum.

    Parameters
    ----------
    molecule : Molecule or ForceField
        A random symmetric force field is drawn for a molecule.
    tensors : Tensors, optional
        Random ones if not given.
    seed : int

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> symmetry_quotient(example("methane")).verdict
    'holds'
    """
    field = molecule if isinstance(molecule, ForceField) else ForceField.random(molecule, seed=seed)
    space, rng = field.space, np.random.default_rng(seed)
    whole = _World.of(field, tensors or Tensors.random(space, seed))
    here = whole.spectrum()
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    proper = turn * np.sign(np.linalg.det(turn))
    keys = list(zip(space.molecule.symbols, np.round(space.molecule.masses, 6), strict=True))
    order = _relabelling(keys, rng)
    changes = {
        "translation": whole.moved(np.eye(3), rng.normal(size=3)),
        "rotation": whole.moved(proper, np.zeros(3)),
        "reflection (the enantiomer)": whole.moved(-proper, np.zeros(3)),
        "relabelling of identical isotopes": whole.relabelled(order),
    }
    moved = {name: _distance(here, other.spectrum()) for name, other in changes.items()}
    control = _control(whole, here, keys)
    bad = [name for name, change in moved.items() if change > _EQUAL]
    found = fibre(space)
    return Statement(
        "Symmetry quotient",
        "infrared, Raman and depolarisation are functions on M/(E(3) × permutations of "
        "identical isotopes)",
        "fails" if bad else "holds",
        (
            *((f"relative change by {name}", change) for name, change in moved.items()),
            ("control: two unlike atoms exchanged", control),
            ("force constants", found.exact.n_parameters),
            ("silent constants", found.silent_constants),
            ("open in visible irreps", found.visible_deficiency),
        ),
        tuple(bad),
        (
            "A motion R of space and a relabelling turn the mass-weighted Hessian W into "
            "DWDᵀ with an orthogonal D that commutes with the masses: same eigenvalues.",
            "Derivatives turn with it, and an intensity is a sum of squares over all "
            "components, which R does not change, of either determinant: an enantiomer is the "
            "same point. VCD and ROA change sign and can tell.",
            "The point group is the stabiliser of the molecule in this group, so that dividing "
            "by it alone identifies nothing.",
            "F = ⊕ F_Γ ⊗ 1. A line of irrep Γ depends on F_Γ only, so all F_Γ of silent Γ are "
            "free; the rest of the fibre is the deficiency in visible blocks.",
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """A molecule with its Hessian and derivatives in Cartesian coordinates."""

    positions: FloatArray
    masses: FloatArray
    hessian: FloatArray
    dipole: FloatArray
    polarizability: FloatArray

    @classmethod
    def of(cls, field: ForceField, tensors: Tensors) -> _World:
        molecule = field.space.molecule
        return cls(
            molecule.positions,
            molecule.masses,
            field.hessian(),
            tensors.dipole,
            tensors.polarizability,
        )

    def moved(self, turn: FloatArray, shift: FloatArray) -> _World:
        """The image under x → Rx + t."""
        n = len(self.positions)
        big = np.kron(np.eye(n), turn)
        tensor = np.einsum("xy,ycd,ac,bd->xab", big, self.polarizability, turn, turn)
        return _World(
            self.positions @ turn.T + shift,
            self.masses,
            big @ self.hessian @ big.T,
            big @ self.dipole @ turn.T,
            tensor,
        )

    def relabelled(self, order: NDArray[np.intp], *, masses: bool = True) -> _World:
        """Atoms in another order; without ``masses`` these stay where they were."""
        rows = (3 * order[:, None] + np.arange(3)).ravel()
        return _World(
            self.positions[order],
            self.masses[order] if masses else self.masses,
            self.hessian[np.ix_(rows, rows)],
            self.dipole[rows],
            self.polarizability[rows],
        )

    def spectrum(self) -> FloatArray:
        """(4, n) positions (curvatures) of the lines and their three intensities."""
        roots = np.repeat(np.sqrt(self.masses), 3)
        motions = np.linalg.qr((rigid_motions(self.positions) * roots).T)[0]
        u = np.linalg.svd(motions, full_matrices=True)[0][:, motions.shape[1] :]
        weighted = self.hessian / np.outer(roots, roots)
        curvatures, vectors = np.linalg.eigh(u.T @ weighted @ u)
        modes = (u @ vectors) / roots[:, None]
        dipole = modes.T @ self.dipole
        tensor = np.einsum("xk,xab->kab", modes, self.polarizability)
        mean = np.trace(tensor, axis1=1, axis2=2) / 3
        deviator = tensor - mean[:, None, None] * np.eye(3)
        table = [(dipole**2).sum(axis=1), 45 * mean**2, 10.5 * (deviator**2).sum(axis=(1, 2))]
        starts = np.flatnonzero(np.diff(curvatures, prepend=-np.inf) > _SAME_LINE * curvatures)
        sums = np.add.reduceat(np.array([curvatures, *table]), starts, axis=1)
        sums[0] /= np.diff(np.append(starts, len(curvatures)))
        return np.asarray(sums)


def _distance(a: FloatArray, b: FloatArray) -> float:
    """Largest change of a row, relative to its largest element; inf if lines split."""
    if a.shape != b.shape:
        return float("inf")
    scale = np.maximum(np.abs(a).max(axis=1), 1e-300)
    return float((np.abs(a - b).max(axis=1) / scale).max())


def _relabelling(keys: list[tuple[str, float]], rng: np.random.Generator) -> NDArray[np.intp]:
    order = np.arange(len(keys))
    for key in set(keys):
        places = np.array([i for i, k in enumerate(keys) if k == key])
        order[places] = rng.permutation(places)
    return order


def _control(whole: _World, here: FloatArray, keys: list[tuple[str, float]]) -> float | str:
    """Change of the spectrum when two unlike atoms exchange their masses."""
    other = next((i for i, k in enumerate(keys) if k != keys[0]), None)
    if other is None:
        return "one kind of atom"
    order = np.arange(len(keys))
    order[[0, other]] = order[[other, 0]]
    return _distance(here, whole.relabelled(order, masses=False).spectrum())
