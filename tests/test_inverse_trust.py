"""What is known of a molecule, consistency, calibration, look-up: identities and slow twins."""

import json
from dataclasses import replace

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
    evidence_of,
    library_of,
    load_calibration,
    make_inputs,
    match,
    peak_distance,
    reliability,
    save_calibration,
    similarity,
    table_predictor,
)
from spektron.ml.inverse.confidence import GROUNDS, grounds_of
from spektron.ml.inverse.consistency import Evidence, widened, without_baseline
from spektron.ml.inverse.formulas import Formula
from spektron.ml.inverse.inputs import drop, joined_inputs, marks, merged, with_formula
from spektron.ml.inverse.predictors import FWHM
from spektron.ml.inverse.shapes import quick_geometries
from spektron.ml.model.errors import CheckpointError
from spektron.ml.table import Ragged, sticks_table
from spektron.pointgroup import detect
from spektron.pointgroup.errors import InputError, SmilesError
from spektron.vibration.errors import MissingPackage

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
    found = widened(narrow, fine.step)
    wanted = without_baseline(wide)
    np.testing.assert_allclose(found, wanted, atol=0.02 * wide.max())
    same = widened(wide, fine.step, observed=FWHM)
    np.testing.assert_array_equal(same, wanted)


def seen(spectra, peaks=None):
    return Evidence(np.asarray(spectra, dtype=float), AXIS, peaks or {})


def test_the_own_spectrum_fits_best():
    predictor = table_predictor(TABLE)
    (own,) = predictor.curves("CC=O", AXIS)
    values = {
        text: match(text, seen(own), predictor).consistency for text in ("CCO", "COC", "CC=O")
    }
    assert values["CC=O"] == pytest.approx(1)
    assert max(values, key=values.get) == "CC=O"
    one = match("CC=O", seen(np.stack([np.full(AXIS.points, np.nan), own[1]])), predictor)
    assert np.isnan(one.ir)
    assert one.consistency == one.raman == pytest.approx(1)


def test_only_the_measured_range_is_compared():
    """Whatever a candidate predicts where nothing was measured."""
    predictor = table_predictor(TABLE)
    (own,) = predictor.curves("CC=O", AXIS)
    part = np.array(own)
    part[:, AXIS.wavenumbers < 2000] = np.nan
    found = match("CC=O", seen(part), predictor)
    assert (found.ir, found.raman) == pytest.approx((1, 1))
    zeros = match("CC=O", seen(np.nan_to_num(part)), predictor)
    assert zeros.consistency < 0.9


def test_the_evidence_of_a_sample():
    inputs = some_inputs(1)
    axis = Axis(200.0, 3800.0, 64)
    whole = evidence_of(inputs, axis)
    np.testing.assert_allclose(whole.spectra, widened(inputs.spectra[0], axis.step), atol=1e-12)
    assert {n: list(p) for n, p in whole.peaks.items()} == {"13C": [10, 20]}
    measured = np.stack([axis.wavenumbers > 1000, np.zeros(64, dtype=bool)])
    half = evidence_of(inputs.only(["ir", "13C"]), axis, measured)
    assert half.observed.tolist() == [True, False]
    np.testing.assert_array_equal(np.isfinite(half.spectra), measured)
    with pytest.raises(SpectraError, match="2 samples; give one"):
        evidence_of(some_inputs(2), axis)


@pytest.mark.parametrize("low", [200.0, 600.0])
def test_no_baseline_counts_however_much_is_measured(low):
    """Of a whole and of a cropped spectrum, from what was measured to the match."""
    predictor = table_predictor(TABLE)
    lines, strengths = TABLE.strengths(np.array([TABLE.texts["smiles"].index("CC=O")]))
    sharp = broaden_lines(lines, strengths, AXIS, fwhm=10.0)
    measured = np.stack([AXIS.wavenumbers >= low] * 2)
    t = np.linspace(-1, 1, AXIS.points)

    def fits(baseline):
        curves = np.where(measured, sharp + baseline, 0.0).astype(np.float32)
        inputs = make_inputs(curves)
        return match("CC=O", evidence_of(inputs, AXIS, measured), predictor).consistency

    plain = fits(0.0)
    assert plain > 0.97
    for baseline in (0.3, 1.0, 0.5 + 0.5 * t):
        assert fits(baseline * sharp.max()) == pytest.approx(plain, abs=1e-3)


