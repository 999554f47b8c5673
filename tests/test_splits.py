"""Splits: no relation crosses them, and a planted leak is seen."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.ml.errors import LeakError, SpectraError
from spektron.ml.splits import (
    RELATIONS,
    check_split,
    components,
    related,
    scaffold_of,
    split_of,
    split_table,
)
from spektron.ml.table import sticks_table

pytest.importorskip("rdkit")


def table(smiles, strata=None, keys=None):
    n = len(smiles)
    line = [[1000.0]] * n
    return sticks_table(
        [str(k) for k in range(n)],
        line,
        line,
        line,
        smiles=smiles,
        strata=strata or [""] * n,
        inchikeys=keys or [f"{k:A>14}-UHFFFAOYSA-N" for k in range(n)],
    )


@pytest.mark.parametrize(
    ("smiles", "scaffold"),
    [
        ("CC(=O)Oc1ccccc1C(=O)O", "c1ccccc1"),
        ("O=C1CCCCC1", "O=C1CCCCC1"),  # exocyclic double bonds belong to it
        ("C[C@H]1CCCC[C@@H]1C", "C1CCCCC1"),
        ("c1ccc(CCc2ccncc2)cc1", "c1ccc(CCc2ccncc2)cc1"),
        ("CCO", ""),
    ],
)
def test_scaffolds(smiles, scaffold):
    """Bemis and Murcko: rings and what links them, without side chains."""
    assert scaffold_of(smiles) == scaffold


RINGS = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCC1", "c1ccoc1", "C1CCNCC1", "C1CC1", "C1COCCN1"]


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(12, 60))
def test_no_relation_crosses_a_split(seed, n):
    rng = np.random.default_rng(seed)
    smiles = [str(s) for s in rng.choice([*RINGS, "CC", "CCO", "C=C"], n)]
    strata = [str(s) for s in rng.choice(["", "", "", "s1", "s2"], n)]
    keys = [f"{k:A>14}-UHFFFAOYSA-N" for k in rng.integers(0, n, n)]
    mine = table(smiles, strata, keys)
    try:
        split = split_table(mine, {"train": 0.6, "valid": 0.2, "test": 0.2}, seed=seed)
    except SpectraError as error:
        assert "is empty" in str(error)  # noqa: PT017 - one component may hold nearly everything
        return
    assert sorted(itertools.chain(*split.parts.values())) == list(range(n))
    for labels in (strata, [k[:14] for k in keys], [scaffold_of(s) for s in smiles]):
        parts = {}
        for name, rows in split.parts.items():
            for row in rows:
                if labels[row]:
                    parts.setdefault(labels[row], set()).add(name)
        assert all(len(names) == 1 for names in parts.values())


def test_shares_are_met_where_components_are_small():
    mine = table(["CCO"] * 400)
    split = split_table(mine, seed=2)
    assert {name: len(rows) for name, rows in split.parts.items()} == {
        "train": 320,
        "valid": 40,
        "test": 40,
    }
    assert split.sha256 == split_table(mine, seed=2).sha256
    assert split.sha256 != split_table(mine, seed=3).sha256
    assert split.sha256 != split_table(mine, relations=("inchikey",), seed=2).sha256


def test_components_are_chained():
    """a–b by stratum, b–c by scaffold: a and c stay together though they share nothing."""
    mine = table(["CCO", "Cc1ccccc1", "Oc1ccccc1", "CCN"], ["s", "s", "", ""])
    a, b, c, d = components(mine)
    assert a == b == c != d
    assert len(set(components(mine, ("inchikey",)))) == 4
    by_formula = table(["CCO", "CCN"], keys=["", ""])
    assert related(by_formula, "inchikey") == ("", "")  # nothing known: nothing shared


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"smiles": ["CC", "Cc1ccccc1", "CCC", "Oc1ccccc1"]}, "scaffold c1ccccc1 is in"),
        ({"strata": ["", "x", "", "x"]}, "stratum x is in the parts train and test"),
        ({"keys": ["A-B", "QTBSBXVTEAMEQO-A", "C-D", "QTBSBXVTEAMEQO-B"]}, "inchikey QTBSBXVTEAM"),
    ],
)
def test_planted_leaks_are_caught(change, message):
    mine = table(**({"smiles": ["C", "CC", "CCC", "CCCC"]} | change))
    good = split_of(mine, {"train": [1, 3], "test": [0, 2]})
    check_split(mine, good)
    with pytest.raises(LeakError, match=message):
        check_split(mine, split_of(mine, {"train": [0, 1], "test": [2, 3]}))


def test_bad_splits():
    mine = table(["C", "CC", "CCC"])
    with pytest.raises(LeakError, match="molecule 1 is in the parts train and test"):
        check_split(mine, split_of(mine, {"train": [0, 1], "test": [1, 2]}))
    with pytest.raises(SpectraError, match="the part test is empty"):
        check_split(mine, split_of(mine, {"train": [0, 1, 2], "test": []}))
    with pytest.raises(SpectraError, match="add up to 1"):
        split_table(mine, {"train": 0.5, "test": 0.6})
    with pytest.raises(SpectraError, match="relation 'colour'"):
        split_table(mine, relations=("colour",))
    with pytest.raises(SpectraError, match="no part 'dev'"):
        split_of(mine, {"train": [0]})["dev"]
    with pytest.raises(SpectraError, match="cannot be parsed"):
        split_table(table(["C1CC"]))
    assert RELATIONS == ("inchikey", "stratum", "scaffold")
