"""SMILES to geometries: the right point group, or a refusal in one line."""

import numpy as np
import pytest
from spektron.pointgroup import InputError, Molecule, detect
from spektron.pointgroup.errors import SmilesError
from spektron.pointgroup.smiles.embedding import MAXIMUM_ATOMS, molecule_from_smiles
from spektron.pointgroup.smiles.vsepr import Star, star_positions, steric_number

# Point groups of the equilibrium structures as textbooks give them. Conformers are those of
# the gas phase (butane anti, glyoxal trans, biphenyl twisted).
RELAXED = {
    "C": "Td", "N": "C3v", "O": "C2v", "S": "C2v", "P": "C3v", "[NH4+]": "Td", "[OH3+]": "C3v",
    "CC": "D3d", "CCC": "C2v", "CCCC": "C2h", "CCCCCCCCCC": "C2h", "CC(C)C": "C3v",
    "CC(C)(C)C": "Td",
    "C=C": "D2h", "C#C": "D∞h", "C=C=C": "D2d", "C=CC=C": "C2h", "C=C=O": "C2v",
    "c1ccccc1": "D6h", "c1ccc2ccccc2c1": "D2h", "c1ccc2cc3ccccc3cc2c1": "D2h",
    "c1ccc2cccc-2cc1": "C2v", "c1ccc2c(c1)c1ccccc1c1ccccc21": "D3h",
    "c1cc2ccc3ccc4ccc5ccc6ccc1c7c2c3c4c5c67": "D6h", "c1ccc2c(c1)-c1ccccc1-2": "D2h",
    "c1ccc(cc1)-c1ccccc1": "D2", "[cH-]1cccc1": "D5h", "[cH+]1cccccc1": "D7h",
    "c1cnccn1": "D2h", "c1ncncn1": "D3h", "c1ccncc1": "C2v", "c1ccoc1": "C2v", "c1ccsc1": "C2v",
    "c1c[nH]cc1": "C2v", "Fc1ccc(F)cc1": "D2h", "Fc1cc(F)cc(F)c1": "D3h", "Cc1ccccc1": "Cs",
    "C1CC1": "D3h", "C1CCC1": "D2d", "C1CCCCC1": "D3d", "C1CO1": "C2v", "C1COCCO1": "C2h",
    "C1=CC=C1": "D2h", "C1=CC=CC=CC=C1": "D2d", "C1=CCC=CC1": "D2h", "S1SSSSSSS1": "D4d",
    "C12C3C4C1C5C2C3C45": "Oh", "C12C3C1C4C2C34": "D3h", "C1C2CC3CC1CC(C2)C3": "Td",
    "C1CC2CCC1C2": "C2v", "C1=CC2C=CC1C2": "C2v", "C1CC2CCC1CC2": "D3h", "C1CC12CC2": "D2d",
    "C1C2CC1C2": "D3h", "C1N2CN3CN1CN(C2)C3": "Td", "C1CN2CCN1CC2": "D3h",
    "C12C3C4C5C1C6C7C2C8C3C9C4C%10C5C6C%11C7C8C9C%10%11": "Ih", "P12P3P1P23": "Td",
    "N#CC(C#N)(C#N)C#N": "Td", "N#CC#N": "D∞h", "CC#N": "C3v", "FC(F)(F)F": "Td",
    "F/C=C/F": "C2h", "F/C=C\\F": "C2v", "FC(Cl)Br": "C1", "FC(F)Cl": "Cs", "ClCCCl": "C2h",
    "OO": "C2", "O=CC=O": "C2h", "CC(=O)C": "C2v", "COC": "C2v", "CO": "Cs", "CN(C)C": "C3v",
    "OC=O": "Cs", "NC(=[NH2+])N": "D3h", "C[Si](C)(C)C": "Td", "CB(C)C": "C3h", "OB(O)O": "C3h",
    "CN(C)C=O": "Cs", "CC(N)=O": "Cs", "NC([NH-])=O": "Cs", "O=C1NC(=O)NC(=O)N1": "D3h",
    "Nc1nc(N)nc(N)n1": "D3h", "CC(=O)Nc1ccccc1": "Cs", "NC(=O)C(N)=O": "C2h", "NC(N)=O": "C2",
    "Nc1ccccc1": "Cs", "CN(C)c1ccccc1": "Cs", "C=CN": "C1", "N#CC(C#N)=CN": "Cs",
    "O=C1NC(=O)c2ccccc12": "C2v", "Cn1c(=O)c2c(ncn2C)n(C)c1=O": "Cs", "S1SSSSS1": "D3d",
    "SSS": "C2", "CN=[N+]=[N-]": "Cs", "C#Cc1ccccc1": "C2v", "O1C=COC=C1": "D2h",
    "c1cc2cc3ccc(cc4nc(cc5ccc(cc1n2)[nH]5)C=C4)[nH]3": "D2h",
    "B1NBNBN1": "D3h", "[H]/N=N/[H]": "C2h", "CS(=O)(=O)C": "C2v", "C[N+](C)(C)C": "Td",
}  # fmt: skip
ELECTRON_PAIRS = {
    "O=C=O": "D∞h", "O=C=S": "C∞v", "C#N": "C∞v", "[N-]=[N+]=[N-]": "D∞h", "Cl[Be]Cl": "D∞h",
    "F[Xe]F": "D∞h", "I[I-]I": "D∞h", "O=S=O": "C2v", "[O-][O+]=O": "C2v", "[CH2]": "C2v",
    "F[H-]F": "D∞h", "C=O": "C2v", "FB(F)F": "D3h", "O=S(=O)=O": "D3h", "[O-][N+](=O)[O-]": "D3h",
    "[CH3-]": "C3v", "F[C-](F)F": "C3v", "Cl[C-](Cl)Cl": "C3v",
    "[CH3]": "D3h", "[AsH3]": "C3v", "FP(F)F": "C3v", "O=[Xe](=O)=O": "C3v", "FCl(F)F": "C2v",
    "[GeH4]": "Td", "F[B-](F)(F)F": "Td", "[O-]S(=O)(=O)[O-]": "Td", "[O-]Cl(=O)(=O)=O": "Td",
    "O=[Xe](=O)(=O)=O": "Td", "FS(F)(F)F": "C2v", "F[Xe](F)(F)F": "D4h", "F[Si](F)(F)F": "Td",
    "F[I-](F)(F)F": "D4h", "FP(F)(F)(F)F": "D3h", "ClP(Cl)(Cl)(Cl)Cl": "D3h",
    "FP(F)(F)(Cl)Cl": "C2v", "FP(F)(Cl)(Cl)Cl": "D3h", "O=S(F)(F)(F)F": "C2v",
    "O=[Xe](=O)(F)F": "C2v", "FBr(F)(F)(F)F": "C4v", "O=[Xe](F)(F)(F)F": "C4v",
    "FS(F)(F)(F)(F)F": "Oh", "F[Se](F)(F)(F)(F)F": "Oh", "F[Si-2](F)(F)(F)(F)F": "Oh",
    "F[P-](F)(F)(F)(F)F": "Oh", "FS(F)(F)(F)(F)Cl": "C4v", "O=I(F)(F)(F)(F)F": "C4v",
    "FI(F)(F)(F)(F)(F)F": "D5h", "F[Xe-](F)(F)(F)F": "D5h", "O=[Os](=O)(=O)=O": "Td",
    "[O-][Mn](=O)(=O)=O": "Td", "Cl[Ti](Cl)(Cl)Cl": "Td", "F[W](F)(F)(F)(F)F": "Oh",
    "F[U](F)(F)(F)(F)F": "Oh", "Cl[Pt-2](Cl)(Cl)Cl": "D4h", "Cl[Pt-2](Cl)(Cl)(Cl)(Cl)Cl": "Oh",
    "Cl[Zn]Cl": "D∞h", "[H][H]": "D∞h", "[Na]Cl": "C∞v", "[C-]#[O+]": "C∞v", "[Fe]": "Kh",
}  # fmt: skip


