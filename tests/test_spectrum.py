"""Spectra from modes: areas, widths, units, cross-sections, and what is refused."""

import math

import numpy as np
import pytest
import scipy.constants as si
from hypothesis import given
from hypothesis import strategies as st
from spektron.pointgroup import Molecule, example
from spektron.vibration.errors import SpectrumError
from spektron.vibration.lineshapes import SHAPES, profile
from spektron.vibration.modes import modes_from_displacements
from spektron.vibration.spectrum import Spectrum, broaden, sticks, transmittance
from spektron.vibration.sticks import CROSS_SECTION, cross_sections

WATER = example("water")


def water(wavenumbers=(1600.0, 3650.0, 3750.0), **intensities):
    """Water with its three modes by symmetry, bend and stretches along the bonds."""
    oxygen, *hydrogens = WATER.positions
    along = np.array([h - oxygen for h in hydrogens])
    across = np.cross(np.cross(along[0], along[1]), along) * [[1], [-1]]
    moves = [across, along, along * [[1], [-1]]]
    displacements = [np.vstack([-move.sum(axis=0) / 15.87, move]) for move in moves]
    return modes_from_displacements(WATER, wavenumbers, displacements, **intensities)


def ammonia(wavenumbers, **intensities):
    """The three N–H stretches of ammonia only: A1 and an E pair."""
    molecule = example("ammonia")
    nitrogen = molecule.symbols.index("N")
    hydrogens = [i for i in range(4) if i != nitrogen]
    moves = []
    for weights in ([1, 1, 1], [2, -1, -1], [0, 1, -1]):
        move = np.zeros((4, 3))
        for i, weight in zip(hydrogens, weights, strict=True):
            move[i] = weight * (molecule.positions[i] - molecule.positions[nitrogen])
        moves.append(move)
    return modes_from_displacements(molecule, wavenumbers, moves, **intensities)


INFRARED = {"ir_intensities": [70.0, 5.0, 60.0]}
RAMAN = {"raman_activities": [1.0, 100.0, 30.0]}


# ---- line shapes ----


@given(st.sampled_from(SHAPES), st.floats(0.1, 100), st.floats(0, 1), st.floats(-1000, 1000))
def test_line_has_unit_area_and_its_width(shape, fwhm, mixing, centre):
    x = centre + fwhm * np.linspace(-1000, 1000, 100001)
    y = profile(x - centre, fwhm, shape, mixing)
    lorentzian = {"lorentzian": 1.0, "gaussian": 0.0}.get(shape, mixing)
    tails = lorentzian * (1 - 2 / math.pi * math.atan(2 * 1000))
    assert np.trapezoid(y, x) == pytest.approx(1 - tails, abs=1e-6)
    half, top = profile(np.array([fwhm / 2, 0.0]), fwhm, shape, mixing)
    assert half == pytest.approx(top / 2, rel=1e-12)
    assert np.allclose(y, y[::-1])


def test_maximum_of_an_infrared_band_from_si():
    # 100 km/mol = 1e5 m/mol of napierian absorption over wavenumbers in 1/m.
    modes = water(ir_intensities=[100.0, 0.0, 0.0])
    napierian = 1e5 * 2 / (math.pi * 1000)  # m²/mol at the top of a Lorentzian of 1000 m⁻¹
    decadic = napierian / math.log(10) * 1e4 / 1e3  # cm² per mol, by litre
    spectrum = broaden(modes, fwhm=10.0, grid=[1600.0])
    assert spectrum.intensities[0] == pytest.approx(decadic, rel=1e-12)
    assert spectrum.unit == "L mol⁻¹ cm⁻¹"


@pytest.mark.parametrize("shape", SHAPES)
def test_area_of_a_spectrum(shape):
    spectrum = broaden(water(**INFRARED), shape=shape, fwhm=4.0, limits=(-40000, 40000), step=0.5)
    area = np.trapezoid(spectrum.intensities, spectrum.wavenumbers)
    assert area == pytest.approx(135 * 100 / math.log(10), rel=2e-4)


def test_beer_lambert_area_of_what_is_transmitted():
    # The integrated napierian absorbance per column is the intensity again.
    spectrum = broaden(water(**INFRARED), shape="gaussian", limits=(1000, 2200), step=0.1)
    column = 1e-3  # mol cm/L
    absorbance = -np.log(transmittance(spectrum, column)) / column  # L/(mol cm)
    area = np.trapezoid(absorbance, spectrum.wavenumbers)  # L/(mol cm²) = 0.01 km/mol
    assert area / 100 == pytest.approx(70.0, rel=1e-9)


