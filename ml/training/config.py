"""Settings of a training run, as a TOML file holds them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from ..broadening import Shape
from ..channels import Content, check_content
from ..instruments import InstrumentDistribution
from ..model.config import ModelConfig
from ..model.errors import ConfigError
from ..model.settings import filled, from_mapping, to_mapping
from ..splits import RELATIONS, Relation

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
Precision: TypeAlias = Literal["auto", "fp32", "bf16"]
Task: TypeAlias = Literal["regression", "classification", "multilabel"]
FREE: Final = ("training.log_every", "training.workers", "training.tensorboard", "data.table")
"""Settings that may change when a run is taken up again: no result depends on them.

Older runs have ``data.table``, which nothing reads.
"""
PARTS: Final = (
    "reconstruction",
    "beta",
    "contrastive",
    "invariance",
    "instrument",
    "adversary",
    "sinkhorn",
)
"""Weights of the parts of the pretraining loss."""


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Spectra of a run.

    Attributes
    ----------
    content : "both", "ir", "raman", "ir twice" or "raman twice"
    fwhm : float, cm⁻¹
    shape : "lorentzian" or "gaussian"
    train, valid, test : float
        Shares of the molecules, adding up to 1.
    relations : tuple of str
        What keeps molecules together in a split, see `splits`.
    split_seed : int
    instruments : InstrumentDistribution
        Simulated instruments; their number is ``model.instruments``.
    """

    content: Content = "both"
    fwhm: float = 10.0
    shape: Shape = "lorentzian"
    train: float = 0.8
    valid: float = 0.1
    test: float = 0.1
    relations: tuple[Relation, ...] = RELATIONS
    split_seed: int = 0
    instruments: InstrumentDistribution = field(default_factory=InstrumentDistribution)

    def __post_init__(self) -> None:
        _check(self, "data.", ("split_seed",), lambda x: x >= 0, "0 or more")
        _check(self, "data.", ("fwhm",), _positive, "more than 0, for example 10")
        _check(self, "data.", ("train", "valid", "test"), lambda x: 0 <= x <= 1, "a share, 0 to 1")
        _check(self, "data.", ("shape",), lambda x: x in get_args(Shape), "lorentzian or gaussian")
        total = sum(self.fractions.values())
        if not math.isclose(total, 1):
            raise ConfigError(
                f"data.train + data.valid + data.test = {total:g}; give shares that add up to 1"
            )

    @property
    def fractions(self) -> dict[str, float]:
        """Share of each part that is not empty."""
        shares = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: share for name, share in shares.items() if share}


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Steps, rates and where to compute.

    Attributes
    ----------
    seed : int
    steps : int
    batch : int
        Molecules per step.
    learning_rate : float
        Highest, after ``warmup`` steps; it falls by a cosine to ``final`` times this.
    warmup : int
    final : float
    weight_decay : float
        On matrices only.
    clip : float
        Largest norm of the gradient.
    device : "auto", "cpu" or "cuda"
    precision : "auto", "fp32" or "bf16"
        Auto is bf16 on a GPU that has it, fp32 otherwise.
    checkpoint_every, log_every : int, steps
    validate_every : int, steps
        0 for the end only.
    workers : int
        Threads that prepare batches ahead; -1 for as many as fit the device.
    tensorboard : bool
    """

    seed: int = 0
    steps: int = 1000
    batch: int = 64
    learning_rate: float = 1e-3
    warmup: int = 50
    final: float = 0.05
    weight_decay: float = 0.02
    clip: float = 1.0
    device: Device = "auto"
    precision: Precision = "auto"
    checkpoint_every: int = 200
    log_every: int = 20
    validate_every: int = 0
    workers: int = -1
    tensorboard: bool = False

    def __post_init__(self) -> None:
        counts = ("steps", "batch", "checkpoint_every", "log_every")
        _check(self, "training.", counts, lambda x: x >= 1, "1 or more")
        others = ("seed", "warmup", "weight_decay", "validate_every")
        _check(self, "training.", others, lambda x: x >= 0, "0 or more")
        _check(self, "training.", ("learning_rate", "clip"), _positive, "more than 0")
        _check(self, "training.", ("final",), lambda x: 0 <= x <= 1, "0 or more, at most 1")
        _check(self, "training.", ("workers",), lambda x: x >= -1, "0 or more, or -1")


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Weights of the parts of the pretraining loss; 0 leaves a part out.

    Attributes
    ----------
    reconstruction : float
        Of the hidden points; 1 is the error of the mean spectrum.
    reconstructed : float
        Share of the molecules of a batch whose hidden points are asked for, which takes most of
        the time of a step of a small model.
    mask : float
        Share of the tokens that are hidden in one of the two views.
    span : int
        Neighbouring tokens that are hidden together.
    target : "measured" or "clean"
        Whether the spectrum to be found has the instrument in it.
    beta : float
        Final weight of the KL divergence of both latent vectors, nats summed over dimensions.
    anneal : float
        Share of the steps in which beta and the reversal grow to their final value.
    contrastive : float
    instrument, adversary : float
        Instrument classifiers on z_inst and, with the gradient reversed, on z_chem.
    reversal : float
        Final factor on the reversed gradient.
    sinkhorn : float
        Sinkhorn divergence between z_chem of two halves of the instruments.
    blur : float
        Its length scale, in units of z/√dimensions.
    invariance : float
        Share of the variance of z_chem between two views of one molecule.
    erase : int
        Further simulated instruments on which molecules of the training part are measured at the
        end, to take from z_chem what linearly tells instruments apart (see `erasure`); 0 leaves
        it as it is.
    """

    reconstruction: float = 1.0
    reconstructed: float = 1.0
    mask: float = 0.25
    span: int = 2
    target: Literal["measured", "clean"] = "measured"
    beta: float = 1e-3
    anneal: float = 0.3
    contrastive: float = 0.3
    instrument: float = 0.1
    adversary: float = 0.1
    reversal: float = 1.0
    sinkhorn: float = 0.1
    blur: float = 0.1
    invariance: float = 0.0
    erase: int = 0

    def __post_init__(self) -> None:
        _check(self, "loss.", (*PARTS, "reversal", "erase"), lambda x: x >= 0, "0 or more")
        _check(self, "loss.", ("erase",), lambda x: x != 1, "2 instruments or more, or 0")
        share = "a share above 0, at most 1"
        _check(self, "loss.", ("reconstructed",), lambda x: 0 < x <= 1, share)
        _check(self, "loss.", ("mask",), lambda x: 0 < x < 1, "a share above 0, below 1")
        _check(self, "loss.", ("anneal",), lambda x: 0 <= x <= 1, "a share, 0 to 1")
        _check(self, "loss.", ("span",), lambda x: x >= 1, "1 or more")
        _check(self, "loss.", ("blur",), _positive, "more than 0")
        if not any(getattr(self, name) for name in PARTS):
            raise ConfigError(
                f"loss: nothing is left to learn from; give one of {', '.join(PARTS)} more than 0"
            )


