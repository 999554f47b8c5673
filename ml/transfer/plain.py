"""Calibrations that move nothing: the master's, the target's own, one for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pls import ModelPath, pls_path
from .view import MAX_COMPONENTS, View


@dataclass(frozen=True, slots=True)
class NoTransfer:
    """The master's PLS model as it is."""

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        return view.master_path

    def __str__(self) -> str:
        return "PLS of the master"


@dataclass(frozen=True, slots=True)
class TargetOnly:
    """PLS on the target spectra of the transfer samples alone."""

    least = 3

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        return pls_path(view.target, view.labels, min(MAX_COMPONENTS, view.k - 2))

    def __str__(self) -> str:
        return "PLS of the target"


@dataclass(frozen=True, slots=True)
class Pooled:
    """PLS on the spectra of both instruments as if they were one."""

    def path(self, view: View) -> ModelPath:
        """One model per number of components."""
        X = np.concatenate([view.master, view.target])
        return pls_path(X, np.concatenate([view.values, view.labels]), MAX_COMPONENTS)

    def __str__(self) -> str:
        return "PLS of both"
