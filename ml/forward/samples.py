"""What a forward model is given: molecules prepared once, and put together in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SpectraError
from .graphs import Float64, GraphBatch, Int64, MolecularGraph, join_graphs
from .valence import Valence


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A molecule as a model needs it; what costs time is computed once.

    Attributes
    ----------
    graph : MolecularGraph
    valence : Valence or None
        For the kind "force field".
    """

    graph: MolecularGraph
    valence: Valence | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ValenceBatch:
    """Internal coordinates of some molecules, filled up with zeros to equal sizes.

    Attributes
    ----------
    kinds, roles, features : as in `Valence`, of all coordinates
        Atoms numbered through the batch.
    places : (2, n_coordinates) int64
        Molecule, and row within it.
    pairs : (2, n_pairs) int64
        Coordinates numbered through the batch.
    shared : (n_pairs,) int64
    wilson : (n, most coordinates, most modes) float64
    basis : (n, 3 · most atoms, most modes) float64
    atoms : (2, n_atoms) int64
        Molecule, and place within it.
    modes : (n,) int64
        Number of modes.
    """

    kinds: Int64
    roles: Int64
    features: Float64
    places: Int64
    pairs: Int64
    shared: Int64
    wilson: Float64
    basis: Float64
    atoms: Int64
    modes: Int64


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Molecules for one pass through a model."""

    graphs: GraphBatch
    valence: ValenceBatch | None = None

    @property
    def described(self) -> ValenceBatch:
        """The internal coordinates.

        Raises
        ------
        SpectraError
            If the molecules were prepared for another kind of model.
        """
        if self.valence is None:
            raise SpectraError(
                "molecules without internal coordinates; prepare them for a force-field model"
            )
        return self.valence


def join_samples(samples: Sequence[Sample]) -> Batch:
    """A batch of molecules, in their order."""
    graphs = join_graphs([sample.graph for sample in samples])
    found = [sample.valence for sample in samples if sample.valence is not None]
    if len(found) < len(samples):
        return Batch(graphs)
    return Batch(graphs, _join_valences(found, [len(sample.graph) for sample in samples]))


def _join_valences(parts: Sequence[Valence], sizes: Sequence[int]) -> ValenceBatch:
    rows = np.array([len(part.kinds) for part in parts])
    modes = np.array([part.wilson.shape[1] for part in parts])
    wilson = np.zeros((len(parts), rows.max(), modes.max()))
    basis = np.zeros((len(parts), 3 * max(sizes), modes.max()))
    for k, part in enumerate(parts):
        wilson[k, : rows[k], : modes[k]] = part.wilson
        basis[k, : 3 * sizes[k], : modes[k]] = part.basis
    before_atoms, before_rows = np.cumsum(sizes) - sizes, np.cumsum(rows) - rows
    roles = [
        np.where(part.roles >= 0, part.roles + before, -1)
        for part, before in zip(parts, before_atoms, strict=True)
    ]
    pairs = [part.pairs + before for part, before in zip(parts, before_rows, strict=True)]
    return ValenceBatch(
        np.concatenate([part.kinds for part in parts]),
        np.concatenate(roles),
        np.concatenate([part.features for part in parts]),
        _numbered(rows),
        np.concatenate(pairs, axis=1),
        np.concatenate([part.shared for part in parts]),
        wilson,
        basis,
        _numbered(np.array(sizes)),
        modes,
    )


def _numbered(counts: Int64) -> Int64:
    """Which list each entry is of, and its place there: (2, sum of counts)."""
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([np.repeat(np.arange(len(counts)), counts), inside]).astype(np.int64)
