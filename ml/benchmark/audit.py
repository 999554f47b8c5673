"""Does a method depend on test samples? Change them and see.

The seal of the vault lets NaN reach whoever peeks, but a method may be deaf to NaN. So the
audit runs a cell three times, with three different contents in the sealed rows, each in a
vault whose whole past has that content, and demands the same predictions to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import LeakError
from ..spectra import Array
from .cell import Entry, calibrations
from .protocol import Split
from .vault import Vault


def audit(
    master: Array,
    target: Array,
    values: Array,
    split: Split,
    ks: Sequence[int],
    entries: Sequence[Entry],
) -> int:
    """Run a cell with different contents of the test rows.

    Parameters
    ----------
    master, target : (n, p) array
    values : (n,) array
    split : Split
    ks : sequence of int
    entries : sequence of Entry

    Returns
    -------
    int
        Number of calibrations that were compared.

    Raises
    ------
    LeakError
        If a prediction changed by a single bit.
    """
    spectra = np.array(target, dtype=float)[split.test]
    runs = []
    for content, fill in enumerate((np.nan, 0.0, 1e3)):
        vault = Vault(*_with(content, master, target, values, split.test))
        with vault.sealed(split.test, fill):
            fitted = calibrations(vault.lent, split, ks, entries, 0)
            runs.append({(name, k): c.predict(spectra).tobytes() for name, k, c in fitted})
    for (name, k), predictions in runs[0].items():
        if any(run[name, k] != predictions for run in runs[1:]):
            raise LeakError(
                f"{name} at k = {k} predicts otherwise when nothing but test samples was changed: "
                "it used them"
            )
    return len(runs[0])


def _with(
    content: int, master: Array, target: Array, values: Array, test: np.ndarray
) -> tuple[Array, Array, Array]:
    """Copies of the data; but for the first, with noise in the test rows."""
    arrays = [np.array(a, dtype=float) for a in (master, target, values)]
    if content:
        rng = np.random.default_rng(content)
        for a in arrays:
            a[test] = rng.normal(a.mean(), 3 * a.std(), a[test].shape)
    return arrays[0], arrays[1], arrays[2]
