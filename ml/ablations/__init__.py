"""Ablations: what each part of the model contributes, one small file per finished cell.

==============  =========================================================================
``cells``       what is compared, as a list of cells
``corn``        parts of a neural method on corn moisture
``molecules``   tokenizers, and few labels, on molecules
``store``       finished cells on disk
``report``      means, spreads and differences from the cells
==============  =========================================================================

`examples/ablations.py` runs them.
"""

from .cells import STUDIES, Budget, Cell, cells_of
from .report import HEAD, Line, lines, read_csv, to_csv
from .store import Finished, Store

__all__ = [
    "HEAD",
    "STUDIES",
    "Budget",
    "Cell",
    "Finished",
    "Line",
    "Store",
    "cells_of",
    "lines",
    "read_csv",
    "to_csv",
]
