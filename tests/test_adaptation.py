"""Neural methods of calibration transfer: exact identities, no leaks, bad input."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("geomloss")
pytest.importorskip("safetensors")

from spektron.ml.adaptation import (  # noqa: E402
    NEURAL,
    NEURAL_NAMES,
    Averaged,
    Neural,
    Recipe,
    origin,
    testtime,
)
from spektron.ml.adaptation.moving import Moving  # noqa: E402
from spektron.ml.adaptation.neural import target_reader  # noqa: E402
from spektron.ml.adaptation.reader import SCALE, MasterSource, Reader, simulated  # noqa: E402
from spektron.ml.adaptation.recipe import NEAR_INFRARED, SHAPE  # noqa: E402
from spektron.ml.benchmark import (  # noqa: E402
    NAMES,
    Entry,
    Plan,
    Vault,
    audit,
    check_plan,
    entries_named,
    merit,
    run_cell,
    split_of,
)
from spektron.ml.errors import LeakError, ProtocolError, SpectraError  # noqa: E402
from spektron.ml.instruments import PERFECT, draw_instruments, generator  # noqa: E402
from spektron.ml.model.errors import ConfigError  # noqa: E402
from spektron.ml.model.spektron import Spektron  # noqa: E402
from spektron.ml.spectra import SpectralSet, Study  # noqa: E402
from spektron.ml.transfer import RAW, Consensus, Labelled, Pairs  # noqa: E402
from spektron.vibration.errors import MissingPackage  # noqa: E402

HAS_PEFT = importlib.util.find_spec("peft") is not None
needs_peft = pytest.mark.skipif(not HAS_PEFT, reason="peft is not installed")

TINY = replace(SHAPE, width=16, layers=1, heads=2, z_chem=8, z_inst=4, squeeze=2, instruments=3)
QUICK = Recipe(
    shape=TINY,
    pretreatment=RAW,
    points=48,
    pretraining=2,
    calibration=4,
    batch=12,
    steps=3,
    instruments=replace(
        NEAR_INFRARED, shift=0.05, stretch=1e-4, resolution=1.0, tilt=1e-3, baseline=1e-3
    ),
)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def spectra(n=32, p=48, seed=0):
    """Smooth spectra of two instruments, and the amount of one of three bands."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, p)
    bands = np.array([np.exp(-(((x - c) / 0.12) ** 2)) for c in (0.25, 0.5, 0.7)])
    amounts = rng.uniform(0.2, 1, (n, 3))
    master = amounts @ bands + 0.2 + 1e-3 * rng.normal(size=(n, p))
    target = 1.05 * master + 0.3 * x + 1e-3 * rng.normal(size=(n, p))
    return master, target, amounts[:, 0]


def problem(k=6, seed=0):
    """Labelled, pairs, target spectra of the rest and their values."""
    master, target, values = spectra(seed=seed)
    known = Labelled(master[:24], values[:24])
    return known, Pairs.of(known, range(k), target[:k]), target[24:], values[24:]


def moving(recipe, master, pairs, unlabelled=None):
    own = Reader.of(master.spectra, recipe.pretreatment, TINY.stride, recipe.points)
    none = np.empty((0, master.spectra.shape[1])) if unlabelled is None else unlabelled
    other = target_reader(own, master, pairs, none, recipe.reading)
    return Moving.of(master, pairs, none, own, other, recipe, 0, (0.5, 0.2)), own


def network(points=48, seed=0):
    torch.manual_seed(seed)
    axis = replace(TINY.axis, low=0.0, high=float(points - 1), points=points)
    return Spektron(replace(TINY, axis=axis, task="regression", outputs=1)).eval()


