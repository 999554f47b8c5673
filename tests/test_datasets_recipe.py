"""Recipes of data sets: what they hold, and one line for each that cannot be followed."""

import gzip

import pytest
from spektron.ml.datasets.recipe import RecipeError, located, read_recipe
from spektron.pointgroup import InputError
from spektron.pointgroup.errors import FileError
from spektron.vibration.errors import LevelError

pytest.importorskip("rdkit")

HEAD = 'title = "t"\n[level]\nmethod = "gfn2-xtb"\n'
XYZ = "3\n\nO 0 0 0\nH 0 0 0.96\nH 0.93 0 -0.24\n"


@pytest.fixture
def recipe(tmp_path):
    def write(text, head=HEAD):
        path = tmp_path / "recipe.toml"
        path.write_text(head + text, encoding="utf-8")
        return read_recipe(path)

    return write


def test_parts_in_order(recipe, tmp_path):
    (tmp_path / "a.xyz").write_text(XYZ + "2\n\nH 0 0 0\nH 0 0 0.74\n", encoding="utf-8")
    found = recipe(
        '[[examples]]\npart = "classics"\nnames = ["cubane"]\n'
        '[[strata]]\nscaffolds = ["ethylene"]\nsubstituents = ["F"]\n'
        '[[files]]\npaths = ["a.xyz"]\nlicence = "CC0"\n'
        '[[smiles]]\nsmiles = ["C1CC1"]\n'
    )
    assert (found.title, str(found.level)) == ("t", "gfn2-xtb")
    entries = list(found.entries())
    assert [(e.molecule.formula, e.part, e.stratum) for e in entries] == [
        ("C2H2F2", "matched strata", "ethylene F2"),
        ("C2H2F2", "matched strata", "ethylene F2"),
        ("C2H2F2", "matched strata", "ethylene F2"),
        ("C3H6", "smiles", None),
        ("C8H8", "classics", None),
        ("H2O", "a.xyz", None),
        ("H2", "a.xyz", None),
    ]
    assert (entries[5].source, entries[5].licence) == ("a.xyz 1", "CC0")
    assert (entries[6].source, entries[3].source) == ("a.xyz 2", "force field")


def test_smallest_first_and_largest(recipe, tmp_path):
    (tmp_path / "a.xyz.gz").write_bytes(
        gzip.compress(("5\n\nC 0 0 0\nH 1 1 1\nH -1 -1 1\nH -1 1 -1\nH 1 -1 -1\n" + XYZ).encode())
    )
    smallest = recipe('[[files]]\npaths = ["a.xyz.gz"]\nsmallest_first = 1\n')
    assert [e.molecule.formula for e in smallest.entries()] == ["H2O"]
    little = recipe('[[files]]\npaths = ["a.xyz.gz"]\nlargest = 4\n')
    assert [e.molecule.formula for e in little.entries()] == ["H2O"]


def test_bad_records_are_told_and_skipped(recipe, tmp_path):
    (tmp_path / "a.xyz").write_text("2\n\nH 0 0 0\nXx 0 0 1\n" + XYZ, encoding="utf-8")
    lines = []
    found = list(recipe('[[files]]\npaths = ["a.xyz"]\n').entries(lines.append))
    assert [e.molecule.formula for e in found] == ["H2O"]
    assert len(lines) == 1
    assert lines[0].startswith("a.xyz 1: ")
    assert "Xx" in lines[0]


def test_files_of_the_data_folder(recipe, tmp_path, monkeypatch):
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    (elsewhere / "b.xyz").write_text(XYZ, encoding="utf-8")
    monkeypatch.setenv("SPEKTRON_DATA", str(elsewhere))
    found = recipe('[[files]]\npaths = ["b.xyz"]\n')
    assert located(found.path, "b.xyz") == elsewhere / "b.xyz"
    assert [e.molecule.formula for e in found.entries()] == ["H2O"]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", RecipeError, ["no molecules", "[[strata]]"]),
        ("[[strata", RecipeError, ["no TOML"]),
        ("strata = 3\n", RecipeError, ["unknown key strata", "[level]"]),
        ('[[strata]]\nscafolds = ["benzene"]\n', RecipeError, ["scafolds", "scaffolds"]),
        ('[[strata]]\nscaffolds = ["kekulene"]\n', RecipeError, ["kekulene", "benzene"]),
        ('[[strata]]\nsubstituents = ["Xe"]\n', RecipeError, ["Xe", "CF3"]),
        ("[[strata]]\nlargest = 0\n", RecipeError, ["largest = 0"]),
        ("[[files]]\npart = 'x'\n", RecipeError, ["number 1 has no paths"]),
        ('[[files]]\npaths = ["gone.xyz"]\n', FileError, ["gone.xyz", "no file"]),
        ("[[smiles]]\nsmiles = []\n", RecipeError, ["no smiles"]),
    ],
)
def test_bad_recipes(recipe, text, kind, words):
    with pytest.raises(kind) as caught:
        recipe(text)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words)


@pytest.mark.parametrize(
    ("head", "kind", "word"),
    [
        ('title = "t"\n', RecipeError, "no level"),
        ('[level]\nmethod = "gfn2-xtb"\nspeed = 3\n', RecipeError, "speed"),
        ('[level]\nmethod = "hf"\nbasis = ""\n', LevelError, "basis"),
        ('molecules = 3\n[level]\nmethod = "hf"\n', RecipeError, "molecules"),
    ],
)
def test_bad_heads(recipe, head, kind, word):
    with pytest.raises(kind, match=word):
        recipe('[[smiles]]\nsmiles = ["C"]\n', head)


def test_missing_recipe_and_unknown_names(recipe, tmp_path):
    with pytest.raises(FileError, match="no such file; name a recipe"):
        read_recipe(tmp_path / "none.toml")
    with pytest.raises(InputError, match="benzin"):
        list(recipe('[[examples]]\nnames = ["benzin"]\n').entries())
