"""From a set of approximate operations to a Schoenflies symbol and the standard frame.

Element orders are known exactly from the permutations, so each rotation angle is the
nearest multiple of 2π/order and no angle has to be guessed. Where the standard axes leave a
choice, it is made as follows (after Mulliken 1955 where he decides):

- C2v: the yz plane holds the most atoms, so a planar molecule lies in it;
- D2, D2h: a planar molecule lies in yz; z passes through the most atoms, then the heaviest,
  then is the longest (least moment of inertia); y follows by the same rule;
- Cnv, Dn, Dnh with even n: σv, C2' pass through the most atoms; then, for C2', its plane;
- C1, Cs, Ci, Cn, Cnh, S2n: x and y (all three for C1, Ci) are principal axes of inertia.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..errors import GroupError
from ..theory.groups import PointGroup
from ..theory.operations import FloatArray, Indices


@dataclass(frozen=True, slots=True, eq=False)
class Elements:
    """Approximate operations of one molecule, with what is known of them exactly.

    Attributes
    ----------
    matrices : (M, 3, 3)
    signs : (M,) int, determinants
    turns : tuple of Fraction, M
        Rotation angles between 0 and ½ turn, in the convention of `operations`.
    axes : (M, 3)
        Rotation axes (normals of mirror planes) up to sign; arbitrary for E and i.
    unmoved : (M,) int
        Number of atoms left in place.
    """

    matrices: FloatArray
    signs: NDArray[np.int64]
    turns: tuple[Fraction, ...]
    axes: FloatArray
    unmoved: Indices

    @classmethod
    def of(
        cls,
        matrices: FloatArray,
        signs: NDArray[np.int64],
        orders: NDArray[np.int64],
        unmoved: Indices,
    ) -> Elements:
        """Snap the angles to the multiples that the orders of the elements allow."""
        cosines = (np.trace(matrices, axis1=1, axis2=2) - signs) / 2
        angles = np.arccos(np.clip(cosines, -1, 1))
        steps = np.rint(angles * orders / (2 * np.pi)).astype(int)
        turns = tuple(Fraction(int(k), int(n)) for k, n in zip(steps, orders, strict=True))
        proper = matrices * signs[:, None, None]
        return cls(matrices, signs, turns, _rotation_axes(proper), unmoved)

    def where(self, *, improper: bool, turn: Fraction) -> Indices:
        """Indices of the elements of one kind."""
        sign = -1 if improper else 1
        return np.array(
            [i for i, t in enumerate(self.turns) if t == turn and self.signs[i] == sign],
            dtype=np.intp,
        )

    @property
    def half_turns(self) -> Indices:
        """Indices of the C2."""
        return self.where(improper=False, turn=Fraction(1, 2))

    @property
    def mirrors(self) -> Indices:
        """Indices of the mirror planes."""
        return self.where(improper=True, turn=Fraction(0))

    @property
    def has_inversion(self) -> bool:
        """Whether i is among them."""
        return bool(len(self.where(improper=True, turn=Fraction(1, 2))))


def _rotation_axes(proper: FloatArray) -> FloatArray:
    """(M, 3) axes of rotation matrices: eigenvector of the eigenvalue 1."""
    symmetric = proper + proper.swapaxes(1, 2)
    return np.asarray(np.linalg.eigh(symmetric)[1][:, :, 2])


def schoenflies(elements: Elements) -> PointGroup:
    """The point group that a closed set of operations forms.

    Raises
    ------
    GroupError
        If the elements are not those of a point group.
    """
    order = len(elements.signs)
    rotations = [t for t, s in zip(elements.turns, elements.signs, strict=True) if s > 0]
    highest = max(t.denominator for t in rotations)
    kind = _rotation_kind(len(rotations), highest)
    symbol = kind if order == len(rotations) else _with_improper(kind, highest, elements)
    group = PointGroup(symbol)
    expected = Counter((min(o.turn, 1 - o.turn), o.improper) for o in group.operations)
    found = Counter(
        (min(t, 1 - t), bool(s < 0)) for t, s in zip(elements.turns, elements.signs, strict=True)
    )
    if expected != found:
        raise GroupError(f"{order} operations look like {symbol} but do not form that group")
    return group


def _rotation_kind(order: int, highest: int) -> str:
    if order == highest:
        return f"C{highest}"
    if (order, highest) in ((12, 3), (24, 4), (60, 5)):
        return {12: "T", 24: "O", 60: "I"}[order]
    if order == 2 * highest:
        return f"D{highest}"
    raise GroupError(f"{order} rotations with a highest order of {highest} form no point group")


def _with_improper(kind: str, n: int, elements: Elements) -> str:
    """The group with the rotations ``kind`` and as many improper operations."""
    inversion, mirrors = elements.has_inversion, elements.mirrors
    if kind == "C1":
        return "Ci" if inversion else "Cs"
    if kind in ("T", "O", "I"):
        return kind + ("h" if inversion else "d")
    if kind == "D2":
        return "D2h" if inversion else "D2d"
    z = principal_axis(elements)
    horizontal = any(abs(elements.axes[m] @ z) > 0.7 for m in mirrors)
    if kind[0] == "D":
        return kind + ("h" if horizontal else "d")
    if not len(mirrors):
        return f"S{2 * n}"
    return kind + ("h" if horizontal else "v")


def principal_axis(elements: Elements) -> FloatArray:
    """Mean direction of the axis of highest order (of the S4 in D2d, of the plane in Cs)."""
    weights = [
        (t.denominator, s > 0, i)
        for i, (t, s) in enumerate(zip(elements.turns, elements.signs, strict=True))
    ]
    rotations = [w for w in weights if w[1] and w[0] > 1]
    improper = [w for w in weights if not w[1] and elements.turns[w[2]] != Fraction(1, 2)]
    if not rotations and not improper:
        return np.array([0.0, 0.0, 1.0])
    best = max([*rotations, *(w for w in improper if w[0] > 2)] or improper)
    same = [i for n, proper, i in [*rotations, *improper] if n == best[0] and proper == best[1]]
    reference = elements.axes[best[2]]
    aligned = [i for i in same if abs(elements.axes[i] @ reference) > 0.99]
    return _mean_direction(elements.axes[aligned], reference)


def _mean_direction(axes: FloatArray, reference: FloatArray) -> FloatArray:
    total = (axes * np.sign(axes @ reference)[:, None]).sum(axis=0)
    return np.asarray(total / np.linalg.norm(total))


def standard_frame(
    group: PointGroup, elements: Elements, positions: FloatArray, masses: FloatArray
) -> FloatArray:
    """Rotation matrix whose rows are the standard x, y, z axes of the group; (3, 3).

    Parameters
    ----------
    positions : (N, 3), Å, about the centre of mass
    masses : (N,), u
    """
    inertia = _Inertia(positions, masses)
    match group.family:
        case "C1" | "Ci":
            return _right_handed(inertia.axes[0], inertia.axes[2])
        case "T" | "Th" | "Td" | "O" | "Oh" | "I" | "Ih":
            return _polyhedral_frame(group, elements)
    if group.symbol in ("D2", "D2h"):
        return _orthorhombic_frame(elements, inertia)
    z = inertia.directed(principal_axis(elements))
    x = _lateral_axis(group, elements, z, inertia)
    return _right_handed(x, z)


class _Inertia:
    """Mass distribution: principal axes and the tie-breakers made of it."""

    def __init__(self, positions: FloatArray, masses: FloatArray) -> None:
        self.positions, self.masses = positions, masses
        second = (positions * masses[:, None]).T @ positions
        self.axes = np.linalg.eigh(second)[1].T[::-1]
        self.planar = bool(np.linalg.eigvalsh(second)[0] < 1e-6 * max(np.trace(second), 1e-12))

    def directed(self, axis: FloatArray) -> FloatArray:
        """±axis, pointing where the mass distribution is skewed to (either if it is not)."""
        skew = self.masses @ (self.positions @ axis) ** 3
        return -axis if skew < -1e-9 else axis

    def on_axis(self, axis: FloatArray) -> tuple[int, float, float]:
        """Atoms on a line through the centre, their mass, and minus its moment of inertia."""
        along = self.positions @ axis
        across = np.sum(self.positions**2, axis=1) - along**2
        on = across < 0.05**2
        moment = float(self.masses @ across)
        return int(on.sum()), round(float(self.masses[on].sum()), 6), -round(moment, 6)

    def in_plane(self, normal: FloatArray) -> tuple[int, float, float]:
        """Atoms in a plane through the centre, their mass, and minus the spread across it."""
        height = self.positions @ normal
        on = np.abs(height) < 0.05
        spread = float(self.masses @ height**2)
        return int(on.sum()), round(float(self.masses[on].sum()), 6), -round(spread, 6)

    def reach(self, axis: FloatArray, power: int) -> float:
        """Even moment that is larger the nearer the outer atoms are to the axis."""
        scaled = self.positions @ axis / np.linalg.norm(self.positions, axis=1).max()
        return round(float(self.masses @ np.abs(scaled) ** power), 9)


def _right_handed(x: FloatArray, z: FloatArray) -> FloatArray:
    """Orthonormal frame from z and the part of x perpendicular to it."""
    x = x - (x @ z) * z
    x = x / np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])


def _lateral_axis(
    group: PointGroup, elements: Elements, z: FloatArray, inertia: _Inertia
) -> FloatArray:
    if group.family == "Cnv":
        return _axis_in_mirror(group, elements, z, inertia)
    if group.family in ("Dn", "Dnh", "Dnd"):
        return inertia.directed(_twofold_axis(group, elements, z, inertia))
    perpendicular = [a for a in inertia.axes if abs(a @ z) < 0.9]
    return inertia.directed(perpendicular[0])


def _axis_in_mirror(
    group: PointGroup, elements: Elements, z: FloatArray, inertia: _Inertia
) -> FloatArray:
    """X in the first σv; for C2v the fullest plane is yz, so x is its normal."""
    normals = elements.axes[elements.mirrors]

    def fullness(normal: FloatArray) -> tuple[int, float, float]:
        count, mass, spread = inertia.in_plane(normal)
        return (
            count,
            mass,
            (spread if group.n == 2 else inertia.reach(np.cross(normal, z), 2 * group.n)),
        )

    fullest = max(normals, key=fullness)
    return inertia.directed(fullest if group.symbol == "C2v" else np.cross(fullest, z))


def _twofold_axis(
    group: PointGroup, elements: Elements, z: FloatArray, inertia: _Inertia
) -> FloatArray:
    """X along the C2' that passes through the most atoms, then whose plane holds the most."""
    lateral = [i for i in elements.half_turns if abs(elements.axes[i] @ z) < 0.5]

    def fullness(i: int) -> tuple[int, int, float]:
        axis = elements.axes[i]
        in_plane = inertia.in_plane(np.cross(axis, z))[0]
        return int(elements.unmoved[i]), in_plane, inertia.reach(axis, 2 * group.n)

    return np.asarray(elements.axes[max(lateral, key=fullness)])


