"""Forward models: trained, scored beside baselines, shipped; docs/predict.md.

    python examples/forward_models.py train NAME [--runs FOLDER] [--compile]
    python examples/forward_models.py score [--out FILE] [--limit N] [--runs FOLDER]
    python examples/forward_models.py ship NAME [--out FOLDER] [--runs FOLDER] [--scores FILE]

train   one of the runs below; interrupted, the same command goes on. --compile halves the time
        where there is a C++ compiler
score   every finished run on molecules of held-out scaffolds, beside the baselines, as JSON:
        cosines, forbidden intensity, geometries from SMILES, learning curves, where the models
        fail
ship    a folder with the model file, its settings, and a card written from the scores

Runs: "grid" and "force field" (curves; force constants and tensors, which obey selection rules),
each also on fewer molecules, "… 500" and "… 2000", for the learning curve; "grid built", which
learns the same spectra on optimised geometries and on those of the force field, half as long again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from spektron.ml.forward import (
    Built,
    ForwardConfig,
    build_geometries,
    rebuilt,
    split_of_both,
)
from spektron.ml.splits import Split, check_split
from spektron.ml.table import Ragged, SpectraTable, read_spectra
from spektron.pointgroup import InputError
from spektron.pointgroup.writing import whole_file
from spektron.vibration import CalculationError

CHECKOUT = Path(__file__).resolve().parents[1]
TABLE = CHECKOUT / "docs" / "data" / "symmetry-rich"
CHECKPOINTS = CHECKOUT / "ml" / "checkpoints"
SCORES = CHECKOUT / "docs" / "data" / "forward.json"
LARGEST = 15_000_000
KINDS: Final = ("grid", "force field")
BUILT: Final = "grid built"
"""The run with both kinds of geometry."""
WHOLE: Final = (*KINDS, BUILT)
"""Runs on all molecules, which can be shipped."""
SIZES: Final = {500: 4000, 2000: 8000}
"""Molecules of the learning curve, beside all, and their steps: the fewer, the sooner learnt."""
WORST: Final = 8
FROM_SMILES: Final = 200
"""Molecules whose geometries are built from SMILES for the scores."""
MODES: Final = 40
"""Centrosymmetric molecules whose modes are looked at one by one."""

TRAINING: Final = {
    "device": "cpu", "precision": "fp32", "batch": 16, "steps": 16000, "learning_rate": 2e-3,
    "warmup": 300, "log_every": 200, "checkpoint_every": 500,
}  # fmt: skip


def runs() -> dict[str, ForwardConfig]:
    """Settings of each run by its name."""
    wanted: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        for size, steps in {0: TRAINING["steps"], **SIZES}.items():
            wanted[f"{kind} {size}".removesuffix(" 0")] = {
                "model": {"kind": kind},
                "data": {"limit": size},
                "training": {**TRAINING, "steps": steps},
            }
    wanted[BUILT] = {"model": {"kind": "grid"}, "training": {**TRAINING, "steps": 24000}}
    return {name: ForwardConfig.from_mapping(each) for name, each in wanted.items()}


def folder_of(name: str, given: argparse.Namespace) -> Path:
    return Path(given.runs) / name.replace(" ", "-")


def finished(given: argparse.Namespace) -> dict[str, Path]:
    """The model file of each run that is finished."""
    found = {name: folder_of(name, given) / "model.safetensors" for name in runs()}
    return {name: path for name, path in found.items() if path.is_file()}


def tell(now: Any) -> None:
    print(f"step {now.step} of {now.steps}, {now.seconds_left / 60:.0f} min left", flush=True)


def train(given: argparse.Namespace) -> None:
    from spektron.ml.forward.training import train_spectra

    config, folder = runs()[given.name], folder_of(given.name, given)
    table, split = read_spectra(TABLE), None
    if given.name == BUILT:
        table, split = on_both_geometries(table, config, Path(given.runs))
    done = train_spectra(config, table, folder, split=split, compiled=given.compile, progress=tell)
    print(json.dumps(dict(done.metrics)))


def on_both_geometries(
    table: SpectraTable, config: ForwardConfig, runs: Path
) -> tuple[SpectraTable, Split]:
    """The set on optimised and on built geometries, which are kept among the runs."""
    from spektron.ml.forward.training import split_for
    from spektron.ml.training.reading import joined

    path = runs / "built.npz"
    if path.is_file():
        with np.load(path) as kept:
            numbers = Ragged(kept["offsets"], kept["numbers"])
            built = Built(kept["rows"], numbers, kept["positions"])
    else:
        built = build_geometries(table, progress=tell_built)
        runs.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft, draft.open("wb") as file:
            numbers = built.atomic_numbers
            np.savez_compressed(
                file, rows=built.rows, offsets=numbers.offsets, numbers=numbers.values,
                positions=built.positions,
            )  # fmt: skip
    both = joined([table, rebuilt(table, built)])
    return both, split_of_both(both, split_for(table, config.data), built)


def tell_built(done: int, of: int) -> None:
    if done % 500 == 0 or done == of:
        print(f"geometries of {done} of {of} molecules", flush=True)


# ---- scores ----


def score(given: argparse.Namespace) -> None:
    known = finished(given)
    if not known:
        raise InputError(f"{given.runs}: no finished run; train one first")
    out = spectra_scores(known, given.limit)
    with whole_file(given.out or SCORES) as draft:
        draft.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=1))


def spectra_scores(paths: Mapping[str, Path], limit: int) -> dict[str, Any]:
    """Cosines of models and baselines; what symmetry forbids; learning curves; failures."""
    from spektron.ml.forward.evaluation import evaluate_forward
    from spektron.ml.forward.models import load_forward
    from spektron.ml.forward.training import split_for

    table = read_spectra(TABLE)
    split = split_for(table, runs()["grid"].data)
    check_split(table, split)
    loaded = {name: load_forward(path) for name, path in paths.items()}
    models = {name: model for name, (model, _) in loaded.items()}
    scores = {each.name: each for each in evaluate_forward(models, table, split, limit=limit)}
    out: dict[str, Any] = {
        "molecules": len(scores["computed"].rows),
        "table": table.sha256,
        "split": split.sha256,
        "trained on": {name: dict(about["data"]) for name, (_, about) in loaded.items()},
        "files": {name: digest(path) for name, path in paths.items()},
        "predictors": {
            name: {
                "cosine": each.means,
                "quartiles": np.nanquantile(each.cosines, [0.25, 0.5, 0.75], axis=0).T.tolist(),
                "forbidden share": each.forbidden.tolist(),
            }
            for name, each in scores.items()
        },
        "learning curves": learning_curves(scores, table, split),
        "worst": {name: worst(scores[name], table) for name in models if name in WHOLE},
        "from SMILES": {
            name: from_smiles(models[name], scores[name], table) for name in models if name in WHOLE
        },
    }
    if "force field" in models:
        out["forbidden modes"] = forbidden_modes(models["force field"], table, split)
    return out


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def learning_curves(scores: Mapping[str, Any], table: SpectraTable, split: Split) -> dict[str, Any]:
    """Mean cosines by the number of molecules, and what a power law makes of them."""
    from spektron.ml.forward.models import usable_rows
    from spektron.ml.learning_curves import molecules_needed, power_law

    out = {}
    for kind in KINDS:
        usable = np.intersect1d(split["train"], usable_rows(table, runs()[kind].model))
        sizes = {f"{kind} {n}": n for n in SIZES} | {kind: len(usable)}
        there = {n: scores[name].means for name, n in sizes.items() if name in scores}
        if len(there) < len(sizes):
            continue
        goals = {"ir": 0.9, "raman": 0.85}
        fits = {c: power_law(list(there), [m[c] for m in there.values()]) for c in goals}
        out[kind] = {
            "molecules": list(there),
            "cosines": {c: [m[c] for m in there.values()] for c in goals},
            "power law": {c: list(fit) for c, fit in fits.items()},
            "molecules for the goal": {
                c: molecules_needed(fits[c], goal) for c, goal in goals.items()
            },
        }
    return out


def worst(found: Any, table: SpectraTable) -> list[dict[str, Any]]:
    """Molecules with the lowest mean cosine."""
    means = np.nanmean(found.cosines, axis=1)
    return [
        {
            "smiles": table.texts["smiles"][found.rows[k]],
            "ir": float(found.cosines[k, 0]),
            "raman": float(found.cosines[k, 1]),
        }
        for k in np.argsort(means)[:WORST]
    ]


def from_smiles(model: Any, found: Any, table: SpectraTable) -> dict[str, Any]:
    """Cosines on symmetrised geometries of the force field, beside those on optimised ones."""
    from spektron.ml.forward.baselines import cosine
    from spektron.ml.forward.evaluation import spectra
    from spektron.ml.forward.prediction import forecast
    from spektron.pointgroup import Molecule, detect

    chosen = (
        np.linspace(0, len(found.rows) - 1, min(FROM_SMILES, len(found.rows))).round().astype(int)
    )
    rows, curves = [], []
    for place in chosen:
        try:
            built = Molecule.from_smiles(table.texts["smiles"][found.rows[place]])
            curves.append(forecast(model, detect(built).symmetrise()).curves)
        except (InputError, CalculationError):
            continue
        rows.append(place)
    truth = spectra(table, found.rows[rows], model.config.axis, model.config.fwhm)
    means = {
        "built": cosine(np.stack(curves), truth),
        "optimised": found.cosines[rows],
    }
    return {"molecules": len(rows)} | {k: np.nanmean(v, axis=0).tolist() for k, v in means.items()}


def forbidden_modes(model: Any, table: SpectraTable, split: Split) -> dict[str, Any]:
    """Largest intensity of a forbidden mode over the strongest, by predicted normal modes."""
    from spektron.ml.forward.evaluation import forbidden_in_modes
    from spektron.ml.forward.models import usable_rows

    rows = np.intersect1d(split["test"], usable_rows(table, model.config))
    centred = rows[table.numbers["centrosymmetric"][rows]]
    chosen = centred[np.linspace(0, len(centred) - 1, min(MODES, len(centred))).round().astype(int)]
    found = np.array([forbidden_in_modes(model, table, int(row)) for row in chosen])
    largest = np.nanmax(found, axis=0).tolist()
    return {"molecules": len(chosen), "largest ir": largest[0], "largest raman": largest[1]}


# ---- checkpoints ----


def ship(given: argparse.Namespace) -> None:
    known = finished(given)
    if given.name not in known:
        raise InputError(f"{folder_of(given.name, given)}: the run is not finished; train it")
    model = known[given.name]
    if (size := model.stat().st_size) > LARGEST:
        raise InputError(f"{model} has {size:,} bytes; at most {LARGEST:,} are shipped")
    name = f"spektron-forward-{given.name.replace(' ', '-')}"
    out = given.out or CHECKPOINTS / name
    text = card(name, given.name, model, json.loads(given.scores.read_text(encoding="utf-8")))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, out / "model.safetensors")
    shutil.copyfile(model.parent / "config.toml", out / "config.toml")
    with whole_file(out / "card.md") as draft:
        draft.write_text(text, encoding="utf-8")
    print(f"{out}: {size / 1e6:.1f} MB")


NOTES: Final = {
    "grid": ", as curves.\nIt does not know selection rules",
    "force field": ", with its\nnormal modes. Selection rules hold exactly",
    BUILT: ", as curves.\nIt has seen geometries of a force field too; it knows no selection rules",
}
GEOMETRIES: Final = "geometries, optimised or built from SMILES, of molecules"
CARD: Final = Path(__file__).with_name("forward_card.md")


def card(name: str, kind: str, model: Path, scores: Mapping[str, Any]) -> str:
    from spektron.ml.forward.models import load_forward

    if kind not in NOTES:
        raise InputError(f"{kind}: a card is written for {', '.join(NOTES)}")
    known, about = load_forward(model)
    found, config = scores, ForwardConfig.from_mapping(about["settings"])
    if digest(model) != found["files"].get(kind):
        raise InputError(f"{model}: the scores are of another model; score it again")
    own, built = found["predictors"][kind], found["from SMILES"][kind]
    rows = [
        f"| {'this model' if other == kind else other} | {each['cosine']['ir']:.3f} | "
        f"{each['cosine']['raman']:.3f} | {each['forbidden share'][0]:.1%} | "
        f"{each['forbidden share'][1]:.1%} |"
        for other, each in found["predictors"].items()
        if other == kind or other not in runs()
    ]
    worst = [
        f"| `{w['smiles']}` | {w['ir']:.2f} | {w['raman']:.2f} |" for w in found["worst"][kind]
    ]
    axis = known.config.axis
    return CARD.read_text(encoding="utf-8").format(
        name=name,
        kind=known.config.kind,
        kind_note=NOTES[kind],
        option="" if kind == BUILT else f" --checkpoint {name}",
        trained=f"{about['data']['molecules']:,} {GEOMETRIES if kind == BUILT else 'molecules'}",
        table=about["data"]["table"],
        split=about["data"]["split"],
        **config.data.fractions,
        relations=", ".join(config.data.relations),
        fwhm=known.config.fwhm,
        low=axis.low,
        high=axis.high,
        points=axis.points,
        parameters=about["parameters"],
        steps=config.training.steps,
        batch=config.training.batch,
        torch=about["versions"]["torch"],
        torch_geometric=about["versions"]["torch_geometric"],
        device=config.training.device,
        precision=config.training.precision,
        molecules=found["molecules"],
        rows="\n".join(rows),
        ir_quartiles=", ".join(f"{q:.2f}" for q in own["quartiles"][0]),
        raman_quartiles=", ".join(f"{q:.2f}" for q in own["quartiles"][1]),
        smiles_n=built["molecules"],
        smiles_ir=built["built"][0],
        smiles_raman=built["built"][1],
        given_ir=built["optimised"][0],
        given_raman=built["optimised"][1],
        worst_n=len(worst),
        worst="\n".join(worst),
        elements=", ".join(known.config.elements),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--runs", default="forward.runs")
    actions = parser.add_subparsers(required=True)
    for action in (train, ship):
        one = actions.add_parser(action.__name__, parents=[common])
        one.add_argument("name", choices=tuple(runs()))
        one.set_defaults(action=action)
        if action is ship:
            one.add_argument("--out", type=Path)
            one.add_argument("--scores", type=Path, default=SCORES)
        else:
            one.add_argument("--compile", action="store_true")
    scoring = actions.add_parser("score", parents=[common])
    scoring.add_argument("--out", type=Path)
    scoring.add_argument("--limit", type=int, default=0)
    scoring.set_defaults(action=score)
    given = parser.parse_args(arguments)
    try:
        given.action(given)
    except (InputError, CalculationError) as error:
        print(f"forward_models: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
