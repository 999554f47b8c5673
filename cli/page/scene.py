"""What the script of the page draws and moves: atoms, bonds, symmetry elements, modes.

Everything is in the standard frame of the group, so that the principal axis is z.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ..output import Json
from .contents import Contents
from .elements import Element, elements_of
from .spectra import Figure

FloatArray = NDArray[np.float64]
_STEPS = 32000
"""Steps of a displacement of 1 in 16-bit numbers; 3e-5 is far below what an eye sees."""
_MARGIN = 0.9
"""Å that axes and planes stick out beyond the outermost atom."""


def scene(contents: Contents, figure: Figure | None) -> Json:
    """The data block of the page."""
    symmetry = contents.symmetry
    positions = (symmetry.molecule.positions - symmetry.origin) @ symmetry.frame.T
    reach = float(np.linalg.norm(positions, axis=1).max()) + _MARGIN
    return {
        "symbols": list(symmetry.molecule.symbols),
        "positions": np.round(positions, 4).tolist(),
        "bonds": _bonds(symmetry.molecule),
        "reach": round(reach, 3),
        "elements": [_element(e) for e in elements_of(symmetry.group)],
        "bands": [] if figure is None else _bands(contents, figure),
        "modes": None if contents.vibrations is None else _modes(contents),
    }


def _element(element: Element) -> Json:
    return {
        "kind": element.kind,
        "label": element.label,
        "order": element.order,
        "direction": [round(c, 6) for c in element.direction],
    }


def _bonds(molecule: Molecule) -> list[tuple[int, int]]:
    """Guessed from distances; none where that cannot be."""
    from ...pointgroup import InputError
    from ...vibration.internal.graph import bond_graph

    try:
        return sorted((int(i), int(j)) for i, j in bond_graph(molecule).edges)
    except InputError:
        return []


def _bands(contents: Contents, figure: Figure) -> list[Json]:
    found = contents.vibrations
    assert found is not None
    out = []
    for band, place in zip(found.bands, figure.places, strict=True):
        out.append(
            {
                "label": band.label,
                "irrep": band.irrep,
                "wavenumber": f"{band.wavenumber:.1f}".replace("-", "−"),
                "ir": None if band.ir is None else f"{band.ir:.2f} km/mol",
                "raman": None if band.raman is None else f"{band.raman:.2f} Å⁴/u",
                "seen": band.seen,
                "shares": band.shares,
                "members": list(band.members),
                "place": None if place is None else round(place, 2),
            }
        )
    return out


def _modes(contents: Contents) -> Json:
    """Displacements, each scaled to a largest atomic step of 1, as little-endian 16-bit numbers."""
    found = contents.vibrations
    assert found is not None
    turned = found.modes.displacements @ contents.symmetry.frame.T
    return {"steps": _STEPS, "data": packed(turned)}


def packed(displacements: FloatArray) -> str:
    """(n, N, 3) displacements as base64 of int16, the largest atom of each mode at 1.

    >>> packed(np.array([[[0.0, 0.0, 2.0], [0.0, 0.0, -1.0]]]))
    'AAAAAAB9AAAAAIDB'
    """
    sizes = np.linalg.norm(displacements, axis=2).max(axis=1, initial=1e-12)
    whole: Any = np.round(displacements / sizes[:, None, None] * _STEPS).astype("<i2")
    return base64.b64encode(whole.tobytes()).decode()
