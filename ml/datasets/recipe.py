"""Recipes: a small TOML file that says which molecules a dataset holds and how they are computed.

::

    title = "A few matched isomers"

    [level]
    method = "gfn2-xtb"

    [job]                           # fields of JobSettings; optional
    derivatives = false

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
    computed_shifts = "spectra/dft8k_nmr_shifts.csv.gz"         # optional; see `shifts`
    experimental_shifts = "spectra/exp5k_nmr_shifts.csv.gz"     # optional

    [[smiles]]                      # {} stands for each of the substituents, where there are any
    part = "negative controls"
    stratum = "benzene {}3"         # optional
    smiles = ["c1({})cc({})cc({})c1", "c1({})c({})cc({})cc1"]
    substituents = ["F", "CN"]

    [[conformers]]                  # force-field conformers, lowest first
    part = "conformers"
    smiles = ["C({})C{}"]
    substituents = ["F", "Cl"]
    members = 3

    [[examples]]
    part = "classics"
    names = ["benzene", "cubane"]
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...pointgroup import InputError, Molecule, example, molecule_from_input
from ...pointgroup.census.records import Record
from ...pointgroup.census.sources import find_sources, read_records
from ...pointgroup.errors import FileError
from ...pointgroup.molecules.molfile import parse_sdf
from ...pointgroup.molecules.xyz import parse_xyz
from ...vibration.batches import JobSettings
from ...vibration.level import Level
from .conformers import conformers
from .scaffolds import SCAFFOLDS
from .shifts import Shifts, joined, read_shifts
from .strata import matched_strata
from .substituents import SUBSTITUENTS

SHIFTS = ("computed_shifts", "experimental_shifts")
"""Keys of a recipe that name tables of NMR shifts."""
KINDS: Mapping[str, frozenset[str]] = {
    "strata": frozenset({"part", "scaffolds", "substituents", "largest", "members"}),
    "smiles": frozenset({"part", "smiles", "substituents", "stratum"}),
    "conformers": frozenset({"part", "smiles", "substituents", "members"}),
    "examples": frozenset({"part", "names"}),
    "files": frozenset({"part", "paths", "largest", "smallest_first", "licence", *SHIFTS}),
}
"""Tables of a recipe and their keys, in the order in which they are followed."""


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
    smiles : str
        As it was built from; "" for a geometry from a file.
    shifts : mapping from a key of `SHIFTS` to Shifts
    """

    molecule: Molecule
    part: str
    stratum: str | None = None
    source: str = "built"
    licence: str = ""
    smiles: str = ""
    shifts: Mapping[str, Shifts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a recipe file says.

    Attributes
    ----------
    path : Path
    title : str
    level : Level
    settings : JobSettings
    parts : tuple of (kind, table)
        In the order of `KINDS`, then of the file.
    """

    path: Path
    title: str
    level: Level
    settings: JobSettings
    parts: tuple[tuple[str, Mapping[str, Any]], ...]

    def entries(self, bad: Callable[[str], None] = lambda line: None) -> Iterator[Entry]:
        """All molecules, part by part.

        Parameters
        ----------
        bad : callable
            Told in one line of each record of a file, and each SMILES string, that gives no
            molecule.

        Raises
        ------
        InputError
            If there is no example of a name.
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
    except FileNotFoundError:
        raise FileError(f"{file}: no such file; name a recipe, a TOML file") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise FileError(f"{file}: cannot be read as a recipe: {reason}; name a TOML file") from None
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file}: no TOML: {error}") from None
    _known(file, "the recipe", found, {"title", "level", "job", *KINDS})
    level = found.get("level")
    if not isinstance(level, dict) or "method" not in level:
        raise RecipeError(f'{file}: no level; write [level] and method = "gfn2-xtb"')
    _known(file, "[level]", level, set(Level.__dataclass_fields__))
    job = found.get("job", {})
    if not isinstance(job, dict):
        raise RecipeError(f"{file}: job must be a table, [job]")
    _known(file, "[job]", job, set(JobSettings.__dataclass_fields__))
    for key, value in job.items():
        if type(value) is not type(getattr(JobSettings(), key)):
            raise RecipeError(f"{file}: [job]: {key} = {value!r} is of the wrong type")
    recipe = Recipe(
        file,
        str(found.get("title", file.stem)),
        Level(**level),
        JobSettings(**job),
        tuple(_tables(file, found)),
    )
    if not recipe.parts:
        raise RecipeError(f"{file}: no molecules; add [[{']], [['.join(KINDS)}]]")
    return recipe


_NEEDED = {"files": "paths", "smiles": "smiles", "conformers": "smiles", "examples": "names"}


def _tables(file: Path, found: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind, keys in KINDS.items():
        tables = found.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise RecipeError(f"{file}: {kind} must be a list of tables, [[{kind}]]")
        for number, table in enumerate(tables, start=1):
            where = f"[[{kind}]] number {number}"
            _known(file, where, table, keys)
            needed = _NEEDED.get(kind)
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
                for name in (*table["paths"], *(table[k] for k in SHIFTS if k in table)):
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
            yield Entry(member.molecule, part, stratum.name, smiles=member.smiles)


def _files(recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]) -> Iterator[Entry]:
    paths = [str(located(recipe.path, name)) for name in table["paths"]]
    part = str(table.get("part", Path(paths[0]).name))
    tables = {k: read_shifts(located(recipe.path, table[k])) for k in SHIFTS if k in table}
    found = []
    for source in find_sources(paths):
        for record, _ in read_records(source):
            where = [Path(source.path).name, record.member or "", str(record.number)]
            name = " ".join(" ".join(where).split())
            try:
                molecule = _parsed(record)
                shifts = {k: joined(molecule, each) for k, each in tables.items()}
            except InputError as error:
                bad(f"{name}: {error}")
                continue
            if molecule.n_atoms <= table.get("largest", molecule.n_atoms):
                known = {k: each for k, each in shifts.items() if each is not None}
                licence = str(table.get("licence", ""))
                found.append(Entry(molecule, part, None, name, licence, shifts=known))
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
    del recipe
    part = str(table.get("part", "smiles"))
    for text, name in _filled(table):
        try:
            molecule = molecule_from_input(text)
        except InputError as error:
            bad(str(error))
            continue
        stratum = str(table["stratum"]).replace("{}", name) if "stratum" in table else None
        yield Entry(molecule, part, stratum, "force field", smiles=text)


def _conformers(
    recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]
) -> Iterator[Entry]:
    del recipe
    part = str(table.get("part", "conformers"))
    for text, _ in _filled(table):
        try:
            found = conformers(text, table.get("members", 3))
        except InputError as error:
            bad(str(error))
            continue
        for molecule in found:
            yield Entry(molecule, part, f"conformers of {text}", "force field", smiles=text)


def _filled(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """SMILES with the name of each substituent in them, group by group."""
    for name in table.get("substituents", [""]):
        for text in table["smiles"]:
            yield text.replace("{}", SUBSTITUENTS[name] if name else ""), name


def _examples(
    recipe: Recipe, table: Mapping[str, Any], bad: Callable[[str], None]
) -> Iterator[Entry]:
    del recipe, bad
    for name in table["names"]:
        yield Entry(example(name), str(table.get("part", "examples")))


_ENTRIES: Mapping[
    str, Callable[[Recipe, Mapping[str, Any], Callable[[str], None]], Iterator[Entry]]
] = {
    "strata": _strata,
    "files": _files,
    "smiles": _smiles,
    "conformers": _conformers,
    "examples": _examples,
}
