"""Settings of the forward models and their training, as a TOML file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from ...pointgroup.molecules.isotopes import atomic_number
from ..broadening import Axis
from ..model.errors import ConfigError
from ..model.settings import filled, from_mapping, to_mapping
from ..splits import RELATIONS, Relation
from ..training.config import TrainingConfig

Kind: TypeAlias = Literal["grid", "force field", "shifts"]
ELEMENTS: Final = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br")
Nucleus: TypeAlias = Literal["13C", "1H"]
NUCLEI: Final[Mapping[str, int]] = {"13C": 6, "1H": 1}
"""Atomic number of each nucleus whose shift is predicted."""


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Architecture of a forward model.

    Attributes
    ----------
    kind : "grid", "force field" or "shifts"
        Curves on a grid; force constants and intensity tensors, from which modes follow; NMR
        shifts of atoms.
    elements : tuple of str
        Vocabulary. A molecule with another element is refused.
    width, layers : int
        Features per atom, and interactions.
    radial : int
        Radial functions.
    cutoff : float, Å
    axis : Axis, cm⁻¹
        Of the predicted curves.
    fwhm : float, cm⁻¹
        Width of the Lorentzian lines of the predicted curves.
    nuclei : tuple of "13C", "1H"
        For shifts.
    """

    kind: Kind = "grid"
    elements: tuple[str, ...] = ELEMENTS
    width: int = 64
    layers: int = 3
    radial: int = 20
    cutoff: float = 5.0
    axis: Axis = field(default_factory=lambda: Axis(200.0, 3800.0, 721))
    fwhm: float = 20.0
    nuclei: tuple[Nucleus, ...] = ("13C", "1H")

    def __post_init__(self) -> None:
        for name in ("width", "layers", "radial"):
            if getattr(self, name) < 1:
                raise ConfigError(f"model.{name} = {getattr(self, name)}; give 1 or more")
        if self.cutoff <= 0 or self.fwhm <= 0:
            raise ConfigError(
                f"model.cutoff = {self.cutoff:g}, model.fwhm = {self.fwhm:g}; give more than 0"
            )
        if not self.elements or len(set(self.elements)) != len(self.elements):
            raise ConfigError("model.elements: give each element once, at least one")
        for symbol in self.elements:
            atomic_number(symbol)
        if self.kind == "shifts" and not self.nuclei:
            raise ConfigError("model.nuclei is empty; give 13C, 1H or both")

    @property
    def numbers(self) -> tuple[int, ...]:
        """Atomic numbers of the vocabulary."""
        return tuple(atomic_number(symbol) for symbol in self.elements)


@dataclass(frozen=True, slots=True)
class ForwardData:
    """Molecules of a run.

    Attributes
    ----------
    train, valid, test : float
        Shares of the molecules.
    relations : tuple of str
        What keeps molecules together in a split, see `spektron.ml.splits`.
    split_seed : int
    limit : int
        Molecules of the training part that are used, 0 for all: for learning curves. A smaller
        number is a subset of a larger one.
    """

    train: float = 0.8
    valid: float = 0.1
    test: float = 0.1
    relations: tuple[Relation, ...] = RELATIONS
    split_seed: int = 0
    limit: int = 0

    def __post_init__(self) -> None:
        for name in ("limit", "split_seed"):
            if getattr(self, name) < 0:
                raise ConfigError(f"data.{name} = {getattr(self, name)}; give 0 or more")

    @property
    def fractions(self) -> dict[str, float]:
        """Share of each part that is not empty."""
        shares = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: share for name, share in shares.items() if share}


@dataclass(frozen=True, slots=True)
class ForwardLoss:
    """Weights of the parts of the loss of spectra; 0 leaves a part out.

    Attributes
    ----------
    ir, raman : float
        1 − cosine similarity of the curves.
    wide : float
        The same after a convolution by a Lorentzian of FWHM ``blur``, for lines that are still
        far from their place.
    blur : float, cm⁻¹
    total : float
        Of the absolute logarithm of the ratio of areas.
    lines : float
        Mean error of the sorted wavenumbers over 100 cm⁻¹; for the kind "force field".
    """

    ir: float = 1.0
    raman: float = 1.0
    wide: float = 0.5
    blur: float = 80.0
    total: float = 0.05
    lines: float = 3.0

    def __post_init__(self) -> None:
        for name in ("ir", "raman", "wide", "total", "lines"):
            if getattr(self, name) < 0:
                raise ConfigError(f"loss.{name} = {getattr(self, name):g}; give 0 or more")
        if self.blur <= 0:
            raise ConfigError(f"loss.blur = {self.blur:g}; give more than 0")


@dataclass(frozen=True, slots=True)
class ForwardConfig:
    """Everything that a forward model depends on, its data apart."""

    model: NetworkConfig = field(default_factory=NetworkConfig)
    data: ForwardData = field(default_factory=ForwardData)
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(batch=16))
    loss: ForwardLoss = field(default_factory=ForwardLoss)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ForwardConfig:
        """Settings from tables ``model``, ``data``, ``training``, ``loss``.

        Raises
        ------
        ConfigError
            If a key is unknown or a value has no meaning.

        Examples
        --------
        >>> ForwardConfig.from_mapping({"model": {"kind": "shifts"}}).training.batch
        16
        """
        return from_mapping(cls, filled(values, to_mapping(cls())))
