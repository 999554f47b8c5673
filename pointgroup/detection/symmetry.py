"""The point group of a geometry, exact or not.

The tolerance has one meaning: the largest accepted root-mean-square displacement per atom
(Å) between the geometry and its symmetrised form under the group. Without one, the noise of
the geometry is estimated (`noise`).

No branch looks at the inertia tensor: candidate operations come from one reference pair of
atoms (`matching`), are closed exactly as permutations (`closure`), recognised and put into
the standard frame (`recognition`, `frames`); linear molecules are laid on a line (`linear`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GroupError, NoGroup, ToleranceError
from ..molecules.molecule import Molecule
from ..molecules.validation import MINIMUM_SEPARATION, closest_pair
from ..theory.groups import PointGroup, operation_matrices
from ..theory.operations import FloatArray, Indices
from .cloud import Cloud
from .frames import standard_frame
from .linear import LinearFit, believed, far_from_linear, fit_line, within
from .matching import candidate_operations
from .noise import FLOOR, LARGEST_NOISE, believed_groups, non_symmetric_modes
from .recognition import Elements, schoenflies
from .search import Found, average, chain, generated_group, window

if TYPE_CHECKING:
    from .ladder import Rung

MIN_TOLERANCE = 1e-9
"""Å; below it rounding errors would decide."""
MAX_TOLERANCE = 0.5
"""Å; beyond it atoms would be symmetrised onto their neighbours."""
_NEGLIGIBLE = 1e-6
"""Å; with smaller deviations there is nothing to weigh against each other."""
MAX_ATOMS = 20_000
"""Largest molecule accepted."""


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryOperation:
    """An operation of a molecule.

    Attributes
    ----------
    label : str
        Textbook symbol.
    matrix : (3, 3)
        In the frame of the molecule, about ``Symmetry.origin``.
    permutation : (N,) int
        Atom i is sent to the place of atom ``permutation[i]``.
    """

    label: str
    matrix: FloatArray
    permutation: Indices

    def __repr__(self) -> str:
        return f"SymmetryOperation({self.label})"


@dataclass(frozen=True, slots=True, eq=False)
class Symmetry:
    """The point group of a molecule, with everything needed to use it.

    Attributes
    ----------
    molecule : Molecule
        The geometry as given.
    group : PointGroup
    matrices : (order, 3, 3)
        The operations in the frame of the molecule, in the order of ``group.operations``. Of
        a linear molecule, whose group is infinite, those that differ as permutations: E and
        σv, for D∞h also i and C2'; of an atom E and i.
    permutations : (order, N) int
        Atom i is sent to the place of atom ``permutations[g, i]``.
    frame : (3, 3)
        Rows are the standard axes x, y, z in the frame of the molecule.
    origin : (3,) Å
        The point that all operations leave in place (centre of mass of the symmetrised
        molecule).
    symmetrised_positions : (N, 3) Å
        The nearest positions that have the group exactly, in the frame of the molecule.
    tolerance : float or None, Å
        As given to `detect`; None when the noise was estimated.
    """

    molecule: Molecule
    group: PointGroup
    matrices: FloatArray
    permutations: Indices
    frame: FloatArray
    origin: FloatArray
    symmetrised_positions: FloatArray
    tolerance: float | None

    @property
    def operations(self) -> tuple[SymmetryOperation, ...]:
        """The operations with their textbook symbols, in the order of ``matrices``."""
        if self.group.is_continuous:
            labels = {"Kh": ["E", "i"]}.get(self.group.symbol, ["E", "σv", "i", "C2'"])
        else:
            labels = [o.label for o in self.group.operations]
        rows = zip(labels, self.matrices, self.permutations, strict=False)
        return tuple(SymmetryOperation(*row) for row in rows)

    @property
    def deviations(self) -> FloatArray:
        """(N,) distance in Å that symmetrising moves each atom."""
        moved = self.symmetrised_positions - self.molecule.positions
        return np.asarray(np.linalg.norm(moved, axis=1))

    @property
    def rms(self) -> float:
        """Root mean square of the deviations, Å; at most the tolerance."""
        return float(np.sqrt(np.mean(self.deviations**2)))

    @property
    def standard_positions(self) -> FloatArray:
        """(N, 3) Å, symmetrised positions in the standard frame of the group."""
        return np.asarray((self.symmetrised_positions - self.origin) @ self.frame.T)

    @property
    def ladder(self) -> tuple[Rung, ...]:
        """Groups of the geometry against tolerance, up to 0.3 Å; computed when asked for."""
        from .ladder import ladder

        return ladder(self.molecule)

    def n_unmoved(self, operation: int) -> int:
        """Number of atoms that an operation leaves in place."""
        permutation = self.permutations[operation]
        return int(np.count_nonzero(permutation == np.arange(len(permutation))))

    def orbits(self) -> tuple[tuple[int, ...], ...]:
        """Sets of symmetry-equivalent atoms, by first atom."""
        images = np.sort(self.permutations, axis=0)
        seen: dict[int, list[int]] = {}
        for atom, first in enumerate(images[0]):
            seen.setdefault(int(first), []).append(atom)
        return tuple(tuple(atoms) for atoms in seen.values())

    def symmetrise(self) -> Molecule:
        """The molecule moved to the symmetrised positions; ``deviations`` says how far."""
        return self.molecule.with_positions(self.symmetrised_positions)


def detect(molecule: Molecule, tolerance: float | None = None) -> Symmetry:
    """Find the point group of a molecule.

    Parameters
    ----------
    molecule : Molecule
        Isotopes count: HDO is Cs.
    tolerance : float, optional
        Largest accepted RMS displacement per atom to the symmetrised form, Å. If not given,
        the noise of the geometry is estimated from the deviations themselves, and the group
        is the largest one that they do not speak against (see `noise`).

    Raises
    ------
    ToleranceError
        If the tolerance is not between 1e-9 and 0.5 Å.
    GroupError
        If the molecule has more than 20,000 atoms, or an axis of an order above 200, or so
        many like atoms within the tolerance that they cannot be compared.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> symmetry = detect(example("ferrocene_staggered"))
    >>> str(symmetry.group), symmetry.rms < 1e-6
    ('D5d', True)
    """
    _check(molecule, tolerance)
    if molecule.n_atoms == 1:
        return _atom(molecule, tolerance)
    cloud = Cloud.of(molecule)
    if not far_from_linear(cloud, tolerance or 2 * LARGEST_NOISE):
        fit = fit_line(cloud)
        symbol = believed(cloud, fit) if tolerance is None else within(cloud, fit, tolerance)
        if symbol is not None:
            return _linear(molecule, fit, symbol, tolerance)
    return _exact(molecule, cloud, tolerance) or _deviating(molecule, cloud, tolerance)


def point_group(molecule: Molecule, tolerance: float | None = None) -> PointGroup:
    """The point group alone: the answer of `detect`, sooner where the geometry is exact.

    An exact geometry need not be placed in the standard frame to know its group.

    Parameters and errors are those of `detect`.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> print(point_group(example("c60")))
    Ih
    """
    _check(molecule, tolerance)
    if molecule.n_atoms > 1:
        cloud = Cloud.of(molecule)
        if not far_from_linear(cloud, tolerance or 2 * LARGEST_NOISE):
            return detect(molecule, tolerance).group
        found = generated_group(cloud, tolerance or 3 * FLOOR)
        if found is not None and found.group.order > 1 and found.rms < _NEGLIGIBLE:
            return schoenflies(found.elements)
    return detect(molecule, tolerance).group


def _check(molecule: Molecule, tolerance: float | None) -> None:
    if molecule.n_atoms > MAX_ATOMS:
        raise GroupError(f"{molecule.n_atoms} atoms: symmetry is searched up to {MAX_ATOMS}")
    check_tolerance(tolerance)


def check_tolerance(tolerance: float | None) -> None:
    """Refuse a tolerance (Å) without meaning; None, to be estimated, has one.

    Raises
    ------
    ToleranceError
        If it is outside `MIN_TOLERANCE` to `MAX_TOLERANCE`, or not a number.
    """
    if tolerance is not None and not MIN_TOLERANCE <= tolerance <= MAX_TOLERANCE:
        raise ToleranceError(
            f"tolerance {tolerance:g} Å: give an RMS displacement between {MIN_TOLERANCE:g} "
            f"and {MAX_TOLERANCE:g} Å"
        )


def _atom(molecule: Molecule, tolerance: float | None) -> Symmetry:
    matrices = np.array([np.eye(3), -np.eye(3)])
    permutations = np.zeros((2, 1), dtype=np.intp)
    centred = np.zeros((1, 3))
    return _finish(
        molecule, PointGroup("Kh"), matrices, permutations, np.eye(3), centred, tolerance
    )


def _linear(molecule: Molecule, fit: LinearFit, symbol: str, tolerance: float | None) -> Symmetry:
    """C∞v or D∞h, with the operations that differ as permutations."""
    identity = np.arange(molecule.n_atoms)
    across = np.cross(fit.axis, np.eye(3)[np.argmin(np.abs(fit.axis))])
    across /= np.linalg.norm(across)
    mirror = np.eye(3) - 2 * np.outer(across, across)
    matrices, permutations = [np.eye(3), mirror], [identity, identity]
    if symbol == "D∞h" and fit.reverse is not None:
        matrices += [-np.eye(3), -mirror]
        permutations += [fit.reverse, fit.reverse]
    return _finish(
        molecule,
        PointGroup(symbol),
        np.array(matrices),
        np.array(permutations),
        np.array([across, np.cross(fit.axis, across), fit.axis]),
        fit.even if symbol == "D∞h" else fit.line,
        tolerance,
    )


def _exact(molecule: Molecule, cloud: Cloud, tolerance: float | None) -> Symmetry | None:
    """The group that all operations agree on; None if they do not, or if there may be more.

    Without a tolerance that is so when the deviations are no larger than `FLOOR`, so that
    what they leave out cannot be noise.
    """
    limit = 3 * FLOOR if tolerance is None else tolerance
    found = generated_group(cloud, limit, outliers=tolerance is not None)
    if found is None or (tolerance is None and found.group.order == 1):
        return None
    try:
        symmetry = place(molecule, cloud, found, tolerance)
    except NoGroup:
        return None
    if tolerance is not None:
        return symmetry if _is_within(symmetry, tolerance) else None
    n = non_symmetric_modes(symmetry.permutations, symmetry.matrices)
    return symmetry if symmetry.rms**2 * molecule.n_atoms <= n * FLOOR**2 else None


def _deviating(molecule: Molecule, cloud: Cloud, tolerance: float | None) -> Symmetry:
    """The largest group that the tests or the tolerance allow, taking the best first."""
    if tolerance is None:
        groups = believed_groups(cloud)
    else:
        candidates = candidate_operations(cloud, window(tolerance, molecule.n_atoms))
        groups = chain(cloud, candidates, tolerance)
    for found in reversed(groups):
        try:
            symmetry = place(molecule, cloud, found, tolerance)
        except NoGroup:  # permutations that no rigid operations stand behind
            continue
        if tolerance is None or _is_within(symmetry, tolerance):
            return symmetry
    raise AssertionError("the identity alone is always within the tolerance")


def _is_within(symmetry: Symmetry, tolerance: float) -> bool:
    """Whether the deviation is allowed, and symmetrising lays no two atoms onto each other."""
    if symmetry.rms > tolerance:
        return False
    if symmetry.deviations.max() < MINIMUM_SEPARATION:
        return True
    nearest = closest_pair(symmetry.symmetrised_positions)
    return nearest is None or nearest[2] >= MINIMUM_SEPARATION


def place(
    molecule: Molecule, cloud: Cloud, found: Found, tolerance: float | None = None
) -> Symmetry:
    """Recognise a permutation group, find its frame and symmetrise the positions under it.

    Raises
    ------
    NoGroup
        If no rigid operations stand behind the permutations.
    """
    elements = found.elements
    group = schoenflies(elements)
    frame = standard_frame(group, elements, found, molecule.masses)
    ideal = operation_matrices(group)
    permutations = found.group.permutations[_assigned(ideal, frame, elements)]
    frame, symmetric = _symmetrised(cloud.positions, ideal, permutations, frame)
    matrices = frame.T @ ideal @ frame
    return _finish(molecule, group, matrices, permutations, frame, symmetric, tolerance)


def _assigned(ideal: FloatArray, frame: FloatArray, elements: Elements) -> Indices:
    """For each operation of the group, the element of the molecule that it is.

    Raises
    ------
    NoGroup
        If two operations want the same element.
    """
    placed = (frame.T @ ideal @ frame).reshape(len(ideal), 9)
    overlap = placed @ elements.matrices.reshape(-1, 9).T
    overlap[np.sign(np.linalg.det(ideal))[:, None] != elements.signs] = -9.0
    rows = np.argmax(overlap, axis=1)
    if len(set(rows.tolist())) != len(rows):
        raise NoGroup("the operations do not fit the ideal ones one to one")
    return np.asarray(rows)


def _symmetrised(
    positions: FloatArray, ideal: FloatArray, permutations: Indices, frame: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Frame and positions of the nearest geometry with exactly these operations.

    Averaging over the group turns the molecule against a frame that is slightly off;
    turning the frame back makes the error quadratically smaller each time.
    """
    for _ in range(20):
        symmetric = average(positions, permutations, frame.T @ ideal @ frame)
        turn = _turn_between(symmetric, positions)
        if np.abs(turn - np.eye(3)).max() < 1e-12:
            break
        frame = frame @ turn.T
    return frame, symmetric


def _turn_between(source: FloatArray, target: FloatArray) -> FloatArray:
    """Rotation that best turns ``source`` (N, 3) onto ``target`` (N, 3)."""
    u, _, vt = np.linalg.svd(target.T @ source)
    u[:, 2] *= np.linalg.det(u) * np.linalg.det(vt)
    return np.asarray(u @ vt)


def _finish(
    molecule: Molecule,
    group: PointGroup,
    matrices: FloatArray,
    permutations: Indices,
    frame: FloatArray,
    centred: FloatArray,
    tolerance: float | None,
) -> Symmetry:
    positions = centred + molecule.positions.mean(axis=0)
    origin = molecule.masses @ positions / molecule.masses.sum()
    for array in (matrices, permutations, frame, positions, origin):
        array.flags.writeable = False
    return Symmetry(molecule, group, matrices, permutations, frame, origin, positions, tolerance)
