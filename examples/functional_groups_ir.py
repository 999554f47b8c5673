"""Functional groups from infrared spectra: a CNN, with a Transformer, and without a network.

    python examples/functional_groups_ir.py [--seeds N] [--steps N] [--runs FOLDER] [--out FILE]

Trained on the symmetry-rich set, asked about molecules of other scaffolds on simulated instruments
that were not trained on: F1 and average precision of each group. The CNN is Spektron's tokenizer
without the Transformer behind it; the rival is a logistic regression on the points of the spectra.
Then the measured spectrum of a polymer (``SPEKTRON_DATA``, by default ../shared/data; left out if
it is not there), of which the networks have seen nothing alike. ``first_experiments_page.py`` makes
tables of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from spektron.ml.ablations.molecules import labels_of
from spektron.ml.broadening import Axis
from spektron.ml.instruments import draw_instruments, generator
from spektron.ml.inverse.reading import on_axis_of, read_observed
from spektron.ml.model.config import ModelConfig
from spektron.ml.splits import Split, split_table
from spektron.ml.table import Float32, SpectraTable, read_spectra
from spektron.ml.training import FinetuneConfig, finetune
from spektron.ml.training.config import DataConfig, TrainingConfig
from spektron.ml.training.sources import TableSource
from spektron.pointgroup import InputError
from spektron.pointgroup.writing import whole_file
from spektron.vibration import CalculationError

CHECKOUT = Path(__file__).resolve().parents[1]
TABLE = CHECKOUT / "docs" / "data" / "symmetry-rich"
DATA = Path(os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data")
OUT = CHECKOUT / "docs" / "data" / "functional-groups.json"
NETWORKS: Final = {"CNN": 0, "CNN and Transformer": 2}
"""Layers of the Transformer."""
LINEAR: Final = "logistic regression"
POLYMERS: Final = {"poly(vinyl acetate)": "openspecy_ftir_pva_without_header.csv"}
INSTRUMENTS: Final = 8
UNSEEN: Final = 1001
"""Seed of the instruments of the test, the next one that of the choice of a strength; networks
have those of their own seeds, from 0."""
VIEWS: Final = 4
"""Measurements of each molecule that the regression learns from."""
STRENGTHS: Final = (0.001, 0.01, 0.1)
"""Inverse regularisation of the regression; the best for the validation part is taken."""


def architecture(layers: int) -> ModelConfig:
    return ModelConfig(
        channels=1, axis=Axis(points=512), stride=16, width=64, layers=layers, z_chem=64, z_inst=32
    )


def simulated(table: SpectraTable, rows: NDArray[np.int64], seed: int, draw: int) -> Float32:
    """Each molecule on one of the simulated instruments of a seed, (n, 1, 512)."""
    data = DataConfig(content="ir")
    known = draw_instruments(data.instruments, seed, INSTRUMENTS)
    draws = [generator(draw, int(row)) for row in rows]
    chosen = [known[int(each.integers(len(known)))] for each in draws]
    source = TableSource(table, architecture(0).axis, data, channels=1)
    return source.measured(rows, chosen, draws)


def trained(
    table: SpectraTable, split: Split, labels: Float32, given: argparse.Namespace
) -> dict[str, list[Any]]:
    """Trained networks by their name, one for each seed."""
    from spektron.ml.model.weights import load_model

    out: dict[str, list[Any]] = {}
    for name, layers in NETWORKS.items():
        for seed in range(given.seeds):
            config = FinetuneConfig(
                task="multilabel",
                data=DataConfig(content="ir"),
                training=TrainingConfig(
                    seed=seed, steps=given.steps, batch=64, learning_rate=3e-3, device="cpu",
                    precision="fp32", checkpoint_every=500, log_every=100,
                ),
            )  # fmt: skip
            folder = Path(given.runs) / f"{name.replace(' ', '-')}-{seed}"
            done = finetune(config, architecture(layers), table, labels, folder, split=split)
            print(f"{name}, seed {seed}: {dict(done.metrics)}", flush=True)
            out.setdefault(name, []).append(load_model(done.model)[0])
    return out


def scores(found: NDArray[Any], wanted: NDArray[np.bool_]) -> dict[str, list[float]]:
    """F1 and average precision of each column of logits."""
    from sklearn.metrics import average_precision_score, f1_score

    columns = [(wanted[:, k], found[:, k]) for k in range(wanted.shape[1])]
    return {
        "F1": [float(f1_score(has, logits > 0, zero_division=0.0)) for has, logits in columns],
        "average precision": [float(average_precision_score(*each)) for each in columns],
    }


def regression(table: SpectraTable, split: Split, labels: Float32) -> Any:
    """Logistic regressions on standardised points."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def fitted(strength: float, views: int) -> Any:
        rows = np.tile(split["train"], views)
        seen = np.concatenate([simulated(table, split["train"], 0, k)[:, 0] for k in range(views)])
        lines = OneVsRestClassifier(LogisticRegression(C=strength, max_iter=300))
        return make_pipeline(StandardScaler(), lines).fit(seen, labels[rows] > 0.5)

    asked = split["valid"]
    spectra, wanted = simulated(table, asked, UNSEEN + 1, 0)[:, 0], labels[asked] > 0.5
    found = {
        c: np.mean(scores(fitted(c, 1).decision_function(spectra), wanted)["F1"]) for c in STRENGTHS
    }
    return fitted(max(found, key=lambda c: found[c]), VIEWS)


