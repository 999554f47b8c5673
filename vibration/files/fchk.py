"""Formatted checkpoint files, as Gaussian writes them, and Q-Chem and Psi4 after it.

A section is a label in columns 1–40, its type in column 44 and either one value or, after
``N=``, the number of values that follow, five or six to a line. Derivatives are in atomic
units, in the frame of ``Current cartesian coordinates``:

``Cartesian Force Constants``       lower triangle by rows
``Dipole Derivatives``              μx, μy, μz for each coordinate
``Polarizability Derivatives``      αxx, αxy, αyy, αxz, αyz, αzz for each coordinate

Source: "Format of the formatted checkpoint file", Gaussian 16 user's reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import InputError, Molecule
from ...pointgroup.errors import FileError
from ...pointgroup.molecules.isotopes import SYMBOLS
from ...pointgroup.units import BOHR
from ..harmonic import HarmonicData
from .printed import with_isotopes
from .text import PathLike, number, read_text

FloatArray = NDArray[np.float64]

_HEADER = re.compile(r"^(?P<label>\S.{39}) {3}(?P<type>[IRCLH])(?P<rest>.*)$")
LOWER_TRIANGLE = ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
"""Order of the elements of a symmetric 3×3 tensor."""


def is_fchk(text: str) -> bool:
    """Whether a text looks like a formatted checkpoint file."""
    lines = text[:4000].splitlines()
    return any(line.startswith("Number of atoms  ") and _HEADER.match(line) for line in lines[:9])


def read_fchk(path: PathLike) -> HarmonicData:
    """Hessian, dipole and polarizability derivatives of a formatted checkpoint file.

    Raises
    ------
    FileError
        If it is none, holds no Hessian, or is cut short.
    """
    return parse_fchk(read_text(path), path)


def parse_fchk(text: str, path: PathLike) -> HarmonicData:
    """As `read_fchk`, from the text of the file.

    Raises
    ------
    FileError
        If it is no formatted checkpoint, or lacks the force constants.
    """
    if not is_fchk(text):
        raise FileError(f"{path}: no formatted checkpoint file: 'Number of atoms' is not found")
    lines = text.splitlines()
    sections = _Sections(lines, _headers(lines), path)
    try:
        molecule = _molecule(sections)
        n = molecule.n_atoms
        dipole = sections.optional("Dipole Derivatives", 9 * n)
        polarizability = sections.optional("Polarizability Derivatives", 18 * n)
        gradient = sections.optional("Cartesian Gradient", 3 * n)
        packed = sections.optional("Cartesian Force Constants", 3 * n * (3 * n + 1) // 2)
        if packed is None:
            raise FileError(
                f"{path}: no section 'Cartesian Force Constants'; run a frequency calculation"
            )
        return HarmonicData(
            molecule,
            from_triangle(packed, 3 * n),
            None if dipole is None else dipole.reshape(3 * n, 3),
            None if polarizability is None else symmetric_tensors(polarizability),
            None if gradient is None else gradient.reshape(n, 3),
            sections.scalar("Total Energy"),
            _level(lines),
            sections.words("Gaussian Version") or "formatted checkpoint file",
        )
    except FileError:
        raise
    except InputError as error:
        raise FileError(f"{path}: {error}") from None


def from_triangle(packed: FloatArray, size: int) -> FloatArray:
    """Symmetric (size, size) matrix of its lower triangle by rows."""
    out = np.zeros((size, size))
    out[np.tril_indices(size)] = packed
    return np.asarray(out + np.tril(out, -1).T)


def symmetric_tensors(packed: FloatArray) -> FloatArray:
    """(n, 3, 3) symmetric tensors of 6n numbers in the order xx, xy, yy, xz, yz, zz."""
    rows = packed.reshape(-1, 6)
    out = np.zeros((len(rows), 3, 3))
    for column, (i, j) in enumerate(LOWER_TRIANGLE):
        out[:, i, j] = out[:, j, i] = rows[:, column]
    return out


def given_title(text: str) -> str:
    """The title of a calculation, empty where the program or its editor filled one in."""
    title = text.strip()
    return "" if title.lower() in ("notitle", "no title", "title card required") else title


def _headers(lines: list[str]) -> dict[str, int]:
    """Line index of each section; the first of that name counts."""
    found: dict[str, int] = {}
    for i, line in enumerate(lines):
        match = _HEADER.match(line)
        if match:
            found.setdefault(match["label"].strip(), i)
    return found


@dataclass(frozen=True, slots=True)
class _Sections:
    lines: list[str]
    headers: dict[str, int]
    path: PathLike

    def scalar(self, label: str) -> float | None:
        """The value on the line of a section."""
        if label not in self.headers:
            return None
        at = self.headers[label]
        return self._number(self.lines[at][49:].strip(), label, at)

    def words(self, label: str) -> str:
        """The text of a section of characters; empty if there is none."""
        if label not in self.headers:
            return ""
        return " ".join(self.lines[self.headers[label] + 1 : self.headers[label] + 2]).strip()

    def required(self, label: str, size: int) -> FloatArray:
        """The values of an array."""
        values = self.optional(label, size)
        if values is None:
            raise FileError(f"{self.path}: no section {label!r}; is the file cut short?")
        return values

    def optional(self, label: str, size: int) -> FloatArray | None:
        """The values of an array, None if there is no such section."""
        if label not in self.headers:
            return None
        at = self.headers[label]
        announced = self.lines[at][49:].replace("N=", "").strip()
        if announced != str(size):
            raise FileError(
                f"{self.path}: line {at + 1}: section {label!r} announces {announced} numbers; "
                f"this molecule needs {size}"
            )
        values: list[float] = []
        for i in range(at + 1, len(self.lines)):
            if len(values) >= size or _HEADER.match(self.lines[i]):
                break
            values += [self._number(word, label, i) for word in self.lines[i].split()]
        if len(values) != size:
            raise FileError(
                f"{self.path}: line {at + 1}: section {label!r} has {len(values)} of {size} "
                "numbers; the file is cut short"
            )
        return np.array(values)

    def _number(self, word: str, label: str, line: int) -> float:
        try:
            return number(word)
        except ValueError:
            raise FileError(
                f"{self.path}: line {line + 1}: {word!r} in section {label!r} is not a number"
            ) from None


def _molecule(sections: _Sections) -> Molecule:
    count = sections.scalar("Number of atoms") or 0
    n = int(count)
    numbers = sections.required("Atomic numbers", n).astype(int)
    if n < 1 or numbers.min() < 1 or numbers.max() > len(SYMBOLS):
        raise FileError(f"{sections.path}: atomic numbers must lie between 1 and {len(SYMBOLS)}")
    positions = sections.required("Current cartesian coordinates", 3 * n).reshape(n, 3) * BOHR
    molecule = Molecule(
        [SYMBOLS[z - 1] for z in numbers],
        positions,
        charge=int(sections.scalar("Charge") or 0),
        multiplicity=int(sections.scalar("Multiplicity") or 1),
        name=given_title(sections.lines[0]),
    )
    return with_isotopes(molecule, sections.optional("Real atomic weights", n))


def _level(lines: list[str]) -> str:
    """Method and basis of the second line: type of job (10), method (30), basis (30)."""
    return "/".join(lines[1][10:].split()[:2])