def _orthorhombic_frame(elements: Elements, inertia: _Inertia) -> FloatArray:
    ranked = sorted(_orthonormalised(elements.axes[elements.half_turns]), key=inertia.on_axis)
    if inertia.planar:
        ranked.sort(key=lambda a: float(np.abs(inertia.positions @ a).max()) > 0.05)
    return _right_handed(inertia.directed(ranked[0]), inertia.directed(ranked[2]))


def _orthonormalised(axes: FloatArray) -> FloatArray:
    """The orthogonal matrix nearest to three nearly perpendicular rows."""
    u, _, vt = np.linalg.svd(axes)
    return np.asarray(u @ vt)


def _polyhedral_frame(group: PointGroup, elements: Elements) -> FloatArray:
    """x, y, z along three perpendicular axes: C4 of O, the C2 of T, some C2 of I."""
    if group.family in ("O", "Oh"):
        chosen = elements.axes[elements.where(improper=False, turn=Fraction(1, 4))]
    else:
        chosen = elements.axes[elements.half_turns]
    triple = [chosen[0]]
    for axis in chosen[1:]:
        if all(abs(axis @ t) < 0.15 for t in triple) and len(triple) < 3:
            triple.append(axis)
    frame = _orthonormalised(np.array(triple))
    if np.linalg.det(frame) < 0:
        frame[2] *= -1
    if group.family[0] != "I":
        return frame
    golden = np.array([0.0, 1.0, (1 + 5**0.5) / 2]) / np.hypot(1, (1 + 5**0.5) / 2)
    fivefold = elements.axes[elements.where(improper=False, turn=Fraction(1, 5))] @ frame.T
    if np.abs(fivefold @ golden).max() < 0.97:  # then the C5 is (1, 0, φ): turn by 90° about z
        frame = np.array([-frame[1], frame[0], frame[2]])
    return frame
