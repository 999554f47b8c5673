"""Low-rank adapters in the attention, by peft.

E. J. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR (2022): a frozen
matrix W becomes W + (α/r) B A with B = 0 at the start, so that nothing changes before training.
"""

from __future__ import annotations

import warnings
from typing import Any, Final

from ..model.packages import require
from ..model.spektron import Spektron

TARGETS: Final = r"encoder\.blocks\.\d+\.attention\.[qkvo]"
"""The maps that get adapters: queries, keys, values and outputs of every block."""


def with_adapters(model: Spektron, rank: int) -> Any:
    """The model with adapters; only these are trained.

    Parameters
    ----------
    model : Spektron
        Changed: its maps are wrapped in place.
    rank : int
        r; α is twice that.

    Returns
    -------
    peft.LoraModel
        Its ``model`` is the one given; `merged` ends it.

    Raises
    ------
    MissingPackage
        If peft is not installed.
    """
    require("peft")
    from peft import LoraConfig, LoraModel

    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=TARGETS, lora_dropout=0.0, bias="none"
    )
    with warnings.catch_warnings():
        # peft expects a language model and says so of every other.
        warnings.simplefilter("ignore")
        return LoraModel(model, config, "target")


def merged(adapted: Any) -> Spektron:
    """The model with its adapters added to the maps they belong to."""
    model: Spektron = adapted.merge_and_unload()
    return model.requires_grad_(True)
