"""Predictions in a plain table, csv or parquet, one row each.

==============  ==========================================================================
column          meaning
==============  ==========================================================================
molecule        name; may be left out where there is smiles or xyz
smiles, xyz     structure: SMILES, or a geometry file beside the table; group and R follow
stratum         isomers to be compared; default: those of one ring skeleton and formula
scaffold        top level of the resampling; default: the ring skeleton
prediction,     what was predicted and what is true; label sets have ; between labels
truth
score, rank     instead of them: a number, larger is better; place of the true molecule
input           ir, raman, both or ir twice
noise, seed     level; number of the training run
split, draw     name of the split; number of the draw, if there are several
==============  ==========================================================================
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ...pointgroup import InputError, molecule_from_input
from ...pointgroup.errors import FileError
from .errors import EvaluationError
from .metrics import metric_named
from .subjects import INPUTS, MODEL, TWICE, Subject, subject_of
from .table import Missing, Score, ScoreTable, score_table

Row = Mapping[str, str]
_KNOWN = {"ir+raman": "both", "raman+ir": "both", "fused": "both", "": MODEL}
_SHOWN = 3


def read_scores(
    path: Path | str,
    *,
    metric: str,
    known: Mapping[str, Subject] | None = None,
    missing: Missing = "refuse",
    tolerance: float | None = None,
    progress: Callable[[int], None] = lambda n: None,
) -> ScoreTable:
    """The scored predictions of a file; see the module for its columns.

    Parameters
    ----------
    path : path
        ``.csv`` or ``.parquet``.
    metric : str
        Of `metrics.NAMES`.
    known : mapping from name to Subject, optional
        Molecules of a data set; then structures are not looked at.
    missing : "refuse" or "drop"
        See `score_table`.
    tolerance : float, Å, optional
        Of `pointgroup.detect`.
    progress : callable
        Told how many structures were analysed.

    Raises
    ------
    FileError
        If the file cannot be read.
    EvaluationError
        If a column is missing or a cell cannot be used; the line is named.
    """
    path = Path(path)
    rows = read_rows(path)
    scores = list(_scores(rows, metric))  # first: structures take longer
    subjects = _subjects(rows, path.parent, tolerance, progress) if known is None else known
    return score_table(scores, subjects, metric=metric, missing=missing)


def read_rows(path: Path) -> list[Row]:
    """Rows of a csv or parquet file as texts, column names in lower case."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise FileError(f"{path}: a table of predictions is a .csv or a .parquet file")
    rows = _csv_rows(path) if kind == ".csv" else _parquet_rows(path)
    if not rows:
        raise EvaluationError(f"{path}: there are no rows")
    columns = set(rows[0])
    if not columns & {"molecule", "smiles", "xyz"}:
        raise EvaluationError(f"{path}: no column molecule, smiles or xyz")
    return rows


def _csv_rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            heads = [(h or "").strip().lower() for h in reader.fieldnames or ()]
            if double := {h for h in heads if heads.count(h) > 1}:
                raise EvaluationError(f"{path}: column {sorted(double)[0]!r} occurs twice")
            reader.fieldnames = heads
            out: list[Row] = []
            for row in reader:
                if None in row or None in row.values():
                    raise EvaluationError(
                        f"{path}: line {reader.line_num} does not have {len(heads)} cells"
                    )
                out.append({str(k): str(v) for k, v in row.items()})
            return out
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path}: cannot be read as csv: {error}") from None


def _parquet_rows(path: Path) -> list[Row]:
    from ...pointgroup.parquet import require_pyarrow

    require_pyarrow("a data set")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, pa.ArrowException) as error:
        text = (str(error).splitlines() or [type(error).__name__])[0]
        raise FileError(f"{path}: no readable parquet file: {text}") from None
    names = [name.lower() for name in table.column_names]
    columns = [["" if v is None else str(v) for v in column.to_pylist()] for column in table]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _name(row: Row) -> str:
    for column in ("molecule", "smiles", "xyz"):
        if text := row.get(column, "").strip():
            return text
    raise EvaluationError("a row names no molecule")


# ---- scores ----


def _scores(rows: Sequence[Row], metric: str) -> Iterator[Score]:
    measure = metric_named(metric)
    for line, row in enumerate(rows, start=2):
        try:
            yield Score(
                _name(row),
                measure(row),
                _input(row.get("input", "")),
                _float(row, "noise"),
                _whole(row, "seed"),
                row.get("split", "").strip(),
                row.get("draw", "").strip(),
            )
        except EvaluationError as error:
            raise EvaluationError(f"line {line}: {error}") from None


def _input(text: str) -> str:
    """The name of an input however it is written.

    >>> [_input(t) for t in ("IR", "Raman", "IR + Raman", "ir_twice", "")]
    ['ir', 'raman', 'both', 'ir twice', 'model']
    """
    plain = re.sub(r"[\s_\-]+", "", text.lower())
    for name in (*INPUTS, MODEL):
        if plain == name.replace(" ", ""):
            return name
    if plain in ("irir", "ir+ir"):
        return TWICE
    if plain not in _KNOWN:
        raise EvaluationError(f"input {text!r}: choose from {', '.join(INPUTS)}")
    return _KNOWN[plain]


def _float(row: Row, column: str) -> float:
    text = row.get(column, "").strip()
    try:
        return float(text) if text else 0.0
    except ValueError:
        raise EvaluationError(f"{column} {text!r} is no number") from None


def _whole(row: Row, column: str) -> int:
    value = _float(row, column)
    if value != int(value):
        raise EvaluationError(f"{column} {row[column]!r} is no whole number")
    return int(value)


# ---- structures ----


def _subjects(
    rows: Sequence[Row],
    folder: Path,
    tolerance: float | None,
    progress: Callable[[int], None],
) -> dict[str, Subject]:
    first: dict[str, tuple[int, Row]] = {}
    for line, row in enumerate(rows, start=2):
        name = _name(row)
        _, before = first.setdefault(name, (line, row))
        for column in ("smiles", "xyz", "stratum", "scaffold"):
            if before.get(column, "") != row.get(column, ""):
                raise EvaluationError(
                    f"line {line}: {name} has {column} {row[column]!r}, but "
                    f"{before[column]!r} before"
                )
    out, bad = {}, []
    for n, (name, (line, row)) in enumerate(first.items(), start=1):
        try:
            out[name] = _subject(name, row, folder, tolerance)
        except InputError as error:
            bad.append(f"line {line}: {error}")
        progress(n)
    if bad:
        more = f" (and {len(bad) - 1} more molecules)" if len(bad) > 1 else ""
        raise EvaluationError(bad[0] + more)
    return out


def _subject(name: str, row: Row, folder: Path, tolerance: float | None) -> Subject:
    smiles, xyz = (row.get(column, "").strip() for column in ("smiles", "xyz"))
    if not smiles and not xyz:
        raise EvaluationError(
            f"{name}: no structure, so that its group is unknown; give smiles or xyz, or the "
            "data set that holds it"
        )
    molecule = molecule_from_input(str(folder / xyz) if xyz else smiles)
    return subject_of(
        name,
        molecule,
        smiles=smiles,
        stratum=row.get("stratum", "").strip(),
        scaffold=row.get("scaffold", "").strip(),
        tolerance=tolerance,
    )
