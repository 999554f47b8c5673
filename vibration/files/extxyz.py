"""Extended xyz of normal modes: displacement vectors, and films of single modes.

The columns ``displacements`` are read by ASE, OVITO and Jmol; a film is a sequence of plain
geometries, which any viewer plays.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ...pointgroup import Molecule
from ..errors import SpectrumError
from ..modes import NormalModes
from .text import PathLike, write_text

FloatArray = NDArray[np.float64]


def write_displacements(modes: NormalModes, path: PathLike) -> None:
    """Write one frame per mode: positions (Å) and normalised displacements of the atoms.

    The comment of each frame has wavenumber, irrep and intensities.

    Raises
    ------
    FileError
        If the file cannot be written.
    """
    frames = [
        _frame(
            modes.molecule,
            modes.molecule.positions,
            _facts(modes, k),
            modes.displacements[k],
        )
        for k in range(len(modes))
    ]
    write_text("".join(frames), path)


def write_animation(
    modes: NormalModes, mode: int, path: PathLike, *, frames: int = 24, amplitude: float = 0.3
) -> None:
    """Write a film of one mode, one period long, so that it can be played in a loop.

    Parameters
    ----------
    modes : NormalModes
    mode : int
        Index of the mode, from 0.
    path : path-like
    frames : int
        Number of geometries; frame k is displaced by amplitude · sin(2πk/frames).
    amplitude : float, Å
        Largest displacement of the atom that moves most.

    Raises
    ------
    SpectrumError
        If there is no such mode, or fewer than two frames, or no positive amplitude.
    FileError
        If the file cannot be written.
    """
    if not 0 <= mode < len(modes):
        raise SpectrumError(f"mode {mode}: the modes are numbered 0 to {len(modes) - 1}")
    if frames < 2:
        raise SpectrumError(f"{frames} frames: a film needs at least 2")
    if not 0 < amplitude < np.inf:
        raise SpectrumError(f"amplitude {amplitude:g} Å: give a positive length, for example 0.3")
    step = modes.displacements[mode]
    step = amplitude * step / np.linalg.norm(step, axis=1).max()
    facts = _facts(modes, mode)
    text = [
        _frame(
            modes.molecule,
            modes.molecule.positions + np.sin(2 * np.pi * k / frames) * step,
            f"{facts} frame={k}",
        )
        for k in range(frames)
    ]
    write_text("".join(text), path)


def _facts(modes: NormalModes, k: int) -> str:
    """What is known of a mode, as pairs of the comment line."""
    facts = [
        f'name="{re.sub(r"[^ -!#-~]", "_", modes.molecule.name)}"',
        f"mode={k + 1}",
        f"wavenumber={modes.wavenumbers[k]:.6f}",
        f'irrep="{modes.irreps[k]}"',
    ]
    for name in ("ir_intensities", "raman_activities"):
        values = getattr(modes, name)
        if values is not None:
            facts.append(f"{name.replace('ties', 'ty')}={values[k]:.8g}")
    return " ".join(facts)


def _frame(
    molecule: Molecule, positions: FloatArray, facts: str, vectors: FloatArray | None = None
) -> str:
    extra = "" if vectors is None else ":displacements:R:3"
    table = positions if vectors is None else np.hstack([positions, vectors])
    rows = [
        f"{symbol:<2}" + "".join(f" {x:16.10f}" for x in row)
        for symbol, row in zip(molecule.symbols, table, strict=True)
    ]
    comment = (
        f"Properties=species:S:1:pos:R:3{extra} {facts} charge={molecule.charge} "
        f'multiplicity={molecule.multiplicity} pbc="F F F"'
    )
    return "\n".join([str(molecule.n_atoms), comment, *rows, ""])
