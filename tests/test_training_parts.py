"""Losses, schedules and batches against closed forms and slow twins."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from spektron.ml.broadening import Axis  # noqa: E402
from spektron.ml.errors import SpectraError  # noqa: E402
from spektron.ml.instruments import InstrumentDistribution, draw_instruments, generator  # noqa: E402
from spektron.ml.model.heads import Latent  # noqa: E402
from spektron.ml.model.spektron import Spektron  # noqa: E402
from spektron.ml.table import sticks_table  # noqa: E402
from spektron.ml.training.config import DataConfig, PretrainConfig  # noqa: E402
from spektron.ml.training.evaluation import across  # noqa: E402
from spektron.ml.training.finetuning import macro_f1  # noqa: E402
from spektron.ml.training.losses import (  # noqa: E402
    divergence,
    hidden_error,
    info_nce,
    instrument_halves,
    sinkhorn_divergence,
    spread_between,
)
from spektron.ml.training.pretraining import Pretraining  # noqa: E402
from spektron.ml.training.reading import joined, read_data  # noqa: E402
from spektron.ml.training.schedule import cosine_rate, ramp  # noqa: E402
from spektron.ml.training.sources import (  # noqa: E402
    CurveSource,
    TableSource,
    hidden_tokens,
    rows_of_step,
    two_views,
)

# Losses


def test_error_of_the_mean_spectrum_is_one():
    target = torch.rand(6, 2, 20)
    target[2, 1] = 0  # a blank channel does not count
    hidden = torch.zeros(6, 20, dtype=torch.bool)
    hidden[:, 4:9] = True
    mean = target.mean(dim=0).expand_as(target)
    assert float(hidden_error(mean, target, hidden)) == pytest.approx(1.0)
    elsewhere = target.clone()
    elsewhere[:, :, :4] = 7
    elsewhere[2, 1] = 3
    assert float(hidden_error(elsewhere, target, hidden)) == 0


def test_divergence_is_the_integral():
    """∫ q ln(q/p) on a grid."""
    mean, log_variance = torch.tensor([[0.7, -1.2]]), torch.tensor([[-1.0, 0.4]])
    x = np.linspace(-15, 15, 200_001)
    wanted = 0.0
    for m, v in zip(mean[0].tolist(), log_variance.exp()[0].tolist(), strict=True):
        log_q = -((x - m) ** 2) / (2 * v) - 0.5 * math.log(2 * math.pi * v)
        log_p = -(x**2) / 2 - 0.5 * math.log(2 * math.pi)
        wanted += np.trapezoid(np.exp(log_q) * (log_q - log_p), x)
    assert float(divergence(Latent(mean, log_variance, mean))) == pytest.approx(wanted, rel=1e-5)
    zero = torch.zeros(3, 4)
    assert float(divergence(Latent(zero, zero, zero))) == 0


def test_contrast_by_loops():
    a, b = (torch.nn.functional.normalize(torch.randn(5, 3), dim=1) for _ in range(2))
    scale, total = 4.0, 0.0
    for x, y in ((a, b), (b, a)):
        for i in range(5):
            scores = [math.exp(scale * float(x[i] @ y[j])) for j in range(5)]
            total -= math.log(scores[i] / sum(scores)) / 10
    assert float(info_nce(a, b, torch.tensor(scale))) == pytest.approx(total, rel=1e-5)


def test_spread_between_views():
    """0 for equal views, 1 for views that have nothing in common, whatever the scale."""
    a = torch.randn(4000, 3) * torch.tensor([1.0, 20.0, 3.0])
    assert float(spread_between(a, a)) == 0
    assert float(spread_between(a, a[torch.randperm(4000)])) == pytest.approx(1, abs=0.05)
    noisy = [a + a.std(dim=0) * torch.randn_like(a) for _ in range(2)]
    assert float(spread_between(*noisy)) == pytest.approx(0.5, abs=0.05)


def transport_cost(x, y, epsilon):
    """min ⟨P, C⟩ + ε KL(P | a⊗b) by Sinkhorn's iteration in the log domain, C = |x − y|²/2."""
    cost = ((x[:, None] - y[None]) ** 2).sum(axis=2) / 2
    f, g = np.zeros(len(x)), np.zeros(len(y))
    a, b = -math.log(len(x)), -math.log(len(y))
    for _ in range(5000):
        f = -epsilon * np.logaddexp.reduce((g - cost) / epsilon + b, axis=1)
        g = -epsilon * np.logaddexp.reduce((f[:, None] - cost) / epsilon + a, axis=0)
    return f.mean() + g.mean()


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("blur", [0.3, 1.0])
def test_sinkhorn_against_a_slow_one(shift, blur):
    pytest.importorskip("geomloss")
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=(9, 3)) + shift
    e = blur**2
    wanted = transport_cost(x, y, e) - (transport_cost(x, x, e) + transport_cost(y, y, e)) / 2
    tensors = (torch.tensor(x), torch.tensor(y))
    found = float(sinkhorn_divergence(*tensors, blur, scaling=0.95))
    assert found == pytest.approx(wanted, rel=0.01, abs=2e-3)
    # What training uses is faster and less exact.
    assert float(sinkhorn_divergence(*tensors, blur)) == pytest.approx(wanted, rel=0.15, abs=0.02)


