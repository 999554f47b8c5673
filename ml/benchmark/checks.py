"""What a benchmark refuses before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import ProtocolError
from ..spectra import Array, SpectralSet, Study
from ..transfer.consensus import Consensus
from ..transfer.tuning import Tuned
from .catalogue import entries_named
from .cell import Entry
from .protocol import split_of
from .vault import Lent

if TYPE_CHECKING:
    from .runner import Plan

LEAST_K = 4
"""Fewest transfer samples: each is left out once, and methods need two or three."""


def usable_rows(study: Study, name: str) -> np.ndarray:
    """Samples with a reference value of a property."""
    return np.flatnonzero(np.isfinite(study.values(name)))


def check_plan(study: Study, plan: Plan) -> None:
    """Refuse what the data cannot carry, before anything runs.

    Raises
    ------
    SpectraError
        If an instrument or property is unknown, or axes differ.
    ProtocolError
        If there are too few samples or channels, k is too large, no method runs, a split has
        no spread, a spectrum occurs twice, or two instruments are the same file.
    """
    from ..resampling import on_one_axis

    for pair in plan.pairs:
        if pair[0] == pair[1]:
            raise ProtocolError(f"master and target are both {pair[0]}; choose two instruments")
        on_one_axis(study, pair)
    if plan.seeds and min(plan.seeds) < 0:
        raise ProtocolError(f"seed {min(plan.seeds)}; seeds are 0 or more")
    for name in plan.properties:
        _check_values(study, name, plan)
    entries = entries_named(plan.methods)
    _check_methods(entries, plan)
    for name in dict.fromkeys(name for pair in plan.pairs for name in pair):
        _check_channels(study.instrument(name), entries)
        _check_copies(study.instrument(name))
    for first, second in plan.pairs:
        if np.array_equal(study.instrument(first).spectra, study.instrument(second).spectra):
            raise ProtocolError(
                f"{study.name}: {first} and {second} hold the same numbers; "
                "give each instrument its own spectra"
            )


def _check_values(study: Study, name: str, plan: Plan) -> None:
    values = study.values(name)
    rows = usable_rows(study, name)
    if len(rows) < 2 or not np.ptp(values[rows]) > 0:
        raise ProtocolError(f"{name}: {len(rows)} reference values without spread; nothing to fit")
    try:
        split = split_of(0, len(rows), n_test=plan.n_test, n_calibration=plan.n_calibration)
    except ProtocolError as error:
        missing = study.n_samples - len(rows)
        gone = f" ({missing} without a reference value of {name} left out)" if missing else ""
        raise ProtocolError(f"{study.name}: {error}{gone}") from None
    _check_ks(plan.ks, len(split.calibration), len(rows))
    _check_spread(name, values[rows], plan)


def _check_ks(ks: tuple[int, ...], n_calibration: int, n: int) -> None:
    if max(ks, default=0) > n_calibration:
        raise ProtocolError(
            f"k = {max(ks)} transfer samples, but the calibration set has "
            f"{n_calibration} of the {n} samples; choose k ≤ {n_calibration}"
        )
    small = [k for k in ks if k < LEAST_K and k != 0]
    if small:
        raise ProtocolError(
            f"k = {min(small)}; inner validation needs {LEAST_K} transfer samples or more, "
            "or 0 for none"
        )


def _check_spread(name: str, values: Array, plan: Plan) -> None:
    """Both sets of every split need two values: else there is no R², or nothing to fit."""
    for seed in plan.seeds:
        split = split_of(seed, len(values), n_test=plan.n_test, n_calibration=plan.n_calibration)
        for what, rows in (("test", split.test), ("calibration", split.calibration)):
            if not np.ptp(values[rows]) > 0:
                raise ProtocolError(
                    f"{name}: all {len(rows)} {what} samples of seed {seed} have the value "
                    f"{values[rows[0]]:g}; choose other seeds, larger sets or another property"
                )


def _check_methods(entries: tuple[Entry, ...], plan: Plan) -> None:
    """Some method must run: a plan of which nothing comes is a mistake."""
    if any(e.own or any(k >= e.least if k else e.without for k in plan.ks) for e in entries):
        return
    asked = ", ".join(map(str, plan.ks)) or "none"
    names = ", ".join(entry.name for entry in entries) or "no method"
    raise ProtocolError(
        f"{names} with k of {asked}: nothing runs; give {LEAST_K} transfer samples or more"
    )


def _check_channels(group: SpectralSet, entries: tuple[Entry, ...]) -> None:
    nothing = Lent(np.empty((0, 0)), np.empty((0, 0)), np.empty(0))
    for entry in entries:
        method = entry.build(nothing)
        windows = method.windows if isinstance(method, Consensus) else ()
        if isinstance(method, Tuned):
            windows = tuple(p.window for p in method.pretreatments if p.derivative)
        least = max(windows, default=2)
        if group.axis.size < least:
            raise ProtocolError(
                f"{group.instrument}: {group.axis.size} channels are fewer than the {least} of "
                f"the widest derivative of {entry.name}; choose other methods"
            )


def _check_copies(group: SpectralSet) -> None:
    """The same numbers under two names would stand in calibration and test set at once."""
    seen: dict[bytes, str] = {}
    for sample, row in zip(group.samples, group.spectra, strict=True):
        first = seen.setdefault(row.tobytes(), sample)
        if first != sample:
            raise ProtocolError(
                f"{group.instrument}: samples {first} and {sample} have the same spectrum to the "
                "last digit; one could be calibrated with and the other tested: remove one"
            )
