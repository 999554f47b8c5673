"""The molecule: atoms at positions with masses, checked once, never changed.

Reading and converting live in leaf modules that the classmethods below import when
called; this module knows numpy only.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import MoleculeError
from .isotopes import ATOMIC_NUMBERS, default_mass, isotope_mass, mass_number_of, parse_symbol
from .validation import (
    MAXIMUM_COORDINATE,
    MINIMUM_SEPARATION,
    checked_integer,
    checked_masses,
    checked_positions,
    checked_symbols,
    refuse_coinciding_atoms,
)

__all__ = ["MAXIMUM_COORDINATE", "MINIMUM_SEPARATION", "Molecule"]


@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class Molecule:
    """Atoms with positions and masses; immutable, comparable, hashable.

    Two molecules are equal if symbols, positions, masses, charge and multiplicity are
    equal to the last bit; the name is only a label.

    Parameters
    ----------
    symbols : sequence of str, length N
        Element symbols in any case; "D" and "T" become "H" with the mass of 2H and 3H.
    positions : (N, 3) array, Å
    masses : (N,) array, u, optional
        Default: the most abundant isotope of each element. Given masses also override D and T.
    charge : int, elementary charges
    multiplicity : int
        Spin multiplicity 2S + 1.
    name : str

    Attributes
    ----------
    symbols : tuple of str
    positions : (N, 3) float64, read-only, Å
    masses : (N,) float64, read-only, u
    charge, multiplicity, name

    Raises
    ------
    MoleculeError
        If there are no atoms, an element is unknown, a shape is wrong, a number is not
        finite, a mass is not positive, or two atoms are nearer than `MINIMUM_SEPARATION`.

    Examples
    --------
    >>> positions = [[0, 0, 0.117], [0, 0.757, -0.469], [0, -0.757, -0.469]]
    >>> water = Molecule("OHH", positions, name="water")
    >>> water
    <Molecule water: H2O, 3 atoms>
    >>> round(water.masses.sum(), 3)        # 1H2 16O, not the average 18.015
    np.float64(18.011)
    """

    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    masses: NDArray[np.float64]
    charge: int
    multiplicity: int
    name: str

    def __init__(
        self,
        symbols: Sequence[str],
        positions: ArrayLike,
        masses: ArrayLike | None = None,
        *,
        charge: int = 0,
        multiplicity: int = 1,
        name: str = "",
    ) -> None:
        checked, isotopes = checked_symbols(symbols)
        set_field = object.__setattr__  # the only way to fill a frozen instance
        set_field(self, "symbols", checked)
        set_field(self, "positions", checked_positions(positions, checked))
        set_field(self, "masses", checked_masses(masses, checked, isotopes))
        set_field(self, "charge", checked_integer("charge", charge))
        set_field(self, "multiplicity", checked_integer("multiplicity", multiplicity, least=1))
        set_field(self, "name", str(name))
        refuse_coinciding_atoms(checked, self.positions)

    # ---- what it is ----

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.symbols)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def formula(self) -> str:
        """Elements in Hill order (C, H, then alphabetical), isotopes not distinguished.

        >>> Molecule(["O", "D", "H"], [[0, 0, 0], [0, 0, 1], [0, 1, 0]]).formula
        'H2O'
        """
        counts = Counter(self.symbols)
        first = ("C", "H") if "C" in counts else ()
        order = [*(s for s in first if s in counts), *sorted(s for s in counts if s not in first)]
        return "".join(f"{s}{counts[s] if counts[s] > 1 else ''}" for s in order)

    @property
    def atomic_numbers(self) -> NDArray[np.int64]:
        """(N,) atomic numbers."""
        return np.array([ATOMIC_NUMBERS[s] for s in self.symbols], dtype=np.int64)

    @property
    def mass_numbers(self) -> tuple[int | None, ...]:
        """Mass number of each atom, None where its mass is that of no single isotope."""
        return tuple(mass_number_of(s, m) for s, m in zip(self.symbols, self.masses, strict=True))

    @property
    def has_default_masses(self) -> bool:
        """Whether every atom is the most abundant isotope of its element."""
        return bool(self.masses.tolist() == [default_mass(s) for s in self.symbols])

    @property
    def centre_of_mass(self) -> NDArray[np.float64]:
        """(3,) centre of mass, Å."""
        centre: NDArray[np.float64] = self.masses @ self.positions / self.masses.sum()
        return centre

    # ---- changed copies ----

    def with_positions(self, positions: ArrayLike) -> Self:
        """The same atoms at other positions: (N, 3), Å."""
        return self._changed(positions=positions)

    def with_masses(self, masses: ArrayLike | None) -> Self:
        """The same atoms with other masses: (N,), u; None restores the most abundant isotopes."""
        return self._changed(masses=masses)

    def with_isotopes(self, mass_numbers: Mapping[int | str, int]) -> Self:
        """The isotopologue with the given mass numbers.

        Parameters
        ----------
        mass_numbers : mapping
            From an atom's index (0-based) or an element's symbol (all its atoms) to the mass
            number. An index wins over a symbol.

        Examples
        --------
        >>> water = Molecule("OHH", [[0, 0, 0.117], [0, 0.757, -0.469], [0, -0.757, -0.469]])
        >>> heavy = water.with_isotopes({"H": 2, 0: 18})
        >>> heavy.mass_numbers
        (18, 2, 2)
        """
        masses = self.masses.copy()
        symbols_first = sorted(mass_numbers.items(), key=lambda item: not isinstance(item[0], str))
        for key, number in symbols_first:
            for i in self._atoms_named(key):
                masses[i] = isotope_mass(self.symbols[i], number)
        return self._changed(masses=masses)

    def permuted(self, order: Sequence[int]) -> Self:
        """The same molecule with its atoms in another order: new atom i is old atom order[i].

        Raises
        ------
        MoleculeError
            If the order does not hold each atom, counted from 0, once.
        """
        if sorted(order) != list(range(self.n_atoms)):
            raise MoleculeError(f"order must hold each of 0…{self.n_atoms - 1} once")
        index = np.asarray(order, dtype=np.intp)
        symbols = tuple(self.symbols[i] for i in index)
        return self._changed(
            symbols=symbols, positions=self.positions[index], masses=self.masses[index]
        )

    def _atoms_named(self, key: int | str) -> list[int]:
        """Indices of the atoms that a key of `with_isotopes` names."""
        if isinstance(key, str):
            symbol, _ = parse_symbol(key)
            found = [i for i, s in enumerate(self.symbols) if s == symbol]
            if not found:
                raise MoleculeError(f"{self.formula} has no {symbol} atom")
            return found
        if not 0 <= key < self.n_atoms:
            raise MoleculeError(f"no atom has index {key}; the last is {self.n_atoms - 1}")
        return [int(key)]

    def _changed(
        self,
        *,
        symbols: Sequence[str] | None = None,
        positions: ArrayLike | None = None,
        masses: ArrayLike | None = (),
    ) -> Self:
        # () stands for "as they are", because None means "the default masses".
        return type(self)(
            self.symbols if symbols is None else symbols,
            self.positions if positions is None else positions,
            self.masses if isinstance(masses, tuple) and not masses else masses,
            charge=self.charge,
            multiplicity=self.multiplicity,
            name=self.name,
        )

    # ---- as a value ----

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Molecule):
            return NotImplemented
        return (
            self.symbols == other.symbols
            and self.charge == other.charge
            and self.multiplicity == other.multiplicity
            and np.array_equal(self.positions, other.positions)
            and np.array_equal(self.masses, other.masses)
        )

    def __hash__(self) -> int:
        arrays = self.positions.tobytes(), self.masses.tobytes()
        return hash((self.symbols, self.charge, self.multiplicity, *arrays))

    def __repr__(self) -> str:
        atoms = "1 atom" if self.n_atoms == 1 else f"{self.n_atoms} atoms"
        parts = [f"{self.name}: {self.formula}" if self.name else self.formula, atoms]
        if self.charge:
            parts.append(f"charge {self.charge:+d}")
        if self.multiplicity != 1:
            parts.append(f"multiplicity {self.multiplicity}")
        if not self.has_default_masses:
            parts.append("own masses")
        return f"<Molecule {', '.join(parts)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, because an unpickled array is writable.
        return _restore, (
            type(self),
            self.symbols,
            np.array(self.positions),
            np.array(self.masses),
            self.charge,
            self.multiplicity,
            self.name,
        )

    # ---- from and to elsewhere: each a leaf, imported when called ----

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Molecule:
        """The first molecule of an xyz, extxyz, mol or sdf file."""
        from .readers import read_molecule

        return read_molecule(path)

    @classmethod
    def from_smiles(cls, smiles: str) -> Molecule:
        """The lowest conformer found for a SMILES string, tightly minimised."""
        from ..smiles.embedding import molecule_from_smiles

        return molecule_from_smiles(smiles)

    @classmethod
    def from_ase(cls, atoms: Any) -> Molecule:
        """From an `ase.Atoms` without periodic boundaries."""
        from .foreign import from_ase

        return from_ase(atoms)

    @classmethod
    def from_rdkit(cls, mol: Any) -> Molecule:
        """From an `rdkit.Chem.Mol` with explicit hydrogens and a 3D conformer."""
        from .foreign import from_rdkit

        return from_rdkit(mol)

    @classmethod
    def from_pymatgen(cls, molecule: Any) -> Molecule:
        """From a `pymatgen.core.Molecule`."""
        from .foreign import from_pymatgen

        return from_pymatgen(molecule)

    @classmethod
    def from_pyscf(cls, mol: Any) -> Molecule:
        """From a `pyscf.gto.Mole`."""
        from .foreign import from_pyscf

        return from_pyscf(mol)

    @classmethod
    def from_qcschema(cls, molecule: Any) -> Molecule:
        """From a QCSchema molecule: a dictionary or a `qcelemental.models.Molecule`."""
        from .foreign import from_qcschema

        return from_qcschema(molecule)

    def to_ase(self) -> Any:
        """As an `ase.Atoms`."""
        from .foreign import to_ase

        return to_ase(self)

    def to_rdkit(self) -> Any:
        """As an `rdkit.Chem.Mol` with this geometry as its conformer, without bonds."""
        from .foreign import to_rdkit

        return to_rdkit(self)

    def to_pymatgen(self) -> Any:
        """As a `pymatgen.core.Molecule`."""
        from .foreign import to_pymatgen

        return to_pymatgen(self)

    def to_pyscf(self, basis: str = "sto-3g") -> Any:
        """As a built `pyscf.gto.Mole` with the given basis set."""
        from .foreign import to_pyscf

        return to_pyscf(self, basis)

    def to_qcschema(self) -> dict[str, Any]:
        """As a QCSchema molecule dictionary (geometry in bohr)."""
        from .foreign import to_qcschema

        return to_qcschema(self)

    def to_xyz(self) -> str:
        """As the text of an extended xyz file."""
        from .readers import format_xyz

        return format_xyz(self)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write an extended xyz file, replacing it in one step."""
        from .readers import write_xyz

        write_xyz(self, path)


def _restore(
    cls: type[Molecule],
    symbols: tuple[str, ...],
    positions: NDArray[np.float64],
    masses: NDArray[np.float64],
    charge: int,
    multiplicity: int,
    name: str,
) -> Molecule:
    return cls(symbols, positions, masses, charge=charge, multiplicity=multiplicity, name=name)
