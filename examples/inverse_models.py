"""Inverse models: trained, calibrated, measured, shipped; docs/elucidate.md.

    python examples/inverse_models.py train NAME [--runs FOLDER] [--shifts MODEL]
    python examples/inverse_models.py score NAME [--runs FOLDER] [--shifts MODEL] [--forward MODEL]
                                                 [--peaks MODEL] [--molecules N]
    python examples/inverse_models.py curve spectra [--runs FOLDER] [--shifts MODEL] [--molecules N]
    python examples/inverse_models.py fuse NAME [--runs FOLDER] [--shifts MODEL]
    python examples/inverse_models.py ship NAME [--out FOLDER] [--runs FOLDER]

train   one of the runs below; interrupted, the same command goes on
score   calibrates on the validation part and measures on the test part, of which N molecules are
        asked in each condition: ``metrics.json`` and ``calibration.json`` beside the model.
        Candidates are compared with spectra of ``--forward`` and shifts of ``--peaks``
curve   how many of N test molecules are among the candidates of the decoder, for "spectra" and its
        trainings on fewer molecules: ``curve.json`` beside the model
fuse    whether one more measurement helps to tell the isomers of matched strata apart, validation
        and test part together: ``fusion.json`` beside the model
ship    a folder with the model, its settings, calibration and figures, and a card written from them

Runs: "spectra" learns from infrared, Raman and NMR shifts of the symmetry-rich set; its shifts are
those of the network ``--shifts`` (by default spektron-shifts-dft8k), with noise. "spectra 500" and
"spectra 2000" have that many molecules, for the learning curve. "dft8k" and "exp5k" learn from
NMR shifts alone (``SPEKTRON_DATA``, by default ../shared/data), divided as for the networks of
shifts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from spektron.ml.forward import ForwardConfig, ShiftSet, divided_together, read_shift_set
from spektron.ml.inverse import (
    BEAM_WIDTH,
    Calibration,
    InverseConfig,
    forward_predictor,
    shift_predictor,
    shift_table,
)
from spektron.ml.inverse.confidence import GROUNDS
from spektron.ml.model.packaged import name_of, same_content
from spektron.ml.splits import Split, split_of
from spektron.ml.table import SpectraTable, read_spectra
from spektron.pointgroup import InputError
from spektron.pointgroup.writing import whole_file
from spektron.vibration import CalculationError

CHECKOUT = Path(__file__).resolve().parents[1]
TABLE = CHECKOUT / "docs" / "data" / "symmetry-rich" / "spectra.parquet"
DATA = Path(os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data")
CHECKPOINTS = CHECKOUT / "ml" / "checkpoints"
LARGEST = 15_000_000
PARTS: Final = (
    "model.safetensors", "config.toml", "metrics.json", "calibration.json", "fusion.json",
    "curve.json",
)  # fmt: skip
SHIPPED: Final = {"spectra": "spektron-elucidate-small"}
"""What a run is shipped as; the others need ``--out``."""
TRUST: Final = ("hallucination", "hallucination at 0.8", "confident", "risk of the confident")
DECODER: Final = ("decoder top-1", "decoder top-10", "decoder top-100")
CARD: Final = Path(__file__).with_name("elucidate_card.md")

TRAINING: Final = {
    "device": "cpu", "precision": "fp32", "batch": 32, "steps": 12000, "learning_rate": 1e-3,
    "warmup": 500, "log_every": 200, "checkpoint_every": 400,
}  # fmt: skip
FEWER: Final = {"spectra 500": (500, 1500), "spectra 2000": (2000, 4000)}
"""Molecules and steps of the learning curve, beside all: the fewer, the sooner learnt."""
CURVE: Final = (("formula",), ("ir", "raman", "formula"), ("ir", "raman", "13C", "1H", "formula"))
"""What is given for it."""
FUSED: Final = (
    ("ir",), ("raman",), ("ir", "raman"), ("13C", "1H"), ("ir", "13C", "1H"),
    ("ir", "raman", "13C"), ("ir", "raman", "13C", "1H"),
)  # fmt: skip
"""What isomers are told apart by."""
NMR: Final = ("13C", "1H", "formula")
SHIFT_SETS: Final = {"dft8k": "computed", "exp5k": "experimental"}
"""What kind of shifts a set has."""
GIVEN: Final = {
    "spectra": (
        ("formula",),
        ("ir", "raman"),
        ("ir", "raman", "13C", "1H"),
        ("ir", "formula"),
        ("raman", "formula"),
        ("ir", "raman", "formula"),
        NMR,
        ("ir", "raman", *NMR),
    ),
    "shifts": (("formula",), ("13C", "1H"), ("13C", "formula"), NMR),
}


def runs() -> dict[str, InverseConfig]:
    """Settings of each run by its name."""
    wanted: dict[str, dict[str, Any]] = {
        "spectra": {"training": TRAINING},
        **{name: {"training": {**TRAINING, "steps": n}} for name, (_, n) in FEWER.items()},
    }
    for name, kind in SHIFT_SETS.items():
        wanted[name] = {
            "modalities": list(NMR),
            "shifts": kind,
            "training": {**TRAINING, "steps": 9600},
        }
    return {name: InverseConfig.from_mapping(each) for name, each in wanted.items()}


def of_shifts(name: str) -> bool:
    return name in SHIFT_SETS


def table_of(name: str, shifts: str) -> tuple[SpectraTable, Split | None]:
    """What a run learns from, and its parts where the settings do not make them.

    Raises
    ------
    InputError
        If the network of the shifts is missing, or is none of shifts.
    """
    if of_shifts(name):
        # As the networks of shifts have them: their test molecules are test molecules here.
        sets = [shift_data(each) for each in SHIFT_SETS]
        place = list(SHIFT_SETS).index(name)
        split = divided_together(sets, ForwardConfig().data)[place]
        return shift_table(sets[place], SHIFT_SETS[name]), split
    from spektron.ml.inverse.predicted_shifts import with_predicted_shifts
    from spektron.ml.inverse.training import split_for

    table = with_predicted_shifts(read_spectra(TABLE), shift_predictor(shifts).model)
    if name not in FEWER:
        return table, None
    whole = split_for(table, runs()[name].data)
    few = np.random.default_rng(0).permutation(whole["train"])[: FEWER[name][0]]
    return table, split_of(table, {**whole.parts, "train": np.sort(few)})


def shift_data(name: str) -> ShiftSet:
    shifts = DATA / "spectra" / f"{name}_nmr_shifts.csv.gz"
    return read_shift_set(DATA / "geometries" / f"{name}.sdf.gz", shifts)


def folder_of(place: str, name: str) -> Path:
    return Path(place) / name.replace(" ", "-")


def tell(now: Any) -> None:
    print(f"step {now.step} of {now.steps}, {now.seconds_left / 60:.0f} min left", flush=True)


def train(given: argparse.Namespace) -> None:
    from spektron.ml.inverse import corpus
    from spektron.ml.inverse.corpus import vocabulary_of
    from spektron.ml.inverse.training import split_for, train_inverse

    table, split = table_of(given.name, given.shifts)
    config = runs()[given.name]
    if given.name in FEWER:
        # Few molecules do not have all tokens, and what cannot be written is not asked about.
        made = corpus(table, config)
        whole = np.intersect1d(split_for(table, config.data)["train"], made.usable)
        tokens = vocabulary_of(made, whole).tokens
        config = replace(config, model=replace(config.model, vocabulary=tokens))
    done = train_inverse(
        config, table, folder_of(given.runs, given.name), split=split, progress=tell
    )
    print(dict(done.metrics))


def score(given: argparse.Namespace) -> None:
    from spektron.ml.inverse.assessment import assess_inverse
    from spektron.ml.inverse.elucidation import Predictors

    table, split = table_of(given.name, given.shifts)
    found = assess_inverse(
        folder_of(given.runs, given.name),
        table,
        split=split,
        predictors=Predictors(
            forward_predictor(given.forward) if given.forward else None,
            shift_predictor(given.peaks) if given.peaks else None,
        ),
        given=GIVEN["shifts" if of_shifts(given.name) else "spectra"],
        most=given.molecules,
        width=BEAM_WIDTH,
        progress=lambda condition, done, of: print(f"{condition}: {done} of {of}", flush=True),
    )
    for condition, each in found.figures.items():
        print(condition, {name: round(value, 3) for name, value in each["all"].items()})
    if found.calibration is None:
        print(f"not calibrated: {found.reason}")


def curve(given: argparse.Namespace) -> None:
    from spektron.ml.inverse import corpus
    from spektron.ml.inverse.assessment import check_origin, some_of
    from spektron.ml.inverse.evaluation import Condition, evaluate_inverse, summary
    from spektron.ml.inverse.models import load_inverse
    from spektron.ml.inverse.training import split_for

    out = []
    for name in ("spectra", *FEWER):
        path = folder_of(given.runs, name) / PARTS[0]
        if not path.is_file():
            raise InputError(f"{path}: no such model; train {name!r} first")
        table, split = table_of(name, given.shifts)
        model, about = load_inverse(path)
        config = InverseConfig.from_mapping(about["settings"])
        made = corpus(table, config)
        parts = split or split_for(table, config.data)
        check_origin(path, about, table, parts)
        rows = some_of(made, parts["test"], model, given.molecules)
        found = {}
        for modalities in CURVE:
            condition = Condition(modalities, config.data.instruments)
            outcomes = evaluate_inverse(model, made, rows, condition)
            found[str(condition)] = summary(outcomes)
            print(name, condition, found[str(condition)], flush=True)
        out.append(
            {
                "learnt from": about["data"]["molecules"],
                "steps": config.training.steps,
                "error": about["metrics"]["valid/error"],
                "asked": len(rows),
                "found": found,
            }
        )
    out.sort(key=lambda each: each["learnt from"])
    facts = {"model": name_of(folder_of(given.runs, given.name) / PARTS[0]), "curve": out}
    with whole_file(folder_of(given.runs, given.name) / "curve.json", InputError) as draft:
        draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def fuse(given: argparse.Namespace) -> None:
    from spektron.ml.inverse import corpus
    from spektron.ml.inverse.assessment import check_origin
    from spektron.ml.inverse.fusion import compare, identify
    from spektron.ml.inverse.models import load_inverse
    from spektron.ml.inverse.training import split_for

    folder = folder_of(given.runs, given.name)
    table, split = table_of(given.name, given.shifts)
    model, about = load_inverse(folder / PARTS[0])
    config = InverseConfig.from_mapping(about["settings"])
    parts = split or split_for(table, config.data)
    check_origin(folder / PARTS[0], about, table, parts)
    made = corpus(table, config)
    rows = np.union1d(parts["valid"], parts["test"])
    found = identify(
        model,
        made,
        rows,
        FUSED,
        instruments=config.data.instruments,
        progress=lambda done, of: done % 100 or print(f"{done} of {of}", flush=True),
    )
    compared = [asdict(each) for each in compare(made, found)]
    facts = {"model": name_of(folder / PARTS[0]), "left out": found.left_out, "compared": compared}
    with whole_file(folder / "fusion.json", InputError) as draft:
        draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for each in compared:
        less, more = (" + ".join(each[name]) for name in ("less", "more"))
        gain = each["gain"]
        print(f"{less} → {more}: {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})")


def ship(given: argparse.Namespace) -> None:
    folder = folder_of(given.runs, given.name)
    if given.out is None and given.name not in SHIPPED:
        raise InputError(f"{given.name} is not shipped by default; say where with --out")
    if missing := [name for name in PARTS if not (folder / name).is_file()]:
        raise InputError(
            f"{folder}: no {', '.join(missing)}; train, score, curve and fuse it first"
        )
    if (size := (folder / PARTS[0]).stat().st_size) > LARGEST:
        raise InputError(f"{folder}: {size:,} bytes; at most {LARGEST:,} are shipped")
    out = given.out or CHECKPOINTS / SHIPPED[given.name]
    text = card(out.name, folder)
    out.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        shutil.copyfile(folder / name, out / name)
    (out / "card.md").write_text(text, encoding="utf-8")
    print(f"{out}: {size / 1e6:.1f} MB")


def card(name: str, folder: Path) -> str:
    """The card of a model, with the figures of its folder.

    Raises
    ------
    InputError
        If the figures are of a model of other data.
    """
    from spektron.ml.inverse import load_calibration
    from spektron.ml.inverse.assessment import DRIFTED
    from spektron.ml.inverse.models import load_inverse

    model, about = load_inverse(folder / PARTS[0])
    config = InverseConfig.from_mapping(about["settings"])
    measured, fused, learnt = (
        json.loads((folder / part).read_text()) for part in (PARTS[2], PARTS[4], PARTS[5])
    )
    known = load_calibration(folder / PARTS[3])
    owners = (measured["model"], known.model, fused["model"], learnt["model"])
    for part, of in zip(PARTS[2:], owners, strict=True):
        if not same_content(of, folder / PARTS[0]):
            raise InputError(f"{folder}: {part} is of another model; make it again")
    found = measured["figures"]
    plain = [given for given in found if "×" not in given]
    compared = fused["compared"]
    return CARD.read_text(encoding="utf-8").format(
        name=name,
        **{key: about["data"][key] for key in ("molecules", "table", "split")},
        **config.data.fractions,
        relations=", ".join(config.data.relations),
        parameters=about["parameters"],
        steps=config.training.steps,
        batch=config.training.batch,
        **{key: about["versions"][key] for key in ("torch", "rdkit")},
        device=config.training.device,
        precision=config.training.precision,
        rows="\n".join(row_of(given, found[given]) for given in plain),
        largest=plain[-1],
        sizes="\n".join(
            f"| {size} | {each['molecules']:.0f} | {shown(each, 'top-1', 'top-10')} |"
            for size, each in found[plain[-1]]["by size"].items()
        ),
        drifted=" + ".join(DRIFTED),
        drifts="\n".join(
            f"| {given} | {shown(each['all'], 'top-1', 'top-10', *TRUST)} |"
            for given, each in found.items()
            if given not in plain
        ),
        proposed="\n".join(
            f"| {given} | {shown(found[given]['all'], *DECODER, 'top-1', 'novelty')} |"
            for given in plain
        ),
        rings="\n".join(rings_row(given, found[given]["by rings"]) for given in plain),
        curve="\n".join(map(curve_row, learnt["curve"])),
        curve_asked=learnt["curve"][0]["asked"],
        curve_given=" | ".join(f"{' + '.join(given)}, 10 | 100" for given in CURVE),
        calibrated=known.samples,
        calibrated_on=measured["asked"]["valid"],
        threshold=known.threshold,
        predictor=predicted(known),
        weights=", ".join(f"{n} {w:.2f}" for n, w in zip(GROUNDS, known.weights, strict=True)),
        fused=compared[0]["molecules"],
        strata=compared[0]["strata"],
        scaffolds=compared[0]["scaffolds"],
        fusion="\n".join(map(compared_row, compared)),
        failures="\n".join(
            f"| {each['condition']} | `{each['truth']}` | `{each['answer']}` "
            f"| {each['confidence']:.2f} |"
            for each in measured["failures"]
        ),
        elements=", ".join(model.vocabulary.elements),
        longest=model.config.longest,
    )


def predicted(known: Calibration) -> str:
    """Whose spectra and shifts candidates are compared with."""
    made = [
        f"{what} of {name}"
        for what, name in (("spectra", known.predictor), ("shifts", known.shifts))
        if name
    ]
    if not made:
        return "Nothing is predicted for the candidates."
    return f"Candidates are compared with {' and '.join(made)}."


def shown(values: Mapping[str, Any], *names: str) -> str:
    """Cells of a table, "–" where there is no number."""
    found = [values.get(name) for name in names]
    return " | ".join("–" if value is None else f"{value:.3f}" for value in found)


def row_of(given: str, found: Mapping[str, Any]) -> str:
    own = found["all"]
    return (
        f"| {given} | {own['molecules']:.0f} | {shown(own, 'top-1', 'top-10')} | "
        f"{shown(found['look-up'], 'top-1')} | {shown(own, 'valid strings', 'formula match')} | "
        f"{shown(own, *TRUST)} |"
    )


def rings_row(given: str, parts: Mapping[str, Any]) -> str:
    cells = []
    for name in ("acyclic", "with rings"):
        part = parts.get(name, {"molecules": 0})
        cells += [f"{part['molecules']:.0f}", shown(part, "top-1", "top-10")]
    return f"| {given} | {' | '.join(cells)} |"


def curve_row(each: Mapping[str, Any]) -> str:
    cells = [
        shown(each["found"][" + ".join(given)], "decoder top-10", "decoder top-100")
        for given in CURVE
    ]
    sizes = f"{each['learnt from']:,} | {each['steps']:,} | {each['error']:.2f}"
    return f"| {sizes} | {' | '.join(cells)} |"


def compared_row(each: Mapping[str, Any]) -> str:
    less, more = each["less"], [name for name in each["more"] if name not in each["less"]]
    gain, contrast = (
        f"{of['value']:+.3f} ({of['low']:+.3f} to {of['high']:+.3f})".replace("-", "−")
        for of in (each["gain"], each["contrast"])
    )
    hits = f"{each['hits_less']:.3f} | {each['hits_more']:.3f}"
    return f"| {' + '.join(less)} | {' + '.join(more)} | {hits} | {gain} | {contrast} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--runs", default="inverse.runs")
    actions = parser.add_subparsers(required=True)
    for action in (train, score, curve, fuse, ship):
        one = actions.add_parser(action.__name__, parents=[common])
        one.add_argument("name", choices=("spectra",) if action is curve else tuple(runs()))
        one.set_defaults(action=action)
        if action is ship:
            one.add_argument("--out", type=Path)
        else:
            one.add_argument("--shifts", default="spektron-shifts-dft8k")
        if action is score:
            one.add_argument("--forward")
            one.add_argument("--peaks")
        if action in (score, curve):
            one.add_argument("--molecules", type=int, default=80)
    given = parser.parse_args(arguments)
    try:
        given.action(given)
    except (InputError, CalculationError) as error:
        print(f"inverse_models: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
