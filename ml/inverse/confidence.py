"""Ranking by everything that speaks for a candidate, and how probable each of them is.

A candidate's score is a weighted sum of its log-probability and of −ln of the misfits of its
predicted spectra and shifts. The probability that it is the right one is
a softmax over the scores of the candidates and one more: that of "none of these", which depends
on what is given (a conditional logit, D. McFadden (1974), with an outside option). Weights are
fitted on molecules that were not trained on and are not negative, so that no candidate becomes
less probable where something speaks more for it. Below a threshold the answer is "no candidate
fits".
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup.writing import whole_file
from ..errors import SpectraError
from ..model.errors import CheckpointError
from .config import BEAM_WIDTH, COMPARED, MODALITIES, SHIFT_ERROR

Float64: TypeAlias = NDArray[np.float64]
Bool: TypeAlias = NDArray[np.bool_]
GROUNDS: Final = ("log-probability", "ir", "raman", "13C", "1H")
"""What speaks for a candidate, in the order of every array of grounds."""
FLOORS: Final = (0.02, 0.3)
"""Added to misfits of spectra and of shifts: no prediction is exact."""
LEAST_CONFIDENCE: Final = 0.5
"""An answer is more likely right than wrong."""
FEWEST: Final = 20
"""Molecules that a calibration needs, with right and wrong answers among them."""
RIDGE: Final = 0.01
"""Of the squares of all fitted numbers beside the whole log-likelihood, so that each is finite."""
FORMAT: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Candidates of one molecule, as a calibration sees them.

    Attributes
    ----------
    grounds : (n, 5)
        As `GROUNDS`; see `grounds_of`.
    present : (5,) bool
        Which of `config.MODALITIES` were given.
    right : int
        Place of the true molecule; −1 if it is not among them.
    """

    grounds: Float64
    present: Bool
    right: int = -1


