"""The symmetry-rich dataset: which molecules it holds, and why.

`scaffolds` and `substituents` are the parts, `attachment` puts them together without losing
symmetry, and `strata` enumerates isomers of one composition that differ in having a centre of
inversion.
"""

from .attachment import Substituted, substituted
from .scaffolds import SCAFFOLDS, Scaffold, scaffold
from .strata import Stratum, colourings, matched_strata
from .substituents import SUBSTITUENTS, Substituent, substituent

__all__ = [
    "SCAFFOLDS",
    "SUBSTITUENTS",
    "Scaffold",
    "Stratum",
    "Substituent",
    "Substituted",
    "colourings",
    "matched_strata",
    "scaffold",
    "substituent",
    "substituted",
]
