"""From one spectrum to ranked candidates with a confidence, or to "no candidate fits"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from .candidates import WIDTH, Candidate, Found, Origin, propose, with_library
from .confidence import Calibration, Ranked, lead_of, scores
from .consistency import Match, Predictor, match, widened
from .formulas import Formula, formula_of
from .inputs import Inputs
from .library import Library
from .network import InverseModel

Verdict: TypeAlias = Literal["answer", "no candidate fits", "not calibrated"]
COMPARED = 10
"""Candidates whose spectra are predicted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A candidate with what speaks for it.

    Attributes
    ----------
    smiles : str
        Canonical.
    formula : Formula
    log_probability : float
        By the decoder.
    consistency : float
        Mean similarity of predicted and observed spectra; NaN where there is none.
    score : float
        By which candidates are ranked.
    origin : "decoder", "library" or "both"
    match : Match
    """

    smiles: str
    formula: Formula
    log_probability: float
    consistency: float
    score: float
    origin: Origin
    match: Match


@dataclass(frozen=True, slots=True)
class Elucidation:
    """What can be said of a spectrum.

    Attributes
    ----------
    answers : tuple of Answer
        The best first.
    confidence : float
        That the first is right; NaN without a calibration.
    verdict : "answer", "no candidate fits" or "not calibrated"
    reason : str
        Why, in words.
    found : Found
        What the beam search gave.
    """

    answers: tuple[Answer, ...]
    confidence: float
    verdict: Verdict
    reason: str
    found: Found

    @property
    def top(self) -> str:
        """The first candidate if it is an answer; "" if none fits."""
        return self.answers[0].smiles if self.answers and self.verdict == "answer" else ""


def elucidate(
    model: InverseModel,
    inputs: Inputs,
    formula: Formula | None = None,
    *,
    predictor: Predictor | None = None,
    calibration: Calibration | None = None,
    library: Library | None = None,
    width: int = WIDTH,
    compared: int = COMPARED,
) -> Elucidation:
    """Candidates for one sample, ranked, with a confidence in the first.

    Parameters
    ----------
    model : InverseModel
    inputs : Inputs
        One sample.
    formula : Formula, optional
        All candidates have it. What the decoder sees of it is in ``inputs``.
    predictor : Predictor, optional
        Of the spectra of the likeliest candidates.
    calibration : Calibration, optional
        Its weight ranks; without one, or with one for other predicted spectra, candidates are
        ranked by log-probability, and there is no confidence.
    library : Library, optional
        With a formula, its molecules of that formula are candidates too.
    width : int
        Of the beam.
    compared : int
        Candidates whose spectra are predicted; the others stay behind these.

    Raises
    ------
    SpectraError
        If there is not one sample, or the formula cannot be answered.
    """
    found = propose(model, inputs, [formula], width=width)[0]
    if library is not None and formula is not None:
        found = with_library(model, inputs, found, library.candidates(formula))
    spectra = "" if predictor is None else predictor.name
    known = calibration if calibration is not None and calibration.predictor == spectra else None
    answers = ranked_answers(model, inputs, found.candidates, predictor, known, compared)
    confidence = confidence_in(answers, known)
    verdict, reason = _verdict(answers, confidence, calibration, formula, spectra)
    return Elucidation(answers, confidence, verdict, reason, found)


def ranked_answers(
    model: InverseModel,
    inputs: Inputs,
    candidates: Sequence[Candidate],
    predictor: Predictor | None,
    calibration: Calibration | None,
    compared: int = COMPARED,
) -> tuple[Answer, ...]:
    """Candidates of one sample with their consistency, the best first."""
    axis = model.config.encoder.axis
    observed = widened(inputs.spectra[0], axis)
    present = [bool(there) for there in inputs.present[0, :2]]
    weight = calibration.weight if calibration is not None else 0.0
    out = []
    for each in candidates[:compared]:
        fits = Match(float("nan"), missing="no spectrum was predicted")
        if predictor is not None:
            fits = match(predictor, each.smiles, observed, axis, present)
        score = float(scores([each.log_probability], [fits.value], weight)[0])
        out.append(_answer(each, fits, score))
    out.sort(key=lambda answer: (-answer.score, answer.smiles))
    behind = Match(float("nan"), missing="too unlikely to be compared")
    out += [_answer(each, behind, each.log_probability) for each in candidates[compared:]]
    return tuple(out)


def confidence_in(answers: Sequence[Answer], calibration: Calibration | None) -> float:
    """Confidence in the first answer; 0 without one, NaN without a calibration."""
    if calibration is None:
        return float("nan")
    if not answers:
        return 0.0
    lead = lead_of([each.score for each in answers[:2]])
    return float(calibration.confidence([lead], [answers[0].consistency])[0])


def as_ranked(answers: Sequence[Answer], truth: str) -> Ranked:
    """Answers as a calibration is fitted to them."""
    texts = [each.smiles for each in answers]
    return Ranked(
        np.array([each.log_probability for each in answers]),
        np.array([each.consistency for each in answers]),
        texts.index(truth) if truth in texts else -1,
    )


def _answer(each: Candidate, fits: Match, score: float) -> Answer:
    return Answer(
        each.smiles,
        formula_of(each.smiles),
        each.log_probability,
        fits.value,
        score,
        each.origin,
        fits,
    )


def _verdict(
    answers: Sequence[Answer],
    confidence: float,
    calibration: Calibration | None,
    formula: Formula | None,
    spectra: str,
) -> tuple[Verdict, str]:
    if not answers:
        of = f" of the formula {formula}" if formula is not None else ""
        return (
            "no candidate fits",
            f"the beam ended with no molecule{of}; a wider one may find some",
        )
    if calibration is None:
        return "not calibrated", "this checkpoint has no calibration: no confidence can be given"
    if calibration.predictor != spectra:
        made = calibration.predictor or "no predicted spectra"
        return (
            "not calibrated",
            f"its calibration is for {made}, not for {spectra or 'none'}; candidates are in the "
            "order of the decoder",
        )
    if confidence < calibration.threshold:
        return (
            "no candidate fits",
            f"confidence {confidence:.2f} is below the threshold {calibration.threshold:.2f}",
        )
    return "answer", f"confidence {confidence:.2f}, threshold {calibration.threshold:.2f}"
