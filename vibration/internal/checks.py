"""Refusal of internal coordinates that are malformed or undefined at a geometry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .coordinate import KINDS, N_SITES, InternalCoordinate, Kind
from .errors import CoordinateError

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]
Finding = tuple[NDArray[np.bool_], str]

SMALLEST_SINE = 1e-3
"""A bend or torsion is undefined where the sine of an angle in it is smaller."""
LARGEST_LINEAR_COSINE = -0.7
"""A linear bend makes no sense for an angle whose cosine is larger (below 134°)."""


def refuse_malformed(coordinates: tuple[InternalCoordinate, ...], n: int) -> None:
    """Raise if a coordinate names no ``n`` sites as it should, or occurs twice."""
    for c in coordinates:
        lowest = -1 if c.kind == "linear bend" else 0
        if c.kind not in KINDS or len(c.sites) != N_SITES[c.kind] or c.component not in (0, 1):
            raise CoordinateError(f"{c} is none of the kinds {', '.join(KINDS)}")
        if len(set(c.sites)) < len(c.sites) or not all(
            (0 if k < 3 else lowest) <= s < n for k, s in enumerate(c.sites)
        ):
            raise CoordinateError(
                f"{c.kind} {_dashed(c.sites)}: give {N_SITES[c.kind]} different sites, 0 to {n - 1}"
            )
        if c.component and c.kind != "linear bend":
            raise CoordinateError(f"{c.kind} {_dashed(c.sites)} has one component only")
    if len(set(coordinates)) < len(coordinates):
        twice = [c for c in coordinates if coordinates.count(c) > 1]
        raise CoordinateError(f"{twice[0].kind} {_dashed(twice[0].sites)} is given twice")


def refuse_undefined(kind: Kind, sites: Indices, points: NDArray[Any]) -> None:
    """Raise if one of the coordinates of a kind has no derivative at the positions (k, m, 3)."""
    for chosen, remedy in _CHECKS[kind](points):
        if chosen.any():
            first = sites[int(np.argmax(chosen))]
            raise CoordinateError(f"{kind} {_dashed(first)} is undefined here: {remedy}")


def _sine(a: NDArray[Any], b: NDArray[Any]) -> FloatArray:
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(cross / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1))


def _check_bend(x: NDArray[Any]) -> list[Finding]:
    flat = _sine(x[0] - x[1], x[2] - x[1]) < SMALLEST_SINE
    return [(flat, "its three sites lie on a line (within 0.06°); use linear_bends")]


def _check_torsion(x: NDArray[Any]) -> list[Finding]:
    flat = np.minimum(_sine(x[0] - x[1], x[2] - x[1]), _sine(x[1] - x[2], x[3] - x[2]))
    return [(flat < SMALLEST_SINE, "three of its sites lie on a line; turn about the whole line")]


def _check_linear(x: NDArray[Any]) -> list[Finding]:
    r, s = x[0] - x[1], x[2] - x[1]
    lengths = np.linalg.norm(r, axis=1) * np.linalg.norm(s, axis=1)
    bent = np.einsum("mi,mi->m", r, s) > LARGEST_LINEAR_COSINE * lengths
    c = x[3] - x[1]
    no_length = np.linalg.norm(c, axis=1) < 1e-9
    c = np.where(no_length[:, None], x[2] - x[0], c)
    on_line = _sine(x[2] - x[0], c) < 0.02
    return [
        (bent, "the angle is far from 180°; use bend"),
        (on_line, "its reference lies on the line (within 1°); choose another site"),
    ]


def _check_wag(x: NDArray[Any]) -> list[Finding]:
    normal = np.cross(x[2] - x[1], x[3] - x[1])
    flat = _sine(x[2] - x[1], x[3] - x[1]) < SMALLEST_SINE
    upright = np.where(flat, 1.0, _sine(x[0] - x[1], np.where(flat[:, None], 1.0, normal)))
    return [
        (flat, "the two sites that span its plane lie on a line with the centre"),
        (upright < SMALLEST_SINE, "the bond is at right angles to the plane; use bends"),
    ]


_CHECKS: dict[Kind, Callable[[NDArray[Any]], list[Finding]]] = {
    "stretch": lambda x: [],
    "bend": _check_bend,
    "linear bend": _check_linear,
    "torsion": _check_torsion,
    "out-of-plane": _check_wag,
}


def _dashed(sites: Iterable[int]) -> str:
    return "–".join(str(int(s)) for s in sites)
