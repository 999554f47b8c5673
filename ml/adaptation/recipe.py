"""What is trained, how long, and what may be left out: the settings of a neural method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ..instruments import InstrumentDistribution
from ..model.config import ModelConfig
from ..model.errors import ConfigError
from ..transfer.pretreatment import Pretreatment

Reading: TypeAlias = Literal["plain", "centred", "mapped"]
Moved: TypeAlias = Literal["nothing", "all", "lora"]

NEAR_INFRARED: Final = InstrumentDistribution(
    shift=1.0,
    stretch=1e-3,
    broadening=0.0,
    resolution=6.0,
    gain=0.0,
    tilt=0.02,
    baseline=0.02,
    fluorescence=0.0,
    noise_low=2e-5,
    noise_high=2e-4,
)
"""Simulated near infrared spectrometers; what is in cm⁻¹ elsewhere is in channels here."""

DERIVATIVE: Final = Pretreatment(derivative=1, window=15)

SHAPE: Final = ModelConfig(
    channels=1,
    tokenizer="cnn",
    stride=8,
    width=32,
    layers=2,
    heads=4,
    expansion=2,
    z_chem=32,
    z_inst=16,
    squeeze=4,
    instruments=8,
)
"""A network for sixty spectra. Its axis and label head are those of the data."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a neural method.

    Attributes
    ----------
    shape : ModelConfig
        Of the network; the axis becomes that of the spectra, the task regression.
    pretreatment : Pretreatment
    points : int
        Of the network's axis: the pretreated spectra are resampled to that many, upwards to a
        multiple of the stride, but to no more than they have. Near infrared bands are wide.
    instruments : InstrumentDistribution
        Simulated instruments on which the master's spectra are seen; lengths in channels.
    seed : int
    members : int
        Networks, of seeds ``seed``, ``seed`` + 1 …, whose predictions are averaged.
    pretraining : int
        Steps of masked reconstruction and contrast on the master's spectra; 0 for none.
    calibration : int
        Steps on the master's reference values.
    batch : int
        Spectra in a step of either, at most as many as there are.
    beta : float
        Weight of the information bottleneck in every phase; 0 for none.
    sinkhorn : float
        Weight in pretraining of the Sinkhorn divergence between simulated instruments; 0 for none.
    rate : float
        Highest learning rate of pretraining and calibration.
    reading : "plain", "centred" or "mapped"
        Of target spectra: as they are; with the mean difference of the instruments taken away; or
        through a shrunken local map to the master, `transfer.localmap`. The last two are found
        from the transfer samples; centred, without any, from the unlabelled spectra.
    test_time : int
        Steps of masked reconstruction on target spectra, labels unused, before the adaptation.
    each : int
        Such steps for each spectrum alone when it is predicted.
    test_rate : float
        Highest learning rate of test-time training.
    moved : "nothing", "all" or "lora"
        What the adaptation trains: no weight, every weight, or adapters in the attention.
    rank : int
        Of the adapters.
    steps : int
        Of the adaptation.
    step_rate : float
        Its highest learning rate.
    alignment : float
        Weight in the adaptation of the Sinkhorn divergence between master and target; 0 for none.
    labels, replay, differences : float
        Weights in the adaptation of the errors on target spectra of the transfer samples, on
        master spectra, and on master spectra to which random combinations of the differences
        between the instruments were added.
    amplitude : float
        Standard deviation of the factors of these differences.
    """

    shape: ModelConfig = SHAPE
    pretreatment: Pretreatment = field(default=DERIVATIVE)
    points: int = 256
    instruments: InstrumentDistribution = field(default=NEAR_INFRARED)
    seed: int = 0
    members: int = 1
    pretraining: int = 100
    calibration: int = 400
    batch: int = 24
    beta: float = 1e-4
    sinkhorn: float = 0.1
    rate: float = 2e-3
    reading: Reading = "plain"
    test_time: int = 0
    each: int = 0
    test_rate: float = 1e-3
    moved: Moved = "nothing"
    rank: int = 4
    steps: int = 150
    step_rate: float = 1e-3
    alignment: float = 0.0
    labels: float = 1.0
    replay: float = 0.0
    differences: float = 0.0
    amplitude: float = 1.0

    def __post_init__(self) -> None:
        least = {"members": 1, "calibration": 1, "batch": 2, "rank": 1, "seed": 0, "points": 4}
        least |= dict.fromkeys(("pretraining", "test_time", "each", "steps"), 0)
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise ConfigError(f"{name} = {getattr(self, name)}; give {smallest} or more")
        for name in (
            "beta",
            "sinkhorn",
            "alignment",
            "labels",
            "replay",
            "differences",
            "amplitude",
        ):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ConfigError(f"{name} = {getattr(self, name):g}; give 0 or more")
        for name in ("rate", "step_rate", "test_rate"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ConfigError(f"{name} = {getattr(self, name):g}; give more than 0")
        if self.shape.channels != 1:
            raise ConfigError(
                f"a network with {self.shape.channels} channels; a calibration has one spectrum "
                "per sample, use channels = 1"
            )
        if self.reading not in ("plain", "centred", "mapped"):
            raise ConfigError(f"reading = {self.reading!r}; choose plain, centred or mapped")
        if self.moved not in ("nothing", "all", "lora"):
            raise ConfigError(f"moved = {self.moved!r}; choose nothing, all or lora")
        if self.moved != "nothing" and not (self.labels or self.replay or self.differences):
            raise ConfigError(
                "an adaptation without labels, replay and differences forgets the calibration; "
                "give one of them a weight"
            )

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages that it needs."""
        moves = self.moved != "nothing"
        transport = (self.sinkhorn and self.pretraining) or (self.alignment and moves)
        wanted = {"geomloss": bool(transport), "peft": self.moved == "lora"}
        return ("torch", *(name for name, needed in wanted.items() if needed))
