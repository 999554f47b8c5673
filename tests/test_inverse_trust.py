"""What is known of a molecule, consistency, calibration, look-up: identities and slow twins."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spektron.ml.broadening import Axis, broaden_lines
from spektron.ml.errors import SpectraError
from spektron.ml.instruments import generator
from spektron.ml.inverse import (
    Calibration,
    Ranked,
    XtbPredictor,
    calibrate,
    coverage_curve,
    library_of,
    load_calibration,
    make_inputs,
    match,
    reliability,
    save_calibration,
    similarity,
    table_predictor,
)
from spektron.ml.inverse.confidence import lead_of, leads
from spektron.ml.inverse.consistency import FWHM, first_of, widened
from spektron.ml.inverse.formulas import Formula
from spektron.ml.inverse.inputs import drop, joined_inputs, marks, merged, with_formula
from spektron.ml.model.errors import CheckpointError
from spektron.ml.table import Ragged, sticks_table
from spektron.pointgroup.errors import InputError

AXIS = Axis(200.0, 3800.0, 512)


def lines_table(smiles, seed=0):
    rng = np.random.default_rng(seed)
    n = len(smiles)
    waves = [np.sort(rng.uniform(400, 3500, 8)) for _ in range(n)]
    ir, raman = ([rng.exponential(20, 8) for _ in range(n)] for _ in range(2))
    return sticks_table([f"m{k}" for k in range(n)], waves, ir, raman, smiles=smiles)


SMILES = ["CCO", "COC", "OCC", "CC=O", "C1CO1", "CCCO", "CCOC", "CC(C)O"]
TABLE = lines_table(SMILES)


# ---- inputs ----


def some_inputs(n=3):
    rng = np.random.default_rng(1)
    return make_inputs(
        rng.random((n, 2, 64)).astype(np.float32),
        carbon=[[10.0, 20.0]] * n,
        proton=[[1.0]] * (n - 1) + [[]],
        formulas=[Formula.parse("C2H6O")] * (n - 1) + [None],
        elements=("C", "H", "O"),
    )


def test_what_is_there_is_marked():
    inputs = some_inputs()
    assert inputs.present.tolist() == [[True] * 5] * 2 + [[True, True, True, False, False]]
    assert inputs.formula.tolist() == [[2, 6, 1], [2, 6, 1], [0, 0, 0]]
    blank = make_inputs(np.zeros((1, 2, 64), dtype=np.float32))
    assert not blank.present.any()


def test_what_is_left_out_cannot_be_seen():
    inputs = some_inputs()
    only = inputs.only(["raman", "1H"])
    assert not only.spectra[:, 0].any()
    np.testing.assert_array_equal(only.spectra[:, 1], inputs.spectra[:, 1])
    assert np.isnan(only.carbon).all()
    assert not only.formula.any()
    assert only.present[2].tolist() == [False, True, False, False, False]
    again = only.keep(np.ones_like(inputs.present))
    np.testing.assert_array_equal(again.present, only.present)
    with pytest.raises(SpectraError, match="modality 'uv'"):
        inputs.only(["uv"])


def test_samples_are_joined_and_taken():
    a, b = some_inputs(), some_inputs(2).only(["ir"])
    both = joined_inputs([a, b])
    assert len(both) == 5
    np.testing.assert_array_equal(both.take([3, 4]).spectra, b.spectra)
    known = with_formula(b, [Formula.parse("CH4")] * 2, ("C", "H", "O"))
    assert known.formula.tolist() == [[1, 4, 0]] * 2
    assert known.present[:, 4].all()


@given(st.lists(st.floats(-19, 259), max_size=12))
def test_peaks_are_apart_and_lose_nothing(shifts):
    peaks = merged(shifts, "13C")
    assert (np.diff(peaks) > 0.0999).all()
    assert all(np.abs(peaks - shift).min() <= 0.1 * len(shifts) for shift in shifts)


@pytest.mark.parametrize("shifts", [[300.0], [float("nan")], [-50.0]])
def test_shifts_out_of_range(shifts):
    with pytest.raises(SpectraError, match="ppm from tetramethylsilane"):
        merged(shifts, "13C")


@given(st.lists(st.booleans(), min_size=5, max_size=5), st.integers(0, 1000))
def test_something_spectral_always_stays(available, seed):
    there = np.array(available)
    kept = drop(there, generator(seed), missing=0.9, no_formula=0.5)
    assert not (kept & ~there).any()
    assert kept[:4].any() == there[:4].any()


def test_modalities_are_left_out_as_often_as_asked():
    draws = [
        drop(np.ones(5, dtype=bool), generator(k), missing=0.3, no_formula=0.6) for k in range(2000)
    ]
    shares = np.mean(draws, axis=0)
    # One of four that would all be missing (0.3⁴) comes back.
    expected = [0.7 + 0.3**4 / 4] * 4 + [0.4]
    np.testing.assert_allclose(shares, expected, atol=4 * np.sqrt(0.25 / 2000))


def test_marks():
    assert marks(["1H"]).tolist() == [False, False, False, True, False]
    with pytest.raises(SpectraError, match="give one each"):
        make_inputs(np.zeros((2, 2, 8), dtype=np.float32)).__class__(
            np.zeros((2, 2, 8), dtype=np.float32), *(np.zeros((1, 1)),) * 3, np.zeros((2, 5), bool)
        )


# ---- consistency ----


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4), st.floats(0.01, 100))
def test_baselines_and_scale_do_not_count(coefficients, scale):
    source = np.random.default_rng(0).random((2, AXIS.points)) ** 8
    t = np.linspace(-1, 1, AXIS.points)
    drifted = scale * source[0] + np.polynomial.polynomial.polyval(t, coefficients)
    expected = similarity(source[0], source[1])
    np.testing.assert_allclose(similarity(drifted, source[1]), expected, atol=1e-9)
    np.testing.assert_allclose(similarity(drifted, source[0]), 1.0, atol=1e-9)


def test_similarity_is_a_cosine():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 5, 100))
    found = similarity(a, b)
    t = np.linspace(-1, 1, 100)
    for k in range(5):  # the residual of a cubic fit is what is left
        x, y = (c[k] - np.polyval(np.polyfit(t, c[k], 3), t) for c in (a, b))
        assert found[k] == pytest.approx(x @ y / np.sqrt((x @ x) * (y @ y)))
    assert similarity(np.ones(50), rng.random(50)) == 0


def test_widths_of_lorentzians_add():
    lines, strengths = Ragged.of([[1500.0, 1700.0]]), np.array([[1, 2], [3, 1]], dtype="f4")
    fine = Axis(200.0, 3800.0, 3601)
    narrow, wide = (broaden_lines(lines, strengths, fine, fwhm=w)[0] for w in (10.0, FWHM))
    found = widened(narrow, fine)
    np.testing.assert_allclose(found, wide, atol=2e-3 * wide.max())
    np.testing.assert_array_equal(widened(wide, fine, observed=FWHM), wide)


def test_the_own_spectrum_fits_best():
    predictor = table_predictor(TABLE)
    observed = widened(predictor.curves("CC=O", AXIS), AXIS, observed=FWHM)
    values = {
        text: match(predictor, text, observed, AXIS, (True, True)).value
        for text in ("CCO", "COC", "CC=O")
    }
    assert values["CC=O"] == pytest.approx(1)
    assert max(values, key=values.get) == "CC=O"
    one = match(predictor, "CC=O", observed * [[0], [1]], AXIS, (False, True))
    assert np.isnan(one.ir)
    assert one.value == one.raman == pytest.approx(1)


def test_a_missing_prediction_is_said():
    predictor = table_predictor(TABLE)
    found = match(predictor, "CCCCC", np.zeros((2, AXIS.points)), AXIS, (True, True))
    assert np.isnan(found.value)
    assert found.missing == "CCCCC is not in the library"
    nothing = match(predictor, "CCO", np.zeros((2, AXIS.points)), AXIS, (False, False))
    assert "no infrared or Raman" in nothing.missing
    with pytest.raises(InputError):
        first_of(predictor, predictor).curves("CCCCC", AXIS)
    assert first_of(predictor, predictor).name == "spectra of the library, else " + predictor.name


def test_gfn2_gives_the_spectrum_of_the_set(symmetry_rich):
    """The predictor, from SMILES, against lines that the set holds of the same level."""
    pytest.importorskip("tblite", reason="tblite is not installed")
    known = table_predictor(symmetry_rich)
    predictor = XtbPredictor()
    for text in ("C=C", "C#C"):
        computed, stored = (each.curves(text, AXIS) for each in (predictor, known))
        assert (similarity(computed, stored) > 0.999).all()
        np.testing.assert_allclose(computed, stored, atol=0.02 * stored.max())
    with pytest.raises(InputError):
        predictor.curves("C1CC", AXIS)


# ---- library ----


def test_the_library_knows_its_molecules():
    library = library_of(TABLE)
    assert set(library.candidates(Formula.parse("C2H6O"))) == {"CCO", "COC"}
    assert library.candidates(Formula.parse("C9H20")) == ()
    predictor = table_predictor(TABLE)
    for text in ("CCO", "COC", "CC=O", "CC(C)O"):
        curves = predictor.curves(text, AXIS)
        (found,) = library.nearest(curves[None], AXIS, (True, True))
        assert found[0][0] == text
        assert len({name for name, _ in found}) == len(found) == 7  # CCO is there twice
    two = np.stack([predictor.curves(text, AXIS) for text in ("CC=O", "COC")])
    for only in library.nearest(two, AXIS, (True, False), formula=Formula.parse("C2H6O")):
        assert {name for name, _ in only} == {"CCO", "COC"}
    both = library.nearest(two, AXIS, (True, True))
    assert [found[0][0] for found in both] == ["CC=O", "COC"]
    for name, value in both[0]:
        wanted = similarity(two[0], predictor.curves(name, AXIS)).mean()
        assert value == pytest.approx(wanted, abs=0.05)  # the library's lines are narrower
    flat = np.ones((1, 2, 512))
    (none,) = library.nearest(flat, AXIS, (True, True), formula=Formula.parse("C9H20"))
    assert none == []
    with pytest.raises(SpectraError, match="no infrared or Raman"):
        library.nearest(flat, AXIS, (False, False))
    with pytest.raises(SpectraError, match="has a SMILES"):
        library_of(lines_table([""]))


# ---- calibration ----


def simulated(n=400, seed=0, informative=True):
    """First candidates that are right with a probability that the consistency tells."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        consistency = rng.random(4)
        logs = np.sort(rng.normal(-2, 1, 4))[::-1]
        chance = consistency[0] if informative else 0.5
        out.append(Ranked(logs, consistency, 0 if rng.random() < chance else -1))
    return out


