"""Figures of spectra: what stands where, that labels keep apart, and how they are saved."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.optimize import LinearConstraint, minimize
from spektron.pointgroup import example, mode_counts
from spektron.pointgroup.errors import FileError
from spektron.vibration.errors import SpectrumError
from spektron.vibration.harmonic import HarmonicData
from spektron.vibration.modes import normal_modes
from spektron.vibration.placement import spread, strongest_apart
from spektron.vibration.plots import irrep_symbol, save_figure, spectrum_figure
from spektron.vibration.spectrum import Spectrum, broaden, transmittance


def springs(molecule):
    """A molecule of springs between all atoms, charges and polarizable bonds: full symmetry."""
    x, n, unit = molecule.positions, molecule.n_atoms, np.eye(3)
    hessian, dipole = np.zeros((n, 3, n, 3)), np.zeros((n, 3, 3))
    polarizability = np.zeros((n, 3, 3, 3))
    for i, j in itertools.permutations(range(n), 2):
        r = np.linalg.norm(x[i] - x[j])
        e = (x[i] - x[j]) / r
        bond = 0.5 * np.exp(-1.6 * (r - 1.2)) * (np.outer(e, e) + 0.06 * unit)
        hessian[i, :, i] += bond
        hessian[i, :, j] -= bond
        charge = 0.3 + molecule.atomic_numbers[i] - molecule.atomic_numbers[j]
        dipole[i] += 0.01 * charge * np.exp(1.2 - r) * np.outer(e, e)
        tensor = np.einsum("a,kl->akl", e, unit) + 2 * np.einsum("a,k,l->akl", e, e, e)
        polarizability[i] += np.exp(1.2 - r) * tensor
    dipole -= dipole.mean(axis=0)
    return HarmonicData(
        molecule,
        hessian.reshape(3 * n, 3 * n),
        dipole.reshape(3 * n, 3),
        polarizability.reshape(3 * n, 3, 3),
    )


@pytest.fixture(scope="module")
def benzene():
    return normal_modes(springs(example("benzene")))


@pytest.fixture(scope="module")
def crowded():
    """Adamantane without any symmetry: all 72 modes show in both spectra."""
    molecule = example("adamantane")
    noise = np.random.default_rng(7).normal(scale=0.1, size=molecule.positions.shape)
    data = springs(molecule.with_positions(molecule.positions + noise))
    return normal_modes(data, tolerance=1e-3)


def panels(figure):
    """Axes of the curves, without those of the sticks."""
    return [axes for axes in figure.axes if axes.get_xlabel()]


def diamonds(axes):
    return [line for line in axes.lines if line.get_marker() == "D"]


def test_infrared_runs_down_and_raman_up(benzene):
    figure = spectrum_figure(broaden(benzene), broaden(benzene, "raman"))
    infrared, raman = panels(figure)
    assert infrared.get_xlim()[0] > infrared.get_xlim()[1] == 0
    assert raman.get_xlim()[1] > raman.get_xlim()[0] == 0
    assert infrared.get_position().y0 > raman.get_position().y1
    assert "wavenumber" in infrared.get_xlabel()
    assert "Raman shift" in raman.get_xlabel()


@pytest.mark.parametrize(("direction", "sign"), [("decreasing", -1), ("increasing", 1)])
def test_one_direction_for_both(benzene, direction, sign):
    figure = spectrum_figure(broaden(benzene), broaden(benzene, "raman"), direction=direction)
    assert [np.sign(np.diff(axes.get_xlim()))[0] for axes in panels(figure)] == [sign] * 2


def test_silent_modes_are_on_the_axis(benzene):
    counts = mode_counts(benzene.molecule)
    silent = sorted(
        {round(benzene.wavenumbers[i], 3) for i in range(30) if benzene.activity(i).silent}
    )
    for axes in panels(spectrum_figure(broaden(benzene), broaden(benzene, "raman"))):
        (marks,) = diamonds(axes)
        assert np.round(np.sort(marks.get_xdata()), 3).tolist() == silent
        assert set(marks.get_ydata()) == {0}
        assert marks.get_label() == f"silent ({counts.n_silent} modes)" == "silent (11 modes)"


def test_a_degenerate_set_is_one_stick_and_one_label(benzene):
    figure = spectrum_figure(broaden(benzene), title="")
    texts = [text.get_text() for text in panels(figure)[0].texts]
    assert sum("E_{1u}" in text for text in texts) <= 3  # three E1u fundamentals of benzene
    assert all("E_{1u}" in text or "A_{2u}" in text for text in texts)
    (sticks,) = (c for axes in figure.axes for c in axes.collections)
    assert len(sticks.get_segments()) == 20  # distinct fundamentals


def test_strongest_band_is_labelled_with_its_wavenumber(benzene):
    spectrum = broaden(benzene, "raman")
    k = int(np.argmax(spectrum.sticks.intensities))
    texts = [text.get_text() for text in panels(spectrum_figure(spectrum))[0].texts]
    name = irrep_symbol(spectrum.sticks.irreps[k])
    assert f"{name} {spectrum.sticks.wavenumbers[k]:.0f}" in texts


@pytest.mark.parametrize("ordinate", ["absorption", "transmittance"])
def test_labels_do_not_overlap(crowded, ordinate):
    spectra = broaden(crowded, shape="gaussian"), broaden(crowded, "raman")
    figure = spectrum_figure(*spectra, ordinate=ordinate)
    renderer = FigureCanvasAgg(figure).get_renderer()
    whole = figure.bbox
    for axes in panels(figure):
        boxes = [text.get_window_extent(renderer) for text in axes.texts]
        assert len(boxes) > 15
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        inside = axes.get_window_extent(renderer)
        assert all(inside.y0 <= box.y0 and box.y1 <= inside.y1 for box in boxes)
        assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 for box in boxes)


def test_labels_of_a_crowded_range_are_those_of_the_strongest(crowded):
    spectrum = broaden(crowded, "raman")
    # A narrow range with all its bands within a factor of the strongest.
    low, high = np.sort(crowded.wavenumbers)[[3, 70]]
    texts = panels(spectrum_figure(spectrum, limits=(low, high)))[0].texts
    lines = spectrum.sticks
    inside = (lines.wavenumbers >= low) & (lines.wavenumbers <= high)
    strong = inside & (lines.intensities >= 0.01 * lines.intensities[inside].max())
    shown = np.sort(lines.intensities[strong])[::-1][: len(texts)]
    labelled = {float(text.get_text().split()[-1]) for text in texts}
    k = int(np.argmax(np.where(inside, lines.intensities, 0)))
    assert round(lines.wavenumbers[k]) in labelled
    assert len(texts) == min(strong.sum(), int((7.2 - 0.68 - 0.62) / 0.135))
    expected = {round(w) for w in lines.wavenumbers[inside & (lines.intensities >= shown[-1])]}
    assert labelled == expected


def test_transmittance_by_default_leaves_five_percent(benzene):
    spectrum = broaden(benzene)
    (axes,) = panels(spectrum_figure(spectrum, ordinate="transmittance"))
    curve = axes.lines[0].get_ydata()
    assert curve.min() == pytest.approx(5.0)
    (axes,) = panels(spectrum_figure(spectrum, ordinate="transmittance", column=1e-4))
    assert axes.lines[0].get_ydata() == pytest.approx(100 * transmittance(spectrum, 1e-4))
    assert "0.0001 mol" in axes.lines[0].get_label()


def test_sticks_are_as_high_as_the_curve(benzene):
    figure = spectrum_figure(broaden(benzene, "raman"))
    (left,) = panels(figure)
    (right,) = (axes for axes in figure.axes if axes is not left)
    peak = broaden(benzene, "raman")
    shares = (
        peak.intensities.max() / left.get_ylim()[1],
        peak.sticks.intensities.max() / right.get_ylim()[1],
    )
    assert shares[0] == pytest.approx(shares[1])


def test_imaginary_modes_are_reported():
    molecule = example("water")
    data = springs(molecule)
    saddle = HarmonicData(molecule, -data.hessian, data.dipole_derivatives)
    with pytest.warns(UserWarning, match="imaginary"):
        modes = normal_modes(saddle)
    (axes,) = panels(spectrum_figure(broaden(modes)))
    assert [t.get_text() for t in axes.get_legend().get_texts()][1] == (
        "3 imaginary modes left out"
    )


def test_a_measured_spectrum_has_no_sticks():
    x = np.linspace(600, 4000, 200)
    measured = Spectrum(x, np.sin(x / 300) - 2, "ir", "absorbance", title="film")
    figure = spectrum_figure(measured)
    assert len(figure.axes) == 1
    assert [text.get_text() for text in figure.texts] == ["film"]
    low, high = figure.axes[0].get_ylim()
    assert low == measured.intensities.min()
    assert high > measured.intensities.max()


def test_any_title_can_be_drawn(tmp_path):
    spectrum = Spectrum([1.0, 2.0], [0.0, 1.0], "ir", "x", title="$a_1 $ \\frac" + 99 * "C")
    figure = spectrum_figure(spectrum)
    save_figure(figure, tmp_path / "figure.png")
    (text,) = figure.texts
    box = text.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    assert box.x1 < figure.bbox.x1
    assert text.get_text().endswith("C…")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ordinate": "reflectance"}, "reflectance"),
        ({"direction": "up"}, "up"),
        ({"limits": (2000, 1000)}, "smaller"),
        ({"limits": (1e5, 2e5)}, "show nothing"),
        ({"ordinate": "transmittance", "column": -1.0}, "column -1"),
    ],
)
def test_refused_options(benzene, options, message):
    with pytest.raises(SpectrumError, match=message):
        spectrum_figure(broaden(benzene), **options)


def test_no_spectrum():
    with pytest.raises(SpectrumError, match="no spectrum"):
        spectrum_figure()


@pytest.mark.parametrize(
    ("label", "symbol"),
    [
        ("A", "$A$"),
        ("B3u", "$B_{3u}$"),
        ("E1'", "$E'_{1}$"),
        ("A2″", "$A''_{2}$"),
        ("Πu", r"$\Pi_{u}$"),
        ("Σg-", r"$\Sigma^{-}_{g}$"),
        ("strange", "strange"),
    ],
)
def test_irrep_symbols(label, symbol):
    assert irrep_symbol(label) == symbol


# ---- placing labels ----

TARGETS = st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted)


@given(TARGETS, st.floats(0.1, 8))
def test_spread_keeps_apart_and_inside(targets, gap):
    places = spread(targets, gap, 0.0, 100.0)
    assert (np.diff(places) >= gap - 1e-9).all()
    assert places[0] >= 0
    assert places[-1] <= 100 + 1e-9


@given(st.lists(st.integers(0, 20), min_size=2, max_size=6).map(sorted))
def test_spread_is_the_nearest_arrangement(targets):
    n, gap = len(targets), 3.0
    wanted = np.array(targets, dtype=float)
    apart = LinearConstraint(np.eye(n)[1:] - np.eye(n)[:-1], gap, np.inf)
    start = np.linspace(0, 20, n)
    best = minimize(
        lambda x: np.sum((x - wanted) ** 2),
        start,
        jac=lambda x: 2 * (x - wanted),
        bounds=[(0, 20)] * n,
        constraints=apart,
        method="SLSQP",
    )
    found = spread(wanted, gap, 0.0, 20.0)
    assert np.sum((found - wanted) ** 2) == pytest.approx(best.fun, abs=1e-5)


def test_strongest_are_chosen_in_order_of_place():
    assert strongest_apart([5.0, 1.0, 3.0], [1.0, 9.0, 4.0], 2).tolist() == [1, 2]


# ---- saving ----


@pytest.mark.parametrize(
    ("suffix", "begin"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")]
)
def test_saved_whole(benzene, tmp_path, suffix, begin):
    path = tmp_path / f"benzene{suffix}"
    save_figure(spectrum_figure(broaden(benzene)), path)
    assert path.read_bytes().startswith(begin)
    assert os.listdir(tmp_path) == [path.name]


def test_what_cannot_be_saved_leaves_nothing(benzene, tmp_path):
    figure = spectrum_figure(broaden(benzene))
    with pytest.raises(FileError, match=r"unknown type of figure; known are \.png"):
        save_figure(figure, tmp_path / "benzene.gif")
    with pytest.raises(FileError, match="cannot be written"):
        save_figure(figure, tmp_path / "nowhere" / "benzene.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        save_figure(figure, tmp_path / "folder.png")
    assert os.listdir(tmp_path) == ["folder.png"]


def test_no_window_system_and_no_matplotlib_until_drawn(tmp_path):
    code = """
import sys
from spektron.vibration import plots
from spektron.vibration.spectrum import Spectrum
before = "matplotlib" in sys.modules
plots.save_figure(plots.spectrum_figure(Spectrum([1, 2], [0, 1], "ir", "x")), "figure.png")
print(before, "matplotlib.pyplot" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "DISPLAY"},
    )
    assert (run.stdout.strip(), run.returncode) == ("False False", 0), run.stderr
