"""Spectral values and their loaders: corn, tablets, CSV, npz, MATLAB DataSets, JCAMP-DX."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.errors import SpectraError
from spektron.ml.loaders import load_study, read_jcamp
from spektron.ml.loaders.files import finite, is_number, is_text
from spektron.ml.loaders.tables import read_sheet
from spektron.ml.resampling import on_one_axis, resampled
from spektron.ml.spectra import SpectralSet, Study
from spektron.pointgroup.errors import InputError

AXIS = np.array([1100.0, 1102, 1104, 1106])
ROWS = np.array([[0.1, 0.2, 0.3, 0.2], [0.2, 0.1, 0.4, 0.5], [0.3, 0.3, 0.1, 0.6]])


def spectral(rows=ROWS, axis=AXIS, unit="nm", name="a", samples=()):
    return SpectralSet(rows, axis, unit, name, samples)


def study(**instruments):
    sets = {name: spectral(*s, name=name) if isinstance(s, tuple) else s
            for name, s in instruments.items()}  # fmt: skip
    return Study("test", sets, {"Oil": [1.0, 2.0, 3.0]})


# ---- values ----


def test_values_are_read_only_copies():
    rows = ROWS.copy()
    group = spectral(rows)
    rows[0, 0] = 9
    assert group.spectra[0, 0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        group.spectra[0, 0] = 1
    assert group.samples == ("1", "2", "3")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rows": ROWS[:, :3]}, ["shape (3, 3)", "(4,)"]),
        ({"axis": AXIS[[0, 2, 1, 3]]}, ["channel 3", "1102", "sort"]),
        ({"axis": AXIS[[0, 1, 1, 2]]}, ["one way"]),
        ({"axis": np.array([1.0, np.nan, 3, 4])}, ["channel 2"]),
        ({"unit": "THz"}, ["'THz'", "nm or cm-1"]),
        ({"samples": ("a", "b", "a")}, ["sample a occurs twice"]),
        ({"samples": ("a", "b")}, ["2 sample names for 3"]),
        ({"rows": np.where(ROWS == 0.5, np.nan, ROWS)}, ["1 values", "sample 2 at 1106 nm"]),
        ({"rows": np.where(ROWS == 0.5, np.inf, ROWS)}, ["not finite", "sample 2"]),
        ({"rows": np.vstack([ROWS[:2], np.full(4, 0.7)])}, ["sample 3 is constant", "0.7"]),
    ],
)
def test_bad_spectra(arguments, words):
    with pytest.raises(InputError) as caught:
        spectral(**arguments)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_bad_studies():
    with pytest.raises(SpectraError, match="no instrument c; it has a, b"):
        study(a=(ROWS,), b=(ROWS,)).instrument("c")
    with pytest.raises(SpectraError, match="no property fat; it has Oil"):
        study(a=(ROWS,)).values("fat")
    assert study(a=(ROWS,)).values("oil").tolist() == [1, 2, 3]
    with pytest.raises(SpectraError, match="in another order"):
        study(a=(ROWS, AXIS, "nm"), b=spectral(samples=("3", "2", "1"), name="b"))
    with pytest.raises(SpectraError, match="not the 3 of a"):
        study(a=(ROWS,), b=(ROWS[:2],))
    with pytest.raises(SpectraError, match="2 values of Oil for 3"):
        Study("t", {"a": spectral()}, {"Oil": [1.0, 2.0]})


# ---- axes ----


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1.5", "number"), (" -2e3\t", "number"), ("inf", "neither"), ("NaN", "neither"),
     ("", "neither"), ("Null", "neither"), ("1,5", "text"), ("1.5 m", "text"), ("C", "text")],
)  # fmt: skip
def test_numbers_gaps_and_texts_in_cells(text, kind):
    assert (is_number(text), is_text(text)) == (kind == "number", kind == "text")
    if kind == "number":
        assert finite(text, "row 1") == float(text)
        return
    with pytest.raises(SpectraError, match=re.escape(f"row 1: {text!r} is not a number")):
        finite(text, "row 1")


@given(st.floats())
def test_every_number_reads_as_itself(value):
    assert is_number(repr(value)) == np.isfinite(value)
    assert not is_text(repr(value))
    if np.isfinite(value):
        assert finite(repr(value), "") == value


def test_different_axes_are_refused_or_resampled():
    x = np.linspace(1100, 1400, 61)
    shape = np.array([np.sin(x / 60), np.cos(x / 45), x / 1000])
    other = x[:-1] + 2.5
    values = np.array([np.sin(other / 60), np.cos(other / 45), other / 1000])
    both = study(a=(shape, x), b=(values, other))
    with pytest.raises(SpectraError, match=r"61 channels, 1100 to 1400 nm.*60 channels.*resample"):
        on_one_axis(both, ("a", "b"))
    one = on_one_axis(both, ("a", "b"), resample=True)
    assert one.instrument("b").axis.tolist() == x[1:-1].tolist()
    np.testing.assert_allclose(one.instrument("b").spectra, shape[:, 1:-1], atol=2e-5)
    assert one.instrument("a").spectra.tobytes() == shape[:, 1:-1].copy().tobytes() or np.allclose(
        one.instrument("a").spectra, shape[:, 1:-1], atol=1e-12
    )


def test_wavelengths_against_wavenumbers():
    nm = np.linspace(1100.0, 2500, 281)
    wavenumbers = np.linspace(4000.0, 9090, 500)
    band = lambda x: np.exp(-(((x - 1700) / 120) ** 2))  # noqa: E731
    rows = np.array([band(nm), 2 * band(nm), band(nm - 60)])
    other = np.array([band(1e7 / wavenumbers), 2 * band(1e7 / wavenumbers),
                      band(1e7 / wavenumbers - 60)])  # fmt: skip
    both = study(a=(rows, nm), b=(other, wavenumbers, "cm-1"))
    with pytest.raises(SpectraError, match="cm-1"):
        on_one_axis(both, ("a", "b"))
    one = on_one_axis(both, ("a", "b"), resample=True)
    assert one.instrument("b").unit == "nm"
    inside = one.instrument("b").axis
    expected = np.array([band(inside), 2 * band(inside), band(inside - 60)])
    np.testing.assert_allclose(one.instrument("b").spectra, expected, atol=1e-4)


def test_channels_that_cannot_be_converted():
    whole = study(a=(ROWS, AXIS, "nm"), b=(ROWS, AXIS - 1100, "cm-1"))
    with pytest.raises(SpectraError, match="channel 0 cm-1 cannot be converted to nm"):
        on_one_axis(whole, ("a", "b"), resample=True)


def test_nothing_is_extrapolated():
    with pytest.raises(SpectraError, match="would be extrapolated"):
        resampled(spectral(), AXIS + 1, "nm")
    with pytest.raises(SpectraError, match="no channels in common"):
        on_one_axis(study(a=(ROWS,), b=(ROWS, AXIS + 500)), ("a", "b"), resample=True)


# ---- CSV and npz ----


def test_sheet_with_everything(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("sample,kind,Oil,1100,1102\nx,Train,3.5,0.1,0.2\ny,Test,,0.3,0.5\n")
    sheet = read_sheet(file)
    assert sheet.axis.tolist() == [1100, 1102]
    assert sheet.spectra.tolist() == [[0.1, 0.2], [0.3, 0.5]]
    assert sheet.samples == ("x", "y")
    assert sheet.groups == ("Train", "Test")
    np.testing.assert_array_equal(sheet.properties["Oil"], [3.5, np.nan])


@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_folder_of_sheets(tmp_path, comma):
    for name, factor in (("one", 1), ("two", 2)):
        rows = [["1100", "1102", "1104"], [0.1 * factor, 0.2, 0.3], [0.2 * factor, 0.1, 0.5]]
        (tmp_path / f"{name}.csv").write_text("\n".join(comma.join(map(str, r)) for r in rows))
    (tmp_path / "reference.csv").write_text("Oil\n1\n2\n")
    found = load_study(tmp_path)
    assert list(found.instruments) == ["one", "two"]
    assert found.instrument("two").spectra[:, 0].tolist() == [0.2, 0.4]
    assert found.values("Oil").tolist() == [1, 2]


def named(tmp_path, names, reference):
    for name in ("one", "two"):
        rows = "".join(f"{s},{i + 1},{0.2 if name == 'one' else 0.1},0.5\n"
                       for i, s in enumerate(names))  # fmt: skip
        (tmp_path / f"{name}.csv").write_text("sample,1100,1102,1104\n" + rows)
    (tmp_path / "reference.csv").write_text(reference)
    return tmp_path


def test_reference_values_find_their_samples(tmp_path):
    """A file of properties in another order is matched by name, never by place."""
    found = load_study(named(tmp_path, "pqr", "sample,Oil,Fat\nr,3,\np,1,5\nq,2,6\n"))
    assert found.samples == ("p", "q", "r")
    assert found.values("Oil").tolist() == [1, 2, 3]
    np.testing.assert_array_equal(found.values("Fat"), [5, 6, np.nan])


def test_reference_values_of_more_samples(tmp_path):
    found = load_study(named(tmp_path, "pq", "id,Oil\nx,9\nq,2\np,1\n"))
    assert found.values("Oil").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("sample,Oil\np,1\nq,2\nx,3\n", "reference.csv: no reference values of sample r of one"),
        ("sample,Oil\np,1\nq,2\nr,3\nr,4\n", "reference.csv: sample r occurs twice"),
        ("Oil\n1\n2\n", "2 values of Oil for 3 samples"),
        ("Oil\n1\nn.d.\n3\n", "reference.csv: 'n.d.' at column Oil is not a number"),
        ("Oil,Oil\n1,2\n1,2\n1,2\n", "two columns are named Oil"),
    ],
)
def test_bad_reference_values(tmp_path, reference, words):
    with pytest.raises(SpectraError) as caught:
        load_study(named(tmp_path, "pqr", reference))
    assert words in str(caught.value)


def test_names_without_names_among_the_spectra(tmp_path):
    """Spectra that name no samples take the reference values in their order."""
    for name, factor in (("one", 1), ("two", 2)):
        (tmp_path / f"{name}.csv").write_text(f"1100,1102\n{factor},0.2\n0.5,{3 * factor}\n")
    (tmp_path / "reference.csv").write_text("sample,Oil\nx,1\ny,2\n")
    assert load_study(tmp_path).values("Oil").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"property/Oil": ["x", "y", "z"]}, "property/Oil holds <U1, not real numbers"),
        ({"spectra/a": ROWS + 1j}, "spectra/a holds complex128"),
        ({"spectra/a": ROWS.astype(str)}, "not real numbers"),
        ({"axis": ["p", "q", "r", "s"]}, "axis holds <U1"),
        ({"samples": ROWS}, "samples of shape (3, 4)"),
        ({"unit": "THz"}, "unit 'THz'"),
        ({"spectra/a": ROWS[0]}, "do not fit an axis"),
    ],
)
def test_bad_npz(tmp_path, change, words):
    np.savez(tmp_path / "s.npz", **({"axis": AXIS, "spectra/a": ROWS} | change))
    with pytest.raises(SpectraError) as caught:
        load_study(tmp_path / "s.npz")
    assert words in str(caught.value)


def test_npz(tmp_path):
    file = tmp_path / "s.npz"
    content = {"axis": AXIS, "spectra/a": ROWS, "spectra/b": ROWS * 2, "property/Oil": [1, 2, 3]}
    np.savez(file, **content, samples=["p", "q", "r"], unit="nm")
    found = load_study(file)
    assert found.samples == ("p", "q", "r")
    assert found.instrument("b").spectra.tolist() == (ROWS * 2).tolist()
    assert found.values("oil").tolist() == [1, 2, 3]


def test_no_pickle_is_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "fired"), "w"))

    np.savez(tmp_path / "s.npz", **{"axis": AXIS, "spectra/a": np.array([Bomb()], dtype=object)})
    with pytest.raises(SpectraError, match="pickled objects"):
        load_study(tmp_path / "s.npz")
    assert not (tmp_path / "fired").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "1100,1102\n0.1,abc\n", "'abc' at channel 1102"),
        ("a.csv", "1100,1102\n0.1\n", "row 2 has 1 fields, the first has 2"),
        ("a.csv", "1100,1102\n0.1,\n", "missing or not finite"),
        ("a.csv", "", "empty"),
        ("a.csv", "1100,1102\n", "without rows"),
        ("a.csv", "Oil\n1\n", "no spectra"),
        ("a.npz", "not an archive", "not an npz file"),
        ("a.mat", "not matlab", "not a MATLAB file"),
        ("a.dx", "##TITLE=x\n##END=", "not a JCAMP-DX spectrum"),
        ("a.pkl", "x", "type .pkl is not read"),
    ],
)
def test_bad_files(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(SpectraError) as caught:
        load_study(tmp_path / name)
    assert words in str(caught.value)
    assert str(tmp_path / name) in str(caught.value) or "a" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files(tmp_path):
    with pytest.raises(SpectraError, match="nothere: no such file or folder"):
        load_study(tmp_path / "nothere")
    with pytest.raises(SpectraError, match="no files of type"):
        load_study(tmp_path)


# ---- the public sets ----


def test_corn(shared_data):
    corn = load_study(shared_data / "nir" / "corn")
    assert list(corn.instruments) == ["m5", "mp5", "mp6"]
    assert list(corn.properties) == ["Moisture", "Oil", "Protein", "Starch"]
    m5 = corn.instrument("m5")
    assert (m5.spectra.shape, m5.unit, m5.axis[0], m5.axis[-1]) == ((80, 700), "nm", 1100, 2498)
    # The moisture reference is an arithmetic of two m5 channels (data notes).
    channels = m5.spectra[:, [(1908 - 1100) // 2, (2108 - 1100) // 2]]
    design = np.column_stack([channels, np.ones(80)])
    moisture = corn.values("moisture")
    residual = moisture - design @ np.linalg.lstsq(design, moisture, rcond=None)[0]
    assert np.abs(residual).max() < 1e-3
    assert corn.values("starch")[0] == pytest.approx(64.838)


def test_tablets(shared_data):
    files = [shared_data / "nir" / f"tablets_instrument{i}.csv" for i in (1, 2)]
    tablets = load_study(files)
    assert list(tablets.instruments) == ["instrument1", "instrument2"]
    assert tablets.instrument("instrument1").spectra.shape == (655, 650)
    assert tablets.instrument("instrument2").axis[[0, -1]].tolist() == [600, 1898]
    assert sorted(set(tablets.groups)) == ["Test", "Train", "Validate"]
    assert tablets.groups.count("Train") == 155
    assert list(tablets.properties) == ["weight", "hardness", "assay"]


# ---- MATLAB DataSets ----


def dataset(data, axis=None, labels=None):
    """A struct as scipy reads a DataSet: cells whose second row belongs to the variables."""
    kind = [("name", object), ("data", object), ("label", object), ("axisscale", object)]
    cells = {name: np.empty((2, 2), dtype=object) for name in ("label", "axisscale")}
    for cell in cells.values():
        for place in np.ndindex(2, 2):
            cell[place] = np.empty((0, 0))
    if axis is not None:
        cells["axisscale"][1, 0] = np.asarray(axis)[None]
    if labels is not None:
        cells["label"][1, 0] = np.array(labels)
    out = np.empty((1, 1), dtype=kind)
    out[0, 0] = ("x", data, cells["label"], cells["axisscale"])
    return out


def test_matlab_datasets(tmp_path):
    from scipy.io import savemat

    content = {
        "m5spec": dataset(ROWS, AXIS),
        "mp5spec": dataset(ROWS * 2, AXIS),
        "m5nbs": dataset(ROWS[:1], AXIS),
        "propvals": dataset(np.array([[1.0, 5], [2, 6], [3, 7]]), labels=["Moisture", "Oil"]),
        "information": "free text",
    }
    savemat(tmp_path / "corn.mat", content)
    found = load_study(tmp_path / "corn.mat")
    assert sorted(found.instruments) == ["m5", "mp5"]
    assert found.instrument("mp5").spectra.tolist() == (ROWS * 2).tolist()
    assert found.instrument("m5").axis.tolist() == AXIS.tolist()
    assert found.values("Oil").tolist() == [5, 6, 7]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"x": np.ones((2, 2))}, "no variable named …spec; it has x"),
        ({"m5spec": np.ones((2, 2))}, "m5spec has no axisscale"),
        ({"m5spec": np.array(["text"])}, "no matrix of numbers"),
        ({"m5spec": np.zeros((0, 0), dtype=[("data", object)])}, "m5spec is an empty struct"),
    ],
)
def test_bad_matlab(tmp_path, content, words):
    from scipy.io import savemat

    savemat(tmp_path / "bad.mat", content)
    with pytest.raises(SpectraError, match=words):
        load_study(tmp_path / "bad.mat")


# ---- JCAMP-DX ----


def jcamp(lines, *, n, first=400, last=408, units="1/CM", extra=""):
    return (
        f"##TITLE=x\n##JCAMP-DX=4.24\n##XUNITS={units}\n##XFACTOR=1\n##YFACTOR=0.5\n"
        f"##FIRSTX={first}\n##LASTX={last}\n##NPOINTS={n}\n{extra}##XYDATA=(X++(Y..Y))\n"
        + "\n".join(lines)
        + "\n##END=\n"
    )


def test_check_ordinates_between_lines(tmp_path):
    file = tmp_path / "s.dx"
    file.write_text(jcamp(["400A0J0J0", "404C0j0N"], n=5))
    found = read_jcamp(file)
    assert found.axis.tolist() == [400, 402, 404, 406, 408]
    assert found.spectra[0].tolist() == [5, 10, 15, 10, 12.5]
    file.write_text(jcamp(["400A0J0J0", "404D0j0N"], n=5))
    with pytest.raises(SpectraError, match=r"s\.dx: the check ordinate"):
        read_jcamp(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (jcamp(["400 1 2 3"], n=5), "NPOINTS=5"),
        (jcamp(["400 1 & 3 4 5"], n=5), "cannot decode the line '400 1 & 3 4 5'"),
        (jcamp(["400T"], n=5), "cannot decode the line '400T'"),
        (jcamp(["400 1 2", "460 3 4 5"], n=5), "channels from its place"),
        (jcamp(["400 1 2 3 4 5"], n=5, units="EV"), "XUNITS=EV"),
        (jcamp(["400 1 2 3 4 5"], n=5, first="abc"), "FIRSTX=abc is not a number"),
        (jcamp(["400 1 2 3 4 5"], n="nan"), "NPOINTS=nan is not a number"),
        (jcamp(["400 1 2 3 4 5"], n="1e999"), "NPOINTS=1e999 is not a number"),
        ("##TITLE=x\n##XUNITS=NM\n##XYPOINTS=(XY..XY)\n##END=", "without points"),
    ],
)
def test_damaged_jcamp(tmp_path, text, words):
    file = tmp_path / "s.dx"
    file.write_text(text)
    with pytest.raises(SpectraError, match=words):
        read_jcamp(file)


PEAKS = (
    "##TITLE=ethanol\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n{}\n700,0.5 1000,1\n1700,0.9\n##END=\n"
)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("##DATA TYPE=INFRARED PEAK TABLE\n##XYPOINTS=(XY..XY)", "##DATA TYPE=INFRARED PEAK TABLE"),
        ("##DATA TYPE=raman peak table\n##PEAK TABLE=(XY..XY)", "##DATA TYPE=raman peak table"),
        ("##DATATYPE=INFRARED SPECTRUM\n##PEAK TABLE=(XY..XY)", "##PEAK TABLE=(XY..XY)"),
        ("##DATATYPE=INFRARED SPECTRUM\n##PEAK ASSIGNMENTS=(XYA)", "##PEAK ASSIGNMENTS=(XYA)"),
        ("##DATA CLASS=PEAK TABLE\n##XYPOINTS=(XY..XY)", "##DATA CLASS=PEAK TABLE"),
        ("##DATA CLASS=ASSIGNMENTS\n##XYPOINTS=(XY..XY)", "##DATA CLASS=ASSIGNMENTS"),
    ],
)
def test_a_table_of_peaks_is_no_spectrum(tmp_path, labels, said):
    file = tmp_path / "s.dx"
    file.write_text(PEAKS.format(labels))
    message = f"s.dx: the block 'ethanol' is a table of peaks ({said}), not a spectrum; "
    with pytest.raises(SpectraError, match=re.escape(message)) as caught:
        read_jcamp(file)
    assert "\n" not in str(caught.value)
    file.write_text(PEAKS.format("##DATA TYPE=INFRARED SPECTRUM\n##XYPOINTS=(XY..XY)"))
    assert read_jcamp(file).axis.tolist() == [700, 1000, 1700]


@pytest.mark.parametrize("end", ["##END=\n", ""])
def test_a_table_of_peaks_beside_a_spectrum_is_not_dropped(tmp_path, end):
    spectrum = jcamp(["400 1 2 3 4 5"], n=5)
    file = tmp_path / "s.dx"
    file.write_text(
        spectrum + "##TITLE=y\n##XUNITS=1/CM\n##PEAK ASSIGNMENTS=(XYA)\n(402,1,<C-C>)\n" + end
    )
    with pytest.raises(SpectraError, match="the block 'y' is a table of peaks"):
        read_jcamp(file)
    # Also within the block of the spectrum, where its lines are no ordinates.
    inside = "##PEAK ASSIGNMENTS=(XYA)\n(402,1,<C-C>)\n##END=\n"
    file.write_text(spectrum.replace("##END=\n", inside))
    with pytest.raises(SpectraError, match="the block 'x' is a table of peaks"):
        read_jcamp(file)


def test_lines_of_a_record_after_the_data_are_no_ordinates(tmp_path):
    file = tmp_path / "s.dx"
    text = jcamp(["400 1 2 3 4 5"], n=5)
    file.write_text(text.replace("##END=", "##$NOTE=measured\n408 6 7\n##END="))
    assert read_jcamp(file).spectra.tolist() == [[0.5, 1, 1.5, 2, 2.5]]


def test_pairs_and_micrometres(tmp_path):
    file = tmp_path / "s.dx"
    file.write_text(
        "##TITLE=x\n##XUNITS=MICROMETERS\n##XYPOINTS=(XY..XY)\n2.0,1; 2.5,3\n2.6 4\n##END=\n"
    )
    found = read_jcamp(file)
    assert found.axis.tolist() == [2000, 2500, 2600]
    assert (found.unit, found.spectra[0].tolist()) == ("nm", [1, 3, 4])


def test_published_file(shared_data):
    found = read_jcamp(shared_data / "spectra" / "openspecy_fitr_nitrocellulose.jdx")
    # FIRSTY, MAXY and MINY as the file states them.
    assert found.spectra.shape == (1, 7154)
    assert found.spectra[0, 0] == pytest.approx(0.68973011, abs=1e-8)
    assert found.spectra.max() == pytest.approx(0.69885999, abs=1e-8)
    assert found.spectra.min() == pytest.approx(0.010623585, abs=1e-8)
    assert found.samples == ("Nitrocellulose",)
