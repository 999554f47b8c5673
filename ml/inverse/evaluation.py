"""How often the inverse model is right, what it invents, and when it had better be silent.

A molecule counts as found where its canonical SMILES is (without configurations, unless the model
has learnt them). Everything is measured on rows that are named; whether they were trained on is
for the split to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..errors import SpectraError
from ..instruments import Instrument, InstrumentDistribution, draw_instruments, generator
from ..table import Int64
from .candidates import Found, propose
from .confidence import (
    LEAST_CONFIDENCE,
    Calibration,
    Coverage,
    Float64,
    Ranked,
    coverage_curve,
    reliability,
)
from .config import BEAM_WIDTH, COMPARED, SPECTRAL
from .consistency import evidence_of
from .corpus import Corpus
from .elucidation import (
    NONE,
    Answer,
    Predictors,
    as_ranked,
    confidence_in,
    ranked_answers,
)
from .formulas import Formula, formula_of
from .inputs import Bool, Inputs, marks
from .library import Library
from .network import InverseModel
from .smiles import has_rings, heavy_atoms, place_of

TOPS: Final = (1, 3, 10)
PROPOSED: Final = (1, 10, COMPARED)
"""Places in the order of the decoder."""
TEST: Final = 3
"""Counter of random numbers: measurements of an evaluation."""
SIZES: Final = ((1, 6), (7, 9), (10, 14), (15, 10_000))
"""Heavy atoms."""
BATCH: Final = 8
"""Samples per beam search."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the model is given.

    Attributes
    ----------
    given : tuple of str
        Of `config.MODALITIES`; with "formula" only molecules of the formula are found.
    instruments : InstrumentDistribution or None
        Simulated instruments; None for spectra as they are.
    name : str
    """

    given: tuple[str, ...]
    instruments: InstrumentDistribution | None = None
    name: str = ""

    def __str__(self) -> str:
        return self.name or " + ".join(self.given)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Answers for one molecule.

    Attributes
    ----------
    row : int
    truth : str
    found : Found
    answers : tuple of Answer
    confidence : float
        NaN without a calibration.
    present : (5,) bool
        Which of `config.MODALITIES` were given.
    """

    row: int
    truth: str
    found: Found
    answers: tuple[Answer, ...]
    confidence: float
    present: Bool

    @property
    def place(self) -> int:
        """Of the true molecule among the answers, from 0; −1 if it is not there."""
        return place_of(self.truth, (each.smiles for each in self.answers))

    @property
    def proposed(self) -> int:
        """Place of the true molecule in the order of the decoder, from 0; −1 if it is not there."""
        return place_of(self.truth, (each.smiles for each in self.found.candidates))

    @property
    def ranked(self) -> Ranked:
        """As a calibration takes it."""
        return as_ranked(self.answers, self.truth, self.present)


