"""Physics of molecular vibrations: from a geometry to normal modes, IR and Raman spectra."""

from .activity import (
    ObservedCompleteness,
    SelectionCheck,
    check_selection_rules,
    observed_completeness,
)
from .derivatives.routes import CalculationPlan, harmonic_data, plan_calculation
from .electronic.optimisation import Optimised, optimise
from .electronic.surfaces import surface_for
from .errors import CalculationError, NotConverged, NotStationary
from .files.reading import read_harmonic, read_modes
from .harmonic import HarmonicData
from .labels import ModeLabels, label_modes
from .level import Level
from .modes import HarmonicWarning, NormalModes, modes_from_displacements, normal_modes
from .reference import Reference, reference_data
from .spectrum import Spectrum, Sticks, broaden, sticks, transmittance
from .thermochemistry import Thermochemistry, thermochemistry

__all__ = [
    "CalculationError",
    "CalculationPlan",
    "HarmonicData",
    "HarmonicWarning",
    "Level",
    "ModeLabels",
    "NormalModes",
    "NotConverged",
    "NotStationary",
    "ObservedCompleteness",
    "Optimised",
    "Reference",
    "SelectionCheck",
    "Spectrum",
    "Sticks",
    "Thermochemistry",
    "broaden",
    "check_selection_rules",
    "harmonic_data",
    "label_modes",
    "modes_from_displacements",
    "normal_modes",
    "observed_completeness",
    "optimise",
    "plan_calculation",
    "read_harmonic",
    "read_modes",
    "reference_data",
    "sticks",
    "surface_for",
    "thermochemistry",
    "transmittance",
]
