"""What is read off the encoded tokens: two latent vectors, and from them everything else.

The variational information bottleneck is that of A. A. Alemi et al., ICLR (2017): each latent
vector is a normal distribution with diagonal covariance, drawn from in training; its mean is
used otherwise. Gradient reversal: Y. Ganin et al., J. Mach. Learn. Res. 17, 59 (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from .config import ModelConfig

LOG_VARIANCES = (-10.0, 4.0)
"""Range of ln σ² of a latent number."""
FIRST_LOG_VARIANCE = -6.0
"""Of an untrained model: nearly certain, so that training starts with a signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A normal distribution for each spectrum.

    Attributes
    ----------
    mean, log_variance : (n, dimensions) tensor
    sample : (n, dimensions) tensor
        Drawn in training; the mean otherwise.
    """

    mean: Tensor
    log_variance: Tensor
    sample: Tensor


class Bottleneck(nn.Module):
    """(n, tokens, width) → z_chem and z_inst.

    Each token contributes a few numbers, and these are kept apart by position: where a band is
    matters as much as how it looks.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.sizes = (config.z_chem, config.z_inst)
        self.squeeze = nn.Linear(config.width, config.squeeze)
        self.moments = nn.Linear(config.tokens * config.squeeze, 2 * sum(self.sizes))
        with torch.no_grad():
            self.moments.bias[sum(self.sizes) :] = FIRST_LOG_VARIANCE

    def forward(self, tokens: Tensor) -> tuple[Latent, Latent]:
        """Both latent vectors."""
        moments = self.moments(nn.functional.gelu(self.squeeze(tokens)).flatten(1)).float()
        mean, log_variance = moments.chunk(2, dim=1)
        log_variance = log_variance.clamp(*LOG_VARIANCES)
        sample = mean
        if self.training:
            sample = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        parts = (t.split(self.sizes, dim=1) for t in (mean, log_variance, sample))
        chem, inst = (Latent(*each) for each in zip(*parts, strict=True))
        return chem, inst


class ReconstructionHead(nn.Module):
    """Encoded tokens and both latent vectors → spectrum, (n, channels, points)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.channels, self.stride = config.channels, config.stride
        self.latent = nn.Linear(config.z_chem + config.z_inst, config.width)
        self.hidden = nn.Linear(config.width, config.width)
        self.out = nn.Linear(config.width, config.channels * config.stride)

    def forward(self, tokens: Tensor, chem: Tensor, inst: Tensor) -> Tensor:
        """The spectrum that the model believes in."""
        x = tokens + self.latent(torch.cat([chem, inst], dim=1))[:, None]
        cut = self.out(nn.functional.gelu(self.hidden(x)))
        n, count, _ = cut.shape
        whole = cut.reshape(n, count, self.channels, self.stride).transpose(1, 2)
        out: Tensor = whole.reshape(n, self.channels, count * self.stride)
        return out


class RetrievalHead(nn.Module):
    """z_chem → vectors of length 1, whose scalar product compares molecules."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.project = nn.Linear(config.z_chem, config.z_chem)
        self.log_scale = nn.Parameter(torch.tensor(2.7))

    def forward(self, chem: Tensor) -> Tensor:
        """Unit vectors, (n, z_chem)."""
        out: Tensor = normalize(self.project(chem), dim=1)
        return out

    def scale(self) -> Tensor:
        """Inverse temperature, at most 100."""
        return self.log_scale.clamp(max=4.605).exp()


class LabelHead(nn.Module):
    """z_chem → (n, outputs): standardised targets, or logits of classes or labels.

    Regression targets are trained as (y − ``centre``)/``spread``, which the head keeps.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(config.z_chem, config.z_chem)
        self.out = nn.Linear(config.z_chem, config.outputs)
        self.register_buffer("centre", torch.zeros(config.outputs))
        self.register_buffer("spread", torch.ones(config.outputs))

    def forward(self, chem: Tensor) -> Tensor:
        """Standardised targets or logits."""
        out: Tensor = self.out(nn.functional.gelu(self.hidden(chem)))
        return out

    def in_units(self, outputs: Tensor) -> Tensor:
        """Regression outputs in the unit of the labels."""
        return outputs * self.spread + self.centre


def classifier(inputs: int, classes: int) -> nn.Sequential:
    """A perceptron with one hidden layer, for telling instruments apart."""
    return nn.Sequential(nn.Linear(inputs, 64), nn.GELU(), nn.Linear(64, classes))


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """The same numbers; the gradient that comes back is multiplied by −``strength``."""
    return x.detach() * (1 + strength) - x * strength