def test_confidence_never_falls():
    for isotonic in (False, True):
        found = calibrate(simulated(), isotonic=isotonic)
        grid = np.linspace(0, 1, 41)
        lead = np.linspace(0, 10, 41)
        table = found.confidence(lead[:, None], grid[None])
        assert (np.diff(table, axis=0) >= 0).all()
        assert (np.diff(table, axis=1) >= 0).all()
        assert 0 < table.min() <= table.max() < 1


def test_confidence_is_the_share_of_right_answers():
    found = calibrate(simulated(2000), predictor="x")
    fresh = simulated(2000, seed=1)
    lead, consistency, right = leads(fresh, found.weight)
    sure = found.confidence(lead, consistency)
    low, high = sure < np.median(sure), sure >= np.median(sure)
    for part in (low, high):
        assert sure[part].mean() == pytest.approx(right[part].mean(), abs=0.06)
    assert right[high].mean() > right[low].mean() + 0.1
    assert found.predictor == "x"


def test_an_answer_is_more_likely_right_than_wrong():
    found = calibrate(simulated(2000))
    fresh = simulated(2000, seed=1)
    lead, consistency, right = leads(fresh, found.weight)
    answered = found.confidence(lead, consistency) >= found.threshold
    assert 0.05 < answered.mean() < 0.95
    assert right[answered].mean() > 0.5 > right[~answered].mean()


