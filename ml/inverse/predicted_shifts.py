"""NMR shifts of a trained network, for molecules of which a table has none.

They stand in for measured ones where a set has vibrational spectra only: with them the same
molecules have everything, so that what NMR adds can be asked in a matched design. What is found
so is about shifts of this network, with noise of the size of its errors added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from ..errors import SpectraError
from ..forward.config import NUCLEI, Nucleus
from ..forward.graphs import MolecularGraph, graph_of_row
from ..forward.models import usable_rows
from ..forward.objectives import VALIDATED, shifts_of_graphs
from ..forward.shifts import ShiftModel
from ..instruments import generator
from ..table import Float32, Int64, Ragged, SpectraTable
from .config import SHIFT_ERROR
from .equivalence import equivalent_atoms

NOISE: Final = 6
"""Counter of random numbers."""


def with_predicted_shifts(
    table: SpectraTable,
    model: ShiftModel,
    *,
    spread: Mapping[Nucleus, float] = SHIFT_ERROR,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> SpectraTable:
    """A table with shifts of a network as computed ones of the molecules that have none.

    Noise is drawn once for each molecule, the same for atoms with the same bonds.

    Parameters
    ----------
    table : SpectraTable
        With geometries. Computed shifts that it has stay.
    model : ShiftModel
        Molecules with elements that it has not learnt, ions and radicals get no shifts.
    spread : mapping from nucleus to float, ppm
    seed : int
        Of the noise.
    progress : callable, optional
        Called with how many molecules of how many are done.

    Returns
    -------
    SpectraTable
        Its hash depends on table, network, noise and seed.

    Raises
    ------
    SpectraError
        If no molecule can be given to the network, or a spread is negative or missing.
    """
    if set(spread) != set(NUCLEI) or min(spread.values()) < 0:
        raise SpectraError(f"spread {dict(spread)}; give 0 or more ppm for {', '.join(NUCLEI)}")
    none = Ragged.of([[]] * len(table), np.int16), Ragged.of([[]] * len(table), np.float32)
    known = table.shifts.get("computed", none)
    atoms, shifts = ([each[row] for row in range(len(table))] for each in known)
    rows = [int(row) for row in usable_rows(table, model.config) if not len(atoms[row])]
    for start in range(0, len(rows), VALIDATED):
        part = rows[start : start + VALIDATED]
        graphs = [graph_of_row(table, row, model.config.cutoff) for row in part]
        for row, graph, values in zip(part, graphs, shifts_of_graphs(model, graphs), strict=True):
            draw = generator(seed, NOISE, row)
            atoms[row], shifts[row] = _noisy(graph, values, spread, draw)
        if progress is not None:
            progress(start + len(part), len(rows))
    made = Ragged.of(atoms, np.int16), Ragged.of(shifts, np.float32)
    return replace(
        table,
        shifts={**table.shifts, "computed": made},
        sha256=_digest(table, model, spread, seed),
    )


def _noisy(
    graph: MolecularGraph,
    values: Float32,
    spread: Mapping[Nucleus, float],
    draw: np.random.Generator,
) -> tuple[Int64, Float32]:
    """Atoms with a shift, and their shifts with noise, the same for equivalent ones."""
    classes = equivalent_atoms(graph)
    widths = np.zeros(len(graph))
    for nucleus, width in spread.items():
        widths[graph.numbers == NUCLEI[nucleus]] = width
    noise = draw.standard_normal(classes.max() + 1)[classes]
    atoms = np.flatnonzero(np.isin(graph.numbers, list(NUCLEI.values())))
    return atoms, (values + widths * noise)[atoms].astype(np.float32)


def _digest(
    table: SpectraTable, model: ShiftModel, spread: Mapping[Nucleus, float], seed: int
) -> str:
    found = hashlib.sha256(f"{table.sha256} {sorted(spread.items())} {seed}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.cpu().numpy().tobytes())
    return found.hexdigest()
