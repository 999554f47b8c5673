"""A benchmark of calibration transfer that cannot leak: protocol, seal, audit, statistics."""

from .audit import audit
from .catalogue import BASELINES, CATALOGUE, NAMES, entries_named
from .cell import Entry, Outcome, run_cell
from .checks import check_plan, usable_rows
from .protocol import Split, kennard_stone, split_of
from .runner import Cell, Plan, Results, run_plan
from .statistics import Comparison, Merit, compare, median_interval, merit
from .vault import Lent, Vault

__all__ = [
    "BASELINES",
    "CATALOGUE",
    "NAMES",
    "Cell",
    "Comparison",
    "Entry",
    "Lent",
    "Merit",
    "Outcome",
    "Plan",
    "Results",
    "Split",
    "Vault",
    "audit",
    "check_plan",
    "compare",
    "entries_named",
    "kennard_stone",
    "median_interval",
    "merit",
    "run_cell",
    "run_plan",
    "split_of",
    "usable_rows",
]
