"""Parts of the samples of a run: train, valid and test, with what belongs together in one."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LeakError, SpectraError
from ..model.config import Task
from ..splits import Split, check_split, split_table
from ..table import Int64, SpectraTable
from .config import DataConfig
from .inputs import Labels


def parts_of_table(table: SpectraTable, split: Split | None, data: DataConfig) -> Split:
    """The split that is given, checked, or one by the settings.

    Raises
    ------
    SpectraError, LeakError
        If a part is empty or of another table, or related molecules are in two parts.
    """
    if split is None:
        split = split_table(table, data.fractions, relations=data.relations, seed=data.split_seed)
    _check_rows(split, len(table))
    check_split(table, split)
    return split


def parts_of_curves(
    n: int, groups: tuple[str, ...], split: Split | None, data: DataConfig
) -> Split:
    """The split that is given, checked, or one at random with each group in one part.

    Parameters
    ----------
    n : int
        Samples.
    groups : tuple of str, n or none
        Samples with one text stay together; "" stands for itself.
    split : Split, optional
    data : DataConfig

    Raises
    ------
    SpectraError, LeakError
        If a part is empty or of other data, or a sample or a group is in two parts.
    """
    if groups and len(groups) != n:
        raise SpectraError(f"{len(groups)} groups for {n} spectra; give one each")
    names = groups or ("",) * n
    group = _numbers(names)
    if split is None:
        return _dealt(group, data)
    _check_rows(split, n)
    _check_apart(split, group, names)
    return split


def check_scored(labels: Labels, valid: Int64, task: Task) -> None:
    """Refuse a validation part on which R² has no meaning.

    Raises
    ------
    SpectraError
        If the task is regression and the part has fewer than two samples, or one value only.
    """
    if task != "regression":
        return
    if len(valid) < 2:
        raise SpectraError(
            f"{len(valid)} sample in the part valid, R2 needs two or more; give more samples or a "
            "larger share data.valid"
        )
    same = (np.ptp(labels.values[valid], axis=0) == 0).nonzero()[0]
    if same.size:
        raise SpectraError(
            f"target {same[0]} is the same for all {len(valid)} samples of the part valid, R2 has "
            "no meaning; give more samples, a larger share data.valid or another data.split_seed"
        )


def digest(*arrays: NDArray[Any]) -> str:
    """SHA-256 of the shapes and values of arrays."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(repr(array.shape).encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _numbers(names: tuple[str, ...]) -> Int64:
    """Number of the group of each sample, from 0."""
    labels = [("group", name) if name else ("alone", k) for k, name in enumerate(names)]
    order = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    return np.array([order[label] for label in labels], dtype=np.int64)


def _dealt(group: Int64, data: DataConfig) -> Split:
    """Groups in random order, cut where the shares of the samples end."""
    shares = data.fractions
    sizes = np.bincount(group)
    order = np.random.default_rng(data.split_seed).permutation(len(sizes))
    middle = np.empty(len(sizes))
    middle[order] = (np.cumsum(sizes[order]) - sizes[order] / 2) / len(group)
    part = np.searchsorted(np.cumsum(list(shares.values()))[:-1], middle[group])
    rows = {name: np.flatnonzero(part == k) for k, name in enumerate(shares)}
    for name in ("train", "valid"):
        if name in rows and not len(rows[name]):
            raise SpectraError(
                f"the part {name} of {len(group)} samples in {len(sizes)} groups is empty; give "
                f"more groups or a larger share data.{name}"
            )
    split = Split(rows, (), data.split_seed, digest(part))
    _check_rows(split, len(group))
    return split


def _check_rows(split: Split, n: int) -> None:
    for name in ("train", "valid"):
        if not len(split[name]):
            raise SpectraError(f"the part {name} of the split is empty; give it samples")
    for name, rows in split.parts.items():
        beyond = rows[(rows < 0) | (rows >= n)]
        if beyond.size:
            raise SpectraError(
                f"the part {name} has sample {beyond[-1]}, there are {n}; it is of another table"
            )


def _check_apart(split: Split, group: Int64, names: tuple[str, ...]) -> None:
    owner: dict[int, str] = {}
    for part, rows in split.parts.items():
        for row in rows.tolist():
            other = owner.setdefault(int(group[row]), part)
            if other != part:
                what = f"group {names[row]!r}" if names[row] else f"sample {row}"
                raise LeakError(
                    f"{what} is in the parts {other} and {part}; keep it in one of them"
                )
