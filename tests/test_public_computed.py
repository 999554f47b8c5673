"""Loaders of computed sets, on small files in the layout of each."""

import io
import json
import os
import pickle
import sqlite3
import zipfile
import zlib

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.loaders.public import chembl, qm9s, qme14s, uspto
from spektron.ml.loaders.public.table import Source

# ---- QM9S ----

AXIS = np.arange(500.0, 4000.5, 1.0)
# Harmonic wavenumbers (cm⁻¹) and intensities (km/mol) of the size that B3LYP gives, main bands
# only: enough for the two windows that are looked at.
BANDS = {
    "C": [(1346, 45), (3131, 80)],
    "CO": [(1050, 110), (1370, 20), (2990, 90), (3030, 40), (3840, 25)],
    "CCO": [(1060, 60), (1400, 25), (3020, 60), (3090, 60), (3825, 15)],
    "CC#N": [(930, 2), (1060, 7), (1470, 20), (2365, 12), (3050, 4)],
    "CCC#N": [(790, 4), (1460, 12), (2360, 10), (3060, 30)],
    "CC=O": [(1120, 25), (1380, 30), (1810, 180), (2850, 130)],
    "CC": [(830, 7), (1500, 14), (3040, 180)],
    "CC#CC": [(1050, 6), (1480, 20), (2390, 0), (3040, 100)],
    "CN": [(840, 150), (1060, 8), (3000, 120), (3520, 1)],
}


def curve(bands, half=7.5):
    out = np.full(AXIS.shape, 1e-4)
    for centre, height in bands:
        out += height / np.pi * half / ((AXIS - centre) ** 2 + half**2)
    return out


