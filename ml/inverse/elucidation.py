"""From one spectrum to ranked candidates with a confidence, or to "no candidate fits"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from .candidates import Candidate, Found, Origin, propose, with_library
from .confidence import GROUNDS, Bool, Calibration, Ranked, grounds_of
from .config import BEAM_WIDTH, COMPARED
from .consistency import Evidence, Match, evidence_of, match
from .formulas import Formula, formula_of
from .inputs import Inputs
from .library import Library
from .network import InverseModel
from .predictors import PeakPredictor, Predictor, remembered, remembered_peaks
from .smiles import place_of

Verdict: TypeAlias = Literal["answer", "no candidate fits", "not calibrated"]


@dataclass(frozen=True, slots=True)
class Predictors:
    """By what candidates are compared with what was observed; None for what is not.

    Attributes
    ----------
    spectra : Predictor or None
    shifts : PeakPredictor or None
    """

    spectra: Predictor | None = None
    shifts: PeakPredictor | None = None

    @property
    def names(self) -> tuple[str, str]:
        """Of both; empty for none."""
        return (
            "" if self.spectra is None else self.spectra.name,
            "" if self.shifts is None else self.shifts.name,
        )

    @property
    def remembered(self) -> Predictors:
        """The same, asked once for each molecule."""
        return Predictors(
            None if self.spectra is None else remembered(self.spectra),
            None if self.shifts is None else remembered_peaks(self.shifts),
        )

    def made_for(self, calibration: Calibration) -> bool:
        """Whether a calibration was made with these."""
        return (calibration.predictor, calibration.shifts) == self.names


NONE = Predictors()
REFINED: Final = 10
"""Candidates that a slow predictor compares once more."""
BEHIND = Match(missing="too unlikely to be compared")


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
    match : Match
        Predicted beside observed spectra and shifts.
    score : float
        By which candidates are ranked, the log-probability without a calibration; NaN where nothing
        was compared.
    probability : float
        That it is the right one; NaN without a calibration, and where nothing was compared.
    origin : "decoder", "library" or "both"
    """

    smiles: str
    formula: Formula
    log_probability: float
    match: Match
    score: float
    probability: float
    origin: Origin

    @property
    def consistency(self) -> float:
        """Mean similarity of predicted and observed spectra; NaN where there is none."""
        return self.match.consistency


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
    measured: Bool | None = None,
    predictors: Predictors = NONE,
    calibration: Calibration | None = None,
    library: Library | None = None,
    width: int = BEAM_WIDTH,
    compared: int = COMPARED,
    refined_by: Predictor | None = None,
) -> Elucidation:
    """Candidates for one sample, ranked, with a confidence in the first.

    Parameters
    ----------
    model : InverseModel
    inputs : Inputs
        One sample.
    formula : Formula, optional
        All candidates have it. What the decoder sees of it is in ``inputs``.
    measured : (2, points) bool, optional
        Where infrared and Raman were measured; everywhere if not given.
    predictors : Predictors
        Of spectra and shifts of the likeliest candidates.
    calibration : Calibration, optional
        Ranks and gives probabilities. One for other predictors or another search ranks only, and
        so does any with a library or ``refined_by``; without one candidates are ranked by
        log-probability.
    library : Library, optional
        With a formula, its molecules of that formula are candidates too.
    width : int
        Of the beam.
    compared : int
        Candidates whose spectra are predicted, the likeliest; the others come behind these.
    refined_by : Predictor, optional
        Of the spectra of the `REFINED` best, which are ranked once more; too slow for all.

    Raises
    ------
    SpectraError
        If there is not one sample, or the formula cannot be answered.
    """
    found = propose(model, inputs, [formula], width=width)[0]
    if library is not None and formula is not None:
        found = with_library(model, inputs, found, library.candidates(formula))
    doubt = _doubt(calibration, predictors, width, compared, library, refined_by)
    known = calibration if calibration is not None and not doubt else None
    seen, given = evidence_of(inputs, model.config.encoder.axis, measured), inputs.present[0]
    answers = ranked_answers(
        found.candidates, seen, given, predictors, calibration, compared, sure=not doubt
    )
    if refined_by is not None:
        best = [each.smiles for each in answers[:REFINED]]
        near = [each for each in found.candidates if each.smiles in best]
        slow = Predictors(refined_by, predictors.shifts)
        again = ranked_answers(near, seen, given, slow, calibration, REFINED, sure=False)
        answers = again + answers[REFINED:]
    confidence = confidence_in(answers, known)
    verdict, reason = _verdict(answers, confidence, known, doubt, formula)
    return Elucidation(answers, confidence, verdict, reason, found)


