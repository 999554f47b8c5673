"""The decoder for many strings of few spectra: what it looks at is projected once.

`InverseModel.decode` projects the whole memory for each string and each step. Here keys and values
of a spectrum are kept, its hidden tokens left out, and all its strings ask them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

from ..table import Int64
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


def decode(model: InverseModel, memory: Projected, prefixes: Int64, owners: Int64) -> Tensor:
    """Logits as `InverseModel.decode` has them.

    Parameters
    ----------
    model : InverseModel
        In evaluation mode.
    memory : Projected
        Of n samples.
    prefixes : (s, t) int64
        `BEGIN` first; `PAD` after the end.
    owners : (s,) int64, ascending
        The sample of each.

    Returns
    -------
    (s, t, len(vocabulary)) tensor
    """
    tokens = torch.from_numpy(prefixes).to(model.device)
    length = tokens.shape[1]
    x = model.symbols(tokens) + model.positions[:length]
    causal = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
    samples, counts = torch.unique_consecutive(torch.from_numpy(owners), return_counts=True)
    for k, layer in enumerate(model.decoder.layers):
        own: Any = layer
        y = own.norm1(x)
        x = x + own.self_attn(y, y, y, attn_mask=causal, is_causal=True, need_weights=False)[0]
        asked = _query(own, own.norm2(x)).split(counts.tolist())
        seen = [
            _attended(q, *memory.pairs[sample][k])
            for q, sample in zip(asked, samples.tolist(), strict=True)
        ]
        x = x + own.multihead_attn.out_proj(torch.cat(seen))
        x = x + own.linear2(own.activation(own.linear1(own.norm3(x))))
    norm: Any = model.decoder.norm
    out: Tensor = model.out(norm(x))
    return out


def _pair(layer: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    _, *weights = layer.multihead_attn.in_proj_weight.chunk(3)
    _, *biases = layer.multihead_attn.in_proj_bias.chunk(3)
    heads = layer.multihead_attn.num_heads
    keys, values = (
        linear(tokens, w, b).unflatten(1, (heads, -1)).transpose(0, 1)
        for w, b in zip(weights, biases, strict=True)
    )
    return keys, values


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
