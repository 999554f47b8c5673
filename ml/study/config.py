"""The configuration of a study, as a TOML file holds it.

Tables ``model``, ``data``, ``training`` and ``loss`` are those of pretraining, ``finetune`` holds
what differs for the label head. Inputs, seeds and splits belong to the study and are refused
there.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..channels import Content
from ..model.errors import ConfigError
from ..model.settings import from_mapping, to_mapping
from ..stratified import INPUTS
from ..training import FinetuneConfig, PretrainConfig, read_toml
from ..training.config import FREE
from .errors import StudyError

NEAREST: Final = "nearest"
"""The cell without a model: nearest spectrum, all inputs."""
AGAIN: Final = 101
"""Seed of the first run's repetition after it diverged; the next run has the next one."""
LARGEST_SEED: Final = 10_000
"""Seeds of instruments that are queried lie above those of training."""
VERSION: Final = 1
"""Of what a cell computes; changes when shards can no longer be compared."""
_OWN: Final = {
    "data": ("table", "content", "train", "valid", "test", "relations", "split_seed"),
    "training": ("seed", "validate_every"),
}
"""Settings that the study makes itself."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One training and its evaluation, or the nearest spectrum.

    Attributes
    ----------
    fold, seed : int
    given : str
        Input, or `NEAREST`.
    """

    fold: int
    seed: int
    given: str

    def __str__(self) -> str:
        return f"{self.fold}-{self.seed}-{self.given.replace(' ', '_')}"


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """Everything that a study depends on.

    Attributes
    ----------
    table : str
        Path of the exported data set, from the working directory.
    sha256 : str
        Of that file; empty: whatever it holds.
    folds : tuple of tuple of str
        Scaffolds that are tested together.
    seeds : tuple of int
        Of the training runs.
    inputs : tuple of str
        Of `stratified.INPUTS`.
    noises : tuple of float
        Levels, ascending.
    primary_noise : float
        One of them.
    draws : int
        Measurements of each test molecule at each level in each run.
    valid : float
        Share of the training molecules that choose thresholds and calibrate.
    valid_draws : int
        Measurements of each of these at each level.
    least_positives : int
        Of a functional group that is learnt.
    alpha : float
        Share of conformal sets that may miss.
    replicates, repetitions : int
        Of the bootstrap; of the checks by shuffling and planting.
    pretrain : PretrainConfig
    finetune : FinetuneConfig
    """

    table: str
    folds: tuple[tuple[str, ...], ...]
    sha256: str = ""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    inputs: tuple[str, ...] = INPUTS
    noises: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3)
    primary_noise: float = 0.1
    draws: int = 20
    valid: float = 0.1
    valid_draws: int = 4
    least_positives: int = 100
    alpha: float = 0.1
    replicates: int = 4000
    repetitions: int = 200
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    finetune: FinetuneConfig = field(default_factory=lambda: FinetuneConfig(task="multilabel"))

    def __post_init__(self) -> None:
        _check_folds(self.folds)
        _check_lists(self)
        for name in ("draws", "valid_draws", "least_positives", "replicates", "repetitions"):
            if getattr(self, name) < 1:
                raise StudyError(f"{name} = {getattr(self, name)}; give 1 or more")
        for name in ("valid", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise StudyError(f"{name} = {getattr(self, name):g}; give a share above 0, below 1")

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, in the order in which they are computed: fold after fold of a seed."""
        return tuple(
            Cell(fold, seed, given)
            for seed in self.seeds
            for fold in range(len(self.folds))
            for given in (*self.inputs, NEAREST)
        )

    @property
    def digest(self) -> str:
        """SHA-256 of all that results depend on; where the data lie is not part of it."""
        plain = {k: v for k, v in to_mapping(self).items() if k != "table"}
        for part in ("pretrain", "finetune"):
            for free in FREE:
                table, key = free.split(".")
                plain[part][table].pop(key, None)
        text = json.dumps([VERSION, plain], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def pretraining(self, given: str, seed: int) -> PretrainConfig:
        """Settings of the first part of a training."""
        own = self.pretrain
        return replace(
            own, data=_content(own.data, given), training=replace(own.training, seed=seed)
        )

    def finetuning(self, given: str, seed: int) -> FinetuneConfig:
        """Settings of the second part."""
        own, data = self.finetune, self.pretrain.data
        return replace(own, data=_content(data, given), training=replace(own.training, seed=seed))

    def repeated(self, seed: int) -> int:
        """Seed with which a run that diverged is repeated, once."""
        return AGAIN + self.seeds.index(seed)


def _content(data: Any, given: str) -> Any:
    content: Content = given  # type: ignore[assignment]  # names of inputs are names of contents
    return replace(data, content=content)


def read_config(path: Path | str) -> StudyConfig:
    """The configuration in a TOML file.

    Raises
    ------
    ConfigError, StudyError
        If it cannot be read, a key is unknown or a value has no meaning.
    """
    return config_from(read_toml(path))


def config_from(values: Mapping[str, Any]) -> StudyConfig:
    """A configuration from a mapping, as read from TOML.

    Examples
    --------
    >>> config = config_from({"table": "spectra.parquet", "folds": [["benzene"]], "seeds": [0]})
    >>> [str(cell) for cell in config.cells]
    ['0-0-ir', '0-0-raman', '0-0-both', '0-0-ir_twice', '0-0-nearest']
    """
    given = dict(values)
    for name in ("table", "folds"):
        if name not in given:
            raise ConfigError(f"{name}: missing; name the data set and the scaffolds of each fold")
    parts = {name: given.pop(name, {}) for name in ("model", "data", "training", "loss")}
    _refuse_own(parts, "")
    for name in ("pretrain", "finetune"):
        if name == "pretrain" and name in given:
            raise ConfigError(
                "pretrain: no such table; its settings are model, data, training, loss"
            )
    pretrain = PretrainConfig.from_mapping(parts)
    given["pretrain"] = to_mapping(pretrain)
    given["finetune"] = to_mapping(_finetune(given.get("finetune", {}), pretrain))
    return from_mapping(StudyConfig, given)


def _finetune(values: Any, pretrain: PretrainConfig) -> FinetuneConfig:
    if not isinstance(values, Mapping):
        raise ConfigError(f"finetune is {values!r}; give a table of settings")
    for name in ("data", "task"):
        if name in values:
            raise ConfigError(f"finetune.{name}: the study sets it; leave it out")
    _refuse_own(values, "finetune.")
    training = values.get("training", {})
    if isinstance(training, Mapping):
        # What is not said is as in pretraining, but for the rate.
        usual = to_mapping(replace(pretrain.training, learning_rate=3e-4))
        training = usual | dict(training)
    return FinetuneConfig.from_mapping(
        {**values, "task": "multilabel", "data": to_mapping(pretrain.data), "training": training}
    )


def _refuse_own(tables: Mapping[str, Any], where: str) -> None:
    for name, keys in _OWN.items():
        table = tables.get(name, {})
        for key in keys if isinstance(table, Mapping) else ():
            if key in table:
                raise ConfigError(f"{where}{name}.{key}: the study sets it; leave it out")


def _check_folds(folds: Sequence[Sequence[str]]) -> None:
    names = [name for fold in folds for name in fold]
    if not folds or not all(folds):
        raise StudyError("folds: a fold without scaffolds; give one list of names for each fold")
    if double := next((n for n in names if names.count(n) > 1), None):
        raise StudyError(f"folds: scaffold {double} is in two places; each is tested once")


def _check_lists(config: StudyConfig) -> None:
    for name in ("seeds", "inputs", "noises"):
        values = getattr(config, name)
        if not values or len(set(values)) < len(values):
            raise StudyError(f"{name} = {list(values)}; give one or more, none twice")
    if not all(0 <= seed < AGAIN for seed in config.seeds):
        raise StudyError(
            f"seeds = {list(config.seeds)}; give 0 to {AGAIN - 1}, those above repeat runs that "
            "diverge"
        )
    if unknown := set(config.inputs) - set(INPUTS):
        raise StudyError(f"inputs: {sorted(unknown)[0]!r}; choose {', '.join(INPUTS)}")
    if sorted(config.noises) != list(config.noises) or not all(
        0 < noise < math.inf for noise in config.noises
    ):
        raise StudyError(f"noises = {list(config.noises)}; give positive levels, ascending")
    if config.primary_noise not in config.noises:
        levels = ", ".join(f"{noise:g}" for noise in config.noises)
        raise StudyError(f"primary_noise = {config.primary_noise:g}; choose one of {levels}")
