"""Who is tested by which model, and who trains it.

A fold tests the matched strata of its scaffolds, and the control strata that a hash gives it.
Nobody trains that shares an InChIKey skeleton, a stratum or a Bemis–Murcko scaffold with them;
what is left is divided into training and validation part by whole components, see `splits`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SpectraError
from ..functional_groups import GROUPS, Bool, frequent, labels
from ..splits import RELATIONS, Split, check_split, related, split_of, split_table
from ..stratified.subjects import scaffold_word
from ..table import Int64, SpectraTable
from .config import StudyConfig
from .errors import StudyError


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One fold.

    Attributes
    ----------
    number : int
    main, controls : (n,) int64
        Rows of matched strata and of control strata; they make the part "test".
    split : Split
        Parts "train", "valid" and "test" of the whole table; the rest takes no part.
    """

    number: int
    main: Int64
    controls: Int64
    split: Split

    @property
    def test(self) -> Int64:
        """Rows that are tested, ascending."""
        return self.split["test"]


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """All folds of a study.

    Attributes
    ----------
    folds : tuple of Fold
    strata : mapping from name to (n,) int64
        Rows of each stratum with two molecules or more.
    groups : (n, k) bool
        Functional groups that are learnt; nothing but False without SMILES.
    names : tuple of str, k
        Of these groups.
    notes : tuple of str
    """

    folds: tuple[Fold, ...]
    strata: Mapping[str, Int64]
    groups: Bool
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def design(table: SpectraTable, config: StudyConfig) -> Design:
    """The folds of a study.

    Raises
    ------
    StudyError
        If a scaffold has no matched stratum, or too little is left to train on.
    SpectraError
        If a SMILES cannot be parsed, or no functional group is frequent.
    """
    strata = strata_of(table)
    centred = np.asarray(table.column("centrosymmetric"), dtype=bool)
    matched = {name for name, rows in strata.items() if 0 < centred[rows].sum() < len(rows)}
    controls = control_strata(table, strata) - matched
    labelled, groups, names = _groups(table, config.least_positives)
    folds = tuple(
        _fold(table, config, number, strata, matched, controls, labelled)
        for number in range(len(config.folds))
    )
    tested = {name for fold in config.folds for name in fold}
    left = sorted({scaffold_word(name) for name in matched} - tested)
    notes = [f"matched strata of scaffolds in no fold are not tested: {', '.join(left)}"]
    return Design(folds, strata, groups, names, tuple(notes if left else ()))


def strata_of(table: SpectraTable) -> dict[str, Int64]:
    """Rows of each stratum that has two molecules or more."""
    found: dict[str, list[int]] = {}
    for row, name in enumerate(table.texts["stratum"]):
        found.setdefault(name, []).append(row)
    return {k: np.array(v) for k, v in sorted(found.items()) if k and len(v) > 1}


def control_strata(table: SpectraTable, strata: Mapping[str, Int64]) -> set[str]:
    """Strata without any centre in which some members have silent modes and some have none."""
    centred = np.asarray(table.column("centrosymmetric"), dtype=bool)
    silent = np.asarray(table.column("n_silent")) > 0
    return {
        name
        for name, rows in strata.items()
        if not centred[rows].any() and 0 < silent[rows].sum() < len(rows)
    }


def fold_of_control(stratum: str, n_folds: int) -> int:
    """The fold that tests a control stratum.

    >>> fold_of_control("benzene F3", 5), fold_of_control("ethane F3", 5)
    (0, 4)
    """
    return int(hashlib.sha256(stratum.encode()).hexdigest(), 16) % n_folds


def related_to(table: SpectraTable, rows: Int64) -> NDArray[np.bool_]:
    """Which molecules share something with those in ``rows``, themselves included, (n,)."""
    out = np.zeros(len(table), dtype=bool)
    out[rows] = True
    for relation in RELATIONS:
        shared = related(table, relation)
        theirs = {shared[row] for row in rows} - {""}
        out |= np.array([label in theirs for label in shared])
    return out


def _fold(
    table: SpectraTable,
    config: StudyConfig,
    number: int,
    strata: Mapping[str, Int64],
    matched: set[str],
    controls: set[str],
    labelled: NDArray[np.bool_],
) -> Fold:
    scaffolds, n_folds = config.folds[number], len(config.folds)
    for name in scaffolds:
        if not any(scaffold_word(stratum) == name for stratum in matched):
            known = ", ".join(sorted({scaffold_word(stratum) for stratum in matched})) or "none"
            raise StudyError(
                f"fold {number}: no matched stratum of the scaffold {name!r}; the data have {known}"
            )
    main = _rows(strata, (s for s in matched if scaffold_word(s) in scaffolds))
    control = _rows(strata, (s for s in controls if fold_of_control(s, n_folds) == number))
    test = np.union1d(main, control)
    if not labelled[test].all():
        row = test[np.argmin(labelled[test])]
        raise StudyError(
            f"fold {number}: {table.texts['name'][row]} has no SMILES, so that its functional "
            "groups are unknown"
        )
    pool = np.flatnonzero(~related_to(table, test) & labelled)
    split = _split(table, pool, test, config.valid, number)
    check_split(table, split)
    return Fold(number, main, control, split)


def _rows(strata: Mapping[str, Int64], names: object) -> Int64:
    chosen = [strata[name] for name in sorted(names)]  # type: ignore[call-overload]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.int64)


def _split(table: SpectraTable, pool: Int64, test: Int64, valid: float, number: int) -> Split:
    if len(pool) < 2:
        raise StudyError(
            f"fold {number}: {len(pool)} molecules are related to no test molecule; give more data"
        )
    try:
        parts = split_table(table.take(pool), {"train": 1 - valid, "valid": valid}, seed=number)
    except SpectraError as error:
        raise StudyError(f"fold {number}: {error}") from None
    rows = {name: pool[part] for name, part in parts.parts.items()}
    return split_of(table, rows | {"test": test}, seed=number)


def _groups(table: SpectraTable, least: int) -> tuple[NDArray[np.bool_], Bool, tuple[str, ...]]:
    """Molecules with SMILES, and the frequent groups of all molecules."""
    smiles = table.texts["smiles"]
    labelled = np.array([bool(text) for text in smiles])
    found = labels([text for text in smiles if text])
    columns = frequent(found, least=least)
    if not len(columns):
        raise StudyError(f"no functional group has {least} positives; lower least_positives")
    groups = np.zeros((len(smiles), len(columns)), dtype=bool)
    groups[labelled] = found[:, columns]
    names = tuple(GROUPS)
    return labelled, groups, tuple(names[k] for k in columns)
