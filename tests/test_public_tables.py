"""Values, restricted pickles and wide CSV files of the public sets of spectra."""

import hashlib
import io
import os
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.errors import SpectraError
from spektron.ml.loaders.public.pickles import load_plain
from spektron.ml.loaders.public.table import (
    MoleculeSpectra,
    MoleculeSticks,
    Source,
    increasing,
    joined,
)
from spektron.ml.loaders.public.wide import iterate_rows

SOURCE = Source("file.csv", 3, "00")
AXIS = np.array([500.0, 501.0, 502.0])


def spectra(values=((1, 2, 3), (4, 5, 6)), axis=AXIS, ids=("a", "b"), smiles=(None, None), **more):
    settings = {"kind": "ir", "unit": "arbitrary", "sources": (SOURCE,)} | more
    return MoleculeSpectra(ids, smiles, axis, np.array(values, dtype=np.float32), **settings)


def sticks(wavenumbers=(-50.0, 1000.0, 3000.0), ir=(1.0, 20.0, 5.0), raman=None):
    return MoleculeSticks("7", "O", wavenumbers, ir, raman, SOURCE)


# ---- values ----


def test_spectra_are_read_only_and_cross_processes():
    found = pickle.loads(pickle.dumps(spectra(notes={"cas": ("1", "2")})))  # noqa: S301
    assert found.notes["cas"] == ("1", "2")
    assert found.spectra.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        found.spectra[0, 0] = 1
    with pytest.raises(TypeError):
        found.notes["cas"] = ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axis": AXIS[::-1]}, "does not increase at channel 2 (501 after 502)"),
        ({"axis": AXIS[[0, 0, 1]]}, "channel 2 (500 after 500)"),
        ({"axis": np.array([500, np.nan, 502])}, "channel 2 (nan"),
        ({"axis": AXIS[:2]}, "(2, 3) do not fit 2 ids and an axis of shape (2,)"),
        ({"values": [[1, 2, 3], [4, np.nan, 6]]}, "row 2 (id b) has nan at 501 cm-1"),
        ({"values": [[1, 2, np.inf], [4, 5, -np.inf]]}, "row 1 (id a) has inf at 502 cm-1"),
        ({"smiles": ("C",)}, "1 values of smiles for 2 ids"),
        ({"notes": {"cas": ("1",)}}, "1 values of cas for 2 ids"),
        ({"kind": "nmr"}, "kind 'nmr'"),
    ],
)
def test_bad_spectra(change, words):
    with pytest.raises(SpectraError) as caught:
        spectra(**change)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_blocks_are_joined_only_on_one_axis():
    both = joined([spectra(), spectra(ids=("c", "d"))], "file")
    assert both.ids == ("a", "b", "c", "d")
    assert both.spectra.shape == (4, 3)
    assert both.sources == (SOURCE,)
    with pytest.raises(SpectraError, match="c has another axis than a"):
        joined([spectra(), spectra(ids=("c", "d"), axis=AXIS + 1)], "file")
    with pytest.raises(SpectraError, match="no spectra"):
        joined([], "file")


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=9), st.booleans())
def test_turning_an_axis_round_keeps_each_pair(values, falls):
    axis = np.arange(len(values), dtype=float) * (-1 if falls else 1)
    x, y = increasing(axis, [values])
    assert (np.diff(x) > 0).all()
    assert dict(zip(x, y[0], strict=True)) == dict(zip(axis, np.float32(values), strict=True))


def test_source_is_the_hash_of_the_file(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"abc" * 100_000)
    found = Source.of(file)
    assert found == Source("a.csv", 300_000, hashlib.sha256(b"abc" * 100_000).hexdigest())
    file.write_bytes(b"")
    with pytest.raises(SpectraError, match=r"a\.csv: empty"):
        Source.of(file)
    with pytest.raises(SpectraError, match="no such file"):
        Source.of(tmp_path / "b.csv")


