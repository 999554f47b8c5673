"""The GF method: force constants in internal coordinates to frequencies, and back."""

from .derivatives import (
    Jacobian,
    cluster_matrix,
    clusters,
    force_constant_jacobian,
    geometry_jacobian,
    strength_jacobian,
    strengths,
)
from .errors import ForceFieldError, RefinementError
from .forcefield import SymmetryForceField
from .matrices import cartesian_hessian, f_matrix, g_matrix, wavenumbers
from .observed import Observed, observed
from .parametrisations import FullForceField, Parametrisation, ScaledForceField
from .ped import Assignment, assignments, energy_distribution
from .refinement import Refinement, refine, refine_scaling
from .scaling import ValenceForceField, scale, scale_types
from .secular import GFModes, gf_analysis, solve, wilson_gf
from .symmetry import SymmetrisedCoordinates, SymmetryBlock, symmetrised

__all__ = [
    "Assignment",
    "ForceFieldError",
    "FullForceField",
    "GFModes",
    "Jacobian",
    "Observed",
    "Parametrisation",
    "Refinement",
    "RefinementError",
    "ScaledForceField",
    "SymmetrisedCoordinates",
    "SymmetryBlock",
    "SymmetryForceField",
    "ValenceForceField",
    "assignments",
    "cartesian_hessian",
    "cluster_matrix",
    "clusters",
    "energy_distribution",
    "f_matrix",
    "force_constant_jacobian",
    "g_matrix",
    "geometry_jacobian",
    "gf_analysis",
    "observed",
    "refine",
    "refine_scaling",
    "scale",
    "scale_types",
    "solve",
    "strength_jacobian",
    "strengths",
    "symmetrised",
    "wavenumbers",
    "wilson_gf",
]
