"""Predictions in a plain table, csv or parquet, one row each.

==============  ==========================================================================
column          meaning
==============  ==========================================================================
molecule        name; may be left out where there is smiles or xyz
smiles, xyz     structure: SMILES, or a geometry file beside the table; group and R follow. Where
                there are both, the geometry counts, and must be of that molecule
stratum         isomers to be compared; default: those of one ring skeleton and formula, with
                isotopes and charge
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
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...pointgroup import InputError, Molecule, molecule_from_input
from ...pointgroup.errors import FileError
from .errors import EvaluationError
from .metrics import metric_named
from .structures import canonical, charge_of, same_stereo, symbols_of
from .subjects import INPUTS, MODEL, TWICE, Subject, subject_of
from .table import Missing, Score, ScoreTable, score_table

Row = Mapping[str, str]
Rows = Sequence[tuple[str, Row]]
"""Where a row stands, for messages, and its cells."""
_KNOWN = {"ir+raman": "both", "raman+ir": "both", "fused": "both", "": MODEL}
LABELS = {"error": "−|error|"}
"""Names of metrics that are not those of their numbers."""
LARGEST = 120
"""Atoms of a molecule whose geometry is made from SMILES."""


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
        What happens to a molecule without a usable structure; see also `score_table`.
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
    label = LABELS.get(metric, metric)
    if known is not None:
        named = [
            replace(s, molecule=_known(row, known))
            for s, (_, row) in zip(scores, rows, strict=True)
        ]
        return score_table(named, known, metric=label, missing=missing)
    subjects, notes = _subjects(rows, path.parent, tolerance, missing, progress)
    usable = [score for score in scores if score.molecule in subjects]
    return score_table(usable, subjects, metric=label, missing=missing, notes=notes)


def read_rows(path: Path) -> Rows:
    """Rows of a csv or parquet file as texts, column names in lower case; where each stands."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise FileError(f"{path}: a table of predictions is a .csv or a .parquet file")
    rows = _csv_rows(path) if kind == ".csv" else _parquet_rows(path)
    if not rows:
        raise EvaluationError(f"{path}: there are no rows")
    columns = list(rows[0][1])
    if not {"molecule", "smiles", "xyz"}.intersection(columns):
        raise EvaluationError(
            f"{path}: no column molecule, smiles or xyz, but {', '.join(map(repr, columns))}"
            + ("; separate columns by commas" if kind == ".csv" and len(columns) == 1 else "")
        )
    return rows


def _csv_rows(path: Path) -> Rows:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            heads = [(h or "").strip().lower() for h in reader.fieldnames or ()]
            if double := {h for h in heads if heads.count(h) > 1}:
                raise EvaluationError(f"{path}: column {sorted(double)[0]!r} occurs twice")
            reader.fieldnames = heads
            out: list[tuple[str, Row]] = []
            for row in reader:
                if None in row or None in row.values():
                    raise EvaluationError(
                        f"{path}: line {reader.line_num} does not have {len(heads)} cells"
                    )
                cells = {str(k): str(v) for k, v in row.items()}
                out.append((f"line {reader.line_num}", cells))
            return out
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"{path}: cannot be read as csv: {error}") from None


