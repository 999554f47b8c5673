"""Symmetry elements of a molecule: the axes, planes and the centre that a picture shows.

Directions are in the standard frame of the group, which `PointGroup` documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Operation, PointGroup

FloatArray = NDArray[np.float64]
Kind = Literal["axis", "plane", "centre"]
_SAME = 1e-6
_PLANES = "hvd"
"""Order of σh, σv, σd; a plain σ comes first."""


@dataclass(frozen=True, slots=True)
class Element:
    """An axis, a mirror plane or the centre of inversion.

    Attributes
    ----------
    kind : "axis", "plane" or "centre"
    label : str
        Of the operation with the smallest turn: ``C6``, ``C2'``, ``S4``, ``σd``, ``i``.
    order : int
        Of an axis; 1 for planes, 2 for the centre.
    also : str
        Rotation-reflections about the same axis, such as ``S6``; else "".
    direction : tuple of 3 float
        Unit vector along an axis, or normal to a plane; zero for the centre.
    """

    kind: Kind
    label: str
    order: int
    also: str
    direction: tuple[float, float, float]


def elements_of(group: PointGroup) -> tuple[Element, ...]:
    """Axes of falling order, planes, the centre.

    Of C∞v and D∞h one plane and one C2' stand for infinitely many, of an atom the centre alone.

    >>> from collections import Counter
    >>> Counter(e.label for e in elements_of(PointGroup("D3d")))
    Counter({'C2': 3, 'σd': 3, 'C3': 1, 'i': 1})
    """
    if group.is_continuous:
        return _continuous(group)
    lines = _by_direction([o for o in group.operations if o.axis is not None])
    axes = sorted((a for line in lines for a in _axis(line)), key=lambda e: (-e.order, e.label))
    planes = sorted(
        (p for line in lines for p in _plane(line)), key=lambda e: _PLANES.find(e.label[1:2])
    )
    centre = [Element("centre", "i", 2, "", (0.0, 0.0, 0.0))] if group.has_inversion else []
    return (*axes, *planes, *centre)


def _by_direction(operations: list[Operation]) -> list[list[Operation]]:
    lines: list[tuple[FloatArray, list[Operation]]] = []
    for operation in operations:
        assert operation.axis is not None
        for direction, members in lines:
            if abs(abs(direction @ operation.axis) - 1) < _SAME:
                members.append(operation)
                break
        else:
            lines.append((operation.axis, [operation]))
    return [members for _, members in lines]


def _axis(members: list[Operation]) -> Iterator[Element]:
    proper = [o for o in members if not o.improper]
    improper = [o for o in members if o.improper and o.turn != 0]
    if not proper and not improper:
        return
    finest = min(proper or improper, key=lambda o: o.turn)
    best = min(improper, key=lambda o: o.turn, default=None)
    also = best.label if best is not None and proper else ""
    assert finest.axis is not None
    yield Element("axis", finest.label, finest.turn.denominator, also, _triple(finest.axis))


def _plane(members: list[Operation]) -> Iterator[Element]:
    for operation in members:
        if operation.improper and operation.turn == Fraction(0):
            assert operation.axis is not None
            yield Element("plane", operation.label, 1, "", _triple(operation.axis))


def _triple(vector: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(c) for c in vector)
    return x, y, z


def _continuous(group: PointGroup) -> tuple[Element, ...]:
    centre = Element("centre", "i", 2, "", (0.0, 0.0, 0.0))
    if group.family == "Kh":
        return (centre,)
    across, along = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    axis, mirror = Element("axis", "C∞", 0, "", along), Element("plane", "∞σv", 1, "", across)
    if group.family == "C∞v":
        return axis, mirror
    turned = Element("axis", "∞C2'", 2, "", across)
    flat = Element("plane", "σh", 1, "", along)
    return Element("axis", "C∞", 0, "S∞", along), turned, flat, mirror, centre
