"""Forward models: exact identities of graphs, network, and spectra of force constants."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from spektron.ml.errors import SpectraError
from spektron.ml.forward import NetworkConfig, graph_of, join_graphs, molecular_graph
from spektron.ml.model.errors import ConfigError
from spektron.pointgroup import Molecule, detect, example

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

from spektron.ml.forward.forcefield import ForceFieldModel, raman_rows  # noqa: E402
from spektron.ml.forward.lines import (  # noqa: E402
    broadened,
    curvatures_of,
    wavenumbers_of,
)
from spektron.ml.forward.models import load_forward, new_model, sample_of, save_forward  # noqa: E402
from spektron.ml.forward.prediction import forecast, harmonic_data, shifts_of  # noqa: E402
from spektron.ml.forward.samples import join_samples  # noqa: E402
from spektron.ml.forward.valence import valence  # noqa: E402
from spektron.vibration import normal_modes  # noqa: E402
from spektron.vibration.intensities import raman  # noqa: E402

KINDS = ("grid", "force field", "shifts")
TINY = NetworkConfig(width=8, layers=2, radial=6)


def model_of(kind, seed=0):
    """An untrained model in double precision whose quiet layers speak too."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = new_model(replace(TINY, kind=kind)).double()
        for parameter in model.parameters():
            parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def output(model, *molecules):
    samples = [sample_of(graph_of(m, model.config.cutoff), model.config) for m in molecules]
    with torch.no_grad():
        found = model(join_samples(samples))
    return (found[0] if isinstance(found, tuple) else found).numpy()


def ethanol():
    return Molecule.from_smiles("CCO")


def moved(molecule, matrix, shift=(0.0, 0.0, 0.0)):
    return molecule.with_positions(molecule.positions @ np.asarray(matrix).T + shift)


# ---- graphs ----


def test_edges_are_all_pairs_within_the_cutoff():
    molecule = ethanol()
    graph = graph_of(molecule, 2.2)
    x = molecule.positions
    slow = [
        (i, j)
        for j in range(len(x))
        for i in range(len(x))
        if i != j and sum((x[i] - x[j]) ** 2) < 2.2**2
    ]
    assert list(zip(*graph.edges.tolist(), strict=True)) == slow


def test_a_batch_has_no_edges_between_molecules():
    one, two = graph_of(ethanol()), graph_of(example("water"))
    both = join_graphs([one, two])
    assert (both.owner[both.edges[0]] == both.owner[both.edges[1]]).all()
    assert both.edges.shape[1] == one.edges.shape[1] + two.edges.shape[1]


@pytest.mark.parametrize(
    ("numbers", "positions", "message"),
    [
        ([], np.empty((0, 3)), "n ≥ 1"),
        ([1, 1], [[0, 0, 0]], "positions of shape"),
        ([1, 1], [[0, 0, 0], [0, 0, np.nan]], "not finite"),
        ([1, 1], [[0, 0, 0], [0, 0, 0.1]], "0.10 Å apart"),
    ],
)
def test_graphs_that_are_refused(numbers, positions, message):
    with pytest.raises(SpectraError, match=message):
        molecular_graph(numbers, positions, 5.0)


# ---- invariance ----


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000), improper=st.booleans())
@settings(max_examples=4)
def test_predictions_do_not_depend_on_the_frame(kind, seed, improper):
    model, molecule = model_of(kind), ethanol()
    turn = Rotation.random(random_state=seed).as_matrix() * (-1 if improper else 1)
    shifted = moved(molecule, turn, np.random.default_rng(seed).normal(0, 20, 3))
    before, after = output(model, molecule), output(model, shifted)
    np.testing.assert_allclose(after, before, rtol=1e-7, atol=1e-7 * np.abs(before).max())


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_follow_a_permutation_of_the_atoms(kind):
    model, molecule = model_of(kind), ethanol()
    order = np.random.default_rng(1).permutation(molecule.n_atoms)
    before, after = output(model, molecule), output(model, molecule.permuted(order.tolist()))
    expected = before[order] if kind == "shifts" else before
    np.testing.assert_allclose(after, expected, rtol=1e-7, atol=1e-7 * np.abs(before).max())


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_gives_what_single_molecules_give(kind):
    model = model_of(kind)
    several = [ethanol(), example("water"), Molecule.from_smiles("C#N")]
    alone = [output(model, molecule) for molecule in several]
    np.testing.assert_allclose(output(model, *several), np.concatenate(alone), rtol=1e-8)


