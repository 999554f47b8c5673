"""Recipes: a small TOML file that says which molecules a dataset holds and how they are computed.

::

    title = "A few matched isomers"

    [level]
    method = "gfn2-xtb"

    [[strata]]                      # as in `matched_strata`; all keys optional
    scaffolds = ["benzene"]
    substituents = ["F", "CN"]
    largest = 20
    members = 3

    [[files]]                       # xyz, sdf, archives; relative to the recipe, or to
    part = "qm7"                    # SPEKTRON_DATA where it is set
    paths = ["geometries/qm7_xyz.tar.xz"]
    largest = 20                    # most atoms; optional
    smallest_first = 2000           # only so many, by number of atoms; optional
    licence = "MIT"

    [[smiles]]
    part = "negative controls"
    smiles = ["C1CC1"]

    [[examples]]
    part = "classics"
    names = ["benzene", "cubane"]
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...pointgroup import InputError, Molecule, example, molecule_from_input
from ...pointgroup.census.records import Record
from ...pointgroup.census.sources import find_sources, read_records
from ...pointgroup.errors import FileError
from ...pointgroup.molecules.molfile import parse_sdf
from ...pointgroup.molecules.xyz import parse_xyz
from ...vibration.level import Level
from .scaffolds import SCAFFOLDS
from .strata import matched_strata
from .substituents import SUBSTITUENTS

KINDS: Mapping[str, frozenset[str]] = {
    "strata": frozenset({"part", "scaffolds", "substituents", "largest", "members"}),
    "files": frozenset({"part", "paths", "largest", "smallest_first", "licence"}),
    "smiles": frozenset({"part", "smiles"}),
    "examples": frozenset({"part", "names"}),
}
"""Tables of a recipe and their keys."""


class RecipeError(InputError):
    """A recipe that cannot be followed; the message says which line of it and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One molecule of a recipe.

    Attributes
    ----------
    molecule : Molecule
        The first geometry.
    part : str
        Of the recipe.
    stratum : str or None
        Of matched isomers.
    source : str
        Where the geometry is from: file and place in it, "built", or "force field".
    licence : str
    """

    molecule: Molecule
    part: str
    stratum: str | None = None
    source: str = "built"
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a recipe file says.

    Attributes
    ----------
    path : Path
    title : str
    level : Level
    parts : tuple of (kind, table)
        In the order of `KINDS`, then of the file.
    """

    path: Path
    title: str
    level: Level
    parts: tuple[tuple[str, Mapping[str, Any]], ...]

    def entries(self, bad: Callable[[str], None] = lambda line: None) -> Iterator[Entry]:
        """All molecules, part by part.

        Parameters
        ----------
        bad : callable
            Told in one line of each record of a file that holds no molecule.

        Raises
        ------
        InputError
            If a SMILES string or name gives no molecule.
        """
        for kind, table in self.parts:
            yield from _ENTRIES[kind](self, table, bad)


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Read and check a recipe; nothing is built or computed yet.

    Raises
    ------
    FileError
        If the file, or one that it names, is missing or unreadable.
    RecipeError
        If a table, key, name or the level is unknown.
    LevelError
        If a setting of the level is out of range.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{file}: cannot be read as a recipe: {error}") from None
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file}: no TOML: {error}") from None
    _known(file, "the recipe", found, {"title", "level", *KINDS})
    level = found.get("level")
    if not isinstance(level, dict) or "method" not in level:
        raise RecipeError(f'{file}: no level; write [level] and method = "gfn2-xtb"')
    _known(file, "[level]", level, set(Level.__dataclass_fields__))
    recipe = Recipe(
        file, str(found.get("title", file.stem)), Level(**level), tuple(_tables(file, found))
    )
    if not recipe.parts:
        raise RecipeError(f"{file}: no molecules; add [[{']], [['.join(KINDS)}]]")
    return recipe


