"""A Spektron network as a method of calibration transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ProtocolError, SpectraError
from ..model.packages import require
from ..spectra import Array
from ..transfer.interface import Average, Calibration, Labelled, Pairs
from ..transfer.localmap import LocalMap, fit_local_map
from .reader import Reader
from .recipe import Reading, Recipe

if TYPE_CHECKING:
    from ..model.spektron import Spektron

LEAST_MASTER = 8
"""Fewest spectra of the master's calibration set."""
HALF_WIDTH, SHRINKAGE = 15, 0.3
"""Of the local map in front of the network; those of the default method."""


@dataclass(frozen=True, slots=True)
class Neural:
    """A network calibrated on the master and adapted to the target; see `Recipe`.

    It sees the master's calibration set, simulated instruments, the k transfer samples and the
    unlabelled spectra it is given, nothing else.

    Attributes
    ----------
    recipe : Recipe
    """

    recipe: Recipe = field(default_factory=Recipe)

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Calibration:
        """A calibration for the target instrument.

        Raises
        ------
        MissingPackage
            If torch, geomloss or peft is needed and not installed.
        SpectraError
            If the instruments differ in their channels, or there are too few.
        ProtocolError
            If the calibration set is too small.
        """
        require(*self.recipe.packages)
        unlabelled = _checked(master, transfer, target_unlabelled)
        recipe = self.recipe
        own = Reader.of(master.spectra, recipe.pretreatment, recipe.shape.stride, recipe.points)
        other = target_reader(own, master, transfer, unlabelled, recipe.reading)
        members = [
            _member(master, transfer, unlabelled, own, other, recipe, recipe.seed + number)
            for number in range(recipe.members)
        ]
        return members[0] if len(members) == 1 else Average(tuple(members))


@dataclass(frozen=True, slots=True, eq=False)
class NeuralCalibration:
    """A network and how it reads target spectra.

    Attributes
    ----------
    model : Spektron
    reader : Reader
    recipe : Recipe
    seed : int
    """

    model: Spektron
    reader: Reader
    recipe: Recipe
    seed: int

    def predict(self, spectra: Array) -> Array:
        """Values of target spectra, shape (n, p) to (n,); each row for itself."""
        from ..training.finetuning import outputs

        # Row by row: a product of matrices may round a row differently in other company.
        rows = [self.reader(row) for row in np.atleast_2d(spectra)]
        return np.array([float(outputs(self._for(row), row)[0, 0]) for row in rows])

    def _for(self, row: np.ndarray) -> Spektron:
        """The network for one spectrum: with test-time training, one that has seen it."""
        if not self.recipe.each:
            return self.model
        import copy

        import torch

        from .testtime import train_on_spectra

        own = copy.deepcopy(self.model)
        with torch.enable_grad():
            train_on_spectra(
                own, row, steps=self.recipe.each, rate=self.recipe.test_rate, seed=self.seed
            )
        return own


def target_reader(
    own: Reader, master: Labelled, transfer: Pairs, unlabelled: Array, reading: Reading
) -> Reader:
    """A reader of target spectra, from the master's own."""
    if reading == "plain" or not (transfer.k or len(unlabelled)):
        return own
    here, there = (transfer.master, transfer.target) if transfer.k else (master.spectra, unlabelled)
    rows, target = own.pretreatment(here), own.pretreatment(there)
    if reading == "mapped" and transfer.k:
        return replace(own, local=fit_local_map(target, rows, HALF_WIDTH, SHRINKAGE))
    p = rows.shape[1]
    nothing = LocalMap(
        np.zeros((0, p)), np.zeros((p, 0)), target.mean(axis=0), rows.mean(axis=0), HALF_WIDTH
    )
    return replace(own, local=nothing)


def _member(
    master: Labelled,
    transfer: Pairs,
    unlabelled: Array,
    own: Reader,
    other: Reader,
    recipe: Recipe,
    seed: int,
) -> NeuralCalibration:
    import torch

    from .origin import calibrated
    from .testtime import train_on_spectra

    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        model = calibrated(master, own, recipe, seed)
        # What comes now must not depend on whether the calibration was remembered.
        torch.manual_seed(seed + 1)
        unseen = np.concatenate([transfer.target, unlabelled])
        if recipe.test_time and len(unseen):
            train_on_spectra(
                model, other(unseen), steps=recipe.test_time, rate=recipe.test_rate, seed=seed
            )
        model = _moved(model, master, transfer, unlabelled, (own, other), recipe, seed)
    return NeuralCalibration(model.eval().requires_grad_(bool(recipe.each)), other, recipe, seed)


def _moved(
    model: Spektron,
    master: Labelled,
    transfer: Pairs,
    unlabelled: Array,
    readers: Sequence[Reader],
    recipe: Recipe,
    seed: int,
) -> Spektron:
    """The network after its adaptation; the same if there is nothing to adapt to."""
    if recipe.moved == "nothing" or not recipe.steps or not (transfer.k or len(unlabelled)):
        return model
    from .descent import descend
    from .lora import merged, with_adapters
    from .moving import Moving

    label = model.label
    assert label is not None
    scale = (float(label.centre), float(label.spread))
    task = Moving.of(master, transfer, unlabelled, readers[0], readers[1], recipe, seed, scale)
    adapted = with_adapters(model, recipe.rank) if recipe.moved == "lora" else None
    trained = [p for p in model.parameters() if p.requires_grad]
    model.train()
    descend(trained, lambda step: task.loss(model, step), steps=recipe.steps, rate=recipe.step_rate)
    return model if adapted is None else merged(adapted)


def _checked(master: Labelled, transfer: Pairs, unlabelled: Array | None) -> Array:
    """Unlabelled spectra, none if not given.

    Raises
    ------
    SpectraError, ProtocolError
    """
    n, p = master.spectra.shape
    found = np.empty((0, p)) if unlabelled is None else np.atleast_2d(unlabelled)
    if n < LEAST_MASTER:
        raise ProtocolError(
            f"{n} spectra to calibrate a network on; give {LEAST_MASTER} or more, or use PLS"
        )
    if not np.ptp(master.values) > 0:
        raise ProtocolError(f"all {n} reference values are {master.values[0]:g}; nothing to learn")
    for name, each in (("transfer samples", transfer.target), ("unlabelled spectra", found)):
        if len(each) and each.shape[1] != p:
            raise SpectraError(
                f"{name} of {each.shape[1]} channels, the master has {p}; resample them"
            )
    if not np.isfinite(found).all():
        raise SpectraError("unlabelled spectra have values that are not finite; leave them out")
    return found
