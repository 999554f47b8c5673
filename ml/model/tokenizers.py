"""From a spectrum to tokens: convolutions, or raw patches. Both give the same shapes."""

from __future__ import annotations

import itertools
import math

from torch import Tensor, nn

from .config import ModelConfig

KERNEL = 5
INPUT_SCALE = 10.0
"""Brings spectra whose strongest point is 1, of root mean square 0.05 to 0.1, to about 1."""


class CnnTokenizer(nn.Module):
    """Strided convolutions, each halving the length, with doubling numbers of filters.

    (n, channels, points) → (n, tokens, width).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = cnn_widths(config)
        layers: list[nn.Module] = []
        for k, (before, after) in enumerate(itertools.pairwise(widths)):
            layers += [nn.GELU()] if k else []
            layers += [nn.Conv1d(before, after, KERNEL, stride=2, padding=KERNEL // 2)]
        self.layers = nn.Sequential(*layers)

    def forward(self, spectra: Tensor) -> Tensor:
        """Tokens of spectra."""
        out: Tensor = self.layers(spectra * INPUT_SCALE)
        return out.transpose(1, 2)


class PatchTokenizer(nn.Module):
    """A linear map of each patch, or two with a hidden layer where a size is asked for.

    (n, channels, points) → (n, tokens, width).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.stride = config.stride
        patch, hidden = config.channels * config.stride, patch_hidden(config)
        self.layers = (
            nn.Sequential(nn.Linear(patch, hidden), nn.GELU(), nn.Linear(hidden, config.width))
            if hidden
            else nn.Linear(patch, config.width)
        )

    def forward(self, spectra: Tensor) -> Tensor:
        """Tokens of spectra."""
        out: Tensor = self.layers(patches(spectra * INPUT_SCALE, self.stride))
        return out


def tokenizer(config: ModelConfig) -> nn.Module:
    """The tokenizer of a model, its biases 0 and its maps such that they keep the scale.

    Most points of a spectrum are nearly 0: with torch's usual start the biases drown what
    differs between molecules, and contrast finds nothing to begin with.
    """
    new = CnnTokenizer(config) if config.tokenizer == "cnn" else PatchTokenizer(config)
    for module in new.modules():
        if isinstance(module, (nn.Conv1d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return new


def patches(spectra: Tensor, stride: int) -> Tensor:
    """Spectra cut in pieces: (n, channels, points) → (n, tokens, channels · stride)."""
    n, channels, points = spectra.shape
    cut = spectra.reshape(n, channels, points // stride, stride)
    return cut.transpose(1, 2).reshape(n, points // stride, channels * stride)


def cnn_widths(config: ModelConfig) -> tuple[int, ...]:
    """Filters of each layer, with the channels in front."""
    budget = config.tokenizer_parameters
    usual = max(config.width // 8, 1)
    filters = usual
    if budget:
        candidates = range(1, config.width + 1)
        filters = min(candidates, key=lambda f: abs(_cnn_size(_widths(config, f)) - budget))
    return _widths(config, filters)


def patch_hidden(config: ModelConfig) -> int:
    """Width of the hidden layer of a patch tokenizer; 0 for none."""
    if not config.tokenizer_parameters:
        return 0
    patch = config.channels * config.stride
    return max(1, round((config.tokenizer_parameters - config.width) / (patch + 1 + config.width)))


def parameters_of(module: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def _widths(config: ModelConfig, filters: int) -> tuple[int, ...]:
    layers = int(math.log2(config.stride))
    inner = [min(filters * 2**k, config.width) for k in range(layers - 1)]
    return (config.channels, *inner, config.width)


def _cnn_size(widths: tuple[int, ...]) -> int:
    return sum(b * (KERNEL * a + 1) for a, b in itertools.pairwise(widths))