def write_qm9s(folder, names=tuple(BANDS), name="ir_boraden.csv", axis=AXIS, first=0):
    lines = ["," + ",".join(map(str, axis))]
    for k, smiles in enumerate(names, start=first):
        values = curve(BANDS[smiles])[: len(axis)]
        lines.append(f"{k}," + ",".join(f"{v:.9g}" for v in values))
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def write_molecules(folder, names=tuple(BANDS), framed=True):
    folder.mkdir()
    for n, smiles in enumerate(names, start=1):
        # As pandas writes it: a line and a column of numbers around the rows of the readme.
        lines = [f"{n},{n + 3},{smiles},5,", "-1101.5,,,,", "0.1,-0.1,,,"]
        if framed:
            lines = [",0,1,2,3,4", *(f"{k},{line}" for k, line in enumerate(lines))]
        (folder / f"{n:06d}.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("spelling", ["boraden", "broaden"])
@pytest.mark.parametrize("framed", [True, False])
def test_qm9s_reads_rows_and_joins_molecules(spelling, framed, tmp_path):
    write_qm9s(tmp_path, name=f"ir_{spelling}.csv")
    molecules = qm9s.read_molecules(write_molecules(tmp_path / "qm9s_csv", framed=framed))
    blocks = list(qm9s.iterate(tmp_path, kind="ir", molecules=molecules, block=4))
    assert [len(b) for b in blocks] == [4, 4, 1]
    found = qm9s.read(tmp_path, kind="ir", molecules=molecules, rows=9)
    assert found.smiles == tuple(BANDS)
    assert found.ids == tuple("012345678")
    assert found.axis[[0, -1]].tolist() == [500, 4000]
    assert len(found.axis) == 3501
    np.testing.assert_allclose(found.spectra, [curve(b) for b in BANDS.values()], rtol=1e-6)
    assert found.sources == (Source.of(tmp_path / f"ir_{spelling}.csv"),)
    assert (found.kind, found.unit) == ("ir", "arbitrary")


def test_qm9s_molecules_out_of_the_zip_file(tmp_path):
    folder = write_molecules(tmp_path / "qm9s_csv")
    with zipfile.ZipFile(tmp_path / "qm9s_csv.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"qm9s_csv/{file.name}")
    assert qm9s.read_molecules(tmp_path / "qm9s_csv.zip") == qm9s.read_molecules(folder)


def test_qm9s_uv_is_in_electronvolts(tmp_path):
    names = ("C", "CO")
    file = write_qm9s(
        tmp_path, names, "uv_boraden.csv", axis=np.round(np.arange(701) * 0.02 + 1, 2)
    )
    found = qm9s.read(file)
    assert found.kind == "uv"
    # 1 eV is 8065.544 cm⁻¹ (CODATA), so the axis ends at 15 eV = 120983 cm⁻¹.
    assert found.axis[[0, -1]] == pytest.approx([8065.544, 120983.16], rel=1e-7)


def test_qm9s_axis_that_falls_is_turned(tmp_path):
    up = qm9s.read(write_qm9s(tmp_path))
    lines = (tmp_path / "ir_boraden.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    (tmp_path / "ir_x.csv").write_text("".join(",".join([c[0], *c[:0:-1]]) + "\n" for c in cells))
    down = qm9s.read(tmp_path / "ir_x.csv")
    np.testing.assert_array_equal(up.spectra, down.spectra)
    np.testing.assert_array_equal(up.axis, down.axis)


def test_a_sound_join_agrees_and_a_shifted_one_does_not(tmp_path):
    rng = np.random.default_rng(5)
    names = tuple(rng.choice(list(BANDS), 200))
    file = write_qm9s(tmp_path, names)
    spectra = qm9s.read(file, molecules={str(k): s for k, s in enumerate(names)})
    right = qm9s.check_join(spectra)
    assert right.agreement == 1.0
    assert [m.name for m in right.markers] == ["O–H", "C≡N"]
    by_name = {m.name: m for m in right.markers}
    # CN is not asked of O–H, nor an alkyne of C≡N.
    assert by_name["O–H"].with_group == sum(n in ("CO", "CCO") for n in names)
    assert by_name["O–H"].without_group == sum(n not in ("CO", "CCO", "CN") for n in names)
    assert by_name["C≡N"].without_group == sum("#" not in n for n in names)
    for shift in (-2, -1, 1, 7):
        assert qm9s.check_join(spectra, shift=shift).agreement < 0.65


def test_a_join_that_cannot_be_checked_says_why(tmp_path):
    spectra = qm9s.read(write_qm9s(tmp_path))
    with pytest.raises(SpectraError, match="no SMILES to compare"):
        qm9s.check_join(spectra)
    with pytest.raises(SpectraError, match="a shift of 9 leaves none of 9"):
        qm9s.check_join(spectra, shift=9)
    raman = qm9s.read(write_qm9s(tmp_path, name="raman_boraden.csv"))
    with pytest.raises(SpectraError, match="with IR spectra, not raman"):
        qm9s.check_join(raman)


def test_qm9s_refusals(tmp_path):
    file = write_qm9s(tmp_path)
    with pytest.raises(SpectraError, match=r"9 rows of spectra, not 129817: a part of a file"):
        qm9s.read(file, rows=qm9s.ROWS)
    with pytest.raises(SpectraError, match="neither of uv_boraden"):
        qm9s.read(tmp_path, kind="uv")
    write_qm9s(tmp_path, name="ir_broaden.csv")
    with pytest.raises(SpectraError, match="both of ir_boraden"):
        qm9s.read(tmp_path, kind="ir")
    with pytest.raises(SpectraError, match="does not say ir, raman or uv"):
        qm9s.read(file.rename(tmp_path / "spectra.csv"))
    with pytest.raises(SpectraError, match="blocks of 0 rows"):
        list(qm9s.iterate(file, kind="ir", block=0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t[:-40], "the last line does not end"),
        (lambda t: t[: t.rindex("\n", 0, -1) + 200] + "\n", "row 10 has"),
        (lambda t: t.replace("\n3,", "\n2,"), "row 5: id 2 occurs twice"),
        (lambda t: t.replace(",502.0,", ",501.0,", 1), "does not increase at channel 3"),
        (lambda t: t[: t.index("\n") + 1], "0 rows of spectra"),
        (lambda t: "", "empty"),
        (lambda t: t.replace("\n1,", "\n1,nan", 1), "row 3"),
        (lambda t: t.replace("\n1,", "\n1,n/a", 1), "row 3, column 2: 'n/a"),
    ],
)
def test_bad_qm9s_files(change, words, tmp_path):
    file = write_qm9s(tmp_path)
    file.write_text(change(file.read_text()))
    with pytest.raises(SpectraError) as caught:
        qm9s.read(file)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "ir_boraden.csv" in str(caught.value)


def test_nan_is_named_by_row_and_channel_beyond_the_first_block(tmp_path):
    file = write_qm9s(tmp_path)
    rows = [line.split(",") for line in file.read_text().splitlines()]
    rows[7][11] = "NaN"
    file.write_text("".join(",".join(row) + "\n" for row in rows))
    with pytest.raises(SpectraError, match=r"row 8 \(id 6\) has nan at 510 cm-1"):
        list(qm9s.iterate(file, block=2))


@pytest.mark.parametrize("text", ["", "0,1,2\n", ",0,1,2,3\n0,1,4,1.5,5\n", "1,2,3,4,5\n" * 2])
def test_bad_molecule_files(text, tmp_path):
    folder = tmp_path / "qm9s_csv"
    folder.mkdir()
    (folder / "000001.csv").write_text(text)
    with pytest.raises(SpectraError, match=r"000001\.csv: rows 1 and 2 hold no number"):
        qm9s.read_molecules(folder)


def test_molecules_that_are_not_there(tmp_path):
    with pytest.raises(SpectraError, match="no molecules"):
        qm9s.read_molecules(tmp_path)
    with pytest.raises(SpectraError, match="no such file"):
        qm9s.read_molecules(tmp_path / "none.zip")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(SpectraError, match="neither a folder nor a sound zip"):
        qm9s.read_molecules(tmp_path / "a.zip")


# ---- qm9s.pt ----


def short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


def named(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def tensor(key):
    # torch._utils._rebuild_tensor_v2(persistent storage, 0, (2,), (1,), False, OrderedDict())
    storage = (
        b"(" + short("storage") + named("torch", "FloatStorage") + short(key) + short("cpu")
        + b"K\x02tQ"
    )  # fmt: skip
    return (
        named("torch._utils", "_rebuild_tensor_v2") + b"(" + storage
        + b"K\x00K\x02\x85K\x01\x85\x89" + named("collections", "OrderedDict") + b")RtR"
    )  # fmt: skip


def graph(smiles, number, new=True, extra=b""):
    """The instructions that torch.save writes for a graph of torch_geometric 2 or 1."""
    fields = (
        b"}(" + short("smile") + short(smiles) + short("number") + b"K" + bytes([number])
        + short("pos") + tensor(str(number)) + extra + b"u"
    )  # fmt: skip
    data = named("torch_geometric.data.data", "Data") + b")\x81"
    if not new:
        return data + fields + b"b"
    store = named("torch_geometric.data.storage", "GlobalStorage") + b")\x81"
    return data + b"}" + short("_store") + store + b"}" + short("_mapping") + fields + b"sbsb"


def write_graphs(path, graphs, member="qm9s/data.pkl"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(member, b"\x80\x02](" + b"".join(graphs) + b"e.")
        archive.writestr("qm9s/data/4", np.zeros(2, dtype=np.float32).tobytes())
        archive.writestr("qm9s/version", "3\n")
    return path


@pytest.mark.parametrize("new", [True, False])
def test_graphs_give_their_smiles_without_torch(new, tmp_path):
    file = write_graphs(tmp_path / "qm9s.pt", [graph("C", 1, new), graph("CC#N", 4, new)])
    assert qm9s.read_molecules(file) == {"0": "C", "1": "CC#N"}


def test_graphs_that_would_run_something_are_refused(tmp_path):
    marker = tmp_path / "ran"
    call = named("os", "system") + b"(" + short(f"touch {marker}") + b"tR"
    graphs = [graph("C", 1, extra=short("evil") + call)]
    file = write_graphs(tmp_path / "qm9s.pt", graphs)
    with pytest.raises(SpectraError, match=r"refused pickle: it wants 'os\.system'.*qm9s_csv\.zip"):
        qm9s.read_molecules(file)
    assert not marker.exists()
    # The call itself is a sound one: the ordinary reader follows it.
    pickle.loads(b"\x80\x02" + call + b".")  # noqa: S301
    assert marker.exists()


def test_graph_classes_cannot_be_changed(tmp_path):
    hostile = named("torch_geometric.data.data", "Data") + b"}" + short("smile") + b"K\x01sb"
    with pytest.raises(SpectraError, match="refused pickle"):
        qm9s.read_molecules(write_graphs(tmp_path / "qm9s.pt", [hostile]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "no sound archive of PyTorch 1.6"),
        (b"", "no sound archive"),
        ([], "not a list of graphs"),
        ([named("torch_geometric.data.data", "Data") + b")\x81}b"], "no text under smile"),
        ([b"K\x01"], "graph 1: not a graph"),
        ("member", "0 data.pkl in it"),
    ],
)
def test_bad_graph_files(content, words, tmp_path):
    file = tmp_path / "qm9s.pt"
    if content == "member":
        write_graphs(file, [graph("C", 1)], member="qm9s/other")
    elif isinstance(content, bytes):
        file.write_bytes(content)
    else:
        write_graphs(file, content)
    with pytest.raises(SpectraError) as caught:
        qm9s.read_molecules(file)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# ---- Raman-ChEMBL ----

WATER = {"freq": [1713.0, 3727.0, 3849.0], "IR Inten": [75.8, 1.7, 19.4],
         "Raman Activ": [9.1, 77.0, 39.0], "atoms": ["O", "H", "H"]}  # fmt: skip
GRID = np.arange(400.0, 4001.0, 2.0)


COLUMNS = "id INTEGER PRIMARY KEY, SMILES TEXT, Eg REAL, blob_data BLOB"


def write_chembl(folder, records, columns=COLUMNS, table="molecule"):
    file = folder / "Raman-ChEMBL-part1.db"
    with sqlite3.connect(file) as database:
        database.execute(f"CREATE TABLE {table} ({columns})")
        names = [c.split()[0] for c in columns.split(", ")]
        for k, record in enumerate(records, start=11):
            row = {"id": k, "SMILES": "O", "Eg": 0.3, "blob_data": record}
            marks = ",".join("?" * len(names))
            database.execute(f"INSERT INTO {table} VALUES ({marks})", [row[n] for n in names])
    database.close()
    return file


def packed(record, form="json"):
    if form == "json":
        return zlib.compress(json.dumps(record).encode())
    if form == "arrays":
        record = {k: np.array(v) if k != "atoms" else v for k, v in record.items()}
    return zlib.compress(pickle.dumps(record))


@pytest.mark.parametrize("form", ["json", "pickle", "arrays"])
def test_chembl_reads_its_blobs(form, tmp_path):
    file = write_chembl(tmp_path, [packed(WATER, form)] * 3)
    found = list(chembl.iterate_sticks(file))
    assert [m.id for m in found] == ["11", "12", "13"]
    assert found[0].smiles == "O"
    assert found[0].wavenumbers.tolist() == WATER["freq"]
    assert found[0].ir_intensities.tolist() == WATER["IR Inten"]
    assert found[0].raman_activities.tolist() == WATER["Raman Activ"]
    blocks = list(chembl.iterate(file, GRID, kind="raman", block=2))
    assert [len(b) for b in blocks] == [2, 1]
    spectra = chembl.read(file, GRID)
    assert spectra.unit == "km/mol per cm-1"
    # The heights of a Lorentzian of FWHM 10 over those of its lines: 2/(10 π) at the centre.
    at = np.searchsorted(GRID, 1712)
    expected = sum(h / np.pi * 5 / ((1712 - c) ** 2 + 25)
                   for c, h in zip(WATER["freq"], WATER["IR Inten"], strict=True))  # fmt: skip
    assert spectra.spectra[:, at] == pytest.approx(expected, rel=1e-6)


class Runs:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def test_chembl_blobs_never_run(tmp_path):
    marker = tmp_path / "ran"
    blob = zlib.compress(pickle.dumps(WATER | {"atoms": Runs(f"touch {marker}")}))
    file = write_chembl(tmp_path, [packed(WATER), blob])
    found = chembl.iterate_sticks(file)
    assert next(found).id == "11"
    with pytest.raises(
        SpectraError, match=r"molecule 12: refused pickle: it wants 'posix\.system'"
    ):
        next(found)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        (packed({k: v for k, v in WATER.items() if k != "IR Inten"}), "has no 'IR Inten'"),
        (packed(WATER | {"freq": [1, 2]}), "ir intensities of shape (3,)"),
        (packed(WATER | {"freq": [1, "x", 3]}), "'freq' holds something that is no number"),
        (packed(WATER | {"freq": [[1], [2], [3]]}), "'freq' is no list of numbers"),
        (packed(WATER | {"IR Inten": [1, float("nan"), 2]}), "mode 2 is NaN"),
        (packed(WATER | {"Raman Activ": [1, -1, 2]}), "mode 2 has -1, below zero"),
        (packed([1, 2]), "holds list, not named lists"),
        (packed(WATER)[:-9], "blob_data is cut"),
        (b"nonsense", "no zlib stream"),
        (zlib.compress(b'{"freq": [1, '), "damaged JSON"),
        (zlib.compress(b""), "refused pickle"),
        (None, "blob_data is NoneType"),
        (zlib.compress(b" " * (1 << 26) + b"{}"), "has over 64 MB"),
    ],
)
def test_bad_chembl_blobs(blob, words, tmp_path):
    file = write_chembl(tmp_path, [packed(WATER), blob])
    with pytest.raises(SpectraError) as caught:
        list(chembl.iterate_sticks(file))
    assert words in str(caught.value)
    assert "molecule 12" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_chembl_files(tmp_path):
    file = tmp_path / "Raman-ChEMBL-part1.db"
    file.write_text("id,SMILES\n")
    with pytest.raises(SpectraError, match="not a SQLite file"):
        list(chembl.iterate_sticks(file))
    file.unlink()
    write_chembl(tmp_path, [], columns="id INTEGER, SMILES TEXT")
    with pytest.raises(SpectraError, match="no column blob_data; it has id, SMILES"):
        list(chembl.iterate_sticks(file))
    file.unlink()
    write_chembl(tmp_path, [], table="compounds")
    with pytest.raises(SpectraError, match="no table molecule; it has compounds"):
        list(chembl.iterate_sticks(file))
    file.unlink()
    write_chembl(tmp_path, [])
    with pytest.raises(SpectraError, match="the table molecule is empty"):
        list(chembl.iterate_sticks(file))
    file.unlink()
    write_chembl(tmp_path, [packed(WATER)] * 400)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SpectraError, match="damaged or cut SQLite file"):
        list(chembl.iterate_sticks(file))
    with pytest.raises(SpectraError, match="has ir and raman, not uv"):
        list(chembl.iterate(file, GRID, kind="uv"))


