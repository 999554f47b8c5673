"""Files of vibrations and spectra: readers and writers, one format to a module."""

from .extxyz import write_animation, write_displacements
from .jcamp import read_jcamp, write_jcamp
from .molden import write_molden
from .printed import PrintedModes
from .qcschema import write_harmonic
from .reading import has_hessian, read_harmonic, read_modes
from .tables import write_curve, write_peaks

__all__ = [
    "PrintedModes",
    "has_hessian",
    "read_harmonic",
    "read_jcamp",
    "read_modes",
    "write_animation",
    "write_curve",
    "write_displacements",
    "write_harmonic",
    "write_jcamp",
    "write_molden",
    "write_peaks",
]