def ranked_answers(
    candidates: Sequence[Candidate],
    evidence: Evidence,
    present: Bool,
    predictors: Predictors = NONE,
    calibration: Calibration | None = None,
    compared: int = COMPARED,
    *,
    sure: bool = True,
) -> tuple[Answer, ...]:
    """Candidates of one sample beside the evidence, the best first.

    Parameters
    ----------
    candidates : sequence of Candidate
        The likeliest first.
    evidence : Evidence
    present : (5,) bool
        Which of `config.MODALITIES` were given.
    predictors : Predictors
    calibration : Calibration, optional
        Ranks; without one the log-probability does.
    compared : int
    sure : bool
        Whether the calibration gives probabilities too.
    """
    near = candidates[:compared]
    fits = [match(each.smiles, evidence, predictors.spectra, predictors.shifts) for each in near]
    scores = np.array([each.log_probability for each in near])
    chances = np.full(len(near), math.nan)
    if calibration is not None:
        grounds = [
            _grounds(each.log_probability, fit) for each, fit in zip(near, fits, strict=True)
        ]
        scores = calibration.scores(grounds)
        if sure:
            chances = calibration.probabilities(scores, present)
    out = [
        Answer(c.smiles, formula_of(c.smiles), c.log_probability, f, float(s), float(p), c.origin)
        for c, f, s, p in zip(near, fits, scores, chances, strict=True)
    ]
    out.sort(key=lambda answer: (-answer.score, answer.smiles))
    nan = math.nan
    out += [
        Answer(c.smiles, formula_of(c.smiles), c.log_probability, BEHIND, nan, nan, c.origin)
        for c in candidates[compared:]
    ]
    return tuple(out)


def confidence_in(answers: Sequence[Answer], calibration: Calibration | None) -> float:
    """Confidence in the first answer; 0 without one, NaN without a calibration."""
    if calibration is None:
        return math.nan
    return answers[0].probability if answers else 0.0


def as_ranked(answers: Sequence[Answer], truth: str, present: Bool) -> Ranked:
    """Answers that were compared, as a calibration is fitted to them."""
    near = [each for each in answers if each.match is not BEHIND]
    grounds = [_grounds(each.log_probability, each.match) for each in near]
    return Ranked(
        np.array(grounds, dtype=float).reshape(-1, len(GROUNDS)),
        np.asarray(present, dtype=bool),
        place_of(truth, (each.smiles for each in near)),
    )


def _grounds(log_probability: float, fits: Match) -> tuple[float, ...]:
    return grounds_of(log_probability, fits.ir, fits.raman, fits.carbon, fits.proton)


def _doubt(
    calibration: Calibration | None,
    predictors: Predictors,
    width: int,
    compared: int,
    library: Library | None,
    refined_by: Predictor | None,
) -> str:
    """Why a calibration says nothing here; empty if it does."""
    if calibration is None:
        return "this checkpoint has no calibration: no confidence can be given"
    asked, own = (width, compared), (calibration.width, calibration.compared)
    if not predictors.made_for(calibration):
        made, have = (
            " and ".join(name for name in names if name) or "nothing predicted"
            for names in ((calibration.predictor, calibration.shifts), predictors.names)
        )
        reason = f"its calibration is for {made}, not for {have}"
    elif asked != own:
        reason = (
            f"its calibration is for a beam of {own[0]} and {own[1]} compared candidates, not for "
            f"{asked[0]} and {asked[1]}"
        )
    elif refined_by is not None:
        known = calibration.predictor or "nothing predicted"
        reason = f"its calibration is for {known}, not for {refined_by.name}"
    elif library is not None:
        reason = "its calibration is for candidates of the decoder, not for those of a library"
    else:
        return ""
    return f"{reason}; candidates are ranked by its weights, and none has a probability"


def _verdict(
    answers: Sequence[Answer],
    confidence: float,
    calibration: Calibration | None,
    doubt: str,
    formula: Formula | None,
) -> tuple[Verdict, str]:
    if not answers:
        of = f" of the formula {formula}" if formula is not None else ""
        return (
            "no candidate fits",
            f"the beam ended with no molecule{of}; a wider one may find some",
        )
    if calibration is None:
        return "not calibrated", doubt
    if confidence < calibration.threshold:
        return (
            "no candidate fits",
            f"confidence {confidence:.2f} is below the threshold {calibration.threshold:.2f}",
        )
    return "answer", f"confidence {confidence:.2f}, threshold {calibration.threshold:.2f}"
