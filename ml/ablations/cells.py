"""What is compared, as a list of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from ..model.errors import ConfigError

Study: TypeAlias = Literal["tokenizer", "corn", "few-shot"]
STUDIES: Final[tuple[Study, ...]] = get_args(Study)
"""What can be compared."""

PARTS: Final = ("full", "no pretraining", "no VIB", "no OT", "no TTT", "no LoRA")
"""The whole neural method, and the same without one of its parts."""
TRANSDUCTIVE: Final = "full, transductive TTT"
"""Test-time training on the test spectra themselves, which the protocol does not allow."""
CLASSICAL: Final = ("default", "pds", "ds", "sbc")
"""Methods of the benchmark beside them."""
TARGETS: Final = ("mp5", "mp6")
TOKENIZERS: Final = ("cnn", "patch")
LONGER: Final = "scratch, longer"
"""From scratch, with the steps of the pretraining added to those on labels."""
STARTS: Final = ("pretrained", "scratch", LONGER)
SHARES: Final = (1, 10, 100)
"""Percent of the training molecules that have labels."""
KINDS: Final = ("ir", "raman")
"""What is fine-tuned on; pretrained is on infrared spectra, so that Raman is a transfer."""
LEAST_SEEDS: Final = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """One training and what is measured of it.

    Attributes
    ----------
    study : "tokenizer", "corn" or "few-shot"
    variant : str
        What is compared.
    condition : str
        Under which circumstances.
    seed : int
    """

    study: Study
    variant: str
    condition: str
    seed: int

    @property
    def name(self) -> str:
        """A name for files."""
        text = f"{self.study}-{self.variant}-{self.condition}-{self.seed}"
        return "".join(c if c.isalnum() or c == "-" else "_" for c in text)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much each training of molecules may cost; the same for all variants.

    Attributes
    ----------
    molecules : int
        Taken from the table at random, by a fixed seed; 0 for all.
    pretraining, finetuning : int
        Steps.
    batch : int
        Molecules per step.
    """

    molecules: int = 0
    pretraining: int = 600
    finetuning: int = 400
    batch: int = 32

    def __post_init__(self) -> None:
        for name, least in (("molecules", 0), ("pretraining", 1), ("finetuning", 1), ("batch", 2)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} = {getattr(self, name)}; give {least} or more")


def cells_of(
    studies: Sequence[str], seeds: Sequence[int], *, named: Sequence[str] = ()
) -> list[Cell]:
    """All cells of some studies, seed after seed, so that every variant has the same seeds early.

    Parameters
    ----------
    studies : sequence of str
    seeds : sequence of int
        On corn also that of the split.
    named : sequence of str
        Further methods of the benchmark on corn.

    Raises
    ------
    ConfigError
        If a study is unknown or a seed negative.

    Examples
    --------
    >>> len(cells_of(["tokenizer"], range(5)))
    10
    """
    unknown = [name for name in studies if name not in STUDIES]
    if unknown:
        raise ConfigError(f"unknown study {unknown[0]!r}; choose {', '.join(STUDIES)}")
    if not seeds or min(seeds) < 0:
        raise ConfigError(f"seeds {list(seeds)}; give one or more, from 0")
    out: list[Cell] = []
    for study in STUDIES:
        if study in studies:
            out += [
                Cell(study, variant, condition, seed)
                for seed in seeds
                for variant, condition in _compared(study, named)
            ]
    return out


def _compared(study: Study, named: Sequence[str]) -> list[tuple[str, str]]:
    if study == "tokenizer":
        return [(each, "ir and raman") for each in TOKENIZERS]
    if study == "corn":
        variants = dict.fromkeys((*PARTS, TRANSDUCTIVE, *CLASSICAL, *named))
        return [(variant, target) for variant in variants for target in TARGETS]
    return [(start, f"{kind} {share}") for kind in KINDS for share in SHARES for start in STARTS]