# ---- USPTO-IR ----

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
SMILES = ("CCO", "c1ccccc1", "CC(=O)O", "CCN", "CC#N")


def write_uspto(folder, n=5, axis=GRID, name="IR_data_chunk001_of_001.parquet", **change):
    values = [np.sin(axis / 100 + k).tolist() for k in range(n)]
    columns = {"id": list(range(100, 100 + n)), "smiles": list(SMILES[:n]),
               "Frequency(cm^-1)": [axis.tolist()] * n, "ir_spectra": values} | change  # fmt: skip
    file = folder / name
    pq.write_table(pa.table({k: v for k, v in columns.items() if v is not None}), file)
    return file


def test_uspto_reads_chunks_in_blocks(tmp_path):
    for k in (1, 2):
        write_uspto(tmp_path, name=f"IR_data_chunk00{k}_of_002.parquet")
    blocks = list(uspto.iterate(tmp_path, block=3))
    assert [len(b) for b in blocks] == [3, 2, 3, 2]
    found = uspto.read(tmp_path)
    assert found.smiles == SMILES * 2
    assert found.ids[:2] == ("100", "101")
    assert [s.name[:16] for s in found.sources] == ["IR_data_chunk001", "IR_data_chunk002"]
    np.testing.assert_allclose(found.spectra[1], np.sin(GRID / 100 + 1), atol=1e-6)
    np.testing.assert_array_equal(found.axis, GRID)
    (tmp_path / "IR_data_chunk002_of_002.parquet").unlink()
    with pytest.raises(SpectraError, match="1 of 2 chunks"):
        uspto.read(tmp_path)


