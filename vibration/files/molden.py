"""Molden's format for normal modes, which most viewers animate.

Source: G. Schaftenaar, J. H. Noordik, *J. Comput.-Aided Mol. Des.* 14, 123 (2000), and the
format page of Molden: sections [FREQ] (cm⁻¹), [FR-COORD] and [FR-NORM-COORD] (bohr) and
[INT] (IR, then Raman).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...pointgroup.units import BOHR
from ..modes import NormalModes
from .text import PathLike, write_text


def write_molden(modes: NormalModes, path: PathLike) -> None:
    """Write geometry, wavenumbers, displacements and intensities in Molden's format.

    Imaginary wavenumbers are negative. Without IR intensities, [INT] has zeros.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    write_text(format_molden(modes), path)


def format_molden(modes: NormalModes) -> str:
    """The text of a Molden file."""
    return "\n".join([*_lines(modes), ""])


def _lines(modes: NormalModes) -> Iterator[str]:
    molecule = modes.molecule
    yield from ("[Molden Format]", "[Title]", f" {molecule.name} {modes.level}".rstrip())
    yield "[Atoms] Angs"
    rows = zip(molecule.symbols, molecule.atomic_numbers, molecule.positions, strict=True)
    for i, (symbol, z, position) in enumerate(rows, start=1):
        yield f"{symbol:<3}{i:5d}{z:4d}{_numbers(position)}"
    yield "[FREQ]"
    yield from (f"{value:14.6f}" for value in modes.wavenumbers)
    yield "[FR-COORD]"
    for symbol, position in zip(molecule.symbols, molecule.positions / BOHR, strict=True):
        yield f"{symbol:<3}{_numbers(position)}"
    yield "[FR-NORM-COORD]"
    for k, displacement in enumerate(modes.displacements, start=1):
        yield f"vibration {k:6d}"
        yield from (_numbers(row) for row in displacement)
    yield "[INT]"
    infrared = modes.ir_intensities
    infrared = np.zeros(len(modes)) if infrared is None else infrared
    raman = modes.raman_activities
    for k, value in enumerate(infrared):
        yield f"{value:16.8f}" + ("" if raman is None else f"{raman[k]:16.8f}")


def _numbers(row: NDArray[np.float64]) -> str:
    return "".join(f"{x:18.12f}" for x in row)
