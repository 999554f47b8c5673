"""NMRShiftDB2: molecules with measured and assigned NMR shifts, from its SD file.

S. Kuhn, N. E. Schlörer, *Magn. Reson. Chem.* 53, 582 (2015); data under the nmrshiftdb2 licence.
Each record is a mol block, most of them drawings without hydrogens, followed by tags. A spectrum
is a tag ``Spectrum 13C 0`` (nucleus, number of the spectrum of that nucleus) with entries

    17.6;0.0Q;9|18.3;0.0T;0|22.6;0.0Q;11|

of shift (ppm), intensity with a letter of the multiplicity, and atom, counted from 0; a value may
go on over several lines. Further tags such as ``Solvent`` have a line ``0:CDCl3`` for each
spectrum. Proton entries name the atom that bears the hydrogens where these are not drawn.

The layout was taken from programs that read the published file, which was not at hand; some of
them show records with atoms counted from 1. Each carbon entry is therefore checked against the
element of its atom, and a record where that fails is refused or left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ....pointgroup.errors import FileError
from ...errors import SpectraError

_TAG: Final = re.compile(r">\s*<(.+)>")
_SPECTRUM: Final = re.compile(r"Spectrum (\d+[A-Z][a-z]?) (\d+)")
_ENTRY: Final = re.compile(r"\s*([-+]?\d*\.?\d+)\s*;\s*([^;|]*?)\s*;\s*(\d+)\s*")
_INTENSITY: Final = re.compile(r"([-+]?\d*\.?\d*)(.*)")
_BEARERS: Final = frozenset({"1H"})
"""Nuclei whose entries may name another atom: the one that bears them."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One entry of a spectrum.

    Attributes
    ----------
    shift : float, ppm
    multiplicity : str
        S, D, T, Q … or empty.
    atom : int
        From 0, in the mol block.
    """

    shift: float
    multiplicity: str
    atom: int


@dataclass(frozen=True, slots=True)
class AssignedMolecule:
    """A record of the file.

    Attributes
    ----------
    name : str
        First line of the mol block.
    smiles : str
        Canonical, empty where RDKit does not accept the valences.
    molblock : str
    symbols : tuple of str
        Of the atoms of the mol block.
    spectra : mapping from (nucleus, number) to tuple of Signal
    tags : mapping from str to str
        All other tags as they stand.
    """

    name: str
    smiles: str
    molblock: str
    symbols: tuple[str, ...]
    spectra: Mapping[tuple[str, int], tuple[Signal, ...]]
    tags: Mapping[str, str]


def iterate(path: str | os.PathLike[str], *, strict: bool = True) -> Iterator[AssignedMolecule]:
    """Molecules of the file that have a spectrum, one after the other.

    Parameters
    ----------
    path : path
    strict : bool
        Refuse a record that is damaged or contradicts itself; otherwise it is left out.

    Raises
    ------
    FileError
        If the file cannot be read or has no complete record.
    SpectraError
        For a record that cannot be used, with its number.
    """
    number = 0
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, lines in enumerate(_records(file), start=1):
                try:
                    found = _molecule(lines)
                except SpectraError as error:
                    if strict:
                        raise SpectraError(f"{path}: record {number}: {error}") from None
                    continue
                if found.spectra:
                    yield found
    except OSError as error:
        raise FileError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    if not number:
        raise FileError(f"{path}: no record that ends with $$$$; this is no SD file")


def read(path: str | os.PathLike[str], *, strict: bool = True) -> tuple[AssignedMolecule, ...]:
    """All molecules of the file at once. Errors as `iterate`."""
    return tuple(iterate(path, strict=strict))


def parse_signals(text: str) -> tuple[Signal, ...]:
    """Entries of a spectrum.

    Raises
    ------
    SpectraError
        If one is not of the form shift;intensity and multiplicity;atom.

    Examples
    --------
    >>> parse_signals("17.6;0.0Q;9|128.3;0.0D;2|")[1]
    Signal(shift=128.3, multiplicity='D', atom=2)
    """
    out = []
    for entry in text.replace("\n", "").split("|"):
        if not entry.strip():
            continue
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise SpectraError(f"entry {entry.strip()!r}; give shift;multiplicity;atom")
        shift, middle, atom = match.groups()
        kind = _INTENSITY.fullmatch(middle)
        letters = kind.group(2).strip() if kind else ""
        out.append(Signal(float(shift), letters, int(atom)))
    return tuple(out)


def _records(lines: Iterator[str] | Any) -> Iterator[list[str]]:
    record: list[str] = []
    for line in lines:
        if line.startswith("$$$$"):
            yield record
            record = []
        else:
            record.append(line.rstrip("\r\n"))


def _molecule(lines: list[str]) -> AssignedMolecule:
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    end = next((k for k, line in enumerate(lines) if line.startswith("M  END")), None)
    if end is None:
        raise SpectraError("no line M  END; the record is cut off")
    block = "\n".join(lines[: end + 1]) + "\n"
    with BlockLogs():
        mol = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False)
    if mol is None or not mol.GetNumAtoms():
        raise SpectraError("the mol block has no atoms that RDKit can read")
    symbols = tuple(atom.GetSymbol() for atom in mol.GetAtoms())
    spectra, tags = {}, {}
    for name, value in _tags(lines[end + 1 :]).items():
        match = _SPECTRUM.fullmatch(name)
        if match is None:
            tags[name] = value
            continue
        signals = parse_signals(value)
        _check(name, match.group(1), signals, symbols)
        spectra[match.group(1), int(match.group(2))] = signals
    return AssignedMolecule(
        lines[0].strip(),
        _smiles(mol),
        block,
        symbols,
        MappingProxyType(spectra),
        MappingProxyType(tags),
    )


def _tags(lines: list[str]) -> dict[str, str]:
    out: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        match = _TAG.match(line)
        if match is not None:
            name = match.group(1).strip()
            out[name] = []
        elif name and line.strip():
            out[name].append(line.strip())
    return {key: "\n".join(value) for key, value in out.items()}


def _check(tag: str, nucleus: str, signals: tuple[Signal, ...], symbols: tuple[str, ...]) -> None:
    """Refuse atoms that do not exist or are of another element."""
    element = nucleus.lstrip("0123456789")
    for signal in signals:
        if signal.atom >= len(symbols):
            raise SpectraError(
                f"{tag}: atom {signal.atom} of {len(symbols)}, counted from 0; the file may count "
                "from 1"
            )
        if nucleus not in _BEARERS and symbols[signal.atom] != element:
            raise SpectraError(
                f"{tag}: {signal.shift:g} ppm is assigned to atom {signal.atom}, which is "
                f"{symbols[signal.atom]} and not {element}; the file may count atoms from 1"
            )


def _smiles(mol: Any) -> str:
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        try:
            Chem.SanitizeMol(mol)
            return str(Chem.MolToSmiles(Chem.RemoveHs(mol)))
        except ValueError:  # a valence that RDKit does not know
            return ""
