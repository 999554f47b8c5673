"""The shape of a Spektron model: what is needed to build it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from ..broadening import Axis
from .errors import ConfigError
from .settings import filled, from_mapping, to_mapping

Tokenizer: TypeAlias = Literal["cnn", "patch"]
Task: TypeAlias = Literal["none", "regression", "classification", "multilabel"]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Architecture.

    Attributes
    ----------
    channels : 1 or 2
        Infrared and Raman, or one of them.
    axis : Axis, cm⁻¹
        Of every spectrum the model sees.
    tokenizer : "cnn" or "patch"
    tokenizer_parameters : int
        Number of parameters that the tokenizer is to have, as nearly as whole widths allow; 0
        for its usual size (one linear map of a patch; convolutions up from width/8 filters).
    stride : int
        Points per token, a power of two.
    width, layers, heads, expansion : int
        Of the Transformer encoder; the feed-forward part is ``expansion`` times wider. Without
        layers the tokenizer alone sees the spectrum.
    dropout : float
    z_chem, z_inst : int
        Dimensions of the two latent vectors.
    squeeze : int
        Numbers that each token contributes to the latent vectors.
    instruments : int
        Instruments that are told apart.
    task : "none", "regression", "classification" or "multilabel"
        Of the label head.
    outputs : int
        Of the label head: targets, classes or labels.
    """

    channels: int = 2
    axis: Axis = field(default_factory=Axis)
    tokenizer: Tokenizer = "cnn"
    tokenizer_parameters: int = 0
    stride: int = 16
    width: int = 128
    layers: int = 4
    heads: int = 4
    expansion: int = 4
    dropout: float = 0.0
    z_chem: int = 128
    z_inst: int = 64
    squeeze: int = 8
    instruments: int = 8
    task: Task = "none"
    outputs: int = 0

    def __post_init__(self) -> None:
        for name in ("width", "heads", "expansion", "z_chem", "z_inst", "squeeze"):
            if getattr(self, name) < 1:
                raise ConfigError(f"model.{name} = {getattr(self, name)}; give 1 or more")
        if self.layers < 0:
            raise ConfigError(f"model.layers = {self.layers}; give 0 or more")
        if self.channels not in (1, 2):
            raise ConfigError(f"model.channels = {self.channels}; a spectrum has 1 or 2")
        if self.stride < 2 or self.stride & (self.stride - 1):
            raise ConfigError(f"model.stride = {self.stride}; give a power of two, 2 or more")
        if self.axis.points % self.stride:
            raise ConfigError(
                f"model.axis.points = {self.axis.points} is no multiple of the stride "
                f"{self.stride}; give {self.axis.points // self.stride * self.stride}"
            )
        if self.width % self.heads:
            raise ConfigError(f"model.width = {self.width} is no multiple of {self.heads} heads")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"model.dropout = {self.dropout:g}; give 0 or more, below 1")
        if self.instruments < 2:
            raise ConfigError(f"model.instruments = {self.instruments}; give 2 or more")
        if self.tokenizer_parameters < 0:
            raise ConfigError(
                f"model.tokenizer_parameters = {self.tokenizer_parameters}; give 0 or more"
            )
        if (self.task == "none") != (self.outputs == 0):
            raise ConfigError(f"model.outputs = {self.outputs} for the task {self.task}")

    @property
    def tokens(self) -> int:
        """Tokens per spectrum."""
        return self.axis.points // self.stride

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ModelConfig:
        """A size (``size = "tiny"``; small by default) with what is to differ from it.

        Raises
        ------
        ConfigError
            If a key is unknown or a value has no meaning.

        Examples
        --------
        >>> ModelConfig.from_mapping({"size": "tiny", "channels": 1}).width
        64
        """
        given = dict(values)
        base = to_mapping(sized(given.pop("size", "small")))
        return from_mapping(cls, base | filled(given, base), "model")


SIZES: Final[Mapping[str, ModelConfig]] = MappingProxyType(
    {
        "tiny": ModelConfig(stride=32, width=64, layers=2),
        "small": ModelConfig(),
        "base": ModelConfig(axis=Axis(points=2048), width=384, layers=8, heads=6, squeeze=16),
    }
)
"""tiny for tests and demonstrations, small for a CPU, base for a GPU."""


def sized(name: str) -> ModelConfig:
    """A model of one of the `SIZES`.

    Raises
    ------
    ConfigError
        If there is no such size.
    """
    if name not in SIZES:
        raise ConfigError(f"model.size = {name!r}; choose {', '.join(SIZES)}")
    return SIZES[name]
