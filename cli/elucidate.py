"""``spektron elucidate SPECTRUM --formula C6H6``: structures for a spectrum, ranked.

SPECTRUM is an infrared or a Raman spectrum, or one of each: JCAMP-DX, or a table of two columns.
NMR shifts help (``--carbon``, ``--proton``), or stand alone. The answer is a ranked list with
calibrated probabilities, that of its first place the confidence, or "no candidate fits". Candidates
are molecules that the decoder of the checkpoint writes and, with ``--library`` and a formula, known
ones. Their spectra are predicted and compared by a forward model (``--forward``), those of the ten
best also by GFN2-xTB (``--gfn2``), their shifts by a network (``--peaks``); by default the models
that the checkpoint was calibrated with, if they are shipped. Nothing is downloaded.

With ``--json`` one object: spectra {file, kind, low, high, points}, formula, checkpoint, verdict
("answer", "no candidate fits", "not calibrated"), reason, confidence (null without a calibration),
threshold, predictor, refined_by, shift_predictor, beam {strings, valid, fitting}, candidates
{smiles, formula, log_probability, probability, consistency, ir, raman, carbon, proton (ppm), score,
origin, missing}.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, natural
from .output import Json, columns, facts, print_json, show

if TYPE_CHECKING:
    from ..ml.inverse.confidence import Calibration
    from ..ml.inverse.elucidation import Answer, Elucidation, Predictors
    from ..ml.inverse.formulas import Formula
    from ..ml.inverse.library import Library
    from ..ml.inverse.network import InverseModel
    from ..ml.inverse.predictors import PeakPredictor, Predictor
    from ..ml.inverse.reading import Observed

SHIPPED = "spektron-elucidate-small"
CALIBRATION = "calibration.json"
"""Beside the model file."""


def elucidate(
    spectra: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="SPECTRUM",
            show_default=False,
            help="JCAMP-DX, or csv with two columns; one infrared, one Raman, or both. Not needed "
            "with shifts.",
        ),
    ] = None,
    formula: Annotated[
        str | None,
        typer.Option(metavar="C6H6", show_default=False, help="All candidates have this formula."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="ir|raman", show_default="ir", help="Of csv files, in their order."),
    ] = None,
    unit: Annotated[str, typer.Option(metavar="cm-1|nm|um", help="Of the first column.")] = "cm-1",
    signal: Annotated[
        str,
        typer.Option(
            metavar="absorbance|transmittance|percent", help="Second column of infrared csv."
        ),
    ] = "absorbance",
    carbon: Annotated[
        str | None, typer.Option(metavar="PPM,…", show_default=False, help="13C shifts.")
    ] = None,
    proton: Annotated[
        str | None, typer.Option(metavar="PPM,…", show_default=False, help="1H shifts.")
    ] = None,
    checkpoint: Annotated[
        str, typer.Option(metavar="DIR", help="Folder of a run, model file, or shipped name.")
    ] = SHIPPED,
    forward: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            show_default="that of the calibration, if shipped",
            help="Forward model that predicts spectra: folder, file or shipped name.",
        ),
    ] = None,
    gfn2: Annotated[
        bool,
        typer.Option("--gfn2", help="Compare the ten best by GFN2-xTB as well; seconds each."),
    ] = False,
    peaks: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            show_default="that of the calibration, if shipped",
            help="Network that predicts NMR shifts: folder, file or shipped name.",
        ),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA", show_default=False, help="Exported data set with further candidates."
        ),
    ] = None,
    width: Annotated[int, typer.Option(metavar="N", parser=natural, help="Of the beam.")] = 300,
    most: Annotated[int, typer.Option(metavar="N", parser=natural, help="Candidates shown.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Structures for a spectrum, ranked, or "no candidate fits"."""
    from ..ml.inverse.formulas import Formula
    from ..ml.inverse.reading import read_shifts_text

    observed = _observed(spectra or [], kind, unit, signal)
    wanted = Formula.parse(formula) if formula is not None else None
    shifts = [read_shifts_text(text) if text else () for text in (carbon, proton)]
    given = _given(observed, shifts, wanted)
    model, calibration, path = _loaded(checkpoint, given)
    predictors, slow = _predictors(forward, peaks, calibration), _by_gfn2() if gfn2 else None
    known = _library(library, wanted, model)
    found = _found(model, observed, wanted, shifts, predictors, calibration, known, width, slow)
    about: Json = {
        "spectra": [_described(each) for each in observed],
        "formula": None if wanted is None else str(wanted),
        "checkpoint": str(path),
        "predictor": predictors.names[0] or None,
        "refined_by": None if slow is None else slow.name,
        "shift_predictor": predictors.names[1] or None,
        "threshold": None if calibration is None else calibration.threshold,
    }
    if as_json:
        print_json(about | _as_json(found, most))
        return
    _tell(found, about, most)


