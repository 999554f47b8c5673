"""What is read off the encoded tokens: two latent vectors, and from them everything else.

The variational information bottleneck is that of A. A. Alemi et al., ICLR (2017): each latent
vector is a normal distribution with diagonal covariance, drawn from in training; its mean is
used otherwise. Gradient reversal: Y. Ganin et al., J. Mach. Learn. Res. 17, 59 (2016).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from .config import ModelConfig
from .erasure import Erasure
from .tokenizers import INPUT_SCALE

LOG_VARIANCES = (-10.0, 4.0)
"""Range of ln σ² of a latent number."""
FIRST_LOG_VARIANCE = -6.0
"""Of an untrained model: nearly certain, so that training starts with a signal."""

FIRST_LOGIT = 3.0
"""Of the share of a straight line in an untrained reconstruction: 95 %."""
SMALL_START = 0.1
"""Factor on the usual first weights of what is added to that line."""
FEATURES = 8
"""Numbers that a token says of each of its points."""
FILTERS, REACH, DILATIONS = 32, 9, (1, 2, 4, 1)
"""Of the convolutions that fill gaps; together they see 65 points."""


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
    matters as much as how it looks. At the end of training ``erasure`` takes from z_chem what is
    left of the instruments.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.sizes = (config.z_chem, config.z_inst)
        self.squeeze = nn.Linear(config.width, config.squeeze)
        self.moments = nn.Linear(config.tokens * config.squeeze, 2 * sum(self.sizes))
        self.erasure = Erasure(config.z_chem)
        with torch.no_grad():
            self.moments.bias[sum(self.sizes) :] = FIRST_LOG_VARIANCE

    def forward(self, tokens: Tensor) -> tuple[Latent, Latent]:
        """Both latent vectors."""
        moments = self.moments(nn.functional.gelu(self.squeeze(tokens)).flatten(1)).float()
        mean, log_variance = moments.chunk(2, dim=1)
        log_variance = log_variance.clamp(*LOG_VARIANCES)
        chem_mean, inst_mean = mean.split(self.sizes, dim=1)
        mean = torch.cat([self.erasure(chem_mean), inst_mean], dim=1)
        sample = mean
        if self.training:
            sample = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        parts = (t.split(self.sizes, dim=1) for t in (mean, log_variance, sample))
        chem, inst = (Latent(*each) for each in zip(*parts, strict=True))
        return chem, inst


class ReconstructionHead(nn.Module):
    """Encoded tokens and both latent vectors → spectrum, (n, channels, points).

    What is found is added to a share of the straight line across each gap, a share that is found
    too. A few convolutions see the line, where the gaps are, and what the tokens and latent
    vectors say of each point: how a band goes on beyond the edge of a gap is the same anywhere
    on the axis, and need not be learnt for each place.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.latent = nn.Linear(config.z_chem + config.z_inst, config.width)
        self.hidden = nn.Linear(config.width, config.width)
        self.out = nn.Linear(config.width, FEATURES * config.stride)
        inner = (FILTERS,) * (len(DILATIONS) - 1)
        widths = (config.channels + 1 + FEATURES, *inner, 2 * config.channels)
        layers: list[nn.Module] = []
        for (before, after), dilation in zip(itertools.pairwise(widths), DILATIONS, strict=True):
            layers += [nn.GELU()] if layers else []
            reach = REACH // 2 * dilation
            layers += [nn.Conv1d(before, after, REACH, padding=reach, dilation=dilation)]
        self.local = nn.Sequential(*layers)
        last = layers[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        with torch.no_grad():
            last.weight *= SMALL_START
            last.bias.zero_()
            last.bias[config.channels :] = FIRST_LOGIT

    def forward(
        self, tokens: Tensor, chem: Tensor, inst: Tensor, seen: Tensor, hidden: Tensor
    ) -> Tensor:
        """The spectrum that the model believes in.

        Parameters
        ----------
        tokens, chem, inst : tensor
            (n, tokens, width), (n, z_chem), (n, z_inst).
        seen : (n, channels, points) tensor
            With straight lines across gaps.
        hidden : (n, points) bool tensor
            Where the gaps are.
        """
        x = tokens + self.latent(torch.cat([chem, inst], dim=1))[:, None]
        cut = self.out(nn.functional.gelu(self.hidden(x)))
        features = cut.reshape(len(cut), seen.shape[2], FEATURES).transpose(1, 2)
        known = torch.cat([seen * INPUT_SCALE, hidden[:, None].to(seen.dtype)], dim=1)
        added, share = self.local(torch.cat([known, features.to(seen.dtype)], dim=1)).chunk(2, 1)
        out: Tensor = added / INPUT_SCALE + torch.sigmoid(share) * seen
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
