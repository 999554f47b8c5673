"""Forward models beside baselines on molecules of held-out scaffolds.

A score is the cosine similarity of predicted and computed curves, per molecule and channel. It
does not see the absolute scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import InputError, detect
from ...vibration.modes import normal_modes
from ..broadening import Axis, curves
from ..errors import SpectraError
from ..splits import Split
from ..table import INFRARED, RAMAN, SpectraTable
from .baselines import (
    best_ridge,
    cosine,
    fingerprints,
    mean_spectrum,
    nearest_spectra,
)
from .forcefield import ForceFieldModel
from .graphs import Float64, Int64, graph_of_row
from .grid import GridModel
from .models import SampleCache, usable_rows
from .objectives import predict_curves
from .prediction import harmonic_data
from .valence import molecule_of

CHANNELS: Final = ("ir", "raman")
_BITS: Final = (INFRARED, RAMAN)
ALONE: Final = 2.0
"""Widths; a forbidden line counts where no visible line is nearer."""
VISIBLE: Final = 1e-3
"""Of the strongest line."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Cosine similarities of one predictor.

    Attributes
    ----------
    name : str
    rows : (n,) int64
        Of the table.
    cosines : (n, 2)
        Infrared and Raman; NaN where the computed spectrum has no line.
    forbidden : (2,)
        See `forbidden_share`, mean over molecules that have a value; NaN if there is none.
    """

    name: str
    rows: Int64
    cosines: Float64
    forbidden: Float64

    @property
    def means(self) -> dict[str, float]:
        """Mean cosine of each channel."""
        return dict(zip(CHANNELS, np.nanmean(self.cosines, axis=0).tolist(), strict=True))


def evaluate_forward(
    models: Mapping[str, GridModel | ForceFieldModel],
    table: SpectraTable,
    split: Split,
    *,
    part: str = "test",
    limit: int = 0,
) -> list[Scores]:
    """Models and baselines on one part of a split.

    The baselines are fitted to the part "train" (the ridge penalty chosen on "valid"), to all of
    it whatever the models have seen. All predictors are scored on the same molecules: those that
    every model can be given, with SMILES.

    Parameters
    ----------
    models : mapping from name to model
        With one axis and width.
    table : SpectraTable
    split : Split
    part : str
    limit : int
        Molecules to score, evenly through the part; 0 for all.

    Returns
    -------
    list of Scores
        The computed spectra themselves first ("computed", cosine 1), whose forbidden share is
        that of the tails of allowed lines; then models, then baselines.

    Raises
    ------
    SpectraError
        If there is no model, or models have different axes or widths.
    """
    first = _common(models)
    shape = first.config
    usable = np.array(sorted(set.intersection(
        *(set(usable_rows(table, m.config).tolist()) for m in models.values())
    )))  # fmt: skip
    named = np.array([row for row in usable if table.texts["smiles"][row]], dtype=np.int64)
    parts = {name: np.intersect1d(split[name], named) for name in {"train", "valid", part}}
    if limit:
        places = np.linspace(0, len(parts[part]) - 1, min(limit, len(parts[part])))
        parts[part] = parts[part][places.round().astype(int)]
    rows = parts[part]
    truth = {name: spectra(table, r, shape.axis, shape.fwhm) for name, r in parts.items()}
    predicted: dict[str, NDArray[np.floating]] = {"computed": truth[part]}
    for name, model in models.items():
        predicted[name] = predict_curves(model, SampleCache(table, model.config), rows)
    predicted |= _baselines(table, parts, truth, part)
    return [
        Scores(
            name,
            rows,
            cosine(found, truth[part]),
            _forbidden(table, rows, found, shape.axis, shape.fwhm),
        )
        for name, found in predicted.items()
    ]


def spectra(table: SpectraTable, rows: Int64, axis: Axis, fwhm: float) -> NDArray[np.float32]:
    """Computed curves, (n, 2, points)."""
    return curves(*table.strengths(rows), axis, fwhm=fwhm)


def forbidden_share(
    curve: ArrayLike,
    axis: Axis,
    allowed: ArrayLike,
    forbidden: ArrayLike,
    *,
    fwhm: float,
) -> float:
    """Share of a curve's area within half a width of lines that the group forbids.

    Only forbidden lines without an allowed one within `ALONE` widths count; points are not
    counted twice. What is left for a perfect prediction are the tails of the allowed lines, so
    the value is to be compared with that of the computed curve. It measures positions too: a
    correct model whose allowed line is misplaced onto a forbidden one is charged for it.

    Parameters
    ----------
    curve : (points,)
    axis : Axis
    allowed, forbidden : lines, cm⁻¹
    fwhm : float, cm⁻¹

    Returns
    -------
    float
        NaN if no forbidden line stands alone on the axis, or the curve vanishes.

    Examples
    --------
    >>> axis = Axis(0, 1000, 1001)
    >>> flat = np.ones(1001)
    >>> round(forbidden_share(flat, axis, [800.0], [200.0, 790.0], fwhm=20), 4)
    0.021
    """
    values, x = np.asarray(curve, dtype=float), axis.wavenumbers
    seen, dark = np.asarray(allowed, dtype=float), np.asarray(forbidden, dtype=float)
    gaps = np.abs(dark[:, None] - seen).min(axis=1, initial=np.inf)
    inside = (dark > axis.low) & (dark < axis.high)
    alone = dark[(gaps > ALONE * fwhm) & inside]
    near = (np.abs(x[:, None] - alone) <= fwhm / 2).any(axis=1)
    total = values.sum()
    return float(values[near].sum() / total) if near.any() and total > 0 else float("nan")


def forbidden_in_modes(model: ForceFieldModel, table: SpectraTable, row: int) -> Float64:
    """Largest intensity of a forbidden mode over the strongest, infrared and Raman; (2,).

    Of the predicted modes at the geometry of the table, symmetrised in the group found there.
    NaN where nothing is forbidden or all is.

    Raises
    ------
    InputError
        If the molecule cannot be described.
    """
    symmetric = detect(molecule_of(graph_of_row(table, row))).symmetrise()
    modes = normal_modes(harmonic_data(model, symmetric))
    if modes.ir_intensities is None or modes.raman_activities is None:
        raise InputError("the model gave no intensities")
    out = np.full(2, np.nan)
    for channel, values in enumerate((modes.ir_intensities, modes.raman_activities)):
        allowed = np.array(
            [getattr(modes.activity(k), CHANNELS[channel]) for k in range(len(modes))]
        )
        if allowed.any() and not allowed.all() and values.max() > 0:
            out[channel] = values[~allowed].max() / values.max()
    return out


def _common(models: Mapping[str, GridModel | ForceFieldModel]) -> GridModel | ForceFieldModel:
    if not models:
        raise SpectraError("no model to evaluate; give at least one")
    shapes = {(m.config.axis, m.config.fwhm) for m in models.values()}
    if len(shapes) > 1:
        raise SpectraError(f"the models have {len(shapes)} different axes or widths; give one")
    return next(iter(models.values()))


def _baselines(
    table: SpectraTable,
    parts: Mapping[str, Int64],
    truth: Mapping[str, NDArray[np.float32]],
    part: str,
) -> dict[str, NDArray[np.floating]]:
    prints = {
        name: fingerprints([table.texts["smiles"][row] for row in rows])
        for name, rows in parts.items()
    }
    ridge = best_ridge(prints["train"], truth["train"], prints["valid"], truth["valid"])
    mean = mean_spectrum(truth["train"])
    return {
        "fingerprint + ridge": ridge.predict(prints[part]),
        "nearest neighbour": nearest_spectra(prints["train"], truth["train"], prints[part]),
        "mean spectrum": np.broadcast_to(mean, truth[part].shape),
    }


def _forbidden(
    table: SpectraTable, rows: Int64, found: NDArray[np.floating], axis: Axis, fwhm: float
) -> Float64:
    shares: list[Sequence[float]] = []
    for row, pair in zip(rows, found, strict=True):
        if not table.numbers["centrosymmetric"][row]:
            continue
        lines, strengths = table.strengths(np.array([row]))
        _, places = table.wavenumbers.places(np.array([row]))
        letters = table.activity[places]
        one = []
        for channel, bit in enumerate(_BITS):
            own = strengths[:, channel]
            seen = lines.values[own > VISIBLE * own.max(initial=0.0)]
            dark = lines.values[(letters & bit) == 0]
            one.append(forbidden_share(pair[channel], axis, seen, dark, fwhm=fwhm))
        shares.append(one)
    if not shares:
        return np.full(2, np.nan)
    array = np.array(shares)
    counts = np.isfinite(array).sum(axis=0)
    return np.where(counts > 0, np.nansum(array, axis=0) / np.maximum(counts, 1), np.nan)
