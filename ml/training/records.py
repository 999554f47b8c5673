"""Numbers of a run: lines of JSON, a progress value for callers, TensorBoard if wanted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ...pointgroup.writing import whole_file
from ..model.packages import require


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    step, steps : int
    rate : float
        Spectra per second since the run was started or taken up.
    seconds_left : float
    metrics : mapping from name to float
        Of the step.
    """

    step: int
    steps: int
    rate: float
    seconds_left: float
    metrics: Mapping[str, float]


Callback: TypeAlias = Callable[[Progress], None]


@dataclass(slots=True)
class Record:
    """Writes metrics; of a run that is taken up, lines after the checkpoint are dropped.

    Attributes
    ----------
    path : path
        Of the lines of JSON.
    start : int
        Steps that were done before.
    board : bool
        Write for TensorBoard too, into a folder beside.
    """

    path: Path
    start: int = 0
    board: bool = False
    _writer: Any = field(default=None, init=False)
    _begun: float = field(default_factory=time.perf_counter, init=False)

    def __post_init__(self) -> None:
        if self.path.exists():
            kept = [line for line in _lines(self.path) if line["step"] <= self.start]
            text = "".join(json.dumps(line) + "\n" for line in kept)
            with whole_file(self.path) as draft:
                draft.write_text(text, encoding="utf-8")
        if self.board:
            require("tensorboard")
            from torch.utils.tensorboard.writer import SummaryWriter

            folder = str(self.path.with_name("tensorboard"))
            self._writer = SummaryWriter(folder, purge_step=self.start)

    def write(self, step: int, metrics: Mapping[str, float]) -> None:
        """A line for a step; not finite numbers become null."""
        finite = {k: v if abs(v) < float("inf") else None for k, v in metrics.items()}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **finite}) + "\n")
        if self._writer is not None:
            for name, value in metrics.items():
                self._writer.add_scalar(name, value, step)

    def progress(
        self, step: int, steps: int, per_step: int, metrics: Mapping[str, float]
    ) -> Progress:
        """How far the run is after a step, ``per_step`` spectra each."""
        seconds = time.perf_counter() - self._begun
        done = max(1, step - self.start)
        left = seconds / done * (steps - step)
        return Progress(step, steps, done * per_step / seconds, left, metrics)

    def close(self) -> None:
        """Finish what TensorBoard reads."""
        if self._writer is not None:
            self._writer.close()


def read_metrics(path: Path | str) -> list[dict[str, float]]:
    """The lines of a run, whole ones only."""
    return _lines(Path(path))


def _lines(path: Path) -> list[dict[str, float]]:
    out = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            out.append(json.loads(line))
        except ValueError:  # a line that was cut off when the run was killed
            continue
    return out
