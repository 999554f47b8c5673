"""Unit conversions: the one place where a unit meets a number.

CODATA 2022 (E. Tiesinga, P. J. Mohr, D. B. Newell, B. N. Taylor, 2024),
https://physics.nist.gov/cuu/Constants. Typed here because `scipy.constants` costs more to
import than it gives; a test compares them with it.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BOHR",
    "BOLTZMANN",
    "BOLTZMANN_J_PER_K",
    "DALTON",
    "DALTON_KG",
    "DEBYE",
    "FORCE_CONSTANT",
    "HARTREE_CM",
    "HARTREE_KJ_PER_MOL",
    "INTENSITY",
    "MOLAR_GAS",
    "NORMAL_COORDINATE",
    "PLANCK_J_S",
    "SPEED_OF_LIGHT_CM_PER_S",
]

BOHR: Final = 0.529177210544
"""One bohr in ångström: ``positions = BOHR * positions_in_bohr``."""
DALTON: Final = 1822.8884862827601
"""One u in electron masses."""
DALTON_KG: Final = 1.66053906892e-27
"""One u in kg."""
HARTREE_CM: Final = 219474.63136314
"""One hartree (divided by hc) in cm⁻¹."""
HARTREE_KJ_PER_MOL: Final = 2625.499639479163
"""One hartree in kJ/mol."""
NORMAL_COORDINATE: Final = HARTREE_CM / DALTON**0.5
"""cm⁻¹ for a curvature of 1 Eh/(bohr² u): ``wavenumber = NORMAL_COORDINATE * sqrt(curvature)``."""
FORCE_CONSTANT: Final = 15.568931049339307
"""One Eh/bohr² in mdyn/Å (1 mdyn/Å = 100 N/m)."""
INTENSITY: Final = 974.8801098122944
"""Integrated absorption of (dμ/dQ)² = 1 e²/u in km/mol: N_A e²/(12 ε0 c² u)."""
DEBYE: Final = 2.5417464714697275
"""One e·bohr in debye."""
BOLTZMANN: Final = 0.6950348004861274
"""Boltzmann constant in cm⁻¹/K."""
BOLTZMANN_J_PER_K: Final = 1.380649e-23
"""Boltzmann constant in J/K."""
PLANCK_J_S: Final = 6.62607015e-34
"""Planck constant in J s."""
SPEED_OF_LIGHT_CM_PER_S: Final = 29979245800.0
"""Speed of light in cm/s."""
MOLAR_GAS: Final = 8.31446261815324
"""Molar gas constant in J/(mol K)."""
