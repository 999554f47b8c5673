"""All figures of a trained model on the molecules of its split, and its calibration.

Calibrated on the validation part, measured on the test part; unless they are given, both are made
anew from the settings in the checkpoint, and must be the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...pointgroup.writing import whole_file
from ..errors import SpectraError
from ..instruments import generator
from ..model.errors import CheckpointError
from ..model.packaged import find_checkpoint, name_of
from ..splits import Split
from ..table import Int64, SpectraTable
from .confidence import Calibration, calibrate, save_calibration
from .config import BEAM_WIDTH, MODALITIES, SPECTRAL, InverseConfig
from .corpus import Corpus, corpus
from .elucidation import NONE, Predictors
from .evaluation import (
    Condition,
    Outcome,
    baseline_places,
    by_rings,
    by_size,
    drifts,
    evaluate_inverse,
    hits_of,
    silences,
    summary,
)
from .library import library_of
from .models import load_inverse
from .network import InverseModel
from .training import split_for

CHOICE: Final = 4
"""Counter of random numbers: which molecules are asked."""
GIVEN: Final = (
    ("ir",),
    ("raman",),
    ("ir", "raman"),
    ("ir", "formula"),
    ("raman", "formula"),
    ("ir", "raman", "formula"),
    ("ir", "raman", "13C", "1H"),
    ("ir", "raman", "13C", "1H", "formula"),
)
"""What is given, one after another. Shifts are there for the molecules that have them."""
FAILURES: Final = 3
"""Wrong answers that are kept of each condition."""
DRAWS: Final = 5
"""Sets of modalities with which each molecule is asked for the calibration."""
DRIFTED: Final = ("ir", "raman", "formula")


@dataclass(frozen=True, slots=True)
class Failure:
    """A wrong first answer.

    Attributes
    ----------
    condition : str
    row : int
        Of the molecule in the table.
    truth, answer : str
        Canonical SMILES.
    confidence : float
    """

    condition: str
    row: int
    truth: str
    answer: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """Measured figures.

    Attributes
    ----------
    figures : mapping
        By condition: ``all``, ``by size``, ``by rings``, ``silences``, ``look-up``; see
        `evaluation`.
    asked : mapping
        Molecules of the parts ``valid`` and ``test`` that were asked.
    failures : tuple of Failure
        The most confident wrong answers of each condition; none without a calibration.
    calibration : Calibration or None
    reason : str
        Why there is no calibration.
    """

    figures: Mapping[str, Any]
    asked: Mapping[str, int]
    failures: tuple[Failure, ...]
    calibration: Calibration | None
    reason: str = ""


def assess_inverse(
    place: Path | str,
    table: SpectraTable,
    *,
    split: Split | None = None,
    predictors: Predictors = NONE,
    given: Sequence[tuple[str, ...]] = GIVEN,
    factors: Sequence[float] = (0.0, 2.0, 4.0),
    most: int = 300,
    width: int = BEAM_WIDTH,
    progress: Callable[[str, int, int], None] | None = None,
) -> Assessment:
    """Calibrate a trained model and measure it; write both beside it.

    Parameters
    ----------
    place : path
        Folder of a run, or its model file.
    table : SpectraTable
        That it was trained on.
    split : Split, optional
        That it was trained with; by default the one of its settings.
    predictors : Predictors
        Of spectra and shifts, with which candidates are compared.
    given : sequence of tuple of str
        Modalities of each condition, on simulated instruments that the model has not seen. One
        calibration, fitted on other molecules with `DRAWS` sets of modalities each, holds for all.
    factors : sequence of float
        Of baseline and noise in the robustness test, with those of `DRIFTED` given that the model
        knows; none for a model of shifts alone.
    most : int
        Molecules of each part that are asked, at random.
    width : int
        Of the beam.
    progress : callable, optional
        Called with the condition and how many molecules of how many are done.

    Returns
    -------
    Assessment
        Written as ``metrics.json`` and ``calibration.json`` into the folder.

    Raises
    ------
    CheckpointError
        If the model was trained on another table or split.
    SpectraError
        If a part has no molecule that the model can write.
    """
    path = find_checkpoint(place)
    model, card = load_inverse(path)
    config = InverseConfig.from_mapping(card["settings"])
    made = corpus(table, config)
    parts = split or split_for(table, config.data)
    check_origin(path, card, table, parts)
    chosen = {name: some_of(made, parts[name], model, most) for name in ("valid", "test")}
    base = config.data.instruments
    conditions = [Condition(tuple(each), base) for each in given]
    predictors = predictors.remembered

    def asked(
        part: str, rows: Int64, condition: Condition, known: Calibration | None
    ) -> list[Outcome]:
        def tell(done: int, of: int) -> None:
            if progress is not None:
                progress(f"{part}, {condition}", done, of)

        return evaluate_inverse(
            model,
            made,
            rows,
            condition,
            predictors=predictors,
            calibration=known,
            width=width,
            progress=tell,
        )

    found: list[Outcome] = []
    for modalities, rows in _sets(made, chosen["valid"], model).items():
        found += asked("valid", rows, Condition(modalities, base), None)
    calibration, reason = _calibrated(found, predictors, width, name_of(path))
    trained = np.intersect1d(parts["train"], made.usable)
    known = frozenset(made.smiles[int(row)] for row in trained)
    # The look-up holds the asked molecules too: without them it could find none, for the split
    # keeps related ones together. The decoder has not seen them.
    library = library_of(table, made.usable, stereo=model.config.stereo)
    figures: dict[str, Any] = {}
    failures: list[Failure] = []
    for condition in conditions:
        # A formula alone is no measurement that a calibration knows.
        sure = calibration if set(condition.given) & set(SPECTRAL) else None
        outcomes = asked("test", chosen["test"], condition, sure)
        failures += _failures(str(condition), outcomes)
        rows = np.array([each.row for each in outcomes], dtype=np.int64)
        places = baseline_places(library, model, made, rows, condition)
        figures[str(condition)] = {
            "all": summary(outcomes, known),
            "by size": by_size(outcomes, known),
            "by rings": by_rings(outcomes, known),
            "silences": silences(outcomes),
            "look-up": hits_of(places) if places else {},
        }
    drifted = tuple(name for name in DRIFTED if name in config.modalities)
    shown = {"ir", "raman"}.intersection(drifted)
    for name, instruments in drifts(base, factors=factors) if shown else ():
        condition = Condition(drifted, instruments, name)
        figures[name] = {
            "all": summary(asked("test", chosen["test"], condition, calibration), known)
        }
    asked_of = {name: len(rows) for name, rows in chosen.items()}
    done = Assessment(figures, asked_of, tuple(failures), calibration, reason)
    _write(path, done)
    return done


def _failures(condition: str, outcomes: Sequence[Outcome]) -> list[Failure]:
    wrong = [each for each in outcomes if each.answers and each.place != 0 and each.confidence > 0]
    wrong.sort(key=lambda each: (-each.confidence, each.truth))
    return [
        Failure(condition, each.row, each.truth, each.answers[0].smiles, each.confidence)
        for each in wrong[:FAILURES]
    ]


def _sets(made: Corpus, rows: Int64, model: InverseModel) -> dict[tuple[str, ...], Int64]:
    """Sets of modalities, and the rows that are asked with each: `DRAWS` at random for each row."""
    out: dict[tuple[str, ...], set[int]] = {}
    there = made.inputs(rows, model.vocabulary.elements).present
    for row, present in zip(rows.tolist(), there, strict=True):
        known = [name for name, has in zip(MODALITIES, present, strict=True) if has]
        spectral = [name for name in known if name in SPECTRAL]
        draw = generator(0, CHOICE, 1, row)
        for _ in range(DRAWS):
            kept = {spectral[int(draw.integers(len(spectral)))]}
            kept |= {name for name in known if draw.random() < 0.5}
            out.setdefault(tuple(name for name in known if name in kept), set()).add(row)
    return {names: np.array(sorted(of), dtype=np.int64) for names, of in sorted(out.items())}


def _calibrated(
    found: Sequence[Outcome], predictors: Predictors, width: int, model: str
) -> tuple[Calibration | None, str]:
    spectra, shifts = predictors.names
    try:
        fitted = calibrate([each.ranked for each in found])
    except SpectraError as error:
        return None, str(error)
    return replace(fitted, width=width, predictor=spectra, shifts=shifts, model=model), ""


def some_of(made: Corpus, rows: Int64, model: InverseModel, most: int) -> Int64:
    """At most so many of the rows that the model can write, at random but always the same.

    Raises
    ------
    SpectraError
        If there is none.
    """
    usable = np.intersect1d(rows, made.usable)
    known = usable[[model.vocabulary.knows(made.smiles[int(row)]) for row in usable]]
    if not len(known):
        raise SpectraError("a part of the split has no molecule that the model can write")
    order = generator(0, CHOICE).permutation(len(known))
    return np.sort(known[order[:most]])


def check_origin(path: Path, card: Mapping[str, Any], table: SpectraTable, parts: Split) -> None:
    """Refuse a model whose training and test molecules are not these.

    Raises
    ------
    CheckpointError
        If it was trained on another table or split.
    """
    about = card["data"]
    if about["table"] != table.sha256 or about["split"] != parts.sha256:
        raise CheckpointError(
            f"{path}: trained on another table or split (table {about['table'][:12]}, split "
            f"{about['split'][:12]}); give the same data, or measure with evaluate_inverse"
        )


def _write(path: Path, found: Assessment) -> None:
    """Numbers that are not finite become null. An older calibration goes first."""
    whole = {
        "model": name_of(path),
        "asked": found.asked,
        "figures": found.figures,
        "failures": [asdict(each) for each in found.failures],
    }
    text = json.dumps(_plain(whole), indent=1, ensure_ascii=False, allow_nan=False)
    path.with_name("calibration.json").unlink(missing_ok=True)
    with whole_file(path.with_name("metrics.json"), CheckpointError) as draft:
        draft.write_text(text + "\n", encoding="utf-8")
    if found.calibration is not None:
        save_calibration(path.with_name("calibration.json"), found.calibration)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
