"""Who is calibrated, who is tested, and which samples are measured twice.

A split divides the samples at random into a calibration set and a test set. The k transfer
samples are chosen inside the calibration set, on master spectra alone; they are measured on
both instruments and their reference values are known. Nothing else of the target instrument
is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ProtocolError
from ..spectra import Array

LEAST_CALIBRATION = 10
LEAST_TEST = 5
"""Fewest samples for which a calibration, or an R², says anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows of the calibration and of the test set, ascending."""

    calibration: np.ndarray
    test: np.ndarray


def split_of(
    seed: int, n: int, *, n_test: int | None = None, n_calibration: int | None = None
) -> Split:
    """The random split of a seed.

    Parameters
    ----------
    seed : int
    n : int
        Number of samples.
    n_test : int, optional
        A quarter if not given.
    n_calibration : int, optional
        All others if not given.

    Raises
    ------
    ProtocolError
        If there are too few samples.

    >>> split = split_of(0, 80)
    >>> len(split.calibration), len(split.test)
    (60, 20)
    """
    tested = round(n / 4) if n_test is None else n_test
    calibrated = n - tested if n_calibration is None else n_calibration
    if calibrated < LEAST_CALIBRATION or tested < LEAST_TEST or calibrated + tested > n:
        raise ProtocolError(
            f"{n} samples cannot give {calibrated} for calibration and {tested} for testing; "
            f"at least {LEAST_CALIBRATION} and {LEAST_TEST} are needed"
        )
    order = np.random.default_rng(seed).permutation(n)
    return Split(np.sort(order[tested : tested + calibrated]), np.sort(order[:tested]))


def kennard_stone(spectra: Array, k: int) -> np.ndarray:
    """Rows that cover a cloud evenly.

    R. W. Kennard and L. A. Stone, Technometrics 11 (1969) 137: the two most distant rows,
    then again and again the one farthest from all chosen. So the first rows of a larger
    choice are those of a smaller one.

    Parameters
    ----------
    spectra : (n, p) array
    k : int

    Returns
    -------
    (k,) array of int

    Raises
    ------
    ProtocolError
        If k exceeds the number of rows.

    >>> kennard_stone(np.array([[0.0], [1.0], [4.0], [10.0]]), 3)
    array([0, 3, 2])
    """
    n = len(spectra)
    if not 0 <= k <= n:
        raise ProtocolError(f"k = {k} transfer samples of a calibration set of {n}; choose fewer")
    squares = (spectra**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * spectra @ spectra.T
    if k < 2:
        centre = spectra.mean(axis=0)
        return np.argsort(((spectra - centre) ** 2).sum(axis=1), kind="stable")[:k]
    first, second = np.unravel_index(int(np.argmax(distances)), distances.shape)
    chosen = [int(first), int(second)]
    nearest = np.minimum(distances[first], distances[second])
    while len(chosen) < k:
        nearest[chosen] = -np.inf
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, distances[chosen[-1]])
    return np.array(chosen)