def _parquet_rows(path: Path) -> Rows:
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
    cells = (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    return [(f"row {n}", row) for n, row in enumerate(cells, start=1)]


def _name(row: Row) -> str:
    for column in ("molecule", "smiles", "xyz"):
        if text := row.get(column, "").strip():
            return text
    raise EvaluationError("a row names no molecule")


# ---- scores ----


def _scores(rows: Rows, metric: str) -> Iterator[Score]:
    measure = metric_named(metric)
    for where, row in rows:
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
        except InputError as error:
            raise EvaluationError(f"{where}: {error}") from None


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
        value = float(text) if text else 0.0
    except ValueError:
        raise EvaluationError(f"{column} {text!r} is no number") from None
    if not math.isfinite(value):
        raise EvaluationError(f"{column} {text!r} is no finite number")
    return value


def _whole(row: Row, column: str) -> int:
    value = _float(row, column)
    if value != int(value):
        raise EvaluationError(f"{column} {row[column]!r} is no whole number")
    return int(value)


# ---- structures ----


def _known(row: Row, known: Mapping[str, Subject]) -> str:
    """The row's name, or its canonical SMILES if the data set knows only that."""
    name, smiles = _name(row), row.get("smiles", "").strip()
    if name in known or not smiles:
        return name
    other = canonical(smiles)
    return other if other in known else name


def _subjects(
    rows: Rows,
    folder: Path,
    tolerance: float | None,
    missing: Missing,
    progress: Callable[[int], None],
) -> tuple[dict[str, Subject], list[str]]:
    """Molecules by name, and what is to be said of those that have no usable structure."""
    first: dict[str, tuple[str, Row]] = {}
    for where, row in rows:
        name = _name(row)
        _, before = first.setdefault(name, (where, row))
        for column in ("smiles", "xyz", "stratum", "scaffold"):
            if before.get(column, "") != row.get(column, ""):
                raise EvaluationError(
                    f"{where}: {name} has {column} {row[column]!r}, but {before[column]!r} before"
                )
    out, bad = {}, []
    for n, (name, (where, row)) in enumerate(first.items(), start=1):
        try:
            out[name] = _subject(name, row, folder, tolerance)
        except InputError as error:
            bad.append(f"{where}: {error}")
        progress(n)
    _refuse_twins({name: first[name] for name in out})
    if bad and (missing == "refuse" or not out):
        more = f" (and {len(bad) - 1} more molecules)" if len(bad) > 1 else ""
        remedy = "; --missing drop leaves such molecules out" if out else ""
        raise EvaluationError(bad[0] + more + remedy)
    told = f"molecules without a usable structure are left out: {len(bad)} ({', '.join(bad[:1])})"
    return out, [told] if bad else []


def _refuse_twins(rows: Mapping[str, tuple[str, Row]]) -> None:
    """One molecule under two names would count twice."""
    seen: dict[str, str] = {}
    for name, (where, row) in rows.items():
        text = row.get("smiles", "").strip()
        if text and not row.get("xyz", "").strip():
            other = seen.setdefault(canonical(text), name)
            if other != name:
                raise EvaluationError(
                    f"{where}: {name} and {other} are one molecule; give it one name and one SMILES"
                )


def _subject(name: str, row: Row, folder: Path, tolerance: float | None) -> Subject:
    smiles, xyz = (row.get(column, "").strip() for column in ("smiles", "xyz"))
    if not smiles and not xyz:
        raise EvaluationError(
            f"{name}: no structure, so that its group is unknown; give smiles or xyz, or the "
            "data set that holds it"
        )
    if xyz:
        molecule = molecule_from_input(str(folder / xyz))
        if smiles:
            molecule = _charged(molecule, smiles)
            _compare(name, molecule, smiles)
    else:
        _check_size(smiles)
        molecule = Molecule.from_smiles(smiles)
    return subject_of(
        name,
        molecule,
        smiles=smiles,
        stratum=row.get("stratum", "").strip(),
        scaffold=row.get("scaffold", "").strip(),
        tolerance=tolerance,
    )


def _charged(molecule: Molecule, smiles: str) -> Molecule:
    """With the charge of the SMILES, unless the file gives one; plain xyz does not."""
    charge = charge_of(smiles)
    if molecule.charge or not charge:
        return molecule
    parts = (molecule.symbols, molecule.positions, molecule.masses)
    return Molecule(*parts, charge=charge, name=molecule.name)


def _compare(name: str, molecule: Molecule, smiles: str) -> None:
    """Refuse a geometry of another molecule than the SMILES."""
    from ..datasets.identity import identity

    wanted = Counter(symbols_of(smiles))
    if wanted != Counter(molecule.symbols):
        raise EvaluationError(f"{name}: its geometry, {molecule.formula}, is not that of {smiles}")
    found, key = identity(molecule)
    if not found:
        return
    # The first block of an InChIKey is that of the skeleton; stereochemistry follows.
    if key.split("-")[0] != identity(molecule, smiles)[1].split("-")[0]:
        raise EvaluationError(f"{name}: its geometry, {found}, is that of an isomer of {smiles}")
    if not same_stereo(smiles, found):
        raise EvaluationError(
            f"{name}: its geometry, {found}, is that of a stereoisomer of {smiles}"
        )


def _check_size(smiles: str) -> None:
    """Geometries of long chains take minutes, and their groups mean little."""
    n = len(symbols_of(smiles))
    if n > LARGEST:
        raise EvaluationError(
            f"{smiles}: {n} atoms are too many for a geometry from SMILES (at most {LARGEST}); "
            "give an optimised one in the column xyz"
        )
