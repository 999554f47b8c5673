"""Public sets of molecules with spectra, one module per set, in the layout it is published in.

`qm9s`, `chembl`, `uspto` and `qme14s` hold computed spectra of molecules, `nist` and `openspecy`
measured ones. Each has ``iterate``, which reads forward in blocks, and ``read``. No file is ever
downloaded, and no pickle is run. `training` makes what they read ready for a model.
"""

from . import chembl, nist, openspecy, qm9s, qme14s, qme14s_harmonic, training, uspto
from .measured import MeasuredSpectrum, on_axis
from .table import MoleculeSpectra, MoleculeSticks, Source

__all__ = [
    "MeasuredSpectrum",
    "MoleculeSpectra",
    "MoleculeSticks",
    "Source",
    "chembl",
    "nist",
    "on_axis",
    "openspecy",
    "qm9s",
    "qme14s",
    "qme14s_harmonic",
    "training",
    "uspto",
]