def test_a_missing_prediction_is_said():
    predictor = table_predictor(TABLE)
    found = match("CCCCC", seen(np.ones((2, AXIS.points))), predictor)
    assert np.isnan(found.consistency)
    assert found.missing == "CCCCC is not in the library"
    nothing = match("CCO", seen(np.full((2, AXIS.points), np.nan)), predictor)
    assert np.isnan(nothing.consistency)
    assert not nothing.missing


class Twice:
    """Two configurations."""

    name = "twice"

    def __init__(self, *curves):
        self.made = np.array(curves)

    def curves(self, smiles, axis):
        return self.made

    def peaks(self, smiles):
        return {"13C": np.array([10.0, 20.0])}, {"13C": np.array([12.0, 40.0])}


def test_the_best_configuration_counts():
    curves = [table_predictor(TABLE).curves(text, AXIS)[0] for text in ("CCO", "COC")]
    for own in curves:
        both = Twice(*curves)
        assert match("x", seen(own), both).consistency == pytest.approx(1)
    peaks = seen(np.full((2, AXIS.points), np.nan), {"13C": np.array([12.0, 39.0])})
    assert match("x", peaks, shifts=both).carbon == pytest.approx(0.5)
    assert np.isnan(match("x", peaks, shifts=both).proton)


@given(
    *[st.lists(st.floats(0, 200), min_size=1, max_size=8)] * 2,
    st.floats(-5, 5),
)
def test_the_distance_of_peaks(a, b, step):
    a, b = np.array(a), np.array(b)
    assert peak_distance(a, a[::-1]) == 0
    assert peak_distance(a, b) == pytest.approx(peak_distance(b, a))
    assert peak_distance(a, b) <= np.abs(a[:, None] - b).max() + 1e-9
    one = a[:1]
    assert peak_distance(one, one + step) == pytest.approx(abs(step))
    assert np.isnan(peak_distance(a, []))


def test_a_molecule_without_the_nucleus_fits_worst():
    class Bare(Twice):
        def peaks(self, smiles):
            return ({"13C": np.array([120.0]), "1H": np.array([])},)

    spectra = np.full((2, AXIS.points), np.nan)
    found = match("x", seen(spectra, {"1H": np.array([3.0])}), shifts=Bare())
    assert found.proton > 5
    unknown = match("x", seen(spectra, {"1H": np.array([3.0])}), shifts=Twice())
    assert np.isnan(unknown.proton)


def test_predictions_beyond_their_axis_are_not_compared():
    (own,) = table_predictor(TABLE).curves("CC=O", AXIS)
    part = np.array(own)
    part[:, AXIS.wavenumbers > 3000] = np.nan
    assert match("x", seen(own), Twice(part)).consistency == pytest.approx(1)
    nothing = np.full_like(own, np.nan)
    assert np.isnan(match("x", seen(own), Twice(nothing)).consistency)


def test_a_missing_package_is_no_missing_prediction():
    class Broken(Twice):
        def curves(self, smiles, axis):
            raise MissingPackage("needs tblite")

    with pytest.raises(MissingPackage):
        match("x", seen(np.ones((2, AXIS.points))), Broken())


def test_every_configuration_has_a_geometry():
    """2-butene: trans is C2h and cis C2v; of 2,3-difluorobutane the meso form and one of two."""
    assert {str(detect(m).group) for m in quick_geometries("C(=CF)F")} == {"C2h", "C2v"}
    assert len(quick_geometries("CC(F)C(C)F")) == 2
    assert len(quick_geometries("CC(F)Cl")) == 1
    with pytest.raises(SmilesError, match="no SMILES"):
        quick_geometries("C1CC")
    for text in ("C[O-]", "[CH3]"):
        with pytest.raises(SmilesError, match="an ion or a radical"):
            quick_geometries(text)


