"""Two methods with a weight found inside the transfer samples."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spektron.ml.adaptation.stacked import Stacked, best_weight, without
from spektron.ml.errors import ProtocolError
from spektron.ml.transfer import RAW, Labelled, Pairs
from spektron.ml.transfer.view import Problem

ERRORS = arrays(float, 6, elements=st.floats(-10, 10).map(lambda v: round(v, 3)))


@dataclass(frozen=True)
class Constant:
    """Predicts one number, and remembers on what it was fitted."""

    value: float

    def fit(self, master, transfer, target_unlabelled=None):
        return self

    def predict(self, spectra):
        return np.full(len(np.atleast_2d(spectra)), self.value)


def problem(k=6):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 5))
    master = Labelled(rows, rng.normal(size=12))
    return master, Pairs.of(master, [1, 4, 5, 8, 9, 11][:k], rows[:k] + 0.1)


@given(ERRORS, ERRORS, st.floats(0, 5))
def test_no_other_weight_is_better(first, second, caution):
    found = best_weight(first, second, caution=caution)
    size = ((second - first) ** 2).sum()

    def loss(w):
        return ((w * first + (1 - w) * second) ** 2).sum() + caution * size * (w - 0.5) ** 2

    assert 0 <= found <= 1
    best = min(loss(w) for w in np.linspace(0, 1, 101))
    assert loss(found) <= best + 1e-9 * (1 + best)


def test_a_perfect_method_gets_all_the_weight():
    master, pairs = problem()
    exact = Pairs(pairs.master, pairs.target, np.full(6, 2.0), pairs.members)
    stacked = Stacked(Constant(2.0), Constant(5.0), caution=0.0)
    assert stacked.weight(master, exact) == 1.0
    assert stacked.fit(master, exact).predict(np.zeros((3, 5))).tolist() == [2.0] * 3


def test_equal_weights():
    master, pairs = problem()
    mean = Stacked(Constant(1.0), Constant(4.0), folds=0).fit(master, pairs)
    assert mean.predict(np.zeros((2, 5))).tolist() == [2.5, 2.5]


def test_what_is_left_out_is_out_on_both_instruments():
    """The same rows as the inner validation of the classical methods leaves."""
    master, pairs = problem()
    for first in range(3):
        out = np.arange(first, 6, 3)
        rest, kept = without(master, pairs, out)
        view = Problem(master, pairs).view(RAW).without_pairs(out)
        assert np.allclose(view.master @ view.basis.T, rest.spectra)
        assert np.allclose(view.target @ view.basis.T, kept.target)
        assert rest.values.tolist() == view.values.tolist()
        assert kept.values.tolist() == view.labels.tolist()
        assert kept.members.tolist() == view.members.tolist()
        assert not set(master.spectra[pairs.members[out], 0]) & set(rest.spectra[:, 0])


def test_too_few_transfer_samples():
    master, pairs = problem(k=2)
    with pytest.raises(ProtocolError, match="2 transfer samples in 3 groups"):
        Stacked(Constant(1.0), Constant(2.0)).fit(master, pairs)
