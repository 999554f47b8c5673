"""A data set in memory: molecules and their lines in flat arrays, read from one parquet file.

Lines of all molecules stand one after another; molecule ``i`` has those from ``offsets[i]`` to
``offsets[i + 1]``. There is no Python object per mode.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup.parquet import require_pyarrow
from .datasets.columns import KIND
from .datasets.parquet import read_table
from .errors import SpectraError

Float32: TypeAlias = NDArray[np.float32]
Int64: TypeAlias = NDArray[np.int64]

TEXTS: Final = (
    "key", "name", "part", "stratum", "source", "licence", "smiles", "inchikey", "formula",
    "level", "group", "irreps",
)  # fmt: skip
NUMBERS: Final = (
    "n_atoms", "charge", "multiplicity", "centrosymmetric", "R", "R_fundamentals", "n_vib", "n_ir",
    "n_raman", "n_both", "n_silent", "energy",
)  # fmt: skip
INFRARED, RAMAN = 1, 2
"""Bits of ``SpectraTable.activity``."""
_LETTERS: Final = {"S": 0, "I": INFRARED, "R": RAMAN, "B": INFRARED | RAMAN}


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Lists of different lengths in one array.

    Attributes
    ----------
    offsets : (n + 1,) int64
        List ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
    values : (n_values,) or (n_values, k) array

    Examples
    --------
    >>> Ragged.of([[1.0], [], [2.0, 3.0]])[2]
    array([2., 3.], dtype=float32)
    """

    offsets: Int64
    values: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", _frozen(self.offsets, np.int64))
        object.__setattr__(self, "values", _frozen(self.values, None))
        steps = np.diff(self.offsets)
        if self.offsets[0] != 0 or self.offsets[-1] != len(self.values) or (steps < 0).any():
            raise SpectraError(
                f"offsets from {self.offsets[0]} to {self.offsets[-1]} for {len(self.values)} "
                "values: they must ascend from 0 to that number"
            )

    @classmethod
    def of(cls, lists: Sequence[ArrayLike], dtype: Any = np.float32) -> Ragged:
        """Lists put one after another."""
        arrays = [np.asarray(each, dtype=dtype) for each in lists]
        offsets = np.concatenate([[0], np.cumsum([len(a) for a in arrays])])
        return cls(offsets, np.concatenate(arrays) if arrays else np.empty(0, dtype))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> NDArray[Any]:
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    def places(self, indices: NDArray[np.integer]) -> tuple[Int64, Int64]:
        """Offsets of some lists put one after another, and the places of their values."""
        lengths = np.diff(self.offsets)[indices]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        first = self.offsets[:-1][indices] - offsets[:-1]
        return offsets, np.arange(offsets[-1]) + np.repeat(first, lengths)

    def take(self, indices: NDArray[np.integer]) -> Ragged:
        """Some of the lists, in that order."""
        offsets, places = self.places(indices)
        return Ragged(offsets, self.values[places])


