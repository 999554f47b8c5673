"""Reading spectra of several instruments: corn, tablets, generic CSV and npz, MATLAB, JCAMP-DX."""

from .jcampdx import read_jcamp
from .studies import load_study

__all__ = ["load_study", "read_jcamp"]
