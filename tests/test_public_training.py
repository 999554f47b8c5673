"""Public sets made ready for training: tables of lines, groups of curves, what a run records."""

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spektron.ml.errors import SpectraError
from spektron.ml.loaders.public import chembl
from spektron.ml.loaders.public.table import MoleculeSpectra, MoleculeSticks, Source
from spektron.ml.loaders.public.training import curves_of, digest_of, groups_of, table_of
from spektron.ml.splits import components, split_table

CHECKOUT = Path(__file__).resolve().parents[1]
PART1, PART2 = Source("part1.db", 9, "ab" * 32), Source("part2.db", 9, "cd" * 32)
LINES, IR, RAMAN = [-30.0, 1595.0, 3657.0], [1.0, 54.0, 3.0], [0.0, 1.0, 100.0]
AXIS = np.arange(500.0, 560.0, 4.0)

# InChIKeys of the IUPAC/InChI Trust programs, as PubChem lists them: L- and D-alanine (CID 5950,
# 71080), water (962), ethanol (702), benzene (241).
KEYS = {
    "C[C@H](N)C(=O)O": "QNAYBMKLOCPYGJ-REOHCLBHSA-N",
    "C[C@@H](N)C(=O)O": "QNAYBMKLOCPYGJ-UWTATZPHSA-N",
    "O": "XLYOFNOQVPJJNP-UHFFFAOYSA-N",
    "CCO": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N",
    "c1ccccc1": "UHOVQNZJYSORNB-UHFFFAOYSA-N",
}


def sticks(name="1", smiles="O", ir=IR, raman=RAMAN, source=PART1):
    return MoleculeSticks(name, smiles, LINES, ir, raman, source)


def spectra(ids=("1", "2"), smiles=("CCO", "OCC"), kind="ir", unit="arbitrary", axis=AXIS, **notes):
    values = np.arange(len(ids))[:, None] + np.linspace(0, 1, len(axis)) + (kind == "raman") / 2
    return MoleculeSpectra(ids, smiles, axis, values, kind, unit, (PART1,), notes)


# ---- lines ----


def test_a_table_keeps_what_the_source_says():
    found = [sticks(str(k), smiles) for k, smiles in enumerate(KEYS)]
    table = table_of(found, level="Gaussian 09", licence="CC BY-NC-ND 4.0")
    assert table.texts["smiles"] == tuple(KEYS)
    assert table.texts["inchikey"] == tuple(KEYS.values())
    assert table.texts["name"] == tuple("01234")
    assert table.texts["key"][4] == "part1.db:4"
    assert set(table.texts["source"]) == {f"part1.db, SHA-256 {'ab' * 32}"}
    assert set(table.texts["licence"]) == {"CC BY-NC-ND 4.0"}
    assert set(table.texts["level"]) == {"Gaussian 09"}
    assert table.sha256 == PART1.sha256
    lines, strengths = table.strengths(np.array([2]))
    assert lines.values.tolist() == LINES
    # An imaginary mode has no strength, and a line that is not there is not allowed.
    assert strengths.tolist() == [[0, 0], [54, 1], [3, 100]]


def test_one_connectivity_stays_on_one_side():
    names = ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CCO", "OCC", "[2H]OCC", "O", "C", "N", "CC"]
    table = table_of(sticks(str(k), smiles) for k, smiles in enumerate(names))
    part = components(table)
    assert part[0] == part[1]
    assert part[2] == part[3] == part[4]
    assert len(set(part)) == 6
    split = split_table(table, {"train": 0.5, "valid": 0.5})
    owner = {int(row): name for name, rows in split.parts.items() for row in rows}
    assert owner[0] == owner[1]
    assert owner[2] == owner[3] == owner[4]


def test_several_files_and_their_hash():
    both = table_of([sticks("1"), sticks("1", "C", source=PART2)])
    assert both.texts["key"] == ("part1.db:1", "part2.db:1")
    # As the hash of a table that was read from several parts.
    assert both.sha256 == hashlib.sha256(("ab" * 32 + "cd" * 32).encode()).hexdigest()
    assert both.sha256 == digest_of([PART1, PART2, PART1])
    assert digest_of([PART2, PART1]) != both.sha256
    assert digest_of([]) == ""


def test_sets_of_one_kind_and_without_smiles():
    table = table_of([sticks(smiles=None, raman=None), sticks("2", smiles="", raman=None)])
    assert table.texts["smiles"] == table.texts["inchikey"] == ("", "")
    assert not table.raman_activities.any()
    assert table.activity.tolist() == [1, 1, 1] * 2
    assert len(set(components(table))) == 2


@pytest.mark.parametrize(
    ("molecules", "words"),
    [
        ([], "no molecules to make a table of"),
        ([sticks(), sticks()], "part1.db:1: the molecule occurs twice"),
        ([sticks(smiles="C1CC")], "part1.db:1: SMILES 'C1CC' gives no InChIKey"),
        ([sticks(smiles="*C")], "part1.db:1: SMILES '*C' gives no InChIKey"),
        ([sticks(), sticks("2", raman=None)], "part1.db:2: no raman intensities, unlike the first"),
        ([sticks(ir=None), sticks("2")], "part1.db:2: has ir intensities, unlike the first"),
    ],
)
def test_bad_lines(molecules, words):
    with pytest.raises(SpectraError) as caught:
        table_of(molecules)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unreadable_smiles_are_reported():
    skipped = []
    table = table_of([sticks(), sticks("2", "C1CC"), sticks("3", "C")], skipped=skipped)
    assert table.texts["name"] == ("1", "3")
    assert len(skipped) == 1
    assert "part1.db:2: SMILES 'C1CC'" in skipped[0]
    with pytest.raises(SpectraError, match="no molecules"):
        table_of([sticks("2", "C1CC")], skipped=[])


