"""Group theory of molecules: from a geometry to its point group, mode counts and R."""

from .coordinates import (
    SymmetryCoordinates,
    finite_subgroup,
    irrep_matrices,
    projector,
    symmetry_coordinates,
)
from .counts import (
    ModeCounts,
    SilentReason,
    Tally,
    Transition,
    count_modes,
    mode_counts,
    vibrational_representation,
)
from .detection.ladder import Rung, ladder
from .detection.symmetry import Symmetry, SymmetryOperation, detect, point_group
from .errors import InputError
from .molecules.library import example, example_names, molecule_from_input
from .molecules.molecule import Molecule
from .selection import Activity, SelectionRules
from .theory.basis import BasisSet, basis_sets
from .theory.characters import CharacterTable, Irrep
from .theory.construction import ConjugacyClass
from .theory.continuous import ContinuousTable
from .theory.correlation import Correlation, correlate
from .theory.groups import PointGroup
from .theory.operations import Operation
from .theory.representations import Representation

__all__ = [
    "Activity",
    "BasisSet",
    "CharacterTable",
    "ConjugacyClass",
    "ContinuousTable",
    "Correlation",
    "InputError",
    "Irrep",
    "ModeCounts",
    "Molecule",
    "Operation",
    "PointGroup",
    "Representation",
    "Rung",
    "SelectionRules",
    "SilentReason",
    "Symmetry",
    "SymmetryCoordinates",
    "SymmetryOperation",
    "Tally",
    "Transition",
    "basis_sets",
    "correlate",
    "count_modes",
    "detect",
    "example",
    "example_names",
    "finite_subgroup",
    "irrep_matrices",
    "ladder",
    "mode_counts",
    "molecule_from_input",
    "point_group",
    "projector",
    "symmetry_coordinates",
    "vibrational_representation",
]
