"""ORCA's .hess files: Hessian and derivatives to full precision, with the modes ORCA found.

A section is a line ``$name``, the number of its rows, then the rows; ``#`` starts a comment.
Matrices come in blocks of a few columns, each under a line of column numbers. Units are
atomic; of a polarizability derivative the order is xx, yy, zz, xy, xz, yz. Masses are
averages over isotopes unless the calculation asked for others.

Source: ORCA 6 manual, "ORCA Hessian file"; checked with a published methane file of ORCA 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, Molecule
from ...pointgroup.errors import FileError
from ...pointgroup.units import BOHR
from ..harmonic import HarmonicData
from .printed import PrintedModes, with_isotopes
from .text import PathLike, number, read_text

FloatArray = NDArray[np.float64]

MARK = "$orca_hessian_file"
LARGEST_ASYMMETRY = 1e-2
"""Eh/bohr²; numerical Hessians are stored as they were differentiated, not symmetrised."""
_TENSOR = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True, slots=True)
class _Sections:
    """Lines of each section with their numbers in the file, comments removed."""

    rows: dict[str, list[tuple[int, list[str]]]]
    path: PathLike

    def get(self, name: str) -> list[tuple[int, list[str]]]:
        """The rows of a section that must be there."""
        if name not in self.rows:
            raise FileError(f"{self.path}: no section ${name}; is the file cut short?")
        return self.rows[name]

    def count(self, name: str) -> int:
        """The number of rows that a section announces."""
        rows = self.get(name)
        if not rows or not rows[0][1][0].isdecimal():
            line = rows[0][0] if rows else "last"
            raise FileError(f"{self.path}: line {line}: ${name} must begin with its size")
        return int(rows[0][1][0])

    def table(self, name: str, columns: int, *, skip: int = 0) -> FloatArray:
        """A section of as many rows as it announces, without the first ``skip`` words."""
        size = self.count(name)
        rows = self.get(name)[1 : 1 + size]
        if len(rows) < size:
            raise FileError(
                f"{self.path}: ${name} has {len(rows)} of {size} rows; the file is cut short"
            )
        values = [self._numbers(name, line, words[skip:], columns) for line, words in rows]
        return np.array(values).reshape(size, columns)

    def matrix(self, name: str) -> FloatArray:
        """A square matrix in blocks of columns."""
        size = self.count(name)
        out = np.full((size, size), np.nan)
        columns: list[int] = []
        for line, words in self.get(name)[1:]:
            if all(word.isdecimal() for word in words):
                columns = [int(word) for word in words]
                if max(columns) >= size:
                    raise FileError(f"{self.path}: line {line}: ${name} has {size} columns only")
                continue
            row = int(words[0]) if words[0].isdecimal() else size
            if row >= size:
                raise FileError(f"{self.path}: line {line}: row {words[0]!r} in ${name}")
            out[row, columns] = self._numbers(name, line, words[1:], len(columns))
        if np.isnan(out).any():
            row, column = map(int, np.argwhere(np.isnan(out))[0])
            raise FileError(
                f"{self.path}: ${name} lacks row {row} of column {column}; the file is cut short"
            )
        return out

    def _numbers(self, name: str, line: int, words: list[str], size: int) -> list[float]:
        try:
            values = [number(word) for word in words]
        except ValueError as error:
            raise FileError(f"{self.path}: line {line}: in ${name}, {error}") from None
        if len(values) != size:
            raise FileError(
                f"{self.path}: line {line}: {len(values)} numbers in ${name}, {size} expected"
            )
        return values


def is_orca_hessian(text: str) -> bool:
    """Whether a text begins as a .hess file."""
    return MARK in text[:2000]


def read_orca_hessian(path: PathLike) -> HarmonicData:
    """Hessian, dipole and polarizability derivatives of a .hess file.

    The Hessian of a numerical calculation is not symmetric in the file; the mean with its
    transpose is taken, as ORCA does.

    Raises
    ------
    FileError
        If it is no such file, is cut short, or the Hessian is far from symmetric.
    """
    return parse_orca_hessian(read_text(path), path)


def parse_orca_hessian(text: str, path: PathLike) -> HarmonicData:
    """As `read_orca_hessian`, from the text of the file.

    Raises
    ------
    FileError
        If a section is missing or does not fit the atoms.
    """
    sections = _sections(text, path)
    molecule = _molecule(sections)
    hessian = sections.matrix("hessian")
    _refuse(hessian, molecule, path)
    dipole = polarizability = None
    if "dipole_derivatives" in sections.rows:
        dipole = sections.table("dipole_derivatives", 3)
    if "polarizability_derivatives" in sections.rows:
        packed = sections.table("polarizability_derivatives", 6)
        polarizability = np.zeros((len(packed), 3, 3))
        for column, (i, j) in enumerate(_TENSOR):
            polarizability[:, i, j] = polarizability[:, j, i] = packed[:, column]
    try:
        return HarmonicData(
            molecule,
            (hessian + hessian.T) / 2,
            dipole,
            polarizability,
            energy=_energy(sections),
            program="ORCA",
        )
    except InputError as error:
        raise FileError(f"{path}: {error}") from None


def parse_orca_modes(text: str, path: PathLike) -> PrintedModes:
    """The modes and intensities that ORCA stored beside the Hessian."""
    sections = _sections(text, path)
    molecule = _molecule(sections)
    values = sections.table("vibrational_frequencies", 1, skip=1)[:, 0]
    vectors = _rectangular(sections)
    moving = np.flatnonzero(values != 0)
    infrared = _column(sections, "ir_spectrum", 1)
    raman = _column(sections, "raman_spectrum", 1)
    ratio = _column(sections, "raman_spectrum", 2)
    return PrintedModes(
        molecule,
        values[moving],
        vectors.T[moving].reshape(len(moving), -1, 3),
        ir_intensities=None if infrared is None else infrared[moving],
        raman_activities=None if raman is None else raman[moving],
        depolarisation=None if ratio is None else ratio[moving],
        program="ORCA",
    )


def _sections(text: str, path: PathLike) -> _Sections:
    if not is_orca_hessian(text):
        raise FileError(f"{path}: no ORCA Hessian file: {MARK} is not found")
    rows: dict[str, list[tuple[int, list[str]]]] = {}
    name = ""
    for line, content in enumerate(text.splitlines(), start=1):
        words = content.partition("#")[0].split()
        if words and words[0].startswith("$"):
            name = words[0][1:].lower()
            rows[name] = []
        elif words and name:
            rows[name].append((line, words))
    if "end" not in rows and "hessian" not in rows:
        raise FileError(f"{path}: no section $hessian; is the file cut short?")
    return _Sections(rows, path)


def _molecule(sections: _Sections) -> Molecule:
    n = sections.count("atoms")
    rows = sections.get("atoms")[1 : 1 + n]
    symbols = [words[0] for _, words in rows]
    values = sections.table("atoms", 4, skip=1)
    multiplicity = sections.rows.get("multiplicity", [])
    try:
        molecule = Molecule(
            symbols,
            values[:, 1:] * BOHR,
            multiplicity=int(multiplicity[0][1][0]) if multiplicity else 1,
        )
        return with_isotopes(molecule, values[:, 0])
    except (InputError, ValueError) as error:
        raise FileError(f"{sections.path}: line {rows[0][0]}: in $atoms, {error}") from None


def _refuse(hessian: FloatArray, molecule: Molecule, path: PathLike) -> None:
    size = 3 * molecule.n_atoms
    if len(hessian) != size:
        raise FileError(f"{path}: $hessian has {len(hessian)} rows; {size} belong to the $atoms")
    worst = float(np.abs(hessian - hessian.T).max())
    if worst > LARGEST_ASYMMETRY:
        raise FileError(
            f"{path}: $hessian is not symmetric: it differs from its transpose by {worst:.2g} "
            f"Eh/bohr², the limit is {LARGEST_ASYMMETRY:g}"
        )


def _energy(sections: _Sections) -> float | None:
    """The energy of $act_energy, which is 0 where it is not known."""
    rows = sections.rows.get("act_energy", [])
    value = number(rows[0][1][0]) if rows else 0.0
    return value or None


def _rectangular(sections: _Sections) -> FloatArray:
    """$normal_modes, whose size line holds rows and columns."""
    rows = sections.get("normal_modes")
    line, words = rows[0] if rows else (0, [])
    if len(words) != 2 or words[0] != words[1]:
        raise FileError(f"{sections.path}: line {line}: $normal_modes must be square")
    square = {"normal_modes": [(line, words[:1]), *rows[1:]]}
    return _Sections(square, sections.path).matrix("normal_modes")


def _column(sections: _Sections, name: str, column: int) -> FloatArray | None:
    if name not in sections.rows:
        return None
    width = len(sections.get(name)[1][1]) if len(sections.get(name)) > 1 else 0
    return sections.table(name, width)[:, column]
