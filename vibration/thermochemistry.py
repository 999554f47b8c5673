"""Thermodynamic functions of an ideal gas from normal modes.

Rigid rotor and harmonic oscillators in the classical (high-temperature) limit of rotation
(``"rrho"``; D. A. McQuarrie, *Statistical Mechanics*, 2000, chapters 5, 6 and 8), or the same
with the vibrational entropy of soft modes interpolated to that of a free rotor
(``"quasi-rrho"``; S. Grimme, *Chem. Eur. J.* 18, 9955 (2012), equations 3–8).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..pointgroup import Molecule, PointGroup
from ..pointgroup.units import (
    BOLTZMANN,
    BOLTZMANN_J_PER_K,
    DALTON_KG,
    HARTREE_KJ_PER_MOL,
    MOLAR_GAS,
    PLANCK_J_S,
    SPEED_OF_LIGHT_CM_PER_S,
)
from .errors import ThermochemistryError
from .modes import NormalModes
from .soundness import HarmonicWarning

FloatArray = NDArray[np.float64]
Treatment = Literal["rrho", "quasi-rrho"]

CUT_OFF = 100.0
"""cm⁻¹; Grimme's ω₀, at which a mode counts half as an oscillator, half as a rotor."""
STEEPNESS = 4
"""Grimme's α, the exponent of the damping function."""
MEAN_MOMENT = 1e-44
"""kg m²; Grimme's B_av, which bounds the moment of inertia of a soft mode."""
_ANGSTROM = 1e-10


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one kind of motion adds.

    Attributes
    ----------
    name : "translation", "rotation", "vibration" or "electronic"
    energy : float, kJ/mol
        Internal energy; of vibration with the zero-point energy.
    heat_capacity : float, J/(mol K)
        At constant volume.
    entropy : float, J/(mol K)
    """

    name: str
    energy: float
    heat_capacity: float
    entropy: float


@dataclass(frozen=True, slots=True)
class Thermochemistry:
    """Ideal-gas functions of a molecule, counted from its electronic energy.

    Attributes
    ----------
    temperature : float, K
    pressure : float, Pa
    treatment : "rrho" or "quasi-rrho"
    symmetry_number : int
    zero_point : float, kJ/mol
    contributions : tuple of Contribution
        Translation, rotation, vibration, electronic.
    n_excluded : int
        Imaginary modes, which are left out.
    electronic_energy : float or None, Eh
    """

    temperature: float
    pressure: float
    treatment: Treatment
    symmetry_number: int
    zero_point: float
    contributions: tuple[Contribution, ...]
    n_excluded: int
    electronic_energy: float | None

    @property
    def U(self) -> float:
        """Internal energy, zero-point energy included, kJ/mol."""
        return sum(c.energy for c in self.contributions)

    @property
    def H(self) -> float:
        """Enthalpy U + RT, kJ/mol."""
        return self.U + MOLAR_GAS * self.temperature / 1000

    @property
    def S(self) -> float:
        """Entropy, J/(mol K)."""
        return sum(c.entropy for c in self.contributions)

    @property
    def G(self) -> float:
        """Gibbs energy H − TS, kJ/mol."""
        return self.H - self.temperature * self.S / 1000

    @property
    def Cv(self) -> float:
        """Heat capacity at constant volume, J/(mol K)."""
        return sum(c.heat_capacity for c in self.contributions)

    @property
    def Cp(self) -> float:
        """Heat capacity at constant pressure, Cv + R, J/(mol K)."""
        return self.Cv + MOLAR_GAS

    @property
    def total_enthalpy(self) -> float | None:
        """Electronic energy + H, Eh."""
        return self._total(self.H)

    @property
    def total_gibbs_energy(self) -> float | None:
        """Electronic energy + G, Eh."""
        return self._total(self.G)

    def _total(self, thermal: float) -> float | None:
        energy = self.electronic_energy
        return None if energy is None else energy + thermal / HARTREE_KJ_PER_MOL


def thermochemistry(
    modes: NormalModes,
    temperature: float = 298.15,
    pressure: float = 101325.0,
    *,
    treatment: Treatment = "rrho",
    symmetry_number: int | None = None,
    scale: float = 1.0,
) -> Thermochemistry:
    """Thermodynamic functions of the ideal gas.

    Parameters
    ----------
    modes : NormalModes
    temperature : float, K
    pressure : float, Pa
        101325 by default, as electronic-structure programs have it; tables of standard
        entropies since 1982 are for 100000 Pa (0.11 J/(mol K) more).
    treatment : "rrho" or "quasi-rrho"
        Harmonic entropies, or Grimme's interpolation to a free rotor below 100 cm⁻¹. Energies
        and heat capacities are harmonic in both.
    symmetry_number : int, optional
        Default: that of the detected point group.
    scale : float
        Factor for all wavenumbers.

    Raises
    ------
    ThermochemistryError
        If a number is not positive and finite, or the treatment is unknown.

    Warns
    -----
    HarmonicWarning
        If there are imaginary modes; they are left out.
    """
    for name, value in (("temperature", temperature), ("pressure", pressure), ("scale", scale)):
        if not 0 < value < math.inf:
            raise ThermochemistryError(f"{name} {value}: give a positive number")
    if treatment not in get_args(Treatment):
        raise ThermochemistryError(f"treatment {treatment!r}: it is 'rrho' or 'quasi-rrho'")
    sigma = rotational_symmetry_number(modes.symmetry.group)
    if symmetry_number is not None:
        sigma = symmetry_number
        if sigma < 1:
            raise ThermochemistryError(f"symmetry number {sigma}: it is 1 or more")
    wavenumbers, n_excluded = _real_modes(modes)
    wavenumbers = scale * wavenumbers
    multiplicity = modes.molecule.multiplicity
    contributions = (
        _translation(float(modes.molecule.masses.sum()), temperature, pressure),
        _rotation(moments_of_inertia(modes), sigma, temperature),
        _vibration(wavenumbers, temperature, treatment),
        Contribution("electronic", 0.0, 0.0, MOLAR_GAS * math.log(multiplicity)),
    )
    zero_point = float(wavenumbers.sum()) / BOLTZMANN / 2 * MOLAR_GAS / 1000
    return Thermochemistry(
        temperature, pressure, treatment, sigma, zero_point, contributions, n_excluded, modes.energy
    )


def rotational_symmetry_number(group: PointGroup) -> int:
    """Number of proper rotations of a point group; 1 for C∞v and Kh, 2 for D∞h.

    Examples
    --------
    >>> [rotational_symmetry_number(PointGroup(g)) for g in ("C2v", "D6h", "Td", "D∞h", "Ih")]
    [2, 12, 12, 2, 60]
    """
    if group.is_continuous:
        return 2 if group.family == "D∞h" else 1
    return sum(not operation.improper for operation in group.operations)


def moments_of_inertia(modes: NormalModes) -> FloatArray:
    """Principal moments of inertia, u Å², ascending; (3,), (2,) if linear, (0,) for an atom."""
    molecule: Molecule = modes.molecule
    arms = molecule.positions - molecule.centre_of_mass
    weighted = molecule.masses[:, None] * arms
    tensor = np.sum(weighted * arms) * np.eye(3) - weighted.T @ arms
    skipped = 3 if molecule.n_atoms == 1 else int(modes.symmetry.group.is_linear)
    return np.asarray(np.linalg.eigvalsh(tensor)[skipped:])


def _real_modes(modes: NormalModes) -> tuple[FloatArray, int]:
    real = modes.wavenumbers[modes.wavenumbers > 0]
    n_excluded = len(modes) - len(real)
    if n_excluded:
        warnings.warn(
            f"{n_excluded} imaginary mode{'s' if n_excluded > 1 else ''} left out of the "
            "thermodynamic functions: at a minimum there is none",
            HarmonicWarning,
            stacklevel=3,
        )
    return np.asarray(real), n_excluded


def _translation(mass: float, temperature: float, pressure: float) -> Contribution:
    """Sackur–Tetrode."""
    thermal = BOLTZMANN_J_PER_K * temperature
    wave = 2 * math.pi * mass * DALTON_KG * thermal / PLANCK_J_S**2
    entropy = MOLAR_GAS * (1.5 * math.log(wave) + math.log(thermal / pressure) + 2.5)
    return _classical("translation", 3, temperature, entropy)


def _rotation(moments: FloatArray, sigma: int, temperature: float) -> Contribution:
    """Classical rotor: √π √(T³/Θ_AΘ_BΘ_C)/σ, of a linear molecule T/(σΘ)."""
    inertia = moments * DALTON_KG * _ANGSTROM**2
    ratios = 8 * math.pi**2 * inertia * BOLTZMANN_J_PER_K * temperature / PLANCK_J_S**2
    if len(ratios) == 0:
        return Contribution("rotation", 0.0, 0.0, 0.0)
    shape = 0.5 * math.log(math.pi) if len(ratios) == 3 else 0.0
    # The two equal moments of a linear molecule enter as √(T²/Θ²).
    logarithm = shape + 0.5 * float(np.log(ratios).sum()) - math.log(sigma)
    entropy = MOLAR_GAS * (logarithm + len(ratios) / 2)
    return _classical("rotation", len(ratios), temperature, entropy)


def _classical(name: str, n: int, temperature: float, entropy: float) -> Contribution:
    """Equipartition over n quadratic degrees of freedom."""
    capacity = n / 2 * MOLAR_GAS
    return Contribution(name, capacity * temperature / 1000, capacity, entropy)


def _vibration(wavenumbers: FloatArray, temperature: float, treatment: Treatment) -> Contribution:
    x = wavenumbers / (BOLTZMANN * temperature)
    # e^(−x) underflows to 0 for stiff modes, where expm1(x) would overflow.
    decay = np.exp(-x)
    occupation = decay / -np.expm1(-x)
    energy = MOLAR_GAS * temperature / 1000 * float(np.sum(x * (0.5 + occupation)))
    capacity = MOLAR_GAS * float(np.sum(x**2 * decay / np.expm1(-x) ** 2))
    entropies = MOLAR_GAS * (x * occupation - np.log1p(-decay))
    if treatment == "quasi-rrho":
        weight = 1 / (1 + (CUT_OFF / wavenumbers) ** STEEPNESS)
        free = free_rotor_entropies(wavenumbers, temperature)
        entropies = weight * entropies + (1 - weight) * free
    return Contribution("vibration", energy, capacity, float(entropies.sum()))


def free_rotor_entropies(wavenumbers: FloatArray, temperature: float) -> FloatArray:
    """Entropy of free rotors that have the frequencies of soft modes, J/(mol K).

    A rotor of moment μ = h/(8π²ν) takes its place, bounded by B_av: μ' = μB_av/(μ + B_av), and
    S = R(1/2 + ln √(8π³μ'kT/h²)) (Grimme 2012, equations 4–6).

    Parameters
    ----------
    wavenumbers : (n,), cm⁻¹, positive
    temperature : float, K
    """
    moment = PLANCK_J_S / (8 * math.pi**2 * SPEED_OF_LIGHT_CM_PER_S * wavenumbers)
    bounded = moment * MEAN_MOMENT / (moment + MEAN_MOMENT)
    thermal = BOLTZMANN_J_PER_K * temperature
    argument = 8 * math.pi**3 * bounded * thermal / PLANCK_J_S**2
    return np.asarray(MOLAR_GAS * (0.5 + 0.5 * np.log(argument)))