def test_consistency_ranks_where_it_helps():
    """The true candidate is the less likely one, with the better spectrum."""
    rng = np.random.default_rng(0)
    ranked = [
        Ranked(np.array([-1.0, -2.0]), np.array([0.3, 0.9]), int(rng.random() < 0.9))
        for _ in range(100)
    ]
    assert calibrate(ranked).weight > 1 / 0.6
    blind = [Ranked(r.log_probability, np.full(2, np.nan), r.right) for r in ranked]
    assert calibrate(blind).weight == 0


def test_a_misleading_feature_is_left_out():
    ranked = simulated(300, informative=False)
    worse = [Ranked(r.log_probability, 1 - r.consistency, r.right) for r in simulated(300)]
    assert min(calibrate(ranked).slopes) >= 0
    assert calibrate(worse).slopes[1] == 0


@pytest.mark.parametrize(
    ("ranked", "message"),
    [
        ([], "0 of 0"),
        (simulated(5), "needs 20 molecules"),
        ([Ranked(np.array([-1.0]), np.array([0.5]), 0)] * 30, "30 of 30"),
        ([Ranked(np.empty(0), np.empty(0))] * 30, "0 of 30"),
    ],
)
def test_calibrations_that_are_impossible(ranked, message):
    with pytest.raises(SpectraError, match=message):
        calibrate(ranked)


