"""Test samples under lock: while methods are fitted, their rows do not exist.

A vault holds its own copy of a problem's data and lends read-only views of it. While it is
sealed for a split, the rows of the test samples, spectra on both instruments and reference
values, are overwritten with NaN in the very memory that was lent. Whoever looks at them then,
in whatever way, through a preprocessing over all samples, a reference kept from before, or a
selection of samples, gets NaN, and NaN predictions are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..errors import LeakError
from ..spectra import Array
from ..transfer.interface import Calibration


@dataclass(frozen=True, slots=True, eq=False)
class Lent:
    """What a vault lends: read-only views, all samples in their order.

    Attributes
    ----------
    master, target : (n, p) array
    values : (n,) array
    """

    master: Array
    target: Array
    values: Array


class Vault:
    """The data of one problem: a master, a target, a property.

    Parameters
    ----------
    master, target : (n, p) array
    values : (n,) array
    """

    def __init__(self, master: Array, target: Array, values: Array) -> None:
        self._arrays = [np.array(a, dtype=float) for a in (master, target, values)]
        views = [a.view() for a in self._arrays]
        for view in views:
            view.flags.writeable = False
        self.lent = Lent(*views)

    @contextmanager
    def sealed(self, test: np.ndarray, fill: float | Array = np.nan) -> Iterator[Array]:
        """Overwrite the rows of test samples for a while.

        Parameters
        ----------
        test : (m,) array of int
        fill : float or array, optional
            What stands there meanwhile.

        Yields
        ------
        (m, p) array
            The target spectra of the test samples, to be predicted.
        """
        kept = [a[test].copy() for a in self._arrays]
        try:
            for array in self._arrays:
                array[test] = fill
            spectra = kept[1].copy()
            spectra.flags.writeable = False
            yield spectra
        finally:
            for array, rows in zip(self._arrays, kept, strict=True):
                array[test] = rows


def guarded_predictions(calibration: Calibration, spectra: Array, name: str) -> Array:
    """Predictions for test spectra, which must be finite and each from its own row only.

    Parameters
    ----------
    calibration : Calibration
    spectra : (m, p) array
    name : str
        Of the method, for the message.

    Raises
    ------
    LeakError
        If a value is not finite (it came from a sealed row), or changes with the company in
        which its spectrum is predicted.
    """
    found = np.asarray(calibration.predict(spectra), dtype=float)
    if found.shape != spectra.shape[:1] or not np.isfinite(found).all():
        raise LeakError(
            f"{name} predicts values that are not finite: it used samples of the test set, "
            "which are sealed while methods are fitted, or it failed"
        )
    half = len(spectra) // 2
    alone = np.concatenate([calibration.predict(part) for part in (spectra[half:], spectra[:half])])
    again = np.concatenate([alone[len(spectra) - half :], alone[: len(spectra) - half]])
    if not np.allclose(found, again, rtol=1e-7, atol=1e-9 * (1 + np.abs(found).max())):
        raise LeakError(
            f"{name} predicts a spectrum differently in other company: it adapts to the test set"
        )
    return found
