"""Simulated instruments: each effect against a closed form, and nothing but the seed decides."""

from dataclasses import replace

import numpy as np
import pytest
from spektron.ml.broadening import Axis, curves
from spektron.ml.channels import strongest_is_one
from spektron.ml.errors import SpectraError
from spektron.ml.instruments import (
    PERFECT,
    Instrument,
    InstrumentDistribution,
    draw_instrument,
    draw_instruments,
    generator,
    measure_curves,
    measure_table,
)
from spektron.ml.table import sticks_table

AXIS = Axis(400, 3600, 1601)  # steps of 2 cm⁻¹
TABLE = sticks_table(
    ["a", "b", "c"],
    [[1000.0, 2000.0], [800.0, 2900.0], [1500.0]],
    [[10, 3], [5, 50], [9]],
    [[1, 20], [8, 2], [0]],
)
ONE = np.array([0])


def seen(instrument, rows=ONE, seed=0, **options):
    draws = [generator(seed, int(row), 0) for row in rows]
    return measure_table(TABLE, rows, AXIS, [instrument] * len(rows), draws, **options)


def clean(table=TABLE, rows=ONE, fwhm=10.0):
    lines, strengths = table.strengths(rows)
    return strongest_is_one(curves(lines, strengths, AXIS, fwhm=fwhm))


def test_a_perfect_instrument_does_nothing():
    assert np.allclose(seen(PERFECT), clean(), atol=1e-6)


def test_shift_and_stretch_move_lines():
    found = seen(Instrument(shift=4.0, stretch=2e-3))
    x = AXIS.wavenumbers
    for channel, place in ((0, 1000.0), (1, 2000.0)):
        moved = place * (1 + 2e-3) + 4
        assert x[found[0, channel].argmax()] == pytest.approx(moved, abs=AXIS.step / 2)


def test_lorentzian_widths_add():
    assert np.allclose(seen(Instrument(broadening=12.0)), clean(fwhm=22.0), atol=1e-5)


def width(curve):
    """Full width at half maximum, by linear interpolation."""
    x, top, half = AXIS.wavenumbers, int(curve.argmax()), curve.max() / 2
    left = np.interp(half, curve[: top + 1], x[: top + 1])
    right = np.interp(-half, -curve[top:], x[top:])
    return right - left


def test_resolution_is_a_gaussian_of_its_width():
    """Width of a Voigt line: J. J. Olivero and R. L. Longbothum, JQSRT 17, 233 (1977)."""
    table = sticks_table(["x"], [[2000.0]], [[1.0]], [[1.0]])
    measured = measure_table(
        table, ONE, AXIS, [Instrument(resolution=30.0)], [generator(0)], fwhm=20.0
    )
    voigt = 0.5346 * 20 + np.sqrt(0.2166 * 20**2 + 30**2)
    assert width(measured[0, 0]) == pytest.approx(voigt, rel=2e-3)


def test_smoothing_keeps_the_area():
    one = np.zeros((1, 1, AXIS.points), np.float32)
    one[0, 0, 800] = 1
    wide = measure_curves(one, AXIS, [Instrument(resolution=40.0)], [generator(0)], raman=(False,))
    gaussian = np.exp(-4 * np.log(2) * ((AXIS.wavenumbers - 2000) / 40) ** 2)
    assert np.allclose(wide[0, 0], gaussian, atol=2e-3)


def test_noise_is_a_share_of_the_strongest_band():
    flat = sticks_table(["x"], [[3590.0]], [[1.0]], [[1.0]])
    found = measure_table(flat, ONE, AXIS, [Instrument(noise=0.01)], [generator(3)])
    quiet = measure_table(flat, ONE, AXIS, [PERFECT], [generator(3)])
    assert (found - quiet)[:, :, :1400].std() == pytest.approx(0.01, rel=0.05)


