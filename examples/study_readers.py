"""Two readers that learn nothing, beside the network of the study: identification in its strata.

    python examples/study_readers.py [--seeds 0 1 2 3 4] [--work FOLDER] [--out FILE]

They get the study's own measurements, and compare them with the candidates' library spectra
("cosine"), or with what the instrument of the measurement makes of each candidate without noise
("known instrument"). The likelihood of a candidate, its height and the noise of each channel
unknown, is −n/2 Σ log(1 − cos²), with the cosine of each channel. Exploratory: not registered.
Finished parts are kept in the folder of --work; interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from spektron.ml.instruments import generator, measure_table
from spektron.ml.stratified import ScoreTable, Settings, evaluate, subjects_of_table
from spektron.ml.study import Job, open_study, read_config
from spektron.ml.study.config import LARGEST_SEED
from spektron.ml.study.design import Fold
from spektron.ml.study.measure import NOISE, Bench, counter, parts
from spektron.ml.study.scoring import Candidates, hits
from spektron.ml.table import Float32
from spektron.ml.training.sources import TableSource
from spektron.pointgroup import InputError
from spektron.pointgroup.writing import whole_file

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "ml" / "studies" / "fusion.toml"
STUDY = ROOT / "docs" / "data" / "fusion"
READERS: Final = ("cosine", "known instrument")
SHOWN: Final = {"ir": (0,), "raman": (1,), "both": (0, 1), "ir twice": (0, 2)}
"""Of infrared, Raman and the second infrared: which are read together."""
PIECE: Final = 64


def scored(job: Job, fold: Fold, seed: int) -> NDArray[np.float64]:
    """(readers, n, inputs, noises) shares of measurements that are read rightly."""
    config, table = job.config, job.table
    who = Candidates.of(fold.main, job.design.strata, table.texts["stratum"])
    shape, bench = config.pretrain.model, job.bench(seed)
    clean = TableSource(table, shape.axis, config.pretrain.data, shape.channels)
    found = np.zeros((len(READERS), len(who.rows), len(config.inputs), len(config.noises)))
    for where in parts(who.rows, PIECE):
        piece = who.part(where)
        flat = piece.places.ravel()
        library = clean.clean(flat).reshape(*piece.places.shape, 2, -1)
        for level in range(len(config.noises)):
            for draw in range(config.draws):
                seen = queries(bench, piece.rows, draw, level)
                templates = (library, as_measured(bench, piece, draw, level))
                for r, each in enumerate(templates):
                    likely = [likelihoods(seen[:, c], each[:, :, c % 2]) for c in range(3)]
                    for k, given in enumerate(config.inputs):
                        total = np.sum([likely[c] for c in SHOWN[given]], axis=0)
                        real = np.where(piece.real, total, -np.inf).astype(np.float32)
                        found[r, where, k, level] += hits(real, piece.own)
    return found / config.draws


def queries(bench: Bench, rows: NDArray[np.int64], draw: int, level: int) -> Float32:
    """(n, 3, points) infrared, Raman, infrared again, as the network gets them."""
    both = bench.queries(rows, draw, level, "both")
    again = bench.queries(rows, draw, level, "ir twice")
    return np.concatenate([both, again[:, 1:]], axis=1)


def as_measured(bench: Bench, piece: Candidates, draw: int, level: int) -> Float32:
    """(n, K, 2, points) candidates on the instruments of the queries, without noise."""
    n, each = piece.places.shape
    keys = [counter(bench.table.texts["key"][row], draw, level) for row in piece.rows]
    quiet = [replace(bench.instrument(int(r), draw, level), noise=0.0) for r in piece.rows]
    measured = measure_table(
        bench.table,
        piece.places.ravel(),
        bench.axis,
        [instrument for instrument in quiet for _ in range(each)],
        [generator(LARGEST_SEED + bench.seed, NOISE, key) for key in keys for _ in range(each)],
        fwhm=bench.data.fwhm,
        shape=bench.data.shape,
    )
    return measured.reshape(n, each, 2, -1)


def likelihoods(seen: Float32, templates: Float32) -> Float32:
    """(n, K) of measurements (n, points) with candidates (n, K, points); heights are positive."""
    dots = np.einsum("np,nkp->nk", seen, templates)
    squares = (seen**2).sum(axis=1)[:, None] * (templates**2).sum(axis=2)
    cosines = np.clip(dots, 0, None) / np.sqrt(np.maximum(squares, 1e-30))
    return np.asarray(-np.log1p(-np.minimum(cosines**2, 1 - 1e-7)), dtype=np.float32)


def part(job: Job, fold: Fold, seed: int, work: Path) -> NDArray[np.float64]:
    """`scored`, kept in a file."""
    path = work / f"{fold.number}-{seed}-{job.config.digest[:12]}.npy"
    if not path.exists():
        with whole_file(path) as draft:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                np.save(file, scored(job, fold, seed))
    found: NDArray[np.float64] = np.load(path, allow_pickle=False)
    return found


def results(job: Job, seeds: Sequence[int], work: Path) -> dict[str, Any]:
    """Means and contrasts of each reader."""
    config, folds = job.config, job.design.folds
    values = np.stack(
        [np.concatenate([part(job, f, seed, work) for f in folds], axis=1) for seed in seeds],
        axis=-1,
    )
    subjects = tuple(subjects_of_table(job.table, np.concatenate([f.main for f in folds])))
    settings = Settings(noise=config.primary_noise, replicates=config.replicates)
    out: dict[str, Any] = {"seeds": list(seeds), "draws": config.draws, "noises": config.noises}
    for r, name in enumerate(READERS):
        table = ScoreTable(
            f"top-1 among matched isomers, {name}",
            subjects, config.inputs, config.noises, tuple(seeds), values[r],
        )  # fmt: skip
        found = evaluate(table, settings)
        gains = [c for c in (found.primary, *found.secondary) if c.endpoint == "gain"]
        means = values[r].mean(axis=(0, 3))
        out[name] = {
            "means": dict(zip(config.inputs, means.tolist(), strict=True)),
            "contrasts": [asdict(c) for c in sorted(gains, key=lambda c: c.noise)],
        }
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--work", type=Path, default=Path("study.readers"))
    parser.add_argument("--out", type=Path, default=STUDY / "readers.json")
    given = parser.parse_args(arguments)
    try:
        config = read_config(CONFIG)
        job = open_study(config, STUDY, ROOT / config.table)
        found = results(job, given.seeds, given.work)
        with whole_file(given.out) as draft:
            draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except InputError as error:
        print(f"study_readers: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
