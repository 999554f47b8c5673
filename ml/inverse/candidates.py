"""Candidates of the decoder: strings found by beam search, as molecules.

Random orders of atoms were learnt, so that a molecule has several strings. Its log-probability
is that of all its strings that were found, a lower bound of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import torch

from ..errors import SpectraError
from .beam import Float64, Hypothesis, beam_search
from .config import BEAM_WIDTH
from .decoding import Projected, Reader, decode, projected
from .formulas import Formula, formula_of
from .grammar import Grammar
from .inputs import Inputs
from .network import InverseModel, Memory
from .objective import string_arrays
from .smiles import canonical, is_neutral

Origin: TypeAlias = Literal["decoder", "library", "both"]
SCORED = 64
"""Strings per pass."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A molecule that may have the spectrum.

    Attributes
    ----------
    smiles : str
        Canonical.
    log_probability : float
        By the decoder.
    origin : "decoder", "library" or "both"
    """

    smiles: str
    log_probability: float
    origin: Origin = "decoder"


@dataclass(frozen=True, slots=True)
class Found:
    """What a beam search gives for one sample.

    Attributes
    ----------
    candidates : tuple of Candidate
        The likeliest first, each molecule once.
    strings, valid, fitting : int
        Strings that were finished; those that are a molecule; those that are neutral, closed-shell
        and of the wanted formula too.
    """

    candidates: tuple[Candidate, ...]
    strings: int
    valid: int
    fitting: int


def propose(
    model: InverseModel,
    inputs: Inputs,
    formulas: Sequence[Formula | None] | None = None,
    *,
    width: int = BEAM_WIDTH,
    alpha: float = 0.0,
) -> list[Found]:
    """Candidates for each sample.

    Parameters
    ----------
    model : InverseModel
    inputs : Inputs
        Of n samples.
    formulas : n Formula or None, optional
        Only molecules of the formula are found.
    width : int
        Of the beam.
    alpha : float
        Length penalty, see `beam.Hypothesis.score`.

    Raises
    ------
    SpectraError
        If a formula has an element that is not in the vocabulary, or no molecule.
    """
    wanted = list(formulas) if formulas is not None else [None] * len(inputs)
    grammar = Grammar(model.vocabulary)
    starts = [grammar.start(formula) for formula in wanted]
    with torch.no_grad():
        memory = projected(model, _encoded(model, inputs))
        beams = beam_search(
            Reader(model, memory),
            grammar,
            starts,
            width=width,
            longest=model.config.longest,
            alpha=alpha,
        )
    return [_as_found(model, beam, f) for beam, f in zip(beams, wanted, strict=True)]


def log_probabilities(model: InverseModel, inputs: Inputs, smiles: Sequence[str]) -> Float64:
    """Log-probability of the canonical string of molecules for one sample, (n,).

    Molecules that the model cannot write have −∞.

    Raises
    ------
    SpectraError
        If there is more than one sample.
    """
    if len(inputs) != 1:
        raise SpectraError(f"{len(inputs)} samples; give one")
    out = np.full(len(smiles), -np.inf)
    longest = model.config.longest
    places = [
        k
        for k, text in enumerate(smiles)
        if model.vocabulary.knows(text) and len(model.vocabulary.encode(text)) <= longest
    ]
    with torch.no_grad():
        memory = projected(model, _encoded(model, inputs))
        for first in range(0, len(places), SCORED):
            part = places[first : first + SCORED]
            out[part] = _scores(model, memory, [smiles[k] for k in part])
    return out


def with_library(
    model: InverseModel, inputs: Inputs, found: Found, library: Sequence[str]
) -> Found:
    """The candidates of one sample and further molecules, each with its log-probability."""
    own = {each.smiles for each in found.candidates}
    others = [text for text in dict.fromkeys(library) if text not in own]
    logs = log_probabilities(model, inputs, others)
    known = set(library)
    both = [
        replace(each, origin="both") if each.smiles in known else each for each in found.candidates
    ]
    both += [Candidate(t, float(v), "library") for t, v in zip(others, logs, strict=True)]
    return replace(found, candidates=tuple(sorted(both, key=_likeliest_first)))


def _encoded(model: InverseModel, inputs: Inputs) -> Memory:
    return model.eval().encode(inputs)


def _as_found(model: InverseModel, beam: Sequence[Hypothesis], formula: Formula | None) -> Found:
    best: dict[str, float] = {}
    valid = fitting = 0
    for each in beam:
        text = canonical(model.vocabulary.decode(each.tokens), stereo=model.config.stereo)
        if not text:
            continue
        valid += 1
        if not is_neutral(text):
            continue
        if formula is not None and formula_of(text) != formula:
            continue
        fitting += 1
        best[text] = float(np.logaddexp(best.get(text, -np.inf), each.log_probability))
    ordered = sorted((Candidate(t, v) for t, v in best.items()), key=_likeliest_first)
    return Found(tuple(ordered), len(beam), valid, fitting)


def _likeliest_first(each: Candidate) -> tuple[float, str]:
    return -each.log_probability, each.smiles


def _scores(model: InverseModel, memory: Projected, texts: Sequence[str]) -> Float64:
    before, after = string_arrays(model, texts)
    owners = np.zeros(len(texts), dtype=np.int64)
    logits = decode(model, memory, before, owners)[0].double()
    logs = torch.log_softmax(logits, dim=2).cpu().numpy()
    chosen = np.take_along_axis(logs, after[:, :, None], axis=2)[:, :, 0]
    return np.asarray((chosen * (after > 0)).sum(axis=1))
