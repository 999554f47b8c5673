"""Molecules to learn from: SMILES with spectra and shifts, out of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import SpectraError
from ..forward.config import Nucleus
from ..forward.graphs import graph_of_row
from ..forward.shift_data import ShiftSet
from ..instruments import Instrument
from ..model.config import ModelConfig
from ..table import Float32, Int64, Ragged, SpectraTable
from ..training.config import DataConfig
from ..training.sources import TableSource
from .config import NUCLEI, PEAK_RANGE, InverseConfig
from .equivalence import methyl_means
from .formulas import Formula, formula_of
from .inputs import Inputs, make_inputs, marks
from .smiles import Vocabulary, canonical, split_smiles


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Molecules of a table by their canonical SMILES.

    Attributes
    ----------
    table : SpectraTable
    source : TableSource
        Of the spectra.
    smiles : tuple of str
        Canonical, of each row; "" for rows that cannot be learnt from, see `corpus`.
    carbon, proton : Ragged float32, ppm
        Shifts of each row.
    formulas : tuple of Formula or None
    modalities : tuple of str
        What is used at all.
    """

    table: SpectraTable
    source: TableSource
    smiles: tuple[str, ...]
    carbon: Ragged
    proton: Ragged
    formulas: tuple[Formula | None, ...]
    modalities: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def usable(self) -> Int64:
        """Rows to learn from, ascending."""
        return np.flatnonzero([bool(text) for text in self.smiles]).astype(np.int64)

    def inputs(
        self,
        rows: Int64,
        elements: Sequence[str],
        instruments: Sequence[Instrument] = (),
        draws: Sequence[np.random.Generator] = (),
    ) -> Inputs:
        """Samples of some rows, as they are or through instruments (one for each row)."""
        spectra = (
            self.source.measured(rows, instruments, draws)
            if instruments
            else self.source.clean(rows)
        )
        return self.with_spectra(rows, elements, spectra)

    def with_spectra(self, rows: Int64, elements: Sequence[str], spectra: Float32) -> Inputs:
        """Samples of some rows with other spectra, (n, 2, points)."""
        known = make_inputs(
            spectra,
            carbon=[self.carbon[int(row)] for row in rows],
            proton=[self.proton[int(row)] for row in rows],
            formulas=[self.formulas[int(row)] for row in rows],
            elements=elements,
        )
        return known.keep(np.broadcast_to(marks(self.modalities), known.present.shape))


def corpus(table: SpectraTable, config: InverseConfig) -> Corpus:
    """The molecules of a table that can be learnt from.

    Left out are charged and open-shell molecules, those without SMILES or with one of several
    molecules, with more tokens than ``model.longest``, and with none of the modalities.

    Raises
    ------
    SpectraError
        If none is left.
    """
    model, data = config.model, config.data
    texts = [_usable(table, row, model.stereo, model.longest) for row in range(len(table))]
    shifts = _shifts_of(table, config.shifts)
    formulas = [formula_of(text) if text else None for text in texts]
    made = Corpus(
        table,
        spectra_source(table, model.encoder, data),
        tuple(texts),
        shifts["13C"],
        shifts["1H"],
        tuple(formulas),
        config.modalities,
    )
    seen = _has_any(made)
    kept = tuple(text if seen[row] else "" for row, text in enumerate(made.smiles))
    if not any(kept):
        raise SpectraError(
            f"none of {len(table)} molecules is neutral, closed-shell, has a SMILES of at most "
            f"{model.longest - 1} tokens and one of {', '.join(config.modalities)}"
        )
    return replace(made, smiles=kept)


def spectra_source(table: SpectraTable, encoder: ModelConfig, data: DataConfig) -> TableSource:
    """Infrared and Raman spectra of a table on the axis of an encoder."""
    return TableSource(table, encoder.axis, data, 2)


def vocabulary_of(made: Corpus, rows: Int64) -> Vocabulary:
    """The tokens of some rows in canonical and in one random order of atoms each.

    A random order can need a token, such as another bond or ring number, that the canonical
    one has not.
    """
    from .smiles import randomised

    texts = [made.smiles[int(row)] for row in rows]
    others = [randomised(text, seed) for seed, text in enumerate(texts)]
    return Vocabulary.of([*texts, *others])


def shift_table(data: ShiftSet, kind: str = "computed") -> SpectraTable:
    """A set of shifts as a table without vibrations, to be learnt from alone or joined.

    Parameters
    ----------
    data : ShiftSet
    kind : "computed" or "experimental"
    """
    index = data.index()
    atoms = Ragged.of([graph.numbers for graph in data.graphs], np.uint8)
    there = (
        Ragged.of([each.atoms for each in data.shifts], np.int16),
        Ragged.of([each.shifts for each in data.shifts], np.float32),
    )
    empty = (Ragged.of([[]] * len(data), np.int16), Ragged.of([[]] * len(data), np.float32))
    kinds = {name: there if name == kind else empty for name in ("computed", "experimental")}
    neutral = {"charge": np.zeros(len(data)), "multiplicity": np.ones(len(data))}
    return replace(
        index,
        numbers={**index.numbers, **neutral},
        atomic_numbers=atoms,
        positions=np.concatenate([graph.positions for graph in data.graphs]),
        shifts=kinds,
    )


def _usable(table: SpectraTable, row: int, stereo: bool, longest: int) -> str:
    text = table.texts["smiles"][row]
    # A table that says nothing of charge and multiplicity has NaN there, which no comparison holds.
    charge, multiplicity = (table.numbers[name][row] for name in ("charge", "multiplicity"))
    if not text or abs(charge) > 0 or abs(multiplicity - 1) > 0:
        return ""
    found = canonical(text, stereo=stereo)
    return found if found and len(split_smiles(found)) < longest else ""


def _shifts_of(table: SpectraTable, kind: str) -> dict[Nucleus, Ragged]:
    """Shifts by nucleus, methyl groups averaged; those that no model understands are left out."""
    out: dict[Nucleus, list[Float32]] = {
        nucleus: [np.empty(0, dtype=np.float32)] * len(table) for nucleus in NUCLEI
    }
    atoms, ppm = table.shifts.get(kind, (None, None))
    if atoms is None or ppm is None:
        return {nucleus: Ragged.of(lists) for nucleus, lists in out.items()}
    for row in map(int, np.flatnonzero(np.diff(atoms.offsets))):
        graph = graph_of_row(table, row)
        shifts = np.full(len(graph), np.nan, dtype=np.float32)
        shifts[atoms[row]] = ppm[row]
        shifts = methyl_means(graph, shifts)
        for nucleus, number in NUCLEI.items():
            low, high = PEAK_RANGE[nucleus]
            kept = (graph.numbers == number) & (shifts >= low) & (shifts <= high)
            out[nucleus][row] = shifts[kept]
    return {nucleus: Ragged.of(lists) for nucleus, lists in out.items()}


def _has_any(made: Corpus) -> list[bool]:
    """Whether a row has something of what is used."""
    table, used = made.table, set(made.modalities)
    lines, strengths = table.strengths(np.arange(len(table)))
    owner = np.repeat(np.arange(len(table)), np.diff(lines.offsets))
    bright = [np.bincount(owner, strengths[:, k], minlength=len(table)) > 0 for k in (0, 1)]
    listed = [np.diff(each.offsets) > 0 for each in (made.carbon, made.proton)]
    columns = dict(zip(("ir", "raman", "13C", "1H"), [*bright, *listed], strict=True))
    return list(np.any([has for name, has in columns.items() if name in used], axis=0))
