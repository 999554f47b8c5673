"""Libraries of spectra, and the members that noise and calibration make confusable.

Model: y = s_m + N η + ε. The columns of N are what an instrument can do to a spectrum: shift
and scale of the axis, gain, baseline, width; they are taken at the mean of the library. Their
sizes η are unknown, so that only what is orthogonal to N (in the metric of the noise) tells
members apart. An error of the computed spectra themselves enters as a second covariance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..vibration.spectrum import Spectrum
from .bounds import Recognition, confusion_distance, recognition
from .errors import IdentifiabilityError

FloatArray = NDArray[np.float64]
Nuisance = Literal["shift", "stretch", "gain", "baseline", "width"]
NUISANCES: tuple[Nuisance, ...] = ("shift", "stretch", "gain", "baseline", "width")


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Spectra of candidates on one grid, the noise, and what calibration leaves open.

    Attributes
    ----------
    names : tuple of str
    spectra : (K, n)
        Of unit Euclidean norm each.
    noise : float
        Standard deviation at each point, in units of that norm.
    nuisances : (n, q)
        Changes of a spectrum that calibration cannot tell from noise.
    model : (n, r)
        Factor A of the covariance AAᵀ of the error of the computed spectra; r = 0 if there is
        none.
    """

    names: tuple[str, ...]
    spectra: FloatArray
    noise: float
    nuisances: FloatArray
    model: FloatArray

    @classmethod
    def of(
        cls,
        spectra: Sequence[Spectrum],
        *,
        noise: float,
        nuisances: Sequence[Nuisance] = (),
        names: Sequence[str] | None = None,
        shift_error: float = 0.0,
    ) -> Library:
        """From spectra on one grid.

        Parameters
        ----------
        spectra : sequence of Spectrum
        noise : float
            Standard deviation at each point, as a share of the Euclidean norm of a spectrum.
        nuisances : sequence of "shift", "stretch", "gain", "baseline", "width"
        names : sequence of str, optional
            Titles of the spectra if not given.
        shift_error : float, cm⁻¹
            Error of computed positions, such as 10 for scaled DFT against experiment; alike for
            all lines of a spectrum.

        Raises
        ------
        IdentifiabilityError
            If grids differ, noise is not positive or a word is unknown.
        """
        _check(spectra, noise, nuisances, shift_error)
        x = spectra[0].wavenumbers
        values = np.array([s.intensities for s in spectra])
        values = values / np.linalg.norm(values, axis=1, keepdims=True)
        changes = [c for name in nuisances for c in _changes(name, x, values.mean(axis=0))]
        columns = np.array(changes).reshape(-1, len(x)).T
        slopes = np.gradient(values, x, axis=1).T if shift_error > 0 else np.empty((len(x), 0))
        model = shift_error * slopes / np.sqrt(len(values))
        given = names or [s.title or str(i + 1) for i, s in enumerate(spectra)]
        return cls(tuple(given), values, noise, columns, model)

    def whitened(self) -> FloatArray:
        """(K, n) spectra in units of the noise, without what a nuisance can imitate."""
        values = self._in_noise(self.spectra)
        nuisances = self._in_noise(self.nuisances.T).T
        if not nuisances.shape[1]:
            return values
        u, s, _ = np.linalg.svd(nuisances / np.linalg.norm(nuisances, axis=0), full_matrices=False)
        span = u[:, s > 1e-9 * s[0]]
        return np.asarray(values - (values @ span) @ span.T)

    def _in_noise(self, rows: FloatArray) -> FloatArray:
        """Rows (k, n) times Σ^(−1/2), Σ = σ² + AAᵀ."""
        u, s, _ = np.linalg.svd(self.model / self.noise, full_matrices=False)
        shrink = 1 - 1 / np.sqrt(1 + s**2)
        return np.asarray((rows - (rows @ u * shrink) @ u.T) / self.noise)

    def distances(self) -> FloatArray:
        """(K, K) Mahalanobis distances."""
        w = self.whitened()
        square = (w**2).sum(axis=1)
        gram = square[:, None] + square - 2 * w @ w.T
        return np.asarray(np.sqrt(np.maximum(gram, 0.0)) * (1 - np.eye(len(w))))

    def recognition(self, *, samples: int = 100_000, seed: int = 0) -> Recognition:
        """Bayes error and bounds for the whole library; see `bounds.recognition`."""
        return recognition(self.whitened(), samples=samples, seed=seed)

    def confusable_sets(self, level: float = 0.05) -> tuple[tuple[str, ...], ...]:
        """Largest sets of members each pair of which is confused with probability above ε.

        Maximal cliques of d < −2Φ⁻¹(ε), of two members or more; the largest first.
        """
        distance = self.distances()
        graph = nx.Graph()
        graph.add_nodes_from(range(len(distance)))
        graph.add_edges_from(np.argwhere(np.triu(distance < confusion_distance(level), 1)).tolist())
        cliques = sorted(
            (tuple(sorted(c)) for c in nx.find_cliques(graph) if len(c) > 1),
            key=lambda c: (-len(c), c),
        )
        return tuple(tuple(self.names[i] for i in c) for c in cliques)


def _changes(name: Nuisance, x: FloatArray, values: FloatArray) -> list[FloatArray]:
    """First-order changes of the mean spectrum (n,) of a library."""
    centred = (x - x.mean()) / (x[-1] - x[0])
    slopes = np.gradient(values, x)
    if name == "baseline":
        return [np.ones_like(x), centred]
    if name == "gain":
        return [values]
    if name == "shift":
        return [slopes]
    if name == "stretch":
        return [slopes * centred]
    return [np.gradient(slopes, x)]  # width: broadening by convolution


def _check(
    spectra: Sequence[Spectrum], noise: float, nuisances: Sequence[str], shift_error: float
) -> None:
    if len(spectra) < 2:
        raise IdentifiabilityError(f"a library of {len(spectra)}: give at least two spectra")
    if not 0 < noise < np.inf:
        raise IdentifiabilityError(f"noise {noise:g}: give a positive share of the norm")
    if not 0 <= shift_error < np.inf:
        raise IdentifiabilityError(f"shift error {shift_error:g} cm⁻¹: give 0 or more")
    for word in nuisances:
        if word not in NUISANCES:
            raise IdentifiabilityError(f"nuisance {word!r}: choose from {', '.join(NUISANCES)}")
    x = spectra[0].wavenumbers
    for spectrum in spectra:
        if not np.array_equal(spectrum.wavenumbers, x):
            raise IdentifiabilityError("spectra on different grids: broaden with the same grid")
        if not spectrum.intensities.any():
            raise IdentifiabilityError(f"{spectrum.title or 'a spectrum'} is empty")


def same_grid(low: float, high: float, step: float) -> FloatArray:
    """Wavenumbers (cm⁻¹) for `broaden` so that spectra can be compared."""
    return np.arange(low, high + step / 2, step)


def mahalanobis(first: ArrayLike, second: ArrayLike, covariance: ArrayLike) -> float:
    """Distance of two spectra (n,) for a covariance (n, n) of the noise."""
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    return float(np.sqrt(difference @ np.linalg.solve(np.asarray(covariance), difference)))
