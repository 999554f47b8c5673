"""The standard frame of a molecule: which of its axes are called x, y and z.

`groups` documents the axes of each group. Where they leave a choice, it is made as follows
(after Mulliken 1955 where he decides):

- C2v: the yz plane holds the most atoms, so a planar molecule lies in it;
- D2, D2h: a planar molecule lies in yz; z passes through the most atoms, then the heaviest,
  then is the longest (least moment of inertia); y follows by the same rule;
- Cnv, Dn, Dnh with even n: σv, C2' pass through the most atoms; then, for C2', its plane;
  then nearest to the outer atoms;
- C1, Cs, Ci, Cn, Cnh, S2n: x and y (all three for C1, Ci) are principal axes of inertia.
"""

from __future__ import annotations

import numpy as np

from ..theory.groups import PointGroup
from ..theory.operations import FloatArray
from .kernels import cross
from .recognition import Elements, principal_axis
from .search import Found

_ON = 0.05
"""Å; an atom of the symmetrised molecule this near to an axis or plane lies on it."""
_GOLDEN_AXIS = np.array([0.0, 1.0, (1 + 5**0.5) / 2]) / np.hypot(1, (1 + 5**0.5) / 2)


def standard_frame(
    group: PointGroup, elements: Elements, found: Found, masses: FloatArray
) -> FloatArray:
    """Rotation matrix whose rows are the standard x, y, z axes of the group; (3, 3).

    Parameters
    ----------
    found : Found
        Its averaged positions decide where the axes leave a choice.
    masses : (N,), u
    """
    if group.family[0] in "TOI":
        return _polyhedral_frame(group, elements)
    centre = masses @ found.average / masses.sum()
    body = _Body(found.average - centre, masses)
    if group.family in ("C1", "Ci"):
        return _right_handed(body.axes[0], body.axes[2])
    if group.symbol in ("D2", "D2h"):
        return _orthorhombic_frame(elements, body)
    z = body.directed(principal_axis(elements))
    return _right_handed(_lateral_axis(group, elements, z, body), z)


class _Body:
    """The atoms with their masses: principal axes, and what breaks ties between axes."""

    def __init__(self, positions: FloatArray, masses: FloatArray) -> None:
        self.positions, self.masses = positions, masses
        moments, axes = np.linalg.eigh((positions * masses[:, None]).T @ positions)
        self.axes = axes.T[::-1]
        self.planar = bool(moments[0] < 1e-6 * max(moments.sum(), 1e-12))

    def directed(self, axis: FloatArray) -> FloatArray:
        """±axis, pointing where the mass distribution is skewed to (either if it is not)."""
        skew = self.masses @ (self.positions @ axis) ** 3
        return -axis if skew < -1e-9 else axis

    def on_axes(self, axes: FloatArray) -> list[tuple[int, float, float]]:
        """Atoms on each line through the centre, their mass, and minus its moment of inertia."""
        squares = np.sum(self.positions**2, axis=1)[:, None]
        across = squares - (self.positions @ axes.T) ** 2
        on = across < _ON**2
        return self._ranked(on.sum(axis=0), self.masses @ on, -(self.masses @ across))

    def in_planes(self, normals: FloatArray) -> list[tuple[int, float, float]]:
        """Atoms in each plane through the centre, their mass, and minus the spread across it."""
        height = self.positions @ normals.T
        on = np.abs(height) < _ON
        return self._ranked(on.sum(axis=0), self.masses @ on, -(self.masses @ height**2))

    def reach(self, axes: FloatArray, power: int) -> FloatArray:
        """Even moments that are larger the nearer the outer atoms are to an axis."""
        scale = np.sqrt(np.sum(self.positions**2, axis=1).max())
        moments = self.masses @ np.abs(self.positions @ axes.T / scale) ** power
        return np.asarray(np.round(moments, 9))

    @staticmethod
    def _ranked(
        counts: FloatArray, masses: FloatArray, moments: FloatArray
    ) -> list[tuple[int, float, float]]:
        columns = (counts.tolist(), np.round(masses, 6).tolist(), np.round(moments, 6).tolist())
        return list(zip(*columns, strict=True))


