"""Symmetry coordinates: combinations of internal coordinates that transform as one irrep.

An orbit of equivalent coordinates is projected on the partners of each irrep, so that every
symmetry coordinate is made of coordinates of one type, as in textbooks. The irreps of a linear
molecule are those of a finite subgroup under other names: C4v for C∞v (A1 Σ+, E Π) and D4h for
D∞h (A1g Σg+, A2u Σu+, Eg Πg, Eu Πu); on a line nothing else occurs among the vibrations.

Source: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations* (1955), sections 6-3 to
6-5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import (
    CharacterTable,
    Molecule,
    PointGroup,
    Symmetry,
    irrep_matrices,
    vibrational_representation,
)
from ...pointgroup.theory.groups import operation_matrices
from ..internal import CoordinateAction, InternalCoordinates, coordinate_action, coordinate_types
from ..internal.complete import geometric_symmetry, n_vibrations
from .errors import ForceFieldError

FloatArray = NDArray[np.float64]
SymmetryChoice = Symmetry | Literal["detect", "none"]

_LINEAR: dict[str, tuple[str, dict[str, str]]] = {
    "C∞v": ("C4v", {"A1": "Σ+", "A2": "Σ-", "B1": "Δ", "B2": "Δ", "E": "Π"}),
    "D∞h": (
        "D4h",
        {
            "A1g": "Σg+", "A2g": "Σg-", "B1g": "Δg", "B2g": "Δg", "Eg": "Πg",
            "A1u": "Σu-", "A2u": "Σu+", "B1u": "Δu", "B2u": "Δu", "Eu": "Πu",
        },
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryBlock:
    """The symmetry coordinates of one irrep.

    Attributes
    ----------
    irrep : str
    dimension : int
        1 to 5.
    is_real : bool
        False for a merged pair of complex-conjugate irreps (E of C3, C3h …), of which F has n²
        force constants instead of n(n + 1)/2.
    n_vib : int
        Vibrations of this irrep, a degenerate set counted once.
    vectors : (n_copies, dimension, n)
        ``vectors[c, k]`` are the coefficients of partner k of symmetry coordinate c, normalised;
        more copies than ``n_vib`` if the coordinates are redundant.
    types : tuple of str, n_copies
        Type of the internal coordinates in each copy.
    """

    irrep: str
    dimension: int
    is_real: bool
    n_vib: int
    vectors: FloatArray
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SymmetrisedCoordinates:
    """Internal coordinates with the symmetry coordinates made of them.

    Attributes
    ----------
    coordinates : InternalCoordinates
        On the symmetrised geometry.
    symmetry : Symmetry
    blocks : tuple of SymmetryBlock
        Irreps that have vibrations, in the order of the character table.
    """

    coordinates: InternalCoordinates
    symmetry: Symmetry
    blocks: tuple[SymmetryBlock, ...]

    def block(self, irrep: str) -> SymmetryBlock:
        """The block of an irrep.

        Raises
        ------
        ForceFieldError
            If the molecule has no vibration of this irrep.
        """
        for block in self.blocks:
            if block.irrep == irrep:
                return block
        have = ", ".join(b.irrep for b in self.blocks)
        raise ForceFieldError(f"no vibration has the irrep {irrep!r}; there are {have}")


def symmetrised(
    coordinates: InternalCoordinates, symmetry: SymmetryChoice = "detect"
) -> SymmetrisedCoordinates:
    """Symmetry coordinates of a set of internal coordinates.

    Parameters
    ----------
    coordinates : InternalCoordinates
        Closed under the symmetry: sets from `internal_coordinates` are.
    symmetry : Symmetry, "detect" or "none"
        That of the isotopologue. "detect" moves the atoms by at most 0.001 Å (RMS); for more,
        give the symmetry. "none" treats the molecule as C1.

    Raises
    ------
    CoordinateError
        If the image of a coordinate is missing.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> from spektron.vibration.internal import internal_coordinates
    >>> of = symmetrised(internal_coordinates(example("water")))
    >>> [(b.irrep, b.types) for b in of.blocks]
    [('A1', ('O–H stretch', 'H–O–H bend')), ('B2', ('O–H stretch',))]
    """
    found = chosen_symmetry(coordinates.molecule, symmetry)
    finite, names = finite_symmetry(found)
    placed = coordinates.on(found.symmetrise())
    if placed.molecule.n_atoms == 1:
        return SymmetrisedCoordinates(placed, found, ())
    if finite.group.order == 1:
        return SymmetrisedCoordinates(placed, found, (_whole(placed),))
    action = coordinate_action(placed, finite)
    counts = {i.label: m for i, m in vibrational_representation(found).terms}
    table, matrices = finite.group.character_table, irrep_matrices(finite.group)
    assert isinstance(table, CharacterTable)
    orbits, types = action.orbits(), coordinate_types(placed)
    blocks = []
    for irrep in table.irreps:
        n_vib = counts.get(names.get(irrep.label, irrep.label), 0)
        if n_vib:
            real = bool(irrep.indicator)
            vectors, of_type = _project(action, orbits, types, matrices[irrep.label], real)
            label = names.get(irrep.label, irrep.label)
            blocks.append(
                SymmetryBlock(label, irrep.dimension, real, n_vib, vectors, tuple(of_type))
            )
    return SymmetrisedCoordinates(placed, found, tuple(blocks))


def chosen_symmetry(molecule: Molecule, symmetry: SymmetryChoice) -> Symmetry:
    """The symmetry that is meant: detected, none (C1), or the given one if it fits."""
    if isinstance(symmetry, Symmetry):
        if symmetry.molecule.symbols != molecule.symbols:
            raise ForceFieldError(f"the symmetry given is not that of {molecule.formula}")
        return symmetry
    if symmetry == "detect":
        return geometric_symmetry(molecule)
    if symmetry != "none":
        raise ForceFieldError(f"symmetry {symmetry!r}: give 'detect', 'none' or a Symmetry")
    n = molecule.n_atoms
    return Symmetry(
        molecule,
        PointGroup("C1"),
        np.eye(3)[None],
        np.arange(n, dtype=np.intp)[None],
        np.eye(3),
        molecule.centre_of_mass,
        molecule.positions,
        None,
    )


def finite_symmetry(symmetry: Symmetry) -> tuple[Symmetry, dict[str, str]]:
    """A finite subgroup that tells the irreps of a linear molecule apart, and their names.

    Any other symmetry is returned as it is.
    """
    if symmetry.group.symbol not in _LINEAR:
        return symmetry, {}
    symbol, names = _LINEAR[symmetry.group.symbol]
    group = PointGroup(symbol)
    ideal = operation_matrices(group)
    reverse = symmetry.permutations[-1]  # of i and C2', or of σv: no atom moves
    permutations = np.where(ideal[:, 2, 2, None] > 0, symmetry.permutations[0], reverse)
    finite = Symmetry(
        symmetry.molecule,
        group,
        symmetry.frame.T @ ideal @ symmetry.frame,
        permutations,
        symmetry.frame,
        symmetry.origin,
        symmetry.symmetrised_positions,
        symmetry.tolerance,
    )
    return finite, names


def _whole(coordinates: InternalCoordinates) -> SymmetryBlock:
    """Without symmetry every internal coordinate is a symmetry coordinate."""
    vectors = np.eye(len(coordinates))[:, None]
    types = tuple(coordinate_types(coordinates))
    return SymmetryBlock("A", 1, True, n_vibrations(coordinates.molecule), vectors, types)


def _project(
    action: CoordinateAction,
    orbits: list[NDArray[np.intp]],
    types: list[str],
    matrices: FloatArray,
    real: bool,
) -> tuple[FloatArray, list[str]]:
    """Normalised partners (n_copies, d, n) of one irrep, orbit by orbit.

    The operators P_kj = (d/|G|) Σ_g D_kj(g) T(g) turn the first coordinate of an orbit into
    partners k of the irrep, for each j; those that depend on earlier ones are left out.
    """
    order, d = len(matrices), matrices.shape[1]
    n = action.images.shape[1]
    scale = d / (order * (1 if real else 2))
    copies: list[FloatArray] = []
    names: list[str] = []
    for orbit in orbits:
        known: list[FloatArray] = []
        for seed in _seeds(action, orbit):
            images = np.zeros((order, n))
            np.add.at(
                images,
                (np.arange(order)[:, None], action.images[:, seed]),
                action.weights[:, seed],
            )
            for partners in scale * np.einsum("gkj,gn->jkn", matrices, images):
                for other in known:
                    partners = partners - np.einsum("kn,mn->km", partners, other) @ other
                length = np.sqrt(np.einsum("kn,kn->", partners, partners) / d)
                if length > 1e-6:
                    known.append(partners / length)
                    names.append(types[orbit[0]])
        copies += [_signed(c) for c in known]
    return np.array(copies).reshape(len(copies), d, n), names


def _seeds(action: CoordinateAction, orbit: NDArray[np.intp]) -> list[int]:
    """Coordinates whose images span the orbit: one, or both components of a linear bend."""
    first = int(orbit[0])
    pair = action.images[0, first].tolist()  # under the identity: both components
    return [first, *sorted(set(pair) & set(orbit.tolist()) - {first})]


def _signed(partners: FloatArray) -> FloatArray:
    """The same partners with the leading coefficient of the first one positive."""
    leading = partners[0][np.argmax(np.abs(partners[0]) > 0.9 * np.abs(partners[0]).max())]
    return np.asarray(partners * np.sign(leading))
