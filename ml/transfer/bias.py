"""Corrections of predictions or of means: slope and bias, mean shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pls import ModelPath
from .view import View


@dataclass(frozen=True, slots=True)
class SlopeBias:
    """Slope and bias correction of the master's predictions (SBC).

    E. Bouveresse, C. Hartmann, D. L. Massart, I. R. Last and K. A. Prebble, Anal. Chem. 68
    (1996) 982: the reference values of the transfer samples are regressed on what the
    master's model predicts from their target spectra.

    Attributes
    ----------
    slope : bool
        Without it, only the bias is corrected.
    """

    slope: bool = True
    least = 2

    def path(self, view: View) -> ModelPath:
        """One corrected model per number of components."""
        path = view.master_path
        predicted = path.predict(view.target)
        centred = predicted - predicted.mean(axis=1, keepdims=True)
        spread = (centred**2).sum(axis=1)
        slope = np.ones(len(path))
        if self.slope:
            covariance = centred @ (view.labels - view.labels.mean())
            slope = np.where(spread > 0, covariance / np.where(spread > 0, spread, 1.0), 0.0)
        bias = view.labels.mean() - slope * predicted.mean(axis=1)
        return ModelPath(path.coefficients * slope[:, None], path.intercepts * slope + bias)

    def __str__(self) -> str:
        return "slope and bias" if self.slope else "bias"


@dataclass(frozen=True, slots=True)
class MeanShift:
    """Target spectra moved by the difference of the means, then the master's PLS model.

    The means are those of the pairs; without pairs, of the unlabelled target spectra and of
    the master's calibration set.
    """

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        shift = view.shift
        if not view.k and len(view.unlabelled):
            shift = view.unlabelled.mean(axis=0) - view.master.mean(axis=0)
        path = view.master_path
        return ModelPath(path.coefficients, path.intercepts - path.coefficients @ shift)

    def __str__(self) -> str:
        return "mean shift"