@dataclass(frozen=True, slots=True, eq=False)
class SpectraTable:
    """Molecules with their computed infrared and Raman lines.

    Attributes
    ----------
    texts : mapping from column (`TEXTS`) to tuple of str, n
    numbers : mapping from column (`NUMBERS`) to (n,) array
    wavenumbers : Ragged float32, cm⁻¹
        One per mode; imaginary ones negative.
    ir_intensities : float32, km/mol
        One per mode, like ``wavenumbers.values``.
    raman_activities : float32, Å⁴/u
    depolarisation : float32
        NaN where the Raman activity vanishes.
    activity : uint8
        Sum of `INFRARED` and `RAMAN` for modes that are allowed there.
    sets : int16
        Number of the degenerate set within the molecule.
    atomic_numbers : Ragged uint8
    positions : (n_atoms of all, 3) float32, Å
        Like ``atomic_numbers.values``.
    shifts : mapping from "computed" or "experimental" to (atoms, ppm), both Ragged
        NMR shifts; empty lists where there is none.
    sha256 : str
        Of the file that was read, or of the digests of several; empty if there was none.
    n_failed : int
        Rows of the file that hold a failure and no spectrum.

    Raises
    ------
    SpectraError
        If there is no molecule, numbers of values differ, or a line is not finite.
    """

    texts: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, NDArray[Any]]
    wavenumbers: Ragged
    ir_intensities: Float32
    raman_activities: Float32
    depolarisation: Float32
    activity: NDArray[np.uint8]
    sets: NDArray[np.int16]
    atomic_numbers: Ragged
    positions: Float32
    shifts: Mapping[str, tuple[Ragged, Ragged]]
    sha256: str = ""
    n_failed: int = 0

    def __post_init__(self) -> None:
        freeze = object.__setattr__
        freeze(self, "texts", MappingProxyType({k: tuple(v) for k, v in self.texts.items()}))
        numbers = {name: _frozen(values, None) for name, values in self.numbers.items()}
        freeze(self, "numbers", MappingProxyType(numbers))
        freeze(self, "shifts", MappingProxyType(dict(self.shifts)))
        for name in _PER_MODE:
            dtype = {"activity": np.uint8, "sets": np.int16}.get(name, np.float32)
            freeze(self, name, _frozen(getattr(self, name), dtype))
        freeze(self, "positions", _frozen(self.positions, np.float32))
        _check(self)

    def __len__(self) -> int:
        return len(self.wavenumbers)

    def column(self, name: str) -> NDArray[Any]:
        """What the table says of each molecule in one column, shape (n,).

        Raises
        ------
        SpectraError
            If there is no such column.
        """
        if name in self.numbers:
            return self.numbers[name]
        if name in self.texts:
            return np.array(self.texts[name])
        known = ", ".join((*self.numbers, *self.texts))
        raise SpectraError(f"no column {name!r} in the table; it has {known}")

    def take(self, indices: ArrayLike) -> SpectraTable:
        """Some of the molecules, in that order; the hash stays that of the file."""
        rows = np.asarray(indices, dtype=np.int64)
        lines, places = self.wavenumbers.places(rows)
        atoms, their = self.atomic_numbers.places(rows)
        modes: dict[str, Any] = {name: getattr(self, name)[places] for name in _PER_MODE}
        return SpectraTable(
            {name: tuple(values[i] for i in rows) for name, values in self.texts.items()},
            {name: values[rows] for name, values in self.numbers.items()},
            Ragged(lines, self.wavenumbers.values[places]),
            **modes,
            atomic_numbers=Ragged(atoms, self.atomic_numbers.values[their]),
            positions=self.positions[their],
            shifts={k: (atom.take(rows), ppm.take(rows)) for k, (atom, ppm) in self.shifts.items()},
            sha256=self.sha256,
            n_failed=self.n_failed,
        )

    def strengths(self, indices: NDArray[np.integer]) -> tuple[Ragged, Float32]:
        """Lines of some molecules and their two strengths, zero where symmetry forbids one.

        A computed forbidden intensity is rounding noise. It must not become the strongest band
        of a spectrum that has no other.

        Returns
        -------
        wavenumbers : Ragged, cm⁻¹
        strengths : (n_lines, 2) float32
            km/mol and Å⁴/u.
        """
        offsets, places = self.wavenumbers.places(indices)
        seen = self.activity[places]
        real = self.wavenumbers.values[places] > 0
        out = np.empty((len(places), 2), dtype=np.float32)
        out[:, 0] = self.ir_intensities[places] * ((seen & INFRARED > 0) & real)
        out[:, 1] = self.raman_activities[places] * ((seen & RAMAN > 0) & real)
        return Ragged(offsets, self.wavenumbers.values[places]), out


_SHIFTS: Final = ("computed_shifts", "experimental_shifts")
_PER_MODE: Final = ("ir_intensities", "raman_activities", "depolarisation", "activity", "sets")


def read_spectra(path: Path | str) -> SpectraTable:
    """The molecules of an exported data set that have a spectrum.

    Parameters
    ----------
    path : path
        Parquet file of ``spektron dataset export``, or a folder of its parts.

    Raises
    ------
    FileError
        If it is missing, damaged or no such file.
    SpectraError
        If a column is missing, no row has a spectrum, or lines are not finite.
    """
    require_pyarrow("a data set")
    import pyarrow as pa
    import pyarrow.compute as pc

    path = Path(path)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise SpectraError(f"{path}: no parquet file in this folder")
    table = pa.concat_tables([_columns(file) for file in files])
    failed = pc.fill_null(pc.greater(pc.utf8_length(table["failure"]), 0), False)
    empty = pc.equal(pc.fill_null(pc.list_value_length(table["wavenumbers"]), 0), 0)
    kept = table.filter(pc.invert(pc.or_(failed, empty)))
    if not kept.num_rows:
        raise SpectraError(f"{path}: none of {table.num_rows} rows has a spectrum")
    return _from_arrow(kept, _digest(files), int(pc.sum(failed).as_py()))


