"""``spektron evaluate stratified FILE``: whether accuracy follows what a spectrum shows.

FILE is a table of predictions (csv or parquet, columns in ``spektron.ml.stratified.reading``),
of anybody's model: groups and R are computed from the structures. Or it is an exported data
set of Spektron: then the nearest spectrum under a noise model is evaluated, which needs no
model, and what the spectra hold at best is printed beside it.

The JSON of ``--json`` is described in `evaluate_page`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from .evaluate_page import molecules, page, record
from .options import AsJson, Tolerance, chosen, natural, positive, whole
from .output import complain, print_json, show
from .progress import status
from .study import study
from .targets import checked_file, checked_folder

if TYPE_CHECKING:
    from ..ml.stratified import Instrument, Overview, ScoreTable, Settings, Subject

evaluate = typer.Typer(
    help="Scores of a model compared by symmetry.",
    rich_markup_mode=None,
)
evaluate.command(short_help="Run a pre-registered study, and test its hypotheses.")(study)
NOISES = (0.1, 0.3, 1.0)
"""Levels of the baseline, as a share of the strongest band."""
FWHM, STEP = 16.0, 4.0
"""Of the baseline's spectra, cm⁻¹."""


def small_of(text: str) -> str:
    """What becomes of small strata, from the command line."""
    return chosen(text, ("drop", "merge"))


def missing_of(text: str) -> str:
    """What becomes of molecules without a score, from the command line."""
    return chosen(text, ("refuse", "drop"))


@evaluate.callback(invoke_without_command=True)
def _options(context: typer.Context) -> None:
    """Scores of a model compared by symmetry."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@evaluate.command()
def stratified(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Predictions, csv or parquet; or an exported data set."
        ),
    ],
    metric: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="score, accuracy, structure (SMILES), recall@K, mrr, f1 or error (absolute).",
        ),
    ] = "score",
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Exported data set that holds the molecules; else structures are analysed.",
        ),
    ] = None,
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            show_default="gain if there are ir, raman and both",
            help="'gain', 'gain, cross-fitted', 'gain over ir twice', or an input.",
        ),
    ] = "",
    level: Annotated[
        float | None,
        typer.Option(
            "--at-noise",
            metavar="X",
            show_default="the lowest",
            help="Noise level of the primary endpoint.",
        ),
    ] = None,
    secondary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[@NOISE]",
            show_default="other gains and other noise levels",
            help="Registered secondary endpoint, for Holm's correction; can be repeated.",
        ),
    ] = None,
    interval: Annotated[
        str, typer.Option(metavar="NAME", help="studentised, t, bca or percentile.")
    ] = "studentised",
    replicates: Annotated[
        int, typer.Option(metavar="N", parser=natural, help="Of the bootstrap.")
    ] = 4000,
    seed: Annotated[
        int, typer.Option(metavar="N", parser=whole, help="Of the random numbers.")
    ] = 0,
    small: Annotated[
        str,
        typer.Option(
            parser=small_of, metavar="drop|merge", help="What becomes of strata with too few."
        ),
    ] = "drop",
    least: Annotated[
        int, typer.Option(metavar="N", help="Least molecules on each side of a stratum.")
    ] = 1,
    missing: Annotated[
        str,
        typer.Option(
            parser=missing_of,
            metavar="refuse|drop",
            help="Molecules that lack a score or a usable structure; seeds that lack most scores.",
        ),
    ] = "refuse",
    tolerance: Tolerance = None,
    noises: Annotated[
        list[float] | None,
        typer.Option(
            "--noise",
            metavar="X",
            show_default=", ".join(f"{x:g}" for x in NOISES),
            help="Of the baseline: standard deviation at a grid point, as a share of the "
            "strongest band; can be repeated.",
        ),
    ] = None,
    fwhm: Annotated[
        float,
        typer.Option(
            metavar="CM⁻¹", parser=positive, help="Width of the lines of the baseline's spectra."
        ),
    ] = FWHM,
    step: Annotated[
        float,
        typer.Option(metavar="CM⁻¹", parser=positive, help="Grid of the baseline's spectra."),
    ] = STEP,
    library: Annotated[
        bool,
        typer.Option("--library", help="Baseline: find molecules among all, not in a stratum."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            show_default=False,
            help="Folder for evaluation.json, molecules.csv and figures.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Molecules with and without an inversion in matched strata."""
    from ..ml.stratified import Instrument, Settings

    of_tables = {
        "--metric": metric != "score",
        "--data": data is not None,
        "--missing": missing != "refuse",
        "--tolerance": tolerance is not None,
    }
    of_baseline = {
        "--noise": bool(noises),
        "--fwhm": fwhm != FWHM,
        "--step": step != STEP,
        "--library": library,
    }
    export = _is_export(file)
    _refuse(of_tables if export else of_baseline, export=export)
    settings = Settings(
        endpoint=endpoint,
        noise=level,
        secondary=tuple(map(_secondary, secondary or ())),
        interval=cast("Any", interval),
        replicates=replicates,
        seed=seed,
        small=cast("Any", small),
        least=least,
    )
    folder = None if out is None else checked_folder(out)
    if folder is not None:
        _writable(folder, file)
    ceilings = None
    if export:
        instrument = Instrument(fwhm=fwhm, step=step)
        levels = tuple(noises or NOISES)
        table, ceilings = _baseline(file, instrument, levels, library=library, seed=seed)
    else:
        table = _predictions(file, metric, data, missing, tolerance)
    found = _evaluated(table, settings)
    whole = record(found, ceilings)
    if folder is not None:
        _write(folder, found, whole)
    if as_json:
        print_json(whole)
    else:
        show(*page(found, ceilings))


