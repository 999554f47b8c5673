"""The neural methods of the benchmark. They need the extra ``ml``.

They are run when they are asked for by name: a network takes a hundred times as long as the
methods of `benchmark.CATALOGUE`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..benchmark.cell import Arrangement, Entry
from ..benchmark.vault import Lent
from ..model.packages import require
from ..transfer.consensus import Consensus
from .averaged import Averaged
from .neural import Neural
from .recipe import Recipe

UNLABELLED: Final[tuple[Arrangement, ...]] = ("disjoint", "same")

SOURCE: Final = Recipe()
"""The network as the master made it."""
CENTRED: Final = replace(SOURCE, reading="centred")
"""The mean difference of the instruments taken away; the others but MAPPED start from here."""
FINETUNED: Final = replace(CENTRED, moved="all")
"""Every weight trained on the labels of the transfer samples."""
LORA: Final = replace(CENTRED, moved="lora", replay=1.0)
"""Adapters alone trained, on them and on the master's; on ten alone they run away."""
TEST_TIME: Final = replace(CENTRED, test_time=30)
"""Masked reconstruction on the target spectra that are known, no labels."""
TEST_TIME_EACH: Final = replace(CENTRED, each=5)
"""Masked reconstruction on each spectrum alone, when it is predicted."""
ALIGNED: Final = replace(CENTRED, moved="all", labels=0.0, replay=1.0, alignment=1.0)
"""z_chem of both instruments brought together while the master's labels are kept."""
MAPPED: Final = replace(SOURCE, reading="mapped")
"""Target spectra go through the local map of the default method first."""
FULL: Final = replace(
    SOURCE,
    reading="mapped",
    test_time=30,
    test_rate=3e-4,
    moved="lora",
    steps=400,
    step_rate=3e-3,
    alignment=0.1,
    differences=1.0,
)
"""All parts together; the ablation takes them away one by one."""
RETRAINED: Final = replace(
    SOURCE, reading="mapped", moved="all", steps=800, step_rate=1e-3, differences=1.0
)
"""Every weight trained, twice as long, neither test-time training nor alignment: the best found on
the splits of seeds 0 to 4."""


def _entry(name: str, title: str, recipe: Recipe, *without: Arrangement) -> Entry:
    def build(lent: Lent) -> Neural:
        require(*recipe.packages)
        return Neural(recipe)

    return Entry(name, title, build, "neural", least=4, without=without)


def _averaged(lent: Lent) -> Averaged:
    require(*RETRAINED.packages)
    return Averaged((Consensus(), Neural(RETRAINED)))


NEURAL: Final[tuple[Entry, ...]] = (
    _entry("neural", "network of the master, not adapted", SOURCE, "master"),
    _entry("neural-centred", "network on centred spectra", CENTRED, *UNLABELLED),
    _entry("neural-finetuned", "network, fine-tuned", FINETUNED),
    _entry("neural-lora", "network, LoRA", LORA),
    _entry("neural-ttt", "network, test-time training", TEST_TIME, *UNLABELLED),
    _entry("neural-ttt-each", "network, test-time training on each spectrum", TEST_TIME_EACH),
    _entry("neural-sinkhorn", "network, Sinkhorn alignment", ALIGNED, *UNLABELLED),
    _entry("neural-mapped", "network on locally mapped spectra", MAPPED),
    _entry("neural-full", "network, all parts", FULL),
    _entry("neural-retrained", "network, every weight retrained", RETRAINED),
    Entry("neural-averaged", "mean of default and retrained network", _averaged, "neural", least=4),
)
"""Every neural method, with its settings."""

NEURAL_NAMES: Final = tuple(entry.name for entry in NEURAL)
"""Their names, in the order of `NEURAL`."""