def state(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


# ---- how spectra are read ----


def test_the_reader_centres_and_scales():
    rows = spectra()[0]
    seen = Reader.of(rows, RAW, 8, 48)(rows)
    assert seen.shape == (32, 1, 48)
    assert np.abs(seen.mean(axis=0)).max() < 1e-6
    assert np.sqrt((seen**2).mean()) == pytest.approx(SCALE, rel=1e-5)


def test_resampling_is_linear_interpolation():
    rows = np.array([np.linspace(0, 1, 21), np.linspace(3, 0, 21)])
    reader = Reader.of(rows, RAW, 8, 16)
    assert reader.axis.points == 16
    straight = (rows - rows.mean(axis=0)) * SCALE / reader.spread
    exact = np.array([np.linspace(r[0], r[-1], 16) for r in straight])
    assert np.allclose(reader(rows)[:, 0], exact, atol=1e-6)


def test_a_perfect_instrument_changes_nothing():
    rows = spectra()[0]
    shown = simulated(rows, [PERFECT] * 32, [generator(0, k) for k in range(32)])
    assert np.allclose(shown, rows, rtol=2e-6)


def test_simulated_instruments_change_something_small():
    rows = spectra()[0]
    used = draw_instruments(NEAR_INFRARED, 0, 32)
    shown = simulated(rows, used, [generator(0, k) for k in range(32)])
    off = np.abs(shown - rows).max(axis=1) / rows.max(axis=1)
    assert (off > 1e-4).all()
    assert (off < 0.5).all()


def test_a_source_gives_the_same_measurement_again():
    rows = spectra()[0]
    source = MasterSource(rows, Reader.of(rows, RAW, 8, 48))
    used = draw_instruments(NEAR_INFRARED, 0, 2)
    first, again = (
        source.measured(np.array([3, 5]), used, [generator(1, 3), generator(1, 5)])
        for _ in range(2)
    )
    assert first.tobytes() == again.tobytes()


def test_centred_and_mapped_readers():
    master, pairs, *_ = problem()
    own = Reader.of(master.spectra, RAW, 8, 48)
    nothing = np.empty((0, 48))
    centred = target_reader(own, master, pairs, nothing, "centred")
    off = (centred(pairs.target) - own(pairs.master)).mean(axis=0)
    assert np.abs(off).max() < 1e-6
    # A gain of 1.05 is left by the mean, and nearly gone after the map.
    left = [
        np.abs(target_reader(own, master, pairs, nothing, way)(pairs.target) - own(pairs.master))
        for way in ("plain", "centred", "mapped")
    ]
    assert left[0].mean() > 5 * left[1].mean() > 5 * left[2].mean()
    assert target_reader(own, master, pairs, nothing, "plain") is own


# ---- low-rank adapters ----


@needs_peft
def test_new_adapters_change_nothing_and_merged_ones_stay():
    from spektron.ml.adaptation.lora import merged, with_adapters

    model = network()
    rows = torch.randn(5, 1, 48, generator=torch.Generator().manual_seed(1))
    before = model.encode(rows).chem.mean
    adapted = with_adapters(model, 2)
    assert torch.equal(model.encode(rows).chem.mean, before)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    moved = model.encode(rows).chem.mean
    assert (moved - before).abs().max() > 1e-4
    plain = merged(adapted)
    assert {*plain.state_dict()} == {*network().state_dict()}
    assert torch.allclose(plain.encode(rows).chem.mean, moved, atol=1e-5)


@needs_peft
def test_a_merged_map_is_w_plus_ba():
    from spektron.ml.adaptation.lora import merged, with_adapters

    model = network()
    name = "encoder.blocks.0.attention.v"
    weight = model.get_submodule(name).weight.detach().clone()
    adapted = with_adapters(model, 3)
    layer = model.get_submodule(name)
    a, b = layer.lora_A["target"].weight, layer.lora_B["target"].weight
    torch.nn.init.normal_(b)
    product = 2.0 * (b @ a).detach()  # α/r = 2
    assert a.shape == (3, 16)
    found = merged(adapted).get_submodule(name).weight
    assert torch.allclose(found, weight + product, atol=1e-6)


@needs_peft
def test_adapters_alone_are_trained_and_have_gradients():
    from spektron.ml.adaptation.lora import with_adapters

    model = network()
    before = state(model)
    with_adapters(model, 2)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert len(trained) == 8  # A and B of q, k, v and o in one block
    assert all("lora_" in name for name in trained)
    rows = torch.randn(5, 1, 48, generator=torch.Generator().manual_seed(1))
    for _ in range(2):  # B starts at zero, and with it the gradient of A
        torch.autograd.backward((model.labels(model.encode(rows)) ** 2).sum())
        with torch.no_grad():
            for p in trained.values():
                p -= 0.1 * p.grad
    assert all(p.grad.abs().max() > 0 for p in trained.values())
    after = {n.replace(".base_layer", ""): t for n, t in model.state_dict().items()}
    assert not changed(before, after)


# ---- test-time training ----


def masked_error(model, rows):
    from spektron.ml.training.losses import hidden_error

    seen = torch.from_numpy(rows)
    mask = torch.zeros(len(rows), model.config.tokens, dtype=torch.bool)
    mask[:, 2:4] = True
    with torch.no_grad():
        found = model.reconstruct(model.encode(seen, mask))
    return float(hidden_error(found, seen, mask.repeat_interleave(8, dim=1)))


def test_test_time_training_learns_and_leaves_the_heads():
    from spektron.ml.adaptation.descent import descend

    master, target, _ = spectra()
    read = Reader.of(master, RAW, 8, 48)
    model = network()
    # The head must know how to use what the encoder says: first everything, on the master.
    seen = torch.from_numpy(read(master))
    mask = torch.zeros(len(seen), 6, dtype=torch.bool)
    mask[:, 2:4] = True
    descend(
        model.parameters(),
        lambda step: ((model.reconstruct(model.encode(seen, mask)) - seen) ** 2).mean() * 100,
        steps=40,
        rate=5e-3,
    )
    rows = read(target)
    before, error = state(model), masked_error(model, rows)
    testtime.train_on_spectra(model, rows, steps=25, rate=5e-3, seed=0)
    assert masked_error(model, rows) < 0.9 * error
    touched = {name.split(".")[0] for name in changed(before, state(model))}
    assert touched == {"tokenizer", "encoder"}


def test_test_time_training_does_not_see_labels():
    """A label head of NaN changes nothing in what test-time training does."""
    rows = Reader.of(spectra()[0], RAW, 8, 48)(spectra()[1])
    found = []
    for poison in (False, True):
        model = network()
        if poison:
            for p in model.label.parameters():
                torch.nn.init.constant_(p, float("nan"))
            model.label.centre.fill_(float("nan"))
        testtime.train_on_spectra(model, rows, steps=4, rate=1e-3, seed=0)
        found.append(state(model))
    assert {n.split(".")[0] for n in changed(*found)} <= {"label"}


def test_test_time_training_of_a_fit_does_not_see_transfer_values():
    master, pairs, rest, _ = problem()
    other = Pairs(pairs.master, pairs.target, pairs.values[::-1] + 7, pairs.members)
    recipe = replace(QUICK, test_time=3)
    first, second = (Neural(recipe).fit(master, p).predict(rest) for p in (pairs, other))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != Neural(QUICK).fit(master, pairs).predict(rest).tobytes()


def test_a_single_spectrum_is_enough():
    master, pairs, rest, _ = problem()
    fitted = Neural(replace(QUICK, each=2)).fit(master, pairs)
    kept = state(fitted.model)
    together = fitted.predict(rest[:4])
    assert np.array_equal(together, [fitted.predict(row)[0] for row in rest[:4]])
    assert not changed(kept, state(fitted.model))
    assert np.abs(together - Neural(QUICK).fit(master, pairs).predict(rest[:4])).max() > 0


# ---- alignment ----


def test_equal_clouds_are_not_apart():
    master, pairs, *_ = problem()
    same = Pairs(pairs.master, pairs.master, pairs.values, pairs.members)
    model = network()
    task, _ = moving(replace(QUICK, alignment=1.0), master, same)
    apart = task.apart(model)
    torch.autograd.backward(apart)
    gradients = [p.grad.abs().max() for p in model.encoder.parameters() if p.grad is not None]
    there, _ = moving(replace(QUICK, alignment=1.0), master, pairs)
    assert abs(apart.item()) < 1e-6 < 1e-4 < there.apart(model).item()
    assert max(gradients) < 1e-3


def test_alignment_brings_the_clouds_together_without_values_of_the_target():
    master, pairs, rest, _ = problem()
    other = Pairs(pairs.master, pairs.target, pairs.values[::-1], pairs.members)
    kept = replace(QUICK, moved="all", labels=0.0, replay=1.0, steps=25)
    aligned = replace(kept, alignment=10.0)
    found = [Neural(aligned).fit(master, p) for p in (pairs, other)]
    task, _ = moving(kept, master, pairs)
    with torch.no_grad():
        models = (Neural(kept).fit(master, pairs).model, found[0].model)
        before, after = (float(task.apart(model)) for model in models)
    assert after < 0.5 * before
    assert found[0].predict(rest).tobytes() == found[1].predict(rest).tobytes()


def test_without_pairs_the_unlabelled_spectra_are_aligned():
    master, _, rest, _ = problem()
    none = Pairs.of(master, [], np.empty((0, 48)))
    task, own = moving(QUICK, master, none, rest)
    model = network()
    from spektron.ml.training.losses import sinkhorn_divergence

    with torch.no_grad():
        z = [model.encode(torch.from_numpy(own(s))).chem.mean for s in (master.spectra, rest)]
        exact = sinkhorn_divergence(z[0] / 8**0.5, z[1] / 8**0.5, 0.1)
        assert float(task.apart(model)) == pytest.approx(float(exact), rel=1e-4)


# ---- the loss ----


def test_the_loss_is_the_sum_of_its_parts():
    master, pairs, *_ = problem()
    model = network()
    weights = {"labels": 0.7, "replay": 0.4, "differences": 0.3, "alignment": 2.0}
    single = []
    for name, weight in weights.items():
        parts = dict.fromkeys(weights, 0.0) | {name: weight}
        task, _ = moving(replace(QUICK, **parts), master, pairs)
        single.append(float(task.loss(model, 5)))
    whole, _ = moving(replace(QUICK, **weights), master, pairs)
    assert min(single) > 0
    assert float(whole.loss(model, 5)) == pytest.approx(sum(single), rel=1e-5)


def test_the_error_of_labels_is_the_mean_square():
    master, pairs, *_ = problem()
    model = network()
    task, own = moving(replace(QUICK, beta=0.0), master, pairs)
    with torch.no_grad():
        out = model.labels(model.encode(torch.from_numpy(own(pairs.target))))[:, 0].numpy()
        exact = ((out - (pairs.values - 0.5) / 0.2) ** 2).mean()
        assert float(task.loss(model, 0)) == pytest.approx(exact, rel=1e-4)


def test_added_differences_have_the_mean_and_the_localised_covariance_of_the_pairs():
    master, pairs, *_ = problem(k=5)
    task, _ = moving(replace(QUICK, differences=1.0, amplitude=2.0), master, pairs)
    extra = np.concatenate([task._disturbed(step) - task.master for step in range(400)])[:, 0]
    difference = (task.target - task.paired)[:, 0]
    spread = 2 * difference.std(axis=0, ddof=1)
    assert (np.abs(extra.mean(axis=0) - difference.mean(axis=0)) < 6 * spread / 9600**0.5).all()
    places = np.arange(48) / 48
    wanted = 4 * np.cov(difference.T) * np.exp(-0.5 * (places[:, None] - places) ** 2)
    assert np.allclose(np.cov(extra.T), wanted, atol=0.05 * np.abs(wanted).max())


# ---- the whole ----


def test_same_seed_same_result_remembered_or_not():
    master, pairs, rest, _ = problem()
    recipe = replace(QUICK, moved="all", test_time=2, reading="mapped")
    origin._known.clear()
    fresh = Neural(recipe).fit(master, pairs).predict(rest)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    remembered = Neural(recipe).fit(master, pairs).predict(rest)
    assert torch.equal(torch.get_rng_state(), before)
    assert fresh.tobytes() == remembered.tobytes()
    other = Neural(replace(recipe, seed=5)).fit(master, pairs).predict(rest)
    assert np.abs(other - fresh).max() > 1e-6
    both = Neural(replace(recipe, members=2)).fit(master, pairs).predict(rest)
    next_one = Neural(replace(recipe, seed=1)).fit(master, pairs).predict(rest)
    assert np.allclose(both, (fresh + next_one) / 2, rtol=1e-12)


def test_it_learns_and_a_map_moves_it():
    master, pairs, rest, values = problem(k=8)
    recipe = replace(QUICK, pretraining=0, calibration=250, batch=24, rate=5e-3)
    none, centred, mapped = (
        merit(values, Neural(replace(recipe, reading=way)).fit(master, pairs).predict(rest)).r2
        for way in ("plain", "centred", "mapped")
    )
    assert mapped > 0.8
    assert none < 0.5 < centred


def test_fine_tuning_learns_from_the_pairs():
    master, pairs, *_ = problem(k=8)
    recipe = replace(QUICK, pretraining=0, calibration=60, rate=5e-3, steps=60, step_rate=3e-3)
    before, after = (
        merit(pairs.values, Neural(each).fit(master, pairs).predict(pairs.target)).rmsep
        for each in (recipe, replace(recipe, moved="all"))
    )
    assert after < 0.5 * before


VARIANTS = {
    "plain": QUICK,
    "all": replace(QUICK, moved="all", differences=1.0, reading="mapped"),
    "ttt": replace(QUICK, test_time=2, reading="centred"),
    "each": replace(QUICK, each=1),
    "aligned": replace(QUICK, moved="all", replay=1.0, labels=0.0, alignment=1.0),
    "lora": replace(QUICK, moved="lora", test_time=1, alignment=0.1),
}
LAWFUL = [
    Entry(name, name, lambda lent, recipe=recipe: Neural(recipe), "neural", 4,
          ("disjoint",) if name in ("ttt", "aligned") else ())
    for name, recipe in VARIANTS.items()
    if HAS_PEFT or name != "lora"
]  # fmt: skip


def test_no_test_sample_has_any_influence():
    both = (Consensus(windows=(5,)), Neural(QUICK))
    entries = [*LAWFUL, Entry("averaged", "", lambda lent: Averaged(both), "neural")]
    n = audit(*spectra(), split_of(0, 32), (0, 6), entries)
    assert n == len(entries) + 2


def test_sealed_and_in_other_company():
    outcomes = run_cell(Vault(*spectra()), split_of(1, 32), (6,), LAWFUL)
    assert {o.method for o in outcomes} == {entry.name for entry in LAWFUL}
    assert all(np.isfinite(o.predictions).all() for o in outcomes)


def test_training_on_test_spectra_is_found():
    """The transductive variant uses them, and the audit says so."""

    class Transductive:
        def __init__(self, lent):
            self.rows = lent.target

        def fit(self, master, transfer, target_unlabelled=None):
            seen = np.nan_to_num(self.rows)
            return Neural(replace(QUICK, test_time=2)).fit(master, transfer, seen)

    entry = Entry("transductive", "", Transductive, "neural", 4)
    with pytest.raises(LeakError, match="transductive at k = 6"):
        audit(*spectra(), split_of(0, 32), (6,), [entry])


def test_no_transfer_samples_and_no_target_is_the_master_alone():
    master, _, rest, _ = problem()
    none = Pairs.of(master, [], np.empty((0, 48)))
    every = replace(QUICK, moved="all", test_time=2, reading="mapped")
    alone = Neural(QUICK).fit(master, none).predict(rest)
    assert Neural(every).fit(master, none).predict(rest).tobytes() == alone.tobytes()


def test_averaged_is_the_mean_of_both():
    master, pairs, rest, _ = problem()
    both = (Consensus(windows=(5,)), Neural(QUICK))
    apart = [each.fit(master, pairs).predict(rest) for each in both]
    found = Averaged(both).fit(master, pairs).predict(rest)
    np.testing.assert_allclose(found, (apart[0] + apart[1]) / 2, rtol=1e-12)


# ---- in the catalogue ----


def test_they_are_found_by_name_and_do_not_join_the_frozen_catalogue():
    assert [e.name for e in entries_named(NEURAL_NAMES)] == list(NEURAL_NAMES)
    assert not set(NEURAL_NAMES) & set(NAMES)
    assert [e.name for e in entries_named(("neural-ttt", "pds"))] == ["pds", "neural-ttt"]
    assert all(e.kind == "neural" for e in NEURAL)


def test_a_plan_without_the_packages_stops_before_it_runs(monkeypatch):
    import spektron.ml.model.packages as packages

    real = importlib.util.find_spec
    monkeypatch.setattr(
        packages.importlib.util, "find_spec", lambda n: None if n == "peft" else real(n)
    )
    master, target, y = spectra()
    axis = 1000 + 2.0 * np.arange(48)
    sets = {n: SpectralSet(r, axis, "nm", n) for n, r in (("a", master), ("b", target))}
    plan = Plan((("a", "b"),), ("Oil",), (6,), (0,), ("neural-lora",))
    with pytest.raises(MissingPackage, match=r'needs peft.*pip install "spektron\[ml\]"'):
        check_plan(Study("toy", sets, {"Oil": y}), plan)


# ---- bad input ----


def test_bad_recipes():
    for options, message in [
        ({"members": 0}, "members = 0; give 1"),
        ({"rank": 0}, "rank = 0"),
        ({"test_time": -1}, "test_time = -1; give 0"),
        ({"alignment": float("nan")}, "alignment = nan"),
        ({"step_rate": 0.0}, "step_rate = 0; give more than 0"),
        ({"moved": "half"}, "choose nothing, all or lora"),
        ({"reading": "twice"}, "choose plain, centred or mapped"),
        ({"shape": replace(TINY, channels=2)}, "2 channels; a calibration has one"),
        ({"moved": "all", "labels": 0.0}, "forgets the calibration"),
    ]:
        with pytest.raises(ConfigError, match=message):
            replace(QUICK, **options)


@pytest.mark.parametrize("name", ["torch", "geomloss", "peft"])
def test_a_missing_package_is_named(monkeypatch, name):
    import spektron.ml.model.packages as packages

    real = importlib.util.find_spec
    monkeypatch.setattr(
        packages.importlib.util, "find_spec", lambda n: None if n == name else real(n) or True
    )
    master, pairs, *_ = problem()
    with pytest.raises(MissingPackage, match=rf'needs {name},.*pip install "spektron\[ml\]"'):
        Neural(replace(QUICK, moved="lora")).fit(master, pairs)


def test_bad_spectra():
    master, pairs, rest, _ = problem()
    method = Neural(QUICK)
    with pytest.raises(ProtocolError, match="5 spectra to calibrate a network on; give 8"):
        method.fit(Labelled(master.spectra[:5], master.values[:5]), pairs)
    with pytest.raises(ProtocolError, match="nothing to learn"):
        method.fit(Labelled(master.spectra, np.ones(24)), pairs)
    with pytest.raises(SpectraError, match="transfer samples of 40 channels, the master has 48"):
        method.fit(master, Pairs.of(Labelled(master.spectra[:, :40], master.values), range(6),
                                    pairs.target[:, :40]))  # fmt: skip
    with pytest.raises(SpectraError, match="unlabelled spectra of 12 channels"):
        method.fit(master, pairs, rest[:, :12])
    with pytest.raises(SpectraError, match="not finite"):
        method.fit(master, pairs, np.full((2, 48), np.nan))
    few = Labelled(master.spectra[:, :12], master.values)
    few_pairs = Pairs.of(few, range(6), pairs.target[:, :12])
    with pytest.raises(SpectraError, match="12 channels; a network with 8 points per token"):
        method.fit(few, few_pairs)
    flat = Labelled(np.ones((24, 48)), master.values)
    with pytest.raises(SpectraError, match="without any difference"):
        method.fit(flat, Pairs.of(flat, range(6), pairs.target))
    with pytest.raises(SpectraError, match="spectra of 40 channels for a calibration on 48"):
        method.fit(master, pairs).predict(rest[:, :40])


def test_training_that_runs_away_is_told():
    from spektron.ml.adaptation.descent import NotFinite, descend

    x = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(NotFinite, match="lower the rate"):
        descend([x], lambda step: x.sum() * float("inf"), steps=2, rate=1.0)


def test_descent_finds_the_least_squares_solution():
    from spektron.ml.adaptation.descent import descend

    rng = np.random.default_rng(0)
    a, b = (torch.from_numpy(rng.normal(size=s)) for s in ((9, 3), (9,)))
    x = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))  # a vector: no weight decay
    descend([x], lambda step: ((a @ x - b) ** 2).mean(), steps=600, rate=0.05)
    assert np.allclose(x.detach(), np.linalg.lstsq(a, b, rcond=None)[0], atol=1e-3)
