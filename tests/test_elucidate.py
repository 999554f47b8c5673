"""`spektron elucidate`: answers, files of several kinds, and one clear line for bad input."""

import hashlib
import inspect
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from spektron.cli.elucidate import SHIPPED, elucidate
from spektron.cli.main import _explain
from spektron.ml.broadening import Axis, curves
from spektron.ml.errors import SpectraError
from spektron.ml.inverse import (
    BEAM_WIDTH,
    Calibration,
    Observed,
    load_calibration,
    on_axis_of,
    read_observed,
    save_calibration,
)
from spektron.ml.inverse.reading import read_shifts_text
from spektron.ml.model.packaged import find_checkpoint, name_of
from spektron.ml.table import Ragged
from spektron.pointgroup.errors import FileError, InputError
from spektron.vibration.files.jcamp import write_jcamp
from spektron.vibration.spectrum import Spectrum
from typer.testing import CliRunner

CHECKOUT = Path(__file__).resolve().parents[1]
AXIS = Axis(200.0, 3800.0, 256)
X = np.linspace(300.0, 3900.0, 1801)
LINES, STRENGTHS = Ragged.of([[1050.0, 1720.0, 2950.0]]), np.array([[3, 1], [9, 2], [4, 8]], "f4")
IR, RAMAN = curves(LINES, STRENGTHS, Axis(300.0, 3900.0, 1801), fwhm=16.0)[0].astype(float)
IR, RAMAN = IR / IR.max(), RAMAN / RAMAN.max()


def table(path, x, y, head="wavenumber,intensity\n", comma=","):
    rows = "".join(f"{a:.9g}{comma}{b:.9g}\n" for a, b in zip(x, y, strict=True))
    path.write_text(head + rows)
    return path


def jcamp(path, y=IR, kind="ir", unit="L mol⁻¹ cm⁻¹"):
    write_jcamp(Spectrum(X, y, kind, unit), path)
    return path


# ---- reading ----


def test_every_way_to_write_a_spectrum_gives_the_same(tmp_path):
    wanted = on_axis_of([Observed("ir", X, IR, "")], AXIS)
    clipped = np.clip(IR, 0, None)
    given = [
        read_observed(jcamp(tmp_path / "a.jdx")),
        read_observed(table(tmp_path / "a.csv", X, IR)),
        read_observed(table(tmp_path / "b.csv", X[::-1], 7 * IR[::-1] + 2, head="")),
        read_observed(table(tmp_path / "c.tsv", X, IR, head="x\ty\n", comma="\t")),
        read_observed(table(tmp_path / "d.txt", X, IR, head="", comma=" ")),
        read_observed(table(tmp_path / "e.csv", 1e7 / X, IR), unit="nm"),
        read_observed(table(tmp_path / "f.csv", 1e4 / X, IR), unit="um"),
        read_observed(table(tmp_path / "g.csv", X, 10**-clipped), signal="transmittance"),
        read_observed(table(tmp_path / "h.csv", X, 100 * 10**-clipped), signal="percent"),
    ]
    for each in given:
        assert each.kind == "ir"
        np.testing.assert_allclose(on_axis_of([each], AXIS), wanted, atol=2e-4)
    assert wanted[0, 0].max() == 1
    assert wanted[0, 0, 0] == 0  # below the measured range
    assert not wanted[0, 1].any()


def test_a_pair_fills_both_channels(tmp_path):
    pair = [
        read_observed(jcamp(tmp_path / "r.jdx", RAMAN, "raman", "Å⁴ cm/u")),
        read_observed(table(tmp_path / "a.csv", X, IR)),
    ]
    both = on_axis_of(pair, AXIS)
    assert both.shape == (1, 2, 256)
    assert both.max(axis=2).tolist() == [[1, 1]]
    peaks = AXIS.wavenumbers[both[0].argmax(axis=1)]
    np.testing.assert_allclose(peaks, [1720, 2950], atol=AXIS.step)
    with pytest.raises(SpectraError, match="a second spectrum of the kind ir"):
        on_axis_of([pair[1], pair[1]], AXIS)
    with pytest.raises(SpectraError, match="no spectrum"):
        on_axis_of([], AXIS)


