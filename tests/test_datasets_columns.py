"""The exported file: complete, plain, and the same when it comes back."""

import json

import numpy as np
import pytest
from spektron.ml.datasets import COLUMNS, Listed, faults, matched, read_rows, summary, write_rows
from spektron.ml.datasets.columns import distinct
from spektron.ml.datasets.identity import identity
from spektron.ml.datasets.shifts import Shifts, joined, read_shifts
from spektron.pointgroup import InputError, Molecule, example, molecule_from_input
from spektron.pointgroup.errors import FileError
from spektron.vibration.batches import JobSettings, Record, job_key, run_job
from spektron.vibration.level import Level

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("tblite")
pytest.importorskip("geometric")
XTB = Level("gfn2-xtb")
SPECTRUM = JobSettings(derivatives=False)


def computed(molecule, part="a", **about):
    listed = Listed(job_key(molecule, XTB, SPECTRUM), molecule, part, **about)
    return listed, run_job(molecule, XTB, SPECTRUM)


@pytest.fixture(scope="module")
def pairs():
    """Ethylene, both difluoroethylenes, methane with a shift, and a radical that fails."""
    carbon = Shifts(np.array([0], dtype=np.int16), np.array([-2.3], dtype=np.float32))
    return [
        computed(example("ethylene"), smiles="C=C", inchikey="VGGSQFUCUMXWEO-UHFFFAOYSA-N"),
        computed(molecule_from_input("F/C=C/F"), stratum="ethylene F2"),
        computed(molecule_from_input("F/C=C\\F"), stratum="ethylene F2"),
        computed(example("methane"), shifts={"experimental_shifts": carbon}),
        computed(Molecule(["O", "H"], [[0, 0, 0], [0, 0, 0.97]]), "b"),
    ]


NOTE = {"title": "t", "level": XTB.to_json(), "settings": {"derivatives": False}}


def same(one, other):
    assert dict(one.facts) == dict(other.facts)
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert array.dtype == other.arrays[name].dtype == np.float32
        assert np.array_equal(array, other.arrays[name], equal_nan=True)


def test_rows_come_back_as_they_were(pairs, tmp_path):
    write_rows(tmp_path / "t.parquet", pairs, NOTE)
    again, note = read_rows(tmp_path / "t.parquet")
    assert note == NOTE
    assert [r.kind for _, r in again] == ["result"] * 4 + ["failure"]
    for (listed, record), (their, theirs) in zip(pairs, again, strict=True):
        same(record, theirs)
        assert (listed.key, listed.part, listed.stratum) == (their.key, their.part, their.stratum)
    assert again[3][0].shifts["experimental_shifts"].shifts.tolist() == [np.float32(-2.3)]
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_plain_columns_say_what_group_theory_says(pairs, tmp_path):
    """Read with pyarrow alone; counts of C2H4 (D2h) and CH4 (Td) from theory."""
    write_rows(tmp_path / "t.parquet", pairs, NOTE)
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.column_names == list(COLUMNS)
    ethylene, trans, cis, methane, radical = table.to_pylist()
    assert (ethylene["group"], ethylene["n_vib"], ethylene["R"]) == ("D2h", 12, 11 / 12)
    assert sorted(ethylene["activity"]) == sorted("I" * 5 + "R" * 6 + "S")
    assert ethylene["irreps"].split()[ethylene["activity"].index("S")] == "Au"
    assert (trans["centrosymmetric"], cis["centrosymmetric"]) == (True, False)
    assert (methane["activity"], methane["sets"]) == ("BBBRRRBBB"[0:3] + "RRRBBB", methane["sets"])
    assert len(set(methane["sets"])) == 4
    assert methane["atomic_numbers"] == [6, 1, 1, 1, 1]
    assert (radical["failure"], radical["wavenumbers"], radical["R"]) == ("input", [], None)
    for row in (ethylene, trans, cis, methane):
        assert len(row["positions"]) == 3 * row["n_atoms"] == 3 * len(row["masses"])
        for name in ("wavenumbers", "ir_intensities", "raman_activities", "depolarisation"):
            assert len(row[name]) == row["n_vib"] == len(row["irreps"].split())
        for intensity, letter in zip(row["ir_intensities"], row["activity"], strict=True):
            assert letter in "IB" or intensity < 1e-6