def test_activity_curve_has_the_area_of_its_sticks():
    spectrum = broaden(water(**RAMAN), "raman", shape="gaussian", limits=(0, 5000))
    area = np.trapezoid(spectrum.intensities, spectrum.wavenumbers)
    assert area == pytest.approx(131.0, rel=1e-9)
    assert (spectrum.unit, spectrum.sticks.unit) == ("Å⁴ cm/u", "Å⁴/u")


# ---- Raman cross-sections ----


def in_si(wavenumber, activity, laser, temperature):
    """dσ/dΩ in 10⁻³⁰ cm²/sr, with polarizabilities in C m²/V instead of volumes."""
    incoming, shift = 1e9 / laser, 100 * wavenumber  # 1/m
    polarizability = 4 * math.pi * si.epsilon_0
    strength = activity * 1e-40 * polarizability**2 / si.atomic_mass
    amplitude = si.h / (8 * math.pi**2 * si.c * shift)
    boltzmann = 1 - math.exp(-si.h * si.c * shift / (si.k * temperature))
    prefactor = math.pi**2 / si.epsilon_0**2 * (incoming - shift) ** 4
    return prefactor * amplitude * strength / 45 / boltzmann * 1e4 * 1e30


@given(st.floats(10, 5000), st.floats(1e-3, 1e4), st.floats(200, 1500), st.floats(20, 2000))
def test_cross_section_against_si(wavenumber, activity, laser, temperature):
    found = cross_sections([wavenumber], [activity], laser, temperature)
    assert found == pytest.approx(in_si(wavenumber, activity, laser, temperature), rel=1e-7)


def test_published_prefactor():
    # Le Ru and Etchegoin (2009), appendix A: 5.8e-46 cm² for wavenumbers in cm⁻¹, Å⁴/u.
    assert abs(CROSS_SECTION * 1e-30 / 5.8e-46 - 1) < 0.01


def test_cross_section_at_zero_temperature_is_the_ground_state():
    cold, warm = (cross_sections([500.0], [1.0], 532.0, t)[0] for t in (0.0, 298.15))
    occupation = 1 / math.expm1(si.h * si.c * 5e4 / (si.k * 298.15))
    assert warm / cold == pytest.approx(1 + occupation, rel=1e-7)


def test_raman_spectrum_at_a_laser_line():
    spectrum = broaden(
        water(**RAMAN), "raman", laser=532.0, temperature=300.0, shape="gaussian", limits=(0, 5000)
    )
    expected = sum(
        in_si(w, a, 532.0, 300.0) for w, a in zip((1600, 3650, 3750), (1, 100, 30), strict=True)
    )
    area = np.trapezoid(spectrum.intensities, spectrum.wavenumbers)
    assert area == pytest.approx(expected, rel=1e-7)
    assert spectrum.unit == "10⁻³⁰ cm³ sr⁻¹"
    assert "532 nm" in spectrum.line_shape


# ---- sticks ----


def test_a_degenerate_set_is_one_stick():
    lines = sticks(ammonia([3337.0, 3443.0, 3444.0], ir_intensities=[5.0, 3.0, 4.0]))
    assert lines.irreps == ("A1", "E")
    assert lines.wavenumbers.tolist() == [3337.0, 3443.5]
    assert lines.intensities.tolist() == [5.0, 7.0]
    assert lines.degeneracies.tolist() == [1, 2]
    assert lines.active.tolist() == [True, True]
    assert not lines.silent.any()


def test_a_split_set_stays_two_sticks():
    lines = sticks(ammonia([3337.0, 3443.0, 3500.0], ir_intensities=[5.0, 3.0, 4.0]))
    assert lines.irreps == ("A1", "E", "E")
    assert lines.intensities.tolist() == [5.0, 3.0, 4.0]


def test_imaginary_and_zero_modes_are_left_out_and_listed():
    lines = sticks(water([-200.0, 0.0, 3750.0], **RAMAN), "raman", laser=500.0)
    assert lines.wavenumbers.tolist() == [3750.0]
    assert lines.left_out == (-200.0, 0.0)
    assert np.isfinite(lines.intensities).all()


def test_scale_moves_bands_and_keeps_areas():
    plain, scaled = (sticks(water(**INFRARED), scale=s) for s in (1.0, 0.96))
    assert scaled.wavenumbers == pytest.approx(0.96 * plain.wavenumbers)
    assert scaled.intensities.tolist() == plain.intensities.tolist()


def test_scaled_cross_sections_use_scaled_wavenumbers():
    lines = sticks(water(**RAMAN), "raman", scale=0.96, laser=532.0)
    assert lines.intensities[0] == pytest.approx(in_si(0.96 * 1600, 1.0, 532.0, 298.15), rel=1e-7)


def test_activities_by_irrep():
    modes = modes_from_displacements(
        Molecule("HH", [[0, 0, 0], [0, 0, 0.7414]]),
        [4401.2],
        [[[0, 0, 1], [0, 0, -1]]],
        ir_intensities=[0.0],
        raman_activities=[150.0],
    )
    assert not sticks(modes, "ir").active[0]
    assert sticks(modes, "raman").active[0]
    assert not sticks(modes, "ir").silent[0]


