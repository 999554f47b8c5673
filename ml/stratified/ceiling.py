"""What spectra can tell at best: Bayes error, Fano's bound, and the nearest spectrum.

Model: a molecule's spectrum is known; a measurement adds white Gaussian noise to it. Infrared and
Raman are broadened to one grid, and each is scaled so that its strongest point is 1; ``noise``
is the standard deviation at a grid point in that unit, so that a finer grid at the same noise
holds more. "ir twice" are two measurements of the infrared with independent noise.

The nearest spectrum is the candidate of highest likelihood. With known spectra, equal priors and
this noise no rule has fewer errors: it is a baseline without a model to train, and the ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...identifiability.bounds import Recognition, fano_bound, recognition
from ...vibration.lineshapes import Shape, check_shape, profile
from .errors import EvaluationError
from .subjects import BOTH, INPUTS, IR, RAMAN, TWICE, Subject
from .table import ScoreTable

FloatArray = NDArray[np.float64]
_CHUNK = 256
"""Measurements compared with the library at a time."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """Grid and line shape.

    Attributes
    ----------
    low, high, step : float, cm⁻¹
    fwhm : float, cm⁻¹
    shape : "lorentzian", "gaussian" or "pseudo-voigt"

    Raises
    ------
    EvaluationError
        If the grid is empty.
    """

    low: float = 400.0
    high: float = 4000.0
    step: float = 4.0
    fwhm: float = 16.0
    shape: Shape = "lorentzian"

    def __post_init__(self) -> None:
        check_shape(self.shape, self.fwhm, 0.5)
        if not (0 < self.step < np.inf and 0 <= self.low < self.high < np.inf):
            raise EvaluationError(
                f"grid from {self.low:g} to {self.high:g} by {self.step:g} cm⁻¹: give ends in "
                "ascending order and a positive step"
            )

    @property
    def grid(self) -> FloatArray:
        """(n,) cm⁻¹."""
        return np.arange(self.low, self.high + self.step / 2, self.step)

    def spectrum(self, wavenumbers: ArrayLike, intensities: ArrayLike) -> FloatArray:
        """(n,) sticks broadened, strongest point 1; zero if no line is on the grid."""
        at, heights = (np.asarray(v, dtype=np.float64) for v in (wavenumbers, intensities))
        real = (at > 0) & (heights > 0)
        lines = profile(self.grid[:, None] - at[real], self.fwhm, self.shape)
        curve = lines @ heights[real]
        highest = curve.max(initial=0.0)
        return np.asarray(curve / highest if highest > 0 else curve)


Sticks = tuple[ArrayLike, ArrayLike, ArrayLike]
"""Wavenumbers (cm⁻¹), IR intensities and Raman activities of one molecule."""


def signals(molecules: Sequence[Sticks], instrument: Instrument) -> Mapping[str, FloatArray]:
    """For each of `INPUTS` the noiseless measurements (M, n) or (M, 2n) of all molecules."""
    if not molecules:
        raise EvaluationError("there are no spectra")
    ir = np.array([instrument.spectrum(w, i) for w, i, _ in molecules])
    raman = np.array([instrument.spectrum(w, r) for w, _, r in molecules])
    return {IR: ir, RAMAN: raman, BOTH: np.hstack([ir, raman]), TWICE: np.hstack([ir, ir])}


def ceiling(
    spectra: FloatArray, *, noise: float, samples: int = 20_000, seed: int = 0
) -> Recognition:
    """Bayes error and Fano's bound of telling candidates (K, n) apart.

    Examples
    --------
    Two candidates that differ by d standard deviations have the error Φ(−d/2):

    >>> found = ceiling(np.array([[0.0], [2.0]]), noise=1.0)
    >>> round(found.error.value, 2), found.fano <= found.error.value
    (0.16, True)
    """
    _check(noise)
    return recognition(spectra / noise, samples=samples, seed=seed)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Mean over strata of what no rule can beat.

    Attributes
    ----------
    given : str
        Input.
    noise : float
    n_strata : int
        With two molecules or more, matched or not.
    error, deviation : float
        Bayes error, and its standard deviation from the Monte Carlo.
    fano, fano_weak : float
        Lower bounds; see `identifiability.bounds.Recognition`.
    """

    given: str
    noise: float
    n_strata: int
    error: float
    deviation: float
    fano: float
    fano_weak: float


def ceilings(
    subjects: Sequence[Subject],
    spectra: Mapping[str, FloatArray],
    *,
    noises: Sequence[float],
    samples: int = 400,
    seed: int = 0,
) -> list[Ceiling]:
    """Ceilings of identification in a stratum, for each input and noise level.

    Parameters
    ----------
    subjects : sequence of Subject, M
    spectra : mapping from input to (M, n)
    noises : sequence of float
    samples : int
        Measurements drawn for each stratum.
    seed : int
    """
    groups = _strata(subjects)
    if not groups:
        raise EvaluationError("no stratum has two molecules to tell apart")
    out = []
    for given, signal in spectra.items():
        # Few coordinates hold all distances of a stratum.
        points = [_differences(signal[rows]) for rows in groups]
        for noise in noises:
            found = [
                ceiling(p, noise=noise, samples=samples, seed=seed + k)
                for k, p in enumerate(points)
            ]
            spread = sum(f.error.deviation**2 for f in found) ** 0.5 / len(found)
            means = [[f.error.value, _fano(f), f.fano_weak] for f in found]
            error, fano, weak = map(float, np.mean(means, axis=0))
            out.append(Ceiling(given, noise, len(found), error, spread, fano, weak))
    return out


