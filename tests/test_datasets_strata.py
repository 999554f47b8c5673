"""Matched strata: isomer counts of the textbooks, symmetry of what is built, bad names."""

import numpy as np
import pytest
from spektron.ml.datasets import (
    SCAFFOLDS,
    SUBSTITUENTS,
    colourings,
    matched_strata,
    scaffold,
    substituent,
    substituted,
)
from spektron.pointgroup import InputError, PointGroup, detect

pytest.importorskip("rdkit")
from rdkit import Chem


@pytest.mark.parametrize("name", SCAFFOLDS)
def test_scaffolds_have_their_group_and_a_centre(name):
    found = scaffold(name)
    assert found.symmetry.group == PointGroup(SCAFFOLDS[name][1])
    assert found.symmetry.group.has_inversion
    moved = found.permutations[found.inversion]
    assert (moved[moved] == np.arange(len(moved))).all()
    assert (moved != np.arange(len(moved))).all()  # no hydrogen lies on the centre
    bonds = found.molecule.positions[found.sites] - found.molecule.positions[found.parents]
    assert np.linalg.norm(bonds, axis=1) == pytest.approx(1.09, abs=0.03)


@pytest.mark.parametrize(
    ("name", "groups", "count"),
    [
        # Substitution isomers of benzene: W. Körner (1874).
        ("benzene", "XX", 3), ("benzene", "XXX", 3), ("benzene", "XXXX", 3),
        ("benzene", "XXY", 6), ("benzene", "XYZ", 10), ("benzene", "XXYY", 11),
        # Chloronaphthalenes: 2, 10, 14, 22, … congeners (mono, di, tri, tetra).
        ("naphthalene", "X", 2), ("naphthalene", "XX", 10), ("naphthalene", "XXX", 14),
        ("naphthalene", "XXXX", 22),
        # Two-colourings of the corners of a cube up to rotations and reflections (Pólya).
        ("cubane", "X", 1), ("cubane", "XX", 3), ("cubane", "XXX", 3), ("cubane", "XXXX", 6),
        # 1,1 / E / Z; 1,1 / anti / gauche.
        ("ethylene", "XX", 3), ("ethane", "XX", 3),
    ],
)  # fmt: skip
def test_isomers_are_counted_as_in_the_textbooks(name, groups, count):
    named = [{"X": "F", "Y": "Cl", "Z": "Br"}[g] for g in groups]
    assert len(colourings(scaffold(name), named)) == count


@pytest.mark.parametrize(("name", "count"), [("benzene", 1), ("cubane", 1), ("ethane", 1)])
def test_one_difluoro_isomer_has_a_centre(name, count):
    assert sum(centre for _, centre in colourings(scaffold(name), ["F", "F"])) == count


@pytest.mark.parametrize("name", SUBSTITUENTS)
def test_groups_keep_bonds_and_symmetry(name):
    made = substituted(scaffold("benzene"), [name, "H", "H", name, "H", "H"])
    assert detect(made.molecule, 0.05).group.has_inversion
    written = Chem.MolFromSmiles(f"c1cc({SUBSTITUENTS[name]})ccc1{SUBSTITUENTS[name]}")
    assert Chem.MolToSmiles(written) == made.smiles
    assert made.molecule.n_atoms == Chem.AddHs(written).GetNumAtoms()
    assert substituent(name).positions[0, :2] == pytest.approx(0, abs=1e-6)
    gaps = np.linalg.norm(made.molecule.positions[:, None] - made.molecule.positions[None], axis=2)
    assert gaps[np.triu_indices(len(gaps), 1)].min() > 0.9


def test_stereochemistry_is_read_from_the_geometry():
    made = {
        substituted(scaffold("ethylene"), c).smiles
        for c, _ in colourings(scaffold("ethylene"), ["F", "F"])
    }
    assert made == {"C=C(F)F", "F/C=C/F", "F/C=C\\F"}


@pytest.mark.parametrize("name", ["ethylene", "cyclobutane", "benzene", "dioxane"])
def test_members_of_a_stratum(name):
    found = list(matched_strata([name], ["F", "OH", "CHO"], largest=20))
    assert len(found) >= 6
    for stratum in found:
        members = stratum.centrosymmetric + stratum.others
        assert len({m.inchikey for m in members}) == len(members)
        assert len({m.molecule.formula for m in members}) == 1
        assert all(detect(m.molecule, 0.05).group.has_inversion for m in stratum.centrosymmetric)
        assert all(m.molecule.n_atoms <= 20 for m in members)
        assert 1 <= len(stratum.centrosymmetric) <= 3
        assert 1 <= len(stratum.others) <= 3
    again = list(matched_strata([name], ["F", "OH", "CHO"], largest=20))
    assert [s.name for s in again] == [s.name for s in found]
    for one, two in zip(again, found, strict=True):
        for a, b in zip(one.others, two.others, strict=True):
            assert a.molecule.positions == pytest.approx(b.molecule.positions, abs=0)


def test_unknown_names():
    with pytest.raises(InputError, match="no scaffold is called 'kekulene'"):
        scaffold("kekulene")
    with pytest.raises(InputError, match="no substituent is called 'Xe'; there are F, Cl"):
        substituent("Xe")
