"""NMR shifts: files that are read, splits, and a model that learns."""

from dataclasses import replace

import numpy as np
import pytest
from spektron.ml.datasets.shifts import Shifts
from spektron.ml.errors import SpectraError
from spektron.ml.forward import ForwardConfig, read_shift_set, shift_set
from spektron.ml.loaders.public.nmrshiftdb import parse_signals, read
from spektron.ml.splits import related, split_table
from spektron.pointgroup import Molecule
from spektron.pointgroup.errors import FileError

SMILES = ("CCO", "CC(=O)C", "c1ccccc1", "C[C@H](O)F", "C[C@@H](O)F", "CC#N", "CCN", "COC")


def typical(molecule):
    """Shifts that depend on the neighbours, so that there is something to learn."""
    x, z = molecule.positions, molecule.atomic_numbers
    near = np.linalg.norm(x[:, None] - x[None], axis=2)
    shielded = ((near < 1.7) & (near > 0)) @ (z - 1.0)
    atoms = np.flatnonzero(np.isin(z, [1, 6]))
    return Shifts(
        atoms.astype(np.int16),
        np.where(z == 6, 8.0 * shielded, 0.5 * shielded)[atoms].astype(np.float32),
    )


@pytest.fixture(scope="module")
def data():
    rows = []
    for smiles in SMILES:
        molecule = Molecule.from_smiles(smiles)
        rows.append((molecule, smiles, typical(molecule)))
    return shift_set(rows)


