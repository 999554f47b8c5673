"""Typed constants against `scipy.constants` (CODATA 2022)."""

import pytest
from scipy import constants
from scipy.constants import value
from spektron.pointgroup import units

A0, EH, U = value("Bohr radius"), value("Hartree energy"), value("atomic mass constant")

EXPECTED = {
    "BOHR": A0 * 1e10,
    "BOLTZMANN": value("Boltzmann constant in inverse meter per kelvin") / 100,
    "BOLTZMANN_J_PER_K": constants.k,
    "DALTON": U / value("electron mass"),
    "DALTON_KG": U,
    "DEBYE": constants.e * A0 * constants.c * 1e21,
    "FORCE_CONSTANT": EH / A0**2 / 100,
    "HARTREE_CM": value("hartree-inverse meter relationship") / 100,
    "HARTREE_KJ_PER_MOL": EH * constants.N_A / 1000,
    "INTENSITY": constants.N_A
    * constants.e**2
    / (12 * constants.epsilon_0 * constants.c**2 * U)
    / 1000,
    "MOLAR_GAS": constants.R,
    "NORMAL_COORDINATE": (EH / U) ** 0.5 / A0 / (2 * constants.pi * constants.c) / 100,
    "PLANCK_J_S": constants.h,
    "SPEED_OF_LIGHT_CM_PER_S": constants.c * 100,
}


def test_every_constant_is_checked():
    assert sorted(EXPECTED) == sorted(units.__all__)


@pytest.mark.parametrize("name", EXPECTED)
def test_constant(name):  # SciPy carries CODATA 2018 or 2022, by its version
    assert getattr(units, name) == pytest.approx(EXPECTED[name], rel=5e-9)