def test_area_of_broadened_lines_is_their_sum():
    axis = np.arange(-40000.0, 44000.0, 0.5)
    for shape, share in (("gaussian", 1.0), ("lorentzian", 0.9998)):
        curve = sticks().broadened("ir", axis, fwhm=10.0, shape=shape)
        # The imaginary mode is left out; the tails of a Lorentzian reach beyond any axis.
        assert np.trapezoid(curve.astype(float), axis) == pytest.approx(25.0 * share, rel=2e-4)
    assert axis[np.argmax(curve)] == 1000.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ir": (1.0, 2.0)}, r"ir intensities of shape \(2,\); 3 modes"),
        ({"ir": (1.0, np.nan, 2.0)}, "mode 2 is NaN"),
        ({"ir": (1.0, 2.0, -3.0)}, "mode 3 has -3, below zero"),
        ({"wavenumbers": ()}, "0 modes"),
    ],
)
def test_bad_sticks(change, words):
    with pytest.raises(SpectraError, match=words):
        sticks(**change)
    with pytest.raises(SpectraError, match="molecule 7 has no raman"):
        sticks().broadened("raman", AXIS)


# ---- pickles ----


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", "<i8", "|u1", "|b1"])
def test_arrays_come_back_as_they_were(protocol, kind):
    array = np.arange(6).reshape(2, 3).astype(kind)
    value = {"freq": array, "turned": np.asfortranarray(array), "one": array[0, 1],
             "list": [1, 2.5, "C", None, (True, b"x")]}  # fmt: skip
    found = load_plain(pickle.dumps(value, protocol), "blob")
    assert list(found) == list(value)
    np.testing.assert_array_equal(found["freq"], array)
    np.testing.assert_array_equal(found["turned"], array)
    assert found["freq"].dtype == array.dtype
    assert found["one"] == array[0, 1]
    assert found["list"] == value["list"]


class Runs:
    def __init__(self, function, *arguments):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


def hostile(marker):
    """Pickles that would leave a file behind if any of them ran."""
    command = f"touch {marker}"
    return {
        "os.system": pickle.dumps(Runs(os.system, command)),
        "protocol 0": pickle.dumps(Runs(os.system, command), 0),
        "inside": pickle.dumps({"freq": [1.0, Runs(os.system, command)]}),
        "eval": pickle.dumps(Runs(eval, f"__import__('os').system({command!r})")),
        "getattr": b"cbuiltins\ngetattr\n(cos\nS'system'\ntR(S'" + command.encode() + b"'\ntR.",
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x0bos.system.x\x93.",
        "object array": pickle.dumps(np.array([Runs(os.system, command)], dtype=object)),
        "structured": pickle.dumps(np.zeros(2, dtype=[("a", "f8"), ("b", "O")])),
        "opener": pickle.dumps(Runs(open, str(marker), "w")),
    }


