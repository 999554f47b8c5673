"""The decoder for many strings of few spectra: nothing is computed twice.

`InverseModel.decode` projects the whole memory for each string, and reads each string from its
beginning. Here keys and values of a spectrum are kept, its hidden tokens left out, and all its
strings ask them together; what a string has read is kept too, so that a token more costs one token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

from ..table import Int64
from .beam import Float64
from .network import InverseModel, Memory


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """A memory as the decoder asks it.

    Attributes
    ----------
    pairs : list of list of (keys, values)
        For each sample and each layer, (heads, m, width/heads); m tokens that are not hidden.
    """

    pairs: list[list[tuple[Tensor, Tensor]]]


def projected(model: InverseModel, memory: Memory) -> Projected:
    """Keys and values of each sample."""
    seen = [tokens[~hidden] for tokens, hidden in zip(memory.tokens, memory.hidden, strict=True)]
    return Projected([[_pair(layer, each) for layer in model.decoder.layers] for each in seen])


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What strings have read, as the decoder's own attention asks it.

    Attributes
    ----------
    pairs : list of (keys, values)
        For each layer, (s, heads, t, width/heads).
    """

    pairs: list[tuple[Tensor, Tensor]]

    def __len__(self) -> int:
        """Tokens that were read."""
        return self.pairs[0][0].shape[2]

    def take(self, strings: Int64) -> Past:
        """Of some strings, also repeated."""
        rows = torch.from_numpy(strings).to(self.pairs[0][0].device)
        return Past([(keys[rows], values[rows]) for keys, values in self.pairs])


def decode(
    model: InverseModel,
    memory: Projected,
    tokens: Int64,
    owners: Int64,
    past: Past | None = None,
) -> tuple[Tensor, Past]:
    """Logits as `InverseModel.decode` has them.

    Parameters
    ----------
    model : InverseModel
        In evaluation mode.
    memory : Projected
        Of n samples.
    tokens : (s, t) int64
        `BEGIN` first; `PAD` after the end. With a past, what follows it.
    owners : (s,) int64, ascending
        The sample of each.
    past : Past, optional
        What each of the strings has read before.

    Returns
    -------
    logits : (s, t, len(vocabulary)) tensor
    past : Past
        With these tokens.
    """
    strings = torch.from_numpy(tokens).to(model.device)
    before = len(past) if past is not None else 0
    length = strings.shape[1]
    x = model.symbols(strings) + model.positions[before : before + length]
    seen = torch.ones(length, before + length, dtype=torch.bool, device=x.device).tril(before)
    samples, counts = torch.unique_consecutive(torch.from_numpy(owners), return_counts=True)
    pairs = []
    for k, layer in enumerate(model.decoder.layers):
        own: Any = layer
        query, *pair = _own_projections(own, own.norm1(x))
        if past is not None:
            pair = [torch.cat(each, dim=2) for each in zip(past.pairs[k], pair, strict=True)]
        pairs.append((pair[0], pair[1]))
        mixed = scaled_dot_product_attention(query, pair[0], pair[1], attn_mask=seen)
        x = x + own.self_attn.out_proj(mixed.transpose(1, 2).flatten(2))
        asked = _query(own, own.norm2(x)).split(counts.tolist())
        taken = [
            _attended(q, *memory.pairs[sample][k])
            for q, sample in zip(asked, samples.tolist(), strict=True)
        ]
        x = x + own.multihead_attn.out_proj(torch.cat(taken))
        x = x + own.linear2(own.activation(own.linear1(own.norm3(x))))
    norm: Any = model.decoder.norm
    return model.out(norm(x)), Past(pairs)


@dataclass(slots=True, eq=False)
class Reader:
    """The next token of strings that grow by one token at a time; see `beam.Step`.

    Attributes
    ----------
    model : InverseModel
        In evaluation mode.
    memory : Projected
    """

    model: InverseModel
    memory: Projected
    _past: Past | None = None
    _places: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def __call__(self, prefixes: Int64, owners: Int64) -> Float64:
        """Logarithms of probabilities, (s, len(vocabulary)).

        Parameters
        ----------
        prefixes : (s, t) int64
            Each without its last token was a prefix of the last call; t = 1 begins.
        owners : (s,) int64, ascending
        """
        named = [(int(o), p.tobytes()) for o, p in zip(owners, prefixes, strict=True)]
        past = None
        if prefixes.shape[1] > 1:
            assert self._past is not None
            last = prefixes.dtype.itemsize
            parents = [self._places[owner, text[:-last]] for owner, text in named]
            past = self._past.take(np.array(parents))
        logits, self._past = decode(self.model, self.memory, prefixes[:, -1:], owners, past)
        self._places = {name: place for place, name in enumerate(named)}
        return np.asarray(torch.log_softmax(logits[:, -1].double(), dim=1).cpu().numpy())


def _pair(layer: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    _, *weights = layer.multihead_attn.in_proj_weight.chunk(3)
    _, *biases = layer.multihead_attn.in_proj_bias.chunk(3)
    heads = layer.multihead_attn.num_heads
    keys, values = (
        linear(tokens, w, b).unflatten(1, (heads, -1)).transpose(0, 1)
        for w, b in zip(weights, biases, strict=True)
    )
    return keys, values


def _own_projections(layer: Any, x: Tensor) -> list[Tensor]:
    """Queries, keys and values of a string's own tokens, each (s, heads, t, width/heads)."""
    attention = layer.self_attn
    parts = linear(x, attention.in_proj_weight, attention.in_proj_bias).chunk(3, dim=2)
    return [each.unflatten(2, (attention.num_heads, -1)).transpose(1, 2) for each in parts]


def _query(layer: Any, x: Tensor) -> Tensor:
    """(s, t, heads, width/heads)."""
    width, heads = x.shape[2], layer.multihead_attn.num_heads
    weight, bias = layer.multihead_attn.in_proj_weight, layer.multihead_attn.in_proj_bias
    return linear(x, weight[:width], bias[:width]).unflatten(2, (heads, -1))


def _attended(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """What strings of one sample take from it, (s, t, width)."""
    flat = query.flatten(0, 1).transpose(0, 1)
    mixed = scaled_dot_product_attention(flat[None], keys[None], values[None])[0]
    return mixed.transpose(0, 1).reshape(*query.shape[:2], -1)
