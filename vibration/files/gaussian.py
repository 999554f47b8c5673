"""The archive entry at the end of a Gaussian output: its Hessian and property derivatives.

The entry is one long word, folded to 70 columns, of fields that a backslash separates (a
vertical bar under Windows); two of them separate groups. After ``NImag=`` come the lower
triangle of the Hessian, then the gradient. Its frame is that of the geometry in the entry,
not the standard orientation of the normal modes above; where the entry holds a Z-matrix, it
is the input orientation that the output prints. Everything is in atomic units but the
geometry, which is in Å; force constants have 8 decimals, property derivatives 7.

Source: the layout as Gaussian 03 to 16 write it, tested against the modes that they print.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import InputError, Molecule
from ...pointgroup.errors import FileError
from ...pointgroup.molecules.isotopes import SYMBOLS
from ..harmonic import HarmonicData
from .fchk import from_triangle, given_title, symmetric_tensors
from .printed import with_isotopes
from .text import PathLike, number

FloatArray = NDArray[np.float64]

_ENTRY = re.compile(r"^ 1([\\|])1\1.*?\1\1@\s*$", re.MULTILINE | re.DOTALL)
_INPUT_FRAME = re.compile(
    r"^ +(?:Input|Z-Matrix) orientation: *\n(?:.*\n){4}((?: +\d+ +\d+ +\d+(?: +-?\d+\.\d+){3}\n)+)",
    re.MULTILINE,
)
_METHODS = ("CCSD(T)", "CCSD", "MP4SDQ", "MP3", "MP2")


def parse_archive(
    text: str, path: PathLike, masses: ArrayLike | None = None
) -> HarmonicData | None:
    """Harmonic data of the last archive entry with a Hessian; None if there is none.

    Parameters
    ----------
    text : str
        Of the whole output.
    path : path-like
        For messages.
    masses : (N,), u, optional
        As printed elsewhere in the output; the entry has none.

    Raises
    ------
    FileError
        If the entry is damaged.
    """
    entries = [match[0] for match in _ENTRY.finditer(text)]
    with_hessian = [entry for entry in map(_unfolded, entries) if "NImag=" in entry]
    if not with_hessian:
        return None
    groups = [group.split("\\") for group in with_hessian[-1].split("\\\\")]
    try:
        return _data(groups, masses, text)
    except (InputError, ValueError, IndexError) as error:
        raise FileError(f"{path}: in the archive entry at the end: {error}") from None


def _unfolded(entry: str) -> str:
    word = "".join(line[1:] for line in entry.splitlines())
    return word.replace("|", "\\") if entry.startswith(" 1|1|") else word


def _data(groups: list[list[str]], masses: ArrayLike | None, text: str) -> HarmonicData | None:
    """Groups: job; route; title; charge and atoms; results; Hessian; gradient."""
    last = next(i for i, group in enumerate(groups) if group[-1].startswith("NImag="))
    molecule = _molecule(groups[3], groups[2][0], text)
    if molecule is None:
        return None
    n = molecule.n_atoms
    results = dict(item.split("=", 1) for item in groups[last] if "=" in item)
    size = 3 * n * (3 * n + 1) // 2
    packed = _numbers(groups[last + 1][0], size, "Hessian")
    gradient = _numbers(groups[last + 2][0], 3 * n, "gradient")
    dipole, polarizability = results.get("DipoleDeriv"), results.get("PolarDeriv")
    return HarmonicData(
        with_isotopes(molecule, masses),
        from_triangle(packed, 3 * n),
        None if dipole is None else _numbers(dipole, 9 * n, "DipoleDeriv").reshape(3 * n, 3),
        None
        if polarizability is None
        else symmetric_tensors(_numbers(polarizability, 18 * n, "PolarDeriv")),
        gradient.reshape(n, 3),
        _energy(groups[0][4], results),
        "/".join(groups[0][4:6]),
        results.get("Version", "Gaussian").replace("ES64L-", "").replace("G16Rev", "Gaussian 16 "),
    )


def _molecule(group: list[str], title: str, text: str) -> Molecule | None:
    """Charge and multiplicity, then atoms; None if their positions are nowhere printed."""
    charge, multiplicity = (int(word) for word in group[0].split(","))
    rows = [atom.split(",") for atom in group[1:] if atom]
    symbols = [re.sub(r"[^A-Za-z].*", "", row[0]) for row in rows]
    if all(len(row) in (4, 5) and all("." in word for word in row[-3:]) for row in rows):
        positions = [[number(word) for word in row[-3:]] for row in rows]
    else:
        printed = _INPUT_FRAME.findall(text)
        if not printed:
            return None
        table = [line.split() for line in printed[-1].splitlines()]
        symbols = [SYMBOLS[int(row[1]) - 1] for row in table]
        positions = [[float(word) for word in row[3:]] for row in table]
    return Molecule(
        symbols, positions, charge=charge, multiplicity=multiplicity, name=given_title(title)
    )


def _numbers(text: str, size: int, what: str) -> FloatArray:
    values = np.array([number(word) for word in text.split(",")])
    if len(values) != size:
        raise FileError(f"{what} has {len(values)} numbers, {size} expected")
    return values


def _energy(method: str, results: dict[str, str]) -> float | None:
    """The energy of the method that the Hessian belongs to."""
    names = [name for name in _METHODS if name in method.upper() and name in results]
    value = results.get(names[0] if names else "HF")
    return None if value is None else number(value.split(",")[-1])
