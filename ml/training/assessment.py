"""What a pretrained model can do, on molecules that it was not trained on.

Everything is measured on simulated instruments that the model has not seen, unless a name says
otherwise; the split is made anew from the settings in the checkpoint, and must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError
from ..functional_groups import GROUPS, labels
from ..instruments import Instrument, draw_instrument, generator
from ..model.settings import from_mapping
from ..model.spektron import Spektron
from ..model.weights import load_model
from ..splits import Split, split_table
from ..table import Float32, Int64, SpectraTable
from .config import DataConfig, LossConfig
from .evaluation import Reconstruction, latents, probe, recall_across, reconstruction
from .sources import TEST, TableSource

LIBRARY: Final = 2000
"""Molecules among which one is to be found again."""
INSTRUMENTS: Final = 8
"""Unseen instruments that a probe is to tell apart."""
UNSEEN: Final = 1_000_000
"""Number of the first unseen instrument; no training draws so many."""
SEEDS: Final = 3
"""Random divisions that an accuracy of a probe is the mean of."""
PROBED: Final = (
    "nitrile",
    "ketone",
    "aldehyde",
    "alcohol",
    "ether",
    "primary amine",
    "secondary amine",
    "fluoride",
    "alkene",
    "benzene ring",
)
"""Functional groups of the chemistry probe, of `spektron.ml.functional_groups`."""
FEWEST: Final = 20
"""Molecules with and without a group that its probe needs."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Measured figures.

    Attributes
    ----------
    gap : float, cm⁻¹
        Width of a hidden piece; pieces may touch.
    measured, clean : Reconstruction
        Mean squared errors in the test part: on unseen instruments, and without any.
    recall, known_recall : float
        Recall@1 across two unseen instruments, and across the first two of the training.
    library, held_out : int
        Molecules in the library, and how many of these were not trained on.
    noise : (float, float)
        Of the two unseen instruments, shares of the strongest band.
    instrument : mapping from latent vector to float
        Accuracy of a linear probe for the unseen instrument on ``z_chem``, ``z_inst``, and
        ``chance``.
    known_instrument : mapping
        The same with instruments of the training.
    chemistry : mapping from functional group to (float, float, float)
        Accuracy of a linear probe on the undivided latent vector (z_chem before anything is
        erased from it, and z_inst), on z_chem, and of the commonest answer.
    """

    gap: float
    measured: Reconstruction
    clean: Reconstruction
    recall: float
    known_recall: float
    library: int
    held_out: int
    noise: tuple[float, float]
    instrument: Mapping[str, float]
    known_instrument: Mapping[str, float]
    chemistry: Mapping[str, tuple[float, float, float]]

    @property
    def lost(self) -> float:
        """Accuracy that the chemistry probe loses on z_chem alone, mean over groups."""
        return float(np.mean([whole - chem for whole, chem, _ in self.chemistry.values()]))


def assess(checkpoint: Path | str, table: SpectraTable, *, seed: int = 0) -> Assessment:
    """Figures of a pretrained model.

    Parameters
    ----------
    checkpoint : path
        Of `pretrain`.
    table : SpectraTable
        What it was trained on, all of it.

    Raises
    ------
    SpectraError
        If the model was trained on another table, or its probes have too few molecules.
    CheckpointError, MissingPackage
    """
    model, card = load_model(checkpoint)
    settings = card["settings"]
    data = from_mapping(DataConfig, settings["data"], "data")
    loss = from_mapping(LossConfig, settings["loss"], "loss")
    source = TableSource(table, model.config.axis, data, model.config.channels)
    split = _split(table, data, card)
    count = min(INSTRUMENTS, model.config.instruments)
    known = _instruments(data, settings["training"]["seed"], 0)[:count]
    unseen = _instruments(data, settings["training"]["seed"], UNSEEN)
    held = np.concatenate([split[name] for name in split.parts if name != "train"])
    library = _library(held, split["train"], seed)
    measured, clean = (
        reconstruction(
            model,
            source,
            split["test"] if "test" in split.parts else split["valid"],
            split["train"],
            mask=loss.mask,
            span=loss.span,
            instruments=shown,
            seed=seed,
        )
        for shown in (unseen, ())
    )
    own, other = (_seen(model, source, held, shown, seed) for shown in (known, unseen))
    with _unerased(model):
        undivided = np.concatenate(_seen(model, source, held, unseen, seed)[:2], axis=1)
    return Assessment(
        loss.span * model.config.stride * model.config.axis.step,
        measured,
        clean,
        recall_across(model, source, library, *unseen[:2], seed=seed),
        recall_across(model, source, library, *known[:2], seed=seed),
        len(library),
        int(np.isin(library, held).sum()),
        (unseen[0].noise, unseen[1].noise),
        _instrument_probe(*other),
        _instrument_probe(*own),
        _chemistry_probe(undivided, other[0], [table.texts["smiles"][i] for i in held]),
    )


def _split(table: SpectraTable, data: DataConfig, card: Mapping[str, Any]) -> Split:
    split = split_table(table, data.fractions, relations=data.relations, seed=data.split_seed)
    if split.sha256 != card["data"]["split"]:
        raise SpectraError(
            f"the model was trained on another table or split ({card['data']['molecules']:,} "
            f"molecules, given are {len(table):,}); give the data of its run"
        )
    return split


def _instruments(data: DataConfig, seed: int, first: int) -> tuple[Instrument, ...]:
    numbers = range(first, first + INSTRUMENTS)
    return tuple(draw_instrument(data.instruments, seed, number) for number in numbers)


def _library(held: Int64, train: Int64, seed: int) -> Int64:
    """Molecules that were not trained on first, then as many others as are wanted."""
    order = np.random.default_rng(seed)
    others = order.permutation(train)[: max(0, LIBRARY - len(held))]
    return np.concatenate([order.permutation(held), others])[:LIBRARY]


def _seen(
    model: Spektron, source: TableSource, rows: Int64, instruments: Sequence[Instrument], seed: int
) -> tuple[Float32, Float32, Int64]:
    """z_chem, z_inst and the instrument of molecules, each measured once on one of some."""
    which = np.random.default_rng(seed).integers(len(instruments), size=len(rows))
    draws = [generator(seed, TEST, 3, int(row)) for row in rows]
    spectra = source.measured(rows, [instruments[k] for k in which], draws)
    return (*latents(model, spectra), which)


@contextmanager
def _unerased(model: Spektron) -> Iterator[None]:
    """The model as it was before the instruments were erased from z_chem."""
    projection = model.bottleneck.erasure.projection
    kept = projection.clone()
    projection.zero_()
    try:
        yield
    finally:
        projection.copy_(kept)


def _instrument_probe(chem: Float32, inst: Float32, which: Int64) -> dict[str, float]:
    found = {"z_chem": _accuracy(chem, which)[0], "z_inst": _accuracy(inst, which)[0]}
    return found | {"chance": _accuracy(chem, which)[1]}


def _chemistry_probe(
    undivided: Float32, chem: Float32, smiles: Sequence[str]
) -> dict[str, tuple[float, float, float]]:
    """Of the molecules that have SMILES."""
    drawn = np.flatnonzero([bool(each) for each in smiles])
    groups = labels([smiles[k] for k in drawn.tolist()])
    out = {}
    for name in PROBED:
        present = groups[:, tuple(GROUPS).index(name)]
        if FEWEST <= present.sum() <= len(present) - FEWEST:
            alone, chance = _accuracy(chem[drawn], present)
            out[name] = (_accuracy(undivided[drawn], present)[0], alone, chance)
    if not out:
        raise SpectraError(f"no functional group to tell {len(smiles)} held-out molecules apart")
    return out


def _accuracy(latent: Float32, labels: NDArray[Any]) -> tuple[float, float]:
    """Accuracy of a probe and of the commonest class, means over divisions."""
    found = np.array([probe(latent, labels, seed=seed) for seed in range(SEEDS)])
    return float(found[:, 0].mean()), float(found[:, 1].mean())
