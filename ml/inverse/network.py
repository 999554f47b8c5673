"""From spectra to SMILES: Spektron's encoder and a Transformer decoder that looks at it.

What the decoder sees, in this order: a token for each modality that says whether it is there,
the tokens of the spectra, a token for each NMR peak, and what the formula says inside its token.
A missing modality is blank and its tokens are hidden.

A. Vaswani et al., NeurIPS 30 (2017); norms in front as in R. Xiong et al., ICML 119, 10524
(2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..model.encoder import Encoder
from ..model.errors import CheckpointError
from ..model.settings import to_mapping
from ..model.tokenizers import parameters_of, tokenizer
from ..model.weights import load_model
from .config import MODALITIES, PEAK_RANGE, InverseModelConfig
from .inputs import Inputs
from .smiles import PAD, Vocabulary

_FORMULA = MODALITIES.index("formula")
_SHAPE = ("axis", "channels", "tokenizer", "tokenizer_parameters", "stride", "width", "layers",
          "heads", "expansion")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What the decoder looks at.

    Attributes
    ----------
    tokens : (n, m, width) tensor
    hidden : (n, m) bool tensor
        Tokens that are not there.
    """

    tokens: Tensor
    hidden: Tensor


class InverseModel(nn.Module):
    """Spectra, shifts and formula → probabilities of the next token of a SMILES.

    Parameters
    ----------
    config : InverseModelConfig
        With a vocabulary.
    """

    def __init__(self, config: InverseModelConfig) -> None:
        super().__init__()
        self.config, self.vocabulary = config, Vocabulary(config.vocabulary)
        width, inside = config.width, config.encoder.width
        self.tokenizer, self.encoder = tokenizer(config.encoder), Encoder(config.encoder)
        self.bridge = nn.Linear(inside, width)
        self.presence = nn.Embedding(2 * len(MODALITIES), width)
        self.formula = nn.Linear(2 * len(self.vocabulary.elements), width)
        self.peaks = nn.ModuleList(nn.Linear(config.radial, width) for _ in PEAK_RANGE)
        self.symbols = nn.Embedding(len(self.vocabulary), width, padding_idx=PAD)
        self.positions = nn.Parameter(torch.empty(config.longest, width))
        layer = nn.TransformerDecoderLayer(
            width,
            config.heads,
            config.expansion * width,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.decoder = nn.TransformerDecoder(layer, config.layers, nn.LayerNorm(width))
        self.out = nn.Linear(width, len(self.vocabulary))
        for parameter in (self.positions, self.presence.weight, self.symbols.weight):
            nn.init.trunc_normal_(parameter, std=0.02)
        # Copies of one layer begin alike otherwise.
        for parameter in self.decoder.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)

    @property
    def n_parameters(self) -> int:
        """Number of trainable numbers."""
        return parameters_of(self)

    @property
    def device(self) -> torch.device:
        """Where the numbers are."""
        return self.positions.device

    def encode(self, inputs: Inputs) -> Memory:
        """What the decoder looks at.

        Parameters
        ----------
        inputs : Inputs
            Whatever a missing modality holds has no influence.
        """
        blank = inputs.keep(inputs.present)
        present = torch.from_numpy(inputs.present).to(self.device)
        states = torch.arange(len(MODALITIES), device=self.device) * 2 + present.long()
        marks = self.presence(states)
        formula = self.formula(self._counts(blank)) * present[:, _FORMULA, None]
        place = torch.nn.functional.one_hot(
            torch.tensor(_FORMULA, device=self.device), len(MODALITIES)
        )
        marks = marks + place[None, :, None] * formula[:, None]
        tokens, hidden = [marks], [torch.zeros_like(present)]
        seen = present[:, 0] | present[:, 1]
        if seen.any():
            spectra = torch.from_numpy(np.ascontiguousarray(blank.spectra)).to(self.device)
            lines = self.bridge(self.encoder(self.tokenizer(spectra)))
            tokens.append(lines)
            hidden.append(~seen[:, None].expand(lines.shape[:2]))
        for layer, limits, peaks in zip(
            self.peaks, PEAK_RANGE.values(), (blank.carbon, blank.proton), strict=True
        ):
            shifts = torch.from_numpy(peaks).to(self.device)
            tokens.append(layer(_radial(shifts.nan_to_num(), limits, self.config.radial)))
            hidden.append(shifts.isnan())
        return Memory(torch.cat(tokens, dim=1), torch.cat(hidden, dim=1))

    def decode(self, memory: Memory, prefixes: Tensor) -> Tensor:
        """Logits of the token after each token of the prefixes.

        Parameters
        ----------
        memory : Memory
            Of n samples.
        prefixes : (n, t) int64 tensor
            `BEGIN` first; `PAD` after the end.

        Returns
        -------
        (n, t, len(vocabulary)) tensor
            At place k of the tokens up to k alone.
        """
        length = prefixes.shape[1]
        x = self.symbols(prefixes) + self.positions[:length]
        causal = torch.ones(length, length, dtype=torch.bool, device=prefixes.device).triu(1)
        # Tokens after the end look back only and are not counted: they need no mask of their own.
        seen = self.decoder(
            x,
            memory.tokens,
            tgt_mask=causal,
            memory_key_padding_mask=memory.hidden,
            tgt_is_causal=True,
        )
        out: Tensor = self.out(seen)
        return out

    def _counts(self, inputs: Inputs) -> Tensor:
        """Numbers of atoms, on two scales."""
        n = torch.from_numpy(inputs.formula).to(self.device, torch.float32)
        return torch.cat([n / 8, torch.log1p(n)], dim=1)


def warm_start(model: InverseModel, checkpoint: Path | str) -> None:
    """Give the encoder the weights of a pretrained Spektron.

    Parameters
    ----------
    model : InverseModel
    checkpoint : path
        File of `spektron.ml.training.pretrain`.

    Raises
    ------
    CheckpointError
        If it is none, or of an encoder of another shape.
    """
    known, _ = load_model(checkpoint)
    own, other = to_mapping(model.config.encoder), to_mapping(known.config)
    differ = [name for name in _SHAPE if own[name] != other[name]]
    if differ:
        name = differ[0]
        raise CheckpointError(
            f"{checkpoint}: its encoder has {name} = {other[name]}, the model to train "
            f"{own[name]}; set model.encoder.{name} alike"
        )
    model.tokenizer.load_state_dict(known.tokenizer.state_dict())
    model.encoder.load_state_dict(known.encoder.state_dict())


def _radial(shifts: Tensor, limits: tuple[float, float], n: int) -> Tensor:
    """Gaussian functions of shifts, (…, n)."""
    low, high = limits
    centres = torch.linspace(low, high, n, device=shifts.device)
    width = (high - low) / max(n - 1, 1)
    return torch.exp(-(((shifts[..., None] - centres) / width) ** 2) / 2)