@pytest.fixture
def files(tmp_path):
    from rdkit import Chem
    from rdkit.Chem import AllChem

    lines = ["mol_id,atom_type,atom_index,Shift"]
    with (tmp_path / "m.sdf").open("w") as file:
        for name, smiles in enumerate(("CCO", "CC#N", "O")):
            mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
            AllChem.EmbedMolecule(mol, randomSeed=1)
            mol.SetProp("_Name", str(name))
            file.write(Chem.MolToMolBlock(mol) + "$$$$\n")
            lines += [f"{name},6,{a.GetIdx()},{10.0 * a.GetIdx() + name}" for a in mol.GetAtoms()
                      if a.GetSymbol() == "C"]  # fmt: skip
    (tmp_path / "s.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "m.sdf", tmp_path / "s.csv"


def test_a_planar_molecule_is_no_drawing(tmp_path):
    """DFT8K has one that RDKit takes for a drawing, for a double bond is marked as of any kind."""
    record = (
        "1\n     RDKit          3D\n\n  4  3  0  0  0  0  0  0  0  0999 V2000\n"
        "    0.6300    0.0000    0.0000 N   0  0\n   -0.6300    0.0000    0.0000 N   0  0\n"
        "    0.9300    0.9700    0.0000 H   0  0\n   -0.9300   -0.9700    0.0000 H   0  0\n"
        "  1  2  2  3\n  1  3  1  0\n  2  4  1  0\nM  END\n$$$$\n"
    )
    (tmp_path / "m.sdf").write_text(record)
    (tmp_path / "s.csv").write_text("mol_id,atom_type,atom_index,Shift\n1,1,2,9.5\n1,1,3,9.5\n")
    found = read_shift_set(tmp_path / "m.sdf", tmp_path / "s.csv")
    assert found.formulas == ("H2N2",)
    (tmp_path / "m.sdf").write_text(record.replace("3D", "2D"))
    with pytest.raises(FileError, match="record 1: a 2D drawing"):
        read_shift_set(tmp_path / "m.sdf", tmp_path / "s.csv")


def test_geometries_and_shifts_are_joined_by_name(files):
    found = read_shift_set(*files)
    assert found.names == ("0", "1")  # water has no shift
    assert found.smiles == ("CCO", "CC#N")
    assert [s.shifts.tolist() for s in found.shifts] == [[0, 10], [1, 11]]
    with pytest.raises(SpectraError, match="no molecule with a shift"):
        read_shift_set(*files, nuclei=("1H",))


def test_shifts_of_another_molecule_are_left_out_and_named(files):
    sdf, table = files
    table.write_text(table.read_text() + "1,8,2,40.0\n")
    found = read_shift_set(sdf, table)
    assert found.names == ("0",)
    assert found.left_out == ("1: atom 2 of the table of shifts is not that of the geometry",)
    table.write_text("mol_id,atom_type,atom_index,Shift\n0,6,0,9.0\n1,6,0,7.0\n1,6,0,8.0\n")
    assert read_shift_set(sdf, table).left_out == ("1: the table of shifts has an atom twice",)
    table.write_text("mol_id,atom_type,atom_index,Shift\n1,8,2,40.0\n")
    with pytest.raises(SpectraError, match="the first: 1: atom 2"):
        read_shift_set(sdf, table)


def test_files_that_are_no_molecules_are_refused(files, tmp_path):
    (tmp_path / "bad.sdf").write_text("nothing\n\n\n  x  y\nM  END\n$$$$\n")
    with pytest.raises(FileError, match="record 1"):
        read_shift_set(tmp_path / "bad.sdf", files[1])
    with pytest.raises(FileError, match="none"):
        read_shift_set(tmp_path / "none.sdf", files[1])


def test_stereoisomers_stay_together_in_a_split(data):
    labels = related(data.index(), "inchikey")
    assert labels[3] == labels[4]
    assert labels[SMILES.index("CCO")] == "LFQSCWFLJHTTHZ"  # ethanol's, as any other table has it
    assert len(set(labels)) == len(SMILES) - 1
    for seed in range(3):
        split = split_table(data.index(), {"train": 0.5, "valid": 0.5}, seed=seed)
        assert ({3, 4} <= set(split["train"].tolist())) != ({3, 4} <= set(split["valid"].tolist()))


def test_a_shift_model_learns_and_is_measured_in_ppm(data, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")
    from spektron.ml.forward.models import load_forward
    from spektron.ml.forward.objectives import predict_shifts
    from spektron.ml.forward.shifts import shift_errors
    from spektron.ml.forward.training import train_shifts
    from spektron.ml.model.errors import ConfigError

    asked = ForwardConfig.from_mapping(
        {
            "model": {"kind": "shifts", "width": 16, "layers": 2, "radial": 8},
            "data": {"train": 0.6, "valid": 0.4, "test": 0.0},
            "training": {
                "steps": 150, "batch": 4, "learning_rate": 1e-2, "device": "cpu", "warmup": 5,
                "precision": "fp32", "weight_decay": 0.0,
            },
        }
    )  # fmt: skip
    done = train_shifts(asked, data, tmp_path / "run")
    model, _ = load_forward(done.model)
    rows = done.split["train"].tolist()
    errors = shift_errors(predict_shifts(model, data, rows), data, rows)
    spread = np.concatenate([data.shifts[r].shifts for r in rows if len(data.shifts[r].shifts)])
    assert errors["13C"] < 0.15 * spread.std()
    valid = done.split["valid"].tolist()
    again = shift_errors(predict_shifts(model, data, valid), data, valid)
    assert done.metrics == {f"valid {n}": pytest.approx(v) for n, v in again.items()}
    with pytest.raises(ConfigError, match="give 'shifts'"):
        train_shifts(replace(asked, model=replace(asked.model, kind="grid")), data, tmp_path / "b")


def test_errors_are_means_over_the_atoms_that_were_measured(data):
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")
    from spektron.ml.forward.shifts import shift_errors

    guess = [np.full(len(g), 2.0) for g in data.graphs[:2]]
    slow = {6: [], 1: []}
    for row in range(2):
        for atom, ppm in zip(data.shifts[row].atoms, data.shifts[row].shifts, strict=True):
            slow[int(data.graphs[row].numbers[atom])].append(abs(2.0 - ppm))
    found = shift_errors(guess, data, [0, 1])
    assert found == {"13C": pytest.approx(np.mean(slow[6])), "1H": pytest.approx(np.mean(slow[1]))}


# ---- NMRShiftDB ----

RECORD = """{name}
  CDK     0101250000

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0  0  0  0  0  0  0  0  0  0  0
    1.2990    0.7500    0.0000 C   0  0  0  0  0  0  0  0  0  0  0  0
    2.5981    0.0000    0.0000 O   0  0  0  0  0  0  0  0  0  0  0  0
  1  2  1  0  0  0  0
  2  3  1  0  0  0  0
M  END
> <nmrshiftdb2 ID>
10016316

> <Solvent>
0:Chloroform-D1 (CDCl3)

> <Spectrum 13C 0>
{carbon}

> <Spectrum 1H 1>
1.22;3.0t;0|3.69;2.0q;1|

$$$$
"""


def written(tmp_path, *carbon):
    path = tmp_path / "nmrshiftdb2.sd"
    path.write_text("".join(RECORD.format(name=f"m{k}", carbon=c) for k, c in enumerate(carbon)))
    return path


def test_nmrshiftdb_records_are_read(tmp_path):
    path = written(tmp_path, "18.1;0.0Q;0|57.8;0.0T;1|", "18.1;0.0Q;0|\n57.8;0.0T;1|")
    first, second = read(path)
    assert (first.name, first.smiles, first.symbols) == ("m0", "CCO", ("C", "C", "O"))
    assert set(first.spectra) == {("13C", 0), ("1H", 1)}
    carbon = [(s.shift, s.multiplicity, s.atom) for s in first.spectra["13C", 0]]
    assert carbon == [(18.1, "Q", 0), (57.8, "T", 1)]
    assert second.spectra["13C", 0] == first.spectra["13C", 0]
    assert first.tags["Solvent"] == "0:Chloroform-D1 (CDCl3)"
    assert first.tags["nmrshiftdb2 ID"] == "10016316"


@pytest.mark.parametrize(
    ("carbon", "message"),
    [
        ("18.1;0.0Q;1|57.8;0.0T;2|", "assigned to atom 2, which is O"),
        ("18.1;0.0Q;3|", "atom 3 of 3"),
        ("18.1;0.0Q|", "give shift;multiplicity;atom"),
        ("high;0.0Q;0|", "entry 'high;0.0Q;0'"),
    ],
)
def test_nmrshiftdb_records_that_contradict_themselves(tmp_path, carbon, message):
    path = written(tmp_path, "18.1;0.0Q;0|", carbon)
    with pytest.raises(SpectraError, match=f"record 2: .*{message}"):
        read(path)
    assert [m.name for m in read(path, strict=False)] == ["m0"]


def test_nmrshiftdb_files_that_are_none(tmp_path):
    (tmp_path / "x.sd").write_text("some text\n")
    with pytest.raises(FileError, match="no SD file"):
        read(tmp_path / "x.sd")
    with pytest.raises(FileError, match="no such file"):
        read(tmp_path / "y.sd")
    cut = written(tmp_path, "18.1;0.0Q;0|").read_text().replace("M  END", "")
    (tmp_path / "z.sd").write_text(cut)
    with pytest.raises(SpectraError, match="record 1: no line M  END"):
        read(tmp_path / "z.sd")


def test_signals_keep_odd_multiplicities():
    found = parse_signals("7.2;0.0br s;4|-3.5;;0|")
    assert [(s.shift, s.multiplicity, s.atom) for s in found] == [(7.2, "br s", 4), (-3.5, "", 0)]