def test_response_and_background():
    tilted = seen(Instrument(tilt=0.5, gain=3.0))
    t = np.linspace(-1, 1, AXIS.points)
    assert np.allclose(tilted, strongest_is_one(clean() * np.exp(0.5 * t)), atol=1e-5)
    # Legendre: P0 = 1, P2 = (3t² − 1)/2. The factor of the measurement is between 0.5 and 1.5.
    raised = seen(Instrument(baseline=(0.2, 0, 0.1, 0)))[0, 0]
    unit = 0.2 + 0.1 * (3 * t**2 - 1) / 2
    far = slice(1200, 1500)
    scale = raised[far] / (clean()[0, 0] + unit)[far]
    curve = raised / raised[1350]
    factors = np.linspace(0.5, 1.5, 201)
    tries = [clean()[0, 0] + f * unit for f in factors]
    best = min(np.abs(curve - each / each[1350]).max() for each in tries)
    assert best < 0.02 * curve.max()
    assert scale.std() > 0  # it is not the background of factor 1


def test_fluorescence_is_in_raman_only():
    found = seen(Instrument(fluorescence=0.5, hump=(0.0, 0.5)))
    assert np.allclose(found[0, 0], clean()[0, 0], atol=1e-6)
    assert found[0, 1, 900] > clean()[0, 1, 900] + 0.1


def test_blank_channels_stay_blank():
    noisy = Instrument(noise=0.1, baseline=(0.3, 0, 0, 0), fluorescence=1.0)
    assert not seen(noisy, content="ir")[0, 1].any()
    assert not seen(noisy, content="raman")[0, 0].any()
    assert not seen(noisy, rows=np.array([2]))[0, 1].any()  # no Raman line at all
    twice = seen(noisy, content="ir twice")
    assert twice.any(axis=2).all()
    assert not np.array_equal(twice[0, 0], twice[0, 1])  # measured twice, not copied
    assert seen(noisy, content="raman", n_channels=1).shape == (1, 1, AXIS.points)


def test_nothing_but_seed_sample_and_epoch_decides():
    every = draw_instruments(InstrumentDistribution(), 1, 3)

    def measured(rows, epoch=0, seed=5):
        draws = [generator(seed, int(r), epoch) for r in rows]
        return measure_table(TABLE, np.array(rows), AXIS, [every[r] for r in rows], draws)

    together, backwards = measured([0, 1, 2]), measured([2, 1, 0])
    # Batches differ in where their numbers lie in memory, not in more than rounding.
    assert np.allclose(together, backwards[::-1], atol=1e-6)
    assert np.array_equal(together, measured([0, 1, 2]))
    assert np.allclose(together[1:2], measured([1]), atol=1e-6)
    assert np.abs(together - measured([0, 1, 2], epoch=1)).max() > 1e-3
    assert np.abs(together - measured([0, 1, 2], seed=6)).max() > 1e-3


def test_instruments_are_drawn_as_stated():
    d = InstrumentDistribution()
    many = draw_instruments(d, 3, 400)
    assert many[:5] == draw_instruments(d, 3, 5)
    assert draw_instrument(d, 3, 7) == many[7] != draw_instrument(d, 4, 7)
    shifts = np.array([i.shift for i in many])
    assert np.abs(shifts).max() <= d.shift
    assert shifts.std() == pytest.approx(d.shift / np.sqrt(3), rel=0.1)
    noise = np.log([i.noise for i in many])
    low, high = np.log(d.noise_low), np.log(d.noise_high)
    assert (noise.min() >= low, noise.max() <= high) == (True, True)
    assert noise.mean() == pytest.approx((low + high) / 2, abs=0.1)
    assert np.std([i.baseline for i in many]) == pytest.approx(d.baseline, rel=0.1)
    zero = InstrumentDistribution(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    drawn = draw_instrument(zero, 0, 0)
    assert replace(drawn, hump=PERFECT.hump) == PERFECT


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"noise": -0.1}, "noise -0.1"),
        ({"gain": 0.0}, "gain 0"),
        ({"resolution": np.inf}, "resolution inf"),
        ({"baseline": (1.0,)}, "1 coefficients"),
    ],
)
def test_bad_instruments(values, message):
    with pytest.raises(SpectraError, match=message):
        Instrument(**values)


def test_bad_distributions():
    with pytest.raises(SpectraError, match=r"instruments\.shift = -1"):
        InstrumentDistribution(shift=-1.0)
    with pytest.raises(SpectraError, match=r"noise from 0\.5 to 0\.1"):
        InstrumentDistribution(noise_low=0.5, noise_high=0.1)
