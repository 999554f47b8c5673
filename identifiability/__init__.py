"""What a vibrational spectrum determines: completeness, ranks, hidden symmetry, isotopologues."""

from .completeness import Completeness, completeness
from .continuation import Twin, twin
from .design import Design, isotopologue_design, redundant_members
from .errors import IdentifiabilityError
from .exact import ExactRank, exact_rank
from .family import family_rank
from .forcefield import ForceField, tensors_of
from .generic import GenericRank, block_rank, smallest_number_of_isotopologues
from .hidden import HiddenSymmetry, hidden_symmetry
from .identification import Identification, identify
from .isotopologue import Isotopologue
from .noise import Bound, Noise, cramer_rao
from .observables import Observables
from .space import InternalSpace
from .substitution import Pattern, patterns
from .tensors import Tensors
from .twins import TwoByTwo, two_by_two

__all__ = [
    "Bound",
    "Completeness",
    "Design",
    "ExactRank",
    "ForceField",
    "GenericRank",
    "HiddenSymmetry",
    "IdentifiabilityError",
    "Identification",
    "InternalSpace",
    "Isotopologue",
    "Noise",
    "Observables",
    "Pattern",
    "Tensors",
    "Twin",
    "TwoByTwo",
    "block_rank",
    "completeness",
    "cramer_rao",
    "exact_rank",
    "family_rank",
    "hidden_symmetry",
    "identify",
    "isotopologue_design",
    "patterns",
    "redundant_members",
    "smallest_number_of_isotopologues",
    "tensors_of",
    "twin",
    "two_by_two",
]
