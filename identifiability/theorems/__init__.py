"""The theorems as functions: each one checks its statement by machine and prints its proof."""

from .complementarity import exclusion, groups_up_to, strict_gain
from .genericity import (
    frequencies_only,
    known_derivatives,
    parameter_count,
    several_isotopologues,
    unknown_derivatives,
    valence_is_no_evidence,
)
from .quotient import Fibre, fibre, symmetry_quotient
from .statement import Statement

__all__ = [
    "Fibre",
    "Statement",
    "exclusion",
    "fibre",
    "frequencies_only",
    "groups_up_to",
    "known_derivatives",
    "parameter_count",
    "several_isotopologues",
    "strict_gain",
    "symmetry_quotient",
    "unknown_derivatives",
    "valence_is_no_evidence",
]
