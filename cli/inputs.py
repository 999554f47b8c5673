"""What the commands take as INPUT: a file, a SMILES string, a packaged example, a Hessian."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .output import complain

if TYPE_CHECKING:
    from ..pointgroup import Molecule
    from ..vibration.harmonic import HarmonicData
    from ..vibration.modes import NormalModes

STRUCTURES = (".xyz", ".extxyz", ".mol", ".sdf", ".sd", ".gz")
"""Endings of files that hold molecules; any other file should hold a Hessian or modes."""
HEAVY_HYDROGEN = {"D": 2, "T": 3}
"""Mass numbers of the isotopes that have a letter."""


def is_file(text: str) -> bool:
    """Whether an input names a file; no error for text that cannot be a path."""
    try:
        return os.path.isfile(text)
    except ValueError:  # a zero byte
        return False


def is_smiles(text: str) -> bool:
    """Whether an input that was understood is neither a file nor a packaged example."""
    from ..pointgroup import InputError, example

    if is_file(text):
        return False
    try:
        example(text)
    except InputError:
        return True
    return False


def molecules_of(text: str) -> Iterator[Molecule]:
    """The molecules that an input stands for: all records of a file, else a single one.

    Raises
    ------
    InputError
        If the input, or a record of it, cannot be used.
    """
    from ..pointgroup import molecule_from_input
    from ..pointgroup.molecules.readers import iter_molecules

    if is_file(text):
        yield from iter_molecules(text)
    else:
        yield molecule_from_input(text)


def molecule_of(text: str, charge: int | None = None, multiplicity: int | None = None) -> Molecule:
    """The one molecule of an input, with another charge or multiplicity (2S + 1) if given.

    Raises
    ------
    InputError
        If the input cannot be used.
    """
    from ..pointgroup import Molecule, molecule_from_input

    read = molecule_from_input(text)
    return Molecule(
        read.symbols,
        read.positions,
        read.masses,
        charge=read.charge if charge is None else charge,
        multiplicity=read.multiplicity if multiplicity is None else multiplicity,
        name=read.name,
    )


def isotopes_of(texts: Sequence[str], molecule: Molecule) -> Molecule:
    """The isotopologue that options such as ``H=D``, ``C=13`` or ``1=18`` ask for.

    A number on the left is an atom, counted from 1; a symbol stands for all atoms of the
    element, except those that are named by number.

    Raises
    ------
    InputError
        If a text is no assignment, or names an atom or isotope that there is not.
    """
    from ..pointgroup.errors import InputError

    wanted: dict[int | str, int] = {}
    for text in [part for t in texts for part in t.split(",")]:
        found = re.fullmatch(r"\s*([A-Za-z]{1,2}|\d+)\s*=\s*([DT]|\d+)\s*", text)
        if not found:
            raise InputError(f"isotopes {text!r}: write H=D, C=13, or an atom's number, 1=18")
        left, right = found.groups()
        if left.isdigit() and not 1 <= int(left) <= molecule.n_atoms:
            raise InputError(f"isotopes {text!r}: atoms are numbered 1 to {molecule.n_atoms}")
        atoms: int | str = int(left) - 1 if left.isdigit() else left
        if right in HEAVY_HYDROGEN:
            named = molecule.symbols[atoms] if isinstance(atoms, int) else atoms
            if named != "H":
                raise InputError(f"isotopes {text!r}: D and T are isotopes of H")
        wanted[atoms] = HEAVY_HYDROGEN[right] if right in HEAVY_HYDROGEN else int(right)
    return molecule.with_isotopes(wanted) if wanted else molecule


# ---- files with a Hessian or modes ----


def has_modes(text: str) -> bool:
    """Whether the input is a file that is no structure, so that it should have modes."""
    return is_file(text) and Path(text).suffix.lower() not in STRUCTURES


def refuse_for_a_hessian(text: str, **options: object) -> None:
    """Refuse options that belong to a structure, for a file that brings a Hessian.

    Raises
    ------
    InputError
        If an option is not None.
    """
    from ..pointgroup.errors import InputError

    for name, value in options.items():
        if value is not None:
            raise InputError(
                f"{text} is not a structure: leave --{name} {value} out to use its Hessian, or "
                f"give a file of {', '.join(STRUCTURES)}"
            )


def modes_of_file(
    output: Path, isotopes: Sequence[str], tolerance: float | None, allow_nonstationary: bool
) -> tuple[HarmonicData, NormalModes]:
    """Harmonic data and modes of a file; printed modes as they are unless masses change.

    Raises
    ------
    InputError
        If the file cannot be read, or isotopes are asked for that it does not have.
    """
    from ..pointgroup.errors import FileError
    from ..vibration.files.reading import has_hessian, read_harmonic, read_modes
    from ..vibration.modes import normal_modes

    if not output.exists():
        raise FileError(
            f"{output}: no such file; name an output of another program, or harmonic.json of "
            "spektron spectrum"
        )
    if isotopes or has_hessian(output):
        data = read_harmonic(output)
        data = data.with_masses(isotopes_of(isotopes, data.molecule).masses)
        modes = normal_modes(data, tolerance=tolerance, allow_nonstationary=allow_nonstationary)
        return data, modes
    printed = read_modes(output)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the Hessian is only written, the modes are as printed
        data = printed.harmonic_data()
    complain(f"note: {output} holds no Hessian; modes and intensities are as printed there")
    return data, printed.labelled(tolerance=tolerance)