def experiment(given: argparse.Namespace) -> dict[str, Any]:
    from scipy.special import expit
    from spektron.ml.training.finetuning import outputs

    table = read_spectra(TABLE)
    table = table.take(np.flatnonzero([bool(smiles) for smiles in table.texts["smiles"]]))
    labels, names = labels_of(table)
    data = DataConfig()
    split = split_table(table, data.fractions, relations=data.relations, seed=data.split_seed)
    rows = split["test"]
    asked = np.flatnonzero(labels[rows].any(axis=0))
    labels, names = labels[:, asked], [names[k] for k in asked]
    wanted = labels[rows] > 0.5
    spectra = simulated(table, rows, UNSEEN, 0)
    networks = trained(table, split, labels, given)
    found: dict[str, list[dict[str, list[float]]]] = {
        name: [scores(outputs(model, spectra), wanted) for model in models]
        for name, models in networks.items()
    }
    lines = regression(table, split, labels)
    found[LINEAR] = [scores(lines.decision_function(spectra[:, 0]), wanted)]
    polymers = {}
    for polymer, file in POLYMERS.items():
        path = DATA / "spectra" / file
        if path.is_file():
            seen = on_axis_of([read_observed(path)], architecture(0).axis)[:, :1]
            logits = np.mean([outputs(model, seen)[0] for model in networks["CNN"]], axis=0)
            polymers[polymer] = dict(zip(names, expit(logits).round(4).tolist(), strict=True))
    return {
        "table": table.sha256,
        "split": split.sha256,
        "molecules": {"train": len(split["train"]), "test": len(rows)},
        "steps": given.steps,
        "seeds": given.seeds,
        "groups": {
            part: dict(zip(names, (labels[split[part]] > 0.5).sum(axis=0).tolist(), strict=True))
            for part in ("train", "test")
        },
        "scores": {name: averaged(each) for name, each in found.items()},
        "polymers": polymers,
    }


def averaged(runs: list[Mapping[str, list[float]]]) -> dict[str, Any]:
    """Means over seeds of each group, and macro means with their spread."""
    out: dict[str, Any] = {}
    for score in runs[0]:
        values = np.array([run[score] for run in runs])
        macro = values.mean(axis=1)
        out[score] = {
            "groups": values.mean(axis=0).round(4).tolist(),
            "macro": round(float(macro.mean()), 4),
            "standard deviation": round(float(macro.std(ddof=1)), 4) if len(runs) > 1 else None,
        }
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, choices=range(1, 101), metavar="N")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--runs", default="functional-groups.runs")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(arguments)
    try:
        found = experiment(given)
        with whole_file(given.out, InputError) as draft:
            draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except (InputError, CalculationError) as error:
        print(f"functional_groups_ir: {error}", file=sys.stderr)
        return 2
    for name, each in found["scores"].items():
        print(name, {score: of["macro"] for score, of in each.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
