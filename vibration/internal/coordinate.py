"""One internal coordinate: its kind and its sites.

A coordinate acts on *sites*: the atoms, numbered from 0, and after them the centroids of
rings that are bound face-on to a metal (`haptic`). Kinds and their sites:

- ``stretch`` (i, j): distance, Å
- ``bend`` (i, j, k): angle at j, rad
- ``linear bend`` (i, j, k, l): component of e_ji + e_jk, rad; component 0 lies in the plane of
  the reference l, component 1 across it; l = −1 takes a direction fixed in space, for molecules
  of which all atoms lie on a line
- ``torsion`` (i, j, k, l): dihedral angle about j–k, rad
- ``out-of-plane`` (i, j, k, l): angle of the bond j–i with the plane of j, k, l, rad
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["stretch", "bend", "linear bend", "torsion", "out-of-plane"]

KINDS: tuple[Kind, ...] = ("stretch", "bend", "linear bend", "torsion", "out-of-plane")
N_SITES: dict[Kind, int] = {
    "stretch": 2, "bend": 3, "linear bend": 4, "torsion": 4, "out-of-plane": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InternalCoordinate:
    """One coordinate; `stretch`, `bend`, `linear_bends`, `torsion`, `out_of_plane` make them.

    Attributes
    ----------
    kind : str
    sites : tuple of int
    component : int
        0 or 1 for a linear bend, else 0.
    auxiliary : bool
        Along or about a line that is no bond: between fragments, or added to complete a set.
    """

    kind: Kind
    sites: tuple[int, ...]
    component: int = 0
    auxiliary: bool = False


def stretch(i: int, j: int, *, auxiliary: bool = False) -> InternalCoordinate:
    """The distance of two sites."""
    return InternalCoordinate("stretch", (min(i, j), max(i, j)), 0, auxiliary)


def bend(i: int, j: int, k: int, *, auxiliary: bool = False) -> InternalCoordinate:
    """The angle i–j–k at j."""
    return InternalCoordinate("bend", (min(i, k), j, max(i, k)), 0, auxiliary)


def linear_bends(
    i: int, j: int, k: int, reference: int = -1, *, auxiliary: bool = False
) -> tuple[InternalCoordinate, InternalCoordinate]:
    """The two components of the bend of a line i–j–k; see the module for ``reference``."""
    sites = (min(i, k), j, max(i, k), reference)
    first, second = (InternalCoordinate("linear bend", sites, c, auxiliary) for c in (0, 1))
    return first, second


def torsion(i: int, j: int, k: int, m: int, *, auxiliary: bool = False) -> InternalCoordinate:
    """The dihedral angle i–j–k–m."""
    sites = (i, j, k, m) if j < k else (m, k, j, i)
    return InternalCoordinate("torsion", sites, 0, auxiliary)


def out_of_plane(
    i: int, centre: int, k: int, m: int, *, auxiliary: bool = False
) -> InternalCoordinate:
    """The angle of the bond centre–i with the plane of the centre, k and m."""
    return InternalCoordinate("out-of-plane", (i, centre, min(k, m), max(k, m)), 0, auxiliary)
