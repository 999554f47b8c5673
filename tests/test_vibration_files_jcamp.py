"""JCAMP-DX: the published compressions, a measured file, round trips and damage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup.errors import FileError
from spektron.vibration.files import read_jcamp, write_jcamp
from spektron.vibration.files.asdf import decode_line
from spektron.vibration.files.jcamp import format_jcamp
from spektron.vibration.spectrum import Spectrum

SQZ = {0: "@"} | dict(zip(range(1, 10), "ABCDEFGHI", strict=True))
SQZ |= dict(zip(range(-1, -10, -1), "abcdefghi", strict=True))
DIF = {0: "%"} | dict(zip(range(1, 10), "JKLMNOPQR", strict=True))
DIF |= dict(zip(range(-1, -10, -1), "jklmnopqr", strict=True))
DUP = dict(zip(range(1, 10), "STUVWXYZs", strict=True))


def pseudo(value, digits):
    """A number with its sign and first digit as a letter."""
    text = str(abs(value))
    sign = -1 if value < 0 else 1
    return digits[sign * int(text[0])] + text[1:]


def squeezed(values):
    return "".join(pseudo(v, SQZ) for v in values)


def differences(values):
    """DIF with DUP: the first value squeezed, then differences, repeated ones counted."""
    out, steps, k = pseudo(values[0], SQZ), np.diff(values).tolist(), 0
    while k < len(steps):
        run = 1
        while k + run < len(steps) and steps[k + run] == steps[k]:
            run += 1
        out += pseudo(steps[k], DIF) + (pseudo(run, DUP) if run > 1 else "")
        k += run
    return out


# ---- ordinates ----


@pytest.mark.parametrize(
    "line",
    [
        # McDonald and Wilks (1988): the same ordinates in all forms.
        "99 0 1 2 3 3 2 1 0 -1 -2 -3",
        "99+0+1+2+3+3+2+1+0-1-2-3",
        "99@ABCCBA@abc",
        "99@ABCTBA@abc",
        "99@JJJ%jjjjjj",
        "99@JU%jX",
        "  99, 0, 1, 2, 3; 3, 2, 1, 0, -1, -2, -3 ",
        "9.9E+01 0 1 2 3 3 2 1 0 -1 -2 -3.0",
    ],
)
def test_published_forms(line):
    decoded = decode_line(line)
    assert decoded.abscissa == 99
    assert decoded.ordinates == (0, 1, 2, 3, 3, 2, 1, 0, -1, -2, -3)
    assert decoded.ends_in_difference == ("j" in line)


INTEGERS = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=40)


@given(INTEGERS)
def test_squeezed_and_difference_forms(values):
    assert decode_line("4000.5" + squeezed(values)).ordinates == tuple(values)
    assert decode_line("4000.5" + differences(values)).ordinates == tuple(values)
    packed = "".join(f"{v:+d}" for v in values)
    assert decode_line("4000.5" + packed).ordinates == tuple(values)


@pytest.mark.parametrize("line", ["99JJ", "99T", "99@?", "99 nonsense", "99@Ax1", "99,0,#"])
def test_lines_that_mean_nothing(line):
    with pytest.raises(ValueError, match=r"no number|no digit|cannot begin|invalid literal"):
        decode_line(line)


# ---- a measured file ----


def test_measured_file(shared_data):
    spectrum = read_jcamp(shared_data / "spectra" / "openspecy_fitr_nitrocellulose.jdx")
    assert (spectrum.title, spectrum.kind, spectrum.unit) == ("Nitrocellulose", "ir", "Reflectance")
    # As its header says: NPOINTS, FIRSTX, LASTX, FIRSTY, MAXY, MINY.
    assert len(spectrum) == 7154
    assert spectrum.wavenumbers[[-1, 0]].tolist() == [7498.994, 599.91952]
    y = spectrum.intensities
    assert [y[-1], y.max(), y.min()] == pytest.approx(
        [0.68973011, 0.69885999, 0.010623585], abs=5e-9
    )


def test_measured_file_again_from_ours(shared_data, tmp_path):
    spectrum = read_jcamp(shared_data / "spectra" / "openspecy_fitr_nitrocellulose.jdx")
    write_jcamp(spectrum, tmp_path / "again.jdx")
    again = read_jcamp(tmp_path / "again.jdx")
    assert again.intensities == pytest.approx(spectrum.intensities, abs=1e-9)
    assert again.wavenumbers == pytest.approx(spectrum.wavenumbers, abs=1e-9)


# ---- round trips ----


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300),
    st.floats(0, 5000),
    st.floats(0.01, 20),
    st.sampled_from(["ir", "raman"]),
)
def test_even_grid(tmp_path_factory, values, first, step, kind):
    path = tmp_path_factory.getbasetemp() / "even.jdx"
    x = first + step * np.arange(len(values))
    spectrum = Spectrum(x, values, kind, "L mol⁻¹ cm⁻¹", line_shape="a, b", title="a title")
    write_jcamp(spectrum, path, origin="here", owner="us")
    found = read_jcamp(path)
    assert found.wavenumbers == pytest.approx(x, rel=1e-12, abs=1e-9)
    assert found.intensities == pytest.approx(np.array(values), abs=np.abs(values).max() / 4e9)
    for name in ("kind", "unit", "line_shape", "title"):
        assert getattr(found, name) == getattr(spectrum, name), name


def test_uneven_grid_keeps_every_digit(tmp_path):
    x = np.array([100.0, 101.1, 350.0, 1 / 3e-4])
    spectrum = Spectrum(x, np.sin(x), "raman", "10⁻³⁰ cm³ sr⁻¹")
    write_jcamp(spectrum, tmp_path / "uneven.jdx")
    found = read_jcamp(tmp_path / "uneven.jdx")
    assert found.wavenumbers.tobytes() == x.tobytes()
    assert found.intensities.tobytes() == spectrum.intensities.tobytes()
    assert found.unit == "10⁻³⁰ cm³ sr⁻¹"


def test_header_is_what_the_standard_demands():
    spectrum = Spectrum(np.arange(500.0, 600.0), np.arange(100.0), "ir", "L mol⁻¹ cm⁻¹")
    lines = format_jcamp(spectrum).splitlines()
    assert lines[0].startswith("##TITLE=")
    assert lines[1] == "##JCAMP-DX=4.24"
    assert lines[-1] == "##END="
    labels = {line.partition("=")[0][2:]: line.partition("=")[2] for line in lines}
    needed = "DATA TYPE,ORIGIN,OWNER,XUNITS,YUNITS,FIRSTX,LASTX,XFACTOR,YFACTOR,NPOINTS,FIRSTY"
    assert set(needed.split(",")) <= set(labels)
    assert labels["YUNITS"] == "L MOL-1 CM-1"
    assert labels["YUNITS"].isascii()
    assert float(labels["DELTAX"]) == 1.0
    assert max(map(len, lines)) <= 80
    data = lines[lines.index("##XYDATA=(X++(Y..Y))") + 1 : -1]
    assert float(data[0].split("+")[0]) == 500.0
    assert int(data[0].split("+")[1]) * float(labels["YFACTOR"]) == float(labels["FIRSTY"]) == 0.0


def test_all_zero(tmp_path):
    spectrum = Spectrum([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], "ir", "x")
    write_jcamp(spectrum, tmp_path / "zero.jdx")
    assert read_jcamp(tmp_path / "zero.jdx").intensities.tolist() == [0.0, 0.0, 0.0]


# ---- files of other programs ----

HEADER = {
    "TITLE": "polystyrene",
    "JCAMP-DX": "5.00 $$ a comment",
    "DATA TYPE": "INFRARED SPECTRUM",
    "XUNITS": "1/CM",
    "YUNITS": "TRANSMITTANCE",
    "XFACTOR": "1.0",
    "YFACTOR": "0.5",
    "FIRSTX": "400",
    "LASTX": "407",
    "NPOINTS": "8",
}
DATA = ["##XYDATA=(X++(Y..Y))", "400 1 2 3 4", "404 5 6 7 8", "##END="]


def file(path, data=None, **changes):
    fields = HEADER.copy()
    for name, value in changes.items():
        fields["JCAMP-DX" if name == "JCAMP_DX" else name.replace("_", " ")] = value
    lines = [f"##{name}={value}" for name, value in fields.items() if value is not None]
    path.write_text("\n".join([*lines, *(DATA if data is None else data), ""]))
    return path


def test_plain_file(tmp_path):
    spectrum = read_jcamp(file(tmp_path / "a.jdx"))
    assert spectrum.wavenumbers.tolist() == list(range(400, 408))
    assert spectrum.intensities.tolist() == [0.5 * k for k in range(1, 9)]
    assert (spectrum.kind, spectrum.unit) == ("ir", "TRANSMITTANCE")


def test_differences_over_lines_with_their_check(tmp_path):
    # The second line begins with the last ordinate of the first, at its wavenumber.
    data = [DATA[0], "400AJJJ", "403DJJJJ", "##END="]
    spectrum = read_jcamp(file(tmp_path / "a.jdx", data))
    assert spectrum.intensities.tolist() == [0.5 * k for k in range(1, 9)]
    with pytest.raises(FileError, match=r"line 13: its first ordinate must repeat .* 4"):
        read_jcamp(file(tmp_path / "a.jdx", [DATA[0], "400AJJJ", "403EJJJJ", "##END="]))


def test_descending_and_wavelength_axes(tmp_path):
    data = [DATA[0], "407 1 2 3 4", "403 5 6 7 8", "##END="]
    spectrum = read_jcamp(file(tmp_path / "a.jdx", data, FIRSTX="407", LASTX="400"))
    assert spectrum.wavenumbers.tolist() == list(range(400, 408))
    assert spectrum.intensities[0] == 4.0
    data = ["##XYPOINTS=(XY..XY)", "2.5, 1; 5, 2", "10, 3", "##END="]
    spectrum = read_jcamp(
        file(
            tmp_path / "a.jdx", data, XUNITS="MICROMETERS", NPOINTS="3", DATA_TYPE="RAMAN SPECTRUM"
        )
    )
    assert spectrum.wavenumbers.tolist() == [1000.0, 2000.0, 4000.0]
    assert spectrum.intensities.tolist() == [1.5, 1.0, 0.5]
    assert spectrum.kind == "raman"


def test_first_spectrum_of_a_compound_file(tmp_path):
    path = file(tmp_path / "a.jdx")
    inner = path.read_text()
    other = inner.replace("polystyrene", "another")
    link = "##TITLE=all\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=2\n"
    path.write_text(f"{link}{inner}{other}##END=\n")
    assert read_jcamp(path).title == "polystyrene"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"JCAMP_DX": None}, "no JCAMP-DX file"),
        ({"DATA_TYPE": "NMR SPECTRUM"}, r"line 3: ##DATA TYPE=NMR SPECTRUM: only infrared"),
        ({"DATA_TYPE": None}, "##DATA TYPE=missing"),
        ({"DATA_TYPE": "INFRARED PEAK TABLE"}, r"line 3: a table of peaks \(INFRARED PEAK TABLE\)"),
        ({"DATA_TYPE": "RAMAN PEAK ASSIGNMENTS"}, "a table of peaks"),
        ({"DATA_CLASS": "PEAK TABLE"}, "a table of peaks"),
        ({"data": ["##PEAK TABLE=(XY..XY)", "400,1 500,2", "##END="]}, "##PEAK TABLE=: a table"),
        ({"NPOINTS": None}, "no record ##NPOINTS=, which the data need"),
        ({"NPOINTS": "many"}, "line 10: ##NPOINTS=many is not a number"),
        ({"NPOINTS": "0"}, "##NPOINTS=0"),
        ({"NPOINTS": "7", "LASTX": "406"}, "8 points of the 7 announced"),
        ({"NPOINTS": "9", "LASTX": "408"}, "8 points of the 9 announced"),
        ({"LASTX": None}, "no record ##LASTX="),
        ({"XUNITS": "SECONDS"}, "##XUNITS=SECONDS: give 1/CM"),
        ({"XUNITS": None}, "##XUNITS=missing"),
        ({"data": [DATA[0], "400 1 2 3 4", "##END="]}, "4 points of the 8"),
        ({"data": [DATA[0], "404 5 6 7 8", "##END="]}, "line 12: it begins at 404, where 400 is"),
        ({"data": [*DATA[:3]]}, "no ##END= after the data: the file is cut short"),
        ({"data": [DATA[0], "400 1 2 x 4", *DATA[2:]]}, "line 12: 'x' stands for no digit"),
        ({"data": [DATA[0], "400 1 2 ? 4", *DATA[2:]]}, r"line 12: '\?' is no number"),
        ({"data": ["##XYDATA=(XY..XY)", *DATA[1:]]}, r"line 11: ##XYDATA=\(XY..XY\): only"),
        ({"data": ["##XYPOINTS=(XY..XY)", "1,2,3", "##END="]}, "3 numbers for the 8 points"),
        ({"data": ["##XYPOINTS=(XY..XY)", "1,b", "##END="]}, "line 12: could not convert"),
    ],
)
def test_damaged_files(tmp_path, changes, message):
    path = file(tmp_path / "a.jdx", **changes)
    with pytest.raises(FileError, match=message) as error:
        read_jcamp(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_file_of_another_kind(tmp_path):
    path = tmp_path / "a.jdx"
    path.write_text("wavenumber,intensity\n301.04,26\n")
    with pytest.raises(FileError, match="no JCAMP-DX file"):
        read_jcamp(path)
    with pytest.raises(FileError, match="no such file"):
        read_jcamp(tmp_path / "b.jdx")
