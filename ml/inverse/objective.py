"""What is trained: the next token of a SMILES, given part of what is known of the molecule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..instruments import Instrument, generator
from ..table import Int64
from ..training.sources import TEST, VIEWS, rows_of_step
from .config import InverseConfig
from .corpus import Corpus
from .inputs import Inputs, drop
from .network import InverseModel
from .smiles import BEGIN, PAD, randomised

VALIDATED = 32
"""Molecules per pass where nothing is trained."""


@dataclass(frozen=True, slots=True, eq=False)
class StringBatch:
    """Samples and the strings to find.

    Attributes
    ----------
    inputs : Inputs
    before, after : (n, t) int64
        Tokens with `BEGIN` in front, and the token that follows each; filled up with `PAD`.
    """

    inputs: Inputs
    before: Int64
    after: Int64


@dataclass(frozen=True, slots=True, eq=False)
class InverseObjective:
    """The objective of the inverse model; see `spektron.ml.training.loop.Objective`.

    Attributes
    ----------
    model : InverseModel
    config : InverseConfig
    corpus : Corpus
    train, valid : (n,) int64
        Rows of the corpus.
    instruments : sequence of Instrument
        Simulated ones; none to show spectra as they are.
    """

    model: InverseModel
    config: InverseConfig
    corpus: Corpus
    train: Int64
    valid: Int64
    instruments: Sequence[Instrument]

    @property
    def per_step(self) -> int:
        """Molecules in each step."""
        return self.config.training.batch

    def batch(self, step: int) -> StringBatch:
        """Molecules of a step, each with what it keeps and an order of its atoms."""
        training, loss = self.config.training, self.config.loss
        rows, epoch = rows_of_step(self.train, step, training.batch, training.seed)
        draws = [generator(training.seed, VIEWS, int(row), epoch) for row in rows]
        inputs = self._seen(rows, draws)
        kept = [
            drop(present, draw, missing=loss.missing, no_formula=loss.no_formula)
            for present, draw in zip(inputs.present, draws, strict=True)
        ]
        texts = [self._written(int(row), draw) for row, draw in zip(rows, draws, strict=True)]
        return self._strings(inputs.keep(np.stack(kept)), texts)

    def loss(self, batch: StringBatch, step: int, device: str) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy per token."""
        logits = self._logits(batch)
        after = torch.from_numpy(batch.after).to(logits.device)
        found = logits.float().flatten(0, 1)
        smoothing = self.config.loss.smoothing
        error = cross_entropy(found, after.flatten(), ignore_index=PAD, label_smoothing=smoothing)
        there = after != PAD
        hits = ((logits.argmax(dim=2) == after) & there).sum() / there.sum()
        return error, {"error": error.detach(), "next token": hits.detach()}

    def finish(self) -> dict[str, float]:
        """Nothing is left to do."""
        return {}

    def validate(self, device: str) -> dict[str, float]:
        """Cross-entropy per token, and how often the next one is right; all that is known given.

        The strings are canonical.
        """
        total = right = n = 0.0
        for start in range(0, len(self.valid), VALIDATED):
            rows = self.valid[start : start + VALIDATED]
            draws = [generator(0, TEST, 2, int(row)) for row in rows]
            texts = [self.corpus.smiles[int(row)] for row in rows]
            batch = self._strings(self._seen(rows, draws), texts)
            logits = self._logits(batch).float()
            after = torch.from_numpy(batch.after).to(logits.device)
            there = after != PAD
            total += float(
                cross_entropy(
                    logits.flatten(0, 1), after.flatten(), ignore_index=PAD, reduction="sum"
                )
            )
            right += float(((logits.argmax(dim=2) == after) & there).sum())
            n += float(there.sum())
        return {"valid/error": total / n, "valid/next token": right / n}

    def _logits(self, batch: StringBatch) -> Tensor:
        before = torch.from_numpy(batch.before).to(self.model.device)
        return self.model.decode(self.model.encode(batch.inputs), before)

    def _seen(self, rows: Int64, draws: Sequence[np.random.Generator]) -> Inputs:
        elements = self.model.vocabulary.elements
        if not self.instruments:
            return self.corpus.inputs(rows, elements)
        chosen = [self.instruments[int(d.integers(len(self.instruments)))] for d in draws]
        return self.corpus.inputs(rows, elements, chosen, draws)

    def _written(self, row: int, draw: np.random.Generator) -> str:
        """The SMILES that is to be found; canonical where a random one cannot be written."""
        text = self.corpus.smiles[row]
        seed, share = int(draw.integers(1, 2**31 - 1)), draw.random()
        if share >= self.config.loss.randomised:
            return text
        other = randomised(text, seed)
        fits = self.model.vocabulary.knows(other)
        return other if fits and self._length(other) <= self.model.config.longest else text

    def _length(self, text: str) -> int:
        return len(self.model.vocabulary.encode(text))

    def _strings(self, inputs: Inputs, texts: Sequence[str]) -> StringBatch:
        before, after = string_arrays(self.model, texts)
        return StringBatch(inputs, before, after)


def string_arrays(model: InverseModel, texts: Sequence[str]) -> tuple[Int64, Int64]:
    """Tokens with `BEGIN` in front, and what follows each; (n, t) int64, filled with `PAD`.

    Raises
    ------
    SpectraError
        If a token is not in the vocabulary.
    """
    encoded = [model.vocabulary.encode(text) for text in texts]
    longest = max(map(len, encoded))
    after = np.full((len(texts), longest), PAD, dtype=np.int64)
    for row, tokens in enumerate(encoded):
        after[row, : len(tokens)] = tokens
    before = np.concatenate([np.full((len(texts), 1), BEGIN), after[:, :-1]], axis=1)
    return before, after
