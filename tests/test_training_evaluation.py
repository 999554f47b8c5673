"""Figures of a pretrained model: what they are counted from, and who wins a tie."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from spektron.ml.training import evaluation  # noqa: E402
from spektron.ml.training.evaluation import recall_across, reconstruction, some  # noqa: E402

N = 12


class Sorted:
    """Five thousand spectra of two kinds, one kind after the other."""

    kinds = np.repeat([0.0, 1.0], [4500, 500])

    def clean(self, rows):
        return np.repeat(self.kinds[rows][:, None, None], 8, axis=2).astype(np.float32)

    def measured(self, rows, instruments, draws):
        return self.clean(rows)


@pytest.fixture
def seen_as(monkeypatch):
    """Retrieval vectors that are given, one set for each instrument."""

    def put(*vectors):
        left = list(vectors)
        monkeypatch.setattr(evaluation, "latents", lambda *_, **__: (np.array(left.pop(0)), None))
        return recall_across(None, Sorted(), np.arange(N), object(), object())

    return put


def test_a_model_that_says_the_same_of_all_finds_nothing(seen_as):
    assert seen_as(np.ones((N, 3)), np.ones((N, 3))) == 0


def test_what_is_found_again_is_counted(seen_as):
    own = np.eye(N)
    assert seen_as(own, own) == 1
    assert seen_as(own, np.roll(own, 1, axis=0)) == 0
    half = own.copy()
    half[: N // 2] = np.roll(own[: N // 2], 1, axis=0)
    assert seen_as(own, half) == 0.5


def test_the_mean_spectrum_is_that_of_all_kinds(monkeypatch):
    """The set is sorted; its first 4,096 samples are of one kind."""
    model = SimpleNamespace(config=SimpleNamespace(tokens=4, stride=2))
    monkeypatch.setattr(evaluation, "_reconstructed", lambda model, spectra, hidden: spectra + 1)
    train = np.arange(5000)
    found = reconstruction(model, Sorted(), train[-8:], train)
    assert found.model == pytest.approx(1)
    # Zeros are 90 % of the samples: the mean is 0.1, and all that is asked is 1.
    assert found.mean == pytest.approx(0.9**2, rel=0.02)
    assert found.linear == 0


def test_some_are_drawn_from_everywhere():
    rows = some(np.arange(10_000, 30_000), 2000)
    assert len(set(rows.tolist())) == 2000
    assert (np.diff(rows) > 0).all()
    assert abs(rows.mean() - 20_000) < 500
    np.testing.assert_array_equal(rows, some(np.arange(10_000, 30_000), 2000))