def _fano(found: Recognition) -> float:
    # The Monte Carlo can put H(M|Y) a little above log K, where the bound ends.
    equivocation = min(found.equivocation.value, float(np.log(found.n_members)))
    return fano_bound(equivocation, found.n_members)


def _strata(subjects: Sequence[Subject]) -> list[list[int]]:
    """Rows of each stratum with two molecules or more."""
    strata: dict[str, list[int]] = {}
    for row, s in enumerate(subjects):
        strata.setdefault(s.stratum, []).append(row)
    return [rows for name, rows in strata.items() if name and len(rows) > 1]


def identified(spectra: FloatArray, *, noise: float, draws: int = 100, seed: int = 0) -> FloatArray:
    """Share of noisy measurements of each candidate that are nearest to it.

    Parameters
    ----------
    spectra : (K, n)
    noise : float
    draws : int
        Measurements of each candidate.
    seed : int

    Returns
    -------
    (K,)
        Candidates with equal spectra share what they get.

    Notes
    -----
    Only the noise in the span of the differences matters, K numbers for each draw.
    """
    _check(noise, draws)
    return _identified(_differences(spectra) / noise, draws, np.random.default_rng(seed))


def _identified(points: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """The same for points (K, ≤ K) in units of the noise."""
    n = len(points)
    drawn = points[:, None] + rng.normal(size=(n, draws, points.shape[1]))
    likelihoods = drawn @ points.T - (points**2).sum(axis=1) / 2
    truth = np.repeat(np.arange(n), draws)
    return np.asarray(_hits(likelihoods.reshape(-1, n), truth).reshape(n, draws).mean(axis=1))


def retrieved(spectra: FloatArray, *, noise: float, draws: int = 1, seed: int = 0) -> FloatArray:
    """(M,) share of measurements whose nearest spectrum in the whole library is the right one."""
    _check(noise, draws)
    rng = np.random.default_rng(seed)
    library = np.asarray(spectra, dtype=np.float32)
    squares = (library**2).sum(axis=1) / 2
    out = np.zeros(len(library))
    for _ in range(draws):
        for start in range(0, len(library), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(library)))
            shape = (len(rows), library.shape[1])
            drawn = library[rows] + np.float32(noise) * rng.standard_normal(shape, dtype=np.float32)
            out[rows] += _hits(drawn @ library.T - squares, rows)
    return out / draws


def baseline(
    subjects: Sequence[Subject],
    spectra: Mapping[str, FloatArray],
    *,
    noises: Sequence[float],
    library: bool = False,
    runs: int = 5,
    draws: int = 100,
    seed: int = 0,
    progress: Callable[[int], None] = lambda n: None,
) -> ScoreTable:
    """Scores of the nearest spectrum, as a table to evaluate.

    Parameters
    ----------
    subjects : sequence of Subject, M
    spectra : mapping from input to (M, n)
        See `signals`.
    noises : sequence of float
    library : bool
        Candidates are all molecules; else those of the same stratum, and molecules that are
        alone in theirs are left out.
    runs, draws : int
        Independent repetitions, and measurements of each molecule in each of them.
    seed : int
    progress : callable
        Told how many of inputs × noise levels are done.
    """
    if not noises:
        raise EvaluationError("no noise level is given")
    levels = sorted(set(noises))
    for noise in levels:
        _check(noise, draws)
    groups = _strata(subjects)
    used = range(len(subjects)) if library else sorted(row for rows in groups for row in rows)
    inputs = [g for g in INPUTS if g in spectra]
    values = np.full((len(subjects), len(inputs), len(levels), runs), np.nan)
    for g, given in enumerate(inputs):
        points = [] if library else [_differences(spectra[given][rows]) for rows in groups]
        for n, noise in enumerate(levels):
            for run in range(runs):
                # Inputs and levels have noise of their own, repetitions too.
                key = int(np.random.SeedSequence([seed, g, n, run]).generate_state(1)[0])
                if library:
                    values[:, g, n, run] = retrieved(
                        spectra[given], noise=noise, draws=draws, seed=key
                    )
                    continue
                rng = np.random.default_rng(key)
                for rows, places in zip(groups, points, strict=True):
                    values[rows, g, n, run] = _identified(places / noise, draws, rng)
            progress(g * len(levels) + n + 1)
    metric = "recall@1 in the library" if library else "top-1 among matched isomers"
    return ScoreTable(
        f"{metric}, nearest spectrum",
        tuple(subjects[row] for row in used),
        tuple(inputs),
        tuple(levels),
        tuple(range(runs)),
        values[list(used)],
    )


def _check(noise: float, draws: int = 1) -> None:
    if not 0 < noise < np.inf:
        raise EvaluationError(f"noise {noise:g}: give a positive share of the strongest band")
    if draws < 1:
        raise EvaluationError(f"{draws} draws: give 1 or more")


def _differences(points: FloatArray) -> FloatArray:
    """The same points (K, ≤ K) in an orthonormal basis of their differences."""
    centred = points - points.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(u * s)


def _hits(likelihoods: NDArray[np.floating], truth: NDArray[np.intp]) -> FloatArray:
    """(n,) 1 where the true candidate is the best, a share where several tie."""
    own = likelihoods[np.arange(len(truth)), truth]
    best = likelihoods.max(axis=1)
    # Equal spectra give likelihoods that agree but for rounding.
    slack = 64 * np.finfo(likelihoods.dtype).eps * np.abs(likelihoods).max(axis=1)
    ties = (likelihoods >= (best - slack)[:, None]).sum(axis=1)
    return np.asarray(np.where(own >= best - slack, 1 / ties, 0.0))
