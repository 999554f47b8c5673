"""``spektron census FILES…``: point group, mode counts and R of thousands of molecules.

FILES are xyz, extxyz, mol and sdf files (each also with ``.gz``), archives of them (tar, also
with gz, xz or bz2, and zip) and folders. The rows go to a parquet file; the distributions of
groups and of R are printed. An interrupted census is continued by the same command; a
finished one is only shown again.

Records that cannot be used are skipped, with the reason in their rows and, for the first of
them, a line on standard error; the exit code is then 2.

With ``--json`` standard output is one object::

    out               path of the parquet file
    n_bad, bad        number of records that could not be used; the first of them, as
                      [{source, member, record, error}]
    tolerances        [{tolerance, n_molecules, n_complete, n_centrosymmetric, groups, R,
                      R_classes}]; tolerance in Å, null where it was estimated; n_complete
                      have R = 1; groups maps symbol, R exact value ("19/30", "none" for
                      single atoms) and R_classes range to number of molecules
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .drawing import checked_figure
from .options import AsJson, Workers
from .output import Json, columns, complain, facts, interruptible, print_json, show
from .progress import State, progress

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..pointgroup.census import Census, Progress, Share

SHOWN_ERRORS = 10
"""Lines on standard error about bad records."""


def census(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES",
            show_default=False,
            help="xyz, extxyz, mol, sdf (also .gz), tar or zip archives of them, folders.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Parquet file to write.")] = Path(
        "census.parquet"
    ),
    tolerance: Annotated[
        list[str] | None,
        typer.Option(
            metavar="Å",
            show_default=False,
            help="Largest RMS displacement per atom to the symmetrised form; estimated if not "
            "given, or if it is auto; can be repeated.",
        ),
    ] = None,
    workers: Workers = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Draw groups and R: png, pdf, svg."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Point groups and R of thousands of molecules, to parquet.

    Uses all cores. Interrupted, it continues when the same command is given again; records
    that cannot be used are reported and skipped.
    """
    if figure is not None:
        checked_figure(figure)
    found = _run(files, out, [tolerance_of(text) for text in tolerance or ["auto"]], workers)
    if figure is not None:
        from .census_figure import draw

        draw(found, figure)
    if as_json:
        print_json(_json(found))
    else:
        show(*_page(found))
    if found.n_bad:
        _complain_of(found)
        raise typer.Exit(2)


def tolerance_of(text: str) -> float | None:
    """A number of ångströms, or ``auto``, from the command line.

    >>> tolerance_of("0.01"), tolerance_of("auto")
    (0.01, None)
    """
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(
            f"tolerance {text!r} is neither a number of ångströms nor auto"
        ) from None


# ---- the run ----


def _run(
    files: list[str], out: Path, tolerances: Sequence[float | None], workers: int | None
) -> Census:
    from ..pointgroup.census import is_finished, run_census
    from ..pointgroup.errors import InputError
    from ..pointgroup.parallel import WorkerDied

    if is_finished(files, out, tolerances):
        complain(f"{out} already holds this census; remove it to compute it anew")
    parts = Path(f"{out}.parts")
    again = f"{parts} keeps what is finished; the same command continues"
    try:
        with interruptible(lambda: again if parts.exists() else ""), progress() as report:
            return run_census(
                files,
                out,
                tolerances=tolerances,
                workers=workers,
                progress=lambda now: report(_state(now)),
            )
    except WorkerDied as error:
        raise InputError(f"{error}; {again}, perhaps with fewer --workers") from None


def _state(now: Progress) -> State:
    return State(
        now.share,
        1.0,
        f"{now.records:,} molecules, {now.share:.0%} of the input",
        "continues the interrupted census" if now.resumed else "",
    )


# ---- for people ----


def _page(found: Census) -> Iterator[RenderableType | str]:
    yield facts(_findings(found))
    if len(found.shares) > 1:
        heads = ["tolerance", *map(tolerance_head, found.shares)]
        yield columns(heads, _overview(found.shares))
    yield _distribution("group", [share.groups for share in found.shares], found.shares)
    yield _distribution("R", [share.r_classes() for share in found.shares], found.shares)


def _findings(found: Census) -> Iterator[tuple[str, str]]:
    bad = f"; {found.n_bad:,} records could not be used" if found.n_bad else ""
    yield "census", f"{found.shares[0].n_molecules:,} molecules{bad}"
    yield "rows", str(found.path)
    if len(found.shares) == 1:
        (share,) = found.shares
        yield "tolerance", "estimated" if share.tolerance is None else tolerance_head(share)
        yield from ((label, cell) for label, cell in _overview(found.shares))


def tolerance_head(share: Share) -> str:
    """The tolerance over a column."""
    return "auto" if share.tolerance is None else f"{share.tolerance:g} Å"


def _overview(shares: Sequence[Share]) -> Iterator[tuple[str, ...]]:
    yield "R = 1", *(percent(s.n_complete, s.n_vibrating) for s in shares)
    yield "C1", *(percent(s.groups.get("C1", 0), s.n_molecules) for s in shares)
    yield "with inversion", *(percent(s.n_centrosymmetric, s.n_molecules) for s in shares)
    yield "different groups", *(str(len(s.groups)) for s in shares)


def _distribution(
    head: str, counts: Sequence[dict[str, int]], shares: Sequence[Share]
) -> RenderableType:
    """A row per name: its number under each tolerance, with its share if there is one."""
    names = dict.fromkeys(name for each in counts for name in each)
    rows = [[name, *(f"{each.get(name, 0):,}" for each in counts)] for name in names]
    if len(shares) > 1:
        return columns([head, *map(tolerance_head, shares)], rows)
    total = sum(counts[0].values())
    rows = [[*row, percent(counts[0][row[0]], total)] for row in rows]
    return columns([head, "molecules", "share"], rows)


def percent(part: int, whole: int) -> str:
    """A share with two decimals.

    >>> percent(1999, 2000)
    '99.95 %'
    """
    return f"{100 * part / whole:.2f} %" if whole else "–"


def _complain_of(found: Census) -> None:
    for bad in found.bad[:SHOWN_ERRORS]:
        complain(str(bad))
    if found.n_bad > SHOWN_ERRORS:
        more = found.n_bad - SHOWN_ERRORS
        complain(f"and {more:,} more; the column error of {found.path} has them")


# ---- for programs ----


def _json(found: Census) -> Json:
    from ..pointgroup.census.summary import MOST_KEPT

    return {
        "out": str(found.path),
        "n_bad": found.n_bad,
        "bad": [asdict(bad) for bad in found.bad[:MOST_KEPT]],
        "tolerances": [_share_json(share) for share in found.shares],
    }


def _share_json(share: Share) -> Json:
    return {
        "tolerance": share.tolerance,
        "n_molecules": share.n_molecules,
        "n_complete": share.n_complete,
        "n_centrosymmetric": share.n_centrosymmetric,
        "groups": share.groups,
        "R": {"none" if R is None else str(R): n for R, n in share.ratios.items()},
        "R_classes": share.r_classes(),
    }
