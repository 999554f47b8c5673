"""Molecules of other programs' Python objects, in and out.

Each function imports its package when called; a missing one is reported with the command
that installs it. What each format carries:

=========  ==========================  =====================================================
object     masses                      charge and multiplicity
=========  ==========================  =====================================================
ase        if set (not ASE's averages) ``info``, else sums of initial charges and moments
rdkit      isotopes, else a property   formal charges and radical electrons, or a property
pymatgen   site property ``masses``    its own fields
pyscf      ``nucprop``                 ``charge``, ``spin`` + 1
qcschema   its own field               its own fields
=========  ==========================  =====================================================
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, MoleculeError
from ..units import BOHR
from .isotopes import default_mass, isotope_mass, mass_number_of
from .molecule import Molecule

__all__ = [
    "from_ase",
    "from_pymatgen",
    "from_pyscf",
    "from_qcschema",
    "from_rdkit",
    "to_ase",
    "to_pymatgen",
    "to_pyscf",
    "to_qcschema",
    "to_rdkit",
]

# Names of RDKit properties, for what its atoms cannot say without bonds.
_CHARGE, _MULTIPLICITY, _MASS = "spektron_charge", "spektron_multiplicity", "spektron_mass"


def from_ase(atoms: Any) -> Molecule:
    """Molecule of an `ase.Atoms` without periodic boundaries.

    ASE's default masses are averages over the isotopes, so only masses that were set count.

    Raises
    ------
    MoleculeError
        If there are periodic boundaries, or the atoms form no usable molecule.
    """
    if np.any(atoms.pbc):
        raise MoleculeError("periodic ase.Atoms; a crystal is not a molecule. Set pbc=False")
    charges, moments = atoms.get_initial_charges(), atoms.get_initial_magnetic_moments()
    return Molecule(
        atoms.get_chemical_symbols(),
        atoms.get_positions(),
        atoms.get_masses() if atoms.has("masses") else None,
        charge=atoms.info.get("charge", round(float(charges.sum()))),
        multiplicity=atoms.info.get("multiplicity", 1 + round(abs(float(moments.sum())))),
        name=str(atoms.info.get("name", "")),
    )


def to_ase(molecule: Molecule) -> Any:
    """`ase.Atoms` with masses set, and charge, multiplicity and name in ``info``."""
    ase = _package("ase")
    return ase.Atoms(
        symbols=list(molecule.symbols),
        positions=molecule.positions,
        masses=molecule.masses,
        info={
            "charge": molecule.charge,
            "multiplicity": molecule.multiplicity,
            "name": molecule.name,
        },
    )


def from_rdkit(mol: Any) -> Molecule:
    """Molecule of an `rdkit.Chem.Mol` with explicit hydrogens and a 3D conformer (its first).

    Raises
    ------
    MoleculeError
        If there is no 3D conformer, or hydrogens are missing.
    """
    chem = _package("rdkit.Chem")
    mol = chem.Mol(mol)
    mol.UpdatePropertyCache(strict=False)
    atoms = list(mol.GetAtoms())
    _refuse_missing_hydrogens(atoms)
    positions = _conformer_positions(mol, atoms)
    radicals = sum(atom.GetNumRadicalElectrons() for atom in atoms)
    return Molecule(
        [atom.GetSymbol() for atom in atoms],
        positions,
        [_rdkit_mass(atom) for atom in atoms],
        charge=mol.GetIntProp(_CHARGE) if mol.HasProp(_CHARGE) else chem.GetFormalCharge(mol),
        multiplicity=mol.GetIntProp(_MULTIPLICITY) if mol.HasProp(_MULTIPLICITY) else radicals + 1,
        name=mol.GetProp("_Name").strip() if mol.HasProp("_Name") else "",
    )


def to_rdkit(molecule: Molecule) -> Any:
    """`rdkit.Chem.Mol` with one conformer and no bonds (see `rdkit.Chem.rdDetermineBonds`)."""
    chem = _package("rdkit.Chem")
    editable = chem.RWMol()
    for symbol, mass in zip(molecule.symbols, molecule.masses.tolist(), strict=True):
        atom = chem.Atom(symbol)
        atom.SetNoImplicit(True)
        if mass != default_mass(symbol):
            number = mass_number_of(symbol, mass)
            atom.SetIsotope(number or 0)
            if number is None or mass != isotope_mass(symbol, number):
                atom.SetDoubleProp(_MASS, mass)
        editable.AddAtom(atom)
    conformer = chem.Conformer(molecule.n_atoms)
    conformer.Set3D(True)
    conformer.SetPositions(np.array(molecule.positions))
    mol = editable.GetMol()
    mol.AddConformer(conformer, assignId=True)
    mol.SetIntProp(_CHARGE, molecule.charge)
    mol.SetIntProp(_MULTIPLICITY, molecule.multiplicity)
    mol.SetProp("_Name", molecule.name)
    mol.UpdatePropertyCache(strict=False)
    return mol


def _refuse_missing_hydrogens(atoms: Sequence[Any]) -> None:
    for atom in atoms:
        missing = atom.GetTotalNumHs(includeNeighbors=False)
        if missing:
            raise MoleculeError(
                f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) lacks {missing} hydrogen"
                f"{'s' if missing > 1 else ''}; give all hydrogens with positions "
                "(a radical: mark it with M  RAD, or give an xyz file)"
            )


def _conformer_positions(mol: Any, atoms: Sequence[Any]) -> np.ndarray[Any, Any]:
    remedy = "give 3D coordinates, or the SMILES string"
    if mol.GetNumConformers() == 0:
        raise MoleculeError(f"there is no conformer; {remedy}")
    conformer = mol.GetConformer()
    positions = np.array(conformer.GetPositions())
    flat = not positions[:, 2].any()
    # A carbon with four neighbours in one plane is a drawing, whatever the file says.
    drawn = any(atom.GetAtomicNum() == 6 and atom.GetDegree() >= 4 for atom in atoms)
    if flat and (drawn or not conformer.Is3D()):
        raise MoleculeError(f"a 2D drawing (all z = 0) has no geometry; {remedy}")
    return positions


def _rdkit_mass(atom: Any) -> float:
    if atom.HasProp(_MASS):
        return float(atom.GetDoubleProp(_MASS))
    symbol, number = atom.GetSymbol(), atom.GetIsotope()
    return isotope_mass(symbol, number) if number else default_mass(symbol)


def from_pymatgen(molecule: Any) -> Molecule:
    """Molecule of a `pymatgen.core.Molecule`.

    Raises
    ------
    MoleculeError
        If it is a crystal, or a site is shared by several elements.
    """
    if hasattr(molecule, "lattice"):
        raise MoleculeError("a pymatgen Structure is a crystal; give a pymatgen Molecule")
    if not molecule.is_ordered:
        raise MoleculeError("a site is shared by several elements; give an ordered molecule")
    masses = molecule.site_properties.get("masses")
    return Molecule(
        [site.specie.symbol for site in molecule],
        molecule.cart_coords,
        masses,
        charge=molecule.charge,
        multiplicity=molecule.spin_multiplicity,
        name=str((molecule.properties or {}).get("name", "")),
    )


def to_pymatgen(molecule: Molecule) -> Any:
    """`pymatgen.core.Molecule` with the masses as site property ``masses``."""
    core = _package("pymatgen.core")
    return core.Molecule(
        list(molecule.symbols),
        np.array(molecule.positions),
        charge=molecule.charge,
        spin_multiplicity=molecule.multiplicity,
        # Its check counts electrons; ours is a label that nobody may have set.
        charge_spin_check=False,
        site_properties={"masses": molecule.masses.tolist()},
        properties={"name": molecule.name},
    )


def from_pyscf(mol: Any) -> Molecule:
    """Molecule of a built `pyscf.gto.Mole`; masses from its ``nucprop``, where given.

    Raises
    ------
    MoleculeError
        If it is not built, is a crystal cell, or holds a ghost atom.
    """
    if hasattr(mol, "lattice_vectors"):
        raise MoleculeError("a pyscf Cell is a crystal; give a gto.Mole")
    if mol.natm == 0:
        raise MoleculeError("the pyscf Mole has no atoms; call its build() first")
    symbols = [mol.atom_pure_symbol(i) for i in range(mol.natm)]
    for i, symbol in enumerate(symbols):
        if symbol.lower().startswith(("x-", "ghost")):
            raise MoleculeError(f"atom {i + 1} ({symbol}) is a ghost atom; remove it")
    molecule = Molecule(
        symbols,
        mol.atom_coords() * BOHR,
        charge=mol.charge,
        multiplicity=abs(mol.spin) + 1,
    )
    given = [_pyscf_mass(mol, i) for i in range(mol.natm)]
    masses = [own if own is not None else m for own, m in zip(given, molecule.masses, strict=True)]
    return molecule.with_masses(masses)


def to_pyscf(molecule: Molecule, basis: str = "sto-3g") -> Any:
    """Built `pyscf.gto.Mole`; ``nucprop`` holds the masses, since PySCF's own are integers.

    Raises
    ------
    MoleculeError
        If electrons and multiplicity do not fit, or the basis set lacks an element.
    """
    gto = _package("pyscf.gto")
    try:
        mol = gto.M(
            atom=list(zip(molecule.symbols, (molecule.positions / BOHR).tolist(), strict=True)),
            unit="Bohr",
            basis=basis,
            charge=molecule.charge,
            spin=molecule.multiplicity - 1,
            verbose=0,
        )
    except (RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise MoleculeError(
            f"PySCF refuses {molecule!r} with basis {basis!r}: {reason}. "
            "Check basis, charge and multiplicity"
        ) from None
    mol.nucprop = {i: {"mass": m} for i, m in enumerate(molecule.masses.tolist(), start=1)}
    return mol


def _pyscf_mass(mol: Any, i: int) -> float | None:
    """The mass given for atom ``i``, looked up as PySCF does: 1-based index, label, element."""
    for key in (i + 1, mol.atom_symbol(i), mol.atom_pure_symbol(i)):
        if key in mol.nucprop:
            return mol.nucprop[key].get("mass")  # type: ignore[no-any-return]
    return None


def from_qcschema(molecule: Any) -> Molecule:
    """Molecule of a QCSchema dictionary or a `qcelemental.models.Molecule`.

    A dictionary that holds the molecule under ``molecule``, as inputs and results of
    calculations do, is accepted too.

    Raises
    ------
    MoleculeError
        If symbols or geometry are missing, or an atom is a ghost.
    """
    fields = molecule if isinstance(molecule, Mapping) else _dictionary(molecule)
    fields = fields.get("molecule") or fields
    for key in ("symbols", "geometry"):
        if fields.get(key) is None:
            raise MoleculeError(f"the QCSchema molecule has no {key!r}")
    if not np.all(fields.get("real", True)):
        i = int(np.argmin(fields["real"]))
        raise MoleculeError(f"atom {i + 1} ({fields['symbols'][i]}) is a ghost atom; remove it")
    try:
        geometry = np.asarray(fields["geometry"], dtype=np.float64).reshape(-1, 3) * BOHR
    except (TypeError, ValueError) as error:
        raise MoleculeError(f"the QCSchema geometry is not 3 numbers per atom: {error}") from None
    result = Molecule(
        list(fields["symbols"]),
        geometry,
        fields.get("masses"),
        charge=fields.get("molecular_charge", 0),
        multiplicity=fields.get("molecular_multiplicity", 1),
        name=str(fields.get("name") or ""),
    )
    numbers = fields.get("mass_numbers")
    if fields.get("masses") is not None or numbers is None:
        return result
    return result.with_isotopes({i: int(a) for i, a in enumerate(numbers) if a > 0})


def to_qcschema(molecule: Molecule) -> dict[str, Any]:
    """QCSchema molecule (version 2) as a dictionary that `json` can write; geometry in bohr.

    Examples
    --------
    >>> h2 = Molecule("HH", [[0, 0, 0], [0, 0, 0.7414]], name="hydrogen")
    >>> round(to_qcschema(h2)["geometry"][-1], 4)
    1.401
    """
    return {
        "schema_name": "qcschema_molecule",
        "schema_version": 2,
        "name": molecule.name,
        "symbols": list(molecule.symbols),
        "geometry": (molecule.positions / BOHR).ravel().tolist(),
        "masses": molecule.masses.tolist(),
        "mass_numbers": [-1 if number is None else number for number in molecule.mass_numbers],
        "molecular_charge": float(molecule.charge),
        "molecular_multiplicity": molecule.multiplicity,
        # Else a reader may turn the molecule, and derivatives would no longer fit.
        "fix_com": True,
        "fix_orientation": True,
    }


def _dictionary(model: Any) -> Mapping[str, Any]:
    method = getattr(model, "model_dump", None) or getattr(model, "dict", None)
    if method is None:
        raise MoleculeError(f"expected a QCSchema molecule, got {type(model).__name__}")
    fields: Mapping[str, Any] = method()
    return fields


def _package(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        extra = {"pyscf": "dft"}.get(package, "interop")
        raise InputError(
            f"the package {package} is not installed; run: pip install spektron[{extra}]"
        ) from None
