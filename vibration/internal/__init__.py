"""Internal coordinates of a molecule: bond graph, redundant sets, Wilson's B matrix."""

from .action import CoordinateAction, closed, coordinate_action
from .build import internal_coordinates
from .complete import geometric_symmetry, n_vibrations, undescribed, vibrational_basis
from .coordinate import (
    InternalCoordinate,
    bend,
    linear_bends,
    out_of_plane,
    stretch,
    torsion,
)
from .coordinates import InternalCoordinates
from .errors import BondGraphError, CoordinateError
from .graph import bond_graph
from .naming import coordinate_labels, coordinate_types
from .second import b_derivative, curvature

__all__ = [
    "BondGraphError",
    "CoordinateAction",
    "CoordinateError",
    "InternalCoordinate",
    "InternalCoordinates",
    "b_derivative",
    "bend",
    "bond_graph",
    "closed",
    "coordinate_action",
    "coordinate_labels",
    "coordinate_types",
    "curvature",
    "geometric_symmetry",
    "internal_coordinates",
    "linear_bends",
    "n_vibrations",
    "out_of_plane",
    "stretch",
    "torsion",
    "undescribed",
    "vibrational_basis",
]