@dataclass(frozen=True, slots=True)
class PretrainConfig:
    """Everything that a pretraining run depends on, its data apart."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    loss: LossConfig = field(default_factory=LossConfig)

    def __post_init__(self) -> None:
        check_content(self.data.content, self.model.channels)
        if self.model.task != "none":
            raise ConfigError("model.task: pretraining has no labels; leave it out")
        tokens, span = self.model.tokens, self.loss.span
        if span >= tokens:
            raise ConfigError(
                f"loss.span = {span} hides all {tokens} tokens of a spectrum (model.axis.points = "
                f"{self.model.axis.points}, model.stride = {self.model.stride}); give a shorter "
                "span or a smaller stride"
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> PretrainConfig:
        """Settings from tables ``model`` (with ``size``), ``data``, ``training``, ``loss``.

        Raises
        ------
        ConfigError
            If a key is unknown or a value has no meaning.
        """
        return _with_model(cls, values)


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """Everything that fine-tuning depends on, data and checkpoint apart.

    Attributes
    ----------
    task : "regression", "classification" or "multilabel"
    frozen : bool
        Train the label head alone.
    simulate : bool
        Show each spectrum through simulated instruments; no for measured spectra.
    beta : float
        Weight of the KL divergence of z_chem.
    """

    task: Task = "regression"
    frozen: bool = False
    simulate: bool = True
    beta: float = 1e-4
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(learning_rate=3e-4))

    def __post_init__(self) -> None:
        tasks = get_args(Task)
        _check(self, "", ("task",), lambda x: x in tasks, f"one of {', '.join(tasks)}")
        _check(self, "", ("beta",), lambda x: x >= 0, "0 or more")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> FinetuneConfig:
        """Settings from the keys above and tables ``data`` and ``training``.

        Raises
        ------
        ConfigError
            If a key is unknown or a value has no meaning.
        """
        return from_mapping(cls, filled(values, to_mapping(cls())))


def read_toml(path: Path | str) -> dict[str, Any]:
    """The settings in a TOML file.

    Raises
    ------
    ConfigError
        If it cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no TOML: {error}") from None


def _check(
    settings: Any, where: str, names: Sequence[str], fits: Callable[[Any], bool], wanted: str
) -> None:
    """Refuse the first of some settings that does not fit; NaN never does."""
    for name in names:
        value = getattr(settings, name)
        if not fits(value):
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            raise ConfigError(f"{where}{name} = {shown}; give {wanted}")


def _positive(value: float) -> bool:
    return 0 < value < math.inf


def _with_model(kind: type[PretrainConfig], values: Mapping[str, Any]) -> PretrainConfig:
    given = dict(values)
    model = given.get("model", {})
    if isinstance(model, Mapping):
        given["model"] = to_mapping(ModelConfig.from_mapping(model))
    return from_mapping(kind, given)