def test_sinkhorn_against_pot():
    ot = pytest.importorskip("ot")
    pytest.importorskip("geomloss")
    rng = np.random.default_rng(8)
    x, y, e = rng.normal(size=(15, 2)), rng.normal(size=(15, 2)) + 1.5, 0.25

    def cost(u, v):
        distances = ((u[:, None] - v[None]) ** 2).sum(axis=2) / 2
        a = np.full(len(u), 1 / len(u))
        plan = ot.sinkhorn(a, a, distances, e, method="sinkhorn_log", numItermax=20000)
        return (plan * distances).sum() + e * (plan * np.log(plan * len(u) ** 2 + 1e-300)).sum()

    wanted = cost(x, y) - (cost(x, x) + cost(y, y)) / 2
    found = float(sinkhorn_divergence(torch.tensor(x), torch.tensor(y), 0.5, scaling=0.95))
    assert found == pytest.approx(wanted, rel=0.01)


def test_halves_change_and_are_halves():
    instruments = torch.arange(8).repeat(3)
    seen = set()
    for step in range(8):
        half = instrument_halves(instruments, 8, step)
        assert int(half.sum()) == 12
        assert torch.equal(half[:8], half[8:16])  # an instrument is never in both
        seen.add(tuple(half[:8].tolist()))
    assert len(seen) == 8


# Schedules


def test_rate_by_its_definition():
    rates = [cosine_rate(k, steps=1000, warmup=100, final=0.1) for k in range(1000)]
    assert np.allclose(np.diff(rates[:100]), 0.01)
    assert (rates[99], rates[100], rates[-1]) == (1.0, 1.0, pytest.approx(0.1))
    middle = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * 449 / 899))
    assert rates[549] == pytest.approx(middle)
    assert (np.diff(rates[100:]) < 0).all()
    assert cosine_rate(0, steps=1, warmup=0, final=0.5) == 1
    assert ramp(0, steps=10, share=0.0) == 1


# Batches


