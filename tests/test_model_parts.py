"""Parts of the model: shapes, sizes, laws of attention, bottleneck and masking."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from spektron.ml.broadening import Axis  # noqa: E402
from spektron.ml.model.config import SIZES, ModelConfig, sized  # noqa: E402
from spektron.ml.model.encoder import Attention, Encoder  # noqa: E402
from spektron.ml.model.erasure import erasing_map  # noqa: E402
from spektron.ml.model.gaps import across_gaps  # noqa: E402
from spektron.ml.model.heads import FIRST_LOG_VARIANCE, reverse_gradient  # noqa: E402
from spektron.ml.model.spektron import Spektron  # noqa: E402
from spektron.ml.model.tokenizers import parameters_of, patches, tokenizer  # noqa: E402

SMALL = ModelConfig(axis=Axis(points=128), stride=8, width=32, layers=1, heads=4, instruments=3)
BOTH = [SMALL, replace(SMALL, tokenizer="patch")]


def spectra(config, n=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, config.channels, config.axis.points, generator=generator)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# Tokenizers


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.tokenizer)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("stride", [2, 8, 32])
def test_tokenizers_give_the_same_shapes(config, channels, stride):
    config = replace(config, channels=channels, stride=stride)
    tokens = tokenizer(config)(spectra(config))
    assert tokens.shape == (5, 128 // stride, 32) == (5, config.tokens, config.width)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 2])
def test_tokenizers_can_have_equal_parameters(size, channels):
    convolutions = replace(sized(size), channels=channels)
    budget = parameters_of(tokenizer(convolutions))
    raw = tokenizer(replace(convolutions, tokenizer="patch", tokenizer_parameters=budget))
    assert parameters_of(raw) == pytest.approx(budget, rel=0.01)
    again = tokenizer(replace(convolutions, tokenizer_parameters=budget))
    assert parameters_of(again) == budget


def test_patches_are_pieces_of_the_spectrum():
    x = torch.arange(2 * 2 * 12.0).reshape(2, 2, 12)
    cut = patches(x, 4)
    for n in range(2):
        for token in range(3):
            wanted = x[n, :, 4 * token : 4 * token + 4].reshape(-1)
            assert torch.equal(cut[n, token], wanted)


def test_patch_tokens_see_their_patch_only_and_convolutions_their_surroundings():
    for config, reach in ((BOTH[1], 0), (BOTH[0], 2)):
        make, x = tokenizer(config), spectra(config, 1)
        changed = x.clone()
        changed[:, :, 64:72] += 1
        differ = (make(x) - make(changed)).abs().amax(dim=2)[0] > 0
        places = differ.nonzero().flatten()
        assert 8 in places
        assert (places - 8).abs().max() <= reach


# Encoder


def attention_by_loops(module, x):
    """Softmax(q kᵀ/√d) v for each sample and head, A. Vaswani et al., eq. 1."""
    q, k, v = module.q(x), module.k(x), module.v(x)
    size = x.shape[2] // module.heads
    out = torch.zeros_like(x)
    for n in range(len(x)):
        for head in range(module.heads):
            part = slice(head * size, (head + 1) * size)
            weights = torch.softmax(q[n, :, part] @ k[n, :, part].T / size**0.5, dim=1)
            out[n, :, part] = weights @ v[n, :, part]
    return module.o(out)


def test_attention_is_that_of_the_paper():
    module, x = Attention(SMALL), torch.randn(2, 7, 32)
    assert torch.allclose(module(x), attention_by_loops(module, x), atol=1e-6)
    assert {name.split(".")[0] for name, _ in module.named_parameters()} == {"q", "k", "v", "o"}


def test_a_hidden_token_has_no_influence():
    encoder = Encoder(SMALL).eval()
    tokens = torch.randn(2, SMALL.tokens, 32)
    mask = torch.zeros(2, SMALL.tokens, dtype=torch.bool)
    mask[:, 3] = True
    changed = tokens.clone()
    changed[:, 3] = 9.0
    assert torch.equal(encoder(tokens, mask), encoder(changed, mask))
    assert not torch.allclose(encoder(tokens), encoder(changed))


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.tokenizer)
def test_hidden_points_have_no_influence(config):
    """Nor do convolutions look past the edge of a mask."""
    model, x = Spektron(config).eval(), spectra(config)
    mask = torch.zeros(5, config.tokens, dtype=torch.bool)
    mask[:, [2, 3, 9]] = True
    changed = x + torch.rand_like(x) * mask.repeat_interleave(8, dim=1)[:, None]
    first, second = model.encode(x, mask), model.encode(changed, mask)
    assert torch.equal(model.reconstruct(first), model.reconstruct(second))
    assert not torch.equal(model.encode(x).chem.mean, model.encode(changed).chem.mean)


def test_without_layers_tokens_are_apart():
    """What is left is the CNN: a token sees what its convolutions reach, and no other token."""
    alone, mixed = Encoder(replace(SMALL, layers=0)).eval(), Encoder(SMALL).eval()
    tokens = torch.randn(2, SMALL.tokens, 32)
    changed = tokens.clone()
    changed[:, 3] += 1
    for encoder, others in ((alone, False), (mixed, True)):
        differ = (encoder(tokens) - encoder(changed)).abs().amax(dim=2) > 0
        assert differ[:, 3].all()
        assert differ[:, torch.arange(SMALL.tokens) != 3].all() == others
        assert differ[:, torch.arange(SMALL.tokens) != 3].any() == others
    config = replace(SMALL, layers=0)
    assert Spektron(config).encode(spectra(config)).chem.mean.shape == (5, 128)


# Heads


def test_latents_are_drawn_in_training_only():
    model, x = Spektron(SMALL), spectra(SMALL)
    first = model.encode(x)
    assert first.chem.mean.shape == (5, 128)
    assert first.inst.mean.shape == (5, 64)
    spread = first.chem.sample - first.chem.mean
    assert float(spread.detach().std()) == pytest.approx(np.exp(FIRST_LOG_VARIANCE / 2), rel=0.3)
    model.eval()
    assert torch.equal(model.encode(x).chem.sample, model.encode(x).chem.mean)


def test_gradient_is_reversed():
    x = torch.randn(6, requires_grad=True)
    y = reverse_gradient(x, 0.7)
    assert torch.allclose(y, x)
    weights = torch.arange(6.0)
    (y * weights).sum().backward()
    assert torch.allclose(x.grad, -0.7 * weights, atol=1e-6)


def test_adversary_learns_forwards_and_the_encoder_backwards():
    model, x = Spektron(SMALL), spectra(SMALL)
    wanted = torch.tensor([0, 1, 2, 0, 1])
    gradients = {}
    for reversal in (0.0, 1.0, -1.0):
        model.zero_grad()
        torch.manual_seed(1)
        _, logits = model.tell_instruments(model.encode(x), reversal)
        torch.nn.functional.cross_entropy(logits, wanted).backward()
        of_adversary = model.adversary[0].weight.grad.clone()
        of_encoder = model.bottleneck.squeeze.weight.grad.clone()
        gradients[reversal] = of_adversary, of_encoder
    assert torch.allclose(gradients[1.0][0], gradients[-1.0][0], atol=1e-6)
    assert torch.allclose(gradients[1.0][1], -gradients[-1.0][1], atol=1e-6)
    assert gradients[1.0][1].abs().max() > 0
    assert gradients[0.0][1].abs().max() == 0


def test_every_parameter_learns():
    config = replace(SMALL, task="regression", outputs=2)
    model, x = Spektron(config), spectra(config)
    mask = torch.zeros(5, config.tokens, dtype=torch.bool)
    mask[:, 1] = True
    encoded = model.encode(x, mask)
    found = [model.reconstruct(encoded).square().mean(), model.labels(encoded).square().mean()]
    found += [each.square().mean() for each in model.tell_instruments(encoded, 1.0)]
    unit = model.retrieval(encoded.chem.sample)
    assert torch.allclose(unit.norm(dim=1), torch.ones(5))
    sum([*found, (model.retrieval.scale() * unit[:, 0]).sum()]).backward()
    without = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    # The softmax does not feel what is added to all keys.
    assert without == ["encoder.blocks.0.attention.k.bias"] or without == []


def test_no_label_head_no_labels():
    model = Spektron(SMALL)
    with pytest.raises(RuntimeError, match="no label head"):
        model.labels(model.encode(spectra(SMALL)))


def test_spectra_differ_at_the_start():
    """Sparse spectra of one strong line each are not drowned by biases (they once were)."""
    config = sized("tiny")
    lines = torch.zeros(8, 2, config.axis.points)
    for k in range(8):
        lines[k, :, 100 + 100 * k : 106 + 100 * k] = 1.0
    for kind in ("cnn", "patch"):
        means = Spektron(replace(config, tokenizer=kind)).eval().encode(lines).chem.mean
        assert means.std(dim=0).mean() > 0.02


# Gaps, and erasure


@pytest.mark.parametrize("seed", range(3))
def test_lines_across_gaps_are_those_of_numpy(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(6, 2, 40)).astype(np.float32)
    hidden = rng.random((6, 40)) < 0.6
    hidden[:, 17] = False
    hidden[0, :17] = hidden[1, 18:] = True  # gaps at both ends
    hidden[2] = False
    found = across_gaps(torch.from_numpy(x), torch.from_numpy(hidden)).numpy()
    places = np.arange(40)
    for n in range(6):
        for channel in range(2):
            seen = ~hidden[n]
            wanted = np.interp(places, places[seen], x[n, channel, seen])
            assert np.allclose(found[n, channel], wanted, atol=1e-5)
    assert np.array_equal(found[2], x[2])


def test_an_untrained_model_draws_nearly_the_line():
    model, x = Spektron(SMALL).eval(), spectra(SMALL)
    mask = torch.zeros(5, SMALL.tokens, dtype=torch.bool)
    mask[:, 4:6] = True
    encoded = model.encode(x, mask)
    hidden = mask.repeat_interleave(8, dim=1)
    line = across_gaps(x, hidden)
    assert torch.equal(encoded.seen, line)
    assert float((model.reconstruct(encoded).detach() - line).abs().mean()) < 0.15
    assert torch.equal(encoded.first(2).chem.mean, encoded.chem.mean[:2])
    assert torch.equal(encoded.first(2).seen, line[:2])


def panel(molecules=60, instruments=5, dimensions=12, seed=0):
    """Latent vectors in which instruments move a few directions, more than molecules do."""
    rng = np.random.default_rng(seed)
    substance = rng.normal(size=(molecules, 1, 8)) @ rng.normal(size=(8, dimensions))
    device = 3 * rng.normal(size=(1, instruments, 3)) @ rng.normal(size=(3, dimensions))
    noise = 0.3 * rng.normal(size=(molecules, instruments, dimensions))
    return substance + device + noise


def test_erasure_makes_the_instruments_alike():
    """No linear classifier is left with anything: all instruments have one mean."""
    z = panel()
    centre, projection, rank = erasing_map(z, ridge=0, least=1e-9)
    assert rank == 4  # one less than instruments
    assert np.allclose(projection @ projection, projection, atol=1e-8)
    left = z - (z - centre) @ projection.T
    assert np.abs(left.mean(axis=0) - left.mean(axis=(0, 1))).max() < 1e-8
    assert np.abs(z.mean(axis=0) - z.mean(axis=(0, 1))).max() > 1
    # Nothing more goes than must: the rest of the space is as large as before.
    assert np.linalg.matrix_rank((left - left.mean(axis=(0, 1))).reshape(-1, 12)) == 8


def test_erasure_is_the_smallest_change():
    """Of all maps that make the means equal, it changes z least in the metric of Σ⁻¹."""
    z = panel(seed=3)
    centre, projection, _ = erasing_map(z, ridge=0, least=1e-9)
    flat = (z - centre).reshape(-1, 12)
    metric = np.linalg.inv(flat.T @ flat / len(flat))
    means = z.mean(axis=0) - centre

    def change(p):
        moved = flat @ p.T
        return np.einsum("ni,ij,nj->", moved, metric, moved) / len(flat)

    assert change(projection) == pytest.approx(4)  # its rank, in that metric
    rng = np.random.default_rng(0)
    basis = np.linalg.svd(means)[2][:4]
    for _ in range(20):
        others = np.linalg.svd(means)[2][4:]
        oblique = basis.T @ (basis + 0.3 * rng.normal(size=(4, 8)) @ others)
        assert np.allclose(means - means @ oblique.T, 0, atol=1e-8)
        assert change(oblique) > change(projection)


def test_little_of_an_instrument_stays():
    z = panel()
    z += np.random.default_rng(1).normal(size=z.shape)
    ranks = [erasing_map(z, least=least)[2] for least in (1e-9, 0.05, 10.0)]
    assert ranks[0] == 4
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[2] == 0


def test_erasure_is_part_of_the_model():
    model, x = Spektron(SMALL).eval(), spectra(SMALL)
    before = model.encode(x)
    rng = np.random.default_rng(0)
    centre, projection, _ = erasing_map(rng.normal(size=(9, 4, 128)))
    model.bottleneck.erasure.put(centre, projection)
    after = model.encode(x)
    wanted = before.chem.mean.numpy(force=True)
    wanted = wanted - (wanted - centre) @ projection.T
    assert np.allclose(after.chem.mean.numpy(force=True), wanted, atol=1e-5)
    assert torch.equal(after.inst.mean, before.inst.mean)
