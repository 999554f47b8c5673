"""The mean of several methods."""

from __future__ import annotations

from dataclasses import dataclass

from ..spectra import Array
from ..transfer.interface import Average, Labelled, Method, Pairs


@dataclass(frozen=True, slots=True)
class Averaged:
    """Methods that are fitted alike, and whose predictions are averaged.

    Attributes
    ----------
    methods : tuple of Method
    """

    methods: tuple[Method, ...]

    def fit(
        self, master: Labelled, transfer: Pairs, target_unlabelled: Array | None = None
    ) -> Average:
        """A calibration for the target instrument."""
        return Average(
            tuple(each.fit(master, transfer, target_unlabelled) for each in self.methods)
        )