def test_a_file_of_chembl_to_a_split(tmp_path):
    file = tmp_path / "Raman-ChEMBL-part1.db"
    record = {"freq": LINES, "IR Inten": IR, "Raman Activ": RAMAN, "atoms": ["O", "H", "H"]}
    blob = zlib.compress(json.dumps(record).encode())
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE molecule (id INTEGER, SMILES TEXT, blob_data BLOB)")
        rows = [(k, smiles, blob) for k, smiles in enumerate(KEYS)]
        database.executemany("INSERT INTO molecule VALUES (?, ?, ?)", rows)
        database.commit()
    table = table_of(chembl.iterate_sticks(file))
    assert table.sha256 == Source.of(file).sha256
    assert table.texts["inchikey"] == tuple(KEYS.values())
    np.testing.assert_allclose(table.raman_activities.reshape(5, 3), [RAMAN] * 5)


# ---- curves ----


def test_curves_of_one_kind_keep_order_and_groups():
    given = spectra(tuple("12345"), tuple(KEYS))
    found = curves_of(given)
    np.testing.assert_array_equal(found.spectra, given.spectra)
    np.testing.assert_array_equal(found.wavenumbers, AXIS)
    assert (found.content, found.unit) == ("ir", "cm-1")
    assert found.groups == tuple(key.split("-")[0] for key in KEYS.values())
    assert found.groups[0] == found.groups[1]
    assert curves_of(spectra(kind="raman")).content == "raman"


def test_both_kinds_are_joined_by_id():
    ir = spectra(("a", "b"), ("O", "CCO"))
    raman = spectra(("b", "a"), (None, "O"), kind="raman")
    found = curves_of(ir, raman)
    assert found.content == "both"
    np.testing.assert_array_equal(found.spectra[:, 0], ir.spectra)
    np.testing.assert_array_equal(found.spectra[:, 1], raman.spectra[::-1])
    turned = curves_of(raman, ir)
    np.testing.assert_array_equal(turned.spectra, found.spectra[::-1])


def test_measured_spectra_go_by_their_names():
    notes = {
        "cas": ("64-17-5", "", "64-17-5", "", "", ""),
        "title": ("ETHANOL", "PE, white", "Ethanol, gas", "pe,  White ", "", ""),
    }
    found = spectra(tuple("abcdef"), (None,) * 5 + ("CCO",), **notes)
    assert groups_of(found) == (
        "64-17-5", "pe, white", "64-17-5", "pe, white", "e", "LFQSCWFLJHTTHZ",
    )  # fmt: skip
    assert groups_of(spectra(smiles=(None, None))) == ("1", "2")


RAMAN_PAIR = spectra(kind="raman")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((spectra(kind="uv"),), "part1.db: uv spectra; a model takes infrared and Raman"),
        ((spectra(unit="transmittance"),), "part1.db: curves of transmittance"),
        ((spectra(), replace(RAMAN_PAIR, unit="reflectance")), "curves of reflectance"),
        ((spectra(smiles=("CCO", "C1CC")),), "part1.db: 2: SMILES 'C1CC' gives no InChIKey"),
        ((spectra(), spectra()), "ir like the first"),
        ((spectra(), spectra(kind="raman", axis=AXIS + 1)), "another axis"),
        ((spectra(), replace(RAMAN_PAIR, ids=("1", "3"))), "molecule 2 is in one of the two only"),
        ((spectra(("1",), ("C",)), RAMAN_PAIR), "molecule 2 is in one of the two only"),
        ((spectra(), replace(RAMAN_PAIR, ids=("1", "1"))), "an id occurs twice"),
        ((spectra(("1", "1")), spectra(("1",), ("C",), "raman")), "an id occurs twice"),
        ((spectra(), replace(RAMAN_PAIR, smiles=("CCO", "C"))), "molecule 2 is OCC and C; the two"),
    ],
)
def test_bad_curves(given, words):
    with pytest.raises(SpectraError) as caught:
        curves_of(*given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# ---- no torch, and with it ----


def test_nothing_here_needs_torch():
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from spektron.ml.loaders.public import MoleculeSpectra\n"
        "from spektron.ml.loaders.public.training import curves_of\n"
        "assert 'spektron.ml.training' not in sys.modules\n"
        "x = MoleculeSpectra(('1',), ('C',), [500.0, 504.0], [[1, 2]], 'ir', 'absorbance', ())\n"
        "print(type(curves_of(x)).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("Curves", 0), done.stderr


def test_the_page_trains_on_both(tmp_path, monkeypatch, capsys):
    """The block of the page that needs torch; the others are run with all pages."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    text = (CHECKOUT / "docs" / "public-sets.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python3\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "docs").symlink_to(CHECKOUT / "docs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    exec(compile(block, "docs/public-sets.md", "exec"), {})
    torch.set_num_threads(threads)
    first, second = capsys.readouterr().out.splitlines()
    assert f"It prints `{first}` and `{second}`." in text
    # The hash of the file that was read is in the record of the run.
    facts = json.loads((tmp_path / "pretrained" / "run.json").read_text())
    assert facts["data"]["table"] == Source.of(tmp_path / "Raman-ChEMBL-part1.db").sha256
    kept = (tmp_path / "tuned" / "sources.txt").read_text()
    assert kept == Source.of(tmp_path / "ir_boraden.csv").sha256
    for run in ("pretrained", "tuned"):
        lines = (tmp_path / run / "metrics.jsonl").read_text().splitlines()
        assert json.loads(lines[-1])["step"] == 5
