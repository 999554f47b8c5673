"""One symmetry operation: a rotation, or a rotation followed by a reflection.

Convention (IUPAC 1997): the improper operation with rotation angle θ is the rotation by
θ about its axis followed by the reflection in the plane perpendicular to that axis. So
θ = 0 is a mirror plane σ (the axis is its normal) and θ = π is the inversion i.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Translation table that raises digits, for `str.translate`."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A point-group operation in the standard frame of its group.

    Attributes
    ----------
    label : str
        Textbook symbol: ``C3``, ``C3²``, ``σh``, ``S6⁵``, ``C2'`` …
    matrix : (3, 3) orthogonal, acts on column vectors
    axis : (3,) unit vector, or None for E and i
        Rotation axis; for a mirror plane its normal.
    turn : Fraction, 0 ≤ turn < 1
        Rotation angle as a fraction of a full turn, anticlockwise about ``axis``.
    improper : bool
        True when a reflection follows the rotation (determinant −1).
    """

    label: str
    matrix: FloatArray
    axis: FloatArray | None
    turn: Fraction
    improper: bool

    @property
    def order(self) -> int:
        """Smallest n ≥ 1 with (operation)ⁿ = E."""
        n = self.turn.denominator
        return n * 2 if self.improper and n % 2 else n

    def __repr__(self) -> str:
        return f"Operation({self.label})"


def rotation_matrix(axis: FloatArray, turn: Fraction | float) -> FloatArray:
    """Anticlockwise rotation by ``turn`` full turns about the unit vector ``axis``; (3, 3).

    >>> rotation_matrix(np.array([0.0, 0.0, 1.0]), Fraction(1, 4)).round(12) + 0.0
    array([[ 0., -1.,  0.],
           [ 1.,  0.,  0.],
           [ 0.,  0.,  1.]])
    """
    angle = 2 * np.pi * float(turn)
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def make_operation(
    axis: FloatArray, turn: Fraction, *, improper: bool = False, label: str | None = None
) -> Operation:
    """The operation about ``axis``, with its matrix and (unless given) its textbook symbol."""
    turn %= 1
    axis = np.asarray(axis, dtype=float)
    matrix = rotation_matrix(axis, turn)
    if improper:
        matrix = matrix @ (np.eye(3) - 2 * np.outer(axis, axis))
    matrix = _clean(matrix)
    matrix.flags.writeable = False
    has_axis = turn != (Fraction(1, 2) if improper else 0)
    return Operation(
        label or operation_label(turn, improper=improper),
        matrix,
        _clean(axis) if has_axis else None,
        turn,
        improper,
    )


def operation_label(turn: Fraction, *, improper: bool) -> str:
    """Schoenflies symbol of an operation from its rotation angle.

    >>> operation_label(Fraction(2, 3), improper=False)
    'C3²'
    >>> operation_label(Fraction(2, 3), improper=True)
    'S3⁵'
    """
    if turn == 0:
        return "σ" if improper else "E"
    if improper and turn == Fraction(1, 2):
        return "i"
    power = exponent(turn, improper=improper)
    raised = "" if power == 1 else str(power).translate(SUPERSCRIPTS)
    return f"{'S' if improper else 'C'}{turn.denominator}{raised}"


def exponent(turn: Fraction, *, improper: bool) -> int:
    """The power p in Cq^p or Sq^p; p is odd for an improper operation."""
    p, q = turn.numerator, turn.denominator
    return p + q if improper and p % 2 == 0 else p


def _clean(values: FloatArray) -> FloatArray:
    """Exact 0, ±½ and ±1 where rounding left dust, so that matrices print and compare well."""
    snapped = np.round(values * 2) / 2
    out = np.where(np.abs(values - snapped) < 1e-14, snapped, values) + 0.0
    return np.asarray(out)