def _observed(paths: list[Path], kind: str | None, unit: str, signal: str) -> list[Observed]:
    from ..ml.inverse.reading import TABLES, read_observed
    from ..pointgroup.errors import InputError

    if len(paths) > 2:
        raise InputError(f"{len(paths)} spectra; give one infrared, one Raman, or both")
    tables = [path for path in paths if path.suffix.lower() in TABLES]
    kinds = kind.split(",") if kind is not None else ["ir"] * len(tables)
    if tables and len(kinds) != len(tables):
        raise InputError(f"--kind {kind} for {len(tables)} csv files; name one kind for each")
    named = dict(zip(tables, kinds, strict=False))
    single = kind if kind is not None and not tables and "," not in kind else None
    return [
        read_observed(path, kind=named.get(path, single), unit=unit, signal=signal)
        for path in paths
    ]


def _given(
    observed: list[Observed], shifts: list[tuple[float, ...]], formula: Formula | None
) -> list[str]:
    """What is given, by `config.MODALITIES`."""
    from ..pointgroup.errors import InputError

    spectral: list[str] = [each.kind for each in observed]
    spectral += [nucleus for nucleus, given in zip(("13C", "1H"), shifts, strict=True) if given]
    if not spectral:
        raise InputError(
            "nothing to elucidate: give an infrared or a Raman spectrum, or shifts with --carbon "
            "or --proton"
        )
    return [*spectral, *(["formula"] if formula is not None else [])]


def _loaded(checkpoint: str, given: list[str]) -> tuple[InverseModel, Calibration | None, Path]:
    from ..ml.model.packaged import find_checkpoint, same_content
    from ..ml.model.packages import require
    from ..pointgroup.errors import InputError

    path = find_checkpoint(checkpoint)
    require("torch", "safetensors")
    from ..ml.inverse.confidence import load_calibration
    from ..ml.inverse.models import load_inverse

    model, card = load_inverse(path)
    learnt = card.get("settings", {}).get("modalities", given)
    if unknown := [name for name in given if name not in learnt]:
        raise InputError(
            f"{checkpoint}: has learnt {', '.join(learnt)}, not {', '.join(unknown)}; leave "
            f"{'it' if len(unknown) == 1 else 'them'} out or name another checkpoint"
        )
    beside = path.with_name(CALIBRATION)
    calibration = load_calibration(beside) if beside.is_file() else None
    if calibration and calibration.model and not same_content(calibration.model, path):
        raise InputError(f"{beside}: made for another model; calibrate this one again")
    return model, calibration, path


def _predictors(
    forward: str | None, peaks: str | None, calibration: Calibration | None
) -> Predictors:
    from ..ml.inverse.elucidation import Predictors
    from ..ml.model.packaged import shipped_as

    calibrated = ("", "") if calibration is None else (calibration.predictor, calibration.shifts)
    spectral, shifts = (
        shipped_as(name) if place is None else place
        for place, name in zip((forward, peaks), calibrated, strict=True)
    )
    return Predictors(_of_spectra(spectral), _of_shifts(shifts))


def _by_gfn2() -> Predictor:
    from ..ml.inverse.predictors import XtbPredictor
    from ..ml.model.packages import require

    require("tblite", "geometric")
    return XtbPredictor()


def _of_spectra(place: Path | str | None) -> Predictor | None:
    from ..ml.inverse.predictors import forward_predictor
    from ..ml.model.packages import require

    if place is None:
        return None
    require("torch_geometric")
    return forward_predictor(place)