@given(st.integers(6, 60), st.floats(0.05, 0.95), st.integers(1, 5), st.integers(0, 99))
def test_hidden_tokens_are_spans_of_the_wanted_share(tokens, share, span, seed):
    hidden = hidden_tokens(generator(seed), tokens, share, span)
    assert hidden.shape == (tokens,)
    assert hidden.any()
    assert not hidden.all()
    blocks = -(-tokens // span)
    chosen = [bool(hidden[k * span]) for k in range(blocks)]
    assert np.array_equal(np.repeat(chosen, span)[:tokens], hidden)
    assert abs(sum(chosen) - share * blocks) <= 1


def test_an_epoch_has_each_sample_once():
    rows = np.arange(100, 123)
    for epoch in (0, 1):
        steps = [rows_of_step(rows, 5 * epoch + k, 4, seed=1) for k in range(5)]
        assert {e for _, e in steps} == {epoch}
        flat = np.concatenate([r for r, _ in steps])
        assert len(set(flat)) == 20
    first, _ = rows_of_step(rows, 0, 4, seed=1)
    assert not np.array_equal(first, rows_of_step(rows, 5, 4, seed=1)[0])
    assert np.array_equal(first, rows_of_step(rows, 0, 4, seed=1)[0])


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(0)
    lines = [np.sort(rng.uniform(300, 3600, 12)) for _ in range(30)]
    strengths = [rng.exponential(30, 12) for _ in range(60)]
    table = sticks_table([str(k) for k in range(30)], lines, strengths[:30], strengths[30:])
    return TableSource(table, Axis(points=128), DataConfig())


def test_two_views_are_of_one_molecule_on_two_instruments(source):
    instruments = draw_instruments(InstrumentDistribution(), 0, 4)
    rows = np.arange(3, 23)
    views = two_views(
        source, rows, instruments, seed=2, epoch=1, tokens=16, mask=0.25, span=2, clean=True
    )
    assert np.array_equal(views.rows[:20], views.rows[20:])
    assert (views.instruments[:20] != views.instruments[20:]).all()
    assert set(views.instruments) == set(range(4))
    assert views.mask[:20].sum(axis=1).tolist() == [4] * 20
    assert not views.mask[20:].any()
    assert np.array_equal(views.clean[:20], source.clean(rows))
    nearest = [
        int(((views.clean[:20] - spectrum) ** 2).sum(axis=(1, 2)).argmin())
        for spectrum in views.spectra
    ]
    assert np.mean(np.array(nearest) == np.tile(np.arange(20), 2)) > 0.9


@pytest.mark.parametrize(("share", "n"), [(1.0, 8), (0.5, 4), (0.01, 1)])
def test_a_share_of_the_batch_is_reconstructed(source, share, n):
    """The loss is that of the first molecules alone, and others have no gradient of it."""
    config = PretrainConfig.from_mapping(
        {
            "model": {"size": "tiny", "axis": {"points": 128}, "instruments": 4},
            "training": {"batch": 8},
            "loss": {"reconstructed": share},
        }
    )
    instruments = draw_instruments(InstrumentDistribution(), 0, 4)
    rows, model = np.arange(30), Spektron(config.model).eval()
    task = Pretraining(model, config, source, rows[:20], rows[20:], instruments)
    batch = task.batch(0)
    spectra = torch.from_numpy(batch.spectra).requires_grad_()
    mask = torch.from_numpy(batch.mask)
    alone = hidden_error(
        model.reconstruct(model.encode(spectra[:n], mask[:n])),
        spectra[:n].detach(),
        mask[:n].repeat_interleave(config.model.stride, dim=1),
    )
    encoded = model.encode(spectra, mask)
    found = task._reconstruction(encoded, spectra.detach(), mask)
    torch.testing.assert_close(found, alone)
    found.backward()
    touched = spectra.grad.abs().amax(dim=(1, 2)) > 0
    assert touched.tolist() == [True] * n + [False] * (16 - n)


def test_curves_are_sources_too(source):
    rows = np.arange(30)
    stored = CurveSource(source.clean(rows), source.axis)
    instruments = draw_instruments(InstrumentDistribution(shift=0, stretch=0), 0, 2)
    draws = [[generator(1, int(r)) for r in rows] for _ in range(2)]
    each = [instruments[int(r) % 2] for r in rows]
    a, b = (s.measured(rows, each, d) for s, d in zip((source, stored), draws, strict=True))
    # Lorentzian broadening of lines, or of curves on steps of 28 cm⁻¹: the same but for sampling.
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99


# Data of users


def test_tables_one_after_another():
    lines = [[700.0, 900.0], [1200.0], [1500.0, 1600.0, 3000.0], [800.0]]
    whole = sticks_table("abcd", lines, lines, lines, smiles=["C", "CC", "CCC", "CO"])
    found = joined([whole.take([0, 1]), whole.take([2]), whole.take([3])])
    assert found.texts == whole.texts
    assert np.array_equal(found.wavenumbers.offsets, whole.wavenumbers.offsets)
    assert np.array_equal(found.wavenumbers.values, whole.wavenumbers.values)
    assert np.array_equal(found.ir_intensities, whole.ir_intensities)
    assert len(found.sha256) == 64
    assert joined([whole]) is whole
    with pytest.raises(SpectraError, match="the molecule b is in the data twice"):
        joined([whole.take([0, 1]), whole.take([1])])


def test_columns_of_a_sheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;water;kind;1000;1010\nx;0,5;;1;2\ny;;red;3;4\n".replace("0,5", "0.5"))
    sheet = read_data([path])
    assert sheet.names == ("x", "y")
    assert sheet.spectra.tolist() == [[[1, 2]], [[3, 4]]]
    assert sheet.wavenumbers.tolist() == [1000, 1010]
    assert sheet.column("kind").tolist() == ["", "red"]
    assert sheet.column("water")[0] == 0.5
    assert np.isnan(sheet.column("water")[1])
    assert sheet.take(np.array([1])).names == ("y",)
    with pytest.raises(SpectraError, match="no column 'fat' in the table; it has water, kind"):
        sheet.column("fat")
    path.write_text("a,1000,1010,a\n1,2,3,4\n")
    with pytest.raises(SpectraError, match="two columns have the head 'a'"):
        read_data([path])


# Evaluation


def test_across_draws_straight_lines():
    spectra = np.random.default_rng(1).random((3, 2, 12)).astype(np.float32)
    straight = np.linspace(0, 1, 12, dtype=np.float32)
    spectra[0, 0] = straight
    hidden = np.zeros((3, 12), dtype=bool)
    hidden[:, 4:7] = True
    filled = across(spectra, hidden)
    assert np.allclose(filled[0, 0], straight)
    assert np.array_equal(filled[:, :, ~hidden[0]], spectra[:, :, ~hidden[0]])
    assert np.allclose(np.diff(filled[1, 1, 3:8], n=2), 0, atol=1e-6)


def test_macro_f1_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    found, wanted = rng.random((50, 4)) > 0.4, rng.random((50, 4)) > 0.7
    assert macro_f1(found, wanted) == pytest.approx(
        metrics.f1_score(wanted, found, average="macro")
    )
