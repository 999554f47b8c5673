"""Known molecules by their formula: further candidates, and what a decoder must beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..broadening import Axis
from ..channels import strongest_is_one
from ..errors import SpectraError
from ..table import Float32, Int64, SpectraTable
from ..training.config import DataConfig
from ..training.sources import TableSource
from .beam import Float64
from .consistency import directions
from .formulas import Formula, formula_of
from .smiles import canonical


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Molecules of a table that may be named as candidates.

    Attributes
    ----------
    table : SpectraTable
    smiles : tuple of str
        Canonical, one for each row of ``rows``.
    rows : (n,) int64
    by_formula : mapping from formula to places in ``smiles``
    """

    table: SpectraTable
    smiles: tuple[str, ...]
    rows: Int64
    by_formula: Mapping[Formula, tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.smiles)

    def candidates(self, formula: Formula) -> tuple[str, ...]:
        """Molecules of a formula, each once."""
        places = self.by_formula.get(formula, ())
        return tuple(dict.fromkeys(self.smiles[k] for k in places))

    def nearest(
        self,
        spectra: Float32,
        axis: Axis,
        present: Sequence[bool],
        *,
        formula: Formula | None = None,
        count: int = 10,
    ) -> list[list[tuple[str, float]]]:
        """Molecules with the most similar known spectra: the baseline without any learning.

        Parameters
        ----------
        spectra : (n, 2, points)
            Infrared and Raman of each sample.
        axis : Axis
        present : (bool, bool)
            Which were observed, in all samples.
        formula : Formula, optional
            Molecules of this formula only.
        count : int

        Returns
        -------
        n lists of (canonical SMILES, mean similarity)
            The best first, each molecule once.

        Raises
        ------
        SpectraError
            If no spectrum was observed.
        """
        if not any(present):
            raise SpectraError("no infrared or Raman spectrum to compare with the library")
        places = (
            np.arange(len(self)) if formula is None else np.array(self.by_formula.get(formula, ()))
        ).astype(np.int64)
        values = self._similarities(places, spectra, axis, present)
        return [self._best(places, each, count) for each in values]

    def _best(self, places: Int64, values: Float64, count: int) -> list[tuple[str, float]]:
        best: dict[str, float] = {}
        for k in np.argsort(-values, kind="stable"):
            best.setdefault(self.smiles[places[k]], float(values[k]))
            if len(best) == count:
                break
        return list(best.items())

    def _similarities(
        self, places: Int64, spectra: Float32, axis: Axis, present: Sequence[bool]
    ) -> Float64:
        source = TableSource(self.table, axis, DataConfig(), 2)
        used = np.flatnonzero(present)
        seen = directions(strongest_is_one(spectra)[:, used])
        out = np.empty((len(spectra), len(places)))
        for first in range(0, len(places), 256):
            part = slice(first, first + 256)
            known = directions(source.clean(self.rows[places[part]])[:, used])
            out[:, part] = np.einsum("ncp,mcp->nm", seen, known, optimize=True) / len(used)
        return out


def library_of(
    table: SpectraTable, rows: Sequence[int] | Int64 | None = None, *, stereo: bool = False
) -> Library:
    """The molecules of a table, or of some of its rows.

    Raises
    ------
    SpectraError
        If none has a SMILES.
    """
    chosen: list[int] = []
    texts: list[str] = []
    places: dict[Formula, list[int]] = {}
    for row in range(len(table)) if rows is None else rows:
        given = table.texts["smiles"][int(row)]
        text = canonical(given, stereo=stereo) if given else ""
        if text:
            places.setdefault(formula_of(text), []).append(len(texts))
            chosen.append(int(row))
            texts.append(text)
    if not texts:
        raise SpectraError("no molecule of the library has a SMILES")
    by_formula = {formula: tuple(found) for formula, found in places.items()}
    return Library(table, tuple(texts), np.array(chosen, dtype=np.int64), by_formula)
