"""Other programs' molecules, in and out: nothing lost, and units right."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.pointgroup import InputError, Molecule
from spektron.pointgroup.units import BOHR

WATER = Molecule("OHH", [[0, 0, 0.117], [0, 0.757, -0.469], [0, -0.757, -0.469]], name="water")
# Electrons and multiplicity fit, as PySCF insists.
MOLECULES = {
    "water": WATER,
    "heavy water": WATER.with_isotopes({"H": 2, 0: 18}),
    "average masses": WATER.with_masses([15.999, 1.008, 1.008]),
    "hydroxyl": Molecule("OH", [[0, 0, 0], [0, 0, 0.97]], multiplicity=2, name="OH"),
    "hydronium": Molecule(
        "OHHH", [[0, 0, 0], [0, 0.9, -0.3], [0.8, -0.4, -0.3], [-0.8, -0.4, -0.3]], charge=1
    ),
    "sulfide": Molecule("SH", [[1, 2, 3], [1, 2, 4.34]], charge=-1),
}
FORMATS = {"ase": "ase", "rdkit": "rdkit", "pymatgen": "pymatgen", "pyscf": "pyscf", "qcschema": ""}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", MOLECULES)
def test_there_and_back(form, name):
    if FORMATS[form]:
        pytest.importorskip(FORMATS[form])
    molecule = MOLECULES[name]
    foreign = getattr(molecule, f"to_{form}")()
    again = getattr(Molecule, f"from_{form}")(foreign)
    assert again.symbols == molecule.symbols
    assert again.positions == pytest.approx(molecule.positions, abs=1e-12)
    assert again.masses == pytest.approx(molecule.masses, abs=1e-12)
    assert (again.charge, again.multiplicity) == (molecule.charge, molecule.multiplicity)


@settings(max_examples=25)
@given(
    st.lists(st.floats(-20, 20), min_size=9, max_size=9),
    st.lists(st.floats(0.5, 300), min_size=3, max_size=3),
    st.integers(-3, 3),
    st.integers(1, 6),
)
def test_any_molecule_there_and_back(numbers, masses, charge, multiplicity):
    pytest.importorskip("ase")
    pytest.importorskip("pymatgen")
    positions = np.reshape(numbers, (3, 3)) + np.array([[0], [50], [100]])
    molecule = Molecule("CON", positions, masses, charge=charge, multiplicity=multiplicity)
    for form in ("ase", "rdkit", "pymatgen", "qcschema"):
        again = getattr(Molecule, f"from_{form}")(getattr(molecule, f"to_{form}")())
        assert again.positions == pytest.approx(molecule.positions, abs=1e-12)
        assert again.masses == pytest.approx(molecule.masses, abs=1e-12)
        assert (again.charge, again.multiplicity) == (charge, multiplicity)


def test_ase_default_masses_are_not_taken():
    build = pytest.importorskip("ase.build")
    atoms = build.molecule("CH3Cl")
    molecule = Molecule.from_ase(atoms)
    assert molecule.has_default_masses
    assert molecule.positions == pytest.approx(atoms.get_positions())
    atoms.pbc = True
    with pytest.raises(InputError, match="crystal"):
        Molecule.from_ase(atoms)


def test_ase_charges_and_moments():
    build = pytest.importorskip("ase.build")
    atoms = build.molecule("OH")
    atoms.set_initial_magnetic_moments([1.0, 0.0])
    atoms.set_initial_charges([-0.7, -0.3])
    molecule = Molecule.from_ase(atoms)
    assert (molecule.charge, molecule.multiplicity) == (-1, 2)


def test_pyscf_units_and_masses():
    gto = pytest.importorskip("pyscf.gto")
    mol = gto.M(atom="O 0 0 0; H 0 0 0.96; H 0 0.93 -0.24", verbose=0)
    molecule = Molecule.from_pyscf(mol)
    assert molecule.positions == pytest.approx(mol.atom_coords(unit="ANG"), abs=1e-8)
    assert molecule.has_default_masses  # not PySCF's 16 and 1
    assert WATER.to_pyscf().atom_mass_list() == pytest.approx(WATER.masses)
    mol = gto.M(atom="H 0 0 0; H 0 0 1.4", unit="Bohr", verbose=0)
    assert Molecule.from_pyscf(mol).positions[1, 2] == pytest.approx(1.4 * BOHR)
    labelled = gto.M(atom="H1 0 0 0; H2 0 0 0.74", verbose=0)
    labelled.nucprop = {"H1": {"mass": 2.014}}
    assert Molecule.from_pyscf(labelled).masses == pytest.approx([2.014, 1.007825], abs=1e-6)


def test_pyscf_refusals():
    gto = pytest.importorskip("pyscf.gto")
    with pytest.raises(InputError, match="build"):
        Molecule.from_pyscf(gto.Mole())
    ghost = gto.M(atom="He 0 0 0; ghost-He 0 0 2", verbose=0)
    with pytest.raises(InputError, match="ghost"):
        Molecule.from_pyscf(ghost)
    with pytest.raises(InputError, match="charge and multiplicity") as raised:
        Molecule("OH", [[0, 0, 0], [0, 0, 1]]).to_pyscf()
    assert "\n" not in str(raised.value)
    with pytest.raises(InputError, match="nonsense"):
        WATER.to_pyscf("nonsense")


def test_rdkit_isotopes_charges_radicals():
    chem = pytest.importorskip("rdkit.Chem")
    dist = pytest.importorskip("rdkit.Chem.rdDistGeom")
    mol = chem.AddHs(chem.MolFromSmiles("[2H][13CH2][O-]"))
    dist.EmbedMolecule(mol, randomSeed=1)
    molecule = Molecule.from_rdkit(mol)
    assert sorted(m for m in molecule.mass_numbers if m) == [1, 1, 2, 13, 16]
    assert molecule.charge == -1
    assert molecule.positions == pytest.approx(mol.GetConformer().GetPositions())
    radical = chem.AddHs(chem.MolFromSmiles("[CH3]"))
    dist.EmbedMolecule(radical, randomSeed=1)
    assert Molecule.from_rdkit(radical).multiplicity == 2


def test_rdkit_refusals():
    chem = pytest.importorskip("rdkit.Chem")
    depictor = pytest.importorskip("rdkit.Chem.rdDepictor")
    mol = chem.MolFromSmiles("CCO")
    with pytest.raises(InputError, match="lacks 3 hydrogens"):
        Molecule.from_rdkit(mol)
    mol = chem.AddHs(mol)
    with pytest.raises(InputError, match="no conformer"):
        Molecule.from_rdkit(mol)
    depictor.Compute2DCoords(mol)
    with pytest.raises(InputError, match="2D drawing"):
        Molecule.from_rdkit(mol)


def test_pymatgen_refuses_crystals():
    core = pytest.importorskip("pymatgen.core")
    crystal = core.Structure(core.Lattice.cubic(4.2), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(InputError, match="crystal"):
        Molecule.from_pymatgen(crystal)
    shared = core.Molecule([{"C": 0.5, "Si": 0.5}], [[0, 0, 0]])
    with pytest.raises(InputError, match="several elements"):
        Molecule.from_pymatgen(shared)


def test_qcschema_is_json_and_understood_by_qcelemental():
    models = pytest.importorskip("qcelemental.models")
    molecule = MOLECULES["heavy water"]
    fields = json.loads(json.dumps(molecule.to_qcschema()))
    assert Molecule.from_qcschema(fields) == molecule
    assert Molecule.from_qcschema({"molecule": fields, "driver": "hessian"}) == molecule
    model = models.Molecule(**fields)
    again = Molecule.from_qcschema(model)
    # qcelemental rounds the geometry to 8 decimals of a bohr.
    assert again.positions == pytest.approx(molecule.positions, abs=1e-8)
    assert again.masses == pytest.approx(molecule.masses, abs=1e-9)


def test_qcschema_mass_numbers_alone():
    fields = {"symbols": ["H", "H"], "geometry": [0, 0, 0, 0, 0, 1.4], "mass_numbers": [2, -1]}
    assert Molecule.from_qcschema(fields).mass_numbers == (2, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "has no 'symbols'"),
        ({"symbols": ["H"]}, "has no 'geometry'"),
        ({"symbols": ["H"], "geometry": [0, 0]}, "not 3 numbers per atom"),
        ({"symbols": ["H"], "geometry": ["a", 0, 0]}, "not 3 numbers per atom"),
        ({"symbols": ["H"], "geometry": [0, 0, 0], "real": [False]}, "ghost"),
        ({"symbols": ["H"], "geometry": [0, 0, 0], "molecular_charge": 0.5}, "integer"),
        (42, "expected a QCSchema molecule"),
    ],
)
def test_bad_qcschema(fields, message):
    with pytest.raises(InputError, match=message):
        Molecule.from_qcschema(fields)


@pytest.mark.parametrize("package", ["ase", "pymatgen.core", "pyscf.gto"])
def test_missing_package_is_one_line(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    method = f"to_{package.split('.')[0]}"
    with pytest.raises(InputError, match=r"pip install spektron\[(interop|dft)\]"):
        getattr(WATER, method)()
