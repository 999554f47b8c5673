"""Forward models by their kind, their files, and the molecules they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import SpectraError
from ..model.settings import from_mapping, to_mapping
from ..model.weights import put_weights, read_model, write_tensors
from ..table import SpectraTable
from .config import NetworkConfig
from .forcefield import ForceFieldModel
from .graphs import Int64, MolecularGraph, graph_of_row
from .grid import GridModel
from .network import vocabulary_places
from .samples import Sample
from .shifts import ShiftModel
from .valence import molecule_of, valence

ForwardModel: TypeAlias = GridModel | ForceFieldModel | ShiftModel
KIND = "forward"
"""What such a file says it holds."""


def new_model(config: NetworkConfig) -> ForwardModel:
    """A model of the kind that the configuration asks for, untrained."""
    if config.kind == "grid":
        return GridModel(config)
    return ForceFieldModel(config) if config.kind == "force field" else ShiftModel(config)


def save_forward(path: Path | str, model: ForwardModel, card: Mapping[str, Any]) -> None:
    """Write a model with what is to be known of it."""
    note = {"config": to_mapping(model.config), "card": dict(card)}
    write_tensors(Path(path), model.state_dict(), KIND, note)


def load_forward(path: Path | str) -> tuple[ForwardModel, dict[str, Any]]:
    """A model and its card, ready to use.

    Raises
    ------
    CheckpointError
        If the file is missing, a pickle, damaged, of another version or kind of model.
    """
    tensors, config, card = read_model(Path(path), KIND)
    model = new_model(from_mapping(NetworkConfig, config, "model"))
    put_weights(model, tensors, Path(path))
    return model.eval(), card


def sample_of(graph: MolecularGraph, config: NetworkConfig) -> Sample:
    """A molecule prepared for a model.

    Raises
    ------
    SpectraError
        If an element is not in the vocabulary, or the molecule has no vibration.
    InputError
        If a force-field model finds no internal coordinates.
    """
    vocabulary_places(graph.numbers.tolist(), config)
    described = valence(molecule_of(graph)) if config.kind == "force field" else None
    return Sample(graph, described)


@dataclass(frozen=True, slots=True, eq=False)
class SampleCache:
    """Molecules of a table, each prepared when it is first needed."""

    table: SpectraTable
    config: NetworkConfig
    _known: dict[int, Sample] = field(default_factory=dict)

    def __getitem__(self, row: int) -> Sample:
        if row not in self._known:
            graph = graph_of_row(self.table, row, self.config.cutoff)
            self._known[row] = sample_of(graph, self.config)
        return self._known[row]


def usable_rows(table: SpectraTable, config: NetworkConfig) -> Int64:
    """Rows of a table that a model can be given, ascending, as int64.

    Left out are other elements, charged and open-shell molecules, of which the graph says
    nothing.

    Raises
    ------
    SpectraError
        If none is left.
    """
    known = set(config.numbers)
    neutral = (table.numbers["charge"] == 0) & (table.numbers["multiplicity"] == 1)
    rows = [
        row
        for row in range(len(table))
        if neutral[row] and known.issuperset(table.atomic_numbers[row].tolist())
    ]
    if not rows:
        raise SpectraError(
            f"none of {len(table)} molecules is neutral, closed-shell and made of "
            f"{', '.join(config.elements)}"
        )
    return np.array(rows, dtype=np.int64)