@pytest.mark.parametrize("kind", ["grid", "shifts"])
def test_what_lies_beyond_the_reach_of_the_network_does_not_matter(kind):
    model, near = model_of(kind), ethanol()
    both = Molecule([*near.symbols, "F"], np.vstack([near.positions, [[0.0, 0.0, 60.0]]]))
    alone = Molecule(["F"], [[0.0, 0.0, 0.0]])
    if kind == "shifts":
        np.testing.assert_allclose(output(model, both)[:-1], output(model, near), rtol=1e-9)
    else:
        sums = output(model, near) + output(model, alone)
        np.testing.assert_allclose(output(model, both), sums, rtol=1e-9)


def test_a_translation_changes_no_energy_dipole_or_polarizability():
    molecule = ethanol()
    data = harmonic_data(model_of("force field"), molecule)
    shift = np.tile(np.eye(3), (molecule.n_atoms, 1))
    assert np.abs(data.hessian @ shift).max() < 1e-10
    assert np.abs(shift.T @ data.dipole_derivatives).max() < 1e-10
    sums = np.einsum("ic,ikl->ckl", shift, data.polarizability_derivatives)
    assert np.abs(sums).max() < 1e-9 * np.abs(data.polarizability_derivatives).max()


def test_tensors_turn_with_the_molecule():
    model, molecule = model_of("force field"), ethanol()
    turn = -Rotation.random(random_state=3).as_matrix()
    before, after = harmonic_data(model, molecule), harmonic_data(model, moved(molecule, turn))
    # The room of vibrations knows how harmonic data turn.
    there = before.rotated(turn)
    scale = np.abs(before.polarizability_derivatives).max()
    np.testing.assert_allclose(after.hessian, there.hessian, atol=1e-9)
    np.testing.assert_allclose(after.dipole_derivatives, there.dipole_derivatives, atol=1e-9)
    np.testing.assert_allclose(
        after.polarizability_derivatives, there.polarizability_derivatives, atol=1e-9 * scale
    )


# ---- selection rules ----


@pytest.mark.parametrize("name", ["benzene", "ethylene", "carbon_dioxide", "methane", "water"])
def test_an_untrained_force_field_obeys_selection_rules(name):
    model = model_of("force field", seed=5)
    molecule = detect(example(name)).symmetrise()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # untrained, it may be no minimum
        modes = normal_modes(harmonic_data(model, molecule))
    for values, kind in ((modes.ir_intensities, "ir"), (modes.raman_activities, "raman")):
        allowed = np.array([getattr(modes.activity(k), kind) for k in range(len(modes))])
        assert values[allowed].max() > 1e-3
        assert values[~allowed].max(initial=0.0) < 1e-12 * values.max()
    assert modes.largest_splitting < 1e-6


def test_the_grid_model_knows_no_selection_rules():
    """It gives benzene intensity everywhere, also where the group forbids every line."""
    curves = output(model_of("grid"), detect(example("benzene")).symmetrise())
    assert (curves > 0).all()


# ---- spectra of force constants ----


def test_forces_and_intensities_agree_with_the_room_of_vibrations():
    """Model curves are those of the normal modes of its own harmonic data."""
    from spektron.ml.broadening import curves
    from spektron.ml.table import Ragged

    model, molecule = model_of("force field"), ethanol()
    modes = normal_modes(harmonic_data(model, molecule))
    assert modes.wavenumbers.min() > 60  # below, the root is continued by its tangent
    lines = Ragged.of([modes.wavenumbers])
    strengths = np.stack([modes.ir_intensities, modes.raman_activities], axis=1)
    expected = curves(lines, strengths.astype(np.float32), TINY.axis, fwhm=TINY.fwhm)
    found = output(model, molecule)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * expected.max())
    np.testing.assert_allclose(forecast(model, molecule).curves, found[0], rtol=1e-9)


