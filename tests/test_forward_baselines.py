"""Baselines of the forward models against slow twins, and what is measured of predictions."""

import numpy as np
import pytest
from spektron.ml.broadening import Axis
from spektron.ml.errors import SpectraError
from spektron.ml.forward import (
    best_ridge,
    cosine,
    fingerprints,
    fit_ridge,
    mean_spectrum,
    nearest_spectra,
)
from spektron.ml.forward.baselines import tanimoto, unit

SMILES = ["CCO", "CCN", "c1ccccc1", "CC(=O)O", "CCCO", "c1ccncc1", "CC#N", "OCCO"]


@pytest.fixture(scope="module")
def curves():
    return np.random.default_rng(0).random((len(SMILES), 2, 12))


def test_cosine_is_that_of_the_definition(curves):
    slow = [
        [sum(a * b) / (sum(a * a) ** 0.5 * sum(b * b) ** 0.5) for a, b in zip(p, t, strict=True)]
        for p, t in zip(curves, curves[::-1], strict=True)
    ]
    np.testing.assert_allclose(cosine(curves, curves[::-1]), slow)
    np.testing.assert_allclose(cosine(3.7 * curves, curves), 1)


def test_cosine_without_a_true_spectrum_has_no_value(curves):
    truth = curves.copy()
    truth[2, 0] = 0
    found = cosine(curves, truth)
    assert np.isnan(found[2, 0])
    assert np.isfinite(found).sum() == found.size - 1
    assert cosine(np.zeros((1, 4)), np.ones((1, 4)))[0] == 0


def test_tanimoto_agrees_with_rdkit():
    from rdkit import Chem, DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    bits = [generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in SMILES]
    expected = [DataStructs.BulkTanimotoSimilarity(one, bits) for one in bits]
    found = fingerprints(SMILES)
    np.testing.assert_allclose(tanimoto(found, found), expected)


def test_the_nearest_neighbour_of_a_known_molecule_is_itself(curves):
    found = fingerprints(SMILES)
    np.testing.assert_array_equal(nearest_spectra(found, curves, found), curves)
    other = nearest_spectra(found, curves, fingerprints(["CCCCO"]))
    np.testing.assert_array_equal(other[0], curves[SMILES.index("CCCO")])


@pytest.mark.parametrize("penalty", [0.3, 20.0])
def test_ridge_agrees_with_scikit_learn(curves, penalty):
    linear = pytest.importorskip("sklearn.linear_model")
    known, asked = fingerprints(SMILES, bits=64), fingerprints(["CCCN", "c1ccc(O)cc1"], bits=64)
    twin = linear.Ridge(alpha=penalty).fit(known, unit(curves).reshape(len(curves), -1))
    expected = np.maximum(twin.predict(asked), 0).reshape(2, 2, -1)
    np.testing.assert_allclose(fit_ridge(known, curves, penalty).predict(asked), expected)


def test_the_penalty_is_chosen_on_other_molecules(curves):
    known, valid = fingerprints(SMILES, bits=64), fingerprints(["CCCN", "CCC"], bits=64)
    truth = curves[:2]
    best = best_ridge(known, curves, valid, truth, (0.1, 10.0, 1000.0))
    scores = {
        penalty: cosine(fit_ridge(known, curves, penalty).predict(valid), truth).mean()
        for penalty in (0.1, 10.0, 1000.0)
    }
    assert best.penalty == max(scores, key=scores.get)
    assert len(set(scores.values())) == 3


def test_the_mean_spectrum_weighs_molecules_alike(curves):
    louder = curves * np.arange(1, len(curves) + 1)[:, None, None]
    np.testing.assert_allclose(mean_spectrum(louder), mean_spectrum(curves))


@pytest.mark.parametrize("smiles", ["", "C(", "xyz"])
def test_smiles_without_a_fingerprint_are_named(smiles):
    with pytest.raises(SpectraError, match="of molecule 1 gives no fingerprint"):
        fingerprints(["C", smiles])


def test_a_penalty_of_nothing_is_refused(curves):
    with pytest.raises(SpectraError, match="more than 0"):
        fit_ridge(fingerprints(SMILES), curves, 0.0)


# ---- forbidden intensity and learning curves ----


@pytest.fixture(scope="module")
def evaluation():
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")
    from spektron.ml.forward import evaluation

    return evaluation


def test_forbidden_intensity_is_the_share_of_the_area_there(evaluation):
    axis = Axis(0, 1000, 1001)
    x = axis.wavenumbers
    curve = np.where(np.abs(x - 300) <= 10, 1.0, 0.0) + np.where(np.abs(x - 700) <= 10, 3.0, 0.0)
    share = evaluation.forbidden_share
    assert share(curve, axis, [700], [300], fwhm=20) == pytest.approx(0.25)
    # A forbidden line beside an allowed one, or outside the axis, says nothing.
    assert np.isnan(share(curve, axis, [320], [300, 2000], fwhm=20))
    assert share(curve, axis, [700], [300, 305, 720], fwhm=20) == pytest.approx(0.25)
    assert np.isnan(share(np.zeros(1001), axis, [700], [300], fwhm=20))
