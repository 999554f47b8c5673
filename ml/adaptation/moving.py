"""The loss of an adaptation to the target, from the k transfer samples and the master."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..instruments import generator
from ..model.spektron import Spektron
from ..spectra import Array
from ..table import Float32
from ..training.losses import divergence, sinkhorn_divergence
from ..transfer.consensus import localised
from ..transfer.interface import Labelled, Pairs
from .reader import Reader
from .recipe import Recipe

BLUR = 0.1
"""Length scale of the Sinkhorn divergence, in units of z/√dimensions."""
REACH = 1.0
"""Standard deviation of the Gaussian that localises, as a fraction of the axis."""
TASK = 9
"""Counter of random numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """What the adaptation sees.

    Attributes
    ----------
    target : (k, 1, points) float32
        The transfer samples on the target.
    paired : (k, 1, points) float32
        The same on the master.
    labels : (k,) float32
        Their values in units of the label head.
    master : (n, 1, points) float32
        The master's calibration set.
    values : (n,) float32
        Its values in units of the label head.
    unlabelled : (u, 1, points) float32
        Target spectra without values.
    recipe : Recipe
    seed : int
    """

    target: Float32
    paired: Float32
    labels: Float32
    master: Float32
    values: Float32
    unlabelled: Float32
    recipe: Recipe
    seed: int

    @classmethod
    def of(
        cls,
        master: Labelled,
        transfer: Pairs,
        unlabelled: Array,
        own: Reader,
        other: Reader,
        recipe: Recipe,
        seed: int,
        scale: tuple[float, float],
    ) -> Moving:
        """Spectra of both instruments through their readers, values in units of the head."""
        centre, spread = scale
        labels, values = (
            np.asarray((v - centre) / spread, dtype=np.float32)
            for v in (transfer.values, master.values)
        )
        return cls(
            other(transfer.target),
            own(transfer.master),
            labels,
            own(master.spectra),
            values,
            other(unlabelled),
            recipe,
            seed,
        )

    def loss(self, model: Spektron, step: int) -> Tensor:
        """Weighted sum of the parts; those of weight 0 are not computed."""
        recipe = self.recipe
        total = torch.zeros(())
        parts = [
            (recipe.labels if len(self.target) else 0.0, self.target, self.labels),
            (recipe.replay, self.master, self.values),
            (recipe.differences if len(self.target) else 0.0, self.master, self.values),
        ]
        for number, (weight, spectra, values) in enumerate(parts):
            if weight:
                shown = self._disturbed(step) if number == 2 else spectra
                total = total + weight * self._error(model, shown, values)
        if recipe.alignment:
            total = total + recipe.alignment * self.apart(model)
        return total

    def apart(self, model: Spektron) -> Tensor:
        """Sinkhorn divergence of z_chem between the instruments.

        The transfer samples on both, or else the master's calibration set and the unlabelled
        spectra: clouds of like composition as far as that can be had.
        """
        here, there = (
            (self.paired, self.target) if len(self.target) else (self.master, self.unlabelled)
        )
        if not len(there):
            return torch.zeros(())
        both = torch.from_numpy(np.concatenate([here, there]))
        z = model.encode(both).chem.mean
        z = z / z.shape[1] ** 0.5
        return sinkhorn_divergence(z[: len(here)], z[len(here) :], BLUR)

    def _error(self, model: Spektron, spectra: Float32, values: Float32) -> Tensor:
        encoded = model.encode(torch.from_numpy(spectra))
        found = model.labels(encoded)[:, 0]
        error = ((found - torch.from_numpy(values)) ** 2).mean()
        return error + self.recipe.beta * divergence(encoded.chem)

    def _disturbed(self, step: int) -> Float32:
        """Master spectra with the mean difference and random combinations of the others.

        The covariance of what is added is that of the differences, localised as in the default
        method and times ``amplitude`` squared: correlations between distant points of k
        differences are accidents.
        """
        difference = (self.target - self.paired)[:, 0].astype(float)
        mean, k = difference.mean(axis=0), len(difference)
        rows = localised(difference - mean, REACH) / max(k - 1, 1) ** 0.5
        draw = generator(self.seed, TASK, step)
        weights = self.recipe.amplitude * draw.standard_normal((len(self.master), len(rows)))
        return np.asarray(self.master[:, 0] + mean + weights @ rows, dtype=np.float32)[:, None]
