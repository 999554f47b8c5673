"""Whether a set of internal coordinates describes every vibration, and how to complete it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule, Symmetry, detect
from .action import closed
from .coordinate import InternalCoordinate, out_of_plane, stretch, torsion
from .coordinates import InternalCoordinates
from .errors import CoordinateError
from .graph import pair_distances
from .haptic import SiteGraph
from .rules import bond_angles, wags

FloatArray = NDArray[np.float64]
SMALLEST_SINGULAR_VALUE = 1e-3
"""Of B (Å, rad), below which a vibration counts as not described."""


LINE = 2e-3
"""Atoms lie on a line if their second singular value is below this part of the first."""
SYMMETRISING = 1e-3
"""Å, RMS: a geometry is moved to its symmetric form if that is no farther away."""


def geometric_symmetry(molecule: Molecule) -> Symmetry:
    """The symmetry that a geometry has to within rounding or convergence of its source.

    `detect` also sees symmetry behind larger deviations, which it takes for noise; they would
    change frequencies noticeably, so here 0.001 Å is the limit.
    """
    found = detect(molecule)
    return found if found.rms <= SYMMETRISING else detect(molecule, SYMMETRISING)


def n_vibrations(molecule: Molecule) -> int:
    """3N − 6; 3N − 5 if all atoms lie on a line; 0 for one atom."""
    s = np.linalg.svd(molecule.positions - molecule.positions.mean(axis=0), compute_uv=False)
    if molecule.n_atoms == 1:
        return 0
    return 3 * molecule.n_atoms - (5 if len(s) < 2 or s[1] < LINE * s[0] else 6)


def vibrational_basis(positions: FloatArray) -> FloatArray:
    """(3N, 3N−6): orthonormal displacements without translation and rotation.

    3N − 5 columns if all atoms lie on a line, none for one atom.
    """
    n = len(positions)
    centred = positions - positions.mean(axis=0)
    shifts = np.tile(np.eye(3), (n, 1)).T
    turns = np.cross(np.eye(3)[:, None], centred).reshape(3, 3 * n)
    u, s, _ = np.linalg.svd(np.concatenate([shifts, turns]).T, full_matrices=True)
    return np.asarray(u[:, int((s > LINE * s[0]).sum()) :])


def undescribed(coordinates: InternalCoordinates) -> FloatArray:
    """(3N, k): orthonormal vibrations that no coordinate of the set sees; k = 0 if complete."""
    basis = vibrational_basis(coordinates.molecule.positions)
    _, s, vt = np.linalg.svd(coordinates.b_matrix() @ basis, full_matrices=True)
    rank = int((s > SMALLEST_SINGULAR_VALUE).sum())
    return np.asarray(basis @ vt[rank:].T)


def completed(
    coordinates: InternalCoordinates, sites: SiteGraph, symmetry: Symmetry
) -> InternalCoordinates:
    """The set with coordinates appended until it spans all vibrations.

    Tried in this order, whole orbits at a time, each only if it helps: out-of-plane angles of
    any three bonds at a site; distances of atoms that are not bonded, nearest first; out-of-plane
    angles over the nearest three atoms; torsions about any two atoms.

    Raises
    ------
    CoordinateError
        If even these do not suffice.
    """
    missing = undescribed(coordinates)
    if not missing.shape[1]:
        return coordinates
    for candidate in _candidates(coordinates, sites):
        if not missing.shape[1]:
            return coordinates
        try:
            single = coordinates.subset([]).with_coordinates([candidate])
        except CoordinateError:  # not defined at this geometry
            continue
        if np.abs(single.b_matrix() @ missing).max() > 0.05:
            coordinates = closed(coordinates.with_coordinates([candidate]), symmetry)
            missing = undescribed(coordinates)
    if missing.shape[1]:
        raise CoordinateError(
            f"the coordinates of {coordinates.molecule.formula} leave {missing.shape[1]} "
            "vibrations undescribed: give the bonds, bonds=[(0, 1), …], or add coordinates"
        )
    return coordinates


def _candidates(coordinates: InternalCoordinates, sites: SiteGraph) -> Iterator[InternalCoordinate]:
    placed = coordinates.site_positions()
    angles = bond_angles(sites, placed)
    for centre in sites.graph:
        yield from wags(sites, angles, centre, flat_only=False)
    distances = pair_distances(coordinates.molecule.positions)
    pairs = np.argwhere(np.triu(np.ones_like(distances), 1))
    for i, j in pairs[np.argsort(distances[tuple(pairs.T)], kind="stable")].tolist():
        if not sites.graph.has_edge(i, j):
            yield stretch(i, j, auxiliary=True)
    near = np.argsort(distances, axis=1, kind="stable")[:, 1:5].tolist()
    for i, around in enumerate(near):
        if len(around) > 2:
            yield out_of_plane(i, *around[:3], auxiliary=True)
    for j, k in pairs.tolist():
        for i, m in product(near[j], near[k]):
            if len({i, j, k, m}) == 4:
                yield torsion(i, j, k, m, auxiliary=True)
