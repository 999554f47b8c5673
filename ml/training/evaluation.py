"""How well a model reconstructs, retrieves and tells apart, beside what needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..errors import SpectraError
from ..instruments import Instrument, generator
from ..model.spektron import Spektron
from ..table import Float32, Int64
from .sources import PANEL, TEST, Source, hidden_tokens

BATCH = 256
MOST_AVERAGED = 4096
"""Samples that the mean spectrum is the mean of."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Mean squared errors at hidden points, in units of the strongest point.

    Attributes
    ----------
    model, mean, linear : float
        Of the model, of the mean spectrum, of a straight line across the gap.
    """

    model: float
    mean: float
    linear: float


def reconstruction(
    model: Spektron,
    source: Source,
    rows: Int64,
    train: Int64,
    *,
    mask: float = 0.25,
    span: int = 2,
    instruments: Sequence[Instrument] = (),
    seed: int = 0,
) -> Reconstruction:
    """Errors of hidden points of samples, against those of two simple guesses.

    Parameters
    ----------
    model : Spektron
    source : Source
    rows : (n,)
        Samples to reconstruct.
    train : (m,)
        Samples whose mean spectrum is the first guess; of many, some at random.
    mask, span
        Share of hidden tokens; neighbours hidden together.
    instruments : sequence of Instrument
        Sample i is seen on instrument i modulo their number; clean if there is none.
    """
    config = model.config
    spectra = _seen(source, rows, instruments, seed)
    averaged = some(train, MOST_AVERAGED, seed)
    mean = _seen(source, averaged, instruments, seed + 1).mean(axis=0)
    draws = [generator(seed, TEST, 1, int(row)) for row in rows]
    hidden = np.stack([hidden_tokens(d, config.tokens, mask, span) for d in draws])
    found = _reconstructed(model, spectra, hidden)
    points = np.repeat(hidden, config.stride, axis=1)
    counts = points[:, None] & spectra.any(axis=2, keepdims=True)
    guesses = (found, np.broadcast_to(mean, spectra.shape), across(spectra, points))
    errors = [float(((guess - spectra)[counts] ** 2).mean()) for guess in guesses]
    return Reconstruction(*errors)


def some(rows: Int64, most: int, seed: int = 0) -> Int64:
    """At most so many rows, at random, ascending: tables are sorted by kinds of molecules.

    Examples
    --------
    >>> some(np.arange(9), 20).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8]
    >>> len(some(np.arange(9), 3))
    3
    """
    return np.sort(generator(seed, TEST, 4).permutation(rows)[:most])


def across(spectra: Float32, hidden: NDArray[np.bool_]) -> Float32:
    """Spectra with hidden points replaced by straight lines between their neighbours.

    Parameters
    ----------
    spectra : (n, channels, points)
    hidden : (n, points) bool
    """
    out = spectra.copy()
    x = np.arange(spectra.shape[2])
    for sample, gap in zip(out, hidden, strict=True):
        for channel in sample:
            channel[gap] = np.interp(x[gap], x[~gap], channel[~gap])
    return out


def latents(model: Spektron, spectra: Float32, *, project: bool = False) -> tuple[Float32, Float32]:
    """Means of z_chem and z_inst, (n, z_chem) and (n, z_inst).

    Parameters
    ----------
    model : Spektron
    spectra : (n, channels, points)
    project : bool
        Give the unit vectors of the retrieval head in place of z_chem.
    """
    device = next(model.parameters()).device
    chem, inst = [], []
    model.eval()
    with torch.no_grad():
        for part in _parts(spectra):
            encoded = model.encode(torch.from_numpy(part).to(device))
            z = encoded.chem.mean
            chem.append((model.retrieval(z) if project else z).float().cpu().numpy())
            inst.append(encoded.inst.mean.float().cpu().numpy())
    return np.concatenate(chem), np.concatenate(inst)


def panel_latents(
    model: Spektron,
    source: Source,
    rows: Int64,
    instruments: Sequence[Instrument],
    *,
    seed: int = 0,
) -> Float32:
    """Means of z_chem of the same molecules on each instrument.

    Returns
    -------
    (molecules, instruments, z_chem) float32
    """
    out = []
    for number, instrument in enumerate(instruments):
        draws = [generator(seed, PANEL, number, int(row)) for row in rows]
        measured = source.measured(rows, [instrument] * len(rows), draws)
        out.append(latents(model, measured)[0])
    return np.stack(out, axis=1)


def recall_across(
    model: Spektron,
    source: Source,
    rows: Int64,
    query: Instrument,
    library: Instrument,
    *,
    seed: int = 0,
    at: int = 1,
) -> float:
    """Share of molecules that are found again on another instrument.

    Others that are as near as the molecule itself count against it.

    Parameters
    ----------
    rows : (n,)
        The library: each of its molecules is measured once by either instrument.
    at : int
        A molecule counts as found if it is among that many nearest.
    """
    spectra = [_seen(source, rows, [i], seed + k) for k, i in enumerate((query, library))]
    a, b = (latents(model, s, project=True)[0] for s in spectra)
    scores = a @ b.T
    own = np.diagonal(scores)[:, None]
    return float(((scores >= own).sum(axis=1) <= at).mean())


def probe(
    latent: ArrayLike, labels: ArrayLike, *, test: float = 0.3, seed: int = 0
) -> tuple[float, float]:
    """Accuracy of a linear classifier on latent vectors, and that of the commonest class.

    Trained on a random part; the accuracy is on the rest. Chance for an instrument probe is
    the second number.

    Raises
    ------
    SpectraError
        If there are fewer than two classes.
    """
    from ..model.packages import require

    require("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.asarray(latent), np.asarray(labels)
    order = np.random.default_rng(seed).permutation(len(y))
    cut = int(len(y) * test)
    if len(np.unique(y[order[cut:]])) < 2:
        raise SpectraError(f"one class among {len(y)} labels; a probe needs two")
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    fitted.fit(x[order[cut:]], y[order[cut:]])
    held = y[order[:cut]]
    _, counts = np.unique(held, return_counts=True)
    return float((fitted.predict(x[order[:cut]]) == held).mean()), float(counts.max() / cut)


def _seen(source: Source, rows: Int64, instruments: Sequence[Instrument], seed: int) -> Float32:
    if not instruments:
        return source.clean(rows)
    draws = [generator(seed, TEST, 0, int(row)) for row in rows]
    each = [instruments[k % len(instruments)] for k in range(len(rows))]
    return source.measured(rows, each, draws)


def _reconstructed(model: Spektron, spectra: Float32, hidden: NDArray[np.bool_]) -> Float32:
    device = next(model.parameters()).device
    out = []
    model.eval()
    with torch.no_grad():
        for k, part in enumerate(_parts(spectra)):
            mask = torch.from_numpy(hidden[k * BATCH : k * BATCH + len(part)]).to(device)
            encoded = model.encode(torch.from_numpy(part).to(device), mask)
            out.append(model.reconstruct(encoded).float().cpu().numpy())
    return np.concatenate(out)


def _parts(spectra: Float32) -> list[Float32]:
    whole = np.ascontiguousarray(spectra, dtype=np.float32)
    return [whole[k : k + BATCH] for k in range(0, len(whole), BATCH)]
