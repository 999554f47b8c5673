"""Networks of NMR shifts: trained, scored, shipped; docs/predict.md.

    python examples/shift_models.py train NAME [--runs FOLDER] [--compile]
    python examples/shift_models.py score [--out FILE] [--runs FOLDER]
    python examples/shift_models.py ship NAME [--out FOLDER] [--runs FOLDER] [--scores FILE]

train   "dft8k", computed shifts, or "exp5k", measured ones, which begins with what the first has
        learnt; interrupted, the same command goes on. --compile halves the time where there is a
        C++ compiler
score   both on molecules of held-out scaffolds, as JSON: mean absolute errors in ppm, and the
        largest errors
ship    a folder with the model file, its settings, and a card written from the scores

The sets lie in ``SPEKTRON_DATA``, by default ../shared/data. Every molecule of Exp5K is in DFT8K
too: both are divided together, so that no network has seen any shift of a test molecule.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from spektron.ml.forward import ForwardConfig, ShiftSet, divided_together, read_shift_set
from spektron.ml.splits import Split
from spektron.pointgroup import InputError
from spektron.pointgroup.molecules.molfile import read_record, sdf_records
from spektron.pointgroup.writing import whole_file
from spektron.vibration import CalculationError

CHECKOUT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data")
CHECKPOINTS = CHECKOUT / "ml" / "checkpoints"
SCORES = CHECKOUT / "docs" / "data" / "shifts.json"
LARGEST = 15_000_000
STEPS: Final = {"dft8k": 12000, "exp5k": 3000}
NUCLEI: Final = {"dft8k": ("13C", "1H"), "exp5k": ("13C",)}
"""Whose shifts a set has."""
WORST: Final = 8
FROM_SMILES: Final = 100
"""Molecules whose geometries are built from SMILES for the scores."""


def runs() -> dict[str, ForwardConfig]:
    """Settings of each run by its name."""
    return {
        name: ForwardConfig.from_mapping(
            {
                "model": {"kind": "shifts", "width": 96, "nuclei": NUCLEI[name]},
                "training": {
                    "device": "cpu", "precision": "fp32", "batch": 32, "steps": steps,
                    "learning_rate": 1e-3, "warmup": 300, "log_every": 200,
                    "checkpoint_every": 500,
                },
            }
        )
        for name, steps in STEPS.items()
    }  # fmt: skip


def shift_data(name: str) -> ShiftSet:
    table = DATA / "spectra" / f"{name}_nmr_shifts.csv.gz"
    found = read_shift_set(DATA / "geometries" / f"{name}.sdf.gz", table)
    for line in found.left_out:
        print(f"left out: {line}", file=sys.stderr)
    return found


def shift_split(name: str, data: ShiftSet) -> Split:
    """Parts of a set of shifts; related molecules of the other set are in the same part."""
    sets = [data if other == name else shift_data(other) for other in STEPS]
    return divided_together(sets, runs()[name].data)[list(STEPS).index(name)]


def first_network(given: argparse.Namespace) -> Path:
    """The network of computed shifts: that of the runs, or the shipped one."""
    from spektron.ml.model.packaged import find_checkpoint

    path = folder_of("dft8k", given) / "model.safetensors"
    return path if path.is_file() else find_checkpoint("spektron-shifts-dft8k")


def folder_of(name: str, given: argparse.Namespace) -> Path:
    return Path(given.runs) / name


def finished(given: argparse.Namespace) -> dict[str, Path]:
    """The model file of each run that is finished."""
    found = {name: folder_of(name, given) / "model.safetensors" for name in runs()}
    return {name: path for name, path in found.items() if path.is_file()}


def tell(now: Any) -> None:
    print(f"step {now.step} of {now.steps}, {now.seconds_left / 60:.0f} min left", flush=True)


def train(given: argparse.Namespace) -> None:
    from spektron.ml.forward.training import train_shifts

    start = first_network(given) if given.name == "exp5k" else None
    data = shift_data(given.name)
    done = train_shifts(
        runs()[given.name],
        data,
        folder_of(given.name, given),
        split=shift_split(given.name, data),
        start=start,
        compiled=given.compile,
        progress=tell,
    )
    print(json.dumps(dict(done.metrics)))


def score(given: argparse.Namespace) -> None:
    known = finished(given)
    if not known:
        raise InputError(f"{given.runs}: no finished run; train one first")
    place = given.out or SCORES
    # Those of a network that was trained elsewhere stay; a card looks at what they are of.
    before = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    out = before | {name: shift_scores(name, path) for name, path in known.items()}
    with whole_file(place) as draft:
        draft.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=1, ensure_ascii=False))


def shift_scores(name: str, path: Path) -> dict[str, Any]:
    """Mean absolute errors on the test part, ppm, beside the median of the element."""
    from spektron.ml.forward.models import load_forward
    from spektron.ml.forward.objectives import predict_shifts
    from spektron.ml.forward.shifts import shift_errors

    data, (model, card) = shift_data(name), load_forward(path)
    split = shift_split(name, data)
    if card["data"]["split"] != split.sha256:
        raise InputError(f"{path}: trained on other data or another split; train it again")
    usable = set(model.config.numbers)
    rows = [int(r) for r in split["test"] if usable.issuperset(data.graphs[r].numbers.tolist())]
    found = predict_shifts(model, data, rows)
    constant = element_medians(data, split["train"])
    flat = [np.array([constant.get(int(z), 0.0) for z in data.graphs[r].numbers]) for r in rows]
    return {
        "molecules": len(rows),
        "trained on": card["data"],
        "mean absolute error": shift_errors(found, data, rows),
        "median of the element": shift_errors(flat, data, rows),
        "worst": worst_shifts(found, data, rows),
        "from SMILES": from_smiles(model, data, rows, mols_of(name)),
    }


def mols_of(name: str) -> dict[str, Any]:
    """Molecules of the SD file with their bonds, as RDKit has them, by their names."""
    text = gzip.decompress((DATA / "geometries" / f"{name}.sdf.gz").read_bytes()).decode()
    lines = [each for each in sdf_records(text) if any(map(str.strip, each))]
    return {each[0].strip(): read_record(each) for each in lines}


def from_smiles(
    model: Any, data: ShiftSet, rows: Sequence[int], mols: Mapping[str, Any]
) -> dict[str, Any]:
    """Errors on geometries that the force field builds from SMILES, beside those on given ones."""
    from rdkit import Chem
    from spektron.ml.forward.objectives import predict_shifts
    from spektron.ml.forward.prediction import shifts_of
    from spektron.ml.forward.shifts import shift_errors
    from spektron.pointgroup import Molecule, detect

    places = np.linspace(0, len(rows) - 1, min(FROM_SMILES, len(rows))).round().astype(int)
    chosen, values = [], []
    for row in (rows[place] for place in places):
        mol = mols[data.names[row]]
        try:
            built = Molecule.from_smiles(data.smiles[row])
            found = shifts_of(model, detect(built).symmetrise())
        except (InputError, CalculationError):
            continue
        # Atoms that the bonds do not tell apart have one signal or nearly so.
        plain = Chem.AddHs(Chem.MolFromSmiles(data.smiles[row]))
        Chem.SanitizeMol(mol)
        match = mol.GetSubstructMatch(plain)
        if len(match) != built.n_atoms:
            continue
        mapped = np.empty(built.n_atoms)
        mapped[list(match)] = found
        chosen.append(row)
        values.append(mapped)
    given = predict_shifts(model, data, chosen)
    return {
        "molecules": len(chosen),
        "built": shift_errors(values, data, chosen),
        "given": shift_errors(given, data, chosen),
    }


def worst_shifts(found: Sequence[Any], data: ShiftSet, rows: Sequence[int]) -> list[dict[str, Any]]:
    """One error of each molecule, where ¹H counts ten times; the largest in ppm first."""
    lines = []
    for values, row in zip(found, rows, strict=True):
        known, numbers = data.shifts[row], data.graphs[row].numbers
        off = np.abs(values[known.atoms] - known.shifts)
        k = int(np.argmax(np.where(numbers[known.atoms] == 1, 10 * off, off)))
        atom = int(known.atoms[k])
        lines.append(
            {
                "smiles": data.smiles[row],
                "nucleus": "1H" if numbers[atom] == 1 else "13C",
                "predicted": float(values[atom]),
                "given": float(known.shifts[k]),
            }
        )
    lines.sort(key=lambda line: -abs(line["predicted"] - line["given"]))
    return lines[:WORST]


def element_medians(data: ShiftSet, rows: Any) -> dict[int, float]:
    known: dict[int, list[float]] = {}
    for row in rows:
        shifts = data.shifts[row]
        numbers = data.graphs[row].numbers[shifts.atoms]
        for number, value in zip(numbers.tolist(), shifts.shifts.tolist(), strict=True):
            known.setdefault(int(number), []).append(value)
    return {number: float(np.median(values)) for number, values in known.items()}


# ---- checkpoints ----


def ship(given: argparse.Namespace) -> None:
    known = finished(given)
    if given.name not in known:
        raise InputError(f"{folder_of(given.name, given)}: the run is not finished; train it")
    model = known[given.name]
    if (size := model.stat().st_size) > LARGEST:
        raise InputError(f"{model} has {size:,} bytes; at most {LARGEST:,} are shipped")
    name = f"spektron-shifts-{given.name}"
    text = card(name, given.name, model, json.loads(given.scores.read_text(encoding="utf-8")))
    out = given.out or CHECKPOINTS / name
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, out / "model.safetensors")
    shutil.copyfile(model.parent / "config.toml", out / "config.toml")
    with whole_file(out / "card.md") as draft:
        draft.write_text(text, encoding="utf-8")
    print(f"{out}: {size / 1e6:.1f} MB")


LEVELS: Final = {
    "dft8k": "as density functional theory computes them",
    "exp5k": "as they are measured in solution",
}
NAMES: Final = {"13C": "¹³C", "1H": "¹H"}
PUBLISHED: Final = {
    "dft8k": "Published for this set: 1.26 ppm for ¹³C on 500 test molecules of their own "
    "(CASCADE, DFTNN).",
    "exp5k": "Published for this set: 1.25 ppm for ¹³C on 500 test molecules of their own "
    "(CASCADE, ExpNN-dft), also\nbegun with computed shifts.",
}
CARD: Final = Path(__file__).with_name("shift_card.md")


def shown(errors: Mapping[str, float], nucleus: str) -> str:
    return f"{errors[nucleus]:.3f}" if nucleus in errors else "–"


def card(name: str, kind: str, model: Path, scores: Mapping[str, Any]) -> str:
    from spektron.ml.forward.models import load_forward

    known, about = load_forward(model)
    found, config = scores.get(kind, {}), ForwardConfig.from_mapping(about["settings"])
    if about["data"] != found.get("trained on"):
        raise InputError(f"{model}: the scores are of a model with other data; score it again")
    rows = [
        f"| {name} | {found[label]['13C']:.3f} | {shown(found[label], '1H')} |"
        for name, label in (
            ("this model", "mean absolute error"),
            ("median of the element", "median of the element"),
        )
    ]
    worst = [
        f"| `{w['smiles']}` | {w['nucleus']} | {w['predicted']:.1f} | {w['given']:.1f} |"
        for w in found["worst"]
    ]
    return CARD.read_text(encoding="utf-8").format(
        name=name,
        levels=LEVELS[kind],
        trained=about["data"]["molecules"],
        set=kind.upper().replace("EXP", "Exp"),
        begun="random weights"
        if about["data"]["from"] == "scratch"
        else f"weights learnt on computed shifts (DFT8K), SHA-256 `{about['data']['from']}`",
        split=about["data"]["split"],
        **config.data.fractions,
        relations=", ".join(config.data.relations),
        parameters=about["parameters"],
        steps=config.training.steps,
        batch=config.training.batch,
        torch=about["versions"]["torch"],
        torch_geometric=about["versions"]["torch_geometric"],
        device=config.training.device,
        precision=config.training.precision,
        molecules=found["molecules"],
        rows="\n".join(rows),
        published=PUBLISHED[kind],
        smiles_n=found["from SMILES"]["molecules"],
        **{
            geometry: " and ".join(f"{e:.3f}" for e in found["from SMILES"][geometry].values())
            for geometry in ("built", "given")
        },
        nuclei=" and ".join(NAMES[nucleus] for nucleus in NUCLEI[kind]),
        source="computed" if kind == "dft8k" else "measured",
        worst="\n".join(worst),
        elements=", ".join(known.config.elements),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--runs", default="forward.runs")
    actions = parser.add_subparsers(required=True)
    for action in (train, score, ship):
        one = actions.add_parser(action.__name__, parents=[common])
        one.set_defaults(action=action)
        if action is not score:
            one.add_argument("name", choices=tuple(runs()))
        if action is not train:
            one.add_argument("--out", type=Path)
        if action is train:
            one.add_argument("--compile", action="store_true")
        if action is ship:
            one.add_argument("--scores", type=Path, default=SCORES)
    given = parser.parse_args(arguments)
    try:
        given.action(given)
    except (InputError, CalculationError) as error:
        print(f"shift_models: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
