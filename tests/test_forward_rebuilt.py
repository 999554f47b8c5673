"""Spectra on geometries that are built from SMILES."""

from dataclasses import replace

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.forward.rebuilt import build_geometries, rebuilt, split_of_both
from spektron.ml.splits import check_split, split_table
from spektron.ml.training.reading import joined
from spektron.pointgroup import Molecule, detect

NAMES = ("CC", "CC#CC=NO", "C=C", "CC#N", "CC=O", "COC")
"""The second has a free rotation, so that no geometry is preferred."""


@pytest.fixture(scope="module")
def table(symmetry_rich):
    rows = [
        symmetry_rich.texts["smiles"].index(name if name != NAMES[1] else "CCC") for name in NAMES
    ]
    few = symmetry_rich.take(rows)
    return replace(few, texts={**few.texts, "smiles": NAMES})


def test_geometries_are_those_of_predict(table):
    told = []
    built = build_geometries(table, progress=lambda *now: told.append(now))
    assert built.rows.tolist() == [0, 2, 3, 4, 5]
    assert told[-1] == (6, 6)
    twin = rebuilt(table, built)
    for place, row in enumerate(built.rows):
        wanted = detect(Molecule.from_smiles(NAMES[row])).symmetrise()
        ends = twin.atomic_numbers.offsets[place : place + 2]
        assert twin.positions[slice(*ends)] == pytest.approx(wanted.positions, abs=1e-5)
        assert twin.atomic_numbers[place].tolist() == wanted.atomic_numbers.tolist()
        np.testing.assert_array_equal(twin.wavenumbers[place], table.wavenumbers[int(row)])
    assert twin.sha256 != table.sha256


def test_both_stay_in_one_part(table):
    built = build_geometries(table)
    split = split_table(table, {"train": 0.5, "valid": 0.5})
    both = joined([table, rebuilt(table, built)])
    parts = split_of_both(both, split, built)
    check_split(both, parts)
    assert sorted(np.concatenate([parts["train"], parts["valid"]])) == list(range(len(both)))
    for name in ("train", "valid"):
        keys = {both.texts["inchikey"][row] for row in parts[name]}
        assert keys == {table.texts["inchikey"][row] for row in split[name]}


def test_geometries_of_other_molecules_are_refused(table):
    built = build_geometries(table.take([0, 2]))
    with pytest.raises(SpectraError, match="the geometry has other elements"):
        rebuilt(table.take([2, 0]), built)
    with pytest.raises(SpectraError, match=r"of 1$"):
        rebuilt(table.take([0]), built)
    nothing = replace(table, texts={**table.texts, "smiles": ("",) * len(table)})
    with pytest.raises(SpectraError, match="none of 6 molecules"):
        build_geometries(nothing)