def _columns(path: Path) -> Any:
    """The columns of a file that are used."""
    table, _ = read_table(path, KIND)
    needed = (*TEXTS, *NUMBERS, "wavenumbers", *_PER_MODE, "atomic_numbers", "positions", "failure")
    if missing := set(needed) - set(table.column_names):
        raise SpectraError(f"{path}: no column {', '.join(sorted(missing))}; export it again")
    shifts = [name for name in table.column_names if name.startswith(_SHIFTS)]
    return table.select([*needed, *shifts])


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 of a file; of several, of their digests in order."""
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(files) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def sticks_table(
    names: Sequence[str],
    wavenumbers: Sequence[ArrayLike],
    ir_intensities: Sequence[ArrayLike],
    raman_activities: Sequence[ArrayLike],
    *,
    smiles: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
    inchikeys: Sequence[str] | None = None,
) -> SpectraTable:
    """A table of lines from elsewhere, without geometries; every positive line is allowed.

    Parameters
    ----------
    names : n str
    wavenumbers, ir_intensities, raman_activities : n lists of equal lengths
        cm⁻¹, km/mol, Å⁴/u.
    smiles, strata, inchikeys : n str, optional
        Needed to split by them.

    Examples
    --------
    >>> table = sticks_table(["CO2"], [[667.0, 667.0, 1330.0, 2349.0]], [[30, 30, 0, 550]],
    ...                      [[0, 0, 20, 0]])
    >>> table.activity.tolist()
    [1, 1, 2, 1]
    """
    n = len(names)
    lines = Ragged.of(wavenumbers)
    ir, raman = Ragged.of(ir_intensities), Ragged.of(raman_activities)
    given = dict(zip(("smiles", "stratum", "inchikey"), (smiles, strata, inchikeys), strict=True))
    empty = ("",) * n
    texts = {name: tuple(given.get(name) or empty) for name in TEXTS}
    texts |= {"name": tuple(names), "key": tuple(names)}
    numbers = {name: np.full(n, np.nan) for name in NUMBERS}
    numbers["n_vib"] = np.diff(lines.offsets)
    atoms = Ragged.of([[]] * n, np.uint8)
    return SpectraTable(
        texts,
        numbers,
        lines,
        ir.values,
        raman.values,
        np.full(len(lines.values), np.nan, dtype=np.float32),
        ((ir.values > 0) * INFRARED + (raman.values > 0) * RAMAN).astype(np.uint8),
        np.concatenate([np.arange(k) for k in np.diff(lines.offsets)]),
        atoms,
        np.empty((0, 3), dtype=np.float32),
        {},
    )


def _from_arrow(table: Any, sha256: str, n_failed: int) -> SpectraTable:
    lines = _ragged(table["wavenumbers"])
    letters = "".join(table["activity"].to_pylist())
    code = np.zeros(128, dtype=np.uint8)
    for letter, bits in _LETTERS.items():
        code[ord(letter)] = bits
    if unknown := set(letters) - set(_LETTERS):
        raise SpectraError(f"activity {unknown.pop()!r} of a mode: it must be one of I, R, B, S")
    names = [name for name in _PER_MODE if name != "activity"]
    modes: dict[str, Any] = {name: _ragged(table[name]).values for name in names}
    modes["activity"] = code[np.frombuffer(letters.encode(), dtype=np.uint8)]
    return SpectraTable(
        {name: tuple(table[name].fill_null("").to_pylist()) for name in TEXTS},
        {name: table[name].to_numpy() for name in NUMBERS},
        lines,
        **modes,
        atomic_numbers=_ragged(table["atomic_numbers"]),
        positions=_ragged(table["positions"]).values.reshape(-1, 3),
        shifts={
            kind: (_ragged(table[f"{kind}_shifts_atoms"]), _ragged(table[f"{kind}_shifts"]))
            for kind in ("computed", "experimental")
            if f"{kind}_shifts" in table.column_names
        },
        sha256=sha256,
        n_failed=n_failed,
    )


def _ragged(column: Any) -> Ragged:
    """Offsets and values of a list column; nulls count as empty lists."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    flat = pc.list_flatten(column)
    joined = flat.combine_chunks() if isinstance(flat, pa.ChunkedArray) else flat
    return Ragged(np.concatenate([[0], np.cumsum(lengths)]), joined.to_numpy(zero_copy_only=False))


def _check(table: SpectraTable) -> None:
    n, n_modes = len(table.wavenumbers), len(table.wavenumbers.values)
    if not n:
        raise SpectraError("a table without molecules; give at least one")
    counts = {name: len(values) for name, values in table.texts.items()}
    counts |= {name: len(values) for name, values in table.numbers.items()}
    for name, count in counts.items():
        if count != n:
            raise SpectraError(f"{count} values of {name} for {n} molecules; give one each")
    for name in _PER_MODE:
        if getattr(table, name).shape != (n_modes,):
            size = getattr(table, name).size
            raise SpectraError(f"{size} values of {name} for {n_modes} modes; give one each")
    if len(table.positions) != len(table.atomic_numbers.values):
        raise SpectraError(
            f"{len(table.positions)} positions for {len(table.atomic_numbers.values)} atoms"
        )
    lines = np.stack([table.wavenumbers.values, table.ir_intensities, table.raman_activities])
    bad = ~np.isfinite(lines).all(axis=0)
    if bad.any():
        row = int(np.searchsorted(table.wavenumbers.offsets, np.argmax(bad), "right")) - 1
        raise SpectraError(
            f"molecule {row} ({table.texts['name'][row]}) has a line that is not finite; leave it "
            "out or compute it again"
        )


def _frozen(values: ArrayLike, dtype: Any) -> NDArray[Any]:
    out = np.array(values, dtype=dtype)
    out.flags.writeable = False
    return out