def grounds_of(
    log_probability: float, ir: float, raman: float, carbon: float, proton: float
) -> tuple[float, ...]:
    """What speaks for a candidate: the larger, the more; NaN where nothing is known.

    For spectra and shifts −ln of what does not fit, as a normal error of unknown size has it: of
    one less the similarity, and of the distance (ppm) in units of `SHIFT_ERROR`; `FLOORS` are
    added.
    """
    misfits = (
        1 - ir + FLOORS[0],
        1 - raman + FLOORS[0],
        carbon / SHIFT_ERROR["13C"] + FLOORS[1],
        proton / SHIFT_ERROR["1H"] + FLOORS[1],
    )
    return (log_probability, *(-math.log(each) for each in misfits))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to rank, and how probable a candidate is.

    Attributes
    ----------
    weights : 5 float
        Of `GROUNDS` in the score, 0 or more.
    centres : 5 float
        Of `GROUNDS` among the candidates that it was fitted on; what is not known counts as this.
    none : float
        Score of "none of these".
    given : 5 float
        What is added to it for each of `config.MODALITIES` that is given.
    threshold : float
        Below this confidence there is no answer.
    samples : int
        That it was fitted on: a molecule is asked more than once.
    width, compared : int
        Of the beam; candidates that were compared.
    predictor, shifts : str
        Whose spectra and shifts were compared; empty for none.
    model : str
        Whose candidates they were, as `packaged.name_of` calls it; empty if that is not known.

    Raises
    ------
    SpectraError
        If a weight is negative, or a list has another length.
    """

    weights: tuple[float, ...]
    centres: tuple[float, ...]
    none: float
    given: tuple[float, ...]
    threshold: float
    samples: int
    width: int = BEAM_WIDTH
    compared: int = COMPARED
    predictor: str = ""
    shifts: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        lengths = {len(GROUNDS), len(self.weights), len(self.centres)}
        if len(lengths) > 1 or len(self.given) != len(MODALITIES):
            raise SpectraError(f"a calibration has {len(GROUNDS)} weights and centres")
        if min(self.weights) < 0:
            raise SpectraError(
                "a candidate must not become less probable where more speaks for it: give no "
                "negative weight"
            )

    def scores(self, grounds: ArrayLike) -> Float64:
        """Scores of candidates, (n,); what is not known counts as its centre.

        Parameters
        ----------
        grounds : (n, 5)
        """
        known = _centred(np.asarray(grounds, dtype=float).reshape(-1, len(GROUNDS)), self.centres)
        values = np.nan_to_num(known, neginf=0.0) @ np.array(self.weights)
        return np.where(np.isfinite(known[:, 0]), values, -np.inf)

    def probabilities(self, scores: ArrayLike, present: ArrayLike) -> Float64:
        """Probability of each candidate, (n,); what is missing to 1 is that of none of them.

        Parameters
        ----------
        scores : (n,)
            Of all candidates that were compared.
        present : (5,) bool
            Which of `config.MODALITIES` were given.
        """
        from scipy.special import softmax

        none = self.none + float(np.asarray(present, dtype=float) @ np.array(self.given))
        return np.asarray(softmax(np.append(np.asarray(scores, dtype=float), none))[:-1])


def calibrate(ranked: Sequence[Ranked]) -> Calibration:
    """Fit a calibration on molecules that the model was not trained on.

    Parameters
    ----------
    ranked : sequence of Ranked
        Also those without candidates.

    Raises
    ------
    SpectraError
        If there are fewer than `FEWEST` samples, or the right one is always the likeliest, or
        never among the candidates; or if the fit does not converge.
    """
    first = sum(
        bool(len(each.grounds)) and each.right == int(np.argmax(each.grounds[:, 0]))
        for each in ranked
    )
    found = sum(each.right >= 0 for each in ranked)
    if len(ranked) < FEWEST or not found or first == len(ranked):
        raise SpectraError(
            f"{first} of {len(ranked)} likeliest candidates are right, and {found} among all; a "
            f"calibration needs {FEWEST} samples or more, with right and wrong answers"
        )
    rows = np.concatenate([each.grounds for each in ranked])
    known = np.isfinite(rows)
    sums, counts = np.where(known, rows, 0.0).sum(axis=0), known.sum(axis=0)
    centres = np.divide(sums, counts, out=np.zeros(len(GROUNDS)), where=counts > 0)
    centres[0] = 0.0
    weights, none, given = _fitted(ranked, centres)
    return Calibration(
        tuple(weights.tolist()),
        tuple(centres.tolist()),
        none,
        tuple(given.tolist()),
        LEAST_CONFIDENCE,
        len(ranked),
    )


def _centred(grounds: Float64, centres: ArrayLike) -> Float64:
    """A molecule that the decoder cannot write stays at −∞."""
    centred = grounds - np.asarray(centres, dtype=float)
    return np.where(np.isnan(centred), 0.0, centred)


def _fitted(ranked: Sequence[Ranked], centres: Float64) -> tuple[Float64, float, Float64]:
    """Weights, score of none, and what is added to it: of the greatest likelihood."""
    from scipy.optimize import minimize
    from scipy.special import logsumexp

    n, most, width = len(ranked), max(len(each.grounds) for each in ranked), len(GROUNDS)
    # The last place of each molecule is "none of these".
    grounds, there = np.zeros((n, most + 1, width)), np.zeros((n, most + 1), dtype=bool)
    for k, each in enumerate(ranked):
        known = _centred(each.grounds, centres)
        grounds[k, : len(known)] = np.nan_to_num(known, neginf=0.0)
        there[k, : len(known)] = np.isfinite(known[:, 0])
    there[:, -1] = True
    # What the decoder cannot write is never the answer.
    truth = np.array([r.right if r.right >= 0 and there[k, r.right] else most
                      for k, r in enumerate(ranked)])  # fmt: skip
    aside = np.stack([np.append(1.0, each.present) for each in ranked])
    rows = np.arange(n)

    def loss(x: Float64) -> tuple[float, Float64]:
        scores = grounds @ x[:width]
        scores[:, -1] = aside @ x[width:]
        scores[~there] = -np.inf
        logs = scores - logsumexp(scores, axis=1, keepdims=True)
        excess = np.exp(logs)
        excess[rows, truth] -= 1
        slope = np.append(np.einsum("nk,nkf->f", excess, grounds), excess[:, -1] @ aside) / n
        return float(-logs[rows, truth].mean() + RIDGE / n * x @ x), slope + 2 * RIDGE / n * x

    start = np.append(np.eye(width)[0], np.zeros(aside.shape[1]))
    bounds = [(0.0, None)] * width + [(None, None)] * aside.shape[1]
    fit = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    if not fit.success or not np.isfinite(fit.x).all():
        raise SpectraError(f"the calibration does not converge: {fit.message}")
    return fit.x[:width], float(fit.x[width]), fit.x[width + 1 :]


# ---- coverage ----


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What abstention buys.

    Attributes
    ----------
    coverage : (n,)
        Share of all molecules that are answered, ascending.
    risk : (n,)
        Share of the answers that are wrong.
    hallucination : (n,)
        Wrong answers over all molecules: confident and wrong.
    threshold : (n,)
        Least confidence of an answer.
    """

    coverage: Float64
    risk: Float64
    hallucination: Float64
    threshold: Float64

    def at(self, coverage: float) -> tuple[float, float, float]:
        """Coverage, risk and hallucination rate at the smallest coverage that is at least this.

        At the largest there is, if none is.
        """
        k = min(int(np.searchsorted(self.coverage, coverage - 1e-12)), len(self.coverage) - 1)
        return float(self.coverage[k]), float(self.risk[k]), float(self.hallucination[k])