def test_gfn2_gives_the_spectrum_of_the_set(symmetry_rich):
    """The predictor, from SMILES, against lines that the set holds of the same level."""
    pytest.importorskip("tblite", reason="tblite is not installed")
    known = table_predictor(symmetry_rich)
    predictor = XtbPredictor()
    for text in ("C=C", "C#C"):
        (computed,), (stored,) = (each.curves(text, AXIS) for each in (predictor, known))
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
        (found,) = library.nearest(curves, AXIS, (True, True))
        assert found[0][0] == text
        assert len({name for name, _ in found}) == len(found) == 7  # CCO is there twice
    two = np.concatenate([predictor.curves(text, AXIS) for text in ("CC=O", "COC")])
    for only in library.nearest(two, AXIS, (True, False), formula=Formula.parse("C2H6O")):
        assert {name for name, _ in only} == {"CCO", "COC"}
    both = library.nearest(two, AXIS, (True, True))
    assert [found[0][0] for found in both] == ["CC=O", "COC"]
    for name, value in both[0]:
        wanted = similarity(two[0], predictor.curves(name, AXIS)[0]).mean()
        assert value == pytest.approx(wanted, abs=0.05)  # the library's lines are narrower
    flat = np.ones((1, 2, 512))
    (none,) = library.nearest(flat, AXIS, (True, True), formula=Formula.parse("C9H20"))
    assert none == []
    with pytest.raises(SpectraError, match="no infrared or Raman"):
        library.nearest(flat, AXIS, (False, False))
    with pytest.raises(SpectraError, match="has a SMILES"):
        library_of(lines_table([""]))


# ---- calibration ----

ALL = np.ones(5, dtype=bool)
WEIGHTS = np.array([0.5, 4.0, 6.0, 1.0, 0.0])
NONE = 3.0


