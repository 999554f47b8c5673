"""MDL mol and sdf text to molecules, through RDKit.

Hydrogens, isotopes and charges are taken as they are written; nothing is added, removed
or perceived. Drawings (2D) and records without their hydrogens are refused, because a
point group of an incomplete geometry would be silently wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..errors import MoleculeError
from .foreign import from_rdkit
from .molecule import Molecule

__all__ = ["MolfileError", "parse_sdf", "read_record", "sdf_records"]

_HEADER_LINES = 4  # title, program and dimension, comment, counts


class MolfileError(MoleculeError):
    """The text is no mol record; ``line`` is the number of its first line, from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse_sdf(text: str, *, name: str = "") -> Iterator[Molecule]:
    """Molecules of a mol or sdf text, one after the other.

    Parameters
    ----------
    text : str
    name : str
        Name of records without a title; the second and later ones get ``name:2``, …

    Raises
    ------
    MolfileError
        With the number of the line where the record at fault begins.
    """
    line = 1
    for record, lines in enumerate(sdf_records(text), start=1):
        if any(part.strip() for part in lines):
            label = name if record == 1 or not name else f"{name}:{record}"
            try:
                yield _molecule(lines, label)
            except MoleculeError as error:
                raise MolfileError(line, f"in the record that begins here, {error}") from None
        line += len(lines) + 1


def sdf_records(text: str) -> Iterator[list[str]]:
    """The lines of each record of an sdf text, without those that separate them."""
    record: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("$$$$"):
            yield record
            record = []
        else:
            record.append(line)
    yield record


def read_record(lines: Sequence[str]) -> Any:
    """A record as an `rdkit.Chem.Mol`, unsanitised, with the hydrogens that it has.

    Raises
    ------
    MoleculeError
        If the lines are no mol record, or there is no atom.
    """
    from rdkit import Chem, rdBase

    if not any(line.startswith("M  END") for line in lines):
        raise MoleculeError("there is no line 'M  END'; is the file truncated, or not a mol file?")
    if len(lines) < _HEADER_LINES or not lines[3].rstrip().endswith(("V2000", "V3000")):
        raise MoleculeError("line 4 is no counts line ending in V2000 or V3000")
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock("\n".join(lines), sanitize=False, removeHs=False)
    if mol is None:
        raise MoleculeError("RDKit cannot parse the atom and bond lines; check counts and numbers")
    if mol.GetNumAtoms() == 0:
        raise MoleculeError("the number of atoms is 0; a molecule needs at least one")
    if not mol.GetConformer().Is3D() and lines[1][20:22].upper() != "2D":
        # RDKit takes z = 0 for a drawing; unmarked, it may be a planar molecule.
        mol.GetConformer().Set3D(True)
    return mol


def _molecule(lines: Sequence[str], name: str) -> Molecule:
    molecule = from_rdkit(read_record(lines))
    return molecule if molecule.name else replace(molecule, name=name)
