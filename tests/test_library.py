"""The packaged examples are what the script builds, exactly symmetric; input finds its way."""

import re

import numpy as np
import pytest
from spektron.pointgroup import (
    InputError,
    Molecule,
    detect,
    example,
    example_names,
    molecule_from_input,
)
from spektron.pointgroup.errors import FileError, SmilesError

GROUPS = {
    "water": "C2v", "ammonia": "C3v", "carbon_dioxide": "D∞h", "acetylene": "D∞h",
    "ethylene": "D2h", "methane": "Td", "boron_trifluoride": "D3h",
    "phosphorus_pentafluoride": "D3h", "allene": "D2d", "xenon_tetrafluoride": "D4h",
    "sulfur_hexafluoride": "Oh", "ethane": "D3d", "benzene": "D6h", "cyclohexane": "D3d",
    "tetracyanomethane": "Td", "neopentane": "Td", "adamantane": "Td", "cubane": "Oh",
    "ferrocene": "D5h", "ferrocene_staggered": "D5d", "dodecaborate": "Ih", "c60": "Ih",
    "diborane": "D2h", "naphthalene": "D2h", "hydrogen_peroxide": "C2",
}  # fmt: skip

# Cited distances (Å) that must be among those of the file.
DISTANCES = {
    "water": [0.95785],
    "phosphorus_pentafluoride": [1.534, 1.577],
    "benzene": [1.397, 1.084],
    "cyclohexane": [1.535, 1.116],
    "adamantane": [1.540, 1.112],
    "cubane": [1.571, 1.097],
    "ferrocene": [2.064, 1.440, 1.104],
    "ferrocene_staggered": [2.064, 1.440, 1.104],
    "c60": [1.458, 1.401],
    "diborane": [1.775, 1.196, 1.339],
    "naphthalene": [1.381, 1.417, 1.422, 1.412, 1.092],
    "neopentane": [1.537, 1.114],
    "hydrogen_peroxide": [1.4644, 0.965],
}


@pytest.fixture(scope="module")
def script(example):
    return example("build_geometries")


def test_every_example_is_tested_and_built(script):
    assert set(example_names()) == set(GROUPS) == set(script.BUILDERS)


@pytest.mark.parametrize("name", GROUPS)
def test_files_are_what_the_script_builds(script, name):
    geometry = script.BUILDERS[name]()
    packaged = script.FOLDER / f"{name}.xyz"
    written, built = packaged.read_text("utf-8"), script.text_of(name, geometry)
    # The last digits may differ between mathematics libraries.
    numbers = [np.array(re.findall(r"-?\d+\.\d{12}", text), float) for text in (written, built)]
    assert numbers[0] == pytest.approx(numbers[1], abs=2e-12)
    assert re.sub(r"-?\d+\.\d{12}", "#", written) == re.sub(r"-?\d+\.\d{12}", "#", built)
    assert f'source="{geometry.source}"' in written


@pytest.mark.parametrize(("name", "group"), GROUPS.items())
def test_examples_are_exactly_symmetric(name, group):
    molecule = example(name)
    found = detect(molecule, tolerance=1e-8)
    assert str(found.group) == group
    assert found.rms < 1e-11
    assert molecule.name == name
    assert molecule.charge == (-2 if name == "dodecaborate" else 0)


@pytest.mark.parametrize("name", DISTANCES)
def test_cited_distances_occur(name):
    positions = example(name).positions
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    for cited in DISTANCES[name]:
        assert np.abs(distances - cited).min() < 1e-9


def test_c60_has_ninety_bonds():
    positions = example("c60").positions
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)[np.triu_indices(60, 1)]
    assert (np.abs(distances - 1.458) < 1e-9).sum() == 60
    assert (np.abs(distances - 1.401) < 1e-9).sum() == 30


def test_names_are_forgiving():
    assert example("Sulfur Hexafluoride") == example("sulfur_hexafluoride")
    assert example("buckminsterfullerene") == example("c60")
    with pytest.raises(InputError, match="did you mean 'benzene'"):
        example("benzenee")


def test_input_is_a_file_an_example_or_smiles(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example("ammonia").write("mine.xyz")
    assert molecule_from_input("mine.xyz") == example("ammonia")
    assert molecule_from_input(" benzene ") == example("benzene")
    assert molecule_from_input("c1ccccc1").formula == "C6H6"
    assert molecule_from_input("F/C=C/F").formula == "C2H2F2"
    # A file wins over an example of the same name.
    example("water").write("benzene")
    with pytest.raises(FileError, match="unknown file type"):
        molecule_from_input("benzene")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", InputError, "the input is empty"),
        ("nothing.xyz", FileError, "nothing.xyz: no such file"),
        ("folder/nothing.sdf.gz", FileError, "no such file"),
        ("/nowhere", FileError, "no such file"),
        ("~/nowhere", FileError, "no such file"),
        (".", FileError, "is a directory"),
        ("molecule.pdb", InputError, "no such file, no packaged example, and no valid SMILES"),
        ("benzen", InputError, r"did you mean 'benzene'"),
        ("C(", InputError, "no such file, no packaged example, and no valid SMILES"),
        ("x" * 1000, InputError, "no such file, no packaged example, and no valid SMILES"),
        ("a\0b", InputError, "no such file"),
        ("SF6", InputError, "a formula does not say .*, give sulfur_hexafluoride"),
        ("H2O", InputError, "give water"),
        ("C2H5OH", InputError, "give a SMILES string"),
        ("Xx2", InputError, "no valid SMILES string$"),
        ("C.C", SmilesError, "several molecules"),
        ("FC=CF", SmilesError, "stereo is left open"),
    ],
)
def test_bad_input_is_refused_in_one_line(text, error, message):
    with pytest.raises(error, match=message) as raised:
        molecule_from_input(text)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 250


def test_molecules_of_the_library_are_molecules():
    assert all(isinstance(example(name), Molecule) for name in example_names())