def _tables(file: Path, found: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind, keys in KINDS.items():
        tables = found.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise RecipeError(f"{file}: {kind} must be a list of tables, [[{kind}]]")
        for number, table in enumerate(tables, start=1):
            where = f"[[{kind}]] number {number}"
            _known(file, where, table, keys)
            needed = {"files": "paths", "smiles": "smiles", "examples": "names"}.get(kind)
            if needed and not table.get(needed):
                raise RecipeError(f"{file}: {where} has no {needed}")
            for key in ("largest", "members", "smallest_first"):
                if key in table and not (isinstance(table[key], int) and table[key] > 0):
                    raise RecipeError(f"{file}: {where}: {key} = {table[key]!r}, not a count")
            for key, known in (("scaffolds", SCAFFOLDS), ("substituents", SUBSTITUENTS)):
                if unknown := set(table.get(key, ())) - set(known):
                    raise RecipeError(
                        f"{file}: {where}: unknown {key} {', '.join(sorted(unknown))}; there are "
                        f"{', '.join(known)}"
                    )
            if kind == "files":
                for name in table["paths"]:
                    if not located(file, name).exists():
                        raise FileError(f"{file}: {where}: no file {located(file, name)}")
            yield kind, table


def _known(
    file: Path, where: str, table: Mapping[str, Any], keys: set[str] | frozenset[str]
) -> None:
    if unknown := set(table) - keys:
        raise RecipeError(
            f"{file}: {where}: unknown key {', '.join(sorted(unknown))}; known are "
            f"{', '.join(sorted(keys))}"
        )


def located(recipe: Path, name: str) -> Path:
    """Where a file of a recipe is: beside the recipe, or in the folder ``SPEKTRON_DATA``."""
    beside = recipe.parent / name
    folder = os.environ.get("SPEKTRON_DATA")
    return Path(folder) / name if folder and not beside.exists() else beside


def _strata(
    recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]
) -> Iterator[Entry]:
    del recipe, bad
    part = str(table.get("part", "matched strata"))
    found = matched_strata(
        table.get("scaffolds", tuple(SCAFFOLDS)),
        table.get("substituents", tuple(SUBSTITUENTS)),
        largest=table.get("largest", 20),
        members=table.get("members", 3),
    )
    for stratum in found:
        for member in stratum.centrosymmetric + stratum.others:
            yield Entry(member.molecule, part, stratum.name)


def _files(recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]) -> Iterator[Entry]:
    paths = [str(located(recipe.path, name)) for name in table["paths"]]
    part = str(table.get("part", Path(paths[0]).name))
    found = []
    for source in find_sources(paths):
        for record, _ in read_records(source):
            where = f"{Path(source.path).name} {record.member or ''} {record.number}"
            try:
                molecule = _parsed(record)
            except InputError as error:
                bad(f"{' '.join(where.split())}: {error}")
                continue
            if molecule.n_atoms <= table.get("largest", molecule.n_atoms):
                name = " ".join(where.split())
                found.append(Entry(molecule, part, None, name, str(table.get("licence", ""))))
    if "smallest_first" in table:
        found = sorted(found, key=lambda e: e.molecule.n_atoms)[: table["smallest_first"]]
    yield from found


def _parsed(record: Record) -> Molecule:
    if record.error is not None:
        raise InputError(record.error)
    parse = parse_xyz if record.kind == "xyz" else parse_sdf
    return next(parse(record.text, name=record.name))


def _smiles(
    recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]
) -> Iterator[Entry]:
    del recipe, bad
    for text in table["smiles"]:
        yield Entry(
            molecule_from_input(text), str(table.get("part", "smiles")), None, "force field"
        )


def _examples(
    recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]
) -> Iterator[Entry]:
    del recipe, bad
    for name in table["names"]:
        yield Entry(example(name), str(table.get("part", "examples")))


_ENTRIES: Mapping[
    str, Callable[[Recipe, Mapping[str, Any], Callable[[str], None]], Iterator[Entry]]
] = {"strata": _strata, "files": _files, "smiles": _smiles, "examples": _examples}