def simulated(n=400, seed=0, weights=WEIGHTS, none=NONE, given=ALL):
    """Molecules whose right candidate is drawn by a softmax with these weights."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(n):
        k = int(rng.integers(1, 7))
        grounds = np.stack([rng.normal(-6, 2, k), *rng.random((2, k)), *-rng.random((2, k)) * 4], 1)
        scores = np.append(grounds @ weights, none)
        chances = np.exp(scores - scores.max())
        right = int(rng.choice(k + 1, p=chances / chances.sum()))
        out.append(Ranked(grounds, given, -1 if right == k else right))
    return out


def first(calibration, ranked):
    """Probability of the first candidate of each, and whether it is right."""
    sure, right = [], []
    for each in ranked:
        scores = calibration.scores(each.grounds)
        sure.append(calibration.probabilities(scores, each.present).max())
        right.append(scores.argmax() == each.right)
    return np.array(sure), np.array(right)


def test_the_weights_are_found_again():
    found = calibrate(simulated(6000))
    np.testing.assert_allclose(found.weights, WEIGHTS, atol=0.5)
    centred = NONE - WEIGHTS @ found.centres
    assert found.none + sum(found.given) == pytest.approx(centred, abs=0.7)
    assert found.samples == 6000


def test_confidence_is_the_share_of_right_answers():
    found = calibrate(simulated(3000))
    sure, right = first(found, simulated(3000, seed=1))
    for part in np.array_split(np.argsort(sure), 4):
        assert sure[part].mean() == pytest.approx(right[part].mean(), abs=0.06)
    answered = sure >= found.threshold
    assert 0.05 < answered.mean() < 0.95
    assert right[answered].mean() > 0.5 > right[~answered].mean()


def test_what_is_given_counts():
    """With and without a formula candidates are right more and less often."""
    less = np.array([True, True, False, False, False])
    ranked = simulated(1500, none=1.0) + simulated(1500, seed=1, none=5.0, given=less)
    found = calibrate(ranked)
    shares = []
    for options in ({"none": 1.0}, {"none": 5.0, "given": less}):
        sure, right = first(found, simulated(1500, seed=2, **options))
        assert sure.mean() == pytest.approx(right.mean(), abs=0.04)
        shares.append(right.mean())
    assert shares[0] > shares[1] + 0.2


@given(st.integers(0, 10_000), st.integers(0, 4), st.floats(0, 5))
def test_no_candidate_loses_by_what_speaks_for_it(seed, ground, more):
    rng = np.random.default_rng(seed)
    found = Calibration(tuple(rng.random(5)), (0.0,) * 5, 0.3, (0.1,) * 5, 0.5, 30)
    grounds = rng.normal(size=(4, 5))
    before = found.probabilities(found.scores(grounds), ALL)
    grounds[2, ground] += more
    after = found.probabilities(found.scores(grounds), ALL)
    assert after[2] >= before[2] - 1e-12
    assert (np.delete(after, 2) <= np.delete(before, 2) + 1e-12).all()
    assert 0 < after.sum() < 1


def test_what_is_not_known_counts_as_usual():
    found = Calibration(
        (1.0, 2.0, 2.0, 1.0, 1.0), (0.0, 0.5, 0.6, -1.0, -2.0), 0.0, (0.0,) * 5, 0.5, 9
    )
    nan = float("nan")
    np.testing.assert_allclose(
        found.scores([[-1, 0.5, 0.6, -1, -2], [-1, nan, nan, nan, nan], [-np.inf, 1, 1, 0, 0]]),
        [-1, -1, -np.inf],
    )
    np.testing.assert_array_equal(
        found.probabilities(found.scores([[-np.inf, 1, 1, 0, 0]]), ALL), [0]
    )
    assert len(found.probabilities(found.scores(np.empty((0, 5))), ALL)) == 0


def test_grounds():
    found = grounds_of(-3.0, 0.5, 0.6, 1.0, 0.3)
    assert found == pytest.approx((-3, -np.log(0.52), -np.log(0.42), -np.log(0.8), -np.log(2.3)))
    perfect = grounds_of(-3.0, 1.0, float("nan"), 0.0, float("nan"))
    assert np.isnan(perfect).tolist() == [False, False, True, False, True]
    assert perfect[1] == pytest.approx(-np.log(0.02))
    assert len(perfect) == len(GROUNDS)


def test_a_misleading_ground_has_no_weight():
    ranked = simulated(400)
    worse = [Ranked(r.grounds * [1, -1, 1, 1, 1], r.present, r.right) for r in ranked]
    assert calibrate(ranked).weights[1] > 2
    assert calibrate(worse).weights[1] == 0
    blind = [Ranked(r.grounds * [1, np.nan, 1, 1, 1], r.present, r.right) for r in ranked]
    assert calibrate(blind).weights[1] == 0


def test_what_cannot_be_written_is_never_the_answer():
    """A molecule of a library that the decoder gives no probability."""
    ranked = simulated(300)
    lost = [Ranked(np.vstack([r.grounds, [-np.inf, 4, 4, 1, 1]]), r.present, len(r.grounds))
            for r in ranked]  # fmt: skip
    found = calibrate([*ranked, *lost[:50]])
    assert max(map(abs, (*found.weights, found.none, *found.given))) < 100


@pytest.mark.parametrize(
    ("ranked", "message"),
    [
        ([], "0 of 0"),
        (simulated(5), "needs 20 samples"),
        ([Ranked(np.array([[-1.0, 0.5, 0.5, 0, 0]]), ALL, 0)] * 30, "30 of 30"),
        ([Ranked(np.empty((0, 5)), ALL)] * 30, "0 of 30"),
    ],
)
def test_calibrations_that_are_impossible(ranked, message):
    with pytest.raises(SpectraError, match=message):
        calibrate(ranked)


def test_a_calibration_that_falls_is_refused():
    fields = {"weights": (1.0,) * 5, "centres": (0.0,) * 5, "none": 0.0, "given": (0.0,) * 5}
    for bad, message in (
        ({"weights": (1.0, -1.0, 0.0, 0.0, 0.0)}, "no negative weight"),
        ({"weights": (1.0,)}, "has 5 weights"),
        ({"given": (0.0,)}, "has 5 weights"),
    ):
        with pytest.raises(SpectraError, match=message):
            Calibration(**fields | bad, threshold=0.5, samples=30)


def test_a_calibration_survives_its_file(tmp_path):
    found = replace(calibrate(simulated()), predictor="a", shifts="b", width=7)
    save_calibration(tmp_path / "c.json", found)
    assert load_calibration(tmp_path / "c.json") == found
    with pytest.raises(CheckpointError, match="no such file"):
        load_calibration(tmp_path / "none.json")
    fields = json.loads((tmp_path / "c.json").read_text())
    for broken in ({**fields, "format": 1}, {**fields, "weights": [1, -1]}, [1]):
        (tmp_path / "c.json").write_text(json.dumps(broken))
        with pytest.raises(CheckpointError, match="calibrate again"):
            load_calibration(tmp_path / "c.json")


# ---- coverage ----


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.7, 0.9]), st.booleans()), min_size=1))
@settings(max_examples=60)
def test_the_coverage_curve_is_counted(answers):
    sure, right = map(np.array, zip(*answers, strict=True))
    curve = coverage_curve(sure, right)
    more = coverage_curve(sure, right, unanswered=len(sure))
    np.testing.assert_allclose(more.coverage, curve.coverage / 2)
    np.testing.assert_allclose(more.hallucination, curve.hallucination / 2)
    np.testing.assert_array_equal(more.risk, curve.risk)
    assert more.at(0.8) == (0.5, more.risk[-1], more.hallucination[-1])
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
