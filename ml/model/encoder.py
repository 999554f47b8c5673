"""Transformer encoder: pre-norm blocks with separate q, k, v and o maps.

A. Vaswani et al., NeurIPS 30 (2017); norms in front as in R. Xiong et al., ICML 119, 10524
(2020). The four maps are separate linear layers so that adapters can be put on each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from .config import ModelConfig


class Attention(nn.Module):
    """Multi-head self-attention, (n, tokens, width) → the same."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.q, self.k, self.v, self.o = (nn.Linear(config.width, config.width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """What each token takes from all."""
        q, k, v = (self._split(each(x)) for each in (self.q, self.k, self.v))
        dropout = self.dropout if self.training else 0.0
        mixed = scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        out: Tensor = self.o(mixed.transpose(1, 2).reshape(x.shape))
        return out

    def _split(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        return x.reshape(n, tokens, self.heads, width // self.heads).transpose(1, 2)


class Block(nn.Module):
    """x + attention(norm x), then x + feed-forward(norm x)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        inner = config.expansion * config.width
        self.norm_attention, self.norm_feed = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attention = Attention(config)
        self.up, self.down = nn.Linear(config.width, inner), nn.Linear(inner, config.width)
        self.activation, self.dropout = nn.GELU(), nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens after one block."""
        x = x + self.dropout(self.attention(self.norm_attention(x)))
        out: Tensor = x + self.dropout(self.down(self.activation(self.up(self.norm_feed(x)))))
        return out


class Encoder(nn.Module):
    """Learnt positions, blocks and a last norm; (n, tokens, width) → the same.

    Tokens that are masked are replaced by one learnt vector before they get their position.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.empty(config.tokens, config.width))
        self.mask_token = nn.Parameter(torch.empty(config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        for parameter in (self.positions, self.mask_token):
            nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Encoded tokens; ``mask`` is (n, tokens), true where a token is hidden."""
        if mask is not None:
            tokens = torch.where(mask[:, :, None], self.mask_token.to(tokens.dtype), tokens)
        x = tokens + self.positions
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.norm(x)
        return out
