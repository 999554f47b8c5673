"""Modes as another program printed them, and the Hessian that they imply.

A program that prints no Hessian still prints its eigenvectors L and eigenvalues λ, so that
the mass-weighted Hessian without its translations and rotations is L λ Lᵀ. The printed
displacements have few digits; they are replaced by the nearest vectors that are orthonormal
and free of rigid motion. Wavenumbers of the parent are then exact; what is known of the
digits is `PrintedModes.residual`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...pointgroup import Molecule
from ...pointgroup.units import NORMAL_COORDINATE
from ..errors import HarmonicDataError
from ..harmonic import HarmonicData
from ..modes import HarmonicWarning, NormalModes, modes_from_displacements
from ..rigid import complement, rigid_motions

FloatArray = NDArray[np.float64]

LARGEST_RESIDUAL = 0.2
"""Modes that are less orthonormal than this give no Hessian."""


@dataclass(frozen=True, slots=True, eq=False)
class PrintedModes:
    """What a program printed about n vibrations, in its own order.

    Attributes
    ----------
    molecule : Molecule
        In the frame of the displacements, with the masses that the program used.
    wavenumbers : (n,), cm⁻¹
        Imaginary ones negative.
    displacements : (n, N, 3)
        Cartesian, in the normalisation of the program.
    irreps : tuple of str
        Symmetry labels of the program, one per mode; empty if it printed none.
    ir_intensities : (n,) or None, km/mol
    raman_activities : (n,) or None, Å⁴/u
    depolarisation : (n,) or None
        For plane-polarised light.
    level, program : str
    energy : float or None, Eh
    """

    molecule: Molecule
    wavenumbers: FloatArray
    displacements: FloatArray
    irreps: tuple[str, ...] = ()
    ir_intensities: FloatArray | None = None
    raman_activities: FloatArray | None = None
    depolarisation: FloatArray | None = None
    level: str = ""
    program: str = ""
    energy: float | None = None

    def __post_init__(self) -> None:
        n = len(self.wavenumbers)
        shapes = {
            "wavenumbers": (n,),
            "displacements": (n, self.molecule.n_atoms, 3),
            "ir_intensities": (n,),
            "raman_activities": (n,),
            "depolarisation": (n,),
        }
        for name, shape in shapes.items():
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, _checked(name.replace("_", " "), given, shape))
        if self.irreps and len(self.irreps) != n:
            raise HarmonicDataError(f"{len(self.irreps)} symmetry labels for {n} modes")

    def __len__(self) -> int:
        return len(self.wavenumbers)

    @property
    def residual(self) -> float:
        """Largest element of L Lᵀ − 1: how far the printed modes are from orthonormal."""
        weighted = self._weighted()
        return float(np.abs(weighted @ weighted.T - np.eye(len(weighted))).max(initial=0.0))

    def labelled(self, *, tolerance: float | None = None) -> NormalModes:
        """The modes with our labels, in the order of the program.

        Parameters
        ----------
        tolerance : float, Å, optional
            RMS displacement accepted by the detection of the point group.
        """
        return modes_from_displacements(
            self.molecule,
            self.wavenumbers,
            self.displacements,
            ir_intensities=self.ir_intensities,
            raman_activities=self.raman_activities,
            depolarisation=self.depolarisation,
            level=self.level,
            energy=self.energy,
            tolerance=tolerance,
        )

    def harmonic_data(self) -> HarmonicData:
        """The Hessian that the modes imply; no dipole or polarizability derivatives.

        Against the Hessian of the same calculation, wavenumbers of perdeuterated
        divinylbenzene are off by up to 5 cm⁻¹ where displacements have two decimals, and by
        0.1 where they have five.

        Raises
        ------
        HarmonicDataError
            If the modes are not all vibrations of the molecule, or not orthonormal to 0.2.

        Warns
        -----
        HarmonicWarning
            Always: the Hessian is as good as the digits that were printed.
        """
        masses = self.molecule.masses
        linear = len(self) == 3 * len(masses) - 5
        residual = self.residual
        if residual > LARGEST_RESIDUAL:
            raise HarmonicDataError(
                f"printed modes are orthonormal only to {residual:.2g}, the limit is "
                f"{LARGEST_RESIDUAL:g}: were other masses used? Set them, or read a Hessian file"
            )
        free = complement(rigid_motions(self.molecule.positions, masses, linear=linear))
        if free.shape[1] != len(self):
            raise HarmonicDataError(
                f"{len(self)} printed modes: this molecule has {free.shape[1]} vibrations; all are "
                "needed for a Hessian"
            )
        left, _, right = np.linalg.svd(self._weighted() @ free)
        vectors = left @ right @ free.T
        curvatures = np.sign(self.wavenumbers) * (self.wavenumbers / NORMAL_COORDINATE) ** 2
        roots = np.repeat(np.sqrt(masses), 3)
        hessian = (vectors.T * curvatures) @ vectors * np.outer(roots, roots)
        warnings.warn(
            f"the Hessian was rebuilt from printed modes, orthonormal to {residual:.1g}: "
            "wavenumbers are as printed, those of isotopologues and all splittings approximate",
            HarmonicWarning,
            stacklevel=2,
        )
        return HarmonicData(
            self.molecule, hessian, energy=self.energy, level=self.level, program=self.program
        )

    def _weighted(self) -> FloatArray:
        """(n, 3N) mass-weighted unit vectors."""
        vectors = self.displacements * np.sqrt(self.molecule.masses)[:, None]
        vectors = vectors.reshape(len(vectors), -1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if len(lengths) and not lengths.all():
            raise HarmonicDataError(
                f"displacement of mode {int(np.argmin(lengths)) + 1} is zero: it is no vibration"
            )
        return np.asarray(vectors / lengths)


def with_isotopes(molecule: Molecule, masses: ArrayLike | None) -> Molecule:
    """The molecule with masses as a program printed them.

    A mass within the printed digits of an isotope becomes that isotope's to full precision;
    an average over isotopes stays as it is.

    >>> water = Molecule("OHH", [[0, 0, 0.117], [0, 0.757, -0.469], [0, -0.757, -0.469]])
    >>> with_isotopes(water, [15.99491, 2.0141, 1.008]).masses
    array([15.99491462,  2.01410178,  1.008     ])
    """
    if masses is None:
        return molecule
    given = molecule.with_masses(masses)
    known: dict[int | str, int] = {i: a for i, a in enumerate(given.mass_numbers) if a is not None}
    exact = given.with_isotopes(known).masses
    return given.with_masses(np.where([i in known for i in range(len(exact))], exact, given.masses))


def _checked(what: str, values: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise HarmonicDataError(f"{what} of shape {array.shape}: {shape} expected")
    if not np.isfinite(array).all():
        where = int(np.argwhere(~np.isfinite(array))[0][0])
        raise HarmonicDataError(f"{what}: that of mode {where + 1} is not finite")
    array.flags.writeable = False
    return array