# ---- grids ----


@given(st.floats(0.5, 50), st.floats(10, 4000))
def test_default_grid_covers_the_lines(fwhm, highest):
    modes = water([0.5 * highest, 0.9 * highest, highest], **INFRARED)
    spectrum = broaden(modes, fwhm=fwhm)
    x = spectrum.wavenumbers
    assert x[0] == 0
    assert x[-1] >= highest + max(100, 10 * fwhm)
    assert np.diff(x).max() <= min(1.0, fwhm / 10) * 1.0001


def test_a_given_grid_is_kept_and_may_be_uneven():
    grid = np.array([100.0, 1599.0, 1600.0, 4000.0])
    grid.flags.writeable = False
    spectrum = broaden(water(**INFRARED), grid=grid)
    assert spectrum.wavenumbers.tolist() == grid.tolist()
    fine = broaden(water(**INFRARED), limits=(0, 4000), step=1.0)
    assert spectrum.intensities == pytest.approx(np.interp(grid, *_xy(fine)), rel=1e-12)


def _xy(spectrum):
    return spectrum.wavenumbers, spectrum.intensities


def test_values_are_read_only():
    spectrum = broaden(water(**INFRARED))
    with pytest.raises(ValueError, match="read-only"):
        spectrum.intensities[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        spectrum.sticks.intensities[0] = 1.0


# ---- what is refused ----


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fwhm": -1.0}, "FWHM -1"),
        ({"fwhm": 0.0}, "FWHM 0"),
        ({"fwhm": math.nan}, "FWHM nan"),
        ({"shape": "boxcar"}, "boxcar"),
        ({"shape": "pseudo-voigt", "mixing": 1.5}, "mixing 1.5"),
        ({"kind": "nir"}, "nir"),
        ({"kind": "raman"}, "no Raman activities"),
        ({"scale": 0.0}, "scale factor 0"),
        ({"scale": math.inf}, "scale factor inf"),
        ({"laser": 532.0}, "no meaning in an infrared"),
        ({"limits": (4000, 0)}, "limits 4000 to 0"),
        ({"limits": (0, math.inf)}, "limits 0 to inf"),
        ({"step": 0.0}, "step 0"),
        ({"step": -1.0}, "step -1"),
        ({"step": 9000.0}, "step 9000"),
        ({"step": 1e-5}, "points"),
        ({"grid": [3.0, 2.0, 1.0]}, "do not ascend"),
        ({"grid": [1.0, 1.0]}, "do not ascend"),
        ({"grid": [1.0], "step": 1.0}, "the one or the other"),
        ({"grid": [1.0], "limits": (0, 1)}, "the one or the other"),
        ({"grid": []}, "one or more"),
        ({"grid": [0.0, math.nan]}, "wavenumber 2 is not finite"),
    ],
)
def test_refused_arguments(arguments, message):
    with pytest.raises(SpectrumError, match=message) as error:
        broaden(water(**INFRARED), **arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"laser": 0.0}, "laser 0 nm"),
        ({"laser": -532.0}, "laser -532"),
        ({"laser": math.nan}, "laser nan"),
        ({"laser": 5000.0}, "choose a shorter wavelength"),
        ({"laser": 532.0, "temperature": -1.0}, "temperature -1 K"),
        ({"laser": 532.0, "temperature": math.inf}, "temperature inf"),
    ],
)
def test_refused_lasers(arguments, message):
    with pytest.raises(SpectrumError, match=message):
        broaden(water(**RAMAN), "raman", **arguments)


def test_refused_intensities():
    with pytest.raises(SpectrumError, match="no IR intensities"):
        broaden(water(**RAMAN), "ir")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"wavenumbers": [1.0, 2.0, 3.0]}, "3 wavenumbers"),
        ({"wavenumbers": [2.0, 1.0]}, "do not ascend"),
        ({"intensities": [1.0, math.inf]}, "at 2 cm⁻¹ is inf"),
        ({"kind": "uv"}, "uv"),
    ],
)
def test_refused_spectra(fields, message):
    good = {"wavenumbers": [1.0, 2.0], "intensities": [1.0, 1.0], "kind": "ir", "unit": ""}
    with pytest.raises(SpectrumError, match=message):
        Spectrum(**(good | fields))


def test_refused_transmittance():
    spectrum = broaden(water(**RAMAN), "raman")
    with pytest.raises(SpectrumError, match="it must be in L mol"):
        transmittance(spectrum, 1.0)
    with pytest.raises(SpectrumError, match="column -1"):
        transmittance(broaden(water(**INFRARED)), -1.0)
