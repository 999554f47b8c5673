"""Train the shipped checkpoint, measure it, and write its folder with a card.

    python examples/build_checkpoint.py DATA… --run DIR [--out FOLDER] [--config FILE.toml]

DATA are exported parquet files or a folder of them. DIR keeps the run, which is continued when
it was interrupted. FOLDER, ml/checkpoints/spektron-small if not given, gets ``model.safetensors``,
``config.json`` (all settings), ``config.toml`` (what differs from the defaults), ``metrics.json``
and ``card.md``, whose text is checkpoint_card.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spektron.ml.model.settings import to_mapping
from spektron.ml.table import SpectraTable
from spektron.ml.training import PretrainConfig, pretrain, read_toml
from spektron.ml.training.reading import read_data
from spektron.pointgroup import InputError
from spektron.vibration import CalculationError

FOLDER = Path(__file__).resolve().parents[1] / "ml" / "checkpoints" / "spektron-small"
LARGEST = 15_000_000

CARD = Path(__file__).with_name("checkpoint_card.md")


def card(
    name: str, found: Any, about: dict[str, Any], config: PretrainConfig, table: SpectraTable
) -> str:
    shape, data, loss = config.model, config.data, config.loss
    groups = "; ".join(
        f"{group} {whole:.3f} / {chem:.3f} (commonest answer {chance:.3f})"
        for group, (whole, chem, chance) in found.chemistry.items()
    )
    accuracies = list(found.chemistry.values())
    return CARD.read_text(encoding="utf-8").format(
        name=name,
        **{k: about["data"][k] for k in ("molecules", "table", "split")},
        **{k: about[k] for k in ("parameters", "device", "precision")},
        **{k: about["versions"][k] for k in ("spektron", "torch")},
        **data.fractions,
        relations=", ".join(data.relations),
        fwhm=data.fwhm,
        low=shape.axis.low,
        high=shape.axis.high,
        points=shape.axis.points,
        instruments=shape.instruments,
        noise_low=data.instruments.noise_low,
        noise_high=data.instruments.noise_high,
        z_chem=shape.z_chem,
        z_inst=shape.z_inst,
        steps=config.training.steps,
        batch=config.training.batch,
        gap=found.gap,
        mask=loss.mask,
        mean_ratio=found.measured.mean / found.measured.model,
        line_ratio=found.measured.linear / found.measured.model,
        clean_mean_ratio=found.clean.mean / found.clean.model,
        clean_line_ratio=found.clean.linear / found.clean.model,
        library=found.library,
        held_out=found.held_out,
        noise=" and ".join(f"{x:.1%}" for x in found.noise),
        recall=found.recall,
        known_recall=found.known_recall,
        n_probe=8,
        probe_chem=found.instrument["z_chem"],
        probe_inst=found.instrument["z_inst"],
        probe_chance=found.instrument["chance"],
        known_chem=found.known_instrument["z_chem"],
        known_inst=found.known_instrument["z_inst"],
        known_chance=found.known_instrument["chance"],
        chem_both=sum(a[0] for a in accuracies) / len(accuracies),
        chem_alone=sum(a[1] for a in accuracies) / len(accuracies),
        groups=groups,
        fewest=int(table.numbers["n_atoms"].min()),
        most=int(table.numbers["n_atoms"].max()),
    )


def tell(now: Any) -> None:
    print(f"step {now.step} of {now.steps}, {now.seconds_left / 60:.1f} min left", flush=True)


def build(given: argparse.Namespace) -> None:
    config = PretrainConfig.from_mapping(read_toml(given.config or given.out / "config.toml"))
    table = read_data(given.data)
    if not isinstance(table, SpectraTable):
        raise InputError(f"{given.data[0]}: give exported parquet files")
    trained = pretrain(config, table, given.run, progress=tell)
    size = trained.model.stat().st_size
    if size > LARGEST:
        raise InputError(f"the model has {size:,} bytes, at most {LARGEST:,} are shipped")
    from spektron.ml.training.assessment import assess

    begun = time.perf_counter()
    found = assess(trained.model, table)
    print(f"measured in {time.perf_counter() - begun:.0f} s")
    about = json.loads((given.run / "run.json").read_text(encoding="utf-8"))
    given.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(trained.model, given.out / "model.safetensors")
    if given.config:
        shutil.copyfile(given.config, given.out / "config.toml")
    texts = {
        "config.json": json.dumps(to_mapping(config), indent=1) + "\n",
        "metrics.json": json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n",
        "card.md": card(given.out.name, found, about, config, table),
    }
    for name, text in texts.items():
        (given.out / name).write_text(text, encoding="utf-8")
    print(texts["card.md"])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--config", type=Path)
    given = parser.parse_args()
    try:
        build(given)
    except (InputError, CalculationError) as error:
        print(f"build_checkpoint: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