HOSTILE = tuple(hostile("x"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_are_refused_and_never_run(name, tmp_path):
    marker = tmp_path / "ran"
    with pytest.raises(SpectraError, match=r"^blob: refused pickle: ") as caught:
        load_plain(hostile(marker)[name], "blob")
    assert "\n" not in str(caught.value)
    assert not marker.exists()


def test_the_same_pickle_does_run_in_the_ordinary_reader(tmp_path):
    # Otherwise the test above would prove nothing.
    marker = tmp_path / "ran"
    pickle.loads(hostile(marker)["os.system"])  # noqa: S301
    assert marker.exists()


def test_small_pickles_cannot_unfold_to_endless_values():
    bomb = [0]
    for _ in range(18):
        bomb = [bomb] * 10
    with pytest.raises(SpectraError, match="nested too deep or too large"):
        load_plain(pickle.dumps(bomb), "blob")
    loop = []
    loop.append(loop)
    with pytest.raises(SpectraError, match="nested too deep"):
        load_plain(pickle.dumps(loop), "blob")


def test_stand_ins_cannot_be_changed_by_a_pickle():
    # BUILD on a name would put attributes on the real object.
    for name in (b"numpy\nndarray", b"numpy\ndtype", b"_codecs\nencode"):
        with pytest.raises(SpectraError, match="given a state"):
            load_plain(b"\x80\x02c" + name + b"\n}U\x01aK\x01sb.", "blob")
    assert load_plain(pickle.dumps(np.arange(3)), "blob").tolist() == [0, 1, 2]


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_one_line(data):
    assert "\n" not in message_of(data)


def message_of(data):
    """What is said of a pickle that is refused; any other exception fails the test."""
    try:
        load_plain(data, "blob")
    except SpectraError as error:
        return str(error)
    return ""


@given(st.integers(0, 200))
def test_cut_pickles_are_refused(length):
    whole = pickle.dumps({"freq": np.arange(20.0), "atoms": ["C"] * 4})
    with pytest.raises(SpectraError, match="refused pickle"):
        load_plain(whole[: min(length, len(whole) - 1)], "blob")


# ---- wide CSV ----


def wide(folder, rows, head=",500.0,501.0,502.0", end="\n"):
    file = folder / "ir_boraden.csv"
    file.write_text("\n".join([head, *rows]) + end)
    return file


@given(st.integers(1, 9))
def test_blocks_hold_every_row_once(block):
    with tempfile.TemporaryDirectory() as folder:
        rows = [f"{k},{k}.5,{k}e-3,-{k}" for k in range(7)]
        blocks = list(iterate_rows(wide(Path(folder), rows), block))
    assert [len(ids) for ids, _ in blocks[:-1]] == [block] * (len(blocks) - 1)
    assert [i for ids, _ in blocks for i in ids] == [str(k) for k in range(7)]
    expected = [[k + 0.5, k * 1e-3, -k] for k in range(7)]
    np.testing.assert_allclose(np.concatenate([v for _, v in blocks]), expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rows": ["0,1,2,3", "1,1,x,3"]}, "row 3, column 3: 'x' is not a number"),
        ({"rows": ["0,1,2,3", "1,1,,3"]}, "row 3, column 3: '' is not a number"),
        ({"rows": ["0,1,2,3", "1,1,2"]}, "row 3 has 3 columns, the head has 4"),
        ({"rows": ["0,1,2,3,4"]}, "row 2 has 5 columns, the head has 4"),
        ({"rows": ["0,1,2,3"], "end": ""}, "the last line does not end"),
        ({"rows": ["0,1,2,3"], "head": ",500,abc,502"}, "row 1, column 3: 'abc' is not a number"),
        ({"rows": ["0,1,2,3"], "head": ",500,nan,502"}, "row 1, column 3: 'nan'"),
        ({"rows": ["0,1"], "head": ",500"}, "row 1 has 2 columns"),
    ],
)
def test_bad_wide_files(settings, words, tmp_path):
    file = wide(tmp_path, **settings)
    with pytest.raises(SpectraError) as caught:
        list(iterate_rows(file, 4))
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_binary_file_is_no_table(tmp_path):
    file = tmp_path / "ir_boraden.csv"
    file.write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe" * 20)
    with pytest.raises(SpectraError, match="not a text file"):
        list(iterate_rows(file, 4))


def test_long_files_pass_through_several_reads(tmp_path):
    # 30 MB: the reader takes 16 MB at a time, so that rows straddle its pieces.
    axis = np.linspace(500, 4000, 3501)
    values = np.random.default_rng(1).random((500, 3501)).astype(np.float32)
    text = io.StringIO()
    text.write("," + ",".join(map(str, axis)) + "\n")
    for k, row in enumerate(values):
        text.write(f"{k}," + ",".join(map(repr, row.tolist())) + "\n")
    file = tmp_path / "ir_boraden.csv"
    file.write_text(text.getvalue())
    assert file.stat().st_size > 2**24
    found = np.concatenate([v for _, v in iterate_rows(file, 128)])
    np.testing.assert_array_equal(found, values)
