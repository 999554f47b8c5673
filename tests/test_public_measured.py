"""Loaders of measured spectra: folders of JCAMP-DX as NIST gives them, and OpenSpecy."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spektron.ml.errors import SpectraError
from spektron.ml.loaders.public import nist, openspecy
from spektron.ml.loaders.public.measured import MeasuredSpectrum, on_axis
from spektron.ml.loaders.public.table import Source

X = np.linspace(500.0, 4000.0, 36)
ABSORBANCE = 0.1 + 0.9 * np.exp(-(((X - 1700) / 200) ** 2))


def jdx(folder, name="ethanol.jdx", *, x=X, y=ABSORBANCE, xunits="1/CM", yunits="ABSORBANCE",
        factor=1e-6, labels=(), drop=()):  # fmt: skip
    """A file as the WebBook writes it: evenly spaced, five ordinates to a line."""
    head = {
        "TITLE": "ETHANOL", "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM",
        "ORIGIN": "EPA-IR VAPOR PHASE LIBRARY", "OWNER": "SRD/NIST", "CAS REGISTRY NO": "64-17-5",
        "MOLFORM": "C2H6O", "STATE": "gas", "RESOLUTION": "4", "XUNITS": xunits, "YUNITS": yunits,
        "FIRSTX": repr(float(x[0])), "LASTX": repr(float(x[-1])), "XFACTOR": "1.0",
        "YFACTOR": repr(factor), "NPOINTS": str(len(x)),
    }  # fmt: skip
    head |= dict(labels)
    lines = [f"##{k}={v}" for k, v in head.items() if k not in drop]
    lines.append("##XYDATA=(X++(Y..Y))")
    whole = np.rint(np.asarray(y) / factor).astype(int)
    for k in range(0, len(x), 5):
        lines.append(f"{x[k]:.6f} " + " ".join(map(str, whole[k : k + 5])))
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([*lines, "##END="]) + "\n")
    return folder / name


# ---- JCAMP-DX ----


def test_what_a_file_says_is_kept(tmp_path):
    (found,) = nist.read_file(jdx(tmp_path))
    assert (found.cas, found.phase, found.resolution) == ("64-17-5", "gas", 4.0)
    assert (found.kind, found.quantity, found.title) == ("ir", "absorbance", "ETHANOL")
    np.testing.assert_allclose(found.axis, X)
    np.testing.assert_allclose(found.values, ABSORBANCE, atol=1e-6)
    assert found.source == Source.of(tmp_path / "ethanol.jdx")


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("percent", [False, True])
def test_transmittance_becomes_absorbance(falls, percent, tmp_path):
    t = 10.0**-ABSORBANCE * (100 if percent else 1)
    turn = slice(None, None, -1 if falls else 1)
    file = jdx(tmp_path, x=X[turn], y=t[turn], yunits="TRANSMITTANCE", factor=1e-7)
    (found,) = nist.read_file(file)
    np.testing.assert_allclose(found.axis, X)
    np.testing.assert_allclose(found.values, ABSORBANCE, atol=2e-6)
    assert found.saturated == 0
    (plain,) = nist.read_file(file, absorbance=False)
    assert plain.quantity == "transmittance"
    np.testing.assert_allclose(plain.values, 10.0**-ABSORBANCE, atol=1e-7)


def test_no_light_gives_a_bound_and_is_counted(tmp_path):
    t = 10.0**-ABSORBANCE
    t[[3, 4, 9]] = 0.0, -0.01, 1.02
    (found,) = nist.read_file(jdx(tmp_path, y=t, yunits="% TRANSMITTANCE", factor=1e-7))
    # Labelled per cent, so that even 1.02 is 1 %.
    assert found.values[9] == pytest.approx(2 - np.log10(1.02), abs=1e-5)
    (found,) = nist.read_file(jdx(tmp_path, y=t, yunits="TRANSMITTANCE", factor=1e-7))
    assert found.saturated == 2
    assert found.values[[3, 4]].tolist() == [4.0, 4.0]
    assert found.values[9] == pytest.approx(-np.log10(1.02), abs=1e-5)


def test_micrometres_become_wavenumbers(tmp_path):
    microns = np.linspace(2.5, 20.0, 71)
    band = np.exp(-(((1e4 / microns - 1700) / 150) ** 2))
    (found,) = nist.read_file(jdx(tmp_path, x=microns, y=band, xunits="MICROMETERS"))
    assert found.axis[[0, -1]] == pytest.approx([500.0, 4000.0])
    assert (np.diff(found.axis) > 0).all()
    np.testing.assert_allclose(found.values, np.exp(-(((found.axis - 1700) / 150) ** 2)), atol=1e-6)


@given(st.floats(2.0, 30.0), st.floats(0.5, 20.0), st.integers(3, 60))
def test_wavelengths_and_wavenumbers_are_the_same_light(first, span, n):
    microns = np.linspace(first, first + span, n)
    with tempfile.TemporaryDirectory() as folder:
        file = jdx(Path(folder), x=microns, y=microns, xunits="MICROMETERS", factor=1e-9)
        (found,) = nist.read_file(file)
    np.testing.assert_allclose(found.axis * found.values, 1e4, rtol=1e-6)


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("gas", "gas"), ("VAPOR (25 MICRON)", "gas"), ("SOLUTION (10% IN CCl4)", "solution"),
        ("LIQUID (NEAT)", "liquid"), ("SOLID (OIL MULL)", "solid"), ("solid; KBr disc", "solid"),
        ("between salts", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_states(state, phase, tmp_path):
    (found,) = nist.read_file(jdx(tmp_path, labels={"STATE": state}.items()))
    assert (found.phase, found.state) == (phase, state)


# Numbers of Chemical Abstracts: ethanol, benzene, water, caffeine, cellulose nitrate.
@pytest.mark.parametrize("cas", ["64-17-5", "71-43-2", "7732-18-5", "58-08-2", "9004-70-0"])
def test_cas_numbers_have_a_check_digit(cas):
    assert nist.cas_number(cas) == cas
    assert nist.cas_number(cas.replace("-", "")) == cas
    wrong = cas[:-1] + str((int(cas[-1]) + 1) % 10)
    with pytest.raises(SpectraError, match=f"its check digit should be {cas[-1]}"):
        nist.cas_number(wrong)


def test_no_cas_number_is_none():
    assert nist.cas_number("N/A") is None
    with pytest.raises(SpectraError, match="not a CAS number"):
        nist.cas_number("64-17")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"labels": {"DATA TYPE": "MASS SPECTRUM"}.items()}, "neither infrared nor Raman"),
        ({"drop": ["DATA TYPE"]}, "##DATA TYPE=missing"),
        ({"yunits": "FURLONGS"}, "##YUNITS=FURLONGS; known are"),
        ({"xunits": "SECONDS"}, "##XUNITS=SECONDS"),
        ({"labels": {"DATA CLASS": "PEAK TABLE"}.items()}, "##DATA CLASS=PEAK TABLE"),
        ({"labels": {"NPOINTS": "50"}.items()}, "2.0 channels from its place"),
        ({"drop": ["FIRSTX"]}, "##FIRSTX= is not a number"),
        ({"labels": {"CAS REGISTRY NO": "64-17-6"}.items()}, "check digit should be 5"),
        ({"y": np.full(36, 0.5)}, "is constant"),
    ],
)
def test_bad_files(settings, words, tmp_path):
    file = jdx(tmp_path, **settings)
    with pytest.raises(SpectraError) as caught:
        nist.read_file(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_contents(tmp_path):
    file = jdx(tmp_path)
    text = file.read_text()
    for content, words in (
        (text[: len(text) * 3 // 4], "NPOINTS=36; the file is cut"),
        (text.replace("500.000000 ", "500.000000 x!", 1), "cannot decode"),
        ("wavenumber,intensity\n1,2\n", "not a JCAMP-DX spectrum"),
        ("", "empty"),
    ):
        file.write_text(content)
        with pytest.raises(SpectraError, match=words):
            nist.read_file(file)


def test_folder_on_one_axis(tmp_path):
    jdx(tmp_path / "a", "ethanol.jdx")
    benzene = {"TITLE": "BENZENE", "CAS REGISTRY NO": "71-43-2", "STATE": "SOLUTION"}
    settings = {"yunits": "TRANSMITTANCE", "factor": 1e-7, "labels": benzene.items()}
    jdx(tmp_path / "a", "benzene.dx", y=10**-ABSORBANCE, **settings)
    jdx(tmp_path / "a", "short.jdx", x=X[5:], y=ABSORBANCE[5:])
    jdx(tmp_path / "a", "raman.jdx", labels={"DATA TYPE": "RAMAN SPECTRUM"}.items())
    jdx(tmp_path / "a", "mass.jdx", labels={"DATA TYPE": "MASS SPECTRUM"}.items())
    peaks = {"DATA TYPE": "INFRARED PEAK TABLE", "TITLE": "PEAKS"}
    jdx(tmp_path / "a", "peaks.jdx", labels=peaks.items())
    (tmp_path / "a" / "notes.txt").write_text("no spectrum")
    axis = np.linspace(600, 3900, 100)
    with pytest.raises(SpectraError, match=r"mass\.jdx.*MASS SPECTRUM"):
        nist.read(tmp_path, axis)
    skipped = []
    found = nist.read(tmp_path, axis, skipped=skipped)
    assert found.ids == ("benzene.dx:BENZENE", "ethanol.jdx:ETHANOL")
    assert found.notes["cas"] == ("71-43-2", "64-17-5")
    assert found.notes["phase"] == ("solution", "gas")
    assert found.notes["resolution"] == ("4", "4")
    assert len(found.sources) == 2
    assert found.unit == "absorbance"
    expected = np.interp(axis, X, ABSORBANCE)
    np.testing.assert_allclose(found.spectra, [expected] * 2, atol=2e-6)
    assert sorted(m.partition(".")[0].rpartition("/")[2] for m in skipped) == [
        "mass",
        "peaks",
        "raman",
        "short",
    ]
    (said,) = [m for m in skipped if "peaks.jdx" in m]
    assert "the block 'PEAKS' is a table of peaks (##DATA TYPE=INFRARED PEAK TABLE)" in said
    assert nist.read(tmp_path, axis, phase="gas", skipped=[]).ids == ("ethanol.jdx:ETHANOL",)
    with pytest.raises(SpectraError, match="no spectra of absorbance of a solid"):
        nist.read(tmp_path, axis, phase="solid", skipped=[])
    (tmp_path / "b").mkdir()
    with pytest.raises(SpectraError, match=r"no \.jdx, \.dx, \.jcm in it"):
        nist.read(tmp_path / "b", axis)


def test_the_real_nitrocellulose(shared_data):
    file = shared_data / "spectra" / "openspecy_fitr_nitrocellulose.jdx"
    if not file.is_file():
        pytest.skip(f"no {file}")
    (found,) = nist.read_file(file)
    assert (found.cas, found.phase, found.quantity) == ("9004-70-0", "solid", "reflectance")
    assert found.resolution == pytest.approx(0.96450084)
    assert len(found.axis) == 7154
    assert found.axis[[0, -1]] == pytest.approx([599.91952, 7498.994])
    # What the file says of itself: FIRSTY, MAXY and MINY.
    assert found.values[-1] == pytest.approx(0.68973011, rel=1e-6)
    assert found.values.max() == pytest.approx(0.69885999, rel=1e-6)
    assert found.values.min() == pytest.approx(0.010623585, rel=1e-6)


# ---- OpenSpecy ----


def test_the_real_openspecy_files(shared_data):
    folder = shared_data / "spectra"
    raman, ftir = (
        folder / "openspecy_raman_hdpe.csv",
        folder / "openspecy_ftir_pva_without_header.csv",
    )
    if not raman.is_file() or not ftir.is_file():
        pytest.skip(f"no OpenSpecy files in {folder}")
    (hdpe,) = openspecy.iterate(raman, kind="raman")
    assert hdpe.axis[[0, 1, -1]].tolist() == [301.04, 304.632, 3198.12]
    assert hdpe.values[[0, 1, -1]].tolist() == [26, 50, 67]
    # Polyethylene: C–H stretching near 2850 to 2880, C–C at 1062 and 1128, twisting at 1295.
    inside = (hdpe.axis > 2700) & (hdpe.axis < 3100)
    assert 2835 < hdpe.axis[inside][np.argmax(hdpe.values[inside])] < 2900
    inside = (hdpe.axis > 1250) & (hdpe.axis < 1350)
    assert 1285 < hdpe.axis[inside][np.argmax(hdpe.values[inside])] < 1305
    (pva,) = openspecy.iterate(ftir, kind="ir")
    assert pva.axis[[0, -1]].tolist() == [674.9918, 3999.809]
    # An acetate, so that PVA is poly(vinyl acetate) here: C=O near 1737, C–O–C near 1240.
    for low, high, band in ((1600, 1900, 1737), (1150, 1300, 1240)):
        inside = (pva.axis > low) & (pva.axis < high)
        assert abs(pva.axis[inside][np.argmax(pva.values[inside])] - band) < 6


LIBRARY = """sample_name,wavenumber,intensity,group
"PE, white",400,1
"PE, white",402,3
"PE, white",404,2
PP,4000,5
PP,3998,6
"""


def write(folder, text, name="library.csv"):
    (folder / name).write_text(text)
    return folder / name


def test_library_in_one_long_table(tmp_path):
    text = "".join(line + (",HDPE\n" if k else "\n") for k, line in enumerate(LIBRARY.splitlines()))
    found = list(openspecy.iterate(write(tmp_path, text), kind="ir"))
    assert [s.title for s in found] == ["PE, white", "PP"]
    assert found[0].values.tolist() == [1, 3, 2]
    assert found[1].axis.tolist() == [3998, 4000]
    assert found[1].values.tolist() == [6, 5]
    one = openspecy.read(write(tmp_path, "wavenumber,intensity\n400,1\n402,3\n"), [401], kind="ir")
    assert one.spectra.tolist() == [[2.0]]
    assert one.ids == ("library.csv",)


@pytest.mark.parametrize("comma", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["wavenumber,intensity\n", "Wavenumber,Absorbance\n", ""])
def test_commas_and_heads(comma, head, tmp_path):
    file = write(tmp_path, (head + "400.5,1e-2\n402.5,2e-2\n").replace(",", comma))
    (found,) = openspecy.iterate(file, kind="ir")
    assert found.axis.tolist() == [400.5, 402.5]
    assert found.values.tolist() == [0.01, 0.02]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("wavenumber,height\n1,2\n", "no column intensity"),
        ("a,b\n1,2\n", "no column wavenumber"),
        ("wavenumber,intensity\n1,2\n2,x\n", "row 3, column 2: 'x' is not a number"),
        ("wavenumber,intensity\n1,2\n2,\n", "row 3, column 2: '' is not a number"),
        ("wavenumber,intensity\n1,2\n2,NaN\n", "row 3, column 2: 'NaN' is not a number"),
        ("wavenumber,intensity\n1,2\n2\n", "row 3 has 1 columns, the first 2"),
        ("wavenumber,intensity\n1,2\n2,3\n2,4\n", "row 4: wavenumber 2 after 2"),
        ("wavenumber,intensity\n3,2\n2,3\n4,4\n", "row 4: wavenumber 4 after 2"),
        ("wavenumber,intensity\n", "no rows of numbers"),
        ("", "empty"),
        ("sample_name,wavenumber,intensity\na,1,2\nb,1,2\na,2,3\n", "row 4: sample a comes again"),
        ("##TITLE=x\n##XYDATA=1\n", "no column wavenumber"),
    ],
)
def test_bad_openspecy_files(text, words, tmp_path):
    file = write(tmp_path, text)
    with pytest.raises(SpectraError) as caught:
        list(openspecy.iterate(file, kind="ir"))
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_of_r_and_binary_files(tmp_path):
    file = write(tmp_path, "x", "raman_library.rds")
    with pytest.raises(SpectraError, match=r'fwrite\(readRDS\("raman_library\.rds"\)'):
        list(openspecy.iterate(file, kind="raman"))
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x80" * 9)
    with pytest.raises(SpectraError, match="not a text file"):
        list(openspecy.iterate(tmp_path / "a.csv", kind="ir"))


# ---- one axis ----


def test_only_like_spectra_share_an_axis():
    source = Source("a", 1, "00")
    first = MeasuredSpectrum("a", "", [1, 2, 3], [1, 2, 3], "ir", "absorbance", source)
    raman = MeasuredSpectrum("b", "", [1, 2, 3], [1, 2, 3], "raman", "intensity", source)
    with pytest.raises(SpectraError, match="b is raman intensity, a is ir absorbance"):
        on_axis([first, raman], [2])
    with pytest.raises(SpectraError, match="a covers 1 to 3 cm-1; channels from 0 to 2"):
        on_axis([first], [0, 2])
    with pytest.raises(SpectraError, match="no spectra"):
        on_axis([], [1])
    with pytest.raises(SpectraError, match="a: 2 values for 3 channels"):
        MeasuredSpectrum("a", "", [1, 2, 3], [1, 2], "ir", "absorbance", source)
    with pytest.raises(SpectraError, match="a: nan at 2 cm-1"):
        MeasuredSpectrum("a", "", [1, 2, 3], [1, np.nan, 3], "ir", "absorbance", source)
