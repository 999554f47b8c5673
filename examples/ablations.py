"""Ablations: tokenizers, parts of the neural method on corn, few labels; docs/spektron-model.md.

    python examples/ablations.py plan|measure|run|report
                                 [--study tokenizer|corn|few-shot] [--seeds FIRST COUNT]
                                 [--only TEXT] [--method NAME] [--cells FOLDER] [--data FOLDER]
                                 [--table FOLDER] [--molecules N] [--pretraining STEPS]
                                 [--finetuning STEPS] [--batch N] [--limit MINUTES]
                                 [--out FILE] [--from FILE]

plan      how many cells there are, how many are finished, and the core minutes of the rest, as
          far as a cell of the kind was measured
measure   one cell of every kind that was never measured, then the plan
run       all cells that are not finished; --limit ends it after the first cell beyond so many
          minutes, and the same command goes on
report    the tables, from the cells that are there, which --out FILE.csv writes into one file; or
          from such a file, --from FILE.csv

A cell is a small JSON file in the folder of the cells, written whole or not at all. Cells of other
settings are kept and not used. On corn a cell's seed is that of the split (1000–1004 by default,
which no setting was chosen on) and of the network; for molecules that of training and labels.

What is compared: the tokenizers with equal parameters and steps; the neural method "full" of
`spektron.ml.adaptation` on corn moisture, m5 to mp5 and mp6, ten transfer samples, against itself
without a part; functional groups from 1, 10 and 100 % of the labels, from infrared spectra, which
pretraining saw, and from Raman spectra, which it did not. --only takes cells whose name contains a
text; --method adds methods of the benchmark to corn.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from spektron.ml.ablations import (
    STUDIES,
    Budget,
    Cell,
    Finished,
    Store,
    cells_of,
    lines,
    read_csv,
    to_csv,
)
from spektron.pointgroup import InputError
from spektron.vibration import CalculationError

CHECKOUT = Path(__file__).resolve().parents[1]
SEEDS = {"tokenizer": 0, "corn": 1000, "few-shot": 0}
"""First seed of each study."""
COUNT = 5
Runner = Callable[[Cell], dict[str, float]]


def budget_of(given: argparse.Namespace) -> Budget:
    return Budget(given.molecules, given.pretraining, given.finetuning, given.batch)


def wanted(given: argparse.Namespace) -> list[Cell]:
    """The cells that are asked for."""
    out: list[Cell] = []
    for study in given.study or STUDIES:
        first, count = given.seeds or (SEEDS[study], COUNT)
        out += cells_of([study], range(first, first + count), named=given.method or ())
    chosen = [cell for cell in out if given.only in cell.name]
    if not chosen:
        raise InputError(f"no cell has {given.only!r} in its name; the first is {out[0].name}")
    return chosen


def store_of(given: argparse.Namespace) -> Store:
    """The folder of cells; what they depend on is in their names."""
    from spektron.ml.ablations.corn import RECIPES
    from spektron.ml.ablations.molecules import shape_of

    table = content_of(given.table, ".parquet")
    molecules = repr((budget_of(given), shape_of("cnn", 2), shape_of("patch", 2), table))
    corn = repr((dict(RECIPES), content_of(given.data / "nir" / "corn", ".csv")))
    return Store(given.cells, {"corn": corn, "tokenizer": molecules, "few-shot": molecules})


def content_of(place: Path, ending: str) -> str:
    """Hash of a file, or of the files in a folder; of nothing if there is none."""
    files = sorted(place.glob(f"*{ending}")) if place.is_dir() else [place]
    digest = hashlib.sha256()
    for file in filter(Path.is_file, files):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def runner_of(given: argparse.Namespace, store: Store) -> Runner:
    """What runs a cell; data are read when the first cell needs them."""
    from spektron.ml.ablations import corn, molecules

    @cache
    def study():
        from spektron.ml.loaders import load_study

        return load_study(given.data / "nir" / "corn")

    @cache
    def table():
        from spektron.ml.table import SpectraTable
        from spektron.ml.training.reading import read_data

        found = read_data([given.table])
        if not isinstance(found, SpectraTable):
            raise InputError(f"{given.table}: give exported parquet files")
        return molecules.taken(found, budget_of(given))

    def run(cell: Cell) -> dict[str, float]:
        if cell.study == "corn":
            return corn.run(cell, study())
        return molecules.run(cell, table(), budget_of(given), store.runs(cell))

    return run


def kind(cell: Cell) -> tuple[str, str]:
    """Cells of one kind cost the same."""
    return cell.study, cell.variant


def work(cells: Sequence[Cell], store: Store, run: Runner, limit: float | None) -> None:
    """Run cells, one after the other, and keep each when it is finished."""
    begun = time.monotonic()
    for number, cell in enumerate(cells, 1):
        start = time.process_time()
        figures = run(cell)
        store.save(Finished(cell, figures, time.process_time() - start))
        shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"{number} of {len(cells)}: {cell.name}: {shown}", flush=True)
        if limit is not None and time.monotonic() - begun > 60 * limit:
            print(f"stopped after {limit:g} minutes; the same command goes on")
            return


def unmeasured(cells: Sequence[Cell], store: Store) -> list[Cell]:
    """The first cell of each kind of which none is finished."""
    known = {kind(cell) for cell in cells if store.load(cell)}
    first: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        first.setdefault(kind(cell), cell)
    return [cell for each, cell in first.items() if each not in known]


def show_plan(cells: Sequence[Cell], store: Store) -> None:
    """A line for each kind, and what is left."""
    total, unknown = 0.0, 0
    print(
        f"{'study':<10} {'variant':<24} {'cells':>5} {'done':>5} {'core min/cell':>14} {'left':>8}"
    )
    for each in dict.fromkeys(map(kind, cells)):
        own = [cell for cell in cells if kind(cell) == each]
        done = [found for cell in own if (found := store.load(cell))]
        left = len(own) - len(done)
        if done:
            minutes = statistics.median(found.seconds for found in done) / 60
            total += minutes * left
            cost, rest = f"{minutes:14.2f}", f"{minutes * left:8.1f}"
        else:
            unknown += left
            cost, rest = f"{'not measured':>14}", f"{'?':>8}"
        print(f"{each[0]:<10} {each[1]:<24} {len(own):>5} {len(done):>5} {cost} {rest}")
    more = f", and {unknown} cells of kinds not measured" if unknown else ""
    print(f"left: {total:.1f} core minutes{more}")


def show_report(finished: Sequence[Finished]) -> None:
    """Tables in Markdown: mean ± standard deviation, difference ± standard error."""
    last = None
    for line in lines(finished):
        if (head := (line.study, line.condition, line.figure)) != last:
            print(f"\n{line.study}, {line.condition}: {line.figure}\n")
            print("| variant | seeds | mean ± s.d. | difference ± s.e. |\n|-|-|-|-|")
            last = head
        difference = f"{line.difference:+.3f} ± {line.error:.3f}" if line.against else ""
        print(f"| {line.variant} | {line.n} | {line.mean:.3f} ± {line.spread:.3f} | {difference} |")


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=("plan", "measure", "run", "report"))
    parser.add_argument("--study", action="append", choices=STUDIES)
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "COUNT"))
    parser.add_argument("--only", default="")
    parser.add_argument("--method", action="append")
    parser.add_argument("--cells", type=Path, default=Path("ablations.cells"))
    default = os.environ.get("SPEKTRON_DATA") or CHECKOUT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    committed = CHECKOUT / "docs" / "data" / "symmetry-rich"
    parser.add_argument("--table", type=Path, default=committed)
    usual = Budget()
    parser.add_argument("--molecules", type=int, default=usual.molecules)
    parser.add_argument("--pretraining", type=int, default=usual.pretraining)
    parser.add_argument("--finetuning", type=int, default=usual.finetuning)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--limit", type=float)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", type=Path, dest="table_of_cells")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    given = parsed(arguments)
    try:
        if given.table_of_cells:
            chosen = given.study or STUDIES
            found = read_csv(given.table_of_cells)
            show_report([each for each in found if each.cell.study in chosen])
            return 0
        cells, store = wanted(given), store_of(given)
        if given.action == "report":
            finished = [found for cell in cells if (found := store.load(cell))]
            print(f"{len(finished)} of {len(cells)} cells are finished\n")
            show_report(finished)
            if given.out:
                given.out.write_text(to_csv(finished), encoding="utf-8")
            return 0
        if given.action in ("measure", "run"):
            left = (
                [cell for cell in cells if not store.load(cell)]
                if given.action == "run"
                else unmeasured(cells, store)
            )
            work(left, store, runner_of(given, store), given.limit)
        show_plan(cells, store)
    except (InputError, CalculationError) as error:
        print(f"ablations: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
