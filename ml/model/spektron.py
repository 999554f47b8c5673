"""The model: tokenizer, Transformer encoder, information bottleneck, heads."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .encoder import Encoder
from .gaps import across_gaps
from .heads import (
    Bottleneck,
    LabelHead,
    Latent,
    ReconstructionHead,
    RetrievalHead,
    classifier,
    reverse_gradient,
)
from .tokenizers import parameters_of, tokenizer


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the model makes of spectra.

    Attributes
    ----------
    tokens : (n, tokens, width) tensor
    chem : Latent
        What the substance says.
    inst : Latent
        What the instrument says.
    seen : (n, channels, points) tensor
        The spectra, with straight lines across what was hidden.
    hidden : (n, points) bool tensor
        What was hidden.
    """

    tokens: Tensor
    chem: Latent
    inst: Latent
    seen: Tensor
    hidden: Tensor

    def first(self, n: int) -> Encoded:
        """That of the first spectra."""
        chem, inst = (
            Latent(z.mean[:n], z.log_variance[:n], z.sample[:n]) for z in (self.chem, self.inst)
        )
        return Encoded(self.tokens[:n], chem, inst, self.seen[:n], self.hidden[:n])


class Spektron(nn.Module):
    """Spectra of one or two channels → latent vectors, reconstruction, labels.

    Parameters
    ----------
    config : ModelConfig

    Examples
    --------
    >>> import torch
    >>> from spektron.ml.model.config import sized
    >>> model = Spektron(sized("tiny")).eval()
    >>> model.encode(torch.zeros(1, 2, 1024)).chem.mean.shape
    torch.Size([1, 128])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer(config)
        self.encoder = Encoder(config)
        self.bottleneck = Bottleneck(config)
        self.reconstruction = ReconstructionHead(config)
        self.retrieval = RetrievalHead(config)
        self.instrument = classifier(config.z_inst, config.instruments)
        self.adversary = classifier(config.z_chem, config.instruments)
        self.label = LabelHead(config) if config.task != "none" else None

    @property
    def n_parameters(self) -> int:
        """Number of trainable numbers."""
        return parameters_of(self)

    def encode(self, spectra: Tensor, mask: Tensor | None = None) -> Encoded:
        """Tokens and latent vectors.

        Parameters
        ----------
        spectra : (n, channels, points) tensor
            The strongest point of each channel is 1.
        mask : (n, tokens) bool tensor, optional
            True for the tokens whose points are hidden.
        """
        hidden = torch.zeros_like(spectra[:, 0], dtype=torch.bool)
        if mask is not None:
            # The points themselves go, else a convolution would look past the edge of a mask.
            hidden = mask.repeat_interleave(self.config.stride, dim=1)
            spectra = across_gaps(spectra, hidden)
        tokens = self.encoder(self.tokenizer(spectra), mask)
        chem, inst = self.bottleneck(tokens)
        return Encoded(tokens, chem, inst, spectra, hidden)

    def reconstruct(self, encoded: Encoded) -> Tensor:
        """The whole spectrum, (n, channels, points)."""
        out: Tensor = self.reconstruction(
            encoded.tokens,
            encoded.chem.sample,
            encoded.inst.sample,
            encoded.seen,
            encoded.hidden,
        )
        return out

    def tell_instruments(self, encoded: Encoded, reversal: float) -> tuple[Tensor, Tensor]:
        """Logits of the instrument from z_inst, and from z_chem with the gradient reversed."""
        chem = reverse_gradient(encoded.chem.sample, reversal)
        return self.instrument(encoded.inst.sample), self.adversary(chem)

    def labels(self, encoded: Encoded) -> Tensor:
        """Outputs of the label head, (n, outputs).

        Raises
        ------
        RuntimeError
            If the model has none.
        """
        if self.label is None:
            raise RuntimeError("this model has no label head; build it with a task")
        out: Tensor = self.label(encoded.chem.sample)
        return out