@pytest.mark.parametrize(("smiles", "group"), (RELAXED | ELECTRON_PAIRS).items())
def test_point_group(smiles, group):
    molecule = Molecule.from_smiles(smiles)
    found = detect(molecule, tolerance=0.01)
    assert str(found.group) == group
    # Far inside the tolerance: the group must not depend on it.
    assert str(detect(molecule, tolerance=1e-4).group) == group
    assert found.rms < 1e-5


REFUSED = [
    ("", "the string is empty"),
    ("not_a_smiles", "not valid"),
    ("C1CC", "not valid"),
    ("C(", "not valid"),
    ("C methane", "not valid"),  # what follows a blank would pass as a name
    ("C\0C", "not valid"),
    ("[Xx]", "not valid"),
    ("*", "stands for no element"),
    ("C.C", "several molecules"),
    ("[Na+].[Cl-]", "several molecules"),
    ("[Fe+2].[cH-]1cccc1.[cH-]1cccc1", "several molecules"),
    ("CC(C)(C)(C)C", "no such molecule: .*valence"),
    ("c1cccc1", "no such molecule: .*kekulize"),
    ("C" * (MAXIMUM_ATOMS // 2), "atoms; up to"),
    ("FC=CF", r"stereo is left open; write for example F/C=C/F or F/C=C\\F"),
    ("C1CCC2CCCCC2C1", "stereo is left open"),
    ("F[C@]12CC[C@@](Cl)(C1)C2", "no conformer can be embedded"),
    ("C=[CH]", "radical centre at a double bond"),
    ("CC#CC", "rotation is free"),
    ("C[Hg]C", r"atom 2 \(Hg\)"),
    ("CS(F)(F)(F)(F)F", r"atom 2 \(S\) is hypervalent"),
    ("Cl[I](Cl)c1ccccc1", r"atom 2 \(I\) is hypervalent"),
    ("FS(F)(F)(F)(Cl)Cl", "several arrangements"),
    ("O=[Xe](=O)(F)(F)(F)F", "several arrangements"),
    ("F[Xe](F)(F)(F)(F)F", "seven electron pairs"),
    ("FN(F)(F)(F)F", "no room"),
    ("F[Ba]F", "linear or bent"),
    ("Cl[Ni-2](Cl)(Cl)Cl", "this metal"),
    ("[H][W]([H])([H])([H])([H])[H]", "this metal"),
    ("F[C](F)Cl", "planar or a pyramid"),
    ("[CH2]C=C", "resonance"),
    ("C=C=C=C", "cumulene"),
    ("NN", "hydrazine"),
    ("C12C3C1C23", "sound minimum"),
    ("CN(C)N=O", r"atom 2 \(N\) ought to be flat"),
    ("Nc1c([N+](=O)[O-])c(N)c([N+](=O)[O-])c(N)c1[N+](=O)[O-]", "ought to be flat"),
    ("CNC=O", "turned out of its plane"),
    ("CNC(C)=O", "turned out of its plane"),
    ("NC(=N)N", "how flat its nitrogens"),
    ("Nc1ccc(N)cc1", "which sides"),
    ("CC(=O)[CH-]C(C)=O", "carbanion"),
    ("C[CH-][N+](=O)[O-]", "carbanion"),
    ("C[C-](C)C", "carbanion"),
    ("C1=CC=CC=CC=CC=CC=CC=CC=CC=C1", "conjugated ring of nine"),
    ("C1=CC=CC=CC=CC=C1", "conjugated ring of nine"),
    ("[cH-]1cccccccc1", "conjugated ring of nine"),
    ("[CH-]1C=CC=CC=CC=C1", "conjugated ring of nine"),
    ("N1C=CC=CC=C1", "eight π electrons"),
    ("SSSS", "four chalcogen atoms in a row"),
    ("S1SSSSSS1", "four chalcogen atoms in a row"),
    ("C(#Cc1ccccc1)c1ccccc1", "joins two π systems"),
    ("C(#CC#Cc1ccccc1)c1ccccc1", "joins two π systems"),
    ("C(#Cc1ccncc1)c1ccncc1", "joins two π systems"),
    ("c1cc2ccc3ccc4ccc5ccc1c1c2c3c4c51", "bowl or saddle"),
    ("C1c2ccc3Cc4ccc5Cc6ccc1c1c2c3c4c5c61", "bowl or saddle"),
    ("ClP1(Cl)=NP(Cl)(Cl)=NP(Cl)(Cl)=N1", r"atom 2 \(P\) is hypervalent at a ring double bond"),
    ("FP1(F)=NP(F)(F)=NP(F)(F)=N1", r"atom 2 \(P\) is hypervalent at a ring double bond"),
    ("S1=NS=N1", r"atom 1 \(S\) is hypervalent at a ring double bond"),
    ("N=C=N", "two cumulated N="),
    ("FN=C=NF", "two cumulated N="),
    ("OC1=C(O)C(=O)C1=O", "two OH of HO-C=C-OH"),
]


@pytest.mark.parametrize(("smiles", "message"), REFUSED)
def test_refused_in_one_line(capfd, smiles, message):
    with pytest.raises(SmilesError, match=message) as raised:
        molecule_from_smiles(smiles)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300
    assert capfd.readouterr().err == ""  # RDKit is silent


def test_isotopes_charge_multiplicity_name():
    molecule = Molecule.from_smiles("[2H]C([2H])[13CH3]")
    assert sorted(molecule.mass_numbers) == [1, 1, 1, 1, 2, 2, 12, 13]
    assert Molecule.from_smiles("[18OH2]").mass_numbers == (18, 1, 1)
    assert Molecule.from_smiles("[O-]S(=O)(=O)[O-]").charge == -2
    assert Molecule.from_smiles("[O][O]").multiplicity == 3
    assert Molecule.from_smiles("[N]=O").multiplicity == 2
    assert Molecule.from_smiles("c1ccccc1").name == "c1ccccc1"


def test_isotopes_do_not_change_the_geometry():
    light, heavy = Molecule.from_smiles("C"), Molecule.from_smiles("[2H]C")
    assert heavy.positions.shape == light.positions.shape
    assert str(detect(heavy, tolerance=0.001).group) == "C3v"


def test_same_string_same_geometry():
    assert Molecule.from_smiles("CCO") == Molecule.from_smiles("CCO")


def test_chirality_is_kept():
    from rdkit import Chem
    from rdkit.Chem import rdDetermineBonds

    for smiles in ("F[C@](Cl)(Br)C", "F[C@@](Cl)(Br)C"):
        mol = Molecule.from_smiles(smiles).to_rdkit()
        rdDetermineBonds.DetermineBonds(mol, charge=0)
        Chem.AssignStereochemistryFrom3D(mol)
        assert Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(mol))) == Chem.CanonSmiles(smiles)


