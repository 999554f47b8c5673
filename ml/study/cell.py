"""One cell: train a model on one input, ask it, write what came out."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..model.packages import require
from ..table import Float32, SpectraTable
from ..training import Trained, finetune, pretrain
from .config import NEAREST, Cell, StudyConfig
from .design import Design, Fold
from .measure import Bench, parts
from .scoring import (
    CALIBRATIONS,
    Candidates,
    Sets,
    best_thresholds,
    covered,
    f1_of_sets,
    hits,
    in_halves,
    limits,
    margins,
)
from .shards import Origin, Shard, shard_path, write_shard

if TYPE_CHECKING:
    from ..training.loop import Diverged

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What all cells of a study need.

    Attributes
    ----------
    config : StudyConfig
    table : SpectraTable
    design : Design
    folder : path
        Of the study.
    """

    config: StudyConfig
    table: SpectraTable
    design: Design
    folder: Path

    @property
    def origin(self) -> Origin:
        """Hashes that shards must have."""
        splits = tuple(fold.split.sha256 for fold in self.design.folds)
        return Origin(self.config.digest, self.table.sha256, splits)

    def bench(self, seed: int) -> Bench:
        """Where the queries of a run are measured."""
        data, axis = self.config.pretrain.data, self.config.pretrain.model.axis
        return Bench(self.table, axis, data, seed, self.config.noises)


def run_cell(job: Job, cell: Cell) -> Path:
    """Compute a cell and write its shard; an interrupted training goes on where it was.

    Returns
    -------
    path
        Of the shard.

    Raises
    ------
    Diverged
        If the training diverges with the seed that is kept for a repetition, too.
    """
    begun = time.perf_counter()
    if cell.given == NEAREST:
        from .nearest import nearest

        arrays: Arrays = nearest(job, cell)
        facts: dict[str, Any] = {}
    else:
        require("torch", "safetensors")
        with _one_thread():
            arrays, facts = _trained_and_asked(job, cell)
    head = job.origin.head(cell) | facts | {"seconds": round(time.perf_counter() - begun, 1)}
    path = shard_path(job.folder, cell)
    write_shard(path, Shard(head, arrays))
    shutil.rmtree(_work(job, cell), ignore_errors=True)
    return path


def _work(job: Job, cell: Cell) -> Path:
    return job.folder / "work" / str(cell)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch add up in one order, whatever process a cell falls to."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _trained_and_asked(job: Job, cell: Cell) -> tuple[Arrays, dict[str, Any]]:
    from ..training.loop import Diverged

    fold, seed = job.design.folds[cell.fold], cell.seed
    try:
        first, second = _train(job, cell, fold, seed)
    except Diverged as error:
        seed = job.config.repeated(cell.seed)
        first, second = _train_again(job, cell, fold, seed, error)
    facts = {
        "trained with seed": seed,
        "metrics": {k: round(float(v), 6) for k, v in {**first.metrics, **second.metrics}.items()},
    }
    return _asked(job, cell, fold, first.model, second.model), facts


def _train_again(
    job: Job, cell: Cell, fold: Fold, seed: int, before: Diverged
) -> tuple[Trained, Trained]:
    from ..training.loop import Diverged

    try:
        return _train(job, cell, fold, seed)
    except Diverged as error:
        raise Diverged(f"cell {cell} diverged twice: {before}; with seed {seed}: {error}") from None


def _train(job: Job, cell: Cell, fold: Fold, seed: int) -> tuple[Trained, Trained]:
    """Pretraining, and the label head."""
    work = _work(job, cell) / str(seed)
    first = pretrain(
        job.config.pretraining(cell.given, seed), job.table, work / "pretrain", split=fold.split
    )
    second = finetune(
        job.config.finetuning(cell.given, seed),
        first.model,
        job.table,
        job.design.groups,
        work / "finetune",
        split=fold.split,
    )
    return first, second


# ---- asking ----


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """Of one draw at one level: hits, and what conformal sets are made from."""

    identification: Sets
    identified: NDArray[np.float64]
    library: Sets
    recalled: NDArray[np.float64]
    probabilities: Float32


def _asked(job: Job, cell: Cell, fold: Fold, first: Path, second: Path) -> Arrays:
    ask = _asker(job, cell, first, second)
    names, levels = job.table.texts["stratum"], range(len(job.config.noises))
    test = Candidates.of(fold.test, job.design.strata, names)
    valid = Candidates.of(fold.split["valid"], job.design.strata, names)
    found = [_level(job, ask, test, valid, level) for level in levels]
    out = {name: np.stack([each[name] for each in found], axis=-1) for name in found[0]}
    return {"rows": fold.test.astype(np.int32)} | out


