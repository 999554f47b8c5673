"""External parameter orthogonalisation: what differs between instruments is projected out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pls import ModelPath, pls_path
from .view import MAX_COMPONENTS, View


@dataclass(frozen=True, slots=True)
class Orthogonalised:
    """External parameter orthogonalisation (EPO), then PLS on the master.

    J. M. Roger, F. Chauchard and V. Bellon-Maurel, Chemom. Intell. Lab. Syst. 66 (2003) 191:
    the leading right singular vectors of the differences D (not centred) span what is removed,
    X(I − VVᵀ).

    Attributes
    ----------
    rank : int
        Number of removed directions.
    recentred : bool
        Whether the mean that is left between the instruments is corrected too.
    """

    rank: int
    recentred: bool = True
    least = 2

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        difference = view.target - view.paired
        vt = np.linalg.svd(difference, full_matrices=False)[2][: min(self.rank, view.k)]
        cleaned = view.master - (view.master @ vt.T) @ vt
        path = pls_path(cleaned, view.values, MAX_COMPONENTS)
        coefficients = path.coefficients - (path.coefficients @ vt.T) @ vt
        shift = view.shift if self.recentred else np.zeros(len(view.shift))
        return ModelPath(coefficients, path.intercepts - coefficients @ shift)

    def __str__(self) -> str:
        return f"rank {self.rank}" + ("" if self.recentred else ", not recentred")
