"""A benchmark as a list of cells: run in parallel, resumed where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...pointgroup.parallel import WorkerDied, cores, in_parallel
from ..errors import ProtocolError
from ..spectra import Study
from .catalogue import entries_named
from .cell import Outcome, run_cell
from .checks import check_plan, usable_rows
from .protocol import split_of
from .store import Store, fingerprint
from .vault import Lent, Vault


@dataclass(frozen=True, slots=True)
class Cell:
    """One split of one problem."""

    master: str
    target: str
    property: str
    seed: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a benchmark runs.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Master and target.
    properties : tuple of str
    ks : tuple of int
        Numbers of transfer samples.
    seeds : tuple of int
        One split each.
    methods : tuple of str
        Names in the catalogue.
    n_test, n_calibration : int, optional
        Sizes of the two sets; a quarter and the rest if not given.
    """

    pairs: tuple[tuple[str, str], ...]
    properties: tuple[str, ...]
    ks: tuple[int, ...]
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    n_test: int | None = None
    n_calibration: int | None = None

    def cells(self) -> list[Cell]:
        """All cells, the splits of a problem in a row."""
        return [
            Cell(*pair, name, seed)
            for pair in self.pairs
            for name in self.properties
            for seed in self.seeds
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Outcomes of the cells of a plan."""

    plan: Plan
    outcomes: dict[Cell, list[Outcome]] = field(default_factory=dict)

    def series(
        self, master: str, target: str, name: str, method: str, k: int | None
    ) -> dict[int, Outcome]:
        """What a method reached, by seed."""
        found = {}
        for seed in self.plan.seeds:
            for outcome in self.outcomes.get(Cell(master, target, name, seed), ()):
                if outcome.method == method and outcome.k == k:
                    found[seed] = outcome
        return found


def run_plan(
    study: Study,
    plan: Plan,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Results:
    """Run the cells of a plan that are not finished yet.

    Parameters
    ----------
    study : Study
        Instruments on one axis.
    plan : Plan
    folder : Path
        Of the finished cells. A run that was interrupted continues.
    workers : int, optional
        Processes; the number of cores if not given. With 1, everything runs in this one.
    progress : callable, optional
        Called with the numbers of finished and of all cells.

    Raises
    ------
    SpectraError, ProtocolError
        If the plan does not fit the data, or a worker process died.
    LeakError
        If a method used test samples.
    """
    check_plan(study, plan)
    n_workers = cores() if workers is None else workers
    if n_workers < 1:
        raise ProtocolError(f"{workers} workers; use 1 or more")
    store = Store(folder)
    results = Results(plan)
    cells = plan.cells()
    keys = _keys(study, plan)
    for cell in cells:
        if (known := store.load(keys[cell])) is not None:
            results.outcomes[cell] = known
    missing = [cell for cell in cells if cell not in results.outcomes]
    report = progress or (lambda done, total: None)
    report(len(results.outcomes), len(cells))
    with closing(_run(study, plan, missing, min(n_workers, len(missing)))) as finished:
        for cell, outcomes in finished:
            results.outcomes[cell] = store.save(keys[cell], outcomes)
            report(len(results.outcomes), len(cells))
    return results


def _keys(study: Study, plan: Plan) -> dict[Cell, str]:
    """A file name for each cell that says what it is and depends on all that it depends on."""
    nothing = Lent(np.empty((0, 0)), np.empty((0, 0)), np.empty(0))
    settings = [(e.name, e.build(nothing), e.without) for e in entries_named(plan.methods)]
    common = (plan.ks, plan.n_test, plan.n_calibration, settings)
    data = {name: fingerprint(s.spectra) for name, s in study.instruments.items()}
    values = {name: fingerprint(study.values(name)) for name in plan.properties}
    out = {}
    for cell in plan.cells():
        mark = fingerprint(data[cell.master], data[cell.target], values[cell.property], *common)
        parts = (cell.master, cell.target, cell.property, str(cell.seed), mark)
        out[cell] = "-".join("".join(c if c.isalnum() else "_" for c in p) for p in parts)
    return out


def _run(
    study: Study, plan: Plan, cells: Sequence[Cell], n_workers: int
) -> Generator[tuple[Cell, list[Outcome]], None, None]:
    if n_workers <= 1:
        worker = Worker(study, plan)
        yield from ((cell, worker(cell)) for cell in cells)
        return
    found = in_parallel(_work, cells, n_workers, prepare=_start, arguments=(study, plan))
    try:
        with closing(found):
            yield from found
    except WorkerDied as error:
        raise ProtocolError(
            f"{error}; finished cells are kept, the same command continues"
        ) from None


class Worker:
    """Runs cells of one plan; keeps a vault per problem, whose data never leave it."""

    def __init__(self, study: Study, plan: Plan) -> None:
        self.study, self.plan = study, plan
        self.entries = entries_named(plan.methods)
        self._vaults: dict[tuple[str, str, str], Vault] = {}

    def __call__(self, cell: Cell) -> list[Outcome]:
        """The outcomes of a cell."""
        plan, rows = self.plan, usable_rows(self.study, cell.property)
        split = split_of(cell.seed, len(rows), n_test=plan.n_test, n_calibration=plan.n_calibration)
        key = (cell.master, cell.target, cell.property)
        if key not in self._vaults:
            self._vaults[key] = Vault(
                self.study.instrument(cell.master).spectra[rows],
                self.study.instrument(cell.target).spectra[rows],
                self.study.values(cell.property)[rows],
            )
        return run_cell(self._vaults[key], split, plan.ks, self.entries, seed=cell.seed)


_worker: list[Worker] = []


def _start(study: Study, plan: Plan) -> None:
    _worker[:] = [Worker(study, plan)]


def _work(cell: Cell) -> list[Outcome]:
    return _worker[0](cell)
