"""``spektron evaluate stratified FILE``: whether accuracy follows what a spectrum shows.

FILE is a table of predictions (csv or parquet, columns in ``spektron.ml.stratified.reading``),
of anybody's model: groups and R are computed from the structures. Or it is an exported data
set of Spektron: then the nearest spectrum under a noise model is evaluated, which needs no
model, and what the spectra hold at best is printed beside it.

The JSON of ``--json`` is described in `evaluate_page`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from .evaluate_page import page, record
from .output import complain, print_json, show

if TYPE_CHECKING:
    from ..ml.stratified import Evaluation, Instrument, ScoreTable, Subject

evaluate = typer.Typer(
    help="Scores of a model compared by symmetry: stratified.",
    rich_markup_mode=None,
)
NOISES = (0.1, 0.3, 1.0)
"""Levels of the baseline, as a share of the strongest band."""


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
        typer.Option(help="score, accuracy, recall@K, mrr, f1 or error (absolute)."),
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
            help="Registered secondary endpoint, for Holm's correction; several times.",
        ),
    ] = None,
    interval: Annotated[
        str, typer.Option(help="studentised, t, bca or percentile.")
    ] = "studentised",
    replicates: Annotated[int, typer.Option(metavar="N", help="Of the bootstrap.")] = 4000,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the random numbers.")] = 0,
    small: Annotated[
        str, typer.Option(metavar="drop|merge", help="What becomes of strata with too few.")
    ] = "drop",
    least: Annotated[
        int, typer.Option(metavar="N", help="Least molecules on each side of a stratum.")
    ] = 1,
    missing: Annotated[
        str, typer.Option(metavar="refuse|drop", help="Molecules that lack a score.")
    ] = "refuse",
    tolerance: Annotated[
        float | None,
        typer.Option(metavar="Å", show_default="estimated", help="Of the point groups."),
    ] = None,
    noises: Annotated[
        list[float] | None,
        typer.Option(
            "--noise",
            metavar="X",
            show_default=", ".join(f"{x:g}" for x in NOISES),
            help="Of the baseline: standard deviation at a grid point, as a share of the "
            "strongest band; several times.",
        ),
    ] = None,
    fwhm: Annotated[
        float, typer.Option(metavar="CM", help="Line width of the baseline's spectra, cm⁻¹.")
    ] = 16.0,
    step: Annotated[
        float, typer.Option(metavar="CM", help="Grid of the baseline's spectra, cm⁻¹.")
    ] = 4.0,
    library: Annotated[
        bool,
        typer.Option("--library", help="Baseline: find molecules among all, not in a stratum."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", show_default=False, help="For evaluation.json and the figures."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare molecules with and without an inversion inside matched strata."""
    from ..ml.stratified import Settings
    from ..ml.stratified import evaluate as run

    settings = Settings(
        endpoint=endpoint,
        noise=level,
        secondary=tuple(map(_secondary, secondary or ())),
        interval=cast("Any", interval),
        replicates=replicates,
        seed=seed,
        small=cast("Any", _one_of("--small", small, ("drop", "merge"))),
        least=least,
    )
    _one_of("--missing", missing, ("refuse", "drop"))
    folder = None if out is None else _folder(out)
    ceilings = None
    if _is_export(file):
        instrument = _instrument(fwhm, step)
        levels = tuple(noises or NOISES)
        table, ceilings = _baseline(file, instrument, levels, library=library, seed=seed)
    else:
        table = _predictions(file, metric, data, missing, tolerance)
    found = run(table, settings)
    whole = record(found, ceilings)
    if folder is not None:
        _write(folder, found, whole)
    if as_json:
        print_json(whole)
    else:
        show(*page(found, ceilings))


def _secondary(text: str) -> tuple[str, float | None]:
    from ..ml.stratified import EvaluationError

    name, at, noise = text.rpartition("@")
    try:
        return (name.strip(), float(noise)) if at else (text.strip(), None)
    except ValueError:
        raise EvaluationError(
            f"secondary endpoint {text!r}: write it as NAME@NOISE, such as gain@0.1"
        ) from None


def _one_of(option: str, value: str, allowed: Sequence[str]) -> str:
    from ..ml.stratified import EvaluationError

    if value not in allowed:
        raise EvaluationError(f"{option} {value!r}: choose from {', '.join(allowed)}")
    return value


def _folder(out: Path) -> Path:
    from ..pointgroup.errors import FileError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{out}: cannot be made a folder: {error.strerror or error}") from None
    return out


def _instrument(fwhm: float, step: float) -> Instrument:
    from ..ml.stratified import Instrument

    return Instrument(fwhm=fwhm, step=step)


def _is_export(file: Path) -> bool:
    """Whether a parquet file has Spektron's note; what else it may be is found on reading."""
    if file.suffix.lower() != ".parquet" or not file.is_file():
        return False
    from ..ml.datasets.parquet import require_pyarrow

    require_pyarrow()
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
    with _counting("structures") as progress:
        return read_scores(
            file,
            metric=metric,
            known=known,
            missing=cast("Any", missing),
            tolerance=tolerance,
            progress=progress,
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
    with _counting(f"of {len(spectra) * len(set(noises))} inputs and noise levels") as progress:
        table = baseline(
            subjects,
            spectra,
            noises=noises,
            library=library,
            draws=5 if library else 50,
            seed=seed,
            progress=progress,
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


@contextmanager
def _counting(noun: str) -> Iterator[Callable[[int], None]]:
    """A counter on standard error while a terminal looks on, else nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda n: None
        return
    with console.status("") as status:
        yield lambda n: status.update(f"{n} {noun}")


def _write(folder: Path, found: Evaluation, whole: dict[str, Any]) -> None:
    import json

    from ..pointgroup.errors import FileError
    from .evaluate_figure import draw

    target = folder / "evaluation.json"
    try:
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
        target.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise FileError(f"{target}: cannot be written: {error.strerror or error}") from None
    for path in draw(found, folder):
        complain(f"wrote {path}")