def test_the_same_minimum_is_kept_once(pairs):
    """The same molecule renumbered, from another part; shifts go only to the same numbering."""
    methane, _ = pairs[3]
    carbon = methane.shifts["experimental_shifts"]
    molecule = example("methane").with_positions(example("methane").positions * 1.01)
    key = "VNWKTOKETHGBQD-UHFFFAOYSA-N"
    turned = Molecule(molecule.symbols[::-1], molecule.positions[::-1])
    first = computed(example("methane"), "a", inchikey=key)
    second = computed(molecule, "b", inchikey=key, shifts={"experimental_shifts": carbon})
    third = computed(turned, "c", inchikey=key, shifts={"computed_shifts": carbon})
    found = distinct([first, second, third, *pairs[:3]])
    assert len(found) == 4
    assert (found[0][0].part, found[0][0].also) == ("a", "b;c")
    assert set(found[0][0].shifts) == {"experimental_shifts"}


def test_summary_counts_what_is_there(pairs):
    found = summary(pairs, 7)
    assert (found.n_listed, found.n_results, found.failures) == (7, 4, {"input": 1})
    assert found.parts == {"a": (4, 0), "b": (0, 1)}
    assert found.groups == {"D2h": 1, "C2h": 1, "C2v": 1, "Td": 1}
    assert (found.R_classes["0.9–1"], found.R_classes["1"]) == (1, 3)
    assert (found.n_centrosymmetric, found.n_silent_without_centre) == (2, 0)
    assert found.strata == {"ethylene": (1, 2)}
    assert matched(pairs) == {"ethylene F2": ([pairs[1][0].key], [pairs[2][0].key])}
    assert found.largest_violation < 1e-9


def test_records_at_odds_with_themselves_are_found(pairs):
    assert list(faults(pairs)) == []
    listed, record = pairs[0]

    def changed(facts=None, **arrays):
        return listed, Record("result", {**record.facts, **(facts or {})}, record.arrays | arrays)

    wrong = [
        changed({"group": "D2d"}),
        changed(wavenumbers=record.arrays["wavenumbers"][1:]),
        changed(wavenumbers=-record.arrays["wavenumbers"]),
        changed({"largest_violation": 0.2}),
    ]
    told = [text for _, text in faults(wrong)]
    for text, words in zip(told, ("D2h", "11 wavenumbers", "imaginary", "forbidden"), strict=True):
        assert words in text


def test_files_that_are_no_data_set(pairs, tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(FileError, match="no such file"):
        read_rows(path)
    path.write_bytes(b"PAR1 but not really")
    with pytest.raises(FileError, match="no readable parquet"):
        read_rows(path)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(FileError, match="no data set"):
        read_rows(path)
    write_rows(path, pairs, NOTE)
    table = pq.read_table(path)
    note = json.loads(table.schema.metadata[b"spektron.dataset"])
    for change, words in (({"format": 2}, "later version"), ({"kind": "molecules"}, "holds")):
        spoilt = json.dumps(note | change).encode()
        pq.write_table(table.replace_schema_metadata({b"spektron.dataset": spoilt}), path)
        with pytest.raises(FileError, match=words):
            read_rows(path)
    pq.write_table(table.drop_columns(["group"]), path)
    with pytest.raises(InputError, match="no column group"):
        read_rows(path)


def test_an_unwritable_place_leaves_nothing(pairs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        write_rows(tmp_path / "file" / "t.parquet", pairs, NOTE)


@pytest.mark.parametrize(
    ("smiles", "inchikey"),
    [
        ("CCO", "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"),
        ("c1ccncc1", "JUJWROOIHBZHMG-UHFFFAOYSA-N"),
        ("C[N+](=O)[O-]", "LYGJENNIWJXYER-UHFFFAOYSA-N"),
        ("C#N", "LELOWRISYMNNSU-UHFFFAOYSA-N"),
        ("F/C=C/F", "WFLOTYSKFUPZQB-OWOJBTEDSA-N"),
    ],
)
def test_names_from_the_geometry_are_those_of_the_compound(smiles, inchikey):
    molecule = molecule_from_input(smiles)
    assert identity(molecule)[1] == identity(molecule, smiles)[1] == inchikey


def test_shifts_are_joined_by_name_and_checked(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(",mol_id,atom_type,atom_index,Shift\n0,m,1,2,3.5\n1,m,6,0,-2.3\n")
    table = read_shifts(path)
    methane = Molecule(example("methane").symbols, example("methane").positions, name="m")
    found = joined(methane, table)
    assert (found.atoms.tolist(), found.shifts.tolist()) == ([0, 2], [np.float32(-2.3), 3.5])
    assert joined(example("water"), table) is None
    with pytest.raises(InputError, match="atom 0 of the table"):
        joined(Molecule(["O", "H", "H"], example("water").positions, name="m"), table)
    path.write_text("mol_id,Shift\nm,1\n")
    with pytest.raises(FileError, match="no column atom_index, atom_type"):
        read_shifts(path)
    path.write_text("mol_id,atom_type,atom_index,Shift\nm,6,0,x\n")
    with pytest.raises(FileError, match="line 2"):
        read_shifts(path)
