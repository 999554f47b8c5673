"""Shifts of a network in the place of measured ones, and which nuclei NMR does not tell apart."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

from spektron.ml.errors import SpectraError
from spektron.ml.forward.config import NetworkConfig
from spektron.ml.forward.graphs import graph_of, graph_of_row
from spektron.ml.forward.models import new_model
from spektron.ml.forward.prediction import shifts_of
from spektron.ml.forward.valence import molecule_of
from spektron.ml.inverse import InverseConfig, corpus
from spektron.ml.inverse.config import SHIFT_ERROR
from spektron.ml.inverse.equivalence import equivalent_atoms, methyl_means
from spektron.ml.inverse.predicted_shifts import with_predicted_shifts
from spektron.ml.table import Ragged
from spektron.pointgroup import Molecule

NAMES = ("CC", "CCO", "C=C", "CC#N", "CC=O", "COC")


@pytest.fixture(scope="module")
def table(symmetry_rich):
    return symmetry_rich.take([symmetry_rich.texts["smiles"].index(name) for name in NAMES])


@pytest.fixture(scope="module")
def model():
    made = new_model(NetworkConfig("shifts", width=8, layers=2, radial=6)).eval()
    for place, mean in ((0, 3.0), (2, 90.0)):  # H, C
        made.mean[place] = mean
    return made


QUIET = {"13C": 0.0, "1H": 0.0}


def shifts(table, row):
    atoms, ppm = (each[row] for each in table.shifts["computed"])
    return dict(zip(atoms.tolist(), ppm.tolist(), strict=True))


@pytest.mark.parametrize("smiles", ["CCO", "c1ccccc1C", "CC(C)(C)O", "OCC(F)CN", "Cc1ccc(C)cc1"])
def test_classes_are_those_of_rdkit(smiles):
    from rdkit import Chem

    molecule = Molecule.from_smiles(smiles)
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert [a.GetAtomicNum() for a in mol.GetAtoms()] == molecule.atomic_numbers.tolist()
    ours = equivalent_atoms(graph_of(molecule))
    theirs = np.array(Chem.CanonicalRankAtoms(mol, breakTies=False, includeChirality=False))
    np.testing.assert_array_equal(ours[:, None] == ours, theirs[:, None] == theirs)


def test_methyl_groups_are_averaged_and_nothing_else():
    graph = graph_of(Molecule.from_smiles("CCO"))
    before = np.arange(len(graph), dtype=np.float32)
    after = methyl_means(graph, before)
    changed = np.flatnonzero(after != before)
    apart = np.linalg.norm(graph.positions[:, None] - graph.positions[None], axis=2)
    (methyl,) = (k for k in np.flatnonzero(graph.numbers == 6)
                 if ((apart[k] < 1.25) & (graph.numbers == 1)).sum() == 3)  # fmt: skip
    hydrogens = np.flatnonzero((apart[methyl] < 1.25) & (graph.numbers == 1))
    assert set(changed) <= set(hydrogens)
    assert after[hydrogens] == pytest.approx(before[hydrogens].mean())
    missing = before.copy()
    missing[hydrogens[0]] = np.nan
    assert np.isnan(methyl_means(graph, missing)[hydrogens]).all()


def test_without_noise_the_network_speaks(table, model):
    found = with_predicted_shifts(table, model, spread=QUIET)
    for row in range(len(table)):
        molecule = molecule_of(graph_of_row(table, row))
        alone = shifts_of(model, molecule)
        there = shifts(found, row)
        assert set(there) == set(np.flatnonzero(np.isfinite(alone)).tolist())
        assert list(there.values()) == pytest.approx([alone[atom] for atom in there], abs=1e-3)


def test_noise_is_seeded_of_the_wanted_size_and_equal_for_equivalent_atoms(table, model):
    quiet = with_predicted_shifts(table, model, spread=QUIET)
    draws = [with_predicted_shifts(table, model, seed=seed) for seed in range(60)]
    again = with_predicted_shifts(table, model, seed=3)
    for one, two in zip(again.shifts["computed"], draws[3].shifts["computed"], strict=True):
        np.testing.assert_array_equal(one.values, two.values)
    assert len({each.sha256 for each in [*draws, quiet]}) == 61
    ethane = NAMES.index("CC")
    for number, nucleus in ((6, "13C"), (1, "1H")):
        of = [k for k, z in enumerate(graph_of_row(table, ethane).numbers) if z == number]
        off = np.array(
            [[shifts(d, ethane)[k] - shifts(quiet, ethane)[k] for k in of] for d in draws]
        )
        assert np.ptp(off, axis=1).max() < 1e-4
        # Chi-squared with 60 degrees of freedom lies in 30 to 102 but for one case in a thousand.
        assert 30 < (off[:, 0] ** 2).sum() / SHIFT_ERROR[nucleus] ** 2 < 102


def test_computed_shifts_stay_and_unknown_elements_get_none(table, model):
    empty = [[]] * (len(table) - 1)
    known = Ragged.of([[0], *empty], np.int16), Ragged.of([[77.0], *empty])
    without = new_model(replace(model.config, elements=("H", "C", "N"))).eval()
    found = with_predicted_shifts(replace(table, shifts={"computed": known}), without)
    assert shifts(found, 0) == {0: 77.0}
    for row, name in enumerate(NAMES[1:], start=1):
        assert bool(shifts(found, row)) == ("O" not in name)


def test_a_model_is_given_one_peak_for_equal_nuclei(table, model):
    made = corpus(with_predicted_shifts(table, model), InverseConfig())
    inputs = made.inputs(np.array([NAMES.index("CC"), NAMES.index("CCO")]), ("C", "O"))
    peaks = [np.isfinite(each).sum(axis=1).tolist() for each in (inputs.carbon, inputs.proton)]
    assert peaks[0] == [1, 2]
    assert peaks[1][0] == 1


@pytest.mark.parametrize("spread", [{"13C": 1.0}, {"13C": 1.0, "1H": -0.1}])
def test_a_wrong_spread_is_refused(table, model, spread):
    with pytest.raises(SpectraError, match="give 0 or more ppm for 13C, 1H"):
        with_predicted_shifts(table, model, spread=spread)