def test_raman_rows_are_the_activity_of_long():
    rng = np.random.default_rng(0)
    alpha = rng.normal(size=(4, 3, 3, 3))
    alpha = alpha + alpha.swapaxes(1, 2)
    rows = raman_rows(torch.tensor(alpha)).numpy()
    for direction in range(3):
        activity, _, _ = raman(alpha[..., direction])
        np.testing.assert_allclose((rows[..., direction] ** 2).sum(axis=1), activity)


def test_wavenumbers_and_curvatures_are_inverse():
    lines = torch.tensor([60.0, 400.0, 3500.0], dtype=torch.double)
    torch.testing.assert_close(wavenumbers_of(curvatures_of(lines)), lines)
    # One spring of 5 mdyn/Å and 1 u: ν = (1/2πc)√(k/m) = 2913.1 cm⁻¹.
    assert float(wavenumbers_of(torch.tensor(5.0, dtype=torch.double))) == pytest.approx(
        2913.1, abs=0.1
    )


@pytest.mark.parametrize("curvatures", [(0.05, 0.5, 0.9, 1.4), (0.5, 0.5, 0.5, 1.2)])
def test_derivatives_of_broadened_lines_are_exact_even_where_degenerate(curvatures):
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    dynamic = torch.tensor(basis @ np.diag(curvatures) @ basis.T)[None].requires_grad_()
    rows = torch.tensor(rng.normal(size=(1, 5, 4))).requires_grad_()
    axis = torch.linspace(200, 2000, 31, dtype=torch.double)

    def curve(d, a):
        return broadened((d + d.mT) / 2, a, 2, axis, 25.0)[0]

    assert torch.autograd.gradcheck(curve, (dynamic, rows), eps=1e-6, atol=1e-5, rtol=1e-3)


def test_derivatives_of_curvatures_are_exact():
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(1, 5, 5))
    dynamic = torch.tensor(matrix @ matrix.swapaxes(1, 2)).requires_grad_()
    rows = torch.zeros(1, 3, 5, dtype=torch.double)
    axis = torch.linspace(200, 2000, 5, dtype=torch.double)
    assert torch.autograd.gradcheck(
        lambda d: broadened((d + d.mT) / 2, rows, 1, axis, 25.0)[1], (dynamic,), atol=1e-6
    )


# ---- what is refused ----


@pytest.mark.parametrize("kind", KINDS)
def test_elements_outside_the_vocabulary_are_named(kind):
    iodide = Molecule.from_smiles("CI")
    model = model_of(kind)
    with pytest.raises(SpectraError, match="atom 1 is I, which this model has not learnt"):
        shifts_of(model, iodide) if kind == "shifts" else forecast(model, iodide)


def test_ions_radicals_and_wrong_kinds_are_refused():
    cation = Molecule(["O", "H"], [[0, 0, 0], [0, 0, 0.97]], charge=-1)
    with pytest.raises(SpectraError, match="charge -1"):
        forecast(model_of("grid"), cation)
    with pytest.raises(SpectraError, match="predicts NMR shifts"):
        forecast(model_of("shifts"), example("water"))
    with pytest.raises(SpectraError, match="single atom"):
        valence(Molecule(["Ne"], [[0, 0, 0]]))
    with pytest.raises(SpectraError, match="force-field model"):
        ForceFieldModel(TINY)(join_samples([sample_of(graph_of(ethanol()), TINY)]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, "model.width"),
        ({"cutoff": -1.0}, "model.cutoff"),
        ({"elements": ("C", "C")}, "each element once"),
        ({"kind": "shifts", "nuclei": ()}, "model.nuclei"),
    ],
)
def test_settings_without_meaning_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        NetworkConfig(**settings)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_from_its_file(kind, tmp_path):
    model = model_of(kind).float()
    save_forward(tmp_path / "m.safetensors", model, {"steps": 3})
    again, card = load_forward(tmp_path / "m.safetensors")
    assert card == {"steps": 3}
    assert again.config == model.config
    np.testing.assert_array_equal(output(again, ethanol()), output(model, ethanol()))