def test_uspto_on_another_axis(tmp_path):
    axes = [GRID.tolist(), (GRID[::-1] + 1).tolist()]
    values = [(2 * GRID).tolist(), (2 * (GRID[::-1] + 1)).tolist()]
    file = write_uspto(tmp_path, 2, **{"Frequency(cm^-1)": axes, "ir_spectra": values})
    wanted = np.linspace(500, 3900, 77)
    found = uspto.read(file, axis=wanted)
    # Linear interpolation is exact for a straight line.
    np.testing.assert_allclose(found.spectra, [2 * wanted] * 2, rtol=1e-6)
    with pytest.raises(SpectraError, match=r"row 2: 1801 channels from 401 .*pass axis="):
        uspto.read(file)
    with pytest.raises(SpectraError, match="row 2: covers 401 to 4001 cm-1"):
        uspto.read(file, axis=[400, 500])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ir_spectra": None}, "no column ir_spectra; it has id, smiles"),
        ({"smiles": None}, "no column smiles"),
        ({"ir_spectra": ["x"] * 5}, "the column ir_spectra holds string, not lists of numbers"),
        ({"ir_spectra": [["x"]] * 5}, "not lists of numbers"),
        ({"ir_spectra": [GRID.tolist()] * 2 + [[1.0]] + [GRID.tolist()] * 2}, "row 3: 1 values of"),
        ({"ir_spectra": [GRID.tolist()] * 4 + [None]}, "row 5: ir_spectra is missing"),
        ({"ir_spectra": [GRID.tolist()] * 3 + [[float("nan")] * len(GRID)] * 2},
         "row 4 (id 103) has nan at 400 cm-1"),
        ({"Frequency(cm^-1)": [[5.0, 5.0, 6.0]] * 5, "ir_spectra": [[1.0, 2.0, 3.0]] * 5},
         "row 1: the axis does not increase at channel 2"),
        ({"id": [], "smiles": [], "Frequency(cm^-1)": pa.array([], pa.list_(pa.float64())),
          "ir_spectra": pa.array([], pa.list_(pa.float64()))}, "no rows"),
    ],
)  # fmt: skip
def test_bad_uspto_rows(change, words, tmp_path):
    file = write_uspto(tmp_path, **change)
    with pytest.raises(SpectraError) as caught:
        uspto.read(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_uspto_files_that_are_none(tmp_path):
    file = write_uspto(tmp_path)
    whole = file.read_bytes()
    for content, words in ((whole[:-30], "not a sound parquet"), (b"PAR1", "not a sound parquet"),
                           (b"", "empty")):  # fmt: skip
        file.write_bytes(content)
        with pytest.raises(SpectraError, match=words):
            uspto.read(file)
    with pytest.raises(SpectraError, match="no such file"):
        uspto.read(tmp_path / "none.parquet")
    file.unlink()
    with pytest.raises(SpectraError, match=r"no IR_data_chunk\*"):
        uspto.read(tmp_path)


# ---- QMe14S, broadened ----

CHANNELS = 36


def qme(smiles="CO", channels=CHANNELS, atoms=6, per_row=None, shift=0.0):
    rows = [smiles] + [f"6,{k}.5,-0.25,1e-3" for k in range(atoms)]
    values = [f"{0.5 + shift + k}" for k in range(channels)]
    per_row = per_row or channels
    rows += ["", *(",".join(values[k : k + per_row]) for k in range(0, channels, per_row))]
    return "\n".join(rows) + "\n"


def write_qme(folder, texts, prefix="IR"):
    folder.mkdir(exist_ok=True)
    for number, text in texts.items():
        (folder / f"{prefix}_{number}.csv").write_text(text)
    return folder


@pytest.mark.parametrize("per_row", [None, 1, 5])
def test_qme14s_reads_folder_and_archive(per_row, tmp_path):
    texts = {n: qme(per_row=per_row, shift=n) for n in (2, 10, 1)}
    folder = write_qme(tmp_path / "IR_broaden", texts)
    archive = tmp_path / "IR_broaden.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for n, text in texts.items():
            out.writestr(f"IR_broaden/IR_{n}.csv", text)
    for path in (folder, archive):
        blocks = list(qme14s.iterate(path, channels=CHANNELS, block=2))
        assert [len(b) for b in blocks] == [2, 1]
        found = qme14s.read(path, channels=CHANNELS)
        assert found.ids == ("1", "2", "10")
        assert found.smiles == ("CO",) * 3
        assert found.axis[[0, -1]].tolist() == [500, 4000]
        assert found.spectra[:, 0].tolist() == [1.5, 2.5, 10.5]
    assert len(found.sources) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (qme(channels=35), "35 intensities, not 36; cut"),
        (qme(atoms=0), "no rows of atomic number"),
        (qme().replace("5.5,", "5.5,x"), "row 7, column 3"),
        (qme().replace("7.5", "nan", 2), "column 8: 'nan' is not a number"),
        (qme(smiles="6,0.0,0.0,0.0"), "row 1 should be SMILES"),
        ("\n\n", "empty"),
        ("C\n6,0,0,0\n" + ",".join(["0.0"] * 36) + "\n", "every intensity is zero"),
    ],
)
def test_bad_qme14s_molecules(text, words, tmp_path):
    folder = write_qme(tmp_path / "IR_broaden", {1: qme(), 2: text})
    with pytest.raises(SpectraError) as caught:
        qme14s.read(folder, channels=CHANNELS)
    assert words in str(caught.value)
    assert "IR_2.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    skipped = []
    assert qme14s.read(folder, channels=CHANNELS, skipped=skipped).ids == ("1",)
    assert len(skipped) == 1
    assert words in skipped[0]


def test_bad_qme14s_paths(tmp_path):
    folder = write_qme(tmp_path / "IR_broaden", {1: qme()})
    with pytest.raises(SpectraError, match=r"no Raman_<number>\.csv"):
        qme14s.read(folder, kind="raman", channels=CHANNELS)
    with pytest.raises(SpectraError, match="36 intensities, not 3501"):
        qme14s.read(folder)
    with pytest.raises(SpectraError, match="use ir or raman"):
        qme14s.read(folder, kind="uv")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(SpectraError, match="sound zip"):
        qme14s.read(tmp_path / "cut.zip")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("IR_1.csv", qme(channels=20000))
    damaged = bytearray(buffer.getvalue())
    damaged[60:400] = bytes(340)
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(SpectraError, match="sound zip"):
        qme14s.read(tmp_path / "damaged.zip", channels=20000)
