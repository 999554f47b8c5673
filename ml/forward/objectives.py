"""What is trained: spectra or shifts, in batches that depend on the step alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..broadening import curves
from ..table import Float32, SpectraTable
from ..training.sources import rows_of_step
from .config import ForwardConfig
from .forcefield import ForceFieldModel
from .graphs import Int64, MolecularGraph
from .grid import GridModel
from .losses import blurring, line_loss, spectral_loss
from .models import SampleCache
from .samples import Batch, Sample, join_samples
from .shift_data import ShiftSet
from .shifts import ShiftModel, shift_errors

VALIDATED = 16
"""Molecules per pass where nothing is trained."""


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumBatch:
    """Molecules and their computed spectra.

    Attributes
    ----------
    molecules : Batch
    targets : (n, 2, points) float32
    lines : (n, most modes) float32, cm⁻¹
        Ascending, filled up with zeros.
    there : (n, most modes) bool
    """

    molecules: Batch
    targets: Float32
    lines: Float32
    there: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumObjective:
    """Infrared and Raman spectra of the molecules of a table.

    Attributes
    ----------
    model : GridModel or ForceFieldModel
    config : ForwardConfig
    table : SpectraTable
    train, valid : (n,) int64
        Rows of the table.
    """

    model: GridModel | ForceFieldModel
    config: ForwardConfig
    table: SpectraTable
    train: Int64
    valid: Int64
    samples: SampleCache
    _blurs: dict[str, Tensor] = field(default_factory=dict)

    @property
    def per_step(self) -> int:
        """Molecules in each step."""
        return self.config.training.batch

    def batch(self, step: int) -> SpectrumBatch:
        """Molecules of a step."""
        settings = self.config.training
        rows, _ = rows_of_step(self.train, step, settings.batch, settings.seed)
        return self.batch_of(rows)

    def batch_of(self, rows: Int64) -> SpectrumBatch:
        """Some molecules of the table."""
        shape = self.config.model
        lines, strengths = self.table.strengths(rows)
        targets = curves(lines, strengths, shape.axis, fwhm=shape.fwhm)
        counts = np.diff(lines.offsets)
        there = np.arange(counts.max()) < counts[:, None]
        sorted_lines = np.zeros(there.shape, dtype=np.float32)
        for k in range(len(rows)):
            sorted_lines[k, : counts[k]] = np.sort(lines[k])
        molecules = join_samples([self.samples[int(row)] for row in rows])
        return SpectrumBatch(molecules, targets, sorted_lines, there)

    def loss(
        self, batch: SpectrumBatch, step: int, device: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss and its parts."""
        settings = self.config.loss
        found, curvatures = self.model(batch.molecules)
        targets = torch.as_tensor(batch.targets, dtype=found.dtype, device=found.device)
        total, parts = spectral_loss(found, targets, settings, self._blur(found))
        if curvatures is not None and settings.lines:
            lines = torch.as_tensor(batch.lines, dtype=found.dtype, device=found.device)
            there = torch.as_tensor(batch.there, device=found.device)
            off = line_loss(curvatures, lines, there)
            total, parts = total + settings.lines * off, {**parts, "lines": off.detach()}
        return total, parts

    def finish(self) -> dict[str, float]:
        """Nothing is left to do."""
        return {}

    def validate(self, device: str) -> dict[str, float]:
        """Means over the validation part."""
        sums: dict[str, float] = {}
        for start in range(0, len(self.valid), VALIDATED):
            rows = self.valid[start : start + VALIDATED]
            total, parts = self.loss(self.batch_of(rows), 0, device)
            for name, value in {**parts, "loss": total}.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(rows)
        return {f"valid {name}": value / len(self.valid) for name, value in sums.items()}

    def _blur(self, like: Tensor) -> Tensor:
        axis = self.config.model.axis
        key = f"{like.device} {like.dtype}"
        if key not in self._blurs:
            self._blurs[key] = blurring(axis.points, axis.step, self.config.loss.blur, like)
        return self._blurs[key]