# Gas-phase bond lengths, Å: ideal geometries must not be far off.
@pytest.mark.parametrize(
    ("smiles", "length"),
    [
        ("FS(F)(F)(F)(F)F", 1.561),
        ("F[Xe](F)(F)F", 1.935),
        ("O=C=O", 1.160),
        ("C#N", 1.153),
        ("O=S(=O)=O", 1.420),
        ("O=[Os](=O)(=O)=O", 1.712),
        ("N#N", 1.098),
        ("[C-]#[O+]", 1.128),
        ("[H][H]", 0.741),
        ("F[W](F)(F)(F)(F)F", 1.832),
    ],
)
def test_bond_lengths_are_plausible(smiles, length):
    positions = Molecule.from_smiles(smiles).positions
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    shortest = distances[0, 1] if smiles == "C#N" else distances[distances > 0].min()
    assert shortest == pytest.approx(length, rel=0.2)


@pytest.mark.parametrize(
    ("centre", "ligands", "charge", "number"),
    [
        ("Be", "Cl Cl", 0, 2),
        ("O", "H H", 0, 4),
        ("I", "I I", -1, 5),
        ("Cl", "F F F", 0, 5),
        ("Xe", "F F F F", 0, 6),
        ("Br", "F F F F F", 0, 6),
        ("Xe", "F F F F F F", 0, 7),
        ("S", "O O O O", -2, 4),
        ("N", "O O", 0, 3),  # the odd electron counts as a pair
        ("Fe", "Cl Cl", 0, None),
    ],
)
def test_steric_numbers(centre, ligands, charge, number):
    symbols = tuple(ligands.split())
    assert steric_number(Star(centre, symbols, charge, (1.5,) * len(symbols))) == number