def _refuse(given: Mapping[str, bool], *, export: bool) -> None:
    """Options that say nothing about this kind of file."""
    from ..ml.stratified import EvaluationError

    for name in (name for name, there in given.items() if there):
        if export:
            raise EvaluationError(f"{name} is for tables of predictions; this is a data set")
        raise EvaluationError(
            f"{name} is for the baseline of a data set; for predictions leave it out"
            + ("; --at-noise chooses the level" if name == "--noise" else "")
        )


def _evaluated(table: ScoreTable, settings: Settings) -> Overview:
    """Contrasts as well, if there are matched strata."""
    from ..ml.stratified import Unmatched, overview
    from ..ml.stratified import evaluate as run

    try:
        return run(table, settings)
    except Unmatched as error:
        whole = overview(table, settings)
        return replace(whole, notes=(*whole.notes, f"no contrast: {error}"))


def _secondary(text: str) -> tuple[str, float | None]:
    from ..ml.stratified import EvaluationError

    name, at, noise = text.rpartition("@")
    try:
        return (name.strip(), float(noise)) if at else (text.strip(), None)
    except ValueError:
        raise EvaluationError(
            f"secondary endpoint {text!r}: write it as NAME@NOISE, such as gain@0.1"
        ) from None


def _is_export(file: Path) -> bool:
    """Whether a parquet file has Spektron's note; what else it may be is found on reading."""
    if file.suffix.lower() != ".parquet" or not file.is_file():
        return False
    from ..pointgroup.parquet import require_pyarrow

    require_pyarrow("a data set")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return b"spektron.dataset" in (pq.read_schema(file).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def _predictions(
    file: Path, metric: str, data: Path | None, missing: str, tolerance: float | None
) -> ScoreTable:
    from ..ml.stratified import by_any_name, read_scores

    known = None
    if data is not None:
        from ..ml.datasets.columns import read_rows

        known = by_any_name(read_rows(data)[0])
    with status() as say:
        return read_scores(
            file,
            metric=metric,
            known=known,
            missing=cast("Any", missing),
            tolerance=tolerance,
            progress=lambda n: say(f"{n} structures"),
        )


def _baseline(
    file: Path, instrument: Instrument, noises: Sequence[float], *, library: bool, seed: int
) -> tuple[ScoreTable, list[dict[str, Any]]]:
    """Scores of the nearest spectrum, and the ceilings of the strata."""
    from ..ml.datasets.columns import read_rows
    from ..ml.stratified import baseline, signals, subjects_of_export

    pairs, _ = read_rows(file)
    records = [r for _, r in pairs if r.kind == "result"]
    subjects = subjects_of_export(pairs)
    names = ("wavenumbers", "ir_intensities", "raman_activities")
    spectra = signals([tuple(r.arrays[n] for n in names) for r in records], instrument)  # type: ignore[misc]
    total = len(spectra) * len(set(noises))
    with status() as say:
        table = baseline(
            subjects,
            spectra,
            noises=noises,
            library=library,
            draws=5 if library else 50,
            seed=seed,
            progress=lambda n: say(f"{n} of {total} inputs and noise levels"),
        )
    return table, [] if library else _ceilings(subjects, spectra, sorted(set(noises)))


def _ceilings(
    subjects: Sequence[Subject], spectra: Any, noises: Sequence[float]
) -> list[dict[str, Any]]:
    from ..ml.stratified.ceiling import ceilings

    return [
        {
            "input": c.given,
            "noise": c.noise,
            "n_strata": c.n_strata,
            "bayes_error": c.error,
            "bayes_error_deviation": c.deviation,
            "fano": c.fano,
            "fano_weak": c.fano_weak,
        }
        for c in ceilings(subjects, spectra, noises=noises)
    ]


FILES = ("contrasts.png", "visible.png", "noise.png", "properties.png", "molecules.csv")
LAST = "evaluation.json"
"""What ``--out`` writes; the last one says that a folder is of an evaluation."""


def _writable(folder: Path, file: Path) -> None:
    """Refuse to write over what no evaluation has written."""
    from ..pointgroup.errors import FileError

    last = folder / LAST
    for path in (*(folder / name for name in FILES), last):
        checked_file(path)
        if path.exists() and (not last.exists() or path.samefile(file)):
            raise FileError(
                f"{path} is there, and is not from an earlier evaluation; choose another folder"
            )


def _write(folder: Path, found: Overview, whole: dict[str, Any]) -> None:
    """All files together; what an earlier evaluation left goes."""
    import json
    from tempfile import TemporaryDirectory

    from ..ml.stratified import Evaluation
    from ..vibration.files.text import write_text
    from .evaluate_figure import draw, draw_properties

    text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
    with TemporaryDirectory(dir=folder, prefix=".evaluation-") as name:
        draft = Path(name)
        draw_properties(found, draft / "properties.png")
        if isinstance(found, Evaluation):
            draw(found, draft)
        write_text(molecules(found), draft / "molecules.csv")
        write_text(text + "\n", draft / LAST)
        for each in (*FILES, LAST):
            if (draft / each).exists():
                (draft / each).replace(folder / each)
                complain(f"wrote {folder / each}")
            else:
                (folder / each).unlink(missing_ok=True)
