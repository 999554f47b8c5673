"""One PLS model for both instruments, each centred on its own mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pls import ModelPath, pls_coefficients
from .view import MAX_COMPONENTS, View


@dataclass(frozen=True, slots=True)
class Joint:
    """Joint PLS: master and target rows stacked, the target's with a weight.

    The target's centre is the master's plus the mean difference of the pairs, so that the few
    transfer samples need not be typical.

    Attributes
    ----------
    weight : float
        Of a target row in the sum of squares; a master row has 1.
    """

    weight: float = 1.0
    least = 2

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        x_mean, y_mean = view.master.mean(axis=0), view.values.mean()
        centre = x_mean + view.shift
        root = np.sqrt(self.weight)
        X = np.concatenate([view.master - x_mean, root * (view.target - centre)])
        y = np.concatenate([view.values - y_mean, root * (view.labels - y_mean)])
        coefficients = pls_coefficients(X, y, MAX_COMPONENTS)
        return ModelPath(coefficients, y_mean - coefficients @ centre)

    def __str__(self) -> str:
        return f"target weight {self.weight:g}"