def _of_shifts(place: Path | str | None) -> PeakPredictor | None:
    from ..ml.inverse.predictors import shift_predictor
    from ..ml.model.packages import require

    if place is None:
        return None
    require("torch_geometric")
    return shift_predictor(place)


def _library(path: Path | None, formula: Formula | None, model: InverseModel) -> Library | None:
    from ..pointgroup.errors import InputError

    if path is None:
        return None
    if formula is None:
        raise InputError("--library needs --formula: its candidates are chosen by it")
    from ..ml.inverse.library import library_of
    from ..ml.table import read_spectra

    return library_of(read_spectra(path), stereo=model.config.stereo)


def _found(
    model: InverseModel,
    observed: list[Observed],
    formula: Formula | None,
    shifts: list[tuple[float, ...]],
    predictors: Predictors,
    calibration: Calibration | None,
    library: Library | None,
    width: int,
    refined_by: Predictor | None,
) -> Elucidation:
    import numpy as np

    from ..ml.inverse.elucidation import elucidate as run
    from ..ml.inverse.formulas import check_formula
    from ..ml.inverse.inputs import make_inputs
    from ..ml.inverse.reading import measured_on, on_axis_of

    elements, axis = model.vocabulary.elements, model.config.encoder.axis
    if formula is not None:
        check_formula(formula, elements)
    inputs = make_inputs(
        on_axis_of(observed, axis) if observed else np.zeros((1, 2, axis.points), np.float32),
        carbon=[shifts[0]],
        proton=[shifts[1]],
        formulas=[formula],
        elements=elements,
    )
    return run(
        model,
        inputs,
        formula,
        measured=measured_on(observed, axis),
        predictors=predictors,
        calibration=calibration,
        library=library,
        width=width,
        refined_by=refined_by,
    )


def _described(each: Observed) -> Json:
    x = each.wavenumbers
    return {
        "file": each.name,
        "kind": each.kind,
        "low": float(x[0]),
        "high": float(x[-1]),
        "points": len(x),
    }


def _as_json(found: Elucidation, most: int) -> Json:
    return {
        "verdict": found.verdict,
        "reason": found.reason,
        "confidence": _number(found.confidence),
        "beam": {
            "strings": found.found.strings,
            "valid": found.found.valid,
            "fitting": found.found.fitting,
        },
        "candidates": [_candidate(each) for each in found.answers[:most]],
    }


def _candidate(each: Answer) -> Json:
    return {
        "smiles": each.smiles,
        "formula": str(each.formula),
        "log_probability": _number(each.log_probability),
        "probability": _number(each.probability),
        "consistency": _number(each.consistency),
        "ir": _number(each.match.ir),
        "raman": _number(each.match.raman),
        "carbon": _number(each.match.carbon),
        "proton": _number(each.match.proton),
        "score": _number(each.score),
        "origin": each.origin,
        "missing": each.match.missing or None,
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _tell(found: Elucidation, about: Json, most: int) -> None:
    files = [
        (each["kind"], f"{each['file']}, {each['low']:.0f} to {each['high']:.0f} cm⁻¹")
        for each in about["spectra"]
    ]
    rows = [
        *files,
        ("formula", about["formula"] or "not given"),
        ("model", about["checkpoint"]),
        ("spectra by", about["predictor"] or "none: candidates are not compared"),
        *([("the ten best by", about["refined_by"])] if about["refined_by"] else []),
        ("shifts by", about["shift_predictor"] or "none: candidates are not compared"),
        ("verdict", f"{found.verdict}: {found.reason}"),
    ]
    heads = ("candidate", "formula", "ln p", "consistency", "13C ppm", "1H ppm", "p", "from")
    if found.answers and all(each.match.missing for each in found.answers):
        rows.append(("not predicted", found.answers[0].match.missing))
    lines = [
        (
            each.smiles,
            str(each.formula),
            _cell(each.log_probability),
            _cell(each.consistency),
            _cell(each.match.carbon),
            _cell(each.match.proton),
            _cell(each.probability),
            each.origin,
        )
        for each in found.answers[:most]
    ]
    parts: list[Any] = [facts(rows)]
    show(*parts, *([columns(heads, lines, left=2)] if lines else []))


def _cell(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"
