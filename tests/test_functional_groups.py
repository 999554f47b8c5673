"""Functional groups against molecules whose groups are known, and under renumbering."""

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.functional_groups import GROUPS, frequent, labels

MOLECULES = {
    "CO": "alcohol, methyl",
    "Oc1ccccc1": "phenol or enol, benzene ring",
    "OC=C": "phenol or enol, alkene",
    "COC": "ether, methyl",
    "C1CO1": "epoxide",
    "COOC": "peroxide, methyl",
    "C=O": "aldehyde",
    "CC=O": "aldehyde, methyl",
    "CC(C)=O": "ketone, methyl",
    "O=C1C=CC(=O)C=C1": "ketone, alkene",  # p-benzoquinone
    "O=CO": "carboxylic acid",
    "COC=O": "ester, methyl",
    "CC(=O)OC(C)=O": "methyl",  # an anhydride is neither ester nor ketone
    "CC(=O)NC": "amide, methyl",
    "NC(N)=O": "amide",  # urea
    "CC(=O)Cl": "acyl halide, chloride, methyl",
    "CN": "primary amine, methyl",
    "Nc1ccccc1": "primary amine, benzene ring",
    "CNC": "secondary amine, methyl",
    "CN(C)C": "tertiary amine, methyl",
    "NN": "N-N bond",
    "CC=N": "imine, methyl",
    "CC=NO": "oxime, methyl",
    "CC#N": "nitrile, methyl",
    "C[N+]#[C-]": "isonitrile, methyl",
    "C[N+](=O)[O-]": "nitro, methyl",
    "CN=O": "nitroso, methyl",
    "C#C": "alkyne",
    "C=C": "alkene",
    "C=C=C": "cumulene",
    "c1ccc2ccccc2c1": "benzene ring",
    "c1ccncc1": "pyridine nitrogen",
    "c1cc[nH]c1": "pyrrole nitrogen",
    "c1ccoc1": "furan oxygen",
    "c1ccsc1": "thiophene sulfur",
    "CS": "thiol, methyl",
    "CSC": "thioether, methyl",
    "CSSC": "methyl",  # a disulfide is no thioether
    "CF": "fluoride, methyl",
    "CC(F)(F)F": "trifluoromethyl, methyl",
    "CCl": "chloride, methyl",
    "CBr": "bromide, methyl",
    "C1CC1": "cyclopropane",
    "C1CCC1": "four-membered ring",
    "C12C3C4C1C5C2C3C45": "four-membered ring",  # cubane
    "C": "",
    "O=C=O": "",
    "C[NH3+]": "methyl",  # an ammonium ion is no amine
}


def groups_of(smiles):
    (row,) = labels([smiles])
    return {name for name, has in zip(GROUPS, row, strict=True) if has}


@pytest.mark.parametrize(("smiles", "wanted"), MOLECULES.items())
def test_known_molecules(smiles, wanted):
    assert groups_of(smiles) == set(filter(None, wanted.split(", ")))


def test_every_group_is_shown_by_some_molecule():
    assert set().union(*(groups_of(smiles) for smiles in MOLECULES)) == set(GROUPS)


def test_numbering_does_not_matter():
    from rdkit import Chem

    text = "N#CC(F)=CC(=O)OCC1CC1c1ccc(S)nc1"
    molecule = Chem.MolFromSmiles(text)
    others = Chem.MolToRandomSmilesVect(molecule, 20, randomSeed=1)
    assert len(set(others)) > 10
    assert (labels(others) == labels([text])).all()


def test_frequent_groups_have_enough_of_both():
    found = np.zeros((10, 3), dtype=bool)
    found[:4, 0] = True
    found[:9, 1] = True  # one negative
    found[:2, 2] = True
    assert frequent(found, least=3).tolist() == [0]


@pytest.mark.parametrize("smiles", ["", "C(", "c1cc"])
def test_bad_smiles_is_named(smiles):
    with pytest.raises(SpectraError, match=r"SMILES .* cannot be parsed") as caught:
        labels(["C", smiles])
    assert "\n" not in str(caught.value)
