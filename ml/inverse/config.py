"""Settings of the inverse model and its training, as a TOML file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from ..forward.config import Nucleus
from ..model.config import ModelConfig, sized
from ..model.errors import ConfigError
from ..model.settings import filled, from_mapping, to_mapping
from ..training.config import DataConfig, TrainingConfig

Modality: TypeAlias = Literal["ir", "raman", "13C", "1H", "formula"]
MODALITIES: Final[tuple[Modality, ...]] = ("ir", "raman", "13C", "1H", "formula")
"""What a model can be given, in the order of every array of presences."""
SPECTRAL: Final = MODALITIES[:4]
"""Those of which at least one is needed."""
NUCLEI: Final[Mapping[Nucleus, int]] = {"13C": 6, "1H": 1}
PEAK_RANGE: Final[Mapping[Nucleus, tuple[float, float]]] = {
    "13C": (-20.0, 260.0),
    "1H": (-2.0, 16.0),
}
"""Shifts that a model understands, ppm."""
SHIFT_ERROR: Final[Mapping[Nucleus, float]] = MappingProxyType({"13C": 2.0, "1H": 0.15})
"""ppm; about the error of a computed shift."""
BEAM_WIDTH: Final = 300
"""Strings; a molecule has several, and a third of them are molecules."""
COMPARED: Final = 100
"""Candidates whose spectra and shifts are predicted."""
SAME_PEAK: Final[Mapping[Nucleus, float]] = {"13C": 0.1, "1H": 0.02}
"""ppm; nearer shifts are one peak, as they would be in a measured spectrum."""


@dataclass(frozen=True, slots=True)
class InverseModelConfig:
    """Architecture.

    Attributes
    ----------
    encoder : ModelConfig
        Of the spectra: the tokenizer and the Transformer of Spektron, with two channels.
    width, layers, heads, expansion : int
        Of the decoder.
    dropout : float
    longest : int
        Tokens of a SMILES, its end included.
    radial : int
        Gaussian functions that describe a chemical shift.
    stereo : bool
        Whether configurations are to be found.
    vocabulary : tuple of str
        Tokens; taken from the training part if empty.
    """

    encoder: ModelConfig = field(default_factory=lambda: sized("small"))
    width: int = 128
    layers: int = 3
    heads: int = 4
    expansion: int = 4
    dropout: float = 0.1
    longest: int = 72
    radial: int = 64
    stereo: bool = False
    vocabulary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("width", "layers", "heads", "expansion", "longest", "radial"):
            if getattr(self, name) < 1:
                raise ConfigError(f"model.{name} = {getattr(self, name)}; give 1 or more")
        if self.width % self.heads:
            raise ConfigError(f"model.width = {self.width} is no multiple of {self.heads} heads")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"model.dropout = {self.dropout:g}; give 0 or more, below 1")
        if self.encoder.channels != 2 or self.encoder.task != "none":
            raise ConfigError("model.encoder: give 2 channels (infrared, Raman) and no task")


@dataclass(frozen=True, slots=True)
class InverseLoss:
    """How the decoder is taught.

    Attributes
    ----------
    smoothing : float
        Share of the probability that is spread over all tokens.
    randomised : float
        Share of the molecules whose SMILES is written in a random order of atoms; the others
        are canonical.
    missing : float
        Probability that each spectrum or list of shifts is left out of a training sample; one
        always stays.
    no_formula : float
        The same for the formula.
    simulate : bool
        Show spectra through simulated instruments.
    """

    smoothing: float = 0.0
    randomised: float = 0.5
    missing: float = 0.3
    no_formula: float = 0.5
    simulate: bool = True

    def __post_init__(self) -> None:
        for name in ("smoothing", "randomised", "missing", "no_formula"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"loss.{name} = {getattr(self, name):g}; give 0 to 1")
        if self.smoothing == 1 or self.missing == 1:
            raise ConfigError("loss.smoothing, loss.missing = 1; give less")


@dataclass(frozen=True, slots=True)
class InverseConfig:
    """Everything that a run depends on, its data apart.

    Attributes
    ----------
    model : InverseModelConfig
    data : DataConfig
        ``content`` says which spectra there are at all.
    modalities : tuple of str
        What the model is given at all, of `MODALITIES`.
    shifts : "computed" or "experimental"
        Which shifts of the table.
    training : TrainingConfig
    loss : InverseLoss
    """

    model: InverseModelConfig = field(default_factory=InverseModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    modalities: tuple[Modality, ...] = MODALITIES
    shifts: Literal["computed", "experimental"] = "computed"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(batch=32))
    loss: InverseLoss = field(default_factory=InverseLoss)

    def __post_init__(self) -> None:
        if not set(self.modalities) & set(SPECTRAL):
            raise ConfigError(f"modalities: give at least one of {', '.join(SPECTRAL)}")
        if len(set(self.modalities)) < len(self.modalities):
            raise ConfigError("modalities: name each once")
        if self.data.content != "both":
            raise ConfigError("data.content: leave it at both; modalities say what is used")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> InverseConfig:
        """Settings from tables ``model`` (``encoder`` with ``size``), ``data``, ``training``.

        Raises
        ------
        ConfigError
            If a key is unknown or a value has no meaning.

        Examples
        --------
        >>> small = {"model": {"width": 64, "encoder": {"size": "tiny"}}}
        >>> config = InverseConfig.from_mapping(small)
        >>> config.model.width, config.model.encoder.width, config.training.batch
        (64, 64, 32)
        """
        given = dict(values)
        model = given.get("model")
        if isinstance(model, Mapping) and isinstance(model.get("encoder"), Mapping):
            encoder = to_mapping(ModelConfig.from_mapping(model["encoder"]))
            given["model"] = {**model, "encoder": encoder}
        return from_mapping(cls, filled(given, to_mapping(cls())))