def _asker(
    job: Job, cell: Cell, first: Path, second: Path
) -> Callable[[Candidates, int, int], _Answers]:
    """Measures molecules once at a level and asks the models."""
    from ..model.weights import load_model
    from ..training.devices import place
    from ..training.evaluation import latents
    from ..training.finetuning import outputs
    from ..training.sources import TableSource

    training = job.config.pretrain.training
    device = place(training.device, training.precision).device
    retrieving, _ = load_model(first, device=device)
    labelling, _ = load_model(second, device=device)
    bench, shape = job.bench(cell.seed), job.config.pretrain.model
    data = job.config.pretraining(cell.given, cell.seed).data
    source = TableSource(job.table, shape.axis, data, shape.channels)
    everything = np.arange(len(job.table))
    library = np.concatenate(
        [
            latents(retrieving, source.clean(everything[where]), project=True)[0]
            for where in parts(everything)
        ]
    )

    def ask(candidates: Candidates, draw: int, level: int) -> _Answers:
        pieces = []
        for where in parts(candidates.rows):
            piece = candidates.part(where)
            spectra = bench.queries(piece.rows, draw, level, cell.given)
            scores = latents(retrieving, spectra, project=True)[0] @ library.T
            pieces.append(_answered(piece, scores, outputs(labelling, spectra)))
        return _joined(pieces)

    return ask


def _answered(candidates: Candidates, scores: Float32, logits: Float32) -> _Answers:
    from scipy.special import expit

    inside, n = candidates.scores(scores), np.arange(len(candidates.rows))
    near, far = margins(inside), margins(scores)
    return _Answers(
        Sets(near[n, candidates.own], near),
        hits(inside, candidates.own),
        Sets(far[n, candidates.rows], far),
        hits(scores, candidates.rows),
        np.asarray(expit(logits), dtype=np.float32),
    )


def _joined(pieces: list[_Answers]) -> _Answers:
    def sets(name: str) -> Sets:
        each = [getattr(piece, name) for piece in pieces]
        return Sets(np.concatenate([s.own for s in each]), np.concatenate([s.all for s in each]))

    def flat(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(piece, name) for piece in pieces])

    return _Answers(
        sets("identification"), flat("identified"), sets("library"), flat("recalled"),
        flat("probabilities"),
    )  # fmt: skip


def _level(
    job: Job,
    ask: Callable[[Candidates, int, int], _Answers],
    test: Candidates,
    valid: Candidates,
    level: int,
) -> Arrays:
    """All that is stored of one noise level."""
    config, wanted = job.config, job.design.groups
    known = [ask(valid, draw, level) for draw in range(config.valid_draws)]
    cuts = best_thresholds(
        np.concatenate([answers.probabilities for answers in known]),
        np.tile(wanted[valid.rows], (config.valid_draws, 1)),
    )
    n, k = len(test.rows), wanted.shape[1]
    sums = {name: np.zeros(n) for name in ("identification", "library", "groups")}
    counts = np.zeros((k, 3), dtype=np.int64)
    first = None
    for draw in range(config.draws):
        answers = ask(test, draw, level)
        found = answers.probabilities > cuts
        sums["identification"] += answers.identified
        sums["library"] += answers.recalled
        sums["groups"] += f1_of_sets(found, wanted[test.rows])
        counts += _counted(found, wanted[test.rows])
        first = first or answers
    assert first is not None
    scores = {name: (total / config.draws).astype(np.float32) for name, total in sums.items()}
    sets = _conformal(job, test, valid, first, known[0])
    return scores | {"group_counts": counts} | sets


def _counted(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(k, 3) right, wrongly said, missed."""
    pairs = (found & wanted, found & ~wanted, ~found & wanted)
    return np.stack([each.sum(axis=0) for each in pairs], axis=1)


def _conformal(
    job: Job, test: Candidates, valid: Candidates, asked: _Answers, known: _Answers
) -> Arrays:
    """Coverage and sizes of sets by task and calibration, (n,) each."""
    alpha, wanted = job.config.alpha, job.design.groups
    alone = valid.real.sum(axis=1) > 1
    tasks: Mapping[str, tuple[Sets, Float32]] = {
        "identification": (asked.identification, known.identification.own[alone]),
        "library": (asked.library, known.library.own),
        "groups": (
            _classes(asked.probabilities, wanted[test.rows]),
            _classes(known.probabilities, wanted[valid.rows]).own,
        ),
    }
    half = half_of([job.table.texts["stratum"][row] for row in test.rows])
    out: Arrays = {}
    for task, (sets, calibration) in tasks.items():
        given = covered(sets, limits(calibration, alpha))
        other = in_halves(sets, half, alpha)
        for name, (inside, sizes) in zip(CALIBRATIONS, (given, other), strict=True):
            out[f"{task}_{name}_covered"] = inside.astype(np.float32)
            out[f"{task}_{name}_size"] = sizes.astype(np.float32)
    return out


def _classes(probabilities: Float32, wanted: NDArray[np.bool_]) -> Sets:
    """Nonconformity 1 − p of "there" and "not there" for each group."""
    both = np.stack([1 - probabilities, probabilities], axis=-1)
    return Sets(np.where(wanted, both[..., 0], both[..., 1]), both)


def half_of(strata: list[str]) -> NDArray[np.bool_]:
    """Which half each stratum is in, by its hash; no stratum is in both."""
    return np.array([hashlib.sha256(f"half {s}".encode()).digest()[0] % 2 == 0 for s in strata])