def test_trigonal_bipyramid_sites():
    positions = star_positions(Star("P", ("F", "Cl", "F", "Cl", "Cl"), 0, (1.5,) * 5))
    axial = [i for i in range(5) if abs(positions[i, 2]) > 0.5]
    assert axial == [0, 2]  # the electronegative ligands


def test_saddle_points_are_left():
    from rdkit import Chem
    from rdkit.Chem import rdForceFieldHelpers
    from spektron.pointgroup.smiles.relaxation import Surface, relax

    # Eclipsed ethane: no force along the torsion, so a minimiser alone stays there.
    methyl = np.array([[1.03, 0, 1.13], [-0.515, 0.892, 1.13], [-0.515, -0.892, 1.13]])
    eclipsed = np.vstack([[0, 0, 0.76], [0, 0, -0.76], methyl, methyl * [1, 1, -1]])
    mol = Chem.AddHs(Chem.MolFromSmiles("CC"))
    conformer = Chem.Conformer(8)
    conformer.SetPositions(eclipsed)
    mol.AddConformer(conformer)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties)
    minimum = relax(Surface(field, mol.GetConformer()))
    assert minimum.converged
    assert minimum.softest > 1
    molecule = Molecule("CCHHHHHH", minimum.positions)
    assert str(detect(molecule, tolerance=1e-4).group) == "D3d"


def test_gradient_is_the_derivative_of_the_energy():
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom, rdForceFieldHelpers
    from spektron.pointgroup.smiles.relaxation import Surface

    mol = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=3)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties)
    surface = Surface(field, mol.GetConformer())
    x = surface.start()
    surface.gradient(x + 0.1)  # RDKit must not remember this
    steps = np.eye(len(x)) * 1e-5
    slopes = [(surface.energy(x + h) - surface.energy(x - h)) / 2e-5 for h in steps]
    assert surface.gradient(x) == pytest.approx(np.array(slopes), rel=1e-3, abs=1e-3)


def test_a_refusal_is_an_input_error():
    with pytest.raises(InputError):
        Molecule.from_smiles("C.C")
