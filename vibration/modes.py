"""Normal modes of a free molecule, labelled by the irreps of its point group.

Modes are the eigenvectors of the mass-weighted Hessian in the space that the exact rigid
motions leave (E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations*, 1955, chapter
2). The Hessian is used as given, not averaged over the group, so that wavenumbers are those
that other programs print; modes of a near-degenerate cluster are turned among themselves
until each has one symmetry (`adapted`), and `NormalModes.purities` says how well that holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..pointgroup import Activity, Molecule, SelectionRules, Symmetry, detect
from ..pointgroup.units import FORCE_CONSTANT, NORMAL_COORDINATE
from .adapted import AlignedModes, aligned_modes
from .confirmed import confirmed_symmetry
from .errors import HarmonicDataError
from .harmonic import HarmonicData
from .intensities import infrared, normal_coordinates, raman
from .labels import label_modes
from .rigid import complement, mass_weighted, rigid_motions
from .soundness import HarmonicWarning, check_stationary, warn_of_modes

__all__ = [
    "HarmonicWarning",
    "NormalModes",
    "modes_from_displacements",
    "normal_modes",
    "wavenumbers_of",
]

FloatArray = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NormalModes:
    """Harmonic vibrations of a molecule, n = 3N − 6 (3N − 5 if linear), lowest first.

    Degenerate sets stay together (by their mean wavenumber), unless the Hessian splits them
    by more than the near-degeneracy that `normal_modes` was given. Phases and partners of a
    set are fixed as `adapted` says.

    Attributes
    ----------
    molecule : Molecule
        Geometry (Å) and masses (u) of this isotopologue.
    symmetry : Symmetry
        Of this isotopologue, with its masses.
    wavenumbers : (n,), cm⁻¹
        Imaginary ones as negative numbers.
    irreps : tuple of str, length n
        Mulliken labels.
    purities : (n,)
        Share (0 to 1) of each mode that has the symmetry of its irrep.
    sets : (n,) int
        Number of the degenerate set that each mode belongs to, counted from 0.
    displacements : (n, N, 3)
        Cartesian displacements d, each normalised to ``Σ|d|² = 1``.
    reduced_masses : (n,), u
        ``μ = Σ m_i |d_i|²`` of the normalised displacement, as Gaussian prints it: 1.008 for H2,
        twice the μ of textbooks.
    force_constants : (n,), mdyn/Å
        4π²c²ν̃²μ with that μ, negative for imaginary modes.
    ir_intensities : (n,) or None, km/mol
    raman_activities : (n,) or None, Å⁴/u
    depolarisation : (n,) or None
        For plane-polarised light, 0 to 3/4; NaN where there is no Raman activity.
    depolarisation_natural : (n,) or None
        For natural light, 0 to 6/7; NaN where there is no Raman activity.
    rigid_body : (6,), cm⁻¹
        Residual wavenumbers (signed, ascending) of translations and rotations, which would be
        0; (5,) for a linear molecule, (3,) for an atom. Empty if no Hessian was known.
    level : str
    energy : float or None, Eh
        Electronic energy.
    largest_gradient : float or None, Eh/bohr
    """

    molecule: Molecule
    symmetry: Symmetry
    wavenumbers: FloatArray
    irreps: tuple[str, ...]
    purities: FloatArray
    sets: Integers
    displacements: FloatArray
    reduced_masses: FloatArray
    force_constants: FloatArray
    ir_intensities: FloatArray | None
    raman_activities: FloatArray | None
    depolarisation: FloatArray | None
    depolarisation_natural: FloatArray | None
    rigid_body: FloatArray
    level: str
    energy: float | None = None
    largest_gradient: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.wavenumbers)

    def activity(self, mode: int) -> Activity:
        """In which spectra the irrep of a mode allows its fundamental."""
        group = self.symmetry.group
        return SelectionRules.of(group).activity(group.character_table[self.irreps[mode]])

    @property
    def imaginary(self) -> tuple[int, ...]:
        """Indices of the imaginary modes; empty at a minimum."""
        return tuple(int(i) for i in np.flatnonzero(self.wavenumbers < 0))

    @property
    def n_sets(self) -> int:
        """Number of distinct fundamentals, each degenerate set counted once."""
        return len(set(self.sets.tolist()))

    def members(self, number: int) -> tuple[int, ...]:
        """Indices of the modes of one degenerate set."""
        return tuple(int(i) for i in np.flatnonzero(self.sets == number))

    @property
    def largest_splitting(self) -> float:
        """Largest spread of the wavenumbers of one degenerate set, cm⁻¹; 0 if exact."""
        return max((self.splitting(s) for s in range(self.n_sets)), default=0.0)

    def splitting(self, number: int) -> float:
        """Spread of the wavenumbers of one degenerate set, cm⁻¹."""
        return float(np.ptp(self.wavenumbers[self.sets == number]))


def normal_modes(
    data: HarmonicData,
    masses: ArrayLike | None = None,
    *,
    tolerance: float | None = None,
    near_degenerate: float = 1.0,
    allow_nonstationary: bool = False,
) -> NormalModes:
    """Harmonic normal modes of a free molecule at a stationary point.

    Parameters
    ----------
    data : HarmonicData
        Hessian and, where known, dipole and polarizability derivatives.
    masses : (N,) array, u, optional
        Of an isotopologue; default: the masses of ``data.molecule``. The point group is that
        of the isotopologue.
    tolerance : float, optional
        RMS displacement in Å passed to `detect`; by default the noise of the geometry is
        estimated, and a group that costs energy is refused (see `confirmed`).
    near_degenerate : float, cm⁻¹
        Modes nearer to each other than this form a cluster and are turned to pure symmetry
        within it; 0 turns exactly degenerate ones only.
    allow_nonstationary : bool
        Go on where the gradient is larger than 5e-4 Eh/bohr.

    Raises
    ------
    NotStationary
        If a component of the gradient is larger than 5e-4 Eh/bohr.
    HarmonicDataError
        If ``near_degenerate`` is negative or not finite.

    Warns
    -----
    HarmonicWarning
        For a gradient above 1e-4 Eh/bohr, imaginary modes, modes of mixed symmetry and
        degenerate sets that the Hessian splits.

    Examples
    --------
    Two hydrogen atoms on a spring of 0.37 Eh/bohr² have the ωe of H2:

    >>> from spektron.pointgroup import Molecule
    >>> spring = 0.37 * np.kron([[1, -1], [-1, 1]], np.diag([0, 0, 1]))
    >>> modes = normal_modes(HarmonicData(Molecule("HH", [[0, 0, 0], [0, 0, 0.74]]), spring))
    >>> modes.irreps, modes.wavenumbers.round(), modes.reduced_masses.round(3)
    (('Σg+',), array([4405.]), array([1.008]))
    """
    if not 0 <= near_degenerate < np.inf:
        raise HarmonicDataError(f"near_degenerate = {near_degenerate}: give 0 cm⁻¹ or more")
    check_stationary(data, allowed=allow_nonstationary)
    molecule = data.molecule if masses is None else data.molecule.with_masses(masses)
    symmetry = confirmed_symmetry(data, molecule, tolerance)
    weighted = mass_weighted(data.hessian, molecule.masses)
    rigid = rigid_motions(molecule.positions, molecule.masses, linear=symmetry.group.is_linear)
    inner = complement(rigid)
    curvatures, vectors = np.linalg.eigh(inner.T @ weighted @ inner)
    clusters = _clusters(wavenumbers_of(curvatures), near_degenerate)
    aligned = aligned_modes(symmetry, weighted, curvatures, inner @ vectors, clusters)
    residual = wavenumbers_of(np.asarray(np.linalg.eigvalsh(rigid.T @ weighted @ rigid)))
    modes = _assembled(data, symmetry, _ordered(aligned, near_degenerate), residual)
    warn_of_modes(modes, near_degenerate)
    return modes


def modes_from_displacements(
    molecule: Molecule,
    wavenumbers: ArrayLike,
    displacements: ArrayLike,
    *,
    ir_intensities: ArrayLike | None = None,
    raman_activities: ArrayLike | None = None,
    depolarisation: ArrayLike | None = None,
    level: str = "",
    energy: float | None = None,
    tolerance: float | None = None,
) -> NormalModes:
    """Normal modes as another program printed them, with our labels.

    The modes are taken as they stand: neither turned nor sorted. Reduced masses and force
    constants are computed from the displacements; the depolarisation ratio of natural light
    is 2ρ/(1 + ρ).

    Parameters
    ----------
    wavenumbers : (n,), cm⁻¹
        Imaginary ones negative.
    displacements : (n, N, 3)
        Cartesian, any scale, in the frame and atom order of ``molecule``.
    ir_intensities : (n,), km/mol, optional
    raman_activities : (n,), Å⁴/u, optional
    depolarisation : (n,), optional
        For plane-polarised light; NaN where there is none.

    Raises
    ------
    HarmonicDataError
        If the lengths do not agree or a number is not finite.
    """
    symmetry = detect(molecule, tolerance)
    labels = label_modes(symmetry, displacements)
    values = _column("wavenumbers", wavenumbers, len(labels.irreps))
    unit = np.asarray(displacements, dtype=np.float64)
    unit = unit / np.linalg.norm(unit, axis=(1, 2), keepdims=True)
    reduced = np.einsum("nix,i->n", unit**2, molecule.masses)
    ratio = _optional("depolarisation ratios", depolarisation, len(values), gaps=True)
    return NormalModes(
        molecule=molecule,
        symmetry=symmetry,
        wavenumbers=values,
        irreps=labels.irreps,
        purities=labels.purities,
        sets=labels.sets,
        displacements=unit,
        reduced_masses=reduced,
        force_constants=_force_constants(values, reduced),
        ir_intensities=_optional("IR intensities", ir_intensities, len(values)),
        raman_activities=_optional("Raman activities", raman_activities, len(values)),
        depolarisation=ratio,
        depolarisation_natural=None if ratio is None else 2 * ratio / (1 + ratio),
        rigid_body=np.zeros(0),
        level=level,
        energy=energy,
    )


def wavenumbers_of(curvatures: FloatArray) -> FloatArray:
    """Signed wavenumbers (cm⁻¹) of curvatures in Eh/(bohr² u): negative where imaginary."""
    return np.asarray(np.sign(curvatures) * NORMAL_COORDINATE * np.sqrt(np.abs(curvatures)))


def _force_constants(wavenumbers: FloatArray, reduced_masses: FloatArray) -> FloatArray:
    curvatures = np.sign(wavenumbers) * (wavenumbers / NORMAL_COORDINATE) ** 2
    return np.asarray(FORCE_CONSTANT * curvatures * reduced_masses)


def _clusters(wavenumbers: FloatArray, width: float) -> list[NDArray[np.intp]]:
    """Runs of ascending wavenumbers in which no step is larger than ``width`` cm⁻¹."""
    if not len(wavenumbers):
        return []
    rounding = 1e-9 * max(float(np.abs(wavenumbers).max()), 1.0)
    steps = np.flatnonzero(np.diff(wavenumbers) > max(width, rounding)) + 1
    return np.split(np.arange(len(wavenumbers)), steps)


def _ordered(modes: AlignedModes, width: float) -> AlignedModes:
    """By ascending wavenumber; a set within ``width`` counts with its mean and stays together."""
    values = wavenumbers_of(modes.curvatures)
    keys = values.copy()
    for number in np.unique(modes.sets):
        same = modes.sets == number
        if np.ptp(values[same]) <= width:
            keys[same] = values[same].mean()
    order = np.lexsort((np.arange(len(values)), modes.sets, keys))
    _, first, inverse = np.unique(modes.sets[order], return_index=True, return_inverse=True)
    return AlignedModes(
        modes.curvatures[order],
        tuple(modes.irreps[i] for i in order),
        modes.purities[order],
        np.argsort(np.argsort(first))[inverse].astype(np.int64),
        modes.vectors[:, order],
    )


def _assembled(
    data: HarmonicData, symmetry: Symmetry, modes: AlignedModes, residual: FloatArray
) -> NormalModes:
    """Displacements and intensities of mass-weighted modes."""
    masses = symmetry.molecule.masses
    n = len(modes.curvatures)
    steps = (modes.vectors / np.repeat(np.sqrt(masses), 3)[:, None]).T
    reduced = 1 / np.sum(steps**2, axis=1)
    displacements = (steps * np.sqrt(reduced)[:, None]).reshape(n, len(masses), 3)
    normal = normal_coordinates(displacements, masses)
    dipole, polarizability = data.dipole_derivatives, data.polarizability_derivatives
    light: tuple[FloatArray | None, ...] = (None, None, None)
    if polarizability is not None:
        light = raman(np.einsum("ni,ikl->nkl", normal, polarizability))
    return NormalModes(
        molecule=symmetry.molecule,
        symmetry=symmetry,
        wavenumbers=wavenumbers_of(modes.curvatures),
        irreps=modes.irreps,
        purities=modes.purities,
        sets=modes.sets,
        displacements=displacements,
        reduced_masses=reduced,
        force_constants=FORCE_CONSTANT * modes.curvatures * reduced,
        ir_intensities=None if dipole is None else infrared(normal @ dipole),
        raman_activities=light[0],
        depolarisation=light[1],
        depolarisation_natural=light[2],
        rigid_body=residual,
        level=data.level,
        energy=data.energy,
        largest_gradient=data.largest_gradient,
    )


def _column(name: str, values: ArrayLike, n: int, *, gaps: bool = False) -> FloatArray:
    """Numbers (n,); ``gaps`` allows NaN."""
    out = np.array(values, dtype=np.float64)
    if out.shape != (n,):
        raise HarmonicDataError(f"{name} of shape {out.shape}: {n} displacements need ({n},)")
    fine = np.isfinite(out) | np.isnan(out) if gaps else np.isfinite(out)
    if not fine.all():
        raise HarmonicDataError(
            f"{name}: number {int(np.argmin(fine)) + 1} is not finite; all must be"
        )
    return out


def _optional(
    name: str, values: ArrayLike | None, n: int, *, gaps: bool = False
) -> FloatArray | None:
    return None if values is None else _column(name, values, n, gaps=gaps)