def _right_handed(x: FloatArray, z: FloatArray) -> FloatArray:
    """Orthonormal frame from z and the part of x perpendicular to it."""
    x = x - (x @ z) * z
    x = x / np.sqrt(x @ x)
    return np.array([x, cross(z, x), z])


def _lateral_axis(group: PointGroup, elements: Elements, z: FloatArray, body: _Body) -> FloatArray:
    if group.family == "Cnv":
        return _axis_in_mirror(group, elements, z, body)
    if group.family in ("Dn", "Dnh", "Dnd"):
        return body.directed(_twofold_axis(group, elements, z, body))
    perpendicular = [a for a in body.axes if abs(a @ z) < 0.9]
    return body.directed(perpendicular[0])


def _axis_in_mirror(
    group: PointGroup, elements: Elements, z: FloatArray, body: _Body
) -> FloatArray:
    """Direction in the first σv; for C2v, where the fullest plane is yz, its normal."""
    normals = elements.axes[elements.mirrors]
    within = cross(normals, z)
    reach = body.reach(within, 2 * group.n)
    ranks = [
        (count, mass, spread if group.n == 2 else far)
        for (count, mass, spread), far in zip(body.in_planes(normals), reach, strict=True)
    ]
    fullest = max(range(len(ranks)), key=ranks.__getitem__)
    return body.directed((normals if group.n == 2 else within)[fullest])


def _twofold_axis(group: PointGroup, elements: Elements, z: FloatArray, body: _Body) -> FloatArray:
    """Along the C2' that passes through the most atoms, then whose plane holds the most."""
    lateral = elements.half_turns[np.abs(elements.axes[elements.half_turns] @ z) < 0.5]
    axes = elements.axes[lateral]
    in_plane = [count for count, _, _ in body.in_planes(cross(axes, z))]
    ranks = list(
        zip(elements.unmoved[lateral], in_plane, body.reach(axes, 2 * group.n), strict=True)
    )
    return np.asarray(axes[max(range(len(ranks)), key=ranks.__getitem__)])


def _orthorhombic_frame(elements: Elements, body: _Body) -> FloatArray:
    axes = _orthonormalised(elements.axes[elements.half_turns])
    ranks = body.on_axes(axes)
    if body.planar:
        flat = int(np.argmin(np.abs(body.positions @ axes.T).max(axis=0)))
        ranks[flat] = (-1, 0.0, 0.0)
    x, _, z = sorted(range(3), key=ranks.__getitem__)
    return _right_handed(body.directed(axes[x]), body.directed(axes[z]))


def _orthonormalised(axes: FloatArray) -> FloatArray:
    """The orthogonal matrix nearest to three nearly perpendicular rows."""
    u, _, vt = np.linalg.svd(axes)
    return np.asarray(u @ vt)


def _polyhedral_frame(group: PointGroup, elements: Elements) -> FloatArray:
    """Three perpendicular axes: the C4 of O, the C2 of T, some C2 of I."""
    quarter = group.family in ("O", "Oh")
    kind = elements.where(improper=False, numerator=1, denominator=4 if quarter else 2)
    axes = elements.axes[kind]
    second = axes[np.argmin(np.abs(axes @ axes[0]))]
    third = axes[np.argmin(np.abs(axes @ axes[0]) + np.abs(axes @ second))]
    frame = _orthonormalised(np.array([axes[0], second, third]))
    if np.linalg.det(frame) < 0:
        frame[2] *= -1
    if group.family[0] != "I":
        return frame
    fifths = elements.where(improper=False, numerator=1, denominator=5)
    if np.abs(elements.axes[fifths] @ frame.T @ _GOLDEN_AXIS).max() < 0.97:
        frame = np.array([-frame[1], frame[0], frame[2]])  # the C5 was (1, 0, φ): turn about z
    return frame