def coverage_curve(confidence: ArrayLike, right: ArrayLike, *, unanswered: int = 0) -> Coverage:
    """Risk and hallucination rate against coverage; equal confidences are answered together.

    Parameters
    ----------
    confidence : (n,)
    right : (n,) bool
    unanswered : int
        Further molecules, to which there is no answer at any threshold.

    Raises
    ------
    SpectraError
        If there is no molecule.

    Examples
    --------
    >>> curve = coverage_curve([0.9, 0.8, 0.3, 0.2], [True, True, True, False])
    >>> curve.coverage.tolist(), curve.at(0.75), curve.at(1.0)
    ([0.25, 0.5, 0.75, 1.0], (0.75, 0.0, 0.0), (1.0, 0.25, 0.25))
    """
    sure, true = np.asarray(confidence, dtype=float), np.asarray(right, dtype=bool)
    if not len(sure) or sure.shape != true.shape:
        raise SpectraError(f"{sure.shape} confidences for {true.shape} answers; give one each")
    order = np.argsort(-sure, kind="stable")
    ordered, wrong = sure[order], np.cumsum(~true[order])
    ends = np.flatnonzero(np.append(np.diff(ordered) < 0, True))
    answered = ends + 1
    of = len(sure) + unanswered
    return Coverage(answered / of, wrong[ends] / answered, wrong[ends] / of, ordered[ends])


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> dict[str, float]:
    """Brier score, and the expected calibration error over equally filled bins."""
    sure, true = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    order = np.argsort(sure, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    gaps = [abs(sure[p].mean() - true[p].mean()) * len(p) for p in parts]
    brier = float(((sure - true) ** 2).mean())
    return {"brier": brier, "calibration error": float(sum(gaps) / len(sure))}


# ---- files ----


def save_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON; the file is there whole or not at all."""
    text = json.dumps({"format": FORMAT, **asdict(calibration)}, indent=1)
    with whole_file(path, CheckpointError) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def load_calibration(path: Path) -> Calibration:
    """A calibration.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another format.
    """
    try:
        fields: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        for name in ("weights", "centres", "given"):
            fields[name] = tuple(map(float, fields[name]))
        return Calibration(**fields)
    except OSError as error:
        raise CheckpointError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"{path}: no calibration of this version; calibrate again") from None
