"""Which coordinates a bond graph gives: stretches, bends, linear bends, torsions, out-of-plane.

- A stretch for each bond.
- A bend for each pair of bonds at a site; above `LINEAR_ANGLE` two linear bends instead, if an
  atom lies clearly beside the line to tell their directions, or the angle is 180°.
- A torsion for each path i–j–k–l whose ends are not in line with j–k; j–k is a bond, or the
  ends of a straight chain of bonds (allene, the two rings of ferrocene). None about a bond with
  more than `MOST_TORSIONS`, as in clusters, but about the axis of rings.
- At a flat site with three bonds, the angle of each bond with the plane of the two others.

Source: P. Pulay, G. Fogarasi, *J. Chem. Phys.* 96 (1992) 2856 (redundant coordinates);
V. Bakken, T. Helgaker, *J. Chem. Phys.* 117 (2002) 9160 (straight chains).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from .coordinate import (
    InternalCoordinate,
    bend,
    linear_bends,
    out_of_plane,
    stretch,
    torsion,
)
from .haptic import SiteGraph

LINEAR_ANGLE = 175.0
"""Degrees; a larger angle is a line."""
MOST_TORSIONS = 16
"""About one bond; with more (in clusters) the bends suffice, or the set is completed."""
FLAT_SUM = 354.0
"""Degrees; three angles at a site that add up to more are flat."""
Triple = tuple[int, int, int]
Angles = dict[Triple, float]


def valence_coordinates(
    sites: SiteGraph, angles: Angles, references: dict[Triple, int]
) -> list[InternalCoordinate]:
    """All coordinates of the rules above, kind by kind.

    Parameters
    ----------
    sites : SiteGraph
    angles : dict
        From `bond_angles`.
    references : dict
        The triples to be treated as lines, each with its reference site (−1 for the fixed
        direction).
    """
    out = [
        stretch(i, j, auxiliary=data["auxiliary"]) for i, j, data in sites.graph.edges(data=True)
    ]
    out += [
        bend(i, j, k, auxiliary=sites.is_auxiliary((i, j), (j, k)))
        for i, j, k in angles
        if (i, j, k) not in references
    ]
    for (i, j, k), reference in references.items():
        auxiliary = sites.is_auxiliary((i, j), (j, k))
        out += linear_bends(i, j, k, reference, auxiliary=auxiliary)
    out += torsions(sites, angles, set(references))
    out += [c for j in sites.graph for c in wags(sites, angles, j)]
    return out


def bond_angles(sites: SiteGraph, positions: NDArray[np.float64]) -> Angles:
    """Degrees, by (i, j, k) with i < k, at every site j; two spokes of one centroid not."""
    out: Angles = {}
    for j in sorted(sites.graph):
        around = sorted(sites.around(j))
        arms = positions[around] - positions[j]
        arms /= np.linalg.norm(arms, axis=1)[:, None]
        cosines = np.clip(arms @ arms.T, -1, 1)
        spokes = sites.spokes.get(j, ())
        for a, b in combinations(range(len(around)), 2):
            if around[a] in spokes and around[b] in spokes:
                continue
            out[around[a], j, around[b]] = float(np.degrees(np.arccos(cosines[a, b])))
    return out


def torsions(sites: SiteGraph, angles: Angles, lines: set[Triple]) -> list[InternalCoordinate]:
    """Torsions about bonds and straight chains."""
    turning = set(angles) - lines
    out = []
    for chain in _chains(sites, lines):
        j, k = chain[0], chain[-1]
        pairs = list(pairwise(chain))
        before = [i for i in sites.around(j) if _turns(i, j, chain[1], turning)]
        after = [m for m in sites.around(k) if _turns(m, k, chain[-2], turning)]
        if len(before) * len(after) > MOST_TORSIONS and not {j, k} & set(sites.spokes):
            continue
        for i in before:
            for m in after:
                if i != m and i not in chain and m not in chain:
                    auxiliary = sites.is_auxiliary((i, j), *pairs, (k, m))
                    out.append(torsion(i, j, k, m, auxiliary=auxiliary))
    return list(dict.fromkeys(out))


def _turns(i: int, j: int, k: int, turning: set[Triple]) -> bool:
    """Whether i–j–k is an angle and not a line."""
    return (min(i, k), j, max(i, k)) in turning


def _chains(sites: SiteGraph, lines: set[Triple]) -> Iterator[tuple[int, ...]]:
    """Bonds, and straight chains of bonds that cannot be made longer, each once."""
    seen = set()
    for edge in sites.graph.edges:
        whole = _prolonged(_prolonged(edge, sites, lines)[::-1], sites, lines)
        for chain in (edge, whole):
            key = min(chain, chain[::-1])
            if key not in seen:
                seen.add(key)
                yield key


def _prolonged(chain: tuple[int, ...], sites: SiteGraph, lines: set[Triple]) -> tuple[int, ...]:
    while True:
        i, j = chain[-2:]
        further = [k for k in sites.graph[j] if (min(i, k), j, max(i, k)) in lines]
        if len(further) != 1 or further[0] in chain:
            return chain
        chain = (*chain, further[0])


def wags(
    sites: SiteGraph, angles: Angles, centre: int, *, flat_only: bool = True
) -> list[InternalCoordinate]:
    """Out-of-plane angles at a site: of a flat one with three bonds, or of any triple."""
    around = sorted(sites.graph[centre])
    if flat_only and len(around) != 3:
        return []
    out = []
    for triple in combinations(around, 3):
        between = {(i, k): angles[i, centre, k] for i, k in combinations(triple, 2)}
        if flat_only and sum(between.values()) < FLAT_SUM:
            continue
        for i in triple:
            k, m = (s for s in triple if s != i)
            if between[k, m] <= LINEAR_ANGLE and between[k, m] >= 180 - LINEAR_ANGLE:
                auxiliary = sites.is_auxiliary(*((s, centre) for s in triple))
                out.append(out_of_plane(i, centre, k, m, auxiliary=auxiliary))
    return out
