"""Fundamentals as lines: where they are, how strong, and a degenerate set as one line.

The Raman cross-section of a Stokes fundamental of freely rotating molecules, for light
polarised across the plane of observation, seen at 90° in all its polarisations, is

    dσ/dΩ = (2π)⁴/45 · (ν̃₀ − ν̃)⁴ · h/(8π²c ν̃) · S/(1 − exp(−hcν̃/kT))

with S = 45a'² + 7γ'². Its sum runs over all lines that start from excited levels of the same
harmonic mode.

Sources: J. Neugebauer, M. Reiher, C. Kind, B. A. Hess, *J. Comput. Chem.* 23, 895 (2002);
D. A. Long, *The Raman Effect* (2002), chapter 5; E. C. Le Ru, P. G. Etchegoin, *Principles of
Surface-Enhanced Raman Spectroscopy* (2009), appendix A, for the prefactor 5.8e-46 cm² of the
same expression with wavenumbers in cm⁻¹ and S in Å⁴/u.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup.units import BOLTZMANN, DALTON_KG, PLANCK_J_S, SPEED_OF_LIGHT_CM_PER_S
from .errors import SpectrumError
from .modes import NormalModes

FloatArray = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Kind = Literal["ir", "raman"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_METRE, _SQUARE_METRE = 1e2, 1e4  # in cm and cm²
_ANGSTROM_4 = 1e-40  # in m⁴
CROSS_SECTION: Final = (
    (2 * math.pi) ** 4
    / 45
    * PLANCK_J_S
    / (8 * math.pi**2 * SPEED_OF_LIGHT_CM_PER_S / _METRE)
    * _ANGSTROM_4
    / DALTON_KG
    * _METRE**3
    * _SQUARE_METRE
    * 1e30
)
"""10⁻³⁰ cm²/sr for S = 1 Å⁴/u, (ν̃₀ − ν̃)⁴/ν̃ = 1 cm⁻³ and T = 0."""
NANOMETRES: Final = 1e7
"""Wavelength in nm times wavenumber in cm⁻¹."""
SPLIT: Final = 1.0
"""cm⁻¹; a degenerate set that spreads further is drawn as separate lines."""
IR_UNIT, ACTIVITY_UNIT, CROSS_SECTION_UNIT = "km/mol", "Å⁴/u", "10⁻³⁰ cm² sr⁻¹"


@dataclass(frozen=True, slots=True, eq=False)
class Sticks:
    """Fundamentals of one kind of spectrum, lowest first, each degenerate set as one line.

    Attributes
    ----------
    wavenumbers : (n,), cm⁻¹
        Scaled; of a set, the mean.
    intensities : (n,)
        Of a set, the sum. In ``unit``.
    irreps : tuple of str, length n
    degeneracies : (n,) int
        Number of modes of each line.
    active : (n,) bool
        Whether the irrep is allowed in this kind of spectrum.
    silent : (n,) bool
        Whether the irrep is allowed neither in the infrared nor in the Raman spectrum.
    unit : str
        "km/mol", "Å⁴/u" or "10⁻³⁰ cm² sr⁻¹".
    left_out : tuple of float, cm⁻¹
        Modes with no place in a spectrum: imaginary (negative) and zero wavenumbers.
    """

    wavenumbers: FloatArray
    intensities: FloatArray
    irreps: tuple[str, ...]
    degeneracies: Integers
    active: Flags
    silent: Flags
    unit: str
    left_out: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("wavenumbers", "intensities", "degeneracies", "active", "silent"):
            getattr(self, name).flags.writeable = False

    def __len__(self) -> int:
        return len(self.wavenumbers)


def sticks(
    modes: NormalModes,
    kind: Kind = "ir",
    *,
    scale: float = 1.0,
    laser: float | None = None,
    temperature: float = 298.15,
) -> Sticks:
    """Lines of the fundamentals; imaginary modes are left out and listed.

    Parameters
    ----------
    modes : NormalModes
    kind : "ir" or "raman"
    scale : float
        Factor on all wavenumbers. IR intensities and Raman activities stay as they are.
    laser : float, nm, optional
        Wavelength of the exciting line; Raman intensities are then cross-sections of the
        Stokes lines instead of activities.
    temperature : float, K
        Of the sample, for cross-sections.

    Raises
    ------
    SpectrumError
        If the modes carry no such intensities, or an argument has no meaning.
    """
    _check(kind, scale, laser)
    values = scale * modes.wavenumbers
    strength = _strength(modes, kind)
    real = values > 0
    unit = IR_UNIT if kind == "ir" else ACTIVITY_UNIT
    if laser is not None:
        unit = CROSS_SECTION_UNIT
        strength = strength.copy()
        strength[real] = cross_sections(values[real], strength[real], laser, temperature)
    groups = _lines(modes, values, real)
    allowed = {irrep: modes.activity(modes.irreps.index(irrep)) for irrep in set(modes.irreps)}
    activities = [allowed[modes.irreps[group[0]]] for group in groups]
    return Sticks(
        np.array([values[group].mean() for group in groups]),
        np.array([strength[group].sum() for group in groups]),
        tuple(modes.irreps[group[0]] for group in groups),
        np.array([len(group) for group in groups], dtype=np.int64),
        np.array([a.ir if kind == "ir" else a.raman for a in activities], dtype=np.bool_),
        np.array([a.silent for a in activities], dtype=np.bool_),
        unit,
        tuple(values[~real].tolist()),
    )


def cross_sections(
    wavenumbers: ArrayLike, activities: ArrayLike, laser: float, temperature: float = 298.15
) -> FloatArray:
    """Differential Raman cross-sections of Stokes fundamentals, 10⁻³⁰ cm²/sr.

    Parameters
    ----------
    wavenumbers : (n,), cm⁻¹, positive
    activities : (n,), Å⁴/u
    laser : float, nm
    temperature : float, K
        0 for molecules in their vibrational ground state.

    Raises
    ------
    SpectrumError
        If the laser or the temperature has no meaning, or a vibration is above the laser.

    Examples
    --------
    A stretch of nitrogen with an activity of 22 Å⁴/u, seen with the 488 nm line:

    >>> cross_sections([2330.0], [22.0], 488.0).round(2)
    array([0.6])
    """
    if not 0 < laser < np.inf:
        raise SpectrumError(f"laser {laser:g} nm: give a positive wavelength, for example 532")
    if not 0 <= temperature < np.inf:
        raise SpectrumError(f"temperature {temperature:g} K: give 0 or more, for example 298.15")
    values = np.asarray(wavenumbers, dtype=np.float64)
    incoming = NANOMETRES / laser
    if values.size and not (values.min() > 0 and values.max() < incoming):
        worst = values.min() if values.min() <= 0 else values.max()
        raise SpectrumError(
            f"vibration at {worst:g} cm⁻¹: a Stokes line needs one between 0 and the laser "
            f"({incoming:.1f} cm⁻¹ for {laser:g} nm); choose a shorter wavelength"
        )
    thermal = np.ones_like(values)
    if temperature > 0:
        thermal = -np.expm1(-values / (BOLTZMANN * temperature))
    shift = (incoming - values) ** 4 / values
    return np.asarray(CROSS_SECTION * shift * np.asarray(activities) / thermal)


def _check(kind: str, scale: float, laser: float | None) -> None:
    if kind not in KINDS:
        raise SpectrumError(f"kind of spectrum {kind!r}: choose ir or raman")
    if not 0 < scale < np.inf:
        raise SpectrumError(f"scale factor {scale:g}: give a positive number, for example 0.97")
    if laser is not None and kind != "raman":
        raise SpectrumError("a laser wavelength has no meaning in an infrared spectrum")


def _strength(modes: NormalModes, kind: Kind) -> FloatArray:
    """(n,) intensities, known and finite."""
    strength = modes.ir_intensities if kind == "ir" else modes.raman_activities
    if strength is None:
        lacking, needed = (
            ("IR intensities", "dipole") if kind == "ir" else ("Raman activities", "polarizability")
        )
        raise SpectrumError(f"these modes have no {lacking}: {needed} derivatives are needed")
    if not np.isfinite(strength).all():
        worst = int(np.argmin(np.isfinite(strength)))
        raise SpectrumError(f"intensity of mode {worst + 1} is {strength[worst]}: must be finite")
    return strength


def _lines(modes: NormalModes, values: FloatArray, real: Flags) -> list[Integers]:
    """Indices of the modes of each line, by ascending wavenumber."""
    groups: list[Integers] = []
    for number in dict.fromkeys(modes.sets.tolist()):
        members = np.flatnonzero((modes.sets == number) & real)
        together = len(members) and np.ptp(values[members]) <= SPLIT
        groups += [members] if together else [members[k : k + 1] for k in range(len(members))]
    return sorted(groups, key=lambda group: float(values[group].mean()))
