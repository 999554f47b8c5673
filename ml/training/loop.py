"""The training loop: the same for every objective."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from ...vibration.errors import CalculationError
from ..model.spektron import Spektron
from .config import TrainingConfig
from .devices import Place
from .records import Callback, Record
from .runs import RunFolder, load_checkpoint, save_checkpoint
from .schedule import cosine_rate

B = TypeVar("B")


class Diverged(CalculationError):
    """The loss is no longer finite."""


class Objective(Protocol[B]):
    """What is trained, and how well."""

    @property
    def model(self) -> Spektron:
        """The model that is trained."""

    @property
    def per_step(self) -> int:
        """Spectra that pass the model in each step."""

    def batch(self, step: int) -> B:
        """Arrays of a step (from 0); depends on nothing but the step."""

    def loss(self, batch: B, step: int, device: str) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss and its parts."""

    def finish(self) -> dict[str, float]:
        """What is to be done once after the last step; numbers to keep of it."""

    def validate(self, device: str) -> dict[str, float]:
        """Numbers on samples that are not trained on."""


def train(
    objective: Objective[B],
    settings: TrainingConfig,
    where: Place,
    folder: RunFolder,
    progress: Callback | None = None,
) -> dict[str, float]:
    """Train to the last step, from the last checkpoint if there is one.

    Parameters
    ----------
    objective : Objective
        With a new model; torch's random numbers are those of its seed.
    settings : TrainingConfig
    where : Place
    folder : RunFolder
    progress : callable, optional
        Called with a `Progress` at each logged step.

    Returns
    -------
    dict
        What ``objective.validate`` says at the end.

    Raises
    ------
    Diverged
        If the loss is not finite.
    CheckpointError
        If the checkpoint cannot be used, or another process is at work in the folder.
    """
    model = objective.model.to(where.device).train()
    optimiser = optimiser_of(model, settings)
    last: dict[str, float] = {}
    with ExitStack() as stack:
        stack.enter_context(folder.held())
        start = load_checkpoint(folder, model, optimiser)
        record = Record(folder.metrics, start, settings.tensorboard)
        stack.callback(record.close)
        batches = stack.enter_context(_Ahead(objective, start, settings.steps, where.workers))
        for step, batch in batches:
            parts = _step(objective, batch, step, optimiser, settings, where)
            done = step + 1
            end = done == settings.steps
            if end:
                last = _finished(objective, where)
                record.write(done, last)
            elif settings.validate_every and done % settings.validate_every == 0:
                record.write(done, _validated(objective, where))
            if end or done % settings.log_every == 0 or done % settings.checkpoint_every == 0:
                metrics = _numbers(parts, done)
                record.write(done, metrics)
                if progress is not None:
                    progress(record.progress(done, settings.steps, objective.per_step, metrics))
            if end or done % settings.checkpoint_every == 0:
                save_checkpoint(folder, done, model, optimiser)
    return last or _finished(objective, where)


def optimiser_of(model: Spektron, settings: TrainingConfig) -> torch.optim.AdamW:
    """AdamW on what is to be trained, with weight decay on matrices only."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), fused=True)


def _step(
    objective: Objective[B],
    batch: B,
    step: int,
    optimiser: torch.optim.Optimizer,
    settings: TrainingConfig,
    where: Place,
) -> dict[str, Tensor | float]:
    factor = cosine_rate(step, steps=settings.steps, warmup=settings.warmup, final=settings.final)
    rate = settings.learning_rate * factor
    for group in optimiser.param_groups:
        group["lr"] = rate
    with where.autocast():
        loss, parts = objective.loss(batch, step, where.device)
    torch.autograd.backward(loss)
    trained = [p for group in optimiser.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(trained, settings.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return {**parts, "loss": loss.detach(), "gradient": norm, "rate": rate}


def _numbers(parts: Mapping[str, Tensor | float], step: int) -> dict[str, float]:
    metrics = {name: float(value) for name, value in parts.items()}
    for name, value in metrics.items():
        if not abs(value) < float("inf"):
            raise Diverged(
                f"{name} is {value} at step {step}; lower training.learning_rate, or use fp32"
            )
    return metrics


def _finished(objective: Objective[B], where: Place) -> dict[str, float]:
    with torch.random.fork_rng(), torch.no_grad():
        done = objective.finish()
    return {**done, **_validated(objective, where)}


def _validated(objective: Objective[B], where: Place) -> dict[str, float]:
    # Validation must leave the random numbers of the training as they are.
    with torch.random.fork_rng(), torch.no_grad():
        objective.model.eval()
        metrics = objective.validate(where.device)
        objective.model.train()
    return metrics


class _Ahead(Generic[B]):
    """Batches in order, prepared ahead in threads; with none, when they are asked for."""

    def __init__(self, objective: Objective[B], start: int, steps: int, workers: int) -> None:
        self.objective, self.start, self.steps, self.workers = objective, start, steps, workers
        self.pool = ThreadPoolExecutor(workers) if workers else None

    def __enter__(self) -> Iterator[tuple[int, B]]:
        return self._threaded(self.pool) if self.pool else self._plain()

    def __exit__(self, *exception: Any) -> None:
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def _plain(self) -> Iterator[tuple[int, B]]:
        for step in range(self.start, self.steps):
            yield step, self.objective.batch(step)

    def _threaded(self, pool: ThreadPoolExecutor) -> Iterator[tuple[int, B]]:
        waiting: deque[Future[B]] = deque()
        ahead = self.start
        for step in range(self.start, self.steps):
            while ahead < self.steps and ahead <= step + self.workers:
                waiting.append(pool.submit(self.objective.batch, ahead))
                ahead += 1
            yield step, waiting.popleft().result()