@dataclass(frozen=True, slots=True, eq=False)
class ShiftBatch:
    """Molecules and shifts of some of their atoms.

    Attributes
    ----------
    molecules : Batch
    atoms : (n,) int64
        Numbered through the batch.
    shifts : (n,) float32, ppm
    """

    molecules: Batch
    atoms: Int64
    shifts: Float32


@dataclass(frozen=True, slots=True, eq=False)
class ShiftObjective:
    """NMR shifts of the atoms of molecules: mean absolute error over each element's spread."""

    model: ShiftModel
    config: ForwardConfig
    data: ShiftSet
    train: Int64
    valid: Int64

    @property
    def per_step(self) -> int:
        """Molecules in each step."""
        return self.config.training.batch

    def batch(self, step: int) -> ShiftBatch:
        """Molecules of a step."""
        settings = self.config.training
        return self.batch_of(rows_of_step(self.train, step, settings.batch, settings.seed)[0])

    def batch_of(self, rows: Int64) -> ShiftBatch:
        """Some molecules of the set."""
        graphs = [self.data.graphs[row] for row in rows]
        starts = np.cumsum([0, *(len(graph) for graph in graphs)])
        known = [self.data.shifts[row] for row in rows]
        atoms = [k.atoms.astype(np.int64) + s for k, s in zip(known, starts, strict=False)]
        return ShiftBatch(
            join_samples([Sample(graph) for graph in graphs]),
            np.concatenate(atoms),
            np.concatenate([k.shifts for k in known]),
        )

    def loss(self, batch: ShiftBatch, step: int, device: str) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss; its parts are errors in ppm."""
        found = self.model(batch.molecules)
        atoms = torch.as_tensor(batch.atoms, device=found.device)
        numbers = torch.as_tensor(batch.molecules.graphs.numbers.copy(), device=found.device)
        vocabulary = torch.tensor(self.config.model.numbers, device=found.device)
        places = (numbers[atoms, None] == vocabulary).int().argmax(1)
        truth = torch.as_tensor(batch.shifts, dtype=found.dtype, device=found.device)
        off = (found[atoms] - truth).abs()
        return (off / self.model.spread[places]).mean(), {"error": off.mean().detach()}

    def finish(self) -> dict[str, float]:
        """Nothing is left to do."""
        return {}

    def validate(self, device: str) -> dict[str, float]:
        """Mean absolute error of each nucleus on the validation part, ppm."""
        rows = [int(row) for row in self.valid]
        errors = shift_errors(predict_shifts(self.model, self.data, rows), self.data, rows)
        return {f"valid {nucleus}": value for nucleus, value in errors.items()}


def predict_shifts(model: ShiftModel, data: ShiftSet, rows: list[int]) -> list[Float32]:
    """Shifts of every atom of some molecules of a set, ppm: (n_atoms,) for each."""
    out: list[Float32] = []
    for start in range(0, len(rows), VALIDATED):
        graphs = [data.graphs[row] for row in rows[start : start + VALIDATED]]
        out += shifts_of_graphs(model, graphs)
    return out


def shifts_of_graphs(model: ShiftModel, graphs: Sequence[MolecularGraph]) -> list[Float32]:
    """Shifts of every atom of some molecules, ppm: (n_atoms,) for each."""
    with torch.no_grad():
        values = model(join_samples([Sample(graph) for graph in graphs])).cpu().numpy()
    return np.split(values, np.cumsum([len(graph) for graph in graphs])[:-1])


def predict_curves(
    model: GridModel | ForceFieldModel, samples: SampleCache, rows: Int64
) -> Float32:
    """Predicted curves of some molecules of a table, (n, 2, points)."""
    out = []
    with torch.no_grad():
        for start in range(0, len(rows), VALIDATED):
            part = join_samples([samples[int(row)] for row in rows[start : start + VALIDATED]])
            out.append(model(part)[0].float().cpu().numpy())
    return np.concatenate(out)
