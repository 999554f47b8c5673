"""Packaged example molecules, and the one rule by which text becomes a molecule.

The geometries are made by ``examples/build_geometries.py`` from measured lengths, exact in
their symmetry to 1e-12 Å; each file's comment names its source.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from functools import cache
from importlib import resources

from ..errors import InputError
from .isotopes import SYMBOLS
from .molecule import Molecule
from .readers import EXTENSIONS, read_molecule
from .xyz import parse_xyz

__all__ = ["example", "example_names", "molecule_from_input"]

_ATOMS = re.compile(r"([A-Z][a-z]?)(\d*)")
_OTHER_NAMES = {
    "buckminsterfullerene": "c60",
    "fullerene": "c60",
    "ferrocene_eclipsed": "ferrocene",
    "closo_dodecaborate": "dodecaborate",
    "b12h12": "dodecaborate",
}


@cache
def example_names() -> tuple[str, ...]:
    """Names of the packaged molecules, in alphabetical order.

    Examples
    --------
    >>> "benzene" in example_names(), "c60" in example_names()
    (True, True)
    """
    files = resources.files(__package__).joinpath("geometries").iterdir()
    return tuple(sorted(file.name[:-4] for file in files if file.name.endswith(".xyz")))


def example(name: str) -> Molecule:
    """A packaged molecule by its name; case, spaces and hyphens do not matter.

    Raises
    ------
    InputError
        If there is none of this name.

    Examples
    --------
    >>> example("Sulfur hexafluoride")
    <Molecule sulfur_hexafluoride: F6S, 7 atoms>
    """
    key = _key(name)
    if key not in example_names():
        raise InputError(f"no packaged example is called {name!r}{_suggestion(name)}")
    file = resources.files(__package__).joinpath("geometries", f"{key}.xyz")
    return next(parse_xyz(file.read_text(encoding="utf-8"), name=key))


def molecule_from_input(text: str) -> Molecule:
    """The molecule that a command-line argument means.

    An existing file is read; else the name of a packaged example; else a SMILES string.

    Raises
    ------
    FileError
        If it is a file that cannot be read, a directory, or plainly the path of no file.
    SmilesError
        If it is a SMILES string of which no reliable geometry can be made.
    InputError
        If it is none of the three; the message says what was tried.

    Examples
    --------
    >>> molecule_from_input("benzene"), molecule_from_input("F[Xe]F")
    (<Molecule benzene: C6H6, 12 atoms>, <Molecule F[Xe]F: F2Xe, 3 atoms>)
    """
    text = text.strip()
    if not text:
        raise InputError("the input is empty; give a file, an example name or a SMILES string")
    if os.path.lexists(text) or _is_plainly_a_path(text):
        return read_molecule(text)
    if _key(text) in example_names():
        return example(text)
    from ..smiles.embedding import InvalidSmilesError, molecule_from_smiles

    try:
        return molecule_from_smiles(text)
    except InvalidSmilesError:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise InputError(
            f"{shown!r}: no such file, no packaged example{_suggestion(text)}, "
            f"and no valid SMILES string{_of_formula(text)}"
        ) from None


def _key(name: str) -> str:
    key = re.sub(r"[\s-]+", "_", name.strip().lower())
    return _OTHER_NAMES.get(key, key)


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(_key(name), example_names(), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _of_formula(text: str) -> str:
    """What to write in place of a formula, which does not say how the atoms are bound."""
    parts = _ATOMS.findall(text)
    if "".join(symbol + count for symbol, count in parts) != text or len(text) > 20:
        return ""
    composition: Counter[str] = Counter()
    for symbol, count in parts:
        composition[symbol] += int(count or 1)
    if not all(symbol in SYMBOLS for symbol in composition):
        return ""
    named = [n for n in example_names() if Counter(example(n).symbols) == composition]
    remedy = f"give {' or '.join(named)}" if named else "give a SMILES string"
    return f"; a formula does not say how the atoms are bound, {remedy}"


def _is_plainly_a_path(text: str) -> bool:
    """Whether no SMILES string looks like this: a known extension, or a root or ``~`` first."""
    known = text.lower().removesuffix(".gz").endswith(EXTENSIONS)
    return known or text.startswith(("/", "./", "../", "~", ".\\"))