def test_percent_transmittance_of_a_jcamp_file(tmp_path):
    path = jcamp(tmp_path / "t.jdx", 100 * 10**-IR, unit="percent transmittance")
    wanted = on_axis_of([Observed("ir", X, IR, "")], AXIS)
    np.testing.assert_allclose(on_axis_of([read_observed(path)], AXIS), wanted, atol=2e-4)


FLAT_TOP = np.minimum(IR, 0.5)
NOISE = 0.002 * np.random.default_rng(0).standard_normal(len(X))
BAD = {
    "empty": ("", {}, "empty"),
    "only a head": ("wavenumber,intensity\n", {}, "empty"),
    "three columns": ("1,2,3\n" * 60, {}, "rows of width 3; give two"),
    "words": ("400,1\n401,much\n", {}, "401, much are not two numbers"),
    "short": ((X[:20], IR[:20]), {}, "20 points; give 50 or more"),
    "a gap": ((X, np.where(X[9] == X, np.nan, IR)), {}, "not two numbers"),
    "wavelengths": ((1e7 / X, IR), {}, "no range of a vibrational spectrum in cm⁻¹"),
    "negative": ((X - 1000, IR), {}, "no range"),
    "not a wavelength": ((X - 1000, IR), {"unit": "nm"}, "not positive"),
    "unit": ((X, IR), {"unit": "eV"}, "unit 'eV': choose cm-1, nm, um"),
    "signal": (
        (X, IR),
        {"signal": "photons"},
        "signal 'photons': choose absorbance, transmittance, percent",
    ),
    "kind": ((X, IR), {"kind": "uv"}, "kind 'uv': choose ir, raman"),
    "coarse": ((X[::20], IR[::20]), {}, "a point each 40 cm⁻¹"),
    "constant": ((X, np.full_like(X, 3.0)), {}, "3 everywhere"),
    "doubles": ((np.append(X, X[-1]), np.append(IR, 0.1)), {}, "two points at 3900"),
    "saturated": ((X, FLAT_TOP), {}, "saturated: .* points in a row"),
    "saturated and noisy": (
        (X, np.minimum(IR, 0.3) + NOISE),
        {},
        "saturated: .* points in a row at the top",
    ),
    "percent as absorbance": ((X, 100 * 10**-IR), {}, "bands point downward; is it transmittance"),
    "upside down": ((X, -IR), {}, "bands point downward"),
    "dark": ((X, 10**-IR - 0.2), {"signal": "transmittance"}, "no light passes at"),
    "no share": ((X, 50 * IR + 1), {"signal": "transmittance"}, "Is it absorbance, or percent"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_cannot_be_used(name, tmp_path):
    content, options, message = BAD[name]
    path = tmp_path / "s.csv"
    if isinstance(content, str):
        path.write_text(content)
    else:
        table(path, *content)
    with pytest.raises(InputError, match=message) as caught:
        read_observed(path, **options)
    assert "\n" not in str(caught.value)


def test_jcamp_files_that_cannot_be_used(tmp_path):
    with pytest.raises(SpectraError, match="reflectance; the model has learnt absorption"):
        read_observed(jcamp(tmp_path / "r.jdx", unit="reflectance"))
    with pytest.raises(SpectraError, match="of kind ir, not raman"):
        read_observed(jcamp(tmp_path / "i.jdx"), kind="raman")
    with pytest.raises(FileError, match="no such file"):
        read_observed(tmp_path / "none.jdx")
    with pytest.raises(SpectraError, match="no such file"):
        read_observed(tmp_path / "none.csv")


def test_a_spectrum_must_cover_the_axis():
    part = X < 1200
    with pytest.raises(SpectraError, match=r"covers 25% of the axis .* Is the unit right"):
        on_axis_of([Observed("ir", X[part], IR[part], "a.csv")], AXIS)


def test_measured_files(shared_data):
    """Public spectra: one that is no absorption, one Raman, one infrared without a head."""
    folder = shared_data / "spectra"
    with pytest.raises(SpectraError, match="Reflectance"):
        read_observed(folder / "openspecy_fitr_nitrocellulose.jdx")
    raman = read_observed(folder / "openspecy_raman_hdpe.csv", kind="raman")
    infrared = read_observed(folder / "openspecy_ftir_pva_without_header.csv")
    both = on_axis_of([raman, infrared], AXIS)
    assert both.max(axis=2).tolist() == [[1, 1]]
    # Polyethylene: the CH2 stretches near 2850 and 2880 cm⁻¹ are its strongest Raman bands.
    assert 2820 < AXIS.wavenumbers[both[0, 1].argmax()] < 2920


def test_shifts_as_a_text():
    assert read_shifts_text("1 2.5,3;") == (1.0, 2.5, 3.0)
    assert read_shifts_text("") == ()
    with pytest.raises(SpectraError, match="write numbers in ppm"):
        read_shifts_text("128.4 ppm")


# ---- the command ----


def test_the_command_searches_as_the_library_does():
    assert inspect.signature(elucidate).parameters["width"].default == BEAM_WIDTH


@pytest.fixture(scope="module")
def run():
    app = typer.Typer()
    app.command()(elucidate)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_the_shipped_model_answers_offline(run, tmp_path, symmetry_rich):
    """Acetone, as the set has its lines."""
    for name in ("torch", "torch_geometric", "safetensors"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    row = symmetry_rich.texts["smiles"].index("CC(C)=O")
    lines, strengths = symmetry_rich.strengths(np.array([row]))
    axis = Axis(300.0, 3900.0, 1801)
    both = curves(lines, strengths, axis, fwhm=10.0)[0]
    files = [table(tmp_path / f"{k}.csv", X, each / each.max()) for k, each in enumerate(both)]
    words = (*files, "--kind", "ir,raman", "--formula", "C3H6O", "--json")
    found = json.loads(run(*words).stdout)
    assert Path(found["checkpoint"]).parent.name == SHIPPED
    assert found["predictor"].startswith("spektron-forward-")
    assert found["verdict"] in ("answer", "no candidate fits")
    assert 0 <= found["confidence"] <= 1
    assert {each["formula"] for each in found["candidates"]} == {"C3H6O"}
    assert found["candidates"][0]["smiles"] == "CC(C)=O"
    assert found["candidates"][0]["consistency"] > 0.8


def test_input_is_looked_at_before_the_model(run, tmp_path):
    good = jcamp(tmp_path / "a.jdx")
    for words, message in (
        ((tmp_path / "none.jdx",), "no such file"),
        ((good, "--formula", "C6H6("), "cannot be read"),
        ((good, "--carbon", "many"), "numbers in ppm"),
        ((good, good, good), "3 spectra"),
        ((table(tmp_path / "a.csv", X, IR), "--kind", "ir,raman"), "for 1 csv files"),
    ):
        found = run(*words)
        assert isinstance(found.exception, InputError)
        assert message in str(found.exception)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A model that has learnt nothing, in the folder that a run leaves."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("safetensors", reason="safetensors is not installed")
    from spektron.ml.inverse import InverseConfig, Vocabulary
    from spektron.ml.inverse.models import new_model, save_inverse

    shape = InverseConfig.from_mapping(
        {
            "model": {
                "encoder": {"size": "tiny", "width": 32, "layers": 1, "axis": {"points": 256},
                            "stride": 16},
                "width": 32, "layers": 1, "longest": 16, "radial": 16,
            }
        }
    ).model  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = new_model(shape, Vocabulary.of(["CCO", "CC=O", "C1CC1", "C#N"]))
    folder = tmp_path_factory.mktemp("model")
    save_inverse(folder / "model.safetensors", model, {})
    return folder


def calibrated(folder, threshold, predictor="", shifts=""):
    found = Calibration(
        (1.0,) * 5, (0.0,) * 5, -100.0, (0.0,) * 5, threshold, 50, width=60,
        predictor=predictor, shifts=shifts,
    )  # fmt: skip
    save_calibration(folder / "calibration.json", found)


def test_an_answer_or_none(run, checkpoint, tmp_path):
    spectrum = jcamp(tmp_path / "a.jdx")
    words = (spectrum, "--checkpoint", checkpoint, "--formula", "C2H6O", "--width", 60, "--json")
    bare = json.loads(run(*words).stdout)
    assert bare["verdict"] == "not calibrated"
    assert bare["confidence"] is None
    calibrated(checkpoint, 0.2)
    answer = json.loads(run(*words).stdout)
    assert answer["verdict"] == "answer"
    assert 0.5 <= answer["confidence"] <= 1
    assert {each["formula"] for each in answer["candidates"]} == {"C2H6O"}
    assert {each["smiles"] for each in answer["candidates"]} <= {"CCO", "COC"}
    assert answer["beam"]["strings"] >= answer["beam"]["fitting"] > 0
    calibrated(checkpoint, 1.0)
    silent = json.loads(run(*words).stdout)
    assert silent["verdict"] == "no candidate fits"
    assert "below the threshold 1.00" in silent["reason"]
    text = run(*words[:-1]).stdout
    assert "no candidate fits: confidence" in text
    assert "CCO" in text or "COC" in text
    (checkpoint / "calibration.json").unlink()


def test_nmr_and_both_spectra(run, checkpoint, tmp_path):
    files = (table(tmp_path / "i.csv", X, IR), table(tmp_path / "r.csv", X, RAMAN))
    options = ("--kind", "ir,raman", "--carbon", "58.0,18.2", "--proton", "3.7 1.2")
    found = json.loads(run(*files, "--checkpoint", checkpoint, *options, "--json").stdout)
    assert [each["kind"] for each in found["spectra"]] == ["ir", "raman"]
    assert len(found["candidates"]) <= 10
    plain = json.loads(run(*files, "--checkpoint", checkpoint, *options[:2], "--json").stdout)
    assert plain["candidates"] != found["candidates"]


def test_spectra_are_predicted_and_compared(run, checkpoint, tmp_path):
    pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")
    from spektron.ml.forward import NetworkConfig
    from spektron.ml.forward.models import new_model, save_forward

    shape = NetworkConfig(width=8, layers=1, radial=6)
    save_forward(tmp_path / "grid.safetensors", new_model(shape), {})
    save_forward(tmp_path / "shifts.safetensors", new_model(replace(shape, kind="shifts")), {})
    spectrum = jcamp(tmp_path / "a.jdx")
    words = (spectrum, "--checkpoint", checkpoint, "--formula", "C2H6O", "--width", 60)
    calibrated(checkpoint, 0.2)
    found = json.loads(run(*words, "--forward", tmp_path / "grid.safetensors", "--json").stdout)
    # A model that is not shipped is known by its content.
    digest = hashlib.sha256((tmp_path / "grid.safetensors").read_bytes()).hexdigest()
    assert found["predictor"] == f"model {digest[:16]}"
    assert all(-1 <= each["consistency"] <= 1 for each in found["candidates"])
    # The calibration was made without predictions.
    assert found["verdict"] == "not calibrated"
    assert "is for nothing predicted, not for model" in found["reason"]
    calibrated(checkpoint, 0.2, found["predictor"])
    with_it = json.loads(run(*words, "--forward", tmp_path / "grid.safetensors", "--json").stdout)
    assert with_it["verdict"] == "answer"
    wrong = run(*words, "--forward", tmp_path / "shifts.safetensors")
    assert "predicts NMR shifts" in str(wrong.exception)
    # A calibration that does not hold for a search still ranks what was compared.
    other = json.loads(
        run(*words[:-1], 61, "--forward", tmp_path / "grid.safetensors", "--json").stdout
    )
    assert other["verdict"] == "not calibrated"
    for each in (with_it, other):
        scores = [one["score"] for one in each["candidates"]]
        assert scores == sorted(scores, reverse=True)
        assert scores != [one["log_probability"] for one in each["candidates"]]
    assert [each["probability"] for each in other["candidates"]] == [None] * len(scores)
    (checkpoint / "calibration.json").unlink()


def test_the_best_are_compared_by_gfn2_as_well(run, checkpoint, tmp_path, symmetry_rich):
    """Ethanol and its ether by spectra of the same level: whatever the decoder thinks of them."""
    pytest.importorskip("tblite", reason="tblite is not installed")
    from spektron.ml.inverse import table_predictor

    known = table_predictor(symmetry_rich)
    calibrated(checkpoint, 0.2)
    for text in ("CCO", "COC"):
        infrared = known.curves(text, AXIS)[0, 0]
        spectrum = table(tmp_path / f"{text}.csv", AXIS.wavenumbers, infrared / infrared.max())
        words = (spectrum, "--checkpoint", checkpoint, "--formula", "C2H6O", "--width", 60)
        found = json.loads(run(*words, "--gfn2", "--json").stdout)
        assert found["refined_by"] == "GFN2-xTB, harmonic"
        assert found["verdict"] == "not calibrated"
        assert "is for nothing predicted, not for GFN2-xTB, harmonic" in found["reason"]
        assert "; candidates are ranked by its weights" in found["reason"]
        assert found["candidates"][0]["smiles"] == text
        assert found["candidates"][0]["consistency"] > 0.99
    assert "the ten best by" in run(*words, "--gfn2").stdout
    (checkpoint / "calibration.json").unlink()


def test_more_peaks_than_atoms_are_refused(run, checkpoint, tmp_path):
    words = ("--checkpoint", checkpoint, "--formula", "C2H6O")
    four = run(jcamp(tmp_path / "a.jdx"), *words, "--carbon", "10,20,30,40")
    assert "4 13C shifts for C2H6O, which has 2 such atoms" in str(four.exception)
    water = run("--checkpoint", checkpoint, "--formula", "H2O", "--carbon", "10")
    assert "1 13C shifts for H2O, which has 0 such atoms" in str(water.exception)


def test_a_calibration_holds_for_its_search_alone(run, checkpoint, tmp_path):
    words = (jcamp(tmp_path / "a.jdx"), "--checkpoint", checkpoint, "--formula", "C2H6O", "--json")
    calibrated(checkpoint, 0.2)
    wide = json.loads(run(*words, "--width", 61).stdout)
    assert wide["verdict"] == "not calibrated"
    assert "for a beam of 60 and 100 compared candidates, not for 61 and 100" in wide["reason"]
    other = replace(
        load_calibration(checkpoint / "calibration.json"), model="model 0123456789abcdef"
    )
    save_calibration(checkpoint / "calibration.json", other)
    found = run(*words)
    assert isinstance(found.exception, InputError)
    assert "made for another model" in str(found.exception)
    (checkpoint / "calibration.json").unlink()


def test_candidates_of_a_library_have_no_confidence(run, checkpoint, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    calibrated(checkpoint, 0.2)
    words = (jcamp(tmp_path / "a.jdx"), "--checkpoint", checkpoint, "--formula", "C2H6O")
    asked = ("--width", 60, "--library", CHECKOUT / "docs/data/symmetry-rich", "--json")
    found = json.loads(run(*words, *asked).stdout)
    assert found["verdict"] == "not calibrated"
    assert "not for those of a library" in found["reason"]
    assert {c["smiles"]: c["origin"] for c in found["candidates"]}.keys() == {"CCO", "COC"}
    assert {c["origin"] for c in found["candidates"]} <= {"library", "both"}
    (checkpoint / "calibration.json").unlink()


def test_shifts_alone_are_enough(run, checkpoint):
    words = ("--checkpoint", checkpoint, "--formula", "C2H6O", "--width", 60)
    found = json.loads(run(*words, "--carbon", "58.0,18.2", "--json").stdout)
    assert found["spectra"] == []
    assert {each["formula"] for each in found["candidates"]} == {"C2H6O"}
    assert "CCO" in run(*words, "--carbon", "58.0,18.2").stdout
    assert "nothing to elucidate" in str(run(*words).exception)


def test_what_a_checkpoint_has_not_learnt_is_refused(run, checkpoint, tmp_path):
    from spektron.ml.inverse.models import load_inverse, save_inverse

    model, _ = load_inverse(checkpoint / "model.safetensors")
    about = {"settings": {"modalities": ["13C", "1H", "formula"]}}
    save_inverse(tmp_path / "model.safetensors", model, about)
    found = run(jcamp(tmp_path / "a.jdx"), "--checkpoint", tmp_path, "--carbon", "58.0")
    assert isinstance(found.exception, InputError)
    assert "has learnt 13C, 1H, formula, not ir; leave it out" in str(found.exception)


def test_the_kind_of_a_jcamp_file_is_checked(run, tmp_path):
    found = run(jcamp(tmp_path / "a.jdx"), "--kind", "raman")
    assert "of kind ir, not raman" in str(found.exception)


def test_shifts_are_predicted_and_compared(run, checkpoint, tmp_path):
    """By the shipped network, with a calibration that looks at shifts."""
    pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")
    network = name_of(find_checkpoint("spektron-shifts-dft8k"))
    calibrated(checkpoint, 0.2, shifts=network)
    shown = ("--checkpoint", checkpoint, "--formula", "C2H6O", "--width", 60, "--json")
    words = (jcamp(tmp_path / "a.jdx"), *shown)
    ether = json.loads(run(*words, "--carbon", "60.1").stdout)
    assert ether["shift_predictor"] == network
    assert {each["smiles"] for each in ether["candidates"]} == {"CCO", "COC"}
    assert ether["candidates"][0]["smiles"] == "COC"
    assert ether["candidates"][0]["carbon"] < 4 < ether["candidates"][1]["carbon"]
    alcohol = json.loads(run(*words, "--carbon", "58.0,18.2", "--proton", "3.7,1.2,1.0").stdout)
    assert alcohol["candidates"][0]["smiles"] == "CCO"
    assert all(each["proton"] > 0 for each in alcohol["candidates"])
    probable = [each["probability"] for each in alcohol["candidates"]]
    assert probable == sorted(probable, reverse=True)
    assert sum(probable) == pytest.approx(1)
    text = run(*words[:-1], "--carbon", "58.0,18.2").stdout
    assert "13C ppm" in text
    plain = json.loads(run(*words).stdout)
    assert plain["candidates"][0]["carbon"] is None
    wrong = run(*words, "--peaks", "spektron-forward-grid-built")
    assert "predicts spectra, not NMR shifts" in str(wrong.exception)
    (checkpoint / "calibration.json").unlink()


def test_a_calibration_brings_its_forward_model(run, checkpoint, tmp_path):
    pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")
    words = (
        jcamp(tmp_path / "a.jdx"), "--checkpoint", checkpoint, "--formula", "C2H6O",
        "--width", 60, "--json",
    )  # fmt: skip
    shipped = name_of(find_checkpoint("spektron-forward-grid-built"))
    assert shipped.startswith("spektron-forward-grid-built ")
    calibrated(checkpoint, 0.2, shipped)
    found = json.loads(run(*words).stdout)
    assert found["predictor"] == shipped
    assert found["verdict"] == "answer"
    again = json.loads(run(*words, "--forward", "spektron-forward-grid-built").stdout)
    assert again["candidates"] == found["candidates"]
    # One of another version, or none that is shipped, is not taken for it.
    for other in ("spektron-forward-grid-built 0123456789abcdef", "model 0123456789abcdef"):
        calibrated(checkpoint, 0.2, other)
        none = json.loads(run(*words).stdout)
        assert none["predictor"] is None
        assert none["verdict"] == "not calibrated"
        assert none["reason"].startswith(f"its calibration is for {other}, not for nothing")
    (checkpoint / "calibration.json").unlink()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--formula", "C6H6Si"), "Si, which this model has not learnt"),
        (("--formula", "C2H7"), "odd number of electrons"),
        (("--library", "x.parquet"), "--library needs --formula"),
        (("--carbon", "900"), "13C shift 900 ppm"),
    ],
)
def test_what_the_model_cannot_answer(run, checkpoint, tmp_path, words, message, capsys):
    found = run(jcamp(tmp_path / "a.jdx"), "--checkpoint", checkpoint, *words)
    assert isinstance(found.exception, InputError)
    assert message in str(found.exception)
    assert _explain(found.exception) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_wrong_checkpoint_is_named(run, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    spectrum = jcamp(tmp_path / "a.jdx")
    assert "no such checkpoint" in str(run(spectrum, "--checkpoint", "nowhere").exception)
    other = run(spectrum, "--checkpoint", "spektron-small")
    assert "holds model, not inverse" in str(other.exception)


def test_the_page_trains_and_answers(tmp_path, monkeypatch, capsys):
    """The block of the page that needs torch; the others are run with all pages."""
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    text = (CHECKOUT / "docs" / "elucidate.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python3\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "docs").symlink_to(CHECKOUT / "docs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/elucidate.md", "exec"), {})
    printed = capsys.readouterr().out.strip()
    assert f"It prints `{printed}`." in text