def evaluate_inverse(
    model: InverseModel,
    made: Corpus,
    rows: Int64,
    condition: Condition,
    *,
    predictors: Predictors = NONE,
    calibration: Calibration | None = None,
    width: int = BEAM_WIDTH,
    compared: int = COMPARED,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """Answers for molecules of a corpus; those that lack what is given are left out.

    A formula beside nothing else is not asked about, unless it is all that the condition gives.

    Raises
    ------
    SpectraError
        If none is left.
    """
    out: list[Outcome] = []
    known = [r for r in rows if made.smiles[int(r)] and model.vocabulary.knows(made.smiles[int(r)])]
    for start in range(0, len(known), BATCH):
        part = np.array(known[start : start + BATCH], dtype=np.int64)
        inputs = measured(model, made, part, condition, seed)
        measurable = [name for name in condition.given if name in SPECTRAL] or ["formula"]
        there = np.flatnonzero((inputs.present & marks(measurable)).any(axis=1))
        if there.size:
            some = inputs.take(there)
            out += _outcomes(
                model, made, part[there], some, condition, predictors, calibration, width, compared
            )
        if progress is not None:
            progress(start + len(part), len(known))
    if not out:
        raise SpectraError(f"none of {len(rows)} molecules has {condition}")
    return out


def measured(
    model: InverseModel, made: Corpus, rows: Int64, condition: Condition, seed: int
) -> Inputs:
    """Samples of some rows under a condition; each measurement depends on seed and row alone."""
    elements = model.vocabulary.elements
    if condition.instruments is None:
        return made.inputs(rows, elements).only(condition.given)
    draws = [generator(seed, TEST, int(row)) for row in rows]
    shown = [_instrument(condition.instruments, seed, int(row)) for row in rows]
    return made.inputs(rows, elements, shown, draws).only(condition.given)


def drifts(
    base: InstrumentDistribution, *, factors: Sequence[float] = (0.0, 1.0, 2.0, 4.0)
) -> tuple[tuple[str, InstrumentDistribution], ...]:
    """Instruments with more and more baseline, and with more and more noise.

    Factor 1 is the distribution itself; the other properties stay as they are.
    """
    out = []
    for f in factors:
        baseline = replace(base, baseline=f * base.baseline, fluorescence=f * base.fluorescence)
        noise = replace(base, noise_low=f * base.noise_low, noise_high=f * base.noise_high)
        out += [(f"baseline × {f:g}", baseline), (f"noise × {f:g}", noise)]
    return tuple(out)


def summary(outcomes: Sequence[Outcome], known: frozenset[str] = frozenset()) -> dict[str, float]:
    """Figures of some molecules.

    Parameters
    ----------
    outcomes : sequence of Outcome
    known : frozenset of str
        Canonical SMILES that were trained on, for the novelty.

    Returns
    -------
    dict
        molecules; top-1, top-3, top-10 exact match; decoder top-1, top-10, top-100, the same before
        anything is compared; validity of the beam's strings and of the
        answers; formula match of the first answers; novelty of the answers (share that was not
        trained on); answered (share with any candidate); with a calibration also coverage,
        hallucination rate and risk at a coverage of 0.8 and 1, or as near as there is one, the
        share of molecules with a confidence of at least `confidence.LEAST_CONFIDENCE`, the risk
        among these, Brier score and calibration error of the answers. A molecule without any
        candidate is not answered, and no hallucination.
    """
    if not outcomes:
        raise SpectraError("no molecule to sum up")
    places = np.array([each.place for each in outcomes])
    out = {"molecules": float(len(outcomes))}
    proposed = np.array([each.proposed for each in outcomes])
    for label, found, tops in (("top", places, TOPS), ("decoder top", proposed, PROPOSED)):
        out |= {f"{label}-{k}": float(((found >= 0) & (found < k)).mean()) for k in tops}
    strings = sum(each.found.strings for each in outcomes)
    out["valid strings"] = sum(each.found.valid for each in outcomes) / max(strings, 1)
    first = [each for each in outcomes if each.answers]
    out["answered"] = len(first) / len(outcomes)
    fits = [each.answers[0].formula == formula_of(each.truth) for each in first]
    out["formula match"] = float(np.mean(fits)) if fits else float("nan")
    texts = [a.smiles for each in outcomes for a in each.answers]
    # An answer that is no molecule cannot arise: answers are what RDKit has read.
    out["valid answers"] = float(np.mean([_is_molecule(t) for t in texts])) if texts else 0.0
    out["novelty"] = float(np.mean([t not in known for t in texts])) if texts else float("nan")
    return out | _trust(outcomes)


def silences(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    """Risk and hallucination rate at coverages of 0.1 to 1, as near as there are such.

    Empty without a calibration.
    """
    curve = _curve(outcomes)
    if curve is None:
        return []
    points = dict.fromkeys(curve.at(k / 10) for k in range(1, 11))
    return [{"coverage": c, "risk": risk, "hallucination": wrong} for c, risk, wrong in points]


def by_size(
    outcomes: Sequence[Outcome], known: frozenset[str] = frozenset()
) -> dict[str, dict[str, float]]:
    """Figures by the number of heavy atoms; see `summary`."""
    out = {}
    for low, high in SIZES:
        part = [each for each in outcomes if low <= heavy_atoms(each.truth) <= high]
        if part:
            out[f"{low} to {high}" if high < 10_000 else f"{low} or more"] = summary(part, known)
    return out


def by_rings(
    outcomes: Sequence[Outcome], known: frozenset[str] = frozenset()
) -> dict[str, dict[str, float]]:
    """Figures of molecules with a scaffold, and of those without; see `summary`.

    Molecules without a ring have no scaffold. A division by scaffolds keeps only those with one
    away from the likes of them.
    """
    parts: dict[str, list[Outcome]] = {"acyclic": [], "with rings": []}
    for each in outcomes:
        parts["with rings" if has_rings(each.truth) else "acyclic"].append(each)
    return {name: summary(part, known) for name, part in parts.items() if part}


def baseline_places(
    library: Library,
    model: InverseModel,
    made: Corpus,
    rows: Int64,
    condition: Condition,
    *,
    seed: int = 0,
) -> dict[int, int]:
    """Place of the true molecule in the look-up of the most similar known spectrum, by row.

    −1 where it is not among the first ten, which it cannot be if the library lacks it.
    """
    inputs = measured(model, made, rows, condition, seed)
    axis = model.config.encoder.axis
    alike: dict[tuple[tuple[bool, ...], Formula | None], list[int]] = {}
    for k, row in enumerate(rows.tolist()):
        present = tuple(bool(x) for x in inputs.present[k, :2])
        formula = made.formulas[row] if "formula" in condition.given else None
        if any(present):
            alike.setdefault((present, formula), []).append(k)
    out = {}
    for (present, formula), places in alike.items():
        found = library.nearest(
            inputs.spectra[places], axis, present, formula=formula, count=max(TOPS)
        )
        for row, near in zip(rows[places].tolist(), found, strict=True):
            out[row] = place_of(made.smiles[row], (text for text, _ in near))
    return out


def hits_of(places: Mapping[int, int]) -> dict[str, float]:
    """Top-k exact match of places.

    >>> hits_of({4: 0, 7: 2, 9: -1, 11: 12})
    {'top-1': 0.25, 'top-3': 0.5, 'top-10': 0.5}
    """
    found = np.array(list(places.values()))
    return {f"top-{k}": float(((found >= 0) & (found < k)).mean()) for k in TOPS}


def _outcomes(
    model: InverseModel,
    made: Corpus,
    rows: Int64,
    inputs: Inputs,
    condition: Condition,
    predictors: Predictors,
    calibration: Calibration | None,
    width: int,
    compared: int,
) -> list[Outcome]:
    hard = "formula" in condition.given
    formulas = [made.formulas[int(row)] if hard else None for row in rows]
    out = []
    for k, found in enumerate(propose(model, inputs, formulas, width=width)):
        seen = evidence_of(inputs.take([k]), model.config.encoder.axis)
        given = inputs.present[k]
        answers = ranked_answers(found.candidates, seen, given, predictors, calibration, compared)
        row = int(rows[k])
        sure = confidence_in(answers, calibration)
        out.append(Outcome(row, made.smiles[row], found, answers, sure, given))
    return out


def _judged(outcomes: Sequence[Outcome]) -> tuple[Float64, Bool]:
    """Confidence in the first answer, and whether it is right, where there is one."""
    first = [each for each in outcomes if each.answers]
    sure = np.array([each.confidence for each in first])
    return sure, np.array([each.place == 0 for each in first], dtype=bool)


def _curve(outcomes: Sequence[Outcome]) -> Coverage | None:
    sure, right = _judged(outcomes)
    if not len(sure) or not np.isfinite(sure).all():
        return None
    return coverage_curve(sure, right, unanswered=len(outcomes) - len(sure))


def _trust(outcomes: Sequence[Outcome]) -> dict[str, float]:
    curve = _curve(outcomes)
    if curve is None:
        return {}
    sure, right = _judged(outcomes)
    out = {}
    for name, coverage in ((" at 0.8", 0.8), ("", 1.0)):
        out["coverage" + name], out["risk" + name], out["hallucination" + name] = curve.at(coverage)
    said = sure >= LEAST_CONFIDENCE
    out["confident"] = float(said.sum()) / len(outcomes)
    out["risk of the confident"] = float((~right)[said].mean()) if said.any() else float("nan")
    return out | reliability(sure, right)


def _instrument(distribution: InstrumentDistribution, seed: int, row: int) -> Instrument:
    """An instrument of its own for each molecule, not of the training."""
    return draw_instruments(distribution, seed + 1_000_000 + row, 1)[0]


def _is_molecule(text: str) -> bool:
    from .smiles import canonical

    return bool(canonical(text, stereo=True))
