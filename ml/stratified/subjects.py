"""The molecules of an evaluation: stratum, symmetry, and what each input shows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...pointgroup import (
    ModeCounts,
    Molecule,
    PointGroup,
    Representation,
    Tally,
    count_modes,
    mode_counts,
)
from ...pointgroup.molecules.isotopes import default_mass
from ..table import Int64, SpectraTable
from .errors import EvaluationError

IR: Final = "ir"
RAMAN: Final = "raman"
BOTH: Final = "both"
TWICE: Final = "ir twice"
INPUTS: Final = (IR, RAMAN, BOTH, TWICE)
"""What a model is given; "ir twice" is a second, independent measurement of the first."""
MODEL: Final = "model"
"""The input of predictions that name none."""
ACYCLIC: Final = "acyclic"


@dataclass(frozen=True, slots=True)
class Subject:
    """One molecule, as far as the evaluation needs it.

    Attributes
    ----------
    name : str
    stratum, scaffold : str
        Isomers to be compared, and the skeleton that they share.
    n_atoms : int
    counts : ModeCounts
    """

    name: str
    stratum: str
    scaffold: str
    n_atoms: int
    counts: ModeCounts

    @property
    def group(self) -> str:
        """Schoenflies symbol."""
        return str(self.counts.group)

    @property
    def centrosymmetric(self) -> bool:
        """Whether the group has an inversion."""
        return self.counts.group.has_inversion

    @property
    def R(self) -> float:
        """Share of the modes that are visible in IR or Raman; 1 for an atom, which has none."""
        return float(1 if self.counts.R is None else self.counts.R)

    @property
    def R_fundamentals(self) -> float:
        """The same with degenerate sets counted once."""
        found = self.counts.R_fundamentals
        return float(1 if found is None else found)

    @property
    def n_vib(self) -> int:
        """Number of modes."""
        return self.counts.n_vib

    def n_visible(self, given: str = BOTH) -> int:
        """Number of modes that an input shows.

        Parameters
        ----------
        given : str
            One of `INPUTS`; any other means both spectra.
        """
        return _visible(self.counts.modes, given)

    def n_lines(self, given: str = BOTH) -> int:
        """Number of distinct lines that an input shows: each degenerate set once."""
        return _visible(self.counts.fundamentals, given)

    def share(self, given: str = BOTH) -> float:
        """N_visible/N_vib of an input; for both it is R."""
        return self.n_visible(given) / self.n_vib if self.n_vib else 1.0


def _visible(tally: Tally, given: str) -> int:
    if given in (IR, TWICE):
        return tally.n_ir
    return tally.n_raman if given == RAMAN else tally.n_vib - tally.n_silent


def subject_of(
    name: str,
    molecule: Molecule,
    *,
    smiles: str = "",
    stratum: str = "",
    scaffold: str = "",
    tolerance: float | None = None,
) -> Subject:
    """A subject from a geometry.

    Parameters
    ----------
    name : str
    molecule : Molecule
    smiles : str
        For the skeleton; perceived from the geometry if empty.
    stratum : str
        Default: the isomers of one skeleton, as "c1ccccc1 C6H4F2"; isotopes and charges that
        differ make other strata.
    scaffold : str
        Default: ring systems and what links them (G. W. Bemis and M. A. Murcko, J. Med. Chem.
        39, 2887 (1996)); "acyclic" without a ring.
    tolerance : float, Å, optional
        Of `detect`.

    Examples
    --------
    >>> from spektron.pointgroup import example
    >>> s = subject_of("benzene", example("benzene"))
    >>> print(s.group, s.stratum, s.n_visible("ir"), s.n_lines("ir"), s.n_visible(), s.n_vib)
    D6h c1ccccc1 C6H6 7 4 19 30
    """
    from ..datasets.identity import identity

    skeleton = scaffold or murcko(smiles or identity(molecule)[0])
    if not stratum and not skeleton:
        raise EvaluationError(
            f"{name}: no bond orders can be found for its skeleton; give a column stratum"
        )
    return Subject(
        name,
        stratum or f"{skeleton} {_composition(molecule)}",
        skeleton or stratum,
        molecule.n_atoms,
        mode_counts(molecule, tolerance),
    )


def _composition(molecule: Molecule) -> str:
    """Formula, heavy or light isotopes, charge.

    >>> _composition(Molecule.from_smiles("[2H]O"))
    'H2O 2H'
    """
    unusual = Counter(
        f"{round(mass)}{symbol}"
        for symbol, mass in zip(molecule.symbols, molecule.masses, strict=True)
        if abs(mass - default_mass(symbol)) > 0.5
    )
    named = [f"{name}{n if n > 1 else ''}" for name, n in sorted(unusual.items())]
    charged = [f"{molecule.charge:+d}"] if molecule.charge else []
    return " ".join([molecule.formula, *named, *charged])


def murcko(smiles: str) -> str:
    """Ring systems and their linkers as canonical SMILES, "acyclic" if there is none.

    >>> murcko("Fc1ccc(Cl)cc1"), murcko("F/C=C/F"), murcko("")
    ('c1ccccc1', 'acyclic', '')
    """
    if not smiles:
        return ""
    from rdkit.Chem.Scaffolds import MurckoScaffold

    found: str = MurckoScaffold.MurckoScaffoldSmiles(smiles)  # type: ignore[no-untyped-call]
    return found or ACYCLIC


def counts_of(group: str, irreps: Sequence[str]) -> ModeCounts:
    """Mode counts from a Schoenflies symbol and the irrep of each mode.

    >>> print(counts_of("C2v", ["A1", "A1", "B2"]))
    C2v: Γvib = 2A1 + B2, R = 1
    """
    table: Any = PointGroup(group).character_table
    terms = []
    for label, n in Counter(irreps).items():
        irrep = table[label]
        if n % irrep.dimension:
            raise EvaluationError(f"{n} modes of {label} in {group}: no whole number of sets")
        terms.append((irrep, n // irrep.dimension))
    return count_modes(Representation.of(table, terms))


def subjects_of_export(pairs: Sequence[tuple[Any, Any]]) -> list[Subject]:
    """Subjects of an exported data set, failed calculations left out.

    Parameters
    ----------
    pairs : sequence of (Listed, Record)
        As `datasets.columns.read_rows` gives them. The first word of a stratum is its scaffold.
    """
    out = []
    for each, record in pairs:
        if record.kind != "result":
            continue
        facts = record.facts
        out.append(
            Subject(
                each.key,
                each.stratum,
                each.stratum.split()[0] if each.stratum else murcko(each.smiles) or each.part,
                len(facts["symbols"]),
                counts_of(facts["group"], facts["irreps"]),
            )
        )
    return out


def scaffold_word(stratum: str) -> str:
    """The first word of a stratum's name; "" of an empty one.

    >>> scaffold_word("benzene F2 Cl2")
    'benzene'
    """
    return stratum.split()[0] if stratum else ""


def subjects_of_table(table: SpectraTable, rows: Sequence[int] | Int64) -> list[Subject]:
    """Molecules as the evaluation knows them, with the first word of the stratum as scaffold."""
    texts, n_atoms = table.texts, np.diff(table.atomic_numbers.offsets)
    return [
        Subject(
            texts["key"][row],
            texts["stratum"][row],
            scaffold_word(texts["stratum"][row]),
            int(n_atoms[row]),
            counts_of(texts["group"][row], texts["irreps"][row].split()),
        )
        for row in map(int, rows)
    ]


def by_any_name(pairs: Sequence[tuple[Any, Any]]) -> Mapping[str, Subject]:
    """Subjects of an exported data set by key, and by what names only one of them.

    Keys are always there; name, canonical SMILES and InChIKey where no two molecules share it.
    """
    subjects = {s.name: s for s in subjects_of_export(pairs)}
    seen: Counter[str] = Counter()
    also: dict[str, Subject] = {}
    for each, _ in pairs:
        if each.key not in subjects:
            continue
        for text in {each.name, each.smiles, each.inchikey} - {"", each.key}:
            seen[text] += 1
            also[text] = subjects[each.key]
    return {text: s for text, s in also.items() if seen[text] == 1} | subjects


__all__ = [
    "BOTH",
    "INPUTS",
    "IR",
    "MODEL",
    "RAMAN",
    "TWICE",
    "Subject",
    "by_any_name",
    "counts_of",
    "murcko",
    "scaffold_word",
    "subject_of",
    "subjects_of_export",
    "subjects_of_table",
]