def test_a_falling_confidence_is_refused():
    for bad in ({"slopes": (-1.0, 0.0)}, {"steps": ((0.1, 0.5), (0.2, 0.4))}, {"weight": -1.0}):
        fields = {"weight": 0.0, "offset": 0.0, "slopes": (1.0, 1.0), "steps": ()} | bad
        with pytest.raises(SpectraError, match="must not fall"):
            Calibration(**fields, threshold=0.5, molecules=30)


def test_a_calibration_survives_its_file(tmp_path):
    found = calibrate(simulated(), isotonic=True)
    save_calibration(tmp_path / "c.json", found)
    assert load_calibration(tmp_path / "c.json") == found
    with pytest.raises(CheckpointError, match="no such file"):
        load_calibration(tmp_path / "none.json")
    fields = json.loads((tmp_path / "c.json").read_text())
    for broken in ({**fields, "format": 9}, {**fields, "slopes": [1, -1]}, [1]):
        (tmp_path / "c.json").write_text(json.dumps(broken))
        with pytest.raises(CheckpointError, match="calibrate again"):
            load_calibration(tmp_path / "c.json")


def test_leads():
    assert lead_of([-np.inf, -np.inf]) == lead_of([-np.inf]) == 0
    assert lead_of([]) == lead_of([-3.0]) == lead_of([0.0, -np.inf]) == 10
    lead, consistency, right = leads(
        [
            Ranked(np.array([-1.0, -1.5]), np.array([np.nan, 0.4]), 1),
            Ranked(np.empty(0), np.empty(0)),
        ],
        2.0,
    )
    np.testing.assert_allclose(lead, [0.3, 0.0])
    np.testing.assert_allclose(consistency, [0.4, 0.0])
    assert right.tolist() == [True, False]


# ---- coverage ----


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.7, 0.9]), st.booleans()), min_size=1))
@settings(max_examples=60)
def test_the_coverage_curve_is_counted(answers):
    sure, right = map(np.array, zip(*answers, strict=True))
    curve = coverage_curve(sure, right)
    for coverage, risk, wrong, least in zip(
        curve.coverage, curve.risk, curve.hallucination, curve.threshold, strict=True
    ):
        kept = sure >= least
        assert coverage == pytest.approx(kept.mean())
        assert risk == pytest.approx((~right)[kept].mean())
        assert wrong == pytest.approx(((~right) & kept).mean())
    assert curve.coverage[-1] == 1


def test_reliability_of_a_coin():
    coin = reliability(np.full(1000, 0.5), np.arange(1000) % 2 == 0)
    assert coin == pytest.approx({"brier": 0.25, "calibration error": 0.0})
    sure = reliability(np.ones(10), np.zeros(10, dtype=bool))
    assert sure == pytest.approx({"brier": 1.0, "calibration error": 1.0})
    with pytest.raises(SpectraError, match="give one each"):
        coverage_curve([0.5], [True, False])
